"""Elementwise work: every formula is written once, as a pure function that is right for numbers and for arrays alike.

An `Executor` runs formulas over arrays, in place. `NumPyExecutor`, here, gives them to NumPy, in blocks that stay in
the cache; `compiled.NumbaExecutor` compiles the same functions to one loop each. Both give the same bits, because the
formulas

* have scalars of the arrays' own type only, and constants of float32 (`ZERO`): no Python number decides a type;
* are sums, products, quotients, roots and comparisons, which IEEE 754 rounds in one way only; exponentials and sums
  over several numbers are NumPy's and BLAS's in both cases.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

import numpy as np

from mlptrain.engine.arrays import BLOCK, Floats, Integers, slice_range_into_blocks, slice_rows_into_blocks

Formula = Callable[..., Any]
Scalars = Sequence[np.floating[Any]]
Loop = Callable[..., None]


ARRAY, COLUMN, SCALAR = "acs"
"""The kinds of arguments: an array (B, O), a column (O,), a number."""


@dataclass(frozen=True, eq=False)
class Composed:
    """A formula that is composed of others, compose(*parts); equal to itself only, so that it is found at once."""

    compose: Callable[..., Formula]
    parts: tuple["Formula | Composed", ...]
    kinds: str
    """The kinds of its arguments, one letter each; those that follow are scalars."""
    outs: int = 0
    """How many of its results go into arrays of their own."""
    in_place: bool = True
    """Whether the first result goes into the first argument."""
    formula: Formula = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "formula", self.build(lambda part: part))

    def build(self, of_part: Callable[[Formula], Formula]) -> Formula:
        """The formula of parts that `of_part` has changed, the parts of parts first."""
        return self.compose(
            *(of_part(part.build(of_part) if isinstance(part, Composed) else part) for part in self.parts)
        )


class Executor(Protocol):
    """Runs formulas over contiguous arrays. Shapes: e (B, O); total, codes (B,)."""

    name: str

    def update(
        self,
        formula: Formula,
        theta: Floats,
        gradient: Floats,
        slots: Sequence[Floats],
        keep: np.floating[Any],
        scalars: Scalars,
    ) -> None:
        """θ ← keep · θ − u with (u, *slots) = formula(g, *slots, *scalars)."""

    def loop(self, composed: Composed) -> Loop:
        """A function of arrays (B, O), columns (O,) and numbers that leaves the formula's results in place.

        It takes the arrays for results, `outs` of them, then the arguments; what is `in_place` changes the first one.
        """

    def largest_removed(self, z: Floats, codes: Integers) -> tuple[Floats, Floats]:
        """z − max z over the classes (B, O), and of it the value of the row's class (B,)."""

    def class_tail(self, formula: Formula, e: Floats, total: Floats, codes: Integers, scalars: Scalars) -> None:
        """e ← formula(e, total of the row, whether the column is the row's class, *scalars)."""


@cache
def make_blockwise_loop(composed: Composed) -> Loop:
    """The loop of a formula over blocks of rows."""
    formula, outs, in_place = composed.formula, composed.outs, composed.in_place
    has_one_result = outs + in_place == 1

    def loop(*given: Any) -> None:
        arguments = given[outs:]
        if has_one_result and given[0].size <= BLOCK:  # most loops of a small network: not a call more than it takes
            given[0][...] = formula(*arguments)
            return
        changed = (arguments[0], *given[:outs]) if in_place else given[:outs]
        if changed[0].size <= BLOCK:
            store_result(changed, formula(*arguments))
            return
        for rows in slice_rows_into_blocks(changed[0]):
            block = [each[rows] if each.ndim > 1 else each for each in arguments]
            store_result(
                [each[rows] for each in changed], formula(*block)
            )  # bound to no name: freed before the next block

    return loop


def store_result(arrays: Sequence[Floats], results: Any) -> None:
    """Leave a result in its array, or each of several in its own."""
    for array, result in zip(arrays, results if len(arrays) > 1 else (results,), strict=True):
        array[...] = result


class NumPyExecutor:
    """NumPy, a block of numbers at a time."""

    name = "NumPy"

    def update(
        self,
        formula: Formula,
        theta: Floats,
        gradient: Floats,
        slots: Sequence[Floats],
        keep: np.floating[Any],
        scalars: Scalars,
    ) -> None:
        for block in slice_range_into_blocks(theta.size):
            u, *values = formula(gradient[block], *[slot[block] for slot in slots], *scalars)
            part = theta[block]
            if keep != 1:
                part *= keep
            np.subtract(part, u, out=part)
            for slot, value in zip(slots, values, strict=True):
                slot[block] = value

    def loop(self, composed: Composed) -> Loop:
        return make_blockwise_loop(composed)

    def largest_removed(self, z: Floats, codes: Integers) -> tuple[Floats, Floats]:
        shifted = z - np.maximum.reduce(z, axis=-1, keepdims=True)
        return shifted, shifted[np.arange(len(codes)), codes]

    def class_tail(self, formula: Formula, e: Floats, total: Floats, codes: Integers, scalars: Scalars) -> None:
        classes = np.arange(e.shape[1])
        for rows in slice_rows_into_blocks(e):
            e[rows] = formula(e[rows], total[rows, None], codes[rows, None] == classes, *scalars)


NUMPY = NumPyExecutor()
