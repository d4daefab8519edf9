"""The quick reader: where it is sure, it reads what the standard reader reads; where it is not, that one reads on."""

import csv
import io
from collections.abc import Callable, Iterator
from itertools import product

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from mlptrain.data import arrow_csv, delimited
from mlptrain.data import cells as cells_file
from mlptrain.data import number_recognition as recognition_file
from mlptrain.data.delimited import FIELD_LIMIT
from mlptrain.data.feature_fitting import infer_kind_from_cells
from mlptrain.data.number_reading import read_numbers
from mlptrain.data.table import Table
from mlptrain.data.table_format import TableFormat
from mlptrain.errors import CellFault, DataError
from tests.support.table_cases import drawn, lines_of, read, reader_of, same_cells, texts_of, zipped


@pytest.fixture(autouse=True, scope="module")
def small() -> Iterator[None]:
    """Pieces of some bytes, so that small files are large ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrow_csv, "PROBE", 30)
        patch.setattr(arrow_csv, "BYTES_AT_ONCE", 40)
        patch.setattr(delimited, "CHARACTERS_AT_ONCE", 50)
        patch.setattr(delimited, "CHARACTERS_OF_A_COLUMN", 0)
        patch.setattr(cells_file, "FEW", 4)
        patch.setattr(recognition_file, "MANY", 0)  # what is kept as numbers has many different ones
        yield


def both(content: bytes, **layout) -> tuple[Table | str, Table | str, bool]:
    """What each reader makes of some bytes, and whether the quick one read all of it."""
    finished = []
    original = arrow_csv.read_arrow_blocks

    def watched(*arguments):
        yield from original(*arguments)
        finished.append(True)

    found = []
    for reading in (watched, unsure):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(arrow_csv, "read_arrow_blocks", reading)
            found.append(attempted(read, content, **layout))
    return found[0], found[1], bool(finished)


def unsure(*_) -> Iterator[None]:
    raise arrow_csv.Unsure
    yield


def attempted(function: Callable, *arguments, **options):
    try:
        return function(*arguments, **options)
    except DataError as problem:
        return str(problem)


def diagnosed(function: Callable, *arguments):
    """What `attempted` gives, but without the cure of a faulty cell.

    A unit is proposed by all texts of a column that are kept; numbers that PyArrow has read have none.
    """
    try:
        return function(*arguments)
    except CellFault as problem:
        return problem.said
    except DataError as problem:
        return str(problem)


def assert_same(one: Table | str, other: Table | str) -> None:
    """Two tables of the same cells and meaning, or the same error."""
    if isinstance(one, str) or isinstance(other, str):
        assert one == other
        return
    assert list(one.columns) == list(other.columns)
    assert (one.rows, one.inner_blank_lines) == (other.rows, other.inner_blank_lines)
    assert one.empty_rows_at_end == other.empty_rows_at_end
    assert lines_of(one) == lines_of(other)
    for name in one.columns:
        values = [diagnosed(read_numbers, each, name, ()) for each in (one, other)]
        assert [value if isinstance(value, str) else value.tobytes() for value in values][:1] == [
            value if isinstance(value, str) else value.tobytes() for value in values
        ][1:]
        assert diagnosed(infer_kind_from_cells, one, name, ()) == diagnosed(infer_kind_from_cells, other, name, ())
    assert texts_of(one) == texts_of(other)


plain = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15).map(repr) | st.integers(
    -(10**6), 10**6
).map(str)
words = st.sampled_from(["a", "b", "é", "x y", "1a", "-"])


@settings(drawn, max_examples=100)
@given(
    st.lists(st.tuples(plain, words, plain | st.just("")), min_size=25, max_size=40), st.sampled_from([b"\n", b"\r\n"])
)
def test_clean_files_are_read_quickly_and_alike(rows, end):
    assume(any("." in row[0] for row in rows))
    content = end.join(",".join(row).encode() for row in [("a", "b", "c"), *rows]) + end
    found, expected, was_quick = both(content)
    assert was_quick
    assert_same(found, expected)


NASTY = [
    *('"x"', '"x,y"', '"x\ny"', "x\ry", "x\0", "\t5", "5\t", " 5", "5 ", "+1", "1.", ".5", "1e400", "-1e400", "1e-400"),
    *("9007199254740993", "9007199254740992", "1e301", "inf", "-inf", "Infinity", "nan", "NaN", "NA", "N/A", "null"),
    *(
        "0x10",
        "1_000",
        "1e",
        "1,2",
        "",
        "\n",
        "\r\n",
        "\r",
        "é",
        "\udcff",
        "\ufeff",
        "true",
        "0",
        "00501",
        "-0",
        "#N/A",
    ),
    *(
        "1d5",
        "1f",
        "1e+5",
        "1E5",
        "٣",
        "1\u00a0",
        "\u200e1\u200b",
        "\u2028",
        "2020-01-02",
        "12:30",
        "'",
        "\\",
        "\\N",
        "\x1a",
        "\x0b",
        "\x85",
    ),
]
kinds = st.sampled_from([plain, plain | words, words, st.integers(0, 99999).map(lambda number: f"{number:05d}")])


@st.composite
def nasty_files(draw: st.DrawFn) -> bytes:
    """A clean file, in which some cells, ends of lines or bytes are replaced by nasty ones."""
    columns = [draw(kinds) for _ in range(3)]
    rows = [[draw(cells) for cells in columns] for _ in range(draw(st.integers(15, 30)))]
    for _ in range(draw(st.integers(0, 2))):
        rows[draw(st.integers(0, len(rows) - 1))][draw(st.integers(0, 2))] = draw(st.sampled_from(NASTY))
    lines = ["a,b,c", *map(",".join, rows)]
    end = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    text = end.join(lines) + draw(st.sampled_from([end, "", end * 3, ","]))
    content = draw(st.sampled_from(["", "", "\ufeff", "\n"])) + text
    return content.encode("utf-8", "surrogateescape")


@settings(drawn, max_examples=100)
@given(nasty_files())
@example(b"a,b,c\n00000,a,a\n00000,a,a\n00001,a,a\n00002,a,a\n00003,a,a\n00004,a,a\n1e400,a,a\n" + b"00000,a,a\n" * 21)
def test_nasty_files_are_read_alike(content):
    found, expected, _ = both(content)
    assert_same(found, expected)


PLACES = [(0, 0, 50), (3, 1, 50), (29, 1, 4096)], [(3, 0, 4096), (29, 0, 50), (0, 1, 4096)]
"""The row, the column and how much is read at once; in either half all pairs with a cell are there."""


@pytest.mark.parametrize(
    ("cell", "late", "column", "at_once"),
    [(cell, *place) for number, cell in enumerate(NASTY) for place in PLACES[number % 2]],
    ids=ascii,
)
def test_one_nasty_cell_anywhere_is_read_alike(cell, late, column, at_once, monkeypatch):
    monkeypatch.setattr(delimited, "CHARACTERS_AT_ONCE", at_once)
    rows = [[f"{k / 8}", "ab"[k % 2], str(k)] for k in range(30)]
    rows[late][column] = cell
    content = "\n".join(["a,b,c", *map(",".join, rows), ""]).encode("utf-8", "surrogateescape")
    assert_same(*both(content)[:2])


@pytest.mark.parametrize(
    "head", ["a,b\r", "x\ra,b\n", '"a\rz",b\n', '"a\nz",b\n', '"a\r\nz",b\r\n', "\n\na,b\n", "\ufeffa,b\n"]
)
def test_any_end_of_line_in_the_header_is_counted_alike(head):
    content = head + "".join(f"{k},{k / 4}\n" for k in range(30))
    skip = 1 if head.startswith("x") else 0
    found, expected, _ = both(content.encode(), skip_rows=skip)
    assert found.rows == 30
    assert_same(found, expected)


@pytest.mark.parametrize("place", [0, 2, 20])
@pytest.mark.parametrize("fault", ["1\n", "1,2,3\n", ",\n", "\n", "\n\n\n", "1;2\n"])
def test_ragged_and_blank_lines_anywhere_give_the_same_words(place, fault):
    lines = [f"{k},{k / 4}\n" for k in range(30)]
    lines.insert(place, fault)
    assert_same(*both(("a,b\n" + "".join(lines)).encode())[:2])


@pytest.mark.parametrize("size", [FIELD_LIMIT, FIELD_LIMIT + 1, FIELD_LIMIT + FIELD_LIMIT // 4])
@pytest.mark.parametrize("what", ["x", "0", "é"])
def test_a_long_field_has_the_same_fate(size, what):
    lines = [f"{k / 8},b\n" for k in range(30)]
    content = ("a,b\n" + "".join(lines) + f"{what * size},b\n" + "".join(lines)).encode()
    found, expected, _ = both(content)
    if isinstance(expected, str):
        assert found == expected
    else:
        assert found.rows == expected.rows == 61
        assert same_cells(found.columns["b"], expected.columns["b"])
        assert same_cells(found.columns["a"], expected.columns["a"])


@pytest.mark.parametrize(
    ("layout", "suits"),
    [
        ({}, True),
        ({"delimiter": ";"}, True),
        ({"encoding": "UTF-8"}, True),
        ({"encoding": "latin-1"}, False),
        ({"skip_initial_space": True}, False),
        ({"decimal": ","}, False),
        ({"thousands": ","}, False),
        ({"delimiter": "é"}, False),
    ],
)
def test_only_formats_that_both_read_alike_are_read_quickly(layout, suits):
    mark = layout.get("delimiter", ",")
    source = reader_of(f"a{mark}b\n1{mark}2\n", "f.csv", TableFormat(**layout))
    source.header()
    assert arrow_csv.can_use_arrow_reader(source) == suits


@pytest.mark.parametrize(("columns", "suits"), [(1, False), (2, True), (500, True), (501, False)])
def test_only_tables_of_some_columns_are_read_quickly(columns, suits):
    source = reader_of(",".join(f"c{place}" for place in range(columns)) + "\n", "f.csv", TableFormat())
    source.header()
    assert arrow_csv.can_use_arrow_reader(source) == suits


def test_without_pyarrow_the_standard_reader_reads(monkeypatch):
    monkeypatch.setattr(arrow_csv, "find_spec", lambda _: None)
    content = "a,b\n" + "".join(f"{k},{k / 4}\n" for k in range(30))
    found, _, was_quick = both(content.encode())
    assert not was_quick
    assert found.rows == 30


@pytest.mark.parametrize("delimiter", ["\t", ";", "|", ":", " "])
def test_other_delimiters_and_gzip_are_read_quickly_too(delimiter):
    content = "\n".join(delimiter.join([f"{k / 8}", "xy"[k % 2]]) for k in range(40)).encode()
    for stored in (content, zipped(content)):
        found, expected, was_quick = both(stored, delimiter=delimiter, header=False)
        assert was_quick
        assert_same(found, expected)


@drawn
@given(st.integers(1, 60), st.integers(1, 60), st.lists(plain, min_size=30, max_size=40), st.integers(0, 29))
@example(1, 1, [str(k) for k in range(30)], 0)
def test_pieces_of_any_size_and_a_doubt_anywhere_change_nothing(probe, at_once, cells, doubt):
    content = "a,b\n" + "".join(f"{cell},{'ab'[k % 2]}\n" for k, cell in enumerate(cells))
    checks = []

    def doubting(piece: bytes, delimiter: str) -> None:
        checks.append(piece)
        if len(checks) > doubt:
            raise arrow_csv.Unsure

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrow_csv, "PROBE", probe)
        patch.setattr(arrow_csv, "BYTES_AT_ONCE", at_once)
        _, expected, _ = both(content.encode())
        patch.setattr(arrow_csv, "refuse_ambiguous_piece", doubting)
        found = read(content)
    assert_same(found, expected)
    assert checks


def test_only_the_columns_that_are_asked_for_are_read():
    content = "a,b,c\n" + "".join(f"{k},{k / 4},x\n" for k in range(30))
    source = reader_of(content, "f.csv", TableFormat())
    source.header()
    blocks = list(arrow_csv.read_arrow_blocks(source, {2: cells_file.Gatherer(TableFormat().grammar)}))
    assert {len(block) for block in blocks} == {1}
    assert [text for block in blocks for text in block[0].texts()] == ["x"] * 30


def test_damaged_gzip_data_is_named(tmp_path):
    content = zipped(("a,b\n" + "".join(f"{k},{k * 7919 % 1013}\n" for k in range(3000))).encode())
    found, expected, _ = both(content[:-30])
    assert isinstance(found, str)
    assert found == expected


# quotes


def quote(cells: list[str], which: list[bool]) -> str:
    return ",".join(f'"{cell}"' if is_quoted else cell for cell, is_quoted in zip(cells, which, strict=True))


quoting = st.sampled_from([[True] * 3, [False, True, True], [True, False, False]]) | st.lists(
    st.booleans(), min_size=3, max_size=3
)
harmless = plain | words | st.sampled_from(["", " ", "00501", "nan", "1e400", "9007199254740993", "true", "2020-01-02"])


@settings(drawn, max_examples=30)
@given(
    st.lists(st.tuples(plain, words, plain | st.just("")), min_size=25, max_size=40),
    st.lists(quoting, min_size=40, max_size=40),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\ufeff"]),
)
def test_files_with_quotes_around_whole_cells_are_read_quickly_and_alike(rows, which, end, mark):
    assume(any("." in row[0] for row in rows))
    lines = [quote(row, quoted) for row, quoted in zip([["a", "b", "c"], *map(list, rows)], which, strict=False)]
    lines += [quote([*rows[0][:2], "1"], which[-1])] * (len(rows) + 1 - len(lines))
    found, expected, was_quick = both((mark + end.join(lines) + end).encode())
    assert was_quick
    assert_same(found, expected)


STRAY = [
    *('"', '""', '"""', '""""', '"x""y"', '"""x"""', 'x"y', '"x"y', '"x" ', ' "x"', '5"', '"5', "'\"'", '","', '"x,y"'),
    *('"x,"', '",x"', '"x\ny"', '"x\r\ny"', '"x\ry"', '"\n"', '"a,b\nc,d\n"', '"\n', '"\ufeffx"', '"\t5"', '"x\0"'),
    *('"x"\r"y"', '"",""', '"a""b"', '"a"\n"b"', '"é"', '"x;y"', '"x\\"', '"\\"x"', '"1,5"', '" 5"', '"5 "'),
]


@st.composite
def quoted_files(draw: st.DrawFn) -> bytes:
    """A file with quotes around some cells, in which some cells or ends of lines are replaced by odd ones."""
    columns = [draw(st.sampled_from([plain, words, harmless])) for _ in range(3)]
    rows = [[draw(cells) for cells in columns] for _ in range(draw(st.integers(15, 30)))]
    styles = draw(st.lists(quoting, min_size=1, max_size=4))
    lines = [quote(row, styles[place % len(styles)]) for place, row in enumerate(rows)]
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(rows) - 1))
        cells = lines[place].split(",")
        cells[draw(st.integers(0, len(cells) - 1))] = draw(st.sampled_from(STRAY))
        lines[place] = ",".join(cells)
    ends = draw(st.sampled_from([["\n"], ["\r\n"], ["\n", "\r\n"], ["\n", "\n", "\r"]]))
    text = "".join(line + ends[place % len(ends)] for place, line in enumerate(lines))
    head = draw(st.sampled_from(["a,b,c\n", '"a","b","c"\n', '\ufeff"a",b,"c"\r\n', '"a\nz",b,c\n']))
    return (head + text + draw(st.sampled_from(["", '"",,""', '""', '"x', "\n"]))).encode()


@settings(drawn, max_examples=60)
@given(quoted_files())
@example(b"a,b,c\n" + b"0.0,a,a\n" * 15 + b",,")
@example(
    b"a,b,c\n" + b'"0.0","0.0","a"\n' * 20 + b'"x,y","0.0","a"\n' + b'"0.0","0.0","a"\n' * 15 + b'"1a","0.0","a"\n'
)
@example(b"a,b,c\n" + b'"0.0","0.0","a"\n' * 20 + b"".join(b'"%s","0.0","a"\n' % each for each in (b"a", b"b", b"-")))
@example(b"a,b,c\n" + b'"0.0","a","a"\n' * 15 + b'"",,""')
def test_files_with_odd_quotes_are_read_alike(content):
    found, expected, _ = both(content)
    assert_same(found, expected)


@pytest.mark.parametrize(("late", "column"), [(0, 0), (3, 1), (29, 2)])
@pytest.mark.parametrize("cell", STRAY, ids=ascii)
def test_one_odd_quote_anywhere_is_read_alike(cell, late, column):
    rows = [[f"{k / 8}", f'"{"ab"[k % 2]}"', f'"{k}"'] for k in range(30)]
    rows[late][column] = cell
    assert_same(*both("\n".join(['"a","b",c', *map(",".join, rows), ""]).encode())[:2])


@pytest.mark.parametrize("delimiter", [",", "\t", ";", " "])
def test_quotes_that_are_taken_away_are_those_that_csv_takes_away(delimiter):
    """The standard library is the oracle: over all texts of few signs, what is sure is what it reads."""
    sure = 0
    for length in range(6):
        for signs in product('"x\n' + delimiter, repeat=length):
            text = "".join(signs)
            try:
                bare = arrow_csv.remove_quotes(text.encode(), delimiter).decode()
            except arrow_csv.Unsure:
                continue
            assert '"' not in bare
            expected = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
            divided = [line.split(delimiter) for line in bare.removesuffix("\n").split("\n")] if bare else []
            assert [row or [""] for row in expected] == divided
            sure += '"' in text
    assert sure > 50
