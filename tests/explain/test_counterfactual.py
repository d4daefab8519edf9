"""Counterfactuals: what is said to change an answer does, with cells of actual rows, and nothing nearer does."""

import numpy as np
import pytest

import mlptrain
from mlptrain.errors import SpecError
from tests.support.linear import draw_normals, make_linear_model

ROWS = 60
X = draw_normals(1, ROWS, "abc")
GROUP = np.array(["u", "v", "w"] * (ROWS // 3))
TABLE = {
    **{name: cells.round(3) for name, cells in X.items()},
    "group": GROUP,
    "day": np.array([f"2024-01-{day % 28 + 1:02}" for day in range(ROWS)]),
}
Y = np.where(X["a"] + X["b"] + (GROUP == "v") > 1, "high", np.where(X["a"] - X["c"] > 0.5, "middle", "low"))


@pytest.fixture(scope="module", params=["one-hot", "embedded", "folds"])
def model(request):
    data = {"target": "y", "columns": {"day": "date"}}
    if request.param == "embedded":
        data["columns"]["group"] = {"type": "category", "encoding": "embedding"}
    if request.param == "folds":
        data["split"] = {"folds": 2}
    spec = {"data": data, "model": {"hidden": [8], "activation": "silu"}, "training": {"epochs": 40, "batch_size": 10}}
    return mlptrain.fit(spec, {**TABLE, "y": Y}).model


def take(row, **changed):
    """One row as a table, with some cells changed."""
    return {name: [changed.get(name, cells[row])] for name, cells in TABLE.items()}


def change(model, columns, **options):
    return model.explain(TABLE, method="counterfactual", change=columns, rows=20, **options)


def convert(name, cell):
    """The cell of a table that a text stands for."""
    return float(cell) if name in "abc" else cell


def test_the_changed_row_has_the_answer_that_is_said(model):
    found = change(model, "a,b,c,group,day")
    assert [each.prediction for each in found.rows] == model.predict(TABLE)[:20].tolist()
    assert sum(each.new_prediction is not None for each in found.rows) > 10
    for row, each in enumerate(found.rows):
        if each.new_prediction is None:
            continue
        new = {one.column: convert(one.column, one.new_cell) for one in each.changes}
        old = {one.column: convert(one.column, one.cell) for one in each.changes}
        assert 1 <= len(new) <= 3
        assert old == {name: TABLE[name][row] for name in new}
        assert model.predict(take(row, **new)).tolist() == [each.new_prediction] != [each.prediction]
        assert model.predict_proba(take(row, **new)).max() == pytest.approx(each.new_score, rel=1e-5)
        assert all(cell in TABLE[name] for name, cell in new.items())


def test_a_level_is_found_where_any_changes_the_answer(model):
    for row, each in enumerate(change(model, "group", most_changes=1).rows):
        others = {model.predict(take(row, group=level))[0] for level in {*GROUP} - {GROUP[row]}}
        assert (each.new_prediction is None) == (others == {each.prediction})


def test_the_way_of_a_number_is_the_share_of_rows_between(model):
    for row, each in enumerate(change(model, "a").rows):
        if each.new_prediction is not None:
            low, high = sorted([TABLE["a"][row], float(each.changes[0].new_cell)])
            between = np.mean((TABLE["a"] > low) & (TABLE["a"] <= high))
            assert each.distance == pytest.approx(between, abs=0.01)


def test_more_columns_never_need_more_changes(model):
    few, many = change(model, "a").rows, change(model, "a,b,group").rows
    for one, other in zip(few, many, strict=True):
        if one.new_prediction is not None:
            assert len(other.changes) == 1
            assert other.distance <= one.distance


def test_of_a_linear_model_the_nearest_cell_across_the_border_is_found():
    model = make_linear_model({"a": 1.0, "b": 1.0}, classes=True)
    cells = np.arange(-9.5, 10)
    table = {"a": cells, "b": np.zeros(20)}
    found = model.explain(table, method="counterfactual", change=["a"], rows="all")
    for cell, each in zip(cells, found.rows, strict=True):
        assert float(each.changes[0].new_cell) == (0.5 if cell < 0 else -0.5)
        assert (each.prediction, each.new_prediction) == (("no", "yes") if cell < 0 else ("yes", "no"))


def test_several_columns_change_where_one_is_not_enough():
    model = make_linear_model({"a": 1.0, "b": 1.0, "c": 1.0}, classes=True)
    table = {name: np.array([-1.0, 0.6, 0.6]) for name in "abc"}
    one, several = (
        model.explain(table, method="counterfactual", change="a,b,c", rows=1, most_changes=most).rows[0]
        for most in (1, 3)
    )
    assert (one.new_prediction, one.changes) == (None, ())
    assert (len(several.changes), several.new_prediction) == (2, "yes")


def test_the_best_changes_are_changed_further():
    """Of sixty first changes only those that come nearest to the border lead over it with a second one."""
    model = make_linear_model({"a": 1.0, "b": 1.0, "c": 1.0}, classes=True)
    table = {name: np.linspace(-1, 0.6, 20) for name in "abc"}
    found = model.explain(table, method="counterfactual", change="a,b,c", rows=1).rows[0]
    assert (len(found.changes), found.new_prediction) == (2, "yes")


def test_the_class_that_is_wanted(model):
    for each in change(model, "a,b,c,group", class_label="middle").rows:
        assert each.new_prediction in ("middle", None)
        if each.prediction == "middle":
            assert (each.changes, each.distance) == ((), 0)


def test_cells_are_those_of_the_baseline():
    model = make_linear_model({"a": 1.0}, classes=True)
    found = model.explain({"a": [-3.0]}, method="counterfactual", change="a", baseline={"a": [-1.0, 7.5]}).rows[0]
    assert (found.changes[0].new_cell, found.new_prediction) == ("7.5", "yes")


CLASSES, NUMBER = make_linear_model({"a": 1.0}, classes=True), make_linear_model({"a": 1.0})


@pytest.mark.parametrize(
    ("model", "options", "said"),
    [
        (CLASSES, {}, "change: name the columns that may change"),
        (CLASSES, {"change": "b"}, "change: 'b' is no column of the model"),
        (CLASSES, {"change": ["b"]}, "change: 'b' is no column of the model"),
        (CLASSES, {"change": "a+a"}, "change: columns change one by one; write a,a"),
        (CLASSES, {"change": "a", "class_label": "maybe"}, "class_label: 'maybe' is no class"),
        (CLASSES, {"change": "a", "most_changes": 4}, "most_changes: 4 is out of range"),
        (NUMBER, {"change": "a"}, "only models of classes"),
    ],
)
def test_what_cannot_be_asked_is_refused(model, options, said):
    with pytest.raises(SpecError, match=said):
        model.explain({"a": [1.0, 2.0]}, method="counterfactual", **options)
