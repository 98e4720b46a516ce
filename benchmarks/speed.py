"""How long does a network take to train, one at a time and many at once?

All ways train the house-price network of chapter 3 on the same 253 rows, and take turns, so that
whatever else the machine does meets them alike. Each part updates benchmarks/speed.json, from which
speed_page.py then writes the page book/reference/speed.md.

With the folder of another revision, that one's ``fit_many`` takes turns with this one's:

    git worktree add ../before f50a4aa
    python benchmarks/speed.py --beside ../before times memory chapters

Usage: python benchmarks/speed.py [--beside DIR] [times] [memory] [chapters] [page]   (times and memory,
if none is named; chapters needs DIR; page writes the page anew and measures nothing)
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from unittest import mock

import helpers  # isort: skip  # before torch, as in a chapter: some revisions prepare its threads

import joblib
import sklearn
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor
from speed_page import write_page
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from helpers.data import load_boston, split_and_scale
from helpers.ensembles import fit_many
from helpers.models import Regressor
from helpers.training import fit

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "speed.json"
PAGE = ROOT / "book" / "reference" / "speed.md"
BATCH, RATE, REPEATS = 32, 1e-3, 3
ADAM = partial(torch.optim.Adam, lr=RATE)
LAYERS = [(13, 50), (50, 30), (30, 1)]
DATA = split_and_scale(load_boston())
X, Y = torch.cat([DATA.X_train, DATA.X_test]), torch.cat([DATA.y_train, DATA.y_test])
ROWS = len(DATA.X_train)
SPLIT = torch.arange(ROWS), torch.arange(ROWS, len(X))
CORES = torch.get_num_threads()


# ---- ways to train some models for some epochs


def loop(models, epochs):
    for _ in range(models):
        model = Regressor()
        data = DataLoader(TensorDataset(DATA.X_train, DATA.y_train), BATCH, shuffle=True)
        fit(model, data, epochs=epochs, loss=nn.MSELoss(), optimizer=ADAM(model.parameters()), progress=False)


def scikit(models, epochs):
    for _ in range(models):
        model = MLPRegressor(
            hidden_layer_sizes=(50, 30), batch_size=BATCH, learning_rate_init=RATE, alpha=0, max_iter=epochs,
            n_iter_no_change=epochs + 1,
        )  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # it stops on purpose
            model.fit(DATA.X_train.numpy(), DATA.y_train.numpy().ravel())


def scikit_on_all_cores(models, epochs):
    # Processes, to each of which joblib allows one thread: those of several would hinder each other.
    workers = joblib.Parallel(CORES, backend="loky")
    workers(joblib.delayed(scikit)(1, epochs) for _ in range(models))


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


def products(models, epochs):
    """The matrix products of training and nothing else, each core with a stack of its own."""
    with ThreadPoolExecutor(CORES) as cores:
        list(cores.map(_products, [models // CORES] * CORES, [epochs] * CORES))


def _products(models, epochs):
    torch.set_num_threads(1)  # of this thread
    sizes = [len(batch) for batch in DATA.X_train.split(BATCH)]
    layers = {rows: [_layer(models, rows, *layer) for layer in LAYERS] for rows in set(sizes)}
    for _ in range(epochs):
        for rows in sizes:
            for t in layers[rows]:
                torch.baddbmm(t["bias"], t["weight"], t["x"], out=t["y"])
            for i, t in reversed(list(enumerate(layers[rows]))):
                torch.bmm(t["y"], t["x"].mT, out=t["weight_grad"])
                if i:  # the rows of the table need no gradient
                    torch.bmm(t["weight"].mT, t["y"], out=t["x_grad"])


def _layer(models, rows, fan_in, fan_out):
    shapes = {
        "bias": (fan_out, 1), "weight": (fan_out, fan_in), "x": (fan_in, rows), "y": (fan_out, rows),
        "weight_grad": (fan_out, fan_in), "x_grad": (fan_in, rows),
    }  # fmt: skip
    return {name: torch.ones(models, *shape) for name, shape in shapes.items()}


class Other:
    """``together`` as another revision has it, in a process of its own that waits for its turns."""

    def __init__(self, folder):
        command = [sys.executable, __file__, "--take-turns"]
        self.process = subprocess.Popen(
            command,
            env=with_helpers_of(folder),
            encoding="utf-8",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        found = Path(self.process.stdout.readline().strip())
        if Path(folder).resolve() not in found.resolve().parents:
            sys.exit(f"--beside must be a folder that holds another helpers; with {folder}, it was {found}")

    def __call__(self, models, epochs):
        print(models, epochs, file=self.process.stdin, flush=True)
        if self.process.stdout.readline().strip() != "done":
            sys.exit("The other revision failed; its message is above.")

    def close(self):
        self.process.communicate()  # it ends when there is nothing more to read


def take_turns():
    """What that process does."""
    print(helpers.__file__, flush=True)
    for line in sys.stdin:
        together(*map(int, line.split()))
        print("done", flush=True)


def with_helpers_of(folder):
    """Return the environment of a Python that imports the helpers of ``folder``, whichever is installed."""
    return os.environ | {"PYTHONPATH": str(Path(folder).resolve())}


# ---- what goes on around them


@contextmanager
def one_thread():
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(CORES)


@contextmanager
def busy_loop():
    """Another program, which wants a core for itself."""
    code = "print('spinning', flush=True)\nwhile True: pass"
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    try:
        other.stdout.readline()
        yield
    finally:
        other.kill()
        other.communicate()


@contextmanager
def local_cluster():
    """A worker of Dask's for each core, for as long as this lasts."""
    from distributed import Client, LocalCluster

    quiet = {"dashboard_address": ":0", "silence_logs": "ERROR"}
    with LocalCluster(n_workers=CORES, threads_per_worker=1, **quiet) as cluster, Client(cluster):
        yield


LOKY = partial(joblib.parallel_config, backend="loky", n_jobs=CORES)
DASK = partial(joblib.parallel_config, backend="dask")


# ---- what is measured


@dataclass
class Way:
    kind: str  # what speed_page.py knows it by
    train: Callable
    models: int
    epochs: int  # of one run
    around: Callable = nullcontext

    def run(self):
        """Return milliseconds by model and epoch."""
        with self.around():
            start = time.perf_counter()
            self.train(self.models, self.epochs)
            return (time.perf_counter() - start) / self.models / self.epochs * 1e3


LARGE = [(300, 60), (1000, 30)]  # models, epochs
SIZES = [(1, 50), (10, 50), (100, 100), *LARGE]


def ways(other=None):
    found = [
        Way("loop", loop, 1, 50),
        Way("scikit", scikit, 1, 100),
        Way("scikit on all cores", scikit_on_all_cores, 8 * CORES, 50),
        Way("skorch", skorch, 1, 50),
        Way("by hand", by_hand, 100, 100),
        Way("by hand", by_hand, 300, 60),
        Way("products", products, 128 * CORES, 100),
        *(Way("fit_many", together, *size) for size in SIZES),
        *(Way("one thread", together, *size, one_thread) for size in LARGE),
        *(Way("loky", together, *size, LOKY) for size in LARGE),
        *(Way("dask", together, *size, DASK) for size in LARGE),
        *(Way("busy", together, *size, busy_loop) for size in LARGE),
    ]
    if other:
        found += [Way("other", other, *size) for size in SIZES]
        found += [Way("other, busy", other, *size, busy_loop) for size in LARGE]
    return found


def measure_times(beside):
    """Return the milliseconds by model and epoch of each way, one for each of the repeats."""
    other = Other(beside) if beside else None
    every, gemm = ways(other), []
    taken = [{"kind": way.kind, "models": way.models, "ms": []} for way in every]
    with local_cluster():
        for repeat in range(-1, REPEATS):
            for way, row in zip(every, taken):
                ms = way.run()
                if repeat >= 0:  # the first round only warms up
                    row["ms"].append(ms)
            gemm.append(gemm_speed())
    if other:
        other.close()
    return {
        "ways": taken, "gemm": max(gemm), "work": work(), "threads": CORES, "load": os.getloadavg()[0],
        "other": beside and revision(beside),
    }  # fmt: skip


def gemm_speed(size=2048):
    """Return GFLOP/s of one large matrix product, the most the machine will do."""
    a = torch.rand(size, size)
    start = time.perf_counter()
    a @ a
    return 2 * size**3 / (time.perf_counter() - start) / 1e9


def work():
    """Return floating-point operations for one model and epoch, of the matrix products alone."""
    sizes = [fan_in * fan_out for fan_in, fan_out in LAYERS]
    # Forward, the gradient of the weights, and that of the inputs, which the first layer needs not.
    return 2 * ROWS * (3 * sum(sizes) - sizes[0])


MEMORY = [(100, 2, 3), (300, 2, 3), (1000, 2, 3)]  # models, epochs, runs


def measure_memory(beside):
    """Measure each number of models in processes of their own. Return of each the run of median peak."""
    medians = []
    for models, epochs, times in MEMORY:
        ours, others = [], []
        for _ in range(times):
            ours.append(peak_apart(models, epochs, ROOT))
            if beside:
                others.append(peak_apart(models, epochs, beside))
        middle = sorted(ours, key=lambda run: run["peak"])[times // 2]
        medians.append(middle | {"needed": needed(models), "runs": times})
        if beside:
            medians[-1]["other"] = sorted(run["peak"] for run in others)[times // 2]
    return {"rows": medians, "other": beside and revision(beside)}


def peak_apart(models, epochs, folder):
    command = [sys.executable, __file__, "--peak", str(models), str(epochs)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=with_helpers_of(folder))
    return json.loads(done.stdout)


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


def needed(models):
    """Return MiB of weights, gradients and Adam's two moments, and of an epoch's rows."""
    weights = sum((fan_in + 1) * fan_out for fan_in, fan_out in LAYERS)
    return models * 4 * (4 * weights + ROWS * (X.shape[1] + 1)) / 2**20


def measure_chapters(beside):
    """Execute each chapter that both revisions have, with the helpers of its own, and store nothing."""
    if not beside:
        sys.exit("Chapters are timed beside those of another revision: name its folder, --beside DIR")
    rows = []
    for path in sorted((ROOT / "book").glob("[0-9]*.ipynb")):
        then = Path(beside) / "book" / path.name
        if then.exists():
            rows.append({"name": path.stem, "other": seconds(then, beside), "ours": seconds(path, ROOT)})
    return {"rows": rows, "other": revision(beside)}


def seconds(path, folder):
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=1200, resources={"metadata": {"path": str(path.parent)}})
    start = time.perf_counter()
    with mock.patch.dict(os.environ, with_helpers_of(folder) | {"TQDM_DISABLE": "1"}):
        client.execute()
    return time.perf_counter() - start


def revision(folder):
    """Return what git calls it, such as "f50a4aa of 2026-11-27"; without git, the folder's name."""
    command = ["git", "-C", folder, "show", "--no-patch", "--format=%h of %as"]
    try:
        return subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return Path(folder).resolve().name


def machine():
    about = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.split(":")[1].strip() for line in about if line.startswith("model name")]
    return {
        "cpu": names[0] if names else platform.processor(), "cores": os.cpu_count(),
        "memory": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "python": platform.python_version(), "torch": torch.__version__, "sklearn": sklearn.__version__,
    }  # fmt: skip


MEASURED = {"times": measure_times, "memory": measure_memory, "chapters": measure_chapters}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("parts", nargs="*", choices=[*MEASURED, "page", []], help="default: times and memory")
    parser.add_argument("--beside", metavar="DIR", help="the folder of another revision of the book")
    parser.add_argument("--peak", nargs=2, type=int, help=argparse.SUPPRESS)
    parser.add_argument("--take-turns", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak:
        return print(json.dumps(peak_memory(*options.peak)))
    if options.take_turns:
        return take_turns()
    results = json.loads(RESULTS.read_bytes()) if RESULTS.exists() else {}
    for part in options.parts or ["times", "memory"]:
        if part != "page":
            results[part] = MEASURED[part](options.beside)
            results["machine"] = machine()
            RESULTS.write_text(json.dumps(results) + "\n", encoding="utf-8")
    PAGE.write_text(write_page(results), encoding="utf-8")


if __name__ == "__main__":
    main()
