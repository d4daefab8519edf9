"""One trial of a study: a fit of the spec with some values set, and what it is worth on the validation rows."""

import time
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean
from typing import Any, Literal

from mlptrain.errors import Diverged, Interrupted, SpecError
from mlptrain.fitting.fit import Fit, fit_rows
from mlptrain.fitting.host import Host
from mlptrain.fitting.relay import choose_watched_value
from mlptrain.model.history import EpochEnded
from mlptrain.model.rows import Rows
from mlptrain.plain import to_plain
from mlptrain.spec.document import Document
from mlptrain.spec.file import Draft, Override, make_draft_from_document
from mlptrain.spec.tune import SearchSpace
from mlptrain.spec.values import ValueOverride
from mlptrain.training.events import EventSink, Finished, Started
from mlptrain.workers.contract import Channel, Task

SEED_STEP = 10_000
"""Between the seeds of the fits of one trial: folds and repeats have those that follow each."""
State = Literal["complete", "stopped", "failed"]


@dataclass(frozen=True, kw_only=True)
class Reported:
    """The watched quantity on the way: after an epoch, or with folds and repeats after each of them."""

    step: int
    value: float


@dataclass(frozen=True, kw_only=True)
class TrialOutcome:
    """How a trial ended."""

    state: State
    value: float | None = None
    """The watched quantity of the best epoch on the validation rows: the mean over folds, repeats and seeds."""
    spec: Mapping[str, Any] = field(default_factory=dict)
    """The resolved spec, as plain values."""
    epochs: int = 0
    validation_rows: int = 0
    seconds: float = 0.0
    message: str = ""
    """Why it failed."""


@dataclass(frozen=True, kw_only=True)
class TrialJob:
    """Fits the spec of a study with some values set, on the same rows."""

    document: Document
    overrides: Sequence[Override]
    space: SearchSpace
    rows: Rows
    folder: Path
    threads: int | None = None

    def make_draft(self, values: Mapping[str, float], seed: int = 0) -> Draft:
        """The spec with values set; `seed` counts the fits of a trial, from 0."""
        overrides: list[Override] = [*self.overrides]
        overrides += [self.space.set_value(key, value) for key, value in values.items()]
        draft = make_draft_from_document(copy_document(self.document), overrides)
        if seed:
            own = ValueOverride("seed", draft.spec.seed + SEED_STEP * seed)
            draft = make_draft_from_document(copy_document(self.document), [*overrides, own])
        return draft

    def __call__(self, task: Task, channel: Channel) -> TrialOutcome:
        """The outcome of a trial; what ends it early or makes it fail is one, too."""
        begun = time.monotonic()
        try:
            fits = [self.fit(task.payload, seed, channel) for seed in range(self.space.settings.seeds)]
        except Interrupted:
            outcome = TrialOutcome(state="stopped")
        except (Diverged, SpecError) as problem:
            outcome = TrialOutcome(state="failed", message=str(problem))
        else:
            outcome = sum_up(fits)
        return replace(outcome, seconds=time.monotonic() - begun)

    def fit(self, values: Mapping[str, float], seed: int, channel: Channel) -> Fit:
        """One fit of a trial; the first one reports how it goes."""
        host = Host(threads=self.threads, stop=channel.is_stop_wished)
        sinks = [Reporter(channel.tell)] if seed == 0 else []
        return fit_rows(self.make_draft(values, seed), self.rows, folder=self.folder, host=host, sinks=sinks)


def copy_document(document: Document) -> Document:
    """A document that may be changed."""
    return replace(document, tree=deepcopy(document.tree), places=dict(document.places), notices=[])


def sum_up(fits: Sequence[Fit]) -> TrialOutcome:
    """The outcome of the fits of a trial."""
    values = [value for each in fits for value in each.model.watched.values]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return TrialOutcome(state="failed", message="the watched quantity was not a finite number in any epoch")
    return TrialOutcome(
        state="complete", value=mean(known), spec=to_plain(fits[0].model.spec), epochs=max(each.epochs for each in fits)
    )


class Reporter(EventSink):
    """Reports the watched quantity of a fit: of one training epoch by epoch, of several after each of them."""

    def __init__(self, tell: Callable[[Reported], object]) -> None:
        self.tell = tell
        self.started: Started | None = None
        self.best: list[float] = []
        self.now: float | None = None

    def see_start(self, started: Started, /) -> None:
        """Take note of what is watched."""
        self.started, self.now = started, None

    def see_epoch(self, epoch: EpochEnded, /) -> None:
        """Report the epoch, if it is one of the only training."""
        assert self.started is not None
        value = choose_watched_value(self.started.monitor or self.started.metric, epoch)
        self.now = value if epoch.best else self.now
        if self.started.folds == 1 and value is not None:
            self.tell(Reported(step=epoch.epoch, value=value))

    def see_finish(self, _finished: Finished, /) -> None:
        """Report the mean of the trainings so far, if there are several."""
        if self.now is not None:
            self.best.append(self.now)
        if self.started is not None and self.started.folds > 1 and self.best:
            self.tell(Reported(step=self.started.fold, value=mean(self.best)))
