"""Trackers: one run a training, every number at its epoch; by stand-ins, and by the libraries where they are there."""

import json
import os
import sqlite3
import struct
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given

import mlptrain
from mlptrain.errors import Diverged, EnvironmentFailure, Interrupted
from mlptrain.model.history import EpochEnded
from mlptrain.reporting.run_settings import list_epoch_values
from mlptrain.reporting.sinks import TRACKERS
from mlptrain.reporting.trackers import MLflow, TrackerSink, Trackio, WeightsAndBiases
from mlptrain.training.events import Finished, FitStarted
from tests.support.command import ROOT, files
from tests.support.command import mlptrain as run_command
from tests.support.flows import fit, write_mixed
from tests.support.streams import drawn, runs, training

HELD_OUT = {"data": {"split": {"validation": 0.25}}, "training": {"epochs": 3}}


class Recorder:
    """A tracker that writes down its calls; the one named `broken` raises."""

    library, offline = "recorder", "RECORDER=off"

    def __init__(self, broken=""):
        self.calls, self.broken = [], broken

    def note(self, what, *told):
        self.calls.append((what, *told))
        if what == self.broken:
            raise ConnectionError("no answer\nfrom the server")

    def start(self, name, settings):
        self.note("start", name, dict(settings))

    def log(self, values, step):
        self.note("log", dict(values), step)

    def end(self, *, failed):
        self.note("end", failed)


def show(sink, events):
    with sink:
        for event in events:
            sink(event)


def names(calls):
    return [call[0] for call in calls]


# what a tracker is told


@drawn
@given(events=runs())
def test_every_finite_number_is_logged_at_its_epoch(events):
    tracker = Recorder()
    show(TrackerSink(tracker), events)
    epochs = [event for event in events if isinstance(event, EpochEnded)]
    finished = next((event for event in events if isinstance(event, Finished)), None)
    assert tracker.calls[1:-1] == [("log", list_epoch_values(each, events[0].metric), each.epoch) for each in epochs]
    assert tracker.calls[-1] == ("end", finished is None or finished.reason == "interrupted")
    assert names(tracker.calls).count("end") == names(tracker.calls).count("start") == 1


def test_a_run_that_goes_on_is_a_whole_one():
    started, *epochs, finished = training(4)
    whole, again = Recorder(), Recorder()
    show(TrackerSink(whole), [started, *epochs, finished])
    show(TrackerSink(again), [replace(started, earlier=tuple(epochs[:2])), *epochs[2:], finished])
    assert again.calls == whole.calls


def test_each_training_is_a_run_with_the_settings_of_the_user(tmp_path):
    tracker = Recorder()
    spec = write_mixed(tmp_path, data={"split": {"folds": 2}}, training={"epochs": 2, "batch_size": 8})
    mlptrain.fit(spec, overrides={"optimizer.learning_rate": 0.005}, sinks=TrackerSink(tracker))
    starts = [call for call in tracker.calls if call[0] == "start"]
    assert [call[1] for call in starts] == ["mixed-fold-1", "mixed-fold-2"]
    assert starts[0][2]["optimizer.learning_rate"] == 0.005
    assert starts[0][2]["data.split.folds"] == 2
    assert "training.shuffle" not in starts[0][2]
    assert names(tracker.calls) == ["start", "log", "log", "end"] * 2


def test_a_refit_is_a_run_of_its_own(tmp_path):
    tracker = Recorder()
    mlptrain.fit(
        write_mixed(tmp_path, **HELD_OUT | {"training": {"epochs": 2, "refit": True}}), sinks=TrackerSink(tracker)
    )
    assert [call[1] for call in tracker.calls if call[0] == "start"] == ["mixed", "mixed-refit"]


def test_the_model_is_the_same_to_the_byte(tmp_path):
    spec = write_mixed(tmp_path, **HELD_OUT)
    tracked = mlptrain.fit(spec, sinks=TrackerSink(Recorder()))
    assert tracked.model.to_bytes() == mlptrain.fit(spec).model.to_bytes()


# what goes wrong


def test_a_run_that_an_error_ends_has_failed(tmp_path):
    tracker = Recorder()
    sections = {"data": {"target": "price"}, "optimizer": {"name": "sgd", "learning_rate": 1e30}}
    with pytest.raises(Diverged):
        fit(str(write_mixed(tmp_path, **sections)), out=tmp_path / "m.npz", sinks=[TrackerSink(tracker)])
    assert tracker.calls[-1] == ("end", True)


def test_a_run_that_the_user_stops_has_failed(tmp_path):
    tracker = Recorder()
    with pytest.raises(Interrupted):
        fit(
            str(write_mixed(tmp_path, **HELD_OUT)),
            out=tmp_path / "m.npz",
            sinks=[TrackerSink(tracker)],
            stop=lambda: names(tracker.calls).count("log") >= 2,
        )
    assert names(tracker.calls) == ["start", "log", "log", "end"]
    assert tracker.calls[-1] == ("end", True)


@pytest.mark.parametrize("broken", ["start", "log", "end"])
def test_what_a_tracker_refuses_ends_the_fit_in_one_sentence(tmp_path, broken):
    tracker = Recorder(broken)
    with pytest.raises(EnvironmentFailure) as found:
        fit(str(write_mixed(tmp_path, **HELD_OUT)), out=tmp_path / "m.npz", sinks=[TrackerSink(tracker)])
    assert str(found.value) == "recorder: no answer; mend that, or keep runs on this machine: RECORDER=off"
    assert not (tmp_path / "m.npz").exists()


def test_an_end_that_fails_does_not_hide_why_the_training_ended():
    def broken_off():
        yield from list(training(3))[:2]
        raise ZeroDivisionError

    tracker = Recorder("end")
    with pytest.raises(ZeroDivisionError):
        show(TrackerSink(tracker), broken_off())
    assert tracker.calls[-1] == ("end", True)


@pytest.mark.parametrize("name", TRACKERS)
def test_a_library_that_is_missing_is_named_with_its_install_line_before_any_row_is_read(tmp_path, monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    spec = write_mixed(tmp_path, **HELD_OUT)
    (tmp_path / "mixed.csv").unlink()
    ended = run_command("fit", spec, "--track", name, cwd=tmp_path)
    assert (ended.code, ended.err) == (6, f"error: the tracker {name} is not installed: pip install {name}\n")
    assert [*files(tmp_path)] == ["mixed.yaml"]


def test_a_tracker_that_is_not_there(tmp_path):
    ended = run_command("fit", write_mixed(tmp_path), "--track", "comet", cwd=tmp_path)
    assert ended.code == 2
    assert ended.err == ("error: --track comet: there is no such tracker; the trackers are mlflow, wandb, trackio\n")


# the adapters, with stand-ins for the libraries


class StandIn(SimpleNamespace):
    """A library whose functions write down how they are called, and print."""

    def __init__(self, **attributes):
        super().__init__(calls=[], **attributes)

    def __getattr__(self, name):
        def call(*given, **named):
            print(f"{name} was called")
            self.calls.append((name, given, named))
            return self

        if name.startswith("__"):
            raise AttributeError(name)
        return call


def run_once(tracker):
    tracker.start("iris", {"seed": 1})
    tracker.log({"loss/train": 0.5}, 7)
    tracker.end(failed=True)


def test_mlflow_gets_an_experiment_a_run_and_its_status(monkeypatch):
    library = StandIn(active_run=lambda: None)
    monkeypatch.setitem(sys.modules, "mlflow", library)
    run_once(MLflow({}))
    assert library.calls == [
        ("set_experiment", ("mlptrain",), {}),
        ("start_run", (), {"run_name": "iris", "nested": False}),
        ("log_params", ({"seed": 1},), {}),
        ("log_metrics", ({"loss/train": 0.5},), {"step": 7}),
        ("end_run", ("FAILED",), {}),
    ]


@pytest.mark.parametrize("variable", ["MLFLOW_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_ID", "MLFLOW_RUN_ID"])
def test_mlflow_keeps_to_the_experiment_that_the_environment_chooses(monkeypatch, variable):
    library = StandIn(active_run=lambda: None)
    monkeypatch.setitem(sys.modules, "mlflow", library)
    MLflow({variable: "1"}).start("iris", {})
    assert names(library.calls) == ["start_run", "log_params"]


def test_within_a_run_of_the_user_mlflow_gets_one_below_it(monkeypatch):
    library = StandIn(active_run=lambda: "run")
    monkeypatch.setitem(sys.modules, "mlflow", library)
    tracker = MLflow({})
    tracker.start("iris", {})
    tracker.end(failed=False)
    assert library.calls[0] == ("start_run", (), {"run_name": "iris", "nested": True})
    assert library.calls[-1] == ("end_run", ("FINISHED",), {})


@pytest.mark.parametrize(("environment", "project"), [({}, "mlptrain"), ({"WANDB_PROJECT": "flowers"}, "flowers")])
def test_wandb_gets_a_run_and_not_the_live_picture(monkeypatch, environment, project):
    library = StandIn(Settings=lambda **named: named)
    monkeypatch.setitem(sys.modules, "wandb", library)
    run_once(WeightsAndBiases(environment))
    given = {"project": project, "name": "iris", "config": {"seed": 1}, "settings": {"console": "off"}}
    assert library.calls == [
        ("init", (), given),
        ("log", ({"loss/train": 0.5},), {"step": 7}),
        ("finish", (), {"exit_code": 1}),
    ]


def test_trackio_gets_a_run(monkeypatch):
    library = StandIn()
    monkeypatch.setitem(sys.modules, "trackio", library)
    run_once(Trackio())
    assert library.calls == [
        ("init", (), {"project": "mlptrain", "name": "iris", "config": {"seed": 1}}),
        ("log", ({"loss/train": 0.5},), {"step": 7}),
        ("finish", (), {}),
    ]


def test_what_trackers_print_goes_to_stderr_and_several_may_be_told(tmp_path, monkeypatch):
    for name in TRACKERS:
        monkeypatch.setitem(sys.modules, name, StandIn(active_run=lambda: None))
    given = [option for name in (*TRACKERS, "wandb") for option in ("--track", name)]
    ended = run_command("fit", write_mixed(tmp_path, **HELD_OUT), *given, "--json", "--quiet", cwd=tmp_path)
    assert json.loads(ended.out)["epochs"] == 3
    assert "log_metrics was called" in ended.err
    assert [names(sys.modules[name].calls).count("init") for name in TRACKERS] == [0, 1, 1]


def test_python_asks_for_a_tracker_by_its_name(tmp_path, monkeypatch):
    library = StandIn()
    monkeypatch.setitem(sys.modules, "trackio", library)
    mlptrain.fit(write_mixed(tmp_path, **HELD_OUT), sinks=["trackio"])
    assert names(library.calls) == ["init", "log", "log", "log", "finish"]


# the libraries themselves, where they are installed


def read_mlflow(folder):
    with sqlite3.connect(folder / "mlflow.db") as tables:
        return tables.execute("select value from metrics where key = 'loss/validation' order by step").fetchall()


def read_trackio(folder):
    with sqlite3.connect(folder / "trackio" / "mlptrain.db") as tables:
        rows = tables.execute("select metrics from metrics order by step").fetchall()
    return [(json.loads(row[0])["loss/validation"],) for row in rows]


def read_wandb_records(data):
    """The records of a file: blocks of 32 KiB in which each part has a checksum (4), a length (2) and a kind (1)."""
    place, record = 7, b""
    while place + 7 <= len(data):
        if 32768 - place % 32768 < 7:
            place += 32768 - place % 32768
            continue
        size, kind = struct.unpack("<HB", data[place + 4 : place + 7])
        record += data[place + 7 : place + 7 + size]
        place += 7 + size
        if kind in (1, 4):
            yield record
            record = b""


def read_wandb(folder):
    from wandb.proto.wandb_internal_pb2 import Record

    (file,) = folder.glob("wandb/offline-run-*/*.wandb")
    found = []
    for data in read_wandb_records(file.read_bytes()):
        record = Record.FromString(data)
        items = record.history.item if record.WhichOneof("record_type") == "history" else ()
        values = {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}
        found += [(values["loss/validation"],)] if "loss/validation" in values else []
    return found


READ = {"mlflow": read_mlflow, "trackio": read_trackio, "wandb": read_wandb}
OFFLINE = {"WANDB_MODE": "offline", "HF_HUB_OFFLINE": "1", "MLFLOW_TRACKING_URI": "sqlite:///mlflow.db"}


@pytest.mark.integration
@pytest.mark.parametrize("name", TRACKERS)
@pytest.mark.filterwarnings("ignore")
def test_the_library_keeps_what_the_history_says_without_a_network(tmp_path, name):
    pytest.importorskip(name, reason=f"needs {name}: pip install {name}")
    spec = write_mixed(tmp_path, **HELD_OUT)
    environment = os.environ | OFFLINE | {"PYTHONPATH": str(ROOT), "TRACKIO_DIR": str(tmp_path / "trackio")}
    line = [sys.executable, "-m", "mlptrain", "fit", spec, "--track", name, "--history", "h.jsonl", "--json"]
    ended = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, check=True)
    assert json.loads(ended.stdout)["epochs"] == 3
    lines = [json.loads(line) for line in (tmp_path / "h.jsonl").read_text().splitlines()]
    assert READ[name](tmp_path) == [(line["validation_loss"],) for line in lines if line["event"] == "epoch"]


def test_a_fit_that_was_never_told_of_has_a_name():
    tracker = Recorder()
    show(TrackerSink(tracker), [FitStarted(source="a/b.yaml"), *training(1)])
    show(TrackerSink(tracker), training(1))
    assert [call[1] for call in tracker.calls if call[0] == "start"] == ["b", "run"]
