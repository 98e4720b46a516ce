"""What the checks of chapter 1 say to right answers, and to the wrong ones that people give."""

import torch
from torch import nn

from answers import test_a_right_answer_passes, test_a_wrong_answer_is_told_apart  # noqa: F401
from helpers.exercises.ch01 import (
    check_01_equal,
    check_01_largest_rate,
    check_01_loop,
    check_01_nand,
    check_01_relu_and,
    check_01_ten_times,
    check_01_third_feature,
)


def train(x, y, lr=0.05, steps=1000, column=True, zero_grad=True):
    torch.manual_seed(0)
    neuron = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(neuron.parameters(), lr=lr)
    for _ in range(steps):
        if zero_grad:
            optimizer.zero_grad()
        (neuron(x) - (y.unsqueeze(1) if column else y)).square().mean().backward()
        optimizer.step()
    return neuron


def trained(**options):
    return lambda x, y: train(x, y, **options)


def fires(x, w, b):
    return (x @ torch.tensor(w) + b > 0).float()


def two_lines(w, b, last=fires):
    """OR and AND, and a last neuron on top."""
    return lambda x: last(torch.column_stack([fires(x, [1.0, 1.0], -0.5), fires(x, [1.0, 1.0], -1.5)]), w, b)


RIGHT = [
    (check_01_nand, torch.tensor([-1.0, -1.0]), 1.5),
    (check_01_nand, [-2.0, -3.0], torch.tensor([4.0])),
    (check_01_ten_times, "the same"),
    (check_01_third_feature, lambda x1, x2: x1 * x2),
    (check_01_third_feature, lambda x1, x2: x1 and x2),
    (check_01_third_feature, lambda x1, x2: max(x1, x2)),
    (check_01_third_feature, lambda x1, x2: x1 != x2),
    (check_01_loop, train),
    (check_01_largest_rate, 0.034226),
    (check_01_largest_rate, torch.tensor(0.0342)),
    (check_01_equal, two_lines([-1.0, 1.0], 0.5)),
    (check_01_relu_and, 0.6),
    (check_01_relu_and, 0.55),
]

WRONG = [
    (check_01_nand, [1.0, 1.0], -1.5, "computes AND"),
    (check_01_nand, [-1.0, -1.0], 1.0, "exactly 0"),
    (check_01_nand, [-1.0, -1.0], 0.5, "computes NOR: it is wrong at [(0, 1), (1, 0)]"),
    (check_01_nand, [0.0, 0.0], 1.0, "computes 1 at every point"),
    (check_01_nand, [-1.0, 0.0], 0.5, "Not yet NAND: it is wrong at [(1, 0)]"),
    (check_01_nand, [[-1.0, -1.0]], 1.5, "w has shape (1, 2); wanted is (2,)"),
    (check_01_nand, [-1.0, -1.0], "1.5", "b must be a number"),
    (check_01_ten_times, "fewer", "have grown as well"),
    (check_01_ten_times, "More", "does not overshoot"),
    (check_01_ten_times, "no end", "must stop"),
    (check_01_ten_times, 6, "must be one of"),
    (check_01_third_feature, lambda x1, x2: x1 + x2, "one neuron computes by itself"),
    (check_01_third_feature, lambda x1, x2: 3.0, "same number everywhere"),
    (check_01_third_feature, lambda x1, x2: x1**2, "x1 once more"),
    (check_01_third_feature, lambda x1, x2: x2, "x2 once more"),
    (check_01_third_feature, lambda x1, x2: print, "my_feature(0, 0) must be a number"),
    (check_01_third_feature, lambda x: x, "TypeError"),
    (check_01_loop, trained(zero_grad=False), "never settles"),
    (check_01_loop, trained(zero_grad=False, column=False), "never settles"),
    (check_01_loop, trained(column=False), "flat line"),
    (check_01_loop, trained(lr=0.2), "nan"),
    (check_01_loop, trained(lr=0.001), "not there yet"),
    (check_01_loop, lambda x, y: None, "return"),
    (check_01_loop, lambda x, y: train(x.squeeze(1), y), "RuntimeError: mat1 and mat2"),
    (check_01_largest_rate, 0.1492, "border for five points"),
    (check_01_largest_rate, 3.5415, "smaller curvature"),
    (check_01_largest_rate, 0.01711, "half of the border"),
    (check_01_largest_rate, 58.44, "That is the curvature"),
    (check_01_largest_rate, 0.006845, "lacks the factor 2/N"),
    (check_01_largest_rate, 0.01, "Too small"),
    (check_01_largest_rate, 0.05, "Too large"),
    (check_01_largest_rate, -1, "above 0"),
    (check_01_equal, two_lines([1.0, -1.0], -0.5), "the opposite"),
    (check_01_equal, two_lines([-1.0, 1.0], 0.5, lambda h, w, b: h @ torch.tensor(w) + b), "only add up"),
    (check_01_equal, lambda x: fires(x, [-1.0, -1.0], 0.5), "3 of 4 right; this is NOR"),
    (check_01_equal, lambda x: two_lines([-1.0, 1.0], 0.5)(x).unsqueeze(1), "shape (4, 1)"),
    (check_01_relu_and, 1.0, "One neuron learns AND every time"),
    (check_01_relu_and, 0.18, "AND is easier than XOR"),
    (check_01_relu_and, 0.8, "table of how networks end"),
    (check_01_relu_and, 60, "between 0 and 1"),
]
