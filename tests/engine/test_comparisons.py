"""What metrics are computed from: by rows, by cells, under weights, and each thing once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from mlptrain.engine import comparisons
from mlptrain.engine.bootstrap import bootstrap_intervals, measure_slices
from mlptrain.engine.comparisons import (
    NO_WEIGHT,
    compare_classes,
    compare_numbers,
    compute_weighted_mean,
    divide_or_undefined,
    fill_default_weights,
)
from mlptrain.engine.metrics import METRICS, measure_metric, measure_metrics
from mlptrain.randomness import stream
from tests.support.comparing import draw_labels, draw_weights
from tests.support.drawing import DTYPES, drawn, standard_normal

seeds = st.integers(0, 10**6)
rows = st.integers(1, 40)


@drawn
@given(seed=seeds, rows=rows, classes=st.integers(2, 5))
def test_the_confusion_counts_rows_by_truth_and_prediction(seed, rows, classes):
    p, truth = draw_labels(seed, rows, classes, 3)
    w = draw_weights(seed, rows)
    theirs = sk.confusion_matrix(truth, p.argmax(axis=1), sample_weight=w, labels=range(classes))
    np.testing.assert_allclose(compare_classes(p, truth).weigh(w).confusion, theirs)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_surprisal_is_the_log_of_the_probability_down_to_the_resolution(dtype):
    p = np.array([[0.25, 0.75], [1, 0], [0, 1]], dtype)
    found = compare_classes(p, np.array([0, 0, 0])).surprisals
    np.testing.assert_allclose(found, [np.log(4), 0, -np.log(np.finfo(dtype).eps)])
    assert found.dtype == np.float64


@drawn
@given(seed=seeds, rows=rows, outputs=st.integers(1, 3))
def test_a_sample_of_numbers_has_the_weighted_moments_of_the_rows_with_weight(seed, rows, outputs):
    truth, predicted = standard_normal(2, rows, outputs, seed=seed)
    w = draw_weights(seed, rows)
    sample = compare_numbers(np.where(w[:, None] > 0, predicted, np.nan), truth).weigh(w)
    np.testing.assert_allclose(sample.mean_square, np.average((predicted - truth) ** 2, axis=0, weights=w))
    spread = (truth - np.average(truth, axis=0, weights=w)) ** 2
    np.testing.assert_allclose(sample.variance, np.average(spread, axis=0, weights=w), atol=1e-15)
    assert sample.constant.tolist() == [(w > 0).sum() == 1] * outputs


def test_a_mean_leaves_out_what_has_no_weight():
    assert compute_weighted_mean(np.array([1.0, np.nan, 3.0]), np.array([1.0, 0.0, 3.0])) == 2.5
    assert (
        compute_weighted_mean(np.array([np.inf]), np.zeros(1))
        == compute_weighted_mean(np.empty(0), np.empty(0))
        == NO_WEIGHT
    )


def test_a_ratio_is_a_number_or_the_reason_given():
    assert divide_or_undefined(1, np.float64(4), NO_WEIGHT) == 0.25
    assert type(divide_or_undefined(np.float64(1), 4, NO_WEIGHT)) is float
    assert divide_or_undefined(0, 0, NO_WEIGHT) == NO_WEIGHT


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_weights_are_float64_and_1_where_there_are_none(dtype):
    assert fill_default_weights(2, np.array([1, 3], dtype)).dtype == fill_default_weights(2, None).dtype == np.float64
    assert fill_default_weights(2, None).tolist() == [1, 1]


# ---- shared work is done once


@pytest.fixture
def ranked(monkeypatch):
    """One entry for each time that the rows are sorted."""
    calls, rank_classes = [], comparisons.rank_rows_per_class

    def counted(*arguments):
        calls.append(1)
        return rank_classes(*arguments)

    monkeypatch.setattr(comparisons, "rank_rows_per_class", counted)
    return calls


def test_rows_are_sorted_once_for_all_samples_and_slices(ranked):
    comparison = compare_classes(*draw_labels(0, 50, 3, 1000))
    bootstrap_intervals(comparison, bits=stream(1, "bootstrap"), resamples=20)
    assert len(ranked) == 1
    measure_slices(comparison, np.arange(50) % 5)
    assert len(ranked) == 2
    kept = comparison.keep_rankings()
    assert kept.keep_rankings() is kept
    bootstrap_intervals(kept, bits=stream(1, "bootstrap"), resamples=20)
    measure_slices(kept, np.arange(50) % 5)
    assert len(ranked) == 3


@pytest.mark.parametrize("name", [name for name, metric in METRICS.items() if metric.of_classes])
def test_only_areas_under_curves_sort_rows(ranked, name):
    measure_metric(METRICS[name], compare_classes(*draw_labels(0, 50, 3, 1000)))
    assert len(ranked) == (name in ("auc", "average_precision"))


def test_kept_rankings_change_no_value():
    comparison, w = compare_classes(*draw_labels(0, 50, 4, 3)), draw_weights(0, 50)
    assert measure_metrics(comparison, w) == measure_metrics(comparison.keep_rankings(), w)


def test_what_metrics_share_is_computed_once():
    w, numbers = draw_weights(0, 30), standard_normal(2, 30, 2)
    classes = compare_classes(*draw_labels(0, 30, 3, 1000))
    for owner, names in (
        (classes, ("cells", "surprisals")),
        (classes.weigh(w), ("confusion",)),
        (compare_numbers(*numbers).weigh(w), ("w", "y", "e", "mean_square", "variance")),
    ):
        assert all(getattr(owner, name) is getattr(owner, name) for name in names)
