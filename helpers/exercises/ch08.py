"""Checks of chapter 8, folklore."""

import math

import torch

from helpers.exercises._report import Wrong, call, check, choice, function, number, pair, tensor

VERDICTS = ["holds", "does not hold", "depends", "undecided"]
COMPARISONS, PAIRS = 1000, 100


def _read(mean, se, margin=1.0):
    """The rule of chapter 8 for one table."""
    if abs(mean) + 3 * se < margin:
        return "same"
    if abs(mean) <= 3 * se:
        return "unclear"
    return "lower" if mean < 0 else "higher"


def _verdict(readings, expected):
    """The rule of chapter 8 for a saying."""
    supported = [reading == expected for reading in readings]
    contradicted = [reading not in (expected, "unclear") for reading in readings]
    if all(supported):
        return "holds"
    if any(contradicted):
        return "depends" if any(supported) else "does not hold"
    return "undecided"


@check
def check_08_false_alarms(beyond_two, beyond_three):
    """How many of 1000 comparisons without any effect pass each rule, two whole numbers."""
    guesses = [number(beyond_two, "beyond_two"), number(beyond_three, "beyond_three")]
    for name, guess in zip(("beyond_two", "beyond_three"), guesses):
        if not 0 <= guess <= COMPARISONS or guess % 1:
            raise Wrong(f"{name} counts comparisons: a whole number from 0 to {COMPARISONS}.")
    if guesses[1] > guesses[0]:
        raise Wrong("Whatever is beyond three standard errors is beyond two as well. Did you exchange them?")
    torch.manual_seed(0)
    changes = torch.randn(COMPARISONS, PAIRS)
    distance = changes.mean(1).abs() / (changes.std(1) / PAIRS**0.5)
    found = [(distance > errors).sum().item() for errors in (2, 3)]
    told = f"You guessed {guesses[0]:.0f} and {guesses[1]:.0f}; the run gives {found[0]} and {found[1]}.\n"
    if guesses[0] < found[0] - 25:
        raise Wrong(told + "Chance alone passes the rule of two more often than you thought.")
    if guesses[0] > found[0] + 50:
        raise Wrong(told + "The rule of two is not as bad as that: it fails about once in twenty.")
    if guesses[1] > found[1] + 15:
        raise Wrong(told + "Near for two. The third standard error changes more than you thought.")
    return told + "That was near. With many comparisons, the rule of two is sure to find something."


@check
def check_08_paired(mean_and_se):
    """A function (new, old) that returns the mean change in percent and its standard error."""
    function(mean_and_se, "mean_and_se")
    generator = torch.Generator().manual_seed(0)
    old = 4 + torch.rand(PAIRS, generator=generator)
    new = 0.97 * old + 0.05 * torch.rand(PAIRS, generator=generator)
    answer = pair(
        call(mean_and_se, new, old), "mean_and_se must return two numbers, the mean and its standard error."
    )
    mean, se = number(answer[0], "the mean"), number(answer[1], "the standard error")

    change = 100 * (new - old) / old.mean()
    unpaired = (100 * (new.var() / PAIRS + old.var() / PAIRS).sqrt() / old.mean()).item()
    right, spread = change.mean().item(), change.std().item()

    def near(value, other):
        return math.isclose(value, other, rel_tol=1e-3)

    if near(mean, -right):
        raise Wrong("The sign is turned round. A lower error of the new networks is a negative change.")
    if near(100 * mean, right):
        raise Wrong("That is the change as a fraction of the old error. Wanted are percent.")
    if not near(mean, right):
        raise Wrong("The mean is not right: new minus old, in percent of the mean of old.")
    if near(se, unpaired):
        raise Wrong(
            f"The mean is right. The standard error, {se:.2f}, is that of two groups of strangers, and\n"
            "networks i of both groups share split and seed. What does each pair have one of?"
        )
    if near(se, spread):
        raise Wrong(
            "The mean is right. You return how far single pairs scatter; how far may their mean be off?"
        )
    if near(se, spread / PAIRS):
        raise Wrong("The mean is right. But a standard error shrinks with the root of n, not with n.")
    if near(se, change.std(correction=0).item() / PAIRS**0.5) or near(se, 3 * spread / PAIRS**0.5):
        raise Wrong("Nearly: one standard error is wanted, from the standard deviation with n - 1.")
    if not near(se, spread / PAIRS**0.5):
        raise Wrong("The mean is right, the standard error is not. Take the change of each pair first.")
    reading = _read(right, unpaired)
    return (
        f"{right:.2f} ± {se:.2f} %. As two groups of strangers it would be ± {unpaired:.2f}, and {reading}."
    )


@check
def check_08_verdicts(my_verdicts, cases):
    """A verdict for each case, such as {"A": "depends", "B": "holds"}."""
    if not isinstance(my_verdicts, dict) or not isinstance(cases, dict) or not cases:
        raise Wrong('my_verdicts must be a dictionary, such as {"A": "depends", "B": "holds"}.')
    if missing := [name for name in cases if name not in my_verdicts]:
        raise Wrong(f"No verdict on {', '.join(map(str, missing))}.")
    wrong = {}
    for name, tables in cases.items():
        answer = choice(my_verdicts[name], f"The verdict on {name}", VERDICTS)
        readings = [_read(mean, se) for mean, se in tables]
        right = _verdict(readings, "lower")
        if answer != right:
            wrong[name] = _hint(answer, right, readings)
    if not wrong:
        return f"All {len(cases)} are as the rule has them."
    name, hint = next(iter(wrong.items()))
    raise Wrong(
        f"Right: {len(cases) - len(wrong)} of {len(cases)}. {name} is not “{my_verdicts[name]}”.\n{hint}"
    )


def _hint(answer, right, readings):
    if "same" in readings and right in ("depends", "does not hold") and answer in ("undecided", "holds"):
        return "One of its changes is surely smaller than one percent. That is a finding, and what does it contradict?"
    if "unclear" in readings and answer == "holds":
        return "A mean below zero is not enough: divide it by its standard error, table by table."
    if "unclear" in readings and right == "undecided":
        return "A table that is unclear speaks neither for the saying nor against it."
    if answer == "depends" or right == "depends":
        return "“Depends” needs a table that supports the saying and one that contradicts it. Count both."
    return "Read each table by itself first: lower, higher, same or unclear."


@check
def check_08_how_many(splits_needed):
    """A function (mean, se, n) that returns how many splits are needed, a whole number."""
    function(splits_needed, "splits_needed")
    for mean, se, n in [(1.08, 0.49, 100), (-0.3, 0.24, 100), (-5.0, 1.0, 100)]:
        found = number(splits_needed(mean, se, n), "what splits_needed returns")
        exact = n * (3 * se / mean) ** 2
        asked = f"For {mean} ± {se} from {n} splits you say {found:.5g}.\n"
        if found < 0:
            raise Wrong(asked + "A mean may be negative, a number of splits may not.")
        if math.isclose(found, exact, rel_tol=1e-6) and found % 1:
            raise Wrong(asked + "Right, but for the part of a split: round it to the side that suffices.")
        if found == math.floor(exact) != math.ceil(exact):
            raise Wrong(asked + "Just too few: there, three standard errors are still larger than the mean.")
        if abs(found - n * abs(3 * se / mean)) <= 1:
            raise Wrong(
                asked + "With twice the splits the standard error is not halved. With what does it shrink?"
            )
        if abs(found - n * (se / mean) ** 2) <= 1 or abs(found - n * (2 * se / mean) ** 2) <= 1:
            raise Wrong(asked + "Beyond how many standard errors does this chapter want the mean?")
        if abs(found - exact) > 1.001:
            raise Wrong(
                asked + "The mean stays where it is, by assumption. By which factor must the\n"
                "standard error shrink until three of it fit, and how many splits make it so?"
            )
    return "The standard error shrinks with the root of n, so the number of splits grows with the square."


@check
def check_08_saying(my_changes, my_verdict):
    """What `change` returned, and "holds", "does not hold", "depends" or "undecided"."""
    if not isinstance(my_changes, dict):
        raise Wrong("my_changes must be a dictionary from table to changes, as `change` returns it.")
    if missing := {"Boston", "diabetes"} - my_changes.keys():
        raise Wrong(
            f"Nothing for {' and '.join(sorted(missing))}. One table is an anecdote: measure on both."
        )
    readings, told = [], []
    for name in ("Boston", "diabetes"):
        values = tensor(my_changes[name], f"my_changes[{name!r}]", (None,)).double()
        if len(values) < 2:
            raise Wrong(f"my_changes[{name!r}] is one number. The rule needs the change of each split.")
        if not values.any():
            raise Wrong(
                f"On {name} nothing changed at all. Did you compare the usual networks with themselves?"
            )
        mean, se = values.mean().item(), (values.std() / len(values) ** 0.5).item()
        if 0 < abs(mean) + 3 * se < 0.5:
            raise Wrong(
                f"On {name} the error changes by {mean:.4f} ± {se:.4f} percent, next to nothing. Are these fractions?\n"
                "`change` gives percent: 100 times the change, over the mean of the usual error."
            )
        if mean < -100:
            raise Wrong(
                f"On {name} the error falls by {-mean:.0f} percent, more than all of it. Is it percent?"
            )
        readings.append(_read(mean, se))
        told.append(f"{name} {mean:.2f} ± {se:.2f} %")
    measured = ", ".join(told)
    answer, right = choice(my_verdict, "my_verdict", VERDICTS), _verdict(readings, "lower")
    if answer != right:
        raise Wrong(f"You measured {measured}.\nThat is not “{answer}”. {_hint(answer, right, readings)}")
    return f"You measured {measured}.\nBy the rule that is “{right}”, and no more than that."
