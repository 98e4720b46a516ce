"""Checks of the exercises of chapter 1: perceptrons."""

import dis

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from helpers.exercises._report import Wrong, call, check, choice, function, number, tensor

# Of float32, whatever the default of the notebook was when it imported this.
POINTS = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]]).float()
AND, OR, XOR = torch.tensor([[0, 0, 0, 1], [0, 1, 1, 1], [0, 1, 1, 0]]).float()
TASKS = {"AND": AND, "OR": OR, "XOR": XOR, "NAND": 1 - AND, "NOR": 1 - OR, "the opposite of XOR": 1 - XOR}


def _task(answers):
    """Name what four answers (4,) compute, if it has a name."""
    if len(answers.unique()) == 1:
        return f"{answers[0]:.0f} at every point"
    return next((name for name, y in TASKS.items() if torch.equal(answers, y)), None)


@check
def check_01_nand(w, b):
    """The two weights and the bias of a neuron that computes NAND."""
    w, b = tensor(w, "w", (2,)), number(b, "b")
    z = POINTS @ w + b
    # 0.7 + 0.1 - 0.8 is 0, whatever a computer's rounding makes of it.
    z[z.abs() < 1e-6 * (w.abs().sum() + abs(b))] = 0
    answers, wanted = (z > 0).float(), 1 - AND
    if torch.equal(answers, wanted):
        return f"It fires at three points and not at (1, 1): NAND. The weighted sums: {z.tolist()}"
    if torch.equal(answers, AND):
        raise Wrong("This neuron computes AND. NAND fires where AND does not: which sums must change sign?")
    if ((z == 0) & (wanted == 1)).any():
        raise Wrong(
            "Some weighted sum is exactly 0, and a neuron fires only above 0. Shift the line a little."
        )
    name = _task(answers)
    missed = [tuple(point) for point in POINTS[answers != wanted].int().tolist()]
    raise Wrong(
        f"{f'This neuron computes {name}' if name else 'Not yet NAND'}: it is wrong at {missed}.\n"
        "Work out w1·x1 + w2·x2 + b there, and ask which of the three numbers moves it to the other side of 0."
    )


def _epochs(y, factor):
    """Count the epochs of the perceptron rule from zero, each change times ``factor``."""
    w, b = torch.zeros(2), torch.zeros(())
    for epoch in range(1, 100):
        mistakes = 0
        for x_i, y_i in zip(POINTS, y):
            error = y_i - (x_i @ w + b > 0).float()
            w, b = w + factor * error * x_i, b + factor * error
            mistakes += int(error != 0)
        if mistakes == 0:
            return epoch


@check
def check_01_ten_times(guess):
    """One of "fewer", "the same", "more" and "no end"."""
    guess = choice(guess, "my_guess", ["fewer", "the same", "more", "no end"])
    runs = "; ".join(
        f"{name}: {_epochs(y, 1)} epochs, with changes ten times as large {_epochs(y, 10)}"
        for name, y in {"AND": AND, "OR": OR}.items()
    )
    if guess == "the same":
        return f"You were right. {runs}.\nFrom a start at zero, every w and b is ten times as large, and the line is where it was."
    hint = {
        "fewer": "Larger steps, yes, but over weights that have grown as well.",
        "more": "It does not overshoot: what it would have to undo has grown as well.",
        "no end": "A line exists, so the rule must stop, whatever the size of its changes.",
    }[guess]
    raise Wrong(f"{runs}.\n{hint} Where is the line w·x + b = 0 if w and b are ten times as large?")


@check
def check_01_third_feature(feature):
    """A function of x1 and x2 that gives each point a third number."""
    function(feature, "my_feature")
    values = [_feature_at(feature, point) for point in POINTS]
    again = [_feature_at(feature, point) for point in POINTS.flip(0)][::-1]
    if values != again:
        raise Wrong(
            "Asked twice about the same point, it gives two different numbers. A feature is a property of the point."
        )
    column = torch.tensor(values)
    shown = f"Its values at the four points: {[round(value, 3) for value in values]}."
    if len(set(values)) == 1:
        raise Wrong(
            f"{shown}\nThe same number everywhere tells the neuron nothing; the bias does that already."
        )
    for name, inputs in {"x1": POINTS[:, 0], "x2": POINTS[:, 1]}.items():
        if torch.allclose(column, inputs):
            raise Wrong(
                f"{shown}\nAt these four points that is {name} once more, which the neuron has already."
            )
    # The neuron adds up x1, x2, the feature and a bias; the alternating sum is blind to all but the feature.
    if abs(values[0] - values[1] - values[2] + values[3]) < 1e-5 * column.abs().max():
        raise Wrong(
            f"{shown}\nThat is a weighted sum of x1 and x2 plus a constant: what one neuron computes by itself.\n"
            "Which third number would say that x1 and x2 are 1 together?"
        )
    if torch.equal(column, XOR):
        return (
            f"{shown}\nIt works: the feature is XOR itself. Can you find one that is not the answer already?"
        )
    return (
        f"{shown}\nWith this third number one neuron can do XOR. A hidden layer finds such numbers by itself."
    )


def _feature_at(feature, point):
    """Give ``feature`` the two inputs as tensors or, if it cannot take these, as floats or as integers."""
    refused: list[Exception] = []
    for x1, x2 in (point, point.tolist(), point.int().tolist()):
        try:
            value = call(feature, x1, x2)
            break
        except Exception as error:
            refused.append(error)
    else:
        raise refused[0]
    # `x1 and x2`, `x1 != x2`: a truth value is a number here, 0 or 1.
    truth = isinstance(value, bool) or str(getattr(value, "dtype", "")) in ("bool", "torch.bool")
    return number(value + 0 if truth else value, f"my_feature({point[0]:.0f}, {point[1]:.0f})")


@check
def check_01_loop(train):
    """A function of x (N, 1) and y (N,) that trains a neuron and returns it."""
    function(train, "my_training")
    x, y = torch.arange(5.0), torch.tensor([1.0, 0.5, 3.0, 4.5, 4.0])
    found, A, best = _line(train, x, y)
    shown = f"Slope and intercept: {_pair(found)}; least squares: {_pair(best)}."
    if torch.allclose(found, best, atol=0.01):
        others = torch.tensor([0.0, 1.0, 1.5, 2.0, 3.0, 3.5, 4.0]), torch.rand(7) * 4 - 2
        found, _, best = _line(train, *others)
        if not torch.allclose(found, best, atol=0.01):
            raise Wrong(
                f"{shown}\nFor these five points, yes. For seven others it gives {_pair(found)} where {_pair(best)}\n"
                "is right. Does it learn from the x and y it is given?"
            )
        return f"{shown}\nBoth bugs are gone, and the loop has arrived."
    if torch.allclose(found, torch.stack([torch.zeros(()), y.mean()]), atol=0.05):
        raise Wrong(
            f"{shown}\nIt settles, but on a flat line at the mean of y, as if each prediction had been compared\n"
            "with every target. Print the shape of neuron(x) - y."
        )
    if (A @ found - y).square().mean() < 1.5 * (A @ best - y).square().mean():
        raise Wrong(f"{shown}\nOn its way, and not there yet: it needs more steps or larger ones.")
    raise Wrong(
        f"{shown}\nIt never settles: print the loss every few steps and watch it swing.\n"
        "What does backward() do with the gradient of the step before?"
    )


def _line(train, x, y):
    """Return what ``train`` finds, (slope, intercept), the points as a matrix (N, 2), and the best line."""
    neuron = call(train, x.unsqueeze(1), y)
    if not isinstance(neuron, nn.Module):
        raise Wrong("my_training must return the trained neuron. Is the last line `return neuron`?")
    line = call(neuron, torch.tensor([[0.0], [1.0]])).detach().float().ravel()
    found = torch.stack([line[1] - line[0], line[0]])
    if not found.isfinite().all():
        raise Wrong(
            "The weights are nan: each step went further than the one before. Is the learning rate still 0.05?"
        )
    A = torch.column_stack([x, torch.ones(len(x))])
    return found, A, torch.linalg.lstsq(A, y.unsqueeze(1)).solution.ravel()


def _pair(line):
    return f"{line[0]:.2f} and {line[1]:.2f}"


@check
def check_01_equal(network):
    """A function of the points (4, 2) that gives 1 where both inputs are equal, else 0."""
    function(network, "my_network")
    order, neurons = [2, 0, 3, 1], _Neurons()

    def watched(x):
        with neurons:
            return network(x)

    answers = tensor(call(watched, POINTS), "The answer to the four points", (4,))
    shuffled = tensor(call(network, POINTS[order]), "The answer to the four points", (4,))
    if not ((answers == 0) | (answers == 1)).all():
        raise Wrong(
            f"The answers {answers.tolist()} should be 0 or 1: does the last neuron fire, or only add up?"
        )
    if not torch.equal(shuffled, answers[order]):
        raise Wrong("With the points in another order the answers do not follow. Compute them from x.")
    if torch.equal(answers, 1 - XOR):
        # Python numbers and arrays cannot be watched, so there the code has to tell.
        if neurons.logic or (neurons.hidden and _compares(getattr(network, "__code__", None))):
            raise Wrong(
                "The answers are right, but a comparison of two inputs, an `and` or a `not` is no neuron.\n"
                "A neuron weighs, adds up and fires. Which three of them would do?"
            )
        if neurons.fired < 3 and not neurons.hidden:
            raise Wrong(
                f"The answers are right, but of three neurons I saw {neurons.fired} fire. Two look at x, and the third\n"
                "looks at these two: each with `fires`."
            )
        between = tensor(call(network, 0.1 + 0.8 * torch.rand(4, 2)), "The answer to four other points", (4,))
        if not ((between == 0) | (between == 1)).all():
            raise Wrong(
                f"The answers are right, but between the four points they are {[round(v, 2) for v in between.tolist()]}.\n"
                "A neuron fires or does not, wherever the point is: build three of them with `fires`."
            )
        return "1 where the inputs are equal, 0 where they are not: three neurons do what one cannot."
    if torch.equal(answers, XOR):
        raise Wrong("This is XOR, the opposite. Only the last neuron has to change: when should it fire?")
    name = _task(answers)
    right = int((answers == 1 - XOR).sum())
    raise Wrong(
        f"{right} of 4 right{f'; this is {name}' if name else ''}. Print h1 and h2 for the four points,\n"
        "and ask of each pair what the last neuron should say."
    )


class _Neurons(TorchFunctionMode):
    """Watch a function of the four points: how many times each point made a neuron fire or not.

    The answers alone do not tell: x1 == x2 gives the same.
    """

    STEPS = set(
        "gt ge lt le greater greater_equal less less_equal heaviside sign sgn round ceil floor threshold".split()
    )
    LOGIC = set(
        "eq ne equal not_equal isclose xor rxor and or invert logical_xor logical_and logical_or logical_not "
        "bitwise_xor bitwise_and bitwise_or bitwise_not remainder fmod".split()
    )
    LEAVES = {"tolist", "numpy", "item", "__float__", "__int__", "__bool__", "__array__"}

    def __init__(self):
        super().__init__()
        self.outputs, self.logic, self.hidden = 0, False, False

    def __torch_function__(self, f, types, args=(), kwargs=None):
        result = f(*args, **(kwargs or {}))
        name = f.__name__.strip("_")
        if name in self.STEPS:
            self.outputs += result.numel()
        self.logic |= name in self.LOGIC
        self.hidden |= f.__name__ in self.LEAVES
        return result

    @property
    def fired(self):
        return self.outputs // len(POINTS)


def _compares(code):
    """Does the code of a function, or of one inside it, compare by ==, !=, ^, % or what NumPy has for these?"""
    if not hasattr(code, "co_consts"):
        return False
    steps = [s for s in dis.get_instructions(code) if s.opname in ("COMPARE_OP", "BINARY_OP", "CONTAINS_OP")]
    own = any(s.opname == "CONTAINS_OP" or {*"=^%"} & {*s.argrepr.replace(">=", "")} for s in steps)
    return own or bool(set(code.co_names) & (_Neurons.LOGIC - {"xor"})) or any(map(_compares, code.co_consts))
