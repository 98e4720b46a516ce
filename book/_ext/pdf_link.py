"""The whole book as a PDF, offered on the front page where it is there and of these very chapters."""

from pathlib import Path

from docutils import nodes

PDF = "neural-networks-measured.pdf"  # made by tools/publishing/pdf.py


def find_pdf(app, config):
    pdf, book = Path(app.outdir) / PDF, Path(app.srcdir) / "book"
    made = pdf.stat().st_mtime if pdf.exists() else 0
    config.pdf = all(path.stat().st_mtime <= made for path in [*book.rglob("*.ipynb"), *book.rglob("*.md")])


def offer_pdf(app, doctree, docname):
    if app.config.pdf and docname == app.config.root_doc and app.builder.format == "html":
        line = f'<p class="take-away"><a href="../{PDF}">The whole book as a PDF</a></p>\n'
        doctree.next_node(nodes.section).append(nodes.raw("", line, format="html"))


def setup(app):
    # A value of the configuration, so that the front page is written anew when it changes.
    app.add_config_value("pdf", False, "html")
    app.connect("config-inited", find_pdf)
    app.connect("doctree-resolved", offer_pdf)
    return {"version": "1", "parallel_read_safe": True}
