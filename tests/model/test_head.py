"""From rows to targets of the loss, and from logits to predictions in the user's words and units."""

from dataclasses import replace
from math import isnan

import numpy as np
import pytest

from mlptrain.data.frames import read_columns
from mlptrain.data.targets import ClassTarget, NumberTarget
from mlptrain.engine.losses import BinaryCrossEntropy, CrossEntropy, Hinge, MeanSquaredError, Poisson
from mlptrain.engine.metrics import METRICS, Undefined
from mlptrain.errors import DataError, SpecError
from mlptrain.model.head import ClassHead, NumberHead, make_head
from mlptrain.model.network_outputs import (
    measure_named_metric,
    measure_part_metrics,
    predict_values,
    predict_with_mean_loss,
)
from mlptrain.model.rows import TableRows
from mlptrain.spec.fields import Data
from tests.support.courses import course_of, part_of, spec_of

TWO = ClassTarget(name="y", classes=("no", "yes"))
THREE = ClassTarget(name="y", classes=("a", "b", "c"))
PRICES = NumberTarget(names=("price", "size"), center=(100.0, 5.0), scale=(10.0, 2.0))
FLOAT32 = np.dtype("float32")


def test_classes_are_codes_for_losses_of_classes_and_zeros_and_ones_for_losses_of_numbers():
    codes = np.array([0, 1, 1])
    assert make_head(CrossEntropy(), TWO).loss_targets(codes, FLOAT32) is codes
    one = make_head(MeanSquaredError(), TWO).loss_targets(codes, FLOAT32)
    assert (one.tolist(), one.dtype) == ([[0.0], [1.0], [1.0]], FLOAT32)
    three = make_head(MeanSquaredError(), THREE).loss_targets(np.array([2, 0]), FLOAT32)
    assert three.tolist() == [[0, 0, 1], [1, 0, 0]]


def test_numbers_are_scaled_for_the_loss_and_predicted_in_the_users_units():
    truth = np.array([[120.0, 1.0]])
    scaled = make_head(MeanSquaredError(), PRICES).loss_targets(truth, FLOAT32)
    assert scaled.tolist() == [[2.0, -2.0]]
    assert make_head(MeanSquaredError(), PRICES).predict(scaled).tolist() == truth.tolist()


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
    assert make_head(loss, target).outputs == width


@pytest.mark.parametrize(
    ("loss", "target"),
    [
        *((loss, target) for loss in (CrossEntropy(), Hinge(), MeanSquaredError()) for target in (TWO, THREE)),
        (BinaryCrossEntropy(), TWO),
    ],
)
def test_predictions_of_classes_have_one_score_a_class_and_are_fresh(loss, target):
    logits = np.linspace(-2, 2, 4 * make_head(loss, target).outputs).reshape(4, -1)
    scores = make_head(loss, target).predict(logits)
    assert scores.shape == (4, len(target.classes))
    assert not np.shares_memory(scores, logits)
    if loss.probabilistic:
        np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-12)


def test_two_classes_by_a_loss_of_numbers_are_told_apart_at_one_half():
    scores = make_head(MeanSquaredError(), TWO).predict(np.array([[0.4], [0.6]]))
    assert scores.argmax(axis=1).tolist() == [0, 1]


@pytest.mark.parametrize("rows", [1, 3, 16])
def test_chunks_make_no_difference(rows, monkeypatch):
    course = course_of(hidden=(9,))
    part = part_of(course.spec, 50, 3, seed=3)
    loss, predictions = predict_with_mean_loss(course.network, course.head, part)
    monkeypatch.setattr(course.network, "chunk_rows", lambda: rows)
    chunked_loss, chunked = predict_with_mean_loss(course.network, course.head, part)
    np.testing.assert_allclose(chunked, predictions, rtol=1e-12)
    np.testing.assert_allclose(predict_values(course.network, course.head, part.x), predictions, rtol=1e-12)
    assert chunked_loss == pytest.approx(loss, rel=1e-12)


def test_no_rows_have_no_predictions_and_no_loss():
    course = course_of()
    none = replace(course.train, x=course.train.x[:0], targets=course.train.targets[:0], truth=course.train.truth[:0])
    loss, predictions = predict_with_mean_loss(course.network, course.head, none)
    assert isnan(loss)
    assert predictions.shape == predict_values(course.network, course.head, none.x).shape == (0, 3)
    assert all(isinstance(value, Undefined) for value in measure_part_metrics(course.head, none, predictions).values())


@pytest.mark.parametrize("weighted", [False, True])
def test_one_metric_alone_is_the_one_among_all(weighted):
    spec = spec_of()
    course = course_of(spec)
    part = part_of(spec, 30, 3, seed=4, weights=np.linspace(1, 2, 30) if weighted else None)
    _, predictions = predict_with_mean_loss(course.network, course.head, part)
    for name, value in measure_part_metrics(course.head, part, predictions).items():
        assert measure_named_metric(name, course.head, part, predictions) == value


def test_metrics_of_numbers_are_in_the_users_units():
    part = replace(part_of(spec_of(), 3, 0, seed=1), truth=np.array([[100.0, 5], [110, 7], [120, 3]]))
    predictions = part.truth + np.array([3.0, 1.0])
    found = measure_part_metrics(make_head(MeanSquaredError(), PRICES), part, predictions)
    assert found["rmse"] == found["mae"] == 2


def test_the_poisson_loss_predicts_counts():
    counts = make_head(Poisson(), NumberTarget(names=("n",), center=(0.0,), scale=(1.0,))).predict(
        np.log([[3.0], [0.5]])
    )
    np.testing.assert_allclose(counts, [[3.0], [0.5]])


# laws over both heads

HEADS = {
    "two classes": make_head(BinaryCrossEntropy(), TWO),
    "three classes": make_head(CrossEntropy(), THREE),
    "classes by a loss of numbers": make_head(MeanSquaredError(), THREE),
    "two classes by a loss of numbers": make_head(MeanSquaredError(), TWO),
    "scores that are no probabilities": make_head(Hinge(), THREE),
    "numbers": make_head(MeanSquaredError(), PRICES),
}
heads = pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
COLUMNS = {"y": ["no", "yes", "no"], "price": ["120", "90.5", "100"], "size": ["1", "5", "7"]}


def data_of(head):
    """The columns of the head's target, and the section of a spec that names them."""
    labels = [head.classes[k] for k in (0, 1, 0)] if head.has_classes else COLUMNS["y"]
    names = tuple(head.names)
    data = Data(train="-", target=names if len(names) > 1 else names[0])
    return TableRows(read_columns(COLUMNS | {"y": labels}, "t")), data


def test_a_head_is_that_of_its_target():
    assert [type(head) for head in HEADS.values()] == [ClassHead] * 5 + [NumberHead]
    assert [head.has_classes for head in HEADS.values()] == [True] * 5 + [False]
    assert make_head(CrossEntropy(), THREE) == ClassHead(CrossEntropy(), THREE)


@heads
def test_predictions_are_as_wide_as_the_head_says_whatever_the_output_layer_is(head):
    logits = np.linspace(-1, 1, 4 * head.outputs).reshape(4, head.outputs)
    before = logits.copy()
    values = head.predict(logits)
    values[...] = 0
    assert values.shape == (4, head.width)
    assert np.array_equal(logits, before)


@heads
def test_the_truth_is_read_and_what_is_predicted_right_is_answered_with_it(head):
    rows, data = data_of(head)
    truth = head.read_truth(data, rows)
    targets = head.loss_targets(truth, np.dtype("float64"))
    assert len(truth) == len(targets) == 3
    assert head.find_known(truth).all()
    right = head.encoding_targets(truth) if not head.has_classes else np.eye(head.width)[truth]
    answers = head.write_answers(right, np.dtype("float64"))
    assert list(answers) == list(head.names)
    for name, cells in answers.items():
        known = [rows.table.column(name).text(row) for row in range(3)]
        assert cells == known or [float(cell) for cell in cells] == [float(cell) for cell in known]


@heads
def test_encodings_get_one_column_for_each_score_but_of_two_classes_one(head):
    rows, data = data_of(head)
    found = head.encoding_targets(head.read_truth(data, rows))
    assert found.dtype == np.float64
    assert found.shape == (3, 1 if head.has_classes and head.width == 2 else head.width)


@heads
def test_the_right_predictions_have_the_best_value_of_the_default_metric(head):
    rows, data = data_of(head)
    part = replace(part_of(spec_of(), 3, 0, seed=1), truth=head.read_truth(data, rows))
    right = np.eye(head.width)[part.truth] if head.has_classes else part.truth
    value = measure_named_metric(head.default_metric, head, part, right)
    assert value == pytest.approx(1.0 if METRICS[head.default_metric].larger_is_better else 0.0)
    assert set(measure_part_metrics(head, part, right)) <= set(METRICS)


@heads
def test_probabilities_are_asked_for_only_where_there_are_any(head):
    if head.has_classes and head.loss.probabilistic:
        head.require_probabilities("--p")
        columns = head.write_probabilities(np.eye(head.width), np.dtype("float32"))
        assert list(columns) == [f"probability_{label}" for label in head.classes]
        assert columns[f"probability_{head.classes[0]}"] == ["1.0", *["0.0"] * (head.width - 1)]
    else:
        why = "are not probabilities" if head.has_classes else "--p: the target is a number; it has no classes"
        with pytest.raises(SpecError, match=why):
            head.require_probabilities("--p")


@heads
def test_a_head_that_was_fitted_breaks_no_rule_and_is_described_by_its_names(head):
    assert list(head.find_broken_rules(of_images=False)) == []
    described = head.describe()
    assert [name for name, *_ in described] == list(head.names)
    assert all(kind == "target" for _, kind, *_ in described)


def test_a_class_that_training_did_not_have_is_an_error_or_unknown_and_never_the_truth():
    head, data = HEADS["three classes"], Data(train="-", target="y")
    rows = TableRows(read_columns({"y": ["a", "d", ""]}, "t"))
    with pytest.raises(DataError, match=r"the class 'd' does not occur in the training file; the classes are a, b, c"):
        head.read_truth(data, rows)
    truth = head.read_truth(data, rows, unknown=True)
    assert truth.tolist() == [0, -1, -1]
    assert head.find_known(truth).tolist() == [True, False, False]
    assert head.loss_targets(truth, FLOAT32).tolist() == [0, 0, 0]


@heads
def test_a_target_that_is_not_there_is_named(head):
    with pytest.raises(DataError, match=head.names[0]):
        head.read_truth(data_of(head)[1], TableRows(read_columns({"x": ["1"]}, "t")))
