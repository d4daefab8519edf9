"""What the benchmarks share: whole processes with their time and memory, spreads and ratios, the machine, the pages.

NumPy is not imported when this or another benchmark is: processes that are spawned import the benchmark too, and some
of them still have to tell BLAS what it reads only once, when it is loaded.
"""

import argparse
import os
import platform
import re
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from mlptrain.machine import count_usable_cores

os.environ.setdefault("KERAS_BACKEND", "jax")  # Keras itself would look for TensorFlow
HERE = Path(__file__).resolve().parent
PACKAGES = ("mlptrain", "numpy", "numba", "pyarrow", "torch", "jax", "keras", "scikit-learn", "pandas", "onnxruntime")
FAST = ("numba", "pyarrow")
"""What the extra `fast` installs."""
LAUNCHER = """
import os, sys, time
begun = time.perf_counter()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
seconds = time.perf_counter() - begun
print(f"\\n{seconds} {usage.ru_maxrss * (1 if sys.platform == 'darwin' else 1024)}")
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""Runs a command and adds its seconds and its peak memory in bytes to what it prints. A process counts the memory of
the one that started it as its own, so that a small one must start it."""


# ── Whole processes ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Process:
    """A whole process: wall-clock seconds, peak memory in bytes, what it printed."""

    seconds: float
    peak: float
    output: str


def measured(arguments: Sequence[str]) -> Process:
    """Run a command to its end; what goes wrong in it goes wrong here."""
    launched = [sys.executable, "-I", "-S", "-c", LAUNCHER, *arguments]
    done = subprocess.run(launched, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}\nended with {done.returncode}:\n{done.stderr}")
    output, _, figures = done.stdout.rstrip("\n").rpartition("\n")
    seconds, peak = map(float, figures.split())
    return Process(seconds, peak, output.rstrip("\n"))


def interleaved(commands: dict[str, list[str]], rounds: int) -> dict[str, list[Process]]:
    """The commands take turns, A B C A B C …, so that a machine that is slow for a while slows all alike."""
    found: dict[str, list[Process]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            found[name].append(measured(command))
    return found


def python_without(modules: Sequence[str]) -> str:
    """Python code after which modules count as not installed."""
    return "import sys; " + "".join(f"sys.modules[{name!r}] = None; " for name in modules)


def variants() -> dict[str, tuple[str, ...]]:
    """mlptrain without and, where it is installed, with the extra `fast`: what each has to do without."""
    return {"mlptrain": FAST} | ({} if missing(FAST) else {"mlptrain[fast]": ()})


def mlptrain(*arguments: str, without: Sequence[str] = ()) -> list[str]:
    """The command `mlptrain`, by this interpreter."""
    return [sys.executable, "-c", f"{python_without(without)}from mlptrain.__main__ import main; main()", *arguments]


def missing(modules: Sequence[str]) -> list[str]:
    """Which modules are not installed."""
    return [name for name in modules if find_spec(name) is None]


# ── Figures ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """First quartile, median, third quartile."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


def spread(values: Sequence[float], style: str = ".2f", unit: str = "") -> str:
    """median (quartiles); of a single value there are none."""
    low, middle, high = quartiles(values)
    if len(values) == 1:
        return f"{middle:{style}}{unit}"
    return f"{middle:{style}}{unit} ({low:{style}}–{high:{style}})"


def ratios(theirs: Sequence[float], ours: Sequence[float]) -> list[float]:
    """Their time over ours, round by round: above 1 we are faster."""
    return [b / a for a, b in zip(ours, theirs, strict=True)]


def megabytes(peak: float) -> str:
    return f"{peak / 1e6:,.0f}"


def row(*cells: str) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def heading(*cells: str) -> Iterator[str]:
    """The first two rows of a Markdown table."""
    yield row(*cells)
    yield row(*["---"] * len(cells))


# ── The machine ───────────────────────────────────────────────────────────────────────────────────────────────────────


def load() -> str:
    """The load of the machine before; the benchmark itself is not in it yet."""
    if not hasattr(os, "getloadavg"):
        return "load unknown"
    return f"load {os.getloadavg()[0]:.1f} before (a quiet machine has 0.0)"


def machine() -> str:
    """The processor, and how much of it this process may use."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text(encoding="utf-8").splitlines() if information.exists() else []
    model = next((line.partition(":")[2].strip() for line in lines if "model name" in line), platform.processor())
    return f"{model or platform.machine()}, {count_usable_cores()} cores for this process of {os.cpu_count()}"


def threads() -> str:
    """How many threads the libraries use, one a core; and what the environment says of threads and kernels."""
    told = ("OPENBLAS_", "OMP_", "MKL_", "VECLIB_")
    said = [f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith(told)]
    environment = f", and in the environment {', '.join(said)}" if said else ""
    return f"threads: {count_usable_cores()}{environment}"


def versions() -> str:
    """Of Python and of what is measured."""
    return ", ".join([f"Python {platform.python_version()}", *map(installed, PACKAGES)])


def installed(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package} not installed"


# ── Parts and pages ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Section:
    """What a part of the benchmarks found: Markdown, and what it left out, each with the reason."""

    title: str
    lines: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Part:
    """A part of the benchmarks: its own options, and how it measures."""

    purpose: str
    measure: Callable[[argparse.Namespace], Section]
    options: Callable[[argparse.ArgumentParser], None] = lambda _parser: None

    def parser(self) -> argparse.ArgumentParser:
        parser = argparse.ArgumentParser(
            description=self.purpose, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
        )
        parser.add_argument("--quick", action="store_true", help="less of everything, for everyday use")
        parser.add_argument("--data", type=Path, default=HERE.parent / "data", help="the folder with the data files")
        self.options(parser)
        return parser

    def run_alone(self) -> None:
        """Measure this part only, as the command line says."""
        parser = self.parser()
        parser.add_argument("--out", type=Path, help="also write the tables to this file")
        options = parser.parse_args()
        top = list(head())
        publish([*top, *page([self.measure(options)])], options.out)


def some_of(known: Iterable[str]) -> Callable[[str], list[str]]:
    """What reads an option that names some of the known things, divided by commas; a name that is none is refused."""

    def read(text: str) -> list[str]:
        names = text.split(",")
        if unknown := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not one of {', '.join(known)}")
        return names

    return read


def head() -> Iterator[str]:
    """When, where, with what; to be asked before measuring."""
    words = [re.sub(r"[^=]*/", "", word) for word in sys.argv[1:]]  # of paths the last part only
    command = " ".join([f"python benchmarks/{Path(sys.argv[0]).name}", *words])
    yield f"Measured {datetime.now(UTC):%Y-%m-%d} by `{command}`: {machine()}; {threads()}; {load()}."
    yield f"{versions()}."


def page(sections: Sequence[Section]) -> Iterator[str]:
    """The sections, and at the end what was left out."""
    for section in sections:
        yield from ["", f"## {section.title}", "", *section.lines]
    yield from ["", "## Left out", ""]
    left_out = [f"* {section.title.partition(':')[0]}: {why}" for section in sections for why in section.left_out]
    yield from left_out or ["nothing"]


def publish(lines: Sequence[str], out: Path | None) -> None:
    """Print, and write to a file if asked for."""
    text = "\n".join(lines)
    print(text)
    if out:
        out.write_text(text + "\n", encoding="utf-8")


def say(message: str) -> None:
    """One line of progress."""
    print(message, file=sys.stderr, flush=True)
