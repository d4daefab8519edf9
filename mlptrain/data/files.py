"""Opening data files: the first bytes tell the kind of a file, never its name."""

import glob
import gzip
import io
import os
import sys
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO

from mlptrain.data.near_files import suggest_file
from mlptrain.data.remote import find_remote_state, match_remote_files, open_remote
from mlptrain.data.urls import is_url
from mlptrain.errors import DataError, MissingFile, MlptrainError

GZIP = b"\x1f\x8b"
PARQUET = b"PAR1\x15"
"""The magic and the first byte of what follows, which no name of a column holds."""
ZIP = b"PK\x03\x04"
IDX = b"\x00\x00\x08"
GZIP_FAULTS = (gzip.BadGzipFile, EOFError, zlib.error)
"""The exceptions of reading damaged gzip data."""
FOREIGN = {
    ZIP: "a zip or Excel file",
    PARQUET: "a Parquet file",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"%PDF-": "a PDF document",
    b"BZh91AY&SY": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"(\xb5/\xfd": "a zstd file",
    b"\x93NUMPY": "a NumPy array file",
    b"\x89HDF": "an HDF5 file",
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls), or one with a password",
    b"ARROW1": "an Arrow (Feather) file",
    b"FEA1": "a Feather file",
    b"SQLite format 3": "an SQLite database",
    b"\x80\x02": "a pickle, which mlptrain never opens",
    b"\x80\x03": "a pickle, which mlptrain never opens",
    b"\x80\x04": "a pickle, which mlptrain never opens",
    b"\x80\x05": "a pickle, which mlptrain never opens",
}

TABLE_ENDS = (".csv", ".tsv", ".tab", ".txt", ".parquet", ".pq", ".xlsx", ".xls", ".ods", ".gz", "")
"""How names of data files end, as far as messages propose them; those of IDX images have no end, or .gz."""

Opener = Callable[[], BinaryIO]


def make_opener(path: str) -> Opener:
    """A function that opens the bytes of `path` ("-" is standard input, read once and kept) anew at each call."""
    if path == "-":
        return partial(open_kept_bytes, read_standard_input(), name_input(path))
    return SameFile(path)


def open_kept_bytes(content: bytes, name: str) -> BinaryIO:
    """The bytes of a file that was read before, unpacked."""
    return unpack_gzip(io.BytesIO(content), name)


def read_standard_input() -> bytes:
    """All of standard input, which is kept: it may be asked for again to see how it is written."""
    stream = sys.stdin.buffer
    if not KEPT or KEPT[0][0] is not stream:
        KEPT[:] = [(stream, stream.read())]
    return KEPT[0][1]


KEPT: list[tuple[BinaryIO, bytes]] = []
"""Standard input that was read, and its bytes."""


class SameFile:
    """Opens a file anew at each call, and raises if it has changed in between."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.fingerprint: tuple[object, object] | None = None

    def __call__(self) -> BinaryIO:
        raw = open_file(self.path)
        try:
            self.check(None if is_url(self.path) else raw.fileno())
        except MlptrainError:
            raw.close()
            raise
        return unpack_gzip(raw, self.path)

    def check(self, file: int | str | None = None) -> None:
        """Raise if size or time of the last change differ from those at first; standard input is kept as it was."""
        if self.path == "-":
            return
        here = self.path if file is None else file
        found = find_remote_state(self.path) if is_url(self.path) else find_local_state(here)
        if self.fingerprint not in (None, found):
            raise DataError(f"{self.path}: the file has changed while it was read; try again when it is written")
        self.fingerprint = found


def find_local_state(file: int | str) -> tuple[int, int]:
    """Size of a file, open or by its name, and the time of its last change."""
    state = os.stat(file)  # noqa: PTH116  (also of an open file)
    return state.st_size, state.st_mtime_ns


def is_zip(path: str) -> bool:
    """Whether a file is a zip file, as Excel workbooks are, by its first bytes."""
    with open_stored_bytes(path) as stream:
        return stream.read(len(ZIP)) == ZIP


def is_parquet(path: str) -> bool:
    """Whether a file is a Parquet file, by its first bytes."""
    with open_stored_bytes(path) as stream:
        return stream.read(len(PARQUET)) == PARQUET


def open_stored_bytes(path: str) -> BinaryIO:
    """The bytes of a file, or of standard input ("-"), as stored."""
    return io.BytesIO(read_standard_input()) if path == "-" else open_file(path)


def name_input(path: str) -> str:
    """What messages call a file."""
    return "standard input" if path == "-" else path


def is_idx(path: str) -> bool:
    """Whether a file is an IDX file of bytes, gzip or not, by its first bytes."""
    try:
        with make_opener(path)() as stream:
            return stream.read(len(IDX)) == IDX
    except GZIP_FAULTS:
        return False
    except DataError:  # another kind of file; its reader names the kind
        return False


def match_files(path: str) -> list[str]:
    """The file of this name; where there is none, the files that the name matches as a pattern (*, ?, [a-z])."""
    if is_url(path):
        return match_remote_files(path)
    if path == "-" or not any(mark in path for mark in "*?[") or Path(path).exists():
        return [path]
    found = sorted(glob.glob(path, recursive=True))  # noqa: PTH207  (absolute patterns too)
    if not found:
        raise MissingFile(f"{path}: no file matches this pattern")
    return found


def open_file(path: str) -> BinaryIO:
    """The file's bytes, as stored."""
    if is_url(path):
        return open_remote(path)
    file = Path(path)
    try:
        if file.exists() and not file.is_file():
            what = "a folder" if file.is_dir() else "not a regular file"
            raise DataError(f"{path or repr(path)}: this is {what}; name a data file")
        return file.open("rb")
    except DataError:  # a ValueError, too
        raise
    except FileNotFoundError:
        raise MissingFile(f"{path}: no such file{suggest_file(file, TABLE_ENDS)}") from None
    except (OSError, ValueError) as problem:  # ValueError: a NUL in the name
        raise DataError(f"{path}: cannot be read: {getattr(problem, 'strerror', problem)}") from None


def unpack_gzip(raw: BinaryIO, name: str) -> BinaryIO:
    """The bytes, decompressed if they are gzip's; a DataError for known formats that are not read here."""
    head = raw.read(16)
    raw.seek(0)
    if head.startswith(GZIP):
        stream = gzip.GzipFile(fileobj=raw)
        stream.myfileobj = raw  # type: ignore[assignment]  # both are closed together
        return stream  # type: ignore[return-value]
    for magic, kind in FOREIGN.items():
        if head.startswith(magic):
            raw.close()
            raise DataError(f"{name}: this is {kind}; save tables as CSV (UTF-8), images as IDX")
    return raw


def build_gzip_error(path: str, problem: BaseException) -> DataError:
    """The error that a compressed file is damaged."""
    return DataError(f"{name_input(path)}: the gzip data is damaged: {problem}; fetch or make the file again")


def read_bytes(path: str) -> bytes:
    """All bytes of a file, decompressed."""
    try:
        with make_opener(path)() as stream:
            return stream.read()
    except GZIP_FAULTS as problem:
        raise build_gzip_error(path, problem) from None
