"""What the checks of chapter 2 say to right answers, and to the wrong ones that people give."""

import numpy as np
import torch
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from torch import nn

from answers import test_a_right_answer_passes, test_a_wrong_answer_is_told_apart  # noqa: F401
from helpers.exercises.ch02 import (
    check_02_awake,
    check_02_batches,
    check_02_evaluate,
    check_02_fewer_features,
    check_02_paired,
    check_02_quarter,
    check_02_scaling,
)
from helpers.models import MLP, Regressor
from helpers.training import predict, rmse


def scaled(make=MinMaxScaler, rows=lambda train, test: train):
    def scale(train, test):
        scaler = make().fit(rows(train, test))
        return scaler.transform(train), scaler.transform(test)

    return scale


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


def with_bias(value, weight=None, output_activation=nn.ReLU):
    def make():
        model = MLP(13, (50, 30), 1, output_activation=output_activation)
        nn.init.constant_(model[4].bias, value)
        if weight is not None:
            nn.init.constant_(model[4].weight, weight)
        return model

    return make


def relu_network():
    return Regressor(output_activation=nn.ReLU)


def paired(sign=1, spread=lambda first, second: (first - second).std() / len(first) ** 0.5):
    return lambda first, second: ((sign * (first - second)).mean(), spread(first, second))


ERRORS = torch.linspace(3, 5, 100)[torch.randperm(100, generator=torch.Generator().manual_seed(0))]
TRUE_RMSE = ((32 * 4 + 32 * 1 + 8 * 25) / 72) ** 0.5

RIGHT = [
    (check_02_scaling, scaled()),
    (check_02_fewer_features, 50),
    (check_02_batches, lambda losses, sizes: (np.dot(losses, sizes) / sum(sizes)) ** 0.5),
    (check_02_batches, lambda losses, sizes: torch.tensor(TRUE_RMSE)),
    (check_02_evaluate, careful),
    (check_02_evaluate, lambda model, X, y: rmse(predict(model, X), y).item()),
    (check_02_quarter, 0.117, ERRORS),
    (check_02_quarter, 0.11, ERRORS.tolist()),
    (check_02_awake, with_bias(0.5)),
    (check_02_awake, with_bias(0.5, weight=0.0)),
    (check_02_paired, paired()),
    (check_02_paired, lambda first, second: torch.stack(paired()(first, second))),
]

WRONG = [
    (check_02_scaling, scaled(rows=lambda train, test: np.vstack([train, test])), "had a say"),
    (check_02_scaling, lambda train, test: [MinMaxScaler().fit_transform(rows) for rows in (train, test)], "by themselves"),
    (check_02_scaling, lambda train, test: [rows.clip(0, 1) for rows in scaled()(train, test)], "cut off"),
    (check_02_scaling, scaled(StandardScaler), "Is it min-max scaling?"),
    (check_02_scaling, lambda train, test: (scaled()(train, test)[0], test), "the test rows are not"),
    (check_02_scaling, lambda train, test: scaled()(train, test)[::-1], "is the order training, test?"),
    (check_02_scaling, lambda train, test: scaled()(train, test)[0], "two things"),
    (check_02_fewer_features, 1, "who weighs it"),
    (check_02_fewer_features, 51, "does a unit"),
    (check_02_fewer_features, 80, "second layer never sees"),
    (check_02_fewer_features, 2211, "shape of fc1.weight"),
    (check_02_batches, lambda losses, sizes: np.mean(losses) ** 0.5, "Weigh them"),
    (check_02_batches, lambda losses, sizes: np.mean(np.sqrt(losses)), "small batches count as much"),
    (check_02_batches, lambda losses, sizes: np.dot(np.sqrt(losses), sizes) / sum(sizes), "the root of the mean"),
    (check_02_batches, lambda losses, sizes: np.dot(losses, sizes) / sum(sizes), "still the MSE"),
    (check_02_batches, lambda losses, sizes: np.mean(losses), "the MSE, and each batch"),
    (check_02_batches, lambda losses, sizes: np.dot(losses, sizes) ** 0.5, "not yet their mean"),
    (check_02_batches, lambda losses, sizes: 1.0, "sum of the squares"),
    (check_02_evaluate, judged(), "draws at random"),
    (check_02_evaluate, judged(lambda model: model.train()), "draws at random"),
    (check_02_evaluate, judged(lambda model: model.eval(), grad=True), "remembers how it was computed"),
    (check_02_evaluate, judged(lambda model: model.eval()), "left in eval mode"),
    (check_02_evaluate, lambda model, X, y: careful(model, X, y) ** 2, "That is the MSE"),
    (check_02_evaluate, lambda model, X, y: (careful(model, X, y), model.train())[0], "left in training mode"),
    (check_02_evaluate, lambda model, X, y: 0.5, "rows, and the network"),
    (check_02_quarter, 0.0586, ERRORS, "less certain"),
    (check_02_quarter, 0.24, ERRORS, "Not so bad"),
    (check_02_quarter, 0.029, ERRORS, "The other way round"),
    (check_02_quarter, 0.6, ERRORS, "over the root of n"),
    (check_02_quarter, 0.117, ERRORS[:5], "Only 5 errors"),
    (check_02_awake, relu_network, "what chance gives"),
    (check_02_awake, Regressor, "class Regressor"),
    (check_02_awake, lambda: Regressor(), "no nn.ReLU"),
    (check_02_awake, with_bias(0.5, output_activation=nn.Softplus), "no nn.ReLU"),
    (check_02_awake, with_bias(0.0, weight=0.0), "flat there too"),
    (check_02_awake, with_bias(0.1), "not safe yet"),
    (check_02_paired, paired(spread=lambda first, second: ((first.var() + second.var()) / 50).sqrt()), "unrelated groups"),
    (check_02_paired, paired(spread=lambda first, second: (first - second).std()), "spread of single differences"),
    (check_02_paired, paired(spread=lambda first, second: (first - second).var() / 50), "variance over n"),
    (check_02_paired, paired(sign=-1), "sign is turned"),
    (check_02_paired, paired(spread=lambda first, second: 0.1), "over the root of n"),
    (check_02_paired, lambda first, second: "0.2 ± 0.1", "two numbers"),
]  # fmt: skip
