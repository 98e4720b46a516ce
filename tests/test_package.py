"""The wheel carries the data: helpers works in any folder, away from the repository."""

import subprocess
import sys
from pathlib import Path

import yaml

import helpers

ROOT = Path(__file__).resolve().parent.parent


def test_a_wheel_loads_the_data_from_another_folder(tmp_path):
    # No index and no isolation: the environment has all that is needed to build.
    pip = [sys.executable, "-m", "pip", "--quiet"]
    offline = ["--no-deps", "--no-build-isolation", "--no-index"]
    source = tmp_path / "source"  # building leaves files behind; keep them out of the tree
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "helpers"):
        subprocess.run(["cp", "-r", ROOT / name, source], check=True)
    wheels, site, elsewhere = (tmp_path / name for name in ("wheels", "site", "elsewhere"))
    elsewhere.mkdir()
    subprocess.run([*pip, "wheel", *offline, "--wheel-dir", wheels, source], check=True)
    (wheel,) = wheels.glob("*.whl")
    subprocess.run([*pip, "install", *offline, "--target", site, wheel], check=True)
    code = (
        f"import sys; sys.path.insert(0, {str(site)!r})\n"
        "import helpers, helpers.data, helpers.exercises\n"
        "print(helpers.__file__, helpers.data.load_boston().shape)"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-c", code], cwd=elsewhere, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == f"{site / 'helpers' / '__init__.py'} (506, 14)"


def test_who_cites_the_book_cites_this_version():
    assert (
        yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["version"] == helpers.__version__
    )
