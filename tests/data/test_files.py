"""Data files: recognised by their first bytes, and refused in words where they cannot be read."""

import io
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.data.files import FOREIGN, PARQUET, ZIP, is_parquet, make_opener, match_files, read_bytes, unpack_gzip
from mlptrain.data.table import read_table
from mlptrain.data.table_format import TableFormat
from mlptrain.errors import DataError
from tests.support.table_cases import drawn, read, zipped


@pytest.mark.parametrize(("magic", "kind"), FOREIGN.items(), ids=[kind.split()[1] for kind in FOREIGN.values()])
def test_a_foreign_file_is_named_whatever_it_is_called(tmp_path, magic, kind):
    (tmp_path / "x.csv").write_bytes(magic + b"\0\1\2 some more")
    said = re.escape(f"x.csv: this is {kind}; save tables as CSV")
    with pytest.raises(DataError, match=said):
        make_opener(str(tmp_path / "x.csv"))()
    typed = {PARQUET: "this Parquet file cannot be read", ZIP: "this zip file or Excel workbook is damaged"}
    with pytest.raises(DataError, match=typed.get(magic, said)):
        read_table(str(tmp_path / "x.csv"), TableFormat())


@pytest.mark.parametrize("name", ["PAR1", "BZhour", "PK", "SQLite", "%PDF", "NUMPY", "\ufeffPAR1", "BM"])
def test_a_column_may_be_called_like_the_beginning_of_a_foreign_file(name):
    assert list(read(f"{name},b\n1,2\n").columns) == [name.removeprefix("\ufeff"), "b"]


def test_parquet_is_known_by_content(tmp_path):
    (tmp_path / "x.csv").write_bytes(PARQUET + b"...")
    (tmp_path / "x.parquet").write_bytes(b"PAR1,b\n1,2\n")
    assert is_parquet(str(tmp_path / "x.csv"))
    assert not is_parquet(str(tmp_path / "x.parquet"))
    assert read_table(str(tmp_path / "x.parquet"), TableFormat()).texts("PAR1") == ["1"]


# Names that are patterns.


def test_a_pattern_names_all_files_that_match_in_order(tmp_path):
    for name in ("b1.csv", "b2.csv", "a10.csv", "c.txt", "deep/b3.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    def found(pattern):
        return [str(Path(name).relative_to(tmp_path)) for name in match_files(str(tmp_path / pattern))]

    assert found("*.csv") == ["a10.csv", "b1.csv", "b2.csv"]
    assert found("b?.csv") == ["b1.csv", "b2.csv"]
    assert found("b[2-9].csv") == ["b2.csv"]
    assert found("**/b*.csv") == ["b1.csv", "b2.csv", "deep/b3.csv"]
    assert found("absent.csv") == ["absent.csv"]
    assert match_files("-") == ["-"]
    with pytest.raises(DataError, match=r"x\*: no file matches this pattern"):
        found("x*")


def test_a_file_whose_name_looks_like_a_pattern_is_itself(tmp_path):
    for name in ("b[1].csv", "b1.csv"):
        (tmp_path / name).touch()
    assert match_files(str(tmp_path / "b[1].csv")) == [str(tmp_path / "b[1].csv")]


def test_a_file_that_changes_between_two_looks_is_an_error(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    open_bytes = make_opener(str(tmp_path / "x"))
    open_bytes().close()
    (tmp_path / "x").write_bytes(b"abcd")
    with pytest.raises(DataError, match="x: the file has changed while it was read; try again"):
        open_bytes()


@drawn
@given(st.binary(max_size=40).filter(lambda data: not data.startswith((b"\x1f\x8b", *FOREIGN))))
def test_bytes_are_read_as_they_are_zipped_or_not(data):
    assert unpack_gzip(io.BytesIO(data), "x").read() == data
    assert unpack_gzip(io.BytesIO(zipped(data)), "x").read() == data


def test_a_file_can_be_opened_again_and_again(tmp_path):
    (tmp_path / "x").write_bytes(zipped(b"abc"))
    open_bytes = make_opener(str(tmp_path / "x"))
    for _ in range(2):
        with open_bytes() as stream:
            assert stream.read() == b"abc"


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-9], lambda data: data[:12] + b"\xff" * 9, lambda data: data + b"x"]
)
def test_damaged_gzip_is_a_data_error(tmp_path, damage):
    (tmp_path / "x").write_bytes(damage(zipped(bytes(range(256)))))
    with pytest.raises(DataError, match=r"x: the gzip data is damaged: "):
        read_bytes(str(tmp_path / "x"))


def said(path) -> str:
    """What opening the file says is wrong."""
    with pytest.raises(DataError) as error:
        make_opener(str(path))()
    return str(error.value)


def test_a_missing_file_has_a_near_one_as_a_hint(tmp_path):
    (tmp_path / "iris.csv").touch()
    near = str(tmp_path / "iris.csv")
    assert said(tmp_path / "irs.csv") == f"{tmp_path / 'irs.csv'}: no such file; did you mean {near!r}?"
    none = f"no file of a like name is in the folder {tmp_path}"
    assert said(tmp_path / "titanic.tsv") == f"{tmp_path / 'titanic.tsv'}: no such file; {none}"


def test_a_missing_folder_is_named(tmp_path):
    assert f"no such file; the folder {tmp_path / 'no'} does not exist: make it" in said(tmp_path / "no" / "x.csv")


def test_a_folder_is_no_file(tmp_path):
    assert said(tmp_path) == f"{tmp_path}: this is a folder; name a data file"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_what_would_block_or_never_end_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert said(tmp_path / "pipe").endswith("this is not a regular file; name a data file")
    assert said("/dev/null").endswith("this is not a regular file; name a data file")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a" * 300, "File name too long"),
        ("a\0b", "null"),
        ("iris.csv/x", "Not a directory"),
        ("loop", "symbolic links"),
    ],
    ids=["long", "nul", "below-a-file", "loop"],
)
def test_what_the_system_refuses_is_a_data_error(tmp_path, name, why):
    (tmp_path / "iris.csv").touch()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert re.search(f"cannot be read: .*{why}", said(tmp_path / name))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_without_permission_is_a_data_error(tmp_path):
    (tmp_path / "x.csv").touch(mode=0)
    assert said(tmp_path / "x.csv").endswith("cannot be read: Permission denied")


def test_a_folder_that_may_not_be_listed_gives_no_hint(tmp_path, monkeypatch):
    def refuse(self):
        raise PermissionError

    monkeypatch.setattr("pathlib.Path.iterdir", refuse)
    assert "x.csv: no such file; no file of a like name" in said(tmp_path / "x.csv")
