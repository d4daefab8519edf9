"""Columns that pass through from a workbook or a Parquet file are of the same types in the file that is written."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from mlptrain.commands.predict import Prediction
from mlptrain.commands.predict_output import OutputOptions
from mlptrain.model.answers import AnswerOptions
from tests.support.flows import fit_mixed, mixed_rows

pytestmark = pytest.mark.integration

ROWS = 5
SHEET = {
    "amount": [493.42, 5, None, -0.5, 1e-7],
    "day": [date(2013, 1, 30), None, date(2020, 2, 29), date(1999, 1, 1), date(2000, 1, 1)],
    "moment": [datetime(2013, 1, 30, 12, 30), datetime(2000, 1, 1, 0, 0, 1), None, None, date(2001, 1, 1)],
    "truth": [True, False, None, True, False],
    "code": ["007", "1", "=1+1", None, "2013-01-30"],
    "mixed": [1.5, "k.A.", 2, None, "007"],
    "dates and words": [date(2013, 1, 30), "open", None, 3, "2013"],
    "clock": [time(12, 30), time(0, 0, 1), None, None, None],
}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return fit_mixed(tmp_path_factory.mktemp("kept"), "training.epochs=1").model


def features():
    rows = mixed_rows()[:ROWS]
    return {"size": [float(row["size"] or 1) for row in rows], "colour": ["red"] * ROWS, "fresh": ["yes"] * ROWS}


def predict_into(model, source, out, **options):
    prediction = Prediction(model, str(source), AnswerOptions(keep=["all"], **options))
    prediction.publish(out, OutputOptions(like_input=True))
    return out


def write_sheet(path, columns):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in [list(columns), *zip(*columns.values(), strict=True)]:
        book.active.append(row)
    for cells in book.active.iter_rows():
        for cell in cells:
            if str(cell.value).startswith("="):
                cell.data_type = "s"
    book.save(path)
    return path


def read_sheet(path):
    openpyxl = pytest.importorskip("openpyxl")
    names, *rows = openpyxl.load_workbook(path).active.iter_rows(values_only=True)
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def test_from_sheet_to_sheet_every_cell_stays_what_it_is(model, tmp_path):
    given = write_sheet(tmp_path / "a.xlsx", features() | SHEET)
    found = read_sheet(predict_into(model, given, tmp_path / "b.xlsx"))
    was = read_sheet(given)
    assert {name: found[name] for name in was} == was
    assert [list(map(type, found[name])) for name in was] == [list(map(type, was[name])) for name in was]


def test_from_sheet_to_parquet_columns_of_one_type_keep_it(model, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    given = write_sheet(tmp_path / "a.xlsx", features() | SHEET)
    found = parquet.read_table(predict_into(model, given, tmp_path / "b.parquet"))
    kinds = {name: str(found.schema.field(name).type) for name in SHEET}
    texts = dict.fromkeys(("code", "mixed", "dates and words", "clock"), "string")
    times = dict.fromkeys(("day", "moment"), "timestamp[us]")
    assert kinds == {"amount": "double", "truth": "bool", **times, **texts}
    assert found["amount"].to_pylist() == SHEET["amount"]
    assert found["mixed"].to_pylist() == ["1.5", "k.A.", "2", None, "007"]


def make_parquet(path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    day, moment = date(2013, 1, 30), datetime(2013, 1, 30, 12, 30, 0, 5)
    typed = {
        "int64": pyarrow.array([1, 2**53 + 1, None, -3, 0], pyarrow.int64()),
        "int8": pyarrow.array([1, 2, None, -3, 0], pyarrow.int8()),
        "double": pyarrow.array([493.42, 1e-7, None, 1e20, -0.5]),
        "float": pyarrow.array([0.1, None, 3, 4, 5], pyarrow.float32()),
        "decimal": pyarrow.array([Decimal("1.50"), None, Decimal("2.25"), None, None]),
        "bool": pyarrow.array([True, False, None, True, True]),
        "date32": pyarrow.array([day, None, day, day, day]),
        "moment": pyarrow.array([moment, None, moment, moment, moment]),
        "zone": pyarrow.array([moment.replace(tzinfo=UTC)] * ROWS, pyarrow.timestamp("us", "Europe/Berlin")),
        "text": pyarrow.array(["007", "", None, "2013-01-30", "x"]),
        "category": pyarrow.array(["a", "b", None, "a", "a"]).dictionary_encode(),
    }
    parquet.write_table(pyarrow.table(features() | typed), path)
    return path, parquet.read_table(path)


def test_from_parquet_to_parquet_the_schema_and_the_values_stay(model, tmp_path):
    path, was = make_parquet(tmp_path / "a.parquet")
    from pyarrow import parquet

    found = parquet.read_table(predict_into(model, path, tmp_path / "b.parquet"))
    assert [found.schema.field(name).type for name in was.schema.names] == was.schema.types
    expected = was.to_pydict() | {"text": ["007", None, None, "2013-01-30", "x"]}  # an empty text means missing
    assert {name: found[name].to_pylist() for name in was.schema.names} == expected


def test_from_parquet_to_sheet_what_a_sheet_can_hold_keeps_its_type(model, tmp_path):
    path, was = make_parquet(tmp_path / "a.parquet")
    found = read_sheet(predict_into(model, path, tmp_path / "b.xlsx"))
    same = ("int8", "double", "decimal", "bool")
    assert {name: found[name] for name in same} == {name: was[name].to_pylist() for name in same}
    assert found["int64"][:2] == [1, "9007199254740993"]  # a sheet has doubles
    assert found["date32"][0] == datetime(2013, 1, 30)
    assert found["moment"][0] == datetime(2013, 1, 30, 12, 30)  # a sheet has milliseconds
    assert found["zone"][0] == "2013-01-30 13:30:00.000005+0100"
    assert found["text"] == ["007", None, None, "2013-01-30", "x"]


def test_a_text_that_a_spreadsheet_would_run_is_made_safe_and_the_other_cells_keep_their_types(model, tmp_path):
    given = write_sheet(tmp_path / "a.xlsx", features() | SHEET)
    found = read_sheet(predict_into(model, given, tmp_path / "b.xlsx", spreadsheet_safe=True))
    assert found["code"][2] == "'=1+1"
    assert (found["amount"], found["mixed"]) == (SHEET["amount"], SHEET["mixed"])


def test_a_replaced_cell_is_a_text_and_the_others_keep_their_types(tmp_path):
    model = fit_mixed(tmp_path, "training.epochs=1", data={"replace": {"493.42": "many"}}).model
    given = write_sheet(tmp_path / "a.xlsx", features() | {"amount": SHEET["amount"]})
    assert read_sheet(predict_into(model, given, tmp_path / "b.xlsx"))["amount"] == ["many", *SHEET["amount"][1:]]
    parquet = pytest.importorskip("pyarrow.parquet")
    kept = parquet.read_table(predict_into(model, given, tmp_path / "b.parquet"))["amount"]
    assert kept.to_pylist() == ["many", "5", "", "-0.5", "1e-07"]
