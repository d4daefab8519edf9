"""A file from standard input is called so everywhere; but for that, each message is that of a file with a name."""

import gzip

import pytest

from mlptrain.data.images import read_images
from mlptrain.errors import DataError
from tests.support.command import mlptrain

NAME, STANDARD = "given.csv", "standard input"
ROWS = b"x,c,y\n" + b"".join(b"%d,%s,%s\n" % (k, b"pq"[k % 2 : k % 2 + 1], b"ab"[k % 2 : k % 2 + 1]) for k in range(12))
GIVEN = {
    "what training saw": ROWS,
    "another delimiter": ROWS.replace(b",", b";"),
    "compressed": gzip.compress(ROWS, mtime=0),
    "compressed, cut short": gzip.compress(ROWS, mtime=0)[:-9],
    "nothing": b"",
    "names only": b"x,c,y\n",
    "no such column": b"z\n1\n",
    "a row too long": ROWS + b"1,p,a,4\n",
    "a text among numbers": ROWS + b"many,p,a\n",
    "odd cells": ROWS + b",r,a\n1e9,p,b\n",
    "a blank line between": ROWS + b"\n1,p,a\n",
    "empty rows at the end": ROWS + b",,\n,,\n",
    "a class that is new": ROWS + b"1,p,new\n",
    "no text": b"\xff\xfe\xff",
    "a NUL": ROWS + b"1,\0,a\n",
    "no names": ROWS.partition(b"\n")[2],
    "a picture": b"\x89PNG\r\n\x1a\n\0\0",
    "an IDX file": b"\0\0\x08\x01\0\0\0\x01\x05",
    "Parquet, cut short": b"PAR1\0\0\0\0",
    "a workbook, cut short": b"PK\x03\x04\0\0\0\0",
}
SPEC = "data: {train: t.csv, target: y, columns: {x: number}}\nmodel: {hidden: [2]}\ntraining: {epochs: 1}\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("standard")
    (folder / "t.csv").write_bytes(ROWS)
    (folder / "s.yaml").write_text(SPEC)
    assert mlptrain("fit", "s.yaml", "-q", cwd=folder).code == 0
    return folder


@pytest.mark.parametrize(
    "command", ["predict", "predict --strict", "eval --bootstrap 0", "predict --set data.delimiter=;"]
)
@pytest.mark.parametrize("kind", GIVEN)
def test_a_message_about_standard_input_is_that_about_a_file(folder, command, kind):
    (folder / NAME).write_bytes(GIVEN[kind])
    verb, *options = command.split()
    by_name = mlptrain(verb, "s.npz", NAME, *options, cwd=folder)
    given = mlptrain(verb, "s.npz", "-", *options, cwd=folder, stdin=GIVEN[kind])
    told = [line for line in by_name.err.splitlines() if "holds the same rows as the training file" not in line]
    assert given.code == by_name.code
    assert given.err.splitlines() == [line.replace(NAME, STANDARD) for line in told]
    assert " -:" not in given.err


@pytest.mark.parametrize(
    "content", [b"", b"\0\0\x08\x03", b"\0\0\x08\x01\0\0\0\x01\x05", b"\0\0\x08\x02\0\0\0\x01\0\0\0\x01"]
)
def test_images_of_standard_input_are_called_so(tmp_path, monkeypatch, content):
    (tmp_path / "images").write_bytes(content)
    with pytest.raises(DataError) as by_name:
        read_images(str(tmp_path / "images"))
    monkeypatch.setattr("mlptrain.data.images.read_bytes", lambda _: content)
    with pytest.raises(DataError) as given:
        read_images("-")
    assert str(given.value) == str(by_name.value).replace(str(tmp_path / "images"), STANDARD)
