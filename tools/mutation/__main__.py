"""Is the check itself checked? Damage the book one fault at a time, and see what notices.

Each fault is made in a copy of the tree, where the tests of the damaged module and the notebooks
that use it are run until the first one fails. First of all, the undamaged copy must pass. The exit
code is 0 if every fault that survives is one whose harmlessness is explained.

Usage: python -m tools.mutation [--sample N] [--seed S] [--jobs J] [--only WORD]
"""

import argparse
import os
import queue
import random
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools import ROOT
from tools.checking import pytest_runs
from tools.mutation.faults import source_faults
from tools.mutation.notebook_faults import notebook_faults

TIMEOUT = 400  # seconds for one run of the tests; a fault that hangs is noticed too


def run_tests(tree, checks):
    """Run ``checks``, paths in ``tree``, until one fails. Return its name, or None."""
    # Before the installed package: the damaged one is in the copy. One thread, as others run beside.
    env = os.environ | {
        "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"
    }  # fmt: skip
    try:
        run = subprocess.run(
            pytest_runs.command("-x", "-p", "no:cacheprovider", *checks),
            cwd=tree, env=env, capture_output=True, encoding="utf-8", timeout=TIMEOUT,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "the time limit"
    if run.returncode == 0:
        return None
    if failed := pytest_runs.failures(run.stdout):
        return failed[0]
    sys.exit(f"pytest broke on {checks}:\n{run.stdout}\n{run.stderr}")


def try_fault(fault, trees):
    """Make one fault in a free tree and undo it. Return (fault, what caught it or None, seconds)."""
    tree, start = trees.get(), time.perf_counter()
    path = tree / fault.path
    whole = path.read_text(encoding="utf-8")
    try:
        path.write_text(fault.damage(whole), encoding="utf-8")
        caught = None
        for checks in fault.checks(tree):
            caught = caught or run_tests(tree, checks)
        return fault, caught, time.perf_counter() - start
    finally:
        path.write_text(whole, encoding="utf-8")
        trees.put(tree)


def check_undamaged(tree, faults, jobs):
    """Exit unless everything that is going to judge the faults passes without them."""
    checks = sorted({check for fault in faults for step in fault.checks(tree) for check in step})
    caught = run_tests(tree, [*checks, "-n", str(jobs), "--dist", "loadfile"])
    if caught:
        sys.exit(f"{caught} fails without any fault: mend that first")


def main():
    parser = argparse.ArgumentParser("python -m tools.mutation", description=__doc__.split("\n\n")[0])
    parser.add_argument("--sample", type=int, help="try only so many, chosen at random")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--jobs", type=int, default=2, help="copies of the tree to work in")
    parser.add_argument("--only", default="", help="try only faults whose description holds this")
    options = parser.parse_args()
    faults = [fault for fault in [*source_faults(), *notebook_faults(ROOT)] if options.only in str(fault)]
    if options.sample:
        faults = random.Random(options.seed).sample(faults, min(options.sample, len(faults)))
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(options.jobs) as pool:
        trees = queue.Queue()
        for job in range(options.jobs):
            pytest_runs.copy_tree(Path(scratch) / str(job))
            trees.put(Path(scratch) / str(job))
        check_undamaged(Path(scratch) / "0", faults, options.jobs)
        verdicts = []
        for fault, caught, seconds in pool.map(lambda fault: try_fault(fault, trees), faults):
            verdict = f"caught by {caught}" if caught else f"SURVIVED ({fault.harmless or 'unexplained'})"
            print(f"{fault} | {verdict} | {seconds:.0f} s", flush=True)
            verdicts.append("caught" if caught else "harmless" if fault.harmless else "unexplained")
    caught, harmless, unexplained = map(verdicts.count, ("caught", "harmless", "unexplained"))
    share = f" ({caught / (caught + unexplained):.0%})" if caught + unexplained else ""
    print(
        f"{caught + unexplained} faults, {caught} caught{share}; besides, {harmless} harmless ones survived"
    )
    sys.exit(unexplained > 0)


if __name__ == "__main__":
    main()
