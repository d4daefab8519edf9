"""`training.time_limit`: as many epochs as fit into the time, by how long some steps of a network on trial take."""

from collections.abc import Callable
from dataclasses import fields, replace
from math import inf

from mlptrain.engine.schedules import resized
from mlptrain.errors import Diverged
from mlptrain.fitting.checkpoint_file import Checkpoint
from mlptrain.fitting.execution import choice, suitable_threads
from mlptrain.fitting.trainings import new_course
from mlptrain.preparation.material import Material
from mlptrain.preparation.partitions import partitions
from mlptrain.preparation.preparation import prepare_part
from mlptrain.spec.durations import about, seconds
from mlptrain.spec.fields import Spec
from mlptrain.training.course import Course, batches
from mlptrain.training.loop import Clock, judged, train_step
from mlptrain.training.state import Running, TrainState, initial_state

PLANNED = 0.9
"""The part of the time that epochs are planned for; the rest is for the last metrics, the model file, checkpoints, and
a machine that becomes slower."""
TRIAL, SHARE, MOST_STEPS = 3.0, 0.02, 1000
"""Seconds of a trial at most, its part of the time at most, its steps at most."""


def limited(
    material: Material,
    found: Checkpoint | None,
    *,
    begun: float,
    threads: int | None,
    notice: Callable[[str], object],
    clock: Clock,
) -> tuple[Material, float]:
    """The material with as many epochs as fit into the time limit, and without it, and when the time is over.

    A fit that goes on has the epochs that it began with; its time begins anew.
    """
    limit = material.spec.training.time_limit
    if limit is None:
        return material, inf
    end = begun + seconds(limit)
    if found is not None:
        return replace(material, spec=of_unfinished(material.spec, found)), end
    epochs = affordable(material, end=end, threads=threads, notice=notice, clock=clock)
    return replace(material, spec=shortened(material.spec, epochs)), end


def of_unfinished(spec: Spec, found: Checkpoint) -> Spec:
    """The spec of a fit that goes on: with a time limit, it has no more epochs than it began with."""
    if spec.training.time_limit is None:
        return spec
    return shortened(spec, min(spec.training.epochs, found.epochs))


def shortened(spec: Spec, epochs: int) -> Spec:
    """The spec with so many epochs and no time limit; the epochs that schedules name change in proportion."""
    asked = spec.training.epochs
    given = {each.name: getattr(spec.schedules, each.name) for each in fields(spec.schedules)}
    changed = {name: each and resized(each, epochs, of=asked) for name, each in given.items()}
    training = replace(spec.training, epochs=epochs, time_limit=None)
    return replace(spec, training=training, schedules=replace(spec.schedules, **changed))


def affordable(
    material: Material, *, end: float, threads: int | None, notice: Callable[[str], object], clock: Clock
) -> int:
    """How many of the spec's epochs can be done until `end`, one at least; that there are fewer is said."""
    asked, begun, parts = material.spec.training.epochs, clock(), partitions(material)
    course = new_course(prepare_part(material, parts[0]), folds=len(parts))
    preparing = clock() - begun
    course.network.executor = choice(course).executor(str)
    with suitable_threads(course.network, course.batch_size, threads):
        epoch = epoch_seconds(course, clock, most=min(TRIAL, SHARE * (end - begun)))
    trainings = len(parts) + (refit_share(course) if material.spec.training.refit else 0.0)
    needed, left = trainings * (asked * epoch + preparing), PLANNED * (end - clock())
    if needed <= left:
        return asked
    epochs = min(asked, max(1, int((left / trainings - preparing) / epoch))) if epoch else asked
    fewer = "1 epoch" if epochs == 1 else f"{epochs:,} epochs"
    notice(f"time_limit: {asked:,} epoch{'s' * (asked > 1)} would take about {about(needed)}; {fewer}")
    return epochs


def refit_share(course: Course) -> float:
    """About how much longer than the search a refit takes whose best epoch is the last one."""
    return 1 + (course.validation.rows if course.validation else 0) / course.train.rows


def epoch_seconds(course: Course, clock: Clock, *, most: float) -> float:
    """About how long an epoch takes: rows shuffled, steps, what it was worth; 0 if the trial diverges at once.

    The course is spent: its network is no more the one that it was.
    """
    state = initial_state(course.network, course.spec.optimizer)
    try:
        train_step(course, state, next(batches(course, 0)), 1)  # which loads, compiles and allocates
        shuffling, step = trial(course, state, clock, most=most)
    except Diverged:
        return 0.0
    judged(course, state, Running(total=1.0, weight=1.0), 1.0)  # which compiles what only evaluation runs
    begun = clock()
    judged(course, state, Running(total=1.0, weight=1.0), 1.0)
    return shuffling + course.steps_per_epoch * step + clock() - begun


def trial(course: Course, state: TrainState, clock: Clock, *, most: float) -> tuple[float, float]:
    """Seconds before the first step of an epoch, and those of a step: means over `most` seconds of epochs."""
    shuffling = stepping = 0.0
    epochs = steps = 0
    while not steps or (shuffling + stepping < most and steps < MOST_STEPS):
        epochs, mark = epochs + 1, clock()
        for number, batch in enumerate(batches(course, epochs), 1):
            if number == 1:
                shuffling, mark = shuffling + clock() - mark, clock()
            train_step(course, state, batch, number)
            steps, stepping, mark = steps + 1, stepping + clock() - mark, clock()
            if shuffling + stepping >= most or steps == MOST_STEPS:
                break
    return shuffling / epochs, stepping / steps
