"""The page book/reference/speed.md, from what speed.py has measured: no number comes from anywhere else."""

from statistics import median, quantiles

NAMES = {
    "loop": "the loop of chapter 3",
    "scikit": "scikit-learn's `MLPRegressor`",
    "scikit on all cores": "`MLPRegressor`, one on each core",
    "skorch": "skorch",
    "by hand": "`baddbmm` by hand",
    "fit_many": "`fit_many`",
}


def write_page(results):
    """Return the page for the contents of speed.json."""
    times, about = Times(results["times"]), results["machine"]
    sections = [peers(times), cores(times), limit(times), beside_a_busy_loop(times)]
    if times.other:
        sections.append(then_and_now(times))
    if "chapters" in results:
        sections.append(chapters(**results["chapters"]))
    if "memory" in results:
        sections.append(memory(**results["memory"]))
    measured = "\n".join(sections)
    return f"""# How fast is it?

Many claims of this book rest on hundreds of trained networks. They are affordable because
`helpers.ensembles.fit_many` trains them side by side. This page compares it with other ways to
train the same network: 13-50-30-1 with dropout 0.5, on 253 rows, in batches of 32, with Adam.

{measured}
## Repeat it

`make benchmark` runs it all again and rewrites this page. It was last run on {about["cpu"]},
{about["cores"]} cores, {about["memory"]} GiB, with {times.threads} threads, Python {about["python"]},
PyTorch {about["torch"]}, scikit-learn {about["sklearn"]}. The load average at
the end was {times.load:.1f}; other work on the machine shows as a wide spread of the quartiles. Nothing in the
tests depends on these times.
"""


class Times:
    """What was timed: milliseconds by model and epoch of each way, one for each round."""

    def __init__(self, measured):
        self.rows = measured["ways"]
        self.gemm, self.work, self.threads = measured["gemm"], measured["work"], measured["threads"]
        self.load, self.other = measured["load"], measured["other"]

    def __call__(self, kind, models=None):
        """Return the times of a way; all ways take turns, so those of a round belong together."""
        (found,) = (row["ms"] for row in self.rows if row["kind"] == kind and models in (None, row["models"]))
        return found

    def models(self, kind):
        return [row["models"] for row in self.rows if row["kind"] == kind]

    def ratio(self, slow, fast):
        """Return how many times as long one way takes as another, in the middle of the rounds."""
        return median(self.ratios(slow, fast))

    def ratios(self, slow, fast):
        return [a / b for a, b in zip(self(*slow), self(*fast))]


def spread(values, digits=3):
    """Return the quartiles, such as "0.0421 to 0.044"."""
    low, _, high = quantiles(values, n=4)
    return f"{low:.{digits}g} to {high:.{digits}g}"


def table(head, rows):
    """Return a table in Markdown; its first column holds words, the others numbers."""
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def peers(times):
    rows = []
    for kind, name in NAMES.items():
        for models in times.models(kind):
            ms = times(kind, models)
            over = [f"{times.ratio((other,), (kind, models)):.1f}" for other in list(NAMES)[:3]]
            rows.append(
                [name, models, f"{median(ms):.3g}", spread(ms), *over, f"{times.work / median(ms) / 1e6:.2g}"]
            )
    head = [
        "way", "models", "ms by model and epoch", "quartiles", "loop's time over it", "`MLPRegressor`'s over it",
        "on all cores", "GFLOP/s",
    ]  # fmt: skip
    return f"""## Beside other ways

{table(head, rows)}

The times are medians of {len(times("loop"))} runs. The ways took turns, each run's time includes making the
models, and a ratio is the median of those of the turns. scikit-learn has no dropout, so it does a
little less. GFLOP/s counts the matrix products alone: {times.work / 1e6:.2f} million operations by model
and epoch. One product of two large matrices (2048 × 2048) reached {times.gemm:.0f} GFLOP/s at best on the
same machine.

"By hand" is a short program for this one network: weights stacked in tensors, `torch.baddbmm` for
the layers, autograd, and Adam with `fused=True`. `fit_many` takes any module that it can stack.
"One on each core" is `MLPRegressor` in processes of `joblib`'s, each with one thread.
"""


def cores(times):
    names = {
        "one thread": "one thread",
        "fit_many": f"{times.threads} threads",
        "loky": f'{times.threads} processes of joblib\'s, `"loky"`',
        "dask": f"{times.threads} workers of Dask's",
    }
    rows = []
    for models in times.models("one thread"):
        for kind, name in names.items():
            ms = times(kind, models)
            gain = times.ratio(("one thread", models), (kind, models))
            rows.append([name, models, f"{median(ms):.3g}", spread(ms), f"{gain:.2f}"])
    head = ["who trains", "models", "ms by model and epoch", "quartiles", "one thread's time over it"]
    return f"""## One core, more cores, workers

{table(head, rows)}

Threads are what you get without asking. [More models than one machine can take](more_models.ipynb)
shows how to have workers instead, and says when. Here they had been started before.
"""


def limit(times):
    (stacked,) = times.models("products")
    alone = f"the products alone, {stacked // times.threads} models a thread"
    rows = [[alone, stacked, f"{median(times('products')):.3g}", "1.00"]]
    for models in times.models("one thread"):
        ratio = times.ratio(("fit_many", models), ("products",))
        rows.append(["`fit_many`", models, f"{median(times('fit_many', models)):.3g}", f"{ratio:.2f}"])
    head = ["what is done", "models", "ms by model and epoch", "its time over the products'"]
    return f"""## How fast could it be?

To train a network in batches is to multiply its matrices: forward through all layers, and backward
for the gradients. `torch.bmm` and `torch.baddbmm` with just these shapes, and nothing around them,
is the least that it can take. Shuffling, dropout, ReLU, the loss and Adam come on top.

{table(head, rows)}
"""


def beside_a_busy_loop(times):
    kinds = {"`fit_many`": ("fit_many", "busy")}
    if times.other:
        kinds[f"`fit_many` of {times.other}"] = ("other", "other, busy")
    rows = []
    for name, (alone, busy) in kinds.items():
        for models in times.models(busy):
            ratio = times.ratio((busy, models), (alone, models))
            ms = [f"{median(times(kind, models)):.3g}" for kind in (alone, busy)]
            rows.append([name, models, *ms, f"{ratio:.2f}"])
    head = ["way", "models", "alone (ms by model and epoch)", "beside it", "ratio"]
    return f"""## Beside another program

The other program is a loop that does nothing, without end, and so keeps a core busy.

{table(head, rows)}
"""


def then_and_now(times):
    rows = []
    for models in times.models("other"):
        ratios = times.ratios(("other", models), ("fit_many", models))
        ms = [f"{median(times(kind, models)):.3g}" for kind in ("other", "fit_many")]
        rows.append([models, *ms, f"{median(ratios):.2f}", spread(ratios)])
    head = ["models", "then (ms by model and epoch)", "now", "then over now", "quartiles"]
    return f"""## Then and now

Revision {times.other} took its turns among the others, in a process of its own.

{table(head, rows)}
"""


def chapters(rows, other):
    total = {"name": "all", **{which: sum(row[which] for row in rows) for which in ("other", "ours")}}
    lines = [
        [row["name"], f"{row['other']:.0f}", f"{row['ours']:.0f}", f"{row['ours'] / row['other']:.2f}"]
        for row in [*rows, total]
    ]
    return f"""## The chapters

Each chapter was executed as it was in revision {other}, and as it is now, the start of Python
included.

{table(["chapter", "then (seconds)", "now", "now over then"], lines)}
"""


def memory(rows, other):
    head = ["models", "epochs", "seconds", "peak (MiB)", "all at once (MiB)", "ratio", "whole process (MiB)"]
    lines = [
        [
            run["models"], run["epochs"], f"{run['seconds']:.0f}", f"{run['peak']:.0f}", f"{run['needed']:.0f}",
            f"{run['peak'] / run['needed']:.1f}", f"{run['whole']:.0f}", *([f"{run['other']:.0f}"] if other else []),
        ]
        for run in rows
    ]  # fmt: skip
    return f"""## Memory

{table([*head, *(["peak then (MiB)"] if other else [])], lines)}

The peak is what training took above what the process held before: the median of {rows[0]["runs"]} runs.
Beside it stands what weights, gradients, Adam's two moments and one epoch's rows of all the models would take at once.{f" Then: revision {other}." if other else ""}
"""
