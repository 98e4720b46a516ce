"""How far do the outputs move on another machine? A line for each cell that states a tolerance or would need one.

Runs every notebook in each setting, beside the stored outputs, and names the smallest tolerance with which they
agree. A cell should state twice the largest it was seen to need.

Usage: python -m tools.checking.moves [CHAPTER ...]
"""

import argparse
import copy
import os
from unittest import mock

from helpers.figure_digest import MIME
from tools.checking import other_settings
from tools.checking.compare import Tolerance, differences
from tools.publishing.execute import join_streams, notebooks, read, run_cells, tidy

# Those of the whole suite's settings in which a notebook could print something else.
SETTINGS = {name: environment for name, (environment, _) in other_settings.SETTINGS.items() if environment}
STEPS = (1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.03, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)


def parts(cell):
    """Return what of a cell's outputs is compared: texts, and the data of figures."""
    found = []
    for output in join_streams(copy.deepcopy(cell.outputs)):
        tidy(output)
        if output.output_type == "stream":
            found.append(output.text)
        for kind, value in output.get("data", {}).items():
            if kind == MIME or kind.startswith("text/"):
                found.append(value)
    return found


def needed(stored, new):
    """Return the smallest tolerances (rtol, figure) with which the outputs of two cells agree; inf if none does."""
    need = {"rtol": 0.0, "figure": 0.0}
    old, now = parts(stored), parts(new)
    if len(old) != len(now):
        return dict.fromkeys(need, float("inf"))
    for a, b in zip(old, now):
        name = "figure" if isinstance(a, dict) else "rtol"
        tolerances = (
            {"rtol": Tolerance(rtol=step), "figure": Tolerance(figure=step)}[name] for step in STEPS
        )
        agrees = (getattr(each, name) for each in tolerances if not differences(a, b, each))
        if differences(a, b, Tolerance()):
            need[name] = max(need[name], next(agrees, float("inf")))
    return need


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("chapters", nargs="*", help="beginnings of names, such as 03; all if none")
    options = parser.parse_args()
    print("| notebook | cell | states | needs | where |\n|---|---|---|---|---|")
    for path in notebooks(options.chapters):
        stored = read(path.read_text(encoding="utf-8"))
        needs = {}
        for setting, environment in SETTINGS.items():
            if other_settings.missing(setting):
                continue
            new = copy.deepcopy(stored)
            with mock.patch.dict(os.environ, environment):
                run_cells(new, path)
            for a, b in zip(stored.cells, new.cells):
                for name, need in needed(a, b).items() if a.cell_type == "code" else ():
                    if need > needs.get((a.id, name), (0, ""))[0]:
                        needs[a.id, name] = need, setting
        for cell in stored.cells:
            stated = Tolerance.of(cell)
            for name in ("rtol", "figure"):
                need, where = needs.get((cell.id, name), (0, "nowhere"))
                own, default = getattr(stated, name), getattr(Tolerance(), name)
                if need or own != default:
                    print(f"| {path.name} | {cell.id} | {name} {own:g} | {need:g} | {where} |", flush=True)


if __name__ == "__main__":
    main()
