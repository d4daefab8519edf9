"""`predict`: rows in, predictions out, one for each, in order."""

import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.features import CategoryColumn, ClassTarget, FeatureColumn, Features, NumberColumn
from mlptrain.data.images import read_images
from mlptrain.data.table import Table, from_columns, read_table, write_table
from mlptrain.errors import DataError, SpecError
from mlptrain.model_file import Model, load
from mlptrain.publishing import publish
from mlptrain.spec.plain import to_plain
from mlptrain.training.examples import predict as predict_rows
from mlptrain.training.preparation import Rows, encode_inputs


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """The columns of a prediction, in order, and the cells of each input column that were filled or unseen."""

    columns: dict[str, list[str]]
    odd_cells: dict[str, int]


def predicted_with(model: Model, rows: Rows, *, keep: Sequence[str] = (), probabilities: bool = False) -> Predictions:
    """Predictions for all rows, in order: the kept columns, the prediction under the target's name, probabilities."""
    odd: dict[str, int] = {}
    x = encode_inputs(model.features, rows, model.network.dtype, odd)
    values = predict_rows(model.network, model.loss, model.target, x)
    columns = predicted_columns(model, values)
    if probabilities:
        columns |= probability_columns(model, values)
    return Predictions(columns=kept_columns(rows, keep, columns) | columns, odd_cells=odd)


def predict(model_path: str, data: str, *, keep: Sequence[str] = (), probabilities: bool = False) -> Predictions:
    """Predictions of a model file for a data file."""
    model = load(Path(model_path))
    if isinstance(model.features, Features):
        table = read_table(data, model.spec.data)
        if table.inner_blank_lines:
            raise DataError(f"{table.name}: {table.inner_blank_lines} blank lines between the rows; remove them")
        rows = Rows(table.name, table)
    else:
        rows = Rows(data, None, read_images(data))
    return predicted_with(model, rows, keep=keep, probabilities=probabilities)


def kept_columns(rows: Rows, keep: Sequence[str], taken: Collection[str]) -> dict[str, list[str]]:
    """Columns of the input that are passed through; "all" is all of them but those whose names are `taken`."""
    if not keep:
        return {}
    if rows.table is None:
        raise SpecError("--keep: images have no columns")
    if "all" in keep:
        return {name: cells for name, cells in rows.table.columns.items() if name not in taken}
    for name in keep:
        if name in taken:
            raise SpecError(f"--keep {name}: the prediction is written under this name; rename the column of the input")
    return {name: rows.table.column(name) for name in keep}


def predicted_columns(model: Model, values: NDArray[Any]) -> dict[str, list[str]]:
    """The prediction under the target's own name."""
    if isinstance(model.target, ClassTarget):
        labels = model.target.classes
        return {model.target.name: [labels[code] for code in values.argmax(axis=1)]}
    return {name: texts(values[:, position], model) for position, name in enumerate(model.target.names)}


def probability_columns(model: Model, values: NDArray[Any]) -> dict[str, list[str]]:
    """One column a class."""
    if not isinstance(model.target, ClassTarget):
        raise SpecError("--probabilities: the target is a number; it has no classes")
    if not model.loss.probabilistic:
        raise SpecError(f"--probabilities: the scores of the {model.loss.name} loss are not probabilities")
    return {f"probability_{label}": texts(values[:, code], model) for code, label in enumerate(model.target.classes)}


def texts(values: NDArray[Any], model: Model) -> list[str]:
    """Numbers in the shortest text that reads back as the same number of the model's precision."""
    return [str(value) for value in values.astype(model.network.dtype)]


def write_predictions(predictions: Predictions, out: Path) -> None:
    """Publish predictions as a CSV file."""
    text = io.StringIO(newline="")
    write_table(predictions.columns, text)
    publish(out, lambda stream: stream.write(text.getvalue().encode()))


class LoadedModel:
    """A model in memory: `predict` takes a mapping of columns, a data frame or a two-dimensional array."""

    def __init__(self, model: Model) -> None:
        self.model = model

    @property
    def spec(self) -> dict[str, Any]:
        """The resolved spec, as plain values."""
        plain: dict[str, Any] = to_plain(self.model.spec)
        return plain

    def predict(self, table: Any, *, probabilities: bool = False) -> dict[str, list[str]]:
        """The predicted columns, by name."""
        rows = Rows("table", columns_of(table, self.model))
        return predicted_with(self.model, rows, probabilities=probabilities).columns


def columns_of(table: Any, model: Model) -> Table:
    """The columns of a mapping, of any data frame (named columns that can be looked up), or of an array in order."""
    fitted = {column.name: column for column in model.features.columns}
    if isinstance(table, Mapping):
        columns = dict(table)
    elif hasattr(table, "columns"):
        columns = {name: table[name] for name in table.columns}
    else:
        array = np.asarray(table)
        if array.ndim != 2 or array.shape[1] != len(fitted):
            raise DataError(f"table: an array of {len(fitted)} columns is expected ({', '.join(fitted)})")
        columns = {name: array[:, position] for position, name in enumerate(fitted)}
    return from_columns({name: as_trained(values, fitted.get(name)) for name, values in columns.items()})


def as_trained(values: Iterable[Any], column: FeatureColumn | None) -> Iterable[Any]:
    """The values of a column; the category or truth value 1 is 1.0 in an array of floats, if training saw no 1.0."""
    if column is None or (isinstance(column, NumberColumn) and not column.boolean):
        return values
    known = column.levels if isinstance(column, CategoryColumn) else ()
    return [value if str(value) in known else whole(value) for value in values]


def whole(value: Any) -> Any:
    """A float without a fraction as a whole number."""
    return int(value) if isinstance(value, float | np.floating) and value.is_integer() else value


def load_model(path: str) -> LoadedModel:
    """The model in a file."""
    return LoadedModel(load(Path(path)))
