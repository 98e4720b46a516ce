"""A green run hides nothing: without a browser it says so, or fails where nobody would read it."""

import os
import shutil
import subprocess
import sys

import pytest

from tools import ROOT


def without_browser(folder, *options, **variables):
    """Run the tests of reading where no Chromium is found."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_reading.py"]
    settings = {name: value for name, value in os.environ.items() if name != "CI"} | variables
    return subprocess.run(
        [*command, *options], cwd=ROOT, env=settings | {"PATH": str(folder), "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip


@pytest.mark.parametrize("options", [[], ["-n", "1"]], ids=["alone", "with workers"])
def test_the_last_line_says_what_was_not_tested(tmp_path, options):
    done = without_browser(tmp_path, *options)
    assert done.returncode == 0
    last = done.stdout.splitlines()[-1]
    assert last.startswith("Not tested: the site in a browser (") and "apt install chromium" in last
    assert done.stdout.count("Not tested") == 1


def test_where_ci_is_set_a_missing_browser_fails(tmp_path):
    done = without_browser(tmp_path, "-x", CI="true")
    assert done.returncode == 1 and "no Chromium: install one" in done.stdout
    assert "skipped" not in done.stdout


TOOLS = {
    "make": "echo make $@",
    "apt-get": 'echo apt-get $@\ncase "$*" in *install*) {apt}; printf "#!/bin/sh" > {bin}/chromium; '
    "chmod +x {bin}/chromium ;; esac",
    "sudo": '{sudo}\nshift\n"$@"',
    "id": "echo {id}",
}


@pytest.mark.parametrize(
    "there, root, sudo, apt, installs, fails",
    [
        (True, False, "exit 1", "", False, False),
        (False, True, "exit 1", "", True, False),
        (False, False, "", "", True, False),
        (False, False, "exit 1", "", False, True),
        (False, True, "", "exit 100", True, True),
    ],
    ids=["there already", "as root", "by sudo", "not allowed", "no such package"],
)
def test_what_ci_runs_brings_a_browser(tmp_path, there, root, sudo, apt, installs, fails):
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("bash", "sh", "dirname", "env", "chmod"):
        (folder / name).symlink_to(shutil.which(name))
    values = {"bin": folder, "id": 0 if root else 1000, "sudo": sudo or ":", "apt": apt or ":"}
    scripts = {name: text.format(**values) for name, text in TOOLS.items()}
    scripts |= {"chromium": ""} if there else {}
    for name, text in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    done = subprocess.run(
        ["bash", ROOT / ".ci/run"], env={"PATH": str(folder)}, capture_output=True, encoding="utf-8"
    )
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and lines[-2:] == ["make book", "make test"]
    assert any("apt-get" in line and "chromium" in line for line in lines) == installs
    assert ("the site cannot be tried in a browser" in done.stdout) == fails
    assert ("There is no Chromium" in done.stdout) == (not there)
