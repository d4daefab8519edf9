"""Signals: the first one waits for the end of a step, any other one ends at once; what was there before comes back."""

import signal

import pytest

from mlptrain.errors import DataError, HungUp, Interrupted, Terminated
from mlptrain.fitting.signals import SIGNALS, Stop, catch_signals

CODES = {"SIGINT": (Interrupted, 130), "SIGTERM": (Terminated, 143), "SIGHUP": (HungUp, 129)}
KINDS = {signal.Signals(number): CODES[signal.Signals(number).name] for number in SIGNALS}
ENDS = [None, DataError("no"), ZeroDivisionError(), Interrupted("stopped after epoch 3")]


@pytest.fixture(autouse=True)
def handlers():
    """Handlers of the user's own, one for each signal; they are there afterwards, and have heard nothing."""
    heard = []
    own = {number: lambda number, frame: heard.append(number) for number in SIGNALS}
    before = {number: signal.signal(number, hear) for number, hear in own.items()}
    yield own
    after = {number: signal.signal(number, handler) for number, handler in before.items()}
    assert after == own
    assert not heard


def test_no_signal_is_no_wish():
    with catch_signals() as stop:
        assert not stop.is_wished()
        assert {signal.getsignal(number) for number in SIGNALS} == {stop}
    assert not stop.is_wished()


@pytest.mark.parametrize("number", KINDS)
def test_the_first_signal_is_a_wish_once_a_training_asks(number):
    with catch_signals() as stop:
        assert not stop.is_wished()
        signal.raise_signal(number)
        assert stop.is_wished()
        assert stop.is_wished()


def run(*numbers, asks=True, end=None):
    """Signals, sent once a training asks for them, or before; then perhaps an error."""
    with catch_signals() as stop:
        if asks:
            stop.is_wished()
        for number in numbers:
            signal.raise_signal(number)
        if end is not None:
            raise end


@pytest.mark.parametrize("number", KINDS)
def test_before_a_training_asks_a_signal_ends_at_once(number):
    kind, code = KINDS[number]
    with pytest.raises(kind, match=r"^stopped at once; what was written before stays as it is$") as error:
        run(number, asks=False)
    assert type(error.value) is kind
    assert error.value.exit_code == code


@pytest.mark.parametrize("first", KINDS)
@pytest.mark.parametrize("second", KINDS)
def test_a_second_signal_ends_at_once_whichever_it_is(first, second):
    run(first)
    with pytest.raises(KINDS[second][0], match="stopped at once"):
        run(first, second)


@pytest.mark.parametrize("number", KINDS)
def test_a_fit_that_is_stopped_says_by_which_signal_and_keeps_its_model(number):
    kind, code = KINDS[number]
    inner = Interrupted("stopped after epoch 3")
    inner.model = object()
    with pytest.raises(kind, match=r"^stopped after epoch 3$") as error:
        run(number, end=inner)
    assert error.value.model is inner.model
    assert error.value.exit_code == code


@pytest.mark.parametrize("end", ENDS, ids=repr)
def test_the_handlers_before_come_back_however_it_ends(handlers, end):
    if end is None:
        run()
    else:
        with pytest.raises(type(end)):
            run(end=end)
    assert {number: signal.getsignal(number) for number in SIGNALS} == handlers


def test_only_the_named_signals_are_caught(handlers):
    with catch_signals(SIGNALS[:1]) as stop:
        assert signal.getsignal(signal.SIGINT) is stop
        assert all(signal.getsignal(number) is handlers[number] for number in SIGNALS[1:])


def test_a_signal_that_is_ignored_stays_ignored():
    own = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with catch_signals() as stop:
            signal.raise_signal(signal.SIGINT)
            assert not stop.is_wished()
            assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, own)


def test_other_errors_pass_as_they_are():
    problem = DataError("no")
    with pytest.raises(DataError) as error:
        run(end=problem)
    assert error.value is problem


def test_an_error_without_a_signal_is_that_of_ctrl_c():
    assert type(Stop().make_error("x")) is Interrupted
    assert Stop().make_error("x").model is None
