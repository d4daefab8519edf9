"""Rows encoded once for every network of a model, predicted anew with the cells of some columns moved to other rows.

A cell's place in the input matrix depends on that cell alone: to move the encoded places of a column from row to row is
to move its cells, for every kind of column.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.odd_cells import OddCells, OddRows, join_odd_rows
from mlptrain.engine.arrays import Floats
from mlptrain.model.encoding import encode_examples, encode_inputs
from mlptrain.model.examples import Examples
from mlptrain.model.fitted_network import FittedNetwork, Judgement
from mlptrain.model.model import Model
from mlptrain.model.network_outputs import predict_values, predict_with_row_losses
from mlptrain.model.rows import Rows

RowNumbers = NDArray[np.int64]
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class EncodedNetwork:
    """A network and rows in its encoding: inputs x (B, I), in which each column has its places."""

    network: FittedNetwork
    x: Floats
    examples: Examples | None = None
    """The same inputs with their targets; None where nobody asks for the loss."""

    def select_places(self, names: Collection[str]) -> RowNumbers:
        """The columns of x that some columns of the table make: none, if the network leaves them out."""
        own = (self.places[name] for name in names if name in self.places)
        return np.concatenate([np.empty(0, np.int64), *own])

    @cached_property
    def places(self) -> Mapping[str, RowNumbers]:
        """The columns of x that each column of the table makes."""
        return {column.name: np.arange(place.start, place.stop) for column, place in self.network.features.places()}

    @contextmanager
    def move_cells(self, names: Collection[str], donors: RowNumbers) -> Iterator[None]:
        """While it lasts, row i has the cells of row donors[i] in some columns."""
        places = self.select_places(names)
        kept = self.x[:, places]
        self.x[:, places] = kept[donors]
        try:
            yield
        finally:
            self.x[:, places] = kept


@dataclass(frozen=True)
class EncodedRows:
    """Rows in the encoding of each network of a model, whose weighted mean is what is predicted."""

    networks: Sequence[EncodedNetwork]
    shares: Sequence[float]
    """The weights of the networks; their sum is 1."""
    count: int
    """B."""

    @classmethod
    def encode(cls, model: Model, rows: Rows, odd: OddCells, *, with_targets: bool) -> Self:
        """Rows encoded for every network; `odd` gets the cells that are odd to each of them."""
        found = [OddRows() for _ in model.networks]
        pairs = zip(model.networks, found, strict=True)
        networks = [encode_for_network(each, rows, own, with_targets=with_targets) for each, own in pairs]
        odd.add(join_odd_rows(found))
        total = sum(model.weights)
        return cls(networks, [weight / total for weight in model.weights], rows.count)

    def predict(self, names: Collection[str] = (), donors: RowNumbers | None = None) -> NDArray[Any]:
        """Scores of the classes (B, C), or numbers (B, K), with the cells of some columns taken from other rows."""
        return self.average(names, donors, lambda each: predict_values(each.network.network, each.network.head, each.x))

    def predict_one_row(self, names: Collection[str], donor: int, rows: RowNumbers) -> NDArray[Any]:
        """The predictions of some rows, all with the cells of one row in some columns."""
        some = [EncodedNetwork(each.network, each.x[rows]) for each in self.networks]
        for own, each in zip(some, self.networks, strict=True):
            places = own.select_places(names)
            own.x[:, places] = each.x[donor, places]
        return EncodedRows(some, self.shares, len(rows)).predict()

    def judge(self, names: Collection[str] = (), donors: RowNumbers | None = None, *, losses: bool) -> Judgement:
        """Predictions beside the truth, with the cells of some columns taken from other rows.

        The losses of the rows are 0 unless they are asked for.
        """
        truth, weights = self.answers
        if not losses:
            return Judgement(truth, self.predict(names, donors), weights, np.zeros(self.count))
        found = self.average(names, donors, predict_beside_losses)
        return Judgement(truth, found[:, 1:], weights, found[:, 0].astype(np.float64))

    @cached_property
    def answers(self) -> tuple[NDArray[Any], Doubles]:
        """The truth, and the weights of the rows (B,)."""
        first = self.networks[0].examples
        assert first is not None
        return first.truth, np.ones(self.count) if first.weights is None else first.weights.astype(np.float64)

    @np.errstate(all="ignore")  # what is too large for the networks' numbers is seen in the predictions
    def average(
        self, names: Collection[str], donors: RowNumbers | None, work: Callable[[EncodedNetwork], NDArray[Any]]
    ) -> NDArray[Any]:
        """Σ share · value over the networks, of what `work` finds while the cells are moved."""
        total: Any = 0
        for share, each in zip(self.shares, self.networks, strict=True):
            with each.move_cells(names, np.arange(self.count) if donors is None else donors):
                total = total + share * work(each) if len(self.networks) > 1 else work(each)
        found: NDArray[Any] = total
        return found


def predict_beside_losses(encoded: EncodedNetwork) -> NDArray[Any]:
    """The losses of the rows (B,) as the first column, the predictions behind it."""
    assert encoded.examples is not None
    losses, values = predict_with_row_losses(encoded.network.network, encoded.network.head, encoded.examples)
    return np.concatenate([losses[:, None], values], axis=1, dtype=np.float64)


def encode_for_network(network: FittedNetwork, rows: Rows, odd: OddRows, *, with_targets: bool) -> EncodedNetwork:
    """Rows in the encoding of one network; with their targets, examples that share the matrix."""
    dtype = network.network.dtype
    if not with_targets:
        return EncodedNetwork(network, encode_inputs(network.features, rows, dtype, odd)[:])
    examples = encode_examples(network.spec, network.features, network.head, rows, unknown=True, odd=odd)
    return EncodedNetwork(network, examples.x[:], examples)
