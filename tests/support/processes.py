"""A command as a real process."""

import os
import subprocess
import sys
from pathlib import Path

COMMAND = [sys.executable, "-m", "mlptrain"]


def environment(**more):
    """Ours, with warnings as errors (a warning is a second message), and with the buffers that users have."""
    ours = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return ours | {"PYTHONWARNINGS": "error", "PYTHONPATH": str(Path(__file__).parents[2])} | more


def process(*arguments, **options):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": environment()} | options
    return subprocess.Popen([*COMMAND, *map(str, arguments)], **pipes)
