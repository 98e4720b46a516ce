"""Every number in the text of a chapter stands in one of its outputs or in its code.

Where a sentence names another chapter, that chapter's numbers count too; so do those of its
solutions where a chapter sets exercises, and the other way round. A number of one or two digits, or
a whole one of three, must stand in the section it is in, if that has code.
"""

import ast
import re

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import CLAIMS, ROOT
from tools.checking.prose import CONSTANTS, quantities, section, values_of, verdicts_typed
from tools.publishing.execute import notebooks

NOTEBOOKS = {path.relative_to(ROOT / "book").as_posix(): path for path in notebooks([])}


@pytest.fixture(scope="module")
def book():
    """Map each notebook's name to (notebook, its numbers)."""
    read = {name: nbformat.read(path, as_version=4) for name, path in NOTEBOOKS.items()}
    return {name: (notebook, values_of(notebook.cells)) for name, notebook in read.items()}


def chapter_number(name):
    return re.match(r"\d*", name.rpartition("/")[2]).group()


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_numbers_in_the_text_stand_in_the_outputs(name, book):
    notebook, _ = book[name]
    unfounded = []
    for place, cell in enumerate(notebook.cells):
        for quantity in quantities(cell.source) if cell.cell_type == "markdown" else ():
            others = re.findall(r"[Cc]hapters?[\s~]+(\d+)(?:\s(?:and|or)\s(\d+))?", quantity.sentence)
            chapters = {n.zfill(2) for pair in others for n in pair if n}
            near = section(notebook.cells, place)
            if quantity.is_common and any(cell.cell_type == "code" for cell in near):
                values = [values_of(near)]
            else:
                values, chapters = [], chapters | {chapter_number(name)}
            values += [v for other, (_, v) in book.items() if chapter_number(other) in chapters]
            values = np.concatenate(values)
            if quantity.text not in CONSTANTS and not quantity.stands_in(values):
                unfounded.append(f"cell {place}: {quantity.text} in “{quantity.sentence}”")
    assert not unfounded, (
        f"{name}: these numbers stand in no output and no code of it (or of their section):\n"
        + "\n".join(unfounded)
    )


@pytest.mark.parametrize("name", [name for name in NOTEBOOKS if name.endswith("_folklore.ipynb")])
def test_verdicts_are_computed(name, book):
    assert verdicts_typed(book[name][0]) == []


def found(markdown):
    return [quantity.text for quantity in quantities(markdown)]


@pytest.mark.parametrize(
    "markdown, expected",
    [
        ("RMSE 0.1079, not 0.1345.", ["0.1079", "0.1345"]),
        ("it falls by 12.5% or 3 points, to \\$4,310", ["12.5", "3", "4,310"]),
        ("all 2,261 parameters of the 13-50-30-1 network", ["2,261", "13", "50", "30"]),
        ("between 1e-4 and 0.3 in `Linear(13, 50)`", ["1e-4", "0.3", "13", "50"]),
        ("## 2.1 Prices in 1970\n\n1. first\n2. second\n\nSee chapter 5, sections 3.1 and 4.", []),
        ("[text](https://x.org/12345) {cite}`harrison78` (sec-17)=\n:width: 400px", ["17"]),
        ("It takes about 20 seconds with PyTorch 2.13; float32, 64-bit, `fc1`, L2, 0 or 1.", []),
        ("Try 300, or 0.7 for it. So far: take 400 rows! The training set has 253.", ["253"]),
        ("A loss of $0.25$ and $\\beta_1 = 0.9$, $3 \\times 10^{-4}$", ["0.25", "0.9", "3e-4"]),
        ("| Adam | 0.0842 ± 0.0011 |", ["0.0842", "0.0011"]),
        ("**Change one line:** `n=120`. The gain in \\$1000s grows.", []),
    ],
)
def test_which_numbers_are_found(markdown, expected):
    assert found(markdown) == expected


@pytest.mark.parametrize(
    "markdown, value, stands",
    [
        ("0.11", 0.1079, True), ("0.10", 0.1079, False), ("11%", 0.1079, True), ("12%", 0.1079, False),
        ("\\$4,310", 4.31, True), ("\\$4,310", 4.32, False), ("47 k", 46360, False), ("46 k", 46360, True),
        ("by 0.021", -0.0213, True), ("506", 506, True), ("507", 506, False), ("47", 46.36, False),
        ("1.3 million", 1_287_000, True), ("1e-4", 0.0001, True), ("1e-4", 0.001, False),
    ],
)  # fmt: skip
def test_a_number_may_be_an_output_rounded(markdown, value, stands):
    (quantity,) = quantities(markdown)
    assert quantity.stands_in(np.array([7777.0, value])) == stands


def test_a_verdict_must_be_an_output():
    output = nbformat.v4.new_output("stream", text="dropout: undecided")
    code = nbformat.v4.new_code_cell(outputs=[output])
    text = [nbformat.v4.new_markdown_cell(s) for s in ("**undecided**", "It depends.", "| Adam | holds |")]
    explained = nbformat.v4.new_markdown_cell("**holds**: on every table")
    notebook = nbformat.v4.new_notebook(cells=[explained, code, *text])
    assert verdicts_typed(notebook) == ["cell 4: holds"]


def test_a_section_goes_from_heading_to_heading():
    text = ["# Title", "a", "## One", "### Inner", "b", "## Two"]
    cells = [nbformat.v4.new_markdown_cell(source) for source in text]
    assert [cell.source for cell in section(cells, 4)] == ["## One", "### Inner", "b"]
    assert [cell.source for cell in section(cells, 1)] == ["# Title", "a"]
    assert [cell.source for cell in section(cells, 5)] == ["## Two"]


def test_the_chapter_in_the_name_of_a_check_is_no_number():
    source = "from helpers.exercises.ch05 import check_05_a_third\n\ncheck_05_a_third(0.25)"
    assert values_of([nbformat.v4.new_code_cell(source)]).tolist() == [0.25]


FOLDED = {"hide-input", "hide-cell", "remove-cell", "remove-input", CLAIMS}


def unexplained(chapters):
    """Return the names of helpers that chapters, in the order of the book, use before their text speaks of them.

    A name is explained once it stands in backticks in the text, or once a chapter has written it out itself.
    What a folded cell uses, a reader does not meet; and a constant, in capitals, says by its name what it is.
    """
    known, found = set(), []
    for name, notebook in chapters.items():
        imported = set()
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                known |= set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", cell.source))))
                continue
            if cell.cell_type != "code":
                continue
            code = list(ast.walk(ast.parse(re.sub(r"^\s*[%!].*$", "", cell.source, flags=re.MULTILINE))))
            for node in code:
                module = getattr(node, "module", None) or ""
                if isinstance(node, ast.ImportFrom) and re.match(r"helpers(?!\.exercises)", module):
                    imported |= {alias.name for alias in node.names if not alias.name.isupper()}
            seen = () if FOLDED & set(cell.metadata.get("tags", [])) else code
            used = {node.id for node in seen if isinstance(node, ast.Name)} & imported - known
            found += [f"{name}: {helper}" for helper in sorted(used)]
            known |= used | {node.name for node in code if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    return found


def test_no_helper_is_used_before_it_is_explained(book):
    assert unexplained({name: book[name][0] for name in sorted(book) if re.match(r"\d\d_", name)}) == []


def test_a_helper_that_nobody_explains_is_found():
    cells = [
        new_code_cell(
            "from helpers.training import fit, rmse\nfrom helpers.exercises.ch01 import check_01_nand"
        )
    ]
    cells += [
        new_markdown_cell("The error is `rmse(prediction, target)`."),
        new_code_cell("rmse(fit(), check_01_nand())"),
    ]
    assert unexplained({"01": new_notebook(cells=cells), "02": new_notebook(cells=cells)}) == ["01: fit"]
