"""Number columns of one row encoded together, where no cell of them is odd."""

from collections.abc import Sequence
from typing import TypeGuard

import numpy as np

from mlptrain.data.grammar import LARGEST, NumberGrammar
from mlptrain.data.number_column import LARGEST_SCALED, NumberColumn
from mlptrain.data.number_texts import MISSING_NUMBERS, parse_missing_numbers
from mlptrain.data.odd_cells import Flags
from mlptrain.data.scaling import Doubles, stack_scalings


def takes_plain_numbers(column: object) -> TypeGuard[NumberColumn]:
    """Whether the cells of a column are numbers, of which it is known which ones are usual."""
    return isinstance(column, NumberColumn) and not column.boolean and column.usual is not None


class PlainNumbers:
    """F number columns, whose cells of a row are scaled as one array (F,); each column gives the same alone."""

    def __init__(self, columns: Sequence[NumberColumn], grammar: NumberGrammar) -> None:
        bounds = np.array([column.usual.bounds for column in columns if column.usual is not None]).reshape(-1, 2)
        self.least, self.most = np.clip(bounds, -LARGEST, LARGEST).T
        self.fills = np.array([column.fill for column in columns], np.float64)
        self.scale = stack_scalings([column.scaling for column in columns]) if columns else np.copy
        read = [parse_missing_numbers(MISSING_NUMBERS.union(column.missing), grammar) for column in columns]
        self.marked = np.array([place for place, marks in enumerate(read) for _ in marks], np.intp)
        """The column of each number that means missing; the numbers are `marks`."""
        self.marks = np.array([mark for marks in read for mark in marks], np.float64)

    def fill(self, x: Doubles) -> Flags | None:
        """Fill missing numbers, in place, and return which they are; None if none is."""
        if self.marked.size:
            x[self.marked[x[self.marked] == self.marks]] = np.nan
        gaps: Flags = np.isnan(x)
        if not gaps.any():
            return None
        x[gaps] = self.fills[gaps]
        return gaps

    def encode(self, x: Doubles) -> Doubles | None:
        """The scaled numbers; None where one is far out, or too large or not finite once scaled."""
        if not ((x >= self.least) & (x <= self.most)).all():
            return None
        scaled: Doubles = self.scale(x)
        return scaled if (np.abs(scaled) <= LARGEST_SCALED).all() else None
