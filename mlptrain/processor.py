"""How many cores this process may use."""

import os
from contextlib import suppress
from pathlib import Path

QUOTAS = (
    ("/sys/fs/cgroup/cpu.max",),
    ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us"),
)
"""Files of a control group (version 2, version 1) with the processor time it may use, and in which time."""


def usable_cores() -> int:
    """The cores this process may run on, and of them what its control group has time for.

    A quota is rounded down: threads that wait for each other use it up as well.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(min([cores, *(int(quota) for files in QUOTAS if (quota := quota_of(files)) is not None)]), 1)


def quota_of(files: tuple[str, ...]) -> float | None:
    """Seconds of processor time in a second; a group without a limit says "max" or −1."""
    with suppress(OSError, ValueError):
        quota, period = (int(word) for file in files for word in Path(file).read_text(encoding="ascii").split())
        return quota / period if quota > 0 < period else None
    return None
