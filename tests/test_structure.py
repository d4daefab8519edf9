"""Who may import what: the tables of mlptrain/README.md, held by the code's own imports."""

import ast
import re
import sys
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "mlptrain"

MAP = (PACKAGE / "README.md").read_text(encoding="utf-8")


def table_under(heading: str) -> list[list[set[str]]]:
    """The rows of the table under a heading of the map: of each cell the names in backticks."""
    section = MAP.partition(f"## {heading}")[2].partition("\n## ")[0]
    rows = [line.strip().strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[set(re.findall("`([^`]+)`", cell)) for cell in row] for row in rows[2:]]


ROOMS = {name: rooms | libraries for names, rooms, libraries in table_under("Who may import what") for name in names}
"""Room (a folder or a file) → the rooms of ours and the other libraries it may import; the standard library is free."""
FILES_OF = {name: files for names, files in table_under("Libraries that stay in few files") for name in sorted(names)}
PLAIN_SPEC = {"spec/block_shuffle.py", "spec/fields.py", "spec/durations.py"}
"""All that the rooms below fitting may take of the spec room: no YAML, no validation."""
FORBIDDEN_IN_ENGINE = {"print", "open", "input", "exec", "eval"}
FORBIDDEN_MODULES = {
    *("pickle", "marshal", "shelve", "joblib", "dill", "cloudpickle", "copyreg", "code", "codeop", "runpy"),
    *("importlib.machinery", "pkgutil", "ctypes", "multiprocessing", "subprocess", "pty"),
    *("urllib", "socket", "ssl", "http", "ftplib", "smtplib", "requests", "asyncio", "xmlrpc", "webbrowser"),
    *("fsspec", "aiohttp", "pyarrow.fs"),
    *("logging", "random", "zipfile", "tarfile"),
}
"""What runs code, reaches the network or other processes, unpacks archives, or is not the way here."""
MEASURED_ARCHIVES = {"data/excel.py": {"zipfile"}, "storage/array_archive.py": {"zipfile"}}
"""Who may look into an archive: to weigh a workbook before anything of it is unpacked, to take out arrays that are not
packed; in memory, never to files.
"""
WORKERS = {"pickle", "multiprocessing"}
STARTERS = {
    "export/processes.py": {"subprocess"},
    "workers/processes.py": WORKERS,
    "workers/worker.py": WORKERS,
    "workers/cluster.py": {"pickle"},
}
"""Who may start programs: an export is compared with its model by running it; workers are this program once more, and
get from it what they work on.
"""
READERS_OF_URLS = {"data/urls.py": {"urllib"}, "data/remote.py": {"urllib", "fsspec", "aiohttp", "pyarrow.fs"}}
"""Who may take URLs apart, and who may open those that were given to a command."""
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
    """The room of a file: its folder, or the file itself."""
    return path.relative_to(PACKAGE).parts[0]


@cache
def imports(path: Path) -> list[str]:
    """The modules that a file imports, wherever in the file."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            found.append(node.module or "")
            if node.module in ("mlptrain", "mlptrain.cli"):
                found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def target(module: str) -> str:
    """What the table calls an imported module: our room, or the library."""
    parts = module.split(".")
    return parts[1] if parts[0] == "mlptrain" and len(parts) > 1 else parts[0]


def test_the_map_has_every_room():
    assert ROOMS.keys() == {room_of(path) for path in files()}


def test_no_room_imports_one_above_it():
    below: set[str] = set()
    for names, rooms, _ in table_under("Who may import what"):
        assert rooms <= below
        below |= {name.removesuffix(".py") for name in names}


def test_the_map_names_every_file():
    block = MAP.split("```")[1]
    assert [path for path in files() if path.name != "__init__.py" and not is_named(path, block)] == []


def is_named(path: Path, block: str) -> bool:
    """Whether the map has a file in the section of its room."""
    room, *rest = path.relative_to(PACKAGE).parts
    section = block if not rest else re.split(r"\n(?=[a-z_]+[./])", block)
    sections = [block] if not rest else [each for each in section if each.lstrip().startswith(f"{room}/")]
    return any(re.search(rf"(?<![a-z_.]){re.escape(path.name)}", each) for each in sections)


def test_the_map_names_no_file_that_is_not_there():
    named = re.findall(r"[a-z_]+\.py\b", MAP)
    assert set(named) - {path.name for path in files()} == set()


def test_the_tests_mirror_the_code():
    """A file of tests is in the folder of the room that it tests, under the name of the file that it tests."""
    rooms = {path.parent.name for path in files() if path.parent != PACKAGE}
    tests = [path for room in rooms for path in (Path(__file__).parent / room).glob("test_*.py")]
    assert len(tests) > 50
    strangers = [path for path in tests if not (PACKAGE / path.parent.name / path.name.removeprefix("test_")).exists()]
    assert strangers == []


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_file_imports_only_what_its_room_may(path):
    allowed = ROOMS[room_of(path)] | set(sys.stdlib_module_names) | {"mlptrain", room_of(path)}
    assert {target(module) for module in imports(path)} <= allowed


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_imports_what_could_run_code_or_reach_the_network(path):
    found, allowed = (
        imports(path),
        (MEASURED_ARCHIVES | STARTERS | READERS_OF_URLS).get(path.relative_to(PACKAGE).as_posix(), set()),
    )
    assert not {*found, *(module.split(".")[0] for module in found)} & (FORBIDDEN_MODULES - allowed)


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


@pytest.mark.parametrize("room", ["model", "preparation", "training"])
def test_what_predicts_and_trains_needs_neither_yaml_nor_validation(room):
    taken = [module for path in (PACKAGE / room).glob("*.py") for module in imports(path)]
    ours = [module for module in taken if module.startswith("mlptrain.spec")]
    assert {module.removeprefix("mlptrain.").replace(".", "/") + ".py" for module in ours} <= PLAIN_SPEC


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
    assert lengths[-1][0] <= 40, lengths[-1]


def test_the_parts_know_nothing_of_recipes():
    """A recipe becomes an ordinary spec before any of these rooms sees it."""
    rooms = ("engine", "data", "storage", "model", "preparation", "training")
    parts = [path for path in files() if path.relative_to(PACKAGE).parts[0] in rooms]
    assert [path for path in parts if "recipe" in path.read_text(encoding="utf-8").lower()] == []
