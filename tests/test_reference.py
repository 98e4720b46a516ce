"""What the reference pages state about the data is so."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pybtex.database import parse_file
from sklearn.datasets import load_digits

from helpers.data import SPELLINGS, TABLES, load_boston, load_diabetes, load_groups, load_table, raw_file

REFERENCE = Path(__file__).parent.parent / "book/reference"
CARD = (REFERENCE / "data_card.md").read_text(encoding="utf-8")
CARDS = dict(re.findall(r"^### [^`\n]+: `(\w+)`\n(.+?)(?=^##)", CARD, re.MULTILINE | re.DOTALL))


def test_the_card_lists_every_column():
    boston, diabetes, _, _ = re.split("\n## (?:Diabetes|Seven more tables|Handwritten digits)", CARD)
    assert [name for name in load_boston() if f"\n| `{name}` |" not in boston] == []
    for name in load_diabetes().columns.drop(["S2"]):  # "S1 to S3" covers it
        assert f"`{name}`" in diabetes, name
    assert list(CARDS) == list(TABLES)[2:]
    for table, card in CARDS.items():
        # Named in the first cell of a row, and in the order of the table's columns.
        cells = " ".join(re.findall(r"^\| (`.+?) \|", card, re.MULTILINE))
        named = re.findall(r"`(\w+)`", cells)
        assert sorted(named) == sorted(load_table(table)) and named[-1] == TABLES[table].target


def test_each_card_names_its_source():
    bibliography = parse_file(REFERENCE / "references.bib").entries
    for table in TABLES.values():
        assert table.source in bibliography
        card = CARDS.get(table.name, CARD)
        assert re.search(rf"\{{cite:[pt]\}}`{table.source}`", card), table.name
    dois = [re.search(r"\[UCI (\d+)\]\(https://doi\.org/10\.24432/(\w+)\)", card) for card in CARDS.values()]
    assert len({doi[1] for doi in dois}) == len({doi[2] for doi in dois}) == len(CARDS) == 7


def test_the_overview_of_the_seven():
    rows = re.findall(
        r"^\| `(\w+)` \| ([\d,]+) \| (\d+) \| `(\w+)`, ([\d.]+) (.+?) \| (.+?) \| ([\d,]+) \|$",
        CARD,
        re.MULTILINE,
    )
    assert [row[0] for row in rows] == list(CARDS)
    for name, n, features, target, mean, unit, group, count in rows:
        table, frame, groups = TABLES[name], load_table(name), load_groups(name)
        assert (n, features) == (f"{len(frame):,}", str(frame.shape[1] - 1))
        assert (target, mean) == (frame.columns[-1], f"{frame.iloc[:, -1].mean():.2f}")
        assert (unit, group.removeprefix("the same ")) == (
            "of 10" if name == "wine" else table.unit, table.group
        )  # fmt: skip
        assert count == f"{len(set(groups)):,}"
    boston = load_boston().groupby(list(TABLES["boston"].by)).ngroups
    assert f"{boston} sets that agree in `ZN`, `INDUS`, `RAD`, `TAX` and `PTRATIO`" in CARD


def counted(name):
    """Return the sentences of a card that count or measure, as the data has them."""
    frame, groups = load_table(name), load_groups(name)
    sizes = np.bincount(groups)
    again, target = frame.duplicated().sum(), frame.iloc[:, -1]
    features = frame.columns[:-1]
    if name == "auto_mpg":
        raw = pd.read_csv(raw_file(name))
        years = 1900 + frame["model_year"].astype(int)
        return (
            f"model years {years.min()} to {years.max()}",
            f"**Rows:** {len(raw)} in the file; {len(frame)} as loaded",
            f"{(raw['horsepower'] == '?').sum()} rows have `?` for `horsepower`",
            f"leaves out the {len(raw) - len(frame)} rows",
            f"{frame['cylinders'].min():.0f} to {frame['cylinders'].max():.0f}",
            f"{raw['mpg'].mean():.2f} over all {len(raw)} rows",
            f"with {len(SPELLINGS)} spellings mended",
            f"largest make has {sizes.max()} rows, and {(sizes == 1).sum()} makes have a single one",
            f"{raw['car_name'].duplicated().sum()} rows repeat the `car_name`",
        )
    if name == "concrete":
        strengths = frame.groupby(list(features))["strength"].nunique()
        return (
            f"**Rows:** {len(frame):,}; no missing values",
            f"days, {frame['age'].min():.0f} to {frame['age'].max():.0f}",
            f"{(sizes > 1).sum()} of the {len(sizes)} mixtures were broken more than once, "
            f"and {sizes[sizes > 1].sum()} rows belong to them",
            f"{again} rows repeat an earlier row in every column, "
            f"and {(strengths > 1).sum()} times the same mixture of the same age has different strengths",
            f"{(frame['slag'] == 0).sum()} rows are without `slag`, "
            f"and {(frame['fly_ash'] == 0).sum()} without `fly_ash`",
        )
    if name == "energy":
        kinds = len(frame[["glazing_area", "glazing_distribution"]].drop_duplicates())
        (size,) = set(sizes)
        low, high = sorted(frame["height"].unique())
        shares = [f"{share:g}" for share in sorted(frame["glazing_area"].unique())]
        return (
            f"**Rows:** {len(frame)}, which is every combination of {len(sizes)} shapes, "
            f"{frame['orientation'].nunique()} directions and {kinds} kinds",
            f"{low:g} or {high:g} | m",
            f"code from {frame['orientation'].min():.0f} to {frame['orientation'].max():.0f} |",
            f"floor's: {', '.join(shares[:-1])} or {shares[-1]}",
            f"code from {frame['glazing_distribution'].min():.0f} to {frame['glazing_distribution'].max():.0f},",
            f"the shape, {size} rows each",
            f"`compactness` alone tells the {frame['compactness'].nunique()} shapes apart",
        )
    if name == "airfoil":
        runs = frame.assign(run=groups).sort_values(["run", "frequency"]).groupby("run")
        return (
            f"**Rows:** {len(frame):,}; no missing values, no row twice",
            f"Hz, {frame['frequency'].min():.0f} to {frame['frequency'].max():,.0f}",
            f"There are {len(sizes)}, each heard at {sizes.min()} to {sizes.max()} frequencies",
            f"moves by {runs['pressure_level'].diff().abs().mean():.2f} dB on average",
            f"standard deviation of {target.std():.2f} dB",
        )
    if name == "wine":
        return (
            f"**Rows:** {len(frame):,}; no missing values",
            f"{again} rows repeat an earlier row in every column",
            f"{len(frame) - again:,} different ones are left",
            f"only the values {target.min():.0f} to {target.max():.0f}",
            f"{target.isin([5, 6]).sum():,} rows have 5 or 6",
            f"says {target.mean():.2f} of every wine has an RMSE of {target.std(ddof=0):.2f}",
        )
    if name == "yacht":
        by_speed = frame.groupby("froude_number")["resistance"].mean()
        return (
            f"**Rows:** {len(frame)}, which is {len(sizes)} hulls at {len(by_speed)} speeds each; "
            "no missing values, no row twice",
            f"ratio, {by_speed.index.min():g} to {by_speed.index.max():g}",
            f"from {by_speed.iloc[0]:.2f} at the lowest speed to {by_speed.iloc[-1]:.2f} at the highest",
            f"the largest value is {target.max():.2f}",
        )
    return (
        f"**Rows:** {len(frame):,}; no missing values",
        f"{again} rows repeat an earlier one",
        f"In {(frame['humidity'] > 100).sum()} rows `humidity` is above 100 %",
    )


@pytest.mark.parametrize("name", CARDS)
def test_what_the_card_of_one_of_the_seven_counts(name):
    statements = counted(name)
    assert [statement for statement in statements if statement not in CARDS[name]] == []
    # Each number of the card stands in one of them, or is a code, a unit or a year of the source.
    rest = CARDS[name]
    for statement in statements:
        rest = rest.replace(statement, "")
    rest = re.sub(r"\]\(.+?\)|\{cite:.\}`\w+`", "", rest)
    known = {
        "auto_mpg": {"1", "0", "2", "3", "6", "60", "1900", "1983"},
        "concrete": set(), "energy": {"12", "0"}, "airfoil": {"0012"}, "wine": {"10", "0"}, "yacht": {"3.07"},
        "power_plant": {"2006", "2011"},
    }  # fmt: skip
    found = set(re.findall(r"(?<![\w.])\d(?:[\d,.]*\d)?", re.sub(r"UCI \d+", "", rest)))
    assert found <= known[name], name


def test_what_the_cards_of_the_seven_say_without_a_number():
    energy, airfoil, yacht = map(load_table, ("energy", "airfoil", "yacht"))
    np.testing.assert_allclose(energy["surface_area"], energy["wall_area"] + 2 * energy["roof_area"])
    assert len(energy[energy.columns[:-1]].drop_duplicates()) == len(energy)
    assert (energy["glazing_area"] == 0).equals(energy["glazing_distribution"] == 0)
    assert airfoil.groupby(["angle", "chord", "velocity"])["thickness"].nunique().max() == 1
    assert set(yacht.groupby("froude_number").size()) == {22}
    assert (yacht["resistance"] < 3.07).mean() == 0.5
    assert not airfoil.duplicated().any() and not yacht.duplicated().any()
    for name in ("wine", "power_plant"):  # the same measurements, and then the same target
        frame = load_table(name)
        assert frame.duplicated().equals(frame.iloc[:, :-1].duplicated())
    raw = pd.read_csv(raw_file("auto_mpg"))
    assert list(raw)[0] == "mpg" and set(raw["origin"]) == {1, 2, 3}
    makes = raw["car_name"].str.split().str[0]
    assert set(SPELLINGS) <= set(makes) and set(SPELLINGS.values()) <= set(makes)


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
