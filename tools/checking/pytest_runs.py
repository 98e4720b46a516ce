"""Pytest, notebooks included, as the other tools call it: a copy to run it in, and what its report says."""

import re
import shutil
import sys

from tools import ROOT

PARALLEL = ["-n", "2", "--dist", "loadfile"]  # as `make test` does it, with one thread each


def copy_tree(target):
    """Copy what the tests need to ``target``."""
    skip = shutil.ignore_patterns(
        ".git", ".venv", ".*_*", "_build", "__pycache__", "*.egg-info", "build", "dist"
    )
    shutil.copytree(ROOT, target, ignore=skip, symlinks=True)


def command(*arguments, python=sys.executable):
    """Return the command that runs pytest with ``arguments``, paths and further options; its report is UTF-8."""
    options = ["--nbval", "-q", "-rfE", "--color=no"]
    return [str(python), "-X", "utf8", "-m", "pytest", *options, *map(str, arguments)]


def failures(report):
    """Return the names of what failed, from the report of a run of ``command``."""
    return re.findall(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", report, re.MULTILINE)
