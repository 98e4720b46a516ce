"""The faults that tools/mutation makes in the code, one at a time."""

import re
from collections.abc import Callable
from dataclasses import dataclass

QUICK = ("05_", "08_")  # the notebooks that are quickest to run


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
        ("scaler fitted on the test rows", "for i, (train, *_) in", "for i, (*_, train) in"),
        ("train and test exchanged", "train, test = train_test_split(", "test, train = train_test_split("),
        ("seed ignored", "random_state=seed)", "random_state=0)"),
        ("share ignored", "test_size=test_size, random", "test_size=0.5, random"),
        ("target among the features", "return scaled[..., :-1], scaled", "return scaled, scaled"),
        ("wrong column as target", "scaled[..., -1:], torch", "scaled[..., -2:-1], torch"),
        ("range of another column", "data_range_[-1]", "data_range_[0]"),
        ("target without its origin", "y * self.target_range + self.target_min", "y * self.target_range"),
        ("origin from all rows", "frame.iloc[train, -1].min()", "frame.iloc[:, -1].max()"),
        ("checksum not looked at", "if found != table.sha256:", "if False:"),
        ("groups by all features", "TABLES[name].by or frame", "frame"),
        ("groups in another order", "list(by), sort=False", "list(by), sort=True"),
        ("makes misspelt", ".replace(SPELLINGS)", ""),
        ("Europe for Japan", '"japan": cars["origin"] == 3', '"japan": cars["origin"] == 2'),
        ("holes filled", ".dropna(ignore_index=True)", ".fillna(0)"),
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
        ("schedule by the epoch never stepped", '        if steps_after == "epoch":\n', "        if False:\n"),
        ("schedule by the batch never stepped", '            if steps_after == "batch":\n', "            if False:\n"),
        ("learning rate of the next epoch", '["lr"])\n', '["lr"] / 2)\n'),
        ("test loss of the training rows", "_evaluate(model, test, loss)", "_evaluate(model, data, loss)"),
        ("validation loss of the training rows", "_evaluate(model, validation, loss)", "_evaluate(model, data, loss)"),
        ("one epoch less", "range(1, epochs + 1)", "range(1, epochs)"),
        ("weights left out", "loss(model(X), y, *weights)", "loss(model(X), y)"),
        ("gradients as long as they are", "            if clip_norm is not None:\n", "            if False:\n"),
        ("a draw is better", "history.validation_loss[-1] < best_loss", "history.validation_loss[-1] <= best_loss"),
        ("stops an epoch late", "epoch - history.best_epoch >= patience", "epoch - history.best_epoch > patience"),
        ("last weights stay", "        model.load_state_dict(best_state)", "        pass"),
        ("ends at whatever on_epoch says", "on_epoch(epoch, model) is True", "on_epoch(epoch, model)"),
        ("no square root", "square().mean().sqrt()", "square().mean()"),
        ("sum instead of mean", "square().mean().sqrt()", "square().sum().sqrt()"),
        ("absolute error", "square().mean().sqrt()", "abs().mean()"),
        ("shapes that broadcast let through", "if prediction.shape != target.shape:", "if False:"),
        ("only the last batch evaluated", "(torch.cat(parts) for parts", "(parts[-1] for parts"),
        ("error of the model not explained", "with advising(model, data, \"data\"):", "if True:"),
    ],
    "_trial": [
        ("modes and the like not put back", "            place.update(entries)\n", "            place.update(place | entries)\n            place['training'] = False\n"),
        ("buffers not put back", "                    tensor.data.copy_(value)\n", "                    pass\n"),
        ("gradients not put back", "            p.grad = gradient\n", "            pass\n"),
        ("random state not put back", "    try:\n        with forked():\n            yield", "    try:\n        if torch.rand(1) < 2:\n            yield"),
        ("rows changed in place", "output = model(x.clone())", "output = model(x)"),
        ("shapes that broadcast in PyTorch's losses let through", "    if output.shape != target.shape:\n", "    if False:\n"),
        ("shapes that broadcast in other losses let through", "        if watch.may_mix_rows and prediction.shape != target.shape:\n", "        if False:\n"),
        ("weights of other rows let through", "    if weights:\n        check_weights(", "    if False:\n        check_weights("),
        ("one look at random predictions", "for _ in range(20):", "for _ in range(0):"),
        ("targets of another type let through", 'if name != "X" and part.is_floating_point() and part.dtype != output.dtype:', "if False:"),
        ("NaN let through", "    if not torch.isfinite(values).all():\n        large", "    if False:\n        large"),
        ("probabilities by chance", "        if watch.wants_probabilities:", "        if False:"),
        ("advice untried", "            attempt({name:", "            ({name:"),
        ("prices made classes", "part.is_floating_point() and not torch.equal(part, part.round()):", "False:"),
        ("the first layer whichever it is", "name, layer, given = reached[-1]", "name, layer, given = reached[0]"),
    ],
    "_fit_checks": [
        ("check that draws random numbers", "    with forked():\n        for batch", "    if True:\n        for batch"),
        ("foreign optimizers let through", "if not any(id(p) in held for p in model.parameters()):", "if False:"),
        ("frozen parameters let through", "if not any(id(p) in held for p in model.parameters() if p.requires_grad):", "if False:"),
        ("streams let through", "    if isinstance(data.dataset, IterableDataset):\n", "    if False:\n"),
        ("rows that a sampler leaves out are looked at", '    if hasattr(data.sampler, "indices"):\n', "    if False:\n"),
        ("test rows not tried", '(("validation", validation), ("test", test))', '(("validation", validation),)'),
        ("a last batch of one row not tried", "if 1 in (data.batch_size, last):", "if 1 in (data.batch_size,):"),
        ("validation on the training rows let through", "        if validation is data:\n", "        if False:\n"),
    ],
    "ensembles": [
        ("same initial weights for all", "default_generator.manual_seed(seed)", "default_generator.manual_seed(0)"),
        ("random state not put back", "with torch.random.fork_rng(devices=[]):", "if True:"),
        ("score of other rows", "rows = split[parts.index(on)]", "rows = split[parts.index(on) - 1]"),
        ("errors in scaled units", "return self.score(metric, on) * self.unit", "return self.score(metric, on)"),
        ("first optimizer for all", "factories[part[0]]", "factories[0]"),
        ("models of several optimizers in a stack", "(*map(len, splits[i]), setting)", "(*map(len, splits[i]),)"),
        ("another model's rows", "models[:, None].to(index.device) * values.shape[1]", "0 * models[:, None].to(index.device)"),
        ("another model's weights of rows", "            if self._has_own(name):\n                setattr(",
         '            if name != "_weights" and self._has_own(name):\n                setattr('),
        ("training rows as test rows", "(self.ensemble.test_loss, -1)", "(self.ensemble.test_loss, 0)"),
        ("test rows as validation rows", "(self.ensemble.validation_loss, 1)", "(self.ensemble.validation_loss, -1)"),
        ("mean over batches", "losses @ torch.tensor(sizes, dtype=losses.dtype, device=losses.device) / n", "losses.mean(1)"),
        ("schedule by the epoch never stepped", "if self.schedule is not None and not self.by_batch:", "if False:"),
        ("schedule by the batch never stepped", "if self.schedule is not None and self.by_batch:", "if False:"),
        ("gradients as long as they are", '"clip_norm": clip_norm,', '"clip_norm": None,'),
        ("in the order of the table", "            rows = rows.gather(1, self.stack.streams.shuffled(n))\n", "            pass\n"),
        ("dropout off in training", "        self.stack.module.train()\n", "        self.stack.module.eval()\n"),
        ("loss that goes on from stack to stack", "self.loss = copy.deepcopy(loss)", "self.loss = loss"),
        ("a draw is better", "better = losses < self.lowest", "better = losses <= self.lowest"),
        ("stops an epoch late", "best_epoch[self.models] < self.patience", "best_epoch[self.models] <= self.patience"),
        ("best weights not kept", "self.ensemble._state[name][best] = value.detach()[better]", "pass"),
        ("the wrong ones stop", "self.stack.only(waits.nonzero()[:, 0].tolist())", "self.stack.only(list(range(int(waits.sum()))))"),
        ("checkpoints at their best", "            self.ensemble._checkpoints[self.epoch] = self._now()",
         "            self.ensemble._checkpoints[self.epoch] = {k: v.clone() for k, v in self.ensemble._state.items()}"),
        ("checkpoints of the last stack alone", "            if epoch not in self._checkpoints:\n", "            if True:\n"),
        ("no checkpoint after the end", "for epoch in self.checkpoints - self.ensemble._checkpoints.keys():", "for epoch in ():"),
        ("predictions of the end at a checkpoint", "then._predictions = self._checkpoints[epoch], None", "then._predictions = self._checkpoints[epoch], self._predictions"),
        ("histories beyond a checkpoint", "getattr(self, name)[:, :epoch])", "getattr(self, name))"),
        ("old predictions after an epoch", "        self._predictions = None\n        for name in", "        for name in"),
        ("on_epoch sees no training", "training.as_it_is()", "training.ensemble"),
        ("threads not put back", "        torch.set_num_threads(before[0])", "        pass"),
        ("small numbers zero for good", "        torch.set_flush_denormal(before[1])", "        pass"),
        ("not compared with each alone", "        check_same_as_alone(few,", "        (lambda *_: 0)(few,"),
    ],
    "_stack": [
        ("no shuffle", "            flat[partner], line[:] = line, flat[partner]\n", "            pass\n"),
        ("other partners", "drawn[row] % np.uint32(n - row)", "drawn[row] % np.uint32(max(1, n - row - 1))"),
        ("other stream of shuffles", "[:, 2 : n + 1]", "[:, 1:n]"),
        ("same shuffle for all", ".seed(seed % 2**32)", ".seed(0)"),
        ("same shuffle in each epoch", "self.ahead[:, 0], self.ahead[:, 1:]", "self.ahead[:, 0], self.ahead"),
        ("same masks for all", "np.random.SFC64(seed % 2**64)", "np.random.SFC64(0)"),
        ("same masks in each step", "        self.used += size\n        return self.bits[:, self.used - size : self.used]", "        return self.bits[:, :size]"),
        ("dropout keeps what it should drop", "torch.ge(bits", "torch.lt(bits"),
        ("half of the numbers for masks", "round(p * 2**16) - 2**15", "round(p * 2**15)"),
        ("masks drawn ahead of who stopped", "self.bits, self.ahead = self.bits[models]", "self.bits, self.ahead = self.bits[: len(models)]"),
        ("orders of who stopped", "self.orders = [self.orders[i] for i in models]", "self.orders = self.orders[: len(models)]"),
        ("orders drawn ahead of who stopped", "self.bits[models], self.ahead[models]", "self.bits[models], self.ahead[: len(models)]"),
        ("weights used twice in a chain", "return layers if len(used) == len(set(used)) else None", "return layers"),
        ("containers with a forward of their own in a chain", 'for part in ("forward", "__iter__")', 'for part in ("__iter__",)'),
        ("containers in another order in a chain", 'for part in ("forward", "__iter__")', 'for part in ("forward",)'),
        ("hooks forgotten in a chain", "return any(hooks) or", "return"),
        ("methods set on a layer forgotten in a chain", '"forward" in vars(module) or', ""),
        ("subclasses of the squared error", "type(loss) is nn.MSELoss and", "isinstance(loss, nn.MSELoss) and"),
        ("sum as the mean", 'loss.reduction == "mean" and not _altered(loss)', "not _altered(loss)"),
        ("hooks of the loss forgotten", 'loss.reduction == "mean" and not _altered(loss)', 'loss.reduction == "mean"'),
        ("ReLU changes the rows in a chain", "_ReLU(in_place=before is _Linear)", "_ReLU(in_place=True)"),
        ("dropout before a layer without bias not scaled up", "torch.bmm(self.weight, h if self.scale == 1 else h * self.scale, out", "torch.bmm(self.weight, h, out"),
        ("dropout before a layer not scaled up", "self.weight, h, alpha=self.scale, out", "self.weight, h, out"),
        ("bias left out", "torch.baddbmm(self.bias", "torch.baddbmm(0 * self.bias"),
        ("dropout on in evaluation", "if rows and layer.p:", "if layer.p:"),
        ("no gradient of a bias", "            torch.sum(g, 2, out=self.bias_grad)", "            pass"),
        ("mean gradient of a bias", "torch.sum(g, 2, out=self.bias_grad)", "torch.mean(g, 2, out=self.bias_grad)"),
        ("dropout's scale not in the gradient", "        if self.scale != 1:\n            g = g * self.scale\n", ""),
        ("gradient past the last layer's weight", "product(self.transposed, g", "product(0 * self.transposed + 1, g"),
        ("gradient past another weight", "product(self.transposed, g", "product(self.weight.flip(1).mT, g"),
        ("gradient through ReLU as it is", "return torch.ops.aten.threshold_backward.grad_input(g, self.output, 0, grad_input=g)", "return g"),
        ("dropout before an activation not scaled up", "(h if self.scale == 1 else h * self.scale).detach()", "h.detach()"),
        ("half the gradient of the squared error", "error.mul_(2 / ", "error.mul_(1 / "),
        ("gradients never reset", "vector.grad.zero_()", "pass"),
        ("mean of the losses", "losses.sum().backward()", "losses.mean().backward()"),
        ("mean of a chain's losses", "torch.autograd.grad(losses.sum(), output)", "torch.autograd.grad(losses.mean(), output)"),
        ("length of all models' gradients", "(squares.sqrt() + 1e-6)", "(squares.sum().sqrt() + 1e-6)"),
        ("parameters one over the other", "            start = end\n", "            start = 0\n"),
        ("the first models go on", "part.view(len(self), -1)[models]", "part.view(len(self), -1)[: len(models)]"),
    ],
    "_alone": [
        ("losses not compared", '_compare("the loss", found[i], expected[i])', "pass"),
        ("gradients not compared", '_compare(f"the gradient of {name}", stack.grads[name][i], grad, largest)', "pass"),
        ("steps not compared", '_compare(f"the step of {type(one.optimizer).__name__}", stack.values[name][i], value)', "pass"),
        ("buffers not compared", '_compare(f"the buffer {name}", stack.values[name][i], value, batch[0][i].abs().max())', "pass"),
        ("predictions not compared", '_compare("the prediction", outputs[i], ', "(lambda *_: 0)(0, outputs[i], "),
        ("anything is the same", "eps * 1e4", "eps * 1e7"),
        ("rounding is a difference", "eps * 1e4", "eps * 1e-2"),
    ],
    "_checks": [
        ("fewer splits than seeds let through", "if len(splits) != m:", "if False:"),
        ("negative row numbers let through", "if rows.min() < 0 or rows.max() >= n:", "if rows.max() >= n:"),
        ("masks let through", 'if rows.dtype.kind not in "iu":', "if False:"),
        ("negative epochs let through", "not _is_whole(count) or count < least", "not _is_whole(count)"),
        ("True as a number", "isinstance(number, numbers.Integral) and not isinstance(number, bool)", "isinstance(number, numbers.Integral)"),
        ("optimizers that mix models let through", "                check_elementwise(factory, parameters)\n", ""),
        ("one setting for all", "settings[id(factory)] = setting", "settings[id(factory)] = 0"),
        ("parameters of another model let through", "if not all(id(p) in own for", "if not all(True for"),
        ("same module twice let through", "if model is first:", "if False:"),
        ("schedules of another optimizer let through", 'if getattr(schedule, "optimizer", optimizer) is not optimizer:', "if False:"),
        ("schedules of another length let through", "        if own != {left}:\n", "        if False:\n"),
        ("schedules that take too long let through", "        if min(own) < up:\n", "        if False:\n"),
        ("metrics that take the truth first let through", 'if name == "metric" and next(', "if False and next("),
        ("telling rows without the largest", "values.amax(1).argmax()", "values.amin(1).argmin()"),
    ],
    "validation": [
        ("variance's ddof", "values.std(ddof=1)", "values.std(ddof=0)"),
        ("standard deviation as standard error", "/ len(values) ** 0.5:", "/ 1:"),
        ("variance over n as standard error", "/ len(values) ** 0.5:", "/ len(values):"),
        ("sign of the difference", "mean_se(values - groups[baseline]", "mean_se(groups[baseline] - values"),
        ("unpaired difference", "mean_se(values - groups[baseline]", "mean_se(values - groups[baseline].mean()"),
        ("scores of the training rows", "ensemble.score(metric, on=on)", 'ensemble.score(metric, on="train")'),
        ("training and test rows exchanged", "splits = [tuple(split) for split in cv]", "splits = [tuple(split)[::-1] for split in cv]"),
        ("off-by-one fold", "splits = [tuple(split) for split in cv]", "splits = [tuple(split) for split in cv][1:]"),
        ("folds not stratified", "_array(y) if stratify is None and y.shape == (rows,) else _array(stratify)", "_array(stratify)"),
        ("labels not handed on", "labels, _array(groups)))", "None, _array(groups)))"),
        ("groups not handed on", "labels, _array(groups)))", "labels, None))"),
        ("metric not tried", "        measure(metric, prediction, target)\n", "        pass\n"),
        ("held out from the test rows too", "(train[kept], train[aside], test)", "(train[kept], test[:len(aside)], test)"),
        ("groups torn apart", "(ShuffleSplit if groups is None else GroupShuffleSplit)", "ShuffleSplit"),
        ("same rows held out from each", "random_state=draws)", "random_state=seed)"),
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
    "diagrams": [
        ("no bias in the sum", "zip(inputs, weights)) + bias", "zip(inputs, weights))"),
        ("weights of the wrong line", "_at(edge, i, k, j)", "_at(edge, i, j, k)"),
        ("biases not counted", "= {a * b + b:,}", "= {a * b:,}"),
        ("nothing grows in dropout", "dropout(before, p, training).tolist()", "dropout(before, p, training).mul(1 - p).tolist()"),
        ("random numbers used up", "with torch.random.fork_rng():", "if True:"),
        ("next step in colour", "chosen = place == highlight", "chosen = place + 1 == highlight"),
        ("curvatures ignored", "rate * curvatures * path[-1]", "rate * path[-1]"),
        ("groups torn apart", "KFold(k) if groups is None else GroupKFold(k)", "KFold(k)"),
        ("test rows in the inner folds", "(place + 1) * share, show - 1)", "(place + 1) * share, outer)"),
        ("gradients one step early", "for n in order[:backward]", "for n in order[: backward and backward + 1]"),
        ("no lane beside the boxes", "lane = next(clear, from_x)", "lane = from_x"),
    ],
}  # fmt: skip

# Where the tests of a module are, if not in one file of its name; the likelier or quicker first.
TESTED_WITH = {
    "_checks": ["advice"],
    "_fit_checks": ["advice"],
    "_trial": ["advice"],
    "ensembles": ["ensembles", "side_by_side"],
    "_stack": ["ensembles", "side_by_side"],
    "_alone": ["side_by_side", "ensembles"],
    "_tables": ["tables"],
    "_requirements": ["standalone"],
}

# What compares is damaged too: (file, what, old, new).
CHECKS = [
    ("tools/checking/compare.py", "tolerance of 10 %", "rtol: float = 1e-4", "rtol: float = 1e-1"),
    ("tools/checking/compare.py", "ten standard errors", "STANDARD_ERRORS = 1", "STANDARD_ERRORS = 10"),
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
            tuple((f"tests/test_{tests}.py",) for tests in TESTED_WITH.get(module, [module])),
            module,
            *harmless,
        )
        for module, rows in SOURCES.items()
        for what, old, new, *harmless in rows
    ]
    for path, what, old, new in CHECKS:
        faults.append(Fault(path, what, replacing(old, new), (("tests/test_outputs.py",),)))
    return faults
