"""Many small networks trained at once, each as if it were alone.

A claim about a network is only as good as the number of seeds behind it. A layer of 50 units is
too little work for a processor: trained one after another, networks spend nearly all their time on
overhead. So the weights of a hundred are stacked into tensors with one dimension more, the first,
and each operation serves all of them; and every core trains a stack of its own.
"""

import copy
import math
import threading
from contextlib import contextmanager
from functools import partial

import torch
from joblib import Parallel, delayed
from joblib.externals.loky.backend.reduction import dumps
from joblib.parallel import get_active_backend

from helpers._alone import check_same_as_alone
from helpers._checks import (
    check_checkpoints,
    check_clip,
    check_counts,
    check_data,
    check_factory,
    check_loss,
    check_module,
    check_on_epoch,
    check_optimizers,
    check_patience,
    check_seeds,
    check_splits,
    telling_rows,
)
from helpers._stack import Stack, is_mean_square, tensors
from helpers._trial import check_step
from helpers.training import progress_bar, rmse

# Of weights, gradients and the optimizer's state: larger stacks wait for memory, smaller ones for Python.
STACK_BYTES = 8 * 2**20
FEWEST_TO_DIVIDE = 64  # models that are worth two stacks only because there may be two cores
WORTH_A_PROCESS = 2e10  # arithmetic operations: a second or more, as long as it takes to start one


def fit_many(
    make_model, X, y, splits, seeds, *, epochs, loss, optimizer,
    batch_size=32, scheduler=None, step_scheduler="epoch", clip_norm=None, weights=None, patience=None,
    checkpoints=(), track_test=False, on_epoch=None, progress=True,
):  # fmt: skip
    """Train M models, each on its own rows and from its own seed, as if each were alone.

    Without dropout, model i is what this gives, up to float rounding::

        torch.manual_seed(seeds[i])
        model = make_model()
        rows = TensorDataset(X[train_rows], y[train_rows])
        order = torch.Generator().manual_seed(seeds[i])
        data = DataLoader(rows, batch_size, shuffle=True, generator=order)
        fit(model, data, epochs=epochs, loss=loss, optimizer=optimizer(model.parameters()))

    Dropout masks come from a stream of their own for each seed: another one than ``fit`` would
    draw from, with the same probabilities. So initial weights, order and masks depend on a model's
    own seed alone; its neighbours and the number of workers change nothing, and the caller's random
    state is left as it was.

    The models are trained in stacks, and the stacks by as many threads as PyTorch may use. With
    ``joblib.parallel_config(backend=...)`` around the call, joblib's workers take them: "loky" for
    processes of this machine, "dask" or "ray" for those of others.

    Parameters
    ----------
    make_model : callable () -> nn.Module
        Called once for each seed, under ``torch.manual_seed(seed)``.
    X : float tensor (n, d), or (M, n, d) for inputs of each model's own
    y : tensor (n, ...), or (M, n, ...)
    splits : pair (train rows, test rows), or M such pairs
        Row numbers, as scikit-learn's splitters give them. Their sizes may differ. With a third
        part between them, (train rows, validation rows, test rows), as ``validation.hold_out`` gives.
    seeds : sequence of M ints
    epochs : int, 0 or more
    loss : callable (prediction, target) -> scalar tensor
        Of a batch, such as ``nn.MSELoss()``; with ``weights``, (prediction, target, weights) -> scalar.
    optimizer : callable (parameters) -> torch.optim.Optimizer, or list of M such
        For example ``partial(torch.optim.Adam, lr=1e-3)``. It must work element by element.
    batch_size : int, 1 or more
    scheduler : callable (optimizer) -> LRScheduler, optional
    step_scheduler : "epoch" or "batch"
        When the schedule takes a step: at the end of each epoch, or after each batch.
    clip_norm : float, optional
        Before a step, the gradient of a model is shortened to this length if it is longer.
    weights : float tensor (n,) or (M, n), optional
        One for each row, handed to the loss.
    patience : int, optional
        A model stops when its loss on the validation rows has not fallen below its lowest for so
        many epochs, and keeps the weights it had when it was lowest.
    checkpoints : sequence of ints
        Epochs after which the weights are kept: ``ensemble.at(epoch)``.
    track_test : bool
        Whether to evaluate the loss on each model's test rows after every epoch.
    on_epoch : callable (epoch, ensemble), optional
        Called after each epoch, from 1, with the ensemble as it then is; if it returns True, that
        was the last one. All stacks then train at the same pace, in this process.
    progress : bool
        Whether a run of more than two seconds may show a progress bar.

    Returns
    -------
    Ensemble

    Raises
    ------
    TypeError, ValueError
        Before any training: if an argument is not as described, or if the models cannot be trained
        side by side. That is so if they draw random numbers other than by dropout, if their control
        flow depends on the numbers that pass, or if the optimizer does more than treat each element
        alike (LBFGS, Muon).

    Examples
    --------
    >>> X = torch.linspace(-1, 1, 40).unsqueeze(1)
    >>> lines = fit_many(
    ...     partial(nn.Linear, 1, 1), X, 2 * X, (range(30), range(30, 40)), seeds=range(3),
    ...     epochs=50, loss=nn.MSELoss(), optimizer=partial(torch.optim.SGD, lr=0.5),
    ... )
    >>> lines.score(rmse).max() < 0.01
    tensor(True)
    """
    seeds = check_seeds(seeds)
    check_factory(make_model)
    check_loss(loss)
    check_counts(epochs=(epochs, 0), batch_size=(batch_size, 1))
    check_data(X, y, len(seeds), weights)
    splits = check_splits(splits, len(seeds), X)
    check_clip(clip_norm)
    check_patience(patience, splits)
    check_on_epoch(on_epoch)
    checkpoints = check_checkpoints(checkpoints, epochs)
    ensemble = Ensemble._made(make_model, seeds, splits, X, y, weights)
    batches = sorted({math.ceil(len(split[0]) / batch_size) for split in splits})
    factories, settings = check_optimizers(
        optimizer, scheduler, len(seeds), epochs, batches, step_scheduler, ensemble._template
    )
    first = [part[0] for part in ensemble._rows(torch.zeros(1, dtype=torch.int64), splits[0][0][None])]
    telling = telling_rows(first[1])
    check_step(ensemble._template, loss, *(part[telling] for part in first))
    options = {
        "epochs": epochs, "batch_size": batch_size, "loss": loss, "scheduler": scheduler,
        "by_batch": step_scheduler == "batch", "clip_norm": clip_norm, "patience": patience,
        "checkpoints": checkpoints, "track_test": track_test,
    }  # fmt: skip
    # The models of a stack step together: they need equally many rows, and one optimizer.
    kinds = {}
    for i, setting in enumerate(settings):
        kinds.setdefault((*map(len, splits[i]), setting), []).append(i)
    for models in kinds.values():
        few = ensemble[models[:3]]
        check_same_as_alone(few, factories[models[0]], loss, batch_size, clip_norm)
        ensemble._stacked = few._stacked  # the same for all, as module and loss are
    ensemble._make_histories(epochs, track_test)
    parts = [part for kind in kinds.values() for part in _divide(kind, ensemble._bytes())]
    with progress_bar(range(epochs * len(seeds)), progress, desc="training", unit="epoch") as bar:
        _train(ensemble, parts, factories, options, on_epoch, bar)
    return ensemble


def fit_splits(make_model, scaled, splits, seeds=None, *, loss=None, **options):
    """Train a model for each split of a table, as ``fit_many``; ``errors()`` are in the target's unit.

    Parameters
    ----------
    make_model : callable () -> nn.Module
    scaled : X (M, n, features), y (M, n, ...) and unit (M,)
        As ``data.scale_splits`` gives them for these splits.
    splits : list of M pairs or triples of row numbers
    seeds : sequence of M ints, optional
        0 to M - 1 by default.
    loss : callable, optional
        The mean squared error by default.
    options
        Handed to ``fit_many``: epochs, optimizer, batch_size and all the others.

    Returns
    -------
    Ensemble

    Raises
    ------
    TypeError, ValueError
        If ``scaled`` is no such triple, and as ``fit_many``.

    Examples
    --------
    >>> houses = load_boston()
    >>> splits = list(ShuffleSplit(2, random_state=0).split(houses))
    >>> scaled = scale_splits(houses, splits)
    >>> run = fit_splits(Regressor, scaled, splits, epochs=30, optimizer=torch.optim.Adam)
    >>> run.errors() < 8  # thousand dollars
    tensor([True, True])
    """
    if not isinstance(scaled, tuple) or len(scaled) != 3:
        raise TypeError(
            "scaled must be (X, y, unit) as data.scale_splits gives it: scaled=scale_splits(frame, splits); got "
            f"{type(scaled).__name__}"
        )
    X, y, unit = scaled
    seeds = range(len(unit)) if seeds is None else seeds
    ensemble = fit_many(make_model, X, y, splits, seeds, loss=loss or torch.nn.MSELoss(), **options)
    ensemble.unit = unit
    return ensemble


class Ensemble:
    """M trained models, their histories and predictions.

    ``len()`` gives M, ``ensemble[i]`` and a loop the models as ordinary modules, and a slice or a list
    of numbers an Ensemble of those.

    Attributes
    ----------
    train_loss : tensor (M, epochs)
        Mean loss of each epoch's rows, as trained on; NaN for epochs that a model did not train.
    validation_loss : tensor (M, epochs), or None without validation rows
    test_loss : tensor (M, epochs), or None unless ``track_test`` asked for it
    best_epoch : tensor (M,), or None without validation rows
        Epochs trained when the validation loss was lowest.
    predictions : tensor (M, n, ...)
        Each model's output for every row of X, in eval mode.
    unit : tensor (M,)
        What 1 of y is worth: 1, unless ``fit_splits`` knows better.
    seeds : list of M ints
    splits : list of M tuples (train rows, test rows), or with validation rows between, of tensors

    Examples
    --------
    >>> X = torch.rand(30, 4)
    >>> pair = fit_many(
    ...     partial(nn.Linear, 4, 1), X, X[:, :1], (range(20), range(20, 30)), seeds=[0, 1],
    ...     epochs=8, loss=nn.MSELoss(), optimizer=torch.optim.Adam, checkpoints=[2, 4],
    ... )
    >>> pair
    Ensemble of 2 models (Linear, 5 parameters each), 8 epochs on 20 rows
    >>> pair.curve(rmse).shape
    torch.Size([2, 2])
    """

    train_loss: torch.Tensor
    validation_loss: torch.Tensor | None = None
    test_loss: torch.Tensor | None = None
    best_epoch: torch.Tensor | None = None

    def __init__(self, template, state, seeds, splits, X, y, weights=None):
        self._template, self._state = template, state
        self.seeds, self.splits = seeds, splits
        self._X, self._y, self._weights = X, y, weights
        self.unit = torch.ones(len(seeds), dtype=X.dtype, device=X.device)
        self._stacked = False, False  # can the module, the loss run with a dimension more: found out later
        self._checkpoints = {}
        self._predictions = None

    @classmethod
    def _made(cls, make_model, seeds, splits, X, y, weights):
        """Make the models, each under its seed."""
        template, state = None, {}
        with torch.random.fork_rng(devices=[]):
            for i, seed in enumerate(seeds):
                # As torch.manual_seed does, which takes longer than to make a small network.
                torch.default_generator.manual_seed(seed)
                model = make_model()
                check_module(model, template)
                if template is None:
                    template = model.to(X.device)
                    state = {name: v.new_empty((len(seeds), *v.shape)) for name, v in tensors(template)}
                for name, value in tensors(model):
                    state[name][i] = value.detach()
        weights = None if weights is None else weights.contiguous()
        return cls(template, state, seeds, splits, X.contiguous(), y.contiguous(), weights)

    def _make_histories(self, epochs, track_test):
        empty = torch.full((len(self), epochs), torch.nan, dtype=self._X.dtype, device=self._X.device)
        self.train_loss = empty
        self.test_loss = empty.clone() if track_test else None
        if len(self.splits[0]) == 3:
            self.validation_loss = empty.clone()
            self.best_epoch = torch.zeros(len(self), dtype=torch.int64, device=self._X.device)

    def __len__(self):
        return len(self.seeds)

    def __repr__(self):
        name = type(self._template).__name__
        parameters = sum(p.numel() for p in self._template.parameters())
        rows = sorted({len(split[0]) for split in self.splits})
        rows = f"{rows[0]} rows" if len(rows) == 1 else f"{rows[0]} to {rows[-1]} rows"
        return (
            f"Ensemble of {len(self)} models ({name}, {parameters:,} parameters each), "
            f"{self.train_loss.shape[1]} epochs on {rows}"
        )

    def __iter__(self):
        return map(self.model, range(len(self)))

    def __getitem__(self, i):
        if not isinstance(i, (slice, list)):
            return self.model(i)
        chosen = range(len(self))[i] if isinstance(i, slice) else i
        return self._only(list(chosen))

    def model(self, i):
        """Return model ``i`` as an ordinary module of its own, in eval mode."""
        i = range(len(self))[i]  # from the end, too; beyond it, an error
        model = copy.deepcopy(self._template)
        for name, value in tensors(model):
            value.data = self._state[name][i].clone()
        return model.eval()

    def _only(self, models):
        """Return an Ensemble of some models; what all models share, it shares too."""
        few = copy.copy(self)
        few.seeds, few.splits = ([every[i] for i in models] for every in (self.seeds, self.splits))
        for name in ("_X", "_y", "_weights"):
            if self._has_own(name):
                setattr(few, name, getattr(self, name)[models])
        for name in ("train_loss", "validation_loss", "test_loss", "best_epoch", "unit", "_predictions"):
            if getattr(self, name, None) is not None:
                setattr(few, name, getattr(self, name)[models])
        few._state = {name: value[models] for name, value in self._state.items()}
        few._checkpoints = {
            epoch: {name: value[models] for name, value in state.items()}
            for epoch, state in self._checkpoints.items()
        }
        return few

    def _put(self, models, few):
        """Take over what became of some models."""
        self._predictions = None
        for name in ("train_loss", "validation_loss", "test_loss", "best_epoch"):
            if getattr(few, name) is not None:
                getattr(self, name)[models] = getattr(few, name)
        for name, value in few._state.items():
            self._state[name][models] = value
        for epoch, state in few._checkpoints.items():
            if epoch not in self._checkpoints:
                self._checkpoints[epoch] = {name: torch.empty_like(v) for name, v in self._state.items()}
            for name, value in state.items():
                self._checkpoints[epoch][name][models] = value

    def _has_own(self, name):
        """Has each model its own rows of X, of y, of weights?"""
        values, n = getattr(self, name), self._X.shape[-2]
        return values is not None and (
            values.ndim == 3 if name == "_X" else values.shape[:2] == (len(self), n)
        )

    def _rows(self, models, index):
        """Gather the rows ``index`` (m, k) of X, y and, if there are some, weights for ``models`` (m,)."""
        gathered = []
        for name in ("_X", "_y", "_weights"):
            values, where = getattr(self, name), index
            if values is None:
                continue
            if self._has_own(name):
                where = index + models[:, None].to(index.device) * values.shape[1]
                values = values.flatten(0, 1)
            gathered.append(values.index_select(0, where.flatten()).unflatten(0, index.shape))
        return gathered

    def _bytes(self):
        """Return what a model takes while it trains: weights, gradient, and as a rule two moments."""
        return 4 * sum(value[0].numel() * value.element_size() for value in self._state.values())

    @property
    def predictions(self):
        if self._predictions is None:
            self._predictions = self.predict(self._X)
        return self._predictions

    def predict(self, X):
        """Return outputs (M, n, ...) for ``X`` (n, d) or (M, n, d), in eval mode."""
        outputs = []
        for models in _divide(range(len(self)), self._bytes()):
            stack = Stack(self._only(models))
            outputs.append(stack.evaluate(X[models] if X.ndim == 3 else X))
        return torch.cat(outputs)

    def score(self, metric, on="test"):
        """Return ``metric(predictions, targets)``, a scalar, for each model's rows: tensor (M,).

        ``on`` says which rows: "test", "train" or, if there are some, "validation".
        """
        parts = ("train", "validation", "test") if len(self.splits[0]) == 3 else ("train", "test")
        if on not in parts:
            raise ValueError(f"on must be one of {parts}, got {on!r}")
        check_loss(metric, "metric")
        scores = []
        for i, split in enumerate(self.splits):
            rows = split[parts.index(on)]
            target = (self._y[i] if self._has_own("_y") else self._y)[rows]
            scores.append(torch.as_tensor(metric(self.predictions[i, rows], target)))
        return torch.stack(scores)

    def errors(self, metric=rmse, on="test"):
        """Return the ``score`` in the target's unit: tensor (M,)."""
        return self.score(metric, on) * self.unit

    def at(self, epoch):
        """Return the Ensemble as it was after ``epoch`` epochs, one of the ``checkpoints`` of ``fit_many``.

        A model that had stopped by then is as it was when it stopped.
        """
        if epoch not in self._checkpoints:
            raise ValueError(
                f"epoch {epoch} was not kept, only {sorted(self._checkpoints)}; "
                f"train with fit_many(..., checkpoints=[{epoch}])"
            )
        then = copy.copy(self)
        then._state, then._predictions = self._checkpoints[epoch], None
        for name in ("train_loss", "validation_loss", "test_loss"):
            if getattr(self, name) is not None:
                setattr(then, name, getattr(self, name)[:, :epoch])
        return then

    def curve(self, metric, on="test"):
        """Return the ``score`` after each of the ``checkpoints``: tensor (M, checkpoints)."""
        return torch.stack([self.at(epoch).score(metric, on) for epoch in sorted(self._checkpoints)], 1)


class Training:
    """A stack in training: some models of one kind, as an Ensemble, epoch by epoch."""

    def __init__(
        self, ensemble, factory, *,
        epochs, batch_size, loss, scheduler, by_batch, clip_norm, patience, checkpoints, track_test,
    ):  # fmt: skip
        self.ensemble, self.epochs, self.batch_size, self.by_batch = ensemble, epochs, batch_size, by_batch
        self.clip_norm, self.patience, self.checkpoints = clip_norm, patience, checkpoints
        self.loss = copy.deepcopy(loss)  # should it remember something, from the start for each stack
        ensemble._make_histories(epochs, track_test)
        ensemble._checkpoints = {}
        self.splits = [torch.stack(rows) for rows in zip(*ensemble.splits)]
        self.stack = Stack(ensemble, factory)
        self.stack.module.train()
        self.schedule = None if scheduler is None else scheduler(self.stack.optimizer)
        self.models = torch.arange(len(ensemble), device=ensemble._X.device)  # those that have not stopped
        self.lowest = torch.full_like(ensemble.train_loss[:, :1].sum(1), torch.inf)
        self.epoch = 0
        self._keep_checkpoint()

    @property
    def over(self):
        return self.epoch == self.epochs or len(self.models) == 0

    def advance(self):
        """Train for an epoch, unless it is over. Return how many models did."""
        if self.over:
            return 0
        trained, now = len(self.models), self.epoch
        self.ensemble.train_loss[self.models, now] = self._pass()
        for history, rows in ((self.ensemble.validation_loss, 1), (self.ensemble.test_loss, -1)):
            if history is not None:
                history[self.models, now] = self._evaluate(self.splits[rows])
        self.epoch += 1
        if self.ensemble.validation_loss is not None:
            self._note_best(self.ensemble.validation_loss[self.models, now])
        self._keep_checkpoint()
        return trained

    def _pass(self):
        """Train on all rows once. Return each model's mean loss (m,)."""
        rows = self.splits[0][self.models]
        n = rows.shape[1]
        # Row by row and on the mean, a batch of all rows is the same in any order.
        if self.batch_size < n or not (self.stack.row_by_row and is_mean_square(self.loss)):
            rows = rows.gather(1, self.stack.streams.shuffled(n))
        losses, sizes = [], []
        for batch in zip(*(v.split(self.batch_size, 1) for v in self.ensemble._rows(self.models, rows))):
            losses.append(self.stack.step(self.loss, *batch, clip_norm=self.clip_norm))
            sizes.append(batch[0].shape[1])
            if self.schedule is not None and self.by_batch:
                self.schedule.step()
        if self.schedule is not None and not self.by_batch:
            self.schedule.step()
        # A mean over rows, not over batches: the last batch may be smaller.
        losses = torch.stack(losses, 1)
        return losses @ torch.tensor(sizes, dtype=losses.dtype, device=losses.device) / n

    def _evaluate(self, rows):
        x, *targets = self.ensemble._rows(self.models, rows[self.models])
        with torch.no_grad():
            return self.stack.losses(self.loss, self.stack.evaluate(x), *targets)

    def _note_best(self, losses):
        """Keep the weights of models that are better than ever; let go those that have not been for long."""
        better = losses < self.lowest[self.models]
        best = self.models[better]
        self.lowest[best], self.ensemble.best_epoch[best] = losses[better], self.epoch
        if self.patience is None:
            return
        for name, value in self.stack.values.items():
            self.ensemble._state[name][best] = value.detach()[better]
        waits = self.epoch - self.ensemble.best_epoch[self.models] < self.patience
        if not waits.all():
            self.models = self.models[waits]
            self.stack.only(waits.nonzero()[:, 0].tolist())

    def as_it_is(self):
        """Return the ensemble with the weights of this moment."""
        ensemble = copy.copy(self.ensemble)
        ensemble._state = self._now()
        return ensemble

    def _now(self):
        """Return the state {name: (m, ...)} of all models, those that have stopped as they stopped."""
        state = {name: value.clone() for name, value in self.ensemble._state.items()}
        for name, value in self.stack.values.items():
            state[name][self.models] = value.detach()
        return state

    def _keep_checkpoint(self):
        if self.epoch in self.checkpoints:
            self.ensemble._checkpoints[self.epoch] = self._now()

    def result(self):
        """Return the ensemble in the end: with patience, at its best."""
        if self.patience is None:
            self.ensemble._state = self._now()
        for epoch in self.checkpoints - self.ensemble._checkpoints.keys():
            self.ensemble._checkpoints[epoch] = self._now()
        return self.ensemble


def _divide(models, size):
    """Divide model numbers into stacks alike, given the bytes that a model takes."""
    stacks = math.ceil(len(models) * size / STACK_BYTES)
    if len(models) >= FEWEST_TO_DIVIDE:
        stacks += stacks % 2
    return [part.tolist() for part in torch.tensor(models).tensor_split(min(stacks, len(models)))]


@contextmanager
def _threads(number):
    """Let PyTorch use so many threads, and take numbers below 1e-38 for zero: a processor is slow at those.

    Where a gradient is zero for long, as at a dead unit, Adam's mean of it shrinks to such numbers.
    """
    before = torch.get_num_threads(), _flushes()
    torch.set_num_threads(number)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        torch.set_flush_denormal(before[1])


def _flushes():
    return torch.tensor(1e-39).mul(1).item() == 0


def _train(ensemble, parts, factories, options, on_epoch, bar):
    """Train the stacks, lists of model numbers, each by one of joblib's workers."""
    rows = sum(len(split[0]) for split in ensemble.splits)
    work = 6 * options["epochs"] * rows * sum(value[0].numel() for value in ensemble._state.values())
    here = on_epoch is not None or len(parts) == 1 or work < WORTH_A_PROCESS
    require = "sharedmem" if here else None
    backend = get_active_backend("threads", require)[0]
    shared = getattr(backend, "supports_sharedmem", False)
    if not shared:
        _check_travels(make_model=ensemble._template, optimizer=factories, **options)
    # Each stack as soon as it is done, where joblib can; from Ray it has them all in the end.
    return_as = "generator_unordered" if backend.supports_return_generator else "list"
    # As many as the caller asks joblib for; else as many as PyTorch may use threads.
    workers = get_active_backend()[1] or (torch.get_num_threads() if shared else -1)
    # One after another as workers come free: what waits takes no memory.
    runs = ((part, ensemble[part], factories[part[0]]) for part in parts)
    large = len(parts) == 1 and ensemble._bytes() > STACK_BYTES
    with _threads(torch.get_num_threads() if large else 1):
        workers = 1 if ensemble._X.is_cuda else workers
        pool = partial(Parallel, n_jobs=workers, prefer="threads", require=require)
        if on_epoch is None:
            _each_to_its_end(ensemble, runs, options, bar, pool(batch_size=1, return_as=return_as), shared)
        else:
            _all_in_step(ensemble, runs, options, bar, pool, on_epoch)


def _check_travels(**arguments):
    """Raise TypeError for what no other process can be sent: some backends would wait without a word."""
    for name, value in arguments.items():
        try:
            dumps(value)
        except Exception as error:
            raise TypeError(
                f"{name} holds something that can't be sent to another process ({error}): leave that out, or "
                "train in this process, without joblib.parallel_config or with its backend='threading'"
            ) from error


def _each_to_its_end(ensemble, runs, options, bar, pool, shared):
    stop = threading.Event()

    def tick(trained):
        bar.update(trained)
        return stop.is_set()

    tasks = (delayed(_to_its_end)(*run, options, tick if shared else None) for run in runs)
    try:
        for part, trained in pool(tasks):
            ensemble._put(part, trained)
            if not shared:
                bar.update(len(part) * options["epochs"])
    finally:
        stop.set()  # threads do not end by themselves when the caller is interrupted


def _to_its_end(part, few, factory, options, tick):
    """Train a stack; return its models' numbers and what became of them. What goes in and out can travel."""
    with _threads(torch.get_num_threads() if tick else 1):
        training = Training(few, factory, **options)
        while not training.over:
            trained = training.advance()
            if tick and tick(trained):
                break
        return part, training.result()


def _all_in_step(ensemble, runs, options, bar, pool, on_epoch):
    trainings = {tuple(part): Training(few, factory, **options) for part, few, factory in runs}
    with pool() as workers:
        for epoch in range(1, options["epochs"] + 1):
            bar.update(sum(workers(delayed(training.advance)() for training in trainings.values())))
            for part, training in trainings.items():
                ensemble._put(list(part), training.as_it_is())
            if on_epoch(epoch, ensemble) is True or all(training.over for training in trainings.values()):
                break
    for part, training in trainings.items():
        ensemble._put(list(part), training.result())
