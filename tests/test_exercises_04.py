"""What the checks of chapter 4 say to right answers and to those that people give instead."""

from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers import exercises


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


RIGHT = {
    "costly_loss": [costly, lambda y_hat, y: torch.maximum(y_hat - y, 3 * (y - y_hat)).mean()],
    "costly_constant": [0.75, torch.tensor(0.76)],
    "letters": [3.26, 3.3, 3.2],
    "cross_entropy": [F.cross_entropy, nn.CrossEntropyLoss(), partial(cross_entropy, mean=False)],
    "smoothing": [0.5, 0.5003],
    "threshold": [threshold, lambda z, t, wanted: z[t == 1].quantile(1 - wanted)],
    "shapes": [
        adder(lambda y_hat, y: (y_hat - y.unsqueeze(1)).square().mean()),
        adder(lambda y_hat, y: (y_hat.squeeze(1) - y).square().mean()),
    ],
}


@pytest.mark.parametrize("name, answer", [(name, one) for name, many in RIGHT.items() for one in many])
def test_right(name, answer, said):
    assert said(getattr(exercises, f"check_04_{name}"), answer).startswith("✓ ")


WRONG = [
    ("costly_loss", lambda y_hat, y: costly(y, y_hat), "wrong side is dear"),
    ("costly_loss", lambda y_hat, y: costly(y_hat, y) * len(y), "sum over the rows"),
    ("costly_loss", nn.L1Loss(), "both sides cost the same"),
    ("costly_loss", lambda y_hat, y: 3 * (y_hat - y).abs().mean(), "both sides cost three times"),
    ("costly_loss", nn.L1Loss(reduction="none"), "one cost a row"),
    ("costly_loss", lambda y_hat, y: costly(y_hat, y) ** 2, "Do the four rows by hand"),
    ("costly_loss", lambda y_hat, y: torch.where(y_hat < y, 3.0, 1.0).mul((y_hat - y) ** 2).mean(), "square"),
    ("costly_loss", lambda y_hat, y: torch.where(y_hat < y, 3.0, 1.0).mul(y_hat - y).mean(), "a reward"),
    ("costly_loss", lambda y_hat, y: costly(y_hat, y).item(), "has no gradient"),
    ("costly_constant", 0.5, "That is the median"),
    ("costly_constant", 0.25, "the side is not"),
    ("costly_constant", 75, "between 0 and 1"),
    ("costly_constant", 0.9, "Too high"),
    ("costly_constant", 2 / 3, "Too low"),
    ("letters", 26, "number of classes"),
    ("letters", 1 / 26, "probability of the right letter"),
    ("letters", -3.26, "never below 0"),
    ("letters", 4.7, "base 2"),
    ("letters", 1.415, "base 10"),
    ("letters", 2.3, "ten classes"),
    ("letters", 0, "knows nothing"),
    ("letters", 3.0, "Too low"),
    ("cross_entropy", partial(cross_entropy, dim=0), "Two things"),
    ("cross_entropy", partial(cross_entropy, dim=0, mean=False), "do not add up to 1"),
    ("cross_entropy", cross_entropy, "too small"),
    ("cross_entropy", nn.CrossEntropyLoss(reduction="sum"), "sum over the rows"),
    ("cross_entropy", lambda z, y: -F.cross_entropy(z, y), "sign"),
    ("cross_entropy", lambda z, y: F.cross_entropy(z.softmax(1), y), "nn.CrossEntropyLoss 1."),
    ("cross_entropy", nn.CrossEntropyLoss(reduction="none"), "has shape (4,)"),
    (
        "cross_entropy",
        lambda z, y: -(z - z.exp().sum(1).log().unsqueeze(1))[range(len(y)), y].mean(),
        "says inf",
    ),
    ("cross_entropy", by_probabilities, "became 0"),
    ("smoothing", 0, "Out of reach"),
    ("smoothing", 0.0943, "right class alone"),
    ("smoothing", 0.1054, "-log 0.9"),
    ("smoothing", 0.5448, "over all ten"),
    ("smoothing", 0.3251, "nine as one class"),
    ("smoothing", 0.05, "over rows only"),
    ("smoothing", 2.3026, "knows nothing"),
    ("smoothing", 0.7, "Too high"),
    ("threshold", lambda z, t, wanted: z.quantile(1 - wanted), "Which rows decide"),
    ("threshold", lambda z, t, wanted: z[t == 1].quantile(wanted), "other end"),
    ("threshold", lambda z, t, wanted: z.min() - 1, "share of 1.00 of the eights, more than asked"),
    ("threshold", lambda z, t, wanted: 0.0, "Lower it"),
    ("shapes", adder(lambda y_hat, y: (y_hat - y).square().mean()), "nearly the mean"),
    ("shapes", adder(lambda y_hat, y: (y_hat - y.unsqueeze(0)).square().mean()), "nearly the mean"),
    ("shapes", adder(lambda y_hat, y: (y_hat.squeeze(1) - y).square().mean(), steps=5), "trained anew"),
    ("shapes", nn.Linear(3, 2), "has shape (200, 2)"),
]


@pytest.mark.parametrize("name, answer, message", WRONG)
def test_wrong(name, answer, message, said):
    printed = said(getattr(exercises, f"check_04_{name}"), answer)
    assert printed.startswith("✗ ") and message in printed
