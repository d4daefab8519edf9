"""Scalings as nodes: they are the fitted scalings, also where quantiles are equal and numbers are extreme."""

import numpy as np
import pytest

from mlptrain.annotations import list_union_members
from mlptrain.data.scaling import FittedScaling, QuantileScaling, Scaling
from mlptrain.export.onnx_scalings import SCALING_WRITERS, scale_numbers
from tests.support.onnx_graphs import run_formula

EDGES = np.array([0.0, -0.0, 1e-300, -1e-9, 1e-5, 1, 2, 3.5, -1e5, 1e9, 1e200, -1e308])


def draw_columns(draw):
    """Numbers in many places, in few places, and close to one another."""
    return [draw.normal(size=500), draw.integers(0, 4, 300).astype(float), 1e3 + draw.normal(size=90)]


@pytest.mark.integration
@pytest.mark.parametrize("scaling", [*(each() for each in list_union_members(Scaling)), QuantileScaling(quantiles=7)])
def test_the_nodes_are_the_fitted_scaling(scaling):
    columns = draw_columns(np.random.default_rng(0))
    fitted = [scaling.fit(values) for values in columns]
    marks = [np.concatenate([EDGES, values[:80], values[:80] + 1e-9]) for values in columns]
    x = np.stack(marks, axis=1)
    found = run_formula(x, lambda given: {"y": scale_numbers(given, fitted)})["y"]
    expected = np.stack([each(values) for each, values in zip(fitted, x.T, strict=True)], axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11)


def test_every_kind_of_scaling_has_a_writer():
    assert set(SCALING_WRITERS) == set(list_union_members(FittedScaling))
