"""What a chapter writes out and what helpers holds are the same thing.

The code is taken from the chapter itself, so that a change of either is noticed.
"""

from functools import partial
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.model_selection import ShuffleSplit
from sklearn.preprocessing import MinMaxScaler
from torch.utils.data import DataLoader, TensorDataset

from helpers import comparisons, data, ensembles, models, training, validation

BOOK = Path(__file__).resolve().parent.parent / "book"


def taught(chapter, beginning):
    """Return the source of the chapter's one code cell that has a line with this beginning."""
    notebook = nbformat.read(next(BOOK.glob(f"*_{chapter}.ipynb")), as_version=4)
    (cell,) = (
        cell.source
        for cell in notebook.cells
        if cell.cell_type == "code" and any(line.startswith(beginning) for line in cell.source.splitlines())
    )
    return cell


@pytest.fixture
def house_prices():
    """The names that the cells of house_prices find in place, with a shorter run."""
    split = data.split_and_scale(data.load_boston(), test_size=0.5, seed=0)
    shuffle = torch.Generator().manual_seed(0)
    train_set = TensorDataset(split.X_train, split.y_train)
    test_set = TensorDataset(split.X_test, split.y_test)
    return {
        "torch": torch,
        "nn": torch.nn,
        "data": split,
        "train_set": train_set,
        "test_set": test_set,
        "shuffle": shuffle,
        "train_loader": DataLoader(train_set, batch_size=32, shuffle=True, generator=shuffle),
        "test_loader": DataLoader(test_set, batch_size=32),
    }


def test_the_network_of_house_prices_is_the_regressor(house_prices, capsys):
    exec(taught("house_prices", "class HousePriceNetwork"), house_prices)
    written = house_prices["model"]
    torch.manual_seed(0)
    imported = models.Regressor()
    X = torch.rand(8, 13)
    assert torch.equal(training.predict(written, X), training.predict(imported, X))
    for model in (written, imported):
        torch.manual_seed(1)
        model.seen = model.train()(X)
    assert torch.equal(written.seen, imported.seen), "the same units are dropped"


def test_the_loop_of_house_prices_is_fit(house_prices, capsys):
    exec(taught("house_prices", "class HousePriceNetwork"), house_prices)
    loop = taught("house_prices", "for epoch in range(150)")
    loop = loop.replace("range(150)", "range(5)").replace("[1, 150]", "[1, 5]")
    exec(loop, house_prices)
    torch.manual_seed(0)
    model = models.Regressor()
    house_prices["shuffle"].manual_seed(0)
    history = training.fit(
        model,
        house_prices["train_loader"],
        epochs=5,
        loss=torch.nn.MSELoss(),
        optimizer=torch.optim.Adam(model.parameters(), lr=3e-3, weight_decay=1e-7),
    )
    np.testing.assert_allclose(history.train_loss, house_prices["train_losses"], rtol=1e-5)
    last = training.evaluate(model, house_prices["test_loader"], torch.nn.MSELoss())
    assert last == pytest.approx(house_prices["test_losses"][-1], rel=1e-5)


def test_the_comparison_of_house_prices_is_compare():
    boston = data.load_boston()
    draw = ShuffleSplit(4, test_size=0.5, random_state=3).split(boston)
    adam = partial(torch.optim.Adam, lr=3e-3, weight_decay=1e-7)
    names = dict(
        torch=torch, nn=torch.nn, partial=partial, boston=boston, splits=list(draw), adam=adam, pd=pd,
        DataLoader=DataLoader, TensorDataset=TensorDataset, Regressor=models.Regressor, fit=training.fit,
        predict=training.predict, rmse=training.rmse, scale_splits=data.scale_splits,
        hold_out=validation.hold_out, estimate=validation.estimate,
    )  # fmt: skip
    # Without dropout, whose masks come from other streams; so the second arm has a ReLU on its output instead.
    loop = taught("house_prices", "for i, (train, validation, test) in enumerate(few)")
    for written, shorter in (
        ("[5, 10, 20, 40]", "[1, 3]"),
        ('"dropout 0.5": Regressor}', '"dropout 0.5": partial(Regressor, 0.0, torch.nn.ReLU)}'),
    ):
        assert written in loop
        loop = loop.replace(written, shorter)
    exec(loop, names)
    exec(taught("house_prices", "difference = on_test"), names)
    usual = comparisons.Recipe().but(optimizer=adam)
    run = comparisons.compare(
        {"no dropout": usual, "dropout 0.5": usual.but(output_activation=torch.nn.ReLU)}, {"Boston": boston},
        lengths=[1, 3], n=4, seed=3, progress=False,
    )  # fmt: skip
    for arm in run.arms:
        torch.testing.assert_close(names["on_test"][arm], run.errors[arm, "Boston"], rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(
            names["stopped"][arm], run.at("stopped", arm, "Boston"), rtol=1e-4, atol=1e-4
        )
    paired = run.change(3, "Boston", percent=False)
    assert float(names["difference"][:, 1].mean()) == pytest.approx(paired.mean, rel=1e-3)


def test_the_dataset_of_house_prices_is_a_tensor_dataset():
    rows = MinMaxScaler().fit_transform(data.load_boston())
    place = {}
    code = taught("house_prices", "class Houses").split("\nhouses = ")[0]
    exec("import torch\n" + code, place)
    written, torchs = place["Houses"](rows), TensorDataset(*torch.tensor(rows).float().split([13, 1], 1))
    assert len(written) == len(torchs)
    for i in (0, 7, 505):
        assert all(torch.equal(a, b) for a, b in zip(written[i], torchs[i]))


def test_the_loop_of_perceptrons_is_an_ensemble_of_one(capsys):
    x = torch.arange(5.0).unsqueeze(1)
    place = {"torch": torch, "nn": torch.nn, "loss": torch.nn.MSELoss(), "x": x, "y": 2 * x + 0.5}
    exec(taught("perceptrons", "class Neuron"), place)
    exec(taught("perceptrons", "for step in range(1001)").replace("1001", "201"), place)
    runs = ensembles.fit_many(
        place["Neuron"], x, place["y"], (range(5), range(5)), seeds=[0], epochs=201, batch_size=5,
        loss=torch.nn.MSELoss(), optimizer=partial(torch.optim.SGD, lr=1e-3),
    )  # fmt: skip
    np.testing.assert_allclose(runs.train_loss[0], place["losses"], rtol=1e-4)


def test_the_rule_of_perceptrons_never_rests_where_no_line_separates():
    place = {"torch": torch}
    exec(taught("perceptrons", "def fires").split("\n\nw, b")[0], place)
    exec(taught("perceptrons", "def perceptron_rule").split("\n\nmistakes, changes")[0], place)
    points = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    for number in range(16):
        y = torch.tensor([float(bit) for bit in f"{number:04b}"])
        mistakes, changes = place["perceptron_rule"](points, y)
        across = y[0] == y[3] != y[1] == y[2]
        assert (mistakes[-1] > 0) == across
        if not across and changes:
            assert torch.equal(place["fires"](points, *changes[-1]), y)
