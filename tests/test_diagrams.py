"""The pictures of helpers.diagrams: what they say and draw is computed, and they show wherever a page does."""

import inspect
import math
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pydata_sphinx_theme
import pytest
import torch
from justhtml import JustHTML
from sklearn.model_selection import GroupKFold

from browsing import needs_browser
from helpers import diagrams
from tools import ROOT
from tools.checking.compare import text_differences

SVG = "{http://www.w3.org/2000/svg}"
GRAPH = {"a": ("", 2, 3), "b": ("", 3, 2), "c": ("×", 6, 1)}, [("a", "c"), ("b", "c")]


class Value:
    """As small an autograd as one can write."""

    def __init__(self, data, parents=(), op="", slopes=(), label=""):
        self.data, self.grad, self._parents, self._op, self.label = data, 0.0, parents, op, label
        self.slopes = slopes

    def __mul__(self, other):
        return Value(self.data * other.data, (self, other), "×", (other.data, self.data), "p")

    def tanh(self):
        out = math.tanh(self.data)
        return Value(out, (self,), "tanh", (1 - out**2,), "y")

    def backward(self, gradient=1.0):
        self.grad += gradient
        for parent, slope in zip(self._parents, self.slopes):
            parent.backward(gradient * slope)


def tanh_of_a_square():
    a = Value(0.5, label="a")
    y = (a * a).tanh()
    y.backward()
    return y


PICTURES = {
    "neuron": lambda: diagrams.neuron([0.5, 1], [1, -2], 0.3, "tanh"),
    "neuron with names": lambda: diagrams.neuron(["x₁", "<&>"], ["w₁", "w₂"], "b", "step"),
    "network": lambda: diagrams.network([2, 2, 1], labels=["in", "hidden", "out"], activation="tanh"),
    "network worked backward": lambda: worked(),
    "large network": lambda: diagrams.network([13, 50, 30, 1]),
    "training_loop": lambda: diagrams.training_loop(3),
    "parts": lambda: diagrams.parts({"training": 60, "validation": 20, "test": 20}),
    "folds": lambda: diagrams.folds(5, highlight=2),
    "folds of groups": lambda: diagrams.folds(3, groups="AABBBCDDEEF"),
    "nested_folds": lambda: diagrams.nested_folds(5, 3, show=2),
    "descent": lambda: diagrams.descent(),
    "descent that leaves": lambda: diagrams.descent(rates=[5], count=200),
    "per_weight_steps": lambda: diagrams.per_weight_steps(),
    "dropout": lambda: diagrams.dropout(),
    "dropout at test time": lambda: diagrams.dropout(training=False),
    "softmax": lambda: diagrams.softmax([2, 1, -1]),
    "graph": lambda: diagrams.graph(*GRAPH),
    "graph of objects": lambda: diagrams.graph(tanh_of_a_square(), backward=1),
    "steps": lambda: diagrams.steps([diagrams.training_loop(i) for i in (1, 2)], ["First.", "Then."]),
    "backward_steps": lambda: diagrams.backward_steps(*GRAPH),
}


def worked():
    """A 2-2-1 network worked forward and backward by torch."""
    torch.manual_seed(0)
    first, last = torch.nn.Linear(2, 2), torch.nn.Linear(2, 1)
    hidden = torch.tanh(first(torch.tensor([1.0, -1.0])))
    hidden.retain_grad()
    out = last(hidden)
    (out - 3).square().sum().backward()
    return diagrams.network(
        [2, 2, 1], values=[[1, -1], hidden, out], value_gradients=[None, hidden.grad, [2 * (out.item() - 3)]],
        weights=[first.weight, last.weight], gradients=[first.weight.grad, last.weight.grad],
        biases=[first.bias, last.bias], bias_gradients=[first.bias.grad, last.bias.grad],
    )  # fmt: skip


def drawn(picture, tag):
    return list(ElementTree.fromstring(picture._repr_html_()).iter(SVG + tag))


def words(picture):
    return ["".join(text.itertext()) for text in drawn(picture, "text")]


def numbers(text):
    return [float(found) for found in re.findall(r"-?\d+(?:\.\d+)?", text.replace("−", "-").replace(",", ""))]


def test_every_function_is_tried():
    public = {name for name, value in vars(diagrams).items() if inspect.isfunction(value) and name[0] != "_"}
    of_here = {name for name in public if getattr(diagrams, name).__module__ == "helpers.diagrams"}
    assert of_here == {name.split()[0] for name in PICTURES} - {"large"}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_shows_everywhere(name):
    """Well-formed XML for an EPUB, valid HTML for a page, its words for who cannot see it, the same each time."""
    picture = PICTURES[name]()
    html = picture._repr_html_()
    top = ElementTree.fromstring(html)
    assert not JustHTML(f"<!DOCTYPE html><title>x</title>{html}", collect_errors=True).errors
    pictures = list(top.iter(SVG + "svg"))
    named = [svg for svg in pictures if svg.get("role") == "img"]
    assert named and all(svg.get("viewBox") for svg in named)
    for svg in named:
        title = svg[0]
        assert title.tag == SVG + "title" and len(title.text) >= 20 and title.text in repr(picture)
    assert "id=" not in html, "a page may show a picture twice"
    assert not re.search(r"nan|inf\b|None|e[+-]\d", html)
    assert not text_differences(html, PICTURES[name]()._repr_html_())
    for place in re.findall(r' (?:x|y|r|cx|cy|d|width|height)="([^"]+)"', html):
        assert not re.search(r"\.\d\d", place), "one digit after the point is enough for a place"


@pytest.mark.parametrize("name", PICTURES)
def test_no_letters_are_small_and_none_is_outside(name):
    for svg in ElementTree.fromstring(f"<x>{PICTURES[name]()._repr_html_()}</x>").iter(SVG + "svg"):
        if svg.get("role") != "img":
            continue
        width, height = map(float, svg.get("viewBox").split()[2:])
        assert width <= 340
        for text in svg.iter(SVG + "text"):
            size = float(text.get("font-size", 13))
            assert size >= 12
            long = 0.5 * size * len("".join(text.itertext()))  # a letter is about half as wide as high
            left = (
                float(text.get("x")) - long * {"start": 0, "middle": 0.5, "end": 1}[text.get("text-anchor")]
            )
            assert left >= -6 and left + long <= width + 6, "".join(text.itertext())
            assert size / 2 <= float(text.get("y")) <= height


def test_a_neuron_does_its_sum():
    picture = diagrams.neuron([0.5, 1.0], [1.0, -2.0], 0.3, "sigmoid")
    *_, total, output = numbers(picture.title)
    assert total == pytest.approx(0.5 * 1 - 1 * 2 + 0.3)
    assert output == pytest.approx(1 / (1 + math.exp(1.2)), abs=0.005)
    assert {"0.5", "−2", "bias 0.3", "sigmoid", f"{output:.2f}"} <= set(words(picture))
    assert "step(0.5) = 1" in diagrams.neuron([1], [0.5], 0, "step").title
    assert "step(0) = 0" in diagrams.neuron([1], [0], 0, "step").title
    assert "ŷ" in words(PICTURES["neuron with names"]())


def test_a_network_counts_its_weights():
    picture = diagrams.network([13, 50, 30, 1])
    layers = [torch.nn.Linear(13, 50), torch.nn.Linear(50, 30), torch.nn.Linear(30, 1)]
    for layer in layers:
        assert f"{sum(p.numel() for p in layer.parameters()):,}" in picture.title
    assert "together 2,261" in words(picture) and "50 neurons" in words(picture)
    every = diagrams.network([4, 6, 3])
    assert len(drawn(every, "circle")) == 13 and len(drawn(every, "path")) == 4 * 6 + 6 * 3


def test_a_network_shows_the_numbers_where_they_belong():
    weights = [[[0.11, 0.12], [0.21, 0.22]], [[0.31, 0.32]]]
    picture = diagrams.network([2, 2, 1], values=[[1, 2], [3, 4], [5]], weights=weights)
    at = {"".join(t.itertext()): (float(t.get("x")), float(t.get("y"))) for t in drawn(picture, "text")}
    # From the second input to the first hidden neuron: the line goes up, its number stands above the input.
    assert at["0.12"][1] < at["2"][1] and at["0.21"][1] > at["1"][1]
    assert at["0.11"][1] == at["1"][1] and at["0.22"][1] == at["2"][1]
    assert at["1"][0] < at["0.12"][0] < at["3"][0] < at["0.31"][0] < at["5"][0]
    back = worked()
    colored = {"".join(t.itertext()) for t in drawn(back, "text") if diagrams.BACKWARD in t.get("style", "")}
    assert "gradients, backward" in colored
    for part in ("values", "weights", "biases"):
        (said,) = re.findall(rf"gradients of the {part} ([^.]*(?:\.\d[^.]*)*)\.", back.title)
        assert set(re.split("[,;] ", said)) <= colored


def test_the_loop_has_seven_steps_and_brings_out_one():
    plain, fifth = diagrams.training_loop(), diagrams.training_loop(5)
    assert [word[0] for word in words(plain) if word[0].isdigit()] == list("1234567")
    colored = [box for box in drawn(fifth, "rect") if box.get("style")]
    assert len(colored) == 1 and not [box for box in drawn(plain, "rect") if box.get("style")]
    (y,) = {text.get("y") for text in drawn(fifth, "text") if text.text.startswith("5 ")}
    assert float(colored[0].get("y")) < float(y) < float(colored[0].get("y")) + 52


def test_descent_is_a_plain_loop():
    x, y, rate = 10.0, 3.0, 0.18
    path = [(x, y)]
    for _ in range(20):
        x, y = x - rate * 1 * x, y - rate * 10 * y
        path.append((x, y))
    picture = diagrams.descent((1, 10), [rate], (10, 3), 20)
    loss = (x**2 + 10 * y**2) / 2
    assert numbers(picture.title)[-2:] == [pytest.approx(loss, abs=0.005), 20]
    dots = [(float(c.get("cx")), float(c.get("cy"))) for c in drawn(picture, "circle")]
    assert len(dots) == 21
    scale = (dots[0][0] - dots[1][0]) / (path[0][0] - path[1][0])
    for (cx, cy), (px, py) in zip(dots, path):
        assert cx - dots[0][0] == pytest.approx(scale * (px - path[0][0]), abs=1)
        assert cy - dots[0][1] == pytest.approx(-scale * (py - path[0][1]), abs=1)


def test_steps_of_each_weight_are_those_of_torch():
    picture = diagrams.per_weight_steps((1.0, 0.01), lr=0.1, count=7)
    for name, make in (
        ("SGD", torch.optim.SGD),
        ("AdaGrad", torch.optim.Adagrad),
        ("Adam", torch.optim.Adam),
    ):
        ends = []
        for gradient in (1.0, 0.01):
            weight = torch.zeros((), dtype=torch.float64, requires_grad=True)
            optimizer = make([weight], lr=0.1)
            for _ in range(7):
                weight.grad = torch.full((), gradient, dtype=torch.float64)
                optimizer.step()
            ends.append(abs(weight.item()))
        (said,) = re.findall(rf"{name}: ([^;]*), [\d.]+ to 1", picture.title)
        assert numbers(said) == [pytest.approx(end, abs=0.0051) for end in ends]
    assert "SGD: 0.7 and 0.01, 100 to 1" in picture.title and "Adam: 0.7 and 0.7, 1 to 1" in picture.title
    bars = [float(bar.get("width")) for bar in drawn(picture, "rect")]
    assert bars[0] == pytest.approx(100 * bars[1], rel=0.03) and bars[2] == pytest.approx(bars[3], rel=0.01)
    growing = np.array([[1, 1], [2, 1], [3, 1]])
    assert (
        "SGD: 0.6 and 0.3"
        in diagrams.per_weight_steps(growing, 0.1, optimizers={"SGD": torch.optim.SGD}).title
    )


@pytest.mark.parametrize("p", [0, 0.2, 0.5])
def test_survivors_of_dropout_grow(p):
    values = [0.5, 1.0, 0.0, 2.0, 3.0]
    picture = diagrams.dropout(values, p, seed=2)
    before, after = (numbers(part) for part in picture.title.split(";")[0].split("become"))
    assert before == values
    assert all(b == 0 or b == pytest.approx(a / (1 - p), abs=0.0051) for a, b in zip(before, after))
    crosses = [line for line in drawn(picture, "path") if line.get("stroke-width") == "2.5"]
    dropped = int(re.search(r"(\d) of 5", picture.title)[1])
    assert len(crosses) == 2 * dropped and (dropped > 0) == (p > 0)
    state = torch.get_rng_state()
    diagrams.dropout(values)
    assert torch.equal(state, torch.get_rng_state()), "drawing changes no experiment"


def test_at_test_time_nothing_is_dropped():
    shown = words(diagrams.dropout([0.5, 1.5], training=False))
    assert shown.count("0.5") == shown.count("1.5") == 2


def test_softmax_adds_up_to_one():
    picture = diagrams.softmax([2, 1, -3.5], ["a", "b", "c"])
    shares = numbers(" ".join(re.findall(r"probability ([\d.]+)", picture.title)))
    exps = numbers(" ".join(re.findall(r"exp ([\d.]+)", picture.title)))
    assert sum(shares) == pytest.approx(1, abs=0.0015)
    assert shares == [pytest.approx(exp / sum(exps), abs=0.002) for exp in exps]
    bars = [float(bar.get("width")) for bar in drawn(picture, "rect")]
    assert bars == [pytest.approx(110 * share, abs=0.2) for share in shares]


def test_parts_are_as_wide_as_they_are_large():
    picture = diagrams.parts({"training": 60, "test": 40})
    wide = [float(bar.get("width")) for bar in drawn(picture, "rect") if bar.get("height") == "36"]
    assert wide[0] / wide[1] == pytest.approx(1.5, rel=0.01) and "test: 40 rows, 40%" in words(picture)


def test_each_part_is_held_out_once():
    held = [t.text for t in drawn(diagrams.folds(4), "text") if t.get("font-weight") == "bold"]
    assert held == ["1", "2", "3", "4"]
    groups = "AABBBCDDEEF"
    said = re.findall(r"holds out ([A-Z, ]+)", diagrams.folds(3, groups=groups).title)
    wanted = [
        sorted({groups[i] for i in test}) for _, test in GroupKFold(3).split([*groups], groups=[*groups])
    ]
    assert [part.split(", ") for part in said] == wanted


def test_inner_folds_leave_the_test_rows_out():
    rows = {}
    for box in drawn(diagrams.nested_folds(5, 3, show=2), "rect"):
        if box.get("height") == "22":
            rows.setdefault(float(box.get("y")), []).append(box)
    outer, inner = [*rows.values()][:5], [*rows.values()][5:]
    assert len(inner) == 3
    test = [float(row[place].get("x")) for place, row in enumerate(outer)]
    assert all(diagrams.TEST in row[place].get("style") for place, row in enumerate(outer))
    end = test[1] + float(outer[1][1].get("width"))
    for row in inner:
        for box in row:
            left, right = float(box.get("x")), float(box.get("x")) + float(box.get("width"))
            assert box.get("stroke-dasharray") or right <= test[1] or left >= end
    # Each place is for validation once.
    wide = sum(
        float(b.get("width")) + 2 for row in inner for b in row if diagrams.VALIDATION in b.get("style", "")
    )
    assert wide == pytest.approx(4 * (test[1] - test[0]), rel=0.01)


def test_a_graph_is_read_from_objects():
    y = tanh_of_a_square()
    picture = diagrams.graph(y)
    square, slope = 0.25, 1 - math.tanh(0.25) ** 2
    assert picture.title.startswith(f"A computation: a = 0.5, p = a × a = {square}, y = tanh(p) = 0.24.")
    assert numbers(picture.title.split("Gradients:")[1]) == [1, round(slope, 2), round(slope, 2)]
    assert "Gradients: y 1, p 0.94." in diagrams.graph(y, backward=2).title
    assert "Gradients" not in diagrams.graph(y, backward=0).title


def test_what_is_computed_stands_below():
    picture = diagrams.graph(*GRAPH)
    at = {t.text: (float(t.get("x")), float(t.get("y"))) for t in drawn(picture, "text")}
    assert at["a = 2"][1] == at["b = 3"][1] < at["×"][1] < at["c = 6"][1]
    assert at["a = 2"][0] < at["c = 6"][0] < at["b = 3"][0]


@pytest.mark.parametrize("edges", ["ae be ed cd dL aL", "ae ed dL aL"], ids=["beside", "under another"])
def test_a_line_over_several_levels_crosses_no_box(edges):
    nodes = {name: ("+", 1, 1) if name in "edL" else ("", 1, 1) for name in "abecdL" if name in edges}
    picture = diagrams.graph(nodes, [tuple(pair) for pair in edges.split()])
    boxes = [[float(b.get(k)) for k in ("x", "y", "width", "height")] for b in drawn(picture, "rect")]
    boxes = [box for box in boxes if box[3] == 44]
    for path in drawn(picture, "path"):
        points = np.array(re.findall(r"([-\d.]+) ([-\d.]+)", path.get("d")), dtype=float)
        for a, b in zip(points, points[1:]):
            for x, y in a + np.linspace(0.02, 0.98, 50)[:, None] * (b - a):
                assert not any(l < x < l + w and t < y < t + h for l, t, w, h in boxes)  # noqa: E741


def test_backward_steps_show_one_gradient_more_each_time():
    show = diagrams.backward_steps(tanh_of_a_square())
    assert show.captions[0].startswith("Forward") and show.captions[-1] == "The gradient of a is 0.94."
    assert len(show.frames) == 4
    shown = [
        frame.title.partition("Gradients")[2].count(",") + ("Gradients" in frame.title)
        for frame in show.frames
    ]
    assert shown == [0, 1, 2, 3]
    assert all(caption in repr(show) for caption in show.captions)


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: diagrams.neuron([1, 2], [1], 0), "inputs and weights must be 1 to 6 each"),
        (lambda: diagrams.neuron([1], [1], 0, "tanhh"), "activation 'tanhh' is no function of torch; give"),
        (lambda: diagrams.network([3]), "sizes must be 2 to 6 whole numbers"),
        (lambda: diagrams.network([2, 1], labels=["in"]), "labels must be one for each of the 2"),
        (lambda: diagrams.network([2, 1], weights=[[[1], [2]]]), r"weights must be of shapes \[\(1, 2\)\]"),
        (lambda: diagrams.network([2, 1], values=[[1, 2]]), "values must be of shapes"),
        (lambda: diagrams.network([7, 1], values=[[1] * 7, [1]]), "values have room .* leave them out"),
        (lambda: diagrams.dropout(p=1), r"p must be in \[0, 1\), got 1; 0 switches"),
        (lambda: diagrams.dropout([1]), "values must be 2 to 6"),
        (lambda: diagrams.softmax([1]), "names must be one for each of 2 or more logits"),
        (lambda: diagrams.softmax([1, 800]), "logits must be at most 12"),
        (lambda: diagrams.training_loop(8), "highlight must be a step from 1 to 7"),
        (lambda: diagrams.descent((0, 1)), "curvatures must be two numbers above 0"),
        (lambda: diagrams.descent(rates=[]), "rates must hold one or more"),
        (lambda: diagrams.descent(start=(1, 0)), "start must be two numbers, neither of them 0"),
        (lambda: diagrams.per_weight_steps([1, 2, 3]), r"gradients must be two numbers or of shape \(steps, 2\)"),
        (lambda: diagrams.parts({"train": 5}), "sizes must map names of"),
        (lambda: diagrams.folds(1), "k must be a whole number from 2 to 10"),
        (lambda: diagrams.folds(3, highlight=4), "highlight must be a whole number from 1 to 3"),
        (lambda: diagrams.folds(3, groups="AB"), "groups must be of 3 kinds or more"),
        (lambda: diagrams.nested_folds(inner=1), "inner must be a whole number from 2"),
        (lambda: diagrams.graph(3), "root must be a dict, or have data, grad, _parents and _op"),
        (lambda: diagrams.graph(GRAPH[0]), "edges must lead from each name"),
        (lambda: diagrams.graph(GRAPH[0], [("a", "c"), ("c", "b")]), "edges must lead from each name"),
        (lambda: diagrams.graph(*GRAPH, backward=4), "backward must be a whole number from 0 to 3"),
        (lambda: diagrams.backward_steps({"a": ("", 1, None), "b": ("+", 1, 1)}, [("a", "b")]), "call its backward"),
        (lambda: diagrams.steps([diagrams.folds(2)], []), "captions must be one for each of the 1 frames"),
    ],
)  # fmt: skip
def test_bad_input_is_named_with_its_remedy(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def css():
    """The theme's style sheet and the book's own, as a page has them."""
    styles = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static/styles"
    files = [styles / "pydata-sphinx-theme.css", ROOT / "book" / "_static" / "book.css"]
    return "".join(file.read_text("utf-8") for file in files)


@needs_browser
def test_steps_go_with_buttons_and_keys_and_all_are_printed(browser):
    show = diagrams.steps([diagrams.training_loop(i) for i in (1, 2, 3)], ["One.", "Two.", "Three."])
    static = ROOT / "book" / "_static"
    page = browser.new_page()
    page.set_content(f"<!DOCTYPE html><style>{css()}</style>{show._repr_html_()}")
    visible = "() => [...document.querySelectorAll('figure')].filter((f) => f.checkVisibility()).map((f) => f.lastElementChild.innerText)"
    assert page.evaluate(visible) == ["One.", "Two.", "Three."], "without the script"
    page.add_script_tag(path=static / "steps.js")
    assert page.evaluate(visible) == ["One."]
    page.get_by_role("button", name="Next").click()
    assert page.evaluate(visible) == ["Two."] and page.get_by_role("status").inner_text() == "2 of 3"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert page.evaluate(visible) == ["Three."], "there is none beyond the last"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    assert page.evaluate(visible) == ["One."]
    page.emulate_media(media="print")
    assert page.evaluate(visible) == ["One.", "Two.", "Three."]
    page.close()


@needs_browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_ink_and_colours_are_the_pages_own(browser, theme):
    page = browser.new_page()
    cell = f'<div class="cell_output"><div class="output text_html">{worked()._repr_html_()}</div></div>'
    body = f'<body><div class="bd-content" style="color: rgb(1, 2, 3)">{cell}</div>'
    page.set_content(f"<!DOCTYPE html><html data-theme={theme}><style>{css()}</style>{body}")
    paper = "getComputedStyle(document.querySelector('.output')).backgroundColor"
    assert page.evaluate(paper) == "rgba(0, 0, 0, 0)"
    fills = set(
        page.evaluate("[...document.querySelectorAll('svg text')].map((t) => getComputedStyle(t).fill)")
    )
    (backward,) = fills - {"rgb(1, 2, 3)"}
    # Readable: at least 4.5 to 1 against the page, as WCAG asks of text.
    ground = {"light": (255, 255, 255), "dark": (18, 18, 18)}[theme]
    bright = [luminance(rgb) + 0.05 for rgb in (ground, numbers(backward))]
    assert max(bright) / min(bright) >= 4.5
    page.close()


def luminance(rgb):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in rgb)]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
