"""What an error says where IPython shows it."""

import ast
import linecache
from pathlib import Path

import pytest

import mlptrain
from mlptrain.errors import DataError, MlptrainError, SpecError

CELL = "/tmp/ipykernel_17/123.py"
TABLE = {"x": [0.0, 1.0] * 8, "y": ["a", "b"] * 8}


def show(name, code, **names):
    """What IPython shows of the error that code raises which stands in a file or a cell of this name."""
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    with pytest.raises(MlptrainError) as caught:
        exec(compile(code, name, "exec"), {"mlptrain": mlptrain, **names})
    lines = caught.value._render_traceback_()
    assert lines[0].startswith("test_errors.py, line ")  # this function is the user's, too
    return lines[1:]


def test_a_cell_is_told_its_line_and_the_message():
    assert show(CELL, "rows = {'y': [1]}\nmlptrain.fit({'modl': {}, 'data': {'target': 'y'}}, rows)") == [
        "line 2: mlptrain.fit({'modl': {}, 'data': {'target': 'y'}}, rows)",
        "SpecError: spec: modl: unknown key 'modl'; did you mean 'model'?",
    ]


def test_a_file_is_named_without_its_folder():
    first, second, said = show("/home/me/mlptrain/work.py", "def go():\n    mlptrain.load('no.npz')\ngo()")
    assert (first, second) == ("work.py, line 3: go()", "work.py, line 2: mlptrain.load('no.npz')")
    assert said.startswith("ModelFileError: no.npz") or said.startswith("DataError: no.npz")


def test_the_users_function_in_the_middle_of_a_fit_is_named():
    def enough(event):
        raise DataError("enough")

    spec = {"data": {"target": "y"}, "training": {"epochs": 1}}
    lines = show(CELL, "mlptrain.fit(spec, table, sinks=enough)", spec=spec, table=TABLE, enough=enough)
    assert lines[0] == "line 1: mlptrain.fit(spec, table, sinks=enough)"
    assert 'raise DataError("enough")' in lines[1]
    assert lines[2:] == ["DataError: enough"]


def test_no_sign_moves_the_cursor():
    error = SpecError("a\x1b[2Jb\u202e", "é 精 🙂")
    assert show(CELL, "raise error", error=error)[1:] == ["SpecError: a\\x1b[2Jb\\u202e\né 精 🙂"]


def test_no_sign_of_the_users_line_does_either():
    line, said = show(CELL, "raise error  # \x1b[2J\u202e", error=SpecError("a"))
    assert (line, said) == ("line 1: raise error  # \\x1b[2J\\u202e", "SpecError: a")


def test_notes_are_shown():
    error = SpecError("wrong")
    error.add_note("a note")
    assert show(CELL, "raise error", error=error)[1:] == ["SpecError: wrong", "a note"]


def raises_own_error(node):
    """Whether statements raise one of our errors that is a ValueError, too."""
    raised = (ast.unparse(each.exc) for each in ast.walk(node) if isinstance(each, ast.Raise) and each.exc)
    return any(text.startswith(("DataError(", "SpecError(", "MissingFile(", "CellFault(")) for text in raised)


@pytest.mark.parametrize("path", sorted(Path(mlptrain.__file__).parent.rglob("*.py")), ids=lambda path: path.name)
def test_what_takes_value_errors_of_others_does_not_take_ours(path):
    """An error of ours in a `try` that ends in `except ValueError` would be told as another one."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Try) and any(map(raises_own_error, node.body)):
            kinds = [ast.unparse(handler.type) if handler.type else "" for handler in node.handlers]
            first = next((position for position, kind in enumerate(kinds) if "ValueError" in kind), 0)
            assert not first or any("DataError" in kind or "SpecError" in kind for kind in kinds[:first])
            assert first or "ValueError" not in "".join(kinds)
