"""The workspace and the driver that runs a formula block by block."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.engine.arrays import (
    BLOCK,
    FLUSH_EVERY,
    SMALLEST,
    Workspace,
    apply_blockwise,
    flush_denormals,
    slice_range_into_blocks,
)
from tests.support.drawing import DTYPES, drawn, identical, standard_normal

FLOAT = np.dtype(float)
SHAPES = [(5, 3), (5, 4), (2, 5, 4), (5,)]
sizes = pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 3 * BLOCK + 7])


def requests(work, rows, shapes=SHAPES):
    work.restart(rows)
    return [work.array(shape) for shape in shapes]


# ---- the workspace


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_arrays_have_the_shape_asked_for_and_the_type_of_the_workspace(dtype):
    arrays = requests(Workspace(dtype), 5)
    assert [array.shape for array in arrays] == SHAPES
    assert {array.dtype for array in arrays} == {dtype}
    assert all(array.flags.c_contiguous for array in arrays)


def test_the_nth_request_of_a_step_gets_the_nth_array():
    work = Workspace(FLOAT)
    first, second = requests(work, 5), requests(work, 5)
    assert all(a is b for a, b in zip(first, second, strict=True))


def test_no_two_arrays_of_a_step_share_memory():
    arrays = requests(Workspace(FLOAT), 5, [(5, 3)] * 4)
    for i, array in enumerate(arrays):
        assert not any(np.shares_memory(array, other) for other in arrays[:i])


def test_every_batch_size_has_arrays_of_its_own():
    work = Workspace(FLOAT)
    large, small = requests(work, 5), requests(work, 2)
    assert not any(np.shares_memory(a, b) for a in large for b in small)
    assert all(a is b for a, b in zip(large, requests(work, 5), strict=True))


def test_a_step_that_asks_for_other_shapes_gets_other_arrays_from_there_on():
    work = Workspace(FLOAT)
    first = requests(work, 5)
    changed = requests(work, 5, [SHAPES[0], (5, 9), *SHAPES[2:], (5, 2)])
    assert [a is b for a, b in zip(first, changed, strict=False)] == [True, False, True, True]
    assert changed[1].shape == (5, 9)


# ---- blocks


@drawn
@given(size=st.integers(0, 500), block=st.integers(1, 100))
def test_blocks_cover_every_index_once_in_order(size, block):
    covered = [np.arange(size)[each] for each in slice_range_into_blocks(size, block)]
    assert all(0 < len(part) <= block for part in covered)
    np.testing.assert_array_equal(np.concatenate([np.arange(0), *covered]), np.arange(size))


@sizes
def test_a_block_fits_the_cache(size):
    assert all(each.stop - each.start <= BLOCK for each in slice_range_into_blocks(size))
    assert sum(each.stop - each.start for each in slice_range_into_blocks(size)) == size


def formula(a, b):
    return np.exp(-a * a) + b


@sizes
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_block_by_block_is_all_at_once(size, dtype):
    a, b = standard_normal(2, size, dtype=dtype)
    assert identical([apply_blockwise(formula, lambda: np.empty_like(a), a, b)], [formula(a, b)])


def test_the_result_lands_in_the_array_given_and_keeps_its_shape():
    a, b = standard_normal(2, 3, BLOCK)
    out = np.empty_like(a)
    assert apply_blockwise(formula, lambda: out, a, b) is out
    assert identical([out], [formula(a, b)])


def test_the_result_may_overwrite_an_input():
    a, b = standard_normal(2, 2 * BLOCK + 3)
    expected = formula(a, b)
    apply_blockwise(formula, lambda: a, a, b)
    assert identical([a], [expected])


def test_what_fits_in_a_block_asks_for_no_array():
    a, b = standard_normal(2, 10)

    def refuse():
        raise AssertionError("an array was asked for")

    assert identical([apply_blockwise(formula, refuse, a, b)], [formula(a, b)])


def test_inputs_may_differ_in_type():
    """As a mask of integers and the numbers it is for."""
    a, mask = standard_normal(BLOCK + 5, dtype=np.float32), np.arange(BLOCK + 5, dtype=np.uint16) % 3
    out = apply_blockwise(lambda x, m: x * (m > 0), lambda: np.empty_like(a), a, mask)
    assert identical([out], [a * (mask > 0)])


# ---- denormal numbers


@pytest.mark.parametrize("size", [1, BLOCK + 1])
def test_only_what_is_below_the_smallest_is_flushed(size):
    given = np.array([1e-31, -1e-31, 0, 2e-30, -2e-30, 1, np.inf, -1e-45])
    arrays = np.tile(given, (2, size)), np.tile(given, size)
    flush_denormals(*arrays)
    expected = [0, 0, 0, 2e-30, -2e-30, 1, np.inf, 0]
    np.testing.assert_array_equal(arrays[0], np.tile(expected, (2, size)))
    np.testing.assert_array_equal(arrays[1], np.tile(expected, size))


@pytest.mark.parametrize("decay", [0.76, 0.9, 0.999])
def test_between_two_flushes_no_decay_gets_down_to_the_denormals(decay):
    assert SMALLEST * decay**FLUSH_EVERY > np.finfo(np.float32).tiny
