"""`predict` reads its input piece by piece: where it is divided makes no difference, and memory does not grow."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.commands import predict as prediction
from mlptrain.commands.predict import Prediction
from mlptrain.data import delimited, table
from mlptrain.data.frames import read_columns
from mlptrain.engine.network import Network
from mlptrain.errors import DataError
from mlptrain.model.answers import AnswerOptions
from mlptrain.model.model import Model
from mlptrain.model.rows import TableRows
from tests.support.flows import csv_text, drawn, fit_mixed, mixed_rows, predict

ROWS = mixed_rows(240)
COLUMNS = list(ROWS[0])


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model of two folds."""
    return fit_mixed(tmp_path_factory.mktemp("model"), data={"split": {"folds": 2}}).model


def written(folder, rows, columns=None, name="rows.csv"):
    (folder / name).write_text(csv_text(rows, columns), encoding="utf-8", newline="")
    return str(folder / name)


def pieces_of(model, path, **wanted):
    return list(Prediction(model, path, AnswerOptions(**wanted)).predict_pieces())


def joined(pieces):
    return {name: [cell for piece in pieces for cell in piece[name]] for name in pieces[0]}


def divided(monkeypatch, rows):
    """Pieces of so many rows, and chunks of the network as small."""
    monkeypatch.setattr(prediction, "CHUNK", rows)
    monkeypatch.setattr(Network, "chunk_rows", lambda self: rows)


@pytest.mark.parametrize("size", [1, 7, 60, 239, 240, 241])
@pytest.mark.parametrize("block", [1, 13, 4096])
def test_predictions_do_not_depend_on_how_the_file_is_divided(model, tmp_path, monkeypatch, size, block):
    path = written(tmp_path, ROWS)
    whole = predict(model, path, keep=["all"], probabilities=True)
    monkeypatch.setattr(prediction, "CHUNK", size)
    monkeypatch.setattr(Network, "chunk_rows", lambda self: 1)
    monkeypatch.setattr(delimited, "ROWS_AT_ONCE", block)
    pieces = pieces_of(model, path, keep=["all"], probabilities=True)
    assert [len(piece["label"]) for piece in pieces] == [size] * (240 // size) + [240 % size] * (240 % size > 0)
    found = joined(pieces)
    for name, cells in whole.items():
        if name.startswith("probability_"):
            np.testing.assert_allclose(np.array(found[name], float), np.array(cells, float), atol=1e-6)
        else:
            assert found[name] == cells


@pytest.mark.parametrize("size", [1, 100, 1000])
def test_pieces_are_whole_chunks_of_the_network_so_that_every_bit_is_the_same(model, tmp_path, monkeypatch, size):
    path = written(tmp_path, ROWS)
    monkeypatch.setattr(Network, "chunk_rows", lambda self: 32)
    whole = predict(model, path, probabilities=True)
    monkeypatch.setattr(prediction, "CHUNK", size)
    assert predict(model, path, probabilities=True) == whole


@drawn
@given(st.permutations(COLUMNS))
def test_the_order_of_columns_makes_no_difference(model, tmp_path_factory, order):
    folder = tmp_path_factory.getbasetemp()
    straight = predict(model, written(folder, ROWS), probabilities=True)
    assert predict(model, written(folder, ROWS, order, "turned.csv"), probabilities=True) == straight


def test_the_file_and_its_columns_in_memory_give_the_same(model, tmp_path):
    path = written(tmp_path, ROWS)
    columns = {name: [row[name] for row in ROWS] for name in COLUMNS}
    rows = TableRows(read_columns(columns))
    found = Model.load(model).answer(rows, AnswerOptions(probabilities=True))
    assert found == predict(model, path, probabilities=True)


def test_memory_does_not_grow_with_the_rows(model, tmp_path, monkeypatch):
    divided(monkeypatch, 512)
    monkeypatch.setattr("mlptrain.data.delimited.CHARACTERS_AT_ONCE", 4096)
    monkeypatch.setattr("mlptrain.data.delimited.CHARACTERS_OF_A_COLUMN", 0)

    def peak(times):
        path = written(tmp_path, ROWS * times)
        tracemalloc.start()
        for _ in Prediction(model, path, AnswerOptions(probabilities=True)).predict_pieces():
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(2)
    assert peak(200) < 1.5 * peak(25)


def test_odd_cells_are_counted_over_all_pieces(model, tmp_path, monkeypatch):
    divided(monkeypatch, 50)
    rows = [dict(row, size=row["size"] or "1") for row in ROWS]
    for k in (7, 107, 207):
        rows[k]["colour"] = "pink"
    rows[200]["fresh"] = rows[10]["fresh"] = ""
    running = Prediction(model, written(tmp_path, rows), AnswerOptions())
    assert sum(len(piece["label"]) for piece in running.predict_pieces()) == running.counts.rows == 240
    assert running.counts.odd.unseen == {"colour": 3}
    assert running.counts.odd.filled == {"fresh": 2}


def test_strict_names_the_first_odd_cell_of_a_late_piece_and_writes_nothing(model, tmp_path, monkeypatch):
    divided(monkeypatch, 50)
    rows = [dict(row, size=row["size"] or "1") for row in ROWS]
    rows[120]["size"], rows[121]["colour"] = "", "pink"
    said = "missing cells filled: size 1; values that training did not see: colour 1"
    strict = Prediction(model, written(tmp_path, rows), AnswerOptions(), strict=True)
    with pytest.raises(DataError, match=rf"rows.csv:122: column \"size\": '' is missing \({said}\); mend it"):
        strict.publish(tmp_path / "out.csv")
    assert {path.name for path in tmp_path.iterdir()} == {"rows.csv"}


@pytest.mark.parametrize("place", [5, 200])
def test_a_blank_line_in_the_middle_is_refused_wherever_it_stands(model, tmp_path, monkeypatch, place):
    divided(monkeypatch, 50)
    lines = csv_text(ROWS).splitlines()
    (tmp_path / "rows.csv").write_text("\n".join([*lines[:place], "", *lines[place:]]) + "\n")
    with pytest.raises(DataError, match=rf"rows.csv:{place + 1}: a blank line between the rows; remove it"):
        Prediction(model, str(tmp_path / "rows.csv"), AnswerOptions()).publish(tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_a_fault_in_a_late_piece_is_at_its_line_and_nothing_is_written(model, tmp_path, monkeypatch):
    divided(monkeypatch, 50)
    rows = [dict(row, size="wide") if k == 220 else row for k, row in enumerate(ROWS)]
    with pytest.raises(DataError, match=r"rows.csv:222: column \"size\": 'wide' is not a number"):
        Prediction(model, written(tmp_path, rows), AnswerOptions()).publish(tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("without", [["size"], ["size", "colour", "fresh"]])
def test_missing_columns_are_named_before_a_row_is_read(model, tmp_path, without):
    names = [name for name in COLUMNS if name not in without]
    with pytest.raises(DataError) as problem:
        predict(model, written(tmp_path, ROWS, names))
    assert all(repr(name) in str(problem.value) for name in [*without, "id"])


# formulas


def test_a_spreadsheet_safe_prediction_has_no_formula_in_any_cell_or_name(model, tmp_path):
    rows = [row | {"=note": f"=HYPERLINK({k})", "id": f"-{k}"} for k, row in enumerate(ROWS)]
    path = written(tmp_path, rows)
    safe = joined(pieces_of(model, path, keep=["all"], probabilities=True, spreadsheet_safe=True))
    plain = joined(pieces_of(model, path, keep=["all"], probabilities=True))
    assert safe["'=note"] == [f"'{cell}" for cell in plain["=note"]]
    assert safe["id"] == plain["id"]
    assert {name: cells for name, cells in safe.items() if "note" not in name} == {
        name: cells for name, cells in plain.items() if "note" not in name
    }


def test_class_names_that_are_formulas_are_made_safe_too(model, tmp_path):
    whole = Model.load(tmp_path.parent / model)
    head = replace(whole.head, target=replace(whole.head.target, classes=("=A1", "@dear")))
    replace(whole, networks=[replace(each, head=head) for each in whole.networks]).save(tmp_path / "m.npz")
    found = joined(pieces_of(str(tmp_path / "m.npz"), written(tmp_path, ROWS), spreadsheet_safe=True))
    assert set(found["label"]) == {"'=A1", "'@dear"}


def test_the_chunk_of_the_reader_is_the_one_that_predict_uses():
    assert prediction.CHUNK == table.CHUNK
