from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.reporting.digest import ROOM, Digest, generate_round_steps, is_milestone
from mlptrain.training.events import Finished, StepsDone
from tests.support.streams import drawn, training


def digest_of(events):
    digest = Digest()
    for event in events:
        digest(event)
    return digest


def epochs_of(digest, budget, last=3):
    return [event.epoch for event in digest.rows(budget, last=last)]


@drawn
@given(st.integers(1, 3000), st.integers(1, 40), st.data())
def test_rows_are_bounded_rise_and_hold_the_last_and_the_best(count, budget, data):
    best = data.draw(st.integers(1, count))
    epochs = epochs_of(digest_of(training(count, best=best)), budget)
    assert 1 <= len(epochs) <= budget
    assert epochs == sorted(set(epochs))
    assert count in epochs
    assert best in epochs or budget == 1


@pytest.mark.parametrize(
    ("count", "best", "shown"),
    [
        (5, 5, [1, 2, 3, 4, 5]),
        (20, 13, [1, 2, 4, 6, 8, 10, 12, 13, 14, 16, 18, 20]),
        (5000, 3171, [1, 10, 100, 1000, 2000, 3000, 3171, 4000, 5000]),
        (100_000, 77, [1, 10, 77, 100, 1000, 10_000, 20_000, 40_000, 60_000, 80_000, 100_000]),
    ],
)
def test_what_stays_of_a_run(count, best, shown):
    assert epochs_of(digest_of(training(count, best=best)), 12, last=1) == shown


def test_a_long_run_is_kept_in_bounded_memory():
    digest = digest_of(training(100_000))
    assert len(digest._kept) <= ROOM + 19
    assert len(digest.train_loss.values()) <= 256


@drawn
@given(st.integers(1, 2000), st.integers(7, 40))
def test_the_table_is_as_full_as_round_distances_allow(count, budget):
    epochs = epochs_of(digest_of(training(count)), budget)
    tables = (
        [e for e in range(1, count + 1) if is_milestone(e, s) or e > count - 3] for s in generate_round_steps(count)
    )
    assert epochs == next(table for table in tables if len(table) <= budget)


def test_position_follows_the_steps():
    started, first, *_ = training(4)
    digest = digest_of([started, first, StepsDone(epoch=2, steps=5)])
    assert digest.position == digest.done == 1.5


def test_a_resumed_run_counts_what_it_did_itself():
    started, *events = training(10)
    digest = digest_of([started, StepsDone(epoch=7, steps=5)])
    assert (digest.position, digest.done) == (6.5, 0.5)
    digest(events[6])
    assert (digest.position, digest.done) == (7, 1)


def test_no_epoch_at_all():
    started, _, finished = training(1)
    digest = digest_of([started, finished])
    assert isinstance(digest.finished, Finished)
    assert digest.rows(12) == []
    assert digest.last is None


def test_the_epochs_of_the_run_before_are_in_the_picture_but_not_in_the_time():
    started, *epochs, _ = training(50)
    digest = Digest()
    digest(replace(started, earlier=tuple(epochs[:30])))
    for event in epochs[30:40]:
        digest(event)
    assert digest.done == 10
    assert [event.epoch for event in digest.rows(100)] == list(range(1, 41))
    assert digest.best is epochs[39]
