"""`pytest --nbval` on a part of a notebook, and on one that an editor saved: what conftest.py adds to nbval."""

import subprocess
import sys

import nbformat
import pytest

from tools import ROOT
from tools.publishing import execute

v4 = nbformat.v4


@pytest.fixture
def run(tmp_path):
    """Run pytest, as somebody would, on a notebook of four cells, in a book of its own."""
    path = tmp_path / "book" / "01_small.ipynb"
    path.parent.mkdir()
    sources = ["x = 1", "x += 1\nprint(x)", "1 / 0", "x += 1\nprint(x)"]
    cells = [v4.new_code_cell(source) for source in sources]
    cells[2].metadata.tags = ["raises-exception"]
    outputs = [[], ["2\n"], [], ["3\n"]]
    for place, (cell, texts) in enumerate(zip(cells, outputs), start=1):
        cell.execution_count = place
        cell.outputs = [v4.new_output("stream", text=text) for text in texts]
    trace = ["ZeroDivisionError: division by zero"]
    cells[2].outputs = [
        v4.new_output("error", ename="ZeroDivisionError", evalue="division by zero", traceback=trace)
    ]

    def call(*options, change=lambda notebook: None):
        notebook = v4.new_notebook(cells=cells)
        execute.clean(notebook)
        change(notebook)
        nbformat.write(notebook, path)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--nbval",
            "-c",
            ROOT / "pyproject.toml",
            f"--rootdir={ROOT}",
        ]
        return subprocess.run(
            [*command, "-p", "no:cacheprovider", "-p", "conftest", *options],
            cwd=ROOT,
            capture_output=True,
            encoding="utf-8",
        ).stdout

    call.path = path
    return call


def test_a_cell_alone_brings_along_those_before_it(run):
    assert "4 passed" in run(run.path)
    assert "1 passed" in run(f"{run.path}::Cell 3")
    assert "2 passed, 2 deselected" in run(run.path, "-k", "Cell3 or Cell1")
    assert "2 passed" in run(f"{run.path}::Cell 3", f"{run.path}::Cell 1")  # out of order: --ff


def test_a_cell_before_that_fails_is_named(run):
    def broken(notebook):
        notebook.cells[0].source = "x = 1 / 0"

    out = run(f"{run.path}::Cell 3", change=broken)
    assert "Cell 0, which runs before it, failed: ZeroDivisionError" in out


def test_a_cell_before_that_fails_is_run_once(run):
    def broken(notebook):
        notebook.cells[1].source += "\n1 / 0"

    out = run(f"{run.path}::Cell 2", f"{run.path}::Cell 3", change=broken)
    assert "Cell 1, which runs before it, failed: ZeroDivisionError" in out
    assert "1 failed, 1 passed" in out  # and in the second, x is 3


def test_two_at_a_time_keep_a_notebook_whole(run):
    out = run("-vv", "-n", "2", run.path)
    assert "4 passed" in out and "LoadFileScheduling" in out


def test_the_kernel_is_this_python_whatever_its_name(run):
    def saved_elsewhere(notebook):
        notebook.metadata.kernelspec.name = notebook.metadata.kernelspec.display_name = ".venv"

    assert "4 passed" in run(run.path, change=saved_elsewhere)


def test_a_wrong_output_is_told_shortly(run):
    def wrong(notebook):
        notebook.cells[3].outputs[0].text = "4\n"

    out = run(run.path, change=wrong)
    assert "stored '4', now '3'" in out or "stored 4, now 3" in out
    assert len(out.splitlines()) < 40


def test_a_kernel_that_does_not_start_is_told_once(run):
    out = run(run.path, "--nbval-kernel-name", "none-of-this-name")
    assert "did not start: No such kernel named none-of-this-name" in out and "--nbval-kernel-name" in out
    assert "1 failed, 3 skipped" in out and len(out.splitlines()) < 40
