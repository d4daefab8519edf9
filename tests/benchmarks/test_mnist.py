"""The command behind benchmarks/MNIST.md, on small pictures: what is run, kept and shown."""

import json
import subprocess
import sys
from pathlib import Path
from struct import pack

import numpy as np
import pytest

from tests.support.patience import PATIENCE

ROOT = Path(__file__).parents[2]
COMMAND = ROOT / "benchmarks" / "mnist.py"


def written(path, array):
    """An IDX file of bytes."""
    path.write_bytes(
        b"\x00\x00\x08" + pack(f">B{array.ndim}I", array.ndim, *array.shape) + array.astype("u1").tobytes()
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """MNIST's four files, though with few and small pictures in them."""
    folder, draw = tmp_path_factory.mktemp("mnist"), np.random.default_rng(0)
    for part, count in (("train", 50), ("t10k", 20)):
        written(folder / f"mnist.{part}-images-idx3-ubyte.gz", draw.integers(0, 256, (count, 4, 4)))
        written(folder / f"mnist.{part}-labels-idx1-ubyte.gz", np.arange(count) % 10)
    return folder


def run(folder, *arguments):
    command = [sys.executable, str(COMMAND), "--data", str(folder), "--threads", "1", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


def rows(page):
    return [line for line in page.splitlines() if line.startswith("| `")]


def test_runs_are_kept_and_the_table_is_made_of_them(folder, tmp_path):
    record, out = tmp_path / "runs.jsonl", tmp_path / "MNIST.md"
    done = run(folder, "--configs", "mnist/logistic", "--epochs", "2", "--seeds", "1,2", "--record", str(record))
    assert done.returncode == 0, done.stderr
    kept = [json.loads(line) for line in record.read_text().splitlines()]
    assert [(each["config"], each["seed"], each["epochs"], each["threads"]) for each in kept] == [
        ("mnist/logistic", seed, 2, 1) for seed in (1, 2)
    ]
    stale = kept[0] | {"config": "mnist/relu", "digest": "of another text", "error": 0.0}
    record.write_text(record.read_text() + json.dumps(stale) + "\n")
    again = run(folder, "--configs", "none", "--record", str(record), "--out", str(out))
    assert again.returncode == 0, again.stderr
    assert rows(done.stdout) == rows(again.stdout) == rows(out.read_text())
    (row,) = rows(again.stdout)
    errors = [each["error"] for each in kept]
    assert f"**{sum(errors) / 2:.2f}** ({errors[0]:.2f}, {errors[1]:.2f}) | 2, shortened from" in row
    assert "| 1.60 |" in row
    assert "`mnist/relu`, " in again.stdout.splitlines()[-1]


def test_a_config_that_is_none_is_refused(folder):
    done = run(folder, "--configs", "mnist/nothing")
    assert done.returncode == 2
    assert "mnist/nothing: not one of mnist/logistic, " in done.stderr


def test_every_config_of_the_folder_has_its_row():
    told = run(Path(), "--help").stdout
    configs = [path.stem for path in (ROOT / "configs" / "mnist").glob("*.yaml")]
    assert [name for name in configs if f"mnist/{name}" not in "".join(told.split())] == []
