"""Are Python and its packages recent enough for ``helpers``? If not, a sentence says so.

Importing ``helpers`` asks first of all, maybe in an old Python: this keeps to what that can read.
"""

import re
import sys

PYTHON = (3, 11)  # and newer; the packages are those that pyproject.toml names, as pip has noted them


class NotReady(ImportError):
    def _render_traceback_(self):
        return [str(self)]  # what a notebook shows in place of a traceback


def check(needs=None):
    """Raise unless this Python, and each package in ``needs``, is there and recent enough.

    ``needs`` are such as "torch>=2.6" and "madgrad==1.3"; without it, they are those of helpers.
    """
    here = f"Python {sys.version.split()[0]} ({sys.executable})"
    if sys.version_info[:2] < PYTHON:
        raise NotReady(
            "This book needs Python {}.{} or newer, and this kernel is {}. Choose a newer one as the "
            "notebook's kernel, or open the notebook in Google Colab.".format(*PYTHON, here)
        )
    from importlib.metadata import PackageNotFoundError, requires, version

    try:
        needs = needs or requires("neural-networks-measured") or []
    except PackageNotFoundError:  # a copy that was never installed: nobody noted what it needs
        needs = []
    lacking = {}
    for need in needs:
        package, _, oldest = need.partition(">=")
        try:
            there = version(package.split("==")[0])
            if _numbers(there) < _numbers(oldest):
                lacking[package] = f"{need} (there is {there})"
        except PackageNotFoundError:
            lacking[package] = need
    if lacking:
        raise NotReady(
            f"This book needs {', '.join(lacking.values())}, which this kernel, {here}, does not have. Run "
            f"'%pip install --upgrade {' '.join(lacking)}' in a cell of its own, then restart the kernel."
        )


def _numbers(version):
    """Return [2, 13, 0] for "2.13.0+cpu", [3, 10, 0, 1] for "3.10.0rc1"."""
    return [int(number) for number in re.findall(r"\d+", version.split("+")[0])]
