"""How a fit ended: of one training, and of all trainings together."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import mean, stdev
from typing import Any

from mlptrain.engine.metrics import Metrics


@dataclass(frozen=True, kw_only=True)
class TrainingResult:
    """How one training ended: one fold's, or that of the whole fit."""

    reason: str
    epochs: int
    best_epoch: int
    metrics: dict[str, Metrics]
    """Per part (train, validation), measured in evaluation mode with the parameters that were kept."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a fit ended. With several folds: the most epochs, and the means of the metrics."""

    reason: str
    epochs: int
    best_epoch: int
    metrics: dict[str, Metrics]
    seconds: float
    parameters: int
    folds: tuple[TrainingResult, ...] = ()
    """Each fold, where there are several."""
    deviations: dict[str, Metrics] = field(default_factory=dict)
    """The standard deviations (n − 1) of the folds' metrics."""
    refit: bool | None = None
    """Where a refit was asked for, whether the network is one: trained on all rows, on which its training metrics are.
    Those of the validation part are of the network before it, in its best epoch."""
    remark: str = ""
    """One sentence about the run, from its history; empty where there is nothing to say."""

    def facts(self) -> dict[str, Any]:
        """What a model file says of its fit: no times, so that the same fit gives the same bytes."""
        facts: dict[str, Any] = {name: getattr(self, name) for name in ("reason", "epochs", "best_epoch", "metrics")}
        if self.folds:
            facts |= {"folds": [asdict(each) for each in self.folds], "deviations": self.deviations}
        if self.refit is not None:
            facts |= {"refit": self.refit}
        return facts


CUT_SHORT = ("time_limit", "early_stopping")
"""Why a training had not all its epochs: of several trainings, the first of these that any ended for."""


def summarize_results(
    results: Sequence[TrainingResult], *, seconds: float, parameters: int, asked: int, refit: bool | None
) -> Outcome:
    """One outcome of all trainings: means of the metrics, and their standard deviations."""
    reasons = [each.reason for each in results]
    unfinished = "interrupted" in reasons or len(results) < asked
    metrics = {part: aggregate_fold_metrics(results, part, mean) for part in results[0].metrics}
    several = len(results) > 1
    return Outcome(
        reason="interrupted" if unfinished else next((each for each in CUT_SHORT if each in reasons), "epochs"),
        epochs=max(each.epochs for each in results),
        best_epoch=round(mean([each.best_epoch for each in results])),
        metrics=metrics,
        seconds=seconds,
        parameters=parameters,
        folds=tuple(results) if several else (),
        deviations={part: aggregate_fold_metrics(results, part, stdev) for part in metrics} if several else {},
        refit=refit,
    )


def aggregate_fold_metrics(
    results: Sequence[TrainingResult], part: str, statistic: Callable[[list[float]], float]
) -> Metrics:
    """A statistic of each metric over the folds; None where a fold has no value for it."""
    found: Metrics = {}
    for name in results[0].metrics[part]:
        values = [each.metrics[part][name] for each in results]
        known = [value for value in values if value is not None]
        found[name] = statistic(known) if len(known) == len(values) else None
    return found
