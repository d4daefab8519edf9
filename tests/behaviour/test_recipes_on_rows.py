"""A recipe on real rows: the spec it becomes is stored whole, and gives the same model again."""

import io
import sys

import pytest

from mlptrain.commands import fit as commands
from mlptrain.commands.check import check_files
from mlptrain.errors import DataError, SpecError
from mlptrain.model.model import Model
from mlptrain.plain import to_plain
from mlptrain.preparation import material
from mlptrain.reporting.check_results import format_check
from mlptrain.reporting.spec_text import format_spec_as_yaml
from mlptrain.spec import recipes
from mlptrain.spec.recipes import list_recipes, load_recipe
from tests.support.flows import csv_text, fit, mixed_rows, write_mixed
from tests.support.preparing import read_candidate, read_data

ROWS = """\
about: for tests
spec: {data: {split: {validation: 0.25}}, model: {hidden: [5]}, training: {epochs: 2}}
cases:
  - when: {target: classes}
    spec: {model: {activation: selu}}
  - when: {target: numbers}
    spec: {model: {activation: mish}}
  - when: {rows: {from: 50}}
    spec: {training: {batch_size: 7}}
"""
TARGETS = {"label": "selu", "price": "mish", "fresh": "selu", "count": "mish"}


@pytest.fixture(autouse=True)
def shelf(tmp_path_factory, monkeypatch):
    """One recipe for tests, beside the packaged ones."""
    folder = tmp_path_factory.mktemp("recipes")
    for name in list_recipes():
        (folder / f"{name}.yaml").write_text((recipes.FOLDER / f"{name}.yaml").read_text())
    (folder / "rows.yaml").write_text(ROWS)
    monkeypatch.setattr(recipes, "FOLDER", folder)
    load_recipe.cache_clear()
    yield
    load_recipe.cache_clear()


def written(folder, name="rows", rows=60, more="", **data):
    """A spec of a recipe, and its table; the path of the spec."""
    folder.mkdir(exist_ok=True)
    (folder / "mixed.csv").write_text(csv_text(mixed_rows(rows)))
    lines = "".join(f"  {key}: {value}\n" for key, value in ({"train": "mixed.csv", "target": "label"} | data).items())
    path = folder / "mixed.yaml"
    path.write_text(f"recipe: {name}\ndata:\n{lines}{more}\n")
    return path


@pytest.mark.parametrize("name", [*list_recipes(), "rows"])
@pytest.mark.parametrize("target", ["label", "price"])
def test_the_stored_spec_fits_to_the_same_model(tmp_path, name, target):
    spec = written(tmp_path, name, target=target, more="seed: 5")
    first = fit(str(spec), out=tmp_path / "first.npz", overrides=["training.epochs=2"])
    stored = format_spec_as_yaml(to_plain(Model.load(tmp_path / "first.npz").spec))
    assert "recipe" not in stored
    (tmp_path / "again.yaml").write_text(stored)
    second = fit(str(tmp_path / "again.yaml"), out=tmp_path / "second.npz")
    assert (first.epochs, second.epochs) == (2, 2)
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()


@pytest.mark.parametrize(("target", "activation"), TARGETS.items())
@pytest.mark.parametrize(("rows", "batch"), [(40, 32), (60, 7)])
def test_the_rows_decide_as_they_decide_for_any_spec(tmp_path, target, activation, rows, batch):
    found = read_data(written(tmp_path, rows=rows, target=target))
    assert found.spec.model.activation.name == activation
    assert found.spec.training.batch_size == batch
    assert found.loss.classes == (activation == "selu")


def test_rows_without_a_target_do_not_count(tmp_path):
    spec = written(tmp_path, missing_target="drop")
    table = (tmp_path / "mixed.csv").read_text().replace(",cheap,", ",,", 20).replace(",dear,", ",,", 1)
    (tmp_path / "mixed.csv").write_text(table)
    assert read_candidate(spec).expansion.facts.rows == 39


def test_a_loss_that_is_said_decides(tmp_path):
    spec = written(tmp_path, target="count", more="loss: cross_entropy")
    assert read_data(spec).spec.model.activation.name == "selu"


def test_the_rows_are_read_once(tmp_path, monkeypatch):
    read = []

    def counted(*arguments, **options):
        read.append(arguments)
        return reader(*arguments, **options)

    reader = material.read_rows
    monkeypatch.setattr(material, "read_rows", counted)
    spec = written(tmp_path)
    fit(str(spec), out=tmp_path / "m.npz")
    assert len(read) == 1
    check_files(str(spec))
    assert len(read) == 2


def test_rows_and_spec_may_come_from_standard_input(tmp_path, monkeypatch):
    spec = written(tmp_path)
    table = (tmp_path / "mixed.csv").read_bytes()
    fit(str(spec), out=tmp_path / "file.npz", overrides=["data.train=mixed.csv"])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(table)))
    piped = fit(str(spec), out=tmp_path / "piped.npz", overrides=['data.train="-"'])
    assert Model.load(piped.model).result == Model.load(tmp_path / "file.npz").result
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(spec.read_bytes())))
    assert read_data("-").spec == read_data(spec).spec


def test_what_is_wrong_with_the_spec_is_said_before_the_rows_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(commands, "read_rows_of_draft", None)
    with pytest.raises(SpecError, match=r"mixed.yaml:5: sede: unknown key 'sede'"):
        fit(str(written(tmp_path, more="sede: 1")), out=tmp_path / "m.npz")
    with pytest.raises(SpecError, match=r"--set recipe: 'rose' is not known here; did you mean 'rows'"):
        fit(str(written(tmp_path)), out=tmp_path / "m.npz", overrides=["recipe=rose"])


def test_what_is_wrong_with_the_rows_is_said_as_ever(tmp_path):
    with pytest.raises(DataError, match="did you mean 'label'"):
        read_data(written(tmp_path, target="lable"))
    spec = written(tmp_path)
    (tmp_path / "mixed.csv").write_text("size,label\n")
    with pytest.raises(DataError, match="there are no rows"):
        read_data(spec)


def test_folds_replace_the_recipes_share_for_validation(tmp_path):
    spec = written(tmp_path, more="# folds\n")
    result = fit(str(spec), out=tmp_path / "m.npz", overrides=["data.split.folds=3"], out_of_fold=tmp_path / "o.csv")
    assert len(result.folds) == 3
    with pytest.raises(SpecError, match="--out-of-fold: the spec has no folds"):
        fit(str(spec), out=tmp_path / "n.npz", out_of_fold=tmp_path / "p.csv")


def test_check_says_which_recipe_it_is_what_was_overridden_and_what_it_became(tmp_path):
    spec = written(tmp_path, more="optimizer: {lr: 0.5}\nmodel: {hidden: [5]}\n")
    found = check_files(str(spec), overrides=["model.activation=relu", "training.epochs=3"])
    text = format_check(found)
    facts = "for 60 rows and a target of classes"
    assert f": {facts}; overridden: model.activation, training.epochs\n" in text
    assert (found.spec.optimizer.learning_rate, found.spec.training.batch_size) == (0.5, 7)


def test_check_without_a_recipe_speaks_of_none(tmp_path):
    assert "recipe" not in format_check(check_files(str(write_mixed(tmp_path))))
