import os

import pytest

pytest.register_assert_rewrite("answers", "browsing")
from browsing import NO_BROWSER, address, browser, site, tab, window  # noqa: F401  fixtures

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


def pytest_unconfigure(config):
    """Say at the very end what a green run has not tested."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")  # which pytest's workers don't have
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if number := sum(NO_BROWSER in str(report.longrepr) for report in skipped):
        reporter.write_line(f"Not tested: the site in a browser ({number} tests); {NO_BROWSER}.")


@pytest.fixture
def said(capsys):
    """Call a check of an exercise and return what it printed."""

    def call(check, *answers):
        capsys.readouterr()
        assert check(*answers) is None
        return capsys.readouterr().out

    return call
