"""README and CONTRIBUTING say what is so: every command works, every number and picture is the book's."""

import io
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest

from tools import ROOT
from tools.checking.claims import claims_of, same, sought
from tools.checking.compare import NUMBER
from tools.checking.prose import readings

PAGES = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CONTRIBUTING.md")}


def code(markdown):
    """Return what stands in code blocks, line by line, and in code spans."""
    fence = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
    lines = [line for block in fence.findall(markdown) for line in block.splitlines()]
    return lines + re.findall(r"`([^`\n]+)`", fence.sub("", markdown))


# A code span that begins with one of these, and goes on, is a command.
PROGRAMS = r"make|python|pip|pytest|git|source|apt|gh|\.venv/bin/\w+"
COMMANDS = sorted(
    {
        (name, command)
        for name, text in PAGES.items()
        for command in code(text)
        if re.match(rf"(?:[A-Z_]+=\S+ )*(?:{PROGRAMS}) ", command)
    }
)


def run(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")


def dry(command):
    """Ask make what it would do: most targets take minutes."""
    done = run("make", "--dry-run", *command[1:])
    assert not done.returncode, done.stderr
    for program in re.findall(r"\b(?:tools|benchmarks)/\w+\.(?:py|txt)", done.stdout):
        assert (ROOT / program).exists()
    for module in re.findall(r"-m (tools[\w.]*)", done.stdout):
        assert find_spec(module)


def usage(command):
    """Ask one of our programs for its options: a run takes minutes."""
    _, _, module, *options = command
    said = run(sys.executable, "-m", module, "--help")
    assert not said.returncode, said.stderr
    for option in options:
        assert not option.startswith("-") or option in said.stdout


def collected(command):
    """Have pytest collect, and not run, what is named; plain, it would be the whole book."""
    paths = [str(ROOT / part) for part in command[1:] if not part.startswith("-")]
    options = [part for part in command[1:] if part.startswith("-")]
    with redirect_stdout(io.StringIO()) as said:
        assert not pytest.main(["--collect-only", "-q", *options, *(paths or [__file__])]), said.getvalue()


def executed(command):
    """Run what takes no time and changes nothing."""
    if not ((ROOT / ".git").exists() and shutil.which("git")):
        pytest.skip("there is no git, or the tree was copied without its history")
    done = subprocess.run(shlex.join(command), shell=True, cwd=ROOT, capture_output=True, encoding="utf-8")
    assert not done.returncode, done.stderr


def brought(command):
    """Look that `make lint` brings the program: it is no part of the environment of the tests."""
    pins = (ROOT / "tools" / "lint-requirements.txt").read_text(encoding="utf-8")
    assert f"\n{Path(command[0]).name}==" in pins


def noted(command):
    """Let pass what would change the reader's machine, or needs the network."""


RULES = {
    r"make( |$)": dry,
    r"(\.venv/bin/)?python -m tools": usage,
    r"(\.venv/bin/)?pytest( |$)": collected,
    r"git (diff|log|status)( |$)": executed,
    r"\.venv/bin/(pre-commit|ruff) ": brought,
    r"apt install ": noted,  # as root
    r"\.venv/bin/pip install (nbdime|jupyterlab)$": noted,  # dozens of packages that nothing here needs
    r"\.venv/bin/(nbdime|nbdiff-web|jupyter lab)( |$)": noted,  # what those bring
    r"source \.venv/bin/activate$": noted,  # of the reader's shell
    r"git (tag|push) ": noted,  # publishes
}


@pytest.mark.parametrize("name, command", COMMANDS)
def test_a_command_works(name, command):
    plain = re.sub(r"^(?:[A-Z_]+=\S+ )+", "", command)
    (rule,) = [rule for pattern, rule in RULES.items() if re.match(pattern, plain)]
    rule(shlex.split(plain))


def test_the_two_commands_are_among_them():
    assert {("README.md", "make book"), ("README.md", "make test")} <= set(COMMANDS)
    assert len(COMMANDS) > 15


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_links_to_is_there(name):
    links = re.findall(r'\]\(([^)#]+)\)|src="([^"]+)"', PAGES[name])
    local = [link for pair in links for link in pair if link and "://" not in link]
    assert [link for link in local if not (ROOT / link).exists()] == []


def pairs(text):
    """Return each mean and its standard error, in plain units: $240 ± $30 as 0.24 and 0.03 thousand."""
    found = set()
    for dollar, mean, percent, error in re.findall(rf"(\$?)({NUMBER})(%?) ± \$?({NUMBER})", text):
        factor = 1000 if dollar else 100 if percent else 1
        found.add((round(abs(float(mean)) / factor, 6), round(float(error) / factor, 6)))
    return found


CLAIMS = re.findall(r"^- (.+ \(\[chapter \d\]\((.+?)\).*)$", PAGES["README.md"], re.MULTILINE)


@pytest.mark.parametrize("claim, chapter", CLAIMS)
def test_a_claim_is_what_its_chapter_measured(claim, chapter):
    notebook = nbformat.read(ROOT / chapter, as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    printed = pairs("\n".join(text for output in outputs for text in readings(output)))
    rounded = printed | {(round(mean, 2), round(error, 2)) for mean, error in printed}
    quoted = [each.words for each in claims_of(notebook) if sought(each.words) in same(claim)]
    assert pairs(claim) <= rounded and (pairs(claim) or quoted)


def test_there_are_claims():
    assert len(CLAIMS) >= 4


def test_the_picture_is_the_chapters_own():
    sys.path.insert(0, str(ROOT / "book" / "_ext"))
    from first_pictures import first_picture

    (source, name) = re.search(
        r'<img src="(book/_generated/(\w+)\.png)".* alt=".{40,}">', PAGES["README.md"]
    ).groups()
    notebook = nbformat.read(ROOT / "book" / f"{name}.ipynb", as_version=4)
    assert (ROOT / source).read_bytes() == first_picture(notebook), "make book writes it anew: commit it"
