"""Checkpoints of a fit: when they are written, whether an unfinished fit may be gone on with, and how that is done."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from mlptrain.engine.schedules import depends_on_total_epochs
from mlptrain.errors import DataError, EnvironmentFailure, ModelFileError, SpecError
from mlptrain.fitting.checkpoint_file import (
    Checkpoint,
    FinishedTraining,
    has_checkpoint,
    load_newest_checkpoint,
    remove_checkpoints,
    save_checkpoint,
)
from mlptrain.fitting.host import Host
from mlptrain.fitting.outcome import TrainingResult
from mlptrain.fitting.remembered import Remembered, take_fitted
from mlptrain.fitting.spec_changes import describe_change, find_nested_differences, write_undoing_override
from mlptrain.fitting.unfinished_fit import ReadData, describe_unfinished_fit
from mlptrain.model.file import WRITER, collect_network_arrays
from mlptrain.model.fitted_network import FittedNetwork
from mlptrain.model.history import EpochEnded
from mlptrain.model.products import count_product_threads, describe_products
from mlptrain.model.training_names import choose_training_noun
from mlptrain.plain import to_stored
from mlptrain.preparation.fingerprint import (
    Fingerprint,
    Fitted,
    Input,
    describe_difference,
    describe_other_inputs,
    order_inputs_like,
    take_fingerprint,
)
from mlptrain.preparation.material import TrainingData
from mlptrain.spec.fields import Schedules
from mlptrain.spec.file import Draft
from mlptrain.storage.companions import derive_checkpoint_path
from mlptrain.storage.publishing import require_space
from mlptrain.training.course import Course
from mlptrain.training.events import EventSink, Sink, StepsDone
from mlptrain.training.snapshot import Snapshot, take_snapshot
from mlptrain.training.state import TrainState, make_initial_state

When = Literal["auto", "epochs", "off"]
Existing = Literal["refuse", "resume", "restart", "finish"]

UNDO = "undo that{how}, or forget the unfinished fit with --restart"
SHARE = 0.02
"""The part of the time that checkpoints take at most, unless every epoch is to have one."""
SHORT = 5.0
"""Seconds of training that are not worth a checkpoint."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """When checkpoints are written, and what becomes of one that an unfinished fit has left.

    `auto` writes one at the end of an epoch, unless that takes more than a fiftieth of the time; `epochs` at the end
    of every epoch; both also within an epoch, when the last one is `minutes` old, and where the fit is interrupted.
    """

    when: When = "auto"
    minutes: float = 10.0
    existing: Existing = "refuse"
    options: Sequence[str] = ()
    """Those of the command that change the spec, which going on needs again."""


def plan_checkpoints(when: When, minutes: float, *, resume: bool, restart: bool, finish: bool) -> Plan:
    """The plan from the command line's options; a SpecError if two contradict each other."""
    wishes: dict[Existing, bool] = {"resume": resume, "restart": restart, "finish": finish}
    asked = [name for name, wished in wishes.items() if wished]
    if len(asked) > 1:
        raise SpecError(f"--{asked[0]} and --{asked[1]} contradict each other; give one of them")
    return Plan(when=when, minutes=minutes, existing=asked[0] if asked else "refuse")


def load_unfinished_checkpoint(
    model: Path, plan: Plan, notice: Callable[[str], object], draft: Draft | None, read_data: ReadData | None
) -> Checkpoint | None:
    """The checkpoint to go on with, if any; an error where there is one and the plan does not say what to do."""
    if not has_checkpoint(model):
        if plan.existing == "finish":
            raise SpecError(
                f"--finish: {derive_checkpoint_path(model)} is not there; there is no unfinished fit to finish"
            )
        if plan.existing == "resume":
            notice(f"{derive_checkpoint_path(model)} is not there; training begins at the beginning")
        return None
    if plan.existing == "restart":
        return None
    if plan.existing == "refuse":
        raise SpecError(f"{derive_checkpoint_path(model)}: {describe_unfinished_fit(model, draft, read_data)}")
    return load_newest_checkpoint(model, notice)


class Checkpoints:
    """The keeper of a fit whose model goes to a file: trainings that are done and the one that is under way."""

    remembers = True

    def __init__(
        self, model: Path, plan: Plan, host: Host, draft: Draft | None = None, *, read_data: ReadData | None = None
    ) -> None:
        self.model, self.plan, self.draft = model, plan, draft
        self.clock, self.notice = host.clock, host.notice
        self.unfinished = load_unfinished_checkpoint(model, plan, host.notice, draft, read_data)
        found = self.unfinished
        self.finished: dict[int, FinishedTraining] = dict(found.finished) if found else {}
        self.under_way: dict[int, Snapshot] = dict(found.under_way) if found else {}
        """Where those trainings stood that had begun, until each goes on."""
        self.fitted: dict[int, Fitted] = {}
        self.inputs: Sequence[Input] = ()
        self.stored = found.place if found else ""
        self.cost, self.last = 0.0, self.clock()
        self.first: tuple[TrainingData, Course] | None = None

    @property
    def finishes(self) -> bool:
        """Whether nothing is trained, only the model of the best epoch written."""
        return self.plan.existing == "finish"

    @property
    def restarts(self) -> bool:
        """Whether an unfinished fit is forgotten."""
        return self.plan.existing == "restart"

    @property
    def training_data(self) -> TrainingData:
        """The rows and the spec of the fit."""
        return self.opened[0]

    @property
    def opened(self) -> tuple[TrainingData, Course]:
        """The rows of the fit and its first training."""
        assert self.first is not None
        return self.first

    @property
    def refits(self) -> bool:
        """Whether a refit follows."""
        return self.training_data.spec.training.refit

    def begin(self, data: TrainingData, course: Course) -> None:
        """Before the first training: there is room on the disk, and the unfinished fit is one of this spec and data."""
        if self.first is None:
            self.first = data, course
        self.inputs = take_fitted(course).inputs
        require_space(self.model, self.estimate_room(course))
        if self.unfinished is not None:
            self.verify(self.unfinished)
        elif self.plan.existing == "restart":
            remove_checkpoints(self.model)
        self.last = self.clock()

    def estimate_room(self, course: Course) -> int:
        """Bytes that models (new, previous) and checkpoints (new, last, the one before) take."""
        theta = course.network.parameters.theta.nbytes
        slots = sum(
            values.nbytes for values in make_initial_state(course.network, course.spec.optimizer).slots.values()
        )
        trainings = course.folds + self.refits
        checkpoint = 0 if self.plan.when == "off" else (2 + trainings) * theta + slots
        return 2 * course.folds * theta + 3 * checkpoint

    @cached_property
    def data(self) -> Fingerprint:
        """What the training sees."""
        data, course = self.opened
        return take_fingerprint(data, course.validation)

    @cached_property
    def surroundings(self) -> dict[str, str]:
        """What decides the last bits of results."""
        _, course = self.opened
        library = describe_products(course.network, course.batch_size)
        return {"mlptrain": WRITER, "NumPy": np.__version__, "matrix products": library}

    def verify(self, found: Checkpoint) -> None:
        """An error with the first difference, if the checkpoint is of another spec or of other data.

        What the user has written goes first, then the data: of other rows a recipe makes another spec.
        """
        path, cure = derive_checkpoint_path(self.model), UNDO.format(how="")
        if found.diverged and not self.finishes:
            raise SpecError(f"{path}: the fit diverged ({found.place}); --finish writes the model of its best epoch")
        self.verify_spec(found, self.is_written)
        if change := describe_difference(found.data, self.data) or self.describe_changed_inputs(found):
            raise DataError(f"{path}: the data has changed: {change}; {cure}")
        self.verify_spec(found)
        for what, now in self.surroundings.items():
            if (then := found.surroundings.get(what)) != now:
                self.notice(
                    f"{path} was written with {what} {then}, this is {now}: the last digits of the result may differ "
                    "from those of a fit that was never interrupted"
                )

    def is_written(self, path: tuple[str, ...]) -> bool:
        """Whether the user has written what stands at a path of the spec."""
        return self.draft is not None and self.draft.gives(path)

    def verify_spec(self, found: Checkpoint, matters: Callable[[tuple[str, ...]], bool] = bool) -> None:
        """An error with the first difference that matters, if the checkpoint is of another spec."""
        if change := self.describe_spec_change(found, matters):
            writer = found.surroundings.get("mlptrain")
            other = f" (it was written by mlptrain {writer}, this is {WRITER})" if writer != WRITER else ""
            raise SpecError(f"{derive_checkpoint_path(self.model)}: the spec has changed{other}: {change}")

    def describe_changed_inputs(self, found: Checkpoint) -> str:
        """The first difference in what the inputs mean, in words; the order of the columns decides that, too."""
        now = self.inputs
        return describe_other_inputs(found.inputs or order_inputs_like(found.data, now), now)

    def describe_spec_change(self, found: Checkpoint, matters: Callable[[tuple[str, ...]], bool]) -> str:
        """The first change that matters, and how to undo it; more epochs do not, where nothing depends on them."""
        now = to_stored(self.training_data.spec)
        for path, then, new in find_nested_differences(found.spec, now):
            if not matters(path):
                continue
            why = ""
            if path == ("training", "epochs") and then is not None:
                if not (hindrance := self.explain_hindrance(found, new)):
                    continue
                why = f", {hindrance}"
            undo = UNDO.format(how=write_undoing_override(path, then))
            return f"{describe_change(path, then, new)}{why}; {undo}"
        return ""

    def explain_hindrance(self, found: Checkpoint, epochs: int) -> str:
        """Why the fit would differ from one that had `epochs` from the beginning; empty if it would not."""
        schedules: Schedules = self.training_data.spec.schedules
        dependent = [
            name for name, each in vars(schedules).items() if each is not None and depends_on_total_epochs(each)
        ]
        if dependent:
            return f"and schedules.{dependent[0]} depends on it"
        if epochs < (done := found.most_epochs):
            return f"and {done} are done"
        if any(fold.result["reason"] in ("epochs", "time_limit") for fold in found.finished.values()):
            split = self.training_data.spec.data.split
            noun = choose_training_noun(split.trainings, split.repeats)
            return (
                "and the search for the best epoch is done" if self.refits else f"and {noun} are done that had no more"
            )
        return ""

    def collect_digests(self) -> dict[int, str]:
        """Of what was fitted for each training that has begun."""
        before = self.unfinished.fitted if self.unfinished else {}
        return {**before, **{number: each.digest for number, each in self.fitted.items()}}

    def remember(self, number: int) -> Remembered:
        """What was kept of a training."""
        return Remembered(
            file=str(derive_checkpoint_path(self.model)),
            finished=self.finished.get(number),
            snapshot=self.under_way.get(number),
            place=self.unfinished.describe_place(number) if self.unfinished and number in self.under_way else "",
            digest=self.unfinished.fitted.get(number, "") if self.unfinished else "",
        )

    def restore_finished(self, course: Course) -> FinishedTraining | None:
        """What was kept of a training that is done; its network gets its parameters back."""
        kept, fitted = self.remember(course.number), take_fitted(course)
        kept.verify(course, fitted)
        self.fitted[course.number] = fitted
        return kept.restore_finished(course)

    def restore_state(self, course: Course) -> TrainState:
        """Where a training begins, or goes on."""
        kept, fitted = self.remember(course.number), take_fitted(course)
        kept.verify(course, fitted)
        self.fitted[course.number] = fitted
        state = kept.restore_state(course, self.notice)
        self.under_way.pop(course.number, None)  # its arrays are in the network and the state now
        return state

    def watch(self, course: Course, state: TrainState) -> Sink:
        """A consumer of the events of a training that writes checkpoints when they are due."""
        return Watch(self, course, state)

    def is_due_after_epoch(self) -> bool:
        """Whether a checkpoint is to be written at the end of an epoch."""
        if self.plan.when == "off" or self.finishes:
            return False
        elapsed = self.clock() - self.last
        return self.plan.when == "epochs" or elapsed > max(SHORT, self.cost / SHARE)

    def is_due_within_epoch(self, *, stopping: bool) -> bool:
        """Whether a checkpoint is to be written within an epoch."""
        if self.plan.when == "off" or self.finishes:
            return False
        elapsed = self.clock() - self.last
        return stopping or elapsed > max(60 * self.plan.minutes, self.cost / SHARE)

    def save(self, course: Course, state: TrainState) -> None:
        """Write a checkpoint. What the disk refuses is told; training goes on, and the last checkpoint stays."""
        self.save_under_way({course.number: take_snapshot(course.network, state)})

    def save_under_way(self, snapshots: Mapping[int, Snapshot]) -> None:
        """Write a checkpoint with what is done, and with trainings as they stand."""
        begun, checkpoint = self.clock(), self.make_checkpoint(snapshots)
        if checkpoint.finite and (problem := self.try_saving(checkpoint)):
            self.notice(f"no checkpoint: {problem}")
        self.last = self.clock()
        self.cost = self.last - begun

    def try_saving(self, checkpoint: Checkpoint) -> str:
        """Store a checkpoint; why that was not possible, if so."""
        try:
            save_checkpoint(checkpoint, self.model)
        except (EnvironmentFailure, ModelFileError) as problem:
            return str(problem)
        except MemoryError:
            return "there is not enough memory for it"
        self.stored = checkpoint.place
        return ""

    def describe_stop(self, course: Course, state: TrainState) -> str:
        """The message that the user has stopped the fit: where it stood, and what was kept."""
        return self.describe_stop_at({course.number: take_snapshot(course.network, state)})

    def describe_stop_at(self, snapshots: Mapping[int, Snapshot]) -> str:
        """The same, by how the trainings stand."""
        checkpoint = self.make_checkpoint(snapshots)
        named = any(map(checkpoint.name, checkpoint.under_way))
        here = f"in {checkpoint.place}" if named else checkpoint.place
        if not self.stored or self.plan.when == "off":
            return f"stopped {here}; nothing was written"
        kept = "all is kept" if self.stored == checkpoint.place else f"what it was {self.stored} is kept"
        again = "".join(f"{option} " for option in self.plan.options)
        return f"stopped {here}; {kept} in {derive_checkpoint_path(self.model)}: {again}--resume goes on from there"

    def describe_kept(self) -> str:
        """What is kept of trainings side by side where one of them has failed; empty if nothing is."""
        if not self.stored or not self.finished:
            return ""
        path, split = derive_checkpoint_path(self.model), self.training_data.spec.data.split
        noun = choose_training_noun(split.trainings, split.repeats)
        done = f"{len(self.finished)} of {split.trainings} {noun}"
        return f"; {path} keeps {done}: --resume goes on with it, --restart forgets it"

    def keep_best(self, course: Course, state: TrainState) -> str:
        """After a divergence: keep the best epoch, in which the network was good; what to say of that."""
        worth_it = self.clock() - self.last > SHORT or self.stored
        if self.plan.when == "off" or self.finishes or not worth_it:
            return ""
        best = course.refit or state.best.epoch
        if problem := self.try_saving(
            self.make_checkpoint({course.number: take_snapshot(course.network, state).of_best()}, diverged=True)
        ):
            return f"; the best epoch, {best:,}, could not be kept: {problem}"
        kept = f"{derive_checkpoint_path(self.model)} keeps the best epoch, {best:,}"
        return f"; {kept}: --finish writes its model, --restart forgets it"

    def make_checkpoint(self, snapshots: Mapping[int, Snapshot], *, diverged: bool = False) -> Checkpoint:
        """All that an unfinished fit needs; `snapshots` are of the trainings that are under way now."""
        return Checkpoint(
            spec=to_stored(self.training_data.spec),
            data=self.data,
            inputs=self.inputs,
            fitted=self.collect_digests(),
            surroundings=self.surroundings,
            finished=self.finished,
            under_way={**self.under_way, **snapshots},
            threads=count_product_threads(),
            diverged=diverged,
        )

    def keep_finished(self, number: int, fitted: FittedNetwork, result: TrainingResult) -> None:
        """Keep a training that is done in the checkpoints to come."""
        self.finished[number] = FinishedTraining(result=asdict(result), arrays=collect_network_arrays(fitted))
        self.fitted[number] = Fitted(fitted.features, fitted.head)
        self.under_way.pop(number, None)

    def remove(self) -> None:
        """The model is written: there is nothing to go on with."""
        remove_checkpoints(self.model)


class Watch(EventSink):
    """Writes the checkpoints of one training when they are due."""

    def __init__(self, checkpoints: Checkpoints, course: Course, state: TrainState) -> None:
        self.checkpoints, self.course, self.state = checkpoints, course, state

    def see_steps(self, steps: StepsDone, /) -> None:
        """Write one where the fit is interrupted, or if the last one is old."""
        if self.checkpoints.is_due_within_epoch(stopping=steps.stopping):
            self.checkpoints.save(self.course, self.state)

    def see_epoch(self, _epoch: EpochEnded, /) -> None:
        """Write one if it costs little time, or if each epoch is to have one."""
        if self.checkpoints.is_due_after_epoch():
            self.checkpoints.save(self.course, self.state)
