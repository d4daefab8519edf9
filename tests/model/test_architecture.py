"""The model section of a spec as a network: which layers, in which order, under which names, initialised how."""

from dataclasses import replace

import numpy as np
import pytest

from mlptrain.engine.activations import GELU, SELU, ReLU, Sigmoid, Tanh
from mlptrain.engine.dropout import Dropout, GaussianDropout
from mlptrain.engine.initializers import Constant, Normal, Ones, VarianceScaling
from mlptrain.engine.input_layout import InputLayout
from mlptrain.engine.layers import Dense
from mlptrain.engine.members import Networks
from mlptrain.engine.norms import BatchNorm, LayerNorm
from mlptrain.engine.units import Activate, Maxout, PReLU
from mlptrain.model.architecture import (
    build_network,
    complete_hidden_layers,
    count_parameters,
    describe_layer_for_outputs,
)
from mlptrain.spec.fields import LayerSpec, ModelSpec


def layers(**model):
    return dict(build_network(ModelSpec(**model), InputLayout(width=3), 2).layers)


def test_dense_norm_activation_dropout_in_this_order_and_the_output_linear():
    found = layers(
        hidden=(5, 4), norm=BatchNorm(), activation=Tanh(), dropout=Dropout(rate=0.1), input_dropout=Dropout(rate=0.2)
    )
    assert list(found) == [
        "input.dropout",
        *("hidden_1", "hidden_1.batch_norm", "hidden_1.tanh", "hidden_1.dropout"),
        *("hidden_2", "hidden_2.batch_norm", "hidden_2.tanh", "hidden_2.dropout"),
        "output",
    ]
    assert (found["input.dropout"].rate, found["hidden_1.dropout"].rate) == (0.2, 0.1)
    assert (found["hidden_1"].units, found["hidden_2"].units, found["output"].units) == (5, 4, 2)
    assert found["hidden_1.tanh"] == Activate(activation=Tanh())


def test_without_hidden_layers_there_is_the_output_alone():
    assert list(layers(hidden=())) == ["output"]
    assert build_network(ModelSpec(hidden=()), InputLayout(width=3), 2).parameters.theta.size == 8


@pytest.mark.parametrize(
    ("model", "outputs", "place"),
    [
        ({"hidden": (16, 1)}, 1, "model.hidden[1]"),
        ({"hidden": (1,)}, 1, "model.hidden[0]"),
        ({"hidden": (16, 8, 3)}, 3, "model.hidden[2]"),
        ({"layers": (LayerSpec(units=8), LayerSpec(units=3, activation=Sigmoid()))}, 3, "model.layers[1]"),
        ({"layers": (LayerSpec(units=1, activation=Sigmoid()),)}, 1, "model.layers[0]"),
        ({"hidden": ()}, 1, ""),
        ({"hidden": (8,)}, 1, ""),
        ({"hidden": (3,)}, 3, ""),
        ({"hidden": (16, 2)}, 1, ""),
        ({"hidden": (4, 3)}, 3, ""),
        ({"hidden": (10, 10)}, 10, ""),
        ({"hidden": (16, 16)}, 3, ""),
    ],
)
def test_a_last_hidden_layer_that_looks_like_the_output_layer_is_noted(model, outputs, place):
    said = describe_layer_for_outputs(ModelSpec(**model), outputs)
    assert said.startswith(
        f"{place}: the last hidden layer is as wide as the output layer ({outputs})" if place else ""
    )
    assert bool(said) == bool(place)


def test_prelu_is_a_layer_with_parameters_of_its_own():
    network = build_network(ModelSpec(hidden=(5,), activation=PReLU()), InputLayout(width=3), 2)
    assert network.parameters.values["hidden_1.prelu.slope"].shape == (5,)


def test_a_maxout_unit_has_a_column_of_weights_for_each_piece():
    network = build_network(ModelSpec(hidden=(5, 4), activation=Maxout(pieces=3)), InputLayout(width=7), 2)
    shapes = [values.shape for values in network.parameters.values.values()]
    assert shapes == [(7, 15), (15,), (5, 12), (12,), (4, 2), (2,)]
    assert [name for name, _ in network.layers] == [
        "hidden_1",
        "hidden_1.maxout",
        "hidden_2",
        "hidden_2.maxout",
        "output",
    ]


def test_residual_blocks_follow_the_first_hidden_layer():
    found = layers(hidden=(5, 4, 5, 3, 5), residual=2, norm=LayerNorm())
    assert list(found) == ["hidden_1", "hidden_1.layer_norm", "hidden_1.relu", "block_1", "block_2", "output"]
    assert [name for name, _ in found["block_2"].layers if "." not in name] == ["hidden_4", "hidden_5"]
    assert dict(found["block_2"].layers)["hidden_4"] == layers(hidden=(5, 4, 5, 3, 5))["hidden_4"]
    model = ModelSpec(hidden=(5, 4, 5, 3, 5), residual=2)
    plain, blocks = (build_network(each, InputLayout(width=3), 2) for each in (replace(model, residual=None), model))
    assert plain.parameters.theta.size == blocks.parameters.theta.size
    assert count_parameters(model, InputLayout(width=3), 2, Networks()) == blocks.parameters.theta.size


def test_a_list_of_dropouts_has_one_for_each_hidden_layer():
    found = layers(hidden=(5, 4, 3), dropout=(Dropout(rate=0.1), GaussianDropout(rate=0.2), Dropout(rate=0.3)))
    assert [found[f"hidden_{k}.dropout"].rate for k in (1, 2, 3)] == [0.1, 0.2, 0.3]
    assert isinstance(found["hidden_2.dropout"], GaussianDropout)


def test_the_long_form_says_what_differs_and_takes_the_rest_from_the_model():
    model = ModelSpec(
        layers=(
            LayerSpec(units=7),
            LayerSpec(
                units=6,
                activation=Sigmoid(),
                norm=LayerNorm(),
                dropout=Dropout(rate=0.4),
                kernel_initializer=Ones(),
                bias_initializer=Constant(value=2),
                max_norm=1.5,
            ),
        ),
        activation=GELU(),
        norm=BatchNorm(),
        dropout=Dropout(rate=0.1),
        kernel_initializer=Normal(),
        bias_initializer=Constant(value=1),
        max_norm=3.0,
        hidden=(99,),
    )
    found = dict(build_network(model, InputLayout(width=3), 2).layers)
    assert list(found)[:4] == ["hidden_1", "hidden_1.batch_norm", "hidden_1.gelu", "hidden_1.dropout"]
    assert list(found)[4:] == ["hidden_2", "hidden_2.layer_norm", "hidden_2.sigmoid", "hidden_2.dropout", "output"]
    assert found["hidden_1"] == Dense(
        units=7, kernel_initializer=Normal(), bias_initializer=Constant(value=1), max_norm=3.0
    )
    assert found["hidden_2"] == Dense(
        units=6, kernel_initializer=Ones(), bias_initializer=Constant(value=2), max_norm=1.5
    )
    assert (found["hidden_1.dropout"].rate, found["hidden_2.dropout"].rate) == (0.1, 0.4)
    assert found["output"] == Dense(units=2, kernel_initializer=Normal(), bias_initializer=Constant(value=1))


def test_the_short_form_is_the_long_form_of_its_units():
    short = ModelSpec(hidden=(5, 4), activation=Tanh(), norm=BatchNorm(), max_norm=2.0)
    long = ModelSpec(layers=(LayerSpec(units=5), LayerSpec(units=4)), activation=Tanh(), norm=BatchNorm(), max_norm=2.0)
    assert complete_hidden_layers(short) == complete_hidden_layers(long)


@pytest.mark.parametrize(
    ("activation", "family"),
    [
        (ReLU(), "he"),
        (GELU(), "he"),
        (PReLU(), "he"),
        (Tanh(), "glorot"),
        (Sigmoid(), "glorot"),
        (SELU(), "lecun"),
        (Maxout(), "lecun"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_auto_suits_the_activation_and_the_output_is_glorot(activation, family):
    found = layers(hidden=(5,), activation=activation)
    assert found["hidden_1"].kernel_initializer.name.startswith(family)
    assert found["output"].kernel_initializer.name.startswith("glorot")
    given = layers(hidden=(5,), activation=activation, kernel_initializer=VarianceScaling(name="lecun_normal"))
    assert {given[name].kernel_initializer.name for name in ("hidden_1", "output")} == {"lecun_normal"}


def test_the_bound_on_norms_is_for_hidden_layers():
    found = layers(hidden=(5,), max_norm=2.0)
    assert (found["hidden_1"].max_norm, found["output"].max_norm) == (2.0, None)


def test_the_number_type_is_the_specs_unless_another_is_asked_for():
    model = ModelSpec(hidden=(2,), dtype="float32")
    assert build_network(model, InputLayout(width=3), 2).dtype == np.float32
    assert build_network(model, InputLayout(width=3), 2, dtype="float64").dtype == np.float64
