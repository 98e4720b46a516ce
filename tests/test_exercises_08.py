"""Chapter 8's checks: the solution passes, and each wrong answer is told what is wrong with it."""

import math

import nbformat
import numpy as np
import pytest
import torch

from helpers.exercises.ch08 import (
    _read,
    _verdict,
    check_08_false_alarms,
    check_08_how_many,
    check_08_paired,
    check_08_saying,
    check_08_verdicts,
)
from tools import ROOT


def test_the_rule_is_the_chapter_s():
    cells = nbformat.read(ROOT / "book" / "08_folklore.ipynb", as_version=4).cells
    (taught,) = [cell.source for cell in cells if "def judge(" in cell.source]
    chapter = {}
    exec(f"import torch, pandas as pd\nprint = lambda *words: None\n{taught}", chapter)
    means = [-3.0, -1.2, -0.3, 0.0, 0.4, 2.0]
    pairs = [(a, b, se) for a in means for b in means for se in (0.1, 0.3, 0.9)]
    for a, b, se in pairs:
        changes = {}
        for name, mean in (("one", a), ("two", b)):
            values = torch.linspace(-1, 1, 100, dtype=torch.float64)
            changes[name] = mean + values / values.std() * se * 10
        for expected in ("lower", "higher", "same"):
            chapter["judge"]("a saying", expected, changes)
            assert _verdict([_read(a, se), _read(b, se)], expected) == chapter["verdicts"][-1]["verdict"]


@pytest.mark.parametrize(
    "guesses, message",
    [
        ((50, 3), "✓ You guessed 50 and 3"),
        ((40, 10), "That was near"),
        ((3, 50), "Did you exchange them?"),
        ((0, 0), "more often than you thought"),
        ((320, 100), "not as bad as that"),
        ((50, 30), "The third standard error changes more"),
        ((0.05, 0.003), "a whole number from 0 to 1000"),
        (("fifty", 3), "must be a number"),
    ],
)
def test_false_alarms(guesses, message, said):
    assert message in said(check_08_false_alarms, *guesses)


def percent(new, old):
    return 100 * (new - old) / old.mean()


def root(n):
    return len(n) ** 0.5


@pytest.mark.parametrize(
    "mean_and_se, message",
    [
        (lambda new, old: (percent(new, old).mean(), percent(new, old).std() / root(old)), ", and unclear.\n"),
        (
            lambda new, old: (
                percent(new, old).mean(),
                100 * (new.var() / len(new) + old.var() / len(old)) ** 0.5 / old.mean(),
            ),
            "two groups of strangers, and",
        ),
        (lambda new, old: (percent(new, old).mean(), percent(new, old).std()), "single pairs scatter"),
        (lambda new, old: (percent(new, old).mean(), percent(new, old).std() / len(old)), "the root of n"),
        (lambda new, old: (percent(new, old).mean(), 3 * percent(new, old).std() / root(old)), "Nearly"),
        (lambda new, old: (percent(new, old).mean(), 7.0), "Take the change of each pair first"),
        (lambda new, old: (percent(old, new).mean() * new.mean() / old.mean(), 1.0), "The sign is turned round"),
        (lambda new, old: (percent(new, old).mean() / 100, 1.0), "as a fraction"),
        (lambda new, old: (new.mean() - old.mean(), 1.0), "in percent of the mean of old"),
        (lambda new, old: percent(new, old).mean(), "must return two numbers"),
        (
            lambda new, old: np.array([percent(new, old).mean(), percent(new, old).std() / root(old)]),
            ", and unclear.\n",
        ),
        (
            lambda new, old: [float(percent(new, old).mean()), np.std(percent(new, old).numpy(), ddof=1) / 10],
            ", and unclear.\n",
        ),
        (
            lambda new, old: (percent(new.double(), old.double()).mean(), percent(new, old).std() / root(old)),
            ", and unclear.\n",
        ),
        (lambda new, old: (math.nan, 1.0), "the mean is nan"),
    ],
)  # fmt: skip
def test_paired(mean_and_se, message, said):
    assert message in said(check_08_paired, mean_and_se)


CASES = {
    "A": [(-2.1, 0.3), (-1.4, 0.4)],
    "B": [(-2.1, 0.3), (-1.0, 0.4)],
    "C": [(-2.1, 0.3), (0.2, 0.1)],
    "D": [(-0.8, 0.3), (0.1, 0.2)],
    "E": [(-2.1, 0.3), (1.4, 0.4)],
}
RIGHT = {"A": "holds", "B": "undecided", "C": "depends", "D": "does not hold", "E": "depends"}


@pytest.mark.parametrize(
    "change, message",
    [
        ({}, "✓ All 5"),
        ({"A": " Holds "}, "✓ All 5"),
        ({"B": "holds"}, "✗ Right: 4 of 5. B is not “holds”.\nA mean below zero is not enough"),
        ({"B": "depends"}, "neither for the saying nor against it"),
        ({"C": "undecided"}, "surely smaller than one percent"),
        ({"C": "does not hold"}, "Count both"),
        ({"D": "depends"}, "Count both"),
        ({"D": "undecided"}, "surely smaller than one percent"),
        ({"A": "undecided"}, "Read each table by itself"),
        ({"E": "undecided", "B": "holds"}, "Right: 3 of 5. B"),
        ({"A": "true"}, "The verdict on A must be one of 'holds'"),
        ({"A": None}, "The verdict on A must be one of 'holds'"),
    ],
)
def test_verdicts(change, message, said):
    assert message in said(check_08_verdicts, RIGHT | change, CASES)


def test_a_verdict_that_is_missing(said):
    assert "No verdict on C, E." in said(check_08_verdicts, {"A": "holds", "B": "holds", "D": "holds"}, CASES)


@pytest.mark.parametrize(
    "splits_needed, message",
    [
        (lambda mean, se, n: math.ceil(n * (3 * se / mean) ** 2), "✓ The standard error shrinks"),
        (lambda mean, se, n: int(n * (3 * se / mean) ** 2) + 1, "✓ The standard error shrinks"),
        (lambda mean, se, n: n * (3 * se / mean) ** 2, "the part of a split"),
        (lambda mean, se, n: int(n * (3 * se / mean) ** 2), "Just too few"),
        (lambda mean, se, n: math.ceil(n * abs(3 * se / mean)), "With what does it shrink?"),
        (lambda mean, se, n: math.ceil(n * (se / mean) ** 2), "Beyond how many standard errors"),
        (lambda mean, se, n: math.ceil(n * (2 * se / mean) ** 2), "Beyond how many standard errors"),
        (lambda mean, se, n: math.ceil(n * 3 * se / mean) - 1000, "may be negative"),
        (lambda mean, se, n: 4 * n, "By which factor"),
        (lambda mean, se, n: "many", "must be a number"),
    ],
)
def test_how_many(splits_needed, message, said):
    assert message in said(check_08_how_many, splits_needed)


def around(mean, se):
    values = torch.linspace(-1, 1, 100)
    return mean + 10 * se * values / values.std()


LOWER, UNCLEAR = around(-3.0, 0.5), around(0.4, 0.5)


@pytest.mark.parametrize(
    "changes, verdict, message",
    [
        ({"Boston": LOWER, "diabetes": LOWER}, "holds", "✓ You measured Boston -3.00 ± 0.50 %"),
        ({"Boston": LOWER, "diabetes": UNCLEAR}, "undecided", "By the rule that is “undecided”"),
        ({"Boston": LOWER, "diabetes": UNCLEAR}, "holds", "A mean below zero is not enough"),
        ({"Boston": LOWER, "diabetes": UNCLEAR}, "depends", "neither for the saying nor against it"),
        ({"Boston": LOWER, "diabetes": -LOWER}, "does not hold", "Count both"),
        ({"Boston": LOWER}, "holds", "Nothing for diabetes"),
        ({"Boston": LOWER.mean(), "diabetes": LOWER}, "holds", "has shape ()"),
        ({"Boston": LOWER[:1], "diabetes": LOWER}, "holds", "is one number"),
        ({"Boston": 0 * LOWER, "diabetes": LOWER}, "holds", "with themselves?"),
        ({"Boston": 100 * LOWER, "diabetes": LOWER}, "holds", "Is it percent?"),
        ({"Boston": LOWER / 100, "diabetes": LOWER / 100}, "holds", "Are these fractions?"),
        ({"Boston": LOWER.numpy(), "diabetes": LOWER.double().tolist()}, "holds", "✓ You measured Boston"),
        ({"Boston": LOWER, "diabetes": LOWER}, "good", "must be one of"),
        (LOWER, "holds", "must be a dictionary"),
    ],
)
def test_saying(changes, verdict, message, said):
    assert message in said(check_08_saying, changes, verdict)
