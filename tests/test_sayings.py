"""The map of sayings: whole, of this code, and the same where a part of it is computed again."""

import random
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold, ShuffleSplit, cross_val_score
from torch import nn

from helpers import sayings
from helpers.comparisons import STOPPED, Fixed, Recipe
from helpers.data import TABLES, load_table, scale_splits
from helpers.ensembles import fit_splits
from helpers.models import MLP
from helpers.sayings import LENGTHS, RECIPES, SAYINGS, load_map, to_rows, try_recipes, try_saying
from helpers.training import rmse
from helpers.validation import Estimate, hold_out
from tools import ROOT
from tools.publishing import sayings as command

YACHT = load_table("yacht")
SPLITS = hold_out(list(ShuffleSplit(3, test_size=0.5, random_state=1).split(YACHT)), 0.2, 1)
SEEDS = [4, 5, 6]
QUICK = Recipe().but(hidden=(5,))


@pytest.fixture(scope="module")
def results():
    return load_map()


# --- the stored map ------------------------------------------------------------------------------------------


def test_the_map_is_of_this_code():
    first = command.PLACE.read_text(encoding="utf-8").partition("\n")[0]
    assert first.startswith(f"# stamp {command.stamp()}:"), (
        "helpers/sayings.py or helpers/comparisons.py changed since the map was computed: make sayings"
    )


def test_the_map_is_whole(results):
    every = [(key, table, length) for key in SAYINGS for table in TABLES for length in (*LENGTHS, STOPPED)]
    assert list(results[["saying", "table", "length"]].itertuples(index=False, name=None)) == every
    assert np.isfinite(results[["usual", "mean", "se", "n", "below", "beyond"]].to_numpy(dtype=float)).all()
    assert (results["n"] == results["saying"].map({key: saying.n for key, saying in SAYINGS.items()})).all()


def test_each_reading_is_by_the_book_s_rule(results):
    means = results[results["saying"] != sayings.SEEDS]
    assert [Estimate(r.mean, r.se, r.n).reading(1.0) for r in means.itertuples(index=False)] == list(
        means["reading"]
    )


def test_what_has_no_training_length_is_the_same_at_each(results):
    folds = results[results["saying"] == "folds"].groupby("table")["mean"]
    assert (folds.nunique() == 1).all()


@pytest.mark.parametrize("part", range(3))
def test_a_part_of_the_map_computed_again_is_the_same(part, results):
    # Another part at each run: in time all of it.
    key, table = random.choice(list(SAYINGS)), random.choice(list(TABLES))
    lengths = LENGTHS[:2]  # each length is of one run, so the shortest are what the long run had
    again = to_rows(key, try_saying(key, [table], lengths, progress=False)).set_index("length")
    stored = results[(results["saying"] == key) & (results["table"] == table)].set_index("length")
    for length in lengths:
        now, then = again.loc[length], stored.loc[length]
        assert now["n"] == then["n"]
        assert abs(now["mean"] - then["mean"]) <= max(then["se"], 0.01), (key, table, length)
        assert then["se"] / 1.3 - 0.01 <= now["se"] <= then["se"] * 1.3 + 0.01
        assert now["usual"] == pytest.approx(then["usual"], rel=0.02)


def test_the_stamp_follows_what_is_computed_and_nothing_else(tmp_path):
    (tmp_path / "helpers").mkdir()
    code = {
        name: (ROOT / "helpers" / f"{name}.py").read_text(encoding="utf-8") for name in command.NOT_STAMPED
    }

    def stamp(**changed):
        for name, text in (code | changed).items():
            (tmp_path / "helpers" / f"{name}.py").write_text(text, encoding="utf-8")
        return command.stamp(tmp_path)

    def other(name, old, new):
        assert code[name].count(old) == 1, old
        return stamp(**{name: code[name].replace(old, new)})

    assert stamp() == command.stamp()
    for name, old, new in (
        ("sayings", "USUAL.but(dropout=0.5)", "USUAL.but(dropout=0.4)"),
        ("sayings", "MOST_ROWS = 500", "MOST_ROWS = 400"),
        ("sayings", "start_factor=0.01", "start_factor=0.1"),
        ("comparisons", "seeds = range(1000 * seed, 1000 * seed + n)", "seeds = range(seed, seed + n)"),
        ("comparisons", "partial(torch.optim.Adam, lr=3e-3)", "partial(torch.optim.Adam, lr=1e-3)"),
    ):
        assert other(name, old, new) != command.stamp(), old
    for name, old, new in (
        ("sayings", '"Dropout helps"', '"Dropout always helps"'),
        ("sayings", "# PyTorch's own rate", "# slow"),
        ("comparisons", 'ax.set(xscale="log"', 'ax.set(xscale="linear"'),
    ):
        assert other(name, old, new) == command.stamp(), old


def test_the_parts_of_the_command_are_all_that_is_needed():
    done = {(table, name, n) for table, names, n in command.parts() for name in names}
    needed = {
        (table, name, saying.n)
        for saying in SAYINGS.values() for name in (saying.usual, saying.new) for table in TABLES
    }  # fmt: skip
    assert done == needed and all(len(names) > 1 for _, names, _ in command.parts())


def test_the_command_puts_the_parts_together(monkeypatch):
    chosen = {key: SAYINGS[key] for key in ("dropout", "rows", "folds")}
    monkeypatch.setattr(sayings, "SAYINGS", chosen)
    monkeypatch.setattr(sayings, "LENGTHS", [1, 2])
    monkeypatch.setattr(command, "TABLES", {"yacht": TABLES["yacht"]})
    runs = [
        (n, try_recipes(names, [table], [1, 2], n=3, progress=False)) for table, names, n in command.parts()
    ]
    rows = command.assemble(runs)
    assert list(rows["saying"].unique()) == list(chosen) and len(rows) == 3 * 3
    alone = to_rows("rows", try_saying("rows", ["yacht"], [1, 2], n=3, progress=False))
    assert rows[rows["saying"] == "rows"]["mean"].tolist() == alone["mean"].tolist()
    text = command.written(rows)
    assert text.startswith("# stamp ") and text.count("\n") == 2 + len(rows)


# --- recipes -------------------------------------------------------------------------------------------------


def trained(make, splits, seeds, epochs, **options):
    scaled = scale_splits(YACHT, splits)
    options = {"optimizer": partial(torch.optim.Adam, lr=3e-3)} | options
    return fit_splits(make, scaled, splits, seeds, epochs=epochs, progress=False, **options), scaled


def test_averaged_networks_answer_with_their_mean():
    errors, validation = sayings.Averaged(QUICK, 2)(YACHT, SPLITS, SEEDS, [1, 3])
    for i, seed in enumerate(SEEDS):
        run, (_, y, unit) = trained(
            partial(MLP, 6, (5,), 1), [SPLITS[i]] * 2, [100 * seed, 100 * seed + 1], 3
        )
        mean = run.predictions.mean(0)
        for found, rows in ((errors, SPLITS[i][2]), (validation, SPLITS[i][1])):
            assert torch.allclose(found[i, 1], rmse(mean[rows], y[0, rows]) * unit[0], rtol=1e-5)


def made(test, validation):
    return lambda *_: (torch.tensor(test), torch.tensor(validation))


def test_the_best_of_several_is_by_validation_rows_at_each_length():
    a = made([[1.0, 2.0], [3.0, 4.0]], [[0.1, 0.9], [0.5, torch.nan]])
    b = made([[5.0, 6.0], [7.0, 8.0]], [[0.2, 0.8], [0.4, 0.7]])
    best = sayings.BestOf((a, b))
    test, validation = best(None, None, None, None)
    assert test.tolist() == [[1.0, 6.0], [7.0, 8.0]]
    assert torch.allclose(validation, torch.tensor([[0.1, 0.8], [0.4, 0.7]]))
    assert best.picks(None, None, None, None).tolist() == [[0, 1], [1, 1]]


def test_who_stops_early_goes_back_to_the_best_so_far():
    stopping = sayings.Stopping(made([[1.0, 2.0, 3.0]], [[0.5, 0.4, 0.6]]))
    assert stopping(None, None, None, [1, 2, 3])[0].tolist() == [[1.0, 2.0, 2.0]]


def test_longer_is_that_many_epochs_or_as_many_steps():
    seen = []
    recipe = sayings.Longer(lambda *options: seen.append(options[3]), 2)
    recipe(YACHT, SPLITS, SEEDS, [1, 5])
    assert seen == [[2, 10]]
    rows = len(SPLITS[0][0])
    assert (rows, -(-rows // 32), -(-rows // 128)) == (123, 4, 1)
    large = QUICK.but(batch_size=128)
    found = sayings.Longer(large)(YACHT, SPLITS, SEEDS, [1, 2])
    assert torch.equal(found[0], large(YACHT, SPLITS, SEEDS, [4, 8])[0])


def test_on_all_rows_nothing_is_set_aside():
    whole = [(np.concatenate(split[:2]), split[2]) for split in SPLITS]
    run, _ = trained(partial(MLP, 6, (5,), 1), whole, SEEDS, 2)
    test, validation = sayings.OnAllRows(QUICK)(YACHT, SPLITS, SEEDS, [1, 2])
    assert torch.allclose(test[:, 1], run.errors(), rtol=1e-5)
    assert validation.argmin(1).tolist() == [1, 1, 1]  # the last length


def test_other_seeds_on_the_same_splits():
    again = sayings.OtherSeeds(QUICK)(YACHT, SPLITS, SEEDS, [1])[0]
    assert torch.equal(again, QUICK(YACHT, SPLITS, [seed + 500 for seed in SEEDS], [1])[0])
    assert not torch.equal(again, QUICK(YACHT, SPLITS, SEEDS, [1])[0])


@pytest.mark.parametrize("share", [0.25, 1, 10])
@pytest.mark.parametrize("table", ["yacht", "power_plant", "boston"])
def test_a_layer_has_so_many_weights_for_each_row(share, table, monkeypatch):
    made = []
    monkeypatch.setattr(Recipe, "__call__", lambda self, frame, *_: made.append(self.network["hidden"]))
    frame, rows = load_table(table), [(np.arange(200), None, None)]
    sayings.PerRow(share)(frame, rows, [0], [1])
    weights = sum(p.numel() for p in MLP(frame.shape[1] - 1, made[0], 1).parameters())
    assert weights == pytest.approx(200 * share, abs=frame.shape[1] / 2 + 2)


@pytest.mark.parametrize("layers", [1, 4])
@pytest.mark.parametrize("features", [4, 13])
def test_deep_and_wide_are_of_equal_size(layers, features):
    network = sayings.of_equal_size(features, (50, 30), 1, layers)
    count = [sum(p.numel() for p in model.parameters()) for model in (network, MLP(features, (50, 30), 1))]
    assert sum(isinstance(layer, nn.ReLU) for layer in network) == layers
    assert count[0] == pytest.approx(count[1], rel=0.05)


def test_kaiming_changes_the_hidden_weights_and_nothing_else():
    torch.manual_seed(0)
    usual = MLP(200, (300, 30), 1)
    torch.manual_seed(0)
    kaiming = sayings.KaimingMLP(200, (300, 30), 1)
    same = [torch.equal(a, b) for a, b in zip(usual.parameters(), kaiming.parameters())]
    assert same == [False, True, False, True, True, True]
    assert kaiming[0].weight.std().item() == pytest.approx((2 / 200) ** 0.5, rel=0.02)


def test_batch_normalisation_stands_before_each_relu():
    kinds = [type(layer).__name__ for layer in sayings.NormalisedMLP(3, (4, 2), 1)]
    assert kinds == ["Linear", "BatchNorm1d", "ReLU", "Linear", "BatchNorm1d", "ReLU", "Linear"]


def test_standardised_features():
    X, y, unit = sayings.standardised(YACHT, SPLITS)
    train = X[1, SPLITS[1][0]]
    assert torch.allclose(train.mean(0), torch.zeros(6), atol=1e-5)
    assert torch.allclose(train.std(0), torch.ones(6), atol=1e-5)
    assert torch.equal(y, scale_splits(YACHT, SPLITS)[1])


def test_peeking_sees_every_row_and_the_others_do_not():
    X, y, _ = sayings.peeking(YACHT, SPLITS)
    assert y.amax((1, 2)).tolist() == [1.0] * 3 and y.amin((1, 2)).tolist() == [0.0] * 3
    own = scale_splits(YACHT, SPLITS)[1]
    assert own.max() > 1


def test_thirds_are_cut_by_training_rows():
    _, labels, unit = sayings.thirds(YACHT, SPLITS)
    for i, (rows, *_) in enumerate(SPLITS):
        counts = labels[i, rows].bincount()
        assert counts.min() >= len(rows) // 3 - 1 and counts.max() <= len(rows) // 3 + 1
        order = YACHT.iloc[:, -1].to_numpy()
        assert order[labels[i].numpy() == 0].max() <= order[labels[i].numpy() == 1].min()
    assert sayings.misread(torch.eye(3), torch.tensor([0, 1, 0])) == pytest.approx(1 / 3)
    assert unit.tolist() == [100.0] * 3


def test_how_far_folds_miss():
    misses, _ = sayings.Missing(3)(YACHT, SPLITS, SEEDS, [1])
    for miss, split in zip(misses[:, 0], SPLITS):
        train, table = np.concatenate(split[:2]), YACHT.to_numpy()
        X, y = table[:, :-1], table[:, -1]
        inside = -cross_val_score(
            LinearRegression(), X[train], y[train], cv=KFold(3), scoring="neg_root_mean_squared_error"
        ).mean()
        outside = Fixed(LinearRegression())(YACHT, [split], [0], [1])[0].item()
        assert miss.item() == pytest.approx(abs(inside - outside), rel=1e-4)


def test_the_seeds_are_judged_by_pairs():
    def row(beyond):
        return {"saying": "seeds", "mean": 0.0, "se": 0.1, "n": 100, "beyond": beyond}

    found = [sayings._reading(row(share)) for share in (0.0, 0.3, 0.45, 0.9, 1.0)]
    assert found == ["same", "same", "unclear", "higher", "higher"]


def test_what_is_not_there_is_named():
    with pytest.raises(ValueError, match="no saying 'luck'; key must be one of 'dropout'"):
        try_saying("luck")
    with pytest.raises(ValueError, match="no table 'moon'"):
        try_saying("dropout", ["moon"], [1], 2)


def test_every_saying_names_recipes_and_a_direction():
    for saying in SAYINGS.values():
        assert {saying.usual, saying.new} <= set(RECIPES) and saying.usual != saying.new
        assert saying.expects in ("lower", "higher", "same")
    assert len({saying.words for saying in SAYINGS.values()}) == len(SAYINGS) >= 18
    assert isinstance(load_map(), pd.DataFrame)
