"""The scorer's tables: what the model's reader reads, the scorer's reads in the same way."""

import gzip
import io
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mlptrain.data.table_format import TableFormat
from mlptrain.errors import DataError
from mlptrain.export.python import pack_plan
from mlptrain.export.standalone_table import TableError, TableReader, open_table, read_rows
from tests.support.table_cases import drawn, read

Rows = tuple[list[str], list[list[str]]]


def read_by_scorer(content: bytes, form: TableFormat) -> Rows | None:
    """Names and rows; None if the scorer refuses the table."""
    encoding = "utf-8-sig" if form.encoding == "utf-8" else form.encoding
    try:
        with io.TextIOWrapper(io.BytesIO(content), encoding=encoding, newline="") as stream:
            table = TableReader(stream, pack_plan(form), "t.csv")
            return list(table.names), [row for _, row in table.read_rows()]
    except TableError:
        return None


def read_by_model(content: bytes, layout: dict[str, Any]) -> Rows | None:
    """Names and rows; None if the model refuses to predict the table."""
    try:
        table = read(content, **layout)
    except DataError:
        return None
    if table.inner_blank_lines:
        return None
    columns = [table.texts(name) for name in table.columns]
    return list(table.columns), list(map(list, zip(*columns, strict=True)))


LAYOUTS: list[dict[str, Any]] = [
    {},
    {"delimiter": ";"},
    {"header": False},
    {"header": True, "skip_rows": 1},
    {"skip_after_names": 1},
    {"skip_footer": 1},
    {"skip_initial_space": True, "skip_footer": 2, "skip_after_names": 2},
    {"header": False, "skip_rows": 1, "skip_footer": 1},
    {"encoding": "cp1252", "delimiter": "\t"},
]
CELLS = st.sampled_from(
    ["a", "b", "1", "2.5", "", " ", '"q"', '"a,b"', '"two\nlines"', '"say ""x"""', '5"', "\u00e9", "x y"]
)
LINES = st.builds(
    lambda cells, delimiter: delimiter.join(cells), st.lists(CELLS, min_size=1, max_size=4), st.sampled_from(",,,,;\t")
)
TABLES = st.builds(
    lambda mark, names, lines, end, last: mark + end.join([names, *lines]) + end * last,
    st.sampled_from(["", "", "\ufeff"]),
    st.sampled_from(["a,b", "a,b,c", "a;b", "a\tb", ",a", "a", "1,2", "a,b", "a, b", '"a","b"']) | LINES,
    st.lists(LINES | st.sampled_from(["1,2", "3,4", "x,y", ",", "", "1;2", "1", "k,1,2"]), max_size=6),
    st.sampled_from(["\n", "\r\n", "\n"]),
    st.booleans(),
)


@drawn
@given(st.sampled_from(LAYOUTS), TABLES)
@example({}, "a,b\n1,2\n\n\n")
@example({}, "a,b\n1,2\n\n3,4\n")
@example({}, ",a\n0,1\n1,2\n")
@example({}, "a,b\nx,1,2\ny,3,4\n")
@example({"skip_footer": 1}, "a,b\n1,2\nsum,3,4,5\n\n")
def test_a_table_that_the_model_reads_is_read_in_the_same_way(layout, text):
    form = TableFormat(**layout)
    content = text.encode(form.encoding, "replace")
    expected = read_by_model(content, layout)
    assert expected is None or read_by_scorer(content, form) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n3\n", "t.csv:3: 1 field, 2 expected"),
        ("a,b\n\n1,2\n\n3,4\n", "t.csv:2: a blank line between the rows"),
        ('a,b\n1,"2\n3,4\n', "t.csv:2: "),
        ('a,b\n1,"2"x\n', "t.csv:2: "),
        ("a,a\n1,2\n", "there are several columns 'a'"),
        ("a,b\n1,\x002\n", "t.csv:2: a NUL byte"),
        ("sep=;\na;b\n", "t.csv:1: this line tells Excel the delimiter"),
        ('a,b\n5,x "one, two",3\n', "t.csv:2: a quote within an unquoted cell"),
        ("", "t.csv:1: the file is empty"),
    ],
)
def test_a_fault_of_a_table_names_the_line(text, said):
    assert read_by_model(text.encode(), {}) is None
    with pytest.raises(TableError) as raised:
        list(read_rows(io.StringIO(text), pack_plan(TableFormat()), "t.csv"))
    assert said in str(raised.value)


def test_tables_may_be_compressed(tmp_path):
    text = "a,b\n1,\u00e9\n"
    (tmp_path / "t.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(text.encode()))
    for path in tmp_path.iterdir():
        with open_table(str(path), "utf-8") as stream:
            assert list(read_rows(stream, pack_plan(TableFormat()))) == [{"a": "1", "b": "\u00e9"}]
