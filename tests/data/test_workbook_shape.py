"""How a table lies in a workbook: titles, units and sums are found as in a text, and the sheet that holds the table."""

import csv
import datetime as dt
import io

import openpyxl
import pytest

from mlptrain.commands.init import make_starter_spec
from mlptrain.data.sniffing import sniff_format
from mlptrain.data.table_format import TableFormat
from mlptrain.data.workbook_shape import look_at_workbook
from mlptrain.spec.file import load_spec
from tests.support.command import mlptrain
from tests.support.flows import fit

NAMES = ["when", "size", "kind", "price", "label"]
ROWS = [[dt.date(2024, 1, 1 + k), k * 1.5, "abc"[k % 3], k % 7 * 10.25, ("ja", "nein")[k % 2]] for k in range(30)]
SIZES, PRICES = sum(row[1] for row in ROWS), sum(row[3] for row in ROWS)
UNITS = [None, "kg", None, "EUR", None]
SUMS = ["Summe", None, None, PRICES, None]
BARE_SUMS = [None, SIZES, None, PRICES, None]
GAPS = [*ROWS[:3], [ROWS[3][0], "k.A.", *ROWS[3][2:]], ROWS[4], [*ROWS[5][:3], "#N/A", ROWS[5][4]], *ROWS[6:]]
LAYOUTS = {
    "plain": [NAMES, *ROWS],
    "a title": [["A report"], [], NAMES, *ROWS],
    "titles of two cells": [["A report"], ["as of", "2024"], [], NAMES, *ROWS],
    "units": [NAMES, UNITS, *ROWS],
    "sums": [NAMES, *ROWS, SUMS],
    "sums without a word": [NAMES, *ROWS, BARE_SUMS],
    "a remark at the end": [NAMES, *ROWS, [], ["Source: the office"]],
    "an empty row between": [NAMES, *ROWS[:9], [], *ROWS[9:]],
    "words for a gap": [NAMES, *GAPS],
    "all": [["A report"], [], NAMES, UNITS, *GAPS, [], SUMS],
    "no names": ROWS,
}
KEYS = ("header", "skip_rows", "skip_after_names", "skip_footer")


def save(path, **sheets) -> str:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return str(path)


def write_csv(path, rows) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";").writerows([["" if cell is None else cell for cell in row] for row in rows])
    path.write_text(text.getvalue(), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("rows", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("names", [["label"], []])
def test_a_workbook_is_seen_as_the_same_table_in_a_text(rows, names, tmp_path):
    text = sniff_format(write_csv(tmp_path / "t.csv", rows), names)
    book, remark = look_at_workbook(save(tmp_path / "t.xlsx", A=rows), names, TableFormat())
    assert [getattr(book, key) for key in KEYS] == [getattr(text, key) for key in KEYS]
    assert not remark


@pytest.mark.parametrize("rows", [rows for name, rows in LAYOUTS.items() if name != "no names"])
def test_the_spec_of_every_layout_has_all_rows_and_no_others(rows, tmp_path):
    path = save(tmp_path / "t.xlsx", A=rows)
    made = make_starter_spec(path, "label", folder=tmp_path)
    assert made.rows == len(ROWS)
    (tmp_path / "s.yaml").write_text(made.text, encoding="utf-8")
    assert fit(str(tmp_path / "s.yaml"), out=tmp_path / "m.npz", overrides=["training.epochs=1"]).epochs == 1


COVERS = {"texts": [["A report"], ["of ours"]], "nothing": [], "pairs": [["author", "x"], ["as of", 2024]]}


@pytest.mark.parametrize("cover", COVERS.values(), ids=COVERS)
@pytest.mark.parametrize("asked", [None, "Daten", "2"])
def test_init_finds_the_sheet_of_the_table_or_takes_the_one_that_is_named(cover, asked, tmp_path):
    save(tmp_path / "t.xlsx", Info=cover, Daten=[NAMES, *ROWS])
    ended = mlptrain(
        "init", "t.xlsx", "--target", "label", *(["--sheet", asked] if asked else []), "--out", "s.yaml", cwd=tmp_path
    )
    assert ended.code == 0, ended.err
    assert load_spec(str(tmp_path / "s.yaml"))[0].data.sheet == "Daten"
    assert ("the sheet 'Daten' is read, not 'Info'; --sheet names another one" in ended.err) == (asked is None)


def test_a_sheet_that_is_not_there_is_an_error_that_lists_them(tmp_path):
    save(tmp_path / "t.xlsx", Info=[], Daten=[NAMES, *ROWS])
    ended = mlptrain("init", "t.xlsx", "--target", "label", "--sheet", "Date", cwd=tmp_path)
    assert ended.code == 3
    assert "there is no sheet 'Date' (--sheet); the sheets are 'Info', 'Daten'" in ended.err


SPEC = "data: {train: t.xlsx, target: label, missing_target: drop}\nmodel: {hidden: []}\ntraining: {epochs: 1}\n"
SAID = {
    "units": "t.xlsx row 2: no cell of this row is a number, while those below are",
    "sums": "t.xlsx row 32: the last row looks like sums ('Summe'); if it is none of the rows, set data.skip_footer: 1",
    "sums without a word": "t.xlsx row 32: the numbers of the last row are sums of those above; if it is none",
}


@pytest.mark.parametrize("command", ["check", "fit"])
@pytest.mark.parametrize("name", SAID)
def test_rows_that_are_none_are_said_where_a_spec_does_not_skip_them(name, command, tmp_path):
    save(tmp_path / "t.xlsx", A=LAYOUTS[name])
    (tmp_path / "s.yaml").write_text(SPEC)
    ended = mlptrain(command, "s.yaml", cwd=tmp_path)
    assert SAID[name] in ended.err
    assert (ended.code, ended.err.count("row 32") + ended.err.count("row 2:")) == (0, 1)


@pytest.mark.parametrize("cover", [[["a", "b"], [1, 2]], []])
def test_an_error_of_the_wrong_sheet_names_the_others(cover, tmp_path):
    save(tmp_path / "t.xlsx", Info=cover, Daten=[NAMES, *ROWS])
    (tmp_path / "s.yaml").write_text(SPEC)
    ended = mlptrain("check", "s.yaml", cwd=tmp_path)
    assert (ended.code, "'Daten'" in ended.err, "data.sheet" in ended.err) == (3, True, True), ended.err


@pytest.fixture
def folder(tmp_path):
    save(tmp_path / "t.xlsx", A=[NAMES, *ROWS])
    (tmp_path / "s.yaml").write_text(SPEC.replace("label,", "label, columns: {when: date},"))
    assert mlptrain("fit", "s.yaml", "-q", cwd=tmp_path).code == 0
    return tmp_path


@pytest.mark.parametrize("rows", [[["a", "b"]], [["a", "b"], [1, 2]]])
def test_eval_names_the_columns_that_are_missing_also_where_there_is_no_row(rows, folder):
    save(folder / "new.xlsx", A=rows)
    ended = mlptrain("eval", "s.npz", "new.xlsx", cwd=folder)
    assert ended.code == 3
    assert "missing; the columns are 'a', 'b'" in ended.err


def test_a_workbook_comes_back_as_a_workbook(folder):
    asked = ["predict", "s.npz", "t.xlsx", "--keep", "kind", "--probabilities", "--out"]
    for more in ([], ["--like-input"], []):
        ended = mlptrain(*asked, "p.xlsx", *more, cwd=folder)
        assert ended.code == 0, ended.err
    assert mlptrain(*asked, "p.csv", cwd=folder).code == 0
    lines = list(csv.reader(io.StringIO((folder / "p.csv").read_text())))
    names, *rows = openpyxl.load_workbook(folder / "p.xlsx").active.iter_rows(values_only=True)
    assert list(names) == lines[0] == ["kind", "label", "probability_ja", "probability_nein"]
    assert [[*row[:2], *map(float, row[2:])] for row in lines[1:]] == list(map(list, rows))


def test_texts_that_look_like_formulas_stay_texts(folder):
    save(folder / "f.xlsx", A=[NAMES, [*ROWS[0][:2], "x", *ROWS[0][3:]]])
    write_csv(folder / "f.csv", [NAMES, [*ROWS[0][:2], "=1+1", *ROWS[0][3:]]])
    asked = ["predict", "s.npz", "f.csv", "--keep", "kind", "--set", "data.delimiter=;", "--out", "p.xlsx"]
    assert mlptrain(*asked, cwd=folder).code == 0
    cell = openpyxl.load_workbook(folder / "p.xlsx").active["A2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


def test_like_input_of_a_workbook_says_which_way_there_is(folder):
    ended = mlptrain("predict", "s.npz", "t.xlsx", "--like-input", "--out", "p.csv", cwd=folder)
    assert (ended.code, "leave it out, or give --out NAME.xlsx" in ended.err) == (2, True), ended.err


@pytest.mark.parametrize("name", ["n.xlsx", "n.parquet"])
def test_typed_files_are_read_from_standard_input(name, folder):
    save(folder / "n.xlsx", A=[NAMES, *ROWS[1:]])
    if name == "n.parquet":
        assert mlptrain("predict", "s.npz", "n.xlsx", "--keep", "all", "--out", name, cwd=folder).code == 0
    for command in (["predict", "s.npz"], ["eval", "s.npz"]):
        piped = mlptrain(*command, "-", stdin=(folder / name).read_bytes(), cwd=folder)
        named = mlptrain(*command, name, cwd=folder)
        assert (piped.code, piped.out) == (0, named.out), piped.err
