"""The settings of other_settings.py: each is run by the workflow, CONTRIBUTING says what came of it."""

import re

import yaml

from tools import ROOT
from tools.checking.other_settings import SETTINGS


def test_the_workflow_runs_every_setting():
    workflow = yaml.safe_load((ROOT / ".github/workflows/other-machines.yml").read_text(encoding="utf-8"))
    settings = workflow["jobs"]["settings"]["strategy"]["matrix"]["setting"]
    # One of them ten times in a row, in a job of its own: test_ci.py.
    assert sorted([*settings, "another order"]) == sorted(SETTINGS)


def test_every_setting_has_its_row_in_the_table():
    rows = re.findall(r'^\| `"(.+?)"`', (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(rows) == set(SETTINGS)
