"""How good is a model, and how sure can one be? Means with their standard errors, and folds."""

import numpy as np
import pandas as pd


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
    values = np.asarray(values, dtype=float).ravel()
    if len(values) < 2:
        raise ValueError(f"{name} has {len(values)} values; a standard error needs two or more")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} has NaN or infinite values; a run may have diverged")
    return values
