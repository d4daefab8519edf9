"""The order of blocks: a permutation for any sizes, the same rows from memory and from a file, wherever one goes on."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.random import default_rng

from mlptrain.data.features import Pixels
from mlptrain.engine.norms import BatchNorm
from mlptrain.spec.block_shuffle import GROUP_BYTES, BlockShuffle
from mlptrain.spec.fields import Training
from mlptrain.training import course as course_file
from mlptrain.training.block_order import list_groups
from mlptrain.training.course import Course, draw_batches
from tests.support.courses import course_of, drawn, run

SIZES = st.integers(1, 40)


@drawn
@given(st.integers(0, 2**62), st.integers(0, 5), st.integers(1, 300), SIZES, SIZES)
@example(0, 0, 1, 1, 1)
def test_an_epoch_has_every_row_once_and_a_group_only_its_own_blocks(seed, epoch, rows, blocks, together):
    shuffle = BlockShuffle(blocks=blocks, together=together)
    groups = list(list_groups(seed, epoch, rows, shuffle))
    assert sorted(np.concatenate([group.numbers for group in groups]).tolist()) == list(range(rows))
    assert [len(group.blocks) for group in groups[:-1]] == [together] * (len(groups) - 1)
    for group in groups:
        assert [block.start for block in group.blocks] == sorted(block.start for block in group.blocks)
        assert {number // blocks for number in group.numbers} == {block.start // blocks for block in group.blocks}


def test_seed_and_epoch_and_the_number_of_a_group_each_change_the_order():
    shuffle = BlockShuffle(blocks=10, together=2)
    orders = [list(list_groups(seed, epoch, 60, shuffle)) for seed, epoch in ((0, 0), (0, 1), (1, 0))]
    assert len({tuple(np.concatenate([group.numbers for group in groups]).tolist()) for groups in orders}) == 3
    assert len({tuple(group.order.tolist()) for groups in orders for group in groups}) == 9
    again = list(list_groups(0, 0, 60, shuffle))
    assert all(np.array_equal(one.numbers, other.numbers) for one, other in zip(orders[0], again, strict=True))


@drawn
@given(st.integers(1, 10**9), st.none() | st.integers(1, 10**6), st.none() | st.integers(1, 10**6))
@example(500, None, None)
def test_what_is_open_is_chosen_for_a_group_of_64_megabytes(row_bytes, blocks, together):
    found = BlockShuffle(blocks=blocks, together=together).resolve(row_bytes)
    assert (found.blocks, found.together) == (blocks or found.blocks, together or found.together)
    assert found.is_resolved
    assert found.resolve(1) == found
    if blocks is None or together is None:
        least = (blocks or 1) * (together or 1)
        assert found.blocks * found.together <= max(GROUP_BYTES // row_bytes, least)


# batches


def shuffled(blocks: int = 3, together: int = 2, *, members: int | None = None, **training: object) -> Course:
    parts = {} if members is None else {"members": members}
    shuffle = BlockShuffle(blocks=blocks, together=together)
    return course_of(rows=23, training=Training(**{"batch_size": 4, "epochs": 3, **training}, shuffle=shuffle), **parts)


def map_inputs(course: Course, path) -> Course:
    """The same course, whose inputs lie in a file."""
    x = course.train.x
    mapped = np.memmap(path, x.dtype, "w+", shape=x.shape)
    mapped[...] = x
    return replace(course, train=replace(course.train, x=mapped))


CASES = [
    {},
    {"blocks": 1, "together": 100},
    {"blocks": 100},
    {"members": 3},
    {"drop_last": True},
    {"batch_size": 11},
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_memory_and_a_file_give_the_same_training(case, monkeypatch, tmp_path):
    """In memory all rows are gathered at once; from a file a group at a time."""
    at_once = shuffled(**case)
    seen = run(at_once, clock=lambda: 0.0)
    monkeypatch.setattr(course_file, "GATHER_AT_ONCE", 0)
    for course in (shuffled(**case), map_inputs(shuffled(**case), tmp_path / "x")):
        assert run(course, clock=lambda: 0.0) == seen
        assert course.network.parameters.theta.tobytes() == at_once.network.parameters.theta.tobytes()


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("weighted", [False, True])
def test_from_any_batch_on_the_rows_are_those_of_the_whole_epoch(case, weighted, monkeypatch):
    monkeypatch.setattr(course_file, "GATHER_AT_ONCE", 0)
    course = shuffled(**case)
    weights = np.linspace(0.5, 2, 23) if weighted else None
    course = replace(course, train=replace(course.train, weights=weights))
    part = course.train
    whole = list(draw_batches(course, 2))
    assert len(whole) == course.steps_per_epoch
    for first in range(len(whole) + 1):
        rest = list(draw_batches(course, 2, first))
        assert len(rest) == len(whole) - first
        for number, (x, targets, own) in enumerate(rest, first + 1):
            rows = course.row_numbers(2, number)
            np.testing.assert_array_equal(x, part.x[rows])
            np.testing.assert_array_equal(targets, part.targets[rows])
            assert own is None if weights is None else np.array_equal(own, weights[rows])


def test_images_and_batch_normalisation_go_together_with_groups(monkeypatch):
    pixels = Pixels(default_rng(3).integers(0, 256, (13, 3)).astype(np.uint8), np.dtype(np.float64))
    shuffle = BlockShuffle(blocks=2, together=3)
    training = Training(batch_size=4, shuffle=shuffle)
    course = course_of(rows=13, training=training, model={"norm": BatchNorm()})
    as_matrix = replace(course, train=replace(course.train, x=pixels[:]))
    seen = run(as_matrix, clock=lambda: 0.0)
    monkeypatch.setattr(course_file, "GATHER_AT_ONCE", 0)
    course = course_of(rows=13, training=training, model={"norm": BatchNorm()})
    as_images = replace(course, train=replace(course.train, x=pixels))
    assert run(as_images, clock=lambda: 0.0) == seen


def test_a_group_is_read_in_the_order_of_the_file_and_only_where_rows_of_it_are_taken(monkeypatch):
    monkeypatch.setattr(course_file, "GATHER_AT_ONCE", 0)

    class Watched(np.ndarray):
        def __getitem__(self, key):
            reads.append(key)
            return np.asarray(super().__getitem__(key))

    for first in (0, 3):
        reads: list[slice] = []
        course = shuffled()
        course = replace(course, train=replace(course.train, x=course.train.x.view(Watched)))
        groups = list(list_groups(course.spec.seed, 1, 23, course.spec.training.shuffle))
        list(draw_batches(course, 1, first))
        skipped = np.searchsorted(np.cumsum([len(group.order) for group in groups]), 4 * first, side="right")
        blocks = [block for group in groups[skipped:] for block in group.blocks]
        assert [key for key in reads if key.stop is None or key.stop > 0] == blocks
