"""How good a model is: scikit-learn's numbers, and no case that breaks them."""

import json
from dataclasses import asdict, replace
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng
from sklearn.metrics import accuracy_score, average_precision_score, precision_recall_fscore_support, roc_auc_score

from mlptrain.diagnostics.quality import (
    MOST_CLASSES,
    MOST_POINTS,
    THRESHOLDS,
    measure_quality,
    spread_evenly,
)
from mlptrain.engine.losses import CrossEntropy, Loss, MeanSquaredError, Quantile
from tests.support.comparing import draw_labels
from tests.support.drawing import drawn
from tests.support.judging import judge, make_class_head, make_number_head

seeds = st.integers(0, 10**6)
drawn_rarely = settings(drawn, max_examples=8)
"""For oracles that take their time."""


def draw_judged(seed, rows, classes, levels=1000):
    """Probabilities beside the truth, with weights; every class occurs."""
    p, truth = draw_labels(seed, rows, classes, levels)
    truth[:classes] = range(classes)
    weights = default_rng(seed).integers(1, 4, rows).astype(float)
    return judge(truth, p, weights), p, truth, weights


@drawn_rarely
@given(seed=seeds, classes=st.integers(2, 8), levels=st.sampled_from([1, 1000]))
def test_curves_are_of_the_largest_classes_against_the_rest(seed, classes, levels):
    judged, p, truth, weights = draw_judged(seed, 60, classes, levels)
    found = measure_quality(make_class_head(CrossEntropy(), classes), judged).curves
    support = np.bincount(truth, weights)
    assert len(found) == (1 if classes == 2 else min(classes, MOST_CLASSES))
    assert classes == 2 or min(each.rows for each in found) >= np.sort(support)[-len(found)]
    for each in found:
        k = ord(each.name) - 97
        assert each.rows == support[k]
        assert each.auc == pytest.approx(roc_auc_score(truth == k, p[:, k], sample_weight=weights))
        expected = average_precision_score(truth == k, p[:, k], sample_weight=weights)
        assert each.average_precision == pytest.approx(expected)
        assert (each.roc.x[-1], each.roc.y[-1], each.precision_recall.x[-1]) == (1, 1, 1)


@drawn_rarely
@given(seed=seeds, levels=st.sampled_from([1, 1000]))
def test_thresholds_are_worth_what_scikit_learn_says(seed, levels):
    judged, p, truth, weights = draw_judged(seed, 50, 2, levels)
    found = measure_quality(make_class_head(CrossEntropy(), 2), judged).thresholds
    thresholds = [each.threshold for each in found]
    assert thresholds == sorted({*thresholds, *THRESHOLDS})
    for each in found:
        said = p[:, 1] >= each.threshold
        expected = precision_recall_fscore_support(
            truth, said, average="binary", sample_weight=weights, zero_division=np.nan
        )
        assert (each.precision or np.nan) == pytest.approx(expected[0] or np.nan, nan_ok=True)
        assert (each.recall, each.f1) == pytest.approx(expected[1:3])
        assert each.accuracy == pytest.approx(accuracy_score(truth, said, sample_weight=weights))
        assert each.predicted == pytest.approx(np.average(said, weights=weights))
    (best,) = [each for each in found if each.is_best]
    assert best.f1 == max(each.f1 for each in found)


def test_of_two_classes_all_is_of_the_positive_one():
    judged, p, truth, weights = draw_judged(3, 80, 2)
    other = judge(1 - truth, p[:, ::-1], weights)
    one, two = (
        measure_quality(make_class_head(CrossEntropy(), 2, positive), own)
        for positive, own in ((0, judged), (1, other))
    )
    assert [each.name for each in (*one.curves, *one.reliability)] == ["a", "a"]
    assert one.thresholds == two.thresholds
    assert one.curves == tuple(replace(each, name="a") for each in two.curves)
    assert one.reliability == tuple(replace(each, name="a") for each in two.reliability)


@pytest.mark.parametrize("classes", [2, 3, MOST_CLASSES, MOST_CLASSES + 1])
def test_reliability_is_of_each_of_few_classes_and_of_the_predicted_one_of_many(classes):
    judged, *_ = draw_judged(1, 100, classes)
    names = [each.name for each in measure_quality(make_class_head(CrossEntropy(), classes), judged).reliability]
    assert names == (["b"] if classes == 2 else [None] if classes > MOST_CLASSES else list("abcdef"[:classes]))


@drawn
@given(seed=seeds, rows=st.integers(1, 3000), weighted=st.booleans())
def test_no_residual_is_lost(seed, rows, weighted):
    draw = default_rng(seed)
    truth, predicted = draw.standard_cauchy((2, rows, 1)).round(1)
    weights = draw.integers(1, 4, rows) if weighted else np.ones(rows)
    (found,) = measure_quality(make_number_head(MeanSquaredError(), "y"), judge(truth, predicted, weights)).residuals
    assert sum(found.counts) + found.below + found.above == pytest.approx(weights.sum())
    assert sum(group.rows for group in found.by_prediction) == found.rows == rows
    pairs = np.concatenate([truth, predicted], axis=1).tolist()
    assert {*found.points} <= set(map(tuple, pairs))
    assert len(found.points) == min(rows, MOST_POINTS)
    assert (found.points[0][0], found.points[-1][0]) == (truth.min(), truth.max())


@drawn
@given(seed=seeds, rows=st.integers(1, 30))
def test_the_quantiles_of_a_group_of_equal_predictions_are_those_of_numpy(seed, rows):
    draw = default_rng(seed)
    truth, weights = draw.integers(0, 50, (rows, 1)).astype(float), draw.integers(1, 4, rows)
    (found,) = measure_quality(
        make_number_head(MeanSquaredError(), "y"), judge(truth, np.full((rows, 1), 20.0), weights)
    ).residuals
    (group,) = found.by_prediction
    repeated = np.repeat(20 - truth[:, 0], weights)
    expected = np.quantile(repeated, [0.1, 0.5, 0.9], method="averaged_inverted_cdf")
    assert (group.low, group.median, group.high) == pytest.approx(tuple(expected))


def test_a_quantile_covers_the_share_of_rows_at_or_below_it():
    truth = np.arange(100.0)[:, None]
    judged = judge(truth, np.full((100, 1), 79.0))
    (found,) = measure_quality(make_number_head(Quantile(level=0.9), "y"), judged).residuals
    assert (found.coverage.level, found.coverage.observed) == (0.9, 0.8)
    assert found.coverage.low < 0.8 < found.coverage.high < 0.9
    (other,) = measure_quality(make_number_head(MeanSquaredError(), "y"), judged).residuals
    assert other.coverage is None


def test_points_are_spread_evenly():
    for count in (1, 2, 1500, 1501, 4000):
        places = spread_evenly(count, 1500)
        assert (places[0], places[-1], len(places)) == (0, count - 1, min(count, 1500))
        assert max(np.diff(places), default=1) - min(np.diff(places), default=1) <= 1


# no case breaks

BROKEN = (np.nan, np.inf, -np.inf, 1e308, -1e308, 3e38)


def list_class_cases(classes):
    """Truth and scores that leave little to be measured."""
    draw = default_rng(2)
    some = draw.dirichlet(np.ones(classes), 12)
    truth = np.arange(12) % classes
    yield truth, some
    yield truth[:1], some[:1]
    yield truth[:0], some[:0]
    yield np.ones(12, int), some
    yield np.full(12, -1), some
    yield np.where(truth == 0, -1, truth), some
    yield truth, np.full((12, classes), 1 / classes)
    yield truth, np.full((12, classes), np.nan)
    yield truth, np.where(np.arange(12)[:, None] < 5, np.inf, some)
    yield truth, np.eye(classes)[truth]


def list_number_cases(targets):
    """The same of numbers."""
    draw = default_rng(3)
    truth, some = draw.normal(size=(2, 40, targets))
    yield truth, some
    yield truth[:1], some[:1]
    yield truth[:0], some[:0]
    yield truth, np.zeros_like(truth)
    yield truth, truth
    yield 1e17 + truth, 1e17 + some
    for value in BROKEN:
        yield truth, np.full_like(truth, value)
        yield truth, np.where(np.arange(40)[:, None] < 3, value, some)


CASES = [
    pytest.param(loss(), classes, id=f"{loss.__name__}-{classes}")
    for loss in get_args(Loss)
    for classes in ([2, 3, 8] if loss().classes else [0, 2, 3])
    if loss().most_classes in (None, classes) or not classes
]


@pytest.mark.parametrize(("loss", "classes"), CASES)
def test_what_cannot_be_measured_is_left_out_with_a_reason(loss, classes):
    head = make_class_head(loss, classes) if classes else make_number_head(loss, "y", "z")
    dtype = np.float32 if classes else np.float64
    for truth, predicted in list_class_cases(classes) if classes else list_number_cases(2):
        for weights in (None, np.linspace(1e-15, 1e15, len(truth))):
            found = asdict(measure_quality(head, judge(truth, predicted.astype(dtype), weights)))
            del found["evaluation"]
            json.dumps(found, allow_nan=False)
            expected = ("curves", "reliability", "thresholds") if classes else ("residuals",)
            assert {name for name in expected if not found[name]} == found["absent"].keys()
