"""Beside each page made from a notebook, a copy of the notebook that runs by itself.

Below the page's title, "Download" gives the copy that tools/standalone.py makes, and "Open in
Colab" opens the one on the branch that the site is published from. Where no repository on GitHub is
known there is no link to Colab rather than a dead one.
"""

import sys
from pathlib import Path

from docutils import nodes

FOLDER, BRANCH = "notebooks", "gh-pages"


def source(app, page):
    """Return the path of the notebook that a page is made from, or None."""
    path = Path(app.env.doc2path(page))
    return path if path.suffix == ".ipynb" else None


def standalone(app):
    if str(app.srcdir) not in sys.path:  # jupyter-book was started from somewhere else
        sys.path.append(str(app.srcdir))
    from tools import standalone

    return standalone


def add_links(app, doctree, page):
    path, tool = source(app, page), standalone(app)
    if path is None or app.builder.format != "html":
        return
    here = "../" * page.count("/")
    links = [f'<a href="{here}{FOLDER}/{path.name}" download>Download this notebook</a>']
    if repository := tool.repository(Path(app.srcdir)):
        colab = f"https://colab.research.google.com/github/{repository}/blob/{BRANCH}/{FOLDER}/{path.name}"
        links.append(f'<a href="{colab}">Open in Colab</a>')
    line = nodes.raw("", f'<p class="take-away">{" · ".join(links)}</p>\n', format="html")
    title = next(doctree.findall(nodes.title))
    title.parent.insert(title.parent.index(title) + 1, line)


def write_copies(app, exception):
    if exception or app.builder.format != "html":
        return
    tool = standalone(app)
    terms = {
        name.lower(): f"{page}.html#{anchor}"
        for name, _, kind, page, anchor, _ in app.env.get_domain("std").get_objects()
        if kind == "term"
    }
    root = Path(app.srcdir)
    site = tool.Site(app.config.html_baseurl or tool.pages_address(tool.repository(root)), terms)
    paths = filter(None, (source(app, page) for page in sorted(app.env.found_docs)))
    tool.write(Path(app.outdir) / FOLDER, paths, site, root)


def setup(app):
    app.connect("doctree-resolved", add_links)
    app.connect("build-finished", write_copies)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
