"""Cells in memory: whatever blocks they arrive in, as texts or as numbers, they mean what their texts mean."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from mlptrain.data import cells as cells_file
from mlptrain.data import number_recognition as recognition_file
from mlptrain.data.cells import Gatherer, NumberCells, TextCells, format_double, measure_fixed_digit_width
from mlptrain.data.coding import Coder, NulByte
from mlptrain.data.column import Understood
from mlptrain.data.feature_fitting import infer_kind_from_cells
from mlptrain.data.frames import read_columns
from mlptrain.data.grammar import LARGEST, NumberGrammar, is_number
from mlptrain.data.number_reading import read_numbers
from mlptrain.data.number_texts import MISSING_NUMBERS
from mlptrain.data.table import Part, Reading, Table, read_table
from mlptrain.data.table_format import TableFormat
from mlptrain.errors import DataError
from tests.support.table_cases import coded, drawn, lines_of, read, same_cells, texts_of

FEW = 5
"""Instead of 1000, so that small columns are kept as numbers."""


@pytest.fixture(autouse=True, scope="module")
def few() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cells_file, "FEW", FEW)
        patch.setattr(recognition_file, "MANY", 0)  # what is kept as numbers has many different ones
        yield


def gathered(texts: list[str], sizes: list[int], *, as_coded: list[bool], as_text: bool = False):
    """The cells of texts that arrive in blocks of some sizes, as lists of texts or coded by another reader."""
    gatherer = Gatherer(NumberGrammar(), as_text=as_text)
    begin = 0
    for number, size in enumerate([*sizes, len(texts)]):
        block = texts[begin : begin + size]
        gatherer.add(coded(block) if as_coded[number % len(as_coded)] else block)
        begin += size
    return gatherer.finish()


def table_of(cells, texts: list[str]) -> Table:
    """A table of one column, which can be read again."""
    part = Part("f.csv", len(texts), lambda found: [row + 2 for row in found])
    return Table("f.csv", {"x": cells}, len(texts), [part], again=lambda _: table_of(coded(texts), texts))


def attempted(function, *arguments):
    """What a function returns, or the words of its error."""
    try:
        return function(*arguments)
    except DataError as problem:
        return str(problem)


def number_of(text: str, missing: set[str]) -> float:
    """The number of one text, NaN if it is missing, the slow and plain way."""
    if text in missing or text.strip(" ") in MISSING_NUMBERS | missing:
        return np.nan
    assert is_number(text.strip(" "))
    number = float(text)
    assert abs(number) <= LARGEST
    return np.nan if any(is_number(mark) and float(mark) == number for mark in missing) else number


figures = st.integers(0, 40).map(str) | st.sampled_from(
    ["1.5", "-3", "+4", "1e2", ".5", "2.", " 7", "8 ", "007", "-999", "-999.0", "1e-400", "-0", "0.0"]
)
codes = st.integers(0, 60).map(lambda number: f"{number:05d}")
odd = st.sampled_from(["", "NA", " NA ", "?", "nan", "-999", "none"])
words = st.sampled_from(["a", "b", "1,5", "0x10", "1_0", "inf"])
huge = st.sampled_from(["1e400", "9007199254740993", "-1e301", "9" * 40, "9" * 350, "9007199254740992"])
columns = st.lists(
    st.sampled_from([figures, figures | odd, codes, codes | odd, figures | words, figures | huge, words]).flatmap(
        lambda cells: st.lists(cells, max_size=40)
    ),
    min_size=1,
    max_size=3,
).map(lambda parts: list(chain.from_iterable(parts)))
sizes = st.lists(st.integers(0, 12), max_size=6)
forms = st.lists(st.booleans(), min_size=1, max_size=3)
marks = st.sets(st.sampled_from(["-999", "none", "a"]))


@settings(drawn, max_examples=400)
@given(columns, sizes, forms, marks)
@example([str(k) for k in range(9)] + ["oops"] * 9, [9], [False], set())
@example([str(k) for k in range(9)] + ["-999", "-999.0"], [3], [False], {"-999"})
@example([f"{k:05d}" for k in range(12)] + ["7"], [8, 3], [False], set())
@example([f"{k:05d}" for k in range(12)] + [" 00003"], [8, 3], [True], set())
@example([f"{k}.0" for k in range(12)], [4, 4], [False], set())
@example([str(k) for k in range(12)] + ["9" * 350], [4, 4], [False], set())
def test_blocks_and_forms_change_no_meaning(texts, sizes, as_coded, missing):
    plain = table_of(coded(texts), texts)
    found = table_of(gathered(texts, sizes, as_coded=as_coded), texts)
    assert found.texts("x") == texts
    expected = attempted(read_numbers, plain, "x", missing)
    got = attempted(read_numbers, found, "x", missing)
    np.testing.assert_array_equal(got, expected)
    assert attempted(infer_kind_from_cells, found, "x", missing) == attempted(
        infer_kind_from_cells, plain, "x", missing
    )


@settings(drawn, max_examples=200)
@given(st.lists(figures | odd, max_size=60), sizes, forms, marks)
def test_numbers_are_those_of_the_texts_one_by_one(texts, sizes, as_coded, missing):
    found = table_of(gathered(texts, sizes, as_coded=as_coded), texts)
    missing = missing | {"none", ""}
    expected = np.array([number_of(text, missing) for text in texts], np.float64)
    np.testing.assert_array_equal(read_numbers(found, "x", missing), expected)


@settings(drawn, max_examples=200)
@given(columns, sizes, forms, marks, st.data())
def test_taking_rows_commutes_with_everything(texts, sizes, as_coded, missing, data):
    rows = data.draw(st.lists(st.integers(0, max(len(texts) - 1, 0)), max_size=len(texts) and 30), label="rows")
    taken = [texts[row] for row in rows]
    whole = table_of(gathered(texts, sizes, as_coded=as_coded), texts)
    some = whole.take(np.array(rows, np.int64))
    assert some.texts("x") == taken
    assert lines_of(some) == [row + 2 for row in rows]
    for position, row in enumerate(rows):
        assert some.columns["x"].text(position) == whole.columns["x"].text(row)
    values = attempted(read_numbers, whole, "x", missing)
    if not isinstance(values, str):
        np.testing.assert_array_equal(read_numbers(some, "x", missing), values[rows])
    again = some.take(np.arange(len(rows), dtype=np.int64)[::-1].copy())
    assert again.texts("x") == taken[::-1]


@settings(drawn, max_examples=200)
@given(columns, sizes, forms)
def test_a_column_that_is_asked_for_as_text_is_text(texts, sizes, as_coded):
    cells = gathered(texts, sizes, as_coded=as_coded, as_text=True)
    assert isinstance(cells, TextCells)
    assert cells.texts() == texts
    assert [cells.text(row) for row in range(cells.rows)] == texts
    assert cells.counts == {text: texts.count(text) for text in dict.fromkeys(texts)}


def test_many_numbers_are_kept_as_numbers_and_odd_ones_as_texts():
    texts = [*map(str, range(20)), "", "NA", "oops", "1e400", "3"]
    cells = gathered(texts, [4, 4, 8], as_coded=[False, True])
    assert isinstance(cells, NumberCells)
    assert cells.numbers[~np.isnan(cells.numbers)].tolist() == [*range(20), 3]
    assert cells.odd_rows.tolist() == [20, 21, 22, 23]
    assert cells.odd.texts() == ["", "NA", "oops", "1e400"]
    assert [cells.text(row) for row in (0, 19, 20, 22, 24)] == ["0", "19", "", "oops", "3"]


def test_few_numbers_and_mostly_words_stay_texts():
    assert isinstance(gathered(["1", "2", "3"] * 50, [7] * 9, as_coded=[False]), TextCells)
    assert isinstance(gathered([*map(str, range(20)), *"abc"], [23], as_coded=[False]), TextCells)


@pytest.mark.parametrize("few", [1000])
@pytest.mark.parametrize("size", [1, 700, 10_000])
def test_digits_with_leading_zeros_keep_their_text(monkeypatch, few, size):
    monkeypatch.setattr(cells_file, "FEW", few)
    texts = [f"{number:05d}" for number in default_rng(1).permutation(3000).tolist()] + ["", "00007"]
    cells = gathered(texts, [size] * (len(texts) // size), as_coded=[False])
    found = Table("f.csv", {"x": cells}, len(texts), [])  # it cannot be read again
    assert isinstance(cells, NumberCells)
    assert found.texts("x") == texts
    assert found.take(np.arange(5, 3002, 7)).texts("x") == texts[5:3002:7]
    kept = infer_kind_from_cells(found, "x", set())
    assert kept == Understood("ignore", "codes with leading zeros, 3000 different ones: an identifier")


@pytest.mark.parametrize("columns", [1, 999, 2000, 10_000, 1_000_000])
def test_the_columns_of_a_wide_table_stay_coded_up_to_fewer_texts(monkeypatch, columns):
    monkeypatch.setattr(cells_file, "FEW", 1000)
    most = cells_file.compute_distinct_text_limit(columns)
    assert most == (1000 if columns < 1000 else max(2**20 // columns, 100))
    texts = [str(number / 8) for number in range(most + 1)]
    for count, kind in ((most, TextCells), (most + 1, NumberCells)):
        gatherer = Gatherer(NumberGrammar(), columns=columns)
        gatherer.add(texts[:count])
        assert isinstance(gatherer.finish(), kind)


def test_a_table_knows_that_it_is_wide(tmp_path):
    names = [f"x{place}" for place in range(10_001)]
    lines = [",".join([f"0.{row}"] * len(names)) for row in range(1, 108)]
    (tmp_path / "t.csv").write_text("\n".join([",".join(names), *lines]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cells_file, "FEW", 1000)
        whole = read_table(str(tmp_path / "t.csv"), TableFormat())
        (piece,) = Reading(str(tmp_path / "t.csv"), TableFormat()).chunks(unread=names[1:])
    for cells in (whole.columns["x0"], whole.columns["x10000"], piece.columns["x0"]):
        assert isinstance(cells, NumberCells)


def test_the_text_of_a_number_is_read_again():
    content = "x,y\n" + "".join(f"{k / 7:.17g},{k % 3}\n" for k in range(40))
    found = read(content)
    assert isinstance(found.columns["x"], NumberCells)
    assert isinstance(found.columns["y"], TextCells)
    texts = [f"{k / 7:.17g}" for k in range(40)]
    assert found.texts("x") == texts
    assert found.take(np.array([3, 1])).take(np.array([1])).texts("x") == [texts[1]]
    reads = []
    counting = replace(found, again=lambda names: reads.append(list(names)) or found.again(names))
    assert counting.texts("y") == [str(k % 3) for k in range(40)]
    assert counting.texts("x") == texts
    assert reads == [["x"]]


def test_columns_in_memory_are_read_again_too():
    values = [k / 7 for k in range(40)]
    found = read_columns({"x": np.array(values), "y": list(range(40))})
    assert isinstance(found.columns["x"], NumberCells)
    assert isinstance(found.columns["y"], NumberCells)
    assert found.texts("x") == [format_double(value) for value in values]
    assert found.take(np.array([3])).texts("y") == ["3"]


@drawn
@given(st.lists(st.floats(allow_nan=True, allow_infinity=False), max_size=30), sizes, st.booleans())
@example([float(k) for k in range(9)] + [1e305], [9], False)
@example([float(k) for k in range(9)] + [2.0**60, float("nan")], [9], False)
def test_arrays_are_the_cells_of_their_shortest_texts(values, sizes, as_text):
    whole, gatherer, begin = np.array(values, np.float64), Gatherer(NumberGrammar(), as_text=as_text), 0
    for size in [*sizes, len(values)]:
        gatherer.add(whole[begin : begin + size])
        begin += size
    texts = [format_double(value) for value in values]
    found = table_of(gatherer.finish(), texts)
    assert found.texts("x") == texts
    got, expected = (attempted(read_numbers, each, "x", ()) for each in (found, table_of(coded(texts), texts)))
    np.testing.assert_array_equal(got, expected)


@drawn
@given(st.floats())
def test_the_shortest_text_of_a_number_is_it(value):
    text = format_double(value)
    assert np.array_equal(float(text or "nan"), value, equal_nan=True)
    assert len(text) <= len(repr(value))


@drawn
@given(st.lists(st.text(max_size=3) | codes, min_size=1))
def test_common_digits_are_the_length_of_texts_of_nothing_but_digits(texts):
    alike = all(len(text) == len(texts[0]) and text and set(text) <= set("0123456789") for text in texts)
    assert measure_fixed_digit_width(texts) == (len(texts[0]) if alike else 0)


def test_a_nul_character_is_refused_in_every_form():
    for block in (["a\0"], coded_unchecked(["1", "\0"])):
        with pytest.raises(NulByte):
            Gatherer(NumberGrammar()).add(block)
    numeric = Gatherer(NumberGrammar())
    numeric.add([str(k) for k in range(20)])
    assert numeric.numeric
    with pytest.raises(NulByte):
        numeric.add(["1", "2\0"])


def coded_unchecked(texts: list[str]) -> TextCells:
    return TextCells(np.arange(len(texts), dtype=np.int32), texts)


def test_codes_go_by_first_appearance():
    coder = Coder()
    assert coder.codes(["b", "a", "b"]).tolist() == [0, 1, 0]
    assert coder.codes(["c", "a"]).tolist() == [2, 1]
    assert coder.values == ["b", "a", "c"]


@drawn
@given(columns, sizes, sizes)
def test_what_is_gathered_after_a_finish_begins_anew(texts, first, second):
    gatherer = Gatherer(NumberGrammar(), as_text=True)
    gatherer.add(texts)
    assert gatherer.finish().texts() == texts
    assert gatherer.finish().rows == 0
    gatherer.add(texts[::-1])
    assert gatherer.finish().texts() == texts[::-1]


@drawn
@given(st.lists(st.sampled_from(["a", "b", "c", "x"]), max_size=20), sizes)
def test_replaced_texts_are_one(texts, sizes):
    gatherer, begin = Gatherer(NumberGrammar(), replace={"a": "b", "c": ""}), 0
    for size in [*sizes, len(texts)]:
        gatherer.add(texts[begin : begin + size])
        begin += size
    cells = gatherer.finish()
    expected = [{"a": "b", "c": ""}.get(text, text) for text in texts]
    assert cells.texts() == expected
    assert len(set(cells.values)) == len(cells.values)


def test_a_number_that_means_missing_does_so_however_many_numbers_there_are():
    for count in (3, 50):
        found = read("x\n" + "\n".join([*(f"{k}.5" for k in range(count)), "-999", "-999.0", " -999"]))
        values = read_numbers(found, "x", {"-999"})
        assert isinstance(found.columns["x"], NumberCells) == (count == 50)
        assert np.isnan(values).tolist() == [False] * count + [True] * 3


def test_every_block_size_of_the_reader_gives_the_same_table(monkeypatch):
    lines = [f"{k / 3},{k:04d},{k % 3}" for k in range(40)]
    content = "\n".join(["a,b,c", *lines, "NA,0001,x", ""])
    whole = read(content)
    for size in (1, 7, 64, 10_000):
        monkeypatch.setattr("mlptrain.data.delimited.CHARACTERS_AT_ONCE", size)
        monkeypatch.setattr("mlptrain.data.delimited.CHARACTERS_OF_A_COLUMN", 0)
        found = read(content)
        assert all(same_cells(found.columns[name], whole.columns[name]) for name in "abc")
        assert texts_of(found) == texts_of(whole)


@pytest.mark.parametrize("rows", [[0], [0, 1, 2, 3], [3, 0, 0], [1, 3], []])
def test_some_of_the_cells_are_those_cells_odd_ones_too(rows):
    cells = NumberCells(np.array([np.nan, 1.5, 2.5, np.nan]), np.array([0, 3]), TextCells(np.array([1, 0]), ["a", "b"]))
    taken = cells.take(np.array(rows, np.int64))
    assert [taken.text(row) for row in range(len(rows))] == [["b", "1.5", "2.5", "a"][row] for row in rows]


@pytest.mark.parametrize("places", [[0], [1], [39], [0, 1], []])
def test_a_few_empty_texts_are_found_wherever_they_stand(places):
    texts = ["" if place in places else "1" for place in range(40)]
    assert np.isnan(NumberGrammar().parse(texts)).nonzero()[0].tolist() == places


def test_whole_numbers_are_written_in_digits_as_far_as_they_are_exact():
    assert [format_double(sign * 2.0**power) for sign in (1, -1) for power in (53, 54)] == [
        *("9007199254740992", "1.8014398509481984e+16"),
        *("-9007199254740992", "-1.8014398509481984e+16"),
    ]


def test_cells_of_texts_and_of_numbers_answer_alike():
    texts = [*(str(k / 4) for k in range(30)), "x", "", "2.50", "-9", "x"]
    kept, numbers = coded(texts), gathered(texts, [], as_coded=[False])
    assert (kept.is_numeric, numbers.is_numeric) == (False, True)
    assert kept.rows == numbers.rows == len(kept) == len(texts)
    for missing in ({""}, {"", "-9"}):
        one, other = (cells.read_numbers(missing, NumberGrammar())[0] for cells in (kept, numbers))
        np.testing.assert_array_equal(one, other)
    assert kept.find_rows({"x", ""}) == numbers.find_rows({"x", ""}) == [30, 31, 34]
    assert kept.code_texts() is kept.kept_texts is kept
    assert numbers.kept_texts.counts == {"x": 2, "": 1}
    assert (kept.count_plain_numbers([-9.0]), numbers.count_plain_numbers([-9.0])) == (0, 31)
    assert (kept.count_different_numbers(), numbers.count_different_numbers()) == (0, 32)
    assert kept[30:33].texts() == texts[30:33]
    for cells in (kept, numbers):
        digest, again = (
            b"".join(map(bytes, each.digest_parts())) for each in (cells, cells.take(np.arange(len(texts))))
        )
        assert digest == again
        assert digest != b"".join(map(bytes, cells.take(np.arange(len(texts))[::-1]).digest_parts()))
