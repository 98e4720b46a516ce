"""What more than one chapter of the book uses.

The modules build on each other from left to right, and import only from the left:
``data`` → ``models`` → ``training`` → ``ensembles`` → ``validation`` → ``plotting`` → ``comparisons``.
Beside them stand ``diagrams``, whose pictures show how a thing works rather than what was measured, and
``claims``, which asserts what the text says of its numbers.
"""

from helpers import _requirements

_requirements.check()

__version__ = "0.1.0"
