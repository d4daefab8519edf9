"""What is said of the layers, and when nothing is."""

from dataclasses import replace
from typing import get_args

import pytest

from mlptrain.engine.activations import Activation
from mlptrain.model.layer_findings import BOUNDED, MANY, SETTLED, find_layer_faults
from mlptrain.model.layer_history import LayerFacts, LayersSeen


def facts(name, kind="Dense", **values):
    base = dict.fromkeys(("output_mean", "output_sd", "weights", "gradients", "outputs", "weight_rms"))
    own = {"gradient_rms": None, "update_ratio": None}
    if kind == "Dense":
        own = {"gradient_rms": 0.01, "update_ratio": 0.001}
    counts = {"units": 40, "zeros": 0.0, "dead": 0, "saturated": 0}
    return LayerFacts(name=name, layer_kind=kind, **(base | own | counts | values))


def seen(*layers, activation="sigmoid", norm=False, **output):
    """Two hidden layers; `layers` take the place of those of their names."""
    every = []
    for name in ("hidden_1", "hidden_2"):
        every.append(facts(name))
        every += [facts(f"{name}.batch_norm", "BatchNorm", gradient_rms=1e-9)] if norm else []
        every.append(facts(f"{name}.{activation}", "Activate"))
    given = {each.name: each for each in layers}
    found = [given.get(each.name, each) for each in [*every, facts("output", **output)]]
    return LayersSeen(epoch=3, layers=tuple(found))


def said(layers):
    return [(each.code, each.layer, each.sentence) for each in find_layer_faults(layers)]


@pytest.mark.parametrize("norm", [False, True])
def test_of_layers_that_are_well_nothing_is_said(norm):
    assert said(seen(norm=norm)) == []


def test_dead_units_are_told_with_their_layer_and_a_cure():
    assert said(seen(facts("hidden_2.relu", "Activate", dead=12), activation="relu")) == [
        (
            "dead",
            "hidden_2.relu",
            "layer hidden_2 (relu): 12 of 40 units are dead (0 for every row): use leaky_relu, or a smaller "
            "optimizer.learning_rate",
        )
    ]


def test_of_dead_and_saturated_layers_the_worst_is_told():
    found = said(
        seen(facts("hidden_1.sigmoid", "Activate", dead=5), facts("hidden_2.sigmoid", "Activate", saturated=9))
    )
    (finding,) = found
    assert finding[:2] == ("saturated", "hidden_2.sigmoid")
    assert finding[2] == (
        "layer hidden_2 (sigmoid): 9 of 40 units are saturated (at a bound for nearly every row): use relu, "
        "model.norm: batch, or scaled inputs"
    )


@pytest.mark.parametrize("fact", ["dead", "saturated"])
def test_few_such_units_are_not_told(fact):
    few, many = int(40 * MANY) - 1, int(40 * MANY)
    assert said(seen(facts("hidden_1.sigmoid", "Activate", **{fact: few}))) == []
    assert len(said(seen(facts("hidden_1.sigmoid", "Activate", **{fact: many})))) == 1


def test_vanishing_gradients_are_told_with_the_layer_where_they_are_smallest():
    layers = seen(facts("hidden_1", gradient_rms=1e-9), facts("hidden_2", gradient_rms=1e-6))
    assert said(layers) == [
        (
            "vanishing",
            "hidden_1",
            "layer hidden_1 (sigmoid): gradients are 1e-7 of those at the output: they vanish: use relu, or "
            "model.norm: batch",
        )
    ]


@pytest.mark.parametrize(
    ("activation", "norm", "cure"),
    [
        ("relu", False, "use model.norm: batch"),
        ("tanh", True, "use relu"),
        ("relu", True, "use fewer layers, or model.residual: 2"),
    ],
)
def test_a_cure_is_nothing_that_is_there_already(activation, norm, cure):
    ((_, _, sentence),) = said(seen(facts("hidden_1", gradient_rms=1e-9), activation=activation, norm=norm))
    assert sentence.endswith(f"they vanish: {cure}")


def test_exploding_gradients_are_told_with_the_layer_where_they_are_largest():
    layers = seen(facts("hidden_1", gradient_rms=1e4), facts("hidden_2", gradient_rms=20.0))
    ((code, layer, sentence),) = said(layers)
    assert (code, layer) == ("exploding", "hidden_1")
    assert "gradients are 1e6 times those at the output: they explode: use optimizer.global_clipnorm: 1" in sentence


def test_gradients_that_are_huge_beside_the_weights_are_told_though_all_are_alike():
    huge = {"gradient_rms": 30.0, "weight_rms": 0.5}
    layers = seen(facts("hidden_1", **huge), facts("hidden_2", **huge), gradient_rms=40.0, weight_rms=0.5)
    ((code, layer, sentence),) = said(layers)
    assert (code, layer) == ("exploding", "output")
    assert sentence == (
        "layer output: gradients are 80 times its weights: they explode: use optimizer.global_clipnorm: 1, or "
        "model.norm: batch"
    )


@pytest.mark.parametrize("rms", [0.0, None])
def test_nothing_is_compared_with_an_output_without_a_gradient(rms):
    assert said(seen(gradient_rms=rms)) == []


def test_steps_that_are_too_large_are_told():
    layers = replace(seen(update_ratio=0.8), epoch=SETTLED + 1)
    ((code, layer, sentence),) = said(layers)
    assert said(replace(layers, epoch=SETTLED)) == []
    assert (code, layer) == ("leaping", "output")
    assert sentence.endswith("the weights by 80 % of their size: try a smaller optimizer.learning_rate")


def test_several_things_are_told_at_once():
    layers = seen(facts("hidden_1", gradient_rms=1e-9), facts("hidden_1.sigmoid", "Activate", saturated=40))
    assert [code for code, *_ in said(layers)] == ["saturated", "vanishing"]


def test_layers_that_are_no_hidden_ones_are_not_compared():
    layers = seen()
    embedding = replace(facts("input.embedding", "InputEmbedding"), gradient_rms=1e-12, update_ratio=5.0)
    assert said(replace(layers, layers=(embedding, *layers.layers))) == []


def test_a_network_without_hidden_layers_is_only_looked_at():
    assert said(LayersSeen(epoch=1, layers=(facts("output"),))) == []


def test_the_bounded_activations_are_those_that_have_bounds():
    assert set(BOUNDED) == {each.name for each in get_args(Activation) if each.bounds is not None}
