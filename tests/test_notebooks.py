"""What must be true of a stored notebook before anybody runs it again."""

import copy
import re

import nbformat
import pytest

from helpers.figure_digest import MIME
from tools import ROOT
from tools.checking.compare import Tolerance
from tools.publishing.execute import clean, is_as_run, lacks_picture, notebooks, picture_digest

NOTEBOOKS = {path.relative_to(ROOT / "book").as_posix(): path for path in notebooks([])}

SHOWN = {"text/plain", "text/html", "text/latex", "text/markdown", "image/png", "image/svg+xml", MIME}
ABSOLUTE_PATH = re.compile(
    r"(?<![\w.:/<])/(?:home|root|tmp|usr|opt|var|mnt|Users|content|work)/|\b[A-Z]:\\\\"
)
ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}")
UNCHECKED = re.compile(r"nbval[-_](?:skip|ignore)", re.IGNORECASE)
LOADED = re.compile(r"torch\.load\((?![^\n]*weights_only=True)")
FETCHED = re.compile(
    r"\burlopen\b|\brequests\.|\bfetch_\w+\(|_from_url\b|download=True|^\s*!|https?://", re.MULTILINE
)
# A dark page turns figures dark, but not those in which dark means little or much.
COLOUR_SCALE = "colour-scale"
# Beyond these a comparison would say nothing.
LOOSEST = {"rtol": 0.5, "figure": 0.2}


def problems(notebook):
    """Return a line for each way in which ``notebook`` could mislead a reader or escape a check."""
    found = [f"metadata: {part}" for part in _metadata(notebook)]
    ran = 0
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            ran += 1
            found += [f"cell {place}: {problem}" for problem in _code_cell(cell, ran)]
    return found


def _metadata(notebook):
    """What an editor may have left of itself, in one line, as one command takes all of it out."""
    tidied = copy.deepcopy(notebook)
    clean(tidied)
    if tidied != notebook:
        yield "an editor left its own in it (a kernel's name, times, what is folded, ids): make notebooks"


def _code_cell(cell, ran):
    tags = cell.metadata.get("tags", [])
    if not cell.source.strip():
        yield "it is empty: delete it, then make notebooks"
    if cell.execution_count != ran:
        yield f"it is stored as run {cell.execution_count}, not {ran}: make notebooks"
    if UNCHECKED.search(" ".join([cell.source, *tags])):
        yield "it asks for its output not to be checked: take that out; metadata.book.tolerance says how far it may move"
    # A cell that shows what a file can do to its reader has made that file itself.
    if LOADED.search(cell.source) and "torch.save(" not in cell.source:
        yield "it loads a file that may run code: write torch.load(..., weights_only=True)"
    if FETCHED.search(cell.source):
        yield "it may fetch something, and nothing at run time comes from the network: ship the file with helpers"
    tolerance = Tolerance.of(cell)
    for name, most in LOOSEST.items():
        if getattr(tolerance, name) > most:
            yield f"its tolerance {name} = {getattr(tolerance, name)} checks nothing: write at most {most}"
    kinds = {output.get("name", output.output_type) for output in cell.outputs}
    for kind, tag in (("stderr", "expects-warning"), ("error", "raises-exception")):
        if kind in kinds and tag not in tags:
            yield f"it has an {kind} output: mend the cause, or tag it {tag} if the text is about it"
        if tag in tags and kind not in kinds:
            again = "python -m tools.publishing.execute --force"
            yield f"it is tagged {tag}, but has no {kind} output: delete the tag, or run it again ({again})"
    images = [output for output in cell.outputs if "image/png" in output.get("data", {})]
    alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
    if images and len(alt.strip()) < 20:
        yield "its figure has no description: write metadata.mystnb.image.alt"
    if missing := lacks_picture(cell):
        yield missing
    if any(map(_has_colour_scale, cell.outputs)) != (COLOUR_SCALE in tags):
        yield f"where colours of its figure say how much, and only there, tag it {COLOUR_SCALE}: write metadata.tags"
    if len(images) > 1:
        yield "it has several figures, and so one description for all: split the cell in two"
    for output in cell.outputs:
        yield from _output(output)


def _has_colour_scale(output):
    """Does the figure map numbers to colours? Two regions, below and above one half, are no scale."""
    drawn = [
        record
        for ax in output.get("data", {}).get(MIME, {}).get("axes", [])
        for record in ax.get("drawn", [])
    ]
    return any("limits" in record and not record["limits"].startswith("-1e+09") for record in drawn)


def _output(output):
    data = output.get("data", {})
    if ("image/png" in data) != (MIME in data):
        yield "a figure and its data must be stored together: import helpers.plotting in the first cell, then make notebooks"
    if unknown := data.keys() - SHOWN:
        yield f"{sorted(unknown)} is not shown in the book: end the line with ';', then make notebooks"
    if "image/png" in data and output.metadata.get("picture") != picture_digest(output):
        yield "its picture is not the one stored when the cell was run: make notebooks"
    texts = [output.get("text", ""), output.get("evalue", ""), *output.get("traceback", [])]
    text = " ".join([*texts, *(str(part) for mime, part in data.items() if mime.startswith("text/"))])
    html = data.get("text/html", "")
    titles = re.findall(r'<svg\b[^>]*role="img"[^>]*><title>([^<]{20,})</title>', html)
    if len(titles) != html.count('role="img"') or ("<svg" in html and not titles):
        yield 'its drawing has no description of 20 letters or more: write role="img" and a <title> first, as helpers.diagrams does'
    if match := ABSOLUTE_PATH.search(text):
        yield f"an output names a path of one machine, so print less of it: …{text[match.start() : match.start() + 40]}…"
    if match := ADDRESS.search(text):
        yield f"an output holds an address in memory, new at each run: end the line with ';' ({match.group()})"


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_is_sound(name):
    notebook = nbformat.read(NOTEBOOKS[name], as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) >= (4, 5), "cells have ids from format 4.5 on"
    assert not problems(notebook), f"{name}:\n" + "\n".join(problems(notebook))


DRAWING = '<svg role="img" viewBox="0 0 9 9"><title>Two neurons and a line.</title><path d="M0 0L9 9"/></svg>'


def sound():
    """Return a small notebook without a problem: some code, a figure, an error, a warning, a drawing."""
    v4 = nbformat.v4
    picture = v4.new_output(
        "display_data", {"image/png": "aGk=", "text/plain": "<Figure>", MIME: {"axes": []}}
    )
    picture.metadata["picture"] = picture_digest(picture)
    error = v4.new_output("error", ename="ValueError", evalue="no", traceback=["ValueError: no"])
    drawing = v4.new_output("display_data", {"text/html": DRAWING, "text/plain": "Two neurons and a line."})
    warning = v4.new_output("stream", name="stderr", text="UserWarning: size")
    cells = [
        v4.new_markdown_cell("# Title"),
        v4.new_code_cell("print(1)", outputs=[v4.new_output("stream", text="1\n")]),
        v4.new_code_cell(
            "plot()", outputs=[picture], metadata={"mystnb": {"image": {"alt": "A line that rises to 1."}}}
        ),
        v4.new_code_cell("fail()", outputs=[error], metadata={"tags": ["raises-exception"]}),
        v4.new_code_cell("warn()", outputs=[warning], metadata={"tags": ["expects-warning"]}),
        v4.new_code_cell("draw()", outputs=[drawing]),
        v4.new_code_cell(
            "claim()", outputs=[v4.new_output("stream", text="✓\n")], metadata={"tags": ["claims"]}
        ),
    ]
    for place, cell in enumerate(cells[1:], start=1):
        cell.execution_count = place
    notebook = v4.new_notebook(cells=cells)
    clean(notebook)
    return notebook


FAULTS = {
    "other kernel": lambda nb, cells: nb.metadata.kernelspec.update(name="conda-env"),
    "widgets": lambda nb, cells: nb.metadata.update(widgets={}),
    "id twice": lambda nb, cells: cells[1].update(id=cells[2].id),
    "no kernel": lambda nb, cells: nb.metadata.pop("kernelspec"),
    "timing": lambda nb, cells: cells[1].metadata.update(execution={"iopub": "2026"}),
    "folded": lambda nb, cells: cells[1].metadata.update(jupyter={"outputs_hidden": True}),
    "claims that are not folded": lambda nb, cells: cells[5].metadata.pop("jupyter"),
    "VS Code": lambda nb, cells: cells[1].metadata.update(vscode={"languageId": "python"}),
    "Colab": lambda nb, cells: nb.metadata.update(colab={"provenance": []}),
    "an output's time": lambda nb, cells: cells[2].outputs[0].metadata.update(outputId="7"),
    "empty cell": lambda nb, cells: cells[1].update(source=" "),
    "not run": lambda nb, cells: cells[1].update(execution_count=None),
    "out of order": lambda nb, cells: cells[2].update(execution_count=7),
    "comment that skips": lambda nb, cells: cells[1].update(source="# NBVAL_IGNORE_OUTPUT\nprint(1)"),
    "tag that skips": lambda nb, cells: cells[1].metadata.update(tags=["nbval-skip"]),
    "file that may run code": lambda nb, cells: cells[1].update(source="torch.load(file)"),
    "download": lambda nb, cells: cells[1].update(source="MNIST('.', download=True)"),
    "tolerance too loose": lambda nb, cells: cells[1].metadata.update(
        book={"tolerance": {"rtol": 9.0, "why": "x"}}
    ),
    "warning": lambda nb, cells: cells[4].metadata.update(tags=[]),
    "warning gone": lambda nb, cells: cells[4].outputs.clear(),
    "error": lambda nb, cells: cells[3].metadata.update(tags=[]),
    "no description": lambda nb, cells: cells[2].metadata.pop("mystnb"),
    "drawing without a title": lambda nb, cells: (
        cells[5].outputs[0].data.update({"text/html": '<svg viewBox="0 0 9 9"><path d="M0 0L9 9"/></svg>'})
    ),
    "title of a drawing too short": lambda nb, cells: (
        cells[5].outputs[0].data.update({"text/html": DRAWING.replace("Two neurons and a line.", "Neurons.")})
    ),
    "second drawing without a title": lambda nb, cells: (
        cells[5].outputs[0].data.update({"text/html": DRAWING + '<svg role="img"><path d="M0 0"/></svg>'})
    ),
    "no figure to describe": lambda nb, cells: cells[2].outputs.clear(),
    "two figures": lambda nb, cells: cells[2].outputs.append(cells[2].outputs[0]),
    "colours that say how much": lambda nb, cells: (
        cells[2].outputs[0].data.update({MIME: {"axes": [{"drawn": [{"kind": "image", "limits": "0 16"}]}]}})
    ),
    "colours that do not": lambda nb, cells: cells[2].metadata.update(tags=[COLOUR_SCALE]),
    "figure without data": lambda nb, cells: cells[2].outputs[0].data.pop(MIME),
    "data without figure": lambda nb, cells: cells[2].outputs[0].data.pop("image/png"),
    "other picture": lambda nb, cells: cells[2].outputs[0].data.update({"image/png": "b2g="}),
    "output never shown": lambda nb, cells: cells[2].outputs[0].data.update({"application/x": "1"}),
    "path": lambda nb, cells: cells[1].outputs[0].update(text="in /home/me/x.py"),
    "path in a traceback": lambda nb, cells: cells[3].outputs[0].traceback.append("File /usr/lib/x.py:3"),
    "address": lambda nb, cells: cells[1].outputs[0].update(text="<f at 0x7f00deadbeef>"),
}


def test_a_sound_notebook_has_no_problems():
    assert problems(sound()) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found(fault):
    notebook = sound()
    FAULTS[fault](notebook, notebook.cells)
    found = problems(notebook)
    assert found
    # … and each says what to do.
    for line in found:
        assert re.search(
            "make notebooks|: (write|delete|take|ship|mend|split|end) |metadata.mystnb|print less", line
        ), line
    # … and it helps: `make notebooks` takes the fault out, or runs the notebook again.
    advised = {line for line in found if line.endswith(": make notebooks")}
    clean(notebook)
    assert not is_as_run(notebook) or not advised & set(problems(notebook))
