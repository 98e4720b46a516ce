"""The glossary's definitions as a script, for pages to show them where a word of it is pointed at."""

import re

from docutils import nodes
from sections import write_script


def write_definitions(app, exception):
    """Write {anchor: [word, meaning]} for each term; book/_static/reading.js shows them."""
    if exception or app.builder.name != "html":
        return
    terms = [entry for entry in app.env.get_domain("std").get_objects() if entry[2] == "term"]
    found = {}
    for page in sorted({page for *_, page, _, _ in terms}):
        for term in app.env.get_doctree(page).findall(nodes.term):
            meaning = term.parent.next_node(nodes.definition).next_node(nodes.paragraph).astext()
            meaning = re.sub(r" Chapter \d+\.$", "", meaning)  # whose link would be lost
            found |= {anchor: [term.astext(), meaning] for anchor in term["ids"]}
    write_script(app, "definitions", found)


def setup(app):
    app.connect("build-finished", write_definitions)
    return {"version": "1", "parallel_read_safe": True}
