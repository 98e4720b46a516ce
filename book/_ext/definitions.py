"""The glossary's definitions as a script, for pages to show them where a word of it is pointed at."""

import json
import re
from pathlib import Path

from docutils import nodes

FILE = "_static/definitions.js"


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
    script = f"window.DEFINITIONS = {json.dumps(found, ensure_ascii=False)};\n"
    path = Path(app.outdir) / FILE
    if not path.exists() or path.read_text(encoding="utf-8") != script:
        path.write_text(script, encoding="utf-8")


def setup(app):
    app.connect("build-finished", write_definitions)
    return {"version": "1", "parallel_read_safe": True}
