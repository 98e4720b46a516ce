"""What the checks of chapter 8 say to right answers and to those that people give instead."""

import copy
import inspect
import io
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from answers import test_a_right_answer_passes, test_a_wrong_answer_is_told_apart  # noqa: F401
from helpers.exercises.ch08 import (
    _Named,
    check_08_averaging,
    check_08_count,
    check_08_freeze,
    check_08_keep_best,
    check_08_load,
    check_08_relus,
    check_08_swapped,
)
from helpers.models import MLP


def half(value):
    return torch.tensor(value, dtype=torch.half)


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


def linear_but_last(model):
    return sum(isinstance(part, nn.Linear) for part in model.modules()) - 1


def thorough(model):
    """The other right way: by what is called, not by its name."""
    parts = dict(model.named_modules())
    return sum(
        node.target is F.relu or isinstance(parts.get(node.target), nn.ReLU)
        for node in nodes(model)
        if node.op.startswith("call")
    )


def by_function_mode(model):
    class Counter(TorchFunctionMode):
        count = 0

        def __torch_function__(self, func, types, args=(), kwargs=None):
            self.count += func is F.relu
            return func(*args, **(kwargs or {}))

    with Counter() as counter:
        model(torch.rand(2, 13))
    return counter.count


def by_dispatch_mode(model):
    seen = []

    class Counter(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            seen.append(str(func))
            return func(*args, **(kwargs or {}))

    with Counter():
        model(torch.rand(2, 13))
    return seen.count("aten.relu.default")


def by_patch(model):
    original, calls = F.relu, []
    F.relu = lambda *args, **options: calls.append(1) or original(*args, **options)
    try:
        model(torch.rand(2, 13))
    finally:
        F.relu = original
    return len(calls)


def by_hooks(model):
    calls = []
    hooks = [
        part.register_forward_hook(lambda *args: calls.append(1))
        for part in model.modules()
        if isinstance(part, nn.ReLU)
    ]
    model(torch.rand(2, 13))
    for hook in hooks:
        hook.remove()
    return len(calls)


def keeper(keep=copy.deepcopy, late=False, compare=float.__lt__, whole=False, patience=30):
    def keep_best(model, optimizer, x, y, steps=30):
        smallest, best, worse = float("inf"), None, 0
        for _ in range(steps):
            optimizer.zero_grad()
            loss = F.mse_loss(model(x), y)
            if late:
                loss.backward()
                optimizer.step()
            worse += loss.item() > smallest
            if worse >= patience:
                break
            if compare(loss.item(), smallest):
                smallest, best = loss.item(), keep(model if whole else model.state_dict())
            if not late:
                loss.backward()
                optimizer.step()
        return best

    return keep_best


def through_a_file(state):
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def cloned(state):
    return {name: value.clone() for name, value in state.items()}


def keep_after_step(model, optimizer, x, y, steps=30):
    """Each step's weights, with the loss that belongs to them."""
    tries = []
    for _ in range(steps):
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()
        with torch.no_grad():
            tries.append((F.mse_loss(model(x), y).item(), copy.deepcopy(model.state_dict())))
    return min(tries, key=lambda pair: pair[0])[1]


def keep_in_model(model, *rest):
    model.load_state_dict(keeper()(model, *rest))
    return model.state_dict()


def keep_parameters(model, optimizer, x, y, steps=30):
    smallest = float("inf")
    for _ in range(steps):
        loss = ((model(x) - y) ** 2).mean()
        if loss <= smallest:
            smallest, best = loss.detach(), {name: p.clone() for name, p in model.named_parameters()}
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return best


def keep_in_float64(model, optimizer, x, y):
    return keeper()(model.double(), optimizer, x.double(), y.double())


def averaged(times):
    """As in the chapter: 4.8 for one answer, 3.96 for the average of twenty."""
    return (4.8 if times == 1 else 3.96) + torch.linspace(-1, 1, 100)


def loader(strict=True, mode=nn.Module.eval, gradients=False, loads=True, make=_Named):
    def load_and_predict(weights, x):
        model = make()
        if loads:
            model.load_state_dict(weights, strict=strict)
        mode(model)
        with torch.set_grad_enabled(gradients):
            return model(x)

    return load_and_predict


def load_with_assertion(weights, x):
    model = _Named().eval()
    result = model.load_state_dict(weights, strict=False)
    assert not result.missing_keys, f"missing: {result.missing_keys}"
    with torch.inference_mode():
        return model(x)


def load_with_raise(weights, x):
    model = _Named()
    missing, unexpected = model.load_state_dict(weights, strict=False)
    if missing or unexpected:
        raise ValueError(missing, unexpected)
    return model.train(False)(x).detach()


def load_with_keys(weights, x):
    model = _Named().requires_grad_(False).eval()
    if set(weights) != set(model.state_dict()):
        raise KeyError("other names")
    model.load_state_dict(weights, strict=False)
    return model(x)


def load_in_float64(weights, x, strict=True):
    model = _Named().double().eval()
    model.load_state_dict(weights, strict=strict)
    with torch.no_grad():
        return model(x)


@torch.no_grad()
def load_by_copy(weights, x):
    model = _Named(dropout=0)
    for name, p in model.named_parameters():
        p.copy_(weights[name])
    return model(x)


@torch.no_grad()
def load_by_place(weights, x):
    model = _Named().eval()
    model.load_state_dict(dict(zip(model.state_dict(), weights.values(), strict=True)))
    return model(x).numpy()


def load_unless_missing(weights, x):
    """It says nothing of what is missing, only of what is too much."""
    model = _Named().eval()
    if model.load_state_dict(weights, strict=False).unexpected_keys:
        raise ValueError("other names")
    with torch.no_grad():
        return model(x)


def load_or_none(weights, x):
    try:
        return loader()(weights, x)
    except RuntimeError:
        return None


def load_seeded(weights, x):
    torch.manual_seed(0)
    return loader(mode=nn.Module.train)(weights, x)


def load_scaled(weights, x):
    return loader()(weights, (x - x.mean(0)) / x.std(0))


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
        if rows and max(i, j) < 30:
            new.fc2.weight[[i, j]] = new.fc2.weight[[j, i]]
        return new

    return swapped


def swap_state(model, i, j):
    state = cloned(model.state_dict())
    for name in ("fc1.weight", "fc1.bias"):
        state[name][[i, j]] = state[name][[j, i]]
    state["fc2.weight"][:, [i, j]] = state["fc2.weight"][:, [j, i]]
    new = _Named()
    new.load_state_dict(state)
    return new


@torch.no_grad()
def swap_by_clones(model, i, j):
    new = copy.deepcopy(model)
    for part in (new.fc1.weight, new.fc1.bias, new.fc2.weight.T):
        kept = part[i].clone()
        part[i] = part[j]
        part[j] = kept
    return new


@torch.no_grad()
def swap_by_matrix(model, i, j):
    P = torch.eye(50)
    P[[i, j]] = P[[j, i]]
    new = copy.deepcopy(model)
    new.fc1.weight.data = P @ model.fc1.weight.float()
    new.fc1.bias.data = P @ model.fc1.bias.float()
    new.fc2.weight.data = model.fc2.weight.float() @ P.T
    return new


def swap_by_parameters(model, i, j):
    order = torch.arange(50)
    order[i], order[j] = j, i
    new = copy.deepcopy(model)
    new.fc1.weight = nn.Parameter(model.fc1.weight[order])
    new.fc1.bias = nn.Parameter(model.fc1.bias[order])
    new.fc2.weight = nn.Parameter(model.fc2.weight[:, order])
    return new


def swap_by_hand(model, i, j):
    new = copy.deepcopy(model)
    for k in range(13):
        new.fc1.weight.data[i, k], new.fc1.weight.data[j, k] = model.fc1.weight[j, k], model.fc1.weight[i, k]
    new.fc1.bias.data[i], new.fc1.bias.data[j] = model.fc1.bias[j], model.fc1.bias[i]
    for k in range(30):
        new.fc2.weight.data[k, i], new.fc2.weight.data[k, j] = model.fc2.weight[k, j], model.fc2.weight[k, i]
    return new


def swap_and_share(model, i, j):
    new = swap_state(model, i, j)
    new.fc3 = model.fc3
    return new


def swap_and_more(model, i, j):
    new = swap_state(model, i, j)
    nn.init.zeros_(new.fc3.bias)
    return new


def freezer(*names):
    def freeze_first(model):
        for name in names:
            model.get_parameter(name).requires_grad_(False)
        return model

    return freeze_first


def then_return(change):
    """A function that changes fc1 in some way, and returns the model."""

    def freeze_first(model):
        change(model.fc1)
        return model

    return freeze_first


def set_on_parameters(fc1):
    for p in fc1.parameters():
        p.requires_grad = False


def freeze_by_name(model):
    for name, p in model.named_parameters():
        p.requires_grad = not name.startswith("fc1")
    return model


def freeze_all_but(model):
    model.requires_grad_(False)
    model.fc2.requires_grad_(True)
    model.fc3.requires_grad_(True)
    return model


def zero_gradient(fc1):
    for p in fc1.parameters():
        p.register_hook(torch.zeros_like)


def attribute(model):
    model.fc1.requires_grad = False
    return model


RIGHT = [
    (check_08_count, 4461),
    (check_08_count, 4461.0),
    (check_08_count, (13 + 1) * 100 + (100 + 1) * 30 + 31),
    (check_08_count, torch.tensor(4461)),
    (check_08_count, torch.tensor([4461.0], dtype=torch.float64)),
    (check_08_count, torch.tensor(4461.0, requires_grad=True)),
    (check_08_count, np.int32(4461)),
    (check_08_count, np.array([4461.0])),
    (check_08_count, sum(p.numel() for p in MLP(13, (100, 30), 1).parameters())),
    (check_08_relus, by_trace),
    (check_08_relus, thorough),
    (check_08_relus, by_function_mode),
    (check_08_relus, by_dispatch_mode),
    (check_08_relus, by_patch),
    (check_08_relus, lambda model: torch.tensor(by_trace(model))),
    (check_08_relus, lambda model: np.float64(by_trace(copy.deepcopy(model)))),
    (check_08_relus, lambda model: len([node for node in nodes(model) if "relu" in node.name])),
    (
        check_08_relus,
        lambda model: pd.Series([str(node) for node in nodes(model)]).str.contains("relu").sum(),
    ),
    (check_08_keep_best, keeper()),
    (check_08_keep_best, keeper(cloned)),
    (check_08_keep_best, keeper(through_a_file)),
    (check_08_keep_best, keeper(lambda state: {name: value.double() + 0 for name, value in state.items()})),
    (check_08_keep_best, keeper(lambda model: copy.deepcopy(model).state_dict(), whole=True)),
    (check_08_keep_best, keep_after_step),
    (check_08_keep_best, keep_in_model),
    (check_08_keep_best, keep_parameters),
    (check_08_keep_best, keep_in_float64),
    (check_08_keep_best, lambda *args: dict(reversed(keeper()(*args).items()))),
    (check_08_averaging, 3.9, averaged),
    (check_08_averaging, 4.1, averaged),
    (check_08_averaging, 4, averaged),
    (check_08_averaging, 3.67, averaged),
    (check_08_averaging, 4.25, averaged),
    (check_08_averaging, torch.tensor(4.0, requires_grad=True), averaged),
    (check_08_averaging, half([4.0]), averaged),
    (check_08_averaging, np.float32(3.8), lambda times: averaged(times).double()),
    (check_08_averaging, np.array(4.2), lambda times: averaged(times).numpy()),
    (check_08_averaging, 4.0, lambda times: averaged(times).tolist()),
    (check_08_load, loader()),
    (check_08_load, load_with_assertion),
    (check_08_load, load_with_raise),
    (check_08_load, load_with_keys),
    (check_08_load, load_in_float64),
    (check_08_load, load_by_copy),
    (check_08_load, load_by_place),
    (check_08_load, lambda weights, x: load_in_float64(weights, x.double())),
    (check_08_load, lambda weights, x: loader(gradients=True)(weights, x).detach().numpy()),
    (check_08_load, loader(mode=lambda model: model.dropout.eval())),
    (check_08_swapped, swapper()),
    (check_08_swapped, swap_state),
    (check_08_swapped, swap_by_clones),
    (check_08_swapped, swap_by_matrix),
    (check_08_swapped, swap_by_parameters),
    (check_08_swapped, swap_by_hand),
    (check_08_swapped, lambda model, i, j: swap_state(model, i, j).double()),
    (check_08_swapped, lambda model, i, j: swap_state(model, j, i).eval().requires_grad_(False)),
    (check_08_freeze, freezer("fc1.weight", "fc1.bias")),
    (check_08_freeze, then_return(lambda fc1: fc1.requires_grad_(False))),
    (check_08_freeze, then_return(set_on_parameters)),
    (check_08_freeze, freeze_by_name),
    (check_08_freeze, freeze_all_but),
    (check_08_freeze, lambda model: freeze_all_but(copy.deepcopy(model))),
    (check_08_freeze, lambda model: freeze_all_but(model).double()),
    (check_08_freeze, lambda model: freeze_all_but(model).eval()),
    (check_08_freeze, then_return(lambda fc1: fc1.apply(lambda part: part.requires_grad_(False)))),
    (check_08_freeze, then_return(lambda fc1: setattr(fc1, "forward", torch.no_grad()(fc1.forward)))),
]  # fmt: skip
WRONG = [
    (check_08_count, 2 * 2261, "doubles every tensor"),
    (check_08_count, 2261 + 700, "has fc2 changed?"),
    (check_08_count, 2261 + 1500, "And fc1"),
    (check_08_count, 2261 + 650 + 1500, "brings one more number"),
    (check_08_count, 4461 + 30, "more biases"),
    (check_08_count, 2200, "So many are new"),
    (check_08_count, torch.tensor(7521), "both hidden layers"),
    (check_08_count, 3821, "the second hidden layer"),
    (check_08_count, 13 * 100 + 100 * 30 + 30, "What else does a layer hold?"),
    (check_08_count, 2261, "as it was"),
    (check_08_count, 4 * 4461, "bytes"),
    (check_08_count, 4.461, "without a dot"),
    (check_08_count, 4400, "Near: too few by 1%"),
    (check_08_count, np.int64(4460), "Near: too few by less than 1%"),
    (check_08_count, 4462.0, "Near: too many by less than 1%"),
    (check_08_count, 9999, "Not near: too many by 124%"),
    (check_08_relus, modules, "What did see it?"),
    (check_08_relus, by_hooks, "What did see it?"),
    (check_08_relus, lambda model: str(model).count("ReLU"), "What did see it?"),
    (check_08_relus, functions, "How does the list of torch.fx name a module"),
    (check_08_relus, lambda model: functions(model) + modules(model), "Count what runs, not what is there."),
    (check_08_relus, lambda model: functions(model) or by_hooks(model), "In a network that calls F.relu three times and"),
    (check_08_relus, distinct, "you find 1 (F.relu)"),
    (check_08_relus, lambda model: functions(model) or distinct(model), "Count the calls"),
    (check_08_relus, lambda model: 2, "even in one of tanh"),
    (check_08_relus, linear_but_last, "even in one of tanh"),
    (check_08_relus, lambda model: by_trace(model) or 2, "Count ReLUs, not layers"),
    (check_08_relus, lambda model: str(torch.fx.symbolic_trace(model).graph).count("relu"), "Two ReLUs run in each"),
    (check_08_relus, lambda model: min(by_trace(model), 2), "overlook"),
    (check_08_relus, lambda model: inspect.getsource(type(model).forward).count("relu"), "In a network that calls"),
    (check_08_relus, lambda model: torch.tensor(0), "What did see it?"),
    (check_08_relus, nodes, "must be a number"),
    (check_08_keep_best, keeper(lambda state: state), "after the last step"),
    (check_08_keep_best, keeper(lambda state: state, late=True), "after the last step"),
    (check_08_keep_best, keeper(dict), "after the last step"),
    (check_08_keep_best, keeper(copy.copy), "after the last step"),
    (check_08_keep_best, keeper(lambda state: {name: value.detach() for name, value in state.items()}), "after the last step"),
    (check_08_keep_best, keeper(late=True), "one step late"),
    (check_08_keep_best, keeper(compare=lambda loss, smallest: smallest == float("inf")), "Compare the loss of each step"),
    (check_08_keep_best, keeper(patience=1), "Compare the loss of each step"),
    (check_08_keep_best, keeper(compare=float.__gt__), "returned None"),
    (check_08_keep_best, lambda *args: keeper()(*args) and None, "returned None"),
    (check_08_keep_best, keeper(whole=True), "returned a model"),
    (check_08_keep_best, lambda *args: (keeper()(*args), 0.61), "must return a state dict"),
    (check_08_keep_best, lambda *args: list(keeper()(*args).values()), "must return a state dict"),
    (check_08_keep_best, keeper(lambda state: {name: value.numpy().copy() for name, value in state.items()}), "holds tensors"),
    (check_08_keep_best, lambda model, optimizer, x, y: 0.61, "must return a state dict"),
    (check_08_keep_best, lambda model: model.state_dict(), "could not be used. TypeError"),
    (check_08_averaging, 4.8, averaged, "expected averaging to change nothing"),
    (check_08_averaging, np.float64(5.0), averaged, "expected averaging to change nothing"),
    (check_08_averaging, 6.0, averaged, "to be worse than that"),
    (check_08_averaging, 4.4, averaged, "by more than you thought"),
    (check_08_averaging, torch.tensor(4.3), averaged, "by more than you thought"),
    (check_08_averaging, 3.0, averaged, "Can the average do better"),
    (check_08_averaging, 3.64, averaged, "Can the average do better"),
    (check_08_averaging, 4.8 / 20**0.5, averaged, "Can the average do better"),
    (check_08_averaging, 0.09, averaged, "in scaled units"),
    (check_08_averaging, -4, averaged, "above 0"),
    (check_08_averaging, 3960, averaged, "in dollars"),
    (check_08_averaging, "4.0", averaged, "my_guess must be a number"),
    (check_08_averaging, 4.0, 3.96, "must be a function"),
    (check_08_load, loader(loads=False), "Are they loaded?"),
    (check_08_load, loader(strict=False, mode=nn.Module.train, gradients=True), "in no state dict?"),
    (check_08_load, loader(mode=nn.Module.train), "in no state dict?"),
    (check_08_load, loader(mode=nn.Module.train, make=partial(_Named, dropout=0.1)), "in no state dict?"),
    (check_08_load, loader(gradients=True), "eval() does not switch that off"),
    (check_08_load, loader(strict=False, gradients=True), "eval() does not switch that off"),
    (check_08_load, loader(strict=False), "silences the error"),
    (check_08_load, partial(load_in_float64, strict=False), "silences the error"),
    (check_08_load, load_or_none, "give None"),
    (check_08_load, load_unless_missing, "Let load_state_dict be strict"),
    (check_08_load, load_seeded, "in eval mode"),
    (check_08_load, load_scaled, "not those of these weights"),
    (check_08_load, lambda weights, x: loader()(weights, x).sigmoid() * 7 / torch.tensor(7.0).sigmoid(), "not those of"),
    (check_08_load, lambda weights, x: loader()(weights, x)[:, 0], "has shape (20,)"),
    (check_08_load, lambda weights, x: weights, "must be a tensor"),
    (check_08_swapped, swapper(copied=False), "Work on a copy"),
    (check_08_swapped, lambda model, i, j: copy.deepcopy(model), "no neuron has moved"),
    (check_08_swapped, swapper(weight=False, bias=False, columns=False), "no neuron has moved"),
    (check_08_swapped, swapper(views=True), "now alike"),
    (check_08_swapped, swapper(extra=True), "Not just rows 4 and 17"),
    (check_08_swapped, lambda model, i, j: swap_state(model, 4, 17), "Not just rows 49 and 0"),
    (check_08_swapped, lambda model, i, j: swap_state(model, i - 1, j - 1), "Not just rows 4 and 17"),
    (check_08_swapped, swapper(bias=False), "What else does a neuron of fc1 own?"),
    (check_08_swapped, swapper(columns=False), "in their old places"),
    (check_08_swapped, swapper(columns=False, rows=True), "what is a column?"),
    (check_08_swapped, swapper(rows=True), "Look at fc2.weight once more"),
    (check_08_swapped, swap_and_share, "shares tensors"),
    (check_08_swapped, swap_and_more, "they do not touch"),
    (check_08_swapped, lambda model, i, j: MLP(13, (50, 30), 1), "other names"),
    (check_08_swapped, lambda model, i, j: swap_state(model, i, j).state_dict(), "That is a state dict"),
    (check_08_swapped, lambda model, i, j: None, "must be a function or a model"),
    (check_08_freeze, attribute, "a new attribute that nobody reads"),
    (check_08_freeze, then_return(lambda fc1: setattr(fc1, "requires_grad_", False)), "You wrote over it"),
    (check_08_freeze, lambda model: model.eval(), "Eval mode"),
    (check_08_freeze, then_return(nn.Module.eval), "Eval mode"),
    (check_08_freeze, lambda model: model, "Which of its tensors"),
    (check_08_freeze, then_return(lambda fc1: fc1.zero_grad()), "Which of its tensors"),
    (check_08_freeze, freezer("fc2.weight", "fc2.bias"), "Instead fc2.bias is"),
    (check_08_freeze, freezer("fc1.weight"), "Half frozen: fc1.bias"),
    (check_08_freeze, freezer("fc1.bias"), "Half frozen: fc1.weight"),
    (check_08_freeze, freezer("fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"), "and so is fc2.bias"),
    (check_08_freeze, lambda model: model.requires_grad_(False), "all layers are frozen"),
    (check_08_freeze, then_return(zero_gradient), "Its gradient is 0"),
    (check_08_freeze, then_return(lambda fc1: nn.init.zeros_(fc1.requires_grad_(False).weight)), "Before any step"),
    (check_08_freeze, lambda model: model.fc1.requires_grad_(False), "return the model whole"),
    (check_08_freeze, lambda model: model.fc1.requires_grad_(False) and None, "must be a function or a model"),
]  # fmt: skip
