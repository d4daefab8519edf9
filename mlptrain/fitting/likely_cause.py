"""Why a training has probably learned little, and what to do: facts of its rows, its settings and its network."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mlptrain.engine.arrays import Floats
from mlptrain.engine.initializers import Auto
from mlptrain.figures import format_figure, format_setting
from mlptrain.fitting.outcome import TrainingResult
from mlptrain.fitting.remark import LEAST_EPOCHS, Run, Verdict, is_improving, is_standing_still, judge_learning
from mlptrain.model.architecture import complete_hidden_layers
from mlptrain.model.history import restore_epochs
from mlptrain.storage.container import Arrays
from mlptrain.training.course import Course
from mlptrain.training.divergence import (
    FAST,
    Extreme,
    describe_largest_target,
    describe_usual_rate,
    find_usual_rate,
    suggest_far_target_cure,
)

WEIGHTIEST = 0.5
"""The part of the sum of squared deviations from the median that one target makes up where it is far out."""
LEAST_ROWS = 20
"""Of fewer rows one may well be so far out."""
SLOW = 0.01
"""The learning rate / the optimizer's default, up to which it is far off."""
JUMP = 1.2
"""The training loss of an epoch / that of the one before it, from which on the loss jumps."""
LARGE = 30.0
"""The root of the mean square of a scaled input is about 1: this, or 1 / this, is the size of one that is not."""
DEEPEST: Mapping[str, int] = {"sigmoid": 2, "hard_sigmoid": 2, "tanh": 5, "hard_tanh": 5, "softsign": 5}
"""How many hidden layers of activations that saturate still learn well without a norm or shortcuts."""
MANY = 0.5
"""The part of a layer's units from which on those that are dead are the likely cause."""
UNKNOWN: Mapping[Verdict, str] = {
    "nothing": "perhaps the columns tell nothing of the target: see `mlptrain check`",
    "far worse": "try a smaller learning rate",
}
"""What is said where no cause is found."""
LESSON = 16
"""A table of no more rows is a lesson without noise, which a net with more parameters than rows can learn whole."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A training that has learned little: what it was, and how it went."""

    course: Course
    run: Run


Cause = Callable[[Case], str]


def make_run(course: Course, result: TrainingResult, history: Arrays) -> Run:
    """What is known of a training that is over; the likely cause only where it has learned little."""
    run = Run(
        epochs=restore_epochs(history),
        reason=result.reason,
        monitor=course.spec.training.monitor,
        best_epoch=result.best_epoch,
        validation_rows=course.validation.rows if course.validation else 0,
        train_metrics=result.metrics.get("train", {}),
        baseline_loss=result.baseline.get("train", {}).get("loss"),
        class_weights=course.train.class_weights is not None,
        early_stopping=course.spec.training.early_stopping is not None,
        running_loss=course.spec.training.train_loss == "running",
    )
    if len(run.epochs) < LEAST_EPOCHS:
        return run
    case = Case(course=course, run=run)
    verdict = judge_learning(run)
    found = (words for find in CAUSES.get(verdict, ()) if (words := find(case)))
    usual = course.spec.model.parametrization == "standard"  # ntk: weights of size 1 learn at larger rates
    fast = describe_rate_above_usual(case) if usual else ""
    return replace(run, cause=next(found, UNKNOWN.get(verdict, "")), fast=fast)


def describe_extreme_target(case: Case) -> str:
    """One target makes up most of what the loss is about."""
    if case.course.head.has_classes or case.course.train.rows < LEAST_ROWS:
        return ""
    targets = case.course.train.targets.reshape(case.course.train.rows, -1).astype(np.float64)
    squares = (targets - np.median(targets, axis=0)) ** 2
    shares = squares / np.maximum(squares.sum(axis=0), np.finfo(float).tiny)
    row, column = divmod(int(shares.argmax()), shares.shape[1])
    if shares[row, column] < WEIGHTIEST:
        return ""
    found = Extreme(row=row, column=column, value=float(targets[row, column]))
    where = describe_largest_target(case.course, found, np.arange(case.course.train.rows))
    return f"{where}, far from all others: {suggest_far_target_cure(case.course)}"


def describe_slow_rate(case: Case) -> str:
    """The learning rate is far below the optimizer's default."""
    rate, usual = find_rates(case)
    if rate > SLOW * usual:
        return ""
    asked = case.course.spec.optimizer.learning_rate
    shown = format_setting(asked if asked <= SLOW * usual else rate)
    return f"the learning rate of {shown} is far below {describe_usual_rate(case.course.spec)}: raise it"


def describe_fast_rate(case: Case) -> str:
    """The learning rate is far above the optimizer's default, and the loss jumps or units have died of it."""
    fast = describe_rate_above_usual(case)
    return fast if fast and (has_jumps(case.run) or find_dead_layer(case.course)) else ""


def describe_rate_above_usual(case: Case) -> str:
    """The learning rate is far above the optimizer's default."""
    rate, usual = find_rates(case)
    if rate < FAST * usual:
        return ""
    shown = format_setting(case.course.spec.optimizer.learning_rate)  # which no schedule exceeds
    return f"the learning rate of {shown} is far above {describe_usual_rate(case.course.spec)}: lower it"


def find_rates(case: Case) -> tuple[float, float]:
    """The largest learning rate of the epochs, and the optimizer's default."""
    usual = find_usual_rate(case.course.spec)
    return max(epoch.learning_rate for epoch in case.run.epochs), usual


def has_jumps(run: Run) -> bool:
    """Whether the training loss rises far from one epoch to the next, or begins far above the baseline."""
    losses, baseline = run.train_losses, run.baseline_loss or 0.0
    return losses[0] > 2 * baseline or any(b > JUMP * a for a, b in pairwise(losses))


def describe_converged_line(case: Case) -> str:
    """A linear model has found the best that a linear model can do."""
    return describe_linear_model(case) if is_standing_still(case.run) and not has_jumps(case.run) else ""


def describe_large_weights(case: Case) -> str:
    """The loss begins far above the baseline, from initial weights that do not fit the activations."""
    began, baseline = case.run.train_losses[0], case.run.baseline_loss or 0.0
    if isinstance(case.course.spec.model.kernel_initializer, Auto) or began <= 2 * baseline:
        return ""
    return "its initial weights are probably too large: leave model.kernel_initializer out, or set model.norm: batch"


def describe_linear_model(case: Case) -> str:
    """There is no hidden layer, or none that bends anything."""
    names = list_activations(case.course)
    if any(name != "linear" for name in names):
        return ""
    what = "its hidden layers are linear" if names else "it has no hidden layer"
    cure = "set model.activation" if names else "give model.hidden units"
    return f"{what}, and a linear model may not be enough: {cure}"


def list_activations(course: Course) -> list[str]:
    """The names of the hidden layers' activations."""
    layers = complete_hidden_layers(course.spec.model)
    return [layer.activation.name for layer in layers if layer.activation is not None]


def describe_unscaled_inputs(case: Case) -> str:
    """A column of inputs is far from the size 1 that scaled ones have."""
    sizes = np.sqrt((look_at_rows(case.course).astype(np.float64) ** 2).mean(axis=0))
    if not sizes.size or 1 / LARGE < (largest := float(sizes.max())) < LARGE:
        return ""
    origin = case.course.train.origin
    column = None if origin is None else origin.find_column(int(sizes.argmax()))
    what = "the inputs are" if column is None else f'the inputs of column "{column.name}" are'
    return f"{what} of size {format_figure(largest)}, not 1: set data.scaling"


def look_at_rows(course: Course) -> Floats:
    """Some training rows, as the network gets them."""
    x: Floats = course.train.x[: course.network.chunk_rows()]
    return x


def describe_deep_saturation(case: Case) -> str:
    """Many layers that saturate, without a norm or shortcuts: gradients vanish on the way back."""
    model = case.course.spec.model
    names = [name for name in list_activations(case.course) if name in DEEPEST]
    if not names or len(names) <= DEEPEST[names[0]] or model.norm is not None or model.residual is not None:
        return ""
    return f"{len(names)} layers of {names[0]} learn slowly: try silu or relu, model.norm: batch, or fewer layers"


def describe_falling_loss(case: Case) -> str:
    """The training loss was still falling."""
    if case.run.reason not in ("epochs", "time_limit") or not is_improving(case.run.train_losses, len(case.run.last)):
        return ""
    return "its training loss was still falling: more epochs"


def describe_dead_units(case: Case) -> str:
    """Many units of a hidden layer say the same of every row."""
    found = find_dead_layer(case.course)
    if found is None:
        return ""
    name, dead, units = found
    which = f"all {units}" if dead == units else f"{dead} of the {units}"
    return (
        f"{which} units of {name} are dead (the same for every row): a smaller learning rate, or other initial values"
    )


def find_dead_layer(course: Course) -> tuple[str, int, int] | None:
    """The first hidden layer most units of which are dead: its name, how many, of how many."""
    for name, y in trace_activations(course):
        dead = np.ptp(y, axis=-2) <= 1e-6 * np.abs(y).max(initial=1e-30)
        if dead.mean() >= MANY:
            return name, int(dead.sum()), dead.size
    return None


@np.errstate(all="ignore")
def trace_activations(course: Course) -> Iterator[tuple[str, NDArray[np.floating]]]:
    """The name of each hidden layer, and the outputs of its activation for some training rows."""
    rows, names = look_at_rows(course), {f".{name}" for name in list_activations(course)}
    if len(rows) < 2:
        return
    for name, y in course.network.trace_outputs(rows, course.network.begin(len(rows))):
        if any(name.endswith(each) for each in names):
            yield name.rpartition(".")[0], y


def describe_local_minimum(case: Case) -> str:
    """A small table without noise that a net with more parameters than rows has not learned whole."""
    spec = case.course.spec
    plain = not (case.course.network.traits.noisy or spec.regularization.l1 or spec.regularization.l2)
    if not plain or not case.course.train.rows <= min(LESSON, case.course.network.parameters.theta.size):
        return ""
    return "it is probably in a local minimum: another seed, or more units"


def describe_jumps(case: Case) -> str:
    """The loss jumps, whatever the learning rate is usually."""
    rate, _ = find_rates(case)
    return f"its loss jumps: a learning rate below {format_figure(rate)}" if has_jumps(case.run) else ""


FAILURES: Sequence[Cause] = (
    describe_extreme_target,
    describe_slow_rate,
    describe_converged_line,
    describe_fast_rate,
    describe_unscaled_inputs,
    describe_linear_model,
    describe_deep_saturation,
    describe_falling_loss,
    describe_dead_units,
    describe_jumps,
)
ASTRAY: Sequence[Cause] = (
    describe_extreme_target,
    describe_converged_line,
    describe_fast_rate,
    describe_unscaled_inputs,
    describe_large_weights,
    *FAILURES[FAILURES.index(describe_unscaled_inputs) + 1 :],
)
"""Steps that are too small throw no loss far above the baseline: one that stood still there has not moved at all."""
CAUSES: Mapping[Verdict, Sequence[Cause]] = {
    "far worse": ASTRAY,
    "nothing": FAILURES,
    "part": (describe_extreme_target, describe_slow_rate, describe_deep_saturation, describe_local_minimum),
}
"""The likely causes by how little was learned: the first that is found is told."""
