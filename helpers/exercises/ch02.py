"""Checks of the exercises of chapter 2: house prices."""

import numpy as np
import torch
from torch import nn

from helpers.data import load_boston, split_and_scale
from helpers.exercises._report import Wrong, check, function, module, number, recognise, tensor
from helpers.models import MLP, Regressor
from helpers.training import rmse


@check
def check_02_scaling(scale):
    """A function of the training and the test rows that returns both, scaled."""
    function(scale, "my_scaling")
    draw = np.random.default_rng(0)
    train, test = draw.uniform(2, 5, (40, 3)), draw.uniform(0, 9, (20, 3))
    pair = scale(train.copy(), test.copy())
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise Wrong("my_scaling must return two things: the scaled training rows, then the scaled test rows.")
    ours = [
        tensor(part, name, (None, 3)).numpy()
        for part, name in zip(pair, ("The first part", "The second part"))
    ]
    if [len(part) for part in ours] != [40, 20]:
        raise Wrong("Of 40 training and 20 test rows, other numbers came back: is the order training, test?")
    low, span = train.min(0), np.ptp(train, axis=0)
    alone, right = (test - test.min(0)) / np.ptp(test, axis=0), (test - low) / span
    every = np.vstack([train, test])
    if np.allclose(ours[0], (train - every.min(0)) / np.ptp(every, axis=0), atol=1e-5):
        raise Wrong(
            "The training rows do not reach from 0 to 1, because the test rows had a say in the minimum and the\n"
            "maximum. Which rows does the scaler see before it is asked to transform any?"
        )
    if not np.allclose(ours[0], (train - low) / span, atol=1e-5):
        raise Wrong(
            "Each column of the training rows should go from 0 to 1, and does not. Is it min-max scaling?"
        )
    if np.allclose(ours[1], alone, atol=1e-5):
        raise Wrong(
            "The test rows were scaled by themselves. The same house would get other numbers in the two sets;\n"
            "the scaler is fitted once."
        )
    if np.allclose(ours[1], right.clip(0, 1), atol=1e-5):
        raise Wrong("The test rows are cut off at 0 and 1. They may go beyond: that is information.")
    if not np.allclose(ours[1], right, atol=1e-5):
        raise Wrong(
            "The training rows are right, the test rows are not: use the same minimum and maximum for them."
        )
    return f"Fitted on the training rows alone. The test rows go from {ours[1].min():.2f} to {ours[1].max():.2f}, and may."


@check
def check_02_fewer_features(guess):
    """Your guess, a whole number of parameters."""
    guess = number(guess, "my_guess")
    with_b, without_b = (sum(p.numel() for p in MLP(d, (50, 30), 1).parameters()) for d in (13, 12))
    saved = with_b - without_b
    said = f"13 features: {with_b:,} parameters, 12 features: {without_b:,}. Fewer by {saved}; you said {guess:g}."
    if guess == saved:
        return f"{said}\nOne weight for each of the 50 units in the first layer, and nothing else changes."
    if guess == 1:
        hint = "One number fewer goes in. But who weighs it?"
    elif guess == saved + 1:
        hint = "The weights are right. Does a feature have a bias, or does a unit?"
    elif guess in (80, 81, 1500, 1550):
        hint = "The second layer never sees the features, only what the first makes of them."
    else:
        hint = "Print the shape of fc1.weight, and ask which part of it goes when a column goes."
    raise Wrong(f"{said}\n{hint}")


@check
def check_02_batches(error):
    """A function of the batches' mean squared errors and of their sizes that gives the RMSE of all rows."""
    function(error, "my_rmse")
    losses, sizes = [4.0, 1.0, 25.0], [32, 32, 8]
    value = number(error(list(losses), list(sizes)), f"my_rmse({losses}, {sizes})")
    loss, size = torch.tensor(losses), torch.tensor(sizes)
    mean_square = (loss * size).sum() / size.sum()
    said = f"my_rmse({losses}, {sizes}) = {value:.4g}."
    if abs(value - mean_square.sqrt()) < 1e-3:
        return f"{said}\nThe same as from all 72 rows at once."
    typical = (
        (loss.mean().sqrt(), "Each batch counts the same here, but the last one has fewer rows. Weigh them."),
        ((loss.sqrt() * size).sum() / size.sum(), "That is the mean of the roots. Is it the root of the mean?"),
        (loss.sqrt().mean(), "That is the mean of the roots, and small batches count as much as large ones."),
        (mean_square, "That is still the MSE. In which unit is it?"),
        (loss.mean(), "That is the MSE, and each batch counts the same although the last has fewer rows."),
        ((loss * size).sum().sqrt(), "A sum over all rows, not yet their mean."),
    )  # fmt: skip
    recognise(value, typical, atol=1e-3, before=f"{said}\n")
    raise Wrong(f"{said}\nHow large is the sum of the squares in each batch? Start from there.")


@check
def check_02_evaluate(evaluate):
    """A function of a network, X and y that gives the network's RMSE."""
    function(evaluate, "my_test_rmse")
    torch.manual_seed(0)
    X, y = torch.rand(64, 13), torch.rand(64, 1)
    model = Regressor().train()
    first, second = evaluate(model, X, y), evaluate(model, X, y)
    if isinstance(first, torch.Tensor) and first.requires_grad:
        raise Wrong(
            "The result still remembers how it was computed. Nothing is to be learned here: which line says so?"
        )
    first, second = number(first, "What my_test_rmse returns"), number(second, "What my_test_rmse returns")
    left_in_training = model.training
    with torch.no_grad():
        right = rmse(model.eval()(X), y).item()
    evaluate(model, X, y)
    if first != second:
        raise Wrong(
            f"Twice the same network and rows, and two answers: {first:.4f} and {second:.4f}.\n"
            "Something draws at random at each call. Which switch turns it off?"
        )
    if abs(first - right**2) < 1e-5:
        raise Wrong("That is the MSE. The RMSE is its root.")
    if abs(first - right) > 1e-5:
        raise Wrong(
            f"It gives {first:.4f} where {right:.4f} is right. Does it use the rows, and the network, it is given?"
        )
    if not left_in_training:
        raise Wrong(
            "The number is right, but the network came in training mode and left in eval mode: the next epoch\n"
            "would train without dropout, and nobody would notice."
        )
    if model.training:
        raise Wrong(
            "A network that came in eval mode left in training mode. Remember the mode: model.training"
        )
    return f"{first:.4f}, again and again, and the network is left in the mode in which it came."


@check
def check_02_quarter(guess, errors):
    """Your guess of a standard error, and the errors of all networks."""
    guess, errors = number(guess, "my_guess"), tensor(errors, "errors", (None,))
    if len(errors) < 20:
        raise Wrong(f"Only {len(errors)} errors: give all of them, such as usual.")
    whole = (errors.std() / len(errors) ** 0.5).item()
    quarters = errors[: len(errors) // 4 * 4].view(4, -1)
    quarter = (quarters.std(dim=1) / quarters.shape[1] ** 0.5).mean().item()
    said = (
        f"From all {len(errors)}: {whole:.3f}. From a quarter of them, on average over the four quarters: {quarter:.3f}.\n"
        f"You said {guess:.3f}."
    )
    if abs(guess / quarter - 1) < 0.15:
        return f"Near. {said} A quarter of the networks, twice the uncertainty."
    typical = (
        (whole, "With fewer networks the mean is less certain."),
        (4 * whole, "Not so bad: look at how n enters a standard error."),
        (whole / 2, "Fewer networks, and a surer mean? The other way round."),
    )
    recognise(guess, typical, rtol=0.15, before=f"{said} ")
    raise Wrong(f"{said} A standard error is the standard deviation over the root of n.")


@check
def check_02_awake(make_model):
    """A function of nothing that makes a network 13-50-30-1 with a ReLU on its output."""
    function(make_model, "my_network")
    X = split_and_scale(load_boston()).X_train
    outputs = []
    for seed in range(200):
        torch.manual_seed(seed)
        model = module(make_model(), "What my_network returns")
        if seed == 0 and not isinstance(list(model.modules())[-1], nn.ReLU):
            raise Wrong(
                "The last layer is no nn.ReLU. That is one way out, and a good one; here the ReLU is to stay."
            )
        with torch.no_grad():
            outputs.append(model.eval()(X))
    if outputs[0].shape != (len(X), 1):
        raise Wrong(f"{len(X)} rows go in and {tuple(outputs[0].shape)} comes out; wanted is ({len(X)}, 1).")
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
def check_02_paired(difference):
    """A function of two tensors of errors (n,) that gives the mean of first - second, and its standard error."""
    function(difference, "my_difference")
    torch.manual_seed(0)
    luck = torch.randn(50)
    first, second = 4 + luck + 0.1 * torch.randn(50), 3.8 + luck + 0.1 * torch.randn(50)
    pair = difference(first.clone(), second.clone())
    if not isinstance(pair, (tuple, list, torch.Tensor)) or len(pair) != 2:
        raise Wrong("my_difference must return two numbers: return mean, standard_error")
    mean, error = number(pair[0], "The mean"), number(pair[1], "The standard error")
    gap, root = first - second, 50**0.5
    said = f"It gives {mean:.3f} ± {error:.3f}."
    if abs(mean + gap.mean()) < 1e-3:
        raise Wrong(f"{said}\nThe sign is turned: it is to be the first less the second.")
    if abs(mean - gap.mean()) > 1e-3:
        raise Wrong(f"{said}\nThe mean of the difference is {gap.mean():.3f}.")
    if abs(error - gap.std() / root) < 2e-4:
        return f"{said}\nUnpaired it would be ± {_unpaired(first, second):.3f}: the luck of the split cancels in the pairs."
    typical = (
        (_unpaired(first, second), "That is the uncertainty of two unrelated groups. Subtract first, pair by pair, then look at the spread."),
        (gap.std(), "That is the spread of single differences, not the uncertainty of their mean."),
        (gap.var() / 50, "That is the variance over n. A standard error has the unit of the errors."),
    )  # fmt: skip
    recognise(error, typical, atol=2e-4, before=f"{said}\n")
    raise Wrong(
        f"{said}\nThe mean is right; the standard error is the standard deviation of the differences over the root of n."
    )


def _unpaired(first, second):
    return ((first.var() + second.var()) / len(first)).sqrt()
