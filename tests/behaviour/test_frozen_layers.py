"""training.freeze: what is frozen stays to the bit, whatever trains the rest, and the rest is trained."""

from typing import get_args

import numpy as np
import pytest

import mlptrain
from mlptrain.annotations import list_component_names
from mlptrain.engine.losses import MeanSquaredError
from mlptrain.engine.norms import BatchNorm, LayerNorm
from mlptrain.engine.optimizers import Optimizer
from mlptrain.engine.penalties import Penalty
from mlptrain.errors import SpecError
from mlptrain.model.network_arrays import collect_named_arrays
from mlptrain.notices import Notice
from tests.support.in_memory import drop_gaps, make_columns, make_spec
from tests.support.networks import EMBEDDINGS, MEMBERS, NUMBERS, draw_inputs, make_network

ROWS = drop_gaps(make_columns(40))
OPTIMIZERS = [name for kind in get_args(Optimizer) for name in list_component_names(kind)]
LAYERS = ["input", "input.embedding", "input.scaling", "hidden_1", "block_1", "block_1.hidden_2.layer_norm", "output"]
MODEL = {
    "hidden": [4, 4],
    "residual": 1,
    "activation": {"name": "parametric", "activation": "tanh"},
    "norm": "layer",
    "dropout": 0.1,
    "max_norm": 0.8,
    "input_scaling": True,
    "numeric_embedding": {"name": "pbld", "frequencies": 3, "outputs": 2},
}
EMBEDDED = {"category_encoding": {"name": "embedding", "width": 2, "one_hot_up_to": 1}}
BOUNDS = {"weight_decay": 0.1, "global_clipnorm": 0.5, "clipnorm": 0.4, "clipvalue": 0.3}


def make_frozen_spec(optimizer="adam", members=1, **training):
    """A spec with all that reaches parameters: decay, clipping, penalties, bounds on norms."""
    settings = {"name": optimizer, "learning_rate": 0.05} | ({} if optimizer == "lbfgs" else BOUNDS)
    return make_spec(
        data=EMBEDDED,
        model=MODEL,
        optimizer=settings,
        members=members,
        regularization={"l1": 0.01, "l2": 0.01},
        training={"epochs": 3, "batch_size": "full"} | training,
    )


@pytest.fixture(scope="module")
def starts():
    """A model by its number of members, with numbers that training would change: −0, denormal ones, large norms."""
    models = {}
    for members in (1, 2):
        model = models[members] = mlptrain.fit(make_frozen_spec(members=members), ROWS).model
        for values in model.networks[0].network.parameters.values.values():
            values *= 4
            np.put(values, range(min(2, values.size - 1)), [-0.0, 1e-42])
    return models


def copy_arrays(model):
    return {name: array.copy() for name, array in collect_named_arrays(model.networks[0].network).items()}


def require_frozen_alone(then, now, names):
    prefixes = tuple(f"parameters.{name}." for name in names)
    assert any(name.startswith(prefixes) for name in then)
    for name, before in then.items():
        same = before.tobytes() == now[name].tobytes()
        assert same == (name.startswith(prefixes) or name.startswith("buffers.")), name


@pytest.mark.parametrize("names", [["input", "block_1"], ["hidden_1", "output"]], ids=str)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_leaves_what_is_frozen_and_moves_the_rest(starts, optimizer, names):
    fitted = mlptrain.fit(make_frozen_spec(optimizer, freeze=names), ROWS, initial_weights=starts[1])
    require_frozen_alone(copy_arrays(starts[1]), copy_arrays(fitted.model), names)


@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_can_be_frozen_alone(starts, name, members):
    spec = make_frozen_spec(members=members, freeze=[name], epochs=64)  # steps after which denormal numbers are flushed
    fitted = mlptrain.fit(spec, ROWS, initial_weights=starts[members])
    require_frozen_alone(copy_arrays(starts[members]), copy_arrays(fitted.model), [name])


def test_frozen_running_statistics_stay_and_are_what_training_takes():
    spec = make_spec(model={"hidden": [4, 4], "norm": "batch"})
    first = mlptrain.fit(spec, ROWS).model
    frozen = {"training": spec["training"] | {"freeze": ["hidden_1"]}}
    second = mlptrain.fit(spec | frozen, ROWS, initial_weights=first).model
    then, now = copy_arrays(first), copy_arrays(second)
    for name, before in then.items():
        assert (before.tobytes() == now[name].tobytes()) == (name.split(".")[1] == "hidden_1"), name


def test_layers_without_initial_weights_keep_what_was_drawn_and_it_is_told():
    spec = make_spec()
    frozen = spec | {"training": spec["training"] | {"freeze": ["hidden_1"]}}
    with pytest.warns(Notice, match=r"training\.freeze: these layers keep the weights that were drawn"):
        short, long = (mlptrain.fit(frozen, ROWS, overrides={"training.epochs": epochs}).model for epochs in (1, 7))
    then, now = copy_arrays(short), copy_arrays(long)
    assert np.array_equal(then["parameters.hidden_1.weight"], now["parameters.hidden_1.weight"])
    assert not np.array_equal(then["parameters.output.weight"], now["parameters.output.weight"])


def test_a_layer_that_is_not_there_is_refused_with_the_names_there_are():
    for name in ("hidden_9", "hidden", "hidden_1.weight", "hidden_1.tanh"):
        with pytest.raises(SpecError) as error:
            mlptrain.fit(make_spec(training={"freeze": [name]}), ROWS)
        assert f"training.freeze: '{name}' is no layer with parameters; they are hidden_1, output" in str(error.value)
    with pytest.raises(SpecError, match=r"training\.freeze: no layer is left to train; leave one out"):
        mlptrain.fit(make_spec(training={"freeze": ["hidden_1", "output"]}), ROWS)


def list_layers(network):
    return dict.fromkeys(name.rpartition(".")[0] for name in network.parameters.values)


def differentiate(network, x, targets, *, train=True):
    """The gradient of a batch, by parameter, and the loss with its penalty."""
    penalty = Penalty(l1=0.1, l2=0.1)
    run = network.begin(x.shape[-2], train=train)
    value = network.objective(x, targets, None, loss=MeanSquaredError(), penalty=penalty, run=run)
    return {name: gradient.copy() for name, gradient in network.parameters.gradients.items()}, value


@pytest.mark.parametrize("embedding", EMBEDDINGS, ids=str)
@pytest.mark.parametrize("members", MEMBERS, ids=str)
def test_frozen_gradients_are_0_and_the_others_what_they_are_without(embedding, members):
    x = draw_inputs(embedding[0], 5)
    x = x if members.axis is None else np.stack([x] * members.axis)
    free = make_network(*embedding, members, norm=LayerNorm())
    targets = np.random.default_rng(1).standard_normal((*x.shape[:-1], 2))
    whole, _ = differentiate(free, x, targets)
    for layer in list_layers(free):
        frozen = make_network(*embedding, members, norm=LayerNorm())
        frozen.freeze([layer])
        found, _ = differentiate(frozen, x, targets)
        for name, gradient in found.items():
            expected = np.zeros_like(gradient) if name.startswith(f"{layer}.") else whole[name]
            assert np.array_equal(gradient, expected), (layer, name)


def test_penalties_are_of_what_is_trained():
    x, targets = draw_inputs(NUMBERS, 5), np.ones((5, 2))
    free, frozen = make_network(NUMBERS, None), make_network(NUMBERS, None)
    frozen.freeze(["hidden_1"])
    (_, (loss, whole)), (_, (same, part)) = (differentiate(each, x, targets) for each in (free, frozen))
    own = Penalty(l1=0.1, l2=0.1).value(free.parameters.values["hidden_1.weight"].reshape(-1))
    assert loss == same
    assert part == pytest.approx(whole - own)


def test_a_frozen_batch_norm_trains_the_rest_as_it_predicts():
    x, targets = draw_inputs(NUMBERS, 5), np.ones((5, 2))
    free, frozen = (make_network(NUMBERS, None, norm=BatchNorm()) for _ in range(2))
    layers = [name for name in list_layers(frozen) if "norm" in name]
    frozen.freeze(layers)
    before = {name: buffer.copy() for name, buffer in frozen.buffers.items()}
    (expected, _), (found, _) = differentiate(free, x, targets, train=False), differentiate(frozen, x, targets)
    assert all(np.array_equal(buffer, before[name]) for name, buffer in frozen.buffers.items())
    for name, gradient in found.items():
        if not name.startswith(tuple(layers)):
            assert np.allclose(gradient, expected[name], rtol=1e-12, atol=1e-14), name
