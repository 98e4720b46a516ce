"""What the checks of chapter 5 say to right answers and to those that people give instead."""

import math
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F

from answers import test_a_right_answer_passes, test_a_wrong_answer_is_told_apart  # noqa: F401
from helpers.exercises.ch05 import (
    check_05_costly_constant,
    check_05_costly_loss,
    check_05_cross_entropy,
    check_05_letters,
    check_05_shapes,
    check_05_smoothing,
    check_05_threshold,
)


def costly(y_hat, y):
    r = y_hat - y
    return torch.where(r < 0, -3 * r, r).mean()


def row_by_row(y_hat, y):
    total = 0
    for guess, price in zip(y_hat, y):
        total = total + (guess - price if guess > price else 3 * (price - guess))
    return total / len(y)


def by_mask(y_hat, y):
    r = y_hat - y
    low = r < 0
    return (r[~low].sum() - 3 * r[low].sum()) / r.numel()


class Pinball(nn.Module):
    def forward(self, y_hat, y):
        return ((y_hat - y).relu() + 3 * (y - y_hat).relu()).mean()


def begun_anew(y_hat, y):
    return torch.tensor(costly(y_hat, y).item(), requires_grad=True)


def half_detached(y_hat, y):
    r = y_hat - y
    return (r.abs() + 2 * (-r).relu().detach()).mean()


def one_by_one(z, y):
    return np.mean([-row.log_softmax(0)[label].item() for row, label in zip(z, y)])


def log_sum_exp(z, y):
    return (z.logsumexp(1) - z.gather(1, y[:, None]).squeeze(1)).mean()


def centred_in_place(z, y):
    z -= z.amax(1, keepdim=True)
    return F.cross_entropy(z, y)


def cross_entropy(z, y, dim=1, mean=True):
    t = F.one_hot(y, z.shape[1])
    parts = -(t * z.log_softmax(dim))
    return parts.mean() if mean else parts.sum(dim=1).mean()


def by_probabilities(z, y):
    return -z.softmax(dim=1)[range(len(y)), y].log().mean()


def threshold(z, t, wanted):
    scores = z[t == 1].sort(descending=True).values
    needed = int(torch.ceil(torch.tensor(wanted * len(scores))))
    return scores[needed - 1] - 1e-6


def by_search(z, t, wanted):
    for candidate in z.sort(descending=True).values:
        if ((z > candidate) & (t == 1)).sum() >= wanted * t.sum():
            return candidate


def by_arrays(z, t, wanted):
    z, t = np.asarray(z), np.asarray(t)
    return np.sort(z[t == 1])[::-1][math.ceil(wanted * t.sum()) - 1] - 1e-6


def by_table(z, t, wanted):
    table = pd.DataFrame({"z": z, "t": t})
    return table[table.t == 1].z.quantile(1 - wanted)


def of_probabilities(z, t, wanted):
    return z.sigmoid()[t == 1].quantile(1 - wanted)


def sorts_in_place(z, t, wanted):
    level = z[t == 1].quantile(1 - wanted)
    z.copy_(z.sort().values)
    return level


class Adds(nn.Module):
    def forward(self, x):
        return x.sum(dim=1)


class Flat(nn.Module):
    """Its answers have the shape (n,)."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model(x).squeeze(1)


def sums(weight=1.0, bias=0.0):
    model = nn.Linear(3, 1)
    nn.init.constant_(model.weight, weight)
    nn.init.constant_(model.bias, bias)
    return model


def adder(loss, steps=300, make=nn.Linear, dtype=torch.float32):
    torch.manual_seed(0)
    x = torch.rand(100, 3, dtype=dtype)
    y = x.sum(dim=1)
    model = make(3, 1).to(dtype)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()
    return model


RIGHT = [
    (check_05_costly_loss, costly),
    (check_05_costly_loss, lambda y_hat, y: torch.maximum(y_hat - y, 3 * (y - y_hat)).mean()),
    (check_05_costly_loss, row_by_row),
    (check_05_costly_loss, by_mask),
    (check_05_costly_loss, Pinball()),
    (check_05_costly_loss, lambda y_hat, y: costly(y_hat.double(), y.double())),
    (check_05_costly_loss, lambda y_hat, y: (torch.where(y_hat < y, 3.0, 1.0) * (y_hat - y).abs()).mean()),
    (check_05_costly_loss, lambda y_hat, y: ((1 + 2 * (y_hat < y)) * (y_hat - y).abs()).sum() / len(y)),
    (check_05_costly_loss, lambda y_hat, y: (2 * (y_hat - y).abs() - (y_hat - y)).mean()),
    (check_05_costly_loss, lambda y_hat, y: costly(y_hat, y).view(1)),
    (check_05_costly_loss, lambda y_hat, y: F.l1_loss(y_hat, y) + 2 * (y - y_hat).clamp(min=0).mean()),
    (check_05_costly_constant, 0.75),
    (check_05_costly_constant, torch.tensor(0.76)),
    (check_05_costly_constant, 3 / 4),
    (check_05_costly_constant, 0.70),
    (check_05_costly_constant, 0.779),
    (check_05_costly_constant, np.float64(0.739)),
    (check_05_costly_constant, torch.tensor([0.75], dtype=torch.float64)),
    (check_05_costly_constant, np.array([[0.75]], dtype=np.float32)),
    (check_05_costly_constant, [0.75]),
    (check_05_letters, 3.26),
    (check_05_letters, 3.3),
    (check_05_letters, 3.2),
    (check_05_letters, 3.199),
    (check_05_letters, 3.317),
    (check_05_letters, math.log(26)),
    (check_05_letters, np.log(26)),
    (check_05_letters, -np.log(1 / 26, dtype=np.float32)),
    (check_05_letters, torch.tensor([26.0], dtype=torch.float64).log()),
    (check_05_letters, nn.CrossEntropyLoss()(torch.zeros(1, 26), torch.tensor([3]))),
    (check_05_letters, nn.Parameter(torch.tensor(3.25))),
    (check_05_cross_entropy, F.cross_entropy),
    (check_05_cross_entropy, one_by_one),
    (check_05_cross_entropy, log_sum_exp),
    (check_05_cross_entropy, lambda z, y: log_sum_exp(z, y).half()),
    (check_05_cross_entropy, lambda z, y: log_sum_exp(z.double(), y)),
    (check_05_cross_entropy, lambda z, y: F.nll_loss(F.log_softmax(z, dim=-1), y)),
    (check_05_cross_entropy, lambda z, y: -z.log_softmax(1)[torch.arange(len(y)), y].mean().item()),
    (check_05_cross_entropy, lambda z, y: F.cross_entropy(z, F.one_hot(y, z.shape[1]).to(z.dtype))),
    (check_05_cross_entropy, lambda z, y: cross_entropy(z, y) * z.shape[1]),
    (check_05_cross_entropy, lambda z, y: F.cross_entropy(z, y, reduction="sum").reshape(1, 1) / len(y)),
    (check_05_cross_entropy, lambda z, y: [one_by_one(z, y)]),
    (check_05_cross_entropy, nn.CrossEntropyLoss()),
    (check_05_cross_entropy, partial(cross_entropy, mean=False)),
    (check_05_smoothing, 0.5),
    (check_05_smoothing, 0.5003),
    (check_05_smoothing, 0.4945),
    (check_05_smoothing, 0.506),
    (check_05_smoothing, 1 / 2),
    (check_05_smoothing, np.float32(0.5)),
    (check_05_smoothing, torch.tensor([0.5003], dtype=torch.float64)),
    (check_05_smoothing, -(0.91 * math.log(0.91) + 0.09 * math.log(0.01))),
    (check_05_smoothing, torch.distributions.Categorical(torch.tensor([0.91] + [0.01] * 9)).entropy()),
    (check_05_smoothing, pd.Series([0.5])),
    (check_05_threshold, threshold),
    (check_05_threshold, by_search),
    (check_05_threshold, by_arrays),
    (check_05_threshold, by_table),
    (check_05_threshold, lambda z, t, wanted: np.quantile(z[t == 1], 1 - wanted)),
    (check_05_threshold, lambda z, t, wanted: torch.quantile(z[t.bool()].double(), 1 - wanted).item()),
    (check_05_threshold, lambda z, t, wanted: np.percentile(z[t > 0].tolist(), 100 * (1 - wanted))),
    (check_05_threshold, lambda z, t, wanted: z[t == 1].topk(math.ceil(wanted * int(t.sum()))).values[-1:]),
    (check_05_threshold, lambda z, t, wanted: of_probabilities(z, t, wanted).logit()),
    (check_05_threshold, lambda z, t, wanted: z[t == 1].quantile(1 - wanted)),
    (check_05_shapes, adder(lambda y_hat, y: (y_hat - y.unsqueeze(1)).square().mean())),
    (check_05_shapes, adder(lambda y_hat, y: (y_hat.squeeze(1) - y).square().mean())),
    (check_05_shapes, adder(lambda y_hat, y: F.mse_loss(y_hat, y[:, None]))),
    (check_05_shapes, adder(lambda y_hat, y: F.mse_loss(y_hat.flatten(), y), dtype=torch.float64)),
    (check_05_shapes, adder(lambda y_hat, y: F.mse_loss(y_hat.view(-1), y)).half()),
    (check_05_shapes, adder(lambda y_hat, y: F.l1_loss(y_hat, y.reshape(-1, 1)), steps=600)),
    (check_05_shapes, Flat(adder(lambda y_hat, y: F.mse_loss(y_hat[:, 0], y)))),
    (check_05_shapes, adder(lambda y_hat, y: F.mse_loss(y_hat[:, 0], y), make=lambda i, o: nn.Sequential(nn.Linear(i, o)))),
    (check_05_shapes, sums()),
    (check_05_shapes, sums(0.98, 0.02)),
    (check_05_shapes, sums().bfloat16()),
]  # fmt: skip

WRONG = [
    (check_05_costly_loss, lambda y_hat, y: costly(y, y_hat), "wrong side is dear"),
    (check_05_costly_loss, lambda y_hat, y: costly(y_hat, y) * len(y), "sum over the rows"),
    (check_05_costly_loss, nn.L1Loss(), "both sides cost the same"),
    (check_05_costly_loss, lambda y_hat, y: 3 * (y_hat - y).abs().mean(), "both sides cost three times"),
    (check_05_costly_loss, nn.L1Loss(reduction="none"), "one cost a row"),
    (check_05_costly_loss, lambda y_hat, y: costly(y_hat, y) ** 2, "Do the four rows by hand"),
    (
        check_05_costly_loss,
        lambda y_hat, y: torch.where(y_hat < y, 3.0, 1.0).mul((y_hat - y) ** 2).mean(),
        "square",
    ),
    (
        check_05_costly_loss,
        lambda y_hat, y: torch.where(y_hat < y, 3.0, 1.0).mul(y_hat - y).mean(),
        "a reward",
    ),
    (check_05_costly_loss, lambda y_hat, y: costly(y_hat, y).item(), "has no gradient"),
    (check_05_costly_loss, begun_anew, "has no gradient"),
    (check_05_costly_loss, half_detached, "its slope for each guess"),
    (check_05_costly_loss, lambda y_hat, y: costly(y_hat, y) * len(y) / 4, "by hand"),
    (check_05_costly_loss, lambda y_hat, y: -costly(y_hat, y), "the sign is not"),
    (check_05_costly_loss, lambda y_hat, y: 0 * y_hat.sum() + 6.25 + costly(y_hat, y).detach() * 0, "by hand"),
    (check_05_costly_loss, lambda y_hat, y: costly(y_hat, y.mul_(1)) + y.add_(1).mean() * 0, "writes into"),
    (check_05_costly_loss, nn.MSELoss(), "by hand"),
    (check_05_costly_loss, lambda y_hat, y: None, "is a return missing"),
    (check_05_costly_constant, 0.5, "That is the median"),
    (check_05_costly_constant, 0.69, "Too low"),
    (check_05_costly_constant, 0.78, "Too high"),
    (check_05_costly_constant, -0.75, "between 0 and 1"),
    (check_05_costly_constant, "3/4", "must be a number"),
    (check_05_costly_constant, torch.tensor(1 / 3, dtype=torch.float64), "Too low"),
    (check_05_costly_constant, 0.25, "the side is not"),
    (check_05_costly_constant, 75, "between 0 and 1"),
    (check_05_costly_constant, 0.9, "Too high"),
    (check_05_costly_constant, 2 / 3, "Too low"),
    (check_05_letters, 26, "number of classes"),
    (check_05_letters, 1 / 26, "probability of the right letter"),
    (check_05_letters, -3.26, "never below 0"),
    (check_05_letters, 4.7, "base 2"),
    (check_05_letters, 1.415, "base 10"),
    (check_05_letters, 2.3, "ten classes"),
    (check_05_letters, 0, "knows nothing"),
    (check_05_letters, 3.0, "Too low"),
    (check_05_letters, 3.19, "Too low"),
    (check_05_letters, 3.32, "Too high"),
    (check_05_letters, np.log2(26), "base 2"),
    (check_05_letters, torch.tensor(1 / 26).log(), "never below 0"),
    (check_05_letters, "3.3", "must be a number"),
    (check_05_cross_entropy, partial(cross_entropy, dim=0), "Two things"),
    (check_05_cross_entropy, partial(cross_entropy, dim=0, mean=False), "do not add up to 1"),
    (check_05_cross_entropy, cross_entropy, "too small"),
    (check_05_cross_entropy, nn.CrossEntropyLoss(reduction="sum"), "sum over the rows"),
    (check_05_cross_entropy, lambda z, y: -F.cross_entropy(z, y), "sign"),
    (check_05_cross_entropy, lambda z, y: F.cross_entropy(z.softmax(1), y), "nn.CrossEntropyLoss 1."),
    (check_05_cross_entropy, nn.CrossEntropyLoss(reduction="none"), "has shape (4,)"),
    (
        check_05_cross_entropy,
        lambda z, y: -(z - z.exp().sum(1).log().unsqueeze(1))[range(len(y)), y].mean(),
        "says inf",
    ),
    (check_05_cross_entropy, by_probabilities, "became 0"),
    (check_05_cross_entropy, lambda z, y: -(z.softmax(1) + 1e-9).log()[range(len(y)), y].mean(), "yours says 20.7"),
    (check_05_cross_entropy, lambda z, y: cross_entropy(z, y) * 3, "the first example only"),
    (check_05_cross_entropy, lambda z, y: cross_entropy(z, y, mean=False) * len(y) / 4, "the first example only"),
    (check_05_cross_entropy, centred_in_place, "writes into"),
    (check_05_cross_entropy, lambda z, y: None, "is a return missing"),
    (check_05_cross_entropy, nn.CrossEntropyLoss, "is the class"),
    (check_05_cross_entropy, lambda z, y: F.cross_entropy(z, y, label_smoothing=0.1), "nn.CrossEntropyLoss 1."),
    (check_05_smoothing, 0, "Out of reach"),
    (check_05_smoothing, 0.0943, "right class alone"),
    (check_05_smoothing, 0.1054, "-log 0.9"),
    (check_05_smoothing, 0.5448, "over all ten"),
    (check_05_smoothing, 0.3251, "nine as one class"),
    (check_05_smoothing, 0.05, "over rows only"),
    (check_05_smoothing, 2.3026, "knows nothing"),
    (check_05_smoothing, 0.7, "Too high"),
    (check_05_smoothing, 0.494, "Too low"),
    (check_05_smoothing, 0.507, "Too high"),
    (check_05_smoothing, -0.5, "never below 0"),
    (check_05_smoothing, "0.50", "must be a number"),
    (check_05_threshold, lambda z, t, wanted: z.quantile(1 - wanted), "Which rows decide"),
    (check_05_threshold, lambda z, t, wanted: z[t == 1].quantile(wanted), "other end"),
    (check_05_threshold, lambda z, t, wanted: z.min() - 1, "share of 1.00 of the eights, more than asked"),
    (check_05_threshold, lambda z, t, wanted: 0.0, "Lower it"),
    (check_05_threshold, of_probabilities, "would be right for the probabilities"),
    (check_05_threshold, lambda z, t, wanted: z[t == 0].quantile(1 - wanted), "more than asked"),
    (check_05_threshold, lambda z, t, wanted: z.sort(descending=True).values[int(wanted * t.sum())], "Lower it"),
    (check_05_threshold, lambda z, t, wanted: z[t == 1].mean(), "Lower it"),
    (check_05_threshold, lambda z, t, wanted: z[t == 1], "must be a number"),
    (check_05_threshold, lambda z, t, wanted: None, "is a return missing"),
    (check_05_threshold, sorts_in_place, "writes into"),
    (check_05_threshold, lambda z, t, wanted: wanted, "Lower it"),
    (check_05_shapes, adder(lambda y_hat, y: (y_hat - y).square().mean()), "nearly the mean"),
    (check_05_shapes, adder(lambda y_hat, y: (y_hat - y.unsqueeze(0)).square().mean()), "nearly the mean"),
    (
        check_05_shapes,
        adder(lambda y_hat, y: (y_hat.squeeze(1) - y).square().mean(), steps=5),
        "trained anew",
    ),
    (check_05_shapes, nn.Linear(3, 2), "has shape (200, 2)"),
    (check_05_shapes, sums(0.0, 1.5), "nearly the mean"),
    (check_05_shapes, sums(1 / 3), "off by"),
    (check_05_shapes, sums(1.0, 0.06), "off by 0.06"),
    (check_05_shapes, sums(1.0, math.nan), "holds nan"),
    (check_05_shapes, nn.Linear(2, 1), "RuntimeError"),
    (check_05_shapes, Adds(), "nothing in it was trained"),
    (check_05_shapes, nn.Linear, "Make one of it"),
    (check_05_shapes, lambda x: x.sum(dim=1), "must be an nn.Module"),
]  # fmt: skip
