"""The words and numbers of a run: the same in a terminal and in a log, in ASCII."""

from collections.abc import Mapping

from mlptrain.figures import format_figure
from mlptrain.model.history import IMPORTED, EpochEnded, Reason
from mlptrain.model.training_names import place_training
from mlptrain.reporting.text import escape_text
from mlptrain.training.events import Finished, Started


def format_row_rate(value: float) -> str:
    """A number of rows a second: 950, 12k, 1.2M. It jumps from epoch to epoch, so that two digits tell all."""
    for factor, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if factor <= value < 1e12:
            return f"{float(f'{value / factor:.2g}'):g}{unit}"
    return f"{value:.0f}" if 0 <= value < 1e12 else format_figure(value)


def format_count_with_noun(amount: int, noun: str) -> str:
    """1 epoch, 1,200 epochs."""
    return f"{amount:,} {noun}{'' if amount == 1 else 's'}"


def format_duration(seconds: float) -> str:
    """A time in a sentence: 0.04 s, 4.2 s, 3 min 05 s, 1 h 02 min."""
    if not 59.95 <= seconds < 1e9:
        return f"{seconds:.{2 if 0 <= seconds < 0.095 else 1}f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def format_stopwatch(seconds: float) -> str:
    """A time beside a bar: 0:04, 3:05, 1:02:03."""
    if not 0 <= seconds < 1e9:
        return "?"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def describe_start(started: Started, title: str) -> str:
    """Say what is trained: title, rows, parameters."""
    facts = [format_count_with_noun(started.train_rows, "training row")]
    if started.validation_rows:
        facts.append(format_count_with_noun(started.validation_rows, "validation row"))
    facts.append(format_count_with_noun(started.parameters, "parameter"))
    if started.folds > 1:
        facts.insert(0, place_training(started.fold, started.folds, started.repeats))
    if started.refit:
        facts.insert(0, "refit up to the best epoch")
    return f"{escape_text(title)}: {', '.join(facts)}" if title else ", ".join(facts)


def is_untrained(epoch: EpochEnded) -> bool:
    """Whether an epoch has changed nothing, as a first one that a warm-up begins with a learning rate of 0."""
    return epoch.epoch == 1 and epoch.learning_rate == 0


def name_training_loss(*, running: bool) -> str:
    """What the loss of the training rows is called: that of the batches as they were trained is another one."""
    return "batch loss" if running else "train loss"


COMPILING = "compiling the loops ..."
"""What is said until the first step is done, where it compiles them."""
REASONS: Mapping[Reason, str] = {
    "epochs": "done",
    "early_stopping": "stopped early",
    "time_limit": "out of time",
    "interrupted": "interrupted",
}
"""How each reason why training ended is worded."""
STORED_REASONS: Mapping[str, str] = dict(REASONS) | {IMPORTED: "weights imported after the training"}
"""The same of a model file."""
NOT_OF_WEIGHTS = "metrics and history are those of the training, not of these weights: `mlptrain eval` measures them"
"""What is said of a model whose weights were imported."""


def describe_finish(started: Started, finished: Finished, best: EpochEnded | None) -> str:
    """Say why training ended, after how long, and, if a quantity was watched, which epoch was the best."""
    word = REASONS[finished.reason]
    facts = [_describe_epochs_done(started, finished)]
    if finished.reason == "early_stopping":
        facts.append(f"no improvement for {format_count_with_noun(finished.epochs - finished.best_epoch, 'epoch')}")
    if started.monitor is not None and finished.best_epoch > 0:
        facts.append(_describe_best(started, finished, best))
    return f"{word}: {', '.join(facts)}"


def _describe_epochs_done(started: Started, finished: Finished) -> str:
    """How many epochs are done; those of this run in how many seconds, which are of it alone."""
    done, time = format_count_with_noun(finished.epochs, "epoch"), format_duration(finished.seconds)
    if not started.earlier:
        return f"{done} in {time}"
    now = finished.epochs - started.earlier[-1].epoch
    return f"{done}, {now:,} of them now in {time}" if now else f"{done}, none of them now"


def _describe_best(started: Started, finished: Finished, best: EpochEnded | None) -> str:
    """The best epoch, unless it changed nothing, and the watched value it reached unless that was in an earlier run."""
    name = f"best epoch {finished.best_epoch:,}"
    if best is not None and best.epoch == finished.best_epoch and is_untrained(best):
        name = f"none better than epoch {finished.best_epoch}, which trained nothing"
    if best is None or best.epoch != finished.best_epoch:
        return name
    value = best.validation_loss if started.monitor == "loss" else best.validation_metric
    return f"{name} (validation {escape_text(started.monitor or '')} {format_figure(value)})"


def describe_gap(started: Started, reason: str) -> str:
    """Why a cell of the table of epochs is "-", for a line under it."""
    return f"  (-: {escape_text(started.metric)} is undefined: {escape_text(reason)})"


def describe_failure(started: Started, epochs: int, seconds: float) -> str:
    """Say how far a run had come when an error ended it."""
    return (
        f"not finished: {epochs:,} of {format_count_with_noun(started.epochs, 'epoch')} in {format_duration(seconds)}"
    )
