"""Writing files so that a reader, or a crash, sees the old one or the new one and never a torn one."""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from mlptrain.errors import EnvironmentFailure


def publish(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a temporary file beside the target, flush it to the disk, then put it in the target's place.

    A device or a pipe (/dev/null, /dev/stdout) is written to: there is no file to put in its place.
    """
    target = Path(os.path.realpath(path))
    temporary = beside(target)
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as stream:
                write(stream)
            return
        with temporary.open("xb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(target)
        sync_folder(target.parent)
    except OSError as problem:
        raise EnvironmentFailure(f"{path}: cannot be written: {problem.strerror}; nothing was changed") from None
    finally:
        with suppress(OSError):
            temporary.unlink()


def beside(target: Path) -> Path:
    """A name in the target's folder that no other process takes."""
    return target.parent / f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp"


def sync_folder(folder: Path) -> None:
    """Make a rename durable, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_writable(path: Path) -> None:
    """Fail now, not after hours of training, if a file cannot be made beside `path`."""
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise EnvironmentFailure(f"{path}: the folder {path.parent} does not exist; make it first")
    probe = beside(target)
    try:
        probe.open("xb").close()
        probe.unlink()
    except OSError as problem:
        raise EnvironmentFailure(f"{path}: cannot be written: {problem.strerror}") from None
