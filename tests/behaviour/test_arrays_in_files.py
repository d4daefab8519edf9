"""A fit whose arrays live in files has the same results, to the byte, and leaves nothing behind."""

from pathlib import Path

import pytest

from mlptrain.data import cells as cells_file
from mlptrain.data.stores import Files
from tests.support.flows import fit_mixed, mixed_rows

VARIANTS = {
    "gaps and categories": {},
    "target encoding": {"data.category_encoding": "target"},
    "embeddings": {"data.category_encoding": "{name: embedding, one_hot_up_to: 1}"},
    "folds": {"data.split.folds": 3},
    "repeats and a refit": {"data.split.validation": 0.2, "training.refit": "true"},
    "drop_row": {"data.imputing": "{strategy: drop_row}", "data.split.validation": 0.2},
    "members": {"members": 2},
    "replaced cells": {"data.replace": "{red: crimson}"},
    "groups": {"data.split.type": "group", "data.split.column": "colour", "data.split.validation": 0.3},
    "a number": {"data.target": "price", "data.scaling": "quantile"},
}


def fit_in(folder, memory, settings):
    overrides = [f"{key}={value}" for key, value in settings.items()]
    target = {"target": settings["data.target"]} if "data.target" in settings else {}
    return fit_mixed(folder / memory, *overrides, f"data.memory={memory}", rows=mixed_rows(90), data=target)


@pytest.mark.parametrize("name", VARIANTS)
def test_the_model_is_the_same_in_memory_and_in_files(tmp_path, monkeypatch, name):
    monkeypatch.setattr(cells_file, "FEW", 5)
    monkeypatch.setattr(cells_file, "FEWEST", 5)
    made = []
    monkeypatch.setattr(Files, "empty", lambda *given, making=Files.empty: made.append(given) or making(*given))
    models = [fit_in(tmp_path, memory, VARIANTS[name]).model for memory in ("memory", "files")]
    assert made
    assert Path(models[0]).read_bytes() == Path(models[1]).read_bytes()
