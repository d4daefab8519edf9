"""A model of every released format stays readable, and predicts what it did."""

import csv
from pathlib import Path

import numpy as np
import pytest

from mlptrain.commands.predict import Prediction
from mlptrain.model.answers import Wanted
from mlptrain.model.file import FORMAT_VERSION, load

GOLDEN = Path(__file__).parents[1] / "golden"
MODELS = sorted(GOLDEN.glob("format_*.npz"))


def test_there_is_a_golden_model_of_every_format():
    assert [path.stem for path in MODELS] == [f"format_{version}" for version in range(1, FORMAT_VERSION + 1)]


def rows(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_golden_model_predicts_what_it_did(path, tmp_path):
    assert load(path).members
    out = tmp_path / "predictions.csv"
    Prediction(str(path), str(GOLDEN / "train.csv"), Wanted(keep=[], probabilities=True)).publish(out)
    found, expected = rows(out), rows(path.with_suffix(".csv"))
    assert [row[0] for row in found] == [row[0] for row in expected]
    assert found[0] == expected[0]
    numbers = [np.array([row[1:] for row in table[1:]], float) for table in (found, expected)]
    np.testing.assert_allclose(numbers[0], numbers[1], rtol=1e-5, atol=1e-6)
