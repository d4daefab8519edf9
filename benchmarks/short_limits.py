"""`best` within short time limits beside `plain`, on prepared tables: test error or RMSE, and the time that was spent.

    python benchmarks/short_limits.py --tables FOLDER                        # all tables × limits × seeds: hours
    python benchmarks/short_limits.py --tables FOLDER --only phoneme --limits 15 --seeds 0
    python benchmarks/short_limits.py --report --page benchmarks/ACCURACY.md  # only write the section of the page

The limit is kept in processor time of this one process with one thread, so that the results do not depend on what else
the machine does. Each result is added to the results file at once, and what is there is not run again: a run may be
stopped and started anew. Other code: take another file. FOLDER is like that of accuracy.py.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any

from accuracy import SHARED, Table, commit_now, read_table, table_folders
from measuring import heading, machine, row, say

START, END = "<!-- short limits -->", "<!-- end of short limits -->"
LIMITS, SEEDS = (15, 30, 60), (0, 1, 2)
ALLOWED = 0.01
"""How much worse than `plain` a table may be."""


@dataclass(frozen=True)
class Run:
    """One fit and what its model is worth on the test part."""

    table: str
    limit: int
    """Seconds of processor time; 0 for `plain` without a limit."""
    seed: int
    task: str
    score: float
    """The error of classes, the RMSE of numbers."""
    spread: float
    """What scores are divided by: 1 of classes, the standard deviation of the test targets."""
    seconds: float
    """Seconds of processor time, with reading the table."""
    said: Sequence[str]
    commit: str
    machine: str

    @property
    def key(self) -> tuple[str, int, int]:
        return self.table, self.limit, self.seed


def main() -> None:
    """Run what is missing, then write the section."""
    options = parser().parse_args()
    if not options.report:
        run_missing(options)
    lines = [START, "", *report(read_runs(options.results)), "", END]
    if options.page:
        replace_section(options.page, lines)
    else:
        sys.stdout.write("\n".join(lines) + "\n")


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--tables", type=Path, default=SHARED / "tables", metavar="FOLDER", help="the folder with the tables")
    add("--only", nargs="+", metavar="TABLE", help="only these tables")
    add("--limits", nargs="+", type=int, default=LIMITS, metavar="SECONDS")
    add("--seeds", nargs="+", type=int, default=SEEDS, metavar="N")
    add("--results", type=Path, default=Path("short_limits.jsonl"), metavar="FILE.jsonl", help="one line a run")
    add("--report", action="store_true", help="run nothing")
    add("--page", type=Path, metavar="FILE.md", help="write the section into this page, in place of the one there")
    return parser


def run_missing(options: argparse.Namespace) -> None:
    """Run every job that has no result; whole seeds come first, and within them short limits, so that all tables do."""
    tables = list(map(read_table, table_folders(options.tables, options.only)))
    jobs = [(table, limit, seed) for seed in options.seeds for limit in (0, *options.limits) for table in tables]
    done = {run.key for run in read_runs(options.results)}
    for number, (table, limit, seed) in enumerate(jobs, 1):
        if (table.name, limit, seed) not in done:
            run = measure(table, limit, seed)
            with options.results.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(asdict(run), ensure_ascii=False) + "\n")
            place = f"{number} of {len(jobs)}: {table.name}, {limit or 'no'} s, seed {seed}"
            say(f"{place}: {run.score:.4g}, {run.seconds:.1f} s; {'; '.join(run.said)}")


def make_spec(table: Table, limit: int, seed: int) -> dict[str, Any]:
    """`best` within a limit, or `plain`."""
    data = {"train": str(table.folder / "train.csv"), "target": table.target, "columns": dict(table.columns)}
    training = {"training": {"time_limit": limit}} if limit else {}
    return {"recipe": "best" if limit else "plain", "seed": seed, "data": data, **training}


def measure(table: Table, limit: int, seed: int) -> Run:
    """Fit in this process, and see what the predictions of the test part are worth."""
    from mlptrain.fitting.fit import fit_rows
    from mlptrain.fitting.host import Host
    from mlptrain.model.rows import read_rows
    from mlptrain.preparation.material import read_training_rows
    from mlptrain.spec.file import make_draft_from_spec

    told: list[str] = []
    host = Host(threads=1, clock=time.process_time, notice=told.append, begun=time.process_time())
    draft = make_draft_from_spec(make_spec(table, limit, seed))
    done = fit_rows(draft, read_training_rows(draft.spec, Path()), host=host)
    done.model.to_bytes()
    seconds = time.process_time() - (host.begun or 0.0)
    rows = read_rows(str(table.folder / "test.csv"), done.model.spec.data, Path())
    judged = done.model.judge(rows)
    metrics = done.model.evaluate_rows(rows).metrics
    of_numbers = table.task == "regression"
    return Run(
        table=table.name,
        limit=limit,
        seed=seed,
        task=table.task,
        score=float(metrics["rmse"] if of_numbers else 1 - metrics["accuracy"]),
        spread=float(judged.truth.std()) if of_numbers else 1.0,
        seconds=round(seconds, 2),
        said=[line for line in told if line.startswith(("time_limit", "trials", "recipe"))],
        commit=commit_now(),
        machine=machine(),
    )


def read_runs(path: Path) -> list[Run]:
    """The results so far."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [Run(**json.loads(line)) for line in lines]


# ── The section ───────────────────────────────────────────────────────────────────────────────────────────────────────


def report(runs: Sequence[Run]) -> Iterator[str]:
    """The section of the page."""
    yield "## `best` within short time limits"
    yield ""
    if not runs:
        yield "Nothing has been measured yet."
        return
    scores = collect_scores(runs)
    tables, limits = sorted({run.table for run in runs}), sorted({run.limit for run in runs if run.limit})
    commits, seeds = sorted({run.commit for run in runs}), sorted({run.seed for run in runs})
    yield (
        f"{len(runs)} runs of {len(tables)} tables, mlptrain at {', '.join(commits)}; {runs[0].machine}; seeds: "
        f"{', '.join(map(str, seeds))}. One thread; the limit's clock is the processor time of the process, so that "
        "what else the machine does changes nothing. Error of classes, RMSE of numbers on the test part, means over "
        "the seeds (±: standard deviation over them); in brackets against `plain`. Written by `short_limits.py`. "
        "What `best` gives up, and when, was changed three times after test scores of seed 0 on these tables had been "
        "seen: for all limits; so that one of its networks may stand beside five of `plain`, as half of 30 s had been "
        "left; and so that several networks of `plain` alone are planned with all their epochs, as of 16 at least only "
        "13 had been done on a busy machine. That networks of `plain` share in its predictions was decided on seed 3 "
        "of thirteen tables, test scores among what was looked at; by how much they do, the validation rows of "
        "each fit decide. Seeds 1 and 2 and other tables say more. Runs are of the code of their own time: the results "
        "file has the commit of each, and only runs that a later change was about were run again."
    )
    yield ""
    yield from heading("table", "`plain`", "its s", *(f"`best`, {limit} s" for limit in limits))
    for table in tables:
        cells = [describe_scores(scores, table, limit) for limit in limits]
        spent = fmean([run.seconds for run in runs if run.table == table and not run.limit] or [0.0])
        yield row(table, describe_scores(scores, table, 0), f"{spent:.1f}", *cells)
    yield row("mean normalised score", *describe_means(scores, tables, limits))
    yield ""
    yield from describe_findings(runs, scores, tables, limits)


Scores = Mapping[tuple[str, int], Sequence[Run]]


def collect_scores(runs: Sequence[Run]) -> Scores:
    """The runs of each table and limit."""
    found: dict[tuple[str, int], list[Run]] = {}
    for run in runs:
        found.setdefault((run.table, run.limit), []).append(run)
    return found


def compute_mean(scores: Scores, table: str, limit: int) -> float | None:
    """The mean score over the seeds that both `plain` and this limit have."""
    seeds = {run.seed for run in scores.get((table, 0), ())}
    own = [run.score for run in scores.get((table, limit), ()) if run.seed in seeds]
    return fmean(own) if own else None


def compute_change(scores: Scores, table: str, limit: int) -> float | None:
    """How much worse than `plain` on the same seeds, relative to it."""
    seeds = {run.seed for run in scores.get((table, limit), ())}
    plain = [run.score for run in scores.get((table, 0), ()) if run.seed in seeds]
    own = compute_mean(scores, table, limit)
    return own / fmean(plain) - 1 if plain and own is not None else None


def compute_deviation(scores: Scores, table: str, limit: int) -> float:
    """The standard deviation (n − 1) over the seeds; 0 of one seed."""
    values = [run.score for run in scores.get((table, limit), ())]
    middle = fmean(values)
    return (sum((value - middle) ** 2 for value in values) / max(len(values) - 1, 1)) ** 0.5


def describe_scores(scores: Scores, table: str, limit: int) -> str:
    """A cell: the mean, its deviation, the change against `plain`."""
    mean = compute_mean(scores, table, limit)
    if mean is None:
        return "–"
    text = f"{mean:.4g} ± {compute_deviation(scores, table, limit):.2g}"
    change = compute_change(scores, table, limit) if limit else None
    return text if change is None else f"{text} ({change:+.1%})"


def describe_means(scores: Scores, tables: Sequence[str], limits: Sequence[int]) -> Iterator[str]:
    """The means over the tables, of numbers in standard deviations of the targets; the column of seconds has none."""
    for limit in (0, *limits):
        shared = [table for table in tables if all((table, each) in scores for each in (0, *limits))]
        values = [(compute_mean(scores, table, limit) or 0.0) / scores[table, limit][0].spread for table in shared]
        yield f"{fmean(values):.4f} ({len(values)} tables)" if values else "–"
        if not limit:
            yield ""


def describe_findings(
    runs: Sequence[Run], scores: Scores, tables: Sequence[str], limits: Sequence[int]
) -> Iterator[str]:
    """Which tables miss what is wanted, and how well the limits were kept."""
    for limit in limits:
        changes = {table: compute_change(scores, table, limit) for table in tables}
        worse = [f"{table} {change:+.1%}" for table, change in changes.items() if change and change > ALLOWED]
        over = [run.seconds / limit for run in runs if run.limit == limit]
        known = [change for change in changes.values() if change is not None]
        yield (
            f"* {limit} s: {fmean(known):+.1%} against `plain` in the mean; worse by more than {ALLOWED:.0%}: "
            f"{', '.join(worse) or 'none'}; the longest fit took {max(over):.0%} of the limit."
        )
    for short, long in pairwise(limits):
        worse = [table for table in tables if is_worse_than_shorter(scores, table, short, long)]
        yield f"* {long} s worse than {short} s by more than the seeds differ: {', '.join(worse) or 'none'}."


def is_worse_than_shorter(scores: Scores, table: str, short: int, long: int) -> bool:
    """Whether a longer limit came to a worse mean, by more than two standard errors of the difference."""
    if (table, short) not in scores or (table, long) not in scores:
        return False
    error = sum(compute_deviation(scores, table, limit) ** 2 / len(scores[table, limit]) for limit in (short, long))
    before, after = (fmean(run.score for run in scores[table, limit]) for limit in (short, long))
    return after > before + max(2 * error**0.5, ALLOWED * before)


def replace_section(page: Path, lines: Sequence[str]) -> None:
    """Put the section into the page, in place of the one that is there, or at its end."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    before, _, rest = text.partition(START)
    after = rest.partition(END)[2] if rest else "\n"
    page.write_text(before.rstrip("\n") + "\n\n" + "\n".join(lines) + after, encoding="utf-8")


if __name__ == "__main__":
    main()
