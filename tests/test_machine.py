"""Cores: those the process may run on, and of them those its control group has time for."""

from pathlib import Path

import pytest

from mlptrain import machine
from mlptrain.machine import read_cgroup_cpu_quota


@pytest.mark.parametrize(
    ("texts", "quota"),
    [
        (["max 100000\n"], None),
        (["150000 100000\n"], 1.5),
        (["-1\n", "100000\n"], None),
        (["400000\n", "100000\n"], 4.0),
        (["rubbish"], None),
        (["1 2 3"], None),
        (["100000 0"], None),
    ],
)
def test_a_control_group_leaves_so_many_cores(tmp_path, texts, quota):
    files = tuple(str(tmp_path / f"{number}") for number in range(len(texts)))
    for file, text in zip(files, texts, strict=True):
        Path(file).write_text(text)
    assert read_cgroup_cpu_quota(files) == quota
    assert read_cgroup_cpu_quota((str(tmp_path / "none"),)) is None


@pytest.mark.parametrize(("quota", "cores"), [("50000 100000", 1), ("250000 100000", 2), ("max 100000", 8)])
def test_the_usable_cores_are_those_there_is_time_for(tmp_path, monkeypatch, quota, cores):
    (tmp_path / "cpu.max").write_text(quota)
    monkeypatch.setattr(machine, "QUOTAS", ((str(tmp_path / "cpu.max"),), (str(tmp_path / "none"),)))
    monkeypatch.setattr(machine.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert machine.count_usable_cores() == cores


@pytest.mark.parametrize(("left", "starts", "room"), [(None, True, True), (None, False, False), (1 << 27, True, False)])
def test_there_is_room_for_threads_where_no_limit_is_near(monkeypatch, left, starts, room):
    def start(_thread):
        if not starts:
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(machine, "read_process_memory_left", lambda: left)
    monkeypatch.setattr(machine.Thread, "start", start)
    monkeypatch.setattr(machine.Thread, "join", lambda _: None)
    assert machine.has_room_for_threads() == room
