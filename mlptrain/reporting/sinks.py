"""The sinks by name, as the command line and Python ask for them. A new one is a file of its own and a line here."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TextIO

from mlptrain.errors import SpecError
from mlptrain.reporting.console import make_console_sink
from mlptrain.reporting.history import make_history_sink
from mlptrain.reporting.lines import make_lines_sink
from mlptrain.reporting.sink_options import SinkOptions
from mlptrain.training.events import Sink

SINKS: Mapping[str, Callable[[SinkOptions], Sink]] = {
    "console": make_console_sink,
    "lines": make_lines_sink,
    "history": make_history_sink,
}


def make_sink(name: str, *, title: str = "", path: Path | None = None, stream: TextIO | None = None) -> Sink:
    """The sink of a name: `title` heads what is shown, `path` is the file to write, `stream` is stderr by default."""
    if name not in SINKS:
        raise SpecError(f"there is no sink {name!r}; the sinks are {', '.join(SINKS)}")
    return SINKS[name](SinkOptions(title=title, path=path, stream=stream or sys.stderr))


def choose_display(stream: TextIO) -> str:
    """The name of the sink that shows a run on a stream: a live picture on a terminal, plain lines elsewhere."""
    return "console" if stream.isatty() else "lines"
