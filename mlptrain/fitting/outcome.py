"""How a fit ended: of one training, and of all trainings together."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from statistics import mean, stdev
from typing import Any

from mlptrain.display import Displayable
from mlptrain.engine.metrics import Metrics
from mlptrain.model.training_names import name_training
from mlptrain.spec.fields import Split


@dataclass(frozen=True, kw_only=True)
class TrainingResult(Displayable):
    """How one training ended: one fold's, or that of the whole fit."""

    reason: str
    epochs: int
    best_epoch: int
    metrics: dict[str, Metrics]
    """Per part (train, validation), measured in evaluation mode with the parameters that were kept."""
    baseline: dict[str, Metrics] = field(default_factory=dict)
    """Per part, those of the prediction that knows nothing of a row, made of the training rows."""
    undefined: dict[str, dict[str, str]] = field(default_factory=dict)
    """Per part, why a metric has no value."""
    targets: dict[str, dict[str, Metrics]] = field(default_factory=dict)
    """Per part, of several targets the metrics of each, by its name."""


@dataclass(frozen=True, kw_only=True)
class Outcome(Displayable):
    """How a fit ended. With several folds: the most epochs, and the means of the metrics."""

    reason: str
    epochs: int
    best_epoch: int
    metrics: dict[str, Metrics]
    seconds: float
    parameters: int
    folds: tuple[TrainingResult, ...] = ()
    """Each fold, where there are several."""
    baseline: dict[str, Metrics] = field(default_factory=dict)
    undefined: dict[str, dict[str, str]] = field(default_factory=dict)
    targets: dict[str, dict[str, Metrics]] = field(default_factory=dict)
    deviations: dict[str, Metrics] = field(default_factory=dict)
    """The standard deviations (n − 1) of the folds' metrics."""
    refit: bool | None = None
    """Where a refit was asked for, whether the network is one: trained on all rows, on which its training metrics are.
    Those of the validation part are of the network before it, in its best epoch."""
    remark: str = ""
    """One sentence about the run, from its history; empty where there is nothing to say."""

    def facts(self) -> dict[str, Any]:
        """What a model file says of its fit: no times, so that the same fit gives the same bytes."""
        always = ("reason", "epochs", "best_epoch", "metrics", "baseline", "undefined", "targets")
        facts: dict[str, Any] = {name: getattr(self, name) for name in always}
        if self.folds:
            facts |= {"folds": [asdict(each) for each in self.folds], "deviations": self.deviations}
        if self.refit is not None:
            facts |= {"refit": self.refit}
        return facts


CUT_SHORT = ("time_limit", "early_stopping")
"""Why a training had not all its epochs: of several trainings, the first of these that any ended for."""


def summarize_results(
    results: Sequence[TrainingResult],
    *,
    seconds: float,
    parameters: int,
    asked: int,
    refit: bool | None,
    split: Split | None = None,
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
        baseline={part: average_metrics([each.baseline[part] for each in results]) for part in results[0].baseline},
        undefined={part: join_reasons(results, part, split or Split()) for part in results[0].undefined},
        targets={part: average_targets(results, part) for part in results[0].targets},
        refit=refit,
    )


def join_results(search: TrainingResult, refit: TrainingResult) -> TrainingResult:
    """A search for the best epoch, with what the refit is worth on the parts that it has."""
    names = ("metrics", "baseline", "undefined", "targets")
    return replace(search, **{name: getattr(search, name) | getattr(refit, name) for name in names})


def average_metrics(measures: Sequence[Metrics]) -> Metrics:
    """The means of metrics that were measured several times; None where one has no value."""
    found: Metrics = {}
    for name in measures[0]:
        known = [value for each in measures if (value := each[name]) is not None]
        found[name] = mean(known) if len(known) == len(measures) else None
    return found


def average_targets(results: Sequence[TrainingResult], part: str) -> dict[str, Metrics]:
    """The means of the metrics of each target."""
    return {name: average_metrics([each.targets[part][name] for each in results]) for name in results[0].targets[part]}


def join_reasons(results: Sequence[TrainingResult], part: str, split: Split) -> dict[str, str]:
    """Why metrics have no value: of several trainings, the reason of the first that has none."""
    found: dict[str, str] = {}
    for number, each in enumerate(results, 1):
        which = f"in {name_training(number, split.trainings, split.repeats)}: " if len(results) > 1 else ""
        for name, reason in each.undefined.get(part, {}).items():
            found.setdefault(name, which + reason)
    return found


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
