"""Codes of texts and arrays that grow, for cells that arrive block by block."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int32]
Scalar = TypeVar("Scalar", bound=np.generic)


class NulByte(Exception):
    """A cell holds a NUL character."""


@dataclass
class Coder:
    """Gives each different text a code, in order of appearance."""

    code_of: dict[str, int] = field(default_factory=dict)

    def codes(self, texts: Sequence[str]) -> Codes:
        """The codes of texts; new ones get the next codes."""
        try:
            return self.known_codes(texts)
        except KeyError:
            new = [text for text in dict.fromkeys(texts) if text not in self.code_of]
            if "\0" in "".join(new):
                raise NulByte from None
            self.code_of.update(zip(new, count(len(self.code_of))))
        return self.known_codes(texts)

    def known_codes(self, texts: Sequence[str]) -> Codes:
        return np.fromiter(map(self.code_of.__getitem__, texts), np.int32, len(texts))

    @property
    def values(self) -> list[str]:
        return list(self.code_of)


class Growing(Generic[Scalar]):
    """An array that grows at its end: its room is doubled when it is full, so that memory holds it once.

    Room that was never written to takes no memory.
    """

    def __init__(self, dtype: type[Scalar]) -> None:
        self._room = np.empty(0, dtype)
        self._size = 0

    def append(self, values: NDArray[Scalar]) -> None:
        """Add values at the end."""
        size = self._size + len(values)
        if size > len(self._room):
            larger = np.empty(max(size, 2 * len(self._room)), self._room.dtype)
            larger[: self._size] = self.array
            self._room = larger
        self._room[self._size : size] = values
        self._size = size

    @property
    def array(self) -> NDArray[Scalar]:
        """The values that were added."""
        return self._room[: self._size]
