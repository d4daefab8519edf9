"""The container of model files and checkpoints: the one .npz that `write_container` makes of arrays, and nothing else.

A zip archive of .npy members, stored and never packed, without gaps, comments or times, in the order given; the last
member is the SHA-256 of all bytes before it. `read_container` accepts a file only if it is, byte for byte, what
`write_container` makes of the arrays in it: every header is made anew and compared. So no damaged byte goes unnoticed,
members cannot overlap or unpack to more than the file, and memory stays within the file's size. `numpy.load` opens the
files too.

Formats: APPNOTE.TXT of PKWARE, sections 4.3.7, 4.3.12, 4.3.16; NumPy's NEP 1, version 1.0.
"""

import hashlib
import os
import re
import stat
import zlib
from collections.abc import Mapping
from math import prod
from pathlib import Path
from struct import Struct
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mlptrain.errors import ModelFileError
from mlptrain.storage.companions import derive_checkpoint_path

Arrays = dict[str, NDArray[Any]]

TYPES = ("<f4", "<f8", "<i4", "<i8", "|u1", "<u8")
NAME = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")
MOST_MEMBERS, LONGEST_NAME, LARGEST = 10_000, 200, (1 << 32) - 1
"""Limits: of the format's numbers the size of a file, 4 GiB; beyond them it would be another format (zip64)."""
DIGEST = "sha256"

LOCAL, CENTRAL, END = Struct("<4s5H3I2H"), Struct("<4s6H3I5H2I"), Struct("<4s4H2IH")
VERSION, STORED, NEW_YEAR_1980 = 20, 0, 33
MAGIC = b"\x93NUMPY\x01\x00"
HEADER = re.compile(rb"\{'descr': '([<|][a-z][0-9])', 'fortran_order': False, 'shape': \(([0-9, ]*)\), \} *\n")


class Refused(ValueError):
    """A rule of the container that a file breaks."""


class Stream(Protocol):
    """What bytes can be written to."""

    def write(self, data: bytes, /) -> object: ...


def write_container(stream: Stream, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write the container of some arrays; the same arrays in the same order give the same bytes."""
    if len(arrays) >= MOST_MEMBERS:
        raise ModelFileError(f"the model has more than {MOST_MEMBERS} arrays; use fewer folds, repeats or layers")
    digest, entries, position = hashlib.sha256(), [], 0
    for name, array in [*arrays.items(), (DIGEST, None)]:
        body = encode_npy_array(np.frombuffer(digest.digest(), np.uint8) if array is None else array)
        if position + len(body) > LARGEST:
            raise ModelFileError(
                "the model is larger than 4 GiB, the most that a model file holds; use a smaller network"
            )
        for part in (encode_zip_local_header(name, zlib.crc32(body), len(body)), body):
            stream.write(part)
            digest.update(part)
            position += len(part)
        entries.append((name, zlib.crc32(body), len(body)))
    stream.write(encode_zip_directory(entries))


def encode_npy_array(array: NDArray[Any]) -> bytes:
    """An array as .npy, little-endian, in C order."""
    kind = array.dtype.newbyteorder("<").str
    return encode_npy_header(kind, array.shape) + np.ascontiguousarray(array, kind).tobytes()


def encode_npy_header(kind: str, shape: tuple[int, ...]) -> bytes:
    """The header of an .npy, filled with spaces to a multiple of 64 bytes."""
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape!r}, }}".encode()
    text += b" " * (-(len(MAGIC) + 2 + len(text) + 1) % 64) + b"\n"
    return MAGIC + len(text).to_bytes(2, "little") + text


Entry = tuple[str, int, int]
"""Name, CRC-32 and size of a member."""


def encode_zip_local_header(name: str, crc: int, size: int) -> bytes:
    """What stands before a member."""
    file = f"{name}.npy".encode()
    fields = (b"PK\x03\x04", VERSION, 0, STORED, 0, NEW_YEAR_1980, crc, size, size, len(file), 0)
    return LOCAL.pack(*fields) + file


def encode_zip_directory(entries: list[Entry]) -> bytes:
    """What stands behind all members: the directory, and its own end."""
    parts, position = [], 0
    for name, crc, size in entries:
        file = f"{name}.npy".encode()
        sizes = (crc, size, size, len(file), 0, 0, 0, 0, 0, position)
        parts.append(CENTRAL.pack(b"PK\x01\x02", VERSION, VERSION, 0, STORED, 0, NEW_YEAR_1980, *sizes) + file)
        position += LOCAL.size + len(file) + size
    directory = b"".join(parts)
    return directory + END.pack(b"PK\x05\x06", 0, 0, len(entries), len(entries), len(directory), position, 0)


def read_container(path: Path) -> Arrays:
    """The arrays of a container, which share one block of memory of the file's size; a ModelFileError otherwise."""
    try:
        return decode_container(read_whole(path))
    except Refused as problem:
        raise ModelFileError(f"{path}: {problem}") from None


def read_whole(path: Path) -> memoryview:
    """The bytes of a regular file; anything else (folder, device, pipe) is refused without waiting for it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as problem:  # ValueError: a NUL or half a character in the name
        why = getattr(problem, "strerror", problem)
        missing = isinstance(problem, FileNotFoundError)
        what = "no such file" if missing else f"cannot be opened: {why}"
        raise Refused(f"{what}; {suggest_finish(path) if missing else WANTED}") from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
        os.close(descriptor)
        kind = "folder" if stat.S_ISDIR(status.st_mode) else "device or a pipe"
        what = "larger than 4 GiB, which no model is" if stat.S_ISREG(status.st_mode) else f"this is a {kind}"
        raise Refused(f"{what}; {WANTED}")
    with os.fdopen(descriptor, "rb") as stream:
        return memoryview(stream.read(status.st_size))


WANTED = "name a model that mlptrain fit wrote"


def suggest_finish(path: Path) -> str:
    """What to do where there is no model: finish the fit that has left its checkpoint beside it, if one has."""
    checkpoint = derive_checkpoint_path(path)
    if not checkpoint.exists():
        return WANTED
    return f"an unfinished fit has left {checkpoint.name} there: `mlptrain fit SPEC --finish` makes a model of it"


def require_valid_form(holds: bool, rule: str) -> None:
    if not holds:
        raise Refused(f"not a model of mlptrain, or damaged: {rule}")


def decode_container(data: memoryview) -> Arrays:
    """The arrays in the bytes of a container."""
    arrays: Arrays = {}
    entries: list[Entry] = []
    position = 0
    while DIGEST not in arrays:
        require_valid_form(len(entries) < MOST_MEMBERS, f"it has more than {MOST_MEMBERS} members")
        (name, crc, size), start = decode_zip_local_header(data, position)
        require_valid_form(name not in arrays, f"{name} is there twice")
        body = data[start : start + size]
        require_valid_form(len(body) == size, f"it is cut short in {name}")
        require_valid_form(
            data[position:start] == encode_zip_local_header(name, zlib.crc32(body), size),
            f"the header or checksum of {name}",
        )
        if name == DIGEST:
            require_valid_form(
                body == encode_npy_array(np.frombuffer(hashlib.sha256(data[:position]).digest(), np.uint8)),
                "its SHA-256",
            )
        arrays[name] = decode_npy_array(name, body)
        entries.append((name, crc, size))
        position = start + size
    require_valid_form(data[position:] == encode_zip_directory(entries), "its directory")
    del arrays[DIGEST]
    return arrays


def decode_zip_local_header(data: memoryview, position: int) -> tuple[Entry, int]:
    """The entry that begins at a position, and where its member begins."""
    head = bytes(data[position : position + LOCAL.size])
    if position == 0 and not head.startswith(b"PK"):
        raise Refused(
            "not a model of mlptrain: it does not begin as one; a model is the .npz that `mlptrain fit` writes"
        )
    require_valid_form(
        len(head) == LOCAL.size and head[:4] == b"PK\x03\x04",
        "it is cut short, as its SHA-256, which stands last, is missing",
    )
    *_, crc, size, _, length, _ = LOCAL.unpack(head)
    require_valid_form(length <= LONGEST_NAME, "a name is too long")
    start = position + LOCAL.size + length
    file = bytes(data[position + LOCAL.size : start]).decode("ascii", "replace")
    name = file.removesuffix(".npy")
    require_valid_form(file.endswith(".npy") and NAME.fullmatch(name) is not None, f"the name {file!r}")
    return (name, crc, size), start


def decode_npy_array(name: str, body: memoryview) -> NDArray[Any]:
    """The array in a member: a view of its bytes, which cannot be written to."""
    require_valid_form(body[: len(MAGIC)] == MAGIC, f"{name} is no array")
    end = len(MAGIC) + 2 + int.from_bytes(body[len(MAGIC) : len(MAGIC) + 2], "little")
    found = HEADER.fullmatch(body[len(MAGIC) + 2 : end])
    require_valid_form(found is not None, f"the header of the array {name}")
    assert found is not None
    kind, numbers = found[1].decode(), found[2].decode()
    require_valid_form(kind in TYPES, f"{name} has the type {kind}")
    sizes = [number for number in re.split(r", ?", numbers) if number]
    require_valid_form(all(len(number) <= 10 for number in sizes) and len(sizes) <= 32, f"the shape of {name}")
    shape = tuple(map(int, sizes))
    require_valid_form(body[:end] == encode_npy_header(kind, shape), f"the header of the array {name}")
    require_valid_form(len(body) - end == prod(shape) * int(kind[2]), f"the size of {name}")
    return np.frombuffer(body[end:], TYPE_OF[kind]).reshape(shape)


TYPE_OF = {kind: np.dtype(kind) for kind in TYPES}
