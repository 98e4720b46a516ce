"""How good is a model, and how sure can one be? Means with their standard errors, and folds."""

import math
import numbers

import numpy as np
import pandas as pd
import torch
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit, StratifiedKFold, check_cv

from helpers._checks import check_loss, check_seeds, check_tensors, is_splitter
from helpers._trial import measure
from helpers.ensembles import fit_many
from helpers.training import predict, rmse


def cross_validate(
    make_model, X, y, cv, *, groups=None, stratify=None, metric=rmse, seeds=0, validation=None, **options
):  # fmt: skip
    """Train one model for each fold, all at once, and score it on the rows it has not seen.

    Parameters
    ----------
    make_model : callable () -> nn.Module
    X : float tensor (n, d), or (M, n, d) where each of the M folds has a scaling of its own
    y : tensor (n, ...), or (M, n, ...)
    cv : scikit-learn splitter, int, or list of M pairs (train rows, test rows)
        Such as ``RepeatedKFold(n_splits=5, n_repeats=20, random_state=0)``: hundreds of folds
        take seconds. An int is a number of folds as scikit-learn makes them, without shuffling.
    groups : array (n,), optional
        Which rows belong together, for a splitter such as ``GroupKFold``, and for ``validation``.
    stratify : array (n,), optional
        Labels of which each fold is to get its share, for a splitter such as ``StratifiedKFold``. Class
        numbers, y (n,), need not be given again.
    metric : callable (prediction, target) -> scalar
    seeds : int or sequence of M ints
        The seed of each fold's model; a single int stands for itself and the M - 1 after it.
    validation : float or int, optional
        Share or number of each fold's training rows that ``hold_out`` sets aside for ``patience``.
    options
        Handed to ``fit_many``: epochs, loss, optimizer, batch_size, patience, scheduler, progress.

    Returns
    -------
    DataFrame
        A row a fold: ``train`` and ``test`` (the metric), ``n_train`` and ``n_test`` (rows), ``seed``;
        with validation rows also ``n_validation`` and ``best_epoch``.

    Raises
    ------
    TypeError, ValueError
        Before any training: if an argument is not as described, what the splitter itself raises, and
        what ``fit_many`` does.

    Examples
    --------
    >>> X, folds = torch.rand(60, 4), KFold(3, shuffle=True, random_state=0)
    >>> options = {"epochs": 5, "loss": nn.MSELoss(), "optimizer": torch.optim.Adam}
    >>> cross_validate(partial(MLP, 4, (8,), 1), X, X[:, :1], folds, **options)["n_test"].tolist()
    [20, 20, 20]
    """
    check_tensors(X=X, y=y)
    check_loss(metric, "metric")
    splits = _splits(cv, X.shape[-2], y, groups, stratify, validation)
    patience = options.get("patience")
    if len(splits[0]) == 2 and (validation is None) != (patience is None):
        raise ValueError(
            "patience and validation go together, such as patience=10, validation=0.2: the loss on the rows set "
            f"aside decides when to stop; got patience={patience!r}, validation={validation!r}"
        )
    if validation is not None:
        splits = _hold_out(splits, validation, 0, groups, "validation")
    one = isinstance(seeds, numbers.Integral)
    seeds = check_seeds(range(seeds, seeds + len(splits)) if one else seeds)
    before = {name: option for name, option in options.items() if name not in ("checkpoints", "on_epoch")}
    before |= {"epochs": 0, "progress": False}
    _check_metric(metric, fit_many(make_model, X, y, splits, seeds, **before), X, y)
    ensemble = fit_many(make_model, X, y, splits, seeds, **options)
    table = {on: ensemble.score(metric, on=on).tolist() for on in ("train", "test")}
    table |= {"n_train": [len(rows[0]) for rows in splits], "n_test": [len(rows[-1]) for rows in splits]}
    table["seed"] = seeds
    if len(splits[0]) == 3:
        table["n_validation"] = [len(rows) for _, rows, _ in splits]
        table["best_epoch"] = ensemble.best_epoch.tolist()
    return pd.DataFrame(table, index=pd.RangeIndex(len(splits), name="fold"))


def _splits(cv, rows, y, groups, stratify, validation):
    """Return the splits that a splitter makes, or those of a list."""
    # Class numbers, one a row, let a stratified splitter balance the folds.
    labels = _array(y) if stratify is None and y.shape == (rows,) else _array(stratify)
    if isinstance(cv, numbers.Integral) and not isinstance(cv, bool):
        cv = (
            StratifiedKFold(cv)
            if stratify is not None
            else check_cv(cv, labels, classifier=labels is not None)
        )
    if is_splitter(cv) and not isinstance(cv, type):
        name = type(cv).__name__
        for argument, value, kind in (("groups", groups, "Group"), ("stratify", stratify, "Stratified")):
            if value is not None and type(cv).__module__.startswith("sklearn.") and kind not in name:
                raise ValueError(
                    f"{argument} has no effect on {name}; use a splitter such as cv={kind}KFold(5)"
                )
        if labels is None and "Stratified" in name:
            raise ValueError(
                f"{name} needs a label for each of the {rows} rows, such as stratify=y.flatten()"
            )
        return list(cv.split(np.zeros(rows), labels, _array(groups)))
    try:
        splits = [tuple(split) for split in cv]
    except TypeError:
        splits = []
    if isinstance(cv, type):
        raise TypeError(f"cv is the class {cv.__name__}; make one of it: cv={cv.__name__}(...)")
    if {len(split) for split in splits} not in ({2}, {3} if validation is None else {2}):
        raise TypeError(
            "cv must be a scikit-learn splitter such as KFold(5, shuffle=True, random_state=0), "
            f"or a list of pairs (train rows, test rows); got {type(cv).__name__}"
        )
    if stratify is not None or groups is not None and validation is None:
        raise ValueError(
            "groups and stratify are for a splitter, such as cv=GroupKFold(5); these folds are made"
        )
    return splits


def _array(values):
    return values.numpy(force=True) if isinstance(values, torch.Tensor) else values


def _check_metric(metric, ensemble, X, y):
    """Raise, before any training, what the metric would raise after it."""
    own_y = y.shape[:2] == (len(ensemble), X.shape[-2])
    rows = ensemble.splits[0][-1]
    prediction = predict(ensemble.model(0), (X[0] if X.ndim == 3 else X)[rows])
    target = (y[0] if own_y else y)[rows]
    try:
        measure(metric, prediction, target)
    except Exception as error:
        raise ValueError(
            f"metric doesn't work on predictions {tuple(prediction.shape)} and targets {tuple(target.shape)}: {error}"
        ) from error


def hold_out(splits, share, seed=0, groups=None):
    """Set some training rows of each split aside, for a model to stop by.

    Parameters
    ----------
    splits : list of pairs (train rows, test rows), or what a splitter's ``split`` gives
    share : float or int
        Share (0 to 1) or number of the training rows, as in scikit-learn's ``ShuffleSplit``; with groups, of
        the groups.
    seed : int
        Which rows are drawn.
    groups : array, optional
        For each row of the table the group it belongs to; a group stays together.

    Returns
    -------
    list of triples (train rows, validation rows, test rows)
        As ``fit_many`` takes them.

    Raises
    ------
    TypeError, ValueError
        If ``splits`` are no pairs, or ``share`` leaves nothing on one side.

    Examples
    --------
    >>> pairs = KFold(5, shuffle=True, random_state=0).split(range(100))
    >>> [len(rows) for rows in hold_out(pairs, 0.25)[0]]
    [60, 20, 20]
    """
    return _hold_out(splits, share, seed, groups, "share")


def _hold_out(splits, share, seed, groups, name):
    """Do as ``hold_out``, and call the share by its ``name`` where it is wrong."""
    whole = isinstance(share, numbers.Integral) and not isinstance(share, bool) and int(share) > 0
    if not (whole or isinstance(share, float) and 0 < share < 1):
        raise ValueError(
            f"{name} must be a share between 0 and 1, such as 0.2, or a number of rows; got {share!r}"
        )
    try:
        pairs = [(np.asarray(_array(train)), test) for train, test in splits]
        assert all(train.ndim == 1 for train, _ in pairs)
    except (TypeError, ValueError, AssertionError):
        raise TypeError(
            "splits must be a list of pairs (train rows, test rows), such as list(KFold(5).split(X)), or [(train, "
            f"test)] for one; got {type(splits).__name__}"
        ) from None
    draws = np.random.RandomState(seed)  # one stream for all splits: each gets other rows
    groups = None if groups is None else np.asarray(_array(groups))
    rows = 1 + max(train.max() for train, _ in pairs)
    if groups is not None and len(groups) < rows:
        raise ValueError(
            f"groups must be a label for each row of the table, {rows} or more; got {len(groups)}"
        )
    cut = (ShuffleSplit if groups is None else GroupShuffleSplit)(1, test_size=share, random_state=draws)
    triples = []
    for train, test in pairs:
        try:
            kept, aside = next(cut.split(train, groups=None if groups is None else groups[train]))
        except ValueError as error:
            raise ValueError(
                f"{name}={share!r} can't be set aside from {len(train)} training rows: {error}"
            ) from error
        triples.append((train[kept], train[aside], test))
    return triples


class Estimate:
    """A mean over random splits and seeds, and how far it may be off by chance: its standard error.

    Compared with a number it answers by the book's rule: ``gap > 0`` says whether the mean is *surely* above
    zero, three standard errors or more, and ``-1 < gap < 1`` whether it surely lies between the two. So neither
    of ``gap > 0`` and ``gap < 0`` may be true: then nobody knows. Two estimates are compared by that of their
    paired differences, ``estimate(a - b) > 0``.

    Attributes
    ----------
    mean, se : float
        In the unit of the values.
    n : int
        How many values.

    Examples
    --------
    >>> gap = estimate([2.0, 3.0, 4.0, 3.0])
    >>> gap, gap > 0, gap > 2
    (3.00 ± 0.41 (n = 4), True, False)
    """

    RULE: float = 3  # standard errors that a verdict needs
    __array_ufunc__ = None  # so that NumPy's numbers leave a comparison to this class

    def __init__(self, mean, se, n):
        self.mean, self.se, self.n = mean, se, n

    def band(self, errors=None):
        """Return (low, high): as a rule three standard errors below the mean and above it.

        Examples
        --------
        >>> Estimate(5.0, 1.0, 100).band()
        (2.0, 8.0)
        """
        errors = self.RULE if errors is None else errors
        return self.mean - errors * self.se, self.mean + errors * self.se

    def reading(self, same=0):
        """Read a verdict, in this order: "same", "higher", "lower", or "unclear".

        *Same* means surely smaller than ``same``, on either side of zero, and comes first; *higher* and *lower*
        mean surely above or below zero; all else is *unclear*.

        Examples
        --------
        >>> Estimate(0.4, 0.1, 100).reading(same=1), Estimate(0.4, 0.1, 100).reading()
        ('same', 'higher')
        """
        if -same < self < same:
            return "same"
        return "higher" if self > 0 else "lower" if self < 0 else "unclear"

    def __gt__(self, number):
        return self.band()[0] > _plain(number)

    def __lt__(self, number):
        return self.band()[1] < _plain(number)

    def __ge__(self, number):
        raise TypeError("an estimate is never known to be exactly a number: use > or <, not >= or <=")

    __le__ = __ge__

    def __mul__(self, factor):
        """In another unit, such as ``100 * gap`` in percent."""
        return Estimate(self.mean * factor, self.se * abs(factor), self.n)

    __rmul__ = __mul__

    def __neg__(self):
        return self * -1

    def __truediv__(self, divisor):
        return self * (1 / divisor)

    def __float__(self):
        return float(self.mean)

    def __str__(self):
        # Two digits of the standard error: one would leave a factor of two open.
        decimals = max(0, 1 - math.floor(math.log10(self.se))) if self.se > 0 else 2
        return f"{self.mean:.{decimals}f} ± {self.se:.{decimals}f}"

    def __repr__(self):
        return f"{self} (n = {self.n})"


class Share(Estimate):
    """The share of runs in which something happened; none or all of them leave room for doubt, too.

    Its ``band`` is Wilson's, which stays between 0 and 1. Compared as an ``Estimate``, with numbers from 0 to 1.

    Source
    ------
    Wilson (1927), Probable inference, the law of succession, and statistical inference.

    Examples
    --------
    >>> share([True] * 15 + [False] * 85), share([False] * 100)
    (15.0% ± 3.6% (n = 100), none of 100 (0% to 8%))
    """

    def band(self, errors=None):
        """Return (low, high), as a rule with three standard errors."""
        z2 = (self.RULE if errors is None else errors) ** 2
        middle = (self.mean + z2 / (2 * self.n)) / (1 + z2 / self.n)
        half = math.sqrt(z2 * self.mean * (1 - self.mean) / self.n + z2**2 / (4 * self.n**2)) / (
            1 + z2 / self.n
        )
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self):
        if 0 < self.mean < 1:
            return str(100 * self).replace(" ", "% ", 1) + "%"
        low, high = self.band()
        return f"{'all' if self.mean else 'none'} of {self.n} ({100 * low:.0f}% to {100 * high:.0f}%)"

    def __repr__(self):
        return super().__repr__() if 0 < self.mean < 1 else str(self)


def _plain(number):
    if isinstance(number, Estimate):
        raise TypeError(
            "two estimates are compared pair by pair: estimate(a - b) > 0, with the values of each; what chance did "
            "to both then cancels"
        )
    return float(number)


def estimate(values, new_rows=None):
    """Return the mean of ``values`` (n,) with its standard error, an ``Estimate``.

    Parameters
    ----------
    values : n numbers
        Independent ones, such as one error for each split and seed; or paired differences of them.
    new_rows : float, optional
        Test rows for each training row, such as 1.0 for halves. The standard error then speaks of new rows from
        the same source: splits of one table share rows, so that more of them tell ever less. Without it, the
        standard error speaks of splits of these very rows.

    Returns
    -------
    Estimate

    Raises
    ------
    ValueError
        If there are fewer than two values, or one is NaN or infinite.

    Source
    ------
    Nadeau & Bengio (2003), Inference for the generalization error.

    Examples
    --------
    >>> estimate([1, 2, 6]), estimate([1, 2, 6], new_rows=1.0)
    (3.0 ± 1.5 (n = 3), 3.0 ± 3.1 (n = 3))
    """
    values = _finite(values, "values")
    variance = values.var(ddof=1) * (1 / len(values) + (new_rows or 0))
    return Estimate(float(values.mean()), float(variance**0.5), len(values))


def share(happened):
    """Return the share of runs (n,) in which something ``happened``, True or False, a ``Share``.

    Raises ValueError if a value is something else, or there is none.

    Examples
    --------
    >>> share(torch.tensor([True, False, False, False]))
    25% ± 22% (n = 4)
    """
    happened = np.asarray(_array(happened)).ravel()
    if not len(happened) or not np.isin(happened, [0, 1]).all():
        raise ValueError(
            "happened must be True or False for each run, such as errors < 5; got other values, or none"
        )
    mean = float(happened.mean())
    return Share(mean, math.sqrt(mean * (1 - mean) / len(happened)), len(happened))


def mean_se(values, digits=4):
    """Write the mean of ``values`` (n,) with its standard error, such as "0.0842 ± 0.0011".

    The standard error is the standard deviation (with n - 1) over the root of n: how far the mean
    of so many independent values may be off by chance.

    Raises ValueError if there are fewer than two values, or one is NaN or infinite.

    Examples
    --------
    >>> mean_se([1, 2, 6], digits=1)
    '3.0 ± 1.5'
    """
    values = _finite(values, "values")
    return f"{values.mean():.{digits}f} ± {values.std(ddof=1) / len(values) ** 0.5:.{digits}f}"


def summary(scores, baseline=None, digits=4):
    """Tabulate groups of scores, a row a group: mean ± standard error, n, paired difference.

    Parameters
    ----------
    scores : dict of name -> values (n,)
        One value for each model, all in one unit.
    baseline : str, optional
        The group that the others are compared with. Value i of each group must then come from the
        same split and seed: what chance did to both cancels in the difference.
    digits : int
        Decimals.

    Returns
    -------
    DataFrame
        Columns "mean ± SE", "n" and, with a baseline, "difference from <baseline>".

    Raises
    ------
    TypeError, ValueError
        If ``scores`` is no dict, ``baseline`` names no group, a group cannot be paired with it, or values are not finite.

    Examples
    --------
    >>> summary({"Adam": [3.0, 5.0], "SGD": [6.0, 7.0]}, baseline="Adam", digits=1)
           mean ± SE  n difference from Adam
    Adam  4.0 ± 1.0  2
    SGD   6.5 ± 0.5  2            2.5 ± 0.5
    """
    if not hasattr(scores, "items"):
        raise TypeError(
            f"scores must be a dict of name -> values, such as {{'Adam': values}}; got {type(scores).__name__}"
        )
    groups = {name: _finite(values, f"scores[{name!r}]") for name, values in scores.items()}
    table = pd.DataFrame(
        {
            "mean ± SE": [mean_se(values, digits) for values in groups.values()],
            "n": [len(values) for values in groups.values()],
        },
        index=list(groups),
    )
    if baseline is None:
        return table
    if baseline not in groups:
        raise ValueError(f"baseline {baseline!r} is none of the groups: {list(groups)}")
    differences = []
    for name, values in groups.items():
        if len(values) != len(groups[baseline]):
            raise ValueError(
                f"scores[{name!r}] has {len(values)} values but {baseline!r} has "
                f"{len(groups[baseline])}; a paired difference needs one of each for every split"
            )
        same = name == baseline
        differences.append("" if same else mean_se(values - groups[baseline], digits))
    table[f"difference from {baseline}"] = differences
    return table


def _finite(values, name):
    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(
            f"{name} has shape {values.shape}; a standard error needs two or more independent "
            "values, in one dimension"
        )
    if not np.isfinite(values).all():
        raise ValueError(f"{name} has NaN or infinite values; a run may have diverged")
    return values
