"""A step of training, tried on a few rows before the first one counts.

PyTorch's errors say what failed, not what to do about it, and some slips raise none: a loss of (n, 1) and
(n,) compares every prediction with every target. ``check_step`` finds both. A conversion of the rows that a
message advises has been tried: its words are the code that ran.
"""

import inspect
import warnings
from contextlib import contextmanager
from itertools import product

import torch
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

# Losses of PyTorch in which each prediction meets one target.
ELEMENTWISE = {
    F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.huber_loss, F.poisson_nll_loss, F.soft_margin_loss,
    F.binary_cross_entropy, F.binary_cross_entropy_with_logits,
}  # fmt: skip
CLASSES = {F.cross_entropy, F.nll_loss}

# Words in an error of PyTorch, and what helps where no conversion of the rows does.
REMEDIES = {
    "input should be between 0 and 1": "let the model end in nn.Sigmoid(), or leave its outputs as they are and use "
    "loss=nn.BCEWithLogitsLoss()",
    "more than 1 value per channel": "BatchNorm can't train on a batch of one row: use drop_last=True in the "
    "DataLoader if it is the last one, or a larger batch_size",
    "numpy": "a loss needs gradients, which NumPy and scikit-learn don't give: use PyTorch's operations, "
    "such as nn.MSELoss()",
    "scalar types: Long, Int": "an embedding looks up whole numbers: x.long() in the model's forward",
    "index out of range": "an embedding needs a row for each category, numbered from 0: "
    "num_embeddings=int(X.max()) + 1",
    "input to conv": "rows that are flat have to be unfolded: nn.Unflatten(1, (1, height, width)) as the model's first "
    "layer",
    "graph a second time": "leave .backward() out of the loss: training calls it",
}


class Slip(ValueError):
    """A problem that PyTorch lets pass, with a remedy for when no conversion of the rows helps."""

    def __init__(self, problem, remedy):
        super().__init__(problem)
        self.remedy = remedy


def check_step(model, loss, x, y, weights=None, *, of="", train=True):
    """Raise ValueError unless the model and the loss work on a few rows, and leave no trace.

    Parameters
    ----------
    model : nn.Module
    loss : callable (prediction, target) or (prediction, target, weights) -> scalar tensor
    x, y, weights : tensors of n rows each
        A class without an output is noticed if the largest and the smallest target are among them.
    of : str
        Whose rows they are, for the message, such as "data's ".
    train : bool
        Whether to try a step of training, with gradients, or one of evaluation.
    """
    rows = {"X": x, "y": y} | ({} if weights is None else {"weights": weights})
    with untouched(model, loss):
        try:
            _step(model, loss, rows, train)
        except Exception as error:
            advice = (
                _conversion(model, rows, lambda rows: _step(model, loss, rows, train))
                or _remedy(error, model, x)
                or _about_weights(error, **rows)
            )
            raise ValueError(
                _message("the model and the loss don't work on", rows, of, error, advice)
            ) from error


def check_outputs(model, x, of=""):
    """Raise ValueError unless the model, in evaluation, takes rows x, and leave no trace."""
    with untouched(model), torch.no_grad():
        model.eval()
        try:
            model(x.clone())
        except Exception as error:
            advice = _conversion(model, {"X": x}, lambda rows: model(rows["X"])) or _remedy(error, model, x)
            raise ValueError(_message("the model doesn't work on", {"X": x}, of, error, advice)) from error


def measure(metric, prediction, target, *weights):
    """Return ``metric(prediction, target)``, or with the weights, as a float, unless it mixes up rows."""
    try:
        with Losses(len(prediction)) as watch:
            value = metric(prediction, target, *weights)
        if watch.may_mix_rows and prediction.shape != target.shape:
            check_pairs(metric, *(part[:16] for part in (prediction, target, *weights)))
    except Slip as slip:
        alike = prediction.numel() == target.numel()
        remedy = (
            "use target.view_as(prediction) in it, or targets of the predictions' shape"
            if alike
            else slip.remedy
        )
        raise ValueError(f"metric: {slip}; {remedy}") from None
    except Exception as error:
        if target.is_floating_point():
            raise
        accuracy = "metric=lambda prediction, target: (prediction.argmax(1) == target).float().mean()"
        raise ValueError(
            f"metric: {error}. If the targets are classes, take their accuracy: {accuracy}"
        ) from error
    value = torch.as_tensor(value)
    if value.numel() != 1:
        raise ValueError(
            f"metric must give one number, and gives {value.numel()}; take their mean, by .mean()"
        )
    return value.item()


@contextmanager
def untouched(*tried):
    """Let modules be tried: afterwards all of them, and the random state, are as they were before."""
    kept, gradients = [], []
    for module in (module for one in tried if isinstance(one, nn.Module) for module in one.modules()):
        for place in (vars(module), module._parameters, module._buffers):
            tensors = [(t, t.detach().clone()) for t in place.values() if isinstance(t, torch.Tensor)]
            kept.append((place, dict(place), tensors))
        gradients += [(p, p.grad) for p in module.parameters(recurse=False)]
    for p, _ in gradients:
        p.grad = None
    try:
        with forked():
            yield
    finally:
        for place, entries, tensors in kept:
            place.clear()
            place.update(entries)
            for tensor, value in tensors:
                if not torch.equal(tensor, value):  # some can't be written to: an expanded one
                    tensor.data.copy_(value)
        for p, gradient in gradients:
            p.grad = gradient


def forked():
    """Put the random state back afterwards."""
    return torch.random.fork_rng(devices=range(torch.cuda.device_count()))


def _step(model, loss, rows, train):
    """Do what training or evaluation does with a batch. Raise what it raises, or a Slip."""
    x, y, *weights = rows.values()
    model.train(train)
    with forked(), torch.set_grad_enabled(train):
        output = model(x.clone())
        if not isinstance(output, torch.Tensor):
            raise Slip(
                f"the model returns a {type(output).__name__}",
                "let its forward return one tensor, the prediction",
            )
        for name, part in rows.items():
            if name != "X" and part.is_floating_point() and part.dtype != output.dtype:
                raise Slip(
                    f"{name} is {part.dtype}, and the model gives {output.dtype}",
                    f"use {name}.to({output.dtype})",
                )
        _check_finite(output, "the model gives", x, y)
        if weights and not takes(loss, 3):
            raise Slip(
                "the rows have a third part, weights, and the loss takes a prediction and a target alone",
                f"leave it out, TensorDataset(X, y), or {_weighted(y, *weights)}",
            )
        with Losses(len(x)) as watch:
            value = loss(output, y, *weights)
        if not isinstance(value, torch.Tensor) or value.numel() != 1:
            found = tuple(value.shape) if isinstance(value, torch.Tensor) else type(value).__name__
            raise Slip(
                f"the loss must be one number, a mean over rows, in a tensor; got {found}",
                'take the mean, by reduction="mean" in a loss of PyTorch or by .mean(), and leave it a tensor, '
                "without .item()",
            )
        _check_finite(value, "the loss is", x, y)
        if train:
            _check_gradient(model, value, x, y)
        if watch.wants_probabilities:  # what happens to be one now may not stay one
            loss(model(1e3 * x), y, *weights)
    if watch.may_mix_rows and output.shape != y.shape:
        check_pairs(loss, output.detach(), y, *weights)
    if weights:
        check_weights(loss, output.detach(), y, *weights)


def device_of(model):
    """Return the device the model's parameters are on (the CPU if it has none)."""
    return next((p.device for p in model.parameters()), torch.device("cpu"))


def takes(function, number):
    """Say if a function can be called with so many arguments."""
    try:
        # A module's own __call__ takes anything and hands it to forward.
        called = function.forward if isinstance(function, nn.Module) else function
        inspect.signature(called).bind(*range(number))
    except TypeError:
        return False
    except ValueError:  # a builtin tells nothing
        return True
    return True


class Losses(TorchFunctionMode):
    """Raise Slip where one of PyTorch's losses is misused, and note if operations may mix up rows."""

    def __init__(self, rows):
        super().__init__()
        self.rows, self.may_mix_rows, self.wants_probabilities = rows, False, False

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        shapes = [part.shape for part in (*args, *kwargs.values()) if isinstance(part, torch.Tensor)]
        # Such as (n, 1) and (n,), which PyTorch lines up as (n, 1) and (1, n).
        if len({len(shape) for shape in shapes if shape[:1] == (self.rows,)}) > 1:
            self.may_mix_rows = True
        given = dict(zip(("input", "target"), args)) | kwargs
        self.wants_probabilities |= func is F.binary_cross_entropy
        if func in ELEMENTWISE:
            _check_elementwise(func, given["input"], given["target"])
        elif func in CLASSES and given["input"].ndim > 1:
            _check_classes(func, given["input"], given["target"], given.get("ignore_index", -100))
        return func(*args, **kwargs)


def _check_elementwise(func, output, target):
    if output.shape != target.shape:
        raise Slip(
            f"{func.__name__} compares predictions {tuple(output.shape)} with targets {tuple(target.shape)}",
            f"{_one_shape(target)}. If y holds classes: loss=nn.CrossEntropyLoss(), with an output for each class",
        )
    if not target.is_floating_point():
        raise Slip(f"{func.__name__} takes floats as targets, and y holds {target.dtype}", "use y.float()")
    low, high = target.min().item(), target.max().item()
    if func in (F.binary_cross_entropy, F.binary_cross_entropy_with_logits) and not 0 <= low <= high <= 1:
        raise Slip(
            f"{func.__name__} takes targets from 0 to 1, and y goes from {low:g} to {high:g}",
            "make y 0 or 1; or if it holds numbers, not classes, use loss=nn.MSELoss()",
        )


def _one_shape(target):
    outputs = target.shape[1] if target.ndim > 1 else 1
    return f"let the model give as many numbers a row as the target has: out_features={outputs} in its last layer"


def _check_classes(func, output, target, ignored):
    classes = output.shape[1]
    if func is F.cross_entropy and classes == 1:
        raise Slip(
            "cross-entropy of one output is 0, whatever the model says",
            "give the last layer an output for each class, out_features=2 or more; or use "
            "loss=nn.BCEWithLogitsLoss() with 0 and 1 as floats (n, 1)",
        )
    if func is F.nll_loss and not _sums_to_1(output.exp()):
        raise Slip(
            "nn.NLLLoss takes logarithms of probabilities, and the model gives other numbers",
            "use loss=nn.CrossEntropyLoss(), which takes a model's outputs as they are",
        )
    if target.is_floating_point():
        if target.shape[1:2] != output.shape[1:2] and not torch.equal(target, target.round()):
            raise Slip(
                "cross-entropy takes the numbers of classes, and y holds fractions",
                "use loss=nn.MSELoss() for numbers, with one output a row: out_features=1",
            )
        if target.shape == output.shape and not _sums_to_1(target):
            raise Slip(
                "cross-entropy takes such a row of targets as shares of the classes, and y's don't add up to 1",
                "use loss=nn.BCEWithLogitsLoss() where a row may belong to several classes, loss=nn.MSELoss() "
                "for numbers",
            )
        return
    wrong = target[(target != ignored) & ((target < 0) | (target >= classes))]
    if wrong.numel():
        low, high = target[target != ignored].min(), target.max()
        raise Slip(
            f"y holds class {wrong[0]}, and the model's {classes} outputs stand for the classes 0 to {classes - 1}",
            "classes count from 0: number them anew, torch.unique(y, return_inverse=True)[1]"
            if low < 0
            else f"classes count from 0: give the last layer an output for each, out_features={high + 1}",
        )


def _sums_to_1(shares):
    return torch.allclose(shares.sum(1), shares.new_ones(()), atol=1e-3)


def _check_finite(values, what, x, y):
    if not torch.isfinite(values).all():
        large = [name for name, part in (("X", x), ("y", y)) if part.double().abs().max() > 1e4]
        raise Slip(
            f"{what} {values[~torch.isfinite(values)][0].item()} before any training",
            f"scale {' and '.join(large)} to about 1"
            if large
            else "keep what goes into a logarithm, a root or a denominator above 0, for example by .clamp(min=1e-6)",
        )


def _check_gradient(model, value, x, y):
    learning = [p for p in model.parameters() if p.requires_grad]
    if not learning:
        raise Slip(
            "no parameter of the model requires a gradient, so nothing would be learned",
            "call .requires_grad_(True) on what is to be trained, the whole model for one",
        )
    if not value.requires_grad:
        raise Slip(
            "no gradient leads from the loss to the model's parameters",
            "leave .detach(), .argmax(), comparisons and torch.no_grad() out of the model and the loss: accuracy "
            "is a metric to evaluate, and loss=nn.CrossEntropyLoss() one to train by",
        )
    value.backward()
    for p in learning:
        if p.grad is not None:
            _check_finite(p.grad, "the loss has a gradient of", x, y)


def check_pairs(loss, output, y, *weights):
    """Raise Slip unless the loss compares each prediction with the target of its own row."""
    parts = output, y, *weights
    if not (_matters(0, loss, parts) and _matters(1, loss, parts)):
        raise Slip(
            f"each prediction is compared with every target: predictions {tuple(output.shape)} and targets "
            f"{tuple(y.shape)} are paired as PyTorch broadcasts them, not row by row",
            f"compare them in one shape, as nn.MSELoss() does; {_one_shape(y)}",
        )


def check_weights(loss, output, y, weights):
    """Raise Slip unless the loss applies each weight to its own row."""
    if not _matters(2, loss, (output, y, weights)):
        raise Slip(
            "the weights don't reach their own rows: the loss stays the same when they change places",
            _weighted(y, weights),
        )


def _matters(which, loss, parts):
    """Say if the loss changes when the rows of one of its arguments change places, and the others' don't."""
    output, y, *weights = parts
    draws = torch.Generator().manual_seed(0)
    low, high = y.double().aminmax()

    def random(part, low, high):
        return (low + (high - low) * torch.rand(part.shape, generator=draws).to(y.device)).to(part)

    for _ in range(20):  # some losses, such as the absolute error, may stay the same by chance
        given = [random(output, low, high), y, *(random(part, 0.5, 1.5) for part in weights)]
        moved = [part.roll(1, 0) if i == which else part for i, part in enumerate(given)]
        if torch.equal(given[which], moved[which]) or not _same(loss, given, moved):
            return True
    return False


def _same(loss, parts, others):
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            one, other = torch.as_tensor(loss(*parts)), torch.as_tensor(loss(*others))
            return torch.allclose(one, other, rtol=1e-5)
        except Exception:  # a loss that takes no random numbers, such as a logarithm's
            return False


def _about_weights(error, X, y, weights=None):
    if weights is not None:
        return _weighted(y, weights)
    if isinstance(error, TypeError) and "missing 1 required positional argument: 'w" in str(error):
        return "give the rows weights: TensorDataset(X, y, weights) for fit, weights=weights for fit_many"
    return ""


def _weighted(y, weights):
    each = "(prediction - target).square().flatten(1).mean(1)"
    if not y.is_floating_point():
        each = 'nn.functional.cross_entropy(prediction, target, reduction="none")'
    weight = "weights" if weights.ndim == 1 else "weights.flatten()"
    return f"weight row by row: loss=lambda prediction, target, weights: ({weight} * {each}).mean()"


def _message(what, rows, of, error, advice):
    kinds = ", ".join(f"{name} {tuple(part.shape)} {part.dtype}" for name, part in rows.items())
    tried = f"{len(rows['X'])} of {of}rows" if of else f"{len(rows['X'])} rows"
    return f"{what} {tried}, {kinds}: {str(error).strip().rstrip('.')}" + (advice and f"; {advice}")


def _conversion(model, rows, attempt):
    """Return advice of the shortest conversion of the rows with which the attempt passes, or None."""
    kind = next((p.dtype for p in model.parameters() if p.is_floating_point()), torch.float32)
    number = {torch.float32: "float()", torch.float64: "double()"}.get(kind, f"to({kind})")
    ways = {
        "X": [
            f"X.{number}", "X.unsqueeze(1)", f"X.{number}.unsqueeze(1)", "X.flatten(1)", f"X.{number}.flatten(1)",
            "X.movedim(-1, 1)", f"X.{number}.movedim(-1, 1)",
        ],
        "y": [
            f"y.{number}", "y.long()", "y.unsqueeze(1)", "y.squeeze(1)", f"y.{number}.unsqueeze(1)",
            f"y.{number}.squeeze(1)", "y.squeeze(1).long()", "y - 1", "(y + 1) / 2",
        ],
        "weights": [f"weights.{number}"],
    }  # fmt: skip
    choices = [[name, *(w for w in ways[name] if _sensible(w, name, part))] for name, part in rows.items()]

    def length(choice):
        return len(set(choice) - set(rows)), len("".join(choice))

    for choice in sorted(product(*choices), key=length)[1:]:  # the first changes nothing
        try:
            attempt({name: _evaluate(words, rows) for name, words in zip(rows, choice)})
        except Exception:
            continue
        used = [words for words in choice if words not in rows]
        floats = [name for name, part in rows.items() if part.is_floating_point()]
        advice = f"use {' and '.join(used)}"
        double = all(rows[name].dtype == torch.float64 for name in floats)
        if double and used == [f"{name}.float()" for name in floats]:
            advice += ", or a model in double precision too, made with .double()"
        return advice
    return None


def _sensible(way, name, part):
    """Say if a conversion changes these rows, and is one that somebody may have meant."""
    try:
        converted = _evaluate(way, {name: part})
    except Exception:
        return False
    if converted.dtype == part.dtype and torch.equal(converted, part):
        return False
    if ("long" in way or way == "y - 1") and part.is_floating_point() and not torch.equal(part, part.round()):
        return False  # prices are no classes
    if ".squeeze" in way:
        return part.shape[1:2] == (1,)
    if "unsqueeze" in way and name == "X":
        return part.ndim != 2
    return way != "(y + 1) / 2" or part.unique().tolist() == [-1, 1]


def _evaluate(words, rows):
    return eval(words, {"torch": torch}, rows)


def _remedy(error, model, x):
    """Say what to do about an error that no conversion of the rows mends; "" if that is unknown."""
    if isinstance(error, Slip):
        return error.remedy
    for words, remedy in REMEDIES.items():
        if words in str(error):
            return remedy
    return _misfit(model, x)


def _misfit(model, x):
    """Say which linear layer gets another number of features than it takes; "" if none does."""
    reached = []
    hooks = [
        layer.register_forward_pre_hook(
            lambda layer, given, name=name: reached.append((name, layer, given[0]))
        )
        for name, layer in model.named_modules()
        if isinstance(layer, nn.Linear)
    ]
    try:
        with torch.no_grad():
            model(x.clone())
    except Exception:
        if not reached:
            return ""
        name, layer, given = reached[-1]
        features = given.shape[-1]
        if features != layer.in_features:
            first = len(reached) == 1 and given.shape == x.shape
            where = "X has" if first else f"layer {name!r} gets"
            return (
                f"{where} {features} features, and {'the first layer' if first else 'it'} takes "
                f"{layer.in_features}: give it so many, or make it with in_features={features}"
            )
    finally:
        for hook in hooks:
            hook.remove()
    return ""
