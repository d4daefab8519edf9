"""Embeddings, encodings, members and bounds from the spec to a file and back: trained, saved, loaded, asked."""

import numpy as np
import pytest

from mlptrain.annotations import list_component_names, list_union_members
from mlptrain.commands.check import check_files
from mlptrain.commands.evaluate import evaluate_files
from mlptrain.data.encodings import Encoding, LevelCodes, LevelValues, ScaledOneHot
from mlptrain.engine.embeddings import NumericEmbedding
from mlptrain.model.model import Model
from mlptrain.training.gradient_check import TOLERANCE
from tests.support.flows import csv_text, fit_mixed, mixed_rows, predict, write_mixed

EMBEDDED = {"name": "embedding", "width": 3, "one_hot_up_to": 1}
ALL_PARTS = {
    "hidden": [8, 6],
    "input_scaling": True,
    "activation": {"name": "parametric", "activation": "selu"},
    "dropout": 0.15,
    "parametrization": "ntk",
    "kernel_initializer": "data_driven",
    "bias_initializer": "data_driven",
}
SHORT = {"epochs": 4, "batch_size": 16}


def names(union):
    return [name for kind in list_union_members(union) for name in list_component_names(kind)]


def sections(**more):
    """A spec of all parts on a table with a number with gaps, a category and a truth value."""
    data = {"scaling": "robust", "category_encoding": EMBEDDED, "split": {"validation": 0.2}} | more.pop("data", {})
    model = ALL_PARTS | {"numeric_embedding": "pbld"} | more.pop("model", {})
    return {
        "data": data,
        "model": model,
        "training": SHORT,
        "optimizer": {"name": "adam", "learning_rate": 0.02},
    } | more


TARGETS = {
    "two classes": {},
    "three classes": {"data": {"target": "colour"}},
    "a number": {"data": {"target": "price", "clamp_target": True}, "loss": "mean_squared_error"},
}
each_target = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
each_count = pytest.mark.parametrize("count", [1, 3])


@each_target
@each_count
@pytest.mark.parametrize("name", names(NumericEmbedding))
def test_check_finds_the_gradient_of_a_whole_spec_right(tmp_path, name, count, target):
    """And states a number of parameters that is the file's."""
    spec = write_mixed(tmp_path, **sections(**target | {"model": {"numeric_embedding": name}, "members": count}))
    found = check_files(str(spec))
    assert max(each.error for each in found.gradient) <= TOLERANCE
    fit_mixed(tmp_path, **sections(**target | {"model": {"numeric_embedding": name}, "members": count}))
    model = Model.load(tmp_path / "mixed.npz")
    assert model.networks[0].network.parameters.theta.size == found.parameters


@each_target
@each_count
@pytest.mark.parametrize("name", names(NumericEmbedding))
def test_a_model_of_every_numeric_embedding_predicts_from_its_file_what_it_learned(tmp_path, name, count, target):
    spec = sections(**target | {"model": {"numeric_embedding": name}, "members": count})
    spec["data"]["split"] = {"validation": "mixed.csv"}
    spec["training"] = {"epochs": 30, "batch_size": 16, "train_loss": "evaluation"}
    result = fit_mixed(tmp_path, **spec)
    losses = Model.load(tmp_path / "mixed.npz").networks[0].history["train_loss"]
    assert losses.min() < losses[0]
    assert evaluate_files(result.model, str(tmp_path / "mixed.csv")).metrics == result.metrics["validation"]
    assert fit_mixed(tmp_path, out="again.npz", **spec).metrics == result.metrics
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "mixed.npz").read_bytes()


@pytest.mark.parametrize("encoding", names(Encoding))
@each_count
def test_every_encoding_has_a_place_for_a_level_that_training_lacked(tmp_path, encoding, count):
    model = fit_mixed(tmp_path, data={"category_encoding": encoding}, members=count).model
    rows = [row | {"colour": "mauve"} for row in mixed_rows(5)] + [row | {"colour": ""} for row in mixed_rows(5)]
    (tmp_path / "later.csv").write_text(csv_text(rows))
    found = predict(model, str(tmp_path / "later.csv"), probabilities=True)
    unseen, missing = np.split(np.array([list(cells) for cells in found.values()][1:], float), 2, axis=1)
    assert np.isfinite(unseen).all()
    np.testing.assert_allclose(unseen, missing, rtol=1e-6)  # a product's last digit may depend on a row's place


@pytest.mark.parametrize(
    ("encoding", "fitted", "width"),
    [
        ("robust_one_hot", ScaledOneHot, 3),
        ("embedding", ScaledOneHot, 3),
        ({"name": "embedding", "one_hot_up_to": 3}, ScaledOneHot, 3),
        ({"name": "embedding", "one_hot_up_to": 2}, LevelCodes, 1),
        (EMBEDDED, LevelCodes, 1),
    ],
    ids=str,
)
def test_three_levels_become_what_the_encoding_says(tmp_path, encoding, fitted, width):
    fit_mixed(tmp_path, data={"category_encoding": encoding})
    (member,) = Model.load(tmp_path / "mixed.npz").networks
    (colour,) = (column for column in member.features.columns if column.name == "colour")
    assert isinstance(colour.encoding, fitted)
    assert colour.width == width
    tables = [name for name in member.network.parameters.values if "categories_" in name]
    assert bool(tables) == (fitted is LevelCodes)


def test_two_levels_are_one_column_of_values_and_those_of_a_column_may_be_its_own(tmp_path):
    columns = {"id": "ignore", "price": "ignore", "count": "ignore", "fresh": {"type": "category"}}
    columns["colour"] = {"type": "category", "encoding": EMBEDDED}
    fit_mixed(tmp_path, data={"category_encoding": "robust_one_hot", "columns": columns})
    (member,) = Model.load(tmp_path / "mixed.npz").networks
    found = {column.name: column for column in member.features.columns}
    assert isinstance(found["fresh"].encoding, LevelValues)
    assert found["fresh"].width == 1
    assert isinstance(found["colour"].encoding, LevelCodes)


def test_numbers_are_embedded_and_truth_values_and_marks_of_gaps_are_not(tmp_path):
    fit_mixed(tmp_path, **sections())
    (member,) = Model.load(tmp_path / "mixed.npz").networks
    assert member.network.parameters.values["input.embedding.frequency"].shape == (1, 16)
    # 3 values of size, then size, its gap, fresh, and 3 numbers for the colour
    assert member.network.parameters.values["input.scaling.scale"].shape == (3 + 3 + 3,)


def test_an_embedding_needs_numbers_and_is_left_away_without_them(tmp_path):
    columns = {"id": "ignore", "price": "ignore", "count": "ignore", "size": "ignore"}
    spec = sections(data={"columns": columns, "category_encoding": "one_hot"})
    assert fit_mixed(tmp_path, **spec).epochs == 4
    (member,) = Model.load(tmp_path / "mixed.npz").networks
    assert not any("embedding" in name for name in member.network.parameters.values)


@each_count
def test_predicted_numbers_stay_within_those_of_the_training_rows_if_the_spec_says_so(tmp_path, count):
    """A linear model, asked far outside of what it has seen."""
    rows = [row | {"size": size} for row, size in zip(mixed_rows(4), ("1e5", "-1e5", "5", ""), strict=True)]
    (tmp_path / "far.csv").write_text(csv_text(rows))
    prices = np.array([float(row["price"]) for row in mixed_rows()])
    found = {}
    for clamp in (False, True):
        spec = {"data": {"target": "price", "clamp_target": clamp}, "model": {"hidden": []}, "members": count}
        model = fit_mixed(tmp_path, **spec).model
        found[clamp] = np.array(list(predict(model, str(tmp_path / "far.csv"))["price"]), float)
    assert found[False].max() > prices.max()
    assert found[False].min() < prices.min()
    np.testing.assert_allclose(found[True], np.clip(found[False], prices.min(), prices.max()), rtol=1e-5)


def test_members_and_folds_are_averaged_together(tmp_path):
    spec = sections(data={"split": {"folds": 2}}, members=2)
    result = fit_mixed(tmp_path, **spec)
    model = Model.load(tmp_path / "mixed.npz")
    assert [member.network.members for member in model.networks] == [2, 2]
    found = predict(result.model, str(tmp_path / "mixed.csv"), probabilities=True)
    sums = np.sum([np.array(list(cells), float) for name, cells in found.items() if name.startswith("prob")], axis=0)
    np.testing.assert_allclose(sums, 1, rtol=1e-5)


def test_a_spec_without_members_writes_what_it_wrote_before_there_were_members(tmp_path):
    one = fit_mixed(tmp_path, out="one.npz", members=1)
    none = fit_mixed(tmp_path, out="none.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "none.npz").read_bytes()
    assert one.metrics == none.metrics
