"""Metrics: what is reported. Each is defined for every input: a number, or Undefined with the reason.

`value(sample)` computes a metric from a comparison under weights. Metrics of numbers are averaged over the K targets,
in the user's units.
"""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import get_args

from mlptrain.engine.arrays import Floats
from mlptrain.engine.class_metrics import AnyClassMetric, ClassMetric
from mlptrain.engine.comparisons import (
    Comparison,
    Doubles,
    NumberComparison,
    Sample,
    Undefined,
    Value,
    compute_weighted_mean,
    fill_default_weights,
)
from mlptrain.engine.number_metrics import AnyNumberMetric

Metrics = dict[str, float | None]
"""Values by name; None for what is undefined."""

Metric = AnyClassMetric | AnyNumberMetric
METRICS: Mapping[str, Metric] = {kind.name: kind() for kind in get_args(Metric)}
"""The metrics by name, in the order in which they are reported; the first of each kind of target is its default."""

NUMBER_METRICS: Sequence[AnyNumberMetric] = [kind() for kind in get_args(AnyNumberMetric)]


def find_default_metric(*, of_classes: bool) -> Metric:
    """The metric that is reported if none is asked for: the first of its kind in the union."""
    return next(metric for metric in METRICS.values() if metric.of_classes == of_classes)


def is_larger_better(name: str) -> bool:
    """Whether a larger value of a metric, or of "loss", is a better one."""
    return name in METRICS and METRICS[name].larger_is_better


def measure_metric(metric: Metric, comparison: Comparison, weights: Floats | None = None) -> Value:
    """One metric alone, without the work that only others need."""
    return measure_metric_on_sample(metric, comparison.weigh(fill_default_weights(comparison.rows, weights)))


def measure_metrics(
    comparison: Comparison, weights: Floats | None = None, *, losses: Doubles | None = None, drawn: bool = False
) -> dict[str, Value]:
    """All metrics that suit the target, after the mean of the rows' `losses` (B,) as "loss" if there are any.

    Of rows that are `drawn` anew, a metric is undefined where its value is a convention that says nothing of
    its spread.
    """
    w = fill_default_weights(comparison.rows, weights)
    sample = comparison.weigh(w)
    values = {} if losses is None else {"loss": compute_weighted_mean(losses, w)}
    metrics = list_metrics(sample.classes)
    values |= {metric.name: measure_metric_on_sample(metric, sample) for metric in metrics}
    out = [each.name for each in metrics if drawn and isinstance(each, ClassMetric) and each.is_left_out(sample)]  # type: ignore[arg-type]
    return values | dict.fromkeys(out, Undefined("rows of one class only"))


def measure_targets(comparison: NumberComparison, weights: Floats | None = None) -> list[dict[str, Value]]:
    """All metrics of each of the targets."""
    sample = comparison.weigh(fill_default_weights(comparison.rows, weights))
    found = {metric.name: metric.list_target_values(sample) for metric in NUMBER_METRICS}
    return [{name: values[target] for name, values in found.items()} for target in range(sample.targets)]


def list_metrics(classes: int) -> list[Metric]:
    """The metrics that suit a target of so many classes, or of numbers (0)."""
    return [
        metric for metric in METRICS.values() if metric.of_classes == (classes > 0) and classes >= metric.least_classes
    ]


def is_better(name: str, value: float, other: float) -> bool:
    """Whether the value of a metric, or of "loss", is better than another one by more than rounding."""
    gain = value - other if is_larger_better(name) else other - value
    return gain > 1e-6 * abs(other)


def measure_metric_on_sample(metric: Metric, sample: Sample) -> Value:
    """The value of a metric that suits the target; undefined if it needs probabilities and there are none, or if a row
    has scores from which no class can be told.
    """
    if metric.needs_probabilities and not sample.probabilistic:
        return Undefined("scores are not probabilities")
    if not sample.is_told:
        return Undefined("a score is not a finite number")
    return metric.value(sample)  # type: ignore[arg-type]


def derive_metrics_from_accuracy(accuracy: float) -> dict[str, float]:
    """The metrics whose values follow from the accuracy alone."""
    values = {name: metric.infer_from_accuracy(accuracy) for name, metric in METRICS.items()}
    return {name: value for name, value in values.items() if value is not None}


def undefine_nonfinite(values: Mapping[str, Value]) -> dict[str, Value]:
    """The values, with Undefined in place of what is not finite."""
    reason = Undefined("it is not a finite number")
    return {
        name: value if isinstance(value, Undefined) or isfinite(value) else reason for name, value in values.items()
    }


def separate_undefined(values: Mapping[str, Value]) -> tuple[Metrics, dict[str, str]]:
    """The numbers (None where undefined), and the reasons for what is undefined."""
    reasons = {name: value.reason for name, value in values.items() if isinstance(value, Undefined)}
    numbers = {name: None if isinstance(value, Undefined) else value for name, value in values.items()}
    return numbers, reasons
