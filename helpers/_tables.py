"""What ``helpers.data`` asks of a table: finite numbers, and a target that varies.

Each message names the columns and ends with the pandas call that mends them. Of several faults the
one comes first that explains the others: a wrong separator before the words that came of it.
"""

import re
import warnings
from numbers import Number

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype, is_complex_dtype, is_numeric_dtype

# A column of such a name in which no value comes twice says which row this is, and measures nothing.
ROW_NAME = re.compile(
    r"unnamed: \d+.*|index|level_\d+|#|obs|no\.?|nr\.?|번호|row[ _.]?(names?|numbers?|num|nr|no|id)?|"
    r"(.*[ _.])?id|(?-i:.*[a-z]I[Dd])",
    re.IGNORECASE,
)
WORDS = 20  # at most, for a column of its own for each
# A number among other signs, as in "$ -1,234.50 per month".
EXPONENT = r"(?:[eE][-+]?\d+)?"
NUMBER = re.compile(rf"([^-+−\d]*?)[-+−]?([^-+−\d]*?)((?:\d[\d.,'\s]*[\d.,]|\d|[.,]\d+){EXPONENT})(.*)")
# By the mark before the decimals: what numbers look like, and what turns them into Python's.
MARKS = {
    ".": (re.compile(rf"(\d{{1,3}}([,'\s]\d{{3}})+|\d*)(\.\d*)?{EXPONENT}"), {",": ""}),
    ",": (re.compile(rf"(\d{{1,3}}([.'\s]\d{{3}})+|\d*)(,\d*)?{EXPONENT}"), {r"\.": "", ",": "."}),
}
DAYS = "({0} - {0}.min()) / pd.Timedelta(days=1)"
# By pandas' name for the kind of values: what they are, and what makes numbers of a column {0}.
KINDS = {
    "complex": ("complex numbers; keep their real part", "np.real({0}.astype(complex))"),
    "datetime": ("dates; count days", DAYS.format("pd.to_datetime({0})")),
    "period": ("spans of the calendar; count days", DAYS.format("{0}.dt.to_timestamp()")),
    "timedelta": ("spans of time; count seconds", "pd.to_timedelta({0}).dt.total_seconds()"),
    "time": ("times of the day; count seconds", "pd.to_timedelta({0}.astype(str)).dt.total_seconds()"),
    "interval": ("intervals; take their middles", "{0}.map(lambda interval: interval.mid)"),
    "bytes": ("bytes; decode them", "{0}.str.decode('utf-8')"),
}
KINDS |= {"datetime64": KINDS["datetime"], "date": KINDS["datetime"], "timedelta64": KINDS["timedelta"]}


def check_frame(frame):
    """Raise unless ``frame`` is a DataFrame of finite numbers: features and, last, a target that varies."""
    if frame is None:
        raise TypeError(
            "frame is None, which is what pandas' methods return with inplace=True; "
            "leave that out, as in: frame = table.dropna()"
        )
    if not isinstance(frame, pd.DataFrame):
        reader = "read_csv" if isinstance(frame, str) else "DataFrame"
        raise TypeError(
            f"frame must be a DataFrame such as load_boston() gives, not {type(frame).__name__}; "
            f"make one: frame = pd.{reader}(frame)"
        )
    _check_columns(frame)
    _check_kinds(frame)
    _check_values(frame)


def values(frame):
    """Return the numbers of a checked table as an array of floats, (n, columns)."""
    return frame.to_numpy(float, na_value=np.nan)


def _check_columns(frame):
    names = list(frame.columns)
    if len(names) == 1 and (options := _how_to_read(frame)):
        raise ValueError(
            f"frame has the one column {names[0]!r}, in which there are several; "
            f"read the file once more: frame = pd.read_csv(file, {options})"
        )
    if len(names) < 2:
        raise ValueError(
            f"frame needs at least one feature and, last, the target; its columns are {names}. "
            "Choose them from the whole table: frame = table[['a feature', 'the target']]"
        )
    if frame.columns.nlevels > 1:
        raise ValueError(
            f"frame's columns have names of {frame.columns.nlevels} parts, such as {names[0]}; join them: "
            "frame.columns = ['_'.join(map(str, parts)) for parts in frame.columns]"
        )
    # pandas adds a .1 to the second of two names.
    number = re.compile(r"(-?\d+(\.\d+)?)(\.\d+)?")
    numbers = [float(match[1]) for name in names if (match := number.fullmatch(str(name)))]
    if type(names[0]) is str and len(numbers) == len(names) and (np.diff(numbers) <= 0).any():
        raise ValueError(
            f"frame's columns are called {names[0]!r}, {names[1]!r}...: the file begins with a row of "
            "numbers, not of names; read it once more: frame = pd.read_csv(file, header=None)"
        )
    if frame.columns.dtype.kind == "i" and _words(frame.iloc[:1]) and not _words(frame.iloc[1:]):
        raise ValueError(
            f"frame's first row holds words, such as {frame.iat[0, 0]!r}, and is the header; "
            "read the file once more: frame = pd.read_csv(file)"
        )
    twice = frame.columns[frame.columns.duplicated()].unique().tolist()
    if twice:
        if all(frame[name].eq(frame[name].iloc[:, -1], axis=0).all(axis=None) for name in twice):
            mend = "all the same; keep the last: frame = frame.loc[:, ~frame.columns.duplicated(keep='last')]"
        else:
            mend = (
                "which differ; number all names: "
                "frame.columns = [f'{name}_{i}' for i, name in enumerate(frame.columns)]"
            )
        raise ValueError(f"frame has several columns of one name, {twice}, {mend}")
    if frame.empty:
        raise ValueError(
            "frame has no rows. If it was dropna() that took them, begin with columns that are empty "
            "throughout, in the whole table: frame = table.dropna(axis='columns', how='all')"
        )
    empty = [name for name in names if frame[name].isna().all()]
    if empty:
        raise ValueError(
            f"frame has no values in {empty}; drop them: frame = frame.dropna(axis='columns', how='all')"
        )
    called = [name for name in names if _names_rows(frame[name])]
    if called:
        raise ValueError(
            f"frame has columns that name its rows and measure nothing: {called}. An index comes back as "
            f"one with pd.read_csv(file, index_col=0); or drop them: frame = frame.drop(columns={called})"
        )


def _how_to_read(frame):
    """Return the options of read_csv for a file that became one column, or None."""
    (name,) = frame.columns
    rows = frame[name].astype(str)
    lines = pd.Series([*([name] if isinstance(name, str) else []), *rows], dtype=object)
    for mark, pattern in ((";", ";"), ("\t", "\t"), ("|", r"\|"), (",", ","), (r"\s+", r"\S\s+\S")):
        # A semicolon says enough in the header; commas and spaces may be part of it.
        if lines[:1].str.contains(pattern).all() and (mark in ";\t|" or lines.str.contains(pattern).all()):
            # Where decimal commas separated the fields, the first of them became the index.
            split = type(frame.index) is not pd.RangeIndex or rows.str.contains(r"\d,\d").any()
            decimal = ", decimal=','" if split and mark != "," else ""
            return f"sep={mark!r}" + decimal + ("" if isinstance(name, str) else ", header=None")
    return None


def _words(frame):
    """Whether there are rows in which nothing is a number."""
    return len(frame) > 0 and frame.apply(pd.to_numeric, errors="coerce").isna().all(axis=None)


def _names_rows(column):
    if not (isinstance(column.name, str) and ROW_NAME.fullmatch(column.name.strip())):
        return False
    parts = column.dtype.kind == "f" and (column % 1 != 0).any()
    return column.is_unique and not parts


def _check_kinds(frame):
    words = []
    for name, column in frame.items():
        if is_numeric_dtype(column) and not is_complex_dtype(column):
            continue
        if found := KINDS.get(infer_dtype(column)):
            _refuse(name, *found)
        others = {type(value).__name__ for value in column.dropna() if not isinstance(value, str | Number)}
        if not isinstance(column.dtype, pd.CategoricalDtype) and others:
            raise TypeError(
                f"frame's column {name!r} holds {', '.join(sorted(others))}, not numbers; "
                f"drop it: frame = frame.drop(columns=[{name!r}])"
            )
        words.append(name)
    _check_numbers_in_words(frame[words])
    for name in words:
        if frame[name].dtype == "category" and frame[name].cat.ordered:
            _refuse(name, "categories in an order; number them", "{0}.rank(method='dense')")
        if (options := _dates(frame[name])) is not None:
            _refuse(name, "dates; count days", DAYS.format(f"pd.to_datetime({{0}}{options})"))
    _check_words(frame, words)


def _refuse(name, what, mend):
    column = f"frame[{name!r}]"
    raise TypeError(f"frame's column {name!r} holds {what}: {column} = {mend.format(column)}")


def _check_numbers_in_words(frame):
    readings = {name: found for name in frame.columns if (found := _readings(frame[name]))[0]}
    if not readings:
        return
    # "1,234" alone may be either; a table is written in one way.
    common = [mark for mark in MARKS if all(mark in ways for ways, _ in readings.values())]
    chosen = {name: (common or list(ways))[0] for name, (ways, _) in readings.items()}
    first = next(iter(readings))
    mark, replacements, rest = chosen[first], readings[first][0][chosen[first]], readings[first][1]
    alike = [
        name
        for name, (ways, others) in readings.items()
        if ways[chosen[name]] == replacements and bool(others) == bool(rest)
    ]
    what = "numbers written as words"
    if mark == "," and "," in replacements:
        what = "numbers with decimal commas (pd.read_csv reads them with decimal=',')"
    if rest:
        what += f" and, where one is missing, {rest[:3]}"
    columns = f"frame[{alike}]"
    mend = columns + ".astype(object)" * (frame[first].dtype == "category")
    mend += f".replace({replacements}, regex=True)" if replacements else ""
    mend += ".apply(pd.to_numeric, errors='coerce')" if rest else ".apply(pd.to_numeric)"
    raise TypeError(f"frame's columns {alike} hold {what}; make them numbers: {columns} = {mend}")


def _readings(column):
    """Return the ways to read words as numbers, {decimal mark: replacements}, and which are no numbers."""
    known = column.dropna().astype(object)
    if _plain(known):
        return dict.fromkeys(MARKS, {}), []
    texts = known.astype(str).str.strip()
    numbers = texts[texts.str.contains(r"\d")]
    rest = sorted(set(texts) - set(numbers))
    if 2 * len(numbers) < len(texts):
        return {}, rest
    if _plain(numbers):
        return dict.fromkeys(MARKS, {}), rest
    found = [match for text in numbers if (match := NUMBER.fullmatch(text))]
    units = {((match[1] + match[2]).strip(), match[4].strip()) for match in found}
    # Numbers of several units, or with a letter each, are no amounts to compare.
    if len(found) < len(numbers) or len(units) > 1:
        return {}, rest
    without_units = {re.escape(unit): "" for unit in units.pop() if unit}
    ways = {}
    for mark, (pattern, replacements) in MARKS.items():
        used, bare = {}, numbers
        for old, new in (without_units | {r"[\s']": "", "−": "-"} | replacements).items():
            if bare.str.contains(old).any():
                used[old] = new
                bare = bare.str.replace(old, new, regex=True).str.strip()
        if all(pattern.fullmatch(match[3]) for match in found) and _plain(bare):
            ways[mark] = used
    return ways, rest


def _plain(words):
    return pd.to_numeric(words, errors="coerce").notna().all()


def _dates(column):
    """Return the options with which pandas reads words as dates, or None."""
    known = column.dropna().astype(str)
    if not known.str.contains(r"\d").all():
        return None
    for dayfirst in (False, True):
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            read = pd.to_datetime(known, errors="coerce", dayfirst=dayfirst).notna().all()
        if read and not any("dayfirst" in str(warning.message) for warning in warned):
            return ", dayfirst=True" if dayfirst else ""
    return None


def _check_words(frame, words):
    target = list(frame.columns)[-1]
    kinds = {name: sorted(frame[name].dropna().unique(), key=str) for name in words}
    if target in kinds:
        other = _other_target(frame)
        move = f"frame[{other!r}] = frame.pop({other!r})"
        what = f"frame's last column, the target {target!r}, holds words"
        if other is not None and len(kinds[target]) > WORDS:
            raise TypeError(f"{what}; make another column the last: {move}")
        codes = {word: code for code, word in enumerate(kinds[target])}
        mend = f"frame[{target!r}].map({codes})" + ".astype(float)" * (frame[target].dtype == "category")
        raise TypeError(
            f"{what}. If the target is another column, make that the last, as in {move}; "
            f"else number the words in an order that means something: frame[{target!r}] = {mend}"
        )
    many = [name for name in words if len(kinds[name]) > WORDS]
    if many:
        raise TypeError(
            f"frame's columns {many} hold words, more than {WORDS} different ones; "
            f"drop them: frame = frame.drop(columns={many})"
        )
    if words:
        raise TypeError(
            f"frame's columns {words} hold words; make a column of zeros and ones for each word, and keep the "
            f"target last: frame = pd.concat([pd.get_dummies(frame.iloc[:, :-1], columns={words}), "
            "frame.iloc[:, -1]], axis=1)"
        )


def _other_target(frame):
    """Return the name of the last feature that varies, of numbers if there is one; None if none varies."""
    vary = [name for name in frame.columns[:-1] if frame[name].nunique() > 1]
    return ([None] + vary + [name for name in vary if is_numeric_dtype(frame[name])])[-1]


def _check_values(frame):
    table, target = values(frame), list(frame.columns)[-1]
    infinite = frame.columns[np.isinf(table).any(axis=0)].tolist()
    if infinite:
        mend = "frame = frame.replace([np.inf, -np.inf], np.nan)"
        if 2 * np.isfinite(table).all(axis=1).sum() > len(frame):
            mend += ".dropna()"
        raise ValueError(f"frame has infinite values in {infinite}; count them as missing: {mend}")
    missing = np.isnan(table)
    if missing.any():
        said = f"frame has missing values in {frame.columns[missing.any(axis=0)].tolist()}; "
        if missing[:, -1].any():
            raise ValueError(f"{said}drop rows without a target: frame = frame.dropna(subset=[{target!r}])")
        if 2 * missing.any(axis=1).sum() <= len(frame):
            raise ValueError(f"{said}drop those rows: frame = frame.dropna()")
        empty = frame.columns[2 * missing.sum(axis=0) > len(frame)].tolist()
        if 0 < len(empty) < frame.shape[1] - 1:
            raise ValueError(f"{said}drop the emptiest: frame = frame.drop(columns={empty})")
        raise ValueError(
            f"{said}most rows lack one, so fill them (test rows have a say in a median): "
            "frame = frame.astype(float).fillna(frame.median())"
        )
    if np.ptp(table[:, -1]) == 0 and len(table) > 1:
        other = _other_target(frame)
        said = f"frame's last column, the target {target!r}, is {table[0, -1]:g} in every row"
        if other is None:
            raise ValueError(f"{said}, and so is every feature: there is nothing to learn")
        raise ValueError(f"{said}; make one the last that varies: frame[{other!r}] = frame.pop({other!r})")
    # A unit so large that scikit-learn takes the column for a constant.
    size, range_ = np.abs(table).max(axis=0), np.ptp(table, axis=0)
    tiny = frame.columns[(range_ < 1e-14) & (range_ > 1e-6 * size)].tolist()
    if tiny:
        raise ValueError(
            f"frame's columns {tiny} differ by less than 1e-14 from row to row, which a scaler takes for "
            f"nothing; take a smaller unit: frame[{tiny}] = frame[{tiny}] / frame[{tiny}].abs().max()"
        )
