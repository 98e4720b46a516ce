"""Behind each sentence that a claim checks a quiet mark, which opens to the condition and what was measured.

The cells of claims themselves are not shown. Where another page quotes a chapter's sentence, the mark is a link to
it. The boxes are popovers: HTML's own, without a script. On paper and in an EPUB nothing of all this is left.
"""

import html
import re
import sys
from pathlib import Path

from docutils import nodes

NAME = "How this sentence is checked"
RUN = "Change the chapter and run it: if this no longer holds, it says so."
SHORT = 4  # words that could stand anywhere by chance are marked beside their cell only


def tool(app):
    if str(app.srcdir) not in sys.path:  # jupyter-book was started from somewhere else
        sys.path.append(str(app.srcdir))
    from tools.checking import claims

    return claims


def read_claims(app, config):
    """Keep {page: a list for each cell of claims: of (words, condition, measured, anchor)}."""
    claims, found = tool(app), {}
    for name, notebook in claims.chapters(Path(app.srcdir)).items():
        cells, number, every = [], 0, claims.claims_of(notebook)
        for place, cell in enumerate(notebook.cells):
            if not claims.is_claims(cell):
                continue
            printed = "".join(output.get("text", "") for output in cell.outputs).splitlines()
            of_cell = [claim for claim in every if claim.cell == place]
            rows = []
            for claim, line in zip(of_cell, printed + [""] * len(of_cell)):
                number += 1
                rows.append((claim.words, claim.condition, line.lstrip("✓≈✗ "), f"claim-{number}"))
            cells.append(rows)
        if cells:
            found[f"book/{name}"] = cells
    config.claims = found


class Line:
    """A paragraph, a row of a table or a raw piece of HTML, letter by letter as claims are compared."""

    def __init__(self, node, tool):
        self.node, self.letters, self.places = node, [], []
        self.tool = tool
        if isinstance(node, nodes.raw):
            # Tags say nothing, and an entity is one letter.
            for match in re.finditer(r"<[^>]*>|&#?\w+;|.", node.astext(), re.DOTALL):
                if not match[0].startswith("<"):
                    self._add(html.unescape(match[0]), (node, match.end()))
                elif match[0].startswith(("<details", "</details", "<summary", "</summary", "<p", "</p")):
                    self._add("\n\n", (node, match.end()))
        elif isinstance(node, nodes.row):
            for i, entry in enumerate(node.findall(nodes.entry)):
                self._add(" | " if i else "", (node, 0))
                self._read(entry)
        else:
            self._read(node)
        self.text = "".join(self.letters)

    def _read(self, node):
        for part in node.children:
            if isinstance(part, nodes.math):
                self._add(f"${part.astext()}$", (part, None))
            elif isinstance(part, nodes.Text):
                for i, letter in enumerate(part.astext()):
                    self._add(letter, (part, i + 1))
            elif not isinstance(part, nodes.raw | nodes.image):
                self._read(part)

    def _add(self, text, place):
        for letter in text.translate(self.tool.SAME_LETTER).lower():
            letter = " " if letter.isspace() else letter
            if letter != " " or (self.letters and self.letters[-1] != " "):
                self.letters.append(letter)
                self.places.append(place)

    def ends(self, words):
        """Return where each occurrence of ``words`` ends, its full stop and quotation marks included."""
        found = []
        for start in self.tool.places(words, self.text):
            end = start + len(words)
            while end < len(self.text) and self.text[end] in ".,;:!?)\"'" and self.text[end - 1] != " ":
                end += 1
            found.append(end)
        return found

    def insert(self, marks):
        """Put marks, {end: HTML}, into the page, from the last on: what stands before it keeps its place."""
        for end in sorted(marks, reverse=True):
            node, offset = self.places[end - 1]
            if isinstance(node, nodes.raw):
                text = node.astext()
                closing = re.match(r"(?:</(?:em|code|strong|b|i|a|sub|sup)>)*", text[offset:]).end()
                offset += closing
                # A button within a button cannot be pressed: behind what opens an answer, not in it.
                if text.rfind("<summary", 0, offset) > text.rfind("</summary>", 0, offset):
                    offset = text.index("</summary>", offset) + len("</summary>")
                text = text[:offset] + marks[end] + text[offset:]
                node[:] = [nodes.Text(text)]
                node.rawsource = text
                continue
            mark = nodes.raw("", marks[end], format="html")
            top = node
            while not isinstance(top.parent, nodes.paragraph | nodes.term | nodes.entry):
                top = top.parent  # no mark within a link, or within emphasis
            if top is node and offset is not None and offset < len(node.astext()):
                text = node.astext()
                top.parent.replace(top, [first := nodes.Text(text[:offset]), mark, nodes.Text(text[offset:])])
                # What is inserted before this goes into what is left of the text.
                self.places = [
                    (first, i) if part is node and i and i <= offset else (part, i) for part, i in self.places
                ]
            else:
                top.parent.insert(top.parent.index(top) + 1, mark)


def lines_of(doctree, tool):
    """Return the Lines of a page and, between them, its cells of claims, in the page's order."""
    found = []

    def walk(node):
        if isinstance(node, nodes.container) and "tag_claims" in node.get("classes", []):
            found.append(node)
        elif isinstance(node, nodes.row | nodes.paragraph | nodes.term) or (
            isinstance(node, nodes.raw) and "<details" in node.astext()
        ):
            found.append(Line(node, tool))
        elif isinstance(node, nodes.Element) and not isinstance(node, nodes.title | nodes.literal_block):
            for child in node.children:
                walk(child)

    walk(doctree)
    return found


def mark_sentences(app, doctree, page):
    claims, sought = app.config.claims, tool(app).sought
    lines = lines_of(doctree, tool(app))
    cells = [place for place, line in enumerate(lines) if not isinstance(line, Line)]
    marks, boxes = {}, []
    if app.builder.name == "html":
        for cell, rows in zip(cells, claims.get(page, [])):
            for words, condition, measured, anchor in rows:
                if opened := own_marks(lines, cell, sought(words), anchor, marks):
                    boxes.append((opened, condition, measured))
        here = "../" * page.count("/")
        for other, rows in claims.items():
            for words, _, _, anchor in (row for cell in rows for row in cell):
                if other != page and len(words.split()) >= SHORT:
                    link = f'<a class="claim" href="{here}{other}.html#{anchor}" aria-label="{NAME}"></a>'
                    quoted = sought(words)
                    for line in lines:
                        for end in line.ends(quoted) if isinstance(line, Line) else ():
                            marks.setdefault(line, {}).setdefault(end, link)
        for line, ends in marks.items():
            line.insert(ends)
    for cell in cells:
        remove(lines[cell])
    doctree.claims = boxes


def own_marks(lines, cell, words, anchor, marks):
    """Mark the sentence beside its cell, and where the page says it again. Return the anchor, or None if nowhere."""
    places = [
        (i, end) for i, line in enumerate(lines) if isinstance(line, Line) for end in line.ends(words)
    ]  # fmt: skip
    if not places:
        return None
    before = [place for place in places if place[0] < cell]
    nearest = before[-1] if before else places[0]
    for i, end in places if len(words.split()) >= SHORT else [nearest]:
        if end in marks.setdefault(lines[i], {}):  # two claims of the same words: one mark
            continue
        name = f' id="{anchor}"' if (i, end) == nearest else ""
        marks[lines[i]][end] = (
            f'<button class="claim"{name} popovertarget="{anchor}-box" aria-label="{NAME}"></button>'
        )
    return anchor


def remove(cell):
    """Take a cell of claims out of the page; of a report, the last of them, only its code."""
    code = cell[0]
    if "claim(" in code.astext():
        cell.parent.remove(cell)
    else:
        cell.remove(code)


def add_boxes(app, doctree, page):
    """Add what the marks open at the end of the page, which search has read by now."""
    for anchor, condition, measured in getattr(doctree, "claims", ()):
        code = app.builder.highlighter.highlight_block(condition, "python", force=True)
        code = re.sub(r"^.*?<pre>(?:<span></span>)?|\n*</pre>.*$", "", code, flags=re.DOTALL)
        measured = html.escape(re.sub(r" ([±=]) ", "\xa0\\1\xa0", measured), quote=False)
        result = f"<dt>Measured</dt><dd>{measured}</dd>" if measured else ""
        box = (
            f'<div popover class="claim-box" id="{anchor}-box" role="dialog" aria-label="{NAME}">'
            f'<dl><dt>Holds if</dt><dd class="highlight"><code>{code}</code></dd>{result}</dl><p>{RUN}</p></div>\n'
        )
        doctree.next_node(nodes.section).append(nodes.raw("", box, format="html"))


def setup(app):
    # A value of the configuration, so that all pages are written anew when a claim changes: any may quote it.
    app.add_config_value("claims", {}, "html")
    app.connect("config-inited", read_claims)
    app.connect("doctree-resolved", mark_sentences, priority=400)
    app.connect("doctree-resolved", add_boxes, priority=950)
    return {"version": "1", "parallel_read_safe": True}
