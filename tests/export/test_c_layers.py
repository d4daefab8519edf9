"""Operations in C: curves, links and units are those of the engine, for numbers of every size."""

from shutil import which

import numpy as np
import pytest

from mlptrain.annotations import list_union_members
from mlptrain.data.targets import NumberTarget
from mlptrain.engine.activations import ELU, Activation, LeakyReLU
from mlptrain.engine.losses import BinaryCrossEntropy, CrossEntropy, Poisson
from mlptrain.export.c_program import COMPILERS, run_program
from mlptrain.export.plan import (
    AddedBack,
    Affine,
    Average,
    Curve,
    Exponential,
    LargestPiece,
    Leaky,
    Linear,
    Logistic,
    Softmax,
    Units,
)
from tests.support.c_plans import compile_plans, make_layers_plan, name_inputs

pytestmark = pytest.mark.skipif(not any(map(which, COMPILERS)), reason="there is no C compiler: install gcc")

CURVES = [*(each() for each in list_union_members(Activation)), LeakyReLU(slope=0.3), ELU(alpha=0.5)]


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 2e-6), ("float64", 1e-13)])
def test_curves_are_those_of_the_engine(dtype, tolerance, tmp_path):
    z = np.concatenate([np.linspace(-30, 30, 601), [-1e4, -100, -90, -88, -0.0, 1e-20, 88, 100, 1e4]]).astype(dtype)
    plans = [
        make_layers_plan(f"curve_{number}", [Curve(activation=each)], 1, 1, dtype=dtype)
        for number, each in enumerate(CURVES)
    ]
    program = compile_plans(tmp_path, plans)
    for number, (plan, curve) in enumerate(zip(plans, CURVES, strict=True)):
        found = run_program(program, number, name_inputs(z[:, None].astype(np.float64)), plan)[:, 0]
        np.testing.assert_allclose(found, curve(z), rtol=tolerance, atol=tolerance, err_msg=str(curve))


def draw(*shape):
    return np.random.default_rng(len(shape)).normal(size=shape)


def test_links_are_those_of_the_losses(tmp_path):
    """Several members: the inputs, and the inputs times two and minus three."""
    z, factors = np.concatenate([draw(40, 3) * 5, draw(40, 3) * 1e4]), np.array([1.0, 2.0, -3.0])
    members = factors[:, None, None] * z
    each = [Affine(factor=np.repeat(factors[:, None], 3, axis=1), shift=None)]
    ceiling = Poisson().ceiling
    links = [Softmax(), Average(is_pair=False), Exponential(is_pair=False, ceiling=ceiling)]
    plans = [make_layers_plan(f"link_{n}", each, 3, 3, link=link, members=3) for n, link in enumerate(links)]
    plans += [
        make_layers_plan("logistic", [*each, LargestPiece(pieces=3)], 3, 2, link=Logistic(), members=3),
        make_layers_plan("pair", [*each, LargestPiece(pieces=3)], 3, 2, link=Average(is_pair=True), members=3),
    ]
    largest = members.max(axis=2, keepdims=True)
    p = BinaryCrossEntropy().predict(largest).mean(axis=0)
    pooled = Poisson().pool_logits(members)
    expected = [
        CrossEntropy().predict(members).mean(axis=0),
        members.mean(axis=0),
        Poisson().predict(pooled),
        p if p.shape[1] == 2 else np.concatenate([1 - p, p], axis=1),
        np.concatenate([1 - largest.mean(axis=0), largest.mean(axis=0)], axis=1),
    ]
    program = compile_plans(tmp_path, plans)
    for number, plan in enumerate(plans):
        found = run_program(program, number, name_inputs(z), plan)
        np.testing.assert_allclose(found, expected[number], rtol=1e-9, atol=1e-12, err_msg=plan.origin["model"])


@pytest.mark.parametrize("transform", ["none", "log", "log1p"])
def test_units_are_those_of_the_target(transform, tmp_path):
    v = np.concatenate([draw(30, 2) * 4, [[1e4, -1e4], [-1e4, 1e4]]])
    given = {"scale": (2.0, 0.5), "center": (1.0, -3.0), "transform": transform}
    bounds = {"lowest": (-2.0, -np.inf), "highest": (np.inf, 5.0)}
    with np.errstate(over="ignore"):
        expected = NumberTarget(names=("a", "b"), **given, **bounds).restore_units(v)
    plan = make_layers_plan("units", [], 2, 2, units=Units(**given, **bounds))
    found = run_program(compile_plans(tmp_path, [plan]), 0, name_inputs(v), plan)
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_what_is_added_back_is_kept(tmp_path):
    """x + f(x) within x + f(x), what is the same for all members before what is not, and a block of nothing."""
    x, W, V, b = draw(20, 3), draw(1, 3, 3), draw(2, 3, 3), draw(2, 3)
    slope = np.array([[0.1], [0.2]])
    inner = AddedBack(operations=(Linear(weight=V, bias=b), Leaky(slope=slope)))
    operations = [
        Linear(weight=W, bias=None),
        AddedBack(operations=()),
        AddedBack(operations=(Affine(factor=W[:, 0], shift=None), inner, inner)),
        inner,
    ]
    plan = make_layers_plan("added", operations, 3, 3, members=2)
    found = run_program(compile_plans(tmp_path, [plan]), 0, name_inputs(x), plan)

    def add_inner(z, m):
        y = z @ V[m] + b[m]
        return z + np.where(y < 0, slope[m] * y, y)

    def run(m):
        z = 2 * (x @ W[0])
        return add_inner(z + add_inner(add_inner(z * W[0, 0], m), m), m)

    np.testing.assert_allclose(found, (run(0) + run(1)) / 2, rtol=1e-12)
