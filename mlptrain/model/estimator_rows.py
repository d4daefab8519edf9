"""Rows as users of estimators give them: an array or a frame of inputs, the targets apart, validation rows beside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.frames import join_columns
from mlptrain.errors import DataError
from mlptrain.model.model import Model

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
    return "columns" in dir(X)


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


def list_inputs_of_model(model: Model) -> list[str]:
    """The columns of X for a model: those that its spec declares in the order of training, unless it declares some."""
    data, used = model.spec.data, model.columns()
    declared = [name for name in data.columns if name not in data.targets]
    return declared if used.keys() <= set(declared) else list(used)


def require_targets(y: Any, name: str) -> None:
    """Refuse a fit without targets, in scikit-learn's words."""
    if y is None:
        raise DataError(f"This {name} estimator requires y to be passed, but the target y is None.")


def read_weights(given: Any) -> NDArray[np.float64] | None:
    """The weights of rows, none below 0 and some above it; None where none are given.

    >>> read_weights([1, 0, 2]).tolist()
    [1.0, 0.0, 2.0]
    """
    if given is None:
        return None
    weights = np.asarray(given, np.float64)
    if weights.ndim != 1:
        raise DataError(f"sample_weight: an array of the shape {weights.shape} is given; give one weight for each row")
    for wrong, what in ((~np.isfinite(weights), "no finite number"), (weights < 0, "below zero")):
        if wrong.any():
            raise DataError(f"sample_weight: the weight of row {int(wrong.argmax()) + 1} is {what}")
    if not weights.any():
        raise DataError("sample_weight: every weight is zero; give some rows a weight above it")
    return weights


def name_targets(y: Any, targets: Array, taken: Sequence[str]) -> list[str]:
    """The names of the targets: those that y has, else y, or y0, y1 … of several; none is that of an input."""
    count = 1 if targets.ndim == 1 else targets.shape[1]
    given: list[Any] = list(y.columns) if is_frame(y) else [getattr(y, "name", None)]
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
