"""Scalings: scikit-learn's numbers, and laws that hold for each of them at the ends of float64."""

import csv
import json
import warnings
from pathlib import Path
from statistics import NormalDist
from typing import get_args

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.random import default_rng
from sklearn import preprocessing

from mlptrain.data.scaling import (
    Affine,
    FittedScaling,
    Log1pScaling,
    LogAffine,
    MinMaxScaling,
    NormalQuantiles,
    NoScaling,
    QuantileScaling,
    RobustScaling,
    Scaling,
    SmoothlyClipped,
    StandardScaling,
    center_and_scale,
    compute_normal_quantile,
    compute_signed_log,
    measure_mean_and_deviation,
)
from mlptrain.plain import from_plain, to_plain
from tests.support.table_cases import drawn

TABLES = Path(__file__).parents[3] / "shared" / "tables"
SCALINGS = [kind() for kind in get_args(Scaling)]
each_scaling = pytest.mark.parametrize("scaling", SCALINGS, ids=lambda scaling: scaling.name)


def unclipped(scaling, train, later):
    """The robust scaling before the clip, of a spread that is not 0 between the quartiles."""
    fitted = scaling.fit(train)
    return center_and_scale(later, fitted.center, fitted.scale)


def applied(scaling, train, later):
    return scaling.fit(train)(later)


def quantile_transformer(train):
    places = min(QuantileScaling().quantiles, len(train))
    return preprocessing.QuantileTransformer(output_distribution="normal", subsample=None, n_quantiles=places)


ORACLES = {
    "standard": (applied, lambda train: preprocessing.StandardScaler()),
    "robust": (unclipped, lambda train: preprocessing.RobustScaler()),
    "min_max": (applied, lambda train: preprocessing.MinMaxScaler()),
    "quantile": (applied, quantile_transformer),
    "log1p": (applied, lambda train: preprocessing.StandardScaler()),
    "none": (applied, lambda train: preprocessing.FunctionTransformer()),
}
SEEN_BY_SKLEARN = {"log1p": compute_signed_log}
"""What scikit-learn's scaler is given, where it is not x."""


def columns():
    """Columns by what they have: ties, outliers, offsets, few and many rows."""
    rng = default_rng(7)
    normal = rng.normal(size=3000)
    return {
        "normal": normal,
        "few rows": normal[:7],
        "two rows": normal[:2],
        "ties": rng.integers(0, 9, 2500).astype(float),
        "many zeros": np.where(rng.random(2000) < 0.4, 0, rng.exponential(50, 2000)),
        "rounded": np.round(normal * 20) / 4,
        "outliers": np.concatenate([normal, [1e6, -3e7]]),
        "offset": 1e6 + normal,
        "log-normal": np.exp(2 * normal),
        "two values": (normal > 0.3).astype(float),
        "exactly as many rows as quantiles": normal[:1000],
    }


def agree(scaling, train, later):
    use, oracle = ORACLES[scaling.name]
    seen = SEEN_BY_SKLEARN.get(scaling.name, np.asarray)
    theirs = oracle(train).fit(seen(train)[:, None])
    for x in (train, later):
        expected = theirs.transform(seen(x)[:, None].copy())[:, 0]
        np.testing.assert_allclose(use(scaling, train, x), expected, rtol=1e-8, atol=1e-8)


@each_scaling
@pytest.mark.parametrize("name", columns())
def test_a_scaling_agrees_with_sklearn_also_beyond_the_training_rows(scaling, name):
    train = columns()[name]
    if scaling.name == "robust" and np.equal(*np.percentile(train, [25, 75])):
        train = np.concatenate([train, train + 1, train + 2])
    spread = np.ptp(train)
    later = np.concatenate([default_rng(8).uniform(train.min() - spread, train.max() + spread, 500), [1e9, -1e9, 0]])
    agree(scaling, train, later)


@each_scaling
@pytest.mark.parametrize("table", ["abalone", "adult", "bike_hour", "house_16H", "california_housing"])
def test_a_scaling_agrees_with_sklearn_on_real_columns(scaling, table):
    path = TABLES / table
    if not path.exists():
        pytest.skip(f"{path} is not there: the shared data lies beside the repository on some machines only")
    for train, later in zip(number_columns(path, "train"), number_columns(path, "test"), strict=True):
        if scaling.name != "robust" or np.diff(np.percentile(train, [25, 75])) > 0:  # else scikit-learn does not scale
            agree(scaling, train, later)


def number_columns(folder, part, rows=4000):
    """The known numbers of each number column of a prepared table."""
    with (folder / f"{part}.csv").open(encoding="utf-8", newline="") as stream:
        cells = list(csv.DictReader(stream))[:rows]
    for name in json.loads((folder / "meta.json").read_text(encoding="utf-8"))["numeric"]:
        yield np.array([float(row[name]) for row in cells if row[name]])


def test_the_robust_scaling_takes_half_the_range_where_the_quartiles_are_equal_and_clips_smoothly():
    values = np.array([0.0] * 90 + [1.0] * 10)
    np.testing.assert_allclose(RobustScaling().fit(values)(np.array([0.0, 1.0])), [0, 2 / np.sqrt(1 + 4 / 9)])
    values = default_rng(1).normal(5, 3, 400)
    z = (values - np.median(values)) / np.subtract(*np.percentile(values, [75, 25]))
    np.testing.assert_allclose(RobustScaling().fit(values)(values), z / np.sqrt(1 + (z / 3) ** 2), rtol=1e-12)


def test_quantile_scaling_keeps_no_more_quantiles_than_it_is_told_and_agrees_with_sklearn():
    train = default_rng(3).exponential(size=5000)
    for quantiles in (2, 3, 50, 10000):
        theirs = preprocessing.QuantileTransformer(
            output_distribution="normal", subsample=None, n_quantiles=min(quantiles, 5000)
        )
        fitted = QuantileScaling(quantiles=quantiles).fit(train)
        assert len(fitted.values) == min(quantiles, 5000)
        np.testing.assert_allclose(fitted(train), theirs.fit_transform(train[:, None])[:, 0], rtol=1e-8, atol=1e-8)


def test_the_inverse_normal_distribution_is_the_one_of_the_standard_library():
    tails = 10.0 ** -np.arange(1.0, 301.0, 0.5)
    p = np.concatenate([np.linspace(0, 1, 4001)[1:-1], tails, 1 - tails[tails > 1e-15], [0.075, 0.925, np.exp(-25)]])
    expected = np.vectorize(NormalDist().inv_cdf)(p)
    np.testing.assert_allclose(compute_normal_quantile(p), expected, rtol=1e-13, atol=1e-15)


# Laws of every scaling.

training = st.lists(st.floats(-1e300, 1e300), min_size=2, max_size=12).map(np.array)
ordinary = st.lists(st.integers(-50, 50), min_size=2, max_size=30).map(lambda values: np.array(values) / 4)


def fit_varied(scaling, values):
    """The scaling fitted to values of which at least two differ by what float64 can tell."""
    assume(values.min() < values.max())
    fitted = scaling.fit(values)
    assume(not fitted.degenerate)
    return fitted


@each_scaling
@drawn
@given(values=training, later=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1).map(np.array))
def test_no_number_becomes_nan_and_nan_stays_nan(scaling, values, later):
    fitted = fit_varied(scaling, values)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = fitted(np.concatenate([values, later, [np.nan]]))
    assert np.isfinite(result[: len(values)]).all()
    assert not np.isnan(result[:-1]).any()
    assert np.isnan(result[-1])


@each_scaling
@drawn
@given(values=ordinary, size=st.floats(0, 1.7e308))
def test_the_result_is_finite_wherever_float64_allows(scaling, values, size):
    result = fit_varied(scaling, values * 1e10)(np.array([size, -size]))
    assert np.isfinite(result).all()


def test_a_difference_beyond_float64_is_no_obstacle_to_a_quotient_within():
    values = np.array([-1e300, 1e300])
    largest = np.finfo(np.float64).max
    np.testing.assert_allclose(MinMaxScaling().fit(values)(np.array([largest])), [largest / 2e300], rtol=1e-7)
    np.testing.assert_allclose(RobustScaling().fit(values)(np.array([largest, -largest])), [3, -3])


@each_scaling
@drawn
@given(values=ordinary, later=ordinary)
def test_scaling_keeps_the_order(scaling, values, later):
    fitted = fit_varied(scaling, values)
    assert (np.diff(fitted(np.sort(later))) >= -1e-12).all()


@pytest.mark.parametrize(
    "scaling",
    [each for each in SCALINGS if not isinstance(each, Log1pScaling | NoScaling)],
    ids=lambda scaling: scaling.name,
)
@drawn
@given(values=ordinary, exponent=st.integers(-900, 900))
def test_the_unit_of_the_column_does_not_matter(scaling, values, exponent):
    expected = fit_varied(scaling, values)(values)
    in_other_units = np.ldexp(values, exponent)
    np.testing.assert_allclose(scaling.fit(in_other_units)(in_other_units), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("scaling", [StandardScaling(), Log1pScaling()], ids=lambda scaling: scaling.name)
@drawn
@given(values=ordinary)
def test_the_training_rows_have_mean_0_and_deviation_1(scaling, values):
    scaled = fit_varied(scaling, values)(values)
    np.testing.assert_allclose([scaled.mean(), scaled.std()], [0, 1], atol=1e-9)


def test_normal_quantiles_of_the_training_rows_are_normal():
    scaled = QuantileScaling().fit(default_rng(5).exponential(size=20000))(default_rng(6).exponential(size=20000))
    np.testing.assert_allclose([scaled.mean(), scaled.std(), np.mean(scaled**3)], [0, 1, 0], atol=0.1)


def test_equal_quantiles_are_mapped_to_the_middle_of_their_places():
    fitted = QuantileScaling().fit(np.array([1.0, 2.0, 2.0, 2.0, 3.0]))
    assert fitted(np.array([2.0]))[0] == 0
    np.testing.assert_allclose(fitted(np.array([1.0, -7.0, 3.0, 9.0])), np.array([-1, -1, 1, 1]) * 5.19933758)


@each_scaling
@drawn
@given(values=training)
def test_what_was_fitted_survives_json_to_the_last_bit(scaling, values):
    fitted = fit_varied(scaling, values)
    again = from_plain(FittedScaling, json.loads(json.dumps(to_plain(fitted))))
    assert again == fitted
    np.testing.assert_array_equal(again(values), fitted(values))


@pytest.mark.parametrize(
    ("scaling", "values"),
    [
        (Log1pScaling(), [1e300, np.nextafter(1e300, 0)]),
        (StandardScaling(), [5e-324] + [0.0] * 99),
        (RobustScaling(), [0.0, 0.0, 0.0, 0.0, 0.0, 5e-324]),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_spread_too_small_for_float64_is_degenerate_and_an_ordinary_one_is_not(scaling, values):
    assert scaling.fit(np.array(values)).degenerate
    assert not scaling.fit(np.array([1.0, 2.0])).degenerate


@drawn
@given(value=st.floats(-1e300, 1e300), rows=st.integers(1, 40))
def test_equal_values_deviate_by_exactly_0(value, rows):
    assert measure_mean_and_deviation(np.full(rows, value)) == (value, 0.0)


def test_between_quantiles_that_are_too_close_for_a_slope_is_their_middle():
    assert QuantileScaling().fit(np.array([0, 1e-310, 2e-310]))(np.array([5e-311]))[0] == 0


@pytest.mark.parametrize("kind", get_args(FittedScaling), ids=lambda kind: kind.__name__)
def test_each_fitted_scaling_is_reached_and_says_whether_it_is_degenerate(kind):
    reached = {type(scaling.fit(np.array([1.0, 2.0, 4.0]))) for scaling in SCALINGS}
    assert kind in reached
    constant = kind(values=(2.0, 2.0)) if kind is NormalQuantiles else kind(center=2.0, scale=0.0)
    assert constant.degenerate


# What a model file may hold.

BROKEN = [
    Affine(center=0.0, scale=0.0),
    Affine(center=0.0, scale=-1.0),
    SmoothlyClipped(center=0.0, scale=0.0),
    LogAffine(center=0.0, scale=-1e-300),
    NormalQuantiles(values=()),
    NormalQuantiles(values=(1.0, 1.0)),
    NormalQuantiles(values=(0.0, 2.0, 1.0)),
]


@each_scaling
def test_what_is_fitted_breaks_no_rule(scaling):
    assert list(scaling.fit(np.array([0.0, 1.0, 1.0, 5.0])).broken_rules()) == []


@pytest.mark.parametrize("scaling", BROKEN, ids=str)
def test_a_broken_scaling_breaks_one_rule(scaling):
    quantiles = isinstance(scaling, NormalQuantiles)
    rule = "its quantiles are not in order" if quantiles else "its scale is not above 0"
    assert list(scaling.broken_rules()) == [rule]


def test_every_fitted_scaling_can_be_broken():
    assert {type(each) for each in BROKEN} == set(get_args(FittedScaling))
