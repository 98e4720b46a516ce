"""What more than one chapter of the book uses.

The modules build on each other from left to right, and import only from the left:
``data`` → ``models`` → ``training`` → ``ensembles`` → ``validation`` → ``plotting``.
"""

import os

from helpers import _requirements

_requirements.check()

# PyTorch's threads wait for each other by spinning. Where another program wants one of two cores, that
# makes a chapter more than five times slower; threads that soon fall asleep cost at most a tenth where
# none does. libgomp reads this when torch is first imported: so a notebook imports helpers before it.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

__version__ = "0.1.0"
