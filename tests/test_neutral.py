"""What a person has set for themselves changes no notebook: neither what is stored nor what is compared."""

import os
import subprocess
import sys

import nbformat
import pytest

from tools import ROOT, neutral
from tools.checking import pytest_runs
from tools.publishing import execute

FIGURE = "import matplotlib.pyplot as plt\n\nplt.title('A title')\nplt.show()"
SHOWN = [
    "import importlib.util, os, shutil, sys, warnings\n\nwarnings.warn('stays', stacklevel=1)\n1\n2",
    "open(os.devnull), sys.flags.optimize, sys.stdout.encoding, shutil.get_terminal_size()",
    "assert importlib.util.find_spec('helpers').origin.startswith(os.environ['PYTHONPATH'].split(os.pathsep)[1])",
    # Neither those of a person, nor the machine's in /etc, nor the environment's.
    "[os.path.relpath(folder, os.environ['IPYTHONDIR']) for folder in get_ipython().parent.parent.config_file_paths]",
    "not any('launcher' in folder for folder in sys.path)",
    FIGURE,
]


def notebook(folder, *sources):
    path = folder / "book" / "01_test.ipynb"
    path.parent.mkdir()
    (folder / "helpers").mkdir()
    (folder / "requirements.txt").touch()
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


@pytest.fixture
def own(tmp_path):
    """Variables of a person with a taste of their own, and the files that some of them name."""
    profile, config = tmp_path / "home/.ipython/profile_default", tmp_path / "home/.config/matplotlib"
    (profile / "startup").mkdir(parents=True)
    (profile / "ipython_config.py").write_text(
        "get_config().InteractiveShell.ast_node_interactivity = 'all'", encoding="utf-8"
    )
    (profile / "startup" / "hello.py").write_text("print('Hello')", encoding="utf-8")
    config.mkdir(parents=True)
    (config / "matplotlibrc").write_text("font.family: No such font\naxes.titlesize: 40", encoding="utf-8")
    return {
        "HOME": str(tmp_path / "home"), "IPYTHONDIR": str(profile.parent), "IPYKERNEL_CELL_NAME": "mine",
        "MPLBACKEND": "Agg", "MATPLOTLIBRC": str(config), "MPLCONFIGDIR": str(config),
        "PYTHONWARNINGS": "always", "PYTHONOPTIMIZE": "1", "PYTHONIOENCODING": "latin-1", "COLUMNS": "40",
        "PYTHONPATH": str(tmp_path), "TORCH_LOGS": "+all", "OMP_DISPLAY_ENV": "true", "LC_ALL": "C",
        "VIRTUAL_ENV": str(tmp_path), "JUPYTER_PATH": str(tmp_path), "JUPYTER_RUNTIME_DIR": "/proc/none",
    }  # fmt: skip


def matplotlibrc_beside(path):
    path.with_name("matplotlibrc").write_text("axes.titlesize: 40", encoding="utf-8")


def compare(path, **variables):
    """Run ``pytest --nbval`` on a notebook, and return what it did."""
    command = pytest_runs.command(
        "-p", "conftest", f"-c{ROOT / 'pyproject.toml'}", f"--rootdir={path.parent}", path
    )
    settings = os.environ | variables | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, cwd=path.parent, env=settings, capture_output=True, text=True, encoding="utf-8"
    )


def test_a_persons_settings_are_not_stored_and_not_compared(tmp_path, own, monkeypatch):
    path = notebook(tmp_path, *SHOWN)
    assert execute.execute(path, root=tmp_path)
    plain = path.read_bytes()
    shown = nbformat.reads(plain.decode(), as_version=4).cells
    assert [output.name for output in shown[0].outputs if "name" in output] == ["stderr"]
    assert shown[3].outputs[0].data["text/plain"] == "['profile_default']"
    assert shown[4].outputs[0].data["text/plain"] == "True"
    assert "image/png" in shown[-1].outputs[0].data
    matplotlibrc_beside(path)
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    assert execute.execute(path, force=True, root=tmp_path) and path.read_bytes() == plain
    stored = nbformat.read(path, as_version=4)
    stored.cells[0].metadata.tags = ["expects-warning"]
    nbformat.write(stored, path)
    done = compare(path, **own)
    assert done.returncode == 0, done.stdout + done.stderr


def test_where_nothing_can_be_written(tmp_path, monkeypatch):
    """Neither IPython nor matplotlib nor pytest says so in a place where it counts as a fault."""
    path = notebook(tmp_path, FIGURE, "1 + 1")
    monkeypatch.setattr(neutral, "ROOT", tmp_path / "requirements.txt")  # a file: no folder can be made in it
    monkeypatch.setenv("HOME", str(tmp_path / "requirements.txt" / "home"))
    neutral._folder.cache_clear()
    try:
        assert execute.execute(path, root=tmp_path)
        assert not neutral._folder().is_relative_to(tmp_path)
    finally:
        neutral._folder.cache_clear()
    done = compare(path, PYTEST_ADDOPTS=f"-o cache_dir={tmp_path / 'requirements.txt' / 'cache'}")
    assert done.returncode == 0 and "warning" not in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "ATEN_CPU_CAPABILITY", "PATH"])
def test_what_the_machine_can_is_left_alone(name, monkeypatch):
    monkeypatch.setenv(name, "1")
    assert neutral.environment()[name] == "1"


def test_this_process_draws_as_the_kernels_do(tmp_path, own):
    """The tests of figures run in pytest's own process, which has read the same settings by then."""
    matplotlibrc_beside(notebook(tmp_path, "1"))
    code = (
        "import os\nfrom tools import neutral\nneutral.for_this_process()\nimport matplotlib\n"
        "print(matplotlib.rcParams['axes.titlesize'], matplotlib.get_backend(), os.environ.get('COLUMNS'))"
    )
    settings = os.environ | own | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "", "PYTHONWARNINGS": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "book", env=settings,
        capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip
    assert done.stdout.split() == ["large", "agg", "40"], done.stderr
