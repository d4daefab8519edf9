"""Parquet columns of any type: one that is not needed is not read, one that is needed is named with its type."""

import datetime as dt
import json
import re
import uuid
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from mlptrain.data import parquet as parquet_file
from mlptrain.data.table import read_table
from mlptrain.data.table_format import TableFormat
from mlptrain.errors import DataError, EnvironmentFailure
from tests.support.command import mlptrain

ROWS = 24


def repeat(value, of):
    return pa.array([value] * ROWS, of)


def make_undecodable(of=None) -> pa.Array:
    """Texts that are not UTF-8, from row 3 on."""
    raw = pa.array([b"ab", b"cd", *[b"\xff\xfe"] * (ROWS - 2)])
    return pa.Array.from_buffers(pa.string(), ROWS, raw.buffers())


REFUSED = {
    "list": repeat([1, 2], pa.list_(pa.int64())),
    "large list": repeat([1.5], pa.large_list(pa.float64())),
    "fixed list": repeat([1.0, 2.0], pa.list_(pa.float32(), 2)),
    "struct": repeat({"a": 1}, pa.struct([("a", pa.int64())])),
    "struct with dot": repeat({"a.b": 1}, pa.struct([("a.b", pa.int64())])),
    "map": repeat([("a", 1)], pa.map_(pa.string(), pa.int64())),
    "binary": repeat(b"\xff\x00", pa.binary()),
    "large binary": repeat(b"\xff\x00", pa.large_binary()),
    "fixed binary": repeat(uuid.UUID(int=7).bytes, pa.binary(16)),
    "duration": repeat(dt.timedelta(1), pa.duration("s")),
    "uuid": pa.ExtensionArray.from_storage(pa.uuid(), repeat(uuid.UUID(int=7).bytes, pa.binary(16))),
    "dictionary of bytes": repeat(b"\xff", pa.binary()).dictionary_encode(),
}
READ = {
    "time": repeat(dt.time(12, 30), pa.time32("s")),
    "null": pa.nulls(ROWS),
    "decimal": repeat(Decimal("1.25"), pa.decimal128(5, 2)),
    "large decimal": repeat(Decimal("1.25"), pa.decimal256(50, 2)),
    "unknown zone": repeat(0, pa.timestamp("s", "Nowhere/Here")),
    "zone": repeat(0, pa.timestamp("ms", "Europe/Berlin")),
    "string view": repeat("a", pa.string_view()),
    "small dictionary": pa.DictionaryArray.from_arrays(
        pa.array([None, *range(ROWS - 1)], pa.int8()), pa.array([f"v{k}" for k in range(128)])
    ),
    "dictionary of doubles": pa.array([1.0, 2.0] * (ROWS // 2)).dictionary_encode(),
    "dictionary of dates": repeat(dt.date(2020, 1, 1), pa.date32()).dictionary_encode(),
    "dictionary with twins": pa.DictionaryArray.from_arrays(
        pa.array([0, 1, 2] * (ROWS // 3), pa.int32()), pa.array(["a", "a", "b"])
    ),
}
INFINITE = {"infinite": repeat(float("inf"), pa.float64()), "not UTF-8": make_undecodable()}
PLAIN = {"size": [k % 7 + 0.5 for k in range(ROWS)], "label": ["yes", "no"] * (ROWS // 2)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a model of size and label."""
    path = tmp_path_factory.mktemp("types")
    parquet.write_table(pa.table(PLAIN), path / "t.parquet")
    write_spec(path, "s", "")
    assert mlptrain("fit", "s.yaml", "-q", cwd=path).code == 0
    return path


def write_spec(path, name: str, more: str, target: str = "label") -> None:
    data = f"train: t.parquet, target: {target}{more}"
    (path / f"{name}.yaml").write_text(f"data: {{{data}}}\nmodel: {{hidden: [2]}}\ntraining: {{epochs: 1}}\n")


@pytest.mark.parametrize("column", [*REFUSED.values(), *INFINITE.values()], ids=[*REFUSED, *INFINITE])
def test_a_column_that_is_not_needed_is_not_read(folder, column):
    parquet.write_table(pa.table({"odd": column, **PLAIN}), folder / "t.parquet")
    write_spec(folder, "ignoring", ", columns: {odd: ignore}")
    plain = mlptrain("predict", "s.npz", "t.parquet", cwd=folder)
    assert (plain.code, len(plain.out.splitlines())) == (0, ROWS + 1)
    assert mlptrain("eval", "s.npz", "t.parquet", "--bootstrap", 0, cwd=folder).code == 0
    assert mlptrain("predict", "s.npz", "t.parquet", "--keep", "size", cwd=folder).code == 0
    for command in ("check", "fit"):
        ended = mlptrain(command, "ignoring.yaml", cwd=folder)
        assert ended.code == 0, ended.err


@pytest.mark.parametrize("column", REFUSED.values(), ids=REFUSED)
def test_a_column_that_is_needed_is_named_with_its_type(folder, column):
    """As an input, as the target, as a column to keep; and init leaves it out and says why."""
    parquet.write_table(pa.table({"odd": column, **PLAIN}), folder / "t.parquet")
    write_spec(folder, "input", "")
    write_spec(folder, "target", "", target="odd")
    kind = parquet_file.shorten_type(column.type).partition("<")[0]
    for line in (["fit", "input.yaml"], ["fit", "target.yaml"], ["check", "input.yaml"]):
        ended = mlptrain(*line, cwd=folder)
        assert (ended.code, f"t.parquet: column 'odd' is of type {kind}" in ended.err) == (3, True), ended.err
    for keep in ("odd", "all"):
        ended = mlptrain("predict", "s.npz", "t.parquet", "--keep", keep, cwd=folder)
        assert (ended.code, f"is of type {kind}" in ended.err, ended.out) == (3, True, ""), ended.err
    started = mlptrain("init", "t.parquet", "--target", "label", "--out", "-", cwd=folder)
    assert (started.code, "odd: ignore" in started.out) == (0, True), started.err


@pytest.mark.parametrize("column", READ.values(), ids=READ)
def test_other_types_are_read(tmp_path, column):
    parquet.write_table(pa.table({"x": column}), tmp_path / "t.parquet")
    texts = read_table(str(tmp_path / "t.parquet"), TableFormat()).texts("x")
    values = (
        column.to_pylist() if "zone" not in str(column.type) and not pa.types.is_timestamp(column.type) else [0] * ROWS
    )
    assert [bool(text) for text in texts] == [value is not None for value in values]
    assert len(set(texts)) == len(set(values))


@pytest.mark.parametrize("target", ["label", "odd"])
@pytest.mark.parametrize("use_dictionary", [True, False])
def test_text_that_is_not_utf8_is_named(folder, target, use_dictionary):
    table = pa.table({"odd": make_undecodable(), **PLAIN})
    parquet.write_table(table, folder / "t.parquet", use_dictionary=use_dictionary)
    write_spec(folder, "undecodable", "", target=target)
    ended = mlptrain("fit", "undecodable.yaml", cwd=folder)
    assert (ended.code, 't.parquet row 3: column "odd": byte 0xff is not UTF-8' in ended.err) == (3, True), ended.err


@pytest.mark.parametrize("problem", [UnicodeError("x"), OverflowError("x"), ValueError("x"), OSError("x")], ids=repr)
def test_errors_beside_the_tree_of_the_library_are_data_errors(tmp_path, problem, monkeypatch):
    parquet.write_table(pa.table(PLAIN), tmp_path / "t.parquet")

    def fail(*_):
        raise problem

    monkeypatch.setattr(parquet_file.ParquetReader, "cells", fail)
    with pytest.raises(DataError, match="this Parquet file is damaged: x"):
        read_table(str(tmp_path / "t.parquet"), TableFormat())


def test_no_memory_is_no_damage(tmp_path, monkeypatch):
    parquet.write_table(pa.table(PLAIN), tmp_path / "t.parquet")
    monkeypatch.setattr(parquet_file, "measure_available_memory", lambda: 100)
    with pytest.raises(EnvironmentFailure, match="a group of rows unpacks to"):
        read_table(str(tmp_path / "t.parquet"), TableFormat())
    assert read_table(str(tmp_path / "t.parquet"), TableFormat(), only=[]).rows == ROWS
    monkeypatch.setattr(parquet_file, "measure_available_memory", lambda: None)
    monkeypatch.setattr(parquet_file.ParquetReader, "cells", lambda *_: (_ for _ in ()).throw(pa.ArrowMemoryError("x")))
    with pytest.raises(MemoryError):
        read_table(str(tmp_path / "t.parquet"), TableFormat())


@pytest.mark.parametrize("index", ["__index_level_0__", "row", "Unnamed: 0"])
def test_a_stored_index_is_no_input(tmp_path, index):
    said = json.dumps({"index_columns": [index, {"kind": "range"}], "columns": []}).encode()
    numbers = np.random.default_rng(1).permutation(ROWS)
    table = pa.table({**PLAIN, index: numbers}).replace_schema_metadata({b"pandas": said})
    parquet.write_table(table, tmp_path / "t.parquet")
    write_spec(tmp_path, "s", "")
    for command in ("check", "fit"):
        ended = mlptrain(command, "s.yaml", cwd=tmp_path)
        assert f'note: column "{index}" is left out: the index of the stored data frame' in ended.err + ended.out
    started = mlptrain("init", "t.parquet", "--target", "label", "--out", "-", cwd=tmp_path)
    assert re.search("ignore +# the index of the stored data frame", started.out)
    parquet.write_table(pa.table(PLAIN), tmp_path / "new.parquet")
    assert mlptrain("predict", "s.npz", "new.parquet", cwd=tmp_path).code == 0
    write_spec(tmp_path, "used", f", columns: {{{json.dumps(index)}: number}}")
    assert mlptrain("fit", "used.yaml", "-q", cwd=tmp_path).code == 0
    assert mlptrain("predict", "used.npz", "new.parquet", cwd=tmp_path).code == 3


@pytest.mark.parametrize("marked", [["a"], ["b"], ["a", "b"]], ids="".join)
@pytest.mark.parametrize("kind", ["number", "category"])
def test_what_one_of_several_files_calls_an_index_is_one(tmp_path, marked, kind):
    """The order of the files has no say; a note names a file that says so where others do not."""
    said = json.dumps({"index_columns": ["row"]}).encode()
    for name in "ab":
        rows = np.random.default_rng(1).permutation(ROWS)
        table = pa.table({**PLAIN, "row": rows if kind == "number" else [f"{row % 7}x" for row in rows]})
        table = table.replace_schema_metadata({b"pandas": said} if name in marked else None)
        parquet.write_table(table, tmp_path / f"{name}.parquet")
    spec = "data: {train: [a.parquet, b.parquet], target: label%s}\ntraining: {epochs: 1}\n"
    (tmp_path / "s.yaml").write_text(spec % "")
    ended = mlptrain("fit", "s.yaml", cwd=tmp_path)
    where = f" in {marked[0]}.parquet, though not in all files" if len(marked) == 1 else ""
    cure = f"to use it, set data.columns: {{row: {kind}}}"
    assert f'note: column "row" is left out: the index of the stored data frame{where}; {cure}' in " ".join(
        ended.err.split()
    )
    (tmp_path / "s.yaml").write_text(spec % f", columns: {{row: {kind}}}")
    assert mlptrain("fit", "s.yaml", "-q", cwd=tmp_path).code == 0


@pytest.mark.parametrize("said", [b"", b"{", b"[]", b'{"index_columns": 3}', b"[" * 100_000, b"\xff"], ids=len)
def test_metadata_of_any_kind_do_no_harm(tmp_path, said):
    parquet.write_table(pa.table(PLAIN).replace_schema_metadata({b"pandas": said}), tmp_path / "t.parquet")
    assert read_table(str(tmp_path / "t.parquet"), TableFormat()).rows == ROWS
