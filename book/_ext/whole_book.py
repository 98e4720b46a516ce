"""The whole book as one file, a PDF or an EPUB: offered on the front page where it is there and of these very chapters."""

import re
import zipfile
from pathlib import Path

from docutils import nodes

NAME = "neural-networks-measured"
KINDS = {"pdf": "a PDF", "epub": "an EPUB"}  # made by `make pdf` and `make epub`


def find_files(app, config):
    book = Path(app.srcdir) / "book"
    newest = max(path.stat().st_mtime for path in [*book.rglob("*.ipynb"), *book.rglob("*.md")])
    files = {kind: Path(app.outdir) / f"{NAME}.{kind}" for kind in KINDS}
    config.whole_book = [
        kind for kind, path in files.items() if path.exists() and path.stat().st_mtime >= newest
    ]


def offer_files(app, doctree, docname):
    if app.config.whole_book and docname == app.config.root_doc and app.builder.name == "html":
        links = [
            f'<a href="../{NAME}.{kind}">The whole book as {KINDS[kind]}</a>'
            for kind in app.config.whole_book
        ]
        line = f'<p class="take-away">{" · ".join(links)}</p>\n'
        doctree.next_node(nodes.section).append(nodes.raw("", line, format="html"))


def describe_epub(app, config):
    """What an EPUB says of itself, from what the site says."""
    config.epub_basename, config.epub_title = NAME, config.html_title
    config.epub_author = config.epub_publisher = config.author
    config.epub_identifier = config.epub_uid = NAME


def keep_epub_plain(app, pagename, templatename, context, doctree):
    """Take from an EPUB's pages what a reading device has no use for: scripts, and the site's style sheets."""
    if app.builder.name == "epub":
        context["script_files"] = []
        context["body"] = re.sub(r"<script\b.*?</script>", "", context.get("body", ""), flags=re.DOTALL)
        styles = context["css_files"]
        context["css_files"] = [
            file for file in styles if file.filename.endswith(("epub.css", "pygments.css"))
        ]
        app.config.epub_exclude_files += [
            file.filename for file in styles if file not in context["css_files"]
        ]


def declare_contents(app, exception):
    """Say in the EPUB's list of files which pages hold MathML or SVG: the format wants it, and Sphinx leaves it out."""
    if exception or app.builder.name != "epub":
        return
    path = Path(app.outdir) / f"{NAME}.epub"
    with zipfile.ZipFile(path) as epub:
        files = {info: epub.read(info) for info in epub.infolist()}
    with zipfile.ZipFile(path, "w") as epub:
        pages = {info.filename: text for info, text in files.items() if info.filename.endswith(".xhtml")}
        for info, text in files.items():
            if info.filename == "content.opf":
                for page, body in pages.items():
                    held = [name for name, tag in (("mathml", b"<math"), ("svg", b"<svg")) if tag in body]
                    if held:
                        entry = f'href="{page}"'
                        text = text.replace(entry.encode(), f'{entry} properties="{" ".join(held)}"'.encode())
            epub.writestr(info, text)


def setup(app):
    # A value of the configuration, so that the front page is written anew when it changes.
    app.add_config_value("whole_book", [], "html")
    app.connect("config-inited", find_files)
    app.connect("config-inited", describe_epub, priority=900)  # after notebooks.py, which knows the address
    app.connect("doctree-resolved", offer_files)
    app.connect("html-page-context", keep_epub_plain, priority=950)
    app.connect("build-finished", declare_contents)
    return {"version": "1", "parallel_read_safe": True}
