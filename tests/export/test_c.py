"""The C header: it compiles without a warning, and predicts what the model predicts."""

from functools import cache
from shutil import which

import pytest

from mlptrain.export.c import write_c
from mlptrain.export.c_program import COMPILERS, compile_program, run_program
from tests.support.export_cases import CASES, CASES_TO_RUN, FEW_CASES, assert_same_predictions, make_export_case

pytestmark = pytest.mark.skipif(not any(map(which, COMPILERS)), reason="there is no C compiler: install gcc")

STRICT = ("-std=c99", "-O0", "-Wall", "-Wextra", "-Werror", "-pedantic")
SANITIZED = (*STRICT, "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover")


def compile_plans(folder, plans, flags):
    """A program of the headers of plans, whose models have different names."""
    headers = [folder / f"{number}.h" for number in range(len(plans))]
    for header, plan in zip(headers, plans, strict=True):
        header.write_text(write_c(plan), encoding="utf-8")
    return compile_program(folder, headers, plans, flags)


@pytest.fixture(scope="module")
def find_program(tmp_path_factory):
    """The program that has a case, and its place there: one for the few cases, another, with sanitizers, for all."""

    @cache
    def compile_cases(names, flags):
        return compile_plans(tmp_path_factory.mktemp("c"), [make_export_case(name).plan for name in names], flags)

    def find(name):
        names, flags = (FEW_CASES, STRICT) if name in FEW_CASES else (CASES, SANITIZED)
        return compile_cases(names, flags), names.index(name)

    return find


@pytest.mark.parametrize("name", CASES_TO_RUN)
def test_header_predicts_what_the_model_predicts(name, find_program):
    case = make_export_case(name)
    found = run_program(*find_program(name), case.cells, case.plan)
    assert_same_predictions(found, case.expected, case.plan)
