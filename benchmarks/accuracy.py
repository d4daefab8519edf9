"""Test error, RMSE, log loss, AUC and training time of recipes on prepared tables, beside those of other systems.

    python benchmarks/accuracy.py --tables FOLDER                            # all tables × recipes × seeds: hours
    python benchmarks/accuracy.py --tables FOLDER --recipes plain --quick    # four small tables, one seed
    python benchmarks/accuracy.py --spec mine.yaml --set training.epochs=20  # a spec of one's own as a recipe
    python benchmarks/accuracy.py --report --out accuracy.md                 # only write what there is so far

FOLDER holds tables as NAME/train.csv, NAME/test.csv and NAME/meta.json (task: binary, multiclass or regression; target;
categorical and numeric: lists of columns). A recipe without validation rows of its own gets a fifth of the training
rows. Each result is added to the results file at once, and what is there is not run again: a run may be stopped and
started anew, and several may share one file. Other code or another number of threads: take another file.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from csv import DictReader
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from accuracy_baselines import Baselines, read_baselines
from accuracy_report import Run, report
from accuracy_scores import TASKS, Task
from measuring import HERE, installed, machine, measured, mlptrain, publish, say

from mlptrain.errors import EnvironmentFailure, MlptrainError
from mlptrain.spec.file import load_spec
from mlptrain.spec.yaml_text import parse_document, read_spec_file
from mlptrain.storage.locking import lock_exclusively

SHARED = HERE.parent.parent / "shared"
RECIPES = ("plain", "realmlp_td_s", "realmlp_td", "best")
QUICK = ("german_credit", "phoneme", "winequality_white", "cpu_act")
SEEDS = (0, 1, 2)
HELD_OUT = {"validation": 0.2}
"""What is held out of the training rows where the recipe does not say."""


@dataclass(frozen=True)
class Table:
    """A prepared table: its files, and what its meta.json says."""

    name: str
    folder: Path
    task: str
    target: str
    columns: Mapping[str, str]
    """The kinds of the columns and of the target."""

    @property
    def as_task(self) -> Task:
        return TASKS[self.task]


@dataclass(frozen=True)
class Recipe:
    """What is trained: a spec that lacks nothing but the data."""

    name: str
    text: str


@dataclass(frozen=True)
class Job:
    """One run that may be made."""

    table: Table
    recipe: Recipe
    overrides: tuple[str, ...]
    seed: int

    @property
    def key(self) -> tuple[str, str, tuple[str, ...], int]:
        """As `Run.key`."""
        return self.table.name, self.recipe.name, self.overrides, self.seed

    def __str__(self) -> str:
        return " ".join([self.table.name, self.recipe.name, *self.overrides, f"seed {self.seed}"])


def main() -> None:
    """Run what is missing, and write the page."""
    options = parser().parse_args()
    failed = False if options.report else run_missing(options)
    runs = [run for run in read_runs(options.results, notice=say) if shown(run, options)]
    publish(list(report(runs, baselines(options.baselines))), options.out)
    sys.exit(failed)


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--tables", type=Path, default=SHARED / "tables", metavar="FOLDER", help="the folder with the tables")
    add("--only", nargs="+", metavar="TABLE", help="only these tables")
    add("--recipes", nargs="+", metavar="NAME", help=f"by default {' '.join(RECIPES)}, or none beside --spec")
    add("--spec", nargs="+", default=[], type=Path, metavar="FILE.yaml", help="specs without data, as recipes")
    add("--set", nargs="+", action="extend", default=[], dest="overrides", metavar="KEY=VALUE", help="of all recipes")
    add("--seeds", nargs="+", type=int, metavar="N", help=f"by default {' '.join(map(str, SEEDS))}")
    add("--threads", type=int, default=1, metavar="N", help="threads of each training and prediction")
    add("--quick", action="store_true", help="four small tables, one seed")
    add("--results", type=Path, default=Path("accuracy.jsonl"), metavar="FILE.jsonl", help="one line a run")
    add(
        "--baselines",
        type=Path,
        default=SHARED / "reference" / "baselines.md",
        metavar="FILE.md",
        help="others' scores",
    )
    add("--report", action="store_true", help="run nothing; the page, of the tables, recipes and seeds that are named")
    add("--out", type=Path, metavar="FILE.md", help="write the page to a file as well")
    return parser


# ── What is to be run ─────────────────────────────────────────────────────────────────────────────────────────────────


def run_missing(options: argparse.Namespace) -> bool:
    """Run every job that has no result; whether one of them failed. Whole seeds come first, so that all tables do."""
    if not os.access(options.results.resolve().parent, os.W_OK):
        sys.exit(f"{options.results}: its folder is not there or cannot be written; name another file with --results")
    folders = table_folders(options.tables, options.only or (QUICK if options.quick else None))
    tables, recipes = list(map(read_table, folders)), named_recipes(options)
    overrides = tuple(options.overrides)
    for recipe in recipes:
        if problem := refusal(Job(tables[0], recipe, overrides, 0)):
            sys.exit(problem)
    seeds = options.seeds or (SEEDS[:1] if options.quick else SEEDS)
    jobs = [Job(table, recipe, overrides, seed) for seed in seeds for recipe in recipes for table in tables]
    failed = [job for k, job in enumerate(jobs, 1) if not attempt(job, options, f"{k} of {len(jobs)}")]
    return bool(failed)


def table_folders(folder: Path, wanted: Sequence[str] | None) -> list[Path]:
    """The folders of the tables, all or those that are wanted."""
    known = {path.parent.name: path.parent for path in sorted(folder.glob("*/meta.json"))}
    if not known:
        sys.exit(f"{folder}: no prepared tables (NAME/meta.json) here; name their folder with --tables")
    if unknown := [name for name in wanted or () if name not in known]:
        sys.exit(f"{folder}: no table {', '.join(unknown)} here; there are {', '.join(known)}")
    return [known[name] for name in wanted or known]


def read_table(folder: Path) -> Table:
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    columns = dict.fromkeys(meta["numeric"], "number") | dict.fromkeys(meta["categorical"], "category")
    columns[meta["target"]] = TASKS[meta["task"]].kind
    return Table(folder.name, folder.resolve(), meta["task"], meta["target"], columns)


def named_recipes(options: argparse.Namespace) -> list[Recipe]:
    """The recipes by name, then the specs."""
    names = options.recipes or (() if options.spec else RECIPES)
    return [*(Recipe(name, f"recipe: {name}\n") for name in names), *map(own_recipe, options.spec)]


def own_recipe(path: Path) -> Recipe:
    """A spec as a recipe; the digest in its name keeps the results of a spec that was changed apart."""
    try:
        text = read_spec_file(str(path))
        parse_document(text, str(path))
    except MlptrainError as problem:
        sys.exit(str(problem))
    return Recipe(f"{path.stem}@{hashlib.sha256(text.encode()).hexdigest()[:6]}", text)


def refusal(job: Job) -> str:
    """What is wrong with the spec of a job, or nothing."""
    try:
        load_spec(job.recipe.name, job.overrides, spec_text(job))
    except MlptrainError as problem:
        return str(problem)
    return ""


# ── The spec of a run ─────────────────────────────────────────────────────────────────────────────────────────────────


def spec_text(job: Job) -> str:
    """The YAML of a run."""
    table = job.table
    data = {"train": str(table.folder / "train.csv"), "target": table.target, "columns": dict(table.columns)}
    ours = {"data": data, "seed": job.seed}
    text = with_ours(job.recipe.text, ours)
    split = load_spec(job.recipe.name, job.overrides, text)[0].data.split
    if split.validation or split.folds:
        return text
    return with_ours(text, {"data": {"split": HELD_OUT}})


def with_ours(text: str, ours: Mapping[str, Any]) -> str:
    """A YAML text with our keys in it; where both say something, ours stands.

    >>> print(with_ours("data: {scaling: robust, target: x}", {"data": {"target": "y"}}), end="")
    "data": {scaling: robust, "target": "y"}
    """
    node = merged(yaml.compose(text), yaml.compose(json.dumps(ours, ensure_ascii=False)))
    return yaml.serialize(node, allow_unicode=True, width=sys.maxsize)


def merged(theirs: yaml.Node | None, ours: yaml.Node | None) -> yaml.Node | None:
    """Both maps in one, all the way down; of anything else ours."""
    if not isinstance(theirs, yaml.MappingNode) or not isinstance(ours, yaml.MappingNode):
        return ours
    old = {key.value: (key, value) for key, value in theirs.value}
    new = {key.value: (key, merged(old.get(key.value, (key, None))[1], value)) for key, value in ours.value}
    return yaml.MappingNode(theirs.tag, list((old | new).values()), flow_style=theirs.flow_style)


# ── A run ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def attempt(job: Job, options: argparse.Namespace, place: str) -> bool:
    """Run a job, unless it has been run or another process is at it; False if it failed."""
    results: Path = options.results
    digest = hashlib.sha256(repr(job.key).encode()).hexdigest()[:16]
    try:
        with lock_exclusively(results.with_name(f"{results.name}.{digest}"), say):
            if job.key in {run.key for run in read_runs(results)}:
                return True
            run = run_job(job, options.threads)
            append(results, run)
    except EnvironmentFailure:  # the lock is held
        say(f"{place}: {job}: left out, for another process is at it")
        return True
    except (RuntimeError, MlptrainError) as problem:
        say(f"{place}: {job}: failed: {problem}")
        return False
    say(f"{place}: {job}: {run.score:.4g}, {run.seconds:.1f} s")
    return True


def run_job(job: Job, threads: int) -> Run:
    """Fit in a process of its own, predict in another, and see what the predictions are worth."""
    table, with_threads = job.table, ("--threads", str(threads))
    commit, truth = commit_now(), table.folder / "test.csv"
    with tempfile.TemporaryDirectory() as temporary:
        spec, model, predicted = (Path(temporary) / name for name in ("spec.yaml", "model.npz", "predicted.csv"))
        spec.write_text(spec_text(job), encoding="utf-8")
        overrides = [word for override in job.overrides for word in ("--set", override)]
        common = ("--json", "--quiet", "--out", str(model))
        before = spent()
        fitted = measured(mlptrain("fit", str(spec), *common, *with_threads, *overrides))
        processor = spent() - before
        wanted = (*table.as_task.options, "--out", str(predicted))
        asked = measured(mlptrain("predict", str(model), str(truth), *wanted, *with_threads))
        metrics = table.as_task.metrics(table.target, read_columns(truth), read_columns(predicted))
    fit = json.loads(fitted.output)
    return Run(
        table=table.name,
        recipe=job.recipe.name,
        overrides=job.overrides,
        seed=job.seed,
        task=table.task,
        metrics=metrics,
        seconds=fit.pop("seconds"),
        wall=fitted.seconds,
        predict_wall=asked.seconds,
        peak=fitted.peak,
        fit={key: value for key, value in fit.items() if key != "model"},
        threads=threads,
        version=installed("mlptrain"),
        commit=commit,
        machine=machine(),
        when=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        processor=round(processor, 2),
    )


def spent() -> float:
    """Seconds of processor time of the processes that were started and have ended."""
    times = os.times()
    return times.children_user + times.children_system


def read_columns(path: Path) -> dict[str, list[str]]:
    """The texts of a CSV, column by column."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(DictReader(stream))
    return {name: [row[name] for row in rows] for name in rows[0]}


def commit_now() -> str:
    """The commit of the code, and whether it was changed since; nothing is known without git."""
    git = shutil.which("git")
    command = [git or "git", "-C", str(HERE), "describe", "--always", "--dirty", "--exclude=*"]
    done = subprocess.run(command, check=False, capture_output=True, text=True) if git else None
    return done.stdout.strip() if done and not done.returncode else "an unknown commit"


# ── The results ───────────────────────────────────────────────────────────────────────────────────────────────────────


def append(path: Path, run: Run) -> None:
    """Add a line in one write, so that lines of several processes do not mix."""
    torn = path.exists() and path.read_bytes()[-1:] not in (b"", b"\n")
    with path.open("ab", buffering=0) as stream:
        stream.write(b"\n" * torn + json.dumps(asdict(run), ensure_ascii=False).encode() + b"\n")


def read_runs(path: Path, *, notice: Callable[[str], object] = lambda _: None) -> list[Run]:
    """The results so far; of several of the same run the last one."""
    return list({run.key: run for run in lines_of(path, notice)}.values())


def lines_of(path: Path, notice: Callable[[str], object]) -> Iterator[Run]:
    """Every line that is whole."""
    if path.exists():
        for k, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                yield Run(**json.loads(line))
            except json.JSONDecodeError:
                notice(f"{path}:{k}: passed over, for it is no whole result")


def shown(run: Run, options: argparse.Namespace) -> bool:
    """Whether a result is asked for: everything is, where tables, recipes or seeds are not named."""
    tables = options.only or (QUICK if options.quick else None)
    recipes = [*(options.recipes or ()), *(own_recipe(path).name for path in options.spec)]
    return (
        (not tables or run.table in tables)
        and (not recipes or run.recipe in recipes)
        and (not options.seeds or run.seed in options.seeds)
    )


def baselines(path: Path) -> Baselines:
    """The baselines in a file, if it is there."""
    if not path.exists():
        say(f"{path}: no such file: there are no baselines to compare with")
        return Baselines()
    return read_baselines(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
