"""What a recipe gives up within a time limit: the first concession that leaves enough of its epochs, said in one line.

The clock stands still but for steps, which take a second each: 160 training rows of `slow` make 4 an epoch, those of
`quick` 2.
"""

from itertools import count

import numpy as np
import pytest

from mlptrain.errors import Interrupted
from mlptrain.fitting import concessions, execution, time_limit
from mlptrain.fitting.checkpoint_file import derive_checkpoint_path
from mlptrain.fitting.fit import fit_rows
from mlptrain.fitting.host import Host
from mlptrain.model.model import Model
from mlptrain.plain import to_plain
from mlptrain.preparation.material import read_training_rows
from mlptrain.reporting.spec_text import format_spec_as_yaml
from mlptrain.spec import recipes
from mlptrain.spec.file import load_draft
from mlptrain.spec.recipes import list_recipes, load_recipe, parse_recipe
from mlptrain.training import loop
from tests.support.clocks import Clock, let_steps_take
from tests.support.flows import fit

PACKAGED = list_recipes()
SLOW = """\
about: for tests
spec:
  data: {split: {folds: 5}}
  model: {hidden: [4]}
  training: {epochs: 40, batch_size: 50}
concessions:
  - {epochs: 0.5}
  - {epochs: 0.5, about: 2 of 5 networks, spec: {data: {split: {validation: 0.2, repeats: 2}}}}
  - {epochs: 1, recipe: quick, about: 5 folds, spec: {data: {split: {folds: 5}}}}
  - {epochs: 0, recipe: quick}
"""
BESIDE = (
    SLOW.partition("concessions:")[0]
    + """\
concessions:
  - {epochs: 1}
  - epochs: 0.3
    about: 2 of 5 networks beside 3 of quick
    spec: {data: {split: {validation: 0.2, repeats: 2}}}
    companion: {recipe: quick, spec: {data: {split: {repeats: 3}}}}
  - epochs: 0.3
    about: 1 of 5 networks beside 3 of quick
    spec: {data: {split: {validation: 0.2}}}
    companion: {recipe: quick, spec: {data: {split: {repeats: 3}}}}
  - {epochs: 0, recipe: quick}
"""
)
QUICK = """\
about: for tests
spec:
  data: {split: {validation: 0.2}}
  model: {hidden: [3]}
  training: {epochs: 10, batch_size: 100}
"""


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    folder = tmp_path / "shelf"
    folder.mkdir()
    for name, text in (("slow", SLOW), ("quick", QUICK), ("beside", BESIDE)):
        (folder / f"{name}.yaml").write_text(text)
    monkeypatch.setattr(recipes, "FOLDER", folder)
    load_recipe.cache_clear()
    yield
    load_recipe.cache_clear()


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    let_steps_take(monkeypatch, clock, lambda: 1.0, time_limit, loop)
    return clock


def written(folder, more="", recipe="slow"):
    x = np.random.default_rng(3).uniform(-2, 2, 200)
    (folder / "t.csv").write_text("x,y\n" + "".join(f"{a:.6f},{a * a:.6f}\n" for a in x))
    path = folder / "t.yaml"
    path.write_text(f"recipe: {recipe}\ndata: {{train: t.csv, target: y}}\n{more}")
    return path


def fitted(folder, clock, limit, *overrides, more="", recipe="slow", **options):
    """The stored spec, what was said, the seconds that were spent."""
    told: list[str] = []
    begun = clock()
    given = [f"training.time_limit={limit}", *overrides]
    path = written(folder, more, recipe)
    fit(str(path), out=folder / "t.npz", overrides=given, notice=told.append, clock=clock, **options)
    return Model.load(folder / "t.npz").spec, [line for line in told if "time_limit" in line], clock() - begun


ROOMY, SLOWLY = 1600, "recipe slow would take about 13 min"
CASES = {
    "all": (ROOMY, 5, 1, 40, []),
    "fewer epochs": (600, 5, 1, 26, ["time_limit: 40 epochs would take about 13 min; 26 epochs"]),
    "fewer networks": (240, None, 2, 26, [f"time_limit: {SLOWLY}; 2 of 5 networks, 26 of 40 epochs"]),
    "another recipe": (130, 5, 1, 10, [f"time_limit: {SLOWLY}; recipe quick in place of slow: 5 folds, 10 epochs"]),
    "one of its networks": (60, None, 1, 10, [f"time_limit: {SLOWLY}; recipe quick in place of slow, 10 epochs"]),
    "fewer of its epochs": (16, None, 1, 4, [f"time_limit: {SLOWLY}; recipe quick in place of slow, 4 of 10 epochs"]),
}


@pytest.mark.parametrize(("limit", "folds", "repeats", "epochs", "said"), CASES.values(), ids=CASES)
def test_the_least_is_given_up_that_leaves_enough_epochs(tmp_path, shelf, clock, limit, folds, repeats, epochs, said):
    spec, told, spent = fitted(tmp_path, clock, limit)
    split = spec.data.split
    assert (split.folds, split.repeats, spec.training.epochs, told) == (folds, repeats, epochs, said)
    assert spent <= limit
    assert spec.training.time_limit is None


@pytest.mark.parametrize("limit", [240, 60])
def test_what_comes_out_is_an_ordinary_spec(tmp_path, shelf, clock, limit):
    spec, _, _ = fitted(tmp_path, clock, limit)
    (tmp_path / "again.yaml").write_text(format_spec_as_yaml(to_plain(spec)))
    fit(str(tmp_path / "again.yaml"), out=tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "t.npz").read_bytes()


KEPT = {
    "folds": ("data.split.folds=4", lambda spec: spec.data.split.folds == 4),
    "a share for validation": ("data.split={validation: 0.3}", lambda spec: spec.data.split.validation == 0.3),
    "several rounds": ("data.split.repeats=3", lambda spec: spec.data.split.repeats == 3),
    "layers": ("model.hidden=[5]", lambda spec: spec.model.hidden == (5,)),
    "a batch size": ("training.batch_size=40", lambda spec: spec.training.batch_size == 40),
}


@pytest.mark.parametrize(("override", "holds"), KEPT.values(), ids=KEPT)
@pytest.mark.parametrize("limit", [240, 130, 20])
def test_what_the_user_has_said_is_never_given_up(tmp_path, shelf, clock, override, holds, limit):
    spec, _, _ = fitted(tmp_path, clock, limit, override)
    assert holds(spec)


def test_with_out_of_fold_predictions_there_are_folds(tmp_path, shelf, clock):
    for limit in (240, 130, 20):
        spec, _, _ = fitted(tmp_path, clock, limit, out_of_fold=tmp_path / "o.csv")
        assert spec.data.split.folds == 5
        assert (tmp_path / "o.csv").read_text().count("\n") == 201


def test_without_a_limit_nothing_is_measured(tmp_path, shelf, monkeypatch):
    monkeypatch.setattr(concessions, "Paces", None)
    told: list[str] = []
    fit(str(written(tmp_path)), out=tmp_path / "t.npz", overrides=["training.epochs=1"], notice=told.append)
    assert Model.load(tmp_path / "t.npz").spec.data.split.folds == 5


@pytest.mark.parametrize("limit", [240, 60])
def test_a_fit_that_goes_on_has_the_concession_that_it_began_with(tmp_path, shelf, clock, monkeypatch, limit):
    fitted(tmp_path, clock, limit)
    whole, asked = (tmp_path / "t.npz").read_bytes(), count()
    (tmp_path / "t.npz").unlink()
    with pytest.raises(Interrupted):
        fitted(tmp_path, clock, limit, stop=lambda: next(asked) >= 9)
    assert derive_checkpoint_path(tmp_path / "t.npz").exists()
    monkeypatch.setattr(concessions, "Paces", None)
    again = count()
    with pytest.raises(Interrupted):  # another limit changes nothing now
        fitted(tmp_path, clock, limit * 10, stop=lambda: next(again) >= 5, resume=True)
    fitted(tmp_path, clock, limit, resume=True)
    assert (tmp_path / "t.npz").read_bytes() == whole


def test_each_kind_of_network_is_what_its_own_spec_trains(tmp_path, shelf, clock):
    _, told, spent = fitted(tmp_path, clock, 300, recipe="beside")
    whole = Model.load(tmp_path / "t.npz")
    assert told == [
        "time_limit: recipe beside would take about 13 min; 2 of 5 networks beside 3 of quick, 25 of 40 epochs"
    ]
    assert spent <= 300
    assert sum(whole.weights) == pytest.approx(1)
    kinds = whole.networks[:2], whole.networks[2:]
    assert [len({each.spec.model.hidden for each in kind}) for kind in kinds] == [1, 1]
    for kind in kinds:
        (tmp_path / "own.yaml").write_text(format_spec_as_yaml(to_plain(kind[0].spec)))
        fit(str(tmp_path / "own.yaml"), out=tmp_path / "own.npz")
        alone = Model.load(tmp_path / "own.npz").networks
        assert [each.network.parameters.theta.tobytes() for each in alone] == [
            each.network.parameters.theta.tobytes() for each in kind
        ]


def test_a_single_training_may_have_companions(tmp_path, shelf, clock):
    _, told, _ = fitted(tmp_path, clock, 150, recipe="beside")
    assert told == [
        "time_limit: recipe beside would take about 13 min; 1 of 5 networks beside 3 of quick, 17 of 40 epochs"
    ]
    model, host = Model.load(tmp_path / "t.npz"), Host(clock=clock, begun=clock())
    assert [each.spec.model.hidden for each in model.networks] == [(4,), (3,), (3,), (3,)]
    draft = load_draft(str(tmp_path / "t.yaml"), ["training.time_limit=150"])
    done = fit_rows(draft, read_training_rows(draft.spec, tmp_path), folder=tmp_path, host=host)
    assert f"4 networks, {model.parameters:,} parameters, epoch {done.best_epoch} of 17" in repr(done)


@pytest.mark.parametrize(("stopped", "begun"), [(9, False), (150, True)], ids=["companions", "networks"])
def test_companions_are_in_the_model_of_a_fit_that_goes_on(tmp_path, shelf, clock, stopped, begun):
    fitted(tmp_path, clock, 300, recipe="beside")
    whole, asked = (tmp_path / "t.npz").read_bytes(), count()
    (tmp_path / "t.npz").unlink()
    with pytest.raises(Interrupted):
        fitted(tmp_path, clock, 300, recipe="beside", stop=lambda: next(asked) >= stopped)
    assert derive_checkpoint_path(tmp_path / "t.npz").exists() == begun
    fitted(tmp_path, clock, 300, recipe="beside", resume=True)
    assert (tmp_path / "t.npz").read_bytes() == whole


def test_a_fit_that_is_only_finished_has_no_companions_and_says_so(tmp_path, shelf, clock):
    asked, told = count(), list[str]()
    with pytest.raises(Interrupted):
        fitted(tmp_path, clock, 300, recipe="beside", stop=lambda: next(asked) >= 150)
    fit(
        str(tmp_path / "t.yaml"),
        out=tmp_path / "t.npz",
        overrides=["training.time_limit=300"],
        finish=True,
        notice=told.append,
    )
    assert {each.spec.model.hidden for each in Model.load(tmp_path / "t.npz").networks} == {(4,)}
    assert [line for line in told if "recipe quick" in line]


@pytest.mark.parametrize("override", ["data.split.repeats=4", "data.split={validation: 0.3}", "data.split.folds=3"])
def test_where_the_user_divides_the_rows_there_are_no_companions(tmp_path, shelf, clock, override):
    spec, _, _ = fitted(tmp_path, clock, 130, override, recipe="beside")
    assert spec.model.hidden == (3,)
    assert len(Model.load(tmp_path / "t.npz").networks) == spec.data.split.trainings


@pytest.mark.parametrize("name", PACKAGED)
@pytest.mark.parametrize("target", ["classes", "numbers"])
def test_every_concession_of_a_packaged_recipe_is_a_spec_whatever_the_rows_are(name, target):
    draft = load_draft(
        "s.yaml", (), f"recipe: {name}\ndata: {{train: t.csv, target: y}}\ntraining: {{time_limit: 9}}\n"
    )
    each = draft.recipe.concessions
    for concession in [*each, *filter(None, (concession.companion for concession in each))]:
        conceded = draft.concede(concession)
        for facts in conceded.recipe.worlds():
            spec, _ = conceded.complete_spec(facts)
            assert spec.training.time_limit == 9


@pytest.mark.parametrize(
    "text",
    [
        "about: x\nspec: {}\nconcessions: [{about: y}]\n",
        "about: x\nspec: {}\nconcessions: [{epochs: 1}, {epochs: 1, spec: {seed: 3}}]\n",
        "about: x\nspec: {}\nconcessions: [{epochs: 1, recipe: none of ours}]\n",
        "about: x\nspec: {}\nconcessions: [{epochs: 1, folds: 3}]\n",
        "about: x\nspec: {}\nconcessions: [{epochs: much}]\n",
        "about: x\nspec: {}\nconcessions: [{epochs: 1, companion: {recipe: plain}}]\n",
        "about: x\nspec: {}\nconcessions: [{epochs: 1, companion: {recipe: none of ours, spec: {}}}]\n",
    ],
)
def test_a_concession_that_is_none_is_a_bug(text):
    with pytest.raises(ValueError):
        parse_recipe("odd", text)


def test_compiled_loops_are_tried_only_where_they_pay_within_the_time(tmp_path, shelf, clock, monkeypatch):
    """Of a hundred thousand epochs they would pay, of the few that there is time for they do not."""
    asked: list[int | None] = []
    choose = execution.choose_executor

    def noted(course, *, epochs=None):
        asked.append(epochs)
        return choose(course, epochs=epochs)

    monkeypatch.setattr(time_limit, "choose_executor", noted)
    monkeypatch.setattr("mlptrain.engine.compiled.NumbaExecutor", None)  # nothing is compiled
    overrides = ["training.epochs=100000", "data.split={validation: 0.2}", "model.hidden=[3]"]
    spec, told, _ = fitted(tmp_path, clock, 60, "recipe=none", *overrides)
    assert spec.training.epochs < 100
    assert asked == [spec.training.epochs]
    assert len(told) == 1
