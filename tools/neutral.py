"""The environment of every kernel that the project starts: nothing in it is a person's own setting.

What a notebook prints and draws must not hang on who runs it. ``MPLBACKEND=Agg`` stores chapters
without their figures, a profile of IPython shows what no cell asked for, ``PYTHONWARNINGS`` adds
outputs, and a home that cannot be written has IPython and matplotlib say so in the middle of a page.
"""

import atexit
import contextlib
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import mock

from tools import ROOT

# Names that begin so are settings of what the notebooks run in or import.
SETTINGS = (
    "PYTHON", "IPYTHON", "IPYKERNEL", "JUPYTER", "MPL", "MATPLOTLIB", "NUMPY", "NPY_PROMOTION", "PANDAS", "SCIPY",
    "SKLEARN", "JOBLIB", "LOKY", "DASK", "TORCH", "PYTORCH", "TQDM", "PYDEVD",
    # How wide the terminal is and what it shows; languages and encodings.
    "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "PY_COLORS", "LANG", "LC_",
    # IPython would take packages from there, whichever environment it runs in itself.
    "VIRTUAL_ENV",
    # These print while a cell runs.
    "OMP_DISPLAY", "KMP_AFFINITY", "KMP_SETTINGS", "KMP_VERSION", "MKL_VERBOSE", "DNNL_VERBOSE",
    "ONEDNN_VERBOSE",
)  # fmt: skip
# … but these say where Python, its packages and a kernel asked for by its name are, and change no output.
PLACES = {
    "PYTHONHOME", "PYTHONUSERBASE", "PYTHONNOUSERSITE", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX",
    "JUPYTER_PATH",
}  # fmt: skip
# Those of them that pytest itself minds when it prints for the person who called it.
TERMINAL = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "PY_COLORS")

# IPython reads this before all else. The file of a history would be locked by the next kernel, and
# matplotlib lets a matplotlibrc in the working directory win over every other.
PROFILE = """\
import contextlib
import os

get_config().HistoryManager.hist_file = ":memory:"
if os.path.exists("matplotlibrc"):
    with contextlib.chdir(os.path.dirname(__file__)):
        import matplotlib
"""

# The machine's own settings of IPython, such as those in /etc/ipython, no variable turns off. So the
# launcher of a kernel, which this file is taken for, leaves them out.
LAUNCHER = """\
import sys
from pathlib import Path

sys.path[:] = [folder for folder in sys.path if folder and Path(folder) not in (Path.cwd(), Path(__file__).parent)]

from IPython.core import application
from ipykernel import kernelapp

application.SYSTEM_CONFIG_DIRS.clear()
application.ENV_CONFIG_DIRS.clear()
kernelapp.launch_new_instance()
"""


def environment():
    """Return the variables for a kernel: this process's own, without anybody's settings."""
    folder = _folder()
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.upper() in PLACES or not name.upper().startswith(SETTINGS)
    }
    return kept | {
        # The launcher, and the helpers of this tree, whichever is installed.
        "PYTHONPATH": os.pathsep.join([launcher(), str(ROOT)]),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_CONFIG_DIR": str(folder / "jupyter"),
        "JUPYTER_DATA_DIR": str(folder / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(folder / "jupyter"),
        "MPLCONFIGDIR": str(folder / "matplotlib"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "LC_ALL": "C.UTF-8",
        "TQDM_DISABLE": "1",  # a progress bar is for the person watching, never for a stored output
    }


def for_kernels(**others):
    """Return a context: a kernel started in it is given that environment, and ``others``."""
    return mock.patch.dict(os.environ, environment() | others, clear=True)


def for_this_process():
    """Take on the same environment, but for what pytest itself minds when it prints; draw on no screen."""
    neutral = environment()
    del neutral["MPLBACKEND"]  # a kernel that a test starts finds its own
    for name in os.environ.keys() - neutral.keys():
        if not name.upper().startswith(TERMINAL):
            del os.environ[name]
    os.environ.update(neutral)
    with contextlib.chdir(_folder()):  # away from a matplotlibrc, see above
        import matplotlib
    matplotlib.use("agg")


def launcher():
    """Return the folder that makes a kernel leave out the machine's settings, where PYTHONPATH names it."""
    return str(_folder() / "launcher")


@functools.cache
def _folder():
    """Return the folder with the neutral settings: of this tree, or where none can be written a passing one."""
    folder = ROOT / "_build" / "settings"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        folder = Path(tempfile.mkdtemp())
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    profile = folder / "ipython" / "profile_default"
    for each in (profile, folder / "matplotlib", folder / "launcher"):
        each.mkdir(parents=True, exist_ok=True)
    _put(profile / "ipython_kernel_config.py", PROFILE)
    _put(folder / "launcher" / "ipykernel_launcher.py", LAUNCHER)
    if not any((folder / "matplotlib").iterdir()):
        # matplotlib lists the machine's fonts once, and says so where it takes long: not in a notebook.
        alone = {"MPLCONFIGDIR": str(folder / "matplotlib"), "MPLBACKEND": "agg"}
        fonts = [sys.executable, "-c", "import matplotlib.font_manager"]
        subprocess.run(fonts, cwd=folder, env=os.environ | alone, check=True, capture_output=True)
    return folder


def _put(path, text):
    """Write a file, unless it is there: whole in one moment, as another process may be reading it."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        new = path.with_suffix(f".{os.getpid()}")
        new.write_text(text, encoding="utf-8")
        new.replace(path)
