"""Archives of np.savez: what NumPy writes is read, and any damage, trick or other content is one sentence."""

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from mlptrain.errors import ModelFileError
from mlptrain.storage.array_archive import read_array_archive
from tests.support.flows import drawn

NAMES = st.from_regex(r"(parameters|buffers)\.[a-z_0-9]{1,9}\.[a-z]{1,9}", fullmatch=True)
SHAPES = arrays_of.array_shapes(min_dims=0, max_dims=4, max_side=4)
TYPES = st.sampled_from([np.float32, np.float64, np.float16, np.int64, np.uint8])
ARRAYS = TYPES.flatmap(lambda kind: arrays_of.arrays(kind, SHAPES, elements=st.integers(0, 9)))
WEIGHTS = {"parameters.hidden_1.weight": np.arange(6.0).reshape(2, 3), "parameters.hidden_1.bias": np.ones(3, "f")}


def write_archive(path, arrays, save=np.savez):
    save(path, **arrays)
    return path


@drawn
@given(st.dictionaries(NAMES, ARRAYS, min_size=1, max_size=4), st.booleans())
def test_what_numpy_writes_is_read(tmp_path_factory, arrays, turned):
    arrays = {name: array.T if turned else array for name, array in arrays.items()}
    found = read_array_archive(write_archive(tmp_path_factory.mktemp("a") / "w.npz", arrays))
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array)


def test_any_changed_byte_is_refused_or_changes_nothing(tmp_path):
    path = write_archive(tmp_path / "w.npz", WEIGHTS)
    content, damaged = path.read_bytes(), tmp_path / "d.npz"
    refused = 0
    for place in range(len(content)):
        damaged.write_bytes(content[:place] + bytes([content[place] ^ 0x15]) + content[place + 1 :])
        try:
            found = read_array_archive(damaged)
        except ModelFileError:
            refused += 1
        else:
            assert [array.tobytes() for array in found.values()] == [array.tobytes() for array in WEIGHTS.values()], (
                place
            )
    assert refused > len(content) / 2


def test_a_file_that_is_cut_short_is_refused(tmp_path):
    content = write_archive(tmp_path / "w.npz", WEIGHTS).read_bytes()
    for length in range(0, len(content), 7):
        (tmp_path / "c.npz").write_bytes(content[:length])
        with pytest.raises(ModelFileError):
            read_array_archive(tmp_path / "c.npz")


def make_npy(header, body=b""):
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + body


def zip_of(*members, packed=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", packed) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


NAME = "parameters.output.bias.npy"
PLAIN = make_npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", b"\0\0\x80?")


def write_header(shape, kind="<f4"):
    return make_npy(f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}", b"\0\0\x80?")


HOSTILE = {
    "objects": (
        zip_of((NAME, write_header("(1,)", "|O"))),
        "'|O', which is not read; save it as float32",
    ),
    "complex numbers": (zip_of((NAME, write_header("(2,)", "<c8"))), "of type '<c8'"),
    "big-endian": (zip_of((NAME, write_header("(1,)", ">f4"))), "of type '>f4'"),
    "a shape beyond memory": (zip_of((NAME, write_header("(99999999999, 99999999999)"))), "its shape is not that of"),
    "an overflowing shape": (zip_of((NAME, write_header("(4294967296, 4294967296)"))), "its shape is not that of"),
    "a negative side": (zip_of((NAME, write_header("(-1,)"))), "no array of plain numbers"),
    "code in the header": (zip_of((NAME, make_npy("__import__('os').getpid()"))), "no array of plain numbers"),
    "a structure": (
        zip_of((NAME, make_npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (), }"))),
        "no array",
    ),
    "no NPY": (zip_of((NAME, b"text")), "no array of plain numbers"),
    "a path": (zip_of(("../parameters.npy", PLAIN)), "is no array of a network"),
    "an absolute path": (zip_of(("/etc/passwd.npy", PLAIN)), "is no array of a network"),
    "capitals": (zip_of(("W.npy", PLAIN)), "'W.npy' is no array of a network, such as parameters.hidden_1.weight"),
    "a text": (zip_of(("readme.txt", b"hello")), "is no array of a network"),
    "no members": (zip_of(), "no arrays"),
    "a bomb": (
        zip_of((NAME, bytes(1 << 20)), packed=zipfile.ZIP_DEFLATED),
        "write it with np.savez, not np.savez_",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_content_is_one_sentence(tmp_path, name):
    content, said = HOSTILE[name]
    (tmp_path / "w.npz").write_bytes(content)
    with pytest.raises(ModelFileError) as error:
        read_array_archive(tmp_path / "w.npz")
    assert said in str(error.value)
    assert str(error.value).startswith(f"{tmp_path / 'w.npz'}: ")


def test_members_that_share_bytes_are_refused(tmp_path):
    content = zip_of((NAME, PLAIN + bytes(4000)))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (member,) = archive.infolist()
    start = archive.start_dir
    entry = content[start : content.index(b"PK\x05\x06")]
    names = [f"parameters.output.bia{letter}.npy".encode() for letter in "abc"]
    entries = b"".join(entry.replace(NAME.encode(), name) for name in names)
    end = b"PK\x05\x06" + bytes(4) + (3).to_bytes(2, "little") * 2
    end += len(entries).to_bytes(4, "little") + start.to_bytes(4, "little") + bytes(2)
    (tmp_path / "w.npz").write_bytes(content[:start] + entries + end)
    with pytest.raises(ModelFileError, match="members do not follow each other"):
        read_array_archive(tmp_path / "w.npz")
    assert member.file_size > 4000


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_is_there_twice_is_refused(tmp_path):
    (tmp_path / "w.npz").write_bytes(zip_of((NAME, PLAIN), (NAME, PLAIN)))
    with pytest.raises(ModelFileError, match="there twice"):
        read_array_archive(tmp_path / "w.npz")


def test_what_is_no_file_is_refused_without_waiting(tmp_path):
    for path in (tmp_path, tmp_path / "none.npz"):
        with pytest.raises(ModelFileError):
            read_array_archive(path)
