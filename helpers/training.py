"""The training loop of chapter 2, and what measures its result."""

import sys
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch.utils.data import DataLoader
from tqdm import tqdm


def progress_bar(steps, progress=True, **labels):
    """Wrap ``steps`` in a bar that shows after two seconds and leaves nothing behind.

    Quiet unless a person is watching, in a terminal or a notebook; the environment variable
    ``TQDM_DISABLE=1`` silences it there too.
    """
    watched = sys.stderr.isatty() or "ipykernel" in sys.modules
    # None, not False, where it may show: it leaves the choice to TQDM_DISABLE.
    options = {} if progress and watched else {"disable": True}
    return tqdm(steps, delay=2, leave=False, **options, **labels)


@dataclass
class History:
    """What ``fit`` saw: a number for each epoch in each list, in scaled units."""

    train_loss: list = field(default_factory=list)  # mean loss of the epoch's rows, as trained on
    test_loss: list = field(default_factory=list)  # empty unless fit was given test rows
    lr: list = field(default_factory=list)  # learning rate used in the epoch


def device_of(model):
    """Return the device the model's parameters are on (the CPU if it has none)."""
    return next((p.device for p in model.parameters()), torch.device("cpu"))


@contextmanager
def eval_mode(model):
    """Switch ``model`` to evaluation, without gradients, and put each submodule back as it was."""
    modes = [(module, module.training) for module in model.modules()]
    try:
        with torch.no_grad():
            yield model.eval()
    finally:
        for module, mode in modes:
            module.training = mode


def fit(model, data, *, epochs, loss, optimizer, scheduler=None, test=None, progress=True):
    """Train ``model`` in place: ``epochs`` passes over ``data``, a step for each mini-batch.

    Parameters
    ----------
    model : nn.Module
    data : DataLoader
        Batches (X, y) that the model and the loss accept; the loader does the shuffling.
    epochs : int, 0 or more
    loss : callable (prediction, target) -> scalar tensor
        A mean over the batch's rows, such as ``nn.MSELoss()``.
    optimizer : torch.optim.Optimizer
        Made from this model's parameters.
    scheduler : torch.optim.lr_scheduler.LRScheduler, optional
        Stepped once at the end of each epoch.
    test : DataLoader, optional
        Rows on which the loss is evaluated after each epoch; never trained on.
    progress : bool
        Whether a run of more than two seconds may show a progress bar.

    Returns
    -------
    History

    Raises
    ------
    TypeError, ValueError
        Before any training: if ``epochs`` is negative, a loader is empty or no DataLoader, its
        rows hold NaN, predictions and float targets differ in shape, or the optimizer holds
        none of the model's parameters.
    """
    _check_fit(model, data, epochs, optimizer, test)
    history, device = History(), device_of(model)
    for _ in progress_bar(range(epochs), progress, desc="training", unit="epoch"):
        model.train()
        total, rows = 0.0, 0
        for X, y in data:
            X, y = X.to(device), y.to(device)
            optimizer.zero_grad()
            batch_loss = loss(model(X), y)
            batch_loss.backward()
            optimizer.step()
            # A mean over rows, not over batches: the last batch may be smaller.
            total, rows = total + batch_loss.item() * len(X), rows + len(X)
        history.train_loss.append(total / rows)
        history.lr.append(optimizer.param_groups[0]["lr"])
        if test is not None:
            history.test_loss.append(evaluate(model, test, loss))
        if scheduler is not None:
            scheduler.step()
    return history


def predict(model, X):
    """Return the model's output for ``X`` (n, features), in eval mode and without gradients."""
    _check_finite(X, "X", "inputs")
    with eval_mode(model):
        return model(X.to(device_of(model)))


def evaluate(model, data, metric):
    """Return ``metric(predictions, targets)`` over all rows of ``data``, as a float.

    Parameters
    ----------
    model : nn.Module
        Its mode is put back afterwards, and its gradients are left alone.
    data : DataLoader
        Batches (X, y).
    metric : callable (prediction, target) -> scalar
        It gets all rows at once, so a metric that is no mean over rows, such as ``rmse``, is right.

    Raises
    ------
    TypeError, ValueError
        If ``data`` is no DataLoader or has no rows.
    """
    _check_loader(data, "data")
    device = device_of(model)
    with eval_mode(model):
        batches = [(model(X.to(device)), y.to(device)) for X, y in data]
        predictions, targets = (torch.cat(parts) for parts in zip(*batches))
        return float(metric(predictions, targets))


def rmse(prediction, target):
    """Return the root mean squared error, a scalar tensor in the unit of ``target``.

    Raises ValueError if the shapes differ: (n, 1) against (n,) would compare every pair of rows.
    """
    if prediction.shape != target.shape:
        raise ValueError(
            f"prediction {tuple(prediction.shape)} and target {tuple(target.shape)} must have the "
            "same shape; reshape one of them, for example target.unsqueeze(1)"
        )
    return (prediction - target).square().mean().sqrt()


def _check_fit(model, data, epochs, optimizer, test):
    if not isinstance(epochs, int) or epochs < 0:
        raise ValueError(f"epochs must be a whole number of 0 or more, got {epochs!r}")
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(
            "optimizer must be an optimizer made from the model's parameters, for example "
            f"torch.optim.Adam(model.parameters()); got {type(optimizer).__name__}"
        )
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    if not any(id(p) in held for p in model.parameters()):
        raise ValueError(
            "optimizer holds none of this model's parameters, so nothing would be learned; "
            "make it from model.parameters()"
        )
    for name, loader in (("data", data), ("test", test)):
        if loader is not None:
            _check_loader(loader, name)
            _check_rows(model, loader, name)


def _check_loader(data, name):
    if not isinstance(data, DataLoader):
        raise TypeError(
            f"{name} must be a DataLoader, not {type(data).__name__}; "
            "wrap tensors: DataLoader(TensorDataset(X, y), batch_size=32)"
        )
    if len(data.dataset) == 0:  # type: ignore[arg-type]  # a Dataset need not have a length; ours do
        raise ValueError(f"{name} has no rows; check the split that made it")


def _check_rows(model, data, name):
    # A loader draws from a generator even when it does not shuffle: use one of our own, so that
    # checking never changes what training draws.
    rows = DataLoader(data.dataset, batch_size=1024, collate_fn=data.collate_fn, generator=torch.Generator())
    for X, y in rows:
        _check_finite(X, name, "inputs")
        _check_finite(y, name, "targets")
    with eval_mode(model):
        prediction = model(X[:2].to(device_of(model)))
    shapes = getattr(prediction, "shape", None), y[:2].shape
    # Class numbers have a shape of their own; a model may also return several tensors.
    if y.is_floating_point() and shapes[0] is not None and shapes[0] != shapes[1]:
        raise ValueError(
            f"the model gives {tuple(shapes[0])} for {name} targets of {tuple(shapes[1])}; the loss "
            "would silently compare every pair of rows. Make targets (n, 1): y.unsqueeze(1)"
        )


def _check_finite(tensor, name, part):
    if tensor.is_floating_point() and not torch.isfinite(tensor).all():
        raise ValueError(f"{name} has NaN or infinite {part}; drop or fill those rows before training")
