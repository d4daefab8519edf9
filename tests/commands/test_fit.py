"""`fit`: what it gives back, what it writes, what it replaces, and when it writes nothing."""

import os
from dataclasses import asdict
from pathlib import Path

import pytest

from mlptrain.commands.evaluate import evaluate_files
from mlptrain.commands.fit import choose_default_output
from mlptrain.engine.metrics import list_metrics
from mlptrain.errors import DataError, Diverged, EnvironmentFailure, SpecError
from mlptrain.model.history import EpochEnded
from mlptrain.model.model import Model
from mlptrain.training.events import Finished, FitFinished, FitStarted, FunctionSink, Started
from tests.support.flows import CONFIGS, fit, fit_mixed, mixed_rows, write_mixed

CLASS_METRICS = ["loss", *(metric.name for metric in list_metrics(3))]
NUMBER_METRICS = ["loss", *(metric.name for metric in list_metrics(0))]


def left_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_result_tells_how_training_ended_and_what_the_model_is_worth(tmp_path):
    result = fit_mixed(tmp_path, "data.split.validation=0.25")
    assert (result.model, result.reason, result.epochs) == (str(tmp_path / "mixed.npz"), "epochs", 12)
    assert 1 <= result.best_epoch <= 12
    assert result.parameters == (2 + 4 + 1) * 8 + 8 + 8 + 1
    assert list(result.metrics) == ["train", "validation"]
    assert [list(part) for part in result.metrics.values()] == [CLASS_METRICS] * 2
    assert result.seconds >= 0


def test_numbers_have_metrics_of_numbers(tmp_path):
    assert list(fit_mixed(tmp_path, data={"target": "price"}).metrics["train"]) == NUMBER_METRICS


def test_the_metrics_are_those_of_the_model_that_was_written(tmp_path):
    result = fit_mixed(tmp_path)
    measured = evaluate_files(result.model, str(tmp_path / "mixed.csv"))
    assert measured.rows == 60
    assert measured.metrics == pytest.approx(result.metrics["train"], rel=1e-6)


def test_the_validation_metrics_are_those_of_the_best_epoch(tmp_path):
    result = fit_mixed(tmp_path, "data.split.validation=0.25", "optimizer.learning_rate=0.3", "training.epochs=40")
    history = Model.load(Path(result.model)).networks[0].history
    best = result.best_epoch - 1
    assert best < 39
    assert result.metrics["validation"]["loss"] == history["validation_loss"][best] == history["validation_loss"].min()
    assert result.metrics["validation"]["accuracy"] == history["validation_metric"][best]
    assert history["best"][best] == 1
    assert history["epoch"].tolist() == list(range(1, 41))


def test_every_event_goes_to_every_sink_and_the_sinks_change_nothing(tmp_path):
    seen = [], []
    spec = write_mixed(tmp_path)
    watched = fit(str(spec), out=tmp_path / "a.npz", sinks=[FunctionSink(seen[0].append), FunctionSink(seen[1].append)])
    alone = fit(str(spec), out=tmp_path / "b.npz")
    assert seen[0] == seen[1]
    assert [type(event) for event in seen[0][:2]] == [FitStarted, Started]
    assert [type(event) for event in seen[0][-2:]] == [Finished, FitFinished]
    assert sum(isinstance(event, EpochEnded) for event in seen[0]) == 12
    assert watched.metrics == alone.metrics
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_notices_tell_what_was_read_under_another_name_and_what_was_left_out(tmp_path):
    spec = write_mixed(tmp_path, data={"columns": {}}, model={"hidden_sizes": [4]})
    notices = []
    fit(str(spec), out=tmp_path / "m.npz", notice=notices.append)
    assert any("'hidden_sizes' is read as 'hidden'" in notice for notice in notices)
    rows = [dict(row, same="1") for row in mixed_rows(210)]
    notices.clear()
    fit(
        str(write_mixed(tmp_path, rows, data={"columns": {"price": "ignore"}})),
        out=tmp_path / "m.npz",
        notice=notices.append,
    )
    (left_out,) = notices
    assert left_out.startswith("columns not used: id (text with 210 different values in 210 cells)")
    assert "same (constant)" in left_out
    assert "price" not in left_out


@pytest.mark.parametrize(
    ("spec", "expected"), [("a/b/run.yaml", "run.npz"), ("-", "model.npz"), ("x.y.yml", "x.y.npz"), ("run", "run.npz")]
)
def test_the_model_is_named_after_the_spec_and_lies_in_the_working_directory(spec, expected):
    assert choose_default_output(spec) == Path(expected)


def test_the_default_output_is_used(tmp_path, monkeypatch):
    spec = write_mixed(tmp_path / "specs")
    monkeypatch.chdir(tmp_path)
    assert fit(str(spec)).model == "mixed.npz"
    assert left_in(tmp_path) == {"specs", "mixed.npz"}


# what is replaced


def test_a_replaced_model_is_kept_as_previous(tmp_path):
    first = Path(fit_mixed(tmp_path).model).read_bytes()
    second = Path(fit_mixed(tmp_path, "seed=4").model).read_bytes()
    assert (tmp_path / "mixed.previous.npz").read_bytes() == first != second
    fit_mixed(tmp_path, "seed=5")
    assert (tmp_path / "mixed.previous.npz").read_bytes() == second
    assert left_in(tmp_path) == {"mixed.csv", "mixed.yaml", "mixed.npz", "mixed.previous.npz"}


@pytest.mark.parametrize("content", [b"", b"precious", b"PK\x03\x04 not really", b"\x93NUMPY"])
@pytest.mark.parametrize("name", ["mixed.npz", "mixed.previous.npz"])
def test_a_foreign_file_is_never_replaced(tmp_path, name, content):
    if name == "mixed.previous.npz":
        fit_mixed(tmp_path)
    (tmp_path / name).write_bytes(content)
    before = left_in(tmp_path)
    with pytest.raises(SpecError, match=rf"{name}: exists and is not a model of mlptrain; choose another --out"):
        fit_mixed(tmp_path)
    assert (tmp_path / name).read_bytes() == content
    assert left_in(tmp_path) - {"mixed.csv", "mixed.yaml"} == before - {"mixed.csv", "mixed.yaml"}


def test_data_and_folders_are_never_replaced(tmp_path):
    spec = write_mixed(tmp_path)
    for out in (tmp_path / "mixed.csv", spec, tmp_path):
        with pytest.raises(SpecError, match="is not a model of mlptrain"):
            fit(str(spec), out=out)


def test_a_link_is_followed_and_stays_a_link(tmp_path):
    fit_mixed(tmp_path, out="real.npz")
    (tmp_path / "mixed.npz").symlink_to("real.npz")
    fit_mixed(tmp_path, "seed=9")
    assert (tmp_path / "mixed.npz").is_symlink()
    assert Model.load(tmp_path / "real.npz").spec.seed == 9
    assert Model.load(tmp_path / "real.previous.npz").spec.seed == 3


# when nothing is written


def test_an_output_that_cannot_be_written_is_known_before_the_data_is_read(tmp_path):
    spec = write_mixed(tmp_path, data={"train": "no_such.csv"})
    for out in (tmp_path / "no folder" / "m.npz", tmp_path / "mixed.csv" / "m.npz", tmp_path / ("m" * 300)):
        with pytest.raises(EnvironmentFailure, match=r"cannot be written|does not exist; make it first"):
            fit(str(spec), out=out)


@pytest.mark.parametrize(
    ("overrides", "error"),
    [
        (["data.target=nope"], DataError),
        (["data.train=nope.csv"], DataError),
        (["training.epochs=0"], SpecError),
        (["training.monitor=rmse", "data.split.validation=0.2"], SpecError),
        (["optimizer={name: sgd, learning_rate: 1e30}", "loss=mean_squared_error"], Diverged),
    ],
)
def test_an_error_leaves_the_old_model_and_nothing_else(tmp_path, overrides, error):
    fit_mixed(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(error):
        fit_mixed(tmp_path, *overrides)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("rate", ["1e30", "1e300"])
def test_a_last_step_that_goes_too_far_is_a_divergence_too(tmp_path, rate):
    """The loss of a step is the one before it: the last step of all is seen in the metrics only."""
    overrides = ["training.epochs=1", f"optimizer.learning_rate={rate}", f"data.train={CONFIGS}/../datasets/xor.csv"]
    with pytest.raises(Diverged, match=r"not finite after the last step \(learning rate 1e30"):
        fit(str(CONFIGS / "xor.yaml"), out=tmp_path / "m.npz", overrides=overrides)
    assert left_in(tmp_path) == set()


def test_a_metric_that_is_not_finite_is_null(tmp_path):
    """A validation target far beyond float32: its loss overflows, the training does not."""
    rows, notices = [dict(row, price="1e30") for row in mixed_rows(3)], []
    write_mixed(tmp_path / "far", rows)
    spec = write_mixed(tmp_path, data={"target": "price", "split": {"validation": "far/mixed.csv"}})
    result = fit(str(spec), out=tmp_path / "m.npz", notice=notices.append)
    assert [message for message in notices if "none is the best" in message] == [
        "the validation loss was not a finite number in any epoch, so none is the best: the last one was kept; "
        "look for odd numbers in the validation rows"
    ]
    assert result.best_epoch == result.epochs
    assert result.metrics["train"]["rmse"] is not None
    assert result.metrics["validation"]["loss"] is None
    assert Model.load(Path(result.model)).result["metrics"]["validation"]["loss"] is None


def test_a_sink_that_fails_ends_the_run_and_nothing_is_written(tmp_path):
    spec = write_mixed(tmp_path)

    def full(event):
        if isinstance(event, EpochEnded):
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        fit(str(spec), out=tmp_path / "m.npz", sinks=[FunctionSink(full)])
    assert left_in(tmp_path) == {"mixed.csv", "mixed.yaml"}


class Opened(FunctionSink):
    """A sink that says when it was entered and left."""

    def __init__(self, log):
        super().__init__(lambda event: log.append(event.kind))
        self.log = log

    def __enter__(self):
        self.log.append("entered")
        return self

    def close(self):
        self.log.append("left")


def test_sinks_are_entered_before_the_first_training_and_left_after_the_last(tmp_path):
    log = []
    spec = write_mixed(tmp_path, training={"epochs": 1}, data={"split": {"folds": 2}})
    fit(str(spec), out=tmp_path / "m.npz", sinks=[Opened(log)])
    trained = ["started", "epoch", "finished"] * 2
    assert [each for each in log if each != "steps"] == ["entered", "fit_started", *trained, "fit_finished", "left"]


def test_sinks_are_left_when_a_fit_diverges(tmp_path):
    log = []
    sections = {"data": {"target": "price"}, "optimizer": {"name": "sgd", "learning_rate": 1e30}}
    with pytest.raises(Diverged):
        fit(str(write_mixed(tmp_path, **sections)), out=tmp_path / "m.npz", sinks=[Opened(log)])
    assert log[:3] + log[-1:] == ["entered", "fit_started", "started", "left"]
    assert not {"finished", "fit_finished"} & {*log}


def test_sinks_are_not_entered_where_nothing_is_trained(tmp_path):
    log = []
    with pytest.raises(DataError):
        fit(str(write_mixed(tmp_path, data={"target": "none"})), out=tmp_path / "m.npz", sinks=[Opened(log)])
    assert log == []


# the same run gives the same bytes


def test_the_same_spec_gives_the_same_bytes_and_another_seed_others(tmp_path):
    sections = {"model": {"hidden": [8, 4], "dropout": 0.3, "norm": "batch"}, "data": {"split": {"validation": 0.2}}}
    models = [
        Path(fit_mixed(tmp_path, f"seed={seed}", out=f"{k}.npz", **sections).model).read_bytes()
        for k, seed in enumerate([1, 1, 2])
    ]
    assert models[0] == models[1] != models[2]


def test_absolute_or_relative_paths_make_no_difference(tmp_path, monkeypatch):
    spec = write_mixed(tmp_path / "specs")
    (tmp_path / "models").mkdir()
    fit(str(spec), out=tmp_path / "models" / "a.npz")
    monkeypatch.chdir(tmp_path / "models")
    fit(os.path.relpath(spec), out=Path("b.npz"))
    assert Path("a.npz").read_bytes() == Path("b.npz").read_bytes()
    assert Model.load(Path("a.npz")).spec_folder == "../specs"


def test_the_result_is_plain(tmp_path):
    result = asdict(fit_mixed(tmp_path))
    assert all(isinstance(value, str | int | float | dict | tuple | None) for value in result.values())
    assert all(value is None or type(value) is float for part in result["metrics"].values() for value in part.values())


def test_columns_that_no_model_file_can_hold_are_refused_before_training(tmp_path, monkeypatch):
    monkeypatch.setattr("mlptrain.storage.metadata.ROOM", 10)
    events = []
    with pytest.raises(
        EnvironmentFailure, match="columns do not fit into a model file: it has too many different keys"
    ):
        fit(str(write_mixed(tmp_path)), out=tmp_path / "m.npz", sinks=[FunctionSink(events.append)])
    assert [type(event) for event in events] == [FitStarted]
    assert left_in(tmp_path) == {"mixed.csv", "mixed.yaml"}
