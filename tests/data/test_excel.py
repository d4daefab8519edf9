"""Excel workbooks: cells by their types, the sheet and the first row by the rules of a text file; hostile files."""

import datetime as dt
import sys
import zipfile

import openpyxl
import pytest

from mlptrain.data import excel
from mlptrain.data.number_reading import read_numbers
from mlptrain.data.table import read_table
from mlptrain.data.table_format import TableFormat
from mlptrain.errors import DataError, EnvironmentFailure
from tests.support.command import mlptrain


@pytest.fixture
def save(tmp_path):
    """A function that writes sheets of rows as a workbook and gives its name."""

    def write(*rows, **sheets) -> str:
        book = openpyxl.Workbook()
        book.remove(book.active)
        for title, lines in ({"Sheet1": rows} | sheets).items():
            sheet = book.create_sheet(title)
            for line in lines:
                sheet.append(list(line))
        book.save(tmp_path / "t.xlsx")
        return str(tmp_path / "t.xlsx")

    return write


def read(path: str, **layout):
    return read_table(path, TableFormat(**layout))


NOON = dt.datetime(2020, 1, 2, 12, 30)
CELLS = {
    "numbers": ([1.5, None, 1000], "number", ["1.5", "", "1000"]),
    "booleans": ([True, None, False], "boolean", ["true", "", "false"]),
    "dates": ([NOON, dt.date(2020, 1, 3), None], "date", ["2020-01-02 12:30:00", "2020-01-03", ""]),
    "texts": (["a", " b ", ""], "category", ["a", " b ", ""]),
    "figures as texts": (["007", "1,5", None], "category", ["007", "1,5", ""]),
    "times": ([dt.time(9, 5), None, dt.time(23, 0, 1)], "category", ["09:05:00", "", "23:00:01"]),
    "lengths": ([dt.timedelta(hours=30), dt.timedelta(minutes=90, seconds=1)], "category", ["30:00:00", "1:30:01"]),
    "errors": (["#N/A", 1.25, "#DIV/0!"], "category", ["#N/A", "1,25", "#DIV/0!"]),
    "words among numbers": ([1.125, "k.A.", 1000], "category", ["1,125", "k.A.", "1000"]),
    "truths among texts": ([True, "x"], "category", ["true", "x"]),
}


@pytest.mark.parametrize(("values", "kind", "texts"), CELLS.values(), ids=CELLS)
def test_cells_have_their_types(save, values, kind, texts):
    """Under a grammar of texts that would read 1.125 as 1125."""
    table = read(save(["x", "y"], *([value, "z"] for value in values)), decimal=",", thousands=".")
    assert (table.type_of("x").kind, table.texts("x")) == (kind, texts)


def test_dates_among_texts_are_read_beside_dates_that_are_texts(save):
    table = read(save(["x", "y"], [dt.date(2020, 1, 5), 1], ["06.01.2020", 2]))
    assert (table.type_of("x").kind, table.type_of("x").strays) == ("date", {"06.01.2020": 1})


def test_numbers_are_those_of_the_sheet(save):
    path = save(["x"], *([k + 0.125] for k in range(1200)))
    for grammar in ({}, {"decimal": ",", "thousands": "."}):
        assert read_numbers(read(path, **grammar), "x", ()).tolist() == [k + 0.125 for k in range(1200)]


def test_empty_rows_and_columns_at_the_end_are_none(save):
    table = read(save(["a", "b", None, None], [1, 2, None, None], [3, 4], [None, None, None], ["", None, "", ""]))
    assert (list(table.columns), table.rows, table.inner_blank_lines) == (["a", "b"], 2, 0)


def test_blank_rows_between_are_counted_and_rows_keep_their_numbers(save):
    table = read(save(["title"], [], ["a", "b"], [1, 2], [], [], ["x", 4]), skip_rows=1)
    assert (table.rows, table.inner_blank_lines, table.places([0, 1])[1].endswith("t.xlsx row 7")) == (2, 2, True)


@pytest.mark.parametrize(("sheet", "column"), [(None, "a"), ("Zwei", "b"), ("2", "b"), ("1", "a")])
def test_the_sheet_is_named_or_numbered(save, sheet, column):
    table = read(save(["a"], [1], Zwei=[["b"], [2]]), sheet=sheet)
    assert list(table.columns) == [column]
    assert any("the sheet 'Sheet1' is read, not 'Zwei'" in each for each in table.remarks) == (sheet is None)


FAULTS = {
    "no such sheet": (
        lambda save: save(["a"], [1], B=[["b"], [2]]),
        {"sheet": "C"},
        "there is no sheet 'C'.*'Sheet1', 'B'",
    ),
    "empty": (lambda save: save(), {}, "the sheet 'Sheet1' is empty"),
    "skipped": (lambda save: save(["a"], [1]), {"skip_rows": 5}, "is empty after 5 skipped rows"),
    "title": (
        lambda save: save(["Title"], [], ["a", "b"], [1, 2]),
        {},
        "row 1: there is one name only.*data.skip_rows",
    ),
    "no name": (lambda save: save(["a", None, "c"], [1, 2, 3]), {}, "row 1: column B has no name, but a cell in row 2"),
    "beyond": (
        lambda save: save(["a", "b"], [1, 2], [1, 2, 3]),
        {},
        "row 1: column C has no name, but a cell in row 3",
    ),
    "twice": (lambda save: save(["a", "a"], [1, 2]), {}, "column 'a' is named twice"),
    "formulas": (
        lambda save: save(["a", "f"], [1, "=A2+1"]),
        {},
        'row 2: column "f": its formulas have no stored values',
    ),
}


@pytest.mark.parametrize(("make", "layout", "said"), FAULTS.values(), ids=FAULTS)
def test_faults_are_named(save, make, layout, said):
    with pytest.raises(DataError, match=said):
        read(make(save), **layout)


def make_zip(path, **parts) -> str:
    with zipfile.ZipFile(path / "t.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return str(path / "t.xlsx")


BOOK = '<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>'
ENTITIES = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbb">]><workbook/>'
HOSTILE = {
    "a zip file": ({"a_dot_txt": "x"}, "this is a zip file, not an Excel workbook"),
    "a binary workbook": ({"xl__workbook_dot_bin": "x"}, r"this is a binary workbook \(.xlsb\)"),
    "an OpenDocument table": ({"content_dot_xml": "<a/>"}, r"this is an OpenDocument table \(.ods\)"),
    "entities": ({"xl__workbook_dot_xml": ENTITIES}, "declares a document type"),
    "no content types": ({"xl__workbook_dot_xml": BOOK}, "this Excel workbook is damaged"),
    "no XML": (
        {"xl__workbook_dot_xml": "x", "_dot_".join(["[Content_Types]", "xml"]): "x"},
        "this Excel workbook is damaged",
    ),
}


@pytest.mark.parametrize(("parts", "said"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_end_in_one_sentence(tmp_path, parts, said):
    with pytest.raises(DataError, match=said) as found:
        read(make_zip(tmp_path, **parts))
    assert "\n" not in str(found.value)


def test_what_is_cut_off_or_old_is_named(save, tmp_path):
    path = save(["a"], [1])
    whole = (tmp_path / "t.xlsx").read_bytes()
    for cut in (10, len(whole) // 2, len(whole) - 30):
        (tmp_path / "t.xlsx").write_bytes(whole[:cut])
        with pytest.raises(DataError, match="damaged"):
            read(path)
    (tmp_path / "t.xlsx").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(600))
    with pytest.raises(DataError, match=r"an old Excel file .*, or one with a password"):
        read(path)


def test_what_does_not_fit_into_the_memory_is_not_unpacked(save, monkeypatch):
    path = save(["a"], *([k] for k in range(100)))
    monkeypatch.setattr(excel, "measure_available_memory", lambda: 1000)
    with pytest.raises(EnvironmentFailure, match="it unpacks to"):
        read(path)
    monkeypatch.setattr(excel, "refuse_hostile_workbook", lambda path: None)
    with pytest.raises(EnvironmentFailure, match="do not fit into the memory"):
        read(path)


def test_without_the_library_the_way_to_it_is_said(save, tmp_path, monkeypatch):
    save(["a", "y"], [1, "p"])
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    ended = mlptrain("init", "t.xlsx", "--target", "y", cwd=tmp_path)
    assert (ended.code, "pip install 'mlptrain[excel]'" in ended.err) == (6, True), ended.err


def test_every_command_reads_a_workbook(save, tmp_path):
    """A title, two sheets, dates, a word among numbers: init writes what fit, eval, predict and check need."""
    days = [dt.datetime(2020, 1, 1) + dt.timedelta(days=k) for k in range(40)]
    rows = [[k * 1.125, day, "k.A." if k == 7 else k % 5 + 0.5, "yes" if k % 2 else "no"] for k, day in enumerate(days)]
    save(["A report"], [], ["size", "when", "price", "label"], *rows, Notes=[["x"], [1]])
    assert mlptrain("init", "t.xlsx", "--target", "label", "--out", "s.yaml", cwd=tmp_path).code == 0
    text = (tmp_path / "s.yaml").read_text()
    for line in ("skip_rows: ", "sheet: ", "size: number", "when: date", "price: "):
        assert line in text, text
    assert "price: ignore" not in text
    for line in (["check", "s.yaml"], ["fit", "s.yaml", "-q"], ["eval", "s.npz", "t.xlsx", "--bootstrap", 0]):
        ended = mlptrain(*line, cwd=tmp_path)
        assert ended.code == 0, ended.err
    answers = mlptrain("predict", "s.npz", "t.xlsx", "--keep", "size", cwd=tmp_path)
    assert (answers.code, answers.out.splitlines()[:2][0]) == (0, "size,label"), answers.err
    assert answers.out.splitlines()[2].startswith("1.125,")
