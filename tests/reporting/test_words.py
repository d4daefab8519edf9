from dataclasses import replace

import pytest
from hypothesis import given

from mlptrain.figures import WIDTH
from mlptrain.model.history import EpochEnded
from mlptrain.reporting.words import (
    describe_finish,
    describe_start,
    format_count_with_noun,
    format_duration,
    format_row_rate,
    format_stopwatch,
)
from mlptrain.training.events import Finished
from tests.support.streams import drawn, floats, training


@drawn
@given(floats)
def test_row_rates_fit_their_column(value):
    assert 1 <= len(format_row_rate(value)) <= WIDTH


@drawn
@given(floats)
def test_every_time_has_words(seconds):
    assert format_duration(seconds)
    assert format_stopwatch(seconds)


@pytest.mark.parametrize(
    ("seconds", "long", "short"),
    [
        (0.04, "0.04 s", "0:00"),
        (0.4, "0.4 s", "0:00"),
        (59.94, "59.9 s", "0:59"),
        (59.96, "1 min 00 s", "0:59"),
        (185, "3 min 05 s", "3:05"),
        (3723, "1 h 02 min", "1:02:03"),
    ],
)
def test_times(seconds, long, short):
    assert format_duration(seconds) == long
    assert format_stopwatch(seconds) == short


def test_counts():
    assert [format_count_with_noun(n, "row") for n in (0, 1, 1234)] == ["0 rows", "1 row", "1,234 rows"]


@pytest.mark.parametrize(
    ("value", "text"), [(950.4, "950"), (12_345.0, "12k"), (185_800.0, "190k"), (1.24e6, "1.2M"), (2e9, "2G")]
)
def test_rates(value, text):
    assert format_row_rate(value) == text


started, *rest = training(63, planned=100, best=53)
best = next(event for event in rest if isinstance(event, EpochEnded) and event.epoch == 53)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("epochs", "done: 63 epochs in 8.1 s, best epoch 53 (validation loss 0.03051)"),
        (
            "early_stopping",
            "stopped early: 63 epochs in 8.1 s, no improvement for 10 epochs, best epoch 53 (validation loss 0.03051)",
        ),
        ("time_limit", "out of time: 63 epochs in 8.1 s, best epoch 53 (validation loss 0.03051)"),
        ("interrupted", "interrupted: 63 epochs in 8.1 s, best epoch 53 (validation loss 0.03051)"),
    ],
)
def test_the_last_line_says_why_and_which_epoch_was_best(reason, words):
    finished = Finished(reason=reason, epochs=63, best_epoch=53, seconds=8.1)
    assert describe_finish(started, finished, best) == words


def test_the_best_epoch_of_an_earlier_run_has_no_value():
    finished = Finished(reason="epochs", epochs=63, best_epoch=7, seconds=8.1)
    assert describe_finish(started, finished, None) == "done: 63 epochs in 8.1 s, best epoch 7"


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (63, "interrupted: 63 epochs, none of them now, best epoch 53"),
        (50, "interrupted: 63 epochs, 13 of them now in 8.1 s, best epoch 53"),
    ],
)
def test_the_seconds_are_said_of_the_epochs_of_this_run(before, words):
    finished = Finished(reason="interrupted", epochs=63, best_epoch=53, seconds=8.1)
    assert describe_finish(replace(started, earlier=tuple(rest[:before])), finished, None) == words


def test_no_best_epoch_where_nothing_is_watched():
    unwatched, *_ = training(3, monitor=None)
    finished = Finished(reason="epochs", epochs=3, best_epoch=3, seconds=1.0)
    assert describe_finish(unwatched, finished, None) == "done: 3 epochs in 1.0 s"


def test_the_title_is_made_plain():
    assert describe_start(started, "\x1b[2J.yaml").startswith(r"\x1b[2J.yaml: 120 training rows, 30 validation rows, ")
