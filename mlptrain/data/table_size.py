"""How large a table is, told by the beginning of its file before all of it is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mlptrain.data.excel import ExcelReader
from mlptrain.data.files import GZIP_FAULTS, match_files
from mlptrain.data.parquet import ParquetReader
from mlptrain.data.table import open_reader
from mlptrain.data.table_format import TableFormat
from mlptrain.data.urls import is_url
from mlptrain.errors import DataError

PIECE = 1 << 20
"""Bytes at the beginning of a text, of which rows are counted."""


@dataclass(frozen=True)
class TableSize:
    """The number of rows, about, and of columns."""

    rows: int
    columns: int

    @property
    def cells(self) -> int:
        return self.rows * self.columns


def count_file_bytes(paths: Sequence[str]) -> int:
    """Bytes of all files of a table as they are stored; 0 for one that cannot be looked at."""
    names = [name for path in paths if not is_url(path) for name in match_files(path) if name != "-"]
    return sum(Path(name).stat().st_size for name in names if Path(name).is_file())


def estimate_table_size(paths: Sequence[str], layout: TableFormat) -> TableSize | None:
    """The size of a table in files, by what the first of them holds for its bytes; None where nothing tells.

    What is wrong with a file is left to those who read it.
    """
    try:
        first, size = match_files(paths[0])[0], count_file_bytes(paths)
        stored = count_file_bytes([first])
        found = measure_beginning(first, layout) if stored else None
    except (DataError, OSError, *GZIP_FAULTS):
        return None
    return None if found is None else TableSize(found[0] * size // found[1], found[2])


def measure_beginning(path: str, layout: TableFormat) -> tuple[int, int, int] | None:
    """Rows, the stored bytes that hold them, and columns; None of a file that is no text and does not say."""
    reader = open_reader(path, layout)
    columns = len(reader.header())
    if isinstance(reader, ParquetReader):
        return reader.file.metadata.num_rows, count_file_bytes([path]), columns
    if isinstance(reader, ExcelReader):
        return None
    with reader.open_bytes() as stream:
        piece = stream.read(PIECE)
        packed = getattr(stream, "fileobj", None)
        stored = len(piece) if packed is None else packed.tell()
    return piece.count(b"\n"), max(stored, 1), columns
