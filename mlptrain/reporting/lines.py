"""A run as plain lines, for logs and pipes: a few dozen for any number of epochs, no control characters, no colour."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import IO

from mlptrain.model.history import EpochEnded
from mlptrain.model.layer_findings import find_layer_faults
from mlptrain.model.layer_history import LayersSeen
from mlptrain.reporting.digest import generate_round_steps
from mlptrain.reporting.epoch_table import Layout, list_epoch_columns
from mlptrain.reporting.sink_options import SinkOptions
from mlptrain.reporting.text import escape_unencodable
from mlptrain.reporting.words import (
    COMPILING,
    describe_failure,
    describe_finish,
    describe_gap,
    describe_start,
    format_count_with_noun,
    is_untrained,
)
from mlptrain.training.events import EventSink, Finished, Started, StepsDone, TrialSteps

TURNS = 20
"""Lines at equal distances in a run that does all its epochs, at most."""
FOLD_TURNS = 4
"""The same in each of several trainings."""
SHORTEST_SILENCE = 10.0
"""Seconds without a line, at least, before one is written out of turn."""
LONGEST_SILENCE = 300.0
"""Seconds without a line, at most: a job that says nothing for longer is taken for dead."""


class LinesSink(EventSink):
    """Writes what is trained, the epochs 1, 2, 5, 10, 20, …, every twentieth part of the run, the last, and the end.

    Another epoch has a line if none was written for ten seconds; in longer runs, for a thirtieth of the time gone, up
    to five minutes. Before a line comes that of the best epoch so far, if it has none yet: so the best of all has one,
    and the epochs stay in order. A `*` marks an epoch that was the best so far, unless it has trained nothing. A line
    that `stream` refuses (`OSError`) is lost, and training goes on.
    """

    def __init__(self, stream: IO[str], *, title: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._title = title
        self._clock = clock
        self._begun = clock()
        self._due = self._begun + SHORTEST_SILENCE
        self._started: Started | None = None
        self._headings: list[str] = []
        self._forget()

    def _forget(self) -> None:
        self._last: EpochEnded | None = None
        self._best: EpochEnded | None = None
        self._last_row: EpochEnded | None = None
        self._best_without_row: EpochEnded | None = None
        self._penalty = self._train_metric = False
        self._undefined = ""
        self._told: set[tuple[str, str]] = set()

    def see_trial(self, trial: TrialSteps, /) -> None:
        """Write how far a trial has come, if nothing was written for long."""
        if self._clock() >= self._due:
            self._write(f"  trial {trial.trial} of {trial.trials}, step {trial.steps:,} of {trial.planned:,}")

    def see_start(self, started: Started, /) -> None:
        """Say what is trained."""
        self._forget()
        self._started = started
        self._begun = self._clock()
        turns = FOLD_TURNS if started.folds > 1 else TURNS
        self._step = next(step for step in generate_round_steps(started.epochs) if step * turns >= started.epochs)
        self._milestones = frozenset(generate_round_steps(self._step) if started.folds == 1 else ())
        self._write(f"{describe_start(started, self._title)}, {format_count_with_noun(started.epochs, 'epoch')}")
        if started.earlier:
            self._best = next((epoch for epoch in reversed(started.earlier) if epoch.best), None)
            self._write(f"{format_count_with_noun(len(started.earlier), 'epoch')} done before")
        if started.compiles:
            self._write(COMPILING)

    def see_steps(self, steps: StepsDone, /) -> None:
        """Write how far an epoch has come, if nothing was written for long."""
        if self._started and self._clock() >= self._due:
            self._write(f"  epoch {steps.epoch}, step {steps.steps:,} of {self._started.steps_per_epoch:,}")

    def see_layers(self, layers: LayersSeen, /) -> None:
        """Write what is wrong inside the network, each thing once."""
        for finding in find_layer_faults(layers) if self._started else ():
            if (key := (finding.code, finding.layer)) not in self._told:
                self._told.add(key)
                self._write(f"  epoch {layers.epoch}: {finding.sentence}")

    def see_epoch(self, epoch: EpochEnded, /) -> None:
        """Write the line of an epoch, if it is to have one."""
        if self._started is None:
            return
        self._last = epoch
        if epoch.best:
            self._best = self._best_without_row = epoch
        if epoch.penalty:
            self._penalty = True
        self._undefined = self._undefined or epoch.undefined
        if epoch.train_metric is not None:
            self._train_metric = True
        if self._is_milestone(epoch.epoch) or self._clock() >= self._due:
            self._write_rows(self._started, epoch)

    def see_finish(self, finished: Finished, /) -> None:
        """Write the last epoch and why training ended."""
        if self._started:
            self._end(self._started, describe_finish(self._started, finished, self._best))

    def close(self) -> None:
        """If an error has ended a training, write its last epoch and where it stood."""
        if self._started:
            epochs = self._last.epoch if self._last else 0
            self._end(self._started, describe_failure(self._started, epochs, self._clock() - self._begun))

    def _is_milestone(self, epoch: int) -> bool:
        return epoch % self._step == 0 or epoch in self._milestones or self._last_row is None

    def _write_rows(self, started: Started, event: EpochEnded) -> None:
        """Write the line of an epoch, after that of the best one so far if it has none yet."""
        best = self._best_without_row
        if best is not None and best is not event and started.monitor is not None:
            self._write_row(started, best)
        self._write_row(started, event)
        self._best_without_row = None

    def _write_row(self, started: Started, event: EpochEnded) -> None:
        every = list_epoch_columns(started, penalty=self._penalty, train_metric=self._train_metric)
        layout = Layout(tuple(every), gap=2)
        legend = "* best yet" if started.monitor is not None else ""
        headings = ["".join(cells) for cells in layout.headings(legend)]
        if headings != self._headings:
            self._headings = headings
            self._write(*headings)
        marked = event.best and started.monitor is not None and not is_untrained(event)
        self._write("".join(layout.row(event, "*" if marked else "")))
        self._last_row = event

    def _end(self, started: Started, words: str) -> None:
        if self._last and self._last is not self._last_row:
            self._write_rows(started, self._last)
        self._write(*([describe_gap(started, self._undefined)] if self._undefined else []), words)
        self._started = None

    def _write(self, *lines: str) -> None:
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        with suppress(OSError):
            for line in lines:
                self._stream.write(f"{escape_unencodable(line.rstrip(), encoding)}\n")
            self._stream.flush()
        now = self._clock()
        self._due = now + min(max(SHORTEST_SILENCE, (now - self._begun) / 30), LONGEST_SILENCE)


def make_lines_sink(options: SinkOptions) -> LinesSink:
    """Plain lines on the stream."""
    return LinesSink(options.stream, title=options.title)
