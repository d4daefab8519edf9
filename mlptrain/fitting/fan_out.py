"""Trainings of a fit side by side: those that do not depend on each other, by an executor.

What each of them gives is the same as in turn, so the model is, too: results are put together by their number.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from math import inf

from mlptrain.errors import Diverged, EnvironmentFailure, Interrupted
from mlptrain.fitting.checkpoint_file import FinishedTraining
from mlptrain.fitting.host import Host
from mlptrain.fitting.keeper import Forgetful
from mlptrain.fitting.relay import Relay, make_worker_host
from mlptrain.fitting.remembered import Remembered, take_fitted
from mlptrain.fitting.training import Trained, Trainer, make_course
from mlptrain.model.products import limit_threads
from mlptrain.model.training_names import locate_training, name_training
from mlptrain.preparation.material import TrainingData
from mlptrain.preparation.preparation import fit_and_encode_parts
from mlptrain.preparation.splits import Parts
from mlptrain.spec.fields import Spec, Split
from mlptrain.training.course import Course
from mlptrain.training.events import Event, FunctionSink, Sink, StepsDone
from mlptrain.training.snapshot import Snapshot, take_snapshot
from mlptrain.training.state import TrainState
from mlptrain.workers.contract import Channel, Task


@dataclass(frozen=True, kw_only=True)
class TrainingKey:
    """Which training of all it is."""

    configuration: str
    """What is trained: empty for the spec itself."""
    repeat: int
    fold: int
    refit: bool = False


@dataclass(frozen=True, kw_only=True)
class TrainingTask:
    """What a worker needs for one training beside what all have in common."""

    number: int
    part: Parts
    remembered: Remembered
    seconds: float = inf
    """How long it may take."""


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """A training that the user has stopped."""

    number: int
    snapshot: Snapshot
    trained: Sequence[Trained] = ()
    """What its epochs are worth, if nothing keeps them."""


class SnapshotKeeper(Forgetful):
    """The keeper of one training in a worker: what was kept of it came along, where it stops goes back."""

    def __init__(self, remembered: Remembered, notice: Callable[[str], object], *, remembers: bool) -> None:
        self.remembered, self.notice, self.remembers = remembered, notice, remembers
        self.snapshot: Snapshot | None = None

    def restore_finished(self, course: Course) -> FinishedTraining | None:
        """What was kept of the training, if it is done."""
        self.remembered.verify(course, take_fitted(course))
        return self.remembered.restore_finished(course)

    def restore_state(self, course: Course) -> TrainState:
        """Where the training begins, or goes on."""
        return self.remembered.restore_state(course, self.notice)

    def watch(self, course: Course, state: TrainState) -> Sink:
        """A consumer of the events that takes a snapshot where the training is stopped."""
        return FunctionSink(partial(self.see, course, state))

    def see(self, course: Course, state: TrainState, event: Event) -> None:
        """Take a snapshot of what a stop leaves, before the best epoch takes its place."""
        if isinstance(event, StepsDone) and event.stopping:
            snapshot = take_snapshot(course.network, state)
            self.snapshot = replace(snapshot, arrays={name: each.copy() for name, each in snapshot.arrays.items()})


@dataclass(frozen=True, kw_only=True)
class TrainingJob:
    """Trains on parts of the same rows."""

    data: TrainingData
    trainings: int
    predicts: bool
    remembers: bool
    threads: int | None

    def __call__(self, task: Task, channel: Channel) -> Trained | Stopped:
        """One training, from its beginning or from where it was interrupted."""
        asked: TrainingTask = task.payload
        host = make_worker_host(channel, threads=self.threads, seconds=asked.seconds)
        keeper = SnapshotKeeper(asked.remembered, host.notice, remembers=self.remembers)
        trainer = Trainer(self.data, keeper, [FunctionSink(channel.tell)], host, alone=True)
        try:
            trained = trainer.train_part(asked.part, asked.number, self.trainings, predicts=self.predicts)
        except Interrupted:
            assert keeper.snapshot is not None
            return Stopped(number=asked.number, snapshot=keeper.snapshot, trained=trainer.stopped)
        assert trained is not None
        return trained


def prepare_workers(host: Host, spec: Spec) -> AbstractContextManager[None]:
    """Begin to start the workers of a fit whose rows are still to be read."""
    trainings = spec.data.split.trainings
    return host.executor.prepare(TrainingJob, trainings) if trainings > 1 else nullcontext()


def train_side_by_side(trainer: Trainer, parts: Sequence[Parts], *, predicts: bool) -> Iterator[Trained]:
    """Each training that is over, in the order in which they end; each is kept at once.

    The first one is prepared here: what is to be said, or is wrong, is found before anything is started.
    """
    encoded = fit_and_encode_parts(trainer.data, parts[0], 1)
    course = make_course(encoded, fold=1, folds=len(parts))
    with limit_threads(course.network, course.batch_size, trainer.host.threads):
        trainer.announce(encoded, course)
        try:
            yield from run_trainings(trainer, parts, predicts=predicts)
        except (Diverged, EnvironmentFailure) as problem:
            raise type(problem)(f"{problem}{trainer.keeper.describe_kept()}") from None


def run_trainings(trainer: Trainer, parts: Sequence[Parts], *, predicts: bool) -> Iterator[Trained]:
    """Each training that is over; one that the user has stopped is kept where it stands."""
    keeper, host, split = trainer.keeper, trainer.host, trainer.data.spec.data.split
    keys = [make_key(number, len(parts), split) for number in range(1, len(parts) + 1)]
    relay, snapshots, over = Relay(trainer.sinks, host, keys), dict[int, Snapshot](), 0
    job = TrainingJob(
        data=trainer.data,
        trainings=len(parts),
        predicts=predicts,
        remembers=keeper.remembers,
        threads=host.threads,
    )
    for done in host.executor.run(job, make_tasks(trainer, parts, keys), relay.hear, host.stop):
        if isinstance(done.result, Stopped):
            snapshots[done.result.number] = done.result.snapshot
            trainer.stopped += done.result.trained
            continue
        trained: Trained = done.result
        over += 1
        relay.finish(done.key)
        keeper.keep_finished(trained.number, trained.fitted, trained.result)
        if over < len(parts):
            keeper.save_under_way({})
        yield trained
    if over < len(parts):
        keeper.save_under_way(snapshots)
        raise Interrupted(keeper.describe_stop_at(snapshots))


def make_key(number: int, trainings: int, split: Split) -> TrainingKey:
    """The key of the training of a number, from 1."""
    repeat, fold = locate_training(number, trainings, split.repeats)
    return TrainingKey(configuration="", repeat=repeat, fold=fold)


def make_tasks(trainer: Trainer, parts: Sequence[Parts], keys: Sequence[TrainingKey]) -> Iterator[Task]:
    """A task for each training; each is made when a worker is free, so that it has a fair part of the time left."""
    host, split = trainer.host, trainer.data.spec.data.split
    for number, (part, key) in enumerate(zip(parts, keys, strict=True), 1):
        left = len(parts) - number + 1
        seconds = (host.end - host.clock()) * min(1.0, host.executor.workers / left)
        kept = trainer.keeper.remember(number)
        yield Task(
            key=key,
            name=name_training(number, len(parts), split.repeats),
            payload=TrainingTask(number=number, part=part, remembered=kept, seconds=seconds),
        )
