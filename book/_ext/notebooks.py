"""Beside each page made from a notebook, a copy of the notebook that runs by itself.

Below the page's title, "Download" gives the copy that tools/publishing/standalone.py makes, and
"Open in Colab" opens the one on the branch that the site is published from. Where no repository on
GitHub is known there is no link to Colab rather than a dead one.
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
    from tools.publishing import standalone

    return standalone


def find_site(app, config):
    tool = standalone(app)
    config.repository = tool.repository(Path(app.srcdir))
    config.html_baseurl = config.html_baseurl or tool.pages_address(config.repository)


def add_links(app, doctree, page):
    path = source(app, page)
    if path is None or app.builder.name != "html":
        return
    here = "../" * page.count("/")
    links = [f'<a href="{here}{FOLDER}/{path.name}" download>Download this notebook</a>']
    if app.config.repository:
        colab = f"https://colab.research.google.com/github/{app.config.repository}/blob/{BRANCH}/{FOLDER}/{path.name}"
        links.append(f'<a href="{colab}">Open in Colab</a>')
    line = nodes.raw("", f'<p class="take-away">{" · ".join(links)}</p>\n', format="html")
    title = next(doctree.findall(nodes.title))
    title.parent.insert(title.parent.index(title) + 1, line)


def write_copies(app, exception):
    if exception or app.builder.name != "html":
        return
    tool = standalone(app)
    terms = {
        name.lower(): f"{page}.html#{anchor}"
        for name, _, kind, page, anchor, _ in app.env.get_domain("std").get_objects()
        if kind == "term"
    }
    paths = filter(None, (source(app, page) for page in sorted(app.env.found_docs)))
    site = tool.Site(app.config.html_baseurl, terms)
    tool.write(Path(app.outdir) / FOLDER, paths, site, Path(app.srcdir))


def setup(app):
    # A value of the configuration, so that pages are written anew when it changes.
    app.add_config_value("repository", None, "html")
    app.connect("config-inited", find_site)
    app.connect("doctree-resolved", add_links)
    app.connect("build-finished", write_copies)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
