"""A run so far in bounded memory: what a display needs of any number of epochs, kept at a microsecond an event."""

from collections import deque
from collections.abc import Iterator

from mlptrain.model.history import EpochEnded
from mlptrain.model.layer_history import LayersSeen
from mlptrain.reporting.curve import Trace
from mlptrain.training.events import EventSink, Finished, Started, StepsDone

ROOM = 200
"""Epochs kept beside the powers of ten, the best and the last few."""

LAST = 3
"""The last epochs that a growing table shows."""

_POWERS = frozenset(10**k for k in range(19))


def generate_round_steps(epochs: int) -> Iterator[int]:
    """1, 2, 5, 10, 20, 50, …, to beyond `epochs`."""
    step = 1
    yield from (1, 2, 5)
    while step <= epochs:
        step *= 10
        yield from (step, 2 * step, 5 * step)


def is_milestone(epoch: int, step: int) -> bool:
    """Whether a table with an entry every `step` epochs has one here: it has one at every power of ten too."""
    return epoch % step == 0 or epoch in _POWERS


class Digest(EventSink):
    """What was started, epochs at round distances, the best, the last few, both losses as traces, and the end."""

    def __init__(self) -> None:
        self.started: Started | None = None
        self.finished: Finished | None = None
        self.best: EpochEnded | None = None
        self.penalty = self.train_metric = False
        self.train_loss = Trace()
        self.validation_loss = Trace()
        self.position = 0.0
        """Epochs done, with the fraction of the current one."""
        self.first: int | None = None
        """The first epoch seen: above 1 where an earlier run is gone on with."""
        self.undefined = ""
        """Why the first metric without a value has none."""
        self.layers: LayersSeen | None = None
        """What was seen of the layers last."""
        self._last: deque[EpochEnded] = deque(maxlen=LAST)
        self._kept: list[EpochEnded] = []
        self._step = 1

    def see_start(self, started: Started, /) -> None:
        """Take note of what is trained, and of the epochs of an earlier run."""
        self.started = started
        for epoch in started.earlier:
            self._keep(epoch)

    def see_steps(self, steps: StepsDone, /) -> None:
        """Move the position into an epoch."""
        self._reach(steps.epoch, steps.steps / max(self.started.steps_per_epoch, 1) if self.started else 0.0)

    def see_layers(self, layers: LayersSeen, /) -> None:
        """Take note of the layers."""
        self.layers = layers

    def see_epoch(self, epoch: EpochEnded, /) -> None:
        """Move the position behind an epoch, and keep it."""
        self._reach(epoch.epoch, 1.0)
        self._keep(epoch)

    def see_finish(self, finished: Finished, /) -> None:
        """Take note of the end."""
        self.finished = finished

    def _reach(self, epoch: int, part: float) -> None:
        self.position = epoch - 1 + min(part, 1.0)
        if self.first is None:
            self.first = epoch

    def _keep(self, event: EpochEnded) -> None:
        self._last.append(event)
        if event.best:
            self.best = event
        if event.penalty:
            self.penalty = True
        self.undefined = self.undefined or event.undefined
        if event.train_metric is not None:
            self.train_metric = True
        self.train_loss.add(event.train_loss)
        self.validation_loss.add(event.validation_loss)
        if is_milestone(event.epoch, self._step):
            self._kept.append(event)
            if len(self._kept) > ROOM + len(_POWERS):
                self._thin()

    def _thin(self) -> None:
        """Keep every fifth or every second epoch of those kept, so that the distance is 1, 5, 10, 50, …"""
        self._step *= 5 if str(self._step).startswith("1") else 2
        self._kept = [kept for kept in self._kept if is_milestone(kept.epoch, self._step)]

    @property
    def last(self) -> EpochEnded | None:
        """The epoch that ended last."""
        return self._last[-1] if self._last else None

    @property
    def share(self) -> float:
        """The part of this training that is done."""
        return self.position / max(self.started.epochs, 1) if self.started else 0.0

    @property
    def done(self) -> float:
        """Epochs done since `started`, with the fraction of the current one."""
        return self.position - (self.first - 1) if self.first else 0.0

    def rows(self, budget: int, *, last: int = LAST) -> list[EpochEnded]:
        """At most `budget` epochs, in order: the last, the best, a few before the last, round ones as many as fit."""
        recent = list(self._last)[-last:]
        needed = {event.epoch: event for event in (self.last, self.best, *reversed(recent)) if event}
        needed = dict(list(needed.items())[:budget])
        return [event for _, event in sorted(self._with_milestones(needed, budget).items())]

    def _with_milestones(self, needed: dict[int, EpochEnded], budget: int) -> dict[int, EpochEnded]:
        for step in generate_round_steps(int(self.position)):
            chosen = needed | {event.epoch: event for event in self._kept if is_milestone(event.epoch, step)}
            if len(chosen) <= budget:
                return chosen
        return needed
