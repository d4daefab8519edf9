"""`predict`: rows are joined by the names of columns; what does not concern a row does not change its prediction."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.commands.predict import Prediction
from mlptrain.engine.network import Network
from mlptrain.errors import DataError, EnvironmentFailure, SpecError
from mlptrain.model.answers import AnswerOptions
from tests.support.flows import csv_text, drawn, fit_mixed, mixed_rows, predict, read_csv

INPUTS = ["size", "colour", "fresh"]
COLUMNS = ["id", *INPUTS, "label", "price", "count"]
ROWS = mixed_rows()


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    """A model of two classes, alone in its folder: no spec, no data beside it."""
    folder = tmp_path_factory.mktemp("classifier")
    fit_mixed(folder, model={"hidden": [8, 8], "activation": "relu"})
    for name in ("mixed.csv", "mixed.yaml"):
        (folder / name).unlink()
    return str(folder / "mixed.npz")


@pytest.fixture(scope="module")
def regressor(tmp_path_factory):
    folder = tmp_path_factory.mktemp("regressor")
    return fit_mixed(folder, "training.epochs=60", data={"target": ["price", "count"]}).model


@pytest.fixture(scope="module")
def everything(classifier, tmp_path_factory):
    """The prediction for all rows, with probabilities."""
    return told(classifier, csv_text(ROWS), tmp_path_factory.mktemp("all"), probabilities=True)


def told(model, text, folder, **options):
    """The predicted columns for a CSV text."""
    path = folder / "rows.csv"
    path.write_text(text, encoding="utf-8")
    return predict(model, str(path), **options)


def test_there_is_one_row_out_for_each_row_in_and_a_prediction_under_the_targets_name(everything):
    assert list(everything) == ["label", "probability_cheap", "probability_dear"]
    assert [len(cells) for cells in everything.values()] == [60] * 3
    assert set(everything["label"]) == {"cheap", "dear"}


def test_a_model_is_better_than_chance_on_what_it_has_seen(everything):
    right = sum(row["label"] == label for row, label in zip(ROWS, everything["label"], strict=True))
    assert right > 45


def test_probabilities_sum_to_one_and_the_largest_is_the_prediction(everything):
    dear = np.array(everything["probability_dear"], float)
    assert np.abs(dear + np.array(everything["probability_cheap"], float) - 1).max() < 1e-6
    assert ((dear > 0.5) == (np.array(everything["label"]) == "dear")).all()


@drawn
@given(st.permutations(COLUMNS), st.sets(st.sampled_from(sorted({*COLUMNS} - {*INPUTS}))))
def test_order_of_columns_more_of_them_and_the_target_make_no_difference(
    classifier, everything, tmp_path_factory, order, absent
):
    text = csv_text(ROWS, [name for name in order if name not in absent])
    assert told(classifier, text, tmp_path_factory.getbasetemp(), probabilities=True) == everything


@drawn
@given(st.randoms(use_true_random=False), st.integers(1, 60))
def test_a_row_keeps_its_prediction_wherever_it_stands_and_whatever_stands_around_it(
    classifier, everything, tmp_path_factory, random, count
):
    chosen = random.sample(range(60), count)
    some = told(classifier, csv_text([ROWS[k] for k in chosen]), tmp_path_factory.getbasetemp(), probabilities=True)
    assert some["label"] == [everything["label"][k] for k in chosen]
    expected = [float(everything["probability_dear"][k]) for k in chosen]
    assert [float(value) for value in some["probability_dear"]] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("chunk", [1, 7, 16, 59])
def test_chunks_make_no_difference(classifier, everything, tmp_path, chunk, monkeypatch):
    monkeypatch.setattr(Network, "chunk_rows", lambda self: chunk)
    chunked = told(classifier, csv_text(ROWS), tmp_path, probabilities=True)
    assert chunked["label"] == everything["label"]
    for name in ("probability_cheap", "probability_dear"):
        expected = [float(value) for value in everything[name]]
        assert [float(value) for value in chunked[name]] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("odd", [{"colour": "violet"}, {"colour": ""}, {"size": ""}, {"fresh": ""}, {"size": "1e30"}])
def test_an_odd_cell_changes_its_own_row_only_and_that_one_is_finite(classifier, everything, tmp_path, odd):
    rows = [ROWS[k] | (odd if k == 16 else {}) for k in range(60)]
    changed = told(classifier, csv_text(rows), tmp_path, probabilities=True)
    for name, cells in changed.items():
        assert cells[:16] + cells[17:] == everything[name][:16] + everything[name][17:]
    dear, cheap = (float(changed[f"probability_{label}"][16]) for label in ("dear", "cheap"))
    assert dear + cheap == pytest.approx(1, abs=1e-6)
    assert changed["probability_dear"][16] != everything["probability_dear"][16]


def test_odd_cells_are_counted_by_column(classifier, tmp_path):
    rows = [dict(row, size=row["size"] or "1") for row in ROWS]
    for k, odd in enumerate([{"colour": "violet"}, {"colour": "pink"}, {"size": "NA"}, {"fresh": ""}]):
        rows[k] |= odd
    (tmp_path / "odd.csv").write_text(csv_text(rows))
    prediction = Prediction(classifier, str(tmp_path / "odd.csv"), AnswerOptions())
    assert [len(piece["label"]) for piece in prediction.predict_pieces()] == [60]
    assert prediction.counts.rows == 60
    assert prediction.counts.odd.filled == {"size": 1, "fresh": 1}
    assert prediction.counts.odd.unseen == {"colour": 2}


@pytest.mark.parametrize("missing", [["colour"], ["size", "fresh"]])
def test_missing_columns_are_named(classifier, tmp_path, missing):
    with pytest.raises(DataError) as problem:
        told(classifier, csv_text(ROWS, [name for name in COLUMNS if name not in missing]), tmp_path)
    assert all(repr(name) in str(problem.value) for name in missing)
    assert "rows.csv:1:" in str(problem.value)


def test_a_name_in_other_letters_is_a_hint_and_not_a_guess(classifier, tmp_path):
    with pytest.raises(DataError, match="column 'colour' is missing; did you mean 'Colour'"):
        told(classifier, csv_text(ROWS).replace("colour", "Colour"), tmp_path)


@pytest.mark.parametrize("cell", ["many", "12 cm", "1,5"])
def test_text_where_a_number_is_expected_is_an_error_with_line_and_column(classifier, tmp_path, cell):
    rows = [ROWS[k] | ({"size": cell} if k == 4 else {}) for k in range(60)]
    with pytest.raises(DataError, match=rf"rows.csv:6: column \"size\": '{cell}' is not a number"):
        told(classifier, csv_text(rows), tmp_path)


def test_a_blank_line_between_rows_is_an_error_as_rows_would_be_lost(classifier, tmp_path):
    lines = csv_text(ROWS).splitlines()
    with pytest.raises(DataError, match=r"rows\.csv:6: a blank line between the rows; remove it"):
        told(classifier, "\n".join([*lines[:5], "", *lines[5:]]) + "\n", tmp_path)
    assert len(told(classifier, "\n".join(lines) + "\n\n\n", tmp_path)["label"]) == 60


def test_no_rows_have_no_predictions(classifier, tmp_path):
    assert told(classifier, csv_text(ROWS).splitlines()[0] + "\n", tmp_path) == {"label": []}


# columns that are kept


def test_kept_columns_come_first_in_the_order_asked_for(classifier, everything, tmp_path):
    kept = told(classifier, csv_text(ROWS), tmp_path, keep=["price", "id"])
    assert list(kept) == ["price", "id", "label"]
    assert kept["id"] == [row["id"] for row in ROWS]
    assert kept["label"] == everything["label"]


def test_all_columns_are_kept_but_the_targets_whose_name_the_prediction_has(classifier, tmp_path):
    kept = told(classifier, csv_text(ROWS), tmp_path, keep=["all"], probabilities=True)
    assert list(kept) == [
        *(name for name in COLUMNS if name != "label"),
        "label",
        "probability_cheap",
        "probability_dear",
    ]
    assert kept["label"] != [row["label"] for row in ROWS]
    assert list(told(classifier, csv_text(ROWS), tmp_path, keep=["id", "all"])) == [*list(kept)[:-3], "label"]


def test_the_targets_own_column_cannot_be_kept_beside_the_prediction(classifier, tmp_path):
    with pytest.raises(SpecError, match="--keep label: the prediction is written under this name"):
        told(classifier, csv_text(ROWS), tmp_path, keep=["label"])


def test_a_column_to_keep_that_is_missing_is_named(classifier, tmp_path):
    with pytest.raises(DataError, match=r"column 'ids' is missing; did you mean 'id'\? \(--keep asks for 'ids'\)"):
        told(classifier, csv_text(ROWS), tmp_path, keep=["ids"])


@pytest.mark.parametrize("listed", ["id,price", "id, price", "id,price,"])
def test_columns_to_keep_that_stand_in_a_list_are_to_be_given_one_by_one(classifier, tmp_path, listed):
    with pytest.raises(SpecError, match=r"give --keep once for each column: --keep id --keep price$"):
        told(classifier, csv_text(ROWS), tmp_path, keep=[listed])


def test_a_name_with_a_comma_is_kept(classifier, tmp_path):
    text = csv_text(ROWS).replace("id,", '"id,price",', 1)
    assert "id,price" in told(classifier, text, tmp_path, keep=["id,price"])


# numbers


def test_numbers_are_predicted_in_the_users_units(regressor, tmp_path):
    predicted = told(regressor, csv_text(ROWS), tmp_path)
    assert list(predicted) == ["price", "count"]
    for name, cells in predicted.items():
        truth = np.array([float(row[name]) for row in ROWS])
        errors = np.array(cells, float) - truth
        assert np.sqrt(np.mean(errors**2)) < 0.5 * truth.std()
        assert all(str(np.float32(cell)) == cell for cell in cells)


def test_numbers_have_no_probabilities(regressor, tmp_path):
    with pytest.raises(SpecError, match="the target is a number"):
        told(regressor, csv_text(ROWS), tmp_path, probabilities=True)


def test_scores_of_a_loss_without_probabilities_are_not_called_so(tmp_path):
    model = fit_mixed(tmp_path, "loss=hinge").model
    with pytest.raises(SpecError, match="the scores of the hinge loss are not probabilities"):
        told(model, csv_text(ROWS), tmp_path, probabilities=True)
    assert set(told(model, csv_text(ROWS), tmp_path)["label"]) <= {"cheap", "dear"}


# the file


def test_predictions_are_written_as_csv_that_reads_back(classifier, tmp_path):
    (tmp_path / "rows.csv").write_text(csv_text(ROWS))
    rows = str(tmp_path / "rows.csv")
    result = predict(classifier, rows, keep=["id"])
    Prediction(classifier, rows, AnswerOptions(keep=["id"])).publish(tmp_path / "out.csv")
    back = read_csv((tmp_path / "out.csv").read_text())
    assert [row["id"] for row in back] == [row["id"] for row in ROWS]
    assert [row["label"] for row in back] == result["label"]


def test_a_failed_write_leaves_the_old_file_and_no_other(classifier, tmp_path, monkeypatch):
    (tmp_path / "rows.csv").write_text(csv_text(ROWS))
    (tmp_path / "out.csv").write_text("label\nold\n")
    prediction = Prediction(classifier, str(tmp_path / "rows.csv"), AnswerOptions())

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(
        EnvironmentFailure, match=r"out.csv: cannot be written: No space left on device; nothing was changed"
    ):
        prediction.publish(tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "label\nold\n"
    assert {path.name for path in tmp_path.iterdir()} == {"rows.csv", "out.csv"}


@pytest.mark.parametrize("content", ["id,size\n1,2\n", "labels\nx\n", '{"a": 1}', "\x89PNG"])
def test_a_file_that_is_neither_csv_by_name_nor_predictions_is_not_replaced(classifier, tmp_path, content):
    (tmp_path / "rows.csv").write_text(csv_text(ROWS))
    prediction = Prediction(classifier, str(tmp_path / "rows.csv"), AnswerOptions())
    out = tmp_path / "out.txt"
    out.write_text(content)
    with pytest.raises(SpecError, match=r"out.txt: exists and holds no predictions of this target"):
        prediction.publish(out)
    assert out.read_text() == content
    for replaceable in ("", "label\n", "label,probability_cheap,probability_dear\nx,1,0\n"):
        out.write_text(replaceable)
        prediction.publish(out)
        assert out.read_text().startswith("label\n")


def test_rows_can_be_many(classifier, tmp_path):
    """Several chunks and several blocks of the reader."""
    random = Random(1)
    chosen = [random.randrange(60) for _ in range(40_000)]
    many = told(classifier, csv_text([ROWS[k] for k in chosen], INPUTS), tmp_path, probabilities=True)
    few = told(classifier, csv_text(ROWS), tmp_path, probabilities=True)
    assert many["label"] == [few["label"][k] for k in chosen]


# lines that are no rows

NAMES, ROW = ",".join(INPUTS), "1.5,red,yes"
LEFT_OUT = {
    "rows": (f"{NAMES}\ncm,-,-\n{ROW}\n{ROW}\nsum,,\n", "1 after the names (data.skip_after_names), 2 at the end"),
    "fewer than are skipped": (f"{NAMES}\ncm,-,-\nsum,,\n", "1 after the names (data.skip_after_names), 1 at the end"),
    "units only": (f"{NAMES}\ncm,-,-\n", "1 after the names"),
    "names only": (f"{NAMES}\n", ""),
}


def left_out(model, path):
    settings = ["data.skip_after_names=1", "data.skip_footer=2"]
    prediction = Prediction(model, str(path), AnswerOptions(), settings=settings)
    list(prediction.predict_pieces())
    said = [notice for notice in prediction.notices if "left out: " in notice]
    return said[0].removeprefix("lines left out: ") if said else ""


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("case", LEFT_OUT)
def test_lines_are_said_to_be_left_out_where_the_file_has_them(classifier, tmp_path, case, kind):
    text, said = LEFT_OUT[case]
    path = tmp_path / f"rows.{kind}"
    if kind == "csv":
        path.write_text(text)
    else:
        book = pytest.importorskip("openpyxl").Workbook()
        for line in text.splitlines():
            book.active.append([cell or None for cell in line.split(",")])
        book.save(path)
    found = left_out(classifier, path)
    assert found.startswith(said)
    assert bool(found) == bool(said)


def test_a_parquet_file_has_no_lines_that_are_left_out(classifier, tmp_path):
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    rows = {"size": [1.5] * 3, "colour": ["red"] * 3, "fresh": ["yes"] * 3}
    parquet.write_table(pyarrow.table(rows), tmp_path / "rows.parquet")
    assert left_out(classifier, tmp_path / "rows.parquet") == ""
