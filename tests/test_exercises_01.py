"""What the checks of chapter 1 say to right answers, and to the wrong ones that people give."""

import math
import random

import numpy as np
import pandas as pd
import torch
from torch import nn

from answers import test_a_right_answer_passes, test_a_wrong_answer_is_told_apart  # noqa: F401
from helpers.exercises.ch01 import (
    check_01_equal,
    check_01_loop,
    check_01_nand,
    check_01_ten_times,
    check_01_third_feature,
)


def train(x, y, lr=0.05, steps=1000, column=True, zero_grad=True, dtype=None, model=None):
    torch.manual_seed(0)
    neuron = (model or nn.Linear)(1, 1).to(dtype)
    optimizer = torch.optim.SGD(neuron.parameters(), lr=lr)
    for _ in range(steps):
        if zero_grad:
            optimizer.zero_grad()
        (neuron(x) - (y.unsqueeze(1) if column else y)).square().mean().backward()
        optimizer.step()
    return neuron


def trained(**options):
    return lambda x, y: train(x, y, **options)


def solved(x, y):
    A = np.column_stack([x.squeeze(1), np.ones(len(x))])
    slope, intercept = np.linalg.lstsq(A, y.numpy(), rcond=None)[0]
    return filled(slope, intercept)


def filled(slope, intercept):
    neuron = nn.Linear(1, 1)
    nn.init.constant_(neuron.weight, slope)
    nn.init.constant_(neuron.bias, intercept)
    return neuron


def writes_into_y(x, y):
    neuron = train(x, y)
    y += 1
    return neuron


def fires(x, w, b):
    return (x @ torch.as_tensor(w) + b > 0).float()


def two_lines(w, b, last=fires, first=([1.0, 1.0], -0.5), second=([1.0, 1.0], -1.5)):
    """Two neurons, OR and AND if nothing else is said, and a last one on top."""
    return lambda x: last(torch.column_stack([fires(x, *first), fires(x, *second)]), w, b)


def add_up(h, w, b):
    return h @ torch.tensor(w) + b


def in_float64(x):
    w = np.array([1.0, 1.0])
    hidden = torch.column_stack([fires(x, w, -0.5), fires(x, w, -1.5)])
    return fires(hidden.double(), np.array([-1.0, 1.0]), 0.5)


def all_at_once(x):
    hidden = (x @ torch.ones(2, 2) + torch.tensor([-0.5, -1.5]) > 0).float()
    return (0.5 - hidden[:, 0] + hidden[:, 1] > 0).float()


def row_by_row(x):
    rows = []
    for row in x:
        h1 = 1.0 if row.sum() > 0.5 else 0.0
        h2 = 1.0 if row.sum() > 1.5 else 0.0
        rows.append(1.0 if h2 - h1 + 0.5 > 0 else 0.0)
    return rows


def in_numpy(x):
    x = x.numpy()
    h1, h2 = (x.sum(1) > 0.5) * 1.0, (x.sum(1) > 1.5) * 1.0
    return (h2 - h1 + 0.5 > 0) * 1.0


def in_plain_python(x):
    def neuron(inputs, w, b):
        return 1 if sum(a * c for a, c in zip(inputs, w)) + b > 0 else 0

    return [neuron((neuron(p, (1, 1), -0.5), neuron(p, (1, 1), -1.5)), (-1, 1), 0.5) for p in x.tolist()]


class Step(nn.Module):
    def forward(self, z):
        return torch.heaviside(z, torch.zeros(()))


def as_modules():
    model = nn.Sequential(nn.Linear(2, 2), Step(), nn.Linear(2, 1), Step(), nn.Flatten(0))
    with torch.no_grad():
        for layer, w, b in ((model[0], [[1.0, 1.0]] * 2, [-0.5, -1.5]), (model[2], [[-1.0, 1.0]], [0.5])):
            layer.weight.copy_(torch.tensor(w))
            layer.bias.copy_(torch.tensor(b))
    return model


class Counter:
    """A feature that depends on how often it was asked."""

    def __init__(self):
        self.calls = 0

    def __call__(self, x1, x2):
        self.calls += 1
        return self.calls**2


RIGHT = [
    (check_01_nand, torch.tensor([-1.0, -1.0]), 1.5),
    (check_01_nand, [-2.0, -3.0], torch.tensor([4.0])),
    (check_01_nand, (-1, -1), 2),  # exactly 0 at (1, 1): it does not fire
    (check_01_nand, [-0.7, -0.1], 0.8),
    (check_01_nand, [-1, -1], 1.001),
    (check_01_nand, np.array([-1.0, -1.0]), np.float64(1.5)),
    (check_01_nand, torch.tensor([-1, -1]), torch.tensor(1.5, dtype=torch.float64)),
    (check_01_nand, nn.Parameter(torch.tensor([-20.0, -20.0])), nn.Parameter(torch.tensor([30.0]))),
    (check_01_nand, pd.Series([-1e-8, -1e-8]), [1.5e-8]),
    (check_01_nand, torch.tensor([-1.0, -1.0]).half(), np.array([[1.5]])),
    (check_01_nand, [torch.tensor(-1.0), torch.tensor(-1.0)], 1.5),
    (check_01_ten_times, "the same"),
    (check_01_ten_times, "The same"),
    (check_01_ten_times, "THE SAME"),
    (check_01_ten_times, " the same. "),
    (check_01_ten_times, "same"),
    (check_01_ten_times, "the_same"),
    (check_01_ten_times, "'the same'"),
    (check_01_ten_times, "the  same"),
    (check_01_third_feature, lambda x1, x2: x1 * x2),
    (check_01_third_feature, lambda x1, x2: x1 and x2),
    (check_01_third_feature, lambda x1, x2: max(x1, x2)),
    (check_01_third_feature, lambda x1, x2: x1 != x2),
    (check_01_third_feature, lambda x1, x2: x1 & x2),
    (check_01_third_feature, lambda x1, x2: {(0, 0): 1, (0, 1): 0, (1, 0): 0, (1, 1): 1}[x1, x2]),
    (check_01_third_feature, lambda x1, x2: (x1 - x2) ** 2),
    (check_01_third_feature, lambda x1, x2: abs(x1 - x2)),
    (check_01_third_feature, lambda x1, x2: torch.relu(x1 + x2 - 1)),
    (check_01_third_feature, lambda x1, x2: np.logical_and(x1, x2)),
    (check_01_third_feature, lambda x1, x2: math.exp(x1 + x2)),
    (check_01_third_feature, lambda x1, x2: [float(x1 + x2 > 1.5)]),
    (check_01_third_feature, lambda x1, x2: torch.tensor([x1, x2]).double().prod()),
    (check_01_third_feature, lambda x1, x2: fires(torch.stack([x1, x2]), torch.ones(2).double(), -1.5)),
    (check_01_third_feature, torch.mul),
    (check_01_third_feature, lambda x1, x2: 1e-6 * x1 * x2),
    (check_01_third_feature, lambda x1, x2: 3 * x1 - x2 + 0.2 * x1 * x2),
    (check_01_loop, train),
    (check_01_loop, trained(lr=0.1)),
    (check_01_loop, trained(lr=0.02, steps=5000)),
    (check_01_loop, trained(steps=400)),
    (check_01_loop, trained(dtype=torch.float64)),
    (check_01_loop, lambda x, y: train(x.double(), y.double(), dtype=torch.float64)),
    (check_01_loop, trained(model=lambda i, o: nn.Sequential(nn.Linear(i, o)))),
    (check_01_loop, lambda x, y: train(x, y[:, None], column=False)),
    (check_01_loop, lambda x, y: train(x, y.view(-1, 1), column=False)),
    (check_01_loop, solved),
    (check_01_equal, two_lines([-1.0, 1.0], 0.5)),
    (check_01_equal, two_lines([-2.0, 3.0], 1.0)),
    (check_01_equal, two_lines([1.0, 1.0], -0.5, first=([-1.0, -1.0], 0.5))),  # NOR, or AND
    (check_01_equal, two_lines([-1.0, -1.0], 0.5, first=([1.0, -1.0], 0.0), second=([-1.0, 1.0], 0.0))),
    (check_01_equal, two_lines([1.0, 1.0], -1.5, first=([1.0, -1.0], 0.5), second=([-1.0, 1.0], 0.5))),
    (check_01_equal, in_float64),
    (check_01_equal, all_at_once),
    (check_01_equal, row_by_row),
    (check_01_equal, in_numpy),
    (check_01_equal, in_plain_python),
    (check_01_equal, as_modules()),
    (check_01_equal, as_modules().double()),
    (check_01_equal, lambda x: 1 - two_lines([1.0, -1.0], -0.5)(x)),
    (check_01_equal, lambda x: two_lines([-1.0, 1.0], 0.5)(x).bool()),
    (check_01_equal, lambda x: two_lines([-1.0, 1.0], 0.5)(x).tolist()),
]

WRONG = [
    (check_01_nand, [1.0, 1.0], -1.5, "computes AND"),
    (check_01_nand, [-1.0, -1.0], 1.0, "exactly 0"),
    (check_01_nand, [-0.7, -0.7], 0.7, "exactly 0"),
    (check_01_nand, [-1.0, -1.0], 0.5, "computes NOR: it is wrong at [(0, 1), (1, 0)]"),
    (check_01_nand, [0.0, 0.0], 1.0, "computes 1 at every point"),
    (check_01_nand, [-1.0, -1.0], 2.001, "computes 1 at every point"),
    (check_01_nand, [1.0, 1.0], -0.5, "computes OR"),
    (check_01_nand, [-1.0, 0.0], 0.5, "Not yet NAND: it is wrong at [(1, 0)]"),
    (check_01_nand, [[-1.0, -1.0]], 1.5, "w has shape (1, 2); wanted is (2,)"),
    (check_01_nand, [-1.0, -1.0, 1.5], 1.5, "w has shape (3,)"),
    (check_01_nand, [-1.0, -1.0], "1.5", "b must be a number"),
    (check_01_nand, [-1.0, -1.0], [1.5, 1.5], "b must be a number"),
    (check_01_nand, -1.0, 1.5, "w has shape ()"),
    (check_01_nand, ["-1", "-1"], 1.5, "w must be a tensor"),
    (check_01_ten_times, "fewer", "have grown as well"),
    (check_01_ten_times, "Fewer!", "have grown as well"),
    (check_01_ten_times, "More", "does not overshoot"),
    (check_01_ten_times, "no end", "must stop"),
    (check_01_ten_times, "no_end", "must stop"),
    (check_01_ten_times, 6, "must be one of"),
    (check_01_ten_times, "ten times fewer", "must be one of"),
    (check_01_ten_times, "", "must be one of"),
    (check_01_ten_times, ["the same"], "must be one of"),
    (check_01_third_feature, lambda x1, x2: x1 + x2, "one neuron computes by itself"),
    (check_01_third_feature, lambda x1, x2: 1 - x1, "one neuron computes by itself"),
    (check_01_third_feature, lambda x1, x2: 1e6 * x1 + 0.1 * x2, "one neuron computes by itself"),
    (check_01_third_feature, lambda x1, x2: 3.0, "same number everywhere"),
    (check_01_third_feature, lambda x1, x2: x1**2, "x1 once more"),
    (check_01_third_feature, lambda x1, x2: x2, "x2 once more"),
    (check_01_third_feature, lambda x1, x2: torch.rand(1), "Asked twice"),
    (check_01_third_feature, lambda x1, x2: random.random(), "Asked twice"),
    (check_01_third_feature, Counter(), "Asked twice"),
    (check_01_third_feature, lambda x1, x2: print, "my_feature(0, 0) must be a number"),
    (check_01_third_feature, lambda x1, x2: None, "is a return missing"),
    (check_01_third_feature, lambda x1, x2: (x1, x2), "must be a number"),
    (check_01_third_feature, lambda x1, x2: math.inf, "inf"),
    (check_01_third_feature, lambda x: x, "TypeError"),
    (check_01_third_feature, 1.0, "must be a function"),
    (check_01_loop, trained(zero_grad=False), "never settles"),
    (check_01_loop, trained(zero_grad=False, column=False), "never settles"),
    (check_01_loop, trained(column=False), "flat line"),
    (check_01_loop, trained(lr=0.2), "nan"),
    (check_01_loop, trained(lr=0.001), "not there yet"),
    (check_01_loop, lambda x, y: None, "return"),
    (check_01_loop, lambda x, y: (train(x, y), 0.4), "return"),
    (check_01_loop, lambda x, y: train(x.squeeze(1), y), "RuntimeError: mat1 and mat2"),
    (check_01_loop, lambda x, y: filled(1.0, 0.6), "Does it learn from the x and y"),
    (check_01_loop, lambda x, y: train(torch.arange(5.0)[:, None], torch.tensor([1, 0.5, 3, 4.5, 4])), "Does it learn"),
    (check_01_loop, writes_into_y, "writes into what it is given"),
    (check_01_loop, nn.Linear, "is the class"),
    (check_01_equal, two_lines([1.0, -1.0], -0.5), "the opposite"),
    (check_01_equal, two_lines([-1.0, 1.0], 0.5, add_up), "only add up"),
    (check_01_equal, two_lines([-1.0, 1.0], 1.0, add_up), "of three neurons I saw 2 fire"),
    (check_01_equal, lambda x: fires(x, [-1.0, -1.0], 0.5), "3 of 4 right; this is NOR"),
    (check_01_equal, lambda x: fires(x, [1.0, 1.0], -1.5), "3 of 4 right; this is AND"),
    (check_01_equal, lambda x: two_lines([-1.0, 1.0], 0.5)(x).unsqueeze(1), "shape (4, 1)"),
    (check_01_equal, lambda x: x[:, 0] == x[:, 1], "no neuron"),
    (check_01_equal, lambda x: (x[:, 0] == x[:, 1]).float(), "no neuron"),
    (check_01_equal, lambda x: 1 - (x[:, 0] != x[:, 1]).float(), "no neuron"),
    (check_01_equal, lambda x: [float(a == b) for a, b in x.tolist()], "no neuron"),
    (check_01_equal, lambda x: (x[:, 0].numpy() == x[:, 1].numpy()) * 1, "no neuron"),
    (check_01_equal, lambda x: ~(fires(x, [1.0, 1.0], -0.5).bool() ^ fires(x, [1.0, 1.0], -1.5).bool()), "no neuron"),
    (check_01_equal, lambda x: 1 - (x[:, 0] - x[:, 1]).abs(), "I saw 0 fire"),
    (check_01_equal, lambda x: torch.tensor([1.0, 0.0, 0.0, 1.0]), "another order"),
    (check_01_equal, lambda x: torch.zeros(4), "0 at every point"),
    (check_01_equal, lambda x: np.equal(x[:, 0], x[:, 1]) * 1.0, "no neuron"),
    (check_01_equal, lambda x: [float(a + b in (0, 2)) for a, b in x.tolist()], "no neuron"),
    (check_01_equal, lambda x: [1 - (a + b) % 2 for a, b in x.tolist()], "no neuron"),
    (check_01_equal, lambda x: [1 - abs(a - b) for a, b in x.tolist()], "between the four points"),
    (check_01_equal, lambda x: None, "is a return missing"),
]  # fmt: skip
