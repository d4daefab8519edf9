"""The C header without texts: values of enumerations mean to it what their texts mean to the model."""

import re
from shutil import which

import pytest

from mlptrain.errors import DataError
from mlptrain.export.c import write_c
from mlptrain.export.c_enums import MACROS, find_code, make_enumerations
from mlptrain.export.c_program import COMPILERS, compile_program, run_program
from mlptrain.export.plan import CodePlan, Codes, TextInput
from tests.support.c_plans import STRICT, make_network, make_plan
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


@NO_COMPILER
def test_no_value_has_the_name_of_a_macro_of_the_header(tmp_path):
    codes = Codes(texts={"?": 0, "ok": 1}, other=2)  # a text without a letter adds nothing to its column's name
    names = [each.lower() for each in MACROS]
    columns = [CodePlan(input=name, codes=codes) for name in names]
    plan = make_plan("macros", [TextInput(name=name) for name in names], make_network(columns), len(names))
    header = tmp_path / "macros.h"
    header.write_text(write_c(plan, enums=True), "utf-8")
    defined = re.findall(r"^ *#define MACROS_(\w+)", header.read_text("utf-8"), re.MULTILINE)
    assert set(defined) <= set(MACROS)
    program = compile_program(tmp_path, [header], [plan], STRICT, enums=True)
    found = run_program(program, 0, {name: ["?", "ok", ""] for name in names}, plan, enums=True)
    assert found.tolist() == [[code] * len(names) for code in (0, 1, 2)]


def test_the_constants_have_different_names_and_the_header_no_texts_to_search():
    text = write_c(make_export_case("linear").plan, enums=True)
    constants = re.findall(r"^    (LINEAR_\w+) = \d+,", text, re.MULTILINE)
    assert len(constants) == len(set(constants)) > 5
    assert "find_text" not in text
    assert "strcmp" not in text
