"""Stores: arrays are the same wherever they live, and nothing is left of those in files."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mlptrain.data import stores as stores_file
from mlptrain.data.cells import NumberCells, TextCells
from mlptrain.data.stores import MEMORY, Files, Sparing, TakenColumns, reserve_room
from mlptrain.errors import EnvironmentFailure
from tests.support.table_cases import drawn

STORES = ("memory", "sparing", "files")


def make_store(kind, folder):
    return {"memory": MEMORY, "sparing": Sparing(Files(folder)), "files": Files(folder)}[kind]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("spilled")


@pytest.mark.parametrize("kind", STORES)
@drawn
@given(blocks=st.lists(arrays.arrays(np.int32, st.integers(0, 9))))
def test_what_grows_is_all_blocks_one_after_another(folder, kind, blocks):
    growing = make_store(kind, folder).grow(np.int32)
    for number, block in enumerate(blocks, 1):
        growing.append(block)
        assert np.array_equal(growing.array, np.concatenate(blocks[:number]))
    assert growing.array.dtype == np.int32
    assert not any(folder.iterdir())


@pytest.mark.parametrize("kind", STORES)
@drawn
@given(array=arrays.arrays(np.float32, arrays.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=5)))
def test_what_is_kept_stays(folder, kind, array):
    kept = make_store(kind, folder).keep(array)
    assert kept.tobytes() == array.tobytes()
    assert (kept.shape, kept.dtype, type(kept)) == (array.shape, array.dtype, np.ndarray)
    assert not any(folder.iterdir())


def test_a_mapped_array_outlives_what_made_it(folder):
    growing = Files(folder).grow(np.int64)
    growing.append(np.arange(5))
    first = growing.array
    growing.append(np.arange(7))
    second = growing.array
    del growing
    assert (first.tolist(), second.tolist()) == ([*range(5)], [*range(5), *range(7)])


def test_a_matrix_that_memory_has_no_room_for_goes_to_a_file(folder, monkeypatch):
    made = []
    monkeypatch.setattr(Files, "open", lambda files, *, opening=Files.open: made.append(1) or opening(files))
    monkeypatch.setattr(stores_file, "measure_available_memory", lambda: 1000)
    sparing = Sparing(Files(folder))
    assert sparing.empty((7, 25), np.dtype(np.float32)).shape == (7, 25)
    assert not made
    assert sparing.empty((7, 26), np.dtype(np.float32)).shape == (7, 26)
    assert made


@pytest.mark.parametrize("native", [True, False])
def test_room_is_set_aside_with_and_without_help_of_the_system(folder, monkeypatch, native):
    if not native:
        monkeypatch.delattr(os, "posix_fallocate", raising=False)
    with Files(folder).open() as file:
        reserve_room(file, 3 * stores_file.ZEROS // 2)
        state = os.fstat(file.fileno())
        assert 512 * state.st_blocks >= state.st_size == 3 * stores_file.ZEROS // 2


@pytest.mark.parametrize("grows", [True, False])
def test_a_full_disk_is_an_error_that_counts_the_bytes(folder, grows):
    resource = pytest.importorskip("resource", reason="this system has no limits on files")
    files, limits = Files(folder), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(EnvironmentFailure, match=r"8,000 bytes of the table .*; make room, or .* --spill-dir"):
            files.grow(np.float64).append(np.zeros(1000)) if grows else files.empty((1000,), np.dtype(np.float64))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_disk_without_room_is_known_before(folder):
    files = Files(folder)
    files.require_room(1)
    with pytest.raises(EnvironmentFailure, match=r"needs about 1,000,000,000,000,000,000 bytes .*--spill-dir"):
        files.require_room(10**18)


CELLS = {
    "a": TextCells(np.array([0, 1, 1, 0, 2], np.int32), ["x", "y", "z"]),
    "b": NumberCells(np.array([1.0, np.nan, 3, 4, 5]), np.array([1]), TextCells(np.zeros(1, np.int32), ["?"])),
}


@pytest.mark.parametrize("names", [["a", "b"], ["b", "b", "a", "a", "b"]])
def test_columns_that_are_taken_when_asked_for_are_those_that_are_taken_at_once(folder, names):
    rows = np.array([4, 1, 1, 0])
    taken, at_once = Files(folder).take(CELLS, rows), MEMORY.take(CELLS, rows)
    assert isinstance(taken, TakenColumns)
    assert list(taken) == list(at_once)
    assert [[taken[name].text(row) for row in range(4)] for name in names] == [
        [at_once[name].text(row) for row in range(4)] for name in names
    ]
    again = np.array([3, 0])
    assert [taken[name].take(again).text(0) for name in names] == [CELLS[name].text(0) for name in names]


KILLED = """
import os, signal, sys
import numpy as np
from pathlib import Path
from mlptrain.data.stores import Files
files = Files(Path(sys.argv[1]))
growing, kept = files.grow(np.float64), files.keep(np.ones(9))
growing.append(np.ones(1000))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_nothing_is_left_of_the_files_of_a_killed_process(tmp_path):
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path], check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == -signal.SIGKILL
    assert not any(tmp_path.iterdir())
