"""Rows that are left out: whatever names rows, names those that are left, by their place in the file.

Each option that drops rows × each way to divide them × each thing that writes row numbers.
"""

import csv

import numpy as np
import pytest

from mlptrain.errors import DataError, Diverged
from mlptrain.model.memory_rows import make_training_rows
from mlptrain.model.model import Model
from tests.support.flows import csv_text, fit, mixed_rows, write_mixed

ROWS = mixed_rows()
GAPS = [k for k, row in enumerate(ROWS) if not row["size"]]
UNANSWERED = [4, 17, 50]
DROPS = {
    "incomplete rows": ({"imputing": {"strategy": "drop_row"}}, GAPS, []),
    "rows that lack a cell of one column": (
        {"columns": {"size": {"type": "number", "imputing": {"strategy": "drop_row"}}}},
        GAPS,
        [],
    ),
    "rows without a target": ({"missing_target": "drop"}, [], UNANSWERED),
    "both": ({"imputing": {"strategy": "drop_row"}, "missing_target": "drop"}, GAPS, UNANSWERED),
}
SPLITS = {
    "folds": {"folds": 3},
    "two rounds of folds": {"folds": 3, "repeats": 2},
    "folds of groups": {"folds": 3, "type": "group", "column": "team"},
    "folds in time": {"folds": 3, "type": "time", "column": "day"},
    "folds beside a test part": {"folds": 3, "test": 0.2},
}
TARGETS = {"classes": "label", "a number": "price"}
IGNORED = {"id": "ignore", "count": "ignore"}


def table(target, unanswered):
    rows = [row | {"team": f"team {k % 13}", "day": str(k * 7 % 60)} for k, row in enumerate(ROWS)]
    return [row | ({target: ""} if k in unanswered else {}) for k, row in enumerate(rows)]


def written(folder, target, drops, unanswered, split):
    others = {name: "ignore" for name in ("label", "price") if name != target}
    columns = IGNORED | others | drops.get("columns", {})
    columns |= {} if split.get("column") in ("team", "day") else {"team": "ignore", "day": "ignore"}
    data = {"target": target, "split": split} | drops | {"columns": columns}
    return write_mixed(folder, table(target, unanswered), data=data, training={"epochs": 1, "batch_size": 16})


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("split", SPLITS.values(), ids=SPLITS)
@pytest.mark.parametrize(("drops", "gaps", "unanswered"), DROPS.values(), ids=DROPS)
def test_out_of_fold_predictions_are_those_of_the_rows_that_they_name(tmp_path, drops, gaps, unanswered, split, target):
    spec, told = written(tmp_path, target, drops, unanswered, split), []
    fit(str(spec), out=tmp_path / "m.npz", out_of_fold=tmp_path / "o.csv", notice=told.append)
    held = list(csv.DictReader((tmp_path / "o.csv").read_text().splitlines()))
    numbers = [int(row["row"]) - 1 for row in held]
    assert not {*numbers} & {*gaps, *unanswered}
    if split in (SPLITS["folds"], SPLITS["two rounds of folds"], SPLITS["folds of groups"]):
        assert numbers == sorted({*range(60)} - {*gaps, *unanswered})
    whole, rounds = Model.load(tmp_path / "m.npz"), split.get("repeats", 1)
    rows = table(target, unanswered)
    answered = make_training_rows([rows[number] for number in numbers], whole.spec.data)
    each = np.stack([network.predict(answered) for network in whole.networks])
    names = ["fold"] if rounds == 1 else [f"repeat_{number}_fold" for number in range(1, rounds + 1)]
    places = np.array([[int(row[name]) - 1 for row in held] for name in names])
    places += np.arange(rounds)[:, np.newaxis] * (len(whole.networks) // rounds)
    expected = each[places, np.arange(len(held))].mean(axis=0)
    found = np.array([float(row[f"probability_{whole.classes[1]}" if target == "label" else target]) for row in held])
    assert np.allclose(found, expected[:, -1], rtol=1e-5)
    left_out = len(gaps) - len({*gaps} & {*unanswered})
    if gaps and "test" not in split and split.get("type") != "time":
        assert f"{left_out} rows with missing cells left out (data.imputing: drop_row)" in told


@pytest.mark.parametrize(("drops", "gaps", "unanswered"), DROPS.values(), ids=DROPS)
def test_a_divergence_names_the_line_of_its_row(tmp_path, drops, gaps, unanswered):
    spec = written(tmp_path, "price", drops, unanswered, {})
    rows = table("price", unanswered)
    rows[41] |= {"size": "-2.5e25"}
    (tmp_path / "mixed.csv").write_text(csv_text(rows))
    overrides = [
        "data.scaling=none",
        "training.batch_size=full",
        "training.epochs=3",
        "optimizer=sgd",
        "model.hidden=[]",
    ]
    with pytest.raises(Diverged, match=r"mixed\.csv:43: column \"size\", '-2.5e25'"):
        fit(str(spec), out=tmp_path / "m.npz", overrides=overrides)


@pytest.mark.parametrize(("drops", "gaps", "unanswered"), DROPS.values(), ids=DROPS)
def test_rows_of_a_validation_file_that_are_left_out_are_said(tmp_path, drops, gaps, unanswered):
    spec = written(tmp_path, "price", drops, unanswered, {"validation": "held.csv"})
    (tmp_path / "held.csv").write_text(csv_text(table("price", unanswered)[:20]))
    told = []
    result = fit(str(spec), out=tmp_path / "m.npz", notice=told.append)
    gone, empty = len([k for k in gaps if k < 20]), len([k for k in unanswered if k < 20])
    name = tmp_path / "held.csv"
    said = [f"{name}: 2 rows without a target left out (data.missing_target: drop)"] * bool(empty)
    said += [f"{name}: {gone} rows with missing cells left out (data.imputing: drop_row)"] * bool(gone)
    said += [f"{name}: missing cells filled: size {len({k for k in GAPS if k < 20} - {*unanswered})}"] * (not gaps)
    assert [line for line in told if str(name) in line] == said
    assert result.metrics["validation"]["rmse"] is not None


def test_one_row_is_one_row(tmp_path):
    rows = [row | {"size": row["size"] or "1"} for row in ROWS]
    rows[9] |= {"size": ""}
    rows[20] |= {"label": ""}
    data = {"imputing": {"strategy": "drop_row"}, "missing_target": "drop"}
    told = []
    fit(str(write_mixed(tmp_path, rows, data=data, training={"epochs": 1})), out=tmp_path / "m.npz", notice=told.append)
    assert "1 row without a target left out (data.missing_target: drop)" in told
    assert "1 row with missing cells left out (data.imputing: drop_row)" in told


def test_a_validation_file_of_incomplete_rows_alone_is_refused(tmp_path):
    data = {"imputing": {"strategy": "drop_row"}, "split": {"validation": "held.csv"}}
    spec = write_mixed(tmp_path, data=data, training={"epochs": 1})
    (tmp_path / "held.csv").write_text(csv_text([row for row in ROWS if not row["size"]]))
    with pytest.raises(DataError, match=r"held.csv: every validation row lacks a cell \(data.imputing: drop_row\)"):
        fit(str(spec), out=tmp_path / "m.npz")
