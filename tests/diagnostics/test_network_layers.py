"""Inside the networks of a report: what they hold, and what goes through them."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

import mlptrain
from mlptrain.diagnostics import network_layers
from mlptrain.diagnostics.network_layers import ENOUGH_ROWS, describe_networks
from mlptrain.model.memory_rows import make_evaluation_rows
from mlptrain.model.rows import read_rows
from mlptrain.spec.fields import Images
from tests.support.images import fit_images
from tests.support.in_memory import make_columns, make_spec

COLUMNS = make_columns()


def fit(columns=COLUMNS, **sections):
    return mlptrain.fit(make_spec(**sections), columns).model


def judge(model, columns=COLUMNS):
    rows = make_evaluation_rows(columns, model.spec.data, model.columns(), model.head, [])
    return model.judge_and_evaluate(rows, resamples=0)


@pytest.mark.parametrize(
    "sections",
    [
        {},
        {"model": {"hidden": []}},
        {"model": {"hidden": [6, 6, 6], "norm": "batch", "residual": 2}},
        {"model": {"hidden": [4], "numeric_embedding": "plr"}},
        {"members": {"name": "tabm", "count": 3}},
        {"training": {"epochs": 2, "watch_layers": 1}},
    ],
    ids=str,
)
def test_the_parameters_are_all_that_the_network_holds(sections):
    model = fit(**sections)
    (found,) = describe_networks(model, judge(model))
    values = model.networks[0].network.parameters.values
    assert [each.name for each in found.parameters] == list(values)
    assert sum(np.prod(each.shape) for each in found.parameters) == model.parameters
    for each in found.parameters:
        assert each.rms == pytest.approx(np.sqrt((values[each.name] ** 2).mean()), rel=1e-5)
        assert sum(each.values.counts) == values[each.name].size
    assert (found.name, found.rows) == ("", 60)
    assert found.now[-1].name.startswith("output")
    assert len(found.snapshots) == (2 if "training" in sections else 0)
    json.dumps(asdict(found), allow_nan=False)


def test_the_outputs_are_those_of_judged_rows():
    model = fit(model={"hidden": [6], "activation": "relu", "dtype": "float64"})
    judged = judge(model)
    (found,) = describe_networks(model, judged)
    network = model.networks[0]
    x = judged.rows.encode(network.features, network.network.dtype).matrix()
    values = network.network.parameters.values
    y = np.maximum(x @ values["hidden_1.weight"] + values["hidden_1.bias"], 0)
    relu = next(each for each in found.now if each.name == "hidden_1.relu")
    assert (relu.output_mean, relu.output_sd) == (pytest.approx(y.mean()), pytest.approx(y.std()))
    assert (relu.zeros, relu.dead) == (pytest.approx((y == 0).mean()), (y == 0).all(axis=0).sum())


def test_of_many_rows_some_are_looked_at(monkeypatch):
    monkeypatch.setattr(network_layers, "MOST_ROWS", 7)
    model = fit()
    assert describe_networks(model, judge(model))[0].rows == 7


def test_without_rows_the_parameters_alone_are_told():
    (found,) = describe_networks(fit(), None)
    assert (found.rows, found.now, found.faults) == (0, (), ())
    assert found.parameters


def test_several_networks_have_names():
    model = fit(data={"split": {"folds": 3}})
    assert [each.name for each in describe_networks(model, judge(model))] == ["fold 1", "fold 2", "fold 3"]


def kill_units(model):
    model.networks[0].network.parameters.values["hidden_1.bias"][...] = -1e3
    return model


@pytest.mark.parametrize("watched", [0, 1])
def test_dead_units_are_told_once_whether_layers_were_watched_or_not(watched):
    columns = make_columns(ENOUGH_ROWS)
    model = fit(columns, model={"hidden": [6], "activation": "relu"}, training={"epochs": 1, "watch_layers": watched})
    (found,) = describe_networks(kill_units(model), judge(model, columns))
    (fault,) = found.faults
    assert (fault.code, fault.layer) == ("dead", "hidden_1.relu")


def test_of_few_rows_no_unit_is_called_dead():
    model = kill_units(fit(model={"hidden": [6], "activation": "relu"}))
    (found,) = describe_networks(model, judge(model))
    assert next(each.dead for each in found.now if each.name == "hidden_1.relu") == 6
    assert not found.faults


def test_what_was_last_seen_of_gradients_is_told():
    model = fit(model={"hidden": [6, 6]}, training={"epochs": 1, "watch_layers": 1})
    network = model.networks[0]
    vanished = network.layers | {"gradient_rms": network.layers["gradient_rms"] * np.array([[1e-9, 1, 1, 1, 1]])}
    model = replace(model, networks=[replace(network, layers=vanished)])
    assert [each.code for each in describe_networks(model, judge(model))[0].faults] == ["vanishing"]


def test_parameters_that_are_not_finite_have_no_histogram():
    model = fit()
    model.networks[0].network.parameters.values["output.weight"][0, 0] = np.nan
    (found,) = describe_networks(model, None)
    output = next(each for each in found.parameters if each.name == "output.weight")
    assert (output.rms, output.values) == (None, None)


def test_images_go_through_the_layers_too(tmp_path):
    model = fit_images(tmp_path, epochs=1)
    test = {name: str(tmp_path / f"test.{name}") for name in ("images", "labels")}
    judged = model.judge_and_evaluate(read_rows(Images(**test), model.spec.data, tmp_path), resamples=0)
    (found,) = describe_networks(model, judged)
    assert found.rows == 40
    assert found.now
