"""From rows to targets of the loss, and from logits to predictions in the user's words and units."""

from dataclasses import replace
from math import isnan

import numpy as np
import pytest

from mlptrain.data.targets import ClassTarget, NumberTarget
from mlptrain.engine.losses import BinaryCrossEntropy, CrossEntropy, Hinge, MeanSquaredError, Poisson
from mlptrain.engine.metrics import Undefined
from mlptrain.model.head import evaluate, loss_targets, metrics, outputs_for, predict, predicted, quick_metric
from tests.support.courses import course_of, part_of, spec_of

TWO = ClassTarget(name="y", classes=("no", "yes"))
THREE = ClassTarget(name="y", classes=("a", "b", "c"))
PRICES = NumberTarget(names=("price", "size"), center=(100.0, 5.0), scale=(10.0, 2.0))
FLOAT32 = np.dtype("float32")


def test_classes_are_codes_for_losses_of_classes_and_zeros_and_ones_for_losses_of_numbers():
    codes = np.array([0, 1, 1])
    assert loss_targets(CrossEntropy(), TWO, codes, FLOAT32) is codes
    one = loss_targets(MeanSquaredError(), TWO, codes, FLOAT32)
    assert (one.tolist(), one.dtype) == ([[0.0], [1.0], [1.0]], FLOAT32)
    assert loss_targets(MeanSquaredError(), THREE, np.array([2, 0]), FLOAT32).tolist() == [[0, 0, 1], [1, 0, 0]]


def test_numbers_are_scaled_for_the_loss_and_predicted_in_the_users_units():
    truth = np.array([[120.0, 1.0]])
    scaled = loss_targets(MeanSquaredError(), PRICES, truth, FLOAT32)
    assert scaled.tolist() == [[2.0, -2.0]]
    assert predicted(MeanSquaredError(), PRICES, scaled).tolist() == truth.tolist()


@pytest.mark.parametrize(
    ("loss", "target", "width"),
    [
        (CrossEntropy(), TWO, 2),
        (BinaryCrossEntropy(), TWO, 1),
        (CrossEntropy(), THREE, 3),
        (MeanSquaredError(), TWO, 1),
        (MeanSquaredError(), THREE, 3),
        (MeanSquaredError(), PRICES, 2),
    ],
)
def test_the_output_layer_is_as_wide_as_loss_and_target_want(loss, target, width):
    assert outputs_for(loss, target) == width


@pytest.mark.parametrize(
    ("loss", "target"),
    [
        *((loss, target) for loss in (CrossEntropy(), Hinge(), MeanSquaredError()) for target in (TWO, THREE)),
        (BinaryCrossEntropy(), TWO),
    ],
)
def test_predictions_of_classes_have_one_score_a_class_and_are_fresh(loss, target):
    logits = np.linspace(-2, 2, 4 * outputs_for(loss, target)).reshape(4, -1)
    scores = predicted(loss, target, logits)
    assert scores.shape == (4, len(target.classes))
    assert not np.shares_memory(scores, logits)
    if loss.probabilistic:
        np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-12)


def test_two_classes_by_a_loss_of_numbers_are_told_apart_at_one_half():
    scores = predicted(MeanSquaredError(), TWO, np.array([[0.4], [0.6]]))
    assert scores.argmax(axis=1).tolist() == [0, 1]


@pytest.mark.parametrize("rows", [1, 3, 16])
def test_chunks_make_no_difference(rows, monkeypatch):
    course = course_of(hidden=(9,))
    part = part_of(course.spec, 50, 3, seed=3)
    loss, predictions = evaluate(course.network, course.loss, course.target, part)
    monkeypatch.setattr(course.network, "chunk_rows", lambda: rows)
    chunked_loss, chunked = evaluate(course.network, course.loss, course.target, part)
    np.testing.assert_allclose(chunked, predictions, rtol=1e-12)
    np.testing.assert_allclose(predict(course.network, course.loss, course.target, part.x), predictions, rtol=1e-12)
    assert chunked_loss == pytest.approx(loss, rel=1e-12)


def test_no_rows_have_no_predictions_and_no_loss():
    course = course_of()
    none = replace(course.train, x=course.train.x[:0], targets=course.train.targets[:0], truth=course.train.truth[:0])
    loss, predictions = evaluate(course.network, course.loss, course.target, none)
    assert isnan(loss)
    assert predictions.shape == predict(course.network, course.loss, course.target, none.x).shape == (0, 3)
    assert all(
        isinstance(value, Undefined) for value in metrics(course.loss, course.target, none, predictions).values()
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_one_metric_alone_is_the_one_among_all(weighted):
    spec = spec_of()
    course = course_of(spec)
    part = part_of(spec, 30, 3, seed=4, weights=np.linspace(1, 2, 30) if weighted else None)
    _, predictions = evaluate(course.network, course.loss, course.target, part)
    for name, value in metrics(course.loss, course.target, part, predictions).items():
        assert quick_metric(name, course.loss, course.target, part, predictions) == value


def test_metrics_of_numbers_are_in_the_users_units():
    part = replace(part_of(spec_of(), 3, 0, seed=1), truth=np.array([[100.0, 5], [110, 7], [120, 3]]))
    predictions = part.truth + np.array([3.0, 1.0])
    found = metrics(MeanSquaredError(), PRICES, part, predictions)
    assert found["rmse"] == found["mae"] == 2


def test_the_poisson_loss_predicts_counts():
    counts = predicted(Poisson(), NumberTarget(names=("n",), center=(0.0,), scale=(1.0,)), np.log([[3.0], [0.5]]))
    np.testing.assert_allclose(counts, [[3.0], [0.5]])
