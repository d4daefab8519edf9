"""The keeper: who remembers an unfinished fit. `Checkpoints` do so beside a path; `Forgetful` remembers nothing."""

from collections.abc import Mapping
from typing import Protocol

from mlptrain.fitting.checkpoint_file import Checkpoint, FinishedTraining
from mlptrain.fitting.outcome import TrainingResult
from mlptrain.fitting.remembered import Remembered
from mlptrain.model.fitted_network import FittedNetwork
from mlptrain.preparation.material import TrainingData
from mlptrain.training.course import Course
from mlptrain.training.events import EventSink, Sink
from mlptrain.training.snapshot import Snapshot
from mlptrain.training.state import TrainState, make_initial_state


class Keeper(Protocol):
    """Remembers what a fit has done so far, and gives it back to a fit that goes on."""

    @property
    def unfinished(self) -> Checkpoint | None:
        """The unfinished fit that this one goes on with, if any."""

    @property
    def remembers(self) -> bool:
        """Whether a fit that is stopped can be gone on with."""

    @property
    def finishes(self) -> bool:
        """Whether nothing is trained: the model is that of the best epoch so far."""

    @property
    def restarts(self) -> bool:
        """Whether the user wishes that an unfinished fit is forgotten."""

    def begin(self, data: TrainingData, course: Course) -> None:
        """Before the first training: refuse an unfinished fit of another spec or of other data."""

    def restore_finished(self, course: Course) -> FinishedTraining | None:
        """What was kept of a training that is done; the network of the course gets its parameters back."""

    def restore_state(self, course: Course) -> TrainState:
        """Where a training begins, or goes on."""

    def watch(self, course: Course, state: TrainState) -> Sink:
        """A consumer of the events of a training that keeps what is due, before anyone else sees the event."""

    def describe_stop(self, course: Course, state: TrainState) -> str:
        """The message that the user has stopped the fit: where it stood, and what was kept."""

    def keep_best(self, course: Course, state: TrainState) -> str:
        """After a divergence: keep the best epoch, in which the network was good; what to say about that."""

    def keep_finished(self, number: int, fitted: FittedNetwork, result: TrainingResult) -> None:
        """Keep a training that is done."""

    # Of trainings side by side, which are others' work:

    def remember(self, number: int) -> Remembered:
        """What was kept of a training."""

    def save_under_way(self, snapshots: Mapping[int, Snapshot]) -> None:
        """Keep what is done, and trainings as they stand, now."""

    def describe_stop_at(self, snapshots: Mapping[int, Snapshot]) -> str:
        """The message that the user has stopped the fit while trainings stood so."""

    def describe_kept(self) -> str:
        """What is kept where one of them has failed, as the end of a message; empty if nothing is."""


class Forgetful:
    """Remembers nothing: a fit in memory ends with what it has."""

    unfinished: Checkpoint | None = None
    remembers = False
    finishes = False
    restarts = False

    def begin(self, data: TrainingData, course: Course) -> None:
        """There is nothing to compare with."""

    def restore_finished(self, course: Course) -> FinishedTraining | None:
        """No training is done."""
        return None

    def restore_state(self, course: Course) -> TrainState:
        """Every training begins at the beginning."""
        return make_initial_state(course.network, course.spec.optimizer)

    def watch(self, course: Course, state: TrainState) -> Sink:
        """A consumer that does nothing."""
        return EventSink()

    def describe_stop(self, course: Course, state: TrainState) -> str:
        """Where the fit stood."""
        where = f"in {course.name}, " if course.name else ""
        return f"stopped {where}after epoch {state.epoch:,}; the error's `model` is the best so far"

    def keep_best(self, course: Course, state: TrainState) -> str:
        """Nothing is kept."""
        return ""

    def keep_finished(self, number: int, fitted: FittedNetwork, result: TrainingResult) -> None:
        """Nothing is kept."""

    def remember(self, number: int) -> Remembered:
        """Nothing was kept."""
        return Remembered(file="")

    def save_under_way(self, snapshots: Mapping[int, Snapshot]) -> None:
        """Nothing is kept."""

    def describe_stop_at(self, snapshots: Mapping[int, Snapshot]) -> str:
        """That the fit was stopped."""
        return "stopped; the error's `model` is the best so far"

    def describe_kept(self) -> str:
        """Nothing is kept."""
        return ""


FORGETFUL = Forgetful()
