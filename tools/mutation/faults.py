"""The faults that tools/mutation makes in the code, one at a time."""

import re
from collections.abc import Callable
from dataclasses import dataclass

QUICK = ("04_", "07_")  # the notebooks that are quickest to run


@dataclass(frozen=True)
class Fault:
    """One damage to one file, and what is to notice it."""

    path: str
    what: str
    damage: Callable  # text of the file -> damaged text
    steps: tuple  # of tuples of paths to give to pytest together, the quickest first
    module: str = ""  # a last step: the quick notebooks that use this module of helpers
    harmless: str = ""  # why it may survive

    def __str__(self):
        return f"{self.path} | {self.what}"

    def checks(self, tree):
        """Return lists of paths in ``tree`` to give to pytest, one list after the other."""
        steps = [[path for path in step if (tree / path).exists()] for step in self.steps]
        if self.module:
            used = re.compile(rf"helpers\.{self.module}\b|from helpers import [^\n]*\b{self.module}\b")
            every = [path for quick in QUICK for path in (tree / "book").rglob(f"{quick}*.ipynb")]
            users = [path for path in every if used.search(path.read_text("utf-8"))]
            users.sort(key=lambda path: path.stat().st_size)
            steps.append([path.relative_to(tree).as_posix() for path in users])
        return [step for step in steps if step]


def replacing(old, new):
    """Return a damage that puts ``new`` in the place of ``old``, which must be there once."""

    def damage(text):
        if text.count(old) != 1:
            raise ValueError(f"the table of faults is out of date: {old!r} is there {text.count(old)} times")
        return text.replace(old, new)

    return damage


# module of helpers: (what, old, new) or (what, old, new, why it is harmless)
SOURCES: dict[str, list[tuple]] = {
    "data": [
        ("leaked scaler", "MinMaxScaler().fit(table[train])", "MinMaxScaler().fit(table)"),
        ("scaler fitted on the test rows", "for i, (train, _) in", "for i, (_, train) in"),
        ("train and test exchanged", "train, test = train_test_split(", "test, train = train_test_split("),
        ("seed ignored", "random_state=seed)", "random_state=0)"),
        ("share ignored", "test_size=test_size, random", "test_size=0.5, random"),
        ("target among the features", "return scaled[..., :-1], scaled", "return scaled, scaled"),
        ("wrong column as target", "scaled[..., -1:], torch", "scaled[..., -2:-1], torch"),
        ("range of another column", "data_range_[-1]", "data_range_[0]"),
        ("target without its origin", "y * self.target_range + self.target_min", "y * self.target_range"),
        ("origin from all rows", "frame.iloc[train, -1].min()", "frame.iloc[:, -1].max()"),
        ("checksum not looked at", "if found != BOSTON_SHA256:", "if False:"),
        ("constant features in raw units", "        scaled[i][:, scaler.data_range_ == 0] = 0", "        pass"),
        ("constant targets let through", "    if target.min() == target.max():", "    if False:"),
        ("scaled diabetes", "as_frame=True, scaled=False", "as_frame=True, scaled=True"),
        ("double precision", "dtype=np.float32)", "dtype=np.float64)"),
    ],
    "_requirements": [
        ("old packages let through", "if _numbers(there) < _numbers(oldest):", "if False:"),
        ("missing packages let through", "            lacking[package] = need\n", "            pass\n"),
        ("old Pythons let through", "if sys.version_info[:2] < PYTHON:", "if False:"),
    ],
    "_tables": [
        ("missing values let through", "    if missing.any():", "    if False:"),
        ("words let through", "    if words:\n", "    if False:\n"),
        ("dates let through", "        if found := KINDS.get", "        if False and KINDS.get"),
        ("indexes let through", "    if called:", "    if False:"),
        ("twins let through", "    if twice:", "    if False:"),
        ("decimal commas taken for thousands", '(common or list(ways))[0]', '"."'),
        ("the first of twins kept", "duplicated(keep='last')", "duplicated()"),
        ("dates of another order", 'and not any("dayfirst" in', 'or any("dayfirst" in'),
    ],
    "models": [
        ("activation on the output", "zip(widths[:-2], widths[1:-1])", "zip(widths[:-1], widths[1:])"),
        ("dropout after the output", "if dropout and hidden:", "if dropout and not hidden:"),
        ("dropout rate halved", "nn.Dropout(dropout)", "nn.Dropout(dropout / 2)"),
        ("no output activation", "if output_activation is not None:", "if output_activation is None:"),
        ("one unit less", "(50, 30)", "(50, 29)"),
        ("other default of dropout", "def __init__(self, dropout=0.5", "def __init__(self, dropout=0.2"),
        ("no activation", "if activation is not None:", "if activation is None:"),
    ],
    "training": [
        ("gradients never reset", "            optimizer.zero_grad()\n", ""),
        ("no backward pass", "            batch_loss.backward()\n", ""),
        ("no step", "            optimizer.step()\n", ""),
        ("dropout off in training", "        model.train()\n", "        model.eval()\n"),
        ("dropout on in evaluation", "yield model.eval()", "yield model.train()"),
        ("mode not put back", "            module.training = mode", "            pass"),
        ("gradients in evaluation", "with torch.no_grad():", "with torch.enable_grad():"),
        ("mean over batches", "batch_loss.item() * len(X), rows + len(X)", "batch_loss.item(), rows + 1"),
        ("scheduler never stepped", "            scheduler.step()", "            pass"),
        ("learning rate of the next epoch", '["lr"])\n', '["lr"] / 2)\n'),
        ("test loss of the training rows", "evaluate(model, test, loss)", "evaluate(model, data, loss)"),
        ("one epoch less", "progress_bar(range(epochs)", "progress_bar(range(epochs - 1)"),
        ("no square root", "square().mean().sqrt()", "square().mean()"),
        ("sum instead of mean", "square().mean().sqrt()", "square().sum().sqrt()"),
        ("absolute error", "square().mean().sqrt()", "abs().mean()"),
        ("shapes that broadcast let through", "if prediction.shape != target.shape:", "if False:"),
        ("only the last batch evaluated", "(torch.cat(parts) for parts", "(parts[-1] for parts"),
        ("check that draws random numbers", "generator=torch.Generator())", "shuffle=True)"),
        ("negative epochs let through", "or epochs < 0:", "or False:"),
    ],
    "ensembles": [
        ("gradients never reset", "        optimizer.zero_grad()\n", ""),
        ("mean of the losses", "losses.sum().backward()", "losses.mean().backward()"),
        ("same initial weights for all", "default_generator.manual_seed(seed)", "default_generator.manual_seed(0)"),
        ("score of the other rows", 'rows = train if on == "train" else test', 'rows = test if on == "train" else train'),
        ("scheduler never stepped", "            schedule.step()", "            pass"),
        ("training rows as test rows", "x, target = ensemble._rows(models, test)", "x, target = ensemble._rows(models, train)"),
        ("random state not put back", "with torch.random.fork_rng(devices=[]):", "if True:"),
        ("first optimizer for all", "factories[models[0]]", "factories[0]"),
        ("another model's targets", "where = index + torch.tensor(models", "where = index + 0 * torch.tensor(models"),
        ("mean over batches", "total + losses.detach() * x.shape[1]", "total + losses.detach() * batch_size"),
    ],
    "_stack": [
        ("no shuffle", "torch.randperm(n, generator=generator, out=line)", "torch.arange(n, out=line)"),
        ("other stream of shuffles", "            torch.empty((), dtype=torch.int64).random_(generator=generator)\n", ""),
        ("same shuffle for all", "torch.Generator().manual_seed(seed) for seed", "torch.Generator().manual_seed(0) for seed"),
        ("same masks for all", "np.random.SFC64(seed % 2**64)", "np.random.SFC64(0)"),
        ("dropout not scaled up", ".mul_(1 / (1 - p))", ".mul_(1)"),
        ("dropout keeps what it should drop", "bits >= round(p", "bits < round(p"),
        ("dropout on in evaluation", "if not training or p == 0:", "if p == 0:"),
        ("bias left out", "torch.baddbmm(bias.mT, weight", "torch.baddbmm(0 * bias.mT, weight",
         "the comparison with vmap notices, and the models are trained by vmap: slower, and right"),
    ],
    "_checks": [
        ("fewer splits than seeds let through", "if len(splits) != m:", "if False:"),
        ("negative row numbers let through", "if rows.min() < 0 or rows.max() >= n:", "if rows.max() >= n:"),
        ("masks let through", 'if rows.dtype.kind not in "iu":', "if False:"),
        ("optimizers that mix models let through", "            check_elementwise(factory)\n", ""),
        ("buffers that change let through", "    if changed:\n", "    if False:\n"),
        ("same module twice let through", "if model is first:", "if False:"),
        ("shapes that broadcast let through", "if y.is_floating_point() and output.shape != y.shape:", "if False:"),
    ],
    "validation": [
        ("variance's ddof", "values.std(ddof=1)", "values.std(ddof=0)"),
        ("standard deviation as standard error", "/ len(values) ** 0.5:", "/ 1:"),
        ("variance over n as standard error", "/ len(values) ** 0.5:", "/ len(values):"),
        ("sign of the difference", "mean_se(values - groups[baseline]", "mean_se(groups[baseline] - values"),
        ("unpaired difference", "mean_se(values - groups[baseline]", "mean_se(values - groups[baseline].mean()"),
        ("scores of the training rows", 'ensemble.score(metric, on="test")', 'ensemble.score(metric, on="train")'),
        ("training and test rows exchanged", "splits = [(train, test) for", "splits = [(test, train) for"),
        ("off-by-one fold", "splits = [(train, test) for train, test in cv]", "splits = [(train, test) for train, test in cv][1:]"),
        ("folds not stratified", "y if y.shape == (rows,) else None", "None"),
        ("same seed in every fold", "range(seeds, seeds + len(splits))", "[seeds] * len(splits)"),
        ("unequal groups let through", "if len(values) != len(groups[baseline]):", "if False:"),
        ("infinite values let through", "if not np.isfinite(values).all():", "if False:"),
        ("digits ignored", "± {values.std(ddof=1) / len(values) ** 0.5:.{digits}f}", "± {values.std(ddof=1) / len(values) ** 0.5:.4f}"),
    ],
    "plotting": [
        ("train's curve for each", "np.atleast_2d(np.asarray(curve,", "np.atleast_2d(np.asarray([*curves.values()][0],"),
        ("epochs from 0", "np.arange(1, losses.shape[1] + 1)", "np.arange(losses.shape[1])"),
        ("axes exchanged", "ax.scatter(true, predicted, s", "ax.scatter(predicted, true, s"),
        ("rows named upside down", "np.arange(len(values), 0, -1)", "np.arange(1, len(values) + 1)"),
        ("classes exchanged", "*X[labels == label].T", "*X[labels != label].T"),
        ("always logarithmic", '"log" if log else "linear"', '"log"'),
    ],
}  # fmt: skip

TESTED_WITH = {
    "_checks": "ensembles",
    "_stack": "ensembles",
    "_tables": "tables",
    "_requirements": "standalone",
}

# What compares is damaged too: (file, what, old, new).
CHECKS = [
    ("tools/checking/compare.py", "tolerance of 10 %", "rtol: float = 1e-4", "rtol: float = 1e-1"),
    ("tools/checking/compare.py", "thirty standard errors", "STANDARD_ERRORS = 3", "STANDARD_ERRORS = 30"),
    ("tools/checking/compare.py", "nan equals anything", "if not abs(a.value - b.value) <= limit:", "if abs(a.value - b.value) > 1e9:"),
    ("tools/checking/compare.py", "words not compared", "if not (a.is_number and b.is_number):", "if False:"),
    ("tools/checking/compare.py", "what follows not compared", "if len(old) != len(now):", "if False:"),
    ("tools/checking/compare.py", "loose figures", "figure: float = 1e-3", "figure: float = 1.0"),
    ("helpers/figure_digest.py", "lines left out", "lines = [line for line in ax.lines if line.get_visible()]", "lines = []"),
    ("helpers/figure_digest.py", "no words", "    found[\"legend\"] = ", "    found[\"title\"] = "),
    ("helpers/figure_digest.py", "values left out", "return scale | {\"values\"", "return scale or {\"values\""),
    ("conftest.py", "outputs equal whatever they are", "return not differences(", "return True or not differences("),
    ("conftest.py", "order of execution not checked", "if self.cell.execution_count != self.cell_num + 1:", "if False:"),
    ("conftest.py", "warnings let through", "if output.get(\"name\") == \"stderr\":", "if False:"),
]  # fmt: skip


def source_faults():
    """Return the faults of SOURCES and CHECKS."""
    faults = [
        Fault(
            f"helpers/{module}.py",
            what,
            replacing(old, new),
            ((f"tests/test_{TESTED_WITH.get(module, module)}.py",),),
            module,
            *harmless,
        )
        for module, rows in SOURCES.items()
        for what, old, new, *harmless in rows
    ]
    for path, what, old, new in CHECKS:
        faults.append(Fault(path, what, replacing(old, new), (("tests/test_outputs.py",),)))
    return faults
