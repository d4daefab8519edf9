"""Whether the first line of a file holds the names of columns, for a model of files without names."""

from collections.abc import Mapping

import numpy as np

from mlptrain.data.features import FeatureColumn
from mlptrain.data.odd_cells import OddRows
from mlptrain.data.table import Reading, Table
from mlptrain.data.table_format import TableFormat
from mlptrain.errors import DataError


def find_foreign_cells(
    columns: Mapping[str, FeatureColumn], path: str, layout: TableFormat
) -> tuple[list[str], list[str]]:
    """The columns whose first cell is their name or cannot be read, and those where training did not see its value."""
    try:
        reading = Reading(path, layout, columns)
        chosen = [name for name in columns if name in reading.names]
        unread = set(reading.names).difference(chosen)
        table = next(reading.chunks(1, texts=chosen, unread=unread)) if chosen else None
    except DataError:
        return [], []
    if table is None or not table.rows:
        return [], []
    unseen = OddRows()
    named = [name for name in chosen if name in table.code_texts(name).values]
    unreadable = [name for name in chosen if name not in named and not is_readable(columns[name], table, unseen)]
    return named + unreadable, [name for name in chosen if name in unseen.unseen]


def is_readable(column: FeatureColumn, table: Table, odd: OddRows) -> bool:
    """Whether a column reads its cells; values that are no levels are marked as unseen."""
    try:
        column.compact(table, np.dtype(np.float32), odd)
    except DataError:
        return False
    return True
