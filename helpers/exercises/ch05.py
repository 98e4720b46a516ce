"""Checks of chapter 5: losses."""

import torch
from torch.nn import functional as F

from helpers.data import load_boston
from helpers.exercises._report import (
    Wrong,
    call,
    check,
    function,
    module,
    number,
    recognise,
    rounding,
    tensor,
)


@check
def check_05_costly_loss(my_loss):
    """A function of (y_hat, y) that gives the mean cost, a low guess costing three times its error."""
    function(my_loss, "my_loss")
    y_hat = torch.tensor([22.0, 20.0, 30.0, 40.0], requires_grad=True)
    y = torch.tensor([20.0, 24.0, 30.0, 45.0])
    _judge_costly(my_loss, y_hat, y)
    # Other rows, and another number of them.
    _judge_costly(my_loss, torch.randn(7, requires_grad=True), torch.randn(7))
    _judge_costly(my_loss, torch.tensor([1.0], requires_grad=True), torch.tensor([3.0]))
    return "A low guess costs three times as much as a high one, in the mean, and the loss has a gradient."


def _judge_costly(my_loss, y_hat, y):
    given, result = call(lambda y_hat, y: (y_hat, my_loss(y_hat, y)), y_hat, y)
    r = (y_hat - y).detach()
    if getattr(result, "shape", None) == y.shape and len(y) > 1:
        raise Wrong("This is one cost a row. A loss is one number: what does MAE do with the rows?")
    value = number(result, "The loss")
    cost = torch.where(r < 0, -3 * r, r)
    typical = (
        (torch.where(r < 0, -r, 3 * r).mean(), "The wrong side is dear. What is the sign of r if the guess is low?"),
        (cost.sum(), "This is the sum over the rows: it grows with their number. Take the mean."),
        (r.abs().mean(), "This is MAE: both sides cost the same. What tells a low guess from a high one?"),
        (3 * r.abs().mean(), "Now both sides cost three times the error. Only low guesses should."),
        (torch.where(r < 0, 3 * r**2, r**2).mean(), "Do you square? The cost grows with |r| itself."),
        (torch.where(r < 0, 3 * r, r).mean(), "Low guesses get a cost below 0, a reward. Mind the sign of r."),
        (-cost.mean(), "The size is right, the sign is not: a cost is above 0."),
    )  # fmt: skip
    if abs(value - cost.mean()) > 1e-3:
        recognise(value, typical, atol=1e-3)
        rows = f"y_hat = {[round(v, 2) for v in y_hat.tolist()]} and y = {[round(v, 2) for v in y.tolist()]}"
        raise Wrong(f"For {rows} it gives {value:.2f}. Do the {_count(len(y))} by hand.")
    slope = None
    if isinstance(result, torch.Tensor) and result.requires_grad:
        (slope,) = torch.autograd.grad(result, given, torch.ones_like(result), allow_unused=True)
    if slope is None:
        raise Wrong(
            "The number is right, but has no gradient: it cannot train. Stay with tensors to the end."
        )
    right = torch.where(r < 0, -3.0, 1.0) / len(y)
    # Where r is 0, there is a corner, and what autograd calls its slope is a convention.
    if not torch.allclose(slope.float()[r != 0], right[r != 0], atol=1e-4):
        raise Wrong(
            f"The number is right, but its slope for each guess is {[round(v, 2) for v in slope.tolist()]}, and should be\n"
            f"{[round(v, 2) for v in right.tolist()]}: is a part of it computed outside of the tensors?"
        )


def _count(rows):
    return {1: "one row", 4: "four rows"}.get(rows, f"{rows} rows")


@check
def check_05_costly_constant(my_guess):
    """Your guess: the share of prices below the best constant, from 0 to 1."""
    guess = number(my_guess, "my_guess")
    if not 0 <= guess <= 1:
        raise Wrong("A share is between 0 and 1: a quarter is 0.25.")
    price = torch.tensor(load_boston()["MEDV"].to_numpy())
    r = price[:, None] - price  # each price as the constant, against all
    best = price[torch.where(r < 0, -3 * r, r).mean(1).argmin()]
    share = (price < best).double().mean().item()
    if abs(guess - share) < 0.04 + 1e-6:
        return f"Near: among the 506 prices the best constant has a share of {share:.2f} below it."
    if abs(guess - 0.5) < 0.04:
        raise Wrong("That is the median, where both sides pull with the same force. Here they do not.")
    if abs(guess - (1 - share)) < 0.04:
        raise Wrong(
            "The force is right, the side is not: is the best constant higher or lower than the median?"
        )
    side = "low" if guess < share else "high"
    raise Wrong(
        f"Too {side}. The pulls balance: how many rows above the constant weigh as much as how many below?"
    )


@check
def check_05_letters(my_guess):
    """Your guess: the first loss of a network for 26 letters, to one decimal."""
    guess = number(my_guess, "my_guess")
    first = F.cross_entropy(torch.zeros(1, 26), torch.tensor([0])).item()
    far_off = (
        (26, "26 is the number of classes. The loss is minus the log of what each of them gets."),
        (1 / 26, "That is the probability of the right letter. The loss is minus its logarithm."),
        (0, "0 is the loss of a network that is right and sure. This one knows nothing yet."),
    )
    typical = (
        (-first, "The size is right. But minus log p is never below 0: the log of a number below 1 is."),
        (4.70, "That is the logarithm to base 2. PyTorch, and this book, take the natural one."),
        (1.41, "That is the logarithm to base 10. PyTorch, and this book, take the natural one."),
        (2.30, "That is the first loss of ten classes. Are more classes easier to guess, or harder?"),
    )  # fmt: skip
    if abs(guess - first) < 0.06:
        return f"26 equal logits have a cross-entropy of {first:.2f}."
    recognise(guess, far_off, atol=0.01)
    recognise(guess, typical, atol=0.06)
    side = "low" if guess < first else "high"
    raise Wrong(f"Too {side}. What probability does each of 26 letters get, and what is minus its log?")


@check
def check_05_cross_entropy(my_cross_entropy):
    """A function of logits (n, C) and labels (n,) that gives their cross-entropy."""
    my_cross_entropy = function(my_cross_entropy, "my_cross_entropy")
    z = torch.tensor([[2.0, 0.5, -1.0], [3.0, 0.2, 0.1], [1.0, 1.0, 1.0], [0.0, -2.0, 1.5]])
    y = torch.tensor([0, 2, 1, 2])
    result = call(my_cross_entropy, z, y)
    if isinstance(result, torch.Tensor) and result.numel() > 1:
        raise Wrong(f"This has shape {tuple(result.shape)}. A loss is one number: the mean over the rows.")
    value, right = number(result, "The loss"), F.cross_entropy(z, y)
    atol = 10 * rounding(result)
    across_rows = F.nll_loss(z.log_softmax(0), y)
    typical = (
        (across_rows / 3, "Two things: the probabilities of one row do not add up to 1, and it is too small."),
        (across_rows, "The probabilities of one row do not add up to 1. Which dimension is that of the classes?"),
        (right / 3, "The probabilities are right, but the loss is too small. By what is it divided?"),
        (right * 4, "This is the sum over the rows. Wanted is their mean."),
        (-right, "The size is right; the sign is not."),
    )  # fmt: skip
    recognise(value, typical, atol=1e-4)
    if abs(value - right) > atol:
        raise Wrong(f"For the four rows of the check it gives {value:.4f}, nn.CrossEntropyLoss {right:.4f}.")
    for n, C in ((6, 4), (3, 3), (1, 2)):
        z, y = torch.randn(n, C), torch.randint(C, (n,))
        value, right = number(call(my_cross_entropy, z, y), "The loss"), F.cross_entropy(z, y)
        if abs(value - right) > atol:
            raise Wrong(
                f"Right for 4 rows of 3 classes. For {n} of {C} it gives {value:.4f}, nn.CrossEntropyLoss {right:.4f}:\n"
                "which number in it belongs to the first example only?"
            )
    sure = call(my_cross_entropy, torch.tensor([[200.0, 0.0, 0.0]]), torch.tensor([1]))
    sure = number(sure, "The loss", finite=False)
    if not abs(sure - 200) < 0.01:
        raise Wrong(
            "Right for small logits. For (200, 0, 0) and label 1 the loss is 200, and yours says "
            f"{sure:g}: on the way something overflowed or became 0. Is there a function for log p itself?"
        )
    return "It agrees with nn.CrossEntropyLoss, even for a row that is surely wrong."


@check
def check_05_smoothing(my_floor):
    """The lowest loss that is possible with label smoothing, to two decimals."""
    floor = number(my_floor, "my_floor")
    t = torch.tensor([0.91] + [0.01] * 9)
    lowest = F.cross_entropy(t.log(), t).item()
    typical = (
        (0.00, "Out of reach: a p of 1 for one class leaves 0 for the others, where t is not 0."),
        (0.094, "That is the right class alone. The other nine take part in the loss too."),
        (0.105, "That is -log 0.9. The label keeps a little more, and the other classes count too."),
        (0.545, "Close. But the formula spreads ε over all ten classes, the right one included."),
        (0.325, "You seem to treat the other nine as one class. Each has a p of its own."),
        (0.05, "Divided by the number of classes? The mean is over rows only."),
        (-lowest, "The size is right. But the loss is never below 0: there is a minus in front of the logarithm."),
        (2.303, "That is a network that knows nothing. Which p has the lowest loss against t?"),
    )  # fmt: skip
    if abs(floor - lowest) < 0.006:
        return f"{lowest:.3f}: less than that no network can get, however good it is."
    recognise(floor, typical, atol=0.006)
    side = "low" if floor < lowest else "high"
    raise Wrong(
        f"Too {side}. The loss is lowest where p equals t: write t down, and let PyTorch compute that loss."
    )


@check
def check_05_threshold(my_threshold):
    """A function of (z, t, wanted) that gives the highest threshold that finds enough."""
    my_threshold = function(my_threshold, "my_threshold")
    # Logits of another size and place: a threshold is no probability.
    for rows, eights, scale, shift in ((1000, 100, 1, -2), (300, 40, 3, -1)):
        t = (torch.arange(rows) < eights).float()
        z = scale * (torch.randn(rows, generator=torch.Generator().manual_seed(0)) + 2 * t) + shift
        mixed = torch.randperm(rows)
        for wanted in (0.8, 0.95, 0.5):
            _judge_threshold(my_threshold, z[mixed], t[mixed], wanted)
    return "It finds as many as were asked for, and calls no more rows than it must."


def _judge_threshold(my_threshold, z, t, wanted):
    threshold = number(call(my_threshold, z, t, wanted), "The threshold")
    scores = z[t == 1]
    # One row more or less: at a quantile, > and >= may differ by a row.
    near = 1 / len(scores) + 0.001
    found = (scores > threshold).double().mean().item()
    if abs(found - wanted) < near:
        return
    if abs((scores.sigmoid() > threshold).double().mean() - wanted) < near:
        raise Wrong(
            f"{threshold:.3f} would be right for the probabilities. But z holds logits: which z belongs to it?"
        )
    said = f"For a recall of {wanted} it finds a share of {found:.2f} of the eights"
    if found < wanted:
        hint = "Count from the other end." if abs(found - (1 - wanted)) < 2 * near else "Lower it."
        raise Wrong(f"{said}. {hint}")
    alarms, needed = (z > threshold).sum(), (z >= scores.sort().values[-round(len(scores) * wanted)]).sum()
    raise Wrong(
        f"{said}, more than asked, and calls {alarms} rows where {needed} would do. Which rows decide what recall is?"
    )


@check
def check_05_shapes(my_model):
    """The trained model."""
    x = torch.rand(200, 3, generator=torch.Generator().manual_seed(1))
    y_hat = call(module(my_model, "my_model"), x)
    y_hat = tensor(
        y_hat.squeeze(-1) if y_hat.ndim == 2 else y_hat, "What my_model gives for 200 rows", (200,)
    )
    y = x.sum(dim=1)
    if y_hat.std() < 0.25 * y.std() and abs(y_hat.mean() - y.mean()) < 0.25:
        raise Wrong("my_model answers each row with nearly the mean. Print the shape of what is squared.")
    error = (y_hat - y).square().mean().sqrt()
    if error > 0.05:
        raise Wrong(
            f"my_model is off by {error:.2f}. Was it trained anew, and long enough, after the change?"
        )
    if not list(my_model.parameters()):
        raise Wrong(
            "my_model adds, but has no parameters: nothing in it was trained. Mend the loop of the cell."
        )
    return "Each prediction was compared with its own target, and each row gets its own answer."
