"""Trials: short trainings that decide which of a recipe's choices suits the rows."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import ceil, inf
from typing import TYPE_CHECKING

from mlptrain.errors import Diverged
from mlptrain.spec.fields import Monitor
from mlptrain.training.loop import fit, never
from mlptrain.training.material import Material
from mlptrain.training.partitions import partitions
from mlptrain.training.preparation import prepare_part
from mlptrain.training.state import initial_state
from mlptrain.workflows.execution import choice as executor_choice
from mlptrain.workflows.execution import suitable_threads
from mlptrain.workflows.trainings import new_course

if TYPE_CHECKING:
    from mlptrain.spec.recipes import Trial


def decide(
    materials: Sequence[Material],
    trial: "Trial",
    *,
    threads: int | None,
    notice: Callable[[str], object],
    stop: Callable[[], bool] = never,
) -> int:
    """The choice whose short training came to the least log loss (of numbers, RMSE) on the validation rows.

    The first one, unless another is better by more than the margin, relative to it.
    """
    values = [worth(material, trial.steps, threads, stop) for material in materials]
    best = min(range(len(values)), key=values.__getitem__)
    best = best if values[best] < values[0] * (1 - trial.margin) else 0
    compared = ", ".join(f"{each.about} {value:.4g}" for each, value in zip(trial.choices, values, strict=True))
    notice(f"trials of {trial.steps:,} steps: {compared}; taken: {trial.choices[best].about}")
    return best


def worth(material: Material, steps: int, threads: int | None, stop: Callable[[], bool]) -> float:
    """The watched value of the best epoch of a short training of one network on the first part of the rows."""
    prepared = prepare_part(material, partitions(material)[0])
    spec, rows = prepared.spec, prepared.train.rows
    size = rows if spec.training.batch_size == "full" else min(spec.training.batch_size, rows)
    metric: Monitor = "log_loss" if material.classes is not None else "rmse"
    training = replace(spec.training, epochs=max(ceil(steps * size / rows), 1), monitor=metric, early_stopping=None)
    course = new_course(replace(prepared, spec=replace(spec, training=training, members=1)))
    course.network.executor = executor_choice(course).executor(str)
    state = initial_state(course.network, spec.optimizer)
    try:
        with suitable_threads(course.network, course.batch_size, threads):
            for _ in fit(course, state, stop=stop):
                pass
    except Diverged:
        return inf
    return state.best.value
