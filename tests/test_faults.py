"""The faults of the mutation harness still fit the code that they are to damage."""

import pytest

from tools import ROOT
from tools.mutation.faults import source_faults


@pytest.mark.parametrize("fault", source_faults(), ids=str)
def test_a_fault_changes_its_file(fault):
    text = (ROOT / fault.path).read_text(encoding="utf-8")
    assert fault.damage(text) != text
