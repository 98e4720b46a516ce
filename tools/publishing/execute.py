"""Re-execute the chapters whose code has changed, and normalise what is stored.

The committed notebook, with its outputs, is the only source of a chapter. A notebook records a
digest of what its outputs depend on: its own code cells, ``helpers`` and the pinned environment.
Where the digest still fits and the outputs are those of one run, nothing is run; what an editor left in
the file is taken out all the same.
A notebook whose cell fails stays as it was.

Usage: python -m tools.publishing.execute [--force] [CHAPTER ...]     (such as 03, or 03_house_prices)
"""

import argparse
import hashlib
import io
import json
import os
import re
import sys
import time
from base64 import b64decode, b64encode

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from PIL import Image

from helpers.figure_digest import MIME
from tools import CLAIMS, ROOT, neutral
from tools.publishing.first_cell import put_first_cell

CELL_TIMEOUT = 300  # seconds
# Metadata of cells that are the book's; an editor's own say how a cell was shown or run there.
OURS = ("book", "lines_to_next_cell", "mystnb", "tags")
# Claims are folded away by Jupyter and VS Code, and by Colab: what they printed stays to be seen.
FOLDED = {"jupyter": {"source_hidden": True}, "cellView": "form"}


def notebooks(chapters, root=ROOT):
    """Return the notebooks under book/, or those whose names begin with one of ``chapters``."""
    every = sorted((root / "book").rglob("*.ipynb"))
    every = [path for path in every if ".ipynb_checkpoints" not in path.parts]
    if not chapters:
        return every
    chosen = [path for path in every if path.name.startswith(tuple(chapters))]
    for chapter in chapters:
        if not any(path.name.startswith(chapter) for path in chosen):
            names = ", ".join(path.stem for path in every)
            sys.exit(f"No chapter begins with {chapter!r}. There are: {names}")
    return chosen


def digest(notebook, root=ROOT):
    """Return a digest of all that the notebook's outputs depend on."""
    parts = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    code = "".join(parts)
    for path in sorted((root / "helpers").rglob("*.py")) + [root / "requirements.txt"]:
        # The checks of other chapters' exercises, ch06.py for one, change nothing here.
        checks = re.fullmatch(r"ch(\d\d)", path.stem)
        if not checks or f"check_{checks[1]}_" in code:
            parts.append(path.read_text(encoding="utf-8"))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def normalise(notebook):
    """Leave in the notebook only what the same code gives again on the same machine."""
    clean(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = join_streams(cell.outputs)
            for output in cell.outputs:
                tidy(output)
                if "image/png" in output.get("data", {}):
                    output.data["image/png"] = palette(output.data["image/png"])
                    # A picture is compared through its data; this ties the picture to them.
                    output.metadata["picture"] = picture_digest(output)


def clean(notebook):
    """Take out what editors leave of themselves: metadata that are not the book's, and ids in the wrong place."""
    notebook.nbformat_minor = 5  # the first in which a cell has an id
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            **{name: value for name, value in notebook.metadata.items() if name == "executed"},
        }
    )
    give_ids(notebook.cells)
    for cell in notebook.cells:
        kept = {name: cell.metadata[name] for name in OURS if name in cell.metadata}
        folded = FOLDED if cell.cell_type == "code" and CLAIMS in kept.get("tags", []) else {}
        cell.metadata = nbformat.from_dict(kept | folded)
        if not cell.get("attachments", True):  # an empty one, as PyCharm writes it
            del cell["attachments"]
        for output in cell.get("outputs", []):
            if "metadata" in output:
                kept = {name: value for name, value in output.metadata.items() if name == "picture"}
                output.metadata = nbformat.from_dict(kept)


def give_ids(cells):
    """Let each cell have an id of its own: what it has, in whichever place, or the same new one at each call."""
    seen = set()
    for place, cell in enumerate(cells):
        identity = cell.get("id") or cell["metadata"].get("id")
        if not re.fullmatch(r"[\w-]{1,64}", str(identity)) or identity in seen:
            identity = hashlib.sha256(f"{place} {cell['source']}".encode()).hexdigest()[:12]
        cell["id"] = identity
        seen.add(identity)


def tidy(output):
    """Take the places of one machine's files out of a warning or an error, leaving what it says."""
    if output.get("name") == "stderr":
        output.text = re.sub(r"^\S+:\d+: (?=\w*Warning)", "", output.text, flags=re.MULTILINE)
    if output.output_type == "error":
        # Frames of installed packages; those of the notebook itself begin with "Cell".
        packaged = re.compile(r"(?:\x1b\[[\d;]*m)*File ")
        output.traceback = [frame for frame in output.traceback if not packaged.match(frame)]


def palette(png, colours=128):
    """Return the picture (base64) with so many colours: a third of the bytes, to the eye the same."""
    picture, small = Image.open(io.BytesIO(b64decode(png))), io.BytesIO()
    picture.convert("RGB").quantize(colours, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return b64encode(small.getvalue()).decode()


def picture_digest(output):
    """Return a digest of an output's picture and of the data it was drawn from."""
    parts = output.data["image/png"].strip(), json.dumps(output.data.get(MIME), sort_keys=True)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def join_streams(outputs):
    """Join neighbouring prints: where one message ends depends on the machine's timing."""
    joined = []
    for output in outputs:
        last = joined[-1] if joined else None
        if last and output.output_type == "stream" == last.output_type and output.name == last.name:
            last.text += output.text
        else:
            joined.append(output)
    return joined


def execute(path, force=False, root=ROOT):
    """Bring one notebook up to date. Return what was done: "executed", "normalised" or "unchanged"."""
    text = path.read_text(encoding="utf-8")
    notebook = read(text)
    put_first_cell(notebook, os.path.relpath(root, path.parent).replace(os.sep, "/"), root)
    stamp = digest(notebook, root)
    if not force and notebook.metadata.get("executed") == stamp and is_as_run(notebook):
        clean(notebook)
        if written(notebook) == text:
            return "unchanged"
        write_whole(path, written(notebook))
        return "normalised"
    try:
        run_cells(notebook, path)
    except CellExecutionError as error:
        number = failing_cell(notebook)
        sys.exit(f"{path.name}, cell {number} failed; the notebook is unchanged.\n\n{error}")
    for number, cell in enumerate(notebook.cells, start=1):
        if lacks_picture(cell):
            sys.exit(f"{path.name}, cell {number}: {lacks_picture(cell)}. The notebook is unchanged.")
    notebook.metadata["executed"] = stamp
    normalise(notebook)
    nbformat.validate(notebook)
    write_whole(path, written(notebook))
    return "executed"


def run_cells(notebook, path):
    """Run every cell in a fresh kernel of this environment, in the notebook's folder; its outputs are replaced."""
    client = NotebookClient(
        notebook, timeout=CELL_TIMEOUT, kernel_name="python3", record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
        # Without its warning that nothing is encrypted: the kernel is on the same machine.
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )  # fmt: skip
    # Of all kernels called python3, the one of this environment.
    with neutral.for_kernels(JUPYTER_PATH=""):
        client.execute()


def read(text):
    """Return a notebook as it is stored, in whichever 4.x format an editor left it."""
    stored = json.loads(text)
    give_ids(stored["cells"])  # before nbformat gives others, at random
    stored["nbformat_minor"] = max(5, stored.get("nbformat_minor", 5))
    return nbformat.reads(json.dumps(stored), as_version=4)


def written(notebook):
    return nbformat.writes(notebook) + "\n"


def is_as_run(notebook):
    """Can the outputs be those of one run from top to bottom? The digest, of the code alone, cannot tell."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    outputs = [output for cell in code for output in cell.outputs]
    return (
        [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
        and not any(lacks_picture(cell) for cell in code)
        and all(
            output.metadata.get("picture") == picture_digest(output)
            for output in outputs
            if "image/png" in output.get("data", {})
        )
    )


def failing_cell(notebook):
    """Return the position, counted from 1 as a reader would, of the last cell that raised."""
    raised = [
        i
        for i, cell in enumerate(notebook.cells, start=1)
        if any(output.output_type == "error" for output in cell.get("outputs", []))
    ]
    return raised[-1] if raised else "?"


def lacks_picture(cell):
    """Return what to do about a description of a picture without the picture, or None."""
    described = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "").strip()
    kinds = [kind for output in cell.get("outputs", []) for kind in output.get("data", {})]
    if described and not any(kind.startswith("image/") for kind in kinds):
        return (
            "it describes a picture that its output does not have: let the cell draw it and run it "
            "again (make notebooks), or delete metadata.mystnb.image.alt"
        )


def write_whole(path, text):
    """Write a file so that a crash half-way leaves the old one."""
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8", newline="\n")
    os.replace(part, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("chapters", nargs="*", help="beginnings of names, such as 03; all if none")
    parser.add_argument("--force", action="store_true", help="run even what has not changed")
    options = parser.parse_args()
    for path in notebooks(options.chapters):
        start = time.perf_counter()
        done = execute(path, options.force)
        took = f" in {time.perf_counter() - start:.1f} s" if done == "executed" else ""
        print(f"{path.relative_to(ROOT)}: {done}{took}", flush=True)


if __name__ == "__main__":
    main()
