"""What `predict` and `eval` say of cells in per cent that may mean another number than in training: 2.5 or 0.025."""

from collections.abc import Iterable, Mapping

from mlptrain.data.column_types import ColumnType
from mlptrain.data.features import FeatureColumn
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


def describe_percent_cells(
    types: Mapping[str, ColumnType], columns: Iterable[FeatureColumn], trained: Data
) -> list[str]:
    """Notices of numbers shown in per cent and read as fractions, if training was not on a workbook, too."""
    if was_trained_on_workbook(trained):
        return []
    names = [column.name for column in columns if column.is_plain_number and column.name in types]
    said = {name: types[name].reading.partition("; ")[0] for name in names if types[name].reading}
    cure = "if training had the number that is shown, give --set data.units=%"
    return [f'column "{name}": {reading}; {cure}' for name, reading in said.items()]


def was_trained_on_workbook(data: Data) -> bool:
    """Whether the training file is a workbook, by its name."""
    if narrow_to_images(data.train) is not None:
        return False
    return any(name.lower().endswith(WORKBOOKS) for name in list_files(data.train))
