"""The entry point: run the command line, and turn what goes wrong into one message and an exit code."""

import os
import sys
import tempfile
import traceback


def main() -> None:
    """Run `mlptrain`; the process ends with the documented exit code."""
    from mlptrain.cli import app
    from mlptrain.errors import MlptrainError

    try:
        app()
    except MlptrainError as problem:
        for line in str(problem).splitlines():
            say(f"error: {line}")
        sys.exit(problem.exit_code)
    except KeyboardInterrupt:
        say("stopped; nothing was written")
        sys.exit(130)
    except BrokenPipeError:
        # The reader has gone (mlptrain predict … | head): that is no fault. Nothing more can be flushed to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except MemoryError as problem:
        say(f"error: not enough memory: {problem}; use fewer rows or columns, or a smaller network")
        sys.exit(6)
    except Exception as problem:
        with tempfile.NamedTemporaryFile("w", prefix="mlptrain-bug-", suffix=".txt", delete=False) as report:
            traceback.print_exception(problem, file=report)
        say(f"error: a bug in mlptrain: {type(problem).__name__}: {problem}; please report it with {report.name}")
        sys.exit(1)


def say(message: str) -> None:
    """One line on stderr, safe for any terminal."""
    from mlptrain.reporting.text import plain

    print(plain(message, 4000), file=sys.stderr)


if __name__ == "__main__":
    main()
