"""The faults of the mutation harness still fit the code that they are to damage, and it judges them fairly."""

import sys
from types import SimpleNamespace

import pytest

from tools import ROOT
from tools.mutation import __main__ as mutation
from tools.mutation.faults import source_faults


@pytest.mark.parametrize("fault", source_faults(), ids=str)
def test_a_fault_changes_its_file(fault):
    text = (ROOT / fault.path).read_text(encoding="utf-8")
    assert fault.damage(text) != text


@pytest.mark.parametrize(
    "fates, code, says",
    [
        (["caught", "harmless", "harmless"], 0, "1 faults, 1 caught (100%); besides, 2 harmless"),
        (["harmless"], 0, "0 faults, 0 caught; besides, 1 harmless"),
        (["caught"] * 3 + ["unexplained", "harmless"], 1, "4 faults, 3 caught (75%); besides, 1 harmless"),
        (["caught"] * 99 + ["unexplained"], 1, "100 faults, 99 caught (99%)"),
    ],
)
def test_only_a_survivor_without_an_explanation_fails(fates, code, says, monkeypatch, capsys):
    faults = [SimpleNamespace(fate=fate, harmless="why" if fate == "harmless" else "") for fate in fates]
    monkeypatch.setattr(mutation, "source_faults", lambda: faults)
    monkeypatch.setattr(mutation, "notebook_faults", lambda root: [])
    monkeypatch.setattr(mutation.pytest_runs, "copy_tree", lambda target: None)
    monkeypatch.setattr(mutation, "check_undamaged", lambda *arguments: None)
    monkeypatch.setattr(
        mutation, "try_fault", lambda fault, trees: (fault, "a test" if fault.fate == "caught" else None, 0)
    )
    monkeypatch.setattr(sys, "argv", ["mutation"])
    with pytest.raises(SystemExit) as end:
        mutation.main()
    assert end.value.code == code and says in capsys.readouterr().out
