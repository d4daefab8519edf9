"""Linear models whose weights are set by hand, and rows for them: what they rest on is known."""

from collections.abc import Mapping
from typing import Any

import numpy as np

import mlptrain
from mlptrain.model.model import Model


def make_linear_model(weights: Mapping[str, float], *, classes: bool = False, seed: int = 1) -> Model:
    """A model of y = Σ w x, or of two classes with these log-odds, whose loss is in the user's units."""
    x = np.arange(40.0)
    columns: dict[str, Any] = {name: (x * (7 + 2 * place)) % 37 for place, name in enumerate(weights)}
    columns["y"] = np.where(x % 2, "yes", "no") if classes else (x - 19.5) / np.std(x)
    spec = {
        "data": {"target": "y", "scaling": "none"},
        "model": {"hidden": [], "dtype": "float64"},
        "training": {"epochs": 1, "batch_size": 40},
        "seed": seed,
    }
    model = mlptrain.fit(spec, columns).model
    values = model.networks[0].network.parameters.values
    values["output.weight"][...] = np.array(list(weights.values()))[:, None]
    values["output.bias"][...] = 0
    return model


def draw_normals(seed: int, rows: int, names: str) -> dict[str, np.ndarray[Any, Any]]:
    """Columns of independent standard normal numbers."""
    random = np.random.default_rng(seed)
    return {name: random.normal(size=rows) for name in names}
