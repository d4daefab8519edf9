"""A whole fit so far, as its pictures need it: the training at hand, those before it, and how long all this took."""

from collections.abc import Callable

from mlptrain.model.history import EpochEnded
from mlptrain.model.layer_history import LayersSeen
from mlptrain.model.training_names import name_training
from mlptrain.reporting.digest import Digest
from mlptrain.reporting.frame import Frame
from mlptrain.reporting.glyphs import Glyphs
from mlptrain.reporting.words import describe_finish
from mlptrain.training.events import EventSink, Finished, Started, StepsDone, TrainingProgress, TrialSteps


class Progress(EventSink):
    """Takes note of the events of all trainings of a fit."""

    def __init__(self, title: str, clock: Callable[[], float]) -> None:
        self.title = title
        self._clock = clock
        self.forget()

    def forget(self) -> None:
        """Begin anew, with another fit."""
        self.digest = Digest()
        self.trial: TrialSteps | None = None
        self.side_by_side: dict[int, TrainingProgress] = {}
        """How far each training has come that goes on beside others."""
        self._before: tuple[str, ...] = ()
        self._worked = 0
        self._begin()

    def _begin(self) -> None:
        """Take the time, unless trainings before this one have taken it."""
        self.digest = Digest()
        if not self._before and not self.side_by_side:
            self._begun = self._clock()
            self._settled: tuple[float, float] | None = None

    def see_trial(self, trial: TrialSteps, /) -> None:
        """Take note of how far a trial is; none is at hand once it is over."""
        if self.trial is None:
            self._begin()
        self.trial = trial if trial.steps < trial.planned else None

    def see_progress(self, progress: TrainingProgress, /) -> None:
        """Take note of how far a training has come that goes on beside others."""
        if not self.side_by_side:
            self._begin()
        self.side_by_side[progress.training] = progress

    def see_start(self, started: Started, /) -> None:
        """Begin with a training."""
        self.trial = None
        self._begin()
        self.digest(started)

    def see_steps(self, steps: StepsDone, /) -> None:
        """Take note of the steps."""
        self.digest(steps)
        self._settle()

    def see_layers(self, layers: LayersSeen, /) -> None:
        """Take note of the layers."""
        self.digest(layers)

    def see_epoch(self, epoch: EpochEnded, /) -> None:
        """Take note of the epoch."""
        self.digest(epoch)
        self._settle()

    def see_finish(self, finished: Finished, /) -> None:
        """Take note of the end, in a line if another training is to follow."""
        self.digest(finished)
        started = self.digest.started
        if started is None or not self.goes_on:
            return
        name = name_training(started.fold, started.folds, started.repeats) if started.folds > 1 else "search"
        self._before += (f"{name}  {describe_finish(started, finished, self.digest.best)}",)
        self._worked += self.digest.done > 0

    def _settle(self) -> None:
        """Take note of the time of the first event, from which on the time to come is estimated."""
        if self._settled is None:
            self._settled = self.elapsed, self.digest.done

    @property
    def elapsed(self) -> float:
        """Seconds since the first training began."""
        return self._clock() - self._begun

    @property
    def goes_on(self) -> bool:
        """Whether the training at hand is over and another one of the same fit is to come."""
        started, finished = self.digest.started, self.digest.finished
        return started is not None and finished is not None and is_followed(started, finished)

    def make_frame(self, width: int, glyphs: Glyphs) -> Frame | None:
        """The training at hand, to be drawn on `width` columns; None before the first one."""
        digest, settled = self.digest, self._settled or (0.0, 0.0)
        if digest.started is None:
            return None
        return Frame(digest, digest.started, self.title, width, glyphs, self._before, self._worked, settled)


def is_followed(started: Started, finished: Finished) -> bool:
    """Whether another training of the same fit is to come."""
    return finished.reason != "interrupted" and (started.fold < started.folds or started.refit_follows)
