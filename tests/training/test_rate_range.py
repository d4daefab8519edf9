"""The range test: rates by equal factors, the bias-corrected mean, where it ends, what it suggests."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from mlptrain.engine.optimizers import Optimizer
from mlptrain.training.rate_range import BELOW, BETA, RangeStep, RateRange, run_range_test, suggest_rate
from tests.support.courses import course_of

RATES = RateRange(low=1e-5, high=10.0, steps=60)
STEPWISE = [each for each in get_args(Optimizer) if not each.full_batch]


def list_steps(losses, rates=RATES):
    return [RangeStep(rate=rate, loss=y, smoothed=y) for rate, y in zip(rates.list_rates(), losses, strict=False)]


def make_curve(start, lowest, *, at):
    """Losses that fall from start to lowest at one step, then rise."""
    steps = np.arange(RATES.steps)
    fall = np.where(steps < at, (at - steps) / at, (steps - at) / 10)
    return (lowest + (start - lowest) * fall).tolist()


@pytest.mark.parametrize("rates", [RATES, RateRange(low=0.3, high=0.4, steps=20)])
def test_rates_rise_by_one_factor_from_low_to_high(rates):
    found = np.array(rates.list_rates())
    assert found[[0, -1]] == pytest.approx([rates.low, rates.high])
    assert np.ptp(np.diff(np.log(found))) < 1e-9
    assert len(found) == rates.steps


@pytest.mark.parametrize("optimizer", STEPWISE, ids=lambda each: each.name)
def test_the_smoothed_loss_is_the_weighted_mean_of_the_losses_so_far(optimizer):
    found = list(run_range_test(course_of(optimizer=optimizer()), RATES))
    assert RATES.opening < len(found) <= RATES.steps
    for k, each in enumerate(found):
        weights = BETA ** np.arange(k, -1, -1.0)
        assert each.smoothed == pytest.approx(np.average([step.loss for step in found[: k + 1]], weights=weights))
    assert found == list(run_range_test(course_of(optimizer=optimizer()), RATES))


def test_the_test_ends_where_the_loss_is_far_above_the_opening_or_not_finite():
    wild = RateRange(low=1e-3, high=1e30, steps=60)
    found = list(run_range_test(course_of(), wild))
    assert len(found) < wild.steps
    assert all(np.isfinite(each.smoothed) for each in found)


def test_the_rate_of_the_spec_counts_for_nothing():
    course = course_of()
    other = replace(course.spec, optimizer=replace(course.spec.optimizer, learning_rate=77.0))
    assert list(run_range_test(course_of(), RATES)) == list(run_range_test(replace(course, spec=other), RATES))


@pytest.mark.parametrize("at", [20, 35, 50])
@pytest.mark.parametrize(("start", "lowest"), [(1.0, 0.1), (0.2, -3.0), (-1.0, -2.0)])
def test_the_suggestion_is_a_tenth_of_the_rate_of_the_least_loss(at, start, lowest):
    found = suggest_rate(list_steps(make_curve(start, lowest, at=at)), RATES)
    assert found.rate == pytest.approx(RATES.list_rates()[at] / BELOW, rel=0.06)
    assert found.why == ""


@pytest.mark.parametrize(("noise", "suggests"), [(0.5, False), (0.01, True)])
def test_a_fall_within_the_noise_of_batches_suggests_nothing(noise, suggests):
    steps = list_steps(make_curve(1.0, 0.9, at=30))
    noisy = [replace(each, loss=each.loss + noise * (-1) ** k) for k, each in enumerate(steps)]
    found = suggest_rate(noisy, RATES)
    assert (found.rate is not None) == suggests
    assert ("falls at no rate by more than batches differ" in found.why) != suggests


def test_a_loss_that_still_falls_says_so():
    found = suggest_rate(list_steps(make_curve(1.0, 0.1, at=RATES.steps - 1)), RATES)
    assert found.rate == 1.0
    assert "a higher --high" in found.why


@pytest.mark.parametrize("count", [0, 1, RATES.opening])
def test_without_steps_after_the_opening_there_is_no_suggestion(count):
    found = suggest_rate(list_steps([1.0] * count), RATES)
    assert (found.rate, found.lowest) == (None, None)
    assert "lower --low" in found.why
