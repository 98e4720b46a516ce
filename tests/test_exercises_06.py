"""What the checks of chapter 6 say to right answers and to those that people give instead."""

import copy
import math
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import SGD, Adam

from answers import test_a_right_answer_passes, test_a_wrong_answer_is_told_apart  # noqa: F401
from helpers.exercises.ch06 import (
    check_06_adagrad,
    check_06_kappa,
    check_06_limit,
    check_06_loop,
    check_06_report,
    check_06_step_size,
    check_06_warmup,
)


def train(model, X, y, steps, lr, order=("zero", "backward", "step"), loss=F.mse_loss, rule=SGD):
    optimizer = rule(model.parameters(), lr=lr)
    for _ in range(steps):
        error = loss(model(X), y)
        calls = {"zero": optimizer.zero_grad, "backward": error.backward, "step": optimizer.step}
        for call in order:
            calls[call]()
    return model


def in_order(*order):
    return partial(train, order=order)


def by_hand(model, X, y, steps, lr):
    for _ in range(steps):
        loss = ((model(X) - y) ** 2).mean()
        for p, g in zip(model.parameters(), torch.autograd.grad(loss, list(model.parameters()))):
            p.data.sub_(lr * g)


def without_optimizer(model, X, y, steps, lr):
    losses = []
    for _ in range(steps):
        model.zero_grad()
        loss = nn.MSELoss()(model(X), y)
        loss.backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= lr * p.grad
        losses.append(loss.item())
    return losses


def by_closure(model, X, y, steps, lr):
    optimizer = SGD(model.parameters(), lr=lr)

    def closure():
        optimizer.zero_grad()
        loss = F.mse_loss(model(X), y)
        loss.backward()
        return loss

    for _ in range(steps):
        optimizer.step(closure)


def in_float64(model, X, y, steps, lr):
    train(model.double(), X.double(), y.double(), steps, lr)


def with_last_loss(model, X, y, steps, lr):
    optimizer = SGD(model.parameters(), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.mse_loss(model(X), y)
        loss.backward()
        optimizer.step()
    return loss.item()


def on_batches(model, X, y, steps, lr):
    optimizer = SGD(model.parameters(), lr=lr)
    for step in range(steps):
        rows = slice(5 * step, 5 * step + 5)
        optimizer.zero_grad()
        F.mse_loss(model(X[rows]), y[rows]).backward()
        optimizer.step()


def last_layer(model, X, y, steps, lr):
    optimizer = SGD(model[-1].parameters(), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        F.mse_loss(model(X), y).backward()
        optimizer.step()


def adagrad(w, g, s, lr):
    s["v"] = s.get("v", 0) + g**2
    return w - lr * g / (s["v"].sqrt() + 1e-10)


def adagrad_in_place(w, g, s, lr):
    s.setdefault("v", torch.zeros_like(g)).addcmul_(g, g)
    w -= lr * g / (s["v"].sqrt() + 1e-10)
    return w


def adagrad_of_all(w, g, s, lr):
    s.setdefault("all", []).append(g)
    return w - lr * g / (torch.stack(s["all"]).square().sum(0) ** 0.5 + 1e-10)


def adagrad_in_numpy(w, g, s, lr):
    w, g = w.numpy(), g.numpy()
    s["v"] = s.get("v", 0.0) + g * g
    return w - lr * g / (np.sqrt(s["v"]) + 1e-10)


def adagrad_of_lists(w, g, s, lr):
    s["v"] = [v + each**2 for v, each in zip(s.get("v", [0] * len(g)), g.tolist())]
    return [a - lr * b / (v**0.5 + 1e-10) for a, b, v in zip(w.tolist(), g.tolist(), s["v"])]


def adagrad_of_pytorch(w, g, s, lr):
    """The optimizer itself, which goes on changing what the rule has returned."""
    if not s:
        s["w"] = nn.Parameter(w)
        s["optimizer"] = torch.optim.Adagrad([s["w"]], lr=lr)
    s["w"].grad = g
    s["optimizer"].step()
    return s["w"].detach()


def power(exponent, share=1.0):
    """AdaGrad with another exponent, or with a running mean for the sum."""

    def rule(w, g, s, lr):
        s["v"] = (1 - share if share < 1 else 1) * s.get("v", 0) + share * g**2
        return w - lr * g / s["v"] ** exponent

    return rule


def late(w, g, s, lr):
    v, s["v"] = s.get("v", torch.zeros_like(g)), s.get("v", 0) + g**2
    return w - lr * g / (v.sqrt() + 1e-10)


def one_for_all(w, g, s, lr):
    s["v"] = s.get("v", 0) + g.norm() ** 2
    return w - lr * g / s["v"].sqrt()


def not_squared(w, g, s, lr):
    s["v"] = s.get("v", 0) + g.abs()
    return w - lr * g / (s["v"].sqrt() + 1e-10)


def forgets_after_ten(w, g, s, lr):
    s["t"] = s.get("t", 0) + 1
    return adagrad(w, g, {} if s["t"] > 10 else s, lr)


def keeps_it_elsewhere(kept={}):  # noqa: B006  that is the mistake
    return lambda w, g, s, lr: adagrad(w, g, kept.setdefault(w.shape, {}), lr)


def returns_nothing(w, g, s, lr):
    adagrad_in_place(w, g, s, lr)


def warmup(t, start=4):
    return (t + 1) / 5 if t < 5 else (1 + np.cos(np.pi * (t - start) / (100 - start))) / 2


def counting():
    """A factor that counts its own calls."""
    calls = iter(range(1000))
    return lambda t: warmup(min(next(calls), 100))


def report(validation, test):
    best = validation.nan_to_num(torch.inf).argmin(0)
    return test.gather(0, best[None]).mean()


def report_by_loop(validation, test):
    found = []
    for i in range(validation.shape[1]):
        tries = [(v.item(), rate) for rate, v in enumerate(validation[:, i]) if not v.isnan()]
        found.append(test[min(tries)[1], i].item())
    return np.mean(found)


def report_in_place(validation, test):
    validation[validation.isnan()] = float("inf")
    return test[validation.argmin(dim=0), torch.arange(test.shape[1])].mean()


def report_in_float64(validation, test):
    best = torch.where(validation.isnan(), torch.inf, validation).argmin(dim=0)
    return torch.take_along_dim(test.double(), best[None], dim=0).mean()


def report_in_pandas(validation, test):
    best = pd.DataFrame(validation.numpy()).idxmin()
    return pd.Series([float(test[rate, i]) for i, rate in best.items()]).mean()


def report_for_50(validation, test):
    best = validation.nan_to_num(torch.inf).argmin(0)
    return test.gather(0, best[None]).sum() / 50


def report_without_rates(validation, test):
    kept = ~validation.isnan().any(1)
    return report(validation[kept], test[kept])


def half(value):
    return torch.tensor(value, dtype=torch.half)


RIGHT = [
    (check_06_limit, 0.2),
    (check_06_limit, 2 / 10),
    (check_06_limit, torch.tensor(0.2, requires_grad=True)),
    (check_06_limit, torch.tensor([0.2], dtype=torch.float64)),
    (check_06_limit, half(0.2)),
    (check_06_limit, np.float32(0.2)),
    (check_06_limit, np.array([[0.2]])),
    (check_06_limit, 0.1962),
    (check_06_limit, 0.204),
    (check_06_loop, train),
    (check_06_loop, in_order("backward", "step", "zero")),
    (check_06_loop, by_hand),
    (check_06_loop, without_optimizer),
    (check_06_loop, by_closure),
    (check_06_loop, in_float64),
    (check_06_loop, with_last_loss),
    (check_06_loop, partial(train, rule=partial(SGD, foreach=False))),
    (check_06_loop, lambda model, X, y, steps, lr: [train(model, X, y, 1, lr) for _ in range(steps)]),
    (check_06_loop, lambda *a: train(*a, loss=lambda y_hat, y: (y_hat - y).pow(2).mean()) and None),
    (check_06_adagrad, adagrad),
    (check_06_adagrad, adagrad_in_place),
    (check_06_adagrad, adagrad_of_all),
    (check_06_adagrad, adagrad_in_numpy),
    (check_06_adagrad, adagrad_of_lists),
    (check_06_adagrad, adagrad_of_pytorch),
    (check_06_adagrad, lambda w, g, s, lr: adagrad(w, g, s, lr).float()),
    (check_06_adagrad, lambda w, g, s, lr: adagrad(w.requires_grad_(), g, s, lr)),
    (check_06_adagrad, lambda w, g, s, lr, eps=1e-10: adagrad(w, g, s, lr)),
    (check_06_adagrad, lambda w, g, s, lr: w + (adagrad(w, g, s, lr) - w)),
    (check_06_step_size, 100),
    (check_06_step_size, 133),
    (check_06_step_size, 120),
    (check_06_step_size, 110.0),
    (check_06_step_size, np.int64(100)),
    (check_06_step_size, torch.tensor(133)),
    (check_06_step_size, torch.tensor([128.0], dtype=torch.half)),
    (check_06_step_size, 400 // 3),
    (check_06_step_size, np.array(101, dtype=np.int16)),
    (check_06_warmup, warmup),
    (check_06_warmup, partial(warmup, start=5)),
    (check_06_warmup, lambda t: min((t + 1) / 5, (1 + math.cos(math.pi * (t - 4) / 96)) / 2)),
    (check_06_warmup, lambda t: torch.tensor(warmup(t))),
    (check_06_warmup, lambda t: torch.tensor([warmup(t)], dtype=torch.float32, requires_grad=True)),
    (check_06_warmup, lambda t: half(warmup(t))),
    (check_06_warmup, lambda t: np.where(t < 5, (t + 1) / 5, warmup(max(t, 5)))),
    (check_06_warmup, lambda t: np.float32(warmup(t))),
    (check_06_warmup, lambda t: (t + 1) / 5 if t <= 4 else 0.5 + 0.5 * math.cos(math.pi * (t - 5) / 95)),
    (check_06_warmup, lambda t: (t + 1) / 5 if t <= 4 else math.cos(math.pi / 2 * (t - 4) / 96) ** 2),
    (check_06_kappa, 70),
    (check_06_kappa, 100),
    (check_06_kappa, 63350 / 996),
    (check_06_kappa, 45),
    (check_06_kappa, 101.5),
    (check_06_kappa, torch.tensor(67.7)),
    (check_06_kappa, half(60.0)),
    (check_06_kappa, np.sqrt(10_000)),
    (check_06_kappa, np.array([50])),
    (check_06_report, report),
    (check_06_report, report_by_loop),
    (check_06_report, report_in_place),
    (check_06_report, report_in_float64),
    (check_06_report, report_in_pandas),
    (check_06_report, lambda v, t: np.mean([t[np.nanargmin(v[:, i]), i].item() for i in range(v.shape[1])])),
    (check_06_report, lambda v, t: np.take_along_axis(t, np.nanargmin(v, 0)[None], 0).mean()),
    (check_06_report, lambda v, t: report(v, t).item()),
    (check_06_report, lambda v, t: report(v, t).half()),
    (check_06_report, lambda v, t: report(v, t).reshape(1, 1).numpy()),
    (check_06_report, lambda v, t: t[v.nan_to_num(1e9).min(0).indices, range(v.shape[1])].mean()),
]  # fmt: skip
WRONG = [
    (check_06_limit, 0.1, "a single step"),
    (check_06_limit, 0.4, "it is not 5"),
    (check_06_limit, 1, "five times as steep"),
    (check_06_limit, 5, "not a larger one"),
    (check_06_limit, 10, "make a rate of it"),
    (check_06_limit, 0.15, "a larger rate would still"),
    (check_06_limit, 0.1955, "a larger rate would still"),
    (check_06_limit, torch.tensor(0.19), "a larger rate would still"),
    (check_06_limit, 0.2045, "runs away"),
    (check_06_limit, 0.3, "runs away"),
    (check_06_limit, -0.2, "above 0"),
    (check_06_limit, "0.2", "must be a number"),
    (check_06_limit, (0, 0.2), "must be a number"),
    (check_06_loop, in_order("step", "backward"), "Which gradient could it follow"),
    (check_06_loop, in_order("step", "zero", "backward"), "Which gradient could it follow"),
    (check_06_loop, in_order("backward", "step"), "the gradients before it"),
    (check_06_loop, in_order("backward", "zero", "step"), "never move"),
    (check_06_loop, in_order("zero", "step", "backward"), "never move"),
    (check_06_loop, in_order("zero", "backward"), "never move"),
    (check_06_loop, lambda model, *rest: train(copy.deepcopy(model), *rest), "train a copy"),
    (check_06_loop, lambda model, X, y, steps, lr: train(model, X, y, 3, lr), "ends at the same place"),
    (check_06_loop, lambda model, X, y, steps, lr: train(model, X, y, steps - 1, lr), "it takes 2"),
    (check_06_loop, lambda model, X, y, steps, lr: train(model, X, y, steps + 1, lr), "it takes 4"),
    (check_06_loop, lambda model, X, y, steps, lr: train(model, X, y, steps, 0.1), "the lr handed in"),
    (check_06_loop, partial(train, loss=F.l1_loss), "mean absolute error"),
    (check_06_loop, partial(train, rule=Adam), "not as plain SGD"),
    (check_06_loop, partial(train, rule=partial(SGD, momentum=0.9)), "not as plain SGD"),
    (check_06_loop, on_batches, "not as plain SGD"),
    (check_06_loop, last_layer, "not all parameters"),
    (check_06_adagrad, lambda w, g, s, lr: w + lr * g / g.abs(), "uphill"),
    (check_06_adagrad, power(0.5, share=0.01), "running mean"),
    (check_06_adagrad, lambda w, g, s, lr: adagrad(w, g, {}, lr), "Does s remember"),
    (check_06_adagrad, lambda w, g, s, lr: w - lr * g.sign(), "Does s remember"),
    (check_06_adagrad, power(1), "not by its root"),
    (check_06_adagrad, power(1 / 3), "MADGRAD"),
    (check_06_adagrad, late, "before you divide"),
    (check_06_adagrad, one_for_all, "of its own"),
    (check_06_adagrad, not_squared, "From g = 3 alone"),
    (check_06_adagrad, lambda w, g, s, lr: adagrad(w, g.abs(), s, lr), "From g = -2 alone"),
    (check_06_adagrad, power(0.5), "What is ε for"),
    (check_06_adagrad, keeps_it_elsewhere(), "Keep v in s"),
    (check_06_adagrad, returns_nothing, "returns nothing"),
    (check_06_adagrad, lambda w, g, s, lr: adagrad(w, g, s, lr) - w, "the step by itself"),
    (check_06_adagrad, lambda w, g, s, lr: (adagrad(w, g, s, lr), s), "shape of w"),
    (check_06_adagrad, lambda w, g, s, lr: adagrad(w, g, s, 0.1), "the lr that is handed in"),
    (check_06_adagrad, lambda w, g, s, lr: adagrad(w, g, s, lr / 2), "Do them by hand"),
    (check_06_adagrad, lambda w, g, s, lr: adagrad(w, g, s, lr).sum(), "shape of w"),
    (check_06_adagrad, forgets_after_ten, "after fifty"),
    (check_06_step_size, 30, "recipe of the text"),
    (check_06_step_size, 400, "does not fall at all"),
    (check_06_step_size, 3, "how often"),
    (check_06_step_size, 1, "how often"),
    (check_06_step_size, 80, "too often"),
    (check_06_step_size, 99, "too often"),
    (check_06_step_size, 134, "too seldom"),
    (check_06_step_size, 200, "too seldom"),
    (check_06_step_size, 33.3, "whole number"),
    (check_06_step_size, 400 / 3, "whole number"),
    (check_06_step_size, torch.tensor(-100), "whole number"),
    (check_06_step_size, range(100, 134), "must be a number"),
    (check_06_warmup, lambda t: min(t / 5, 1.0), "In epoch 0"),
    (check_06_warmup, lambda t: 0.1 * warmup(t), "learning rates"),
    (check_06_warmup, lambda t: (t + 1) / 100, "equal steps"),
    (check_06_warmup, lambda t: warmup(t + 1), "equal steps"),
    (check_06_warmup, lambda t: min((t + 1) / 5, 1.0), "in epoch 100"),
    (check_06_warmup, lambda t: 2 - warmup(t) if t > 4 else warmup(t), "in epoch 100"),
    (check_06_warmup, lambda t: warmup(t, start=0), "a jump"),
    (check_06_warmup, lambda t: min((t + 1) / 5, (100 - t) / 96), "not half a wave"),
    (check_06_warmup, lambda t: min((t + 1) / 5, math.cos(math.pi / 2 * (t - 4) / 96)), "not half a wave"),
    (check_06_warmup, lambda t: warmup(t) if t < 5 else warmup(min(t + 1, 100)), "over in epoch 99"),
    (check_06_warmup, lambda t: warmup(t) if t < 5 else 0.1 * warmup(t), "from 1 to 0.1"),
    (check_06_warmup, lambda t: warmup(t) if t < 5 else (1 + math.cos(math.pi * (t - 5) / 96)) / 2, "in epoch 100"),
    (check_06_warmup, counting(), "depend on t alone"),
    (check_06_warmup, lambda t: [warmup(t), t], "must be a number"),
    (check_06_warmup, warmup(3), "must be a function"),
    (check_06_kappa, 10_000, "by its root"),
    (check_06_kappa, 1, "As many"),
    (check_06_kappa, 214, "as the root"),
    (check_06_kappa, 30, "Too low"),
    (check_06_kappa, 44, "Too low"),
    (check_06_kappa, torch.tensor(21.4), "Too low"),
    (check_06_kappa, 103, "Too high"),
    (check_06_kappa, np.float64(300), "Too high"),
    (check_06_kappa, 1 / 64, "Below 1?"),
    (check_06_kappa, 0, "above 0"),
    (check_06_kappa, 63_000, "a number of steps"),
    (check_06_kappa, [64, 70], "must be a number"),
    (check_06_report, lambda validation, test: test.min(0).values.mean(), "looking at the test rows"),
    (check_06_report, lambda validation, test: validation.min(0).values.mean(), "have not been asked"),
    (check_06_report, lambda validation, test: test[validation.mean(1).argmin()].mean(), "one rate for all"),
    (check_06_report, lambda validation, test: test.mean(1).min(), "One rate for all, and"),
    (check_06_report, lambda validation, test: report(test, validation), "changed places"),
    (check_06_report, lambda validation, test: report(-validation, test), "is worst"),
    (check_06_report, lambda validation, test: test.mean(), "mean over all rates"),
    (check_06_report, lambda validation, test: report(validation.T, test.T), "Which way does dim go"),
    (check_06_report, lambda validation, test: test.gather(0, validation.argmin(0)[None]).mean(), "until a run diverges"),
    (check_06_report, lambda validation, test: report(validation.nan_to_num(), test), "until a run diverges"),
    (check_06_report, lambda validation, test: test.gather(0, validation.argmin(0)[None]).nanmean(), "until a run diverges"),
    (check_06_report, report_without_rates, "The others may still take it"),
    (check_06_report, report_for_50, "Which size is written in"),
    (check_06_report, lambda validation, test: validation.nan_to_num(torch.inf).argmin(0), "must be a number"),
    (check_06_report, lambda validation, test: 4.4, "Which way does dim go"),
]  # fmt: skip
