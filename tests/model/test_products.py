from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import permutations
from threading import Event

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import mlptrain
from mlptrain.engine.input_layout import InputLayout
from mlptrain.model.architecture import build_network
from mlptrain.model.products import SMALL, SharedThreadLimit, compute_largest_product_size, limit_threads
from mlptrain.spec.fields import ModelSpec
from tests.support.patience import PATIENCE

BEFORE = 2
"""Threads that the library has before, whatever the machine has."""


def count_threads():
    counts = {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}
    if not counts:
        pytest.skip("the library of matrix products says nothing about its threads")
    return counts


@pytest.mark.parametrize("rows", [1, 1 << 20], ids=["small", "large"])
@pytest.mark.parametrize("asked", [None, 1, 2])
def test_the_products_have_the_threads_that_were_asked_for_else_those_they_are_worth(asked, rows):
    network = build_network(ModelSpec(hidden=(4,)), InputLayout(width=4, numbers=(0, 1, 2, 3)), 1)
    small = compute_largest_product_size(network, rows) <= SMALL
    assert small == (rows == 1)
    with threadpool_limits(BEFORE, user_api="blas"):
        with limit_threads(network, rows, asked):
            assert count_threads() == {asked or (1 if small else BEFORE)}
        assert count_threads() == {BEFORE}


@pytest.fixture
def before():
    """The threads before, which any thread of Python may change; while one is in a `with` of threadpoolctl none may."""
    found = max(count_threads())
    threadpool_limits(BEFORE, user_api="blas")
    with threadpool_limits(None):
        pass
    yield BEFORE
    threadpool_limits(found, user_api="blas")


@pytest.mark.parametrize("leaving", [*permutations(range(3))], ids=str)
@pytest.mark.parametrize("numbers", [(1, 1, 1), (3, 1, 2), (1, 3, 3)], ids=str)
def test_the_last_of_several_threads_that_leaves_restores_what_stood_before_the_first(numbers, leaving, before):
    """Each entry is entered and left in a thread of its own, one step after the other, in every order of leaving."""
    limit, inside = SharedThreadLimit(), {}
    with ExitStack() as stack:
        threads = [stack.enter_context(ThreadPoolExecutor(1)) for _ in numbers]
        for place, number in enumerate(numbers):
            holding = limit.limit_products(number)
            threads[place].submit(holding.__enter__).result(PATIENCE)
            inside[place] = holding
            assert count_threads() == {min(numbers[: place + 1])}
        for place in leaving:
            threads[place].submit(inside.pop(place).__exit__, None, None, None).result(PATIENCE)
            assert count_threads() == {min((numbers[each] for each in inside), default=before)}


def test_of_limits_within_each_other_the_inner_one_holds_while_it_is_in():
    limit = SharedThreadLimit()
    with threadpool_limits(BEFORE, user_api="blas"):
        with limit.limit_products(1):
            with limit.limit_products(3):
                assert count_threads() == {3}
                with limit.limit_products(None):
                    assert count_threads() == {3}
            assert count_threads() == {1}
        assert count_threads() == {BEFORE}
        with limit.limit_products(None):
            assert count_threads() == {BEFORE}


def test_fits_in_several_threads_leave_the_process_the_threads_that_it_had(before):
    """Of three fits each waits, where its training has begun, for the next one; the first that began ends first."""
    begun = [Event() for _ in range(3)]
    spec = {"data": {"target": "y"}, "model": {"hidden": [2]}, "training": {"epochs": 1, "batch_size": "full"}}
    table = {"x": [0.0, 1.0] * 10, "y": ["a", "b"] * 10}

    def train(place):
        def see(event):
            if event.kind == "started":
                begun[place].set()
                assert begun[min(place + 1, 2)].wait(PATIENCE)

        if place:
            assert begun[place - 1].wait(PATIENCE)
        try:
            mlptrain.fit(spec, table, threads=1, sinks=see)
        finally:
            begun[place].set()

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(train, range(3), timeout=PATIENCE))
    assert count_threads() == {before}
