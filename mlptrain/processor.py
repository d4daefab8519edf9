"""What the processor offers: how many cores this process may use, and which kernels of OpenBLAS suit them."""

import os
import sys
from contextlib import suppress
from pathlib import Path

QUOTAS = (
    ("/sys/fs/cgroup/cpu.max",),
    ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us"),
)
"""Files of a control group (version 2, version 1) with the processor time it may use, and in which time."""
AVX_512 = frozenset(["avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"])
"""What OpenBLAS's SkylakeX kernels need of a processor."""


def choose_kernels(processors: Path = Path("/proc/cpuinfo")) -> None:
    """Let OpenBLAS use its AVX-512 kernels on AMD's processors that have AVX-512, unless the user has chosen others.

    NumPy's wheels hold kernels for few processors, and the OpenBLAS in them takes newer processors of AMD (Zen 5) for
    ones with AVX2 only, which halves the speed of matrix products. OpenBLAS reads OPENBLAS_CORETYPE once, when it is
    loaded; later the choice would do nothing.
    """
    if "OPENBLAS_CORETYPE" not in os.environ and "numpy" not in sys.modules and needs_help(processors):
        os.environ["OPENBLAS_CORETYPE"] = "SkylakeX"


def needs_help(processors: Path) -> bool:
    """Whether this is a processor of AMD with AVX-512, as Linux describes it; elsewhere there is no such file."""
    with suppress(OSError), processors.open(encoding="utf-8", errors="replace") as file:
        lines = file.read(8192).splitlines()  # enough for the first processor; a machine may have hundreds
        facts = {name.strip(): words.split() for name, _, words in (line.partition(":") for line in reversed(lines))}
        return "AuthenticAMD" in facts.get("vendor_id", ()) and AVX_512.issubset(facts.get("flags", ()))
    return False


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
