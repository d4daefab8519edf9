"""A fit that was interrupted or killed at any moment, and gone on with, writes the bytes of one that never was."""

import json
import os
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from mlptrain.annotations import list_component_names
from mlptrain.commands.show import show_file
from mlptrain.engine.optimizers import Optimizer
from mlptrain.errors import DataError, Diverged, EnvironmentFailure, Interrupted, ModelFileError, SpecError
from mlptrain.fitting import checkpoints
from mlptrain.fitting.checkpoint_file import Checkpoint, load_checkpoint, save_checkpoint
from mlptrain.fitting.checkpoints import SHORT
from mlptrain.model.history import EpochEnded
from mlptrain.model.model import Model
from mlptrain.reporting.show_results import format_description
from mlptrain.storage import container
from mlptrain.storage.companions import derive_checkpoint_path, derive_previous_checkpoint_path, get_previous_model_path
from mlptrain.storage.locking import lock_exclusively
from mlptrain.training import loop
from mlptrain.training.events import Finished, FitStarted, FunctionSink, Started
from mlptrain.training.snapshot import Snapshot
from tests.support.clocks import Clock
from tests.support.flows import csv_text, fit, fit_mixed, mixed_rows, write_mixed

HELD_OUT = {"split": {"validation": 0.2}}


def training(**more):
    return {"epochs": 3, "batch_size": 20} | more


ALL_PARTS = {
    "data": HELD_OUT
    | {"scaling": "robust", "category_encoding": {"name": "embedding", "width": 3, "one_hot_up_to": 1}},
    "model": {
        "hidden": [8, 6],
        "numeric_embedding": {"name": "pbld", "frequencies": 4},
        "input_scaling": True,
        "activation": "parametric",
        "dropout": 0.15,
        "parametrization": "ntk",
        "kernel_initializer": "data_driven",
        "bias_initializer": "data_driven",
    },
    "loss": {"name": "cross_entropy", "label_smoothing": 0.1},
    "optimizer": {
        "name": "adam",
        "learning_rate": 0.04,
        "beta_2": 0.95,
        "weight_decay": 0.02,
        "learning_rate_factors": {"scale": 6, "bias": 0.1, "slope": 0.1, "numeric_embedding": 0.1},
        "weight_decay_factors": {"embedding": 1, "scale": 6, "slope": 0.1, "numeric_embedding": 0.1},
    },
    "schedules": {"learning_rate": "coslog4", "dropout": "flat_cos", "weight_decay": "flat_cos"},
    "training": training(drop_last=True, ties="last", monitor="error_rate"),
}
"""Every part of the strong recipes, small."""
PIECES = {"name": "piecewise_linear", "bins": 5, "outputs": 2}

CONFIGURATIONS = {
    "plain": {},
    "dropout": {"model": {"hidden": [8, 6], "dropout": 0.3, "input_dropout": 0.1}, "data": HELD_OUT},
    "batch norm, cosine": {
        "model": {"hidden": [8], "norm": "batch"},
        "schedules": {"learning_rate": "cosine"},
        "data": HELD_OUT,
    },
    "momentum ramp, max-norm": {
        "model": {"hidden": [8], "max_norm": 0.8},
        "optimizer": {"name": "momentum", "learning_rate": 0.1},
        "schedules": {"momentum": {"name": "linear", "start": 0.5, "end": 0.9, "epochs": 3}},
    },
    "early stopping, plateau": {
        "data": HELD_OUT,
        "optimizer": {"name": "rmsprop", "learning_rate": 0.3},
        "training": training(epochs=9, early_stopping={"patience": 3}),
        "schedules": {"learning_rate": {"name": "reduce_on_plateau", "patience": 1}},
    },
    "lbfgs": {"optimizer": "lbfgs", "training": training(batch_size="full", epochs=5)},
    "a number, gaussian dropout": {
        "data": HELD_OUT | {"target": "price"},
        "model": {"hidden": [8], "dropout": {"name": "gaussian", "rate": 0.2}},
        "training": training(monitor="mae"),
    },
    "folds": {"data": {"split": {"folds": 3}}, "training": training(epochs=2)},
    "repeats": {"data": {"split": {"validation": 0.3, "repeats": 2}}, "training": training(epochs=2)},
    "layer norm, prelu, class weights": {
        "model": {"hidden": [8], "norm": "layer", "activation": "prelu"},
        "training": training(class_weight="balanced"),
    },
    "scheduled dropout, float64": {
        "data": HELD_OUT,
        "model": {"hidden": [8], "dropout": 0.4, "dtype": "float64"},
        "schedules": {"dropout": {"name": "linear", "start": 0.1, "end": 1.0}, "learning_rate": "one_cycle"},
        "training": training(train_loss="evaluation", gradient_norm=True),
    },
    "all parts": ALL_PARTS,
    "all parts, members": ALL_PARTS | {"members": 3},
    "all parts, a number, members": ALL_PARTS
    | {
        "data": ALL_PARTS["data"] | {"target": "price", "clamp_target": True},
        "model": ALL_PARTS["model"] | {"numeric_embedding": PIECES, "activation": "mish"},
        "loss": "mean_squared_error",
        "training": training(ties="last", monitor="rmse"),
        "members": 2,
    },
    "members, batch norm, early stopping": {
        "data": HELD_OUT,
        "model": {"hidden": [8], "norm": "batch", "dropout": {"name": "gaussian", "rate": 0.2}, "input_dropout": 0.1},
        "optimizer": {"name": "momentum", "learning_rate": 0.1, "global_clipnorm": 0.5},
        "training": training(epochs=6, early_stopping={"patience": 2}, class_weight="balanced"),
        "members": 3,
    },
    "members, full batch": {"training": training(batch_size="full", epochs=5), "members": 2},
    **{
        f"{name}, embedded numbers, clipping": {
            "data": HELD_OUT,
            "members": {"name": name, "count": 3},
            "model": {"hidden": [8], "dropout": 0.2, "numeric_embedding": "piecewise_linear"},
            "optimizer": {"name": "adamw", "global_clipnorm": 1.0},
        }
        for name in ("networks", "tabm", "tabm_mini")
    },
    "residual blocks, batch norm, dropout": {
        "data": HELD_OUT,
        "model": {"hidden": [8, 6, 8], "residual": 2, "norm": "batch", "dropout": 0.2},
    },
    "layers watched, early stopping": {
        "data": HELD_OUT,
        "model": {"hidden": [8], "norm": "batch", "dropout": 0.2},
        "optimizer": {"name": "rmsprop", "learning_rate": 0.3},
        "training": training(epochs=9, early_stopping={"patience": 2}, watch_layers=2),
    },
    "layers watched, folds, members": {
        "data": {"split": {"folds": 2}},
        "members": {"name": "tabm", "count": 2},
        "training": training(epochs=2, watch_layers=1),
    },
    "layers watched, refit": {
        "data": HELD_OUT,
        "training": training(epochs=3, refit=True, watch_layers=1),
    },
    "layers watched, lbfgs": {
        "optimizer": "lbfgs",
        "training": training(batch_size="full", epochs=5, watch_layers=2),
    },
    "no shuffling, clipping, penalty": {
        "training": training(shuffle=False),
        "optimizer": {"name": "adam", "global_clipnorm": 0.5, "weight_decay": 0.01},
        "regularization": {"l1": 0.001},
    },
}


def wish_after(steps):
    """A wish to stop that is felt after so many steps; it is asked once before the first."""
    asked = count()
    return lambda: next(asked) >= steps


def in_pieces(spec, out, steps):
    """The fit, interrupted after every few steps; how often. One that does not come on is a fault, not a long test."""
    for interruptions in range(100):
        try:
            fit(str(spec), out=out, resume=True, stop=wish_after(steps))
        except Interrupted:
            assert derive_checkpoint_path(out).exists()
        else:
            return interruptions
    raise AssertionError("it does not come to its end")


def names(folder):
    return {path.name for path in folder.iterdir()}


EVERY_STEP = [(name, 1) for name in CONFIGURATIONS] + [(name, 2) for name in [*CONFIGURATIONS][::2]]
"""Every configuration after every step, and every other one where a step goes by between two interruptions."""


@pytest.mark.parametrize(("name", "steps"), EVERY_STEP)
def test_interrupted_at_every_step_it_writes_the_same_bytes(tmp_path, name, steps):
    spec = write_mixed(tmp_path, **({"training": training()} | CONFIGURATIONS[name]))
    fit(str(spec), out=tmp_path / "whole.npz")
    assert in_pieces(spec, tmp_path / "pieces.npz", steps) >= 5 // steps
    assert (tmp_path / "pieces.npz").read_bytes() == (tmp_path / "whole.npz").read_bytes()
    assert names(tmp_path) == {"mixed.csv", "mixed.yaml", "whole.npz", "pieces.npz"}


@pytest.mark.parametrize("name", [list_component_names(kind)[0] for kind in get_args(Optimizer)])
def test_every_optimizer_goes_on_where_it_was(tmp_path, name):
    size = "full" if name == "lbfgs" else 25
    spec = write_mixed(tmp_path, optimizer=name, training=training(epochs=2, batch_size=size))
    fit(str(spec), out=tmp_path / "whole.npz")
    assert in_pieces(spec, tmp_path / "pieces.npz", 1) >= 2
    assert (tmp_path / "pieces.npz").read_bytes() == (tmp_path / "whole.npz").read_bytes()


class Killed(BaseException):
    """What no handler expects, as if the process ended there."""


def killed_after(epoch):
    def sink(event):
        if isinstance(event, EpochEnded) and event.epoch == epoch:
            raise Killed

    return sink


@pytest.mark.parametrize("sections", CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_killed_at_any_epochs_end_it_writes_the_same_bytes(tmp_path, sections):
    spec = write_mixed(tmp_path, **({"training": training()} | sections))
    ended = fit(str(spec), out=tmp_path / "whole.npz")
    for epoch in range(1, ended.epochs + 1):
        out = tmp_path / "killed.npz"
        with pytest.raises(Killed):
            fit(str(spec), out=out, checkpoints="epochs", sinks=[FunctionSink(killed_after(epoch))])
        assert load_snapshot(out).epoch == epoch
        fit(str(spec), out=out, resume=True)
        assert out.read_bytes() == (tmp_path / "whole.npz").read_bytes(), epoch
        out.unlink()
        get_previous_model_path(out).unlink(missing_ok=True)


def interrupted(spec, out, steps, **options):
    with pytest.raises(Interrupted) as problem:
        fit(str(spec), out=out, stop=wish_after(steps), **options)
    return str(problem.value)


def test_an_interrupted_fit_says_where_it_stopped_and_what_is_kept(tmp_path):
    spec, out = write_mixed(tmp_path), tmp_path / "m.npz"
    said = interrupted(spec, out, 10)  # 4 steps an epoch
    assert said == f"stopped after epoch 2, batch 2 of the next; all is kept in {out}.ckpt: --resume goes on from there"
    assert names(tmp_path) == {"mixed.csv", "mixed.yaml", "m.npz.ckpt"}
    told = []
    fit(str(spec), out=out, resume=True, notice=told.append)
    assert told == [f"going on from {out}.ckpt: after epoch 2, batch 2 of the next"]


def test_the_model_that_was_there_stays_until_the_fit_is_done(tmp_path):
    before = Path(fit_mixed(tmp_path, "seed=9", out="m.npz").model).read_bytes()
    spec, out = write_mixed(tmp_path), tmp_path / "m.npz"
    interrupted(spec, out, 6)
    assert out.read_bytes() == before
    fit(str(spec), out=out, resume=True)
    assert get_previous_model_path(out).read_bytes() == before
    fit(str(spec), out=out)  # the same model again: what it replaced stays the previous one
    assert get_previous_model_path(out).read_bytes() == before


def test_sinks_are_told_of_the_epochs_before(tmp_path):
    spec, out, seen = write_mixed(tmp_path), tmp_path / "m.npz", []
    whole = []
    fit(str(spec), out=tmp_path / "whole.npz", sinks=[FunctionSink(whole.append)])
    interrupted(spec, out, 10, sinks=[FunctionSink(seen.append)])
    fit(str(spec), out=out, resume=True, sinks=[FunctionSink(seen.append)])
    *_, again = (event for event in seen if isinstance(event, Started))
    first = [event for event in seen if isinstance(event, EpochEnded)][:2]
    assert again.earlier == tuple(first)
    losses = [event.train_loss for event in whole if isinstance(event, EpochEnded)]
    assert [event.train_loss for event in seen if isinstance(event, EpochEnded)] == losses


def test_finishing_writes_the_model_of_the_best_epoch_so_far(tmp_path):
    spec, out = write_mixed(tmp_path, data=HELD_OUT), tmp_path / "m.npz"
    interrupted(spec, out, 11)  # 3 steps an epoch
    result = fit(str(spec), out=out, finish=True)
    assert (result.reason, result.epochs) == ("interrupted", 3)
    kept = Model.load(out)
    assert kept.result["reason"] == "interrupted"
    assert kept.networks[0].history["validation_loss"][result.best_epoch - 1] == result.metrics["validation"]["loss"]
    short = Model.load(Path(fit_mixed(tmp_path, "training.epochs=3", out="short.npz", data=HELD_OUT).model))
    assert np.array_equal(kept.networks[0].network.parameters.theta, short.networks[0].network.parameters.theta)
    assert not derive_checkpoint_path(out).exists()


def test_finishing_a_fit_of_folds_keeps_those_that_are_done(tmp_path):
    """3 steps an epoch, 2 epochs a fold: the wish comes in the first epoch of the second."""
    spec = write_mixed(tmp_path, **CONFIGURATIONS["folds"])
    fit(str(spec), out=tmp_path / "whole.npz", out_of_fold=tmp_path / "all.csv")
    assert "stopped in fold 2, after epoch 0, batch 1 of the next" in interrupted(spec, tmp_path / "m.npz", 6)
    told = []
    fit(str(spec), out=tmp_path / "m.npz", finish=True, out_of_fold=tmp_path / "held.csv", notice=told.append)
    assert told[-1] == "--finish: 2 of 3 folds were not trained; the model holds the network of fold 1 alone"
    assert "interrupted with 1 of 3 folds: 2 epochs" in format_description(show_file(str(tmp_path / "m.npz")))
    (first,) = Model.load(tmp_path / "m.npz").networks
    whole = Model.load(tmp_path / "whole.npz").networks[0]
    assert first.network.parameters.theta.tobytes() == whole.network.parameters.theta.tobytes()
    held, every = ((tmp_path / name).read_text().splitlines() for name in ("held.csv", "all.csv"))
    assert {*held} < {*every}


def test_there_must_be_something_to_finish(tmp_path):
    spec, out = write_mixed(tmp_path), tmp_path / "m.npz"
    with pytest.raises(SpecError, match="is not there; there is no unfinished fit to finish"):
        fit(str(spec), out=out, finish=True)
    interrupted(spec, out, 2)
    with pytest.raises(SpecError, match="no epoch of the unfinished fit had ended; go on with --resume"):
        fit(str(spec), out=out, finish=True)
    assert derive_checkpoint_path(out).exists()


def test_an_unfinished_fit_is_not_forgotten_by_accident(tmp_path):
    spec, out = write_mixed(tmp_path), tmp_path / "m.npz"
    interrupted(spec, out, 6)
    kept = derive_checkpoint_path(out).read_bytes()
    with pytest.raises(
        SpecError, match=r"an unfinished fit is here \(after epoch 1, batch 2 of the next\); --resume goes on"
    ):
        fit(str(spec), out=out)
    assert derive_checkpoint_path(out).read_bytes() == kept
    fit(str(spec), out=out, restart=True)
    assert names(tmp_path) == {"mixed.csv", "mixed.yaml", "m.npz"}


@pytest.mark.parametrize(
    ("more", "change"),
    [
        ({"model": {"hidden": [9]}}, "model.hidden was [8], is [9]"),
        ({"model": {"hidden": [8], "norm": "batch"}}, "model.norm was none, is {name: batch"),
        ({"seed": 9}, "seed was 3, is 9"),
        ({"optimizer": "sgd"}, "optimizer was adam, is sgd"),
        ({"training": training(batch_size=10)}, "training.batch_size was 16, is 10"),
        ({"model": {"hidden": [8], "dropout": 0.1}}, "model.dropout was none, is 0.1"),
        ({"data": {"missing_values": ["?"]}}, 'data.missing_values was [], is ["?"]'),
    ],
)
def test_an_unfinished_fit_of_another_spec_is_told_what_changed_and_what_can_work(tmp_path, more, change):
    out = tmp_path / "m.npz"
    interrupted(write_mixed(tmp_path, **{"model": {"hidden": [8]}, "seed": 3}), out, 6)
    with pytest.raises(SpecError, match="an unfinished fit of another spec is here") as error:
        fit(str(write_mixed(tmp_path, **{"model": {"hidden": [8]}, "seed": 3} | more)), out=out)
    assert f"batch 2 of the next; {change}" in str(error.value)
    assert "); --restart forgets it; to go on with it, undo the change" in str(error.value)
    assert "--resume" not in str(error.value)


def test_where_settings_were_given_with_set_going_on_repeats_them(tmp_path):
    spec, out, given = write_mixed(tmp_path), tmp_path / "m.npz", ["model.hidden=[8, 4]", "seed=7"]
    said = interrupted(spec, out, 10, overrides=given)
    assert said.endswith("m.npz.ckpt: --set 'model.hidden=[8, 4]' --set seed=7 --resume goes on from there")
    with pytest.raises(SpecError, match=r"is \[8\]; undo that with --set 'model.hidden=\[8, 4\]', or forget"):
        fit(str(spec), out=out, resume=True)
    fit(str(spec), out=out, resume=True, overrides=given)


ROWS = mixed_rows()


def drop_cell(row, name):
    return {key: cell for key, cell in row.items() if key != name}


CHANGED_DATA = {
    "a row less": (ROWS[1:], "the number of rows has changed, from 60 to 59"),
    "a column less": ([drop_cell(row, "colour") for row in ROWS], "column 'colour' is no longer used"),
    "a column more": ([row | {"more": str(k % 7 / 3)} for k, row in enumerate(ROWS)], "column 'more' was not used"),
    "another name": (
        [drop_cell(row, "size") | {"height": row["size"]} for row in ROWS],
        "column 'size' is no longer used",
    ),
    "another cell": ([ROWS[0] | {"size": "7.75"}, *ROWS[1:]], "column 'size' has changed"),
    "another target": ([*(row | {"label": "dear"} for row in ROWS[:5]), *ROWS[5:]], "column 'label' has changed"),
    "another order": ([dict(reversed(row.items())) for row in ROWS], "the columns have another order"),
}


@pytest.mark.parametrize("recipe", [{}, {"recipe": "plain"}], ids=["alone", "recipe"])
@pytest.mark.parametrize("name", CHANGED_DATA)
def test_an_unfinished_fit_on_other_data_is_told_as_what_goes_on_with_it_would(tmp_path, name, recipe):
    rows, change = CHANGED_DATA[name]
    out = tmp_path / "m.npz"
    interrupted(write_mixed(tmp_path, **recipe), out, 6)
    spec = write_mixed(tmp_path, rows, **recipe)
    with pytest.raises(DataError, match="the data has changed") as later:
        fit(str(spec), out=out, resume=True)
    with pytest.raises(SpecError, match="an unfinished fit on other data is here") as error:
        fit(str(spec), out=out)
    assert f"of the next; {change}" in str(error.value)
    assert change in str(later.value)
    assert "); --restart forgets it; to go on with it, undo the change" in str(error.value)
    write_mixed(tmp_path, **recipe)
    with pytest.raises(SpecError, match="an unfinished fit is here"):
        fit(str(spec), out=out)


def test_more_epochs_are_no_other_spec(tmp_path):
    out = tmp_path / "m.npz"
    interrupted(write_mixed(tmp_path), out, 6)
    with pytest.raises(SpecError, match="--resume goes on"):
        fit(str(write_mixed(tmp_path, training=training(batch_size=16, epochs=9))), out=out)


@pytest.mark.parametrize(
    ("steps", "place"),
    [
        (3, "fold 1, after epoch 1, batch 1 of the next"),
        (5, "fold 2, after epoch 0"),
        (6, "fold 2, after epoch 0, batch 1 of the"),
    ],
)
def test_it_is_said_where_an_unfinished_fit_of_folds_stands(tmp_path, steps, place):
    """2 steps an epoch, 2 epochs a fold, and one question before the first step of each."""
    spec, out = write_mixed(tmp_path, **CONFIGURATIONS["folds"]), tmp_path / "m.npz"
    interrupted(spec, out, steps)
    with pytest.raises(SpecError, match=rf"an unfinished fit is here \({place}"):
        fit(str(spec), out=out)


def test_a_checkpoint_that_could_not_be_read_again_is_not_written(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr("mlptrain.fitting.checkpoint_file.require_readable_metadata", refuse_to_write)
    fit(str(write_mixed(tmp_path)), out=tmp_path / "m.npz", checkpoints="epochs", notice=told.append)
    assert {*told} == {"no checkpoint: too much"}


def refuse_to_write(text):
    raise EnvironmentFailure("too much")


def test_to_resume_without_a_checkpoint_is_to_begin(tmp_path):
    spec, told = write_mixed(tmp_path), []
    fit(str(spec), out=tmp_path / "m.npz", resume=True, notice=told.append)
    assert told == [f"{tmp_path}/m.npz.ckpt is not there; training begins at the beginning"]


@pytest.mark.parametrize("two", [("resume", "restart"), ("resume", "finish"), ("restart", "finish")])
def test_one_thing_at_a_time(tmp_path, two):
    with pytest.raises(SpecError, match=f"--{two[0]} and --{two[1]} contradict each other"):
        fit(str(write_mixed(tmp_path)), out=tmp_path / "m.npz", **dict.fromkeys(two, True))


# what has changed since


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("optimizer.learning_rate=0.5", "optimizer.learning_rate was 0.02, is 0.5"),
        ("optimizer=sgd", "optimizer was adam, is sgd"),
        ("seed=4", "seed was 3, is 4"),
        ("model.hidden=[9]", r"model.hidden was \[8\], is \[9\]"),
        ("training.epochs=1", "training.epochs was 12, is 1, and 2 are done"),
        ("data.missing_values=[x]", r"data.missing_values was \[\], is \[x\]"),
    ],
)
def test_another_spec_is_refused_with_the_first_difference(tmp_path, override, said):
    spec, out = write_mixed(tmp_path), tmp_path / "m.npz"
    interrupted(spec, out, 10)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(SpecError, match=f"the spec has changed: {said}"):
        fit(str(spec), out=out, resume=True, overrides=[override])
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def changed(column, value, row=7):
    rows = mixed_rows()
    rows[row] = rows[row] | {column: value}
    return rows


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (mixed_rows(59), "the number of rows has changed, from 60 to 59"),
        (changed("size", "2.25"), "column 'size' has changed"),
        (changed("colour", "green"), "column 'colour' has changed"),
        (changed("label", "cheap", row=1), "column 'label' has changed"),
        ([{"more": str(k % 3)} | row for k, row in enumerate(mixed_rows())], "column 'more' was not used before"),
        ([row | {"fresh": "yes"} for row in mixed_rows()], "column 'fresh' is no longer used"),
    ],
)
def test_other_data_is_refused_with_the_first_difference(tmp_path, rows, said):
    assert mixed_rows()[1]["label"] != "cheap"
    spec, out = write_mixed(tmp_path), tmp_path / "m.npz"
    interrupted(spec, out, 10)
    (tmp_path / "mixed.csv").write_text(csv_text(rows))
    with pytest.raises(DataError, match=f"the data has changed: {said}; undo that"):
        fit(str(spec), out=out, resume=True)
    assert derive_checkpoint_path(out).exists()


def test_a_changed_validation_file_is_refused(tmp_path):
    spec, out = write_mixed(tmp_path, data={"split": {"validation": "held.csv"}}), tmp_path / "m.npz"
    (tmp_path / "held.csv").write_text(csv_text(mixed_rows(20)))
    interrupted(spec, out, 5)
    (tmp_path / "held.csv").write_text(csv_text(changed("size", "3.25", row=3)[:20]))
    with pytest.raises(DataError, match="the validation rows have changed"):
        fit(str(spec), out=out, resume=True)


def test_what_does_not_matter_may_change(tmp_path):
    """Line ends, the order of columns that are left out, a column that is not used, the place of the files."""
    spec, out = write_mixed(tmp_path), tmp_path / "m.npz"
    fit(str(spec), out=tmp_path / "whole.npz")
    interrupted(spec, out, 10)
    rows = [row | {"id": f"other {k}"} for k, row in enumerate(mixed_rows())]
    (tmp_path / "mixed.csv").write_bytes(csv_text(rows).replace("\n", "\r\n").encode())
    fit(str(spec), out=out, resume=True)
    theirs, ours = Model.load(tmp_path / "whole.npz"), Model.load(out)
    assert np.array_equal(theirs.networks[0].network.parameters.theta, ours.networks[0].network.parameters.theta)


def test_more_epochs_are_those_of_a_fit_that_had_them_from_the_beginning(tmp_path):
    spec, out = write_mixed(tmp_path), tmp_path / "m.npz"
    interrupted(spec, out, 10)
    fit(str(spec), out=out, resume=True, overrides=["training.epochs=15"])
    fit(str(spec), out=tmp_path / "whole.npz", overrides=["training.epochs=15"])
    assert out.read_bytes() == (tmp_path / "whole.npz").read_bytes()


@pytest.mark.parametrize("quantity", ["learning_rate", "dropout"])
def test_more_epochs_are_refused_where_a_schedule_depends_on_their_number(tmp_path, quantity):
    spec, out = write_mixed(tmp_path, schedules={quantity: "cosine"}, model={"dropout": 0.1}), tmp_path / "m.npz"
    interrupted(spec, out, 10)
    with pytest.raises(SpecError, match=f"training.epochs was 12, is 15, and schedules.{quantity} depends on it"):
        fit(str(spec), out=out, resume=True, overrides=["training.epochs=15"])


def test_other_surroundings_are_said(tmp_path, monkeypatch):
    spec, out, told = write_mixed(tmp_path), tmp_path / "m.npz", []
    interrupted(spec, out, 10)
    monkeypatch.setattr("numpy.__version__", "99.0")
    fit(str(spec), out=out, resume=True, notice=told.append)
    assert "this is 99.0: the last digits of the result may differ" in told[0]


# two are kept


def two_checkpoints(tmp_path):
    spec, out = write_mixed(tmp_path), tmp_path / "m.npz"
    with pytest.raises(Killed):
        fit(str(spec), out=out, checkpoints="epochs", sinks=[FunctionSink(killed_after(3))])
    assert names(tmp_path) == {"mixed.csv", "mixed.yaml", "m.npz.ckpt", "m.npz.ckpt.prev"}
    return spec, out


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(path.read_bytes()[:-100]), Path.unlink])
def test_where_the_last_one_is_lost_the_one_before_is_used_and_said(tmp_path, damage):
    spec, out = two_checkpoints(tmp_path)
    damage(derive_checkpoint_path(out))
    told = []
    fit(str(spec), out=out, resume=True, notice=told.append)
    assert f"the checkpoint before it is used, {out}.ckpt.prev (after epoch 2)" in told[0]
    fit(str(spec), out=tmp_path / "whole.npz")
    assert out.read_bytes() == (tmp_path / "whole.npz").read_bytes()


def test_where_both_are_damaged_nothing_is_used(tmp_path):
    spec, out = two_checkpoints(tmp_path)
    for path in (derive_checkpoint_path(out), derive_previous_checkpoint_path(out)):
        path.write_bytes(b"PK\x03\x04")
    with pytest.raises(ModelFileError, match="damaged"):
        fit(str(spec), out=out, resume=True)
    with pytest.raises(SpecError, match="its checkpoint is damaged; --restart forgets it"):
        fit(str(spec), out=out)


def test_a_checkpoint_is_no_model_and_a_model_no_checkpoint(tmp_path):
    spec, out = two_checkpoints(tmp_path)
    with pytest.raises(ModelFileError, match="this is an unfinished fit of mlptrain, and no model yet"):
        Model.load(derive_checkpoint_path(out))
    fit(str(spec), out=tmp_path / "other.npz")
    derive_checkpoint_path(out).write_bytes((tmp_path / "other.npz").read_bytes())
    with pytest.raises(ModelFileError, match="this is no checkpoint of mlptrain"):
        load_checkpoint(derive_checkpoint_path(out))


def test_checkpoints_of_other_formats_and_networks_are_refused(tmp_path):
    spec, out = two_checkpoints(tmp_path)
    derive_previous_checkpoint_path(out).unlink()
    arrays = container.read_container(derive_checkpoint_path(out))
    newer = bytes(arrays["metadata"]).replace(b'"format_version": 2', b'"format_version": 3')
    for change, said in (
        ({"metadata": np.frombuffer(newer, np.uint8)}, "in format 3; go on with that version"),
        ({"under_way.1.state.theta": np.zeros(3, np.float32)}, r"state.theta is float32 \(3,\), not float32"),
        ({"under_way.1.state.more": np.zeros(3)}, "its arrays are others: state.more"),
        ({"under_way.1.history.epoch": np.zeros(1)}, "its history is not one of 3 epochs"),
    ):
        with derive_checkpoint_path(out).open("wb") as stream:
            container.write_container(stream, arrays | change)
        with pytest.raises(ModelFileError, match=said):
            fit(str(spec), out=out, resume=True)


def write_in_first_format(out):
    """Rewrite a checkpoint as the first version of the format had it: one training under way, without a number."""
    path = derive_checkpoint_path(out)
    arrays = container.read_container(path)
    metadata = json.loads(bytes(arrays.pop("metadata")))
    (number, numbers), done = *metadata.pop("under_way").items(), metadata.pop("finished")
    assert list(done) == [str(each) for each in range(1, int(number))]
    metadata |= {"format_version": 1, "folds": [*done.values()], "numbers": numbers}
    metadata["fitted"] = [*metadata["fitted"].values()]
    renamed = {
        name.removeprefix(f"under_way.{number}.").replace("finished.", "folds.", 1): values
        for name, values in arrays.items()
    }
    with path.open("wb") as stream:
        container.write_container(
            stream, renamed | {"metadata": np.frombuffer(json.dumps(metadata).encode(), np.uint8)}
        )


@pytest.mark.parametrize("asked", [3, 14], ids=["in the first fold", "in a later one"])
def test_a_checkpoint_of_the_first_format_is_gone_on_with(tmp_path, asked):
    spec, out = write_mixed(tmp_path, **CONFIGURATIONS["folds"]), tmp_path / "m.npz"
    fit(str(spec), out=tmp_path / "whole.npz")
    interrupted(spec, out, asked)
    write_in_first_format(out)
    fit(str(spec), out=out, resume=True)
    assert out.read_bytes() == (tmp_path / "whole.npz").read_bytes()


# when they are written


def load_snapshot(out):
    """Where the only training stands that is under way in a checkpoint."""
    (snapshot,) = load_checkpoint(derive_checkpoint_path(out)).under_way.values()
    return snapshot


def checkpoints_seen(tmp_path, tick, **options):
    """The epochs and batches at which a checkpoint was there, in a fit whose clock moves by `tick` at each look."""
    out, seen = tmp_path / "m.npz", []

    def look(event):
        if derive_checkpoint_path(out).exists():
            found = load_snapshot(out)
            seen.append((found.epoch, found.batches))

    fit(str(write_mixed(tmp_path)), out=out, sinks=[FunctionSink(look)], clock=Clock(tick), **options)
    return seen


def test_short_fits_have_none_and_long_ones_at_the_ends_of_epochs(tmp_path):
    assert checkpoints_seen(tmp_path, 0.0001) == []
    assert {batches for _, batches in checkpoints_seen(tmp_path, SHORT)} == {0}
    assert checkpoints_seen(tmp_path, SHORT, checkpoints="off") == []


def test_between_them_one_follows_where_the_last_is_old(tmp_path):
    seen = checkpoints_seen(tmp_path, SHORT, checkpoint_minutes=0.1)
    assert {batches > 0 for _, batches in seen} == {True, False}


def test_every_epoch_has_one_where_that_is_asked_for(tmp_path):
    assert {epoch for epoch, _ in checkpoints_seen(tmp_path, 0.0001, checkpoints="epochs")} == {*range(1, 13)}


def test_a_checkpoint_that_cannot_be_written_is_said_and_training_goes_on(tmp_path, monkeypatch):
    told = []

    def full(*arguments, **options):
        raise EnvironmentFailure("m.npz.ckpt: cannot be written: No space left on device; nothing was changed")

    monkeypatch.setattr("mlptrain.fitting.checkpoint_file.publish_file", full)
    fit(str(write_mixed(tmp_path)), out=tmp_path / "m.npz", checkpoints="epochs", notice=told.append)
    assert len(told) == 12
    assert "no checkpoint: m.npz.ckpt: cannot be written: No space left on device" in told[0]
    assert Model.load(tmp_path / "m.npz").result["epochs"] == 12


# divergence


def diverging(state_epoch):
    """A step that diverges in the epoch after so many."""

    def step(course, state, batch, number):
        if state.epoch == state_epoch:
            course.network.parameters.theta[...] = np.nan
            raise Diverged("training diverged")
        return original(course, state, batch, number)

    original = loop.train_step
    return step


def test_after_a_divergence_the_best_epoch_is_kept(tmp_path, monkeypatch):
    spec, out = write_mixed(tmp_path), tmp_path / "m.npz"
    with monkeypatch.context() as patch:
        patch.setattr(loop, "train_step", diverging(3))
        with pytest.raises(Diverged, match=r"m.npz.ckpt keeps the best epoch, 3: --finish writes its model"):
            fit(str(spec), out=out, checkpoints="epochs")
    with pytest.raises(SpecError, match=r"the fit diverged \(after epoch 3\); --finish writes the model"):
        fit(str(spec), out=out, resume=True)
    assert fit(str(spec), out=out, finish=True).best_epoch == 3
    short = Model.load(Path(fit_mixed(tmp_path, "training.epochs=3", out="short.npz").model))
    assert np.array_equal(
        Model.load(out).networks[0].network.parameters.theta, short.networks[0].network.parameters.theta
    )


def test_a_short_fit_that_diverges_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "train_step", diverging(3))
    with pytest.raises(Diverged, match=r"^training diverged; no model was written$"):
        fit(str(write_mixed(tmp_path)), out=tmp_path / "m.npz")
    assert names(tmp_path) == {"mixed.csv", "mixed.yaml"}


# one at a time


def test_another_fit_of_the_same_output_is_refused_and_not_waited_for(tmp_path):
    spec, out = write_mixed(tmp_path), tmp_path / "m.npz"
    with (
        lock_exclusively(out, str),
        pytest.raises(EnvironmentFailure, match=rf"another mlptrain \(process {os.getpid()}\) is writing here"),
    ):
        fit(str(spec), out=out)
    fit(str(spec), out=out)
    assert names(tmp_path) == {"mixed.csv", "mixed.yaml", "m.npz"}


def test_a_lock_file_that_nobody_holds_does_not_matter(tmp_path):
    (tmp_path / "m.npz.lock").write_text("1\n")
    fit(str(write_mixed(tmp_path)), out=tmp_path / "m.npz")
    assert not (tmp_path / "m.npz.lock").exists()


def test_where_there_are_no_locks_it_is_said(tmp_path, monkeypatch):
    def unknown(descriptor):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("mlptrain.storage.locking.lock_file_without_waiting", unknown)
    told = []
    fit(str(write_mixed(tmp_path)), out=tmp_path / "m.npz", notice=told.append)
    assert "the file system knows no locks (Operation not supported)" in told[0]


# what killed runs leave


def test_temporary_files_of_killed_runs_are_removed_and_no_others(tmp_path):
    spec = write_mixed(tmp_path)
    mine = [".m.npz.1-0123abcd.tmp", ".m.npz.ckpt.7-0123abcd.tmp", f".m.npz.{os.getpid()}-0123abcd.tmp"]
    others = [".other.npz.7-0123abcd.tmp", ".m.npz.7-0123.tmp", "x.tmp"]
    for name in (*mine, *others):
        (tmp_path / name).write_bytes(b"")
    fit(str(spec), out=tmp_path / "m.npz")
    assert names(tmp_path) == {"mixed.csv", "mixed.yaml", "m.npz", *others}


def test_room_on_the_disk_is_looked_for_before_training(tmp_path, monkeypatch):
    spec = write_mixed(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 1000}))
    events = []
    with pytest.raises(EnvironmentFailure, match=r"m.npz: it needs about 0.0 MB of disk, 0.0 MB are free; make room"):
        fit(str(spec), out=tmp_path / "m.npz", sinks=[FunctionSink(events.append)])
    assert [type(event) for event in events] == [FitStarted]
    assert names(tmp_path) == {"mixed.csv", "mixed.yaml"}


def test_a_lock_on_a_full_disk_says_nothing_of_its_holder_and_is_removed(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with (
        lock_exclusively(tmp_path / "m.npz", str),
        pytest.raises(EnvironmentFailure, match="another mlptrain is writing here"),
        lock_exclusively(tmp_path / "m.npz", str),
    ):
        pass
    assert names(tmp_path) == set()


def test_a_link_and_the_file_it_leads_to_are_one_output(tmp_path):
    """One lock, one checkpoint, one previous model."""
    spec, out, link = write_mixed(tmp_path), tmp_path / "real.npz", tmp_path / "link.npz"
    link.symlink_to(out)
    interrupted(spec, link, 6)
    assert derive_checkpoint_path(out).exists()
    with lock_exclusively(out, str), pytest.raises(EnvironmentFailure, match="is writing here"):
        fit(str(spec), out=link, resume=True)
    fit(str(spec), out=link, resume=True)
    fit(str(spec), out=link, overrides=["seed=9"])
    assert link.is_symlink()
    assert names(tmp_path) == {"mixed.csv", "mixed.yaml", "link.npz", "real.npz", "real.previous.npz"}


# what an independent reader found


def test_fewer_epochs_than_a_fold_has_had_are_refused(tmp_path):
    stopping = {"epochs": 60, "batch_size": 20, "early_stopping": {"patience": 2}}
    quick = {"name": "adam", "learning_rate": 0.3}
    spec = write_mixed(tmp_path, data={"split": {"folds": 2}}, training=stopping, optimizer=quick)
    out = tmp_path / "m.npz"
    seen = []
    fit(str(spec), out=tmp_path / "whole.npz", sinks=[FunctionSink(seen.append)])
    first = next(event for event in seen if isinstance(event, Finished))
    assert first.reason == "early_stopping"
    interrupted(spec, out, 2 * first.epochs + 2)  # in the first epoch of the second fold
    with pytest.raises(SpecError, match=f"is {first.epochs - 1}, and {first.epochs} are done"):
        fit(str(spec), out=out, resume=True, overrides=[f"training.epochs={first.epochs - 1}"])


@pytest.mark.parametrize("problem", [EnvironmentFailure("no room"), ModelFileError("larger than 4 GiB"), MemoryError()])
def test_what_is_said_to_be_kept_is_kept(tmp_path, monkeypatch, problem):
    """The checkpoint of the third epoch is the last that can be written."""
    spec, out, told = write_mixed(tmp_path), tmp_path / "m.npz", []
    original = checkpoints.save_checkpoint

    def save(checkpoint, model):
        if (stands := checkpoint.under_way[1]).epoch > 3 or stands.batches:
            raise problem
        original(checkpoint, model)

    monkeypatch.setattr(checkpoints, "save_checkpoint", save)
    said = interrupted(spec, out, 18, checkpoints="epochs", notice=told.append)  # 4 steps an epoch
    assert f"stopped after epoch 4, batch 2 of the next; what it was after epoch 3 is kept in {out}.ckpt" in said
    assert len(told) == 2
    assert load_snapshot(out).epoch == 3


def test_the_history_of_a_fit_of_folds_that_is_resumed_is_whole(tmp_path):
    spec = write_mixed(tmp_path, **CONFIGURATIONS["folds"])
    whole, again = [], []
    fit(str(spec), out=tmp_path / "whole.npz", sinks=[FunctionSink(whole.append)])
    interrupted(spec, tmp_path / "m.npz", 8)
    fit(str(spec), out=tmp_path / "m.npz", resume=True, sinks=[FunctionSink(again.append)])

    def epochs(events):
        """Of each fold what its epochs were."""
        found = {}
        for event in events:
            if isinstance(event, Started):
                fold = found.setdefault(event.fold, [])
            for each in event.earlier if isinstance(event, Started) else [event] * isinstance(event, EpochEnded):
                fold.append(replace(each, rows_per_second=0.0))
        return found

    assert epochs(again) == epochs(whole)
    assert [event.reason for event in again if isinstance(event, Finished)] == ["epochs"] * 3


def test_a_best_epoch_that_is_not_good_is_not_kept(tmp_path):
    """Without a validation part the best epoch is the last one, and full batches see only then what it did."""
    spec = write_mixed(
        tmp_path,
        data={"target": "price"},
        optimizer={"name": "sgd", "learning_rate": 1e12},
        training=training(batch_size="full", epochs=50),
    )
    with pytest.raises(Diverged) as problem:
        fit(str(spec), out=tmp_path / "m.npz", checkpoints="epochs")
    assert "keeps the best epoch" not in str(problem.value)


def test_a_full_disk_does_not_hide_why_a_fit_diverged(tmp_path, monkeypatch):
    def full(*arguments):
        raise EnvironmentFailure("no room")

    spec, out = write_mixed(tmp_path), tmp_path / "m.npz"
    interrupted(spec, out, 6)
    monkeypatch.setattr(loop, "train_step", diverging(3))
    monkeypatch.setattr(checkpoints, "save_checkpoint", full)
    with pytest.raises(Diverged, match=r"training diverged; the best epoch, 3, could not be kept: no room"):
        fit(str(spec), out=out, resume=True)


def test_the_writer_of_a_checkpoint_is_named_where_the_spec_seems_to_have_changed(tmp_path, monkeypatch):
    spec, out = write_mixed(tmp_path), tmp_path / "m.npz"
    interrupted(spec, out, 6)
    monkeypatch.setattr("mlptrain.fitting.checkpoints.WRITER", "99.0")
    with pytest.raises(SpecError, match=r"changed \(it was written by mlptrain .*, this is 99.0\): seed was"):
        fit(str(spec), out=out, resume=True, overrides=["seed=8"])


def test_a_checkpoint_holds_texts_as_they_are_and_finite_numbers(tmp_path):
    def of(spec, numbers):
        snapshot = Snapshot(numbers=numbers, arrays={})
        return Checkpoint(
            spec=spec, data={}, inputs=[], fitted={}, surroundings={}, finished={}, under_way={1: snapshot}
        )

    save_checkpoint(of({"größe": 1}, {"a": 0.5}), tmp_path / "m.npz")
    assert "größe".encode() in derive_checkpoint_path(tmp_path / "m.npz").read_bytes()
    with pytest.raises(ValueError, match="Out of range float values"):
        save_checkpoint(of({}, {"a": float("nan")}), tmp_path / "m.npz")
