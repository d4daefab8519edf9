"""Opening data files: what a file is is decided by its first bytes, never by its name."""

import gzip
import io
import sys
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import BinaryIO

from mlptrain.errors import DataError

GZIP = b"\x1f\x8b"
FOREIGN = {
    b"PK\x03\x04": "a zip or Excel file",
    b"PAR1": "a Parquet file",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"%PDF": "a PDF document",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"(\xb5/\xfd": "a zstd file",
    b"\x93NUMPY": "a NumPy array file",
    b"\x89HDF": "an HDF5 file",
    b"SQLite": "an SQLite database",
    b"\x80\x02": "a pickle, which mlptrain never opens",
    b"\x80\x03": "a pickle, which mlptrain never opens",
    b"\x80\x04": "a pickle, which mlptrain never opens",
    b"\x80\x05": "a pickle, which mlptrain never opens",
}

Opener = Callable[[], BinaryIO]


def opener(path: str) -> Opener:
    """A function that opens the bytes of `path` ("-" is standard input, read once and kept) anew at each call."""
    if path == "-":
        content = sys.stdin.buffer.read()
        return lambda: unpacked(io.BytesIO(content), "standard input")
    return lambda: unpacked(open_file(path), path)


def open_file(path: str) -> BinaryIO:
    """The file's bytes, as stored."""
    file = Path(path)
    if file.exists() and not file.is_file():
        raise DataError(f"{path}: this is {'a folder' if file.is_dir() else 'not a regular file'}; name a data file")
    try:
        return file.open("rb")
    except FileNotFoundError:
        raise DataError(f"{path}: no such file{nearest_file(file)}") from None
    except OSError as problem:
        raise DataError(f"{path}: cannot be read: {problem.strerror}") from None


def nearest_file(file: Path) -> str:
    """A hint: the file of the same folder whose name is nearest, or that the folder is missing."""
    if not file.parent.is_dir():
        return f"; the folder {file.parent} does not exist"
    names = [entry.name for entry in file.parent.iterdir()]
    close = get_close_matches(file.name, names, n=1, cutoff=0.6)
    return f"; did you mean {str(file.parent / close[0])!r}?" if close else ""


def unpacked(raw: BinaryIO, name: str) -> BinaryIO:
    """The bytes, decompressed if they are gzip's."""
    head = raw.read(8)
    raw.seek(0)
    if head.startswith(GZIP):
        return gzip.open(raw)  # type: ignore[return-value]
    for magic, kind in FOREIGN.items():
        if head.startswith(magic):
            raise DataError(f"{name}: this is {kind}, not delimited text; save it as CSV (UTF-8)")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{name}: this is UTF-16 text; save it as UTF-8")
    return raw


def content(path: str) -> bytes:
    """All bytes of a file, decompressed."""
    try:
        with opener(path)() as stream:
            return stream.read()
    except (gzip.BadGzipFile, EOFError) as problem:
        raise DataError(f"{path}: the gzip data is damaged: {problem}") from None
