"""One sentence about a run, from its history: what a look at the curves would tell, or nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from statistics import mean
from typing import Literal

from mlptrain.engine.metrics import Metrics, is_larger_better
from mlptrain.figures import format_figure
from mlptrain.model.history import EpochEnded
from mlptrain.model.training_names import choose_training_noun, name_training
from mlptrain.spec.fields import Split

LEAST_EPOCHS = 4
"""Shorter histories tell nothing."""
RISE = 1.06
"""The validation loss of the last epochs / that of the best one, from which on a run overfits."""
PROGRESS = 0.02
"""The part of its first loss by which a run must still improve in its last fifth to be called unfinished."""
STANDSTILL = 0.05
"""The part of its loss by which a run that stands still falls in its second half at most."""
UNMOVED = 0.01
"""The part of its first loss by which a run that has not moved at all has changed."""
NOISE = 0.25
"""The same where the loss is that of batches, with dropout."""
WORSE, NOTHING, PART = 2.0, 0.99, 0.2
"""The training loss / that of the baseline, from which on a run is far worse, has learned nothing, or only a part."""
LATER = 0.97
"""The same of the best epoch for the training rows: a run below it has learned, though its best epoch had not."""
WORTH, AREA = 0.1, 0.62
"""An MCC or R² (an AUC, where there is one) on the training rows, from which on predictions tell something."""
SWING = 0.05
"""The rise of the training loss from one epoch to the next, in the mean, / the baseline, from which on it swings."""
FEW_ROWS = 100
"""More validation rows than this are not few."""

Verdict = Literal["far worse", "nothing", "part", "enough"]


@dataclass(frozen=True, kw_only=True)
class Run:
    """What is known of a training when it is over."""

    epochs: Sequence[EpochEnded]
    reason: str
    monitor: str
    best_epoch: int
    validation_rows: int
    train_metrics: Metrics
    """With the loss, of the network that was kept."""
    baseline_loss: float | None
    """The training loss of the prediction that knows nothing of a row."""
    class_weights: bool = False
    """Whether training weighs the classes, which the baseline does not."""
    early_stopping: bool = False
    running_loss: bool = False
    """Whether the training loss of an epoch is that of its batches, and not measured when it has ended."""
    cause: str = ""
    """Why it has probably learned little, and what to do; empty where it has learned, or nothing is known."""
    fast: str = ""
    """That the learning rate is far above the usual one; empty where it is not."""

    @property
    def last(self) -> Sequence[EpochEnded]:
        """The last fifth of the epochs, three at least."""
        return self.epochs[-max(len(self.epochs) // 5, 3) :]

    @property
    def train_losses(self) -> list[float]:
        """The training loss of each epoch."""
        return [epoch.train_loss for epoch in self.epochs]

    @property
    def kept_loss(self) -> float | None:
        """The training loss of the best epoch: as it was measured then or, if that is less, at the end."""
        then = [epoch.train_loss for epoch in self.epochs if epoch.epoch == self.best_epoch]
        known = [loss for loss in (*then, self.train_metrics.get("loss")) if loss is not None and isfinite(loss)]
        return min(known, default=None)

    @property
    def figures(self) -> str:
        """The loss of the network that was kept on its training rows, as the metrics have it, and the baseline's."""
        measured = self.train_metrics.get("loss")
        loss = measured if measured is not None and isfinite(measured) else self.kept_loss
        return f"loss on the training rows {format_figure(loss)}, baseline there {format_figure(self.baseline_loss)}"

    @property
    def loss_name(self) -> str:
        """What the training loss of an epoch is called where the epochs are shown."""
        return "batch loss" if self.running_loss else "training loss"


def describe_runs(runs: Sequence[Run], split: Split) -> str:
    """One sentence about the trainings of a fit, at most; of several, what at least half of them have in common."""
    noun = choose_training_noun(split.trainings, split.repeats)
    for rule in RULES:
        said = [(number, sentence) for number, run in enumerate(runs, 1) if (sentence := apply_rule(rule, run))]
        if said and 2 * len(said) >= len(runs):
            number, sentence = said[0]
            which = name_training(number, split.trainings, split.repeats)
            return sentence if len(runs) == 1 else f"in {len(said)} of {len(runs)} {noun}; in {which} {sentence}"
    return ""


def apply_rule(rule: "Rule", run: Run) -> str:
    """What a rule says of a run that is long enough to tell something."""
    return rule(run) if len(run.epochs) >= LEAST_EPOCHS else ""


def judge_learning(run: Run) -> Verdict:
    """How much a run has learned of its training rows, by the loss of what knows nothing of a row.

    With weights of the classes, losses cannot be compared with it: then the metrics alone decide.
    """
    kept, baseline = run.kept_loss, run.baseline_loss
    if kept is None or baseline is None or baseline <= 0:
        return "enough"
    lowest, known = min(kept, *run.train_losses), tells_something(run.train_metrics)
    if run.class_weights:
        return "enough" if known else "nothing"
    if kept > NOTHING * baseline and is_unmoved(run):  # what it is worth is then worth of its first values
        return "nothing"
    if kept > WORSE * baseline:
        return "far worse"
    if kept > NOTHING * baseline and lowest > LATER * baseline and not known:
        return "nothing"
    return "part" if lowest > PART * baseline and is_standing_still(run) else "enough"


def tells_something(metrics: Metrics) -> bool:
    """Whether the predictions of the training rows are worth more than a constant."""
    area, worth = metrics.get("auc"), metrics.get("mcc", metrics.get("r2"))
    return area > AREA if area is not None else worth is not None and worth > WORTH


def is_standing_still(run: Run) -> bool:
    """Whether the training loss no longer falls in the second half, at a learning rate that is not yet small."""
    losses, rates = run.train_losses, [epoch.learning_rate for epoch in run.epochs]
    half = losses[len(losses) // 2 :]
    return rates[-1] > 0.5 * max(rates) and half[0] - min(half) < STANDSTILL * abs(half[0])


def is_unmoved(run: Run) -> bool:
    """Whether the loss has not changed since the first epoch: that of the training rows, or of the validation rows.

    The loss of batches differs from epoch to epoch by dropout and the order of rows: there both halves are compared.
    """
    train, validation = run.train_losses, list_known_losses(run, validated=True)
    series = [train, validation] if len(validation) == len(train) else [train]
    if any(max(losses) - min(losses) < UNMOVED * abs(losses[0]) for losses in series):
        return True
    halves = mean(train[: len(train) // 2]), mean(train[len(train) // 2 :])
    is_noise = max(train) - min(train) < NOISE * abs(train[0]) and len(series) == 1 and run.running_loss
    return is_noise and abs(halves[0] - halves[1]) < STANDSTILL * abs(halves[0])


def is_improving(losses: Sequence[float], last: int) -> bool:
    """Whether a loss falls in its last values, and ends where it is lowest."""
    return losses[-last] - losses[-1] >= PROGRESS * losses[0] and losses[-1] <= min(losses) * 1.01


def describe_failure_to_learn(run: Run) -> str:
    """The predictions are no better than a constant, or far worse, on the very rows of training."""
    match judge_learning(run):
        case "far worse":
            return f"it has gone astray ({run.figures}): {run.cause}"
        case "nothing":
            return f"it did not learn: {run.cause}"
    return ""


def describe_partial_learning(run: Run) -> str:
    """The training loss stands still, far above what such a network can reach, and the reason is known."""
    if judge_learning(run) != "part" or not run.cause:
        return ""
    if is_unmoved(run):
        return f"it did not learn: {run.cause}"
    if run.baseline_loss is not None and (run.kept_loss or 0.0) >= run.baseline_loss:
        return f"it is no better than what knows nothing of a row ({run.figures}): {run.cause}"
    return f"it learned only in part ({run.figures}): {run.cause}"


def describe_swings(run: Run) -> str:
    """The training loss is thrown about by a learning rate that is far above the usual one, whatever was learned."""
    if not run.fast or run.class_weights or not is_swinging(run):
        return ""
    highest = max(run.train_losses[1:])
    figures = f"up to {format_figure(highest)} after the first epoch, baseline {format_figure(run.baseline_loss)}"
    return f"its {run.loss_name} swings ({figures}): {run.fast}"


def is_swinging(run: Run) -> bool:
    """Whether the training loss, after the first epoch, is far above the baseline or often rises by a part of it."""
    losses, baseline = run.train_losses[1:], run.baseline_loss or 0.0
    rises = [max(after - before, 0.0) for before, after in pairwise(losses)]
    return baseline > 0 and (max(losses) > WORSE * baseline or mean(rises) > SWING * baseline)


def describe_first_best(run: Run) -> str:
    """No epoch after the first one was better, and the first one was not perfect."""
    if not run.validation_rows or run.best_epoch != 1 or is_perfect(run.monitor, run.epochs[0]):
        return ""
    cure = run.fast or "a smaller learning rate, or more validation rows"
    if run.epochs[0].learning_rate == 0:
        return f"no epoch was better than the first, which has trained nothing at a learning rate of 0: {cure}"
    return f"the first epoch was the best: {cure}"


def is_perfect(monitor: str, epoch: EpochEnded) -> bool:
    """Whether the watched metric of an epoch is one that no other can better."""
    return monitor != "loss" and epoch.validation_metric == float(is_larger_better(monitor))


def describe_overfitting(run: Run) -> str:
    """The validation loss rises from some epoch on while the training loss goes on falling."""
    known = list_known_losses(run, validated=True)
    if len(known) < len(run.epochs) or min(known) <= 0:
        return ""
    place = known.index(min(known))
    ended = mean(loss for epoch in run.last if (loss := epoch.validation_loss) is not None)
    fell = mean(epoch.train_loss for epoch in run.last) < run.epochs[place].train_loss
    if place >= len(known) - len(run.last) or ended < RISE * known[place] or not fell:
        return ""
    figures = f"validation loss {format_figure(known[place])} to {format_figure(known[-1])}"
    cure = "more dropout or weight decay, or a smaller net"
    cure = cure if run.early_stopping else "more dropout or weight decay, a smaller net, or early stopping"
    return f"it overfits from epoch {run.epochs[place].epoch} on ({figures}): {run.fast or cure}"


def list_known_losses(run: Run, *, validated: bool) -> list[float]:
    """The validation losses (or training losses) that are finite numbers."""
    losses = [epoch.validation_loss if validated else epoch.train_loss for epoch in run.epochs]
    return [loss for loss in losses if loss is not None and isfinite(loss)]


def describe_unfinished_progress(run: Run) -> str:
    """The loss was still falling when the epochs were over, at a learning rate that was not yet small."""
    validated = run.epochs[0].validation_loss is not None
    known = list_known_losses(run, validated=validated)
    rates = [epoch.learning_rate for epoch in run.epochs]
    cut = run.reason not in ("epochs", "time_limit") or rates[-1] < 0.5 * max(rates)
    if cut or len(known) < len(run.epochs) or not is_improving(known, len(run.last)):
        return ""
    which = "validation loss" if validated else run.loss_name
    figures = f"{which} {format_figure(known[-len(run.last)])} to {format_figure(known[-1])}"
    return f"it was still improving at the end ({figures}): more epochs"


def describe_few_validation_rows(run: Run) -> str:
    """What was watched differs between epochs by no more than one or two rows."""
    values = [epoch.validation_metric for epoch in run.epochs]
    known = [value for value in values if value is not None]
    if run.monitor not in ("accuracy", "error_rate") or not 0 < run.validation_rows <= FEW_ROWS:
        return ""
    if len(known) < len(values) or not 0 < max(known[1:]) - min(known[1:]) <= 2.001 / run.validation_rows:
        return ""
    rows = f"{run.validation_rows} validation row{'s' * (run.validation_rows > 1)}"
    return f"{rows} are few: the {run.monitor} of the epochs differs by one or two of them; watch the loss"


Rule = Callable[[Run], str]
RULES: Sequence[Rule] = (
    describe_failure_to_learn,
    describe_partial_learning,
    describe_swings,
    describe_overfitting,
    describe_first_best,
    describe_unfinished_progress,
    describe_few_validation_rows,
)
"""The first one that has something to say says it."""
