"""Is it better, for how long, and on which tables? Recipes compared pair by pair over training length.

A *recipe* says how a model is made and trained. It is called with a table, splits, seeds and lengths, and returns
errors; so a network, a model of scikit-learn and whatever a chapter makes up are compared alike.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pandas as pd
import torch
from sklearn.base import clone
from sklearn.model_selection import ShuffleSplit

from helpers import plotting
from helpers._checks import check_counts
from helpers.data import scale_splits
from helpers.ensembles import fit_splits
from helpers.models import MLP
from helpers.training import progress_bar, rmse
from helpers.validation import estimate, hold_out

SAME = 1.0  # percent: what is surely smaller is called the same
ADAM = partial(torch.optim.Adam, lr=3e-3)
STOPPED = "stopped"  # the length that each model's own validation rows chose


@dataclass(frozen=True)
class Recipe:
    """How networks are made and trained; ``but`` changes one thing of it.

    Parameters
    ----------
    make : callable (in_features, ...) -> nn.Module
    network : dict
        What ``make`` gets besides the number of features.
    optimizer, batch_size, loss and others
        As ``fit_many`` takes them, in ``training``.
    scale : callable (frame, splits) -> (X, y, unit)

    Examples
    --------
    >>> usual = Recipe()
    >>> usual.but(dropout=0.5, batch_size=16).network["dropout"]
    0.5
    """

    make: Callable = MLP
    network: dict = field(default_factory=lambda: {"hidden": (50, 30), "out_features": 1})
    training: dict = field(default_factory=lambda: {"optimizer": ADAM})
    scale: Callable = scale_splits

    def but(self, **changes):
        """Return the recipe with some things changed: of the network, of its training, ``make`` or ``scale``."""
        own = {name: changes.pop(name) for name in ("make", "scale") if name in changes}
        training = {name: changes.pop(name) for name in list(changes) if name in TRAINING}
        return replace(self, network=self.network | changes, training=self.training | training, **own)

    def __call__(self, frame, splits, seeds, lengths, metric=rmse):
        """Return errors on the test and on the validation rows, each (models, lengths), in the target's unit."""
        scaled = self.scale(frame, splits)
        make = partial(self.make, scaled[0].shape[-1], **self.network)
        run = fit_splits(
            make, scaled, splits, seeds, epochs=max(lengths), checkpoints=lengths, progress=False, **self.training
        )  # fmt: skip
        return tuple(run.curve(metric, on) * run.unit[:, None] for on in ("test", "validation"))


TRAINING = ("optimizer", "batch_size", "loss", "scheduler", "step_scheduler", "clip_norm", "weights")


@dataclass(frozen=True)
class Fixed:
    """A model of scikit-learn, as a recipe: it has no training length, so its errors are the same at each.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> line = Fixed(LinearRegression())
    """

    estimator: object

    def __call__(self, frame, splits, seeds, lengths, metric=rmse):
        """Return errors as a ``Recipe`` does; it learns from the rows that networks set aside, too."""
        table, errors = frame.to_numpy(), []
        X, y = table[:, :-1], torch.from_numpy(table[:, -1])
        for split in splits:
            rows = np.concatenate(split[:-1])
            model = clone(self.estimator).fit(X[rows], y[rows].numpy())
            errors.append(metric(torch.from_numpy(model.predict(X[split[-1]])), y[split[-1]]))
        errors = torch.stack(errors)[:, None].expand(-1, len(lengths)).float()
        return errors, errors


def compare(
    arms, tables, *, lengths, n=50, seed=0, test_size=0.5, validation=0.2, most_rows=None, metric=rmse,
    progress=True,
):  # fmt: skip
    """Train every arm on the same splits of every table, from the same seeds, and keep the errors at each length.

    Parameters
    ----------
    arms : dict of name -> recipe
        The first is what the others are compared with. A recipe is a callable (frame, splits, seeds, lengths,
        metric) -> (test errors, validation errors), each a tensor (n, lengths) in the target's unit.
    tables : dict of name -> DataFrame
        Raw numbers, the target in the last column.
    lengths : increasing sequence of ints
        Epochs after which errors are taken, all in one run.
    n : int, 2 or more
        Random splits of each table, each with a seed of its own.
    seed : int
        Which splits and seeds; each chapter has its own number.
    test_size : float
        Share of the rows that errors are measured on.
    validation : float
        Share of the training rows by which each model's own best length is chosen.
    most_rows : int, optional
        From a larger table, so many rows are drawn for each split.
    metric : callable (prediction, target) -> scalar

    Returns
    -------
    Comparison

    Raises
    ------
    TypeError, ValueError
        If there are fewer than two arms, ``lengths`` do not increase, and as ``fit_many``.

    Examples
    --------
    >>> arms = {"usual": Recipe(), "dropout": Recipe().but(dropout=0.5)}
    >>> compare(arms, {"Boston": load_boston()}, lengths=[1, 2, 4], n=4)
    Comparison of dropout with usual on Boston, 4 splits each, after 1, 2, 4 epochs
    """
    if not isinstance(arms, Mapping) or len(arms) < 2:
        raise TypeError(
            'arms must be a dict of two or more, the usual first: {"usual": Recipe(), "new": ...}'
        )
    if not isinstance(tables, Mapping) or not tables:
        raise TypeError('tables must be a dict of name -> DataFrame, such as {"Boston": load_boston()}')
    check_counts(n=(n, 2))
    lengths = list(lengths)
    if not lengths or lengths != sorted(set(lengths)) or lengths[0] < 1:
        raise ValueError(f"lengths must increase, from 1 or more, such as [5, 10, 20, 40]; got {lengths}")
    seeds = range(1000 * seed, 1000 * seed + n)
    errors, chosen = {}, {}
    with progress_bar(range(len(arms) * len(tables)), progress, desc="comparing", unit="run") as bar:
        for table, frame in tables.items():
            rows = min(len(frame), most_rows or len(frame))
            test = int(test_size * rows)
            draw = ShuffleSplit(n, train_size=rows - test, test_size=test, random_state=seed)
            splits = hold_out(list(draw.split(frame)), validation, seed)
            for arm, recipe in arms.items():
                on_test, on_validation = recipe(frame, splits, seeds, lengths, metric)
                errors[arm, table], chosen[arm, table] = on_test, on_validation.argmin(1)
                bar.update(1)
    return Comparison(list(arms), list(tables), lengths, errors, chosen, test_size / (1 - test_size))


class Comparison:
    """What became of every arm on every table, at every length.

    Attributes
    ----------
    arms, tables : lists of names
    lengths : list of ints
    errors : dict of (arm, table) -> tensor (n, lengths)
        In the target's unit.
    chosen : dict of (arm, table) -> tensor (n,)
        Place in ``lengths`` that a model's validation rows chose: early stopping.
    ratio : float
        Test rows for each training row, for what is said of new rows.
    """

    def __init__(self, arms, tables, lengths, errors, chosen, ratio):
        self.arms, self.tables, self.lengths = arms, tables, lengths
        self.errors, self.chosen, self.ratio = errors, chosen, ratio

    def __repr__(self):
        n = len(self.errors[self.arms[0], self.tables[0]])
        return (
            f"Comparison of {', '.join(self.arms[1:])} with {self.arms[0]} on {', '.join(self.tables)}, "
            f"{n} splits each, after {', '.join(map(str, self.lengths))} epochs"
        )

    def at(self, length, arm, table):
        """Return an arm's errors (n,) on a table: after ``length`` epochs, or "stopped" where it chose to.

        Examples
        --------
        >>> run = compare({"a": Recipe(), "b": Recipe()}, {"Boston": load_boston()}, lengths=[1, 2], n=3)
        >>> run.at(2, "a", "Boston").shape, run.at("stopped", "b", "Boston").shape
        (torch.Size([3]), torch.Size([3]))
        """
        if arm not in self.arms or table not in self.tables:
            raise ValueError(
                f"arm and table must be of {self.arms} and {self.tables}; got {arm!r}, {table!r}"
            )
        errors = self.errors[arm, table]
        if length == STOPPED:
            return errors.gather(1, self.chosen[arm, table][:, None])[:, 0]
        if length not in self.lengths:
            raise ValueError(f'length must be one of {self.lengths} or "{STOPPED}"; got {length!r}')
        return errors[:, self.lengths.index(length)]

    def change(self, length, table, arm=None, usual=None, new_rows=False, percent=True):
        """Return by how much an arm's error differs from the usual one's, pair by pair: an ``Estimate``.

        In percent of the usual arm's mean error at that length, or in the target's unit. With ``new_rows``, its
        standard error speaks of new rows from the same source, not of these.

        Examples
        --------
        >>> run = compare({"a": Recipe(), "b": Recipe()}, {"Boston": load_boston()}, lengths=[1, 2], n=3)
        >>> run.change(2, "Boston")
        0.00 ± 0.00 (n = 3)
        """
        usual = self.at(length, usual or self.arms[0], table)
        differences = self.at(length, arm or self.arms[1], table) - usual
        return estimate(
            100 * differences / usual.mean() if percent else differences, self.ratio if new_rows else None
        )

    def readings(self, table, arm=None):
        """Return the verdict by the book's rule at each length: a dict of length -> reading, "stopped" last."""
        return {length: self.change(length, table, arm).reading(SAME) for length in (*self.lengths, STOPPED)}

    def verdict(self, table, arm=None):
        """Say in words for how long the verdict stands, such as "higher up to 20 epochs, then unclear"."""
        runs = []
        for length in self.lengths:
            reading = self.change(length, table, arm).reading(SAME)
            if not runs or runs[-1][0] != reading:
                runs.append([reading, length, length])
            runs[-1][2] = length
        if len(runs) == 1:
            return f"{runs[0][0]} at every length"
        words = [f"{runs[0][0]} up to {runs[0][2]} epochs"]
        words += [f"{reading} from {first}" for reading, first, _ in runs[1:]]
        return ", ".join(words)

    def table(self, arm=None):
        """Tabulate changes, a row a table: at each length, and with each model's own. In percent.

        Returns
        -------
        DataFrame
            Cells such as "6.1 ± 0.7 higher".
        """
        arm = arm or self.arms[1]
        rows = {}
        for table in self.tables:
            changes = {length: self.change(length, table, arm) for length in (*self.lengths, STOPPED)}
            rows[table] = {length: f"{change} {change.reading(SAME)}" for length, change in changes.items()}
        return pd.DataFrame.from_dict(rows, orient="index")

    def frame(self):
        """Return every change as a table for machines.

        Returns
        -------
        DataFrame
            Columns arm, table, length (0 for "stopped"), mean, se (in percent), n, reading.
        """
        rows = []
        for arm in self.arms[1:]:
            for table in self.tables:
                for length in (*self.lengths, STOPPED):
                    change = self.change(length, table, arm)
                    rows.append(
                        dict(
                            arm=arm, table=table, length=0 if length == STOPPED else length,
                            mean=change.mean, se=change.se, n=change.n, reading=change.reading(SAME),
                        )
                    )  # fmt: skip
        return pd.DataFrame(rows)

    def draw(self, arm=None, *, ax=None, colors=plotting.COLORS):
        """Draw the change over training length, a line a table, with its band of three standard errors.

        The grey strip is what is called the same; the mark at the right is where each model stopped by itself.
        Returns the Axes.
        """
        ax = ax or plotting.plt.subplots()[1]
        ax.axhspan(-SAME, SAME, color=plotting.GREY, alpha=0.15, linewidth=0)
        ax.axhline(0, color=plotting.GREY, linewidth=1, linestyle="-")
        beyond = self.lengths[-1] * 1.35
        for table in self.tables:
            changes = [self.change(length, table, arm) for length in self.lengths]
            low, high = zip(*(change.band() for change in changes))
            (line,) = ax.plot(self.lengths, [change.mean for change in changes], label=table)
            ax.fill_between(self.lengths, low, high, color=line.get_color(), alpha=0.2, linewidth=0)
            stopped = self.change(STOPPED, table, arm)
            ax.errorbar(
                beyond, stopped.mean, 3 * stopped.se, color=line.get_color(), marker="o", markersize=5, linestyle=""
            )  # fmt: skip
            beyond *= 1.12
        ax.set(xscale="log", xlabel="epochs of training (right: stopped early)")
        ax.set(ylabel=f"change of the error by\n{arm or self.arms[1]} (%)")
        ax.set_xticks(self.lengths, map(str, self.lengths))
        ax.minorticks_off()
        ax.legend()
        return ax
