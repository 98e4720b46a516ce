"""The trial of the newest versions reads the pins and pytest's report for what they are."""

from importlib.metadata import packages_distributions

from tools import ROOT
from tools.checking.compare import Tolerance, differences
from tools.checking.newest_versions import chosen, moved
from tools.publishing.first_cell import imported


def test_the_pins_by_choice_and_no_others():
    pins = chosen((ROOT / "requirements.txt").read_text(encoding="utf-8"))
    assert pins["torch"] == "2.13.0" and "jupyter-book" in pins
    assert "alabaster" not in pins


def test_what_our_code_imports_is_pinned_by_choice():
    """What is only brought along by another package goes when that one lets go of it."""
    pins = {name.lower() for name in chosen((ROOT / "requirements.txt").read_text(encoding="utf-8"))}
    files = [
        path
        for folder in ("helpers", "tools", "tests", "book/_ext")
        for path in (ROOT / folder).rglob("*.py")
    ]
    modules = imported(path.read_text(encoding="utf-8") for path in [*files, ROOT / "conftest.py"])
    ours = {"helpers", "tools"} | {path.stem for path in files}
    packages = packages_distributions()
    missing = [name for name in modules - ours if not pins & {one.lower() for one in packages[name]}]
    assert not missing


def test_each_number_that_moved_is_reported_once():
    found = differences("error 0.0842 ± 0.0011", "error 0.0906 ± 0.0011", Tolerance())
    report = "\n".join(
        ["... E", *(f"E   {line}" for line in found), *(f"E   {line}" for line in found), "3 passed"]
    )
    report += "\nFAILED book/01_perceptrons.ipynb::Cell 3\n"
    number, cell = moved(report)
    assert "0.0842" in number and "0.0906" in number
    assert cell == "FAILED book/01_perceptrons.ipynb::Cell 3"
