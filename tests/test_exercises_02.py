"""What the checks of chapter 2 say to right answers, and to the wrong ones that people give."""

import math

import nbformat
import numpy as np
import pandas as pd
import torch
from torch import nn

from answers import test_a_right_answer_passes, test_a_wrong_answer_is_told_apart  # noqa: F401
from helpers.exercises.ch02 import (
    check_02_backward,
    check_02_largest_rate,
    check_02_loop,
    check_02_relu_and,
    check_02_sigmoid,
    check_02_slope,
)
from tools import ROOT

BORDER = 2 / 58.4386


def engine():
    """The engine of the chapter, taken from its cells: Value, tanh and what else they define."""
    (path,) = (ROOT / "book").glob("02_*.ipynb")
    place = {"math": math}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.id in (
            "engine-value",
            "engine-ops",
            "engine-operators",
            "engine-activations",
            "engine-order",
        ):
            exec(cell.source.partition("\n\na, b = ")[0], place)
    return place


ENGINE = engine()
Value, in_order = ENGINE["Value"], ENGINE["in_order"]


def slope(x, y, w, b, v, c):
    h = math.tanh(w * x + b)
    return 2 * (v * h + c - y) * v * (1 - h**2) * x


def by_autograd(x, y, w, b, v, c):
    w = torch.tensor(w, dtype=torch.float64, requires_grad=True)
    L = (v * torch.tanh(w * x + b) + c - y) ** 2
    return torch.autograd.grad(L, w)[0]


def by_nudging(x, y, w, b, v, c):
    def L(w):
        return (v * math.tanh(w * x + b) + c - y) ** 2

    return (L(w + 1e-5) - L(w - 1e-5)) / 2e-5


def with_factors(step=lambda h, z: 1 - h**2, two=2, sign=1, v_too=True, x_too=True):
    def slope(x, y, w, b, v, c):
        z = w * x + b
        h = math.tanh(z)
        return sign * two * (v * h + c - y) * (v if v_too else 1) * step(h, z) * (x if x_too else 1)

    return slope


def sigmoid_of(slope, value=lambda z: 1 / (1 + math.exp(-z)), parents=lambda a: (a,)):
    return lambda a: Value(value(a.data), parents(a), slope(value(a.data), a.data), "sigmoid")


def fresh_sigmoid(a):
    s = torch.sigmoid(torch.tensor(float(a.data), dtype=torch.float64)).item()
    return Value(s, [a], [s - s**2])


def walk(add=True, turned=True, first=1.0, pass_on=lambda value, slope: value.grad * slope):
    def backward(end):
        end.grad = first
        order = in_order(end)
        for value in reversed(order) if turned else order:
            for parent, slope in zip(value._parents, value._slopes):
                parent.grad = parent.grad * add + pass_on(value, slope)

    return backward


def by_recursion(end, share=1.0):
    """Every way from the end, one at a time: slow, and right."""
    end.grad += share
    for parent, slope in zip(end._parents, end._slopes):
        by_recursion(parent, share * slope)


def breadth_first(end):
    """Pass on at once, whether or not all shares have arrived."""
    end.grad, waiting = 1.0, [end]
    for value in waiting:
        for parent, slope in zip(value._parents, value._slopes):
            parent.grad += value.grad * slope
            if parent not in waiting:
                waiting.append(parent)


def clears_first(end):
    for value in in_order(end):
        value.grad = 0.0
    walk()(end)


def by_index(end):
    order = in_order(end)
    order[-1].grad = 1
    for i in range(len(order) - 1, -1, -1):
        for k in range(len(order[i]._parents)):
            order[i]._parents[k].grad = order[i]._parents[k].grad + order[i]._slopes[k] * order[i].grad


def descent(zero=lambda w: w.grad.zero_(), keep=lambda L: L.item(), steps=50, lr=0.05, sign=-1):
    def descend(x, y):
        w = torch.zeros(1, requires_grad=True)
        losses = []
        for _ in range(steps):
            L = ((w * x - y) ** 2).mean()
            L.backward()
            with torch.no_grad():
                w += sign * lr * w.grad
            if zero:
                zero(w)
            losses.append(keep(L))
        return w, losses

    return descend


def forget(w):
    w.grad = None


def with_optimizer(x, y):
    w = nn.Parameter(torch.zeros(()))
    optimizer = torch.optim.SGD([w], lr=0.1)
    losses = torch.zeros(100)
    for step in range(100):
        optimizer.zero_grad()
        L = nn.functional.mse_loss(w * x, y)
        L.backward()
        optimizer.step()
        losses[step] = L.detach()
    return w.item(), losses


def with_a_new_w(x, y):
    w, losses = torch.tensor([0.0]), []
    for _ in range(60):
        w = w.detach().requires_grad_()
        L = ((w * x - y) ** 2).mean()
        (slope,) = torch.autograd.grad(L, w)
        w = w - 0.1 * slope
        losses.append(float(L))
    return w, losses


def without_autograd(x, y):
    w, losses = 0.0, []
    for _ in range(60):
        losses.append(((w * x - y) ** 2).mean().item())
        w -= 0.1 * (2 * (w * x - y) * x).mean().item()
    return w, losses


RIGHT = [
    (check_02_largest_rate, 0.034226),
    (check_02_largest_rate, torch.tensor(0.0342)),
    (check_02_largest_rate, 0.034),
    (check_02_largest_rate, 0.0345),
    (check_02_largest_rate, np.float64(0.03422)),
    (check_02_largest_rate, np.array([0.0342], dtype=np.float32)),
    (check_02_largest_rate, torch.tensor([[0.0342]], dtype=torch.float64)),
    (check_02_largest_rate, [BORDER]),
    (check_02_largest_rate, BORDER * 0.992),
    (check_02_largest_rate, BORDER * 1.008),
    (check_02_largest_rate, nn.Parameter(torch.tensor(0.0342))),
    (check_02_relu_and, 0.6),
    (check_02_relu_and, 0.55),
    (check_02_relu_and, 0.5),
    (check_02_relu_and, 0.465),
    (check_02_relu_and, 0.663),
    (check_02_relu_and, np.float32(0.6)),
    (check_02_relu_and, torch.tensor([0.6], dtype=torch.float64)),
    (check_02_relu_and, 300 / 500),
    (check_02_relu_and, pd.Series([0.6])),
    (check_02_slope, slope),
    (check_02_slope, by_autograd),
    (check_02_slope, by_nudging),
    (check_02_slope, with_factors()),
    (check_02_slope, with_factors(lambda h, z: 1 / math.cosh(z) ** 2)),
    (check_02_slope, lambda *place: torch.tensor([slope(*place)])),
    (check_02_slope, lambda *place: np.float64(slope(*place))),
    (check_02_slope, lambda x, y, w, b, v, c: -2 * (y - v * math.tanh(w * x + b) - c) * v * x * (1 - math.tanh(w * x + b) ** 2)),
    (check_02_sigmoid, Value, sigmoid_of(lambda s, z: (s * (1 - s),))),
    (check_02_sigmoid, Value, sigmoid_of(lambda s, z: [s * (1 - s)])),
    (check_02_sigmoid, Value, sigmoid_of(lambda s, z: (s - s * s,), lambda z: math.exp(z) / (1 + math.exp(z)))),
    (check_02_sigmoid, Value, sigmoid_of(lambda s, z: (math.exp(-z) / (1 + math.exp(-z)) ** 2,))),
    (check_02_sigmoid, Value, fresh_sigmoid),
    (check_02_sigmoid, Value, lambda a: 0.5 * ENGINE["tanh"](0.5 * a) + 0.5),
    (check_02_sigmoid, Value, lambda a: (ENGINE["tanh"](a * 0.5) + 1.0) * 0.5),
    (check_02_sigmoid, Value, sigmoid_of(lambda s, z: (torch.tensor(s * (1 - s)),))),
    (check_02_backward, walk()),
    (check_02_backward, by_recursion),
    (check_02_backward, clears_first),
    (check_02_backward, by_index),
    (check_02_backward, walk(first=1)),
    (check_02_backward, walk(pass_on=lambda value, slope: slope * value.grad)),
    (check_02_backward, lambda end: walk()(end) or end),
    (check_02_backward, lambda end, seed=1.0: walk(first=seed)(end)),
    (check_02_loop, descent()),
    (check_02_loop, descent(zero=forget)),
    (check_02_loop, descent(keep=lambda L: L.detach())),
    (check_02_loop, descent(keep=float, steps=200)),
    (check_02_loop, descent(keep=lambda L: L.detach().numpy())),
    (check_02_loop, with_optimizer),
    (check_02_loop, with_a_new_w),
    (check_02_loop, without_autograd),
]  # fmt: skip

WRONG = [
    (check_02_largest_rate, 0.1492, "border for five points"),
    (check_02_largest_rate, 3.5415, "smaller curvature"),
    (check_02_largest_rate, 0.01711, "half of the border"),
    (check_02_largest_rate, 58.44, "That is the curvature"),
    (check_02_largest_rate, 29.22, "upside down"),
    (check_02_largest_rate, 0.006845, "lacks the factor 2/N"),
    (check_02_largest_rate, 0.01, "Too small"),
    (check_02_largest_rate, BORDER * 0.988, "Too small"),
    (check_02_largest_rate, 0.05, "Too large"),
    (check_02_largest_rate, BORDER * 1.012, "Too large"),
    (check_02_largest_rate, -1, "above 0"),
    (check_02_largest_rate, 0, "above 0"),
    (check_02_largest_rate, torch.tensor([0.56, 58.44]), "must be a number"),
    (check_02_relu_and, 1.0, "One neuron learns AND every time"),
    (check_02_relu_and, 1, "One neuron learns AND every time"),
    (check_02_relu_and, 0.18, "AND is easier than XOR"),
    (check_02_relu_and, 0.0, "AND is easier than XOR"),
    (check_02_relu_and, 0.8, "table of how networks end"),
    (check_02_relu_and, 0.46, "table of how networks end"),
    (check_02_relu_and, 0.67, "table of how networks end"),
    (check_02_relu_and, 60, "between 0 and 1"),
    (check_02_relu_and, -0.6, "between 0 and 1"),
    (check_02_relu_and, "0.6", "must be a number"),
    (check_02_slope, with_factors(two=1), "half of the slope"),
    (check_02_slope, with_factors(sign=-1), "sign is turned round"),
    (check_02_slope, with_factors(x_too=False), "slope along b"),
    (check_02_slope, with_factors(v_too=False), "factor v is missing"),
    (check_02_slope, with_factors(lambda h, z: 1), "step through tanh is missing"),
    (check_02_slope, with_factors(lambda h, z: 1 - z**2), "yours takes z"),
    (check_02_slope, with_factors(lambda h, z: 1 - h), "the square is missing"),
    (check_02_slope, with_factors(lambda h, z: h), "You multiply by h"),
    (check_02_slope, with_factors(two=4), "nudging w gives"),
    (check_02_slope, lambda *place: None, "must be a number"),
    (check_02_slope, 2.0, "must be a function"),
    (check_02_slope, lambda x, y: x, "could not be used"),
    (check_02_sigmoid, Value, sigmoid_of(lambda s, z: ())  , "passes nothing back"),
    (check_02_sigmoid, Value, sigmoid_of(lambda s, z: (1.0,)), "wrote down is 1"),
    (check_02_sigmoid, Value, sigmoid_of(lambda s, z: (z * (1 - z),)), "yours takes what goes in"),
    (check_02_sigmoid, Value, sigmoid_of(lambda s, z: (1 - s**2,)), "the slope that tanh has"),
    (check_02_sigmoid, Value, sigmoid_of(lambda s, z: (s,)), "yours is s."),
    (check_02_sigmoid, Value, sigmoid_of(lambda s, z: (-s * (1 - s),)), "always climbs"),
    (check_02_sigmoid, Value, sigmoid_of(lambda s, z: s * (1 - s)), "tuples, with a comma"),
    (check_02_sigmoid, Value, sigmoid_of(lambda s, z: (s * (1 - s),), parents=lambda a: a), "tuples, with a comma"),
    (check_02_sigmoid, Value, sigmoid_of(lambda s, z: (), parents=lambda a: ()), "does not know what it was made of"),
    (check_02_sigmoid, Value, sigmoid_of(lambda s, z: (s * (1 - s),), math.tanh), "That is tanh"),
    (check_02_sigmoid, Value, sigmoid_of(lambda s, z: (s * (1 - s),), lambda z: 1 / (1 + math.exp(z))), "minus in the exponent"),
    (check_02_sigmoid, Value, lambda a: 1 / (1 + math.exp(-a.data)), "must return a Value"),
    (check_02_sigmoid, Value, torch.sigmoid, "could not be used"),
    (check_02_sigmoid, Value(1.0), fresh_sigmoid, "the class Value"),
    (check_02_backward, walk(add=False), "Right for a chain"),
    (check_02_backward, walk(add=False), "a value is used twice at once"),
    (check_02_backward, breadth_first, "waits for a share"),
    (check_02_backward, walk(turned=False), "Wrong for a chain"),
    (check_02_backward, walk(first=0.0), "The grad of the end is 0"),
    (check_02_backward, walk(first=2.0), "The grad of the end is 2"),
    (check_02_backward, lambda end: setattr(end, "grad", 1.0), "nothing was passed back"),
    (check_02_backward, walk(pass_on=lambda value, slope: slope), "Wrong for a chain"),
    (check_02_backward, walk(pass_on=lambda value, slope: value.grad + slope), "Wrong for a chain"),
    (check_02_backward, walk(pass_on=lambda value, slope: value.grad), "Wrong for a chain"),
    (check_02_backward, walk, "The grad of the end is 0"),
    (check_02_backward, "+=", "must be a function"),
    (check_02_loop, descent(zero=None, keep=lambda L: L), "still carry their graphs"),
    (check_02_loop, descent(zero=None), "only its own"),
    (check_02_loop, descent(keep=lambda L: L), "w is right. But the losses"),
    (check_02_loop, descent(steps=3), "ended at"),
    (check_02_loop, descent(sign=1), "ended at"),
    (check_02_loop, descent(lr=0.0), "no step was taken"),
    (check_02_loop, lambda x, y: descent()(x, y)[0], "must return two things"),
    (check_02_loop, lambda x, y: (descent()(x, y)[0], [0.1]), "all the losses"),
    (check_02_loop, lambda x, y: (descent()(x, y)[0], descent()(x, y)[1][::-1]), "not the losses on the way"),
    (check_02_loop, lambda x, y: (torch.tensor([1.0, 2.0]), [2.0, 1.0]), "w must be a number"),
    (check_02_loop, descent(zero=lambda w: w.zero_()), "in-place operation"),
]  # fmt: skip
