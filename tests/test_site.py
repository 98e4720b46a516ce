"""Every page of the built site: valid, its links whole, light to load, and for everybody's eyes.

As a file, and in Chromium where there is one. One visit to a page answers all questions about it.
"""

import posixpath
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urldefrag
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from justhtml import JustHTML
from pygments.styles import get_style_by_name
from pygments.token import Text

from browsing import CHAPTERS, PAGES, needs_browser
from helpers import __version__
from tools import ROOT
from tools.publishing.pdf import FRONT, resolve

WIDTHS = (390, 768, 1440)  # pixels: a phone, a tablet, a desk
HEAVIEST = 600_000  # bytes that a page may transfer
COLOUR_RULES = ["color-contrast", "link-in-text-block"]

# What is laid out late, and colours that change slowly, would be looked at half-way.
AT_ONCE = (
    "* { transition: none !important; animation: none !important; content-visibility: visible !important; }"
)

LOADED = """() => Promise.all([...document.images].map((image) => {
  image.loading = "eager";
  return image.decode();
}))"""

# A formula without width, or with a mistake in it.
UNDRAWN = """() => [...document.querySelectorAll("math")].filter((math) =>
  math.checkVisibility() && !math.getBoundingClientRect().width || math.querySelector("merror"),
).map((math) => math.textContent)"""

# How wide the page is, and its pictures without the room that they will take, or drawn in another shape.
SHAPE = """() => [document.documentElement.scrollWidth, [...document.querySelectorAll("article img")].filter((image) => {
  const [width, height] = [image.clientWidth, image.clientHeight];
  const cut = getComputedStyle(image).objectFit === "contain";
  return !image.getAttribute("height") || (!cut && Math.abs(height - (width * image.naturalHeight) / image.naturalWidth) > 2);
}).map((image) => image.src)]"""

# Colours come from the style sheets, by classes. Of the elements alike in their own and in all outer
# tags and classes one stays, on whichever page the tab shows it first; a row of a table counts as even or
# odd, for these have colours of their own.
NEW_KINDS = """() => {
  const known = JSON.parse(sessionStorage.kinds ?? "{}");
  let count = Object.keys(known).length;
  const numbers = new Map();
  const isNew = (element, kind) => {
    const unseen = !(kind in known);
    if (unseen) known[kind] = count++;
    numbers.set(element, known[kind]);
    return unseen;
  };
  isNew(document.body, [...document.styleSheets].map((sheet) => sheet.href ?? sheet.ownerNode.textContent).join());
  const again = [...document.body.querySelectorAll("*")].filter((element) => {
    const kind = [numbers.get(element.parentElement), element.tagName, element.getAttribute("class")];
    return !isNew(element, [...kind, element.checkVisibility(), element.matches("tr:nth-child(even)")].join());
  });
  for (const element of again.reverse()) if (!element.childElementCount) element.remove();
  sessionStorage.kinds = JSON.stringify(known);
}"""


@pytest.fixture(scope="session")
def texts(site):
    pages = (path for path in site.rglob("*.html") if "_static" not in path.parts)
    return {str(path.relative_to(site)): path.read_text(encoding="utf-8") for path in pages}


@pytest.fixture(scope="session")
def documents(texts):
    return {page: JustHTML(text, sanitize=False, collect_errors=True) for page, text in texts.items()}


def test_every_source_has_its_page(texts):
    assert not set(PAGES) - set(texts)


def test_each_page_says_which_edition_it_is(texts):
    for name in PAGES:
        foot = texts[name].partition('class="about-page"')[2]
        assert (
            f"version {__version__} of " in foot and "CC BY 4.0" in foot and "Mistakes known so far" in foot
        ), name


def test_no_link_or_anchor_is_broken(site, documents):
    broken = []
    anchors = {
        page: {tag.attrs.get(key) for tag in document.query("[id], [name]") for key in ("id", "name")}
        for page, document in documents.items()
    }
    for page, document in documents.items():
        for tag in document.query("a, img, link, script"):
            address, anchor = urldefrag(tag.attrs.get("href") or tag.attrs.get("src") or "")
            if ":" in address or address.startswith("//"):
                continue
            target = (site / page).parent.joinpath(unquote(address).split("?")[0]) if address else site / page
            name = str(target.resolve().relative_to(site.resolve()))
            if not target.exists() or (anchor and name in anchors and unquote(anchor) not in anchors[name]):
                broken.append(f"{page}: {address}#{anchor}")
    assert not broken


def test_every_picture_has_words(documents):
    pictures = [(page, img.attrs) for page, document in documents.items() for img in document.query("img")]
    silent = [f"{page}: {img['src']}" for page, img in pictures if not img.get("alt")]
    assert pictures and not silent


def test_no_identifier_comes_twice(documents):
    for page, document in documents.items():
        ids = [tag.attrs["id"] for tag in document.query("[id]")]
        assert len(ids) == len(set(ids)), f"{page}: {sorted({i for i in ids if ids.count(i) > 1})}"


def test_a_chapter_says_how_long_it_takes_to_read(documents):
    for page in CHAPTERS:
        minutes = int(documents[page].query_one(".reading-time").to_text().split()[0])
        assert 1 <= minutes <= 90, page


def test_next_leads_through_all_chapters(documents):
    page = FRONT
    for chapter in CHAPTERS:
        page = resolve(page, documents[page].query_one("a.right-next").attrs["href"])
        assert page == chapter


def test_no_backslash_of_a_formula_is_doubled(texts):
    """Two of them begin a new line, and what follows is drawn letter by letter."""
    assert not [page for page, text in texts.items() if 'linebreak="newline"' in text]


def test_every_page_is_valid(documents):
    errors = {page: document.errors for page, document in documents.items() if document.errors}
    assert not errors


@pytest.mark.parametrize(
    "file, needs",
    [
        ("sphinx-design.min.css", '<div class="sd-card">'),
        ("design-tabs.js", '<div class="sd-tab-set">'),
        ("togglebutton.js", '<div class="toggle">'),
        ("togglebutton.css", '<div class="admonition dropdown">'),
        ("play.js", '<div data-play="valley">'),
        ("steps.js", '<div class="diagram-steps">'),
        ("book.css", "<p>"),
    ],
)
def test_a_file_is_left_out_only_where_nothing_needs_it(monkeypatch, file, needs):
    monkeypatch.syspath_prepend(ROOT / "book" / "_ext")
    from loading import is_used

    assert is_used(file, needs)
    assert is_used(file, "<p>") == (needs == "<p>") and not is_used("thebe.js", needs)


def test_only_code_without_a_colour_of_its_own_has_no_tag(monkeypatch):
    """In the styles of the site, light and dark: another style may colour what is left out now."""
    monkeypatch.syspath_prepend(ROOT / "book" / "_ext")
    from code_tags import UNCOLOURED

    for theme in ("light", "dark"):
        style = get_style_by_name(f"a11y-high-contrast-{theme}")
        for kind in UNCOLOURED:
            assert style.style_for_token(kind) == style.style_for_token(Text)


def violations(page, **options):
    options |= {"preload": False, "resultTypes": ["violations"]}
    found = AxeResults(page.evaluate("options => axe.run(options)", options))
    return found.generate_report() if found.violations_count else ""


@needs_browser
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_sound(tab, name):
    tab.page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    page = tab.open(name)
    page.add_style_tag(content=AT_ONCE)
    page.evaluate(LOADED)
    assert not page.evaluate(UNDRAWN)
    page.evaluate(AXE_SCRIPT)
    found = violations(page, rules={rule: {"enabled": False} for rule in COLOUR_RULES})
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        needed, misshapen = page.evaluate(SHAPE)
        assert needed <= width, f"scrolls sideways at {width}"
        assert not misshapen
    page.wait_for_load_state("networkidle")
    assert not tab.faults
    assert tab.transferred() <= HEAVIEST
    page.evaluate(NEW_KINDS)
    for theme in ("light", "dark"):
        page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        found += violations(page, runOnly=COLOUR_RULES)
    tab.faults.clear()  # scripts complain of what was removed
    assert not found


# ---- for reading devices


@pytest.fixture(scope="session")
def epub(site):
    """The EPUB's files, by name; the site comes first, as both are built from what it has read."""
    command = [Path(sys.executable).parent / "jupyter-book", "build", ROOT, "--builder", "custom"]
    command += ["--custom-builder", "epub", "--quiet", "-W", "--keep-going"]
    run = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert run.returncode == 0, run.stdout + run.stderr
    with ZipFile(ROOT / "_build" / "epub" / "neural-networks-measured.epub") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_epub_is_whole_and_plain(epub):
    """Well-formed, without scripts, every link and picture there, formulas as such: as epubcheck wants it."""
    pages = {name: ElementTree.fromstring(text) for name, text in epub.items() if name.endswith(".xhtml")}
    assert set(PAGES) - {"search.html", "genindex.html"} <= {
        name.replace(".xhtml", ".html") for name in pages
    }
    ids = {name: {element.get("id") for element in page.iter()} for name, page in pages.items()}
    declared = {
        item.get("href"): item.get("properties")
        for item in ElementTree.fromstring(epub["content.opf"]).iter()
    }
    for name, page in pages.items():
        tags = {element.tag.rpartition("}")[2] for element in page.iter()}
        assert "script" not in tags
        held = [kind for kind, tag in (("mathml", "math"), ("svg", "svg")) if tag in tags]
        assert [kind for kind in (declared[name] or "").split() if kind != "nav"] == held, name
        for element in page.iter():
            link = element.get("href") or element.get("src") or ""
            if link and "://" not in link and not link.startswith(("mailto:", "data:")):
                place, anchor = urldefrag(unquote(link))
                place = posixpath.normpath(posixpath.join(posixpath.dirname(name), place)) if place else name
                assert place in epub, (name, link)
                assert not anchor or anchor in ids.get(place, [anchor]), (name, link)
    assert b"<dc:title>Neural Networks, Measured</dc:title>" in epub["content.opf"]
