"""The Makefile on a strange machine: says what is missing, and installs once.

A small script stands in for Python, so that nothing is downloaded.
"""

import os
import shutil
import subprocess

import pytest

from tools import ROOT

PYTHON = """#!/bin/sh
echo "$@" ${{PYTHONSAFEPATH:+without its folder}} >> calls
case "$1 $2" in
  "--version ") echo "Python {version}" ;;
  -c*) exit {too_old} ;;
  "-m venv") mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; cp "$0" "$3/bin/pytest"; exit {no_venv} ;;
  "-m pip") exit {no_download} ;;
esac
"""


@pytest.fixture
def make(tmp_path):
    """Run make in a folder of its own, with a Python that behaves as told."""
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)

    def run(*targets, version="3.11.7", too_old=0, no_venv=0, no_download=0):
        python = tmp_path / "python"
        python.write_text(PYTHON.format(**locals()), encoding="utf-8")
        python.chmod(0o755)
        return subprocess.run(
            ["make", *targets, f"PYTHON={python}"], cwd=tmp_path, capture_output=True, encoding="utf-8"
        )

    run.folder = tmp_path
    return run


@pytest.mark.parametrize("target", ["book", "test"])
def test_an_old_python_is_named_with_the_way_out(make, target):
    run = make(target, version="3.8.10", too_old=1)
    assert run.returncode and "needs Python 3.11 to 3.14" in run.stdout
    assert "Python 3.8.10" in run.stdout and f"make {target} PYTHON=" in run.stdout


def test_the_version_check_itself():
    condition = (ROOT / "Makefile").read_text(encoding="utf-8").split("sys.exit(not ")[1].split(")'")[0]
    for version, fits in [((3, 10), 0), ((3, 11), 1), ((3, 14), 1), ((3, 15), 0), ((4, 0), 0)]:
        fake = type("sys", (), {"version_info": version})
        assert eval(condition, {"sys": fake}) == fits


def test_a_missing_venv_module_is_named(make):
    run = make("book", no_venv=1)
    assert run.returncode and "python3-venv" in run.stdout


def test_a_broken_download_is_said_and_taken_up_again(make):
    run = make("test", no_download=1)
    assert run.returncode and "check the connection and call make again" in run.stdout
    assert not (make.folder / ".venv" / "ready").exists()
    assert make("test").returncode == 0


def test_a_second_call_installs_nothing(make):
    assert make("test").returncode == make("test").returncode == 0
    calls = (make.folder / "calls").read_text(encoding="utf-8").splitlines()
    assert sum("pip install" in call for call in calls) == 1
    (make.folder / "requirements.txt").touch()
    make("test")
    calls = (make.folder / "calls").read_text(encoding="utf-8").splitlines()
    assert sum("pip install" in call for call in calls) == 2


def test_tools_are_found_in_the_folder_whatever_a_person_has_set(make, monkeypatch):
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    assert make("notebooks").returncode == 0
    calls = (make.folder / "calls").read_text(encoding="utf-8")
    assert "-m tools.publishing.execute" in calls and "without its folder" not in calls


@pytest.mark.parametrize("shape", ["_static/book.css", "_templates/page.html", "_ext/mathml.py"])
def test_what_shapes_every_page_has_all_of_them_built_again(make, shape):
    changed, pages = make.folder / "book" / shape, make.folder / "_build" / ".doctrees"
    for folder in (changed.parent, pages):
        folder.mkdir(parents=True)
    changed.touch()
    (pages / "page").touch()
    os.utime(changed, (1, 1))
    make("_build/.doctrees")
    assert (pages / "page").exists()
    os.utime(pages, (0, 0))
    make("_build/.doctrees")
    assert not (pages / "page").exists()
