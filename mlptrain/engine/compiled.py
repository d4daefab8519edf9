"""The formulas of `elementwise` and of the optimizers, compiled by Numba to one loop each, with the bits of NumPy.

Why the bits agree: no fast mathematics, so that nothing is reordered or contracted; scalars and constants of the
arrays' own type. Why it is fast: `error_model="numpy"`, for a check of every division would keep the loop from being
vectorised; loops over whole arrays, for bounds would bring a test for wrap-around into every round. One thread: these
loops wait for memory, and a second thread would have to be waited for whenever another process has the second core.

Loops and formulas are compiled when they are first needed, 0.1 to 0.2 s each, and not kept on disk. Only loops are
called from Python and nothing from C: without entries for these, compiling takes a quarter less.
"""

from collections.abc import Sequence
from functools import cache, partial
from typing import Any

import numba
import numpy as np

from mlptrain.engine.arrays import Floats, Integers
from mlptrain.engine.elementwise import ARRAY, COLUMN, SCALAR, Composed, Formula, Loop, Scalars

compile_with: Any = numba.njit  # it takes options of the compiler that its type does not know
compile_loop = compile_with(error_model="numpy", nogil=True, no_cfunc_wrapper=True)
make_inner_compiler = partial(
    compile_with, error_model="numpy", nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True
)
compile_function = cache(make_inner_compiler())
inline_function = make_inner_compiler(inline="always")


class NumbaExecutor:
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
        compile_optimizer_update(formula, len(slots))(theta, gradient, keep, *slots, *scalars)

    def loop(self, composed: Composed) -> Loop:
        return compile_elementwise_loop(composed)

    def largest_removed(self, z: Floats, codes: Integers) -> tuple[Floats, Floats]:
        shifted, of_class = np.empty(z.shape, z.dtype), np.empty(len(codes), z.dtype)
        compile_row_maximum_subtraction()(z, codes, shifted, of_class)
        return shifted, of_class

    def class_tail(self, formula: Formula, e: Floats, total: Floats, codes: Integers, scalars: Scalars) -> None:
        compile_loop_over_classes(formula)(e, total, codes, *scalars)


@cache
def compile_argument_reader(kinds: str, start: int) -> Formula:
    """A compiled function of (given, i, j): the numbers of given[start:] there, by their kinds; the rest are scalars.

    Numba knows the types of given[k] for a constant k only: one function for each k, which calls the one after it.
    """
    if not kinds:
        return inline_function(lambda given, i, j: given[start:])
    rest = compile_argument_reader(kinds[1:], start + 1)
    read = {
        ARRAY: lambda given, i, j: (given[start][i, j],) + rest(given, i, j),  # noqa: RUF005  (Numba knows no other form)
        COLUMN: lambda given, i, j: (given[start][j],) + rest(given, i, j),  # noqa: RUF005
        SCALAR: lambda given, i, j: (given[start],) + rest(given, i, j),  # noqa: RUF005
    }
    return inline_function(read[kinds[0]])


@cache
def compile_result_writer(count: int, first_value: int) -> Formula:
    """A compiled function of (given, index, values): given[k][index] ← values[first_value + k] for k below `count`."""
    if count == 0:
        return inline_function(lambda given, index, values: None)
    before, k, place = compile_result_writer(count - 1, first_value), count - 1, first_value + count - 1

    def write(given: Any, index: Any, values: Any) -> None:
        before(given, index, values)
        given[k][index] = values[place]

    return inline_function(write)


@cache
def compile_optimizer_update(formula: Formula, slots: int) -> Formula:
    """The loop of an optimizer with so many slots."""
    f, read, write = (
        compile_function(formula),
        compile_argument_reader(COLUMN * slots, 0),
        compile_result_writer(slots, 1),
    )

    def loop(theta: Any, g: Any, keep: Any, *given: Any) -> None:
        for i in range(theta.size):
            values = f(g[i], *read(given, 0, i))
            theta[i] = keep * theta[i] - values[0]
            write(given, i, values)

    return compile_loop(loop)


@cache
def compile_elementwise_loop(composed: Composed) -> Loop:
    """The loop of a formula over arrays for results, then those given, number by number.

    What is changed in place is given once: Numba vectorises no loop over arrays that may overlap.
    """
    f, read = compile_function(composed.build(compile_function)), compile_argument_reader(composed.kinds, composed.outs)
    write = compile_result_writer(composed.outs, int(composed.in_place))
    first, several = composed.outs * composed.in_place, composed.outs + composed.in_place > 1

    def loop(*given: Any) -> None:
        for i in range(given[first].shape[0]):
            for j in range(given[first].shape[1]):
                values = f(*read(given, i, j))
                if several:
                    write(given, (i, j), values)
                given[first][i, j] = values[0] if several else values

    return compile_loop(loop)


@cache
def compile_row_maximum_subtraction() -> Formula:
    """The loop shifted ← z − max z, row by row; a NaN is the largest, as it is for NumPy."""

    def loop(z: Any, codes: Any, shifted: Any, of_class: Any) -> None:
        for i in range(z.shape[0]):
            largest = z[i, 0]
            for j in range(z.shape[1]):
                largest = np.maximum(largest, z[i, j])
            for j in range(z.shape[1]):
                shifted[i, j] = z[i, j] - largest
            of_class[i] = shifted[i, codes[i]]

    return compile_loop(loop)


@cache
def compile_loop_over_classes(formula: Formula) -> Formula:
    """The loop e ← formula(e, total, class or not), number by number."""
    f = compile_function(formula)

    def loop(e: Any, total: Any, codes: Any, *scalars: Any) -> None:
        for i in range(e.shape[0]):
            for j in range(e.shape[1]):
                e[i, j] = f(e[i, j], total[i], codes[i] == j, *scalars)

    return compile_loop(loop)
