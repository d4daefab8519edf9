"""How much memory and disk a fit takes that holds its arrays in memory, and in files, as Markdown.

    pip install -e .[fast]
    python benchmarks/large_tables.py FOLDER --rows 2000000
    python benchmarks/memory.py FOLDER/part-*.csv [--rounds 3] [--limit 500] [--epochs 1] [--out memory.md [--append]]

Whole processes `mlptrain fit` take turns, with `data.memory: memory` and with `files`. Of each are told: the peak of
anonymous memory (RssAnon of /proc, looked at every 10 ms: what the system cannot drop), the peak of all resident
memory (VmHWM, with mapped pages, which it can), the disk of files without a name, wall and processor seconds. Both
models must be the same, to the byte. With `--limit` the one with files runs under RLIMIT_DATA of so many MB, which
counts private memory as it is asked for, not as it is used. Linux only.
"""

import argparse
import gzip
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from measuring import head, heading, megabytes, publish, row, say, spread

COMMAND = "from mlptrain.__main__ import main; main()"
SLEEP = 0.01
TITLE = "# The memory of a fit: arrays in memory, and in files"


@dataclass(frozen=True)
class Run:
    """A whole process: bytes at the peaks, seconds, the digest of its model."""

    anonymous: int
    resident: int
    disk: int
    seconds: float
    cpu: float
    digest: str


def read_status(process: int) -> dict[str, int]:
    """The sizes in bytes that the system tells of a process."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    return {
        name: 1024 * int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines) if "kB" in rest
    }


def measure_nameless_files(process: int) -> int:
    """Bytes of the files without a name that a process holds."""
    found = {}
    for link in Path(f"/proc/{process}/fd").iterdir():
        with suppress(OSError):
            if str(link.readlink()).endswith("(deleted)"):
                state = link.stat()
                found[state.st_ino] = 512 * state.st_blocks
    return sum(found.values())


def watch(process: "subprocess.Popen[bytes]") -> tuple[int, int, int]:
    """The peaks of a process until it ends: anonymous and resident memory, disk."""
    anonymous = resident = disk = 0
    looks = 0
    while process.poll() is None:
        with suppress(OSError, KeyError):
            status = read_status(process.pid)
            anonymous, resident = max(anonymous, status["RssAnon"]), max(resident, status["VmHWM"])
            if looks % 10 == 0:
                disk = max(disk, measure_nameless_files(process.pid))
        looks += 1
        time.sleep(SLEEP)
    return anonymous, resident, disk


def fit(spec: Path, memory: str, limit: int | None, spill: Path) -> Run:
    """Run `mlptrain fit` to its end."""
    model = spec.with_name(f"{memory}.npz")
    given = [
        "fit",
        str(spec),
        "--quiet",
        "--out",
        str(model),
        "--set",
        f"data.memory={memory}",
        "--spill-dir",
        str(spill),
    ]

    def set_limit() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))

    begun, before = time.perf_counter(), os.times()
    process = subprocess.Popen([sys.executable, "-c", COMMAND, *given], preexec_fn=set_limit)
    peaks = watch(process)
    seconds, after = time.perf_counter() - begun, os.times()
    if process.returncode:
        raise RuntimeError(f"fit with data.memory: {memory} ended with {process.returncode}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Run(*peaks, seconds, cpu, hashlib.sha256(model.read_bytes()).hexdigest())


def write_spec(folder: Path, tables: list[Path], epochs: int) -> Path:
    """The spec of a fit of two hidden layers, 128 and 64 units, in batches of 1,024 rows."""
    spec = {
        "data": {"train": [str(each.resolve()) for each in tables], "target": "y", "split": {"validation": 0.1}},
        "model": {"hidden": [128, 64]},
        "training": {"epochs": epochs, "batch_size": 1024},
        "seed": 1,
    }
    path = folder / "spec.yaml"
    path.write_text(json.dumps(spec), encoding="utf-8")
    return path


def report(options: argparse.Namespace) -> Iterator[str]:
    """The table of what was measured."""
    runs: dict[str, list[Run]] = {name: [] for name in options.memory}
    with tempfile.TemporaryDirectory() as name:
        spec = write_spec(Path(name), options.tables, options.epochs)
        for number in range(options.rounds):
            for memory, found in runs.items():
                limit = 10**6 * options.limit if options.limit and memory == "files" else None
                found.append(fit(spec, memory, limit, options.spill_dir))
                say(f"memory: {memory} {number + 1}: {found[-1]}")
    digests = {run.digest for found in runs.values() for run in found}
    stored = megabytes(sum(path.stat().st_size for path in options.tables))
    files = f"{len(options.tables)} file{'s' * (len(options.tables) > 1)} ({stored} MB)"
    limit = f"; the fits with files ran under RLIMIT_DATA of {options.limit} MB" if options.limit else ""
    yield f"{files}, {options.epochs} epoch{'s' * (options.epochs > 1)}{limit}. {describe(digests)}"
    yield ""
    yield from heading("data.memory", "anonymous, MB", "resident, MB", "disk, MB", "seconds", "processor seconds")
    for memory, found in runs.items():
        peaks = [megabytes(max(getattr(run, what) for run in found)) for what in ("anonymous", "resident", "disk")]
        yield row(
            memory, *peaks, *(spread([getattr(run, what) for run in found], ".1f") for what in ("seconds", "cpu"))
        )
    if {"memory", "files"} <= {*runs}:
        pairs = list(zip(runs["files"], runs["memory"], strict=True))
        wall, cpu = (median(getattr(a, what) / getattr(b, what) for a, b in pairs) for what in ("seconds", "cpu"))
        yield ""
        yield f"Files beside memory, median of pairs: {wall:.2f} of the seconds, {cpu:.2f} of the processor seconds."


def count_rows(table: Path) -> int:
    """The rows of a table that `large_tables.py` has made."""
    if table.suffix == ".parquet":
        from pyarrow import parquet

        rows: int = parquet.ParquetFile(table).metadata.num_rows
        return rows
    with (gzip.open if table.suffix == ".gz" else Path.open)(table, "rb") as stream:  # type: ignore[operator]
        return sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b"")) - 1


def describe(digests: set[str]) -> str:
    """Whether all models are the same."""
    if len(digests) == 1:
        return f"All models are the same, byte for byte (SHA-256 {min(digests)[:16]}…)."
    return f"**The models are {len(digests)} different ones.**"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The memory of a fit with its arrays in memory and in files.")
    parser.add_argument("tables", type=Path, nargs="+")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--limit", type=int, help="MB of private memory for the fits with files")
    parser.add_argument("--memory", type=lambda text: text.split(","), default=["memory", "files"])
    parser.add_argument("--spill-dir", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--append", action="store_true", help="leave what --out holds, and add to it")
    options = parser.parse_args()
    top = list(head())
    lines = [f"## {sum(map(count_rows, options.tables)):,} rows", "", *top, "", *report(options)]
    there = options.out.read_text(encoding="utf-8").splitlines() if options.append else [TITLE]
    publish([*there, "", *lines], options.out)
