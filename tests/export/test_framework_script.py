"""What the scripts of frameworks have in common: they stand alone, and no text of a model becomes code."""

import ast
import builtins
import sys
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Literal, get_args

import numpy as np
import pytest

from mlptrain.engine.losses import LogCosh, Loss
from mlptrain.errors import EnvironmentFailure
from mlptrain.export.definitions import list_defined_names
from mlptrain.export.framework_script import SHARED_PARTS, find_framework, name_loss
from mlptrain.export.keras import FRAMEWORK as KERAS
from mlptrain.export.keras import write_keras
from mlptrain.export.plan import NotExportable
from mlptrain.export.python import read_parts
from mlptrain.export.pytorch import FRAMEWORK as PYTORCH
from mlptrain.export.pytorch import write_pytorch
from tests.support.export_cases import CASES_TO_RUN, make_export_case
from tests.support.export_cases import GENERATED as CASE_NAMES

WRITERS = [write_pytorch, write_keras]
HOSTILE = 'a"""\n\'\'\'\\ \u2028\u202e"\x00\ud800; import os'
CASE = next(iter(CASE_NAMES))


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("name", CASES_TO_RUN)
def test_a_script_stands_alone(name, write):
    """It defines or imports each name that it uses, nothing of ours, in lines of a length for people."""
    case = make_export_case(name)
    text = write(case.model, case.plan)
    tree = ast.parse(text)
    compile(tree, "script", "exec")
    imported = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = {getattr(node, "module", None) or node.names[0].name for node in imported}
    assert {each.split(".")[0] for each in modules} - set(sys.stdlib_module_names) <= {"numpy", "torch", "keras"}
    there = list_defined_names(text) | {each.name for node in imported for each in node.names} | set(dir(builtins))
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    bound |= {node.name for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.name}
    bound |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert used - there - bound - {"__file__"} == set()
    assert max(map(len, text.splitlines())) <= 200


@pytest.mark.parametrize("write", WRITERS)
def test_no_text_of_a_model_becomes_code(write):
    case = make_export_case(CASE)
    plain = write(case.model, case.plan)
    origin = {**case.plan.origin, "model": HOSTILE}
    hostile = write(case.model, replace(case.plan, origin=origin, targets=(HOSTILE,), classes=(HOSTILE, "no", "yes")))
    kinds = [type(node) for node in ast.parse(plain).body]
    assert [type(node) for node in ast.parse(hostile).body] == kinds
    assert hostile.isascii() == plain.isascii()


@pytest.mark.parametrize("part", ["pytorch_network.py", "keras_network.py"])
def test_every_loss_has_a_form(part):
    there = list_defined_names(files("mlptrain.export").joinpath(part).read_text("utf-8"))
    assert {name_loss(each()) for each in get_args(Loss)} <= there


@dataclass(frozen=True, kw_only=True)
class Quartic(LogCosh):
    name: Literal["quartic"] = "quartic"  # type: ignore[assignment]


@pytest.mark.parametrize("write", WRITERS)
def test_an_unknown_loss_is_refused_by_name(write):
    case = make_export_case(CASE)
    first = case.model.networks[0]
    unknown = replace(first, head=replace(first.head, loss=Quartic()))
    with pytest.raises(NotExportable, match="quartic"):
        write(replace(case.model, networks=(unknown,), weights=(1.0,)), case.plan)


def test_a_framework_that_is_not_here_is_named_with_the_line_that_installs_it():
    with pytest.raises(EnvironmentFailure, match="pip install no-such-framework"):
        find_framework("no-such-framework")
    assert find_framework("numpy") == np.__version__


@pytest.mark.parametrize("framework", [PYTORCH, KERAS], ids=["pytorch", "keras"])
def test_no_name_of_a_framework_s_part_is_taken_by_a_shared_one(framework):
    """Of two definitions of a name that of the later part counts, and the framework's parts come first."""
    own, shared = ([*(f"export/{name}" for name in framework.parts)], [*SHARED_PARTS])
    names = [set().union(*map(list_defined_names, read_parts(parts))) for parts in (own, shared)]
    assert names[0] & names[1] == set()
