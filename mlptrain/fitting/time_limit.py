"""`training.time_limit`: as many epochs as fit into the time, by how long some steps of a network on trial take."""

from dataclasses import fields, replace

from mlptrain.engine.schedules import resize_schedule
from mlptrain.errors import Diverged
from mlptrain.fitting.checkpoint_file import Checkpoint
from mlptrain.fitting.execution import choose_executor
from mlptrain.fitting.host import Clock, Host, ignore_notice
from mlptrain.fitting.trainings import make_course
from mlptrain.model.products import limit_threads
from mlptrain.preparation.material import TrainingData
from mlptrain.preparation.partitions import divide_rows
from mlptrain.preparation.preparation import fit_and_encode_parts
from mlptrain.spec.durations import describe_duration, parse_duration
from mlptrain.spec.fields import Spec
from mlptrain.training.course import Course, draw_batches
from mlptrain.training.loop import evaluate_finished_epoch, train_step
from mlptrain.training.state import Running, TrainState, make_initial_state

PLANNED = 0.9
"""The part of the time that epochs are planned for; the rest is for the last metrics, the model file, checkpoints, and
a machine that becomes slower."""
TRIAL, SHARE, MOST_STEPS = 3.0, 0.02, 1000
"""Seconds of a trial at most, its part of the time at most, its steps at most."""


def apply_time_limit(data: TrainingData, unfinished: Checkpoint | None, host: Host) -> tuple[TrainingData, Host]:
    """The data of a spec with as many epochs as fit into its time limit, and without it; the host knows its end.

    A fit that goes on has the epochs that it began with; its time begins anew.
    """
    limit = data.spec.training.time_limit
    if limit is None:
        return data, host
    host = replace(host, end=(host.clock() if host.begun is None else host.begun) + parse_duration(limit))
    if unfinished is not None:
        return replace(data, spec=shorten_spec_like_unfinished(data.spec, unfinished)), host
    return replace(data, spec=shorten_spec_epochs(data.spec, count_affordable_epochs(data, host))), host


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


def count_affordable_epochs(data: TrainingData, host: Host) -> int:
    """How many of the spec's epochs can be done until the host's end, one at least; a notice says if fewer."""
    asked, begun, parts = data.spec.training.epochs, host.clock(), divide_rows(data)
    course = make_course(fit_and_encode_parts(data, parts[0]), folds=len(parts))
    preparing = host.clock() - begun
    course.network.executor = choose_executor(course).load(ignore_notice)
    with limit_threads(course.network, course.batch_size, host.threads):
        epoch = time_epoch(course, host.clock, most=min(TRIAL, SHARE * (host.end - begun)))
    trainings = len(parts) + (estimate_refit_cost_ratio(course) if data.spec.training.refit else 0.0)
    needed, left = trainings * (asked * epoch + preparing), PLANNED * (host.end - host.clock())
    if needed <= left:
        return asked
    epochs = min(asked, max(1, int((left / trainings - preparing) / epoch))) if epoch else asked
    fewer = "1 epoch" if epochs == 1 else f"{epochs:,} epochs"
    host.notice(f"time_limit: {asked:,} epoch{'s' * (asked > 1)} would take about {describe_duration(needed)}; {fewer}")
    return epochs


def estimate_refit_cost_ratio(course: Course) -> float:
    """Time of a refit / time of the search, if the best epoch is the last one (an upper bound)."""
    return 1 + (course.validation.rows if course.validation else 0) / course.train.rows


def time_epoch(course: Course, clock: Clock, *, most: float) -> float:
    """About how long an epoch takes: rows shuffled, steps, what it was worth; 0 if the trial diverges at once.

    The course is spent: its network is no more the one that it was.
    """
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
