"""Columns in C: scalings, dates and replaced numbers are those of the data room, for cells of every size."""

from shutil import which

import numpy as np
import pytest

from mlptrain.annotations import list_union_members
from mlptrain.data.dates import DateParts
from mlptrain.data.scaling import Affine, FittedScaling, LogAffine, NormalQuantiles, SmoothlyClipped
from mlptrain.export.c_program import COMPILERS, run_program
from mlptrain.export.plan import DateInput, DatePlan, NumberInput, NumberPlan
from tests.support.c_plans import AS_IT_IS, compile_plans, make_network, make_plan

pytestmark = pytest.mark.skipif(not any(map(which, COMPILERS)), reason="there is no C compiler: install gcc")

SCALINGS = [
    AS_IT_IS,
    Affine(center=-1e300, scale=1e300),
    SmoothlyClipped(center=2.0, scale=1e-10),
    SmoothlyClipped(center=2.0, scale=5.0),
    LogAffine(center=0.5, scale=2.0),
    NormalQuantiles(values=(-1.0, 0.0, 0.0, 0.0, 2.0, 2.0, 7.5)),
    NormalQuantiles(values=(-3e299, 3e299)),
    NormalQuantiles(values=(1.0, 1.0, 2.0, 3.0, 3.0)),
]


def draw_numbers():
    """Numbers of every size, and those that quantiles have."""
    draw = np.random.default_rng(0)
    sizes = 10 ** draw.uniform(-320, 300, 200)
    ends = [0.0, -0.0, 1.0, 2.0, 3.0, 7.5, -1.0, 1e300, -1e300, 5e-324, np.nan]
    return np.concatenate([sizes, -sizes, draw.normal(size=200) * 3, ends])


def test_scalings_are_those_of_the_model(tmp_path):
    assert {type(each) for each in SCALINGS} == set(list_union_members(FittedScaling))
    x, fill = draw_numbers(), 1.5
    columns = [NumberPlan(input="x", fill=fill, scaling=each, indicator=True) for each in SCALINGS]
    plan = make_plan("scalings", [NumberInput(name="x")], make_network(columns), 2 * len(SCALINGS))
    found = run_program(compile_plans(tmp_path, [plan]), 0, {"x": x}, plan)
    for number, scaling in enumerate(SCALINGS):
        expected = scaling(np.where(np.isnan(x), fill, x))
        np.testing.assert_allclose(found[:, 2 * number], expected, rtol=1e-12, atol=1e-12, err_msg=str(scaling))
        np.testing.assert_array_equal(found[:, 2 * number + 1], np.isnan(x))


def draw_moments():
    """Moments of the years 1 to 9999 and beyond, around the ends of years and days, and missing ones."""
    draw = np.random.default_rng(0)
    years = [*range(1, 9999, 7), *range(1896, 2110), 9999]
    starts = np.array([f"{year:04}-01-01" for year in years], "datetime64[s]").astype(np.float64)
    near = starts[:, None] + np.array([-2 * 86400, -1, -1e-3, 0, 1, 86400, 2 * 86400, 59 * 86400])
    return np.concatenate([near.ravel(), draw.uniform(-6e10, 2.5e11, 300), [1e12, -1e12, np.nan]])


def test_parts_of_dates_are_those_of_the_model(tmp_path):
    t = draw_moments()
    parts = [
        DateParts(center=1e9, scale=3e8, median=1.1e9 + 0.25, cycles=cycles)
        for cycles in (("year", "week", "day"), ("week",), ("day", "year"), ())
    ]
    columns = [DatePlan(input="t", parts=each, indicator=True) for each in parts]
    inputs = [DateInput(name="t", format="epoch")]
    plan = make_plan("dates", inputs, make_network(columns), sum(each.width for each in columns))
    found = run_program(compile_plans(tmp_path, [plan]), 0, {"t": t}, plan)
    expected = np.concatenate([np.concatenate([each(t), np.isnan(t)[:, None]], axis=1) for each in parts], axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_a_number_is_replaced_once(tmp_path):
    given = NumberInput(name="x", replaced=((1.0, 2.0), (2.0, 3.0), (-999.0, None), (4.0, 1e-300)))
    column = NumberPlan(input="x", fill=7.0, scaling=AS_IT_IS, indicator=True)
    plan = make_plan("replaced", [given], make_network([column]), 2)
    cells = {"x": np.array([1.0, 2.0, 3.0, -999.0, 4.0, np.nan])}
    found = run_program(compile_plans(tmp_path, [plan]), 0, cells, plan)
    assert found.tolist() == [[2, 0], [3, 0], [3, 0], [7, 1], [1e-300, 0], [7, 1]]
