"""One training of a fit: begun, gone on with, or only finished."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import count
from math import inf

from mlptrain.data.stores import is_mapped
from mlptrain.engine.comparisons import Undefined
from mlptrain.errors import Diverged, Interrupted
from mlptrain.fitting.execution import choose_executor
from mlptrain.fitting.host import Host, ignore_notice
from mlptrain.fitting.keeper import Keeper
from mlptrain.fitting.likely_cause import make_run
from mlptrain.fitting.out_of_fold import HeldOutRows, predict_held_out_rows
from mlptrain.fitting.outcome import TrainingResult
from mlptrain.fitting.part_measures import make_training_result, measure_parts
from mlptrain.fitting.remark import Run
from mlptrain.machine import measure_available_memory
from mlptrain.model.architecture import build_network, make_input_layout
from mlptrain.model.baseline import fit_baseline
from mlptrain.model.file import require_model_fits_file
from mlptrain.model.fitted_network import FittedNetwork
from mlptrain.model.history import restore_epochs, tabulate_epochs
from mlptrain.model.layer_history import list_seen_layers, restore_layers, tabulate_layers
from mlptrain.model.network_arrays import select_arrays_by_prefix
from mlptrain.model.network_start import require_layers_to_freeze
from mlptrain.model.products import limit_threads, make_room_for_products
from mlptrain.preparation.column_notices import describe_declared_columns, describe_findings, list_column_notices
from mlptrain.preparation.material import TrainingData
from mlptrain.preparation.preparation import EncodedData, fit_and_encode_parts
from mlptrain.preparation.splits import Parts
from mlptrain.storage.container import Arrays
from mlptrain.training.calibration import calibrate_temperature
from mlptrain.training.course import Course
from mlptrain.training.divergence import build_final_divergence_error
from mlptrain.training.events import Finished, Sink, narrow_to_finished, tell_sinks
from mlptrain.training.loop import make_started_event, never_stop, train
from mlptrain.training.state import TrainState, make_initial_state

PAGE = 4096
"""Bytes that the system reads of a file at the least."""


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A training that is over."""

    number: int
    fitted: FittedNetwork
    result: TrainingResult
    run: Run
    held_out: HeldOutRows | None = None
    """What it predicts for the rows that it has held out, if that is wanted."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a model keeps of how a training went: its epochs, and what was seen of the layers."""

    history: Arrays
    layers: Arrays


def make_record(course: Course, state: TrainState) -> Record:
    """The record of a training that is over, or stopped.

    That the layers are watched changes nothing in its history: the norm of the gradient stays where it was asked for.
    """
    training, epochs = course.spec.training, state.history
    if training.watch_layers and not training.gradient_norm:
        epochs = [replace(each, gradient_norm=None) for each in epochs]
    return Record(history=tabulate_epochs(epochs), layers=tabulate_layers(state.layers))


def make_course(encoded: EncodedData, *, fold: int = 1, folds: int = 1) -> Course:
    """The network, initialised or started from weights, with the rows it learns from; fold k has seed + k − 1."""
    spec, head = replace(encoded.spec, seed=encoded.spec.seed + fold - 1), encoded.head
    network = build_network(spec.model, make_input_layout(encoded.features), head.outputs, members=spec.members)
    network.initialize(encoded.train.x, spec.seed)
    if encoded.start is not None:
        encoded.start.fill(network)
    if spec.training.freeze:
        network.freeze(require_layers_to_freeze(network, spec.training.freeze))
    return Course(
        network=network,
        spec=spec,
        head=head,
        train=encoded.train,
        validation=encoded.validation,
        fold=fold,
        folds=folds,
    )


class Trainer:
    """Does one training; data, keeper, sinks and host are the same for all of a fit."""

    def __init__(
        self, data: TrainingData, keeper: Keeper, sinks: Iterable[Sink], host: Host, *, alone: bool = False
    ) -> None:
        self.data, self.keeper, self.sinks, self.host = data, keeper, tuple(sinks), host
        self.alone = alone
        """Whether others see to the other trainings: what is said before all, and their part of the time."""
        self.stopped: list[Trained] = []
        """What the user has stopped, if its epochs are of use and nothing else keeps them."""

    def train_part(self, part: Parts, number: int, trainings: int, *, predicts: bool = False) -> Trained | None:
        """Train on one of the parts; None if there is only to finish, and it has no epoch to show.

        Before the first training the notices are told, and it is made sure that what comes can be kept.
        """
        encoded = fit_and_encode_parts(self.data, part, number)
        course = make_course(encoded, fold=number, folds=trainings)
        with limit_threads(course.network, course.batch_size, self.host.threads):
            self.load_executor(course)
            if number == 1 and not self.alone:
                self.announce(encoded, course)
            return self.run_course(encoded, course, predicts=predicts)

    def run_course(self, encoded: EncodedData, course: Course, *, predicts: bool = False) -> Trained | None:
        """Train, or take what was kept of it; None if there is no epoch to show."""
        result, record = self.restore_training(course) or self.train(encoded, course)
        return self.make_trained(encoded, course, result, record, predicts=predicts) if result.epochs else None

    def load_executor(self, course: Course) -> None:
        """Choose who runs the formulas; of several trainings the first one says if there is anything to say."""
        say = self.host.notice if course.number == 1 else ignore_notice
        course.network.executor = choose_executor(course).load(say)

    def announce(self, encoded: EncodedData, course: Course) -> None:
        """Before the first training: tell the notices, and refuse what could not be kept."""
        tell_notices(encoded, self.host)
        require_model_fits_file(self.data.spec, encoded.features, encoded.head, course.folds)
        self.keeper.begin(self.data, course)
        make_room_for_products(course.network, course.batch_size)

    def make_trained(
        self, encoded: EncodedData, course: Course, result: TrainingResult, record: Record, *, predicts: bool
    ) -> Trained:
        """What comes of a training."""
        return Trained(
            number=course.number,
            fitted=self.make_network(encoded, course, record),
            result=result,
            run=make_run(course, result, record.history),
            held_out=predict_held_out_rows(course) if predicts else None,
        )

    def make_network(self, encoded: EncodedData, course: Course, record: Record) -> FittedNetwork:
        """What a model keeps of a training."""
        return FittedNetwork(
            spec=self.data.spec,
            features=encoded.features,
            head=encoded.head,
            network=course.network,
            history=record.history,
            layers=record.layers,
            baseline=fit_baseline(course.head, course.train),
        )

    def restore_training(self, course: Course) -> tuple[TrainingResult, Record] | None:
        """A training that was done before the fit was interrupted; its epochs are told again."""
        done = self.keeper.restore_finished(course)
        if done is None:
            return None
        result = TrainingResult(**done.result)
        record = Record(**{name: select_arrays_by_prefix(done.arrays, f"{name}.") for name in ("history", "layers")})
        state = make_initial_state(course.network, course.spec.optimizer)
        state.history = restore_epochs(record.history)
        state.layers = restore_layers(record.layers, list_seen_layers(course.network))
        ended = Finished(reason=done.result["reason"], epochs=result.epochs, best_epoch=result.best_epoch, seconds=0.0)
        for event in (make_started_event(course, state), ended):
            tell_sinks(self.sinks, event)
        return result, record

    def make_deadline(self, course: Course) -> Callable[[], bool]:
        """A deadline check, to be asked after each epoch: whether the next one would end too late.

        This training and those to come share the remaining time equally, if it is not all its own.
        """
        if self.host.end == inf:
            return never_stop
        begun, done = self.host.clock(), count(1)
        due = begun + (self.host.end - begun) / (1 if self.alone else course.folds - course.fold + 1)

        def is_next_epoch_late() -> bool:
            now = self.host.clock()
            return now + (now - begun) / next(done) > due

        return is_next_epoch_late

    def train(self, encoded: EncodedData, course: Course) -> tuple[TrainingResult, Record]:
        """One training, from its beginning or from where it was interrupted."""
        state = self.keeper.restore_state(course)
        try:
            finished = self.run_loop(course, state)
            if finished.reason == "interrupted" and not self.keeper.finishes:
                raise self.interrupt(encoded, course, state, finished)
            calibrate_temperature(course)
            result = make_training_result(course, finished)
            if result.metrics and result.metrics["train"]["loss"] is None:
                raise build_final_divergence_error(course, state)
        except Diverged as problem:
            kept = self.keeper.keep_best(course, state) if course.refit or has_good_best(course, state) else ""
            raise Diverged(f"{problem}{kept}") from None
        if course.validation is not None and state.history and not any(epoch.best for epoch in state.history):
            self.host.notice(describe_missing_best_epoch(course))
        return result, make_record(course, state)

    def run_loop(self, course: Course, state: TrainState) -> Finished:
        """Run the loop, and tell the keeper and the sinks."""
        stop = always_stop if self.keeper.finishes else self.host.stop
        watch = self.keeper.watch(course, state)
        finished: Finished | None = None
        for event in train(course, state, clock=self.host.clock, stop=stop, late=self.make_deadline(course)):
            finished = narrow_to_finished(event)
            tell_sinks((watch, *self.sinks), event)
        assert finished is not None
        return finished

    def interrupt(self, encoded: EncodedData, course: Course, state: TrainState, finished: Finished) -> Interrupted:
        """The error that the user has stopped the fit; if the keeper forgets, this training counts as done."""
        if finished.epochs and not course.refit and not self.keeper.remembers:
            calibrate_temperature(course)
            result, record = make_training_result(course, finished), make_record(course, state)
            self.stopped.append(self.make_trained(encoded, course, result, record, predicts=False))
        return Interrupted(self.keeper.describe_stop(course, state))


def has_good_best(course: Course, state: TrainState) -> bool:
    """Restore the best epoch (without a validation part: the last); whether its losses are finite."""
    if not state.best.epoch:
        return False
    state.best.restore(course.network)
    return not any(isinstance(each.values["loss"], Undefined) for each in measure_parts(course).values())


def always_stop() -> bool:
    """Stop at once."""
    return True


def tell_notices(encoded: EncodedData, host: Host) -> None:
    """Say what was found in the columns and rows; which columns are not used is a warning."""
    unused = {name: found for name, found in encoded.understood.items() if found.kind == "ignore"}
    for message in list_column_notices(encoded.understood, encoded.features.ignored):
        host.warn(message)
    odd = describe_findings(unused)
    for message in list_row_notices(encoded):
        say = host.warn if message in odd else host.notice
        say(message)
    for message in describe_declared_columns(encoded.understood):
        host.remark(message)


def list_row_notices(encoded: EncodedData) -> list[str]:
    """Notices of what was found in the data, beside the columns that are not used."""
    notices = list[str]()
    size, rows = encoded.spec.training.batch_size, encoded.train.rows
    if size != "full" and size > rows:
        notices.append(f"training.batch_size: {size} is more than the {rows} training rows, which make one batch")
    if encoded.spec.training.freeze and encoded.start is None:
        notices.append("training.freeze: these layers keep the weights that were drawn (there are no initial_weights)")
    if (costly := describe_scattered_reads(encoded)) is not None:
        notices.append(costly)
    return [*notices, *encoded.notices]


def describe_scattered_reads(encoded: EncodedData) -> str | None:
    """What it costs to shuffle all rows of a matrix that lies in a file and does not fit into memory; None if not."""
    x, there = encoded.train.x, measure_available_memory()
    if encoded.spec.training.shuffle is not True or not is_mapped(x) or there is None or x.nbytes <= there:
        return None
    row = max(x.nbytes // encoded.train.rows, 1)
    pages = -(-row // PAGE) * PAGE * encoded.train.rows
    sizes = f"the matrix takes {x.nbytes / 1e9:,.1f} GB, {there / 1e9:,.1f} GB of memory are free"
    cost = f"its rows are read from the disk one by one, up to {pages / 1e9:,.1f} GB in an epoch"
    return f"training.shuffle: {sizes}: {cost}; training.shuffle: {{}} reads it in order, and mixes a group at a time"


def describe_missing_best_epoch(course: Course) -> str:
    """The notice that no epoch could be told to be the best."""
    fold = f"{course.name}: " if course.name else ""
    what = f"the validation {course.spec.training.monitor} was not a finite number in any epoch"
    return f"{fold}{what}, so none is the best: the last one was kept; look for odd numbers in the validation rows"
