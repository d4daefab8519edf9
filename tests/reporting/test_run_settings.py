"""What trackers are told: names that make folders, settings as they were written, with the values that they came to."""

from dataclasses import replace
from math import inf, nan

import pytest

from mlptrain.plain import to_plain
from mlptrain.reporting.run_settings import list_epoch_values, list_settings, name_part_of_run, name_run
from mlptrain.spec.file import load_draft
from mlptrain.training.events import FitStarted
from tests.support.streams import training

SPEC = """
data: {train: t.csv, target: y, columns: {a: category, "b.c": ignore}}
model: {hidden: [8, 4], dropout: 0.2, activation: tanh}
training: {shuffle: false, early_stopping: null}
"""


@pytest.mark.parametrize(
    ("source", "name"),
    [("iris.yaml", "iris"), ("a/b/iris.v2.yaml", "iris.v2"), ("spec", "spec"), ("standard input", "model")],
)
def test_a_run_is_named_as_its_model(source, name):
    assert name_run(FitStarted(source=source)) == name


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({}, ""),
        ({"fold": 2, "folds": 3}, "fold-2"),
        ({"fold": 3, "folds": 3, "repeats": 3}, "repeat-3"),
        ({"fold": 3, "folds": 4, "repeats": 2}, "repeat-2-fold-1"),
        ({"refit": True}, "refit"),
    ],
)
def test_a_part_of_a_run_is_named_for_a_folder(fields, name):
    started = next(training(1))
    assert name_part_of_run(replace(started, **fields)) == name


def test_settings_have_the_keys_of_the_user_and_the_values_of_the_spec():
    draft = load_draft("s.yaml", ["optimizer.learning_rate=1e-3"], SPEC)
    assert list_settings(FitStarted(source="s.yaml", user_settings=draft.user_settings), to_plain(draft.spec)) == {
        "data.train": "t.csv",
        "data.target": "y",
        "model.hidden": "[8, 4]",
        "model.dropout": 0.2,
        "model.activation": "tanh",
        "training.shuffle": False,
        "training.early_stopping": "null",
        "optimizer.learning_rate": 0.001,
    }


def test_a_setting_that_the_resolved_spec_has_not_is_the_text():
    given = {("recipe",): "plain", ("a", "b"): ["1"]}
    assert list_settings(FitStarted(source="s", user_settings=given), {"a": 1}) == {"recipe": "plain", "a.b": '["1"]'}


def test_what_an_epoch_has_not_measured_is_left_out():
    _, epoch, _ = training(1)
    odd = replace(epoch, train_loss=nan, validation_loss=inf, penalty=-inf, train_metric=None, gradient_norm=0.0)
    names = {"accuracy/validation", "learning_rate", "gradient_norm", "rows_per_second"}
    assert {*list_epoch_values(odd, "accuracy")} == names
