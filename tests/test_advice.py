"""What the helpers say to a slip: before any training, which argument it is, and advice that works.

Each row of the tables is a slip, what its error says, and the same call with that advice followed.
"""

import copy
import re
import textwrap
from functools import partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import csr_matrix
from sklearn import metrics
from sklearn.model_selection import GroupKFold, KFold, LeaveOneGroupOut, StratifiedKFold, train_test_split
from torch import nn
from torch.nn import functional as F
from torch.optim import lr_scheduler as schedules
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from helpers.data import load_boston, split_and_scale
from helpers.ensembles import fit_many
from helpers.models import MLP
from helpers.training import evaluate, fit, predict, rmse
from helpers.validation import cross_validate, hold_out, mean_se, summary

DRAWS = torch.Generator().manual_seed(0)
N = 42  # in batches of 8 the last has 2 rows
X = torch.randn(N, 4, generator=DRAWS)
Y = torch.randn(N, 1, generator=DRAWS)
CLASSES = torch.arange(N) % 3
YES = (CLASSES > 0)[:, None]  # or no
WEIGHTS = torch.rand(N, generator=DRAWS)
GROUPS = np.arange(N) // 6
ROWS = TensorDataset(X, Y)
ADAM = partial(torch.optim.Adam, lr=1e-2)
MSE, CE, BCE = nn.MSELoss(), nn.CrossEntropyLoss(), nn.BCEWithLogitsLoss()
SPLIT = (np.arange(30), np.arange(30, N))
STEP = partial(schedules.StepLR, step_size=1)


def seeded(make_model):
    torch.manual_seed(0)
    return make_model()


def small(outputs=1, features=4):
    return MLP(features, (8,), outputs)


def of_rows(X=X, y=Y, *weights, batch_size=8, **options):
    return DataLoader(TensorDataset(X, y, *weights), batch_size, **options)


def by_fit(make_model=small, data=None, optimizer=ADAM, scheduler=None, rows=(X, Y), **options):
    """Train a model by ``fit``; an error must leave no trace in it, nor in the random state."""
    model = seeded(make_model)
    optimizer = optimizer(model.parameters()) if callable(optimizer) else optimizer
    options = {"epochs": 2, "loss": MSE, "scheduler": scheduler and scheduler(optimizer)} | options
    before, state = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    try:
        history = fit(model, of_rows(*rows) if data is None else data, optimizer=optimizer, **options)
    except Exception:
        assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
        assert all(p.grad is None for p in model.parameters()) and model.training
        assert torch.equal(state, torch.get_rng_state())
        raise
    return history.train_loss


def by_fit_many(make_model=small, rows=(X, Y), splits=SPLIT, seeds=(0, 1), **options):
    options = {"epochs": 2, "batch_size": 8, "loss": MSE, "optimizer": ADAM} | options
    if len(rows) == 3:
        options["weights"] = rows[2]
    return fit_many(make_model, *rows[:2], splits, seeds, **options).train_loss.tolist()


def by_cross_validate(make_model=small, rows=(X, Y), cv=None, **options):
    cv = KFold(3) if cv is None else cv
    options = {"epochs": 2, "batch_size": 8, "loss": MSE, "optimizer": ADAM} | options
    return cross_validate(make_model, *rows, cv, **options)["test"].tolist()


def by_predict(model=None, X=X):
    return predict(seeded(small) if model is None else model, X).tolist()


def by_evaluate(model=None, data=None, metric=rmse):
    return evaluate(seeded(small) if model is None else model, of_rows() if data is None else data, metric)


def check(call, slip, words, mended, monkeypatch):
    """See the slip refused before any training, and the call work with what its message advises."""
    with monkeypatch.context() as patch:
        for module in ("training", "ensembles"):
            patch.setattr(f"helpers.{module}.progress_bar", lambda *args, **labels: pytest.fail("it trained"))
        if call is by_cross_validate:  # whose first look is a training of no epochs
            patch.undo()
        with pytest.raises((TypeError, ValueError)) as caught:
            call(**slip)
    said = str(caught.value)
    for part in [words] if isinstance(words, str) else words:
        assert part in said
    assert np.isfinite(call(**slip | mended)).all()
    return caught.value


class Small(nn.Linear):
    """A model of the reader's own."""

    def __init__(self):
        super().__init__(4, 1)


class Column(Small):
    """Gives (n,) instead of (n, 1)."""

    def forward(self, x):
        return super().forward(x)[:, 0]


def pinball(prediction, target):
    """Three quantiles at once."""
    share, error = torch.tensor([0.1, 0.5, 0.9]), target - prediction
    return torch.maximum(share * error, (share - 1) * error).mean()


def gaussian(prediction, target):
    """A mean and the logarithm of a variance, whose likelihood is to be large."""
    mean, log_variance = prediction[:, :1], prediction[:, 1:]
    return (log_variance + (target - mean).square() / log_variance.exp()).mean()


def weighted(prediction, target, weights):
    return (weights * (prediction - target).square().squeeze(1)).mean()


def spread(prediction, target):
    return (prediction - target).abs().mean()


one_hot = F.one_hot(CLASSES)
IMAGES = torch.rand(N, 2, 2, generator=DRAWS)

# rows, loss, outputs, and what the message says to do with the rows
CONVERSIONS = {
    "float64": ((X.double(), Y.double()), MSE, 1, "X.float() and y.float()"),
    "float64 rows": ((X.double(), Y), MSE, 1, "X.float()"),
    "float64 targets": ((X, Y.double()), MSE, 1, "y.float()"),
    "float64 flat": ((X.double(), Y[:, 0].double()), MSE, 1, "X.float() and y.float().unsqueeze(1)"),
    "float64 and classes": ((X.double(), CLASSES), CE, 3, "X.float()"),
    "half": ((X.half(), Y.half()), MSE, 1, "X.float() and y.float()"),
    "float32 for a model of float64": ((X, Y), MSE, lambda: small().double(), "X.double() and y.double()"),
    "flat targets": ((X, Y[:, 0]), MSE, 1, "y.unsqueeze(1)"),
    "flat targets of L1": ((X, Y[:, 0]), F.l1_loss, 1, "y.unsqueeze(1)"),
    "flat targets of Poisson": ((X, Y[:, 0].exp()), nn.PoissonNLLLoss(), 1, "y.unsqueeze(1)"),
    "flat targets of one's own loss": ((X, Y[:, 0]), spread, 1, "y.unsqueeze(1)"),
    "flat targets of quantiles": ((X, Y[:, 0]), pinball, 3, "y.unsqueeze(1)"),
    "flat targets of a Gaussian": ((X, Y[:, 0]), gaussian, 2, "y.unsqueeze(1)"),
    "column targets": ((X, Y), MSE, Column, "y.squeeze(1)"),
    "classes as floats": ((X, CLASSES.float()), CE, 3, "y.long()"),
    "classes as floats in a column": ((X, CLASSES.float()[:, None]), CE, 3, "y.squeeze(1).long()"),
    "classes in a column": ((X, CLASSES[:, None]), CE, 3, "y.squeeze(1)"),
    "classes as int32": ((X, CLASSES.int()), CE, 3, "y.long()"),
    "classes as booleans": ((X, YES[:, 0]), CE, 2, "y.long()"),
    "classes from 1": ((X, CLASSES + 1), CE, 3, "y - 1"),
    "classes as ones of whole numbers": ((X, one_hot), CE, 3, "y.float()"),
    "yes and no as whole numbers": ((X, YES.long()), BCE, 1, "y.float()"),
    "yes and no in one dimension": ((X, YES[:, 0].long()), BCE, 1, "y.float().unsqueeze(1)"),
    "yes and no as booleans": ((X, YES), BCE, 1, "y.float()"),
    "yes and no as 2 and 1": ((X, YES.float() + 1), BCE, 1, "y - 1"),
    "yes and no as 1 and -1": ((X, 2 * YES.float() - 1), BCE, 1, "(y + 1) / 2"),
    "whole numbers as targets": ((X, CLASSES[:, None]), MSE, 1, "y.float()"),
    "flat whole numbers as targets": ((X, CLASSES), MSE, 1, "y.float().unsqueeze(1)"),
    "weights of float64": ((X, Y, WEIGHTS.double()), weighted, 1, None),
}  # fmt: skip


@pytest.mark.parametrize("call", [by_fit, by_fit_many])
@pytest.mark.parametrize("rows, loss, outputs, advice", CONVERSIONS.values(), ids=CONVERSIONS)
def test_a_conversion_that_is_advised_works(call, rows, loss, outputs, advice, monkeypatch):
    """The advice is taken from the message, and applied as it stands there."""
    make_model = outputs if callable(outputs) else partial(small, outputs)
    if advice is None:
        advice = "weights.float()" if call is by_fit else "weights.to(X.dtype)"
    names = dict(zip(("X", "y", "weights"), rows))
    for words in advice.split(" and "):
        names[re.match(r"\(?(\w+)", words)[1]] = eval(words, {}, dict(names))
    slip = {"rows": rows, "loss": loss, "make_model": make_model}
    said = check(call, slip, f"use {advice}", {"rows": tuple(names.values())}, monkeypatch)
    assert str(said).split("use ")[-1].split(", or a model")[0] == advice, "and nothing else"


@pytest.mark.parametrize("call", [by_fit, by_fit_many])
def test_float64_is_welcome_where_the_model_is(call, monkeypatch):
    slip = {"rows": (X.double(), Y.double())}
    mended = {"make_model": lambda: small().double()}
    check(call, slip, "or a model in double precision too, made with .double()", mended, monkeypatch)


def accuracy(prediction, target):
    return (prediction.argmax(1) == target).float().mean()


class Twice(Small):
    def forward(self, x):
        return super().forward(x), x


class Logarithm(Small):
    def forward(self, x):
        return (super().forward(x) - 1e3).log()


def nearly_half():
    """A model whose outputs are near 1/2 at first."""
    model = nn.Linear(4, 1)
    nn.init.constant_(model.weight, 1e-3)
    nn.init.constant_(model.bias, 0.5)
    return model


def frozen():
    return small().requires_grad_(False)


def loss_of_logarithms(prediction, target):
    return F.mse_loss(prediction.log(), target.log())


class Looked(nn.Module):
    """Looks categories up, as whole numbers or as it gets them."""

    def __init__(self, whole=True, categories=3):
        super().__init__()
        self.whole, self.table, self.layer = whole, nn.Embedding(categories, 2), nn.Linear(8, 1)

    def forward(self, x):
        return self.layer(self.table(x.long() if self.whole else x).flatten(1))


CATEGORIES = torch.stack([CLASSES] * 4, 1).float()
UNFOLDED = nn.Unflatten(1, (1, 2, 2))


def convolution(*first):
    return nn.Sequential(*first, nn.Conv2d(1, 2, 2), nn.Flatten(), nn.Linear(2, 1))


# (what is wrong, what the message says, what it advises), for both fit and fit_many
BOTH = {
    "categories as floats": (
        {"rows": (CATEGORIES, Y), "make_model": partial(Looked, whole=False)},
        "x.long() in the model's forward",
        {"make_model": partial(Looked, whole=True)},
    ),
    "more categories than rows of the table": (
        {"rows": (CATEGORIES, Y), "make_model": partial(Looked, categories=2)},
        "num_embeddings=int(X.max()) + 1",
        {"make_model": partial(Looked, categories=int(CATEGORIES.max()) + 1)},
    ),
    "flat images": (
        {"make_model": convolution},
        "nn.Unflatten(1, (1, height, width)) as the model's first layer",
        {"make_model": partial(convolution, UNFOLDED)},
    ),
    "a loss of one argument": (
        {"loss": lambda prediction: prediction.mean()},
        ["takes another number of arguments", "loss=lambda prediction, target: ..."],
        {"loss": lambda prediction, target: prediction.square().mean()},
    ),
    "one output too few for the classes": (
        {"rows": (X, torch.arange(N) % 4), "loss": CE, "make_model": partial(small, 3)},
        ["y holds class 3", "3 outputs stand for the classes 0 to 2", "out_features=4"],
        {"make_model": partial(small, 4)},
    ),
    "the class that is too many comes late": (
        {"rows": (X, (torch.arange(N) == 25).long() * 2), "loss": CE, "make_model": partial(small, 2)},
        ["y holds class 2", "out_features=3"],
        {"make_model": partial(small, 3)},
    ),
    "classes below 0": (
        {"rows": (X, CLASSES - 1), "loss": CE, "make_model": partial(small, 3)},
        ["y holds class -1", "torch.unique(y, return_inverse=True)[1]"],
        {"rows": (X, torch.unique(CLASSES - 1, return_inverse=True)[1])},
    ),
    "three outputs for one number": (
        {"make_model": partial(small, 3)},
        ["predictions", "out_features=1"],
        {"make_model": partial(small, 1)},
    ),
    "squares between outputs and classes": (
        {"make_model": partial(small, 3), "rows": (X, CLASSES)},
        ["If y holds classes: loss=nn.CrossEntropyLoss()"],
        {"loss": nn.CrossEntropyLoss()},
    ),
    "prices that could pass for classes": (
        {"make_model": partial(small, 3), "rows": (X, torch.linspace(0, 2.9, N)[:, None]), "loss": CE},
        ["loss=nn.MSELoss()", "out_features=1"],
        {"loss": nn.MSELoss(), "make_model": partial(small, 1)},
    ),
    "prices as classes": (
        {"make_model": partial(small, 3), "rows": (X, Y), "loss": CE},
        ["loss=nn.MSELoss()", "out_features=1"],
        {"loss": nn.MSELoss(), "make_model": partial(small, 1)},
    ),
    "several classes a row": (
        {"make_model": partial(small, 3), "rows": (X, torch.ones(N, 3)), "loss": CE},
        "loss=nn.BCEWithLogitsLoss() where a row may belong to several classes",
        {"loss": nn.BCEWithLogitsLoss()},
    ),
    "cross-entropy of one output": (
        {"rows": (X, YES.float()), "loss": CE},
        ["is 0, whatever the model says", "out_features=2 or more", "loss=nn.BCEWithLogitsLoss() with 0 and 1 as floats"],
        {"loss": nn.BCEWithLogitsLoss()},
    ),
    "cross-entropy of one output and class numbers": (
        {"rows": (X, YES[:, 0].long()), "loss": CE},
        "out_features=2 or more",
        {"make_model": partial(small, 2)},
    ),
    "likelihood without logarithms": (
        {"rows": (X, CLASSES), "make_model": partial(small, 3), "loss": nn.NLLLoss()},
        "loss=nn.CrossEntropyLoss()",
        {"loss": nn.CrossEntropyLoss()},
    ),
    "probabilities that are none": (
        {"rows": (X, YES.float()), "loss": nn.BCELoss()},
        ["let the model end in nn.Sigmoid()", "loss=nn.BCEWithLogitsLoss()"],
        {"make_model": partial(MLP, 4, (8,), 1, output_activation=nn.Sigmoid)},
    ),
    "probabilities that are none, and the other advice": (
        {"rows": (X, YES.float()), "loss": F.binary_cross_entropy},
        "loss=nn.BCEWithLogitsLoss()",
        {"loss": nn.BCEWithLogitsLoss()},
    ),
    "probabilities by chance": (
        {"rows": (X, YES.float()), "loss": nn.BCELoss(), "make_model": nearly_half},
        "let the model end in nn.Sigmoid()",
        {"make_model": lambda: nn.Sequential(nearly_half(), nn.Sigmoid())},
    ),
    "numbers as probabilities": (
        {"rows": (X, 5 * Y), "loss": BCE},
        "loss=nn.MSELoss()",
        {"loss": nn.MSELoss()},
    ),
    "other features": (
        {"make_model": partial(small, features=5)},
        "X has 4 features, and the first layer takes 5: give it so many, or make it with in_features=4",
        {"make_model": partial(small, features=4)},
    ),
    "layers that don't fit": (
        {"make_model": lambda: nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(6, 1))},
        "layer '2' gets 8 features, and it takes 6: give it so many, or make it with in_features=8",
        {"make_model": lambda: nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))},
    ),
    "several outputs": (
        {"make_model": Twice},
        ["returns a tuple", "let its forward return one tensor"],
        {"make_model": Small},
    ),
    "a model of logarithms": (
        {"make_model": Logarithm},
        ["the model gives nan", "keep what goes into a logarithm", ".clamp(min=1e-6)"],
        {"make_model": lambda: nn.Sequential(small(), Clamped())},
    ),
    "a loss of logarithms": (
        {"loss": loss_of_logarithms},
        ["the loss is nan before any training", ".clamp(min=1e-6)"],
        {"loss": lambda p, t: loss_of_logarithms(p.clamp(min=1e-6), t.clamp(min=1e-6))},
    ),
    "a root at 0": (
        {"loss": lambda p, t: (0 * (p - t)).square().mean().sqrt()},
        ["a gradient of nan", ".clamp(min=1e-6)"],
        {"loss": lambda p, t: (0 * (p - t)).square().mean().clamp(min=1e-6).sqrt()},
    ),
    "targets far too large": (
        {"rows": (X, 1e30 * Y)},
        ["the loss is inf", "scale y to about 1"],
        {"rows": (X, Y)},
    ),
    "a loss class": ({"loss": nn.MSELoss}, "loss=nn.MSELoss()", {"loss": nn.MSELoss()}),
    "a loss by name": ({"loss": "mse"}, ["loss must be a function", "nn.MSELoss()"], {"loss": nn.MSELoss()}),
    "a loss already computed": ({"loss": MSE(Y, Y)}, ["loss must be a function", "got Tensor"], {"loss": nn.MSELoss()}),
    "a loss for each row": (
        {"loss": nn.MSELoss(reduction="none")},
        ["the loss must be one number", 'reduction="mean"'],
        {"loss": nn.MSELoss(reduction="mean")},
    ),
    "one's own loss for each row": (
        {"loss": lambda p, t: (p - t).square()},
        "by .mean()",
        {"loss": lambda p, t: (p - t).square().mean()},
    ),
    "a loss that is no tensor": (
        {"loss": lambda p, t: MSE(p, t).item()},
        "without .item()",
        {"loss": lambda p, t: MSE(p, t)},
    ),
    "accuracy as loss": (
        {"rows": (X, CLASSES), "make_model": partial(small, 3), "loss": accuracy},
        ["no gradient", "loss=nn.CrossEntropyLoss()"],
        {"loss": nn.CrossEntropyLoss()},
    ),
    "scikit-learn's error as loss": (
        {"loss": metrics.mean_squared_error},
        ["a loss needs gradients", "nn.MSELoss()"],
        {"loss": nn.MSELoss()},
    ),
    "a loss that goes backward itself": (
        {"loss": lambda p, t: (value := MSE(p, t), value.backward())[0]},
        "leave .backward() out of the loss",
        {"loss": lambda p, t: MSE(p, t)},
    ),
    "nothing to learn": (
        {"make_model": frozen},
        ["gradient", "nothing would be learned", "requires_grad_(True)"],
        {"make_model": lambda: frozen().requires_grad_(True)},
    ),
    "weights, and a loss without": (
        {"rows": (X, Y, WEIGHTS)},
        ["the loss takes a prediction and a target alone", "loss=lambda prediction, target, weights: (weights * "],
        {"loss": lambda prediction, target, weights: (weights * (prediction - target).square().flatten(1).mean(1)).mean()},
    ),
    "weights, and a function with other arguments": (
        {"rows": (X, Y, WEIGHTS), "loss": F.mse_loss},
        "weight row by row: loss=lambda prediction, target, weights: (weights * ",
        {"loss": lambda prediction, target, weights: (weights * (prediction - target).square().flatten(1).mean(1)).mean()},
    ),
    "weights of other rows": (
        {"rows": (X, Y, WEIGHTS), "loss": lambda p, t, w: (w * (p - t).square()).mean()},
        "the weights don't reach their own rows",
        {"loss": lambda prediction, target, weights: (weights * (prediction - target).square().flatten(1).mean(1)).mean()},
    ),
    "weights that nobody heeds": (
        {"rows": (X, Y, WEIGHTS), "loss": lambda p, t, w=None: MSE(p, t)},
        "the weights don't reach their own rows",
        {"rows": (X, Y)},
    ),
    "weights and classes": (
        {"rows": (X, CLASSES, WEIGHTS), "loss": CE, "make_model": partial(small, 3)},
        'loss=lambda prediction, target, weights: (weights * nn.functional.cross_entropy(prediction, target, reduction="none")).mean()',
        {"loss": lambda prediction, target, weights: (weights * nn.functional.cross_entropy(prediction, target, reduction="none")).mean()},
    ),
    "no weights, and a loss with": (
        {"loss": weighted},
        ["TensorDataset(X, y, weights) for fit, weights=weights for fit_many"],
        {"rows": (X, Y, WEIGHTS)},
    ),
    "epochs of 2.0": ({"epochs": 2.0}, "epochs must be a whole number of 0 or more, got 2.0", {"epochs": 2}),
    "epochs of True": ({"epochs": True}, "epochs must be a whole number", {"epochs": 1}),
    "epochs in words": ({"epochs": "2"}, "epochs must be a whole number", {"epochs": 2}),
    "no epochs": ({"epochs": None}, "epochs must be a whole number", {"epochs": 2}),
    "an optimizer by name": ({"optimizer": "adam"}, ["optimizer", "torch.optim.Adam"], {"optimizer": ADAM}),
    "needs a closure": ({"optimizer": torch.optim.LBFGS}, ["LBFGS", "such as torch.optim.Adam"], {"optimizer": torch.optim.Adam}),
    "a schedule by the loss": (
        {"scheduler": schedules.ReduceLROnPlateau},
        ["ReduceLROnPlateau", "torch.optim.lr_scheduler.CosineAnnealingLR"],
        {"scheduler": partial(schedules.CosineAnnealingLR, T_max=2)},
    ),
}  # fmt: skip


class Clamped(nn.Module):
    def forward(self, x):
        return x.clamp(min=1e-6).log()


@pytest.mark.parametrize("call", [by_fit, by_fit_many])
@pytest.mark.parametrize("slip, words, mended", BOTH.values(), ids=BOTH)
def test_a_slip_in_training(call, slip, words, mended, monkeypatch):
    check(call, slip, words, mended, monkeypatch)


class Dicts(Dataset):
    def __len__(self):
        return N

    def __getitem__(self, i):
        return {"x": X[i], "y": Y[i]}


class Stream(IterableDataset):
    def __iter__(self):
        return iter(zip(X, Y))


class Unsized(Dataset):
    def __getitem__(self, i):
        return X[i], Y[i]


class Sized(Unsized):
    def __len__(self):
        return N


class Named(Sized):
    def __getitem__(self, i):
        return X[i], f"row {i}"


def normalized():
    return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))


def pairs_of(parts):
    return parts[:2], parts[2:]


def nested(X, y):
    return SimpleNamespace(X_train=X[:30], y_train=y[:30], X_test=X[30:], y_test=y[30:])


BOSTON = split_and_scale(load_boston())
OTHER = seeded(small)
HOLES = X.clone()
HOLES[40, 1] = torch.nan
one_cycle = partial(schedules.OneCycleLR, max_lr=0.1)  # of 6 batches, in 2 epochs 12 steps
up_and_down = partial(schedules.CyclicLR, base_lr=1e-3, max_lr=0.1, cycle_momentum=False)

FIT = {
    "whole numbers as rows": ({"rows": ((10 * X).long(), Y)}, "use X.float()", {"rows": ((10 * X).long().float(), Y)}),
    "images": ({"rows": (IMAGES, Y)}, "use X.flatten(1)", {"rows": (IMAGES.flatten(1), Y)}),
    "images of bytes": (
        {"rows": ((255 * IMAGES).byte(), Y)},
        "use X.float().flatten(1)",
        {"rows": ((255 * IMAGES).byte().float().flatten(1), Y)},
    ),
    "images without a channel": (
        {"rows": (IMAGES, Y), "make_model": convolution},
        "use X.unsqueeze(1)",
        {"rows": (IMAGES.unsqueeze(1), Y)},
    ),
    "images with the channel last": (
        {"rows": (IMAGES.unsqueeze(-1), Y), "make_model": convolution},
        "use X.movedim(-1, 1)",
        {"rows": (IMAGES.unsqueeze(-1).movedim(-1, 1), Y)},
    ),
    "rows of one dimension": (
        {"rows": (X[:, 0], Y), "make_model": partial(small, features=1)},
        "use X.unsqueeze(1)",
        {"rows": (X[:, 0].unsqueeze(1), Y)},
    ),
    "NaN in a row": ({"rows": (HOLES, Y)}, "data has NaN or infinite inputs; drop", {"rows": (HOLES[:40], Y[:40])}),
    "infinite targets": ({"rows": (X, Y / 0)}, "data has NaN or infinite targets", {"rows": (X, Y)}),
    "tensors": ({"data": (X, Y)}, "DataLoader(TensorDataset(*data), batch_size=32, shuffle=True)", {"data": DataLoader(TensorDataset(*(X, Y)), batch_size=32, shuffle=True)}),
    "a tensor": ({"data": X}, "DataLoader(TensorDataset(X, y), batch_size=32, shuffle=True)", {"data": DataLoader(TensorDataset(X, Y), batch_size=32, shuffle=True)}),
    "arrays": ({"data": (X.numpy(), Y.numpy())}, "of tensors X and y: DataLoader(TensorDataset(X, y)", {"data": of_rows()}),
    "a table": ({"data": load_boston()}, "data must be a DataLoader, not DataFrame", {"data": of_rows()}),
    "a dataset": ({"data": ROWS}, "DataLoader(data, batch_size=32, shuffle=True)", {"data": DataLoader(ROWS, batch_size=32, shuffle=True)}),
    "a split": (
        {"data": nested(X, Y)},
        "DataLoader(TensorDataset(data.X_train, data.y_train), batch_size=32, shuffle=True)",
        {"data": of_rows(nested(X, Y).X_train, nested(X, Y).y_train)},
    ),
    "batches of a loader": ({"data": list(of_rows())}, "data must be a DataLoader, not list", {"data": of_rows()}),
    "a loader's iterator": ({"data": iter(of_rows())}, "data must be a DataLoader", {"data": of_rows()}),
    "dictionaries": (
        {"data": DataLoader(Dicts(), 8)},
        "DataLoader([(row['x'], row['y']) for row in data.dataset], batch_size=32, shuffle=True)",
        {"data": DataLoader([(row["x"], row["y"]) for row in map(Dicts().__getitem__, range(N))], batch_size=32, shuffle=True)},
    ),
    "a stream": (
        {"data": DataLoader(Stream(), batch_size=8)},
        "DataLoader(list(data.dataset), batch_size=8, shuffle=True)",
        {"data": DataLoader(list(Stream()), batch_size=8, shuffle=True)},
    ),
    "a stream itself": ({"data": Stream()}, "DataLoader(list(data), batch_size=32, shuffle=True)", {"data": DataLoader(list(Stream()), batch_size=32, shuffle=True)}),
    "a dataset of no length": (
        {"data": DataLoader(Unsized(), sampler=range(N), batch_size=8)},
        "give its class a method __len__",
        {"data": DataLoader(Sized(), sampler=range(N), batch_size=8)},
    ),
    "rows alone": ({"data": DataLoader(X, 8)}, "DataLoader(TensorDataset(X, y), batch_size=32, shuffle=True)", {"data": DataLoader(TensorDataset(X, Y), batch_size=32, shuffle=True)}),
    "rows alone in a dataset": ({"data": DataLoader(TensorDataset(X), 8)}, ["1 part", "TensorDataset(X, y)"], {"data": of_rows()}),
    "two rows at a time": ({"data": DataLoader(X, 2)}, "TensorDataset(X, y)", {"data": of_rows()}),
    "targets twice": ({"data": of_rows(X, Y, Y)}, "leave it out, TensorDataset(X, y)", {"data": of_rows()}),
    "four parts": ({"data": of_rows(X, Y, Y, Y)}, ["4 part", "TensorDataset(X, y)"], {"data": of_rows()}),
    "words": ({"data": DataLoader(Named(), 8)}, "must hold numbers alone", {"data": DataLoader(Sized(), 8)}),
    "no rows": ({"rows": (X[:0], Y[:0])}, "data has no rows", {"rows": (X, Y)}),
    "no full batch": ({"data": of_rows(batch_size=64, drop_last=True)}, ["drop_last=False", "smaller batch_size"], {"data": of_rows(batch_size=64, drop_last=False)}),
    "a last batch of one row": (
        {"make_model": normalized, "data": of_rows(batch_size=41)},
        ["Expected more than 1 value per channel", "drop_last=True"],
        {"data": of_rows(batch_size=41, drop_last=True)},
    ),
    "batches of one row": ({"make_model": normalized, "data": of_rows(batch_size=1)}, "larger batch_size", {"data": of_rows(batch_size=2)}),
    "an optimizer of another model": ({"optimizer": ADAM(OTHER.parameters())}, ["none of this model's parameters", "model.parameters()"], {"optimizer": ADAM}),
    "an optimizer of what is frozen": (
        {"optimizer": lambda p: ADAM([next(p).requires_grad_(False)])},
        "holds only parameters that require no gradient",
        {"optimizer": ADAM},
    ),
    "a schedule of another optimizer": (
        {"scheduler": lambda optimizer: STEP(ADAM(OTHER.parameters()))},
        ["scheduler is made from another optimizer", "StepLR(optimizer, ...)"],
        {"scheduler": STEP},
    ),
    "a schedule class": ({"scheduler": lambda optimizer: schedules.StepLR}, "StepLR(optimizer, step_size=10)", {"scheduler": partial(schedules.StepLR, step_size=10)}),
    "a schedule not made": ({"scheduler": lambda optimizer: STEP}, "made from the optimizer", {"scheduler": STEP}),
    "a schedule by the loss, called by hand": (
        {"scheduler": schedules.ReduceLROnPlateau},
        "on_epoch=lambda epoch, model: plateau.step(evaluate(model, validation, loss))",
        {"scheduler": None, "on_epoch": lambda epoch, model: None},
    ),
    "steps in words": ({"scheduler": STEP, "step_scheduler": "step"}, 'step_scheduler must be "epoch" or "batch"', {"step_scheduler": "batch"}),
    "one cycle of batches by the epoch": ({"scheduler": partial(one_cycle, total_steps=12)}, "use step_scheduler='batch'", {"step_scheduler": "batch"}),
    "one cycle of epochs by the batch": ({"scheduler": partial(one_cycle, total_steps=2), "step_scheduler": "batch"}, "use step_scheduler='epoch'", {"step_scheduler": "epoch"}),
    "one cycle too long": ({"scheduler": partial(one_cycle, total_steps=99)}, "use total_steps=2", {"scheduler": partial(one_cycle, total_steps=2)}),
    "one cycle too short": (
        {"scheduler": partial(one_cycle, epochs=1, steps_per_epoch=6), "step_scheduler": "batch"},
        "use total_steps=12",
        {"scheduler": partial(one_cycle, total_steps=12, epochs=1, steps_per_epoch=6)},
    ),
    "up and down by the epoch": ({"scheduler": partial(up_and_down, step_size_up=5)}, "use step_scheduler='batch'", {"step_scheduler": "batch"}),
    "up and down too slowly": ({"scheduler": up_and_down, "step_scheduler": "batch"}, "use step_size_up=6", {"scheduler": partial(up_and_down, step_size_up=6)}),
    "a cosine of batches by the epoch": ({"scheduler": partial(schedules.CosineAnnealingLR, T_max=12)}, "use step_scheduler='batch'", {"step_scheduler": "batch"}),
    "a cosine of epochs by the batch": (
        {"scheduler": partial(schedules.CosineAnnealingLR, T_max=2), "step_scheduler": "batch"},
        "use step_scheduler='epoch'",
        {"step_scheduler": "epoch"},
    ),
    "patience without rows": ({"patience": 3}, "validation=DataLoader(TensorDataset(X, y), batch_size=32)", {"validation": DataLoader(TensorDataset(X, Y), batch_size=32)}),
    "validation on the training rows": (
        {"data": (same := of_rows()), "validation": same, "patience": 3},
        ["validation must have other rows than data", "train_test_split(X, y, test_size=0.2, random_state=0)"],
        dict(zip(("data", "validation"), map(of_rows, *pairs_of(train_test_split(X, Y, test_size=0.2, random_state=0))))),
    ),
    "patience of none": ({"patience": 0, "validation": of_rows()}, "patience must be a whole number of 1 or more", {"patience": 1}),
    "patience of a share": ({"patience": 0.5, "validation": of_rows()}, "patience must be a whole number of 1 or more", {"patience": 1}),
    "a validation split": ({"validation": (X, Y)}, "DataLoader(TensorDataset(*validation), batch_size=32)", {"validation": DataLoader(TensorDataset(X, Y), batch_size=32)}),
    "a share as validation": ({"validation": 0.2}, "validation must be a DataLoader, not float", {"validation": of_rows()}),
    "test tensors": ({"test": X}, "test must be a DataLoader, not Tensor", {"test": of_rows()}),
    "a test split": ({"test": nested(X, Y)}, "DataLoader(TensorDataset(test.X_test, test.y_test), batch_size=32)", {"test": of_rows()}),
    "test rows of float64": ({"test": of_rows(X.double(), Y.double())}, ["of test's rows", "use X.float() and y.float()"], {"test": of_rows(X.double().float(), Y.double().float())}),
    "flat test targets": ({"test": of_rows(X, Y[:, 0])}, ["of test's rows", "use y.unsqueeze(1)"], {"test": of_rows(X, Y[:, 0].unsqueeze(1))}),
    "validation rows with holes": ({"validation": of_rows(HOLES, Y)}, "validation has NaN", {"validation": of_rows(HOLES[:40], Y[:40])}),
    "a class that only the test has": (
        {"rows": (X, CLASSES.clamp(max=1)), "test": of_rows(X, CLASSES), "loss": CE, "make_model": partial(small, 2)},
        ["of test's rows", "out_features=3"],
        {"make_model": partial(small, 3)},
    ),
    "test rows without weights": (
        {"rows": (X, Y, WEIGHTS), "loss": weighted, "test": of_rows()},
        ["of test's rows", "TensorDataset(X, y, weights)"],
        {"test": of_rows(X, Y, WEIGHTS)},
    ),
    "gradients of length 0": ({"clip_norm": 0}, "clip_norm must be a number above 0", {"clip_norm": 0.1}),
    "clipping by yes": ({"clip_norm": True}, "clip_norm must be a number above 0", {"clip_norm": 1.0}),
    "a look of one argument": ({"on_epoch": lambda epoch: None}, "def on_epoch(epoch, model)", {"on_epoch": lambda epoch, model: None}),
    "a look at nothing": ({"on_epoch": 3}, "on_epoch must be a function of two arguments", {"on_epoch": lambda epoch, model: None}),
}  # fmt: skip


@pytest.mark.parametrize("slip, words, mended", FIT.values(), ids=FIT)
def test_a_slip_in_fit(slip, words, mended, monkeypatch):
    check(by_fit, slip, words, mended, monkeypatch)


def test_a_model_to_be_made():
    data, optimizer = of_rows(), ADAM(OTHER.parameters())
    for call in (
        lambda: fit(Small, data, epochs=1, loss=MSE, optimizer=optimizer),
        lambda: predict(Small, X),
        lambda: evaluate(Small, data, rmse),
    ):
        with pytest.raises(TypeError, match=r"model is the class Small; make one of it: Small\(...\)"):
            call()
    with pytest.raises(TypeError, match="model must be an nn.Module"):
        fit(lambda x: x, data, epochs=1, loss=MSE, optimizer=optimizer)


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW])
def test_an_optimizer_to_be_made(kind):
    model = small()
    for slip in (kind, partial(kind, lr=1e-3)):
        with pytest.raises(TypeError) as caught:
            fit(model, of_rows(), epochs=1, loss=MSE, optimizer=slip)
        advice = re.search(r"such as (.*\)); got", str(caught.value))[1]
        made = eval(advice)
        assert type(made) is (kind if slip is kind else torch.optim.Adam)
        fit(model, of_rows(), epochs=1, loss=MSE, optimizer=made)


def test_a_model_whose_layers_have_no_weights_yet():
    model = nn.Sequential(nn.LazyLinear(1))
    with pytest.raises(ValueError) as caught:
        fit(model, of_rows(), epochs=1, loss=MSE, optimizer=ADAM(OTHER.parameters()))
    assert "call it on a row, model(X[:1]), before its optimizer is made" in str(caught.value)
    model(X[:1])
    fit(model, of_rows(), epochs=1, loss=MSE, optimizer=ADAM(model.parameters()))


@pytest.mark.parametrize("call", [by_fit, by_fit_many])
def test_the_loop_for_a_closure_works_as_it_is_printed(call):
    """LBFGS finds the least squares of a linear model in a few epochs of one batch."""
    with pytest.raises(ValueError) as caught:
        call(optimizer=torch.optim.LBFGS)
    loop = textwrap.dedent(str(caught.value).split(":\n", 1)[1])
    model, loss, data = nn.Linear(4, 1), nn.MSELoss(), of_rows(batch_size=N)
    place = {"model": model, "loss": loss, "data": data, "optimizer": torch.optim.LBFGS(model.parameters())}
    for _ in range(5):
        exec(loop, place)
    best = torch.linalg.lstsq(torch.cat([X, torch.ones(N, 1)], 1), Y).solution
    assert torch.allclose(model.weight[0], best[:4, 0], atol=1e-3)


def test_a_schedule_by_the_loss_is_stepped_as_its_message_says():
    model, loss, validation = seeded(small), MSE, of_rows()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    plateau = schedules.ReduceLROnPlateau(optimizer, patience=0)
    with pytest.raises(TypeError) as caught:
        fit(model, of_rows(), epochs=2, loss=loss, optimizer=optimizer, scheduler=plateau)
    look = eval(re.search(r"on_epoch=(lambda.*)$", str(caught.value))[1], {"evaluate": evaluate} | locals())
    optimizer.param_groups[0]["lr"] = 1e-3
    history = fit(
        model,
        of_rows(),
        epochs=3,
        loss=lambda p, t: loss(p, t) * 0 + p.sum() * 0 + 1,
        optimizer=optimizer,
        on_epoch=look,
    )
    assert history.lr == pytest.approx([1e-3, 1e-3, 1e-4])


class Coupled(torch.optim.SGD):
    """Scales its step by the norm of the whole gradient."""

    def step(self):
        for p in self.param_groups[0]["params"]:
            p.grad /= p.grad.norm()
        super().step()


def decayed_matrices(parameters, lr=1e-2):
    """AdamW as many use it: weights decay, biases don't."""
    groups = [[p for p in parameters if (p.ndim > 1) == many] for many in (True, False)]
    return torch.optim.AdamW(
        [{"params": groups[0], "weight_decay": 0.1}, {"params": groups[1], "weight_decay": 0.0}], lr=lr
    )


table = pd.DataFrame(X.numpy(), index=np.arange(N)[::-1])
every_other = np.arange(N) % 2 == 0

FIT_MANY = {
    "a model, not a factory": ({"make_model": OTHER}, ["make_model is a model", "lambda: MLP(...)"], {"make_model": lambda: MLP(4, (8,), 1)}),
    "a factory with arguments": ({"make_model": nn.Linear}, "partial(Linear, ...)", {"make_model": partial(nn.Linear, 4, 1)}),
    "a factory of one argument": ({"make_model": lambda seed: small()}, "make_model is called without arguments", {"make_model": lambda: small()}),
    "a factory by name": ({"make_model": "MLP"}, "make_model must be a function", {"make_model": small}),
    "a factory of classes": ({"make_model": lambda: Small}, "make_model must return an nn.Module, got Small", {"make_model": lambda: Small()}),
    "one model for all": ({"make_model": lambda: OTHER}, "it must make a new one at each call", {"make_model": lambda: small()}),
    "a number of seeds": ({"seeds": 2}, "seeds=range(2)", {"seeds": range(2)}),
    "seeds in words": ({"seeds": ["0", "1"]}, "seeds must be one or more whole numbers", {"seeds": [0, 1]}),
    "seeds as floats": ({"seeds": np.arange(2.0)}, "seeds must be one or more whole numbers", {"seeds": np.arange(2)}),
    "no seeds": ({"seeds": None}, "seeds must be one or more whole numbers", {"seeds": [0]}),
    "a seed too large": ({"seeds": [2**64]}, "seeds must be", {"seeds": [2**63]}),
    "arrays": (
        {"rows": (X.numpy(), Y.numpy())},
        ["X = torch.tensor(X, dtype=torch.float32)", "y = torch.tensor(y, dtype=torch.float32)"],
        {"rows": (torch.tensor(X.numpy(), dtype=torch.float32), torch.tensor(Y.numpy(), dtype=torch.float32))},
    ),
    "arrays of classes": (
        {"rows": (X.numpy(), CLASSES.numpy()), "loss": CE, "make_model": partial(small, 3)},
        ["X = torch.tensor(X, dtype=torch.float32)", "y = torch.tensor(y)"],
        {"rows": (torch.tensor(X.numpy(), dtype=torch.float32), torch.tensor(CLASSES.numpy()))},
    ),
    "tables": (
        {"rows": (table, pd.DataFrame(Y.numpy()))},
        ["X = torch.tensor(X.to_numpy(), dtype=torch.float32)", "y = torch.tensor(y.to_numpy(), dtype=torch.float32)"],
        {"rows": (torch.tensor(table.to_numpy(), dtype=torch.float32), torch.tensor(Y.numpy(), dtype=torch.float32))},
    ),
    "a sparse matrix": (
        {"rows": (csr_matrix(X.numpy()), Y)},
        "X = torch.tensor(X.toarray(), dtype=torch.float32)",
        {"rows": (torch.tensor(csr_matrix(X.numpy()).toarray(), dtype=torch.float32), Y)},
    ),
    "whole numbers as rows": ({"rows": ((10 * X).long(), Y)}, "X.float()", {"rows": ((10 * X).long().float(), Y)}),
    "whole numbers to look up": (
        {"rows": (CATEGORIES.long(), Y), "make_model": partial(Looked, whole=False)},
        ["X.float()", "by x.long() in its forward"],
        {"rows": (CATEGORIES.long().float(), Y), "make_model": partial(Looked, whole=True)},
    ),
    "rows of one dimension": (
        {"rows": (X[:, 0], Y), "make_model": partial(small, features=1)},
        "X.unsqueeze(1)",
        {"rows": (X[:, 0].unsqueeze(1), Y)},
    ),
    "images": ({"rows": (IMAGES, Y)}, ["X.flatten(1)", "nn.Unflatten"], {"rows": (IMAGES.flatten(1), Y)}),
    "NaN in X": ({"rows": (HOLES, Y)}, "X has NaN or infinite inputs; drop", {"rows": (HOLES.nan_to_num(), Y)}),
    "too few targets": ({"rows": (X, Y[1:])}, f"y must be ({N}, ...)", {"rows": (X, Y)}),
    "a splitter as splits": (
        {"splits": KFold(2)},
        "splits=list(KFold(...).split(X))",
        {"splits": list(KFold(2).split(X))},
    ),
    "a number of splits": ({"splits": 2}, "list(KFold(5).split(X))", {"splits": list(KFold(5).split(X)), "seeds": range(5)}),
    "no splits": ({"splits": None}, "splits must be a pair", {"splits": SPLIT}),
    "splits that were used up": ({"splits": iter([])}, "list(cv.split(X))", {"splits": list(KFold(2).split(X))}),
    "a split too few": ({"splits": [SPLIT]}, "splits has 1 pairs and seeds 2", {"splits": [SPLIT] * 2}),
    "masks": (
        {"splits": (every_other, ~every_other)},
        "np.flatnonzero(mask)",
        {"splits": (np.flatnonzero(every_other), np.flatnonzero(~every_other))},
    ),
    "rows beyond the last": ({"splits": (np.arange(30), np.arange(30, N + 1))}, f"from 0 to {N - 1}", {"splits": SPLIT}),
    "pairs and triples": (
        {"splits": [SPLIT, (np.arange(20), np.arange(20, 30), np.arange(30, N))]},
        "all pairs (train, test), or all triples",
        {"splits": [SPLIT, SPLIT]},
    ),
    "four parts": ({"splits": [(*SPLIT, *SPLIT)] * 2}, "splits[0] must be a pair", {"splits": [SPLIT] * 2}),
    "batches of a half": ({"batch_size": 0.5}, "batch_size must be a whole number of 1 or more", {"batch_size": 5}),
    "an optimizer already made": ({"optimizer": torch.optim.SGD(OTHER.parameters())}, "partial(torch.optim.SGD, lr=1e-3)", {"optimizer": partial(torch.optim.SGD, lr=1e-3)}),
    "an optimizer of another model": (
        {"optimizer": lambda parameters: ADAM(OTHER.parameters())},
        "optimizer must be made from the parameters it is called with",
        {"optimizer": lambda parameters: torch.optim.Adam(parameters)},
    ),
    "an optimizer's setting of another name": (
        {"optimizer": partial(torch.optim.Adam, learning_rate=1e-3)},
        ["learning_rate", "partial(torch.optim.Adam, lr=1e-3)"],
        {"optimizer": partial(torch.optim.Adam, lr=1e-3)},
    ),
    "an optimizer of no argument": ({"optimizer": lambda: ADAM(OTHER.parameters())}, "partial(torch.optim.Adam, lr=1e-3)", {"optimizer": partial(torch.optim.Adam, lr=1e-3)}),
    "a factory of nothing": ({"optimizer": lambda parameters: None}, "optimizer must make a torch.optim.Optimizer", {"optimizer": ADAM}),
    "an optimizer too few": ({"optimizer": [ADAM]}, "optimizer is a list of 1", {"optimizer": [ADAM] * 2}),
    "a schedule already made": (
        {"scheduler": STEP(ADAM(OTHER.parameters()))},
        "partial(torch.optim.lr_scheduler.StepLR, step_size=10)",
        {"scheduler": partial(schedules.StepLR, step_size=10)},
    ),
    "a schedule without its settings": (
        {"scheduler": schedules.StepLR},
        ["step_size", "partial(torch.optim.lr_scheduler.StepLR, step_size=10)"],
        {"scheduler": partial(schedules.StepLR, step_size=10)},
    ),
    "a schedule of another optimizer": (
        {"scheduler": lambda optimizer: STEP(ADAM(OTHER.parameters()))},
        "scheduler is made from another optimizer",
        {"scheduler": lambda optimizer: STEP(optimizer)},
    ),
    "one cycle too long": ({"scheduler": partial(one_cycle, total_steps=99)}, "use total_steps=2", {"scheduler": partial(one_cycle, total_steps=2)}),
}  # fmt: skip


@pytest.mark.parametrize("slip, words, mended", FIT_MANY.values(), ids=FIT_MANY)
def test_a_slip_in_fit_many(slip, words, mended, monkeypatch):
    check(by_fit_many, slip, words, mended, monkeypatch)


def test_what_cannot_train_side_by_side_trains_alone():
    """Where the message sends a reader from fit_many to fit, fit does it."""
    for optimizer in (torch.optim.Adafactor, partial(Coupled, lr=1e-2)):
        with pytest.raises(ValueError, match="Train each alone, with training.fit"):
            by_fit_many(optimizer=optimizer)
        assert np.isfinite(by_fit(optimizer=optimizer)).all()


def test_decay_of_matrices_alone():
    assert np.isfinite(by_fit_many(optimizer=decayed_matrices)).all()


accuracy = lambda prediction, target: (prediction.argmax(1) == target).float().mean()  # noqa: E731

CROSS_VALIDATE = {
    "groups that are missing": ({"cv": GroupKFold(4)}, "The 'groups' parameter should not be None", {"groups": GROUPS}),
    "groups that are missing, in another splitter": ({"cv": LeaveOneGroupOut()}, "The 'groups' parameter should not be None", {"groups": GROUPS}),
    "groups of other rows": ({"cv": GroupKFold(4), "groups": GROUPS[1:]}, "inconsistent numbers of samples", {"groups": GROUPS}),
    "more folds than rows": ({"cv": KFold(400)}, "Cannot have number of splits n_splits=400 greater than the number of samples", {"cv": KFold(4)}),
    "one fold": ({"cv": 1}, "n_splits=2 or more", {"cv": 2}),
    "groups that go unheard": ({"groups": GROUPS}, ["groups has no effect on KFold", "cv=GroupKFold(5)"], {"cv": GroupKFold(5)}),
    "labels that go unheard": ({"stratify": CLASSES}, ["stratify has no effect on KFold", "cv=StratifiedKFold(5)"], {"cv": StratifiedKFold(5)}),
    "groups for folds that are made": ({"cv": list(KFold(3).split(X)), "groups": GROUPS}, "cv=GroupKFold(5)", {"cv": GroupKFold(5)}),
    "labels in fractions": ({"cv": StratifiedKFold(3), "stratify": Y[:, 0].numpy()}, "Supported target types", {"stratify": CLASSES}),
    "labels that are missing": ({"cv": StratifiedKFold(3)}, "stratify=y.flatten()", {"stratify": CLASSES.flatten()}),
    "a splitter class": ({"cv": KFold}, "cv is the class KFold; make one of it: cv=KFold(...)", {"cv": KFold(3)}),
    "a metric of one argument": ({"metric": lambda p: p.mean()}, "metric=lambda prediction, target: ...", {"metric": lambda p, t: p.mean()}),
    "rows set aside that are too many": (
        {"validation": 400, "patience": 3},
        "validation=400 can't be set aside from 28 training rows",
        {"validation": 4},
    ),
    "no splitter": ({"cv": "5"}, "cv must be a scikit-learn splitter", {"cv": 5}),
    "numbers": ({"cv": [1, 2]}, "cv must be a scikit-learn splitter", {"cv": 2}),
    "yes": ({"cv": True}, "cv must be a scikit-learn splitter", {"cv": 2}),
    "arrays": (
        {"rows": (X.numpy(), Y.numpy())},
        ["X = torch.tensor(X, dtype=torch.float32)", "y = torch.tensor(y, dtype=torch.float32)"],
        {"rows": (X, Y)},
    ),
    "a list of rows": ({"rows": (X.tolist(), Y)}, "X = torch.tensor(X, dtype=torch.float32)", {"rows": (torch.tensor(X.tolist(), dtype=torch.float32), Y)}),
    "a table and a column": (
        {"rows": (table, pd.Series(Y[:, 0].numpy())), "make_model": Column, "metric": spread},
        "y = torch.tensor(y.to_numpy(), dtype=torch.float32)",
        {"rows": (X, torch.tensor(pd.Series(Y[:, 0].numpy()).to_numpy(), dtype=torch.float32))},
    ),
    "a metric of numbers for classes": (
        {"rows": (X, CLASSES), "loss": CE, "make_model": partial(small, 3)},
        ["metric doesn't work", "metric=lambda prediction, target: (prediction.argmax(1) == target).float().mean()"],
        {"metric": lambda prediction, target: (prediction.argmax(1) == target).float().mean()},
    ),
    "a metric class": ({"metric": nn.L1Loss}, "metric=nn.L1Loss()", {"metric": nn.L1Loss()}),
    "a metric by name": ({"metric": "rmse"}, "metric must be a function", {"metric": rmse}),
    "scikit-learn's metric, which takes the truth first": (
        {"metric": metrics.r2_score},
        "metric=lambda prediction, target: r2_score(target, prediction)",
        {"metric": lambda prediction, target: metrics.r2_score(target, prediction)},
    ),
    "a metric for each row": ({"metric": nn.MSELoss(reduction="none")}, "metric must give one number", {"metric": nn.MSELoss()}),
    "patience and no rows for it": ({"patience": 3}, "such as patience=10, validation=0.2", {"patience": None}),
    "rows for no patience": ({"validation": 0.2}, "such as patience=10, validation=0.2", {"validation": None}),
    "targets in one dimension": ({"rows": (X, Y[:, 0])}, "use y.unsqueeze(1)", {"rows": (X, Y[:, 0].unsqueeze(1))}),
    "a loss class": ({"loss": nn.MSELoss}, "loss=nn.MSELoss()", {"loss": nn.MSELoss()}),
    "seeds too few": ({"seeds": [0, 1]}, "splits has 3 pairs and seeds 2", {"seeds": [0, 1, 2]}),
    "a seed in words": ({"seeds": "7"}, "seeds must be one or more whole numbers", {"seeds": 7}),
}  # fmt: skip


@pytest.mark.parametrize("slip, words, mended", CROSS_VALIDATE.values(), ids=CROSS_VALIDATE)
def test_a_slip_in_cross_validate(slip, words, mended, monkeypatch):
    check(by_cross_validate, slip, words, mended, monkeypatch)


def test_a_splitters_own_error_comes_through():
    """Of the same kind, with the same words, as from the splitter itself."""
    for cv, options in ((GroupKFold(4), {}), (KFold(400), {}), (StratifiedKFold(3), {"stratify": Y[:, 0]})):
        with pytest.raises(Exception) as own:
            list(cv.split(np.zeros(N), options.get("stratify")))
        with pytest.raises(type(own.value)) as ours:
            by_cross_validate(cv=cv, **options)
        assert str(ours.value) == str(own.value)


PREDICT = {
    "an array": ({"X": X.numpy()}, "X = torch.tensor(X, dtype=torch.float32)", {"X": torch.tensor(X.numpy(), dtype=torch.float32)}),
    "an array of float64": ({"X": X.double().numpy()}, "X = torch.tensor(X, dtype=torch.float32)", {"X": torch.tensor(X.double().numpy(), dtype=torch.float32)}),
    "lists": ({"X": X.tolist()}, "X = torch.tensor(X, dtype=torch.float32)", {"X": torch.tensor(X.tolist(), dtype=torch.float32)}),
    "a list of arrays": ({"X": list(X.numpy())}, "X = torch.tensor(np.array(X), dtype=torch.float32)", {"X": torch.tensor(np.array(list(X.numpy())), dtype=torch.float32)}),
    "a list of tensors": ({"X": list(X)}, "X = torch.tensor(np.array(X), dtype=torch.float32)", {"X": torch.tensor(np.array(list(X)), dtype=torch.float32)}),
    "a table": ({"X": table}, "X = torch.tensor(X.to_numpy(), dtype=torch.float32)", {"X": torch.tensor(table.to_numpy(), dtype=torch.float32)}),
    "a table of objects": ({"X": table.astype(object)}, "X = torch.tensor(X.to_numpy(float), dtype=torch.float32)", {"X": torch.tensor(table.astype(object).to_numpy(float), dtype=torch.float32)}),
    "a table with words": ({"X": table.assign(name="x")}, "once it holds numbers alone", {"X": X}),
    "a loader": ({"X": of_rows()}, "X must be a tensor, not DataLoader", {"X": X}),
    "a dataset": ({"X": ROWS}, "X must be a tensor, not TensorDataset", {"X": ROWS.tensors[0]}),
    "float64": ({"X": X.double()}, "use X.float()", {"X": X.double().float()}),
    "whole numbers": ({"X": (10 * X).long()}, "use X.float()", {"X": (10 * X).long().float()}),
    "other features": ({"X": X[:, :3]}, "X has 3 features, and the first layer takes 4", {"X": X[:, :4]}),
    "images": ({"X": IMAGES}, "use X.flatten(1)", {"X": IMAGES.flatten(1)}),
    "one number": ({"X": X[0, 0]}, "X must be rows (n, features), and is one number", {"X": X}),
    "nothing": ({"X": None}, "X must be a tensor, not NoneType", {"X": X}),
    "a column too many": ({"X": torch.cat([X, Y], 1)}, "X has 5 features, and the first layer takes 4: give it so many", {"X": X}),
    "NaN": ({"X": HOLES}, "X has NaN", {"X": HOLES[:40]}),
}  # fmt: skip


@pytest.mark.parametrize("slip, words, mended", PREDICT.values(), ids=PREDICT)
def test_a_slip_in_predict(slip, words, mended, monkeypatch):
    check(by_predict, slip, words, mended, monkeypatch)


EVALUATE = {
    "tensors": ({"data": (X, Y)}, "DataLoader(TensorDataset(*data), batch_size=32, shuffle=True)", {"data": of_rows()}),
    "a dataset": ({"data": ROWS}, "DataLoader(data, batch_size=32, shuffle=True)", {"data": DataLoader(ROWS, batch_size=32, shuffle=True)}),
    "the two exchanged": ({"data": rmse, "metric": of_rows()}, "metric must be a function", {"data": of_rows(), "metric": rmse}),
    "dictionaries": ({"data": DataLoader(Dicts(), 8)}, "[(row['x'], row['y']) for row in data.dataset]", {"data": DataLoader(Sized(), 8)}),
    "rows alone, two at a time": ({"data": DataLoader(X, 2)}, "TensorDataset(X, y)", {"data": of_rows()}),
    "a metric class": ({"metric": nn.MSELoss}, "metric=nn.MSELoss()", {"metric": nn.MSELoss()}),
    "scikit-learn's metric, which takes the truth first": (
        {"metric": metrics.r2_score},
        "metric=lambda prediction, target: r2_score(target, prediction)",
        {"metric": lambda prediction, target: metrics.r2_score(target, prediction)},
    ),
    "a metric for each row": ({"metric": lambda p, t: (p - t).abs()}, ["metric must give one number", ".mean()"], {"metric": lambda p, t: (p - t).abs().mean()}),
    "flat targets": ({"data": of_rows(X, Y[:, 0])}, "target.unsqueeze(1)", {"metric": lambda prediction, target: rmse(prediction, target.unsqueeze(1))}),
    "flat targets of PyTorch's loss": (
        {"data": of_rows(X, Y[:, 0]), "metric": MSE},
        "use target.view_as(prediction)",
        {"metric": lambda prediction, target: MSE(prediction, target.view_as(prediction))},
    ),
    "flat targets of one's own metric": (
        {"data": of_rows(X, Y[:, 0]), "metric": spread},
        ["each prediction is compared with every target", "use target.view_as(prediction)"],
        {"metric": lambda prediction, target: spread(prediction, target.view_as(prediction))},
    ),
    "weights, and a metric without": ({"data": of_rows(X, Y, WEIGHTS)}, ["metric=rmse takes a prediction and a target", "TensorDataset(X, y)"], {"data": of_rows()}),
    "float64": ({"data": of_rows(X.double(), Y)}, ["of data's rows", "use X.float()"], {"data": of_rows(X.double().float(), Y)}),
    "other features": ({"data": of_rows(X[:, :3], Y)}, "X has 3 features, and the first layer takes 4", {"data": of_rows()}),
    "a stream": ({"data": DataLoader(Stream(), batch_size=8)}, "DataLoader(list(data.dataset), batch_size=8, shuffle=True)", {"data": DataLoader(list(Stream()), batch_size=8, shuffle=True)}),
}  # fmt: skip


@pytest.mark.parametrize("slip, words, mended", EVALUATE.values(), ids=EVALUATE)
def test_a_slip_in_evaluate(slip, words, mended, monkeypatch):
    check(by_evaluate, slip, words, mended, monkeypatch)


def test_a_slip_in_hold_out_and_summary():
    for slip in (KFold(3), SPLIT, 3, [(*SPLIT, SPLIT[1])]):
        with pytest.raises(TypeError, match=r"list\(KFold\(5\).split\(X\)\), or \[\(train, test\)\]"):
            hold_out(slip, 0.2)
    for share in (0, 1.0, -0.1, 20.5, "a fifth", True):
        with pytest.raises(ValueError, match="share must be a share between 0 and 1"):
            hold_out([SPLIT], share)
        with pytest.raises(ValueError, match="validation must be a share between 0 and 1"):
            by_cross_validate(validation=share, patience=3)
    with pytest.raises(
        ValueError, match="groups must be a label for each row of the table, 42 or more; got 41"
    ):
        hold_out([SPLIT[::-1]], 0.2, groups=GROUPS[1:])
    with pytest.raises(ValueError, match="share=30 can't be set aside from 30 training rows"):
        hold_out([SPLIT], 30)
    assert len(hold_out(list(KFold(5).split(X)), 0.2)) == 5 and len(hold_out([SPLIT], 5)) == 1
    with pytest.raises(TypeError, match="scores must be a dict"):
        summary([1.0, 2.0])
    assert summary({"Adam": [1.0, 2.0]})["mean ± SE"].tolist() == [mean_se([1.0, 2.0])]
