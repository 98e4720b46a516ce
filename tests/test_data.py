"""The data: what is loaded, and that scaling never looks at a test row."""

import hashlib

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_diabetes as sklearn_diabetes
from sklearn.model_selection import GroupShuffleSplit, KFold, train_test_split
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


# Rows, features, target and its mean, as published; and how many groups there are, where the source says it.
PUBLISHED = {
    "boston": (506, 13, "MEDV", 22.53, None),
    "diabetes": (442, 10, "PROGRESSION", 152.13, 442),
    "auto_mpg": (392, 8, "mpg", 23.45, None),
    "concrete": (1030, 8, "strength", 35.82, None),
    "energy": (768, 8, "heating_load", 22.31, 12),
    "airfoil": (1503, 5, "pressure_level", 124.84, None),
    "wine": (1599, 11, "quality", 5.64, None),
    "yacht": (308, 6, "resistance", 10.50, 22),
    "power_plant": (9568, 4, "power", 454.37, None),
}
FILES = [name for name in PUBLISHED if name != "diabetes"]


@pytest.mark.parametrize("name", PUBLISHED)
def test_each_table_is_the_published_one(name):
    rows, features, target, mean, _ = PUBLISHED[name]
    frame, about = data.load_table(name), data.TABLES[name]
    assert frame.shape == (rows, features + 1) == (about.rows, about.features + 1)
    assert frame.columns[-1] == target == about.target and about.name == name
    assert frame.iloc[:, -1].mean() == pytest.approx(mean, abs=0.005)
    assert set(frame.dtypes.astype(str)) == {"float64"} and np.isfinite(frame.to_numpy()).all()
    assert list(frame.index) == list(range(rows)) and frame.columns.is_unique
    assert frame.nunique().min() > 1


def test_there_are_nine_tables():
    assert list(data.TABLES) == list(PUBLISHED)
    folder = data.files("helpers") / "tables"
    assert sorted(path.stem for path in folder.iterdir()) == sorted(set(FILES) - {"boston"})
    pd.testing.assert_frame_equal(data.load_table("boston"), data.load_boston())
    pd.testing.assert_frame_equal(data.load_table("diabetes"), data.load_diabetes())


def test_the_files_are_still_those_that_came():
    """As for Boston: what the loader expects can't be changed together with the file without a look here."""
    sums = {
        "auto_mpg": "12b56e6f8c80d487cff67cec498e4b7c12a37eb395a1f7601568139d65d4fc01",
        "concrete": "daba1955a29f10d91588070c86cb54e449ce74afcf5a631cfc108047a5f20e0e",
        "energy": "b470aa7a74e992e9dc1bf646db0d36c33aa7378c8afc60780a4d9844af3bacd6",
        "airfoil": "5567a7171bce94e658f2c7412ec38002b435d5bd19c1e1657787986c70529baf",
        "wine": "76bb397799995e9bdf3eafaefc25fbf74b0fbc3d278059eacd0daf6d440555f8",
        "yacht": "717eca4f69ad82e907041402230e7065227e9e52feb2c8b40a137e339102c3a0",
        "power_plant": "874d05da8305e44a31a08ead48e1a41fe233cab359236722ec53923d0b1af792",
    }
    for name, digest in sums.items():
        text = data.raw_file(name).read_text(encoding="ascii")
        assert hashlib.sha256(text.encode()).hexdigest() == digest == data.TABLES[name].sha256


def test_the_cars_are_those_of_the_file():
    raw = pd.read_csv(data.raw_file("auto_mpg"))
    assert raw.shape == (398, 9) and raw["mpg"].mean() == pytest.approx(23.51, abs=0.005)
    assert (raw["horsepower"] == "?").sum() == 6
    kept, cars = raw[raw["horsepower"] != "?"], data.load_table("auto_mpg")
    same = ["cylinders", "displacement", "horsepower", "weight", "acceleration", "model_year", "mpg"]
    assert list(cars) == [*same[:-1], "europe", "japan", "mpg"]
    np.testing.assert_array_equal(cars[same], kept[same].astype(float))
    np.testing.assert_array_equal(1 + cars["europe"] + 2 * cars["japan"], kept["origin"])


@pytest.mark.parametrize("name", PUBLISHED)
def test_groups_are_what_group_splitters_take(name):
    groups, count = data.load_groups(name), PUBLISHED[name][-1]
    assert groups.shape == (PUBLISHED[name][0],) and groups.dtype.kind == "i"
    first = np.sort(np.unique(groups, return_index=True)[1])
    # From 0 up, none left out, in the order of the rows.
    assert list(groups[first]) == list(range(len(first)))
    assert count in (None, len(first))
    train, test = next(GroupShuffleSplit(test_size=0.5, random_state=0).split(groups, groups=groups))
    assert not set(groups[train]) & set(groups[test])


@pytest.mark.parametrize("name", PUBLISHED)
def test_rows_that_agree_are_in_one_group_and_others_are_not(name):
    frame, groups, by = data.load_table(name), data.load_groups(name), list(data.TABLES[name].by)
    if name == "auto_mpg":
        raw = pd.read_csv(data.raw_file(name))
        raw = raw[raw["horsepower"] != "?"]
        frame, by = raw["car_name"].str.split().str[0].replace(data.SPELLINGS).to_frame(), ["car_name"]
    frame = frame[by or frame.columns[:-1]]
    keys = list(map(tuple, frame.to_numpy()))
    assert len(set(zip(keys, groups))) == len(set(keys)) == len(set(groups))


def test_makes_go_by_one_name_each():
    cars = pd.read_csv(data.raw_file("auto_mpg"))
    names = cars.loc[cars["horsepower"] != "?", "car_name"]
    groups = data.load_groups("auto_mpg")
    for one, other in ("vw ", "volkswagen"), ("maxda", "mazda"), ("chevy", "chevrolet"):
        numbers = set(groups[names.str.startswith(one)]) | set(groups[names.str.startswith(other)])
        assert len(numbers) == 1, (one, other)
    assert not set(groups[names.str.startswith("ford")]) & set(groups[names.str.startswith("mercury")])


@pytest.mark.parametrize("load", [data.load_table, data.load_groups, data.raw_file])
def test_a_table_that_is_not_there_is_refused(load):
    with pytest.raises(ValueError, match="no table 'cars'; name must be one of 'boston', 'diabetes'"):
        load("cars")
    with pytest.raises(ValueError, match=r"no table \['yacht'\]"):
        load(["yacht"])


def test_a_table_without_a_file_is_refused():
    with pytest.raises(ValueError, match=r"'diabetes' comes inside scikit-learn.*load_table\('diabetes'\)"):
        data.raw_file("diabetes")


@pytest.mark.parametrize("name", FILES)
def test_a_corrupt_or_missing_file_is_refused(monkeypatch, tmp_path, name):
    good, expected = data.raw_file(name).read_bytes(), data.load_table(name)
    path = tmp_path / data.TABLES[name].file
    monkeypatch.setattr(data, "files", lambda package: tmp_path)
    for load in (data.load_table, data.load_groups, data.raw_file):
        with pytest.raises(FileNotFoundError, match=f"no {name}.csv at .*pip install"):
            load(name)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(good.replace(b"1", b"7", 1))
    for load in (data.load_table, data.load_groups, data.raw_file):
        with pytest.raises(ValueError, match=f"git checkout helpers/{data.TABLES[name].file}$"):
            load(name)
    path.write_bytes(good.replace(b"\n", b"\r\n"))
    pd.testing.assert_frame_equal(data.load_table(name), expected)


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
