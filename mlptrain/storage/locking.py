"""One process at a time: a lock beside an output, which the system releases however its holder ends."""

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mlptrain.errors import EnvironmentFailure
from mlptrain.storage.companions import derive_lock_path

HELD = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)


@contextmanager
def lock_exclusively(path: Path, notice: Callable[[str], object]) -> Iterator[bool]:
    """Lock `path` for this process alone; if another one holds the lock, raise an error without waiting.

    The lock is one of `path`.lock. A file system that knows no locks (some network ones) gives a notice, and False.
    """
    lock = derive_lock_path(path)
    descriptor, locked = take_lock(path, lock, notice)
    try:
        yield locked
    finally:
        with suppress(OSError):  # a folder that has gone, or may not be written any more, has no use for it
            lock.unlink()
        os.close(descriptor)


def take_lock(path: Path, lock: Path, notice: Callable[[str], object]) -> tuple[int, bool]:
    """The descriptor of the lock file, with our process's number in it, and whether it could be locked."""
    while True:
        try:
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        except OSError as problem:
            raise EnvironmentFailure(f"{lock}: {explain_no_lock(lock, problem)}; nothing was changed") from None
        try:
            lock_file_without_waiting(descriptor)
        except OSError as problem:
            if problem.errno not in HELD:
                notice(f"{path}: the file system knows no locks ({problem.strerror}); see that no other run writes it")
                return descriptor, False
            holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() if hasattr(os, "pread") else ""
            os.close(descriptor)
            who = f"another mlptrain{f' (process {holder})' if holder.isdecimal() else ''} is writing here"
            raise EnvironmentFailure(f"{path}: {who}; wait for it, or choose another --out") from None
        if is_same_lock_file(descriptor, lock):
            with suppress(OSError):  # a full disk: the number is only for the message of another process
                os.truncate(descriptor, 0)
                os.write(descriptor, f"{os.getpid()}\n".encode())
            return descriptor, True
        os.close(descriptor)  # its holder removed it between our opening and our locking


def explain_no_lock(lock: Path, problem: OSError) -> str:
    """Why a lock file cannot be opened, and what to do where something else has its name."""
    if lock.is_symlink() or lock.is_dir():
        what = "a link, which is not followed" if lock.is_symlink() else "a folder"
        return f"this is {what}, where the lock file of a fit stands; remove it, or choose another --out"
    return f"cannot be written: {problem.strerror}"


def is_same_lock_file(descriptor: int, lock: Path) -> bool:
    """Whether the lock's name still leads to the file that we have opened."""
    try:
        return os.path.samestat(os.fstat(descriptor), lock.stat())
    except FileNotFoundError:
        return False


def lock_file_without_waiting(descriptor: int) -> None:
    """Lock a file, or raise an OSError."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
