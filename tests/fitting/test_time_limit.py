"""A time limit: fewer epochs where the spec's do not fit, and otherwise the fit of a spec that says so many.

The clock of these tests stands still but for steps (1 s each) and what epochs are worth (2 s): with 48 training rows in
batches of 16 an epoch takes 5 s, the trial before the first training 6 s.
"""

import json
from itertools import count
from pathlib import Path

import pytest
import yaml

from mlptrain.errors import Diverged, Interrupted, SpecError
from mlptrain.fitting import time_limit
from mlptrain.fitting.checkpoint_file import load_checkpoint
from mlptrain.fitting.time_limit import shorten_spec_epochs
from mlptrain.model.model import Model
from mlptrain.plain import to_plain
from mlptrain.reporting.spec_text import format_spec_as_yaml
from mlptrain.spec.rules import find_contradictions
from mlptrain.storage.companions import derive_checkpoint_path
from mlptrain.training import loop
from mlptrain.training.events import Finished, FunctionSink, Started
from tests.support.clocks import Clock
from tests.support.flows import fit, write_mixed
from tests.support.preparing import read_spec

TRAIN_STEP, JUDGED = loop.train_step, loop.evaluate_finished_epoch
TRIAL, EPOCH = 8.0, 5.0


class SlowingClock(Clock):
    """A clock that work moves on, `slowness` times as fast once training has begun."""

    slowness = 1.0


@pytest.fixture
def clock(monkeypatch):
    clock = SlowingClock()

    def taking(seconds, work, *, slowed):
        def timed(*arguments, **options):
            clock.now += seconds * (clock.slowness if slowed else 1.0)
            return work(*arguments, **options)

        return timed

    for module, slowed in ((time_limit, False), (loop, True)):
        monkeypatch.setattr(module, "train_step", taking(1.0, TRAIN_STEP, slowed=slowed))
        monkeypatch.setattr(module, "evaluate_finished_epoch", taking(2.0, JUDGED, slowed=slowed))
    return clock


SPLIT = {"split": {"validation": 0.2}}


def training(epochs=100, **more):
    return {"epochs": epochs, "batch_size": 16} | more


def limited(folder, clock, limit, out="m.npz", **sections):
    """The result of a fit within a limit, what was said, and how long it took."""
    sections = {"data": SPLIT, "training": training()} | sections
    spec, told, begun = write_mixed(folder, **sections), [], clock()
    overrides = [f"training.time_limit={limit}"]
    result = fit(str(spec), out=folder / out, overrides=overrides, notice=told.append, clock=clock)
    return result, told, clock() - begun


# planning


def test_as_many_epochs_as_fit_into_nine_tenths_of_what_is_left_after_the_trial(tmp_path, clock):
    result, told, spent = limited(tmp_path, clock, "5m")
    assert result.epochs == int(0.9 * (300 - TRIAL) / EPOCH) == 52
    assert (result.reason, spent) == ("epochs", TRIAL + 52 * EPOCH)
    assert told == ["time_limit: 100 epochs would take about 8 min; 52 epochs"]


def test_what_only_the_first_evaluation_takes_is_not_counted_for_every_epoch(tmp_path, clock, monkeypatch):
    work, compiling = time_limit.evaluate_finished_epoch, iter([100.0])

    def compiled_first(*arguments):
        clock.now += next(compiling, 0.0)
        return work(*arguments)

    monkeypatch.setattr(time_limit, "evaluate_finished_epoch", compiled_first)
    result, _, _ = limited(tmp_path, clock, "10m")
    assert result.epochs == int(0.9 * (600 - 100 - TRIAL) / EPOCH)


@pytest.mark.parametrize("limit", ["10m", "600s", "600", "0.5h"])
def test_where_they_fit_nothing_changes_and_nothing_is_said(tmp_path, clock, limit):
    result, told, _ = limited(tmp_path, clock, limit)
    assert (result.epochs, told) == (100, [])
    fit(str(tmp_path / "mixed.yaml"), out=tmp_path / "without.npz")
    assert (tmp_path / "m.npz").read_bytes() == (tmp_path / "without.npz").read_bytes()


LATE = ", the least there is, takes longer than the limit leaves"


@pytest.mark.parametrize(
    ("limit", "late"), [(0.001, LATE), (1, LATE), (4, LATE), ("6s", LATE), (10, LATE), (TRIAL + 6, "")]
)
def test_there_is_an_epoch_at_least_and_a_limit_that_it_breaks_is_said(tmp_path, clock, limit, late):
    result, told, _ = limited(tmp_path, clock, limit)
    assert (result.epochs, result.reason) == (1, "epochs")
    assert told == [f"time_limit: 100 epochs would take about 8 min; 1 epoch{late}"]


def test_the_only_epoch_that_breaks_the_limit_is_said_too(tmp_path, clock):
    _, told, _ = limited(tmp_path, clock, 1, training=training(epochs=1))
    assert told == [f"time_limit: 1 epoch{LATE}"]


SCHEDULED = {
    "cosine": {"schedules": {"learning_rate": "cosine"}},
    "warm-up": {
        "schedules": {"learning_rate": {"name": "warm_up", "epochs": 60, "then": "one_cycle"}},
        "optimizer": "adamw",
    },
    "ramps": {
        "model": {"hidden": [8], "dropout": 0.3},
        "optimizer": "momentum",
        "schedules": {
            "momentum": {"name": "linear", "start": 0.5, "epochs": 100},
            "dropout": {"name": "warm_up", "epochs": 10, "then": {"name": "linear", "epochs": 70}},
        },
    },
    "folds": {"data": {"split": {"folds": 3}}},
    "repeats": {"data": {"split": {"validation": 0.2, "repeats": 2}}},
    "refit, members": {"members": 2, "training": training(refit=True)},
    "early stopping": {"training": training(early_stopping={"patience": 20}), "optimizer": {"learning_rate": 0.3}},
}


@pytest.mark.parametrize("sections", SCHEDULED.values(), ids=SCHEDULED)
def test_the_spec_in_the_model_has_no_limit_and_gives_the_same_model(tmp_path, clock, sections):
    result, told, spent = limited(tmp_path, clock, "4m", **sections)
    assert spent <= 240
    assert len(told) == 1
    stored = to_plain(Model.load(Path(result.model)).spec)
    assert stored["training"]["time_limit"] is None
    assert stored["training"]["epochs"] >= result.epochs
    (tmp_path / "again.yaml").write_text(format_spec_as_yaml(stored), encoding="utf-8")
    told.clear()
    fit(str(tmp_path / "again.yaml"), out=tmp_path / "again.npz", notice=told.append)
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "m.npz").read_bytes()
    assert told == []


@pytest.mark.parametrize("sections", SCHEDULED.values(), ids=SCHEDULED)
@pytest.mark.parametrize("epochs", [1, 7, 59, 99, 100])
def test_fewer_epochs_contradict_no_schedule(tmp_path, sections, epochs):
    spec = read_spec(write_mixed(tmp_path, **({"data": SPLIT, "training": training()} | sections)))
    short = shorten_spec_epochs(spec, epochs)
    assert short.training.epochs == epochs
    assert list(find_contradictions(short)) == []
    if epochs == 100:
        assert short == spec


def test_folds_and_refit_share_the_time(tmp_path, clock):
    """40 training rows of 60 in 3 folds: 3 steps. A refit has 60 rows in place of 48 for training and 12 besides."""
    folds, _, _ = limited(tmp_path, clock, "5m", data={"split": {"folds": 3}})
    assert folds.epochs == int(0.9 * (300 - TRIAL) / (3 * EPOCH))
    refit, _, _ = limited(tmp_path, clock, "5m", out="r.npz", training=training(refit=True))
    assert refit.epochs == int(0.9 * (300 - TRIAL) / (2.25 * EPOCH))


def test_a_recipe_knows_the_limit_like_any_key(tmp_path, clock):
    """Of 9 steps an epoch: 51 rows in batches of 32 make 2."""
    spec = write_mixed(tmp_path)
    plain = yaml.safe_load(spec.read_text())
    training = {"time_limit": "10m", "epochs": 200, "batch_size": 32}
    spec.write_text(yaml.safe_dump({"recipe": "plain", "data": plain["data"], "training": training}))
    told = []
    fit(str(spec), out=tmp_path / "m.npz", notice=told.append, clock=clock)
    assert told == ["time_limit: 200 epochs would take about 13 min; 133 epochs"]
    fit(str(spec), out=tmp_path / "m.npz", notice=told.append, clock=clock, overrides=["training.time_limit=30s"])
    assert told[1:] == ["time_limit: 200 epochs would take about 13 min; 5 epochs"]


def test_a_trial_that_diverges_leaves_what_is_wrong_to_the_training(tmp_path, clock, monkeypatch):
    def diverges(*_):
        raise Diverged("training diverged")

    monkeypatch.setattr(time_limit, "train_step", diverges)
    result, told, _ = limited(tmp_path, clock, "2h")
    assert (result.epochs, told) == (100, [])


@pytest.mark.parametrize("limit", ["soon", "10", "0s", "-1m", "1e3s", "10 m 5 s", "5d", "١m"])
def test_what_is_no_duration_is_refused(tmp_path, limit):
    spec = write_mixed(tmp_path, training={"time_limit": limit})
    if limit == "10":  # a number, however it is written
        assert read_spec(spec).training.time_limit == 10.0
    else:
        with pytest.raises(SpecError, match=r"training.time_limit: '.*' is no duration; write 90s, 10m or 1.5h"):
            read_spec(spec)


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_is_more_than_nothing(tmp_path, limit):
    with pytest.raises(SpecError, match=r"training.time_limit: -?\d is out of range"):
        read_spec(write_mixed(tmp_path, training={"time_limit": limit}))


# a machine that becomes slower


def test_where_the_time_is_over_training_ends_at_an_epochs_end_and_keeps_its_best(tmp_path, clock):
    clock.slowness = 3.0
    seen = []
    spec = write_mixed(tmp_path, data=SPLIT, training=training(time_limit="5m"))
    result = fit(str(spec), out=tmp_path / "m.npz", clock=clock, sinks=[FunctionSink(seen.append)])
    assert (result.reason, result.epochs) == ("time_limit", 18)  # 15 s each; the next one would end too late
    assert [event.reason for event in seen if isinstance(event, Finished)] == ["time_limit"]
    model = Model.load(tmp_path / "m.npz")
    assert (model.result["reason"], model.spec.training.epochs) == ("time_limit", 52)
    losses = model.networks[0].history["validation_loss"]
    assert losses[result.best_epoch - 1] == losses.min() == result.metrics["validation"]["loss"]


def test_each_fold_has_its_part_of_what_is_left_and_an_epoch_at_least(tmp_path, clock):
    clock.slowness = 30.0  # 150 s an epoch
    result, _, _ = limited(tmp_path, clock, "5m", data={"split": {"folds": 3}})
    assert [fold.epochs for fold in result.folds] == [1, 1, 1]
    assert result.reason == "time_limit"
    clock.slowness = 2.0
    result, _, spent = limited(tmp_path, clock, "5m", data={"split": {"folds": 3}})
    assert [fold.epochs for fold in result.folds] == [9, 9, 10]
    assert spent <= 300


@pytest.mark.parametrize("slowness", [2.0, 3.0])
def test_a_refit_for_which_there_is_no_time_is_dropped(tmp_path, clock, slowness):
    """23 epochs each are planned: twice as slow, the refit is not done in time; thrice as slow, the search is not."""
    clock.slowness = slowness
    result, told, spent = limited(tmp_path, clock, "5m", training=training(refit=True))
    assert (result.refit, result.reason) == (False, "time_limit")
    assert told[-1] == "training.time_limit: there was no time for the refit; the network of the best epoch is kept"
    assert 270 < spent <= 300
    model = Model.load(Path(result.model))
    assert (model.result["refit"], model.spec.training.refit) == (False, True)


# going on


def wish_after(steps):
    asked = count()
    return lambda: next(asked) >= steps


@pytest.mark.parametrize("sections", SCHEDULED.values(), ids=SCHEDULED)
def test_a_fit_that_goes_on_has_the_epochs_it_began_with_and_writes_the_same_bytes(
    tmp_path, clock, monkeypatch, sections
):
    limited(tmp_path, clock, "2m", out="whole.npz", **sections)
    spec, out, overrides = tmp_path / "mixed.yaml", tmp_path / "m.npz", ["training.time_limit=2m"]
    with pytest.raises(Interrupted):
        fit(str(spec), out=out, overrides=overrides, clock=clock, stop=wish_after(20))
    found = load_checkpoint(derive_checkpoint_path(out)).spec["training"]
    assert (found["epochs"], found["time_limit"]) == (Model.load(tmp_path / "whole.npz").spec.training.epochs, None)
    monkeypatch.setattr(time_limit, "count_affordable_epochs", None)  # nothing is measured
    fit(str(spec), out=out, overrides=overrides, clock=clock, resume=True)
    assert out.read_bytes() == (tmp_path / "whole.npz").read_bytes()


def test_the_limit_may_be_taken_away_or_another_one_set_when_a_fit_goes_on(tmp_path, clock):
    spec = write_mixed(tmp_path, data=SPLIT, training=training())
    out, seen = tmp_path / "m.npz", []
    with pytest.raises(Interrupted):
        fit(str(spec), out=out, overrides=["training.time_limit=2m"], clock=clock, stop=wish_after(20))
    with pytest.raises(Interrupted):
        fit(
            str(spec), out=out, overrides=["training.time_limit=1h"], clock=clock, stop=wish_after(9), resume=True,
            sinks=[FunctionSink(seen.append)],
        )  # fmt: skip
    assert [event.epochs for event in seen if isinstance(event, Started)] == [20]
    assert fit(str(spec), out=out, clock=clock, resume=True).epochs == 100


def test_finishing_measures_nothing(tmp_path, clock, monkeypatch):
    spec = write_mixed(tmp_path, data=SPLIT, training=training(time_limit="2m"))
    with pytest.raises(Interrupted):
        fit(str(spec), out=tmp_path / "m.npz", clock=clock, stop=wish_after(20))
    monkeypatch.setattr(time_limit, "count_affordable_epochs", None)
    result = fit(str(spec), out=tmp_path / "m.npz", clock=clock, finish=True)
    assert (result.reason, result.epochs) == ("interrupted", 6)


def test_the_result_is_json(tmp_path, clock):
    clock.slowness = 3.0
    limited(tmp_path, clock, "5m")
    assert json.loads(json.dumps(Model.load(tmp_path / "m.npz").result))["reason"] == "time_limit"
