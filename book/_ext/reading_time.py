"""How long a chapter takes to read, to run and to do, below its title; and no section longer than a sitting.

Reading is text and the code that is shown; what is folded away is not counted. Running is what the chapter says of
itself. Doing is its exercises and its quiz.
"""

import re
from math import ceil

from docutils import nodes
from sphinx.util import logging

# Rates for somebody who meets the subject for the first time; code is read slower than text.
WORDS_PER_MINUTE, LINES_PER_MINUTE, PICTURES_PER_MINUTE = 200, 20, 4
MINUTES_AN_EXERCISE, MINUTES_A_QUESTION = 8, 1
LONGEST = 12  # minutes of a section: longer ones are two

FOLDED = {"tag_hide-input", "tag_hide-cell", "tag_remove-cell", "tag_remove-input", "tag_claims"}
RUNS = re.compile(
    r"runs\W+in\s+(?:about |less than )?(?:an? )?(?:half an? )?[\w-]+(?: to \w+)?(?: (?:seconds?|minutes?))?"
)


def minutes_to_read(node):
    """Return how many minutes a page, or a section of it, takes to read."""
    prose = node.findall(lambda part: isinstance(part, nodes.paragraph | nodes.title))
    words = sum(len(part.astext().split()) for part in prose)
    lines = sum(
        len(block.astext().splitlines())
        for block in node.findall(nodes.literal_block)
        if not _is_folded(block)
    )
    pictures = len(list(node.findall(nodes.image)))
    return words / WORDS_PER_MINUTE + lines / LINES_PER_MINUTE + pictures / PICTURES_PER_MINUTE


def _is_folded(node):
    while node is not None:
        if FOLDED & set(node.get("classes", ())):
            return True
        node = node.parent
    return False


def add_times(app, doctree, docname):
    if not re.match(r"book/\d\d_", docname):
        return
    text = doctree.astext()
    exercises = len({*re.findall(r"Exercise \d+\.\d+", text)})
    questions = len(re.findall(r"Question \d+", text))
    times = [f"{ceil(minutes_to_read(doctree))} minutes to read"]
    if runs := RUNS.search(text):
        times.append(" ".join(runs.group().split()))
    times.append(f"{exercises * MINUTES_AN_EXERCISE + questions * MINUTES_A_QUESTION} minutes to do")
    title = next(doctree.findall(nodes.title))
    # Raw, as what describes the page to a search engine is taken from its text, which begins below.
    line = nodes.raw("", f'<p class="reading-time">{" · ".join(times)}</p>\n', format="html")
    title.parent.insert(title.parent.index(title) + 1, line)
    for section in title.parent.children:
        if isinstance(section, nodes.section) and (minutes := minutes_to_read(section)) > LONGEST:
            logging.getLogger(__name__).warning(
                "“%s” takes %.0f minutes to read, more than %d: make two sections of it",
                section.next_node(nodes.title).astext(), minutes, LONGEST, location=section,
            )  # fmt: skip


def setup(app):
    app.connect("doctree-resolved", add_times)
    return {"version": "2", "parallel_read_safe": True}
