"""What the checks of chapter 4 say to right answers and to those that people give instead."""

from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

from answers import test_a_right_answer_passes, test_a_wrong_answer_is_told_apart  # noqa: F401
from helpers.exercises.ch04 import (
    check_04_costly_constant,
    check_04_costly_loss,
    check_04_cross_entropy,
    check_04_letters,
    check_04_shapes,
    check_04_smoothing,
    check_04_threshold,
)


def costly(y_hat, y):
    r = y_hat - y
    return torch.where(r < 0, -3 * r, r).mean()


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


def adder(loss, steps=300):
    torch.manual_seed(0)
    x = torch.rand(100, 3)
    y = x.sum(dim=1)
    model = nn.Linear(3, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()
    return model


RIGHT = [
    (check_04_costly_loss, costly),
    (check_04_costly_loss, lambda y_hat, y: torch.maximum(y_hat - y, 3 * (y - y_hat)).mean()),
    (check_04_costly_constant, 0.75),
    (check_04_costly_constant, torch.tensor(0.76)),
    (check_04_letters, 3.26),
    (check_04_letters, 3.3),
    (check_04_letters, 3.2),
    (check_04_cross_entropy, F.cross_entropy),
    (check_04_cross_entropy, nn.CrossEntropyLoss()),
    (check_04_cross_entropy, partial(cross_entropy, mean=False)),
    (check_04_smoothing, 0.5),
    (check_04_smoothing, 0.5003),
    (check_04_threshold, threshold),
    (check_04_threshold, lambda z, t, wanted: z[t == 1].quantile(1 - wanted)),
    (check_04_shapes, adder(lambda y_hat, y: (y_hat - y.unsqueeze(1)).square().mean())),
    (check_04_shapes, adder(lambda y_hat, y: (y_hat.squeeze(1) - y).square().mean())),
]
WRONG = [
    (check_04_costly_loss, lambda y_hat, y: costly(y, y_hat), "wrong side is dear"),
    (check_04_costly_loss, lambda y_hat, y: costly(y_hat, y) * len(y), "sum over the rows"),
    (check_04_costly_loss, nn.L1Loss(), "both sides cost the same"),
    (check_04_costly_loss, lambda y_hat, y: 3 * (y_hat - y).abs().mean(), "both sides cost three times"),
    (check_04_costly_loss, nn.L1Loss(reduction="none"), "one cost a row"),
    (check_04_costly_loss, lambda y_hat, y: costly(y_hat, y) ** 2, "Do the four rows by hand"),
    (
        check_04_costly_loss,
        lambda y_hat, y: torch.where(y_hat < y, 3.0, 1.0).mul((y_hat - y) ** 2).mean(),
        "square",
    ),
    (
        check_04_costly_loss,
        lambda y_hat, y: torch.where(y_hat < y, 3.0, 1.0).mul(y_hat - y).mean(),
        "a reward",
    ),
    (check_04_costly_loss, lambda y_hat, y: costly(y_hat, y).item(), "has no gradient"),
    (check_04_costly_constant, 0.5, "That is the median"),
    (check_04_costly_constant, 0.25, "the side is not"),
    (check_04_costly_constant, 75, "between 0 and 1"),
    (check_04_costly_constant, 0.9, "Too high"),
    (check_04_costly_constant, 2 / 3, "Too low"),
    (check_04_letters, 26, "number of classes"),
    (check_04_letters, 1 / 26, "probability of the right letter"),
    (check_04_letters, -3.26, "never below 0"),
    (check_04_letters, 4.7, "base 2"),
    (check_04_letters, 1.415, "base 10"),
    (check_04_letters, 2.3, "ten classes"),
    (check_04_letters, 0, "knows nothing"),
    (check_04_letters, 3.0, "Too low"),
    (check_04_cross_entropy, partial(cross_entropy, dim=0), "Two things"),
    (check_04_cross_entropy, partial(cross_entropy, dim=0, mean=False), "do not add up to 1"),
    (check_04_cross_entropy, cross_entropy, "too small"),
    (check_04_cross_entropy, nn.CrossEntropyLoss(reduction="sum"), "sum over the rows"),
    (check_04_cross_entropy, lambda z, y: -F.cross_entropy(z, y), "sign"),
    (check_04_cross_entropy, lambda z, y: F.cross_entropy(z.softmax(1), y), "nn.CrossEntropyLoss 1."),
    (check_04_cross_entropy, nn.CrossEntropyLoss(reduction="none"), "has shape (4,)"),
    (
        check_04_cross_entropy,
        lambda z, y: -(z - z.exp().sum(1).log().unsqueeze(1))[range(len(y)), y].mean(),
        "says inf",
    ),
    (check_04_cross_entropy, by_probabilities, "became 0"),
    (check_04_smoothing, 0, "Out of reach"),
    (check_04_smoothing, 0.0943, "right class alone"),
    (check_04_smoothing, 0.1054, "-log 0.9"),
    (check_04_smoothing, 0.5448, "over all ten"),
    (check_04_smoothing, 0.3251, "nine as one class"),
    (check_04_smoothing, 0.05, "over rows only"),
    (check_04_smoothing, 2.3026, "knows nothing"),
    (check_04_smoothing, 0.7, "Too high"),
    (check_04_threshold, lambda z, t, wanted: z.quantile(1 - wanted), "Which rows decide"),
    (check_04_threshold, lambda z, t, wanted: z[t == 1].quantile(wanted), "other end"),
    (check_04_threshold, lambda z, t, wanted: z.min() - 1, "share of 1.00 of the eights, more than asked"),
    (check_04_threshold, lambda z, t, wanted: 0.0, "Lower it"),
    (check_04_shapes, adder(lambda y_hat, y: (y_hat - y).square().mean()), "nearly the mean"),
    (check_04_shapes, adder(lambda y_hat, y: (y_hat - y.unsqueeze(0)).square().mean()), "nearly the mean"),
    (
        check_04_shapes,
        adder(lambda y_hat, y: (y_hat.squeeze(1) - y).square().mean(), steps=5),
        "trained anew",
    ),
    (check_04_shapes, nn.Linear(3, 2), "has shape (200, 2)"),
]
