"""Every number in the text of a chapter stands in one of its outputs or in its code.

A number in the text may be an output's, rounded: 0.11 for 0.1079, 11% for 0.1079, $4,310 for 4.31
thousands, 0.02 for -0.0213. Where a sentence names another chapter, that chapter's numbers count
too; so do those of its solutions where a chapter sets exercises, and the other way round.
0, 1 and 2 are not looked for: they are notation more often than numbers.
"""

import re
from dataclasses import dataclass

import nbformat
import numpy as np
import pytest

from helpers.figures import MIME
from tools.compare import NUMBER
from tools.execute import ROOT, notebooks

NOTEBOOKS = {path.relative_to(ROOT / "book").as_posix(): path for path in notebooks([])}

# Numbers that no run of the book can print, with the reason why they may be trusted.
CONSTANTS = {}

# Parts of the text in which a number is a name, not a quantity.
NOT_QUANTITIES = {
    "comment": r"<!--.*?-->",
    "address": r"https?://[^\s)>]+|\]\([^)]*\)|<[a-z/][^>]*>",
    "role with a target": r"\{(?:cite[\w:]*|ref|numref|eq|doc|term|download)\}`[^`]*`",
    "target": r"^\([\w-]+\)=|\{#[\w-]+\}|\[\^[\w-]+\]",
    "option of a directive": r"^:[\w-]+:.*$",
    "item of a list": r"^\s*\d+\.\s",
    "number of a heading": r"^#+\s+[\d.]+(?=\s)",
    "place in the book": r"\b(?:[Cc]hapters?|[Ss]ections?|[Ee]xercises?|[Ff]igures?|[Tt]ables?|[Qq]uestions?)"
    r"[\s~]+\d[\d.]*(?:(?:,|,? and|,? or|\s?[-–]|,? to)\s?\d[\d.]*)*",
    "year": r"\b(?:1[89]\d\d|20(?:0[1-9]|[1-3]\d))\b(?!\.\d)",
    "version": r"\b(?:Python|PyTorch|NumPy|pandas|scikit-learn|[Mm]atplotlib|torch)\s+\d[\d.]*",
    "time on the reader's machine": r"\d[\d.,]*(?:\s(?:to|or|and)\s\d+)?[\s-](?:milli)?(?:seconds?|minutes?|hours?|ms|s)\b",
}  # fmt: skip
SKIP = re.compile("|".join(f"(?:{pattern})" for pattern in NOT_QUANTITIES.values()), re.MULTILINE | re.DOTALL)

QUANTITY = re.compile(
    rf"(?P<dollar>\\\$\s?)?(?P<number>(?<![\w.^]){NUMBER.replace('[-+]?', '', 1)})"
    r"(?P<unit>\s?(?:%|per\s?cent|percentage points|points)|\s?k\b|\s?thousand\b|\s?million\b)?(?![A-Za-z_])"
)
# 3 \times 10^{-4}, read as 3e-4.
POWER = re.compile(r"(?:(\d[\d.]*)\s*(?:\\times|\\cdot|×|·)\s*)?\b10\^\{?(-?\d+)\}?")
FACTORS = {"%": 100, "p": 100, "k": 1e-3, "t": 1e-3, "m": 1e-6}


@dataclass(frozen=True)
class Quantity:
    """A number in the text, as written, with the factors an output may differ from it by."""

    text: str
    sentence: str
    factors: tuple = (1,)

    def stands_in(self, values):
        """Is this one of ``values`` (n,), rounded to the digits it is written with?"""
        plain = self.text.replace(",", "").lower()
        mantissa, _, exponent = plain.partition("e")
        unit = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
        near = 0.5 * unit + 1e-9 * abs(float(plain))
        return any((abs(np.abs(values) * factor - float(plain)) <= near).any() for factor in self.factors)


def quantities(markdown):
    """Find the Quantities in the text of one cell."""
    # Blank out, letter by letter, so that what is left keeps its place.
    text = SKIP.sub(lambda match: re.sub(r"\S", " ", match.group()), markdown.replace("−", "-"))
    text = POWER.sub(lambda match: f"{match[1] or 1}e{match[2]}".ljust(len(match.group())), text)
    found = []
    for match in QUANTITY.finditer(text):
        if match["number"].strip(".") in ("0", "1", "2"):
            continue
        factors = {1}
        if match["unit"]:
            factors.add(FACTORS[match["unit"].strip()[0]])
        if match["dollar"]:
            factors.add(1000)
        before = re.split(r"(?<=[.?!:|])\s|\n\s*\n", markdown[: match.start()])[-1]
        after = re.split(r"(?<=[.?!|])\s|\n\s*\n", markdown[match.start() :])[0]
        found.append(Quantity(match["number"].rstrip("."), f"{before}{after}".replace("\n", " "), tuple(factors)))
    return found


def words_of_figure(digest):
    """Return what a reader can read in a figure: titles, labels, legends, texts."""
    if isinstance(digest, str):
        return [digest]
    parts = digest.values() if isinstance(digest, dict) else digest
    hidden = ("limits", "position", "values", "color", "count", "scale", "kind")
    if isinstance(digest, dict):
        parts = [part for name, part in digest.items() if name not in hidden]
    return [word for part in parts for word in words_of_figure(part)]


def readings(output):
    """Return the texts of one output that a reader sees."""
    if output.output_type == "stream":
        return [output.text]
    if output.output_type == "error":
        return [output.evalue]
    data = output.data
    html = re.sub(r"<style.*?</style>|<[^>]*>", " ", data.get("text/html", ""), flags=re.DOTALL)
    return [data.get("text/plain", ""), html, *words_of_figure(data.get(MIME, {}))]


def numbers(text):
    """Return the numbers in a text or in code."""
    text = re.sub(r"(?<=\d)_(?=\d)", "", text.replace("−", "-"))
    return [float(match.replace(",", "")) for match in re.findall(rf"(?<![\w.]){NUMBER}|(?<=[._]){NUMBER}", text)]


def values_of(notebook):
    """Return every number in the code and the outputs of ``notebook``, an array (n,)."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            found += numbers(cell.source)
            for output in cell.outputs:
                found += [number for text in readings(output) for number in numbers(text)]
    return np.array(found)


@pytest.fixture(scope="module")
def book():
    """Map each notebook's name to (notebook, its numbers)."""
    read = {name: nbformat.read(path, as_version=4) for name, path in NOTEBOOKS.items()}
    return {name: (notebook, values_of(notebook)) for name, notebook in read.items()}


def chapter_number(name):
    return re.match(r"\d*", name.rpartition("/")[2]).group()


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_numbers_in_the_text_stand_in_the_outputs(name, book):
    notebook, _ = book[name]
    unfounded = []
    for place, cell in enumerate(notebook.cells):
        for quantity in quantities(cell.source) if cell.cell_type == "markdown" else ():
            others = re.findall(r"[Cc]hapters?[\s~]+(\d+)(?:\s(?:and|or)\s(\d+))?", quantity.sentence)
            chapters = {chapter_number(name), *(n.zfill(2) for pair in others for n in pair if n)}
            values = np.concatenate([v for other, (_, v) in book.items() if chapter_number(other) in chapters])
            if quantity.text not in CONSTANTS and not quantity.stands_in(values):
                unfounded.append(f"cell {place}: {quantity.text} in “{quantity.sentence.strip()}”")
    assert not unfounded, f"{name}: these numbers stand in no output and no code of it:\n" + "\n".join(unfounded)


VERDICTS = re.compile(r"\b(?:does not hold|holds|depends|undecided)\b")


def verdicts_typed(notebook):
    """Return the verdicts in bold or in tables of the text that no output just above gives."""
    typed, above = [], ""
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            above = " ".join(text for output in cell.outputs for text in readings(output))
            continue
        stated = re.findall(r"\*\*.*?\*\*|^\|.*\|\s*$", cell.source, flags=re.MULTILINE)
        words = [word for part in stated for word in VERDICTS.findall(part)]
        typed += [f"cell {place}: {word}" for word in words if word not in VERDICTS.findall(above)]
    return typed


@pytest.mark.parametrize("name", [name for name in NOTEBOOKS if name.startswith("08")])
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
        ("It takes about 20 seconds with PyTorch 2.13; float32, `fc1`, L2, 0 or 1.", []),
        ("A loss of $0.25$ and $\\beta_1 = 0.9$, $3 \\times 10^{-4}$", ["0.25", "0.9", "3e-4"]),
        ("| Adam | 0.0842 ± 0.0011 |", ["0.0842", "0.0011"]),
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
    notebook = nbformat.v4.new_notebook(cells=[code, *text])
    assert verdicts_typed(notebook) == ["cell 3: holds"]
