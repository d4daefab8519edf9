"""A fit that starts from a model: columns and target come with the weights, and what does not suit them is refused."""

import re
from typing import get_args

import numpy as np
import pytest

from mlptrain.annotations import list_component_names
from mlptrain.commands.evaluate import evaluate_files
from mlptrain.data.encodings import Encoding
from mlptrain.data.scaling import Scaling
from mlptrain.engine.embeddings import NumericEmbedding
from mlptrain.engine.losses import ClassLoss, Loss
from mlptrain.engine.members import Members
from mlptrain.errors import DataError, SpecError
from mlptrain.model.model import Model
from mlptrain.preparation.partitions import divide_rows
from mlptrain.preparation.preparation import fit_and_encode_parts
from tests.support.flows import csv_text, fit, mixed_rows, predict, write_mixed
from tests.support.preparing import read_data

STILL = ["optimizer.name=sgd", "optimizer.learning_rate=1e-30", "training.epochs=1"]
"""A training that moves nothing."""
ROWS = mixed_rows()


def names(union):
    return [name for kind in get_args(union) for name in list_component_names(kind)]


def write_other_rows(folder, change=lambda row: row, count=30):
    """Other rows for the same spec."""
    rows = [change(dict(row)) for row in ROWS[:count]]
    (folder / "mixed.csv").write_text(csv_text(rows), encoding="utf-8")
    return rows


def make_sections():
    """What a spec may say, once each: (sections, overrides)."""
    for name in names(Scaling):
        yield {"data": {"scaling": name}}
    for name in names(Encoding):
        yield {"data": {"category_encoding": name}}
    for name in names(NumericEmbedding):
        yield {"model": {"hidden": [4], "numeric_embedding": name}}
    for name in names(Members):
        yield {"members": {"name": name, "count": 2}}
    for kind in get_args(Loss):
        for name in list_component_names(kind):
            yield {"loss": {"name": name}, "data": {"target": "label" if issubclass(kind, ClassLoss) else "count"}}
    for transform in ("none", "log1p"):
        yield {"data": {"target": "count", "target_transform": transform, "clamp_target": True}}
    yield {"model": {"hidden": [4, 4], "norm": "layer", "dropout": 0.1, "activation": "prelu", "dtype": "float64"}}
    yield {"data": {"split": {"folds": 2}}}


@pytest.mark.parametrize("sections", [pytest.param(each, id=str(each)) for each in make_sections()])
def test_a_fit_that_moves_nothing_predicts_as_the_model_that_it_starts_from(tmp_path, sections):
    spec, one, other = write_mixed(tmp_path, **sections), tmp_path / "one.npz", tmp_path / "other.npz"
    fit(str(spec), out=one, overrides=["training.epochs=2"])
    write_other_rows(tmp_path, lambda row: row | {"colour": "violet" if row["colour"] == "red" else row["colour"]})
    fit(str(spec), out=other, initial_weights=one, overrides=[*STILL, "seed=9"])
    then, now = Model.load(one), Model.load(other)
    for a, b in zip(then.networks, now.networks, strict=True):
        assert np.array_equal(a.network.parameters.theta, b.network.parameters.theta)
        assert (a.features.columns, a.head) == (b.features.columns, b.head)
    data = str(tmp_path / "mixed.csv")
    assert predict(str(one), data) == predict(str(other), data)


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """A folder with a model of classes, `m.npz`, and its spec."""
    folder = tmp_path_factory.mktemp("started")
    fit(str(write_mixed(folder)), out=folder / "m.npz")
    return folder


def go_on(folder, tmp_path, *overrides, change=lambda row: row, **options):
    """Train on from `m.npz` on other rows; the model, and what was said."""
    spec = write_mixed(tmp_path)
    write_other_rows(tmp_path, change)
    said = []
    fit(
        str(spec),
        out=tmp_path / "n.npz",
        initial_weights=folder / "m.npz",
        overrides=overrides,
        notice=said.append,
        **options,
    )
    return Model.load(tmp_path / "n.npz"), said


def without(name):
    return lambda row: {key: cell for key, cell in row.items() if key != name}


def with_label(row):
    return row | ({"label": "free"} if row["id"].startswith("item 7,") else {})


REFUSALS = {
    "a column is missing": ([], without("colour"), DataError, "colour.*an input of .*m.npz.*refit_columns: true"),
    "a column is declared as another kind": (
        ["data.columns.colour=boolean"],
        None,
        SpecError,
        "data.columns.colour: 'colour' is declared as boolean, but it is a category",
    ),
    "an input is left out": (["data.columns.size=ignore"], None, SpecError, "data.columns.size: .* as ignore, but"),
    "an input has weights": (["data.sample_weight=size"], None, SpecError, "'size' is an input of .*, and here it is"),
    "other texts mean missing": (
        ["data.missing_values=['?']"],
        None,
        SpecError,
        "data.missing_values: in 'size' no t",
    ),
    "another target": (
        ["data.target=count", "data.columns.count=number", "data.columns.label=ignore"],
        None,
        SpecError,
        "data.target: .*m.npz predicts 'label'; name it, or set initial_weights.head: fresh",
    ),
    "the target is declared as a number": (["data.columns.label=number"], None, SpecError, "predicts classes"),
    "a logarithm": (["data.target_transform=log"], None, SpecError, "data.target_transform: .* trained with none"),
    "an unknown class": ([], with_label, DataError, "mixed.csv:9.*the class 'free' is none of .*cheap, dear.*head: fr"),
    "a loss of other outputs": (["loss=cross_entropy"], None, SpecError, "layer output .* and 1 outputs.*head: fresh"),
    "another network": (["model.hidden=[8, 8]"], None, SpecError, "hidden_2 .Dense"),
    "folds that the model has not": ([], None, None, ""),
}


@pytest.mark.parametrize("name", [*REFUSALS])
def test_what_does_not_suit_the_model_is_refused_in_one_sentence(started, tmp_path, name):
    overrides, change, error, said = REFUSALS[name]
    if error is None:
        model, _ = go_on(started, tmp_path, "data.split.folds=3", *STILL)
        assert len(model.networks) == 3
        return
    with pytest.raises(error) as problem:
        go_on(started, tmp_path, *overrides, change=change or (lambda row: row))
    assert re.search(said, str(problem.value)), problem.value
    assert "\n" not in str(problem.value)


def test_several_networks_start_as_many_trainings(started, tmp_path):
    spec = write_mixed(tmp_path)
    fit(str(spec), out=tmp_path / "folds.npz", overrides=["data.split.folds=3", "training.epochs=1"])
    for overrides in ([], ["data.split.folds=2"]):
        with pytest.raises(SpecError, match=r"holds 3 networks, and this spec trains [12]; name a model of one"):
            fit(str(spec), out=tmp_path / "n.npz", initial_weights=tmp_path / "folds.npz", overrides=overrides)


def test_a_fresh_head_learns_another_target_from_the_same_columns(started, tmp_path):
    overrides = ["data.target=price", "data.columns.price=number", "data.columns.label=ignore", *STILL]
    model, _ = go_on(started, tmp_path, "initial_weights.head=fresh", *overrides)
    then = Model.load(started / "m.npz")
    assert model.head.names == ("price",)
    assert model.networks[0].features.columns == then.networks[0].features.columns
    before, now = (each.networks[0].network.parameters.values for each in (then, model))
    assert np.array_equal(before["hidden_1.weight"], now["hidden_1.weight"])
    assert not np.array_equal(before["output.weight"], now["output.weight"])


def test_a_fresh_head_learns_new_classes(started, tmp_path):
    model, _ = go_on(started, tmp_path, "initial_weights.head=fresh", change=with_label)
    assert model.classes.tolist() == ["cheap", "dear", "free"]


def test_columns_that_are_fitted_anew_are_those_of_the_new_rows(started, tmp_path):
    model, said = go_on(started, tmp_path, "initial_weights.refit_columns=true", *STILL)
    alone = fit(str(tmp_path / "mixed.yaml"), out=tmp_path / "alone.npz")
    assert model.networks[0].features == Model.load(alone.model).networks[0].features
    assert model.head == Model.load(started / "m.npz").head
    assert any("of another meaning" in each for each in said)


def test_new_columns_and_idle_settings_are_told(started, tmp_path):
    model, said = go_on(
        started, tmp_path, "data.scaling=robust", "data.columns.size={scaling: min_max}", "data.columns.count=number"
    )
    assert model.networks[0].features.ignored["count"] == f"no input of {started / 'm.npz'}"
    assert any(each.startswith("data.scaling is not used: the columns come with") for each in said)
    assert any(each.startswith("data.columns.size says nothing but its type") for each in said)


def test_settings_of_a_target_that_comes_along_are_told(tmp_path):
    data = {"target": "price", "columns": {"id": "ignore", "count": "ignore", "label": "ignore"}}
    spec, said = str(write_mixed(tmp_path, data=data)), []
    fit(spec, out=tmp_path / "m.npz", overrides=["training.epochs=1"])
    changed = ["data.clamp_target=true", "data.scale_target=false", "loss=huber"]
    fit(spec, out=tmp_path / "n.npz", initial_weights=tmp_path / "m.npz", overrides=changed, notice=said.append)
    for name in ("clamp_target", "scale_target"):
        assert any(each.startswith(f"data.{name} is not used: the target comes with") for each in said)
    assert any(each.endswith("m.npz was trained with mean_squared_error") for each in said)
    assert Model.load(tmp_path / "n.npz").head.target == Model.load(tmp_path / "m.npz").head.target


COUNTING = [name for kind in get_args(Loss) if kind.counts for name in list_component_names(kind)]


@pytest.mark.parametrize("name", COUNTING)
@pytest.mark.parametrize("scaled", [True, False])
def test_a_loss_of_counts_does_not_meet_a_scaled_target_of_the_model(tmp_path, name, scaled):
    data = {"target": "count", "scale_target": scaled, "columns": dict.fromkeys(["id", "price", "label"], "ignore")}
    spec, out = str(write_mixed(tmp_path, data=data, loss="mean_squared_error")), tmp_path / "n.npz"
    fit(spec, out=tmp_path / "m.npz", overrides=["training.epochs=1"])
    overrides = [f"loss={name}", "training.epochs=1"]
    if scaled:
        with pytest.raises(SpecError, match=rf"loss: {name} is for counts as they are, and .*m\.npz was .*head: fresh"):
            fit(spec, out=out, initial_weights=tmp_path / "m.npz", overrides=overrides)
        overrides += ["initial_weights.head=fresh"]
    fit(spec, out=out, initial_weights=tmp_path / "m.npz", overrides=overrides)
    assert not Model.load(out).head.scales_target


def test_levels_that_the_model_does_not_know_are_counted(started, tmp_path):
    _, said = go_on(started, tmp_path, change=lambda row: row | {"colour": "pink"} if "item 4" in row["id"] else row)
    assert any("values that training did not see: colour 1" in each for each in said)


def test_the_model_is_evaluated_without_the_file_that_it_started_from(started, tmp_path):
    write_mixed(tmp_path)
    fit(str(write_mixed(tmp_path)), out=tmp_path / "old.npz")
    for more in ([], ["initial_weights.head=fresh"], ["initial_weights.refit_columns=true"]):
        fit(str(tmp_path / "mixed.yaml"), out=tmp_path / "n.npz", initial_weights=tmp_path / "old.npz", overrides=more)
        (tmp_path / "old.npz").rename(tmp_path / "away.npz")
        found = evaluate_files(str(tmp_path / "n.npz"), None)
        assert "changed" not in found.seen
        (tmp_path / "away.npz").rename(tmp_path / "old.npz")


def test_a_stored_spec_knows_the_weights_that_it_started_from(started, tmp_path):
    model, _ = go_on(started, tmp_path, *STILL)
    spec = model.spec
    assert spec.start.file.endswith("m.npz")
    write_mixed(tmp_path)
    again = write_mixed(tmp_path, initial_weights={"file": str(started / "m.npz"), "digest": "0" * 64})
    with pytest.raises(SpecError, match=r"mixed\.yaml:\d+: initial_weights\.digest: .*m\.npz has changed"):
        fit(str(again), out=tmp_path / "n.npz")
    same = write_mixed(tmp_path, initial_weights={"file": str(started / "m.npz"), "digest": spec.start.digest})
    fit(str(same), out=tmp_path / "n.npz")


def test_a_file_that_is_not_there_is_named_with_its_place(tmp_path):
    spec = write_mixed(tmp_path, initial_weights="none.npz")
    with pytest.raises(DataError, match=r"mixed\.yaml:\d+: initial_weights\.file: .*none\.npz: no such file"):
        fit(str(spec), out=tmp_path / "n.npz")
    with pytest.raises(DataError, match=r"--initial-weights: .*none\.npz: no such file"):
        fit(str(spec), out=tmp_path / "n.npz", initial_weights=tmp_path / "none.npz")


def test_kinds_that_the_new_spec_leaves_open_are_those_of_the_model(tmp_path):
    rows = [row | {"code": str(place % 3)} for place, row in enumerate(ROWS)]
    ignored = {"id": "ignore", "price": "ignore", "count": "ignore"}
    spec = str(write_mixed(tmp_path, rows, data={"columns": {"code": "category", **ignored}}))
    fit(spec, out=tmp_path / "m.npz", overrides=["training.epochs=1"])
    spec = str(write_mixed(tmp_path, rows, data={"columns": ignored}))
    fit(spec, out=tmp_path / "alone.npz", overrides=["training.epochs=1"])
    fit(spec, out=tmp_path / "n.npz", initial_weights=tmp_path / "m.npz", overrides=STILL)
    kinds = [Model.load(tmp_path / f"{name}.npz").columns()["code"].kind for name in ("alone", "n")]
    assert kinds == ["number", "category"]
    assert "changed" not in evaluate_files(str(tmp_path / "n.npz"), None).seen


def test_training_rows_are_encoded_as_the_columns_were_fitted(tmp_path):
    spec = str(write_mixed(tmp_path, data={"category_encoding": "target"}))
    fit(spec, out=tmp_path / "m.npz", overrides=["training.epochs=1"])
    write_other_rows(tmp_path)
    data = read_data(spec, [f"initial_weights={tmp_path / 'm.npz'}"])
    encoded = fit_and_encode_parts(data, divide_rows(data)[0])
    fitted = Model.load(tmp_path / "m.npz").networks[0].features
    assert encoded.features.columns == fitted.columns
    expected = fitted.encode(data.rows.table, np.dtype(np.float32))
    shown = (encoded.train.x == expected).all(axis=1)
    assert shown.mean() > 0.8  # the other rows have a category that is hidden behind the slot for unseen values
