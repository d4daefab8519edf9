"""Elementwise work: every formula is written once, as a pure function that is right for numbers and for arrays alike.

An `Executor` runs formulas over arrays, in place. `Blocks`, here, gives them to NumPy, in blocks that stay in the
cache; `compiled.Compiled` compiles the same functions to one loop each. Both give the same bits, because the formulas

* have scalars of the arrays' own type only, and constants of float32 (`ZERO`): no Python number decides a type;
* are sums, products, quotients, roots and comparisons, which IEEE 754 rounds in one way only; exponentials and sums
  over several numbers are NumPy's and BLAS's in both cases.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mlptrain.engine.activations import Rectifier
from mlptrain.engine.arrays import Floats, Integers, blocks, row_blocks

Formula = Callable[..., Any]
Scalars = Sequence[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Mask:
    """Dropout's m, a factor for each row and unit: `scale` where 16 random bits reach the threshold, 0 elsewhere."""

    bits: NDArray[np.uint16]
    threshold: np.uint16
    scale: np.floating[Any]

    def of_member(self, member: int) -> "Mask":
        return Mask(self.bits[member], self.threshold, self.scale)


@dataclass(frozen=True)
class Composed:
    """A formula that is composed of others: compose(*parts)."""

    compose: Callable[..., Formula]
    parts: tuple[Formula, ...]

    @property
    def formula(self) -> Formula:
        return self.compose(*self.parts)


class Executor(Protocol):
    """Runs formulas over contiguous arrays. Shapes: x, dy, y, e (B, O); b (O,); total, codes (B,)."""

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

    def respond(self, rectifier: Rectifier, x: Floats, b: Floats | None, mask: Mask | None) -> None:
        """x ← m σ(x + b): what follows a product of matrices, its epilogue."""

    def respond_vjp(self, rectifier: Rectifier, dy: Floats, y: Floats, mask: Mask | None) -> None:
        """dy ← dy m σ′, with σ′ as a function of y = m σ(x + b)."""

    def map(
        self,
        composed: "Composed",
        out: Sequence[Floats],
        arrays: Sequence[NDArray[Any]],
        columns: Sequence[Floats],
        scalars: Scalars,
    ) -> None:
        """(*out) ← formula(*arrays, *columns, *scalars): arrays (B, O), columns (O,); `out` may be among the arrays."""

    def largest_removed(self, z: Floats, codes: Integers) -> tuple[Floats, Floats]:
        """z − max z over the classes (B, O), and of it the value of the row's class (B,)."""

    def class_tail(self, formula: Formula, e: Floats, total: Floats, codes: Integers, scalars: Scalars) -> None:
        """e ← formula(e, total of the row, whether the column is the row's class, *scalars)."""


@cache
def response(sigma: Formula) -> Formula:
    """The formula m σ(x + b), where b or m may be missing."""

    def formula(x: Any, b: Any, bits: Any, threshold: Any, scale: Any, *scalars: Any) -> Any:
        z = x if b is None else x + b
        y = sigma(z, *scalars)
        return y if bits is None else y * ((bits >= threshold) * scale)

    return formula


@cache
def response_vjp(slope: Formula) -> Formula:
    """The formula dy m σ′, with σ′ = slope(y)."""

    def formula(dy: Any, y: Any, bits: Any, threshold: Any, scale: Any, *scalars: Any) -> Any:
        dz = dy * slope(y, *scalars)
        return dz if bits is None else dz * ((bits >= threshold) * scale)

    return formula


class Blocks:
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
        for block in blocks(theta.size):
            u, *values = formula(gradient[block], *[slot[block] for slot in slots], *scalars)
            part = theta[block]
            if keep != 1:
                part *= keep
            np.subtract(part, u, out=part)
            for slot, value in zip(slots, values, strict=True):
                slot[block] = value

    def respond(self, rectifier: Rectifier, x: Floats, b: Floats | None, mask: Mask | None) -> None:
        formula, scalars = response(rectifier.formula), rectifier.scalars(x.dtype)
        for rows in row_blocks(x):
            x[rows] = formula(x[rows], b, *of_rows(mask, rows), *scalars)

    def respond_vjp(self, rectifier: Rectifier, dy: Floats, y: Floats, mask: Mask | None) -> None:
        formula, scalars = response_vjp(rectifier.slope_at), rectifier.scalars(y.dtype)
        for rows in row_blocks(dy):
            dy[rows] = formula(dy[rows], y[rows], *of_rows(mask, rows), *scalars)

    def map(
        self,
        composed: "Composed",
        out: Sequence[Floats],
        arrays: Sequence[NDArray[Any]],
        columns: Sequence[Floats],
        scalars: Scalars,
    ) -> None:
        formula = composed.formula
        for rows in row_blocks(out[0]):
            values = formula(*(array[rows] for array in arrays), *columns, *scalars)
            for array, value in zip(out, values, strict=True):
                array[rows] = value

    def largest_removed(self, z: Floats, codes: Integers) -> tuple[Floats, Floats]:
        shifted = z - np.maximum.reduce(z, axis=-1, keepdims=True)
        return shifted, shifted[np.arange(len(codes)), codes]

    def class_tail(self, formula: Formula, e: Floats, total: Floats, codes: Integers, scalars: Scalars) -> None:
        classes = np.arange(e.shape[1])
        for rows in row_blocks(e):
            e[rows] = formula(e[rows], total[rows, None], codes[rows, None] == classes, *scalars)


def of_rows(mask: Mask | None, rows: slice) -> tuple[Any, Any, Any]:
    """Bits, threshold and scale for some rows."""
    return (None, None, None) if mask is None else (mask.bits[rows], mask.threshold, mask.scale)


NUMPY = Blocks()
