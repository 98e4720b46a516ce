"""Many small networks trained at once, each as if it were alone.

A claim about a network is only as good as the number of seeds behind it. Training one network
after another spends most of the time on overhead: a layer of 50 units is far too little work for
a processor. So the weights of M networks are stacked into tensors with a leading dimension of M,
and each operation serves all of them.
"""

import copy
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from helpers.training import eval_mode, progress_bar

CHUNK = 100  # models stacked together, at least
NUMBERS = 500_000  # parameters and inputs together, in a chunk of small models: they fit in the cache


def fit_many(
    make_model, X, y, splits, seeds, *, epochs, loss, optimizer,
    batch_size=32, scheduler=None, track_test=False, progress=True,
):  # fmt: skip
    """Train M models, each on its own rows and from its own seed, as if each were alone.

    Model i is what this gives, up to float rounding (and to the dropout masks, which come from a
    stream of their own for each seed)::

        torch.manual_seed(seeds[i])
        model = make_model()
        shuffle = torch.Generator().manual_seed(seeds[i])
        train = TensorDataset(X[train_rows], y[train_rows])
        data = DataLoader(train, batch_size, shuffle=True, generator=shuffle)
        fit(model, data, epochs=epochs, loss=loss, optimizer=optimizer(model.parameters()))

    Everything about a model depends on its own seed alone: neither its neighbours nor the number
    of threads matter, beyond float rounding. The caller's random state is left as it was.

    Parameters
    ----------
    make_model : callable () -> nn.Module
        Called once for each seed, under ``torch.manual_seed(seed)``.
    X : float tensor (n, d), or (M, n, d) for inputs of each model's own
    y : tensor (n, ...), or (M, n, ...)
    splits : pair (train rows, test rows), or list of M pairs
        Row numbers, as scikit-learn's splitters give them; their sizes may differ.
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
        Before any training, if an argument is not as described, or if the models could not be
        trained side by side: their buffers change in training (BatchNorm's running statistics),
        they draw random numbers other than by dropout, or the optimizer is not elementwise
        (LBFGS, Muon).
    """
    seeds = [int(seed) for seed in seeds]
    splits = _as_pairs(splits, len(seeds), X.shape[-2])
    factories = list(optimizer) if isinstance(optimizer, (list, tuple)) else [optimizer] * len(seeds)
    models = _make(make_model, seeds, X.device)
    kinds = {}
    for i, ((train, test), factory) in enumerate(zip(splits, factories)):
        kinds.setdefault((len(train), len(test), _settings(factory)), []).append(i)
    chunks = [
        part
        for (rows, *_), kind in kinds.items()
        for part in torch.tensor(kind).split(_chunk_size(models[0], rows * X.shape[-1]))
    ]
    ensemble = Ensemble(models, X, y, splits, epochs, track_test)
    bar = progress_bar(range(epochs * len(seeds)), progress, desc="training", unit="epoch")
    with bar:
        for chunk in chunks:
            _fit_chunk(
                ensemble, chunk, [seeds[i] for i in chunk], batch_size, loss, factories[chunk[0]],
                scheduler, bar,
            )  # fmt: skip
    ensemble.predictions = ensemble.predict(X)
    return ensemble


class Ensemble:
    """M trained models, their histories and predictions; ``len()`` is M.

    Attributes
    ----------
    train_loss : tensor (M, epochs)
        The mean loss of each epoch's rows, as trained on.
    test_loss : tensor (M, epochs), or None unless asked for by ``track_test``
    predictions : tensor (M, n, ...)
        Each model's output for all rows, in eval mode, at the end of training.
    splits : list of M pairs (train rows, test rows) of int64 tensors
    """

    def __init__(self, models, X, y, splits, epochs, track_test):
        self._template = models[0]
        self._state = {
            name: torch.stack([m.state_dict(keep_vars=True)[name].detach() for m in models])
            for name in models[0].state_dict()
        }
        self.X, self.y, self.splits = X, y, splits
        self.train_loss = torch.full((len(models), epochs), torch.nan, device=X.device)
        self.test_loss = self.train_loss.clone() if track_test else None

    def __len__(self):
        return len(self.splits)

    def model(self, i):
        """Return model ``i`` as an ordinary module, in eval mode."""
        model = copy.deepcopy(self._template)
        model.load_state_dict({name: value[i] for name, value in self._state.items()})
        return model.eval()

    @torch.no_grad()
    def predict(self, X):
        """Return outputs (M, n, ...) for ``X`` (n, d) or (M, n, d), in eval mode."""
        template = copy.deepcopy(self._template).eval()
        outputs = []
        for chunk in torch.arange(len(self)).split(CHUNK):
            state = {name: _broadcastable(value[chunk]) for name, value in self._state.items()}
            x = X[chunk] if X.ndim == 3 else X.expand(len(chunk), *X.shape)
            outputs.append(_Stack(template, state, x)(state, x))
        return torch.cat(outputs)

    def score(self, metric, on="test"):
        """Return ``metric(predictions, targets)``, a scalar, of each model's rows: tensor (M,).

        ``on`` says which rows: "test" or "train".
        """
        side = ("train", "test").index(on)
        scores = []
        for i, split in enumerate(self.splits):
            target = self.y[i] if _per_model(self.y, len(self), self.X.shape[-2]) else self.y
            scores.append(torch.as_tensor(metric(self.predictions[i, split[side]], target[split[side]])))
        return torch.stack(scores)


def _fit_chunk(ensemble, chunk, seeds, batch_size, loss, factory, scheduler, bar):
    train = torch.stack([ensemble.splits[i][0] for i in chunk])
    test = torch.stack([ensemble.splits[i][1] for i in chunk])
    X, y, m = ensemble.X, ensemble.y, len(chunk)
    own_X, own_y = X.ndim == 3, _per_model(y, len(ensemble), X.shape[-2])

    def rows(values, own, index):
        return values[chunk[:, None], index] if own else values[index]

    template = ensemble._template.train()
    trainable = {name for name, p in template.named_parameters() if p.requires_grad}
    state = {
        name: _broadcastable(value[chunk]).requires_grad_(name in trainable)
        for name, value in ensemble._state.items()
    }
    parameters = [state[name] for name in state if name in trainable]
    optimizer = factory(parameters)
    for group in optimizer.param_groups:
        if "fused" in group and type(optimizer) in (torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD):
            group["fused"] = True
    schedule = scheduler(optimizer) if scheduler is not None else None
    stack = _Stack(template, state, rows(X, own_X, train[:, :8]), seeds)
    losses = torch.func.vmap(loss)
    shuffles = [torch.Generator().manual_seed(seed) for seed in seeds]
    for epoch in range(ensemble.train_loss.shape[1]):
        order = train
        if batch_size < train.shape[1]:  # a batch of all rows is the same in any order
            order = train.gather(1, torch.stack([_shuffled(train.shape[1], g) for g in shuffles]))
        epoch_X, epoch_y = rows(X, own_X, order), rows(y, own_y, order)
        total = 0
        for x, target in zip(epoch_X.split(batch_size, 1), epoch_y.split(batch_size, 1)):
            batch = losses(stack(state, x), target)
            # Each loss depends on one model's parameters only, so the gradient of the sum holds
            # the gradient of each.
            batch.sum().backward()
            optimizer.step()
            optimizer.zero_grad()
            total = total + batch.detach() * x.shape[1]
        ensemble.train_loss[chunk, epoch] = total / train.shape[1]
        if schedule is not None:
            schedule.step()
        if ensemble.test_loss is not None:
            with eval_mode(template):
                pred = stack(state, rows(X, own_X, test))
                ensemble.test_loss[chunk, epoch] = losses(pred, rows(y, own_y, test))
        bar.update(m)
    for name, value in state.items():
        ensemble._state[name][chunk] = value.detach().reshape(ensemble._state[name][chunk].shape)


class _Stack(TorchFunctionMode):
    """Runs one module's code on the stacked parameters of many.

    Layers that treat rows and leading dimensions alike need no change. Those that do not are
    replaced here: a linear layer, by a batched matrix product; dropout, by masks drawn from each
    model's own stream.
    """

    def __init__(self, template, state, x, seeds=()):
        super().__init__()
        self.template = template
        self.streams = [np.random.SFC64(seed % 2**64) for seed in seeds]

    def __call__(self, state, x):
        with self:
            return torch.func.functional_call(self.template, state, (x,))

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is F.linear:
            return self.linear(*args, **(kwargs or {}))
        if func is F.dropout:
            return self.dropout(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))

    def linear(self, x, weight, bias=None):
        # Features first: then the gradient of the weight comes out in the weight's own layout.
        if bias is None:
            return torch.bmm(weight, x.mT).mT
        return torch.baddbmm(bias.mT, weight, x.mT).mT

    def dropout(self, x, p=0.5, training=True, inplace=False):
        if not training or p == 0:
            return x
        size = x[0].numel()
        bits = np.stack([s.random_raw(-(-size // 4)) for s in self.streams]).view(np.uint16)[:, :size]
        keep = torch.from_numpy(bits >= round(p * 2**16)).view_as(x)
        return x * (keep * (1 / (1 - p)))


def _chunk_size(model, inputs):
    return max(CHUNK, NUMBERS // (sum(p.numel() for p in model.parameters()) + inputs))


def _make(make_model, seeds, device):
    models = []
    with torch.random.fork_rng():
        for seed in seeds:
            torch.manual_seed(seed)
            models.append(make_model().to(device))
    return models


def _shuffled(n, generator):
    # A shuffling DataLoader also draws a number for its workers, before, and an order that it
    # throws away, after: without them, the next epoch would differ from its own.
    torch.empty((), dtype=torch.int64).random_(generator=generator)
    order = torch.randperm(n, generator=generator)
    torch.randperm(n, generator=generator)
    return order


def _broadcastable(value):
    """Give stacked scalars and vectors the dimensions that let them meet rows of features."""
    return value.reshape(len(value), *[1] * max(0, 3 - value.ndim), *value.shape[1:])


def _per_model(y, m, n):
    return y.ndim > 1 and y.shape[:2] == (m, n)


def _settings(factory):
    probe = factory([nn.Parameter(torch.zeros(1))])
    return type(probe), repr(sorted(probe.defaults.items()))


def _as_pairs(splits, m, n):
    splits = splits if isinstance(splits, tuple) else list(splits)
    if np.ndim(splits[0][0]) == 0:
        splits = [splits] * m
    return [tuple(torch.as_tensor(np.asarray(side), dtype=torch.int64) for side in pair) for pair in splits]
