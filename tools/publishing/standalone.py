"""Make self-contained notebooks: chapters that run without the book's folder and its pages.

The cell tagged ``helpers`` gives way to one that holds the package and its data, packed, and what
only the book's pages can show becomes plain Markdown. Outputs stay. The build of the site writes
them (``book/_ext/notebooks.py``), and ``tools/checking/like_colab.py`` runs them as a reader would.
"""

import base64
import functools
import inspect
import io
import os
import posixpath
import re
import subprocess
import textwrap
import zipfile
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import nbformat
import yaml
from pybtex.database import parse_file
from pybtex.plugin import find_plugin

from helpers import __version__
from tools import ROOT
from tools.publishing.first_cell import (
    SMALL,
    imported,
    is_first_cell,
    pinned,
    project,
    put_first_cell,
    python,
)
from tools.publishing.unpack import bring_along

TITLES = {name: name.capitalize() for name in ("note", "tip", "hint", "important", "warning", "caution")}
DIRECTIVE = re.compile(
    r"^(?P<fence>:{3,}|`{3,})\{(?P<name>[\w:-]+)\}[ ]*(?P<title>.*)\n"
    r"(?P<options>(?::[\w-]+:.*\n)*)(?P<body>(?:.*\n)*?)(?P=fence)[ ]*$",
    re.MULTILINE,
)
ROLE = re.compile(r"\{(?P<name>[\w:-]+)\}`(?P<text>[^`<]*?)\s*(?:<(?P<target>[^`>]*)>)?`")
LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]+)\]\((?P<page>[^\s):#]*)(?P<anchor>#[^\s)]+)?\)")
TARGET = re.compile(r"^\([\w-]+\)=\n", re.MULTILINE)
# All of them or none: a reader may want to try another table than the chapter does.
TABLES = re.compile(r"\b(load_table|load_groups|raw_file|TABLES)\b")

parse_bibliography = functools.cache(parse_file)


@dataclass(frozen=True)
class Site:
    """Where the book is published, as far as that is known: links elsewhere become plain text."""

    address: str = ""
    terms: dict = field(default_factory=dict)  # of the glossary, in lower case: where each is explained

    def link(self, text, page):
        return f"[{text}]({self.address.rstrip('/')}/{page})" if self.address and page else text


def repository(root=ROOT, environment=os.environ):
    """Return "owner/name" on GitHub as CI, _config.yml or git gives it, or None."""
    if name := environment.get("GITHUB_REPOSITORY"):
        return name
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    urls = (config.get("repository") or {}).get("url") or "", origin(root)
    return next(filter(None, map(on_github, urls)), None)


def origin(root):
    """Return the address of git's remote "origin", or an empty string: git is not needed to build the book."""
    # Unpacked inside another repository, the book is no part of that: git is not to look above the root.
    environment = os.environ | {"GIT_CEILING_DIRECTORIES": str(root.resolve().parent)}
    try:
        command = ["git", "remote", "get-url", "origin"]
        run = subprocess.run(command, cwd=root, env=environment, capture_output=True, encoding="utf-8")
    except FileNotFoundError:
        return ""
    return run.stdout.strip()


def on_github(url):
    """Return "owner/name" for the address of a repository on GitHub itself, or None."""
    # As git writes it for short: git@github.com:owner/name.git
    parts = urlsplit(re.sub(r"^([\w.-]+@)?([\w.-]+):(?!//)", r"ssh://\1\2/", url))
    path = re.fullmatch(r"/+([\w.-]+/[\w.-]+?)(?:\.git)?/?", parts.path)
    known = parts.scheme in ("https", "http", "ssh", "git") and parts.hostname == "github.com"
    return path[1] if known and path else None


def pages_address(repository):
    """Return where GitHub Pages shows the site of a repository; an empty string for None."""
    if not repository:
        return ""
    owner, name = repository.lower().split("/")[0], repository.split("/")[1]
    return f"https://{owner}.github.io/" + ("" if name.lower() == f"{owner}.github.io" else f"{name}/")


def standalone(path, site=Site(), root=ROOT):
    """Return the notebook at ``path`` as one that needs no other file of the book."""
    notebook = nbformat.read(path, as_version=4)
    page = path.relative_to(root).as_posix()
    bibliography = parse_bibliography(root / "book/reference/references.bib")
    put_first_cell(notebook, root=root)
    place = [is_first_cell(cell) for cell in notebook.cells].index(True)
    cited = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = plain(cell.source, page, site, bibliography, cited, root)
    cell = notebook.cells[place]
    cell.source = packed_cell(notebook.cells, root)
    # Folded away by Jupyter and VS Code, and by Colab.
    cell.metadata = nbformat.from_dict(
        {"jupyter": {"source_hidden": True}, "cellView": "form", "tags": ["helpers"]}
    )
    title = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))["title"]
    about = (
        f"*From the book {site.link(title, page.replace('.ipynb', '.html'))}. The next cell brings along "
        "its package `helpers` and the data, packed, so that this notebook runs by itself. Run it first; "
        "there is nothing in it to read.*"
    )
    notebook.cells.insert(place, nbformat.v4.new_markdown_cell(about, id="about-helpers"))
    if cited:
        notebook.cells.append(nbformat.v4.new_markdown_cell(references(bibliography, cited), id="references"))
    nbformat.validate(notebook)
    return notebook


def plain(source, page, site, bibliography, cited, root=ROOT):
    """Turn MyST into Markdown that any notebook shows. The keys it cites are added to ``cited``."""

    def directive(match):
        if match["name"] not in {"admonition", *TITLES}:
            raise ValueError(f"{page}: no plain notebook can show the directive {{{match['name']}}}")
        title = match["title"] or TITLES[match["name"]]
        body = DIRECTIVE.sub(directive, match["body"]).strip("\n")
        # Ends with an empty line, without which the text after it would belong to it.
        return "\n".join([*(f"> {line}".rstrip() for line in (f"**{title}**", "", *body.split("\n"))), ""])

    def role(match):
        name, text, target = match["name"], match["text"], match["target"]
        if name == "term":
            return site.link(text, site.terms.get((target or text).lower()))
        if name in ("cite:t", "cite:p"):
            return citation(name, text)
        if name == "doc":
            file = beside(target or text)
            return site.link(text if target else heading(root, file), f"{file}.html")
        raise ValueError(f"{page}: no plain notebook can show the role {{{name}}}")

    def citation(name, keys):
        found = []
        for key in (key.strip() for key in keys.split(",")):
            if key not in cited:
                cited.append(key)
            who, year = authors(bibliography.entries[key]), bibliography.entries[key].fields["year"]
            found.append(f"{who} [{year}]" if name == "cite:t" else f"{who}, {year}")
        return ", ".join(found) if name == "cite:t" else f"[{'; '.join(found)}]"

    def beside(name):
        return posixpath.normpath(posixpath.join(posixpath.dirname(page), name))

    def link(match):
        file, suffix = posixpath.splitext(beside(match["page"]) if match["page"] else page)
        if suffix not in (".ipynb", ".md"):
            return match[0]
        return site.link(match["text"], f"{file}.html{match['anchor'] or ''}")

    # Links before roles: those that roles make lead where they should.
    return ROLE.sub(role, LINK.sub(link, DIRECTIVE.sub(directive, TARGET.sub("", source))))


def heading(root, file):
    """Return the title of a page of the book, given without its suffix."""
    (path,) = root.glob(f"{file}.*")
    if path.suffix == ".ipynb":
        text = nbformat.read(path, as_version=4).cells[0].source
    else:
        text = path.read_text(encoding="utf-8")
    return re.findall(r"^# (.+)", text, re.MULTILINE)[0]


def authors(entry):
    names = [" ".join(map(str, person.rich_last_names)) for person in entry.persons["author"]]
    return f"{names[0]} et al." if len(names) > 2 else " and ".join(names)


def references(bibliography, keys):
    """Return the list of what a notebook cites, as Markdown."""
    style = find_plugin("pybtex.style.formatting", "unsrt")()
    backend = find_plugin("pybtex.backends", "markdown")("utf-8")
    entries = style.format_entries([bibliography.entries[key] for key in sorted(keys)])
    lines = [" ".join(entry.text.render(backend).split()) for entry in entries]
    return "\n".join(["## References", "", *(f"- {line}" for line in lines)])


def packed_cell(cells, root=ROOT):
    """Return the code of the cell that brings along ``helpers``, for a notebook with these cells."""
    code = [python(cell) for cell in cells if cell.cell_type == "code"]
    small = pinned(imported(code), SMALL, root)
    return (
        "#@title Run this first: it brings along the book's package, helpers\n"
        f"{inspect.getsource(bring_along)}\n\n"
        f"bring_along(\n    version={__version__!r},\n    small={small},\n"
        f'    packed="""\n{packed(root, tables=uses_tables(code))}\n""",\n)'
    )


def uses_tables(code):
    """Tell whether code that is given in parts may read a file of helpers/tables."""
    return any(TABLES.search(part) for part in code)


def packed(root=ROOT, tables=False):
    """Return helpers with its data and licence as a zip archive in base64: the same bytes each time.

    The files of helpers/tables weigh more than all the rest: they come along only if ``tables`` is true.
    """
    about = project(root)
    # As pip notes it beside an installed package: importing helpers looks there for what it needs.
    noted = [
        f"Name: {about['name']}",
        f"Version: {__version__}",
        f"Requires-Python: {about['requires-python']}",
    ]
    noted += [f"Requires-Dist: {need}" for need in about["dependencies"]]
    folder = f"{about['name'].replace('-', '_')}-{__version__}.dist-info"
    files = {f"{folder}/METADATA": "\n".join(["Metadata-Version: 2.1", *noted, ""]).encode()}
    for path in [root / "LICENSE", *sorted((root / "helpers").rglob("*.*"))]:
        if path.suffix in ("", ".py", ".csv") and (tables or path.parent.name != "tables"):
            files[path.relative_to(root).as_posix()] = path.read_bytes()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        for name, content in files.items():
            target.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, 9)  # dated 1980
    return "\n".join(textwrap.wrap(base64.b64encode(archive.getvalue()).decode(), 100))


def write(folder, paths, site=Site(), root=ROOT):
    """Write each notebook's self-contained copy to ``folder``, all side by side."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in paths:
        nbformat.write(standalone(path, site, root), folder / path.name)
