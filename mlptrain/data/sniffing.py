"""Guessing the format of delimited text from its bytes, for a first spec, which then states it."""

import codecs
import csv
import io
from collections.abc import Collection, Sequence

from mlptrain.data.delimited import FIELD_LIMIT
from mlptrain.data.files import GZIP_FAULTS, make_opener
from mlptrain.data.grammar import is_number
from mlptrain.data.table_format import TableFormat
from mlptrain.errors import DataError

SAMPLE = 1 << 16
"""Bytes of the beginning from which delimiter and header are told."""
LINES = 50
CANDIDATES = ",;\t|"


def sniff_format(path: str, names: Collection[str] = ()) -> TableFormat:
    """The encoding of all bytes; delimiter, header and blanks after delimiters from the first lines.

    A first line with a number in it is no header, unless one of `names`, which are known, is in it.
    """
    encoding = sniff_encoding(path)
    text = read_beginning(path).decode(encoding, "replace").removeprefix("\ufeff")
    lines = [line for line in io.StringIO(text, newline="") if line.strip("\r\n")]
    if len(lines) > 1 and len(text) >= SAMPLE // 4:
        lines.pop()  # it may be cut
    delimiter = max(CANDIDATES, key=lambda mark: count_consistent_columns(lines, mark))
    records = parse_records(lines, delimiter, spaces=False)
    spaces = bool(records) and all(cell.startswith(" ") for record in records for cell in record[1:])
    first = next(iter(parse_records(lines, delimiter, spaces=spaces)), [])
    return TableFormat(
        delimiter=None if delimiter == "," else delimiter,
        encoding=encoding,
        header=find_header(first, names),
        skip_initial_space=spaces and len(first) > 1,
    )


def find_header(first: Sequence[str], names: Collection[str]) -> bool | None:
    """Whether the first record names the columns; None where the reader sees it, too."""
    if any(map(is_number, first)):
        if set(names).isdisjoint(first):
            return False
        return True if all(map(is_number, first)) else None
    return None


def read_beginning(path: str) -> bytes:
    """The first bytes."""
    try:
        with make_opener(path)() as stream:
            return stream.read(SAMPLE)
    except GZIP_FAULTS as problem:
        raise DataError(f"{path}: the gzip data is damaged: {problem}; fetch or make the file again") from None


def sniff_encoding(path: str) -> str:
    """utf-8 if all bytes are, utf-16 if the first two say so, else cp1252 (Windows), or latin-1 (any bytes)."""
    if read_beginning(path)[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    return next(encoding for encoding in ("utf-8", "cp1252", "latin-1") if is_encoded_as(path, encoding))


def is_encoded_as(path: str, encoding: str) -> bool:
    """Whether a whole file can be decoded with an encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with make_opener(path)() as stream:
            while piece := stream.read(1 << 20):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def count_consistent_columns(lines: Sequence[str], delimiter: str) -> int:
    """The number of columns if all lines have as many with this delimiter, else 0."""
    counts = {len(record) for record in parse_records(lines, delimiter, spaces=False)}
    return counts.pop() if len(counts) == 1 else 0


def parse_records(lines: Sequence[str], delimiter: str, *, spaces: bool) -> list[list[str]]:
    """The first records, as far as they end within the lines; none if they cannot be read."""
    csv.field_size_limit(FIELD_LIMIT)
    found: list[list[str]] = []
    try:
        for record in csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=spaces):
            found.append(record)
            if len(found) == LINES:
                break
    except csv.Error as problem:
        return found if "unexpected end" in str(problem) else []
    return found
