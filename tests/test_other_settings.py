"""The settings of other_settings.py: each is run by the workflow, CONTRIBUTING says what came of it."""

import copy
import re

import pytest
import yaml
from nbformat.v4 import new_code_cell, new_output

from helpers.figure_digest import MIME
from tools import ROOT
from tools.checking.moves import needed
from tools.checking.other_settings import SETTINGS


def test_the_workflow_runs_every_setting():
    workflow = yaml.safe_load((ROOT / ".github/workflows/other-machines.yml").read_text(encoding="utf-8"))
    settings = workflow["jobs"]["settings"]["strategy"]["matrix"]["setting"]
    # One of them ten times in a row, in a job of its own: test_ci.py.
    assert sorted([*settings, "another order"]) == sorted(SETTINGS)


def test_every_setting_has_its_row_in_the_table():
    rows = re.findall(r'^\| `"(.+?)"`', (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(rows) == set(SETTINGS)


def printed(*texts):
    return new_code_cell("run()", outputs=[new_output("stream", text=text) for text in texts])


def drawn(place):
    return new_code_cell(
        "draw()", outputs=[new_output("display_data", {MIME: {"axes": [{"position": place}]}})]
    )


@pytest.mark.parametrize(
    "stored, new, need",
    [
        (printed("0.500"), printed("0.500"), {"rtol": 0.0, "figure": 0.0}),
        (printed("0.500"), printed("0.509"), {"rtol": 0.02, "figure": 0.0}),
        (printed("a 0.500", " b 7"), printed("a 0.509 b 7"), {"rtol": 0.02, "figure": 0.0}),
        (drawn("0.500"), drawn("0.540"), {"rtol": 0.0, "figure": 0.05}),
        (printed("holds"), printed("does not hold"), {"rtol": float("inf"), "figure": 0.0}),
        (printed("0.500"), printed(), {"rtol": float("inf"), "figure": float("inf")}),
    ],
)
def test_what_a_cell_needs_is_the_smallest_tolerance_with_which_it_agrees(stored, new, need):
    before = copy.deepcopy((stored, new))
    assert needed(stored, new) == need
    assert (stored, new) == before
