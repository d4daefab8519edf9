"""The formulas of `elementwise` and of the optimizers, compiled by Numba to one loop each, with the bits of NumPy.

Why the bits agree: no fast mathematics, so that nothing is reordered or contracted; scalars and constants of the
arrays' own type. Why it is fast: `error_model="numpy"`, for a check of every division would keep the loop from being
vectorised; loops over whole arrays, for bounds would bring a test for wrap-around into every round. One thread: these
loops wait for memory, and a second thread would have to be waited for whenever another process has the second core.

Loops and formulas are compiled when they are first needed, 0.1 to 0.2 s each, and not kept on disk.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from mlptrain.engine.activations import Rectifier
from mlptrain.engine.arrays import Floats, Integers
from mlptrain.engine.elementwise import Composed, Formula, Mask, Scalars, response, response_vjp

compiled = numba.njit(error_model="numpy", nogil=True)


class Compiled:
    """The formulas compiled by Numba."""

    name = "Numba"

    def update(
        self,
        formula: Formula,
        theta: Floats,
        gradient: Floats,
        slots: Sequence[Floats],
        keep: np.floating[Any],
        scalars: Scalars,
    ) -> None:
        update_loop(formula, len(slots))(theta, gradient, *slots, keep, *scalars)

    def respond(self, rectifier: Rectifier, x: Floats, b: Floats | None, mask: Mask | None) -> None:
        scalars = rectifier.scalars(x.dtype)
        if mask is None:
            respond_loop(rectifier.formula)(x, b, None, None, None, *scalars)
        else:
            respond_loop(rectifier.formula)(x, b, mask.bits, mask.threshold, mask.scale, *scalars)

    def respond_vjp(self, rectifier: Rectifier, dy: Floats, y: Floats, mask: Mask | None) -> None:
        scalars = rectifier.scalars(y.dtype)
        if mask is None:
            respond_vjp_loop(rectifier.slope_at)(dy, y, None, None, None, *scalars)
        else:
            respond_vjp_loop(rectifier.slope_at)(dy, y, mask.bits, mask.threshold, mask.scale, *scalars)

    def map(
        self,
        composed: Composed,
        out: Sequence[Floats],
        arrays: Sequence[NDArray[Any]],
        columns: Sequence[Floats],
        scalars: Scalars,
    ) -> None:
        loop = map_loop(composed, len(out), len(arrays), len(columns))
        loop(tuple(out), tuple(arrays), tuple(columns), tuple(scalars))

    def largest_removed(self, z: Floats, codes: Integers) -> tuple[Floats, Floats]:
        shifted, of_class = np.empty(z.shape, z.dtype), np.empty(len(codes), z.dtype)
        largest_removed_loop()(z, codes, shifted, of_class)
        return shifted, of_class

    def class_tail(self, formula: Formula, e: Floats, total: Floats, codes: Integers, scalars: Scalars) -> None:
        class_tail_loop(formula)(e, total, codes, *scalars)


@cache
def update_loop(formula: Formula, slots: int) -> Formula:
    """The loop of an optimizer with 0, 1 or 2 slots."""
    f = compiled(formula)

    def without(theta: Any, g: Any, keep: Any, *scalars: Any) -> None:
        for i in range(theta.size):
            (u,) = f(g[i], *scalars)
            theta[i] = keep * theta[i] - u

    def with_one(theta: Any, g: Any, a: Any, keep: Any, *scalars: Any) -> None:
        for i in range(theta.size):
            u, a[i] = f(g[i], a[i], *scalars)
            theta[i] = keep * theta[i] - u

    def with_two(theta: Any, g: Any, a: Any, b: Any, keep: Any, *scalars: Any) -> None:
        for i in range(theta.size):
            u, a[i], b[i] = f(g[i], a[i], b[i], *scalars)
            theta[i] = keep * theta[i] - u

    return compiled((without, with_one, with_two)[slots])


@cache
def pickers() -> tuple[Sequence[Formula], Sequence[Formula], Sequence[Formula]]:
    """Compiled: the numbers at (i, j) of 1 to 5 arrays; those at j of 0 to 2 columns; 1 or 2 numbers put at (i, j)."""
    arrays = (
        lambda a, i, j: (a[0][i, j],),
        lambda a, i, j: (a[0][i, j], a[1][i, j]),
        lambda a, i, j: (a[0][i, j], a[1][i, j], a[2][i, j]),
        lambda a, i, j: (a[0][i, j], a[1][i, j], a[2][i, j], a[3][i, j]),
        lambda a, i, j: (a[0][i, j], a[1][i, j], a[2][i, j], a[3][i, j], a[4][i, j]),
    )
    columns = (lambda c, j: (), lambda c, j: (c[0][j],), lambda c, j: (c[0][j], c[1][j]))

    def put_one(out: Any, i: Any, j: Any, values: Any) -> None:
        out[0][i, j] = values[0]

    def put_two(out: Any, i: Any, j: Any, values: Any) -> None:
        out[0][i, j], out[1][i, j] = values[0], values[1]

    return list(map(compiled, arrays)), list(map(compiled, columns)), list(map(compiled, (put_one, put_two)))


@cache
def map_loop(composed: Composed, outs: int, arrays: int, columns: int) -> Formula:
    """(*out) ← formula(*arrays, *columns, *scalars), number by number."""
    f = compiled(composed.compose(*map(compiled, composed.parts)))
    of_arrays, of_columns, puts = pickers()
    at, of, put = of_arrays[arrays - 1], of_columns[columns], puts[outs - 1]

    def loop(out: Any, arrays: Any, columns: Any, scalars: Any) -> None:
        for i in range(out[0].shape[0]):
            for j in range(out[0].shape[1]):
                put(out, i, j, f(*(at(arrays, i, j) + of(columns, j) + scalars)))

    return compiled(loop)


@cache
def respond_loop(sigma: Formula) -> Formula:
    """x ← m σ(x + b), number by number; where b or m is missing, its branch is not compiled."""
    f = compiled(response(compiled(sigma)))

    def loop(x: Any, b: Any, bits: Any, threshold: Any, scale: Any, *scalars: Any) -> None:
        for i in range(x.shape[0]):
            for j in range(x.shape[1]):
                shift = None if b is None else b[j]
                drawn = None if bits is None else bits[i, j]
                x[i, j] = f(x[i, j], shift, drawn, threshold, scale, *scalars)

    return compiled(loop)


@cache
def respond_vjp_loop(slope: Formula) -> Formula:
    """dy ← dy m σ′(y), number by number."""
    f = compiled(response_vjp(compiled(slope)))

    def loop(dy: Any, y: Any, bits: Any, threshold: Any, scale: Any, *scalars: Any) -> None:
        for i in range(dy.shape[0]):
            for j in range(dy.shape[1]):
                drawn = None if bits is None else bits[i, j]
                dy[i, j] = f(dy[i, j], y[i, j], drawn, threshold, scale, *scalars)

    return compiled(loop)


@cache
def largest_removed_loop() -> Formula:
    """shifted ← z − max z, row by row; a NaN is the largest, as it is for NumPy."""

    def loop(z: Any, codes: Any, shifted: Any, of_class: Any) -> None:
        for i in range(z.shape[0]):
            largest = z[i, 0]
            for j in range(z.shape[1]):
                largest = np.maximum(largest, z[i, j])
            for j in range(z.shape[1]):
                shifted[i, j] = z[i, j] - largest
            of_class[i] = shifted[i, codes[i]]

    return compiled(loop)


@cache
def class_tail_loop(formula: Formula) -> Formula:
    """e ← formula(e, total, class or not), number by number."""
    f = compiled(formula)

    def loop(e: Any, total: Any, codes: Any, *scalars: Any) -> None:
        for i in range(e.shape[0]):
            for j in range(e.shape[1]):
                e[i, j] = f(e[i, j], total[i], codes[i] == j, *scalars)

    return compiled(loop)
