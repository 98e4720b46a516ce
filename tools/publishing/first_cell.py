"""The first cell of a notebook that uses ``helpers``: without the package, it says what to do.

``make notebooks`` puts it there, and ``tools/publishing/standalone.py`` a packed copy of ``helpers``
in its place. Whether packages are recent enough, ``helpers`` asks when it is imported.
"""

import ast
import functools
import sys
import tomllib

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

from tools import ROOT

# What chapters import beyond what helpers needs: three are small, need nothing more and are installed by a
# self-contained copy itself (Google Colab has one of them); Dask, which Colab has, is only asked for.
SMALL = ("madgrad", "torchinfo", "torchsummary")
ASKED_FOR = (*SMALL, "distributed")

FIRST_CELL = """\
# Without the book's package nothing below would run: say so in a sentence, not in a traceback.
try:
{imports}
except ModuleNotFoundError as error:
    import sys

    class NotInstalled(ImportError):
        def _render_traceback_(self):
            return [str(self)]

    raise NotInstalled(
        f"This kernel, Python {{sys.version.split()[0]}} ({{sys.executable}}), has no package {{error.name}}. "
        "In one of Python {python} or newer, run '%pip install {install}' in a cell of its own and restart "
        "the kernel; or download this notebook from the book's site: that copy brings along what it needs."
    )"""


def put_first_cell(notebook, folder="..", root=ROOT):
    """Put that cell before the code of a notebook that imports ``helpers``, or bring it up to date.

    ``folder`` is the book's, as seen from the notebook's.
    """
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    found = [cell for cell in code if is_first_cell(cell)]
    used = imported(python(cell) for cell in code if not is_first_cell(cell))
    if "helpers" not in used:
        return
    if not found:
        cell = nbformat.v4.new_code_cell(metadata={"tags": ["helpers", "remove-cell"]})
        notebook.cells.insert(notebook.cells.index(code[0]), cell)
        found = [cell]
    small = pinned(used, root=root)
    found[0].source = FIRST_CELL.format(
        imports="\n".join(f"    import {name}" for name in ["helpers", *small]),
        python=project(root)["requires-python"].removeprefix(">="),
        install=" ".join(["-e", folder, *small.values()]),
    )


def pinned(modules, among=ASKED_FOR, root=ROOT):
    """Return those of the modules that helpers does not need, and what pip is to be asked for."""
    lines = (root / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return {name: line for name in among if name in modules for line in lines if line.startswith(f"{name}==")}


def project(root=ROOT):
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def is_first_cell(cell):
    return "helpers" in cell.metadata.get("tags", [])


def python(cell):
    """Return a cell's code with IPython's own commands, such as %xmode, as plain Python."""
    return TransformerManager().transform_cell(cell.source)


def imported(sources):
    """Return the top-level modules that Python sources import, without Python's own."""
    return set().union(*map(imported_by, sources)) - sys.stdlib_module_names


@functools.cache  # every notebook's copy asks about all of helpers
def imported_by(source):
    modules = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules.add(node.module.split(".")[0])
    return modules
