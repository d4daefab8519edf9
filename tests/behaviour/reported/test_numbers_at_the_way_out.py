"""Whatever a model predicts that is no finite number is counted, never written, and never taken for a class."""

import csv
import io
import json
import warnings

import numpy as np
import pytest

import mlptrain
from mlptrain.data.frames import read_columns
from mlptrain.errors import DataError
from mlptrain.fitting.out_of_fold import HeldOut, HeldOutRows
from mlptrain.model.model import Model
from mlptrain.model.prediction_notices import NotFiniteNotice
from mlptrain.model.rows import TableRows
from mlptrain.notices import Notice
from mlptrain.spec.fields import Split
from tests.support import command

ROWS = 24
NUMBERS = {"x": [float(k) for k in range(ROWS)], "y": [2.0 * k + 1 for k in range(ROWS)]}
LABELS = {"x": [float(k) for k in range(ROWS)], "y": ["no", "yes"] * (ROWS // 2)}
DIGITS = {"x": [float(k) for k in range(ROWS)], "y": ["0", "1", "2"] * (ROWS // 3)}
FAR = "x,id\n1,a\n1e30,b\n2,c\n-1e30,d\n"
FAR_COLUMNS = {"x": [1.0, 1e30, 2.0, -1e30]}
"""Rows of which the second and the fourth are too much for the network."""


def fitted(table, *, factor=1e12, **sections):
    """A model whose weights are finite, and so large that a large input leaves the finite numbers."""
    spec = {"data": {"target": "y", "columns": {"x": "number"}}, "model": {"hidden": [5]}, "training": {"epochs": 1}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)
        model = mlptrain.fit(spec | sections, table).model
    for each in model.networks:
        each.network.parameters.theta[...] *= factor
    return model


LINE = {"factor": 1.0, "model": {"hidden": []}}
MODELS = {
    "numbers": lambda: fitted(NUMBERS),
    "the logarithm": lambda: fitted(NUMBERS, data={"target": "y", "target_transform": "log"}, **LINE),
    "log1p": lambda: fitted(NUMBERS, data={"target": "y", "target_transform": "log1p"}, **LINE),
    "poisson": lambda: fitted(NUMBERS, loss="poisson", **LINE),
    "two classes": lambda: fitted(LABELS),
    "two classes, two logits": lambda: fitted(LABELS, loss="cross_entropy"),
    "three classes": lambda: fitted(DIGITS),
    "scores": lambda: fitted(LABELS, loss="hinge"),
    "classes as numbers": lambda: fitted(DIGITS, loss="mean_squared_error"),
    "folds": lambda: fitted(DIGITS, data={"target": "y", "split": {"folds": 2}}),
}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Each model in a folder with rows that are too much for it."""
    folder = tmp_path_factory.mktemp("models")
    for name, make in MODELS.items():
        make().save(folder / f"{name}.npz")
    (folder / "far.csv").write_text(FAR)
    return folder


def predicted(ended):
    return list(csv.DictReader(io.StringIO(ended.out)))


def has_values(rows):
    """Whether each row has all its predicted cells; none is half full."""
    cells = [[cell for name, cell in row.items() if name != "id"] for row in rows]
    assert all(all(row) or not any(row) for row in cells)
    return [all(row) for row in cells]


@pytest.mark.parametrize("name", MODELS)
def test_what_is_not_finite_is_an_empty_cell_and_counted(models, name):
    ended = command.mlptrain("predict", f"{name}.npz", "far.csv", "--keep", "id", cwd=models)
    assert ended.code == 0
    rows = predicted(ended)
    there = has_values(rows)
    assert [row["id"] for row in rows] == ["a", "b", "c", "d"]
    assert there[0::2] == [True, True]
    assert not all(there)
    assert not any(word in ended.out for word in ("nan", "inf"))
    said = f"not finite numbers, their cells are left empty: y {there.count(False)}; the first: far.csv:"
    assert f"note: predictions that are {said}" in ended.err


@pytest.mark.parametrize("name", ["two classes", "two classes, two logits", "three classes", "folds"])
def test_probabilities_are_empty_where_the_label_is(models, name):
    ended = command.mlptrain("predict", f"{name}.npz", "far.csv", "--probabilities", cwd=models)
    there = has_values(predicted(ended))
    assert there.count(False) in (1, 2)


@pytest.mark.parametrize("name", MODELS)
def test_strict_names_the_first_line_and_writes_nothing(models, name):
    before = command.files(models)
    ended = command.mlptrain("predict", f"{name}.npz", "far.csv", "--strict", "--out", "p.csv", cwd=models)
    assert (ended.code, command.files(models)) == (3, before)
    assert ended.err.count("error: far.csv:") == 1
    assert "error: far.csv:3: column \"x\": '1e30' is more than 1000 standard deviations below or above" in ended.err


@pytest.mark.parametrize("transform", ["log", "log1p"])
def test_strict_names_a_prediction_that_is_not_finite_where_no_cell_is_odd(tmp_path, transform):
    data = {"target": "y", "target_transform": transform}
    fitted(NUMBERS, data=data, model={"hidden": []}, factor=1e3).save(tmp_path / "m.npz")
    (tmp_path / "near.csv").write_text("x\n1\n6900\n-6900\n")
    before = command.files(tmp_path)
    ended = command.mlptrain("predict", "m.npz", "near.csv", "--strict", "--out", "p.csv", cwd=tmp_path)
    assert (ended.code, command.files(tmp_path)) == (3, before)
    assert ended.err.count("error: near.csv:") == 1
    assert "the prediction is not a finite number (y " in ended.err


@pytest.mark.parametrize("name", MODELS)
def test_in_memory_numbers_are_a_warning_and_labels_an_error(models, name):
    model = Model.load(models / f"{name}.npz")
    ask = model.predict_proba if model.loss.probabilistic else model.predict_memory
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        values = ask(FAR_COLUMNS)
        if model.head.has_classes:
            with pytest.raises(DataError, match=r"of 4 rows \(.*\) the scores of the classes are not finite"):
                model.predict(FAR_COLUMNS)
        else:
            np.testing.assert_array_equal(model.predict(FAR_COLUMNS), values[:, 0])
    lost = int((~np.isfinite(values)).any(axis=1).sum())
    assert lost
    assert {str(each.category.__name__) for each in told} <= {"NotFiniteNotice", "OddCellsNotice"}
    assert [each.message.counts for each in told if each.category is NotFiniteNotice] == [{"y": lost}] * 2


@pytest.mark.parametrize("name", ["two classes", "three classes", "scores", "folds"])
def test_eval_takes_no_row_without_a_class_for_one_of_the_first(models, name):
    classes = Model.load(models / f"{name}.npz").head.classes
    rows = "".join(f"{x},{classes[0]},{group}\n" for x, group in (("1", "near"), ("1e30", "far"), ("-1e30", "far")))
    (models / "truth.csv").write_text("x,y,place\n" + rows)
    ended = command.mlptrain(
        "eval", f"{name}.npz", "truth.csv", "--json", "--by", "place", "--bootstrap", "5", cwd=models
    )
    assert ended.code == 0
    found = json.loads(ended.out)
    assert found["metrics"]["accuracy"] is None
    assert "with scores that are not finite: no class can be told" in ended.err
    assert sum(map(sum, found["confusion"])) < 3


def test_numbers_beyond_the_networks_precision_are_written_in_one_that_holds_them(tmp_path):
    """The same law for large and for small targets: what is written is the number, within the network's precision."""
    for scale in (1e150, 1e-150, 1e39, 1e-45, 1.0):
        table = {"x": NUMBERS["x"], "y": [scale * y for y in NUMBERS["y"]]}
        spec = {"data": {"target": "y", "columns": {"y": "number"}}, "model": {"hidden": []}, "training": {"epochs": 1}}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Notice)
            model = mlptrain.fit(spec, table).model
        model.save(tmp_path / "m.npz")
        (tmp_path / "rows.csv").write_text("x\n1\n2\n3\n")
        found = [float(row["y"]) for row in predicted(command.mlptrain("predict", "m.npz", "rows.csv", cwd=tmp_path))]
        assert found == pytest.approx(model.predict({"x": [1.0, 2.0, 3.0]}), rel=1e-6, abs=0)
        assert 0 not in found


@pytest.mark.parametrize("name", ["numbers", "three classes"])
def test_held_out_predictions_that_are_not_finite_are_empty_and_counted(models, tmp_path, name):
    model = Model.load(models / f"{name}.npz")
    held = HeldOut(TableRows(read_columns({"x": ["1", "2", "3"]}, "t.csv")), Split(folds=2))
    predictions = np.ones((3, model.head.width))
    predictions[1, -1] = np.nan
    held.add(HeldOutRows(numbers=np.arange(3), predictions=predictions, truth=predictions, weights=None), 1)
    lost = held.write(tmp_path / "o.csv", model)
    rows = list(csv.DictReader((tmp_path / "o.csv").read_text().splitlines()))
    assert [bool(row["y"]) for row in rows] == [True, False, True]
    assert [row["row"] for row in rows] == ["1", "2", "3"]
    assert "not finite numbers, their cells are left empty: y 1; the first: " in lost.words()
    assert "nan" not in (tmp_path / "o.csv").read_text()
