"""Whole fits whose layers are watched: what they bring about, to the byte, is what others bring about."""

import numpy as np
import pytest

from mlptrain.commands.fit import fit_files
from mlptrain.model.model import Model
from tests.support.flows import write_mixed

SECTIONS = {
    "dropout, batch norm, early stopping": {
        "data": {"split": {"validation": 0.3}},
        "model": {"hidden": [8, 6], "dropout": 0.3, "input_dropout": 0.1, "norm": "batch", "activation": "prelu"},
        "training": {"epochs": 6, "batch_size": 8, "early_stopping": {"patience": 2}, "gradient_norm": True},
    },
    "folds": {"data": {"split": {"folds": 2}}, "training": {"epochs": 3, "batch_size": 8}},
    "refit, calibration": {
        "data": {"split": {"validation": 0.3}},
        "model": {"hidden": [8], "calibration": "temperature"},
        "training": {"epochs": 4, "batch_size": 8, "refit": True},
    },
    "members, embeddings": {
        "members": {"name": "tabm", "count": 3},
        "model": {"hidden": [8, 8, 8], "residual": 2, "numeric_embedding": "plr", "dtype": "float64"},
        "training": {"epochs": 3, "batch_size": 8},
    },
    "lbfgs": {"optimizer": "lbfgs", "training": {"epochs": 4, "batch_size": "full"}},
}


@pytest.mark.parametrize("sections", SECTIONS.values(), ids=SECTIONS)
def test_parameters_buffers_and_history_are_the_same_to_the_byte(tmp_path, sections):
    spec = write_mixed(tmp_path, **sections)
    models = []
    for every in (0, 1, 2):
        out = tmp_path / f"{every}.npz"
        fit_files(str(spec), out=out, overrides=[f"training.watch_layers={every}"])
        with np.load(out) as arrays:
            models.append({name: arrays[name].tobytes() for name in arrays.files})
    plain, *watched = models
    kept = {name for name in plain if name not in ("metadata", "sha256")}
    assert not any("layers." in name for name in plain)
    for each in watched:
        assert {name: each[name] for name in kept} == {name: plain[name] for name in kept}
        assert {name.rpartition("layers.")[2] for name in each.keys() - plain.keys()} >= {"epoch", "dead"}


def test_what_is_seen_is_there_in_python(tmp_path):
    spec = write_mixed(tmp_path, training={"epochs": 3, "watch_layers": 1})
    fit_files(str(spec), out=tmp_path / "m.npz")
    layers = Model.load(tmp_path / "m.npz").layers
    assert layers["hidden_1"]["epoch"] == [1, 2, 3]
    assert all(value > 0 for value in layers["hidden_1"]["update_ratio"])
