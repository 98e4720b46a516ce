"""Checks of chapter 9, folklore."""

import math
import re

import numpy as np
import pandas as pd
import torch

from helpers.exercises._report import Wrong, ask, check, choice, function, number, tensor
from helpers.validation import Estimate

FEWEST = 4  # tables for a saying of one's own
NAMES = ("boston", "diabetes", "auto_mpg", "concrete", "energy", "airfoil", "wine", "yacht", "power_plant")
VERDICTS = ["holds", "does not hold", "depends", "undecided"]
COMPARISONS, PAIRS = 1000, 100


def _read(mean, se):
    """The book's rule for one table."""
    return Estimate(mean, se, 0).reading(1.0)


def _verdict(readings, expected):
    """The rule of chapter 9 for a saying: three quarters of the tables, on either side."""
    yes = sum(reading == expected for reading in readings)
    no = sum(reading not in (expected, "unclear") for reading in readings)
    if yes >= 0.75 * len(readings):
        return "holds"
    if no >= 0.75 * len(readings):
        return "does not hold"
    return "depends" if yes and no else "undecided"


def _named(answer, names):
    """Return those parts of a dictionary, Series or DataFrame that go by ``names``, whatever their case."""
    parts = {str(name).strip().lower(): part for name, part in dict(answer.items()).items()}
    return {name: parts[name.lower()] for name in names if name.lower() in parts}


def _chosen(answer, name):
    """Return which of the verdicts ``answer`` is, with "doesn't hold" for one of them."""
    if isinstance(answer, str):
        answer = " ".join(re.findall(r"[a-z]+", re.sub("n['’]t", " not", answer.lower().replace("_", " "))))
    return choice(answer, name, VERDICTS)


@check
def check_09_false_alarms(beyond_two, beyond_three):
    """How many of 1000 comparisons without any effect pass each rule, two whole numbers."""
    guesses = [number(beyond_two, "beyond_two"), number(beyond_three, "beyond_three")]
    for name, guess in zip(("beyond_two", "beyond_three"), guesses):
        if not 0 <= guess <= COMPARISONS:
            raise Wrong(f"{name} counts comparisons: a whole number from 0 to {COMPARISONS}.")
    if guesses[0] % 1 and guesses[0] < 1:
        raise Wrong(f"A share? beyond_two counts comparisons: a whole number from 0 to {COMPARISONS}.")
    if 4 <= guesses[0] <= 6 and guesses[1] < 1:
        raise Wrong(f"Is that in percent? Wanted is how many of {COMPARISONS} comparisons it is.")
    if guesses[1] > guesses[0]:
        raise Wrong("Whatever is beyond three standard errors is beyond two as well. Did you exchange them?")
    torch.manual_seed(0)
    changes = torch.randn(COMPARISONS, PAIRS, dtype=torch.float32)
    distance = changes.mean(1).abs() / (changes.std(1) / PAIRS**0.5)
    found = [(distance > errors).sum().item() for errors in (2, 3)]
    told = f"You guessed {guesses[0]:g} and {guesses[1]:g}; the run gives {found[0]} and {found[1]}.\n"
    if 22 <= guesses[0] <= 25:
        raise Wrong(told + "That is one side: as many lie below zero as above it.")
    if guesses[0] < found[0] - 25:
        raise Wrong(told + "Chance alone passes the rule of two more often than you thought.")
    if guesses[0] > found[0] + 50:
        raise Wrong(told + "The rule of two is not as bad as that: it fails about once in twenty.")
    if guesses[1] > found[1] + 15:
        raise Wrong(told + "Near for two. The third standard error changes more than you thought.")
    return told + "That was near. With many comparisons, the rule of two is sure to find something."


@check
def check_09_paired(mean_and_se):
    """A function (new, old) that returns the mean change in percent and its standard error."""
    function(mean_and_se, "mean_and_se")
    generator = torch.Generator().manual_seed(0)
    old = 4 + torch.rand(PAIRS, generator=generator)
    new = 0.97 * old + 0.05 * torch.rand(PAIRS, generator=generator)
    right, se, unpaired = _judge_paired(mean_and_se, new, old)
    # Other pairs, and another number of them: what is written in shows.
    old = 3 + 4 * torch.rand(37, generator=generator)
    new = old + 0.3 + 0.2 * torch.rand(37, generator=generator)
    try:
        _judge_paired(mean_and_se, new, old)
    except Wrong as wrong:
        raise Wrong(f"Right for {PAIRS} pairs, but not for 37 others. {wrong}") from None
    reading = _read(right, unpaired)
    return (
        f"{right:.2f} ± {se:.2f} %. As two groups of strangers it would be ± {unpaired:.2f}, and {reading}."
    )


def _judge_paired(mean_and_se, new, old):
    """Judge what ``mean_and_se`` returns; return the right mean, standard error, and that of strangers."""
    answer = ask(mean_and_se, new, old)
    try:
        parts = [] if isinstance(answer, (str, dict)) else list(answer)
    except TypeError:
        parts = []
    if len(parts) != 2:
        raise Wrong("mean_and_se must return two numbers, the mean and its standard error.")
    mean, found = number(parts[0], "the mean"), number(parts[1], "the standard error")

    n, unit = len(old), 100 / old.mean().item()
    change = 100 * (new - old) / old.mean()
    right, spread = change.mean().item(), change.std().item()
    unpaired = unit * (new.var() / n + old.var() / n).sqrt().item()
    se = spread / n**0.5
    each = 100 * (new - old) / old

    def near(value, other):
        return math.isclose(value, other, rel_tol=2e-3)

    if near(mean, se) and near(found, right):
        raise Wrong("The two have changed places: the mean comes first.")
    if near(mean, -right):
        raise Wrong("The sign is turned round. A lower error of the new networks is a negative change.")
    if near(100 * mean, right):
        raise Wrong("That is the change as a fraction of the old error. Wanted are percent.")
    own = "You divide each change by its own old error. By what does the colleague divide, rightly?"
    if near(mean, each.mean().item()) and not near(mean, right):
        raise Wrong(own)
    if not near(mean, right):
        raise Wrong("The mean is not right: new minus old, in percent of the mean of old.")
    if near(found, unpaired):
        raise Wrong(
            f"The mean is right. The standard error, {found:.2f}, is that of two groups of strangers, and\n"
            "networks i of both groups share split and seed. What does each pair have one of?"
        )
    typical = (
        (spread, "You return how far single pairs scatter; how far may their mean be off?"),
        (spread / n, "But a standard error shrinks with the root of n, not with n."),
        (spread / (n - 1) ** 0.5, "Nearly: n - 1 belongs into the standard deviation. The root is that of n."),
        (change.std(correction=0).item() / n**0.5, "Nearly: one standard error is wanted, from the standard deviation with n - 1."),
        (spread / PAIRS**0.5, "Is the number of pairs written in?"),
        (3 * se, "You return three standard errors. One is wanted."),
        (se**2, "You return the square of the standard error. Take the root."),
        (spread**2, "You return a variance. How far may the mean of the pairs be off?"),
        (each.std().item() / n**0.5, own),
        (se / 100, "The standard error is still a fraction. It needs to be in percent, too."),
        (se / unit, "The standard error is still in the unit of the errors. It needs to be in percent, too."),
    )  # fmt: skip
    for value, hint in typical:
        if near(found, value) and not near(found, se):
            raise Wrong(f"The mean is right. {hint}")
    if not near(found, se):
        raise Wrong("The mean is right, the standard error is not. Take the change of each pair first.")
    return right, se, unpaired


@check
def check_09_verdicts(my_verdicts, cases):
    """A verdict for each case, such as {"A": "depends", "B": "holds"}."""
    if not isinstance(my_verdicts, (dict, pd.Series)) or not isinstance(cases, dict) or not cases:
        raise Wrong('my_verdicts must be a dictionary, such as {"A": "depends", "B": "holds"}.')
    if len(cases) < 5:
        raise Wrong("Some of the five cases are gone. Leave them as they stand, and judge each.")
    verdicts = _named(my_verdicts, cases)
    if missing := [name for name in cases if name not in verdicts]:
        raise Wrong(f"No verdict on {', '.join(map(str, missing))}.")
    wrong = {}
    for name, tables in cases.items():
        answer = _chosen(verdicts[name], f"The verdict on {name}")
        readings = [_read(mean, se) for mean, se in tables]
        right = _verdict(readings, "lower")
        if answer != right:
            wrong[name] = _hint(answer, right, readings)
    if not wrong:
        return f"All {len(cases)} are as the rule has them."
    name, hint = next(iter(wrong.items()))
    raise Wrong(
        f"Right: {len(cases) - len(wrong)} of {len(cases)}. {name} is not “{verdicts[name]}”.\n{hint}"
    )


def _hint(answer, right, readings):
    if answer == "holds" and "lower" in readings and "unclear" in readings and "same" not in readings:
        return "A mean below zero is not enough: divide it by its standard error, table by table."
    if "same" in readings and answer in ("undecided", "holds"):
        return "One of its changes is surely smaller than one percent. That is a finding, and what does it contradict?"
    if right == "holds":
        return "Three quarters of the tables are enough. How many say yes?"
    if right == "undecided":
        return "A table that is unclear speaks neither for the saying nor against it."
    if right == "does not hold":
        return "Three quarters of the tables are enough. How many say no?"
    if answer == "depends" or right == "depends":
        return "“Depends” needs a table that supports the saying and one that contradicts it. Count both."
    return "Read each table by itself first: lower, higher, same or unclear."


@check
def check_09_how_many(splits_needed):
    """A function (mean, se, n) that returns how many splits are needed, a whole number."""
    function(splits_needed, "splits_needed")
    cases = [(1.08, 0.49, 100), (-0.3, 0.24, 100), (2.0, 1.0, 40), (-5.0, 1.0, 100), (0.5, 0.2, 30)]
    for mean, se, n in cases:
        _judge_splits(number(splits_needed(mean, se, n), "what splits_needed returns"), mean, se, n)
    return "The standard error shrinks with the root of n, so the number of splits grows with the square."


def _judge_splits(found, mean, se, n):
    ratio = 3 * se / mean
    exact = n * ratio**2
    # Where three fit exactly, one split more may be wanted, or be due to the last digit of a float.
    least, most = math.ceil(exact - 1e-6), math.floor(exact + 1e-6) + 1
    if found % 1 == 0 and least <= found <= most:
        return
    asked = f"For {mean} ± {se} from {n} splits you say {found:.5g}.\n"

    def near(value):
        return abs(found - value) <= 1

    if near(exact - n):
        raise Wrong(asked + "Is that how many more? Wanted is how many there must be in all.")
    if found < 0:
        raise Wrong(asked + "A mean may be negative, a number of splits may not.")
    if found % 1 and math.isclose(found, exact, rel_tol=1e-3):
        raise Wrong(asked + "Right, but for the part of a split: round it to the side that suffices.")
    if found == least - 1:
        raise Wrong(asked + "Just too few: there, three standard errors are still larger than the mean.")
    if near(n * abs(ratio)):
        raise Wrong(
            asked + "With twice the splits the standard error is not halved. With what does it shrink?"
        )
    if near(exact / 9) or near(exact * 4 / 9):
        raise Wrong(asked + "Beyond how many standard errors does this chapter want the mean?")
    if near(ratio**2):
        raise Wrong(asked + "That is by which factor n must grow. To how many splits does it lead?")
    if near(100 * ratio**2):
        raise Wrong(asked + "Right for n = 100. Do you use the n that is handed in?")
    if exact < n == found:
        raise Wrong(asked + "But there, three standard errors fit with room to spare. Would fewer do?")
    raise Wrong(
        asked + "The mean stays where it is, by assumption. By which factor must the\n"
        "standard error shrink until three of it fit, and how many splits make it so?"
    )


@check
def check_09_saying(my_changes, my_verdict):
    """{table: change of the error} on four tables or more, and "holds", "does not hold", "depends" or "undecided"."""
    if not isinstance(my_changes, (dict, pd.DataFrame, pd.Series)):
        raise Wrong(
            'my_changes must be a dictionary from table to change, such as {"yacht": run.change(40, "yacht"), ...}.'
        )
    changes = _named(my_changes, NAMES)
    if len(changes) < FEWEST:
        raise Wrong(
            f"That is {len(changes)} of the book's tables. One table is an anecdote: measure on {FEWEST} or more."
        )
    changes = {name: _estimate(change, f"my_changes[{name!r}]") for name, change in changes.items()}
    if all(change.se == 0 == change.mean for change in changes.values()):
        raise Wrong("Nothing changed at all. Did you compare the usual networks with themselves?")
    if all(abs(change.mean) + 3 * change.se < 0.6 for change in changes.values()):
        raise Wrong("No error changes by even half a percent. Are these fractions? Wanted are percent.")
    for name, change in changes.items():
        if change.mean < -100:
            raise Wrong(
                f"On {name} the error falls by {-change.mean:.0f} percent, more than all of it. Is it percent?"
            )
    measured = ", ".join(f"{name} {change} %" for name, change in changes.items())
    readings = [change.reading(1.0) for change in changes.values()]
    answer, right = _chosen(my_verdict, "my_verdict"), _verdict(readings, "lower")
    if answer != right:
        raise Wrong(f"You measured {measured}.\nThat is not “{answer}”. {_hint(answer, right, readings)}")
    return f"You measured {measured}.\nBy the rule that is “{right}”, and no more than that."


def _estimate(change, name):
    """Return a change as an Estimate, whether it is one or the change of each split."""
    if isinstance(change, Estimate):
        return change
    values = _each(change, name)
    if values.min() > 40:
        raise Wrong(
            f"In {name} every single number is above 40. Are these errors, or new ones as a share\n"
            "of old? Hand in what `change` returns."
        )
    return Estimate(values.mean().item(), (values.std() / len(values) ** 0.5).item(), len(values))


def _each(values, name):
    """Return the change of each split as a tensor (n,), whether ``values`` are a row, a column or a list."""
    values = values.to_numpy() if hasattr(values, "to_numpy") else values
    numbers = not isinstance(values, (str, dict, type(None)))
    if numbers and (count := math.prod(np.shape(values))) < 2:
        held = "one number" if count else "empty"
        raise Wrong(f"{name} is {held}. The rule needs the change of each split.")
    if numbers and count < 5:
        raise Wrong(f"{name} has {count} numbers. Mean and standard error? Hand in the change of each split.")
    if len(np.shape(values)) == 2 and 1 in np.shape(values):
        values = torch.as_tensor(values).reshape(-1)
    return tensor(values, name, (None,)).double()
