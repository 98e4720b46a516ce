"""Lighter pages: a tag around code only where it has a colour, and of the styles what pages use.

The theme brings every style of Bootstrap. Before a page can be shown they must be loaded and read,
which on a phone takes longer than all the rest; a tenth of them concerns this book.
"""

import re
from pathlib import Path

from pygments.formatters import HtmlFormatter
from pygments.token import Name, Punctuation, Text, Whitespace
from sphinx.highlighting import PygmentsBridge

UNCOLOURED = {Name, Name.Namespace, Punctuation, Whitespace}  # two thirds of all the code's tags
OURS = Path(__file__).parent.parent / "_static"
# What is before a brace, and what is within: rules, in whose own braces there are no others.
RULE = re.compile(r"([^{}]+)\{((?:[^{}]|\{[^{}]*\})*)\}")


class LeanFormatter(HtmlFormatter):
    def format_unencoded(self, tokens, file):
        super().format_unencoded(
            ((Text if kind in UNCOLOURED else kind, text) for kind, text in tokens), file
        )


def prune(css, used):
    """Return the style sheet without rules for classes that are not among those ``used``."""

    def keep(rule):
        selectors, body = rule.groups()
        if "@" in selectors:  # such as @media; or @font-face, which has declarations, not rules
            return f"{selectors}{{{prune(body, used)}}}" if "{" in body else rule[0]
        # ":not(.x)" is true where there is no x.
        for selector in re.sub(r":not\([^()]*\)", "", selectors).split(","):
            if set(re.findall(r"\.(-?[A-Za-z_][\w-]*)", selector)) <= used:
                return rule[0]
        return ""

    return RULE.sub(keep, css)


def prune_styles(app, exception):
    if exception or app.builder.format != "html":
        return
    site = Path(app.outdir)
    used = set()
    for page in site.rglob("*.html"):
        for names in re.findall(r'class="([^"]*)"', page.read_text(encoding="utf-8")):
            used.update(names.split())
    for script in site.rglob("*.js"):  # a class that a script gives is a word in it
        if script.name != "searchindex.js":
            used.update(re.findall(r"-?[A-Za-z_][\w-]*", script.read_text(encoding="utf-8")))
    for style in site.rglob("*.css"):
        css = re.sub(r"/\*.*?\*/", "", style.read_text(encoding="utf-8"), flags=re.DOTALL)
        # A style that asks for another one makes the page wait twice.
        for line, name in re.findall(r'(@import "(.*?)";)', css):
            css = css.replace(line, (style.parent / name).read_text(encoding="utf-8"))
        if not (OURS / style.name).exists():
            style.write_text(prune(css, used), encoding="utf-8")


def setup(app):
    PygmentsBridge.html_formatter = LeanFormatter
    app.connect("build-finished", prune_styles)
    return {"version": "1", "parallel_read_safe": True}
