"""Data in memory: the same table from every source, types that are kept, one clear sentence for what is no table."""

import csv
import io
import math
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.data.category_column import CategoryColumn
from mlptrain.data.cells import NumberCells, TextCells
from mlptrain.data.column_rules import ColumnRules, FeatureRules
from mlptrain.data.date_column import DateColumn, count_zones, read_dates
from mlptrain.data.feature_fitting import decide_column_kinds, fit_features, infer_column_kind
from mlptrain.data.frames import adapt_texts_to_columns, adapt_texts_to_known, read_columns, read_frame, replace_texts
from mlptrain.data.grammar import NUMBERS
from mlptrain.data.levels import merge_levels
from mlptrain.data.moments import ISO, compile_date_format, parse_moment
from mlptrain.data.number_reading import read_booleans, read_numbers
from mlptrain.data.table import Table
from mlptrain.data.targets import fit_classes, read_targets
from mlptrain.errors import DataError, SpecError
from tests.support.table_cases import drawn, read

INSTALL = "pip install -e '.[integration]'"


def library(name: str) -> Any:
    return pytest.importorskip(name, reason=f"needs {name}: {INSTALL}")


def kind_of(values: Any) -> str:
    return read_columns({"x": values}).types["x"].kind


def texts(values: Any) -> list[str]:
    return read_columns({"x": values}).texts("x")


def understood(values: Any, *missing: str) -> tuple[str, str]:
    found = infer_column_kind(read_columns({"x": values}), "x", {"", *missing})
    return found.kind, found.note


# The type of a column


@dataclass(frozen=True)
class NAType:
    """Stands for pandas' NA."""

    def __ne__(self, other: object) -> Any:
        raise TypeError


MIXED_NUMBERS = [
    1,
    2.5,
    np.int8(3),
    np.float32(0.5),
    Decimal("1.50"),
    2**60 + 1,
    None,
    math.nan,
    Decimal("NaN"),
    NAType(),
]


@pytest.mark.parametrize(
    ("values", "kind", "written"),
    [
        (MIXED_NUMBERS, "number", ["1", "2.5", "3", "0.5", "1.50", str(2**60 + 1), "", "", "", ""]),
        ([True, np.False_, None], "boolean", ["True", "False", ""]),
        (["a", "1", "", None, math.nan, "True"], "category", ["a", "1", "", "", "", "True"]),
        ([date(1969, 12, 31), datetime(2020, 2, 29, 12, 30), None], "date", ["1969-12-31", "2020-02-29 12:30:00", ""]),
        ([np.datetime64("1960-01-01T00:00:00.000000001"), np.datetime64("NaT")], "date",
         ["1960-01-01 00:00:00.000000001", ""]),
        ([datetime(2020, 1, 1, 1, tzinfo=timezone(timedelta(hours=2)))], "date", ["2019-12-31 23:00:00"]),
        (np.array([1.0, -0.0, 0.1, np.nan]), "number", ["1", "-0", "0.1", ""]),
        (np.array([2**53 + 1, -5]), "number", ["9007199254740993", "-5"]),
        (np.array([2**64 - 1], np.uint64), "number", ["18446744073709551615"]),
        (np.array([0.1], np.float32), "number", ["0.10000000149011612"]),
        (np.array([0.1, -0.0, 65504, np.nan], np.float16), "number", ["0.1", "-0", "65500", ""]),
        ([np.float16(0.1), None, np.float16(np.nan), 1], "number", ["0.1", "", "", "1"]),
        (np.array([True, False]), "boolean", ["True", "False"]),
        (np.array(["a", "b"]), "category", ["a", "b"]),
        (np.array(["1900-01", "NaT"], "datetime64[M]"), "date", ["1900-01-01", ""]),
        (np.ma.masked_array([1, 2], [False, True]), "number", ["1", ""]),
        (np.ma.masked_array(["a", "b"], [False, True]), "category", ["a", ""]),
        (range(2), "number", ["0", "1"]),
        ((value for value in "ab"), "category", ["a", "b"]),
        ([None, None], "category", ["", ""]),
        ([], "category", []),
    ],
)  # fmt: skip
def test_the_type_of_the_values_is_the_kind_and_their_texts_are_those_of_files(values, kind, written):
    found = read_columns({"x": values})
    assert (found.types["x"].kind, found.texts("x")) == (kind, written)


def test_every_number_of_half_precision_is_that_of_its_shortest_text():
    every = np.arange(2**16, dtype=np.uint16).view(np.float16)
    halves = every[np.isfinite(every)]
    expected = np.array([float(np.format_float_positional(half, unique=True)) for half in halves])
    for values in (halves, np.ma.array(halves), np.stack([halves, halves], axis=1)[:, 0], list(halves)):
        table = read_columns({"x": values})
        found, _ = table.column("x").read_numbers(frozenset(), table.grammar_of("x"))
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1, timedelta(1)], r'row 2: column "x": datetime.timedelta\(days=1\) is no .*; give its length as a number'),
        ([np.timedelta64(1, "s")], "give its length as a number"),
        (np.array([1], "timedelta64[s]"), "give its length as a number"),
        ([b"a"], "decode it to text"),
        (np.array([b"a"]), "decode it to text"),
        ([1 + 2j], "give its real and its imaginary part a column each"),
        (np.array([1j]), "give its real and its imaginary part a column each"),
        ([[1, 2]], "give each of its values a column of its own"),
        ([{"a": 1}], "give each of its values a column of its own"),
        ([object()], "turn it into one of these"),
        (np.zeros((2, 2)), r"an array of the shape \(2, 2\) is no column"),
        (["a\0"], "a cell holds a NUL character; remove it"),
        (["\ud800"], "a cell holds half a character"),
        (np.array(["10000-01-01"], "datetime64[D]"), "the year is none of 1 to 9999"),
    ],
)  # fmt: skip
def test_what_is_of_no_kind_is_refused_with_what_to_do(values, said):
    with pytest.raises(DataError, match=f"table.*{said}"):
        read_columns({"x": values})


def test_a_frames_types_are_its_types():
    assert understood([0, 1, 0]) == ("number", "")
    assert understood(["0", "1", "0"]) == ("category", "")
    assert understood(["yes", "no"]) == ("category", "")
    assert understood([True, False]) == ("boolean", "")
    assert understood([date(2020, 1, 1), date(2020, 1, 2)]) == ("date", "")


@pytest.mark.parametrize(
    ("values", "kind", "note"),
    [
        ([1, 1], "ignore", "constant"),
        ([1, None], "category", "one value, or missing"),
        ([math.nan], "ignore", "all cells are missing"),
        (["a", "a"], "ignore", "constant"),
        (["a", None], "category", "one value, or missing"),
        ([True, None], "category", "one value, or missing"),
        ([date(2020, 1, 1), None], "category", "one value, or missing"),
        ([None], "ignore", "all cells are missing"),
        (list(range(20)), "ignore", "a running number: an identifier"),
        ([f"name {k}" for k in range(200)], "ignore", "text with 200 different values in 200 cells"),
        (["2020-01-01", "2020-01-02"], "ignore", "dates; to use them, set data.columns: {x: date}"),
    ],
)  # fmt: skip
def test_what_cannot_be_learned_from_is_left_out_as_in_files(values, kind, note):
    assert understood(values) == (kind, note)


def test_values_of_another_type_are_an_error_that_names_the_row_unless_they_mean_missing():
    with pytest.raises(
        DataError, match=r"""^table row 3: column "x": 'three' is no number, as other values are; .*x: category"""
    ):
        understood([1, 2, "three", "four"])
    with pytest.raises(DataError, match=r"row 2: .*'2' is no number"):
        understood([1, "2"])
    with pytest.raises(DataError, match=r"row 2: .*'2' is no truth value"):
        understood([True, 2])
    with pytest.raises(DataError, match=r"row 2: .*'x' is no date"):
        understood([date(2020, 1, 1), "x"])
    assert understood([1, "NA", 2, "?", "none"], "none") == ("number", "")
    mixed = read_columns({"x": [1, "a", 2.0, True]})
    assert mixed.texts("x") == ["1", "a", "2", "True"]


def test_infinity_is_an_error_as_in_files():
    for values in ([1.0, math.inf], np.array([1.0, -np.inf]), np.append(np.arange(2000) / 7, np.inf), [1.0, 10**400]):
        with pytest.raises(DataError, match=r"table row \d+: column \"x\": '.*' is (not a|too large for a) number"):
            understood(values)


# The forms of data


COLUMNS = {"a": [1, 2], "b": ["x", None]}
RECORDS = [{"a": 1, "b": "x"}, {"a": 2}]
FORMS = {
    "columns": COLUMNS,
    "tuples": {name: tuple(values) for name, values in COLUMNS.items()},
    "records": RECORDS,
    "structured": np.array([(1, "x"), (2, None)], dtype=[("a", int), ("b", object)]),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_table(form):
    found = read_frame(FORMS[form])
    assert {name: found.texts(name) for name in found.columns} == {"a": ["1", "2"], "b": ["x", ""]}
    assert {name: found.types[name].kind for name in found.types} == {"a": "number", "b": "category"}


def test_one_record_is_one_row():
    found = read_frame({"a": 1, "b": "x", "c": None, "d": date(2020, 1, 1)})
    assert {name: found.texts(name) for name in found.columns} == {
        "a": ["1"],
        "b": ["x"],
        "c": [""],
        "d": ["2020-01-01"],
    }


def test_rows_and_arrays_get_their_names():
    for rows in (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]], [(1, 2), np.array([3, 4])]):
        assert read_frame(rows, names=["a", "b"]).texts("b") == ["2", "4"]
    assert read_frame([], names=["a"]).rows == 0
    mixed = read_frame([[1, "x"], [2.5, "y"]], names=["a", "b"])
    assert [mixed.types[name].kind for name in "ab"] == ["number", "category"]


@pytest.mark.parametrize(
    ("data", "names", "error", "said"),
    [
        (np.zeros((2, 2)), None, SpecError, "has no names of columns; give a mapping of columns, a list of records"),
        ([], None, DataError, "table: there are no rows"),
        ([{"a": 1}, 2], None, DataError, "table row 2: 2 is no record, as other rows are"),
        ([{1, 2}], ["a", "b"], DataError, r"an array of 2 columns is expected \(a, b\); row 1 is \{1, 2\}"),
        ({"a\0": [1]}, None, DataError, r"the name of column 'a\\x00' holds a NUL or half a character; rename it"),
        ({"\ud800": [1]}, None, DataError, r"the name of column '\\ud800' holds a NUL or half a character"),
        ([[1]], None, SpecError, "has no names of columns"),
        (7, None, SpecError, "data: a int is no table; give a mapping of columns"),
        ("iris.csv", None, SpecError, "data: a str is no table"),
        (None, None, SpecError, "data: a NoneType is no table"),
        (Path("iris.csv"), None, SpecError, r"a file of rows is named in the spec \(data.train\), or read first"),
        (np.zeros((2, 3)), ["a"], DataError, r"an array of 1 columns is expected \(a\), not one of the shape \(2, 3\)"),
        ([[1], [1, 2]], ["a"], DataError, r"an array of 1 columns is expected \(a\); row 2 is \[1, 2\]"),
        ({}, None, DataError, "table: there are no columns"),
        ({"a": [1], "b": [1, 2]}, None, DataError, r"columns of different lengths: \[1, 2\]"),
        ({"a": [1], "b": "text"}, None, DataError, "column 'b' is 'text'; give a list of values, one for each row"),
        ({"a": [1], "b": {0: 1}}, None, DataError, "column 'b' is {0: 1}; give a list of values"),
        ({"a": [1], "b": {1}}, None, DataError, r"column 'b' is \{1\}; give a list of values"),
        ({1: [1], "1": [2]}, None, DataError, "column '1' is there twice; rename one of them"),
        ({("a", "b"): [1]}, None, DataError, r"the name of a column is \('a', 'b'\), which is no text; rename"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_one_clear_sentence(data, names, error, said):
    with pytest.raises(error, match=said):
        read_frame(data, names=names)


def test_only_some_columns_are_read_and_missing_ones_are_named_with_the_nearest():
    data = {"Age": [1], "Fare": [2], "bad": [object()]}
    assert list(read_frame(data, only=["Fare", "Age"]).columns) == ["Fare", "Age"]
    with pytest.raises(DataError, match=r"^table: column 'age' is missing; did you mean 'Age'\?"):
        read_frame(data, only=["Fare", "age"])


def test_names_that_are_whole_numbers_become_texts():
    assert list(read_frame({0: [1], np.int64(1): [2]}).columns) == ["0", "1"]


def test_many_numbers_stay_numbers_and_their_exact_texts_can_be_had():
    values = np.append(np.arange(3000) / 7, [np.nan, 1e305])
    for source in (values, values.tolist()):
        found = read_columns({"x": source, "y": np.arange(3002)})
        assert isinstance(found.columns["x"], NumberCells)
        assert found.texts("x")[:8] == ["0", *(repr(k / 7) for k in range(1, 7)), "1"]
        assert found.texts("x")[-2:] == ["", "1e+305"]
        assert found.take(np.array([2, 1])).texts("y") == ["2", "1"]
        np.testing.assert_array_equal(read_numbers(found.take(np.arange(3001)), "x", ()), values[:-1])


def test_nothing_heavy_is_imported_before_a_frame_is_there():
    code = (
        "import sys, mlptrain.data.frames as f, numpy as np\n"
        "f.read_frame({'a': [1], 'b': np.ones(1), 'c': (2,)})\n"
        "assert not {'narwhals', 'pandas', 'polars', 'pyarrow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# Dates


SECONDS = st.integers(-62135596800, 253402300799)


@drawn
@given(st.lists(st.tuples(SECONDS, st.just(0) | st.integers(0, 10**9 - 1)), min_size=1, max_size=20))
def test_a_moment_is_that_of_its_text(ticks):
    values = [np.datetime64(second, "s") for second, _ in ticks]
    near = [datetime(1970, 1, 1) + timedelta(seconds=second, microseconds=rest // 1000) for second, rest in ticks]
    for column in (np.array(values), values, near):
        found = read_columns({"x": column})
        seconds = read_dates(found, "x", (), "DD.MM.YYYY")
        assert seconds.tolist() == [parse_moment(text, compile_date_format(ISO)) for text in found.texts("x")]


@drawn
@given(st.lists(st.integers(-(2**63) + 1, 2**63 - 1), min_size=1, max_size=20))
def test_billionths_of_seconds_are_kept(ticks):
    found = read_columns({"x": np.array(ticks, "datetime64[ns]")})
    assert read_dates(found, "x", (), None).tolist() == [tick / 10**9 for tick in ticks]
    assert [parse_moment(text, compile_date_format(ISO)) for text in found.texts("x")] == [
        tick / 10**9 for tick in ticks
    ]


ZONE_AHEAD = timezone(timedelta(hours=2))
CLOCKS = [datetime(2020, 1, 1, 0, 30), datetime(2020, 7, 1)]


def test_times_of_python_with_a_zone_have_one_and_keep_their_clock():
    zoned = [*(each.replace(tzinfo=ZONE_AHEAD) for each in CLOCKS), None]
    for values, zones in ((zoned, (2, 0)), ([*CLOCKS, None], (0, 2)), ([zoned[0], CLOCKS[1]], (1, 1))):
        found = read_columns({"x": values})
        assert count_zones(found, "x", (), None) == zones
        local = read_dates(found, "x", (), None, clock="local")[:2]
        assert local.tolist() == [each.replace(tzinfo=UTC).timestamp() for each in CLOCKS]


@pytest.mark.integration
def test_times_of_frames_with_a_zone_have_one_and_keep_their_clock():
    pandas, polars, pyarrow = library("pandas"), library("polars"), library("pyarrow")
    for unit in ("us", "ns"):
        plain = pandas.DataFrame({"x": pandas.Series([*CLOCKS, None], dtype=f"datetime64[{unit}]")})
        zoned = plain.assign(x=plain["x"].dt.tz_localize("Europe/Berlin"))
        for frame, zones in ((plain, (0, 2)), (zoned, (2, 0))):
            arrow = pyarrow.Table.from_pandas(frame)
            for form in (frame, arrow, polars.from_arrow(arrow), arrow.to_pandas(types_mapper=pandas.ArrowDtype)):
                found = read_frame(form)
                assert count_zones(found, "x", (), None) == zones
                local = read_dates(found, "x", (), None, clock="local")[:2]
                assert local.tolist() == [each.replace(tzinfo=UTC).timestamp() for each in CLOCKS]


# Texts that a model knows


def test_values_take_the_texts_that_a_model_knows():
    found = read_columns({"n": [1.0, 2.5, None], "b": [True, False, None], "t": ["1", "2", "True"], "m": [1, "x", 2]})
    known = {"n": ["1.0", "2.5"], "b": ["true", "false"], "t": ["1.0"], "m": ["2.0"], "absent": []}
    adapted = adapt_texts_to_known(found, known)
    assert {name: adapted.texts(name) for name in "nbtm"} == {
        "n": ["1.0", "2.5", ""],
        "b": ["true", "false", ""],
        "t": ["1", "2", "True"],
        "m": ["1", "x", "2.0"],
    }
    assert adapt_texts_to_known(found, {"n": ["1", "1.0"]}).texts("n") == ["1", "2.5", ""]
    assert adapt_texts_to_known(read_columns({"n": [Decimal("1.00")]}), {"n": ["1"]}).texts("n") == ["1"]


def test_only_categories_take_other_texts():
    found = read_columns({"n": np.arange(2000) / 7, "c": [float(k % 2) for k in range(2000)]})
    rules = FeatureRules(columns={"c": ColumnRules(type="category")})
    csv_table = read("c\n" + "0.0\n1.0\n" * 5)
    features = fit_features(csv_table, decide_column_kinds(csv_table, ["c"], rules), rules, targets=np.zeros((10, 1)))
    column = features.columns[0]
    assert isinstance(column, CategoryColumn)
    adapted = adapt_texts_to_columns(found, [column])
    assert adapted.columns["n"] is found.columns["n"]
    np.testing.assert_array_equal(column.codes(adapted), np.arange(2000) % 2)


@pytest.mark.parametrize(
    "levels", [["2.0", "x", "01"], ["2", "x", "01"], ["2.0", "false", "01"], ["true", "01", "2.0"]]
)
@pytest.mark.parametrize("value", [2.0, 2, True, False], ids=repr)
def test_a_value_is_the_level_that_is_one_of_its_texts_whatever_the_others_are(levels, value):
    csv_table = read("c\n" + "".join(f"{level}\n" for level in levels * 5))
    rules = FeatureRules(columns={"c": ColumnRules(type="category")})
    understood = decide_column_kinds(csv_table, ["c"], rules)
    column = fit_features(csv_table, understood, rules, targets=np.zeros((15, 1))).columns[0]
    assert isinstance(column, CategoryColumn)
    adapted = adapt_texts_to_columns(read_columns({"c": [value]}), [column])
    texts_of = {2: {"2", "2.0"}, True: {"true"}, False: {"false"}}[value]
    known = [code for code, level in enumerate(column.levels) if level in texts_of]
    assert column.codes(adapted).tolist() == (known or [len(column.levels)])


def test_texts_are_replaced_as_in_files():
    found = read_columns({"t": ["a", "b"], "n": [1, 2], "d": [date(2020, 1, 1), date(2020, 1, 2)]})
    replaced = replace_texts(found, {"a": "b", "1": "NA"})
    assert (replaced.texts("t"), replaced.texts("n")) == (["b", "b"], ["NA", "2"])
    assert replaced.columns["d"] is found.columns["d"]
    assert replace_texts(found, {}) is found


# The same table from every library


def sources(columns: dict[str, list[Any]]) -> dict[str, Any]:
    """The same columns in every form that is there: with the libraries that are installed."""
    names = list(columns)
    found: dict[str, Any] = {
        "dict": columns,
        "records": [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)],
        "rows": [list(row) for row in zip(*columns.values(), strict=True)],
    }
    return found


def frames(columns: dict[str, list[Any]]) -> dict[str, Any]:
    pandas, polars, pyarrow = library("pandas"), library("polars"), library("pyarrow")
    nullable = {
        "n": pandas.array(columns["n"], "Float64"),
        "i": pandas.array(columns["i"], "Int64"),
        "c": pandas.Categorical(columns["c"]),
        "b": pandas.array(columns["b"], "boolean"),
        "d": pandas.Series(columns["d"], dtype="datetime64[us]").dt.tz_localize("UTC"),
    }
    table = pyarrow.table(
        {
            "n": pyarrow.array(columns["n"], pyarrow.float64()),
            "i": pyarrow.array(columns["i"], pyarrow.int64()),
            "c": pyarrow.array(columns["c"], pyarrow.string()),
            "b": pyarrow.array(columns["b"], pyarrow.bool_()),
            "d": pyarrow.array(columns["d"], pyarrow.timestamp("us")),
        }
    )
    coded = table.set_column(2, "c", table["c"].dictionary_encode())
    polars_frame = polars.DataFrame(
        columns,
        schema={
            "n": polars.Float64,
            "i": polars.Int64,
            "c": polars.String,
            "b": polars.Boolean,
            "d": polars.Datetime("us"),
        },
    )
    levels = sorted({value for value in columns["c"] if value is not None})
    return {
        "pandas": pandas.DataFrame({name: pandas.Series(values, dtype=object) for name, values in columns.items()}),
        "pandas nullable": pandas.DataFrame(nullable).rename(lambda row: row + 5).rename_axis("id"),
        "pandas arrow": table.to_pandas(types_mapper=pandas.ArrowDtype),
        "pyarrow": table,
        "pyarrow coded": coded,
        "polars": polars_frame,
        "polars lazy": polars_frame.lazy(),
        "polars categorical": polars_frame.with_columns(
            polars.col("c").cast(polars.Categorical),
            polars.col("d").dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Tokyo"),
        ),
        "polars enum": polars_frame.with_columns(polars.col("c").cast(polars.Enum(levels))),
    }  # fmt: skip


def as_csv(columns: dict[str, list[Any]]) -> Table:
    """The same columns, written by Python and read from a file."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return read(stream.getvalue())


finite = st.floats(-1e15, 1e15) | st.sampled_from([0.0, -0.0, 5e-324, 1e-7, 0.1])
moments = st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)) | st.dates().map(
    lambda day: datetime(day.year, day.month, day.day)
)


@st.composite
def tables(draw: Any) -> dict[str, list[Any]]:
    rows = draw(st.integers(2, 30))
    cells = {
        "n": finite,
        "i": st.integers(-(2**62), 2**62) | st.integers(0, 9),
        "c": st.sampled_from(["a", "1", "01", "x y", "é", "1.0", "nan"]),
        "b": st.booleans(),
        "d": moments,
    }
    columns = {
        name: draw(st.lists(st.none() | each, min_size=rows - 2, max_size=rows - 2)) + two(each, draw)
        for name, each in cells.items()
    }
    # A row without any cell is none in a file, and a row of gaps in memory: each of these has a truth value here.
    empty = [all(cell is None for cell in row) for row in zip(*columns.values(), strict=True)]
    columns["b"] = [False if none else cell for none, cell in zip(empty, columns["b"], strict=True)]
    return columns


def two(cells: Any, draw: Any) -> list[Any]:
    """Two different values, so that no column is constant."""
    return draw(st.lists(cells, min_size=2, max_size=2, unique=True))


RULES = FeatureRules(
    columns={
        "n": ColumnRules(type="number"),
        "i": ColumnRules(type="number"),
        "c": ColumnRules(type="category"),
        "b": ColumnRules(type="boolean"),
        "d": ColumnRules(type="date"),
    }
)
AS_TEXTS = FeatureRules(columns={name: ColumnRules(type="category") for name in "icb"})


def fitted(table: Table, rules: FeatureRules) -> tuple[Any, Any]:
    names = list(rules.columns)
    features = fit_features(table, decide_column_kinds(table, names, rules), rules, targets=np.zeros((table.rows, 1)))
    return features, features.encode(table, np.dtype(np.float64))


ZONED = {"pandas nullable", "polars categorical"}
"""The frames whose times have a zone; those of the file have none."""


def forget_zones(features: Any, form: str) -> Any:
    """The features of a frame, with zones as a file without any has them."""
    zoned = [each.zones == "all" for each in features.columns if isinstance(each, DateColumn)]
    assert zoned == [form in ZONED] * len(zoned)
    plain = [replace(each, zones="none") if isinstance(each, DateColumn) else each for each in features.columns]
    return replace(features, columns=tuple(plain))


def check_alike(columns: dict[str, list[Any]], others: dict[str, Any]) -> None:
    for rules in (RULES, AS_TEXTS):
        expected, matrix = fitted(as_csv(columns), rules)
        for form, data in others.items():
            found = read_frame(data, names=list(columns))
            features, encoded = fitted(found, rules)
            assert forget_zones(features, form) == expected, form
            assert encoded.tobytes() == matrix.tobytes(), form
            np.testing.assert_array_equal(expected.encode(found, np.dtype(np.float64)), matrix)
            assert targets(found) == targets(as_csv(columns)), form


def targets(table: Table) -> list[Any]:
    """Every column that can be one as a target of classes, the others as one of numbers, or as weights."""
    several = [name for name in "icb" if len(merge_levels(table.code_texts(name).counts, (), NUMBERS)) > 1]
    classes = [fit_classes(name, table.code_texts(name), "table") for name in several]
    codes = [target.codes(table.code_texts(target.name)).tolist() for target in classes]
    return [classes, codes, read_targets(table, ("n", "i"), ()).tobytes()]


@drawn
@given(tables())
def test_the_same_columns_are_fitted_as_from_a_file(columns):
    check_alike(columns, sources(columns))


@pytest.mark.integration
@drawn
@given(tables())
def test_every_frame_is_fitted_as_a_file(columns):
    check_alike(columns, frames(columns))


@pytest.mark.integration
@drawn
@given(tables())
def test_every_frame_has_the_same_types(columns):
    for form, data in frames(columns).items():
        found = read_frame(data)
        kinds = {name: each.kind for name, each in found.types.items()}
        assert kinds == {"n": "number", "i": "number", "c": "category", "b": "boolean", "d": "date"}, form


@pytest.mark.integration
def test_pandas_columns_of_every_type():
    pandas, pyarrow = library("pandas"), library("pyarrow")
    coded = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    frame = pandas.DataFrame(
        {
            "whole": pandas.Categorical([1, None, 2]),
            "half": pandas.Categorical([1.0, None, 2.5]),
            "truth": pandas.Categorical([True, None, False]),
            "interval": pandas.cut([1, np.nan, 9], [0, 5, 10]),
            "zone": pandas.to_datetime(["2020-01-01 00:30", None, "2020-07-01 00:00"]).tz_localize("Europe/Berlin"),
            "fine": np.array(["2020-01-01 00:00:00.000000001", "NaT", "1960-01-01"], "datetime64[ns]"),
            "days": pandas.Series([date(2020, 1, 1), None, date(1960, 1, 1)], dtype=object),
            "arrow": pandas.array([date(2020, 1, 1), None, date(1960, 1, 1)], pandas.ArrowDtype(pyarrow.date32())),
            "text": pandas.array(["1", None, "2"], "string"),
            "coded": pandas.array(["a", None, "b"], pandas.ArrowDtype(coded)),
            "sparse": pandas.arrays.SparseArray([1.5, np.nan, 0.0]),
            "big": pandas.array([2**53 + 1, None, 1], "Int64"),
        }
    ).set_index(pandas.Index([3, 4, 5], name="id"))
    found = read_frame(frame)
    assert {name: (found.types[name].kind, *found.texts(name)) for name in found.columns} == {
        "whole": ("category", "1", "", "2"),
        "half": ("category", "1", "", "2.5"),
        "truth": ("category", "True", "", "False"),
        "interval": ("category", "(0, 5]", "", "(5, 10]"),
        "zone": ("date", "2019-12-31 23:30:00", "", "2020-06-30 22:00:00"),
        "fine": ("date", "2020-01-01 00:00:00.000000001", "", "1960-01-01"),
        "days": ("date", "2020-01-01", "", "1960-01-01"),
        "arrow": ("date", "2020-01-01", "", "1960-01-01"),
        "text": ("category", "1", "", "2"),
        "coded": ("category", "a", "", "b"),
        "sparse": ("number", "1.5", "", "0"),
        "big": ("number", str(2**53 + 1), "", "1"),
    }
    series = read_frame({name: frame[name] for name in frame})
    assert {name: series.texts(name) for name in frame} == {name: found.texts(name) for name in frame}
    assert texts(frame.index) == ["3", "4", "5"]


@pytest.mark.integration
def test_polars_and_pyarrow_columns_of_every_type():
    polars = library("polars")
    library("pyarrow")
    frame = polars.DataFrame(
        {
            "day": [date(2020, 1, 1), None],
            "zone": polars.Series([datetime(1960, 1, 1), None]).dt.replace_time_zone("Asia/Tokyo"),
            "coarse": polars.Series([datetime(1960, 1, 1), None], dtype=polars.Datetime("ms")),
            "decimal": [Decimal("1.50"), None],
            "nan": [0.5, math.nan],
            "null": [None, None],
            "category": polars.Series(["b", None], dtype=polars.Categorical),
            "big": polars.Series([2**64 - 1, None], dtype=polars.UInt64),
        }
    )
    for data in (frame, frame.lazy(), frame.to_arrow()):
        found = read_frame(data)
        assert {name: (found.types[name].kind, *found.texts(name)) for name in found.columns} == {
            "day": ("date", "2020-01-01", ""),
            "zone": ("date", "1959-12-31 15:00:00", ""),
            "coarse": ("date", "1960-01-01", ""),
            "decimal": ("number", "1.50", ""),
            "nan": ("number", "0.5", ""),
            "null": ("category", "", ""),
            "category": ("category", "b", ""),
            "big": ("number", str(2**64 - 1), ""),
        }
    huge = read_frame(polars.DataFrame({"x": polars.Series([2**100, None], dtype=polars.Int128)}))
    assert huge.texts("x") == [str(2**100), ""]


@pytest.mark.integration
def test_frames_that_are_no_tables():
    pandas, polars, pyarrow = library("pandas"), library("polars"), library("pyarrow")
    for twice in (pandas.DataFrame([[1, 2]], columns=["a", "a"]), pyarrow.table([[1], [2]], names=["a", "a"])):
        with pytest.raises(DataError, match=r"^table: column 'a' is there twice; rename one of them$"):
            read_frame(twice)
    with pytest.raises(DataError, match=r"the name of a column is \('a', 'b'\), which is no text"):
        read_frame(pandas.DataFrame([[1]], columns=pandas.MultiIndex.from_tuples([("a", "b")])))
    assert list(read_frame(pandas.DataFrame([[1, 2]])).columns) == ["0", "1"]
    for empty in (pandas.DataFrame(), polars.DataFrame(), pyarrow.table({})):
        with pytest.raises(DataError, match="there are no columns"):
            read_frame(empty)
    assert (
        read_frame(polars.DataFrame({"a": [], "b": []}, schema={"a": polars.Float64, "b": polars.Categorical})).rows
        == 0
    )
    assert read_frame(pandas.DataFrame({"a": pandas.Categorical([])})).rows == 0
    assert read_frame(pyarrow.table({"a": pyarrow.array([], pyarrow.string()).dictionary_encode()})).rows == 0
    for refused, cure in (([timedelta(1)], "its length"), ([[1]], "a column of its own"), ([b"a"], "decode it")):
        for data in (polars.DataFrame({"x": refused}), pandas.DataFrame({"x": refused}), pyarrow.table({"x": refused})):
            with pytest.raises(DataError, match=f'table row 1: column "x": .*{cure}'):
                read_frame(data)


@pytest.mark.integration
def test_categories_that_come_in_pieces_are_one_column():
    polars, pyarrow = library("polars"), library("pyarrow")
    parts = (["a", "b"], ["c", "b", None])
    pieces = pyarrow.chunked_array([pyarrow.array(part).dictionary_encode() for part in parts])
    assert read_frame(pyarrow.table({"x": pieces})).texts("x") == ["a", "b", "c", "b", ""]
    parts = [
        polars.DataFrame({"x": polars.Series(part, dtype=polars.Categorical)}) for part in (["a", "b"], ["c", "b"])
    ]
    assert read_frame(polars.concat(parts)).texts("x") == ["a", "b", "c", "b"]


def test_numbers_truth_values_and_texts_are_read_by_every_declared_kind():
    found = read_columns({"t": ["1", "0", "NA"], "n": [1.0, 0.0, None], "b": [True, False, None]})
    assert read_numbers(found, "t", ())[:2].tolist() == [1, 0]
    for name in "tnb":
        assert read_booleans(found, name, ())[:2].tolist() == [1, 0]
    assert isinstance(found.columns["t"], TextCells)
