"""The metrics of classes beside scikit-learn's, and the calibration error beside a direct one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from mlptrain.engine.comparisons import Undefined, compare_classes
from mlptrain.engine.metrics import METRICS, measure_metric
from tests.support.comparing import draw_labels, draw_weights, measure_classes
from tests.support.drawing import drawn

rows = st.integers(1, 40)
seeds = st.integers(0, 10**6)
ties = st.sampled_from([1, 3, 1000])
weighted = st.booleans()


def agrees(ours, theirs):
    assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-9)


def occurring(truth, predicted, w):
    counted = slice(None) if w is None else w > 0
    return np.union1d(truth[counted], predicted[counted])


@drawn
@given(seed=seeds, rows=rows, positive=st.integers(0, 1), levels=ties, weighted=weighted)
def test_metrics_of_the_positive_class_are_those_of_scikit_learn(seed, rows, positive, levels, weighted):
    """Whichever of the two classes it is."""
    p, truth = draw_labels(seed, rows, 2, levels)
    w, predicted = draw_weights(seed, rows, weighted), p.argmax(axis=1)
    ours = measure_classes(p, truth, w, positive=positive)
    counted = np.ones(rows, bool) if w is None else w > 0
    there, named = positive in truth[counted], positive in predicted[counted]
    options = {"pos_label": positive, "sample_weight": w}
    if named:
        agrees(ours["precision"], sk.precision_score(truth, predicted, **options))
    else:
        assert ours["precision"] == Undefined("the positive class is never predicted")
    if there:
        agrees(ours["recall"], sk.recall_score(truth, predicted, **options))
        scores = p[:, positive].astype(float) - p[:, 1 - positive]
        agrees(ours["average_precision"], sk.average_precision_score(truth == positive, scores, sample_weight=w))
    else:
        assert ours["recall"] == ours["average_precision"] == Undefined("no rows of the positive class")
    if there or named:
        agrees(ours["f1"], sk.f1_score(truth, predicted, **options))
    agrees(ours["brier"], sk.brier_score_loss(truth, p[:, 1], sample_weight=w, labels=[0, 1]))


@drawn
@given(seed=seeds, rows=rows, levels=ties, weighted=weighted)
def test_the_positive_class_changes_only_what_is_of_it(seed, rows, levels, weighted):
    """The area under the ROC curve is the same seen from either class, and all that counts rows alike."""
    p, truth = draw_labels(seed, rows, 2, levels)
    w = draw_weights(seed, rows, weighted)
    first, second = (measure_classes(p, truth, w, positive=positive) for positive in (0, 1))
    for name in first.keys() - {"precision", "recall", "f1", "average_precision"}:
        if isinstance(first[name], Undefined):
            assert first[name] == second[name], name
        else:
            agrees(first[name], second[name])


@drawn
@given(seed=seeds, rows=rows, classes=st.integers(3, 5), levels=ties, weighted=weighted)
def test_metrics_of_several_classes_are_those_of_scikit_learn(seed, rows, classes, levels, weighted):
    p, truth = draw_labels(seed, rows, classes, levels)
    w, predicted = draw_weights(seed, rows, weighted), p.argmax(axis=1)
    ours = measure_classes(p, truth, w)
    labels = occurring(truth, predicted, w)
    options = {"labels": labels, "average": "macro", "zero_division": 0.0, "sample_weight": w}
    agrees(ours["precision"], sk.precision_score(truth, predicted, **options))
    agrees(ours["recall"], sk.recall_score(truth, predicted, **options))
    agrees(ours["brier"], sk.brier_score_loss(truth, p, sample_weight=w, labels=range(classes)))
    if len(occurring(truth, truth, w)) < classes:
        assert ours["average_precision"] == Undefined("a class without rows")
    else:
        theirs = [sk.average_precision_score(truth == k, p[:, k], sample_weight=w) for k in range(classes)]
        agrees(ours["average_precision"], np.mean(theirs))
    if len(labels) == 1:
        assert ours["cohen_kappa"] == Undefined("all rows are of one class and predicted as it")
    else:
        agrees(ours["cohen_kappa"], sk.cohen_kappa_score(truth, predicted, labels=range(classes), sample_weight=w))


@drawn
@given(seed=seeds, rows=rows, classes=st.integers(6, 9), weighted=weighted)
def test_the_first_five_are_those_of_scikit_learn(seed, rows, classes, weighted):
    p, truth = draw_labels(seed, rows, classes, 10**6)
    w = draw_weights(seed, rows, weighted)
    theirs = sk.top_k_accuracy_score(truth, p, k=5, sample_weight=w, labels=range(classes))
    agrees(measure_classes(p, truth, w)["top_5_accuracy"], theirs)


def test_of_equal_scores_the_first_class_is_first():
    """As for the predicted class itself."""
    same = np.full((7, 7), 1 / 7)
    assert measure_classes(same, np.arange(7))["top_5_accuracy"] == pytest.approx(5 / 7)
    assert "top_5_accuracy" not in measure_classes(same[:5, :5], np.arange(5))


def find_calibration_error(p, truth, w, bins=15):
    """Row by row: the gap between confidence and accuracy in each bin, weighted by its share of the rows."""
    total = 0.0
    for number in range(bins):
        weight = confidence = right = 0.0
        for row, true, each in zip(p, truth, w, strict=True):
            if number / bins < row.max() <= (number + 1) / bins:
                weight += each
                confidence += each * row.max()
                right += each * (row.argmax() == true)
        if weight:
            total += weight / w.sum() * abs(right / weight - confidence / weight)
    return total


@drawn
@given(seed=seeds, rows=rows, classes=st.integers(2, 5), levels=ties, weighted=weighted)
def test_the_calibration_error_is_the_gap_in_each_bin(seed, rows, classes, levels, weighted):
    p, truth = draw_labels(seed, rows, classes, levels)
    w = draw_weights(seed, rows, weighted)
    direct = find_calibration_error(p.astype(float), truth, np.ones(rows) if w is None else w)
    agrees(measure_classes(p, truth, w)["ece"], direct)


def test_answers_of_certainty_are_calibrated_where_they_are_right():
    p = np.array([[0.0, 1.0]] * 4)
    assert measure_classes(p, np.array([1, 1, 1, 1]))["ece"] == 0
    assert measure_classes(p, np.array([1, 1, 1, 0]))["ece"] == 0.25


@pytest.mark.parametrize("name", ["brier", "ece", "log_loss", "average_precision", "auc"])
def test_scores_that_are_not_finite_make_no_error(name):
    p, truth = draw_labels(0, 12, 3, 1000)
    p[3] = np.nan
    found = measure_metric(METRICS[name], compare_classes(p, truth))
    assert isinstance(found, float | Undefined)


@drawn
@given(
    counts=st.lists(st.integers(1, 200), min_size=2, max_size=5), seed=st.integers(0, 2**32 - 1), weighted=st.booleans()
)
def test_what_says_the_shares_of_the_classes_of_every_row_is_calibrated_and_agrees_by_chance(counts, seed, weighted):
    truth = np.repeat(np.arange(len(counts)), counts)
    w = np.random.default_rng(seed).uniform(0.1, 9, len(truth)) if weighted else np.ones(len(truth))
    shares = np.bincount(truth, w) / w.sum()
    found = measure_classes(np.tile(shares, (len(truth), 1)), truth, weights=w)
    assert {name: found[name] for name in ("ece", "mcc", "cohen_kappa")} == {"ece": 0, "mcc": 0, "cohen_kappa": 0}
