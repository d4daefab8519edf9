"""The order of training rows that are mixed a group of blocks at a time."""

from dataclasses import dataclass, replace
from typing import Annotated

from annotated_types import Ge, Le

GROUP_BYTES = 64 * 10**6
"""Bytes of inputs that a group takes at the most where a spec leaves its size open."""
TOGETHER = 64
"""Blocks of a group where a spec leaves both numbers open, if as many rows fit into one."""

Count = Annotated[int, Ge(1), Le(10**9)]


@dataclass(frozen=True, kw_only=True)
class BlockShuffle:
    """Mix the rows a group at a time, so that a matrix in a file is read in order. Each epoch draws the order of blocks
    of neighbouring rows, and takes so many of them together, whose rows are mixed in memory. What is left open is
    chosen for groups of 64 MB of inputs at the most, and noted in the model.
    """

    blocks: Count | None = None
    """Rows of a block."""
    together: Count | None = None
    """Blocks of a group."""

    @property
    def is_resolved(self) -> bool:
        """Whether both numbers are given."""
        return self.blocks is not None and self.together is not None

    def resolve(self, row_bytes: int) -> "BlockShuffle":
        """Both numbers, for rows that take `row_bytes` bytes; what is given stays.

        >>> BlockShuffle().resolve(500)
        BlockShuffle(blocks=2000, together=64)
        >>> BlockShuffle(blocks=65536).resolve(500)
        BlockShuffle(blocks=65536, together=1)
        """
        rows = max(GROUP_BYTES // row_bytes, 1)
        together = self.together or min(max(rows // (self.blocks or 1), 1), TOGETHER if self.blocks is None else rows)
        return replace(self, blocks=self.blocks or max(rows // together, 1), together=together)
