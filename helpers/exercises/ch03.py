"""Checks of the exercises of chapter 3: house prices."""

import numpy as np
import pandas as pd
import torch
from torch import nn

from helpers.data import load_boston, split_and_scale
from helpers.exercises._report import (
    Wrong,
    call,
    check,
    function,
    module,
    number,
    pair,
    recognise,
    rounding,
    tensor,
)
from helpers.models import MLP, Regressor
from helpers.training import predict, rmse


@check
def check_03_scaling(scale):
    """A function of the training and the test rows that returns both, scaled."""
    function(scale, "my_scaling")
    draw = np.random.default_rng(0)
    train, test = draw.uniform(2, 5, (40, 3)), draw.uniform(0, 9, (20, 3))
    # Rows come as arrays, as in the cell; but code that only a table or a tensor understands is as good.
    refused: list[Exception] = []
    for kind in (np.array, pd.DataFrame, torch.tensor):
        try:
            praise = _judge_scaling(scale, kind, train, test)
            _judge_scaling(scale, kind, draw.normal(0, 50, (25, 5)), draw.normal(20, 90, (30, 5)))
            return praise
        except Exception as error:
            refused.append(error)
            if isinstance(refused[0], Wrong):  # it took the arrays
                break
    raise refused[0]


def _judge_scaling(scale, kind, train, test):
    parts = pair(
        call(scale, kind(train), kind(test)),
        "my_scaling must return two things: the scaled training rows, then the scaled test rows.",
    )
    atol = max(map(rounding, parts))
    ours = [
        tensor(part, name, (None, train.shape[1])).numpy()
        for part, name in zip(parts, ("The first part", "The second part"))
    ]
    if [len(part) for part in ours] != [len(train), len(test)]:
        raise Wrong(
            f"Of {len(train)} training and {len(test)} test rows, other numbers came back: "
            "is the order training, test?"
        )
    low, span = train.min(0), np.ptp(train, axis=0)
    alone, right = (test - test.min(0)) / np.ptp(test, axis=0), (test - low) / span
    every = np.vstack([train, test])
    if np.allclose(ours[0], (train - every.min(0)) / np.ptp(every, axis=0), atol=atol):
        raise Wrong(
            "The training rows do not reach from 0 to 1, because the test rows had a say in the minimum and the\n"
            "maximum. Which rows does the scaler see before it is asked to transform any?"
        )
    if np.allclose(ours[0], (train - train.min()) / np.ptp(train), atol=atol):
        raise Wrong(
            "One minimum and one maximum were taken for all columns together, and each column has its own. Of a table\n"
            "min() is one number for each column; of an array it is a single one, unless you say along which axis."
        )
    if not np.allclose(ours[0], (train - low) / span, atol=atol):
        raise Wrong(
            "Each column of the training rows should go from 0 to 1, and does not. Is it min-max scaling?"
        )
    if np.allclose(ours[1], alone, atol=atol):
        raise Wrong(
            "The test rows were scaled by themselves. The same house would get other numbers in the two sets;\n"
            "the scaler is fitted once."
        )
    if np.allclose(ours[1], right.clip(0, 1), atol=atol):
        raise Wrong("The test rows are cut off at 0 and 1. They may go beyond: that is information.")
    if not np.allclose(ours[1], right, atol=atol):
        raise Wrong(
            "The training rows are right, the test rows are not: use the same minimum and maximum for them."
        )
    return f"Fitted on the training rows alone. The test rows go from {ours[1].min():.2f} to {ours[1].max():.2f}, and may."


@check
def check_03_fewer_features(guess):
    """Your guess, a whole number of parameters."""
    guess = number(guess, "my_guess")
    with_b, without_b = (sum(p.numel() for p in MLP(d, (50, 30), 1).parameters()) for d in (13, 12))
    saved = with_b - without_b
    said = f"13 features: {with_b:,} parameters, 12 features: {without_b:,}. Fewer by {saved}; you said {guess:g}."
    if guess == saved:
        return f"{said}\nOne weight for each of the 50 units in the first layer, and nothing else changes."
    if guess == 1:
        hint = "One number fewer goes in. But who weighs it?"
    elif guess == -saved:
        hint = "The number is right. So many go: say it without the minus."
    elif guess == saved + 1:
        hint = "The weights are right. Does a feature have a bias, or does a unit?"
    elif guess in (80, 81, 1500, 1550):
        hint = "The second layer never sees the features, only what the first makes of them."
    else:
        hint = "Print the shape of fc1.weight, and ask which part of it goes when a column goes."
    raise Wrong(f"{said}\n{hint}")


@check
def check_03_batches(error):
    """A function of the batches' mean squared errors and of their sizes that gives the RMSE of all rows."""
    function(error, "my_rmse")
    losses, sizes = [4.0, 1.0, 25.0], [32, 32, 8]
    value = number(call(error, losses, sizes), f"my_rmse({losses}, {sizes})")
    loss, size = torch.tensor(losses), torch.tensor(sizes)
    mean_square = (loss * size).sum() / size.sum()
    said = f"my_rmse({losses}, {sizes}) = {value:.4g}."
    if abs(value - mean_square.sqrt()) < 1e-3:
        for losses, sizes in (([9.0], [5]), ([0.25, 2.0, 0.5, 6.0, 1.0], [16, 16, 16, 16, 3])):
            value = number(call(error, losses, sizes), f"my_rmse({losses}, {sizes})")
            right = np.average(losses, weights=sizes) ** 0.5
            if abs(value - right) > 1e-3:
                raise Wrong(
                    f"{said} Right; but my_rmse({losses}, {sizes}) = {value:.4g}, and should be {right:.4g}.\n"
                    "Which number in it belongs to the first example only?"
                )
        return f"{said}\nThe same as from all 72 rows at once."
    typical = (
        (loss.mean().sqrt(), "Each batch counts the same here, but the last one has fewer rows. Weigh them."),
        ((loss.sqrt() * size).sum() / size.sum(), "That is the mean of the roots. Is it the root of the mean?"),
        (loss.sqrt().mean(), "That is the mean of the roots, and small batches count as much as large ones."),
        (mean_square, "That is still the MSE. In which unit is it?"),
        (loss.mean(), "That is the MSE, and each batch counts the same although the last has fewer rows."),
        ((loss * size).sum().sqrt(), "A sum over all rows, not yet their mean."),
        ((loss * size).sum(), "A sum over all rows, not yet their mean; and a sum of squares."),
        (((loss * size).sum() / 3).sqrt(), "You divided by the number of batches. How many rows are there?"),
        ((loss.sum() / size.sum()).sqrt(), "Each batch's mean is divided by the rows. Make it the batch's sum first."),
    )  # fmt: skip
    recognise(value, typical, atol=1e-3, before=f"{said}\n")
    raise Wrong(f"{said}\nHow large is the sum of the squares in each batch? Start from there.")


@check
def check_03_evaluate(evaluate):
    """A function of a network, X and y that gives the network's RMSE."""
    function(evaluate, "my_test_rmse")
    torch.manual_seed(0)
    X, y = torch.rand(64, 13), torch.rand(64, 1)
    model, drew = Regressor().train(), []
    for part in model.modules():
        if isinstance(part, nn.Dropout):
            part.register_forward_hook(lambda part, *_: drew.append(part.training))
    before = _state(model, X, y)
    first, second = evaluate(model, X, y), evaluate(model, X, y)
    learning, after, left = torch.is_grad_enabled(), _state(model, X, y), _modes(model)
    torch.set_grad_enabled(True)
    if isinstance(first, torch.Tensor) and first.requires_grad:
        raise Wrong(
            "The result still remembers how it was computed. Nothing is to be learned here: which line says so?"
        )
    first, second = number(first, "What my_test_rmse returns"), number(second, "What my_test_rmse returns")
    if first != second:
        raise Wrong(
            f"Twice the same network and rows, and two answers: {first:.4f} and {second:.4f}.\n"
            "Something draws at random at each call. Which switch turns it off?"
        )
    if after != before:
        raise Wrong(
            "The network or the rows are not what they were: training is to go on with them as before."
        )
    if any(drew):
        raise Wrong(
            "Two calls agree, but only because the same units were dropped both times. All of them should be at work:\n"
            "which switch turns dropout off?"
        )
    right = rmse(predict(model, X), y).item()
    if abs(first - right**2) < 1e-5:
        raise Wrong("That is the MSE. The RMSE is its root.")
    model.eval()
    others = X[:20] / 2, y[:20] ** 2
    third = number(evaluate(model, *others), "What my_test_rmse returns")
    torch.set_grad_enabled(True)
    if abs(first - right) > 1e-5 or abs(third - rmse(predict(model, others[0]), others[1])) > 1e-5:
        raise Wrong(
            f"It gives {first:.4f} where {right:.4f} is right. Does it use the rows, and the network, it is given?"
        )
    if left == {False}:
        raise Wrong(
            "The number is right, but the network came in training mode and left in eval mode: the next epoch\n"
            "would train without dropout, and nobody would notice."
        )
    if left != {True}:
        raise Wrong(
            "The number is right, but the network came in training mode, and only some of its layers are in it again.\n"
            "Print model.training and model[-2].training. Which call sets the layers too?"
        )
    if _modes(model) != {False}:
        raise Wrong(
            "A network that came in eval mode left in training mode. Remember the mode: model.training"
        )
    if not learning:
        raise Wrong(
            "The number is right, but gradients stay switched off after the call, and training could not go on.\n"
            "`with torch.no_grad():` ends where its block ends."
        )
    return f"{first:.4f}, again and again, and the network is left in the mode in which it came."


def _modes(model):
    return {part.training for part in model.modules()}


def _state(model, *rows):
    """All that training goes on with, but for the mode, as plain Python."""
    layers = [(type(part), getattr(part, "p", None)) for part in model.modules()]
    parameters = [(p.dtype, p.requires_grad, p.tolist()) for p in model.parameters()]
    return layers, parameters, [part.tolist() for part in rows]


@check
def check_03_quarter(guess, errors):
    """Your guess of a standard error, and the errors of all networks."""
    guess, errors = number(guess, "my_guess"), tensor(errors, "errors", (None,))
    n = len(errors)
    if n < 40:  # a quarter of them, say
        raise Wrong(f"Only {n} errors: give all of them, such as errors.")
    ordered = (errors.diff() >= 0).all() or (errors.diff() <= 0).all()
    # Of sorted errors a quarter would hold only the small ones, or only the large.
    quarters = errors[: n // 4 * 4].view(-1, 4).T if ordered else errors[: n // 4 * 4].view(4, -1)
    deviation = errors.std().item()
    whole = deviation / n**0.5
    quarter = (quarters.std(dim=1) / quarters.shape[1] ** 0.5).mean().item()
    said = (
        f"From all {n}: {whole:.3f}. From a quarter of them, on average over the four quarters: {quarter:.3f}.\n"
        f"You said {guess:.3f}."
    )
    if abs(guess / quarter - 1) < 0.15 or abs(guess / (2 * whole) - 1) < 0.15:
        return f"Near. {said} A quarter of the networks, twice the uncertainty."
    if guess <= 0:
        raise Wrong(f"{said} A standard error says how far off a mean may be: it is above 0.")
    closer = (
        (whole, "With fewer networks the mean is less certain."),
        (4 * whole, "Not so bad: look at how n enters a standard error."),
        (whole / 2, "Fewer networks, and a surer mean? The other way round."),
        (whole / 4, "Fewer networks, and a surer mean? The other way round."),
        (deviation, "That is how much single networks differ. A standard error is the standard deviation over the root of n."),
        (4 * deviation / n, "You divided by n. Is it n itself that stands there?"),
        (errors.mean().item(), "That is the size of an error. How sure is the mean of a quarter of them?"),
    )  # fmt: skip
    recognise(guess, closer, rtol=0.15, before=f"{said} ")
    if guess < whole:
        raise Wrong(f"{said} Fewer networks, and a surer mean? The other way round.")
    if guess < quarter:
        raise Wrong(f"{said} Less certain, yes, and by more than that. How does n enter a standard error?")
    if guess < deviation:
        raise Wrong(f"{said} Not so bad: look at how n enters a standard error.")
    raise Wrong(
        f"{said} That is more than single networks differ, which is {deviation:.3f}. Their mean is surer than one of them."
    )


@check
def check_03_awake(make_model):
    """A function of nothing that makes a network 13-50-30-1 with a ReLU on its output."""
    if isinstance(make_model, nn.Module):
        raise Wrong(
            "That is one network. Hand over the function that makes it, without brackets: my_network."
        )
    if not isinstance(make_model, type):  # a class makes networks, too
        function(make_model, "my_network")
    X = split_and_scale(load_boston()).X_train
    outputs, starts = [], []
    for seed in range(200):
        torch.manual_seed(seed)
        model = module(make_model(), "What my_network returns")
        ran, layers = [], [part for part in model.modules() if not list(part.children())]
        hooks = [part.register_forward_hook(lambda part, *_, ran=ran: ran.append(part)) for part in layers]
        with torch.no_grad():
            outputs.append(call(model.eval(), X))
        for hook in hooks:
            hook.remove()
        if not ran or not isinstance(ran[-1], nn.ReLU):
            raise Wrong(
                "The last layer is no nn.ReLU. That is one way out, and a good one; here the ReLU is to stay."
            )
        if outputs[-1].shape != (len(X), 1):
            shape = tuple(outputs[-1].shape)
            raise Wrong(f"{len(X)} rows go in and {shape} comes out; wanted is ({len(X)}, 1).")
        if not outputs[-1].isfinite().all():
            raise Wrong("The network gives nan or infinity. What was put into its parameters?")
        linear = [part for part in ran if isinstance(part, nn.Linear)]
        widths = [layer.in_features for layer in linear] + [layer.out_features for layer in linear[-1:]]
        if widths != [13, 50, 30, 1]:
            raise Wrong(f"The network is {'-'.join(map(str, widths))}; wanted is 13-50-30-1.")
        starts.append(torch.cat([p.detach().float().ravel() for p in model.parameters()]))
    # Filled with constants a network is the same every time, and rightly so.
    if all(torch.equal(start, starts[0]) for start in starts) and len(starts[0].unique()) > 10:
        raise Wrong(
            "Every call gives the same network: is a seed set in the function, or the network made outside of it?\n"
            "It is to be safe whatever the seed."
        )
    dead = torch.stack([(output <= 0).all() for output in outputs]).float().mean().item()
    said = f"Of 200 networks, {dead:.0%} give 0 for every house before training."
    if dead == 0:
        return f"{said}\nEach of them has a slope to follow from the first step on."
    if dead == 1:
        raise Wrong(f"{said}\nIs the sum before the last ReLU 0 for all? A ReLU is flat there too.")
    if dead > 0.25:
        raise Wrong(
            f"{said}\nThat is what chance gives. Which parameter lifts the outputs for all houses at once?"
        )
    raise Wrong(f"{said}\nBetter, and not safe yet: lift them a little more.")


@check
def check_03_paired(difference):
    """A function of two tensors of errors (n,) that gives the mean of first - second, and its standard error."""
    function(difference, "my_difference")
    torch.manual_seed(0)
    luck = torch.randn(50)
    first, second = 4 + luck + 0.1 * torch.randn(50), 3.8 + luck + 0.1 * torch.randn(50)
    praise = _judge_difference(difference, first, second)
    # Another number of pairs, and a difference below 0.
    _judge_difference(difference, torch.rand(8), 2 + torch.rand(8))
    return praise


def _judge_difference(difference, first, second):
    mean, error = pair(
        call(difference, first, second), "my_difference must return two numbers: return mean, standard_error"
    )
    mean, error = number(mean, "The mean"), number(error, "The standard error")
    gap, root = first - second, len(first) ** 0.5
    right = gap.std() / root
    said = f"It gives {mean:.3f} ± {error:.3f}."
    if abs(mean + gap.mean()) < 1e-3:
        raise Wrong(f"{said}\nThe sign is turned: it is to be the first less the second.")
    if abs(mean - right) < 1e-3 and abs(error - gap.mean()) < 1e-3:
        raise Wrong(f"{said}\nThe two have changed places: first the mean, then its standard error.")
    if abs(mean - gap.mean()) > 1e-3:
        raise Wrong(f"{said}\nThe mean of the {len(gap)} differences is {gap.mean():.3f}.")
    if abs(error / right - 1) < 2e-3:
        return f"{said}\nUnpaired it would be ± {_unpaired(first, second):.3f}: the luck of the split cancels in the pairs."
    typical = (
        (gap.std(unbiased=False) / root, "Nearly. NumPy's std divides by n, PyTorch's by n - 1, which is right for a sample: look up ddof."),
        (gap.std() / (len(gap) - 1) ** 0.5, "Nearly. The n - 1 belongs into the standard deviation; the root is that of n."),
        (_unpaired(first, second), "That is the uncertainty of two unrelated groups. Subtract first, pair by pair, then look at the spread."),
        (gap.std(), "That is the spread of single differences, not the uncertainty of their mean."),
        (gap.std(unbiased=False), "That is the spread of single differences, not the uncertainty of their mean."),
        (gap.std() / len(gap), "You divided by n. By what of n is it to be?"),
        (gap.var() / len(gap), "That is the variance over n. A standard error has the unit of the errors."),
    )  # fmt: skip
    recognise(error, typical, rtol=2e-3, before=f"{said}\n")
    raise Wrong(
        f"{said}\nThe mean is right; the standard error is the standard deviation of the differences over the root of n."
    )


def _unpaired(first, second):
    return ((first.var() + second.var()) / len(first)).sqrt()
