"""Checks of chapter 8, inside a model."""

import copy

import torch
from torch import nn
from torch.nn import functional as F

from helpers.exercises._report import Wrong, ask, check, function, module, number, recognise, tensor
from helpers.models import MLP, Regressor


class _Named(nn.Module):
    """The network that chapter 8 writes out, NamedRegressor."""

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


class _Mixed(_Idle):
    """Functions and a module take turns in a loop, four ReLUs in all."""

    def forward(self, x):
        for layer, relu in ((self.fc1, F.relu), (self.fc2, self.relu2)):
            x = F.relu(relu(layer(x)))
        return self.fc3(self.dropout(x))


class _Bent(_Named):
    """It bends with tanh: no ReLU runs."""

    def forward(self, x):
        return self.fc3(self.dropout(torch.tanh(self.fc2(torch.tanh(self.fc1(x))))))


def _named(**options):
    torch.manual_seed(0)
    return _Named(**options)


def _size(hidden, biases=True):
    return sum(p.numel() for p in MLP(13, hidden, 1).parameters() if biases or p.ndim > 1)


@check
def check_08_count(my_count):
    """The number of parameters of NamedRegressor(hidden=(100, 30)), such as 1234."""
    count, right = number(my_count, "my_count"), _size((100, 30))
    if count <= 0 or count % 1:
        raise Wrong("my_count counts parameters: a whole number above 0, without a dot for the thousands.")
    usual = _size((50, 30))
    typical = (
        (2 * usual, "That doubles every tensor. Which of the six shapes hold the width that was doubled?"),
        (_size((100, 60)), "You doubled both hidden layers. Only the first is to be twice as wide."),
        (_size((50, 60)), "You doubled the second hidden layer. The first is to be twice as wide."),
        (usual + 13 * 50 + 50, "You doubled fc1. Now think of the layer that reads its numbers: has fc2 changed?"),
        (usual + 50 * 30, "You doubled the weights of fc2. And fc1, which makes the numbers that fc2 reads?"),
        (usual + 13 * 50 + 50 * 30, "The weights are right. But each new neuron of fc1 brings one more number. Which?"),
        (right + 30, "Nearly. But has fc2 got more neurons, that it should need more biases?"),
        (right - usual, "So many are new. And how many does the network have then?"),
        (13 * 100 + 100, "That is fc1. And the layers after it?"),
        (_size((100, 30), biases=False), "Those are the weights. What else does a layer hold?"),
        (usual, "That is the network as it was. Its first hidden layer is to be twice as wide."),
        (4 * right, "Those are bytes, four for each parameter."),
    )  # fmt: skip
    recognise(count, typical)
    if count != right:
        away, side = abs(count / right - 1), "many" if count > right else "few"
        raise Wrong(
            f"{'Near' if away < 0.1 else 'Not near'}: too {side} by "
            f"{'less than 1%' if away < 0.01 else f'{away:.0%}'}. "
            "A layer from d numbers to k has dk weights and k biases."
        )
    return f"{right:,}: fc1 and the weights of fc2 doubled, and the rest stayed."


@check
def check_08_relus(count_relus):
    """A function of a model: how many times ReLU runs, a whole number."""
    function(count_relus, "count_relus")

    def found(network, of=""):
        return number(count_relus(network()), f"what count_relus returns{of}")

    network, modular = found(_Named, " for F.relu"), found(_Modular, " for nn.ReLU")
    if (network, modular) == (2, 2) == (found(_Bent), found(_Mixed)):
        raise Wrong("You find 2 in every network, even in one of tanh. Does your function look at its model?")
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
    if (bent := found(_Bent)) != 0:
        raise Wrong(
            f"In a network that bends with tanh no ReLU runs, and you find {bent:g}.\n"
            "Count ReLUs, not layers."
        )
    if (idle := found(_Idle)) != 2:
        raise Wrong(
            f"Two run in a network that has two more, made in __init__ and never used; you find {idle:g}.\n"
            "Count what runs, not what is there."
        )
    if (shared := found(_Shared)) != 2:
        raise Wrong(
            f"A network may call one nn.ReLU twice; then two run, and you find {shared:g}.\n"
            "Count the calls, not the modules."
        )
    if (mixed := found(_Mixed)) != 4:
        raise Wrong(
            f"In a network that calls F.relu three times and one nn.ReLU, four run, and you find {mixed:g}.\n"
            "Which of them does your function overlook, or count twice?"
        )
    return "Functions and modules are counted when they run, one called twice as two, an idle one not."


@check
def check_08_keep_best(keep_best):
    """A function (model, optimizer, x, y) that trains and returns the best state dict."""
    function(keep_best, "keep_best")
    _judge_kept(keep_best, seed=4, lr=0.01)  # there, the loss rises once before it is at its smallest
    loss, step = _judge_kept(keep_best, seed=0, lr=0.05)
    return f"The smallest loss, {loss:.3f}, came at step {step} of 30, and you kept its weights."


def _judge_kept(keep_best, seed, lr):
    """Judge one run of ``keep_best`` beside one of our own; return the smallest loss, and its step."""
    x = torch.rand(40, 13, generator=torch.Generator().manual_seed(seed))
    y = x.sum(1, keepdim=True)

    def fresh():
        model = _named(dropout=0)
        return model, torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)

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
    found = keep_best(model, optimizer, x.clone(), y.clone())
    if found is None:
        raise Wrong("keep_best returned None. Did it never keep anything, or not hand it back?")
    if isinstance(found, nn.Module):
        raise Wrong("keep_best returned a model. Wanted are its weights, a state dict.")
    if not isinstance(found, dict) or found.keys() != states[0].keys():
        raise Wrong("keep_best must return a state dict of the model that it was given.")
    if not all(isinstance(value, torch.Tensor) for value in found.values()):
        raise Wrong("A state dict holds tensors: load_state_dict refuses anything else.")

    def same(state):
        return all(torch.allclose(found[name].double(), state[name].double(), atol=1e-4) for name in state)

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
        model.to(x.dtype).load_state_dict(found)
        raise Wrong(
            f"In 30 steps the smallest loss was {losses[best]:.3f}; the weights you return have "
            f"{F.mse_loss(model(x), y).item():.3f}.\nCompare the loss of each step with the smallest so far."
        )
    return losses[best], best + 1


@check
def check_08_averaging(my_guess, averaged):
    """Your guess of the RMSE in $1000s, such as 4.5."""
    guess = number(my_guess, "my_guess")
    torch.manual_seed(0)
    single, mean = (tensor(function(averaged, "averaged")(times), "its result", (None,)) for times in (1, 20))
    run, single = f"{mean.mean():.2f}", single.mean().item()
    error, mean = (mean.std() / len(mean) ** 0.5).item(), mean.mean().item()
    told = f"You guessed {guess:.2f}; the run gives {run} ± {error:.2f}. "
    if guess > 100:
        raise Wrong(told + "Is yours in dollars?\nmy_guess counts thousands of them.")
    if guess <= 0:
        raise Wrong("An RMSE is above 0.")
    if guess < 1:
        raise Wrong(told + "Is yours in scaled units?\nThe table above is in $1000s.")
    if guess > single + 0.3:
        raise Wrong(
            told + f"A single answer has {single:.2f}: you\nexpected the average to be worse than that. "
            "Can errors in all directions add up in a mean?"
        )
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
def check_08_load(load_and_predict):
    """A function (weights, x) that returns predictions (n, 1)."""
    function(load_and_predict, "load_and_predict")
    x = torch.rand(20, 13)

    def predicted(weights, x=x):
        answer = ask(load_and_predict, weights, x)
        wants_grad = getattr(answer, "requires_grad", False)
        return tensor(answer, "what load_and_predict returns", (len(x), 1)), wants_grad

    # Where the last weights are 0, dropout has no say: the prediction is the last bias.
    plain = {name: torch.zeros_like(value) for name, value in _Named().state_dict().items()}
    plain["fc3.bias"] += 7
    if not torch.allclose(predicted(plain)[0], torch.full((20, 1), 7.0, dtype=torch.float32), atol=1e-3):
        raise Wrong("The predictions do not come from the weights that were handed in.\nAre they loaded?")
    model = _Named().eval()
    (output, wants_grad), (again, _) = predicted(model.state_dict()), predicted(model.state_dict())
    if not torch.equal(output, again):
        raise Wrong(
            "Asked twice about the same houses, it gives different answers.\n"
            "The weights are right. Which thing is in no state dict?"
        )
    if not torch.allclose(output, model(x).float(), atol=1e-3):
        raise Wrong("Each time the same answers, but not those of these weights in eval mode.")
    if wants_grad:
        raise Wrong(
            "The predictions are right. But PyTorch has prepared for their gradients, which nobody needs.\n"
            "eval() does not switch that off. What does?"
        )
    if not torch.allclose(predicted(model.state_dict(), x[:3])[0], model(x[:3]).float(), atol=1e-3):
        raise Wrong("Right for 20 houses, but not for 3 of them. What depends on their number?")
    renamed, numbered = _Named().eval(), Regressor().eval()
    renamed.load_state_dict(dict(zip(renamed.state_dict(), numbered.state_dict().values())))
    if _accepts(load_and_predict, numbered.state_dict(), x, renamed):
        raise Wrong(
            "Right for weights that fit. But those of the numbered Regressor, with other names, go in,\n"
            "and predictions come from random numbers. Which argument silences the error?"
        )
    part = {name: value for name, value in model.state_dict().items() if name != "fc2.bias"}
    if _accepts(load_and_predict, part, x):
        raise Wrong(
            "Weights under other names are refused. But where fc2.bias is missing, random numbers take its\n"
            "place without a word. Let load_state_dict be strict about all names."
        )
    return "Right weights, right mode, no gradients, and weights under other names are refused."


def _accepts(load_and_predict, weights, x, renamed=None):
    """Tell whether weights that do not fit raise nothing, and predict other things than ``renamed``."""
    try:
        output = ask(load_and_predict, weights, x, untouched=False)
    except Exception:
        return False
    if output is None:
        raise Wrong(
            "Weights that do not fit give None, and whoever called it finds out much later.\n"
            "An exception says so at once. Which does load_state_dict raise by itself?"
        )
    if renamed is None:
        return True
    output = tensor(output, "what load_and_predict returns", (None, 1))
    return not torch.allclose(output, renamed(x).float(), atol=1e-3)


@check
def check_08_swapped(swapped):
    """A function (model, i, j) that returns a new model with two neurons exchanged."""
    function(swapped, "swapped")
    for i, j in ((4, 17), (49, 0)):
        _judge_swapped(swapped, i, j)
    return "Other numbers in other places, and the same prediction for every house."


def _judge_swapped(swapped, i, j):
    model = _named().eval()
    before, x = copy.deepcopy(model.state_dict()), torch.rand(20, 13)
    new = swapped(model, i, j)
    if any(not torch.equal(before[name], value) for name, value in model.state_dict().items()):
        raise Wrong("The model that was handed in has changed. Work on a copy of it.")
    if isinstance(new, dict):
        raise Wrong("That is a state dict. Load it into a new NamedRegressor, and return that.")
    after, order = module(new, "what swapped returns").state_dict(), list(range(50))
    if after.keys() != before.keys():
        raise Wrong("What swapped returns is no NamedRegressor: its state dict has other names.")

    def same(new, old):
        return torch.allclose(new.double(), old.double(), atol=1e-6)

    order[i], order[j] = j, i
    w = after["fc1.weight"]
    if same(w, before["fc1.weight"]):
        raise Wrong("The rows of fc1.weight stand as they did: no neuron has moved.")
    if same(w[i], w[j]):
        raise Wrong(
            f"Rows {i} and {j} of fc1.weight are now alike: one was written over before it was read.\n"
            "Take both rows out in one step, by a list of row numbers."
        )
    if not same(w, before["fc1.weight"][order]):
        raise Wrong(f"Not just rows {i} and {j} of fc1.weight have changed places.")
    if not same(after["fc1.bias"], before["fc1.bias"][order]):
        raise Wrong("The rows of fc1.weight are right. What else does a neuron of fc1 own?")
    if same(after["fc2.weight"], before["fc2.weight"]):
        raise Wrong(
            "fc1 is right, but fc2 still expects the two neurons in their old places.\n"
            "What stands in a column of fc2.weight?"
        )
    rows = list(range(30))
    if max(i, j) < 30:
        rows[i], rows[j] = j, i
    if same(after["fc2.weight"], before["fc2.weight"][rows]):
        raise Wrong(
            "fc1 is right. In fc2.weight you exchanged rows. A row is a neuron of fc2; what is a column?"
        )
    if same(after["fc2.weight"], before["fc2.weight"][:, order]) and not all(
        same(after[name], before[name]) for name in ("fc2.bias", "fc3.weight", "fc3.bias")
    ):
        raise Wrong("Both neurons have moved, rightly. But a tensor that they do not touch is another now.")
    if not same(after["fc2.weight"], before["fc2.weight"][:, order]):
        raise Wrong("fc1 is right, but the predictions have changed. Look at fc2.weight once more.")
    own = {value.data_ptr() for value in after.values()}
    if own & {value.data_ptr() for value in model.state_dict().values()}:
        raise Wrong("All is in its place. But the new model shares tensors with the old: it trains both.")
    dtype = after["fc1.weight"].dtype
    if not torch.allclose(new.eval()(x.to(dtype)).double(), model(x).double(), atol=1e-4):
        raise Wrong("The weights are right, but the predictions are others. Is it the same kind of network?")


@check
def check_08_freeze(freeze_first):
    """A function of a model that freezes fc1 and returns the model."""
    function(freeze_first, "freeze_first")
    model = _named(dropout=0)
    start = copy.deepcopy(model.state_dict())
    frozen = module(freeze_first(model), "what freeze_first returns")
    if frozen.state_dict().keys() != start.keys():
        raise Wrong("What freeze_first returns is another network. Freeze fc1, and return the model whole.")
    if not any(p.requires_grad for p in frozen.parameters()):
        raise Wrong("Nothing can learn any more: all layers are frozen. Freeze fc1 alone.")
    unchanged = (
        torch.allclose(value.double(), start[name].double()) for name, value in frozen.state_dict().items()
    )
    if not all(unchanged):
        raise Wrong("Before any step, the weights are others already. Freezing does not change them.")
    learning = {name for name, p in frozen.float().named_parameters() if p.requires_grad}
    start = copy.deepcopy(frozen.state_dict())
    # Weight decay moves whatever has a gradient, be it 0.
    optimizer = torch.optim.SGD(frozen.parameters(), lr=0.1, weight_decay=0.1)
    F.mse_loss(frozen(torch.rand(20, 13).float()), torch.ones(20, 1).float()).backward()
    still = {name for name, p in frozen.named_parameters() if p.grad is not None and not p.grad.any()}
    optimizer.step()
    moved = {name for name, value in frozen.state_dict().items() if not torch.equal(value, start[name])}
    first = {"fc1.weight", "fc1.bias"}
    if first <= moved:
        said = "After a step, fc1 has changed: it is not frozen. "
        fc1 = vars(frozen.fc1)
        if "requires_grad_" in fc1:
            raise Wrong(said + "requires_grad_ is a method.\nYou wrote over it; it wants to be called.")
        if "requires_grad" in fc1:
            raise Wrong(
                said + "A module has no requires_grad of its own;\n"
                "setting one makes a new attribute that nobody reads. What does the section call?"
            )
        if first <= still:
            raise Wrong(said + "Its gradient is 0,\nbut there is one, and weight decay moves the weights.")
        if other := start.keys() - learning - first:
            raise Wrong(said + f"Instead {sorted(other)[0]} is.\nWhich layer comes first?")
        if not frozen.fc1.training:
            raise Wrong(said + "Eval mode is for dropout and the like.\nGradients flow in it as ever.")
        raise Wrong(said + "Which of its tensors\nstill get a gradient? What does the section call?")
    if half := moved & first:
        raise Wrong(f"Half frozen: {half.pop()} still moves. A layer has two tensors.")
    if missing := start.keys() - moved - first:
        raise Wrong(f"fc1 is frozen, and so is {sorted(missing)[0]}, which should learn.")
    return "After a step fc1 is what it was, and the other layers have moved."
