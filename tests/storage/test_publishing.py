"""A file is the old one or the new one, never a torn one; what is no file is written to and never replaced."""

import errno
import os
import stat
import threading
from collections import namedtuple
from pathlib import Path

import pytest

from mlptrain.errors import EnvironmentFailure, SpecError
from mlptrain.storage.publishing import (
    HELD_BY_ANOTHER,
    OLD,
    PAUSES,
    Disk,
    begins_with_or_empty,
    check_writable,
    make_temporary_path,
    publish_file,
    remove_leftover_temporary_files,
    require_replaceable_file,
    require_space,
)
from tests.support.patience import PATIENCE

posix = pytest.mark.skipif(os.name != "posix", reason="permissions and folders of POSIX")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_is_written_is_there_and_nothing_else(tmp_path):
    publish_file(tmp_path / "a", lambda stream: stream.write(b"one"))
    publish_file(tmp_path / "a", lambda stream: stream.write(b"two"))
    assert (tmp_path / "a").read_bytes() == b"two"
    assert names(tmp_path) == ["a"]


def test_who_reads_the_old_file_reads_it_to_its_end(tmp_path):
    (tmp_path / "a").write_bytes(b"old " * 10)
    with (tmp_path / "a").open("rb") as reader:
        publish_file(tmp_path / "a", lambda stream: stream.write(b"new"))
        assert reader.read() == b"old " * 10


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("bug"), KeyboardInterrupt()])
def test_a_writer_that_fails_halfway_leaves_the_old_file_and_no_other(tmp_path, error):
    (tmp_path / "a").write_bytes(b"old")

    def half(stream):
        stream.write(b"ne")
        raise error

    expected = EnvironmentFailure if isinstance(error, OSError) else type(error)
    with pytest.raises(expected):
        publish_file(tmp_path / "a", half)
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize(
    ("path", "why"),
    [("none/a", "No such file or directory"), ("file/a", "Not a directory"), ("n" * 300, "File name too long")],
)
def test_a_place_that_cannot_be_written_is_said_in_one_sentence(tmp_path, path, why):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(EnvironmentFailure, match=f"{path}: cannot be written: {why}; nothing was changed"):
        publish_file(tmp_path / path, lambda stream: stream.write(b"x"))
    with pytest.raises(EnvironmentFailure, match=path):
        check_writable(tmp_path / path)
    assert names(tmp_path) == ["file"]


def test_a_folder_is_not_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(EnvironmentFailure, match="folder: cannot be written: Is a directory"):
        publish_file(tmp_path / "folder", lambda stream: stream.write(b"x"))
    assert names(tmp_path) == ["folder"]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real/a")
    publish_file(tmp_path / "link", lambda stream: stream.write(b"x"))
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
    publish_file(pipe, lambda stream: stream.write(b"through"))
    reader.join(timeout=PATIENCE)
    assert read == [b"through"]
    assert pipe.is_fifo()
    assert names(tmp_path) == ["pipe"]


def test_a_check_leaves_nothing_behind(tmp_path):
    check_writable(tmp_path / "a")
    assert names(tmp_path) == []


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@posix
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o000])
def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path, umask):
    before = os.umask(umask)
    try:
        publish_file(tmp_path / "a", lambda stream: stream.write(b"x"))
    finally:
        os.umask(before)
    assert mode(tmp_path / "a") == 0o666 & ~umask


@posix
@pytest.mark.parametrize("permissions", [0o600, 0o644, 0o666, 0o751])
def test_a_file_that_replaces_another_has_its_permissions(tmp_path, permissions):
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "a").chmod(permissions)
    publish_file(tmp_path / "a", lambda stream: stream.write(b"new"))
    assert mode(tmp_path / "a") == permissions


@posix
def test_the_file_is_on_the_disk_before_it_takes_its_place_and_the_folder_after_it(tmp_path, monkeypatch):
    seen, fsync = [], os.fsync

    def noted(descriptor):
        what = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else os.pread(descriptor_of_reading(), 9, 0)
        seen.append((what, (tmp_path / "a").exists()))
        fsync(descriptor)

    def descriptor_of_reading():
        (temporary,) = tmp_path.glob(".a.*.tmp")
        return os.open(temporary, os.O_RDONLY)

    monkeypatch.setattr(os, "fsync", noted)
    publish_file(tmp_path / "a", lambda stream: stream.write(b"all of it"))
    assert seen == [(b"all of it", False), ("folder", True)]


@posix
@pytest.mark.parametrize("error", [errno.EINVAL, errno.EIO, errno.ENOSPC], ids=errno.errorcode.get)
def test_a_folder_that_cannot_be_flushed_is_told_unless_the_file_system_knows_no_such_thing(
    tmp_path, monkeypatch, error
):
    fsync = os.fsync

    def failing(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(error, os.strerror(error))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", failing)
    before = len(list(Path("/dev/fd").iterdir())) if Path("/dev/fd").exists() else 0
    if error == errno.EINVAL:
        publish_file(tmp_path / "a", lambda stream: stream.write(b"new"))
    else:
        why = f"a: is written, but whether it survives a power cut is not sure: {os.strerror(error)}"
        with pytest.raises(EnvironmentFailure, match=why):
            publish_file(tmp_path / "a", lambda stream: stream.write(b"new"))
    assert (tmp_path / "a").read_bytes() == b"new"
    assert (len(list(Path("/dev/fd").iterdir())) if Path("/dev/fd").exists() else 0) == before


@pytest.mark.parametrize("error", [errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP], ids=errno.errorcode.get)
def test_where_a_file_cannot_have_two_names_the_second_is_a_copy_on_the_disk(tmp_path, monkeypatch, error):
    flushed, fsync = [], os.fsync

    def refuse(*_):
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(
        os, "fsync", lambda descriptor: (flushed.append(os.fstat(descriptor).st_size), fsync(descriptor))
    )
    (tmp_path / "old").write_bytes(b"content")
    Disk().link(tmp_path / "old", tmp_path / "new")
    assert ((tmp_path / "new").read_bytes(), flushed) == (b"content", [7])


@pytest.mark.parametrize("error", [errno.ENOENT, errno.ENOSPC, errno.EIO, errno.EDQUOT], ids=errno.errorcode.get)
def test_a_disk_that_fails_gets_no_copy(tmp_path, monkeypatch, error):
    def fail(*_):
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(os, "link", fail)
    (tmp_path / "old").write_bytes(b"content")
    with pytest.raises(OSError, match=os.strerror(error)):
        Disk().link(tmp_path / "old", tmp_path / "new")
    assert names(tmp_path) == ["old"]


class Held(type(Path())):
    """A file that a scanner of Windows has open for so many attempts."""

    attempts = 0
    error = 0

    def replace(self, target):
        if type(self).attempts:
            type(self).attempts -= 1
            problem = OSError("held")
            problem.winerror = type(self).error
            raise problem
        return super().replace(target)


@pytest.mark.parametrize("attempts", [0, 1, len(PAUSES)])
@pytest.mark.parametrize("error", HELD_BY_ANOTHER)
def test_a_file_that_another_has_open_is_waited_for(tmp_path, monkeypatch, attempts, error):
    slept = []
    monkeypatch.setattr("time.sleep", slept.append)
    monkeypatch.setattr(Held, "attempts", attempts)
    monkeypatch.setattr(Held, "error", error)
    (tmp_path / "new").write_bytes(b"new")
    Disk().replace(Held(tmp_path / "new"), tmp_path / "old")
    assert ((tmp_path / "old").read_bytes(), slept) == (b"new", list(PAUSES[:attempts]))


@pytest.mark.parametrize(("attempts", "error", "waits"), [(1, 2, 0), (1, None, 0), (len(PAUSES) + 1, 32, len(PAUSES))])
def test_it_is_not_waited_for_in_vain(tmp_path, monkeypatch, attempts, error, waits):
    slept = []
    monkeypatch.setattr("time.sleep", slept.append)
    monkeypatch.setattr(Held, "attempts", attempts)
    monkeypatch.setattr(Held, "error", error)
    (tmp_path / "new").write_bytes(b"new")
    with pytest.raises(OSError, match="held"):
        Disk().replace(Held(tmp_path / "new"), tmp_path / "old")
    assert (names(tmp_path), len(slept)) == (["new"], waits)


def test_the_waits_grow_and_are_short():
    """The answers of Windows are ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION."""
    assert list(PAUSES) == sorted(PAUSES)
    assert 1 < sum(PAUSES) < 2
    assert HELD_BY_ANOTHER == (5, 32, 33)


@pytest.mark.parametrize("alone", [True, False])
def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path, alone):
    """By whose number it was says nothing: in a container every process may have the same."""
    names_of_ours = [f".a.{number}-0123abcd.tmp" for number in (1, os.getpid(), 2**22 + 1)]
    others = [".b.1-0123abcd.tmp", ".a.1-0123abcd.tmpx", "x.a.1-0123abcd.tmp", ".a.1-0123abcg.tmp", ".a.x-0123abcd.tmp"]
    for name in ["a", *names_of_ours, *others]:
        (tmp_path / name).write_bytes(b"")
    made = (tmp_path / names_of_ours[0]).stat().st_mtime
    remove_leftover_temporary_files(tmp_path / "a", alone=alone, now=lambda: made + OLD - 60)
    assert names(tmp_path) == sorted(["a", *others, *(() if alone else names_of_ours)])
    remove_leftover_temporary_files(tmp_path / "a", alone=alone, now=lambda: made + OLD + 60)
    assert names(tmp_path) == sorted(["a", *others])
    remove_leftover_temporary_files(tmp_path / "none" / "a", alone=alone)


def test_room_on_the_disk_is_looked_for(tmp_path, monkeypatch):
    asked = []
    usage = namedtuple("usage", "free")
    monkeypatch.setattr("shutil.disk_usage", lambda folder: asked.append(folder) or usage(2_000_000))
    require_space(tmp_path / "a", 2_000_000)
    with pytest.raises(EnvironmentFailure) as failure:
        require_space(tmp_path / "a", 2_100_000)
    assert asked == [tmp_path.resolve()] * 2
    there = "it needs about 2.1 MB of disk, 2.0 MB are free; make room, or choose another --out"
    assert str(failure.value) == f"{tmp_path / 'a'}: {there}"


def test_a_folder_that_is_not_there_is_said_before_anything_is_tried(tmp_path):
    with pytest.raises(EnvironmentFailure) as failure:
        check_writable(tmp_path / "none" / "a")
    assert str(failure.value) == f"{tmp_path}/none/a: the folder {tmp_path}/none does not exist; make it first"


def test_what_is_written_beside_a_file_is_known_as_left_over(tmp_path):
    made = make_temporary_path(tmp_path / "a")
    made.write_bytes(b"")
    remove_leftover_temporary_files(tmp_path / "a", alone=True)
    assert not made.exists()


# what stands there already


def test_only_what_is_ours_is_replaced(tmp_path):
    path = tmp_path / "m"
    rules = {"option": "--out", "fault": "is no poem", "cure": "write one"}
    require_replaceable_file(path, lambda path: False, **rules)
    path.write_text("prose")
    with pytest.raises(SpecError) as problem:
        require_replaceable_file(path, lambda path: path.read_text() == "poem", **rules)
    assert str(problem.value) == f"--out {path}: exists and is no poem; write one"
    path.write_text("poem")
    require_replaceable_file(path, lambda path: path.read_text() == "poem", **rules)


def test_without_an_option_the_message_begins_with_the_path(tmp_path):
    with pytest.raises(SpecError) as problem:
        require_replaceable_file(tmp_path, lambda path: False, fault="is a folder")
    assert str(problem.value) == f"{tmp_path}: exists and is a folder; choose another name"


@pytest.mark.parametrize(
    ("content", "ours"), [(b"", True), (b"abc", True), (b"abcd", True), (b"ab", False), (b"abx", False)]
)
def test_a_file_is_known_by_its_beginning(tmp_path, content, ours):
    (tmp_path / "f").write_bytes(content)
    assert begins_with_or_empty(tmp_path / "f", b"abc") is ours


def test_in_what_is_no_file_there_is_nothing_to_lose(tmp_path):
    assert begins_with_or_empty(tmp_path, b"abc")
    assert begins_with_or_empty(tmp_path / "none", b"abc")
    assert begins_with_or_empty(Path(os.devnull), b"abc")
