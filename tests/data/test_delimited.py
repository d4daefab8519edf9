"""Tables of text: what is written is read back, however it is stored; what is malformed is named by line."""

import csv
import gc
import io
import re
import sys
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from mlptrain.data import delimited
from mlptrain.data.column_names import format_quoted_names
from mlptrain.data.delimited import FIELD_LIMIT, ROWS_AT_ONCE, Reader
from mlptrain.data.frames import read_columns
from mlptrain.data.number_reading import read_numbers
from mlptrain.data.table import Table, gather_readers_into_table, read_table
from mlptrain.data.table_format import TableFormat, is_known_encoding
from mlptrain.errors import DataError
from tests.support.table_cases import (
    attempt,
    columns_of,
    drawn,
    lines_of,
    plain_texts,
    read,
    table,
    texts_of,
    written,
    zipped,
)

BREAK = re.compile("\r\n|\r|\n")


# What is written is read back.


@settings(drawn, max_examples=200)
@given(columns_of())
@example({"name": ["", ""]})
@example({"name": []})
@example({"name": ["\r", "a\rb"], "b": ["\n", '"']})
def test_a_written_table_is_read_back(columns):
    found = read(written(columns), delimiter=",")
    assert texts_of(found) == columns
    assert found.rows == len(next(iter(columns.values())))


@drawn
@given(columns_of(), st.sampled_from(["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "gb18030"]))
def test_a_table_is_the_same_in_every_encoding(columns, encoding):
    assert texts_of(read(written(columns).encode(encoding), delimiter=",", encoding=encoding)) == columns


@drawn
@given(columns_of(plain_texts, least=2), st.sampled_from(["\t", ";", "|", ":", " ", "é"]))
def test_every_delimiter_divides_alike(columns, delimiter):
    assume(not any(delimiter in text for name, cells in columns.items() for text in [name, *cells]))
    text = written(columns).replace(",", delimiter)
    assert texts_of(read(text, delimiter=delimiter)) == columns


@drawn
@given(columns_of(plain_texts, least=2))
def test_tabs_are_found_by_content(columns):
    assume(len(columns) > 1)
    assert texts_of(read(written(columns).replace(",", "\t"))) == columns
    assert texts_of(read("\n\r\n" + written(columns).replace(",", "\t"))) == columns


def stored() -> list:
    """Ways to store one text."""
    ends = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}
    forms = {name: lambda text, end=end: text.replace("\n", end).encode() for name, end in ends.items()}
    forms["no-final-newline"] = lambda text: text.removesuffix("\n").encode()
    forms["bom"] = lambda text: b"\xef\xbb\xbf" + text.encode()
    forms["bom-crlf"] = lambda text: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()
    forms["gzip"] = lambda text: zipped(text.encode())
    forms["gzip-bom-crlf"] = lambda text: zipped(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    forms["gzip-of-two-members"] = lambda text: zipped(text[:3].encode()) + zipped(text[3:].encode())
    return [pytest.param(store, id=name) for name, store in forms.items()]


@pytest.mark.parametrize("store", stored())
@drawn
@given(columns=columns_of(plain_texts, least=2))
def test_a_table_is_the_same_however_it_is_stored(store, columns):
    assume(len(columns) > 1)
    found = read(store(written(columns)), delimiter=",")
    assert texts_of(found) == columns
    assert lines_of(found) == [row + 2 for row in range(found.rows)]


def test_line_ends_may_be_mixed():
    assert texts_of(read("a,b\r\n1,2\n3,4\r5,6")) == {"a": ["1", "3", "5"], "b": ["2", "4", "6"]}


def test_quotes_within_a_bare_cell_and_blanks_are_kept():
    assert texts_of(read('a,b\n5" disk, x \n')) == {"a": ['5" disk'], "b": [" x "]}
    assert texts_of(read('a, b\n1, "x, y"\n', skip_initial_space=True)) == {"a": ["1"], "b": ["x, y"]}


def test_without_a_header_columns_are_numbered():
    found = read("1,2\n3,4\n", header=False)
    assert texts_of(found) == {"column_1": ["1", "3"], "column_2": ["2", "4"]}
    assert lines_of(found) == [1, 2]


def test_cells_are_replaced_in_every_column_but_not_names():
    found = read("x,y\nx,y\nz,x\n", replace={"x": "", "z": "x"})
    assert texts_of(found) == {"x": ["", "x"], "y": ["y", ""]}


@pytest.mark.parametrize("size", [200_000, FIELD_LIMIT])
def test_a_cell_may_be_as_long_as_the_limit(size):
    assert read(f"a,b\n{'x' * size},1\n").texts("a") == ["x" * size]


def test_ten_thousand_columns_are_read():
    names = [f"c{number}" for number in range(10_000)]
    found = read(",".join(names) + "\n" + ",".join("1" * 10_000))
    assert list(found.columns) == names
    assert found.rows == 1


def test_names_are_kept_exactly():
    assert list(read(' a ,A,"b\nc",é\n').columns) == [" a ", "A", "b\nc", "é"]


# Blank lines and line numbers.


@drawn
@given(st.data())
def test_blank_lines_of_several_columns_are_skipped_and_counted(data):
    columns = data.draw(columns_of(plain_texts, least=2))
    assume(len(columns) > 1)
    lines = written(columns).splitlines()
    blanks = [data.draw(st.integers(0, 2)) for _ in range(len(lines) + 1)]
    text = "".join("\n" * blank + line + "\n" for blank, line in zip(blanks, lines, strict=False)) + "\n" * blanks[-1]
    found = read(text, delimiter=",")
    assert texts_of(found) == columns
    assert found.inner_blank_lines == (sum(blanks[1:-1]))
    true = [sum(blanks[: row + 2]) + row + 2 for row in range(found.rows)]
    assert lines_of(found) == true


def test_a_blank_line_of_one_column_is_a_missing_cell():
    found = read("\na\n1\n\n3\n\n")
    assert texts_of(found) == {"a": ["1", "", "3", ""]}
    assert found.inner_blank_lines == 0
    assert lines_of(found) == [3, 4, 5, 6]


@pytest.mark.parametrize("blank", range(ROWS_AT_ONCE - 2, ROWS_AT_ONCE + 2))
@pytest.mark.parametrize("after", [0, 3])
@pytest.mark.parametrize("end", [0, 2])
def test_blank_lines_count_across_blocks(blank, after, end):
    rows = [f"{row},x" for row in range(blank)]
    found = read("\n".join(["a,b", *rows, "", "", *rows[:after], *[""] * end]))
    assert found.rows == blank + after
    assert found.inner_blank_lines == (2 if after else 0)


def test_a_block_of_blank_lines_holds_no_row():
    assert texts_of(read("a,b\n" + "\n" * ROWS_AT_ONCE)) == {"a": [], "b": []}
    assert texts_of(read("a,b\n" + "\n" * ROWS_AT_ONCE + "1,2\n")) == {"a": ["1"], "b": ["2"]}


@drawn
@given(columns_of(least=2))
def test_the_line_of_a_row_is_the_one_it_begins_on(columns):
    found = read(written(columns), delimiter=",")
    before = [written({name: cells[:row] for name, cells in columns.items()}) for row in range(found.rows)]
    assert lines_of(found) == [1 + len(BREAK.findall(text)) for text in before]
    chosen = list(range(found.rows))[::-2]
    taken = found.take(np.array(chosen, np.int64))
    assert taken.rows == len(chosen)
    assert texts_of(taken) == {name: [cells[row] for row in chosen] for name, cells in columns.items()}
    assert lines_of(taken) == [lines_of(found)[row] for row in chosen]


# What is malformed.


MALFORMED = {
    "empty": (b"", "f.csv:1: the file is empty"),
    "only-a-bom": (b"\xef\xbb\xbf", "f.csv:1: the file is empty"),
    "only-newlines": (b"\n\r\n\n", "f.csv:1: the file is empty"),
    "row-too-short": (b"a,b,c\n1,2,3\n4,5\n", "f.csv:3: 2 fields, 3 expected; mend the line"),
    "row-too-long": (b"a,b\n1,2\n3,4,5\n", "f.csv:3: 3 fields, 2 expected; mend the line"),
    "all-rows-one-extra": (
        b"a,b\n1,2,\n3,4,\n",
        "f.csv:2: 3 fields, 2 expected in every row (an index column with",
    ),
    "ragged-after-a-quoted-newline": (b'a,b\n"x\n\ny",2\n\n3\n', "f.csv:6: 1 field, 2 expected; mend"),
    "ragged-in-one-column": (b"a\n1\n\n2,3\n", "f.csv:4: 2 fields, 1 expected"),
    "ragged-without-header": (b"1,2\n3\n", "f.csv:2: 1 field, 2 expected", {"header": False}),
    "blanks-are-no-blank-line": (b"a,b\n1,2\n  \n", "f.csv:3: 1 field, 2 expected"),
    "further-down": (
        b"a,b\n1\n2,3\n",
        "f.csv:2: 1 field, 2 expected (if the table begins further down, set",
    ),
    "footer": (b"a,b\n1,2\nTotal: 1\n", "f.csv:3: 1 field, 2 expected; mend"),
    "unclosed-quote": (b'a,b\n1,2\n3,"x\n4,5\n6,7\n', "f.csv:3: a quote is opened here and never closed; close it"),
    "unclosed-quote-in-the-header": (b'\na,"b\n1,2\n', "f.csv:2: a quote is opened here and never closed; close it"),
    "text-after-a-quote": (b'a,b\n"x\ny",2\n"1"2,3\n', "f.csv:4: text follows a closing quote; double the quotes"),
    "text-after-a-quote-with-tabs": (b'a\tb\n"1"2\t3\n', "f.csv:2: text follows a closing quote; double the quotes"),
    "nul": (b"a,b\n1,2\n3,\x004\n", "f.csv:3: a NUL byte, byte 3 of the line; is this CSV, and not UTF-16? Save"),
    "nul-in-the-header": (b"a,\0b\n1,2\n", "f.csv:1: a NUL byte, byte 3 of the line;"),
    "latin-1": (
        "a,b\n1,2\n3,caf\u00e9\n".encode("latin-1"),
        "f.csv:3: column 2: byte 6 of the line (0xe9) is not utf-8; save the file as UTF",
    ),
    "latin-1-in-the-header": (b"a,\xe9\n1,2\n", "f.csv:1: column 2: byte 3 of the line (0xe9) is not utf-8; save"),
    "cut-utf-8": ("a,b\n1,é".encode()[:-1], "f.csv:2: column 2: byte 3 of the line (0xc3) is not utf-8; save"),
    "utf-16-le": (b"\xff\xfea\0,\0b\0", "f.csv:1: this is UTF-16 text; save it as UTF-8 or set data.encoding: utf-16"),
    "utf-16-be": ("\ufeffa,b\n".encode("utf-16-be"), "f.csv:1: this is UTF-16 text; save it as UTF-8 or set"),
    "utf-16-without-bom": ("a,b\n1,2\n".encode("utf-16-le"), "f.csv:1: a NUL byte: this is UTF-16-LE text; save it"),
    "utf-16-be-without-bom": ("a,b\n1,2\n".encode("utf-16-be"), "set data.encoding: utf-16-be"),
    "utf-16-as-latin-1": (
        "a,b\n".encode("utf-16"),
        "f.csv:1: a NUL byte: this is UTF-16 text",
        {"encoding": "latin-1"},
    ),
    "utf-8-as-utf-16": (b"a,b\n", "f.csv: the bytes are not utf-16; save the file as", {"encoding": "utf-16"}),
    "cut-utf-16": ("a,b\n1,2".encode("utf-16")[:-1], "f.csv: the bytes are not utf-16; save", {"encoding": "utf-16"}),
    "unknown-encoding": (b"a,b\n", "f.csv: unknown encoding: 'utf-9'; see data.encoding", {"encoding": "utf-9"}),
    "name-twice": (b"a,b,a\n1,2,3\n", "f.csv:1: column 'a' is named twice (columns 1 and 3); rename one of them"),
    "name-twice-after-blank-lines": (b"\n\na,a\n", "f.csv:3: column 'a' is named twice (columns 1 and 2)"),
    "no-name": (b"a,,c\n1,2,3\n", "f.csv:1: column 2 has no name; name it (is it an index column?)"),
    "blank-name": (b"a,b,  \n1,2,3\n", "f.csv:1: column 3 has no name; name it"),
    "quoted-empty-name": (b'""\n1\n', "f.csv:1: column 1 has no name"),
    "no-header": (b"1,2.5,-3\n4,5,6\n", "f.csv:1: the first line looks like data, not names; set data.header: false"),
    "semicolons": (
        b"a;b\n1;2\n",
        "f.csv:1: there is one column only, 'a;b'; if another character divides the columns, ",
    ),
    "bars": (b"a|b\n1|2\n", 'divides the columns, set data.delimiter: "|"'),
    "long-field": (
        b"a,b\n1,2\n" + b"x" * (FIELD_LIMIT + 1) + b",1",
        "f.csv:3: column 1: a field is larger than 1 MiB; is a quote",
    ),
    "long-unclosed": (b'a,b\n"' + b"x,1\n" * (FIELD_LIMIT // 3), "f.csv:2: a field is larger than 1 MiB; is a quote"),
    "cut-gzip": (zipped(b"a,b\n1,2\n")[:-9], "f.csv: the gzip data is damaged"),
    "wrong-gzip-checksum": (zipped(b"a,b\n1,2\n")[:-5] + b"xxxxx", "f.csv: the gzip data is damaged"),
    "wrong-gzip-stream": (zipped(b"a,b\n1,2\n")[:10] + b"\xff" * 9, "f.csv: the gzip data is damaged"),
    "gzip-then-something": (zipped(b"a,b\n1,2\n") + b"x,y\n", "f.csv: the gzip data is damaged"),
    "only-a-gzip-head": (b"\x1f\x8b", "f.csv: the gzip data is damaged"),
    "ragged-in-gzip": (zipped(b"a,b\n1,2\n\n3\n"), "f.csv:4: 1 field, 2 expected; mend the line"),
}


@pytest.mark.parametrize("case", MALFORMED.values(), ids=MALFORMED)
def test_what_is_malformed_is_named_with_its_line_and_a_cure(case):
    content, said, *layout = case
    with pytest.raises(DataError) as error:
        read(content, **(layout[0] if layout else {}))
    assert said in str(error.value)
    assert str(error.value).startswith("f.csv")
    assert "\n" not in str(error.value)


def test_the_delimiter_of_the_hint_is_the_cure():
    for delimiter in ";|":
        with pytest.raises(DataError) as error:
            read(f"a{delimiter}b\n1{delimiter}2\n")
        assert yaml.safe_load(str(error.value).rpartition("data.delimiter: ")[2]) == delimiter


def test_a_delimiter_that_is_set_is_believed():
    assert texts_of(read("a;b\n1;2\n", delimiter=",")) == {"a;b": ["1;2"]}


def test_names_that_are_partly_numbers_are_names():
    assert list(read("1,x\n1,2\n").columns) == ["1", "x"]


FRAGMENTS = ['"', ",", "\n", "\r", "\r\n", "\t", ";", "a", "1", "a,b\n", "\0", "é", "\n\n", '"\n"']
BYTES = [
    b"\xff",
    b"\xfe",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xc3",
    b"\x1f\x8b",
    b"\x1f\x8b\x08",
    b"PK\x03\x04",
    b"\x80\x04",
]
fragments = st.sampled_from([*(text.encode() for text in FRAGMENTS), *BYTES])
contents = st.binary(max_size=30) | st.lists(fragments, max_size=12).map(b"".join)
layouts = st.fixed_dictionaries(
    {},
    optional={
        "delimiter": st.sampled_from([",", "\t", ";", " ", "a", "é"]),
        "encoding": st.sampled_from(
            ["utf-8", "latin-1", "utf-16", "ascii", "utf-32-be", "idna", "punycode", "hex", "?"]
        ),
        "header": st.booleans(),
        "skip_initial_space": st.booleans(),
    },
)


@settings(drawn, max_examples=600)
@given(contents, layouts, st.booleans())
def test_any_bytes_are_a_table_or_a_data_error(content, layout, pack):
    assume(layout.get("delimiter") != " " or not layout.get("skip_initial_space"))
    found = attempt(zipped(content) if pack else content, **layout)
    if isinstance(found, DataError):
        assert str(found).startswith("f.csv")
    else:
        assert {len(cells) for cells in texts_of(found).values()} == {found.rows}
        lines = lines_of(found)
        assert all(earlier < later for earlier, later in pairwise(lines))


@settings(drawn, max_examples=150)
@given(columns_of(), st.data())
def test_any_damage_to_a_table_gives_a_table_or_a_data_error(columns, data):
    content = bytearray(written(columns).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content)))
        content[start : start + data.draw(st.integers(0, 3))] = data.draw(fragments)
    found = attempt(bytes(content))
    if isinstance(found, DataError):
        assert str(found).startswith("f.csv")
    else:
        assert {len(cells) for cells in texts_of(found).values()} == {found.rows}


def test_a_file_that_changes_between_two_looks_is_an_error():
    good = b"a,b\n1,2\n"
    contents = iter([good, good, b"a,b\n1,2,3\n", good])  # header, quick reader, standard reader, locating the fault
    layout = TableFormat()
    with pytest.raises(DataError, match="the file has changed while it was read; try again"):
        gather_readers_into_table([Reader(lambda: io.BytesIO(next(contents)), "f.csv", layout)], layout, ())


# Blocks without quotes are divided as `csv` divides them, wherever their borders fall.

bare = st.lists(
    st.sampled_from(["a", "1", "12.5", "é", " ", ",", ",", ";", "\n", "\n", "\r", "\r\n", "1,2\n", "x,y\r\n"]),
    max_size=40,
).map("".join)


@settings(drawn, max_examples=200)
@given(bare, st.integers(1, 12), st.sampled_from(["a\n", "a,b\n", "a,b,c\r\n", "\n\na,b\r"]), st.booleans())
def test_bare_blocks_are_what_csv_makes_of_them(body, size, names, blanks_at_end):
    content = names + body + "\n\n" * blanks_at_end
    width = names.count(",") + 1
    records = list(csv.reader(io.StringIO(content, newline=""), strict=True))
    rows = records[next(row for row, record in enumerate(records) if record) + 1 :]
    rows = [record for record in rows if any(record)] if width > 1 else [record or [""] for record in rows]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "CHARACTERS_AT_ONCE", size)
        patch.setattr(delimited, "CHARACTERS_OF_A_COLUMN", 0)
        found = attempt(content.encode(), delimiter=",")
        whole = attempt_quoted(content)
    if any(len(record) != width for record in rows):
        assert isinstance(found, DataError)
        assert str(found) == str(whole)
    else:
        assert [list(row) for row in zip(*texts_of(found).values(), strict=True)] == rows
        assert found.inner_blank_lines == whole.inner_blank_lines
        assert lines_of(found) == lines_of(whole)


def attempt_quoted(content: str) -> Table | DataError:
    """The table as `csv` alone reads it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Reader, "divide_text", lambda *_: None)
        return attempt(content.encode(), delimiter=",")


@pytest.mark.parametrize("blank", [0, 1, 2])
def test_a_long_line_without_quotes_counts_blank_lines_once(blank):
    found = read("a,b\n" + "1,2\n" + "\n" * blank + "x" * FIELD_LIMIT + ",2\n")
    assert found.inner_blank_lines == blank
    assert lines_of(found) == [2, 3 + blank]


# What the format may say.


@drawn
@given(columns_of(plain_texts, least=2), st.integers(0, 4), st.data())
def test_skipped_lines_are_no_part_of_the_table_but_count(columns, skip, data):
    assume(len(columns) > 1)
    lines = [data.draw(st.sampled_from(["", "a,b,c", "# note; é", "x"])) for _ in range(skip)]
    found = read("".join(line + "\n" for line in lines) + written(columns), delimiter=",", skip_rows=skip)
    assert texts_of(found) == columns
    assert lines_of(found) == [skip + row + 2 for row in range(found.rows)]


def test_faults_below_skipped_lines_name_their_lines():
    for body, said in (("1\n", "f.csv:4: 1 field"), ('"x\n', "f.csv:4: a quote"), ("1,\0\n", "f.csv:4: a NUL byte")):
        with pytest.raises(DataError, match=said):
            read('\0"note\nx\na,b\n' + body, skip_rows=2)
    with pytest.raises(DataError, match=r"f.csv:1: the file is empty after 2 skipped lines"):
        read("a,b\n1,2\n", skip_rows=2)


GRAMMARS = {
    "comma": ({"decimal": ","}, lambda number: f"{number!r}".replace(".", ",")),
    "thousands": ({"thousands": ","}, lambda number: f"{number:,}"),
    "comma-and-points": (
        {"decimal": ",", "thousands": "."},
        lambda number: f"{number:,}".translate(str.maketrans(",.", ".,")),
    ),
    "apostrophes": ({"thousands": "'"}, lambda number: f"{number:,}".replace(",", "'")),
    "blanks": ({"thousands": " "}, lambda number: f" {number:,} ".replace(",", " ")),
    "low-lines": ({"thousands": "_"}, lambda number: f"{number:_}"),
}


@pytest.mark.parametrize(("layout", "write"), GRAMMARS.values(), ids=GRAMMARS)
@drawn
@given(values=st.lists(st.floats(-1e9, 1e9) | st.integers(-(10**9), 10**9).map(float), min_size=1))
def test_numbers_are_read_as_the_format_says(layout, write, values):
    text = "x;y\n" + "".join(f"{write(value)};\n" for value in values)
    found = read(text, delimiter=";", **layout)
    assert read_numbers(found, "x", ()).tolist() == values


@pytest.mark.parametrize("text", ["1.5", "1,234.5", "1.234.5", "1..5", "1_0", "1 0"])
def test_a_point_is_no_decimal_point_where_the_comma_is(text):
    with pytest.raises(DataError, match="is not a number"):
        read_numbers(read(f"x;y\n{text};\n", delimiter=";", decimal=","), "x", ())


# Standard input, and files.


@pytest.mark.parametrize("pack", [bytes, zipped], ids=["plain", "gzip"])
def test_standard_input_is_read_once_and_named(monkeypatch, pack):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(pack(b"a,b\n1,2\n\n3,4\n"))))
    found = read_table("-", TableFormat())
    assert texts_of(found) == {"a": ["1", "3"], "b": ["2", "4"]}
    assert lines_of(found) == [2, 4]
    assert str(found.fault(1, "a", "no")) == 'standard input:4: column "a": no'


@pytest.mark.parametrize("name", ["a\nb.csv", "\u2603 é.csv", "-x.csv", "\udcff.csv", "iris.png"])
def test_a_file_may_have_any_name(tmp_path, name):
    (tmp_path / name).write_bytes(b"a,b\n1,2\n")
    assert texts_of(read_table(str(tmp_path / name), TableFormat())) == {"a": ["1"], "b": ["2"]}


@pytest.mark.parametrize(
    ("content", "layout"),
    [
        (b"a,b\n1,2\n", {}),
        (zipped(b"a,b\n1,2\n"), {}),
        (zipped(b"a,b\n1,2\n")[:-9], {}),
        (b"PK\x03\x04", {}),
        (b"a,b\n1\n", {}),
        (b"a,b\n\xff\n", {}),
        (b"a,b\n1,2\n", {"encoding": "nope"}),
    ],
    ids=["plain", "gzip", "cut-gzip", "zip", "ragged", "latin-1", "encoding"],
)
def test_no_file_stays_open(tmp_path, content, layout):
    (tmp_path / "f.csv").write_bytes(content)
    before = open_files()
    with suppress(DataError):
        assert read_table(str(tmp_path / "f.csv"), TableFormat(**layout)).lines([0]) == ["line 2"]
    gc.collect()  # what is closed only now is a ResourceWarning, hence an error
    assert open_files() == before


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").is_dir() else 0


# Columns in memory, and messages.


class NAType:
    """Stands for pandas' NA: neither equal to itself nor not."""

    def __eq__(self, other):
        return self

    def __ne__(self, other):
        return self

    __hash__ = None

    def __bool__(self):
        raise TypeError


def test_columns_in_memory_are_text_with_missing_cells_empty():
    values = {"a": [1, 2.5, None, float("nan"), NAType(), "x", True], 7: np.array([1, 2, 3, 4, 5, 6, 7], np.float32)}
    found = read_columns(values)
    assert texts_of(found) == {"a": ["1", "2.5", "", "", "", "x", "True"], "7": list("1234567")}
    assert (found.rows, found.lines([3])) == (7, ["row 4"])


def test_columns_in_memory_have_one_length():
    with pytest.raises(DataError, match=r"frame: columns of different lengths: \[1, 2\]"):
        read_columns({"a": [1], "b": [1, 2]}, "frame")
    assert read_columns({}).rows == 0


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (
            ["age"],
            "f.csv:1: column 'age' is missing; did you mean 'Age '? "
            "('Age ' has a blank after it and other capitals; write names alike in both places)",
        ),
        (["Fair"], "f.csv:1: column 'Fair' is missing; did you mean 'Fare'?"),
        (["zip"], "f.csv:1: column 'zip' is missing; the columns are 'Age ', 'Fare', 'Sex'"),
        (
            ["sex", "Fares"],
            "f.csv:1: columns 'sex', 'Fares' are missing; did you mean 'Sex', 'Fare'? "
            "('Sex' has other capitals; write names alike in both places)",
        ),
    ],
)
def test_missing_columns_are_named_with_the_nearest(wanted, said):
    found = table(**{"Age ": "1", "Fare": "2", "Sex": "m"})
    assert found.missing(wanted) == said
    with pytest.raises(DataError, match=re.escape(found.missing(wanted[:1]))):
        found.column(wanted[0])


def test_long_lists_of_names_are_cut():
    assert format_quoted_names(["a", "b"]) == "'a', 'b'"
    assert format_quoted_names(map(str, range(23))).endswith("'18', '19' and 3 more")


def test_a_fault_names_line_and_column():
    assert str(read("a,b\n\n1,2\n").fault(0, "b", "why")) == 'f.csv:3: column "b": why'


@pytest.mark.parametrize("name", ["utf-8", "UTF8", "cp1252", "latin-1", "utf-16"])
def test_text_encodings_are_known(name):
    assert is_known_encoding(name)


@pytest.mark.parametrize("name", ["", "utf-9", "hex", "base64", "rot13", "undefined", "a\0b", "é", "../x"])
def test_what_is_no_text_encoding_is_not_known(name):
    assert not is_known_encoding(name)
