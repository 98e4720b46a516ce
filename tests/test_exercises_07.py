"""Chapter 7's checks: the solution passes, and each wrong answer is told what is wrong with it."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers.exercises.ch07 import (
    _Named,
    check_07_averaging,
    check_07_count,
    check_07_freeze,
    check_07_keep_best,
    check_07_load,
    check_07_relus,
    check_07_swapped,
)


@pytest.mark.parametrize(
    "count, message",
    [
        (4461, "✓ 4,461"),
        (torch.tensor(4461), "✓ 4,461"),
        (2 * 2261, "doubles every tensor"),
        (2261 + 700, "has fc2 changed?"),
        (2261 + 1500, "And fc1"),
        (13 * 100 + 100 * 30 + 30, "What else does a layer hold?"),
        (2261, "as it was"),
        (4400, "✗ Near: 1% less"),
        (9999, "✗ Not near: 124% more"),
    ],
)
def test_count(count, message, said):
    assert message in said(check_07_count, count)


def nodes(model):
    return list(torch.fx.symbolic_trace(model).graph.nodes)


def by_trace(model):
    return sum(node.name.startswith("relu") for node in nodes(model))


def modules(model):
    return sum(isinstance(part, nn.ReLU) for part in model.modules())


def functions(model):
    return sum(node.op == "call_function" and "relu" in node.name for node in nodes(model))


def distinct(model):
    return len({node.target for node in nodes(model) if node.name.startswith("relu")})


def thorough(model):
    """The other right way: by what is called, not by its name."""
    parts = dict(model.named_modules())
    return sum(
        node.target is F.relu or isinstance(parts.get(node.target), nn.ReLU)
        for node in nodes(model)
        if node.op.startswith("call")
    )


@pytest.mark.parametrize(
    "count, message",
    [
        (by_trace, "✓ Functions and modules"),
        (thorough, "✓ Functions and modules"),
        (modules, "What did see it?"),
        (lambda model: str(model).count("ReLU"), "What did see it?"),
        (functions, "How does the list of torch.fx name a module"),
        (lambda model: functions(model) + modules(model), "Count what runs, not what is there."),
        (distinct, "you find 1 (F.relu)"),
        (lambda model: functions(model) or distinct(model), "Count the calls"),
        (nodes, "must be a number"),
        (lambda model: torch.tensor(by_trace(model)), "✓ Functions and modules"),
        (lambda model: 2, "Not all networks run two"),
    ],
)
def test_relus(count, message, said):
    assert message in said(check_07_relus, count)


def keeper(keep=copy.deepcopy, late=False, compare=float.__lt__, whole=False):
    def keep_best(model, optimizer, x, y, steps=30):
        smallest, best = float("inf"), None
        for _ in range(steps):
            optimizer.zero_grad()
            loss = F.mse_loss(model(x), y)
            if late:
                loss.backward()
                optimizer.step()
            if compare(loss.item(), smallest):
                smallest, best = loss.item(), keep(model if whole else model.state_dict())
            if not late:
                loss.backward()
                optimizer.step()
        return best

    return keep_best


@pytest.mark.parametrize(
    "keep_best, message",
    [
        (keeper(), "✓ The smallest loss"),
        (keeper(lambda state: {name: value.clone() for name, value in state.items()}), "✓ The smallest loss"),
        (keeper(lambda state: state), "after the last step"),
        (keeper(lambda state: state, late=True), "after the last step"),
        (keeper(dict), "after the last step"),
        (keeper(late=True), "one step late"),
        (keeper(compare=lambda loss, smallest: smallest == float("inf")), "Compare the loss of each step"),
        (keeper(whole=True), "returned a model"),
        (lambda model, optimizer, x, y: 0.61, "must return a state dict"),
        (lambda model: model.state_dict(), "could not be used. TypeError"),
    ],
)
def test_keep_best(keep_best, message, said):
    assert message in said(check_07_keep_best, keep_best)


def averaged(times):
    """As in the chapter: 4.8 for one answer, 3.96 for the average of twenty."""
    return (4.8 if times == 1 else 3.96) + torch.linspace(-1, 1, 100)


@pytest.mark.parametrize(
    "guess, message",
    [
        (3.9, "✓ You guessed 3.90; the run gives 3.96 ± 0.06. That was near."),
        (4.1, "That was near."),
        (4.8, "expected averaging to change nothing"),
        (4.4, "by more than you thought"),
        (3.0, "Can the average do better"),
        ("4.0", "✗ my_guess must be a number"),
    ],
)
def test_averaging(guess, message, said):
    assert message in said(check_07_averaging, guess, averaged)


def loader(strict=True, mode=nn.Module.eval, gradients=False, loads=True):
    def load_and_predict(weights, x):
        model = _Named()
        if loads:
            model.load_state_dict(weights, strict=strict)
        mode(model)
        with torch.set_grad_enabled(gradients):
            return model(x)

    return load_and_predict


def asserting(weights, x):
    """The other right way: not strict, but nothing may be missing."""
    model = _Named()
    missing = model.load_state_dict(weights, strict=False)
    assert not missing.missing_keys and not missing.unexpected_keys
    with torch.no_grad():
        return model.eval()(x)


@pytest.mark.parametrize(
    "load, message",
    [
        (loader(), "✓ Right weights"),
        (loader(loads=False), "Are they loaded?"),
        (loader(strict=False, mode=nn.Module.train, gradients=True), "in no state dict?"),
        (loader(mode=nn.Module.train), "in no state dict?"),
        (loader(gradients=True), "eval() does not switch that off"),
        (loader(strict=False), "silences the error"),
        (asserting, "✓ Right weights"),
        (lambda weights, x: loader()(weights, x)[:, 0], "has shape (20,)"),
    ],
)
def test_load(load, message, said):
    assert message in said(check_07_load, load)


def swapper(weight=True, bias=True, columns=True, rows=False, views=False, extra=False, copied=True):
    """Exchange two neurons of fc1, wholly or in part."""

    @torch.no_grad()
    def swapped(model, i, j):
        new = copy.deepcopy(model) if copied else model
        order = list(range(50))
        order[i], order[j] = j, i
        if extra:
            order = order[::-1]
        if views:
            w = new.fc1.weight
            w[i], w[j] = w[j], w[i]
            return new
        if weight:
            new.fc1.weight[:] = model.fc1.weight[order]
        if bias:
            new.fc1.bias[:] = model.fc1.bias[order]
        if columns:
            new.fc2.weight[:] = model.fc2.weight[:, order]
        if rows:
            new.fc2.weight[[i, j]] = new.fc2.weight[[j, i]]
        return new

    return swapped


@pytest.mark.parametrize(
    "swapped, message",
    [
        (swapper(), "✓ Other numbers"),
        (swapper(copied=False), "Work on a copy"),
        (swapper(weight=False, bias=False, columns=False), "no neuron has moved"),
        (swapper(views=True), "now alike"),
        (swapper(extra=True), "Not just rows 4 and 17"),
        (swapper(bias=False), "What else does a neuron of fc1 own?"),
        (swapper(columns=False), "in their old places"),
        (swapper(columns=False, rows=True), "what is a column?"),
        (swapper(rows=True), "Look at fc2.weight once more"),
        (lambda model, i, j: model.state_dict(), "must be a function or a model"),
    ],
)
def test_swapped(swapped, message, said):
    assert message in said(check_07_swapped, swapped)


def freezer(*names):
    def freeze_first(model):
        for name in names:
            model.get_parameter(name).requires_grad_(False)
        return model

    return freeze_first


def attribute(model):
    model.fc1.requires_grad = False
    return model


@pytest.mark.parametrize(
    "freeze, message",
    [
        (freezer("fc1.weight", "fc1.bias"), "✓ After a step"),
        (attribute, "a new attribute that nobody reads"),
        (lambda model: model.eval(), "want no gradient"),
        (lambda model: [p.detach() for p in model.fc1.parameters()] and model, "want no gradient"),
        (freezer("fc1.weight"), "Half frozen: fc1.bias"),
        (freezer("fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"), "and so is fc2.bias"),
        (lambda model: model.requires_grad_(False), "all layers are frozen"),
        (lambda model: model.fc1.requires_grad_(False) and None, "must be a function or a model"),
    ],
)
def test_freeze(freeze, message, said):
    assert message in said(check_07_freeze, freeze)
