"""Tables as people have them: each is refused in words that mend it, as applying them shows."""

import copy
import datetime
import io
import re
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from helpers.data import scale_splits, split_and_scale

N = 30
BASE = pd.DataFrame(np.random.default_rng(0).normal(size=(N, 3)).round(3), columns=list("abY"))
DAYS = pd.date_range("2024-01-30", periods=N)
LARGE = BASE.b * 1e6


def table(**columns):
    return BASE.assign(**columns)


def read(text, **options):
    return pd.read_csv(io.StringIO(text), **options)


def german(values):
    return [f"{value:_.2f}".replace(".", ",").replace("_", ".") for value in values]


def repeated(*values):
    """A column in which each value comes often."""
    return pd.Series(list(values) * N, dtype=object)[:N]


# What is in the file, how it was read, and what is to come of it once the advice was followed.
FILES = {
    "semicolons": (BASE.to_csv(index=False, sep=";"), {}, BASE),
    "semicolons and decimal commas": (BASE.to_csv(index=False, sep=";", decimal=","), {}, BASE),
    "decimal commas alone": (BASE.to_csv(index=False, sep=";", decimal=","), {"sep": ";"}, BASE),
    "tabs": (BASE.to_csv(index=False, sep="\t"), {}, BASE),
    "tabs and decimal commas": (BASE.to_csv(index=False, sep="\t", decimal=","), {}, BASE),
    "bars": (BASE.to_csv(index=False, sep="|"), {}, BASE),
    "blanks": (BASE.to_string(index=False), {}, BASE),
    "blanks and no header": (BASE.to_string(index=False, header=False), {"header": None}, BASE.set_axis(range(3), axis=1)),
    "commas read as semicolons": (BASE.to_csv(index=False), {"sep": ";"}, BASE),
    "no header": (BASE.to_csv(index=False, header=False), {}, BASE.set_axis(range(3), axis=1)),
    "a header read as a row": (BASE.to_csv(index=False), {"header": None}, BASE),
    "the index kept": (BASE.to_csv(), {}, BASE),
    "the index kept, shuffled": (BASE.sample(frac=0.5, random_state=0).to_csv(), {}, BASE.sample(frac=0.5, random_state=0)),
    "the index kept twice": (read(BASE.to_csv()).to_csv(), {}, BASE),
    "words for an index": (BASE.set_axis([f"row {i}" for i in range(N)]).to_csv(), {}, BASE),
    "a comma at each line's end": (BASE.to_csv(index=False).replace("\n", ",\n"), {}, BASE),
    "a question mark for a hole": (BASE.to_csv(index=False).replace(f"{BASE.b[3]}", "?"), {}, BASE.drop(index=3)),
}  # fmt: skip

TABLES = {
    "dates": (table(b=DAYS), "dates", table(b=np.arange(N))),
    "dates of a time zone": (table(b=DAYS.tz_localize("Asia/Seoul")), "dates", table(b=np.arange(N))),
    "dates as words": (table(b=DAYS.strftime("%Y-%m-%d")), "dates", table(b=np.arange(N))),
    "dates as words, day first": (table(b=DAYS.strftime("%d.%m.%Y")), "dates", table(b=np.arange(N))),
    "days first, at first not to be told from months": (table(b=(DAYS + pd.Timedelta(days=3)).strftime("%d/%m/%Y")), "dates", table(b=np.arange(N))),
    "Python's dates": (table(b=[day.date() for day in DAYS]), "dates", table(b=np.arange(N))),
    "a date as the target": (table(Y=DAYS), "dates", table(Y=np.arange(N))),
    "months": (table(b=pd.period_range("2023-01", periods=N, freq="D")), "calendar", table(b=np.arange(N))),
    "spans of time": (table(b=pd.to_timedelta(range(N), unit="min")), "spans of time", table(b=60 * np.arange(N))),
    "Python's spans of time": (table(b=pd.Series([datetime.timedelta(minutes=i) for i in range(N)], dtype=object)), "spans of time", table(b=60 * np.arange(N))),
    "times of the day": (table(b=[datetime.time(0, i) for i in range(N)]), "times of the day", table(b=60 * np.arange(N))),
    "intervals": (table(b=pd.interval_range(0, N)), "intervals", table(b=np.arange(N) + 0.5)),
    "complex": (table(b=BASE.b + 1j), "complex", BASE),
    "complex objects": (table(b=(BASE.b + 1j).astype(object)), "complex", BASE),
    "strings of numbers": (table(b=BASE.b.astype(str)), "numbers written as words", BASE),
    "strings of numbers, one dtype of them": (table(b=BASE.b.astype("string")), "numbers written as words", BASE),
    "dollars": (table(b=[f"{v:,.2f} $" for v in LARGE]), "numbers written as words", table(b=LARGE)),
    "dollars before": (table(b=[f"-${-v:,.2f}" if v < 0 else f"${v:,.2f}" for v in LARGE]), "numbers", table(b=LARGE)),
    "per cent": (table(b=[f"{v} %" for v in BASE.b]), "numbers written as words", BASE),
    "won": (table(b=[f"{v:,.0f}원" for v in LARGE]), "numbers written as words", table(b=LARGE)),
    "a unit with a digit": (table(b=[f"{v} m2" for v in BASE.b]), "numbers written as words", BASE),
    "narrow blanks between thousands": (table(b=[f"{v:,.2f}".replace(",", "\u202f") for v in LARGE]), "numbers", table(b=LARGE)),
    "apostrophes between thousands": (table(b=[f"CHF {v:,.2f}".replace(",", "'") for v in LARGE]), "numbers", table(b=LARGE)),
    "a typesetter's minus": (table(b=[str(v).replace("-", "−") for v in BASE.b]), "numbers", BASE),
    "decimal commas and powers of ten": (table(b=[f"{v / 1e4}".replace(".", ",") for v in BASE.b]), "decimal commas", table(b=BASE.b / 1e4)),
    "euros": (table(b=[f"{v} €" for v in german(LARGE)]), "decimal commas", table(b=LARGE)),
    "thousands that look like decimals beside true ones": (
        table(a=german(BASE.a), b=[f"{v / 1000:.3f}".replace(".", ",") for v in 1001 + np.arange(N)]),
        "decimal commas", table(b=1.001 + np.arange(N) / 1000),
    ),
    "numbers, and words for none": (table(b=[*BASE.b[:-2], "n/a", "?"]), r"\['\?', 'n/a'\]", BASE[:-2]),
    "dollars, and words for none": (table(b=[f"${v:,.2f}" for v in LARGE[:-1]] + ["-"]), r"\['-'\]", table(b=LARGE)[:-1]),
    "decimals": (table(b=[Decimal(str(v)) for v in BASE.b]), "numbers written as words", BASE),
    "objects of several kinds": (table(b=[*BASE.b[:9], *map(str, BASE.b[9:])]), "numbers written as words", BASE),
    "truth as objects": (table(b=repeated(True, False)), "numbers written as words", table(b=repeated(1, 0))),
    "truth with a hole": (table(b=repeated(True, None, True, False)), "numbers", table(b=repeated(1, None, 1, 0)).dropna()),
    "bytes": (table(b=[str(v).encode() for v in BASE.b]), "bytes", BASE),
    "lists": (table(b=[[1, 2]] * N), "list", BASE[["a", "Y"]]),
    "categories of numbers": (table(b=pd.Categorical(BASE.b)), "numbers written as words", BASE),
    "categories of dollars": (table(b=pd.Categorical([f"{v:,.2f} $" for v in LARGE])), "numbers", table(b=LARGE)),
    "categories in an order": (table(b=pd.Categorical(repeated("mid", "low", None, "high"), ["low", "mid", "high"], ordered=True)), "in an order", table(b=repeated(2, 1, None, 3)).dropna()),
    "bins": (table(b=pd.cut(np.arange(N), 3)), "in an order", table(b=np.repeat([1, 2, 3], 10))),
    "categories of words": (table(b=pd.Categorical(repeated("x", "y"))), "words", BASE.assign(b=repeated(1, 0), b_y=repeated(0, 1))[["a", "b", "b_y", "Y"]]),
    "words": (table(b=repeated("x", "y", "z")), "words", BASE.assign(x=repeated(1, 0, 0), y=repeated(0, 1, 0), z=repeated(0, 0, 1))[["a", "x", "y", "z", "Y"]]),
    "words where columns have no names": (table(b=repeated("x", "y")).set_axis(range(3), axis=1), "words", BASE.assign(x=repeated(1, 0), y=repeated(0, 1))[["a", "x", "y", "Y"]]),
    "names": (table(b=[f"name {chr(65 + i)}" for i in range(N)]), "words", BASE[["a", "Y"]]),
    "amounts of several units": (table(b=repeated("1 kg", "300 g")), "words", table(x=repeated(1, 0), y=repeated(0, 1))[["a", "x", "y", "Y"]]),
    "per cent beside shares": (table(b=repeated("12 %", "0.05")), "words", table(x=repeated(0, 1), y=repeated(1, 0))[["a", "x", "y", "Y"]]),
    "a target of two words": (table(Y=repeated("yes", "no")), "target 'Y'", table(Y=repeated(1, 0))),
    "a target of two categories": (table(Y=pd.Categorical(repeated("yes", "no"))), "target 'Y'", table(Y=repeated(1, 0))),
    "a target of names": (table(Y=[f"name {chr(65 + i)}" for i in range(N)]), "target 'Y'", BASE[["a", "b"]]),
    "missing values": (table(b=BASE.b.where(BASE.b > -1)), r"missing values in \['b'\]", BASE[BASE.b > -1]),
    "missing values in most rows": (table(b=BASE.b.where(BASE.b > 1)), "drop the emptiest", BASE[["a", "Y"]]),
    "missing values here and there": (table(a=BASE.a.where(BASE.index % 3 > 0), b=BASE.b.where(BASE.index % 3 < 2)), "most rows", table(a=BASE.a.where(BASE.index % 3 > 0, BASE.a[BASE.index % 3 > 0].median()), b=BASE.b.where(BASE.index % 3 < 2, BASE.b[BASE.index % 3 < 2].median()))),
    "missing integers here and there": (table(a=pd.Series([1, None, 2] * 10, dtype="Int64"), b=pd.Series([None, 1, 2] * 10, dtype="Int64")), "most rows", table(a=[1, 1.5, 2] * 10, b=[1.5, 1, 2] * 10)),
    "missing targets": (table(Y=BASE.Y.where(BASE.Y > 0)), "without a target", BASE[BASE.Y > 0]),
    "<NA> in Int64": (table(b=pd.Series([None, *range(1, N)], dtype="Int64")), "missing", table(b=np.arange(N))[1:]),
    "<NA> in Float64": (table(b=BASE.b.where(BASE.b > -1).astype("Float64")), "missing", BASE[BASE.b > -1]),
    "<NA> in boolean": (table(b=repeated(True, None, True, False).astype("boolean")), "missing", table(b=repeated(1, None, 1, 0)).dropna()),
    "an empty column": (table(c=np.nan)[["a", "c", "b", "Y"]], r"no values in \['c'\]", BASE),
    "infinite values": (table(b=BASE.b.where(BASE.b < 1, np.inf)), r"infinite values in \['b'\]", BASE[BASE.b < 1]),
    "a column of infinities": (table(c=-np.inf)[["a", "c", "b", "Y"]], r"infinite values in \['c'\]", BASE),
    "no rows": (BASE.iloc[:0], "no rows", BASE),
    "the same column twice": (BASE[["a", "a", "b", "Y"]], r"\['a'\], all the same", BASE),
    "the target among the features": (BASE[["Y", "a", "b", "Y"]], r"\['Y'\], all the same", BASE),
    "two columns of one name": (BASE.set_axis(list("aaY"), axis=1), r"\['a'\], which differ", BASE),
    "twins, and others": (pd.concat([BASE[["a", "b", "a"]], 2 * BASE[["b"]], BASE[["Y"]]], axis=1), r"\['a', 'b'\], which differ", table(c=BASE.a, d=2 * BASE.b)[["a", "b", "c", "d", "Y"]]),
    "names of two parts": (BASE.set_axis(pd.MultiIndex.from_product([["x", "y", "z"], [1]]), axis=1), "2 parts", BASE),
    "the target alone": (BASE[["Y"]], "at least one feature", BASE[["a", "Y"]]),
    "no columns": (BASE[[]], "at least one feature", BASE[["a", "Y"]]),
    "numbers of persons": (table(PassengerId=np.arange(N) + 1)[["PassengerId", "a", "b", "Y"]], "PassengerId", BASE),
    "a constant target": (table(Y=1.0), "is 1 in every row", BASE.assign(Y=1.0)[["a", "Y", "b"]]),
    "charges of electrons": (table(b=BASE.b * 1e-19), "less than 1e-14", table(b=BASE.b / BASE.b.abs().max())),
    "what inplace=True returns": (None, "is None", BASE),
    "an array": (BASE.to_numpy(), "must be a DataFrame", BASE),
    "a dict": (BASE.to_dict("list"), "must be a DataFrame", BASE),
    "a list of dicts": (BASE.to_dict("records"), "must be a DataFrame", BASE),
}  # fmt: skip


def advice(frame):
    """Return the words in which a table is refused, and the pandas call at their end; two Nones if it is not."""
    try:
        split_and_scale(frame)
    except (TypeError, ValueError) as error:
        said = str(error)
        return said, said[said.rindex(": frame") + 2 :]
    return None, None


def mended(frame, **known):
    """Follow the advice until the table is accepted. Return the table, and what was said of it."""
    heard = []
    while len(heard) < 8:
        said, call = advice(frame)
        if said is None:
            return frame, heard
        heard.append(said)
        names = {"frame": frame, "pd": pd, "np": np, **known}
        exec(call, names)
        frame = names["frame"]
    raise AssertionError("\n".join(heard))


def same(frame, expected):
    assert frame.shape == expected.shape
    np.testing.assert_allclose(frame.to_numpy(float), expected.to_numpy(float), atol=0.006)


@pytest.mark.parametrize("name", FILES)
def test_a_file_read_otherwise_than_it_was_written(name):
    text, options, expected = FILES[name]
    frame, heard = mended(read(text, **options), file=io.StringIO(text))
    assert len(heard) == (2 if "question mark" in name else 1), heard
    same(frame, expected)


@pytest.mark.parametrize("name", TABLES)
def test_the_advice_mends_the_table(name):
    frame, says, expected = TABLES[name]
    whole = BASE.rename(columns={"a": "a feature", "Y": "the target"})
    frame, heard = mended(copy.copy(frame), table=whole)
    assert re.search(says, heard[0]), heard
    same(frame, expected)


PLAIN = [name for name, (frame, *_) in TABLES.items() if isinstance(frame, pd.DataFrame) and frame.size > N]


@pytest.mark.parametrize("name", PLAIN)
def test_whatever_columns_and_rows_are_called(name):
    frame = TABLES[name][0]
    for names in (range(frame.shape[1]), ["it's", "가격 (원)", '"c"', "d\\n", "{e}"][: frame.shape[1]]):
        odd = frame.set_axis(names, axis=1)
        same(mended(odd.set_axis(np.zeros(len(odd)), axis=0))[0], mended(odd)[0])


FINE = {
    "truth": table(b=np.arange(N) % 2 == 0),
    "nullable kinds": table(a=BASE.a.astype("Float64"), b=pd.array(range(N), dtype="Int64")),
    "whole numbers": (BASE * 1000).astype(int),
    "a constant feature": table(b=1.0),
    "every row twice": pd.concat([BASE, BASE]),
    "numbers for names": BASE.set_axis([0, 1, 2], axis=1),
    "wavelengths for names": BASE.set_axis(["400.5", "401.0", "402.5"], axis=1),
    "years and the target for names": BASE.set_axis(["2021", "2020", "Y"], axis=1),
    "a number that comes again": table(id=np.arange(N) // 2)[["id", "a", "Y"]],
    "an index that measures": table(index=BASE.b)[["index", "a", "Y"]],
    "a name that ends in id": table(humid=np.arange(N))[["humid", "a", "Y"]],
}


@pytest.mark.parametrize("name", FINE)
def test_a_table_that_needs_no_mending(name):
    frame = FINE[name]
    split = split_and_scale(frame)
    assert all(part.isfinite().all() for part in (split.X_train, split.X_test, split.y_train))
    prices = np.sort([*split.to_target_units(split.y_train), *split.to_target_units(split.y_test)], axis=None)
    np.testing.assert_allclose(prices, np.sort(frame.iloc[:, -1]), rtol=1e-4, atol=1e-6)


def test_a_table_with_many_faults_is_mended_step_by_step():
    """As from a competition: numbers of persons, names, dates, amounts, words and holes."""
    passengers = pd.DataFrame(
        {
            "PassengerId": np.arange(N) + 1,
            "Name": [f"Passenger {chr(65 + i)}" for i in range(N)],
            "Born": DAYS.strftime("%d.%m.%Y"),
            "Fare": [f"£{v:.2f}" for v in BASE.a],
            "Port": repeated("S", "C", None),
            "Age": BASE.b.where(BASE.b > -1),
        }
    )
    frame, heard = mended(passengers.copy())
    assert len(heard) == 6, heard
    assert list(frame.columns) == ["Born", "Fare", "Port_C", "Port_S", "Age"]


def test_dropna_that_leaves_nothing():
    whole = table(c=np.nan)[["a", "c", "b", "Y"]].assign(b=BASE.b.where(BASE.b > 1))
    frame, heard = mended(whole.dropna(), table=whole)
    assert len(heard) == 2 and "no rows" in heard[0]
    same(frame, BASE[["a", "Y"]])


def test_a_table_that_can_not_be_mended_says_so():
    with pytest.raises(ValueError, match="so is every feature: there is nothing to learn"):
        split_and_scale(BASE * 0)


def test_scale_splits_says_the_same():
    frame, says, _ = TABLES["dollars"]
    with pytest.raises(TypeError, match=says):
        scale_splits(frame, [([0, 1], [2])])
