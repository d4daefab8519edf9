"""The container: what is written is read, `numpy.load` opens it, and no other byte string is accepted."""

import io
import os
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from mlptrain.errors import ModelFileError
from mlptrain.storage import container
from mlptrain.storage.container import (
    TYPES,
    Refused,
    decode_container,
    encode_npy_header,
    read_container,
    write_container,
)
from tests.support.drawing import drawn, identical

names = st.from_regex(r"[a-z0-9_]{1,12}(\.[a-z0-9_]{1,12}){0,3}", fullmatch=True).filter(lambda name: name != "sha256")
some_arrays = st.sampled_from(TYPES).flatmap(
    lambda kind: arrays(kind, array_shapes(min_dims=0, min_side=0, max_side=4))
)
SMALL = {
    "metadata": np.frombuffer(b'{"a": 1}', np.uint8),
    "w.x": np.arange(6, dtype="f4").reshape(2, 3),
    "n": np.zeros(0),
}


def written(content):
    stream = io.BytesIO()
    write_container(stream, content)
    return stream.getvalue()


@drawn
@given(st.dictionaries(names, some_arrays, max_size=5))
def test_what_is_written_is_read_by_us_and_by_numpy(content):
    data = written(content)
    found = decode_container(memoryview(data))
    assert list(found) == list(content)
    assert identical(found.values(), content.values())
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        assert {*archive.files} == {*content, "sha256"}
        assert identical([archive[name] for name in content], content.values())
    assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None


@drawn
@given(st.dictionaries(names, some_arrays, max_size=5))
def test_the_same_arrays_give_the_same_bytes(content):
    assert written(content) == written({name: np.array(array, order="F") for name, array in content.items()})


def refused(data):
    try:
        decode_container(memoryview(data))
    except Refused:
        return True
    return False


def test_every_flipped_bit_is_noticed():
    data = written(SMALL)
    for position in range(len(data)):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[position] ^= 1 << bit
            assert refused(bytes(damaged)), (position, bit)


def test_every_truncation_insertion_and_removal_is_noticed():
    data = written(SMALL)
    for position in range(len(data)):
        assert refused(data[:position])
        assert refused(data[:position] + data[position + 1 :])
        for extra in (b"\0", b"P", data[position : position + 1]):
            assert refused(data[:position] + extra + data[position:])
    assert refused(data + b"\0")


def other_zip(**options):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", **options) as archive:
        archive.writestr("metadata.npy", encode_npy_header("|u1", (4,)) + b"abcd")
    return stream.getvalue()


def savez(**content):
    stream = io.BytesIO()
    np.savez(stream, **content)
    return stream.getvalue()


def bomb(count=1000):
    """A zip whose members all lie in the same bytes (Fifield, 2019)."""
    body = encode_npy_header("|u1", (100_000,)) + bytes(100_000)
    local = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 0, 0, 33, 0, len(body), len(body), 5, 0) + b"a.npy"
    one = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 0, 0, 33, 0, len(body), len(body), 5, 0, 0, 0, 0, 0, 0)
    directory = (one + b"a.npy") * count
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, len(directory), len(local) + len(body), 0)
    return local + body + directory + end


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x05\x06" + bytes(18),
        os.urandom(100),
        other_zip(),
        other_zip(compression=zipfile.ZIP_DEFLATED),
        savez(metadata=np.zeros(3)),
        bomb(),
    ],
    ids=["nothing", "empty zip", "noise", "zip", "packed", "savez", "overlapping"],
)
def test_other_archives_are_refused(data):
    assert refused(data)


ODD = {
    "objects": np.array([{}], object),
    "texts": np.array(["a"]),
    "big-endian": np.arange(3, dtype=">f4"),
    "half": np.arange(3, dtype="f2"),
    "complex": np.arange(3, dtype="c8"),
    "dates": np.zeros(2, "M8[D]"),
    "booleans": np.zeros(2, bool),
    "fields": np.zeros(2, [("a", "f4")]),
}


@pytest.mark.parametrize("kind", ODD)
def test_arrays_of_other_types_are_never_read(kind, monkeypatch):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, ODD[kind], version=(1, 0), allow_pickle=True)
    with monkeypatch.context() as patch:
        patch.setattr("mlptrain.storage.container.encode_npy_array", lambda array: whole(array, stream.getvalue()))
        data = written({"a": np.zeros(1)})
    assert refused(data)


def whole(array, other):
    """The member of an array: the digest's as it should be, any other `other`."""
    if array.dtype == np.uint8 and array.shape == (32,):
        return encode_npy_header("|u1", (32,)) + array.tobytes()
    return other


@pytest.mark.parametrize(
    "shape", ["(1000000000000,)", "(99999999999999999999,)", "(-1,)", "(2, 3", "(2,3)", "(02,)", "()()"]
)
def test_absurd_shapes_are_refused_before_anything_is_allocated(shape, monkeypatch):
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117).encode() + b"\n"
    body = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + bytes(24)
    with monkeypatch.context() as patch:
        patch.setattr("mlptrain.storage.container.encode_npy_array", lambda array: whole(array, body))
        data = written({"a": np.zeros(1)})
    tracemalloc.start()
    try:
        assert refused(data)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_names_from_files_are_names_and_nothing_else():
    for name in ("../a", "/a", "a b", "A", "a..b", ".a", "", "ä", "a" * 300, "a\n", "sha256"):
        assert refused(written({name: np.zeros(1)})), name


def test_a_name_is_there_once():
    one = written({"a": np.zeros(1), "b": np.zeros(1)})
    assert refused(one.replace(b"b.npy", b"a.npy"))


def test_a_file_is_read_with_its_own_size_of_memory(tmp_path):
    path, array = tmp_path / "m.npz", np.arange(1 << 20, dtype="f8")
    with path.open("wb") as stream:
        write_container(stream, {"a": array})
    tracemalloc.start()
    try:
        found = read_container(path)
        assert tracemalloc.get_traced_memory()[1] < 1.2 * path.stat().st_size + (1 << 20)
    finally:
        tracemalloc.stop()
    assert identical(found.values(), [array])
    assert not found["a"].flags.writeable


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_is_no_regular_file_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "none", tmp_path / "a\0b", tmp_path / "\ud800"):
        with pytest.raises(ModelFileError):
            read_container(path)


def test_the_limits_are_the_formats_own(tmp_path, monkeypatch):
    """Sizes are numbers of 32 bits."""
    assert container.LARGEST == 0xFFFFFFFF
    path = tmp_path / "m.npz"
    path.write_bytes(written(SMALL))
    monkeypatch.setattr(container, "LARGEST", path.stat().st_size)
    assert list(read_container(path)) == list(SMALL)
    monkeypatch.setattr(container, "LARGEST", path.stat().st_size - 1)
    with pytest.raises(ModelFileError, match="larger than 4 GiB, which no model is; name a model that"):
        read_container(path)


@pytest.mark.parametrize(("length", "fits"), [(196, True), (197, False)])
def test_the_longest_name(length, fits):
    """Of 200 characters, with `.npy`."""
    assert refused(written({"n" * length: np.zeros(1)})) is not fits


def test_the_most_members(monkeypatch):
    """The digest is one of them; of more than that nothing is written, and nothing is read."""
    arrays = {f"n{k}": np.zeros(0, np.uint8) for k in range(10_000)}
    with pytest.raises(ModelFileError, match="more than 10000 arrays"):
        written(arrays)
    with monkeypatch.context() as patch:
        patch.setattr("mlptrain.storage.container.MOST_MEMBERS", 10_001)
        too_many = written(arrays)
    assert refused(too_many)
    arrays.popitem()
    assert not refused(written(arrays))


@pytest.mark.parametrize(("path", "kind"), [(".", "folder"), (os.devnull, "device or a pipe")])
def test_what_is_no_file_is_called_by_its_kind(path, kind):
    with pytest.raises(ModelFileError) as problem:
        read_container(Path(path))
    assert str(problem.value) == f"{path}: this is a {kind}; name a model that mlptrain fit wrote"


def descriptors():
    """How many files this process has open, where that can be seen."""
    return len(list(Path("/dev/fd").iterdir())) if Path("/dev/fd").exists() else 0


def test_the_largest_file(tmp_path, monkeypatch):
    """Beyond 4 GiB it would be another format; here the bound is lower."""
    path, data = tmp_path / "m.npz", written(SMALL)
    path.write_bytes(data)
    monkeypatch.setattr("mlptrain.storage.container.LARGEST", len(data))
    assert identical(read_container(path).values(), SMALL.values())
    monkeypatch.setattr("mlptrain.storage.container.LARGEST", len(data) - 1)
    before = descriptors()
    with pytest.raises(ModelFileError) as problem:
        read_container(path)
    said = "larger than 4 GiB, which no model is; name a model that mlptrain fit wrote"
    assert str(problem.value) == f"{path}: {said}"
    assert descriptors() == before
    monkeypatch.setattr("mlptrain.storage.container.LARGEST", 100)
    with pytest.raises(ModelFileError) as problem:
        written(SMALL)
    said = "the model is larger than 4 GiB, the most that a model file holds; use a smaller network"
    assert str(problem.value) == said


@pytest.mark.parametrize(("dimensions", "fits"), [(32, True), (33, False)])
def test_the_most_dimensions(dimensions, fits):
    assert refused(written({"a": np.zeros((1,) * dimensions)})) is not fits
