"""Who hears of an event, and who is left when an error ends the trainings."""

from dataclasses import fields
from typing import get_args

import pytest

from mlptrain.model.history import EpochEnded
from mlptrain.model.layer_history import LayersSeen
from mlptrain.training.events import (
    Event,
    EventSink,
    Finished,
    FitFinished,
    FitStarted,
    FunctionSink,
    Started,
    StepsDone,
    TrainingProgress,
    TrialSteps,
    narrow_to_finished,
    open_sinks,
)


def event_of(kind):
    """An event of a kind, with some value in each field."""
    return kind(**{field.name: 1 for field in fields(kind)})


class Recorder(EventSink):
    """Writes down what is called."""

    def __init__(self, log, name=""):
        self.log, self.name = log, name

    def __enter__(self):
        self.log.append(f"enter {self.name}")
        return super().__enter__()

    def see_fit_start(self, fit, /):
        self.log.append(("fit start", fit))

    def see_fit_finish(self, fit, /):
        self.log.append(("fit finish", fit))

    def see_trial(self, trial, /):
        self.log.append(("trial", trial))

    def see_progress(self, progress, /):
        self.log.append(("progress", progress))

    def see_start(self, started, /):
        self.log.append(("start", started))

    def see_steps(self, steps, /):
        self.log.append(("steps", steps))

    def see_layers(self, layers, /):
        self.log.append(("layers", layers))

    def see_epoch(self, epoch, /):
        self.log.append(("epoch", epoch))

    def see_finish(self, finished, /):
        self.log.append(("finish", finished))

    def close(self):
        self.log.append(f"close {self.name}")


METHODS = {
    TrainingProgress: "progress",
    TrialSteps: "trial",
    Started: "start",
    StepsDone: "steps",
    EpochEnded: "epoch",
    Finished: "finish",
} | {
    LayersSeen: "layers",
    FitStarted: "fit start",
    FitFinished: "fit finish",
}


@pytest.mark.parametrize("kind", get_args(Event))
def test_each_kind_of_event_has_its_method(kind):
    log, event = [], event_of(kind)
    Recorder(log)(event)
    assert log == [(METHODS[kind], event)]
    EventSink()(event)


@pytest.mark.parametrize("kind", get_args(Event))
def test_the_last_event_says_so(kind):
    event = event_of(kind)
    assert narrow_to_finished(event) is (event if kind is Finished else None)


def test_each_kind_of_event_has_a_name_of_its_own():
    names = ["fit_started", "trial", "progress", "started", "steps", "layers", "epoch", "finished", "fit_finished"]
    assert [kind.kind for kind in get_args(Event)] == names


def test_a_function_is_called_with_every_event():
    seen = []
    events = [event_of(kind) for kind in get_args(Event)]
    with FunctionSink(seen.append) as sink:
        for event in events:
            sink(event)
    assert seen == events


def test_all_sinks_are_entered_and_left_in_turn():
    log = []
    with open_sinks([Recorder(log, "a"), Recorder(log, "b")]):
        log.append("train")
    assert log == ["enter a", "enter b", "train", "close b", "close a"]


def test_the_first_event_is_told_when_all_sinks_are_entered():
    log, first = [], FitStarted(source="spec")
    with open_sinks(iter([Recorder(log, "a"), Recorder(log, "b")]), first):
        log.append("train")
    told = ("fit start", first)
    assert log == ["enter a", "enter b", told, told, "train", "close b", "close a"]


def test_every_sink_is_left_whatever_goes_wrong():
    class Broken(Recorder):
        def close(self):
            super().close()
            raise OSError("full")

    log = []
    with pytest.raises(OSError, match="full"), open_sinks([Recorder(log, "a"), Broken(log, "b"), Recorder(log, "c")]):
        raise ZeroDivisionError
    assert log[-3:] == ["close c", "close b", "close a"]


def test_a_sink_that_cannot_be_entered_leaves_those_before_it():
    class Broken(Recorder):
        def __enter__(self):
            raise OSError("no terminal")

    log = []
    with pytest.raises(OSError, match="no terminal"), open_sinks([Recorder(log, "a"), Broken(log, "b")]):
        pass
    assert log == ["enter a", "close a"]
