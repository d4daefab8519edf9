"""Trials: short trainings that decide which of a recipe's choices suits the rows."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import ceil, inf
from typing import TYPE_CHECKING

from mlptrain.engine.members import Networks
from mlptrain.errors import Diverged, Interrupted
from mlptrain.fitting.checkpoint_file import Checkpoint
from mlptrain.fitting.execution import choice as executor_choice
from mlptrain.fitting.execution import suitable_threads
from mlptrain.fitting.time_limit import SHARE, TRIAL, epoch_seconds, of_unfinished
from mlptrain.fitting.trainings import new_course
from mlptrain.preparation.material import Material
from mlptrain.preparation.partitions import partitions
from mlptrain.preparation.preparation import prepare_part
from mlptrain.spec.durations import seconds
from mlptrain.spec.fields import Monitor
from mlptrain.spec.plain import to_plain
from mlptrain.training.course import Course
from mlptrain.training.loop import Clock, fit, never
from mlptrain.training.state import initial_state

if TYPE_CHECKING:
    from mlptrain.spec.recipes import Trial

PART, LEAST = 0.15, 1 / 3
"""Of a time limit, what trials take at most; of a trial's steps, how many tell something at least."""


def decide(
    materials: Sequence[Material],
    trial: "Trial",
    *,
    found: Checkpoint | None = None,
    threads: int | None,
    notice: Callable[[str], object],
    stop: Callable[[], bool] = never,
    clock: Clock = time.monotonic,
) -> int:
    """The choice whose short training came to the least log loss (of numbers, RMSE) on the validation rows.

    The first one, unless another is better by more than the margin, relative to it, or there are no validation rows. A
    fit that goes on has the choice that it began with; one that is stopped before there is a choice has none to keep.
    """
    if found is not None and (before := begun_with(materials, found)) is not None:
        return before
    if not materials[0].spec.data.split.validates:
        notice(f"there are no validation rows for trials; taken: {trial.choices[0].about}")
        return 0
    trial = replace(trial, steps=steps_in_time(materials, trial, threads, clock))
    if not trial.steps:
        notice(f"time_limit: there is no time for trials; taken: {trial.choices[0].about}")
        return 0
    values = [worth(material, trial.steps, threads, stop) for material in materials]
    if stop():
        raise Interrupted("stopped during the trials; nothing was written")
    best = min(range(len(values)), key=values.__getitem__)
    best = best if values[best] < values[0] * (1 - trial.margin) else 0
    compared = ", ".join(f"{each.about} {value:.4g}" for each, value in zip(trial.choices, values, strict=True))
    notice(f"trials of {trial.steps:,} steps: {compared}; taken: {trial.choices[best].about}")
    return best


def begun_with(materials: Sequence[Material], found: Checkpoint) -> int | None:
    """The choice of an unfinished fit, if it is one of these."""
    specs = [to_plain(of_unfinished(material.spec, found)) for material in materials]
    return next((number for number, spec in enumerate(specs) if spec == found.spec), None)


def steps_in_time(materials: Sequence[Material], trial: "Trial", threads: int | None, clock: Clock) -> int:
    """The steps of a trial: fewer where all choices would take more than a part of the time limit, 0 for too few."""
    limit = materials[0].spec.training.time_limit
    if limit is None:
        return trial.steps
    room, step = seconds(limit) * PART, 0.0
    for material in materials:
        course = trial_course(material, trial.steps)
        with suitable_threads(course.network, course.batch_size, threads):
            epoch = epoch_seconds(course, clock, most=min(TRIAL, room * SHARE))
        step += epoch / course.steps_per_epoch
    steps = trial.steps if step * trial.steps <= room else int(room / step)
    return steps if steps >= trial.steps * LEAST else 0


def trial_course(material: Material, steps: int) -> Course:
    """A short training of one network on the first part of the rows, no longer than the spec's own."""
    prepared = prepare_part(material, partitions(material)[0])
    spec, rows = prepared.spec, prepared.train.rows
    size = rows if spec.training.batch_size == "full" else min(spec.training.batch_size, rows)
    metric: Monitor = "log_loss" if material.classes is not None else "rmse"
    epochs = min(max(ceil(steps * size / rows), 1), spec.training.epochs)
    training = replace(spec.training, epochs=epochs, monitor=metric, early_stopping=None)
    course = new_course(replace(prepared, spec=replace(spec, training=training, members=Networks())))
    course.network.executor = executor_choice(course).executor(str)
    return course


def worth(material: Material, steps: int, threads: int | None, stop: Callable[[], bool]) -> float:
    """The watched value of the best epoch of a short training."""
    course = trial_course(material, steps)
    state = initial_state(course.network, course.spec.optimizer)
    try:
        with suitable_threads(course.network, course.batch_size, threads):
            for _ in fit(course, state, stop=stop):
                pass
    except Diverged:
        return inf
    return state.best.value
