"""What the packed cell of a self-contained notebook runs: see tools/publishing/standalone.py."""


def bring_along(version, packed, needs, small):
    """Make ``import helpers`` work, or say in a sentence which package is missing.

    ``packed`` is the package as a zip archive in base64, used unless this ``version`` is installed.
    ``needs`` and ``small`` map the modules that the chapter imports to what pip calls them; those in
    ``small`` are installed where they are missing.
    """
    # Imported here, so that a reader's notebook gets one name from this cell and no more.
    import atexit
    import base64
    import importlib
    import io
    import shutil
    import subprocess
    import sys
    import tempfile
    import zipfile
    from importlib.util import find_spec

    class NotInstalled(ImportError):
        def _render_traceback_(self):  # IPython shows this in place of a traceback
            return [str(self)]

    def missing(modules):
        return [name for module, name in modules.items() if find_spec(module) is None]

    # Without its dependencies, of which torch is one: an environment that works stays as it is.
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--retries", "1"]
    if (names := missing(small)) and not missing(needs):
        subprocess.run([*pip, *names], capture_output=True)
        importlib.invalidate_caches()
    if names := missing(needs | small):
        raise NotInstalled(
            f"This notebook needs {', '.join(names)}, which this Python does not have. Run "
            f"'pip install {' '.join(names)}' (that takes a connection), then this cell again."
        )
    try:
        found = importlib.import_module("helpers").__version__
    except (ImportError, AttributeError):  # none, or something else of that name
        found = None
    if found != version:
        folder = tempfile.mkdtemp(prefix="helpers-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        zipfile.ZipFile(io.BytesIO(base64.b64decode(packed))).extractall(folder)
        for module in [name for name in sys.modules if name.split(".")[0] == "helpers"]:
            del sys.modules[module]
        sys.path.insert(0, folder)
        importlib.invalidate_caches()
        importlib.import_module("helpers")  # before torch: see there
