"""The teachers' page: its archive for students, and what it says about the chapters."""

import re
import shutil
import subprocess
import tarfile

import nbformat
import pytest

from tools import ROOT

CHAPTERS = sorted((ROOT / "book").glob("[0-9]*.ipynb"))


def test_a_handout_has_all_that_a_chapter_needs_and_no_solution(tmp_path):
    for name in ("Makefile", "README.md", "LICENSE", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("book", "helpers", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name)
    assert list((tmp_path / "book" / "solutions").glob("*.ipynb")), "nothing to leave out"
    subprocess.run(["make", "handout"], cwd=tmp_path, check=True, capture_output=True)
    with tarfile.open(tmp_path / "_build" / "handout.tar.gz") as archive:
        names = archive.getnames()
    assert {f"book/{path.name}" for path in CHAPTERS} <= set(names)
    packages = {path.relative_to(ROOT).as_posix() for path in (ROOT / "helpers").rglob("*.py")}
    assert packages | {"helpers/boston.csv", "requirements.txt", "pyproject.toml"} <= set(names)
    assert not [name for name in names if re.search("solutions|test|pycache", name)]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_runs_as_long_as_the_page_says(path):
    page = (ROOT / "book" / "reference" / "teaching.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| {int(path.name[:2])} [A-Z][^|]*\|[^|]*\| ([^|]*?) \|", page, re.MULTILINE)
    assert row, "the first table of reference/teaching.md has no row for this chapter"
    said = row[1]
    text = " ".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
    assert re.search(rf"runs in {said}\b", text.replace("**", "")), f"nowhere: runs in {said}"


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_has_its_card_on_the_front_page(path):
    page = (ROOT / "book" / "index.md").read_text(encoding="utf-8")
    assert f":link: {path.stem}\n" in page and f":img-top: _generated/{path.stem}.png" in page
