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
    source = files("helpers") / "boston.csv"
    try:
        raw = source.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(
            f"helpers has no boston.csv at {source}; reinstall it: pip install -e ."
        ) from None
    # A checkout may turn line ends into \r\n; the numbers are the same.
    found = hashlib.sha256(raw.replace(b"\r\n", b"\n")).hexdigest()
    if found != BOSTON_SHA256:
        raise ValueError(
            f"boston.csv is not the file this book was written with (SHA-256 {found[:12]}…, "
            f"expected {BOSTON_SHA256[:12]}…); restore it: git checkout helpers/boston.csv"
        )
    return pd.read_csv(io.BytesIO(raw), dtype=float)


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
