"""Every form of a file holds the same values, is the same bytes again, and follows from the name."""

import gzip
import io
from pathlib import Path

import pytest

from mlptrain.data.table import Reading, read_table
from mlptrain.data.table_format import TableFormat
from mlptrain.data.table_writing import (
    ExcelForm,
    ParquetForm,
    TextForm,
    choose_table_form,
    round_number_text,
)
from mlptrain.errors import DataError, SpecError

COLUMNS = {
    "name, of it": ["a;b", "Größe\t", "x", 'say "x"', "two\nlines"],
    "y": ["1.5", "-1e-07", "", "123456.0", "1e+20"],
}
FORMS = {
    "comma": TextForm(),
    "semicolon": TextForm(delimiter=";", decimal=","),
    "tab, Windows": TextForm(delimiter="\t", encoding="cp1252", line_end="\r\n"),
    "UTF-16": TextForm(delimiter=";", decimal=",", encoding="utf-16"),
    "byte order mark": TextForm(byte_order_mark=True, line_end="\r\n"),
    "packed": TextForm(gzip=True),
}


def content(form, pieces=(COLUMNS,)):
    stream = io.BytesIO()
    form.write(pieces, {"y"}, stream)
    assert not stream.closed
    return stream.getvalue()


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_text_reads_back_by_its_own_dialect_with_every_value(tmp_path, form):
    (tmp_path / "t").write_bytes(content(form))
    layout = TableFormat(delimiter=form.delimiter, encoding=form.encoding, decimal=form.decimal)
    table = read_table(str(tmp_path / "t"), layout)
    assert table.texts("name, of it") == COLUMNS["name, of it"]
    assert [cell.replace(form.decimal, ".") for cell in table.texts("y")] == COLUMNS["y"]
    assert form.read_names(tmp_path / "t") == list(COLUMNS)
    if not form.gzip:
        reading = Reading(str(tmp_path / "t"), layout)
        assert reading.dialect == form
    else:
        assert gzip.decompress((tmp_path / "t").read_bytes()) == content(TextForm())


@pytest.mark.integration
def test_parquet_has_numbers_as_doubles_and_texts_as_texts(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    (tmp_path / "t.parquet").write_bytes(content(ParquetForm()))
    table = parquet.read_table(tmp_path / "t.parquet")
    assert [str(field.type) for field in table.schema] == ["string", "double"]
    assert table["y"].to_pylist() == [float(cell) if cell else None for cell in COLUMNS["y"]]
    assert table["name, of it"].to_pylist() == COLUMNS["name, of it"]
    assert ParquetForm().read_names(tmp_path / "t.parquet") == list(COLUMNS)


@pytest.mark.integration
def test_a_workbook_has_numbers_as_numbers_and_texts_as_texts(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    halves = [{name: cells[part] for name, cells in COLUMNS.items()} for part in (slice(2), slice(2, None))]
    (tmp_path / "t.xlsx").write_bytes(content(ExcelForm(digits=3), halves))
    _, *rows = openpyxl.load_workbook(tmp_path / "t.xlsx").active.iter_rows(values_only=True)
    assert [row[0] for row in rows] == COLUMNS["name, of it"]
    assert [row[1] for row in rows] == [1.5, -1e-07, None, 123000, 1e20]
    assert ExcelForm().read_names(tmp_path / "t.xlsx") == list(COLUMNS)
    with pytest.raises(DataError, match="a control character cannot stand in a workbook"):
        ExcelForm().write([{"x": ["\x01"]}], set(), io.BytesIO())


@pytest.mark.parametrize("form", [*FORMS.values(), "parquet"], ids=[*FORMS, "parquet"])
def test_the_same_table_is_the_same_bytes_and_pieces_make_no_difference_to_text(form):
    if form == "parquet":
        pytest.importorskip("pyarrow")
        form = ParquetForm()
    assert content(form) == content(form)
    halves = [{name: cells[part] for name, cells in COLUMNS.items()} for part in (slice(2), slice(2, None))]
    if isinstance(form, TextForm) and not form.gzip:
        assert content(form, halves) == content(form)


NAMES = {
    "p.csv": TextForm(),
    "p": TextForm(),
    "p.txt": TextForm(),
    "a.b.csv": TextForm(),
    "p.tsv": TextForm(delimiter="\t"),
    "P.TSV": TextForm(delimiter="\t"),
    "p.csv.gz": TextForm(gzip=True),
    "p.tsv.gz": TextForm(delimiter="\t", gzip=True),
    "p.gz": TextForm(gzip=True),
}


@pytest.mark.parametrize("name", NAMES)
def test_the_name_says_the_form(name):
    assert choose_table_form(Path(name)) == NAMES[name]
    assert choose_table_form(Path(name), digits=3).digits == 3


@pytest.mark.parametrize(
    "name", ["p.xlsx.gz", "p.XLS", "p.json", "p.npz", "p.feather", "p.csv.zip", "p.parquet.gz", "p.ods"]
)
def test_a_name_that_asks_for_another_kind_of_file_is_refused(name):
    with pytest.raises(SpecError, match=rf"--out {name}: the table is not written as .*; name it .csv"):
        choose_table_form(Path(name))


def test_a_name_that_contradicts_the_dialect_is_refused():
    german = TextForm(delimiter=";", decimal=",")
    assert choose_table_form(Path("p.csv.gz"), dialect=german) == TextForm(delimiter=";", decimal=",", gzip=True)
    for name in ("p.tsv", "p.parquet"):
        with pytest.raises(SpecError, match="with --like-input"):
            choose_table_form(Path(name), dialect=german)


@pytest.mark.parametrize("form", [*FORMS.values()], ids=FORMS)
def test_what_is_no_such_table_has_no_names(tmp_path, form):
    for text in (b"\x89PNG\xff\x00", b'"open', b""):
        (tmp_path / "t").write_bytes(text)
        assert not {"y"} & set(form.read_names(tmp_path / "t"))


ROUNDED = [
    ("0.42063028", 4, "0.4206"),
    ("123456.0", 2, "120000"),
    ("0.0", 3, "0"),
    ("1e+20", 3, "1e+20"),
    ("-2.5e-07", 1, "-2e-07"),
]


@pytest.mark.parametrize(
    ("text", "digits", "rounded"),
    [*ROUNDED, ("9.99", 2, "10"), ("-2.5e-07", 1, "-2e-07"), ("", 2, ""), ("1.0", 17, "1")],
)
def test_digits_are_significant_digits(text, digits, rounded):
    assert round_number_text(text, digits) == rounded
