"""What schedules change while a network is trained: the learning rate, the momentum, the dropout rate of each step."""

from itertools import pairwise
from typing import get_args

import numpy as np
import pytest

from mlptrain.engine.dropout import Dropout, GaussianDropout
from mlptrain.engine.first_order import FirstOrder
from mlptrain.engine.optimizers import SGD, Momentum, Nesterov
from mlptrain.engine.schedules import Cosine, Decay, LinearRamp, Now, ReduceOnPlateau, WarmUp
from mlptrain.spec.fields import Schedules, Training
from mlptrain.training.loop import train
from tests.support.courses import course_of, run, state_of

SCHEDULES = [
    *(kind() for kind in get_args(Decay)),
    WarmUp(epochs=2.5),
    WarmUp(epochs=1, start=0.1, then=Cosine(end=0.1)),
]
THREE_STEPS = Training(epochs=4, batch_size=4)
"""Twelve rows in batches of four: three steps an epoch."""


def times(epochs=4, steps=3):
    return [Now(epoch + step / steps, epochs) for epoch in range(epochs) for step in range(steps)]


def steps_of(course, monkeypatch):
    """(learning rate, optimizer) of every step of a training."""
    taken = []
    advance = FirstOrder.advance

    def spy(optimizer, *args, lr, t, **others):
        taken.append((lr, optimizer, t))
        return advance(optimizer, *args, lr=lr, t=t, **others)

    monkeypatch.setattr(FirstOrder, "advance", spy)
    list(train(course, state_of(course)))
    return taken


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule.name)
def test_every_step_has_the_learning_rate_of_its_time_and_an_epoch_tells_its_last(schedule, monkeypatch):
    course = course_of(
        training=THREE_STEPS, schedules=Schedules(learning_rate=schedule), optimizer=SGD(learning_rate=0.2)
    )
    taken = steps_of(course, monkeypatch)
    wanted = [schedule(0.2, now) for now in times()]
    assert [lr for lr, _, _ in taken] == wanted
    assert [t for _, _, t in taken] == list(range(1, 13))
    epochs, _ = run(course)
    assert [epoch.learning_rate for epoch in epochs] == wanted[2::3]


def test_the_learning_rate_stays_without_a_schedule(monkeypatch):
    taken = steps_of(course_of(training=THREE_STEPS, optimizer=SGD(learning_rate=0.2)), monkeypatch)
    assert [lr for lr, _, _ in taken] == [0.2] * 12


@pytest.mark.parametrize("kind", [Momentum, Nesterov])
def test_momentum_follows_its_schedule_and_the_learning_rate_does_not(kind, monkeypatch):
    ramp = LinearRamp(start=0.5, epochs=2)
    course = course_of(
        training=THREE_STEPS, schedules=Schedules(momentum=ramp), optimizer=kind(learning_rate=0.05, momentum=0.9)
    )
    taken = steps_of(course, monkeypatch)
    assert [optimizer.momentum for _, optimizer, _ in taken] == [ramp(0.9, now) for now in times()]
    assert taken[0][1].momentum == 0.5
    assert taken[-1][1].momentum == 0.9
    assert {lr for lr, _, _ in taken} == {0.05}
    assert {type(optimizer) for _, optimizer, _ in taken} == {kind}


@pytest.mark.parametrize("dropout", [Dropout(rate=0.4), GaussianDropout(rate=0.4)])
@pytest.mark.parametrize("schedule", [None, LinearRamp(), Cosine()])
def test_dropout_follows_its_schedule(dropout, schedule, monkeypatch):
    course = course_of(training=THREE_STEPS, schedules=Schedules(dropout=schedule), model={"dropout": dropout})
    rates, begin = [], course.network.begin

    def spy(rows, **mode):
        if mode.get("train"):
            rates.append(mode["rate"](0.4))
        return begin(rows, **mode)

    monkeypatch.setattr(course.network, "begin", spy)
    list(train(course, state_of(course)))
    assert rates == [0.4 if schedule is None else schedule(0.4, now) for now in times()]


def test_a_dropout_schedule_that_begins_at_zero_begins_without_noise():
    def first(schedules):
        course = course_of(
            training=Training(epochs=1, batch_size="full"), schedules=schedules, model={"dropout": Dropout()}
        )
        return run(course)[0][0].train_loss

    plain = course_of(training=Training(epochs=1, batch_size="full"))
    assert first(Schedules(dropout=LinearRamp())) == run(plain)[0][0].train_loss != first(Schedules())


def standing_still(rule, epochs):
    """The learning rates of a run whose validation loss never changes."""
    schedules = Schedules(learning_rate=rule)
    course = course_of(optimizer=SGD(learning_rate=1e-300), training=Training(epochs=epochs), schedules=schedules)
    return [epoch.learning_rate / 1e-300 for epoch in run(course)[0]]


def test_a_plateau_reduces_the_learning_rate_after_its_patience():
    rates = standing_still(ReduceOnPlateau(factor=0.5, patience=2), 8)
    assert rates == pytest.approx([1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.125])


def test_a_cooldown_and_a_minimum_hold_reductions_back():
    rates = standing_still(ReduceOnPlateau(factor=0.1, patience=2, cooldown=2, minimum=1e-302), 14)
    assert rates == pytest.approx([1, 1, 1, *[0.1] * 4, *[0.01] * 7])


def test_a_plateau_under_a_warm_up_reduces_as_well():
    rates = standing_still(WarmUp(epochs=2, then=ReduceOnPlateau(factor=0.5, patience=2)), 5)
    assert rates[2:] == pytest.approx([1, 0.5, 0.5])
    assert rates[0] < rates[1] <= 1


def test_a_run_that_gets_better_is_not_reduced():
    schedules = Schedules(learning_rate=ReduceOnPlateau(patience=1, min_delta=0))
    course = course_of(
        rows=60, training=Training(epochs=5, batch_size="full"), schedules=schedules, optimizer=SGD(learning_rate=0.01)
    )
    epochs, _ = run(course)
    losses = [epoch.validation_loss for epoch in epochs]
    assert all(after < before for before, after in pairwise(losses))
    assert {epoch.learning_rate for epoch in epochs} == {0.01}


def test_a_plateau_watches_the_metric_that_the_run_watches():
    """The accuracy stands still while the loss falls: with the accuracy watched the rate is reduced."""

    def last_rate(monitor):
        course = course_of(
            rows=60,
            validation_rows=20,
            training=Training(epochs=6, batch_size="full", monitor=monitor),
            schedules=Schedules(learning_rate=ReduceOnPlateau(patience=2, min_delta=0)),
            optimizer=SGD(learning_rate=1e-6),
        )
        epochs, _ = run(course)
        assert len({epoch.validation_loss for epoch in epochs}) == 6
        return epochs[-1].learning_rate

    assert last_rate("loss") == 1e-6
    assert last_rate("accuracy") == pytest.approx(1e-8)


def test_schedules_change_nothing_in_evaluation():
    course = course_of(model={"dropout": Dropout(rate=0.5)}, schedules=Schedules(dropout=LinearRamp()))
    x = course.train.x
    once = np.concatenate([logits.copy() for logits in course.network.logits(x)])
    again = np.concatenate([logits.copy() for logits in course.network.logits(x)])
    assert np.array_equal(once, again)
