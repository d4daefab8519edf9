"""Commands in children of a warm process: a fork in the place of an interpreter that starts and imports.

A child runs its command by way of `main`, which turns what goes wrong into one message and an exit code, and ends
without a word to the file system of its own: what it says on standard error goes into memory shared with its parent,
and what it says on standard output (which may be a file that pytest looks into) nowhere.
"""

import io
import mmap
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from unittest.mock import patch

from mlptrain import __main__ as entry
from tests.support.patience import PATIENCE

SAID = 1 << 16
"""Bytes of standard error that are kept."""
LONGEST = PATIENCE
"""Seconds after which a child hangs, and is ended."""


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit code (minus the number of the signal that ended it), and its standard error."""

    code: int
    err: str

    def faults(self, *codes: int) -> list[str]:
        """What is wrong with it if it was to end with one of these codes, and, where it failed, with one line."""
        wrong = [] if self.code in codes else [f"ended with {self.code} ({self.err.strip()})"]
        if self.code not in (0, -signal.SIGKILL) and (self.err.count("\n") != 1 or not self.err.startswith("error: ")):
            wrong.append(f"said {self.err!r}")
        return wrong


class Child:
    """A forked process that runs a command; with `waiting` it begins at `go`."""

    def __init__(self, command: Callable[[], object], *, waiting: bool = False) -> None:
        self.said = mmap.mmap(-1, SAID)
        begin = {signal.SIGUSR1}
        before = signal.pthread_sigmask(signal.SIG_BLOCK, begin)
        self.pid = os.fork()
        if not self.pid:
            self.run(lambda: (signal.sigwait(begin) if waiting else None, command()))
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def run(self, command: Callable[[], object]) -> None:
        """Run the command in the child and end with its exit code."""
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(LONGEST)
        out, err, code = io.TextIOWrapper(io.BytesIO()), io.StringIO(), 70
        try:
            streams = patch.multiple(sys, stdout=out, stderr=err)
            with patch("mlptrain.cli.app", lambda **_: command()), streams:
                entry.main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        except BaseException as problem:
            err.write(f"{type(problem).__name__}: {problem}\n")
        finally:
            self.said.write(err.getvalue().encode("utf-8", "replace")[:SAID])
            os._exit(code)

    def go(self) -> None:
        """Let a waiting child begin."""
        os.kill(self.pid, signal.SIGUSR1)

    def kill(self) -> None:
        """End it at once, wherever it is."""
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> Ended:
        """Its end."""
        _, status = os.waitpid(self.pid, 0)
        with self.said:
            err = self.said[:].rstrip(b"\0").decode("utf-8", "replace")
        return Ended(os.waitstatus_to_exitcode(status), err)


def ended(command: Callable[[], object]) -> Ended:
    """Run a command in a child to its end."""
    return Child(command).wait()
