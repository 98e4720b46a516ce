"""`pytest --nbval` with a comparison that is both stricter and kinder: see tools/checking/compare.py.

On top of what nbval checks, every code cell must have been run in order from a fresh kernel, and a
warning in an output is a failure unless the cell is tagged `expects-warning`. A cell that is chosen
alone, by its name, `-k` or `--lf`, brings along the cells before it.
"""

import json
import os

import pytest
from nbval.plugin import IPyNbCell, IPyNbFile

from tools import neutral

neutral.for_this_process()  # before anything imports matplotlib
from tools.checking.compare import Tolerance, differences
from tools.publishing.execute import tidy

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
        self.parent.need_kernel()
        self.tolerance = Tolerance.of(self.cell)
        if self.cell.execution_count != self.cell_num + 1:
            self.raise_cell_error(
                f"Stored as number {self.cell.execution_count} in the order of execution, but it is code "
                f"cell {self.cell_num + 1}: run the whole notebook from a fresh kernel (make notebooks)"
            )
        self.parent.catch_up(self)
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
    ran = 0  # how many cells the kernel has run
    trouble = "stopped in an earlier cell"  # what there is to say should no kernel be there
    told = False

    def setup(self):
        try:
            with neutral.for_kernels():
                super().setup()
        except Exception as error:  # its traceback would be hundreds of lines, for each cell
            self.trouble = (
                f"did not start: {error}. It is the kernel of the Python that runs pytest, if no "
                "--nbval-kernel-name names another: leave it out, or make a new environment: make clean book"
            )
            return
        # As Jupyter runs a cell: without a history, IPython prints what a final `;` should hide.
        execute = self.kernel.kc.execute
        self.kernel.kc.execute = lambda code, **options: execute(code, **options | {"store_history": True})

    def collect(self):
        self.cells = [
            CheckedCell.from_parent(
                self, name=item.name, cell_num=item.cell_num, cell=item.cell, options=item.options
            )
            for item in super().collect()
        ]
        for cell in self.cells:
            cell.extra_keyword_matches.add(f"Cell{cell.cell_num}")  # -k takes no space
        return self.cells

    def need_kernel(self):
        """Fail the first cell that finds no kernel, and skip those after it: one sentence says it all."""
        if self.kernel is None or not self.kernel.is_alive():
            if self.told:
                pytest.skip("this notebook has no kernel, as an earlier cell says")
            self.told = True
            pytest.fail(f"The kernel of {self.path.name} {self.trouble}", pytrace=False)

    def catch_up(self, cell):
        """Bring the kernel to where ``cell`` begins: run the cells before it that were not chosen."""
        if self.ran > cell.cell_num:  # `--ff`, for one, takes cells out of their order
            self.teardown()
            self.setup()
            self.need_kernel()
            self.ran = 0
        for earlier in self.cells[self.ran : cell.cell_num]:
            if not earlier.options["skip"]:
                self.run_silently(earlier, cell)
        self.ran = cell.cell_num + 1

    def run_silently(self, earlier, cell):
        reply = self.kernel.kc.execute_interactive(
            earlier.cell.source, allow_stdin=False, stop_on_error=False, output_hook=lambda message: None,
            timeout=self.config.option.nbval_cell_timeout,
        )["content"]  # fmt: skip
        self.ran = earlier.cell_num + 1
        if reply["status"] != "ok" and not earlier.options["check_exception"]:
            cell.raise_cell_error(
                f"{earlier.name}, which runs before it, failed: {reply['ename']}: {reply['evalue']}"
            )


def pytest_configure(config):
    # The Python that runs the tests, whatever the kernel is called on the machine of a notebook's editor.
    if hasattr(config.option, "nbval_current_env"):
        config.option.nbval_current_env = not config.option.nbval_kernel_name


@pytest.hookimpl(wrapper=True)  # so it is before xdist's own, wherever this file was loaded from
def pytest_cmdline_main(config):
    """Let `-n 2` alone keep each file on one worker: with half of its cells, each would run all of them."""
    if getattr(config.option, "numprocesses", None) and config.option.dist == "no":
        config.option.dist = "loadfile"
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path, parent):
    collectors = yield
    return [
        CheckedFile.from_parent(parent, path=file_path) if type(c) is IPyNbFile else c for c in collectors
    ]
