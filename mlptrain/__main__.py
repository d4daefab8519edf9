"""The entry point: run the command line, and turn what goes wrong into one message and an exit code."""

import io
import os
import sys
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path
from typing import NoReturn


def main() -> None:
    """Run `mlptrain`; the process ends with the documented exit code."""
    from mlptrain.cli import app
    from mlptrain.errors import EnvironmentFailure, MlptrainError

    prepare_streams()
    try:
        app(prog_name="mlptrain")
    except MlptrainError as problem:
        for message in problem.messages:
            say(f"error: {message}")
        sys.exit(problem.exit_code)
    except MemoryError as problem:
        say(f"error: not enough memory: {problem}; use fewer rows or columns, or a smaller network")
        sys.exit(EnvironmentFailure.exit_code)
    except OSError as problem:
        say(f"error: the system says: {problem}")
        sys.exit(EnvironmentFailure.exit_code)
    except ImportError as problem:
        if (problem.name or "mlptrain").startswith("mlptrain"):
            bug(problem)
        say(f"error: a library cannot be loaded: {problem}; give the process more memory, or install mlptrain again")
        sys.exit(EnvironmentFailure.exit_code)
    except Exception as problem:
        bug(problem)


def bug(problem: Exception) -> NoReturn:
    """Keep the traceback in a file, and say where."""
    with tempfile.NamedTemporaryFile("w", prefix="mlptrain-bug-", suffix=".txt", delete=False) as report:
        traceback.print_exception(problem, file=report)
    say(f"error: a bug in mlptrain: {type(problem).__name__}: {problem}; please report it with {report.name}")
    sys.exit(1)


def prepare_streams() -> None:
    """A stream that the caller has closed (>&-), or a terminal of few characters, is no fault."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  (for as long as the process lives)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def say(message: str) -> None:
    """One line on stderr, safe for any terminal."""
    from mlptrain.reporting.text import plain

    with suppress(OSError):  # whom nobody can be told, the exit code still tells
        print(plain(message, 4000), file=sys.stderr)


if __name__ == "__main__":
    main()
