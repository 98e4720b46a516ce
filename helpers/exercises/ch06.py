"""Checks of chapter 6: optimizers."""

import numpy as np
import torch
from torch import nn

from helpers.exercises._report import Wrong, ask, check, function, number, recognise
from helpers.models import MLP


@check
def check_06_limit(my_rate):
    """The largest learning rate that still converges on 5 * (w - 3) ** 2."""
    rate = number(my_rate, "my_rate")
    if rate <= 0:
        raise Wrong("A learning rate is above 0.")
    # Each step multiplies the distance to the minimum by 1 - 10 * rate.
    factors = abs(1 - 10 * rate * 0.98), abs(1 - 10 * rate * 1.02)
    if factors[0] < 1 < factors[1]:
        return "A little less converges, a little more does not."
    typical = (
        (0.1, "With that one, a single step ends at the minimum. But a larger one converges too."),
        (0.4, "Nearly. The curvature is the second derivative: for 5 w² it is not 5."),
        (1.0, "That is the limit of (w - 3)², whose curvature is 2. This loss is five times as steep."),
        (5.0, "A steeper loss needs a smaller rate, not a larger one."),
        (10.0, "That is the curvature, rightly. How does the rule of the text make a rate of it?"),
    )
    recognise(rate, typical, atol=0.005)
    multiplied = f"Each step multiplies the distance by {abs(1 - 10 * rate):.2f}"
    if factors[1] < 1:
        raise Wrong(f"{multiplied}: it converges, but a larger rate would still do so.")
    raise Wrong(f"{multiplied}: it runs away. By how much is this loss more curved than that of the text?")


def _plain_sgd(*order, loss=nn.MSELoss):
    """A training loop of our own that makes its calls in ``order``."""

    def train(model, X, y, steps, lr):
        optimizer = torch.optim.SGD(model.parameters(), lr=lr)
        for _ in range(steps):
            error = loss()(model(X), y)
            for call in order:
                {"zero": optimizer.zero_grad, "backward": error.backward, "step": optimizer.step}[call]()

    return train


def _trained(train, steps, lr=0.1, hidden=()):
    """All parameters of a small network, one after the other, when ``train`` is through with it."""
    torch.manual_seed(0)
    model = MLP(2, hidden, 1)
    result = train(model, torch.randn(20, 2), torch.randn(20, 1), steps, lr)
    parameters = nn.utils.parameters_to_vector(model.parameters()).detach().double()
    return parameters, result


@check
def check_06_loop(my_train):
    """A function of (model, X, y, steps, lr) that trains the model in place."""
    my_train = function(my_train, "my_train")
    start, _ = _trained(_plain_sgd(), 0)
    (one, _), (three, result) = _trained(my_train, 1), _trained(my_train, 3)

    def is_after(order, steps=3, **options):
        return torch.allclose(three, _trained(_plain_sgd(*order, **options), steps)[0], atol=1e-5)

    if torch.equal(start, three):
        if isinstance(result, nn.Module):
            raise Wrong("The model that was handed in never moves. Do you train a copy of it?")
        raise Wrong("The weights never move: at each step the gradient is empty, or 0, or they don't get it.")
    right = ["zero", "backward", "step"]
    if torch.equal(one, three):
        raise Wrong("Asked for 1 step or for 3, it ends at the same place. How often does the loop go round?")
    if not is_after(right) and (taken := [steps for steps in (1, 2, 4, 6) if is_after(right, steps)]):
        raise Wrong(f"Asked for 3 steps, it takes {taken[0]}. How often does the loop go round?")
    if torch.equal(start, one):
        raise Wrong("The first of your steps does nothing. Which gradient could it follow?")
    if is_after(["backward", "step"]):
        raise Wrong("The first step is right, but each later one still carries the gradients before it.")
    if is_after(right, loss=nn.L1Loss):
        raise Wrong("It follows the mean absolute error. Here the loss is nn.MSELoss.")
    if not is_after(right):
        raise Wrong("The weights move, but not as plain SGD at the rate lr moves them, with nn.MSELoss.")
    mine, expected = (_trained(train, 2, lr=0.03)[0] for train in (my_train, _plain_sgd(*right)))
    if not torch.allclose(mine, expected, atol=1e-5):
        raise Wrong("Right for lr = 0.1. But at lr = 0.03 the steps are others: do you use the lr handed in?")
    mine, expected = (_trained(train, 2, hidden=(3,))[0] for train in (my_train, _plain_sgd(*right)))
    if not torch.allclose(mine, expected, atol=1e-5):
        raise Wrong("Right for a linear model. In one with a hidden layer, not all parameters are trained.")
    return "Each step follows the gradient of this step, and of no other."


@check
def check_06_adagrad(my_adagrad):
    """A function of (w, g, s, lr) that gives the new weights."""
    rule = function(my_adagrad, "my_adagrad")

    def new_weights(w, g, s, lr):
        new = rule(w.clone(), g.clone(), s, lr)  # it may work in place, as the optimizers of PyTorch do
        if new is None:
            raise Wrong("Your rule returns nothing. Hand back the new weights.")
        try:
            new = torch.as_tensor(new).detach().double().clone()  # s may go on changing what it holds
        except (TypeError, ValueError, RuntimeError):
            new = torch.zeros(0)
        if new.shape != g.shape:
            raise Wrong("The rule should return the new weights, a tensor of the shape of w.")
        return new

    def steps(*gradients, lr=0.1):
        w, s, taken = torch.full((len(gradients[0]),), 5.0).double(), {}, []
        for g in gradients:
            new = new_weights(w, torch.tensor(g).double(), s, lr)
            taken.append(((w - new) / lr).tolist())
            w = new
        return np.array(taken)

    def close(a, b):
        return np.allclose(a, b, atol=1e-4)

    (first,), (second,) = steps([1.0], [1.0])
    if close(5 - 0.1 * first, [-0.1]) or close(5 - 0.1 * first, [0.1]):
        raise Wrong("That is the step by itself. Wanted are the weights after it.")
    if not np.isfinite([first, second]).all() or first > 1e3:
        raise Wrong("The first step divides by nearly 0. v must hold this step's gradient before you divide.")
    if first < 0:
        raise Wrong("It walks uphill. What is the sign of the step?")
    if first > 1.5:
        raise Wrong("The first step is too long. Is v a running mean, as in RMSprop? Here it is a sum.")
    if close(first, second):
        raise Wrong(
            "The second step is as long as the first, though v should have grown. Does s remember it?"
        )
    if close(second, 1 / 2):
        raise Wrong("The second step is half the first. You divide by v, not by its root.")
    if close(second, 0.5 ** (1 / 3)):
        raise Wrong("A cube root is for MADGRAD. Here it is the square root.")
    if not close([first, second], [1, 0.5**0.5]):
        raise Wrong(f"For g = 1 twice, the steps are {first:.3f} and {second:.3f} times lr. Do them by hand.")
    if not close(steps([1.0]), 1):
        raise Wrong("A second walk, with an s that is empty, goes another way. Keep v in s, and only there.")
    for g in (3.0, -2.0):
        if not close(found := steps([g]).item(), np.sign(g)):
            raise Wrong(f"From g = {g:g} alone the step is {found:.3f} times lr. Which v belongs to it?")
    if not close(steps([1.0, 10.0]), 1):
        raise Wrong("Each weight should have a v of its own: the gradient of one must not slow another.")
    if not close(steps([0.0, 1.0]), [0, 1]):
        raise Wrong("Right, until a gradient is 0: then 0 is divided by 0. What is ε for?")
    if not close(steps([1.0], lr=0.5), 1):
        raise Wrong("Right for lr = 0.1, but not for 0.5. Do you use the lr that is handed in?")
    w, s = torch.tensor([-1.5, 1.0]).double(), {}
    p = nn.Parameter(w.clone())
    optimizer = torch.optim.Adagrad([p], lr=0.1)
    for t in range(50):
        p.grad = torch.tensor([1.0, -0.2]).double() * p.detach() + 0.1 * t
        w = new_weights(w, p.grad, s, 0.1)
        optimizer.step()
    if not torch.allclose(w, p.detach(), rtol=1e-4, atol=1e-4):
        raise Wrong("The first steps are right, but after fifty it is not where torch.optim.Adagrad is.")
    return "After fifty steps it is where torch.optim.Adagrad is."


@check
def check_06_step_size(my_step_size):
    """The step_size with which the last of 400 epochs runs at 1e-4."""
    step_size = number(my_step_size, "my_step_size")
    if step_size != int(step_size) or step_size < 1:
        raise Wrong("step_size counts epochs: a whole number of 1 or more.")
    falls = int(399 // step_size)  # the last of 400 epochs has the number 399
    last = f"1e-{1 + falls:02d}"
    if falls == 3:
        return f"The rate falls three times, and the last epoch runs at {last}."
    if falls == 0:
        raise Wrong("With that step_size the rate does not fall at all in 400 epochs.")
    if step_size == 30:
        raise Wrong(f"That is the recipe of the text: it ends at {last}.")
    if step_size <= 4:
        raise Wrong("step_size is not how often the rate falls, but after how many epochs it does.")
    raise Wrong(
        f"The last epoch runs at {last}: the rate falls too {'often' if falls > 3 else 'seldom'}. "
        "How many times must it, and how often does step_size go into 400?"
    )


@check
def check_06_warmup(my_factor):
    """A function of the epoch t that gives the factor for LambdaLR."""
    function(my_factor, "my_factor")
    factors = [number(my_factor(t), f"my_factor({t})") for t in range(101)]
    if abs(number(my_factor(2), "my_factor(2)") - factors[2]) > 1e-6:
        raise Wrong("Asked for epoch 2 once more, it gives another factor. It should depend on t alone.")
    if factors[0] == 0:
        raise Wrong("In epoch 0 the factor is 0: a whole epoch in which nothing is learned. Begin with 1/5.")
    if abs(max(factors) - 0.1) < 0.005:
        raise Wrong("These look like learning rates. LambdaLR multiplies the optimizer's rate by the factor.")
    if not np.allclose(factors[:5], [0.2, 0.4, 0.6, 0.8, 1.0], atol=1e-3):
        shown = ", ".join(f"{factor:.2f}" for factor in factors[:5])
        raise Wrong(f"The first five are {shown}. They should climb in equal steps from 1/5 to 1.")
    if abs(factors[100]) > 1e-4:
        raise Wrong(f"The climb is right. But in epoch 100 the factor is {factors[100]:.2g} instead of 0.")
    if factors[5] < 0.9:
        raise Wrong(f"From epoch 4 to epoch 5 there is a jump, from 1 to {factors[5]:.2g}.")

    def wave(start):
        return [(1 + np.cos(np.pi * (t - start) / (100 - start))) / 2 for t in range(5, 101)]

    if any(np.allclose(factors[5:], wave(start), atol=1e-3) for start in (4, 5)):
        return "It climbs for five epochs and comes down along half a wave, without a jump."
    if np.allclose(factors[5:], wave(0), atol=1e-3):
        raise Wrong("Both ends are right, but there is a jump after the climb. When does the wave begin?")
    if (end := 5 + np.argmin(factors[5:])) < 100:
        raise Wrong(f"The climb is right. But the way down is over in epoch {end}, not in 100.")
    raise Wrong("Both ends are right. In between it is not half a wave: use cosine from above.")


@check
def check_06_kappa(my_guess):
    """Your guess: how many times as many steps gradient descent needs as momentum, for κ = 10,000."""
    guess, kappa = number(my_guess, "my_guess"), 10_000
    curvature = np.geomspace(1, kappa, 20)

    def far(w):
        return np.linalg.norm(w) > 1e-6 * 20**0.5

    w, velocity, momentum_steps = np.ones(20), np.zeros(20), 0
    mu = ((kappa**0.5 - 1) / (kappa**0.5 + 1)) ** 2
    while far(w):
        velocity = mu * velocity + curvature * w
        w, momentum_steps = w - 4 / (kappa**0.5 + 1) ** 2 * velocity, momentum_steps + 1
    # A step multiplies each distance by its own factor, so that t steps need no loop.
    factor = 1 - 2 / (kappa + 1) * curvature
    sgd_steps = next(t for t in range(0, 200_000, 50) if not far(factor**t))
    ratio = sgd_steps / momentum_steps
    if 0.7 < guess / ratio < 1.6:
        return f"Near: about {sgd_steps:,} steps against {momentum_steps:,}, {ratio:.0f} times as many."
    if guess <= 0:
        raise Wrong("How many times as many is a number above 0, and above 1 if momentum is worth its while.")
    if guess < 1:
        raise Wrong("Below 1? That would be steps of momentum for each one of gradient descent.")
    typical = (
        (kappa, "That is κ itself. Momentum does not take it away: it replaces it by its root."),
        (1, "As many? Look at the last column of the table, and how it grows with κ."),
        (214, "Ten times the ratio of κ = 1,000? The ratio grows as the root of κ."),
    )
    recognise(guess, typical, rtol=0.05)
    if guess > 500:
        raise Wrong("Is that a number of steps? Wanted is how many times as many the one needs.")
    raise Wrong(f"Too {'low' if guess < ratio else 'high'}. Which column of the table does the ratio follow?")


@check
def check_06_report(my_report):
    """A function of (validation, test), errors (rates, M), that gives the error to report."""
    my_report = function(my_report, "my_report")
    draws = torch.Generator().manual_seed(0)

    def race(*skill, M=50):
        return [4 + torch.tensor(skill)[:, None] + torch.rand(len(skill), M, generator=draws) for _ in "vt"]

    def right(validation, test):
        return test.gather(0, validation.argmin(0)[None]).mean().item()

    def reported(*errors):
        return number(ask(my_report, *errors, untouched=False), "The error")

    validation, test = race(0.5, 0.1, 0.1, 0.6)
    value = reported(validation, test)
    typical = (
        (test.min(0).values.mean(), "The rates were chosen by looking at the test rows. What are the others for?"),
        (validation.min(0).values.mean(), "Chosen and reported on the same rows. The test rows have not been asked."),
        (test[validation.mean(1).argmin()].mean(), "Honest, but one rate for all: each network should take its own."),
        (test[test.mean(1).argmin()].mean(), "One rate for all, and chosen by looking at the test rows."),
        (right(test, validation), "The two halves have changed places."),
        (right(-validation, test), "Each network takes the rate that is worst on the validation rows."),
        (test.mean(), "That is the mean over all rates, good and bad. Which rate does each network take?"),
        (test.gather(0, validation.argmin(0)[None]).median(), "A median over the networks? The race reports the mean."),
    )  # fmt: skip
    recognise(value, typical, atol=1e-4)
    if abs(value - right(validation, test)) > 3e-3:
        raise Wrong("That is not the mean test error at each network's best rate. Which way does dim go?")
    other = race(0.0, 0.3, 0.1, 0.2, 0.1, M=7)
    if abs(reported(*other) - right(*other)) > 3e-3:
        raise Wrong("Right for 4 rates and 50 networks, but not for 5 and 7. Which size is written in?")
    # A rate at which all runs diverge, and one at which the fifth network's does.
    diverged = [errors.clone() for errors in (validation, test)]
    for errors in diverged:
        errors[3] = errors[1, 4] = torch.nan
    expected = right(diverged[0].nan_to_num(torch.inf), test)
    try:
        value = reported(*diverged)
    except Wrong:
        value = torch.inf
    without = [0, 2]  # the rates at which no run at all diverged
    if abs(value - right(validation[without], test[without])) < 1e-4:
        raise Wrong("A rate at which one network diverged is out for all. The others may still take it.")
    if abs(value - expected) > 3e-3:
        raise Wrong("Right, until a run diverges: argmin takes nan for the lowest. Make it infinity first.")
    return "Chosen on the validation rows, reported on the test rows, and no diverged run is chosen."
