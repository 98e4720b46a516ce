"""Many models at once, compared with each one alone.

One file, long as it is: everything here leans on the same few rows and on ``together`` and ``alone``.
"""

import subprocess
import sys
from functools import partial
from types import MethodType

import numpy as np
import pytest
import torch
from sklearn.model_selection import KFold
from torch import nn
from torch.nn import functional as F
from torch.optim import lr_scheduler as schedules
from torch.utils.data import DataLoader, TensorDataset

from helpers._stack import Streams
from helpers.data import load_boston, scale_splits
from helpers.ensembles import fit_many, fit_splits
from helpers.models import MLP, Regressor
from helpers.training import evaluate, fit, rmse

N, FEATURES = 61, 5
GENERATOR = torch.Generator().manual_seed(0)
X = torch.rand(N, FEATURES, generator=GENERATOR)
Y = X.square().sum(1, keepdim=True) + 0.1 * torch.randn(N, 1, generator=GENERATOR)
LABELS = torch.bucketize(Y[:, 0], Y[:, 0].quantile(torch.tensor([1 / 3, 2 / 3])))  # 0, 1, 2
FOLDS = list(KFold(3, shuffle=True, random_state=0).split(X))  # 40 or 41 training rows
SEEDS = [3, 8, 11]
ADAM = partial(torch.optim.Adam, lr=1e-2)
SMALL = partial(MLP, FEATURES, (8, 6), 1)


def together(make_model=SMALL, X=X, y=Y, splits=FOLDS, seeds=SEEDS, **options):
    return fit_many(
        make_model, X, y, splits, seeds, **{"epochs": 3, "batch_size": 8, "loss": nn.MSELoss(), "optimizer": ADAM} | options
    )  # fmt: skip


def alone(
    i, make_model=SMALL, X=X, y=Y, splits=FOLDS, seeds=SEEDS,
    epochs=3, batch_size=8, loss=None, optimizer=ADAM, scheduler=None,
):  # fmt: skip
    """Train model ``i`` by the plain loop; return it with its history."""
    torch.manual_seed(seeds[i])
    model = make_model()
    train, test = (TensorDataset(X[rows], y[rows]) for rows in splits[i])
    order = torch.Generator().manual_seed(seeds[i])
    made = optimizer(model.parameters())
    history = fit(
        model, DataLoader(train, batch_size, shuffle=True, generator=order), epochs=epochs,
        loss=loss or nn.MSELoss(), optimizer=made, scheduler=scheduler and scheduler(made),
        test=DataLoader(test, N),
    )  # fmt: skip
    return model, history


def assert_same(ensemble, models, **tolerance):
    for i, model in enumerate(models):
        expected, found = model.state_dict(), ensemble.model(i).state_dict()
        assert expected.keys() == found.keys()
        for name in expected:
            torch.testing.assert_close(found[name], expected[name], **tolerance)


OPTIMIZERS = {
    "sgd": partial(torch.optim.SGD, lr=0.05),
    "momentum": partial(torch.optim.SGD, lr=0.02, momentum=0.9, nesterov=True, weight_decay=1e-2),
    "adam": partial(torch.optim.Adam, lr=1e-2, weight_decay=1e-2),
    "adamw": partial(torch.optim.AdamW, lr=1e-2, weight_decay=1e-1),
    "rmsprop": partial(torch.optim.RMSprop, lr=1e-3, momentum=0.5),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
def test_same_as_alone(optimizer):
    """Twenty epochs on folds that differ by a row, with a schedule: the weights of the plain loop."""
    options = {
        "epochs": 20, "optimizer": optimizer, "scheduler": partial(schedules.StepLR, step_size=7, gamma=0.3),
    }  # fmt: skip
    ensemble = together(track_test=True, **options)
    models, histories = zip(*(alone(i, **options) for i in range(3)))
    assert {len(train) for train, _ in FOLDS} == {40, 41}
    assert_same(ensemble, models, rtol=1e-3, atol=1e-4)
    for name in ("train_loss", "test_loss"):
        expected = torch.tensor([getattr(history, name) for history in histories])
        torch.testing.assert_close(getattr(ensemble, name), expected, rtol=1e-3, atol=1e-5)


def test_training_moves_the_weights_further_than_the_tolerance():
    fresh, trained = together(epochs=0), together(epochs=20, optimizer=OPTIMIZERS["rmsprop"])
    assert (
        max((a - b).abs().max() for a, b in zip(fresh.model(0).parameters(), trained.model(0).parameters()))
        > 0.01
    )


def test_zero_epochs_leave_the_initial_weights():
    ensemble = together(epochs=0)
    assert_same(ensemble, [alone(i, epochs=0)[0] for i in range(3)], rtol=0, atol=0)
    assert ensemble.train_loss.shape == (3, 0)


@pytest.mark.parametrize("batch_size", [1, 20, 40, 1000])
def test_any_batch_size(batch_size):
    """A last batch of one row; none left over; all rows at once."""
    ensemble = together(batch_size=batch_size, track_test=True)
    assert_same(ensemble, [alone(i, batch_size=batch_size)[0] for i in range(3)], rtol=1e-3, atol=1e-4)


def test_an_optimizer_for_each_model():
    factories = [partial(torch.optim.SGD, lr=0.1), ADAM, partial(torch.optim.SGD, lr=0.01)]
    ensemble = together(optimizer=factories)
    assert_same(ensemble, [alone(i, optimizer=factories[i])[0] for i in range(3)], rtol=1e-3, atol=1e-4)


def test_data_of_each_model():
    scale = torch.tensor([1.0, 2.0, 3.0]).view(3, 1, 1)
    own_X, own_y = (X * scale)[..., :4], Y + scale  # not contiguous, as scale_splits gives it
    make = partial(MLP, 4, (8,), 1)
    models = [alone(i, make, own_X[i], own_y[i])[0] for i in range(3)]
    ensemble = together(make, own_X, own_y)
    assert_same(ensemble, models, rtol=1e-3, atol=1e-4)
    for i, (_, test) in enumerate(FOLDS):
        rows = DataLoader(TensorDataset(own_X[i, test], own_y[i, test]), N)
        assert ensemble.score(rmse)[i].item() == pytest.approx(evaluate(models[i], rows, rmse), rel=1e-3)
    assert_same(
        together(make, own_X, Y), [alone(i, make, own_X[i])[0] for i in range(3)], rtol=1e-3, atol=1e-4
    )


def test_classification():
    options = {"make_model": partial(MLP, FEATURES, (8,), 3), "y": LABELS, "loss": nn.CrossEntropyLoss()}
    ensemble = together(**options, epochs=20)
    assert_same(ensemble, [alone(i, **options, epochs=20)[0] for i in range(3)], rtol=1e-3, atol=1e-4)
    accuracy = ensemble.score(lambda logits, labels: (logits.argmax(1) == labels).float().mean(), on="train")
    assert (accuracy > 0.5).all()  # by chance: a third


class Odd(nn.Module):
    """All that a stack can trip over: rows flattened by hand, layers used functionally or twice."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(FEATURES, 4)
        self.norm = nn.LayerNorm(4)
        self.again = nn.Linear(4, 4, bias=False)
        self.slope = nn.Parameter(torch.rand(()))
        self.register_buffer("shift", torch.rand(4))
        self.head = nn.Linear(4, 1)
        self.head.bias.requires_grad_(False)

    def forward(self, x):
        x = F.relu(self.first(x.view(x.size(0), -1)))
        x = self.again(self.again(self.norm(x)))
        return self.head(F.softmax(self.slope * x + self.shift, dim=1))


class Swish(nn.Module):
    """A functional style, and parameters of no dimension and of one."""

    def __init__(self):
        super().__init__()
        self.first, self.head = nn.Linear(FEATURES, 4), nn.Linear(4, 1)
        self.slope, self.gain = nn.Parameter(torch.rand(())), nn.Parameter(torch.rand(4))

    def forward(self, x):
        x = self.first(x)
        return self.head(self.gain * x * torch.sigmoid(self.slope * x))


@pytest.mark.parametrize("make_model", [Odd, Swish])
def test_any_module(make_model):
    models = [alone(i, make_model)[0] for i in range(3)]
    assert_same(together(make_model), models, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh])
def test_tied_weights(activation):
    def tied():
        square = partial(nn.Linear, FEATURES, FEATURES)
        model = nn.Sequential(square(), activation(), square(), nn.Linear(FEATURES, 1))
        model[2].weight = model[0].weight
        return model

    assert_same(together(tied), [alone(i, tied)[0] for i in range(3)], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "loss",
    [
        nn.L1Loss(),
        nn.HuberLoss(),
        lambda p, t: F.gaussian_nll_loss(p, t, p.square() + 0.1),
        lambda p, t: 0.3 * F.mse_loss(p, t) + (p - t).abs().max(),
    ],
)
def test_any_loss(loss):
    assert_same(together(loss=loss), [alone(i, loss=loss)[0] for i in range(3)], rtol=1e-3, atol=1e-4)


class FunctionalDropout(nn.Sequential):
    def forward(self, x):
        return F.dropout(super().forward(x), 0.3, self.training)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_dropout_keeps_and_scales(p):
    """A linear model on ones: its loss in training tells each unit's factor, 0 or 1 / (1 - p)."""
    models, rows = 40, 100

    def make_model():
        model = nn.Sequential(nn.Dropout(p), nn.Linear(1, 1, bias=False))
        nn.init.ones_(model[1].weight)
        return model

    ensemble = fit_many(
        make_model, torch.ones(rows, 1), torch.zeros(rows, 1), (np.arange(rows), np.arange(rows)), range(models),
        epochs=10, batch_size=rows, loss=nn.MSELoss(), optimizer=partial(torch.optim.SGD, lr=0.0), track_test=True,
    )  # fmt: skip
    kept = ensemble.train_loss * (1 - p) ** 2  # the share of rows that passed
    error = (p * (1 - p) / kept.numel() / rows) ** 0.5
    assert abs(kept.mean() - (1 - p)) < 5 * error
    # Masks are independent from model to model and from epoch to epoch, as wide as a binomial.
    assert kept.std() == pytest.approx((p * (1 - p) / rows) ** 0.5, rel=0.25)
    assert len(kept.unique(dim=0)) == models and len(kept.unique(dim=1)[0]) > 5
    assert (ensemble.test_loss == 1).all() and (ensemble.predictions == 1).all()


def test_dropout_gives_the_plain_loops_distribution():
    options = {"make_model": partial(SMALL, dropout=0.5), "epochs": 8}
    split, models = FOLDS[0], 40
    scores = together(**options, splits=split, seeds=range(models)).score(rmse)
    rows = DataLoader(TensorDataset(X[split[1]], Y[split[1]]), N)
    plain = torch.tensor([
        evaluate(alone(i, **options, splits=[split] * models, seeds=range(models))[0], rows, rmse) for i in range(models)
    ])  # fmt: skip
    undropped = together(splits=split, seeds=range(models), epochs=8).score(rmse)
    error = ((scores - plain).var() / models) ** 0.5
    assert abs((scores - plain).mean()) < 4 * error
    assert abs((scores - undropped).mean()) > 8 * error  # the same test would notice no dropout


@pytest.mark.parametrize("make_model", [
    partial(SMALL, dropout=0.4),
    lambda: FunctionalDropout(nn.Linear(FEATURES, 1)),
    lambda: FunctionalDropout(nn.Flatten(), nn.Linear(FEATURES, 1)),
], ids=["module", "function", "vmap"])  # fmt: skip
def test_a_model_does_not_see_its_neighbours(make_model):
    """Dropout or not, a model is the same alone, among others, and with other threads."""
    crowd = together(make_model, seeds=[5, *range(30)], splits=FOLDS[0])
    assert torch.equal(
        crowd.predictions, together(make_model, seeds=[5, *range(30)], splits=FOLDS[0]).predictions
    )
    lonely = together(make_model, seeds=[5], splits=FOLDS[0])
    torch.testing.assert_close(crowd.predictions[:1], lonely.predictions, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(crowd.predictions[0], crowd.predictions[6], rtol=1e-4, atol=1e-5)  # seed 5 too
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1 if threads > 1 else 2)
        other = together(make_model, seeds=[5, *range(30)], splits=FOLDS[0])
    finally:
        torch.set_num_threads(threads)
    torch.testing.assert_close(crowd.predictions, other.predictions, rtol=1e-4, atol=1e-5)


def test_nothing_of_the_callers_changes():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        together(partial(SMALL, dropout=0.5))
        assert torch.equal(torch.rand(3), expected) and torch.get_num_threads() == 3
        with pytest.raises(ZeroDivisionError):
            together(scheduler=partial(schedules.LambdaLR, lr_lambda=lambda epoch: 1 / (2 - epoch)))
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(threads)


IN_PLACE = {
    "chain": [nn.ReLU, nn.Linear],
    "stacked": [partial(nn.ReLU, inplace=True), nn.Linear, nn.Tanh],
    "elu": [partial(nn.ELU, inplace=True), nn.Linear],
    "vmap": [partial(nn.ReLU, inplace=True), nn.Linear, partial(nn.Flatten, 1)],
}


@pytest.mark.parametrize("kinds", IN_PLACE.values(), ids=IN_PLACE.keys())
def test_a_first_layer_that_works_in_place(kinds):
    def make_model():
        return nn.Sequential(*(kind(FEATURES, 1) if kind is nn.Linear else kind() for kind in kinds))

    around_0 = X - 0.5
    for inputs in (around_0.clone(), torch.stack([around_0] * 3)):
        ensemble = together(make_model, inputs, track_test=True)
        ensemble.predict(inputs)
        assert torch.equal(inputs, around_0.expand_as(inputs))
        # A model alone would change its rows, for good.
        for model, predictions in zip(ensemble, ensemble.predictions):
            torch.testing.assert_close(model(around_0.clone()), predictions)


def test_the_ensemble_in_the_readers_hands():
    ensemble = together(partial(SMALL, dropout=0.5))
    assert len(ensemble) == 3 and ensemble.test_loss is None
    model = ensemble.model(1)
    assert isinstance(model, MLP) and not model.training
    torch.testing.assert_close(model(X), ensemble.predictions[1])
    torch.testing.assert_close(ensemble.predict(X), ensemble.predictions)
    torch.testing.assert_close(ensemble.predict(X.expand(3, *X.shape)), ensemble.predictions)
    with torch.no_grad():
        model[0].weight.zero_()  # a copy
    torch.testing.assert_close(ensemble.predict(X), ensemble.predictions)
    train, test = FOLDS[1]
    assert ensemble.score(rmse)[1] == rmse(ensemble.predictions[1, test], Y[test])
    assert ensemble.score(rmse, on="train")[1] == rmse(ensemble.predictions[1, train], Y[train])
    with pytest.raises(ValueError, match="on must be"):
        ensemble.score(rmse, on="validation")


def test_one_split_serves_all_models():
    one, three = together(splits=FOLDS[0]), together(splits=[FOLDS[0]] * 3)
    assert torch.equal(one.predictions, three.predictions)
    lists = together(splits=(FOLDS[0][0].tolist(), torch.as_tensor(FOLDS[0][1])))
    assert torch.equal(one.predictions, lists.predictions)
    generator = together(splits=KFold(3, shuffle=True, random_state=0).split(X))
    assert torch.equal(together().predictions, generator.predictions)


THREE = [(train[:25], train[25:], test) for train, test in FOLDS]


def test_a_model_stops_when_its_validation_loss_has_not_fallen_for_long():
    """Each at its own time, as `fit` would, with the weights of its best epoch."""
    options = {"optimizer": partial(torch.optim.Adam, lr=0.05), "splits": THREE * 2, "seeds": range(6)}
    options["epochs"] = 60
    ensemble = together(patience=4, track_test=True, checkpoints=[0, 10, 60], **options)
    for i, (train, validation, _) in enumerate(THREE * 2):
        torch.manual_seed(i)
        model = SMALL()
        loader = partial(DataLoader, batch_size=8)
        order = torch.Generator().manual_seed(i)
        history = fit(
            model, loader(TensorDataset(X[train], Y[train]), shuffle=True, generator=order), epochs=60,
            loss=nn.MSELoss(), optimizer=options["optimizer"](model.parameters()), patience=4,
            validation=DataLoader(TensorDataset(X[validation], Y[validation]), N),
        )  # fmt: skip
        assert ensemble.best_epoch[i] == history.best_epoch
        ran = len(history.train_loss)
        losses = torch.tensor(history.validation_loss)
        torch.testing.assert_close(ensemble.validation_loss[i, :ran], losses, rtol=1e-2, atol=1e-4)
        assert ensemble.validation_loss[i, ran:].isnan().all() and ensemble.test_loss[i, ran:].isnan().all()
        for a, b in zip(model.parameters(), ensemble.model(i).parameters()):
            torch.testing.assert_close(a, b, rtol=1e-2, atol=1e-3)
        assert ensemble.score(rmse, "validation")[i] ** 2 == pytest.approx(losses.min().item(), rel=1e-2)
    assert len(set(ensemble.best_epoch.tolist())) > 1 and (ensemble.best_epoch < 56).any()
    stopped = [i for i in range(6) if ensemble.best_epoch[i] < 56]
    assert_same(ensemble[stopped].at(60), list(ensemble[stopped]), rtol=0, atol=0)
    for epochs in (0, 10):  # as it was then, not at its best
        expected = together(**options | {"epochs": epochs})
        going_on = [i for i in range(6) if ensemble.train_loss[i, :10].isfinite().all()]
        assert_same(ensemble[going_on].at(epochs), list(expected[going_on]), rtol=1e-4, atol=1e-5)
    waiting = together(**options)
    assert waiting.validation_loss.isfinite().all()
    assert torch.equal(waiting.best_epoch, waiting.validation_loss.argmin(1) + 1)
    assert not torch.equal(waiting.predictions, ensemble.predictions)
    # Patience that never runs out: the best is kept all the same.
    patient = together(patience=60, checkpoints=[60], **options)
    torch.testing.assert_close(patient.score(rmse, "validation") ** 2, waiting.validation_loss.amin(1))
    assert_same(patient.at(60), list(waiting), rtol=0, atol=0)


def test_a_loss_that_stays_the_same_has_not_fallen():
    still = together(splits=THREE, patience=2, epochs=9, optimizer=partial(torch.optim.SGD, lr=0.0))
    assert still.best_epoch.tolist() == [1, 1, 1] and still.train_loss.isfinite().sum(1).tolist() == [3, 3, 3]


def normed():
    return nn.Sequential(nn.Linear(FEATURES, 6), nn.Tanh(), nn.BatchNorm1d(6), nn.Linear(6, 1))


def test_chance_stays_with_its_model():
    """Also of what is drawn ahead, and after that."""
    left, expected = Streams(range(3), torch.device("cpu")), Streams([2, 1], torch.device("cpu"))
    for epoch in range(1500):
        order, keep = left.shuffled(4), left.keep((50,), 0.5, torch.float32)
        if epoch == 0:
            left.only([2, 1])
            order, keep = order[[2, 1]], keep[[2, 1]]
        assert torch.equal(order, expected.shuffled(4))
        assert torch.equal(keep, expected.keep((50,), 0.5, torch.float32))


@pytest.mark.parametrize("make_model", [partial(SMALL, dropout=0.4), normed], ids=["dropout", "buffers"])
def test_who_goes_on_is_not_changed_by_who_stops(make_model):
    """Masks, orders, momentum and buffers stay with their model when others leave the stack."""
    options = {"epochs": 30, "patience": 3, "batch_size": 9, "optimizer": partial(torch.optim.Adam, lr=0.05)}
    crowd = together(make_model, splits=THREE[:1] * 6, seeds=range(6), **options)
    assert len(set(crowd.best_epoch.tolist())) > 2
    for i in range(6):
        lonely = together(make_model, splits=THREE[:1], seeds=[i], **options)
        assert lonely.best_epoch[0] == crowd.best_epoch[i]
        assert_same(lonely, [crowd[i]], rtol=1e-2, atol=1e-3)


def test_several_stacks_are_one_ensemble(monkeypatch):
    options = {"splits": THREE, "epochs": 6, "patience": 3, "checkpoints": [1, 4], "track_test": True}
    options["optimizer"] = [ADAM, partial(torch.optim.SGD, lr=0.3), ADAM]
    seen = []
    options["on_epoch"] = lambda epoch, ensemble: seen.append(ensemble.predictions)
    one = together(**options)
    monkeypatch.setattr("helpers.ensembles.STACK_BYTES", 1)  # each model is a stack
    three = together(**options)
    same = partial(torch.testing.assert_close, rtol=1e-4, atol=1e-5, equal_nan=True)
    for name in ("predictions", "train_loss", "validation_loss", "test_loss", "best_epoch"):
        same(getattr(three, name), getattr(one, name))
    same(three.curve(rmse), one.curve(rmse))
    same(torch.stack(seen[6:]), torch.stack(seen[:6]))
    assert not torch.equal(seen[0], seen[1])


def test_rows_beyond_one_evaluation(monkeypatch):
    """A few at a time where each row is for itself, and all at once where the batch has a say."""

    class Centred(nn.Linear):
        def forward(self, x):
            return super().forward(x - x.mean(0))

    for make_model in (SMALL, partial(Centred, FEATURES, 1)):
        expected = together(make_model).predictions
        with monkeypatch.context() as small:
            small.setattr("helpers._stack.EVALUATED_ROWS", 20)
            torch.testing.assert_close(together(make_model).predictions, expected)


class Doubled(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


class Reversed(nn.Sequential):
    def forward(self, x):
        return super().forward(-x)


class Backwards(nn.Sequential):
    def __iter__(self):
        return reversed(list(super().__iter__()))


class Called(nn.Sequential):
    def __call__(self, x):
        return 3 * super().__call__(x)


def hooked(way):
    """Return a maker of a model whose first layer does more than its kind, in some way."""

    def make_model():
        first = nn.Linear(FEATURES, FEATURES)
        if way == "forward hook":
            first.register_forward_hook(lambda layer, given, output: 2 * output)
        elif way == "pre-hook":
            first.register_forward_pre_hook(lambda layer, given: (-given[0],))
        else:
            first.forward = MethodType(lambda layer, x: F.linear(x * x, layer.weight, layer.bias), first)
        return nn.Sequential(first, nn.ReLU(), nn.Linear(FEATURES, 1))

    return make_model


MORE_THAN_THEIR_KIND = {
    "linear": lambda: nn.Sequential(Doubled(FEATURES, 4), nn.ReLU(), nn.Linear(4, 1)),
    "sequential": lambda: Reversed(nn.Linear(FEATURES, 4), nn.ReLU(), nn.Linear(4, 1)),
    "order": lambda: Backwards(nn.Linear(4, 1), nn.ReLU(), nn.Linear(FEATURES, 4)),
    "call": lambda: Called(nn.Linear(FEATURES, 4), nn.ReLU(), nn.Linear(4, 1)),
    **{way: hooked(way) for way in ("forward hook", "pre-hook", "own forward")},
}


@pytest.mark.parametrize("make_model", MORE_THAN_THEIR_KIND.values(), ids=MORE_THAN_THEIR_KIND.keys())
def test_what_does_more_than_its_kind(make_model):
    models = [alone(i, make_model)[0] for i in range(3)]
    assert_same(together(make_model), models, rtol=1e-3, atol=1e-4)


class Cubed(nn.MSELoss):
    def forward(self, p, t):
        return (p - t).abs().pow(3).mean()


def halved():
    loss = nn.MSELoss()
    loss.register_forward_hook(lambda loss, given, value: value / 2)
    return loss


@pytest.mark.parametrize("loss", [Cubed(), halved(), nn.MSELoss(reduction="sum"), nn.L1Loss(reduction="sum")])
def test_a_loss_that_is_more_than_its_kind(loss):
    options = {"loss": loss, "optimizer": partial(torch.optim.SGD, lr=1e-3)}
    assert_same(together(**options), [alone(i, **options)[0] for i in range(3)], rtol=1e-4, atol=1e-6)


def test_ignored_classes():
    options = {"make_model": partial(MLP, FEATURES, (8,), 3), "loss": nn.CrossEntropyLoss(ignore_index=-1)}
    options |= {"y": torch.where(torch.arange(N) % 3 == 0, -1, LABELS), "batch_size": 30}
    assert_same(together(**options), [alone(i, **options)[0] for i in range(3)], rtol=1e-3, atol=1e-4)


def test_a_schedule_by_the_batch_and_clipped_gradients():
    cycle = partial(schedules.OneCycleLR, max_lr=0.1, total_steps=15)  # 3 epochs of 5 batches
    folds = [FOLDS[0]] * 3
    ensemble = together(splits=folds, scheduler=cycle, step_scheduler="batch", clip_norm=0.05)
    for i in range(3):
        torch.manual_seed(SEEDS[i])
        model, order = SMALL(), torch.Generator().manual_seed(SEEDS[i])
        made, train = ADAM(model.parameters()), FOLDS[0][0]
        history = fit(
            model, DataLoader(TensorDataset(X[train], Y[train]), 8, shuffle=True, generator=order), epochs=3,
            loss=nn.MSELoss(), optimizer=made, scheduler=cycle(made), step_scheduler="batch", clip_norm=0.05,
        )  # fmt: skip
        assert len(set(history.lr)) == 3
        for a, b in zip(model.parameters(), ensemble.model(i).parameters()):
            torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)
    unclipped = together(splits=folds, scheduler=cycle, step_scheduler="batch")
    assert not torch.allclose(unclipped.predictions, ensemble.predictions, rtol=1e-2)


def test_row_weights():
    weights = torch.rand(N, generator=torch.Generator().manual_seed(1))
    loss = lambda p, t, w: (w.unsqueeze(1) * (p - t).square()).mean()  # noqa: E731
    ensemble = together(loss=loss, weights=weights, track_test=True)
    own = torch.stack([weights.flip(0), weights, weights * 3])
    torch.testing.assert_close(together(loss=loss, weights=own).predictions[1], ensemble.predictions[1])
    for i, (train, test) in enumerate(FOLDS):
        torch.manual_seed(SEEDS[i])
        model, order = SMALL(), torch.Generator().manual_seed(SEEDS[i])
        rows = TensorDataset(X[train], Y[train], weights[train])
        data = DataLoader(rows, 8, shuffle=True, generator=order)
        fit(model, data, epochs=3, loss=loss, optimizer=ADAM(model.parameters()))
        for a, b in zip(model.parameters(), ensemble.model(i).parameters()):
            torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)
        with torch.no_grad():
            expected = loss(model(X[test]), Y[test], weights[test]).item()
            assert ensemble.test_loss[i, -1] == pytest.approx(expected, rel=1e-3)


def test_one_long_run_holds_the_shorter_ones():
    long = together(partial(SMALL, dropout=0.3), epochs=12, checkpoints=[2, 7, 12], track_test=True)
    curve = long.curve(rmse)
    for place, epochs in enumerate([2, 7, 12]):
        short = together(partial(SMALL, dropout=0.3), epochs=epochs)
        torch.testing.assert_close(short.predictions, long.at(epochs).predictions)
        torch.testing.assert_close(short.train_loss, long.at(epochs).train_loss)
        torch.testing.assert_close(short.score(rmse), curve[:, place])
    torch.testing.assert_close(curve[:, -1], long.score(rmse))
    torch.testing.assert_close(curve.square(), long.test_loss[:, [1, 6, 11]])
    with pytest.raises(ValueError, match=r"checkpoints=\[3\]"):
        long.at(3)


def test_looking_in_and_stopping():
    seen = []

    def look(epoch, ensemble):
        losses = ensemble.train_loss[:, epoch - 1].clone()
        seen.append((epoch, ensemble.score(rmse, "train").mean().item(), losses))
        return epoch == 5

    ensemble = together(epochs=50, on_epoch=look, seeds=range(40), splits=FOLDS[0], checkpoints=[2, 9])
    assert [epoch for epoch, *_ in seen] == [1, 2, 3, 4, 5] and seen[4][1] < seen[0][1]
    expected = together(epochs=5, seeds=range(40), splits=FOLDS[0])
    assert torch.equal(ensemble.predictions, expected.predictions)
    assert torch.equal(ensemble.at(9).predictions, expected.predictions)  # as when it stopped
    assert torch.equal(ensemble.train_loss[:, :5], expected.train_loss)
    assert ensemble.train_loss[:, 5:].isnan().all() and torch.equal(seen[2][2], expected.train_loss[:, 2])
    # Only True ends it.
    assert together(epochs=2, on_epoch=lambda epoch, ensemble: 1).train_loss.isfinite().all()


def test_an_ensemble_is_a_sequence():
    ensemble = together(track_test=True, checkpoints=[1])
    assert len(list(ensemble)) == len(ensemble) == 3
    assert_same(ensemble, [ensemble[0], ensemble[1], ensemble[-1]], rtol=0, atol=0)
    with pytest.raises(IndexError):
        ensemble[3]
    few = ensemble[1:]
    assert few.seeds == SEEDS[1:] and torch.equal(few.predictions, ensemble.predictions[1:])
    assert torch.equal(few.score(rmse), ensemble.score(rmse)[1:])
    assert torch.equal(few.test_loss, ensemble.test_loss[1:])
    assert torch.equal(few.at(1).predictions, ensemble.at(1).predictions[1:])
    assert not torch.equal(few.at(1).predictions, few.predictions)
    assert torch.equal(ensemble[[2, 0]].predictions, ensemble.predictions[[2, 0]])
    assert repr(ensemble) == "Ensemble of 3 models (MLP, 109 parameters each), 3 epochs on 40 to 41 rows"


def test_errors_are_in_the_targets_unit():
    frame = load_boston()
    splits = list(KFold(3, shuffle=True, random_state=0).split(frame))
    scaled = scale_splits(frame, splits)
    run = fit_splits(Regressor, scaled, splits, epochs=2, optimizer=ADAM)
    plain = fit_many(Regressor, *scaled[:2], splits, range(3), epochs=2, optimizer=ADAM, loss=nn.MSELoss())
    torch.testing.assert_close(run.errors(), plain.score(rmse) * scaled[2])
    _, y, unit = scaled
    prices = [rmse(run.predictions[i, test], y[i, test]) * unit[i] for i, (_, test) in enumerate(splits)]
    torch.testing.assert_close(run[1:].errors(), torch.stack(prices)[1:])
    assert (run.errors(on="train") != run.errors()).all() and (plain.errors() == plain.score(rmse)).all()
    with pytest.raises(TypeError, match="scaled=scale_splits"):
        fit_splits(Regressor, frame, splits, epochs=2, optimizer=ADAM)


def test_double_precision():
    doubles = {"make_model": lambda: SMALL().double(), "X": X.double(), "y": Y.double()}
    ensemble = together(**doubles)
    assert ensemble.predictions.dtype == ensemble.train_loss.dtype == torch.float64
    models, histories = zip(*(alone(i, **doubles) for i in range(3)))
    assert_same(ensemble, models, rtol=1e-9, atol=1e-11)


def test_batch_norm_keeps_each_models_statistics():
    def normed():
        # Without the bias, whose gradient would be rounding that Adam makes steps of.
        first = nn.Linear(FEATURES, 6, bias=False)
        return nn.Sequential(first, nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 1))

    models = [alone(i, normed, batch_size=9)[0] for i in range(3)]
    ensemble = together(normed, batch_size=9)
    assert_same(ensemble, models, rtol=1e-3, atol=1e-4)
    norm, other = ensemble[0][1], ensemble[1][1]
    assert norm.num_batches_tracked == 3 * 5 and not torch.equal(norm.running_mean, other.running_mean)


def test_a_loss_that_remembers_starts_anew_for_each_stack(monkeypatch):
    class Annealed(nn.Module):
        calls = 0

        def forward(self, p, t):
            self.calls += 1
            return F.mse_loss(p, t) / self.calls

    monkeypatch.setattr("helpers.ensembles.STACK_BYTES", 1)  # each model is a stack
    models = [alone(i, loss=Annealed())[0] for i in range(2)]
    loss = Annealed()
    ensemble = together(loss=loss, splits=FOLDS[:2], seeds=SEEDS[:2], track_test=True)  # as alone does
    assert_same(ensemble, models, rtol=1e-3, atol=1e-4)
    assert loss.calls == 0


class Noise(nn.Linear):
    def forward(self, x):
        return super().forward(x + torch.randn_like(x))


def patched():
    layer = nn.Linear(FEATURES, 1)
    layer.forward = lambda x: F.linear(x * x, layer.weight, layer.bias)
    return layer


class Coupled(torch.optim.SGD):
    """Scales its step by the norm of the whole gradient, as clipping does."""

    def step(self):
        for p in self.param_groups[0]["params"]:
            p.grad /= p.grad.norm()
        super().step()


SHARED = SMALL()
nan = X.clone()
nan[3, 2] = torch.nan
BAD = {
    "NaN in X": ({"X": nan}, ValueError, "X has NaN"),
    "infinite y": ({"y": Y / 0}, ValueError, "y has NaN or infinite"),
    "arrays": ({"X": X.numpy()}, TypeError, "X must be a tensor"),
    "integer X": ({"X": X.long()}, TypeError, "X must hold floats"),
    "images": ({"X": X.view(N, FEATURES, 1, 1)}, ValueError, "X must be"),
    "X of other models": ({"X": X.expand(2, N, FEATURES)}, ValueError, "X must be"),
    "fewer targets": ({"y": Y[1:]}, ValueError, "y must be"),
    "flat targets": ({"y": Y[:, 0]}, ValueError, "unsqueeze"),
    "class numbers as numbers": ({"y": LABELS[:, None]}, ValueError, "y.float"),
    "flat class numbers as numbers": ({"y": LABELS}, ValueError, "y.float"),
    "doubles": ({"X": X.double(), "y": Y.double()}, ValueError, "float64"),
    "other features": ({"X": X[:, :3]}, ValueError, "in_features=3"),
    "no seeds": ({"seeds": []}, ValueError, "seeds"),
    "seed of words": ({"seeds": [1.5, 2, 3]}, ValueError, "seeds"),
    "fewer seeds": ({"seeds": [1, 2]}, ValueError, "splits has 3 pairs and seeds 2"),
    "empty split": ({"splits": (np.arange(0), np.arange(5))}, ValueError, "train rows must be one or more"),
    "no test rows": ({"splits": [FOLDS[0], FOLDS[1], (np.arange(5), [])]}, ValueError, r"splits\[2\]'s test rows"),
    "rows beyond": ({"splits": (np.arange(5), np.arange(5, N + 1))}, ValueError, "from 0 to 60"),
    "negative rows": ({"splits": (np.arange(5), -np.arange(5))}, ValueError, "from 0 to 60"),
    "masks": ({"splits": (np.arange(N) < 30, np.arange(N) > 30)}, TypeError, "flatnonzero"),
    "three parts": ({"splits": [(*FOLDS[0], [1], [2])] * 3}, ValueError, r"splits\[0\] must be a pair"),
    "epochs": ({"epochs": -1}, ValueError, "epochs"),
    "batch size": ({"batch_size": 0}, ValueError, "batch_size"),
    "no module": ({"make_model": lambda: abs}, TypeError, "make_model must return"),
    "one module for all": ({"make_model": lambda: SHARED}, ValueError, "same module|one module twice"),
    "various layers": ({"make_model": lambda: MLP(FEATURES, (torch.randint(2, 9, ()).item(),), 1)}, ValueError, "same layers"),
    "an optimizer made already": ({"optimizer": ADAM(SHARED.parameters())}, TypeError, "partial"),
    "two optimizers for three": ({"optimizer": [ADAM, ADAM]}, ValueError, "optimizer is a list of 2"),
    "no optimizer": ({"optimizer": list}, TypeError, "must make a torch.optim.Optimizer"),
    "needs a closure": ({"optimizer": torch.optim.LBFGS}, ValueError, "closure"),
    "needs matrices": ({"optimizer": partial(torch.optim.Adafactor)}, ValueError, "side by side"),
    "couples elements": ({"optimizer": partial(Coupled, lr=0.1)}, ValueError, "one element depends on others"),
    "schedule by the loss": ({"scheduler": schedules.ReduceLROnPlateau}, TypeError, "scheduler"),
    "loss not made": ({"loss": nn.MSELoss}, TypeError, r"loss=nn.MSELoss\(\)"),
    "loss not reduced": ({"loss": nn.MSELoss(reduction="none")}, ValueError, "loss must be one number"),
    "a last batch of one row, normalised": (
        {"make_model": lambda: nn.Sequential(nn.Linear(FEATURES, 2), nn.BatchNorm1d(2), nn.Linear(2, 1)), "batch_size": 13},
        ValueError, "BatchNorm can't train on a batch of one row",
    ),
    "patience without validation rows": ({"patience": 3}, ValueError, "hold_out"),
    "no patience": ({"patience": 0, "splits": THREE}, ValueError, "patience must be"),
    "a checkpoint after the end": ({"checkpoints": [5]}, ValueError, "from 0 to 3"),
    "a schedule by the batch, counted in epochs": (
        {"scheduler": partial(schedules.OneCycleLR, max_lr=0.1, total_steps=3), "step_scheduler": "batch"},
        ValueError, "step_scheduler='epoch'",
    ),
    "some other time to step": ({"step_scheduler": "step"}, ValueError, "step_scheduler must be"),
    "a function as forward": ({"make_model": lambda: patched()}, ValueError, "write forward in a class"),
    "noise": ({"make_model": lambda: Noise(FEATURES, 1)}, ValueError, "Random numbers must come from dropout"),
}  # fmt: skip


@pytest.mark.parametrize("options, error, words", BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_before_training(options, error, words, monkeypatch):
    monkeypatch.setattr("helpers.ensembles.Training", lambda *args: pytest.fail("it trained"))
    with pytest.raises(error, match=words):
        together(**options)


MEMORY = """
import torch
from functools import partial
from pathlib import Path
from torch import nn
from helpers.ensembles import fit_many
from helpers.models import MLP

X = torch.rand(60, 100)

def peak(models):
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # start the high-water mark anew
    fit_many(partial(MLP, 100, (300,), 1), X, X[:, :1], (range(30), range(30, 60)), range(models),
             epochs=1, batch_size=30, loss=nn.MSELoss(), optimizer=partial(torch.optim.Adam, lr=1e-3))
    return next(int(line.split()[1]) / 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))

peak(40)
print(*[peak(models) for models in (100, 500)])
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads Linux's high-water mark")
def test_memory_grows_with_the_weights_alone():
    """Only the stacks at work hold gradients and an optimizer's state: another
    model costs its weights and little else. In MiB."""
    # With gradients and Adam's two averages for all models at once it would be 4 times the weights
    # or more; the allocator's own habits move it between 1 and 2.
    run = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, encoding="utf-8", check=True)
    at_100, at_500 = map(float, run.stdout.split())
    weights = (100 * 300 + 300 + 300 + 1) * 4 / 2**20
    assert 0.8 * weights < (at_500 - at_100) / 400 < 2.5 * weights
