"""A chapter's self-contained copy: runs without the book, and says the same outside of its pages."""

import os
import re
import subprocess
import sys
import zipfile
from types import SimpleNamespace

import nbformat
import pytest
from docutils import nodes
from docutils.utils import new_document
from pybtex.database import parse_file

from tools import ROOT
from tools.checking import like_colab
from tools.publishing import standalone
from tools.publishing.execute import notebooks
from tools.publishing.first_cell import FIRST_CELL, is_first_cell, put_first_cell
from tools.publishing.standalone import Site, pages_address, plain, repository

NOTEBOOKS = {path.relative_to(ROOT / "book").as_posix(): path for path in notebooks([])}
SITE = Site("https://o.github.io/b/", {"loss": "book/reference/glossary.html#term-loss"})
BIBLIOGRAPHY = parse_file(ROOT / "book/reference/references.bib")
# What only MyST reads: directives and their options, roles, targets, comments, attributes.
MYST = re.compile(r"^:{3,}|^`{3,}\{|^:[\w-]+:|\{[\w:-]+\}`|^\([\w-]+\)=|^% |\)\{[.#]", re.MULTILINE)


@pytest.fixture
def without_book(tmp_path):
    """Run Python code in an empty folder, without the book's folder, its package and the network."""
    (tmp_path / "empty").mkdir()

    def run(code, *options, **variables):
        cut = like_colab.alone(tmp_path / "cut")
        cut["PYTHONPATH"] = os.pathsep.join([cut["PYTHONPATH"], variables.pop("PYTHONPATH", "")])
        return subprocess.run(
            [sys.executable, *options, "-c", code], cwd=tmp_path / "empty",
            env=os.environ | cut | variables, capture_output=True, text=True,
        )  # fmt: skip

    return run


@pytest.fixture(scope="module")
def copies():
    """Each notebook's copy, as the build of a published site writes it."""
    return {name: standalone.standalone(path, SITE) for name, path in NOTEBOOKS.items()}


def text_of(notebook):
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_nothing_in_the_text_needs_the_pages(name, copies):
    prose = re.sub(r"^```\w*\n.*?^```", "", text_of(copies[name]), flags=re.MULTILINE | re.DOTALL)
    assert MYST.findall(prose) == []
    links = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"\$[^$]*\$", "", prose))
    assert links and [link for link in links if not re.match("https?://", link)] == []


def test_an_unpublished_book_is_not_linked_to():
    copy = standalone.standalone(min(NOTEBOOKS.values()))
    assert "*From the book Neural Networks, Measured. The next cell" in text_of(copy)
    assert re.findall(r"\]\((?!https?://)", text_of(copy)) == []


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_code_and_outputs_are_the_chapters(name, copies):
    stored = nbformat.read(NOTEBOOKS[name], as_version=4)
    put_first_cell(stored)
    pairs = list(
        zip(*([c for c in n.cells if c.cell_type == "code"] for n in (stored, copies[name])), strict=True)
    )
    assert [new.outputs for _, new in pairs] == [old.outputs for old, _ in pairs]
    changed = [new for old, new in pairs if old.source != new.source]
    assert changed == [pairs[0][1]] and "bring_along(" in changed[0].source


def test_the_same_copy_each_time(copies):
    name = min(NOTEBOOKS)
    assert standalone.standalone(NOTEBOOKS[name], SITE) == copies[name]


@pytest.mark.parametrize(
    "myst, markdown",
    [
        ("A {term}`loss`, {term}`losses <loss>`.", "A [loss]({loss}), [losses]({loss})."),
        ("See [chapter 2](02_house_prices.ipynb).", "See [chapter 2]({0}02_house_prices.html)."),
        ("[below](#why-not), [there](reference/api.md#b)", "[below]({0}01_x.html#why-not), [there]({0}reference/api.html#b)"),
        ("{doc}`reference/data_card`", "[Data cards]({0}reference/data_card.html)"),
        ("{doc}`the card <reference/data_card>`", "[the card]({0}reference/data_card.html)"),
        ("By {cite:t}`huber1964`", "By Huber [1964]"),
        ("{cite:p}`harrison1978,huber1964`", "[Harrison and Rubinfeld, 1978; Huber, 1964]"),
        ("[PyTorch](https://pytorch.org) and $E[f](x)$", "[PyTorch](https://pytorch.org) and $E[f](x)$"),
        (":::{admonition} Guess first\n:class: tip\nIs it\n\n$$x$$\n:::\nAfter",
         "> **Guess first**\n>\n> Is it\n>\n> $$x$$\n\nAfter"),
        ("```{note}\nRead.\n```", "> **Note**\n>\n> Read.\n"),
        ("::::{warning}\nOuter\n:::{tip}\nInner\n:::\n::::", "> **Warning**\n>\n> Outer\n> > **Tip**\n> >\n> > Inner\n"),
        ("```python\nx = {1: 2}\n```", "```python\nx = {1: 2}\n```"),
        ("(here)=\n## Title", "## Title"),
    ],
)  # fmt: skip
def test_myst_becomes_plain_markdown(myst, markdown):
    cited = []
    found = plain(myst, "book/01_x.ipynb", SITE, BIBLIOGRAPHY, cited)
    glossary = f"{SITE.address}{SITE.terms['loss']}"
    assert found == markdown.replace("{0}", f"{SITE.address}book/").replace("{loss}", glossary)
    assert set(cited) == set(re.findall(r"\w+\d{4}", myst))


def test_what_no_notebook_can_show_is_an_error():
    for myst in ("```{figure} x.png\n```", "See {numref}`fig-loss`."):
        with pytest.raises(ValueError, match="book/01_x.ipynb: no plain notebook can show the"):
            plain(myst, "book/01_x.ipynb", SITE, BIBLIOGRAPHY, [])


def test_where_the_book_is_published(tmp_path):
    def git(*arguments):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)

    git("init", "-q")
    config = tmp_path / "_config.yml"
    config.write_text("title: Book\n")
    assert repository(tmp_path, {}) is None and pages_address(None) == ""
    git("remote", "add", "origin", "https://git.example.org/a/b.git")
    assert repository(tmp_path, {}) is None
    for url in ("git@github.com:Ann/nn-book.git", "https://github.com/Ann/nn-book"):
        git("remote", "set-url", "origin", url)
        assert repository(tmp_path, {}) == "Ann/nn-book"
    config.write_text("title: Book\nrepository:\n  url: https://github.com/Bob/book/\n")
    assert repository(tmp_path, {}) == "Bob/book"
    assert repository(tmp_path, {"GITHUB_REPOSITORY": "Eve/fork"}) == "Eve/fork"
    assert pages_address("Ann/nn-book") == "https://ann.github.io/nn-book/"
    assert pages_address("Ann/ann.github.io") == "https://ann.github.io/"


def test_the_buttons_of_a_page(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(ROOT / "book/_ext")
    import notebooks as extension

    name = min(NOTEBOOKS)
    page = f"book/{name.removesuffix('.ipynb')}"
    term = ("neuron", "neuron", "term", "book/reference/glossary", "term-neuron", 0)
    env = SimpleNamespace(
        found_docs={page, "book/index"},
        doc2path=lambda page: f"{ROOT / page}{'.md' if page == 'book/index' else '.ipynb'}",
        get_domain=lambda name: SimpleNamespace(get_objects=lambda: [term]),
    )
    html, config = SimpleNamespace(format="html"), SimpleNamespace(html_baseurl="", repository=None)
    app = SimpleNamespace(srcdir=ROOT, outdir=tmp_path, env=env, builder=html, config=config)

    def links(page):
        doctree = new_document("")
        doctree += nodes.section("", nodes.title("", "Title"))
        extension.add_links(app, doctree, page)
        return re.findall('href="([^"]*)"', "".join(node.astext() for node in doctree.findall(nodes.raw)))

    assert links(page) == [f"../notebooks/{name}"] and links("book/index") == []
    monkeypatch.setenv("GITHUB_REPOSITORY", "Ann/nn-book")
    extension.find_site(app, config)
    colab_link = f"https://colab.research.google.com/github/Ann/nn-book/blob/gh-pages/notebooks/{name}"
    assert links(page) == [f"../notebooks/{name}", colab_link]
    extension.write_copies(app, None)
    assert [path.name for path in (tmp_path / "notebooks").iterdir()] == [name]
    written = (tmp_path / "notebooks" / name).read_text()
    for place in (f"{page}.html", "book/reference/glossary.html#term-neuron"):
        assert f"https://ann.github.io/nn-book/{place}" in written


def test_the_published_branch_is_the_one_that_colab_opens():
    workflow = (ROOT / ".github/workflows/book.yml").read_text(encoding="utf-8")
    assert "--initial-branch gh-pages" in workflow and "path: _build/html" in workflow


def test_without_helpers_the_committed_notebook_says_what_to_do(without_book):
    done = without_book(FIRST_CELL.format(imports="    import helpers"), "-m", "IPython", "--colors=NoColor")
    assert done.stdout.count("\n") == 1 and done.stdout.startswith(
        "This Python has no package helpers. In the"
    )
    assert done.stderr == ""


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_first_code_is_the_first_cell(name):
    first = next(
        cell for cell in nbformat.read(NOTEBOOKS[name], as_version=4).cells if cell.cell_type == "code"
    )
    assert first.metadata.tags == ["helpers", "remove-cell"] and "import helpers\n" in first.source


def test_a_first_cell_asks_for_what_its_notebook_imports():
    code = ["%xmode Minimal\nimport madgrad", "from helpers import plotting", "import json"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in code])
    put_first_cell(notebook)
    assert "    import helpers\n    import madgrad\nexcept" in notebook.cells[0].source
    once = nbformat.writes(notebook)
    put_first_cell(notebook)
    assert nbformat.writes(notebook) == once
    unrelated = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1")])
    put_first_cell(unrelated)
    assert len(unrelated.cells) == 1


def test_helpers_and_its_data_come_along(without_book, copies):
    (cell,) = filter(is_first_cell, copies[min(NOTEBOOKS)].cells)
    data = "from importlib.resources import files\nprint((files('helpers') / 'boston.csv').read_text())"
    # There already, and torch is not: what helpers says of threads is read when torch is imported.
    loaded = "import sys\nhelpers = sys.modules['helpers']\nassert 'torch' not in sys.modules"
    done = without_book(f"{cell.source}\n{loaded}\nprint(helpers.__version__, helpers.__file__)\n{data}")
    about, _, rows = done.stdout.partition("\n")
    version, file = about.split()
    assert version == standalone.__version__ and not file.startswith(str(ROOT))
    assert not os.path.exists(file), "the folder is gone with the kernel"
    assert rows.strip() == (ROOT / "helpers/boston.csv").read_text().strip()


def call(**arguments):
    source = (ROOT / "tools/publishing/unpack.py").read_text(encoding="utf-8")
    every = {"version": "1", "packed": standalone.packed(), "needs": {}, "small": {}} | arguments
    return f"{source}\nbring_along(**{every!r})\n"


@pytest.mark.parametrize("installed, ours", [("1", False), ("2", True), (None, True)])
def test_an_installed_helpers_is_used_if_its_version_is_the_same(without_book, tmp_path, installed, ours):
    other = tmp_path / "installed" / "helpers"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text(f"__version__ = {installed!r}" if installed else "")
    code = f"import helpers\n{call()}\nimport helpers; print(helpers.__version__)"
    done = without_book(code, PYTHONPATH=str(other.parent))
    assert done.stdout.strip() == (standalone.__version__ if ours else installed)


def test_what_is_missing_is_installed_or_named(without_book, tmp_path):
    wheel = tmp_path / "tiny_module-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny_module.py", "")
        about = "tiny_module-1.0.dist-info"
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: tiny-module\nVersion: 1.0\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    target = str(tmp_path / "target")
    offline = {"PIP_NO_INDEX": "1", "PIP_TARGET": target, "PYTHONPATH": target}
    at_hand = offline | {"PIP_FIND_LINKS": str(tmp_path)}
    small = {"tiny_module": "tiny-module==1.0"}
    done = without_book(call(small=small), **offline)
    assert "NotInstalled: This notebook needs tiny-module==1.0, which" in done.stderr
    done = without_book(call(needs={"no_torch": "torch"}, small=small), **at_hand)
    assert "needs torch, tiny-module==1.0, which" in done.stderr and not os.path.exists(target)
    done = without_book(call(small=small) + "import tiny_module; print('here')", **at_hand)
    assert done.stdout.strip() == "here", done.stderr


def test_a_copy_runs_alone_and_what_differs_is_noticed(tmp_path):
    """One of the short ones, with the versions installed here; like_colab.py runs them all as Colab does."""
    name = "04_solutions.ipynb"
    copy = standalone.standalone(*notebooks([name]))
    code = [cell for cell in copy.cells if cell.cell_type == "code"]
    stored = [nbformat.v4.new_output("stream", text="2\n")]
    copy.cells.append(nbformat.v4.new_code_cell("print(1)", execution_count=len(code) + 1, outputs=stored))
    nbformat.write(copy, tmp_path / name)
    with pytest.raises(subprocess.CalledProcessError) as error:
        like_colab.run(tmp_path / name, sys.executable, tmp_path / "kernel")
    assert "stored 2, now 1" in error.value.stdout and f"1 failed, {len(code)} passed" in error.value.stdout
