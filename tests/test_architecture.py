"""Who may import what: the table of mlptrain/README.md, held by the code's own imports."""

import ast
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "mlptrain"

# room (a folder or a file) → the rooms of ours and the other libraries it may import; the standard library is free
ROOMS = {
    "engine": {"engine", "randomness", "numpy", "annotated_types", "numba"},
    "data": {"data", "errors", "randomness", "numpy", "annotated_types", "pyarrow"},
    "spec": {"spec", "engine", "data", "errors", "annotated_types", "yaml", "pydantic", "pydantic_core"},
    "training": {"training", "architecture", "spec", "engine", "data", "errors", "randomness", "memory", "numpy"},
    "reporting": {"reporting", "training", "workflows", "spec", "rich", "yaml"},
    "workflows": {
        *("workflows", "training", "model_file", "checkpoint_file", "container", "metadata", "publishing", "locking"),
        *("architecture", "spec", "engine", "data", "errors", "randomness", "numpy", "yaml", "threadpoolctl"),
    },
    "cli": {
        *("cli", "workflows", "reporting", "publishing", "spec", "data", "errors", "processor"),
        *("typer", "rich", "threadpoolctl"),
    },
    "architecture.py": {"engine", "spec", "data", "numpy"},
    "container.py": {"errors", "numpy"},
    "metadata.py": {"errors"},
    "foreign.py": {"data"},
    "model_rules.py": {"container", "training", "spec", "engine", "data", "numpy"},
    "model_file.py": {
        *("architecture", "container", "metadata", "foreign", "model_rules", "publishing"),
        *("training", "spec", "engine", "data", "errors", "numpy"),
    },
    "checkpoint_file.py": {"container", "metadata", "model_file", "publishing", "training", "errors", "numpy"},
    "publishing.py": {"errors"},
    "locking.py": {"errors"},
    "randomness.py": {"numpy"},
    "memory.py": set(),
    "processor.py": set(),
    "errors.py": set(),
    "storage": set(),
    "__init__.py": set(),
    "__main__.py": {"cli", "errors", "reporting"},
}
FILES_OF = {
    "rich": {"reporting/console.py", "cli/fit.py"},
    "pydantic": {"spec/schema.py", "spec/file.py"},
    "numba": {"engine/compiled.py"},
    "pyarrow": {"data/quick.py", "data/parquet.py"},
}
"""Libraries that stay in few files."""
PLAIN_TRAINING = {"spec/fields.py", "spec/plain.py"}
"""All that training and the model file may take of the spec room: no YAML, no validation."""
FORBIDDEN_IN_ENGINE = {"print", "open", "input", "exec", "eval"}
FORBIDDEN_MODULES = {
    *("pickle", "marshal", "shelve", "joblib", "dill", "cloudpickle", "copyreg", "code", "codeop", "runpy"),
    *("importlib.machinery", "pkgutil", "ctypes", "multiprocessing", "subprocess", "pty"),
    *("urllib", "socket", "ssl", "http", "ftplib", "smtplib", "requests", "asyncio", "xmlrpc", "webbrowser"),
    *("logging", "random", "zipfile", "tarfile"),
}
"""What runs code, reaches the network or other processes, unpacks archives, or is not the way here."""
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_ATTRIBUTES = {
    *("system", "popen", "spawnl", "spawnv", "execv", "execl", "fork", "posix_spawn", "import_module", "load_module"),
    *("exec_module", "module_from_spec"),
    *("full_load", "unsafe_load", "load_all", "UnsafeLoader", "FullLoader", "fromfile", "memmap", "extractall"),
    *("__globals__", "__subclasses__", "__builtins__"),
}
"""Ways to other processes, to names in files, and around what is safe."""


def files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    """The room of a file; in `storage` each file is a room of its own."""
    room, *rest = path.relative_to(PACKAGE).parts
    return rest[0] if room == "storage" and rest != ["__init__.py"] else room


def imports(path: Path) -> list[str]:
    """The modules that a file imports, wherever in the file."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            found.append(node.module or "")
            if node.module in ("mlptrain", "mlptrain.cli", "mlptrain.storage"):
                found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def target(module: str) -> str:
    """What the table calls an imported module: our room, or the library."""
    parts = module.replace("mlptrain.storage.", "mlptrain.").split(".")
    return parts[1] if parts[0] == "mlptrain" and len(parts) > 1 else parts[0]


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_file_imports_only_what_its_room_may(path):
    allowed = ROOMS[room_of(path)] | set(sys.stdlib_module_names) | {"mlptrain", "storage"}
    assert {target(module) for module in imports(path)} <= allowed


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_imports_what_could_run_code_or_reach_the_network(path):
    found = imports(path)
    assert not {*found, *(module.split(".")[0] for module in found)} & FORBIDDEN_MODULES


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_calls_what_runs_code_or_opens_objects(path):
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    calls = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    numpy = {node.attr for node in attributes if isinstance(node.value, ast.Name) and node.value.id == "np"}
    assert not calls & FORBIDDEN_CALLS
    assert not {node.attr for node in attributes} & FORBIDDEN_ATTRIBUTES
    assert not numpy & {"load", "loadtxt", "genfromtxt", "save", "savez"}


@pytest.mark.parametrize("library", FILES_OF)
def test_some_libraries_stay_in_their_files(library):
    users = {path.relative_to(PACKAGE).as_posix() for path in files() if library in map(target, imports(path))}
    assert users == FILES_OF[library]


def test_training_and_the_model_file_need_neither_yaml_nor_validation():
    for path in files():
        if room_of(path) in ("training", "architecture.py", "model_file.py", "model_rules.py"):
            taken = [module for module in imports(path) if module.startswith("mlptrain.spec")]
            assert {module.removeprefix("mlptrain.").replace(".", "/") + ".py" for module in taken} <= PLAIN_TRAINING


@pytest.mark.parametrize("path", sorted((PACKAGE / "engine").glob("*.py")), ids=lambda path: path.name)
def test_the_engine_touches_nothing_of_the_world(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    used = {module.split(".")[0] for module in imports(path)}
    assert not called & FORBIDDEN_IN_ENGINE
    assert not used & {"os", "sys", "time", "datetime", "pathlib", "io", "subprocess", "threading"}


def test_pickle_is_never_allowed_when_arrays_are_loaded():
    for path in files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                assert isinstance(node.value, ast.Constant)
                assert node.value.value is False


def test_functions_stay_small():
    lengths = sorted(
        ((node.end_lineno or 0) - node.lineno + 1, f"{path.name}: {node.name}")
        for path in files()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    )
    assert lengths[len(lengths) // 2][0] <= 10
    assert lengths[-1][0] <= 60, lengths[-1]
