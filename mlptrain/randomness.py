"""Randomness as a function of (seed, purpose, index): nothing to store, nothing to forget when a run is resumed.

The raw bit streams of NumPy's generators are fixed for ever (NEP 19), while `Generator`'s distributions may change
between releases; shuffles, masks and uniform numbers are therefore made from raw bits.
"""

import zlib

import numpy as np
from numpy.random import SFC64, BitGenerator, SeedSequence
from numpy.typing import NDArray


def stream(seed: int, purpose: str, *index: int) -> BitGenerator:
    """The bit stream of one `purpose` ("shuffle", "dropout" …) at one `index` (epoch, step, member …)."""
    return SFC64(SeedSequence([seed, zlib.crc32(purpose.encode()), *index]))


def uniform(bits: BitGenerator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Numbers of [0, 1): the upper 53 bits of each raw integer, times 2⁻⁵³."""
    raw = bits.random_raw(int(np.prod(shape)))
    return ((raw >> np.uint64(11)).astype(np.float64) * 2.0**-53).reshape(shape)


def permutation(bits: BitGenerator, count: int) -> NDArray[np.int64]:
    """A permutation of range(count): the stable order of `count` raw integers."""
    return np.argsort(bits.random_raw(count), kind="stable")


def draw_uint16_integers(bits: BitGenerator, count: int) -> NDArray[np.uint16]:
    """`count` integers of [0, 65536), four to a raw integer, the same on machines of either byte order."""
    raw = bits.random_raw(-(-count // 4))
    return raw.astype("<u8", copy=False).view("<u2")[:count]
