"""Other programs that exports are tried with, the only ones that are ever started."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A program that has ended."""

    exit_code: int
    """0 if all is well; negative where a signal ended it."""
    output: bytes
    problems: str
    """What it wrote to stderr."""


def run_process(arguments: Sequence[str], content: bytes = b"") -> Ended:
    """Run a program with `content` as its standard input, and wait for it."""
    done = subprocess.run(list(arguments), input=content, capture_output=True, check=False)  # noqa: S603 no shell
    problems = done.stderr.decode("utf-8", "replace").strip()
    return Ended(exit_code=done.returncode, output=done.stdout, problems=problems)
