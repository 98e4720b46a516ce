"""What chapter 7 writes out is what helpers.validation gives."""

import re
from functools import partial
from pathlib import Path

import nbformat
import numpy as np
import torch
from sklearn.model_selection import KFold, train_test_split

from helpers import data, models, training, validation

CHAPTER = Path(__file__).resolve().parent.parent / "book" / "07_cross_validation.ipynb"


def the_loop():
    notebook = nbformat.read(CHAPTER, as_version=4)
    (loop,) = (
        cell.source
        for cell in notebook.cells
        if cell.cell_type == "code" and "fold_scores.append" in cell.source
    )
    # All rows in a batch and no dropout: then nothing is left to chance but the first weights.
    for setting in ("epochs=5", "batch_size=512", "dropout=0.0"):
        name, _ = setting.split("=")
        loop, changed = re.subn(rf"\b{name}=[\d.]+", setting, loop)
        assert changed, f"the chapter's loop has no {name}"
    return loop


def test_the_loop_over_folds_is_cross_validate(capsys):
    boston = data.load_boston()
    train_rows, _ = train_test_split(np.arange(len(boston)), test_size=0.7, random_state=0)
    folds = KFold(3, shuffle=True, random_state=0).split(train_rows)
    pairs = [(train_rows[fit_rows], train_rows[val_rows]) for fit_rows, val_rows in folds]
    names = vars(training) | {
        "np": np, "nn": torch.nn, "partial": partial, "MLP": models.MLP, "boston": boston, "pairs": pairs,
        "scale_splits": data.scale_splits, "DataLoader": torch.utils.data.DataLoader,
        "TensorDataset": torch.utils.data.TensorDataset,
        "SubsetRandomSampler": torch.utils.data.SubsetRandomSampler,
    }  # fmt: skip
    exec(the_loop(), names)
    X, y, price_range = data.scale_splits(boston, pairs)
    table = validation.cross_validate(
        partial(models.MLP, 13, (50, 30), 1, activation=None), X, y, pairs, epochs=5, batch_size=512,
        loss=torch.nn.MSELoss(), optimizer=names["adam"],
    )  # fmt: skip
    np.testing.assert_allclose(names["fold_scores"], table.test * price_range.numpy(), rtol=1e-4)
