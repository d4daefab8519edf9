"""What `mlptrain explain` is worth: importances beside a planted truth, its time beside others', on real tables.

    pip install -e .[test] pandas autogluon.core
    python benchmarks/importance.py --data DIR                    # all three parts: about ten minutes
    python benchmarks/importance.py --only truth --tables 3
    python benchmarks/importance.py --report --out benchmarks/IMPORTANCE.md   # only write what there is so far

DIR holds adult_train.csv, adult_test.csv and titanic.csv. Each result is added to the results file at once, and what is
there is not measured again: a run may be stopped and started anew. Other code, or another machine: take another file.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import importance_files
import importance_time
import importance_truth
from accuracy import commit_now
from measuring import HERE, installed, load, machine, publish, say, some_of

Work = Mapping[str, Any]
PACKAGES = ("mlptrain", "numpy", "scikit-learn", "autogluon.core")


class Part(NamedTuple):
    """A part: its title, what there is to measure, how, and what it shows."""

    title: str
    works: Sequence[Work]
    measure: Callable[[Work], Mapping[str, Any]]
    report: Callable[[Sequence[tuple[Work, Mapping[str, Any]]]], Iterator[str]]


def make_parts(options: argparse.Namespace) -> dict[str, Part]:
    """The parts by their names."""
    truth, seconds, files = importance_truth, importance_time, importance_files
    explain = partial(lambda work, data: files.measure(files.Work(**work), data), data=options.data)
    return {
        "truth": Part(
            "Beside the truth",
            truth.list_works(options.tables),
            lambda work: truth.measure(truth.Work(**work)),
            truth.report,
        ),
        "time": Part(
            "Beside others",
            seconds.list_works(options.rounds),
            lambda work: seconds.measure(seconds.Work(**work)),
            seconds.report,
        ),
        "files": Part("On real tables", files.list_works(options.runs), explain, files.report),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is missing, then write the page."""
    options = parse_options(arguments)
    parts = make_parts(options)
    for name in [] if options.report else options.only:
        measure_missing(name, parts[name], options.results)
    publish(list(page(parts, read_results(options.results))), options.out)


def parse_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add, parts = parser.add_argument, ["truth", "time", "files"]
    add("--data", type=Path, default=HERE.parent / "data", metavar="DIR", help="the folder with the data files")
    add("--only", type=some_of(parts), default=parts, metavar="PARTS", help=",".join(parts))
    add("--tables", type=int, default=20, metavar="N", help="simulated tables")
    add("--rounds", type=int, default=11, metavar="N", help="rounds in which the systems take turns")
    add("--runs", type=int, default=5, metavar="N", help="runs on each real table")
    add("--results", type=Path, default=HERE / "importance.jsonl", metavar="FILE.jsonl", help="one line a result")
    add("--report", action="store_true", help="measure nothing")
    add("--out", type=Path, metavar="FILE.md", help="also write the page to this file")
    return parser.parse_args(arguments)


def measure_missing(name: str, part: Part, results: Path) -> None:
    """Measure each work that has no result, and add it to the file."""
    done = [each["work"] for each in read_results(results) if each["part"] == name]
    for number, work in enumerate(part.works, 1):
        if work in done:
            continue
        say(f"{name}, {number} of {len(part.works)}: {work}")
        where = describe_place()
        line = {"part": name, "work": work, "found": part.measure(work), "where": where}
        with results.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")


def describe_place() -> str:
    """When, on which machine, how busy it is, with what."""
    versions = ", ".join(map(installed, PACKAGES))
    return f"{datetime.now(UTC):%Y-%m-%d}, {machine()}, {load()}, {versions}, commit {commit_now()}"


def read_results(path: Path) -> list[dict[str, Any]]:
    """The results so far."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def page(parts: Mapping[str, Part], results: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The parts of which there are results."""
    yield "# What `mlptrain explain` is worth"
    yield ""
    yield "Written by `benchmarks/importance.py --report`; [how it is measured](README.md)."
    for name, part in parts.items():
        own = [each for each in results if each["part"] == name]
        if own:
            yield from ["", f"## {part.title}", ""]
            yield from part.report([(each["work"], each["found"]) for each in own])
            yield ""
            yield from (f"* Measured {place}." for place in sorted({each["where"] for each in own}))


if __name__ == "__main__":
    main()
