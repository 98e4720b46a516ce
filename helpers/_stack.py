"""Several models as one module: how ``fit_many`` runs, shuffles and drops out for all of them at once."""

import copy
import math

import numpy as np
import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

ELEMENTWISE_LOSSES = {
    F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.huber_loss, F.binary_cross_entropy_with_logits,
}  # fmt: skip


def tensors(module):
    return [*module.named_parameters(), *module.named_buffers()]


class Stack(TorchFunctionMode):
    """Some of the ensemble's models as one module, whose weights have a first dimension more.

    Most of PyTorch treats a further leading dimension as it should. While the module runs, what
    does not is replaced: a linear layer by a batched matrix product, dropout by masks from each
    model's own stream. A module that this would change (``fit_many`` finds out) runs through
    ``torch.func.vmap`` instead, which stacks any, but slower.
    """

    def __init__(self, ensemble, models):
        super().__init__()
        self.ensemble, self.models = ensemble, models
        self.module = copy.deepcopy(ensemble._template)
        # Neighbours in the ensemble are trained where they stand, without a copy.
        together = models == list(range(models[0], models[0] + len(models)))
        self.places = slice(models[0], models[0] + len(models)) if together else models
        for name, value in tensors(self.module):
            stacked = ensemble._state[name][self.places]
            # A vector, such as a bias, must meet (models, rows, features) as (models, 1, features).
            value.data = stacked.reshape(len(models), *[1] * (3 - stacked.ndim), *stacked.shape[1:])
        seeds = [ensemble.seeds[i] for i in models]
        self.orders = [torch.Generator().manual_seed(seed) for seed in seeds]
        self.streams = [np.random.SFC64(seed % 2**64) for seed in seeds]
        self.bits, self.used = np.empty((len(seeds), 0), np.uint16), 0

    def save(self):
        for name, value in tensors(self.module):
            state = self.ensemble._state[name]
            state[self.places] = value.detach().reshape(len(self.models), *state.shape[1:])

    def __call__(self, x):
        """Return the outputs (m, rows, ...) for inputs (m, rows, d)."""
        with self:
            if not self.ensemble._by_vmap[0]:
                return self.module(x)
            state = {
                name: value.reshape(len(x), *self.ensemble._state[name].shape[1:])
                for name, value in tensors(self.module)
            }
            return torch.func.vmap(self._alone)(state, x, torch.arange(len(x), device=x.device))

    def in_batches(self, x, rows=64):
        """Return what calling gives, with little memory for what lies between input and output."""
        return torch.cat([self(batch) for batch in x.split(rows, 1)], 1)

    def _alone(self, state, x, place):
        self.place = place
        return torch.func.functional_call(self.module, state, (x,))

    def losses(self, loss, output, target):
        """Return each model's loss (m,), a mean over its rows."""
        if self.ensemble._by_vmap[1]:
            return torch.func.vmap(loss)(output, target)
        with self:
            return loss(output, target)

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        model_by_vmap, loss_by_vmap = self.ensemble._by_vmap
        if func is F.dropout:
            return self._dropout(*args, **kwargs)
        if func is F.linear and not model_by_vmap:
            return self._linear(*args, **kwargs)
        if func in ELEMENTWISE_LOSSES and kwargs.get("reduction") == "mean" and not loss_by_vmap:
            return func(*args, **kwargs | {"reduction": "none"}).flatten(1).mean(1)
        return func(*args, **kwargs)

    def _linear(self, x, weight, bias=None):
        # Features before rows: the gradient of the weight then has the weight's own layout.
        if bias is None:
            return torch.bmm(weight, x.mT).mT
        return torch.baddbmm(bias.mT, weight, x.mT).mT

    def _dropout(self, x, p=0.5, training=True, inplace=False):
        if not training or p == 0:
            return x
        if p == 1:
            return x * 0
        by_vmap = self.ensemble._by_vmap[0]
        rows, *rest = x.shape if by_vmap else x.shape[1:]
        bits = self._draw(math.prod(rest) * rows)
        keep = torch.from_numpy(bits >= round(p * 2**16)).to(x.device, x.dtype).mul_(1 / (1 - p))
        keep = keep.view(len(self.models), *rest, rows).movedim(-1, 1)
        return x * (keep[self.place] if by_vmap else keep)

    def _draw(self, size):
        """Return (m, size) random 16-bit integers, each line from its model's stream."""
        if self.used + size > self.bits.shape[1]:
            words = max(2048, -(-size // 4))
            self.bits = np.empty((len(self.streams), 4 * words), np.uint16)
            for line, stream in zip(self.bits, self.streams):
                line[:] = stream.random_raw(words).view(np.uint16)
            self.used = 0
        self.used += size
        return self.bits[:, self.used - size : self.used]

    def shuffled(self, n):
        """Return an epoch's order (m, n) of n rows, each line as a shuffling DataLoader has it."""
        orders = torch.empty(len(self.orders), n, dtype=torch.int64)
        rest = torch.empty(n - 1, dtype=torch.int32)
        for line, generator in zip(orders, self.orders):
            # A DataLoader also draws a number for its workers, before, and another order that it
            # throws away, after; without those draws the next epoch's order would differ.
            torch.empty((), dtype=torch.int64).random_(generator=generator)
            torch.randperm(n, generator=generator, out=line)
            rest.random_(generator=generator)
        return orders.to(self.ensemble._X.device)
