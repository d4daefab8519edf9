"""The trainings of a fit: one, or one a fold, and perhaps a refit; begun, gone on with, or only finished."""

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, asdict, dataclass, replace
from math import inf

import numpy as np

from mlptrain.errors import Diverged, SpecError
from mlptrain.fitting.checkpoints import Checkpoints
from mlptrain.fitting.execution import choice, suitable_threads
from mlptrain.fitting.measuring import Metrics, measured, split_values
from mlptrain.fitting.out_of_fold import HeldOut
from mlptrain.model.architecture import build_network, input_layout
from mlptrain.model.file import beginning, history_arrays, require_storable
from mlptrain.model.head import outputs_for, predict
from mlptrain.model.model import Member
from mlptrain.preparation.material import Material
from mlptrain.preparation.partitions import without_validation
from mlptrain.preparation.preparation import Prepared, prepare_part
from mlptrain.preparation.splits import Parts
from mlptrain.storage.container import Arrays
from mlptrain.training.calibration import calibrate, calibrate_as
from mlptrain.training.course import Course
from mlptrain.training.divergence import diverged_at_the_end
from mlptrain.training.events import EpochEnded, Event, Finished
from mlptrain.training.loop import fit as train
from mlptrain.training.loop import never, started
from mlptrain.training.snapshot import epochs_of
from mlptrain.training.state import TrainState, initial_state

Sink = Callable[[Event], object]


@dataclass(frozen=True, kw_only=True)
class Trained:
    """How one training ended: one fold's, or that of the whole fit."""

    reason: str
    epochs: int
    best_epoch: int
    metrics: dict[str, Metrics]
    """Per part (train, validation), measured in evaluation mode with the parameters that were kept."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What the trainings have brought about."""

    members: Sequence[Member]
    results: Sequence[Trained]
    refit: bool = False
    """Whether the network is one that was trained anew on all rows."""


def new_course(prepared: Prepared, *, fold: int = 1, folds: int = 1) -> Course:
    """The network, initialised, with the rows it learns from; fold k has seed + k − 1."""
    spec, target = replace(prepared.spec, seed=prepared.spec.seed + fold - 1), prepared.target
    outputs = outputs_for(prepared.loss, target)
    network = build_network(spec.model, input_layout(prepared.features), outputs, members=spec.members)
    network.initialize(prepared.train.x, spec.seed)
    return Course(
        network=network,
        spec=spec,
        loss=prepared.loss,
        target=target,
        train=prepared.train,
        validation=prepared.validation,
        fold=fold,
        folds=folds,
    )


@dataclass(frozen=True)
class Trainings:
    """The trainings of a fit, one or one a fold and perhaps a refit, and what they share."""

    material: Material
    kept: Checkpoints
    sinks: Sequence[Sink]
    _: KW_ONLY
    threads: int | None
    notice: Callable[[str], object]
    stop: Callable[[], bool]
    clock: Callable[[], float]
    end: float
    """Until when all are to be done."""

    def run(self, parts: Sequence[Parts], held: HeldOut | None) -> Ended:
        """Train on each of the parts; only to finish what is there, on those that have an epoch to show."""
        members, results = [], []
        for number, part in enumerate(parts, 1):
            prepared = prepare_part(self.material, part)
            course = new_course(prepared, fold=number, folds=len(parts))
            with suitable_threads(course.network, course.batch_size, self.threads):
                self.begin(prepared, course)
                trained, history = self.resumed(course) or self.trained(course)
            if not trained.epochs:
                break
            members.append(member(prepared, course, history))
            results.append(trained)
            if held is not None and course.validation is not None:
                predictions = predict(course.network, course.loss, course.target, course.validation.x)
                held.add(part.validation, predictions, number)
            if trained.reason == "interrupted":
                break
            self.kept.fold_done(members[-1], asdict(trained))
        if not members:
            raise SpecError("--finish: no epoch of the unfinished fit had ended; go on with --resume")
        if self.material.spec.training.refit:
            return self.refitted(parts[0], members[0], results[0])
        return Ended(members=members, results=results)

    def refitted(self, part: Parts, found: Member, search: Trained) -> Ended:
        """A network trained anew on all rows up to the best epoch, with the history and temperature of the search.

        Where there is none to be had, it is what the search has found.
        """
        if self.kept.finishing:
            return Ended(members=[found], results=[replace(search, reason="interrupted")])
        if not found.history["best"].any():
            self.notice("training.refit: no epoch is known to be the best, so there is none up to which to train anew")
            return Ended(members=[found], results=[search])
        if search.reason == "time_limit":
            return self.without_refit(found, search)
        prepared = prepare_part(self.material, without_validation(part))
        course = replace(new_course(prepared), refit=search.best_epoch)
        calibrate_as(course.network, found.network)
        with suitable_threads(course.network, course.batch_size, self.threads):
            self.begin(prepared, course)
            trained, _ = self.trained(course)
        if trained.reason == "time_limit":
            return self.without_refit(found, replace(search, reason="time_limit"))
        result = replace(search, metrics=search.metrics | trained.metrics)
        return Ended(members=[member(prepared, course, found.history)], results=[result], refit=True)

    def without_refit(self, found: Member, search: Trained) -> Ended:
        """What the search has found, where there was no time for a whole refit."""
        self.notice("training.time_limit: there was no time for the refit; the network of the best epoch is kept")
        return Ended(members=[found], results=[search])

    def begin(self, prepared: Prepared, course: Course) -> None:
        """Choose who runs the formulas; before the first training, say and refuse what is to be said and refused."""
        first = course.number == 1
        course.network.executor = choice(course).executor(self.notice if first else str)
        if first:
            for message in left_out(prepared):
                self.notice(message)
            require_storable(self.material.spec, prepared.features, prepared.target, course.folds)
            self.kept.begin(course)

    def resumed(self, course: Course) -> tuple[Trained, Arrays] | None:
        """A training that was done before the fit was interrupted; what it had to say is said again."""
        done = self.kept.finished(course)
        if done is None:
            return None
        trained, history = Trained(**done.result), beginning(done.arrays, "history.")
        state = initial_state(course.network, course.spec.optimizer)
        state.history = told_again(history)
        ended = Finished(
            reason=done.result["reason"], epochs=trained.epochs, best_epoch=trained.best_epoch, seconds=0.0
        )
        for event in (started(course, state), ended):
            for sink in self.sinks:
                sink(event)
        return trained, history

    def late(self, course: Course) -> Callable[[], bool]:
        """Whether a training that begins now has had its time: what is left, in equal parts for it and each to come."""
        if self.end == inf:
            return never
        now = self.clock()
        due = now + (self.end - now) / (course.folds - course.fold + 1)
        return lambda: self.clock() > due

    def trained(self, course: Course) -> tuple[Trained, Arrays]:
        """One training, from its beginning or from where it was interrupted."""
        state = self.kept.state(course)
        stop = always if self.kept.finishing else self.stop
        sinks = [self.kept.watch(course, state), *self.sinks]
        finished: Finished | None = None
        try:
            for event in train(course, state, clock=self.clock, stop=stop, late=self.late(course)):
                finished = event if isinstance(event, Finished) else None
                for sink in sinks:
                    sink(event)
            assert finished is not None
            if finished.reason == "interrupted" and not self.kept.finishing:
                raise self.kept.interrupted(course, state)
            calibrate(course)
            measures = final_metrics(course) if finished.epochs else {}
            if measures and measures["train"]["loss"] is None:
                raise diverged_at_the_end(course, state)
        except Diverged as problem:
            kept = self.kept.keep_best(course, state) if course.refit or best_is_good(course, state) else ""
            raise Diverged(f"{problem}{kept}") from None
        trained = Trained(
            reason=finished.reason, epochs=finished.epochs, best_epoch=finished.best_epoch, metrics=measures
        )
        if course.validation is not None and state.history and not any(epoch.best for epoch in state.history):
            self.notice(never_best(course))
        return trained, history_arrays(state.history)


def told_again(history: Arrays) -> list[EpochEnded]:
    """The epochs of a stored history; how fast they were is not stored."""
    count = len(history["epoch"])
    columns = history | {"rows_per_second": np.full(count, np.nan)}
    return epochs_of({f"history.{name}": values for name, values in columns.items()}, count)


def best_is_good(course: Course, state: TrainState) -> bool:
    """Whether the best epoch (without a validation part: the last) has finite losses; the network is as it was then."""
    if not state.best.epoch:
        return False
    state.best.restore(course.network)
    return all(metrics["loss"] is not None for metrics in final_metrics(course).values())


def always() -> bool:
    """Stop at once."""
    return True


def member(prepared: Prepared, course: Course, history: Arrays) -> Member:
    """What the model file keeps of a training."""
    return Member(features=prepared.features, target=prepared.target, network=course.network, history=history)


def left_out(prepared: Prepared) -> list[str]:
    """Notices of the columns that are not used, and of what else was found in the data."""
    told = {name for name, found in prepared.understood.items() if found.notice} | {"as declared"}
    ignored = {name: why for name, why in prepared.features.ignored.items() if not {name, why} & told}
    shown = "; ".join(f"{name} ({why})" for name, why in list(ignored.items())[:10])
    more = f" and {len(ignored) - 10} more" if len(ignored) > 10 else ""
    notices = [f"columns not used: {shown}{more}"] if ignored else []
    size, rows = prepared.spec.training.batch_size, prepared.train.rows
    if size != "full" and size > rows:
        notices.append(f"training.batch_size: {size} is more than the {rows} training rows, which make one batch")
    return [*notices, *prepared.notices]


def never_best(course: Course) -> str:
    """The notice that no epoch could be told to be the best."""
    fold = f"fold {course.fold}: " if course.folds > 1 else ""
    what = f"the validation {course.spec.training.monitor} was not a finite number in any epoch"
    return f"{fold}{what}, so none is the best: the last one was kept; look for odd numbers in the validation rows"


def final_metrics(course: Course) -> dict[str, Metrics]:
    """All metrics of the parts, with the parameters that were kept."""
    parts = {"train": course.train} | ({"validation": course.validation} if course.validation else {})
    return {name: split_values(measured(course, part))[0] for name, part in parts.items()}
