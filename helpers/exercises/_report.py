"""What all checks share: read an answer, and print what is right, what is not, and a hint."""

import contextlib
import copy
import functools
import inspect
import re
import warnings
from numbers import Number

import numpy as np
import torch
from torch import nn


class Wrong(Exception):
    """Raised by a check at the first thing that is wrong: the message to the reader."""


def check(judge):
    """Make a check of ``judge(answer, ...)``, which returns its praise or raises ``Wrong``.

    The check prints one message and returns None, whatever it is given: ✓ for a right answer, ✗ for
    a wrong one. If an answer is still None, it prints the first line of the docstring, which says
    what to put in its place.
    """
    wanted = (inspect.getdoc(judge) or "").split("\n")[0]

    @functools.wraps(judge)
    def report(*answers):
        # What a check draws at random must not move the numbers of the cells below it.
        with torch.random.fork_rng(devices=[]), torch.enable_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.manual_seed(0)  # the same verdict each time
            with _default_dtype(torch.float32):
                print(_message(judge, wanted, answers))

    return report


@contextlib.contextmanager
def _default_dtype(dtype):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _message(judge, wanted, answers):
    parameters = inspect.signature(judge).parameters
    if len(answers) != len(parameters):
        return f"✗ Call it as {judge.__name__}({', '.join(parameters)})."
    if any(answer is None for answer in answers):
        return f"Not yet. Put in place of None: {wanted[0].lower()}{wanted[1:]}"
    try:
        return f"✓ {judge(*answers)}"
    except Wrong as wrong:
        return f"✗ {wrong}"
    except Exception as error:
        return f"✗ Your answer could not be used. {describe(error)}"


def describe(error):
    """Name an exception and say what it says, cut to what fits two lines."""
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said if len(said) <= 150 else said[:149] + '…'}"


def _floats(value):
    """Return numbers of whatever type as a float64 tensor: PyTorch, NumPy, pandas, Python, lists of them."""
    if hasattr(value, "to_numpy"):
        value = value.to_numpy()
    if isinstance(value, np.ndarray) and value.dtype == object:
        value = value.tolist()
    if isinstance(value, (list, tuple, range)):
        return torch.stack([_floats(part) for part in value]) if len(value) else torch.zeros(0).double()
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "biuf":
        return torch.tensor(value.astype(np.float64))
    if isinstance(value, torch.Tensor) and not value.is_complex():
        return value.detach().to("cpu", torch.float64)
    if isinstance(value, Number):
        return torch.tensor(float(value), dtype=torch.float64)  # type: ignore[arg-type]
    raise TypeError(type(value).__name__)


def number(value, name, *, finite=True):
    """Return ``value`` as a float, whatever type it has; also a tensor, array or list of one number."""
    try:
        numbers = _floats(value)
    except (TypeError, ValueError, RuntimeError):
        numbers = torch.zeros(0)
    truth = isinstance(value, bool) or str(getattr(value, "dtype", "")) in ("bool", "torch.bool")
    if numbers.numel() != 1 or truth:
        raise Wrong(f"{name} must be a number, such as 0.5; this is {_what(value)}.")
    if finite and not numbers.isfinite().all():
        raise Wrong(f"{name} is {numbers.item()}: did a run diverge, or something get divided by 0?")
    return numbers.item()


def tensor(value, name, shape, *, finite=True):
    """Return ``value`` as a float32 tensor of ``shape``, in which None stands for any length."""
    try:
        values = _floats(value).float()
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"{name} must be a tensor; this is {_what(value)}.") from None
    fits = len(shape) == values.ndim and all(want in (None, has) for want, has in zip(shape, values.shape))
    if not fits:
        wanted = str(tuple("any" if want is None else want for want in shape)).replace("'", "")
        raise Wrong(f"{name} has shape {tuple(values.shape)}; wanted is {wanted}.")
    if finite and not values.isfinite().all():
        raise Wrong(f"{name} holds nan or infinity.")
    return values


def rounding(value):
    """Return how far ``value`` may be off at 1 for its dtype alone: 1e-5, and more in half precision."""
    try:
        return max(1e-5, 2 * torch.finfo(value.dtype).eps)
    except (AttributeError, TypeError):  # it is no floating tensor
        return 2e-3 if getattr(value, "dtype", None) == np.float16 else 1e-5


def pair(value, hint):
    """Return the two things that ``value`` holds, or raise ``Wrong`` with ``hint``."""
    if (
        isinstance(value, (str, dict, set))
        or not hasattr(value, "__iter__")
        or getattr(value, "ndim", 1) == 0
    ):
        raise Wrong(hint)
    parts = list(value)
    if len(parts) != 2:
        raise Wrong(hint)
    return parts


def call(f, *inputs):
    """Return ``f(*inputs)``, in whichever dtype ``f`` can be called; ``f`` must leave its inputs alone.

    A reader may have worked in float64, or called ``model.half()``: that alone is no mistake.
    """
    refused: list[Exception] = []
    for dtype in (torch.float32, torch.float64, torch.float16, torch.bfloat16):
        given = [_copy(value, dtype) for value in inputs]
        # What f makes by itself, such as torch.ones(2), should have the dtype of what it is given.
        with _default_dtype(dtype if dtype.itemsize >= 4 else torch.float32):
            try:
                result = f(*given)
            except RuntimeError as error:
                refused.append(error)
                continue
        if not all(_same(after, _copy(before, dtype)) for after, before in zip(given, inputs)):
            raise Wrong(
                "Your function writes into what it is given, and whoever uses that afterwards gets other numbers.\n"
                "Compute something new from it, or work on a copy."
            )
        return result
    raise refused[0]


def pointwise(f, x):
    """Return what ``f`` gives for each number of x (n,), be it written for lists, columns or single numbers."""
    try:
        return call(f, x)
    except Wrong:
        raise
    except Exception:
        with contextlib.suppress(Exception):
            return _floats(call(f, x.unsqueeze(1))).view(len(x))
        with contextlib.suppress(Exception):
            return torch.cat([_floats(call(f, one)).view(1) for one in x])
        raise


def _copy(value, dtype):
    if isinstance(value, torch.Tensor):
        wants_grad, value = value.requires_grad, value.detach().clone()
        return value.to(dtype).requires_grad_(wants_grad) if value.is_floating_point() else value
    if isinstance(value, nn.Module):
        return copy.deepcopy(value).to(dtype)
    return copy.deepcopy(value)


def _same(a, b):
    if isinstance(a, nn.Module):
        a, b = (list(module.state_dict().values()) for module in (a, b))
    try:
        return torch.equal(_floats(a).ravel(), _floats(b).ravel())
    except (TypeError, RuntimeError):  # parts of different lengths
        return not isinstance(a, list) or (len(a) == len(b) and all(map(_same, a, b)))


def function(value, name):
    """Return ``value`` if it can be called: a function or an instance, not a class."""
    if isinstance(value, type):
        raise Wrong(f"{name} is the class {value.__name__}. Make one of it: {value.__name__}(...)")
    if not callable(value):
        raise Wrong(f"{name} must be a function or a model; this is {_what(value)}.")
    return value


def module(value, name):
    """Return ``value`` if it is an instance of ``nn.Module``."""
    if not isinstance(function(value, name), nn.Module):
        raise Wrong(f"{name} must be an nn.Module, such as nn.Sequential(...); this is {_what(value)}.")
    return value


def choice(value, name, options):
    """Return ``value`` if it is one of ``options``, strings or numbers.

    In a string case, punctuation and a leading "the" do not matter.
    """
    for option in options:
        if isinstance(option, str):
            if isinstance(value, str) and _words(value) == _words(option):
                return option
        elif isinstance(value, type(option)) and value == option:
            return option
    raise Wrong(f"{name} must be one of {', '.join(map(repr, options))}; this is {_what(value)}.")


def _words(text):
    words = re.findall(r"\w+", text.lower().replace("_", " "))
    return words[1:] if words[:1] == ["the"] else words


def recognise(answer, mistakes, *, rtol=0.0, atol=0.0, before=""):
    """Raise ``Wrong`` with its hint if ``answer`` is one of ``mistakes``, pairs (what it gives, hint)."""
    answer = torch.as_tensor(answer, dtype=torch.float64)
    for given, hint in mistakes:
        if torch.allclose(answer, torch.as_tensor(given, dtype=torch.float64), rtol=rtol, atol=atol):
            raise Wrong(f"{before}{hint}")


def _what(value):
    if value is None:
        return "None (is a return missing?)"
    kind = type(value).__name__
    if isinstance(value, (str, int, float, bool)):
        shown = repr(value)
        return f"the {kind} {shown if len(shown) <= 40 else shown[:39] + '…'}"
    return f"of type {kind}"


def ask(f, *inputs, untouched=True):
    """Return what ``f`` makes of copies of ``inputs``, their numbers in a form that ``f`` can take.

    Tried in turn are the form that they have, tensors of float32 and of float64, and NumPy arrays: a
    reader may think in any of them. If ``f`` takes none, what it raised at first is raised; and ``Wrong``
    if it writes into what it was given, which should stay ``untouched``.
    """
    refused: list[Exception] = []
    for form in (None, torch.Tensor.float, torch.Tensor.double, torch.Tensor.numpy):
        given, kept = _in_form(form, inputs), _in_form(form, inputs)
        try:
            answer = f(*given)
        except Exception as error:
            refused.append(error)
            continue
        if untouched and not _alike(given, kept):
            raise Wrong(
                "Your function writes into what it was given, and whoever goes on using that finds other\n"
                "numbers in it. Work on a copy."
            )
        return answer
    raise refused[0]


def _in_form(form, value):
    """Copy ``value``, and change the form of each array and tensor in it."""
    if isinstance(value, (list, tuple)):
        return type(value)(_in_form(form, part) for part in value)
    if isinstance(value, dict):
        return {name: _in_form(form, part) for name, part in value.items()}
    if not isinstance(value, (np.ndarray, torch.Tensor)):
        return value
    if form is None:
        return value.copy() if isinstance(value, np.ndarray) else value.detach().clone()
    value = torch.as_tensor(value).detach().clone()
    whole = not value.is_floating_point() and form is not torch.Tensor.numpy
    return value if whole else form(value)


def _alike(one, other):
    """Tell whether two results of ``_in_form`` hold the same numbers."""
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_alike(one[name], other[name]) for name in one)
    if isinstance(one, (np.ndarray, torch.Tensor)):
        one, other = np.asarray(one.tolist(), float), np.asarray(other.tolist(), float)
        return np.array_equal(one, other, equal_nan=True)
    return True
