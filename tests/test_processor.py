"""Cores and kernels: OpenBLAS's are chosen where it would take a processor for a lesser one, and nowhere else."""

import subprocess
import sys
from pathlib import Path

import pytest

from mlptrain import processor
from mlptrain.processor import AVX_512, needs_help, quota_of

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
    assert quota_of(files) == quota
    assert quota_of((str(tmp_path / "none"),)) is None


@pytest.mark.parametrize(("quota", "cores"), [("50000 100000", 1), ("250000 100000", 2), ("max 100000", 8)])
def test_the_usable_cores_are_those_there_is_time_for(tmp_path, monkeypatch, quota, cores):
    (tmp_path / "cpu.max").write_text(quota)
    monkeypatch.setattr(processor, "QUOTAS", ((str(tmp_path / "cpu.max"),), (str(tmp_path / "none"),)))
    monkeypatch.setattr(processor.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert processor.usable_cores() == cores
