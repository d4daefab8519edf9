"""One formula, two executors, the same bits; and what a step allocates."""

import tracemalloc
from dataclasses import fields, replace
from typing import get_args

import numpy as np
import pytest
from numpy.random import default_rng

from mlptrain.engine.activations import SELU, LeakyReLU, Linear, Mish, Rectifier, ReLU, Tanh
from mlptrain.engine.arrays import BLOCK
from mlptrain.engine.compiled import Compiled
from mlptrain.engine.elementwise import NUMPY, Mask
from mlptrain.engine.layers import (
    Activate,
    CurveEpilogue,
    Dense,
    Dropout,
    Epilogue,
    GaussianDropout,
    Maxout,
    Parametric,
    PReLU,
    Scale,
)
from mlptrain.engine.losses import CrossEntropy, Loss, average
from mlptrain.engine.network import Network, with_epilogues
from mlptrain.engine.norms import BatchNorm, LayerNorm
from mlptrain.engine.optimizers import Elementwise, step
from mlptrain.engine.penalties import Penalty, bound_unit_norms
from mlptrain.randomness import stream
from tests.support.drawing import identical

COMPILED = Compiled()
DTYPES = [np.dtype("float32"), np.dtype("float64")]
OPTIMIZERS = [kind() for kind in get_args(Elementwise)]
RECTIFIERS = [kind() for kind in get_args(Rectifier)]
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


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("masked", [False, True], ids=["no mask", "mask"])
@pytest.mark.parametrize("shifted", [False, True], ids=["no bias", "bias"])
@pytest.mark.parametrize("rectifier", RECTIFIERS, ids=lambda rectifier: rectifier.name)
@np.errstate(all="ignore")
def test_every_rectifier_has_the_same_bits_compiled(rectifier, shifted, masked, dtype):
    for rows, units in SHAPES:
        x, dy = numbers(1, rows, units, dtype=dtype), numbers(2, rows, units, dtype=dtype)
        b = numbers(3, units, dtype=dtype) if shifted else None
        bits = default_rng(4).integers(0, 65536, (rows, units)).astype(np.uint16)
        mask = Mask(bits, np.uint16(20000), dtype.type(1.44)) if masked else None
        found = []
        for executor in (NUMPY, COMPILED):
            y, dz = x.copy(), dy.copy()
            executor.respond(rectifier, y, b, mask)
            executor.respond_vjp(rectifier, dz, y, mask)
            found.append((y, dz))
        assert identical(*found)


@pytest.mark.parametrize("rectifier", [*RECTIFIERS, LeakyReLU(slope=0.3)], ids=str)
@pytest.mark.parametrize("executor", [NUMPY, COMPILED], ids=lambda executor: executor.name)
def test_a_response_is_bias_activation_and_mask_one_after_the_other(rectifier, executor):
    draw = default_rng(5)
    x, b, dy = draw.standard_normal((40, 9)), draw.standard_normal(9), draw.standard_normal((40, 9))
    bits = draw.integers(0, 65536, x.shape).astype(np.uint16)
    m = (bits >= 30000) * 2.5
    z = x + b
    y, dz = x.copy(), dy.copy()
    mask = Mask(bits, np.uint16(30000), np.float64(2.5))
    executor.respond(rectifier, y, b, mask)
    executor.respond_vjp(rectifier, dz, y, mask)
    np.testing.assert_array_equal(y, rectifier(z) * m)
    np.testing.assert_allclose(dz, rectifier.vjp(dy * m, z, rectifier(z)), rtol=1e-15)


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
    ours, theirs = average(loss, z, targets, None, NUMPY), average(loss, z, targets, None, COMPILED)
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
    step(optimizer, network.parameters, slots, lr=0.01, t=t, executor=network.executor)
    bound_unit_norms(network.parameters)


def test_epilogues_take_what_follows_a_dense_layer_and_nothing_else():
    whole = [(name, epilogue) for name, _, epilogue, _ in with_epilogues(mixed().layers)]
    assert whole == [
        ("input.dropout", None),
        ("a", Epilogue(rectifier=ReLU(), dropout=Dropout(rate=0.3))),
        ("b", Epilogue(rectifier=LeakyReLU())),
        ("c", Epilogue(dropout=Dropout(rate=0.2))),
        ("d", None), ("d.norm", None), ("d.relu", None),
        ("e", None), ("e.norm", None), ("e.prelu", None), ("e.noise", None),
        ("f", CurveEpilogue(curve=Mish(), dropout=Dropout(rate=0.2))),
        ("g", CurveEpilogue(curve=SELU())),
        ("h", CurveEpilogue(curve=SELU(), blended=True, dropout=Dropout(rate=0.2))),
        ("i", CurveEpilogue(curve=Mish(), blended=True)),
        ("j", None), ("j.parametric", None), ("j.scale", None),
        ("k", None), ("k.maxout", None), ("k.dropout", None),
        ("output", None),
    ]  # fmt: skip


@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize("executor", [NUMPY, COMPILED], ids=lambda executor: executor.name)
def test_an_epilogue_changes_nothing_but_the_time(executor, train):
    network = mixed("float64")
    network.parameters.initialize(2)
    network.executor = executor
    x = default_rng(1).standard_normal((30, network.inputs))
    whole = through(network, network._stages, x, train)
    single = mixed("float64")
    single.parameters.initialize(2)
    single.executor = executor
    alone = [lambda x, run, layer=layer, name=name: layer(x, single._own(name), run) for name, layer in single.layers]
    apart = through(single, alone, x, train)
    np.testing.assert_allclose(whole, apart, rtol=1e-13, atol=1e-14)


def through(network, stages, x, train):
    """Logits, and the gradient of their sum, through stages."""
    run = network.begin(len(x), train=train, noise=[stream(1, "dropout", 1)])
    tape = []
    for stage in stages:
        x, backward = stage(x, run)
        tape.append(backward)
    logits, dy = x.copy(), np.ones_like(x)
    for backward in reversed(tape):
        dy = backward(dy, True)
    return np.concatenate([logits.ravel(), network.parameters.gradient, dy.ravel()])


@pytest.mark.parametrize("rectifier", RECTIFIERS, ids=lambda rectifier: rectifier.name)
@pytest.mark.parametrize("executor", [NUMPY, COMPILED], ids=lambda executor: executor.name)
def test_members_pass_an_epilogue_side_by_side(rectifier, executor):
    from mlptrain.engine.arrays import Workspace
    from mlptrain.engine.layers import Pass

    draw = default_rng(1)
    x, b, dy = draw.standard_normal((3, 8, 5)), draw.standard_normal((3, 5)), draw.standard_normal((3, 8, 5))
    bits = draw.integers(0, 65536, x.shape).astype(np.uint16)

    class Fixed(Dropout):
        def mask(self, shape, run):
            return Mask(
                bits[:, : shape[-2]] if len(shape) == 3 else bits[self.member], np.uint16(9000), np.float64(1.2)
            )

    run = Pass(Workspace(np.dtype("float64")), train=True, executor=executor)
    y, backward = Epilogue(rectifier=rectifier, dropout=Fixed())(x.copy(), b, run)
    dz = backward(dy.copy())
    for m in range(3):
        dropout = Fixed()
        object.__setattr__(dropout, "member", m)
        alone, way_back = Epilogue(rectifier=rectifier, dropout=dropout)(x[m].copy(), b[m], run)
        assert identical([y[m], dz[m]], [alone, way_back(dy[m].copy())])


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
        step(optimizer, network.parameters, slots, lr=0.001, t=t, executor=executor)
        bound_unit_norms(network.parameters)

    for t in (1, 2):
        one(t)
    tracemalloc.start()
    try:
        one(64)  # the step that also flushes
        assert tracemalloc.get_traced_memory()[1] < ALLOWED
    finally:
        tracemalloc.stop()


def test_every_kind_of_rectifier_says_what_executors_need():
    for rectifier in RECTIFIERS:
        settings = {each.name for each in fields(rectifier)} - {"name"}
        assert len(rectifier.scalars(DTYPES[0])) == len(settings)
        assert all(type(value) is np.float32 for value in rectifier.scalars(DTYPES[0]))
