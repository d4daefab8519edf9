"""A folder of files is published whole or not at all, whatever of it fails."""

import errno

import pytest

from mlptrain.errors import EnvironmentFailure
from mlptrain.storage.folders import publish_folder
from mlptrain.storage.publishing import Disk

OLD, NEW = {"a": b"old", "c": b"old"}, {"a": b"new", "b": bytes(1000)}
STEPS = ("create", "sync", "replace", "sync_folder")


class Failing(Disk):
    """A disk that fails at the n-th step."""

    def __init__(self, step):
        self.left = step

    def count(self):
        self.left -= 1
        if self.left == 0:
            raise OSError(errno.ENOSPC, "No space left on device")


for each in STEPS:

    def step(self, *arguments, _each=each):
        self.count()
        return getattr(Disk, _each)(self, *arguments)

    setattr(Failing, each, step)


def read(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("old", [None, {}, OLD])
def test_a_folder_is_there_with_its_files_alone(tmp_path, old):
    target = tmp_path / "made"
    if old is not None:
        publish_folder(target, old)
    publish_folder(target, NEW)
    assert read(target) == NEW
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("step", range(1, 9))
def test_a_step_that_fails_leaves_the_old_or_the_new_folder_whole(tmp_path, old, step):
    target = tmp_path / "made"
    if old:
        publish_folder(target, OLD)
    disk = Failing(step)
    try:
        publish_folder(target, NEW, disk)
    except EnvironmentFailure as problem:
        found = str(problem)
    else:
        found = ""
    assert bool(found) == (disk.left <= 0)
    there = read(target) if target.exists() else None
    assert there == (OLD if old else None) or there == NEW
    assert "nothing was changed" not in found or there == (OLD if old else None)
    assert set(tmp_path.iterdir()) <= {target}


def test_every_step_is_counted(tmp_path):
    disk = Failing(100)
    publish_folder(tmp_path / "made", OLD)
    publish_folder(tmp_path / "made", NEW, disk)
    assert 100 - disk.left == 8


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(EnvironmentFailure, match=r"none does not exist; make it first"):
        publish_folder(tmp_path / "none" / "made", NEW)
