"""A chapter's self-contained copy: runs without the book, and says the same outside of its pages."""

import ast
import base64
import io
import os
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import distributions
from types import SimpleNamespace

import nbformat
import pytest
from docutils import nodes
from docutils.utils import new_document
from pybtex.database import parse_file

from helpers import _requirements, data
from tools import ROOT
from tools.checking import like_colab
from tools.publishing import standalone
from tools.publishing.execute import notebooks
from tools.publishing.first_cell import ASKED_FOR, imported, is_first_cell, project, put_first_cell, python
from tools.publishing.standalone import Site, on_github, pages_address, plain, repository

NOTEBOOKS = {path.relative_to(ROOT / "book").as_posix(): path for path in notebooks([])}
SITE = Site("https://o.github.io/b/", {"loss": "book/reference/glossary.html#term-loss"})
HERE = f"Python {platform.python_version()} ({sys.executable})"
BIBLIOGRAPHY = parse_file(ROOT / "book/reference/references.bib")
# What only MyST reads: directives and their options, roles, targets, comments, attributes.
MYST = re.compile(r"^:{3,}|^`{3,}\{|^:[\w-]+:|\{[\w:-]+\}`|^\([\w-]+\)=|^% |\)\{[.#]", re.MULTILINE)


@pytest.fixture
def without_book(tmp_path):
    """Run Python code in an empty folder, without the book's folder, its package and the network.

    ``beside`` are files to put into that folder, by their names.
    """
    (tmp_path / "empty").mkdir()

    def run(code, *options, beside=(), **variables):
        for name, text in dict(beside).items():
            (tmp_path / "empty" / name).parent.mkdir(exist_ok=True)
            (tmp_path / "empty" / name).write_text(text, encoding="utf-8")
        cut = like_colab.alone(tmp_path / "cut")
        cut["PYTHONPATH"] = os.pathsep.join([cut["PYTHONPATH"], variables.pop("PYTHONPATH", "")])
        return subprocess.run(
            [sys.executable, *options, *(["-c", code] if options else ["-"])], cwd=tmp_path / "empty",
            input=None if options else code,  # an argument may not be as long as the packed cell
            env=os.environ | cut | variables, capture_output=True, encoding="utf-8",
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
        ("See [chapter 3](03_house_prices.ipynb).", "See [chapter 3]({0}03_house_prices.html)."),
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


@pytest.mark.skipif(not shutil.which("git"), reason="there is no git")
def test_where_the_book_is_published(tmp_path):
    def git(*arguments):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)

    git("init", "-q")
    config = tmp_path / "_config.yml"
    config.write_text("title: Book\n", encoding="utf-8")
    assert repository(tmp_path, {}) is None and pages_address(None) == ""
    git("remote", "add", "origin", "https://git.example.org/a/b.git")
    assert repository(tmp_path, {}) is None
    for url in ("git@github.com:Ann/nn-book.git", "https://github.com/Ann/nn-book"):
        git("remote", "set-url", "origin", url)
        assert repository(tmp_path, {}) == "Ann/nn-book"
    config.write_text("title: Book\nrepository:\n  url: https://github.com/Bob/book/\n", encoding="utf-8")
    assert repository(tmp_path, {}) == "Bob/book"
    config.write_text("title: Book\nrepository:\n", encoding="utf-8")
    assert repository(tmp_path, {}) == "Ann/nn-book"
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "_config.yml").write_text("title: Book\n", encoding="utf-8")
    assert repository(inside, {}) is None  # not the repository that the book was unpacked in
    assert repository(tmp_path, {"GITHUB_REPOSITORY": "Eve/fork"}) == "Eve/fork"
    assert pages_address("Ann/nn-book") == "https://ann.github.io/nn-book/"
    assert pages_address("Ann/ann.github.io") == "https://ann.github.io/"


def test_without_git_nobody_knows_where(monkeypatch, tmp_path):
    (tmp_path / "_config.yml").write_text("title: Book\n", encoding="utf-8")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert repository(tmp_path, {}) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/Ann/nn-book", "https://github.com/Ann/nn-book.git", "https://github.com/Ann/nn-book/",
        "http://github.com/Ann/nn-book", "https://GitHub.com/Ann/nn-book", "https://me:token@github.com/Ann/nn-book",
        "git@github.com:Ann/nn-book.git", "github.com:Ann/nn-book", "ssh://git@github.com/Ann/nn-book.git",
        "ssh://git@github.com:22/Ann/nn-book", "git://github.com/Ann/nn-book.git",
    ],
)  # fmt: skip
def test_an_address_on_github(url):
    assert on_github(url) == "Ann/nn-book"


@pytest.mark.parametrize(
    "url",
    [
        "", "https://notgithub.com/a/b", "https://github.com.evil.org/a/b", "https://github.com@evil.org/a/b",
        "https://gitlab.com/github.com/a/b", "https://gist.github.com/a/b", "https://evil.org/?github.com/a/b",
        "https://evil.org/#github.com/a/b", "git@notgithub.com:a/b.git", "git@evil.org:github.com/a/b",
        "git@github.com.evil.org:a/b", "git@github.com-work:a/b", "ssh://git@evil.org/github.com/a/b",
        "https://github.com/a", "https://github.com/a/b/tree/main", "https://github.com/", "/home/me/github.com/a/b",
        "file://github.com/a/b", "C:/github.com/a/b", "../github.com/a/b",
    ],
)  # fmt: skip
def test_an_address_elsewhere(url):
    assert on_github(url) is None


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
    html, config = SimpleNamespace(name="html"), SimpleNamespace(html_baseurl="", repository=None)
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
    written = (tmp_path / "notebooks" / name).read_text(encoding="utf-8")
    for place in (f"{page}.html", "book/reference/glossary.html#term-neuron"):
        assert f"https://ann.github.io/nn-book/{place}" in written


def test_the_published_branch_is_the_one_that_colab_opens():
    workflow = (ROOT / ".github/workflows/book.yml").read_text(encoding="utf-8")
    assert "--initial-branch gh-pages" in workflow and "path: _build/html" in workflow


def guard(*code, folder=".."):
    """Return the source of the first cell of a notebook with such code."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in code])
    put_first_cell(notebook, folder)
    return notebook.cells[0].source


def test_without_helpers_the_committed_notebook_says_what_to_do(without_book):
    code = guard("import helpers", "import madgrad", folder="../..")
    # A machine's own settings of IPython may print something before.
    done = without_book(f"print('---')\n{code}", "-m", "IPython", "--colors=NoColor")
    said_all = done.stdout.partition("---\n")[2]
    assert said_all.count("\n") == 1 and done.stderr == ""
    said = f"This kernel, {HERE}, has no package helpers. In one of Python 3.11 or newer, run "
    assert said_all.startswith(f"{said}'%pip install -e ../.. madgrad==1.3' in a cell of its own")


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
    data = (
        "from importlib.resources import files\nprint((files('helpers') / 'boston.csv').read_text('ascii'))"
    )
    # There already, and torch is not: what helpers says of threads is read when torch is imported.
    loaded = "import sys\nhelpers = sys.modules['helpers']\nassert 'torch' not in sys.modules"
    done = without_book(f"{cell.source}\n{loaded}\nprint(helpers.__version__, helpers.__file__)\n{data}")
    about, _, rows = done.stdout.partition("\n")
    version, file = about.split()
    assert version == standalone.__version__ and not file.startswith(str(ROOT))
    assert not os.path.exists(file), "the folder is gone with the kernel"
    assert rows.strip() == (ROOT / "helpers/boston.csv").read_text(encoding="utf-8").strip()


@pytest.mark.parametrize("code, uses", [
    ("from helpers.data import load_table", True),
    ("frame = data.load_table('yacht')", True),
    ("for name in data.TABLES:\n    print(name)", True),
    ("groups = data.load_groups('boston')", True),
    ("frame = pd.read_csv(data.raw_file('auto_mpg'))", True),
    ("frame = data.load_boston()", False),
    ("TABLES_OF_MINE = my_load_table = 1", False),
])  # fmt: skip
def test_the_seven_tables_come_along_where_they_are_used(code, uses):
    cells = [nbformat.v4.new_code_cell("import helpers"), nbformat.v4.new_code_cell(code)]
    source = standalone.packed_cell(cells)
    (text,) = re.findall(r'packed="""\n(.+?)\n"""', source, re.DOTALL)
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(text))) as archive:
        names = set(archive.namelist())
        tables = {name for name in names if name.startswith("helpers/tables/")}
        assert "helpers/boston.csv" in names and len(tables) == (7 if uses else 0)
        for name in tables:
            assert archive.read(name) == (ROOT / name).read_bytes()


def test_text_that_names_a_loader_brings_no_table():
    cells = [nbformat.v4.new_markdown_cell("Or `load_table`."), nbformat.v4.new_code_cell("import helpers")]
    assert f'"""\n{standalone.packed()}\n"""' in standalone.packed_cell(cells)


def test_only_a_notebook_itself_uses_the_tables():
    """Were an exercise's check to load one, a copy of a notebook that does not would lack the file."""
    using = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "helpers").rglob("*.py")
        if standalone.uses_tables([path.read_text(encoding="utf-8")])
    ]
    assert sorted(using) == ["helpers/data.py", "helpers/sayings.py"]


def test_a_copy_loads_the_tables_it_brings_along(without_book):
    done = without_book(
        f"{call(packed=standalone.packed(tables=True))}\n"
        "from helpers.data import TABLES, load_groups, load_table\n"
        "print({name: (*load_table(name).shape, len(load_groups(name))) for name in TABLES})"
    )
    shapes = {t.name: (t.rows, t.features + 1, t.rows) for t in data.TABLES.values()}
    assert ast.literal_eval(done.stdout) == shapes, done.stderr


def test_a_copy_without_the_tables_says_so(without_book):
    done = without_book(f"{call()}\nfrom helpers.data import load_table\nload_table('yacht')")
    assert "a notebook from the book's site brings along more tables" in done.stderr


def call(**arguments):
    source = (ROOT / "tools/publishing/unpack.py").read_text(encoding="utf-8")
    every = {"version": "1", "packed": standalone.packed(), "small": {}} | arguments
    return f"{source}\nbring_along(**{every!r})\n"


@pytest.mark.parametrize("installed, ours", [("1", False), ("2", True), (None, True)])
def test_an_installed_helpers_is_used_if_its_version_is_the_same(without_book, tmp_path, installed, ours):
    other = tmp_path / "installed" / "helpers"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text(f"__version__ = {installed!r}" if installed else "", encoding="utf-8")
    code = f"import helpers\n{call()}\nimport helpers; print(helpers.__version__)"
    done = without_book(code, PYTHONPATH=str(other.parent))
    assert done.stdout.strip() == (standalone.__version__ if ours else installed)


@pytest.mark.parametrize(
    "beside",
    [
        {"helpers.py": "def (:"},
        {"helpers.py": "x = unknown"},
        {"helpers.py": "raise SystemExit"},
        {"helpers.py": "__version__ = 3\nprint('mine')"},
        {"helpers.py": "\xff\x00 no text at all"},
        {"helpers/__init__.py": "1 / 0"},
        {"helpers/mine.py": "print('mine')"},
    ],
    ids=str,
)
def test_what_a_reader_calls_helpers_is_passed_by(without_book, beside):
    done = without_book(f"{call()}\nimport helpers; print(helpers.__version__)", beside=beside)
    assert done.stdout.strip() == standalone.__version__ and done.stderr == ""


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
    code = call(small={"tiny_module": "tiny-module==1.0"})
    done = without_book(code, **offline)
    assert f"NotReady: This book needs tiny-module==1.0, which this kernel, {HERE}, does not" in done.stderr
    assert "'%pip install --upgrade tiny-module==1.0'" in done.stderr
    at_hand["PYTHONPATH"] += os.pathsep + installed(tmp_path, numpy="1.23.5")
    done = without_book(code, **at_hand)
    assert "needs numpy>=2.1 (there is 1.23.5), which" in done.stderr and not os.path.exists(target)
    done = without_book(
        code + "import tiny_module; print('here')", **offline | {"PIP_FIND_LINKS": str(tmp_path)}
    )
    assert done.stdout.strip() == "here", done.stderr


def installed(tmp_path, **versions):
    """Return a folder in which pip seems to have put packages of such versions."""
    for name, version in versions.items():
        about = tmp_path / "old" / f"{name}-{version}.dist-info"
        about.mkdir(parents=True)
        text = f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n"
        (about / "METADATA").write_text(text, encoding="utf-8")
    return str(tmp_path / "old")


OLD = {
    "matplotlib": "3.5.3",
    "numpy": "1.23.5",
    "scikit_learn": "1.6rc1",
    "torch": "2.5.1+cu121",
    "tqdm": "4.9",
}


@pytest.fixture
def helpers_installed(tmp_path):
    """A folder with helpers and what pip notes of it."""
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(standalone.packed()))) as archive:
        archive.extractall(tmp_path / "site")
    return str(tmp_path / "site")


@pytest.mark.parametrize("code", [call(), guard("import helpers")], ids=["packed", "in the book's folder"])
def test_old_packages_are_named_with_the_way_to_newer_ones(without_book, tmp_path, helpers_installed, code):
    path = os.pathsep.join([installed(tmp_path, **OLD), helpers_installed])
    done = without_book(code, PYTHONPATH=path)
    assert done.stderr.splitlines()[-1] == (
        "helpers._requirements.NotReady: This book needs torch>=2.6 (there is 2.5.1+cu121), numpy>=2.1 (there is "
        f"1.23.5), matplotlib>=3.10 (there is 3.5.3), tqdm>=4.66 (there is 4.9), which this kernel, {HERE}, does "
        "not have. Run '%pip install --upgrade torch numpy matplotlib tqdm' in a cell of its own, then restart "
        "the kernel."
    )
    new = installed(
        tmp_path / "new", torch="2.13.0+cpu", numpy="10.0", matplotlib="3.10.0rc1", tqdm="4.66.0.dev1"
    )
    done = without_book(f"{code}\nprint('on')", PYTHONPATH=os.pathsep.join([new, path]))
    assert done.stdout.strip() == "on", done.stderr


@pytest.mark.parametrize("code", [call(), guard("import helpers")], ids=["packed", "in the book's folder"])
def test_an_old_python_is_named(without_book, helpers_installed, code):
    old = "import sys\nsys.version_info, sys.version = (3, 9, 12), '3.9.12 | packaged by Anaconda'\n"
    done = without_book(old + code, PYTHONPATH=helpers_installed)
    said = f"NotReady: This book needs Python 3.11 or newer, and this kernel is Python 3.9.12 ({sys.executable}). "
    assert done.stderr.splitlines()[-1].startswith(f"helpers._requirements.{said}Choose a newer one")


def test_an_old_python_can_read_what_names_it():
    sources = [call(), guard("import helpers")]
    sources += [
        (ROOT / "helpers" / name).read_text(encoding="utf-8") for name in ("__init__.py", "_requirements.py")
    ]
    for source in sources:
        ast.parse(source, feature_version=(3, 7))
        assert not re.search(r"^(?:import|from) (?!sys|os|re|helpers)", source, re.MULTILINE)


def test_what_is_asked_for_is_what_pyproject_says(helpers_installed):
    about = project()
    assert about["requires-python"] == ">={}.{}".format(*_requirements.PYTHON)
    (packed,) = distributions(path=[helpers_installed])
    assert packed.requires == about["dependencies"] and packed.version == standalone.__version__


def test_chapters_import_what_is_asked_for():
    cells = [cell for path in NOTEBOOKS.values() for cell in nbformat.read(path, as_version=4).cells]
    sources = [python(cell) for cell in cells if cell.cell_type == "code"]
    sources += [file.read_text(encoding="utf-8") for file in (ROOT / "helpers").rglob("*.py")]
    asked = {re.split("[<>=]", need)[0] for need in project()["dependencies"]}
    brought = {"cycler", "joblib", "scipy", "IPython"}  # by matplotlib, by scikit-learn, by the kernel itself
    names = {"sklearn": "scikit-learn"}
    used = {names.get(name, name) for name in imported(sources)}
    assert used - set(ASKED_FOR) - brought - {"helpers"} <= asked


def test_a_copy_runs_alone_and_what_differs_is_noticed(tmp_path):
    """One of the short ones, with the versions installed here; like_colab.py runs them all as Colab does."""
    name = "05_solutions.ipynb"
    copy = standalone.standalone(*notebooks([name]))
    code = [cell for cell in copy.cells if cell.cell_type == "code"]
    stored = [nbformat.v4.new_output("stream", text="2\n")]
    copy.cells.append(nbformat.v4.new_code_cell("print(1)", execution_count=len(code) + 1, outputs=stored))
    nbformat.write(copy, tmp_path / name)
    with pytest.raises(subprocess.CalledProcessError) as error:
        like_colab.run(tmp_path / name, sys.executable, tmp_path / "kernel")
    assert "stored 2, now 1" in error.value.stdout and f"1 failed, {len(code)} passed" in error.value.stdout
