"""What one training is: a network and the rows it learns from, batch by batch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
from numpy.random import BitGenerator
from numpy.typing import NDArray

from mlptrain.data.features import Pixels
from mlptrain.engine.arrays import Floats
from mlptrain.engine.network import Network
from mlptrain.model.examples import Examples
from mlptrain.model.head import Head
from mlptrain.model.training_names import name_training
from mlptrain.randomness import permutation, stream
from mlptrain.spec.block_shuffle import BlockShuffle
from mlptrain.spec.fields import Spec
from mlptrain.training.batching import slice_batches
from mlptrain.training.block_order import GroupReader, list_groups

GATHER_AT_ONCE = 1 << 24
"""Bytes of training inputs up to which a whole epoch is gathered in its shuffled order at once."""

Batch = tuple[Floats, NDArray[Any], Floats | None]


@dataclass(frozen=True, kw_only=True)
class Course:
    """What one training is: the network, what the spec says, loss and target, the rows."""

    network: Network
    spec: Spec
    head: Head
    train: Examples
    validation: Examples | None
    fold: int = 1
    folds: int = 1
    refit: int = 0
    """The best epoch of an earlier training, up to which this one goes, on all rows; 0 where there is none."""

    @property
    def number(self) -> int:
        """Which of the trainings of a fit this is, from 1."""
        return self.fold + (self.refit > 0)

    @property
    def name(self) -> str:
        """What it is called among several: a fold, a repeat or the refit; empty where it is the only one."""
        if self.refit:
            return "the refit"
        return name_training(self.fold, self.folds, self.spec.data.split.repeats) if self.folds > 1 else ""

    @property
    def epochs(self) -> int:
        """Epochs to be done; schedules run over those of the spec."""
        return self.refit or self.spec.training.epochs

    @cached_property
    def batch_size(self) -> int:
        size = self.spec.training.batch_size
        return self.train.rows if size == "full" else min(size, self.train.rows)

    @cached_property
    def steps_per_epoch(self) -> int:
        return sum(1 for _ in self.slices())

    @cached_property
    def noisy(self) -> bool:
        """Whether a step draws random numbers."""
        return self.network.traits.noisy

    @cached_property
    def metric(self) -> str:
        """The metric every epoch reports."""
        watched = self.spec.training.monitor
        if watched != "loss":
            return watched
        return self.head.default_metric

    @property
    def seeds(self) -> Sequence[int]:
        """The seed of each member."""
        return range(self.spec.seed, self.spec.seed + (self.network.members or 1))

    def slices(self) -> Iterator[slice]:
        return slice_batches(
            self.train.rows,
            self.batch_size,
            merge_single=self.network.traits.several_rows,
            drop_last=self.spec.training.drop_last,
        )

    def order(self, epoch: int) -> NDArray[np.int64] | None:
        """The order of the training rows in an epoch (n,), of several members (M, n), by seed and epoch alone.

        None where they stay as they are.
        """
        if not self.is_shuffled:
            return None
        orders = [self.order_of_seed(seed, epoch) for seed in self.seeds]
        return orders[0] if self.network.members is None else np.stack(orders)

    @property
    def is_shuffled(self) -> bool:
        """Whether an epoch has an order of its own; of one batch it would make no difference."""
        return self.spec.training.shuffle is not False and self.batch_size < self.train.rows

    def order_of_seed(self, seed: int, epoch: int) -> NDArray[np.int64]:
        """The order of the training rows (n,) that a seed gives to an epoch."""
        shuffle, rows = self.spec.training.shuffle, self.train.rows
        if isinstance(shuffle, BlockShuffle):
            return np.concatenate([group.numbers for group in list_groups(seed, epoch, rows, shuffle)])
        return permutation(stream(seed, "shuffle", epoch), rows)

    def noise(self, step: int) -> Sequence[BitGenerator]:
        """The bit stream of a step for each member, if it needs any."""
        return [stream(seed, "dropout", step) for seed in self.seeds] if self.noisy else ()

    def row_numbers(self, epoch: int, number: int) -> NDArray[np.int64]:
        """Which training rows the `number`-th batch of an epoch holds, (B,) or of members (M, B)."""
        order = self.order(epoch)
        return (np.arange(self.train.rows) if order is None else order)[..., list(self.slices())[number - 1]]


def shuffles_inputs_at_once(course: Course) -> bool:
    """Whether the matrix of the training rows is so small that it is shuffled at once."""
    members = course.network.members or 1
    return members * course.train.rows * course.network.inputs * course.train.x.dtype.itemsize <= GATHER_AT_ONCE


def draw_batches(course: Course, epoch: int, first: int = 0) -> Iterator[Batch]:
    """The batches of an epoch from number `first` on: each row is in one, in an order of seed and epoch alone.

    Members have batches of their own: x (M, B, I), targets (M, B, …), weights (M, B). The inputs of a batch are valid
    until the next batch is asked for.
    """
    shuffle = course.spec.training.shuffle
    if course.is_shuffled and isinstance(shuffle, BlockShuffle) and not shuffles_inputs_at_once(course):
        yield from draw_batches_of_groups(course, epoch, first, shuffle)
        return
    part, weights = course.train, course.train.training_weights()
    x, targets = part.x, part.targets
    order, slices = course.order(epoch), islice(course.slices(), first, None)
    if order is None:
        for rows in slices:
            yield x[rows], targets[rows], None if weights is None else weights[rows]
        return
    targets, weights = targets[order], None if weights is None else weights[order]
    each = (slice(None),) * (order.ndim - 1)  # of the members
    gathered = x.take(order, axis=0) if shuffles_inputs_at_once(course) else None
    room = (
        np.empty((*order.shape[:-1], course.batch_size, course.network.inputs), x.dtype) if gathered is None else None
    )
    for rows in slices:
        chosen = (*each, rows)
        inputs = take_rows_into_buffer(x, order[chosen], room) if gathered is None else gathered[chosen]
        yield inputs, targets[chosen], None if weights is None else weights[chosen]


def draw_batches_of_groups(course: Course, epoch: int, first: int, shuffle: BlockShuffle) -> Iterator[Batch]:
    """The batches of an epoch as `draw_batches` has them, with a group of blocks in memory, of each member one."""
    part, weights = course.train, course.train.training_weights()
    arrays = [part.x, part.targets, *([] if weights is None else [weights])]
    readers = [GroupReader(arrays, list_groups(seed, epoch, part.rows, shuffle)) for seed in course.seeds]
    slices = list(course.slices())[first:]
    for reader in readers:
        reader.skip(slices[0].start if slices else 0)
    for rows in slices:
        taken = [reader.take(rows.stop - rows.start) for reader in readers]
        batch = taken[0] if course.network.members is None else [np.stack(each) for each in zip(*taken, strict=True)]
        yield batch[0], batch[1], None if weights is None else batch[2]


def take_rows_into_buffer(x: Floats | Pixels, rows: NDArray[np.int64], room: Floats | None) -> Floats:
    """Some rows of x, in the room for a batch where they fill it."""
    out = room if room is not None and rows.shape == room.shape[:-1] else None
    return x.take(rows, axis=0, out=out, mode="clip")
