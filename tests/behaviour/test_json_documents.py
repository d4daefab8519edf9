"""`--json`: exactly one document on stdout, with exactly these keys. Other programs depend on them."""

import json
from math import inf, isfinite, nan

import pytest

from mlptrain.reporting.json_document import format_json
from tests.support.command import IRIS, mlptrain, write_iris

CLASS_METRICS = {
    *("loss", "accuracy", "error_rate", "balanced_accuracy", "precision", "recall", "f1", "auc", "average_precision"),
    *("log_loss", "brier", "ece", "mcc", "cohen_kappa"),
}
NUMBER_METRICS = {"loss", "rmse", "mae", "r2", "rmsle", "mape", "median_absolute_error"}
FIT = {
    *("model", "reason", "epochs", "best_epoch", "metrics", "baseline", "undefined", "seconds", "parameters"),
    *("watched", "remark"),
}
EVAL = {"rows", "metrics", "baseline", "undefined", "intervals", "odd_cells", "seen", "not_finite"}


def document(ended):
    """The one JSON document on stdout; constants that are no JSON (NaN, Infinity) are refused."""
    assert ended.code == 0, ended.err

    def refuse(constant):
        raise AssertionError(constant)

    return json.loads(ended.out, parse_constant=refuse)


@pytest.mark.parametrize("quiet", [(), ("--quiet",)])
@pytest.mark.parametrize(
    ("sections", "parts", "metrics"),
    [
        ({}, {"train", "validation"}, CLASS_METRICS),
        ({"data": {"train": "iris.csv", "target": "species"}}, {"train"}, CLASS_METRICS),
        ({"data": {"train": "iris.csv", "target": ["sepal_length", "sepal_width"]}}, {"train"}, NUMBER_METRICS),
    ],
)
def test_fit(tmp_path, sections, parts, metrics, quiet):
    write_iris(tmp_path, **sections)
    found = document(mlptrain("fit", "iris.yaml", "--json", *quiet, cwd=tmp_path))
    assert found.keys() == FIT | ({"targets"} if metrics is NUMBER_METRICS else set())
    assert (found["model"], found["reason"], found["epochs"]) == ("iris.npz", "epochs", 10)
    assert isinstance(found["best_epoch"], int)
    assert isinstance(found["parameters"], int)
    assert isinstance(found["seconds"], float)
    assert found["metrics"].keys() == parts
    for values in found["metrics"].values():
        assert values.keys() == metrics
        assert all(isfinite(value) for value in values.values())


def test_fit_with_a_refit_tells_whether_there_was_one(tmp_path):
    write_iris(tmp_path)
    ended = mlptrain("fit", "iris.yaml", "--json", "--set", "training.refit=true", cwd=tmp_path)
    found = document(ended)
    assert found.keys() == FIT | {"refit"}
    assert found["refit"] is True
    assert "refit up to the best epoch, 150 training rows" in ended.err
    assert document(mlptrain("show", "iris.npz", "--json", cwd=tmp_path))["refit"] is True


def test_fit_tells_progress_on_stderr_beside_its_document(tmp_path):
    write_iris(tmp_path)
    ended = mlptrain("fit", "iris.yaml", "--json", cwd=tmp_path)
    assert document(ended)["epochs"] == 10
    assert "done: 10 epochs" in ended.err


@pytest.mark.parametrize(("target", "metrics"), [("species", CLASS_METRICS), ("sepal_width", NUMBER_METRICS)])
def test_eval(tmp_path, target, metrics):
    write_iris(tmp_path, data={"train": "iris.csv", "target": target})
    assert mlptrain("fit", "iris.yaml", "-q", cwd=tmp_path).code == 0
    ended = mlptrain("eval", "iris.npz", "iris.csv", "--json", cwd=tmp_path)
    found = document(ended)
    assert found.keys() == EVAL | ({"classes", "confusion"} if target == "species" else set())
    assert found["rows"] == 150
    assert found["intervals"].keys() == metrics - {"ece"}
    assert all(low <= found["metrics"][name] <= high for name, (low, high) in found["intervals"].items())
    assert found["metrics"].keys() == metrics
    assert all(isfinite(value) for value in found["metrics"].values())
    assert ended.err == ""


def test_undefined_metrics_are_null_and_their_reasons_are_on_stderr(tmp_path):
    write_iris(tmp_path, loss="hinge")
    fitted = document(mlptrain("fit", "iris.yaml", "--json", "-q", cwd=tmp_path))
    assert fitted["metrics"]["train"]["log_loss"] is fitted["metrics"]["validation"]["log_loss"] is None
    (tmp_path / "setosa.csv").write_text("\n".join(IRIS.read_text().splitlines()[:11]))
    ended = mlptrain("eval", "iris.npz", "setosa.csv", "--json", cwd=tmp_path)
    found = document(ended)
    assert found.keys() == EVAL | {"classes", "confusion"}
    assert {name for name, value in found["metrics"].items() if value is None} == {
        *("auc", "average_precision", "log_loss", "brier", "ece", "cohen_kappa"),
    }
    assert sorted(ended.err.splitlines()) == [
        "note: auc is undefined: a class without rows",
        "note: average_precision is undefined: a class without rows",
        "note: brier is undefined: scores are not probabilities",
        "note: cohen_kappa is undefined: all rows are of one class and predicted as it",
        "note: ece is undefined: scores are not probabilities",
        "note: log_loss is undefined: scores are not probabilities",
    ]


def test_what_json_has_no_number_for_is_null():
    found = format_json({"a": inf, "b": [nan, 1.5, (-inf,)], "c": {"d": nan}, "undefined": {}})
    assert json.loads(found) == {"a": None, "b": [None, 1.5, [None]], "c": {"d": None}, "undefined": {}}


def test_show(tmp_path):
    write_iris(tmp_path)
    mlptrain("fit", "iris.yaml", "-q", cwd=tmp_path)
    found = document(mlptrain("show", "iris.npz", "--json", cwd=tmp_path))
    assert found.keys() == {
        *("model", "parameters", "bytes", "networks", "reason", "epochs", "best_epoch"),
        *("metrics", "baseline", "undefined", "refit", "columns", "target", "history", "spec", "watched"),
    }
    assert len(found["history"]["train_loss"]) == 10
    assert found["history"]["train_metric"] == [None] * 10


@pytest.mark.parametrize("out", [[], ["--out", "-"]])
def test_init(tmp_path, out):
    write_iris(tmp_path)
    (tmp_path / "iris.yaml").unlink()
    ended = mlptrain("init", "iris.csv", "--target", "species", "--json", *out, cwd=tmp_path)
    found = document(ended)
    assert found.keys() == {"path", "rows", "columns", "target", "format", "notices", "text"}
    assert (found["path"], found["rows"]) == (None if out else "iris.yaml", 150)
    assert found["columns"][0] == {"name": "sepal_length", "kind": "number", "why": "from 4.3 to 7.9"}
    assert found["target"] == [{"name": "species", "what": "3 classes: setosa (50), versicolor (50), virginica (50)"}]
    assert found["format"]["encoding"] == "utf-8"
    assert out or (tmp_path / "iris.yaml").read_text(encoding="utf-8") == found["text"]


def test_check(tmp_path):
    write_iris(tmp_path, data={"train": "iris.csv", "target": "species", "columns": {"sepal_width": "ignore"}})
    found = document(mlptrain("check", "iris.yaml", "--json", cwd=tmp_path))
    assert found.keys() == {
        *("rows", "inputs", "columns", "target", "layers", "parameters", "memory", "products", "elementwise"),
        *("rows_checked", "gradient", "recipe", "notices", "not_default", "spec"),
        *("division", "trainings", "memory_with_files", "disk_with_files"),
    }
    assert [each.keys() for each in found["columns"]] == [{"name", "kind", "inputs", "why"}] * 4
    assert (found["rows"], found["inputs"], found["recipe"]) == (150, 3, None)
    assert [each["right"] for each in found["gradient"]] == [True] * 4
    assert "model.activation.name" in found["not_default"]
    assert found["spec"]["model"]["hidden"] == [8]


@pytest.mark.parametrize("checked", [[], ["--check", "iris.csv"]])
def test_export(tmp_path, checked):
    write_iris(tmp_path)
    mlptrain("fit", "iris.yaml", "-q", cwd=tmp_path)
    found = document(mlptrain("export", "iris.npz", "--format", "python", "--json", *checked, cwd=tmp_path))
    assert found.keys() == {"format", "path", "files", "bytes", "check"}
    assert (found["format"], found["path"], found["files"]) == ("python", "iris.py", [])
    assert found["bytes"] == (tmp_path / "iris.py").stat().st_size
    assert (found["check"] is None) == (not checked)
    if checked:
        assert found["check"].keys() == {
            *("data", "executor", "rows", "not_finite", "largest_difference", "bound", "place", "labels_differ"),
            "by_target",
        }
        assert (found["check"]["rows"], found["check"]["labels_differ"], found["check"]["by_target"]) == (150, 0, {})


def test_an_error_prints_no_document(tmp_path):
    write_iris(tmp_path)
    for command in (("fit", "none.yaml", "--json"), ("eval", "none.npz", "iris.csv", "--json")):
        ended = mlptrain(*command, cwd=tmp_path)
        assert ended.code in (2, 5)
        assert ended.out == ""


def test_a_file_whose_name_is_no_unicode_is_named_in_json_all_the_same(tmp_path):
    write_iris(tmp_path)
    name = b"m\xff.npz".decode("utf-8", "surrogateescape")
    ended = mlptrain("fit", "iris.yaml", "--json", "-q", "--out", name, cwd=tmp_path)
    assert document(ended)["model"] == name


# folds, slices


FOLD = {"reason", "epochs", "best_epoch", "metrics", "baseline", "undefined"}


@pytest.mark.parametrize(
    ("split", "count"), [({"folds": 3}, 3), ({"folds": 2, "repeats": 2}, 4), ({"validation": 0.2, "repeats": 2}, 2)]
)
def test_fit_with_folds_tells_each_of_them_and_the_deviations(tmp_path, split, count):
    write_iris(tmp_path, data={"train": "iris.csv", "target": "species", "split": split})
    found = document(mlptrain("fit", "iris.yaml", "--json", "-q", cwd=tmp_path))
    assert found.keys() == {
        *FIT,
        *("folds", "deviations"),
    }
    assert [fold.keys() for fold in found["folds"]] == [FOLD] * count
    for each in (found["metrics"], found["deviations"], *(fold["metrics"] for fold in found["folds"])):
        assert each.keys() == {"train", "validation"}
        assert all(values.keys() == CLASS_METRICS for values in each.values())
    assert document(mlptrain("show", "iris.npz", "--json", cwd=tmp_path))["networks"] == count


@pytest.mark.parametrize("target", ["species", "sepal_width"])
@pytest.mark.parametrize("samples", ["0", "20"])
def test_eval_tells_classes_slices_and_intervals(tmp_path, target, samples):
    write_iris(tmp_path, data={"train": "iris.csv", "target": target})
    mlptrain("fit", "iris.yaml", "-q", cwd=tmp_path)
    options = ("--by", "species", "--bootstrap", samples)
    found = document(mlptrain("eval", "iris.npz", "iris.csv", *options, "--json", cwd=tmp_path))
    classes = {"classes", "confusion"} if target == "species" else set()
    assert found.keys() == EVAL | {"by", "slices"} | classes
    assert found["by"] == "species"
    assert [each.keys() for each in found["slices"]] == [{"value", "rows", "metrics", "undefined"}] * 3
    assert all(each["metrics"].keys() == found["metrics"].keys() for each in found["slices"])
    assert sum(each["rows"] for each in found["slices"]) == found["rows"]
    assert bool(found["intervals"]) == (samples != "0")
    if classes:
        assert [each.keys() for each in found["classes"]] == [{"name", "rows", "precision", "recall", "f1"}] * 3
        assert [sum(row) for row in found["confusion"]] == [50, 50, 50]
    shown = mlptrain("eval", "iris.npz", "iris.csv", *options, cwd=tmp_path)
    assert (shown.code, shown.err) == (0, "")
    assert "by species" in shown.out
    assert ("95 % interval" in shown.out) == (samples != "0")
