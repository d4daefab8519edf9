"""What importances are made of: intervals of Student's distribution, ranks, columns that stand in for others."""

import numpy as np
import pytest

from mlptrain.explain.column_groups import Partner, Ties
from mlptrain.explain.importance import Estimate, GroupImportance, make_estimate, make_interval, rank_columns

stats = pytest.importorskip("scipy.stats")


@pytest.mark.parametrize("rows", [11, 31, 1001])
def test_intervals_are_those_of_students_distribution(rows):
    t = stats.t.ppf(0.975, rows - 1)
    assert make_interval(0, 2, rows) == pytest.approx((-2 * t, 2 * t), rel=0.003)
    assert sum(make_interval(5, 2, rows)) == pytest.approx(10)
    assert make_interval(5, float("nan"), rows) is None


def test_an_estimate_is_the_mean_of_the_repeats():
    found = make_estimate(np.array([1.0, -1.0, 3.0, 0.0]), 0.5, 100)
    assert (found.importance, found.above_zero) == (0.75, 0.5)


def test_columns_are_ranked_and_equal_ones_by_name():
    def worth(importance):
        return Estimate(importance=importance, interval=(importance - 0.1, importance + 0.1), above_zero=1.0)

    group = GroupImportance(columns=("a", "b", "c"), **vars(worth(2.0)))
    ties = Ties({"a": Partner("b", 0.9), "b": Partner("a", 0.9), "c": Partner("z", 0.8)}, [group.columns])
    found = rank_columns([("c", worth(0)), ("b", worth(0)), ("d", worth(0)), ("a", worth(0.5))], ties, [group])
    assert [each.column for each in found] == ["a", "b", "c", "d"]
    assert [each.stands_in_for for each in found] == [None, "a", None, None]
