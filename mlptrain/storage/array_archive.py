"""Archives of arrays that another program has written with `np.savez`: named arrays out of a file that is not trusted.

A zip archive of .npy members that are stored, not packed. Nothing in it is executed, and no array is made before the
bytes for it are there: memory stays within the file's size. Formats: APPNOTE.TXT of PKWARE; NumPy's NEP 1.
"""

import io
import re
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import numpy as np
from numpy.typing import NDArray

from mlptrain.errors import ModelFileError
from mlptrain.storage.container import (
    LOCAL,
    LONGEST_NAME,
    MAGIC,
    MOST_MEMBERS,
    NAME,
    TYPE_OF,
    Arrays,
    Refused,
    read_whole,
)

END = ".npy"
HEADER = re.compile(rb"\{'descr': '([^']{1,8})', 'fortran_order': (True|False), 'shape': \(([0-9, ]{0,200})\), \} *\n")
KINDS: Mapping[str, np.dtype[Any]] = {**TYPE_OF, "<f2": np.dtype("<f2")}
"""Of plain numbers; whoever asks for an array says which of them will do."""
BROKEN = (BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError, LookupError, OverflowError)
"""What the reader of zip archives raises on damaged ones."""


def read_array_archive(path: Path) -> Arrays:
    """The arrays in a file that `np.savez` wrote; a ModelFileError says what is wrong with it."""
    try:
        return decode_array_archive(read_whole(path))
    except Refused as problem:
        raise ModelFileError(f"{path}: {problem}") from None


def decode_array_archive(data: memoryview) -> Arrays:
    """The arrays in the bytes of an archive."""
    try:
        with ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            check_members(members)
            check_places(members, data, archive.start_dir)
            return {take_array_name(each): decode_array(each.filename, archive.read(each)) for each in members}
    except Refused:
        raise
    except BROKEN as problem:
        raise Refused(f"the archive is damaged: {problem}; write it again with np.savez") from None


def check_members(members: Sequence[ZipInfo]) -> None:
    """Refuse an archive of other members than stored ones, each with a name of its own."""
    names = [each.filename for each in members]
    if len(names) > MOST_MEMBERS:
        raise Refused(f"it has more than {MOST_MEMBERS} members")
    if not names:
        raise Refused("it holds no arrays")
    if len(set(names)) < len(names):
        raise Refused("a name is there twice in it")
    if packed := [each.filename for each in members if each.compress_type != ZIP_STORED]:
        raise Refused(f"{packed[0]} is packed; write it with np.savez, not np.savez_compressed")


def check_places(members: Sequence[ZipInfo], data: memoryview, end: int) -> None:
    """Refuse members that do not follow each other up to the directory: so none overlaps, and none is hidden."""
    ends = [0]
    begins = sorted((each.header_offset, each.file_size) for each in members)
    for begin, size in begins:
        lengths = data[begin + 26 : begin + LOCAL.size]  # of the name and of what NumPy writes behind it
        ends.append(begin + LOCAL.size + sum(int.from_bytes(lengths[k : k + 2], "little") for k in (0, 2)) + size)
    if [*(begin for begin, _ in begins), end] != ends:
        raise Refused("the archive is damaged: its members do not follow each other; write it again with np.savez")


def take_array_name(member: ZipInfo) -> str:
    """The name of the array in a member."""
    name = member.filename.removesuffix(END)
    if not member.filename.endswith(END) or len(name) > LONGEST_NAME or not NAME.fullmatch(name):
        raise Refused(f"{member.filename!r:.80} is no array of a network, such as parameters.hidden_1.weight")
    return name


def decode_array(name: str, body: bytes) -> NDArray[Any]:
    """The array in a member: a view of its bytes."""
    end = len(MAGIC) + 2 + int.from_bytes(body[len(MAGIC) : len(MAGIC) + 2], "little")
    found = HEADER.fullmatch(body[len(MAGIC) + 2 : end])
    if body[: len(MAGIC)] != MAGIC or found is None:
        raise Refused(f"{name} is no array of plain numbers")
    kind, numbers = found[1].decode("ascii", "replace"), re.findall(r"[0-9]+", found[3].decode())
    if kind not in KINDS:
        raise Refused(f"{name} is of type {kind!r}, which is not read; save it as float32 or float64")
    shape = tuple(int(number[:12]) for number in numbers)
    items, rest = divmod(len(body) - end, KINDS[kind].itemsize)
    if rest or len(shape) > 8 or items != prod(shape):
        raise Refused(f"{name} is damaged: its shape is not that of its bytes")
    array = np.frombuffer(body, KINDS[kind], offset=end)
    return array.reshape(shape, order="F" if found[2] == b"True" else "C")
