"""How long does a network take to train, one at a time and many at once?

All ways train the house-price network of chapter 2 on the same 253 rows, and take turns, so that
whatever else the machine does meets them alike. Each part updates benchmarks/speed.json; the page
book/reference/speed.md is then written from it.

Usage: python benchmarks/speed.py [times] [memory] [page]   (times and memory, if none is named;
page writes the page anew and measures nothing)
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
import warnings
from functools import partial
from pathlib import Path

import sklearn
import torch
from sklearn.neural_network import MLPRegressor
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from helpers.data import load_boston, split_and_scale
from helpers.ensembles import fit_many
from helpers.models import Regressor
from helpers.training import fit

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "speed.json"
PAGE = ROOT / "book" / "reference" / "speed.md"
BATCH, RATE, REPEATS = 32, 1e-3, 7
ADAM = partial(torch.optim.Adam, lr=RATE)
LAYERS = [(13, 50), (50, 30), (30, 1)]
DATA = split_and_scale(load_boston())
X, Y = torch.cat([DATA.X_train, DATA.X_test]), torch.cat([DATA.y_train, DATA.y_test])
ROWS = len(DATA.X_train)
SPLIT = torch.arange(ROWS), torch.arange(ROWS, len(X))


def loop(models, epochs):
    for _ in range(models):
        model = Regressor()
        data = DataLoader(TensorDataset(DATA.X_train, DATA.y_train), BATCH, shuffle=True)
        fit(model, data, epochs=epochs, loss=nn.MSELoss(), optimizer=ADAM(model.parameters()), progress=False)


def scikit(models, epochs):
    for _ in range(models):
        MLPRegressor(
            hidden_layer_sizes=(50, 30), batch_size=BATCH, learning_rate_init=RATE, alpha=0, max_iter=epochs,
            n_iter_no_change=epochs + 1,
        ).fit(DATA.X_train.numpy(), DATA.y_train.numpy().ravel())  # fmt: skip


def skorch(models, epochs):
    from skorch import NeuralNetRegressor

    for _ in range(models):
        NeuralNetRegressor(
            Regressor, max_epochs=epochs, lr=RATE, optimizer=torch.optim.Adam, batch_size=BATCH,
            iterator_train__shuffle=True, train_split=None, verbose=0,
        ).fit(DATA.X_train.numpy(), DATA.y_train.numpy())  # fmt: skip


def by_hand(models, epochs):
    """The same network, and nothing else, written for stacked weights."""
    weights = []
    for fan_in, fan_out in LAYERS:
        bound = fan_in**-0.5
        for shape in ((models, fan_in, fan_out), (models, 1, fan_out)):
            weights.append(nn.Parameter(torch.empty(shape).uniform_(-bound, bound)))
    w1, b1, w2, b2, w3, b3 = weights
    optimizer = torch.optim.Adam(weights, lr=RATE, fused=True)
    for _ in range(epochs):
        order = torch.stack([torch.randperm(ROWS) for _ in range(models)])
        epoch_x = DATA.X_train.index_select(0, order.flatten()).view(models, ROWS, -1)
        epoch_y = DATA.y_train.index_select(0, order.flatten()).view(models, ROWS, -1)
        for x, y in zip(epoch_x.split(BATCH, 1), epoch_y.split(BATCH, 1)):
            hidden = torch.baddbmm(b1, x, w1).relu()
            hidden = torch.baddbmm(b2, hidden, w2).relu()
            hidden = hidden * (torch.rand_like(hidden) < 0.5) * 2
            loss = (torch.baddbmm(b3, hidden, w3) - y).square().mean((1, 2))
            optimizer.zero_grad()
            loss.sum().backward()
            optimizer.step()


def together(models, epochs):
    fit_many(
        Regressor, X, Y, SPLIT, range(models), epochs=epochs, batch_size=BATCH, loss=nn.MSELoss(),
        optimizer=ADAM, progress=False,
    )  # fmt: skip


# name on the page, function, models, epochs of one run
CASES = [
    ("the loop of chapter 2", loop, 1, 50),
    ("scikit-learn's `MLPRegressor`", scikit, 1, 100),
    ("skorch", skorch, 1, 50),
    ("`baddbmm` by hand", by_hand, 100, 100),
    ("`baddbmm` by hand", by_hand, 300, 60),
    ("`fit_many`", together, 1, 50),
    ("`fit_many`", together, 10, 50),
    ("`fit_many`", together, 100, 100),
    ("`fit_many`", together, 300, 60),
    ("`fit_many`", together, 1000, 30),
]


def measure_times():
    """Return milliseconds by model and epoch of each case, one for each of the repeats."""
    warnings.filterwarnings("ignore", message="Stochastic Optimizer: Maximum iterations")
    taken = [[] for _ in CASES]
    gemm = []
    for repeat in range(-1, REPEATS):  # the first round only warms up
        for (_, train, models, epochs), times in zip(CASES, taken):
            start = time.perf_counter()
            train(models, 2 if repeat < 0 else epochs)
            if repeat >= 0:
                times.append((time.perf_counter() - start) / models / epochs * 1e3)
        gemm.append(gemm_speed())
    return {"ms": taken, "gemm": max(gemm), "threads": torch.get_num_threads(), "load": os.getloadavg()[0]}


def gemm_speed(size=2048):
    """Return GFLOP/s of one large matrix product, the most the machine will do."""
    a = torch.rand(size, size)
    start = time.perf_counter()
    a @ a
    return 2 * size**3 / (time.perf_counter() - start) / 1e9


MEMORY = [(100, 2, 7), (300, 2, 7), (1000, 2, 7), (2000, 400, 1)]  # models, epochs, runs


def peak_memory(models, epochs):
    """Return MiB that training takes at its height above what importing everything took."""

    def status(key):
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if key in line)

    together(8, 1)  # what PyTorch makes once, on first use, is not the models'
    before = status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the high-water mark starts anew
    start = time.perf_counter()
    together(models, epochs)
    return {
        "models": models, "epochs": epochs, "seconds": time.perf_counter() - start,
        "peak": (status("VmHWM") - before) / 1024, "whole": status("VmHWM") / 1024,
    }  # fmt: skip


def measure_memory():
    """Measure each number of models in processes of their own. Return of each the run of median peak."""
    medians = []
    for models, epochs, times in MEMORY:
        command = [sys.executable, __file__, "--peak", str(models), str(epochs)]
        done = [subprocess.run(command, check=True, capture_output=True) for _ in range(times)]
        runs = [json.loads(run.stdout) for run in done]
        medians.append(sorted(runs, key=lambda run: run["peak"])[times // 2])
    return medians


def machine():
    about = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.split(":")[1].strip() for line in about if line.startswith("model name")]
    return {
        "cpu": names[0] if names else platform.processor(), "cores": os.cpu_count(),
        "memory": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "python": platform.python_version(), "torch": torch.__version__, "sklearn": sklearn.__version__,
    }  # fmt: skip


def work():
    """Return floating-point operations for one model and epoch, of the matrix products alone."""
    sizes = [fan_in * fan_out for fan_in, fan_out in LAYERS]
    # Forward, the gradient of the weights, and that of the inputs, which the first layer needs not.
    return 2 * ROWS * (3 * sum(sizes) - sizes[0])


def needed(models):
    """Return MiB of weights, gradients and Adam's two moments, and of an epoch's rows."""
    weights = sum((fan_in + 1) * fan_out for fan_in, fan_out in LAYERS)
    return models * 4 * (4 * weights + ROWS * (X.shape[1] + 1)) / 2**20


def times_section(times):
    medians = [statistics.median(ms) for ms in times["ms"]]
    rows = []
    for (name, _, models, _), ms, median in zip(CASES, times["ms"], medians):
        low, _, high = statistics.quantiles(ms, n=4)
        rows.append(
            f"| {name} | {models} | {median:.3g} | {low:.3g} to {high:.3g} | {medians[0] / median:.1f} | "
            f"{medians[1] / median:.1f} | {work() / median / 1e6:.2g} |"
        )
    table = "\n".join(rows)
    return f"""## Time

| way | models | ms by model and epoch | quartiles | loop's time over it | scikit-learn's over it | GFLOP/s |
|---|--:|--:|--:|--:|--:|--:|
{table}

The times are medians of {len(times["ms"][0])} runs. The ways took turns, and each run's time includes making the
models. scikit-learn has no dropout, so it does a little less. GFLOP/s counts the matrix products
alone: {work() / 1e6:.2f} million operations by model and epoch. One product of two large matrices
(2048 × 2048) reached {times["gemm"]:.0f} GFLOP/s at best on the same machine.

"By hand" is a short program for this one network: weights stacked in tensors, `torch.baddbmm` for
the layers, autograd, and Adam with `fused=True`. `fit_many` takes any module that it can stack.
"""


def memory_section(runs):
    rows = "\n".join(
        f"| {run['models']} | {run['epochs']} | {run['seconds']:.0f} | {run['peak']:.0f} | "
        f"{needed(run['models']):.0f} | {run['peak'] / needed(run['models']):.1f} | {run['whole']:.0f} |"
        for run in runs
    )
    return f"""## Memory

| models | epochs | seconds | peak (MiB) | all at once (MiB) | ratio | whole process (MiB) |
|--:|--:|--:|--:|--:|--:|--:|
{rows}

The peak is what training took above what the process held before: the median of {MEMORY[0][2]} runs, but a
single run in the last line. Beside it stands what weights,
gradients, Adam's two moments and one epoch's rows of all the models would take at once.
"""


def write_page(results):
    sections = {"times": times_section, "memory": memory_section}
    measured = "\n".join(write(results[part]) for part, write in sections.items() if part in results)
    about, times = results["machine"], results["times"]
    PAGE.write_text(
        f"""# How fast is it?

Many claims of this book rest on hundreds of trained networks. They are affordable because
`helpers.ensembles.fit_many` trains them side by side. This page compares it with other ways to
train the same network: 13-50-30-1 with dropout 0.5, on {ROWS} rows, in batches of {BATCH}, with Adam.

{measured}
## Repeat it

`make benchmark` runs it all again and rewrites this page. It was last run on {about["cpu"]},
{about["cores"]} cores, {about["memory"]} GiB, with {times["threads"]} threads, Python {about["python"]},
PyTorch {about["torch"]}, scikit-learn {about["sklearn"]}. The load average at
the end was {times["load"]:.1f}; other work on the machine shows as a wide spread of the quartiles. Nothing in the tests depends on these times.
""",
        encoding="utf-8",
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument(
        "parts", nargs="*", choices=["times", "memory", "page", []], help="default: times and memory"
    )
    parser.add_argument("--peak", nargs=2, type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak:
        return print(json.dumps(peak_memory(*options.peak)))
    results = json.loads(RESULTS.read_bytes()) if RESULTS.exists() else {}
    measure = {"times": measure_times, "memory": measure_memory}
    for part in options.parts or measure:
        if part != "page":
            results[part] = measure[part]()
            results["machine"] = machine()
            RESULTS.write_text(json.dumps(results) + "\n", encoding="utf-8")
    write_page(results)


if __name__ == "__main__":
    main()
