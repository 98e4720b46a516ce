"""What holds for all exercises: checks that survive anything, solutions, quizzes.

What each check says to right and wrong answers is in test_exercises_01.py and so on.
"""

import inspect
import re
from fractions import Fraction
from functools import partial
from importlib import import_module

import nbformat
import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from helpers.exercises._report import (
    Wrong,
    call,
    check,
    choice,
    function,
    module,
    number,
    pair,
    pointwise,
    tensor,
)
from tools import ROOT

CHAPTERS = {path.name[:2]: path for path in sorted((ROOT / "book").glob("*.ipynb"))}
CHECKS = {
    name: value
    for chapter in CHAPTERS
    for name, value in vars(import_module(f"helpers.exercises.ch{chapter}")).items()
    if name.startswith("check_")
}


def fails(*answers, **options):
    raise RuntimeError("it failed\nhere")


NONSENSE = {
    "a string": "nonsense",
    "NaN": float("nan"),
    "nan in a tensor": torch.full((3, 7), torch.nan),
    "wrong shape": torch.zeros(2, 3, 4, 5),
    "a ragged list": [[1.0], [2.0, 3.0]],
    "empty": [],
    "a dictionary": {},
    "an object": object(),
    "a class": nn.ReLU,
    "a function that raises": fails,
    "a function of nothing": lambda: None,
    "a function that gives None": lambda *answers, **options: None,
    "an untrained model of other shape": nn.Linear(77, 3),
}


def arity(name):
    return len(inspect.signature(CHECKS[name]).parameters)


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_takes_nonsense_calmly(name, said):
    before = torch.get_rng_state()
    for what, nonsense in NONSENSE.items():
        message = said(CHECKS[name], *[nonsense] * arity(name))
        assert message.startswith("✗ "), what
        assert message.count("\n") <= 4, what
    assert torch.equal(before, torch.get_rng_state()), "it moves the random numbers of the notebook"


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_says_what_is_wanted(name, said):
    assert re.fullmatch(
        r"Not yet\. Put in place of None: \S.*\.\n", said(CHECKS[name], *[None] * arity(name))
    )
    assert said(CHECKS[name], *[None] * (arity(name) + 1)).startswith(f"✗ Call it as {name}(")


def cells(path):
    """Pair each code cell of a notebook with what it printed; other cells are text."""
    for cell in nbformat.read(path, as_version=4).cells:
        yield cell.cell_type, cell.source, "".join(part.get("text", "") for part in cell.get("outputs", []))


TITLE = r"Exercise (\d+)\.(\d+): ([^\n]+)"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_exercise_stands_unsolved_in_its_chapter_and_solved_in_the_solutions(chapter):
    page = list(cells(CHAPTERS[chapter]))
    titles, called = [], []
    for (kind, text, _), (next_kind, code, printed) in zip(page, page[1:]):
        if ":class: exercise" in text:
            assert kind == "markdown" and next_kind == "code"
            titles += [re.search(r":::\{admonition\} " + TITLE, text).groups()]
            assert f"{{doc}}`solutions/{chapter}_solutions`" in text
            (name,) = re.findall(r"^(check_\w+)\(", code, re.MULTILINE)
            assert f"from helpers.exercises.ch{chapter} import {name}" in code
            # A bug to be found is there to be run: it fails its check.
            assert re.search(r"^(Not yet\.|✗) ", printed, re.MULTILINE), f"{name} is solved, or was not run"
            assert "✓" not in printed
            called.append(name)
    assert 1 <= len(titles) <= 8
    assert [title[:2] for title in titles] == [(str(int(chapter)), str(n + 1)) for n in range(len(titles))]
    assert sorted(called) == sorted(name for name in CHECKS if name[6:8] == chapter)

    solutions = list(cells(ROOT / "book" / "solutions" / f"{chapter}_solutions.ipynb"))
    headings = [re.search("^## " + TITLE, text) for kind, text, _ in solutions if kind == "markdown"]
    assert [heading.groups() for heading in headings if heading] == titles
    for name in called:
        (printed,) = [out for _, code, out in solutions if re.search(rf"^{name}\(", code, re.MULTILINE)]
        assert "✓ " in printed and "✗" not in printed, f"the solution does not pass {name}"


OPTION = r'<details class="quiz"><summary>(.+?)</summary>(.+?)</details>'


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_option_of_a_quiz_is_explained(chapter):
    (quiz,) = [text for _, text, _ in cells(CHAPTERS[chapter]) if text.startswith("## Quiz")]
    questions = re.split(r"^\*\*Question \d+\.\*\*", quiz, flags=re.MULTILINE)[1:]
    assert 3 <= len(questions) <= 6, "a quiz has three to six, each begun by **Question 1.** and so on"
    places = []
    for question in questions:
        assert question.count("<details") == len(options := re.findall(OPTION, question, re.DOTALL)) >= 3
        verdicts = [re.match(r"(Right|Wrong): (.{25,})", said.strip(), re.DOTALL) for _, said in options]
        assert all(verdicts), question
        verdicts = [verdict[1] for verdict in verdicts]
        assert verdicts.count("Right") == 1, question
        places.append(verdicts.index("Right"))
    assert len(set(places)) > 1, "the right answer always stands in the same place"


@check
def check_half(answer):
    """A half.

    More about it.
    """
    if number(answer, "answer") != 0.5:
        raise Wrong("answer is not a half.")
    return f"{torch.rand(()) < 2} it is."


def test_a_report_has_a_mark_for_each_case(said):
    assert said(check_half, 0.5) == "✓ True it is.\n"
    assert said(check_half, 0.6) == "✗ answer is not a half.\n"
    assert said(check_half, None) == "Not yet. Put in place of None: a half.\n"
    assert said(check_half) == said(check_half, 1, 2) == "✗ Call it as check_half(answer).\n"


@check
def check_runs(f):
    """A function."""
    return function(f, "f")()


def test_an_exception_is_named(said):
    message = said(check_runs, fails)
    assert message == "✗ Your answer could not be used. RuntimeError: it failed here\n"


@pytest.mark.parametrize(
    "read, value, message",
    [
        (number, torch.ones(2), "x must be a number, such as 0.5; this is of type Tensor."),
        (number, "0.5", "x must be a number, such as 0.5; this is the str '0.5'."),
        (number, True, "x must be a number, such as 0.5; this is the bool True."),
        (number, np.inf, "x is inf: did a run diverge, or something get divided by 0?"),
        (partial(tensor, shape=(None, 1)), [1, 2], "x has shape (2,); wanted is (any, 1)."),
        (partial(tensor, shape=(2,)), "12", "x must be a tensor; this is the str '12'."),
        (partial(tensor, shape=(2,)), [1, np.nan], "x holds nan or infinity."),
        (function, nn.ReLU, "x is the class ReLU. Make one of it: ReLU(...)"),
        (function, 3, "x must be a function or a model; this is the int 3."),
        (module, torch.relu, "x must be an nn.Module, such as nn.Sequential(...); this is of type builtin_function_or_method."),
        (partial(choice, options=["up", "down"]), "left", "x must be one of 'up', 'down'; this is the str 'left'."),
    ],
)  # fmt: skip
def test_what_cannot_be_an_answer_is_refused(read, value, message):
    with pytest.raises(Wrong) as error:
        read(value, "x")
    assert str(error.value) == message


HALVES = [
    0.5,
    np.float32(0.5),
    np.array([0.5]),
    torch.tensor([[0.5]]),
    Fraction(1, 2),
    [0.5],
    pd.Series([0.5]),
]
HALVES += [torch.tensor(0.5, dtype=dtype) for dtype in (torch.float64, torch.float16, torch.bfloat16)]
HALVES += [nn.Parameter(torch.tensor(0.5)), np.array(0.5, dtype=object)]


@pytest.mark.parametrize("half", HALVES)
def test_a_number_comes_in_many_forms(half):
    assert number(half, "x") == 0.5


@pytest.mark.parametrize(
    "table",
    [
        np.eye(2),
        [[1, 0], [0, 1]],
        pd.DataFrame(np.eye(2)),
        torch.eye(2).double(),
        [torch.tensor([1, 0]), (False, True)],
    ],
)
def test_a_table_comes_in_many_forms(table):
    values = tensor(table, "x", (2, None))
    assert values.dtype == torch.float32 and values.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_two_things_come_in_many_forms():
    for two in [(1, 2), [1, 2], np.array([1, 2]), torch.tensor([1, 2]), pd.Series([1, 2]), iter([1, 2])]:
        assert [int(one) for one in pair(two, "two")] == [1, 2]
    for no_two in [None, 1, "12", {1: 1, 2: 2}, [1], torch.tensor(1.0), np.array(1.0), (1, 2, 3)]:
        with pytest.raises(Wrong, match="two"):
            pair(no_two, "two")


def test_a_dtype_alone_decides_nothing():
    x = torch.ones(3, 2)
    for dtype in (torch.float32, torch.float64, torch.float16):
        layer = nn.Linear(2, 1).to(dtype)
        assert call(layer, x).dtype == dtype
        assert call(lambda x, layer=layer: layer(x) + torch.ones(1), x).dtype in (dtype, torch.float32)
    assert call(lambda layer: layer(x.double()), nn.Linear(2, 1)).dtype == torch.float64
    assert torch.get_default_dtype() == torch.float32
    with pytest.raises(RuntimeError, match="it failed"):
        call(fails, x)


def writes(x):
    x[0] = 7
    return x


@pytest.mark.parametrize("given", [torch.ones(3), np.ones(3), [1.0, 2.0], pd.Series([1.0, 2.0])])
def test_an_answer_that_writes_into_what_it_is_given_is_refused(given):
    before = [float(value) for value in given]
    with pytest.raises(Wrong, match="writes into what it is given"):
        call(writes, given)
    assert [float(value) for value in given] == before


def test_a_function_may_be_written_for_lists_columns_or_single_numbers():
    x = torch.tensor([-1.0, 0.0, 2.0])
    column = nn.Linear(1, 1)
    nn.init.ones_(column.weight), nn.init.zeros_(column.bias)
    for f in (lambda x: 1 * x, column, lambda x: x if x > 0 else 0 + x, lambda x: x.numpy()):
        assert tensor(pointwise(f, x), "x", (3,)).tolist() == x.tolist()
    with pytest.raises(RuntimeError, match="it failed"):
        pointwise(fails, x)


@check
def check_forgets(f):
    """A function of nothing that leaves switches as they should not be."""
    f()
    return "Done."


def test_what_an_answer_switches_stays_in_its_check(said):
    for switch in (
        lambda: torch.set_grad_enabled(False),
        lambda: torch.set_default_dtype(torch.float64),
        lambda: torch.manual_seed(1),
    ):
        before = torch.get_rng_state()
        assert said(check_forgets, switch) == "✓ Done.\n"
        assert torch.is_grad_enabled() and torch.get_default_dtype() == torch.float32
        assert torch.equal(before, torch.get_rng_state())


def test_what_can_be_an_answer_is_handed_on():
    assert tensor(np.array([[1, 2]]), "x", (None, 2)).tolist() == [[1.0, 2.0]]
    assert choice("the Up-side!", "x", ["the up side", "down"]) == "the up side"
    assert choice(" Up", "x", ["up", "down"]) == "up" and choice(2, "x", [1, 2]) == 2
    assert module(relu := nn.ReLU(), "x") is relu
