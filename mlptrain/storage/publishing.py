"""Writing files so that a reader, a crash or a power cut finds the old one or the new one and never a torn one.

Write a temporary file beside the target, flush it to the disk, read it back, put it in the target's place, flush the
folder (Pillai et al., OSDI 2014). What the steps ask of the system goes through a `Disk`, so that a test can let any
of them fail.
"""

import errno
import io
import os
import re
import secrets
import shutil
import stat
import sys
import time
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from mlptrain.data.table_writing import CSV, TableForm
from mlptrain.data.urls import is_url, name_url
from mlptrain.errors import EnvironmentFailure, SpecError

Write = Callable[[BinaryIO], object]
HELD_BY_ANOTHER = (5, 32, 33)
"""What Windows answers while a virus scanner or a reader has the file open."""
PIECE = 1 << 20
PAUSES = (0.05, 0.1, 0.25, 0.5, 1.0)


class Checked(io.FileIO):
    """A file that knows the CRC-32 of what was written to it."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "wb")
        self.crc = 0

    def write(self, data: Any) -> int:
        """Write some bytes; how many were taken."""
        taken = super().write(data)
        self.crc = zlib.crc32(memoryview(data)[:taken], self.crc)
        return taken


class Disk:
    """The system's files."""

    def create(self, path: Path, like: Path) -> io.BufferedWriter:
        """A new file (`Checked`) with the permissions of `like`, if that is there; never one that a link leads to."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"):
            flags |= getattr(os, name, 0)
        descriptor = os.open(path, flags, 0o666)
        if like.exists() and hasattr(os, "fchmod"):
            os.fchmod(descriptor, stat.S_IMODE(like.stat().st_mode))
        return io.BufferedWriter(Checked(descriptor))

    def sync(self, stream: BinaryIO) -> None:
        """Flush a file to the disk."""
        stream.flush()
        if sys.platform == "darwin":
            import fcntl

            fcntl.fcntl(stream.fileno(), fcntl.F_FULLFSYNC)  # fsync alone leaves it in the disk's own memory
        else:
            os.fsync(stream.fileno())

    def replace(self, new: Path, old: Path) -> None:
        """Put a file in another's place."""
        for pause in PAUSES:
            try:
                new.replace(old)
            except OSError as problem:
                if getattr(problem, "winerror", None) not in HELD_BY_ANOTHER:
                    raise
                time.sleep(pause)
            else:
                return
        new.replace(old)

    def crc(self, path: Path) -> int:
        """The CRC-32 of what a file gives back."""
        found = 0
        with path.open("rb", buffering=0) as stream:
            while part := stream.read(PIECE):
                found = zlib.crc32(part, found)
        return found

    def exists(self, path: Path) -> bool:
        """Whether a file is there, and no link."""
        return path.is_file() and not path.is_symlink()

    def link(self, old: Path, new: Path) -> None:
        """A second name for a file; a copy where the file system knows no second names."""
        try:
            os.link(old, new)
        except OSError as problem:
            if problem.errno in (errno.ENOENT, errno.ENOSPC, errno.EIO, errno.EDQUOT):
                raise
            with old.open("rb") as source, self.create(new, old) as stream:
                shutil.copyfileobj(source, stream)
                self.sync(stream)

    def sync_folder(self, folder: Path) -> None:
        """Make a replacement durable, where the system can."""
        if os.name != "posix":
            return
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as problem:
            if problem.errno != errno.EINVAL:  # some file systems have no such thing
                raise
        finally:
            os.close(descriptor)

    def remove(self, path: Path) -> None:
        """Remove a file, if it is there."""
        with suppress(OSError):
            path.unlink()


SYSTEM = Disk()


def publish_file(
    path: Path, write: Write, disk: Disk = SYSTEM, *, keep: Path | None = None, follow: bool = True
) -> None:
    """Put what `write` writes in the place of `path`, whole or not at all; not before it was read back.

    The file that it replaces is kept as `keep`, in the same folder. A device or a pipe (/dev/null, /dev/stdout) is
    written to: there is no file to put in its place. Without `follow` a link (or a device, or a pipe) at `path` is
    replaced, for names that nobody gave: another one may have put it there.
    """
    target = locate_target(path, follow=follow)
    temporary = make_temporary_path(target)
    try:
        if follow and path.exists() and not path.is_file():
            with path.open("wb") as stream:
                write(stream)
            return
        with disk.create(temporary, target) as stream:
            write(stream)
            disk.sync(stream)
            written = cast(Checked, stream.raw).crc
        if disk.crc(temporary) != written:
            raise OSError(errno.EIO, "the disk does not give back what was written")
        if keep is not None and disk.exists(target):
            keep_file_under_name(target, target.with_name(keep.name), disk)
        disk.replace(temporary, target)
    except OSError as problem:
        raise EnvironmentFailure(f"{path}: cannot be written: {problem.strerror}; nothing was changed") from None
    finally:
        disk.remove(temporary)
    make_durable(path, target, disk)


def make_durable(path: Path, target: Path, disk: Disk) -> None:
    """Flush the folder of what was published to the disk."""
    try:
        disk.sync_folder(target.parent)
    except OSError as problem:
        lasting = "is written, but whether it survives a power cut is not sure"
        raise EnvironmentFailure(
            f"{path}: {lasting}: {problem.strerror}; write it again, or look at the disk"
        ) from None


def keep_file_under_name(old: Path, kept: Path, disk: Disk) -> None:
    """Make `kept` a second name (or a copy) of the file at `old`, replacing what stood there."""
    temporary = make_temporary_path(kept)
    try:
        disk.link(old, temporary)
        disk.replace(temporary, kept)
    finally:
        disk.remove(temporary)


def resolve_links(path: Path) -> Path:
    """The file that links lead to."""
    return Path(os.path.realpath(path))


def locate_target(path: Path, *, follow: bool) -> Path:
    """The file that links lead to; without `follow` the path itself, in the folder that links lead to."""
    return resolve_links(path) if follow else resolve_links(path.parent) / path.name


def make_temporary_path(target: Path) -> Path:
    """A name in the target's folder that no other process takes."""
    return target.parent / f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp"


TEMPORARY = r"\.{name}\.\d+-[0-9a-f]{{8}}\.tmp"
OLD = 3600.0
"""Seconds after which nobody is writing a file any more."""


def remove_leftover_temporary_files(
    path: Path,
    *,
    alone: bool,
    follow: bool = True,
    now: Callable[[], float] = time.time,
    disk: Disk = SYSTEM,
) -> None:
    """Remove the temporary files that publications of `path` left when they were killed.

    A caller that is not certainly `alone` removes old ones only. Whether their processes live says nothing: in a
    container the next one has the number of the last one.
    """
    target = locate_target(path, follow=follow)
    pattern = re.compile(TEMPORARY.format(name=re.escape(target.name)))
    with suppress(OSError):  # a folder that may not be listed keeps them
        for entry in list(target.parent.iterdir()):
            if pattern.fullmatch(entry.name) and (alone or now() - entry.stat().st_mtime > OLD):
                disk.remove(entry)


def require_space(path: Path, needed: int) -> None:
    """Fail now, not after hours of training, if the disk has no room for `needed` more bytes."""
    free = shutil.disk_usage(resolve_links(path).parent).free
    if needed > free:
        there = f"it needs about {needed / 1e6:,.1f} MB of disk, {free / 1e6:,.1f} MB are free"
        raise EnvironmentFailure(f"{path}: {there}; make room, or choose another --out")


def check_writable(path: Path) -> None:
    """Fail now, not after hours of training, if a file cannot be made beside `path`; a device or a pipe needs none."""
    if is_device_or_pipe(path):
        return
    refuse_url(path)
    target = resolve_links(path)
    require_folder(path, target)
    probe = make_temporary_path(target)
    try:
        probe.open("xb").close()
        probe.unlink()
    except OSError as problem:
        raise EnvironmentFailure(f"{path}: cannot be written: {problem.strerror}") from None


def refuse_url(path: Path) -> None:
    """An error for a URL, of whose slashes a path keeps one: what is written stays on this machine."""
    scheme, slash, rest = path.as_posix().partition(":/")
    if slash and is_url(f"{scheme}://"):
        name = name_url(f"{scheme}://{rest}")
        raise SpecError(f"{name}: files are written on this machine; name one here, and copy it from there")


def is_device_or_pipe(path: Path) -> bool:
    """Whether a path is there and is no file and no folder: nothing can be put in its place."""
    try:
        kind = path.stat().st_mode
    except (OSError, ValueError):  # not there, or no name at all
        return False
    return not stat.S_ISREG(kind) and not stat.S_ISDIR(kind)


def require_folder(path: Path, target: Path) -> None:
    """An error if the folder of the file that `path` leads to is not there, with the links on the way to it."""
    if target.parent.is_dir():
        return
    folder, cure = str(path.parent), "make it first"
    if Path(os.path.abspath(path)) != target:  # noqa: PTH100  (resolve() would follow the links)
        folder, cure = f"{target.parent}, to which a link in this path leads,", "make it first, or remove the link"
    if target.parent.exists():
        raise EnvironmentFailure(f"{path}: cannot be written: {folder} is not a folder; choose another name")
    raise EnvironmentFailure(f"{path}: the folder {folder} does not exist; {cure}")


def publish_table(
    columns: Mapping[str, Sequence[str]], path: Path, form: TableForm = CSV, numeric: Collection[str] = ()
) -> None:
    """Publish columns, `numeric` ones as numbers, as a file in a form."""
    publish_file(path, lambda stream: form.write([columns], numeric, stream))


def require_replaceable_file(
    path: Path, is_own: Callable[[Path], bool], *, fault: str, option: str = "", cure: str = "choose another name"
) -> None:
    """Refuse to replace what stands at `path`, unless `is_own` says that it is of the kind that is to be written.

    The message is "`option` path: exists and `fault`; `cure`".
    """
    if path.exists() and not is_own(path):
        raise SpecError(f"{f'{option} {path}'.lstrip()}: exists and {fault}; {cure}")


def begins_with_or_empty(path: Path, beginning: bytes) -> bool:
    """Whether a file begins so, or there is nothing in it to lose: it is empty, a device or a pipe."""
    if not path.is_file():
        return True
    with path.open("rb") as stream:
        return stream.read(len(beginning)) in (b"", beginning)
