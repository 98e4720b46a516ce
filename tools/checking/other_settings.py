"""Does the suite pass unchanged where a reader's machine differs from ours? One run a setting.

Usage: python -m tools.checking.other_settings [--times N] [SETTING ...]     (all settings if none is named)
"""

import argparse
import os
import random
import subprocess
import sys
import time

from tools import ROOT
from tools.checking import pytest_runs
from tools.publishing.execute import notebooks

TESTS = ["tests"]

# name: (environment, options of pytest)
SETTINGS = {
    "in parallel": ({}, pytest_runs.PARALLEL),
    "another order": ({}, pytest_runs.PARALLEL),
    "1 thread": ({"OMP_NUM_THREADS": "1"}, []),
    "2 threads": ({"OMP_NUM_THREADS": "2"}, []),
    "cpu default": ({"ATEN_CPU_CAPABILITY": "default"}, pytest_runs.PARALLEL),
    "cpu avx2": ({"ATEN_CPU_CAPABILITY": "avx2"}, pytest_runs.PARALLEL),
    "cpu avx512": ({"ATEN_CPU_CAPABILITY": "avx512"}, pytest_runs.PARALLEL),
}


def missing(name):
    """Return why this machine cannot try a setting, or None."""
    import torch  # takes seconds, and `--help` does not need it

    if name == "cpu avx512" and torch.backends.cpu.get_cpu_capability() != "AVX512":
        return "not on this machine"


def run(name):
    """Run the suite in one setting. Return what to print: a verdict, or the names of failures."""
    environment, options = SETTINGS[name]
    paths = [path.relative_to(ROOT).as_posix() for path in notebooks([])] + TESTS
    if name == "another order":
        random.shuffle(paths)
    done = subprocess.run(
        pytest_runs.command(*options, *paths),
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        encoding="utf-8",
    )
    if done.returncode == 0:
        return "passes"
    return "; ".join(pytest_runs.failures(done.stdout)) or done.stdout[-2000:] + done.stderr[-2000:]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("settings", nargs="*", metavar="SETTING", help=", ".join(SETTINGS))
    parser.add_argument("--times", type=int, default=1, help="how many times in a row")
    options = parser.parse_args()
    if unknown := set(options.settings) - SETTINGS.keys():
        parser.error(f"no setting is called {', '.join(sorted(unknown))}; there are: {', '.join(SETTINGS)}")
    failures = 0
    print("| setting | result | seconds |\n|---|---|---|")
    for name in options.settings or SETTINGS:
        for _ in range(options.times):
            start = time.perf_counter()
            verdict = missing(name) or run(name)
            failures += verdict not in ("passes", "not on this machine")
            print(f"| {name} | {verdict} | {time.perf_counter() - start:.0f} |", flush=True)
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
