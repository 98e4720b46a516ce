"""What the checks of chapter 9 say to right answers and to those that people give instead."""

import itertools
import math
from fractions import Fraction

import nbformat
import numpy as np
import pandas as pd
import torch

from answers import test_a_right_answer_passes, test_a_wrong_answer_is_told_apart  # noqa: F401
from helpers.data import TABLES
from helpers.exercises.ch09 import (
    NAMES,
    _read,
    _verdict,
    check_09_false_alarms,
    check_09_how_many,
    check_09_paired,
    check_09_saying,
    check_09_verdicts,
)
from helpers.validation import estimate
from tools import ROOT


def test_the_rule_is_the_chapter_s():
    cells = nbformat.read(ROOT / "book" / "09_folklore.ipynb", as_version=4).cells
    (taught,) = [cell.source for cell in cells if "def judge(" in cell.source]
    chapter = {}
    exec(taught, chapter)
    for readings in itertools.product(("lower", "higher", "same", "unclear"), repeat=4):
        for expected in ("lower", "higher", "same"):
            assert _verdict(readings, expected) == chapter["judge"](readings, expected)


def test_the_tables_are_the_book_s():
    assert tuple(TABLES) == NAMES


def half(value):
    return torch.tensor(value, dtype=torch.half)


def percent(new, old):
    return 100 * (new - old) / old.mean()


def root(n):
    return len(n) ** 0.5


def paired(new, old):
    change = percent(new, old)
    return change.mean(), change.std() / root(change)


def paired_in_numpy(new, old):
    change = np.asarray(percent(new, old))
    return np.array([np.mean(change), np.std(change, ddof=1) / np.sqrt(len(change))])


def paired_for_arrays(new, old):
    change = 100 * (new - old) / np.mean(old)
    return change.mean(), change.std(ddof=1) / np.sqrt(change.size)


def paired_by_covariance(new, old):
    v = torch.cov(torch.stack([new, old]))
    se = ((v[0, 0] + v[1, 1] - 2 * v[0, 1]) / len(new)) ** 0.5
    return 100 * (new.mean() - old.mean()) / old.mean(), 100 * se / old.mean()


def paired_by_lists(new, old):
    changes = [100 * (n - o) for n, o in zip(new.tolist(), old.tolist())]
    mean, unit = sum(changes) / len(changes), sum(old.tolist()) / len(old)
    variance = sum((c - mean) ** 2 for c in changes) / (len(changes) - 1)
    return [mean / unit, (variance / len(changes)) ** 0.5 / unit]


def paired_in_pandas(new, old):
    change = pd.Series(percent(new, old).numpy())
    return pd.Series({"mean": change.mean(), "se": change.sem()})


def paired_in_place(new, old):
    new -= old
    change = 100 * new / old.mean()
    return change.mean(), change.std() / root(change)


def paired_by_own_error(new, old):
    change = 100 * (new - old) / old
    return change.mean(), change.std() / root(change)


def with_se(se):
    """The right mean with another standard error, a function of the changes in percent and of both errors."""
    return lambda new, old: (percent(new, old).mean(), se(percent(new, old), new, old))


CASES = {
    "A": [(-2.1, 0.3), (-1.4, 0.4), (-3.0, 0.5), (0.9, 0.6)],
    "B": [(-2.1, 0.3), (-1.0, 0.4), (-0.9, 0.4), (-1.2, 0.5)],
    "C": [(-2.1, 0.3), (-1.8, 0.4), (0.2, 0.1), (-1.0, 0.4)],
    "D": [(0.1, 0.2), (-0.2, 0.2), (1.9, 0.5), (-0.8, 0.3)],
    "E": [(-2.1, 0.3), (1.4, 0.4), (-1.6, 0.4), (2.5, 0.6)],
}
VERDICTS = {"A": "holds", "B": "undecided", "C": "depends", "D": "does not hold", "E": "depends"}


def by_the_rule(cases):
    verdicts = {}
    for name, tables in cases.items():
        readings = [_read(mean, se) for mean, se in tables]
        against = readings.count("same") + readings.count("higher")
        if readings.count("lower") >= 3:
            verdicts[name] = "holds"
        elif against >= 3:
            verdicts[name] = "does not hold"
        else:
            verdicts[name] = "depends" if against and "lower" in readings else "undecided"
    return verdicts


def enough(mean, se, n, errors=3):
    return math.ceil(n * (errors * se / mean) ** 2)


def enough_by_trial(mean, se, n):
    needed = 1
    while 3 * se * (n / needed) ** 0.5 > abs(mean):
        needed += 1
    return needed


def around(mean, se):
    values = torch.linspace(-1, 1, 100)
    return mean + 10 * se * values / values.std()


LOWER, UNCLEAR, SAME, HIGHER = around(-3.0, 0.5), around(0.4, 0.5), around(0.1, 0.1), around(20.0, 0.6)


def both(two, others):
    """Four tables, two and two alike."""
    return {"boston": two, "yacht": two, "diabetes": others, "wine": others}


RIGHT = [
    (check_09_verdicts, VERDICTS, CASES),
    (check_09_verdicts, VERDICTS | {"A": " Holds "}, CASES),
    (check_09_verdicts, VERDICTS | {"D": "doesn't hold", "B": "Undecided."}, CASES),
    (check_09_verdicts, {name: verdict.upper() for name, verdict in VERDICTS.items()}, CASES),
    (check_09_verdicts, {name.lower(): verdict for name, verdict in VERDICTS.items()}, CASES),
    (
        check_09_verdicts,
        dict(zip("EDCBA", ["depends", "does_not_hold", "depends", "undecided", "holds"])),
        CASES,
    ),
    (check_09_verdicts, {name: np.str_(verdict) for name, verdict in VERDICTS.items()}, CASES),
    (check_09_verdicts, pd.Series(VERDICTS), CASES),
    (check_09_verdicts, by_the_rule(CASES), CASES),
    (check_09_verdicts, VERDICTS | {"F": "holds"}, CASES),
    (check_09_paired, paired),
    (check_09_paired, paired_in_numpy),
    (check_09_paired, paired_for_arrays),
    (check_09_paired, paired_by_covariance),
    (check_09_paired, paired_by_lists),
    (check_09_paired, paired_in_pandas),
    (check_09_paired, lambda new, old: torch.stack(paired(new, old))),
    (
        check_09_paired,
        lambda new, old: [part.requires_grad_() for part in paired(new.double(), old.double())],
    ),
    (check_09_paired, lambda new, old: tuple(part.item() for part in paired(new, old))),
    (check_09_paired, lambda new, old: np.array([[float(part)] for part in paired(new, old)], dtype="f4")),
    (check_09_paired, lambda new, old: paired(new @ torch.eye(len(new)).double(), old)),
    (check_09_how_many, enough),
    (check_09_how_many, enough_by_trial),
    (check_09_how_many, lambda mean, se, n: int(n * (3 * se / mean) ** 2) + 1),
    (check_09_how_many, lambda mean, se, n: np.ceil(9 * se**2 * n / mean**2)),
    (check_09_how_many, lambda mean, se, n: -int(-9 * n * se * se / mean / mean // 1)),
    (check_09_how_many, lambda mean, se, n: torch.ceil(torch.tensor(n * (3 * se / mean) ** 2).double())),
    (check_09_how_many, lambda mean, se, n: np.array([enough(mean, se, n)], dtype=np.int32)),
    (check_09_how_many, lambda mean, se, n: float(enough(abs(mean), se, n))),
    (
        check_09_how_many,
        lambda mean, se, n: math.ceil(9 * n * (Fraction(str(se)) / Fraction(str(mean))) ** 2),
    ),
    (check_09_false_alarms, 50, 3),
    (check_09_false_alarms, 40, 10),
    (check_09_false_alarms, 32, 0),
    (check_09_false_alarms, 107, 16),
    (check_09_false_alarms, 45.5, 2.7),
    (check_09_false_alarms, torch.tensor(46), torch.tensor([3.0])),
    (check_09_false_alarms, np.int64(50), np.float32(2)),
    (check_09_false_alarms, half(48.0), np.array(1)),
    (check_09_false_alarms, 1000 * 0.05, 1000 * 0.003),
    (check_09_saying, both(LOWER, LOWER), "holds"),
    (check_09_saying, both(LOWER, UNCLEAR), "undecided"),
    (check_09_saying, both(LOWER, -LOWER), "depends"),
    (check_09_saying, both(HIGHER, SAME), "does not hold"),
    (check_09_saying, both(HIGHER.double(), SAME.half()), "Doesn't hold"),
    (check_09_saying, both(HIGHER.tolist(), SAME.numpy()), " Does not hold. "),
    (check_09_saying, both(pd.Series(HIGHER.numpy()), SAME.reshape(-1, 1)), "does_not_hold"),
    (check_09_saying, pd.DataFrame(both(HIGHER.numpy(), SAME.numpy())), "does not hold"),
    (check_09_saying, {"Boston": LOWER, "Diabetes": SAME, "digits": HIGHER, "wine": LOWER, "energy": SAME}, "depends"),
    (check_09_saying, both(estimate(LOWER), estimate(UNCLEAR)), "undecided"),
    (check_09_saying, both(LOWER, LOWER) | {"wine": UNCLEAR}, "holds"),
    (check_09_saying, both(LOWER.clone().requires_grad_(), LOWER), np.str_("holds")),
]  # fmt: skip
WRONG = [
    (check_09_verdicts, VERDICTS | {"B": "holds"}, CASES, "Right: 4 of 5. B is not “holds”.\nA mean below zero is not enough"),
    (check_09_verdicts, VERDICTS | {"B": "depends"}, CASES, "neither for the saying nor against it"),
    (check_09_verdicts, VERDICTS | {"B": "does not hold"}, CASES, "neither for the saying nor against it"),
    (check_09_verdicts, VERDICTS | {"C": "undecided"}, CASES, "surely smaller than one percent"),
    (check_09_verdicts, VERDICTS | {"C": "holds"}, CASES, "surely smaller than one percent"),
    (check_09_verdicts, VERDICTS | {"C": "does not hold"}, CASES, "Count both"),
    (check_09_verdicts, VERDICTS | {"D": "depends"}, CASES, "How many say no?"),
    (check_09_verdicts, VERDICTS | {"D": "undecided"}, CASES, "surely smaller than one percent"),
    (check_09_verdicts, VERDICTS | {"E": "doesn’t hold"}, CASES, "Count both"),
    (check_09_verdicts, VERDICTS | {"A": "undecided"}, CASES, "How many say yes?"),
    (check_09_verdicts, pd.Series(VERDICTS | {"E": "undecided", "B": "holds"}), CASES, "Right: 3 of 5. B"),
    (check_09_verdicts, VERDICTS | {"A": "true"}, CASES, "The verdict on A must be one of 'holds'"),
    (check_09_verdicts, VERDICTS | {"A": None}, CASES, "The verdict on A must be one of 'holds'"),
    (check_09_verdicts, {"A": "holds", "B": "holds", "D": "holds"}, CASES, "No verdict on C, E."),
    (check_09_verdicts, list(VERDICTS.values()), CASES, "must be a dictionary"),
    (check_09_verdicts, "holds", CASES, "must be a dictionary"),
    (check_09_verdicts, {"A": "holds"}, {"A": CASES["A"]}, "cases are gone"),
    (check_09_paired, lambda new, old: (100 * (new.mean() - old.mean()) / old.mean(), 100 * (new.var() / len(new) + old.var() / len(old)) ** 0.5 / old.mean()), "two groups of strangers, and"),
    (check_09_paired, with_se(lambda change, new, old: change.std()), "single pairs scatter"),
    (check_09_paired, with_se(lambda change, new, old: change.std() / len(old)), "the root of n"),
    (check_09_paired, with_se(lambda change, new, old: 3 * change.std() / root(old)), "You return three"),
    (check_09_paired, with_se(lambda change, new, old: change.std(correction=0) / root(old)), "with n - 1"),
    (check_09_paired, with_se(lambda change, new, old: change.std() / (len(old) - 1) ** 0.5), "belongs into"),
    (check_09_paired, with_se(lambda change, new, old: change.var() / len(old)), "Take the root"),
    (check_09_paired, with_se(lambda change, new, old: change.var()), "a variance"),
    (check_09_paired, with_se(lambda change, new, old: (new - old).std() / root(old)), "in the unit of the errors"),
    (check_09_paired, with_se(lambda change, new, old: change.std() / root(old) / 100), "still a fraction"),
    (check_09_paired, with_se(lambda change, new, old: change.std() / 10), "Is the number of pairs written in"),
    (check_09_paired, with_se(lambda change, new, old: 7.0), "Take the change of each pair first"),
    (check_09_paired, lambda new, old: (percent(old, new).mean() * new.mean() / old.mean(), 1.0), "The sign is turned round"),
    (check_09_paired, lambda new, old: [part / 100 for part in paired(new, old)], "as a fraction"),
    (check_09_paired, lambda new, old: (new.mean() - old.mean(), 1.0), "in percent of the mean of old"),
    (check_09_paired, lambda new, old: paired(new, old)[::-1], "changed places"),
    (check_09_paired, paired_by_own_error, "by its own old error"),
    (check_09_paired, lambda new, old: percent(new, old).mean(), "must return two numbers"),
    (check_09_paired, lambda new, old: dict(zip("ab", paired(new, old))), "must return two numbers"),
    (check_09_paired, lambda new, old: None, "must return two numbers"),
    (check_09_paired, paired_in_place, "Work on a copy"),
    (check_09_paired, lambda new, old: (math.nan, 1.0), "the mean is nan"),
    (check_09_how_many, lambda mean, se, n: n * (3 * se / mean) ** 2, "the part of a split"),
    (check_09_how_many, lambda mean, se, n: torch.tensor(n * (3 * se / mean) ** 2), "the part of a split"),
    (check_09_how_many, lambda mean, se, n: int(n * (3 * se / mean) ** 2), "Just too few"),
    (check_09_how_many, lambda mean, se, n: round(n * (3 * se / mean) ** 2), "Just too few"),
    (check_09_how_many, lambda mean, se, n: enough(mean, se, n) - (n == 40), "For 2.0 ± 1.0 from 40 splits you say 89"),
    (check_09_how_many, lambda mean, se, n: math.ceil(n * abs(3 * se / mean)), "With what does it shrink?"),
    (check_09_how_many, lambda mean, se, n: enough(mean, se, n, errors=1), "Beyond how many standard errors"),
    (check_09_how_many, lambda mean, se, n: enough(mean, se, n, errors=2), "Beyond how many standard errors"),
    (check_09_how_many, lambda mean, se, n: enough(mean, se, n) - n, "how many more"),
    (check_09_how_many, lambda mean, se, n: math.ceil((3 * se / mean) ** 2), "by which factor n must grow"),
    (check_09_how_many, lambda mean, se, n: enough(mean, se, 100), "the n that is handed in"),
    (check_09_how_many, lambda mean, se, n: max(n, enough(mean, se, n)), "Would fewer do"),
    (check_09_how_many, lambda mean, se, n: math.ceil(n * 3 * se / mean) - 1000, "may be negative"),
    (check_09_how_many, lambda mean, se, n: 4 * n, "By which factor"),
    (check_09_how_many, lambda mean, se, n: enough(mean, se, n) + 2, "By which factor"),
    (check_09_how_many, lambda mean, se, n: "many", "must be a number"),
    (check_09_how_many, 186, "must be a function"),
    (check_09_false_alarms, 3, 50, "Did you exchange them?"),
    (check_09_false_alarms, 0, 0, "more often than you thought"),
    (check_09_false_alarms, np.int64(31), 1, "more often than you thought"),
    (check_09_false_alarms, 23, 1, "That is one side"),
    (check_09_false_alarms, 320, 100, "not as bad as that"),
    (check_09_false_alarms, torch.tensor(108), 3, "not as bad as that"),
    (check_09_false_alarms, 50, 30, "The third standard error changes more"),
    (check_09_false_alarms, 50, 17, "The third standard error changes more"),
    (check_09_false_alarms, 0.05, 0.003, "a whole number from 0 to 1000"),
    (check_09_false_alarms, 5, 0.3, "in percent?"),
    (check_09_false_alarms, 5, 0, "in percent?"),
    (check_09_false_alarms, 1050, 3, "from 0 to 1000"),
    (check_09_false_alarms, 50, -3, "beyond_three counts comparisons"),
    (check_09_false_alarms, "fifty", 3, "must be a number"),
    (check_09_false_alarms, (50, 3), 3, "must be a number"),
    (check_09_saying, both(LOWER, UNCLEAR), "holds", "A mean below zero is not enough"),
    (check_09_saying, both(LOWER, UNCLEAR), "depends", "neither for the saying nor against it"),
    (check_09_saying, both(LOWER, -LOWER), "does not hold", "Count both"),
    (check_09_saying, both(HIGHER, SAME), "holds", "surely smaller than one percent"),
    (check_09_saying, both(HIGHER, HIGHER), "undecided", "How many say no?"),
    (check_09_saying, {"Boston": LOWER}, "holds", "That is 1 of the book's tables"),
    (check_09_saying, both(LOWER.mean(), LOWER), "holds", "is one number"),
    (check_09_saying, both(-3.0, -2.0), "holds", "is one number"),
    (check_09_saying, both(LOWER[:1], LOWER), "holds", "is one number"),
    (check_09_saying, both((-3.0, 0.5), (-2.0, 0.4)), "holds", "Mean and standard error?"),
    (check_09_saying, both([], LOWER), "holds", "is empty"),
    (check_09_saying, both("-3 ± 0.5", LOWER), "holds", "must be a tensor"),
    (check_09_saying, {"a": LOWER, "b": LOWER, "c": LOWER, "d": LOWER}, "holds", "That is 0 of the book's tables"),
    (check_09_saying, both(estimate(HIGHER / 100), estimate(SAME / 100)), "does not hold", "fractions?"),
    (check_09_saying, both(0 * LOWER, 0 * LOWER), "holds", "with themselves?"),
    (check_09_saying, both(HIGHER / 100, SAME / 100), "does not hold", "fractions?"),
    (check_09_saying, both(LOWER.numpy() / 100, LOWER.tolist()), "holds", "surely smaller than one percent"),
    (check_09_saying, both(100 * LOWER, LOWER), "holds", "Is it percent?"),
    (check_09_saying, both(100 + HIGHER, 100 + SAME), "does not hold", "as a share"),
    (check_09_saying, both(around(4.4, 0.05), around(55.0, 0.3)), "does not hold", "Are these errors"),
    (check_09_saying, both(LOWER, LOWER), "good", "must be one of"),
    (check_09_saying, both(LOWER, LOWER), True, "must be one of"),
    (check_09_saying, both(LOWER * torch.nan, LOWER), "holds", "holds nan"),
    (check_09_saying, LOWER, "holds", "must be a dictionary"),
]  # fmt: skip
