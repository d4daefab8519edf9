"""Trials: short trainings that decide which of a recipe's choices suits the rows."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from math import ceil, inf

from mlptrain.engine.class_metrics import LogLoss
from mlptrain.engine.members import Networks
from mlptrain.engine.number_metrics import RMSE
from mlptrain.errors import Diverged, Interrupted
from mlptrain.figures import format_figure
from mlptrain.fitting.candidates import Candidate
from mlptrain.fitting.checkpoint_file import Checkpoint
from mlptrain.fitting.execution import choose_executor
from mlptrain.fitting.host import Host, ignore_notice
from mlptrain.fitting.time_limit import SHARE, TRIAL, shorten_spec_epochs, time_epoch
from mlptrain.fitting.training import make_course
from mlptrain.model.products import limit_threads
from mlptrain.plain import to_stored
from mlptrain.preparation.material import TrainingData
from mlptrain.preparation.partitions import divide_rows
from mlptrain.preparation.preparation import fit_and_encode_parts
from mlptrain.spec.durations import parse_duration
from mlptrain.spec.fields import Monitor
from mlptrain.spec.recipes import Trial
from mlptrain.training.course import Course
from mlptrain.training.events import Sink, StepsDone, TrialSteps, tell_sinks
from mlptrain.training.loop import train
from mlptrain.training.state import make_initial_state

PART, LEAST = 0.15, 1 / 3
"""The largest part of a time limit that trials take; the least part of a trial's steps that tells something."""


def choose_candidate(
    candidates: Sequence[Candidate],
    trial: Trial | None,
    unfinished: Checkpoint | None,
    host: Host,
    sinks: Sequence[Sink] = (),
) -> Candidate:
    """The candidate whose short training came to the least log loss (of numbers, RMSE) on the validation rows.

    The first one, unless another is better by more than the margin, relative to it, or there are no validation rows. A
    fit that goes on has the choice that it began with; one that is stopped before there is a choice keeps none.
    """
    if trial is None or len(candidates) < 2:
        return candidates[0]
    if unfinished is not None and (before := find_unfinished_candidate(candidates, unfinished)) is not None:
        return before
    if not candidates[0].data.spec.data.split.validates:
        host.notice(f"there are no validation rows for trials; taken: {trial.choices[0].about}")
        return candidates[0]
    trial = replace(trial, steps=count_affordable_trial_steps(candidates, trial, host))
    if not trial.steps:
        host.notice(f"time_limit: there is no time for trials; taken: {trial.choices[0].about}")
        return candidates[0]
    return candidates[find_best_candidate(candidates, trial, host, sinks)]


def find_best_candidate(candidates: Sequence[Candidate], trial: Trial, host: Host, sinks: Sequence[Sink] = ()) -> int:
    """The number of the candidate that did best in its short training."""
    values = []
    for number, (candidate, choice) in enumerate(zip(candidates, trial.choices, strict=True), 1):
        host.remark(f"trial {number} of {len(candidates)}: {choice.about}, {trial.steps:,} steps")
        tell = partial(tell_trial_steps, sinks, number, len(candidates))
        values.append(try_training(candidate.data, trial.steps, host, tell))
    if host.stop():
        raise Interrupted("stopped during the trials; nothing was written")
    best = min(range(len(values)), key=values.__getitem__)
    best = best if values[best] < values[0] * (1 - trial.margin) else 0
    compared = ", ".join(
        f"{each.about} {format_figure(value)}" for each, value in zip(trial.choices, values, strict=True)
    )
    host.notice(f"trials of {trial.steps:,} steps: {compared}; taken: {trial.choices[best].about}")
    return best


def find_unfinished_candidate(candidates: Sequence[Candidate], unfinished: Checkpoint) -> Candidate | None:
    """The choice of an unfinished fit, if it is one of these."""
    specs = [to_stored(shorten_spec_epochs(each.data.spec, unfinished.epochs)) for each in candidates]
    return next((each for each, spec in zip(candidates, specs, strict=True) if spec == unfinished.spec), None)


def count_affordable_trial_steps(candidates: Sequence[Candidate], trial: Trial, host: Host) -> int:
    """The steps of a trial: fewer where all choices would take more than a part of the time limit, 0 for too few."""
    limit = candidates[0].data.spec.training.time_limit
    if limit is None:
        return trial.steps
    room, step = parse_duration(limit) * PART, 0.0
    for each in candidates:
        course = make_trial_course(each.data, trial.steps)
        with limit_threads(course.network, course.batch_size, host.threads):
            epoch = time_epoch(course, host.clock, most=min(TRIAL, room * SHARE))
        step += epoch / course.steps_per_epoch
    steps = trial.steps if step * trial.steps <= room else int(room / step)
    return steps if steps >= trial.steps * LEAST else 0


def make_trial_course(data: TrainingData, steps: int) -> Course:
    """A short training of one network on the first part of the rows, no longer than the spec's own."""
    encoded = fit_and_encode_parts(data, divide_rows(data)[0])
    spec, rows = encoded.spec, encoded.train.rows
    size = rows if spec.training.batch_size == "full" else min(spec.training.batch_size, rows)
    metric: Monitor = LogLoss.name if data.classes is not None else RMSE.name
    epochs = min(max(ceil(steps * size / rows), 1), spec.training.epochs)
    training = replace(spec.training, epochs=epochs, monitor=metric, early_stopping=None, watch_layers=0)
    course = make_course(replace(encoded, spec=replace(spec, training=training, members=Networks())))
    course.network.executor = choose_executor(course).load(ignore_notice)
    return course


def tell_trial_steps(sinks: Sequence[Sink], trial: int, trials: int, steps: int, planned: int) -> None:
    """Tell the sinks how far a trial has come."""
    tell_sinks(sinks, TrialSteps(trial=trial, trials=trials, steps=steps, planned=planned))


def try_training(data: TrainingData, steps: int, host: Host, tell: Callable[[int, int], object]) -> float:
    """The watched value of the best epoch of a short training; `tell` is called with the steps done, of how many."""
    course = make_trial_course(data, steps)
    state = make_initial_state(course.network, course.spec.optimizer)
    planned = course.steps_per_epoch * course.epochs
    try:
        with limit_threads(course.network, course.batch_size, host.threads):
            for event in train(course, state, stop=host.stop):
                if isinstance(event, StepsDone):
                    tell(state.step, planned)
    except Diverged:
        return inf
    finally:
        tell(planned, planned)
    return state.best.value
