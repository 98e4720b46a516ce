"""The data: raw rows, a split, and scaling that never looks at a test row."""

import hashlib
import io
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import pandas as pd
import torch
from sklearn.datasets import load_diabetes as _sklearn_diabetes
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import MinMaxScaler

from helpers._tables import check_frame, values

BOSTON_SHA256 = "79ac716620024011b03c0c44d2bf99069b8173649181926d9109c25475a3804c"


def load_boston():
    """Return the Boston housing data: 506 census tracts of 1970, in raw units.

    Returns
    -------
    DataFrame (506, 14)
        Thirteen features and, last, the target ``MEDV``: the median value of the
        homes in a tract, in $1000s of 1970. All columns are floats.

    Raises
    ------
    FileNotFoundError
        If the package was installed without its data.
    ValueError
        If the file is not the one the book was written with.

    Source
    ------
    Harrison & Rubinfeld (1978), by way of StatLib. The column ``B`` encodes a claim
    about race: read the data card before using the data for anything else.

    Examples
    --------
    >>> load_boston()["MEDV"].describe()[["min", "50%", "max"]].tolist()
    [5.0, 21.2, 50.0]
    """
    return pd.read_csv(io.BytesIO(_verified("boston")), dtype=float)


def load_diabetes():
    """Return the diabetes data of scikit-learn, the book's second opinion.

    Returns
    -------
    DataFrame (442, 11)
        Ten measurements of 442 patients in raw units and, last, the target
        ``PROGRESSION``: a score of the disease one year later (25 to 346).

    Source
    ------
    Efron, Hastie, Johnstone & Tibshirani (2004), as shipped with scikit-learn.

    Examples
    --------
    >>> load_diabetes()["PROGRESSION"].describe()[["min", "50%", "max"]].tolist()
    [25.0, 140.5, 346.0]
    """
    frame = _sklearn_diabetes(as_frame=True, scaled=False).frame.astype(float)
    return frame.rename(columns=str.upper).rename(columns={"TARGET": "PROGRESSION"})


@dataclass(frozen=True)
class Table:
    """What is known of a table without loading it: one of ``TABLES``. Its data card says the rest.

    Examples
    --------
    >>> TABLES["yacht"].target, TABLES["yacht"].unit, TABLES["yacht"].group
    ('resistance', 'per unit of weight', 'hull')
    """

    name: str
    rows: int
    features: int
    target: str  # the last column of ``load_table(name)``
    unit: str  # of the target
    group: str  # what rows have in common that belong together
    by: tuple[str, ...]  # … and the columns in which they agree; none named: in all features
    source: str  # who published it, as a key of the book's bibliography
    sha256: str | None = None  # of the file, where the book brings it along

    @property
    def file(self):
        """Where its file is, as seen from the package's folder; None if scikit-learn brings the table along."""
        if self.sha256 is None:
            return None
        return "boston.csv" if self.name == "boston" else f"tables/{self.name}.csv"


#: The book's tables by their names, in the order of their cards.
TABLES = {
    table.name: table
    for table in (
        Table("boston", 506, 13, "MEDV", "$1000s", "town", ("ZN", "INDUS", "RAD", "TAX", "PTRATIO"),
              "harrison1978", BOSTON_SHA256),
        Table("diabetes", 442, 10, "PROGRESSION", "score", "patient", (), "efron2004"),
        Table("auto_mpg", 392, 8, "mpg", "miles per gallon", "make", ("car_name",),
              "quinlan1993", "12b56e6f8c80d487cff67cec498e4b7c12a37eb395a1f7601568139d65d4fc01"),
        Table("concrete", 1030, 8, "strength", "MPa", "mixture",
              ("cement", "slag", "fly_ash", "water", "superplasticizer", "coarse_aggregate", "fine_aggregate"),
              "yeh1998", "daba1955a29f10d91588070c86cb54e449ce74afcf5a631cfc108047a5f20e0e"),
        Table("energy", 768, 8, "heating_load", "kWh/m²", "shape",
              ("compactness", "surface_area", "wall_area", "roof_area", "height"),
              "tsanas2012", "b470aa7a74e992e9dc1bf646db0d36c33aa7378c8afc60780a4d9844af3bacd6"),
        Table("airfoil", 1503, 5, "pressure_level", "dB", "run", ("angle", "chord", "velocity"),
              "brooks1989", "5567a7171bce94e658f2c7412ec38002b435d5bd19c1e1657787986c70529baf"),
        Table("wine", 1599, 11, "quality", "grade, 0 to 10", "measurements", (),
              "cortez2009", "76bb397799995e9bdf3eafaefc25fbf74b0fbc3d278059eacd0daf6d440555f8"),
        Table("yacht", 308, 6, "resistance", "per unit of weight", "hull",
              ("buoyancy_position", "prismatic_coefficient", "length_displacement", "beam_draught", "length_beam"),
              "gerritsma1981", "717eca4f69ad82e907041402230e7065227e9e52feb2c8b40a137e339102c3a0"),
        Table("power_plant", 9568, 4, "power", "MW", "measurements", (),
              "tufekci2014", "874d05da8305e44a31a08ead48e1a41fe233cab359236722ec53923d0b1af792"),
    )
}  # fmt: skip

# In the column car_name, whose first word is the make of the car.
SPELLINGS = {
    "chevroelt": "chevrolet", "chevy": "chevrolet", "maxda": "mazda", "mercedes": "mercedes-benz",
    "toyouta": "toyota", "vokswagen": "volkswagen", "vw": "volkswagen",
}  # fmt: skip


def load_table(name):
    """Return one of the book's nine tables of numbers, by its name.

    Parameters
    ----------
    name : str
        A key of ``TABLES``: "boston", "diabetes", "auto_mpg", "concrete", "energy", "airfoil",
        "wine", "yacht" or "power_plant".

    Returns
    -------
    DataFrame (rows, features + 1)
        Floats, all of them finite, in raw units; the target is the last column. Rows and columns
        are those of the file, with one exception. Of "auto_mpg" the rows without ``horsepower`` and
        the words of ``car_name`` are left out, ``mpg`` goes to the end, and ``origin``, a code for
        three places, becomes ``europe`` and ``japan``, 1 or 0; an American car has 0 in both.

    Raises
    ------
    ValueError
        If there is no table of that name, or its file is not the one the book was written with.
    FileNotFoundError
        If the package is there without its data.

    Source
    ------
    The data cards say who measured what, where each table comes from and on what terms.

    Examples
    --------
    >>> load_table("concrete").shape
    (1030, 9)
    >>> load_table("auto_mpg").iloc[0].tolist()
    [8.0, 307.0, 130.0, 3504.0, 12.0, 70.0, 0.0, 0.0, 18.0]
    """
    _known(name)
    if name == "boston":
        return load_boston()
    if name == "diabetes":
        return load_diabetes()
    if name == "auto_mpg":
        cars = _cars()
        places = {"europe": cars["origin"] == 2, "japan": cars["origin"] == 3, "mpg": cars["mpg"]}
        return cars.drop(columns=["mpg", "origin", "car_name"]).assign(**places).astype(float)
    return pd.read_csv(io.BytesIO(_verified(name)), dtype=float)


def load_groups(name):
    """Return for each row of a table the group it belongs to, for scikit-learn's group splitters.

    Rows of one group share so much that a model tested on one of them has, in a way, seen it among the
    others: the same hull at another speed, the same mixture at another age. ``TABLES[name].group``
    says what it is. Where nothing is known, the rows of a group are those with the same features, and
    nearly every row is alone in its own.

    Parameters
    ----------
    name : str
        As for ``load_table``.

    Returns
    -------
    int array (rows,)
        Numbers from 0 up, in the order of the rows of ``load_table(name)``; they are found from the
        columns ``TABLES[name].by``. In "auto_mpg" that is the first word of ``car_name``, the make,
        with seven spellings mended (``SPELLINGS``).

    Raises
    ------
    ValueError, FileNotFoundError
        As ``load_table``.

    Examples
    --------
    >>> hulls = load_groups("yacht")
    >>> hulls.shape, len(set(hulls))
    ((308,), 22)
    >>> train, test = next(GroupShuffleSplit(test_size=0.5, random_state=0).split(hulls, groups=hulls))
    >>> set(hulls[train]) & set(hulls[test])
    set()
    """
    if name == "auto_mpg":
        return pd.factorize(_cars()["car_name"].str.split().str[0].replace(SPELLINGS))[0]
    frame = load_table(name)
    by = TABLES[name].by or frame.columns[:-1]
    return frame.groupby(list(by), sort=False).ngroup().to_numpy()


def raw_file(name):
    """Return where a table's file is, as it came: for a chapter that begins by reading one.

    Parameters
    ----------
    name : str
        As for ``load_table``, but not "diabetes", which comes inside scikit-learn.

    Returns
    -------
    Path
        A file with commas between values and names in its first line. "auto_mpg" has ``?`` for
        unknown values, words, a code, and its target first.

    Raises
    ------
    ValueError, FileNotFoundError
        As ``load_table``; a ValueError too if the book has no file of the table.

    Examples
    --------
    >>> cars = pd.read_csv(raw_file("auto_mpg"))
    >>> cars.shape, (cars["horsepower"] == "?").sum().item()
    ((398, 9), 6)
    """
    _verified(name)
    return files("helpers") / TABLES[name].file


def _known(name):
    if not isinstance(name, str) or name not in TABLES:
        raise ValueError(f"there is no table {name!r}; name must be one of {', '.join(map(repr, TABLES))}")
    return TABLES[name]


def _verified(name):
    """Return the bytes of a table's file, which are those that the book was written with."""
    table = _known(name)
    if table.file is None:
        raise ValueError(f"{name!r} comes inside scikit-learn, not as a file; use load_table({name!r})")
    path = files("helpers") / table.file
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(
            f"helpers has no {path.name} at {path}; reinstall it: pip install -e . (a notebook from "
            "the book's site brings along more tables than boston.csv only if it uses one)"
        ) from None
    # A checkout may turn line ends into \r\n; the numbers are the same.
    found = hashlib.sha256(raw.replace(b"\r\n", b"\n")).hexdigest()
    if found != table.sha256:
        raise ValueError(
            f"{path.name} is not the file this book was written with (SHA-256 {found[:12]}…, "
            f"expected {table.sha256[:12]}…); restore it: git checkout helpers/{table.file}"
        )
    return raw


def _cars():
    """Return the rows of auto_mpg.csv in which nothing is missing, numbered anew."""
    return pd.read_csv(io.BytesIO(_verified("auto_mpg")), na_values="?").dropna(ignore_index=True)


@dataclass(frozen=True)
class Split:
    """Scaled tensors of one split: ``X`` is (n, features), ``y`` is (n, 1), both float32."""

    X_train: torch.Tensor
    y_train: torch.Tensor
    X_test: torch.Tensor
    y_test: torch.Tensor
    target_range: float  # target units ($1000s for house prices) in one scaled unit
    target_min: float  # target value that became 0

    def to_target_units(self, y):
        """Turn scaled targets or predictions, any shape, back into the target's units.

        Examples
        --------
        >>> split = split_and_scale(load_boston())
        >>> split.to_target_units(split.y_test).max()
        tensor(50.)
        """
        return y * self.target_range + self.target_min


def split_and_scale(frame, test_size=0.5, seed=0):
    """Split the rows at random, then scale each column to 0..1 by its *training* rows.

    Parameters
    ----------
    frame : DataFrame (n, features + 1)
        Raw numbers, the target in the last column.
    test_size : float or int
        The test rows' share (0 to 1) or number, as in scikit-learn's ``train_test_split``.
    seed : int
        Which rows go where.

    Returns
    -------
    Split
        Test values can fall a little outside 0..1: the scaler has not seen them.

    Raises
    ------
    TypeError, ValueError
        If ``frame`` holds anything but finite numbers (the message ends with the pandas call that
        mends it), a side of the split would be empty, or the training rows have but one target.

    Examples
    --------
    >>> split = split_and_scale(load_boston(), test_size=0.5, seed=0)
    >>> split.X_train.shape, split.y_test.shape
    (torch.Size([253, 13]), torch.Size([253, 1]))
    """
    check_frame(frame)
    try:
        train, test = train_test_split(np.arange(len(frame)), test_size=test_size, random_state=seed)
    except ValueError as error:
        raise ValueError(
            f"test_size={test_size} does not split {len(frame)} rows into two non-empty parts: {error}"
        ) from None
    _check_range(frame, train, f"with test_size={test_size} and seed={seed}")
    X, y, ranges = scale_splits(frame, [(train, test)])
    return Split(
        X[0, train], y[0, train], X[0, test], y[0, test],
        target_range=ranges.item(), target_min=float(frame.iloc[train, -1].min()),
    )  # fmt: skip


def scale_splits(frame, splits):
    """Scale all rows once for each split, by that split's training rows only.

    Parameters
    ----------
    frame : DataFrame (n, features + 1)
        Raw numbers, the target in the last column.
    splits : list of M pairs (train rows, test rows), or of triples as ``validation.hold_out`` gives
        Row numbers, as scikit-learn's splitters give them.

    Returns
    -------
    X : float32 tensor (M, n, features)
        A feature that is the same in all training rows teaches nothing, and is 0 in every row.
    y : float32 tensor (M, n, 1)
    target_range : float32 tensor (M,)
        Target units in one scaled unit, to turn a scaled RMSE back into $1000s.

    Raises
    ------
    TypeError, ValueError
        If ``frame`` holds anything but finite numbers, or a split has no training rows or only ones
        of the same target.

    Examples
    --------
    >>> frame = pd.DataFrame({"rooms": [4, 6, 8], "price": [10, 20, 40]})
    >>> X, y, target_range = scale_splits(frame, [([0, 1], [2])])
    >>> X.flatten(), y.flatten(), target_range
    (tensor([0., 1., 2.]), tensor([0., 1., 3.]), tensor([10.]))
    """
    check_frame(frame)
    table = values(frame)
    splits = list(splits)
    if not splits:
        raise ValueError("splits is empty; give at least one pair (train rows, test rows)")
    scaled, ranges = np.empty((len(splits), *table.shape), dtype=np.float32), []
    for i, (train, *_) in enumerate(splits):
        if len(train) == 0:
            raise ValueError(f"splits[{i}] has no training rows to fit the scaler on")
        _check_range(frame, train, f"of splits[{i}]")
        scaler = MinMaxScaler().fit(table[train])
        scaled[i] = scaler.transform(table)
        scaled[i][:, scaler.data_range_ == 0] = 0  # else other rows would keep their raw units
        ranges.append(scaler.data_range_[-1])
    scaled = torch.from_numpy(scaled)
    return scaled[..., :-1], scaled[..., -1:], torch.tensor(ranges, dtype=torch.float32)


def _check_range(frame, train, which):
    target = frame.iloc[train, -1]
    if target.min() == target.max():
        raise ValueError(
            f"the {len(train)} training rows {which} have one and the same target, {target.iloc[0]:g}, so "
            "there is nothing to learn from them; give more rows, or others"
        )
