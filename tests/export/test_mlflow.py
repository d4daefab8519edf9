"""A folder for MLflow: its files say what MLflow reads in them, and what it calls predicts what the model predicts."""

import json
import warnings
from importlib import import_module

import numpy as np
import pytest
import yaml

import mlptrain
from mlptrain.errors import SpecError
from mlptrain.export.mlflow import MODEL_FILE, SIGNATURE, predict_with_mlflow, write_mlflow
from mlptrain.export.outputs import plan_model
from tests.support.export_cases import CASES, assert_same_predictions, make_export_case

SOME_CASES = [*CASES[::9], CASES[-1]]
"""What differs between models is not what this format writes."""
ORIGIN = {"model": "m.npz", "sha256": "0" * 64, "mlptrain": "0.1.0"}


def write_folder(folder, model, plan):
    for name, content in write_mlflow(model, plan, model.to_bytes()).items():
        (folder / name).write_bytes(content)
    return folder


def load_folder(folder):
    """What MLflow does with a folder: it imports the module that MLmodel names, and gives it the path of the data."""
    flavor = yaml.safe_load((folder / "MLmodel").read_text())["flavors"]["python_function"]
    return import_module(flavor["loader_module"])._load_pyfunc(str(folder / flavor["data"]))


@pytest.mark.parametrize("name", SOME_CASES)
def test_the_folder_predicts_what_the_model_predicts(tmp_path, name):
    case = make_export_case(name)
    write_folder(tmp_path, case.model, case.plan)
    assert_same_predictions(predict_with_mlflow(tmp_path, case.cells, case.plan), case.expected, case.plan)
    if not case.model.reads_images:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", mlptrain.notices.Notice)
            np.testing.assert_array_equal(load_folder(tmp_path).predict(case.rows), case.model.predict(case.rows))


HOSTILE = ["a: b", "- x", '"', "'", "\\", "#", "\n", "{", "é", "\N{GRINNING FACE}", "\u2028", "null", " blank "]


@pytest.fixture(scope="module")
def hostile():
    """A model whose columns have names that YAML or JSON could misread."""
    table = {name: [float((row + place) % 7) for row in range(40)] for place, name in enumerate(HOSTILE)}
    spec = {"data": {"target": "y"}, "model": {"hidden": [2]}, "training": {"epochs": 1}}
    return mlptrain.fit(spec, table | {"y": ["1", "2"] * 20}).model


def test_the_signature_names_the_columns_and_the_type_of_what_is_predicted(tmp_path, hostile):
    write_folder(tmp_path, hostile, plan_model(hostile, ORIGIN))
    head = (tmp_path / "MLmodel").read_bytes()
    assert SIGNATURE in head[:200]
    signature = {key: json.loads(text) for key, text in yaml.safe_load(head)["signature"].items()}
    assert signature["inputs"] == [{"type": "any", "name": name, "required": True} for name in HOSTILE]
    assert signature["outputs"] == [{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]
    assert [each["name"] for each in signature["params"]] == ["probabilities"]


@pytest.mark.parametrize("name", [*HOSTILE, "\x85", "\x1b[2J", "\x7f", "\ufeff"])
def test_the_name_of_the_model_is_read_as_it_is(hostile, name):
    made = write_mlflow(hostile, plan_model(hostile, {**ORIGIN, "model": name}), b"")
    assert yaml.safe_load(made["MLmodel"])["metadata"]["model"] == name


def test_the_environment_is_that_of_the_model(tmp_path, hostile):
    folder = write_folder(tmp_path, hostile, plan_model(hostile, ORIGIN))
    needed = (folder / "requirements.txt").read_text().split()
    assert needed[:2] == ["mlptrain==0.1.0", f"numpy=={np.__version__}"]
    for name in ("conda.yaml", "python_env.yaml"):
        assert "-r requirements.txt" in json.dumps(yaml.safe_load((folder / name).read_text()))
    assert (folder / MODEL_FILE).read_bytes() == hostile.to_bytes()


def test_the_parameter_asks_for_probabilities_and_there_is_no_other(tmp_path, hostile):
    loaded = load_folder(write_folder(tmp_path, hostile, plan_model(hostile, ORIGIN)))
    rows = {name: [1.0, 2.0] for name in HOSTILE}
    asked = {"probabilities": True}
    np.testing.assert_array_equal(loaded.predict(rows, asked), hostile.predict_proba(rows))
    np.testing.assert_array_equal(loaded.predict(rows, {"probabilities": False}), hostile.predict(rows))
    with pytest.raises(SpecError, match="'scores' is not known here"):
        loaded.predict(rows, {"scores": True})


@pytest.mark.integration
def test_mlflow_loads_the_folder_and_predicts(tmp_path, hostile):
    mlflow = pytest.importorskip("mlflow", reason="needs mlflow: pip install mlflow-skinny pandas")
    pandas = pytest.importorskip("pandas", reason="needs pandas: pip install mlflow-skinny pandas")
    write_folder(tmp_path, hostile, plan_model(hostile, ORIGIN))
    frame = pandas.DataFrame({name: [1, 2] if place % 2 else [0.5, None] for place, name in enumerate(HOSTILE)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded = mlflow.pyfunc.load_model(str(tmp_path))
        np.testing.assert_array_equal(loaded.predict(frame), hostile.predict(frame))
        found = loaded.predict(frame, params={"probabilities": True})
        np.testing.assert_array_equal(found, hostile.predict_proba(frame))
