"""Do the self-contained notebooks run where nothing of the book is, and give the stored outputs?

Each is run in an environment with the versions of Google Colab: from an empty folder, without
``helpers``, with the network cut off. What Colab lacks, the first cell must name in a sentence; it
is then given the network to install it.

Usage: python -m tools.checking.like_colab [--python PROGRAM] [CHAPTER ...]   (such as 03, or 03_house_prices)
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat

from tools import ROOT, neutral
from tools.checking import pytest_runs
from tools.publishing.execute import notebooks
from tools.publishing.first_cell import is_first_cell
from tools.publishing.standalone import write

COLAB = (
    "numpy==2.1.3 pandas==2.2.3 scikit-learn==1.6.1 matplotlib==3.10.0 pyparsing==3.2.3 "
    "torch==2.13.0 torchsummary==1.5.1 tqdm distributed ipykernel"
).split()

# Python runs a module of this name before anything else.
SITECUSTOMIZE = """
import socket, sys

# An editable installation of the book would be found through one of these.
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in str(finder).lower()]
sys.path[:] = [folder for folder in sys.path if folder != {root!r}]


def cut(*_):
    raise OSError("the network is cut off")


def only_here(self, address, connect=socket.socket.connect):
    # The kernel talks to the notebook through the machine itself.
    return connect(self, address) if isinstance(address, str) or address[0] == "127.0.0.1" else cut()


def known_here(host, *others, ask=socket.getaddrinfo, **named):
    # Dask asks for the machine itself, by its name or by none; a number nobody has to be asked for.
    known = not host or host == "localhost" or not host.strip("0123456789.:")
    return ask(host, *others, **named) if known else cut()


socket.getaddrinfo, socket.socket.connect = known_here, only_here
"""


def alone(folder):
    """Return variables for a Python without the book and without network; ``folder`` is given to that."""
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(SITECUSTOMIZE.format(root=str(ROOT)), encoding="utf-8")
    return {"PYTHONPATH": os.pathsep.join([str(folder), neutral.launcher()])}


def run(notebook, python, folder):
    """Run a notebook alone, and compare its outputs with the stored ones. Return what pytest printed.

    ``python`` is the interpreter of its kernel, ``folder`` an empty one for what that takes. Raises
    CalledProcessError if something differs.
    """
    kernel = folder / "kernels" / "alone"
    kernel.mkdir(parents=True)
    argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    variables = alone(folder / "cut")
    about = json.dumps({"argv": argv, "display_name": "", "env": variables})
    kernel.joinpath("kernel.json").write_text(about, encoding="utf-8")
    options = "-p conftest -p no:cacheprovider --nbval-kernel-name=alone".split()
    command = pytest_runs.command(*options, f"-c{ROOT / 'pyproject.toml'}", f"--rootdir={folder}", notebook)
    variables = {"JUPYTER_PATH": str(folder), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=ROOT, env=neutral.environment() | variables, capture_output=True, encoding="utf-8"
    )
    done.check_returncode()
    return done.stdout


def first_cell(notebook, python, **variables):
    """Run the cell that brings helpers along as a program, and return what it did."""
    (cell,) = (cell for cell in nbformat.read(notebook, as_version=4).cells if is_first_cell(cell))
    return subprocess.run(
        [python, "-X", "utf8", "-"],
        input=cell.source,
        cwd=notebook.parent,
        env=neutral.environment() | variables,
        capture_output=True,
        encoding="utf-8",
    )


def lacking(notebook, python):
    """Return the sentence in which the first cell says what is missing, or an empty one."""
    with tempfile.TemporaryDirectory() as folder:
        done = first_cell(notebook, python, **alone(Path(folder)))
    return done.stderr.strip().splitlines()[-1].partition(": ")[2] if done.returncode else ""


def check(notebook, python):
    """Let the notebook install what it lacks, run it, and return what to print of it."""
    if first_cell(notebook, python, PYTHONPATH="").returncode:
        return "fails: what it lacks could not be installed"
    try:
        with tempfile.TemporaryDirectory() as folder:
            return run(notebook, python, Path(folder)).splitlines()[-1]
    except subprocess.CalledProcessError as error:
        return f"fails:\n{error.stdout}{error.stderr}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("chapters", nargs="*", help="beginnings of names, such as 03; all if none")
    parser.add_argument("--python", default=sys.executable, help="the Python to make the environment with")
    options = parser.parse_args()
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        empty, environment = Path(folder) / "empty", Path(folder) / "environment"
        subprocess.run([options.python, "-m", "venv", environment], check=True)
        python = environment / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", *COLAB], check=True)
        for path in notebooks(options.chapters):
            write(empty / path.stem, [path])
        copies = sorted(empty.glob("*/*.ipynb"))
        # Of all of them before the first installs anything.
        lacks = [lacking(notebook, python) for notebook in copies]
        print("| notebook | lacks | result | seconds |\n|---|---|---|---|")
        for notebook, sentence in zip(copies, lacks):
            start = time.perf_counter()
            result = check(notebook, python)
            failures += result.startswith("fails")
            print(
                f"| {notebook.name} | {sentence} | {result} | {time.perf_counter() - start:.0f} |", flush=True
            )
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
