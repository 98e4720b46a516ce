import os

import pytest

from browsing import address, browser, site, tab, window  # noqa: F401  fixtures

# What other Pythons print is read as UTF-8 here, and so they write it, whatever the locale.
os.environ["PYTHONUTF8"] = "1"


def pytest_generate_tests(metafunc):
    """Hand the tests of answers.py what the module that imports them lists."""
    if metafunc.function.__module__ == "answers":
        for name in {"right", "wrong"} & set(metafunc.fixturenames):
            cases = getattr(metafunc.module, name.upper())
            hints = [f", {case[-1]}" if name == "wrong" else "" for case in cases]
            names = [case[0].__name__ + hint for case, hint in zip(cases, hints)]
            metafunc.parametrize(name, cases, ids=names)


@pytest.fixture
def said(capsys):
    """Call a check of an exercise and return what it printed."""

    def call(check, *answers):
        capsys.readouterr()
        assert check(*answers) is None
        return capsys.readouterr().out

    return call
