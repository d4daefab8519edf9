"""`eval`: the metrics of a model on a file, or on the test part that its spec names."""

import shutil
from pathlib import Path

import pytest

import mlptrain
from mlptrain.commands.evaluate import evaluate_files
from mlptrain.commands.explain import explain_files
from mlptrain.data.table import read_table
from mlptrain.errors import DataError, SpecError
from mlptrain.explain.permutation import Permutation
from mlptrain.model.model import Model
from tests.support.flows import csv_text, fit, fit_mixed, mixed_rows, write_mixed
from tests.support.preparing import prepare

ROWS = mixed_rows()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return fit_mixed(tmp_path_factory.mktemp("model")).model


def on(model, rows, folder):
    (folder / "rows.csv").write_text(csv_text(rows))
    return evaluate_files(model, str(folder / "rows.csv"))


def test_the_order_of_rows_and_columns_makes_no_difference(model, tmp_path):
    straight = on(model, ROWS, tmp_path)
    turned = on(model, [dict(reversed(row.items())) for row in reversed(ROWS)], tmp_path)
    assert (straight.rows, turned.rows) == (60, 60)
    assert straight.metrics == pytest.approx(turned.metrics, rel=1e-6)
    assert straight.undefined == turned.undefined == {}


def test_accuracy_counts_the_right_rows(model, tmp_path):
    accuracy = on(model, ROWS, tmp_path).metrics["accuracy"]
    single = [on(model, [row], tmp_path).metrics["accuracy"] for row in ROWS]
    assert set(single) == {0.0, 1.0}
    assert accuracy == pytest.approx(sum(single) / 60)


def test_one_class_alone_leaves_metrics_undefined_with_their_reason(model, tmp_path):
    found = on(model, [row for row in ROWS if row["label"] == "dear"], tmp_path)
    assert found.metrics["auc"] is None
    assert found.undefined == {"auc": "rows of one class only"}
    assert found.metrics["accuracy"] is not None


def test_rows_of_an_unknown_class_are_wrong_and_other_metrics_have_no_value(model, tmp_path):
    known = on(model, ROWS[:40], tmp_path).metrics["accuracy"]
    rows = ROWS[:40] + [dict(row, label="priceless") for row in ROWS[40:50]]
    found = on(model, rows, tmp_path)
    assert found.rows == 50
    assert found.metrics["accuracy"] == pytest.approx(known * 0.8)
    assert found.metrics["error_rate"] == pytest.approx(1 - known * 0.8)
    others = found.metrics.keys() - {"accuracy", "error_rate"}
    assert {name for name, value in found.metrics.items() if value is None} == others == found.undefined.keys()
    assert set(found.undefined.values()) == {"10 rows of classes that the model does not know"}


def test_a_file_of_unknown_classes_only_is_all_wrong(model, tmp_path):
    found = on(model, [dict(row, label="priceless") for row in ROWS], tmp_path)
    assert (found.rows, found.metrics["accuracy"], found.metrics["error_rate"]) == (60, 0, 1)
    assert found.metrics["loss"] is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.splitlines()[0] + "\n", "there are no rows to evaluate on"),
        (lambda text: text.replace("label", "labels"), "column 'label' is missing; did you mean 'labels'"),
        (lambda text: text.replace("size", "weight"), "column 'size' is missing"),
    ],
)
def test_a_file_that_cannot_be_measured_is_refused(model, tmp_path, change, message):
    (tmp_path / "rows.csv").write_text(change(csv_text(ROWS)))
    with pytest.raises(DataError, match=message):
        evaluate_files(model, str(tmp_path / "rows.csv"))


def test_labels_are_for_images_only(model, tmp_path):
    with pytest.raises(SpecError, match="--labels: the model was trained on a table"):
        evaluate_files(model, str(tmp_path / "rows.csv"), "labels")


# the test part


SPLITS = {
    "validation": ({"validation": 0.2}, {"training": 48, "validation": 12}),
    "none": (None, {}),
    "folds": ({"folds": 3}, {}),
    "repeats": ({"validation": 0.2, "repeats": 2}, {}),
}


@pytest.mark.parametrize(("split", "parts"), SPLITS.values(), ids=SPLITS)
def test_without_a_test_part_the_training_file_is_measured_and_said_to_be_seen(tmp_path, split, parts):
    fit_mixed(tmp_path, data={"split": split} if split else {})
    path = str(tmp_path / "mixed.npz")
    found = evaluate_files(path)
    assert found.rows == 60
    assert found.seen.startswith("no test part, so these are the rows of the training file")
    assert {each.value: each.rows for each in found.slices} == parts
    assert evaluate_files(path, by="colour").by == "colour"
    (tmp_path / "mixed.csv").write_text(csv_text(ROWS[:50]))
    changed = evaluate_files(path)
    assert (changed.rows, changed.slices, "has changed since" in changed.seen) == (50, (), True)


def test_the_training_file_and_its_copy_are_told_from_other_rows(model, tmp_path):
    training = Path(model).parent / "mixed.csv"
    assert "is the training file" in evaluate_files(model, str(training)).seen
    (tmp_path / "copy.csv").write_bytes(training.read_bytes())
    assert "holds the same rows as the training file" in evaluate_files(model, str(tmp_path / "copy.csv")).seen
    assert on(model, ROWS[:30], tmp_path).seen == ""


def test_the_training_file_beside_a_test_part_is_told_to_be_seen(tmp_path):
    fit_mixed(tmp_path, data={"split": {"test": 0.3}})
    assert evaluate_files(str(tmp_path / "mixed.npz")).seen == ""
    found = evaluate_files(str(tmp_path / "mixed.npz"), str(tmp_path / "mixed.csv"))
    assert "without DATA the test part alone is measured" in found.seen


@pytest.mark.parametrize("target", ["label", "price"])
def test_the_test_part_is_the_rows_that_training_and_validation_never_saw(tmp_path, target):
    data = {"target": target, "split": {"validation": 0.2, "test": 0.3}}
    result = fit_mixed(tmp_path, data=data)
    found = evaluate_files(result.model)
    assert found.rows == 18
    fitted = Model.load(tmp_path / "mixed.npz")
    prepared = prepare(fitted.spec, tmp_path)
    assert prepared.train.rows + prepared.validation.rows == 42
    names = list(read_table(str(tmp_path / "mixed.csv"), fitted.spec.data).columns)
    assert target in names
    assert found.metrics != result.metrics["train"] != result.metrics["validation"]


def test_a_test_file_is_read_beside_the_spec(tmp_path, monkeypatch):
    spec_folder = tmp_path / "specs"
    spec_folder.mkdir()
    (spec_folder / "held.csv").write_text(csv_text(ROWS[:9]))
    result = fit_mixed(spec_folder, data={"test": "held.csv"})
    monkeypatch.chdir(tmp_path)
    assert evaluate_files(result.model).rows == 9


def test_a_model_that_is_moved_with_its_spec_and_data_finds_its_test_part(tmp_path):
    fit_mixed(tmp_path / "here", data={"split": {"test": 0.3}})
    before = evaluate_files(str(tmp_path / "here" / "mixed.npz"))
    shutil.move(tmp_path / "here", tmp_path / "there")
    assert evaluate_files(str(tmp_path / "there" / "mixed.npz")) == before
    (tmp_path / "there" / "mixed.csv").unlink()
    with pytest.raises(DataError, match=r"mixed.csv: no such file"):
        evaluate_files(str(tmp_path / "there" / "mixed.npz"))


def test_weights_of_rows_weigh_in_the_metrics(tmp_path):
    rows = [dict(row, weight=str(1 + k % 3)) for k, row in enumerate(ROWS)]
    columns = {"id": "ignore", "price": "ignore", "count": "ignore"}
    spec = write_mixed(tmp_path, rows, data={"sample_weight": "weight", "columns": columns})
    model = fit(str(spec), out=tmp_path / "m.npz").model
    weighted = on(model, rows, tmp_path).metrics
    repeated = on(model, [dict(row, weight="1") for row in rows for _ in range(int(row["weight"]))], tmp_path).metrics
    assert weighted == pytest.approx(repeated, rel=1e-5)


def test_a_model_of_rows_in_memory_has_no_file_with_its_test_rows(tmp_path):
    columns = {"x": [float(k) for k in range(60)], "y": ["a", "b", "b"] * 20}
    spec = {"data": {"target": "y", "split": {"test": 0.2}, "columns": {"x": "number"}}, "training": {"epochs": 1}}
    path = tmp_path / "m.npz"
    mlptrain.fit(spec, columns).model.save(path)
    with pytest.raises(SpecError, match="trained on rows in memory, among them its test rows; give DATA"):
        evaluate_files(str(path))


@pytest.mark.parametrize("count", [60, 0])
def test_a_file_without_the_target_is_for_predict(model, count, tmp_path):
    target = Model.load(model).spec.data.targets[0]
    text = csv_text([{name: cell for name, cell in row.items() if name != target} for row in ROWS])
    (tmp_path / "rows.csv").write_text(text if count else text.partition("\n")[0] + "\n")
    with pytest.raises(DataError, match=rf"column '{target}' is missing.*needs no target: mlptrain predict MODEL"):
        evaluate_files(model, str(tmp_path / "rows.csv"))


IMPORTANCE = Permutation(repeats=3)


@pytest.mark.parametrize("name", ["rows.csv", None])
def test_the_importance_is_what_explain_finds_on_the_same_rows(name, tmp_path):
    model = fit_mixed(tmp_path, data={"split": {"validation": 0.2, "test": 0.3}}).model
    rows = [*ROWS, dict(ROWS[0], place="nowhere", label="priceless")]
    (tmp_path / "rows.csv").write_text(csv_text(rows))
    data = None if name is None else str(tmp_path / name)
    found = evaluate_files(model, data, importance=IMPORTANCE)
    alone = explain_files(model, data, "permutation", {"repeats": 3})
    assert found.importance is not None
    assert (found.importance.columns, found.importance.rows) == (alone.columns, alone.rows)
    assert len(found.notices) == len(set(found.notices))
    assert set(alone.notices) <= set(found.notices)
    without = evaluate_files(model, data)
    assert without.importance is None
    assert (without.metrics, without.intervals) == (found.metrics, found.intervals)


def test_metrics_are_told_also_where_no_importance_can_be(model, tmp_path):
    """One row has no other to take cells from."""
    (tmp_path / "one.csv").write_text(csv_text(ROWS[:1]))
    found = evaluate_files(model, str(tmp_path / "one.csv"), importance=Permutation(repeats=3))
    assert found.metrics["accuracy"] in (0.0, 1.0)
    assert found.importance is None
    assert found.notices[-1].startswith("the importance of the columns is not known: ")
