"""Sayings put to the test: what each compares, and what came of it on nine tables at six training lengths.

All of it takes minutes: ``make sayings`` computes it, and ``load_map`` reads the result. ``try_saying`` trains a part
of it anew: a saying, a table, as long as wanted.
"""

from dataclasses import dataclass
from functools import partial
from importlib.resources import files

import numpy as np
import pandas as pd
import torch
from sklearn.ensemble import GradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold
from torch import nn

from helpers.comparisons import SAME, STOPPED, Fixed, Recipe, compare
from helpers.data import TABLES, load_table, scale_splits
from helpers.ensembles import fit_splits
from helpers.models import MLP
from helpers.training import rmse
from helpers.validation import Estimate, Share

CHAPTER = 9  # its splits and seeds
LENGTHS = [5, 10, 20, 40, 80, 160]
MOST_ROWS = 500  # of a larger table so many are drawn for each split
N = 32  # splits of each table
FILE = "sayings.csv"  # in this folder


def standardised(frame, splits):
    """Scale as ``scale_splits``, but the features to mean 0 and standard deviation 1 in the training rows."""
    X, y, unit = scale_splits(frame, splits)
    train = torch.stack([X[i, rows] for i, (rows, *_) in enumerate(splits)])
    spread = train.std(1, keepdim=True)
    return (X - train.mean(1, keepdim=True)) / torch.where(spread > 0, spread, 1), y, unit


def peeking(frame, splits):
    """Scale by all rows, those of the test set too."""
    return scale_splits(frame, [(np.concatenate(split), None) for split in splits])


def thirds(frame, splits):
    """Make classes of the target: the lowest third of the training rows, the middle one, the highest."""
    X, y, unit = scale_splits(frame, splits)
    cuts = torch.tensor([1 / 3, 2 / 3])
    targets = y[..., 0].contiguous()
    labels = [
        torch.bucketize(targets[i], targets[i, rows].quantile(cuts)) for i, (rows, *_) in enumerate(splits)
    ]
    return X, torch.stack(labels), torch.full_like(unit, 100)


def misread(scores, label):
    """Return the share of rows whose highest score is not that of their class."""
    return (scores.argmax(-1) != label).float().mean()


class KaimingMLP(MLP):
    """An ``MLP`` whose hidden weights are drawn as He et al. (2015) say; all else stays PyTorch's."""

    def __init__(self, *sizes, **options):
        super().__init__(*sizes, **options)
        for layer in list(self)[:-1]:
            if isinstance(layer, nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")


class NormalisedMLP(MLP):
    """An ``MLP`` with a batch normalisation before each ReLU."""

    def __init__(self, *sizes, **options):
        super().__init__(*sizes, **options)
        layers = []
        for layer in list(self):
            layers += [nn.BatchNorm1d(layers[-1].out_features)] if isinstance(layer, nn.ReLU) else []  # type: ignore[arg-type]
            layers.append(layer)  # type: ignore[arg-type]
        nn.Sequential.__init__(self, *layers)


def of_equal_size(in_features, hidden, out_features, layers):
    """Make an MLP of so many equal hidden layers, with about as many weights as one with layers ``hidden``."""
    size = _weights(in_features, *hidden, out_features)
    widths = range(1, size)
    width = min(widths, key=lambda h: abs(_weights(in_features, *[h] * layers, out_features) - size))
    return MLP(in_features, (width,) * layers, out_features)


def _weights(*widths):
    return sum((fan_in + 1) * fan_out for fan_in, fan_out in zip(widths, widths[1:]))


@dataclass(frozen=True)
class PerRow:
    """One hidden layer, with so many weights for each training row."""

    share: float

    def __call__(self, frame, splits, seeds, lengths, metric=rmse):
        width = round(self.share * len(splits[0][0]) / (frame.shape[1] + 1))
        return Recipe().but(hidden=(width,))(frame, splits, seeds, lengths, metric)


@dataclass(frozen=True)
class Averaged:
    """The mean prediction of so many networks that differ in nothing but their seed."""

    recipe: Recipe
    members: int

    def __call__(self, frame, splits, seeds, lengths, metric=rmse):
        scaled = self.recipe.scale(frame, splits)  # type: ignore[operator]
        X, y, unit = (part.repeat_interleave(self.members, 0) for part in scaled)
        make = partial(self.recipe.make, X.shape[-1], **self.recipe.network)  # type: ignore
        splits_of_all = [split for split in splits for _ in range(self.members)]
        seeds_of_all = [100 * seed + member for seed in seeds for member in range(self.members)]
        run = fit_splits(
            make, (X, y, unit), splits_of_all, seeds_of_all, epochs=max(lengths), checkpoints=lengths,
            progress=False, **self.recipe.training,
        )  # fmt: skip
        errors = torch.empty(2, len(splits), len(lengths))
        for j, length in enumerate(lengths):
            mean = run.at(length).predictions.view(len(splits), self.members, *y.shape[1:]).mean(1)
            for i, (_, validation, test) in enumerate(splits):
                for on, rows in enumerate((test, validation)):
                    errors[on, i, j] = metric(mean[i, rows], scaled[1][i, rows]) * scaled[2][i]
        return tuple(errors)


@dataclass(frozen=True)
class BestOf:
    """Several recipes; each split takes the one whose error on its validation rows is lowest at that length."""

    recipes: tuple

    def __call__(self, frame, splits, seeds, lengths, metric=rmse):
        test, validation = self._all(frame, splits, seeds, lengths, metric)
        best = _lowest(validation)
        return test.gather(0, best)[0], validation.gather(0, best)[0]

    def picks(self, frame, splits, seeds, lengths, metric=rmse):
        """Return which recipe each split takes at each length: int tensor (splits, lengths)."""
        return _lowest(self._all(frame, splits, seeds, lengths, metric)[1])[0]

    def _all(self, *options):
        runs = [recipe(*options) for recipe in self.recipes]
        return tuple(torch.stack(errors) for errors in zip(*runs))


def _lowest(errors):
    return errors.nan_to_num(torch.inf).argmin(0, keepdim=True)  # a run that diverged is the worst


@dataclass(frozen=True)
class Longer:
    """A recipe trained for more epochs than the comparison says: ``times`` as many; or, where that is None, as many
    *steps* as it would have taken with batches of 32.
    """

    recipe: Recipe
    times: float | None = None

    def __call__(self, frame, splits, seeds, lengths, metric=rmse):
        rows, times = len(splits[0][0]), self.times
        if times is None:
            times = -(-rows // 32) / -(-rows // self.recipe.training["batch_size"])
        return self.recipe(frame, splits, seeds, [round(times * length) for length in lengths], metric)


@dataclass(frozen=True)
class Stopping:
    """A recipe that goes back to the best of the lengths so far, by its validation rows."""

    recipe: Recipe

    def __call__(self, frame, splits, seeds, lengths, metric=rmse):
        test, validation = self.recipe(frame, splits, seeds, lengths, metric)
        best = torch.stack([validation[:, : j + 1].argmin(1) for j in range(len(lengths))], 1)
        return test.gather(1, best), validation.gather(1, best)


@dataclass(frozen=True)
class OnAllRows:
    """A recipe that sets no rows aside: it learns from the validation rows too, and stops where it is told to."""

    recipe: Recipe

    def __call__(self, frame, splits, seeds, lengths, metric=rmse):
        whole = [(np.concatenate(split[:2]), *split[1:]) for split in splits]
        test, _ = self.recipe(frame, whole, seeds, lengths, metric)
        return test, -torch.arange(len(lengths)).expand_as(test).float()


@dataclass(frozen=True)
class OtherSeeds:
    """A recipe from other seeds, on the same splits."""

    recipe: Recipe

    def __call__(self, frame, splits, seeds, lengths, metric=rmse):
        return self.recipe(frame, splits, [seed + 500 for seed in seeds], lengths, metric)


@dataclass(frozen=True)
class Measured:
    """A recipe with a measure of its own."""

    recipe: Recipe
    metric: object

    def __call__(self, frame, splits, seeds, lengths, metric=None):
        return self.recipe(frame, splits, seeds, lengths, self.metric)


@dataclass(frozen=True)
class Missing:
    """How far a cross-validation of least squares within the training rows is from its error on the test rows."""

    folds: int

    def __call__(self, frame, splits, seeds, lengths, metric=rmse):
        table, misses = torch.from_numpy(frame.to_numpy()), []
        X = torch.cat([table[:, :-1], torch.ones(len(table), 1, dtype=table.dtype)], 1)
        for split in splits:
            train = np.concatenate(split[:-1])
            pairs = [(train[fit], train[score]) for fit, score in KFold(self.folds).split(train)]
            pairs.append((train, split[-1]))
            scores = []
            for fit, score in pairs:
                w = torch.linalg.lstsq(X[fit], table[fit, -1:], driver="gelsd").solution
                scores.append(metric(X[score] @ w, table[score, -1:]))
            misses.append((torch.stack(scores[:-1]).mean() - scores[-1]).abs())
        misses = torch.stack(misses)[:, None].expand(-1, len(lengths)).float()
        return misses, misses


def _madgrad(parameters, lr):
    from madgrad import MADGRAD  # a package of the book, not one that helpers asks for

    return MADGRAD(parameters, lr=lr)


def _rates(optimizer, rates):
    return BestOf(tuple(Recipe().but(optimizer=partial(optimizer, lr=rate)) for rate in rates))


USUAL = Recipe()
SLOW = USUAL.but(optimizer=partial(torch.optim.Adam, lr=1e-3))  # PyTorch's own rate
SGD = partial(torch.optim.SGD, momentum=0.9)
CLASSES = USUAL.but(out_features=3, loss=nn.CrossEntropyLoss(), scale=thirds)
SLOW_START = partial(torch.optim.lr_scheduler.LinearLR, start_factor=0.01, total_iters=35)

RECIPES = {
    "usual": USUAL,
    "dropout 0.5": USUAL.but(dropout=0.5),
    "weight decay": USUAL.but(optimizer=partial(torch.optim.AdamW, lr=3e-3, weight_decay=0.01)),
    "batch normalisation": USUAL.but(make=NormalisedMLP),
    "sigmoid": USUAL.but(activation=nn.Sigmoid),
    "Kaiming": USUAL.but(make=KaimingMLP),
    "one layer": USUAL.but(make=of_equal_size, layers=1),
    "four layers": USUAL.but(make=of_equal_size, layers=4),
    "three times as wide": USUAL.but(hidden=(150, 90)),
    "a quarter of a weight per row": PerRow(0.25),
    "a weight per row": PerRow(1),
    "ten weights per row": PerRow(10),
    "five averaged": Averaged(USUAL, 5),
    "a straight line": Fixed(LinearRegression()),
    "a forest": Fixed(RandomForestRegressor(random_state=0)),
    "boosted trees": Fixed(GradientBoostingRegressor(random_state=0)),
    "standardised": USUAL.but(scale=standardised),
    "scaled on all rows": USUAL.but(scale=peeking),
    "twice as long": Longer(USUAL, 2),
    "on all rows": OnAllRows(USUAL),
    "stopped early": Stopping(USUAL),
    "batch of 128": USUAL.but(batch_size=128),
    "batch of 128, as many steps": Longer(USUAL.but(batch_size=128)),
    "SGD at 0.03": USUAL.but(optimizer=partial(SGD, lr=0.03)),
    "SGD at 0.12, batch of 128": USUAL.but(optimizer=partial(SGD, lr=0.12), batch_size=128),
    "warm-up": USUAL.but(scheduler=SLOW_START, step_scheduler="batch"),
    "Adam, rate chosen": _rates(torch.optim.Adam, (1e-3, 3e-3, 1e-2, 3e-2, 1e-1)),
    "SGD, rate chosen": _rates(SGD, (1e-2, 3e-2, 1e-1, 3e-1, 1)),
    "MADGRAD, rate chosen": _rates(_madgrad, (1e-3, 3e-3, 1e-2, 3e-2, 1e-1)),
    "Adam at 0.001, width chosen": BestOf(
        tuple(SLOW.but(hidden=hidden) for hidden in ((6, 4), (12, 8), (25, 15), (50, 30), (100, 60)))
    ),
    "another seed": OtherSeeds(USUAL),
    "three folds": Missing(3),
    "ten folds": Missing(10),
    "logits": Measured(CLASSES, misread),
    "probabilities": Measured(CLASSES.but(output_activation=partial(nn.Softmax, dim=-1)), misread),
}


@dataclass(frozen=True)
class Saying:
    """What is said, and how it is put to the test: ``new`` against ``usual``, two of ``RECIPES``.

    If the saying is right, ``new`` has an error that is lower than the usual one's, higher, or the same.
    """

    words: str
    expects: str
    new: str
    usual: str = "usual"
    n: int = N


TUNED = "Adam, rate chosen"
SEEDS = "seeds"  # the one saying about pairs, not about their mean

SAYINGS = {
    "dropout": Saying("Dropout helps", "lower", "dropout 0.5"),
    "batch norm": Saying("Batch normalisation helps", "lower", "batch normalisation"),
    "decay": Saying("Weight decay helps", "lower", "weight decay"),
    "ensemble": Saying("An ensemble beats a single network", "lower", "five averaged"),
    "deep": Saying("Deep beats wide", "lower", "four layers", "one layer"),
    "big": Saying("Bigger networks overfit", "higher", "three times as wide"),
    "peak": Saying("First bigger gets worse …", "higher", "a weight per row", "a quarter of a weight per row"),
    "descent": Saying("… and then better again", "lower", "ten weights per row", "a weight per row"),
    "sigmoid": Saying("Never use sigmoid", "higher", "sigmoid"),
    "Kaiming": Saying("ReLU needs Kaiming initialisation", "lower", "Kaiming"),
    "rows": Saying("You need thousands of rows", "higher", "usual", "a straight line"),
    "forest": Saying("Trees beat networks on tables: a forest", "lower", "a forest", TUNED),
    "boosting": Saying("Trees beat networks on tables: boosted", "lower", "boosted trees", TUNED),
    "centred": Saying("Inputs with mean zero train better", "lower", "standardised"),
    "leak": Saying("Scaling on all rows flatters the score", "lower", "scaled on all rows"),
    "epochs": Saying("More epochs overfit", "higher", "twice as long"),
    "stopping": Saying("Early stopping is a free lunch", "lower", "stopped early", "on all rows"),
    "warm-up": Saying("Warm-up helps", "lower", "warm-up"),
    "batch": Saying("A bigger batch is just faster", "same", "batch of 128"),
    "batch steps": Saying("Large batches generalise worse", "higher", "batch of 128, as many steps"),
    "batch rate": Saying("Batch times four, rate times four", "same", "SGD at 0.12, batch of 128", "SGD at 0.03"),
    "rate": Saying("Tune the learning rate first", "lower", TUNED, "Adam at 0.001, width chosen"),
    "Adam": Saying("Adam generalises worse than SGD", "higher", TUNED, "SGD, rate chosen"),
    "MADGRAD, Adam": Saying("MADGRAD beats Adam", "lower", "MADGRAD, rate chosen", TUNED),
    "MADGRAD, SGD": Saying("MADGRAD beats SGD", "lower", "MADGRAD, rate chosen", "SGD, rate chosen"),
    "seeds": Saying("The seed hardly matters", "same", "another seed"),
    "folds": Saying("Three folds are enough", "same", "ten folds", "three folds", n=300),
    "probabilities": Saying("Cross-entropy wants probabilities", "lower", "probabilities", "logits"),
}  # fmt: skip


def try_recipes(names, tables, lengths=LENGTHS, n=N, progress=True):
    """Compare some of ``RECIPES``, on tables given by their names, as the map does: a ``Comparison``.

    Examples
    --------
    >>> try_recipes(["usual", "dropout 0.5"], ["yacht"], lengths=[1, 2], n=3)
    Comparison of dropout 0.5 with usual on yacht, 3 splits each, after 1, 2 epochs
    """
    frames = {name: load_table(name) for name in tables}
    arms = {name: RECIPES[name] for name in names}
    return compare(
        arms, frames, lengths=lengths, n=n, seed=CHAPTER, most_rows=MOST_ROWS, progress=progress
    )  # fmt: skip


def try_saying(key, tables=tuple(TABLES), lengths=LENGTHS, n=None, progress=True):
    """Put one of ``SAYINGS`` to the test, as the map did: a ``Comparison``.

    Parameters
    ----------
    key : str
        A key of ``SAYINGS``.
    tables : sequence of str
        Names of tables, keys of ``TABLES``.
    lengths : increasing sequence of ints
        Epochs after which errors are taken.
    n : int, optional
        Splits of each table, each with a seed of its own; as many as in the map by default.

    Raises
    ------
    ValueError
        If there is no such saying or table, and as ``compare``.

    Examples
    --------
    >>> try_saying("dropout", ["yacht"], lengths=[1, 2], n=3)
    Comparison of dropout 0.5 with usual on yacht, 3 splits each, after 1, 2 epochs
    """
    saying = _known(key)
    return try_recipes([saying.usual, saying.new], tables, lengths, n or saying.n, progress)


def to_rows(key, run):
    """Write what a comparison says of a saying, a row for each table and length, as in the map.

    Parameters
    ----------
    key : str
        A key of ``SAYINGS``.
    run : Comparison
        It has the two arms of the saying, or more.

    Returns
    -------
    DataFrame
        ``saying``, ``table``, ``length`` (epochs, or "stopped"); ``usual``, the usual arm's mean error in the
        target's unit; ``mean``, ``se`` and ``n`` of the paired changes in percent of it; of the pairs, ``below``,
        the share in which the new arm had the lower error, and ``beyond``, that in which the two were more than
        one percent apart; ``reading``, the verdict by the book's rule. Of the seeds nobody expects a *mean* change:
        there the reading is *same* if most pairs surely are within one percent, and *higher* if most surely are not.

    Examples
    --------
    >>> rows = to_rows("dropout", try_saying("dropout", ["yacht"], lengths=[1, 2], n=3))
    >>> rows[["saying", "table", "length"]].values.tolist()
    [['dropout', 'yacht', 1], ['dropout', 'yacht', 2], ['dropout', 'yacht', 'stopped']]
    """
    saying, rows = _known(key), []
    for table in run.tables:
        for length in (*run.lengths, STOPPED):
            usual, new = (run.at(length, arm, table) for arm in (saying.usual, saying.new))
            change = run.change(length, table, saying.new, saying.usual)
            beyond = (100 * (new - usual).abs() / usual.mean() > SAME).float().mean().item()
            row = dict(saying=key, table=table, length=length, usual=_rounded(usual.mean().item()))
            row |= dict(mean=_rounded(change.mean), se=_rounded(change.se), n=change.n)
            row |= dict(below=round((new < usual).float().mean().item(), 3), beyond=round(beyond, 3))
            rows.append(row | {"reading": _reading(row)})
    return pd.DataFrame(rows)


def _known(key):
    if key not in SAYINGS:
        raise ValueError(f"there is no saying {key!r}; key must be one of {', '.join(map(repr, SAYINGS))}")
    return SAYINGS[key]


def _rounded(number):
    return float(f"{number:.4g}")


def _reading(row):
    if row["saying"] == SEEDS:
        beyond = row["beyond"]
        most = Share(beyond, (beyond * (1 - beyond) / row["n"]) ** 0.5, row["n"])
        return "higher" if most > 0.5 else "same" if most < 0.5 else "unclear"
    return Estimate(row["mean"], row["se"], row["n"]).reading(SAME)


def load_map():
    """Return what came of all sayings on all tables at all lengths, as ``make sayings`` computed it.

    Returns
    -------
    DataFrame
        Rows as ``to_rows`` gives them.

    Examples
    --------
    >>> results = load_map()
    >>> set(results["saying"]) == set(SAYINGS), set(results["table"]) == set(TABLES)
    (True, True)
    """
    results = pd.read_csv(files("helpers") / FILE, comment="#")
    lengths = [length if length == STOPPED else int(length) for length in results["length"]]
    return results.assign(length=pd.Series(lengths, dtype=object))
