"""IDX files: what is stored is read; what is cut, lengthened or of another kind is refused."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.data.images import read_idx, read_images, read_labels
from mlptrain.errors import DataError
from tests.support.table_cases import drawn, zipped


def idx(array) -> bytes:
    """An array of bytes as an IDX file."""
    return b"\0\0\x08" + struct.pack(f">B{array.ndim}I", array.ndim, *array.shape) + array.tobytes()


def head(*sizes: int) -> bytes:
    return b"\0\0\x08" + struct.pack(f">B{len(sizes)}I", len(sizes), *sizes)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A function that stores bytes in a file and gives its name."""
    path = tmp_path_factory.mktemp("idx") / "f.idx"

    def store(content: bytes) -> str:
        path.write_bytes(content)
        return str(path)

    return store


@pytest.mark.parametrize("pack", [bytes, zipped], ids=["plain", "gzip"])
@pytest.mark.parametrize("shape", [(5,), (0,), (2, 3), (2, 3, 4), (0, 28, 28), (2, 3, 4, 3)])
def test_what_is_stored_is_read(stored, pack, shape):
    array = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    np.testing.assert_array_equal(read_idx(stored(pack(idx(array)))), array)
    assert read_idx(stored(pack(idx(array)))).shape == shape


FILE = idx(np.arange(12, dtype=np.uint8).reshape(2, 3, 2))


@pytest.mark.parametrize("length", range(len(FILE)))
@pytest.mark.parametrize("pack", [bytes, zipped], ids=["plain", "gzip"])
def test_every_cut_file_is_refused(stored, pack, length):
    with pytest.raises(DataError, match=r"f.idx: "):
        read_idx(stored(pack(FILE[:length])))


@pytest.mark.parametrize("length", range(len(zipped(FILE))))
def test_every_cut_gzip_file_is_refused(stored, length):
    with pytest.raises(DataError, match=r"f.idx: "):
        read_idx(stored(zipped(FILE)[:length]))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "this is not an IDX file of bytes (it does not begin with 00 00 08)"),
        (FILE + b"\0", "13 bytes of data, 12 expected for 2 × 3 × 2; is it cut short?"),
        (FILE[:-1], "11 bytes of data, 12 expected for 2 × 3 × 2; is it cut short?"),
        (b"\0\0\x0d" + FILE[3:], "this is not an IDX file of bytes"),
        (b"\x01" + FILE[1:], "this is not an IDX file of bytes"),
        (b"\0\0\x08\0", "the IDX header is cut short"),
        (b"\0\0\x08\x03\0\0\0\x01", "the IDX header is cut short"),
        (b"a,b\n1,2\n", "this is not an IDX file of bytes"),
        (b"\x89PNG\r\n\x1a\n", "this is a PNG image; save tables as CSV (UTF-8), images as IDX"),
        (head(*[1] * 100) + b"x", "100 dimensions of 1, 1, 1, 1, 1, 1, 1, 1, 1 are no images or labels"),
        (head(0, 2**32 - 1, 2**32 - 1), "3 dimensions of 0, 4294967295, 4294967295 are no images or labels"),
        (head(3, 0, 28), "3 dimensions of 3, 0, 28 are no images or labels"),
        (head(2**32 - 1, 28, 28), "0 bytes of data, 3367254359280 expected for 4294967295 × 28 × 28; is it cut short?"),
    ],
)
def test_what_is_no_idx_file_is_refused_in_words(stored, content, said):
    with pytest.raises(DataError) as error:
        read_idx(stored(content))
    assert f"f.idx: {said}" in str(error.value)


@drawn
@given(st.binary(max_size=30) | st.binary(max_size=24).map(lambda rest: b"\0\0\x08" + rest), st.booleans())
def test_any_bytes_are_an_array_or_a_data_error(stored, content, pack):
    try:
        array = read_idx(stored(zipped(content) if pack else content))
    except DataError as problem:
        error = str(problem)
    else:
        error = ""
        assert idx(array) == content
    assert not error or ".idx: " in error


def test_images_and_labels_are_told_apart(stored):
    images, labels = np.zeros((4, 2, 2), np.uint8), np.arange(4, dtype=np.uint8)
    assert read_images(stored(idx(images))).shape == (4, 2, 2)
    assert read_labels(stored(idx(labels)), 4).texts("") == ["0", "1", "2", "3"]
    with pytest.raises(DataError, match=r"f.idx: these are labels, not images; swap the two files"):
        read_images(stored(idx(labels)))
    with pytest.raises(DataError, match=r"f.idx: these are images, not labels; swap the two files"):
        read_labels(stored(idx(images)), 4)
    for count in (3, 5):
        with pytest.raises(DataError, match=f"f.idx: 4 labels for {count} images"):
            read_labels(stored(idx(labels)), count)
