"""Matrix products of a network: how large the largest is, the threads it is worth, the library that computes it."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from threading import RLock, get_ident
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController, threadpool_info

from mlptrain.engine.network import Network

SMALL = 1 << 23
"""Multiplications in the largest product of a step up to which a second thread brings next to nothing. Where another
process has the second core, BLAS threads wait for each other, and small products take a hundred times as long."""

ROWS_TO_TRY = 1024
"""Rows of a product that is computed only for the library to take its buffers: they do not grow with more."""


class SharedThreadLimit:
    """The one number of threads that products have in this process, where several threads of Python limit it at a time.

    Each thread of Python asks for what its innermost entry says; of these the smallest number holds. The last that
    leaves restores what stood before the first: entries overlap, so none can restore what it found itself.
    """

    def __init__(self) -> None:
        self._lock = RLock()  # a generator that holds a limit may be collected while another entry has the lock
        self._entries: dict[object, tuple[int, int]] = {}  # in the order of entering: thread of Python, number
        self._libraries: Any = None
        self._modules = 0
        self._before: Any = None

    @contextmanager
    def limit_products(self, number: int | None) -> Iterator[None]:
        """Limit the products to a number of threads for a while; None asks for nothing."""
        if number is None:
            yield
            return
        entry = object()
        with self._lock:
            if not self._entries:
                self._find_libraries()
                self._before = self._libraries.limit(limits=None)
            self._entries[entry] = get_ident(), number
            self._apply()
        try:
            yield
        finally:
            with self._lock:
                del self._entries[entry]
                self._apply()

    def _find_libraries(self) -> None:
        """Look for the libraries, which takes a millisecond, unless no module was loaded that may have brought some."""
        if self._modules != len(sys.modules):
            self._libraries = ThreadpoolController().select(user_api="blas")
            self._modules = len(sys.modules)

    def _apply(self) -> None:
        if self._entries:
            self._libraries.limit(limits=min(dict(self._entries.values()).values()))
        else:
            self._before.restore_original_limits()
        with self._libraries.select(user_api="none").limit(limits=None):
            pass  # leaving: from 3.8 on threadpoolctl lets no other thread set OpenBLAS until the one that did has left


PROCESS_LIMIT = SharedThreadLimit()
"""The libraries have one number for the whole process, so what was asked of them is kept once for it, too."""


def compute_largest_product_size(network: Network, rows: int) -> int:
    """Rows · inputs · outputs of the largest layer."""
    independent = network.members is None or network.gradient_scale > 1  # else one product of all members' rows
    members = 1 if independent else network.members or 1
    return members * rows * network.largest_layer


def are_products_small(network: Network, rows: int) -> bool:
    """Whether no product of a step is worth a second thread."""
    return compute_largest_product_size(network, rows) <= SMALL


def list_product_libraries() -> Sequence[Mapping[str, Any]]:
    """The facts of the libraries that compute NumPy's products; SciPy, say, may have brought its own."""
    loaded = [each for each in threadpool_info() if each["user_api"] == "blas"]
    return [each for each in loaded if "numpy" in each["filepath"]] or loaded


def count_product_threads() -> int | None:
    """The threads that products have now, None if the library does not say."""
    return max((each["num_threads"] for each in list_product_libraries()), default=None)


@contextmanager
def limit_threads(network: Network, rows: int, asked: int | None) -> Iterator[None]:
    """As many threads as the user has `asked` for; else one while the products are small, all if they are large."""
    few = 1 if are_products_small(network, rows) else None
    with PROCESS_LIMIT.limit_products(few if asked is None else asked):
        yield


def make_room_for_products(network: Network, rows: int) -> None:
    """Compute the largest product of a step once: the library takes its buffers now, before anything can be lost.

    OpenBLAS ends the process where it finds no memory for them; the MemoryError of an array says more.
    """
    weights = [values for name, values in network.parameters.values.items() if name.endswith(".weight")]
    if weights:
        largest = max(weights, key=lambda each: each.size)
        np.zeros((min(rows, ROWS_TO_TRY), largest.shape[-2]), network.dtype) @ largest


def describe_products(network: Network, rows: int) -> str:
    """Which library computes the matrix products of a batch, with which kernels and how many threads."""
    describe = partial(describe_library, small=are_products_small(network, rows))
    return "; ".join(map(describe, list_product_libraries())) or "the library that NumPy was built with"


def describe_library(facts: Mapping[str, Any], *, small: bool) -> str:
    """A library of products in words: OpenBLAS 0.3.31, SkylakeX kernels, 2 threads."""
    name = {"openblas": "OpenBLAS", "mkl": "MKL", "blis": "BLIS"}.get(facts["internal_api"], facts["internal_api"])
    kernels = f", {facts['architecture']} kernels" if facts.get("architecture") else ""
    count = facts["num_threads"]
    threads = f"{count} threads" if count > 1 else "1 thread" + ", as they are small" * small
    return f"{name} {facts.get('version') or ''}{kernels}, {threads}"
