"""The sinks by name: what holds for each of them."""

import io
import json

import pytest

from mlptrain.errors import EnvironmentFailure, SpecError
from mlptrain.reporting.console import ConsoleSink
from mlptrain.reporting.lines import LinesSink
from mlptrain.reporting.sinks import SINKS, TRACKERS, choose_display, make_sink
from tests.read_events import read_scalars
from tests.support.streams import training


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self):
        return True


EVENTS = pytest.param("tensorboard", marks=pytest.mark.integration)
NAMES = [EVENTS if name == "tensorboard" else name for name in SINKS if name not in TRACKERS]


@pytest.fixture(autouse=True)
def need_libraries(request):
    """Skip what needs a library that is not there."""
    if request.node.get_closest_marker("integration"):
        pytest.importorskip("tensorboard", reason="needs tensorboard: pip install -e '.[integration]'")


def read_lines(path, stream):
    """What a run has left: lines that were shown, those of a file, or the numbers of event files."""
    if path.is_dir():
        return [f"{tag} {step}" for tag, points in read_scalars(path / "run").items() for step in points]
    return (stream.getvalue() or path.read_text()).splitlines()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.jsonl"


def show(sink, events):
    with sink:
        for event in events:
            sink(event)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_shown_or_written_before_the_first_event(name, path):
    stream = io.StringIO()
    show(make_sink(name, path=path, stream=stream), [])
    assert stream.getvalue() == ""
    assert not path.exists()


@pytest.mark.parametrize("name", NAMES)
def test_a_run_leaves_something_and_no_file_open(name, path):
    stream = io.StringIO()
    show(make_sink(name, title="iris.yaml", path=path, stream=stream), training(3))
    assert read_lines(path, stream)


@pytest.mark.parametrize("name", NAMES)
def test_an_error_goes_through_and_the_epochs_before_it_are_kept(name, path):
    def broken_off():
        yield from list(training(30))[:28]
        raise ZeroDivisionError

    stream = io.StringIO()
    with pytest.raises(ZeroDivisionError):
        show(make_sink(name, path=path, stream=stream), broken_off())
    assert "27" in read_lines(path, stream)[-1]


@pytest.mark.parametrize("name", [name for name in NAMES if name is not EVENTS])
def test_a_sink_may_be_entered_for_a_second_run(name, path):
    stream = io.StringIO()
    sink = make_sink(name, path=path, stream=stream)
    show(sink, training(3))
    show(sink, training(2))
    assert stream.getvalue() or len(path.read_text().splitlines()) == 4


def test_a_name_that_no_sink_has():
    with pytest.raises(
        SpecError, match="there is no sink 'tty'; the sinks are console, lines, notebook, history, tensor"
    ):
        make_sink("tty")


def test_a_history_needs_a_path():
    with pytest.raises(SpecError, match="the sink 'history' writes a file: give its path"):
        make_sink("history")


def test_event_files_need_a_folder():
    with pytest.raises(SpecError, match=r"the sink 'tensorboard' writes a folder: give mlptrain.TensorBoardSink\("):
        make_sink("tensorboard")


def test_a_terminal_gets_a_picture_and_anything_else_lines(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    assert (choose_display(Terminal()), choose_display(io.StringIO())) == ("console", "lines")
    assert isinstance(make_sink("console", stream=Terminal()), ConsoleSink)
    assert isinstance(make_sink("console", stream=io.StringIO()), LinesSink)
    monkeypatch.setenv("JPY_PARENT_PID", "12")
    assert choose_display(Terminal()) == "lines"
    assert isinstance(make_sink("console", stream=Terminal()), LinesSink)


@pytest.mark.parametrize("text", ["a,b\n1,2\n", '{"event":'])
def test_a_history_replaces_no_other_file(path, text):
    path.write_text(text)
    with pytest.raises(SpecError, match="exists and is not a history of mlptrain; choose another name"):
        make_sink("history", path=path)


@pytest.mark.parametrize("text", ["", '{"event": "started"}\n'])
def test_a_history_replaces_an_earlier_one_and_an_empty_file(path, text):
    path.write_text(text)
    show(make_sink("history", path=path), training(1))
    assert [json.loads(line)["event"] for line in path.read_text().splitlines()] == ["started", "epoch", "finished"]


def test_a_history_that_cannot_be_written_ends_the_run(tmp_path):
    with pytest.raises(EnvironmentFailure, match="cannot be written"):
        show(make_sink("history", path=tmp_path), training(1))
