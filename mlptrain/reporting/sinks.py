"""The sinks by name, as the command line and Python ask for them. A new one is a file of its own and its name here.

The sink NAME is made by `make_NAME_sink` in `reporting/NAME.py`, which is loaded when it is asked for: plain lines need
no Rich.
"""

import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TextIO

from mlptrain.errors import SpecError
from mlptrain.reporting.sink_options import SinkOptions
from mlptrain.reporting.terminal import is_in_notebook, is_live_terminal
from mlptrain.training.events import Sink

SINKS = ("console", "lines", "notebook", "history", "tensorboard")
DISPLAYS = ("console", "lines", "notebook")
"""The sinks that show a run to people."""


def make_sink(name: str, *, title: str = "", path: Path | None = None, stream: TextIO | None = None) -> Sink:
    """The sink of a name: `title` heads what is shown, `path` is the file to write, `stream` is stderr by default."""
    if name not in SINKS:
        raise SpecError(f"there is no sink {name!r}; the sinks are {', '.join(SINKS)}")
    make = getattr(import_module(f"mlptrain.reporting.{name}"), f"make_{name}_sink")
    sink: Sink = make(SinkOptions(title=title, path=path, stream=stream or sys.stderr))
    return sink


def make_command_sinks(title: str, paths: Mapping[str, Path], *, show: bool) -> list[Sink]:
    """The sinks of a command: those that write to paths, by their names, and what shows the run on stderr."""
    written = [make_sink(name, title=title, path=path) for name, path in paths.items()]
    return [*written, make_sink(choose_display(sys.stderr), title=title)] if show else written


def choose_display(stream: TextIO) -> str:
    """The name of the sink that shows a run: a picture in a notebook or on a terminal, else plain lines on `stream`."""
    if is_in_notebook():
        return "notebook"
    return "console" if is_live_terminal(stream) else "lines"


def is_watched(stream: TextIO) -> bool:
    """Whether somebody probably looks on: in a notebook, or on a terminal of any kind."""
    return is_in_notebook() or stream.isatty()
