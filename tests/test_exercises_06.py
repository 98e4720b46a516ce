"""What the checks of chapter 6 say to right answers and to those that people give instead."""

import numpy as np
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.linear_model import LinearRegression
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import KFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline

from answers import test_a_right_answer_passes, test_a_wrong_answer_is_told_apart  # noqa: F401
from helpers.exercises.ch06 import (
    check_06_best_of_twenty,
    check_06_cross_validation,
    check_06_folds,
    check_06_pooled,
    check_06_standard_error,
    check_06_twice,
)


def folds(rows, k, seed, shuffle=True):
    cut = KFold(k, shuffle=shuffle, random_state=seed if shuffle else None)
    return [(rows[fit], rows[val]) for fit, val in cut.split(rows)]


def pooled(errors):
    return np.sqrt(np.mean(np.concatenate(errors) ** 2))


def corrected(scores, n_val, n_train):
    return np.sqrt(np.var(scores, ddof=1) * (1 / len(scores) + n_val / n_train))


select = SelectKBest(f_regression, k=10)
pipeline = make_pipeline(select, LinearRegression())
shuffled = KFold(5, shuffle=True, random_state=0)


def honest(Z, target, cv=shuffled):
    return root_mean_squared_error(target, cross_val_predict(pipeline, Z, target, cv=cv))


def leaking(Z, target):
    best = select.fit_transform(Z, target)
    return root_mean_squared_error(target, cross_val_predict(LinearRegression(), best, target, cv=shuffled))


def averaged(Z, target, root=True):
    scores = cross_val_score(pipeline, Z, target, cv=shuffled, scoring="neg_mean_squared_error")
    return np.mean(np.sqrt(-scores)) if root else -scores.mean()


RIGHT = [
    (check_06_best_of_twenty, 0.56),
    (check_06_best_of_twenty, 0.6),
    (check_06_best_of_twenty, 0.5),
    (check_06_folds, folds),
    (check_06_folds, lambda rows, k, seed: iter(folds(rows, k, seed))),
    (check_06_pooled, pooled),
    (check_06_standard_error, corrected),
    (check_06_twice, 0.45),
    (check_06_twice, 0.2**0.5),
    (check_06_cross_validation, honest),
]
WRONG = [
    (check_06_best_of_twenty, 0, "the lowest"),
    (check_06_best_of_twenty, -0.56, "leave out the minus sign"),
    (check_06_best_of_twenty, 0.067, "no mean"),
    (check_06_best_of_twenty, 0.3, "luckier"),
    (check_06_best_of_twenty, 3.94, "its distance"),
    (check_06_best_of_twenty, 0.9, "Too large"),
    (
        check_06_folds,
        lambda rows, k, seed: list(KFold(k, shuffle=True, random_state=seed).split(rows)),
        "positions",
    ),
    (check_06_folds, lambda rows, k, seed: folds(rows, k, seed)[0], "five pairs"),
    (check_06_folds, lambda rows, k, seed: [(a, b, a) for a, b in folds(rows, k, seed)], "should be a pair"),
    (check_06_folds, lambda rows, k, seed: [(b, a) for a, b in folds(rows, k, seed)], "other way round"),
    (check_06_folds, lambda rows, k, seed: folds(rows, k, seed, shuffle=False), "one stretch"),
    (check_06_folds, lambda rows, k, seed: [folds(rows, k, s)[0] for s in range(k)], "from one shuffle"),
    (
        check_06_folds,
        lambda rows, k, seed: [(rows, b) for a, b in folds(rows, k, seed)],
        "one of the two sides",
    ),
    (check_06_folds, lambda rows, k, seed: folds(rows, k, 0), "Hand the seed on"),
    (check_06_folds, lambda rows, k, seed: folds(rows, k, None), "repeat your result"),
    (check_06_pooled, lambda errors: np.mean([np.sqrt(np.mean(e**2)) for e in errors]), "folds' roots"),
    (check_06_pooled, lambda errors: np.sqrt(np.mean([np.mean(e**2) for e in errors])), "differ in size"),
    (check_06_pooled, lambda errors: pooled(errors) ** 2, "still to be taken"),
    (check_06_pooled, lambda errors: np.mean(np.abs(np.concatenate(errors))), "absolute"),
    (check_06_pooled, lambda errors: np.linalg.norm(np.concatenate(errors)), "root of the sum"),
    (check_06_pooled, lambda errors: np.mean(np.concatenate(errors)), "cancel"),
    (check_06_pooled, lambda errors: 7.0, "by hand"),
    (check_06_standard_error, lambda s, v, t: s.std(ddof=1) / len(s) ** 0.5, "for independent"),
    (check_06_standard_error, lambda s, v, t: s.std() * (1 / len(s) + v / t) ** 0.5, "ddof=1"),
    (check_06_standard_error, lambda s, v, t: s.std(ddof=1), "standard deviation"),
    (check_06_standard_error, lambda s, v, t: corrected(s, v, t) ** 2, "a variance"),
    (check_06_standard_error, lambda s, v, t: s.std(ddof=1) * (1 / len(s) + v / t), "Of it, too"),
    (check_06_standard_error, lambda s, v, t: corrected(s, t, v), "upside down"),
    (check_06_standard_error, lambda s, v, t: s.std(ddof=1) * (v / t) ** 0.5, "two parts"),
    (check_06_standard_error, lambda s, v, t: corrected(s, 1, 2), "With ten"),
    (check_06_standard_error, lambda s, v, t: 9.0, "by hand"),
    (check_06_twice, 1, "Where is a row's twin"),
    (check_06_twice, 0, "into the same fold"),
    (check_06_twice, 0.2, "squared errors"),
    (check_06_twice, 0.7, "Too high"),
    (check_06_twice, 2, "between the two"),
    (check_06_cross_validation, leaking, "What learns here?"),
    (check_06_cross_validation, lambda Z, target: np.std(target), "Which model do you fit"),
    (check_06_cross_validation, lambda Z, target: honest(Z, target, cv=KFold(5)), "order of the rows"),
    (check_06_cross_validation, averaged, "pool"),
    (check_06_cross_validation, lambda Z, target: averaged(Z, target, root=False), "squared units"),
    (check_06_cross_validation, lambda Z, target: 12.0, "too large"),
    (check_06_cross_validation, lambda Z, target: -honest(Z, target), "turned round"),
]
