"""The error when training leaves the finite numbers: what is not finite first, at which row, and what helps.

The loss of every batch is looked at before the optimizer touches θ: the batch can be run once more, layer by layer,
with the very parameters and the very masks of dropout that gave the loss.
"""

from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.engine.arrays import Floats
from mlptrain.engine.layer import ForwardContext
from mlptrain.engine.losses import compute_member_row_losses
from mlptrain.engine.parameters import Parameters
from mlptrain.engine.penalties import compute_norm
from mlptrain.errors import Diverged
from mlptrain.figures import format_figure, format_rate, format_setting
from mlptrain.spec.fields import Spec
from mlptrain.training.course import Batch, Course
from mlptrain.training.state import TrainState

LOGARITHMS = {"none": "", "log": "logarithm", "log1p": "logarithm"}
"""What is said of a target that was transformed."""
FAR = 1e3
"""Inputs and targets are of size 1 where they are scaled: a number beyond this is the likely cause."""
FAST = 30.0
"""The learning rate / the optimizer's default, from which on it is far off."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is not finite first, its rows of the batch, and the size of the largest number before it.

    The rows are (B,), or (M, B) where each member has rows of its own.
    """

    what: str
    rows: NDArray[np.bool_]
    before: float


@dataclass(frozen=True, kw_only=True)
class Extreme:
    """The number of the largest size among some rows of a batch: its row, its column, itself."""

    row: int
    column: int
    value: float

    @property
    def size(self) -> float:
        return abs(self.value) if isfinite(self.value) else np.inf


def build_batch_divergence_error(
    course: Course, state: TrainState, batch: Batch, *, number: int, lr: float, run: ForwardContext
) -> Diverged:
    """The error that the loss of a batch (the `number`-th of its epoch) is not finite."""
    fault = find_first_nonfinite_value(course, state, batch, run) or Fault(
        what="the mean of the losses",
        rows=np.ones(batch[0].shape[:-1], bool),
        before=float(np.finfo(batch[0].dtype).max),
    )
    length = compute_norm(course.network.parameters.gradient)
    known = f", gradient norm {format_figure(length)}" if isfinite(length) else ""
    part = f"{course.name}, " if course.name else ""
    when = f"in {part}epoch {state.epoch + 1}, batch {number} (learning rate {format_rate(lr)}{known})"
    return build_divergence_error(course, when, fault, batch, course.row_numbers(state.epoch, number))


@np.errstate(all="ignore")
def build_final_divergence_error(course: Course, state: TrainState) -> Diverged:
    """The error that the loss of the training rows is not finite with the parameters that were kept."""
    part, network = course.train, course.network
    which = f" of {course.name}" if course.name else ""
    when = f"after the last step{which} (learning rate {format_rate(state.history[-1].learning_rate)})"
    for start in range(0, part.rows, network.chunk_rows()):
        rows = slice(start, start + network.chunk_rows())
        batch = part.x[rows], part.targets[rows], None
        fault = find_first_nonfinite_value(course, state, batch, network.begin(len(batch[0])))
        if fault is not None:
            return build_divergence_error(course, when, fault, batch, np.arange(part.rows)[rows])
    return Diverged(f"training diverged: the loss is not finite {when}; {suggest_smaller_steps(course.spec)}")


def find_first_nonfinite_value(course: Course, state: TrainState, batch: Batch, run: ForwardContext) -> Fault | None:
    """The first fault on the way from θ and the inputs to the loss; None if all numbers are finite."""
    x, targets, _ = batch
    network, everywhere = course.network, np.ones(x.shape[:-1], bool)
    if what := describe_nonfinite_parameters(network.parameters, state):
        return Fault(what=what, rows=everywhere, before=find_largest_finite_magnitude(network.parameters.theta))
    before = find_largest_finite_magnitude(x)
    for name, y in network.trace_outputs(x, run):
        faulty = (~np.isfinite(y)).any(axis=-1)
        if faulty.any():
            return Fault(
                what=f"the output of layer {name}", rows=merge_member_fault_rows(faulty, everywhere), before=before
            )
        x, before = y, find_largest_finite_magnitude(y)
    losses, _ = (
        course.head.loss.rows(x, targets) if x.ndim == 2 else compute_member_row_losses(course.head.loss, x, targets)
    )
    if not np.isfinite(losses).all():
        return Fault(
            what="the loss itself", rows=merge_member_fault_rows(~np.isfinite(losses), everywhere), before=before
        )
    weights = network.parameters.theta[network.parameters.regions["weight"]]
    if not isfinite(course.spec.regularization.value(weights)):
        return Fault(what="the penalty on the weights", rows=everywhere, before=find_largest_finite_magnitude(weights))
    return None


def merge_member_fault_rows(faulty: Any, rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether each row is faulty, for any member if members share their rows."""
    return np.asarray(faulty.any(axis=0) if faulty.ndim > rows.ndim else faulty)


def describe_nonfinite_parameters(parameters: Parameters, state: TrainState) -> str:
    """Which parameters the step before has made not finite, or whose gradient it was; empty if all are finite.

    The first slot of an optimizer sums gradients or their squares: it tells whether they were finite.
    """
    faulty = [name for name, values in parameters.values.items() if not np.isfinite(values).all()]
    if not faulty:
        return ""
    for slot in list(state.slots.values())[:1]:
        summed = [name for name, values in parameters.views(slot).items() if not np.isfinite(values).all()]
        if summed:
            return f"the gradient of {summed[-1]} in the step before"
    return f"the parameters {faulty[0]} after the step before"


def find_largest_finite_magnitude(values: Floats) -> float:
    """The size of the largest finite number."""
    return float(np.abs(values[np.isfinite(values)]).max(initial=0))


def find_largest_magnitude_entry(values: Floats, rows: NDArray[np.bool_]) -> Extreme:
    """The number (B, K) of the largest size among some rows; NaN counts as the largest."""
    chosen = np.flatnonzero(rows)
    sizes = np.nan_to_num(np.abs(values[chosen]), nan=np.inf)
    row, column = divmod(int(sizes.argmax()), values.shape[1])
    return Extreme(row=int(chosen[row]), column=column, value=float(values[chosen[row], column]))


def build_divergence_error(
    course: Course, when: str, fault: Fault, batch: Batch, numbers: NDArray[np.int64]
) -> Diverged:
    """The error in words: when, what first, the row and column of the largest input (or target), what to do."""
    x, targets, _ = batch
    rows, numbers = fault.rows.reshape(-1), numbers.reshape(-1)  # of all members, one below the other
    found = find_largest_magnitude_entry(x.reshape(len(rows), -1), rows)
    answer = find_largest_magnitude_entry(targets.reshape(len(rows), -1), rows) if not course.head.has_classes else None
    if answer is not None and answer.size > max(FAR, found.size):
        where, cure = describe_largest_target(course, answer, numbers), suggest_target_cure(course)
    else:
        where = describe_largest_input(course, found, numbers) if found.size > FAR else ""
        cure = suggest_input_cure(course, found) or suggest_smaller_steps(course.spec)
    first = f"first is {fault.what}, after numbers up to {format_figure(fault.before)}"
    said = "; ".join(filter(None, [f"the loss is not finite {when}", first, where, cure]))
    return Diverged(f"training diverged: {said}")


def describe_largest_input(course: Course, found: Extreme, numbers: NDArray[np.int64]) -> str:
    """The file, line and column of an input, what is written there, and what the network gets."""
    origin, row = course.train.origin, int(numbers[found.row])
    if origin is None:
        return f"the largest input is {format_figure(found.value)}, number {found.column + 1} of training row {row + 1}"
    where, what = origin.describe_place(row), origin.describe_input(row, found.column)
    return f"the largest input is {format_figure(found.value)}, {where}: {what}"


def describe_largest_target(course: Course, found: Extreme, numbers: NDArray[np.int64]) -> str:
    """The file, line and column of the largest target, and what is written there."""
    origin, row, name = course.train.origin, int(numbers[found.row]), course.head.names[found.column]
    where = (
        f"training row {row + 1}"
        if origin is None
        else f"{origin.describe_place(row)}: {origin.describe_cell(row, name)}"
    )
    return f"the largest target is {format_figure(found.value)}{describe_target_units(course)}, {where}"


def describe_target_units(course: Course) -> str:
    """What a target is to the network, where it is not what the user has written; with a blank before it."""
    if not course.head.scales_target:
        return ""
    data = course.spec.data
    scaled = data.scale_target and not course.head.loss.counts
    return (
        f" ({'scaled' * scaled}{' ' * (scaled and data.target_transform != 'none')}{LOGARITHMS[data.target_transform]})"
    )


def suggest_target_cure(course: Course) -> str:
    """What to do about targets that are large, all of them perhaps."""
    if course.spec.data.scale_target or course.head.loss.counts:
        return suggest_far_target_cure(course)
    return "set data.scale_target: true"


def suggest_far_target_cure(course: Course) -> str:
    """What to do about a single target that is far out, which scaling does not bring nearer to the others."""
    can_be_logs = course.spec.data.target_transform == "none" and course.train.truth.min() > -1
    return f"mend it, or {'set data.target_transform: log1p' if can_be_logs else 'leave its row out'}"


def suggest_input_cure(course: Course, found: Extreme) -> str:
    """What to do about an input that is far out; empty if it is not."""
    column = None if course.train.origin is None else course.train.origin.find_column(found.column)
    if found.size <= FAR or column is None or not column.is_scaled:
        return ""
    return f"mend it, or scale the column and bound it: data.columns: {{{column.name}: {{scaling: robust}}}}"


def suggest_smaller_steps(spec: Spec) -> str:
    """What to do about steps that are too large, and why they are, where a setting tells."""
    optimizer = spec.optimizer
    rate, decay = optimizer.learning_rate, getattr(optimizer, "weight_decay", 0.0)
    if rate >= FAST * find_usual_rate(spec) and spec.model.parametrization == "standard":  # ntk learns at larger ones
        why = f"the learning rate of {format_setting(rate)} is far above {describe_usual_rate(spec)}"
        return f"{why}: lower optimizer.learning_rate"
    if rate * decay > 1:
        factor = (
            f"each step multiplies the weights by 1 − learning_rate · weight_decay = {format_figure(1 - rate * decay)}"
        )
        return f"{factor}: lower optimizer.weight_decay, which is {format_setting(decay)}"
    clipping = ", or optimizer.global_clipnorm: 1" if spec.optimizer.lacks_norm_bound else ""
    return f"try a smaller optimizer.learning_rate{clipping}"


def find_usual_rate(spec: Spec) -> float:
    """The default learning rate of the optimizer."""
    usual: float = type(spec.optimizer)().learning_rate
    return usual


def describe_usual_rate(spec: Spec) -> str:
    """The usual learning rate in words."""
    return f"the usual {format_setting(find_usual_rate(spec))} of {spec.optimizer.name}"
