"""A run as plain lines, for logs and pipes: a few dozen for any number of epochs, no control characters, no colour."""

import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import IO, Self

from mlptrain.reporting import table
from mlptrain.reporting.digest import round_steps
from mlptrain.reporting.text import encodable
from mlptrain.reporting.words import broken_off, closing, count, opening
from mlptrain.training.events import EpochEnded, Event, Finished, Started, StepsDone

TURNS = 20
"""Lines at equal distances in a run that does all its epochs, at most."""
PATIENCE = 10.0
"""Seconds without a line, at least, before one is written out of turn."""
LONGEST = 300.0
"""Seconds without a line, at most: a job that says nothing for longer is taken for dead."""


class LinesSink:
    """What is trained, the epochs 1, 2, 5, 10, 20, …, every twentieth part of the run and the last, how it ended.

    Between those a line follows where none was written for ten seconds; in longer runs, for a thirtieth of the time
    gone, up to five minutes. A `*` marks an epoch that was the best so far. What `stream` refuses (`OSError`) is lost,
    and training goes on.
    """

    def __init__(self, stream: IO[str], *, title: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._title = title
        self._clock = clock
        self._begun = self._due = clock()
        self._started: Started | None = None
        self._forget()

    def _forget(self) -> None:
        self._last: EpochEnded | None = None
        self._best: EpochEnded | None = None
        self._written: EpochEnded | None = None
        self._headings: list[str] = []
        self._penalty = self._train_metric = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._started:
            epochs = self._last.epoch if self._last else 0
            self._end(self._started, broken_off(self._started, epochs, self._clock() - self._begun))

    def __call__(self, event: Event) -> None:
        """Write the line of an event, if it is to have one."""
        if isinstance(event, Started):
            self._start(event)
        elif self._started is None:
            return
        elif isinstance(event, EpochEnded):
            self._epoch(self._started, event)
        elif isinstance(event, Finished):
            self._end(self._started, closing(self._started, event, self._best))
        elif self._clock() >= self._due:
            self._steps(self._started, event)

    def _start(self, started: Started) -> None:
        self._forget()
        self._started = started
        self._begun = self._clock()
        self._step = next(step for step in round_steps(started.epochs) if step * TURNS >= started.epochs)
        self._milestones = frozenset(round_steps(self._step))
        self._write(f"{opening(started, self._title)}, {count(started.epochs, 'epoch')}")
        if started.earlier:
            self._best = next((epoch for epoch in reversed(started.earlier) if epoch.best), None)
            self._write(f"{count(len(started.earlier), 'epoch')} done before")

    def _epoch(self, started: Started, event: EpochEnded) -> None:
        self._last = event
        if event.best:
            self._best = event
        if event.penalty:
            self._penalty = True
        if event.train_metric is not None:
            self._train_metric = True
        if self._is_milestone(event.epoch) or self._clock() >= self._due:
            self._row(started, event)

    def _is_milestone(self, epoch: int) -> bool:
        return epoch % self._step == 0 or epoch in self._milestones or self._written is None

    def _row(self, started: Started, event: EpochEnded) -> None:
        every = table.columns(started, penalty=self._penalty, train_metric=self._train_metric)
        layout = table.Layout(tuple(every), gap=2)
        headings = ["".join(cells) for cells in layout.headings()]
        if headings != self._headings:
            self._headings = headings
            self._write(*headings)
        self._write("".join(layout.row(event, "*" if event.best and started.monitor is not None else "")))
        self._written = event

    def _steps(self, started: Started, event: StepsDone) -> None:
        self._write(f"  epoch {event.epoch}, step {event.steps:,} of {started.steps_per_epoch:,}")

    def _end(self, started: Started, words: str) -> None:
        if self._last and self._last is not self._written:
            self._row(started, self._last)
        self._write(words)
        self._started = None

    def _write(self, *lines: str) -> None:
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        with suppress(OSError):
            for line in lines:
                self._stream.write(f"{encodable(line.rstrip(), encoding)}\n")
            self._stream.flush()
        now = self._clock()
        self._due = now + min(max(PATIENCE, (now - self._begun) / 30), LONGEST)
