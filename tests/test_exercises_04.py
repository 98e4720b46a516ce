"""What the checks of chapter 4 say to right answers, and to the wrong ones that people give."""

import math

import numpy as np
import pandas as pd
import torch
from scipy import special
from torch import nn
from torch.nn import functional as F

from answers import test_a_right_answer_passes, test_a_wrong_answer_is_told_apart  # noqa: F401
from helpers.exercises.ch04 import (
    check_04_fold,
    check_04_hat,
    check_04_learned_slope,
    check_04_sigmoid_start,
    check_04_small_inputs,
    check_04_softmax,
    check_04_softplus,
)


def folded(weight=lambda W1, W2: W2 @ W1, bias=lambda b1, W2, b2: W2 @ b1 + b2):
    def fold(first, second):
        one = nn.Linear(first.in_features, second.out_features)
        with torch.no_grad():
            one.weight.copy_(weight(first.weight, second.weight))
            one.bias.copy_(bias(first.bias, second.weight, second.bias))
        return one

    return fold


def by_probing(first, second):
    """A layer that gives what the pair gives for the rows of the identity, and for a row of zeros."""
    one = nn.Linear(first.in_features, second.out_features)
    one.bias.data = second(first(torch.zeros(first.in_features))).detach()
    one.weight.data = (second(first(torch.eye(first.in_features))) - one.bias).detach().T
    return one


def in_float64(first, second):
    W1, b1, W2, b2 = (p.detach().numpy().astype(float) for p in (*first.parameters(), *second.parameters()))
    one = nn.Linear(first.in_features, second.out_features, dtype=torch.float64)
    one.weight.data, one.bias.data = torch.tensor(W2 @ W1), torch.tensor(W2 @ b1 + b2)
    return one


def of_float64(first, second):
    eye = torch.eye(first.in_features, dtype=torch.float64)  # so a layer of float32 cannot be called with it
    one = nn.Linear(first.in_features, second.out_features)
    one.bias.data = second(first(0 * eye[0]))
    one.weight.data = (second(first(eye)) - one.bias).T
    return one


def with_parameters(first, second):
    one = nn.Linear(first.in_features, second.out_features)
    one.weight = nn.Parameter((first.weight.T @ second.weight.T).T)
    one.bias = nn.Parameter(F.linear(first.bias, second.weight, second.bias))
    return one


def by_state(first, second):
    one = nn.Linear(first.in_features, second.out_features)
    bias = second(first.bias)
    one.load_state_dict({"weight": second.weight.matmul(first.weight), "bias": bias})
    return one


def into_the_first(first, second):
    one = with_parameters(first, second)
    first.weight, first.bias, first.out_features = one.weight, one.bias, one.out_features
    return first


def softplus(x):
    return x.clamp(min=0) + torch.log1p(torch.exp(-x.abs()))


def by_autograd(f):
    def slope(x):
        x = x.clone().requires_grad_()
        f(x).sum().backward()
        return x.grad

    return slope


def by_parts(x):
    return torch.where(x > 0, x + torch.log1p(torch.exp(-x.abs())), torch.log1p(torch.exp(x.clamp(max=0))))


def of_one_number(x):
    return max(x, 0) + math.log1p(math.exp(-abs(x)))


def slope_of_one_number(x):
    if x > 0:
        return 1 / (1 + math.exp(-x))
    return math.exp(x) / (1 + math.exp(x))


def stepwise(x):
    if x <= 0 or x >= 3:
        return 0.0
    return x if x < 1 else 1.0 if x <= 2 else 3 - x


def as_network():
    """Four units: the book's bumps as one hidden layer."""
    model = nn.Sequential(nn.Linear(1, 4), nn.ReLU(), nn.Linear(4, 1, bias=False))
    model[0].weight.data = torch.ones(4, 1)
    model[0].bias.data = -torch.arange(4.0)
    model[2].weight.data = torch.tensor([[1.0, -1.0, -1.0, 1.0]])
    return model


def hat_in_place(x):
    return F.relu(x, inplace=True) - bends(0, 1, 1, -1)(x)


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


class Leaky(nn.Module):
    """A leaky ReLU: ``make`` gives its parameter, ``use`` what comes out."""

    make = staticmethod(lambda: torch.tensor(0.25))
    use = staticmethod(lambda x, a: torch.where(x > 0, x, a * x))

    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(self.make())

    def forward(self, x):
        return type(self).use(x, self.a)


def leaky_by(use=Leaky.use, make=Leaky.make):
    return type("LearnedLeaky", (Leaky,), {"use": staticmethod(use), "make": staticmethod(make)})


def writes_into_x(x, a):
    x[x < 0] *= a.item()
    return x + 0 * a


SHARED = nn.Parameter(torch.tensor(0.25))


class Unregistered(nn.Module):
    a = nn.Parameter(torch.tensor(0.25))

    def forward(self, x):
        return Leaky.use(x, self.a)


class TwoSlopes(Leaky):
    def __init__(self):
        super().__init__()
        self.right = nn.Parameter(torch.tensor(1.0))

    def forward(self, x):
        return torch.where(x > 0, self.right * x, self.a * x)


def softmax_in_place(z):
    z -= z.amax(dim=1, keepdim=True)
    return z.exp() / z.exp().sum(dim=1, keepdim=True)


def normal(z, dim=1, keepdim=True, peak=lambda z: z.amax(1, keepdim=True)):
    e = (z - peak(z)).exp()
    return e / e.sum(dim, keepdim=keepdim)


def no_peak(z):
    return 0


RIGHT = [
    (check_04_fold, folded()),
    (check_04_fold, folded(weight=lambda W1, W2: (W1.T @ W2.T).T)),
    (check_04_fold, folded(bias=lambda b1, W2, b2: (W2 * b1).sum(dim=1) + b2)),
    (check_04_fold, by_probing),
    (check_04_fold, in_float64),
    (check_04_fold, of_float64),
    (check_04_fold, with_parameters),
    (check_04_fold, by_state),
    (check_04_fold, lambda first, second: folded()(first, second).double()),
    (check_04_fold, torch.no_grad()(by_probing)),
    (check_04_softplus, softplus, torch.sigmoid),
    (check_04_softplus, F.softplus, lambda x: 1 / (1 + torch.exp(-x))),
    (check_04_softplus, softplus, by_autograd(softplus)),  # 1 at 0
    (check_04_softplus, by_parts, by_autograd(by_parts)),
    (check_04_softplus, lambda x: x.relu() + (-x.abs()).exp().log1p(), by_autograd(F.softplus)),
    (check_04_softplus, lambda x: softplus(x.double()), lambda x: x.double().sigmoid()),
    (
        check_04_softplus,
        lambda x: np.logaddexp(0, x.numpy().astype(float)),
        lambda x: special.expit(x.numpy()),
    ),
    (check_04_softplus, lambda x: torch.logaddexp(x, torch.zeros(())), lambda x: torch.exp(-softplus(-x))),
    (check_04_softplus, lambda x: -F.logsigmoid(-x), lambda x: 0.5 * (1 + torch.tanh(x / 2))),
    (check_04_softplus, of_one_number, slope_of_one_number),
    (check_04_softplus, nn.Softplus(), nn.Sigmoid()),
    (check_04_softplus, softplus, torch.func.grad(F.softplus)),
    (
        check_04_softplus,
        lambda x: softplus(x + torch.zeros(1, dtype=torch.float64)),
        lambda x: torch.sigmoid(x).tolist(),
    ),
    (check_04_hat, bends(1, -1, -1, 1)),
    (check_04_hat, lambda x: x.clamp(0, 1) - (x - 2).clamp(0, 1)),
    (check_04_hat, lambda x: bends(1, -1)(x) - bends(1, -1)(x - 2)),
    (check_04_hat, lambda x: bends(1, -1, -1, 1)(x.double())),
    (check_04_hat, lambda x: torch.minimum(torch.minimum(x, 3 - x), torch.tensor(1.0)).relu()),
    (check_04_hat, lambda x: np.interp(x, [0, 1, 2, 3], [0, 1, 1, 0])),
    (check_04_hat, lambda x: sum(c * np.maximum(x.numpy() - k, 0) for k, c in enumerate((1, -1, -1, 1)))),
    (check_04_hat, stepwise),
    (check_04_hat, lambda x: bends(1, -1, -1, 1)(x).half()),
    (check_04_hat, lambda x: sum(c * max(0, x - k) for k, c in enumerate((1, -1, -1, 1)))),
    (check_04_hat, as_network()),
    (check_04_hat, as_network().double()),
    (check_04_softmax, normal),
    (check_04_softmax, nn.Softmax(dim=-1)),
    (check_04_softmax, lambda z: z.double().softmax(1)),
    (check_04_softmax, lambda z: normal(z).bfloat16()),
    (check_04_softmax, lambda z: normal(z).numpy().astype(np.float16)),
    (check_04_softmax, lambda z: special.softmax(z.numpy(), axis=1)),
    (check_04_softmax, lambda z: z.log_softmax(dim=1).exp()),
    (check_04_softmax, lambda z: (z - z.logsumexp(1, keepdim=True)).exp()),
    (check_04_softmax, lambda z: torch.stack([row.softmax(0) for row in z])),
    (check_04_softmax, lambda z: normal(z).tolist()),
    (check_04_softmax, lambda z: pd.DataFrame(normal(z).numpy())),
    (check_04_softmax, lambda z: normal(z, peak=lambda z: z.max(dim=1).values.unsqueeze(1))),
    (check_04_softmax, lambda z: normal(z + torch.zeros(z.shape[1], dtype=torch.float64))),
    (check_04_softmax, lambda z: normal(z.T, dim=0, peak=lambda z: z.amax(0)).T),
    (check_04_sigmoid_start, 100),
    (check_04_sigmoid_start, 120.0),
    (check_04_sigmoid_start, 64),
    (check_04_sigmoid_start, 150),
    (check_04_sigmoid_start, np.int64(81)),
    (check_04_sigmoid_start, torch.tensor(100)),
    (check_04_sigmoid_start, torch.tensor([90.5], dtype=torch.float64)),
    (check_04_sigmoid_start, np.array(110.0, dtype=np.float32)),
    (check_04_sigmoid_start, 10**2),
    (check_04_learned_slope, leaky()),
    (check_04_learned_slope, nn.PReLU),
    (check_04_learned_slope, Leaky),
    (check_04_learned_slope, leaky_by(lambda x, a: torch.max(x, a * x))),
    (check_04_learned_slope, leaky_by(lambda x, a: x.clamp(min=0) + a * x.clamp(max=0))),
    (check_04_learned_slope, leaky_by(lambda x, a: x.relu() - a * (-x).relu())),
    (
        check_04_learned_slope,
        leaky_by(lambda x, a: torch.where(x < 0, a * x, x), lambda: torch.tensor([0.25])),
    ),
    (check_04_learned_slope, leaky_by(make=lambda: torch.tensor([0.25], dtype=torch.float64))),
    (check_04_learned_slope, leaky_by(make=lambda: torch.tensor([[0.25]]))),
    (
        check_04_learned_slope,
        leaky_by(lambda x, a: F.prelu(x, a), lambda: torch.tensor([0.25], dtype=torch.float64)),
    ),
    (check_04_learned_slope, leaky_by(lambda x, a: Leaky.use(x, a.exp()), lambda: torch.tensor(0.25).log())),
    (check_04_learned_slope, leaky_by(lambda x, a: ((x > 0) + a * (x <= 0)) * x)),
    (check_04_small_inputs, 0.45),
    (check_04_small_inputs, 0.5),
    (check_04_small_inputs, 0.376),
    (check_04_small_inputs, 0.534),
    (check_04_small_inputs, 1 / 2),
    (check_04_small_inputs, np.float16(0.45)),
    (check_04_small_inputs, torch.tensor(0.45, dtype=torch.float64)),
    (check_04_small_inputs, [0.4]),
    (check_04_small_inputs, pd.Series([0.48])),
]

WRONG = [
    (check_04_fold, lambda first, second: nn.Sequential(first, second), "it returns Sequential"),
    (check_04_fold, lambda first, second: nn.Linear(5, 5), "How many numbers go into the pair"),
    (check_04_fold, folded(weight=lambda W1, W2: W1 @ W2), "RuntimeError"),
    (check_04_fold, lambda first, second: nn.Linear(4, 3), "in which order"),
    (check_04_fold, folded(bias=lambda b1, W2, b2: b2), "by way of W2"),
    (check_04_fold, folded(bias=lambda b1, W2, b2: W2 @ b1), "second layer's is missing"),
    (check_04_fold, folded(bias=lambda b1, W2, b2: 2 * b2), "for x = 0"),
    (check_04_fold, folded(bias=lambda b1, W2, b2: W2 @ b1 - b2), "for x = 0"),
    (check_04_fold, into_the_first, "writes into"),
    (check_04_fold, lambda first, second: folded()(nn.Linear(4, 5), nn.Linear(5, 3)), "in which order"),
    (check_04_fold, lambda first, second: nn.Linear(first.in_features, second.out_features, bias=False), "in which order"),
    (check_04_fold, lambda first, second: lambda x: second(first(x)), "it returns function"),
    (check_04_fold, lambda first, second: None, "it returns NoneType"),
    (check_04_fold, lambda first, second: (first.weight.data.zero_(), by_probing(first, second))[1], "writes into"),
    (check_04_softplus, lambda x: torch.log(1 + torch.exp(x)), torch.sigmoid, "my_softplus(100) is inf"),
    (check_04_softplus, lambda x: torch.log1p(torch.exp(x)), torch.sigmoid, "my_softplus(100) is inf"),
    (check_04_softplus, lambda x: x.relu() + torch.log(1 + torch.exp(-x.abs())), torch.sigmoid, "rounded to 1"),
    (check_04_softplus, F.logsigmoid, torch.sigmoid, "0.6931"),
    (check_04_softplus, lambda x: -softplus(x), torch.sigmoid, "sign of my_softplus"),
    (check_04_softplus, softplus, lambda x: torch.sigmoid(x) * (1 - torch.sigmoid(x)), "one derivative too far"),
    (check_04_softplus, softplus, lambda x: 1 - torch.sigmoid(x), "a sign turned"),
    (check_04_softplus, softplus, torch.exp, "u' / u"),
    (check_04_softplus, softplus, lambda x: torch.exp(x) / (1 + torch.exp(x)), "my_slope(100) is nan"),
    (check_04_softplus, softplus, lambda x: x.exp() / (1 + x.exp().clamp(max=1e6)), "my_slope(100) is"),
    (check_04_softplus, softplus, lambda x: (x > 0).float(), "u' / u"),
    (check_04_softplus, torch.relu, torch.sigmoid, "0.6931"),
    (check_04_softplus, lambda x: torch.log1p(torch.exp(x.clamp(max=20))), torch.sigmoid, "where e^x is large"),
    (check_04_softplus, lambda x: x.add_(0.5).sub_(1), torch.sigmoid, "writes into"),
    (check_04_softplus, F.softplus, F.softplus, "u' / u"),
    (check_04_softplus, lambda x: None, torch.sigmoid, "is a return missing"),
    (check_04_softplus, softplus, 0.5, "my_slope must be a function"),
    (check_04_softplus, softplus, by_autograd(lambda x: softplus(x).where(x != 0, x / x)), "my_slope(x) holds nan"),
    (check_04_hat, bends(1), "goes on rising"),
    (check_04_hat, bends(1, -1), "nothing brings it down"),
    (check_04_hat, bends(1, -1, -1), "Right up to x = 3.0. It comes down and goes on falling"),
    (check_04_hat, bends(1, -2, 1), "Right up to x = 1.0. That is the pointed bump"),
    (check_04_hat, bends(2, -2, -2, 2), "by how much the slope changes"),
    (check_04_hat, lambda x: x[:3], "shape (3,)"),
    (check_04_hat, bends(1, -1, -2, 1), "It comes down and goes on falling"),
    (check_04_hat, bends(0.5, 0, -1, 0.5), "slope changes"),
    (check_04_hat, lambda x: 1.0, "shape ()"),
    (check_04_hat, lambda x: x * 0, "slope changes"),
    (check_04_hat, lambda x: bends(1, -1, -1, 1)(torch.linspace(-1, 5, 61)), "shape (61,)"),
    (check_04_hat, lambda x: bends(1, -1, -1, 1)(x) + bends(0, 0, 0, 0, 0, 1)(x), "between or beyond"),
    (check_04_hat, lambda x: bends(1, -1, -1, 1)((10 * x).round() / 10), "between or beyond"),
    (check_04_hat, hat_in_place, "writes into"),
    (check_04_softmax, lambda z: normal(z, dim=0, peak=no_peak), "the rows compete"),
    (check_04_softmax, lambda z: normal(z, keepdim=False, peak=no_peak), "keep them a column"),
    (check_04_softmax, lambda z: normal(z, peak=no_peak), "it gives nan"),
    (check_04_softmax, lambda z: normal(z, peak=torch.max), "own largest logit"),
    (check_04_softmax, nn.LogSoftmax(dim=1), "logarithms"),
    (check_04_softmax, torch.sigmoid, "Each should add up to 1"),
    (check_04_softmax, softmax_in_place, "writes into"),
    (check_04_softmax, lambda z: normal(z, peak=lambda z: z.mean(1, keepdim=True)), "some exponential still overflows"),
    (check_04_softmax, lambda z: normal(z.clamp(max=80), peak=no_peak), "as\nfor 2, 1 and 0"),
    (check_04_softmax, lambda z: normal(z.view(-1, 3)[:3]), "wanted is (5, 3)"),
    (check_04_softmax, lambda z: normal(z, peak=no_peak) * z.shape[1] / 3, "what is taken for fixed"),
    (check_04_softmax, lambda z: z / z.sum(dim=1, keepdim=True), "logarithms"),
    (check_04_softmax, lambda z: z.exp(), "Each should add up to 1"),
    (check_04_softmax, lambda z: normal(z).sum(), "shape ()"),
    (check_04_softmax, lambda z: normal(z, peak=lambda z: z.amax(0)), "the shares in them are not right"),
    (check_04_softmax, lambda z: F.one_hot(z.argmax(1), z.shape[1]), "the shares in them are not right"),
    (check_04_softmax, lambda z: F.gumbel_softmax(z, dim=1), "the shares in them are not right"),
    (check_04_softmax, lambda z: None, "is a return missing"),
    (check_04_sigmoid_start, 1, "Xavier's choice"),
    (check_04_sigmoid_start, 2, "Kaiming's choice"),
    (check_04_sigmoid_start, 16, "one quarter everywhere"),
    (check_04_sigmoid_start, 50, "larger weights"),
    (check_04_sigmoid_start, 1000, "Now it grows"),
    (check_04_sigmoid_start, -1, "above 0"),
    (check_04_sigmoid_start, 0, "above 0"),
    (check_04_sigmoid_start, 1e30, "Now it grows"),
    (check_04_sigmoid_start, 62, "larger weights"),
    (check_04_sigmoid_start, 4, "larger weights"),
    (check_04_sigmoid_start, torch.tensor(16.0, dtype=torch.float64), "one quarter everywhere"),
    (check_04_sigmoid_start, 156, "Now it grows"),
    (check_04_sigmoid_start, "100", "must be a number"),
    (check_04_learned_slope, leaky(a=torch.tensor(0.25)), "no parameters"),
    (check_04_learned_slope, leaky(swapped=True), "belongs on the left"),
    (check_04_learned_slope, leaky(use=lambda a: a.item()), "no gradient reaches it"),
    (check_04_learned_slope, leaky(use=lambda a: 2 * a), "it should be -0.5 and 3"),
    (check_04_learned_slope, leaky()(), "without brackets"),
    (check_04_learned_slope, nn.LeakyReLU, "it should be -0.5 and 3"),
    (check_04_learned_slope, nn.LeakyReLU(), "without brackets"),
    (check_04_learned_slope, lambda: Leaky(), "must be a class"),
    (check_04_learned_slope, torch.Tensor, "must be a class"),
    (check_04_learned_slope, nn.ReLU, "it should be -0.5 and 3"),
    (check_04_learned_slope, Unregistered, "no parameters"),
    (check_04_learned_slope, TwoSlopes, "more than one number"),
    (check_04_learned_slope, leaky(a=SHARED), "share one slope"),
    (check_04_learned_slope, leaky_by(writes_into_x), "writes into"),
    (check_04_learned_slope, leaky_by(lambda x, a: Leaky.use(x, a.detach())), "no gradient reaches it"),
    (check_04_learned_slope, leaky_by(lambda x, a: F.leaky_relu(x, 0.25)), "no gradient reaches it"),
    (check_04_learned_slope, leaky_by(lambda x, a: Leaky.use(x, a + 0.25 - a.item())), "it is the same"),
    (check_04_learned_slope, leaky_by(lambda x, a: torch.where(x > 0, x + a - 0.25, a * x)), "right of 0 always 1"),
    (check_04_learned_slope, leaky_by(make=lambda: torch.tensor(0.01)), "it should be -0.5 and 3"),
    (check_04_small_inputs, 0.37, "what is left of a unit's sum"),
    (check_04_small_inputs, 0.54, "Too many"),
    (check_04_small_inputs, 1 / 6, "Without the bias you would be right"),
    (check_04_small_inputs, 1.0, "Too many"),
    (check_04_small_inputs, -0.45, "between 0 and 1"),
    (check_04_small_inputs, "half", "must be a number"),
    (check_04_small_inputs, 0.17, "Without the bias you would be right"),
    (check_04_small_inputs, 0.04, "what is left of a unit's sum"),
    (check_04_small_inputs, 0.9, "Too many"),
    (check_04_small_inputs, 45, "between 0 and 1"),
]  # fmt: skip
