"""Threads within a time limit: one, where several are not clearly faster; those it began with, for a fit that goes on.

The clock stands still but for steps, which take as long as the test says for the number of threads there is.
"""

import pytest
from threadpoolctl import threadpool_limits

from mlptrain.errors import Interrupted
from mlptrain.fitting import time_limit
from mlptrain.fitting.checkpoint_file import derive_checkpoint_path, load_checkpoint
from mlptrain.fitting.thread_choice import WORTH
from mlptrain.model import products
from mlptrain.model.products import count_product_threads
from mlptrain.training import loop
from tests.support.clocks import Clock, let_steps_take
from tests.support.flows import fit, write_mixed

ALL = 2
ONE, FASTER, SLOWER = 1.0, 0.5, 3.0
"""Seconds of a step with one thread, with all where the cores are free, and where others use them."""
SPEC = {"data": {"split": {"validation": 0.2}}, "training": {"epochs": 6, "batch_size": 16}}


@pytest.fixture
def seen(monkeypatch):
    """The threads of each step of training."""
    if count_product_threads() is None:
        pytest.skip("the library of matrix products says nothing about its threads")
    monkeypatch.setattr(products, "SMALL", 0)
    threads, step = [], loop.train_step

    def watched(*arguments):
        threads.append(count_product_threads())
        return step(*arguments)

    monkeypatch.setattr(loop, "train_step", watched)
    with threadpool_limits(ALL, user_api="blas"):
        yield threads


@pytest.fixture
def clock(monkeypatch):
    clock, pace = Clock(), [ONE]
    let_steps_take(monkeypatch, clock, lambda: ONE if count_product_threads() == 1 else pace[-1], time_limit)

    def make(several):
        pace.append(several)
        return clock

    return make


def limited(folder, clock, limit="1h", **options):
    told = []
    fit(
        str(write_mixed(folder, **SPEC)),
        out=folder / "m.npz",
        overrides=[f"training.time_limit={limit}"] if limit else [],
        notice=told.append,
        clock=clock,
        **options,
    )
    return [message for message in told if "thread" in message]


@pytest.mark.parametrize(
    ("several", "threads"), [(FASTER, ALL), (ONE / WORTH * 0.99, ALL), (ONE / WORTH * 1.01, 1), (SLOWER, 1)]
)
def test_several_threads_are_kept_only_where_they_are_clearly_faster(tmp_path, clock, seen, several, threads):
    said = limited(tmp_path, clock(several))
    assert set(seen) == {threads}
    assert said == [f"time_limit: one thread, which is about as fast as {ALL} on this machine now"] * (threads == 1)


def test_without_a_limit_nothing_is_tried(tmp_path, clock, seen):
    assert limited(tmp_path, clock(SLOWER), limit=None) == []
    assert set(seen) == {ALL}


@pytest.mark.parametrize("asked", [1, 2])
def test_a_number_that_was_asked_for_stands(tmp_path, clock, seen, asked):
    assert limited(tmp_path, clock(SLOWER if asked > 1 else FASTER), threads=asked) == []
    assert set(seen) == {asked}


@pytest.mark.parametrize(("then", "now"), [(SLOWER, FASTER), (FASTER, SLOWER)])
def test_a_fit_that_goes_on_has_the_threads_that_it_began_with(tmp_path, clock, seen, then, now):
    with pytest.raises(Interrupted):
        limited(tmp_path, clock(then), stop=lambda: len(seen) > 7)
    begun = set(seen)
    assert load_checkpoint(derive_checkpoint_path(tmp_path / "m.npz")).threads == next(iter(begun))
    seen.clear()
    assert limited(tmp_path, clock(now), resume=True) == []
    assert set(seen) == begun
