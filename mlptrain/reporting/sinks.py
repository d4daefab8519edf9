"""The sinks by name, as the command line and Python ask for them. A new one is a file of its own and its name here.

The sink NAME is made by `make_NAME_sink` in `reporting/NAME.py`, trackers in `reporting/trackers.py`, which is loaded
when it is asked for: plain lines need no Rich.
"""

import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TextIO

from mlptrain.commands.paths import NamedFile
from mlptrain.errors import SpecError
from mlptrain.reporting.sink_options import SinkOptions
from mlptrain.reporting.terminal import is_in_notebook, is_live_terminal
from mlptrain.training.events import Sink

TRACKERS = ("mlflow", "wandb", "trackio")
SINKS = ("console", "lines", "notebook", "history", "tensorboard", *TRACKERS)
DISPLAYS = ("console", "lines", "notebook")
"""The sinks that show a run to people."""


def make_sink(name: str, *, title: str = "", path: Path | None = None, stream: TextIO | None = None) -> Sink:
    """The sink of a name: `title` heads what is shown, `path` is the file to write, `stream` is stderr by default."""
    if name not in SINKS:
        raise SpecError(f"there is no sink {name!r}; the sinks are {', '.join(SINKS)}")
    home = "trackers" if name in TRACKERS else name
    make = getattr(import_module(f"mlptrain.reporting.{home}"), f"make_{name}_sink")
    sink: Sink = make(SinkOptions(title=title, path=path, stream=stream or sys.stderr))
    return sink


def make_command_sinks(
    title: str, files: Mapping[str, NamedFile], trackers: Iterable[str], *, show: bool
) -> list[Sink]:
    """The sinks of a command: those that write files, by their names, trackers, and what shows the run on stderr."""
    written = [make_sink(name, title=title, path=file.path) for name, file in files.items()]
    for name in dict.fromkeys(trackers):
        if name not in TRACKERS:
            raise SpecError(f"--track {name}: there is no such tracker; the trackers are {', '.join(TRACKERS)}")
        written.append(make_sink(name, title=title))
    return [*written, make_sink(choose_display(sys.stderr), title=title)] if show else written


def choose_display(stream: TextIO) -> str:
    """The name of the sink that shows a run: a picture in a notebook or on a terminal, else plain lines on `stream`."""
    if is_in_notebook():
        return "notebook"
    return "console" if is_live_terminal(stream) else "lines"


def is_watched(stream: TextIO) -> bool:
    """Whether somebody probably looks on: in a notebook, or on a terminal of any kind."""
    return is_in_notebook() or stream.isatty()
