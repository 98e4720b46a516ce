"""What more than one chapter of the book uses.

The modules build on each other from left to right, and import only from the left:
``data`` → ``models`` → ``training`` → ``ensembles`` → ``validation`` → ``plotting``
→ ``comparisons``; ``claims`` asserts what the text says of its numbers, and the pictures of ``diagrams`` show
how a thing works rather than what was measured.
"""

from helpers import _requirements

_requirements.check()

__version__ = "0.1.0"
