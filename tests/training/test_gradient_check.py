"""The gradient check finds what is wrong, and only that."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from mlptrain.engine.activations import Activation, Tanh
from mlptrain.engine.dropout import Dropout
from mlptrain.engine.initializers import Zeros
from mlptrain.engine.input_layout import InputLayout
from mlptrain.engine.layers import Dense
from mlptrain.engine.losses import ClassLoss, CrossEntropy, Loss
from mlptrain.engine.members import Members
from mlptrain.engine.norms import BatchNorm, LayerNorm, Norm
from mlptrain.engine.penalties import Penalty
from mlptrain.engine.units import Maxout, PReLU
from mlptrain.model.architecture import build_network
from mlptrain.spec.fields import Training
from mlptrain.training import gradient_check
from mlptrain.training.gradient_check import TOLERANCE, check_gradient
from tests.support.courses import course_of, loss_of, part_of, spec_of


def wrong(course):
    return [check.name for check in check_gradient(course) if not check.right]


ACTIVATIONS = [*(kind() for kind in get_args(Activation)), PReLU(), PReLU(shared=True), Maxout(pieces=3)]
NORMS = [None, *(kind() for kind in get_args(Norm))]


@pytest.mark.parametrize("norm", NORMS, ids=lambda norm: "plain" if norm is None else norm.name)
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda activation: activation.name)
def test_every_activation_and_norm_is_right_with_dropout_and_penalties(activation, norm):
    course = course_of(
        rows=20,
        hidden=(6, 4),
        model={
            "activation": activation,
            "norm": norm,
            "dropout": Dropout(rate=0.5),
            "input_dropout": Dropout(rate=0.2),
        },
        regularization=Penalty(l1=0.01, l2=0.02),
        training=Training(batch_size=20),
    )
    assert wrong(course) == []


@pytest.mark.parametrize("norm", NORMS, ids=lambda norm: "plain" if norm is None else norm.name)
@pytest.mark.parametrize("hidden", [(6, 6), (6, 4, 6), (6, 4, 6, 5, 6)])
def test_residual_blocks_are_right(hidden, norm):
    model = {"residual": min(len(hidden) - 1, 2), "norm": norm, "dropout": Dropout(rate=0.3)}
    course = course_of(rows=20, hidden=hidden, model=model, training=Training(batch_size=20))
    assert wrong(course) == []
    assert "block_1.hidden_2.weight" in course.network.parameters.values


@pytest.mark.parametrize("members", [kind(count=3) for kind in get_args(Members)], ids=lambda members: members.name)
@pytest.mark.parametrize("penalty", [Penalty(), Penalty(l1=0.01, l2=0.02)], ids=["plain", "penalties"])
def test_every_kind_of_members_is_right(members, penalty):
    """Of members that share nothing the gradient is that of the sum of their losses, of a trunk that of the mean."""
    course = course_of(rows=20, hidden=(6, 4), regularization=penalty, training=Training(batch_size=20))
    network = build_network(course.spec.model, InputLayout(width=3), 3, members=members)
    network.parameters.initialize(1)
    assert wrong(replace(course, network=network)) == []


@pytest.mark.parametrize("loss", get_args(Loss), ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("weighted", [False, True])
def test_every_loss_is_right(loss, weighted):
    classes = 0 if not issubclass(loss, ClassLoss) else 2 if loss.__name__ == "BinaryCrossEntropy" else 3
    spec = spec_of(loss=loss(), training=Training(batch_size=10))
    part = part_of(spec, 10, classes, seed=5, weights=np.linspace(0.5, 2, 10) if weighted else None)
    if loss.__name__ == "Poisson":
        part.truth[...] = part.targets[...] = np.round(np.exp(np.clip(part.truth, -2, 2)))
    assert loss_of(spec, classes) == loss()
    assert wrong(course_of(spec, train=part, classes=classes, validation_rows=0)) == []


@pytest.mark.parametrize("dropout", [0.5, 0.9])
@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "prelu", "hard_tanh"])
def test_units_without_any_input_are_no_false_alarm(activation, dropout):
    """Where dropout takes all inputs of a unit and its bias is 0 it stands exactly on the kink of its activation."""
    (chosen,) = (each for each in ACTIVATIONS if each.name == activation and each != PReLU(shared=True))
    for seed in range(5):
        model = {"activation": chosen, "dropout": Dropout(rate=dropout), "bias_initializer": Zeros()}
        assert (
            wrong(course_of(hidden=(3, 3, 3), rows=16, model=model, seed=seed, training=Training(batch_size=16))) == []
        )


@pytest.mark.parametrize("seed", [14, 30, 52, 57])
def test_a_bias_before_batch_norm_has_no_gradient_and_is_no_false_alarm(seed):
    model = {"norm": BatchNorm(), "dropout": Dropout()}
    assert wrong(course_of(hidden=(8, 8), rows=64, seed=seed, model=model, training=Training(batch_size=64))) == []


def test_a_slope_that_happens_to_be_small_is_judged_by_a_typical_one(monkeypatch):
    """Along a direction that is nearly orthogonal to the gradient, rounding alone is a large share of the slope."""
    course = course_of(hidden=())
    network, objective = gradient_check.copy_network_in_double(course)
    objective()
    gradients = {g.size: g.ravel() for g in network.parameters.gradients.values()}  # 9 weights, 3 biases
    uniform = gradient_check.uniform

    def nearly_orthogonal(bits, shape):
        g = gradients.get(shape[0])
        if g is None:
            return uniform(bits, shape)
        d = 2 * uniform(bits, shape) - 1
        d -= (1 - 1e-9) * (d @ g) / (g @ g) * g
        return (d / np.abs(d).max() + 1) / 2

    monkeypatch.setattr(gradient_check, "uniform", nearly_orthogonal)
    assert wrong(course) == []


def test_the_check_is_in_float64_whatever_the_spec_trains_in():
    course = course_of(model={"dtype": "float32"})
    course.train.x.flags.writeable = False
    before = course.network.parameters.theta.copy()
    assert wrong(course) == []
    assert np.array_equal(course.network.parameters.theta, before)


def test_running_statistics_of_the_course_stay_as_they_were():
    course = course_of(model={"norm": BatchNorm()})
    before = {name: buffer.copy() for name, buffer in course.network.buffers.items()}
    check_gradient(course)
    assert all(np.array_equal(course.network.buffers[name], buffer) for name, buffer in before.items())


def test_every_parameter_is_checked_in_the_order_of_the_layers():
    course = course_of(model={"norm": LayerNorm(), "activation": PReLU()})
    checks = check_gradient(course)
    assert [check.name for check in checks] == list(course.network.parameters.declarations)
    assert all(check.shape == course.network.parameters.values[check.name].shape for check in checks)
    assert checks == check_gradient(course)


# what is wrong is found


@pytest.mark.parametrize(
    "broken",
    [
        lambda self, dy, z, y: dy,  # the tutorials' favourite: no derivative of the activation
        lambda self, dy, z, y: dy * (1 - y),
        lambda self, dy, z, y: dy * (1 - y * y) * 1.0001,
    ],
)
def test_a_wrong_derivative_of_an_activation_is_found(broken, monkeypatch):
    course = course_of(hidden=(5, 4))
    assert wrong(course) == []
    monkeypatch.setattr(Tanh, "vjp", broken)
    assert set(wrong(course)) == {"hidden_1.weight", "hidden_1.bias", "hidden_2.weight", "hidden_2.bias"}


def test_a_wrong_gradient_of_one_kind_of_parameter_is_found_where_it_is(monkeypatch):
    forward = Dense.__call__

    def without_bias(self, x, own, run, *epilogue):
        y, backward = forward(self, x, own, run, *epilogue)

        def wrong_backward(dy, wanted):
            dx = backward(dy, wanted)
            own.gradients["bias"][...] *= 2
            return dx

        return y, wrong_backward

    course = course_of()
    monkeypatch.setattr(Dense, "__call__", without_bias)
    assert wrong(course) == ["hidden_1.bias", "output.bias"]


def test_a_wrong_derivative_of_the_loss_is_found_everywhere(monkeypatch):
    rows = CrossEntropy.rows
    monkeypatch.setattr(
        CrossEntropy, "rows", lambda self, z, t, *executor: (rows(self, z, t)[0], 2 * rows(self, z, t)[1])
    )
    checks = check_gradient(course_of())
    assert all(check.error > 1000 * TOLERANCE and not check.right for check in checks)
