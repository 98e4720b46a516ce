"""What the reference pages state about the data is so."""

import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from helpers.data import load_boston, load_diabetes

CARD = (Path(__file__).parent.parent / "book/reference/data_card.md").read_text(encoding="utf-8")


def test_the_card_lists_every_column():
    boston, diabetes, _ = re.split("\n## (?:Diabetes|Handwritten digits)", CARD)
    assert [name for name in load_boston() if f"\n| `{name}` |" not in boston] == []
    for name in load_diabetes().columns.drop(["S2"]):  # "S1 to S3" covers it
        assert f"`{name}`" in diabetes, name


def test_what_the_card_says_of_the_digits():
    digits = load_digits()
    counts = np.bincount(digits.target)
    rows, pixels = digits.data.shape
    assert f"{rows:,} pictures" in CARD and f"between {counts.min()} and {counts.max()} of each" in CARD
    assert f"{pixels}, the pixels" in CARD and (digits.data.min(), digits.data.max()) == (0, 16)
    blank = (digits.data == 0).all(axis=0).sum()
    assert f"{blank} of the {pixels} are blank" in CARD and 0.45 < (digits.data == 0).mean() < 0.5


def test_what_the_card_counts():
    boston = load_boston()
    # Both branches of the parabola reach up to its value at a share of 1.
    ambiguous = (boston["B"] <= 1000 * (1 - 0.63) ** 2).sum()
    for statement in (
        f"**Rows:** {len(boston)} census tracts",
        f"{(boston['MEDV'] == 50).sum()} rows have `MEDV` of exactly 50.0",
        f"Of the {len(boston)} rows, {ambiguous} are ambiguous",
        f"{(boston['B'] == boston['B'].max()).sum()} rows have the largest value there is, {boston['B'].max()}",
        f"a score from {load_diabetes()['PROGRESSION'].min():.0f} to {load_diabetes()['PROGRESSION'].max():.0f}",
    ):
        assert statement in CARD
    assert boston["MEDV"].max() == 50
    assert boston["B"].max() == pytest.approx(1000 * 0.63**2)
