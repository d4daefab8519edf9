"""The long run does not rot: a few cases of each part, each of which finds what it looks for, where it is there."""

import ast
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mlptrain.errors import DataError, EnvironmentFailure
from tests.soak import kills, mutants, run, scarcity, syscalls, workers
from tests.soak.forked import ended
from tests.soak.mutations import code_objects, first_line, mutated, noting
from tests.soak.mutations import mutants as mutants_of
from tests.soak.tally import LeftOut, Row

pytestmark = pytest.mark.skipif(not hasattr(os, "fork") or sys.platform == "darwin", reason="children by fork, /proc")


def no_failures(rows):
    rows = list(rows)
    assert [row.failures for row in rows] == [[] for _ in rows]
    return rows


@pytest.mark.parametrize(
    ("problem", "code", "said"),
    [
        (None, 0, ""),
        (EnvironmentFailure("a disk"), 6, "error: a disk\n"),
        (DataError("a table"), 3, "error: a table\n"),
        (
            MemoryError("all gone"),
            6,
            "error: not enough memory: all gone; use fewer rows or columns, or a smaller network\n",
        ),
    ],
)
def test_a_child_ends_as_the_command_would(problem, code, said):
    def command():
        if problem is not None:
            raise problem

    end = ended(command)
    assert (end.code, end.err) == (code, said)
    assert bool(end.faults(0, 6)) is (code == 3)


def test_one_kill_of_a_fit_with_workers(tmp_path):
    """Those of studies need Optuna, and are left to the long run."""
    no_failures([workers.kill_at_random("fit", tmp_path, 1, random.Random(3))])


def test_a_few_system_calls_of_each_save(tmp_path):
    try:
        rows = no_failures(syscalls.run(tmp_path, every=60))
    except LeftOut as why:
        pytest.skip(str(why))
    assert all(row.cases for row in rows)


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_a_save_that_writes_in_place_is_found(tmp_path):
    old = {"a": b"old" * 4000}
    careless = syscalls.Save("in place", "a", lambda path: path.write_bytes(b"new" * 4000), old, Path.read_bytes)
    new = {"a": b"new" * 4000}
    try:
        _, faults = syscalls.injected(careless, tmp_path / "a", new, syscalls.Point("write", 1), "signal=SIGKILL")
    except LeftOut as why:
        pytest.skip(str(why))
    assert faults == ["in place, signal=SIGKILL at write 1: a is torn"]


def test_a_few_kills(tmp_path):
    rows = no_failures(kills.run(tmp_path, kills=32, whole=0))
    assert sum(row.cases for row in rows) == 32


def test_scarce_memory_and_small_files(tmp_path):
    for one in scarcity.commands(tmp_path / "data", rows=60):
        room = scarcity.Room(one, tmp_path / "room")
        no_failures([scarcity.file_sizes(room, 2), scarcity.allocations(room, 1)])


def test_a_missing_array_is_the_one_that_was_asked_for():
    import numpy as np

    def command():
        scarcity.fail_allocation(2)
        np.empty(3), np.empty((7, 11))

    assert "with shape (7, 11)" in ended(command).err


CODE = '''
LIMIT = 3
def least(values):
    """The least."""
    return min(value for value in values if value < LIMIT) + 1
'''


def test_mutants_are_programs_that_differ(tmp_path):
    path = tmp_path / "code.py"
    path.write_text(CODE)
    found = mutants_of(path)
    assert [(each.line, each.function) for each in found if not each.function] == [(2, "")]
    changed = {str(each).partition(": ")[2] for each in found}
    assert {"3 → 4", "min → max", "value < LIMIT → value <= LIMIT", "1 → 2"} <= changed
    programs = {ast.unparse(mutated(each)) for each in found}
    assert len(programs) == len(found)
    assert ast.unparse(ast.parse(CODE)) not in programs


def test_what_is_reached_is_noted(tmp_path):
    path = tmp_path / "code.py"
    path.write_text(CODE)
    seen = []
    names = {"note": seen.append}
    exec(compile(noting(path, "note"), "code", "exec"), names)
    assert names["least"]([1, 2]) == 2
    assert {5} <= {*seen} <= {4, 5}
    assert ("least", 3) in code_objects(ast.parse(CODE), path)


def test_a_mutant_is_killed_by_a_test_that_looks(tmp_path):
    answer = no_failures_but_mutants(
        ["--only", "saving", "--sample", "2", str(mutants.TESTS / "behaviour" / "test_publishing_crashes.py")]
    )
    assert "mutants of saving" in answer
    assert "2 of" in answer


def no_failures_but_mutants(arguments):
    done = subprocess.run([sys.executable, mutants.__file__, *arguments], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "fail without any mutant" not in done.stdout
    return done.stdout


def test_the_page_tells_what_failed_and_what_was_left_out():
    failed = Row("kills", 1000, ["torn | file\nin two lines"], 12.3, "a note")
    text = run.page({"kills": [failed, Row("more", 24)], "fuzzing": "it is not there"}, 90.0, "run")
    assert "1,024 cases, 1 failures." in text
    assert "| kills | 1,000 | 1 | 12 | a note |" in text
    assert "* `torn | file in two lines`" in text
    assert "Left out: it is not there." in text


def test_first_lines_have_no_blocks_behind_them():
    assert first_line(ast.parse("if a:\n    b").body[0]) == "if a:"
