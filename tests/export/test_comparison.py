"""Differences are measured in the scale of what is predicted, and labels where they are clear."""

from dataclasses import replace

import numpy as np
import pytest

from mlptrain.data.table_format import TableFormat
from mlptrain.export.comparison import BOUND, Comparison
from mlptrain.export.plan import Average, Exponential, NetworkPlan, Plan, Softmax, Units


def make_plan(units=None, link=None, classes=(), *, probabilities=False):
    """A plan as far as a comparison looks at it."""
    network = NetworkPlan(
        share=1.0, columns=(), pixels=None, operations=(), members=1, link=link or Average(is_pair=False), units=units
    )
    return Plan(
        inputs=(),
        networks=(network,),
        dtype="float32",
        targets=("y",),
        classes=classes,
        are_probabilities=probabilities,
        table=TableFormat(),
        origin={},
    )


def make_units(transform, scale=2.0, center=10.0):
    return Units(scale=(scale,), center=(center,), transform=transform, lowest=(), highest=())


PROBABILITIES = make_plan(link=Softmax(), classes=("a", "b"), probabilities=True)
SCORES = make_plan(classes=("a", "b"))


def compare(plan, expected, found):
    comparison = Comparison(plan)
    comparison.add(np.array(found, float), np.array(expected, float), "row {}".format)
    return comparison


@pytest.mark.parametrize(
    ("plan", "expected", "allowed"),
    [
        (PROBABILITIES, [[0.3, 0.7]], 1.0),
        (SCORES, [[0.5, -40.0]], 40.0),
        (make_plan(make_units("none")), [[11.0]], 2.0),
        (make_plan(make_units("none")), [[210.0]], 200.0),
        (make_plan(make_units("log", 1.0, 3.0)), [[np.exp(3.5)]], np.exp(3.5)),
        (make_plan(make_units("log1p", 1.0, 3.0)), [[np.exp(3.5) - 1]], np.exp(3.5)),
        (make_plan(make_units("none", 1.0, 0.0), Exponential(is_pair=False, ceiling=20.0)), [[50.0]], 50.0),
    ],
)
def test_a_difference_is_measured_in_its_own_scale(plan, expected, allowed):
    """Where one value alone is moved, the largest difference is that by its scale."""
    for share, is_within in ((0.99, True), (1.01, False), (-0.99, True), (-1.01, False)):
        moved = np.array(expected)
        moved[0][-1] += share * BOUND * allowed
        found = compare(plan, expected, moved)
        assert found.is_within_bound == is_within
        assert found.largest == pytest.approx(abs(share) * BOUND, rel=1e-4)


def test_labels_differ_only_where_the_best_scores_are_apart():
    found = compare(
        PROBABILITIES, [[0.5, 0.5 + 1e-5], [0.4, 0.6], [0.6, 0.4]], [[0.5 + 1e-5, 0.5], [0.6, 0.4], [0.6, 0.4]]
    )
    assert (found.rows, found.labels, found.place) == (3, 1, "row 1")
    assert not replace(found, largest=0.0).is_within_bound


def test_pieces_are_added_up():
    plan = make_plan(make_units("none"))
    found = compare(plan, [[1.0], [2.0]], [[1.0], [2.5]])
    found.add(np.array([[3.0]]), np.array([[3.25]]), "other {}".format)
    assert (found.rows, found.largest, found.place, found.by_target) == (3, 0.0625, "row 1", {"y": 0.5})


def test_what_is_no_finite_number_is_left_out_and_counted():
    found = compare(SCORES, [[np.nan, 1.0], [np.inf, 0.0], [1.0, 2.0]], [[0.0, 0.0], [0.0, 0.0], [1.0, 2.0]])
    assert (found.rows, found.not_finite, found.largest, found.is_within_bound) == (3, 2, 0.0, True)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_prediction_that_the_export_lacks_is_infinitely_far(value):
    found = compare(SCORES, [[1.0, 2.0]], [[1.0, value]])
    assert found.largest == np.inf
    assert not found.is_within_bound
