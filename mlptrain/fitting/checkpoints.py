"""Checkpoints of a fit: when they are written, whether one that is there may be gone on with, and how that is done."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mlptrain.engine.schedules import depends_on_total
from mlptrain.errors import DataError, EnvironmentFailure, Interrupted, ModelFileError, SpecError
from mlptrain.fitting import checkpoint_file
from mlptrain.fitting.checkpoint_file import Checkpoint, Fold, newest, path_of
from mlptrain.fitting.execution import products
from mlptrain.model.file import WRITER, stored
from mlptrain.model.model import Member
from mlptrain.preparation.fingerprint import Fingerprint, difference, fingerprint
from mlptrain.preparation.material import Material
from mlptrain.spec.fields import Schedules
from mlptrain.spec.plain import to_plain
from mlptrain.storage.metadata import Json
from mlptrain.storage.publishing import require_space
from mlptrain.training.course import Course
from mlptrain.training.events import EpochEnded, Event, StepsDone
from mlptrain.training.snapshot import Snapshot, restore, taken
from mlptrain.training.state import TrainState, initial_state

When = Literal["auto", "epochs", "off"]
Existing = Literal["refuse", "resume", "restart", "finish"]

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


def planned(when: When, minutes: float, *, resume: bool, restart: bool, finish: bool) -> Plan:
    """What a user has asked for."""
    asked: list[Existing] = ["resume"] * resume + ["restart"] * restart + ["finish"] * finish  # type: ignore[assignment]
    if len(asked) > 1:
        raise SpecError(f"--{asked[0]} and --{asked[1]} contradict each other; give one of them")
    return Plan(when=when, minutes=minutes, existing=asked[0] if asked else "refuse")


def existing(model: Path, plan: Plan, notice: Callable[[str], object]) -> Checkpoint | None:
    """The checkpoint to go on with, if any; an error where there is one and nobody has said what is to become of it."""
    if not checkpoint_file.present(model):
        if plan.existing == "finish":
            raise SpecError(f"--finish: {path_of(model)} is not there; there is no unfinished fit to finish")
        if plan.existing == "resume":
            notice(f"{path_of(model)} is not there; training begins at the beginning")
        return None
    if plan.existing == "restart":
        return None
    if plan.existing == "refuse":
        cure = "--resume goes on, --finish writes the model of its best epoch, --restart forgets it"
        raise SpecError(f"{path_of(model)}: an unfinished fit is here ({told(model)}); {cure}")
    return newest(model, notice)


def told(model: Path) -> str:
    """Where an unfinished fit stands, in words."""
    try:
        found = newest(model, str)
    except ModelFileError:
        return "its checkpoint is damaged"
    assert found is not None
    return f"{found.place}, then it diverged" if found.diverged else found.place


class Checkpoints:
    """The checkpoints of one fit: of the trainings that are done and the one that is under way."""

    def __init__(
        self,
        model: Path,
        material: Material,
        plan: Plan,
        found: Checkpoint | None,
        *,
        clock: Callable[[], float],
        notice: Callable[[str], object],
    ) -> None:
        self.model, self.material, self.plan, self.found = model, material, plan, found
        self.clock, self.notice = clock, notice
        self.folds: list[Fold] = []
        self.stored = found.place if found else ""
        self.first: Course | None = None
        self.cost, self.last = 0.0, clock()

    @property
    def refits(self) -> bool:
        """Whether a refit follows."""
        return self.material.spec.training.refit

    @property
    def finishing(self) -> bool:
        """Whether nothing is to be trained, only the model of the best epoch written."""
        return self.plan.existing == "finish"

    def begin(self, course: Course) -> None:
        """Before the first training: there is room on the disk, and what was found belongs to this spec and data."""
        self.first = course
        require_space(self.model, self.room(course))
        if self.found is not None:
            self.verify(self.found)
        elif self.plan.existing == "restart":
            checkpoint_file.remove(self.model)
        self.last = self.clock()

    def room(self, course: Course) -> int:
        """Bytes that models (new, previous) and checkpoints (new, last, the one before) take."""
        theta = course.network.parameters.theta.nbytes
        slots = sum(values.nbytes for values in initial_state(course.network, course.spec.optimizer).slots.values())
        trainings = course.folds + self.refits
        checkpoint = 0 if self.plan.when == "off" else (2 + trainings) * theta + slots
        return 2 * course.folds * theta + 3 * checkpoint

    @cached_property
    def data(self) -> Fingerprint:
        """What the training sees."""
        assert self.first is not None
        return fingerprint(self.material, self.first.validation)

    @cached_property
    def surroundings(self) -> dict[str, str]:
        """What decides the last bits of results."""
        assert self.first is not None
        library = products(self.first.network, self.first.batch_size)
        return {"mlptrain": WRITER, "NumPy": np.__version__, "matrix products": library}

    def verify(self, found: Checkpoint) -> None:
        """An error with the first difference, if the checkpoint is of another spec or of other data."""
        path, cure = path_of(self.model), "undo that, or forget the unfinished fit with --restart"
        if found.diverged and not self.finishing:
            raise SpecError(f"{path}: the fit diverged ({found.place}); --finish writes the model of its best epoch")
        if change := self.change_of_spec(found):
            writer = found.surroundings.get("mlptrain")
            other = f" (it was written by mlptrain {writer}, this is {WRITER})" if writer != WRITER else ""
            raise SpecError(f"{path}: the spec has changed{other}: {change}; {cure}")
        if change := difference(found.data, self.data):
            raise DataError(f"{path}: the data has changed: {change}; {cure}")
        for what, now in self.surroundings.items():
            if (then := found.surroundings.get(what)) != now:
                self.notice(
                    f"{path} was written with {what} {then}, this is {now}: the last digits of the result may differ "
                    "from those of a fit that was never interrupted"
                )

    def change_of_spec(self, found: Checkpoint) -> str:
        """The first change that matters, in words; more epochs do not, where nothing depends on their number."""
        now = to_plain(self.material.spec)
        for path, then, new in differences(found.spec, now):
            if path == ("training", "epochs") and then is not None:
                if why := self.hindrance(found, new):
                    return f"training.epochs was {then}, is {new}, {why}"
                continue
            return f"{'.'.join(path)} was {json.dumps(then)}, is {json.dumps(new)}"
        return ""

    def hindrance(self, found: Checkpoint, epochs: int) -> str:
        """Why the fit would not be the one that had so many epochs from the beginning; empty if it is."""
        schedules: Schedules = self.material.spec.schedules
        dependent = [name for name, each in vars(schedules).items() if each is not None and depends_on_total(each)]
        if dependent:
            return f"and schedules.{dependent[0]} depends on it"
        if epochs < (done := max([found.snapshot.epoch, *(fold.result["epochs"] for fold in found.folds)])):
            return f"and {done} are done"
        if any(fold.result["reason"] in ("epochs", "time_limit") for fold in found.folds):
            return "and the search for the best epoch is done" if self.refits else "and folds are done that had no more"
        return ""

    def finished(self, course: Course) -> Fold | None:
        """What was kept of a training that is done; its network gets its parameters back."""
        if self.found is None or course.number > len(self.found.folds):
            return None
        fold = self.found.folds[course.number - 1]
        try:
            for name, view in living_arrays(course).items():
                view[...] = fold.arrays[name]
        except (LookupError, ValueError) as problem:
            raise ModelFileError(f"{path_of(self.model)}: the checkpoint is damaged: {problem}") from None
        return fold

    def state(self, course: Course) -> TrainState:
        """Where a training begins, or goes on."""
        state = initial_state(course.network, course.spec.optimizer)
        if self.found is not None and course.number == len(self.found.folds) + 1:
            try:
                restore(self.found.snapshot, course.network, state)
            except (LookupError, TypeError, ValueError) as problem:
                raise ModelFileError(f"{path_of(self.model)}: the checkpoint is damaged: {problem}") from None
            self.notice(f"going on from {path_of(self.model)}: {self.found.place}")
            self.found = None  # its arrays are in the network and the state now
        return state

    def watch(self, course: Course, state: TrainState) -> Callable[[Event], None]:
        """What is to see the events of a training before anyone else does, and writes checkpoints when they are due."""

        def see(event: Event) -> None:
            if self.is_due(event):
                self.save(course, state)

        return see

    def is_due(self, event: Event) -> bool:
        """Whether a checkpoint is to be written now."""
        if self.plan.when == "off" or self.finishing or not isinstance(event, EpochEnded | StepsDone):
            return False
        elapsed = self.clock() - self.last
        if isinstance(event, StepsDone):
            return event.stopping or elapsed > max(60 * self.plan.minutes, self.cost / SHARE)
        return self.plan.when == "epochs" or elapsed > max(SHORT, self.cost / SHARE)

    def save(self, course: Course, state: TrainState) -> None:
        """Write a checkpoint. What the disk refuses is told; training goes on, and the last checkpoint stays."""
        begun, checkpoint = self.clock(), self.checkpoint(taken(course.network, state))
        if checkpoint.snapshot.finite and (problem := self.refusal(checkpoint)):
            self.notice(f"no checkpoint: {problem}")
        self.last = self.clock()
        self.cost = self.last - begun

    def refusal(self, checkpoint: Checkpoint) -> str:
        """Store a checkpoint; why that was not possible, if so."""
        try:
            checkpoint_file.save(checkpoint, self.model)
        except (EnvironmentFailure, ModelFileError) as problem:
            return str(problem)
        except MemoryError:
            return "there is not enough memory for it"
        self.stored = checkpoint.place
        return ""

    def interrupted(self, course: Course, state: TrainState) -> Interrupted:
        """The error that the user has stopped the fit: where it stood, and what was kept."""
        here = self.checkpoint(taken(course.network, state)).place
        if not self.stored or self.plan.when == "off":
            return Interrupted(f"stopped {here}; nothing was written")
        kept = "all is kept" if self.stored == here else f"what it was {self.stored} is kept"
        return Interrupted(f"stopped {here}; {kept} in {path_of(self.model)}: --resume goes on from there")

    def keep_best(self, course: Course, state: TrainState) -> str:
        """After a divergence: keep the best epoch, in which the network was good; what to say of that."""
        worth_it = self.clock() - self.last > SHORT or self.stored
        if self.plan.when == "off" or self.finishing or not worth_it:
            return ""
        best = course.refit or state.best.epoch
        if problem := self.refusal(self.checkpoint(taken(course.network, state).of_best(), diverged=True)):
            return f"; the best epoch, {best:,}, could not be kept: {problem}"
        kept = f"{path_of(self.model)} keeps the best epoch, {best:,}"
        return f"; {kept}: --finish writes its model, --restart forgets it"

    def checkpoint(self, snapshot: Snapshot, *, diverged: bool = False) -> Checkpoint:
        """All that an unfinished fit needs."""
        return Checkpoint(
            spec=to_plain(self.material.spec),
            data=self.data,
            surroundings=self.surroundings,
            folds=self.folds,
            snapshot=snapshot,
            diverged=diverged,
        )

    def fold_done(self, member: Member, result: Json) -> None:
        """Keep a fold that is done in the checkpoints to come."""
        self.folds.append(Fold(result=result, arrays=stored(member)))

    def remove(self) -> None:
        """The model is written: there is nothing to go on with."""
        checkpoint_file.remove(self.model)


def living_arrays(course: Course) -> dict[str, Any]:
    """The views of a network's parameters and buffers under their names in a model file."""
    network = course.network
    views = {f"parameters.{name}": view for name, view in network.parameters.values.items()}
    return views | {f"buffers.{name}": view for name, view in network.buffers.items()}


def differences(then: Any, now: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Where two plain values differ: the path, and what is there in each (None: nothing; of components the name)."""
    if isinstance(then, dict) and isinstance(now, dict):
        if then.get("name") != now.get("name"):
            yield path, then.get("name"), now.get("name")
            return
        for key in dict.fromkeys([*then, *now]):
            yield from differences(then.get(key), now.get(key), (*path, str(key)))
    elif then != now:
        yield path, then, now
