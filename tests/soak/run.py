"""The long run, one command: kills, workers, system calls, scarcity, fuzzing, mutants; half an hour on two cores.

    python tests/soak/run.py [--only PART,...] [--quick] [--out FILE]

Two parts run at a time, each in a process of its own; what came out goes into tests/SOAK.md.
"""

import argparse
import os
import pickle
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[0] = str(TESTS.parent)

from tests.soak.tally import LeftOut, Row  # noqa: E402

PACKAGES = ("mlptrain", "numpy", "pyarrow", "hypothesis", "pytest")
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "NUMBA", "ARROW")}
"""Children of a process with threads are asking for trouble."""
SHOWN = 60
"""Failures that are listed, of each row."""

Rows = Iterable[Row]


# ── The parts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def killing(folder: Path, *, quick: bool) -> Rows:
    """kill -9 of fits, and --resume."""
    from tests.soak import kills

    return kills.run(folder, kills=20 if quick else 1000, whole=2 if quick else 30)


def calling(folder: Path, *, quick: bool) -> Rows:
    """System calls of saves."""
    from tests.soak import syscalls

    return syscalls.run(folder, every=20 if quick else 1)


def sharing(folder: Path, *, quick: bool) -> Rows:
    """kill -9 of commands with workers, and of their workers."""
    from tests.soak import workers

    return workers.run(folder, kills=2 if quick else 100)


def wanting(folder: Path, *, quick: bool) -> Rows:
    """Memory and disk."""
    from tests.soak import scarcity

    return scarcity.run(folder, count=5 if quick else 50)


def fuzzing(folder: Path, *, quick: bool) -> Iterator[Row]:
    """Broken specs, tables and models."""
    if find_spec("soak.fuzzing") is None:
        raise LeftOut("tests/soak/fuzzing.py is not there")
    from tests.soak import fuzzing as part  # type: ignore[attr-defined]

    for what, fuzz, count in (
        ("YAML", part.fuzz_yaml, 100_000),
        ("CSV", part.fuzz_csv, 100_000),
        ("npz", part.fuzz_npz, 1_000_000),
    ):
        row = Row(f"fuzzing of {what}")
        with row.timed():
            found = fuzz(count=count // 1000 if quick else count, seed=1)
        row.cases = found.inputs
        row.failures = [f"{each.traceback.splitlines()[-1]} of {each.input[:100]!r}" for each in found.tracebacks]
        spent = f"the slowest took {found.slowest:.2f} s, memory grew by {found.memory / 2**20:.0f} MiB"
        row.note = f"{found.accepted:,} accepted, {found.refused:,} refused; {spent}"
        yield row


def mutating(folder: Path, *, quick: bool) -> Rows:
    """Mutants of the code that saves, loads, reads specs and tables, splits and measures."""
    from tests.soak import mutants

    return mutants.run(sample=3) if quick else mutants.run()


PARTS: dict[str, Callable[..., Rows]] = {
    "mutants": mutating,
    "syscalls": calling,
    "kills": killing,
    "workers": sharing,
    "scarcity": wanting,
    "fuzzing": fuzzing,
}
"""By name, the longest first."""


def answered(name: str, *, quick: bool) -> list[Row] | str:
    """Run a part here and now: its rows, or why it is left out."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        try:
            return list(PARTS[name](Path(folder), quick=quick))
        except LeftOut as why:
            return str(why)


def apart(name: str, *, quick: bool) -> list[Row] | str:
    """The same in a process of its own."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer"
        command = [sys.executable, __file__, "--answer", str(answer), "--only", name, *["--quick"] * quick]
        done = subprocess.run(command, check=False, env=os.environ | ONE_THREAD)
        broken = [Row(f"the part {name} as a whole", 1, [f"ended with {done.returncode}"])]
        found: list[Row] | str = pickle.loads(answer.read_bytes()) if answer.exists() else broken
    print(f"{name}: {time.monotonic() - begun:.0f} s", file=sys.stderr)
    return found


# ── The page ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def page(found: dict[str, list[Row] | str], seconds: float, command: str) -> str:
    """What came out, as Markdown."""
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    lines = [
        "# The long run",
        "",
        f"`{command}`, {datetime.now(UTC):%Y-%m-%d}, {seconds / 60:.0f} minutes on {os.cpu_count()} cores",
        f"({processor()}, {platform.system()} {platform.release()}, Python {platform.python_version()}; {versions}).",
        "",
        f"{total(found, 'cases'):,} cases, {total(found, 'failures'):,} failures.",
    ]
    for name, rows in found.items():
        lines += ["", f"## {name.capitalize()}", ""]
        lines += [f"Left out: {rows}."] if isinstance(rows, str) else table(rows)
    return "\n".join(lines) + "\n"


def total(found: dict[str, list[Row] | str], what: str) -> int:
    """Cases or failures of all parts."""
    rows = [row for part in found.values() if not isinstance(part, str) for row in part]
    return sum(row.cases if what == "cases" else len(row.failures) for row in rows)


def table(rows: Sequence[Row]) -> list[str]:
    """The rows of a part, and their failures one by one."""
    lines = ["| what | cases | failed | seconds | |", "|---|---:|---:|---:|---|"]
    lines += [
        f"| {row.what} | {row.cases:,} | {len(row.failures):,} | {row.seconds:.0f} | {row.note} |" for row in rows
    ]
    for row in rows:
        if row.failures:
            lines += ["", f"{row.what[0].upper()}{row.what[1:]}, failed:", ""]
            lines += [f"* `{' '.join(each.split())}`" for each in row.failures[:SHOWN]]
            lines += [f"* and {len(row.failures) - SHOWN} more"] * (len(row.failures) > SHOWN)
    return lines


def processor() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description="The long run.")
    parser.add_argument("--only", default=",".join(PARTS), metavar="PART,...", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="a few cases of each part")
    parser.add_argument("--out", type=Path, default=TESTS / "SOAK.md", metavar="FILE", help="where to; '-' is stdout")
    parser.add_argument("--answer", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    names = asked.only.split(",")
    if unknown := {*names} - {*PARTS}:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if asked.answer is not None:
        asked.answer.write_bytes(pickle.dumps(answered(names[0], quick=asked.quick)))
        return
    begun = time.monotonic()
    with ThreadPoolExecutor(2) as two:
        found = dict(zip(names, two.map(lambda name: apart(name, quick=asked.quick), names), strict=True))
    command = " ".join(["python tests/soak/run.py", *sys.argv[1:]])
    text = page(found, time.monotonic() - begun, command)
    if str(asked.out) == "-":
        print(text, end="")
    else:
        asked.out.write_text(text, encoding="utf-8")
    sys.exit(int(total({name: rows for name, rows in found.items() if name != "mutants"}, "failures") > 0))


if __name__ == "__main__":
    main()
