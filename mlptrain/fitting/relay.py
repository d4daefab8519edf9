"""What trainings side by side say, told again where they were started."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from mlptrain.fitting.host import Host
from mlptrain.model.history import EpochEnded
from mlptrain.training.events import Event, Finished, Sink, Started, StepsDone, TrainingProgress, tell_sinks
from mlptrain.workers.contract import Channel, Restarted

Voice = Literal["notice", "warn", "remark"]


@dataclass(frozen=True)
class Said:
    """What a training has to say beside events, and how loud."""

    voice: Voice
    message: str


Message = Event | Said


def make_worker_host(channel: Channel, *, threads: int | None, seconds: float) -> Host:
    """The host of a training in a worker: what it says goes to whoever started it, who also wishes to stop."""
    host = Host(threads=threads, stop=channel.is_stop_wished)
    tell = {voice: partial(tell_said, channel, voice) for voice in ("notice", "warn", "remark")}
    return replace(
        host,
        notice=tell["notice"],
        warning=tell["warn"],
        remark=tell["remark"],
        end=host.clock() + seconds,
    )


def tell_said(channel: Channel, voice: Voice, message: str) -> None:
    """Send a message to whoever started the training."""
    channel.tell(Said(voice, message))


class Relay:
    """Tells the sinks of a fit what its trainings say, one training after the other, as if they were done in turn.

    How far each has come is told at once, as `TrainingProgress`.
    """

    def __init__(self, sinks: Sequence[Sink], host: Host, keys: Sequence[Hashable]) -> None:
        self.sinks, self.host = sinks, host
        self.numbers = {key: number for number, key in enumerate(keys, 1)}
        self.waiting: dict[Hashable, list[Message]] = {key: [] for key in keys}
        """What each training that is not told to its end has said and nobody has heard, in their order."""
        self.over = set[Hashable]()
        self.told: Counter[Hashable] = Counter()
        """Messages of each training that were told, and do not depend on time."""
        self.known: Counter[Hashable] = Counter()
        """Of a training that was begun anew, those that will come once more."""
        self.progress: dict[Hashable, TrainingProgress] = {}

    @property
    def turn(self) -> Hashable:
        """The training whose turn it is; None where all are told."""
        return next(iter(self.waiting), None)

    def hear(self, key: Hashable, message: Message | Restarted) -> None:
        """Take note of what a training says."""
        if isinstance(message, Restarted):
            self.known[key] = self.told[key]
            self.waiting[key].clear()
            return
        if not isinstance(message, Said):
            self.move(key, message)
        if not isinstance(message, StepsDone) and self.known[key]:
            self.known[key] -= 1
        elif key == self.turn:
            self.pass_on(key, message)
        elif not isinstance(message, StepsDone):
            self.waiting[key].append(message)

    def finish(self, key: Hashable) -> None:
        """A training is over; those behind it that have waited for their turn are told."""
        self.over.add(key)
        while self.turn in self.over:
            del self.waiting[self.turn]
            for message in self.waiting.get(self.turn, []):
                self.pass_on(self.turn, message)
            if self.waiting:
                self.waiting[self.turn].clear()

    def pass_on(self, key: Hashable, message: Message) -> None:
        """Tell a message of a training."""
        self.told[key] += not isinstance(message, StepsDone)
        if isinstance(message, Said):
            getattr(self.host, message.voice)(message.message)
        else:
            tell_sinks(self.sinks, message)

    def move(self, key: Hashable, event: Event) -> None:
        """Tell how far a training has come."""
        if isinstance(event, Started):
            now = begin_progress(event, self.numbers[key])
        else:
            now = advance_progress(self.progress[key], event)
        self.progress[key] = now
        tell_sinks(self.sinks, now)


def begin_progress(started: Started, number: int) -> TrainingProgress:
    """Where a training begins, or goes on."""
    progress = TrainingProgress(
        training=number,
        trainings=started.folds,
        repeats=started.repeats,
        epochs=started.epochs,
        steps_per_epoch=started.steps_per_epoch,
        monitor=started.monitor or started.metric,
    )
    for epoch in started.earlier:
        progress = advance_progress(progress, epoch)
    return progress


def advance_progress(progress: TrainingProgress, event: Event) -> TrainingProgress:
    """How far a training has come with an event."""
    match event:
        case StepsDone():
            return replace(progress, steps=event.steps)
        case EpochEnded():
            value = choose_watched_value(progress.monitor, event)
            now = replace(progress, epoch=event.epoch, steps=0, value=value)
            return replace(now, best_epoch=event.epoch, best_value=value) if event.best else now
        case Finished():
            return replace(progress, reason=event.reason)
    return progress


def choose_watched_value(monitor: str, epoch: EpochEnded) -> float | None:
    """The watched quantity of an epoch: on the validation rows, where there are any."""
    if monitor == "loss":
        return epoch.train_loss if epoch.validation_loss is None else epoch.validation_loss
    return epoch.train_metric if epoch.validation_metric is None else epoch.validation_metric
