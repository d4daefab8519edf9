"""A run as JSON lines, for programs: every epoch, nothing thinned."""

import json
import time
from collections.abc import Callable
from dataclasses import fields
from math import isfinite
from typing import TextIO

from mlptrain.training.events import EpochEnded, Event, Finished, Started

FLUSH = 1.0
"""Seconds after which what was written is there to read."""

_NAMES: dict[type[Event], str] = {Started: "started", EpochEnded: "epoch", Finished: "finished"}
_FIELDS = {kind: tuple(field.name for field in fields(kind) if field.name != "earlier") for kind in _NAMES}
_encode = json.JSONEncoder(allow_nan=False).encode


class HistoryWriter:
    """One JSON object a line: `{"event": "started" | "epoch" | "finished", …}` with the event's own field names.

    What is None or not a finite number is null: the lines are JSON to every reader. Errors of `stream` are raised:
    who asked for a history wants to know.
    """

    def __init__(self, stream: TextIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._due = clock() + FLUSH

    def __call__(self, event: Event) -> None:
        """Write the line of an event; steps within an epoch have none."""
        name = _NAMES.get(type(event))
        if name is None:
            return
        values = {field: _strict(getattr(event, field)) for field in _FIELDS[type(event)]}
        self._stream.write(_encode({"event": name, **values}) + "\n")
        for epoch in event.earlier if isinstance(event, Started) else ():
            self(epoch)
        if self._clock() >= self._due or not isinstance(event, EpochEnded):
            self._stream.flush()
            self._due = self._clock() + FLUSH


def _strict(value: object) -> object:
    return None if isinstance(value, float) and not isfinite(value) else value
