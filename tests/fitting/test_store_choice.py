"""Where arrays are held: what a spec asks for, and by the memory that is free where it leaves that open."""

import gzip

import pytest

from mlptrain.data.stores import MEMORY, SHARE, Files, Sparing
from mlptrain.data.table_format import TableFormat
from mlptrain.data.table_size import TableSize, estimate_table_size
from mlptrain.errors import EnvironmentFailure, SpecError
from mlptrain.fitting import store_choice
from mlptrain.fitting.host import Host
from mlptrain.fitting.store_choice import CELL, CELL_IN_FILES, choose_store
from mlptrain.spec.fields import Data, Images

ROWS, COLUMNS = 5000, 3
TEXT = "a,b,c\n" + "1.5,x,2\n" * ROWS


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "t.csv").write_text(TEXT)
    return tmp_path


def choose(folder, memory, *, free=None, monkeypatch=None, **host):
    if free is not None:
        monkeypatch.setattr(store_choice, "measure_available_memory", lambda: free)
    return choose_store(Data(train="t.csv", target="c", memory=memory), folder, Host(**host))


def test_memory_and_files_are_what_the_spec_asks_for(folder):
    assert choose(folder, "memory") == MEMORY
    assert choose(folder, "files", spill_dir=folder) == Files(folder)


def test_files_are_where_more_than_a_share_of_the_memory_would_be_taken(folder, monkeypatch):
    needed, said = int(CELL * ROWS * COLUMNS / SHARE), []
    host = {"monkeypatch": monkeypatch, "spill_dir": folder, "notice": said.append}
    assert choose(folder, "auto", free=int(1.01 * needed), **host) == Sparing(Files(folder))
    assert not said
    assert choose(folder, "auto", free=int(0.99 * needed), **host) == Files(folder)
    assert said == [
        f"data.memory: about 5,001 rows of 3 columns are held in files without a name in {folder}, not in memory"
    ]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("files", [1, 3])
def test_the_size_of_a_table_is_told_by_the_beginning_of_its_first_file(tmp_path, packed, files):
    rows = 400_000 if packed else ROWS  # so that more than one piece is packed
    text = "a,b,c\n" + "".join(f"{row * 7919 % 99991},x,2\n" for row in range(rows))
    for number in range(files):
        (tmp_path / f"{number}.csv").write_bytes(gzip.compress(text.encode(), 1) if packed else text.encode())
    found = estimate_table_size([str(tmp_path / "*.csv")], TableFormat())
    assert found is not None
    assert found.columns == COLUMNS
    assert found.rows == pytest.approx(files * rows, rel=0.1)


@pytest.mark.parametrize("content", [b"", b"\x1f\x8bbroken", b"a,a\n1,2\n"])
def test_what_is_wrong_with_a_file_is_left_to_those_who_read_it(tmp_path, content):
    (tmp_path / "t.csv").write_bytes(content)
    for name in ("t.csv", "none.csv", "*.none"):
        assert estimate_table_size([str(tmp_path / name)], TableFormat()) is None


def test_a_folder_in_memory_is_refused_where_files_are_asked_for(folder, monkeypatch):
    monkeypatch.setattr(store_choice, "is_folder_in_memory", lambda _: True)
    with pytest.raises(EnvironmentFailure, match=r"in memory \(tmpfs\).*--spill-dir"):
        choose(folder, "files")
    said = []
    assert choose(folder, "auto", free=100, monkeypatch=monkeypatch, notice=said.append) == MEMORY
    assert "may not fit" in said[0]
    assert "tmpfs" in said[0]
    assert choose(folder, "auto", free=10**12, monkeypatch=monkeypatch) == MEMORY


def test_a_disk_without_room_is_an_error_before_a_row_is_read(folder, monkeypatch):
    monkeypatch.setattr(Files, "measure_disk", lambda _: 1000)
    needed = CELL_IN_FILES * TableSize(rows=ROWS + 1, columns=COLUMNS).cells
    with pytest.raises(EnvironmentFailure, match=f"about {needed:,} bytes .*, 1,000 are free"):
        choose(folder, "files", spill_dir=folder)


def test_what_does_nothing_is_said(folder):
    said = []
    images = Data(train=Images(images="i", labels="l"), memory="files")
    assert choose_store(images, folder, Host(notice=said.append)) == MEMORY
    assert choose(folder, "memory", spill_dir=folder, notice=said.append) == MEMORY
    assert [each.partition(":")[0] for each in said] == ["data.memory", "--spill-dir"]


def test_a_folder_that_is_not_there_is_an_error(folder):
    with pytest.raises(SpecError, match=r"--spill-dir .*none: no such folder"):
        choose(folder, "files", spill_dir=folder / "none")
