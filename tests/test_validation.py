"""Scores and their uncertainty, compared with independent truth."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats
from sklearn.linear_model import LinearRegression
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import GroupKFold, KFold, RepeatedKFold, StratifiedGroupKFold, StratifiedKFold
from sklearn.model_selection import cross_validate as sklearns
from torch import nn

from helpers.models import MLP
from helpers.training import rmse
from helpers.validation import cross_validate, hold_out, mean_se, summary

DRAWS = np.random.default_rng(0)
X = torch.tensor(DRAWS.random((45, 3)), dtype=torch.float32)
Y = X.sum(1, keepdim=True) + 0.1 * torch.tensor(DRAWS.standard_normal((45, 1)), dtype=torch.float32)
CV = KFold(4, shuffle=True, random_state=0)  # folds of 11 and 12 rows
OPTIONS = {
    "epochs": 4, "batch_size": 8, "loss": nn.MSELoss(), "optimizer": partial(torch.optim.Adam, lr=1e-2),
}  # fmt: skip
SMALL = partial(MLP, 3, (6,), 1)


def test_folds_are_scikit_learns():
    """A linear network trained to convergence scores as least squares does on the same folds."""
    options = OPTIONS | {
        "epochs": 400, "batch_size": 99, "optimizer": partial(torch.optim.SGD, lr=0.3, momentum=0.9),
    }  # fmt: skip
    folds = cross_validate(partial(MLP, 3, (), 1), X, Y, CV, **options)
    exact = sklearns(
        LinearRegression(), X.numpy(), Y.numpy(), cv=CV, scoring="neg_root_mean_squared_error", return_train_score=True,
    )  # fmt: skip
    np.testing.assert_allclose(folds["test"], -exact["test_score"], rtol=2e-3)
    np.testing.assert_allclose(folds["train"], -exact["train_score"], rtol=2e-3)
    assert folds["n_test"].tolist() == [12, 11, 11, 11] and folds["n_train"].tolist() == [33, 34, 34, 34]
    assert folds.index.tolist() == [0, 1, 2, 3]


def test_a_list_of_splits_and_scaling_inside_the_fold():
    splits = list(CV.split(X))
    by_splitter, by_list = (cross_validate(SMALL, X, Y, cv, **OPTIONS) for cv in (CV, splits))
    assert by_splitter.equals(by_list)
    own_X, own_Y = X.expand(4, *X.shape), Y.expand(4, *Y.shape)
    assert np.allclose(by_list, cross_validate(SMALL, own_X, own_Y, CV, **OPTIONS), rtol=1e-4)


def test_each_fold_has_a_seed_of_its_own():
    folds = cross_validate(SMALL, X, Y, CV, **OPTIONS)
    assert folds["seed"].tolist() == [0, 1, 2, 3]
    same = cross_validate(SMALL, X, Y, CV, seeds=[0, 1, 2, 3], **OPTIONS)
    other = cross_validate(SMALL, X, Y, CV, seeds=[7, 1, 2, 3], **OPTIONS)
    assert folds.equals(same)
    assert folds["test"][0] != other["test"][0] and folds["test"][1] == pytest.approx(
        other["test"][1], rel=1e-4
    )


def test_repeated_folds():
    cv = RepeatedKFold(n_splits=3, n_repeats=5, random_state=0)
    folds = cross_validate(SMALL, X, Y, cv, **OPTIONS)
    assert len(folds) == 15 and folds["test"].nunique() == 15


def test_class_numbers_balance_stratified_folds():
    labels = (torch.arange(45) < 12).long()
    rate = lambda logits, target: target.float().mean()  # noqa: E731
    folds = cross_validate(
        partial(MLP, 3, (6,), 2), X, labels, StratifiedKFold(3), metric=rate,
        **OPTIONS | {"loss": nn.CrossEntropyLoss()},
    )  # fmt: skip
    assert folds["test"].tolist() == pytest.approx([4 / 15] * 3)


@pytest.mark.parametrize("cv", [None, True, "KFold", [1, 2], [], torch.arange(4)])
def test_what_is_no_splitter_is_refused(cv):
    with pytest.raises(TypeError, match="cv must be a scikit-learn splitter"):
        cross_validate(SMALL, X, Y, cv, **OPTIONS)


def test_a_number_of_folds_is_scikit_learns():
    """Folds in the order of the rows, or with the same share of each class."""
    labels = (torch.arange(45) < 12).long()
    assert cross_validate(SMALL, X, Y, 3, **OPTIONS).equals(cross_validate(SMALL, X, Y, KFold(3), **OPTIONS))
    options = {"metric": share_of_ones} | OPTIONS | {"loss": nn.CrossEntropyLoss()}
    by_class = cross_validate(partial(MLP, 3, (6,), 2), X, labels, 3, **options)
    assert by_class["test"].tolist() == pytest.approx([4 / 15] * 3)
    by_label = cross_validate(SMALL, X, Y, 3, stratify=labels, metric=rmse, **OPTIONS)
    expected = cross_validate(SMALL, X, Y, list(StratifiedKFold(3).split(X, labels)), **OPTIONS)
    assert by_label.equals(expected)


def share_of_ones(logits, target):
    return target.float().mean()


@pytest.mark.parametrize("kind", [np.asarray, list, pd.Series, torch.as_tensor])
def test_groups_and_labels_reach_the_splitter(kind):
    groups, labels = np.arange(45) // 5, np.arange(45) % 3
    for cv, options in (
        (GroupKFold(3), {"groups": groups}),
        (StratifiedKFold(3), {"stratify": labels}),
        (StratifiedGroupKFold(3), {"groups": groups, "stratify": labels}),
    ):
        splits = list(cv.split(X, options.get("stratify"), options.get("groups")))
        given = {name: kind(values) for name, values in options.items()}
        found = cross_validate(SMALL, X, Y, cv, **given, **OPTIONS)
        assert found.equals(cross_validate(SMALL, X, Y, splits, **OPTIONS))


def test_hold_out_divides_the_training_rows_alone():
    pairs = list(CV.split(X))
    triples = hold_out(pairs, 0.25)
    for (train, test), (kept, aside, same) in zip(pairs, triples):
        assert sorted([*kept, *aside]) == sorted(train) and list(same) == list(test)
        assert len(aside) == np.ceil(0.25 * len(train)) and not set(kept) & set(aside)
    assert [len(aside) for _, aside, _ in hold_out(pairs, 7)] == [7] * 4
    again, other = hold_out(iter(pairs), 0.25), hold_out(pairs, 0.25, seed=1)
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(triples, again))
    assert not any(np.array_equal(a[1], b[1]) for a, b in zip(triples, other))
    same_rows = hold_out([pairs[0]] * 2, 0.25)
    assert not np.array_equal(same_rows[0][1], same_rows[1][1]), "one split, and each model its own draw"


@pytest.mark.parametrize("kind", [np.asarray, list, torch.as_tensor])
def test_hold_out_keeps_groups_together(kind):
    groups = np.arange(45) // 3
    pairs = list(GroupKFold(3).split(X, groups=groups))
    for kept, aside, test in hold_out(pairs, 0.3, groups=kind(groups)):
        parts = [set(groups[rows]) for rows in (kept, aside, test)]
        assert sum(map(len, parts)) == len(set.union(*parts)) == 15 and len(parts[1]) == 3


def test_validation_rows_stop_each_fold():
    options = OPTIONS | {"epochs": 60, "optimizer": partial(torch.optim.Adam, lr=0.1), "patience": 2}
    folds = cross_validate(SMALL, X, Y, CV, validation=0.25, **options)
    assert folds["n_validation"].tolist() == [9] * 4 and folds["n_train"].tolist() == [24, 25, 25, 25]
    assert (folds["best_epoch"] > 0).all() and (folds["best_epoch"] < 58).any()
    by_hand = cross_validate(SMALL, X, Y, hold_out(CV.split(X), 0.25), **options)
    assert folds.equals(by_hand)
    grouped = cross_validate(SMALL, X, Y, GroupKFold(3), groups=np.arange(45) // 3, validation=0.3, **options)
    assert grouped["n_validation"].tolist() == [9] * 3


def test_the_metric_gets_predictions_first():
    signed = cross_validate(SMALL, X, Y, CV, metric=lambda p, t: (p - t).mean(), **OPTIONS | {"epochs": 0})
    rows = next(CV.split(X))[1]
    torch.manual_seed(0)
    expected = (SMALL()(X[rows]) - Y[rows]).mean().item()
    assert signed["test"][0] == pytest.approx(expected, rel=1e-4)
    default = cross_validate(SMALL, X, Y, CV, **OPTIONS | {"epochs": 0})
    torch.manual_seed(0)
    assert default["test"][0] == pytest.approx(
        root_mean_squared_error(Y[rows].numpy(), SMALL()(X[rows]).detach().numpy()), rel=1e-4
    )


def test_mean_se_is_scipys():
    values = DRAWS.random(30)
    assert mean_se(values, 6) == f"{np.mean(values):.6f} ± {stats.sem(values):.6f}"
    assert mean_se(torch.tensor([1.0, 2.0, 6.0])) == "3.0000 ± 1.5275"
    assert mean_se([1, 2, 6], digits=1) == "3.0 ± 1.5"


def test_the_standard_error_is_what_it_claims_to_be():
    """The mean of n draws is off by one standard error, in the root mean square."""
    off = []
    for _ in range(400):
        mean, error = map(float, mean_se(DRAWS.standard_normal(20), 6).split(" ± "))
        off.append(mean / error)
    # A t distribution of 19 degrees of freedom has variance 19/17.
    assert np.mean(np.square(off)) == pytest.approx(19 / 17, rel=0.25)


def test_a_paired_difference_sees_what_the_scores_hide():
    luck = DRAWS.standard_normal(50)
    table = summary({"a": luck, "b": luck + 0.1 + 0.01 * DRAWS.standard_normal(50)}, baseline="a", digits=3)
    assert table.index.tolist() == ["a", "b"] and table["n"].tolist() == [50, 50]
    mean, error = map(float, table.loc["b", "difference from a"].split(" ± "))
    assert mean == pytest.approx(0.1, abs=0.01) and error < 0.003
    assert float(table.loc["b", "mean ± SE"].split(" ± ")[1]) > 0.1
    assert table.loc["a", "difference from a"] == ""
    assert table.loc["a", "mean ± SE"] == mean_se(luck, 3)


def test_without_a_baseline_groups_may_differ_in_size():
    table = summary({"a": [1.0, 2.0], "b": [1.0, 2.0, 3.0]})
    assert table.columns.tolist() == ["mean ± SE", "n"] and table["n"].tolist() == [2, 3]


@pytest.mark.parametrize(
    "scores, baseline, words",
    [
        ({"a": [1.0]}, None, r"scores\['a'\] has shape \(1,\)"),
        ({"a": np.ones((5, 2))}, None, "one dimension"),
        ({"a": [1.0, np.nan]}, None, "NaN or infinite"),
        ({"a": [1.0, np.inf]}, None, "NaN or infinite"),
        ({"a": [1.0, 2.0]}, "b", "'b' is none of the groups"),
        ({"a": [1.0, 2.0], "b": [1.0, 2.0, 3.0]}, "a", "one of each for every split"),
    ],
)
def test_bad_scores_are_refused(scores, baseline, words):
    with pytest.raises(ValueError, match=words):
        summary(scores, baseline=baseline)


def test_a_metric_that_fails_does_so_before_training():
    looks = []
    options = OPTIONS | {"on_epoch": lambda epoch, ensemble: looks.append(epoch)}
    with pytest.raises(
        ValueError, match="metric doesn't work on predictions .12, 1. and targets .12, 1.: no"
    ):
        cross_validate(SMALL, X, Y, CV, metric=refusing, **options)
    assert looks == []
    cross_validate(SMALL, X, Y, CV, **options)
    assert looks == [1, 2, 3, 4]


def refusing(prediction, target):
    raise RuntimeError("no")
