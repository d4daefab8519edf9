"""Effects on rows: as a table, in their order, and what is doubtful of them."""

from dataclasses import replace

import numpy as np
import pytest

from mlptrain.explain.row_effects import CLOSE, RowEffect, RowEffects, find_mean_size, list_doubts, measure_gaps

ROW = RowEffect(
    row=3, prediction="7", explained="y", score=2.0, baseline=0.5, effects={"b": -0.5, "a": 2.0, "c": 0.5}, cells={}
)
FOUND = RowEffects(method="gradients", score="prediction", usual="the mean", rows=(ROW, ROW), largest_gap=0.0)


def test_the_largest_effects_come_first_and_equal_ones_by_name():
    assert [name for name, _ in ROW.rank_effects()] == ["a", "b", "c"]


def test_a_line_a_row():
    columns, numeric = FOUND.tabulate()
    assert columns["row"] == ["3", "3"]
    assert [columns[f"effect_{name}"][0] for name in "abc"] == ["2.0", "-0.5", "0.5"]
    assert numeric == {*columns} - {"prediction", "explained"}
    assert replace(FOUND, rows=()).tabulate()[0]["row"] == []


def test_gaps_are_shares_of_the_mean_difference():
    effects = np.array([[1.0, 1.0], [3.0, 1.0], [5.0, 5.0]])
    found = measure_gaps(effects, np.array([2.0, 4.3, np.nan]))
    np.testing.assert_allclose(found, [0, 0.3 / 3.15, 0])
    assert find_mean_size(np.zeros(3)) == find_mean_size(np.empty(0)) == 1


def test_doubts():
    assert list_doubts(np.ones(2), CLOSE) == ()
    assert "by up to 2.0% of the mean difference" in list_doubts(np.ones(2), 20 * CLOSE)[0]
    assert list_doubts(np.ones(2), 20 * CLOSE, miss=20 * CLOSE) == ()
    lost = ("1 row whose score is not a finite number: the effects say nothing",)
    assert list_doubts(np.array([1.0, np.inf]), 0) == lost
    assert pytest.approx(1e-3) == CLOSE
