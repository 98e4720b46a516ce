"""How long a chapter takes to read, below its title."""

import re
from math import ceil

from docutils import nodes

WORDS_PER_MINUTE = 200


def add_reading_time(app, doctree, docname):
    if not re.match(r"book/\d\d_", docname):
        return
    prose = doctree.findall(lambda node: isinstance(node, nodes.paragraph | nodes.title))
    words = sum(len(node.astext().split()) for node in prose)
    minutes = f"{ceil(words / WORDS_PER_MINUTE)} minutes to read"
    title = next(doctree.findall(nodes.title))
    # Raw, as what describes the page to a search engine is taken from its text, which begins below.
    line = nodes.raw("", f'<p class="reading-time">{minutes}</p>\n', format="html")
    title.parent.insert(title.parent.index(title) + 1, line)


def setup(app):
    app.connect("doctree-resolved", add_reading_time)
    return {"version": "1", "parallel_read_safe": True}
