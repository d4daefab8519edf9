"""Codes of texts, for cells that arrive block by block."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int32]


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
