"""Checks of chapter 6: cross-validation."""

import numpy as np
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.linear_model import LinearRegression
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline

from helpers.data import load_boston
from helpers.exercises._report import Wrong, check, function, number, recognise


@check
def check_06_best_of_twenty(my_guess):
    """Your guess: how far the best of twenty scores lies below 4.5 on average, in $1000s."""
    guess = number(my_guess, "my_guess")
    scores = np.random.default_rng(0).normal(4.5, 0.3, size=(20_000, 20))
    gap = 4.5 - scores.min(axis=1).mean()
    if abs(guess - gap) < 0.07:
        return f"Near: in {len(scores):,} draws of twenty scores, the best lay {gap:.2f} below on average."
    if guess < 0:
        raise Wrong("How far below is a distance, which is never below 0: leave out the minus sign.")
    if guess > 3:
        raise Wrong("Is that the best score itself? Wanted is its distance from 4.5.")
    typical = (
        (
            0.0,
            "A typical score is right, so the lowest lies below. You don't keep a typical one: you keep the lowest.",
        ),
        (0.067, "That is the standard error of the twenty scores' mean. The lowest is no mean."),
        (0.3, "By that much a typical score is off, up or down. Among twenty, one is luckier than that."),
    )
    recognise(guess, typical, atol=0.03)
    raise Wrong(
        f"Too {'small' if guess < gap else 'large'}. How many of a hundred scores are two standard "
        "deviations too low? And so of twenty?"
    )


@check
def check_06_folds(my_folds):
    """A function of (rows, k, seed) that gives k pairs (rows to fit on, rows to validate on)."""
    rows = np.arange(100, 400, 10)  # no row number is a position
    pairs = [tuple(np.asarray(part) for part in pair) for pair in function(my_folds, "my_folds")(rows, 5, 0)]
    if len(pairs) == 2 and all(part.ndim == 0 for pair in pairs for part in pair) or len(pairs) != 5:
        raise Wrong(f"For k = 5 there should be five pairs, in a list; this has {len(pairs)} parts.")
    if any(len(pair) != 2 for pair in pairs):
        raise Wrong("Each of the five should be a pair: rows to fit on, rows to validate on.")
    fit_rows, val_rows = zip(*pairs)
    if not np.isin(np.concatenate(fit_rows + val_rows), rows).all():
        raise Wrong("Some of these are none of my row numbers. KFold counts positions; look them up in rows.")
    if len(val_rows[0]) > len(fit_rows[0]):
        raise Wrong("You fit on one fold and validate on four. It is the other way round.")
    if sorted(np.concatenate(val_rows)) != rows.tolist():
        raise Wrong("Each row should be held out exactly once. Are the five cut from one shuffle?")
    if any(np.isin(fit, val).any() or len(fit) + len(val) != len(rows) for fit, val in pairs):
        raise Wrong("In each pair, every row should be on just one of the two sides.")
    if all(np.ptp(val) == 50 for val in val_rows):
        raise Wrong("Each fold is one stretch of the rows, as they come in the file. Shuffle.")
    again, other = ([list(pair[1]) for pair in my_folds(rows, 5, seed)] for seed in (0, 1))
    if again != [list(val) for val in val_rows]:
        raise Wrong("The same seed gives other folds each time: nobody could repeat your result.")
    if again == other:
        raise Wrong("Another seed gives the same folds. Hand the seed on to KFold.")
    return "Row numbers, shuffled by the seed, and each held out exactly once."


@check
def check_06_pooled(my_rmse):
    """A function of a list of folds' errors that gives the RMSE over all rows."""
    errors = [np.array(fold) for fold in ([3.0, -1.0, 2.0, 0.0], [6.0, -2.0], [-1.0])]
    value = number(function(my_rmse, "my_rmse")(errors), "The RMSE")
    every = np.concatenate(errors)
    by_fold = [np.mean(fold**2) for fold in errors]
    typical = (
        (
            np.mean(np.sqrt(by_fold)),
            "That is the average of the folds' roots. Pool first, then take the root.",
        ),
        (
            np.sqrt(np.mean(by_fold)),
            "Close: each fold counts the same here. Each row should; folds differ in size.",
        ),
        (np.mean(every**2), "That is the mean squared error. Its root is still to be taken."),
        (np.mean(np.abs(every)), "That is the mean absolute error: a root of each square alone."),
        (np.sqrt(np.sum(every**2)), "That is the root of the sum. It would grow with the number of rows."),
        (np.mean(every), "Errors of both signs cancel in a mean. Square them first."),
    )
    recognise(value, typical, atol=0.01)
    right = np.sqrt(np.mean(every**2))
    if abs(value - right) > 0.01:
        raise Wrong(
            f"For the folds {[fold.tolist() for fold in errors]} it gives {value:.2f}. Do it by hand."
        )
    return "All squared errors together, one mean, one root."


@check
def check_06_standard_error(my_se):
    """A function of (scores, n_val, n_train) that gives the corrected standard error."""
    scores = np.array([4.1, 5.0, 4.4, 6.1, 4.7, 5.2])
    value = number(function(my_se, "my_se")(scores, 50, 100), "The standard error")
    m, sd = len(scores), scores.std(ddof=1)
    typical = (
        (sd / m**0.5, "That is the plain standard error: it takes the scores for independent."),
        (scores.std() * (1 / m + 1 / 2) ** 0.5, "Nearly: NumPy divides by m unless you say ddof=1."),
        (sd, "That is the standard deviation of the scores. Multiply by the root of the bracket."),
        (sd**2 * (1 / m + 1 / 2), "That is its square, a variance."),
        (sd * (1 / m + 1 / 2), "The bracket multiplies the variance. Of it, too, a root must be taken."),
        (sd * (1 / m + 2) ** 0.5, "The fraction is upside down: more training rows should not widen the ±."),
        (sd * (1 / 2) ** 0.5, "The bracket has two parts. Where is the 1/m of the plain standard error?"),
    )
    recognise(value, typical, atol=0.004)
    right = sd * (1 / m + 1 / 2) ** 0.5
    if abs(value - right) > 0.004:
        raise Wrong(f"For the scores {scores.tolist()}, 50 and 100 it gives {value:.3f}. Do it by hand.")
    if abs(my_se(scores, 10, 90) - sd * (1 / m + 1 / 9) ** 0.5) > 0.004:
        raise Wrong("Right for three folds. With ten, n_val and n_train stand in another proportion.")
    return "However often you repeat, it does not fall below what the shared rows leave uncertain."


@check
def check_06_twice(my_guess):
    """Your guess: by what factor twin rows multiply the estimated RMSE, from 0 to 1."""
    guess = number(my_guess, "my_guess")
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
        (
            0.2,
            "That share of the rows has its twin in the same fold. It is the squared errors that it scales.",
        ),
    )
    recognise(guess, typical, atol=0.05)
    raise Wrong(
        f"Too {'low' if guess < factor else 'high'}. For which rows is there still an error? "
        "What share of the squared errors is left, and of its root?"
    )


@check
def check_06_cross_validation(my_cross_validation):
    """A function of a table Z and a target that gives the cross-validated RMSE."""
    my_cross_validation = function(my_cross_validation, "my_cross_validation")

    def ask(Z, target):
        value = number(my_cross_validation(Z, target), "The RMSE")
        if value < 0:
            raise Wrong("An RMSE below 0? Scores named neg_... have to be turned round.")
        return value

    draws = np.random.default_rng(0)
    noise = [(draws.standard_normal((60, 500)), 10 * draws.standard_normal(60)) for _ in range(4)]
    share = np.mean([ask(Z, target) / target.std() for Z, target in noise])
    if share > 4:
        raise Wrong("That is in squared units. An RMSE needs a root.")
    # Something that is no model at all errs by what the mean of all rows errs, leak or not.
    others = np.random.default_rng(1)
    line = others.standard_normal((200, 12))
    told = line @ np.arange(1.0, 13) + 0.1 * others.standard_normal(200)
    if ask(line, told) > 0.5 * told.std():
        raise Wrong(
            "On a table whose columns say nearly all about the target, its RMSE is as large as the mean's.\n"
            "Which model do you fit, and do its predictions enter the error?"
        )
    if share < 0.97:
        raise Wrong(
            f"With columns of noise its RMSE is {share:.2f} of what the mean errs. "
            "Something has learned from the rows that were held out. What learns here?"
        )
    x = np.linspace(-3, 3, 100)
    Z, curve, order = np.tile(x[:, None], 12) + draws.normal(0, 0.1, (100, 12)), x**2, draws.permutation(100)
    if ask(Z, curve) > 1.2 * ask(Z[order], curve[order]):
        raise Wrong("Nothing leaks any more. But the estimate depends on the order of the rows: shuffle.")
    Z, target = draws.standard_normal((300, 20)), draws.standard_normal(300)
    target[0] = 100
    cut = KFold(5, shuffle=True, random_state=0)
    honest = make_pipeline(SelectKBest(f_regression, k=10), LinearRegression())
    pooled = root_mean_squared_error(target, cross_val_predict(honest, Z, target, cv=cut))
    if ask(Z, target) < 0.82 * pooled:
        raise Wrong(
            "No leak, and shuffled. But a single bad row counts too little: pool, then take the root."
        )
    if ask(Z, target) > 1.4 * pooled:
        raise Wrong("No leak, and shuffled. But it is too large: are you sure of what the root is taken?")
    return "The selection is made anew in each fold, the rows are shuffled, and the errors are pooled."
