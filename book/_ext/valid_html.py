"""Valid HTML, and tables of our own style, where docutils, MyST-NB, pandas or the theme write another."""

import re
from pathlib import Path

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.writers.html5 import HTML5Translator


def strip_tables(app, doctree, docname):
    """Take from pandas' tables the styles that they carry each for itself: book.css has them."""
    for node in doctree.findall(nodes.raw):
        if 'class="dataframe"' in node.astext():
            text = re.sub(r"<style scoped>.*?</style>", "", node.astext(), flags=re.DOTALL)
            text = re.sub(r' (border="1"|style="text-align: \w+;"|valign="\w+")', "", text)
            text = text.replace("<th></th>", "<td></td>")  # a header must say something
            text = text.replace(" ± ", "\xa0±\xa0")
            node[:] = [nodes.Text(text)]
            node.rawsource = text


def keep_together(app, doctree, docname):
    """Let no line break fall within a mean ± its standard error."""
    for text in list(doctree.findall(nodes.Text)):
        if " ± " in text and not isinstance(text.parent, nodes.raw | nodes.FixedTextElement):
            text.parent.replace(text, nodes.Text(text.replace(" ± ", "\xa0±\xa0")))


def free_lists(app, doctree, docname):
    """Take a list out of the paragraph that a docstring's field puts around it: HTML allows none."""
    for listed in list(doctree.findall(nodes.bullet_list)):
        if isinstance(listed.parent, nodes.paragraph):
            listed.parent.replace_self(listed.parent.children)


def visit_hidden_code(translator, node):
    # As MyST-NB does, but valid: a summary holds no paragraphs, and its label is what it shows.
    translator.body.append(f'<details class="admonition hide {" ".join(node["classes"])}">\n<summary>')
    for state, prompt in (("closed", "prompt_show"), ("open", "prompt_hide")):
        translator.body.append(f'<span class="when-{state} admonition-title">{node[prompt]}</span>')
    translator.body.append("</summary>\n")


def depart_hidden_code(translator, node):
    translator.body.append("</details>\n")


def visit_citation(translator, node):
    # As docutils does, but for a role that browsers no longer know.
    HTML5Translator.visit_citation(translator, node)
    translator.body[-1] = translator.body[-1].replace('role="doc-biblioentry"', 'role="listitem"')


def write_entrance(app, exception):
    """Lead from the site's own address to the front page; the theme's file for it is not valid."""
    if exception or app.builder.name != "html":
        return
    front = f"{app.config.root_doc}.html"
    (Path(app.outdir) / "index.html").write_text(
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{app.config.html_title}</title>'
        f'<meta http-equiv="refresh" content="0; url={front}"></head>'
        f'<body><a href="{front}">{app.config.html_title}</a></body></html>\n',
        encoding="utf-8",
    )


def setup(app):
    app.connect("doctree-resolved", strip_tables)
    app.connect("doctree-resolved", keep_together)
    app.connect("doctree-resolved", free_lists)
    app.add_node(HideCodeCellNode, override=True, html=(visit_hidden_code, depart_hidden_code))
    app.add_node(nodes.citation, override=True, html=(visit_citation, HTML5Translator.depart_citation))
    app.connect("build-finished", write_entrance)
    return {"version": "1", "parallel_read_safe": True}
