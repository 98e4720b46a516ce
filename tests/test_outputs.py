"""What counts as the same output, and what `pytest --nbval` lets through."""

import functools
import subprocess
import sys

import nbformat
import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.figure import Figure
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from helpers.figure_digest import MIME, digest
from tools import ROOT
from tools.checking.compare import Tolerance, differences
from tools.publishing.execute import tidy

SAME = {
    "white space": ("a   1.25\nb  10.50", "a 1.25\nb     10.50"),
    "last digit rounded otherwise": ("0.0842", "0.0843"),
    "relative": ("123456.7", "123460.1"),
    "written otherwise": ("0.000123", "1.23e-04"),
    "thousands": ("20,640 rows", "20640 rows"),
    "dollars": ("$48,312", "$48,315"),
    "percentage": ("93.2%", "93.3%"),
    "minus sign": ("−0.512", "-0.512"),
    "negative zero": ("-0.0000", "0.0000"),
    "nan and inf": ("[nan, inf, -inf]", "[nan, inf, -inf]"),
    "nested": ("{'a': [1.2345, (2, 3.0001)]}", "{'a': [1.2346, (2, 3.0002)]}"),
    "tensor": (str(torch.tensor([[1.0, -2.5]])), str(torch.tensor([[1.00001, -2.50001]]))),
    "mean and standard error": ("0.0842 ± 0.0011", "0.0852 ± 0.0012"),
    "one of 34 no longer agrees": ("100 ± 0", "97 ± 3"),
    "mean in percent": ("93.1% ± 0.5%", "93.6% ± 0.6%"),
    "mean in dollars": ("$310 ± $20", "$328 ± $22"),
    "rule of a table": ("=====\na 1\n-----", "=======\na 1\n------"),
    "styled table": ('<td id="T_ab12c_row0">1.50</td>', '<td id="T_00fff_row0">1.50</td>'),
}

DIFFERENT = {
    "word": ("holds", "does not hold"),
    "name with a number": ("fc1.weight", "fc2.weight"),
    "version": ("2.13.0", "2.13.1"),
    "count": ("253 rows", "254 rows"),
    "learning rate": ("0.001", "0.002"),
    "learning rate in powers": ("1e-03", "2e-03"),
    "half of it trimmed": ("0.5", "0.46"),
    "third digit by two": ("0.0842", "0.0844"),
    "sign": ("0.512", "-0.512"),
    "order of magnitude": ("1.23e-04", "1.23e-05"),
    "thousands": ("20,640", "20,740"),
    "number became nan": ("0.5", "nan"),
    "nan became number": ("nan", "0.5"),
    "inf changed sign": ("inf", "-inf"),
    "number became inf": ("1e30", "inf"),
    "bracket": ("[1, 2]", "(1, 2)"),
    "one more": ("[1, 2]", "[1, 2, 3]"),
    "nothing": ("1", ""),
    "six standard errors": ("0.0842 ± 0.0011", "0.0906 ± 0.0011"),
    "more than one standard error": ("0.0842 ± 0.0011", "0.0855 ± 0.0014"),
    "standard error half as large again": ("0.0842 ± 0.0020", "0.0842 ± 0.0030"),
    "a verdict the other way": ("-2.1 ± 0.3", "2.1 ± 0.3"),
    "a sign in three hundred": ("0.9 ± 1.0 -0.3", "0.9 ± 1.0 0.3"),
    "standard error grew tenfold": ("0.0842 ± 0.0011", "0.0842 ± 0.0110"),
    "standard error from nothing": ("100 ± 0", "99 ± 3"),
    "half no longer agree": ("100 ± 0", "50 ± 9"),
    "standard error shrank": ("0.0842 ± 0.0110", "0.0842 ± 0.0011"),
    "another number of digits": ("0.0842 ± 0.0011", "0.08421 ± 0.0011"),
    "standard error lost": ("0.0842 ± 0.0011", "0.0842"),
}


@pytest.mark.parametrize("stored, new", SAME.values(), ids=SAME)
def test_same(stored, new):
    assert differences(stored, new) == []
    assert differences(new, stored) == []


@pytest.mark.parametrize("stored, new", DIFFERENT.values(), ids=DIFFERENT)
def test_different(stored, new):
    assert len(differences(stored, new)) == 1


@pytest.mark.parametrize("form", ["to_string", "to_html"])
def test_frames_are_compared_cell_by_cell(form):
    frame = pd.DataFrame({"n": [5, 100], "RMSE": [0.9997, 12.5], "score": ["0.10 ± 0.02", "nan"]})
    moved = frame.assign(RMSE=[0.9998, 12.501], score=["0.11 ± 0.02", "nan"])
    # One digit more makes the column wider and moves every other.
    wider = frame.assign(n=[5, 1000])
    assert differences(getattr(frame, form)(), getattr(moved, form)()) == []
    (line,) = differences(getattr(frame, form)(), getattr(wider, form)())
    assert "stored 100, now 1000" in line


def test_failure_shows_both_numbers_and_the_tolerance():
    (line,) = differences("Adam 0.0842 ± 0.0011", "Adam 0.0906 ± 0.0011")
    for part in ("0.0842", "0.0906", "0.0064 apart", "0.0011 allowed", "one standard error", "Adam"):
        assert part in line


def test_long_reports_are_cut():
    stored = " ".join(map(str, range(100, 200)))
    lines = differences(stored, stored.replace("1", "2"))
    assert len(lines) == 9 and "more differences" in lines[-1]


def test_a_cell_states_its_tolerance_with_a_reason():
    def stated(**tolerance):
        return Tolerance.of(new_code_cell(metadata={"book": {"tolerance": tolerance}}))

    assert Tolerance.of(new_code_cell()) == Tolerance()
    assert differences("0.500", "0.509", stated(rtol=0.02, why="one run")) == []
    assert differences("0.500", "0.512", stated(rtol=0.02, why="one run"))
    assert differences("3e-8", "9e-8", stated(atol=1e-7, why="rounding")) == []
    with pytest.raises(ValueError, match="relative"):
        stated(relative=0.02, why="misspelt")
    with pytest.raises(ValueError, match="reason"):
        stated(rtol=0.02)


def figure(y, *, kind="plot", **changes):
    """Draw ``y`` as a notebook would, and return its digest."""
    # Figures of their own, not pyplot's: nothing here touches a style or an open figure.
    drawn = Figure()
    ax = drawn.add_subplot()
    if kind == "hist":
        ax.hist(y, bins=5)
    elif kind == "imshow":
        drawn.colorbar(ax.imshow(np.reshape(y, (10, 10))))
    elif kind == "scatter":
        ax.scatter(np.arange(100), y, c=y)
    elif kind == "quiver":
        ax.quiver(np.arange(100), np.arange(100), y, y**2)
    elif kind == "contourf":
        ax.contourf(np.reshape(np.sort(y), (10, 10)), levels=4)
    else:
        getattr(ax, kind)(np.arange(100), y, label="train")
        ax.legend()
    ax.set(**{"title": "Loss", "xlabel": "epoch", "xlim": (0, 100), **changes})
    drawn.draw_without_rendering()
    return digest(drawn)


Y = np.random.default_rng(0).uniform(1, 2, 100)


@functools.cache
def stored_figure(kind="plot"):
    """Return the digest that several tests compare with."""
    return figure(Y, kind=kind)


KINDS = ["plot", "bar", "scatter", "fill_between", "hist", "imshow", "quiver", "contourf"]


@pytest.mark.parametrize("kind", KINDS)
def test_figure_holds_when_the_data_moves_by_a_rounding(kind):
    assert differences(stored_figure(kind), figure(Y * (1 + 1e-6), kind=kind)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_figure_fails_when_its_data_changes(kind):
    changed = np.where(np.arange(100) < 20, Y + 0.5, Y)
    assert differences(stored_figure(kind), figure(changed, kind=kind))


@pytest.mark.parametrize("kind", ["plot", "bar", "scatter", "imshow", "quiver"])
def test_figure_fails_when_the_same_values_stand_elsewhere(kind):
    assert differences(stored_figure(kind), figure(Y[::-1], kind=kind))


@pytest.mark.parametrize(
    "changes",
    [{"title": "Error"}, {"xlabel": "step"}, {"ylabel": "MSE"}, {"yscale": "log"}, {"xlim": (0, 80)},
     {"xticks": [0, 50], "xticklabels": ["a", "b"]}],
    ids=lambda changes: next(iter(changes)),
)  # fmt: skip
def test_figure_fails_when_its_words_change(changes):
    assert differences(stored_figure(), figure(Y, **changes))


@pytest.mark.parametrize("owner", [lambda ax: ax, lambda ax: ax.figure], ids=["axes", "figure"])
def test_figure_fails_when_a_legend_changes(owner):
    def explained(*labels):
        ax = Figure().add_subplot()
        owner(ax).legend([ax.plot([0, 1])[0], ax.plot([1, 0])[0]], labels)
        return digest(ax.figure)

    assert differences(explained("mean", "median"), explained("mean", "median")) == []
    assert differences(explained("mean", "median"), explained("median", "mean"))


def test_figure_fails_when_a_word_stands_elsewhere():
    def annotated(x, up=8):
        drawn = Figure()
        ax = drawn.add_subplot(xlim=(0, 4))
        ax.text(x, 0.5, "here")
        ax.annotate("there", (3, 0.5), xytext=(0, up), textcoords="offset points")
        return digest(drawn)

    assert differences(annotated(1), annotated(1 + 1e-6)) == []
    assert differences(annotated(1), annotated(2)) and differences(annotated(1), annotated(1, up=-8))


def test_figure_tolerance_is_a_share_of_the_axis():
    digests = figure(Y, ylim=(0, 4)), figure(Y + 0.02, ylim=(0, 4))
    assert differences(*digests)
    assert differences(*digests, Tolerance(figure=0.01)) == []


def test_what_diverges_out_of_sight_is_not_compared():
    spike = np.where(np.arange(100) == 7, 1e20, Y)
    further = np.where(np.arange(100) == 7, 3e30, Y)
    assert differences(figure(spike, ylim=(0, 4)), figure(further, ylim=(0, 4))) == []


def test_a_digest_is_small_and_survives_json():
    made = stored_figure()
    read = nbformat.reads(
        nbformat.writes(
            new_notebook(
                cells=[new_code_cell(outputs=[nbformat.v4.new_output("display_data", {MIME: made})])]
            )
        ),
        as_version=4,
    )
    assert differences(read.cells[0].outputs[0].data[MIME], made) == []
    assert len(str(made)) < 1000


# Each cell of a small notebook, and what is done to it after it was run: None when it must pass.
def set_text(cell, old, new):
    (output,) = cell.outputs
    assert old in output.text
    output.text = output.text.replace(old, new)


def set_tags(cell, *tags):
    cell.metadata.tags = list(tags)


CELLS = {
    "import": ("import sys\nimport matplotlib.pyplot as plt\nfrom helpers import plotting", None),
    "honest": ("print('loss', 0.0842)", None),
    "rounded otherwise": ("print('loss', 0.0842)", lambda c: set_text(c, "0.0842", "0.0843")),
    "hidden result": ("plt.plot([1, 2]);", None),
    "error": ("1 / 0", lambda c: set_tags(c, "raises-exception")),
    "expected warning": (
        "import warnings; warnings.warn('size')", lambda c: (set_tags(c, "expects-warning"), tidy(c.outputs[0]))
    ),
    "stated tolerance": (
        "print(0.25)",
        lambda c: (set_text(c, "0.25", "0.26"), c.metadata.update(book={"tolerance": {"rtol": 0.1, "why": "x"}})),
    ),
    "BAD number": ("print('loss', 0.0842)", lambda c: set_text(c, "0.0842", "0.0942")),
    "BAD word": ("print('Adam wins')", lambda c: set_text(c, "Adam", "SGD")),
    "BAD output deleted": ("print('Adam')", lambda c: c.outputs.clear()),
    "BAD output added": ("x = 1", lambda c: c.outputs.append(nbformat.v4.new_output("stream", text="1"))),
    "BAD figure": ("plt.plot([1, 2, 1.5]);", lambda c: c.update(source="plt.plot([1, 2, 1.7]);")),
    "BAD figure deleted": ("plt.plot([1, 2]);", lambda c: c.outputs.clear()),
    "BAD digest deleted": ("plt.plot([1, 2]);", lambda c: c.outputs[0].data.pop(MIME)),
    "BAD error message": (
        "int('x')", lambda c: (set_tags(c, "raises-exception"), c.outputs[0].update(evalue="none"))
    ),
    "BAD no error now": (
        "int('x')", lambda c: (set_tags(c, "raises-exception"), c.update(source="int('1');"))
    ),
    "BAD other warning": (
        "warnings.warn('size');", lambda c: (set_tags(c, "expects-warning"), c.outputs[0].update(text="UserWarning: x"))
    ),
    "BAD warning": ("print('size', file=sys.stderr)", None),
    "BAD tolerance": ("1", lambda c: c.metadata.update(book={"tolerance": {"rtl": 1, "why": "x"}})),
    "BAD order": ("print(2)", lambda c: c.update(execution_count=3)),
    "BAD not run": ("print(3)", lambda c: c.update(execution_count=None, outputs=[])),
}  # fmt: skip


def test_a_notebook_is_checked_cell_by_cell(tmp_path):
    notebook = new_notebook(cells=[new_code_cell(source) for source, _ in CELLS.values()])
    NotebookClient(notebook, kernel_name="python3", allow_errors=True).execute()
    for cell, (_, change) in zip(notebook.cells, CELLS.values()):
        if change:
            change(cell)
    nbformat.write(notebook, tmp_path / "small.ipynb")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "conftest", "-c", ROOT / "pyproject.toml", "--nbval", "-v",
         "-p", "no:cacheprovider", "--color=no", tmp_path / "small.ipynb"],
        cwd=ROOT, capture_output=True, encoding="utf-8",
    )  # fmt: skip
    verdicts = [line.split()[2] for line in run.stdout.splitlines() if "::Cell " in line and "%]" in line]
    expected = ["FAILED" if name.startswith("BAD") else "PASSED" for name in CELLS]
    assert dict(zip(CELLS, verdicts, strict=True)) == dict(zip(CELLS, expected)), run.stdout
