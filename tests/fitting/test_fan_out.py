"""Folds and repeats side by side give the bytes of those in turn, whatever happens on the way."""

from functools import partial

import pytest

from mlptrain.errors import Diverged, EnvironmentFailure, Interrupted
from mlptrain.fitting.checkpoint_file import load_checkpoint
from mlptrain.storage.companions import derive_checkpoint_path
from mlptrain.training.events import Finished, FunctionSink, Started, StepsDone, TrainingProgress
from mlptrain.workers.processes import Processes
from tests.support.executors import Elsewhere
from tests.support.flows import fit, write_mixed

CONFIGURATIONS = {
    "folds": {"data": {"split": {"folds": 4}}},
    "repeats": {"data": {"split": {"validation": 0.2, "repeats": 3}}},
    "repeated folds with a test part": {"data": {"split": {"folds": 2, "repeats": 2, "test": 0.2}}},
    "batch norm, members, early stopping": {
        "data": {"split": {"folds": 3}},
        "model": {"hidden": [8], "norm": "batch", "dropout": 0.2},
        "members": 2,
        "training": {"epochs": 6, "batch_size": 16, "early_stopping": {"patience": 2}},
    },
    "in files": {"data": {"memory": "files", "split": {"folds": 3}}},
    "watched layers": {"data": {"split": {"folds": 2}}, "training": {"epochs": 4, "watch_layers": 1}},
}


def write_spec(folder, name):
    sections = {"training": {"epochs": 5, "batch_size": 16}} | CONFIGURATIONS[name]
    return str(write_mixed(folder, **sections))


@pytest.mark.parametrize("workers", [2, 3, 9])
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_the_model_is_the_same_byte_for_byte(tmp_path, name, workers):
    spec = write_spec(tmp_path, name)
    fit(spec, out=tmp_path / "in_turn.npz")
    fit(spec, out=tmp_path / "m.npz", executor=Elsewhere(workers))
    assert (tmp_path / "m.npz").read_bytes() == (tmp_path / "in_turn.npz").read_bytes()


def test_in_processes_the_model_and_the_held_out_predictions_are_the_same(tmp_path):
    spec = write_spec(tmp_path, "folds")
    for name, options in (("in_turn", {}), ("workers", {"executor": Processes(2)})):
        fit(spec, out=tmp_path / f"{name}.npz", out_of_fold=tmp_path / f"{name}.csv", **options)
    for end in ("npz", "csv"):
        assert (tmp_path / f"workers.{end}").read_bytes() == (tmp_path / f"in_turn.{end}").read_bytes()


def test_of_one_training_it_is_said_that_nothing_goes_side_by_side(tmp_path):
    said = []
    fit(str(write_mixed(tmp_path)), out=tmp_path / "m.npz", executor=Elsewhere(2), notice=said.append)
    assert [each for each in said if each.startswith("--workers: there is one training")]


def hush(events):
    """What is the same side by side: all but the times, and but the steps of trainings that were not the first."""
    timed = {"seconds", "rows_per_second"}
    kept = [each for each in events if not isinstance(each, StepsDone | TrainingProgress)]
    return [(each.kind, {name: value for name, value in vars(each).items() if name not in timed}) for each in kept]


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_sinks_and_notices_hear_the_trainings_one_after_the_other(tmp_path, name):
    spec, heard, said = write_spec(tmp_path, name), {}, {}
    for executor in (None, Elsewhere(3)):
        events, notices = heard.setdefault(executor is None, []), said.setdefault(executor is None, [])
        options = {} if executor is None else {"executor": executor}
        out = tmp_path / f"{executor is None}.npz"
        fit(spec, out=out, sinks=[FunctionSink(events.append)], notice=notices.append, **options)
    assert repr(hush(heard[True])) == repr(hush(heard[False]))  # not a number is itself in words
    assert said[True] == said[False]


def test_how_far_each_training_has_come_is_told_at_once(tmp_path):
    spec, events = write_spec(tmp_path, "batch norm, members, early stopping"), []
    fit(spec, out=tmp_path / "m.npz", sinks=[FunctionSink(events.append)], executor=Elsewhere(3))
    moves = [each for each in events if isinstance(each, TrainingProgress)]
    last = {each.training: each for each in moves}
    ended = [each for each in events if isinstance(each, Finished)]
    assert [(each.epoch, each.best_epoch, each.reason) for _, each in sorted(last.items())] == [
        (each.epochs, each.best_epoch, each.reason) for each in ended
    ]
    assert moves[0].training == 3, "the last one of those that began ended first"
    assert events.index(moves[0]) < events.index(next(each for each in events if isinstance(each, Started)))


def count_down(looks):
    """A wish to stop after so many looks."""
    left = iter(range(looks))
    return lambda: next(left, None) is None


@pytest.mark.parametrize("looks", [0, 1, 9, 30, 45])
@pytest.mark.parametrize("name", ["folds", "batch norm, members, early stopping"])
def test_stopped_at_any_moment_it_goes_on_to_the_same_bytes_side_by_side_or_in_turn(tmp_path, name, looks):
    spec, out = write_spec(tmp_path, name), tmp_path / "m.npz"
    fit(spec, out=tmp_path / "whole.npz")
    for again in ({}, {"executor": Elsewhere(3)}):
        with pytest.raises(Interrupted, match=r"all is kept in .*m.npz.ckpt: --resume goes on from there"):
            fit(spec, out=out, stop=count_down(looks), executor=Elsewhere(2))
        fit(spec, out=out, resume=True, **again)
        assert out.read_bytes() == (tmp_path / "whole.npz").read_bytes()
        assert not derive_checkpoint_path(out).exists()


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_a_worker_that_dies_costs_only_what_was_under_way(tmp_path, after):
    spec, out = write_spec(tmp_path, "folds"), tmp_path / "m.npz"
    fit(spec, out=tmp_path / "whole.npz")
    kept = f"keeps {after} of 4 folds: --resume goes on with it" if after else "signal 9$"
    with pytest.raises(EnvironmentFailure, match=rf"fold \d: its process was ended by .*{kept}"):
        fit(spec, out=out, executor=Elsewhere(2, dies_at=after))
    assert derive_checkpoint_path(out).exists() == (after > 0)
    if after:
        assert len(load_checkpoint(derive_checkpoint_path(out)).finished) == after
    fit(spec, out=out, resume=True, executor=Elsewhere(3))
    assert out.read_bytes() == (tmp_path / "whole.npz").read_bytes()


def test_a_training_that_diverges_ends_the_fit(tmp_path):
    sections = {"data": {"target": "price", "split": {"folds": 3}}, "optimizer": {"name": "sgd", "learning_rate": 1e30}}
    spec = str(write_mixed(tmp_path, training={"epochs": 5}, **sections))
    with pytest.raises(Diverged, match="fold"):
        fit(spec, out=tmp_path / "m.npz", executor=Elsewhere(2))
    assert not (tmp_path / "m.npz").exists()


def test_a_time_limit_plans_for_those_that_go_on_at_a_time(tmp_path):
    from mlptrain.fitting.time_limit import Pace, estimate_seconds
    from mlptrain.preparation.partitions import divide_rows
    from tests.support.preparing import read_data

    data = read_data(write_mixed(tmp_path, **CONFIGURATIONS["folds"]))
    estimate = partial(estimate_seconds, data.spec, divide_rows(data))
    alone = estimate(Pace(preparing=1.0, epoch=2.0))
    assert estimate(Pace(preparing=1.0, epoch=2.0, workers=2)) == alone / 2
    assert estimate(Pace(preparing=1.0, epoch=2.0, workers=3)) == alone / 2
    assert estimate(Pace(preparing=1.0, epoch=2.0, workers=9)) == alone / 4
