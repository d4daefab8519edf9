"""Encodings of categories: scikit-learn's numbers, and no row's own target in its columns."""

import json
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng
from sklearn import preprocessing

from mlptrain.data.encodings import (
    EmbeddingEncoding,
    Encoding,
    FittedEncoding,
    FrequencyEncoding,
    LevelCodes,
    LevelValues,
    OneHot,
    OneHotEncoding,
    OrdinalEncoding,
    RobustOneHotEncoding,
    ScaledOneHot,
    TargetEncoding,
    compute_smoothed_level_means,
    draw_folds,
)
from mlptrain.data.scaling import RobustScaling
from mlptrain.plain import from_plain, to_plain
from mlptrain.randomness import stream
from tests.support.table_cases import drawn

ENCODINGS = [kind() for kind in get_args(Encoding)]
STANDARDISED = [
    each for each in ENCODINGS if not isinstance(each, (OneHotEncoding, RobustOneHotEncoding, EmbeddingEncoding))
]
"""Those that make numbers of levels; the others make codes, or 0/1 columns that are scaled otherwise or not at all."""
each_encoding = pytest.mark.parametrize("encoding", ENCODINGS, ids=lambda encoding: encoding.name)
KINDS = ("numbers", "two classes", "classes")
each_kind = pytest.mark.parametrize("kind", KINDS)
each_smoothing = pytest.mark.parametrize("smoothing", ["auto", 0.0, 3.5, 100.0])


def cross_fitted(encoding, fitted, codes, **given):
    """The columns of the training rows."""
    return encoding.cross_fit(fitted, codes, **given)


def case(seed, kind="numbers", *, rows=300, levels=9):
    """Codes of unequal frequency, other values among them, and targets that depend on them: (codes, levels, y, (n, K)).

    `y` is what scikit-learn is given.
    """
    rng = default_rng(seed)
    codes = np.minimum(rng.geometric(0.25, rows) - 1, levels)
    if kind == "numbers":
        y = rng.normal(50 + codes % 3, 2)
        return codes, levels, y, y[:, None]
    y = (
        (rng.random(rows) < 0.2 + 0.3 * (codes % 3)).astype(int)
        if kind == "two classes"
        else (codes + rng.integers(0, 3, rows)) % 4
    )
    y[:4] = [0, 1, 0, 1] if kind == "two classes" else [0, 1, 2, 3]
    targets = y[:, None] if kind == "two classes" else np.eye(4)[y]
    return codes, levels, y, targets.astype(float)


def encoded(fitted, codes):
    out = np.full((len(codes), fitted.width), np.nan)
    fitted.encode(codes, out)
    return out


def raw(fitted, columns):
    """Columns before they were standardised."""
    return columns * np.asarray(fitted.scale) + np.asarray(fitted.center)


def sklearn_target_values(kind, smoothing, train, *, levels, later):
    """What scikit-learn's encoder, fitted on (codes, y), makes of later codes.

    To it other values are a level more when it is fitted, and unknown when it encodes.
    """
    target_type = {"numbers": "continuous", "two classes": "binary", "classes": "multiclass"}[kind]
    encoder = preprocessing.TargetEncoder(categories=[np.arange(levels + 1)], smooth=smoothing, target_type=target_type)
    codes, y = train
    return encoder.fit(codes[:, None], y).transform(np.where(later < levels, later, -1)[:, None])


@each_smoothing
@each_kind
@pytest.mark.parametrize("seed", range(4))
def test_the_target_encoding_of_later_rows_agrees_with_sklearn(seed, kind, smoothing):
    codes, levels, y, targets = case(seed, kind)
    fitted = TargetEncoding(smoothing=smoothing).fit(codes, levels=levels, targets=targets)
    every = np.arange(levels + 1)
    expected = sklearn_target_values(kind, smoothing, (codes, y), levels=levels, later=every)
    np.testing.assert_allclose(fitted.values, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(raw(fitted, encoded(fitted, every)), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(fitted.values[levels], targets.mean(axis=0), rtol=1e-12)


@each_smoothing
@each_kind
@pytest.mark.parametrize("folds", [2, 5])
def test_the_training_rows_are_encoded_as_sklearn_encodes_them_from_the_other_folds(folds, kind, smoothing):
    codes, levels, y, targets = case(11, kind)
    encoding = TargetEncoding(smoothing=smoothing, folds=folds)
    fitted = encoding.fit(codes, levels=levels, targets=targets)
    ours = cross_fitted(encoding, fitted, codes, levels=levels, targets=targets, bits=stream(5, "target encoding", 2))
    fold = draw_folds(len(codes), folds, stream(5, "target encoding", 2))
    for k in range(folds):
        rest, inside = fold != k, fold == k
        expected = sklearn_target_values(kind, smoothing, (codes[rest], y[rest]), levels=levels, later=codes[inside])
        np.testing.assert_allclose(raw(fitted, ours[inside]), expected, rtol=1e-11, atol=1e-11)


@drawn
@given(
    seed=st.integers(0, 99),
    row=st.integers(0, 39),
    target=st.floats(-1e6, 1e6),
    smoothing=st.sampled_from(["auto", 0.0, 2.0]),
    folds=st.sampled_from([2, 3, 10, 40, 100]),
)
def test_a_rows_target_leaves_no_trace_in_its_own_columns(seed, row, target, smoothing, folds):
    codes, levels, _, targets = case(seed, rows=40, levels=4)
    encoding = TargetEncoding(smoothing=smoothing, folds=folds)
    fitted = encoding.fit(codes, levels=levels, targets=targets)
    changed = targets.copy()
    changed[row] = target
    before, after = (
        cross_fitted(encoding, fitted, codes, levels=levels, targets=y, bits=stream(1, "target encoding", 0))[row]
        for y in (targets, changed)
    )
    np.testing.assert_array_equal(before, after)


def test_a_rows_target_does_reach_its_columns_without_cross_fitting_and_the_columns_of_others_with_it():
    codes, levels, _, targets = case(3, rows=40, levels=4)
    changed = targets.copy()
    changed[7] += 1
    encoding = TargetEncoding()
    fitted = encoding.fit(codes, levels=levels, targets=targets)
    assert encoding.fit(codes, levels=levels, targets=changed).values != fitted.values
    one, other = (
        cross_fitted(encoding, fitted, codes, levels=levels, targets=y, bits=stream(1, "target encoding", 0))
        for y in (targets, changed)
    )
    assert (one != other).any()


@given(rows=st.integers(2, 300), folds=st.integers(2, 100), seed=st.integers(0, 9))
@drawn
def test_folds_are_drawn_and_of_one_size(rows, folds, seed):
    fold = draw_folds(rows, folds, stream(seed, "target encoding", 0))
    sizes = np.bincount(fold, minlength=folds)
    assert len(sizes) == folds
    assert np.ptp(sizes) <= 1
    if rows > 50:
        assert (fold != draw_folds(rows, folds, stream(seed + 1, "target encoding", 0))).any()


def test_the_seed_alone_decides_about_the_training_rows():
    codes, levels, _, targets = case(9)
    fitted = TargetEncoding().fit(codes, levels=levels, targets=targets)
    one, again, other = (
        cross_fitted(TargetEncoding(), fitted, codes, levels=levels, targets=targets, bits=stream(seed, "t", 0))
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_one_hot_agrees_with_sklearn():
    codes, levels, _, targets = case(1)
    theirs = preprocessing.OneHotEncoder(categories=[np.arange(levels + 1)], sparse_output=False)
    ours = encoded(OneHotEncoding().fit(codes, levels=levels, targets=targets), codes)
    np.testing.assert_array_equal(ours, theirs.fit_transform(codes[:, None]))


def test_ordinal_is_sklearns_standardised_with_other_values_at_the_mean():
    codes, levels, _, targets = case(2)
    known = codes < levels
    assert not known.all()
    theirs = preprocessing.OrdinalEncoder(
        categories=[np.arange(levels)], handle_unknown="use_encoded_value", unknown_value=np.nan
    )
    places = theirs.fit_transform(np.where(known, codes, 0)[:, None])[:, 0]
    filled = np.where(known, places, places[known].mean())
    ours = encoded(OrdinalEncoding().fit(codes, levels=levels, targets=targets), codes)
    np.testing.assert_allclose(ours, preprocessing.StandardScaler().fit_transform(filled[:, None]), atol=1e-12)
    np.testing.assert_allclose(ours[~known], 0, atol=1e-12)


def test_frequency_is_the_share_of_the_training_rows_standardised():
    codes, levels = np.array([0, 0, 0, 1, 1, 3, 2, 2]), 3
    targets = np.zeros((8, 1))
    fitted = FrequencyEncoding().fit(codes, levels=levels, targets=targets)
    np.testing.assert_allclose(np.ravel(fitted.values), [3 / 8, 2 / 8, 2 / 8, 1 / 8])
    share = np.array([3, 3, 3, 2, 2, 1, 2, 2]) / 8
    np.testing.assert_allclose(encoded(fitted, codes)[:, 0], (share - share.mean()) / share.std())
    without = FrequencyEncoding().fit(codes[codes < 3], levels=levels, targets=targets)
    assert without.values[-1] == (0.0,)


# One-hot columns scaled as RealMLP scales them (Holzmüller et al., 2024), and codes for embeddings.

NINE_TENTHS = 2 / np.sqrt(1 + 4 / 9)
"""2 smoothly clipped, 1.664: where the quartiles are equal a 0/1 column is doubled."""


def robustly_encoded(codes, levels):
    """The fitted encoding, and its rows for every level and for any other value."""
    codes = np.asarray(codes)
    fitted = RobustOneHotEncoding().fit(codes, levels=levels, targets=np.zeros((len(codes), 1)))
    return fitted, encoded(fitted, np.arange(levels + 1))


def test_a_rare_level_is_0_or_one_and_two_thirds():
    fitted, rows = robustly_encoded([0] * 4 + [1] * 5 + [2] * 5 + [3] * 5 + [4] * 5, 5)
    assert isinstance(fitted, ScaledOneHot)
    np.testing.assert_allclose(rows, np.vstack([NINE_TENTHS * np.eye(5), np.zeros(5)]), rtol=1e-14)
    assert round(NINE_TENTHS, 3) == 1.664


def test_a_frequent_level_is_scaled_by_the_distance_of_its_quartiles():
    """Of ten rows four have the level: median 0, quartiles 0 and 1. Of ten rows six: median 1."""
    z = 1 / np.sqrt(1 + 1 / 9)
    _, rows = robustly_encoded([0] * 4 + [1] * 3 + [2] * 3, 3)
    np.testing.assert_allclose(rows[:, 0], [z, 0, 0, 0], rtol=1e-14)
    _, rows = robustly_encoded([0] * 6 + [1] * 2 + [2] * 2, 3)
    np.testing.assert_allclose(rows[:, 0], [0, -z, -z, -z], rtol=1e-14)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [(13, 8, [0, -1, -0.5]), (8, 13, [1, 0, 0.5]), (9, 1, [0, -2, -1]), (1, 9, [2, 0, 1]), (5, 5, [0.5, -0.5, 0])],
)
def test_two_levels_are_one_column_with_other_values_between_them(first, second, expected):
    """(x − median) / (q75 − q25) of x = 1, −1 and 0, then clipped: 0.949 and 1.664 are 1 and 2."""
    fitted, rows = robustly_encoded([0] * first + [1] * second, 2)
    z = np.array(expected)
    assert fitted.width == 1
    np.testing.assert_allclose(rows[:, 0], z / np.sqrt(1 + (z / 3) ** 2), rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(1 / np.sqrt(1 + 1 / 9), 0.949, atol=5e-4)


@pytest.mark.parametrize("codes", [[0, 0, 0], [0, 0, 1], [0, 1, 1, 1, 1]], ids=str)
def test_one_level_is_one_column_that_tells_it_from_other_values_if_there_were_any(codes):
    _, rows = robustly_encoded(codes, 1)
    assert rows.shape == (2, 1)
    assert (rows[0] != rows[1]).all() == (1 in codes)


@drawn
@given(codes=st.lists(st.integers(0, 6), min_size=1), levels=st.integers(3, 6))
def test_robust_columns_are_the_robust_scaling_of_one_hot_columns(codes, levels):
    """Column by column, as a number column of zeros and ones would be scaled; a constant one is 0."""
    codes = np.minimum(codes, levels)
    _, rows = robustly_encoded(codes, levels)
    for level in range(levels):
        column = (codes == level).astype(float)
        scaling = RobustScaling().fit(column)
        expected = np.zeros(levels + 1) if scaling.degenerate else scaling((np.arange(levels + 1) == level) * 1.0)
        np.testing.assert_array_equal(rows[:, level], expected)


@pytest.mark.parametrize("limit", [0, 1, 2, 5, 8])
def test_few_levels_are_robust_columns_and_many_are_codes(limit):
    encoding, targets = EmbeddingEncoding(width=5, one_hot_up_to=limit), np.zeros((40, 1))
    for levels in range(1, 12):
        codes = np.arange(40) % (levels + 1)
        fitted = encoding.fit(codes, levels=levels, targets=targets)
        if levels <= limit:
            assert fitted == RobustOneHotEncoding().fit(codes, levels=levels, targets=targets)
        else:
            assert fitted == LevelCodes(levels=levels, embedding=5)
            np.testing.assert_array_equal(encoded(fitted, codes), codes[:, None])


# Laws of every encoding.


@each_encoding
@each_kind
def test_each_fitted_encoding_writes_its_width_in_any_dtype_and_survives_json(encoding, kind):
    codes, levels, _, targets = case(4, kind)
    fitted = encoding.fit(codes, levels=levels, targets=targets)
    again = from_plain(FittedEncoding, json.loads(json.dumps(to_plain(fitted))))
    assert again == fitted
    small = np.full((len(codes), fitted.width), np.nan, np.float32)
    fitted.encode(codes, small)
    np.testing.assert_allclose(small, encoded(again, codes), rtol=1e-6, atol=1e-6)
    assert np.isfinite(small).all()
    training = cross_fitted(encoding, fitted, codes, levels=levels, targets=targets, bits=stream(1, "t", 0))
    assert training.shape == small.shape
    if not isinstance(encoding, TargetEncoding):
        np.testing.assert_array_equal(training, encoded(fitted, codes))


@pytest.mark.parametrize("encoding", STANDARDISED, ids=lambda each: each.name)
@each_kind
def test_the_training_rows_have_mean_0_and_deviation_1(encoding, kind):
    codes, levels, _, targets = case(6, kind, rows=3000)
    columns = encoded(encoding.fit(codes, levels=levels, targets=targets), codes)
    np.testing.assert_allclose(columns.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(columns.std(axis=0), 1, atol=1e-12)


def thirds(sizes):
    """Codes, and targets that are 1 in exactly a third of each level's rows."""
    codes = np.repeat(np.arange(len(sizes)), sizes)
    return codes, (np.arange(len(codes)) % 3 == 0).astype(float)[:, None]


@each_smoothing
@pytest.mark.parametrize("offset", [0.0, 1e6, -1e-3])
def test_levels_of_one_mean_target_are_0_and_rounding_is_not_blown_up(smoothing, offset):
    codes, targets = thirds([3, 6, 9, 12, 15, 30, 60, 3])
    encoding = TargetEncoding(smoothing=smoothing)
    for y in (targets + offset, np.full_like(targets, offset + 0.1), 0.1 * targets):
        fitted = encoding.fit(codes, levels=8, targets=y)
        np.testing.assert_allclose(encoded(fitted, codes), 0, atol=1e-8)
        training = cross_fitted(encoding, fitted, codes, levels=8, targets=y, bits=stream(1, "t", 0))
        assert np.abs(training).max() < 10


@each_smoothing
@pytest.mark.parametrize("levels", [2, 20])
@drawn
@given(seed=st.integers(0, 10**6), folds=st.sampled_from([2, 5, 20]), rows=st.sampled_from([40, 300]))
def test_levels_that_differ_by_chance_only_stay_small_in_training_and_later(smoothing, levels, seed, folds, rows):
    rng = default_rng(seed)
    codes, targets = rng.integers(0, levels, rows), rng.integers(0, 2, (rows, 1)).astype(float)
    encoding = TargetEncoding(smoothing=smoothing, folds=folds)
    fitted = encoding.fit(codes, levels=levels, targets=targets)
    training = cross_fitted(encoding, fitted, codes, levels=levels, targets=targets, bits=stream(seed, "t", 0))
    assert np.sqrt(np.square(training).mean()) < 3
    assert np.sqrt(np.square(encoded(fitted, codes)).mean()) <= 1 + 1e-9


def test_levels_of_one_frequency_are_0():
    codes, targets = thirds([3] * 7)
    assert not encoded(FrequencyEncoding().fit(codes, levels=7, targets=targets), codes).any()


@each_smoothing
@each_kind
def test_a_level_that_training_lacks_has_the_mean_target(kind, smoothing):
    codes, levels, _, targets = case(5, kind)
    rows = codes != 1
    means, errors = compute_smoothed_level_means(codes[rows], levels, targets[rows], smoothing=smoothing)
    np.testing.assert_allclose(errors[[1, levels]], [targets[rows].std(axis=0) / np.sqrt(rows.sum())] * 2)
    np.testing.assert_allclose(means[[1, levels]], [targets[rows].mean(axis=0)] * 2, rtol=1e-12)


@drawn
@given(seed=st.integers(0, 50), exponent=st.integers(-900, 980), smoothing=st.sampled_from(["auto", 0.0, 2.0]))
def test_the_unit_of_the_target_does_not_matter(seed, exponent, smoothing):
    codes, levels, _, targets = case(seed, rows=60, levels=5)
    encoding, in_other_units = TargetEncoding(smoothing=smoothing), np.ldexp(targets, exponent)
    results = []
    for y in (targets, in_other_units):
        fitted = encoding.fit(codes, levels=levels, targets=y)
        later = encoded(fitted, codes)
        training = cross_fitted(encoding, fitted, codes, levels=levels, targets=y, bits=stream(1, "t", 0))
        results.append(np.stack([later, training]))
    np.testing.assert_allclose(*results, rtol=1e-9, atol=1e-9)


@each_encoding
def test_one_level_and_two_rows_are_enough(encoding):
    codes, targets = np.array([0, 1]), np.array([[1.0], [2.0]])
    fitted = encoding.fit(codes, levels=1, targets=targets)
    training = cross_fitted(encoding, fitted, codes, levels=1, targets=targets, bits=stream(1, "t", 0))
    assert np.isfinite(encoded(fitted, codes)).all()
    assert np.isfinite(training).all()


def test_all_rows_of_other_values_are_0():
    codes = np.array([2, 2, 2])
    for encoding in (OrdinalEncoding(), FrequencyEncoding(), TargetEncoding()):
        fitted = encoding.fit(codes, levels=2, targets=np.array([[1.0], [2.0], [4.0]]))
        assert isinstance(fitted, LevelValues)
        assert not encoded(fitted, codes).any()


# What a model file may hold.

TWO_LEVELS = ((0.0,), (1.0,), (0.5,))
BROKEN = [
    (OneHot(levels=3), "it has 2 levels, not 3"),
    (LevelCodes(levels=1, embedding=4), "it has 2 levels, not 1"),
    (LevelCodes(levels=2, embedding=0), "its embedding has no width"),
    (ScaledOneHot(on=(1.0,), off=(0.0,)), "it has 2 levels, but values of 1"),
    (ScaledOneHot(on=(1.0, 4.0), off=(0.0, 0.0)), "its values are out of all proportion"),
    (LevelValues(values=TWO_LEVELS[:2], center=(0.0,), scale=(1.0,)), "it has 2 levels, but values of 1"),
    (
        LevelValues(values=TWO_LEVELS, center=(0.0,), scale=(1.0, 1.0)),
        "its levels have different numbers of values",
    ),
    (LevelValues(values=TWO_LEVELS, center=(0.0,), scale=(-1.0,)), "its scale is below 0"),
    (LevelValues(values=TWO_LEVELS, center=(0.0,), scale=(5e-324,)), "its values are out of all proportion"),
]


@each_encoding
@pytest.mark.parametrize("levels", [2, 9])
def test_what_is_fitted_breaks_no_rule(encoding, levels):
    codes, _, _, targets = case(1, levels=levels)
    assert list(encoding.fit(codes, levels=levels, targets=targets).broken_rules(levels)) == []


@pytest.mark.parametrize(("encoding", "rule"), BROKEN, ids=lambda each: each if isinstance(each, str) else "")
def test_a_broken_encoding_breaks_one_rule(encoding, rule):
    assert list(encoding.broken_rules(2)) == [rule]


def test_every_fitted_encoding_can_be_broken():
    assert {type(each) for each, _ in BROKEN} == set(get_args(FittedEncoding))


@each_encoding
def test_only_codes_are_embedded(encoding):
    codes, levels, _, targets = case(1)
    fitted = encoding.fit(codes, levels=levels, targets=targets)
    assert fitted.code_embedding == ((levels + 1, fitted.embedding) if isinstance(fitted, LevelCodes) else None)
