"""Exported models beside their models on real tables: differences, labels, sizes, speed.

    pip install -e .[onnx,integration]
    python benchmarks/exports.py --tables FOLDER --data DIR --models FOLDER    # all models × formats
    python benchmarks/exports.py --tables FOLDER --data DIR --models FOLDER --only adult/plain --formats onnx,c
    python benchmarks/exports.py --report --out benchmarks/EXPORTS.md          # only write the page

The models: `plain` on each prepared table and on MNIST, other recipes on two of the tables; they are trained for few
epochs, as it does not matter here how good they are, and kept in the folder of the models. The folder of the tables is
like that of accuracy.py, DIR holds MNIST's files. Each result is added to the results file at once, and what is there
is not measured again. Other code, or another machine: take another file.
"""

import argparse
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import exports_measuring
from accuracy import Job, Recipe, commit_now, read_table, spec_text, table_folders
from exports_measuring import FORMATS, Limits
from exports_page import write_page
from measuring import HERE, installed, machine, measured, mlptrain, publish, say, some_of

MNIST = "mnist"
TWO_TABLES = ("adult", "bike_hour")
RECIPES = {
    **{name: {"recipe": name} for name in ("plain", "realmlp_td", "tabm", "best")},
    "best_in_40_s": {"recipe": "best", "training": {"time_limit": "40s"}},
}
"""What is trained: `best` in a short time joins networks of several specs, each with a weight of its own."""
LARGER = tuple(name for name in RECIPES if name != "plain")
PACKAGES = ("mlptrain", "numpy", "onnx", "onnxruntime")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is missing, then write the page."""
    options = parse_options(arguments)
    if not options.report:
        options.models.mkdir(exist_ok=True)
        for work in select_works(options):
            measure_missing(work, options)
    publish(list(write_page(read_results(options.results))), options.out)


def parse_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--tables", type=Path, default=HERE.parent / "tables", metavar="FOLDER", help="the folder with the tables")
    add("--data", type=Path, default=HERE.parent / "data", metavar="DIR", help="the folder with MNIST's files")
    add("--models", type=Path, default=Path("export-models"), metavar="FOLDER", help="where the models are kept")
    add("--only", nargs="+", metavar="TABLE/RECIPE", help="only these models")
    add("--formats", type=some_of(FORMATS), default=list(FORMATS), metavar="NAMES", help=",".join(FORMATS))
    add("--epochs", type=int, default=2, metavar="N", help="of each training")
    add("--rows", type=int, default=20_000, metavar="N", help="rows of the test part to predict, at most")
    add("--slow-rows", type=int, default=200, metavar="N", help="… by formats that are slow")
    add("--results", type=Path, default=HERE / "exports.jsonl", metavar="FILE.jsonl", help="one line a result")
    add("--report", action="store_true", help="measure nothing")
    add("--out", type=Path, metavar="FILE.md", help="also write the page to this file")
    return parser.parse_args(arguments)


def select_works(options: argparse.Namespace) -> list[str]:
    """The models, as TABLE/RECIPE."""
    tables = [folder.name for folder in table_folders(options.tables, None)]
    works = [f"{name}/plain" for name in (*tables, MNIST)]
    works += [f"{name}/{recipe}" for name in TWO_TABLES if name in tables for recipe in LARGER]
    return [work for work in works if not options.only or work in options.only]


# ── Models ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def make_model(work: str, options: argparse.Namespace) -> Path:
    """The file of a model, trained if it is not there."""
    name, _, recipe = work.partition("/")
    epochs = count_epochs(recipe, options)
    path: Path = options.models / f"{name}-{recipe}-{epochs}.npz"
    if not path.exists():
        spec = path.with_suffix(".yaml")
        spec.write_text(write_spec(name, recipe, options), encoding="utf-8")
        say(f"{work}: is trained")
        settings = ["--threads", "1", "--quiet", "--checkpoints", "off"]
        settings += ["--set", f"training.epochs={epochs}"] if epochs else []
        measured(mlptrain("fit", str(spec), "--out", str(path), *settings))
    return path


def count_epochs(recipe: str, options: argparse.Namespace) -> int:
    """The epochs of a training; 0 where its time is limited."""
    return 0 if "training" in RECIPES[recipe] else options.epochs


def write_spec(name: str, recipe: str, options: argparse.Namespace) -> str:
    """The YAML of a model."""
    if name != MNIST:
        return spec_text(Job(read_table(options.tables / name), Recipe(recipe, json.dumps(RECIPES[recipe])), (), 0))
    return json.dumps(RECIPES[recipe] | {"data": {"train": name_images("train", options)}})


def name_images(part: str, options: argparse.Namespace) -> dict[str, str]:
    """The files of MNIST's images and labels."""
    folder = options.data.resolve()
    return {key: f"{folder}/mnist.{part}-{key}-idx{dims}-ubyte.gz" for key, dims in (("images", 3), ("labels", 1))}


def find_rows(name: str, options: argparse.Namespace) -> Path:
    """The file of the rows to predict."""
    return Path(name_images("t10k", options)["images"]) if name == MNIST else options.tables / name / "test.csv"


# ── Results ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def measure_missing(work: str, options: argparse.Namespace) -> None:
    """Measure each format of a model that has no result, and add it to the file."""
    epochs = count_epochs(work.partition("/")[2], options)
    done = [(each["work"], each["format"], each["epochs"]) for each in read_results(options.results)]
    left = [name for name in options.formats if (work, name, epochs) not in done]
    if not left:
        return
    model, rows = make_model(work, options), find_rows(work.partition("/")[0], options)
    for name in left:
        where, busy = describe_place(), os.getloadavg()[0]
        found = exports_measuring.measure(model, name, rows, Limits(options.rows, options.slow_rows))
        say(f"{work}, {name}: {found['largest']:.2g}, {found['labels']} labels differ")
        line = {"work": work, "format": name, "epochs": epochs, "found": found, "where": where, "load": busy}
        with options.results.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")


def describe_place() -> str:
    """When, on which machine, with what."""
    versions = ", ".join(map(installed, PACKAGES))
    return f"{datetime.now(UTC):%Y-%m-%d}, {machine()}, {versions}, commit {commit_now()}"


def read_results(path: Path) -> list[dict[str, Any]]:
    """The results so far."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


if __name__ == "__main__":
    main()
