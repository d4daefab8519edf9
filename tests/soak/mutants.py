"""Mutation testing of saving, loading, the spec, typing, splits and metrics: how many small changes go unnoticed.

One pytest session collects the tests once. A first child runs them all and notes which lines each test reaches. Then
each mutant gets a child in which the code of the changed function is put in the place of the old one, and the tests
that reach its line run, the quickest first, until one fails. A change of what is done while a module is imported, and
one of a function that no test reaches later, is made before the import: such a child forgets the package and the tests,
and imports them anew.

    python tests/soak/mutants.py [--sample N] [--only GROUP,...] [TESTS...]
"""

import argparse
import builtins
import gc
import importlib.abc
import importlib.machinery
import importlib.util
import os
import pickle
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import _lru_cache_wrapper
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

import pytest

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
PACKAGE = ROOT / "mlptrain"
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from tests.soak.mutations import Mutant, code_objects, mutants, mutated, noting  # noqa: E402
from tests.soak.tally import Row  # noqa: E402


@dataclass(frozen=True)
class Group:
    """What is changed, and the tests that are about it."""

    files: tuple[str, ...]
    tests: tuple[str, ...]


GROUPS = {
    "saving": Group(
        ("storage/publishing.py", "storage/container.py"),
        (
            "storage/test_container.py",
            "behaviour/test_publishing_crashes.py",
            "behaviour/test_golden_models.py",
            "storage/test_publishing.py",
            "model/test_file.py",
            "fitting/test_checkpoints.py",
        ),
    ),
    "loading": Group(
        (
            "model/file.py",
            "model/network_arrays.py",
            "storage/metadata.py",
            "model/rules.py",
            "fitting/checkpoint_file.py",
        ),
        (
            "behaviour/test_hostile_models.py",
            "behaviour/test_golden_models.py",
            "fitting/test_checkpoints.py",
            "model/test_file.py",
            "commands/test_fit.py",
            "behaviour/test_folds.py",
        ),
    ),
    "spec": Group(
        ("spec/*.py",),
        ("spec", "test_readme.py::test_the_reference_is_what_the_code_says", "behaviour/test_errors_and_exit_codes.py"),
    ),
    "typing": Group(
        tuple(
            f"data/{name}.py"
            for name in ("number_texts", "number_reading", "number_recognition", "feature_fitting", "cells", "grammar")
        ),
        ("data", "preparation/test_preparation.py"),
    ),
    "splits": Group(
        ("preparation/splits.py", "preparation/partitions.py"),
        (
            "preparation/test_splits.py",
            "preparation/test_preparation.py",
            "behaviour/test_parts_of_a_fit.py",
            "behaviour/test_folds.py",
        ),
    ),
    "metrics": Group(
        tuple(f"engine/{name}.py" for name in ("ranking", "comparisons", "class_report", "metrics", "bootstrap")),
        (
            *(f"engine/test_{name}.py" for name in ("ranking", "comparisons", "class_report", "metrics", "bootstrap")),
            "commands/test_evaluate.py",
        ),
    ),
}
SAMPLE = 60
"""Mutants of a group that are drawn, if it has more."""
SECONDS = 20
"""Of tests that reach a mutant, after which it counts as alive."""
WORKERS = 2

NOWHERE_ELSE = "there is no such flag on POSIX"
EQUIVALENT: dict[tuple[str, str], str] = {
    ("publishing.py", "'O_NOFOLLOW' → 'XXO_NOFOLLOW'"): "O_EXCL refuses links, too",
    ("publishing.py", "'O_CLOEXEC' → 'XXO_CLOEXEC'"): "Python opens all files so",
    ("publishing.py", "'O_BINARY' → 'XXO_BINARY'"): NOWHERE_ELSE,
    ("container.py", "'O_BINARY' → 'XXO_BINARY'"): NOWHERE_ELSE,
    ("publishing.py", "'darwin' → 'XXdarwin'"): "this is no macOS",
    ("publishing.py", "fcntl.fcntl(stream.fileno(), fcntl.F_FULLFSYNC) → pass"): "this is no macOS",
    ("file.py", "needed <= 2 * there → needed < 2 * there"): "every layer has a bias, so that the two are never equal",
    ("file.py", "return len(data) → return None"): "the type of a stream asks for it, no caller does",
    ("number_texts.py", "parsed = grammar.parse(values) → parsed = None"): "the slower way reads the same",
    ("cells.py", "2 → 3"): "how fast the room grows is a matter of time and memory alone",
    ("cells.py", "self.digits - 1 → cells.digits + 1"): "a column is then judged text by text, to the same end",
}
"""Changes that cannot make a difference here: (file, change) → why."""


@dataclass
class Reached:
    """Which tests reach a statement, and how long each test takes."""

    tests: dict[tuple[str, int], set[int]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    failing: set[int] = field(default_factory=set)

    def of(self, mutant: Mutant) -> list[int]:
        """The tests for a mutant, the quickest first, as far as their time allows."""
        found = sorted(
            self.tests.get((str(mutant.path), mutant.statement), set()) - self.failing, key=self.seconds.__getitem__
        )
        total, kept = 0.0, []
        for test in found:
            total += self.seconds[test]
            if kept and total > SECONDS:
                break
            kept.append(test)
        return kept


# ── Children ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def forked(run: Callable[[], int], seconds: float) -> int:
    """A child that ends with what `run` answers, and is ended if it goes on for too long or takes too much memory."""
    pid = os.fork()
    if pid:
        return pid
    os.setpgid(0, 0)
    for number in (signal.SIGALRM, signal.SIGHUP, signal.SIGTERM):  # which a shell may have us ignore
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.alarm(int(4 * seconds) + 30)
    resource.setrlimit(resource.RLIMIT_CPU, (int(2 * seconds) + 20,) * 2)
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    code = 99
    try:
        code = run()
    finally:
        os._exit(code)


def run_items(session: pytest.Session, numbers: Sequence[int], after: Callable[[int], bool]) -> None:
    """Run some of the collected tests, in a folder of this child's own, until `after` says that it is enough."""
    factory = session.config._tmp_path_factory  # type: ignore[attr-defined]
    factory._basetemp = Path(tempfile.mkdtemp(prefix="mutant-"))
    os.chdir(factory._basetemp)
    try:
        for number, following in zip(numbers, [*numbers[1:], None], strict=True):
            session.config.hook.pytest_runtest_protocol(
                item=session.items[number], nextitem=None if following is None else session.items[following]
            )
            if after(number):
                return
    finally:
        os.chdir("/")
        shutil.rmtree(factory._basetemp, ignore_errors=True)


def exchange(codes: dict[tuple[str, int], CodeType], functions: dict[tuple[str, int], list[FunctionType]]) -> None:
    """Give functions new code, and forget what the old code answered."""
    for key, code in codes.items():
        for function in functions.get(key, ()):
            function.__code__ = code
    for cache in [each for each in gc.get_objects() if isinstance(each, _lru_cache_wrapper)]:
        if str(getattr(cache, "__module__", "")).startswith("mlptrain"):
            cache.cache_clear()


def functions_of(path: Path) -> dict[tuple[str, int], list[FunctionType]]:
    """The functions that a file has made, by name and first line."""
    found: dict[tuple[str, int], list[FunctionType]] = {}
    for each in gc.get_objects():
        if isinstance(each, FunctionType) and each.__code__.co_filename == str(path):
            found.setdefault((each.__code__.co_qualname, each.__code__.co_firstlineno), []).append(each)
    return found


def run_exchanged(session: pytest.Session, mutant: Mutant, tests: Sequence[int]) -> int:
    """Run tests with a changed function: 1 if one fails."""
    exchange(code_objects(mutated(mutant), mutant.path), functions_of(mutant.path))
    run_items(session, tests, lambda _: bool(session.testsfailed))
    return min(session.testsfailed, 1)


class Changed(importlib.abc.MetaPathFinder, importlib.machinery.SourceFileLoader):
    """Imports one module with a change."""

    def __init__(self, name: str, mutant: Mutant) -> None:
        super().__init__(name, str(mutant.path))
        self.tree = mutated(mutant)

    def find_spec(
        self, fullname: str, path: object, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The changed module, if it is the one that is asked for."""
        return importlib.util.spec_from_loader(fullname, self) if fullname == self.name else None

    def get_code(self, fullname: str) -> CodeType:
        """The changed code."""
        return compile(self.tree, self.path, "exec")


def run_anew(mutant: Mutant, nodes: Sequence[str], failing: Sequence[str]) -> int:
    """Import everything of ours again, with the change, and run tests but those that fail anyway: 1 if one fails."""
    for name, module in list(sys.modules.items()):
        place = str(getattr(module, "__file__", ""))
        if place.startswith((str(TESTS), str(PACKAGE))) and name != __name__ and not name.startswith("tests.soak"):
            del sys.modules[name]
    relative = mutant.path.relative_to(ROOT).with_suffix("")
    sys.meta_path.insert(0, Changed(".".join(relative.parts), mutant))
    folder = tempfile.mkdtemp(prefix="mutant-")
    try:
        ended = pytest.main(
            [
                *OPTIONS,
                "-x",
                f"--basetemp={folder}/t",
                *(f"--deselect={each}" for each in failing),
                *dict.fromkeys(nodes),
            ]
        )
    except BaseException:
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return int(ended != pytest.ExitCode.OK)


OPTIONS = (
    "-qq",
    "--no-header",
    "--no-summary",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:faulthandler",
    f"--rootdir={ROOT}",
    f"-c{ROOT}/pyproject.toml",
    "--capture=no",
)


# ── The session ───────────────────────────────────────────────────────────────────────────────────────────────────────


class Hunt:
    """A plugin that, in the place of running the tests, runs them against mutants."""

    def __init__(self, chosen: Sequence[Mutant], tests: Sequence[str]) -> None:
        self.chosen, self.tests = chosen, tests
        self.begun = time.monotonic()
        self.fate: dict[Mutant, str] = {}
        self.failing: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Note what each test reaches, then run those of each mutant."""
        reached = reached_by(session, sorted({each.path for each in self.chosen}))
        self.failing = [session.items[number].nodeid for number in reached.failing]
        fast = [each for each in self.chosen if each.function]
        self.settle(session, reached, fast, anew=False)
        alive = [each for each in fast if self.fate[each] == "alive"]
        print("alive so far:", *alive, sep="\n  ", file=sys.stderr)
        rest = [each for each in self.chosen if not each.function] + [each for each in alive if not reached.of(each)]
        self.settle(session, reached, rest, anew=True)
        return True

    def settle(self, session: pytest.Session, reached: Reached, some: Sequence[Mutant], *, anew: bool) -> None:
        """The fate of some mutants, two at a time."""
        running: dict[int, Mutant] = {}
        for mutant in [*some, *[None] * WORKERS]:
            if mutant is not None and not anew and not reached.of(mutant):
                self.fate[mutant] = "alive"
                continue
            while running and (mutant is None or len(running) >= WORKERS):
                pid, status = os.wait()
                with suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
                self.fate[running.pop(pid)] = "alive" if status == 0 else "killed"
            print(f"{len(self.fate)} of {len(self.chosen)}, {time.monotonic() - self.begun:.0f} s", file=sys.stderr)
            if mutant is not None:
                running[self.start(session, reached, mutant, anew)] = mutant

    def start(self, session: pytest.Session, reached: Reached, mutant: Mutant, anew: bool) -> int:
        """A child that decides about one mutant."""
        tests = reached.of(mutant)
        if not anew:
            return forked(lambda: run_exchanged(session, mutant, tests), sum(reached.seconds[each] for each in tests))
        nodes = self.tests or [str(TESTS / each) for each in GROUPS[group_of(mutant.path)].tests]
        return forked(lambda: run_anew(mutant, nodes, self.failing), 2 * SECONDS)


def reached_by(session: pytest.Session, paths: Sequence[Path]) -> Reached:
    """Run all tests once, in a child, and note what they reach."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "reached"
        pid = forked(lambda: note_reached(session, paths, answer), 1200)
        os.waitpid(pid, 0)
        return pickle.loads(answer.read_bytes())


def note_reached(session: pytest.Session, paths: Sequence[Path], answer: Path) -> int:
    """What `reached_by` does in its child."""
    now: set[tuple[str, int]] = set()
    reached = Reached(seconds=[0.0] * len(session.items))
    for number, path in enumerate(paths):
        name = f"__reached_{number}__"
        setattr(builtins, name, lambda line, place=str(path): now.add((place, line)))
        exchange(code_objects(noting(path, name), path), functions_of(path))
    begun, failed = [time.process_time()], [0]

    def after(number: int) -> bool:
        for place in now:
            reached.tests.setdefault(place, set()).add(number)
        now.clear()
        reached.seconds[number], begun[0] = time.process_time() - begun[0], time.process_time()
        if session.testsfailed > failed[0]:
            reached.failing.add(number)
            failed[0] = session.testsfailed
        return False

    run_items(session, range(len(session.items)), after)
    answer.write_bytes(pickle.dumps(reached))
    return 0


# ── The whole ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def files_of(group: str) -> list[Path]:
    """The files of a group."""
    found = {pattern: list(PACKAGE.glob(pattern)) for pattern in GROUPS[group].files}
    if absent := [pattern for pattern, paths in found.items() if not paths]:
        raise ValueError(f"group {group}: there is no file {', '.join(absent)}")
    return sorted(path for paths in found.values() for path in paths)


def group_of(path: Path) -> str:
    """The group of a file."""
    return next(group for group in GROUPS if path in files_of(group))


def drawn(group: str, sample: int, seed: int) -> tuple[list[Mutant], int]:
    """Mutants of a group, drawn with a seed, and how many there are."""
    every = [each for path in files_of(group) for each in mutants(path)]
    for excuse in (each for each in EQUIVALENT if each[0] in {path.name for path in files_of(group)}):
        assert sum((each.path.name, change(each)) == excuse for each in every) == 1, f"not one mutant: {excuse}"
    able = [each for each in every if (each.path.name, change(each)) not in EQUIVALENT]
    return random.Random(seed).sample(able, min(sample, len(able))), len(every)


def change(mutant: Mutant) -> str:
    """A change as it is named where it is excused."""
    return f"{mutant.before} → {mutant.after}"


def hunt(sample: int, seed: int, groups: Sequence[str], tests: Sequence[str]) -> list[Row]:
    """Run the tests against the mutants of some groups: one row a group, its failures the mutants that live."""
    begun = time.monotonic()
    chosen = {group: drawn(group, sample, seed) for group in groups}
    plugin = Hunt([mutant for some, _ in chosen.values() for mutant in some], tests)
    asked = tests or dict.fromkeys(str(TESTS / each) for group in groups for each in GROUPS[group].tests)
    pytest.main([*OPTIONS, *asked], plugins=[plugin])
    seconds = (time.monotonic() - begun) / len(plugin.chosen)
    rows = []
    for group, (some, every) in chosen.items():
        alive = [str(each) for each in some if plugin.fate[each] == "alive"]
        note = f"{1 - len(alive) / len(some):.1%} killed; {len(some)} of {every} mutants drawn"
        rows.append(Row(f"mutants of {group}", len(some), alive, seconds * len(some), note))
    if plugin.failing:
        rows.append(Row("tests that fail without any mutant", len(plugin.failing), plugin.failing))
    return rows


def run(
    sample: int = SAMPLE, seed: int = 1, groups: Sequence[str] = tuple(GROUPS), tests: Sequence[str] = ()
) -> Iterator[Row]:
    """The same, in a process of its own with one thread."""
    alone = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "ARROW_NUM_THREADS"), "1")
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "rows"
        command = [sys.executable, __file__, "--sample", str(sample), "--seed", str(seed), "--only", ",".join(groups)]
        subprocess.run([*command, "--answer", str(answer), *tests], check=True, env=os.environ | alone, cwd=ROOT)
        yield from pickle.loads(answer.read_bytes())


def main() -> None:
    """Mutate some groups and print what lives."""
    parser = argparse.ArgumentParser(description="Mutation testing.")
    parser.add_argument("tests", nargs="*")
    parser.add_argument("--sample", type=int, default=SAMPLE)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default=",".join(GROUPS))
    parser.add_argument("--answer", type=Path)
    asked = parser.parse_args()
    rows = hunt(asked.sample, asked.seed, asked.only.split(","), asked.tests)
    if asked.answer is not None:
        asked.answer.write_bytes(pickle.dumps(rows))
        return
    for row in rows:
        print(row.what, row.note, f"{row.seconds:.0f} s", *row.failures, sep="\n  ")


if __name__ == "__main__":
    main()
