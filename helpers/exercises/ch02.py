"""Checks of the exercises of chapter 2: gradient descent and backpropagation."""

import math
from functools import cache
from typing import Any

import torch
from torch import nn

from helpers.exercises._report import Wrong, check, function, number, pair, recognise

# Of float32, whatever the default of the notebook was when it imported this.
POINTS = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]]).float()
AND = torch.tensor([0, 0, 0, 1]).float()


@check
def check_02_largest_rate(rate):
    """The largest learning rate for the inputs 0, 1, ..., 9."""
    rate = number(rate, "my_rate")
    if rate <= 0:
        raise Wrong("A learning rate is above 0.")
    A = torch.column_stack([torch.arange(10.0), torch.ones(10)]).double()
    small, large = torch.linalg.eigvalsh(2 / 10 * A.T @ A).tolist()
    ends = " and ".join(f"{'falls' if _falls(A, rate * k) else 'grows'} at {k} times" for k in (0.99, 1.01))
    ran = f"From your rate of {rate:.4g}, the loss {ends}."
    # What the exercise says, and no narrower: it falls just below, and grows just above.
    if _falls(A, rate * 0.99) and not _falls(A, rate * 1.01):
        return f"{ran}\nYou have found the border."
    typical = (
        (2 / 13.4031, "That is the border for five points. More points, further out: does the bowl get steeper or flatter?"),
        (2 / small, "That is 2 divided by the smaller curvature. Which of the two directions gives way first?"),
        (1 / large, "That is half of the border: 1 / λ for 2 / λ, or a 2/5 in H where there are more than five points?"),
        (large / 2, "That is the right number upside down."),
        (large, "That is the curvature. What has it to do with the largest rate?"),
        (2 / (large / 2 * 10), "The curvature lacks the factor 2/N, for the loss is a mean of N squares."),
    )  # fmt: skip
    recognise(rate, typical, rtol=0.01, before=f"{ran}\n")
    side = (
        "small: a larger one still converges" if rate < 2 / large else "large: the steep direction diverges"
    )
    raise Wrong(f"{ran}\nToo {side}. Compute the curvatures of H for these ten inputs.")


def _falls(A, rate):
    """Does gradient descent shrink the loss on the points of A, from w = b = 1 towards 0?"""
    error = torch.ones(2).double()
    first = (A @ error).square().mean()
    for _ in range(2000):
        error = error - rate * 2 / len(A) * A.T @ (A @ error)
    return bool((A @ error).square().mean() < first)


@check
def check_02_slope(slope):
    """A function of x, y, w, b, v and c that returns the slope of the loss along w."""
    function(slope, "my_slope")
    places = (2 * torch.rand(6, 6) - 1).double().tolist()
    answers = [number(slope(*place), "What my_slope returns") for place in places]
    recognise(answers, [(_slopes(places, **wrong), hint) for wrong, hint in SLIPS], rtol=1e-4, atol=1e-7)
    nudge = 1e-5
    for place, answer in zip(places, answers):
        x, y, w, b, v, c = place
        up, down = (_loss(x, y, w + move, b, v, c) for move in (nudge, -nudge))
        nudged = (up - down) / (2 * nudge)
        if not math.isclose(answer, nudged, rel_tol=1e-4, abs_tol=1e-6):
            x, y, w, b, v, c = (round(value, 2) for value in place)
            raise Wrong(
                f"At {x=}, {y=}, {w=}, {b=}, {v=}, {c=} nudging w gives {nudged:.4f}, your function {answer:.4f}.\n"
                "Go back from the loss: one factor for the square, one for v, one for tanh, one for x."
            )
    return "At six random places your slope and the one found by nudging agree."


def _loss(x, y, w, b, v, c):
    return (v * math.tanh(w * x + b) + c - y) ** 2


def _slopes(places, two=2.0, sign=1, along_x=True, through_v=True, tanh="1 - h²"):
    """The slopes along w, with one factor as it should be or as it is often taken."""
    slopes = []
    for x, y, w, b, v, c in places:
        z = w * x + b
        h = math.tanh(z)
        step = {"1 - h²": 1 - h**2, "none": 1.0, "1 - z²": 1 - z**2, "1 - h": 1 - h, "h": h}[tanh]
        slopes.append(sign * two * (v * h + c - y) * (v if through_v else 1) * step * (x if along_x else 1))
    return slopes


SLIPS = (
    ({"two": 1.0}, "It is half of the slope: the slope of a square brings a factor of 2."),
    ({"sign": -1}, "The sign is turned round: the slope of (ŷ − y)² along ŷ is 2 (ŷ − y)."),
    ({"along_x": False}, "That is the slope along b. A nudge of w moves z by x times as much."),
    ({"through_v": False}, "The factor v is missing: a nudge of h moves ŷ by v times as much."),
    ({"tanh": "none"}, "The step through tanh is missing: it multiplies by 1 - h**2."),
    ({"tanh": "1 - z²"}, "The slope of tanh is 1 - h**2 with h = tanh(z), what comes out; yours takes z, what goes in."),
    ({"tanh": "1 - h"}, "The slope of tanh is 1 - h**2; the square is missing."),
    ({"tanh": "h"}, "You multiply by h. A nudge of z moves h by 1 - h**2 times as much."),
)  # fmt: skip


@check
def check_02_sigmoid(value_class: Any, sigmoid):
    """A function that takes a Value and returns one: the sigmoid."""
    if not isinstance(value_class, type) or not all(hasattr(value_class(1.0), name) for name in NODE):
        raise Wrong("Hand the check the class Value of this chapter, and then your function.")
    function(sigmoid, "my_sigmoid")
    for place in (1.5, -2.0, 0.3, -0.7, 0.0):
        z = value_class(place)
        end = sigmoid(z)
        if not isinstance(end, value_class):
            raise Wrong(
                f"my_sigmoid must return a Value, such as Value(s, ...); this is a {type(end).__name__}."
            )
        s = 1 / (1 + math.exp(-place))
        value: Any = end
        given = number(value.data, "The data of what my_sigmoid returns")
        mistakes = [(math.tanh(place), "That is tanh."), (1 / (1 + math.exp(place)), "That is 1 / (1 + e^z): the minus in the exponent is missing.")]  # fmt: skip
        if not math.isclose(given, s, rel_tol=1e-6):
            recognise(given, mistakes, rtol=1e-6)
            raise Wrong(f"The sigmoid of {place} is {s:.4f}; your function gives {given:.4f}.")
        try:
            slope = _way_back(end, z)
        except (TypeError, AttributeError):
            raise Wrong("parents and slopes are tuples, with a comma even for a single one: (a,)") from None
        if slope is None:
            raise Wrong("Your Value does not know what it was made of: hand it the parents, (a,).")
        if not math.isclose(slope, s * (1 - s), rel_tol=1e-6):
            mistakes = [
                (0.0, "Your Value passes nothing back: hand it the slopes, too."),
                (1.0, "The slope that your Value wrote down is 1: what is it at this place?"),
                (place * (1 - place), "The slope is s (1 - s) with s, what comes out; yours takes what goes in."),
                (1 - s**2, "That is the slope that tanh has: 1 - s². Here it is s (1 - s)."),
                (s, "The slope is s (1 - s); yours is s."),
                (1 - s, "The slope is s (1 - s); yours is 1 - s."),
                (-s * (1 - s), "The sign of the slope is turned round: the sigmoid always climbs."),
            ]  # fmt: skip
            recognise(slope, mistakes, rtol=1e-6)
            raise Wrong(f"At {place} the slope is {s * (1 - s):.4f}; yours comes out as {slope:.4f}.")
    return "Values and slopes are right at five places: the engine knows one more operation."


NODE = ("data", "grad", "_parents", "_slopes")


class _Node:
    """What `backward` needs of a value, and no more."""

    def __init__(self, *made_of):
        self.data, self.grad, self._op, self.label = 0.0, 0.0, "", ""
        self._parents = tuple(parent for parent, _ in made_of)
        self._slopes = tuple(slope for _, slope in made_of)


def _slopes_back(end):
    """The slope of ``end`` along each value that it was made of, a dict of id -> slope."""
    order, seen = [], set()

    def visit(value):
        if id(value) not in seen:
            seen.add(id(value))
            for parent in value._parents:
                visit(parent)
            order.append(value)

    visit(end)
    slopes = {id(value): 0.0 for value in order} | {id(end): 1.0}
    for value in reversed(order):
        if len(value._parents) != len(value._slopes):
            if not value._slopes:
                continue
            raise TypeError("as many slopes as parents")
        for parent, slope in zip(value._parents, value._slopes):
            slopes[id(parent)] += slopes[id(value)] * float(slope)
    return slopes


def _way_back(end, start):
    return _slopes_back(end).get(id(start))


def _graphs():
    """Small computations, each with what it is and its end."""
    a, b = _Node(), _Node()
    product = _Node((a, 3.0), (b, 2.0))
    yield "a chain, in which each value is used once", _Node((_Node((product, 0.5)), -2.0))
    a = _Node()
    yield "a * a, in which a value is used twice at once", _Node((a, 3.0), (a, 3.0))
    a, b = _Node(), _Node()
    yield "a * b + a, in which a is used at two places", _Node((_Node((a, -3.0), (b, 2.0)), 1.0), (a, 1.0))
    a = _Node()
    u = _Node((a, 2.0))
    v = _Node((u, 3.0), (a, 1.0))
    yield (
        "a computation in which a value waits for a share that comes by a longer way",
        _Node((u, 5.0), (v, 7.0)),
    )


@check
def check_02_backward(backward):
    """A function that takes the end of a computation and sets the grad of each value."""
    function(backward, "my_backward")
    right = []
    for what, end in _graphs():
        wanted = _slopes_back(end)
        values, found = [end], []
        for value in values:
            values += [parent for parent in value._parents if parent not in values]
        backward(end)
        found = [number(value.grad, "A grad after my_backward") for value in values]
        if end.grad != 1:
            raise Wrong(f"The grad of the end is {end.grad}: how much does the end move per nudge of itself?")
        if not any(found[1:]):
            raise Wrong("Every grad but that of the end is still 0: nothing was passed back.")
        if not all(math.isclose(grad, wanted[id(value)], abs_tol=1e-9) for value, grad in zip(values, found)):
            before = f"Right for {right[0]}. " if right else ""
            raise Wrong(
                f"{before}Wrong for {what}:\n"
                f"the slopes are {[wanted[id(value)] for value in values]}, from the end back; yours are {found}.\n"
                "Multiply along a way, add over the ways; and pass on only what is complete."
            )
        right.append(what)
    return f"Right for {len(right)} computations, those too in which a value is used more than once."


@check
def check_02_loop(descend):
    """A function of x and y that returns w and the losses."""
    function(descend, "my_descent")
    x = torch.tensor([1.0, 2.0, -1.5, 0.5])
    y = 3 * x + torch.tensor([0.1, -0.2, 0.1, 0.0])
    w, losses = pair(descend(x, y), "my_descent must return two things: w and the losses.")
    best = (x * y).sum().item() / (x * x).sum().item()
    reached = number(w, "w")
    losses = list(losses)
    if len(losses) < 2:
        raise Wrong("The losses must be a list of all the losses on the way.")
    carrying = any(getattr(L, "requires_grad", False) for L in losses)
    values = [number(L, "A loss") for L in losses]
    arrived = abs(reached - best) < 0.01
    if not arrived:
        if abs(reached) < 1e-6:
            raise Wrong("w is still 0: no step was taken, or it was taken with a slope of zero.")
        also = "\n(And the losses still carry their graphs.)" if carrying else ""
        raise Wrong(
            f"w should come to {best:.3f} and ended at {reached:.3f}. Which slopes does each step follow: only its own?{also}"
        )
    if carrying:
        raise Wrong(
            "w is right. But the losses still carry the graphs they were made by: keep the numbers alone."
        )
    if values[-1] >= values[0] or abs(values[0] - (y * y).mean().item()) > 0.01 * values[0]:
        raise Wrong(
            "w is right, but these are not the losses on the way from w = 0: one is added in each step."
        )
    return (
        f"w came to {reached:.3f}, the least-squares slope, and the losses are numbers that remember nothing."
    )


@cache
def _share_of_and(networks=500):
    """The share of networks 2-2-1 with ReLU, trained as in the chapter, that solve AND."""
    starts = []
    for seed in range(networks):
        torch.manual_seed(seed)
        starts.append([*nn.Linear(2, 2).parameters(), *nn.Linear(2, 1).parameters()])
    parameters = [torch.stack(same).detach().requires_grad_() for same in zip(*starts)]
    W1, b1, W2, b2 = parameters
    optimizer = torch.optim.Adam(parameters, lr=0.1)
    for _ in range(150):
        h = (POINTS @ W1.mT + b1.unsqueeze(1)).relu()
        outputs = (h @ W2.mT + b2.unsqueeze(1)).squeeze(2)
        optimizer.zero_grad()
        # The sum over networks: none of them feels the others.
        (outputs - AND).square().mean(dim=1).sum().backward()
        optimizer.step()
    return ((outputs > 0.5) == (AND > 0.5)).all(dim=1).float().mean().item()


@check
def check_02_relu_and(guess):
    """Your guess, a share from 0 to 1."""
    guess = number(guess, "my_guess")
    if not 0 <= guess <= 1:
        raise Wrong("A share lies between 0 and 1: 60 of 100 networks are 0.6.")
    share = _share_of_and()
    said = f"You said {guess:.2f}; of 500 networks, {share:.2f} solve AND."
    if abs(guess - share) < 0.1 + 1e-6:
        return f"Near. {said}\nWhere both hidden neurons are off, all that is left is the last bias."
    if guess > 0.95:
        why = "One neuron learns AND every time. Can two hidden ones be worse? What if both are off at all points?"
    elif guess < 0.3:
        why = "AND is easier than XOR: one bend is enough, or none. So how many networks have nothing left to bend?"
    else:
        why = "Look at the table of how networks end: which of its rows can still do AND?"
    raise Wrong(f"{said}\n{why}")
