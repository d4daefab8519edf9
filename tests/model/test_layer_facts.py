"""What is seen of the layers of a network: its own numbers, whatever it is made of."""

import numpy as np

from mlptrain.engine.activations import ReLU, Sigmoid
from mlptrain.engine.layers import Dense
from mlptrain.engine.members import TabM
from mlptrain.engine.norms import BatchNorm
from mlptrain.engine.units import Activate
from mlptrain.model import layer_facts
from mlptrain.model.layer_facts import limit_watched_rows, list_watched_layers, measure_output
from tests.support.courses import course_of, spec_of


def test_units_at_a_bound_are_saturated_and_units_at_zero_are_dead():
    y = np.array([[0.0, 0.999, 0.5], [0.0, 0.001, 0.5], [0.0, 1.0, 0.9999]])
    sigmoid = Activate(activation=Sigmoid())
    found = measure_output(sigmoid, y)
    assert (found.units, found.dead, found.saturated) == (3, 1, 2)
    assert np.isclose(found.zeros, 3 / 9)
    assert measure_output(Dense(units=3), y).dead == 0
    assert measure_output(Activate(activation=ReLU()), y).saturated == 0
    members = measure_output(sigmoid, np.stack([y, 1 - y / 2]))
    assert (members.units, members.dead, members.saturated) == (6, 1, 3)


def test_outputs_that_are_not_finite_are_no_numbers():
    found = measure_output(Dense(units=1), np.array([[np.inf], [1.0]]))
    assert (found.output_mean, found.output_sd, found.outputs) == (None, None, None)


def test_weights_are_all_parameters_of_a_layer_but_those_that_are_added():
    course = course_of(spec_of(model={"norm": BatchNorm(), "input_scaling": True}, members=TabM(count=2)))
    parameters, found = course.network.parameters, {}
    for each in list_watched_layers(course.network):
        found[each.name] = sum(place.stop - place.start for place in each.weights)
    sizes = {name: values.size for name, values in parameters.values.items()}
    wanted = dict.fromkeys(found, 0)
    for name, size in sizes.items():
        layer, _, part = name.rpartition(".")
        wanted[layer] += size * (part not in ("bias", "shift"))
    assert found == wanted
    assert wanted["hidden_1"] > sizes["hidden_1.weight"]


def test_of_very_wide_networks_fewer_rows_are_looked_at(monkeypatch):
    network = course_of(spec_of(members=TabM(count=3))).network
    assert limit_watched_rows(network, 200) == 200
    monkeypatch.setattr(layer_facts, "MOST_NUMBERS", 3 * 5 * 20)
    assert limit_watched_rows(network, 200) == 20
    monkeypatch.setattr(layer_facts, "MOST_NUMBERS", 1)
    assert limit_watched_rows(network, 200) == 16
    assert limit_watched_rows(network, 3) == 3
