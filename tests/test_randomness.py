"""Randomness is a function of (seed, purpose, index), the same for ever."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.randomness import draw_uint16_integers, permutation, stream, uniform
from tests.support.drawing import drawn, identical

seeds = st.integers(0, 2**63)
purposes = st.sampled_from(["shuffle", "dropout", "initialize", ""])
keys = st.tuples(seeds, purposes, st.integers(0, 2**20), st.integers(0, 99))


def raw(seed, purpose, *index):
    return stream(seed, purpose, *index).random_raw(4)


@drawn
@given(key=keys)
def test_a_stream_is_a_function_of_its_key(key):
    assert identical([raw(*key)], [raw(*key)])


@drawn
@given(key=keys, other=keys)
def test_other_keys_give_other_streams(key, other):
    assert identical([raw(*key)], [raw(*other)]) == (key == other)


@drawn
@given(key=keys)
def test_neighbours_give_other_streams(key):
    seed, purpose, epoch, step = key
    around = [key, (seed + 1, purpose, epoch, step), (seed, purpose, epoch + 1, step), (seed, purpose, epoch, step + 1)]
    assert len({raw(*each).tobytes() for each in around}) == 4


def test_streams_of_neighbours_are_not_correlated():
    values = np.array([uniform(stream(1, "dropout", 0, i), (2000,)) for i in range(40)])
    correlation = np.corrcoef(values)
    np.fill_diagonal(correlation, 0)
    assert np.abs(correlation).max() < 5 / np.sqrt(2000)


@drawn
@given(seed=seeds, count=st.integers(0, 200))
def test_a_permutation_holds_every_index_once(seed, count):
    order = permutation(stream(seed, "shuffle", 0), count)
    np.testing.assert_array_equal(np.sort(order), np.arange(count))


def test_permutations_are_even():
    """Every element comes to every place equally often."""
    orders = np.array([permutation(stream(1, "shuffle", i), 6) for i in range(6000)])
    counts = np.array([np.bincount(column, minlength=6) for column in orders.T])
    assert np.abs(counts - 1000).max() < 5 * np.sqrt(1000)


@drawn
@given(seed=seeds, shape=st.lists(st.integers(0, 5), max_size=3).map(tuple))
def test_uniform_numbers_are_of_the_half_open_interval(seed, shape):
    values = uniform(stream(seed, "initialize", 0), shape)
    assert (values.shape, values.dtype) == (shape, np.float64)
    assert ((values >= 0) & (values < 1)).all()


class Raw:
    """A bit stream of one raw integer."""

    def __init__(self, value):
        self.value = value

    def random_raw(self, count):
        return np.full(count, self.value, np.uint64)


@pytest.mark.parametrize(("value", "number"), [(0, 0.0), (2**63, 0.5), (2**64 - 1, 1 - 2.0**-53), (2**11, 2.0**-53)])
def test_uniform_takes_the_upper_53_bits(value, number):
    np.testing.assert_array_equal(uniform(Raw(value), (2,)), number)


def test_uniform_numbers_are_even():
    values = uniform(stream(1, "initialize", 0), (100_000,))
    counts, _ = np.histogram(values, bins=20, range=(0, 1))
    assert np.abs(counts - 5000).max() < 5 * np.sqrt(5000)


@drawn
@given(seed=seeds, count=st.integers(0, 50))
def test_short_integers_are_the_quarters_of_raw_ones_lowest_first(seed, count):
    short = draw_uint16_integers(stream(seed, "dropout", 0), count)
    whole = stream(seed, "dropout", 0).random_raw(-(-count // 4) or 1)
    quarters = [(int(value) >> shift) & 0xFFFF for value in whole for shift in (0, 16, 32, 48)]
    assert (short.dtype, short.size) == (np.uint16, count)
    assert short.tolist() == quarters[:count]


# ---- the first values, for ever: SFC64 and SeedSequence are fixed by NEP 19

RAW = {
    (0, "shuffle", 0): [0x8FB37D191855E997, 0xB5951BD76C8E3B02],
    (1, "dropout", 2, 3): [0x25457C4FE1DCFD42, 0x78FCB56E239C256F],
    (2**40, "initialize", 7): [0xE64D5248EEA3A3B1, 0xF50AF086691ED7B0],
}


@pytest.mark.parametrize("key", RAW, ids=str)
def test_the_first_raw_integers_are_those_of_the_first_release(key):
    assert stream(*key).random_raw(2).tolist() == RAW[key]


def test_the_first_numbers_are_those_of_the_first_release():
    numbers = uniform(stream(1, "initialize", 0), (3,)).tolist()
    assert [number.hex() for number in numbers] == [
        "0x1.f1a4816984845p-1",
        "0x1.05ea2d840acdep-2",
        "0x1.8af748d308390p-3",
    ]
    assert permutation(stream(1, "shuffle", 0), 8).tolist() == [7, 0, 3, 5, 1, 6, 2, 4]
    assert draw_uint16_integers(stream(1, "dropout", 0, 0), 5).tolist() == [35758, 11948, 36913, 38638, 21235]
