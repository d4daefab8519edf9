"""`mlptrain explain` on real tables, as whole processes: processor and wall-clock seconds, with all cores.

The configs `adult` and `titanic` are fitted first. `adult` is explained on all 48,842 rows, both files in one,
`titanic` on the whole table. Threads and the order of the rows are changed once each, without a limit of time.
"""

import json
import resource
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from measuring import HERE, heading, measured, mlptrain, row, spread

FILES = {"adult": ("adult_train.csv", "adult_test.csv"), "titanic": ("titanic.csv",)}
HEADERS = {"adult": 0, "titanic": 1}
"""Lines above the rows of each file."""
UNLIMITED = ("--time-limit", "9h")


@dataclass(frozen=True)
class Work:
    """A config, and how often it is explained."""

    config: str
    runs: int = 5


def measure(work: Work, data: Path) -> Mapping[str, Any]:
    """The seconds of each run, and how far the result depends on threads and on the order of the rows."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data").symlink_to(data.resolve())
        (folder / "configs").mkdir()
        spec = folder / "configs" / f"{work.config}.yaml"
        spec.write_bytes((HERE.parent / "configs" / spec.name).read_bytes())
        model = folder / "m.npz"
        measured(mlptrain("fit", str(spec), "--out", str(model), "--quiet"))
        straight, turned = (folder / f"{each}.csv" for each in ("straight", "turned"))
        rows = write_rows(work.config, data, straight, turned)
        runs = [explain(model, straight) for _ in range(work.runs)]
        two, one, other = (
            explain(model, data, "--threads", threads, *UNLIMITED)
            for data, threads in ((straight, "2"), (straight, "1"), (turned, "2"))
        )
    return {
        "rows": rows,
        "seconds": [round(each.seconds, 3) for each in runs],
        "processor": [round(each.processor, 3) for each in runs],
        "repeats": [each.repeats for each in runs],
        "one_thread": compare(two.columns, one.columns),
        "outside": count_outside(two.columns, other.columns),
        "columns": len(one.columns),
    }


def write_rows(config: str, data: Path, straight: Path, turned: Path) -> int:
    """All rows of a config in one file, and once more from the last to the first; how many there are."""
    lines: list[str] = []
    for name in FILES[config]:
        text = (data / name).read_text(encoding="utf-8")
        lines += [line for line in text.splitlines()[HEADERS[config] if lines else 0 :] if line]
    top, rows = lines[: HEADERS[config]], lines[HEADERS[config] :]
    for path, some in ((straight, rows), (turned, rows[::-1])):
        path.write_text("\n".join([*top, *some]) + "\n", encoding="utf-8")
    return len(rows)


@dataclass(frozen=True)
class Run:
    """One process: its seconds, and the columns of its document by their names."""

    seconds: float
    processor: float
    repeats: int
    columns: Mapping[str, Mapping[str, Any]]


def explain(model: Path, data: Path, *options: str) -> Run:
    """Explain a model on a file."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = measured(mlptrain("explain", str(model), str(data), "--json", *options))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    document = json.loads(done.output)
    columns = {each["column"]: each for each in document["columns"]}
    return Run(min(done.seconds, time.perf_counter() - begun), processor, document["repeats"], columns)


def compare(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """The largest distance of two importances, as a share of the largest importance."""
    largest = max(each["importance"] for each in one.values())
    return float(max(abs(each["importance"] - other[name]["importance"]) for name, each in one.items()) / largest)


def count_outside(one: Mapping[str, Any], other: Mapping[str, Any]) -> int:
    """How many importances of the second lie outside the intervals of the first."""
    return sum(
        not each["interval"][0] <= other[name]["importance"] <= each["interval"][1] for name, each in one.items()
    )


def list_works(runs: int) -> list[Mapping[str, Any]]:
    """One for each config."""
    return [asdict(Work(config, runs)) for config in FILES]


def report(results: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> Iterator[str]:
    """A row a config."""
    yield (
        "Whole processes with the defaults (10 repeats, at most 5,000 rows, 20 s): medians (quartiles). *One thread*: "
        "how far an importance with two threads is from that with one at most, as a share of the largest. *Outside*: "
        "columns whose importance on the rows from the last to the first lies outside the 95 % interval; of more than "
        "5,000 rows these are other ones, of which one in six would be expected there."
    )
    yield ""
    yield from heading("config", "rows", "repeats", "processor seconds", "wall clock", "one thread", "outside")
    for work, each in results:
        repeats = "–".join(sorted({str(count) for count in each["repeats"]}, key=int))
        seconds = (repeats, spread(each["processor"]), spread(each["seconds"]))
        outside = f"{each['outside']} of {each['columns']}"
        yield row(f"`{work['config']}`", f"{each['rows']:,}", *seconds, f"{each['one_thread']:.1e}", outside)
    yield ""
    yield f"Slowest median: {max(median(each['seconds']) for _, each in results):.1f} s."
