"""What holds on anybody's machine: line ends, and what a letter is made of."""

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("helpers", "tools", "tests", "benchmarks", "book/_ext")
SOURCES = [ROOT / "conftest.py", *(path for name in FOLDERS for path in (ROOT / name).rglob("*.py"))]


def without_encoding(source):
    """Return each call in Python source that reads or writes text as the machine's locale has it.

    Korean Windows takes the bytes of ± or ✓ for others than those which stand in our files. Python
    warns of such calls (``-X warn_default_encoding``), but only of those that are run.
    """
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and _is_text(node) and not _names_encoding(node)
    ]


def _is_text(call):
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    options = {option.arg: option.value for option in call.keywords}
    if name in ("read_text", "write_text"):
        return True
    if name in ("open", "fdopen", "TemporaryFile", "NamedTemporaryFile"):
        # The mode comes second, but first for a method of a path: Image.open("a.png") has none.
        of_path = isinstance(call.func, ast.Attribute) and name == "open"
        first = call.args[not of_path and name in ("open", "fdopen") :][:1]
        (mode,) = [options.get("mode"), *first][-1:]
        given = getattr(mode, "value", None)
        if mode is None:
            return name in ("open", "fdopen") and not (of_path and call.args)
        return isinstance(given, str) and re.fullmatch("[rwxa+t]+", given) is not None
    return any(getattr(options.get(each), "value", False) is True for each in ("text", "universal_newlines"))


def _names_encoding(call):
    name = getattr(call.func, "attr", "")
    place = {"read_text": 0, "write_text": 1}.get(name, 3)
    return len(call.args) > place or any(option.arg == "encoding" for option in call.keywords)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_text_is_utf8_on_every_machine(path):
    assert without_encoding(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("call, found", [
    ("open(name)", True),
    ("open(name, 'w')", True),
    ("open(name, mode='a')", True),
    ("open(name, 'rb')", False),
    ("open(name, encoding='utf-8')", False),
    ("path.open()", True),
    ("path.open('w')", True),
    ("path.open('wb')", False),
    ("path.open('w', encoding='utf-8')", False),
    ("Image.open(name)", False),
    ("tab.open('search.html')", False),
    ("path.read_text()", True),
    ("path.read_text('utf-8')", False),
    ("path.write_text(text)", True),
    ("path.write_text(text, 'utf-8')", False),
    ("path.write_text(text, encoding='utf-8')", False),
    ("path.read_bytes()", False),
    ("subprocess.run(command, text=True)", True),
    ("subprocess.run(command, universal_newlines=True)", True),
    ("subprocess.run(command, text=True, encoding='utf-8')", False),
    ("subprocess.run(command)", False),
    ("tempfile.NamedTemporaryFile('w')", True),
    ("tempfile.NamedTemporaryFile()", False),
    ("new_output('stream', text='1')", False),
])  # fmt: skip
def test_a_call_without_an_encoding_is_found(call, found):
    assert bool(without_encoding(call)) == found


@pytest.mark.skipif(not shutil.which("git"), reason="there is no git")
def test_git_changes_no_line_ends(tmp_path):
    """As git for Windows checks out: bash would read a \\r of .ci/run as part of its commands."""
    names = [".ci/run", "Makefile", "helpers/boston.csv", "book/_generated/03_house_prices.png"]
    for name in [".gitattributes", *names]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "small.png").write_bytes(b"text\r\nby its looks\n")
    before = {name: (tmp_path / name).read_bytes() for name in [*names, "small.png"]}
    git = ["git", "-c", "core.autocrlf=true"]
    subprocess.run([*git, "init", "--quiet"], cwd=tmp_path, check=True)
    subprocess.run([*git, "add", "--all"], cwd=tmp_path, check=True)
    for name in before:
        (tmp_path / name).unlink()
    subprocess.run([*git, "checkout-index", "--all", "--force"], cwd=tmp_path, check=True)
    assert {name: (tmp_path / name).read_bytes() for name in before} == before
