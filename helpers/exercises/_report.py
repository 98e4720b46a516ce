"""What all checks share: read an answer, and print what is right, what is not, and a hint."""

import functools
import inspect
import warnings

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
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            print(_message(judge, wanted, answers))

    return report


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


def number(value, name):
    """Return ``value`` as a float; also a tensor or an array that holds one number."""
    if isinstance(value, (torch.Tensor, np.ndarray)) and np.prod(value.shape) == 1:
        value = value.item()
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.number)):
        raise Wrong(f"{name} must be a number, such as 0.5; this is {_what(value)}.")
    if not np.isfinite(value):
        raise Wrong(f"{name} is {value}: did a run diverge, or something get divided by 0?")
    return float(value)


def tensor(value, name, shape):
    """Return ``value`` as a float32 tensor of ``shape``, in which None stands for any length."""
    try:
        values = torch.as_tensor(value).detach().to("cpu", torch.float32)
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"{name} must be a tensor; this is {_what(value)}.") from None
    fits = len(shape) == values.ndim and all(want in (None, has) for want, has in zip(shape, values.shape))
    if not fits:
        wanted = str(tuple("any" if want is None else want for want in shape)).replace("'", "")
        raise Wrong(f"{name} has shape {tuple(values.shape)}; wanted is {wanted}.")
    if not values.isfinite().all():
        raise Wrong(f"{name} holds nan or infinity.")
    return values


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
    """Return ``value`` if it is one of ``options``, strings or numbers; case does not matter."""
    for option in options:
        if isinstance(value, type(option)) and str(value).strip().lower() == str(option).lower():
            return option
    raise Wrong(f"{name} must be one of {', '.join(map(repr, options))}; this is {_what(value)}.")


def recognise(answer, mistakes, *, rtol=0.0, atol=0.0, before=""):
    """Raise ``Wrong`` with its hint if ``answer`` is one of ``mistakes``, pairs (what it gives, hint)."""
    answer = torch.as_tensor(answer, dtype=torch.float64)
    for given, hint in mistakes:
        if torch.allclose(answer, torch.as_tensor(given, dtype=torch.float64), rtol=rtol, atol=atol):
            raise Wrong(f"{before}{hint}")


def _what(value):
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
    refused = None
    for form in (None, torch.Tensor.float, torch.Tensor.double, torch.Tensor.numpy):
        given, kept = _in_form(form, inputs), _in_form(form, inputs)
        try:
            answer = f(*given)
        except Exception as error:
            refused = refused or error
            continue
        if untouched and not _alike(given, kept):
            raise Wrong(
                "Your function writes into what it was given, and whoever goes on using that finds other\n"
                "numbers in it. Work on a copy."
            )
        return answer
    raise refused


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
        return np.array_equal(*(np.asarray(part.tolist(), float) for part in (one, other)), equal_nan=True)
    return True
