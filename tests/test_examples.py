"""The example in the docstring of each public function runs and gives what it says."""

import doctest
import importlib
import inspect
import re
from pathlib import Path

import pytest
import torch
from matplotlib import pyplot as plt

PAGE = (Path(__file__).parent.parent / "book/reference/api.md").read_text(encoding="utf-8")
MODULES = [importlib.import_module(name) for name in re.findall(r"automodule:: (\S+)", PAGE)]
(IMPORTS,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def public(module):
    """Return the functions and classes that the page shows of a module."""
    return [
        value
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == module.__name__
    ]


DOCUMENTED = [value for module in MODULES for value in public(module)]


def names(value):
    """Return the names that an example may use: the page's imports, and those of its own module."""
    place = {}
    exec(IMPORTS, place)
    return place | {other.__name__: other for other in public(inspect.getmodule(value))}


@pytest.mark.parametrize("value", DOCUMENTED, ids=lambda value: f"{value.__module__[8:]}.{value.__name__}")
def test_the_example(value, monkeypatch):
    monkeypatch.setattr("helpers.claims._said", {})  # a report speaks of its own example
    found = doctest.DocTestFinder(recurse=True).find(value, value.__name__, globs=names(value))
    examples = [test for test in found if test.examples]
    if inspect.isfunction(value):
        assert examples, f"{value.__name__} has no example"
    said = []
    for test in examples:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            doctest.DocTestRunner(optionflags=FLAGS).run(test, out=said.append)
    plt.close("all")
    assert not said, "".join(said)


def test_every_module_of_the_page_is_tried():
    assert {value.__module__ for value in DOCUMENTED} == {module.__name__ for module in MODULES}
    assert len(MODULES) >= 6
