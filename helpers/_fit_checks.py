"""What ``fit``, ``predict`` and ``evaluate`` ask of a model, rows in a loader, and an optimizer already made."""

from contextlib import contextmanager

import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset

from helpers._checks import (
    check_clip,
    check_closure,
    check_counts,
    check_finite,
    check_loss,
    check_model,
    check_on_epoch,
    check_schedule,
    check_tensors,
    name_of,
    telling_rows,
)
from helpers._trial import check_outputs, check_step, device_of, forked, takes


def check_fit(model, data, epochs, loss, optimizer, scheduler, step_scheduler, clip_norm,
              validation, patience, test, on_epoch):  # fmt: skip
    check_model(model)
    check_counts(epochs=(epochs, 0))
    check_loss(loss)
    check_clip(clip_norm)
    check_on_epoch(on_epoch)
    check_optimizer(optimizer, model)
    if patience is not None:
        check_counts(patience=(patience, 1))
        if validation is None:
            raise ValueError(
                "patience needs validation rows to be judged by: validation=DataLoader(TensorDataset(X, y), "
                "batch_size=32), of rows that are neither in data nor in test"
            )
        if validation is data:
            raise ValueError(
                "validation must have other rows than data: on those trained on, the loss falls for much longer. Set "
                "some aside: train_test_split(X, y, test_size=0.2, random_state=0)"
            )
    check_batches(model, loss, data, "data", train=True)
    for name, loader in (("validation", validation), ("test", test)):
        if loader is not None:
            check_batches(model, loss, loader, name)
    check_schedule(scheduler, optimizer, step_scheduler, epochs, [len(data)])


def check_evaluate(model, data, metric):
    check_model(model)
    check_loss(metric, "metric")
    check_loader(data, "data")
    if len(few_rows(data, "data", every=False)) == 3 and not takes(metric, 3):
        raise TypeError(
            f"metric={name_of(metric)} takes a prediction and a target, and data's rows have a third part, weights; "
            "leave it out: DataLoader(TensorDataset(X, y), batch_size=32)"
        )


def check_inputs(model, X):
    check_model(model)
    check_tensors(X=X)
    check_finite(X, "X", "inputs")
    if X.ndim == 0:
        raise ValueError(
            "X must be rows (n, features), and is one number: torch.tensor([[number]]) is one row"
        )


@contextmanager
def advising(model, rows, name):
    """Where the model fails on rows, a tensor or a loader, say what to do about them."""
    try:
        yield
    except Exception:
        x, of = (rows[:16], "") if name == "X" else (few_rows(rows, name, every=False)[0], f"{name}'s ")
        check_outputs(model, x.to(device_of(model)), of)
        raise


def check_optimizer(optimizer, model):
    """Raise unless the optimizer, already made, trains parameters of the model."""
    if not isinstance(optimizer, torch.optim.Optimizer):
        name = name_of(optimizer)
        example = f"torch.optim.{name if hasattr(torch.optim, name) else 'Adam'}(model.parameters(), lr=1e-3)"
        raise TypeError(
            f"optimizer must be an optimizer made from the model's parameters, such as {example}; got {name}"
        )
    check_closure(optimizer)
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    if not any(id(p) in held for p in model.parameters()):
        raise ValueError(
            "optimizer holds none of this model's parameters, so nothing would be learned; "
            f"make it from model.parameters(): torch.optim.{type(optimizer).__name__}(model.parameters(), ...)"
        )
    if not any(id(p) in held for p in model.parameters() if p.requires_grad):
        raise ValueError(
            "optimizer holds only parameters that require no gradient, so nothing would be learned; call "
            "model.requires_grad_(True), or make it from those that do"
        )


def check_batches(model, loss, data, name, train=False):
    """Raise unless a step on this loader's batches works."""
    check_loader(data, name)
    rows = [part.to(device_of(model)) for part in few_rows(data, name)]
    check_step(model, loss, *rows, of=f"{name}'s ", train=train)
    if train and data.batch_size:
        last = 0 if data.drop_last else len(data.sampler) % data.batch_size
        if 1 in (data.batch_size, last):
            check_step(model, loss, *(part[:1] for part in rows), of=f"{name}'s ")


def check_loader(data, name):
    shuffle = ", shuffle=True" if name == "data" else ""
    if not isinstance(data, DataLoader):
        if isinstance(data, Dataset):
            rows = f"list({name})" if isinstance(data, IterableDataset) else name
        elif hasattr(data, "X_train"):  # a Split
            side = "train" if name == "data" else "test"
            rows = f"TensorDataset({name}.X_{side}, {name}.y_{side})"
        elif isinstance(data, (tuple, list)) and all(isinstance(part, torch.Tensor) for part in data):
            rows = f"TensorDataset(*{name})"
        else:
            rows = "TensorDataset(X, y)"
        raise TypeError(
            f"{name} must be a DataLoader, not {type(data).__name__}; make one, of tensors X and y: "
            f"DataLoader({rows}, batch_size=32{shuffle})"
        )
    if isinstance(data.dataset, IterableDataset):
        raise TypeError(
            f"{name} is a stream (IterableDataset), whose rows can't be checked, counted and shuffled before "
            f"training; collect them: DataLoader(list({name}.dataset), batch_size={data.batch_size}{shuffle})"
        )
    if not hasattr(data.dataset, "__len__"):
        raise TypeError(f"{name} has a dataset without a length; give its class a method __len__")
    if len(data.dataset) == 0:  # type: ignore[arg-type]
        raise ValueError(f"{name} has no rows; check the split that made it")
    if len(data) == 0:
        raise ValueError(
            f"{name} gives no batch: it leaves out one that isn't full, and all its rows are fewer than "
            f"batch_size={data.batch_size}; use drop_last=False, or a smaller batch_size"
            if data.drop_last
            else f"{name} gives no batch: its sampler has no rows"
        )


def few_rows(data, name, every=True):
    """Return a few of the loader's rows, as [X, y] or [X, y, weights]; check ``every`` row for NaN on the way.

    The loader itself draws a random number whenever it is read, and would draw others afterwards.
    """
    rows = data.dataset
    if hasattr(data.sampler, "indices"):
        rows = Subset(rows, data.sampler.indices)
    size = None if data.batch_sampler is None else 1024 if every else 16
    few = []
    with forked():
        for batch in DataLoader(rows, size, collate_fn=data.collate_fn):
            check_parts(batch, name)
            if every:
                for part, what in zip(batch, ("inputs", "targets", "weights")):
                    check_finite(part, name, what)
            if all(part.shape[1:] == old.shape[1:] for part, old in zip(batch, few)):
                together = [torch.cat(parts) for parts in zip(few, batch)] if few else batch
                few = [part[telling_rows(together[1])] for part in together]
            if not every:
                break
    return few


def check_parts(batch, name):
    shuffle = ", shuffle=True" if name == "data" else ""
    if isinstance(batch, dict):
        keys = ", ".join(f"row[{key!r}]" for key in list(batch)[:2])
        raise TypeError(
            f"{name}'s rows are dictionaries, and must be pairs (X, y), such as "
            f"DataLoader([({keys}) for row in {name}.dataset], batch_size=32{shuffle})"
        )
    if not isinstance(batch, (tuple, list)) or len(batch) not in (2, 3):
        parts = f"{len(batch)} part(s)" if isinstance(batch, (tuple, list)) else "one part"
        raise TypeError(
            f"{name}'s rows must be (X, y), or (X, y, weights), and have {parts}; for example "
            f"DataLoader(TensorDataset(X, y), batch_size=32{shuffle})"
        )
    for part in batch:
        if not isinstance(part, torch.Tensor):
            raise TypeError(
                f"{name}'s rows must hold numbers alone, and one part is a {type(part).__name__}; encode it"
            )
