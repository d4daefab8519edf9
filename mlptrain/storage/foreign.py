"""What a file is, one of ours or another: told by a few of its bytes, never opened by a reader of its kind."""

import re
from codecs import getincrementaldecoder
from pathlib import Path

from mlptrain.data.files import FOREIGN, GZIP

LOOKED_AT = 1 << 16
"""Bytes at the beginning, and at the end, that are looked at."""
SAFETENSORS = re.compile(rb".{5}\0\0\0\{\s*\"", re.DOTALL)
"""Eight bytes of a length, below 2⁴⁰, and a JSON object."""
SAFETENSORS_FILE = "a safetensors file"
PICKLE = "a pickle, which mlptrain never opens"
OLD_PICKLE = re.compile(rb"(\((dp|lp|i)|c[A-Za-z_][A-Za-z0-9_.]*\n[A-Za-z_]|\x80[\x00\x01])")
"""Protocols 0 and 1, which have no magic bytes."""
ZIP, ZIP_END, LONGEST_END = b"PK\x03\x04", b"PK\x05\x06", 22
"""How a zip archive begins, and how its last bytes do, where it has no comment."""
IN_ZIP = {
    b"data.pkl": "a PyTorch file, which holds a pickle",
    b"model.weights.h5": "a Keras model",
    b"[Content_Types].xml": "an Excel or Office file",
    b"schema.json": "a skops file",
    b"mimetype": "an OpenDocument file",
}
"""Kinds of zip archives, by the name of a member that tells them."""
BEGINNINGS = {
    GZIP: "a gzip file",
    b"GGUF": "a GGUF file",
    b"\x1f\x9d": "a compressed file (.Z)",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"\x7fELF": "a program",
    b"GIF8": "a GIF image",
    b"<": "HTML or XML",
    b"{": "JSON",
}

OWN = re.compile(rb'\{"format": "mlptrain (model|checkpoint)"')
"""How the metadata of our containers begin, which stand first in them."""
MODEL = "a model of mlptrain"
CHECKPOINT = "an unfinished fit of mlptrain"
SPEC = "a spec"
TABLE = "a table"
TEXT = "a text"
CONTROLS = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]")
"""Bytes that no text has."""
OTHER_NPZ = "an .npz of another program"
KINDS = {b"model": MODEL, b"checkpoint": CHECKPOINT}
KEYS = re.compile(rb"^(\xef\xbb\xbf)?(data|model|training|optimizer)[ \t]*:", re.MULTILINE)
"""A line that begins with a section of a spec."""
SPECS = (".yaml", ".yml")
TABLES = re.compile(r"\.(csv|tsv|tab|parquet|pq|xlsx?|ods)(\.gz)?$", re.IGNORECASE)
"""How names of tables end."""


def is_other_npz(beginning: bytes, ending: bytes) -> bool:
    """Whether a zip archive is whole and begins with an array, but not as our containers do, with their metadata."""
    name = beginning[30 : 30 + int.from_bytes(beginning[26:28], "little")]
    is_like_ours = name == b"metadata.npy" and beginning[28:30] == b"\0\0"  # NumPy writes an extra field
    return name.endswith(b".npy") and not is_like_ours and ZIP_END in ending[-LONGEST_END:]


def recognise_own(path: Path) -> str:
    """MODEL, CHECKPOINT or SPEC, as messages say it; empty for any other file, and for one that is not there."""
    beginning = read_beginning(path)
    if beginning.startswith(ZIP):
        found = OWN.search(beginning[:4096])
        return KINDS[found[1]] if found else ""
    if b"\0" in beginning or is_table(path):
        return ""
    return SPEC if beginning and (path.suffix.lower() in SPECS or KEYS.search(beginning)) else ""


def is_table(path: Path) -> bool:
    """Whether a file has the name of a table."""
    return TABLES.search(path.name) is not None and path.is_file()


def read_beginning(path: Path) -> bytes:
    """The first bytes of a file; none of what is no file, or cannot be read."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as stream:
            return stream.read(LOOKED_AT)
    except (OSError, ValueError):
        return b""


def recognise_foreign(path: Path) -> str:
    """What a file is that is certainly no model; empty if it cannot be said."""
    if not path.is_file():
        return ""
    with path.open("rb") as stream:
        beginning = stream.read(LOOKED_AT)
        stream.seek(max(0, path.stat().st_size - LOOKED_AT))
        ending = stream.read(LOOKED_AT)
    if beginning.startswith(ZIP):
        known = next((kind for name, kind in IN_ZIP.items() if name in beginning or name in ending), "")
        return known or (OTHER_NPZ if is_other_npz(beginning, ending) else "")
    if SAFETENSORS.match(beginning):
        return SAFETENSORS_FILE
    if OLD_PICKLE.match(beginning):
        return PICKLE
    known = next((kind for magic, kind in (FOREIGN | BEGINNINGS).items() if beginning.startswith(magic)), "")
    if not beginning:
        return "an empty file"
    if known or b"\0" in beginning:
        return known
    return TABLE if is_table(path) else recognise_own(path) or (TEXT if is_text(beginning) else "")


def is_text(beginning: bytes) -> bool:
    """Whether the first bytes of a file are a text in UTF-8, which may be cut within its last letter."""
    try:
        getincrementaldecoder("utf-8")().decode(beginning)
    except UnicodeDecodeError:
        return False
    return not CONTROLS.search(beginning)
