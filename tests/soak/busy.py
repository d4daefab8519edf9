"""The tests on a busy machine: loops, and beside them the README's command or a part of it.

    python tests/soak/busy.py                       the whole suite, three times, one loop a core
    python tests/soak/busy.py --hard                what starts processes or looks at clocks, once, eight loops a core
    python tests/soak/busy.py --loops 4 -- ARGS …   pytest with these arguments, four loops a core

The exit code is that of the first run that failed.
"""

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOOP = "while True: pass"
WHOLE = ("-n", "2", "--dist", "loadfile")
CLOCKS = re.compile(
    r"\bsubprocess\b|\bos\.fork\b|\bsetitimer\b|\bprocess_time\b|\bmonotonic\b|\bperf_counter\b|\bthreading\b"
)
"""What tests do that start processes or threads, or look at clocks."""


def find_tests_with_clocks() -> list[str]:
    """The test files that start processes or look at clocks, themselves or by what they share."""
    shared = {path.stem for path in (ROOT / "tests" / "support").glob("*.py") if CLOCKS.search(path.read_text())}
    using = re.compile(rf"tests\.(support|soak)(\.| import .*\b)({'|'.join(sorted(shared))})\b|from tests\.soak")
    texts = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests").rglob("test_*.py"))}
    found = [path for path, text in texts.items() if CLOCKS.search(text) or using.search(text)]
    return [str(path.relative_to(ROOT)) for path in found]


@contextmanager
def keep_cores_busy(loops: int) -> Iterator[None]:
    """Run so many loops beside what is within."""
    busy = [subprocess.Popen([sys.executable, "-c", LOOP]) for _ in range(loops)]
    try:
        yield
    finally:
        for each in busy:
            each.kill()
            each.wait()


def run_tests(arguments: Sequence[str], *, loops: int) -> int:
    """The exit code of pytest beside busy loops."""
    with keep_cores_busy(loops):
        return subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=ROOT, check=False).returncode


def main() -> None:
    """Run what is asked for, until something fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hard", action="store_true", help="only tests with processes and clocks, 8 loops a core")
    parser.add_argument("--loops", type=int, help="busy loops a core")
    parser.add_argument("--times", type=int, help="how often")
    parser.add_argument("arguments", nargs="*", help="of pytest")
    asked = parser.parse_args()
    loops = (os.cpu_count() or 1) * (asked.loops if asked.loops is not None else 8 if asked.hard else 1)
    arguments = asked.arguments or ([*find_tests_with_clocks(), "-p", "no:xdist"] if asked.hard else WHOLE)
    times = asked.times or (1 if asked.hard or asked.arguments else 3)
    for number in range(times):
        print(f"run {number + 1} of {times}, {loops} busy loops beside it", flush=True)
        if code := run_tests(arguments, loops=loops):
            sys.exit(code)


if __name__ == "__main__":
    main()
