"""`--like-input` writes predictions so that what wrote the input opens them; `--digits` rounds them."""

import codecs
import csv
import io
import sys
from dataclasses import replace

import pytest

import mlptrain
from mlptrain.commands.predict import Prediction
from mlptrain.commands.predict_output import OutputOptions
from mlptrain.data.table import Reading
from mlptrain.model.answers import AnswerOptions
from tests.support import command

GERMAN = "data: {train: t.csv, target: preis, delimiter: ';', decimal: ',', encoding: cp1252, columns: {größe: number}}"
REST = "\nmodel: {hidden: []}\ntraining: {epochs: 1}\n"


def german(rows, target=True, end="\r\n"):
    lines = ["nr;größe;ort" + ";preis" * target]
    lines += [f"{k:03};{k},5;Köln" + f";{2 * k},25" * target for k in rows]
    return end.join(lines) + end


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "t.csv").write_bytes(german(range(12)).encode("cp1252"))
    (tmp_path / "s.yaml").write_text(GERMAN + REST, encoding="utf-8")
    (tmp_path / "rows.csv").write_bytes(german(range(3, 6), target=False).encode("cp1252"))
    assert command.mlptrain("fit", "s.yaml", "-q", cwd=tmp_path).code == 0
    return tmp_path


def test_a_german_table_comes_back_as_a_german_table(folder):
    asked = ["predict", "s.npz", "rows.csv", "--keep", "all", "--out"]
    assert command.mlptrain(*asked, "plain.csv", cwd=folder).code == 0
    assert command.mlptrain(*asked, "like.csv", "--like-input", cwd=folder).code == 0
    raw = (folder / "like.csv").read_bytes()
    lines = raw.decode("cp1252").split("\r\n")
    assert lines[0] == "nr;größe;ort;preis"
    assert lines[1].startswith("003;3,5;Köln;")
    assert "." not in lines[1]
    plain = list(csv.DictReader(io.StringIO((folder / "plain.csv").read_text("utf-8"))))
    like = list(csv.DictReader(io.StringIO("\n".join(lines)), delimiter=";"))
    assert [row["preis"] for row in plain] == [row["preis"].replace(",", ".") for row in like]
    assert [row["größe"] for row in plain] == [row["größe"] for row in like] == ["3,5", "4,5", "5,5"]


def test_what_was_written_is_read_as_the_input_was(folder):
    """Predictions in the input's dialect are again a table that the same model predicts."""
    asked = ["predict", "s.npz", "rows.csv", "--keep", "all", "--like-input", "--out"]
    assert command.mlptrain(*asked, "like.csv", cwd=folder).code == 0
    again = command.mlptrain(
        "predict", "s.npz", "like.csv", "--keep", "all", "--like-input", "--out", "b.csv", cwd=folder
    )
    assert again.code == 0
    assert (folder / "b.csv").read_bytes() == (folder / "like.csv").read_bytes()


DIALECTS = {
    "comma": (",", ".", "utf-8", b"", "\n"),
    "semicolon, cp1252": (";", ",", "cp1252", b"", "\r\n"),
    "semicolon, byte order mark": (";", ",", "utf-8", codecs.BOM_UTF8, "\r\n"),
    "tab": ("\t", ".", "utf-8", b"", "\n"),
    "bar, latin-1": ("|", ".", "latin-1", b"", "\n"),
    "UTF-16": ("\t", ",", "utf-16", b"", "\r\n"),
    "comma and decimal comma": (",", ",", "utf-8", b"", "\n"),
}


@pytest.mark.parametrize("name", DIALECTS)
def test_every_dialect_comes_back(tmp_path, name):
    delimiter, decimal, encoding, mark, end = DIALECTS[name]
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=end)
    writer.writerow(["ä", "y"])
    writer.writerows([[f"{k}.5".replace(".", decimal), f"{k * k}.25".replace(".", decimal)] for k in range(12)])
    (tmp_path / "t.csv").write_bytes(mark + stream.getvalue().encode(encoding))
    (tmp_path / "s.yaml").write_text(
        f"data: {{train: t.csv, target: y, delimiter: {delimiter!r}, decimal: {decimal!r}, encoding: {encoding}}}{REST}"
        if delimiter != "\t"
        else f'data: {{train: t.csv, target: y, delimiter: "\\t", decimal: {decimal!r}, encoding: {encoding}}}{REST}'
    )
    assert command.mlptrain("fit", "s.yaml", "-q", cwd=tmp_path).code == 0
    asked = ["predict", "s.npz", "t.csv", "--keep", "ä", "--like-input", "--out", "p.csv"]
    assert command.mlptrain(*asked, cwd=tmp_path).code == 0
    raw = (tmp_path / "p.csv").read_bytes()
    assert raw.startswith(mark)
    text = raw[len(mark) :].decode(encoding)
    assert text.count(end) == text.count("\n") == 13
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    assert rows[0] == ["ä", "y"]
    assert [row[0].replace(decimal, ".") for row in rows[1:]] == [f"{k}.5" for k in range(12)]
    assert len([float(row[1].replace(decimal, ".")) for row in rows[1:]]) == 12
    assert all(decimal == "." or "." not in row[1] for row in rows[1:])


def test_labels_that_the_encoding_cannot_hold_are_written_as_unicode_with_a_note(tmp_path):
    (tmp_path / "t.csv").write_text("x;y\n" + "".join(f"{k};{('да', 'нет')[k % 2]}\n" for k in range(12)), "utf-8")
    (tmp_path / "s.yaml").write_text(f"data: {{train: t.csv, target: y, delimiter: ';'}}{REST}", "utf-8")
    assert command.mlptrain("fit", "s.yaml", "-q", cwd=tmp_path).code == 0
    model = mlptrain.load(tmp_path / "s.npz")
    (tmp_path / "rows.csv").write_bytes("x;ort\n1;Köln\n".encode("cp1252"))
    prediction = Prediction(str(tmp_path / "s.npz"), str(tmp_path / "rows.csv"), AnswerOptions(keep=["ort"]))
    prediction.__dict__["reading"] = Reading(str(tmp_path / "rows.csv"), replace(model.spec.data, encoding="cp1252"))
    prediction.publish(tmp_path / "p.csv", OutputOptions(like_input=True))
    raw = (tmp_path / "p.csv").read_bytes()
    assert raw.startswith(codecs.BOM_UTF8)
    assert raw.decode("utf-8-sig").splitlines()[0] == "ort;y"
    assert "the input's encoding, cp1252, cannot hold 'да'" in prediction.notices[0]


def test_digits_round_predictions_and_nothing_else(folder):
    asked = ["predict", "s.npz", "rows.csv", "--keep", "nr", "--keep", "größe"]
    exact = command.mlptrain(*asked, cwd=folder).out.splitlines()
    short = command.mlptrain(*asked, "--digits", "2", cwd=folder).out.splitlines()
    for one, other in zip(exact[1:], short[1:], strict=True):
        (*kept, number), (*same, rounded) = next(csv.reader([one])), next(csv.reader([other]))
        assert kept == same
        assert float(rounded) == float(f"{float(number):.1e}")
    assert command.mlptrain(*asked, "--digits", "0", cwd=folder).code == 2


REFUSED = {
    "parquet out": (["--like-input", "--out", "p.parquet"], 2, "such a file has no delimiter"),
    "tabs out": (["--like-input", "--out", "p.tsv"], 2, "the input's delimiter is ';'"),
    "Excel out": (["--like-input", "--out", "p.xlsx"], 2, "such a file has no delimiter"),
    "old Excel out": (["--out", "p.xls"], 2, "not written as an Excel file of this kind (but as .xlsx)"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_contradicts_itself_is_refused_before_anything_is_written(folder, case):
    more, code, said = REFUSED[case]
    before = command.files(folder)
    ended = command.mlptrain("predict", "s.npz", "rows.csv", *more, cwd=folder)
    assert (ended.code, command.files(folder)) == (code, before)
    assert said in ended.err


@pytest.mark.integration
def test_a_parquet_input_has_no_dialect(folder):
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table({"größe": [1.0], "ort": ["Köln"], "nr": ["1"]}), folder / "rows.parquet")
    ended = command.mlptrain("predict", "s.npz", "rows.parquet", "--like-input", cwd=folder)
    assert (ended.code, "DATA is no delimited text" in ended.err) == (2, True)


def test_parquet_without_its_library_says_how_to_install_it(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    ended = command.mlptrain("predict", "s.npz", "rows.csv", "--out", "p.parquet", cwd=folder)
    assert (ended.code, "pip install 'mlptrain[parquet]'" in ended.err) == (6, True)
    assert not (folder / "p.parquet").exists()


@pytest.mark.integration
def test_parquet_holds_the_same_values_as_csv(folder):
    parquet = pytest.importorskip("pyarrow.parquet")
    asked = ["predict", "s.npz", "rows.csv", "--keep", "nr", "--out"]
    for name in ("p.parquet", "p.csv"):
        assert command.mlptrain(*asked, name, cwd=folder).code == 0
    rows = list(csv.DictReader((folder / "p.csv").read_text().splitlines()))
    table = parquet.read_table(folder / "p.parquet").to_pydict()
    assert table == {"nr": [row["nr"] for row in rows], "preis": [float(row["preis"]) for row in rows]}


def test_standard_output_by_its_name_is_standard_output(folder):
    asked = ["predict", "s.npz", "rows.csv"]
    assert command.mlptrain(*asked, "--out", "-", cwd=folder) == command.mlptrain(*asked, cwd=folder)
    assert not (folder / "-").exists()
