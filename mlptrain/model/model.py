"""A model: one network or several that predict with their average."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.features import (
    CategoryColumn,
    DateColumn,
    FeatureColumn,
    NumberColumn,
    OddCells,
    PixelFeatures,
)
from mlptrain.data.table import Table, from_columns
from mlptrain.data.targets import ClassTarget, Target
from mlptrain.engine.losses import Loss
from mlptrain.engine.metrics import (
    Answers,
    classified,
    regressed,
)
from mlptrain.engine.network import Network
from mlptrain.errors import DataError, SpecError
from mlptrain.model.answers import Columns, Wanted, kept_columns, no_formula, predicted_columns, probability_columns
from mlptrain.model.encoding import AnyFeatures, compact_inputs, examples
from mlptrain.model.examples import Examples
from mlptrain.model.head import judged
from mlptrain.model.head import predict as predict_rows
from mlptrain.model.rows import Rows
from mlptrain.spec.fields import Spec
from mlptrain.spec.plain import to_plain
from mlptrain.storage.container import Arrays
from mlptrain.storage.metadata import Json


@dataclass(frozen=True, kw_only=True)
class Member:
    """One trained network, and what was fitted on its training rows."""

    features: AnyFeatures
    target: Target
    network: Network
    history: Arrays = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Model:
    """A trained model: the resolved spec, one network or several that predict with their average, how training went."""

    spec: Spec
    members: Sequence[Member]
    result: Json
    spec_folder: str = "."
    """The spec's folder, relative to that of the model file."""
    data_digest: str = ""
    """Of the training file, if a share of it is for the test: in another file, other rows would be drawn."""

    @property
    def loss(self) -> Loss:
        assert self.spec.loss is not None
        return self.spec.loss

    @property
    def target(self) -> Target:
        """The target; all members have the same columns and classes."""
        return self.members[0].target

    @property
    def on_images(self) -> bool:
        """Whether the inputs are images."""
        return isinstance(self.members[0].features, PixelFeatures)

    def columns(self) -> dict[str, FeatureColumn]:
        """The input columns of any member, by name."""
        return {column.name: column for member in self.members for column in member.features.columns}


def average(model: Model, rows: Rows, odd: OddCells | None = None) -> NDArray[Any]:
    """The mean of the members' predictions: scores of the classes (B, K), or numbers in the user's units (B, K)."""
    total: Any = 0.0
    for member in model.members:
        found = OddCells()
        x = compact_inputs(member.features, rows, member.network.dtype, found)
        total = total + predict_rows(member.network, model.loss, member.target, x)
        if odd is not None and member is model.members[0]:
            odd.add(found)
    mean: NDArray[Any] = total / len(model.members) if len(model.members) > 1 else total
    return mean


def predicted_with(model: Model, rows: Rows, wanted: Wanted, odd: OddCells | None = None) -> Columns:
    """Predictions for all rows, in order: the kept columns, the prediction under the target's name, probabilities."""
    values, dtype = average(model, rows, odd), model.members[0].network.dtype
    columns = predicted_columns(model.target, values, dtype)
    if wanted.probabilities:
        columns |= probability_columns(require_probabilities(model), values, dtype)
    columns = kept_columns(rows, wanted.keep, columns) | columns
    return (
        {no_formula(name): list(map(no_formula, cells)) for name, cells in columns.items()}
        if wanted.spreadsheet_safe
        else columns
    )


def is_text(column: FeatureColumn) -> bool:
    """Whether the texts of a column matter, not its numbers."""
    return isinstance(column, CategoryColumn | DateColumn) or column.boolean


def require_probabilities(model: Model) -> ClassTarget:
    """The classes, if the model gives probabilities."""
    if not isinstance(model.target, ClassTarget):
        raise SpecError("--probabilities: the target is a number; it has no classes")
    if not model.loss.probabilistic:
        raise SpecError(f"--probabilities: the scores of the {model.loss.name} loss are not probabilities")
    return model.target


class LoadedModel:
    """A model in memory: `predict` takes a mapping of columns, a data frame or a two-dimensional array."""

    def __init__(self, model: Model) -> None:
        self.model = model

    @property
    def spec(self) -> dict[str, Any]:
        """The resolved spec, as plain values."""
        plain: dict[str, Any] = to_plain(self.model.spec)
        return plain

    def predict(self, table: Any, *, probabilities: bool = False) -> Columns:
        """The predicted columns, by name."""
        rows = Rows("table", columns_of(table, self.model))
        return predicted_with(self.model, rows, Wanted(probabilities=probabilities))


def columns_of(table: Any, model: Model) -> Table:
    """The columns of a mapping, of any data frame (named columns that can be looked up), or of an array in order."""
    fitted = model.columns()
    if isinstance(table, Mapping):
        columns = dict(table)
    elif hasattr(table, "columns"):
        columns = {name: table[name] for name in table.columns}
    else:
        array = np.asarray(table)
        if array.ndim != 2 or array.shape[1] != len(fitted):
            raise DataError(f"table: an array of {len(fitted)} columns is expected ({', '.join(fitted)})")
        columns = {name: array[:, position] for position, name in enumerate(fitted)}
    for name, values in columns.items():
        if isinstance(values, str) or not hasattr(values, "__iter__"):
            raise DataError(f"table: column {name!r} is {values!r}; give a list of values, one for each row")
    return from_columns({name: as_trained(values, fitted.get(name)) for name, values in columns.items()})


def as_trained(values: Collection[Any], column: FeatureColumn | None) -> Collection[Any]:
    """The values of a column; the category or truth value 1 is 1.0 in an array of floats, if training saw no 1.0."""
    if column is None or isinstance(column, DateColumn) or (isinstance(column, NumberColumn) and not column.boolean):
        return values
    known = column.levels if isinstance(column, CategoryColumn) else ()
    return [value if str(value) in known else whole(value) for value in values]


def whole(value: Any) -> Any:
    """A float without a fraction as a whole number."""
    return int(value) if isinstance(value, float | np.floating) and value.is_integer() else value


@dataclass(frozen=True)
class Judged:
    """The rows that can be judged: truth, predictions, weights and losses."""

    truth: NDArray[Any]
    predictions: NDArray[Any]
    weights: NDArray[np.float64]
    losses: NDArray[np.float64]

    def take(self, rows: NDArray[np.bool_]) -> "Judged":
        """Some of the rows."""
        return Judged(self.truth[rows], self.predictions[rows], self.weights[rows], self.losses[rows])


@np.errstate(all="ignore")  # what is too large for the network's numbers is seen in the metrics
def judged_rows(model: Model, rows: Rows) -> Judged:
    """Truth, mean prediction and mean loss of the members, and weights (1 without any) of all rows."""
    parts: list[Examples] = []
    losses: Any = 0.0
    predictions: Any = 0.0
    for member in model.members:
        part = examples(model.spec, member.features, member.target, rows, unknown=True)
        if isinstance(model.target, ClassTarget):
            coded = np.maximum(part.truth, 0)  # a class that is not known is left out later
            part = examples_with(part, coded if part.targets is part.truth else part.targets)
        found, predicted = judged(member.network, model.loss, member.target, part)
        losses, predictions = losses + found.astype(np.float64), predictions + predicted
        parts.append(part)
    count, first = len(model.members), parts[0]
    weights = np.ones(rows.count) if first.weights is None else first.weights.astype(np.float64)
    return Judged(first.truth, predictions if count == 1 else predictions / count, weights, losses / count)


def examples_with(part: Examples, targets: NDArray[Any]) -> Examples:
    """The same rows with other targets for the loss."""
    return Examples(x=part.x, targets=targets, truth=part.truth, weights=part.weights)


def answers_of(model: Model, judged: Judged) -> Answers:
    """The predictions as the metrics want them."""
    if isinstance(model.target, ClassTarget):
        return classified(judged.predictions, judged.truth, probabilistic=model.loss.probabilistic)
    return regressed(judged.predictions, judged.truth)
