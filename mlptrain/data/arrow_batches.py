"""Batches of Arrow's columns: what Spark and Dask hand to a function, and take back."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.errors import DataError


def make_table(batch: Any) -> Any:
    """A batch (a RecordBatch, or a Table) as a Table."""
    import pyarrow

    if isinstance(batch, pyarrow.Table):
        return batch
    if not isinstance(batch, pyarrow.RecordBatch):
        raise DataError(
            f"predict_batches: a batch is a {type(batch).__name__}; give an iterator of pyarrow.RecordBatch"
        )
    return pyarrow.Table.from_batches([batch])


def keep_columns(table: Any, names: Sequence[str]) -> dict[str, Any]:
    """Columns of a table that pass through, each as one array."""
    if absent := [name for name in names if name not in table.column_names]:
        raise DataError(f"predict_batches: keep: {absent[0]!r} is no column of the batch")
    return {name: table.column(name).combine_chunks() for name in names}


def make_batch(kept: Mapping[str, Any], predicted: Mapping[str, NDArray[Any]]) -> Any:
    """A batch of columns that pass through, and of predicted ones: labels of their type, numbers as doubles."""
    import pyarrow

    arrays = {name: make_array(values) for name, values in predicted.items()}
    return pyarrow.RecordBatch.from_pydict({**kept, **arrays})


def make_array(values: NDArray[Any]) -> Any:
    """Numbers of any precision as doubles, labels as they are; of no rows, too, the type is known."""
    import pyarrow

    if values.dtype.kind == "U":
        return pyarrow.array(values.astype(object), pyarrow.string())
    return pyarrow.array(values.astype(np.float64) if values.dtype.kind == "f" else values)
