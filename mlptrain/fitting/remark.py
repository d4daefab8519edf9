"""One sentence about a run, from its history: what a look at the curves would tell, or nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import mean

from mlptrain.engine.metrics import Metrics
from mlptrain.figures import format_figure
from mlptrain.model.history import EpochEnded

LEAST_EPOCHS = 4
"""Shorter histories tell nothing."""
RISE = 1.1
"""The validation loss of the last epochs / that of the best one, from which on a run overfits."""
PROGRESS = 0.02
"""The part of its first loss by which a run must still improve in its last fifth to be called unfinished."""
NOTHING_LEARNED = 0.01
"""An MCC or R² on the training rows up to which nothing was learned."""
AREA = 0.6
"""An AUC from which on scores tell something, though the labels do not."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What is known of a training when it is over."""

    epochs: Sequence[EpochEnded]
    reason: str
    monitor: str
    best_epoch: int
    validation_rows: int
    train_metrics: Metrics

    @property
    def last(self) -> Sequence[EpochEnded]:
        """The last fifth of the epochs, three at least."""
        return self.epochs[-max(len(self.epochs) // 5, 3) :]


def describe_runs(runs: Sequence[Run]) -> str:
    """One sentence about the trainings of a fit, at most; of several, what at least half of them have in common."""
    for rule in RULES:
        said = [sentence for run in runs if len(run.epochs) >= LEAST_EPOCHS and (sentence := rule(run))]
        if said and 2 * len(said) >= len(runs):
            return said[0] if len(runs) == 1 else f"{len(said)} of {len(runs)} trainings, the first: {said[0]}"
    return ""


def describe_failure_to_learn(run: Run) -> str:
    """The predictions are no better than a constant on the very rows of training."""
    worth = run.train_metrics.get("mcc", run.train_metrics.get("r2"))
    area = run.train_metrics.get("auc")
    if worth is None or worth > NOTHING_LEARNED or (area is not None and area > AREA):
        return ""
    losses = [epoch.train_loss for epoch in run.epochs]
    rate = format_figure(max(epoch.learning_rate for epoch in run.epochs))
    if max(losses) > 1.5 * max(min(losses), 1e-9):
        cure = f"its loss jumps: the learning rate of {rate} is probably too large"
    else:
        cure = f"its loss stands still: units are dead or saturated, or the learning rate of {rate} is too small"
    return f"it did not learn, and predicts no better than a constant; {cure}"


def describe_first_best(run: Run) -> str:
    """No epoch after the first one was better."""
    if not run.validation_rows or run.best_epoch != 1:
        return ""
    return "the first epoch was the best: a smaller learning rate, or more validation rows"


def describe_overfitting(run: Run) -> str:
    """The validation loss rises from some epoch on while the training loss goes on falling."""
    losses = [epoch.validation_loss for epoch in run.epochs]
    known = [loss for loss in losses if loss is not None and isfinite(loss)]
    if len(known) < len(losses) or min(known) <= 0:
        return ""
    place = known.index(min(known))
    ended = mean(loss for epoch in run.last if (loss := epoch.validation_loss) is not None)
    fell = mean(epoch.train_loss for epoch in run.last) < run.epochs[place].train_loss
    if place >= len(known) - len(run.last) or ended < RISE * known[place] or not fell:
        return ""
    figures = f"validation loss {format_figure(known[place])} to {format_figure(known[-1])}"
    cure = "more dropout or weight decay, a smaller net, or early stopping"
    return f"it overfits from epoch {run.epochs[place].epoch} on ({figures}): {cure}"


def describe_unfinished_progress(run: Run) -> str:
    """The loss was still falling when the epochs were over, at a learning rate that was not yet small."""
    validated = run.epochs[0].validation_loss is not None
    losses = [epoch.validation_loss if validated else epoch.train_loss for epoch in run.epochs]
    known = [loss for loss in losses if loss is not None and isfinite(loss)]
    rates = [epoch.learning_rate for epoch in run.epochs]
    cut = run.reason not in ("epochs", "time_limit") or rates[-1] < 0.5 * max(rates)
    if cut or len(known) < len(losses):
        return ""
    before, after = known[-len(run.last)], known[-1]
    if before - after < PROGRESS * known[0] or after > min(known) * 1.01:
        return ""
    which = "validation" if validated else "training"
    figures = f"{which} loss {format_figure(before)} to {format_figure(after)}"
    return f"it was still improving at the end ({figures}): more epochs"


def describe_few_validation_rows(run: Run) -> str:
    """What was watched differs between epochs by no more than one or two rows."""
    values = [epoch.validation_metric for epoch in run.epochs]
    known = [value for value in values if value is not None]
    if run.monitor not in ("accuracy", "error_rate") or not run.validation_rows or len(known) < len(values):
        return ""
    if not 0 < max(known[1:]) - min(known[1:]) <= 2.001 / run.validation_rows:
        return ""
    rows = f"{run.validation_rows} validation row{'s' * (run.validation_rows > 1)}"
    return f"{rows} are few: the {run.monitor} of the epochs differs by one or two of them; watch the loss"


Rule = Callable[[Run], str]
RULES: Sequence[Rule] = (
    describe_failure_to_learn,
    describe_overfitting,
    describe_first_best,
    describe_unfinished_progress,
    describe_few_validation_rows,
)
"""The first one that has something to say says it."""
