"""Metrics are scikit-learn's where those are defined, and a number or a reason where they are not."""

import warnings
from dataclasses import FrozenInstanceError, fields, replace
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng
from sklearn import metrics as sk

from mlptrain.engine.class_metrics import Accuracy
from mlptrain.engine.comparisons import Undefined, compare_classes, compare_numbers
from mlptrain.engine.metrics import (
    METRICS,
    Metric,
    derive_metrics_from_accuracy,
    find_default_metric,
    is_better,
    is_larger_better,
    list_metrics,
    measure_metric,
    measure_metrics,
    separate_undefined,
    undefine_nonfinite,
)
from mlptrain.engine.number_metrics import RMSE
from tests.support.comparing import draw_labels, draw_weights, measure_classes, measure_numbers
from tests.support.drawing import DTYPES, drawn, standard_normal

CLASSIFICATION = [
    *("accuracy", "error_rate", "balanced_accuracy", "precision", "recall", "f1", "auc", "average_precision"),
    *("log_loss", "brier", "ece", "mcc", "cohen_kappa"),
]
"""Of two to five classes; of more, `top_5_accuracy` besides."""
REGRESSION = ["rmse", "mae", "r2", "rmsle", "mape", "median_absolute_error"]
rows = st.integers(1, 40)
seeds = st.integers(0, 10**6)
ties = st.sampled_from([1, 3, 1000])
"""How many different scores there are: few make ties."""
weighted = st.booleans()


def agrees(ours, theirs):
    assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-9)


def quietly(metric, *arguments, **options):
    """scikit-learn's value where it may warn that there is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return metric(*arguments, **options)


# ---- every member of the union


every_metric = pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)


def compare(metric, truth, wrong=0.0):
    """Answers of certainty to codes or numbers (B,), as far wrong as `wrong` says: 0 is perfect."""
    if not metric.of_classes:
        numbers = 1.0 + truth[:, None]
        return compare_numbers(numbers + wrong * (1 + np.arange(len(truth)))[:, None], numbers)
    share = np.where(np.arange(len(truth)) % 4 < 4 * wrong, 0.9, 0.0)[:, None]
    right = np.eye(truth.max() + 1)[truth]
    return compare_classes((1 - share) * right + share * (1 - right) / truth.max(), truth)


def draw_comparison(metric, seed, rows, width):
    """Answers that agree with the truth by chance alone, of so many classes or numbers."""
    if metric.of_classes:
        return compare_classes(*draw_labels(seed, rows, width, 3))
    return compare_numbers(*np.round(standard_normal(2, rows, width, seed=seed), 1))


def test_the_metrics_and_their_order():
    """Keys of every document of results; the first of each kind is the default."""
    assert list(METRICS) == [*CLASSIFICATION, "top_5_accuracy", *REGRESSION]
    assert [metric.name for metric in list_metrics(5)] == CLASSIFICATION
    assert [metric.name for metric in list_metrics(6)] == [*CLASSIFICATION, "top_5_accuracy"]
    assert [metric.name for metric in list_metrics(0)] == REGRESSION
    assert [kind().name for kind in get_args(Metric)] == list(METRICS)
    assert find_default_metric(of_classes=True) == Accuracy()
    assert find_default_metric(of_classes=False) == RMSE()


@every_metric
def test_it_says_its_formula(metric):
    """A reference can list it."""
    text = type(metric).__doc__
    assert not text.startswith(f"{type(metric).__name__}(")
    assert any(sign in text for sign in ("Σ", "P("))


@every_metric
def test_it_is_frozen_and_has_no_settings(metric):
    assert [field.name for field in fields(metric)] == ["name"]
    with pytest.raises(FrozenInstanceError):
        metric.name = "other"


@every_metric
@pytest.mark.parametrize("more", [0, 2])
def test_perfect_answers_reach_the_best_value(metric, more):
    classes = max(metric.least_classes, 2) + more
    value = measure_metric(metric, compare(metric, np.arange(24) % classes))
    assert value == pytest.approx(float(metric.larger_is_better), abs=1e-12)


@every_metric
@pytest.mark.parametrize("more", [0, 2])
def test_better_answers_have_the_better_value(metric, more):
    classes = max(metric.least_classes, 2) + more
    good, bad = (measure_metric(metric, compare(metric, np.arange(25) % classes, wrong)) for wrong in (0.25, 0.5))
    assert (good > bad) == metric.larger_is_better
    assert good != bad
    assert is_larger_better(metric.name) == metric.larger_is_better


def test_of_the_loss_the_smaller_one_is_better():
    assert not is_larger_better("loss")


@every_metric
@drawn
@given(seed=seeds, rows=st.integers(0, 8), width=st.integers(2, 4), weight=st.sampled_from([None, 0.0, 1.0, 1e-9]))
def test_it_is_a_number_or_undefined_with_a_reason(metric, seed, rows, width, weight):
    weights = None if weight is None else np.full(rows, weight)
    value = measure_metric(metric, draw_comparison(metric, seed, rows, width), weights)
    assert type(value) is float or value.reason
    if not rows or weight == 0:
        assert isinstance(value, Undefined)


@every_metric
@drawn
@given(seed=seeds, rows=rows, width=st.integers(2, 4), factor=st.sampled_from([0.5, 4.0, 2.0**40]))
def test_the_scale_of_the_weights_does_not_matter_to_it(metric, seed, rows, width, factor):
    """By powers of two, which round nothing."""
    comparison, w = draw_comparison(metric, seed, rows, width), draw_weights(seed, rows)
    assert measure_metric(metric, comparison, w) == measure_metric(metric, comparison, factor * w)


@every_metric
@drawn
@given(seed=seeds, rows=rows, width=st.integers(2, 4), times=st.integers(0, 3))
def test_a_row_of_twice_the_weight_is_the_row_twice(metric, seed, rows, width, times):
    """And a row without weight is no row."""
    comparison, w = draw_comparison(metric, seed, rows, width), draw_weights(seed, rows)
    w[:1] = times
    repeated = np.repeat(np.arange(rows), [times] + [1] * (rows - 1))
    if metric.of_classes:
        longer = compare_classes(comparison.scores[repeated], comparison.truth[repeated])
    else:
        longer = replace(comparison, truth=comparison.truth[repeated], errors=comparison.errors[repeated])
    w_longer = np.where(repeated == 0, 1.0, w[repeated])
    same({metric.name: measure_metric(metric, longer, w_longer)}, {metric.name: measure_metric(metric, comparison, w)})


@every_metric
@drawn
@given(seed=seeds, rows=rows, width=st.integers(2, 7), weighted=weighted, probabilistic=st.booleans())
def test_it_is_the_same_alone_as_among_all(metric, seed, rows, width, weighted, probabilistic):
    comparison, w = draw_comparison(metric, seed, rows, width), draw_weights(seed, rows, weighted)
    if metric.of_classes:
        comparison = replace(comparison, probabilistic=probabilistic)
    if metric in list_metrics(width if metric.of_classes else 0):
        assert measure_metric(metric, comparison, w) == measure_metrics(comparison, w)[metric.name]


@every_metric
def test_scores_give_a_value_unless_it_needs_probabilities(metric):
    if not metric.of_classes:
        assert not metric.needs_probabilities
        return
    p, truth = draw_labels(0, 20, 3, 1000)
    of_scores = measure_metric(metric, compare_classes(p, truth, probabilistic=False))
    if metric.needs_probabilities:
        assert of_scores == Undefined("scores are not probabilities")
    else:
        assert of_scores == measure_metric(metric, compare_classes(p, truth))


@drawn
@given(seed=seeds, rows=rows, classes=st.integers(2, 4), weighted=weighted)
def test_what_follows_from_the_accuracy_is_what_is_measured(seed, rows, classes, weighted):
    found = measure_classes(*draw_labels(seed, rows, classes, 3), draw_weights(seed, rows, weighted))
    derived = derive_metrics_from_accuracy(found["accuracy"])
    assert list(derived) == ["accuracy", "error_rate"]
    assert derived == {name: found[name] for name in derived}


def test_the_mean_loss_stands_before_the_metrics():
    comparison = compare_numbers(*standard_normal(2, 3, 1))
    found = measure_metrics(comparison, np.array([1, 1, 2]), losses=np.array([1.0, 2, 3]))
    assert list(found) == ["loss", *REGRESSION]
    assert found["loss"] == 2.25


def test_a_value_is_better_than_another_by_more_than_rounding():
    assert is_better("accuracy", 0.9, 0.8)
    assert is_better("loss", 0.8, 0.9)
    assert not is_better("loss", 0.9, 0.8)
    assert not is_better("rmse", 5.0, 5.0 + 1e-9)
    assert is_better("r2", 0.1, 0.0)
    assert not is_better("r2", 0.0, 0.0)


def test_what_is_not_finite_is_undefined_and_numbers_are_told_from_reasons():
    values = undefine_nonfinite({"a": 0.5, "b": np.nan, "c": -np.inf, "d": Undefined("why")})
    not_finite = "it is not a finite number"
    assert values == {"a": 0.5, "b": Undefined(not_finite), "c": Undefined(not_finite), "d": Undefined("why")}
    numbers, reasons = separate_undefined(values)
    assert numbers == {"a": 0.5, "b": None, "c": None, "d": None}
    assert reasons == {"b": not_finite, "c": not_finite, "d": "why"}


# ---- classes


@drawn
@given(seed=seeds, rows=rows, classes=st.integers(2, 5), levels=ties, weighted=weighted)
def test_classification_is_that_of_scikit_learn(seed, rows, classes, levels, weighted):
    p, truth = draw_labels(seed, rows, classes, levels)
    w = draw_weights(seed, rows, weighted)
    ours, predicted = measure_classes(p, truth, w), p.argmax(axis=1)
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
    p, truth = draw_labels(seed, rows, classes, levels)
    w, predicted = draw_weights(seed, rows, weighted), p.argmax(axis=1)
    ours = measure_classes(p, truth, w)["f1"]
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
    p, truth = draw_labels(seed, rows, 2, levels)
    w = draw_weights(seed, rows, weighted)
    ours = measure_classes(p, truth, w)["auc"]
    if len(seen(truth, truth, w)) < 2:
        assert ours == Undefined("rows of one class only")
    else:
        agrees(ours, sk.roc_auc_score(truth, p[:, 1] - p[:, 0], sample_weight=w))


@drawn
@given(seed=seeds, rows=st.integers(3, 60), classes=st.integers(3, 5), levels=ties, weighted=weighted)
def test_auc_of_several_classes_is_one_against_the_rest(seed, rows, classes, levels, weighted):
    """Their mean, unweighted by class: scikit-learn's macro, which does without weights of rows."""
    p, truth = draw_labels(seed, rows, classes, levels)
    w = draw_weights(seed, rows, weighted)
    ours = measure_classes(p, truth, w)["auc"]
    if len(seen(truth, truth, w)) < classes:
        assert ours == Undefined("a class without rows")
        return
    agrees(ours, np.mean([sk.roc_auc_score(truth == k, p[:, k], sample_weight=w) for k in range(classes)]))
    if w is None:
        agrees(ours, sk.roc_auc_score(truth, p, multi_class="ovr", average="macro"))


@drawn
@given(seed=seeds, rows=st.integers(2, 30), levels=ties)
def test_auc_is_the_share_of_pairs_in_the_right_order(seed, rows, levels):
    p, truth = draw_labels(seed, rows, 2, levels)
    truth[:2] = [0, 1]
    scores = p[:, 1] - p[:, 0]
    margins = scores[truth == 1][:, None] - scores[truth == 0][None, :]
    agrees(measure_classes(p, truth)["auc"], ((margins > 0) + 0.5 * (margins == 0)).mean())


@pytest.mark.parametrize("code", [np.uint8, np.int16, np.int32, np.int64])
def test_the_integer_type_of_class_codes_does_not_matter(code):
    """Fifty classes: their products do not fit into a byte."""
    p, truth = draw_labels(0, 400, 50, 1000)
    assert measure_classes(p, truth.astype(code)) == measure_classes(p, truth)


def test_log_loss_stays_finite_where_the_true_class_is_given_no_chance():
    for dtype in DTYPES:
        value = measure_classes(np.eye(2, dtype=dtype), np.array([1, 0]))["log_loss"]
        assert value == pytest.approx(-np.log(np.finfo(dtype).eps))


def test_scores_that_are_not_probabilities_have_no_log_loss():
    p, truth = draw_labels(0, 20, 3, 1000)
    with_loss, without = measure_classes(p, truth), measure_classes(p, truth, probabilistic=False)
    assert without["log_loss"] == Undefined("scores are not probabilities")
    needing = {name for name in without if METRICS[name].needs_probabilities}
    assert {name: value for name, value in without.items() if name not in needing} == {
        name: value for name, value in with_loss.items() if name not in needing
    }


# ---- numbers


@drawn
@given(seed=seeds, rows=st.integers(2, 40), outputs=st.integers(1, 3), weighted=weighted)
def test_regression_is_that_of_scikit_learn(seed, rows, outputs, weighted):
    draw = default_rng(seed)
    predicted, truth = draw.standard_normal((2, rows, outputs))
    w = draw_weights(seed, rows, weighted)
    ours = measure_numbers(predicted, truth, w)
    assert list(ours) == REGRESSION
    agrees(ours["rmse"], sk.root_mean_squared_error(truth, predicted, sample_weight=w))
    agrees(ours["mae"], sk.mean_absolute_error(truth, predicted, sample_weight=w))
    if w is None or (w > 0).sum() > 1:
        agrees(ours["r2"], sk.r2_score(truth, predicted, sample_weight=w))


def test_a_perfect_prediction():
    truth = np.exp(standard_normal(20, 2))
    assert measure_numbers(truth, truth) == dict.fromkeys(REGRESSION, 0) | {"r2": 1}


def test_the_mean_as_a_prediction_explains_nothing():
    truth = standard_normal(20, 1)
    assert measure_numbers(np.full((20, 1), truth.mean()), truth)["r2"] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_float32_is_measured_in_float64(offset):
    """Around a million the squares of float32 would leave no digit of the variance."""
    truth = (offset + 4 * np.round(standard_normal(2000, 1))).astype(np.float32)
    predicted = truth + np.float32(1)
    agrees(measure_numbers(predicted, truth)["rmse"], 1)
    agrees(measure_numbers(predicted, truth)["r2"], 1 - 1 / truth.astype(float).var())


# ---- weights


@drawn
@given(seed=seeds, rows=rows, classes=st.integers(2, 4), factor=st.sampled_from([1e-9, 3.0, 1e9]))
def test_the_scale_of_the_weights_does_not_matter(seed, rows, classes, factor):
    p, truth = draw_labels(seed, rows, classes, 3)
    w = draw_weights(seed, rows, True)
    same(measure_classes(p, truth, w), measure_classes(p, truth, factor * w))
    values, numbers = standard_normal(2, rows, 2, seed=seed)
    same(measure_numbers(values, numbers, w), measure_numbers(values, numbers, factor * w))


@drawn
@given(seed=seeds, rows=rows, classes=st.integers(2, 4))
def test_a_weight_is_a_number_of_equal_rows(seed, rows, classes):
    """A weight of 0 is no row at all, a weight of 2 is two."""
    counts = default_rng(seed).integers(0, 3, rows)
    counts[0] = 1
    p, truth = draw_labels(seed, rows, classes, 3)
    repeated = np.repeat(np.arange(rows), counts)
    same(measure_classes(p, truth, counts), measure_classes(p[repeated], truth[repeated]))
    values, numbers = np.round(standard_normal(2, rows, 1, seed=seed))
    same(measure_numbers(values, numbers, counts), measure_numbers(values[repeated], numbers[repeated]))


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
    p, truth = draw_labels(seed, rows, classes, 3)
    w, order = draw_weights(seed, rows, True), default_rng(seed).permutation(rows)
    same(measure_classes(p, truth, w), measure_classes(p[order], truth[order], w[order]))


# ---- degenerate cases: a number or a reason, and never a warning

NO_ROWS = "no rows with weight"
ONE_CLASS = "rows of one class only"
MISSING = "a class without rows"
CONSTANT = "the target is constant"
UNSEEN = "the positive class neither occurs nor is predicted"
LOW = "a {} is −1 or less, so 1 + it has no logarithm"
LN_2_OF = np.log(2)
LN_2 = pytest.approx(np.log(2))

NEVER = "the positive class is never predicted"
NONE = "no rows of the positive class"
AGREED = "all rows are of one class and predicted as it"
ALL_UNDEFINED = dict.fromkeys(CLASSIFICATION, NO_ROWS)
NONE_OF_THREE = {"auc": MISSING, "average_precision": MISSING}
NONE_OF_TWO = {"f1": UNSEEN, "auc": ONE_CLASS, "average_precision": NONE, "precision": NEVER, "recall": NONE}
RIGHT = {"accuracy": 1, "error_rate": 0, "balanced_accuracy": 1}
CLASS_CASES = {
    "no rows": (np.zeros((0, 2)), [], None, ALL_UNDEFINED | NONE_OF_TWO),
    "no rows of three classes": (
        np.zeros((0, 3)),
        [],
        None,
        ALL_UNDEFINED | {"auc": MISSING, "average_precision": MISSING},
    ),
    "all weights zero": (np.eye(2), [0, 1], [0, 0], ALL_UNDEFINED | NONE_OF_TWO),
    "one row, right": (
        [[0.0, 1.0]],
        [1],
        None,
        RIGHT
        | {"f1": 1, "auc": ONE_CLASS, "log_loss": 0, "mcc": 0, "cohen_kappa": AGREED}
        | {"precision": 1, "recall": 1, "average_precision": 1, "brier": 0, "ece": 0},
    ),
    "one row, wrong": (
        [[0.5, 0.5]],
        [1],
        None,
        {"accuracy": 0, "error_rate": 1, "balanced_accuracy": 0, "f1": 0, "auc": ONE_CLASS, "log_loss": LN_2, "mcc": 0}
        | {"precision": NEVER, "recall": 0, "average_precision": 1, "brier": 0.25, "ece": 0.5, "cohen_kappa": 0},
    ),
    "only the negative class, predicted": (
        [[1.0, 0.0]] * 3,
        [0, 0, 0],
        None,
        RIGHT | NONE_OF_TWO | {"log_loss": 0, "mcc": 0, "cohen_kappa": AGREED, "brier": 0, "ece": 0},
    ),
    "the same for every row": (
        [[0.5, 0.5]] * 4,
        [0, 1, 1, 0],
        None,
        {"accuracy": 0.5, "error_rate": 0.5, "balanced_accuracy": 0.5, "f1": 0, "auc": 0.5, "log_loss": LN_2, "mcc": 0}
        | {"precision": NEVER, "recall": 0, "average_precision": 0.5, "brier": 0.25, "ece": 0, "cohen_kappa": 0},
    ),
    "a class of three that never occurs": (
        np.eye(3)[[0, 1]],
        [0, 1],
        None,
        RIGHT | {"f1": 1, "auc": MISSING, "log_loss": 0, "mcc": 1, "average_precision": MISSING, "recall": 1},
    ),
    "a class that is only predicted": (
        [[0.0, 0.5, 0.5], [0.0, 0.0, 1.0]],
        [1, 1],
        None,
        {"accuracy": 0.5, "balanced_accuracy": 0.5, "f1": pytest.approx(1 / 3), "auc": MISSING, "mcc": 0}
        | {"precision": 0.5, "recall": 0.25, "cohen_kappa": 0, "brier": pytest.approx((0.5 + 2) / 2)},
    ),
    "a class that has rows but no weight": (
        np.eye(2),
        [0, 1],
        [1, 0],
        RIGHT | NONE_OF_TWO | {"log_loss": 0, "mcc": 0},
    ),
}
NUMBER_CASES = {
    "no rows": (np.zeros((0, 1)), np.zeros((0, 1)), None, dict.fromkeys(REGRESSION, NO_ROWS)),
    "all weights zero": ([[1.0], [2.0]], [[1.0], [2.0]], [0, 0], dict.fromkeys(REGRESSION, NO_ROWS)),
    "one row": (
        [[1.0]],
        [[3.0]],
        None,
        {"rmse": 2, "mae": 2, "r2": CONSTANT, "rmsle": pytest.approx(LN_2_OF), "mape": pytest.approx(2 / 3)}
        | {"median_absolute_error": 2},
    ),
    "a target of 0": ([[1.0], [2.0]], [[0.0], [2.0]], None, {"mape": "a target is 0", "median_absolute_error": 0.5}),
    "a target of 0 without weight": ([[1.0], [2.0]], [[0.0], [2.0]], [0, 1], {"mape": 0}),
    "a target of −1": ([[1.0], [2.0]], [[-1.0], [2.0]], None, {"rmsle": LOW.format("target")}),
    "a prediction below −1": ([[-1.5], [2.0]], [[1.0], [2.0]], None, {"rmsle": LOW.format("prediction")}),
    "a prediction above −1": ([[-0.5], [0.0]], [[-0.5], [0.0]], None, {"rmsle": 0}),
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
    found = plain(measure_classes(np.array(scores, float), np.array(truth, int), weights))
    assert found == found | expected


@pytest.mark.parametrize("case", NUMBER_CASES)
def test_every_degenerate_regression_is_defined(case):
    predicted, truth, weights, expected = NUMBER_CASES[case]
    found = plain(measure_numbers(np.array(predicted), np.array(truth), weights))
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
    p, truth = draw_labels(seed, rows, classes, levels)
    found = measure_classes(p, truth, None if weights is None else np.full(rows, weights))
    for name, value in found.items():
        lowest = -1 if name in ("mcc", "cohen_kappa") else 0
        highest = {"log_loss": np.inf, "brier": 2}.get(name, 1)
        assert isinstance(value, Undefined) or (type(value) is float and lowest - 1e-9 <= value <= highest + 1e-9), name
