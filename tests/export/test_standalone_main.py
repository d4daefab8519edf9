"""The scorer's predictions: those that are no finite numbers are empty cells, and told as the model tells them."""

import math

import numpy as np

from mlptrain.export.standalone_main import Lost, list_outputs
from mlptrain.model.answers import NotFinite, mark_not_finite

PLACES = "rows.csv:{}".format


class Places:
    """Rows that have nothing but places."""

    def describe_place(self, row):
        return PLACES(row)


def draw_values():
    """Numbers (rows, 3), a third of which are none."""
    draw = np.random.default_rng(0)
    return np.where(
        draw.random((60, 3)) < 0.3, draw.choice([np.nan, np.inf, -np.inf], (60, 3)), draw.normal(size=(60, 3))
    )


def test_numbers_that_are_not_finite_are_empty_and_counted_as_the_model_does():
    names, values = ["a", "b", "c"], draw_values()
    values[0, 0], values[:, 2] = np.nan, 1.5
    rows = list(enumerate(values.tolist()))
    lost, expected = Lost(names), NotFinite()
    assert lost.describe() == expected.words() == ""
    expected.add(mark_not_finite(values, names), Places())
    model = {"classes": [], "dtype": "float64"}
    cells = [lost.add(list_outputs(row, model, probabilities=False), PLACES(place)) for place, row in rows]
    assert [[cell and float(cell) for cell in row] for row in cells] == [
        [number if math.isfinite(number) else "" for number in row] for _, row in rows
    ]
    assert lost.describe() == expected.words() != ""


def test_a_label_is_told_of_finite_scores_alone():
    model = {"classes": ["x", "y", "z"], "dtype": "float64"}
    for scores in draw_values().tolist():
        label, *probabilities = list_outputs(scores, model, probabilities=True)
        assert list_outputs(scores, model, probabilities=False) == [label]
        assert (label != "") is all(probabilities) is all(map(math.isfinite, scores))
