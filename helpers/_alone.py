"""A few steps of a few models, side by side and each alone: is that the same?

Both ways of running a stack are right by what they are made of. This comparison, before any training,
is for what they cannot know: a module that remembers in Python what it has seen, or an optimizer in
which one number's step depends on others.
"""

import copy

import torch
from torch.nn.utils import clip_grad_norm_

from helpers._stack import Dropout, Stack, Streams, find_way
from helpers._trial import check_step
from helpers.training import eval_mode

ROWS = 64  # at most, to compare evaluation on
EITHER = "Train each alone, with training.fit"


class Alone:
    """Model ``i`` of an ensemble as ``fit`` would train it, but with the masks of its own stream."""

    def __init__(self, ensemble, i, factory, loss):
        self.model, self.loss = ensemble.model(i).train(), copy.deepcopy(loss)
        self.optimizer = factory(list(self.model.parameters()))
        self.streams = Streams(ensemble.seeds[i : i + 1], ensemble._X.device)

    def __call__(self, x):
        with Dropout(self.streams, 0):
            return self.model(x)

    def gradients(self, x, *targets):
        self.optimizer.zero_grad()
        value = self.loss(self(x), *targets)
        value.backward()
        return value.detach()


def check_same_as_alone(ensemble, factory, loss, batch_size, clip_norm=None):
    """Raise ValueError unless the models of ``ensemble`` do together what each does alone.

    Compared are the losses, gradients and buffers of two batches, as large as the first and the last
    of an epoch and with other rows for each model, the optimizer's steps, and evaluation. Notes on the
    ensemble in which way its models are to be run.
    """
    batches = _batches(ensemble, batch_size)
    ensemble._stacked = find_way(ensemble, loss, *batches[0])
    stack = _together(Stack, ensemble, factory)
    stack.module.train()
    loss_of_all = copy.deepcopy(loss)
    everyone = [Alone(ensemble, i, factory, loss) for i in range(len(ensemble))]
    for batch in batches:
        try:
            expected = [one.gradients(*(v[i].clone() for v in batch)) for i, one in enumerate(everyone)]
        except Exception as error:
            check_step(ensemble.model(0), loss, *(values[0] for values in batch))  # which gives advice
            rows = batch[0].shape[1]
            raise ValueError(
                f"make_model's module and loss don't work on a batch of {rows} rows: {error}"
            ) from error
        found = _together(stack.gradients, loss_of_all, *batch)
        for i, one in enumerate(everyone):
            _compare("the loss", found[i], expected[i])
            # Before a normalisation, a bias's gradient is nothing but the rounding of what cancels out.
            grads = [p.grad.abs().max() for p in one.model.parameters() if p.grad is not None]
            largest = max([expected[i].abs(), *grads])
            for name, p in one.model.named_parameters():
                if name in stack.grads:
                    grad = torch.zeros_like(p) if p.grad is None else p.grad
                    _compare(f"the gradient of {name}", stack.grads[name][i], grad, largest)
                    # From here on the very same, so that the optimizer alone is compared.
                    p.grad = stack.grads[name][i].clone()
            if clip_norm is not None:
                clip_grad_norm_(one.model.parameters(), clip_norm)
            one.optimizer.step()
        if clip_norm is not None:
            stack.clip(clip_norm)
        _together(stack.optimizer.step)
        for i, one in enumerate(everyone):
            for name, value in one.model.named_parameters():
                _compare(f"the step of {type(one.optimizer).__name__}", stack.values[name][i], value)
            for name, value in one.model.named_buffers():
                _compare(f"the buffer {name}", stack.values[name][i], value, batch[0][i].abs().max())
    few = ensemble.splits[0][-1][:ROWS]
    x = ensemble._X[..., few, :]
    outputs = _together(stack.evaluate, x)
    for i, one in enumerate(everyone):
        with eval_mode(one.model):
            _compare("the prediction", outputs[i], one.model((x[i] if x.ndim == 3 else x).clone()))


def _batches(ensemble, batch_size):
    n = len(ensemble.splits[0][0])
    size = min(batch_size, n)
    index = torch.stack([rows[0][: min(n, size + (n % size or size))] for rows in ensemble.splits])
    models = torch.arange(len(ensemble), device=index.device)
    return [ensemble._rows(models, part) for part in index.split(size, 1)]


def _together(call, *arguments):
    try:
        return call(*arguments)
    except Exception as error:
        raise ValueError(
            f"models of this kind can't be trained side by side: {error}. Random numbers must come from "
            f"dropout, and control flow must not depend on values. {EITHER}"
        ) from error


def _compare(what, found, expected, largest=0):
    # Between rounding, which grows with what was added up, and the least that a wrong rule would do.
    slack = torch.finfo(expected.dtype).eps * 1e4 if expected.is_floating_point() else 0
    largest = max(float(largest), expected.abs().max().item() if expected.numel() else 0)
    if found.shape != expected.shape or not torch.allclose(
        found, expected, rtol=slack, atol=slack * largest, equal_nan=True
    ):
        raise ValueError(
            f"models of this kind can't be trained side by side: {what} is not what it is for a model "
            f"alone, because one depends on another or on what came before. {EITHER}"
        )
