"""How much memory this process may still use."""

import os
from contextlib import suppress
from pathlib import Path
from threading import Thread

GROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)
"""Files of a control group (version 2, version 1) with its limit and its use."""


THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""What tells a library of products how many threads to start; it looks once, when it is loaded."""


def measure_available_memory() -> int | None:
    """Bytes that are free: the least of what the machine, the control group and the process's limit leave.

    None where the system does not say.
    """
    left = [
        bytes_left
        for bytes_left in (
            read_machine_memory_left(),
            *map(read_cgroup_memory_left, GROUPS),
            read_process_memory_left(),
        )
        if bytes_left is not None
    ]
    return min(left, default=None)


def is_folder_in_memory(folder: Path) -> bool:
    """Whether the files of a folder take memory, not disk; False where the system does not say."""
    with suppress(OSError):
        mounts = [line.split() for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
        above = {str(each) for each in (folder.resolve(), *folder.resolve().parents)}
        kinds = [(len(place), kind) for _, place, kind, *_ in mounts if place in above]
        return bool(kinds) and max(kinds)[1] in ("tmpfs", "ramfs")
    return False


def read_machine_memory_left() -> int | None:
    """What Linux calls available; elsewhere all there is."""
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        return 1024 * int(next(line for line in lines if line.startswith("MemAvailable:")).split()[1])
    with suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def read_cgroup_memory_left(files: tuple[str, str]) -> int | None:
    """What the control group leaves; a group without a limit says "max"."""
    with suppress(OSError, ValueError):
        limit, used = (int(Path(file).read_text()) for file in files)
        return max(limit - used, 0)
    return None


def read_process_memory_left() -> int | None:
    """What the limit of the address space leaves, if there is one."""
    with suppress(ImportError):  # Windows has none
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        return None if limit == resource.RLIM_INFINITY else max(limit - count_used_address_bytes(), 0)
    return None


def count_used_address_bytes() -> int:
    """Bytes of address space that this process uses; 0 where the system does not say."""
    with suppress(OSError, ValueError, AttributeError):
        return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    return 0


QUOTAS = (
    ("/sys/fs/cgroup/cpu.max",),
    ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us"),
)

"""Files of a control group (version 2, version 1) with the processor time it may use, and in which time."""


def count_usable_cores() -> int:
    """The cores this process may run on, limited by the processor quota of its control group.

    A quota is rounded down: threads that wait for each other use it up as well.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(
        min([cores, *(int(quota) for files in QUOTAS if (quota := read_cgroup_cpu_quota(files)) is not None)]), 1
    )


def read_cgroup_cpu_quota(files: tuple[str, ...]) -> float | None:
    """Seconds of processor time in a second; a group without a limit says "max" or −1."""
    with suppress(OSError, ValueError):
        quota, period = (int(word) for file in files for word in Path(file).read_text(encoding="ascii").split())
        return quota / period if quota > 0 < period else None
    return None


FOR_THREADS = 1 << 28
"""Bytes of address space that the libraries of products may need for their threads: a stack and buffers for each."""


def has_room_for_threads() -> bool:
    """Whether this process may have more threads, by its limits of memory and of processes.

    OpenBLAS sends the process the signal of Ctrl-C where it cannot start one.
    """
    left = read_process_memory_left()
    return (left is None or left >= FOR_THREADS) and can_start_thread()


def can_start_thread() -> bool:
    """Whether the system gives a thread now."""
    thread = Thread(target=int)
    try:
        thread.start()
    except RuntimeError:
        return False
    thread.join()
    return True
