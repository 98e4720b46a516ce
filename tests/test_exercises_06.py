"""What the checks of chapter 6 say to right answers and to those that people give instead."""

import numpy as np
import pytest
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.linear_model import LinearRegression
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import KFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline

from helpers import exercises


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


RIGHT = {
    "best_of_twenty": [0.56, 0.6, 0.5],
    "folds": [folds, lambda rows, k, seed: iter(folds(rows, k, seed))],
    "pooled": [pooled],
    "standard_error": [corrected],
    "twice": [0.45, 0.2**0.5],
    "cross_validation": [honest],
}


@pytest.mark.parametrize("name, answer", [(name, one) for name, many in RIGHT.items() for one in many])
def test_right(name, answer, said):
    assert said(getattr(exercises, f"check_06_{name}"), answer).startswith("✓ ")


WRONG = [
    ("best_of_twenty", 0, "the lowest"),
    ("best_of_twenty", 0.067, "no mean"),
    ("best_of_twenty", 0.3, "luckier"),
    ("best_of_twenty", 3.94, "its distance"),
    ("best_of_twenty", 0.9, "Too large"),
    ("folds", lambda rows, k, seed: list(KFold(k, shuffle=True, random_state=seed).split(rows)), "positions"),
    ("folds", lambda rows, k, seed: folds(rows, k, seed)[0], "five pairs"),
    ("folds", lambda rows, k, seed: [(a, b, a) for a, b in folds(rows, k, seed)], "should be a pair"),
    ("folds", lambda rows, k, seed: [(b, a) for a, b in folds(rows, k, seed)], "other way round"),
    ("folds", lambda rows, k, seed: folds(rows, k, seed, shuffle=False), "one stretch"),
    ("folds", lambda rows, k, seed: [folds(rows, k, s)[0] for s in range(k)], "from one shuffle"),
    ("folds", lambda rows, k, seed: [(rows, b) for a, b in folds(rows, k, seed)], "one of the two sides"),
    ("folds", lambda rows, k, seed: folds(rows, k, 0), "Hand the seed on"),
    ("folds", lambda rows, k, seed: folds(rows, k, None), "repeat your result"),
    ("pooled", lambda errors: np.mean([np.sqrt(np.mean(e**2)) for e in errors]), "folds' roots"),
    ("pooled", lambda errors: np.sqrt(np.mean([np.mean(e**2) for e in errors])), "differ in size"),
    ("pooled", lambda errors: pooled(errors) ** 2, "still to be taken"),
    ("pooled", lambda errors: np.mean(np.abs(np.concatenate(errors))), "absolute"),
    ("pooled", lambda errors: np.linalg.norm(np.concatenate(errors)), "root of the sum"),
    ("pooled", lambda errors: np.mean(np.concatenate(errors)), "cancel"),
    ("pooled", lambda errors: 7.0, "by hand"),
    ("standard_error", lambda s, v, t: s.std(ddof=1) / len(s) ** 0.5, "for independent"),
    ("standard_error", lambda s, v, t: s.std() * (1 / len(s) + v / t) ** 0.5, "ddof=1"),
    ("standard_error", lambda s, v, t: s.std(ddof=1), "standard deviation"),
    ("standard_error", lambda s, v, t: corrected(s, v, t) ** 2, "a variance"),
    ("standard_error", lambda s, v, t: s.std(ddof=1) * (1 / len(s) + v / t), "Of it, too"),
    ("standard_error", lambda s, v, t: corrected(s, t, v), "upside down"),
    ("standard_error", lambda s, v, t: s.std(ddof=1) * (v / t) ** 0.5, "two parts"),
    ("standard_error", lambda s, v, t: corrected(s, 1, 2), "With ten"),
    ("standard_error", lambda s, v, t: 9.0, "by hand"),
    ("twice", 1, "Where is a row's twin"),
    ("twice", 0, "into the same fold"),
    ("twice", 0.2, "squared errors"),
    ("twice", 0.7, "Too high"),
    ("twice", 2, "between the two"),
    ("cross_validation", leaking, "What learns here?"),
    ("cross_validation", lambda Z, target: honest(Z, target, cv=KFold(5)), "order of the rows"),
    ("cross_validation", averaged, "pool"),
    ("cross_validation", lambda Z, target: averaged(Z, target, root=False), "squared units"),
    ("cross_validation", lambda Z, target: 12.0, "too large"),
    ("cross_validation", lambda Z, target: -honest(Z, target), "turned round"),
]


@pytest.mark.parametrize("name, answer, message", WRONG)
def test_wrong(name, answer, message, said):
    printed = said(getattr(exercises, f"check_06_{name}"), answer)
    assert printed.startswith("✗ ") and message in printed
