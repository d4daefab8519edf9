"""What the training loop says: frozen facts, plain numbers only. Sinks show or store them and never change training."""

from dataclasses import dataclass
from typing import Literal

Reason = Literal["epochs", "early_stopping", "time_limit", "interrupted"]
"""Why training ended: all epochs done, no improvement for `patience` epochs, no time left, or stopped by the user."""


@dataclass(frozen=True, kw_only=True)
class Started:
    """Training begins, or goes on after the epochs of an earlier run."""

    epochs: int
    steps_per_epoch: int
    train_rows: int
    validation_rows: int
    parameters: int
    monitor: str | None
    """The watched quantity: "loss" or a metric, on the validation part; None where nothing is watched."""
    metric: str
    """The metric every epoch reports: "accuracy" or "rmse", or the watched one."""
    larger_is_better: bool
    """Whether the watched quantity (the reported metric where nothing is watched) is better when it is larger."""
    running_loss: bool
    """Whether the training loss is the mean over the epoch's batches as they were trained, not one in evaluation."""
    fold: int = 1
    """Which of several trainings this is, from 1."""
    folds: int = 1
    refit: bool = False
    """Whether this is the training on all rows, up to the best epoch of the one before."""
    earlier: "tuple[EpochEnded, ...]" = ()
    """The epochs of the run that this one goes on with."""


@dataclass(frozen=True, kw_only=True)
class StepsDone:
    """Steps done within the current epoch: sent a few times a second at most, and where the run is interrupted."""

    epoch: int
    steps: int
    stopping: bool = False
    """Whether the run is interrupted here: the state is still that after the last step."""


@dataclass(frozen=True, kw_only=True)
class EpochEnded:
    """An epoch is over. Losses are without penalty; a value that is not defined (or not measured) is None."""

    epoch: int
    train_loss: float
    train_metric: float | None
    penalty: float
    validation_loss: float | None
    validation_metric: float | None
    learning_rate: float
    best: bool
    """Whether this epoch is the best so far by the watched quantity."""
    rows_per_second: float
    gradient_norm: float | None = None


@dataclass(frozen=True, kw_only=True)
class Finished:
    """Training is over; the network holds the parameters of `best_epoch`."""

    reason: Reason
    epochs: int
    best_epoch: int
    seconds: float


Event = Started | StepsDone | EpochEnded | Finished
