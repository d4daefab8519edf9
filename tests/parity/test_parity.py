"""Same initial weights, same batches: after 20 steps the losses and weights of PyTorch and Keras, as stored numbers.

`pytorch.json` and `keras.json` say how they were made and with which versions; `make_oracles.py` makes them anew.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlptrain.engine.arrays import Workspace
from mlptrain.engine.layer import ForwardContext, LayerState
from mlptrain.engine.losses import average_loss_with_gradient
from mlptrain.engine.network import Network
from mlptrain.engine.norms import BatchNorm
from mlptrain.engine.penalties import bound_unit_norms
from mlptrain.engine.units import Activate, PReLU
from tests.parity.parity_cases import (
    ACTIVATIONS,
    KERAS_LOSSES,
    POINTS,
    PYTORCH_LOSSES,
    Case,
    inputs,
    keras_cases,
    label,
    loss_sample,
    pytorch_cases,
)

ORACLES = {name: json.loads(Path(__file__).with_name(f"{name}.json").read_text()) for name in ("pytorch", "keras")}
CASES = [("pytorch", case) for case in pytorch_cases()] + [("keras", case) for case in keras_cases()]
EXACT = {"pytorch": 2e-9, "keras": 1e-6}
"""Float64 against float64. PyTorch: rounding and the ten digits stored. Keras takes its means in float32 unless its
backend is TensorFlow, whatever `floatx` says."""
LOOSE = {"clip: global": 1e-7}
"""PyTorch adds 1e-6 to the norm it divides by."""


def train(case: Case, dtype: str) -> tuple[Network, list[float]]:
    """20 steps in the order of the training loop: forward, loss, backward, clip and optimizer, constraints."""
    network = case.network(dtype)
    parameters = network.parameters
    slots = case.optimizer.init(parameters.theta.size, network.dtype)
    losses = []
    for t, (x, y) in enumerate(case.batches(), start=1):
        rows = None if case.class_weights is None else np.array(case.class_weights, dtype)[y]
        targets = y if case.loss.classes else y.astype(dtype)
        value, penalty = network.objective(
            x.astype(dtype),
            targets,
            rows,
            loss=case.loss,
            penalty=case.penalty,
            run=network.begin(len(x), train=True, noise=None),
        )
        case.optimizer.step(parameters, slots, lr=case.optimizer.learning_rate, t=t)
        bound_unit_norms(parameters)
        losses.append(value + penalty)
    return network, losses


def deviation(ours: Any, theirs: Any) -> float:
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape
    return float(np.abs(ours - theirs).max())


def tolerance_of(library: str, case: Case) -> float:
    return max(EXACT[library], LOOSE.get(case.name, 0.0))


def names(cases: list[tuple[str, Case]]) -> list[str]:
    return [f"{library}, {case.name}" for library, case in cases]


@pytest.mark.parametrize(("library", "case"), CASES, ids=names(CASES))
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_losses_and_weights_are_theirs(library: str, case: Case, dtype: str) -> None:
    oracle = ORACLES[library]["cases"][case.name]
    network, losses = train(case, dtype)
    tolerance = tolerance_of(library, case) if dtype == "float64" else 1e-5
    final = network.parameters.values
    assert final.keys() == oracle["parameters"].keys()
    assert deviation(losses, oracle["losses"]) <= tolerance
    for name, value in final.items():
        assert deviation(value, oracle["parameters"][name]) <= tolerance, name


@pytest.mark.parametrize(("library", "case"), CASES, ids=names(CASES))
def test_the_oracle_learned_something(library: str, case: Case) -> None:
    """Otherwise equal weights would say nothing. A bias before batch norm has no gradient: it stays where it was."""
    oracle = ORACLES[library]["cases"][case.name]
    begin = case.network()
    assert np.mean(oracle["losses"][-4:]) < np.mean(oracle["losses"][:4])
    for name, value in begin.parameters.values.items():
        idle = isinstance(case.norm, BatchNorm) and name.startswith("hidden") and name.endswith(".bias")
        assert (deviation(value, oracle["parameters"][name]) > 1e-3) is not idle, name


@pytest.mark.parametrize(("library", "case"), CASES, ids=names(CASES))
def test_logits_in_evaluation_are_theirs(library: str, case: Case) -> None:
    oracle = ORACLES[library]["cases"][case.name]
    network, _ = train(case, "float64")
    if library == "pytorch":
        borrow_unbiased_variances(network)
    logits = np.concatenate([chunk.copy() for chunk in network.logits(inputs()[:4])])
    assert deviation(logits, oracle["logits"]) <= 20 * tolerance_of(library, case)


@pytest.mark.parametrize("library", ["pytorch", "keras"])
def test_running_statistics_are_theirs(library: str) -> None:
    """PyTorch's running variance takes the unbiased variance of each batch: ours times B / (B − 1)."""
    case = next(case for name, case in CASES if name == library and case.name == "norm: batch")
    network, _ = train(case, "float64")
    if library == "pytorch":
        borrow_unbiased_variances(network)
    theirs = ORACLES[library]["cases"][case.name]["buffers"]
    assert network.buffers.keys() == theirs.keys()
    for name, value in network.buffers.items():
        assert deviation(value, theirs[name]) <= EXACT[library], name


def borrow_unbiased_variances(network: Network, *, rows: int = 32, steps: int = 20, momentum: float = 0.1) -> None:
    """Put running variances as PyTorch has them: the share of the initial 1 apart, every batch times B / (B − 1)."""
    initial = (1 - momentum) ** steps
    for name, value in network.buffers.items():
        if name.endswith("running_variance"):
            value[...] = initial + (value - initial) * rows / (rows - 1)


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=label)
def test_activation_and_its_derivative_are_those_of_pytorch(activation: Any) -> None:
    oracle = ORACLES["pytorch"]["activations"][label(activation)]
    layer = activation if isinstance(activation, PReLU) else Activate(activation=activation)
    declared = layer.declare(1)
    own = LayerState({name: np.full(1, 0.25) for name in declared}, {name: np.empty(1) for name in declared}, {})
    y, backward = layer(POINTS[:, None].copy(), own, ForwardContext(Workspace(np.dtype("float64")), train=True))
    np.testing.assert_allclose(y[:, 0], oracle["values"], rtol=1e-8, atol=1e-9)
    dx = backward(np.ones((len(POINTS), 1)), True)
    np.testing.assert_allclose(dx[:, 0], oracle["derivatives"], rtol=1e-8, atol=2e-8)
    for name, derivative in oracle["parameters"].items():
        np.testing.assert_allclose(own.gradients[name], derivative, rtol=1e-8)


@pytest.mark.parametrize(
    ("library", "loss"),
    [("pytorch", loss) for loss in PYTORCH_LOSSES] + [("keras", loss) for loss in KERAS_LOSSES],
    ids=lambda each: each if isinstance(each, str) else label(each),
)
def test_loss_and_its_gradient_are_theirs(library: str, loss: Any) -> None:
    oracle = ORACLES[library]["losses"][label(loss)]
    value, gradient = average_loss_with_gradient(loss, *loss_sample(loss))
    assert value == pytest.approx(oracle["value"], rel=EXACT[library])
    np.testing.assert_allclose(gradient, oracle["gradient"], rtol=EXACT[library], atol=1e-9)
