"""What a sink that is asked for by its name is told."""

from dataclasses import dataclass
from pathlib import Path
from typing import TextIO


@dataclass(frozen=True, kw_only=True)
class SinkOptions:
    """A sink takes of these what it needs."""

    title: str
    """What is trained, in the user's words: the name of the spec."""
    path: Path | None
    """The file or folder to write, for a sink that writes one."""
    stream: TextIO
    """Where a sink that shows something shows it."""
