"""The entry point: run the command line, and turn what goes wrong into one message and an exit code."""

import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

from mlptrain.errors import (
    EndSignal,
    EnvironmentFailure,
    HungUp,
    Interrupted,
    MlptrainError,
    Terminated,
    make_interruption,
)
from mlptrain.loading import load_modules

END_SIGNALS: dict[str, type[Interrupted]] = {"SIGTERM": Terminated, "SIGHUP": HungUp}
"""The signals that end a command beside SIGINT, which Python itself turns to KeyboardInterrupt."""
LESS_MEMORY = "use fewer rows or columns, or a smaller network"
NO_THREAD = "can't start new thread"
"""What Python says where a limit of memory or of processes leaves no room for a thread."""


def main() -> None:
    """Run `mlptrain`; the process ends with the documented exit code."""
    prepare_streams()
    try:
        with end_on_signals():
            run_command_line()
    except KeyboardInterrupt as stop:  # while the program loads; later the commands themselves hear of it
        problem = make_interruption(stop)
        print_error(str(problem))
        sys.exit(problem.exit_code)


@contextmanager
def end_on_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end a command as Ctrl-C does; what the caller ignores (nohup) stays ignored."""

    def end(number: int, _frame: object) -> NoReturn:
        raise EndSignal(END_SIGNALS[signal.Signals(number).name])

    numbers = [getattr(signal, name) for name in END_SIGNALS if hasattr(signal, name)]
    before = {number: signal.signal(number, end) for number in numbers if signal.getsignal(number) != signal.SIG_IGN}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run_command_line() -> None:
    """Run the command that was asked for; what goes wrong is printed, and ends the process."""
    try:
        with load_modules():
            from mlptrain.cli import choose_commands  # takes long enough for a Ctrl-C to come meanwhile

        arguments = [] if any(name.startswith("_MLPTRAIN_COMPLETE") for name in os.environ) else sys.argv[1:]
        choose_commands(arguments or ["--"])(prog_name="mlptrain")
    except MlptrainError as problem:
        for note in getattr(problem, "__notes__", ()):
            print_note(note)
        for message in problem.messages:
            print_error(message)
        sys.exit(problem.exit_code)
    except MemoryError as problem:
        print_error(f"not enough memory{f': {problem}' if str(problem) else ''}; {LESS_MEMORY}")
        sys.exit(EnvironmentFailure.exit_code)
    except OSError as problem:
        print_error(f"the system says: {problem}")
        sys.exit(EnvironmentFailure.exit_code)
    except ImportError as problem:
        if (problem.name or "").startswith("mlptrain"):  # NumPy gives none
            exit_with_bug_report(problem)
        cause = str(problem.__cause__ or problem)
        print_error(f"a library cannot be loaded: {cause}; give the process more memory, or install mlptrain again")
        sys.exit(EnvironmentFailure.exit_code)
    except Exception as problem:
        if NO_THREAD in str(problem):
            print_error(f"the system gives no thread ({problem}); end other programs, or raise the limits of this one")
            sys.exit(EnvironmentFailure.exit_code)
        exit_with_bug_report(problem)


def exit_with_bug_report(problem: Exception) -> NoReturn:
    """Keep the traceback in a file, and say where."""
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="mlptrain-bug-", suffix=".txt", delete=False) as report:
        traceback.print_exception(problem, file=report)
    print_error(f"a bug in mlptrain: {type(problem).__name__}: {problem}; please report it with {report.name}")
    sys.exit(1)


def prepare_streams() -> None:
    """Replace streams that the caller closed (>&-), and escape characters that stdout cannot encode."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123  (as long as the process)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def print_note(message: str) -> None:
    """Print what was found out before it went wrong."""
    from mlptrain.cli.options import print_notice

    print_notice(message)


def print_error(message: str) -> None:
    """Print one line about what went wrong; if nobody can be told, the exit code still tells."""
    try:
        from mlptrain.cli.options import print_message

        print_message(f"error: {message}", 4000)
    except (MemoryError, ImportError, OSError):  # there is not even memory for what prints it well
        with suppress(OSError):
            sys.stderr.write("".join(sign if sign.isprintable() else "?" for sign in f"error: {message}") + "\n")


if __name__ == "__main__":
    main()
