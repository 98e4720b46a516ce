"""Search that leads to sections: what stands in each, as a script for book/_static/search.js.

Sphinx's own index knows pages only, and a chapter is long.
"""

import json
import re
from pathlib import Path

from docutils import nodes
from sphinx import addnodes


def note_sections(app, doctree, page):
    """Keep what the page's sections say until all pages are there; those that did not change are kept."""
    if app.builder.name != "html":
        return
    chapter = next(doctree.findall(nodes.title)).astext()
    found = []
    for section in doctree.findall(nodes.section):
        title = section.next_node(nodes.title).astext()
        link = f"{page}.html" + ("" if title == chapter else f"#{section['ids'][0]}")
        found.append([title, "" if title == chapter else chapter, link, " ".join(words_of(section).split())])
    for term in doctree.findall(nodes.term):
        if term.get("ids"):
            link = f"{page}.html#{term['ids'][0]}"
            found.append([term.astext(), chapter, link, term.parent.next_node(nodes.definition).astext(), 1])
    kept = notes(app) / f"{page.replace('/', '-')}.json"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")


def words_of(section):
    """Return what stands in a section itself, code and outputs too, but not in sections within it."""
    text = []
    for child in section.children:
        if isinstance(child, nodes.section | nodes.title | addnodes.glossary):
            continue
        for leaf in child.findall(lambda node: isinstance(node, nodes.Text)):
            raw = isinstance(leaf.parent, nodes.raw)  # a table of pandas', or of ours
            text.append(re.sub(r"<[^>]*>|&nbsp;", " ", leaf) if raw else leaf)
    return " ".join(text)


def notes(app):
    return Path(app.doctreedir) / "sections"


def write_sections(app, exception):
    if exception or app.builder.name != "html":
        return
    pages = sorted(notes(app).glob("*.json"))
    names = {page.replace("/", "-") for page in app.env.found_docs}
    rows = [row for path in pages if path.stem in names for row in json.loads(path.read_text("utf-8"))]
    write_script(app, "sections", rows)


def write_script(app, name, value):
    """Write _static/name.js, which gives a page ``window.NAME``; an untouched file keeps its time."""
    script = f"window.{name.upper()} = {json.dumps(value, ensure_ascii=False)};\n"
    path = Path(app.outdir) / "_static" / f"{name}.js"
    if not path.exists() or path.read_text(encoding="utf-8") != script:
        path.write_text(script, encoding="utf-8")


def setup(app):
    app.connect("doctree-resolved", note_sections, priority=900)
    app.connect("build-finished", write_sections)
    return {"version": "1", "parallel_read_safe": True}
