"""OpenBLAS's kernels are chosen where it would take a processor for a lesser one, and nowhere else."""

import subprocess
import sys

import pytest

from mlptrain.processor import AVX_512, needs_help

EVERY = " ".join(sorted(AVX_512))


def described(tmp_path, vendor, flags):
    """A /proc/cpuinfo of many processors, all alike but the first."""
    path = tmp_path / "cpuinfo"
    one = "processor\t: {}\nvendor_id\t: {}\nmodel name\t: some\nflags\t\t: fpu {}\n\n"
    path.write_text(one.format(0, vendor, flags) + one.format(1, "Other", "none") * 300)
    return path


@pytest.mark.parametrize("missing", sorted(AVX_512))
def test_a_processor_without_one_of_the_flags_is_left_alone(tmp_path, missing):
    assert not needs_help(described(tmp_path, "AuthenticAMD", EVERY.replace(missing, "")))


@pytest.mark.parametrize(("vendor", "expected"), [("AuthenticAMD", True), ("GenuineIntel", False), ("", False)])
def test_only_one_vendors_processors_are_mistaken(tmp_path, vendor, expected):
    assert needs_help(described(tmp_path, vendor, EVERY)) is expected


def test_a_system_that_does_not_describe_its_processor_is_left_alone(tmp_path):
    assert not needs_help(tmp_path / "nothing")
    assert not needs_help(tmp_path)
    (tmp_path / "strange").write_bytes(bytes(range(256)))
    assert not needs_help(tmp_path / "strange")


SCRIPT = """
import os, sys
from pathlib import Path
{before}
from mlptrain.processor import choose_kernels
choose_kernels(Path(sys.argv[1]))
print(os.environ.get("OPENBLAS_CORETYPE"))
"""


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("os.environ.pop('OPENBLAS_CORETYPE', None)", "SkylakeX"),
        ("os.environ['OPENBLAS_CORETYPE'] = 'Haswell'", "Haswell"),
        ("os.environ.pop('OPENBLAS_CORETYPE', None); import numpy", "None"),
    ],
    ids=["free", "the user's choice", "too late"],
)
def test_the_choice_is_made_once_and_never_against_the_user(tmp_path, before, expected):
    file = described(tmp_path, "AuthenticAMD", EVERY)
    script = SCRIPT.format(before=before)
    done = subprocess.run([sys.executable, "-c", script, str(file)], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == expected, done.stderr
