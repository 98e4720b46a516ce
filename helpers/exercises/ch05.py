"""Checks of chapter 5: optimizers."""

import numpy as np
import torch
from torch import nn

from helpers.exercises._report import Wrong, check, function, number, recognise, tensor


@check
def check_05_limit(my_rate):
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
    )
    recognise(rate, typical, atol=0.005)
    multiplied = f"Each step multiplies the distance by {abs(1 - 10 * rate):.2f}"
    if factors[1] < 1:
        raise Wrong(f"{multiplied}: it converges, but a larger rate would still do so.")
    raise Wrong(f"{multiplied}: it runs away. By how much is this loss more curved than that of the text?")


def _weights_after(steps, order):
    """Weights of a small linear model after so many rounds of ``order``, by a loop of our own."""
    model, X, y = _small_task()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(steps):
        loss = nn.MSELoss()(model(X), y)
        for call in order:
            {"zero": optimizer.zero_grad, "backward": loss.backward, "step": optimizer.step}[call]()
    return model.weight.detach().clone()


def _small_task():
    torch.manual_seed(0)
    return nn.Linear(2, 1), torch.randn(20, 2), torch.randn(20, 1)


@check
def check_05_loop(my_train):
    """A function of (model, X, y, steps, lr) that trains the model in place."""
    my_train, found = function(my_train, "my_train"), {}
    for steps in (0, 1, 3):
        model, X, y = _small_task()
        my_train(model, X, y, steps, 0.1)
        found[steps] = model.weight.detach().clone()
    if torch.equal(found[0], found[3]):
        raise Wrong("The weights never move: whenever step() is called, the gradient is empty, or 0.")
    if torch.equal(found[0], found[1]):
        raise Wrong("The first of your steps does nothing. Which gradient could it follow?")
    if torch.allclose(found[3], _weights_after(3, ["backward", "step"])):
        raise Wrong("The first step is right, but each later one still carries the gradients before it.")
    if not torch.allclose(found[3], _weights_after(3, ["zero", "backward", "step"])):
        raise Wrong("The weights move, but not as plain SGD at the rate lr moves them, with nn.MSELoss.")
    return "Each step follows the gradient of this step, and of no other."


@check
def check_05_adagrad(my_adagrad):
    """A function of (w, g, s, lr) that gives the new weights."""
    rule = function(my_adagrad, "my_adagrad")

    def steps(g, count, lr=0.1):
        w, s, taken = torch.zeros_like(g), {}, []
        for _ in range(count):
            # An update in place changes the very w it is given, and is as good.
            new = rule(w.clone(), g.clone(), s, lr)
            if getattr(new, "shape", None) != g.shape:
                raise Wrong("The rule should return the new weights, a tensor of the shape of w.")
            taken.append(((w - new) / lr).tolist())
            w = new
        return np.array(taken)

    first, second = steps(torch.ones(1, dtype=torch.float64), 2)[:, 0]
    if not np.isfinite([first, second]).all() or first > 1e3:
        raise Wrong("The first step divides by nearly 0. v must hold this step's gradient before you divide.")
    if first < 0:
        raise Wrong("It walks uphill. What is the sign of the step?")
    if first > 1.5:
        raise Wrong("The first step is too long. Is v a running mean, as in RMSprop? Here it is a sum.")
    if abs(first - second) < 1e-6:
        raise Wrong(
            "The second step is as long as the first, though v should have grown. Does s remember it?"
        )
    if abs(second - 1 / 2) < 1e-6:
        raise Wrong("The second step is half the first. You divide by v, not by its root.")
    if abs(second - 0.5 ** (1 / 3)) < 1e-6:
        raise Wrong("A cube root is for MADGRAD. Here it is the square root.")
    if abs(first - 1) > 1e-6 or abs(second - 0.5**0.5) > 1e-6:
        raise Wrong(f"For g = 1 twice, the steps are {first:.3f} and {second:.3f} times lr. Do them by hand.")
    if not np.allclose(steps(torch.tensor([1.0, 10.0]), 1), 1):
        raise Wrong("Each weight should have a v of its own: the gradient of one must not slow another.")
    w, s = torch.tensor([-1.5, 1.0]), {}
    p = nn.Parameter(w.clone())
    optimizer = torch.optim.Adagrad([p], lr=0.1)
    for t in range(50):
        p.grad = torch.tensor([1.0, -0.2]) * p.detach() + 0.1 * t
        w = rule(w.clone(), p.grad.clone(), s, 0.1)
        optimizer.step()
    if not torch.allclose(tensor(w, "my_adagrad(w, g, s, lr)", (2,)), p.detach(), rtol=1e-4):
        raise Wrong("The first steps are right, but after fifty it is not where torch.optim.Adagrad is.")
    return "After fifty steps it is where torch.optim.Adagrad is."


@check
def check_05_step_size(my_step_size):
    """The step_size with which the last of 400 epochs runs at 1e-4."""
    step_size = number(my_step_size, "my_step_size")
    if step_size != int(step_size) or step_size < 1:
        raise Wrong("step_size counts epochs: a whole number of 1 or more.")
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, int(step_size), gamma=0.1)
    for _ in range(399):
        optimizer.step()
        scheduler.step()
    (last,) = scheduler.get_last_lr()
    falls = round(float(-np.log10(last))) - 1
    if falls == 3:
        return f"The rate falls three times, and the last epoch runs at {last:.0e}."
    if falls == 0:
        raise Wrong("With that step_size the rate does not fall at all in 400 epochs.")
    if step_size == 30:
        raise Wrong(f"That is the recipe of the text: it ends at {last:.0e}.")
    if step_size in (3, 4):
        raise Wrong("step_size is not how often the rate falls, but after how many epochs it does.")
    raise Wrong(
        f"The last epoch runs at {last:.0e}: the rate falls too {'often' if falls > 3 else 'seldom'}. "
        "How many times must it, and how often does step_size go into 400?"
    )


@check
def check_05_warmup(my_factor):
    """A function of the epoch t that gives the factor for LambdaLR."""
    factors = [number(function(my_factor, "my_factor")(t), f"my_factor({t})") for t in range(101)]
    if factors[0] == 0:
        raise Wrong("In epoch 0 the factor is 0: a whole epoch in which nothing is learned. Begin with 1/5.")
    if abs(max(factors) - 0.1) < 0.005:
        raise Wrong("These look like learning rates. LambdaLR multiplies the optimizer's rate by the factor.")
    if not np.allclose(factors[:5], [0.2, 0.4, 0.6, 0.8, 1.0]):
        shown = ", ".join(f"{factor:.2f}" for factor in factors[:5])
        raise Wrong(f"The first five are {shown}. They should climb in equal steps from 1/5 to 1.")
    if abs(factors[100]) > 0.01:
        raise Wrong(f"The climb is right. But in epoch 100 the factor is {factors[100]:.2f} instead of 0.")

    def wave(start):
        return [(1 + np.cos(np.pi * (t - start) / (100 - start))) / 2 for t in range(5, 101)]

    if any(np.allclose(factors[5:], wave(start), atol=1e-6) for start in (4, 5)):
        return "It climbs for five epochs and comes down along half a wave, without a jump."
    if np.allclose(factors[5:], wave(0), atol=1e-6):
        raise Wrong("Both ends are right, but there is a jump after the climb. When does the wave begin?")
    raise Wrong("Both ends are right. In between it is not half a wave: use cosine from above.")


@check
def check_05_kappa(my_guess):
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
    typical = (
        (kappa, "That is κ itself. Momentum does not take it away: it replaces it by its root."),
        (1, "As many? Look at the last column of the table, and how it grows with κ."),
        (214, "Ten times the ratio of κ = 1,000? The ratio grows as the root of κ."),
    )
    recognise(guess, typical, rtol=0.05)
    raise Wrong(f"Too {'low' if guess < ratio else 'high'}. Which column of the table does the ratio follow?")


@check
def check_05_report(my_report):
    """A function of (validation, test), errors (rates, M), that gives the error to report."""
    my_report = function(my_report, "my_report")
    draws = torch.Generator().manual_seed(0)
    skill = 4 + torch.tensor([0.5, 0.0, 0.1, 0.6])[:, None]
    validation, test = (skill + torch.rand(4, 50, generator=draws) for _ in range(2))
    best = validation.argmin(0)
    right = test.gather(0, best[None]).mean().item()
    value = number(my_report(validation.clone(), test.clone()), "The error")
    typical = (
        (test.min(0).values.mean(), "The rates were chosen by looking at the test rows. What are the others for?"),
        (validation.min(0).values.mean(), "Chosen and reported on the same rows. The test rows have not been asked."),
        (test[validation.mean(1).argmin()].mean(), "Honest, but one rate for all: each network should take its own."),
        (validation.gather(0, test.argmin(0)[None]).mean(), "The two halves have changed places."),
        (test.mean(), "That is the mean over all rates, good and bad. Which rate does each network take?"),
    )  # fmt: skip
    recognise(value, typical, atol=1e-5)
    if abs(value - right) > 1e-5:
        raise Wrong("That is not the mean test error at each network's best rate. Which way does dim go?")
    diverged = [validation.clone(), test.clone()]
    for errors in diverged:
        errors[3] = torch.nan
    expected = test.gather(0, validation[:3].argmin(0)[None]).mean()
    value = number(my_report(*diverged), "The error with a diverged run", finite=False)
    if not np.isclose(value, expected.item(), rtol=1e-5):
        raise Wrong("Right, until a run diverges: argmin takes nan for the lowest. Make it infinity first.")
    return "Chosen on the validation rows, reported on the test rows, and no diverged run is chosen."
