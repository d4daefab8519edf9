"""The laws of schedules, over the union."""

from dataclasses import replace
from itertools import pairwise
from math import inf, isfinite, nan
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.engine.schedules import (
    ConstantSchedule,
    Cosine,
    CosLog4,
    Decay,
    Exponential,
    FlatCosine,
    InverseTime,
    LinearRamp,
    Now,
    OneCycle,
    Plateau,
    Polynomial,
    ReduceOnPlateau,
    Schedule,
    Step,
    WarmUp,
    depends_on_total_epochs,
    find_plateau_rule,
)
from tests.support.drawing import drawn, label, members

BASE = 0.4
RUN = 20
"""Epochs of the run in these tests."""

VARIANTS = [
    *members(Decay),
    Step(every=3, factor=0.5),
    Polynomial(power=0.5, end=0.1),
    Polynomial(power=2.0, end=0.1),
    Cosine(end=0.1),
    Cosine(cycles=3, growth=2.0, end=0.1),
    Cosine(cycles=4, growth=0.5),
    FlatCosine(flat=0.0),
    FlatCosine(flat=0.9),
    OneCycle(peak=0.5),
    LinearRamp(start=0.2, end=0.9),
    LinearRamp(start=0.5, end=0.99, epochs=8.0),
]
ALL = [*VARIANTS, *(WarmUp(epochs=3.0, start=0.1, then=then) for then in VARIANTS), WarmUp()]
each = pytest.mark.parametrize("schedule", ALL, ids=lambda schedule: repr(schedule).replace("mlptrain.", ""))
TIMES = [i * RUN / 400 for i in range(401)]


def at(schedule, epoch, *, epochs=RUN, reductions=0, base=BASE):
    return schedule(base, Now(epoch=epoch, epochs=epochs, reductions=reductions))


def course(schedule, **options):
    return [at(schedule, epoch, **options) for epoch in TIMES]


# ---- every schedule


@each
def test_values_are_finite_floats_and_not_negative(schedule):
    for value in course(schedule):
        assert type(value) is float
        assert isfinite(value)
        assert value >= 0


@each
def test_values_beyond_the_end_of_the_run_are_finite(schedule):
    """Rounding may carry the last step past the last epoch."""
    assert isfinite(at(schedule, RUN * (1 + 1e-12)))
    assert isfinite(at(schedule, RUN + 1.0))


@each
def test_whether_a_longer_run_changes_what_is_done(schedule):
    """`depends_on_total_epochs` is the fact, found by making the run longer."""
    changes = any(at(schedule, epoch) != at(schedule, epoch, epochs=2 * RUN) for epoch in TIMES)
    assert depends_on_total_epochs(schedule) == changes


@each
def test_the_value_is_a_function_of_time_alone(schedule):
    assert course(schedule) == course(schedule)
    assert course(replace(schedule)) == course(schedule)


@pytest.mark.parametrize("member", get_args(Decay))
def test_every_schedule_has_anchors_here(member):
    assert member in {type(schedule) for schedule, *_ in ANCHORS}


# ---- documented values: (schedule, epoch, value)

SQRT_HALF = 0.5**0.5
ANCHORS = [
    (ConstantSchedule(), 0, BASE),
    (ConstantSchedule(), RUN, BASE),
    (Step(every=5, factor=0.1), 0, BASE),
    (Step(every=5, factor=0.1), 4.99, BASE),
    (Step(every=5, factor=0.1), 5, BASE * 0.1),
    (Step(every=5, factor=0.1), RUN, BASE * 1e-4),
    (Exponential(factor=0.9), 0, BASE),
    (Exponential(factor=0.9), 0.5, BASE * 0.9**0.5),
    (Exponential(factor=0.9), RUN, BASE * 0.9**RUN),
    (InverseTime(rate=0.5), 0, BASE),
    (InverseTime(rate=0.5), 2, BASE / 2),
    (InverseTime(rate=0.5), RUN, BASE / 11),
    (Polynomial(), 0, BASE),
    (Polynomial(), RUN / 2, BASE / 2),
    (Polynomial(), RUN, 0),
    (Polynomial(power=2.0, end=0.1), RUN / 2, 0.1 + 0.3 / 4),
    (Polynomial(power=2.0, end=0.1), RUN, 0.1),
    (Cosine(), 0, BASE),
    (Cosine(), RUN / 2, BASE / 2),
    (Cosine(), RUN, 0),
    (Cosine(end=0.1), RUN / 3, 0.1 + 0.3 * 0.75),
    (Cosine(end=0.1), RUN, 0.1),
    (Cosine(cycles=2), RUN / 2, BASE),
    (Cosine(cycles=2), RUN / 4, BASE / 2),
    (Cosine(cycles=2), RUN, 0),
    (Cosine(cycles=2, growth=3.0), RUN / 4, BASE),
    (Cosine(cycles=2, growth=3.0), RUN / 8, BASE / 2),
    (Cosine(cycles=2, growth=3.0), RUN * 5 / 8, BASE / 2),
    *((CosLog4(), RUN * t, 0) for t in (0, 1 / 15, 1 / 5, 7 / 15, 1)),
    *((CosLog4(), RUN * (2 ** (cycle + 0.5) - 1) / 15, BASE) for cycle in range(4)),
    *((CosLog4(), RUN * (2 ** (cycle + 0.25) - 1) / 15, BASE / 2) for cycle in range(4)),
    (FlatCosine(), 0, BASE),
    (FlatCosine(), RUN / 2, BASE),
    (FlatCosine(), RUN * 5 / 8, BASE * (1 + SQRT_HALF) / 2),
    (FlatCosine(), RUN * 3 / 4, BASE / 2),
    (FlatCosine(), RUN, 0),
    (FlatCosine(flat=0.0), RUN / 3, BASE * 0.75),
    (FlatCosine(flat=0.9), 0.9 * RUN, BASE),
    (FlatCosine(flat=0.9), 0.95 * RUN, BASE / 2),
    (OneCycle(), 0, BASE / 25),
    (OneCycle(), 0.3 * RUN, BASE),
    (OneCycle(), 0.15 * RUN, (BASE + BASE / 25) / 2),
    (OneCycle(), 0.65 * RUN, (BASE + BASE / 1e4) / 2),
    (OneCycle(), RUN, BASE / 1e4),
    (LinearRamp(), 0, 0),
    (LinearRamp(), RUN / 4, BASE / 4),
    (LinearRamp(), RUN, BASE),
    (LinearRamp(start=0.5, end=0.9), 0, 0.5),
    (LinearRamp(start=0.5, end=0.9), RUN, 0.9),
    (LinearRamp(start=0.5, epochs=8.0), 2, 0.5 + (BASE - 0.5) / 4),
    (LinearRamp(start=0.5, epochs=8.0), 8, BASE),
    (LinearRamp(start=0.5, epochs=8.0), RUN, BASE),
    (ReduceOnPlateau(), RUN, BASE),
]


@pytest.mark.parametrize(("schedule", "epoch", "value"), ANCHORS, ids=str)
def test_documented_values(schedule, epoch, value):
    assert at(schedule, epoch) == pytest.approx(value, rel=1e-9, abs=1e-12)


# ---- directions

RISING = OneCycle | LinearRamp | CosLog4
"""Those that begin below the base: a cycle, a ramp, and the four waves of coslog4, each from 0."""
FALLING = [
    *(s for s in VARIANTS if not isinstance(s, RISING) and getattr(s, "cycles", 1) == 1),
    LinearRamp(start=0.9),
]


@pytest.mark.parametrize("schedule", FALLING, ids=label)
def test_a_decay_never_rises(schedule):
    assert all(later <= earlier + 1e-15 for earlier, later in pairwise(course(schedule)))


@pytest.mark.parametrize("schedule", [LinearRamp(), LinearRamp(start=0.1, epochs=3.0)], ids=label)
def test_a_ramp_never_falls(schedule):
    assert all(later >= earlier - 1e-15 for earlier, later in pairwise(course(schedule)))


@pytest.mark.parametrize("peak", [0.1, 0.3, 0.9])
def test_one_cycle_rises_to_its_peak_and_falls_from_there(peak):
    values = course(OneCycle(peak=peak))
    top = max(range(401), key=values.__getitem__)
    assert top == round(400 * peak)
    assert values[top] == pytest.approx(BASE)
    assert values[:top] == sorted(values[:top])
    assert values[top:] == sorted(values[top:], reverse=True)


def test_coslog4_rises_and_falls_four_times_between_its_zeros():
    for start, end in pairwise([0, 1 / 15, 1 / 5, 7 / 15, 1]):
        values = [at(CosLog4(), RUN * (start + (end - start) * i / 100)) for i in range(101)]
        top = max(range(101), key=values.__getitem__)
        assert values[top] == pytest.approx(BASE, rel=1e-3)
        assert values[1 : top + 1] == sorted(values[1 : top + 1])
        assert values[top:-1] == sorted(values[top:-1], reverse=True)


@drawn
@given(cycles=st.integers(1, 8), growth=st.floats(0.3, 4), end=st.floats(0, 0.3))
def test_cosine_restarts_at_the_base_and_ends_at_the_end(cycles, growth, end):
    schedule = Cosine(cycles=cycles, growth=growth, end=end)
    total = sum(growth**i for i in range(cycles))
    borders = [sum(growth**i for i in range(k)) / total * RUN for k in range(cycles + 1)]
    for border, following in pairwise(borders):
        length = following - border
        assert at(schedule, border + 1e-9 * length) == pytest.approx(BASE, abs=1e-6)
        assert at(schedule, border + 0.5 * length) == pytest.approx((BASE + end) / 2, abs=1e-6)
        assert at(schedule, following - 1e-9 * length) == pytest.approx(end, abs=1e-6)
    assert at(schedule, RUN) == pytest.approx(end, abs=1e-6)


@pytest.mark.parametrize("growth", [100.0, 1.5, 1.0, 0.5, 1e-3, 1e-300])
@pytest.mark.parametrize("cycles", [1, 2, 1000])
def test_cosine_is_finite_for_every_growth_and_number_of_cycles_allowed(growth, cycles):
    schedule = Cosine(cycles=cycles, growth=growth, end=0.1)
    assert all(0.1 - 1e-12 <= value <= BASE + 1e-12 for value in course(schedule))
    assert at(schedule, 0) == pytest.approx(BASE)


# ---- warm-up


@pytest.mark.parametrize("then", VARIANTS, ids=label)
@pytest.mark.parametrize("start", [0.0, 0.25])
def test_warm_up_starts_at_its_start_and_ends_in_the_schedule_on_top_of_which_it_is(then, start):
    schedule = WarmUp(epochs=4.0, start=start, then=then)
    assert at(schedule, 0) == pytest.approx(start * at(then, 0))
    assert at(schedule, 1) == pytest.approx((start + (1 - start) / 4) * at(then, 1))
    for epoch in (4, 4.5, 11, RUN):
        assert at(schedule, epoch) == at(then, epoch)


# ---- reduction on a plateau


def watched(values, **rule):
    """The states after each value."""
    states, state = [], Plateau()
    for value in values:
        state = state.after(value, ReduceOnPlateau(**rule))
        states.append(state)
    return states


def reductions(values, **rule):
    return [state.reductions for state in watched(values, **rule)]


@pytest.mark.parametrize("count", range(5))
def test_a_reduction_multiplies_by_the_factor_down_to_the_minimum(count):
    rule = ReduceOnPlateau(factor=0.5, minimum=0.06)
    assert at(rule, 3, reductions=count) == pytest.approx(max(BASE * 0.5**count, 0.06))
    assert at(WarmUp(epochs=1.0, then=rule), 3, reductions=count) == at(rule, 3, reductions=count)


def test_a_minimum_above_the_base_does_not_raise_it():
    assert at(ReduceOnPlateau(minimum=1.0), 3, reductions=2) == BASE


@pytest.mark.parametrize("patience", [1, 2, 5])
def test_patience_epochs_without_improvement_make_a_reduction(patience):
    assert reductions([1.0] * (1 + 3 * patience), patience=patience) == [i // patience for i in range(1 + 3 * patience)]


def test_an_improvement_starts_the_count_again():
    assert reductions([5, 5, 4, 4, 3, 3, 3], patience=2) == [0, 0, 0, 0, 0, 0, 1]
    assert watched([5, 4, 3])[-1] == Plateau(best=3)


def test_an_improvement_is_one_of_more_than_min_delta():
    assert reductions([1.0, 0.95, 0.91], patience=2, min_delta=0.1) == [0, 0, 1]
    assert reductions([1.0, 0.95, 0.89], patience=2, min_delta=0.1) == [0, 0, 0]
    assert watched([1.0, 0.95], min_delta=0.1)[-1].best == 1.0
    assert watched([1.0, 0.5], min_delta=0.5)[-1].best == 1.0


def test_epochs_of_cooldown_are_not_counted():
    assert reductions([1.0] * 10, patience=2, cooldown=3) == [0, 0, 1, 1, 1, 1, 1, 2, 2, 2]
    assert reductions([1.0] * 7, patience=2, cooldown=0) == [0, 0, 1, 1, 2, 2, 3]


def test_an_improvement_during_the_cooldown_is_remembered():
    states = watched([1.0, 1.0, 0.5, 0.5, 0.5], patience=1, cooldown=2)
    assert [state.best for state in states] == [1.0, 1.0, 0.5, 0.5, 0.5]
    assert [state.reductions for state in states] == [0, 1, 1, 1, 2]


@pytest.mark.parametrize("bad", [nan, inf])
def test_nan_is_never_the_best(bad):
    assert watched([bad])[-1].best == inf
    assert reductions([1.0, bad, bad, bad], patience=3) == [0, 0, 0, 1]
    assert watched([bad, 2.0])[-1] == Plateau(best=2.0)


@drawn
@given(
    values=st.lists(st.floats(0, 2) | st.just(nan), max_size=60),
    patience=st.integers(1, 4),
    cooldown=st.integers(0, 4),
    min_delta=st.sampled_from([0.0, 0.1]),
)
def test_what_a_plateau_remembers(values, patience, cooldown, min_delta):
    """The best never rises, reductions come one by one and at least patience + cooldown epochs apart."""
    states = [Plateau(), *watched(values, patience=patience, cooldown=cooldown, min_delta=min_delta)]
    reduced = [i for i, (a, b) in enumerate(pairwise(states)) if b.reductions > a.reductions]
    assert all(b.best <= a.best and b.reductions - a.reductions in (0, 1) for a, b in pairwise(states))
    assert all(later - earlier >= patience + cooldown for earlier, later in pairwise(reduced))
    assert all(state.wait < patience and 0 <= state.cooldown <= cooldown for state in states)


def test_the_rule_is_found_also_under_a_warm_up():
    rule = ReduceOnPlateau(patience=3)
    assert find_plateau_rule(rule) == find_plateau_rule(WarmUp(then=rule)) == rule
    assert all(find_plateau_rule(s) is None for s in members(Schedule) if not isinstance(s, ReduceOnPlateau))


@pytest.mark.parametrize(("epoch", "fraction"), [(0, 0), (5, 0.25), (20, 1), (20.0001, 1), (40, 1)])
def test_the_fraction_of_the_run_done_is_at_most_one(epoch, fraction):
    assert Now(epoch=epoch, epochs=RUN).fraction == fraction
