"""Names of columns in messages, and the one that a saved index gets."""

from unicodedata import normalize

import pytest

from mlptrain.data.column_names import SAVED_INDEX, describe_missing_columns, find_near_name, name_saved_index
from mlptrain.data.column_rules import FeatureRules
from mlptrain.data.feature_fitting import decide_column_kinds
from mlptrain.data.grammar import is_number
from mlptrain.data.sniffing import sniff_format
from mlptrain.data.table import read_table
from mlptrain.data.table_format import TableFormat
from mlptrain.data.workbook_shape import look_at_workbook
from mlptrain.errors import DataError


@pytest.mark.parametrize("other", ["SIZE", " size ", "Size", "sizes"])
def test_the_name_that_was_meant_is_proposed(other):
    assert find_near_name("size", ["colour", other]) == [other]


@pytest.mark.parametrize(
    ("name", "names", "meant"),
    [
        ("umsatz", ["Umsatz (€)", "Ort"], ["Umsatz (€)"]),
        ("Umsatz (€)", ["umsatz", "Ort"], ["umsatz"]),
        ("area", ["total living area", "town"], ["total living area"]),
        ("price", ["price_in_dollars", "price_in_euros"], []),
        ("age", ["mileage_of_car", "town"], []),
        ("id", ["id_of_customer", "town"], []),
    ],
)
def test_the_only_name_that_has_it_as_a_part_is_proposed(name, names, meant):
    assert find_near_name(name, names) == meant


@pytest.mark.parametrize(("ours", "theirs"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_names_that_look_alike_are_told_apart(ours, theirs):
    said = describe_missing_columns([normalize(ours, "Größe")], [normalize(theirs, "Größe"), "y"])
    assert said.endswith(f"(they look alike, but the file has them in the Unicode form {theirs}; write the names anew)")
    assert "look alike" not in describe_missing_columns(["Größe"], ["größe"])


@pytest.mark.parametrize(("ours", "theirs"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_the_form_is_that_of_the_names_that_look_alike_whatever_others_are_missing(ours, theirs):
    asked, there = ["x", normalize(ours, "naïve"), "Alter"], ["X", normalize(theirs, "naïve"), "alter"]
    said = describe_missing_columns(asked, there)
    end = f"looks the same, but the file has it in the Unicode form {theirs}; write the names anew)"
    assert said.endswith(f"({normalize(theirs, 'naïve')!r} {end}")


@pytest.mark.parametrize(
    ("near", "said"),
    [
        ("size\xa0", "has a no-break space after it"),
        (" size", "has a blank before it"),
        ("size  ", "has 2 blanks after it"),
        ("\u200bsize", "has a blank that is not seen before it"),
        ("Size", "has other capitals"),
        (" SIZE", "has a blank before it and other capitals"),
    ],
)
def test_what_eyes_hardly_tell_is_said_with_what_to_do(near, said):
    told = describe_missing_columns(["size"], [near, "y"])
    assert told.endswith(f"did you mean {near!r}? ({near!r} {said}; write names alike in both places)")
    back = describe_missing_columns([near], ["size", "y"])
    assert "no blank" in back or "other capitals" in back


def test_of_several_names_each_is_said_and_a_near_one_needs_no_word():
    told = describe_missing_columns(["a", "b", "colour"], ["a ", "B", "color"])
    assert told.endswith("('a ' has a blank after it, 'B' has other capitals; write names alike in both places)")
    assert describe_missing_columns(["colour"], ["color"]).endswith("did you mean 'color'?")


def test_blanks_within_a_name_are_told():
    assert "'a\\xa0b' has other blanks in it" in describe_missing_columns(["a b"], ["a\xa0b"])


def test_a_row_in_the_place_of_names_is_called_so():
    assert describe_missing_columns(["a"], ["1", "x"]).endswith("looks like a row: write the names above it")
    assert describe_missing_columns(["a"], ["b", "x"]) == "column 'a' is missing; the columns are 'b', 'x'"


# the index of a saved data frame

INDEXES = {
    "running": ["0", "1", "2", "3"],
    "from one": ["1", "2", "3", "4"],
    "in another order": ["17", "3", "250", "0"],
    "texts": ["Ulm", "Jena", "Kiel", "Bern"],
    "texts and numbers": ["Ulm", "2", "Kiel", "11"],
    "no rows": [],
}
NO_INDEXES = {
    "one twice": ["1", "2", "2", "3"],
    "fractions": ["0.5", "1", "2", "3"],
    "amounts and texts": ["1.5", "Jena", "Kiel", "Bern"],
    "texts, one twice": ["Ulm", "Jena", "Ulm", "Bern"],
    "a gap": ["0", "", "2", "3"],
}


def save(path, names, rows):
    """A table as a text or a workbook, whose numbers are numbers."""
    if path.suffix == ".csv":
        path.write_text("".join(",".join(row) + "\n" for row in [names, *rows]))
        return str(path)
    book = pytest.importorskip("openpyxl").Workbook()
    book.active.append([name or None for name in names])
    for row in rows:
        book.active.append([float(cell) if is_number(cell) else cell or None for cell in row])
    book.save(path)
    return str(path)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("cells", INDEXES.values(), ids=INDEXES)
def test_a_first_column_without_a_name_that_numbers_the_rows_is_a_saved_index(tmp_path, cells, kind):
    rows = [[cell, "1.5", "x"] for cell in cells]
    path = save(tmp_path / f"t.{kind}", ["", "size", "colour"], rows)
    table = read_table(path, TableFormat())
    assert [name for name in table.columns if name != SAVED_INDEX] == ["size", "colour"]
    assert table.rows == len(cells)
    if cells:
        assert table.texts(SAVED_INDEX) == cells
        kinds = decide_column_kinds(table, list(table.columns), FeatureRules())
        assert (kinds[SAVED_INDEX].kind, kinds[SAVED_INDEX].notice) == ("ignore", True)
        look = look_at_workbook(path, (), TableFormat())[0] if kind == "xlsx" else sniff_format(path)
        assert (look.skip_rows, look.skip_after_names) == (0, 0)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("cells", NO_INDEXES.values(), ids=NO_INDEXES)
def test_another_first_column_wants_a_name(tmp_path, cells, kind):
    path = save(tmp_path / f"t.{kind}", ["", "size", "colour"], [[cell, "1.5", "x"] for cell in cells])
    with pytest.raises(DataError, match=r"column (1|A) has no name"):
        read_table(path, TableFormat())


def test_only_the_first_column_is_an_index_and_only_once():
    for names in (["a", ""], ["", ""], [""], ["", SAVED_INDEX], ["", "a", " "]):
        assert name_saved_index(names, [["0", "x", "x"], ["1", "x", "x"]]) == names


def test_the_lines_of_rows_are_right_below_names_without_an_index(tmp_path):
    path = save(tmp_path / "t.csv", ["", "a"], [["0", "x"], ["1", "y"]])
    assert [place.rpartition(":")[2] for place in read_table(path, TableFormat()).places([0, 1])] == ["2", "3"]
