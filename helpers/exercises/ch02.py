"""Checks of the exercises of chapter 2: gradient descent and backpropagation."""

from functools import cache

import torch
from torch import nn

from helpers.exercises._report import Wrong, check, number, recognise

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
