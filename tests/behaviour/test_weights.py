"""Weights of rows and of classes: a weight is as many copies of the row."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.data.targets import ClassTarget
from mlptrain.engine.losses import BinaryCrossEntropy, CrossEntropy, Focal, Hinge, Huber, MeanSquaredError
from mlptrain.engine.penalties import Penalty
from mlptrain.errors import SpecError
from mlptrain.model.encoding import HEAVIEST, LIGHTEST
from mlptrain.model.head import ClassHead
from mlptrain.model.network_outputs import measure_part_metrics, predict_with_mean_loss
from mlptrain.preparation.preparation import add_class_weights
from mlptrain.spec.fields import Training
from tests.support.courses import course_of, drawn, head_of, loss_of, part_of, run, spec_of

FULL = Training(epochs=1, batch_size="full")


def take(part, rows, weights=None):
    return replace(part, x=part.x[rows], targets=part.targets[rows], truth=part.truth[rows], weights=weights)


def gradient(course):
    """The loss and the gradient of the whole training part at the initial parameters."""
    part = course.train
    run = course.network.begin(part.rows, train=True)
    loss, penalty = course.network.objective(
        part.x,
        part.targets,
        part.training_weights(),
        loss=course.head.loss,
        penalty=course.spec.regularization,
        run=run,
    )
    return loss + penalty, course.network.parameters.gradient.copy()


def same(one, two):
    (value, slope), (other_value, other_slope) = gradient(one), gradient(two)
    np.testing.assert_allclose(value, other_value, rtol=1e-12)
    np.testing.assert_allclose(slope, other_slope, rtol=1e-10, atol=1e-14)


LOSSES = [CrossEntropy(), CrossEntropy(label_smoothing=0.1), Focal(), Hinge(), MeanSquaredError()]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
@drawn
@given(st.lists(st.integers(1, 4), min_size=9, max_size=9))
def test_a_weight_is_as_many_copies_of_the_row(loss, copies):
    spec = spec_of(training=FULL, loss=loss, regularization=Penalty(l2=0.01))
    part = part_of(spec, 9, 3, seed=1)
    weighted = take(part, slice(None), np.array(copies, float))
    repeated = take(part, np.repeat(np.arange(9), copies))
    same(course_of(spec, train=weighted), course_of(spec, train=repeated))


@pytest.mark.parametrize("loss", [MeanSquaredError(), Huber(delta=0.5)], ids=lambda loss: loss.name)
def test_a_weight_of_a_number_is_as_many_copies_too_and_through_a_whole_training(loss):
    spec = spec_of(training=Training(epochs=20, batch_size="full"), loss=loss)
    part = part_of(spec, 9, 0, seed=1)
    copies = [1, 2, 1, 3, 1, 1, 2, 1, 1]
    weighted = course_of(spec, train=take(part, slice(None), np.array(copies, float)), classes=0)
    repeated = course_of(spec, train=take(part, np.repeat(np.arange(9), copies)), classes=0)
    one, two = run(weighted)[0], run(repeated)[0]
    np.testing.assert_allclose(weighted.network.parameters.theta, repeated.network.parameters.theta, rtol=1e-9)
    assert [e.train_loss for e in one] == pytest.approx([e.train_loss for e in two], rel=1e-9)


def test_only_ratios_of_weights_matter():
    spec = spec_of(training=FULL)
    part = part_of(spec, 9, 3, seed=1)
    weights = np.linspace(1, 3, 9)
    same(
        course_of(spec, train=take(part, slice(None), weights)),
        course_of(spec, train=take(part, slice(None), 7 * weights)),
    )


def test_loss_and_metrics_in_evaluation_are_weighted():
    spec = spec_of()
    part = part_of(spec, 9, 3, seed=1)
    copies = np.array([1, 2, 1, 3, 1, 1, 2, 1, 1])
    course = course_of(spec)

    def measured(part):
        loss, predictions = predict_with_mean_loss(course.network, course.head, part)
        return {"loss": loss} | measure_part_metrics(course.head, part, predictions)

    weighted = measured(take(part, slice(None), copies.astype(float)))
    assert weighted == pytest.approx(measured(take(part, np.repeat(np.arange(9), copies))), rel=1e-12)
    assert weighted["accuracy"] != measured(part)["accuracy"]


# classes


def unbalanced(spec, loss):
    """Two rows of a, four of b, six of c (or three of no, nine of yes), with the class weights of the spec."""
    classes = 2 if isinstance(loss, BinaryCrossEntropy) else 3
    truth = np.repeat(np.arange(classes), [3, 9] if classes == 2 else [2, 4, 6])
    part = part_of(spec, 12, 3, seed=1)
    head = ClassHead(loss, ClassTarget(name="y", classes=tuple("abc"[:classes])))
    part = replace(part, truth=truth, targets=head.loss_targets(truth, part.x.dtype))
    return head, part


@pytest.mark.parametrize("loss", [CrossEntropy(), BinaryCrossEntropy(), MeanSquaredError()], ids=lambda loss: loss.name)
def test_balanced_is_the_same_as_as_many_copies_as_make_the_classes_even(loss):
    plain = spec_of(training=FULL, loss=loss)
    balanced = spec_of(training=replace(FULL, class_weight="balanced"), loss=loss)
    head, part = unbalanced(plain, loss)
    times = np.array([3, 1] if len(head.classes) == 2 else [6, 3, 2])[part.truth]
    classes = len(head.classes)
    weighted = course_of(balanced, train=add_class_weights(balanced, head, part), classes=classes, validation_rows=0)
    repeated = course_of(plain, train=take(part, np.repeat(np.arange(12), times)), classes=classes, validation_rows=0)
    same(weighted, repeated)


def test_balanced_weights_are_rows_over_classes_times_rows_of_the_class():
    spec = spec_of(training=replace(FULL, class_weight="balanced"))
    head, part = unbalanced(spec, CrossEntropy())
    assert add_class_weights(spec, head, part).class_weights.tolist() == [2.0, 1.0, 12 / (3 * 6)]


def test_given_class_weights_multiply_the_weights_of_rows_and_are_one_where_not_given():
    spec = spec_of(training=replace(FULL, class_weight={"b": 3.0}))
    head, part = unbalanced(spec, CrossEntropy())
    rows = np.linspace(1, 2, 12)
    assert add_class_weights(spec, head, part).training_weights().tolist() == [1.0] * 2 + [3.0] * 4 + [1.0] * 6
    weighted = add_class_weights(spec, head, replace(part, weights=rows)).training_weights()
    assert weighted.tolist() == (rows * ([1.0] * 2 + [3.0] * 4 + [1.0] * 6)).tolist()
    assert part.training_weights() is None


def test_class_weights_are_for_training_only():
    spec = spec_of(training=replace(FULL, class_weight={"b": 3.0}))
    head, part = unbalanced(spec, CrossEntropy())
    course = course_of(spec)
    plain, weighted = (
        predict_with_mean_loss(course.network, head, p)[0] for p in (part, add_class_weights(spec, head, part))
    )
    assert plain == weighted


def test_a_class_weight_of_no_class_is_refused():
    spec = spec_of(training=replace(FULL, class_weight={"x": 3.0}))
    head, part = unbalanced(spec, CrossEntropy())
    with pytest.raises(SpecError, match="'x' is no class; they are a, b, c"):
        add_class_weights(spec, head, part)


def test_numbers_have_no_class_weights():
    spec = spec_of(training=replace(FULL, class_weight="balanced"))
    part = part_of(spec, 5, 0, seed=1)
    assert add_class_weights(spec, head_of(spec, 0), part) is part
    assert loss_of(spec, 0) == MeanSquaredError()


@pytest.mark.parametrize("row_weights", [LIGHTEST, 1.0, HEAVIEST])
@pytest.mark.parametrize("of_class", [LIGHTEST, 1.0, HEAVIEST])
def test_the_lightest_and_the_heaviest_weights_train_as_equal_ones_do_in_float32(row_weights, of_class):
    """No product or sum of weights leaves the numbers of float32: where all weights are equal they do not show."""
    weights = {"abc"[k]: of_class for k in range(3)}
    spec = spec_of(training=replace(FULL, class_weight=weights), model={"dtype": "float32"})
    part = part_of(spec, 30, 3, seed=1)
    part = replace(part, x=part.x.astype(np.float32))
    heavy = add_class_weights(spec, head_of(spec, 3), replace(part, weights=np.full(30, row_weights, np.float32)))
    (value, slope), (plain, plain_slope) = gradient(course_of(spec, train=heavy)), gradient(course_of(spec, train=part))
    assert np.isfinite([value, plain]).all()
    np.testing.assert_allclose(value, plain, rtol=1e-5)
    np.testing.assert_allclose(slope, plain_slope, rtol=1e-3, atol=1e-6)
