"""One formula, two executors, the same bits; and what a step allocates."""

import tracemalloc
from dataclasses import fields, replace
from typing import get_args

import numpy as np
import pytest
from numpy.random import default_rng

from mlptrain.engine.activations import SELU, Activation, LeakyReLU, Linear, Mish, ReLU, Tanh, narrow_to_curve
from mlptrain.engine.arrays import BLOCK, Workspace
from mlptrain.engine.compiled import NumbaExecutor
from mlptrain.engine.dropout import Dropout, GaussianDropout
from mlptrain.engine.elementwise import NUMPY
from mlptrain.engine.epilogues import Epilogue, Stage, fuse_layers
from mlptrain.engine.fusion import make_fused_activation
from mlptrain.engine.layer import ForwardContext, LayerState, Mask
from mlptrain.engine.layers import Dense, Scale
from mlptrain.engine.losses import CrossEntropy, Loss, average_loss_with_gradient
from mlptrain.engine.network import Network
from mlptrain.engine.norms import BatchNorm, LayerNorm
from mlptrain.engine.optimizers import Elementwise
from mlptrain.engine.penalties import Penalty, bound_unit_norms
from mlptrain.engine.units import Activate, Maxout, Parametric, PReLU
from mlptrain.randomness import stream
from tests.support.drawing import activation_layers, identical, label, members

COMPILED = NumbaExecutor()
DTYPES = [np.dtype("float32"), np.dtype("float64")]
OPTIMIZERS = [kind() for kind in get_args(Elementwise)]
CURVES = [
    curve for each in [*members(Activation), LeakyReLU(slope=0.3)] if (curve := narrow_to_curve(each)) is not None
]
RECTIFIERS = [curve for curve in CURVES if curve.transcendental is None]
SHAPES = [(1, 1), (5, 3), (1, 7), (64, 33), (3, BLOCK // 2 + 1)]
EXTREMES = [0.0, -0.0, 1e-45, -1e-45, 1e-38, 3e38, -3e38, np.inf, -np.inf, np.nan]


def numbers(seed, *shape, dtype):
    """Normal numbers of many sizes, and now and then one that is zero, denormal, huge, infinite or not a number."""
    draw = default_rng(seed)
    values = draw.standard_normal(shape) * 10.0 ** draw.integers(-12, 6, shape)
    odd = draw.random(shape) < 0.1
    values[odd] = draw.choice(EXTREMES, odd.sum())
    return values.astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda optimizer: optimizer.name)
@np.errstate(all="ignore")
def test_every_optimizer_has_the_same_bits_compiled(optimizer, dtype):
    for size in (1, 17, BLOCK + 5):
        theta, g, *slots = (numbers(seed, size, dtype=dtype) for seed in range(2 + len(optimizer.slots)))
        scalars = [dtype.type(value) for value in optimizer.scalars(0.01, 3)]
        for keep in (dtype.type(1), dtype.type(0.99)):
            ours, theirs = ([theta.copy(), *(slot.copy() for slot in slots)] for _ in range(2))
            NUMPY.update(optimizer.update, ours[0], g, ours[1:], keep, scalars)
            COMPILED.update(optimizer.update, theirs[0], g, theirs[1:], keep, scalars)
            assert identical(ours, theirs)


EXECUTORS = [NUMPY, COMPILED]
executors = pytest.mark.parametrize("executor", EXECUTORS, ids=lambda executor: executor.name)
curves = pytest.mark.parametrize("curve", CURVES, ids=str)
blendings = pytest.mark.parametrize("blended", [False, True], ids=["not blended", "blended"])


def responded(curve, x, dy, executor, *, b=None, a=None, mask=()):
    """y, dz and ∂a of one response; x and dy are left as they are."""
    run = ForwardContext(Workspace(x.dtype), train=True, executor=executor)
    slopes = None if a is None else LayerState({"slope": a}, {"slope": np.empty_like(a)}, {})
    response = make_fused_activation(curve, biased=b is not None, blended=a is not None, masked=len(mask) > 0)
    y, vjp = response(x.copy(), () if b is None else (b,), run, mask, slopes)
    y = y.copy()
    return (y, vjp(dy.copy()), *([] if slopes is None else [slopes.gradients["slope"]]))


def drawn_mask(dtype, *shape):
    return Mask(default_rng(4).integers(0, 65536, shape).astype(np.uint16), np.uint16(20000), dtype.type(1.44))


def moderate(values):
    """Numbers of many sizes, without those that give a NaN or a zero: processors differ in the signs of these."""
    size = np.abs(values)
    return np.where((size > 1e-30) & (size < 1e4), values, values.dtype.type(1))


RESPONSES = [
    (curve, blended, masked, DTYPES[(number + blended + masked) % 2])
    for number, curve in enumerate(CURVES)
    for blended in ([False] if curve.transcendental is None else [False, True])  # no layer blends a rectifier
    for masked in (False, True)
]
"""Every curve in every way that layers ask for it, of float32 and float64 in turn, so that all pairs are there."""


@pytest.mark.parametrize(("curve", "blended", "masked", "dtype"), RESPONSES, ids=str)
@np.errstate(all="ignore")
def test_every_curve_has_the_same_bits_compiled(curve, blended, masked, dtype):
    for rows, units in SHAPES:
        x, dy = numbers(1, rows, units, dtype=dtype), numbers(2, rows, units, dtype=dtype)
        b, a = numbers(3, units, dtype=dtype), numbers(5, units, dtype=dtype) if blended else None
        if curve.transcendental is not None:
            x, dy, b, a = (None if each is None else moderate(each) for each in (x, dy, b, a))
        mask = drawn_mask(dtype, rows, units) if masked else ()
        for bias in (b, None) if curve.transcendental is None and masked else (b,):
            assert identical(*(responded(curve, x, dy, each, b=bias, a=a, mask=mask) for each in EXECUTORS))


@pytest.mark.parametrize(("curve", "blended"), [each[:2] for each in RESPONSES if not each[2]], ids=str)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@np.errstate(all="ignore")
def test_every_curve_has_the_same_bits_where_nobody_goes_back(curve, blended, dtype):
    """Also of members, each with a bias and slopes of its own."""
    response = make_fused_activation(curve, blended=blended)
    for shape in [*SHAPES, (3, BLOCK // 2), (2, 5, 3), (2, 3, BLOCK // 2 + 1)]:
        column = (*shape[:-2], shape[-1])
        x, b, a = (numbers(seed, *each, dtype=dtype) for seed, each in enumerate([shape, column, column]))
        if curve.transcendental is not None:
            x, b, a = map(moderate, (x, b, a))
        slopes = LayerState({"slope": a}, {}, {}) if blended else None
        there, back = (
            response(x.copy(), (b,), ForwardContext(Workspace(dtype), one_way=one_way), (), slopes)[0]
            for one_way in (True, False)
        )
        assert identical([there], [back])


@pytest.mark.parametrize("curve", RECTIFIERS, ids=str)
@executors
def test_a_response_is_bias_activation_and_mask_one_after_the_other(curve, executor):
    draw = default_rng(5)
    x, b, dy = draw.standard_normal((40, 9)), draw.standard_normal(9), draw.standard_normal((40, 9))
    mask = drawn_mask(np.dtype(float), 40, 9)
    m = (mask.bits >= mask.threshold) * mask.scale
    z = x + b
    y, dz = responded(curve, x, dy, executor, b=b, mask=mask)
    np.testing.assert_array_equal(y, curve(z) * m)
    np.testing.assert_allclose(dz, curve.vjp(dy * m, z, curve(z)), rtol=1e-15)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@np.errstate(all="ignore")
def test_cross_entropy_has_the_same_bits_compiled(smoothing, dtype):
    for rows, classes in [(1, 2), (7, 3), (33, 10), (300, 128)]:
        z = numbers(6, rows, classes, dtype=dtype)
        codes = default_rng(7).integers(0, classes, rows)
        loss = CrossEntropy(label_smoothing=smoothing)
        assert identical(loss.rows(z, codes, NUMPY), loss.rows(z, codes, COMPILED))


@pytest.mark.parametrize("loss", [kind() for kind in get_args(Loss)], ids=lambda loss: loss.name)
def test_every_loss_is_the_same_whoever_runs_it(loss):
    outputs = loss.outputs(2) if loss.classes else 2
    draw = default_rng(8)
    z = draw.standard_normal((6, outputs)).astype(np.float32)
    targets = draw.integers(0, 2, 6) if loss.classes else draw.integers(0, 3, (6, outputs)).astype(np.float32)
    ours, theirs = (
        average_loss_with_gradient(loss, z, targets, None, NUMPY),
        average_loss_with_gradient(loss, z, targets, None, COMPILED),
    )
    assert ours[0] == theirs[0]
    assert identical([ours[1]], [theirs[1]])


def mixed(dtype="float32", members=None):
    """A network with everything: dense layers with every epilogue, norms, learned slopes, both dropouts."""
    layers = [
        ("input.dropout", Dropout(rate=0.1)),
        ("a", Dense(units=20)), ("a.relu", Activate(activation=ReLU())), ("a.dropout", Dropout(rate=0.3)),
        ("b", Dense(units=16)), ("b.leaky", Activate(activation=LeakyReLU())),
        ("c", Dense(units=12)), ("c.dropout", Dropout(rate=0.2)),
        ("d", Dense(units=12)), ("d.norm", BatchNorm()), ("d.relu", Activate(activation=ReLU())),
        ("e", Dense(units=12)), ("e.norm", LayerNorm()), ("e.prelu", PReLU()), ("e.noise", GaussianDropout(rate=0.2)),
        ("f", Dense(units=12)), ("f.mish", Activate(activation=Mish())), ("f.dropout", Dropout(rate=0.2)),
        ("g", Dense(units=12, parametrization="ntk")), ("g.selu", Activate(activation=SELU())),
        ("h", Dense(units=12)), ("h.parametric", Parametric(activation=SELU())), ("h.dropout", Dropout(rate=0.2)),
        ("i", Dense(units=12)), ("i.parametric", Parametric(activation=Mish(), start=0.7)),
        ("j", Dense(units=12)), ("j.parametric", Parametric(activation=Tanh())), ("j.scale", Scale()),
        ("k", Dense(units=12)), ("k.maxout", Maxout(pieces=3)), ("k.dropout", Dropout(rate=0.2)),
        ("output", Dense(units=4, max_norm=1.0)),
    ]  # fmt: skip
    return Network(layers, 10, np.dtype(dtype))


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda optimizer: optimizer.name)
def test_trained_networks_have_the_same_bits_whoever_trained_them(optimizer):
    optimizer = replace(optimizer, weight_decay=0.01, global_clipnorm=1.0)
    found = []
    for executor in (NUMPY, COMPILED):
        network = mixed()
        network.executor = executor
        network.parameters.initialize(3)
        slots = optimizer.init(network.parameters.theta.size, network.dtype)
        for t in range(1, 9):
            train(network, optimizer, slots, t, rows=13)
        found.append([network.parameters.theta, *slots.values(), *network.buffers.values()])
    assert np.isfinite(found[0][0]).all()
    assert identical(*found)


def train(network, optimizer, slots, t, rows):
    """One step on drawn rows."""
    draw = default_rng(t)
    x = draw.standard_normal((rows, network.inputs)).astype(network.dtype)
    targets = draw.integers(0, network.outputs, rows)
    run = network.begin(rows, train=True, noise=[stream(1, "dropout", t)])
    network.objective(x, targets, None, loss=CrossEntropy(), penalty=Penalty(l2=1e-3, l1=1e-4), run=run)
    optimizer.step(network.parameters, slots, lr=0.01, t=t, executor=network.executor)
    bound_unit_norms(network.parameters)


def test_epilogues_take_what_follows_a_dense_layer_and_nothing_else():
    whole = [(each.name, each.epilogue) for each in fuse_layers(mixed().layers)]
    assert whole == [
        ("input.dropout", None),
        ("a", Epilogue(curve=ReLU(), dropout=Dropout(rate=0.3))),
        ("b", Epilogue(curve=LeakyReLU())),
        ("c", Epilogue(dropout=Dropout(rate=0.2))),
        ("d", None), ("d.norm", None), ("d.relu", None),
        ("e", None), ("e.norm", None), ("e.prelu", None), ("e.noise", None),
        ("f", Epilogue(curve=Mish(), dropout=Dropout(rate=0.2))),
        ("g", Epilogue(curve=SELU())),
        ("h", Epilogue(curve=SELU(), blended=True, dropout=Dropout(rate=0.2))),
        ("i", Epilogue(curve=Mish(), blended=True)),
        ("j", None), ("j.parametric", None), ("j.scale", None),
        ("k", None), ("k.maxout", None), ("k.dropout", None),
        ("output", None),
    ]  # fmt: skip


FOLLOWERS = [each for each in activation_layers() if each.curve is not None]


@executors
@pytest.mark.parametrize("count", [None, 3], ids=["one network", "members"])
@pytest.mark.parametrize("dropout", [None, Dropout(rate=0.3)], ids=["no dropout", "dropout"])
@pytest.mark.parametrize("follower", [None, *FOLLOWERS], ids=lambda each: "none" if each is None else label(each))
def test_fused_layers_have_the_bits_of_the_same_layers_one_by_one(follower, dropout, count, executor):
    """Of y, dx and every gradient; but LeakyReLU with dropout rounds a product of three in another order."""
    named = {"a.activation": follower, "a.dropout": dropout}
    layers = [("a", Dense(units=5)), *((name, layer) for name, layer in named.items() if layer is not None)]
    found = []
    for fused in (True, False):
        network = Network(layers, 4, np.dtype("float32"), count)
        network.executor = executor
        network.parameters.initialize(2)
        network.parameters.theta += default_rng(1).standard_normal(network.parameters.theta.size).astype(np.float32)
        assert len(network.stages) == 1
        alone = [Stage(layer, network.state_of(name)) for name, layer in network.layers]
        x = default_rng(3).standard_normal((*(() if count is None else (count,)), 70, 4)).astype(np.float32)
        found.append(through(network, network.stages if fused else alone, x, True, count=count or 1))
    if dropout is not None and isinstance(getattr(follower, "activation", None), LeakyReLU):
        np.testing.assert_allclose(*found, rtol=1e-5, atol=1e-6)
    else:
        assert identical(*([each] for each in found))


@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize("executor", [NUMPY, COMPILED], ids=lambda executor: executor.name)
def test_an_epilogue_changes_nothing_but_the_time(executor, train):
    network = mixed("float64")
    network.parameters.initialize(2)
    network.executor = executor
    x = default_rng(1).standard_normal((30, network.inputs))
    whole = through(network, network.stages, x, train)
    single = mixed("float64")
    single.parameters.initialize(2)
    single.executor = executor
    alone = [
        lambda x, run, layer=layer, name=name: layer(x, single.state_of(name), run) for name, layer in single.layers
    ]
    apart = through(single, alone, x, train)
    np.testing.assert_allclose(whole, apart, rtol=1e-13, atol=1e-14)


def through(network, stages, x, train, count=1):
    """Logits, and the gradient of their sum, through stages."""
    run = network.begin(x.shape[-2], train=train, noise=[stream(1 + m, "dropout", 1) for m in range(count)])
    tape = []
    for stage in stages:
        x, backward = stage(x, run)
        tape.append(backward)
    logits, dy = x.copy(), np.ones_like(x)
    for backward in reversed(tape):
        dy = backward(dy, True)
    return np.concatenate([logits.ravel(), network.parameters.gradient, dy.ravel()])


@curves
@blendings
@executors
def test_members_pass_an_epilogue_side_by_side(executor, blended, curve):
    if blended and curve.transcendental is None:
        return
    draw = default_rng(1)
    x, b, dy = draw.standard_normal((3, 8, 5)), draw.standard_normal((3, 5)), draw.standard_normal((3, 8, 5))
    a, mask = draw.standard_normal((3, 5)) if blended else None, drawn_mask(np.dtype(float), 3, 8, 5)
    together = responded(curve, x, dy, executor, b=b, a=a, mask=mask)
    for m in range(3):
        own = Mask(mask.bits[m], mask.threshold, mask.scale)
        alone = responded(curve, x[m], dy[m], executor, b=b[m], a=a[m] if blended else None, mask=own)
        assert identical([each[m] for each in together[:2]], alone[:2])
        for ours, theirs in zip(together[2:], alone[2:], strict=True):
            np.testing.assert_allclose(ours[m], theirs, rtol=1e-13, atol=1e-14)


ALLOWED = 10 * 4 * BLOCK
"""Bytes: the blocks, in float32, that one formula may have at a time, those of the block before included."""
WIDE = 1024


@pytest.mark.parametrize("executor", [NUMPY, COMPILED], ids=lambda executor: executor.name)
@pytest.mark.parametrize(
    "follower",
    [None, BatchNorm(), LayerNorm(), PReLU(), Dropout(rate=0.5), GaussianDropout(rate=0.5)]
    + [Activate(activation=kind) for kind in (ReLU(), LeakyReLU(), Linear())],
    ids=lambda layer: "nothing" if layer is None else f"{layer}"[:40],
)
def test_a_step_in_the_steady_state_allocates_no_more_than_blocks(follower, executor):
    optimizer = OPTIMIZERS[[each.name for each in OPTIMIZERS].index("adam")]
    optimizer = replace(optimizer, global_clipnorm=1.0, clipnorm=2.0, weight_decay=0.01)
    layers = [("a", Dense(units=WIDE))] + ([("a.follower", follower)] if follower else []) + [("b", Dense(units=WIDE))]
    network = Network([*layers, ("output", Dense(units=8, max_norm=1.0))], 32, np.dtype("float32"))
    network.parameters.initialize(1)
    network.executor = executor
    slots = optimizer.init(network.parameters.theta.size, network.dtype)
    rows = 4 * ALLOWED // (4 * WIDE)  # an array of a layer is four times what is allowed
    assert network.parameters.theta.nbytes >= 3 * ALLOWED
    x, targets = default_rng(1).standard_normal((rows, 32)).astype(np.float32), np.arange(rows) % 8

    def one(t):
        run = network.begin(rows, train=True, noise=[stream(1, "dropout", t)])
        network.objective(x, targets, None, loss=CrossEntropy(), penalty=Penalty(l1=1e-4, l2=1e-4), run=run)
        optimizer.step(network.parameters, slots, lr=0.001, t=t, executor=executor)
        bound_unit_norms(network.parameters)

    for t in (1, 2):
        one(t)
    tracemalloc.start()
    try:
        one(64)  # the step that also flushes
        assert tracemalloc.get_traced_memory()[1] < ALLOWED
    finally:
        tracemalloc.stop()


def test_every_kind_of_curve_says_what_executors_need():
    for curve in CURVES:
        settings = {each.name for each in fields(curve)} - {"name"}
        assert len(curve.scalars(DTYPES[0])) >= len(settings)
        assert all(type(value) is np.float32 for value in curve.scalars(DTYPES[0]))


class ThreeSlots:
    """An update with a third slot."""

    @staticmethod
    def update(g, a, b, c, lr):
        a = a + g
        b = b + a
        c = c + b
        return lr * c, a, b, c


def test_an_optimizer_may_have_any_number_of_slots():
    found = []
    for executor in EXECUTORS:
        theta, *slots = (numbers(seed, 17, dtype=DTYPES[0]) for seed in range(4))
        executor.update(ThreeSlots.update, theta, np.ones(17, np.float32), slots, np.float32(1), [np.float32(0.1)])
        found.append([theta, *slots])
    assert identical(*found)
