"""Splits and batches: every row once, sizes as asked for, classes in their shares, a function of the seed."""

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from table_cases import drawn

from mlptrain.data.splits import apportioned, batch_slices, ranks, split_rows

shares = st.sampled_from([0.0, 0.1, 0.15, 0.2, 0.25, 1 / 3, 0.4, 0.499]) | st.floats(0, 0.499)
codes = st.lists(st.integers(0, 7), min_size=1, max_size=120).map(
    lambda values: np.unique(values, return_inverse=True)[1].astype(np.int64)
)


def all_parts(parts):
    return parts.train, parts.validation, parts.test


@drawn
@given(st.integers(0, 200), shares, shares, st.integers(0, 2**32), st.booleans(), st.data())
def test_every_row_is_in_exactly_one_part_in_order(count, validation, test, seed, stratified, data):
    classes = np.array(data.draw(st.lists(st.integers(0, 5), min_size=count, max_size=count)), np.int64)
    parts = split_rows(
        count, validation=validation, test=test, seed=seed, classes=classes if stratified and count else None
    )
    assert sorted(np.concatenate(all_parts(parts)).tolist()) == list(range(count))
    for part in all_parts(parts):
        assert part.dtype == np.int64
        assert (np.diff(part) > 0).all()


@drawn
@given(st.integers(2, 500), shares, shares, st.integers(0, 2**32))
def test_the_sizes_are_the_shares_rounded(count, validation, test, seed):
    parts = split_rows(count, validation=validation, test=test, seed=seed)
    assert (len(parts.validation), len(parts.test)) == (round(count * validation), round(count * test))


@drawn
@given(codes, shares, shares, st.integers(0, 2**32))
@example(np.repeat(np.arange(101), [200] + [2] * 100), 0.15, 0.2, 0)
def test_a_stratified_split_keeps_each_class_share_within_a_row(classes, validation, test, seed):
    parts = split_rows(len(classes), validation=validation, test=test, seed=seed, classes=classes)
    counts = np.bincount(classes)
    counts[counts == 1] = 0
    divided = counts.sum()
    wanted = [round(len(classes) * validation), round(len(classes) * test)]
    assume(divided >= sum(wanted))
    assert [len(parts.validation), len(parts.test)] == wanted
    repeated = counts[classes] > 1
    for part in all_parts(parts):
        taken = np.bincount(classes[part[repeated[part]]], minlength=len(counts))
        share = counts * repeated[part].sum() / max(divided, 1)
        assert (np.abs(taken - share) <= 1 + 1e-9).all()


@drawn
@given(codes, shares, shares, st.integers(0, 2**32))
def test_a_class_of_one_row_goes_to_training(classes, validation, test, seed):
    parts = split_rows(len(classes), validation=validation, test=test, seed=seed, classes=classes)
    single = np.flatnonzero(np.bincount(classes)[classes] == 1)
    assert set(single) <= set(parts.train)


@drawn
@given(st.integers(2, 9), st.integers(2, 40), st.sampled_from([(0.2, 0.2), (0.3, 0.1), (0.25, 0.25), (0.5, 0.0)]))
def test_no_class_of_two_rows_is_lost_from_training_while_training_is_the_larger_part(of_each, classes, held):
    codes = np.repeat(np.arange(classes), of_each)
    parts = split_rows(len(codes), validation=held[0], test=held[1], seed=1, classes=codes)
    assume(2 * len(parts.train) >= len(codes))
    assert set(codes[parts.train]) == set(range(classes))


@pytest.mark.parametrize("classes", [None, np.arange(200) % 3])
def test_the_split_is_a_function_of_the_seed(classes):
    def parts(seed):
        return [
            part.tolist() for part in all_parts(split_rows(200, validation=0.2, test=0.1, seed=seed, classes=classes))
        ]

    assert parts(1) == parts(1)
    assert parts(1) != parts(2)


@pytest.mark.parametrize(
    ("classes", "train", "validation", "test"),
    [
        (None, [0, 1, 2, 6, 7, 8], [5, 9, 11], [3, 4, 10]),
        ([0] * 6 + [1] * 4 + [2, 3], [0, 1, 2, 6, 10, 11], [4, 5, 7], [3, 8, 9]),
    ],
    ids=["random", "stratified"],
)
def test_a_split_of_a_seed_never_changes(classes, train, validation, test):
    """`eval` finds the test part of an older model by splitting anew."""
    parts = split_rows(12, validation=0.25, test=0.25, seed=1, classes=None if classes is None else np.array(classes))
    assert [part.tolist() for part in all_parts(parts)] == [train, validation, test]


def test_every_row_may_be_held_out():
    held = np.zeros(60)
    for seed in range(200):
        parts = split_rows(60, validation=0.2, test=0.0, seed=seed, classes=np.arange(60) // 20)
        held[parts.validation] += 1
    assert held.sum() == 200 * 12
    assert (np.abs(held - 40) < 5 * (200 * 0.2 * 0.8) ** 0.5).all()


@drawn
@given(st.lists(st.integers(0, 30), min_size=1, max_size=9), st.lists(st.integers(0, 40), min_size=1, max_size=4))
def test_apportioning_keeps_both_margins_and_rounds_each_quota_up_or_down(counts, sizes):
    counts = np.array(counts)
    left = int(counts.sum())
    sizes = [min(size, left) for size in sizes]
    bounds = np.minimum(np.cumsum([0, *sizes]), left)
    sizes = np.diff([*bounds, left])
    taken = apportioned(counts, sizes)
    np.testing.assert_array_equal(taken.sum(axis=1), counts)
    np.testing.assert_array_equal(taken.sum(axis=0), sizes)
    assert (taken >= 0).all()
    assert (np.abs(taken - np.outer(counts, sizes) / max(left, 1)) <= 1).all()


@drawn
@given(st.lists(st.integers(0, 4)))
def test_a_rank_counts_the_earlier_rows_of_the_class(values):
    assert ranks(np.array(values, np.int64)).tolist() == [values[:k].count(value) for k, value in enumerate(values)]


# Batches.


@drawn
@given(st.integers(0, 300), st.integers(1, 50), st.booleans())
@example(33, 32, True)
@example(1, 32, True)
@example(0, 32, True)
@example(5, 1, True)
def test_batches_cover_every_row_once_in_order(rows, size, merge):
    slices = list(batch_slices(rows, size, merge_single=merge))
    assert [row for part in slices for row in range(rows)[part]] == list(range(rows))
    lengths = [part.stop - part.start for part in slices]
    single = merge and rows > size and rows % size == 1 % size and lengths[-1:] != [size]
    assert lengths[:-1] == [size] * (len(lengths) - 1)
    assert lengths[-1:] == ([] if not rows else [size + 1] if single else [(rows - 1) % size + 1])


@pytest.mark.parametrize(
    ("rows", "size", "lengths"),
    [(64, 32, [32, 32]), (65, 32, [32, 33]), (66, 32, [32, 32, 2]), (33, 32, [33]), (1, 32, [1]), (3, 1, [1, 2])],
)
def test_a_last_batch_of_one_row_joins_the_one_before(rows, size, lengths):
    assert [part.stop - part.start for part in batch_slices(rows, size, merge_single=True)] == lengths
