"""What more than one chapter of the book uses.

The modules build on each other from left to right, and import only from the left:
``data`` → ``models`` → ``training`` → ``ensembles`` → ``validation`` → ``plotting``.
"""

import os

# PyTorch's threads wait for each other by spinning. Where another program wants one of the cores,
# that costs more than ten times the time of a chapter; soon asleep, they cost next to nothing more.
# It is libgomp that reads this, when torch is first imported: so a notebook imports helpers first.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

__version__ = "0.1.0"
