"""Work done ahead by a thread, and in turn where the system gives none: the same results, the same errors."""

import threading

import pytest

from mlptrain.data.ahead import Ahead


def refuse(*_):
    raise RuntimeError("can't start new thread")


@pytest.fixture(params=["a thread", "no thread"])
def threads(request, monkeypatch):
    if request.param == "no thread":
        monkeypatch.setattr(threading.Thread, "start", refuse)
    return request.param


def divide(one, other):
    return one / other


def test_results_and_errors_come_in_turn(threads):
    with Ahead() as ahead:
        given = [ahead.submit(divide, 6, other=number) for number in (1, 0, 2, 3)]
        assert given[0].result() == 6
        with pytest.raises(ZeroDivisionError):
            given[1].result()
        assert [each.result() for each in given[2:]] == [3, 2]


def test_a_generator_goes_on_where_it_was(threads):
    numbers = iter(range(5))
    with Ahead() as ahead:
        assert [ahead.submit(next, numbers, None).result() for _ in range(6)] == [0, 1, 2, 3, 4, None]


def test_what_was_refused_is_done_once(monkeypatch):
    """A pool keeps the work that it could not begin; a thread that it gets later would do it again."""
    done, start = [], threading.Thread.start
    refusals = iter([refuse])
    monkeypatch.setattr(threading.Thread, "start", lambda thread: next(refusals, start)(thread))
    with Ahead() as ahead:
        for number in range(3):
            ahead.submit(done.append, number).result()
    assert done == [0, 1, 2]


def test_other_troubles_of_a_pool_are_no_reason(monkeypatch):
    def trouble(_):
        raise RuntimeError("something else")

    monkeypatch.setattr(threading.Thread, "start", trouble)
    with Ahead() as ahead, pytest.raises(RuntimeError, match="something else"):
        ahead.submit(divide, 1, 2)
