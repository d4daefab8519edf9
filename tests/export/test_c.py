"""The C header: it compiles without a warning, and predicts what the model predicts."""

from dataclasses import dataclass, replace
from functools import cache
from shutil import which
from warnings import catch_warnings

import numpy as np
import pytest

import mlptrain
from mlptrain.errors import DataError, EnvironmentFailure
from mlptrain.export.c import MOST_ON_STACK, write_c
from mlptrain.export.c_program import COMPILERS, find_compiler, predict_with_c, run_program
from mlptrain.export.cells import collect_cells
from mlptrain.export.outputs import plan_model
from mlptrain.export.plan import Curve, DateInput, NotExportable, NumberInput, TextInput, TextPlan
from mlptrain.export.processes import run_process
from mlptrain.model.memory_rows import make_prediction_rows
from tests.support.c_plans import STRICT, compile_plans
from tests.support.export_cases import CASES, FEW_CASES, NEEDS_ALL, assert_same_predictions, make_export_case

pytestmark = pytest.mark.skipif(not any(map(which, COMPILERS)), reason="there is no C compiler: install gcc")

SANITIZED = (*STRICT, "-fsanitize=address,undefined", "-fno-sanitize-recover")
ORIGIN = {"model": "m.npz", "sha256": "0" * 64, "mlptrain": "0.0"}


@pytest.fixture(scope="module")
def compile_cases(tmp_path_factory):
    """A program of some cases, one for all tests."""

    @cache
    def compile_once(names, flags):
        return compile_plans(tmp_path_factory.mktemp("c"), [make_export_case(name).plan for name in names], flags)

    return compile_once


def require_same(program, place, case):
    assert_same_predictions(run_program(program, place, case.cells, case.plan), case.expected, case.plan)


@pytest.mark.parametrize("name", FEW_CASES)
def test_header_predicts_what_the_model_predicts(name, compile_cases):
    require_same(compile_cases(FEW_CASES, STRICT), FEW_CASES.index(name), make_export_case(name))


@pytest.mark.integration
@NEEDS_ALL
@pytest.mark.parametrize("name", CASES)
def test_sanitizers_find_no_fault(name, compile_cases):
    require_same(compile_cases(CASES, SANITIZED), CASES.index(name), make_export_case(name))


@pytest.mark.integration
@NEEDS_ALL
def test_headers_are_cpp_too(tmp_path):
    for number, name in enumerate(CASES):
        (tmp_path / f"{number}.h").write_text(write_c(make_export_case(name).plan), encoding="utf-8")
    (tmp_path / "all.cpp").write_text("\n".join(f'#include "{number}.h"' for number in range(len(CASES))))
    flags = ["-std=c++11", "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only"]
    assert run_process([find_compiler(), *flags, str(tmp_path / "all.cpp")]).problems == ""


# Names and levels

HOSTILE = [
    *('"quoted"', "it's", "two\nlines", "\r", "*/ int x; /*", "?>", "??/", "??/\n", "\\", "\\n", '\\"', "//", "\t"),
    *("a\u202eb", "\u200fRTL", "é1", "1é", "0", "int", "NAN", "NULL", "I", "linux", "a b", "a_b", "a-b", "größe"),
    *("модель", "%s %n", "{0}", "cells", "row", "x", "values", "m_fill(", "NAME_fill", "#define", "\x1b[2J", "😀"),
    *("__FILE__", "_", "x" * 4500, "é" * 2100, "$", "@", "`", "a" * 300, "m", "m_row", "m_predict"),
]


def fit(table, **spec):
    """A model of a table in memory, and what it predicts for the same rows."""
    with catch_warnings(action="ignore"):
        model = mlptrain.fit({"training": {"epochs": 1}, **spec}, table, progress=False, threads=1).model
    inputs = {name: values for name, values in table.items() if name != model.head.names[0]}
    rows = make_prediction_rows(inputs, model.spec.data, model.columns())
    return model, collect_cells(model, rows), model.predict_values(model.read_inputs(inputs)).astype(float)


def require_same_as_model(folder, plan, cells, expected, flags=STRICT):
    program = compile_plans(folder, [plan], flags)
    assert_same_predictions(run_program(program, 0, cells, plan), expected, plan)


def test_names_and_levels_are_only_texts(tmp_path):
    model, cells, expected = fit_hostile()
    names = ["m.npz", 'my "model*??\n.npz', "int.npz", "модель.npz"]
    plans = [plan_model(model, {**ORIGIN, "model": name}) for name in names]
    program = compile_plans(tmp_path, plans)
    for number, plan in enumerate(plans):
        assert_same_predictions(run_program(program, number, cells, plan), expected, plan)


def fit_hostile():
    draw = np.random.default_rng(0)
    texts = {name: draw.choice(HOSTILE, 100).tolist() for name in HOSTILE[::2]}
    numbers = {name: draw.normal(size=100).tolist() for name in HOSTILE[1::2]}
    target = {'"*/\\??/\n': draw.permutation([*HOSTILE, *HOSTILE][:100]).tolist()}
    data = {"target": next(iter(target)), "missing_target": "drop", "category_encoding": {"name": "one_hot"}}
    return fit(texts | numbers | target, data=data, model={"hidden": [8]})


@pytest.mark.integration
@pytest.mark.parametrize(
    ("encoding", "count"), [("one_hot", 10_000), ("embedding", 10_000), ("ordinal", 10_000), ("target", 10_000)]
)
def test_there_may_be_many_levels(encoding, count, tmp_path):
    levels = [f"{number:x} ä{number}" for number in range(count)]
    table = {"level": [*levels, *levels], "y": np.random.default_rng(0).normal(size=2 * count).tolist()}
    data = {"target": "y", "category_encoding": {"name": encoding}, "columns": {"level": "category"}}
    model, cells, expected = fit(table, data=data, model={"hidden": [4]})
    require_same_as_model(tmp_path, plan_model(model, ORIGIN), cells, expected, SANITIZED)


def change_level(plan):
    """The plan with a level that holds NUL."""
    network = plan.networks[0]
    column = next(each for each in network.columns if isinstance(each, TextPlan))
    changed = replace(column, codes=replace(column.codes, texts={**column.codes.texts, "a\0b": 0}))
    columns = tuple(changed if each is column else each for each in network.columns)
    return replace(plan, networks=(replace(network, columns=columns),)), column.input


def test_a_text_that_c_cannot_hold_is_refused_by_name():
    plan = make_export_case("linear").plan
    first, *others = plan.inputs
    for changed in (replace(plan, targets=("a\0b",)), replace(plan, classes=("a\0b", "c"))):
        with pytest.raises(NotExportable, match=r"'a\\x00b' holds the character NUL"):
            write_c(changed)
    with pytest.raises(NotExportable, match=r"column 'a\\x00b'"):
        write_c(replace(plan, inputs=(replace(first, name="a\0b"), *others)))
    changed, name = change_level(plan)
    with pytest.raises(NotExportable, match=rf"column '{name}': the text 'a\\x00b' holds the character NUL"):
        write_c(changed)


# Rows


def put(cells, name, value):
    """The first row, with another cell."""
    first = {each: values[:1] for each, values in cells.items()}
    return {**first, name: [value]}


@pytest.fixture(scope="module")
def linear(tmp_path_factory):
    case = make_export_case("linear")
    return case, compile_plans(tmp_path_factory.mktemp("linear"), [case.plan], STRICT)


def list_faults(plan):
    """A cell of each column that the model cannot read."""
    faults = {NumberInput: -1.1e300, DateInput: 1.1e12}
    yield from ((each.name, faults[type(each)]) for each in plan.inputs if type(each) in faults)
    columns = [column for column in plan.networks[0].columns if isinstance(column, TextPlan)]
    yield from ((column.input, "perhaps") for column in columns if column.codes.refuses_others)


def test_cells_that_cannot_be_read_are_told_by_their_column(linear):
    case, program = linear
    faults = list(list_faults(case.plan))
    assert len(faults) >= 5
    for name, value in faults:
        with pytest.raises(DataError, match=f"row 1: column {name}"):
            run_program(program, 0, put(case.cells, name, value), case.plan)


def test_blanks_around_texts_do_not_count(linear):
    case, program = linear
    texts = [column.input for column in case.plan.networks[0].columns if isinstance(column, TextPlan)]
    assert texts
    padded = {name: [f" \t{v}\r\n" for v in values] if name in texts else values for name, values in case.cells.items()}
    assert_same_predictions(run_program(program, 0, padded, case.plan), case.expected, case.plan)


MISSING = """
#include <stdio.h>
#include "{header}"
int main(void) {{
    {name}_row row = {NAME}_MISSING;
    {type} values[{count}];
    {name}_predict(&row, values);
    fwrite(values, sizeof values, 1, stdout);
    return 0;
}}
"""


@pytest.mark.parametrize("enums", [False, True])
def test_a_row_of_missing_cells_has_none(enums, tmp_path):
    case = make_export_case("linear")
    texts = {each.name for each in case.plan.inputs if isinstance(each, TextInput)}
    cells = {each.name: [""] if each.name in texts else np.array([np.nan]) for each in case.plan.inputs}
    expected = run_program(compile_plans(tmp_path, [case.plan]), 0, cells, case.plan)
    (tmp_path / "m.h").write_text(write_c(case.plan, enums=enums), encoding="utf-8")
    real = {"float32": "float", "float64": "double"}[case.plan.dtype]
    given = {"name": "linear", "NAME": "LINEAR", "type": real, "count": len(case.plan.classes)}
    (tmp_path / "m.c").write_text(MISSING.format(header="m.h", **given))
    done = run_process([find_compiler(), *STRICT, str(tmp_path / "m.c"), "-o", str(tmp_path / "m"), "-lm"])
    assert done.problems == ""
    assert np.array_equal(np.frombuffer(run_process([str(tmp_path / "m")]).output, case.plan.dtype), expected[0])


def test_compilers_that_know_no_missing_numbers_are_told(tmp_path):
    with pytest.raises(EnvironmentFailure, match="ffast-math"):
        compile_plans(tmp_path, [make_export_case("linear").plan], [*STRICT, "-ffast-math"])


def test_wide_networks_work_in_static_arrays(tmp_path):
    draw = np.random.default_rng(0)
    table = {"x": draw.normal(size=20).tolist(), "y": draw.normal(size=20).tolist()}
    model, cells, expected = fit(table, data={"target": "y"}, model={"hidden": [MOST_ON_STACK // 4]})
    plan = plan_model(model, ORIGIN)
    assert "#define M_SCRATCH static" in write_c(plan)
    assert "#define M_SCRATCH static" not in write_c(make_export_case("linear").plan)
    header = tmp_path / 'a "b"\n.h'
    header.write_text(write_c(plan))
    assert_same_predictions(predict_with_c(header, cells, plan), expected, plan)


def test_what_has_no_form_in_c_is_refused_by_name():
    @dataclass(frozen=True)
    class Unknown:
        name: str = "unknown_curve"

    plan = make_export_case("linear").plan
    network = plan.networks[0]
    for operation in (Curve(activation=Unknown()), Unknown()):
        with pytest.raises(NotExportable, match="unknown_curve"):
            write_c(replace(plan, networks=(replace(network, operations=(*network.operations, operation)),)))
