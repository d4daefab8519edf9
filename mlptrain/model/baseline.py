"""The baseline: what the prediction that knows nothing of a row is worth, made of one network's training rows.

It says the same of every row: the most frequent class for a label, the shares of the classes for probabilities, the
mean or the median for numbers; for the loss the best constant.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.engine.comparisons import Value
from mlptrain.engine.metrics import METRICS, Metrics, is_better, measure_metrics
from mlptrain.figures import format_figure
from mlptrain.model.examples import Examples
from mlptrain.model.head import Head

Doubles = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """The prediction that is the same for every row."""

    values: tuple[float, ...]
    """The shares of the classes (C,), or the means of the targets (K,)."""
    medians: tuple[float, ...] = ()
    """The medians of number targets (K,)."""
    logits: tuple[float, ...]
    """The constant logits of the least loss."""

    def find_broken_rules(self, head: Head) -> Iterator[str]:
        """The rules that a baseline from a file breaks."""
        lengths = (len(self.values), len(self.medians), len(self.logits))
        if lengths != (head.width, 0 if head.has_classes else head.width, head.outputs):
            yield "the widths of its baseline"
        if not np.isfinite([*self.values, *self.medians, *self.logits]).all():
            yield "its baseline is not finite"


def fit_baseline(head: Head, part: Examples) -> Baseline:
    """The baseline of training rows, under their own weights; those of the classes do not count, as in the metrics."""
    weights = np.ones(part.rows) if part.weights is None else part.weights.astype(np.float64)
    values, medians = head.summarize_truth(part.truth, weights)
    logits = head.find_constant_logits(part.truth, weights)
    return Baseline(values=tuple(values.tolist()), medians=tuple(medians.tolist()), logits=tuple(logits.tolist()))


def measure_baseline(baseline: Baseline, head: Head, truth: NDArray[Any], weights: Doubles) -> dict[str, Value]:
    """Loss and metrics of a baseline on rows (B,)."""
    return measure_mean_baseline([baseline], [head], [1.0], truth, weights)


@np.errstate(all="ignore")  # of targets that the loss cannot compare
def measure_mean_baseline(
    baselines: Sequence[Baseline],
    heads: Sequence[Head],
    shares: Sequence[float],
    truth: NDArray[Any],
    weights: Doubles,
) -> dict[str, Value]:
    """Loss and metrics of the weighted mean of the networks' baselines on rows (B,); of the losses the mean, too."""
    head = heads[0]
    truth, weights = head.join_equal_rows(truth, weights)

    def measure(values: Sequence[tuple[float, ...]]) -> dict[str, Value]:
        said = np.tile(np.average(values, axis=0, weights=shares), (len(truth), 1))
        return measure_metrics(head.compare(said, truth), weights, losses=losses)

    each = [compute_constant_losses(one, own, truth) for one, own in zip(baselines, heads, strict=True)]
    losses = np.average(each, axis=0, weights=shares)
    found = measure([one.values for one in baselines])
    if head.has_classes:
        return found
    of_medians = measure([one.medians for one in baselines])
    return {name: of_medians[name] if is_of_median(name) else value for name, value in found.items()}


def compute_constant_losses(baseline: Baseline, head: Head, truth: NDArray[Any]) -> Doubles:
    """The loss of each row (B,), all of which have the same logits."""
    targets = head.loss_targets(truth, np.dtype(np.float64))
    rows, _ = head.loss.rows(np.tile(baseline.logits, (len(truth), 1)), targets)
    return np.asarray(rows, np.float64)


def describe_no_better(part: str, name: str, metrics: Metrics, baseline: Metrics) -> str:
    """A sentence, if the value of a metric (or "loss") on a part is no better than that of the baseline; else empty."""
    value, trivial = metrics.get(name), baseline.get(name)
    if value is None or trivial is None or is_better(name, value, trivial):
        return ""
    what = f"{name} {format_figure(value)}, baseline {format_figure(trivial)}"
    return f"on {part} rows the model is no better than the baseline, which knows nothing of a row: {what}"


def explain_baseline_gap(name: str) -> str:
    """Why the baseline has no value of a metric (or "loss") that the model has a value of."""
    why = METRICS[name].gap_of_constant if name in METRICS else ""
    return f"the baseline has none, as {why or 'it is not a finite number'}"


def is_of_median(name: str) -> bool:
    """Whether a metric of numbers (or "loss") is compared with that of the median, not of the mean."""
    return name in METRICS and METRICS[name].of_median
