"""What the Makefile and the workflows call, as in ``python -m tools.publishing.execute``."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
