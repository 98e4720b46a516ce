"""What the checks of chapter 7 say to right answers and to those that people give instead."""

import math
import statistics
from functools import partial
from itertools import chain

import numpy as np
import pandas as pd
import torch
from sklearn.dummy import DummyRegressor
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error, root_mean_squared_error
from sklearn.model_selection import (
    KFold,
    RepeatedKFold,
    ShuffleSplit,
    cross_val_predict,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline

from answers import test_a_right_answer_passes, test_a_wrong_answer_is_told_apart  # noqa: F401
from helpers.exercises.ch07 import (
    check_07_best_of_twenty,
    check_07_cross_validation,
    check_07_folds,
    check_07_pooled,
    check_07_standard_error,
    check_07_twice,
)


def half(value):
    return torch.tensor(value, dtype=torch.half)


def folds(rows, k, seed, shuffle=True):
    cut = KFold(k, shuffle=shuffle, random_state=seed if shuffle else None)
    return [(rows[fit], rows[val]) for fit, val in cut.split(rows)]


def by_array_split(rows, k, seed):
    parts = np.array_split(np.random.default_rng(seed).permutation(rows), k)
    return [(np.concatenate(parts[:i] + parts[i + 1 :]), parts[i]) for i in range(k)]


def by_chunks_of_tensors(rows, k, seed):
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed))
    parts = rows[order].tensor_split(k)
    return [(torch.cat(parts[:i] + parts[i + 1 :]), parts[i]) for i in range(k)]


def by_stride(rows, k, seed):
    order = np.random.RandomState(seed).permutation(rows).tolist()
    return [([row for row in order if row not in order[i::k]], order[i::k]) for i in range(k)]


def by_set(rows, k, seed):
    return [(np.setdiff1d(rows, val), val) for _, val in folds(rows, k, seed)]


def by_mask(rows, k, seed):
    fold = np.random.default_rng(seed).permutation(np.arange(len(rows)) % k)
    return np.array([(rows[fold != i].tolist(), rows[fold == i].tolist()) for i in range(k)], dtype=object)


def by_floor(rows, k, seed):
    """Folds of n // k rows: those left over are in none."""
    size, rows = len(rows) // k, np.random.default_rng(seed).permutation(rows)
    cuts = [rows[i * size : (i + 1) * size] for i in range(k)]
    return [(np.setdiff1d(rows, val), val) for val in cuts]


def in_place(rows, k, seed):
    np.random.default_rng(seed).shuffle(rows)
    return by_array_split(rows, k, seed)


def pooled(errors):
    return np.sqrt(np.mean(np.concatenate(errors) ** 2))


def pooled_in_place(errors):
    for fold in errors:
        fold **= 2
    return np.mean(np.concatenate(errors)) ** 0.5


def pooled_by_loop(errors):
    total, n = 0, 0
    for fold in errors:
        for error in fold:
            total, n = total + error**2, n + 1
    return math.sqrt(total / n)


def corrected(scores, n_val, n_train):
    return np.sqrt(np.var(scores, ddof=1) * (1 / len(scores) + n_val / n_train))


def corrected_by_torch(scores, n_val, n_train):
    return scores.var(unbiased=True).mul(1 / scores.numel() + n_val / n_train).sqrt()


select = SelectKBest(f_regression, k=10)
pipeline = make_pipeline(select, LinearRegression())
shuffled = KFold(5, shuffle=True, random_state=0)


def honest(Z, target, cv=shuffled, model=pipeline):
    return root_mean_squared_error(target, cross_val_predict(model, Z, target, cv=cv))


def honest_by_loop(Z, target, cv=shuffled, error=root_mean_squared_error):
    truth, answers = [], []
    for fit_rows, val_rows in cv.split(Z):
        chosen = SelectKBest(f_regression, k=10).fit(Z[fit_rows], target[fit_rows])
        line = LinearRegression().fit(chosen.transform(Z[fit_rows]), target[fit_rows])
        answers.extend(line.predict(chosen.transform(Z[val_rows])))
        truth.extend(target[val_rows])
    return error(truth, answers)


def leaking(Z, target):
    best = select.fit_transform(Z, target)
    return root_mean_squared_error(target, cross_val_predict(LinearRegression(), best, target, cv=shuffled))


def on_training_rows(Z, target):
    return root_mean_squared_error(target, pipeline.fit(Z, target).predict(Z))


def averaged(Z, target, root=True, cv=shuffled):
    scores = cross_val_score(pipeline, Z, target, cv=cv, scoring="neg_mean_squared_error")
    return np.mean(np.sqrt(-scores)) if root else -scores.mean()


def scaled_in_place(Z, target):
    Z -= Z.mean(0)
    return honest(Z, target)


RIGHT = [
    (check_07_best_of_twenty, 0.56),
    (check_07_best_of_twenty, 0.6),
    (check_07_best_of_twenty, 0.5),
    (check_07_best_of_twenty, 0.62),
    (check_07_best_of_twenty, 1.87 * 0.3),
    (check_07_best_of_twenty, np.float32(0.55)),
    (check_07_best_of_twenty, torch.tensor(0.58, requires_grad=True)),
    (check_07_best_of_twenty, half([0.53])),
    (check_07_best_of_twenty, np.array([0.61])),
    (check_07_folds, folds),
    (check_07_folds, lambda rows, k, seed: iter(folds(rows, k, seed))),
    (check_07_folds, by_array_split),
    (check_07_folds, by_chunks_of_tensors),
    (check_07_folds, by_stride),
    (check_07_folds, by_set),
    (check_07_folds, by_mask),
    (check_07_folds, lambda rows, k, seed: [tuple(map(set, pair)) for pair in folds(rows, k, seed)]),
    (check_07_folds, lambda rows, k, seed: tuple([list(a), set(b) and list(b)] for a, b in folds(rows, k, seed))),
    (check_07_folds, lambda rows, k, seed: [(pd.Series(a), pd.Index(b)) for a, b in folds(rows, k, seed)]),
    (check_07_folds, lambda rows, k, seed: folds(np.sort(rows), k, seed)),
    (check_07_pooled, pooled),
    (check_07_pooled, pooled_by_loop),
    (check_07_pooled, lambda errors: np.linalg.norm(np.hstack(errors)) / len(np.hstack(errors)) ** 0.5),
    (check_07_pooled, lambda errors: torch.cat(errors).square().mean().sqrt()),
    (check_07_pooled, lambda errors: torch.cat(list(errors)).to(torch.half).pow(2).mean() ** 0.5),
    (check_07_pooled, lambda errors: root_mean_squared_error(e := np.concatenate(errors), 0 * e)),
    (check_07_pooled, lambda errors: np.average([np.mean(e**2) for e in errors], weights=[*map(len, errors)]) ** 0.5),
    (check_07_pooled, lambda errors: statistics.fmean(e * e for e in chain(*errors)) ** 0.5),
    (check_07_pooled, lambda errors: (pd.concat(map(pd.Series, errors)) ** 2).mean() ** 0.5),
    (check_07_pooled, lambda errors: (sum((e**2).sum() for e in errors) / sum(e.size for e in errors)) ** 0.5),
    (check_07_standard_error, corrected),
    (check_07_standard_error, corrected_by_torch),
    (check_07_standard_error, lambda s, v, t: s.std(ddof=1) * math.sqrt(1 / len(s) + v / t)),
    (check_07_standard_error, lambda s, v, t: torch.tensor(corrected(s, v, t), requires_grad=True)),
    (check_07_standard_error, lambda s, v, t: statistics.stdev(s.tolist()) * (1 / len(s) + v / t) ** 0.5),
    (check_07_standard_error, lambda s, v, t: pd.Series(s).std() * (1 / s.size + v / t) ** 0.5),
    (check_07_standard_error, lambda s, v, t: pd.Series(s).sem() * (1 + len(s) * v / t) ** 0.5),
    (check_07_standard_error, lambda s, v, t: (np.cov(s) * (1 / len(s) + v / t)) ** 0.5),
    (check_07_standard_error, lambda s, v, t: torch.as_tensor(s).std() * (1 / len(s) + v / t) ** 0.5),
    (check_07_standard_error, lambda scores, n_val, n_train: [corrected(scores, n_val, n_train)][0].astype("f4")),
    (check_07_twice, 0.45),
    (check_07_twice, 0.2**0.5),
    (check_07_twice, 0.5 - 0.05),
    (check_07_twice, 0.33),
    (check_07_twice, 0.47),
    (check_07_twice, torch.tensor([0.4], dtype=torch.float64)),
    (check_07_twice, half(0.447)),
    (check_07_twice, np.sqrt(np.float32(0.2))),
    (check_07_twice, np.array(0.36)),
    (check_07_cross_validation, honest),
    (check_07_cross_validation, honest_by_loop),
    (check_07_cross_validation, partial(honest, cv=KFold(5, shuffle=True))),
    (check_07_cross_validation, partial(honest, cv=KFold(10, shuffle=True, random_state=1))),
    (check_07_cross_validation, partial(honest_by_loop, cv=RepeatedKFold(n_splits=5, n_repeats=2, random_state=0))),
    (check_07_cross_validation, lambda Z, target: averaged(Z, target, root=False) ** 0.5),
    (check_07_cross_validation, lambda Z, target: torch.tensor(honest(Z, target)).float()),
    (check_07_cross_validation, lambda Z, target: honest(pd.DataFrame(Z), pd.Series(target))),
    (check_07_cross_validation, lambda Z, target: np.array([honest(Z.astype("f4"), target.astype("f4"))])),
    (check_07_cross_validation, lambda Z, target: np.sqrt(np.mean((target - cross_val_predict(pipeline, Z, target, cv=shuffled)) ** 2))),
]  # fmt: skip
WRONG = [
    (check_07_best_of_twenty, 0, "the lowest"),
    (check_07_best_of_twenty, 0.067, "no mean"),
    (check_07_best_of_twenty, 0.3, "luckier"),
    (check_07_best_of_twenty, 3.94, "its distance"),
    (check_07_best_of_twenty, -0.56, "Right in size"),
    (check_07_best_of_twenty, -0.1, "lie above 4.5"),
    (check_07_best_of_twenty, 560, "in dollars"),
    (check_07_best_of_twenty, 5.06, "the best score itself"),
    (check_07_best_of_twenty, 1.87, "how many thousand dollars"),
    (check_07_best_of_twenty, 0.9, "Too large"),
    (check_07_best_of_twenty, np.float64(0.65), "Too large"),
    (check_07_best_of_twenty, torch.tensor(0.48), "Too small"),
    (check_07_best_of_twenty, 0.015, "Too small"),
    (check_07_best_of_twenty, np.random.default_rng(0).normal(4.5, 0.3, size=20), "must be a number"),
    (
        check_07_folds,
        lambda rows, k, seed: list(KFold(k, shuffle=True, random_state=seed).split(rows)),
        "positions",
    ),
    (check_07_folds, lambda rows, k, seed: folds(rows, k, seed)[0], "five pairs"),
    (check_07_folds, lambda rows, k, seed: folds(rows, k - 1, seed), "five pairs"),
    (check_07_folds, lambda rows, k, seed: [(a, b, a) for a, b in folds(rows, k, seed)], "should be a pair"),
    (check_07_folds, lambda rows, k, seed: [(b, a) for a, b in folds(rows, k, seed)], "other way round"),
    (check_07_folds, lambda rows, k, seed: folds(rows, k, seed, shuffle=False), "one stretch"),
    (check_07_folds, lambda rows, k, seed: [folds(rows, k, s)[0] for s in range(k)], "from one shuffle"),
    (check_07_folds, lambda rows, k, seed: [train_test_split(rows, test_size=1 / k, random_state=seed)] * k, "from one shuffle"),
    (
        check_07_folds,
        lambda rows, k, seed: [(rows, b) for a, b in folds(rows, k, seed)],
        "one of the two sides",
    ),
    (check_07_folds, lambda rows, k, seed: [(np.isin(rows, a), np.isin(rows, b)) for a, b in folds(rows, k, seed)], "masks"),
    (check_07_folds, lambda rows, k, seed: [(np.split(a, 4), b) for a, b in folds(rows, k, seed)], "one array"),
    (check_07_folds, lambda rows, k, seed: folds(rows, k, 0), "Hand the seed on"),
    (check_07_folds, lambda rows, k, seed: folds(rows, k, None), "repeat your result"),
    (check_07_folds, lambda rows, k, seed: folds(rows, 5, seed), "For k = 3"),
    (check_07_folds, by_floor, "held out once"),
    (check_07_folds, lambda rows, k, seed: dict(enumerate(folds(rows, k, seed))), "neither a list nor a pair"),
    (check_07_folds, lambda rows, k, seed: [dict(zip("ab", pair)) for pair in folds(rows, k, seed)], "neither a list nor a pair"),
    (check_07_folds, in_place, "Work on a copy"),
    (check_07_folds, lambda rows, k, seed: None, "could not be used"),
    (check_07_pooled, lambda errors: np.mean([np.sqrt(np.mean(e**2)) for e in errors]), "folds' roots"),
    (check_07_pooled, lambda errors: np.sqrt(np.mean([np.mean(e**2) for e in errors])), "differ in size"),
    (check_07_pooled, lambda errors: np.average([np.mean(e**2) ** 0.5 for e in errors], weights=[*map(len, errors)]), "and once"),
    (check_07_pooled, lambda errors: pooled(errors) ** 2, "still to be taken"),
    (check_07_pooled, lambda errors: np.mean(np.abs(np.concatenate(errors))), "absolute"),
    (check_07_pooled, lambda errors: np.linalg.norm(np.concatenate(errors)), "root of the sum"),
    (check_07_pooled, lambda errors: np.linalg.norm(np.concatenate(errors)) / len(errors) ** 0.5, "number of folds"),
    (check_07_pooled, lambda errors: np.linalg.norm(np.concatenate(errors)) / 7, "Divide first"),
    (check_07_pooled, lambda errors: np.mean(np.concatenate(errors)), "cancel"),
    (check_07_pooled, lambda errors: np.concatenate(errors).std(), "takes the mean off"),
    (check_07_pooled, lambda errors: torch.cat(errors).std(), "takes the mean off"),
    (check_07_pooled, lambda errors: 7.0, "by hand"),
    (check_07_pooled, lambda errors: np.sqrt(np.mean(errors[0] ** 2)), "first fold alone"),
    (check_07_pooled, lambda errors: -pooled(errors), "above 0"),
    (check_07_pooled, lambda errors: 2.803, "Right for folds of 4, 2 and 1"),
    (check_07_pooled, lambda errors: np.sqrt((np.concatenate(errors) ** 2).sum() / 7), "Right for folds of 4, 2 and 1"),
    (check_07_pooled, pooled_in_place, "Work on a copy"),
    (check_07_pooled, lambda errors: np.concatenate(errors) ** 2, "must be a number"),
    (check_07_standard_error, lambda s, v, t: s.std(ddof=1) / len(s) ** 0.5, "for independent"),
    (check_07_standard_error, lambda s, v, t: s.std() * (1 / len(s) + v / t) ** 0.5, "ddof=1"),
    (check_07_standard_error, lambda s, v, t: s.std(ddof=1), "standard deviation"),
    (check_07_standard_error, lambda s, v, t: corrected(s, v, t) ** 2, "a variance"),
    (check_07_standard_error, lambda s, v, t: s.std(ddof=1) * (1 / len(s) + v / t), "Of it, too"),
    (check_07_standard_error, lambda s, v, t: s.var(ddof=1) * (1 / len(s) + v / t) ** 0.5, "not of the variance"),
    (check_07_standard_error, lambda s, v, t: corrected(s, t, v), "upside down"),
    (check_07_standard_error, lambda s, v, t: s.std(ddof=1) * (v / t) ** 0.5, "two parts"),
    (check_07_standard_error, lambda s, v, t: corrected(s, v, v + t), "set against all"),
    (check_07_standard_error, lambda s, v, t: corrected(s, v, t) / len(s) ** 0.5, "twice"),
    (check_07_standard_error, lambda s, v, t: corrected(s, 2, 5), "With 10 and 90"),
    (check_07_standard_error, lambda s, v, t: s.std(ddof=1) * (1 / 6 + v / t) ** 0.5, "not for fifteen"),
    (check_07_standard_error, lambda s, v, t: 9.0, "by hand"),
    (check_07_standard_error, lambda s, v, t: (s.var(ddof=1) / len(s) + v / t) ** 0.5, "also the fraction"),
    (check_07_standard_error, lambda s, v, t: (s.mean(), corrected(s, v, t)), "must be a number"),
    (check_07_twice, 1, "Where is a row's twin"),
    (check_07_twice, 0, "into the same fold"),
    (check_07_twice, 0.2, "squared errors"),
    (check_07_twice, np.float32(0.2), "squared errors"),
    (check_07_twice, 0.04, "leads a root"),
    (check_07_twice, torch.tensor(0.8), "the twin answers"),
    (check_07_twice, 0.8**0.5, "The root is right"),
    (check_07_twice, 0.7, "Too high"),
    (check_07_twice, 0.5, "Too high"),
    (check_07_twice, 0.31, "Too low"),
    (check_07_twice, 0.1, "Too low"),
    (check_07_twice, 2, "between the two"),
    (check_07_twice, -0.4, "between the two"),
    (check_07_twice, 45, "in percent"),
    (check_07_cross_validation, leaking, "What learns here?"),
    (check_07_cross_validation, on_training_rows, "What learns here?"),
    (check_07_cross_validation, lambda Z, target: honest(Z, target, cv=KFold(5)), "order of the rows"),
    (check_07_cross_validation, partial(honest_by_loop, cv=KFold(5)), "order of the rows"),
    (check_07_cross_validation, averaged, "pool"),
    (check_07_cross_validation, partial(averaged, cv=KFold(10, shuffle=True)), "pool"),
    (check_07_cross_validation, partial(averaged, cv=ShuffleSplit(10, test_size=0.2, random_state=0)), "pool"),
    (check_07_cross_validation, lambda Z, target: averaged(Z, target, root=False), "squared units"),
    (check_07_cross_validation, partial(honest_by_loop, error=mean_absolute_error), "hardly shows"),
    (check_07_cross_validation, lambda Z, target: cross_val_score(pipeline, Z, target, cv=shuffled).mean(), "R²"),
    (check_07_cross_validation, lambda Z, target: 12.0, "for every table"),
    (check_07_cross_validation, lambda Z, target: np.std(target), "It finds nothing"),
    (check_07_cross_validation, lambda Z, target: target.std(ddof=1), "It finds nothing"),
    (check_07_cross_validation, partial(honest, model=DummyRegressor()), "It finds nothing"),
    (check_07_cross_validation, partial(honest, model=LinearRegression()), "ten columns"),
    (check_07_cross_validation, lambda Z, target: -honest(Z, target), "turned round"),
    (check_07_cross_validation, scaled_in_place, "Work on a copy"),
    (check_07_cross_validation, lambda Z, target: cross_val_predict(pipeline, Z, target, cv=shuffled), "must be a number"),
]  # fmt: skip
