import ast
import gc
import sys
from contextlib import suppress
from pathlib import Path

import pytest

import mlptrain.cli
from mlptrain.loading import load_modules

COMMANDS = sorted(Path(mlptrain.cli.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_rests_while_modules_load_and_is_then_as_before(enabled: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        with suppress(ImportError), load_modules():
            assert not gc.isenabled()
            raise ImportError
        assert gc.isenabled() == enabled
    finally:
        (gc.enable if before else gc.disable)()


def test_only_what_was_loaded_with_modules_is_kept_from_the_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen = gc.get_freeze_count()
    with load_modules():
        pass
    assert gc.get_freeze_count() == frozen
    try:
        with load_modules():
            monkeypatch.setitem(sys.modules, "a_module_that_is_new", gc)
        assert gc.get_freeze_count() > frozen
    finally:
        gc.unfreeze()


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: path.stem)
def test_commands_load_what_they_need_while_the_collector_rests(path: Path) -> None:
    """Every import of `mlptrain.commands` in a function, which loads NumPy, stands in such a block."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    resting = {id(part) for node in ast.walk(tree) if isinstance(node, ast.With) for part in node.body}
    imports = [part for function in functions for part in ast.walk(function) if isinstance(part, ast.ImportFrom)]
    heavy = [part for part in imports if (part.module or "").startswith("mlptrain.commands")]
    assert [part.lineno for part in heavy if id(part) not in resting] == []
