"""IDX files, the format of MNIST: big-endian, a magic number 00 00 08 d, d sizes, then bytes (LeCun et al., 1998)."""

import struct
from math import prod

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.files import name_input, read_bytes
from mlptrain.data.frames import read_columns
from mlptrain.data.table import Table
from mlptrain.errors import DataError

MOST_DIMENSIONS = 4
"""Count, height, width, and colours."""
LARGEST_IMAGE = 2**31


def read_idx(path: str) -> NDArray[np.uint8]:
    """The array of unsigned bytes in an IDX file, gzip or not."""
    data, name = read_bytes(path), name_input(path)
    if len(data) < 4 or data[:3] != b"\x00\x00\x08":
        raise DataError(f"{name}: this is not an IDX file of bytes (it does not begin with 00 00 08)")
    dimensions = data[3]
    offset = 4 + 4 * dimensions
    if not dimensions or len(data) < offset:
        raise DataError(f"{name}: the IDX header is cut short")
    shape = struct.unpack(f">{dimensions}I", data[4:offset])
    if dimensions > MOST_DIMENSIONS or prod(shape[1:]) > LARGEST_IMAGE or 0 in shape[1:]:
        raise DataError(f"{name}: {dimensions} dimensions of {', '.join(map(str, shape[:9]))} are no images or labels")
    expected = prod(shape)
    if len(data) - offset != expected:
        sizes = " × ".join(map(str, shape))
        raise DataError(
            f"{name}: {len(data) - offset} bytes of data, {expected} expected for {sizes}; is it cut short?"
        )
    return np.frombuffer(data, np.uint8, offset=offset).reshape(shape)


def read_images(path: str) -> NDArray[np.uint8]:
    """Images (count, height, width)."""
    images = read_idx(path)
    if images.ndim < 2:
        raise DataError(f"{name_input(path)}: these are labels, not images; swap the two files")
    return images


def read_labels(path: str, count: int) -> Table:
    """One label for each of `count` images, as a table of one column without a name."""
    labels = read_idx(path)
    if labels.ndim != 1:
        raise DataError(f"{name_input(path)}: these are images, not labels; swap the two files")
    if len(labels) != count:
        raise DataError(f"{name_input(path)}: {len(labels)} labels for {count} images")
    return read_columns({"": labels.astype(np.float64)}, name_input(path))
