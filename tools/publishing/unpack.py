"""What the packed cell of a self-contained notebook runs: see tools/publishing/standalone.py."""


def bring_along(version, packed, small):
    """Make ``import helpers`` work, or say in a sentence what is missing or too old.

    ``packed`` is the package as a zip archive in base64, used unless this ``version`` is installed.
    ``small`` maps modules that the chapter imports to what pip calls them; they are installed where
    they are missing.
    """
    # Imported here, so that a reader's notebook gets one name from this cell and no more. An old Python
    # must be able to read all this, to come to where helpers says that it is too old.
    import atexit
    import base64
    import importlib
    import io
    import re
    import shutil
    import subprocess
    import sys
    import tempfile
    import zipfile
    from importlib.util import find_spec

    # Read, not imported: a file of the reader's own that has the name may do anything.
    spec = find_spec("helpers")
    found = None
    if spec is not None and spec.origin is not None:
        with open(spec.origin, encoding="utf-8", errors="replace") as file:
            found = re.search(r"^__version__ = ['\"](.+)['\"]$", file.read(), re.MULTILINE)
    if found is None or found.group(1) != version:
        folder = tempfile.mkdtemp(prefix="helpers-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        zipfile.ZipFile(io.BytesIO(base64.b64decode(packed))).extractall(folder)
        for module in [name for name in sys.modules if name.split(".")[0] == "helpers"]:
            del sys.modules[module]
        sys.path.insert(0, folder)
        importlib.invalidate_caches()
    helpers = importlib.import_module("helpers")
    missing = [name for module, name in small.items() if find_spec(module) is None]
    if missing:
        # Without dependencies, of which torch is one: an environment that works stays as it is.
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--retries", "1"]
        subprocess.run(pip + missing, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        importlib.invalidate_caches()
        helpers._requirements.check(missing)
