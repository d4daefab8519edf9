"""Publishing on a simulated disk: whatever a crash or a failing operation leaves, the target is the old or the new one.

What was not flushed may be lost after a crash, kept, or cut at any sector; what was done to a folder and not flushed
may be lost from any operation on (Pillai et al., OSDI 2014).
"""

import errno
import io
import zlib
from pathlib import Path

import pytest

from mlptrain.errors import EnvironmentFailure
from mlptrain.storage.publishing import Disk, publish_file

SECTOR = 512
TARGET = Path("/simulated/model.npz")
KEPT = Path("/simulated/model.previous.npz")
OLDER, OLD, NEW = b"older", b"old" * 700, bytes(range(256)) * 100


class Simulated(Disk):
    """A disk that notes what is done to it; its operation number `broken` fails."""

    def __init__(self, broken=None, error=errno.EIO):
        self.log, self.broken, self.error = [], broken, error

    def note(self, *operation):
        if len(self.log) == self.broken:
            self.broken = None
            raise OSError(self.error, "simulated")
        self.log.append(operation)

    def create(self, path, like):
        self.note("create", path)
        return io.BufferedWriter(Stream(self, path), SECTOR)

    def sync(self, stream):
        stream.flush()
        self.note("sync", stream.raw.path)

    def replace(self, new, old):
        self.note("replace", new, old)

    def crc(self, path):
        self.note("read", path)
        return zlib.crc32(self.given_back(path))

    def given_back(self, path):
        return b"".join(each[2] for each in self.log if each[:2] == ("write", path))

    def exists(self, path):
        return True

    def link(self, old, new):
        self.note("link", old, new)

    def sync_folder(self, folder):
        self.note("sync_folder")

    def remove(self, path):
        self.log.append(("remove", path))


class Stream(io.RawIOBase):
    """An open file; every other write takes half of what it is given."""

    def __init__(self, disk, path):
        self.disk, self.path, self.writes = disk, path, 0
        self.crc = 0

    def writable(self):
        return True

    def write(self, data):
        self.writes += 1
        taken = bytes(data[: max(len(data) // 2, 1)] if self.writes % 2 else data)
        self.disk.note("write", self.path, taken)
        self.crc = zlib.crc32(taken, self.crc)
        return len(taken)


class Forgetful(Simulated):
    """A disk on which nobody flushes the file."""

    def sync(self, stream):
        stream.flush()


class Decaying(Simulated):
    """A disk that gives back one bit wrong."""

    def given_back(self, path):
        written = super().given_back(path)
        return written[:-1] + bytes([written[-1] ^ 1])


def write_new(stream):
    for start in range(0, len(NEW), 300):
        stream.write(NEW[start : start + 300])


def states_after_crash(log, path=TARGET):
    """What a file may hold if the machine stops after these operations."""
    written, flushed, entries, lasting = {}, set(), [], 0
    for kind, *about in log:
        if kind == "write":
            written[about[0]] = written.get(about[0], b"") + about[1]
            flushed.discard(about[0])
        elif kind == "sync":
            flushed.add(about[0])
        elif kind == "sync_folder":
            lasting = len(entries)
        elif kind != "read":
            entries.append((kind, *about))
    for kept in range(lasting, len(entries) + 1):
        names = {TARGET: "old", KEPT: "older"}
        for kind, *about in entries[:kept]:
            if kind == "create":
                names[about[0]] = about[0]
            elif kind == "link":
                names[about[1]] = names[about[0]]
            elif kind == "replace":
                names[about[1]] = names.pop(about[0])
        yield from contents(names[path], written, flushed)


def contents(file, written, flushed):
    """What may be in a file after a crash: all, if it was flushed, else any part of it."""
    if file in ("old", "older"):
        lost = sum(len(data) for data in written.values()) // SECTOR  # as many states of what was written beside it
        yield from [OLD if file == "old" else OLDER] * (1 + lost)
    elif file in flushed:
        yield written[file]
    else:
        yield from (written[file][:cut] for cut in [*range(0, len(written[file]), SECTOR), len(written[file])])


def crashes(disk, path=TARGET):
    """All states of a file after a crash at any moment of a publication."""
    publish_file(TARGET, write_new, disk, keep=KEPT)
    return [state for count in range(len(disk.log) + 1) for state in states_after_crash(disk.log[:count], path)]


def test_after_a_crash_at_any_moment_the_target_is_the_old_or_the_new_file():
    states = crashes(Simulated())
    assert len(states) >= 2000
    assert {*states} == {OLD, NEW}


def test_the_file_that_is_replaced_is_kept_whole_in_the_place_of_the_one_before():
    assert {*crashes(Simulated(), KEPT)} == {OLDER, OLD}


def test_when_publishing_has_returned_the_new_file_stays():
    disk = Simulated()
    publish_file(TARGET, write_new, disk, keep=KEPT)
    assert {*states_after_crash(disk.log)} == {NEW}
    assert {*states_after_crash(disk.log, KEPT)} == {OLD}


def test_the_simulation_finds_a_file_that_was_not_flushed():
    assert not {*crashes(Forgetful())} <= {OLD, NEW}


def operations():
    disk = Simulated()
    publish_file(TARGET, write_new, disk, keep=KEPT)
    return [operation[0] for operation in disk.log]


def made(disk):
    """The names that a disk was asked to give to new files, or to old ones beside their own."""
    return {each[1] for each in disk.log if each[0] == "create"} | {each[2] for each in disk.log if each[0] == "link"}


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC, errno.EACCES, errno.EDQUOT], ids=errno.errorcode.get)
def test_an_operation_that_fails_leaves_the_old_file_and_says_so(error):
    for broken, operation in enumerate(operations()):
        if operation == "remove":
            continue
        disk = Simulated(broken, error)
        with pytest.raises(EnvironmentFailure) as failure:
            publish_file(TARGET, write_new, disk, keep=KEPT)
        replaced = any(each[0] == "replace" and each[2] == TARGET for each in disk.log)
        assert ("nothing was changed" in str(failure.value)) is not replaced
        assert ("whether it survives a power cut is not sure" in str(failure.value)) is replaced
        assert {*states_after_crash(disk.log)} <= ({OLD, NEW} if replaced else {OLD})
        assert {*states_after_crash(disk.log, KEPT)} <= {OLDER, OLD}
        assert {each[1] for each in disk.log if each[0] == "remove"} >= made(disk)
        assert operation != "sync_folder" or replaced


def test_what_the_disk_does_not_give_back_takes_no_place():
    disk = Decaying()
    with pytest.raises(EnvironmentFailure, match="the disk does not give back what was written; nothing was changed"):
        publish_file(TARGET, write_new, disk, keep=KEPT)
    assert {*states_after_crash(disk.log)} == {OLD}
    assert {*states_after_crash(disk.log, KEPT)} == {OLDER}
