import pytest


@pytest.fixture
def said(capsys):
    """Call a check of an exercise and return what it printed."""

    def call(check, *answers):
        capsys.readouterr()
        assert check(*answers) is None
        return capsys.readouterr().out

    return call
