"""Several files, and pieces of one: the same as one table in one piece; messages know the place."""

import io
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mlptrain.data import arrow_csv, delimited
from mlptrain.data import cells as cells_file
from mlptrain.data.column_names import describe_missing_columns, format_quoted_names
from mlptrain.data.number_reading import read_numbers
from mlptrain.data.table import Reading, read_table
from mlptrain.data.table_format import TableFormat
from mlptrain.data.table_writing import Writer
from mlptrain.errors import DataError
from tests.support.table_cases import (
    columns_of,
    drawn,
    lines_of,
    plain_texts,
    read,
    read_several,
    texts_of,
    written,
    zipped,
)

COMMA = TableFormat(delimiter=",")


@pytest.fixture(autouse=True, scope="module")
def small() -> Iterator[None]:
    """Small blocks and few texts, so that small tables are large ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrow_csv, "PROBE", 30)
        patch.setattr(arrow_csv, "BYTES_AT_ONCE", 40)
        patch.setattr(delimited, "CHARACTERS_AT_ONCE", 50)
        patch.setattr(delimited, "CHARACTERS_OF_A_COLUMN", 0)
        patch.setattr(delimited, "ROWS_AT_ONCE", 3)
        patch.setattr(cells_file, "FEW", 4)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("table")


def mixed(rows: int, *, begin: int = 0) -> dict[str, list[str]]:
    """Columns of numbers with gaps, words and codes."""
    places = range(begin, begin + rows)
    return {
        "x": ["" if k % 7 == 3 else f"{k / 7:.9g}" for k in places],
        "c": [("red", "green", "é")[k % 3] for k in places],
        "code": [f"{k * 37 % 1000:04d}" for k in places],
    }


# Piece by piece.


@settings(drawn, max_examples=200)
@given(columns_of(), st.integers(1, 8))
@example(mixed(50), 7)
@example({"name": []}, 1)
def test_chunks_of_any_size_are_the_table(folder, columns, rows):
    (folder / "f.csv").write_text(written(columns), encoding="utf-8", newline="")
    whole = read_table(str(folder / "f.csv"), COMMA)
    chunks = list(Reading(str(folder / "f.csv"), COMMA).chunks(rows, texts=list(columns)))
    assert [chunk.rows for chunk in chunks[:-1]] == [rows] * (len(chunks) - 1)
    assert sum(chunk.rows for chunk in chunks) == whole.rows
    assert {name: [text for chunk in chunks for text in chunk.texts(name)] for name in columns} == columns
    assert [line for chunk in chunks for line in lines_of(chunk)] == lines_of(whole)


@pytest.mark.parametrize("rows", [1, 2, 7, 16, 49, 50, 51, 1000])
@pytest.mark.parametrize("quote", ["", '"'])
def test_the_numbers_of_chunks_are_those_of_the_table(folder, rows, quote):
    columns = mixed(50)
    columns["c"] = [f"{quote}{text}{quote}" for text in columns["c"]]
    lines = [",".join(columns), *map(",".join, zip(*columns.values(), strict=True))]
    (folder / "f.csv").write_text("\n".join(lines), encoding="utf-8")
    whole = read_table(str(folder / "f.csv"), COMMA)
    chunks = list(Reading(str(folder / "f.csv"), COMMA).chunks(rows, texts=["c"], unread=["code"]))
    assert {tuple(chunk.columns) for chunk in chunks} == {("x", "c")}
    values = np.concatenate([read_numbers(chunk, "x", ()) for chunk in chunks])
    np.testing.assert_array_equal(values, read_numbers(whole, "x", ()))
    assert [text for chunk in chunks for text in chunk.texts("c")] == whole.texts("c")


@pytest.mark.parametrize("rows", [1, 4, 10])
@pytest.mark.parametrize("row", [0, 1, 17, 39])
def test_a_fault_in_a_later_chunk_names_its_line(folder, rows, row):
    cells = [f"{k / 7:.9g}" for k in range(40)]
    cells[row] = "oops"
    text = 'x,y\n\n"1","a\nb"\n' + "".join(f"{cell},\n" for cell in cells)
    (folder / "f.csv").write_text(text)
    with pytest.raises(DataError, match=rf"f.csv:{row + 5}: column \"x\": 'oops' is not a number"):
        [read_numbers(chunk, "x", ()) for chunk in Reading(str(folder / "f.csv"), COMMA).chunks(rows)]


@pytest.mark.parametrize(
    ("line", "said"), [("1", "1 field, 2 expected"), ("1,\0", "a NUL byte"), ('1,"', "a quote is")]
)
def test_what_is_malformed_further_down_is_named_after_the_chunks_before_it(folder, line, said):
    (folder / "f.csv").write_text("x,y\n" + "1,2\n" * 30 + line + "\n")
    chunks = Reading(str(folder / "f.csv"), COMMA).chunks(5)
    assert next(chunks).rows == 5
    with pytest.raises(DataError, match=f"f.csv:32: {said}"):
        list(chunks)


# Several files.


@drawn
@given(st.lists(columns_of(plain_texts, least=3, most=3), min_size=1, max_size=3), st.data())
def test_several_files_are_one(tables, data):
    names = list(tables[0])
    tables = [dict(zip(names, columns.values(), strict=True)) for columns in tables]
    orders = [data.draw(st.permutations(names)) for _ in tables]
    contents = {
        f"{number}.csv": written({name: columns[name] for name in (order if number else names)})
        for number, (columns, order) in enumerate(zip(tables, orders, strict=True))
    }
    found = read_several(contents, delimiter=",")
    assert texts_of(found) == {name: [text for columns in tables for text in columns[name]] for name in names}
    assert list(found.columns) == names
    places = [f"{number}.csv:{row + 2}" for number, each in enumerate(tables) for row in range(len(each["name"]))]
    assert found.places(range(found.rows)) == places
    backwards = found.take(np.arange(found.rows, dtype=np.int64)[::-1].copy())
    assert backwards.places(range(found.rows)) == places[::-1]


def test_numbers_of_several_files_are_those_of_one():
    parts = [mixed(20), mixed(1, begin=20), mixed(30, begin=21)]
    contents = {f"{number}.csv": written(part) for number, part in enumerate(parts)}
    found, whole = read_several(contents), read(written(mixed(51)))
    assert found.name == "0.csv and 2 more files"
    assert texts_of(found) == texts_of(whole)
    np.testing.assert_array_equal(read_numbers(found, "x", ()), read_numbers(whole, "x", ()))


def test_messages_name_the_file_of_a_row():
    contents = {"a.csv": "x\n1\n2\n", "b.csv": "\nx\n3\nNA\noops\nodd\n"}
    found = read_several(contents)
    with pytest.raises(
        DataError, match=r"b.csv:5: column \"x\": 'oops' is not a number, nor is 'odd' on b.csv:6; mend"
    ):
        read_numbers(found, "x", ())
    assert found.lines([1, 2]) == ["a.csv:3", "b.csv:3"]
    with pytest.raises(DataError, match=r"a.csv:1: column 'y' is missing"):
        found.column("y")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("a", "b.csv:1: column 'b' is missing, which a.csv has; all files need the same columns"),
        ("a,B", "b.csv:1: column 'b' is missing, which a.csv has"),
        ("a,b,c", "b.csv:1: column 'c' is not in a.csv; all files need the same columns"),
    ],
)
def test_other_columns_are_an_error_that_names_the_file(names, said):
    with pytest.raises(DataError, match=said):
        read_several({"a.csv": "a,b\n1,2\n", "b.csv": f"{names}\n"})


def test_a_fault_in_a_later_file_names_it():
    with pytest.raises(DataError, match=r"b.csv:3: 1 field, 2 expected"):
        read_several({"a.csv": "a,b\n1,2\n", "b.csv": "a,b\n1,2\n3\n"})


def test_blank_lines_of_all_files_count():
    assert read_several({"a.csv": "a,b\n1,2\n\n3,4\n", "b.csv": "a,b\n1,2\n\n\n3,4\n"}).inner_blank_lines == 3


def test_a_pattern_is_its_files(folder):
    for number in (2, 1):
        (folder / f"part{number}.csv").write_bytes(zipped(written(mixed(9, begin=9 * number - 9)).encode()))
    found = read_table(str(folder / "part*.csv"), COMMA)
    assert texts_of(found) == texts_of(read(written(mixed(18))))
    assert found.places([0, 9]) == [str(folder / "part1.csv:2"), str(folder / "part2.csv:2")]


# Writing.


@drawn
@given(columns_of(), st.integers(1, 3))
def test_what_is_written_in_pieces_is_what_is_written_at_once(columns, size):
    stream = io.StringIO(newline="")
    writer = Writer(stream)
    writer.write([[name] for name in columns])
    for begin in range(0, len(columns["name"]), size):
        writer.write([cells[begin : begin + size] for cells in columns.values()])
    assert texts_of(read(stream.getvalue(), delimiter=",")) == columns
    assert read(stream.getvalue(), delimiter=",").rows == read(written(columns), delimiter=",").rows


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["t", "t"], "column 't' is missing; the columns are 'a', 'b'"),
        (["t", "u", "t"], "columns 't', 'u' are missing; the columns are 'a', 'b'"),
        (
            ["A", "A ", "t"],
            "columns 'A', 'A ', 't' are missing; did you mean 'a'? ('a' has other capitals; write names alike in both "
            "places)",
        ),
    ],
)
def test_a_message_names_a_column_once(names, said):
    assert describe_missing_columns(names, ["a", "b"]) == said
    assert format_quoted_names([*names, *names]) == format_quoted_names(dict.fromkeys(names))
