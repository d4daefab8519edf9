"""Recipes: what they say lies below the user's own words and depends on the rows; each packaged one makes sense."""

from dataclasses import is_dataclass
from typing import get_args
from unittest.mock import patch

import pytest

from mlptrain.annotations import read_field_types
from mlptrain.engine.losses import CrossEntropy, MeanSquaredError
from mlptrain.engine.optimizers import SGD, Adam, AdamW
from mlptrain.errors import SpecError
from mlptrain.plain import Reader, to_plain
from mlptrain.spec import recipes
from mlptrain.spec.fields import EarlyStopping, Monitor, Spec
from mlptrain.spec.file import Draft, load_draft
from mlptrain.spec.merging import merge_documents
from mlptrain.spec.problems import TextNotation
from mlptrain.spec.recipes import Facts, RowsWithin, TargetIs, Watched, list_recipes, load_recipe, parse_recipe
from mlptrain.spec.yaml_text import parse_document
from tests.support.spec_cases import DATA, FIELDS, dumped, label, load, notices, one, problems, unruled

PACKAGED = list_recipes()
SMOOTH = """\
about: for tests
spec:
  data: {split: {validation: 0.25}}
  model: {hidden: [7], activation: silu, dropout: 0.5}
  optimizer: {name: adamw, learning_rate: 0.5, beta_1: 0.8}
  training: {early_stopping: {patience: 3}, batch_size: 9}
cases:
  - when: {target: classes}
    spec: {loss: {name: cross_entropy, label_smoothing: 0.125}, training: {monitor: accuracy}}
  - when: {target: numbers}
    spec: {model: {activation: mish}, training: {monitor: rmse}}
  - when: {target: classes, metric: [log_loss, auc]}
    spec: {loss: {label_smoothing: 0}}
  - when: {rows: {from: 100, below: 200}}
    spec: {training: {batch_size: 99}}
  - when: {rows: {from: 200}}
    spec: {optimizer: sgd}
"""
FEW, SOME, MANY = (Facts(target="classes", rows=rows) for rows in (99, 100, 200))
NUMBERS = Facts(target="numbers", rows=99)


@pytest.fixture(autouse=True, scope="module")
def shelf(tmp_path_factory):
    """Beside the packaged recipes one for tests, `smooth`; each is read once for all tests."""
    folder = tmp_path_factory.mktemp("recipes")
    for name in PACKAGED:
        (folder / f"{name}.yaml").write_text((recipes.FOLDER / f"{name}.yaml").read_text())
    (folder / "smooth.yaml").write_text(SMOOTH)
    load_recipe.cache_clear()
    with patch.object(recipes, "FOLDER", folder):
        yield
    load_recipe.cache_clear()


def spec_for(facts, text="", *overrides, name="smooth"):
    return load_draft("s.yaml", overrides, f"recipe: {name}\n{DATA}{text}").complete_spec(facts)[0]


def refused(facts, text="", *overrides):
    with pytest.raises(SpecError) as found:
        spec_for(facts, text, *overrides)
    return list(found.value.problems)


# Every packaged recipe.


@pytest.mark.parametrize("name", PACKAGED)
@pytest.mark.parametrize("metric", get_args(Monitor))
def test_a_packaged_recipe_takes_any_metric_whatever_the_rows_are(name, metric):
    for facts in load_recipe(name).worlds():
        assert spec_for(facts, f"training: {{monitor: {metric}}}", name=name).training.monitor == metric


@pytest.mark.parametrize("name", PACKAGED)
def test_a_packaged_recipe_is_a_spec_whatever_the_rows_are(name):
    recipe = load_recipe(name)
    conditions = [each for case in recipe.cases for each in case.when if isinstance(each, Watched)]
    told_apart = {metric for each in conditions for metric in each.metrics}
    for text in ("", *(f"training: {{monitor: {metric}}}" for metric in sorted(told_apart))):
        for facts in recipe.worlds():
            plain = to_plain(spec := spec_for(facts, text, name=name))
            assert load(dumped(plain)) == spec
            written = dumped({key: each for key, each in plain.items() if key != "data"})
            assert spec_for(facts, written, name=name) == spec


@pytest.mark.parametrize("name", PACKAGED)
def test_a_packaged_recipe_does_not_say_how_the_file_is_read(name):
    """What is known of `data` before the rows are read must not depend on them."""
    found = load_recipe(name)
    assert found.about
    assert "\n" not in found.about
    for case in found.cases:
        assert case.spec.tree.keys() <= {
            "data",
            "model",
            "loss",
            "optimizer",
            "schedules",
            "regularization",
            "training",
        } | (set(Spec.__dataclass_fields__))
        assert case.spec.tree.get("data", {}).keys() <= {
            "split",
            "scaling",
            "category_encoding",
            "min_frequency",
            "clamp_target",
        }
    for tree in (found.spec.tree, *(case.spec.tree for case in found.cases)):
        assert not tree.get("data", {}).keys() & {"train", "target", "test", "columns"}
        assert "layers" not in tree.get("model", {})


@pytest.mark.parametrize("site", FIELDS, ids=label)
def test_the_users_own_key_always_counts(site):
    """Over every packaged recipe, whatever the rows are; of the spec, the section of the key is read."""
    text = dumped(site.place(one(site.kind)))
    wanted = to_plain(value_at(site.path, unruled(text)))
    document = parse_document(text, "s.yaml")
    for recipe in map(load_recipe, PACKAGED):
        draft = Draft(document, (), recipe)
        own = draft.own(recipe.spec)
        for facts in recipe.worlds():
            below = recipe.below(facts, own)
            found = value_at(site.path, read_section(merge_documents(below, draft.own(below)), site.path[0]))
            assert to_plain(found) == wanted or isinstance(wanted, dict), (recipe.name, facts)


def read_section(document, name):
    """A spec of one section of a document, the faults of which are left aside."""
    section = Reader(TextNotation(), lambda _: None).read(read_field_types(Spec)[name], document.tree[name], (name,))
    return {name: section}


def value_at(path, found):
    """What stands at a path of a spec."""
    for step in path:
        found = getattr(found, step) if is_dataclass(found) else found[step]
    return found


# How a recipe and a user's keys become one spec.


def test_cases_depend_on_the_target_the_rows_and_the_watched_metric():
    assert spec_for(FEW).loss == CrossEntropy(label_smoothing=0.125)
    assert spec_for(FEW).training.monitor == "accuracy"
    assert spec_for(NUMBERS).loss is None
    assert spec_for(NUMBERS).model.activation.name == "mish"
    assert [spec_for(facts).training.batch_size for facts in (FEW, SOME, MANY)] == [9, 99, 9]
    assert [spec_for(facts).optimizer for facts in (SOME, MANY)] == [AdamW(learning_rate=0.5, beta_1=0.8), SGD()]
    assert spec_for(FEW, "training: {monitor: auc}").loss == CrossEntropy()
    assert spec_for(FEW, "", "training.monitor=log_loss").loss == CrossEntropy()
    assert spec_for(FEW, "training: {monitor: auc}", "loss.label_smoothing=0.5").loss == CrossEntropy(
        label_smoothing=0.5
    )


@pytest.mark.parametrize(
    ("text", "overrides", "get", "value"),
    [
        ("optimizer: {learning_rate: 0.25}", [], "optimizer", AdamW(learning_rate=0.25, beta_1=0.8)),
        ("optimizer: {lr: 0.25}", [], "optimizer", AdamW(learning_rate=0.25, beta_1=0.8)),
        ("optimizer: adam", [], "optimizer", Adam()),
        ("optimizer: adamw", [], "optimizer", AdamW(learning_rate=0.5, beta_1=0.8)),
        ("", ["optimizer.learning_rate=0.1"], "optimizer", AdamW(learning_rate=0.1, beta_1=0.8)),
        ("", ["optimizer.lr=0.1"], "optimizer", AdamW(learning_rate=0.1, beta_1=0.8)),
        ("", ["optimizer=sgd", "optimizer.lr=0.1"], "optimizer", SGD(learning_rate=0.1)),
        (
            "optimizer: {lr: 0.2}",
            ["optimizer.beta_2=0.9"],
            "optimizer",
            AdamW(learning_rate=0.2, beta_1=0.8, beta_2=0.9),
        ),
        ("loss: {label_smoothing: 0.25}", [], "loss", CrossEntropy(label_smoothing=0.25)),
        ("loss: mse", [], "loss", MeanSquaredError()),
        ("training: {early_stopping: none}", [], "training.early_stopping", None),
        (
            "training: {early_stop: {min_delta: 1}}",
            [],
            "training.early_stopping",
            EarlyStopping(patience=3, min_delta=1.0),
        ),
        ("model: {hidden: [3, 3]}", [], "model.hidden", (3, 3)),
        ("model: {dropout: none}", [], "model.dropout", None),
        ("", ["model.dropout.rate=0.1"], "model.dropout.rate", 0.1),
        ("", ["model.dropout=0.1"], "model.dropout.rate", 0.1),
        ("data.split: {}", [], None, None),
        ("", ["data.split.folds=4"], "data.split.validation", 0.0),
        ("", ["data.split.validation=v.csv"], "data.split.validation", "v.csv"),
        ("", ["data.split.test=0.5"], "data.split.validation", 0.25),
        ("", ["data.split={type: column, column: part}"], "data.split.validation", 0.0),
    ],
)
def test_a_users_keys_lie_over_those_of_the_recipe(text, overrides, get, value):
    if get is None:
        assert "unknown key" in refused(FEW, text)[0]
        return
    found = spec_for(FEW, text, *overrides)
    for step in get.split("."):
        found = getattr(found, step)
    assert found == value


def test_an_override_may_name_the_recipe_change_it_or_do_without():
    assert load(DATA, "recipe=smooth").model.hidden == (7,)
    assert load(f"recipe: plain\n{DATA}", "recipe=smooth").model.hidden == (7,)
    assert load(f"recipe: smooth\n{DATA}", "recipe=none") == load(DATA)
    assert load(f"recipe: ~\n{DATA}") == load(DATA)
    assert load(DATA, "optimizer.lr=0.25", "recipe=smooth").optimizer == AdamW(learning_rate=0.25, beta_1=0.8)


def test_an_alias_over_a_recipe_is_announced_once():
    text = f"recipe: smooth\n{DATA}optimizer: {{lr: 0.25}}\n"
    assert notices(text) == ["s.yaml:3: 'lr' is read as 'learning_rate'"]
    assert load_draft("s.yaml", (), text).complete_spec(SOME)[0].optimizer.learning_rate == 0.25


def test_before_the_rows_are_known_the_loss_is_known_only_if_it_was_said():
    assert load(f"recipe: smooth\n{DATA}").loss is None
    assert load(f"recipe: smooth\n{DATA}loss: {{label_smoothing: 0.25}}").loss is None
    assert load(f"recipe: smooth\n{DATA}loss: focal").loss.name == "focal"


def test_what_was_overridden_is_told():
    draft = load_draft(
        "s.yaml", ["seed=4"], f"recipe: smooth\n{DATA}optimizer: {{beta_1: 0.9}}\ntraining: {{batch_size: 9}}"
    )
    spec, expansion = draft.complete_spec(FEW)
    assert expansion.overridden == ("optimizer.beta_1",)
    assert (expansion.recipe.name, expansion.facts, spec.seed) == ("smooth", FEW, 4)
    assert load_draft("s.yaml", ["optimizer=sgd"], f"recipe: smooth\n{DATA}").complete_spec(FEW)[1].overridden == (
        "optimizer",
    )


# What can be wrong.


@pytest.mark.parametrize(
    ("text", "overrides", "said"),
    [
        (
            "recipe: plane\n" + DATA,
            [],
            "s.yaml:1: recipe: 'plane' is not known here; did you mean 'plain'? Allowed: {names}",
        ),
        (DATA + "recipe: zzz", [], "s.yaml:2: recipe: 'zzz' is not one of {names}"),
        (
            DATA,
            ["recipe=../plain"],
            "--set recipe: '../plain' is not known here; did you mean 'plain'? Allowed: {names}",
        ),
        (DATA + "recipe: [plain]", [], "s.yaml:2: recipe: a list is not one of {names}"),
        (DATA + "recipe: {a: b}", [], "s.yaml:2: recipe: a map is not one of {names}"),
        (DATA + "recipes: plain", [], "s.yaml:2: recipes: unknown key 'recipes'; did you mean 'recipe'?"),
        (DATA + "model: {recipe: plain}", [], "s.yaml:2: model.recipe: unknown key 'recipe'; the keys are"),
    ],
)
def test_an_unknown_recipe_is_said_with_all_that_there_are(text, overrides, said):
    (found,) = problems(text, *overrides)
    assert found.startswith(said.format(names=", ".join(list_recipes())))
    assert "did you mean" in said or "did you mean" not in found


def test_a_misspelt_recipe_hides_no_other_problem():
    found = problems(f"recipe: smoth\n{DATA}training: {{epochs: x}}\noptimizer: {{beta_1: 2}}\n")
    assert [each.partition(": ")[0] for each in found] == ["s.yaml:1", "s.yaml:3", "s.yaml:4"]


def test_a_recipe_given_in_parts_is_refused():
    assert problems(f"recipe: smooth\n{DATA}", "recipe.name=x") == [
        "--set recipe.name: recipe is one value; set it as a whole"
    ]


@pytest.mark.parametrize(
    ("text", "overrides", "said"),
    [
        ("training: {epochs: x}", [], ["s.yaml:3: training.epochs: 'x': write a whole number such as 64"]),
        ("", ["training.epochs=x"], ["--set training.epochs: 'x': write a whole number such as 64"]),
        ("data.x: 1\nsede: 2", [], ["s.yaml:3: data.x: unknown key", "s.yaml:4: sede: unknown key 'sede'; did you"]),
        (
            "",
            ["data.split.validation=0"],
            [
                "recipe smooth:6: training.early_stopping: there is no validation part to watch",
                "recipe smooth:9: training",
            ],
        ),
        ("optimizer: lbfgs", [], ["recipe smooth:6: training.batch_size: lbfgs works on all rows at once"]),
        ("model: {dropout: [0.1, 0.2]}", [], ["s.yaml:3: model.dropout: 2 values for 1 hidden layer;"]),
        (
            "optimizer: {momentum: 0.5}",
            [],
            ["s.yaml:3: optimizer.momentum: unknown key 'momentum'; did you mean {name:"],
        ),
    ],
)
def test_a_problem_stands_where_it_was_said(text, overrides, said):
    found = refused(FEW, text, *overrides)
    assert len(found) == len(said)
    for each, wanted in zip(found, said, strict=True):
        assert each.startswith(wanted)


def test_what_only_the_combination_makes_a_problem_names_the_recipe():
    assert refused(FEW, "model: {dropout: [0.1, 0.2]}")[0].endswith(" (with recipe smooth)")
    assert not refused(FEW, "data: {}\n".replace("data: {}\n", "sede: 1"))[0].endswith(" (with recipe smooth)")
    assert not refused(FEW, "model: {layers: [{units: 3}], dropout: [0.1, 0.2]}")[0].endswith(" (with recipe smooth)")


def test_what_is_wrong_whatever_the_rows_are_is_said_before_they_are_read():
    draft = load_draft("s.yaml", (), f"recipe: smooth\n{DATA}model: {{activation: {{alpha: 1}}}}")
    with pytest.raises(SpecError, match="unknown key 'alpha'"):
        _ = draft.spec
    assert load(f"recipe: smooth\n{DATA}", "training.batch_size=full", "data.split.folds=3")


# The files of recipes.


@pytest.mark.parametrize(
    "text",
    [
        "about: x\n",
        "spec: {}\n",
        "about: x\nspec: {}\nmore: 1\n",
        "about: x\nspec: {}\ncases: [{spec: {}}]\n",
        "about: x\nspec: {}\ncases: [{when: {target: words}, spec: {}}]\n",
        "about: x\nspec: {}\ncases: [{when: {metric: beauty}, spec: {}}]\n",
        "about: x\nspec: {}\ncases: [{when: {rows: {to: 4}}, spec: {}}]\n",
        "about: x\nspec: {}\ncases: [{when: {rows: {from: x}}, spec: {}}]\n",
        "about: x\nspec: {}\ncases: [{when: {weather: fine}, spec: {}}]\n",
    ],
)
def test_a_recipe_that_is_none_is_a_bug(text):
    with pytest.raises(ValueError):
        parse_recipe("odd", text)


def test_an_unknown_key_in_a_recipe_is_said_with_its_place(tmp_path, monkeypatch):
    monkeypatch.setattr(recipes, "FOLDER", tmp_path)
    (tmp_path / "odd.yaml").write_text("about: x\nspec:\n  modle: {hidden: [3]}\n")
    assert problems(f"recipe: odd\n{DATA}") == ["recipe odd:3: modle: unknown key 'modle'; did you mean 'model'?"]


def test_conditions_and_worlds():
    found = load_recipe("smooth")
    assert found.cases[2].when == (TargetIs("classes"), Watched(("log_loss", "auc")))
    assert found.cases[3].when == (RowsWithin(100, 200),)
    assert {(each.target, each.rows) for each in found.worlds()} == {
        (kind, rows) for kind in ("classes", "numbers") for rows in (1, 100, 200)
    }
