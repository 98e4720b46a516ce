"""Checks of chapter 7: cross-validation."""

import numpy as np
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.linear_model import LinearRegression
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline

from helpers.data import load_boston
from helpers.exercises._report import Wrong, ask, check, function, number, recognise


@check
def check_07_best_of_twenty(my_guess):
    """Your guess: how far the best of twenty scores lies below 4.5 on average, in $1000s."""
    guess = number(my_guess, "my_guess")
    scores = np.random.default_rng(0).normal(4.5, 0.3, size=(20_000, 20))
    gap = 4.5 - scores.min(axis=1).mean()
    if abs(guess - gap) < 0.07:
        return f"Near: in {len(scores):,} draws of twenty scores, the best lay {gap:.2f} below on average."
    if abs(guess + gap) < 0.07:
        raise Wrong("Right in size. How far it lies below is a distance, a number above 0.")
    if guess < 0:
        raise Wrong("Would the lowest of twenty scores lie above 4.5? How far below is a number above 0.")
    if guess > 10:
        raise Wrong("Is that in dollars, or percent? my_guess counts thousands of dollars.")
    if guess > 3:
        raise Wrong("Is that the best score itself? Wanted is its distance from 4.5.")
    if abs(guess - gap / 0.3) < 0.2:
        raise Wrong("That many standard deviations, yes. And how many thousand dollars are they?")
    typical = (
        (0.0, "Each score is right on average. But you don't keep an average one: you keep the lowest."),
        (0.067, "That is the standard error of the twenty scores' mean. The lowest is no mean."),
        (0.3, "By that much a typical score is off, up or down. Among twenty, one is luckier than that."),
    )
    recognise(guess, typical, atol=0.004)
    raise Wrong(
        f"Too {'small' if guess < gap else 'large'}. How many of a hundred scores are two standard "
        "deviations too low? And so of twenty?"
    )


@check
def check_07_folds(my_folds):
    """A function of (rows, k, seed) that gives k pairs (rows to fit on, rows to validate on)."""
    function(my_folds, "my_folds")
    rows = np.arange(100, 400, 10)  # no row number is a position
    pairs = _folds(my_folds, rows, 5, 0)
    if len(pairs) == 2 and all(part.ndim == 0 for pair in pairs for part in pair) or len(pairs) != 5:
        raise Wrong(f"For k = 5 there should be five pairs, in a list; this has {len(pairs)} parts.")
    if any(len(pair) != 2 for pair in pairs):
        raise Wrong("Each of the five should be a pair: rows to fit on, rows to validate on.")
    fit_rows, val_rows = zip(*pairs)
    if any(part.dtype == bool for part in fit_rows + val_rows):
        raise Wrong("These are masks, of True and False. Which row numbers do they choose from rows?")
    if any(part.ndim != 1 for part in fit_rows + val_rows):
        raise Wrong("Each side of a pair should be one array of row numbers, not one of several parts.")
    if not np.isin(np.concatenate(fit_rows + val_rows), rows).all():
        raise Wrong("Some of these are none of my row numbers. KFold counts positions; look them up in rows.")
    if len(val_rows[0]) > len(fit_rows[0]):
        raise Wrong("You fit on one fold and validate on four. It is the other way round.")
    if sorted(np.concatenate(val_rows)) != rows.tolist():
        raise Wrong("Each row should be held out exactly once. Are the five cut from one shuffle?")
    if not _split(rows, pairs):
        raise Wrong("In each pair, every row should be on just one of the two sides.")
    if all(np.ptp(val) == 50 for val in val_rows):
        raise Wrong("Each fold is one stretch of the rows, as they come in the file. Shuffle.")
    again, other = ([set(val) for _, val in _folds(my_folds, rows, 5, seed)] for seed in (0, 1))
    if again != [set(val) for val in val_rows]:
        raise Wrong("The same seed gives other folds each time: nobody could repeat your result.")
    if again == other:
        raise Wrong("Another seed gives the same folds. Hand the seed on to KFold.")
    for count, k in ((31, 3), (7, 7)):
        rows = np.random.default_rng(0).permutation(1000)[:count]
        pairs = _folds(my_folds, rows, k, 2)
        if len(pairs) != k:
            raise Wrong(f"For k = {k} there should be {k} pairs, and there are {len(pairs)}.")
        held_out = np.concatenate([val for _, val in pairs])
        if sorted(held_out) != sorted(rows) or not _split(rows, pairs):
            raise Wrong(f"Right for five folds of 30 rows. Of {count} in {k}, each should be held out once.")
    return "Row numbers, shuffled by the seed, and each held out exactly once."


def _folds(my_folds, rows, k, seed):
    pairs = ask(my_folds, rows, k, seed)
    pairs = [pairs] if isinstance(pairs, dict) else list(pairs)
    if any(isinstance(pair, dict) for pair in pairs):
        raise Wrong("Wanted is a list of pairs, and a dictionary is neither a list nor a pair.")
    return [tuple(np.asarray(list(a) if isinstance(a, set) else a) for a in pair) for pair in pairs]


def _split(rows, pairs):
    """Tell whether each of the rows is on just one side of each pair."""
    return all(sorted([*fit, *val]) == sorted(rows) for fit, val in pairs)


@check
def check_07_pooled(my_rmse):
    """A function of a list of folds' errors that gives the RMSE over all rows."""
    function(my_rmse, "my_rmse")
    errors = [np.array(fold) for fold in ([3.0, -1.0, 2.0, 0.0], [6.0, -2.0], [-1.0])]
    value = number(ask(my_rmse, errors), "The RMSE")
    every, sizes = np.concatenate(errors), [len(fold) for fold in errors]
    by_fold = [np.mean(fold**2) for fold in errors]
    typical = (
        (np.mean(np.sqrt(by_fold)), "That is the average of the folds' roots. Pool first, then take the root."),
        (np.average(np.sqrt(by_fold), weights=sizes), "The folds' roots, each by its size. Take the root last, and once."),
        (np.sqrt(np.mean(by_fold)), "Close: each fold counts the same here. Each row should; folds differ in size."),
        (np.sqrt(by_fold[0]), "That is the first fold alone. The others err, too."),
        (-np.sqrt(np.mean(every**2)), "The size is right. But a root is above 0."),
        (np.mean(every**2), "That is the mean squared error. Its root is still to be taken."),
        (np.mean(np.abs(every)), "That is the mean absolute error: a root of each square alone."),
        (np.sqrt(np.sum(every**2)), "That is the root of the sum. It would grow with the number of rows."),
        (np.sqrt(np.sum(every**2) / len(errors)), "You divide by the number of folds. How many rows are there?"),
        (np.sqrt(np.sum(every**2)) / len(every), "The root of the sum, over the rows. Divide first, then take the root."),
        (np.mean(every), "Errors of both signs cancel in a mean. Square them first."),
        (every.std(), "That is a standard deviation: it takes the mean off first. An error that all share counts, too."),
        (every.std(ddof=1), "That is a standard deviation: it takes the mean off first. An error that all share counts, too."),
    )  # fmt: skip
    recognise(value, typical, atol=0.005)
    right = np.sqrt(np.mean(every**2))
    if abs(value - right) > 0.01:
        raise Wrong(
            f"For the folds {[fold.tolist() for fold in errors]} it gives {value:.2f}. Do it by hand."
        )
    draws = np.random.default_rng(0)
    for sizes in ((5, 5), (2, 9, 3, 4), (6,)):
        errors = [draws.normal(1, 2, size) for size in sizes]
        right = np.sqrt(np.mean(np.concatenate(errors) ** 2))
        if abs(number(ask(my_rmse, errors), "The RMSE") - right) > 0.01:
            raise Wrong(f"Right for folds of 4, 2 and 1 rows, but not of {', '.join(map(str, sizes))}.")
    return "All squared errors together, one mean, one root."


@check
def check_07_standard_error(my_se):
    """A function of (scores, n_val, n_train) that gives the corrected standard error."""
    function(my_se, "my_se")
    scores = np.array([4.1, 5.0, 4.4, 6.1, 4.7, 5.2])
    value = number(ask(my_se, scores, 40, 100), "The standard error")
    m, sd, share = len(scores), scores.std(ddof=1), 40 / 100
    bracket = 1 / m + share
    typical = (
        (sd / m**0.5, "That is the plain standard error: it takes the scores for independent."),
        (scores.std() * bracket**0.5, "Nearly: NumPy divides by m unless you say ddof=1."),
        (sd, "That is the standard deviation of the scores. Multiply by the root of the bracket."),
        (sd**2 * bracket, "That is its square, a variance."),
        (scores.var() * bracket, "That is its square, a variance."),
        (sd * bracket, "The bracket multiplies the variance. Of it, too, a root must be taken."),
        (sd**2 * bracket**0.5, "Nearly: the root is taken of the bracket, but not of the variance."),
        (sd * (1 / m + 1 / share) ** 0.5, "The fraction is upside down: more training rows should not widen the ±."),
        (sd * share**0.5, "The bracket has two parts. Where is the 1/m of the plain standard error?"),
        (sd * (1 / m + 40 / 140) ** 0.5, "The held-out rows are set against all. Against which should they be?"),
        ((sd**2 / m + share) ** 0.5, "Both parts of the bracket multiply the variance, also the fraction."),
        (sd * (bracket / m) ** 0.5, "You divide by m twice: it is in the bracket already."),
    )  # fmt: skip
    recognise(value, typical, atol=0.003)
    if abs(value - sd * bracket**0.5) > 0.004:
        raise Wrong(f"For the scores {scores.tolist()}, 40 and 100 it gives {value:.3f}. Do it by hand.")
    if abs(number(ask(my_se, scores, 10, 90), "The standard error") - sd * (1 / m + 1 / 9) ** 0.5) > 0.004:
        raise Wrong("Right for 40 rows and 100. With 10 and 90, they stand in another proportion.")
    scores = np.random.default_rng(0).normal(4.5, 1.0, 15)
    right = scores.std(ddof=1) * (1 / 15 + 50 / 200) ** 0.5
    if abs(number(ask(my_se, scores, 50, 200), "The standard error") - right) > 0.004:
        raise Wrong("Right for six scores, but not for fifteen. Which number is written in?")
    return "However often you repeat, it does not fall below what the shared rows leave uncertain."


@check
def check_07_twice(my_guess):
    """Your guess: by what factor twin rows multiply the estimated RMSE, from 0 to 1."""
    guess = number(my_guess, "my_guess")
    if 10 < guess <= 100:
        raise Wrong("Is that in percent? Wanted is a factor, from 0 to 1.")
    if not 0 <= guess <= 1:
        raise Wrong("1 would mean that nothing changes, 0 that no error is left. Guess between the two.")
    table = load_boston().to_numpy()
    table = (table - table.min(0)) / np.ptp(table, axis=0)

    def estimate(rows):
        X, y = table[rows, :-1], table[rows, -1]
        cuts = (KFold(5, shuffle=True, random_state=seed) for seed in range(5))
        neighbour = KNeighborsRegressor(1)
        return root_mean_squared_error(
            np.tile(y, 5), np.concatenate([cross_val_predict(neighbour, X, y, cv=cut) for cut in cuts])
        )

    once = np.arange(len(table))
    factor = estimate(np.repeat(once, 2)) / estimate(once)
    if abs(guess - factor) < 0.08:
        return f"Near: on the house prices it is {factor:.2f}. Nothing about the model has become better."
    typical = (
        (1.0, "Where is a row's twin while the row is held out? Nearly always among the rows learned from."),
        (0.0, "Almost. But a shuffle can put both twins into the same fold, and then neither helps."),
        (0.2, "That share of the rows has its twin in the same fold. It is the squared errors that it scales."),
        (0.04, "That is the square of a fifth. From squared errors to an RMSE leads a root."),
        (0.8, "For that share of the rows the twin answers, without an error. Which share is left?"),
        (0.894, "The root is right. But for that share the twin answers, without an error. Which is left?"),
    )  # fmt: skip
    recognise(guess, typical, atol=0.019)
    raise Wrong(
        f"Too {'low' if guess < factor else 'high'}. For which rows is there still an error? "
        "What share of the squared errors is left, and of its root?"
    )


@check
def check_07_cross_validation(my_cross_validation):
    """A function of a table Z and a target that gives the cross-validated RMSE."""
    my_cross_validation = function(my_cross_validation, "my_cross_validation")

    def estimate(Z, target):
        value = number(ask(my_cross_validation, Z, target), "The RMSE")
        if -0.2 * target.std() < value < 0:
            raise Wrong("An RMSE below 0? cross_val_score gives R², unless you say which scoring.")
        if value < 0:
            raise Wrong("An RMSE below 0? Scores named neg_... have to be turned round.")
        return value

    draws = np.random.default_rng(0)
    noise = [(draws.standard_normal((60, 500)), 10 * draws.standard_normal(60)) for _ in range(4)]
    found = [estimate(Z, target) for Z, target in noise]
    if np.ptp(found) == 0:
        raise Wrong(f"It gives {found[0]:.2f} for every table. What does it do with Z and target?")
    share = np.mean([value / target.std() for value, (_, target) in zip(found, noise)])
    if share > 4:
        raise Wrong("That is in squared units. An RMSE needs a root.")
    with_outlier, outlying = draws.standard_normal((300, 20)), draws.standard_normal(300)
    outlying[0] = 100
    if estimate(with_outlier, outlying) < 0.45 * outlying.std():
        raise Wrong("One row that is 100 off hardly shows in it. Which mean is taken, and of what?")
    if share < 0.97:
        raise Wrong(
            f"With columns of noise its RMSE is {share:.2f} of what the mean errs. "
            "Something has learned from the rows that were held out. What learns here?"
        )
    x = np.linspace(-3, 3, 100)
    Z, curve, order = np.tile(x[:, None], 12) + draws.normal(0, 0.1, (100, 12)), x**2, draws.permutation(100)
    if estimate(Z, curve) > 1.2 * estimate(Z[order], curve[order]):
        raise Wrong("Nothing leaks any more. But the estimate depends on the order of the rows: shuffle.")
    pooled, found = _honest(with_outlier, outlying), estimate(with_outlier, outlying)
    if found < 0.82 * pooled:
        raise Wrong(
            "No leak, and shuffled. But a single bad row counts too little: pool, then take the root."
        )
    if found > 1.4 * pooled:
        raise Wrong("No leak, and shuffled. But it is too large: are you sure of what the root is taken?")
    Z = draws.standard_normal((200, 100))
    target = Z[:, :3].sum(1) + draws.normal(0, 0.5, 200)
    honest, found = _honest(Z, target), estimate(Z, target)
    if found > 0.8 * target.std():
        raise Wrong("It finds nothing where three columns tell the target. Which model learns there?")
    if found > 1.25 * honest:
        raise Wrong("Among 97 columns of noise and 3 of use it errs too much. Are ten columns still chosen?")
    if found < 0.8 * honest:
        raise Wrong("It errs less than anybody can on fresh rows. Which rows does the model answer for?")
    return "The selection is made anew in each fold, the rows are shuffled, and the errors are pooled."


def _honest(Z, target):
    """The RMSE over all rows, each held out once in five shuffled folds."""
    pipeline = make_pipeline(SelectKBest(f_regression, k=10), LinearRegression())
    cut = KFold(5, shuffle=True, random_state=0)
    return root_mean_squared_error(target, cross_val_predict(pipeline, Z, target, cv=cut))
