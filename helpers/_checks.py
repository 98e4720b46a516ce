"""What ``fit``, ``fit_many`` and the others ask of their arguments, before any training.

An error names the argument and says what to do, in code where it can.
"""

import inspect
import numbers
import warnings

import numpy as np
import torch
from torch import nn
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    LRScheduler,
    OneCycleLR,
    PolynomialLR,
    ReduceLROnPlateau,
)

from helpers._trial import check_step as check_step
from helpers._trial import forked, takes

# Schedules made for a number of steps, and where they keep it.
PLANNED = {CosineAnnealingLR: "T_max", CosineAnnealingWarmRestarts: "T_0", PolynomialLR: "total_iters"}
# How what is no tensor becomes an array of numbers: tables, lists, tables of objects, sparse matrices.
WAYS = "{}.to_numpy()", "{}", "np.array({})", "{}.to_numpy(float)", "{}.astype(float)", "{}.toarray()"
SIDES = {2: ("train", "test"), 3: ("train", "validation", "test")}
CLOSURE = """
    for X, y in data:
        def closure():
            optimizer.zero_grad()
            value = loss(model(X), y)
            value.backward()
            return value
        optimizer.step(closure)"""


def check_seeds(seeds):
    if isinstance(seeds, numbers.Integral):
        raise TypeError(
            f"seeds must be a number for each model, not one: for {seeds} models, seeds=range({seeds})"
        )
    try:
        seeds = seeds.tolist() if isinstance(seeds, torch.Tensor) else list(seeds)
    except TypeError:
        seeds = [seeds]
    if not seeds or not all(_is_whole(seed) and -(2**63) <= seed < 2**64 for seed in seeds):
        raise ValueError(f"seeds must be one or more whole numbers, one for each model, got {seeds!r}")
    return [int(seed) for seed in seeds]


def check_counts(**counts):
    for name, (count, least) in counts.items():
        if not _is_whole(count) or count < least:
            raise ValueError(f"{name} must be a whole number of {least} or more, got {count!r}")


def _is_whole(number):
    return isinstance(number, numbers.Integral) and not isinstance(number, bool)


def check_clip(clip_norm):
    number = isinstance(clip_norm, numbers.Real) and not isinstance(clip_norm, bool)
    if clip_norm is not None and not (number and clip_norm > 0):
        raise ValueError(f"clip_norm must be a number above 0, or None not to clip, got {clip_norm!r}")


def check_on_epoch(on_epoch):
    if on_epoch is None:
        return
    if not callable(on_epoch) or not takes(on_epoch, 2):
        raise TypeError(
            "on_epoch must be a function of two arguments, the epoch and what is trained: "
            f"def on_epoch(epoch, model); got {name_of(on_epoch)}"
        )


def check_patience(patience, splits):
    if patience is None:
        return
    check_counts(patience=(patience, 1))
    if len(splits[0]) < 3:
        raise ValueError(
            "patience needs validation rows to be judged by, as in splits=hold_out(splits, 0.2), of "
            "helpers.validation: the test rows must not decide when to stop"
        )


def check_checkpoints(checkpoints, epochs):
    """Return the checkpoints as a set of ints."""
    try:
        checkpoints = set(checkpoints)
    except TypeError:
        checkpoints = {checkpoints}
    if wrong := [epoch for epoch in checkpoints if not _is_whole(epoch) or not 0 <= epoch <= epochs]:
        raise ValueError(
            f"checkpoints must be whole numbers from 0 to {epochs}, the epochs, such as [{epochs // 2}, {epochs}]; "
            f"got {wrong[0]!r}"
        )
    return {int(epoch) for epoch in checkpoints}


def check_model(model):
    if isinstance(model, type) and issubclass(model, nn.Module):
        raise TypeError(f"model is the class {model.__name__}; make one of it: {model.__name__}(...)")
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be an nn.Module, such as MLP(13, (50, 30), 1), got {name_of(model)}")
    if any(torch.nn.parameter.is_lazy(value) for value in (*model.parameters(), *model.buffers())):
        raise ValueError(
            "model has lazy layers without weights yet: call it on a row, model(X[:1]), before its optimizer is made"
        )


def check_factory(make_model):
    if isinstance(make_model, nn.Module):
        kind = type(make_model).__name__
        raise TypeError(
            f"make_model is a model, and must be a function that makes one for each seed: lambda: {kind}(...), "
            f"or partial({kind}, ...)"
        )
    if not callable(make_model):
        raise TypeError(
            "make_model must be a function that makes a model, such as lambda: MLP(13, (50, 30), 1), "
            f"got {name_of(make_model)}"
        )
    if not takes(make_model, 0):
        name = name_of(make_model)
        raise TypeError(
            f"make_model is called without arguments, and {name} needs some; give them here: partial({name}, ...), "
            f"or lambda: {name}(...)"
        )


def check_module(model, first):
    """Raise unless ``model`` is a new module with the layers of the ``first``, if there is one."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"make_model must return an nn.Module, got {name_of(model)}")
    if first is None:
        for name, layer in model.named_modules():
            # A method would be copied along with its module, a function goes on using the one it was made for.
            if "forward" in vars(layer) and getattr(layer.forward, "__self__", None) is not layer:
                raise ValueError(
                    f"make_model's module {name or type(model).__name__!r} has a function put in place of its forward, "
                    "which copies of the module would share with their weights; write forward in a class of its own"
                )
        return
    if model is first:
        raise ValueError(
            "make_model returned one module twice; it must make a new one at each call, inside the function: "
            "lambda: MLP(13, (50, 30), 1)"
        )
    shapes = [
        [(name, value.shape) for name, value in (*m.named_parameters(), *m.named_buffers())]
        for m in (model, first)
    ]
    if shapes[0] != shapes[1]:
        raise ValueError("make_model must return the same layers at each call; only numbers may differ")


def check_loss(loss, name="loss"):
    """Raise unless ``loss`` is a function of predictions and targets; also for a metric, by its ``name``."""
    if isinstance(loss, type):
        where = "nn." if loss.__module__.startswith("torch.nn") else ""
        raise TypeError(
            f"{name} is the class {loss.__name__}; make one of it: {name}={where}{loss.__name__}()"
        )
    if not callable(loss):
        raise TypeError(
            f"{name} must be a function (prediction, target) that returns a number, such as "
            f"{'nn.MSELoss()' if name == 'loss' else 'rmse'}, got {name_of(loss)}"
        )
    if not takes(loss, 2) and not takes(loss, 3):
        raise TypeError(
            f"{name} is called with a prediction and a target, and {name_of(loss)} takes another number of arguments: "
            f"{name}=lambda prediction, target: ..."
        )
    if name == "metric" and next(iter(_parameters(loss)), None) == "y_true":
        raise TypeError(
            f"{name}={name_of(loss)} takes the targets first, and is given them second: "
            f"{name}=lambda prediction, target: {name_of(loss)}(target, prediction)"
        )


def name_of(value):
    """Name a function or class, or say of what kind another value is."""
    return getattr(value, "__name__", None) or f"{type(value).__name__}"


def _parameters(function):
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):  # a builtin tells nothing
        return {}


def check_tensors(**values):
    others = {name: value for name, value in values.items() if not isinstance(value, torch.Tensor)}
    if others:
        what = " and ".join(
            f"{name} must be a tensor, not {type(value).__name__}" for name, value in others.items()
        )
        raise TypeError(f"{what}: {', '.join(_as_tensor(name, value) for name, value in others.items())}")


def _as_tensor(name, value):
    """Say how a value becomes a tensor, in code that was tried."""
    place = {"torch": torch, "np": np, name: value}
    for way in WAYS:
        array = way.format(name)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # PyTorch's, that a way is slow
            try:
                whole = name == "y" and np.asarray(eval(array, place)).dtype.kind in "iub"
                code = f"torch.tensor({array}{'' if whole else ', dtype=torch.float32'})"
                eval(code, place)
                return f"{name} = {code}"
            except Exception:
                continue
    return f"torch.tensor({name}, dtype=torch.float32) takes it once it holds numbers alone, in rows of one length"


def check_finite(tensor, name, part):
    if tensor.is_floating_point() and not torch.isfinite(tensor).all():
        raise ValueError(f"{name} has NaN or infinite {part}; drop or fill those rows before training")


def check_data(X, y, m, weights=None):
    given = {"X": X, "y": y} | ({} if weights is None else {"weights": weights})
    check_tensors(**given)
    check_finite(X, "X", "inputs")
    check_finite(y, "y", "targets")
    if not X.is_floating_point():
        raise TypeError(
            f"X must hold floats, not {X.dtype}; convert it: X.float(). A model that looks up categories turns them "
            "back, by x.long() in its forward"
        )
    if X.ndim not in (2, 3) or X.ndim == 3 and len(X) != m:
        flat = "X.unsqueeze(1)" if X.ndim == 1 else "X.flatten(1)"
        raise ValueError(
            f"X must be (n, d), or (M, n, d) with M = {m} seeds; got {tuple(X.shape)}. If these are n rows: {flat}"
            + (", and a model of images unflattens them: nn.Unflatten(1, (1, 8, 8))" if X.ndim > 2 else "")
        )
    n = X.shape[-2]
    if y.shape[:1] != (n,) and y.shape[:2] != (m, n):
        raise ValueError(
            f"y must be ({n}, ...), a target for each row of X, or ({m}, {n}, ...); got {tuple(y.shape)}"
        )
    if weights is not None:
        check_finite(weights, "weights", "numbers")
        if weights.shape not in ((n,), (m, n)):
            raise ValueError(
                f"weights must be ({n},), a number for each row of X, or ({m}, {n}); got {tuple(weights.shape)}"
                + ("; use weights.squeeze(1)" if weights.shape == (n, 1) else "")
            )
        if weights.dtype != X.dtype:
            raise TypeError(
                f"weights must be {X.dtype}, as X is, not {weights.dtype}; use weights.to(X.dtype)"
            )
        if weights.min() < 0:
            raise ValueError(
                f"weights must be 0 or more, got {weights.min().item():g}; use weights.clamp(min=0)"
            )


def is_splitter(cv):
    """Say if this is one of scikit-learn's, or like them: words and tensors can be split too."""
    return hasattr(cv, "split") and not isinstance(cv, (str, torch.Tensor))


def check_splits(splits, m, X):
    """Return a tuple of row numbers for each of m models: (train, test) or (train, validation, test)."""
    if is_splitter(splits):
        raise TypeError(
            f"splits is a splitter; let it split the rows: splits=list({name_of(splits)}(...).split(X))"
        )
    try:
        splits = list(splits)
        first = splits[0] if splits else []
        if len(first) == 0 or np.ndim(first[0]) == 0:  # the rows of one split: for all models
            splits = [splits] * m if splits else splits
    except TypeError:
        raise TypeError(
            "splits must be a pair (train rows, test rows), or one for each model, such as "
            f"list(KFold(5).split(X)); got {name_of(splits)}"
        ) from None
    if len(splits) != m:
        raise ValueError(
            f"splits has {len(splits)} pairs and seeds {m} numbers; give one of each for each model"
            + ("" if splits else ". An iterator gives its pairs only once, and list(cv.split(X)) keeps them")
        )
    checked = []
    for i, split in enumerate(splits):
        if len(split) not in SIDES:
            raise ValueError(
                f"splits[{i}] must be a pair (train rows, test rows), or (train, validation, test) rows, "
                f"got {len(split)} parts"
            )
        sides = SIDES[len(split)]
        checked.append(tuple(check_rows(r, f"splits[{i}]'s {side} rows", X) for r, side in zip(split, sides)))
    if len({len(split) for split in checked}) > 1:
        raise ValueError("splits must be all pairs (train, test), or all triples (train, validation, test)")
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


def telling_rows(y, first=16):
    """Return the numbers of the first rows of y (n, ...), and of those with the smallest and the largest target."""
    values = y.reshape(len(y), -1).double()
    extremes = [values.amin(1).argmin(), values.amax(1).argmax()]
    return torch.cat([torch.arange(min(first, len(y)), device=y.device), torch.stack(extremes)]).unique()


def check_optimizers(
    optimizer, scheduler, m, epochs=None, batches=None, step_scheduler="epoch", template=None
):
    """Return for each of m models a function that makes its optimizer, and a description of what it makes.

    ``template`` is a model like those to be trained; ``batches`` is how many an epoch has, an int, or ints
    where models differ.
    """
    factories = list(optimizer) if isinstance(optimizer, (list, tuple)) else [optimizer] * m
    if len(factories) != m:
        raise ValueError(f"optimizer is a list of {len(factories)}, seeds of {m}; give one for each model")
    parameters = [torch.zeros(3, 4), torch.zeros(4)]
    if template is not None:
        parameters = [p.detach() for p in template.parameters() if p.requires_grad]
        if not parameters:
            raise ValueError(
                "make_model's module has no parameter that requires a gradient, so nothing would be learned; "
                "call .requires_grad_(True) on what is to be trained"
            )
    settings = {}
    with forked():  # should an optimizer draw random numbers
        for factory in {id(factory): factory for factory in factories}.values():
            given = [nn.Parameter(p.clone()) for p in parameters]
            made = make_optimizer(factory, given)
            places = {id(p): i for i, p in enumerate(given)}
            groups = [g | {"params": [places[id(p)] for p in g["params"]]} for g in made.param_groups]
            setting = type(made), repr(groups)
            if setting not in settings.values():
                check_closure(made)
                check_elementwise(factory, parameters)
                check_scheduler(scheduler, made, step_scheduler, epochs, batches)
            settings[id(factory)] = setting
    return factories, [settings[id(factory)] for factory in factories]


def check_closure(optimizer):
    closure = inspect.signature(optimizer.step).parameters.get("closure")
    if closure is not None and closure.default is closure.empty:
        name = type(optimizer).__name__
        raise ValueError(
            f"optimizer {name} computes the loss several times a step, by a closure that fit and fit_many don't "
            f"make. Use one that doesn't, such as torch.optim.Adam; or for {name} a loop of your own, each epoch:"
            + CLOSURE
        )


def make_optimizer(factory, parameters):
    if not callable(factory):
        kind = type(factory).__name__
        example = (
            kind if isinstance(factory, torch.optim.Optimizer) and hasattr(torch.optim, kind) else "Adam"
        )
        raise TypeError(
            "optimizer must be a function that makes one from parameters, for example "
            f"partial(torch.optim.{example}, lr=1e-3); got {kind}"
        )
    try:
        optimizer = factory(parameters)
    except Exception as error:
        raise ValueError(
            f"optimizer can't be made from a model's parameters: {error}. It must be a function of them, for "
            "example partial(torch.optim.Adam, lr=1e-3)"
        ) from error
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(
            f"optimizer must make a torch.optim.Optimizer, not {name_of(optimizer)}; for example "
            "partial(torch.optim.Adam, lr=1e-3)"
        )
    own = {id(p) for p in parameters}
    if not all(id(p) in own for group in optimizer.param_groups for p in group["params"]):
        raise ValueError(
            "optimizer must be made from the parameters it is called with, not from another model's: "
            f"lambda parameters: torch.optim.{type(optimizer).__name__}(parameters, ...)"
        )
    return optimizer


def check_elementwise(factory, parameters):
    """Raise unless the update of models that are stacked is that of each alone."""
    draws = torch.Generator().manual_seed(0)

    def random():
        return [torch.randn(p.shape, generator=draws).to(p) for p in parameters]

    models = [[nn.Parameter(value) for value in random()] for _ in range(2)]
    alone = [factory(model) for model in models]
    first = [nn.Parameter(p.clone()) for p in parameters]  # the factory sees one model, as when it trains
    stacked = {id(p): nn.Parameter(torch.stack(pair).detach()) for p, *pair in zip(first, *models)}
    together = factory(first)
    for group in together.param_groups:
        group["params"] = [stacked[id(p)] for p in group["params"]]
    try:
        for _ in range(3):
            for model in models:
                for p, gradient in zip(model, random()):
                    p.grad = gradient
            for p, *pair in zip(stacked.values(), *models):
                p.grad = torch.stack([q.grad for q in pair])
            for optimizer in (*alone, together):
                optimizer.step()
    except Exception as error:
        raise ValueError(
            f"optimizer {type(together).__name__} can't train models side by side: {error}. Train each alone, with "
            "training.fit"
        ) from error
    for p, *pair in zip(stacked.values(), *models):
        if not torch.allclose(p, torch.stack(pair), rtol=1e-4, atol=1e-6):
            raise ValueError(
                f"optimizer can't train models side by side: in {type(together).__name__}, the update of "
                "one element depends on others, so that one model would disturb another. Train each "
                "alone, with training.fit"
            )


def check_scheduler(scheduler, optimizer, step_scheduler, epochs, batches):
    """Raise unless ``scheduler`` makes a schedule for the optimizer and it fits the run."""
    if scheduler is None:
        return check_schedule(None, optimizer, step_scheduler, epochs, batches)
    if not callable(scheduler):
        raise TypeError(
            "scheduler must be a function that makes one from an optimizer, for example "
            f"partial(torch.optim.lr_scheduler.StepLR, step_size=10); got {name_of(scheduler)}"
        )
    try:
        schedule = scheduler(optimizer)
    except Exception as error:
        raise ValueError(
            f"scheduler can't be made from an optimizer: {error}. It must be a function of one alone, for "
            "example partial(torch.optim.lr_scheduler.StepLR, step_size=10)"
        ) from error
    check_schedule(schedule, optimizer, step_scheduler, epochs, batches)


def check_schedule(schedule, optimizer, step_scheduler, epochs, batches):
    """Raise unless the schedule drives this optimizer, and was planned for as many steps as it will take."""
    if step_scheduler not in ("epoch", "batch"):
        raise ValueError(f'step_scheduler must be "epoch" or "batch", got {step_scheduler!r}')
    if schedule is None:
        return
    if isinstance(schedule, ReduceLROnPlateau):
        raise TypeError(
            "scheduler ReduceLROnPlateau goes by a loss, and training steps it by epochs or batches: use one that "
            "goes by these, such as torch.optim.lr_scheduler.CosineAnnealingLR; or in fit, call it yourself: "
            "on_epoch=lambda epoch, model: plateau.step(evaluate(model, validation, loss))"
        )
    if not isinstance(schedule, LRScheduler):
        raise TypeError(
            "scheduler must be one of torch.optim.lr_scheduler, made from the optimizer, such as "
            f"torch.optim.lr_scheduler.StepLR(optimizer, step_size=10); got {name_of(schedule)}"
        )
    if getattr(schedule, "optimizer", optimizer) is not optimizer:
        raise ValueError(
            "scheduler is made from another optimizer, and would never change the rate of this one; make it from "
            f"the optimizer that trains: torch.optim.lr_scheduler.{type(schedule).__name__}(optimizer, ...)"
        )
    if epochs:
        check_length(schedule, step_scheduler, epochs, batches)


def check_length(schedule, step_scheduler, epochs, batches):
    """Raise if the schedule was planned for another number of steps than the run takes."""
    batches = [batches] if isinstance(batches, numbers.Integral) else batches or []
    steps = {"epoch": {epochs}, "batch": {epochs * each for each in batches}}
    own, other = steps[step_scheduler], ({"epoch", "batch"} - {step_scheduler}).pop()
    if not own:
        return
    taken = " or ".join(map(str, sorted(own)))
    run = f"this run steps it {taken} times with step_scheduler={step_scheduler!r}"
    name = f"scheduler {type(schedule).__name__}"
    switch = f"use step_scheduler={other!r}"
    if isinstance(schedule, OneCycleLR):
        left = schedule.total_steps - schedule.last_epoch
        advice = f"use total_steps={taken}"
        if steps[other] == {left}:
            advice = switch
        elif len(own) > 1:
            advice = f"models differ in their batches: use step_scheduler='epoch' with total_steps={epochs}"
        if own != {left}:
            raise ValueError(f"{name} is planned for {left} steps, and {run}; {advice}")
    elif isinstance(schedule, CyclicLR):
        up = round(schedule.total_size * schedule.step_ratio)
        advice = f"use step_size_up={max(1, min(own) // 2)}"
        if min(own) < up:
            advice = switch if min(steps[other], default=0) >= up else advice
            raise ValueError(f"{name} takes {up} steps to reach max_lr, and {run}; {advice}")
    elif type(schedule) in PLANNED:
        length = getattr(schedule, PLANNED[type(schedule)])
        if length in steps[other] - own:
            raise ValueError(f"{name} is planned for {length} steps, and {run}; {switch}")
