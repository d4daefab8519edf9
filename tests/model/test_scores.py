"""Scores are the network's own outputs: by the loss's link they are the prediction, of one network and of several."""

import csv
import io
import warnings
from dataclasses import replace

import numpy as np
import pytest

import mlptrain
from mlptrain.model.scores import name_scores
from mlptrain.notices import Notice
from tests.support import command

X = [float(k) for k in range(24)]
LABELS = {"x": X, "y": ["no", "yes"] * 12}
DIGITS = {"x": X, "y": ["a", "b", "c"] * 8}
COUNTS = {"x": X, "y": [float(k % 7) for k in range(24)]}
PAIRS = {"x": X, "y": [3.0 * x for x in X], "z": [x * x for x in X]}
MODELS = {
    "two classes": (LABELS, {}, ["score_yes"]),
    "two classes, two logits": (LABELS, {"loss": "cross_entropy"}, ["score_no", "score_yes"]),
    "three classes": (DIGITS, {}, ["score_a", "score_b", "score_c"]),
    "hinge": (DIGITS, {"loss": "hinge"}, ["score_a", "score_b", "score_c"]),
    "classes as numbers": (LABELS, {"loss": "mean_squared_error"}, ["score_yes"]),
    "members": (DIGITS, {"members": 3}, ["score_a", "score_b", "score_c"]),
    "numbers": (COUNTS, {"data": {"target": "y", "columns": {"y": "number"}}}, ["score_y"]),
    "counts": (COUNTS, {"loss": "poisson", "data": {"target": "y", "columns": {"y": "number"}}}, ["score_y"]),
    "the logarithm": ({"x": X, "z": PAIRS["z"]}, {"data": {"target": "z", "target_transform": "log1p"}}, ["score_z"]),
    "two numbers": (PAIRS, {"data": {"target": ["y", "z"]}}, ["score_y", "score_z"]),
}
NEW = {"x": [0.5, 7.25, 19.0]}


def fitted(name, **split):
    table, sections, _ = MODELS[name]
    spec = {"data": {"target": "y"}, "model": {"hidden": [3]}, "training": {"epochs": 2}} | sections
    spec["data"] = spec["data"] | split
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)
        return mlptrain.fit(spec, table).model


@pytest.mark.parametrize("name", MODELS)
def test_by_the_link_they_are_the_prediction(name):
    model = fitted(name)
    scores = model.predict_scores(NEW)
    assert scores.shape == (3, model.head.outputs)
    assert name_scores(model.head) == MODELS[name][2]
    expected = model.predict_memory(NEW)
    np.testing.assert_allclose(model.head.predict(scores), expected, rtol=1e-5, atol=1e-6)


AVERAGED = [
    "two classes",
    "two classes, two logits",
    "three classes",
    "hinge",
    "classes as numbers",
    "numbers",
    "counts",
]


@pytest.mark.parametrize("weights", [[1.0, 1.0], [1.0, 3.0]])
@pytest.mark.parametrize("name", AVERAGED)
def test_of_several_networks_they_belong_to_the_average(name, weights):
    model = replace(fitted(name, split={"folds": 2}), weights=weights)
    scores = model.predict_scores(NEW)
    np.testing.assert_allclose(model.head.predict(scores), model.predict_memory(NEW), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_the_command_writes_them_behind_the_prediction(tmp_path, name):
    model = fitted(name)
    model.save(tmp_path / "m.npz")
    (tmp_path / "t.csv").write_text("x\n" + "".join(f"{x}\n" for x in NEW["x"]))
    asked = ["predict", "m.npz", "t.csv", "--scores", *(["--probabilities"] if model.loss.probabilistic else [])]
    ended = command.mlptrain(*asked, cwd=tmp_path)
    rows = list(csv.DictReader(io.StringIO(ended.out)))
    columns = list(rows[0])
    assert columns[: len(model.head.names)] == list(model.head.names)
    assert columns[-model.head.outputs :] == MODELS[name][2]
    found = [[float(row[column]) for column in MODELS[name][2]] for row in rows]
    np.testing.assert_allclose(found, model.predict_scores(NEW), rtol=1e-6)


def test_scores_that_are_not_finite_are_empty_and_counted(tmp_path):
    model = fitted("two classes")
    model.networks[0].network.parameters.theta[...] *= 1e12
    model.save(tmp_path / "m.npz")
    (tmp_path / "t.csv").write_text("x\n1e30\n")
    ended = command.mlptrain("predict", "m.npz", "t.csv", "--scores", cwd=tmp_path)
    assert ended.out.splitlines()[1].endswith(",")
    assert "score_yes 1" in ended.err


def test_a_target_of_the_name_of_a_score_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("x,score_b\n" + "".join(f"{k},{'ab'[k % 2]}\n" for k in range(12)))
    (tmp_path / "s.yaml").write_text(
        "data: {train: t.csv, target: score_b}\nmodel: {hidden: []}\ntraining: {epochs: 1}"
    )
    assert command.mlptrain("fit", "s.yaml", "-q", cwd=tmp_path).code == 0
    ended = command.mlptrain("predict", "s.npz", "t.csv", "--scores", cwd=tmp_path)
    assert (ended.code, "two columns would be named 'score_b': the prediction and a score" in ended.err) == (2, True)
