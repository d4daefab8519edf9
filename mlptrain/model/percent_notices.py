"""What is said of numbers in per cent that may mean another number than in training: 2.5 or 0.025."""

from collections.abc import Iterable, Mapping

import numpy as np

from mlptrain.data.column_types import ColumnType
from mlptrain.data.features import FeatureColumn
from mlptrain.data.number_column import NumberColumn
from mlptrain.data.table import Table
from mlptrain.model.rows import list_files
from mlptrain.spec.fields import Data, narrow_to_images

SIGN = "%"
WORKBOOKS = (".xlsx", ".xlsm")


def describe_percent_sign(trained: Data, now: Data) -> list[str]:
    """A notice where `--set data.units` drops the sign of per cent, and training had no such sign."""
    if SIGN not in now.units or SIGN in trained.units:
        return []
    said = 'data.units: cells such as "2.5 %" are read as 2.5, but training knew no "%"'
    if was_trained_on_workbook(trained):
        return [f"{said}: its cells of a workbook that are shown in per cent were fractions (0.025); write them so"]
    return [f"{said}; if it was on fractions (0.025), write them so"]


GIVE_SIGN = "if training had the number that is shown, give --set data.units=%"
SET_SIGN = 'if the training file has the number that is shown, set data.units: ["%"], which reads both so'


def describe_percent_cells(
    types: Mapping[str, ColumnType], columns: Iterable[FeatureColumn], trained: Data, cure: str = GIVE_SIGN
) -> list[str]:
    """Notices of numbers shown in per cent and read as fractions, if training was not on a workbook, too."""
    if was_trained_on_workbook(trained):
        return []
    names = [column.name for column in columns if column.is_plain_number and column.name in types]
    said = {name: types[name].reading.partition("; ")[0] for name in names if types[name].reading}
    return [f'column "{name}": {reading}; {cure}' for name, reading in said.items()]


def says_shares(trained: Data) -> bool:
    """Whether numbers may be shares of a hundred, which `describe_shares` has something to say about."""
    return SIGN in trained.units


def describe_shares(table: Table, columns: Iterable[FeatureColumn], trained: Data) -> list[str]:
    """Notices of columns that may hold fractions (0.025) where training had the numbers before signs of per cent (2.5):
    a hundred times each number is no larger than those of training were.
    """
    if not says_shares(trained):
        return []
    said = []
    for column in columns:
        if isinstance(column, NumberColumn) and column.usual is not None and column.name in table.columns:
            sizes = np.abs(column.read(table))
            largest = float(np.fmax.reduce(sizes, initial=0.0))
            if 0 < 100 * largest <= max(-column.usual.lowest, column.usual.highest) and largest < 1:
                said.append(describe_share(column.name, largest))
    return said


def describe_share(name: str, largest: float) -> str:
    """What is said of a column whose largest number may be a fraction.

    >>> describe_share("x", 0.07)
    'column "x": numbers up to 0.07 are read as they are; if 0.07 means 7 %, which training read as 7, give 7'
    """
    read, shown = f"{largest:.15g}", f"{100 * largest:.14g}"
    said = f"numbers up to {read} are read as they are"
    return f'column "{name}": {said}; if {read} means {shown} %, which training read as {shown}, give {shown}'


def was_trained_on_workbook(data: Data) -> bool:
    """Whether the training file is a workbook, by its name."""
    if narrow_to_images(data.train) is not None:
        return False
    return any(name.lower().endswith(WORKBOOKS) for name in list_files(data.train))
