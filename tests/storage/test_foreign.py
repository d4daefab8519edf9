"""What is no model is called by what it looks like, and the message says what a model is."""

import random

import pytest

from mlptrain.errors import ModelFileError
from mlptrain.model.model import Model
from mlptrain.storage.foreign import TEXT, recognise_foreign

FILES = {
    "notes": (b"Some words.\nMore of them.\n", "this is a text"),
    "table.dat": (b"a,b\n1,2\n", "this is a text"),
    "table.csv": (b"a,b\n1,2\n", "this is a table"),
    "letters.txt": ("é".encode() * 40_000, "this is a text"),
    "letters_cut.txt": (b"x" + "é".encode() * 40_000, "this is a text"),
    "paper.pdf": (b"%PDF-1.7\n\x00\x01", "this is a PDF document"),
    "name.pdf": (b"no PDF, in spite of its name\n", "this is a text"),
    "latin.txt": (b"caf\xe9\n", "it does not begin as one"),
    "bytes.npz": (random.Random(1).randbytes(3000), "it does not begin as one"),
    "empty.npz": (b"", "this is an empty file"),
}


@pytest.mark.parametrize("name", FILES)
def test_what_is_no_model_is_called_by_its_kind_and_told_what_a_model_is(tmp_path, name):
    content, said = FILES[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ModelFileError) as caught:
        Model.load(path)
    end = "a model is the .npz that `mlptrain fit` writes"
    assert str(caught.value) == f"{path}: not a model of mlptrain: {said}; {end}"


@pytest.mark.parametrize("sign", [b"\x00", b"\x01", b"\x0e", b"\x1f", b"\xff"])
def test_bytes_that_no_text_has_make_a_file_no_text(tmp_path, sign):
    path = tmp_path / "file"
    path.write_bytes(b"words" + sign + b"words")
    assert recognise_foreign(path) != TEXT
