"""Metrics are scikit-learn's where those are defined, and a number or a reason where they are not."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng
from sklearn import metrics as sk

from mlptrain.engine.losses import softmax
from mlptrain.engine.metrics import Undefined, classification, confusion, regression
from tests.support.drawing import DTYPES, drawn, standard_normal

CLASSIFICATION = ["accuracy", "error_rate", "balanced_accuracy", "f1", "auc", "log_loss", "mcc"]
REGRESSION = ["rmse", "mae", "r2"]
rows = st.integers(1, 40)
seeds = st.integers(0, 10**6)
ties = st.sampled_from([1, 3, 1000])
"""How many different scores there are: few make ties."""
weighted = st.booleans()


def labels(seed, rows, classes, levels):
    """(probabilities, truth): every class occurs in a part of the draws, ties are frequent where levels are few."""
    draw = default_rng(seed)
    logits = np.round(2 * draw.standard_normal((rows, classes)) * levels) / levels
    return softmax(logits), draw.integers(0, classes, rows)


def drawn_weights(seed, rows, weighted):
    """Weights of a few sizes, 0 among them but not everywhere; None where all are 1."""
    if not weighted:
        return None
    weights = default_rng(seed).choice([0.0, 0.5, 1.0, 3.7], rows)
    weights[0] = 1.0
    return weights


def agrees(ours, theirs):
    assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-9)


def quietly(metric, *arguments, **options):
    """scikit-learn's value where it may warn that there is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return metric(*arguments, **options)


# ---- classes


@drawn
@given(seed=seeds, rows=rows, classes=st.integers(2, 5), levels=ties, weighted=weighted)
def test_classification_is_that_of_scikit_learn(seed, rows, classes, levels, weighted):
    p, truth = labels(seed, rows, classes, levels)
    w = drawn_weights(seed, rows, weighted)
    ours, predicted = classification(p, truth, w), p.argmax(axis=1)
    assert list(ours) == CLASSIFICATION
    agrees(ours["accuracy"], sk.accuracy_score(truth, predicted, sample_weight=w))
    agrees(ours["error_rate"], 1 - sk.accuracy_score(truth, predicted, sample_weight=w))
    agrees(ours["balanced_accuracy"], quietly(sk.balanced_accuracy_score, truth, predicted, sample_weight=w))
    agrees(ours["log_loss"], sk.log_loss(truth, p, sample_weight=w, labels=range(classes)))
    agrees(ours["mcc"], quietly(sk.matthews_corrcoef, truth, predicted, sample_weight=w))


def seen(truth, predicted, w):
    """The classes that occur or are predicted in rows with weight."""
    counted = slice(None) if w is None else w > 0
    return np.union1d(truth[counted], predicted[counted])


@drawn
@given(seed=seeds, rows=rows, classes=st.integers(2, 5), levels=ties, weighted=weighted)
def test_f1_is_that_of_scikit_learn(seed, rows, classes, levels, weighted):
    """Of the second class of two; of more, the mean over those seen or predicted."""
    p, truth = labels(seed, rows, classes, levels)
    w, predicted = drawn_weights(seed, rows, weighted), p.argmax(axis=1)
    ours = classification(p, truth, w)["f1"]
    if classes == 2 and 1 not in seen(truth, predicted, w):
        assert ours == Undefined("the positive class neither occurs nor is predicted")
    elif classes == 2:
        agrees(ours, sk.f1_score(truth, predicted, sample_weight=w))
    else:
        options = {"labels": seen(truth, predicted, w), "average": "macro", "zero_division": 0.0}
        agrees(ours, sk.f1_score(truth, predicted, sample_weight=w, **options))


@drawn
@given(seed=seeds, rows=rows, levels=ties, weighted=weighted)
def test_auc_of_two_classes_is_that_of_scikit_learn(seed, rows, levels, weighted):
    p, truth = labels(seed, rows, 2, levels)
    w = drawn_weights(seed, rows, weighted)
    ours = classification(p, truth, w)["auc"]
    if len(seen(truth, truth, w)) < 2:
        assert ours == Undefined("rows of one class only")
    else:
        agrees(ours, sk.roc_auc_score(truth, p[:, 1] - p[:, 0], sample_weight=w))


@drawn
@given(seed=seeds, rows=st.integers(3, 60), classes=st.integers(3, 5), levels=ties, weighted=weighted)
def test_auc_of_several_classes_is_one_against_the_rest(seed, rows, classes, levels, weighted):
    """Their mean, unweighted by class: scikit-learn's macro, which does without weights of rows."""
    p, truth = labels(seed, rows, classes, levels)
    w = drawn_weights(seed, rows, weighted)
    ours = classification(p, truth, w)["auc"]
    if len(seen(truth, truth, w)) < classes:
        assert ours == Undefined("a class without rows")
        return
    agrees(ours, np.mean([sk.roc_auc_score(truth == k, p[:, k], sample_weight=w) for k in range(classes)]))
    if w is None:
        agrees(ours, sk.roc_auc_score(truth, p, multi_class="ovr", average="macro"))


@drawn
@given(seed=seeds, rows=st.integers(2, 30), levels=ties)
def test_auc_is_the_share_of_pairs_in_the_right_order(seed, rows, levels):
    p, truth = labels(seed, rows, 2, levels)
    truth[:2] = [0, 1]
    scores = p[:, 1] - p[:, 0]
    margins = scores[truth == 1][:, None] - scores[truth == 0][None, :]
    agrees(classification(p, truth)["auc"], ((margins > 0) + 0.5 * (margins == 0)).mean())


@drawn
@given(seed=seeds, rows=rows, classes=st.integers(2, 5))
def test_the_confusion_counts_rows_by_truth_and_prediction(seed, rows, classes):
    p, truth = labels(seed, rows, classes, 3)
    w = drawn_weights(seed, rows, True)
    theirs = sk.confusion_matrix(truth, p.argmax(axis=1), sample_weight=w, labels=range(classes))
    np.testing.assert_allclose(confusion(truth, p.argmax(axis=1), classes, w), theirs)


@pytest.mark.parametrize("code", [np.uint8, np.int16, np.int32, np.int64])
def test_the_integer_type_of_class_codes_does_not_matter(code):
    """Fifty classes: their products do not fit into a byte."""
    p, truth = labels(0, 400, 50, 1000)
    assert classification(p, truth.astype(code)) == classification(p, truth)


def test_log_loss_stays_finite_where_the_true_class_is_given_no_chance():
    for dtype in DTYPES:
        value = classification(np.eye(2, dtype=dtype), np.array([1, 0]))["log_loss"]
        assert value == pytest.approx(-np.log(np.finfo(dtype).eps))


def test_scores_that_are_not_probabilities_have_no_log_loss():
    p, truth = labels(0, 20, 3, 1000)
    with_loss, without = classification(p, truth), classification(p, truth, probabilistic=False)
    assert without.pop("log_loss") == Undefined("scores are not probabilities")
    assert without == {name: value for name, value in with_loss.items() if name != "log_loss"}


# ---- numbers


@drawn
@given(seed=seeds, rows=st.integers(2, 40), outputs=st.integers(1, 3), weighted=weighted)
def test_regression_is_that_of_scikit_learn(seed, rows, outputs, weighted):
    draw = default_rng(seed)
    predicted, truth = draw.standard_normal((2, rows, outputs))
    w = drawn_weights(seed, rows, weighted)
    ours = regression(predicted, truth, w)
    assert list(ours) == REGRESSION
    agrees(ours["rmse"], sk.root_mean_squared_error(truth, predicted, sample_weight=w))
    agrees(ours["mae"], sk.mean_absolute_error(truth, predicted, sample_weight=w))
    if w is None or (w > 0).sum() > 1:
        agrees(ours["r2"], sk.r2_score(truth, predicted, sample_weight=w))


def test_a_perfect_prediction():
    truth = standard_normal(20, 2)
    assert regression(truth, truth) == {"rmse": 0, "mae": 0, "r2": 1}


def test_the_mean_as_a_prediction_explains_nothing():
    truth = standard_normal(20, 1)
    assert regression(np.full((20, 1), truth.mean()), truth)["r2"] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_float32_is_measured_in_float64(offset):
    """Around a million the squares of float32 would leave no digit of the variance."""
    truth = (offset + 4 * np.round(standard_normal(2000, 1))).astype(np.float32)
    predicted = truth + np.float32(1)
    agrees(regression(predicted, truth)["rmse"], 1)
    agrees(regression(predicted, truth)["r2"], 1 - 1 / truth.astype(float).var())


# ---- weights


@drawn
@given(seed=seeds, rows=rows, classes=st.integers(2, 4), factor=st.sampled_from([1e-9, 3.0, 1e9]))
def test_the_scale_of_the_weights_does_not_matter(seed, rows, classes, factor):
    p, truth = labels(seed, rows, classes, 3)
    w = drawn_weights(seed, rows, True)
    same(classification(p, truth, w), classification(p, truth, factor * w))
    values, numbers = standard_normal(2, rows, 2, seed=seed)
    same(regression(values, numbers, w), regression(values, numbers, factor * w))


@drawn
@given(seed=seeds, rows=rows, classes=st.integers(2, 4))
def test_a_weight_is_a_number_of_equal_rows(seed, rows, classes):
    """A weight of 0 is no row at all, a weight of 2 is two."""
    counts = default_rng(seed).integers(0, 3, rows)
    counts[0] = 1
    p, truth = labels(seed, rows, classes, 3)
    repeated = np.repeat(np.arange(rows), counts)
    same(classification(p, truth, counts), classification(p[repeated], truth[repeated]))
    values, numbers = np.round(standard_normal(2, rows, 1, seed=seed))
    same(regression(values, numbers, counts), regression(values[repeated], numbers[repeated]))


def same(one, other):
    """Whether two sets of metrics agree, in their numbers and in what is undefined."""
    assert list(one) == list(other)
    for name, value in one.items():
        if isinstance(value, Undefined):
            assert other[name] == value, name
        else:
            assert other[name] == pytest.approx(value, rel=1e-6, abs=1e-6), name


@drawn
@given(seed=seeds, rows=rows, classes=st.integers(2, 4))
def test_the_order_of_the_rows_does_not_matter(seed, rows, classes):
    p, truth = labels(seed, rows, classes, 3)
    w, order = drawn_weights(seed, rows, True), default_rng(seed).permutation(rows)
    same(classification(p, truth, w), classification(p[order], truth[order], w[order]))


# ---- degenerate cases: a number or a reason, and never a warning

NO_ROWS = "no rows with weight"
ONE_CLASS = "rows of one class only"
MISSING = "a class without rows"
CONSTANT = "the target is constant"
UNSEEN = "the positive class neither occurs nor is predicted"
LN_2 = pytest.approx(np.log(2))

ALL_UNDEFINED = dict.fromkeys(CLASSIFICATION, NO_ROWS)
RIGHT = {"accuracy": 1, "error_rate": 0, "balanced_accuracy": 1}
CLASS_CASES = {
    "no rows": (np.zeros((0, 2)), [], None, ALL_UNDEFINED | {"f1": UNSEEN, "auc": ONE_CLASS}),
    "no rows of three classes": (np.zeros((0, 3)), [], None, ALL_UNDEFINED | {"auc": MISSING}),
    "all weights zero": (np.eye(2), [0, 1], [0, 0], ALL_UNDEFINED | {"f1": UNSEEN, "auc": ONE_CLASS}),
    "one row, right": ([[0.0, 1.0]], [1], None, RIGHT | {"f1": 1, "auc": ONE_CLASS, "log_loss": 0, "mcc": 0}),
    "one row, wrong": (
        [[0.5, 0.5]],
        [1],
        None,
        {"accuracy": 0, "error_rate": 1, "balanced_accuracy": 0, "f1": 0, "auc": ONE_CLASS, "log_loss": LN_2, "mcc": 0},
    ),
    "only the negative class, predicted": (
        [[1.0, 0.0]] * 3,
        [0, 0, 0],
        None,
        RIGHT | {"f1": UNSEEN, "auc": ONE_CLASS, "log_loss": 0, "mcc": 0},
    ),
    "the same for every row": (
        [[0.5, 0.5]] * 4,
        [0, 1, 1, 0],
        None,
        {"accuracy": 0.5, "error_rate": 0.5, "balanced_accuracy": 0.5, "f1": 0, "auc": 0.5, "log_loss": LN_2, "mcc": 0},
    ),
    "a class of three that never occurs": (
        np.eye(3)[[0, 1]],
        [0, 1],
        None,
        RIGHT | {"f1": 1, "auc": MISSING, "log_loss": 0, "mcc": 1},
    ),
    "a class that is only predicted": (
        [[0.0, 0.5, 0.5], [0.0, 0.0, 1.0]],
        [1, 1],
        None,
        {"accuracy": 0.5, "balanced_accuracy": 0.5, "f1": pytest.approx(1 / 3), "auc": MISSING, "mcc": 0},
    ),
    "a class that has rows but no weight": (
        np.eye(2),
        [0, 1],
        [1, 0],
        RIGHT | {"f1": UNSEEN, "auc": ONE_CLASS, "log_loss": 0, "mcc": 0},
    ),
}
NUMBER_CASES = {
    "no rows": (np.zeros((0, 1)), np.zeros((0, 1)), None, dict.fromkeys(REGRESSION, NO_ROWS)),
    "all weights zero": ([[1.0], [2.0]], [[1.0], [2.0]], [0, 0], dict.fromkeys(REGRESSION, NO_ROWS)),
    "one row": ([[1.0]], [[3.0]], None, {"rmse": 2, "mae": 2, "r2": CONSTANT}),
    "a constant target": ([[1.0], [2.0]], [[0.1], [0.1]], None, {"r2": CONSTANT}),
    "a constant target, predicted": ([[0.1]] * 3, [[0.1]] * 3, None, {"rmse": 0, "mae": 0, "r2": CONSTANT}),
    "a target constant where there is weight": (
        [[1.0], [1.0], [9.0]],
        [[0.1], [0.1], [5.0]],
        [0.3, 0.7, 0.0],
        {"rmse": pytest.approx(0.9), "mae": pytest.approx(0.9), "r2": CONSTANT},
    ),
    "one of two targets constant": ([[1.0, 1.0], [2.0, 1.0]], [[1.0, 1.0], [3.0, 1.0]], None, {"r2": CONSTANT}),
    "a spread too small to square": ([[0.0], [0.0]], [[0.0], [1e-200]], None, {"rmse": 0, "r2": CONSTANT}),
}


def plain(metrics):
    """Numbers, and the reasons of what is undefined."""
    return {name: value.reason if isinstance(value, Undefined) else value for name, value in metrics.items()}


@pytest.mark.parametrize("case", CLASS_CASES)
def test_every_degenerate_classification_is_defined(case):
    scores, truth, weights, expected = CLASS_CASES[case]
    weights = None if weights is None else np.array(weights, float)
    found = plain(classification(np.array(scores, float), np.array(truth, int), weights))
    assert found == found | expected


@pytest.mark.parametrize("case", NUMBER_CASES)
def test_every_degenerate_regression_is_defined(case):
    predicted, truth, weights, expected = NUMBER_CASES[case]
    found = plain(regression(np.array(predicted), np.array(truth), weights))
    assert found == found | expected
    assert all(isinstance(value, str) or np.isfinite(value) for value in found.values())


@drawn
@given(
    seed=seeds,
    rows=st.integers(0, 6),
    classes=st.integers(2, 4),
    levels=ties,
    weights=st.sampled_from([None, 0.0, 1.0]),
)
def test_every_classification_gives_numbers_in_range_or_reasons(seed, rows, classes, levels, weights):
    p, truth = labels(seed, rows, classes, levels)
    found = classification(p, truth, None if weights is None else np.full(rows, weights))
    for name, value in found.items():
        lowest, highest = (-1, 1) if name == "mcc" else (0, np.inf if name == "log_loss" else 1)
        assert isinstance(value, Undefined) or (type(value) is float and lowest - 1e-9 <= value <= highest + 1e-9), name
