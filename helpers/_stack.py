"""Several models as one: how ``fit_many`` stores, runs, shuffles and drops out for all of them at once.

A ``Stack`` holds the weights of m models with one dimension more, the first, and runs them in the
fastest of three ways that is right for them. A ``Chain`` of linear layers, ReLU and dropout goes
forwards and backwards by batched matrix products. A module that is made of operations known to work
with a dimension more runs as it is, ``Stacked``. Any other goes through ``torch.func.vmap``, in which
a model sees its own rows and nothing of its neighbours.
"""

import copy
import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from helpers.training import eval_mode

FUSED = {torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW}
# A number for each number, whatever stands beside it, and no parameters.
ELEMENTWISE = {
    nn.Identity, nn.ReLU, nn.LeakyReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU, nn.Mish, nn.Sigmoid,
    nn.LogSigmoid, nn.Tanh, nn.Softplus, nn.Softsign, nn.Tanhshrink, nn.Hardtanh, nn.ReLU6, nn.Hardsigmoid,
    nn.Hardswish, nn.Softshrink, nn.Hardshrink,
}  # fmt: skip
EVALUATED_ROWS = 2**14  # at a time, over all models: so that what lies between the layers stays small


def tensors(module):
    return [*module.named_parameters(), *module.named_buffers()]


def chain_of(module):
    """Return the layers of a chain as [(name, layer), ...] in the order of the data; None if it is none."""
    layers = _layers(module, "")
    used = [p for _, layer in layers or [] for p in layer.parameters()]
    return layers if len(used) == len(set(used)) else None  # a weight used twice has two gradients


def _layers(module, name):
    kind = type(module)
    if kind in ELEMENTWISE | {nn.Linear, nn.Dropout}:
        in_place = getattr(module, "inplace", False) and kind not in {nn.ReLU, nn.Dropout}
        return None if in_place or _altered(module) else [(name, module)]
    inherited = all(
        getattr(kind, part, 0) is getattr(nn.Sequential, part) for part in ("forward", "__iter__")
    )
    if not inherited or _altered(module):
        return None
    parts = [_layers(inner, f"{name}{key}.") for key, inner in module._modules.items()]
    return None if None in parts else sum(parts, [])


def _altered(module):
    hooks = (
        module._forward_hooks,
        module._forward_pre_hooks,
        module._backward_hooks,
        module._backward_pre_hooks,
    )
    return any(hooks) or "forward" in vars(module) or type(module).__call__ is not nn.Module.__call__


def is_mean_square(loss):
    """Is this the mean squared error, whose gradient needs no autograd?"""
    return loss is F.mse_loss or type(loss) is nn.MSELoss and loss.reduction == "mean" and not _altered(loss)


class _Unseeded(np.random.bit_generator.ISeedSequence):
    """For a generator that is about to be seeded otherwise: its own way takes as long as to make a model."""

    def generate_state(self, n_words, dtype=np.uint32):
        return np.ones(n_words, dtype)


class Streams:
    """What chance gives each of m models, from its own seed alone: orders of rows and dropout masks."""

    def __init__(self, seeds, device):
        self.device = device
        self.orders = [np.random.MT19937(_Unseeded()) for _ in seeds]  # type: ignore[arg-type]
        for twister, seed in zip(self.orders, seeds):
            # As torch.Generator().manual_seed(seed), but many of its numbers are had by one call.
            np.random.RandomState(twister).seed(seed % 2**32)
        self.ahead = np.empty((len(seeds), 0, 0), np.int64)
        self.masks = [np.random.SFC64(seed % 2**64) for seed in seeds]
        self.bits, self.used = torch.empty(len(seeds), 0, dtype=torch.int16), 0

    def shuffled(self, n):
        """Return an epoch's order (m, n) of n rows, each line as a shuffling DataLoader has it."""
        if self.ahead.shape[1] == 0:
            self.ahead = self._orders(n, epochs=max(1, 256 // len(self.orders)))
        order, self.ahead = self.ahead[:, 0], self.ahead[:, 1:]
        return torch.from_numpy(order).to(self.device)

    def _orders(self, n, epochs):
        """Return the orders (m, epochs, n) of the next epochs, by the steps of ``torch.randperm``."""
        drawn = np.empty((len(self.orders), epochs, n - 1), np.uint32)
        for line, twister in zip(drawn, self.orders):
            # Before an order a DataLoader draws two numbers for its workers, and after it another
            # order, which it throws away.
            line[:] = twister.random_raw(epochs * 2 * n).reshape(epochs, 2 * n)[:, 2 : n + 1]
        drawn = np.ascontiguousarray(drawn.reshape(-1, n - 1).T)
        columns = np.arange(drawn.shape[1])
        orders = np.repeat(np.arange(n)[:, None], len(columns), 1)
        flat = orders.reshape(-1)
        for row, line in enumerate(orders[:-1]):
            # Each row changes places with itself or one that comes later.
            partner = (row + drawn[row] % np.uint32(n - row)).astype(np.int64) * len(columns) + columns
            flat[partner], line[:] = line, flat[partner]
        return np.ascontiguousarray(orders.T).reshape(len(self.orders), epochs, n)

    def keep(self, shape, p, dtype, memory=None):
        """Return dropout's choice (m, *shape), 1 or 0, for units of probability p to drop."""
        bits = self._draw(math.prod(shape)).unflatten(1, shape)
        if memory is None:
            memory = torch.empty(bits.shape, dtype=dtype, device=self.device)
        # Straight into numbers: by way of booleans, it would take three times as long.
        return torch.ge(bits, round(p * 2**16) - 2**15, out=memory)

    def _draw(self, size):
        """Return (m, size) random 16-bit integers, each line from its model's stream."""
        if self.used + size > self.bits.shape[1]:
            words = max(2048, -(-size // 4))
            bits = np.empty((len(self.masks), 4 * words), np.uint16)
            for line, stream in zip(bits, self.masks):
                # PyTorch compares signed integers: the lowest number becomes the most negative one.
                np.bitwise_xor(stream.random_raw(words).view(np.uint16), 2**15, out=line)
            self.bits, self.used = torch.from_numpy(bits.view(np.int16)).to(self.device), 0
        self.used += size
        return self.bits[:, self.used - size : self.used]

    def only(self, models):
        """Go on with some of the models, given by their places."""
        self.orders = [self.orders[i] for i in models]
        self.masks = [self.masks[i] for i in models]
        self.bits, self.ahead = self.bits[models], self.ahead[models]


class Chain:
    """A stack of linear layers, activations and dropout, forwards and backwards.

    What passes from layer to layer is (m, features, rows): a unit's numbers stand side by side.
    Dropout leaves its factor 1 / (1 - p) to the layer that comes next, whose products it scales.
    """

    @staticmethod
    def fits(module):
        """Is ``module`` such a chain?"""
        layers = [layer for _, layer in chain_of(module) or []]
        return bool(layers) and all(layer.p < 1 for layer in layers if type(layer) is nn.Dropout)

    def __init__(self, stack):
        self.module, self.values, self.grads = stack.module, stack.values, stack.grads
        self.streams, self.size, self.made, self.memory = stack.streams, len(stack), {}, {}

    def forward(self, x):
        """Return the outputs (m, rows, out) for inputs (m, rows, in); keep what ``backward`` needs."""
        rows = x.shape[1] if self.module.training else None
        if rows not in self.made:
            self.made[rows] = self._make(rows)
        self.layers, h = self.made[rows], x.mT
        for layer in self.layers:
            h = layer.forward(h)
        return h.mT

    def backward(self, gradient):
        """Write the weights' gradients, given the loss's by the outputs (m, rows, out)."""
        g = gradient.mT if type(self.layers[-1]) is _Linear else gradient.mT.clone()  # to be written to
        for layer in reversed(self.layers):
            g = layer.backward(g)
            if g is None:  # no weights before it are trained
                break

    def _make(self, rows):
        """Return the layers for training on so many rows at a time, or with None for evaluation."""
        values, grads = self.values, self.grads
        made: list = []
        scale, trained = 1.0, False
        for name, layer in chain_of(self.module):
            before = type(made[-1]) if made else None
            if type(layer) is nn.Linear:
                weight, bias = values[name + "weight"], values.get(name + "bias")
                own = grads.get(name + "weight"), grads.get(name + "bias")
                output, input_grad = (self._memory(name, i, weight.shape[i], rows) for i in (1, 2))
                made.append(_Linear(weight, bias, *own, output, input_grad, scale, trained))
                scale, trained = 1.0, trained or any(grad is not None for grad in own)
            elif type(layer) is nn.Dropout:
                if rows and layer.p:
                    made.append(_Dropout(layer.p, self.streams, before))
                    scale /= 1 - layer.p
            elif type(layer) is nn.ReLU:
                made.append(_ReLU(in_place=before is _Linear))
            elif type(layer) is not nn.Identity:
                made.append(_Activation(layer, scale))
                scale = 1.0
        return made if scale == 1 else [*made, _Activation(nn.Identity(), scale)]

    def _memory(self, name, what, features, rows):
        """Return a tensor to write to, (m, features, rows): the same memory for batches of any size."""
        if rows is None:
            return None
        size, key = self.size * features * rows, (name, what)
        if key not in self.memory or len(self.memory[key]) < size:
            like = next(iter(self.values.values()))
            self.memory[key] = like.new_empty(size)
        return self.memory[key][:size].view(self.size, features, rows)


class _Linear:
    def __init__(self, weight, bias, weight_grad, bias_grad, output, input_grad, scale, passes_on):
        self.weight, self.transposed = weight, weight.mT
        self.bias = None if bias is None else bias.unsqueeze(2)
        self.weight_grad, self.bias_grad = weight_grad, bias_grad
        self.output, self.input_grad = output, input_grad
        self.scale, self.passes_on, self.input = scale, passes_on, None

    def forward(self, h):
        if h is not self.input:
            self.input, self.rows = h, h.mT
        if self.bias is None:
            return torch.bmm(self.weight, h if self.scale == 1 else h * self.scale, out=self.output)
        return torch.baddbmm(self.bias, self.weight, h, alpha=self.scale, out=self.output)

    def backward(self, g):
        if self.bias_grad is not None:
            torch.sum(g, 2, out=self.bias_grad)
        if self.scale != 1:
            g = g * self.scale
        if self.weight_grad is not None:
            torch.bmm(g, self.rows, out=self.weight_grad)
        if not self.passes_on:
            return None
        product = torch.mul if g.shape[1] == 1 else torch.bmm
        return product(self.transposed, g, out=self.input_grad)


class _ReLU:
    def __init__(self, in_place):
        self.function = torch.relu_ if in_place else torch.relu

    def forward(self, h):
        self.output = self.function(h)
        return self.output

    def backward(self, g):
        # A unit that was then dropped is 0 here too: its gradient is 0 either way.
        return torch.ops.aten.threshold_backward.grad_input(g, self.output, 0, grad_input=g)


class _Dropout:
    def __init__(self, p, streams, before):
        self.p, self.streams, self.before, self.keep = p, streams, before, None

    def forward(self, h):
        self.keep = self.streams.keep(h.shape[1:], self.p, h.dtype, memory=self.keep)
        return h.mul_(self.keep) if self.before in {_Linear, _ReLU} else h * self.keep

    def backward(self, g):
        return g if self.before is _ReLU else g * self.keep


class _Activation:
    """Any other function of each number, whose slope autograd knows."""

    def __init__(self, layer, scale):
        self.layer, self.scale = layer, scale

    def forward(self, h):
        self.input = (h if self.scale == 1 else h * self.scale).detach().requires_grad_()
        with torch.enable_grad():
            self.output = self.layer(self.input)
        return self.output.detach()

    def backward(self, g):
        (g,) = torch.autograd.grad(self.output, self.input, g)
        return g if self.scale == 1 else g * self.scale


class NotStacked(Exception):
    """An operation that is not known to do for each of the models what it does for one."""


# Operations on each number, or on two that stand at the same place.
PLACEWISE = set(
    "add __add__ __radd__ sub __sub__ __rsub__ mul __mul__ __rmul__ div __truediv__ __rtruediv__ neg __neg__ pow "
    "__pow__ square sqrt rsqrt exp expm1 log log1p abs __abs__ sin cos erf tanh sigmoid relu leaky_relu elu selu "
    "celu gelu silu mish softplus softsign logsigmoid tanhshrink hardtanh relu6 hardsigmoid hardswish softshrink "
    "hardshrink maximum minimum clamp".split()
)
BY_ROWS = {
    F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.huber_loss, F.binary_cross_entropy_with_logits, F.cross_entropy,
}  # fmt: skip


class Stacked(TorchFunctionMode):
    """While this is on, each operation does for all models what it does for one, or raises NotStacked.

    ``known`` tells of a tensor how many dimensions it has for one model. The others are the same for
    all models, such as a constant that a module makes for itself.
    """

    def __init__(self, streams=None):
        super().__init__()
        self.streams, self.known = streams, {}

    def know(self, tensor, ndim):
        self.known[id(tensor)] = tensor, ndim  # kept, so that its id stays its own
        return tensor

    def result(self, tensor):
        """Return what came out, unless it is not of all models."""
        if self.ndim(tensor) is None or tensor.ndim != self.ndim(tensor) + 1:
            raise NotStacked("return")
        return tensor

    def ndim(self, tensor):
        return self.known.get(id(tensor), (None, None))[1]

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs, name = kwargs or {}, getattr(func, "__name__", "")
        if name == "cat":
            tensors = list(args[0])
        else:
            tensors = [part for part in (*args, *kwargs.values()) if isinstance(part, torch.Tensor)]
        ndims = [self.ndim(tensor) for tensor in tensors]
        ours = [(tensor, ndim) for tensor, ndim in zip(tensors, ndims) if ndim is not None]
        if not ours:  # of no model
            return func(*args, **kwargs)
        first, ndim = tensors[0], ndims[0]
        regular = all(n is not None and tensor.ndim == n + 1 for tensor, n in zip(tensors, ndims))
        if name in PLACEWISE and "out" not in kwargs:
            places = {tensor.ndim for tensor, _ in ours}
            others = [tensor.ndim for tensor, n in zip(tensors, ndims) if n is None]
            # A bias (m, 1, d) meets (m, rows, d); what has other dimensions would meet the wrong places.
            if len(places) == 1 and max(others, default=0) < min(places):
                return self.know(func(*args, **kwargs), max(n for _, n in ours))
        elif name == "linear" and ndims[0] == ndims[1] == 2 and (len(tensors) < 3 or ndims[2] == 1):
            x, weight, *bias = tensors
            # Features before rows: the gradient of the weight then has the weight's own layout.
            products = torch.baddbmm(bias[0].mT, weight, x.mT) if bias else torch.bmm(weight, x.mT)
            return self.know(products.mT, 2)
        elif func is F.dropout and ndim == 2 and first.ndim == 3:
            return self.know(self.dropout(*args, **kwargs), 2)
        elif not regular:
            pass
        elif name in ("softmax", "log_softmax", "cat") and set(kwargs) <= {"dim", "_stacklevel"}:
            dim = kwargs["dim"] if "dim" in kwargs else args[1] if len(args) > 1 else None
            if len(set(ndims)) == 1 and dim is not None and dim % ndim:  # not along the rows
                parts = args[0] if name == "cat" else first
                return self.know(func(parts, dim=dim % ndim + 1), ndim)
        elif name == "__getitem__" and isinstance(args[1], tuple) and args[1][0] == slice(None):
            if all(isinstance(index, (int, slice)) for index in args[1]):
                found = func(first, (slice(None), *args[1]))
                return self.know(found, found.ndim - 1)
        elif name in ("mean", "sum") and len(args) == 1 and not kwargs:
            return self.know(func(first.flatten(1), 1), 0)
        elif func in BY_ROWS and kwargs.get("reduction", "mean") == "mean":
            losses = self.losses(func, *args, **kwargs)
            if losses is not None:
                return self.know(losses, 0)
        elif (
            func is F.gaussian_nll_loss
            and kwargs.get("reduction", "mean") == "mean"
            and len({tensor.shape for tensor in tensors}) == 1
        ):
            each = func(*args, **kwargs | {"reduction": "none"})
            return self.know(each.flatten(1).mean(1), 0)
        raise NotStacked(name)

    def losses(self, func, prediction, target, **options):
        """Return PyTorch's loss for each model, (m,), or None if it is another kind of mean."""
        plain = all(options.get(name) is None for name in ("weight", "pos_weight", "size_average", "reduce"))
        if not plain or options.get("label_smoothing"):
            return None
        options = options | {"reduction": "none"}
        if func is F.cross_entropy:
            if target.is_floating_point() or prediction.ndim != 3 or target.ndim != 2:
                return None
            each = func(prediction.flatten(0, 1), target.flatten(), **options).view(target.shape)
            return each.sum(1) / (target != options.get("ignore_index", -100)).sum(1)
        if prediction.shape != target.shape:
            return None
        return func(prediction, target, **options).flatten(1).mean(1)

    def dropout(self, x, p=0.5, training=True, inplace=False):
        if not training or p == 0:
            return x
        rows, features = x.shape[1:]
        keep = 0 if p == 1 else self.streams.keep((features, rows), p, x.dtype).mT / (1 - p)
        return x.mul_(keep) if inplace else x * keep


class Dropout(TorchFunctionMode):
    """While this is on, dropout takes a model's masks from its stream."""

    def __init__(self, streams, place):
        super().__init__()
        self.streams, self.place = streams, place

    def __torch_function__(self, func, types, args=(), kwargs=None):
        return (self.dropout if func is F.dropout else func)(*args, **kwargs or {})

    def dropout(self, x, p=0.5, training=True, inplace=False):
        if not training or p == 0:
            return x
        if p == 1:
            return x.mul_(0) if inplace else x * 0
        rows, *rest = x.shape
        keep = self.streams.keep((*rest, rows), p, x.dtype).movedim(-1, 1)[self.place] / (1 - p)
        return x.mul_(keep) if inplace else x * keep


class Stack:
    """The models of an ensemble as one, to be run or, given an optimizer's ``factory``, trained together.

    ``values`` maps a name, such as "0.weight", to that parameter or buffer (m, ...) of all models, and
    ``grads`` the trained ones to their gradients. These are views of one long vector for each of the
    optimizer's groups: so a step is one pass over memory.
    """

    def __init__(self, ensemble, factory=None):
        self.module = copy.deepcopy(ensemble._template)
        self.row_by_row = chain_of(self.module) is not None
        self.model_stacked, self.loss_stacked = ensemble._stacked
        self.values, self.grads, self.size = dict(ensemble._state), {}, len(ensemble)
        self.streams: Streams = None  # type: ignore[assignment]  # for training alone
        if factory is not None:
            self.streams = Streams(ensemble.seeds, ensemble._X.device)
            self.values = {name: value.clone() for name, value in self.values.items()}
            self._hand_over(factory)
        self.chain = Chain(self) if Chain.fits(self.module) else None

    def __len__(self):
        return self.size

    def _hand_over(self, factory):
        """Make the optimizer for one model, whose shapes the factory may ask for, then give it all."""
        names = {parameter: name for name, parameter in self.module.named_parameters()}
        self.optimizer = factory(list(names))
        for group in self.optimizer.param_groups:
            # The same update, in one pass over memory.
            if type(self.optimizer) in FUSED and group["fused"] is None and not group["foreach"]:
                group["fused"] = True
            kinds = {}
            for p in group["params"]:
                if p.requires_grad:
                    kinds.setdefault(p.dtype, []).append(p)
            group["params"] = []
            for members in kinds.values():
                vector = nn.Parameter(torch.cat([self.values[names[p]].flatten() for p in members]))
                vector.grad = torch.zeros_like(vector)
                group["params"].append(vector)
                self._view(vector, [(names[p], p.shape) for p in members])
                # What the optimizer noted before its first step, such as Adagrad's sums.
                noted = [self.optimizer.state.pop(p, {}) for p in members]
                for key, value in noted[0].items():
                    parts = [state[key] for state in noted]
                    alike = all(torch.is_tensor(v) and v.shape == p.shape for v, p in zip(parts, members))
                    if key != "step" and alike:
                        value = torch.cat([part.expand(len(self), *part.shape).flatten() for part in parts])
                    self.optimizer.state[vector][key] = value

    def _view(self, vector, members):
        """Let values and grads be views of ``vector``, which holds ``members`` (name, shape) in a row."""
        vector.members, start = members, 0
        for name, shape in members:
            end = start + len(self) * shape.numel()
            self.values[name] = vector.detach()[start:end].view(len(self), *shape).requires_grad_()
            self.grads[name] = self.values[name].grad = vector.grad[start:end].view(len(self), *shape)
            start = end

    def only(self, models):
        """Go on with some of the models, given by their places, a list."""

        def chosen(vector, members):
            parts = vector.split([len(self) * shape.numel() for _, shape in members])
            return torch.cat([part.view(len(self), -1)[models].flatten() for part in parts])

        self.values = {name: value.detach()[models] for name, value in self.values.items()}
        replaced = []
        for group in self.optimizer.param_groups:
            for place, old in enumerate(group["params"]):
                new = nn.Parameter(chosen(old.detach(), old.members))
                new.grad = chosen(old.grad, old.members)
                for key, value in self.optimizer.state.pop(old, {}).items():
                    own = torch.is_tensor(value) and value.shape == old.shape
                    self.optimizer.state[new][key] = chosen(value, old.members) if own else value
                group["params"][place] = new
                replaced.append((new, old.members))
        self.streams.only(models)
        self.size = len(models)
        for new, members in replaced:
            self._view(new, members)
        self.chain = Chain(self) if self.chain else None

    def __call__(self, x):
        """Return the outputs (m, rows, ...) for inputs (m, rows, d), to be differentiated unless a chain's."""
        if self.chain:
            return self.chain.forward(x)
        if self.model_stacked:
            return self._stacked(x)
        return torch.func.vmap(self._alone)(self.values, x, torch.arange(len(x), device=x.device))

    def _stacked(self, x):
        mode, values = Stacked(self.streams), {}
        for name, value in self.values.items():
            ndim = value.ndim - 1
            # A vector, such as a bias, must meet (m, rows, features) as (m, 1, features).
            values[name] = mode.know(value.view(len(self), *[1] * (2 - ndim), *value.shape[1:]), ndim)
        with mode:
            output = torch.func.functional_call(self.module, values, (mode.know(x, x.ndim - 1),))
        return mode.result(output)

    def _alone(self, values, x, place):
        with Dropout(self.streams, place):
            return torch.func.functional_call(self.module, values, (x,))

    def losses(self, loss, output, *targets):
        """Return each model's loss (m,)."""
        if not self.loss_stacked:
            return torch.func.vmap(loss)(output, *targets)
        mode = Stacked()
        parts = [mode.know(part, part.ndim - 1) for part in (output, *targets)]
        with mode:
            losses = loss(*parts)
        return mode.result(losses)

    def step(self, loss, x, *targets, clip_norm=None):
        """Train on a batch, x (m, rows, d) and what the loss compares with. Return the losses (m,)."""
        losses = self.gradients(loss, x, *targets)
        if clip_norm is not None:
            self.clip(clip_norm)
        self.optimizer.step()
        return losses

    def gradients(self, loss, x, *targets):
        """Write the gradients of a batch. Return the losses (m,)."""
        if not self.chain:
            for group in self.optimizer.param_groups:
                for vector in group["params"]:
                    vector.grad.zero_()
            # Each loss depends on its own model only: the gradient of the sum holds the gradient of each.
            losses = self.losses(loss, self(x), *targets)
            losses.sum().backward()
            return losses.detach()
        with torch.no_grad():
            output = self.chain.forward(x)
            if is_mean_square(loss) and output.shape == targets[0].shape:
                # As autograd would, which takes four times as long for so small a step.
                error = output - targets[0]
                losses, gradient = error.square().mean((1, 2)), error.mul_(2 / math.prod(error.shape[1:]))
            else:
                with torch.enable_grad():
                    losses = self.losses(loss, output.requires_grad_(), *targets)
                    (gradient,) = torch.autograd.grad(losses.sum(), output)
            self.chain.backward(gradient)
        return losses.detach()

    def clip(self, norm):
        """Shorten the gradient of each model that is longer than ``norm``."""
        squares = sum(grad.reshape(len(grad), -1).square().sum(1) for grad in self.grads.values())
        factors = (norm / (squares.sqrt() + 1e-6)).clamp(max=1)
        for grad in self.grads.values():
            grad *= factors.view(-1, *[1] * (grad.ndim - 1))

    @torch.no_grad()
    def evaluate(self, X):
        """Return the outputs (m, rows, ...) in evaluation mode, for X (rows, d) or (m, rows, d)."""
        X = X if X.ndim == 3 else X.expand(len(self), *X.shape)
        with eval_mode(self.module):
            # A copy where the module might change its input, as an activation in place does.
            if self.row_by_row:  # so any number at a time
                parts = X.split(max(1, EVALUATED_ROWS // len(self)), 1)
                return torch.cat([self(x if self.chain else x.clone()) for x in parts], 1)
            alone = torch.func.vmap(self._alone, chunk_size=max(1, EVALUATED_ROWS // X.shape[1]))
            return alone(self.values, X.clone(), torch.arange(len(self), device=X.device))


@torch.no_grad()
def find_way(ensemble, loss, x, *targets):
    """Return whether the module, and whether the loss, is made of operations that Stacked knows.

    Tried on a batch, in training and in evaluation. What fails otherwise, vmap may do, or fails alone.
    """
    ensemble._stacked = True, True
    stack = Stack(ensemble)
    stack.values = {name: value.clone() for name, value in stack.values.items()}
    stack.streams = Streams(ensemble.seeds, x.device)

    def works(call, *arguments):
        try:
            call(*arguments)
        except Exception:
            return False
        return True

    model = all(works(stack._stacked, x.clone()) for module in (stack.module.eval(), stack.module.train()))
    stack.chain, stack.model_stacked = None, model
    try:
        output = stack(x.clone())
    except Exception:
        return model, False
    return model, works(stack.losses, copy.deepcopy(loss), output, *targets)
