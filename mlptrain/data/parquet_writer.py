"""Writing Parquet files, by PyArrow."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from mlptrain.data.column_types import ColumnType
from mlptrain.errors import EnvironmentFailure

Types = Mapping[str, ColumnType]
"""The types of columns by name, of those whose source knows them."""


def require_pyarrow() -> None:
    """An error with the line that installs PyArrow, where it is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise EnvironmentFailure("Parquet files are written by PyArrow: pip install 'mlptrain[parquet]'") from None


def write_pieces(
    pieces: Iterable[Mapping[str, Sequence[Any]]], numeric: Collection[str], types: Types, stream: BinaryIO
) -> None:
    """Write pieces of a table: `numeric` columns as doubles, others as their type in `types`, or else as texts."""
    import pyarrow
    from pyarrow import parquet

    writer: Any = None
    for columns in pieces:
        if writer is None:
            kinds = [(name, pyarrow.float64() if name in numeric else choose_type(types.get(name))) for name in columns]
            schema = pyarrow.schema(kinds)
            writer = parquet.ParquetWriter(stream, schema)
        restored = {name: restore_array(columns[name], schema.field(name).type) for name in types if name in columns}
        writer.write_table(pyarrow.table({**columns, **restored}, schema=schema))
    if writer is not None:
        writer.close()


def choose_type(of: ColumnType | None) -> Any:
    """The type that a column is written with: that of the file it comes from, or the usual one of its kind."""
    import pyarrow

    kinds = {"number": pyarrow.float64(), "boolean": pyarrow.bool_(), "date": pyarrow.timestamp("us")}
    if of is None or of.strays:
        return pyarrow.string()
    try:
        pyarrow.array([], pyarrow.string()).cast(of.native or kinds[of.kind])
    except (KeyError, pyarrow.ArrowNotImplementedError):  # texts, or what texts are not turned into
        return pyarrow.string()
    return of.native or kinds[of.kind]


def restore_array(cells: Sequence[str], of: Any) -> Any:
    """Cells of a type from their texts; an empty text is none."""
    import pyarrow

    return pyarrow.array([text or None for text in cells], pyarrow.string()).cast(of)


def read_names(path: Path) -> list[str]:
    """The names of the columns of a Parquet file; none if it is another kind of file."""
    from pyarrow import ArrowException, parquet

    try:
        return list(parquet.read_schema(str(path)).names)
    except (ArrowException, OSError):
        return []
