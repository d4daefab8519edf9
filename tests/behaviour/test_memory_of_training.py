"""How much memory is free: the least of what machine, control group and process leave, or nothing that is known."""

import resource
import subprocess
import sys

import pytest

from mlptrain import machine as memory
from tests.support.patience import PATIENCE


@pytest.fixture
def says(monkeypatch):
    """Sets what machine, groups and process say."""

    def set_all(machine, groups, process):
        monkeypatch.setattr(memory, "read_machine_memory_left", lambda: machine)
        monkeypatch.setattr(memory, "read_cgroup_memory_left", dict(zip(memory.GROUPS, groups, strict=True)).get)
        monkeypatch.setattr(memory, "read_process_memory_left", lambda: process)

    return set_all


@pytest.mark.parametrize(
    ("machine", "groups", "process", "free"),
    [
        (5, (None, None), None, 5),
        (5, (3, None), None, 3),
        (5, (None, 0), 4, 0),
        (5, (9, 8), 2, 2),
        (None, (None, None), None, None),
    ],
)
def test_the_least_of_what_is_known_is_free(says, machine, groups, process, free):
    says(machine, groups, process)
    assert memory.measure_available_memory() == free


@pytest.mark.parametrize(
    ("limit", "used", "left"), [("100", "30", 70), ("30", "100", 0), ("max", "30", None), (None, "30", None)]
)
def test_a_group_leaves_its_limit_less_its_use(tmp_path, limit, used, left):
    for name, text in (("limit", limit), ("used", used)):
        if text is not None:
            (tmp_path / name).write_text(f"{text}\n")
    assert memory.read_cgroup_memory_left((str(tmp_path / "limit"), str(tmp_path / "used"))) == left


def test_this_machine_says_something_sensible():
    free = memory.measure_available_memory()
    assert free is None or 0 <= free < 1 << 50


@pytest.mark.skipif(sys.platform != "linux", reason="address space is limited and told by Linux only")
def test_a_limit_of_the_address_space_leaves_what_is_not_yet_used():
    code = (
        "import resource, mlptrain.machine as m; used = m.count_used_address_bytes();"
        "resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 26), resource.RLIM_INFINITY));"
        "print(m.read_process_memory_left())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert 0 < int(done.stdout) <= 1 << 26
    assert (
        resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY
        or memory.read_process_memory_left() is not None
    )
