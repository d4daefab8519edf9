"""Slices of rows: each row is in one, of the value or range that its cell has."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlptrain
from mlptrain.model.memory_rows import make_evaluation_rows
from mlptrain.model.slicing import FEW_NUMBERS, MISSING, MOST_SLICES, OTHERS, divide_numbers, slice_rows_by_input
from tests.support.drawing import drawn
from tests.support.in_memory import KINDS, make_columns, make_spec

COLUMNS = make_columns()


@pytest.fixture(scope="module")
def model():
    return mlptrain.fit(make_spec(training={"epochs": 1}), COLUMNS).model


@pytest.fixture(scope="module")
def table(model):
    return make_evaluation_rows(COLUMNS, model.spec.data, model.columns(), model.head, []).inputs


@pytest.mark.parametrize("name", KINDS)
def test_every_row_is_in_the_slice_of_its_cell(model, table, name):
    slicing = slice_rows_by_input(model.columns()[name], table)
    assert (slicing.column, len(slicing.codes)) == (name, table.rows)
    for code, cell in zip(slicing.codes.tolist(), COLUMNS[name], strict=True):
        low, _, high = (value := slicing.values[code]).partition(" to ")
        if cell is None:
            assert value == MISSING
        elif high and KINDS[name] == "date":
            assert low[:10] <= cell.isoformat()[:10] <= high[:10]
        elif high:
            assert float(low) <= cell <= float(high)
        else:
            assert value == str(cell)


def test_rare_levels_are_one_slice():
    cells = [f"level {k}" for k in range(80)] + ["often"] * 9 + [None] * 3
    rows = {"x": cells, "y": [k % 2 for k in range(92)]}
    spec = {"data": {"target": "y", "columns": {"x": "category"}}, "training": {"epochs": 1}}
    model = mlptrain.fit(spec, rows).model
    table = make_evaluation_rows(rows, model.spec.data, model.columns(), model.head, []).inputs
    slicing = slice_rows_by_input(model.columns()["x"], table)
    counts = dict(zip(slicing.values, np.bincount(slicing.codes).tolist(), strict=True))
    assert len(counts) == MOST_SLICES + 2
    assert (counts["often"], counts[MISSING], counts[OTHERS]) == (9, 3, 80 - (MOST_SLICES - 1))


@drawn
@given(
    values=st.lists(st.sampled_from([*map(float, range(30)), np.nan]), max_size=60),
    zeros=st.sampled_from([0, 5, 40]),
)
def test_numbers_are_divided_into_ranges_that_do_not_overlap(values, zeros):
    numbers = np.array(values + [0.0] * zeros)
    names, codes = divide_numbers(numbers, str)
    assert ((codes == len(names)) == np.isnan(numbers)).all()
    inside = [numbers[codes == code] for code in range(len(names))]
    assert all(len(each) for each in inside)
    assert all(one.max() < other.min() for one, other in pairwise(inside))
    different = np.unique(numbers[~np.isnan(numbers)])
    if len(different) <= FEW_NUMBERS:
        assert names == list(map(str, different))
    elif zeros == 40:
        assert names[0] == "0.0"
        assert set(inside[0]) == {0.0}
