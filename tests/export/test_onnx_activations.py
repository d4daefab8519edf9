"""Activations as nodes: they are the engine's, for numbers of either precision, and finite where these are."""

import numpy as np
import pytest

from mlptrain.annotations import list_union_members
from mlptrain.engine.activations import ELU, Activation, LeakyReLU
from mlptrain.export.onnx_activations import write_activation
from tests.support.onnx_graphs import run_formula

Z = np.concatenate([np.linspace(-9, 9, 73), [-1e4, -100, -30, 30, 100, 1e4, 0.0]])
TOLERANCE = {"float32": 1e-6, "float64": 1e-12}


@pytest.mark.integration
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(
    "activation", [*(each() for each in list_union_members(Activation)), ELU(alpha=0.3), LeakyReLU(slope=0.5)]
)
def test_the_nodes_are_the_activation(activation, dtype):
    z = Z.astype(dtype)[:, None]
    found = run_formula(z, lambda given: {"y": write_activation(activation, given)})["y"]
    assert found.dtype == z.dtype
    np.testing.assert_allclose(found, activation(z), rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
