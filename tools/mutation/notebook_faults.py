"""The faults that tools/mutation makes in the notebooks: in code, outputs, figures and text."""

import random
import re
from functools import partial

import nbformat

from helpers.figure_digest import MIME
from tools.checking.compare import tokens
from tools.checking.prose import quantities
from tools.mutation.faults import QUICK, Fault
from tools.publishing.execute import notebooks


def code_cells(notebook, holds=lambda cell: True):
    return [cell for cell in notebook.cells if cell.cell_type == "code" and holds(cell)]


def has_figure(cell):
    return any(MIME in output.get("data", {}) for output in cell.outputs)


def in_code(pattern, change):
    """Return a damage that changes one number of the code, found by the group of ``pattern``."""

    def damage(notebook, chance):
        sites = [
            (cell, match) for cell in code_cells(notebook) for match in re.finditer(pattern, cell.source)
        ]
        # How large or thick something is drawn is taste, not content; a comment does nothing.
        looks = re.compile(r"figsize|fontsize|alpha|linewidth|lw=|size=|zorder|rotation|width|#")
        sites = [
            (cell, match) for cell, match in sites
            if not looks.search(cell.source[cell.source.rfind("\n", 0, match.start()) + 1 :].split("\n")[0])
        ]  # fmt: skip
        if not sites:
            return None
        cell, match = chance.choice(sites)
        new = change(match[1])
        cell.source = cell.source[: match.start(1)] + new + cell.source[match.end(1) :]
        return f"{match[0]} becomes {new}"

    return damage


def other_digit(number):
    """Return ``number`` with its first digit that is not zero changed by two."""
    place = next(i for i, digit in enumerate(number) if digit in "123456789")
    return number[:place] + str((int(number[place]) + 1) % 9 + 1) + number[place + 1 :]


def next_number(number):
    """Return ``number`` with its last digit one higher."""
    return re.sub(r"\d(?=\D*$)", lambda match: str((int(match[0]) + 1) % 10), number)


def printed(notebook):
    """Return (output, key) of each text that the notebook prints."""
    found = []
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if output.output_type == "stream":
                found.append((output, "text"))
            elif "data" in output and MIME not in output.data:
                found += [(output.data, mime) for mime in ("text/plain", "text/html") if mime in output.data]
    return found


def in_output(wanted, change):
    """Return a damage that changes one Token, of those ``wanted``, of a printed text."""

    def damage(notebook, chance):
        sites = [
            (out, key, token) for out, key in printed(notebook) for token in tokens(out[key]) if wanted(token)
        ]
        if not sites:
            return None
        out, key, token = chance.choice(sites)
        new = change(token.text)
        out[key] = out[key][: token.start] + new + out[key][token.start + len(token.text) :]
        return f"{token.text} becomes {new}"

    return damage


def number_in_text(notebook, chance):
    sites = [
        (cell, quantity) for cell in notebook.cells if cell.cell_type == "markdown" for quantity in quantities(cell.source)
    ]  # fmt: skip
    if not sites:
        return None
    cell, quantity = chance.choice(sites)
    new, end = next_number(quantity.text), quantity.start + len(quantity.text)
    # A power of ten is found as 1e-4 but written otherwise.
    if cell.source[quantity.start : end] != quantity.text:
        return None
    cell.source = cell.source[: quantity.start] + new + cell.source[end:]
    return f"{quantity.text} becomes {new} in “{quantity.sentence}”"


def deleted_output(notebook, chance):
    if not (cells := code_cells(notebook, lambda cell: cell.outputs)):
        return None
    cell = chance.choice(cells)
    cell.outputs = []
    return f"of run {cell.execution_count}"


def figures_swapped(notebook, chance):
    if len(cells := code_cells(notebook, has_figure)) < 2:
        return None
    one, other = chance.sample(cells, 2)
    one.outputs, other.outputs = other.outputs, one.outputs
    return f"of runs {one.execution_count} and {other.execution_count}"


def pictures_swapped(notebook, chance):
    if len(cells := code_cells(notebook, has_figure)) < 2:
        return None
    one, other = chance.sample(cells, 2)
    data = [
        next(output.data for output in cell.outputs if MIME in output.get("data", {}))
        for cell in (one, other)
    ]
    data[0]["image/png"], data[1]["image/png"] = data[1]["image/png"], data[0]["image/png"]
    return f"of runs {one.execution_count} and {other.execution_count}"


def figure_without_data(notebook, chance):
    if not (cells := code_cells(notebook, has_figure)):
        return None
    cell = chance.choice(cells)
    for output in cell.outputs:
        output.get("data", {}).pop(MIME, None)
    return f"of run {cell.execution_count}"


KINDS = {
    "learning rate": in_code(r"\blr=([\d.]*[1-9][\d.]*(?:e-?\d+)?)", lambda number: f"{3 * float(number):g}"),
    "seed": in_code(
        r"\b(?:seed|random_state|manual_seed|default_rng)[=(](\d+)", lambda number: f"{int(number) + 1}"
    ),
    "constant": in_code(r"(?<![\w.\"'])((?:[3-9]|[1-9]\d+)(?:\.\d+)?)(?![\w.\"'])", other_digit),
    "sign": in_code(r"(?<=[\w)\]]) ([-+]) (?=[\w(])", lambda sign: "-+"[sign == "-"]),
    "bias correction left out": in_code(r"( / \(1 - [^()]*\*\*[^()]*\))", lambda _: ""),
    "number in an output": in_output(
        lambda t: t.is_number and t.value and t.significant_digits > 1, other_digit
    ),
    "word in an output": in_output(lambda t: len(t.text) > 3 and t.text.isalpha(), lambda word: word + "s"),
    "number in the text": number_in_text,
    "deleted output": deleted_output,
    "figures swapped": figures_swapped,
    "pictures swapped": pictures_swapped,
    "figure without its data": figure_without_data,
}
# What is seen without running a notebook is tried in all of them, the rest in the quickest to run.
SEEN_AT_ONCE = {"number in the text", "pictures swapped", "figure without its data"}
# Why a fault of a kind may survive.
HARMLESS = {
    "learning rate": "each mean printed stays within its standard error: the text tells no more than that",
    "seed": "nothing printed hangs on a seed: it is an identity, or a mean within its standard errors",
    "number in the text": "the new number stands in the same section: which is meant, only a reader can tell",
}


def _damage(name, kind, whole):
    notebook = nbformat.reads(whole, as_version=4)
    # Seeded by name, so that a fault stays the same when another chapter changes.
    what = KINDS[kind](notebook, random.Random(f"{name} {kind}"))
    return what, nbformat.writes(notebook)


def notebook_faults(root):
    """Return faults of the notebooks under ``root``/book, of each kind that there is a place for."""
    faults = []
    for path in notebooks([], root):
        name = path.relative_to(root).as_posix()
        at_once = ("tests/test_notebooks.py", "tests/test_prose.py")
        for kind in KINDS if path.name.startswith(QUICK) else sorted(SEEN_AT_ONCE):
            what, _ = _damage(name, kind, path.read_text(encoding="utf-8"))
            if what:
                damage = partial(_damage, name, kind)
                steps = (at_once,) if kind in SEEN_AT_ONCE else (at_once, (name,))
                faults.append(
                    Fault(
                        name,
                        f"{kind}: {what}",
                        lambda whole, damage=damage: damage(whole)[1],
                        steps,
                        harmless=HARMLESS.get(kind, ""),
                    )
                )
    return faults
