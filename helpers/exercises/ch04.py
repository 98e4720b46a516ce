"""Checks of the exercises of chapter 4: activations."""

import math
from functools import cache

import torch
from torch import nn
from torch.nn import functional as F

from helpers.data import load_boston, split_and_scale
from helpers.exercises._report import (
    Wrong,
    call,
    check,
    function,
    number,
    pointwise,
    recognise,
    rounding,
    tensor,
)
from helpers.models import MLP


@check
def check_04_fold(fold):
    """A function of two linear layers that returns one linear layer in their place."""
    function(fold, "my_fold")
    torch.manual_seed(0)
    for widths in ((4, 5, 3), (3, 3, 3), (2, 7, 1)):
        _judge_fold(fold, *(nn.Linear(a, b) for a, b in zip(widths, widths[1:])))
    return "One layer gives what the two gave, on any rows."


def _judge_fold(fold, first, second):
    one = call(fold, first, second)
    if not isinstance(one, nn.Linear):
        raise Wrong(f"my_fold must return one nn.Linear; it returns {type(one).__name__}.")
    if (one.in_features, one.out_features) != (first.in_features, second.out_features):
        raise Wrong(
            f"From {_name(first)} and {_name(second)} you made {_name(one)}.\n"
            "How many numbers go into the pair, and how many come out?"
        )
    W1, b1, W2, b2 = (p.detach() for p in (*first.parameters(), *second.parameters()))
    W, b = W2 @ W1, W2 @ b1 + b2
    weight = tensor(one.weight, "The weight of your layer", W.shape)
    if not torch.allclose(weight, W, atol=1e-5):
        raise Wrong(
            "The weights differ. Put h = W1 x + b1 into W2 h + b2: in which order do the matrices stand?"
        )
    if one.bias is not None:
        bias = tensor(one.bias, "The bias of your layer", b.shape)
        if torch.allclose(bias, b, atol=1e-5):
            return
        typical = (
            (b2, "You kept the second layer's bias. But the first layer's comes through too, by way of W2."),
            (W2 @ b1, "The first layer's bias comes through W2, rightly; now the second layer's is missing."),
        )  # fmt: skip
        recognise(bias, typical, atol=1e-5, before="The weights are right. ")
    raise Wrong("The weights are right, the bias is not. What comes out of the pair for x = 0?")


def _name(layer):
    return f"nn.Linear({layer.in_features}, {layer.out_features})"


@check
def check_04_softplus(f, slope):
    """The function log(1 + e^x), and its slope."""
    function(f, "my_softplus"), function(slope, "my_slope")
    x = torch.linspace(-6, 6, 49)
    value, steep = (
        tensor(pointwise(g, x), name, (49,)) for g, name in ((f, "my_softplus(x)"), (slope, "my_slope(x)"))
    )
    if torch.allclose(value, -F.softplus(x), atol=1e-4):
        raise Wrong("The sign of my_softplus is turned: log(1 + e^x) is above 0 everywhere.")
    if not torch.allclose(value, F.softplus(x), atol=1e-4):
        raise Wrong(
            f"my_softplus(0) is {value[24]:.4f}. By the formula it is log(1 + 1) there, which is 0.6931."
        )
    far = torch.tensor([-20.0, 100.0])
    low, high = tensor(pointwise(f, far), "my_softplus(x)", (2,), finite=False).tolist()
    if math.isfinite(high) and abs(high - 100) > 1e-3:
        raise Wrong(
            f"Right in the middle, but my_softplus(100) is {high:g}. What is log(1 + e^x), nearly, where e^x is large?"
        )
    if not abs(high - 100) < 1e-3:
        raise Wrong(
            f"Right in the middle, but my_softplus(100) is {high:g}. e is raised to a large number somewhere."
        )
    if not abs(low / 2.0612e-9 - 1) < 1e-3:
        raise Wrong(
            f"my_softplus(-20) is {low:.3g}, and should be 2.06e-09: 1 + e^-20 is rounded to 1 before the logarithm\n"
            "is taken. Which function of torch did the chapter use for log(1 + ...)?"
        )
    s = torch.sigmoid(x)
    typical = (
        (s * (1 - s), "That is the slope of the sigmoid, one derivative too far."),
        (1 - s, "It falls where the function gets steeper: is a sign turned?"),
    )
    recognise(steep, typical, atol=1e-4, before="my_softplus is right, also far out. my_slope is not. ")
    # A ReLU inside, or |x|, has a corner at 0. What autograd calls the slope there is a convention.
    if 0 <= steep[24] <= 1:
        steep[24] = s[24]
    if not torch.allclose(steep, s, atol=1e-4):
        raise Wrong(
            "my_softplus is right, also far out. my_slope is not: the derivative of log(u) is u' / u."
        )
    low, high = tensor(pointwise(slope, far), "my_slope(x)", (2,), finite=False).tolist()
    if math.isnan(high):
        raise Wrong(
            "my_slope(100) is nan: infinity over infinity. Write it so that e is raised to a number below 0."
        )
    for at, found in ((100, high), (-20, low)):
        if not abs(found - torch.sigmoid(torch.tensor(float(at)))) < 1e-6:
            raise Wrong(
                f"Right in the middle, but my_slope({at}) is {found:g}. Is it not {at > 0:d}, nearly?"
            )
    others = torch.rand(13) * 20 - 10
    for g, right, name in ((f, F.softplus(others), "my_softplus"), (slope, others.sigmoid(), "my_slope")):
        if not torch.allclose(tensor(pointwise(g, others), f"{name}(x)", (13,)), right, atol=1e-4):
            raise Wrong(f"{name} is right at some points and not at others: compute it from x, for any x.")
    return "Value and slope are right, at -20 and at 100 too. The slope is one you have met: its name is sigmoid."


@check
def check_04_hat(hat):
    """A function of x that is a hat with a flat top."""
    x = torch.linspace(-1, 5, 61)
    y = pointwise(function(hat, "my_hat"), x)
    atol = 10 * rounding(y)
    y, right = tensor(y, "my_hat(x)", (61,)), _hat(x)
    wrong = (y - right).abs() > atol
    if not wrong.any():
        others = torch.rand(99) * 30 - 12
        y = tensor(pointwise(hat, others), "my_hat(x)", (99,))
        if not torch.allclose(y, _hat(others), atol=atol):
            raise Wrong(
                "Right from x = -1 to 5, in steps of a tenth, but not between or beyond. Is it the same for any x?"
            )
        return "Up, along the top, down, and flat again: four units, four bends."
    said = (
        f"Right up to x = {x[wrong.nonzero()[0]].item() - 0.1:.1f}."
        if not wrong[0]
        else "Wrong from the left end on."
    )
    end = (y[-1] - y[-2]).item() * 10
    if torch.allclose(y, x.relu(), atol=1e-4) or end > 0.5:
        hint = "From there it goes on rising. What did the second ReLU do in the bump of this section?"
    elif torch.allclose(y, right.where(x < 2, torch.ones(())), atol=1e-4):
        hint = "The top is there, but nothing brings it down again."
    elif end < -0.5:
        hint = "It comes down and goes on falling. One more bend has to stop it."
    elif torch.allclose(y, (1 - (x - 1).abs()).relu(), atol=1e-4):
        hint = "That is the pointed bump. A flat top has two corners: where are they?"
    else:
        hint = "Say for each of the four corners by how much the slope changes there: that is the factor of its ReLU."
    raise Wrong(f"{said} {hint}")


def _hat(x):
    return x.clamp(0, 1) - (x - 2).clamp(0, 1)


@check
def check_04_softmax(softmax):
    """A function of logits (rows, classes) that gives probabilities."""
    function(softmax, "my_softmax")
    torch.manual_seed(0)
    # As many rows as classes: a forgotten keepdim then raises no error, as in a batch of unlucky size.
    z = torch.randn(3, 3)
    p = call(softmax, z)
    atol = rounding(p)
    p = tensor(p, "my_softmax(z)", (3, 3))
    if not torch.allclose(p, F.softmax(z, dim=1), atol=atol):
        sums = f"The rows add up to {[round(value, 2) for value in p.sum(dim=1).tolist()]}"
        if (p < 0).any():
            raise Wrong(f"{sums}, and some are below 0: are these logarithms?")
        if torch.allclose(p.sum(dim=1), torch.ones(3), atol=0.005):
            raise Wrong(
                "The rows add up to 1, but the shares in them are not right. The share of one class is to that of another\n"
                "as e to their logits: is the same taken away from all logits of a row, and e raised to what is left?"
            )
        if torch.allclose(p.sum(dim=0), torch.ones(3), atol=1e-4):
            raise Wrong(
                f"{sums}, the columns to 1: the rows compete with one another. Which dimension holds the classes?"
            )
        if torch.allclose(p, z.exp() / z.exp().sum(dim=1), atol=1e-4):
            raise Wrong(
                f"{sums}. The sums are taken over the classes, but each is then used for a column:\n"
                "as a list they are spread out the wrong way. How do you keep them a column?"
            )
        raise Wrong(f"{sums}. Each should add up to 1.")
    for shape in ((5, 3), (2, 7), (1, 4)):
        z = torch.randn(shape)
        if not torch.allclose(tensor(call(softmax, z), "my_softmax(z)", shape), z.softmax(1), atol=atol):
            raise Wrong(
                f"Right for 3 rows of 3 logits, but not for {shape[0]} of {shape[1]}: what is taken for fixed?"
            )
    large = torch.tensor([[1000.0, 999.0, 998.0], [0.0, 1.0, 2.0], [-1000.0, -1001.0, -999.0]])
    p = tensor(call(softmax, large), "my_softmax(z)", (3, 3), finite=False)
    if torch.allclose(p, F.softmax(large, dim=1), atol=atol):
        wide = torch.tensor([[1000.0, 0.0, -1000.0], [0.0, 200.0, 0.0]])
        p = tensor(call(softmax, wide), "my_softmax(z)", (2, 3), finite=False)
        if not torch.allclose(p, wide.softmax(1), atol=atol):
            raise Wrong(
                "Right where a row's logits are close together. For 1000, 0 and -1000 some exponential still overflows:\n"
                "which of a row's logits must you subtract, so that none is above 0?"
            )
        return "Each row adds up to 1, for logits of 1000 as well."
    if not p[0].isnan().any() and not torch.allclose(p[0], large[0].softmax(0), atol=atol):
        raise Wrong(
            f"Right for small logits. For 1000, 999 and 998 it gives {[round(v, 2) for v in p[0].tolist()]}; it should be as\n"
            "for 2, 1 and 0. What may you add to all logits of a row without changing the result?"
        )
    if p[0].isnan().any():
        raise Wrong(
            "Right for small logits. For 1000, 999 and 998 it gives nan: what may you add to all logits of a row?"
        )
    raise Wrong(
        "Right, unless the rows are far apart: then all of a row's exponentials are rounded to 0.\n"
        "Each row needs its own largest logit, not that of the whole batch."
    )


@cache
def _house():
    return split_and_scale(load_boston()).X_train


def _factor(n_var, networks=20, depth=10, width=50):
    """The share of the gradient that a step back through a sigmoid layer keeps, starting with n Var(w)."""
    torch.manual_seed(0)
    h, zs = _house()[:50].expand(networks, -1, -1), []
    for units in [width] * depth + [1]:
        n = h.shape[-1]
        z = (h @ (torch.randn(networks, n, units) * (n_var / n) ** 0.5)).requires_grad_()
        z.retain_grad()
        zs.append(z)
        h = torch.sigmoid(z)
    zs[-1].sum().backward()
    first, last = (z.grad.square().mean(dim=(1, 2)).sqrt() for z in (zs[0], zs[-2]))
    return ((first / last) ** (1 / (depth - 1))).mean().item()


@check
def check_04_sigmoid_start(n_var):
    """A number for n Var(w)."""
    n_var = number(n_var, "my_n_var")
    if n_var <= 0:
        raise Wrong("A variance is above 0.")
    factor = _factor(n_var)
    said = (
        f"With n Var(w) = {n_var:g}, a step back through a sigmoid layer keeps {factor:.2f} of the gradient."
    )
    if 0.9 <= factor <= 1.1:
        return f"{said}\nTen layers down there is still a gradient. But look at the slopes: most units are far out on the flat."
    if not factor <= 1.1:  # nor is it nan
        raise Wrong(f"{said}\nNow it grows, layer by layer. A smaller number.")
    if n_var in (1, 2):
        name = {1: "Xavier", 2: "Kaiming"}[n_var]
        raise Wrong(f"{said}\nThat is {name}'s choice, made for steeper functions.")
    if abs(n_var - 16) < 0.1:
        raise Wrong(
            f"{said}\nThat would be it if the slope were one quarter everywhere. With weights this large, z is no longer\n"
            "near 0, and the slope is smaller there. So go further."
        )
    raise Wrong(f"{said}\nStill too little comes through: larger weights.")


@check
def check_04_learned_slope(activation):
    """A class: a leaky ReLU that learns its slope."""
    if isinstance(activation, nn.Module):
        raise Wrong("Hand over the class itself, without brackets: it is made anew for each layer.")
    if not isinstance(activation, type) or not issubclass(activation, nn.Module):
        raise Wrong(
            f"my_activation must be a class built on nn.Module; this is of type {type(activation).__name__}."
        )
    layer, x = activation(), torch.tensor([-2.0, 3.0])
    y = tensor(call(layer, x.unsqueeze(0)), "The output for a row (-2, 3)", (1, 2))[0]
    shown = f"For -2 and 3 it gives {y[0]:g} and {y[1]:g}"
    if torch.allclose(y, torch.tensor([-2.0, 0.75])):
        raise Wrong(f"{shown}: the slope of 0.25 is on the right side of 0, and belongs on the left.")
    if not torch.allclose(y, torch.tensor([-0.5, 3.0])):
        raise Wrong(f"{shown}; to begin with, with a slope of 0.25 on the left, it should be -0.5 and 3.")
    parameters = list(layer.parameters())
    if not parameters:
        raise Wrong(f"{shown}, as it should. But it has no parameters: no optimizer will ever see the slope.")
    if (y := call(layer, x)).requires_grad:
        y.sum().backward()
    learned = [p for p in parameters if p.grad is not None and p.grad.any()]
    if not learned:
        raise Wrong(
            "The slope is a parameter, but no gradient reaches it. Is it turned into a plain number on the way?"
        )
    if sum(p.numel() for p in parameters) > 1:
        raise Wrong("It learns more than one number. One slope was asked for.")
    if any(p is q for p in parameters for q in activation().parameters()):
        raise Wrong(
            "Two layers made of this class share one slope. Make the parameter in __init__, anew for each."
        )
    gradient = learned[0].grad.item()  # type: ignore[union-attr]
    # A table of numbers, some of them 0; and again after a step of training.
    x = torch.tensor([[-3.0, -0.5, 0.0], [0.25, 1.0, 40.0]])
    for slope in (0.25, None):
        y = tensor(call(layer, x), "The output for two rows of three", (2, 3))
        slope = slope or y[0, 0].item() / -3
        if not torch.allclose(y, torch.where(x > 0, x, slope * x), atol=1e-5):
            raise Wrong(
                f"{shown}, as it should. But for {x.tolist()}\nit gives {y.tolist()}: left of 0 the slope, right of 0 always 1."
            )
        with torch.no_grad():
            learned[0].sub_(0.02 * learned[0].grad)  # type: ignore[operator]
    if abs(slope - 0.25) < 1e-4:
        raise Wrong(
            "The slope gets a gradient, but after a step of training it is the same. What sets it back?"
        )
    return f"{shown}, and the slope learns: its gradient here is {gradient:g}."


@cache
def _dead_before_training(factor, networks=100):
    """The share of hidden units 13-50-30-1 that are off for all training rows times ``factor``."""
    dead = []
    for seed in range(networks):
        torch.manual_seed(seed)
        h = factor * _house()
        with torch.no_grad():
            for layer in MLP(13, (50, 30), 1):
                h = layer(h)
                if isinstance(layer, nn.ReLU):
                    dead.append((h == 0).all(dim=0))
    return torch.cat(dead).float().mean().item()


@check
def check_04_small_inputs(guess):
    """Your guess, a share from 0 to 1."""
    guess = number(guess, "my_guess")
    if not 0 <= guess <= 1:
        raise Wrong("A share lies between 0 and 1: 17 of 100 units are 0.17.")
    usual, small = _dead_before_training(1), _dead_before_training(0.1)
    said = f"Dead before training, on one split: {usual:.2f} as usual, {small:.2f} with inputs a tenth as large. You said {guess:.2f}."
    if abs(guess - small) < 0.08 + 1e-6:
        return f"Near. {said}\nWhere the inputs are tiny, the bias decides for all rows alike, and half of the biases are below 0."
    if abs(guess - usual) <= 0.04:
        hint = "Without the bias you would be right: a factor changes no sign. But the bias was not divided by ten."
    elif guess < small:
        hint = "When the inputs shrink, what is left of a unit's sum? And is that the same for every row?"
    else:
        hint = "Too many: a unit with a bias above 0 stays on. How many of the biases are below 0?"
    raise Wrong(f"{said}\n{hint}")
