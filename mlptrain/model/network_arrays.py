"""A network's parameters and buffers as named arrays, and back."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from mlptrain.engine.network import Network

Arrays = dict[str, NDArray[Any]]


def collect_named_arrays(network: Network) -> Arrays:
    """The views of a network's parameters and buffers under their names in files: `parameters.…`, `buffers.…`."""
    views = {f"parameters.{name}": view for name, view in network.parameters.values.items()}
    return views | {f"buffers.{name}": view for name, view in network.buffers.items()}


def fill_arrays(views: Mapping[str, NDArray[Any]], stored: Mapping[str, NDArray[Any]]) -> None:
    """Copy stored arrays into views of the same names, shapes and types; a ValueError if they are others."""
    if views.keys() != stored.keys():
        raise ValueError(f"its arrays are not those of its spec: {sorted(views.keys() ^ stored.keys())[0]}")
    for name, view in views.items():
        array = stored[name]
        if (array.shape, array.dtype) != (view.shape, view.dtype):
            raise ValueError(f"{name} is {array.dtype} {array.shape}, not {view.dtype} {view.shape}")
        view[...] = array


def select_arrays_by_prefix(arrays: Mapping[str, NDArray[Any]], start: str) -> Arrays:
    """The arrays whose names begin so, without that."""
    return {name.removeprefix(start): value for name, value in arrays.items() if name.startswith(start)}
