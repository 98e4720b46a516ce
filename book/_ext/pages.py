"""What every page of the site gets: its reading time, a card for links to it, no script in vain."""

import re
from math import ceil
from pathlib import Path
from textwrap import shorten
from urllib.parse import unquote

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from PIL import Image, ImageDraw, ImageFont
from sphinx.writers.html5 import HTML5Translator

WORDS_PER_MINUTE = 200
# What a page must hold for a file to be worth loading; nothing holds live code of a third party's.
USED_BY = {
    "thebe": "thebe-launch",
    "sphinx-design": "sd-",
    "design-tabs": "sd-tab",
    "togglebutton": "dropdown",
    "play.js": "data-play",
}
PDF = "neural-networks-measured.pdf"  # made by tools/publishing/pdf.py
CARD = (1200, 630)  # pixels, as social networks show it


def add_reading_time(app, doctree, docname):
    if not re.match(r"book/\d\d_", docname):
        return
    prose = doctree.findall(lambda node: isinstance(node, nodes.paragraph | nodes.title))
    words = sum(len(node.astext().split()) for node in prose)
    line = nodes.paragraph("", f"{ceil(words / WORDS_PER_MINUTE)} minutes to read", classes=["reading-time"])
    title = next(doctree.findall(nodes.title))
    title.parent.insert(title.parent.index(title) + 1, line)


def find_pdf(app, config):
    """Offer the PDF of the whole book where it is there, and no older than what it was made from."""
    pdf, book = Path(app.outdir) / PDF, Path(app.srcdir) / "book"
    made = pdf.stat().st_mtime if pdf.exists() else 0
    config.pdf = all(path.stat().st_mtime <= made for path in [*book.rglob("*.ipynb"), *book.rglob("*.md")])


def offer_pdf(app, doctree, docname):
    if app.config.pdf and docname == app.config.root_doc and app.builder.format == "html":
        line = f'<p class="take-away"><a href="../{PDF}">The whole book as a PDF</a></p>\n'
        doctree.next_node(nodes.section).append(nodes.raw("", line, format="html"))


def strip_tables(app, doctree, docname):
    """Take from pandas' tables the styles that they carry each for itself: book.css has them."""
    for node in doctree.findall(nodes.raw):
        if 'class="dataframe"' in node.astext():
            text = re.sub(r"<style scoped>.*?</style>", "", node.astext(), flags=re.DOTALL)
            text = re.sub(r' (border="1"|style="text-align: \w+;"|valign="\w+")', "", text)
            text = text.replace("<th></th>", "<td></td>")  # a header must say something
            text = text.replace(" ± ", "&nbsp;±&nbsp;")
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


def load_pictures_late(app, doctree, docname):
    """Let all pictures but a page's first wait until the reader comes near."""
    for picture in list(doctree.findall(nodes.image))[1:]:
        picture["loading"] = "lazy"


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


def is_used(file, body):
    return all(sign in body for part, sign in USED_BY.items() if part in file.lower())


def run_late(script):
    """Let the page be shown before a script runs, but for the one that scripts within the page need."""
    if not script.filename or "documentation_options" in script.filename:
        return script
    return type(script)(script.filename, priority=script.priority, **script.attributes | {"defer": "defer"})


def prepare_page(app, pagename, templatename, context, doctree):
    # Some scripts come twice; some files are of use only to pages that have what they are for.
    body = context.get("body", "")
    if body:
        context["body"] = give_sizes(app, body)
    scripts = {script.filename or script.attributes["body"]: script for script in context["script_files"]}
    context["script_files"] = [script for key, script in scripts.items() if is_used(key, body)]
    context["css_files"] = [style for style in context["css_files"] if is_used(str(style.filename), body)]
    if pagename != "search":  # whose own scripts follow at once
        context["script_files"] = [run_late(script) for script in context["script_files"]]
    paragraphs = [node.astext() for node in doctree.findall(nodes.paragraph)] if doctree else []
    first = next((text for text in paragraphs if len(text) > 60), app.config.html_title)
    context["card"] = {
        "title": re.sub("<[^>]*>", "", context.get("title", app.config.html_title)),
        "description": shorten(first, 200, placeholder="…"),
        "type": "article",
        "site_name": app.config.html_title,
    }
    if address := app.config.html_baseurl.rstrip("/"):
        context["card"]["url"] = f"{address}/{pagename}.html"
        context["card"]["image"] = f"{address}/_static/card.png"


def write_entrance(app, exception):
    """Lead from the site's own address to the front page; the theme's file for it is not valid."""
    if exception or app.builder.format != "html":
        return
    front = f"{app.config.root_doc}.html"
    (Path(app.outdir) / "index.html").write_text(
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{app.config.html_title}</title>'
        f'<meta http-equiv="refresh" content="0; url={front}"></head>'
        f'<body><a href="{front}">{app.config.html_title}</a></body></html>\n',
        encoding="utf-8",
    )


def give_sizes(app, body):
    """Return the page with each picture's size, so that nothing jumps when one arrives."""
    sources = {name: Path(app.srcdir) / source for source, name in app.builder.images.items()}

    def sized(tag):
        source = sources.get(unquote(tag[1]))
        if source is None or source.suffix != ".png":
            return tag[0]
        width, height = Image.open(source).size
        return tag[0].replace("<img", f'<img width="{width}" height="{height}"', 1)

    return re.sub(r'<img [^>]*\bsrc="[^"]*/([^/"]+)"[^>]*>', sized, body)


def draw_card(app, exception):
    """Draw the picture that social networks show beside a link: the title above a hundred networks."""
    picture = Path(app.srcdir) / "book" / "_generated" / "02_house_prices.png"
    if exception or not picture.exists():
        return
    card = Image.new("RGB", CARD, "white")
    draw = ImageDraw.Draw(card)
    draw.text((60, 50), app.config.html_title, "#1a1a1a", ImageFont.load_default(72))
    motto = "A first course in which nothing rests on one lucky run"
    draw.text((60, 150), motto, "#444444", ImageFont.load_default(36))
    histogram = Image.open(picture).convert("RGB")
    histogram.thumbnail((1080, 390))
    card.paste(histogram, ((CARD[0] - histogram.width) // 2, 225))
    card.save(Path(app.outdir) / "_static" / "card.png")


def setup(app):
    # A value of the configuration, so that the front page is written anew when it changes.
    app.add_config_value("pdf", False, "html")
    app.connect("config-inited", find_pdf)
    app.connect("doctree-resolved", offer_pdf)
    app.connect("doctree-resolved", add_reading_time)
    app.connect("doctree-resolved", strip_tables)
    app.connect("doctree-resolved", keep_together)
    app.connect("doctree-resolved", free_lists)
    app.connect("doctree-resolved", load_pictures_late)
    app.add_node(HideCodeCellNode, override=True, html=(visit_hidden_code, depart_hidden_code))
    app.add_node(nodes.citation, override=True, html=(visit_citation, HTML5Translator.depart_citation))
    app.connect("html-page-context", prepare_page, priority=900)
    app.connect("build-finished", write_entrance)
    app.connect("build-finished", draw_card)
    return {"version": "1", "parallel_read_safe": True}
