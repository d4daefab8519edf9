"""The C header without texts: values of enumerations mean to it what their texts mean to the model."""

import re
from shutil import which

import pytest

from mlptrain.errors import DataError
from mlptrain.export.c import write_c
from mlptrain.export.c_enums import find_code, make_enumerations
from mlptrain.export.c_program import COMPILERS, compile_program, run_program
from tests.support.c_plans import STRICT
from tests.support.export_cases import FEW_CASES, assert_same_predictions, make_export_case

NO_COMPILER = pytest.mark.skipif(not any(map(which, COMPILERS)), reason="there is no C compiler: install gcc")


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """One program of the few cases."""
    folder = tmp_path_factory.mktemp("c")
    plans = [make_export_case(name).plan for name in FEW_CASES]
    headers = [folder / f"{name}.h" for name in FEW_CASES]
    for header, plan in zip(headers, plans, strict=True):
        header.write_text(write_c(plan, enums=True), encoding="utf-8")
    return compile_program(folder, headers, plans, STRICT, enums=True)


@NO_COMPILER
@pytest.mark.parametrize("name", FEW_CASES)
def test_header_predicts_what_the_model_predicts(name, program):
    case = make_export_case(name)
    found = run_program(program, FEW_CASES.index(name), case.cells, case.plan, enums=True)
    assert_same_predictions(found, case.expected, case.plan)


@NO_COMPILER
def test_a_value_that_is_none_is_told_by_its_column(program):
    case = make_export_case("linear")
    first = {name: values[:1] for name, values in case.cells.items()}
    refusing = [name for name, each in make_enumerations(case.plan).items() if each.refuses_others]
    assert refusing
    for name in refusing:
        with pytest.raises(DataError, match=f"row 1: column {name}"):
            run_program(program, FEW_CASES.index("linear"), {**first, name: ["perhaps"]}, case.plan, enums=True)


@pytest.mark.parametrize("name", FEW_CASES)
def test_each_value_is_the_code_of_its_texts_in_every_coding(name):
    for each in make_enumerations(make_export_case(name).plan).values():
        known = {text for texts in each.texts for text in texts}
        assert known == {"", *(text for codes in each.codings for text in codes.texts)}
        for codes in each.codings:
            found = each.list_codes(codes)
            assert {text: found[each.find_value(text)] for text in known} == {
                text: find_code(text, codes) for text in known
            }
        assert len(set(each.meanings)) == len(each.meanings)


def test_the_constants_have_different_names_and_the_header_no_texts_to_search():
    text = write_c(make_export_case("linear").plan, enums=True)
    constants = re.findall(r"^    (LINEAR_\w+) = \d+,", text, re.MULTILINE)
    assert len(constants) == len(set(constants)) > 5
    assert "find_text" not in text
    assert "strcmp" not in text
