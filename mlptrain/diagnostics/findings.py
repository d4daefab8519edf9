"""Findings: what stands out in a report, in a sentence each; every kind has a code, by which it can be muted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mlptrain.diagnostics.network_layers import NetworkLayers
from mlptrain.diagnostics.quality import Quality
from mlptrain.engine.metrics import is_larger_better
from mlptrain.explain.importance import Importance
from mlptrain.figures import format_figure
from mlptrain.model.evaluation import Evaluation

MOST_OF_ALL = 0.8
"""The share of the importance that one column should not exceed."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that stands out."""

    code: str
    """R01, R02 …"""
    title: str
    sentence: str
    """What it is, with its numbers, and what to do."""
    part: str
    """The part of the report that shows it: quality, weak_rows, importance, course, layers or columns."""


def list_findings(
    quality: Quality | None, importance: Importance | None, layers: Sequence[NetworkLayers]
) -> Iterator[Finding]:
    """What stands out, the worst first."""
    if quality is not None:
        yield from find_no_better(quality.evaluation)
    if importance is not None:
        yield from find_single_support(importance)
    for fault in (each for network in layers for each in network.faults):
        yield Finding(code="R07", title="Units or gradients", sentence=fault.sentence, part="layers")


def find_no_better(evaluation: Evaluation) -> Iterator[Finding]:
    """R02: the interval of the watched metric holds the baseline."""
    name = "loss" if evaluation.watched is None else evaluation.watched.metric
    baseline, interval = evaluation.baseline.get(name), evaluation.intervals.get(name)
    if baseline is None or interval is None:
        return
    low, high = interval
    if low <= baseline if is_larger_better(name) else high >= baseline:
        ends = f"{format_figure(low)} to {format_figure(high)}"
        sentence = f"the 95 % interval of {name}, {ends}, is not better than the baseline {format_figure(baseline)}"
        yield Finding(code="R02", title="No better than the baseline", sentence=sentence, part="quality")


def find_single_support(importance: Importance) -> Iterator[Finding]:
    """R06: one column carries nearly all of the importance; its cells may be known only after the target is."""
    total = sum(max(each.importance, 0.0) for each in importance.columns)
    first = importance.columns[0]
    if len(importance.columns) > 1 and first.is_measurable and first.importance > MOST_OF_ALL * total:
        sentence = (
            f'column "{first.column}" carries {first.importance / total:.0%} of the importance: make sure that its '
            "cells are known before the target is"
        )
        yield Finding(code="R06", title="One column carries the model", sentence=sentence, part="importance")
