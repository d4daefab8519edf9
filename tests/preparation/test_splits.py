"""Splits, folds, batches: every row once, sizes as asked for, groups whole, classes in their shares, by the seed."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold, TimeSeriesSplit, train_test_split

from mlptrain.preparation.splits import (
    apportion_class_counts,
    choose_groups_near_size,
    number_within_class,
    split_by_column,
    split_folds,
    split_groups,
    split_rows,
    split_times,
)
from mlptrain.training.batching import slice_batches
from tests.support.table_cases import drawn

shares = st.sampled_from([0.0, 0.1, 0.15, 0.2, 0.25, 1 / 3, 0.4, 0.499]) | st.floats(0, 0.499)
codes = st.lists(st.integers(0, 7), min_size=1, max_size=120).map(
    lambda values: np.unique(values, return_inverse=True)[1].astype(np.int64)
)


group_codes = (
    st.lists(st.integers(0, 15), max_size=16)
    .filter(any)
    .flatmap(lambda sizes: st.permutations(np.repeat(np.arange(len(sizes)), sizes).tolist()).map(np.array))
)
"""Groups of many sizes in any order; codes have gaps where a size is 0."""
clock_times = st.lists(st.integers(-9, 9), max_size=60).map(lambda values: np.array(values, np.float64) / 3)
"""Times of which many are the same."""
seeds = st.integers(0, 2**32)


def all_parts(parts):
    return parts.train, parts.validation, parts.test


def whole(parts, count):
    """Whether each of `count` rows is in exactly one part, and the parts ascend."""
    ascending = all((np.diff(part) > 0).all() and part.dtype == np.int64 for part in parts)
    return ascending and sorted(np.concatenate(parts).tolist()) == list(range(count))


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
@given(st.integers(4, 60), st.integers(2, 4), seeds)
def test_a_stratified_split_has_the_class_counts_of_scikit_learn_within_a_row(count, classes, seed):
    codes = np.arange(count * classes) % classes
    parts = split_rows(len(codes), validation=0.0, test=0.25, seed=seed, classes=codes)
    theirs = train_test_split(codes, test_size=len(parts.test), stratify=codes, random_state=0)[1]
    counts, wanted = np.bincount(codes[parts.test], minlength=classes), np.bincount(theirs, minlength=classes)
    assert (np.abs(counts - wanted) <= 1).all()


@pytest.mark.parametrize("classes", [None, np.arange(200) % 3])
def test_each_repetition_is_another_split_and_the_first_is_that_of_the_seed(classes):
    def parts(**repeat):
        return tuple(split_rows(200, validation=0.2, test=0.1, seed=1, classes=classes, **repeat).test.tolist())

    assert parts(repeat=0) == parts()
    assert len({parts(repeat=repeat) for repeat in range(5)}) == 5


# Groups.


@drawn
@given(group_codes, shares, shares, seeds)
def test_a_group_split_divides_no_group(groups, validation, test, seed):
    parts = all_parts(split_groups(groups, validation=validation, test=test, seed=seed))
    assert whole(parts, len(groups))
    in_parts = [set(groups[part].tolist()) for part in parts]
    assert sum(map(len, in_parts)) == len(set(groups.tolist()))


@drawn
@given(group_codes, shares, shares, seeds)
@example(np.array([0] * 8 + [1, 1]), 0.2, 0.2, 0)
def test_every_part_with_a_share_has_a_group_while_there_are_enough(groups, validation, test, seed):
    parts = split_groups(groups, validation=validation, test=test, seed=seed)
    wished = [True, validation > 0, test > 0]
    filled = [len(part) > 0 for part in all_parts(parts)]
    first = [index for index, wish in enumerate(wished) if wish][: len(set(groups.tolist()))]
    assert filled == [index in first for index in range(3)]


def group_sizes(groups, rows):
    return np.unique(groups[rows], return_counts=True)[1]


@drawn
@given(group_codes, shares, shares, seeds)
def test_a_part_of_groups_is_as_near_to_its_share_as_half_the_smallest_group_left(groups, validation, test, seed):
    """But for the one group that every part has, then the smallest, and for groups that the parts to come need."""
    parts = split_groups(groups, validation=validation, test=test, seed=seed)
    train, of_validation, of_test = (group_sizes(groups, part) for part in all_parts(parts))
    for share, own, left, needed in (
        (test, of_test, np.concatenate([train, of_validation]), 1 + (validation > 0)),
        (validation, of_validation, train, 1),
    ):
        error = abs(own.sum() - round(len(groups) * share))
        alone = len(own) == 1 and own[0] <= left.min()
        assert alone or len(left) <= needed or 2 * error <= left.min()


@pytest.mark.parametrize(
    ("sizes", "taken"), [([3, 7, 5, 85], [0, 1]), ([6, 90, 7], [0, 2]), ([6, 8, 90], [0]), ([90, 60, 70], [1])]
)
def test_groups_that_fit_are_taken_and_the_smallest_left_if_that_is_nearer(sizes, taken):
    assert choose_groups_near_size(np.array(sizes), 10, at_most=2) == taken


def test_groups_of_one_row_give_the_very_shares():
    parts = split_groups(np.arange(100, 0, -1), validation=0.15, test=0.2, seed=3)
    assert [len(part) for part in all_parts(parts)] == [65, 15, 20]


def test_each_seed_and_repetition_is_another_group_split_and_every_group_may_be_held_out():
    groups = np.repeat(np.arange(12), 3)
    tests = [split_groups(groups, validation=0.2, test=0.3, seed=1, repeat=r).test.tolist() for r in range(60)]
    assert tests[0] == split_groups(groups, validation=0.2, test=0.3, seed=1).test.tolist()
    assert tests[0] != split_groups(groups, validation=0.2, test=0.3, seed=2).test.tolist()
    assert len(set(map(tuple, tests))) > 50
    assert set(np.concatenate(tests)) == set(range(36))


# Times.


@drawn
@given(clock_times, shares, shares)
def test_a_time_split_is_in_order_and_divides_no_time(times, validation, test):
    parts = all_parts(split_times(times, validation=validation, test=test))
    assert whole(parts, len(times))
    filled = [times[part] for part in parts if len(part)]
    assert all(earlier.max() < later.min() for earlier, later in pairwise(filled))


@drawn
@given(clock_times, shares, shares)
def test_rows_of_one_time_go_to_the_later_part_and_no_more_than_they(times, validation, test):
    parts = split_times(times, validation=validation, test=test)
    for share, part, left in (
        (test, parts.test, len(times)),
        (validation, parts.validation, len(times) - len(parts.test)),
    ):
        wanted = min(round(len(times) * share), left)
        first = (times[part] == times[part].min()).sum() if len(part) else 0
        assert len(part) >= wanted
        assert len(part) - first < wanted or len(part) == wanted == 0


@drawn
@given(st.permutations(range(40)), shares, shares)
def test_a_split_of_different_times_has_the_shares(order, validation, test):
    times = np.array(order, np.float64)
    parts = split_times(times, validation=validation, test=test)
    assert [len(parts.validation), len(parts.test)] == [round(40 * validation), round(40 * test)]


# A column that says it.


WORDS = [("train", "training"), ("validation", "val", "valid", "dev"), ("test",)]


@drawn
@given(st.lists(st.sampled_from(sum(WORDS, ()))), st.sampled_from([str, str.upper, str.title, " {} ".format]))
def test_a_split_column_says_the_part_of_each_row(words, spelt):
    parts = split_by_column([spelt(word) for word in words])
    assert [part.tolist() for part in all_parts(parts)] == [
        [row for row, word in enumerate(words) if word in meant] for meant in WORDS
    ]


@pytest.mark.parametrize("cell", ["", "holdout", "trains", "0"])
def test_a_cell_that_names_no_part_is_told_with_its_row(cell):
    with pytest.raises(ValueError) as problem:
        split_by_column(["train", "Test", cell, "nothing"])
    assert problem.value.args == (2, cell)


# Folds.


def held_out(found):
    return [held for _, held in found]


def sizes_of(found):
    return [(len(train), len(held)) for train, held in found]


@drawn
@given(st.integers(2, 80), st.integers(2, 9), seeds, st.integers(0, 3), st.sampled_from(["none", "classes", "groups"]))
def test_folds_hold_out_every_row_once_and_train_on_all_others(count, k, seed, repeat, kind):
    codes = {} if kind == "none" else {kind: np.arange(count) ** 2 % 7}
    found = split_folds(count, k=k, seed=seed, repeat=repeat, **codes)
    assert len(found) == k
    assert whole(held_out(found), count)
    assert all(whole(fold, count) for fold in found)


@drawn
@given(st.integers(9, 80), st.integers(2, 9), seeds)
def test_folds_have_the_sizes_of_scikit_learn(count, k, seed):
    assert sizes_of(split_folds(count, k=k, seed=seed)) == sizes_of(KFold(k).split(np.zeros(count)))


@drawn
@given(codes, st.integers(2, 9), seeds)
def test_classes_and_sizes_of_stratified_folds_differ_by_at_most_a_row(classes, k, seed):
    held = held_out(split_folds(len(classes), k=k, seed=seed, classes=classes))
    counts = np.array([np.bincount(classes[rows], minlength=classes.max() + 1) for rows in held])
    assert np.ptp(counts, axis=0).max() <= 1
    assert np.ptp(counts.sum(axis=1)) <= 1


@drawn
@given(st.lists(st.integers(9, 20), min_size=2, max_size=5), st.integers(2, 9), seeds)
def test_stratified_folds_have_the_class_counts_of_scikit_learn(of_each, k, seed):
    """Where its classes, in the order they come, are ours in the order of their codes."""
    classes = np.repeat(np.arange(len(of_each)), of_each)
    ours = held_out(split_folds(len(classes), k=k, seed=seed, classes=classes))
    theirs = held_out(StratifiedKFold(k).split(classes, classes))
    assert [np.bincount(classes[rows]).tolist() for rows in ours] == [
        np.bincount(classes[rows]).tolist() for rows in theirs
    ]


@drawn
@given(group_codes, st.integers(2, 6), seeds)
def test_folds_of_groups_divide_no_group_and_none_exceeds_another_by_twice_its_smallest(groups, k, seed):
    held = held_out(split_folds(len(groups), k=k, seed=seed, groups=groups))
    assert sum(len(set(groups[rows].tolist())) for rows in held) == len(set(groups.tolist()))
    fewest = min(map(len, held))
    assert all(len(rows) - fewest < 2 * group_sizes(groups, rows).min() for rows in held if len(rows))


@drawn
@given(st.lists(st.sampled_from([1, 2, 4, 8]), min_size=6, max_size=20), st.integers(2, 6), seeds)
def test_folds_of_groups_have_the_sizes_of_scikit_learn(sizes, k, seed):
    """Where groups within a factor of two are of one size."""
    groups = np.repeat(np.arange(len(sizes)), sizes)
    ours = sizes_of(split_folds(len(groups), k=k, seed=seed, groups=groups))
    assert sorted(ours) == sorted(sizes_of(GroupKFold(k).split(groups, groups=groups)))


@drawn
@given(st.integers(7, 80), st.integers(2, 6), st.randoms(use_true_random=False))
def test_folds_in_time_are_those_of_scikit_learn(count, k, random):
    times = np.array(random.sample(range(count), count), np.float64)
    by_time = np.argsort(times)
    found = split_folds(count, k=k, seed=0, times=times)
    for ours, theirs in zip(found, TimeSeriesSplit(k).split(times), strict=True):
        assert [rows.tolist() for rows in ours] == [np.sort(by_time[rows]).tolist() for rows in theirs]


@drawn
@given(clock_times, st.integers(2, 5))
def test_folds_in_time_train_on_all_that_is_earlier_and_divide_no_time(times, k):
    for train, held in split_folds(len(times), k=k, seed=0, times=times):
        if len(held):
            assert train.tolist() == np.flatnonzero(times < times[held].min()).tolist()
            assert held.tolist() == np.flatnonzero(np.isin(times, times[held])).tolist()


CODES = np.repeat(np.arange(40), np.arange(1, 41))


@pytest.mark.parametrize("codes", [{}, {"classes": CODES}, {"groups": CODES}], ids=["random", "classes", "groups"])
def test_each_seed_and_repetition_has_other_folds(codes):
    def held(seed, repeat):
        return [rows.tolist() for rows in held_out(split_folds(len(CODES), k=5, seed=seed, repeat=repeat, **codes))]

    found = [held(seed, repeat) for seed in (1, 2) for repeat in range(3)]
    assert found == [held(seed, repeat) for seed in (1, 2) for repeat in range(3)]
    assert all(found.count(one) == 1 for one in found)


@pytest.mark.parametrize(
    ("codes", "held"),
    [
        ({}, [[1, 4, 6], [0, 3, 8], [2, 5, 7]]),
        ({"classes": [0] * 5 + [1] * 4}, [[1, 2, 8], [0, 4, 5], [3, 6, 7]]),
        ({"groups": [0, 0, 0, 0, 1, 1, 2, 3, 3]}, [[0, 1, 2, 3], [6, 7, 8], [4, 5]]),
    ],
    ids=["random", "classes", "groups"],
)
def test_the_folds_of_a_seed_never_change(codes, held):
    """What was measured on the folds of a seed can be measured again."""
    codes = {name: np.array(values) for name, values in codes.items()}
    assert [rows.tolist() for rows in held_out(split_folds(9, k=3, seed=1, **codes))] == held


def test_the_group_split_of_a_seed_never_changes():
    parts = split_groups(np.arange(12) // 2, validation=0.25, test=0.25, seed=1)
    assert [part.tolist() for part in all_parts(parts)] == [[*range(6), 10, 11], [8, 9], [6, 7]]


# Margins and ranks.


@drawn
@given(st.lists(st.integers(0, 30), min_size=1, max_size=9), st.lists(st.integers(0, 40), min_size=1, max_size=4))
def test_apportioning_keeps_both_margins_and_rounds_each_quota_up_or_down(counts, sizes):
    counts = np.array(counts)
    left = int(counts.sum())
    sizes = [min(size, left) for size in sizes]
    bounds = np.minimum(np.cumsum([0, *sizes]), left)
    sizes = np.diff([*bounds, left])
    taken = apportion_class_counts(counts, sizes)
    np.testing.assert_array_equal(taken.sum(axis=1), counts)
    np.testing.assert_array_equal(taken.sum(axis=0), sizes)
    assert (taken >= 0).all()
    assert (np.abs(taken - np.outer(counts, sizes) / max(left, 1)) <= 1).all()


@drawn
@given(st.lists(st.integers(0, 4)))
def test_a_rank_counts_the_earlier_rows_of_the_class(values):
    assert number_within_class(np.array(values, np.int64)).tolist() == [
        values[:k].count(value) for k, value in enumerate(values)
    ]


# Batches.


@drawn
@given(st.integers(0, 300), st.integers(1, 50), st.booleans())
@example(33, 32, True)
@example(1, 32, True)
@example(0, 32, True)
@example(5, 1, True)
def test_batches_cover_every_row_once_in_order(rows, size, merge):
    slices = list(slice_batches(rows, size, merge_single=merge))
    assert [row for part in slices for row in range(rows)[part]] == list(range(rows))
    lengths = [part.stop - part.start for part in slices]
    single = merge and rows > size and rows % size == 1 % size and lengths[-1:] != [size]
    assert lengths[:-1] == [size] * (len(lengths) - 1)
    assert lengths[-1:] == ([] if not rows else [size + 1] if single else [(rows - 1) % size + 1])


@drawn
@given(st.integers(0, 300), st.integers(2, 50), st.booleans())
@example(33, 32, True)
@example(31, 32, True)
def test_without_the_last_batch_only_whole_ones_are_left_unless_there_is_none(rows, size, merge):
    lengths = [part.stop - part.start for part in slice_batches(rows, size, merge_single=merge, drop_last=True)]
    assert lengths == ([rows] if 0 < rows < size else [size] * (rows // size))


@pytest.mark.parametrize(
    ("rows", "size", "lengths"),
    [(64, 32, [32, 32]), (65, 32, [32, 33]), (66, 32, [32, 32, 2]), (33, 32, [33]), (1, 32, [1]), (3, 1, [1, 2])],
)
def test_a_last_batch_of_one_row_joins_the_one_before(rows, size, lengths):
    assert [part.stop - part.start for part in slice_batches(rows, size, merge_single=True)] == lengths
