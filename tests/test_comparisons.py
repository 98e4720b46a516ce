"""Comparisons over training length: what they pair, what they say, and what they refuse."""

from functools import partial

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import ShuffleSplit
from torch import nn

from helpers.comparisons import STOPPED, Comparison, Fixed, Recipe, compare
from helpers.data import load_boston, load_diabetes, scale_splits
from helpers.ensembles import fit_splits
from helpers.models import MLP
from helpers.training import rmse
from helpers.validation import hold_out

TABLES = {"Boston": load_boston()}
LENGTHS = [1, 3]
SGD = partial(torch.optim.SGD, lr=0.1)


@pytest.fixture(scope="module")
def run():
    usual = Recipe()
    arms = {"usual": usual, "narrow": usual.but(hidden=(5,)), "line": Fixed(LinearRegression())}
    return compare(arms, TABLES, lengths=LENGTHS, n=4, seed=7, progress=False)


def splits_of(frame, n, seed):
    rows = len(frame)
    draw = ShuffleSplit(n, train_size=rows - rows // 2, test_size=rows // 2, random_state=seed)
    return hold_out(list(draw.split(frame)), 0.2, seed)


def test_an_arm_is_trained_as_if_it_were_alone(run):
    splits = splits_of(TABLES["Boston"], 4, 7)
    scaled = scale_splits(TABLES["Boston"], splits)
    alone = fit_splits(
        partial(MLP, 13, (5,), 1), scaled, splits, range(7000, 7004), epochs=3,
        optimizer=partial(torch.optim.Adam, lr=3e-3),
    )  # fmt: skip
    assert torch.allclose(run.at(3, "narrow", "Boston"), alone.errors(), rtol=1e-5)


def test_each_length_is_of_one_run(run):
    splits = splits_of(TABLES["Boston"], 4, 7)
    short = Recipe().but(hidden=(5,))(TABLES["Boston"], splits, range(7000, 7004), [1])
    assert torch.allclose(run.at(1, "narrow", "Boston"), short[0][:, 0], rtol=1e-5)


def test_a_model_of_sklearn_learns_from_all_rows_that_are_not_test_rows(run):
    table = TABLES["Boston"].to_numpy()
    for i, split in enumerate(splits_of(TABLES["Boston"], 4, 7)):
        rows = np.concatenate(split[:2])
        guess = LinearRegression().fit(table[rows, :-1], table[rows, -1]).predict(table[split[2], :-1])
        error = rmse(torch.tensor(guess), torch.tensor(table[split[2], -1]))
        assert torch.allclose(run.at(1, "line", "Boston")[i], error.float())
    assert torch.equal(run.at(1, "line", "Boston"), run.at(STOPPED, "line", "Boston"))


def test_where_it_stops_is_where_its_validation_rows_were_best():
    def recipe(frame, splits, seeds, lengths, metric):
        on_test = torch.arange(1.0, 1 + len(seeds) * len(lengths)).view(len(seeds), -1)
        return on_test, on_test.flip(1)

    run = compare({"a": recipe, "b": recipe}, TABLES, lengths=[1, 2, 4], n=2)
    assert torch.equal(run.at(STOPPED, "a", "Boston"), run.at(4, "a", "Boston"))


def test_a_change_is_of_pairs_and_in_percent_of_the_usual_mean(run):
    usual, new = (run.at(3, arm, "Boston").double() for arm in ("usual", "narrow"))
    change, pairs = run.change(3, "Boston", "narrow"), 100 * (new - usual) / usual.mean()
    assert change.mean == pytest.approx(pairs.mean().item(), rel=1e-4)
    assert change.se == pytest.approx(pairs.std().item() / 2, rel=1e-3)
    assert run.change(3, "Boston", "narrow", percent=False).mean == pytest.approx(
        (new - usual).mean().item(), rel=1e-4
    )
    assert run.change(3, "Boston", "narrow", new_rows=True).se == pytest.approx(change.se * (1 + 4) ** 0.5)


def made(**means):
    """A comparison of one table with these changes, in percent, after each length; certain ones."""
    lengths = [10, 20, 40][: len(next(iter(means.values())))]
    noise = torch.tensor([-0.01, 0.01])[:, None]
    errors = {("usual", table): torch.full((2, len(lengths)), 100.0) for table in means}
    errors |= {("new", table): 100 + torch.tensor(change) + noise for table, change in means.items()}
    chosen = {key: torch.zeros(2, dtype=torch.int64) for key in errors}
    return Comparison(["usual", "new"], list(means), lengths, errors, chosen, 1.0)


@pytest.mark.parametrize(
    "changes, words",
    [
        ([3.0, 3.0, 3.0], "higher at every length"),
        ([3.0, 0.0, -3.0], "higher up to 10 epochs, same from 20, lower from 40"),
        ([-3.0, -3.0, 0.0], "lower up to 20 epochs, same from 40"),
    ],
)
def test_the_verdict_says_for_how_long(changes, words):
    assert made(wine=changes).verdict("wine") == words


def test_the_table_and_the_frame_say_the_same():
    run = made(wine=[3.0, 0.0], yacht=[-3.0, 3.0])
    assert run.readings("wine") == {10: "higher", 20: "same", STOPPED: "higher"}
    assert run.table().loc["wine", 10].endswith("higher")
    frame = run.frame().set_index(["table", "length"])
    assert frame.loc[("yacht", 10), "reading"] == "lower"
    assert frame.loc[("yacht", 0), "mean"] == pytest.approx(-3)
    assert len(frame) == 2 * 3


def test_the_drawing_shows_the_rule(run):
    ax = run.draw("narrow")
    assert [line.get_label() for line in ax.lines if not line.get_label().startswith("_")] == ["Boston"]
    low, high = run.change(1, "Boston", "narrow").band()
    band = ax.collections[0].get_datalim(ax.transData)
    assert band.y0 <= low + 1e-6 and band.y1 >= high - 1e-6


def test_of_a_large_table_some_rows_are_drawn():
    seen = []

    def recipe(frame, splits, seeds, lengths, metric):
        seen.extend(splits)
        return torch.ones(2, 1), torch.ones(2, 1)

    compare({"a": recipe, "b": recipe}, {"diabetes": load_diabetes()}, lengths=[1], n=2, most_rows=100)
    assert [sum(map(len, split)) for split in seen] == [100] * 4
    assert not np.array_equal(seen[0][2], seen[1][2])


def test_recipes_change_one_thing():
    usual = Recipe()
    other = usual.but(dropout=0.5, batch_size=8, optimizer=SGD, make=nn.Linear)
    assert other.network == usual.network | {"dropout": 0.5}
    assert other.training == {"optimizer": SGD, "batch_size": 8} and other.make is nn.Linear
    assert usual == Recipe()


ARMS = {"a": Recipe(), "b": Recipe()}


@pytest.mark.parametrize(
    "wrong, says, right",
    [
        ({"arms": {"a": Recipe()}}, "arms", {"arms": ARMS}),
        ({"tables": load_boston()}, "tables", {"tables": TABLES}),
        ({"lengths": [4, 2]}, "lengths", {"lengths": [2, 4]}),
        ({"lengths": []}, "lengths", {"lengths": [5, 10, 20, 40]}),
        ({"n": 1}, "n must", {"n": 2}),
        ({"validation": 0}, "share", {"validation": 0.2}),
    ],
)
def test_what_is_wrong_is_named_and_the_advice_works(wrong, says, right):
    def constant(frame, splits, seeds, lengths, metric):
        return torch.ones(len(seeds), len(lengths)), torch.ones(len(seeds), len(lengths))

    options = {"arms": {"a": constant, "b": constant}, "tables": TABLES, "lengths": [1], "n": 2}
    with pytest.raises((TypeError, ValueError), match=says):
        compare(**options | wrong)
    compare(**options | {name: value for name, value in right.items() if name != "arms"})


def test_names_that_are_not_there(run):
    with pytest.raises(ValueError, match="narrow.*Boston"):
        run.at(1, "wide", "Boston")
    with pytest.raises(ValueError, match=r"\[1, 3\]"):
        run.at(2, "narrow", "Boston")
