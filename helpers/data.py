"""The data: raw rows, a split, and scaling that never looks at a test row."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import pandas as pd
import torch
from sklearn.datasets import load_diabetes as _sklearn_diabetes
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import MinMaxScaler

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
    with source.open() as file:
        return pd.read_csv(file, dtype=float)


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
    """
    frame = _sklearn_diabetes(as_frame=True, scaled=False).frame.astype(float)
    return frame.rename(columns=str.upper).rename(columns={"TARGET": "PROGRESSION"})


def check_frame(frame):
    """Raise unless ``frame`` is a DataFrame of finite numbers: features, then the target."""
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"frame must be a DataFrame such as load_boston() gives, not {type(frame).__name__}")
    if frame.shape[1] < 2:
        raise ValueError(
            f"frame needs at least one feature and, last, the target; it has {frame.shape[1]} columns"
        )
    words = [name for name, kind in frame.dtypes.items() if not pd.api.types.is_numeric_dtype(kind)]
    if words:
        raise TypeError(f"frame has columns that are not numbers: {words}; encode or drop them")
    holes = frame.columns[~np.isfinite(frame.to_numpy(float)).all(axis=0)].tolist()
    if holes:
        raise ValueError(
            f"frame has missing or infinite values in {holes}; "
            "drop those rows (frame.dropna()) or fill them first"
        )


@dataclass(frozen=True)
class Split:
    """Scaled tensors of one split: ``X`` is (n, features), ``y`` is (n, 1), both float32."""

    X_train: torch.Tensor
    y_train: torch.Tensor
    X_test: torch.Tensor
    y_test: torch.Tensor
    price_range: float  # target units ($1000s for house prices) in one scaled unit
    price_min: float  # target value that became 0

    def to_price(self, y):
        """Turn scaled targets or predictions, any shape, back into the target's units."""
        return y * self.price_range + self.price_min


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
        If ``frame`` holds anything but finite numbers, or a side of the split would be empty.
    """
    check_frame(frame)
    try:
        train, test = train_test_split(np.arange(len(frame)), test_size=test_size, random_state=seed)
    except ValueError as error:
        raise ValueError(
            f"test_size={test_size} does not split {len(frame)} rows into two non-empty parts: {error}"
        ) from None
    X, y, ranges = scale_splits(frame, [(train, test)])
    return Split(
        X[0, train], y[0, train], X[0, test], y[0, test],
        price_range=ranges.item(), price_min=float(frame.iloc[train, -1].min()),
    )  # fmt: skip


def scale_splits(frame, splits):
    """Scale all rows once for each split, by that split's training rows only.

    Parameters
    ----------
    frame : DataFrame (n, features + 1)
        Raw numbers, the target in the last column.
    splits : list of M pairs (train rows, test rows)
        Row numbers, as scikit-learn's splitters give them.

    Returns
    -------
    X : float32 tensor (M, n, features)
    y : float32 tensor (M, n, 1)
    price_range : float32 tensor (M,)
        Target units in one scaled unit, to turn a scaled RMSE back into $1000s.

    Raises
    ------
    TypeError, ValueError
        If ``frame`` holds anything but finite numbers, or a split has no training rows.
    """
    check_frame(frame)
    values = frame.to_numpy(float)
    splits = list(splits)
    if not splits:
        raise ValueError("splits is empty; give at least one pair (train rows, test rows)")
    scaled, ranges = np.empty((len(splits), *values.shape), dtype=np.float32), []
    for i, (train, _) in enumerate(splits):
        if len(train) == 0:
            raise ValueError(f"splits[{i}] has no training rows to fit the scaler on")
        scaler = MinMaxScaler().fit(values[train])
        scaled[i] = scaler.transform(values)
        ranges.append(scaler.data_range_[-1])
    scaled = torch.from_numpy(scaled)
    return scaled[..., :-1], scaled[..., -1:], torch.tensor(ranges, dtype=torch.float32)
