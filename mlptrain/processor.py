"""The kernels of OpenBLAS that suit this processor, chosen before NumPy is loaded."""

import os
import sys
from contextlib import suppress
from pathlib import Path

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
