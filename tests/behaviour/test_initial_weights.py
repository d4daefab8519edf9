"""A fit that starts from weights, with all else that a fit can do: it goes on, is stored, is limited, has choices."""

from itertools import count
from pathlib import Path

import numpy as np
import pytest

import mlptrain
from mlptrain.commands.check import check_files
from mlptrain.commands.show import show_file
from mlptrain.diagnostics.reproduction import describe_reproduction
from mlptrain.errors import DataError, Interrupted, SpecError
from mlptrain.model.model import Model
from mlptrain.notices import Notice
from mlptrain.reporting.show_results import format_description, format_stored_spec
from mlptrain.spec import recipes
from mlptrain.spec.recipes import load_recipe
from tests.support.flows import csv_text, fit, mixed_rows, write_mixed
from tests.support.images import fit_images

STILL = ["optimizer.name=sgd", "optimizer.learning_rate=1e-30"]
ROWS = mixed_rows()
SMALL, DATA = (
    {"data": {"target": "y"}, "training": {"epochs": 1}},
    {"x": [0.0, 1.0, 2.0, 3.0] * 8, "y": ["a", "b"] * 16},
)
HELD = {"split": {"validation": 0.2}}


def wish_after(calls):
    """A wish to stop that comes when it is asked for so many times."""
    asked = count()
    return lambda: next(asked) >= calls


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with models of the mixed table, `m.npz` and, from another seed, `other.npz`."""
    folder = tmp_path_factory.mktemp("weights")
    spec = str(write_mixed(folder, data=HELD, model={"hidden": [8], "norm": "batch"}))
    fit(spec, out=folder / "m.npz")
    fit(spec, out=folder / "other.npz", overrides=["seed=8"])
    return folder


@pytest.mark.parametrize("more", [{}, {"freeze": ["hidden_1"]}], ids=str)
@pytest.mark.parametrize("split", [HELD["split"], {"folds": 2}], ids=str)
def test_a_fit_in_pieces_writes_the_bytes_of_a_whole_one(folder, tmp_path, split, more):
    options = {"initial_weights": folder / "m.npz"}
    training = {"epochs": 3, "batch_size": 20} | more
    spec = str(write_mixed(tmp_path, data={"split": split}, model={"hidden": [8], "norm": "batch"}, training=training))
    fit(spec, out=tmp_path / "whole.npz", **options)
    with pytest.raises(Interrupted, match=r"--initial-weights .*m\.npz --resume goes on from there"):
        fit(spec, out=tmp_path / "m.npz", stop=wish_after(3), **options)
    while True:
        try:
            fit(spec, out=tmp_path / "m.npz", resume=True, stop=wish_after(4), **options)
        except Interrupted:
            continue
        break
    assert (tmp_path / "m.npz").read_bytes() == (tmp_path / "whole.npz").read_bytes()


def test_a_fit_does_not_go_on_with_other_weights(folder, tmp_path):
    spec, out = str(write_mixed(tmp_path, data=HELD, model={"hidden": [8], "norm": "batch"})), tmp_path / "n.npz"
    (tmp_path / "w.npz").write_bytes((folder / "m.npz").read_bytes())
    with pytest.raises(Interrupted):
        fit(spec, out=out, stop=wish_after(3), initial_weights=tmp_path / "w.npz")
    (tmp_path / "w.npz").write_bytes((folder / "other.npz").read_bytes())
    with pytest.raises(DataError, match=r"n\.npz\.ckpt: the data has changed: the initial weights have changed; undo"):
        fit(spec, out=out, resume=True, initial_weights=tmp_path / "w.npz")
    with pytest.raises(SpecError, match=r"an unfinished fit on other data is here .*the initial weights have changed"):
        fit(spec, out=out, initial_weights=tmp_path / "w.npz")
    with pytest.raises(DataError, match=r"the initial weights are no longer used; undo that, or forget"):
        fit(spec, out=out, resume=True)
    (tmp_path / "w.npz").write_bytes((folder / "m.npz").read_bytes())
    with pytest.raises(SpecError, match=r"an unfinished fit is here .*--resume goes on"):
        fit(spec, out=out, initial_weights=tmp_path / "w.npz")
    fit(spec, out=out, resume=True, initial_weights=tmp_path / "w.npz")


def test_the_stored_spec_gives_the_same_model_and_refuses_other_weights(folder, tmp_path):
    spec = str(write_mixed(tmp_path, data=HELD, model={"hidden": [8], "norm": "batch"}))
    (tmp_path / "w.npz").write_bytes((folder / "m.npz").read_bytes())
    fit(spec, out=tmp_path / "n.npz", initial_weights=tmp_path / "w.npz")
    again = tmp_path / "again.yaml"
    again.write_text(format_stored_spec(show_file(str(tmp_path / "n.npz"))))
    fit(str(again), out=tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "n.npz").read_bytes()
    (tmp_path / "w.npz").write_bytes((folder / "other.npz").read_bytes())
    with pytest.raises(SpecError, match=r"initial_weights\.digest: .*w\.npz has changed"):
        fit(str(again), out=tmp_path / "again.npz")


def test_show_and_check_tell_the_start_and_what_is_frozen(folder, tmp_path):
    spec = write_mixed(tmp_path, model={"hidden": [8], "norm": "batch"}, training={"epochs": 1, "freeze": ["hidden_1"]})
    fit(str(spec), out=tmp_path / "n.npz", initial_weights=folder / "m.npz")
    text = format_description(show_file(str(tmp_path / "n.npz")))
    assert "m.npz (SHA-256 of its arrays" in text
    assert "frozen layers: hidden_1" in text
    checked = check_files(str(spec), overrides=[f"initial_weights={folder / 'm.npz'}"])
    names = [name for name, _, parameters in checked.layers if parameters]
    assert names == ["hidden_1 (Dense, frozen)", "hidden_1.batch_norm (BatchNorm, frozen)", "output (Dense)"]
    assert all(each.right for each in checked.gradient)


def test_a_model_in_memory_is_asked_for_where_the_model_is_to_be_made_again():
    data, spec = (
        {"x": [0.0, 1.0, 2.0, 3.0] * 8, "y": ["a", "b"] * 16},
        {"data": {"target": "y"}, "training": {"epochs": 1}},
    )
    first = mlptrain.fit(spec, data).model
    second = mlptrain.fit(SMALL, DATA, initial_weights=first).model
    assert describe_reproduction(second, "m").commands[1] == "mlptrain fit m-again.yaml --initial-weights MODEL.npz"
    assert describe_reproduction(first, "m").commands[1] == "mlptrain fit m-again.yaml"


def test_within_a_time_limit_it_starts_there_too(folder, tmp_path):
    spec = write_mixed(tmp_path, model={"hidden": [8], "norm": "layer"}, training={"epochs": 2, "time_limit": "60s"})
    fit(str(spec), out=tmp_path / "m.npz", overrides=["training.time_limit=none"])
    fit(str(spec), out=tmp_path / "n.npz", initial_weights=tmp_path / "m.npz", overrides=STILL)
    then, now = (Model.load(tmp_path / name).networks[0].network.parameters.theta for name in ("m.npz", "n.npz"))
    assert np.array_equal(then, now)


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """One recipe of two choices."""
    choices = "[{about: tanh, spec: {model: {activation: tanh}}}, {about: relu, spec: {model: {activation: relu}}}]"
    (tmp_path / "shelf").mkdir()
    text = (
        "about: two\nspec: {data: {split: {validation: 0.2}}, training: {epochs: 1}, model: {hidden: [4]}}\ncases: []\n"
    )
    (tmp_path / "shelf" / "two.yaml").write_text(f"{text}trial: {{steps: 5, margin: 0.01, choices: {choices}}}\n")
    monkeypatch.setattr(recipes, "FOLDER", tmp_path / "shelf")
    load_recipe.cache_clear()
    yield
    load_recipe.cache_clear()


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu"])
def test_of_a_recipe_that_choice_is_taken_which_the_model_has(tmp_path, activation):
    model = {"hidden": [4], "activation": activation}
    fit(str(write_mixed(tmp_path, model=model)), out=tmp_path / "m.npz", overrides=["training.epochs=1"])
    columns = "columns: {id: ignore, price: ignore, count: ignore}"
    (tmp_path / "s.yaml").write_text(f"recipe: two\ndata: {{train: mixed.csv, target: label, {columns}}}\n")
    said = []
    options = {"out": tmp_path / "n.npz", "initial_weights": tmp_path / "m.npz", "notice": said.append}
    if activation == "gelu":
        with pytest.raises(SpecError, match=r"hidden_1\.gelu .* hidden_1\.tanh"):
            fit(str(tmp_path / "s.yaml"), **options)
        return
    fit(str(tmp_path / "s.yaml"), **options)
    assert Model.load(tmp_path / "n.npz").spec.model.activation.name == activation
    assert [each for each in said if "taken" in each] == [f"taken: {activation}, as {tmp_path / 'm.npz'} has it"]
    assert not any(each.startswith("trial") for each in said)


def test_images_start_from_a_model_of_images(tmp_path):
    first = fit_images(tmp_path, epochs=2)
    spec = first.spec
    second = mlptrain.fit(spec, initial_weights=first, overrides=["optimizer.learning_rate=1e-30"]).model
    assert np.array_equal(first.networks[0].network.parameters.theta, second.networks[0].network.parameters.theta)
    assert first.networks[0].features.shape == second.networks[0].features.shape


def fit_folds_with_a_rare_value(folder, place):
    """Three folds on rows of which one has another value, and their spec; who holds it out lacks the column."""
    rows = [row | {"rare": "x" if number == place else "y"} for number, row in enumerate(ROWS)]
    columns = {"rare": "category", "id": "ignore", "price": "ignore", "count": "ignore"}
    spec = str(write_mixed(folder, rows, data={"split": {"folds": 3, "type": "random"}, "columns": columns}))
    fit(spec, out=folder / "m.npz", overrides=["training.epochs=1"])
    return spec, Model.load(folder / "m.npz")


def test_a_column_that_the_first_of_several_networks_lacks_is_used_by_the_others(tmp_path):
    made = (fit_folds_with_a_rare_value(tmp_path, place) for place in range(len(ROWS)))
    spec, then = next((spec, each) for spec, each in made if len(each.networks[0].features.columns) == 3)
    assert {len(each.features.columns) for each in then.networks} == {3, 4}
    fit(spec, out=tmp_path / "n.npz", initial_weights=tmp_path / "m.npz", overrides=STILL)
    now = Model.load(tmp_path / "n.npz")
    for before, after in zip(then.networks, now.networks, strict=True):
        assert before.features.columns == after.features.columns
        assert ("rare" in after.features.ignored) == ("rare" in before.features.ignored)
        assert np.array_equal(before.network.parameters.theta, after.network.parameters.theta)


def test_rows_that_the_model_may_have_seen_are_told(folder, tmp_path):
    spec = str(write_mixed(tmp_path, data=HELD, model={"hidden": [8], "norm": "batch"}))

    def list_doubts(*overrides, weights=folder / "m.npz"):
        said = []
        fit(spec, out=tmp_path / "n.npz", initial_weights=weights, overrides=overrides, notice=said.append)
        return [each for each in said if "may be for validation now" in each]

    assert list_doubts() == []
    assert len(list_doubts("seed=5")) == len(list_doubts("data.split.validation=0.3")) == 1
    assert list_doubts("data.split.validation=0") == []
    assert len(list_doubts(weights=folder / "other.npz")) == 1
    (tmp_path / "mixed.csv").write_text(csv_text(ROWS[:50]))
    assert list_doubts("seed=5") == []


def test_a_notice_of_python_is_a_warning():
    data, spec = (
        {"x": [0.0, 1.0, 2.0, 3.0] * 8, "y": ["a", "b"] * 16},
        {"data": {"target": "y"}, "training": {"epochs": 1}},
    )
    first = mlptrain.fit(spec, data).model
    with pytest.warns(Notice, match=r"initial_weights\.refit_columns: columns fitted anew"):
        mlptrain.fit(SMALL, DATA, initial_weights=first, overrides={"initial_weights.refit_columns": True})


def test_paths_are_relative_to_the_spec_in_it_and_to_the_working_directory_on_the_command_line(
    folder, tmp_path, monkeypatch
):
    below = tmp_path / "below"
    spec = write_mixed(below, model={"hidden": [8], "norm": "batch"}, initial_weights="../w.npz")
    (tmp_path / "w.npz").write_bytes((folder / "m.npz").read_bytes())
    fit(str(spec), out=tmp_path / "n.npz")
    monkeypatch.chdir(tmp_path)
    spec = write_mixed(below, model={"hidden": [8], "norm": "batch"})
    fit("below/mixed.yaml", out=Path("k.npz"), initial_weights=Path("w.npz"))
    assert Model.load(tmp_path / "k.npz").spec.start.file == "../w.npz"
    assert (tmp_path / "k.npz").read_bytes() == (tmp_path / "n.npz").read_bytes()
