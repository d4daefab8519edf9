"""The fuzzers, for a moment: only errors of ours come of random damage, and the guard sees what is none."""

import time

import pytest

from mlptrain.errors import DataError, SpecError
from tests.soak import fuzzing
from tests.soak.fuzzing import fuzz, fuzz_csv, fuzz_npz, fuzz_yaml


@pytest.mark.parametrize(("run", "least"), [(fuzz_yaml, 0.05), (fuzz_csv, 0.1), (fuzz_npz, 0.01)])
def test_nothing_but_our_errors_comes_of_random_damage(run, least):
    found = run(300, 7)
    assert not found.tracebacks, found.tracebacks[0].traceback
    assert found.inputs == 300 == found.refused + found.accepted
    assert found.accepted >= least * 300
    assert found.refused > 100
    assert found.slowest < fuzzing.HANG
    assert found.memory < 64 << 20


@pytest.mark.parametrize("run", [fuzz_yaml, fuzz_csv, fuzz_npz])
def test_the_same_seed_makes_the_same_inputs(run, monkeypatch):
    def inputs(seed):
        kept = []
        monkeypatch.setattr(fuzzing, "fuzz", lambda count, make, use: [kept.append(make()) for _ in range(count)])
        run(20, seed)
        return kept

    assert inputs(1) == inputs(1) != inputs(2)


def test_faults_hangs_and_warnings_are_found(monkeypatch):
    monkeypatch.setattr(fuzzing, "HANG", 0.02)
    contents = iter([b"0", b"1", b"2", b"3", b"2", b"4"])

    def use(content):
        if content == b"1":
            raise SpecError("said")
        if content == b"2":
            raise KeyError(content)
        if content == b"3":
            until = time.monotonic() + 30
            while time.monotonic() < until:
                pass
        if content == b"4":
            raise DataError("said")

    found = fuzz(6, lambda: next(contents), use)
    assert (found.inputs, found.accepted, found.refused, found.faulty) == (6, 1, 2, 3)
    assert [fault.input for fault in found.tracebacks] == [b"2", b"3"]
    assert "KeyError" in found.tracebacks[0].traceback
    assert "Hang" in found.tracebacks[1].traceback
    assert 0.02 <= found.slowest < 20
