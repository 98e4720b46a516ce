"""What the checks of chapter 5 say to right answers and to those that people give instead."""

from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import SGD

from helpers import exercises


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


RIGHT = {
    "limit": [0.2, torch.tensor(0.2)],
    "loop": [train, in_order("backward", "step", "zero")],
    "adagrad": [adagrad],
    "step_size": [100, 133, 120],
    "warmup": [warmup, partial(warmup, start=5)],
    "kappa": [70, 100],
    "report": [report],
}


@pytest.mark.parametrize("name, answer", [(name, one) for name, many in RIGHT.items() for one in many])
def test_right(name, answer, said):
    assert said(getattr(exercises, f"check_05_{name}"), answer).startswith("✓ ")


WRONG = [
    ("limit", 0.1, "a single step"),
    ("limit", 0.4, "it is not 5"),
    ("limit", 1, "five times as steep"),
    ("limit", 5, "not a larger one"),
    ("limit", 0.15, "a larger rate would still"),
    ("limit", 0.3, "runs away"),
    ("limit", -0.2, "above 0"),
    ("loop", in_order("step", "backward"), "Which gradient could it follow"),
    ("loop", in_order("backward", "step"), "the gradients before it"),
    ("loop", in_order("backward", "zero", "step"), "never move"),
    ("loop", in_order("zero", "step", "backward"), "never move"),
    ("loop", lambda model, X, y, steps, lr: train(model, X, y, steps, 0.01), "at the rate lr"),
    ("loop", lambda model, X, y, steps, lr: train(model, X, y.squeeze(1), steps, lr), "with nn.MSELoss"),
    ("adagrad", power(0.5, share=0.01), "running mean"),
    ("adagrad", power(0.0), "Does s remember it"),
    ("adagrad", lambda w, g, s, lr: adagrad(w, g, {}, lr), "Does s remember it"),
    ("adagrad", power(1.0), "half the first"),
    ("adagrad", power(1 / 3), "cube root"),
    ("adagrad", lambda w, g, s, lr: adagrad(w, -g, s, lr), "uphill"),
    ("adagrad", late, "before you divide"),
    ("adagrad", one_for_all, "of its own"),
    ("adagrad", lambda w, g, s, lr: adagrad(w, g, s, lr / 2), "Do them by hand"),
    ("adagrad", lambda w, g, s, lr: adagrad(w, g, s, lr).sum(), "shape of w"),
    ("adagrad", forgets_after_ten, "after fifty"),
    ("step_size", 30, "recipe of the text"),
    ("step_size", 400, "does not fall at all"),
    ("step_size", 3, "how often"),
    ("step_size", 80, "too often"),
    ("step_size", 200, "too seldom"),
    ("step_size", 33.3, "whole number"),
    ("warmup", lambda t: min(t / 5, 1.0), "In epoch 0"),
    ("warmup", lambda t: 0.1 * warmup(t), "learning rates"),
    ("warmup", lambda t: (t + 1) / 100, "equal steps"),
    ("warmup", lambda t: min((t + 1) / 5, 1.0), "in epoch 100"),
    ("warmup", lambda t: warmup(t, start=0), "a jump"),
    ("warmup", lambda t: min((t + 1) / 5, (100 - t) / 96), "not half a wave"),
    ("kappa", 10_000, "by its root"),
    ("kappa", 1, "As many"),
    ("kappa", 214, "as the root"),
    ("kappa", 30, "Too low"),
    ("report", lambda validation, test: test.min(0).values.mean(), "looking at the test rows"),
    ("report", lambda validation, test: validation.min(0).values.mean(), "have not been asked"),
    ("report", lambda validation, test: test[validation.mean(1).argmin()].mean(), "one rate for all"),
    ("report", lambda validation, test: report(test, validation), "changed places"),
    ("report", lambda validation, test: test.mean(), "mean over all rates"),
    ("report", lambda validation, test: report(validation.T, test.T), "Which way does dim go"),
    ("report", lambda validation, test: test.gather(0, validation.argmin(0)[None]).mean(), "until a run diverges"),
]  # fmt: skip


@pytest.mark.parametrize("name, answer, message", WRONG)
def test_wrong(name, answer, message, said):
    printed = said(getattr(exercises, f"check_05_{name}"), answer)
    assert printed.startswith("✗ ") and message in printed
