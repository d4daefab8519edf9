"""Writing Parquet files, by PyArrow."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from mlptrain.errors import EnvironmentFailure


def require_pyarrow() -> None:
    """An error with the line that installs PyArrow, where it is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise EnvironmentFailure("Parquet files are written by PyArrow: pip install 'mlptrain[parquet]'") from None


def write_pieces(pieces: Iterable[Mapping[str, Sequence[Any]]], numeric: Collection[str], stream: BinaryIO) -> None:
    """Write pieces of a table: `numeric` columns as doubles, the others as texts."""
    import pyarrow
    from pyarrow import parquet

    writer: Any = None
    for columns in pieces:
        if writer is None:
            kinds = ((name, pyarrow.float64() if name in numeric else pyarrow.string()) for name in columns)
            schema = pyarrow.schema(list(kinds))
            writer = parquet.ParquetWriter(stream, schema)
        writer.write_table(pyarrow.table(dict(columns), schema=schema))
    if writer is not None:
        writer.close()


def read_names(path: Path) -> list[str]:
    """The names of the columns of a Parquet file; none if it is another kind of file."""
    from pyarrow import ArrowException, parquet

    try:
        return list(parquet.read_schema(str(path)).names)
    except (ArrowException, OSError):
        return []
