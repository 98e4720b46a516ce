"""Pictures of what the book talks about, drawn from the numbers they are given or compute themselves.

Each is inline SVG of the page's own ink and letters, in light and dark, on a phone, on paper and in a
notebook. It says in words what it shows: ``print`` a picture to read that.
"""

import textwrap
from html import escape

import numpy as np
import torch
from sklearn.model_selection import GroupKFold, KFold

from ._svg import WIDTH, Diagram, number
from .plotting import BLUE, ORANGE, PURPLE, VERMILION

TRAINING, VALIDATION, TEST, BACKWARD = BLUE, ORANGE, PURPLE, VERMILION
MOST = 6  # neurons of a layer that are drawn; a larger one is abbreviated
MONO = "var(--pst-font-family-monospace, monospace)"

# The training loop in the words, and in the order, of chapter 2.
LOOP = (
    ("take a mini-batch", "for X, y in …"),
    ("forget old gradients", "zero_grad()"),
    ("predict", "model(X)"),
    ("measure the loss", "loss(…, y)"),
    ("find the gradients", "backward()"),
    ("take a small step", "step()"),
    ("evaluate", "after each epoch"),
)


class Steps:
    """Pictures that follow each other: with buttons on the book's page, one below the other elsewhere."""

    def __init__(self, frames, captions):
        self.frames, self.captions = list(frames), list(captions)

    def __repr__(self):
        return "\n".join(f"{caption} {frame}" for caption, frame in zip(self.captions, self.frames))

    def _repr_html_(self):
        figures = [
            f'<figure style="margin:0 0 1em">{frame._repr_html_()}<figcaption>{escape(caption)}</figcaption></figure>'
            for frame, caption in zip(self.frames, self.captions)
        ]
        return f'<div class="diagram-steps">{"".join(figures)}</div>'


def steps(frames, captions):
    """Let a reader go through pictures with Previous and Next.

    ``frames`` are pictures that functions of this module returned, ``captions`` a sentence for each.
    Where no script runs, on paper and in a notebook, all of them are shown.

    Examples
    --------
    >>> show = steps([training_loop(1), training_loop(2)], ["First, rows.", "Then a clean slate."])
    >>> len(show.frames)
    2
    """
    frames, captions = list(frames), list(captions)
    if not frames or len(frames) != len(captions):
        raise ValueError(f"captions must be one for each of the {len(frames)} frames, got {len(captions)}")
    return Steps(frames, captions)


# ---- networks


def neuron(inputs, weights, bias, activation="identity"):
    """Draw one neuron at work: inputs times weights, added up with the bias, through the activation.

    Parameters
    ----------
    inputs, weights : sequences of 1 to 6 numbers, or of names such as ``["x₁", "x₂"]``
    bias : number or name
        With names there is no arithmetic to show, and none is shown.
    activation : str
        The name of a function of ``torch``, such as ``"tanh"``, ``"sigmoid"`` or ``"relu"``;
        ``"step"`` fires above 0, ``"identity"`` leaves the sum as it is.

    Examples
    --------
    >>> print(neuron([0.5, 1], [1, -2], 0.3, "relu"))
    A neuron: 0.5·1 + 1·(−2) + 0.3 = −1.2, and relu(−1.2) = 0.
    """
    inputs, weights = _list(inputs), _list(weights)
    if not 1 <= len(inputs) <= MOST or len(inputs) != len(weights):
        raise ValueError(
            f"inputs and weights must be 1 to {MOST} each, as many of one as of the other; "
            f"got {len(inputs)} and {len(weights)}"
        )
    functions = {"identity": lambda z: z, "step": lambda z: (z > 0).double()}
    function = functions.get(activation) or getattr(torch, activation, None)
    if function is None:
        raise ValueError(f"activation {activation!r} is no function of torch; give a name such as 'tanh'")
    bias = _list([bias])[0]
    named = any(isinstance(value, str) for value in [*inputs, *weights, bias])
    total, output = "z", "ŷ"
    if not named:
        z = sum(x * w for x, w in zip(inputs, weights)) + bias
        total, output = number(z), number(function(torch.tensor(z, dtype=torch.float64)).item())
    terms = [f"{number(x)}·{number(w, inner=True)}" for x, w in zip(inputs, weights)]
    terms = " + ".join([*terms, number(bias, inner=True)])
    said = [f"{terms} = {total}", f"{activation}({total}) = {output}"]
    lines = textwrap.wrap(said[0], 44, break_long_words=False) + said[1:]
    room = 52 * len(inputs)
    middle = max(room / 2, 60) + 8
    d = Diagram(2 * middle + 24 + 19 * len(lines), f"A neuron: {said[0]}, and {said[1]}.")
    for place, (x, w) in enumerate(zip(inputs, weights)):
        y = middle + 52 * (place - (len(inputs) - 1) / 2)
        _wire(d, (30, y), (160, middle), [(number(w), None)], start=22, end=22, at=0.4, arrow=True)
        d.circle(30, y, 22, tint=0.12, color=BLUE)
        d.text(30, y, number(x))
    d.arrow((160, middle - 50), (160, middle - 22))
    d.text(160, middle - 59, f"bias {number(bias)}")
    d.circle(160, middle, 22)
    d.text(160, middle, "Σ", font_size=18)
    d.arrow((182, middle), (212, middle))
    d.box(244, middle, 64, 30)
    d.text(244, middle, activation, font_size=12)
    d.arrow((276, middle), (294, middle))
    d.circle(317, middle, 22, tint=0.12, color=ORANGE)
    d.text(317, middle, output, font_size=12)
    foot = 2 * middle
    for x, word in ((30, "inputs"), (98, "weights"), (160, "sum"), (244, "activation"), (317, "output")):
        d.text(x, foot, word, font_size=12, opacity=0.8)
    for place, line in enumerate(lines):
        d.text(WIDTH / 2, foot + 24 + 19 * place, line)
    return d


def network(
    sizes, *, labels=None, activation=None, values=None, weights=None, biases=None,
    gradients=None, value_gradients=None, bias_gradients=None,
):  # fmt: skip
    """Draw a network, layer by layer, with numbers at its neurons and lines where they are given.

    Parameters
    ----------
    sizes : sequence of 2 to 6 int
        Neurons of each layer, the inputs first. Of a layer of more than 6 a few are drawn, and its
        size; then the weights are counted below.
    labels : sequence of str, optional
        A word for each layer.
    activation : str, optional
        Named below each hidden layer.
    values, value_gradients : list of a sequence for each layer, optional
        What stands in each neuron, and the gradient of the loss for it; None for a layer without.
    weights, gradients : list of array (out, in) for each pair of layers, optional
        As in ``layer.weight`` and ``layer.weight.grad``; layers of at most 3 neurons.
    biases, bias_gradients : list of a sequence for each layer but the inputs, optional

    Examples
    --------
    >>> print(network([13, 50, 30, 1]))
    A network with layers of 13, 50, 30 and 1 neurons: 13·50 + 50 = 700, 50·30 + 30 = 1,530,
    30·1 + 1 = 31, together 2,261 weights and biases.
    """
    sizes = list(sizes)
    if not 2 <= len(sizes) <= 6 or any(not isinstance(n, int) or n < 1 for n in sizes):
        raise ValueError(f"sizes must be 2 to 6 whole numbers of 1 or more, such as [2, 2, 1]; got {sizes}")
    if labels is not None and len(labels) != len(sizes):
        raise ValueError(f"labels must be one for each of the {len(sizes)} layers, got {len(labels)}")
    pairs = list(zip(sizes, sizes[1:]))
    matrices, later = [(b, a) for a, b in pairs], [(n,) for n in sizes[1:]]
    node = _per_layer("values", values, [(n,) for n in sizes], MOST)
    node_back = _per_layer("value_gradients", value_gradients, [(n,) for n in sizes], MOST)
    edge = _per_layer("weights", weights, matrices, 3)
    edge_back = _per_layer("gradients", gradients, matrices, 3)
    bias = _per_layer("biases", biases, later, MOST)
    bias_back = _per_layer("bias_gradients", bias_gradients, later, MOST)
    forward = any(part is not None for part in (values, weights, biases))
    backward = any(part is not None for part in (value_gradients, gradients, bias_gradients))

    radius, apart = (14, 40) if not (forward or backward) else (20, 74)
    if edge or edge_back or (node_back and bias):
        apart = 150 if max(sizes) > 2 and edge_back else 118
    above = 6 + radius + 16 * bool(bias) + 16 * bool(bias_back)
    drawn = [list(range(n)) if n <= MOST else [0, 1, 2, None, n - 1] for n in sizes]
    most = max(map(len, drawn))
    xs = np.linspace(34, WIDTH - 34, len(sizes))
    ys = [[above + apart * (i + (most - len(layer)) / 2) for i in range(len(layer))] for layer in drawn]
    room = above + apart * (most - 1) + radius + 18 * bool(node_back)
    counts = [f"{a:,}·{b:,} + {b:,} = {a * b + b:,}" for a, b in pairs] if max(sizes) > MOST else []
    total = f"{sum(a * b + b for a, b in pairs):,}"
    names = [[labels[i]] if labels else [] for i in range(len(sizes))]
    for i, n in enumerate(sizes):
        names[i] += [f"{n:,} {'neurons' if i else 'inputs'}"] * (n > MOST)
        names[i] += [activation] * bool(activation and 0 < i < len(sizes) - 1)
    below = room + 4 + 17 * max(map(len, names))
    d = Diagram(below + 19 * (len(counts) + bool(counts)) + 26 * (forward and backward) + 4)
    for i, (a, b) in enumerate(pairs):
        at = 0.5 if min(a, b) == 1 else 0.3 if max(a, b) == 2 else 0.21  # not where lines cross
        for p, j in enumerate(drawn[i]):
            for q, k in enumerate(drawn[i + 1]):
                if j is not None and k is not None:
                    label = [(_at(edge, i, k, j), None), (_at(edge_back, i, k, j), BACKWARD)]
                    ends = (xs[i], ys[i][p]), (xs[i + 1], ys[i + 1][q])
                    _wire(d, *ends, label, start=radius, end=radius, at=at, faint=not (forward or backward))
    for i, layer in enumerate(drawn):
        color = BLUE if i == 0 else ORANGE if i == len(sizes) - 1 else None
        for y, j in zip(ys[i], layer):
            if j is None:
                for dot in (-9, 0, 9):
                    d.circle(xs[i], y + dot, 1.5, tint=1)
                continue
            d.circle(xs[i], y, radius, tint=0.12 if color else 0, color=color)
            d.text(xs[i], y, _at(node, i, j), font_size=12)
            d.text(xs[i], y + radius + 10, _at(node_back, i, j), font_size=12, color=BACKWARD)
            if i:
                value = _at(bias, i - 1, j)
                lift = radius + 10 + 15 * bool(bias_back)
                d.text(xs[i], y - lift, value and f"b {value}", font_size=12)
                d.text(xs[i], y - radius - 10, _at(bias_back, i - 1, j), font_size=12, color=BACKWARD)
        for place, name in enumerate(names[i]):
            d.text(xs[i], room + 12 + 17 * place, name, font_size=12)
    d.text(20, below + 10, "weights + biases" if counts else "", anchor="start", font_size=12, opacity=0.8)
    for place, count in enumerate([*counts, f"together {total}"] if counts else []):
        d.text(WIDTH - 20, below + 10 + 19 * place, count, anchor="end")
    if forward and backward:
        y = d.height - 14
        d.arrow((16, y), (56, y))
        d.text(62, y, "forward", anchor="start", font_size=12)
        d.arrow((WIDTH - 16, y), (WIDTH - 56, y), color=BACKWARD)
        d.text(WIDTH - 62, y, "gradients, backward", anchor="end", font_size=12, color=BACKWARD)
    said = f"A network with layers of {_and(f'{n:,}' for n in sizes)} neurons"
    parts = [f"{', '.join(counts)}, together {total} weights and biases"] if counts else []
    told = (("values", node), ("weights", edge), ("biases", bias), ("gradients of the values", node_back),
            ("gradients of the weights", edge_back), ("gradients of the biases", bias_back))  # fmt: skip
    for name, part in told:
        if part:
            parts.append(f"{name} {'; '.join(_row(layer) for layer in part if layer is not None)}")
    d.title = f"{said}{': ' if parts else ''}{'. '.join(parts)}."
    return d


def dropout(values=(0.4, 1.2, 0.8, 0.3, 1.5, 0.6), p=0.5, training=True, seed=3):
    """Draw a layer before and after dropout, as ``torch`` does it.

    ``values`` are what 2 to 6 neurons give, ``p`` is the share to be dropped, in [0, 1). While
    ``training`` the survivors grow to 1 / (1 - p) times their value; otherwise nothing happens.

    Examples
    --------
    >>> print(dropout([1, 2, 3], p=0.5, training=False))
    Dropout at test time: 1, 2, 3 stay as they are.
    """
    values = _list(values)
    if not 2 <= len(values) <= MOST:
        raise ValueError(f"values must be 2 to {MOST} numbers, got {len(values)}")
    if not 0 <= p < 1:
        raise ValueError(f"p must be in [0, 1), got {p}; 0 switches dropout off")
    before = torch.tensor(values, dtype=torch.float64)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        # Which of them survive is seen on ones: a value may be 0 of itself.
        kept = (torch.nn.functional.dropout(torch.ones_like(before), p, training) > 0).tolist()
        torch.manual_seed(seed)
        after = torch.nn.functional.dropout(before, p, training).tolist()
    d = Diagram(176)
    for x, value, result, stays in zip(np.linspace(34, WIDTH - 34, len(values)), values, after, kept):
        d.circle(x, 52, 22, tint=0.12 if stays else 0, color=BLUE, opacity=1 if stays else 0.5)
        d.text(x, 52, number(value), opacity=1 if stays else 0.6)
        if stays:
            d.arrow((x, 76), (x, 104))
        else:
            d.line((x - 16, 36), (x + 16, 68), color=VERMILION, stroke_width=2.5)
            d.line((x - 16, 68), (x + 16, 36), color=VERMILION, stroke_width=2.5)
        d.circle(x, 128, 22, tint=0.12 if stays else 0, color=ORANGE, opacity=1 if stays else 0.5)
        d.text(x, 128, number(result))
    factor = f"1 / (1 − {number(p)}) = {number(1 / (1 - p))}"
    when = "while training" if training else "at test time"
    d.text(
        WIDTH / 2, 14, f"{when}: {'each dropped with probability ' + number(p) if training else 'all are on'}"
    )
    d.text(WIDTH / 2, 166, f"survivors times {factor}" if training else "nothing is changed")
    d.title = f"Dropout at test time: {_row(values)} stay as they are."
    if training:
        lost = [number(value) for value, stays in zip(values, kept) if not stays]
        d.title = f"Dropout while training: {_row(values)} become {_row(after)}; "
        d.title += f"{len(lost)} of {len(values)} are dropped, the others are multiplied by {factor}."
    return d


def softmax(logits, names=None):
    """Draw the way from logits to probabilities: exp of each, divided by the sum of all.

    ``logits`` are 2 or more numbers, ``names`` of the classes a word each.

    Examples
    --------
    >>> print(softmax([2, 1, 0], names=["cat", "dog", "hen"]))
    Softmax. cat: logit 2, exp 7.39, probability 0.665; dog: logit 1, exp 2.72, probability 0.245;
    hen: logit 0, exp 1, probability 0.09. The exps add up to 11.11.
    """
    logits = _list(logits)
    names = [str(i) for i in range(len(logits))] if names is None else list(names)
    if len(logits) < 2 or len(names) != len(logits):
        raise ValueError(f"names must be one for each of 2 or more logits; got {len(names)}, {len(logits)}")
    if not all(-700 < logit <= 12 for logit in logits):
        raise ValueError(f"logits must be at most 12, so that there is room for their exp; got {logits}")
    exps = np.exp(logits)
    shares = torch.softmax(torch.tensor(logits, dtype=torch.float64), dim=0).tolist()
    total = number(exps.sum())
    d = Diagram(50 + 30 * len(logits) + 10)
    columns = (
        (6, "start", "class"),
        (96, "end", "logit"),
        (168, "end", "exp"),
        (180, "start", "probability"),
    )
    for x, anchor, word in columns:
        d.text(x, 12, word, anchor=anchor, font_size=12, opacity=0.8)
    for row, (name, logit, exp, share) in enumerate(zip(names, logits, exps, shares)):
        y = 40 + 30 * row
        d.text(6, y, name, anchor="start")
        d.text(96, y, number(logit), anchor="end")
        d.text(168, y, number(exp), anchor="end")
        d.box(180 + 55 * share, y, 110 * share, 18, rx=1, tint=0.35, color=BLUE)
        d.text(186 + 110 * share, y, number(share, 3), anchor="start")
    y = 40 + 30 * len(logits)
    d.line((104, y - 14), (168, y - 14))
    d.text(96, y, "sum", anchor="end", font_size=12, opacity=0.8)
    d.text(168, y, total, anchor="end")
    d.text(180, y, f"exp divided by {total}", anchor="start", font_size=12, opacity=0.8)
    said = [
        f"{name}: logit {number(logit)}, exp {number(exp)}, probability {number(share, 3)}"
        for name, logit, exp, share in zip(names, logits, exps, shares)
    ]
    d.title = f"Softmax. {'; '.join(said)}. The exps add up to {total}."
    return d


# ---- training


def training_loop(highlight=None):
    """Draw the seven steps of the training loop as a ring, one of them in colour if you like.

    ``highlight`` is a number from 1, take a mini-batch, to 7, evaluate.

    Examples
    --------
    >>> print(training_loop(5))
    The training loop: 1 take a mini-batch, 2 forget old gradients, 3 predict, 4 measure the loss,
    5 find the gradients, 6 take a small step, and again with the next mini-batch; after each epoch,
    7 evaluate. Step 5 is highlighted.
    """
    if highlight is not None and highlight not in range(1, len(LOOP) + 1):
        raise ValueError(f"highlight must be a step from 1 to {len(LOOP)}, or None; got {highlight!r}")
    right, left = WIDTH - 78, 78
    places = [
        (right, 130),
        (right, 210),
        (right, 290),
        (left, 290),
        (left, 210),
        (left, 130),
        (WIDTH / 2, 34),
    ]
    d = Diagram(322)
    for place, ((x, y), (words, code)) in enumerate(zip(places, LOOP), start=1):
        chosen = place == highlight
        look = {"color": ORANGE, "tint": 0.3, "stroke_width": 3} if chosen else {}
        d.box(x, y, 148, 52, rx=12, **look)
        d.text(x, y - 10, f"{place} {words}", font_size=12.5)
        d.text(x, y + 11, code, font_size=12, font_family=MONO if "(" in code or "…" in code else None)
    for x, start, end in ((right, 156, 184), (right, 236, 264), (left, 264, 236), (left, 184, 156)):
        d.arrow((x, start), (x, end))
    d.arrow((right - 74, 290), (left + 74, 290))
    d.arrow((left + 74, 130), (right - 74, 130))
    d.text(WIDTH / 2, 92, "next mini-batch", font_size=12)
    d.line((WIDTH / 2, 101), (WIDTH / 2, 127), stroke_width=0.7)
    d.arrow((left, 104), (left, 34), (WIDTH / 2 - 74, 34), stroke_dasharray="5 4")
    d.arrow((WIDTH / 2 + 74, 34), (right, 34), (right, 104), stroke_dasharray="5 4")
    words = [f"{place} {words}" for place, (words, _) in enumerate(LOOP, start=1)]
    again = f"{', '.join(words[:6])}, and again with the next mini-batch; after each epoch, {words[6]}"
    d.title = f"The training loop: {again}."
    if highlight:
        d.title += f" Step {highlight} is highlighted."
    return d


def descent(curvatures=(1, 10), rates=(0.05, 0.18), start=(10, 3), count=20):
    """Draw gradient descent in a bowl seen from above, a panel for each learning rate.

    The bowl is ``L = (c₁ x² + c₂ y²) / 2`` with the two ``curvatures`` c₁ and c₂, both above 0; from
    ``start`` the path takes ``count`` steps, each to ``x − rate · c₁ x`` and ``y − rate · c₂ y``.

    Examples
    --------
    >>> print(descent(rates=[0.1], start=(1, 1), count=2))
    A bowl with curvatures 1 and 10. At learning rate 0.1 the loss goes from 5.5 to 0.33 in 2 steps.
    """
    c, rates = np.array(_list(curvatures)), _list(rates)
    if c.shape != (2,) or not (c > 0).all():
        raise ValueError(f"curvatures must be two numbers above 0, got {curvatures!r}")
    if not rates:
        raise ValueError("rates must hold one or more learning rates, it is empty")
    start = np.array(_list(start))
    if start.shape != (2,) or not start.all():
        raise ValueError(f"start must be two numbers, neither of them 0; got {start.tolist()}")
    # One scale for both directions, so that a step stands upright on its contour.
    scale = (WIDTH - 20) / (1.5 * abs(start[0]))
    half = float(np.clip(1.35 * scale * abs(start[1]), 60, 160))
    d = Diagram(len(rates) * (2 * half + 44))
    said = []
    for panel, rate in enumerate(rates):
        path = _path(c, rate, start, count)
        losses = (c * path**2).sum(axis=1) / 2
        ends = [number(loss) if loss < 1e6 else "over a million" for loss in losses[[0, -1]]]
        said.append(f"At learning rate {number(rate, 3)} the loss goes from {' to '.join(ends)}")
        said[-1] += f" in {len(path) - 1} steps"
        top = panel * (2 * half + 44)
        d.text(10, top + 12, f"learning rate {number(rate, 3)}: loss {' → '.join(ends)}", anchor="start")
        frame = Diagram(2 * half, width=WIDTH - 20)
        middle = np.array([0.28 * frame.width, half])
        for level in losses[0] * np.array([0.02, 0.1, 0.3, 0.6, 1.0, 1.6, 2.5]):
            rx, ry = scale * np.sqrt(2 * level / c)
            frame.shape("ellipse", cx=middle[0], cy=half, rx=rx, ry=ry, opacity=0.3, stroke_width=1)
        frame.text(middle[0], half, "+", font_size=16)
        seen = [tuple(middle + scale * point * (np.sign(start[0]), -1)) for point in path]
        frame.line(*seen, color=BLUE, stroke_width=2, stroke_linejoin="round")
        for place, (x, y) in enumerate(seen):
            frame.circle(x, y, 4 if place == 0 else 2.5, tint=1, color=VERMILION if place == 0 else BLUE)
        size = {"x": 10, "y": top + 24, "width": frame.width, "height": frame.height}
        d.add("svg", "".join(frame.parts), **size)  # which cuts off what lies beyond it
        d.shape("rect", **size, opacity=0.4, stroke_width=1)
    d.title = f"A bowl with curvatures {number(c[0])} and {number(c[1])}. {'. '.join(said)}."
    return d


def _path(curvatures, rate, start, count):
    path = [start]
    # A path that leaves the bowl for good ends far outside of the picture.
    while len(path) <= count and abs(path[-1]).max() < 100 * abs(start).max():
        path.append(path[-1] - rate * curvatures * path[-1])
    return np.stack(path)


RULES = {"SGD": torch.optim.SGD, "AdaGrad": torch.optim.Adagrad, "RMSprop": torch.optim.RMSprop,
         "Adam": torch.optim.Adam}  # fmt: skip


def per_weight_steps(gradients=(1.0, 0.01), lr=0.1, count=10, optimizers=None):
    """Draw how far optimizers move two weights, step by step; ``torch.optim`` does the walking.

    Parameters
    ----------
    gradients : two numbers, or array (count, 2)
        The same gradient of each weight at every step, or one for each step.
    lr : float
    count : int
        Steps, where ``gradients`` are two numbers.
    optimizers : dict of name -> callable (params, lr=...) -> optimizer
        SGD, AdaGrad, RMSprop and Adam as torch has them, if None.

    Examples
    --------
    >>> print(per_weight_steps(optimizers={"SGD": torch.optim.SGD}))
    How far two weights move in 10 steps at learning rate 0.1. SGD: 1 and 0.01, 100 to 1.
    """
    given = np.array(gradients, dtype=float)
    if given.shape != (2,) and (given.ndim != 2 or given.shape[1] != 2 or not len(given)):
        raise ValueError(f"gradients must be two numbers or of shape (steps, 2), got shape {given.shape}")
    given = np.tile(given, (count, 1)) if given.ndim == 1 else given
    optimizers = optimizers or RULES
    d = Diagram(20 + 82 * len(optimizers))
    said = []
    d.text(6, 10, "a tick is a step; each has a scale of its own", anchor="start", font_size=12, opacity=0.8)
    for row, (name, make) in enumerate(optimizers.items()):
        places = np.abs(_walk(make, given, lr))
        ends, longest = places[-1], places.max() or 1.0
        top = 26 + 82 * row
        d.text(6, top + 10, name, anchor="start", font_weight="bold")
        for weight, color in enumerate((BLUE, ORANGE)):
            y = top + 33 + 24 * weight
            d.text(6, y, f"w{'₁₂'[weight]}", anchor="start")
            length = 240 * places[:, weight] / longest
            d.box(32 + length[-1] / 2, y, length[-1], 16, rx=1, tint=0.3, color=color)
            for x in length[1:-1]:
                d.line((32 + x, y - 8), (32 + x, y + 8), color=color, stroke_width=1)
            d.text(38 + length[-1], y, number(ends[weight]), anchor="start")
        ratio = f", {number(ends[0] / ends[1], 1)} to 1" if ends[1] else ""
        said.append(f"{name}: {number(ends[0])} and {number(ends[1])}{ratio}")
    d.title = (
        f"How far two weights move in {len(given)} steps at learning rate {number(lr, 4)}. {'; '.join(said)}."
    )
    return d


def _walk(make, gradients, lr):
    """Return where two weights are that start at 0 and are given ``gradients``: array (steps + 1, 2)."""
    # A tensor for each: some rules look at a tensor as a whole.
    weights = [torch.zeros(1, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    optimizer = make(weights, lr=lr)
    places = [[0.0, 0.0]]
    for step in gradients:
        for weight, gradient in zip(weights, step):
            weight.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
        places.append([weight.item() for weight in weights])
    return np.array(places)


# ---- splits of a table


def parts(sizes):
    """Draw how a table's rows are parted; ``sizes`` maps "training", "validation", "test" to rows.

    Examples
    --------
    >>> print(parts({"training": 60, "validation": 20, "test": 20}))
    100 rows in parts: 60 training (60%), 20 validation (20%), 20 test (20%).
    """
    colors = {"training": TRAINING, "validation": VALIDATION, "test": TEST}
    if not sizes or not sizes.keys() <= colors.keys() or any(n < 1 for n in sizes.values()):
        raise ValueError(f"sizes must map names of {list(colors)} to 1 or more rows, got {sizes!r}")
    total, x = sum(sizes.values()), 6.0
    d = Diagram(74 + 24 * len(sizes))
    d.text(6, 12, f"{total:,} rows", anchor="start", font_size=12, opacity=0.8)
    said = []
    for row, (name, size) in enumerate(sizes.items()):
        share, width = f"{size / total:.0%}", (WIDTH - 12) * size / total
        d.box(x + width / 2, 44, width, 36, rx=1, tint=0.3, color=colors[name])
        x += width
        d.box(14, 82 + 24 * row, 14, 14, rx=1, tint=0.3, color=colors[name])
        d.text(30, 82 + 24 * row, f"{name}: {size:,} rows, {share}", anchor="start")
        said.append(f"{size:,} {name} ({share})")
    d.title = f"{total:,} rows in parts: {', '.join(said)}."
    return d


def folds(k, highlight=None, groups=None):
    """Draw the folds of cross-validation, a row for each: which part is held out in turn.

    Parameters
    ----------
    k : int
        Folds, 2 to 10.
    highlight : int, optional
        One fold to bring out, from 1.
    groups : str or sequence of letters, optional
        The group of each of up to 16 rows of data, such as ``"AABBBCDD"``: rows of a group stay
        together, as scikit-learn's ``GroupKFold`` keeps them.

    Examples
    --------
    >>> print(folds(3))
    3 folds. Fold 1 holds out part 1; fold 2 holds out part 2; fold 3 holds out part 3.
    >>> print(folds(2, groups="AABBCC"))
    2 folds that keep groups together. Fold 1 holds out A, C; fold 2 holds out B.
    """
    _whole("k", k, 2, 10)
    if highlight is not None:
        _whole("highlight", highlight, 1, k)
    names = list(groups) if groups is not None else [str(i + 1) for i in range(k)]
    if len(names) > 16 or len(set(names)) < k:
        raise ValueError(f"groups must be of {k} kinds or more in at most 16 rows, got {names}")
    splitter = KFold(k) if groups is None else GroupKFold(k)
    held_out = [test.tolist() for _, test in splitter.split(names, groups=groups and names)]
    d = Diagram(24 + 30 * k + 26)
    d.text(56, 12, "parts of the rows" if groups is None else "rows, and the group of each", anchor="start",
           font_size=12, opacity=0.8)  # fmt: skip
    for row, out in enumerate(held_out):
        faint = 0.35 if highlight not in (None, row + 1) else None
        d.text(4, 40 + 30 * row, f"fold {row + 1}", anchor="start", opacity=faint)
        _cells(d, 56, 40 + 30 * row, WIDTH - 60, [(name, i in out) for i, name in enumerate(names)], faint)
    _key(d, 40 + 30 * k, (("training", TRAINING), ("held out", VALIDATION)))
    what = "part " if groups is None else ""
    kinds = [", ".join(dict.fromkeys(names[i] for i in out)) for out in held_out]
    said = [f"{'Fold' if i == 0 else 'fold'} {i + 1} holds out {what}{kind}" for i, kind in enumerate(kinds)]
    d.title = f"{k} folds{'' if groups is None else ' that keep groups together'}. {'; '.join(said)}."
    d.title += f" Fold {highlight} is highlighted." if highlight else ""
    return d


def nested_folds(outer=4, inner=3, show=1):
    """Draw cross-validation within cross-validation: inner folds choose, outer folds judge.

    ``outer`` and ``inner`` are the folds of each, 2 to 10; the inner ones are drawn within outer
    fold ``show``, which counts from 1.

    Examples
    --------
    >>> print(nested_folds(4, 3))
    4 outer folds, each with a part for the test. Within outer fold 1 the other parts are split into
    3 inner folds, each with a part for validation.
    """
    _whole("outer", outer, 2, 10)
    _whole("inner", inner, 2, 10)
    _whole("show", show, 1, outer)
    d = Diagram(24 + 30 * (outer + inner) + 26 + 24)
    left, width = 66, WIDTH - 70
    part = width / outer
    y = 12.0
    d.text(left, y, "outer folds: how good is what was chosen?", anchor="start", font_size=12, opacity=0.8)
    for fold in range(outer):
        y += 30
        d.text(4, y, f"outer {fold + 1}", anchor="start", font_weight="bold" if fold + 1 == show else None)
        for place in range(outer):
            color = TEST if place == fold else TRAINING
            d.box(left + part * (place + 0.5), y, part - 2, 22, rx=2, tint=0.3, color=color)
    y += 30
    d.text(
        left,
        y,
        f"within outer {show}, inner folds: which to choose?",
        anchor="start",
        font_size=12,
        opacity=0.8,
    )
    # The rows that outer fold `show` trains on, left and right of its test part, cut into equal folds.
    share = (outer - 1) / inner
    for fold in range(inner):
        y += 30
        d.text(4, y, f"inner {fold + 1}", anchor="start")
        d.box(left + part * (show - 0.5), y, part - 2, 22, rx=2, stroke_dasharray="3 3", opacity=0.4)
        for place in range(inner):
            color = VALIDATION if place == fold else TRAINING
            for start, end in _around(place * share, (place + 1) * share, show - 1):
                wide = part * (end - start) - 2
                d.box(left + part * start + 1 + wide / 2, y, wide, 22, rx=2, tint=0.3, color=color)
    _key(d, y + 30, (("training", TRAINING), ("validation", VALIDATION), ("test", TEST)))
    d.height = y + 44
    d.title = (
        f"{outer} outer folds, each with a part for the test. Within outer fold {show} the other parts are "
        f"split into {inner} inner folds, each with a part for validation."
    )
    return d


# ---- a computation and its gradients


def graph(root, edges=None, *, backward=None, digits=2):
    """Draw a computation from its inputs, above, to its result, below: values, and gradients in colour.

    Parameters
    ----------
    root : object, or dict
        The result of a computation, whose nodes have ``data``, ``grad``, the nodes ``_parents`` that
        they were made of, the name ``_op`` of the operation, and maybe a ``label``. Or a dict of
        name -> (operation or "", value, gradient or None), the result last, with ``edges``.
    edges : list of pairs of names (from, to)
        With a dict, and only then.
    backward : int, optional
        How many nodes' gradients are shown yet, in the order of the backward pass; all if None.
    digits : int
        After the point of a value.

    Examples
    --------
    >>> nodes = {"a": ("", 2, 3), "b": ("", 3, 2), "c": ("×", 6, 1)}
    >>> print(graph(nodes, [("a", "c"), ("b", "c")]))
    A computation: a = 2, b = 3, c = a × b = 6. Gradients: c 1, b 2, a 3.
    """
    nodes, parents = _computation(root, edges)
    order = [*nodes][::-1]
    if backward is not None:
        _whole("backward", backward, 0, len(order))
    shown = [n for n in order[:backward] if nodes[n][3] is not None]
    children = {n: [m for m in nodes if n in parents[m]] for n in nodes}
    level = {}  # from the result up: a node stands above all that is made of it
    for n in order:
        level[n] = max((level[m] + 1 for m in children[n]), default=0)
    column, free = {}, iter(range(len(nodes)))

    def place(n):  # inputs side by side, a result below the middle of what it is made of
        if n not in column:
            column[n] = 0.0
            for m in parents[n]:
                place(m)
            above = [column[m] for m in dict.fromkeys(parents[n])]
            column[n] = sum(above) / len(above) if above else float(next(free))

    place(order[0])
    wide = max(column.values()) + 1
    step = max(66.0, min(100.0, (WIDTH - 8) / wide))
    width, deepest = max(WIDTH, step * wide + 8), max(level.values())
    at = {n: (width / 2 + step * (column[n] - (wide - 1) / 2), 96 * (deepest - level[n]) + 22) for n in nodes}
    d = Diagram(96 * deepest + 50, width=width)
    for n in nodes:
        x, y = at[n]
        for m in parents[n]:
            (from_x, from_y), end = at[m], (x + np.clip(at[m][0] - x, -10, 10) * 0.8, y - 40)
            # A line over several levels goes straight down beside the boxes in between.
            between = [at[k][0] for k in nodes if level[n] < level[k] < level[m]]
            lanes = [from_x + side * off for off in range(0, 200, 20) for side in (1, -1)]
            clear = (w for w in lanes if 0 < w < width and all(abs(w - z) > 34 for z in between))
            lane = next(clear, from_x)
            way = [(lane, from_y + 60), (lane, y - 80)] if between else []
            d.arrow((from_x, from_y + 24), *way, end, opacity=0.8)
        name, op, value, gradient = nodes[n]
        current = shown and n == shown[-1] and backward is not None
        if op:
            d.box(x, y - 31, 14 + 8 * len(op), 20, rx=10)
            d.text(x, y - 31, op, font_size=12)
        look = {"color": BACKWARD, "stroke_width": 3} if current else {"color": None if op else BLUE}
        d.box(x, y + 2, 60, 44, tint=0.1, **look)
        equals = " = " if len(name + number(value, digits)) < 8 else " "
        d.text(x, y - 8, equals.join(filter(None, [name, number(value, digits)])), font_size=12)
        if n in shown:
            d.text(x, y + 13, number(gradient, digits), font_size=12, color=BACKWARD)
    said = []
    for n in reversed(order):
        name, op, value, _ = nodes[n]
        made = f" {op} ".join(nodes[m][0] for m in parents[n]) if len(parents[n]) > 1 else ""
        made = made or "".join(f"{op}({nodes[m][0]})" for m in parents[n])
        said.append(" = ".join(filter(None, [name, made, number(value, digits)])))
    d.title = f"A computation: {', '.join(said)}."
    if shown:
        d.title += f" Gradients: {', '.join(f'{nodes[n][0]} {number(nodes[n][3], digits)}' for n in shown)}."
    return d


def backward_steps(root, edges=None, digits=2):
    """Let a reader step through the backward pass of what ``graph`` draws, node by node.

    Examples
    --------
    >>> nodes = {"a": ("", 2, 3), "b": ("", 3, 2), "c": ("×", 6, 1)}
    >>> backward_steps(nodes, [("a", "c"), ("b", "c")]).captions[1]
    'The gradient of c is 1.'
    """
    nodes, _ = _computation(root, edges)
    order = [*nodes][::-1]
    if any(nodes[n][3] is None for n in order):
        raise ValueError("root has nodes without a gradient: call its backward(), or give each in the dict")
    captions = ["Forward: the values, and no gradient yet."]
    captions += [f"The gradient of {nodes[n][0]} is {number(nodes[n][3], digits)}." for n in order]
    return steps([graph(root, edges, backward=i, digits=digits) for i in range(len(order) + 1)], captions)


# ---- what they share


def _row(values):
    return ", ".join(map(number, np.ravel(values)))


def _and(words):
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _list(values):
    """Return numbers as floats and names as they are, of a list, an array or a tensor."""
    return [value if isinstance(value, str) else float(value) for value in _plain(values)]


def _plain(values):
    return values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else values


def _whole(name, value, least, most):
    if not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"{name} must be a whole number from {least} to {most}, got {value!r}")


def _per_layer(name, parts, shapes, most):
    """Check the numbers for each layer, or each pair of layers; return them as arrays."""
    if parts is None:
        return None
    arrays = [None if part is None else np.array(_plain(part), dtype=float) for part in parts]
    found = [shape if a is None else a.shape for a, shape in zip(arrays, shapes)]
    if len(parts) != len(shapes) or found != shapes:
        raise ValueError(
            f"{name} must be of shapes {shapes}, got {[np.shape(_plain(part)) for part in parts]}"
        )
    if max(max(shape) for shape in shapes) > most:
        raise ValueError(f"{name} have room in layers of at most {most} neurons; leave them out")
    return arrays


def _at(layers, i, *place):
    return None if layers is None or layers[i] is None else number(layers[i][place])


def _wire(d, start_at, end_at, labels, *, start, end, at, arrow=False, faint=False):
    """Draw a line between two circles of the radii ``start`` and ``end``, with a gap where its labels stand."""
    a, b = np.array(start_at, dtype=float), np.array(end_at, dtype=float)
    length = np.hypot(*(b - a))
    way = (b - a) / length
    a, b, length = a + start * way, b - end * way, length - start - end
    labels = [(text, color) for text, color in labels if text]
    draw = d.arrow if arrow else d.line
    if not labels:
        draw(tuple(a), tuple(b), opacity=0.25 if faint else 0.6, stroke_width=1)
        return
    middle = a + at * length * way
    wide, high = 3.6 * max(len(text) for text, _ in labels) + 3, 7.5 * len(labels)
    gap = min(wide / max(abs(way[0]), 1e-9), high / max(abs(way[1]), 1e-9))
    if at * length > gap:
        d.line(tuple(a), tuple(middle - gap * way), opacity=0.6, stroke_width=1)
    draw(tuple(middle + gap * way), tuple(b), opacity=0.6, stroke_width=1)
    for place, (text, color) in enumerate(labels):
        d.text(middle[0], middle[1] + 14 * (place - (len(labels) - 1) / 2), text, color=color, font_size=12)


def _cells(d, x, y, width, cells, opacity):
    wide = width / len(cells)
    for place, (name, held_out) in enumerate(cells):
        middle = x + wide * (place + 0.5)
        color = VALIDATION if held_out else TRAINING
        d.box(middle, y, wide - 2, 22, rx=2, tint=0.4 if held_out else 0.15, color=color, opacity=opacity)
        d.text(middle, y, name, font_size=12, opacity=opacity, font_weight="bold" if held_out else None)


def _key(d, y, entries):
    for place, (name, color) in enumerate(entries):
        x = 66 + 92 * place
        d.box(x + 7, y, 14, 14, rx=1, tint=0.3, color=color)
        d.text(x + 20, y, name, anchor="start", font_size=12)


def _around(start, end, hole):
    """Cut the stretch from ``start`` to ``end`` where a part of length 1 at ``hole`` is left out."""
    if end <= hole + 1e-9:
        return [(start, end)]
    if start >= hole - 1e-9:
        return [(start + 1, end + 1)]
    return [(start, hole), (hole + 1, end + 1)]


def _computation(root, edges):
    """Return nodes, key -> (name, operation, value, gradient), inputs first, and the keys each is made of."""
    if isinstance(root, dict):
        names = [*root]
        earlier = [(a, b) for a, b in edges or [] if a in names and b in names[names.index(a) + 1 :]]
        if edges is None or len(earlier) != len(edges) or {a for a, _ in edges} != set(names[:-1]):
            raise ValueError(
                "edges must lead from each name of the dict but the last to a later one, such as "
                f"[('a', 'c'), ('b', 'c')]; got {edges!r} for {names}"
            )
        return {n: (n, *about) for n, about in root.items()}, {
            n: [a for a, b in edges if b == n] for n in names
        }
    if lacking := [name for name in ("data", "grad", "_parents", "_op") if not hasattr(root, name)]:
        raise ValueError(f"root must be a dict, or have {_and(lacking)} as a node of a small autograd has")
    nodes, parents = {}, {}

    def visit(node):
        if id(node) not in parents:
            parents[id(node)] = [visit(parent) for parent in node._parents]
            gradient = None if node.grad is None else float(node.grad)
            nodes[id(node)] = (getattr(node, "label", ""), node._op, float(node.data), gradient)
        return id(node)

    visit(root)
    return nodes, parents
