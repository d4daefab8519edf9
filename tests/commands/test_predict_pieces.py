"""With workers `predict` writes, says and refuses what it does without, however the file is divided."""

from dataclasses import replace

import pytest

from mlptrain.commands import predict as prediction
from mlptrain.commands.predict import Prediction
from mlptrain.engine.network import Network
from mlptrain.errors import MlptrainError
from mlptrain.model.answers import AnswerOptions
from mlptrain.workers.in_turn import InTurn
from mlptrain.workers.processes import Processes
from tests.support.executors import Elsewhere
from tests.support.flows import csv_text, fit_mixed, mixed_rows

ROWS = mixed_rows(240)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    classes = fit_mixed(folder, data={"split": {"folds": 2}}, out="classes.npz").model
    numbers = fit_mixed(folder, data={"target": "price"}, out="numbers.npz").model
    return {"classes": classes, "numbers": numbers}


def change(rows, changes):
    return [row | changes.get(k, {}) for k, row in enumerate(rows)]


TABLES = {
    "as in training": csv_text(ROWS),
    "odd cells": csv_text(change(ROWS, {7: {"colour": "pink"}, 107: {"size": ""}, 207: {"colour": "mauve"}})),
    "a fault in a late piece": csv_text(change(ROWS, {220: {"size": "wide"}})),
    "faults in two pieces": csv_text(change(ROWS, {60: {"size": "broad"}, 120: {"size": "wide"}})),
    "a fault in the first piece": csv_text(change(ROWS, {3: {"size": "wide"}})),
    "a number too large": csv_text(change(ROWS, {130: {"size": "1e300"}})),
    "a blank line": csv_text(ROWS[:200]) + "\n" + csv_text(ROWS[200:]).partition("\n")[2],
    "another dialect": csv_text(ROWS).replace(",", ";"),
    "no rows": csv_text(ROWS[:1]).partition("\n")[0] + "\n",
    "one row": csv_text(ROWS[:1]),
}


def run(model, data, out, executor, *, strict, **options):
    """What is written, said, counted, or wrong."""
    try:
        running = Prediction(model, data, AnswerOptions(**options), strict=strict, executor=executor)
        running.publish(out)
    except MlptrainError as problem:
        return type(problem), str(problem), out.exists()
    return out.read_bytes(), running.notices, running.counts.rows


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("kind", ["classes", "numbers"])
@pytest.mark.parametrize("table", TABLES)
def test_the_same_is_written_said_and_refused(models, tmp_path, monkeypatch, table, kind, strict):
    monkeypatch.setattr(prediction, "CHUNK", 50)
    monkeypatch.setattr(Network, "chunk_rows", lambda self: 50)
    (tmp_path / "rows.csv").write_text(TABLES[table], newline="")
    data, options = str(tmp_path / "rows.csv"), {"keep": ["all"], "probabilities": kind == "classes"}
    expected = run(models[kind], data, tmp_path / "a.csv", InTurn(), strict=strict, **options)
    for workers in (2, 3):
        found = run(models[kind], data, tmp_path / f"{workers}.csv", Elsewhere(workers), strict=strict, **options)
        assert found == expected


def test_processes_write_the_same_bytes(models, tmp_path, monkeypatch):
    (tmp_path / "rows.csv").write_text(csv_text(mixed_rows(3000)), newline="")
    monkeypatch.setattr(prediction, "CHUNK", 1000)
    options = {"keep": ["id"], "probabilities": True, "scores": True}
    written = [
        run(models["classes"], str(tmp_path / "rows.csv"), tmp_path / f"{k}.csv", executor, strict=False, **options)
        for k, executor in enumerate((InTurn(), Processes(2)))
    ]
    assert written[0] == written[1]


def test_counts_that_were_made_apart_are_those_of_all():
    from mlptrain.data.odd_cells import OddCells

    one = OddCells(filled={"a": 1}, unseen={"b": 2}, hints={"b": "x"}, fractions={"c"})
    two = OddCells(filled={"a": 2, "b": 1}, beyond={"c": 4}, hints={"b": "y"}, first=(3, "a", "is missing"))
    both = replace(one, filled=dict(one.filled))
    both.merge(two)
    assert (both.filled, both.unseen, both.beyond) == ({"a": 3, "b": 1}, {"b": 2}, {"c": 4})
    assert (both.hints["b"], both.fractions, both.first) == ("x", {"c"}, (3, "a", "is missing"))
