"""The training loop, a generator of events: policy (best epoch, early stopping, divergence) inside, sinks outside."""

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from functools import partial
from math import inf, isfinite, nan

import numpy as np

from mlptrain.engine.arrays import FLUSH_EVERY, flush_denormals
from mlptrain.engine.comparisons import Undefined, Value
from mlptrain.engine.elementwise import NUMPY
from mlptrain.engine.layer import ForwardContext
from mlptrain.engine.metrics import is_larger_better, separate_undefined
from mlptrain.engine.optimizers import Optimizer
from mlptrain.engine.penalties import bound_unit_norms, compute_norm
from mlptrain.engine.schedules import Now, find_plateau_rule
from mlptrain.model.examples import Examples
from mlptrain.model.history import EpochEnded, Reason
from mlptrain.model.layer_facts import keep_finite
from mlptrain.model.layer_history import LayersSeen, thin_snapshots
from mlptrain.model.network_outputs import measure_named_metric, predict_with_mean_loss
from mlptrain.plain import to_plain
from mlptrain.spec.fields import Spec
from mlptrain.training.course import Batch, Course, draw_batches
from mlptrain.training.divergence import build_batch_divergence_error
from mlptrain.training.events import Event, Finished, Started, StepsDone
from mlptrain.training.layer_watch import LayerWatch
from mlptrain.training.state import Running, TrainState

STEPS_DONE_EVERY = 0.1
UNMEASURED = Undefined("")

Clock = Callable[[], float]


def never_stop() -> bool:
    """No wish to stop."""
    return False


def train(
    course: Course,
    state: TrainState,
    *,
    clock: Clock = time.monotonic,
    stop: Callable[[], bool] = never_stop,
    late: Callable[[], bool] = never_stop,
) -> Iterator[Event]:
    """Train, epoch after epoch, and say what happens; at the end the network holds the best epoch's parameters.

    It goes on from where `state` (with θ and the buffers of the network) stands. `stop()` is asked before the first
    step and after every one; if it wishes so, the epoch stays unfinished and training ends as interrupted. `late()` is
    asked at the end of an epoch that another is to follow; if it is, none does.
    """
    begun, start = clock(), state.step
    yield make_started_event(course, state)
    reason: Reason | None = find_stop_reason(course, state)
    if reason is None and stop():
        yield StepsDone(epoch=state.epoch + 1, steps=state.running.batches, stopping=True)
        reason = "interrupted"
    watch = LayerWatch(course) if course.spec.training.watch_layers else None
    while reason is None:
        run = state.running
        whole = yield from run_epoch(course, state, clock, stop, start=start, watch=watch)
        reason = find_stop_reason(course, state) if whole else "interrupted"
        if reason is None and late():
            reason = "time_limit"
            if watch is not None and not is_watched_epoch(course, state):
                yield see_layers(watch, state, run)
    if state.best.epoch:
        state.best.restore(course.network)
    yield Finished(
        reason=reason, epochs=state.epoch, best_epoch=state.best.epoch or state.epoch, seconds=clock() - begun
    )


def find_stop_reason(course: Course, state: TrainState) -> Reason | None:
    """Why no further epoch is to follow, if so."""
    if state.epoch and is_patience_exhausted(course, state):
        return "early_stopping"
    return "epochs" if state.epoch >= course.epochs else None


def make_started_event(course: Course, state: TrainState) -> Started:
    """The event that a training begins, or goes on after the epochs of an earlier run."""
    training = course.spec.training
    watched = training.monitor if course.validation else None
    return Started(
        epochs=course.epochs,
        steps_per_epoch=course.steps_per_epoch,
        train_rows=course.train.rows,
        validation_rows=course.validation.rows if course.validation else 0,
        parameters=course.network.parameters.theta.size,
        monitor=watched,
        metric=course.metric,
        larger_is_better=is_larger_better(watched or course.metric),
        running_loss=training.train_loss == "running",
        fold=course.fold,
        folds=course.folds,
        repeats=course.spec.data.split.repeats if course.folds > 1 else 1,
        refit=course.refit > 0,
        refit_follows=training.refit and not course.refit,
        compiles=course.number == 1 and course.network.executor.name != NUMPY.name,
        earlier=tuple(state.history),
        earlier_layers=tuple(state.layers),
        spec=to_plain(course.spec),
    )


def run_epoch(
    course: Course, state: TrainState, clock: Clock, stop: Callable[[], bool], *, start: int, watch: LayerWatch | None
) -> Generator[Event, None, bool]:
    """Train one epoch, or the rest of it: its steps, then its evaluation. Returns whether it was finished.

    The step after `start`, the first of this run, compiles the loops: the speed is that of the steps behind it.
    """
    run, first = state.running, state.running.batches
    told = begun = clock()
    for batch in draw_batches(course, state.epoch, first):
        share = batch[0].shape[-2] if batch[2] is None else float(batch[2].sum(axis=-1).mean())
        last = run.batches + 1 == course.steps_per_epoch
        if watch is not None and last:
            watch.remember_parameters()
        loss, run.penalty, run.lr = train_step(course, state, batch, run.batches + 1)
        run.batches, run.total, run.weight = run.batches + 1, run.total + loss * share, run.weight + share
        if last:
            measure_last_step(course, run, watch)
        if stop():
            yield StepsDone(epoch=state.epoch + 1, steps=run.batches, stopping=True)
            return False
        now = clock()
        if state.step == start + 1 and run.batches < course.steps_per_epoch:
            begun, first = now, run.batches
        if now - told > STEPS_DONE_EVERY:
            told = now
            yield StepsDone(epoch=state.epoch + 1, steps=run.batches)
    state.epoch, state.running = state.epoch + 1, Running()
    rows = course.train.rows * (1 - first / course.steps_per_epoch)
    summary = evaluate_finished_epoch(course, state, run, rows / max(clock() - begun, 1e-9))
    state.history.append(summary)
    if watch is not None and (is_watched_epoch(course, state) or find_stop_reason(course, state) is not None):
        yield see_layers(watch, state, run)
    yield summary
    return True


def measure_last_step(course: Course, run: Running, watch: LayerWatch | None) -> None:
    """What is to be reported of the gradient and the step at the end of an epoch."""
    if course.spec.training.gradient_norm or watch is not None:
        run.gradient_norm = keep_finite(compute_norm(course.network.parameters.gradient))
    if watch is not None:
        run.step_facts = watch.measure_step()


def is_watched_epoch(course: Course, state: TrainState) -> bool:
    """Whether the layers are looked at after the epoch that is done, if it is not the last one."""
    return state.epoch % course.spec.training.watch_layers == 0


def see_layers(watch: LayerWatch, state: TrainState, run: Running) -> LayersSeen:
    """The layers as they are now, kept in the state."""
    seen = watch.measure_layers(state.epoch, run.step_facts, run.gradient_norm)
    state.layers = thin_snapshots(state.layers, seen, watch.course.spec.training.watch_layers)
    return seen


def train_step(course: Course, state: TrainState, batch: Batch, number: int) -> tuple[float, float, float]:
    """One update with the settings that the schedules give now. Returns loss, penalty, lr."""
    spec = course.spec
    now = Now(state.epoch + (number - 1) / course.steps_per_epoch, spec.training.epochs, state.plateau.reductions)
    lr, optimizer = compute_scheduled_settings(spec, now)
    rate = partial(spec.schedules.dropout, now=now) if spec.schedules.dropout else float
    loss, penalty = update_network(course, state, batch, number, optimizer=optimizer, lr=lr, rate=rate)
    return loss, penalty, lr


@np.errstate(all="ignore")  # what is not finite is seen in the loss, and said in our words
def update_network(
    course: Course,
    state: TrainState,
    batch: Batch,
    number: int,
    *,
    optimizer: Optimizer,
    lr: float,
    rate: Callable[[float], float] = float,
) -> tuple[float, float]:
    """One update: batch → forward → loss → backward → clip, decay, optimizer → bounds. Returns loss and penalty."""
    network, spec = course.network, course.spec

    def begin() -> ForwardContext:
        return network.begin(batch[0].shape[-2], train=True, noise=course.noise(state.step), rate=rate)

    def objective() -> tuple[float, float]:
        return network.objective(*batch, loss=course.head.loss, penalty=spec.regularization, run=begin())

    loss, penalty = optimizer.advance(
        network.parameters, state.slots, objective, lr=lr, t=state.step + 1, executor=network.executor
    )
    if not isfinite(loss + penalty):
        raise build_batch_divergence_error(course, state, batch, number=number, lr=lr, run=begin())
    state.step += 1
    bound_unit_norms(network.parameters)
    if state.step % FLUSH_EVERY == 0:
        flush_denormals(*network.list_trained_arrays(), *state.slots.values())
    return loss, penalty


def compute_scheduled_settings(spec: Spec, now: Now) -> tuple[float, Optimizer]:
    """The learning rate of this step, and the optimizer with the other scheduled settings of this step."""
    lr, optimizer, schedules = spec.optimizer.learning_rate, spec.optimizer, spec.schedules
    if schedules.learning_rate:
        lr = schedules.learning_rate(lr, now)
    given = {name: schedule for name in optimizer.schedulable if (schedule := getattr(schedules, name))}
    if given:
        optimizer = replace(optimizer, **{name: f(getattr(optimizer, name), now) for name, f in given.items()})
    return lr, optimizer


def evaluate_finished_epoch(course: Course, state: TrainState, run: Running, rate: float) -> EpochEnded:
    """Measure the finished epoch, update best copy, patience and plateau, and summarise it."""
    train_loss = run.total / run.weight
    train_metric: Value = UNMEASURED
    if course.spec.training.train_loss == "evaluation":
        train_loss, train_metric = measure_loss_and_metric(course, course.train)
    validation_loss, validation_metric = (
        measure_loss_and_metric(course, course.validation) if course.validation else (None, UNMEASURED)
    )
    values, reasons = separate_undefined({"validation": validation_metric, "train": train_metric})
    watched = update_best_and_patience(course, state, validation_loss, values["validation"])
    return EpochEnded(
        epoch=state.epoch,
        train_loss=train_loss,
        train_metric=values["train"],
        penalty=run.penalty,
        validation_loss=validation_loss,
        validation_metric=values["validation"],
        learning_rate=run.lr,
        best=watched,
        rows_per_second=rate,
        gradient_norm=run.gradient_norm,
        undefined=next((reason for reason in reasons.values() if reason), ""),
    )


@np.errstate(all="ignore")
def measure_loss_and_metric(course: Course, part: Examples) -> tuple[float, Value]:
    """The loss and the reported metric of a part in evaluation mode."""
    loss, predictions = predict_with_mean_loss(course.network, course.head, part)
    return loss, measure_named_metric(course.metric, course.head, part, predictions)


def update_best_and_patience(course: Course, state: TrainState, loss: float | None, metric: float | None) -> bool:
    """Keep the best epoch by the watched value, count the patience, reduce on a plateau; whether this one is the best.

    The value is turned so that small is good; an undefined or NaN value is never the best. Without a validation part
    the last epoch that was finished is kept.
    """
    if course.validation is None:
        state.best.keep(state.epoch, inf, course.network)
        return False
    training = course.spec.training
    value = loss if training.monitor == "loss" else metric
    value = nan if value is None else value
    value = -value if is_larger_better(training.monitor) else value
    if course.spec.schedules.learning_rate and (rule := find_plateau_rule(course.spec.schedules.learning_rate)):
        state.plateau = state.plateau.after(value, rule)
    stopping = training.early_stopping
    if value < state.reference - (stopping.min_delta if stopping else 0.0):
        state.reference, state.waited = value, 0
    else:
        state.waited += 1
    if best := value < state.best.value or (training.ties == "last" and value == state.best.value):
        state.best.keep(state.epoch, value, course.network)
    return best


def is_patience_exhausted(course: Course, state: TrainState) -> bool:
    """Whether early stopping ends the run."""
    stopping = course.spec.training.early_stopping
    return (
        stopping is not None
        and course.validation is not None
        and state.epoch >= stopping.start_from_epoch + stopping.patience
        and state.waited >= stopping.patience
    )
