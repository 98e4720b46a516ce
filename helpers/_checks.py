"""What ``fit_many`` asks of its arguments, before any training."""

import numbers

import numpy as np
import torch
from torch import nn
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from helpers.training import _check_finite as check_finite


def check_seeds(seeds):
    seeds = list(seeds)
    if not seeds or not all(isinstance(s, numbers.Integral) for s in seeds):
        raise ValueError(f"seeds must be one or more whole numbers, one for each model, got {seeds!r}")
    return [int(seed) for seed in seeds]


def check_counts(**counts):
    for name, (count, least) in counts.items():
        if not isinstance(count, numbers.Integral) or count < least:
            raise ValueError(f"{name} must be a whole number of {least} or more, got {count!r}")


def check_data(X, y, m):
    for name, values in (("X", X), ("y", y)):
        if not isinstance(values, torch.Tensor):
            raise TypeError(
                f"{name} must be a tensor, not {type(values).__name__}; "
                f"convert it: torch.tensor(..., dtype=torch.float32)"
            )
    check_finite(X, "X", "inputs")
    check_finite(y, "y", "targets")
    if not X.is_floating_point():
        raise TypeError(f"X must hold floats, not {X.dtype}; convert it: X.float()")
    if X.ndim not in (2, 3) or X.ndim == 3 and len(X) != m:
        raise ValueError(
            f"X must be (n, d), or (M, n, d) with M = {m} seeds; got {tuple(X.shape)}. "
            "Rows of images go in flat, and the model unflattens them: nn.Unflatten(1, (1, 8, 8))"
        )
    n = X.shape[-2]
    if y.shape[:1] != (n,) and y.shape[:2] != (m, n):
        raise ValueError(
            f"y must be ({n}, ...), a target for each row of X, or ({m}, {n}, ...); got {tuple(y.shape)}"
        )


def check_splits(splits, m, X):
    splits = list(splits)
    if splits and not (len(splits[0]) and np.ndim(splits[0][0])):  # one pair of rows, not of pairs
        splits = [splits] * m
    if len(splits) != m:
        raise ValueError(
            f"splits has {len(splits)} pairs and seeds {m} numbers; give one of each for each model"
        )
    checked = []
    for i, pair in enumerate(splits):
        if len(pair) != 2:
            raise ValueError(f"splits[{i}] must be a pair (train rows, test rows), got {len(pair)} parts")
        sides = zip(pair, ("train", "test"))
        checked.append(tuple(check_rows(rows, f"splits[{i}]'s {side} rows", X) for rows, side in sides))
    return checked


def check_rows(rows, name, X):
    rows = rows.cpu().numpy() if isinstance(rows, torch.Tensor) else np.asarray(rows)
    n = X.shape[-2]
    if rows.ndim != 1 or len(rows) == 0:
        raise ValueError(f"{name} must be one or more row numbers, in one dimension; got {rows}")
    if rows.dtype.kind not in "iu":
        raise TypeError(f"{name} must be row numbers, not {rows.dtype}; from a mask: np.flatnonzero(mask)")
    if rows.min() < 0 or rows.max() >= n:
        raise ValueError(
            f"{name} must be from 0 to {n - 1}, for X has {n} rows; got {rows.min()} to {rows.max()}"
        )
    return torch.from_numpy(rows.astype(np.int64)).to(X.device)


def check_optimizers(optimizer, scheduler, m):
    factories = list(optimizer) if isinstance(optimizer, (list, tuple)) else [optimizer] * m
    if len(factories) != m:
        raise ValueError(f"optimizer is a list of {len(factories)}, seeds of {m}; give one for each model")
    settings = []
    for factory in factories:
        if not callable(factory):
            raise TypeError(
                "optimizer must be a function that makes one from parameters, for example "
                f"partial(torch.optim.Adam, lr=1e-3); got {type(factory).__name__}"
            )
        probe = factory([nn.Parameter(torch.zeros(1))])
        if not isinstance(probe, torch.optim.Optimizer):
            raise TypeError(f"optimizer must make a torch.optim.Optimizer, not {type(probe).__name__}")
        setting = type(probe), repr([group | {"params": None} for group in probe.param_groups])
        if setting not in settings:
            check_elementwise(factory)
            check_scheduler(scheduler, probe)
        settings.append(setting)
    return factories, settings


def check_scheduler(scheduler, optimizer):
    if scheduler is None:
        return
    schedule = scheduler(optimizer)
    if not isinstance(schedule, LRScheduler) or isinstance(schedule, ReduceLROnPlateau):
        raise TypeError(
            "scheduler must make a torch.optim.lr_scheduler that goes by the epoch, not by the loss "
            f"of a model; got {type(schedule).__name__}"
        )


def check_elementwise(factory):
    """Raise unless an element's update is the same whatever stands beside it."""
    draws = torch.Generator().manual_seed(0)
    together = nn.Parameter(torch.randn(3, 4, generator=draws))
    alone = nn.Parameter(together.detach()[0, :2].clone())
    try:
        optimizers = [factory([p]) for p in (together, alone)]
        for _ in range(3):
            together.grad = torch.randn(3, 4, generator=draws)
            alone.grad = together.grad[0, :2].clone()
            for optimizer in optimizers:
                optimizer.step()
    except Exception as error:
        raise ValueError(
            f"optimizer can't train models side by side: {error}. One that needs a closure (LBFGS) or "
            "whole matrices (Muon) has to train each alone, with training.fit"
        ) from error
    if not torch.allclose(together[0, :2], alone, rtol=1e-4, atol=1e-6):
        raise ValueError(
            f"optimizer can't train models side by side: in {type(optimizers[0]).__name__}, the update of "
            "one element depends on others, so that one model would disturb another. Train each "
            "alone, with training.fit"
        )


def check_alone(model, loss, x, y):
    """Raise unless one model and the loss work on rows x (n, d) and y, and leave no trace."""
    model.train()
    before = [value.clone() for value in model.buffers()]
    try:
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            output = model(x)
            # A prediction (n, 1) and a target (n,) would be compared pair by pair.
            if y.is_floating_point() and output.shape != y.shape:
                raise ValueError(
                    f"the model gives {tuple(output.shape)} for targets {tuple(y.shape)}; "
                    "make them alike, for example with y.unsqueeze(1)"
                )
            if not y.is_floating_point() and output.shape[1:] in (y.shape[1:], (1,)):
                raise ValueError(
                    f"the model gives numbers {tuple(output.shape)} for integer targets; make the "
                    "targets floats too, with y.float() in the same shape"
                )
            value = loss(output, y)
            if value.numel() != 1:
                raise ValueError(f"the loss must be one number, a mean over rows; got {tuple(value.shape)}")
            value.backward()
    except Exception as error:
        raise ValueError(
            f"make_model's module and loss don't work on X {tuple(x.shape)} {x.dtype} and "
            f"y {tuple(y.shape)} {y.dtype}: {error}"
        ) from error
    changed = [
        name for (name, value), old in zip(model.named_buffers(), before) if not torch.equal(value, old)
    ]
    if changed:
        raise ValueError(
            f"make_model's module changes {changed} while it trains (BatchNorm's running statistics "
            "do so): rows of one model would mix into a state that stacked models can't keep. Use "
            "LayerNorm, or train each model alone, with training.fit"
        )


def check_module(model, first):
    """Raise unless ``model`` is a new module with the layers of the ``first``, if there is one."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"make_model must return an nn.Module, got {type(model).__name__}")
    if first is None:
        return
    if model is first:
        raise ValueError("make_model returned one module twice; it must make a new one at each call")
    shapes = [
        [(name, value.shape) for name, value in (*m.named_parameters(), *m.named_buffers())]
        for m in (model, first)
    ]
    if shapes[0] != shapes[1]:
        raise ValueError("make_model must return the same layers at each call; only numbers may differ")
