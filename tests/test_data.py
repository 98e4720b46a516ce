"""The data: what is loaded, and that scaling never looks at a test row."""

import hashlib

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_diabetes as sklearn_diabetes
from sklearn.model_selection import KFold, train_test_split
from sklearn.preprocessing import MinMaxScaler

from helpers import data


@pytest.fixture
def boston():
    return data.load_boston()


def test_boston_is_the_published_table(boston):
    assert boston.shape == (506, 14)
    assert list(boston.columns[-2:]) == ["LSTAT", "MEDV"]
    # Facts stated by the data's card, none of them computed by the loader.
    assert (boston.MEDV == 50).sum() == 16
    assert boston.CHAS.isin([0, 1]).all() and boston.CHAS.sum() == 35
    assert boston.MEDV.mean() == pytest.approx(22.5328, abs=1e-4)
    assert set(boston.dtypes.astype(str)) == {"float64"}


def test_boston_is_still_the_table_that_the_book_began_with(boston):
    """What the loader expects could be changed together with the file; this can't be without a look here."""
    text = (data.files("helpers") / "boston.csv").read_text(encoding="ascii")
    digest = "79ac716620024011b03c0c44d2bf99069b8173649181926d9109c25475a3804c"
    assert hashlib.sha256(text.encode()).hexdigest() == digest == data.BOSTON_SHA256
    # As StatLib's copy of the table has them.
    sums = {"CRIM": 1828.4429, "ZN": 5750, "INDUS": 5635.21, "CHAS": 35, "NOX": 280.6757, "RM": 3180.025,
            "AGE": 34698.9, "DIS": 1920.2916, "RAD": 4832, "TAX": 206568, "PTRATIO": 9338.5, "B": 180477.06,
            "LSTAT": 6402.45, "MEDV": 11401.6}  # fmt: skip
    assert boston.sum().round(4).to_dict() == sums


def test_corrupt_boston_is_refused(monkeypatch, tmp_path):
    good = (data.files("helpers") / "boston.csv").read_bytes()
    monkeypatch.setattr(data, "files", lambda package: tmp_path)
    (tmp_path / "boston.csv").write_bytes(good.replace(b"296", b"297", 1))
    with pytest.raises(ValueError, match="git checkout helpers/boston.csv"):
        data.load_boston()


def test_missing_boston_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(data, "files", lambda package: tmp_path)
    with pytest.raises(FileNotFoundError, match="pip install"):
        data.load_boston()


def test_windows_line_ends_are_no_corruption(monkeypatch, tmp_path, boston):
    good = (data.files("helpers") / "boston.csv").read_text(encoding="ascii")
    monkeypatch.setattr(data, "files", lambda package: tmp_path)
    (tmp_path / "boston.csv").write_bytes(good.replace("\n", "\r\n").encode())
    pd.testing.assert_frame_equal(data.load_boston(), boston)


def test_diabetes_is_scikit_learns_with_the_target_last():
    frame = data.load_diabetes()
    X, y = sklearn_diabetes(return_X_y=True, scaled=False)
    assert frame.columns[-1] == "PROGRESSION"
    np.testing.assert_allclose(frame.to_numpy(), np.column_stack([X, y]))


def test_split_and_scale_agrees_with_scikit_learn(boston):
    split = data.split_and_scale(boston, test_size=0.5, seed=3)
    assert [len(part) for part in (split.X_train, split.y_train, split.X_test, split.y_test)] == [253] * 4
    assert split.X_train.dtype == split.y_test.dtype == torch.float32
    assert split.X_train.shape[1] == 13 and split.y_train.shape[1] == 1
    # Undo our scaling: the rows must be the rows of the table, each once.
    prices = torch.cat([split.to_target_units(split.y_train), split.to_target_units(split.y_test)])
    np.testing.assert_allclose(np.sort(prices.numpy().ravel()), np.sort(boston.MEDV), rtol=1e-5)
    torch.testing.assert_close(split.X_train.min(0).values, torch.zeros(13))
    torch.testing.assert_close(split.X_train.max(0).values, torch.ones(13))


def test_split_is_scikit_learns_of_the_same_seed(boston):
    train, test = train_test_split(boston, test_size=0.3, random_state=4)
    split = data.split_and_scale(boston, test_size=0.3, seed=4)
    np.testing.assert_allclose(split.to_target_units(split.y_train).ravel(), train.MEDV, rtol=1e-5)
    np.testing.assert_allclose(split.to_target_units(split.y_test).ravel(), test.MEDV, rtol=1e-5)


def test_the_scaler_never_sees_a_test_row(boston):
    rows = np.arange(506)
    splits = [(rows[:300], rows[300:])]
    X, y, _ = data.scale_splits(boston, splits)
    spoiled = boston.copy()
    spoiled.iloc[300:] *= 1000  # were a test row looked at, the scale of the others would change
    X_spoiled, y_spoiled, _ = data.scale_splits(spoiled, splits)
    assert torch.equal(X[0, :300], X_spoiled[0, :300])
    assert torch.equal(y[0, :300], y_spoiled[0, :300])


def test_scale_splits_scales_each_by_its_own_training_rows(boston):
    splits = list(KFold(3, shuffle=True, random_state=0).split(boston))
    X, y, target_range = data.scale_splits(boston, splits)
    assert X.shape == (3, 506, 13) and y.shape == (3, 506, 1) and target_range.shape == (3,)
    for i, (train, _) in enumerate(splits):
        expected = MinMaxScaler().fit(boston.iloc[train]).transform(boston)
        np.testing.assert_allclose(X[i], expected[:, :-1], atol=1e-6)
        np.testing.assert_allclose(y[i], expected[:, -1:], atol=1e-6)
        assert target_range[i] == pytest.approx(np.ptp(boston.MEDV.iloc[train]))


def test_a_feature_that_the_training_rows_share_is_zero_everywhere(boston):
    boston["ZN"] = 0.0
    boston.loc[400:, "TAX"] = 5000.0
    rows = np.arange(506)
    X, _, _ = data.scale_splits(boston, [(rows[:400], rows[400:]), (rows[400:], rows[:400])])
    assert X.isfinite().all() and not X[:, :, 1].any()
    tax = boston.columns.get_loc("TAX")
    assert X[0, 400:, tax].min() > 1 and not X[1, :, tax].any()  # not thousands of raw dollars


def test_training_rows_of_one_target_are_refused(boston):
    rows = np.flatnonzero(boston.MEDV == 50)
    with pytest.raises(
        ValueError, match=r"16 training rows of splits\[1\] have one and the same target, 50,"
    ):
        data.scale_splits(boston, [([0, 1], [2]), (rows, [0])])
    with pytest.raises(ValueError, match="1 training rows with test_size=505 and seed=0 have one"):
        data.split_and_scale(boston, test_size=505)


@pytest.mark.parametrize("hole", [np.nan, np.inf])
def test_missing_values_are_refused_by_name(boston, hole):
    boston.loc[7, "RM"] = hole
    with pytest.raises(ValueError, match=r"\['RM'\].*dropna"):
        data.split_and_scale(boston)


def test_words_are_refused_by_name(boston):
    boston["TOWN"] = "Nahant"
    with pytest.raises(TypeError, match="TOWN"):
        data.split_and_scale(boston)


@pytest.mark.parametrize("wrong", [[[1.0, 2.0]], torch.ones(3, 2)])
def test_no_frame_is_refused(wrong):
    with pytest.raises(TypeError, match="frame must be a DataFrame"):
        data.split_and_scale(wrong)


def test_frame_without_features_is_refused(boston):
    with pytest.raises(ValueError, match="at least one feature"):
        data.split_and_scale(boston[["MEDV"]])


@pytest.mark.parametrize("test_size", [0.0, 1.0, 506, -1])
def test_empty_side_of_a_split_is_refused(boston, test_size):
    with pytest.raises(ValueError, match="test_size"):
        data.split_and_scale(boston, test_size=test_size)


def test_empty_splits_are_refused(boston):
    with pytest.raises(ValueError, match="splits is empty"):
        data.scale_splits(boston, [])
    with pytest.raises(ValueError, match=r"splits\[0\] has no training rows"):
        data.scale_splits(boston, [([], [1, 2])])
