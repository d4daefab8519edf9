"""Metrics of a judgement, with intervals, per-class results and confusion; also by slices of the rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import isnan
from typing import Any

import numpy as np
from numpy.random import BitGenerator
from numpy.typing import NDArray

from mlptrain.data.odd_cells import OddCells
from mlptrain.data.table import format_row_count
from mlptrain.display import Displayable
from mlptrain.engine.bootstrap import bootstrap_intervals, choose_resample_count, measure_slices
from mlptrain.engine.class_metrics import Accuracy
from mlptrain.engine.class_report import report_classes
from mlptrain.engine.comparisons import Comparison, Value, compare_classes
from mlptrain.engine.metrics import (
    Metrics,
    derive_metrics_from_accuracy,
    measure_metrics,
    separate_undefined,
    undefine_nonfinite,
)
from mlptrain.figures import format_figure
from mlptrain.model.fitted_network import Judgement
from mlptrain.model.head import Head
from mlptrain.model.products import PROCESS_LIMIT
from mlptrain.model.rows import Rows
from mlptrain.model.slicing import Slicing
from mlptrain.model.watched import Watched


@dataclass(frozen=True, kw_only=True)
class ClassResult:
    """The results of one class; a value that is not defined is None."""

    name: str
    rows: float
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True, kw_only=True)
class SliceResult:
    """The metrics of the rows with one value of a column."""

    value: str
    rows: int
    metrics: Metrics
    undefined: dict[str, str] = field(default_factory=dict)
    """Why a metric is null."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Evaluation(Displayable):
    """What a model is worth on rows."""

    rows: int
    metrics: Metrics
    undefined: dict[str, str] = field(default_factory=dict)
    """Why a metric is null."""
    baseline: Metrics = field(default_factory=dict)
    """The metrics of the prediction that knows nothing of a row; of a model that has none, nothing."""
    targets: dict[str, Metrics] = field(default_factory=dict)
    """Of several targets the metrics of each, by its name."""
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    """95 % bootstrap intervals."""
    resamples: int = 0
    confusion: tuple[tuple[float, ...], ...] = ()
    """(Weighted) rows by true class and predicted class, in the order of `classes`."""
    classes: tuple[ClassResult, ...] = ()
    notices: tuple[str, ...] = ()
    seen: str = ""
    """Why these rows say little of new ones: the model was trained on them; empty if that is not known."""
    odd_cells: OddCells = field(default_factory=OddCells)
    """Cells that were filled, unseen or far out, counted by column."""
    not_finite: dict[str, int] = field(default_factory=dict)
    """Predictions that are not finite numbers, counted by column."""
    by: str = ""
    slices: tuple[SliceResult, ...] = ()
    positive_class: str | None = None
    """Of two classes the one that f1 and others are of."""
    watched: Watched | None = None
    """What the fit of the model watched: the metric that is shown first."""

    def __repr__(self) -> str:
        """What the rows came to, in two lines."""
        known = (f"{name} {format_figure(value)}" for name, value in self.metrics.items() if value is not None)
        return f"Evaluation: {format_row_count(self.rows)}\n  {', '.join(known)}"


@dataclass(frozen=True, kw_only=True)
class JudgedRows:
    """Rows whose targets are known, what a model is worth on each of them, and what that comes to."""

    rows: Rows
    judgement: Judgement
    evaluation: Evaluation


MeasureBaseline = Callable[[NDArray[Any], NDArray[np.float64]], dict[str, Value]]
"""What knows nothing of a row, measured on the truth of rows and their weights."""


def evaluate_baseline(measure: MeasureBaseline, judgement: Judgement, known: NDArray[np.bool_]) -> Metrics:
    """The metrics of the baseline, for which rows of classes that the model does not know are wrong as well."""
    values = measure(judgement.truth[known], judgement.weights[known])
    metrics, _ = separate_undefined(undefine_nonfinite(values))
    return metrics if known.all() or not metrics else count_unknown_as_wrong(metrics, judgement.weights, known)[0]


@np.errstate(all="ignore")  # what is too large for a number is seen in the metrics
def evaluate_judgement(
    judgement: Judgement,
    head: Head,
    *,
    baseline: MeasureBaseline,
    bits: BitGenerator,
    resamples: int | None = None,
    slicing: Slicing | None = None,
    notices: Sequence[str] = (),
) -> Evaluation:
    """The metrics of a judgement; rows of classes that the model does not know are always wrong."""
    count, known = len(judgement.truth), head.find_known(judgement.truth)
    judged = judgement if known.all() else judgement.take(known)
    answers = head.compare(judged.predictions, judged.truth)
    values = measure_metrics(answers, judged.weights, losses=judged.losses)
    metrics, undefined = separate_undefined(undefine_nonfinite(values))
    if judged.no_loss:
        undefined |= {"loss": judged.no_loss}
    unknown = count - int(known.sum())
    if unknown:
        metrics, undefined = count_unknown_as_wrong(metrics, judgement.weights, known)
    resamples = choose_resample_count(answers) if resamples is None else resamples
    intervals = {} if unknown or not resamples else bootstrap_judgement_intervals(answers, judged, resamples, bits)
    told, untold = leave_out_rows_without_prediction(head, judged)
    table = compute_confusion_matrix(head, told)
    return Evaluation(
        rows=count,
        metrics=metrics,
        undefined=undefined,
        baseline=evaluate_baseline(baseline, judgement, known),
        targets=head.measure_each_target(judged.predictions, judged.truth, judged.weights),
        intervals=intervals,
        resamples=resamples if intervals else 0,
        confusion=tuple(map(tuple, table.tolist())),
        classes=compute_class_results(head, table),
        positive_class=head.positive_class,
        notices=(*notices, *untold),
        by="" if slicing is None else slicing.column,
        slices=() if slicing is None else evaluate_slices(slicing, answers, judgement, known),
    )


def leave_out_rows_without_prediction(head: Head, judged: Judgement) -> tuple[Judgement, list[str]]:
    """The rows from whose scores a class can be told, and a notice of the others; of numbers all rows."""
    for lost in head.mark_not_finite(judged.predictions).values() if head.has_classes else ():
        count = format_row_count(int(lost.sum()))
        return judged.take(~lost), [f"{count} with scores that are not finite: no class can be told"]
    return judged, []


def bootstrap_judgement_intervals(
    answers: Comparison, judged: Judgement, resamples: int, bits: BitGenerator
) -> dict[str, tuple[float, float]]:
    """The intervals of all metrics, computed by one thread; none of one row, of which all samples are the same.

    Each of the many sums is over in no time: several threads would wait for each other for longer than that.
    """
    if answers.rows < 2:
        return {}
    with np.errstate(all="ignore"), PROCESS_LIMIT.limit_products(1):
        return bootstrap_intervals(answers, judged.weights, bits=bits, resamples=resamples, losses=judged.losses)


def compute_confusion_matrix(head: Head, judged: Judgement) -> NDArray[np.float64]:
    """The confusion matrix (C, C); of numbers (0, 0)."""
    classes = len(head.classes)
    if not classes:
        return np.empty((0, 0))
    return compare_classes(judged.predictions, judged.truth).weigh(judged.weights).confusion


def compute_class_results(head: Head, table: NDArray[np.float64]) -> tuple[ClassResult, ...]:
    """Precision, recall and f1 of each class."""
    found = report_classes(table)
    columns = (found.precision, found.recall, found.f1, found.support)
    return tuple(
        ClassResult(
            name=name,
            rows=rows,
            precision=replace_nan_with_none(precision),
            recall=replace_nan_with_none(recall),
            f1=replace_nan_with_none(f1),
        )
        for name, precision, recall, f1, rows in zip(head.classes, *(each.tolist() for each in columns), strict=True)
    )


def replace_nan_with_none(value: float) -> float | None:
    """A number, or None for NaN."""
    return None if isnan(value) else value


def evaluate_slices(
    slicing: Slicing, answers: Comparison, judgement: Judgement, known: NDArray[np.bool_]
) -> tuple[SliceResult, ...]:
    """The metrics of each slice that has rows; those of unknown classes are wrong here, too."""
    codes, judged = slicing.codes, judgement.take(known)
    found = measure_slices(answers, codes[known], judged.weights, losses=judged.losses)
    nothing = measure_metrics(answers, 0 * judged.weights, losses=judged.losses)
    results = []
    for code in np.unique(codes).tolist():
        inside = codes == code
        values = found[code] if code < len(found) else nothing
        metrics, undefined = separate_undefined(undefine_nonfinite(values))
        if not known[inside].all():
            metrics, undefined = count_unknown_as_wrong(metrics, judgement.weights[inside], known[inside])
        rows = int(inside.sum())
        results.append(SliceResult(value=slicing.values[code], rows=rows, metrics=metrics, undefined=undefined))
    return tuple(results)


def count_unknown_as_wrong(
    values: Metrics, weights: NDArray[np.float64], known: NDArray[np.bool_]
) -> tuple[Metrics, dict[str, str]]:
    """Rows of classes that training did not know are wrong in accuracy; the other metrics have a reason, no value."""
    reason = f"{format_row_count(int((~known).sum()))} of classes that the model does not know"
    accuracy = (values[Accuracy.name] or 0.0) * float(weights[known].sum() / weights.sum())
    kept: Metrics = dict.fromkeys(values)
    kept |= derive_metrics_from_accuracy(accuracy)
    return kept, {name: reason for name, value in kept.items() if value is None}
