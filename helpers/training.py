"""The training loop of chapter 3, and what measures its result."""

import copy
import math
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import nn
from tqdm import tqdm

from helpers._fit_checks import advising, check_evaluate, check_fit, check_inputs
from helpers._trial import device_of, measure


def progress_bar(steps, progress=True, **labels):
    """Wrap ``steps`` in a bar that shows after two seconds and leaves nothing behind.

    Quiet unless a person is watching, in a terminal or a notebook; the environment variable
    ``TQDM_DISABLE=1`` silences it there too.

    Examples
    --------
    >>> sum(progress_bar(range(4), desc="adding"))
    6
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
    validation_loss: list = field(default_factory=list)  # empty unless fit was given validation rows
    lr: list = field(default_factory=list)  # learning rate of the epoch's first step
    best_epoch: int = 0  # epochs trained when the validation loss was lowest; 0 without one


@contextmanager
def eval_mode(model):
    """Switch ``model`` to evaluation, without gradients, and put each submodule back as it was.

    Examples
    --------
    >>> model = nn.Linear(2, 1)
    >>> with eval_mode(model):
    ...     model.training, model(torch.ones(1, 2)).requires_grad
    (False, False)
    >>> model.training
    True
    """
    modes = [(module, module.training) for module in model.modules()]
    try:
        with torch.no_grad():
            yield model.eval()
    finally:
        for module, mode in modes:
            module.training = mode


def fit(
    model, data, *, epochs, loss, optimizer, scheduler=None, step_scheduler="epoch", clip_norm=None,
    validation=None, patience=None, test=None, on_epoch=None, progress=True,
):  # fmt: skip
    """Train ``model`` in place: ``epochs`` passes over ``data``, a step for each mini-batch.

    Parameters
    ----------
    model : nn.Module
    data : DataLoader
        Batches (X, y) that the model and the loss accept; the loader does the shuffling. With a third
        part, weights (n,), the loss is called with it too.
    epochs : int, 0 or more
    loss : callable (prediction, target) or (prediction, target, weights) -> scalar tensor
        A mean over the batch's rows, such as ``nn.MSELoss()``.
    optimizer : torch.optim.Optimizer
        Made from this model's parameters.
    scheduler : torch.optim.lr_scheduler.LRScheduler, optional
        Made from this optimizer.
    step_scheduler : "epoch" or "batch"
        Whether the schedule steps at the end of each epoch, or after each mini-batch.
    clip_norm : float above 0, optional
        Longest that a step's gradient, of all parameters together, may be; a longer one is shortened.
    validation : DataLoader, optional
        Rows on which the loss is evaluated after each epoch, never trained on; ``patience`` goes by them.
    patience : int, 1 or more, optional
        Training ends when the validation loss has not fallen below its best for so many epochs, and the
        model gets the weights and buffers of its best epoch back.
    test : DataLoader, optional
        Rows on which the loss is evaluated after each epoch; nothing goes by them.
    on_epoch : callable (epoch, model), optional
        Called after each epoch, counted from 1; training ends when it returns ``True``.
    progress : bool
        Whether a run of more than two seconds may show a progress bar.

    Returns
    -------
    History

    Raises
    ------
    TypeError, ValueError
        Before any training: if an argument is not as described, a loader has no rows or NaN in them, the
        model and the loss don't work on its rows, nothing would be learned, or the schedule was planned
        for another number of steps. The message says what to do.

    Examples
    --------
    >>> X = torch.linspace(0, 1, 64).unsqueeze(1)
    >>> data, model = DataLoader(TensorDataset(X, 2 * X), batch_size=16), nn.Linear(1, 1)
    >>> optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    >>> history = fit(model, data, epochs=50, loss=nn.MSELoss(), optimizer=optimizer)
    >>> history.train_loss[-1] < 0.01
    True
    """
    check_fit(model, data, epochs, loss, optimizer, scheduler, step_scheduler, clip_norm,
              validation, patience, test, on_epoch)  # fmt: skip
    history, device, best_loss = History(), device_of(model), math.inf
    best_state = None if patience is None else copy.deepcopy(model.state_dict())
    steps_after = None if scheduler is None else step_scheduler
    for epoch in progress_bar(range(1, epochs + 1), progress, desc="training", unit="epoch"):
        history.lr.append(optimizer.param_groups[0]["lr"])
        model.train()
        total, rows = 0.0, 0
        for batch in data:
            X, y, *weights = (part.to(device) for part in batch)
            optimizer.zero_grad()
            batch_loss = loss(model(X), y, *weights)
            batch_loss.backward()
            if clip_norm is not None:
                nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
            optimizer.step()
            if steps_after == "batch":
                scheduler.step()
            # A mean over rows, not over batches: the last batch may be smaller.
            total, rows = total + batch_loss.item() * len(X), rows + len(X)
        history.train_loss.append(total / rows)
        if steps_after == "epoch":
            scheduler.step()
        if test is not None:
            history.test_loss.append(_evaluate(model, test, loss))
        if validation is not None:
            history.validation_loss.append(_evaluate(model, validation, loss))
            if history.validation_loss[-1] < best_loss:
                best_loss, history.best_epoch = history.validation_loss[-1], epoch
                if patience is not None:
                    best_state = copy.deepcopy(model.state_dict())
        if on_epoch is not None and on_epoch(epoch, model) is True:
            break
        if patience is not None and epoch - history.best_epoch >= patience:
            break
    if best_state is not None:
        model.load_state_dict(best_state)
    return history


def predict(model, X):
    """Return the model's output for ``X`` (n, features), in eval mode and without gradients.

    Raises
    ------
    TypeError, ValueError
        If ``X`` is no tensor, holds NaN, or the model doesn't take it. The message says what to do.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(3, 1), nn.Dropout(0.5)).train()
    >>> predict(model, torch.rand(4, 3)).shape
    torch.Size([4, 1])
    >>> model.training
    True
    """
    check_inputs(model, X)
    with eval_mode(model), advising(model, X, "X"):
        return model(X.to(device_of(model)))


def evaluate(model, data, metric):
    """Return ``metric(predictions, targets)`` over all rows of ``data``, as a float.

    Parameters
    ----------
    model : nn.Module
        Its mode is put back afterwards, and its gradients are left alone.
    data : DataLoader
        Batches (X, y), or (X, y, weights) for a metric of three arguments.
    metric : callable (prediction, target) -> scalar
        It gets all rows at once, so a metric that is no mean over rows, such as ``rmse``, is right.

    Raises
    ------
    TypeError, ValueError
        If ``data`` is no DataLoader or has no rows, the model doesn't take them, or the metric would compare
        predictions with other rows' targets. The message says what to do.

    Examples
    --------
    >>> X = torch.rand(40, 1)
    >>> data = DataLoader(TensorDataset(X, X + 3), batch_size=16)
    >>> round(evaluate(nn.Identity(), data, rmse), 4)
    3.0
    """
    check_evaluate(model, data, metric)
    with advising(model, data, "data"):
        return _evaluate(model, data, lambda *parts: measure(metric, *parts))


def _evaluate(model, data, metric):
    device, batches = device_of(model), []
    with eval_mode(model):
        for batch in data:
            X, *others = (part.to(device) for part in batch)
            batches.append((model(X), *others))
        return float(metric(*(torch.cat(parts) for parts in zip(*batches))))


def rmse(prediction, target):
    """Return the root mean squared error, a scalar tensor in the unit of ``target``.

    Raises ValueError if the shapes differ: (n, 1) against (n,) would compare every pair of rows.

    Examples
    --------
    >>> rmse(torch.tensor([[1.0], [5.0]]), torch.tensor([[4.0], [1.0]])) ** 2  # of 3 and 4
    tensor(12.5000)
    """
    if prediction.shape != target.shape:
        raise ValueError(
            f"prediction {tuple(prediction.shape)} and target {tuple(target.shape)} must have the "
            "same shape; reshape one of them, for example target.unsqueeze(1)"
        )
    return (prediction - target).square().mean().sqrt()
