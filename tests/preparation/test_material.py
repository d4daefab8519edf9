"""Understood rows travel to another process, wherever they are from."""

import io
import pickle
import sys

import numpy as np
import pytest

from mlptrain.data.frames import read_columns
from mlptrain.model.rows import TableRows
from mlptrain.preparation.material import make_training_data, read_training_data
from mlptrain.preparation.partitions import divide_rows
from mlptrain.preparation.preparation import fit_and_encode_parts
from mlptrain.spec.file import make_draft_from_spec

COLUMNS = {
    "size": [str(k * 37 % 11) for k in range(40)],
    "colour": [("red", "green", "")[k % 3] for k in range(40)],
    "day": [f"2024-01-{1 + k % 28:02}" for k in range(40)],
    "label": ["dear" if k * 37 % 11 > 5 else "cheap" for k in range(40)],
}
SPEC = {"data": {"train": "t.csv", "target": "label", "split": {"validation": 0.2}}}


def write_csv(path):
    lines = [",".join(COLUMNS), *map(",".join, zip(*COLUMNS.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n")


def from_csv(folder, _monkeypatch):
    write_csv(folder / "t.csv")
    return read_training_data(make_draft_from_spec(SPEC).spec, folder)


def from_stdin(folder, monkeypatch):
    write_csv(folder / "t.csv")
    stream = io.TextIOWrapper(io.BytesIO((folder / "t.csv").read_bytes()))
    monkeypatch.setattr(sys, "stdin", stream)
    return read_training_data(make_draft_from_spec(SPEC, {"data.train": "-"}).spec, folder)


def from_parquet(folder, _monkeypatch):
    arrow = pytest.importorskip("pyarrow", reason="pip install 'mlptrain[parquet]'")
    pytest.importorskip("pyarrow.parquet").write_table(arrow.table(COLUMNS), folder / "t.parquet")
    return read_training_data(make_draft_from_spec(SPEC, {"data.train": "t.parquet"}).spec, folder)


def from_workbook(folder, _monkeypatch):
    book = pytest.importorskip("openpyxl", reason="pip install 'mlptrain[excel]'").Workbook()
    for row in [[*COLUMNS], *zip(*COLUMNS.values(), strict=True)]:
        book.active.append(row)
    book.save(folder / "t.xlsx")
    return read_training_data(make_draft_from_spec(SPEC, {"data.train": "t.xlsx"}).spec, folder)


def from_memory(folder, _monkeypatch):
    columns = COLUMNS | {"size": np.arange(40.0)}
    spec = make_draft_from_spec(SPEC | {"data": {"target": "label"}}, rows_given=True).spec
    return make_training_data(spec, TableRows(read_columns(columns)), folder)


SOURCES = {each.__name__: each for each in (from_csv, from_stdin, from_parquet, from_workbook, from_memory)}


@pytest.mark.parametrize("read", SOURCES.values(), ids=SOURCES)
def test_rows_of_every_source_travel(tmp_path, monkeypatch, read):
    data = read(tmp_path, monkeypatch)
    there = pickle.loads(pickle.dumps(data, protocol=5))
    here_encoded, there_encoded = (fit_and_encode_parts(each, divide_rows(each)[0]) for each in (data, there))
    np.testing.assert_array_equal(there_encoded.train.x[:], here_encoded.train.x[:])
    np.testing.assert_array_equal(there_encoded.train.truth, here_encoded.train.truth)
    for name in ("size", "label"):  # texts are read once more, and lines are found
        assert there.rows.inputs.texts(name) == data.rows.inputs.texts(name)
        assert str(there.rows.inputs.fault(3, name, "odd")) == str(data.rows.inputs.fault(3, name, "odd"))
