"""What the checks of chapter 5 say to right answers and to those that people give instead."""

from functools import partial

import numpy as np
import torch
from torch import nn
from torch.optim import SGD

from answers import test_a_right_answer_passes, test_a_wrong_answer_is_told_apart  # noqa: F401
from helpers.exercises.ch05 import (
    check_05_adagrad,
    check_05_kappa,
    check_05_limit,
    check_05_loop,
    check_05_report,
    check_05_step_size,
    check_05_warmup,
)


def train(model, X, y, steps, lr, order=("zero", "backward", "step")):
    optimizer = SGD(model.parameters(), lr=lr)
    for _ in range(steps):
        loss = nn.MSELoss()(model(X), y)
        calls = {"zero": optimizer.zero_grad, "backward": loss.backward, "step": optimizer.step}
        for call in order:
            calls[call]()
    return model


def in_order(*order):
    return partial(train, order=order)


def adagrad(w, g, s, lr):
    s["v"] = s.get("v", 0) + g**2
    return w - lr * g / (s["v"].sqrt() + 1e-10)


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


def forgets_after_ten(w, g, s, lr):
    s["t"] = s.get("t", 0) + 1
    return adagrad(w, g, {} if s["t"] > 10 else s, lr)


def warmup(t, start=4):
    return (t + 1) / 5 if t < 5 else (1 + np.cos(np.pi * (t - start) / (100 - start))) / 2


def report(validation, test):
    best = validation.nan_to_num(torch.inf).argmin(0)
    return test.gather(0, best[None]).mean()


def in_place(w, g, s, lr):
    s["v"] = s.get("v", 0) + g**2
    w -= lr * g / (s["v"].sqrt() + 1e-10)
    return w


def one_by_one(validation, test):
    """As with two loops: each number taken out of its tensor."""
    chosen = []
    for i in range(validation.shape[1]):
        errors = [error if error == error else float("inf") for error in validation[:, i].tolist()]
        chosen.append(test[errors.index(min(errors)), i].item())
    return chosen


RIGHT = [
    (check_05_limit, 0.2),
    (check_05_limit, torch.tensor(0.2)),
    (check_05_loop, train),
    (check_05_loop, in_order("backward", "step", "zero")),
    (check_05_adagrad, adagrad),
    (check_05_adagrad, in_place),
    (check_05_adagrad, lambda w, g, s, lr: adagrad(w.double(), g.double(), s, lr)),
    (check_05_step_size, 100),
    (check_05_step_size, 133),
    (check_05_step_size, 120),
    (check_05_warmup, warmup),
    (check_05_warmup, partial(warmup, start=5)),
    (check_05_kappa, 70),
    (check_05_kappa, 100),
    (check_05_report, report),
    (check_05_report, lambda validation, test: report(validation.double(), test.double())),
    (check_05_report, lambda validation, test: np.mean(one_by_one(validation, test))),
]
WRONG = [
    (check_05_limit, 0.1, "a single step"),
    (check_05_limit, 0.4, "it is not 5"),
    (check_05_limit, 1, "five times as steep"),
    (check_05_limit, 5, "not a larger one"),
    (check_05_limit, 0.15, "a larger rate would still"),
    (check_05_limit, 0.3, "runs away"),
    (check_05_limit, -0.2, "above 0"),
    (check_05_loop, in_order("step", "backward"), "Which gradient could it follow"),
    (check_05_loop, in_order("backward", "step"), "the gradients before it"),
    (check_05_loop, in_order("backward", "zero", "step"), "never move"),
    (check_05_loop, in_order("zero", "step", "backward"), "never move"),
    (check_05_loop, lambda model, X, y, steps, lr: train(model, X, y, steps, 0.01), "at the rate lr"),
    (check_05_loop, lambda model, X, y, steps, lr: train(model, X, y.squeeze(1), steps, lr), "with nn.MSELoss"),
    (check_05_adagrad, power(0.5, share=0.01), "running mean"),
    (check_05_adagrad, power(0.0), "Does s remember it"),
    (check_05_adagrad, lambda w, g, s, lr: adagrad(w, g, {}, lr), "Does s remember it"),
    (check_05_adagrad, power(1.0), "half the first"),
    (check_05_adagrad, power(1 / 3), "cube root"),
    (check_05_adagrad, lambda w, g, s, lr: adagrad(w, -g, s, lr), "uphill"),
    (check_05_adagrad, late, "before you divide"),
    (check_05_adagrad, one_for_all, "of its own"),
    (check_05_adagrad, lambda w, g, s, lr: adagrad(w, g, s, lr / 2), "Do them by hand"),
    (check_05_adagrad, lambda w, g, s, lr: adagrad(w, g, s, lr).sum(), "shape of w"),
    (check_05_adagrad, forgets_after_ten, "after fifty"),
    (check_05_step_size, 30, "recipe of the text"),
    (check_05_step_size, 400, "does not fall at all"),
    (check_05_step_size, 3, "how often"),
    (check_05_step_size, 80, "too often"),
    (check_05_step_size, 200, "too seldom"),
    (check_05_step_size, 33.3, "whole number"),
    (check_05_warmup, lambda t: min(t / 5, 1.0), "In epoch 0"),
    (check_05_warmup, lambda t: 0.1 * warmup(t), "learning rates"),
    (check_05_warmup, lambda t: (t + 1) / 100, "equal steps"),
    (check_05_warmup, lambda t: min((t + 1) / 5, 1.0), "in epoch 100"),
    (check_05_warmup, lambda t: warmup(t, start=0), "a jump"),
    (check_05_warmup, lambda t: min((t + 1) / 5, (100 - t) / 96), "not half a wave"),
    (check_05_kappa, 10_000, "by its root"),
    (check_05_kappa, 1, "As many"),
    (check_05_kappa, 214, "as the root"),
    (check_05_kappa, 30, "Too low"),
    (check_05_report, lambda validation, test: test.min(0).values.mean(), "looking at the test rows"),
    (check_05_report, lambda validation, test: validation.min(0).values.mean(), "have not been asked"),
    (check_05_report, lambda validation, test: test[validation.mean(1).argmin()].mean(), "one rate for all"),
    (check_05_report, lambda validation, test: report(test, validation), "changed places"),
    (check_05_report, lambda validation, test: test.mean(), "mean over all rates"),
    (check_05_report, lambda validation, test: report(validation.T, test.T), "Which way does dim go"),
    (check_05_report, lambda validation, test: test.gather(0, validation.argmin(0)[None]).mean(), "until a run diverges"),
]  # fmt: skip
