"""Give the front page each chapter's opening picture, taken from the chapter itself.

Writes the first PNG among a chapter's stored outputs to ``book/_generated/<chapter>.png`` before
Sphinx looks for images, so that the front page can never show an older one than the chapter does.
"""

import base64
from pathlib import Path

import nbformat


def write_pictures(app):
    book = Path(app.srcdir) / "book"
    folder = book / "_generated"
    folder.mkdir(exist_ok=True)
    for path in book.glob("[0-9]*.ipynb"):
        picture = first_picture(nbformat.read(path, as_version=4))
        target = folder / f"{path.stem}.png"
        # An untouched file keeps its time, so that Sphinx rebuilds nothing for it.
        if picture and not (target.exists() and target.read_bytes() == picture):
            target.write_bytes(picture)


def first_picture(notebook):
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            png = output.get("data", {}).get("image/png")
            if png:
                return base64.b64decode(png)
    return None


def setup(app):
    app.connect("builder-inited", write_pictures)
    return {"version": "1", "parallel_read_safe": True}
