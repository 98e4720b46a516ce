"""Checks of chapter 7, inside a model."""

import copy

import torch
from torch import nn
from torch.nn import functional as F

from helpers.exercises._report import Wrong, check, function, module, number, recognise, tensor
from helpers.models import MLP, Regressor


class _Named(nn.Module):
    """The network that chapter 7 writes out, NamedRegressor."""

    def __init__(self, dropout=0.5):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(13, 50), nn.Linear(50, 30), nn.Linear(30, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        return self.fc3(self.dropout(F.relu(self.fc2(F.relu(self.fc1(x))))))


class _Idle(_Named):
    """It has ReLU modules that never run, beside the two functions that do."""

    def __init__(self):
        super().__init__()
        self.relu1, self.relu2 = nn.ReLU(), nn.ReLU()


class _Modular(_Idle):
    """Its ReLU modules run, as in ModularRegressor."""

    def forward(self, x):
        return self.fc3(self.dropout(self.relu2(self.fc2(self.relu1(self.fc1(x))))))


class _Shared(_Modular):
    """Its two ReLUs are one module."""

    def __init__(self):
        super().__init__()
        self.relu2 = self.relu1


def _named(**options):
    torch.manual_seed(0)
    return _Named(**options)


def _size(hidden, biases=True):
    return sum(p.numel() for p in MLP(13, hidden, 1).parameters() if biases or p.ndim > 1)


@check
def check_07_count(my_count):
    """The number of parameters of NamedRegressor(hidden=(100, 30)), such as 1234."""
    count, right = number(my_count, "my_count"), _size((100, 30))
    usual = _size((50, 30))
    typical = (
        (2 * usual, "That doubles every tensor. Which of the six shapes hold the width that was doubled?"),
        (usual + 13 * 50 + 50, "You doubled fc1. Now think of the layer that reads its numbers: has fc2 changed?"),
        (usual + 50 * 30, "You doubled the weights of fc2. And fc1, which makes the numbers that fc2 reads?"),
        (_size((100, 30), biases=False), "Those are the weights. What else does a layer hold?"),
        (usual, "That is the network as it was. Its first hidden layer is to be twice as wide."),
    )  # fmt: skip
    recognise(count, typical)
    if count != right:
        away = abs(count / right - 1)
        near = "Near" if away < 0.1 else "Not near"
        raise Wrong(
            f"{near}: {away:.0%} {'more' if count > right else 'less'} than there are. "
            "A layer from d numbers to k has dk weights and k biases."
        )
    return f"{right:,}: fc1 and the weights of fc2 doubled, and the rest stayed."


@check
def check_07_relus(count_relus):
    """A function of a model: how many times ReLU runs, a whole number."""
    function(count_relus, "count_relus")
    network = number(count_relus(_Named()), "what count_relus returns for F.relu")
    modular = number(count_relus(_Modular()), "what count_relus returns for nn.ReLU")
    if network == 0:
        raise Wrong(
            "Modules are counted, but for a network with F.relu you find 0 and it runs two.\n"
            "A function leaves no module behind. What did see it?"
        )
    if modular == 0:
        raise Wrong(
            "F.relu is counted, but for a network with nn.ReLU you find 0 and it runs two.\n"
            "How does the list of torch.fx name a module that runs?"
        )
    if (network, modular) != (2, 2):
        raise Wrong(
            f"Two ReLUs run in each network; you find {network:g} (F.relu) and {modular:g} (nn.ReLU)."
        )
    if (idle := count_relus(_Idle())) != 2:
        raise Wrong(
            f"Two run in a network that also has others, made in __init__ and never used; you find {idle}.\n"
            "Count what runs, not what is there."
        )
    if (shared := count_relus(_Shared())) != 2:
        raise Wrong(
            f"A network may call one nn.ReLU twice; then two run, and you find {shared}.\n"
            "Count the calls, not the modules."
        )
    for layers in (1, 4):
        deep = nn.Sequential()
        for i in range(layers):
            deep.add_module(f"fc{i}", nn.Linear(13, 13))
            deep.add_module(f"relu{i}", nn.ReLU())
        if (found := number(count_relus(deep), "what count_relus returns")) != layers:
            raise Wrong(
                f"In a network that runs {layers} you find {found:g}. Not all networks run two: look into the one\n"
                "that you are given."
            )
    return "Functions and modules are counted when they run, one called twice as two, an idle one not."


@check
def check_07_keep_best(keep_best):
    """A function (model, optimizer, x, y) that trains and returns the best state dict."""
    function(keep_best, "keep_best")
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(40, 13, generator=generator)
    y = x.sum(1, keepdim=True)

    def fresh():
        model = _named(dropout=0)
        return model, torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)

    model, optimizer = fresh()
    losses, states = [], []
    for _ in range(30):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), y)
        losses.append(loss.item())
        states.append(copy.deepcopy(model.state_dict()))
        loss.backward()
        optimizer.step()
    best = min(range(30), key=losses.__getitem__)
    states.append(model.state_dict())

    model, optimizer = fresh()
    found = keep_best(model, optimizer, x, y)
    if isinstance(found, nn.Module):
        raise Wrong("keep_best returned a model. Wanted are its weights, a state dict.")
    if not isinstance(found, dict) or found.keys() != states[0].keys():
        raise Wrong("keep_best must return a state dict of the model that it was given.")

    def same(state):
        return all(torch.allclose(found[name], state[name], atol=1e-5) for name in state)

    if same(states[-1]):
        raise Wrong(
            "It returns the weights after the last step, although an earlier loss was smaller.\n"
            "What happens to the tensors of a state dict while training goes on? Does your copy reach them?"
        )
    if same(states[best + 1]):
        raise Wrong(
            "The copy is a true one, but one step late: it does not have the loss that you compared.\n"
            "Which line changes the weights? Copy before it."
        )
    if not same(states[best]):
        model.load_state_dict(found)
        raise Wrong(
            f"In 30 steps the smallest loss was {losses[best]:.3f}; the weights you return have "
            f"{F.mse_loss(model(x), y).item():.3f}.\nCompare the loss of each step with the smallest so far."
        )
    return f"The smallest loss, {losses[best]:.3f}, came at step {best + 1} of 30, and you kept its weights."


@check
def check_07_averaging(my_guess, averaged):
    """Your guess of the RMSE in $1000s, such as 4.5."""
    guess = number(my_guess, "my_guess")
    torch.manual_seed(0)
    single, mean = (tensor(function(averaged, "averaged")(times), "its result", (None,)) for times in (1, 20))
    run, single = f"{mean.mean():.2f}", single.mean().item()
    error, mean = (mean.std() / len(mean) ** 0.5).item(), mean.mean().item()
    told = f"You guessed {guess:.2f}; the run gives {run} ± {error:.2f}. "
    if guess < mean - max(0.3, 3 * error):
        raise Wrong(told + "Can the average do better than the network without\ndropout? Compare eval mode.")
    if guess > single - 0.1:
        raise Wrong(
            told + f"A single answer has {single:.2f}: you\nexpected averaging to change nothing. "
            "Look at the histogram above: what lies in the middle of the answers?"
        )
    if guess > mean + max(0.3, 3 * error):
        raise Wrong(
            told + "It does get better, and by more than you thought.\n"
            "How far from the middle is an average of twenty answers?"
        )
    return told + "That was near.\nThe errors of dropout point in all directions, and cancel."


@check
def check_07_load(load_and_predict):
    """A function (weights, x) that returns predictions (n, 1)."""
    function(load_and_predict, "load_and_predict")
    x, shape = torch.rand(20, 13), (20, 1)
    # Where the last weights are 0, dropout has no say: the prediction is the last bias.
    plain = {name: torch.zeros_like(value) for name, value in _Named().state_dict().items()}
    plain["fc3.bias"] += 7
    output = tensor(load_and_predict(plain, x), "what load_and_predict returns", shape)
    if not torch.allclose(output, torch.full(shape, 7.0)):
        raise Wrong("The predictions do not come from the weights that were handed in.\nAre they loaded?")
    model = _Named().eval()
    output = load_and_predict(model.state_dict(), x)
    if not torch.allclose(output, model(x), atol=1e-5):
        raise Wrong(
            "Asked twice about the same houses, it gives different answers.\n"
            "The weights are right. Which thing is in no state dict?"
        )
    if output.requires_grad:
        raise Wrong(
            "The predictions are right. But PyTorch has prepared for their gradients, which nobody needs.\n"
            "eval() does not switch that off. What does?"
        )
    try:
        load_and_predict(Regressor().state_dict(), x)
    except (RuntimeError, KeyError, ValueError, AssertionError):
        return "Right weights, right mode, no gradients, and weights under other names are refused."
    raise Wrong(
        "Right for weights that fit. But those of the numbered Regressor, with other names, are accepted\n"
        "without a word, and predictions come from random numbers. Which argument silences the error?"
    )


@check
def check_07_swapped(swapped):
    """A function (model, i, j) that returns a new model with two neurons exchanged."""
    function(swapped, "swapped")
    model, i, j = _named().eval(), 4, 17
    before, x = copy.deepcopy(model.state_dict()), torch.rand(20, 13)
    new = module(swapped(model, i, j), "what swapped returns")
    if any(not torch.equal(before[name], value) for name, value in model.state_dict().items()):
        raise Wrong("The model that was handed in has changed. Work on a copy of it.")
    after, order = new.state_dict(), list(range(50))
    order[i], order[j] = j, i
    if torch.equal(after["fc1.weight"], before["fc1.weight"]):
        raise Wrong("The rows of fc1.weight stand as they did: no neuron has moved.")
    if torch.equal(after["fc1.weight"][i], after["fc1.weight"][j]):
        raise Wrong(
            f"Rows {i} and {j} of fc1.weight are now alike: one was written over before it was read.\n"
            "Take both rows out in one step, by a list of row numbers."
        )
    if not torch.equal(after["fc1.weight"], before["fc1.weight"][order]):
        raise Wrong(f"Not just rows {i} and {j} of fc1.weight have changed places.")
    if not torch.equal(after["fc1.bias"], before["fc1.bias"][order]):
        raise Wrong("The rows of fc1.weight are right. What else does a neuron of fc1 own?")
    if torch.equal(after["fc2.weight"], before["fc2.weight"]):
        raise Wrong(
            "fc1 is right, but fc2 still expects the two neurons in their old places.\n"
            "What stands in a column of fc2.weight?"
        )
    if torch.equal(after["fc2.weight"][[i, j]], before["fc2.weight"][[j, i]]):
        raise Wrong(
            "fc1 is right. In fc2.weight you exchanged rows. A row is a neuron of fc2; what is a column?"
        )
    if not torch.allclose(new.eval()(x), model(x), atol=1e-5):
        raise Wrong("fc1 is right, but the predictions have changed. Look at fc2.weight once more.")
    return "Other numbers in other places, and the same prediction for every house."


@check
def check_07_freeze(freeze_first):
    """A function of a model that freezes fc1 and returns the model."""
    function(freeze_first, "freeze_first")
    model = _named(dropout=0)
    start = copy.deepcopy(model.state_dict())
    frozen = module(freeze_first(model), "what freeze_first returns")
    if not any(p.requires_grad for p in frozen.parameters()):
        raise Wrong("Nothing can learn any more: all layers are frozen. Freeze fc1 alone.")
    optimizer = torch.optim.SGD(frozen.parameters(), lr=0.1)
    F.mse_loss(frozen(torch.rand(20, 13)), torch.ones(20, 1)).backward()
    optimizer.step()
    moved = {name for name, value in frozen.state_dict().items() if not torch.equal(value, start[name])}
    if {"fc1.weight", "fc1.bias"} <= moved:
        if "requires_grad" in vars(frozen.fc1):
            raise Wrong(
                "After a step, fc1 has changed: it is not frozen. A module has no requires_grad of its own;\n"
                "setting one makes a new attribute that nobody reads. What does the section call?"
            )
        raise Wrong(
            "After a step, fc1 has changed: it is not frozen. Its weights must say of themselves that they\n"
            "want no gradient, and go on saying so when the training begins. What does the section call?"
        )
    if half := moved & {"fc1.weight", "fc1.bias"}:
        raise Wrong(f"Half frozen: {half.pop()} still moves. A layer has two tensors.")
    if missing := start.keys() - moved - {"fc1.weight", "fc1.bias"}:
        raise Wrong(f"fc1 is frozen, and so is {sorted(missing)[0]}, which should learn.")
    return "After a step fc1 is what it was, and the other layers have moved."
