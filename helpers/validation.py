"""How good is a model, and how sure can one be? Means with their standard errors, and folds."""

import numpy as np
import pandas as pd

from helpers.ensembles import fit_many
from helpers.training import rmse


def cross_validate(make_model, X, y, cv, *, metric=rmse, seeds=0, **options):
    """Train one model for each fold, all at once, and score it on the rows it has not seen.

    Parameters
    ----------
    make_model : callable () -> nn.Module
    X : float tensor (n, d), or (M, n, d) where each of the M folds has a scaling of its own
    y : tensor (n, ...), or (M, n, ...)
    cv : scikit-learn splitter, or list of M pairs (train rows, test rows)
        Such as ``RepeatedKFold(n_splits=5, n_repeats=20, random_state=0)``: hundreds of folds
        take seconds.
    metric : callable (prediction, target) -> scalar
    seeds : int or sequence of M ints
        The seed of each fold's model; a single int stands for itself and the M - 1 after it.
    options
        Handed to ``fit_many``: epochs, loss, optimizer, batch_size, scheduler, progress.

    Returns
    -------
    DataFrame
        A row a fold: ``train`` and ``test`` (the metric), ``n_train`` and ``n_test`` (rows), ``seed``.

    Raises
    ------
    TypeError, ValueError
        If ``cv`` is neither splitter nor list of pairs, and as ``fit_many``.
    """
    if hasattr(cv, "split"):
        rows = X.shape[-2]
        # Class numbers, one a row, let a stratified splitter balance the folds.
        cv = cv.split(np.zeros(rows), y if y.shape == (rows,) else None)
    try:
        splits = [(train, test) for train, test in cv]
    except (TypeError, ValueError):
        raise TypeError(
            "cv must be a scikit-learn splitter such as KFold(5, shuffle=True, random_state=0), "
            f"or a list of pairs (train rows, test rows); got {type(cv).__name__}"
        ) from None
    if isinstance(seeds, (int, np.integer)):
        seeds = range(seeds, seeds + len(splits))
    ensemble = fit_many(make_model, X, y, splits, seeds, **options)
    return pd.DataFrame(
        {
            "train": ensemble.score(metric, on="train").tolist(),
            "test": ensemble.score(metric, on="test").tolist(),
            "n_train": [len(train) for train, _ in splits],
            "n_test": [len(test) for _, test in splits],
            "seed": list(seeds),
        },
        index=pd.RangeIndex(len(splits), name="fold"),
    )


def mean_se(values, digits=4):
    """Write the mean of ``values`` (n,) with its standard error, such as "0.0842 ± 0.0011".

    The standard error is the standard deviation (with n - 1) over the root of n: how far the mean
    of so many independent values may be off by chance.

    Raises ValueError if there are fewer than two values, or one is NaN or infinite.
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
    ValueError
        If ``baseline`` names no group, a group cannot be paired with it, or values are not finite.
    """
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
