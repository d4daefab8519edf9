"""Options that several commands share, and what must happen before NumPy is loaded."""

import io
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, TextIO

import typer

from mlptrain.machine import THREAD_VARIABLES, count_usable_cores, has_room_for_threads

Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a key of the spec, also several times."),
]
SetInput = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help='How DATA is written: data.delimiter=";"; by default as it looks.'),
]
Threads = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Threads of the products; by default one a core.")
]
SpillDir = Annotated[
    Path | None, typer.Option(metavar="DIR", help="The folder for what is not held in memory (data.memory); on a disk.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print exactly one JSON document.")]
AnyModel = Annotated[
    str | None,
    typer.Argument(
        metavar="[MODEL]",
        help="A model (.npz), or its spec; by default the newest one in this folder.",
        show_default=False,
    ),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show all, in place of what fits on a screen.")]
PrintSpec = Annotated[bool, typer.Option("--spec", help="Print the resolved spec alone, as YAML that `fit` takes.")]
SpecPath = Annotated[str, typer.Argument(metavar="SPEC", help="A YAML spec; `-` is standard input.")]


def set_blas_threads(wanted: int | None) -> None:
    """Tell the BLAS libraries how many threads to start, before NumPy loads them; the user's own setting stands."""
    count = wanted or (count_usable_cores() if has_room_for_threads() else 1)
    for library in THREAD_VARIABLES:
        if wanted or library not in os.environ:
            os.environ[library] = str(count)
    if "numpy" in sys.modules:
        from threadpoolctl import threadpool_limits

        threadpool_limits(count)


def prepare_stdout() -> TextIO:
    """Standard output as other programs want to read it: UTF-8 and plain line ends, whatever the terminal speaks."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="\n", errors="backslashreplace")
    return sys.stdout


def print_message(message: str, longest: int) -> None:
    """Print one line on stderr, safe for any terminal; on one it is wrapped between words, its first word in colour."""
    from mlptrain.reporting.terminal import find_terminal
    from mlptrain.reporting.text import escape_text, escape_unencodable

    message = escape_unencodable(message, getattr(sys.stderr, "encoding", None) or "utf-8")
    with suppress(OSError):  # a log on a full disk, a terminal that has gone: no reason to lose the work
        terminal = find_terminal(sys.stderr)
        kind, colon, rest = terminal.wrap(escape_text(message, longest)).partition(":")
        paint = terminal.paint(kind + colon, "bad" if kind == "error" else "validation")
        print(f"{paint}{rest}", file=sys.stderr)


def print_notice(message: str) -> None:
    """Print one line of information on stderr."""
    print_message(f"note: {message}", 2006)


def drop_notice(message: str) -> None:
    """Take no notice: what `--quiet` has in place of `print_notice`."""
