"""Event files, read back by TensorBoard's own reader: every number of the history, at its epoch, in its folder."""

import os
import struct
import subprocess
import sys
from dataclasses import replace
from math import inf, nan
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given

import mlptrain
from mlptrain.commands.fit import read_checked_draft
from mlptrain.errors import Diverged, EnvironmentFailure, Interrupted, SpecError
from mlptrain.model.history import EpochEnded
from mlptrain.model.layer_history import LayersSeen
from mlptrain.model.model import Model
from mlptrain.plain import to_plain
from mlptrain.reporting import event_files, tensorboard
from mlptrain.reporting.event_files import SEEN
from mlptrain.reporting.run_settings import list_epoch_values
from mlptrain.reporting.spec_text import format_spec_as_yaml
from mlptrain.training.events import FitStarted
from tests import read_events
from tests.read_events import list_differences, load, read_scalars, read_tensors, read_texts
from tests.support.clocks import Clock
from tests.support.command import IRIS
from tests.support.command import mlptrain as run_command
from tests.support.flows import fit, write_mixed
from tests.support.streams import drawn, runs, training

pytestmark = pytest.mark.integration
pytest.importorskip("tensorboard", reason="needs tensorboard: pip install -e '.[integration]'")

HELD_OUT = {"data": {"split": {"validation": 0.25}}, "training": {"epochs": 6, "gradient_norm": True}}


@pytest.fixture
def spec(tmp_path):
    return write_mixed(tmp_path, **HELD_OUT)


def train(spec, *more, folder=None, code=0):
    """`mlptrain fit SPEC` with a history and the events in `folder`, `runs` beside the spec by default."""
    place = spec.parent
    given = ("--history", place / "h.jsonl", "--tensorboard", folder or place / "runs")
    ended = run_command("fit", spec, "--out", place / "m.npz", "--quiet", *given, *more, cwd=place)
    assert ended.code == code, ended.err
    return ended


def show(sink, events):
    with sink:
        for event in events:
            sink(event)


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


FIRST, SECOND = "events.out.tfevents.0001.mlptrain", "events.out.tfevents.0002.mlptrain"


# what is written


def test_every_number_of_the_history_is_there_as_float32_at_its_epoch(spec):
    train(spec)
    assert list(list_differences(spec.parent / "runs" / "mixed", spec.parent / "h.jsonl")) == []
    found = read_scalars(spec.parent / "runs" / "mixed")
    assert {*found} == {
        *("loss/train", "loss/validation", "accuracy/validation", "penalty"),
        *("learning_rate", "gradient_norm", "rows_per_second"),
    }
    assert all(list(series) == [1, 2, 3, 4, 5, 6] for series in found.values())


@drawn
@given(events=runs())
def test_every_finite_number_is_there_and_no_other(events, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    show(tensorboard.TensorBoardSink(folder, "one"), [replace(events[0], refit=False), *events[1:]])
    metric = events[0].metric
    expected: dict[str, dict[int, np.float32]] = {}
    for event in events:
        for tag, value in list_epoch_values(event, metric).items() if isinstance(event, EpochEnded) else ():
            if abs(value) <= float(np.finfo(np.float32).max):
                expected.setdefault(tag, {})[event.epoch] = np.float32(value)
    assert read_scalars(folder / "one") == expected


def test_what_is_no_number_of_float32_is_left_out(tmp_path):
    started, epoch, _ = training(1)
    odd = replace(epoch, train_loss=nan, validation_loss=inf, penalty=1e300, validation_metric=None)
    show(tensorboard.TensorBoardSink(tmp_path, "one"), [started, odd])
    assert {*read_scalars(tmp_path / "one")} == {"accuracy/train", "learning_rate", "rows_per_second"}


def test_the_spec_is_a_text_that_gives_the_same_fit_and_the_result_the_table(spec):
    train(spec)
    texts = read_texts(spec.parent / "runs" / "mixed")
    assert {*texts} == {"spec", "result"}
    assert all(line.startswith("    ") for text in texts.values() for line in text.split("\n"))
    resolved = Model.load(spec.parent / "m.npz")
    assert texts["spec"].replace("\n    ", "\n")[4:] == format_spec_as_yaml(to_plain(resolved.spec))
    assert yaml.safe_load(texts["spec"])["training"]["epochs"] == 6
    head, *rows, size = (line.split() for line in texts["result"].split("\n"))
    assert head == ["train", "validation", "baseline"]
    assert {"loss", "accuracy", "auc"} <= {row[0] for row in rows}
    assert size[1:3] == ["parameters,", "epoch"]


def read_hparams(folder, status=1):
    """The settings, the group and whether the end is there, which has a status."""
    from tensorboard.plugins.hparams import metadata

    reader = load(folder)
    content = {tag: reader.SummaryMetadata(tag).plugin_data.content for tag in reader.Tags()["tensors"]}
    start = metadata.parse_session_start_info_plugin_data(content[metadata.SESSION_START_INFO_TAG])
    settings = {name: getattr(value, value.WhichOneof("kind")) for name, value in start.hparams.items()}
    ended = metadata.SESSION_END_INFO_TAG in content
    if ended:
        assert metadata.parse_session_end_info_plugin_data(content[metadata.SESSION_END_INFO_TAG]).status == status
    return settings, start.group_name, ended


def test_the_settings_are_those_that_the_user_has_written(spec):
    train(spec, "--set", "optimizer.learning_rate=0.005")
    settings, group, ended = read_hparams(spec.parent / "runs" / "mixed")
    assert (settings["optimizer.learning_rate"], settings["training.epochs"]) == (0.005, 6)
    assert settings["training.gradient_norm"] is True
    assert settings["data.train"] == "mixed.csv"
    assert settings["model.hidden"].startswith("[")
    written = {
        ".".join(path) for path in read_checked_draft(str(spec))[0].user_settings if path[:2] != ("data", "columns")
    }
    assert {*settings} == written | {"optimizer.learning_rate"}
    assert (group, ended) == ((spec.parent / "runs" / "mixed").as_posix(), True)


def test_no_run_hides_the_settings_that_only_others_have(spec):
    """TensorBoard takes the summary of an experiment from any one run, and shows the settings of that one alone."""
    train(spec)
    assert "_hparams_/experiment" not in load(spec.parent / "runs" / "mixed").Tags()["tensors"]


# what was seen of the layers

WATCHED = {
    "data": {"split": {"validation": 0.25}},
    "training": {"epochs": 7, "watch_layers": 2},
    "model": {"hidden": [5, 4], "activation": "relu", "norm": "batch"},
}


def list_seen(events):
    """By tag the numbers, and by tag the histograms, that the events of a training tell of its layers."""
    numbers: dict[str, dict[int, np.float32]] = {}
    histograms: dict[str, dict[int, list[tuple[float, ...]]]] = {}
    for event in events:
        for layer in event.layers if isinstance(event, LayersSeen) else ():
            for fact in ("zeros", "dead", "saturated", "gradient_rms", "update_ratio"):
                if (value := getattr(layer, fact)) is not None:
                    numbers.setdefault(f"{fact}/{layer.name}", {})[event.epoch] = np.float32(value)
            for kind in ("weights", "gradients", "outputs"):
                if (found := getattr(layer, kind)) is not None:
                    rows = list(zip(found.edges[:-1], found.edges[1:], found.counts, strict=True))
                    histograms.setdefault(f"{kind}/{layer.name}", {})[event.epoch] = rows
    return numbers, histograms


def read_histograms(folder):
    found = {}
    for tag, points in read_tensors(folder, "histograms").items():
        assert all(value.shape == (30, 3) for _, value in points), tag
        found[tag] = {step: [tuple(row) for row in value.tolist()] for step, value in points}
        assert len(found[tag]) == len(points), tag
    return found


def test_what_was_seen_of_the_layers_is_there_as_numbers_and_histograms(tmp_path):
    spec, events = write_mixed(tmp_path, **WATCHED), []
    mlptrain.fit(spec, sinks=[events.append, mlptrain.TensorBoardSink(tmp_path / "runs")])
    numbers, histograms = list_seen(events)
    run = tmp_path / "runs" / "mixed"
    found = {tag: points for tag, points in read_scalars(run).items() if tag.partition("/")[0] in SEEN}
    assert found == numbers
    assert read_histograms(run) == histograms
    assert list(numbers["dead/hidden_1.relu"]) == [2, 4, 6, 7]
    assert {"weights/hidden_1", "gradients/hidden_2", "outputs/hidden_1.relu"} <= {*histograms}


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize("after", [3, 4])
def test_what_was_seen_before_is_there_once_when_a_fit_goes_on(tmp_path, after, elsewhere):
    spec, events = write_mixed(tmp_path, **WATCHED), []
    run = tmp_path / "runs" / "mixed"
    interrupt(spec, after, tmp_path / "elsewhere" if elsewhere else run.parent)
    train(spec, "--resume")
    mlptrain.fit(spec, sinks=events.append)
    numbers, histograms = list_seen(events)
    found = read_scalars(run)
    assert {tag: list(found[tag]) for tag in numbers} == {tag: list(points) for tag, points in numbers.items()}
    assert {tag: list(points) for tag, points in read_histograms(run).items()} == {
        tag: list(points) for tag, points in histograms.items()
    }


def test_runs_of_one_name_are_not_taken_for_one(spec):
    """TensorBoard shows the mean of the runs of a group."""
    groups = set()
    for folder in ("runs", "runs/other"):
        train(spec, folder=spec.parent / folder)
        groups.add(read_hparams(spec.parent / folder / "mixed")[1])
    assert len(groups) == 2


# folders


def test_folds_and_a_refit_are_folders_of_their_own(tmp_path):
    sections = {"data": {"split": {"folds": 3}}, "training": {"epochs": 2}}
    train(write_mixed(tmp_path, **sections))
    run = tmp_path / "runs" / "mixed"
    assert names(run) == [FIRST, *(f"fold-{k}/{FIRST}" for k in (1, 2, 3))]
    assert list(list_differences(run, tmp_path / "h.jsonl")) == []
    assert {*read_texts(run)} == {"spec", "result"}
    assert not read_scalars(run)
    assert [read_hparams(run / f"fold-{k}")[1:] for k in (1, 2, 3)] == [(run.as_posix(), True)] * 3


def test_a_refit_is_a_folder_below_that_of_the_search(tmp_path):
    train(write_mixed(tmp_path, **HELD_OUT | {"training": {"epochs": 4, "refit": True}}))
    run = tmp_path / "runs" / "mixed"
    assert names(run) == [FIRST, f"refit/{FIRST}"]
    assert not [tag for tag in load(run / "refit").Tags()["tensors"] if tag.startswith("_hparams_")]
    assert list(list_differences(run, tmp_path / "h.jsonl")) == []


def test_repeats_of_folds_are_folders_by_their_names(tmp_path):
    table, spec = {"x": [0.0, 1.0, 2.0, 3.0] * 8, "y": ["low", "low", "high", "high"] * 8}, {"data": {"target": "y"}}
    split = {"data.split": {"folds": 2, "repeats": 2}, "training": {"epochs": 1, "batch_size": 8}}
    mlptrain.fit(spec, table, overrides=split, sinks=mlptrain.TensorBoardSink(tmp_path))
    parts = [f"repeat-{r}-fold-{k}" for r in (1, 2) for k in (1, 2)]
    assert names(tmp_path / "spec") == [FIRST, *(f"{part}/{FIRST}" for part in parts)]


def test_a_run_may_have_another_name_than_its_spec(tmp_path, spec):
    mlptrain.fit(spec, sinks=mlptrain.TensorBoardSink(tmp_path / "runs", "small/first"))
    assert names(tmp_path / "runs") == [f"small/first/{FIRST}"]


# a fit that goes on


def interrupt(spec, after, folder, *, checkpoints="auto", resume=False):
    """A fit that is stopped after so many events; its epochs go to `folder`."""
    events = []
    sinks = [events.append, mlptrain.TensorBoardSink(folder)]
    with pytest.raises(Interrupted):
        fit(
            str(spec),
            out=spec.parent / "m.npz",
            checkpoints=checkpoints,
            sinks=sinks,
            resume=resume,
            stop=lambda: sum(isinstance(event, EpochEnded) for event in events) >= after,
        )


@pytest.mark.parametrize("after", [0, 1, 4])
def test_a_fit_that_goes_on_adds_a_file_and_writes_no_epoch_twice(spec, after):
    run = spec.parent / "runs" / "mixed"
    interrupt(spec, after, run.parent)
    assert not read_hparams(run)[2]
    train(spec, "--resume")
    assert names(run) == [FIRST, SECOND]
    assert list(list_differences(run, spec.parent / "h.jsonl")) == []
    assert {*read_texts(run)} == {"spec", "result"}
    assert read_hparams(run)[2]


@pytest.mark.parametrize("more", ["--resume", "--finish"])
def test_of_folds_only_the_one_that_goes_on_gets_a_file(tmp_path, more):
    spec = write_mixed(tmp_path, data={"split": {"folds": 3}}, training={"epochs": 3})
    interrupt(spec, 4, tmp_path / "runs")
    train(spec, more)
    run = tmp_path / "runs" / "mixed"
    assert names(run / "fold-1") == [FIRST]
    assert list(list_differences(run, tmp_path / "h.jsonl")) == []
    assert "result" in read_texts(run)


def test_epochs_that_no_checkpoint_has_kept_are_shown_once(spec):
    """Stopped after epoch 2, killed after 3 and again after 5, from then on with the checkpoint of epoch 2."""
    run = spec.parent / "runs" / "mixed"
    interrupt(spec, 2, run.parent)
    checkpoint = (spec.parent / "m.npz.ckpt").read_bytes()
    interrupt(spec, 1, run.parent, resume=True)
    interrupt(spec, 2, run.parent, resume=True)
    (spec.parent / "m.npz.ckpt").write_bytes(checkpoint)
    train(spec, "--resume")
    assert len(names(run)) == 4
    assert (run / names(run)[2]).stat().st_size == 0
    assert list(list_differences(run, spec.parent / "h.jsonl")) == []


def test_epochs_that_are_not_there_are_written_when_a_fit_goes_on(spec):
    run = spec.parent / "runs" / "mixed"
    interrupt(spec, 4, spec.parent / "elsewhere")
    train(spec, "--resume")
    assert names(run) == [FIRST]
    assert list(list_differences(run, spec.parent / "h.jsonl")) == []


@pytest.mark.parametrize("kept", [0, 1, 8, 15, 40, 300, -1])
def test_a_record_that_a_crash_has_torn_is_written_anew(spec, kept):
    run = spec.parent / "runs" / "mixed"
    interrupt(spec, 4, run.parent)
    (run / FIRST).write_bytes((run / FIRST).read_bytes()[:kept])
    train(spec, "--resume")
    assert list(list_differences(run, spec.parent / "h.jsonl")) == []


# a folder that is not free


def refuse(spec, *more):
    ended = train(spec, *more, code=2)
    assert "mixed: has the events of another run; choose another folder, or remove this one first" in ended.err
    assert not (spec.parent / "h.jsonl").exists()
    assert not (spec.parent / "m.npz").exists()


@pytest.mark.parametrize("more", [(), ("--restart",), ("--resume",)])
def test_a_folder_with_the_events_of_another_run_is_refused(spec, more):
    run = spec.parent / "runs" / "mixed"
    train(spec)
    for name in ("h.jsonl", "m.npz"):
        (spec.parent / name).unlink()
    before = (run / FIRST).read_bytes()
    refuse(spec, *more)
    assert names(run) == [FIRST]
    assert (run / FIRST).read_bytes() == before


@pytest.mark.parametrize("more", [(), ("--restart",)])
@pytest.mark.parametrize("place", [".", "fold-1"])
def test_the_events_of_another_program_are_refused_and_stay(spec, more, place):
    other = spec.parent / "runs" / "mixed" / place / "events.out.tfevents.1700000000.host"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"")
    refuse(spec, *more)
    assert other.exists()


def test_a_fit_that_begins_again_leaves_no_epoch_of_the_one_before(spec):
    run = spec.parent / "runs" / "mixed"
    interrupt(spec, 5, run.parent)
    refuse_unfinished = train(spec, code=2)
    assert "m.npz.ckpt" in refuse_unfinished.err
    train(spec, "--restart", "--set", "training.epochs=2")
    assert names(run) == [FIRST]
    assert list(list_differences(run, spec.parent / "h.jsonl")) == []
    assert list(read_scalars(run)["loss/train"]) == [1, 2]


def test_a_sink_is_not_reused_for_a_second_run_in_the_same_folder(tmp_path):
    sink = tensorboard.TensorBoardSink(tmp_path)
    show(sink, training(2))
    with pytest.raises(SpecError, match="has the events of another run"):
        show(sink, training(2))
    show(sink, [FitStarted(source="other.yaml"), *training(2)])
    assert list(read_scalars(tmp_path / "other")["loss/train"]) == [1, 2]


@pytest.mark.parametrize("place", ["file", "file/runs"])
def test_a_folder_that_cannot_be_is_refused_before_rows_are_read(spec, place):
    (spec.parent / "file").write_text("")
    (spec.parent / "mixed.csv").unlink()
    ended = train(spec, folder=spec.parent / place, code=6)
    assert "cannot be written" in ended.err
    assert "is not a folder; choose another name" in ended.err


def test_a_folder_without_permission_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(event_files, "access", lambda path, mode: False)
    with pytest.raises(EnvironmentFailure, match="runs: cannot be written: Permission denied"):
        tensorboard.TensorBoardSink(tmp_path / "runs")


def test_a_folder_that_goes_away_ends_the_run_with_its_name(tmp_path):
    sink = tensorboard.TensorBoardSink(tmp_path / "runs")
    (tmp_path / "runs").write_text("")
    with pytest.raises(EnvironmentFailure, match="cannot be written: "):
        show(sink, training(1))


def test_the_folder_is_no_other_file_of_the_fit(spec):
    place = spec.parent
    ended = run_command("fit", spec, "--out", place / "m.npz", "--tensorboard", place / "m.npz", cwd=place)
    assert ended.code == 2
    assert "this is where the model goes; choose another name" in ended.err


# what a sink is


def test_the_model_is_the_same_to_the_byte(spec):
    train(spec)
    with_events = (spec.parent / "m.npz").read_bytes()
    fit(str(spec), out=spec.parent / "m.npz")
    assert (spec.parent / "m.npz").read_bytes() == with_events


def test_what_was_written_is_there_to_read_within_a_second(tmp_path):
    clock, seen = Clock(), []
    with tensorboard.TensorBoardSink(tmp_path, "one", clock=clock) as sink:
        for event in training(10):
            sink(event)
            seen.append(len(read_scalars(tmp_path / "one").get("loss/train", {})))
            clock.now += 0.3
    assert seen == [0, *[0] * 3, *[4] * 4, *[8] * 2, 8, 10]


def test_the_time_of_an_event_is_that_of_the_clock(tmp_path):
    show(tensorboard.TensorBoardSink(tmp_path, "one", wall_clock=lambda: 1234.5), training(2))
    assert {event.wall_time for event in load(tmp_path / "one").Tensors("loss/train")} == {1234.5}


def test_a_run_that_diverges_keeps_its_events_and_says_that_it_has_failed(tmp_path):
    sections = {"data": {"target": "price"}, "optimizer": {"name": "sgd", "learning_rate": 1e30}}
    with pytest.raises(Diverged) as caught:
        fit(str(write_mixed(tmp_path, **sections)), out=tmp_path / "m.npz", sinks=[mlptrain.TensorBoardSink(tmp_path)])
    _, _, ended = read_hparams(tmp_path / "mixed", status=2)
    assert ended
    texts = read_texts(tmp_path / "mixed")
    assert {*texts} == {"spec", "failed"}
    assert str(caught.value).startswith(texts["failed"].strip())


DIVERGING = ("--set", "optimizer={name: sgd, learning_rate: 1e30}")


@pytest.mark.parametrize("folds", [(), ("--set", "data.split={folds: 3}")], ids=["one", "folds"])
def test_the_mended_fit_replaces_the_events_and_the_history_of_one_that_diverged(tmp_path, folds):
    spec = write_mixed(tmp_path, data={"target": "price"}, training={"epochs": 6})
    run = spec.parent / "runs" / "mixed"
    said = train(spec, *DIVERGING, *folds, code=4).err
    assert said.endswith("; no model was written\n")
    assert list(run.rglob("*tfevents*"))
    train(spec, *DIVERGING, *folds, code=4)
    train(spec, *folds)
    part = run / "fold-1" if folds else run
    assert "failed" not in read_texts(run)
    assert read_hparams(part)[2]
    assert list(read_scalars(part)["loss/train"]) == [1, 2, 3, 4, 5, 6]
    refuse_finished = train(spec, *folds, code=2)
    assert "has the events of another run" in refuse_finished.err


ODD_SINKS = {
    "number": (3,),
    "none": (None,),
    "empty": ("",),
    "zero": ("a\0b",),
    "name-number": ("runs", 3),
    "name-zero": ("runs", "x\0y"),
    "name-long": ("runs", "x" * 300),
    "name-absolute": ("runs", "/abs"),
    "name-up": ("runs", "../up"),
    "name-deep-up": ("runs", "a/../../up"),
}


@pytest.mark.parametrize("given", ODD_SINKS.values(), ids=ODD_SINKS)
def test_a_folder_or_a_name_that_is_none_is_refused_by_what_it_is_called(given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError, match=f"^TensorBoardSink: {'name' if len(given) > 1 else 'folder'}: "):
        mlptrain.TensorBoardSink(*given)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_whose_name_is_too_long_cannot_be_written(tmp_path):
    with pytest.raises(EnvironmentFailure, match="cannot be written: File name too long"):
        mlptrain.TensorBoardSink(tmp_path / ("x" * 300))


def test_the_class_of_a_sink_is_refused_as_one():
    with pytest.raises(SpecError, match=r"^sinks: TensorBoardSink is a class; give an object of it: TensorBoardSink\("):
        mlptrain.fit({"data": {"target": "y"}}, {"y": [1]}, sinks=[mlptrain.TensorBoardSink])


def test_no_file_is_there_where_nothing_is_trained(spec):
    train(spec, "--set", "data.target=none", code=3)
    assert not (spec.parent / "runs").exists()


def test_without_tensorboard_the_message_says_how_to_install_it_before_any_training(spec, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard.summary.writer.record_writer", None)
    (spec.parent / "mixed.csv").unlink()
    ended = train(spec, code=6)
    assert ended.err == (
        "error: TensorBoard's event files are written by tensorboard: pip install 'mlptrain[tensorboard]'\n"
    )
    assert names(spec.parent) == ["mixed.yaml"]


def test_neither_a_thread_is_begun_nor_tensorflow_loaded(spec):
    """A stand-in for TensorFlow is on the path, and says when it is imported."""
    (spec.parent / "tensorflow").mkdir()
    (spec.parent / "tensorflow" / "__init__.py").write_text("raise SystemExit('tensorflow was imported')")
    code = (
        "import sys, threading, mlptrain\n"
        "mlptrain.fit('mixed.yaml', sinks=mlptrain.TensorBoardSink('runs'), threads=1)\n"
        "assert 'tensorflow' not in sys.modules\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
    )
    path = os.pathsep.join([str(Path(mlptrain.__file__).parents[1]), str(spec.parent)])
    environment = os.environ | {"PYTHONPATH": path, "PYTHONWARNINGS": "ignore"}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=spec.parent, env=environment)


# the script that reads a run back


def test_the_script_prints_a_table_and_finds_no_difference(tmp_path, capsys):
    (tmp_path / "iris.csv").write_bytes(IRIS.read_bytes())
    spec = write_mixed(tmp_path, **HELD_OUT)
    train(spec)
    assert read_events.main(str(tmp_path / "runs" / "mixed"), str(tmp_path / "h.jsonl")) == 0
    head, *rows, last = capsys.readouterr().out.splitlines()
    assert head.split() == ["run", "tag", "points", "first", "last"]
    assert {tuple(row.split()[:3]) for row in rows} >= {("mixed", "loss/train", "6"), ("mixed", "penalty", "6")}
    assert last == "equal to the history, as float32"


@pytest.mark.parametrize("change", [("0.", "1."), ('"epoch": 6', '"epoch": 7')])
def test_the_script_finds_a_difference(spec, capsys, change):
    train(spec)
    history = spec.parent / "h.jsonl"
    history.write_text(history.read_text().replace(*change))
    assert read_events.main(str(spec.parent / "runs" / "mixed"), str(history)) == 1
    assert "loss/train differs in epoch" in capsys.readouterr().out


def test_the_script_says_that_there_is_nothing(tmp_path):
    assert read_events.main(str(tmp_path)) == 1


def test_the_records_are_those_of_the_format(tmp_path):
    """Length, checksum, bytes, checksum; the first one names the version."""
    show(tensorboard.TensorBoardSink(tmp_path, "one"), training(1))
    data = (tmp_path / "one" / FIRST).read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    assert b"brain.Event:2" in data[12 : 12 + size]
