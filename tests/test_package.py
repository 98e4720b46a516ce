"""The wheel carries the data: helpers works in any folder, away from the repository."""

import shutil
import subprocess
import sys

import yaml

import helpers.data
from tools import ROOT


def test_a_wheel_loads_the_data_from_another_folder(tmp_path):
    source = tmp_path / "source"  # building leaves files behind; keep them out of the tree
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "helpers"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    # What pip calls to build; and to install a wheel of Python alone is to unpack it.
    build = f"from setuptools.build_meta import build_wheel; build_wheel({str(tmp_path)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*-py3-none-any.whl")
    shutil.unpack_archive(wheel, site, "zip")
    checks = [f"helpers.exercises.{path.stem}" for path in (ROOT / "helpers/exercises").glob("ch*.py")]
    code = (
        f"import sys; sys.path.insert(0, {str(site)!r})\n"
        f"import helpers, helpers.data, {', '.join(checks)}\n"
        "print(helpers.exercises.__file__, helpers.data.load_boston().shape)\n"
        "print([len(helpers.data.load_table(name)) for name in helpers.data.TABLES])"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-c", code], cwd=elsewhere, capture_output=True, encoding="utf-8", check=True
    )
    where, rows = run.stdout.splitlines()
    assert where == f"{site / 'helpers' / 'exercises' / '__init__.py'} (506, 14)"
    assert rows == str([table.rows for table in helpers.data.TABLES.values()])


def test_who_cites_the_book_cites_this_version():
    assert (
        yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["version"] == helpers.__version__
    )
