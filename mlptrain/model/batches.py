"""Predictions of Arrow batches, one after the other: for tables that another engine divides."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from mlptrain.data.arrow_batches import keep_columns, make_batch, make_table
from mlptrain.data.odd_cells import OddCells
from mlptrain.errors import SpecError
from mlptrain.model.answers import NotFinite
from mlptrain.model.memory_rows import advise_conversions
from mlptrain.model.prediction_notices import warn_of_odd_rows
from mlptrain.model.products import limit_threads

if TYPE_CHECKING:
    from mlptrain.model.model import Model


def predict_batches(
    model: "Model", batches: Iterable[Any], *, probabilities: bool, keep: Sequence[str]
) -> Iterator[Any]:
    """A batch of predictions for each batch of rows; the notices of all of them are warnings at the end."""
    if model.reads_images:
        raise SpecError("predict_batches: the model was trained on images; Arrow batches hold columns")
    if probabilities:
        model.head.require_probabilities("probabilities")
    if doubled := [name for name in keep if name in model.head.names]:
        raise SpecError(f"keep: {doubled[0]!r} is what is predicted; leave it out")
    odd, lost, network = OddCells(), NotFinite(), model.networks[0].network
    for batch in batches:
        table = make_table(batch)
        with limit_threads(network, network.chunk_rows(), None), advise_conversions():
            rows = model.read_inputs(table)
            values = model.predict_values(rows, odd)
        lost.add(model.head.mark_not_finite(values), rows)
        yield make_batch(keep_columns(table, keep), name_values(model, values, probabilities=probabilities))
    warn_of_odd_rows((), odd, lost)


def name_values(model: "Model", values: NDArray[Any], *, probabilities: bool) -> dict[str, NDArray[Any]]:
    """The predicted columns by their names: the target or the targets, and one of probability a class."""
    names, found = model.head.names or ("label",), model.head.make_array(values)
    columns = dict(zip(names, found.T, strict=True)) if found.ndim > 1 else {names[0]: found}
    if probabilities:
        columns |= {f"probability_{label}": values[:, k] for k, label in enumerate(model.head.classes)}
    return columns
