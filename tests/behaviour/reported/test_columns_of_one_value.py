"""A column of one value and gaps is not constant: which of its cells are missing is what it tells."""

import datetime
import json
import random

import numpy as np
import pytest
import yaml

import mlptrain as package
from tests.support.command import mlptrain

ROWS = 200
TICKED = [random.Random(k).random() < 0.5 for k in range(ROWS)]
X = [(k * 37 % 101) / 10 for k in range(ROWS)]
TICKS = {"one": "1", "zero": "0", "half": "0.5", "yes": "yes", "true": "true", "date": "2024-05-01", "figures": "007"}
VALUES = {
    "number": 1.0,
    "whole": 1,
    "truth": True,
    "text": "yes",
    "date": datetime.date(2024, 5, 1),
    "moment": datetime.datetime(2024, 5, 1, 12),
}
SETTINGS = ("--set", "training.epochs=150", "--set", "model.hidden=[]", "--set", "optimizer.learning_rate=0.05")


def write_table(folder, tick, **data):
    rows = [f"{x},{tick if ticked else ''},{x + 50 * ticked}" for x, ticked in zip(X, TICKED, strict=True)]
    (folder / "t.csv").write_text("\n".join(["x,tick,y", *rows]) + "\n")
    spec = {"data": {"train": "t.csv", "target": "y", **data}}
    (folder / "t.yaml").write_text(yaml.safe_dump(spec))


def fit(folder):
    """What fit says, and the r2 of all rows."""
    ended = mlptrain("fit", "t.yaml", *SETTINGS, cwd=folder)
    assert ended.code == 0, ended.err
    measured = mlptrain("eval", "t.npz", "t.csv", "--json", cwd=folder)
    return ended.err, json.loads(measured.out)["metrics"]["r2"]


@pytest.mark.parametrize("tick", TICKS.values(), ids=TICKS)
def test_ticks_and_blanks_are_learned_from(tmp_path, tick):
    write_table(tmp_path, tick)
    said, r2 = fit(tmp_path)
    assert "constant" not in said
    assert r2 > 0.99


@pytest.mark.parametrize("tick", TICKS.values(), ids=TICKS)
def test_init_keeps_ticks_and_blanks(tmp_path, tick):
    write_table(tmp_path, tick)
    ended = mlptrain("init", "t.csv", "--target", "y", "--out", "-", cwd=tmp_path)
    assert "left out" not in ended.err
    assert yaml.safe_load(ended.out)["data"]["columns"]["tick"] == "category"
    assert "one value, or missing; 1 level: " in ended.out


@pytest.mark.parametrize(
    ("kind", "tick", "scaling"),
    [
        *(("number", "-3.5", scaling) for scaling in ("standard", "robust", "quantile", "min_max", "log1p", "none")),
        *(("boolean", tick, "standard") for tick in ("1", "false", "yes")),
        *(("number", "1", "standard"), ("category", "1", "standard"), ("date", "2024-05-01", "standard")),
    ],
)
def test_a_declared_kind_keeps_what_its_gaps_tell(tmp_path, kind, tick, scaling):
    write_table(tmp_path, tick, columns={"tick": kind}, scaling=scaling)
    said, r2 = fit(tmp_path)
    assert "constant" not in said
    assert r2 > 0.9


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_typed_values_and_gaps_are_learned_from(value):
    columns = {
        "x": X,
        "tick": [value if ticked else None for ticked in TICKED],
        "y": [x + 50.0 * ticked for x, ticked in zip(X, TICKED, strict=True)],
    }
    spec = {
        "data": {"target": "y"},
        "model": {"hidden": []},
        "training": {"epochs": 150},
        "optimizer": {"name": "adam", "learning_rate": 0.05},
    }
    assert package.fit(spec, columns).model.evaluate(columns).metrics["r2"] > 0.99


@pytest.mark.parametrize(("kind", "tick", "other"), [("number", "1", "1000000"), ("boolean", "yes", "no")])
def test_a_value_that_training_never_saw_changes_nothing_and_is_counted(tmp_path, kind, tick, other):
    write_table(tmp_path, tick, columns={"tick": kind})
    fit(tmp_path)
    for name, cell in (("same", tick), ("other", other)):
        (tmp_path / f"{name}.csv").write_text(f"x,tick\n1,{cell}\n")
    same, differs = (mlptrain("predict", "t.npz", f"{name}.csv", cwd=tmp_path) for name in ("same", "other"))
    assert np.isclose(*(float(ended.out.split()[1]) for ended in (same, differs)))
    assert "tick" not in same.err
    assert "tick" in differs.err


def test_rows_are_not_dropped_for_blanks_that_tell_something(tmp_path):
    write_table(tmp_path, "1", imputing={"strategy": "drop_row"})
    said, r2 = fit(tmp_path)
    assert "dropped" not in said
    assert r2 > 0.99


@pytest.mark.parametrize("imputing", [{"indicator": False}, {"strategy": "drop_row"}])
def test_one_number_whose_gaps_are_not_marked_is_constant(tmp_path, imputing):
    write_table(tmp_path, "1", columns={"tick": {"type": "number", "imputing": imputing}})
    assert "constant in the training rows" in mlptrain("fit", "t.yaml", "--set", "training.epochs=1", cwd=tmp_path).err
