"""What was kept of one training of an unfinished fit: all of it, where it stood, or nothing."""

from collections.abc import Callable
from dataclasses import dataclass

from mlptrain.errors import DataError, ModelFileError
from mlptrain.fitting.checkpoint_file import FinishedTraining
from mlptrain.model.network_arrays import collect_named_arrays
from mlptrain.preparation.fingerprint import Fitted
from mlptrain.training.course import Course
from mlptrain.training.snapshot import Snapshot, restore_snapshot
from mlptrain.training.state import TrainState, make_initial_state


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """What is known of a training from a checkpoint."""

    file: str
    """The checkpoint, as messages call it."""
    finished: FinishedTraining | None = None
    snapshot: Snapshot | None = None
    place: str = ""
    """Where it stood, in words."""
    digest: str = ""
    """Of what was fitted for it; empty where it had not begun, or the file does not say it."""

    def verify(self, course: Course, fitted: Fitted) -> None:
        """An error if the training began with something else fitted on its rows."""
        if self.digest and fitted.digest != self.digest:
            which = course.name or "the training"
            why = f"what was fitted on the rows of {which} is not what it was, although their cells are the same"
            raise DataError(f"{self.file}: {why}; forget the unfinished fit with --restart")

    def restore_finished(self, course: Course) -> FinishedTraining | None:
        """What was kept of a training that is done; its network gets its parameters back."""
        if self.finished is None:
            return None
        try:
            for name, view in collect_named_arrays(course.network).items():
                view[...] = self.finished.arrays[name]
        except (LookupError, ValueError) as problem:
            raise ModelFileError(f"{self.file}: the checkpoint is damaged: {problem}") from None
        return self.finished

    def restore_state(self, course: Course, notice: Callable[[str], object]) -> TrainState:
        """Where the training begins, or goes on, which is told; its network gets its parameters back."""
        state = make_initial_state(course.network, course.spec.optimizer)
        if self.snapshot is not None:
            try:
                restore_snapshot(self.snapshot, course.network, state)
            except (LookupError, TypeError, ValueError) as problem:
                raise ModelFileError(f"{self.file}: the checkpoint is damaged: {problem}") from None
            notice(f"going on from {self.file}: {self.place}")
        return state


def take_fitted(course: Course) -> Fitted:
    """What was fitted for a training."""
    assert course.train.origin is not None
    return Fitted(course.train.origin.features, course.head)
