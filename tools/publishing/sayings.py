"""Compute the map of chapter 9, sayings on tables at training lengths, on all cores; it takes minutes.

The result, ``helpers/sayings.csv``, begins with a stamp of the code that it depends on: a test fails where that
has changed since. Whatever only reads the map, or draws it, does not count.

Usage: python -m tools.publishing.sayings
"""

import ast
import hashlib
import time

import pandas as pd
from joblib import Parallel, delayed
from tqdm import tqdm

from helpers import sayings
from helpers.comparisons import Comparison
from helpers.data import TABLES
from tools import ROOT
from tools.publishing.execute import write_whole

PLACE = ROOT / "helpers" / sayings.FILE
# Of each module, what has no say in the numbers.
NOT_STAMPED = {
    "sayings": {"Saying", "SAYINGS", "try_saying", "_known", "load_map", "FILE"},
    "comparisons": {"__repr__", "readings", "verdict", "table", "frame", "draw"},
}


def stamp(root=ROOT):
    """Return a digest of the code that the map depends on, without its comments and docstrings."""
    pairs = [f"{key}: {saying.new}, {saying.usual}, {saying.n}" for key, saying in sayings.SAYINGS.items()]
    code = [_code(root / "helpers" / f"{module}.py", names) for module, names in NOT_STAMPED.items()]
    return hashlib.sha256("\n".join(pairs + code).encode()).hexdigest()[:16]


def _code(path, left_out):
    """Return the lines of a module, but for imports, docstrings, comments and what has one of these names."""
    source, gone = path.read_text(encoding="utf-8"), set()
    for node in ast.walk(ast.parse(source)):
        names = {getattr(target, "id", "") for target in getattr(node, "targets", ())}
        names.add(getattr(node, "name", ""))
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if docstring or isinstance(node, (ast.Import, ast.ImportFrom)) or names & left_out:
            gone |= set(range(node.lineno, node.end_lineno + 1))  # type: ignore[attr-defined]
    lines = [
        line.partition("  # ")[0].strip() for i, line in enumerate(source.splitlines(), 1) if i not in gone
    ]
    return "\n".join(line for line in lines if line and not line.startswith("#"))


def parts():
    """Return what is computed as one piece: a table, some recipes and the number of splits; the longest first."""
    pieces = []
    for n in sorted({saying.n for saying in sayings.SAYINGS.values()}):
        names = [name for name in sayings.RECIPES if name in _needed(n)]
        groups = [names[i : i + 2] for i in range(0, len(names) - 1, 2)]
        groups[-1] += names[2 * len(groups) :]
        pieces += [(table, group, n) for table in TABLES for group in groups]
    return pieces


def _needed(n):
    chosen = [saying for saying in sayings.SAYINGS.values() if saying.n == n]
    return {name for saying in chosen for name in (saying.new, saying.usual)}


def compute(progress=True):
    """Return the map: a row for each saying, table and length."""
    pieces = parts()
    train = delayed(sayings.try_recipes)
    jobs = (train(names, [table], n=n, progress=False) for table, names, n in pieces)
    runs = Parallel(n_jobs=-1, return_as="generator")(jobs)
    bar = tqdm(zip(pieces, runs), total=len(pieces), desc="sayings", unit="part", disable=not progress)
    return assemble((n, run) for (_, _, n), run in bar)


def assemble(runs):
    """Return the map from pairs (n, comparison of some recipes on some tables)."""
    together: dict = {}
    for n, run in runs:
        errors, chosen = together.setdefault(n, ({}, {}))
        errors |= run.errors
        chosen |= run.chosen
    rows = []
    for key, saying in sayings.SAYINGS.items():
        arms = [saying.usual, saying.new]
        errors, chosen = together[saying.n]
        run = Comparison(arms, list(TABLES), sayings.LENGTHS, errors, chosen, 1.0)
        rows.append(sayings.to_rows(key, run))
    return pd.concat(rows, ignore_index=True)


def written(results):
    """Return the map as the text of its file."""
    return f"# stamp {stamp()}: made by `make sayings`\n" + results.to_csv(index=False, lineterminator="\n")


def main():
    start = time.perf_counter()
    write_whole(PLACE, written(compute()))
    print(f"{PLACE.relative_to(ROOT)}: written in {(time.perf_counter() - start) / 60:.1f} minutes")


if __name__ == "__main__":
    main()
