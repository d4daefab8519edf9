"""The metrics of numbers beside scikit-learn's; several targets apart and together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng
from sklearn import metrics as sk

from mlptrain.engine.comparisons import Undefined, compare_numbers
from mlptrain.engine.metrics import measure_metrics, measure_targets
from mlptrain.engine.number_metrics import find_weighted_median
from tests.support.comparing import draw_weights, measure_numbers
from tests.support.drawing import drawn, standard_normal

seeds = st.integers(0, 10**6)
weighted = st.booleans()


def agrees(ours, theirs):
    assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-9)


@drawn
@given(seed=seeds, rows=st.integers(1, 40), outputs=st.integers(1, 3), weighted=weighted)
def test_metrics_of_positive_numbers_are_those_of_scikit_learn(seed, rows, outputs, weighted):
    predicted, truth = np.exp(default_rng(seed).standard_normal((2, rows, outputs)))
    w = draw_weights(seed, rows, weighted)
    ours = measure_numbers(predicted, truth, w)
    agrees(ours["rmsle"], sk.root_mean_squared_log_error(truth, predicted, sample_weight=w))
    agrees(ours["mape"], sk.mean_absolute_percentage_error(truth, predicted, sample_weight=w))
    agrees(ours["median_absolute_error"], sk.median_absolute_error(truth, predicted, sample_weight=w))


@drawn
@given(seed=seeds, rows=st.integers(1, 30))
def test_the_median_under_whole_weights_is_that_of_the_rows_repeated(seed, rows):
    draw = default_rng(seed)
    values, counts = np.sort(np.round(draw.standard_normal(rows), 1)), draw.integers(0, 4, rows)
    counts[0] = 1
    assert find_weighted_median(values, counts.astype(float)) == np.median(np.repeat(values, counts))
    agrees(find_weighted_median(values, counts * 0.1), np.median(np.repeat(values, counts)))


@drawn
@given(seed=seeds, rows=st.integers(2, 30), outputs=st.integers(2, 4), weighted=weighted)
def test_each_target_is_measured_as_if_it_were_alone_and_the_mean_is_theirs(seed, rows, outputs, weighted):
    predicted, truth = np.exp(standard_normal(2, rows, outputs, seed=seed))
    w = draw_weights(seed, rows, weighted)
    each = measure_targets(compare_numbers(predicted, truth), w)
    alone = [measure_numbers(predicted[:, [k]], truth[:, [k]], w) for k in range(outputs)]
    for one, other in zip(each, alone, strict=True):
        assert one.keys() == other.keys()
        assert all(one[name] == other[name] or one[name] == pytest.approx(other[name]) for name in one)
    whole = measure_metrics(compare_numbers(predicted, truth), w)
    for name, value in whole.items():
        if isinstance(value, Undefined):
            assert value in [target[name] for target in each]
        else:
            agrees(value, np.mean([target[name] for target in each]))


def test_a_target_without_a_value_leaves_the_others_theirs():
    truth = np.array([[0.0, 1.0, 5.0], [2.0, 4.0, 5.0]])
    each = measure_targets(compare_numbers(truth + 1, truth))
    assert [target["mape"] for target in each] == [Undefined("a target is 0"), 0.625, pytest.approx(0.2)]
    assert [target["r2"] for target in each][2] == Undefined("the target is constant")
    assert measure_numbers(truth + 1, truth)["mape"] == Undefined("a target is 0")


@drawn
@given(values=st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=99), seed=st.integers(0, 2**32 - 1))
def test_the_mean_of_the_targets_explains_nothing_of_them(values, seed):
    truth = np.array(values)[:, None]
    for w in (np.ones(len(truth)), default_rng(seed).uniform(0.1, 9, len(truth))):
        found = measure_numbers(np.full_like(truth, w @ truth / w.sum()), truth, w)["r2"]
        assert found == 0 or isinstance(found, Undefined)


def test_an_error_that_is_not_finite_is_no_rounding():
    truth = np.array([[0.0], [1.0]])
    with np.errstate(all="ignore"):
        assert measure_numbers(truth * 0 + 1e200, truth)["r2"] == -np.inf
