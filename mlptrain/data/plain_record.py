"""The one record of plain values that data in memory may be: values of which the type and the value say it all."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

import numpy as np

from mlptrain.data.frames import import_narwhals

Record = Mapping[str, Any]

WHOLE = (int, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64)
NUMBERS = frozenset([float, np.float32, np.float64, *WHOLE])
PLAIN = NUMBERS | {str, np.str_, bool, np.bool_, date, type(None)}
"""The types of plain values: equal values of one type mean the same, but for the two zeros of floats."""
PLAIN_ARRAYS = frozenset(map(np.dtype, [np.float32, np.float64, *WHOLE, bool, object]))
"""The types of arrays whose items mean what the array does; those of dates, for one, may be numbers."""


def find_plain_record(data: Any, columns: Collection[str]) -> Record | None:
    """The record that data is, alone in a list, as arrays of one row or a frame; None where a value is not plain.

    Of a frame the values of some columns are enough.
    """
    if type(data) is list and len(data) == 1:
        data = data[0]
    elif type(data) is dict and data and all(map(is_plain_cell, data.values())):
        data = {name: each.item() for name, each in data.items()}
    elif type(data) is not dict:
        data = find_only_row(data, columns)
    return data if type(data) is dict and PLAIN.issuperset(map(type, data.values())) else None


def is_plain_cell(array: Any) -> bool:
    """Whether something is an array of one row, whose item means what the array does."""
    is_row = type(array) is np.ndarray and array.shape == (1,)
    return is_row and (array.dtype in PLAIN_ARRAYS or array.dtype.kind == "U")


def find_only_row(data: Any, wanted: Collection[str]) -> dict[Any, Any] | None:
    """The `wanted` values of a frame's only row, None in place of others; None if it has other rows, or a column has a
    type whose values say less than it does.
    """
    if not hasattr(type(data), "columns"):
        return None
    nw = import_narwhals()
    try:
        frame = nw.from_native(data, pass_through=True)
        columns = list(frame.iter_columns()) if isinstance(frame, nw.DataFrame) and len(frame) == 1 else []
    except nw.exceptions.DuplicateError:  # which is an error where the columns are read
        return None
    chosen = [each for each in columns if each.name in wanted]
    row = dict.fromkeys(each.name for each in columns) | {each.name: each.to_list()[0] for each in chosen}
    return row if columns and all(says_all(each.dtype, row[each.name]) for each in chosen) else None


def says_all(dtype: Any, value: Any) -> bool:
    """Whether a value, as Python has it, means what it does in a series of narwhals of some type."""
    nw = import_narwhals()
    if dtype in (nw.Categorical, nw.Enum):
        return type(value) is str
    return dtype in (nw.Float64, nw.String, nw.Boolean, nw.Float32, nw.Object) or bool(dtype.is_integer())
