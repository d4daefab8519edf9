"""Columns: what kind their cells are, and the numbers, truth values and classes they stand for."""

import random
import re
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mlptrain.data import cells as cells_file
from mlptrain.data.date_column import read_dates
from mlptrain.data.feature_fitting import infer_column_kind, infer_kind_from_cells
from mlptrain.data.frames import read_columns
from mlptrain.data.grammar import LARGEST, NUMBERS, NumberGrammar, is_inexact_whole_number, is_number
from mlptrain.data.number_forms import find_number_forms
from mlptrain.data.number_reading import BOOLEANS, describe_number_forms, read_booleans, read_numbers
from mlptrain.data.number_texts import MISSING_NUMBERS, parse_numbers, sort_numbers_or_texts
from mlptrain.errors import DataError
from tests.support.table_cases import drawn, read, table

MARKS = {""}

SOME_NUMBERS = [
    "0",
    "-0",
    "+1",
    "1.",
    ".5",
    "-.5",
    "1e5",
    "1E-3",
    "1.e+05",
    "00501",
    "1e-99999",
    "123456789012345678901234567890",
]
NOT_NUMBERS = [
    ".",
    "-",
    "e5",
    "1e",
    "1e+",
    "1e5.",
    "--1",
    "1 2",
    "1-",
    "1_000",
    "1,5",
    "0x10",
    "0b1",
    "inf",
    "-inf",
    "Infinity",
]
NOT_NUMBERS += [
    "nan",
    "-nan",
    "+NaN",
    "１２",
    "١٢",
    "²",
    "1\u00a0",
    "\u00a01",
    "1\n",
    "\n1",
    "\t1",
    "$1",
    "12%",
    "1e5e5",
    "1d5",
    "½",
]


# The grammar of numbers.


@pytest.mark.parametrize("text", SOME_NUMBERS)
def test_a_number_is_a_number(text):
    assert is_number(text)
    assert NUMBERS.parse([text]).tolist() == [float(text)]


@pytest.mark.parametrize("text", NOT_NUMBERS)
def test_what_only_resembles_a_number_is_none(text):
    assert not is_number(text)
    assert NUMBERS.parse([text]) is None
    assert NUMBERS.parse(["1", text, "2"]) is None


@drawn
@given(st.text("0123456789+-.eE", max_size=8) | st.text(max_size=4) | st.sampled_from([*SOME_NUMBERS, *NOT_NUMBERS]))
def test_the_fast_parser_reads_exactly_the_grammar(text):
    values = NUMBERS.parse([text])
    assert (values is not None) == (is_number(text) or not text)
    assert values is None or np.array_equal(values, [float(text or "nan")], equal_nan=True)


@drawn
@given(st.lists(st.floats(-LARGEST, LARGEST)))
def test_numbers_are_read_to_the_last_bit(values):
    cells = [repr(value) for value in values]
    assert read_numbers(table(x=cells), "x", MARKS).tobytes() == np.array(values, np.float64).tobytes()
    spaced = [f"  {cell} " for cell in cells]
    assert read_numbers(table(x=spaced), "x", MARKS).tobytes() == np.array(values, np.float64).tobytes()


@pytest.mark.parametrize("mark", [*sorted(MISSING_NUMBERS), " ", " NA ", "-999", "n a", " x"])
def test_missing_numbers_are_nan(mark):
    values = read_numbers(table(x=["1", mark, "-3", mark]), "x", {"", "-999", "n a", " x"})
    assert values[[0, 2]].tolist() == [1, -3]
    assert np.isnan(values[[1, 3]]).all()
    assert read_numbers(table(x=["1", "-999"]), "x", MARKS).tolist() == [1, -999]


def test_a_number_too_small_is_zero():
    assert read_numbers(table(x="1e-400 -1e-400 4e-324"), "x", MARKS).tolist() == [0, 0, 5e-324]


@pytest.mark.parametrize("text", ["1e400", "-1e400", "1.1e300", "9" * 400])
def test_a_number_too_large_is_an_error_with_its_line(text):
    with pytest.raises(DataError, match=re.escape(f'f.csv:4: column "x": {text!r} is too large for a number')):
        read_numbers(table(x=["1", "NA", text]), "x", MARKS)


def test_what_is_no_number_is_named_with_line_and_column():
    with pytest.raises(DataError) as error:
        read_numbers(read('a,x\n\n"b\nc",1\nd,oops\n'), "x", MARKS)
    hint = "mend it, add it to data.missing_values, or set data.columns: {x: category}"
    assert str(error.value) == f"f.csv:5: column \"x\": 'oops' is not a number; {hint}"


def test_the_first_five_that_are_no_numbers_are_named():
    with pytest.raises(DataError) as error:
        read_numbers(table(x="1 a 2 b c NA d e f g"), "x", MARKS)
    said = "'a' is not a number, nor is 'b' on line 5, 'c' on line 6, 'd' on line 8, 'e' on line 9 and 2 more; mend it"
    assert f'f.csv:3: column "x": {said}' in str(error.value)


def test_an_absent_column_is_an_error():
    for kind in read_numbers, read_booleans:
        with pytest.raises(DataError, match=r"f.csv:1: column 'X' is missing; did you mean 'x'\?"):
            kind(table(x="1"), "X", MARKS)


@pytest.mark.parametrize("cells", ["1 -9 3 -9.0", "1 -9 3 -9e0", "1 -9 3 -09"])
def test_a_number_that_means_missing_does_so_however_it_is_written(cells):
    np.testing.assert_array_equal(read_numbers(table(x=cells), "x", {"-9"}), [1, np.nan, 3, np.nan])
    assert infer_kind_from_cells(table(x="-9 -9.0 1 1"), "x", {"-9"}).note == "one value, or missing"
    assert read_numbers(table(x=cells), "x", MARKS)[1] == -9


@drawn
@given(st.integers(0, 10**320).map(str) | st.integers(2**53 - 5, 2**53 + 5).map(str), st.sampled_from(["", "-", "+"]))
@example("9" * 350, "")
@example("9007199254740993", "-")
def test_a_whole_number_is_inexact_where_no_float_equals_it(digits, sign):
    expected = len(digits) <= 300 and int(float(digits)) != int(digits)
    assert is_inexact_whole_number(sign + digits) == expected


# Dates.


def test_dates_are_seconds_and_missing_ones_nan():
    found = read_dates(table(x="1970-01-02 _ ? 1970-01-01"), "x", {"?"}, None)
    np.testing.assert_array_equal(found, [86400, np.nan, np.nan, 0])


def test_what_is_no_date_is_named_with_its_line():
    with pytest.raises(DataError, match=r"f.csv:3: column \"x\": '2020-13-01' is not a date; mend it"):
        read_dates(table(x="2020-01-01 2020-13-01 2020-01-02"), "x", MARKS, None)
    with pytest.raises(
        DataError, match=r"f.csv:2: column \"x\": .* may have the day or the month first.*set data.columns"
    ):
        read_dates(table(x="1/2/2020 2/3/2020"), "x", MARKS, None)


@drawn
@given(
    st.lists(st.text("0123456789+-.,eE ", max_size=8) | st.sampled_from([*SOME_NUMBERS, *NOT_NUMBERS]), max_size=6),
    st.sampled_from([NUMBERS, NumberGrammar(",", "."), NumberGrammar(".", ",")]),
)
@example(SOME_NUMBERS, NUMBERS)
@example(["1", ""], NUMBERS)
@example(["1", " 2"], NUMBERS)
def test_the_numbers_among_texts_are_those_that_are_numbers_each_by_itself(texts, grammar):
    assert grammar.read(texts) == {text for text in texts if grammar.reads(text)}


def test_what_means_missing_is_asked_anew_each_time():
    found = table(x="1 -9 2 NA -9")
    for missing, values in [((), [1, -9, 2, np.nan, -9]), (("-9",), [1, np.nan, 2, np.nan, np.nan])] * 2:
        np.testing.assert_array_equal(read_numbers(found, "x", missing), values)


def test_the_texts_of_all_rows_are_read_once_for_all_that_are_taken(monkeypatch):
    found, reads = table(x="1 2 3 4"), []
    monkeypatch.setattr(cells_file, "parse_numbers", lambda *asked: reads.append(asked) or parse_numbers(*asked))
    for rows in ([0, 2], [3], [1, 1]):
        assert read_numbers(found.take(np.array(rows)), "x", ()).tolist() == [1.0 + row for row in rows]
    assert len(reads) == 1


# Truth values.


def test_truth_values_may_be_written_in_every_way_at_once():
    ways = ["".join(letters) for word in ("true", "false") for letters in product(*zip(word, word.upper()))]  # noqa: B905
    assert infer_kind_from_cells(table(x=ways), "x", MARKS).kind == "boolean"


@pytest.mark.parametrize("pair", BOOLEANS, ids=lambda pair: "-".join(sorted(pair)))
@pytest.mark.parametrize("case", [str.lower, str.upper, str.title])
def test_a_pair_of_truth_values_is_boolean(pair, case):
    words = [case(word) for word in pair]
    cells = [*words, "", *words[::-1]]
    assert infer_kind_from_cells(table(x=cells), "x", MARKS).kind == "boolean"
    values = read_booleans(table(x=cells), "x", MARKS)
    assert sorted(values[:2]) == sorted(values[3:]) == [0, 1]
    assert np.isnan(values[2])


@pytest.mark.parametrize("word", ["true", "YES", "t", "y", "1", "On"])
def test_true_is_one(word):
    assert read_booleans(table(x=[word]), "x", MARKS).tolist() == [1]


def test_missing_truth_values_are_nan():
    assert np.isnan(read_booleans(table(x="_ ? _"), "x", {"?"})).all()


def test_what_is_no_truth_value_is_named_with_its_line():
    with pytest.raises(
        DataError, match=r'f.csv:4: column "x": \'maybe\' is not a truth value; write one of .* category}'
    ):
        read_booleans(table(x="yes no maybe"), "x", MARKS)


# Kinds.

MANY = [str(number) for number in range(200)]
KINDS = {
    "integers": ("1 2 3", "number"),
    "reals": ("1e3 -.5 2.", "number"),
    "missing-numbers": ("1 NA ? _ N/A None null NULL NaN nan 2", "number"),
    "one-number-and-missing": ("5 NA 5", "number"),
    "zeros-and-ones-in-decimals": ("0.0 1.0 0.0", "number"),
    "words": ("a b a", "category"),
    "three-truth-values": ("yes no maybe", "category"),
    "mixed-truth-values": ("yes false", "category"),
    "truth-and-NA": ("yes no NA", "category"),
    "codes": ("00501 10001", "category"),
    "codes-of-unequal-length": ("00501 1", "number"),
    "decimals-below-one": ("0.5 0.7", "number"),
    "digits": ("0 1 2 3", "number"),
    "missing": ("_ _", "ignore"),
    "listed-as-missing": ("- _ -", "ignore"),
    "constant": ("a a a", "ignore"),
    "check-box": ("x x _", "category"),
    "constant-number": ("7 7 7", "ignore"),
    "check-box-of-ones": ("1 1 _", "category"),
    "only-marks-of-missing-numbers": ("NA ? NA", "category"),
    "mostly-NA": (["NA"] * 995 + ["Ex", "Fa", "Gd"], "category"),
    "thousands-with-commas": ("1,000 2,000 3,500", "category"),
    "foreign-digits": ("１２ ٣", "category"),
    "spaced": (["1", " 2", "3 ", "  4  "], "number"),
    "dates": ("2020-01-01 2021-02-03", "ignore"),
    "long-identifiers": ("9007199254740993 9007199254740995", "category"),
    "half-numbers": ("1 2 a b", "category"),
    "few-numbers-among-codes": (["0", "1", "2"] * 30 + [f"a{k}" for k in range(21)], "category"),
    "many-texts": ([f"name {number}" for number in range(101)], "ignore"),
    "a-hundred-texts": ([f"name {number}" for number in range(100)], "category"),
    "texts-of-which-half-repeat": ([f"name {number}" for number in range(101)] * 2, "category"),
    "texts-of-which-few-repeat": ([f"name {number}" for number in range(150)] + ["name 1"] * 140, "ignore"),
}


@pytest.mark.parametrize(("cells", "kind"), KINDS.values(), ids=KINDS)
def test_the_kind_follows_from_all_cells(cells, kind):
    found = table(x=cells)
    assert infer_kind_from_cells(found, "x", {"", "-"}).kind == kind
    shuffled = found.texts("x")
    random.Random(1).shuffle(shuffled)
    assert infer_kind_from_cells(table(x=shuffled), "x", {"", "-"}).kind == kind


@pytest.mark.parametrize(
    ("cells", "note"),
    [
        ("_ _", "all cells are missing"),
        ("a a a", "constant"),
        ("7 _ 7", "one value, or missing"),
        ("x _ x", "one value, or missing"),
        ("007 010", "codes with leading zeros"),
        ([f"name {number}" for number in range(101)], "text with 101 different values in 101 cells"),
        ("1 2", ""),
    ],
)
def test_a_note_says_why(cells, note):
    assert infer_kind_from_cells(table(x=cells), "x", MARKS).note == note


@pytest.mark.parametrize(("right", "wrong"), [(["1", "2"] * 100, 1), (MANY, 1), (MANY, 21), (["1", "2"] * 500, 9)])
def test_text_among_numbers_is_an_error_that_names_the_lines(right, wrong):
    cells = ["NA", "", *right, *["oops"] * wrong]
    count = f"{wrong} cells, the first on" if wrong > 1 else "on"
    with pytest.raises(DataError) as error:
        infer_kind_from_cells(table(x=cells), "x", MARKS)
    said = f"{len(right):,} cells are numbers but not 'oops' ({count} line {len(right) + 4}); mend them, "
    said += 'list what means missing in data.missing_values: ["oops"]'
    assert str(error.value).startswith(f'f.csv:{len(right) + 4}: column "x": {said}')
    assert str(error.value).endswith("or set data.columns: {x: category}")
    assert infer_kind_from_cells(table(x=cells), "x", {"", "oops"}).kind == "number"


def test_a_declared_mark_of_missing_hides_text_among_numbers():
    assert infer_kind_from_cells(table(x=[*MANY, "-"]), "x", {"", "-"}).kind == "number"


@pytest.mark.parametrize("form", ["{}", "{}.0", "{:02}", " {}", "+{}"])
@pytest.mark.parametrize("rows", [9, 10, 2000])
def test_a_running_number_is_an_identifier_however_it_is_written(form, rows):
    texts = [form.format(k + 20) for k in range(rows)]
    found = read("x,y\n" + "".join(f"{text},\n" for text in texts))
    assert (infer_kind_from_cells(found, "x", MARKS).note == "a running number: an identifier") == (rows >= 10)
    for gone in ("", "NA", texts[0]):
        gaps = read("x,y\n" + "".join(f"{text},1\n" for text in [*texts[:-1], gone]))
        assert infer_kind_from_cells(gaps, "x", MARKS).kind == "number"


def test_infinities_among_numbers_are_an_error_however_many_numbers_there_are():
    for count in (2, 2000):
        found = read("x,y\n" + "".join(f"{text},\n" for text in [*(f"{k}.5" for k in range(count)), "-inf"]))
        with pytest.raises(DataError, match=rf"f.csv:{count + 2}: column \"x\": '-inf' is not a number"):
            infer_kind_from_cells(found, "x", MARKS)


# The order of classes.


def test_classes_stand_in_natural_order():
    assert sort_numbers_or_texts({"10", "9", "-1", "1e1", "9.5"}) == ["-1", "9", "9.5", "10", "1e1"]
    assert sort_numbers_or_texts({"b", "a", "10", "9"}) == ["10", "9", "a", "b"]


@drawn
@given(st.sets(st.sampled_from(["a", "B", "é", "", "1", "10", "2", "02", "1.0", "-1", "1e400"])))
@example({"1", "1.0"})
def test_the_order_is_a_function_of_the_set(values):
    ordered = sort_numbers_or_texts(values)
    assert sorted(ordered) == sorted(values)
    assert all(sort_numbers_or_texts(list(order)) == ordered for order in (ordered, ordered[::-1]))


def test_booleans_are_disjoint_pairs():
    assert all(not a & b for a, b in product(BOOLEANS, BOOLEANS) if a != b)


# However the cells are kept.

FIFTY = [str(k * 7 % 50 + 10) for k in range(50)]
KEPT_AS_NUMBERS = {
    "numbers": FIFTY,
    "codes": [f"{k * 7 % 50:03}" for k in range(50)],
    "not all codes": [f"{k * 7 % 50:02}" for k in range(50)] + ["123"],
    "gaps": [*FIFTY, "", "NA", " nan "],
    "a word": [*FIFTY, "oops"],
    "a word with the letters of a gap": [*FIFTY, "XNAX"],
    "marks of missing": [*FIFTY, "17", "-9", "-9.0"],
    "as many words as numbers": [*FIFTY, *["some", "more"] * 25],
    "other writing": [*FIFTY, "1,5", "2,5"],
    "units": [*FIFTY, *(f"{k} kg" for k in range(5))],
    "too large": [*FIFTY, "1e301"],
    "inexact": [*FIFTY, "9007199254740993"],
    "running": [str(k + 10) for k in range(50)],
}


def outcome(found):
    """What a column is understood as, or why it is not."""
    try:
        return infer_kind_from_cells(found, "x", {"", "-9", "17"})
    except DataError as problem:
        return str(problem)


@pytest.mark.parametrize("cells", KEPT_AS_NUMBERS.values(), ids=KEPT_AS_NUMBERS)
def test_a_column_is_the_same_whether_its_cells_are_kept_as_numbers_or_as_texts(cells):
    as_numbers = read("x,y\n" + "".join(f'"{text}",\n' for text in cells))
    assert outcome(as_numbers) == outcome(table(x=cells))


def test_a_few_words_are_an_error_among_many_numbers_that_are_not_marks_of_missing():
    cells = read("x,y\n" + "".join(f"{text},\n" for text in [*FIFTY, "oops"]))
    with pytest.raises(DataError, match="oops"):
        infer_kind_from_cells(cells, "x", {"", "17"})


@pytest.mark.parametrize("largest", [LARGEST, -LARGEST])
def test_the_largest_number_is_one(largest):
    cells = read("x,y\n" + "".join(f"{text},\n" for text in [*FIFTY, repr(largest)]))
    assert read_numbers(cells, "x", MARKS)[-1] == largest


@pytest.mark.parametrize(
    ("cells", "cure"),
    [
        ("1,5 2,5", 'data.decimal: ","'),
        ("1.000,5 2.000,5", 'data.decimal: "," and data.thousands: "."'),
        ("1'000 2'000", 'data.thousands: "\'"'),
        ("$5 7€", "plain numbers in one unit (there are $, €)"),
        ("12.3% 4%", 'data.units: ["%"]'),
        ("a b", ""),
    ],
)
def test_what_would_make_numbers_of_texts_is_said(cells, cure):
    forms = find_number_forms(cells.split(), NUMBERS)
    assert (describe_number_forms(forms, NUMBERS) if forms else "") == cure


@pytest.mark.parametrize(
    ("cell", "named"),
    [
        ("１２", "'１２' (with U+FF11, U+FF12)"),
        ("1２2", "'1２2' (with U+FF12)"),
        ("１２３４", "'１２３４' (with U+FF11, U+FF12, U+FF13)"),
        ("12x", "'12x'"),
        ("é", "'é'"),
    ],
)
def test_characters_that_only_resemble_figures_are_named(cell, named):
    with pytest.raises(DataError) as problem:
        read_numbers(table(x=["1", cell]), "x", MARKS)
    assert f"{named} " in f"{problem.value} ".replace(";", " ").replace(",  ", ", ")


DECIMAL_COMMAS = 'these look like numbers; to read them as numbers, give data.decimal: ","'
IDENTIFIER = (
    "whole numbers, different in every row: probably an identifier; to leave it out, set data.columns: {x: ignore}"
)
UNDERSTOOD = {
    "other writing": (["1,5", "2,5", "3,5"], "category", DECIMAL_COMMAS),
    "other writing, all different": ([f"{k},5" for k in range(150)], "ignore", DECIMAL_COMMAS),
    "half is words": ([*map(str, range(1, 8)), *["a"] * 7], "category", ""),
    "three quarters of the tickets are numbers": (
        [*map(str, range(100, 163)), *(f"PC {k}" for k in range(21))],
        "category",
        "63 of 84 cells are numbers; if the others mean missing, list "
        + ", ".join(f'"PC {k}"' for k in range(20))
        + ", … in data.missing_values",
    ),
    "one of them is too long": (["1", "9007199254740993", "23"] * 3, "category", "whole numbers too long to be exact"),
    "none of them is too long": (["1", "900719925474099", "23"] * 3, "number", ""),
    "four digits, no zero before them": ([str(1000 + 7 * k % 9000) for k in range(1500)], "number", IDENTIFIER),
    "four digits with zeros before them": (
        [f"{(7919 * k) % 10000:04d}" for k in range(1500)],
        "ignore",
        "codes with leading zeros, 1500 different ones: an identifier",
    ),
    "few codes": ([f"{(7919 * k) % 10000:04d}" for k in range(50)] * 2, "category", "codes with leading zeros"),
    "one digit": ([str(k) for k in range(10)] * 200, "number", ""),
}


@pytest.mark.parametrize(("cells", "kind", "note"), UNDERSTOOD.values(), ids=UNDERSTOOD)
def test_what_a_column_is_and_what_is_said_of_it(cells, kind, note):
    for found in (table(x=cells), read("x,y\n" + "".join(f'"{text}",\n' for text in cells))):
        understood = infer_kind_from_cells(found, "x", MARKS)
        assert (understood.kind, understood.note) == (kind, note)


IDS = {
    "texts": [f"r{k * 7919 % 100003}" for k in range(60)],
    "codes with leading zeros": [f"{k * 7919 % 100003:06d}" for k in range(60)],
    "whole numbers": [str(k * 7919 % 100003) for k in range(60)],
}


@pytest.mark.parametrize("rows", [9, 10, 49, 50, 60])
@pytest.mark.parametrize("alike", [0, 1, 2])
@pytest.mark.parametrize("what", IDS)
def test_cells_that_are_different_in_nearly_every_row_are_probably_an_identifier(what, alike, rows):
    """Of 50 cells one may be there twice; in memory, texts and numbers are told in the same words."""
    cells = [*IDS[what][: rows - alike], *IDS[what][:alike]]
    found = infer_kind_from_cells(table(x=cells), "x", MARKS)
    where = "every row" if not alike else f"nearly every row ({rows - alike} of {rows})"
    said = f"{what}, different in {where}: probably an identifier; to leave it out, set data.columns: {{x: ignore}}"
    is_one = rows >= 10 and alike <= rows // 50
    assert found.notice == is_one
    assert not is_one or found.note == said
    typed = list(map(int, cells)) if what == "whole numbers" else cells
    in_memory = infer_column_kind(read_columns({"x": typed}), "x", MARKS)
    assert in_memory.kind == found.kind
    assert not is_one or in_memory.note == said.replace("codes with leading zeros", "texts")


def test_texts_of_many_rows_that_look_like_numbers_are_left_out_and_said_so():
    found = infer_column_kind(read_columns({"x": [str(k * 7919 % 100003) for k in range(200)]}), "x", MARKS)
    said = "texts that look like numbers; to read them as numbers, set data.columns: {x: number}"
    assert (found.kind, found.notice) == ("ignore", True)
    assert found.note == f"text with 200 different values in 200 cells; {said}"


@pytest.mark.parametrize(
    ("words", "nor"),
    [
        ("a", ""),
        ("abcde", ", nor is 'b' on line 4, 'c' on line 5, 'd' on line 6, 'e' on line 7"),
        ("abcdef", ", nor is 'b' on line 4, 'c' on line 5, 'd' on line 6, 'e' on line 7 and 1 more"),
    ],
)
def test_the_first_five_faults_are_shown_and_the_others_counted(words, nor):
    hint = "mend it, add it to data.missing_values, or set data.columns: {x: category}"
    with pytest.raises(DataError) as problem:
        read_numbers(table(x=["1", *words]), "x", MARKS)
    assert str(problem.value) == f"f.csv:3: column \"x\": 'a' is not a number{nor}; {hint}"


@pytest.mark.parametrize("words", [1, 5, 6])
def test_words_among_many_numbers_are_shown_and_counted(words):
    with pytest.raises(DataError) as problem:
        infer_kind_from_cells(table(x=[*map(str, range(1, 100)), *(f"a{k}" for k in range(words))]), "x", MARKS)
    shown = ", ".join(f"'a{k}' (on line {101 + k})" for k in range(min(words, 5)))
    more = " and 1 other text more" if words == 6 else ""
    assert f"99 cells are numbers but not {shown}{more}; mend them" in str(problem.value)


def test_marks_of_missing_that_are_numbers_are_told_by_their_value_and_words_are_left_alone():
    cells = table(x="-9 -9.0 -9.00 abc 9")
    found = read_numbers(table(x="-9 -9.0 9"), "x", {"-9"})
    assert np.isnan(found).tolist() == [True, True, False]
    with pytest.raises(DataError, match="'abc' is not a number"):
        read_numbers(cells, "x", {"-9"})


def test_truth_values_that_are_numbers_are_equal_where_the_numbers_are():
    assert read_booleans(table(x="1.0 0 1 0.0 _"), "x", MARKS).tolist()[:4] == [1, 0, 1, 0]
