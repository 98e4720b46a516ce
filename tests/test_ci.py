"""A green run hides nothing: without a browser it says so, or fails where nobody would read it."""

import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from tools import ROOT

WORKFLOWS = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    for path in (ROOT / ".github/workflows").glob("*.yml")
}


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
    scripts = {name: text.format(**values) for name, text in TOOLS.items()} | (
        {"chromium": ""} if there else {}
    )
    for name, text in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    done = subprocess.run(
        ["bash", ROOT / ".ci/run"],
        env={"PATH": str(folder)},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and lines[-2:] == ["make book", "make test"]
    assert any("apt-get" in line and "chromium" in line for line in lines) == installs
    assert ("the site cannot be tried in a browser" in done.stdout) == fails
    assert ("There is no Chromium" in done.stdout) == (not there)


def commands(job):
    return "\n".join(step.get("run", "") for step in job["steps"])


def test_the_pythons_of_the_readme_are_those_of_the_workflow():
    first, last = re.search(
        r"Python 3\.(\d+) to 3\.(\d+)", (ROOT / "README.md").read_text(encoding="utf-8")
    ).groups()
    jobs = WORKFLOWS["book"]
    own = next(step["with"] for step in jobs["check"]["steps"] if "setup-python" in step.get("uses", ""))
    tried = [own["python-version"], *jobs["elsewhere"]["strategy"]["matrix"]["python"]]
    assert tried == [f"3.{minor}" for minor in range(int(first), int(last) + 1)]


def test_the_notebooks_are_tried_on_other_machines():
    job = WORKFLOWS["book"]["elsewhere"]
    machines = {each["os"]: each["tests"] for each in job["strategy"]["matrix"]["include"]}
    assert machines == dict.fromkeys(["windows-latest", "macos-latest", "ubuntu-24.04-arm"], "book")
    assert "pytest --nbval" in commands(job) and "make" not in commands(job)


def test_contributing_says_which_workflow_tries_what():
    """Of the table: the settings and Colab's versions every week, another Python and the copies on each push."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    *weekly, python, copies = re.findall(
        r"^\| (`.+?) \|(.*?)\|", text.split("### On other machines")[1], re.MULTILINE
    )
    jobs = WORKFLOWS["other-machines"]
    every_week = jobs["settings"]["strategy"]["matrix"]["setting"]
    for setting, difference in weekly:
        name = setting.split('"')[1]
        if versions := re.findall(r"([a-z-]+) (\d+\.\d+\.\d+)", difference):
            installed = commands(jobs["colab-versions"])
            assert all(f"{package}=={version}" in installed for package, version in versions)
            assert f'other_settings "{name}"' in installed
        elif "ten times" in setting:
            assert f'--times 10 "{name}"' in commands(jobs["ten-times"])
        else:
            assert name in every_week
    assert python[0].removesuffix("`")[-4:] in WORKFLOWS["book"]["elsewhere"]["strategy"]["matrix"]["python"]
    assert copies[0].strip("`") in commands(WORKFLOWS["book"]["alone"])


@pytest.mark.parametrize("found", [0, 1])
def test_a_known_weakness_is_told_and_blocks_nothing(found, tmp_path):
    (step,) = (step for step in WORKFLOWS["book"]["check"]["steps"] if "pip-audit" in step.get("run", ""))
    (tmp_path / "pipx").write_text(f"#!/bin/sh\nexit {found}\n", encoding="utf-8")
    (tmp_path / "pipx").chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", step["run"]], cwd=ROOT, env=os.environ | {"PATH": path},
        capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0 and done.stdout.startswith("::warning") == bool(found)
