"""`pytest --nbval` with a comparison that is both stricter and kinder: see tools/checking/compare.py.

On top of what nbval checks, every code cell must have been run in order from a fresh kernel, and a
warning in an output is a failure unless the cell is tagged `expects-warning`.
"""

import json
import os

import pytest
from nbval.plugin import IPyNbCell, IPyNbFile

from tools import neutral

neutral.for_this_process()  # before anything imports matplotlib
from tools.checking.compare import Tolerance, differences  # noqa: E402
from tools.publishing.execute import tidy  # noqa: E402

if "PYTEST_XDIST_WORKER" in os.environ:  # other workers need the other cores
    os.environ.setdefault("OMP_NUM_THREADS", "1")


class Output(str):
    """One output of a cell, as text; equal to another when `tools.checking.compare` finds no difference."""

    def __new__(cls, value, tolerance):
        output = super().__new__(cls, value if isinstance(value, str) else json.dumps(value))
        output.value, output.tolerance = value, tolerance
        return output

    def __eq__(self, new):
        return not differences(self.value, new.value, self.tolerance)

    def __ne__(self, new):
        return not self == new

    __hash__ = str.__hash__


class CheckedCell(IPyNbCell):
    def runtest(self):
        self.tolerance = Tolerance.of(self.cell)
        if self.cell.execution_count != self.cell_num + 1:
            self.raise_cell_error(
                f"Stored as number {self.cell.execution_count} in the order of execution, but it is code "
                f"cell {self.cell_num + 1}: run the whole notebook from a fresh kernel (make notebooks)"
            )
        super().runtest()

    def compare_outputs(self, test, ref, skip_compare=None):
        for output in test:
            tidy(output)
        if "expects-warning" not in self.cell.metadata.get("tags", []):
            for which, outputs in (("stored", ref), ("new", test)):
                for output in outputs:
                    if output.get("name") == "stderr":
                        self.comparison_traceback = [f"a warning in the {which} output:\n{output.text}"]
                        return False
        return super().compare_outputs(test, ref, skip_compare)

    def sanitize(self, s):
        return Output(super().sanitize(s), self.tolerance)

    def format_output_compare(self, key, left, right):
        lines = differences(left.value, right.value, self.tolerance)
        self.comparison_traceback += [f"{key}:", *(f"  {line}" for line in lines)]


class CheckedFile(IPyNbFile):
    def setup(self):
        with neutral.for_kernels():
            super().setup()
        # As Jupyter runs a cell: without a history, IPython prints what a final `;` should hide.
        execute = self.kernel.kc.execute
        self.kernel.kc.execute = lambda code, **options: execute(code, **options | {"store_history": True})

    def collect(self):
        for item in super().collect():
            yield CheckedCell.from_parent(
                self, name=item.name, cell_num=item.cell_num, cell=item.cell, options=item.options
            )


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path, parent):
    collectors = yield
    return [
        CheckedFile.from_parent(parent, path=file_path) if type(c) is IPyNbFile else c for c in collectors
    ]
