"""A model of every released format stays readable, and predicts what it did."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from mlptrain.commands.predict import Prediction
from mlptrain.model.answers import AnswerOptions
from mlptrain.model.file import FORMAT_VERSIONS
from mlptrain.model.model import Model

GOLDEN = Path(__file__).parents[1] / "golden"
MODELS = sorted(GOLDEN.glob("format_*.npz"))


def test_there_is_a_golden_model_of_every_format():
    assert {path.stem for path in MODELS} >= {f"format_{version}" for version in FORMAT_VERSIONS}


def test_there_is_a_golden_model_of_folds_and_members_with_columns_of_every_kind():
    metadata = read_metadata(GOLDEN / "format_1_folds_members.npz")
    assert len(metadata["members"]) == metadata["spec"]["data"]["split"]["folds"] == 3
    assert metadata["spec"]["members"] == {"name": "networks", "count": 2}
    assert metadata["spec"]["model"]["numeric_embedding"]["name"] == "plr"
    columns = metadata["members"][0]["features"]["columns"]
    assert [column["kind"] for column in columns] == ["number", "number", "category", "category", "number", "date"]
    assert [column["name"] for column in columns if column.get("boolean")] == ["fresh"]


def read_metadata(path):
    with np.load(path) as arrays:
        return json.loads(arrays["metadata"].tobytes())


def rows(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_golden_model_predicts_what_it_did(path, tmp_path):
    model = Model.load(path)
    out = tmp_path / "predictions.csv"
    table = GOLDEN / model.spec.data.train
    Prediction(str(path), str(table), AnswerOptions(keep=[], probabilities=True)).publish(out)
    found, expected = rows(out), rows(path.with_suffix(".csv"))
    assert [row[0] for row in found] == [row[0] for row in expected]
    assert found[0] == expected[0]
    numbers = [np.array([row[1:] for row in table[1:]], float) for table in (found, expected)]
    np.testing.assert_allclose(numbers[0], numbers[1], rtol=1e-5, atol=1e-6)
