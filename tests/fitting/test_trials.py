"""Trials: short trainings decide which of a recipe's choices is laid over the rest; the result is an ordinary spec."""

import numpy as np
import pytest

from mlptrain.commands.check import check_files
from mlptrain.model.model import Model
from mlptrain.plain import to_plain
from mlptrain.reporting.spec_text import format_spec_as_yaml
from mlptrain.spec import recipes
from mlptrain.spec.recipes import load_recipe
from mlptrain.storage.companions import derive_checkpoint_path
from mlptrain.training import loop
from mlptrain.training.events import FitStarted, FunctionSink, TrialSteps
from tests.support.clocks import Clock, let_steps_take
from tests.support.flows import fit

TRIED = """\
about: for tests
spec:
  data: {split: {validation: 0.25}}
  model: {hidden: [16], activation: tanh}
  optimizer: {name: adam, learning_rate: 0.02}
  training: {epochs: 60, batch_size: 32}
trial:
  steps: 300
  margin: 0.05
  choices:
    - about: a line
      spec: {model: {hidden: []}}
    - about: a curve
      spec: {model: {hidden: [16]}}
"""
TARGETS = {"line": lambda x: 3 * x, "curve": lambda x: np.sin(3 * x)}


@pytest.fixture(autouse=True)
def shelf(tmp_path, monkeypatch):
    """One recipe, with a choice between a linear model and a network."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    (folder / "tried.yaml").write_text(TRIED)
    monkeypatch.setattr(recipes, "FOLDER", folder)
    load_recipe.cache_clear()
    yield
    load_recipe.cache_clear()


def written(folder, target, more=""):
    """A spec of the recipe on 200 rows of one number and its `target`."""
    x = np.random.default_rng(3).uniform(-2, 2, 200)
    y = TARGETS[target](x)
    (folder / "t.csv").write_text("x,y\n" + "".join(f"{a:.6f},{b:.6f}\n" for a, b in zip(x, y, strict=True)))
    path = folder / "t.yaml"
    path.write_text(f"recipe: tried\ndata: {{train: t.csv, target: y}}\n{more}")
    return path


def fitted(path, folder, name="t.npz"):
    told: list[str] = []
    fit(str(path), out=folder / name, threads=1, notice=told.append)
    return Model.load(folder / name).spec, [line for line in told if line.startswith("trials")]


@pytest.mark.parametrize(("target", "hidden"), [("line", ()), ("curve", (16,))])
def test_the_choice_that_suits_the_rows_is_taken_and_said(tmp_path, target, hidden):
    spec, told = fitted(written(tmp_path, target), tmp_path)
    assert spec.model.hidden == hidden
    assert len(told) == 1
    assert told[0].endswith(f"taken: a {target}")


def test_the_stored_spec_gives_the_same_model_without_a_trial(tmp_path):

    spec, _ = fitted(written(tmp_path, "curve"), tmp_path)
    again = tmp_path / "again.yaml"
    again.write_text(format_spec_as_yaml(to_plain(spec)))
    _, told = fitted(again, tmp_path, "again.npz")
    assert told == []
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "t.npz").read_bytes()


def test_no_trial_is_made_of_what_the_user_has_decided(tmp_path):
    spec, told = fitted(written(tmp_path, "curve", "model: {hidden: [3]}\n"), tmp_path)
    assert spec.model.hidden == (3,)
    assert told == []


def test_the_first_choice_stays_unless_another_is_better_by_the_margin(tmp_path, monkeypatch):
    from mlptrain.fitting import trials

    for second, taken in ((0.96, ()), (0.94, (16,))):
        values = iter([1.0, second])
        monkeypatch.setattr(trials, "try_training", lambda *_, values=values: next(values))
        spec, _ = fitted(written(tmp_path, "curve"), tmp_path)
        assert spec.model.hidden == taken


def test_check_shows_the_first_choice_and_says_what_a_trial_decides(tmp_path):
    from mlptrain.reporting.check_results import format_check

    found = check_files(str(written(tmp_path, "curve")))
    assert found.spec.model.hidden == ()
    assert "trials of 300 steps: a line or a curve; shown is: a line" in format_check(found)


def test_a_fit_that_goes_on_has_the_choice_it_began_with_and_makes_no_trials(tmp_path, monkeypatch):
    from itertools import count

    from mlptrain.errors import Interrupted
    from mlptrain.fitting import trials

    path = written(tmp_path, "curve")
    fitted(path, tmp_path, "whole.npz")
    asked = count()
    monkeypatch.setattr(trials, "try_training", lambda material, *_: float(not material.spec.model.hidden))
    with pytest.raises(Interrupted):
        fit(str(path), out=tmp_path / "t.npz", threads=1, stop=lambda: next(asked) >= 7)
    monkeypatch.setattr(trials, "try_training", None)
    fit(str(path), out=tmp_path / "t.npz", threads=1, resume=True)
    assert (tmp_path / "t.npz").read_bytes() == (tmp_path / "whole.npz").read_bytes()


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("70m", "trials of 300 steps: a line"),
        ("1h", "trials of 270 steps: a line"),  # 15 % of an hour, for two choices
        ("20m", "time_limit: there is no time for trials; taken: a line"),
    ],
)
def test_trials_take_a_part_of_a_time_limit_and_none_is_made_of_too_few_steps(tmp_path, monkeypatch, limit, said):
    from mlptrain.fitting import time_limit

    clock = Clock()
    let_steps_take(monkeypatch, clock, lambda: 1.0, time_limit)
    told: list[str] = []
    overrides = [f"training.time_limit={limit}"]
    fit(
        str(written(tmp_path, "line")),
        out=tmp_path / "t.npz",
        overrides=overrides,
        threads=1,
        notice=told.append,
        clock=clock,
    )
    assert told[0].startswith(said)


@pytest.mark.parametrize("asked", [0, 5, 400])
def test_a_fit_that_is_stopped_during_its_trials_keeps_no_choice(tmp_path, asked):
    from itertools import count

    from mlptrain.errors import Interrupted

    calls = count()
    with pytest.raises(Interrupted, match=r"^stopped during the trials; nothing was written$"):
        fit(str(written(tmp_path, "curve")), out=tmp_path / "t.npz", threads=1, stop=lambda: next(calls) >= asked)
    assert not (tmp_path / "t.npz").exists()
    assert not derive_checkpoint_path(tmp_path / "t.npz").exists()


def test_without_validation_rows_no_trial_is_made_and_that_is_said(tmp_path, monkeypatch):
    from mlptrain.fitting import trials

    monkeypatch.setattr(trials, "try_training", None)
    path, told = written(tmp_path, "curve"), list[str]()
    overrides = ["data.split.validation=0"]
    fit(str(path), out=tmp_path / "t.npz", overrides=overrides, threads=1, notice=told.append)
    assert "there are no validation rows for trials; taken: a line" in told
    assert Model.load(tmp_path / "t.npz").spec.model.hidden == ()


def test_the_sinks_are_told_how_far_each_trial_has_come(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "STEPS_DONE_EVERY", 0.0)
    told = []
    fit(str(written(tmp_path, "curve")), out=tmp_path / "t.npz", threads=1, sinks=[FunctionSink(told.append)])
    trials = [event for event in told if isinstance(event, TrialSteps)]
    assert isinstance(told[0], FitStarted)
    assert told[1 : len(trials) + 1] == trials
    for number in (1, 2):
        steps = [event.steps for event in trials if event.trial == number]
        assert steps == sorted(steps)
        assert len(set(steps)) > 2
        assert steps[-1] == trials[0].planned
