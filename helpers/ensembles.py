"""Many small networks trained at once, each as if it were alone.

A claim about a network is only as good as the number of seeds behind it. A layer of 50 units is
too little work for a processor: trained one after another, networks spend nearly all their time on
overhead. So the weights of many are stacked into tensors with one dimension more, the first, and
each operation serves all of them.
"""

import copy
import math

import torch

from helpers._checks import (
    check_counts,
    check_data,
    check_factory,
    check_loss,
    check_module,
    check_optimizers,
    check_seeds,
    check_splits,
    check_step,
    telling_rows,
)
from helpers._stack import Stack, tensors
from helpers.training import eval_mode, progress_bar

STACK_BYTES = 8 * 2**20  # weights, gradients and optimizer's state of a stack: to fit in the cache
FUSED = {torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW}


def fit_many(
    make_model, X, y, splits, seeds, *, epochs, loss, optimizer,
    batch_size=32, scheduler=None, track_test=False, progress=True,
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
    own seed alone; its neighbours and the number of threads change nothing beyond float rounding,
    and the caller's random state is left as it was.

    Parameters
    ----------
    make_model : callable () -> nn.Module
        Called once for each seed, under ``torch.manual_seed(seed)``.
    X : float tensor (n, d), or (M, n, d) for inputs of each model's own
    y : tensor (n, ...), or (M, n, ...)
    splits : pair (train rows, test rows), or M such pairs
        Row numbers, as scikit-learn's splitters give them. Their sizes may differ.
    seeds : sequence of M ints
    epochs : int, 0 or more
    loss : callable (prediction, target) -> scalar tensor
        A mean over the batch's rows, such as ``nn.MSELoss()``.
    optimizer : callable (parameters) -> torch.optim.Optimizer, or list of M such
        For example ``partial(torch.optim.Adam, lr=1e-3)``. It must work element by element.
    batch_size : int, 1 or more
    scheduler : callable (optimizer) -> LRScheduler, optional
        Stepped once at the end of each epoch.
    track_test : bool
        Whether to evaluate the loss on each model's test rows after every epoch.
    progress : bool
        Whether a run of more than two seconds may show a progress bar.

    Returns
    -------
    Ensemble

    Raises
    ------
    TypeError, ValueError
        Before any training: if an argument is not as described, or if the models cannot be trained
        side by side. That is so if training changes their buffers (BatchNorm's running statistics),
        if they draw random numbers other than by dropout, or if the optimizer does more than treat
        each element alike (LBFGS, Muon).
    """
    seeds = check_seeds(seeds)
    check_counts(epochs=(epochs, 0), batch_size=(batch_size, 1))
    check_data(X, y, len(seeds))
    splits = check_splits(splits, len(seeds), X)
    check_factory(make_model)
    check_loss(loss)
    factories, settings = check_optimizers(optimizer, scheduler, len(seeds), epochs)
    ensemble = Ensemble(make_model, seeds, X, y, splits)
    _choose_path(ensemble, loss)
    ensemble.train_loss = torch.full((len(seeds), epochs), torch.nan, device=X.device)
    ensemble.test_loss = ensemble.train_loss.clone() if track_test else None

    # The models of a stack step together: they need equally many rows, and one optimizer.
    kinds = {}
    for i, ((train, test), setting) in enumerate(zip(splits, settings)):
        kinds.setdefault((len(train), len(test), setting), []).append(i)
    parts = [part for kind in kinds.values() for part in ensemble._parts(kind)]
    with progress_bar(range(epochs * len(seeds)), progress, desc="training", unit="epoch") as bar:
        for models in parts:
            factory = factories[models[0]]
            for _ in _epochs(ensemble, models, epochs, batch_size, loss, factory, scheduler):
                bar.update(len(models))
    ensemble.predictions = ensemble.predict(X)
    return ensemble


class Ensemble:
    """M trained models, their histories and predictions; ``len()`` gives M.

    Attributes
    ----------
    train_loss : tensor (M, epochs)
        Mean loss of each epoch's rows, as trained on.
    test_loss : tensor (M, epochs), or None unless ``track_test`` asked for it
    predictions : tensor (M, n, ...)
        Each model's output for every row of X, in eval mode, at the end of training.
    seeds : list of M ints
    splits : list of M pairs (train rows, test rows) of tensors
    """

    train_loss: torch.Tensor
    test_loss: torch.Tensor | None
    predictions: torch.Tensor
    _template: torch.nn.Module

    def __init__(self, make_model, seeds, X, y, splits):
        self.seeds, self.splits = seeds, splits
        self._own = X.ndim == 3, y.shape[:2] == (len(seeds), X.shape[-2])
        self._X, self._y = X.contiguous(), y.contiguous()
        self._by_vmap = [True, True]  # the models, the loss: _choose_path decides
        with torch.random.fork_rng(devices=[]):
            for i, seed in enumerate(seeds):
                # As torch.manual_seed does, which takes longer than to make a small network.
                torch.default_generator.manual_seed(seed)
                self._add(i, make_model())

    def _add(self, i, model):
        check_module(model, self._template if i else None)
        if i == 0:
            self._template = model.to(self._X.device)
            self._state = {
                name: value.detach().new_empty((len(self), *value.shape)) for name, value in tensors(model)
            }
        for name, value in tensors(model):
            self._state[name][i] = value.detach()

    def __len__(self):
        return len(self.splits)

    def model(self, i):
        """Return model ``i`` as an ordinary module of its own, in eval mode."""
        model = copy.deepcopy(self._template)
        for name, value in tensors(model):
            value.data = self._state[name][i].clone()
        return model.eval()

    @torch.no_grad()
    def predict(self, X):
        """Return outputs (M, n, ...) for ``X`` (n, d) or (M, n, d), in eval mode."""
        outputs = []
        for models in self._parts(range(len(self))):
            stack = Stack(self, models)
            stack.module.eval()
            x = X[models] if X.ndim == 3 else X.expand(len(models), *X.shape)
            outputs.append(stack.in_batches(x))
        return torch.cat(outputs)

    def score(self, metric, on="test"):
        """Return ``metric(predictions, targets)``, a scalar, for each model's rows: tensor (M,).

        ``on`` says which rows: "test" or "train".
        """
        if on not in ("train", "test"):
            raise ValueError(f'on must be "train" or "test", got {on!r}')
        scores = []
        for i, (train, test) in enumerate(self.splits):
            rows = train if on == "train" else test
            target = (self._y[i] if self._own[1] else self._y)[rows]
            scores.append(torch.as_tensor(metric(self.predictions[i, rows], target)))
        return torch.stack(scores)

    def _parts(self, models):
        """Divide model numbers into stacks of about the same size."""
        each = 4 * sum(value[0].numel() * value.element_size() for value in self._state.values())
        parts = math.ceil(len(models) * each / STACK_BYTES)
        return [part.tolist() for part in torch.tensor(models).tensor_split(min(parts, len(models)))]

    def _rows(self, models, index):
        """Gather from X and y the rows ``index`` (m, k), a line for each of ``models``."""
        gathered = []
        for values, own in zip((self._X, self._y), self._own):
            where = index
            if own:
                where = index + torch.tensor(models, device=index.device)[:, None] * values.shape[1]
                values = values.flatten(0, 1)
            gathered.append(values.index_select(0, where.flatten()).unflatten(0, index.shape))
        return gathered


def _epochs(ensemble, models, epochs, batch_size, loss, factory, scheduler):
    """Train some of the ensemble's models as one stack, pausing after each epoch."""
    stack = Stack(ensemble, models)
    module = stack.module.train()
    train, test = (torch.stack([ensemble.splits[i][side] for i in models]) for side in (0, 1))
    optimizer = factory([p for p in module.parameters() if p.requires_grad])
    for group in optimizer.param_groups:
        # The same update, in one pass over memory.
        if type(optimizer) in FUSED and group["fused"] is None and not group["foreach"]:
            group["fused"] = True
    schedule = None if scheduler is None else scheduler(optimizer)
    for epoch in range(epochs):
        ensemble.train_loss[models, epoch] = _epoch(stack, train, batch_size, loss, optimizer)
        if ensemble.test_loss is not None:
            with eval_mode(module):
                x, target = ensemble._rows(models, test)
                ensemble.test_loss[models, epoch] = stack.losses(loss, stack.in_batches(x), target)
        if schedule is not None:
            schedule.step()
        yield
    stack.save()


def _epoch(stack, train, batch_size, loss, optimizer):
    """Train a stack on all its rows (m, n) once. Return each model's mean loss (m,)."""
    if batch_size < train.shape[1]:  # a batch of all rows is the same in any order
        train = train.gather(1, stack.shuffled(train.shape[1]))
    X, y = stack.ensemble._rows(stack.models, train)
    total = 0
    for x, target in zip(X.split(batch_size, 1), y.split(batch_size, 1)):
        losses = stack.losses(loss, stack(x), target)
        # Each loss depends on its own model's weights only: the gradient of the sum holds the
        # gradient of each.
        losses.sum().backward()
        optimizer.step()
        optimizer.zero_grad()
        total = total + losses.detach() * x.shape[1]
    return total / train.shape[1]


def _choose_path(ensemble, loss):
    """Raise unless the models can be trained side by side; find out whether vmap is needed."""
    few = list(range(min(len(ensemble), 8)))
    count = min(4, *(len(train) for train, _ in ensemble.splits))
    X, y = ensemble._rows(few, torch.stack([ensemble.splits[i][0][:count] for i in few]))
    model, own_y = ensemble._template, ensemble._y[0] if ensemble._own[1] else ensemble._y
    rows = ensemble.splits[0][0]
    rows = rows[telling_rows(own_y[rows])]
    check_step(model, loss, (ensemble._X[0] if ensemble._own[0] else ensemble._X)[rows], own_y[rows])
    before = copy.deepcopy(model).train()
    with torch.random.fork_rng(devices=[]):
        before(X[0])
    if any(not torch.equal(a, b) for a, b in zip(before.buffers(), model.buffers())):
        raise ValueError("make_model's module changes its running statistics while it trains")

    def run():
        stack = Stack(ensemble, few)
        output = stack(X)
        return output, stack.losses(loss, output, y)

    with torch.no_grad():
        try:
            expected = run()
        except Exception as error:
            raise ValueError(
                f"models of this kind can't be trained side by side: {error}. Random numbers must "
                "come from dropout, and control flow must not depend on values; or train each "
                "alone, with training.fit"
            ) from error
        # First the model without vmap, then the loss too, for as long as the numbers stay.
        for part in (0, 1):
            ensemble._by_vmap[part] = False
            try:
                same = all(map(_close, run(), expected))
            except Exception:
                same = False
            if not same:
                ensemble._by_vmap[part] = True


def _close(a, b):
    return a.shape == b.shape and torch.allclose(
        a, b, rtol=1e-4, atol=1e-5 * b.abs().max().item(), equal_nan=True
    )
