"""The built site, as a reader meets it: in Chromium where there is one, and as files where not.

Builds what has changed since the last `make book`, once.
"""

import functools
import gzip
import http.server
import math
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import unquote, urldefrag

import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
HTML = ROOT / "_build" / "html"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WIDTHS = (390, 768, 1440)  # pixels: a phone, a tablet, a desk
HEAVIEST = 600_000  # bytes that a page may transfer, compressed as GitHub Pages does

needs_browser = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium: install one (apt install chromium, or Google Chrome)"
)


def sources():
    return sorted(
        str(path.relative_to(ROOT).with_suffix(".html"))
        for path in (ROOT / "book").rglob("*")
        if path.suffix in (".ipynb", ".md") and not any(part[0] in "._" for part in path.parts[-3:])
    )


PAGES = [*sources(), "search.html", "genindex.html"]
CHAPTERS = [page for page in PAGES if page.startswith("book/0")]


@pytest.fixture(scope="session")
def site():
    command = [Path(sys.executable).parent / "jupyter-book", "build", ROOT, "--quiet", "-W", "--keep-going"]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    return HTML


@pytest.fixture(scope="session")
def soups(site):
    return {
        str(path.relative_to(site)): BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in site.rglob("*.html")
        if "_static" not in path.parts
    }


# ---- as files


def test_every_source_has_its_page(soups):
    assert not set(PAGES) - set(soups)


def test_no_link_or_anchor_is_broken(site, soups):
    broken = []
    anchors = {page: {tag.get("id") or tag.get("name") for tag in soup(True)} for page, soup in soups.items()}
    for page, soup in soups.items():
        for tag in soup(["a", "img", "link", "script"]):
            address, anchor = urldefrag(tag.get("href") or tag.get("src") or "")
            if ":" in address or address.startswith("//"):
                continue
            target = (site / page).parent.joinpath(unquote(address).split("?")[0]) if address else site / page
            name = str(target.resolve().relative_to(site.resolve()))
            if not target.exists() or (anchor and name in anchors and unquote(anchor) not in anchors[name]):
                broken.append(f"{page}: {address}#{anchor}")
    assert not broken


def test_every_picture_has_words(soups):
    silent = [
        f"{page}: {img['src']}" for page, soup in soups.items() for img in soup("img") if not img.get("alt")
    ]
    assert not silent


def test_no_identifier_comes_twice(soups):
    for page, soup in soups.items():
        ids = [tag["id"] for tag in soup(id=True)]
        assert len(ids) == len(set(ids)), f"{page}: {sorted({i for i in ids if ids.count(i) > 1})}"


def test_a_chapter_says_how_long_it_takes_to_read(soups):
    for page in CHAPTERS:
        minutes = int(soups[page].select_one(".reading-time").get_text().split()[0])
        assert 5 <= minutes <= 60, page


# ---- in a browser


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])


@pytest.fixture(scope="session")
def address(site):
    """Serve the site and give its address, such as http://127.0.0.1:8000."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
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
        self.faults, self.weights = [], {}
        self.page.on("console", lambda m: m.type == "error" and self.faults.append(m.text))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", self.note)
        self.page.on("response", self.weigh)

    def note(self, request):
        if not request.url.startswith((self.home, "data:")):
            self.faults.append(f"asks {request.url}")

    def weigh(self, response):
        if response.url.startswith("http"):
            if response.status >= 400:
                self.faults.append(f"{response.status}: {response.url}")
            self.weights[response.url] = response

    def transferred(self):
        """Bytes of all that the page asked for; text counts compressed."""
        bodies = {url: response.body() for url, response in list(self.weights.items())}
        return sum(
            len(body if url.endswith((".png", ".woff2")) else gzip.compress(body, 6))
            for url, body in bodies.items()
        )

    def open(self, page):
        self.page.goto(f"{self.home}/{page}", wait_until="load")
        return self.page


@pytest.fixture
def tab(browser, address):
    tab = Tab(browser, address)
    yield tab
    tab.page.context.close()
    assert not tab.faults


@needs_browser
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_sound(tab, name):
    page = tab.open(name)
    page.evaluate("for (const image of document.images) image.loading = 'eager'")
    page.wait_for_load_state("networkidle")
    assert tab.transferred() <= HEAVIEST
    drawn = page.locator("math:visible").evaluate_all(
        "all => all.map(math => math.getBoundingClientRect().width)"
    )
    assert all(drawn) and not page.locator("merror").count(), "a formula is not drawn"
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"scrolls sideways at {width}"
    # Cells of code are all made alike, and axe takes seconds for each: the first few stand for all.
    page.evaluate("document.querySelectorAll('.cell_input').forEach((cell, i) => i < 4 || cell.remove())")
    page.add_style_tag(content="* { transition: none !important; }")  # no colour half-way
    for theme, options in (("light", {}), ("dark", {"runOnly": ["color-contrast"]})):
        page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        found = Axe().run(page, options=options | {"preload": False, "resultTypes": ["violations"]})
        assert not found.response["violations"], f"{theme}: {found.generate_report()}"


@needs_browser
@pytest.mark.parametrize("name", [*CHAPTERS[:1], "book/index.html"])
def test_a_page_works_as_a_file(browser, site, name):
    tab = Tab(browser, site.as_uri())
    tab.open(name)
    tab.page.context.close()
    assert not tab.faults


@needs_browser
@pytest.mark.parametrize("served", [True, False], ids=["served", "as files"])
def test_search_finds_a_word(browser, site, address, served):
    tab = Tab(browser, address if served else site.as_uri())
    page = tab.open("search.html?q=dropout")
    page.wait_for_selector("#search-results li a")
    found = page.eval_on_selector_all("#search-results li a", "links => links.map(link => link.href)")
    page.context.close()
    assert any("02_house_prices.html" in link for link in found) and not tab.faults


@needs_browser
def test_the_theme_switches_and_is_remembered(tab):
    page = tab.open("book/index.html")
    seen = []
    for _ in range(3):
        page.locator(".theme-switch-button:visible").click()
        seen.append(page.evaluate("document.documentElement.dataset.mode"))
    assert sorted(seen) == ["auto", "dark", "light"]
    while page.evaluate("document.documentElement.dataset.mode") != "dark":
        page.locator(".theme-switch-button:visible").click()
    tab.open(CHAPTERS[0])
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


@needs_browser
def test_next_leads_through_all_chapters(tab):
    page = tab.open("book/index.html")
    for chapter in CHAPTERS:
        page.locator("a.right-next").click()
        assert page.url.endswith(chapter)
    page.locator("a.left-prev").click()
    assert page.url.endswith(CHAPTERS[-2])


@needs_browser
def test_copy_takes_the_code(tab):
    page = tab.open(CHAPTERS[0])
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    cell = page.locator("div.highlight:visible").first
    cell.hover()
    cell.locator("button.copybtn").click()
    assert page.evaluate("navigator.clipboard.readText()") == cell.locator("pre").inner_text().rstrip("\n")


# ---- figures to play with


def setting(page, figure, **values):
    """Set the controls of a figure and return what it says."""
    for name, value in values.items():
        control = page.locator(f"#play-{figure}-{name}")
        if isinstance(value, str):
            control.select_option(value)
        else:
            control.fill(str(value))
    return page.locator(f"[data-play={figure}] output").inner_text().replace("−", "-")


@needs_browser
def test_play_neuron(tab):
    page = tab.open("book/01_perceptrons.html")
    points = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    tasks = {"AND": [0, 0, 0, 1], "OR": [0, 1, 1, 1], "XOR": [0, 1, 1, 0]}
    for w1, w2, b in ((1, 1, -1.5), (1, 1, -1), (-2, 1.25, 0.5), (0, 0, 0)):
        fires = points @ torch.tensor([w1, w2], dtype=torch.float32) + b > 0
        for task, y in tasks.items():
            right = (fires == torch.tensor(y)).sum()
            assert f"{right} of 4 right for {task}" in setting(page, "neuron", task=task, w1=w1, w2=w2, b=b)


@needs_browser
def test_play_activation_and_temperature(tab):
    page = tab.open("book/03_activations.html")
    for name, a, x in (("LeakyReLU", 0.25, -2), ("LeakyReLU", 0, 3), ("ELU", 1.5, -0.5), ("ELU", 0.1, 1)):
        at = torch.tensor(float(x), requires_grad=True)
        function = {"LeakyReLU": torch.nn.LeakyReLU(a), "ELU": torch.nn.ELU(a)}[name]
        function(at).backward()
        said = setting(page, "activation", name=name, a=a, x=x)
        assert said.endswith(f"= {function(at).item():.3f}, and its slope there is {at.grad.item():.3f}.")
    for exponent in (-1, 0, 0.5, 2):
        T = float(f"{10**exponent:.2g}")
        p = torch.softmax(torch.tensor([2.0, 1.0, -1.0]) / T, dim=0)
        assert ", ".join(f"{x:.3f}" for x in p) in setting(page, "temperature", T=exponent)


@needs_browser
def test_play_threshold(tab):
    page = tab.open("book/04_losses.html")
    for cut, eights in ((0, 100), (-1.25, 50), (2, 500), (-5, 300)):
        n = np.array([1000 - eights, eights])
        shares = [(np.arange(k) + 0.5) / k for k in n]
        z = np.concatenate([c + 0.8 * np.log(p / (1 - p)) for p, c in zip(shares, (-2, 1))])
        t, called = np.repeat([False, True], n), z > cut
        said = setting(page, "threshold", cut=cut, eights=eights)
        recall, precision = (called & t).sum() / t.sum(), (called & t).sum() / called.sum()
        assert said == f"Recall {recall:.3f}, precision {precision:.3f}, accuracy {(called == t).mean():.3f}."


@needs_browser
def test_play_valley(tab):
    page = tab.open("book/05_optimizers.html")
    for exponent, mu in ((-3, 0), (-3.5, 0.9), (-4, 0.99)):
        w = torch.nn.Parameter(torch.tensor([-1.0, 2.0], dtype=torch.float64))
        optimizer = torch.optim.SGD([w], lr=float(f"{10**exponent:.2g}"), momentum=mu)
        for _ in range(300):
            optimizer.zero_grad()
            loss = (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
            loss.backward()
            optimizer.step()
        said = setting(page, "valley", lr=exponent, mu=mu)
        assert said.startswith(f"After 300 steps: w = ({w[0]:.3f}, {w[1]:.3f})"), (exponent, mu)
    assert "diverges" in setting(page, "valley", lr=-2, mu=0)


@needs_browser
@pytest.mark.parametrize("name", [page for page in CHAPTERS if page[5:7] in ("01", "03", "04", "05")])
def test_figures_answer_to_the_keyboard(tab, name):
    page = tab.open(name)
    figures = page.locator(".play").all()
    assert figures
    for figure in figures:
        for slider in figure.locator("input").all():
            before, place = figure.locator("output").inner_text(), float(slider.input_value())
            slider.focus()
            for _ in range(4):
                page.keyboard.press("ArrowRight")
            step = float(slider.get_attribute("step"))
            assert math.isclose(float(slider.input_value()), place + 4 * step, abs_tol=1e-9)
            assert slider.get_attribute("aria-valuetext")
            assert figure.locator("output").inner_text() != before or slider.get_attribute("name") == "b"


@needs_browser
def test_without_scripts_a_sentence_stands_for_a_figure(browser, address):
    tab = Tab(browser, address, java_script_enabled=False)
    said = tab.open("book/05_optimizers.html").locator(".play").inner_text()
    tab.page.context.close()
    assert "In a notebook" in said and not tab.faults
