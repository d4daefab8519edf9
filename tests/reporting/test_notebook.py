"""The picture in a notebook, shown by what stands for IPython."""

import re
import sys
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given

from mlptrain.errors import Diverged
from mlptrain.reporting.lines import LinesSink
from mlptrain.reporting.notebook import INTERVAL, NotebookSink, Picture, display_in_notebook
from mlptrain.reporting.sinks import choose_display, is_watched, make_sink
from mlptrain.reporting.terminal import is_in_notebook
from mlptrain.training.events import Finished, Started, TrialSteps
from tests.support.clocks import Clock
from tests.support.html import find_flaws
from tests.support.streams import drawn, runs, training


class Page:
    """Places below a cell, each with the pictures that stood there, and when."""

    def __init__(self, clock):
        self.clock, self.places = clock, []

    def __call__(self, picture):
        place = [(self.clock.now, picture)]
        self.places.append(place)
        return SimpleNamespace(update=lambda picture: place.append((self.clock.now, picture)))


def show(events, *, tick=1.0, title="iris.yaml"):
    """The places of a page on which events were shown."""
    clock = Clock()
    page = Page(clock)
    with NotebookSink(page, title=title, clock=clock) as sink:
        for event in events:
            sink(event)
            clock.now += tick
    return page.places


def in_turn(events, **differences):
    """The events of a training with other facts about its start."""
    return [type(event)(**(vars(event) | differences)) if isinstance(event, Started) else event for event in events]


def folds(count):
    return [event for fold in range(1, count + 1) for event in in_turn(training(30), fold=fold, folds=count)]


def test_a_run_has_one_place_and_its_last_picture_has_the_last_epoch():
    (place,) = show(training(30), tick=0.1)
    last = place[-1][1]
    assert "<td>" in last.html
    assert '<th scope="row"><b>30</b></th>' in last.html
    assert "done: 30 epochs in 12.3 s, best epoch 30" in last.html
    assert "iris.yaml: 120 training rows" in last.html
    assert "<progress" not in last.html
    assert repr(last).splitlines()[0].startswith("iris.yaml: 120 training rows")
    assert "done: 30 epochs" in repr(last)
    assert "rows/s" not in last.html + repr(last)


@pytest.mark.parametrize("tick", [1e-4, 0.01, 0.1, 0.3, 5.0])
def test_a_picture_is_updated_four_times_a_second_at_most(tick):
    (place,) = show(training(200), tick=tick)
    times = [when for when, _ in place]
    assert all(later - earlier >= INTERVAL - 1e-9 for earlier, later in pairwise(times[:-1]))
    assert len(place) >= min(200, 200 * tick / INTERVAL / 2)
    assert INTERVAL == 0.25


def test_the_first_picture_is_there_at_once_and_live_ones_have_a_bar():
    (place,) = show(training(30))
    assert "epoch 1/30" in place[0][1].html
    assert all("<progress" in picture.html for _, picture in place[:-1])
    assert "epoch 30/30" in place[-2][1].html


def test_all_trainings_of_a_fit_share_one_place():
    (place,) = show(folds(3))
    last = place[-1][1]
    assert last.html.count("<table>") == 1
    assert [name in last.html for name in ("fold 1  done", "fold 2  done", "fold 3 of 3")] == [True] * 3
    assert last.text.count("done: 30 epochs") == 3


def test_trials_and_a_refit_share_it_too():
    trials = [TrialSteps(trial=1, trials=2, steps=step, planned=4) for step in (1, 2, 4)]
    refit = in_turn(training(10), refit=True)
    (place,) = show([*trials, *in_turn(training(20), refit_follows=True), *refit])
    assert "trial 1 of 2, step 1/4" in place[0][1].html
    assert "search  done: 20 epochs" in place[-1][1].html
    assert "refit up to the best epoch" in place[-1][1].html


def test_a_second_fit_has_a_place_of_its_own():
    first, second = show([*training(5), *training(7)])
    assert "done: 5 epochs" in first[-1][1].html
    assert "done: 7 epochs" in second[-1][1].html


@pytest.mark.parametrize("error", [Diverged("the loss is inf"), KeyboardInterrupt()])
def test_an_error_leaves_how_far_the_run_had_come(error):
    page = Page(clock := Clock())

    def break_off():
        with NotebookSink(page, clock=clock) as sink:
            for event in list(training(30))[:13]:
                sink(event)
                clock.now += 0.001
            raise error

    with pytest.raises(type(error)):
        break_off()
    ((*_, (_, last)),) = page.places
    assert "not finished: 12 of 30 epochs" in last.html
    assert '<th scope="row"><b>12</b></th>' in last.html


def test_an_interrupted_run_says_so():
    events = [*list(training(30))[:6], Finished(reason="interrupted", epochs=5, best_epoch=5, seconds=1.0)]
    ((*_, (_, last)),) = show(in_turn(events, fold=1, folds=3))
    assert "interrupted: 5 epochs" in last.html


def test_nothing_is_shown_before_the_first_event():
    assert show([]) == []


@drawn
@given(runs())
def test_any_run_is_shown_as_harmless_html(events):
    for place in show(events, title="\x1b[2J<script>\u202e精"):
        for _, picture in place:
            assert find_flaws(picture.html) == []
            assert "\x1b" not in repr(picture)


def test_a_long_run_stays_small():
    (place,) = show(training(20_000), tick=1e-3)
    assert len(place[-1][1].html.encode()) < 20_000


# in a kernel or not


class ZMQInteractiveShell:
    """What stands for ipykernel's class; the name is what tells."""


class Shell(ZMQInteractiveShell):
    """What stands for Colab's."""


class TerminalInteractiveShell:
    """What stands for that of `ipython`."""


@pytest.mark.parametrize(
    ("shell", "there"), [(ZMQInteractiveShell, True), (Shell, True), (TerminalInteractiveShell, False), (None, False)]
)
def test_a_kernel_is_known_by_its_shell(monkeypatch, shell, there):
    displayed = []

    def display(picture, *, display_id):
        displayed.append((picture, display_id))
        return SimpleNamespace(update=displayed.append)

    make = shell or (lambda: None)
    names = SimpleNamespace(get_ipython=make)
    monkeypatch.setitem(sys.modules, "IPython", names)
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    assert is_in_notebook() == there
    assert (choose_display(sys.stderr) == "notebook") == there
    assert is_watched(sys.stderr) == there
    sink = make_sink("notebook")
    assert isinstance(sink, NotebookSink if there else LinesSink)
    if there:
        handle = display_in_notebook(picture := Picture("<p>", "x"))
        handle.update(picture)
        assert displayed == [(picture, True), picture]


def test_without_ipython_there_is_no_kernel(monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not is_in_notebook()
    assert "IPython" not in sys.modules


def test_the_epochs_are_those_of_the_terminal():
    (place,) = show(training(500, best=317))
    html, text = place[-1][1].html, place[-1][1].text
    shown = [int(number) for number in re.findall(r'<th scope="row">(?:<b>)?(\d+)<', html)]
    assert shown == [int(number) for number in re.findall(r"^[★ ] +(\d+) ", text, re.MULTILINE)]
    assert {317, 500} < set(shown)
    assert "<b>317</b>" in html
    assert "best: 317" in html
