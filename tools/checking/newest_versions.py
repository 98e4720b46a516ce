"""Would the book hold with the newest versions of what it depends on?

Makes a fresh environment with the newest version of each package that requirements.txt names by
choice (and what those bring with them), runs the book and its tests in it, and reports which
versions and which numbers moved. The tree and its own environment stay as they are.

Usage: python -m tools.checking.newest_versions [--pins FILE] [PATH ...]     (everything, if no path is named)
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from tools import ROOT
from tools.checking import pytest_runs

# The next major version is another program.
HELD = {"jupyter-book": "<2"}


def chosen(requirements):
    """Return {name: version} of the packages pinned by choice, from the text of requirements.txt."""
    by_choice = requirements.split("# What those bring with them")[0]
    return dict(re.findall(r"^([\w.-]+)==(\S+)", by_choice, re.MULTILINE))


def moved(report):
    """Return the lines of pytest's report that say what is no longer as stored, each once."""
    lines = re.findall(r"^\s*(?:E\s+)?(.*\bstored .*\bnow .*|FAILED .*|ERROR .*)$", report, re.MULTILINE)
    return list(dict.fromkeys(line.strip() for line in lines))


def run(*command, **options):
    return subprocess.run([str(part) for part in command], encoding="utf-8", capture_output=True, **options)


def install(python, names):
    """Install the newest versions; return {name: version} of all that is then there."""
    done = run(
        python,
        "-X",
        "utf8",
        "-m",
        "pip",
        "install",
        "--quiet",
        *(name + HELD.get(name, "") for name in names),
    )
    if done.returncode:
        sys.exit(f"The newest versions do not go together:\n{done.stderr}")
    listed = run(python, "-m", "pip", "list", "--format=freeze", check=True).stdout
    return dict(line.split("==") for line in listed.split())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("paths", nargs="*", help="notebooks and tests to try; all if none")
    parser.add_argument("--pins", type=Path, help="write the new versions to this file")
    options = parser.parse_args()
    pinned = chosen((ROOT / "requirements.txt").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as scratch:
        tree, environment = Path(scratch) / "tree", Path(scratch) / "environment"
        pytest_runs.copy_tree(tree)
        venv.create(environment, with_pip=True)
        python = environment / "bin" / "python"
        newest = install(python, pinned)
        print("| package | pinned | newest |\n|---|---|---|")
        for name, version in pinned.items():
            if newest[name] != version:
                print(f"| {name} | {version} | {newest[name]} |")
        if options.pins:
            options.pins.write_text("".join(f"{name}=={newest[name]}\n" for name in pinned), "utf-8")
        on_path = os.environ | {
            "PYTHONPATH": str(tree), "PATH": f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
        }  # fmt: skip
        tested = run(
            *pytest_runs.command(*pytest_runs.PARALLEL, *options.paths, python=python),
            cwd=tree,
            env=on_path,
        )
    lines = moved(tested.stdout)
    print(f"\n{len(lines)} lines about what moved" if lines else "\nNothing moved.")
    print("\n".join(lines))
    if tested.returncode and not lines:
        print(tested.stdout[-3000:], tested.stderr[-3000:])
    sys.exit(tested.returncode)


if __name__ == "__main__":
    main()
