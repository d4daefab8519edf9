"""How many threads the matrix products of a run are worth."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

from mlptrain.engine.network import Network

SMALL = 1 << 24
"""Multiplications in the largest product of a step up to which a second thread brings next to nothing. Where another
process has the second core, BLAS threads wait for each other, and small products take a hundred times as long."""


def largest_product(network: Network, rows: int) -> int:
    """Rows · inputs · outputs of the largest layer."""
    return rows * max(i * o for i, o in pairwise(network.widths))


@contextmanager
def suitable_threads(network: Network, rows: int, asked: int | None) -> Iterator[None]:
    """One thread while the products are small, unless the user has `asked` for a number."""
    if asked is not None or largest_product(network, rows) > SMALL:
        yield
        return
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield
