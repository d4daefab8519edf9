"""Columns in C: scalings, dates and replaced numbers are those of the data room, for cells of every size."""

from itertools import product
from shutil import which

import numpy as np
import pytest

from mlptrain.annotations import list_union_members
from mlptrain.data.category_column import CategoryColumn
from mlptrain.data.dates import DateParts
from mlptrain.data.encodings import LevelCodes
from mlptrain.data.meanings import trim_text
from mlptrain.data.scaling import Affine, FittedScaling, LogAffine, NormalQuantiles, SmoothlyClipped
from mlptrain.export.c_program import COMPILERS, pack_text, run_program
from mlptrain.export.columns import plan_column
from mlptrain.export.plan import DateInput, DatePlan, NumberInput, NumberPlan, TextInput
from mlptrain.export.processes import run_process
from mlptrain.export.python import pack_plan
from mlptrain.export.standalone_rows import find_code
from mlptrain.spec.fields import Data
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


def draw_number_texts():
    """Numbers in spellings of many grammars, and texts that are nearly numbers."""
    draw = np.random.default_rng(0)
    near = ["".join(draw.choice(list("0123.,-+e'% "), draw.integers(1, 7))) for _ in range(400)]
    return ["1", "1.000", "1,000", "1.0", "1,0", "2.50", "2,50", "1e3", "1000", "12%", " 1 ", "+1", "01", "", *near]


def test_a_number_among_levels_is_the_models_level_or_none(tmp_path):
    levels, texts = ("1", "1000", "2.5", "-3"), draw_number_texts()
    grammars = [
        {"decimal": decimal, "thousands": thousands, "units": units}
        for decimal, thousands, units in product(".,", ("", ".", ",", " ", "'"), ((), ("%",)))
        if decimal != thousands
    ]
    columns = []
    for number, grammar in enumerate(grammars):
        data = Data(train="t.csv", target="y", **grammar)
        written = tuple(map(data.grammar.write, levels))
        column = CategoryColumn(name=f"x{number}", levels=written, encoding=LevelCodes(levels=len(levels), embedding=1))
        columns.append(plan_column(column, data))
    inputs = [TextInput(name=each.input) for each in columns]
    plan = make_plan("numbers", inputs, make_network(columns), len(columns))
    program, other = compile_plans(tmp_path, [plan]), len(levels)
    packed = b"".join(pack_text(text) for text in texts for _ in columns)
    done = run_process([str(program), "0"], packed)
    found = np.frombuffer(done.output).reshape(len(texts), len(columns))
    expected = [[read_as_model(text, each.codes) for each in columns] for text in texts]
    wrong = (found != expected) & (found != other)
    assert [(texts[row], grammars[column]) for row, column in zip(*np.nonzero(wrong), strict=True)] == []
    is_plain = [each.codes.grammar.is_plain for each in columns]
    np.testing.assert_array_equal(found[:, is_plain], np.array(expected)[:, is_plain])
    as_known = run_program(program, 0, {each.input: texts for each in columns}, plan)
    np.testing.assert_array_equal(as_known, expected)


def read_as_model(text, codes):
    """The level that a text is to the model."""
    return find_code(trim_text(text), pack_plan(codes))
