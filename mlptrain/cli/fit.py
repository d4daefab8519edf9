"""`mlptrain fit`."""

import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlptrain.cli.options import AsJson, Set, SpecPath, Threads, notice, silent, use_threads

if TYPE_CHECKING:
    from mlptrain.workflows.fitting import Sink


def fit(
    spec: SpecPath,
    out: Annotated[Path | None, typer.Option(metavar="MODEL.npz", help="Where to; by default <spec name>.npz.")] = None,
    overrides: Set = None,
    threads: Threads = None,
    history: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write the epochs as JSON lines.")] = None,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show nothing but errors.")] = False,
) -> None:
    """Train what a spec says and write the model."""
    use_threads(threads)
    from mlptrain.workflows import fitting

    with ExitStack() as stack, stopping() as stop:
        sinks = list(sinks_for(spec, history, quiet, stack))
        result = fitting.fit(
            spec,
            out=out,
            overrides=overrides or (),
            sinks=sinks,
            notice=silent if quiet else notice,
            stop=stop.wished,
        )
    if as_json:
        from mlptrain.reporting.results import json_text

        print(json_text(result))
    elif not quiet:
        from mlptrain.reporting.results import fit_text

        print(fit_text(result))
    if result.reason == "interrupted":
        sys.exit(128 + stop.signal)


def sinks_for(spec: str, history: Path | None, quiet: bool, stack: ExitStack) -> Iterator["Sink"]:
    """Where the events go: the terminal, or plain lines, and a file of JSON lines."""
    if history is not None:
        from mlptrain.reporting.history import HistoryWriter

        yield HistoryWriter(stack.enter_context(open_history(history)))
    if quiet:
        return
    if sys.stderr.isatty():
        from rich.console import Console

        from mlptrain.reporting.console import terminal_sink

        sink = terminal_sink(Console(stderr=True), title=spec)
        stack.enter_context(sink)
        yield sink
    else:
        from mlptrain.reporting.lines import LinesSink

        yield LinesSink(sys.stderr, title=spec)


def open_history(path: Path) -> Any:
    from mlptrain.errors import EnvironmentFailure

    try:
        return path.open("w", encoding="utf-8")
    except OSError as problem:
        raise EnvironmentFailure(f"{path}: cannot be written: {problem.strerror}") from None


class Stop:
    """The wish to stop: the first signal asks for it, a second one does not wait."""

    def __init__(self) -> None:
        self.signal = 0

    def wished(self) -> bool:
        return self.signal > 0

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        if self.signal:
            raise KeyboardInterrupt
        self.signal = number


@contextmanager
def stopping() -> Iterator[Stop]:
    """Let Ctrl-C and SIGTERM end training after the current step, with the best epoch so far written."""
    stop = Stop()
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
