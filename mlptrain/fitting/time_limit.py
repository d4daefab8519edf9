"""`training.time_limit`: as many epochs as fit into the time, by how long some steps of a network on trial take."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from math import ceil

from mlptrain.engine.elementwise import NUMPY
from mlptrain.engine.schedules import resize_schedule
from mlptrain.errors import Diverged
from mlptrain.fitting.checkpoint_file import Checkpoint
from mlptrain.fitting.execution import choose_executor
from mlptrain.fitting.host import Clock, Host, ignore_notice
from mlptrain.fitting.training import make_course
from mlptrain.model.products import limit_threads
from mlptrain.preparation.material import TrainingData
from mlptrain.preparation.partitions import divide_rows
from mlptrain.preparation.preparation import fit_and_encode_parts
from mlptrain.preparation.splits import Parts
from mlptrain.spec.durations import describe_duration, parse_duration
from mlptrain.spec.fields import Spec
from mlptrain.training.course import Course, draw_batches
from mlptrain.training.loop import evaluate_finished_epoch, train_step
from mlptrain.training.state import Running, TrainState, make_initial_state

PLANNED = 0.93
"""The part of the time until the end that epochs are planned for; the rest is for metrics, checkpoints, and
a machine that becomes slower."""
TRIAL, SHARE, MOST_STEPS = 3.0, 0.02, 1000
"""Seconds of a trial at most, its part of the time at most, its steps at most."""
KEPT = 0.97
"""The part of the limit until which trainings go on; the rest is for what comes after the last one."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How long things take here, in seconds."""

    preparing: float
    """Columns fitted, rows encoded, a network made: once for each training."""
    epoch: float
    workers: int = 1
    """Trainings that go on at a time."""


@dataclass(frozen=True, kw_only=True)
class GivenUp:
    """What was given up for a time limit, in words."""

    whole: str
    """What there was no time for."""
    needed: float
    """The seconds that it would take."""
    about: str
    """What takes its place."""


def begin_time_limit(limit: float | str | None, host: Host) -> Host:
    """The host with the end of its time, a little before the limit: the last metrics and the model file take some."""
    if limit is None:
        return host
    return replace(host, end=(host.clock() if host.begun is None else host.begun) + KEPT * parse_duration(limit))


def apply_time_limit(
    data: TrainingData, unfinished: Checkpoint | None, host: Host, given_up: GivenUp | None = None
) -> TrainingData:
    """The data of a spec with as many epochs as fit into its time limit, and without it.

    A fit that goes on has the epochs that it began with; its time begins anew.
    """
    if data.spec.training.time_limit is None:
        return data
    if unfinished is not None:
        return replace(data, spec=shorten_spec_like_unfinished(data.spec, unfinished))
    epochs, needed = count_affordable_epochs(data, host)
    asked = data.spec.training.epochs
    message = describe_shortening(asked, epochs, needed, given_up)
    if epochs == 1 and needed / asked > host.end - host.clock():
        message = f"{message or 'time_limit: 1 epoch'}, the least there is, takes longer than the limit leaves"
    if message:
        host.notice(message)
    return replace(data, spec=shorten_spec_epochs(data.spec, epochs))


def shorten_spec_like_unfinished(spec: Spec, unfinished: Checkpoint) -> Spec:
    """The spec of a fit that goes on: with a time limit, it has no more epochs than it began with."""
    if spec.training.time_limit is None:
        return spec
    return shorten_spec_epochs(spec, min(spec.training.epochs, unfinished.epochs))


def shorten_spec_epochs(spec: Spec, epochs: int) -> Spec:
    """The spec with fewer epochs and no time limit; the epochs that schedules name change in proportion."""
    asked = spec.training.epochs
    given = {each.name: getattr(spec.schedules, each.name) for each in fields(spec.schedules)}
    changed = {name: each and resize_schedule(each, epochs, of=asked) for name, each in given.items()}
    training = replace(spec.training, epochs=epochs, time_limit=None)
    return replace(spec, training=training, schedules=replace(spec.schedules, **changed))


def describe_shortening(asked: int, epochs: int, needed: float, given_up: GivenUp | None) -> str:
    """What a time limit leaves, in one line; empty if nothing was given up."""
    if given_up is not None:
        of_all = f"{epochs:,} of {asked:,} epochs" if epochs < asked else count_noun(asked, "epoch")
        whole = f"{given_up.whole} would take about {describe_duration(given_up.needed)}"
        return f"time_limit: {whole}; {given_up.about}, {of_all}"
    if epochs == asked:
        return ""
    whole = f"{count_noun(asked, 'epoch')} would take about {describe_duration(needed)}"
    return f"time_limit: {whole}; {count_noun(epochs, 'epoch')}"


def count_noun(count: int, noun: str) -> str:
    """A count with its noun: 1 epoch, 2 epochs."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def count_affordable_epochs(data: TrainingData, host: Host) -> tuple[int, float]:
    """How many of the spec's epochs can be done until the host's end, one at least; the seconds that all would take.

    Compiled loops are tried only where they pay within the epochs that there is time for without them.
    """
    begun, parts = host.clock(), divide_rows(data)
    course = make_course(fit_and_encode_parts(data, parts[0]), folds=len(parts))
    preparing, most = host.clock() - begun, min(TRIAL, SHARE * (host.end - begun))
    course.network.executor = NUMPY
    pace = replace(time_pace(course, host, most=most), preparing=preparing)
    needed, epochs = plan_epochs(data.spec, parts, pace, host)
    if choose_executor(course, epochs=epochs).compiled:
        course.network.executor = choose_executor(course, epochs=epochs).load(ignore_notice)
        pace = replace(time_pace(course, host, most=most), preparing=preparing)
        needed, epochs = plan_epochs(data.spec, parts, pace, host)
    return epochs, needed


def plan_epochs(spec: Spec, parts: Sequence[Parts], pace: Pace, host: Host) -> tuple[float, int]:
    """The seconds that all epochs would take, and how many of them can be done until the host's end, one at least."""
    asked, needed = spec.training.epochs, estimate_seconds(spec, parts, pace)
    left = PLANNED * (host.end - host.clock())
    if needed <= left or not pace.epoch:
        return needed, asked
    trainings = count_trainings_in_turn(spec, parts, pace.workers)
    return needed, min(asked, max(1, int((left / trainings - pace.preparing) / pace.epoch)))


def estimate_seconds(spec: Spec, parts: Sequence[Parts], pace: Pace) -> float:
    """About how long all trainings of a spec take."""
    return count_trainings_in_turn(spec, parts, pace.workers) * (spec.training.epochs * pace.epoch + pace.preparing)


def count_trainings_in_turn(spec: Spec, parts: Sequence[Parts], workers: int) -> float:
    """How many trainings one worker does; a refit up to the last epoch counts by its rows (an upper bound)."""
    first = parts[0]
    return ceil(len(parts) / workers) + (1 + len(first.validation) / len(first.train) if spec.training.refit else 0.0)


def time_pace(course: Course, host: Host, *, most: float) -> Pace:
    """About how long an epoch takes: rows shuffled, steps, what it was worth; 0 if the trial diverges at once.

    The course is spent: its network is no more the one that it was.
    """
    with limit_threads(course.network, course.batch_size, host.threads):
        epoch = time_epoch(course, host.clock, most=most)
    return Pace(preparing=0.0, epoch=epoch, workers=host.executor.workers)


def time_epoch(course: Course, clock: Clock, *, most: float) -> float:
    """The seconds of an epoch; the course is spent."""
    state = make_initial_state(course.network, course.spec.optimizer)
    try:
        train_step(course, state, next(draw_batches(course, 0)), 1)  # which loads, compiles and allocates
        shuffling, step = time_steps(course, state, clock, most=most)
    except Diverged:
        return 0.0
    evaluate_finished_epoch(
        course, state, Running(total=1.0, weight=1.0), 1.0
    )  # which compiles what only evaluation runs
    begun = clock()
    evaluate_finished_epoch(course, state, Running(total=1.0, weight=1.0), 1.0)
    return shuffling + course.steps_per_epoch * step + clock() - begun


def time_steps(course: Course, state: TrainState, clock: Clock, *, most: float) -> tuple[float, float]:
    """Seconds before the first step of an epoch, and those of a step: means over `most` seconds of epochs."""
    shuffling = stepping = 0.0
    epochs = steps = 0
    while not steps or (shuffling + stepping < most and steps < MOST_STEPS):
        epochs, mark = epochs + 1, clock()
        for number, batch in enumerate(draw_batches(course, epochs), 1):
            if number == 1:
                shuffling, mark = shuffling + clock() - mark, clock()
            train_step(course, state, batch, number)
            steps, stepping, mark = steps + 1, stepping + clock() - mark, clock()
            if shuffling + stepping >= most or steps == MOST_STEPS:
                break
    return shuffling / epochs, stepping / steps
