"""The built site, served, and a tab of Chromium that writes down what goes wrong in it."""

import functools
import gzip
import http.server
import os
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from filelock import FileLock
from playwright.sync_api import sync_playwright

from tools import ROOT
from tools.publishing.pdf import HTML, chromium, launch

NO_BROWSER = "no Chromium: install one (apt install chromium, or Google Chrome)"
# Where CI is set nobody reads what was skipped: there the fixture `browser` fails.
needs_browser = pytest.mark.skipif(chromium() is None and not os.environ.get("CI"), reason=NO_BROWSER)


def sources():
    return sorted(
        str(path.relative_to(ROOT).with_suffix(".html"))
        for path in (ROOT / "book").rglob("*")
        if path.suffix in (".ipynb", ".md") and not any(part[0] in "._" for part in path.parts[-3:])
    )


PAGES = [*sources(), "search.html", "genindex.html"]
CHAPTERS = [page for page in PAGES if page[5:7].isdigit()]


@pytest.fixture(scope="session")
def site(tmp_path_factory, testrun_uid):
    """The folder of the site, built once, whichever of pytest's workers comes first."""
    built = tmp_path_factory.getbasetemp().parent / f"site-{testrun_uid}"
    with FileLock(f"{built}.lock"):
        if not built.exists():
            command = [
                Path(sys.executable).parent / "jupyter-book",
                "build",
                ROOT,
                "--quiet",
                "-W",
                "--keep-going",
            ]
            run = subprocess.run(command, capture_output=True, encoding="utf-8")
            assert run.returncode == 0, run.stdout + run.stderr
            built.touch()
    return HTML


@pytest.fixture(scope="session")
def browser():
    if chromium() is None:
        pytest.fail(NO_BROWSER, pytrace=False)
    with sync_playwright() as playwright:
        yield launch(playwright)


@pytest.fixture(scope="session")
def address(site):
    """Serve the site and give its address, such as http://127.0.0.1:8000."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # one connection for all files of a page

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=site)
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Tab:
    """A tab of the browser that writes down what goes wrong, and what is transferred."""

    def __init__(self, browser, home, **options):
        context = browser.new_context(**options)
        self.page, self.home = context.new_page(), home
        self.faults, self.files = [], set()
        self.page.on("console", lambda m: m.type == "error" and self.faults.append(m.text))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", self.note)
        self.page.on("response", self.keep)

    def note(self, request):
        if not request.url.startswith((self.home, "data:")):
            self.faults.append(f"asks {request.url}")

    def keep(self, response):
        if response.url.startswith("http"):
            if response.status >= 400:
                self.faults.append(f"{response.status}: {response.url}")
            else:
                self.files.add(HTML / unquote(urlsplit(response.url).path[1:]))

    def transferred(self):
        """Bytes of all that the page asked for; text counts compressed, as GitHub Pages sends it."""
        return sum(map(packed, self.files))

    def open(self, page):
        self.files.clear()
        self.page.goto(f"{self.home}/{page}", wait_until="load")
        return self.page


def packed(path):
    return len(
        path.read_bytes() if path.suffix in (".png", ".woff2") else gzip.compress(path.read_bytes(), 6)
    )


@pytest.fixture(scope="session")
def window(browser, address):
    """One tab for all tests: what the pages share is loaded once."""
    return Tab(browser, address)


@pytest.fixture
def tab(window):
    window.page.goto("about:blank")  # where nothing is left of the page before, or complains
    window.faults.clear()
    yield window
    assert not window.faults
