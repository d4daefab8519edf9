"""A refit: the network that a fit without validation rows would have at the search's best epoch, to the last bit."""

from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from mlptrain.commands.check import check_files
from mlptrain.commands.evaluate import evaluate_files
from mlptrain.commands.show import show_file
from mlptrain.engine.comparisons import Undefined
from mlptrain.errors import Diverged, Interrupted, SpecError
from mlptrain.fitting.checkpoint_file import load_checkpoint as load_checkpoint
from mlptrain.model.history import EpochEnded
from mlptrain.model.model import Model
from mlptrain.model.rules import check_result
from mlptrain.reporting.fit_results import build_fit_document, format_fit_result
from mlptrain.reporting.show_results import format_description
from mlptrain.storage.companions import derive_checkpoint_path
from mlptrain.training import loop
from mlptrain.training.events import Finished, FunctionSink, Started
from tests.support.flows import fit, fit_mixed, write_mixed


def training(**more):
    return {"epochs": 9, "batch_size": 16} | more


SPECS = {
    "plain": {},
    "schedules of the whole run": {
        "model": {"hidden": [8], "dropout": 0.3},
        "schedules": {"learning_rate": "cosine", "dropout": "flat_cos"},
    },
    "early stopping, members": {
        "members": 3,
        "optimizer": {"name": "adam", "learning_rate": 0.1},
        "training": training(epochs=40, early_stopping={"patience": 3}),
        "schedules": {"learning_rate": {"name": "warm_up", "then": "coslog4"}},
    },
    "a number, fitted columns": {
        "data": {
            "target": "price",
            "clamp_target": True,
            "category_encoding": "target",
            "imputing": {"strategy": "mean"},
        },
        "model": {"hidden": [8], "norm": "batch"},
    },
    "class weights, a test part": {
        "data": {"split": {"test": 0.2}},
        "training": training(class_weight="balanced", monitor="loss"),
    },
    "calibration": {"model": {"hidden": [8], "calibration": "temperature"}, "training": training(epochs=5)},
    "lbfgs": {"optimizer": "lbfgs", "training": training(epochs=6, batch_size="full")},
}


HOLDING = ("class weights, a test part", "calibration")
"""What means something else, or nothing, without validation rows."""


def with_split(sections, validation, *, refit):
    """The sections with so large a share for validation."""
    data = sections.get("data", {})
    own = sections.get("training", training())
    split = data.get("split", {}) | {"validation": validation}
    return sections | {"data": data | {"split": split}, "training": own | {"refit": refit}}


class Killed(BaseException):
    """What no handler expects, as if the process ended there."""


def killed_after(epoch, *, refit=False):
    """Killed at the end of an epoch of the search, or of the refit."""
    started = []

    def sink(event):
        if isinstance(event, Started):
            started.append(event)
        if isinstance(event, EpochEnded) and (event.epoch, started[-1].refit) == (epoch, refit):
            raise Killed

    return sink


def without_validation(folder, sections, epoch):
    """The model after so many epochs of a fit of the same length on the same rows, none of them for validation."""
    alone = with_split(sections, 0, refit=False)
    alone["training"].pop("early_stopping", None)
    spec, out = write_mixed(folder, **alone), folder / "alone.npz"
    with pytest.raises(Killed):
        fit(str(spec), out=out, checkpoints="epochs", sinks=[killed_after(epoch)])
    fit(str(spec), out=out, finish=True)
    return Model.load(out)


@pytest.mark.parametrize("name", [name for name in SPECS if name not in HOLDING])
def test_the_network_is_that_of_a_fit_on_all_rows_in_the_best_epoch(tmp_path, name):
    sections = SPECS[name]
    result = fit_mixed(tmp_path, **with_split(sections, 0.25, refit=True))
    (member,) = Model.load(Path(result.model)).networks
    (alone,) = without_validation(tmp_path, sections, result.best_epoch).networks
    assert member.network.parameters.theta.tobytes() == alone.network.parameters.theta.tobytes()
    for name, buffer in member.network.buffers.items():
        assert buffer.tobytes() == alone.network.buffers[name].tobytes()
    assert (member.features, member.head) == (alone.features, alone.head)


@pytest.mark.parametrize("sections", SPECS.values(), ids=SPECS)
def test_its_history_and_its_validation_metrics_are_those_of_the_search(tmp_path, sections):
    result = fit_mixed(tmp_path, **with_split(sections, 0.25, refit=True))
    search = fit_mixed(tmp_path, out="search.npz", **with_split(sections, 0.25, refit=False))
    assert (result.reason, result.epochs, result.best_epoch) == (search.reason, search.epochs, search.best_epoch)
    assert result.metrics["validation"] == search.metrics["validation"]
    assert result.metrics["train"] != search.metrics["train"]
    assert (result.refit, search.refit) == (True, None)
    model, other = Model.load(Path(result.model)), Model.load(Path(search.model))
    of_both = {name: getattr(result, name) for name in ("metrics", "baseline", "undefined", "targets")}
    assert model.result == other.result | of_both | {"refit": True}
    assert result.baseline["validation"] == search.baseline["validation"]
    for name, values in model.networks[0].history.items():
        assert np.array_equal(values, other.networks[0].history[name], equal_nan=True)


def test_its_temperature_is_the_one_found_on_validation_rows_that_the_search_had_not_seen(tmp_path):
    sections = {"model": {"hidden": [8], "calibration": "temperature"}}
    spec = write_mixed(tmp_path, **with_split(sections, 0.25, refit=True))
    fit(str(spec), out=tmp_path / "refit.npz")
    fit(str(spec), out=tmp_path / "search.npz", overrides=["training.refit=false"])
    fit(str(spec), out=tmp_path / "plain.npz", overrides=["model.calibration=none"])
    refit, search, plain = (
        Model.load(tmp_path / f"{name}.npz").networks[0].network for name in ("refit", "search", "plain")
    )
    (T,) = refit.buffers["calibration.temperature"]
    assert T == search.buffers["calibration.temperature"] != 1
    assert refit.parameters.theta.tobytes() == plain.parameters.theta.tobytes()


def test_test_rows_stay_apart(tmp_path):
    """The training metrics are those of all other rows."""
    data = {"split": {"validation": 0.25, "test": 0.2}}
    result = fit_mixed(tmp_path, data=data, training=training(refit=True))
    assert evaluate_files(result.model).rows == 12
    seen = []
    fit(str(tmp_path / "mixed.yaml"), out=tmp_path / "again.npz", sinks=[FunctionSink(seen.append)])
    rows = [(event.train_rows, event.validation_rows) for event in seen if isinstance(event, Started)]
    assert rows == [(33, 15), (48, 0)]


def test_the_second_training_is_announced_as_what_it_is(tmp_path):
    spec, seen = write_mixed(tmp_path, **with_split({}, 0.25, refit=True)), []
    result = fit(str(spec), out=tmp_path / "m.npz", sinks=[FunctionSink(seen.append)])
    search, refit = (event for event in seen if isinstance(event, Started))
    assert (search.refit, search.epochs, refit.refit, refit.epochs) == (False, 9, True, result.best_epoch)
    assert [event.reason for event in seen if isinstance(event, Finished)] == ["epochs", "epochs"]
    said = "train: the refit on all rows; validation: the network before it"
    assert said in format_fit_result(result)
    assert said in format_description(show_file(result.model))
    assert build_fit_document(result)["refit"] is True
    assert "refit" not in build_fit_document(replace(result, refit=None))


def test_check_counts_the_memory_of_both_trainings(tmp_path):
    spec = write_mixed(tmp_path, **with_split({}, 0.25, refit=True))
    assert check_files(str(spec)).memory >= check_files(str(spec), overrides=["training.refit=false"]).memory


# interrupted, killed, finished


def wish_after(steps):
    asked = count()
    return lambda: next(asked) >= steps


@pytest.mark.parametrize("sections", SPECS.values(), ids=SPECS)
def test_interrupted_after_every_few_steps_it_writes_the_same_bytes(tmp_path, sections):
    spec = write_mixed(tmp_path, **with_split(sections, 0.25, refit=True))
    fit(str(spec), out=tmp_path / "whole.npz")
    for _ in range(200):
        try:
            fit(str(spec), out=tmp_path / "pieces.npz", resume=True, stop=wish_after(2))
        except Interrupted:
            continue
        break
    assert (tmp_path / "pieces.npz").read_bytes() == (tmp_path / "whole.npz").read_bytes()


def killed_in_the_refit(folder, epoch=2, **sections):
    """A fit that was killed at the end of an epoch of its refit, and what it would have been."""
    spec = write_mixed(folder, **with_split(sections, 0.25, refit=True))
    result = fit(str(spec), out=folder / "whole.npz")
    with pytest.raises(Killed):
        fit(
            str(spec), out=folder / "m.npz", checkpoints="epochs", sinks=[FunctionSink(killed_after(epoch, refit=True))]
        )
    return spec, folder / "m.npz", result


def test_killed_in_the_refit_it_writes_the_same_bytes(tmp_path):
    spec, out, result = killed_in_the_refit(tmp_path)
    assert load_checkpoint(derive_checkpoint_path(out)).place == "the refit, after epoch 2"
    told, seen = [], []
    fit(str(spec), out=out, resume=True, notice=told.append, sinks=[FunctionSink(seen.append)])
    assert told == [f"going on from {out}.ckpt: the refit, after epoch 2"]
    assert out.read_bytes() == (tmp_path / "whole.npz").read_bytes()
    search, refit = (event for event in seen if isinstance(event, Started))
    assert (len(search.earlier), len(refit.earlier)) == (result.epochs, 2)


def test_an_interruption_says_that_it_was_the_refit(tmp_path):
    spec = write_mixed(tmp_path, **with_split({}, 0.25, refit=True))
    with pytest.raises(Interrupted, match=r"stopped in the refit, after epoch 0, batch 2 of the next; all is kept"):
        fit(str(spec), out=tmp_path / "m.npz", stop=wish_after(9 * 3 + 3))  # 3 steps an epoch, and one wish a training


def test_finishing_in_the_refit_writes_the_network_of_the_search(tmp_path):
    spec, out, whole = killed_in_the_refit(tmp_path)
    result = fit(str(spec), out=out, finish=True)
    assert (result.refit, result.reason, result.best_epoch) == (False, "interrupted", whole.best_epoch)
    assert Model.load(out).result["refit"] is False
    search = Model.load(Path(fit_mixed(tmp_path, out="search.npz", **with_split({}, 0.25, refit=False)).model))
    theta = search.networks[0].network.parameters.theta
    assert Model.load(out).networks[0].network.parameters.theta.tobytes() == theta.tobytes()
    assert not derive_checkpoint_path(out).exists()


def test_finishing_in_the_search_writes_its_best_epoch(tmp_path):
    spec, out = write_mixed(tmp_path, **with_split({}, 0.25, refit=True)), tmp_path / "m.npz"
    with pytest.raises(Killed):
        fit(str(spec), out=out, checkpoints="epochs", sinks=[FunctionSink(killed_after(3))])
    result = fit(str(spec), out=out, finish=True)
    assert (result.refit, result.reason, result.epochs) == (False, "interrupted", 3)


def test_more_epochs_are_refused_once_the_search_is_done(tmp_path):
    spec, out, _ = killed_in_the_refit(tmp_path)
    with pytest.raises(SpecError, match=r"training.epochs was 9, is 12, and the search for the best epoch is done"):
        fit(str(spec), out=out, resume=True, overrides=["training.epochs=12"])


# what goes wrong


def diverging_in_the_refit(course, state, batch, number):
    if course.refit and state.epoch == 1:
        course.network.parameters.theta[...] = np.nan
        raise Diverged("training diverged")
    return ORIGINAL(course, state, batch, number)


ORIGINAL = loop.train_step


def test_a_refit_that_diverges_leaves_what_the_search_has_found(tmp_path, monkeypatch):
    spec, out = write_mixed(tmp_path, **with_split({}, 0.25, refit=True)), tmp_path / "m.npz"
    best = fit(str(spec), out=tmp_path / "whole.npz").best_epoch
    with monkeypatch.context() as patch:
        patch.setattr(loop, "train_step", diverging_in_the_refit)
        with pytest.raises(Diverged, match=rf"m.npz.ckpt keeps the best epoch, {best}: --finish writes its model"):
            fit(str(spec), out=out, checkpoints="epochs")
    with pytest.raises(SpecError, match=r"the fit diverged \(the refit, after epoch 1\); --finish writes the model"):
        fit(str(spec), out=out, resume=True)
    result = fit(str(spec), out=out, finish=True)
    assert (result.refit, result.best_epoch) == (False, best)


def test_without_a_best_epoch_there_is_no_refit_and_that_is_said(tmp_path, monkeypatch):
    """The watched value is undefined in every epoch."""
    monkeypatch.setattr(loop, "measure_named_metric", lambda *_: Undefined("no"))
    sections = {"training": training(monitor="auc")}
    spec, told, seen = write_mixed(tmp_path, **with_split(sections, 0.25, refit=True)), [], []
    result = fit(str(spec), out=tmp_path / "m.npz", notice=told.append, sinks=[FunctionSink(seen.append)])
    assert told[-1] == "training.refit: no epoch is known to be the best, so there is none up to which to train anew"
    assert (result.refit, result.best_epoch) == (False, 9)
    assert len([event for event in seen if isinstance(event, Started)]) == 1


@pytest.mark.parametrize("refit", ["yes", 1, None])
def test_a_model_file_says_only_whether_it_is_one(refit):
    result = {"reason": "epochs", "epochs": 1, "best_epoch": 1, "metrics": {"train": {"loss": 0.5}}}
    for known in (True, False):
        check_result(result | {"refit": known})
    with pytest.raises(ValueError, match="its refit"):
        check_result(result | {"refit": refit})
