"""The order of an epoch whose rows are mixed a group of blocks at a time, and the rows in it.

order_g = rows(blocks[π[g·t : (g+1)·t]])[π_g]: π permutes the blocks of an epoch, π_g the rows of its g-th group of t
blocks. Both are functions of seed and epoch, so that it makes no difference where the rows are held.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.randomness import permutation, stream
from mlptrain.spec.block_shuffle import BlockShuffle


@dataclass(frozen=True)
class Group:
    """Blocks of rows that are held together, in the order of the rows, and the order in which their rows come."""

    blocks: Sequence[slice]
    order: NDArray[np.int64]

    @property
    def numbers(self) -> NDArray[np.int64]:
        """The numbers of the rows, in the order in which they come."""
        rows = np.concatenate([np.arange(block.start, block.stop) for block in self.blocks])
        return rows[self.order]


def list_groups(seed: int, epoch: int, rows: int, shuffle: BlockShuffle) -> Iterator[Group]:
    """The groups of an epoch, in which each of the rows is once."""
    size, together = shuffle.blocks, shuffle.together
    assert size is not None
    assert together is not None
    order = permutation(stream(seed, "shuffle", epoch), -(-rows // size))
    for number, start in enumerate(range(0, len(order), together)):
        chosen = np.sort(order[start : start + together]).tolist()
        blocks = [slice(block * size, min((block + 1) * size, rows)) for block in chosen]
        count = sum(block.stop - block.start for block in blocks)
        yield Group(blocks, permutation(stream(seed, "shuffle group", epoch, number), count))


class GroupReader:
    """Arrays of the same rows, read a group at a time: its blocks in the order of the rows, which are then mixed."""

    def __init__(self, arrays: Sequence[Any], groups: Iterator[Group]) -> None:
        self.arrays, self.groups = arrays, groups
        self.held: Sequence[NDArray[Any]] = ()
        self.group = Group([], np.empty(0, np.int64))
        self.place = 0

    def skip(self, count: int) -> None:
        """Leave the next `count` rows out; groups that are left out as a whole are not read."""
        self.place += count
        while self.place > len(self.group.order):
            self.place -= len(self.group.order)
            self.open(next(self.groups))

    def take(self, count: int) -> Sequence[NDArray[Any]]:
        """The next `count` rows of each array."""
        pieces = [self.take_of_group(count)]
        while (missing := count - sum(len(piece[0]) for piece in pieces)) > 0:
            self.place = 0
            self.open(next(self.groups))
            pieces.append(self.take_of_group(missing))
        if len(pieces) == 1:
            return pieces[0]
        return [np.concatenate(each) for each in zip(*pieces, strict=True)]

    def open(self, group: Group) -> None:
        """Go on with a group, which is read when its first row is taken."""
        self.held, self.group = (), group

    def take_of_group(self, count: int) -> Sequence[NDArray[Any]]:
        """The next `count` rows of the group, or what is left of it."""
        chosen = self.group.order[self.place : self.place + count]
        if len(chosen) and not self.held:
            self.held = [np.concatenate([each[block] for block in self.group.blocks]) for each in self.arrays]
        self.place += len(chosen)
        held = self.held or [each[:0] for each in self.arrays]
        return [each.take(chosen, axis=0) for each in held]
