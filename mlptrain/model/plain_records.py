"""Single records of plain values, encoded without a table: what their cells mean is remembered from tables.

A table of one row is made of any record at first, and encoded as all tables are. What its categories, dates and truth
values became is kept, but for cells of which there is something to say. The inputs of a later record are put together
from those and from its numbers, missing ones filled, if none of these is far out. Anything else goes by a table.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.column_types import make_typed_grammar
from mlptrain.data.frames import stringify_column_names
from mlptrain.data.grammar import NumberGrammar
from mlptrain.data.odd_cells import OddCells, OddRows, join_odd_rows
from mlptrain.data.plain_numbers import PlainNumbers, takes_plain_numbers
from mlptrain.data.plain_record import NUMBERS, Record, find_plain_record
from mlptrain.engine.arrays import Floats
from mlptrain.errors import DataError
from mlptrain.model.fitted_network import FittedNetwork
from mlptrain.model.network_outputs import average_predictions, predict_values
from mlptrain.model.percent_notices import says_shares
from mlptrain.model.products import limit_threads
from mlptrain.model.rows import Rows

Cell = tuple[type, Any]
"""The type and the value of a cell."""

MOST_CELLS, MOST_NAMES = 1024, 64
"""How many cells of a column, and names of records, are remembered."""
NUMBERS_OR_NONE = NUMBERS | {type(None)}
ONE_ROW = np.ones(1, bool)


@dataclass(frozen=True)
class KnownPrediction:
    """The predictions (1, …) of a record, and its missing cells, if there are any."""

    values: NDArray[Any]
    odd: OddCells | None


def is_confusable(value: Any) -> bool:
    """Whether a value is equal to one that means something else, as 0.0 is to −0.0, or not even to itself."""
    return bool(value != value or (value == 0 and isinstance(value, float | np.floating)))


class RowEncoder:
    """Encodes records for one network, as far as their cells are plain numbers or known."""

    def __init__(self, network: FittedNetwork, grammar: NumberGrammar) -> None:
        placed = list(network.features.places())
        numeric = [(column, place) for column, place in placed if takes_plain_numbers(column)]
        self.network, self.width, self.dtype = network, network.features.width, network.network.dtype
        self.columns = [column.name for column, _ in placed]
        self.numeric = [column.name for column, _ in numeric]
        self.places = np.array([place.start for _, place in numeric], np.intp)
        self.indicated = np.array([place for place, (column, _) in enumerate(numeric) if column.indicator], np.intp)
        """The number columns with an indicator of missing cells, which are the columns `indicators` of the matrix."""
        self.indicators = self.places[self.indicated] + 1
        self.numbers = PlainNumbers([column for column, _ in numeric], make_typed_grammar(grammar))
        self.others: list[tuple[str, slice, dict[Cell, Floats]]] = [
            (column.name, place, {}) for column, place in placed if not takes_plain_numbers(column)
        ]
        """Of every other column the name, its columns of the matrix, and the inputs that known cells became."""

    def encode(self, record: Record) -> tuple[Floats, Sequence[str]] | None:
        """The inputs (1, I), and the columns of missing numbers; None where a cell is not known, or far out."""
        x = np.zeros((1, self.width), self.dtype)
        row, missing = x[0], None
        if self.numeric:
            missing = self.write_numbers([record[name] for name in self.numeric], row)
            if missing is None:
                return None
        for name, place, known in self.others:
            value = record[name]
            inputs = known.get((type(value), value))
            if inputs is None:
                return None
            row[place] = inputs
        return x, missing or ()

    def write_numbers(self, values: list[Any], row: Floats) -> Sequence[str] | None:
        """Write the scaled numbers into a row of the matrix; the columns of missing ones. None where one is far out."""
        if not NUMBERS_OR_NONE.issuperset(map(type, values)):
            return None
        try:
            x = np.array(values, np.float64)
        except OverflowError:  # a whole number too large for a float
            return None
        gaps = self.numbers.fill(x)
        scaled = self.numbers.encode(x)
        if scaled is None:
            return None
        row[self.places] = scaled
        if gaps is None:
            return ()
        row[self.indicators[gaps[self.indicated]]] = 1
        return [self.numeric[place] for place in np.flatnonzero(gaps).tolist()]

    def remember(self, record: Record, rows: Rows, odd: Collection[str]) -> None:
        """Keep what the cells of a record became, but for those of `odd` columns."""
        new = []
        for name, place, known in self.others:
            cell = type(record[name]), record[name]
            if name not in odd and cell not in known and len(known) < MOST_CELLS and not is_confusable(cell[1]):
                new.append((cell, place, known))
        if new:
            row = rows.encode(self.network.features, self.dtype)[0:1][0]
            for cell, place, known in new:
                known[cell] = row[place].copy()


class RecordPredictor:
    """Predicts single records of plain values by the networks of a model, as a table of the record would."""

    def __init__(self, networks: Sequence[FittedNetwork], weights: Sequence[float]) -> None:
        self.networks, self.weights = networks, weights
        self.known_names: set[tuple[str, ...]] = set()
        data = networks[0].spec.data
        by_value = not (networks[0].features.on_images or data.replace or says_shares(data))
        self.encoders = [RowEncoder(each, data.grammar) for each in networks] if by_value else []
        self.columns = {column.name for each in networks for column in each.features.columns}

    def predict(self, data: Any) -> KnownPrediction | None:
        """The predictions of a record; None where data is none, a cell is not known or far out, or they are not finite.

        All that there may be to say of the others is which numbers are missing.
        """
        record = self.find_record(data)
        if record is None:
            return None
        encoded = []
        for each in self.encoders:
            found = each.encode(record)
            if found is None:
                return None
            encoded.append(found)
        values = self.predict_inputs([x for x, _ in encoded])
        odd = self.count_missing([names for _, names in encoded])
        return KnownPrediction(values, odd) if np.isfinite(values).all() else None

    def count_missing(self, missing: Sequence[Sequence[str]]) -> OddCells | None:
        """The cells that are missing to every network, by the columns of those that are to each; None if none is."""
        if not any(missing):
            return None
        pairs = zip(self.encoders, missing, strict=True)
        found = [OddRows(each.columns, filled=dict.fromkeys(names, ONE_ROW)) for each, names in pairs]
        odd = OddCells()
        odd.add(join_odd_rows(found))
        return odd if odd.filled else None

    def predict_inputs(self, inputs: Sequence[Floats]) -> NDArray[Any]:
        """The networks' predictions for the inputs of each, averaged."""
        network = self.networks[0].network
        with limit_threads(network, network.chunk_rows(), None):
            pairs = zip(self.networks, inputs, strict=True)
            predicted = [predict_values(each.network, each.head, x) for each, x in pairs]
            return average_predictions(predicted, self.weights)

    def remember(self, data: Any, rows: Rows, odd: OddCells) -> None:
        """Keep what the cells of the row became that are not odd, if data is one record."""
        if (record := self.find_record(data)) is not None:
            for each in self.encoders:
                each.remember(record, rows, odd.columns)

    def find_record(self, data: Any) -> Record | None:
        """The record that data is, if it has all columns, and plain values only."""
        record = find_plain_record(data, self.columns) if self.encoders else None
        return record if record is not None and self.knows_names(record) else None

    def knows_names(self, record: Record) -> bool:
        """Whether a record has all columns, and under names that a table can have as they are."""
        names = tuple(record)
        if names in self.known_names:
            return True
        try:
            there = stringify_column_names(record, "").keys()
        except DataError:
            return False
        are_plain = all(type(name) is str for name in names) and self.columns <= there
        if are_plain and len(self.known_names) < MOST_NAMES:
            self.known_names.add(names)
        return are_plain
