"""Writing files so that a reader, or a crash, sees the old one or the new one and never a torn one."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from mlptrain.errors import EnvironmentFailure


def publish(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a temporary file beside the target, flush it to the disk, then put it in the target's place."""
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("xb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(target)
        sync_folder(target.parent)
    except OSError as problem:
        raise EnvironmentFailure(f"{path}: cannot be written: {problem.strerror}; nothing was changed") from None
    finally:
        temporary.unlink(missing_ok=True)


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
    folder = path.parent
    if not folder.is_dir():
        raise EnvironmentFailure(f"{path}: the folder {folder} does not exist; make it first")
    probe = folder / f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp"
    try:
        probe.open("xb").close()
        probe.unlink()
    except OSError as problem:
        raise EnvironmentFailure(f"{path}: cannot be written: {problem.strerror}") from None
