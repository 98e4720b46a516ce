"""What the Makefile and the workflows call, by trade, as in ``python -m tools.publishing.execute``.

- ``checking``: compares outputs and text with what is stored, and runs all checks in other settings,
  with other versions, and alone as in Colab.
- ``publishing``: makes what is read: the stored outputs, the self-contained notebooks, the PDF.
- ``mutation``: checks the checks. It damages the book, a fault at a time, and lists what nothing noticed.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CLAIMS = "claims"  # the tag of the cells that check sentences of the text
