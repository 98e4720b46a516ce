"""Generated models and losses: whatever they do, together they do what each does alone.

The loop here is written out, apart from ``fit``, so that dropout can take the masks that ``fit_many``
gives a model.
"""

import itertools
from functools import partial

import pytest
import torch
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from helpers._stack import Dropout, Streams
from helpers.ensembles import fit_many


def alone(make_model, X, y, weights, rows, seed, *, epochs, batch_size, loss, optimizer, clip_norm):
    """Train one model as the book's loop does. Return it with the mean loss of each epoch."""
    torch.manual_seed(seed)
    model = make_model()
    made = optimizer(model.parameters())
    parts = [part[rows] for part in (X, y, weights) if part is not None]
    order = torch.Generator().manual_seed(seed)
    data = DataLoader(TensorDataset(*parts), batch_size, shuffle=True, generator=order)
    streams, history = Streams([seed], torch.device("cpu")), []
    for _ in range(epochs):
        model.train()
        total = 0
        for x, *targets in data:
            made.zero_grad()
            with Dropout(streams, 0):
                output = model(x)
            value = loss(output, *targets)
            value.backward()
            if clip_norm is not None:
                nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
            made.step()
            total += value.item() * len(x)
        history.append(total / len(rows))
    return model.eval(), history


class Step(nn.Module):
    """A function of a batch as a layer."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Residual(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return x + self.inner(x)


class Learned(nn.Module):
    """Parameters of no dimension and of one, and a buffer that training moves."""

    def __init__(self, width):
        super().__init__()
        self.slope, self.gain = nn.Parameter(torch.rand(())), nn.Parameter(torch.rand(width))
        self.register_buffer("seen", torch.zeros(width))

    def forward(self, x):
        if self.training:
            self.seen += x.detach().mean(0)
        return self.gain * torch.tanh(self.slope * x) + 0.1 * self.seen


class ByMode(nn.Module):
    def forward(self, x):
        return x if self.training else x - 0.1 * x.mean(0)


ROWWISE = {
    "relu": nn.ReLU, "tanh": nn.Tanh, "elu": nn.ELU, "elu in place": partial(nn.ELU, inplace=True),
    "gelu": nn.GELU, "softplus": nn.Softplus, "sigmoid": nn.Sigmoid, "identity": nn.Identity,
    "dropout": partial(nn.Dropout, 0.4), "dropped and bent": lambda: nn.Sequential(nn.Tanh(), nn.Dropout(0.4)), "prelu": nn.PReLU, "softmax": partial(nn.Softmax, dim=1),
    "last softmax": partial(nn.Softmax, dim=-1), "log softmax": partial(nn.LogSoftmax, dim=1),
    "flat": partial(nn.Flatten, 1), "viewed": partial(Step, lambda x: x.view(x.size(0), -1)),
    "in place": partial(Step, lambda x: x.mul_(1.5)), "stacked": partial(Step, lambda x: torch.cat([x, x], 1)[:, : x.shape[1]]),
    "functional": partial(Step, lambda x: F.relu(x) - 0.1 * F.silu(x)), "by features": partial(Step, lambda x: x - x.mean(1, keepdim=True)),
}  # fmt: skip
BATCHWISE = {
    "centred": lambda x: x - x.mean(), "centred columns": lambda x: x - x.mean(0), "over the largest": lambda x: x / (1 + x.abs().max()),
    "over the spread": lambda x: x / (1 + x.std(correction=0)), "by rows": lambda x: x * len(x) / 8, "summed up": lambda x: x.cumsum(0) / len(x),
    "upside down": lambda x: x + x.flip(0), "first row": lambda x: x - x[0], "softmax of rows": lambda x: torch.softmax(x, 0),
    "attention": lambda x: torch.softmax(x @ x.T, 1) @ x, "sorted": lambda x: x.sort(0).values, "median": lambda x: x - x.median(),
    "row weights": lambda x: x * torch.linspace(0, 1, len(x), dtype=x.dtype).unsqueeze(1),
}  # fmt: skip
OF_WIDTH = {"layer norm": nn.LayerNorm, "batch norm": nn.BatchNorm1d, "learned": Learned,
            "batch norm, no statistics": partial(nn.BatchNorm1d, track_running_stats=False)}  # fmt: skip
REFUSED = {"noise": lambda x: x + torch.randn_like(x), "choice": lambda x: x if x.sum() > 0 else -x}

layer = st.one_of(
    st.tuples(st.just("linear"), st.integers(1, 5), st.booleans()),
    st.tuples(st.just("row"), st.sampled_from(sorted(ROWWISE))),
    st.tuples(st.just("batch"), st.sampled_from(sorted(BATCHWISE))),
    st.tuples(st.just("width"), st.sampled_from(sorted(OF_WIDTH))),
    st.tuples(st.just("mode")),
    st.tuples(st.just("residual"), st.sampled_from(["linear", "chain", "dropout"])),
)


def build(layers, features, outputs, dtype, nested):
    made, width = [], features
    for kind, *details in layers:
        if kind == "linear":
            made.append(nn.Linear(width, details[0], bias=details[1]))
            width = details[0]
        elif kind == "row":
            made.append(ROWWISE[details[0]]())
        elif kind == "batch":
            made.append(Step(BATCHWISE[details[0]]))
        elif kind == "width":
            made.append(OF_WIDTH[details[0]](width))
        elif kind == "mode":
            made.append(ByMode())
        else:
            more = {"chain": [nn.Tanh(), nn.Linear(width, width)], "dropout": [nn.Dropout(0.3)]}
            made.append(Residual(nn.Sequential(nn.Linear(width, width), *more.get(details[0], []))))
    last = nn.Linear(width, outputs)
    body = nn.Sequential(*made)
    return nn.Sequential(body, nn.Sequential(last) if nested else last).to(dtype)


def pinball(p, t):
    q = torch.tensor([0.1, 0.5, 0.9], dtype=p.dtype)
    return torch.maximum(q * (t - p), (q - 1) * (t - p)).mean()


# name: (loss, outputs)
LOSSES = {
    "mse": (nn.MSELoss(), 1), "mse of two": (F.mse_loss, 2), "l1": (nn.L1Loss(), 1), "huber": (nn.HuberLoss(delta=0.3), 1),
    "smooth l1": (F.smooth_l1_loss, 1), "sum": (nn.MSELoss(reduction="sum"), 1), "over the mean target": (lambda p, t: F.l1_loss(p, t) / t.abs().mean(), 1),
    "over the largest target": (lambda p, t: F.mse_loss(p, t) / t.max(), 1), "sum over rows": (lambda p, t: F.mse_loss(p, t) * len(p) / 8, 1),
    "worst row": (lambda p, t: 0.3 * F.mse_loss(p, t) + (p - t).abs().max(), 1), "of the batch's mean": (lambda p, t: (p.mean() - t.mean()).square() + F.mse_loss(p, t), 1),
    "correlation": (lambda p, t: 1 - ((p - p.mean()) * (t - t.mean())).mean() / (0.1 + p.std(correction=0) * t.std(correction=0)), 1),
    "log cosh": (lambda p, t: torch.log(torch.cosh(p - t)).mean(), 1), "quantiles": (pinball, 3),
    "gaussian": (lambda p, t: (p[:, 1:].exp() * (p[:, :1] - t).square() - p[:, 1:]).mean(), 2), "root": (lambda p, t: (1e-3 + F.mse_loss(p, t)).sqrt(), 1),
    "cross entropy": (nn.CrossEntropyLoss(), 3), "smoothed": (nn.CrossEntropyLoss(label_smoothing=0.1), 3),
    "class weights": (nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)), 3), "yes or no": (nn.BCEWithLogitsLoss(), 1),
    "weighted": (lambda p, t, w: (w.unsqueeze(1) * (p - t).square()).sum() / w.sum(), 1),
}  # fmt: skip
OPTIMIZERS = {
    "sgd": partial(torch.optim.SGD, lr=0.02), "momentum": partial(torch.optim.SGD, lr=0.01, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam": partial(torch.optim.Adam, lr=1e-3, eps=1e-3), "adagrad": partial(torch.optim.Adagrad, lr=0.01, initial_accumulator_value=0.1),
    "decay of matrices": lambda ps: (lambda ps: torch.optim.AdamW(
        [{"params": [p for p in ps if p.ndim > 1], "weight_decay": 0.5}, {"params": [p for p in ps if p.ndim < 2], "weight_decay": 0.0}],
        lr=1e-3, eps=1e-3))(list(ps)),
}  # fmt: skip


@st.composite
def cases(draw):
    name = draw(st.sampled_from(sorted(LOSSES)))
    dtypes = [torch.float64] if name == "class weights" else [torch.float32, torch.float64]
    dtype = draw(st.sampled_from(dtypes))
    return {
        "layers": draw(st.lists(layer, max_size=4)), "nested": draw(st.booleans()), "loss": name, "dtype": dtype,
        "features": draw(st.integers(1, 5)), "models": draw(st.integers(1, 5)), "batch_size": draw(st.sampled_from([1, 3, 4, 5, 8, 100])),
        "sizes": draw(st.lists(st.integers(2, 13), min_size=1, max_size=5)), "optimizer": draw(st.sampled_from(sorted(OPTIMIZERS))),
        "clip_norm": draw(st.sampled_from([None, None, 0.1])), "own": draw(st.booleans()), "seed": draw(st.integers(0, 2**31)),
    }  # fmt: skip


@pytest.mark.parametrize("function", REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_the_same_is_refused(function, monkeypatch):
    monkeypatch.setattr("helpers.ensembles.Training", lambda *args, **options: pytest.fail("it trained"))
    X = torch.rand(20, 3)
    with pytest.raises(ValueError, match="side by side"):
        fit_many(lambda: nn.Sequential(nn.Linear(3, 1), Step(function)), X, X[:, :1], (range(10), range(10, 20)), [0, 1],
                 epochs=1, loss=nn.MSELoss(), optimizer=OPTIMIZERS["sgd"])  # fmt: skip


class Leaping(torch.optim.SGD):
    """Couples the numbers of a short gradient, and none that is drawn at random is so short."""

    def step(self):
        for p in self.param_groups[0]["params"]:
            if p.grad.norm() < 0.02:
                p.grad /= p.grad.norm()
        super().step()


@pytest.mark.parametrize(
    "what", ["the loss", "the gradient of weight", "the step of Leaping", "the buffer seen", "the prediction"]
)
def test_each_comparison_finds_what_no_other_does(what, monkeypatch):
    """One part alone remembers how often it was called, or is coupled, by one percent."""
    monkeypatch.setattr("helpers.ensembles.Training", lambda *args, **options: pytest.fail("it trained"))
    calls = itertools.count(1)

    class Layer(nn.Linear):
        def __init__(self):
            super().__init__(3, 1)
            self.register_buffer("seen", torch.ones(()))

        def forward(self, x):
            if what == "the buffer seen" and self.training:
                self.seen += 0.01 * next(calls)
            x = super().forward(x)
            return x * (1 + 0.01 * next(calls)) if what == "the prediction" and not self.training else x

    def loss(p, t):
        value = F.mse_loss(p, t) / 1000
        if what == "the loss":
            return value + 0.01 * next(calls) * value.detach()
        if what == "the gradient of weight":
            return value + 0.01 * next(calls) * (value - value.detach())
        return value

    kind = Leaping if what == "the step of Leaping" else torch.optim.SGD
    X = torch.rand(20, 3)
    with pytest.raises(ValueError, match=f"side by side: {what} is not what it is"):
        fit_many(Layer, X, X[:, :1], (range(10), range(10, 20)), [0, 1], epochs=1, loss=loss,
                 optimizer=partial(kind, lr=0.1))  # fmt: skip


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(cases())
def test_together_as_alone(case):
    loss, outputs = LOSSES[case["loss"]]
    M, d, dtype = case["models"], case["features"], case["dtype"]
    draws = torch.Generator().manual_seed(case["seed"])
    n = 20
    X = torch.rand(*([M] if case["own"] else []), n, d, generator=draws, dtype=dtype)
    y = torch.rand(n, 2 if case["loss"] == "mse of two" else 1, generator=draws, dtype=dtype) * 0.9 + 0.1
    if outputs == 3 and case["loss"] != "quantiles":
        y = torch.randint(0, 3, (n,), generator=draws)
    weights = torch.rand(n, generator=draws, dtype=dtype) if case["loss"] == "weighted" else None
    splits = []
    for i in range(M):
        rows = torch.randperm(n, generator=draws)
        size = case["sizes"][i % len(case["sizes"])]
        splits.append((rows[:size], rows[size:]))
    make_model = partial(build, case["layers"], d, outputs, dtype, case["nested"])
    options = {"epochs": 3, "batch_size": case["batch_size"], "loss": loss, "clip_norm": case["clip_norm"],
               "optimizer": OPTIMIZERS[case["optimizer"]]}  # fmt: skip
    seeds = [case["seed"] % 1000 + i for i in range(M)]
    try:
        ensemble = fit_many(make_model, X, y, splits, seeds, weights=weights, progress=False, **options)
    except ValueError:  # only where the loop fails, too: such as at the spread of one row
        event("refused")
        with pytest.raises((ValueError, RuntimeError)):
            for i in range(M):
                own = X[i] if case["own"] else X
                alone(make_model, own, y, weights, splits[i][0], seeds[i], **options)
        return
    event("stacked" if ensemble._stacked[0] else "by vmap")
    event("loss stacked" if ensemble._stacked[1] else "loss by vmap")
    close = {"rtol": 2e-3, "atol": 2e-4} if dtype == torch.float32 else {"rtol": 1e-7, "atol": 1e-9}
    for i in range(M):
        own = X[i] if case["own"] else X
        model, history = alone(make_model, own, y, weights, splits[i][0], seeds[i], **options)
        expected, found = model.state_dict(), ensemble.model(i).state_dict()
        for key in expected:
            torch.testing.assert_close(found[key], expected[key], **close)
        torch.testing.assert_close(ensemble.train_loss[i], torch.tensor(history, dtype=dtype), **close)
        # What a batch makes of itself in evaluation, too.
        with torch.no_grad():
            torch.testing.assert_close(ensemble.predictions[i], ensemble.model(i)(own.clone()), **close)
