"""How good a model is on rows: metrics, curves, calibration, thresholds; of numbers the residuals."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.engine.comparisons import Doubles
from mlptrain.engine.histograms import count_between_edges, spread_edges
from mlptrain.engine.losses import Quantile
from mlptrain.engine.number_metrics import find_weighted_quantile
from mlptrain.engine.proportions import count_effective_rows, make_wilson_interval
from mlptrain.engine.ranking import rank_rows, rank_rows_of_class, trace_curve
from mlptrain.engine.ranking_curves import (
    Polyline,
    count_reached_rows,
    find_best_threshold,
    thin_polyline,
    trace_precision_recall_curve,
    trace_roc_curve,
)
from mlptrain.engine.reliability import group_by_size, measure_reliability
from mlptrain.model.evaluation import Evaluation, JudgedRows
from mlptrain.model.fitted_network import Judgement
from mlptrain.model.head import ClassHead, Head, NumberHead

MOST_CLASSES = 6
"""Classes that have curves of their own, those of the most weight."""
THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
MOST_POINTS = 1500
"""Rows of which predicted and true number are kept."""
BUCKETS = 30
CENTRAL = (0.005, 0.995)
"""The quantiles of the errors between which they are counted in buckets."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """Points of a curve, in ascending order of x."""

    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class ClassCurves:
    """The curves of a class against the rest."""

    name: str
    rows: float
    """The (weighted) rows of the class."""
    auc: float | None
    average_precision: float | None
    roc: Line
    """x: false positive rate, y: true positive rate."""
    precision_recall: Line
    """x: recall, y: precision."""


@dataclass(frozen=True, kw_only=True)
class ReliabilityGroup:
    """Rows of similar predicted probability: their mean probability, and the observed share with its 95 % interval.

    Means and shares are weighted; the interval is Wilson's, of (Σ w)² / Σ w² rows.
    """

    predicted: float
    observed: float
    low: float
    high: float
    rows: int


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """Predicted beside observed probabilities, of a class or (name None) of the predicted class, whichever it is."""

    name: str | None
    groups: tuple[ReliabilityGroup, ...]


@dataclass(frozen=True, kw_only=True)
class ThresholdResult:
    """What predictions are worth that say the positive class from a probability on."""

    threshold: float
    predicted: float
    """The share of rows that reach it."""
    precision: float | None
    recall: float | None
    f1: float | None
    accuracy: float | None
    is_best: bool = False
    """Whether its f1 is the largest of all thresholds."""


@dataclass(frozen=True, kw_only=True)
class QuantileCoverage:
    """Of a quantile loss: how many true numbers lie at or below the prediction, beside how many should."""

    level: float
    """The share that should."""
    observed: float
    """The (weighted) share that does, with its 95 % interval."""
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Residuals:
    """Of a number target: predicted beside true numbers, and the errors predicted − true."""

    target: str
    points: tuple[tuple[float, float], ...]
    """(true, predicted) of some rows, drawn evenly."""
    rows: int
    """The rows with finite numbers, of which the points are some."""
    edges: tuple[float, ...]
    counts: tuple[float, ...]
    """The (weighted) errors between neighbouring edges."""
    below: float
    above: float
    """The (weighted) errors that are less than the first edge, or more than the last."""
    by_prediction: tuple["ResidualGroup", ...]
    coverage: QuantileCoverage | None = None
    """Of a quantile loss only."""


@dataclass(frozen=True, kw_only=True)
class ResidualGroup:
    """The errors of rows of similar predictions: quantiles at 10, 50 and 90 %."""

    predicted: float
    low: float
    median: float
    high: float
    rows: int


@dataclass(frozen=True, kw_only=True)
class Quality:
    """What a model is worth on rows."""

    evaluation: Evaluation
    curves: tuple[ClassCurves, ...] = ()
    reliability: tuple[Reliability, ...] = ()
    thresholds: tuple[ThresholdResult, ...] = ()
    residuals: tuple[Residuals, ...] = ()
    absent: dict[str, str] = field(default_factory=dict)
    """Why curves, reliability, thresholds or residuals are empty, where they could be expected."""


@np.errstate(all="ignore")  # what is too large for a number is left out
def measure_quality(head: Head, judged: JudgedRows) -> Quality:
    """What a model is worth on judged rows; rows of unknown classes and without a finite prediction are left out."""
    judgement, evaluation = judged.judgement, judged.evaluation
    told = head.find_known(judgement.truth) & np.isfinite(judgement.predictions).all(axis=1)
    if isinstance(head, NumberHead):
        residuals = tuple(list_residuals(head, judgement))
        absent = {} if residuals else {"residuals": "no prediction is a finite number"}
        return Quality(evaluation=evaluation, residuals=residuals, absent=absent)
    return measure_class_quality(head, judgement.take(told), evaluation)


def measure_class_quality(head: ClassHead, told: Judgement, evaluation: Evaluation) -> Quality:
    """Curves, reliability and thresholds of rows whose class is known and whose scores are finite."""
    support = told.weights @ (told.truth[:, None] == np.arange(head.width))
    if np.count_nonzero(support) < 2:
        why = "the rows are of one class only" if support.any() else "no row has a known class and finite scores"
        return Quality(evaluation=evaluation, absent=dict.fromkeys(("curves", "reliability", "thresholds"), why))
    absent = {}
    if not head.loss.probabilistic:
        why = f"the scores of the {head.loss.name} loss are not probabilities"
        absent = dict.fromkeys(("reliability", "thresholds"), why)
    elif head.width > 2:
        absent = {"thresholds": "there are more than two classes"}
    return Quality(
        evaluation=evaluation,
        curves=tuple(list_class_curves(head, told, support)),
        reliability=() if "reliability" in absent else tuple(list_reliability(head, told, support)),
        thresholds=() if "thresholds" in absent else tuple(list_thresholds(head.target.positive, told)),
        absent=absent,
    )


def choose_classes(head: ClassHead, support: Doubles) -> list[int]:
    """The positive class of two; of more those of the most weight that occur, in the order of the classes."""
    if head.width == 2:
        return [head.target.positive]
    largest = np.argsort(-support, kind="stable")[:MOST_CLASSES].tolist()
    return sorted(k for k in largest if support[k] > 0)


def list_class_curves(head: ClassHead, told: Judgement, support: Doubles) -> Iterator[ClassCurves]:
    """The curves of the chosen classes, each against the rest."""
    for k in choose_classes(head, support):
        ranking = rank_rows_of_class(told.truth, told.predictions, k)
        reached = count_reached_rows(ranking, told.weights)
        roc, precision_recall = trace_roc_curve(reached), trace_precision_recall_curve(reached)
        assert roc is not None
        assert precision_recall is not None
        one_class = trace_curve(ranking, told.weights)
        yield ClassCurves(
            name=head.classes[k],
            rows=float(support[k]),
            auc=one_class.wins / one_class.pairs,
            average_precision=one_class.gains / one_class.positives,
            roc=make_line(thin_polyline(roc)),
            precision_recall=make_line(thin_polyline(precision_recall)),
        )


def make_line(line: Polyline) -> Line:
    """A polyline in plain numbers."""
    return Line(x=tuple(line.x.tolist()), y=tuple(line.y.tolist()))


def list_reliability(head: ClassHead, told: Judgement, support: Doubles) -> Iterator[Reliability]:
    """Of up to six classes each against the rest (of two the positive one), of more the predicted class."""
    p, truth = told.predictions.astype(np.float64), told.truth
    if head.width > MOST_CLASSES:
        yield make_reliability(None, p.max(axis=1), p.argmax(axis=1) == truth, told.weights)
        return
    for k in choose_classes(head, support):
        yield make_reliability(head.classes[k], p[:, k], truth == k, told.weights)


def make_reliability(name: str | None, p: Doubles, h: NDArray[np.bool_], weights: Doubles) -> Reliability:
    """The groups of probabilities p and of what came true, h (B,)."""
    groups = (
        ReliabilityGroup(
            predicted=each.predicted,
            observed=each.observed,
            low=each.interval[0],
            high=each.interval[1],
            rows=each.rows,
        )
        for each in measure_reliability(p, h, weights)
    )
    return Reliability(name=name, groups=tuple(groups))


def list_thresholds(positive: int, told: Judgement) -> Iterator[ThresholdResult]:
    """What each threshold is worth, ascending; among them that of the largest f1 of all."""
    p, is_positive = told.predictions[:, positive], told.truth == positive
    ranking = rank_rows(is_positive, p)
    place, best = find_best_threshold(count_reached_rows(ranking, told.weights))
    own = float(np.unique(p)[::-1][place])
    fixed = [measure_threshold(each, p, is_positive, told.weights) for each in THRESHOLDS]
    known = next((each for each in fixed if each.f1 is not None and each.f1 >= best * (1 - 1e-12)), None)
    added = [] if known is not None else [measure_threshold(own, p, is_positive, told.weights)]
    for each in sorted([*fixed, *added], key=lambda each: each.threshold):
        yield replace(each, is_best=each is (known or added[0]))


def measure_threshold(
    threshold: float, p: NDArray[Any], is_positive: NDArray[np.bool_], weights: Doubles
) -> ThresholdResult:
    """What it is worth to say the positive class where p ≥ threshold."""
    said = p >= threshold
    total, predicted, positives = (float(weights[each].sum()) for each in (slice(None), said, is_positive))
    right = float(weights[said & is_positive].sum())
    return ThresholdResult(
        threshold=threshold,
        predicted=predicted / total,
        precision=right / predicted if predicted else None,
        recall=right / positives if positives else None,
        f1=2 * right / (predicted + positives) if predicted + positives else None,
        accuracy=float(weights[said == is_positive].sum()) / total,
    )


def list_residuals(head: NumberHead, judgement: Judgement) -> Iterator[Residuals]:
    """The residuals of each target that has a finite prediction."""
    for place, name in enumerate(head.names):
        truth, predicted = judgement.truth[:, place], judgement.predictions[:, place]
        told = np.isfinite(4 * (predicted - truth))  # so that the range of the errors is finite, too
        if told.any():
            level = head.loss.level if isinstance(head.loss, Quantile) else None
            yield measure_residuals(name, truth[told], predicted[told], judgement.weights[told], level)


def measure_residuals(
    name: str, truth: Doubles, predicted: Doubles, weights: Doubles, level: float | None
) -> Residuals:
    """The residuals of finite numbers; `level` is the share of them that should be above the true numbers."""
    errors = predicted - truth
    low, high = np.quantile(errors, CENTRAL, method="inverted_cdf").tolist()
    edges = spread_edges(low, high, BUCKETS)
    counts, below, above = count_between_edges(errors, edges, weights)
    shown = np.argsort(truth, kind="stable")[spread_evenly(len(truth), MOST_POINTS)]
    return Residuals(
        target=name,
        points=tuple(zip(truth[shown].tolist(), predicted[shown].tolist(), strict=True)),
        rows=len(truth),
        edges=tuple(edges.tolist()),
        counts=tuple(counts.tolist()),
        below=below,
        above=above,
        by_prediction=tuple(list_residual_groups(predicted, errors, weights)),
        coverage=None if level is None else measure_coverage(level, errors >= 0, weights),
    )


def spread_evenly(count: int, most: int) -> NDArray[np.intp]:
    """At most so many of the places 0 … count − 1, evenly spaced, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.intp))


def list_residual_groups(predicted: Doubles, errors: Doubles, weights: Doubles) -> Iterator[ResidualGroup]:
    """The quantiles of the errors in ten groups by prediction."""
    codes = group_by_size(predicted)
    for group in range(int(codes.max()) + 1):
        inside = np.flatnonzero(codes == group)
        inside = inside[np.argsort(errors[inside], kind="stable")]
        low, median, high = (find_weighted_quantile(errors[inside], weights[inside], q) for q in (0.1, 0.5, 0.9))
        yield ResidualGroup(
            predicted=float(np.average(predicted[inside], weights=weights[inside])),
            low=low,
            median=median,
            high=high,
            rows=len(inside),
        )


def measure_coverage(level: float, covered: NDArray[np.bool_], weights: Doubles) -> QuantileCoverage:
    """The share of the true numbers at or below the prediction, beside the level of the quantile."""
    observed = float(np.average(covered, weights=weights))
    low, high = make_wilson_interval(observed, count_effective_rows(weights))
    return QuantileCoverage(level=level, observed=observed, low=low, high=high)
