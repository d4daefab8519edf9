"""`mlptrain fit`."""

import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mlptrain.cli.options import AsJson, Set, SpecPath, Threads, for_programs, notice, silent, use_threads
from mlptrain.errors import EnvironmentFailure, Interrupted, SpecError

if TYPE_CHECKING:
    from mlptrain.fitting.trainings import Sink

When = Literal["auto", "epochs", "off"]
HISTORY_BEGINS = b'{"event": '


def fit(
    spec: SpecPath,
    out: Annotated[Path | None, typer.Option(metavar="MODEL.npz", help="Where to; by default <spec name>.npz.")] = None,
    overrides: Set = None,
    threads: Threads = None,
    history: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write the epochs as JSON lines.")] = None,
    out_of_fold: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="Also write each row's prediction by the fold that held it out."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a fit that was interrupted or killed.")] = False,
    finish: Annotated[
        bool, typer.Option("--finish", help="End a fit that was interrupted: write the model of its best epoch.")
    ] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Forget a fit that was interrupted.")] = False,
    checkpoints: Annotated[
        When, typer.Option(help="Checkpoints as they cost little time, at the end of all epochs, or none.")
    ] = "auto",
    checkpoint_minutes: Annotated[
        float, typer.Option(metavar="N", min=0.0, help="Also one within an epoch, N minutes after the last.")
    ] = 10.0,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show nothing but errors.")] = False,
) -> None:
    """Train what a spec says and write the model."""
    use_threads(threads)
    from mlptrain.commands import fit as fitting

    if history is not None:
        check_history(history, out or fitting.default_output(spec))
    with ExitStack() as stack, stopping() as stop:
        sinks = list(sinks_for(spec, history, quiet, stack))
        result = fitting.fit(
            spec,
            out=out,
            overrides=overrides or (),
            out_of_fold=out_of_fold,
            threads=threads,
            resume=resume,
            restart=restart,
            finish=finish,
            checkpoints=checkpoints,
            checkpoint_minutes=checkpoint_minutes,
            sinks=sinks,
            notice=silent if quiet else notice,
            stop=stop.wished,
        )
    if as_json:
        from mlptrain.reporting.results import fit_document, json_text

        print(json_text(fit_document(result)), file=for_programs())
    elif not quiet:
        from mlptrain.reporting.results import fit_text

        print(fit_text(result))
    if stop.signal:  # it came when the model was being written
        sys.exit(128 + stop.signal)


def sinks_for(spec: str, history: Path | None, quiet: bool, stack: ExitStack) -> Iterator["Sink"]:
    """Where the events go: the terminal, or plain lines, and a file of JSON lines."""
    if history is not None:
        yield history_sink(history, stack)
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


def history_sink(path: Path, stack: ExitStack) -> "Sink":
    """A file of JSON lines that is begun when training begins: a spec or data with faults writes nothing."""
    from mlptrain.reporting.history import HistoryWriter

    writer: HistoryWriter | None = None

    def write(event: Any) -> None:
        nonlocal writer
        writer = writer or HistoryWriter(stack.enter_context(open_history(path)))
        writer(event)

    return write


def check_history(path: Path, model: Path) -> None:
    """Refuse to replace anything but a history, or to write it where the model goes."""
    if path.resolve() == model.resolve():
        raise SpecError(f"--history {path}: this is where the model goes; choose another name")
    if path.is_file():
        with path.open("rb") as stream:
            beginning = stream.read(len(HISTORY_BEGINS))
        if beginning not in (b"", HISTORY_BEGINS):
            raise SpecError(f"--history {path}: exists and is not a history of mlptrain; choose another name")


def open_history(path: Path) -> Any:
    try:
        return path.open("w", encoding="utf-8")
    except OSError as problem:
        raise EnvironmentFailure(f"{path}: cannot be written: {problem.strerror}") from None


class Terminated(Interrupted):
    """SIGTERM stopped a training."""

    exit_code = 128 + signal.SIGTERM


class HungUp(Interrupted):
    """SIGHUP stopped a training: its terminal has gone."""

    exit_code = 129


SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Stop:
    """The wish to stop: in training the first signal asks for it; before that, or as a second one, it does not wait."""

    def __init__(self) -> None:
        self.signal = 0
        self.heard = False

    def wished(self) -> bool:
        """Whether to stop; who has asked once is taken to ask again."""
        self.heard = True
        return self.signal > 0

    def error(self, message: str) -> Interrupted:
        """What ends the process with the exit code of the signal."""
        kinds = {signal.SIGTERM: Terminated, getattr(signal, "SIGHUP", None): HungUp}
        return kinds.get(self.signal, Interrupted)(message)

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        at_once = self.signal or not self.heard
        self.signal = number
        if at_once:
            raise KeyboardInterrupt


@contextmanager
def stopping() -> Iterator[Stop]:
    """Let Ctrl-C, SIGTERM and SIGHUP end training after the current step, with a checkpoint written."""
    stop = Stop()
    before = {number: signal.signal(number, stop) for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN}
    try:
        yield stop
    except Interrupted as problem:
        raise stop.error(str(problem)) from None
    except KeyboardInterrupt:
        raise stop.error("stopped at once; what was written before stays as it is") from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
