"""A file is the old one or the new one, never a torn one; what is no file is written to and never replaced."""

import os
import threading

import pytest

from mlptrain.errors import EnvironmentFailure
from mlptrain.publishing import check_writable, publish


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_is_written_is_there_and_nothing_else(tmp_path):
    publish(tmp_path / "a", lambda stream: stream.write(b"one"))
    publish(tmp_path / "a", lambda stream: stream.write(b"two"))
    assert (tmp_path / "a").read_bytes() == b"two"
    assert names(tmp_path) == ["a"]


def test_who_reads_the_old_file_reads_it_to_its_end(tmp_path):
    (tmp_path / "a").write_bytes(b"old " * 10)
    with (tmp_path / "a").open("rb") as reader:
        publish(tmp_path / "a", lambda stream: stream.write(b"new"))
        assert reader.read() == b"old " * 10


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("bug"), KeyboardInterrupt()])
def test_a_writer_that_fails_halfway_leaves_the_old_file_and_no_other(tmp_path, error):
    (tmp_path / "a").write_bytes(b"old")

    def half(stream):
        stream.write(b"ne")
        raise error

    expected = EnvironmentFailure if isinstance(error, OSError) else type(error)
    with pytest.raises(expected):
        publish(tmp_path / "a", half)
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize(
    ("path", "why"),
    [("none/a", "No such file or directory"), ("file/a", "Not a directory"), ("n" * 300, "File name too long")],
)
def test_a_place_that_cannot_be_written_is_said_in_one_sentence(tmp_path, path, why):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(EnvironmentFailure, match=f"{path}: cannot be written: {why}; nothing was changed"):
        publish(tmp_path / path, lambda stream: stream.write(b"x"))
    with pytest.raises(EnvironmentFailure, match=path):
        check_writable(tmp_path / path)
    assert names(tmp_path) == ["file"]


def test_a_folder_is_not_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(EnvironmentFailure, match="folder: cannot be written: Is a directory"):
        publish(tmp_path / "folder", lambda stream: stream.write(b"x"))
    assert names(tmp_path) == ["folder"]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real/a")
    publish(tmp_path / "link", lambda stream: stream.write(b"x"))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "a").read_bytes() == b"x"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    """As /dev/null and /dev/stdout are: putting a file in their place would break the machine."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    publish(pipe, lambda stream: stream.write(b"through"))
    reader.join(timeout=10)
    assert read == [b"through"]
    assert pipe.is_fifo()
    assert names(tmp_path) == ["pipe"]


def test_a_check_leaves_nothing_behind(tmp_path):
    check_writable(tmp_path / "a")
    assert names(tmp_path) == []
