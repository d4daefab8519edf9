"""A fit in memory: the very model that a fit from files writes, and what is left of one that is stopped."""

from dataclasses import asdict, replace
from itertools import count
from math import inf

import numpy as np
import pytest

import mlptrain
from mlptrain.commands.fit import make_fit_result, read_checked_draft
from mlptrain.data.frames import read_columns
from mlptrain.errors import Diverged, Interrupted, SpecError
from mlptrain.fitting import fit as fitting
from mlptrain.fitting import time_limit
from mlptrain.fitting.checkpoints import Checkpoints, Plan
from mlptrain.fitting.host import Host
from mlptrain.interface import resolve_sink
from mlptrain.model.answers import AnswerOptions
from mlptrain.model.file import compute_relative_spec_folder
from mlptrain.model.history import EpochEnded
from mlptrain.model.model import Model
from mlptrain.model.rows import TableRows
from mlptrain.plain import to_plain
from mlptrain.preparation.material import read_training_rows
from mlptrain.storage.companions import derive_checkpoint_path
from mlptrain.training import loop
from mlptrain.training.events import Finished, FitFinished, FitStarted, FunctionSink, Started
from tests.support.flows import fit, mixed_rows, write_mixed


def fit_in_memory(spec, *overrides, rows=None, **options):
    """`fit_rows` on the rows that a spec names, or on others."""
    draft, folder = read_checked_draft(str(spec), overrides)
    rows = read_training_rows(draft.spec, folder) if rows is None else rows
    sinks = [resolve_sink(sink, title="") for sink in options.pop("sinks", ())]
    return fitting.fit_rows(draft, rows, folder=folder, sinks=sinks, **options)


def rows_in_memory():
    """The mixed table as columns that were never in a file."""
    rows = mixed_rows()
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    columns |= {name: [float(cell) if cell else None for cell in columns[name]] for name in ("size", "price", "count")}
    columns["fresh"] = [cell == "yes" for cell in columns["fresh"]]
    return TableRows(read_columns(columns))


def stored(done, path):
    """The bytes of the model's file at `path`, beside its spec."""
    return replace(done.model, spec_folder=compute_relative_spec_folder(path, path.parent)).to_bytes()


def wish_after(steps):
    asked = count()
    return lambda: next(asked) >= steps


# the same as from files

HELD_OUT = {"data": {"split": {"validation": 0.25}}}
SPECS = {
    "one network": {},
    "validation": HELD_OUT,
    "test": {"data": {"split": {"validation": 0.2, "test": 0.2}}},
    "numbers": {"data": {"target": ["price", "count"], "split": {"validation": 0.25}}},
    "folds": {"data": {"split": {"folds": 3}}},
    "repeats": {"data": {"split": {"validation": 0.2, "repeats": 2}}},
    "members": HELD_OUT | {"members": 3},
    "a shared trunk": HELD_OUT | {"members": {"name": "tabm", "count": 2}},
    "refit": HELD_OUT | {"training": {"epochs": 12, "batch_size": 16, "refit": True}},
    "temperature": HELD_OUT | {"model": {"hidden": [8], "calibration": "temperature"}},
}


@pytest.mark.parametrize("sections", SPECS.values(), ids=SPECS)
def test_a_fit_in_memory_is_that_from_files_bit_for_bit(tmp_path, sections):
    spec, out, told, said = write_mixed(tmp_path, **sections), tmp_path / "m.npz", [], []
    result = fit(str(spec), out=out, notice=told.append)
    done = fit_in_memory(spec, host=Host(notice=said.append))
    assert stored(done, out) == out.read_bytes()
    assert make_fit_result(replace(done, outcome=replace(done.outcome, seconds=result.seconds)), str(out)) == result
    assert said == told
    assert done.held_out is None


@pytest.mark.parametrize("target", ["label", "price"])
def test_the_recipe_best_in_memory_is_that_from_files(tmp_path, target):
    spec, out, told, said = write_mixed(tmp_path), tmp_path / "m.npz", [], []
    spec.write_text(f"recipe: best\ndata: {{train: mixed.csv, target: {target}}}\n")
    few = ["training.epochs=2", "data.split.folds=2"]
    fit(str(spec), out=out, overrides=few, notice=told.append, threads=1)
    done = fit_in_memory(spec, *few, host=Host(notice=said.append, threads=1))
    assert stored(done, out) == out.read_bytes()
    assert said == told
    assert any(message.startswith("trials of") for message in said)


@pytest.fixture
def clock(monkeypatch):
    """A clock that steps move on by a second."""
    now = [1000.0]
    for module in (time_limit, loop):

        def step(*arguments, original=module.train_step, **options):
            now[0] += 1.0
            return original(*arguments, **options)

        monkeypatch.setattr(module, "train_step", step)
    return lambda: now[0]


@pytest.mark.parametrize("sections", [HELD_OUT, {"data": {"split": {"folds": 2}}}], ids=["alone", "folds"])
def test_a_time_limit_holds_in_memory_too(tmp_path, clock, sections):
    training = {"epochs": 500, "batch_size": 16, "time_limit": "5m"}
    spec, out = write_mixed(tmp_path, **sections, training=training), tmp_path / "m.npz"
    told, said = [], []
    fit(str(spec), out=out, clock=clock, notice=told.append)
    begun = clock()
    done = fit_in_memory(spec, host=Host(clock=clock, notice=said.append))
    assert stored(done, out) == out.read_bytes()
    assert said == told
    assert said[-1].startswith("time_limit: 500 epochs would take about")
    assert 1 < done.outcome.epochs < 500
    assert done.model.spec.training.time_limit is None
    assert clock() - begun < 300


def test_the_time_of_a_limit_begins_when_the_host_says(tmp_path, clock):
    training = {"epochs": 500, "batch_size": 16, "time_limit": "5m"}
    spec = write_mixed(tmp_path, **HELD_OUT, training=training)
    late, now = (
        fit_in_memory(spec, host=Host(clock=clock, begun=begun)).outcome.epochs for begun in (clock() - 200.0, None)
    )
    assert late < now / 2


def test_rows_that_were_never_in_a_file_give_the_same_model(tmp_path):
    spec, out = write_mixed(tmp_path, **HELD_OUT), tmp_path / "m.npz"
    fit(str(spec), out=out)
    (tmp_path / "mixed.csv").unlink()
    assert stored(fit_in_memory(spec, rows=rows_in_memory()), out) == out.read_bytes()


def test_a_fit_in_memory_writes_nothing(tmp_path, monkeypatch):
    spec, empty = write_mixed(tmp_path / "spec", **SPECS["folds"]), tmp_path / "empty"
    empty.mkdir()
    before = {path.name: path.read_bytes() for path in spec.parent.iterdir()}
    monkeypatch.chdir(empty)
    fit_in_memory(spec, keep_held_out=True)
    assert {path.name: path.read_bytes() for path in spec.parent.iterdir()} == before
    assert not [*empty.iterdir()]


def test_the_model_says_of_its_fit_what_the_outcome_says(tmp_path):
    done = fit_in_memory(write_mixed(tmp_path, **SPECS["folds"]))
    facts = done.outcome.facts()
    assert done.model.result == facts
    assert facts["folds"] == [asdict(each) for each in done.outcome.folds]
    assert done.outcome.parameters == done.model.parameters
    assert list(done.model.weights) == [1.0] * 3
    assert "seconds" not in facts


def test_events_go_to_every_sink(tmp_path):
    seen, more = [], []
    fit_in_memory(write_mixed(tmp_path, **SPECS["folds"]), sinks=[seen.append, more.append])
    assert [event.fold for event in seen if isinstance(event, Started)] == [1, 2, 3]
    assert sum(isinstance(event, EpochEnded) for event in seen) == 36
    assert seen == more


def test_held_out_predictions_are_those_of_the_file(tmp_path):
    spec = write_mixed(tmp_path, **SPECS["folds"])
    fit(str(spec), out=tmp_path / "m.npz", out_of_fold=tmp_path / "file.csv")
    done = fit_in_memory(spec, keep_held_out=True)
    done.held_out.write(tmp_path / "memory.csv", done.model)
    assert (tmp_path / "memory.csv").read_bytes() == (tmp_path / "file.csv").read_bytes()
    with pytest.raises(SpecError, match=r"--out-of-fold: the spec has no folds; set data.split.folds"):
        fit_in_memory(spec, "data.split.folds=null", keep_held_out=True)


# one that is stopped


def stopped(spec, steps, *overrides, **options):
    """The error of a fit that is stopped when so many steps are done."""
    with pytest.raises(Interrupted) as problem:
        fit_in_memory(spec, *overrides, host=Host(stop=wish_after(steps)), **options)
    return problem.value


def thetas(model):
    return [each.network.parameters.theta for each in model.networks]


def test_the_error_of_a_fit_that_is_stopped_has_the_model_so_far(tmp_path):
    """4 steps an epoch: the wish comes in the fourth epoch."""
    spec = write_mixed(tmp_path)
    problem = stopped(spec, 14)
    assert str(problem) == "stopped after epoch 3; the error's `model` is the best so far"
    model = problem.model
    assert (model.result["reason"], model.result["epochs"]) == ("interrupted", 3)
    short = fit_in_memory(spec, "training.epochs=3").model
    np.testing.assert_array_equal(*thetas(model), *thetas(short))
    columns = model.answer(rows_in_memory(), AnswerOptions(probabilities=True))
    assert columns == short.answer(rows_in_memory(), AnswerOptions(probabilities=True))
    assert len(columns["label"]) == 60
    assert Model.from_bytes(model.to_bytes()).result == model.result


def test_with_validation_rows_it_is_the_best_epoch_not_the_last(tmp_path):
    """3 steps an epoch, and a learning rate with which the losses rise and fall."""
    rough = ["optimizer.learning_rate=0.5", "training.epochs=40"]
    spec, seen = write_mixed(tmp_path, **HELD_OUT), []
    model = stopped(spec, 65, *rough, sinks=[seen.append]).model
    losses = [event.validation_loss for event in seen if isinstance(event, EpochEnded)]
    best = int(np.argmin(losses)) + 1
    assert 1 <= best < len(losses)
    assert model.result["best_epoch"] == best
    assert model.result["metrics"]["validation"]["loss"] == min(losses)


def test_before_the_first_epoch_has_ended_there_is_no_model(tmp_path):
    assert stopped(write_mixed(tmp_path), 2).model is None


@pytest.mark.parametrize(("steps", "networks"), [(20, 1), (40, 1), (45, 2), (70, 2), (85, 3)])
def test_of_several_folds_those_that_have_an_epoch_to_show_are_kept(tmp_path, steps, networks):
    """3 steps an epoch, 12 epochs a fold, and the wish is asked for once more before the first step of each."""
    spec, seen = write_mixed(tmp_path, **SPECS["folds"]), []
    model = stopped(spec, steps, sinks=[seen.append]).model
    assert len(model.networks) == networks
    assert model.result["reason"] == "interrupted"
    whole = thetas(fit_in_memory(spec).model)
    done = sum(isinstance(event, Finished) and event.reason == "epochs" for event in seen)
    for found, expected in zip(thetas(model)[:done], whole, strict=False):
        np.testing.assert_array_equal(found, expected)
    assert len(model.answer(rows_in_memory(), AnswerOptions())["label"]) == 60


def test_during_a_refit_the_model_is_what_the_search_has_found(tmp_path):
    spec = write_mixed(tmp_path, **SPECS["refit"])
    model = stopped(spec, 12 * 3 + 6).model
    search = fit_in_memory(spec, "training.refit=false").model
    np.testing.assert_array_equal(*thetas(model), *thetas(search))
    assert model.result["reason"] == "interrupted"


def test_during_the_trials_of_a_recipe_there_is_no_model(tmp_path):
    spec = write_mixed(tmp_path)
    spec.write_text("recipe: best\ndata: {train: mixed.csv, target: label}\n")
    problem = stopped(spec, 3)
    assert str(problem) == "stopped during the trials; nothing was written"
    assert problem.model is None


def test_a_divergence_in_memory_speaks_of_no_file(tmp_path):
    spec = write_mixed(
        tmp_path, data={"target": "price"}, optimizer={"name": "sgd", "learning_rate": 1e12}, loss="mean_squared_error"
    )
    with pytest.raises(Diverged) as problem:
        fit_in_memory(spec)
    assert not [word for word in ("ckpt", "npz", "written", "--") if word in str(problem.value)]


# beside a path


def test_with_a_keeper_beside_a_path_a_checkpoint_is_left_and_gone_on_with(tmp_path):
    spec, path = write_mixed(tmp_path, **HELD_OUT), tmp_path / "m.npz"
    whole = stored(fit_in_memory(spec), path)
    host = Host(stop=wish_after(10))
    with pytest.raises(Interrupted, match=rf"all is kept in {path}.ckpt: --resume goes on from there") as problem:
        fit_in_memory(spec, host=host, keeper=Checkpoints(path, Plan(), host))
    assert problem.value.model is None
    assert derive_checkpoint_path(path).exists()
    assert not path.exists()
    with pytest.raises(SpecError, match="an unfinished fit is here"):
        Checkpoints(path, Plan(), Host())
    keeper = Checkpoints(path, Plan(existing="resume"), Host())
    assert stored(fit_in_memory(spec, keeper=keeper), path) == whole
    keeper.remove()
    assert not derive_checkpoint_path(path).exists()


def test_a_fit_from_files_goes_on_from_what_a_fit_in_memory_has_left(tmp_path):
    spec, path = write_mixed(tmp_path, **SPECS["folds"]), tmp_path / "m.npz"
    host = Host(stop=wish_after(50))
    with pytest.raises(Interrupted):
        fit_in_memory(spec, host=host, keeper=Checkpoints(path, Plan(when="epochs"), host))
    fit(str(spec), out=path, resume=True)
    assert path.read_bytes() == stored(fit_in_memory(spec), path)


def test_without_a_limit_there_is_no_end():
    assert Host().end == inf
    assert Host().begun is None
    assert not Host().stop()


# what the sinks are told of the whole fit


def tell(path, *overrides, **options):
    """The events of a fit to a file, and its outcome."""
    events = []
    options = {"out": path.with_suffix(".npz"), "notice": str} | options
    done = fit(str(path), overrides=overrides, sinks=[FunctionSink(events.append)], **options)
    return events, done


def test_the_first_event_says_what_the_user_has_written(tmp_path):
    path = write_mixed(tmp_path, recipe="plain", training={"epochs": 2}, model={"hidden": [3]})
    (began, *_), _ = tell(path, "training.batch_size=8")
    assert isinstance(began, FitStarted)
    assert (began.source, began.goes_on, began.restarts) == (str(path), False, False)
    written = {("recipe",): "plain", ("model", "hidden"): ["3"], ("training", "batch_size"): "8"}
    assert written.items() <= began.user_settings.items()
    assert ("training", "shuffle") not in began.user_settings


def test_rows_in_memory_are_no_setting_of_the_user():
    events = []
    table = {"x": [0.0, 1.0, 2.0, 3.0], "y": [1.5, 3.0, 5.0, 7.0]}
    mlptrain.fit({"data": {"target": "y"}, "training": {"epochs": 1, "batch_size": 4}}, table, sinks=events.append)
    assert [*events[0].user_settings] == [("data", "target"), ("training", "epochs"), ("training", "batch_size")]


def test_the_start_of_a_training_says_its_spec_and_that_of_the_first_one_gives_the_fit_again(tmp_path):
    path = write_mixed(tmp_path, training={"epochs": 2}, data={"split": {"folds": 2}}, seed=5)
    events, _ = tell(path)
    specs = [event.spec for event in events if isinstance(event, Started)]
    assert specs[0] == to_plain(Model.load(path.with_suffix(".npz")).spec)
    assert [spec["seed"] for spec in specs] == [5, 6]


@pytest.mark.parametrize("existing", ["resume", "restart"])
def test_the_first_event_says_what_becomes_of_an_unfinished_fit(tmp_path, existing):
    path = write_mixed(tmp_path, training={"epochs": 4})
    with pytest.raises(Interrupted):
        tell(path, stop=wish_after(6))
    (began, *_), _ = tell(path, **{existing: True})
    assert (began.goes_on, began.restarts) == (existing == "resume", existing == "restart")


@pytest.mark.parametrize("split", [{"validation": 0.25}, {"folds": 2}])
def test_the_last_event_says_how_the_fit_has_ended(tmp_path, split):
    events, done = tell(write_mixed(tmp_path, training={"epochs": 3}, data={"split": split}))
    assert isinstance(events[-1], FitFinished)
    for name, value in vars(events[-1]).items():
        assert value == getattr(done, name), name
