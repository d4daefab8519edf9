"""Rows as users of estimators give them: an array or a frame of inputs, the targets apart, validation rows beside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.arguments import shorten_repr
from mlptrain.data.frames import has_columns, join_columns, read_frame
from mlptrain.errors import DataError, SpecError
from mlptrain.model.memory_rows import NAME, adapt_table_to_spec
from mlptrain.model.model import Model
from mlptrain.model.rows import Rows, take_chosen_rows
from mlptrain.spec.fields import Data

Array = NDArray[Any]
Columns = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class EstimatorRows:
    """The columns of some rows, by name, and the rows' weights, if they have any."""

    inputs: Columns
    targets: Columns
    weights: NDArray[np.float64] | None

    @property
    def count(self) -> int:
        return len(next(iter(self.targets.values())))


def is_frame(X: Any) -> bool:
    """Whether rows have columns with names, as those of pandas, polars and PyArrow."""
    return has_columns(X)


def require_size(X: Any, least: int) -> None:
    """Refuse a frame of too few rows or no columns, in scikit-learn's words."""
    if not hasattr(X, "shape"):
        raise DataError(f"X: a {type(X).__name__} has no rows yet; collect them first")
    for count, what, minimum in zip(X.shape, ("sample", "feature"), (least, 1), strict=True):
        if count < minimum:
            raise DataError(
                f"Found array with {count} {what}(s) (shape={tuple(X.shape)}) while a minimum of {minimum} is required."
            )


def list_text_names(columns: Mapping[Any, Any]) -> list[str]:
    """The names of a frame's columns, if all of them are texts."""
    return list(columns) if all(isinstance(name, str) for name in columns) else []


def name_places(count: int) -> list[str]:
    """Names for columns that have none.

    >>> name_places(2)
    ['x0', 'x1']
    """
    return [f"x{place}" for place in range(count)]


def require_names_of_training(names: Sequence[str], known: Sequence[str]) -> None:
    """Refuse other names, or another order, than those of training; columns without names are found by their places."""
    if names and known != name_places(len(known)) and names != known:
        theirs = ", ".join(known[:20])
        raise DataError(
            f"X: the feature names should match those that were passed during fit, in their order: {theirs}"
        )


def list_inputs_of_model(model: Model, name: str) -> list[str]:
    """The columns of X for a model, in the order of its table: those that it uses; a SpecError for a model of images.

    An estimator declares all columns of X as they stand, then the targets: of such a model those that are left out are
    of X, too. Any other spec declares columns in an order of its own, which says nothing of the table's.
    """
    if model.reads_images:
        raise SpecError(f"{name}: this model reads images, and the estimators tables; open it by mlptrain.load")
    data, used = model.spec.data, list(model.columns())
    declared = [name for name in data.columns if name not in data.targets]
    features = [each.features for each in model.networks]
    parts = [[column.name for column in each.columns] for each in features] + [list(each.ignored) for each in features]
    known = {name for names in parts for name in names}
    is_ordered = all([name for name in declared if name in names] == names for names in parts)
    is_estimators = not data.train and list(data.columns) == [*declared, *data.targets]
    return declared if known == set(declared) and is_ordered and is_estimators else used


def split_columns(X: Any, checked: Array) -> list[Array]:
    """The columns of rows that scikit-learn has checked, with the mask of X, which it drops: such cells are missing."""
    return list(np.ma.array(checked, mask=X.mask).T if np.ma.isMaskedArray(X) else checked.T)


def require_no_masks(**given: Any) -> None:
    """Refuse what is to be known of each row, by the name of its argument, where some of it is masked."""
    for name, values in given.items():
        if np.ma.isMaskedArray(values) and (mask := np.ma.getmaskarray(values)).any():
            row = int(np.argwhere(mask)[0][0]) + 1
            raise DataError(f"{name}: that of row {row} is masked; give a value for it, or leave the row out")


def list_frame_names(y: Any) -> list[Any]:
    """The names of a frame's columns, whatever they are."""
    return list(getattr(y, "column_names", y.columns))  # the columns of PyArrow's are their values


def require_targets_of_training(y: Any, targets: Columns, y_val: Any, held: Array) -> None:
    """Refuse a y_val of another number of columns than y, or, both being frames, of other names or another order."""
    wanted, found = len(targets), 1 if held.ndim == 1 else held.shape[1]
    if found != wanted:
        has = f"{found} column{'s' if found > 1 else ''}"
        raise DataError(f"y_val has {has}, y has {wanted}; give those of y, in their order")
    if is_frame(y) and is_frame(y_val) and (names := list_frame_names(y)) != (others := list_frame_names(y_val)):
        theirs, ours = (", ".join(map(str, each[:20])) for each in (others, names))
        raise DataError(f"y_val has the columns {theirs}, y has {ours}; give those of y, in their order")


def require_targets(y: Any, name: str) -> None:
    """Refuse a fit without targets, in scikit-learn's words."""
    if y is None:
        raise DataError(f"This {name} estimator requires y to be passed, but the target y is None.")


def name_targets(y: Any, targets: Array, taken: Sequence[str]) -> list[str]:
    """The names of the targets: those that y has, else y, or y0, y1 … of several; none is that of an input."""
    count = 1 if targets.ndim == 1 else targets.shape[1]
    given: list[Any] = list_frame_names(y) if is_frame(y) else [getattr(y, "name", None)]
    if len(given) != count or len(set(given)) < count or not all(isinstance(name, str) and name for name in given):
        given = ["y"] if count == 1 else [f"y{k}" for k in range(count)]
    return [choose_free_name(name, [*taken, *(other for other in given if other != name)]) for name in given]


def choose_free_name(name: str, taken: Sequence[str]) -> str:
    """The name with as many underscores behind it as make it another one.

    >>> choose_free_name("y", ["x", "y"])
    'y_'
    """
    return name if name not in taken else choose_free_name(f"{name}_", taken)


def join_parts(train: EstimatorRows, held: EstimatorRows | None) -> tuple[Columns, str | None, str | None]:
    """All columns of the rows to train on, with those for validation behind them.

    Also the names of the column of weights and of that which says what a row is for; None where there is none.
    """
    columns = {**train.inputs, **train.targets}
    weight, part = (choose_free_name(name, list(columns)) for name in ("sample_weight", "part"))
    weighted = train.weights is not None
    if weighted:
        columns[weight] = train.weights
    if held is None:
        return columns, weight if weighted else None, None
    weights = np.ones(held.count) if held.weights is None else held.weights
    behind = {**held.inputs, **held.targets, weight: weights}
    joined = {name: join_columns(values, behind[name]) for name, values in columns.items()}
    joined[part] = np.repeat(np.array(["train", "validation"], object), [train.count, held.count])
    return joined, weight if weighted else None, part


def make_counted_rows(columns: Columns, data: Data, weight: str | None, *, ignored: Sequence[str]) -> Rows:
    """The rows of all columns whose weight is not 0; `ignored` columns may hold anything."""
    rows: Rows = adapt_table_to_spec(read_frame(columns, name=NAME, unread=ignored), data)
    return rows if weight is None or columns[weight].all() else take_chosen_rows(rows, columns[weight] > 0)


def find_label_places(labels: Array, classes: Sequence[Any]) -> NDArray[np.int64]:
    """The place of each label among the classes; a DataError for one that is no class."""
    place_of = {label: place for place, label in enumerate(classes)}
    places = np.array([place_of.get(label, -1) for label in labels.tolist()], np.int64)
    if (places < 0).any():
        row, label = int(places.argmin()), shorten_repr(labels[places < 0].tolist()[0])
        raise DataError(f"y_val row {row + 1}: {label} is no class; it does not occur in y")
    return places
