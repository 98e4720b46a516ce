import pytest

from browsing import address, browser, site, tab  # noqa: F401  fixtures


def pytest_generate_tests(metafunc):
    """Hand the tests of answers.py what the module that imports them lists."""
    if "right" in metafunc.fixturenames:
        metafunc.parametrize("right", metafunc.module.RIGHT, ids=lambda case: case[0].__name__)
    if "wrong" in metafunc.fixturenames:
        metafunc.parametrize(
            "wrong", metafunc.module.WRONG, ids=lambda case: f"{case[0].__name__}, {case[-1]}"
        )


@pytest.fixture
def said(capsys):
    """Call a check of an exercise and return what it printed."""

    def call(check, *answers):
        capsys.readouterr()
        assert check(*answers) is None
        return capsys.readouterr().out

    return call
