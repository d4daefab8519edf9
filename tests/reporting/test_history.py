import io
import json
from dataclasses import fields, replace
from math import inf, isfinite, nan

from hypothesis import given

from mlptrain.model.history import EpochEnded
from mlptrain.model.layer_history import Histogram, LayerFacts
from mlptrain.reporting.history import UNWRITTEN, HistoryWriter
from mlptrain.training.events import Finished, Started, StepsDone
from tests.model.test_layer_findings import facts, seen
from tests.support.clocks import Clock
from tests.support.streams import drawn, runs, training

NAMES = {Started: "started", EpochEnded: "epoch", Finished: "finished"}


def written(events):
    stream = io.StringIO()
    sink = HistoryWriter(stream, clock=Clock())
    for event in events:
        sink(event)
    return stream.getvalue()


def refuse(constant):
    raise AssertionError(constant)


@drawn
@given(runs())
def test_every_line_is_strict_json_and_says_what_the_event_said(events):
    lines = [json.loads(line, parse_constant=refuse) for line in written(events).splitlines()]
    told = [event for event in events if not isinstance(event, StepsDone)]
    for line, event in zip(lines, told, strict=True):
        values = {field.name: getattr(event, field.name) for field in fields(event) if field.name not in UNWRITTEN}
        finite = {name: None if isinstance(v, float) and not isfinite(v) else v for name, v in values.items()}
        assert line == {"event": NAMES[type(event)], **finite}


def test_the_layers_have_a_line_of_their_own():
    line = json.loads(written([seen(facts("hidden_1", weights=Histogram(edges=(0.0, 1.0), counts=(5,))))]))
    first, *_, output = line["layers"]
    assert (line["event"], line["epoch"], line["gradient_norm"]) == ("layers", 3, None)
    assert (first["name"], first["gradient_rms"], first["weights"]) == (
        "hidden_1",
        0.01,
        {"edges": [0.0, 1.0], "counts": [5]},
    )
    assert set(output) == {each.name for each in fields(LayerFacts)}


def test_the_lines_of_an_earlier_run_are_written_again_those_of_the_layers_too():
    started, first, second, *_ = training(2)
    again = replace(started, earlier=(first, second), earlier_layers=(replace(seen(), epoch=2),))
    lines = [json.loads(line) for line in written([again]).splitlines()]
    assert [line["event"] for line in lines] == ["started", "epoch", "layers", "epoch"]
    assert "earlier_layers" not in lines[0]


def test_no_number_is_null():
    _, epoch, _ = training(1)
    line = json.loads(written([replace(epoch, train_loss=nan, validation_loss=inf, penalty=-inf)]))
    assert [line[name] for name in ("train_loss", "validation_loss", "penalty", "gradient_norm")] == [None] * 4


def test_lines_are_ascii_and_one_a_event():
    started, *_ = training(1)
    text = written([replace(started, metric="精\n\u2028\x1b")])
    assert text.isascii()
    assert text.count("\n") == 1


def test_what_was_written_is_there_to_read_within_a_second():
    flushed = []

    class Stream(io.StringIO):
        def flush(self):
            flushed.append(self.getvalue().count("\n"))

    clock = Clock()
    sink = HistoryWriter(Stream(), clock=clock)
    for event in training(10):
        sink(event)
        clock.now += 0.3
    assert flushed == [1, 5, 9, 12]


def test_the_epochs_of_the_run_before_are_lines_too():
    started, *epochs, _ = training(5)
    text = written([replace(started, earlier=tuple(epochs[:3])), *epochs[3:]])
    assert text == written([started, *epochs])
