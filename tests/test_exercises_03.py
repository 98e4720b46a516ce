"""What the checks of chapter 3 say to right answers, and to the wrong ones that people give."""

import copy
import statistics

import numpy as np
import pandas as pd
import torch
from scipy import stats
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from torch import nn

from answers import test_a_right_answer_passes, test_a_wrong_answer_is_told_apart  # noqa: F401
from helpers.data import load_boston, split_and_scale
from helpers.exercises.ch03 import (
    check_03_awake,
    check_03_batches,
    check_03_evaluate,
    check_03_fewer_features,
    check_03_paired,
    check_03_quarter,
    check_03_scaling,
)
from helpers.models import MLP, Regressor
from helpers.training import eval_mode, predict, rmse


def scaled(make=MinMaxScaler, rows=lambda train, test: train):
    def scale(train, test):
        scaler = make().fit(rows(train, test))
        return scaler.transform(train), scaler.transform(test)

    return scale


def by_hand(low=lambda train: train.min(axis=0), high=lambda train: train.max(axis=0)):
    def scale(train, test):
        span = high(train) - low(train)
        return (train - low(train)) / span, (test - low(train)) / span

    return scale


def as_tables(train, test):
    scaler = MinMaxScaler().fit(train)
    return (pd.DataFrame(scaler.transform(rows)) for rows in (train, test))


def column_by_column(train, test):
    train, test = pd.DataFrame(train), pd.DataFrame(test)
    for column in train:
        low, high = train[column].min(), train[column].max()
        train[column], test[column] = ((rows[column] - low) / (high - low) for rows in (train, test))
    return train, test


def writes_into_train(train, test):
    low, high = train.min(axis=0), train.max(axis=0)
    train -= low
    return train / (high - low), (test - low) / (high - low)


def judged(switch=lambda model: None, metric=rmse, grad=False):
    def evaluate(model, X, y):
        switch(model)
        with torch.set_grad_enabled(grad):
            return metric(model(X), y)

    return evaluate


def careful(model, X, y):
    was_training = model.training
    model.eval()
    with torch.no_grad():
        error = rmse(model(X), y)
    model.train(was_training)
    return error


def with_modes(model, X, y):
    with eval_mode(model):
        return ((model(X) - y) ** 2).mean().sqrt().item()


def on_a_copy(model, X, y):
    model = copy.deepcopy(model).eval()
    return np.sqrt(np.mean((model(X).detach().numpy() - y.numpy()) ** 2))


def layer_by_layer(model, X, y):
    modes = [part.training for part in model.modules()]
    error = rmse(predict(model, X), y)
    for part, mode in zip(model.modules(), modes):
        part.training = mode
    return error.double()


def if_it_trained(model, X, y):
    trained = model.training
    model.eval()
    with torch.inference_mode():
        error = float(rmse(model(X), y))
    if trained:
        model.train()
    return [error]


def outer_only(model, X, y):
    was_training = model.training
    model.eval()
    with torch.no_grad():
        error = rmse(model(X), y)
    model.training = was_training
    return error


def seeded(model, X, y):
    torch.manual_seed(0)
    with torch.no_grad():
        return rmse(model(X), y)


def without_dropout(model, X, y):
    for part in model.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
    with torch.no_grad():
        return rmse(model(X), y)


def frozen(model, X, y):
    for p in model.parameters():
        p.requires_grad_(False)
    return careful(model, X, y)


def never_again(model, X, y):
    torch.set_grad_enabled(False)
    return careful(model, X, y)


def with_bias(value, weight=None, output_activation=nn.ReLU):
    def make():
        model = MLP(13, (50, 30), 1, output_activation=output_activation)
        nn.init.constant_(model[4].bias, value)
        if weight is not None:
            nn.init.constant_(model[4].weight, weight)
        return model

    return make


def lifted(lift):
    """A network with a ReLU at its end, and ``lift`` of the last linear layer."""

    def make():
        model = relu_network()
        with torch.no_grad():
            lift(model[-2])
        return model

    return make


def own_layers(hidden=(50, 30), seed=None):
    def make():
        if seed is not None:
            torch.manual_seed(seed)
        layers, widths = [], [13, *hidden, 1]
        for fan_in, fan_out in zip(widths, widths[1:]):
            layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
        nn.init.constant_(layers[-2].bias, 1.0)
        return nn.Sequential(*layers)

    return make


class OneReLU(nn.Module):
    """The same layer of class nn.ReLU everywhere, and it is made first."""

    def __init__(self):
        super().__init__()
        self.relu = nn.ReLU()
        self.layers = nn.ModuleList([nn.Linear(13, 50), nn.Linear(50, 30), nn.Linear(30, 1)])
        self.layers[-1].bias.data.fill_(0.5)

    def forward(self, x):
        for layer in self.layers:
            x = self.relu(layer(x))
        return x


def until_awake():
    X = split_and_scale(load_boston()).X_train
    while True:
        model = relu_network()
        if (predict(model, X) > 0).any():
            return model


MADE_ONCE = with_bias(0.5)()


def relu_network():
    return Regressor(output_activation=nn.ReLU)


def paired(sign=1, spread=lambda first, second: (first - second).std() / len(first) ** 0.5):
    return lambda first, second: ((sign * (first - second)).mean(), spread(first, second))


def gaps(sign=1):
    return lambda first, second: sign * (first - second).numpy()


ERRORS = torch.linspace(3, 5, 100)[torch.randperm(100, generator=torch.Generator().manual_seed(0))]
WHOLE = ERRORS.std().item() / 10
TRUE_RMSE = ((32 * 4 + 32 * 1 + 8 * 25) / 72) ** 0.5

RIGHT = [
    (check_03_scaling, scaled()),
    (check_03_scaling, by_hand()),
    (check_03_scaling, by_hand(lambda train: train[train.columns].min(), lambda train: train.max())),
    (check_03_scaling, by_hand(lambda train: train.amin(dim=0), lambda train: train.amax(dim=0))),
    (check_03_scaling, by_hand(lambda train: pd.DataFrame(train).min().values, lambda train: train.max(0))),
    (
        check_03_scaling,
        by_hand(lambda train: train.min(0).values, lambda train: train.max(0).values),
    ),  # of a tensor
    (check_03_scaling, by_hand(lambda train: np.min(train, axis=0), lambda train: np.max(train, axis=0))),
    (check_03_scaling, as_tables),
    (check_03_scaling, column_by_column),
    (check_03_scaling, lambda train, test: tuple(torch.tensor(part) for part in scaled()(train, test))),
    (check_03_scaling, lambda train, test: [part.astype(np.float32) for part in scaled()(train, test)]),
    (check_03_scaling, lambda train, test: [part.astype(np.float16) for part in scaled()(train, test)]),
    (check_03_scaling, lambda train, test: map(MinMaxScaler().fit(train).transform, (train, test))),
    (check_03_scaling, lambda train, test: [part.tolist() for part in scaled()(train, test)]),
    (check_03_fewer_features, 50),
    (check_03_fewer_features, 50.0),
    (check_03_fewer_features, 2261 - 2211),
    (check_03_fewer_features, np.int64(50)),
    (check_03_fewer_features, torch.tensor(50)),
    (check_03_fewer_features, torch.tensor([50], dtype=torch.uint8)),
    (check_03_fewer_features, np.array([[50.0]])),
    (check_03_fewer_features, [50]),
    (check_03_batches, lambda losses, sizes: (np.dot(losses, sizes) / sum(sizes)) ** 0.5),
    (check_03_batches, lambda losses, sizes: np.average(losses, weights=sizes) ** 0.5),
    (check_03_batches, lambda losses, sizes: (sum(a * n for a, n in zip(losses, sizes)) / sum(sizes)) ** 0.5),
    (check_03_batches, lambda losses, sizes: statistics.fmean(losses, sizes) ** 0.5),
    (
        check_03_batches,
        lambda losses, sizes: (torch.tensor(losses) @ torch.tensor(sizes).float() / sum(sizes)).sqrt(),
    ),
    (check_03_batches, lambda losses, sizes: np.sqrt([np.dot(losses, sizes) / sum(sizes)])),
    (check_03_batches, lambda losses, sizes: np.float32((np.dot(losses, sizes) / sum(sizes)) ** 0.5)),
    (check_03_batches, lambda losses, sizes: np.repeat(losses, sizes).mean() ** 0.5),
    (check_03_batches, lambda losses, sizes: pd.Series(losses).repeat(sizes).mean() ** 0.5),
    (check_03_evaluate, careful),
    (check_03_evaluate, lambda model, X, y: rmse(predict(model, X), y).item()),
    (check_03_evaluate, with_modes),
    (check_03_evaluate, on_a_copy),
    (check_03_evaluate, layer_by_layer),
    (check_03_evaluate, if_it_trained),
    (check_03_evaluate, torch.no_grad()(careful)),
    (check_03_evaluate, lambda model, X, y: nn.functional.mse_loss(predict(model, X), y).sqrt().view(1, 1)),
    (check_03_quarter, 0.117, ERRORS),
    (check_03_quarter, 0.11, ERRORS.tolist()),
    (check_03_quarter, 2 * WHOLE * 1.14, ERRORS),
    (check_03_quarter, 2 * WHOLE * 0.86, ERRORS),
    (check_03_quarter, torch.tensor(2 * WHOLE), ERRORS.double()),
    (check_03_quarter, np.float64(2 * WHOLE), ERRORS.numpy()),
    (check_03_quarter, [2 * WHOLE], pd.Series(ERRORS.tolist())),
    (check_03_quarter, 2 * WHOLE, list(ERRORS)),
    (check_03_quarter, 2 * WHOLE, ERRORS.sort().values),
    (check_03_quarter, ERRORS.std() / 25**0.5, ERRORS.sort(descending=True).values),
    (check_03_awake, with_bias(0.5)),
    (check_03_awake, with_bias(0.5, weight=0.0)),
    (check_03_awake, with_bias(100.0)),
    (check_03_awake, lifted(lambda last: last.bias.add_(1.0))),
    (check_03_awake, lifted(lambda last: (last.weight.abs_(), last.bias.abs_()))),
    (check_03_awake, lambda: with_bias(0.5)().double()),
    (check_03_awake, own_layers()),
    (check_03_awake, OneReLU),
    (check_03_awake, lambda: OneReLU()),
    (check_03_awake, lambda: nn.Sequential(with_bias(0.5, output_activation=None)(), nn.ReLU())),
    (check_03_awake, until_awake),
    (check_03_awake, lifted(lambda last: (last.weight.fill_(0.1), last.bias.fill_(0.3)))),
    (check_03_paired, paired()),
    (check_03_paired, lambda first, second: torch.stack(paired()(first, second))),
    (check_03_paired, lambda first, second: np.array([float(x) for x in paired()(first, second)])),
    (check_03_paired, lambda first, second: [x.item() for x in paired()(first, second)]),
    (check_03_paired, lambda first, second: (gaps()(first, second).mean(), stats.sem(gaps()(first, second)))),
    (
        check_03_paired,
        lambda first, second: (
            (first - second).double().mean(),
            (first - second).double().var().div(len(first)).sqrt(),
        ),
    ),
    (
        check_03_paired,
        lambda first, second: (
            first.mean() - second.mean(),
            np.std(gaps()(first, second), ddof=1) / np.sqrt(len(first)),
        ),
    ),
    (
        check_03_paired,
        lambda first, second: (lambda gap: (gap.mean(), gap.sem()))(pd.Series(gaps()(first, second))),
    ),
    (check_03_paired, lambda first, second: pd.Series(gaps()(first, second)).agg(["mean", "sem"])),
    (check_03_paired, lambda first, second: (x.view(1) for x in paired()(first, second))),
]

WRONG = [
    (check_03_scaling, scaled(rows=lambda train, test: np.vstack([train, test])), "had a say"),
    (check_03_scaling, lambda train, test: [MinMaxScaler().fit_transform(rows) for rows in (train, test)], "by themselves"),
    (check_03_scaling, lambda train, test: [rows.clip(0, 1) for rows in scaled()(train, test)], "cut off"),
    (check_03_scaling, scaled(lambda: MinMaxScaler(clip=True)), "cut off"),
    (check_03_scaling, scaled(StandardScaler), "Is it min-max scaling?"),
    (check_03_scaling, scaled(lambda: MinMaxScaler((-1, 1))), "Is it min-max scaling?"),
    (check_03_scaling, by_hand(lambda train: np.min(train), lambda train: np.max(train)), "which axis"),
    (check_03_scaling, scaled(rows=lambda train, test: test), "had a say"),
    (check_03_scaling, by_hand(lambda train: train.min(), lambda train: train.max()), "which axis"),
    (check_03_scaling, lambda train, test: (scaled()(train, test)[0], test), "the test rows are not"),
    (check_03_scaling, lambda train, test: scaled()(train, test)[::-1], "is the order training, test?"),
    (check_03_scaling, lambda train, test: scaled()(train, test)[0], "two things"),
    (check_03_scaling, lambda train, test: dict(zip("ab", scaled()(train, test))), "two things"),
    (check_03_scaling, lambda train, test: None, "two things"),
    (check_03_scaling, writes_into_train, "writes into what it is given"),
    (check_03_fewer_features, 1, "who weighs it"),
    (check_03_fewer_features, 51, "does a unit"),
    (check_03_fewer_features, 80, "second layer never sees"),
    (check_03_fewer_features, 1500, "second layer never sees"),
    (check_03_fewer_features, 2211, "shape of fc1.weight"),
    (check_03_fewer_features, 13, "shape of fc1.weight"),
    (check_03_fewer_features, 49.5, "shape of fc1.weight"),
    (check_03_fewer_features, -50, "without the minus"),
    (check_03_fewer_features, "50", "must be a number"),
    (check_03_fewer_features, (50, 13), "must be a number"),
    (check_03_batches, lambda losses, sizes: np.mean(losses) ** 0.5, "Weigh them"),
    (check_03_batches, lambda losses, sizes: np.mean(np.sqrt(losses)), "small batches count as much"),
    (check_03_batches, lambda losses, sizes: np.dot(np.sqrt(losses), sizes) / sum(sizes), "the root of the mean"),
    (check_03_batches, lambda losses, sizes: np.dot(losses, sizes) / sum(sizes), "still the MSE"),
    (check_03_batches, lambda losses, sizes: np.mean(losses), "the MSE, and each batch"),
    (check_03_batches, lambda losses, sizes: np.dot(losses, sizes) ** 0.5, "not yet their mean"),
    (check_03_batches, lambda losses, sizes: 1.0, "sum of the squares"),
    (check_03_batches, lambda losses, sizes: torch.tensor(TRUE_RMSE), "the first example only"),
    (check_03_batches, lambda losses, sizes: (np.dot(losses, sizes) / 72) ** 0.5, "the first example only"),
    (check_03_batches, lambda losses, sizes: None, "is a return missing"),
    (check_03_batches, lambda losses, sizes: losses, "must be a number"),
    (check_03_batches, lambda losses, sizes: (losses.pop() + 20.0 / sizes[0] * 0 - 20.0 + TRUE_RMSE - 5.0), "writes into"),
    (check_03_evaluate, judged(), "draws at random"),
    (check_03_evaluate, judged(lambda model: model.train()), "draws at random"),
    (check_03_evaluate, judged(lambda model: model.eval(), grad=True), "remembers how it was computed"),
    (check_03_evaluate, judged(lambda model: model.eval()), "left in eval mode"),
    (check_03_evaluate, lambda model, X, y: careful(model, X, y) ** 2, "That is the MSE"),
    (check_03_evaluate, lambda model, X, y: (careful(model, X, y), model.train())[0], "left in training mode"),
    (check_03_evaluate, lambda model, X, y: 0.5, "rows, and the network"),
    (check_03_evaluate, outer_only, "only some of its layers"),
    (check_03_evaluate, seeded, "same units were dropped"),
    (check_03_evaluate, without_dropout, "not what they were"),
    (check_03_evaluate, frozen, "not what they were"),
    (check_03_evaluate, lambda model, X, y: careful(model.double(), X.double(), y.double()), "not what they were"),
    (check_03_evaluate, never_again, "gradients stay switched off"),
    (check_03_evaluate, lambda model, X, y: (predict(model, X) - y).abs().mean(), "rows, and the network"),
    (check_03_evaluate, lambda model, X, y: predict(model, X), "must be a number"),
    (check_03_quarter, 0.0586, ERRORS, "less certain"),
    (check_03_quarter, 0.24, ERRORS, "Not so bad"),
    (check_03_quarter, 2 * WHOLE * 1.17, ERRORS, "Not so bad"),
    (check_03_quarter, 0.029, ERRORS, "The other way round"),
    (check_03_quarter, WHOLE / 4, ERRORS, "The other way round"),
    (check_03_quarter, 1.5 * WHOLE, ERRORS, "by more than that"),
    (check_03_quarter, ERRORS.std() / 25, ERRORS, "You divided by n"),
    (check_03_quarter, ERRORS.std(), ERRORS, "how much single networks differ"),
    (check_03_quarter, 0.6, ERRORS, "over the root of n"),
    (check_03_quarter, ERRORS.mean(), ERRORS, "the size of an error"),
    (check_03_quarter, 1.2, ERRORS, "surer than one of them"),
    (check_03_quarter, -0.117, ERRORS, "above 0"),
    (check_03_quarter, 0.117, ERRORS[:5], "Only 5 errors"),
    (check_03_quarter, 0.117, ERRORS[:25], "Only 25 errors"),
    (check_03_quarter, "0.117", ERRORS, "must be a number"),
    (check_03_quarter, 0.117, 4.0, "errors has shape ()"),
    (check_03_awake, relu_network, "what chance gives"),
    (check_03_awake, Regressor, "no nn.ReLU"),
    (check_03_awake, lambda: Regressor(), "no nn.ReLU"),
    (check_03_awake, with_bias(0.5, output_activation=nn.Softplus), "no nn.ReLU"),
    (check_03_awake, with_bias(0.5, output_activation=nn.LeakyReLU), "no nn.ReLU"),
    (check_03_awake, with_bias(0.0, weight=0.0), "flat there too"),
    (check_03_awake, with_bias(-5.0), "flat there too"),
    (check_03_awake, with_bias(0.1), "not safe yet"),
    (check_03_awake, with_bias(float("nan")), "nan or infinity"),
    (check_03_awake, own_layers(seed=3), "a seed set in the function"),
    (check_03_awake, lambda: MADE_ONCE, "made outside of it"),
    (check_03_awake, own_layers(hidden=(50,)), "wanted is 13-50-30-1"),
    (check_03_awake, own_layers(hidden=(30, 50)), "The network is 13-30-50-1"),
    (check_03_awake, MADE_ONCE, "without brackets"),
    (check_03_awake, lambda: None, "is a return missing"),
    (check_03_paired, paired(spread=lambda first, second: ((first.var() + second.var()) / len(first)).sqrt()), "unrelated groups"),
    (check_03_paired, paired(spread=lambda first, second: (first - second).std()), "spread of single differences"),
    (check_03_paired, paired(spread=lambda first, second: (first - second).var() / len(first)), "variance over n"),
    (check_03_paired, paired(spread=lambda first, second: np.std(gaps()(first, second)) / len(first) ** 0.5), "ddof"),
    (check_03_paired, paired(spread=lambda first, second: (first - second).std(unbiased=False) / len(first) ** 0.5), "n - 1"),
    (check_03_paired, paired(spread=lambda first, second: (first - second).std() / len(first)), "You divided by n"),
    (check_03_paired, paired(spread=lambda first, second: (first - second).std() / (len(first) - 1) ** 0.5), "the root is that of n"),
    (check_03_paired, paired(spread=lambda first, second: (first - second).std() / 50**0.5), "over the root of n"),
    (check_03_paired, paired(sign=-1), "sign is turned"),
    (check_03_paired, paired(spread=lambda first, second: 0.1), "over the root of n"),
    (check_03_paired, lambda first, second: paired()(first, second)[::-1], "changed places"),
    (check_03_paired, lambda first, second: paired()(first, second)[0], "two numbers"),
    (check_03_paired, lambda first, second: (first - second, 0.1), "The mean must be a number"),
    (check_03_paired, lambda first, second: (second.mean(), 0.1), "differences is"),
    (check_03_paired, lambda first, second: "0.2 ± 0.1", "two numbers"),
    (check_03_paired, lambda first, second: paired()(first.sub_(second), 0 * second), "writes into"),
]  # fmt: skip
