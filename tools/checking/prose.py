"""Which numbers does the text of a chapter state, and does the chapter print them?

A number in the text may be an output's, rounded: 0.11 for 0.1079, 11% for 0.1079, $4,310 for 4.31
thousands, 0.02 for -0.0213. One of less than three digits, or a whole number of three, stands in
nearly any chapter by chance, so it must stand in its own section, where that has code. 0, 1 and 2
are not looked for: they are notation more often than numbers.
"""

import re
from dataclasses import dataclass

import numpy as np

from helpers.figure_digest import MIME
from tools import CLAIMS
from tools.checking.compare import NUMBER

# Numbers that no run of the book can print, with the reason why they may be trusted.
CONSTANTS = {
    "13": "features of the housing data: tests/test_data.py counts the columns",
    "506": "rows of the housing data: the file's checksum is verified whenever it is loaded",
    "253": "half of them",
    "442": "rows of the diabetes data: tests/test_data.py compares them with scikit-learn's",
}

# Parts of the text in which a number is a name, not a quantity.
NOT_QUANTITIES = {
    "comment": r"<!--.*?-->",
    "address": r"https?://[^\s)>]+|\]\([^)]*\)|<[a-z/][^>]*>",
    "role with a target": r"\{(?:cite[\w:]*|ref|numref|eq|doc|term|download)\}`[^`]*`",
    "target": r"^\([\w-]+\)=|\{#[\w-]+\}|\[\^[\w-]+\]",
    "option of a directive": r"^:[\w-]+:.*$",
    "item of a list": r"^\s*\d+\.\s",
    "number of a heading": r"^#+\s+[\d.]+(?=\s)",
    "place in the book": r"\b(?:[Cc]hapters?|Solutions|[Ss]ections?|[Ee]xercises?|[Ff]igures?|[Tt]ables?|[Qq]uestions?)"
    r"[\s~]+\d[\d.]*(?:(?:,|,? and|,? or|\s?[-–]|,? to)\s?\d[\d.]*)*",
    "year": r"\b(?:1[89]\d\d|20(?:0[1-9]|[1-3]\d))\b(?!\.\d)",
    "version": r"\b(?:Python|PyTorch|NumPy|pandas|scikit-learn|[Mm]atplotlib|torch)\s+\d[\d.]*",
    "suggestion to the reader": r"(?:^|[.?!:;]\s+|\*\*)(?:[Tt]ry|[Ss]et|[Tt]ake|[Cc]hange)\b(?:[^.?!]|\.\d)*",
    "type of a number": r"\b(?:8|16|32|64)-bit\b",
    "time on the reader's machine": r"\d[\d.,]*(?:\s(?:to|or|and)\s\d+)?[\s-](?:milli)?(?:seconds?|minutes?|hours?|ms|s)\b",
}  # fmt: skip
SKIP = re.compile("|".join(f"(?:{pattern})" for pattern in NOT_QUANTITIES.values()), re.MULTILINE | re.DOTALL)

QUANTITY = re.compile(
    rf"(?P<dollar>\\\$\s?)?(?P<number>(?<![\w.^]){NUMBER.replace('[-+]?', '', 1)})"
    r"(?P<unit>\s?(?:%|per\s?cent|percentage points|points)|\s?k\b|\s?thousand\b|\s?million\b)?(?![A-Za-z_\d])"
)
# 3 \times 10^{-4}, read as 3e-4.
POWER = re.compile(r"(?:(\d[\d.]*)\s*(?:\\times|\\cdot|×|·)\s*)?\b10\^\{?(-?\d+)\}?")
FACTORS = {"%": 100, "p": 100, "k": 1e-3, "t": 1e-3, "m": 1e-6}


@dataclass(frozen=True)
class Quantity:
    """A number in the text, as written, with the factors an output may differ from it by."""

    text: str
    start: int  # place in the cell
    sentence: str
    factors: tuple = (1,)

    @property
    def is_common(self):
        digits = re.sub(r"\D", "", self.text.lower().partition("e")[0]).lstrip("0")
        return len(digits) < 3 + self.text.isdigit()

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
        factors: set[float] = {1}
        if match["unit"]:
            factors.add(FACTORS[match["unit"].strip()[0]])
        if match["dollar"]:
            factors.add(1000)
        before = re.split(r"(?<=[.?!:|])\s|\n\s*\n", markdown[: match.start()])[-1]
        after = re.split(r"(?<=[.?!|])\s|\n\s*\n", markdown[match.start() :])[0]
        sentence = f"{before}{after}".replace("\n", " ").strip()
        found.append(Quantity(match["number"].rstrip("."), match.start("number"), sentence, tuple(factors)))
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
    return [
        float(match.replace(",", "")) for match in re.findall(rf"(?<![\w.]){NUMBER}|(?<=[._]){NUMBER}", text)
    ]


def section(cells, place):
    """Return the cells of the section, under a heading of the first two levels, around ``place``."""
    heads = [
        i for i, cell in enumerate(cells) if cell.cell_type == "markdown" and re.match(r"##?\s", cell.source)
    ]
    start = max((head for head in heads if head <= place), default=0)
    return cells[start : min((head for head in heads if head > place), default=len(cells))]


def values_of(cells):
    """Return every number in the code and the outputs of ``cells``, an array (n,)."""
    found = []
    for cell in cells:
        if cell.cell_type == "code":
            if CLAIMS not in cell.metadata.get("tags", []):  # which repeat the text's own words
                # Nor is the number of a chapter in the name of a check, check_05_entropy, a result of it.
                found += numbers(re.sub(r"\bch(?:eck_)?\d\d\w*", "", cell.source))
            for output in cell.outputs:
                found += [number for text in readings(output) for number in numbers(text)]
    return np.array(found)


VERDICTS = re.compile(r"\b(?:does not hold|holds|depends|undecided)\b")


def verdicts_typed(notebook):
    """Return the verdicts in bold, italics or tables of the text that no output just above gives.

    Before the first verdict is computed, the words are explained and not yet used.
    """
    typed, above, used = [], "", False
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            above = " ".join(text for output in cell.outputs for text in readings(output))
            used = used or bool(VERDICTS.search(above))
            continue
        stated = re.findall(r"\*+[^*\n]+\*+|^\|.*\|\s*$", cell.source if used else "", flags=re.MULTILINE)
        words = [word for part in stated for word in VERDICTS.findall(part)]
        typed += [f"cell {place}: {word}" for word in words if word not in VERDICTS.findall(above)]
    return typed
