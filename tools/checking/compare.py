"""Does a new output say what the stored one says? Words exactly, numbers within a tolerance.

Two numbers agree when they differ by no more than

- ``rtol`` (1e-4) of the stored one, plus ``atol`` (0), plus
- one unit of the last printed digit: half a unit for the rounding of each of the two. Whole
  numbers, and those of one or two significant digits such as 0.001, get none of it.

A mean printed with its standard error, ``0.0842 ± 0.0011``, may move by that standard error, and the standard
error itself by a factor of 1.3. A run again draws the same splits and seeds: only rounding differs, which moves
a mean by half of it at most where a processor has no vector instructions. A mean that is further from zero than
its standard error may not change its sign. Where all runs agreed, as in a share of ``100 ± 0``, one that does
not moves the mean and the standard error by the same amount: 97 ± 3 of 34 runs.

Plain numbers in the output of a cell of claims may differ by a tenth: its conditions are asserted, and have margins
of their own.

A cell may state its own tolerance in its metadata, with the reason:
``"book": {"tolerance": {"rtol": 0.02, "why": "one network, trained once"}}``.
"""

import re
from dataclasses import dataclass, fields

from tools import CLAIMS

STANDARD_ERRORS = 1
ERROR_FACTOR = 1.3
REPORTED = 8

NUMBER = r"[-+]?(?:\d{1,3}(?:,\d{3})+(?![,\d])|\d+|(?=\.\d))(?:\.\d*)?(?:[eE][-+]?\d+)?"
TOKEN = re.compile(
    rf"(?P<number>(?<![\w.]){NUMBER})"
    r"|(?P<rule>[-=_─━═]{3,})"  # lines of tables, as long as their widest row
    r"|(?P<word>[^\W\d]\w*|\d+)"
    r"|(?P<symbol>\S)"
)
# pandas gives each styled table an id at random.
STYLER_ID = re.compile(r"\bT_[0-9a-f]{5}(?=[\s_\"])")


@dataclass(frozen=True)
class Tolerance:
    """How far a number may move; ``figure`` is in lengths of the axis it is drawn on."""

    rtol: float = 1e-4
    atol: float = 0.0
    figure: float = 1e-3
    why: str = ""

    @classmethod
    def of(cls, cell):
        """Return the tolerance that ``cell`` states, or the default.

        Raises ValueError if the cell states one with an unknown name or without a reason.
        """
        stated = dict(cell.metadata.get("book", {}).get("tolerance", {}))
        known = {field.name for field in fields(cls)}
        if not known.issuperset(stated):
            raise ValueError(f"book.tolerance knows {sorted(known)}, not {sorted(set(stated) - known)}")
        if not stated and CLAIMS in cell.metadata.get("tags", []):
            return CLAIMED
        if stated and not stated.get("why"):
            raise ValueError('book.tolerance needs its reason: add "why"')
        return cls(**stated)


CLAIMED = Tolerance(rtol=0.1, why="the conditions are asserted")


@dataclass(frozen=True)
class Token:
    """A word, symbol or number of a text, with its place there."""

    text: str
    start: int
    is_number: bool

    @property
    def value(self):
        return float(self.text.replace(",", ""))

    @property
    def unit(self):
        """What one step of the last printed digit is worth; 0 for a whole number."""
        mantissa, _, exponent = self.text.lower().partition("e")
        if "." not in mantissa and not exponent:
            return 0.0
        return 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))

    @property
    def significant_digits(self):
        mantissa = self.text.lower().partition("e")[0]
        return len(re.sub(r"\D", "", mantissa).lstrip("0"))


def tokens(text):
    """Split ``text`` into Tokens; how much white space is between them does not matter."""
    found = []
    for match in TOKEN.finditer(text):
        rule = match.lastgroup == "rule"
        word = match.group()[:3] if rule else match.group()
        found.append(Token(word, match.start(), match.lastgroup == "number"))
    return found


def normalise(text):
    """Take out of ``text`` what differs between two honest runs and says nothing."""
    return STYLER_ID.sub("T", text.replace("−", "-"))


def allowed(stored, new, tolerance):
    """Return how far the number in Token ``new`` may be from the one in Token ``stored``."""
    finer = min(stored, new, key=lambda token: token.unit)
    unit = finer.unit if finer.significant_digits > 2 else 0.0
    # A hair more, so that 0.0842 and 0.0843 are one unit apart in binary too.
    return (tolerance.rtol * abs(stored.value) + tolerance.atol + unit) * (1 + 1e-9)


def with_errors(sequence):
    """Map the place of each mean in a list of Tokens to the place of its standard error."""
    pairs = {}
    for i, token in enumerate(sequence):
        if token.text == "±":
            # One token may stand between: the % in "93.1% ± 0.2%", the $ in "$310 ± $20".
            means = [j for j in (i - 1, i - 2) if j >= 0 and sequence[j].is_number][:1]
            errors = [j for j in (i + 1, i + 2) if j < len(sequence) and sequence[j].is_number][:1]
            pairs.update(zip(means, errors))
    return pairs


def text_differences(stored, new, tolerance=Tolerance()):
    """Return a line for each difference between two texts; empty when they agree."""
    stored, new = normalise(stored), normalise(new)
    old, now = tokens(stored), tokens(new)
    pairs = with_errors(old)
    means, found = {error: mean for mean, error in pairs.items()}, []
    for i, (a, b) in enumerate(zip(old, now)):
        if a.text == b.text:
            continue
        if not (a.is_number and b.is_number):
            # From here on the two texts may be out of step: say where, and stop.
            return [*found, f"stored {a.text!r}, now {b.text!r}, {_where(stored, a)}"]
        if i in pairs and a.unit != b.unit and "e" not in f"{a.text}{b.text}".lower():
            found.append(f"stored {a.text}, now {b.text}: printed to another digit, {_where(stored, a)}")
            continue
        paired = i in pairs or i in means
        limit = allowed(a, b, Tolerance() if paired and tolerance == CLAIMED else tolerance)
        reason, error = "", pairs.get(i, len(now))
        if error < len(now) and now[error].is_number:
            errors = sorted((old[error].value, now[error].value))
            # Where all runs agreed, as in 100 ± 0, the error of one that does not is all there is to go by.
            by_chance = STANDARD_ERRORS * (errors[0] or errors[1])
            if by_chance > limit:
                limit, reason = by_chance, ", one standard error"
            if a.value * b.value < 0 and max(abs(a.value), abs(b.value)) > by_chance:
                found.append(f"stored {a.text}, now {b.text}: another sign, {_where(stored, a)}")
                continue
        elif i in means:
            smaller, mean = min(abs(a.value), abs(b.value)), means[i]
            limit = max(limit, (ERROR_FACTOR - 1) * smaller + max(a.unit, b.unit))
            if smaller == 0 and now[mean].is_number:
                limit = max(limit, abs(old[mean].value - now[mean].value))
            reason = ", a standard error"
        if not abs(a.value - b.value) <= limit:
            gap = f"{abs(a.value - b.value):.3g} apart, {limit:.3g} allowed{reason}"
            found.append(f"stored {a.text}, now {b.text}: {gap}, {_where(stored, a)}")
    if len(old) != len(now):
        longer, text, which = (old, stored, "stored") if len(old) > len(now) else (now, new, "now")
        found.append(f"only {which} goes on, {_where(text, longer[min(len(old), len(now))])}")
    return found


def _where(text, token):
    around = text[max(0, token.start - 40) : token.start + len(token.text) + 25]
    return f"in “{' '.join(around.split())}”"


def figure_differences(stored, new, tolerance=Tolerance(), path=""):
    """Return a line for each difference between two digests that ``helpers.figure_digest`` made."""
    if isinstance(stored, dict) and isinstance(new, dict):
        only = sorted(stored.keys() ^ new.keys())
        found = [f"{path}: only {'stored' if key in stored else 'now'} has {key!r}" for key in only]
        children = [(key, stored[key], new[key]) for key in stored if key in new]
    elif isinstance(stored, list) and isinstance(new, list):
        found = [] if len(stored) == len(new) else [f"{path}: stored {len(stored)}, now {len(new)}"]
        children = [(i + 1, a, b) for i, (a, b) in enumerate(zip(stored, new))]
    else:
        return [f"{path}: {line}" for line in _leaf_differences(path, stored, new, tolerance)]
    for name, a, b in children:
        found += figure_differences(a, b, tolerance, f"{path} {name}".strip())
    return found


def _leaf_differences(path, stored, new, tolerance):
    kind = path.rpartition(" ")[2]
    if kind not in ("limits", "position", "values"):
        return text_differences(str(stored), str(new), tolerance)
    # Positions and values run from 0 to 1 along their axis, limits from one end of it to the other.
    low, high = (float(end) for end in stored.split()) if kind == "limits" else (0, 1)
    return text_differences(stored, new, Tolerance(rtol=0, atol=tolerance.figure * abs(high - low)))


def differences(stored, new, tolerance=Tolerance()):
    """Return a line for each difference between two outputs: texts, or digests of figures."""
    if isinstance(stored, dict) or isinstance(new, dict):
        found = figure_differences(stored, new, tolerance)
    else:
        found = text_differences(str(stored), str(new), tolerance)
    more = len(found) - REPORTED
    return found[:REPORTED] + [f"and {more} more differences"] * (more > 0)
