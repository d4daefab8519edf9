"""The trainings of a fit: one, or one a fold, and perhaps a refit; begun, gone on with, or only finished."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from math import inf

import numpy as np

from mlptrain.engine.comparisons import Undefined, Value
from mlptrain.engine.metrics import Metrics, separate_undefined, undefine_nonfinite
from mlptrain.errors import Diverged, Interrupted, SpecError
from mlptrain.fitting.execution import choose_executor
from mlptrain.fitting.host import Host, ignore_notice
from mlptrain.fitting.keeper import Keeper
from mlptrain.fitting.likely_cause import make_run
from mlptrain.fitting.out_of_fold import Recorder
from mlptrain.fitting.outcome import TrainingResult, join_results
from mlptrain.fitting.remark import Run
from mlptrain.model.architecture import build_network, make_input_layout
from mlptrain.model.baseline import fit_baseline, measure_baseline
from mlptrain.model.examples import Examples
from mlptrain.model.file import require_model_fits_file
from mlptrain.model.fitted_network import FittedNetwork
from mlptrain.model.history import restore_epochs, tabulate_epochs
from mlptrain.model.layer_history import list_seen_layers, restore_layers, tabulate_layers
from mlptrain.model.network_arrays import select_arrays_by_prefix
from mlptrain.model.network_outputs import measure_part_metrics, predict_values, predict_with_mean_loss
from mlptrain.model.network_start import require_layers_to_freeze
from mlptrain.model.products import limit_threads, make_room_for_products
from mlptrain.model.training_names import choose_training_noun, name_training
from mlptrain.preparation.column_notices import describe_declared_columns, describe_findings, list_column_notices
from mlptrain.preparation.material import TrainingData
from mlptrain.preparation.partitions import join_validation_to_training
from mlptrain.preparation.preparation import EncodedData, fit_and_encode_parts
from mlptrain.preparation.splits import Parts
from mlptrain.spec.fields import Split
from mlptrain.storage.container import Arrays
from mlptrain.training.calibration import calibrate_temperature, copy_temperature
from mlptrain.training.course import Course
from mlptrain.training.divergence import build_final_divergence_error
from mlptrain.training.events import Finished, Sink, narrow_to_finished, tell_sinks
from mlptrain.training.loop import make_started_event, never_stop, train
from mlptrain.training.state import TrainState, make_initial_state


@dataclass(frozen=True, kw_only=True)
class FinishedTrainings:
    """What the trainings have brought about."""

    networks: Sequence[FittedNetwork]
    results: Sequence[TrainingResult]
    runs: Sequence[Run]
    """What is known of each training but a refit."""
    refit: bool = False
    """Whether the network is one that was trained anew on all rows."""


@dataclass(frozen=True, kw_only=True)
class PartMeasures:
    """What a network is worth on a part: of all targets together, and of each of several."""

    values: dict[str, Value]
    targets: dict[str, Metrics]


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


class Trainings:
    """The trainings of a fit, and what they share: data, keeper, sinks, host."""

    def __init__(self, data: TrainingData, keeper: Keeper, sinks: Iterable[Sink], host: Host) -> None:
        self.data, self.keeper, self.sinks, self.host = data, keeper, tuple(sinks), host
        self.networks: list[FittedNetwork] = []
        self.results: list[TrainingResult] = []
        self.runs: list[Run] = []

    def run(self, parts: Sequence[Parts], held: Recorder | None) -> FinishedTrainings:
        """Train on each of the parts; only to finish an unfinished fit, on those that have an epoch to show."""
        for number, part in enumerate(parts, 1):
            encoded = fit_and_encode_parts(self.data, part, number)
            course = make_course(encoded, fold=number, folds=len(parts))
            with limit_threads(course.network, course.batch_size, self.host.threads):
                self.begin(encoded, course)
                result, record = self.restore_training(course) or self.train(encoded, course)
            if not result.epochs:
                break
            self.add(self.make_network(encoded, course, record), result)
            self.runs.append(make_run(course, result, record.history))
            if held is not None and course.validation is not None:
                held.add(course.validation, predict_values(course.network, course.head, course.validation.x), number)
            if result.reason == "interrupted":
                break
            self.keeper.keep_finished(self.networks[-1], result)
        if not self.networks:
            raise SpecError("--finish: no epoch of the unfinished fit had ended; go on with --resume")
        if len(self.networks) < len(parts):
            self.host.notice(describe_missing_trainings(self.data.spec.data.split, len(self.networks)))
        if self.data.spec.training.refit:
            return self.refit(parts[0], self.networks[0], self.results[0])
        return FinishedTrainings(runs=self.runs, networks=self.networks, results=self.results)

    def add(self, fitted: FittedNetwork, result: TrainingResult) -> None:
        """One more training is done."""
        self.networks.append(fitted)
        self.results.append(result)

    def refit(self, part: Parts, found: FittedNetwork, search: TrainingResult) -> FinishedTrainings:
        """A network trained anew on all rows up to the best epoch, with the history and temperature of the search.

        Where that is not possible, what the search has found.
        """
        if self.keeper.finishes:
            self.host.notice("training.refit: --finish trains no further; the network of the best epoch is kept")
            return FinishedTrainings(runs=self.runs, networks=[found], results=[replace(search, reason="interrupted")])
        if not found.history["best"].any():
            why = "no epoch is known to be the best, so there is none up to which to train anew"
            self.host.notice(f"training.refit: {why}")
            return FinishedTrainings(runs=self.runs, networks=[found], results=[search])
        if search.reason == "time_limit":
            return self.keep_search(found, search)
        encoded = fit_and_encode_parts(self.data, join_validation_to_training(part))
        course = replace(make_course(encoded), refit=search.best_epoch)
        copy_temperature(course.network, found.network)
        with limit_threads(course.network, course.batch_size, self.host.threads):
            self.begin(encoded, course)
            result, _ = self.train(encoded, course)
        if result.reason == "time_limit":
            return self.keep_search(found, replace(search, reason="time_limit"))
        whole = join_results(search, result)
        refitted = self.make_network(encoded, course, Record(history=found.history, layers=found.layers))
        return FinishedTrainings(runs=self.runs, networks=[refitted], results=[whole], refit=True)

    def keep_search(self, found: FittedNetwork, search: TrainingResult) -> FinishedTrainings:
        """What the search has found, where there was no time for a whole refit."""
        self.host.notice("training.time_limit: there was no time for the refit; the network of the best epoch is kept")
        return FinishedTrainings(runs=self.runs, networks=[found], results=[search])

    def begin(self, encoded: EncodedData, course: Course) -> None:
        """Choose the executor; before the first training, print the notices and run the checks."""
        first = course.number == 1
        course.network.executor = choose_executor(course).load(self.host.notice if first else ignore_notice)
        if first:
            tell_notices(encoded, self.host)
            require_model_fits_file(self.data.spec, encoded.features, encoded.head, course.folds)
            self.keeper.begin(self.data, course)
            make_room_for_products(course.network, course.batch_size)

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

        This training and those to come share the remaining time equally.
        """
        if self.host.end == inf:
            return never_stop
        begun, done = self.host.clock(), count(1)
        due = begun + (self.host.end - begun) / (course.folds - course.fold + 1)

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
            result = make_training_result(course, finished)
            self.add(self.make_network(encoded, course, make_record(course, state)), result)
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
    return [*notices, *encoded.notices]


def describe_missing_trainings(split: Split, done: int) -> str:
    """The notice that some of several trainings are not in the model."""
    count, noun = split.trainings, choose_training_noun(split.trainings, split.repeats)
    held = f"{done} networks" if done > 1 else f"the network of {name_training(1, count, split.repeats)} alone"
    return f"--finish: {count - done} of {count} {noun} were not trained; the model holds {held}"


def describe_missing_best_epoch(course: Course) -> str:
    """The notice that no epoch could be told to be the best."""
    fold = f"{course.name}: " if course.name else ""
    what = f"the validation {course.spec.training.monitor} was not a finite number in any epoch"
    return f"{fold}{what}, so none is the best: the last one was kept; look for odd numbers in the validation rows"


def make_training_result(course: Course, finished: Finished) -> TrainingResult:
    """How a training ended, and what its network and the baseline are worth on its parts."""
    measures = measure_parts(course) if finished.epochs else {}
    separated = {name: separate_undefined(part.values) for name, part in measures.items()}
    return TrainingResult(
        reason=finished.reason,
        epochs=finished.epochs,
        best_epoch=finished.best_epoch,
        metrics={name: values for name, (values, _) in separated.items()},
        undefined={name: reasons for name, (_, reasons) in separated.items()},
        baseline=measure_baselines(course) if measures else {},
        targets={name: part.targets for name, part in measures.items() if part.targets},
    )


def list_parts(course: Course) -> dict[str, Examples]:
    """The training rows, and the validation rows if there are any."""
    return {"train": course.train} | ({"validation": course.validation} if course.validation else {})


def measure_parts(course: Course) -> dict[str, PartMeasures]:
    """All metrics of the parts, with the parameters that were kept."""
    return {name: evaluate_part_metrics(course, part) for name, part in list_parts(course).items()}


@np.errstate(all="ignore")
def evaluate_part_metrics(course: Course, part: Examples) -> PartMeasures:
    """Loss and metrics of a part in evaluation mode; undefined where one is not a finite number."""
    head = course.head
    loss, predictions = predict_with_mean_loss(course.network, head, part)
    values = undefine_nonfinite({"loss": loss} | measure_part_metrics(head, part, predictions))
    return PartMeasures(values=values, targets=head.measure_each_target(predictions, part.truth, part.weights))


def measure_baselines(course: Course) -> dict[str, Metrics]:
    """What the baseline of the training rows is worth on the parts."""
    baseline = fit_baseline(course.head, course.train)
    found = {}
    for name, part in list_parts(course).items():
        weights = np.ones(part.rows) if part.weights is None else part.weights.astype(np.float64)
        values = measure_baseline(baseline, course.head, part.truth, weights)
        found[name] = separate_undefined(undefine_nonfinite(values))[0]
    return found
