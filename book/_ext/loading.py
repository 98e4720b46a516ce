"""What a page loads, and when: no file in vain, scripts after the page, pictures as they come near."""

import re
from pathlib import Path
from urllib.parse import unquote

from docutils import nodes
from PIL import Image

# What a page must hold for a file to be worth loading; nothing holds live code of a third party's.
USED_BY = {
    "thebe": "thebe-launch",
    "sphinx-design": "sd-",
    "design-tabs": "sd-tab",
    "togglebutton": "toggle|dropdown",
    "play.js": "data-play",
    "steps.js": "diagram-steps",
    "definitions.js": "glossary.html#term-",
}


def load_pictures_late(app, doctree, docname):
    """Let all pictures but a page's first wait until the reader comes near."""
    for picture in list(doctree.findall(nodes.image))[1:]:
        picture["loading"] = "lazy"


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


def is_used(file, body):
    return all(re.search(signs, body) for part, signs in USED_BY.items() if part in file.lower())


def run_late(script):
    """Let the page be shown before a script runs, but for the one that scripts within the page need."""
    if not script.filename or "documentation_options" in script.filename:
        return script
    return type(script)(script.filename, priority=script.priority, **script.attributes | {"defer": "defer"})


def choose_files(app, pagename, templatename, context, doctree):
    body = context.get("body", "")
    if body:
        context["body"] = give_sizes(app, body)
    # Some scripts come twice.
    scripts = {script.filename or script.attributes["body"]: script for script in context["script_files"]}
    context["script_files"] = [script for key, script in scripts.items() if is_used(key, body)]
    context["css_files"] = [style for style in context["css_files"] if is_used(str(style.filename), body)]
    context["script_files"] = [run_late(script) for script in context["script_files"]]


def setup(app):
    app.connect("doctree-resolved", load_pictures_late)
    app.connect("html-page-context", choose_files, priority=900)
    return {"version": "1", "parallel_read_safe": True}
