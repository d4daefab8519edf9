"""A command on a pseudo-terminal, as a shell or the cell of a notebook runs it."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.command import ROOT
from tests.support.patience import PATIENCE


def run_on_terminal(*arguments: object, cwd: Path, environment: dict[str, str]) -> str:
    """All that `mlptrain` writes on a terminal of 24 lines of 80 columns; `environment` is laid over a neutral one."""
    import fcntl  # not on Windows
    import struct
    import termios

    kept = {name: value for name, value in os.environ.items() if name not in ("JPY_PARENT_PID", "NO_COLOR", "COLUMNS")}
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-m", "mlptrain", *map(str, arguments)],
        cwd=cwd,
        env=kept | {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT)} | environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        written = b"".join(iter(lambda: read_all(ours), b""))
        process.wait(PATIENCE)
    os.close(ours)
    return written.decode()


def read_all(terminal: int) -> bytes:
    """What comes next; nothing once the other end is closed."""
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so of a terminal whose other end is closed
        return b""
