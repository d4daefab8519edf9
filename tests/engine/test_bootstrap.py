"""Intervals are those of a plain loop over resampled rows; slices are subsets."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.random import default_rng

from mlptrain.engine.bootstrap import (
    bootstrap_intervals,
    choose_resample_count,
    measure_slices,
    resample_together,
    resample_weights,
)
from mlptrain.engine.comparisons import Undefined, compare_classes, compare_numbers
from mlptrain.engine.losses import softmax
from mlptrain.engine.metrics import METRICS, list_metrics
from mlptrain.randomness import stream
from tests.support.comparing import measure_classes, measure_numbers
from tests.support.drawing import drawn, standard_normal

rows = st.integers(1, 40)
seeds = st.integers(0, 10**6)
ties = st.sampled_from([1, 3, 1000])
"""How many different scores there are: few make ties."""
weighted = st.booleans()
samples = st.integers(1, 20)


def bits(seed=1):
    return stream(seed, "bootstrap")


def labels(seed, rows, classes, levels=1000, right=0.0):
    """(probabilities, truth) with the true class ahead by `right` on average."""
    draw = default_rng(seed)
    truth = draw.integers(0, classes, rows)
    logits = 2 * draw.standard_normal((rows, classes)) + right * np.eye(classes)[truth]
    return softmax(np.round(logits * levels) / levels), truth


def numbers(seed, rows, outputs=1):
    """(predictions, truth) that agree in part."""
    truth, noise = standard_normal(2, rows, outputs, seed=seed)
    return truth + 0.5 * noise, truth


def drawn_weights(seed, rows, weighted):
    """Weights of a few sizes, 0 among them; None where all are 1."""
    return default_rng(seed).choice([0.0, 0.5, 1.0, 3.7], rows) if weighted else None


# ---- intervals


def plain_loop(measure, weights, losses, *, seed, resamples):
    """The intervals by the book: every sample is measured from the start, every percentile asked for by itself."""
    source = bits(seed)
    samples = [whole(measure, weights, losses)]
    samples += [whole(measure, resample_weights(weights, source), losses) for _ in range(resamples)]
    found = {}
    for name, value in samples[0].items():
        values = [sample[name] for sample in samples[1:] if not isinstance(sample[name], Undefined)]
        if not isinstance(value, Undefined) and values:
            found[name] = (np.percentile(values, 2.5), np.percentile(values, 97.5))
    return found


def whole(measure, weights, losses):
    loss = weights @ losses / weights.sum() if weights.sum() else Undefined("no rows with weight")
    return {"loss": loss} | measure(weights)


def agree(ours, theirs):
    assert ours.keys() == theirs.keys() - {"ece"}
    for name, interval in ours.items():
        np.testing.assert_allclose(interval, theirs[name], rtol=1e-12, atol=1e-12, err_msg=name)


@drawn
@given(
    seed=seeds,
    rows=rows,
    classes=st.integers(2, 5),
    levels=ties,
    weighted=weighted,
    probabilistic=st.booleans(),
    resamples=samples,
)
@example(seed=5, rows=6, classes=3, levels=3, weighted=False, probabilistic=True, resamples=1)
def test_the_intervals_of_a_classifier_are_those_of_a_plain_loop(
    seed, rows, classes, levels, weighted, probabilistic, resamples
):
    """Of one sample, which may lack a class, as of many."""
    p, truth = labels(seed, rows, classes, levels)
    w, losses = drawn_weights(seed, rows, weighted), standard_normal(rows, seed=seed)
    comparison = compare_classes(p, truth, probabilistic=probabilistic)
    found = bootstrap_intervals(comparison, w, bits=bits(seed), resamples=resamples, losses=losses)

    def measure(weights):
        """As by scikit-learn, but that mcc is nothing where the truth is of one class: 0 is a convention there."""
        one = {"mcc": Undefined("rows of one class only")} if len(np.unique(truth[weights > 0])) < 2 else {}
        return measure_classes(p, truth, weights, probabilistic=probabilistic) | one

    agree(found, plain_loop(measure, np.ones(rows) if w is None else w, losses, seed=seed, resamples=resamples))


@pytest.mark.parametrize("classes", [2, 3])
def test_a_classifier_without_a_mistake_has_no_spread_however_few_the_rows(classes):
    """Samples of one class only have an mcc of 0 by convention: of four rows that was every eighth sample."""
    truth = np.arange(2 * classes) % classes
    found = bootstrap_intervals(compare_classes(np.eye(classes)[truth], truth, probabilistic=True), bits=bits())
    assert found["accuracy"] == found["mcc"] == (1.0, 1.0)


@drawn
@given(seed=seeds, rows=rows, outputs=st.integers(1, 3), weighted=weighted, resamples=samples)
def test_the_intervals_of_a_regression_are_those_of_a_plain_loop(seed, rows, outputs, weighted, resamples):
    predicted, truth = numbers(seed, rows, outputs)
    w, losses = drawn_weights(seed, rows, weighted), standard_normal(rows, seed=seed)
    comparison = compare_numbers(predicted, truth)
    found = bootstrap_intervals(comparison, w, bits=bits(seed), resamples=resamples, losses=losses)
    w = np.ones(rows) if w is None else w
    agree(found, plain_loop(lambda v: measure_numbers(predicted, truth, v), w, losses, seed=seed, resamples=resamples))


@pytest.mark.parametrize("classes", [2, 4])
def test_nearly_every_interval_contains_its_metric(classes):
    inside = []
    for seed in range(40):
        p, truth = labels(seed, 200, classes, right=1.5)
        predicted, targets = np.exp(numbers(seed, 200))
        values = measure_classes(p, truth) | measure_numbers(predicted, targets)
        found = bootstrap_intervals(compare_classes(p, truth), bits=bits(seed), resamples=100)
        found |= bootstrap_intervals(compare_numbers(predicted, targets), bits=bits(seed), resamples=100)
        assert found.keys() == values.keys() - {"ece"}  # a sum of absolute values: each draw adds its noise
        inside += [low <= values[name] <= high and low < high for name, (low, high) in found.items()]
    assert np.mean(inside) > 0.98


def test_the_interval_of_a_mean_is_about_two_standard_errors_to_either_side():
    """A sample mean is within 1.96 s / √n of the mean with 95 % probability."""
    losses = 3 + standard_normal(400)
    comparison = compare_numbers(*numbers(0, 400))
    low, high = bootstrap_intervals(comparison, bits=bits(), resamples=1000, losses=losses)["loss"]
    error = 1.96 * losses.std() / 20
    assert (low, high) == pytest.approx((losses.mean() - error, losses.mean() + error), abs=0.15 * error)


@drawn
@given(seed=seeds, rows=st.integers(12, 40), weighted=weighted)
def test_the_interval_of_what_is_the_same_for_every_row_is_a_point(seed, rows, weighted):
    """Errors of one size, the true class right with one probability: no sample differs."""
    truth = default_rng(seed).integers(0, 2, rows)
    p, y = np.where(truth[:, None] == [0, 1], 0.7, 0.3), standard_normal(rows, 1, seed=seed)
    w = drawn_weights(seed, rows, weighted)
    w = None if w is None else w + 0.5
    values = measure_classes(p, truth, w) | measure_numbers(y + 0.1, y, w) | {"loss": 0.1}
    found = bootstrap_intervals(compare_classes(p, truth), w, bits=bits(seed), resamples=20, losses=np.full(rows, 0.1))
    found |= bootstrap_intervals(compare_numbers(y + 0.1, y), w, bits=bits(seed), resamples=20)
    same_in_samples = {"accuracy", "error_rate", "balanced_accuracy", "f1", "auc", "log_loss", "rmse", "mae", "loss"}
    for name in same_in_samples & found.keys():
        assert found[name] == pytest.approx((values[name], values[name]), rel=1e-12), name


@drawn
@given(seed=seeds, rows=rows, classes=st.integers(2, 4), factor=st.sampled_from([0.5, 2.0, 1024.0]))
def test_the_scale_of_the_weights_changes_no_interval(seed, rows, classes, factor):
    """By powers of two, which round nothing."""
    w, losses = drawn_weights(seed, rows, True), standard_normal(rows, seed=seed)
    for comparison in (compare_classes(*labels(seed, rows, classes)), compare_numbers(*numbers(seed, rows))):
        one, other = (
            bootstrap_intervals(comparison, v, bits=bits(seed), resamples=10, losses=losses) for v in (w, factor * w)
        )
        assert one == other
        ones, twos = (
            bootstrap_intervals(comparison, v, bits=bits(seed), resamples=10) for v in (None, np.full(rows, 2.0))
        )
        assert ones == twos


@drawn
@given(seed=seeds, rows=rows, classes=st.integers(2, 4), more=st.integers(1, 30))
def test_rows_without_weight_change_no_interval(seed, rows, classes, more):
    p, truth = labels(seed, rows + more, classes)
    w = np.append(np.ones(rows), np.zeros(more))
    agree(
        bootstrap_intervals(compare_classes(p, truth), w, bits=bits(seed), resamples=10),
        bootstrap_intervals(compare_classes(p[:rows], truth[:rows]), bits=bits(seed), resamples=10),
    )


def test_the_intervals_are_a_function_of_the_bits():
    comparison = compare_classes(*labels(0, 100, 3))
    assert bootstrap_intervals(comparison, bits=bits(1)) == bootstrap_intervals(comparison, bits=bits(1))
    assert bootstrap_intervals(comparison, bits=bits(1)) != bootstrap_intervals(comparison, bits=bits(2))


@drawn
@given(seed=seeds, rows=st.integers(0, 60), weighted=weighted)
def test_a_sample_draws_as_many_rows_as_have_weight(seed, rows, weighted):
    w = drawn_weights(seed, rows, weighted)
    w = np.ones(rows) if w is None else w
    counts = np.divide(resample_weights(w, bits(seed)), w, out=np.zeros(rows), where=w > 0)
    assert round(counts.sum()) == (w > 0).sum()
    np.testing.assert_allclose(counts, np.round(counts), rtol=1e-12)


def test_every_row_is_drawn_as_often_as_any_other():
    """How often in 2000 samples: a sum of multinomial counts of mean 1 and variance 1 − 1 / n."""
    source = bits()
    drawn_times = sum(resample_weights(np.ones(50), source) for _ in range(2000))
    assert (np.abs(drawn_times - 2000) < 5 * 2000**0.5).all()
    assert 0.5 < drawn_times.var() / 2000 < 2


# ---- what has no interval


def test_a_metric_undefined_in_the_whole_has_no_interval():
    p, truth = labels(0, 20, 3)
    without = bootstrap_intervals(compare_classes(p, np.where(truth == 2, 1, truth), probabilistic=False), bits=bits())
    without_value = {"auc", "average_precision", "log_loss", "brier", "ece"}
    assert without.keys() == {metric.name for metric in list_metrics(3)} - without_value
    constant = compare_numbers(np.arange(5.0)[:, None], np.ones((5, 1)))
    assert bootstrap_intervals(constant, bits=bits()).keys() == {metric.name for metric in list_metrics(0)} - {"r2"}


@pytest.mark.parametrize("rows", [0, 4])
def test_without_weight_there_is_no_interval(rows):
    for comparison in (
        compare_classes(np.full((rows, 2), 0.5), np.zeros(rows, int)),
        compare_numbers(*np.zeros((2, rows, 1))),
    ):
        assert bootstrap_intervals(comparison, np.zeros(rows), bits=bits(), resamples=5, losses=np.zeros(rows)) == {}


def test_samples_without_a_class_are_left_out_of_the_area_under_the_curve():
    """The one positive row is in about 63 % of the samples, and above all others in each."""
    p = np.linspace([0.9, 0.1], [0.1, 0.9], 10)
    assert bootstrap_intervals(compare_classes(p, np.arange(10) // 9), bits=bits())["auc"] == (1, 1)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_metric_that_is_not_finite_has_no_interval(value):
    predicted, truth = numbers(0, 20)
    losses = np.where(np.arange(20) == 3, value, 1.0)
    found = bootstrap_intervals(compare_numbers(predicted, truth), bits=bits(), losses=losses)
    assert found.keys() == {metric.name for metric in list_metrics(0)} - {"rmsle"}


@pytest.mark.parametrize(
    ("rows", "columns", "resamples"), [(0, 2, 1000), (150, 3, 1000), (10_000, 10, 200), (10_000, 100, 100)]
)
def test_the_number_of_samples_follows_the_size_of_the_comparison(rows, columns, resamples):
    assert choose_resample_count(compare_numbers(*np.zeros((2, rows, columns)))) == resamples
    truth = np.zeros(min(rows, 200), int)
    assert choose_resample_count(compare_classes(np.ones((len(truth), 2)), truth)) == 1000


# ---- by slice


@drawn
@given(seed=seeds, rows=st.integers(1, 60), classes=st.integers(2, 4), codes=st.integers(1, 5), weighted=weighted)
def test_a_slice_is_measured_as_its_rows_alone(seed, rows, classes, codes, weighted):
    p, truth = labels(seed, rows, classes, 3)
    (predicted, y), losses = numbers(seed, rows), standard_normal(rows, seed=seed)
    code, w = default_rng(seed).integers(0, codes, rows), drawn_weights(seed, rows, weighted)
    of_classes = measure_slices(compare_classes(p, truth), code, w)
    of_numbers = measure_slices(compare_numbers(predicted, y), code, w)
    of_losses = measure_slices(compare_numbers(predicted, y), code, losses=losses)
    assert len(of_classes) == len(of_numbers) == len(of_losses) == code.max() + 1
    for value in range(code.max() + 1):
        own = code == value
        weights = None if w is None else w[own]
        alike(of_classes[value], measure_classes(p[own], truth[own], weights))
        alike(of_numbers[value], measure_numbers(predicted[own], y[own], weights))
        loss = losses[own].mean() if own.any() else Undefined("no rows with weight")
        alike(of_losses[value], {"loss": loss} | measure_numbers(predicted[own], y[own]))


def alike(one, other):
    """Whether two sets of metrics agree, in their numbers and in what is undefined."""
    assert list(one) == list(other)
    for name, value in one.items():
        expected = value if isinstance(value, Undefined) else pytest.approx(value, rel=1e-9, abs=1e-9)
        assert other[name] == expected, name


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_stays_in_its_slice(value):
    predicted, truth = numbers(0, 20)
    other = np.arange(20) % 2 == 1
    losses = np.where(other, value, 1.0)
    predicted[other] = value
    first = measure_slices(compare_numbers(predicted, truth), other.astype(int), losses=losses)[0]
    alike(first, {"loss": 1.0} | measure_numbers(predicted[~other], truth[~other]))


def test_a_table_without_rows_has_no_slices():
    assert measure_slices(compare_classes(np.zeros((0, 2)), np.zeros(0, int)), np.zeros(0, int)) == []


@given(seeds, rows, samples, weighted)
def test_together_each_metric_is_that_of_its_own_bootstrap(seed, rows, resamples, weighted):
    truth, first, second = standard_normal(3, rows, 1, seed=seed)
    weights = default_rng(seed).random(rows) + 0.1 if weighted else None
    both = [compare_numbers(each, truth) for each in (first, second)]
    found = resample_together(both, METRICS["rmse"], weights, bits=bits(seed), resamples=resamples)
    for column, each in zip(found.T, both, strict=True):
        interval = bootstrap_intervals(each, weights, bits=bits(seed), resamples=resamples)["rmse"]
        assert tuple(np.percentile(column, [2.5, 97.5]).tolist()) == interval


def differ(seed, noise, rows=200):
    """Whether the 95 % interval of the difference in rmse leaves 0 out, where the second model has more noise."""
    truth, common, one, two = standard_normal(4, rows, 1, seed=seed)
    shared = truth + common
    both = [compare_numbers(shared + 0.1 * one, truth), compare_numbers(shared + noise * two, truth)]
    found = resample_together(both, METRICS["rmse"], bits=bits(seed), resamples=100)
    low, high = np.percentile(found[:, 1] - found[:, 0], [2.5, 97.5])
    return not low <= 0 <= high


def test_equal_models_are_seldom_told_apart_and_paired_samples_tell_others_apart_that_share_their_errors():
    assert sum(differ(seed, 0.1) for seed in range(40)) <= 5
    assert sum(differ(seed, 0.6) for seed in range(20)) >= 18


def test_a_metric_that_is_undefined_in_a_sample_is_nan_there():
    truth = np.array([0, 0, 0, 1])
    scores = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.2, 0.8]])
    found = resample_together([compare_classes(scores, truth)], METRICS["auc"], bits=bits(), resamples=100)
    assert 0 < np.isnan(found).sum() < 60
    assert found[np.isfinite(found)].min() >= 0
