"""What the checks of chapter 3 say to right answers, and to the wrong ones that people give."""

import torch
from torch import nn
from torch.nn import functional as F

from answers import test_a_right_answer_passes, test_a_wrong_answer_is_told_apart  # noqa: F401
from helpers.exercises.ch03 import (
    check_03_fold,
    check_03_hat,
    check_03_learned_slope,
    check_03_sigmoid_start,
    check_03_small_inputs,
    check_03_softmax,
    check_03_softplus,
)


def folded(weight=lambda W1, W2: W2 @ W1, bias=lambda b1, W2, b2: W2 @ b1 + b2):
    def fold(first, second):
        one = nn.Linear(first.in_features, second.out_features)
        with torch.no_grad():
            one.weight.copy_(weight(first.weight, second.weight))
            one.bias.copy_(bias(first.bias, second.weight, second.bias))
        return one

    return fold


def softplus(x):
    return x.clamp(min=0) + torch.log1p(torch.exp(-x.abs()))


def bends(*factors):
    """Sum of ReLUs with these factors, a bend at 0, 1, 2 and 3."""
    return lambda x: sum(factor * torch.relu(x - corner) for corner, factor in enumerate(factors))


def leaky(a=None, use=lambda a: a, swapped=False):
    class LearnedLeaky(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Parameter(torch.tensor(0.25)) if a is None else a

        def forward(self, x):
            left, right = (x, use(self.a) * x) if swapped else (use(self.a) * x, x)
            return torch.where(x > 0, right, left)

    return LearnedLeaky


def normal(z, dim=1, keepdim=True, peak=lambda z: z.amax(1, keepdim=True)):
    e = (z - peak(z)).exp()
    return e / e.sum(dim, keepdim=keepdim)


def no_peak(z):
    return 0


RIGHT = [
    (check_03_fold, folded()),
    (check_03_softplus, softplus, torch.sigmoid),
    (check_03_softplus, F.softplus, lambda x: 1 / (1 + torch.exp(-x))),
    (check_03_hat, bends(1, -1, -1, 1)),
    (check_03_softmax, normal),
    (check_03_softmax, nn.Softmax(dim=-1)),
    (check_03_sigmoid_start, 100),
    (check_03_sigmoid_start, 120.0),
    (check_03_learned_slope, leaky()),
    (check_03_learned_slope, nn.PReLU),
    (check_03_small_inputs, 0.45),
    (check_03_small_inputs, 0.5),
]

WRONG = [
    (check_03_fold, lambda first, second: nn.Sequential(first, second), "it returns Sequential"),
    (check_03_fold, lambda first, second: nn.Linear(5, 5), "How many numbers go into the pair"),
    (check_03_fold, folded(weight=lambda W1, W2: W1 @ W2), "RuntimeError"),
    (check_03_fold, lambda first, second: nn.Linear(4, 3), "in which order"),
    (check_03_fold, folded(bias=lambda b1, W2, b2: b2), "by way of W2"),
    (check_03_fold, folded(bias=lambda b1, W2, b2: W2 @ b1), "second layer's is missing"),
    (check_03_fold, folded(bias=lambda b1, W2, b2: 2 * b2), "for x = 0"),
    (check_03_softplus, lambda x: torch.log(1 + torch.exp(x)), torch.sigmoid, "my_softplus(100) is inf"),
    (check_03_softplus, lambda x: torch.log1p(torch.exp(x)), torch.sigmoid, "my_softplus(100) is inf"),
    (check_03_softplus, lambda x: x.relu() + torch.log(1 + torch.exp(-x.abs())), torch.sigmoid, "rounded to 1"),
    (check_03_softplus, F.logsigmoid, torch.sigmoid, "0.6931"),
    (check_03_softplus, lambda x: -softplus(x), torch.sigmoid, "sign of my_softplus"),
    (check_03_softplus, softplus, lambda x: torch.sigmoid(x) * (1 - torch.sigmoid(x)), "one derivative too far"),
    (check_03_softplus, softplus, lambda x: 1 - torch.sigmoid(x), "a sign turned"),
    (check_03_softplus, softplus, torch.exp, "u' / u"),
    (check_03_softplus, softplus, lambda x: torch.exp(x) / (1 + torch.exp(x)), "my_slope(100) is nan"),
    (check_03_hat, bends(1), "goes on rising"),
    (check_03_hat, bends(1, -1), "nothing brings it down"),
    (check_03_hat, bends(1, -1, -1), "Right up to x = 3.0. It comes down and goes on falling"),
    (check_03_hat, bends(1, -2, 1), "Right up to x = 1.0. That is the pointed bump"),
    (check_03_hat, bends(2, -2, -2, 2), "by how much the slope changes"),
    (check_03_hat, lambda x: x[:3], "shape (3,)"),
    (check_03_softmax, lambda z: normal(z, dim=0, peak=no_peak), "the rows compete"),
    (check_03_softmax, lambda z: normal(z, keepdim=False, peak=no_peak), "keep them a column"),
    (check_03_softmax, lambda z: normal(z, peak=no_peak), "it gives nan"),
    (check_03_softmax, lambda z: normal(z, peak=torch.max), "own largest logit"),
    (check_03_softmax, nn.LogSoftmax(dim=1), "logarithms"),
    (check_03_softmax, torch.sigmoid, "Each should add up to 1"),
    (check_03_sigmoid_start, 1, "Xavier's choice"),
    (check_03_sigmoid_start, 2, "Kaiming's choice"),
    (check_03_sigmoid_start, 16, "one quarter everywhere"),
    (check_03_sigmoid_start, 50, "larger weights"),
    (check_03_sigmoid_start, 1000, "Now it grows"),
    (check_03_sigmoid_start, -1, "above 0"),
    (check_03_learned_slope, leaky(a=torch.tensor(0.25)), "no parameters"),
    (check_03_learned_slope, leaky(swapped=True), "belongs on the left"),
    (check_03_learned_slope, leaky(use=lambda a: a.item()), "no gradient reaches it"),
    (check_03_learned_slope, leaky(use=lambda a: 2 * a), "it should be -0.5 and 3"),
    (check_03_learned_slope, leaky()(), "without brackets"),
    (check_03_learned_slope, nn.LeakyReLU, "it should be -0.5 and 3"),
    (check_03_small_inputs, 0.17, "Without the bias you would be right"),
    (check_03_small_inputs, 0.04, "what is left of a unit's sum"),
    (check_03_small_inputs, 0.9, "Too many"),
    (check_03_small_inputs, 45, "between 0 and 1"),
]  # fmt: skip
