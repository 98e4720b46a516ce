"""Formulas as MathML, made at build time: no script, no font and no third party needed.

Every current browser draws MathML by itself, and screen readers read it.
"""

from docutils import nodes
from latex2mathml.converter import convert


def visit_inline(translator, node):
    translator.body.append(convert(node.astext(), display="inline"))
    raise nodes.SkipNode


def visit_block(translator, node):
    latex = node.astext()
    if r"\\" in latex and r"\begin{" not in latex:
        latex = rf"\begin{{aligned}}{latex}\end{{aligned}}"
    identifier = f' id="{node["ids"][0]}"' if node["ids"] else ""
    # Focusable, so that a wide formula can be scrolled with the keyboard.
    translator.body.append(f'<div class="math-block" role="group" tabindex="0"{identifier}>')
    translator.body.append(convert(latex, display="block"))
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"version": "1", "parallel_read_safe": True}
