"""A run as JSON lines, for programs: every epoch, nothing thinned."""

import json
import time
from collections.abc import Callable
from dataclasses import fields
from math import isfinite
from pathlib import Path
from typing import TextIO

from mlptrain.errors import EnvironmentFailure, SpecError
from mlptrain.model.history import EpochEnded
from mlptrain.model.layer_history import LayersSeen
from mlptrain.plain import to_plain
from mlptrain.reporting.sink_options import SinkOptions
from mlptrain.storage.publishing import begins_with_or_empty, check_writable, require_replaceable_file
from mlptrain.training.events import Event, EventSink, Finished, FitStarted, Started, TrialSteps

FLUSH = 1.0
"""Seconds after which what was written is there to read."""
BEGINNING = b'{"event": '
"""What every history begins with."""

UNWRITTEN = ("earlier", "earlier_layers", "repeats", "undefined", "spec", "compiles")
"""What events say beside the facts of their own lines."""

_encode = json.JSONEncoder(allow_nan=False).encode


class HistoryWriter(EventSink):
    """One JSON object a line: `{"event": "started" | "layers" | "epoch" | "finished", …}`, with the event's own names.

    What is None or not a finite number is null: the lines are JSON to every reader. Errors of `stream` are raised:
    a history that was asked for must not be incomplete without notice.
    """

    def __init__(self, stream: TextIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._due = clock() + FLUSH

    def see_start(self, started: Started, /) -> None:
        """Write the line of a start, and those of the epochs of an earlier run."""
        self._write(started)
        seen = {each.epoch: each for each in started.earlier_layers}
        for epoch in started.earlier:
            if epoch.epoch in seen:
                self._write(seen[epoch.epoch])
            self.see_epoch(epoch)
        self._flush()

    def see_layers(self, layers: LayersSeen, /) -> None:
        """Write the line of the layers."""
        self._write(layers)

    def see_epoch(self, epoch: EpochEnded, /) -> None:
        """Write the line of an epoch."""
        self._write(epoch)
        if self._clock() >= self._due:
            self._flush()

    def see_finish(self, finished: Finished, /) -> None:
        """Write the line of an end."""
        self._write(finished)
        self._flush()

    def _write(self, event: Event) -> None:
        names = (field.name for field in fields(event) if field.name not in UNWRITTEN)
        values = {name: to_plain(_null_non_finite(getattr(event, name))) for name in names}
        self._stream.write(_encode({"event": event.kind, **values}) + "\n")

    def _flush(self) -> None:
        self._stream.flush()
        self._due = self._clock() + FLUSH


class HistoryFile(EventSink):
    """A file of JSON lines that is begun with the first event: where no training begins, nothing is written."""

    def __init__(self, path: Path) -> None:
        check_writable(path)
        require_replaceable_file(
            path, is_replaceable_by_history, option="--history", fault="is not a history of mlptrain"
        )
        self._path = path
        self._stream: TextIO | None = None
        self._writer: HistoryWriter | None = None

    def __call__(self, event: Event, /) -> None:
        """Write the line of an event; steps within an epoch, trials and the fit as a whole have none."""
        if isinstance(event, FitStarted | TrialSteps):
            return
        if self._writer is None:
            self._stream = _open_history(self._path)
            self._writer = HistoryWriter(self._stream)
        self._writer(event)

    def close(self) -> None:
        """Close the file."""
        stream, self._stream, self._writer = self._stream, None, None
        if stream:
            stream.close()


def make_history_sink(options: SinkOptions) -> HistoryFile:
    """JSON lines in the file at the path."""
    if options.path is None:
        raise SpecError("the sink 'history' writes a file: give its path")
    return HistoryFile(options.path)


def is_replaceable_by_history(path: Path) -> bool:
    """Whether a file may be replaced by a history: an earlier one, an empty file, a device or a pipe."""
    return begins_with_or_empty(path, BEGINNING)


def _open_history(path: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8")
    except OSError as problem:
        raise EnvironmentFailure(f"{path}: cannot be written: {problem.strerror}") from None


def _null_non_finite(value: object) -> object:
    return None if isinstance(value, float) and not isfinite(value) else value
