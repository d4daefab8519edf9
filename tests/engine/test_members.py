"""Members that share a trunk: each equation by a slow loop, its gradients by differences, their starts."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng

from mlptrain.engine.activations import SELU, ReLU, Tanh
from mlptrain.engine.compiled import NumbaExecutor
from mlptrain.engine.dropout import Dropout, GaussianDropout
from mlptrain.engine.embeddings import PBLD, InputEmbedding, PiecewiseLinear
from mlptrain.engine.epilogues import Epilogue, fuse_layers
from mlptrain.engine.initializers import Constant, Normal, PerFeature, Signs, ThroughRows, UnitVariance
from mlptrain.engine.input_layout import Codes, InputLayout
from mlptrain.engine.layers import Dense, Scale
from mlptrain.engine.losses import CrossEntropy, MeanSquaredError, average_loss_with_gradient
from mlptrain.engine.members import Adapter, BatchEnsemble, Members, Networks, Shared, TabM, TabMMini
from mlptrain.engine.network import Network
from mlptrain.engine.norms import BatchNorm, LayerNorm
from mlptrain.engine.parameters import Declaration, Parameters
from mlptrain.engine.penalties import Penalty
from mlptrain.engine.units import Activate, Parametric
from mlptrain.model.architecture import build_network, count_parameters
from mlptrain.randomness import stream
from mlptrain.spec.fields import ModelSpec
from tests.support.drawing import DTYPES, distance, drawn, label, own_of, slopes, standard_normal, training

COUNT = 3
MSE, NO_PENALTY = MeanSquaredError(), Penalty()
TRUNKS = [TabM(count=COUNT), TabMMini(count=COUNT)]
trunks = pytest.mark.parametrize("members", TRUNKS, ids=lambda members: members.name)
whose = pytest.mark.parametrize("own_rows", [True, False], ids=["own rows", "rows that all see"])
CATEGORY = InputLayout(width=4, numbers=(0, 2), codes=(Codes(place=1, levels=4, width=2),), feature_widths=(1, 1, 2))
"""number · category · number with its indicator."""
LAYERS = [
    Adapter(),
    Scale(),
    BatchEnsemble(units=2),
    BatchEnsemble(units=2, parametrization="ntk"),
    Shared(layer=Dense(units=2)),
    Shared(layer=Dense(units=2, parametrization="ntk")),
    Shared(layer=Parametric()),
]


def rows(own_rows, *shape, seed=1):
    """Rows of each member, or the same for all."""
    return standard_normal(*((COUNT,) if own_rows else ()), *shape, seed=seed)


# ---- the layers


def slow(x, own, *, gamma=1.0):
    """y_mbo = (Σ_i x_mbi r_mi γ W_io) s_mo + b_mo, number by number."""
    W, b, r, s = (own.parameters[name] for name in ("weight", "bias", "input_factor", "output_factor"))
    y = np.empty((COUNT, x.shape[-2], W.shape[1]))
    for m, k, o in np.ndindex(*y.shape):
        row = x[m, k] if x.ndim == 3 else x[k]
        y[m, k, o] = sum(row[i] * r[m, i] * gamma * W[i, o] for i in range(len(W))) * s[m, o] + b[m, o]
    return y


@whose
@pytest.mark.parametrize("parametrization", ["standard", "ntk"])
def test_a_batch_ensemble_is_its_equation(parametrization, own_rows):
    layer = BatchEnsemble(units=2, parametrization=parametrization)
    x, own = rows(own_rows, 5, 4), own_of(layer, 4, default_rng(0), lead=(COUNT,))
    expected = slow(x, own, gamma=0.5 if parametrization == "ntk" else 1.0)
    np.testing.assert_allclose(layer(x, own, training(5))[0], expected, rtol=1e-12)
    shapes = {name: value.shape for name, value in own.parameters.items()}
    assert shapes == {"weight": (4, 2), "bias": (3, 2), "input_factor": (3, 4), "output_factor": (3, 2)}


@whose
def test_an_adapter_multiplies_each_members_inputs(own_rows):
    x, own = rows(own_rows, 5, 4), own_of(Adapter(), 4, default_rng(0), lead=(COUNT,))
    y, _ = Adapter()(x, own, training(5))
    for m in range(COUNT):
        np.testing.assert_array_equal(y[m], (x[m] if own_rows else x) * own.parameters["factor"][m])


@pytest.mark.parametrize("inner", [Dense(units=2), Parametric(), LayerNorm(), InputEmbedding(layout=CATEGORY)], ids=str)
def test_a_shared_layer_is_one_network_that_sees_all_rows(inner):
    x = np.abs(rows(True, 5, 4)).astype(int) % 4 * 1.0
    own = own_of(Shared(layer=inner), 4, default_rng(0), lead=(COUNT,))
    y, _ = Shared(layer=inner)(x, own, training(5))
    for m in range(COUNT):
        alone, _ = inner(x[m], own, training(5))
        np.testing.assert_allclose(y[m], alone, rtol=1e-12)


@whose
@pytest.mark.parametrize("layer", LAYERS, ids=label)
def test_the_way_back_is_the_derivative_of_all_members(layer, own_rows):
    """Of Σ c y: what is shared gets the sum over the members, as do rows that all members see."""
    x, own = rows(own_rows, 5, 4), own_of(layer, 4, default_rng(2), lead=(COUNT,))
    c = standard_normal(*layer(x, own, training(5))[0].shape, seed=3)

    def value():
        return float((c * layer(x, own, training(5))[0]).sum())

    dx = layer(x, own, training(5))[1](c.copy(), True)
    np.testing.assert_allclose(dx, slopes(value, x), rtol=1e-6, atol=1e-8)
    for name, parameter in own.parameters.items():
        assert distance(own.gradients[name], slopes(value, parameter)) <= 1e-6, name


@pytest.mark.parametrize("embedding", [PBLD(frequencies=4), PiecewiseLinear(bins=3, outputs=2), None], ids=str)
def test_the_gradients_of_a_shared_embedding_are_sums_over_the_members(embedding):
    layer = Shared(layer=InputEmbedding(layout=CATEGORY, numeric=embedding))
    x, own = rows(True, 5, 4), own_of(layer, 4, default_rng(2), lead=(COUNT,))
    x[..., 1] = default_rng(3).integers(0, 4, x.shape[:-1])
    layer.adapt(x, own, [])
    y, backward = layer(x, own, training(5))
    assert y.shape == (COUNT, 5, layer.outputs(4))
    c = standard_normal(*y.shape, seed=3)
    backward(c.copy(), False)
    for name, parameter in own.parameters.items():
        found = slopes(lambda: float((c * layer(x, own, training(5))[0]).sum()), parameter)
        assert distance(own.gradients[name], found) <= 1e-6, name


def test_a_member_of_one_is_a_dense_layer_where_its_factors_are_one():
    layer, x = BatchEnsemble(units=2), standard_normal(5, 4)
    own = own_of(layer, 4, default_rng(0))
    own.parameters["input_factor"][...] = own.parameters["output_factor"][...] = 1
    y, _ = Dense(units=2)(x, own, training(5))
    np.testing.assert_array_equal(layer(x, own, training(5))[0], y)


@pytest.mark.parametrize("kind", [Dropout, GaussianDropout])
def test_of_rows_that_all_members_see_each_drops_its_own(kind):
    x, layer = np.ones((50, 4)), kind(rate=0.5)
    y, backward = layer(x, own_of(layer, 4, default_rng(0)), training(50, count=COUNT))
    assert y.shape == (COUNT, 50, 4)
    assert len({member.tobytes() for member in y}) == COUNT
    np.testing.assert_allclose(backward(np.ones_like(y), True), y.sum(axis=0), rtol=1e-12)
    alone, _ = layer(x, own_of(layer, 4, default_rng(0)), training(50, seed=2))
    np.testing.assert_array_equal(y[1], alone)


def test_data_driven_starts_look_at_the_rows_of_all_members():
    driven = {"kernel_initializer": UnitVariance(), "bias_initializer": ThroughRows()}
    x = 2 + 3 * standard_normal(200, 4)
    for layer in (BatchEnsemble(units=3, **driven), Shared(layer=Dense(units=3, **driven))):
        own = own_of(layer, 4, default_rng(0), lead=(COUNT,))
        assert layer.traits.adapts
        layer.adapt(x, own, [stream(m, "adapt", 0) for m in range(COUNT)])
        r = own.parameters.get("input_factor", np.ones((1, 4)))
        z = (x * r[:, None]) @ own.parameters["weight"]
        np.testing.assert_allclose(z.reshape(-1, 3).std(axis=0), 1)
        b = own.parameters["bias"].reshape(-1, 3)
        np.testing.assert_array_equal(b, np.broadcast_to(b[0], b.shape))
        assert ((z.reshape(-1, 3).min(axis=0) < -b[0]) & (-b[0] < z.reshape(-1, 3).max(axis=0))).all()


# ---- the start


def test_a_sign_is_plus_or_minus_one_each_half_of_the_time():
    drawn_signs = Signs()(stream(0, "initialize", 0), (10_000,))
    assert set(drawn_signs) == {-1.0, 1.0}
    assert abs(drawn_signs.mean()) < 0.04


def test_all_columns_of_a_feature_start_from_one_value():
    start = PerFeature(of=Normal(standard_deviation=1.0), runs=((1, 2), (0, 1), (1, 1), (2, 3)))
    values = start(stream(0, "initialize", 0), (7,))
    assert values[0] == values[1] == values[3]
    assert values[4] == values[5] == values[6]
    assert len(set(values)) == 3
    single = PerFeature(of=Normal(standard_deviation=1.0))(stream(0, "initialize", 0), (7,))
    assert len(set(single)) == 7


def test_the_outputs_of_an_embedding_know_their_features():
    """Of the features 0 (a number), 1 (a category), 2 (a number and its indicator): E | kept columns | categories."""
    runs = InputEmbedding(layout=CATEGORY, numeric=PBLD(outputs=3)).runs
    assert runs == ((0, 3), (2, 3), (0, 1), (2, 1), (2, 1), (1, 2))
    unsaid = InputLayout(width=4, numbers=(0, 2), codes=CATEGORY.codes)
    assert InputEmbedding(layout=unsaid).runs == ((0, 1), (2, 1), (3, 1), (1, 2))


def initialized(members, layout, seed=1, **model):
    made = build_network(ModelSpec(**({"hidden": (6, 5)} | model)), layout, 2, members=members)
    made.initialize(np.zeros((20, layout.width), np.float32), seed)
    return made.parameters.values


ONE_HOT = InputLayout(width=4, numbers=(0,), feature_widths=(1, 3))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_first_factors_start_from_signs_where_numbers_are_not_embedded(seed):
    values = initialized(TabM(count=20), ONE_HOT, seed)
    r = values["hidden_1.input_factor"]
    assert set(r.ravel()) == {-1.0, 1.0}
    np.testing.assert_array_equal(r[:, 1:], np.broadcast_to(r[:, 1:2], (20, 3)))
    assert len({member.tobytes() for member in r}) == 4
    for name in ("hidden_1.output_factor", "hidden_2.input_factor", "hidden_2.output_factor"):
        np.testing.assert_array_equal(values[name], 1)
    np.testing.assert_array_equal(initialized(TabMMini(count=20), ONE_HOT, seed)["input.adapter.factor"].shape, (20, 4))


def test_the_first_factors_start_from_normal_values_where_numbers_are_embedded():
    for members, name in ((TabM(count=200), "hidden_1.input_factor"), (TabMMini(count=200), "input.adapter.factor")):
        r = initialized(members, CATEGORY, numeric_embedding=PBLD(outputs=3))[name]
        assert abs(r.std() - 1) < 0.15
        assert r[:, [0, 6]].tolist() == r[:, [1, 0]].tolist()  # of feature 0: its values, and the number itself
        np.testing.assert_array_equal(r[:, 9], r[:, 10])
        assert len(set(r[:, 0])) == 200


def test_biases_start_alike_and_outputs_do_not():
    values = initialized(TabM(count=COUNT), ONE_HOT, bias_initializer=Normal())
    b = values["hidden_1.bias"]
    assert b.shape == (COUNT, 6)
    np.testing.assert_array_equal(b, np.broadcast_to(b[0], b.shape))
    assert len(set(b[0])) == 6
    for part in ("output.weight", "output.bias"):
        assert len({member.tobytes() for member in values[part]}) == COUNT


def test_parameters_that_start_alike_have_the_first_members_values():
    def declared(**how):
        return {"p": Declaration(shape=(4,), kind="bias", initializer=Normal(), **how)}

    alike, own, alone = (
        Parameters(declared(alike=True), np.dtype(float), COUNT),
        Parameters(declared(), np.dtype(float), COUNT),
        Parameters(declared(alike=True, shared=True), np.dtype(float), COUNT),
    )
    for each in (alike, own, alone):
        each.initialize(7)
    assert alone.values["p"].shape == (4,)
    np.testing.assert_array_equal(alike.values["p"], np.broadcast_to(alone.values["p"], (COUNT, 4)))
    np.testing.assert_array_equal(own.values["p"][0], alone.values["p"])
    assert not np.array_equal(own.values["p"][0], own.values["p"][1])


# ---- whole networks


def network(members, layout=CATEGORY, dtype="float64", **model):
    """A network of a spec whose every number is drawn."""
    spec = ModelSpec(**({"hidden": (6, 5), "activation": Tanh()} | model))
    made = build_network(spec, layout, 2, members=members, dtype=dtype)
    made.initialize(batch(True)[0], 1)
    made.parameters.theta[...] = 0.7 * default_rng(1).standard_normal(made.parameters.theta.size)
    return made


def batch(own_rows, count=COUNT, size=7):
    """Rows of `CATEGORY`, with targets."""
    draw = default_rng(4)
    lead = (count,) if own_rows else ()
    x = draw.standard_normal((*lead, size, 4))
    x[..., 1] = draw.integers(0, 4, x.shape[:-1])
    return x, draw.standard_normal((*lead, size, 2))


def step(net, x, y, loss=MSE, penalty=NO_PENALTY, weights=None):
    noise = [stream(m, "dropout", 1) for m in range(net.members)]
    return net.objective(x, y, weights, loss=loss, penalty=penalty, run=net.begin(x.shape[-2], train=True, noise=noise))


@trunks
@pytest.mark.parametrize("seen", [True, False], ids=["own rows", "rows that all see"])
def test_a_trunk_is_its_equations(members, seen):
    net, (x, _) = network(members, InputLayout(width=4)), batch(seen)
    v = net.parameters.values
    *_, (_, y) = net.trace_outputs(x, net.begin(7))
    for m in range(COUNT):
        a = x[m] if seen else x
        if members.name == "tabm":
            for k in ("hidden_1", "hidden_2"):
                r, s, b = (v[f"{k}.{part}"][m] for part in ("input_factor", "output_factor", "bias"))
                a = np.tanh(((a * r) @ v[f"{k}.weight"]) * s + b)
        else:
            a = a * v["input.adapter.factor"][m]
            for k in ("hidden_1", "hidden_2"):
                a = np.tanh(a @ v[f"{k}.weight"] + v[f"{k}.bias"])
        np.testing.assert_allclose(y[m], a @ v["output.weight"][m] + v["output.bias"][m], rtol=1e-11)


MODELS = {
    "plain": {},
    "embedded": {"numeric_embedding": PBLD(frequencies=4)},
    "piecewise, dropout": {"numeric_embedding": PiecewiseLinear(bins=3, outputs=2), "dropout": Dropout(rate=0.3)},
    "input dropout and scaling": {"input_dropout": Dropout(rate=0.2), "input_scaling": True},
    "layer norm, gaussian dropout": {"norm": LayerNorm(), "dropout": GaussianDropout(rate=0.2)},
    "batch norm": {"norm": BatchNorm(), "bias_initializer": Constant(value=0.1)},
    "parametric, ntk": {"activation": Parametric(activation=SELU()), "parametrization": "ntk"},
    "parametric without a curve": {"activation": Parametric(activation=Tanh()), "dropout": Dropout(rate=0.3)},
    "a curve": {"activation": SELU(), "dropout": Dropout(rate=0.3)},
    "blocks": {"hidden": (6, 5, 6), "residual": 2, "dropout": Dropout(rate=0.2)},
}
models = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


def along(theta, direction, value, h=1e-5):
    """The central difference along a direction of one parameter."""
    start = theta.copy()
    theta[...] = start + h * direction
    above = value()
    theta[...] = start - h * direction
    below = value()
    theta[...] = start
    return (above - below) / (2 * h)


@trunks
@models
@whose
def test_the_gradient_of_every_trunk(members, model, own_rows):
    """Of the loss as it is: the mean over the members, and the penalty."""
    net, (x, y) = network(members, **model), batch(own_rows)
    penalty = Penalty(l2=0.01)

    def value():
        return sum(step(net, x, y, penalty=penalty))

    value()
    gradient = net.parameters.gradient.copy()
    size = np.linalg.norm(gradient)
    for name, part in net.parameters.slices.items():
        theta, g = net.parameters.theta[part], gradient[part]
        u = standard_normal(len(g), seed=len(g))
        direction = u / np.linalg.norm(u) + (g / np.linalg.norm(g) if g.any() else 0)
        found = along(theta, direction, value)
        assert abs(g @ direction - found) <= 1e-6 * abs(found) + 1e-9 * size, name
    assert net.gradient_scale == 1


def with_and_without_epilogues(net):
    """The loss of a step, and that of the same layers one by one."""
    x, y = batch(True)
    value, _ = step(net, x, y)
    apart = net.begin(7, train=True, noise=[stream(m, "dropout", 1) for m in range(COUNT)])
    *_, (_, logits) = net.trace_outputs(x, apart)
    return value, pytest.approx(average_loss_with_gradient(MSE, logits, y)[0], rel=1e-13)


@trunks
@models
def test_epilogues_change_nothing_but_the_time(members, model):
    value, apart = with_and_without_epilogues(network(members, **model))
    assert value == apart


@trunks
def test_compiled_loops_run_a_trunk_as_well(members):
    net = network(members, **MODELS["piecewise, dropout"])
    net.executor = NumbaExecutor()
    value, apart = with_and_without_epilogues(net)
    assert value == apart


def test_a_shared_layer_takes_what_has_no_parameters_into_its_array():
    model = {"activation": ReLU(), "dropout": Dropout(rate=0.3)}
    for members in TRUNKS:
        found = {each.name: each.epilogue for each in fuse_layers(network(members, **model).layers)}
        assert found["hidden_1"] == Epilogue(curve=ReLU(), dropout=Dropout(rate=0.3))
        assert "hidden_1.dropout" not in found
    curved = {"activation": Parametric(activation=SELU())}
    shared = {each.name: each.epilogue for each in fuse_layers(network(TRUNKS[1], **curved).layers)}
    own = {each.name: each.epilogue for each in fuse_layers(network(TRUNKS[0], **curved).layers)}
    assert (shared["hidden_1"], own["hidden_1"]) == (None, Epilogue(curve=SELU(), blended=True))


@trunks
def test_rows_that_all_members_see_are_rows_of_each(members):
    net, (x, y) = network(members, numeric_embedding=PBLD(frequencies=4)), batch(False)
    once = step(net, x, y)
    gradient = net.parameters.gradient.copy()
    copied = step(net, *(np.broadcast_to(each, (COUNT, *each.shape)) for each in (x, y)))
    assert once == pytest.approx(copied, rel=1e-13)
    np.testing.assert_allclose(net.parameters.gradient, gradient, rtol=1e-10, atol=1e-15)


@trunks
@pytest.mark.parametrize("weighted", [False, True])
def test_each_member_has_its_part_of_the_mean_loss(members, weighted):
    net, (x, _) = network(members), batch(True)
    codes = default_rng(5).integers(0, 2, x.shape[:2])
    weights = default_rng(6).uniform(0.5, 2, x.shape[:2]) if weighted else None
    value, _ = step(net, x, codes, loss=CrossEntropy(), weights=weights)
    *_, (_, logits) = net.trace_outputs(x, net.begin(7, train=True))
    alone = [
        average_loss_with_gradient(CrossEntropy(), logits[m], codes[m], None if weights is None else weights[m])
        for m in range(COUNT)
    ]
    assert value == pytest.approx(np.mean([each for each, _ in alone]), rel=1e-12)
    expected = np.stack([d.sum(axis=0) for _, d in alone]) / COUNT
    np.testing.assert_allclose(net.parameters.gradients["output.bias"], expected, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("members", [kind() for kind in get_args(Members)], ids=lambda members: members.name)
@models
def test_the_numbers_are_counted_without_making_them(members, model):
    spec = ModelSpec(**({"hidden": (6, 5)} | model))
    made = build_network(spec, CATEGORY, 2, members=members)
    assert count_parameters(spec, CATEGORY, 2, members) == made.parameters.theta.size


@given(
    count=st.integers(1, 4),
    hidden=st.lists(st.integers(1, 5), min_size=1, max_size=3).map(tuple),
    size=st.integers(1, 6),
    kind=st.sampled_from([TabM, TabMMini]),
    dtype=st.sampled_from(DTYPES),
)
@drawn
def test_drawn_trunks_have_a_vector_for_each_member_and_one_matrix(count, hidden, size, kind, dtype):
    net = network(kind(count=count), dtype=dtype.name, hidden=hidden)
    x, y = (each.astype(dtype) for each in batch(True, count, size))
    value, _ = step(net, x, y)
    assert np.isfinite(value)
    assert np.isfinite(net.parameters.gradient).all()
    shapes = {name: each.shape for name, each in net.parameters.values.items()}
    assert all(shapes[f"hidden_{k}.weight"][-1] == units for k, units in enumerate(hidden, 1))
    assert all(len(shapes[f"hidden_{k}.weight"]) == 2 for k in range(1, len(hidden) + 1))
    assert shapes["output.weight"] == (count, hidden[-1], 2)
    (logits,) = net.logits(x[0])
    assert logits.shape == (count, size, 2)


def test_kinds_of_the_parameters_of_a_trunk():
    kinds = {name: each.kind for name, each in network(TRUNKS[0]).parameters.declarations.items()}
    assert (kinds["hidden_1.weight"], kinds["hidden_1.bias"]) == ("weight", "bias")
    assert kinds["hidden_1.input_factor"] == kinds["hidden_1.output_factor"] == "adapter"
    assert network(TRUNKS[1]).parameters.declarations["input.adapter.factor"].kind == "adapter"


def test_networks_of_their_own_share_nothing():
    assert Networks().axis is None
    net = build_network(ModelSpec(hidden=(5,)), CATEGORY, 2, members=Networks(count=4))
    assert (net.members, net.gradient_scale) == (4, 4)
    assert all(each.shape[0] == 4 for each in net.parameters.values.values())


def test_a_network_of_members_keeps_the_buffers_of_a_shared_embedding_once():
    net = network(TRUNKS[0], numeric_embedding=PiecewiseLinear(bins=3, outputs=2), norm=BatchNorm())
    assert net.buffers["input.embedding.start"].shape == (2, 3)
    assert net.buffers["hidden_1.batch_norm.running_mean"].shape == (COUNT, 6)
    assert isinstance(net.like("float32"), Network)


def test_activate_is_no_part_of_a_trunk():
    """What has no parameters is as it is."""
    assert isinstance(dict(network(TRUNKS[0]).layers)["hidden_1.tanh"], Activate)
