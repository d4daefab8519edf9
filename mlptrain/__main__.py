"""The entry point: run the command line, and turn what goes wrong into one message and an exit code."""

import io
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import NoReturn

from mlptrain.cli import app
from mlptrain.cli.options import print_message
from mlptrain.errors import EnvironmentFailure, MlptrainError


def main() -> None:
    """Run `mlptrain`; the process ends with the documented exit code."""
    prepare_streams()
    try:
        app(prog_name="mlptrain")
    except MlptrainError as problem:
        for message in problem.messages:
            print_error(message)
        sys.exit(problem.exit_code)
    except MemoryError as problem:
        print_error(f"not enough memory: {problem}; use fewer rows or columns, or a smaller network")
        sys.exit(EnvironmentFailure.exit_code)
    except OSError as problem:
        print_error(f"the system says: {problem}")
        sys.exit(EnvironmentFailure.exit_code)
    except ImportError as problem:
        if (problem.name or "mlptrain").startswith("mlptrain"):
            exit_with_bug_report(problem)
        print_error(f"a library cannot be loaded: {problem}; give the process more memory, or install mlptrain again")
        sys.exit(EnvironmentFailure.exit_code)
    except Exception as problem:
        exit_with_bug_report(problem)


def exit_with_bug_report(problem: Exception) -> NoReturn:
    """Keep the traceback in a file, and say where."""
    with tempfile.NamedTemporaryFile("w", prefix="mlptrain-bug-", suffix=".txt", delete=False) as report:
        traceback.print_exception(problem, file=report)
    print_error(f"a bug in mlptrain: {type(problem).__name__}: {problem}; please report it with {report.name}")
    sys.exit(1)


def prepare_streams() -> None:
    """Replace streams that the caller closed (>&-), and escape characters that stdout cannot encode."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  (for as long as the process lives)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def print_error(message: str) -> None:
    """Print one line about what went wrong; if nobody can be told, the exit code still tells."""
    print_message(f"error: {message}", 4000)


if __name__ == "__main__":
    main()
