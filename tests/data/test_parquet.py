"""Parquet: what is in the file is in the table; the same features as the CSV of the same table; faults by name."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import csv, parquet

from mlptrain.data import cells as cells_file
from mlptrain.data import parquet as parquet_file
from mlptrain.data.cells import NumberCells
from mlptrain.data.column_rules import FeatureRules
from mlptrain.data.feature_fitting import decide_column_kinds, fit_features
from mlptrain.data.grammar import EXACT
from mlptrain.data.number_reading import read_numbers
from mlptrain.data.table import Reading, Table, read_table
from mlptrain.data.table_format import TableFormat
from mlptrain.errors import DataError
from tests.support.table_cases import drawn, lines_of, texts_of


@pytest.fixture(autouse=True, scope="module")
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet_file, "ROWS_AT_ONCE", 7)
        patch.setattr(cells_file, "FEW", 4)
        yield


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A function that stores columns in a Parquet file and gives its name."""
    path = tmp_path_factory.mktemp("parquet") / "f.parquet"

    def store(**columns) -> str:
        parquet.write_table(pa.table(columns), path)
        return str(path)

    return store


def read(path: str, **layout) -> Table:
    return read_table(path, TableFormat(**layout))


DAY, MOMENT = dt.date(2024, 2, 29), dt.datetime(2024, 2, 29, 12, 30, 15)
KINDS = {
    "int8": (pa.array([1, None, -3], pa.int8()), ["1", "", "-3"]),
    "uint64": (pa.array([1, 2**64 - 1, 2**53 + 1], pa.uint64()), ["1", str(2**64 - 1), str(2**53 + 1)]),
    "int64": (pa.array([1, None, -(2**53) - 1]), ["1", "", str(-(2**53) - 1)]),
    "float16": (pa.array([0.5, None, 1.0], pa.float16()), ["0.5", "", "1"]),
    "float32": (pa.array([0.5, None, 1e10], pa.float32()), ["0.5", "", "10000000000"]),
    "float64": (pa.array([0.1, float("nan"), 1e-300]), ["0.1", "", "1e-300"]),
    "bool": (pa.array([True, None, False]), ["true", "", "false"]),
    "string": (pa.array(["a", None, ""]), ["a", "", ""]),
    "large-string": (pa.array(["a", None, "é,\n"], pa.large_string()), ["a", "", "é,\n"]),
    "decimal": (pa.array(["1.50", None, "2"]).cast(pa.decimal128(5, 2)), ["1.50", "", "2.00"]),
    "date": (pa.array([DAY, None]), ["2024-02-29", ""]),
    "timestamp": (pa.array([MOMENT, None], pa.timestamp("s")), ["2024-02-29 12:30:15", ""]),
    "timestamp-utc": (pa.array([MOMENT, None], pa.timestamp("s", "UTC")), ["2024-02-29 12:30:15Z", ""]),
    "dictionary": (pa.array(["b", None, "a", "b"]).dictionary_encode(), ["b", "", "a", "b"]),
    "dictionary-of-empty": (pa.array(["", None, "a"]).dictionary_encode(), ["", "", "a"]),
    "dictionary-of-numbers": (pa.array([3, None, 4, 3]).dictionary_encode(), ["3", "", "4", "3"]),
    "nulls": (pa.nulls(2), ["", ""]),
}


@pytest.mark.parametrize(("column", "texts"), KINDS.values(), ids=KINDS)
def test_every_kind_has_its_text(stored, column, texts):
    found = read(stored(x=column)).texts("x")
    assert [text.removesuffix(".000") if "T" in text or ":" in text else text for text in found] == [
        text.replace("15Z", "15.000Z") if text.endswith("Z") else text for text in texts
    ]


@settings(drawn, max_examples=100)
@given(st.lists(st.none() | st.floats(-1e300, 1e300), max_size=40))
def test_floats_are_kept_to_the_last_bit(stored, values):
    found = read_numbers(read(stored(x=pa.array(values, pa.float64()))), "x", ())
    expected = np.array([np.nan if value is None else value for value in values], np.float64)
    np.testing.assert_array_equal(found, expected)


@settings(drawn, max_examples=100)
@given(st.lists(st.none() | st.integers(-100, 100) | st.integers(-(2**60), 2**60), max_size=40))
def test_whole_numbers_are_kept_to_the_last_digit(stored, values):
    found = read(stored(x=pa.array(values, pa.int64())))
    assert found.texts("x") == ["" if value is None else str(value) for value in values]
    inexact = any(value is not None and float(value) != value for value in values)
    cells = found.columns["x"]
    assert isinstance(cells, NumberCells) <= (cells.inexact == inexact if isinstance(cells, NumberCells) else True)


@settings(drawn, max_examples=100)
@given(st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=3)))
def test_strings_are_kept_coded_or_not(stored, values):
    texts = [value or "" for value in values]
    for column in (pa.array(values, pa.string()), pa.array(values, pa.string()).dictionary_encode()):
        assert read(stored(x=column, y=pa.array(range(len(values)), pa.int8()))).texts("x") == texts


def mixed(rows: int = 60) -> dict[str, pa.Array]:
    """Columns of every kind that features are made of."""
    return {
        "integer": pa.array([None if k % 11 == 3 else k * k % 97 for k in range(rows)]),
        "real": pa.array([None if k % 7 == 3 else k * 0.37 % 5 for k in range(rows)]),
        "whole": pa.array([float(k * 3 % 17) for k in range(rows)]),
        "truth": pa.array([k % 3 == 1 for k in range(rows)]),
        "colour": pa.array([("red", "green", None)[k * 7 % 3] for k in range(rows)]),
        "coded": pa.array([("u", "v", "w")[k * 5 % 3] for k in range(rows)]).dictionary_encode(),
        "day": pa.array([DAY + dt.timedelta(days=k * 13 % 400) for k in range(rows)]),
        "moment": pa.array([MOMENT + dt.timedelta(minutes=k * 1313 % 9000) for k in range(rows)], pa.timestamp("us")),
        "number": pa.array(range(rows)),
    }


def test_the_features_are_those_of_the_csv_of_the_same_table(stored, tmp_path):
    columns = mixed()
    plain = {name: column.cast("string") if name in ("coded",) else column for name, column in columns.items()}
    csv.write_csv(pa.table(plain), tmp_path / "f.csv", csv.WriteOptions(quoting_style="none"))
    rules = FeatureRules()
    matrices, ignored = [], []
    for path in (stored(**columns), str(tmp_path / "f.csv")):
        found = read(path)
        understood = decide_column_kinds(found, list(found.columns), rules)
        for name in ("day", "moment"):
            understood[name] = type(understood[name])("date")
        features = fit_features(found, understood, rules, targets=np.zeros((found.rows, 1)))
        matrices.append(features.encode(found, np.dtype(np.float64)))
        ignored.append(features.ignored)
    assert ignored[0] == ignored[1] == {"number": "a running number: an identifier"}
    np.testing.assert_allclose(matrices[0], matrices[1], rtol=1e-13, atol=1e-13)


def test_rows_not_lines_are_named(stored):
    found = read(stored(x=pa.array(["a", "b"]), y=pa.array([1, 2])))
    assert str(found.fault(1, "x", "no")).endswith('f.parquet row 2: column "x": no')
    assert found.lines([0]) == ["row 1"]
    assert lines_of(found) == [1, 2]


@pytest.mark.parametrize("rows", [1, 5, 7, 8, 100])
def test_chunks_of_any_size_are_the_table(stored, rows):
    path = stored(**mixed())
    whole, chunks = read(path), list(Reading(path, TableFormat()).chunks(rows, texts=list(mixed())))
    assert [chunk.rows for chunk in chunks[:-1]] == [rows] * (len(chunks) - 1)
    for name in whole.columns:
        assert [text for chunk in chunks for text in chunk.texts(name)] == whole.texts(name)
    assert [line for chunk in chunks for line in lines_of(chunk)] == list(range(1, 61))


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pa.array([[1], [2]]), "list<"),
        (pa.array([{"a": 1}, {"a": 2}]), "struct<a: int64>"),
        (pa.array([b"a", b"b"]), "binary"),
        (pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int8())), "map<"),
    ],
)
def test_what_has_no_text_is_refused_with_its_name(stored, column, kind):
    with pytest.raises(DataError) as error:
        read(stored(fine=pa.array([1, 2]), deep=column))
    assert f"f.parquet: column 'deep' is of type {kind}" in str(error.value)
    assert "keep columns of numbers, texts and dates" in str(error.value)


@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
def test_infinities_are_refused(stored, value):
    with pytest.raises(
        DataError, match=f'f.parquet row 21: column "x": {value} is not a number; mend it, or leave the column out'
    ):
        read(stored(x=pa.array([1.0] * 20 + [value])))


@pytest.mark.parametrize("before", [0, 20])
def test_a_number_too_large_is_an_error_wherever_it_is(stored, before):
    found = read(stored(x=pa.array([k / 7 for k in range(before)] + [1e305])))
    with pytest.raises(DataError, match=f"f.parquet row {before + 1}: column \"x\": '.*' is too large for a number"):
        read_numbers(found, "x", ())


def test_a_nul_character_is_refused(stored):
    with pytest.raises(DataError, match=r"f.parquet: a cell holds a NUL character; remove it"):
        read(stored(x=pa.array(["a", "b\0"])))


def test_numbers_in_the_middle_that_are_too_long_are_texts(stored):
    values = [*range(20), 2**60 + 1]
    found = read(stored(x=pa.array(values)))
    assert found.columns["x"].inexact
    assert found.texts("x") == [str(value) for value in values]
    assert EXACT < 2**60


@pytest.mark.parametrize("damage", [lambda d: d[:-20], lambda d: d[:40] + bytes(30) + d[70:], lambda d: d[:8]])
def test_damaged_files_are_refused_in_one_line(stored, tmp_path, damage):
    content = Path(stored(**mixed())).read_bytes()
    (tmp_path / "x.parquet").write_bytes(damage(content))
    with pytest.raises(DataError) as error:
        texts_of(read(str(tmp_path / "x.parquet")))
    assert str(error.value).startswith(f"{tmp_path / 'x.parquet'}: this Parquet file ")
    assert "\n" not in str(error.value)


def test_two_columns_of_one_name_and_none_are_refused(tmp_path):
    path = tmp_path / "x.parquet"
    parquet.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"]), path)
    with pytest.raises(DataError, match=r"x.parquet: column 'a' is there twice; rename one of them"):
        read(str(path))
    parquet.write_table(pa.table({}), path)
    with pytest.raises(DataError, match=r"x.parquet: the file has no columns"):
        read(str(path))


def test_cells_are_replaced_as_in_text(stored):
    assert read(stored(x=pa.array(["a", "b", None])), replace={"a": "c", "": "d"}).texts("x") == ["c", "b", "d"]
