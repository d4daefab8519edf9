"""Whole commands on real tables: `mlptrain fit` and `mlptrain eval` of each config, as measured, as a Markdown table.

    python benchmarks/real_tables.py --data DIR [--configs titanic,adult] [--seeds 3] [--out FILE.md]

DIR holds the files that the configs name (see the head of each config). What it lacks is left out by name.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from measuring import HERE, head, heading, publish, row, some_of

ROOT = HERE.parent
METRIC = {
    "titanic": "accuracy",
    "adult": "accuracy",
    "california_housing": "r2",
    "diamonds": "r2",
    "mnist_keras": "accuracy",
    "mnist_mlp": "accuracy",
}


@dataclass(frozen=True)
class Run:
    """One training, as a whole process, and what its model is worth on the test part."""

    value: float
    seconds: float


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder with the data files")
    parser.add_argument("--configs", type=some_of(METRIC), default=list(METRIC), help=",".join(METRIC))
    parser.add_argument("--seeds", type=int, default=1, help="seeds 1 … N; the medians are shown")
    parser.add_argument("--out", type=Path, help="write the table to a file as well")
    options = parser.parse_args()
    publish(list(table(options.data.resolve(), options.configs, options.seeds)), options.out)


def table(data: Path, names: list[str], seeds: int) -> Iterator[str]:
    """The lines of the table."""
    yield from head()
    yield f"Medians over {seeds} seed(s), single runs in brackets where there are several; seconds of the whole `fit`."
    yield ""
    yield from heading("config", "test metric", "measured", "seconds")
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            runs = [run for seed in range(1, seeds + 1) if (run := measure(name, data, Path(folder), seed))]
        if not runs:
            yield row(f"`{name}`", METRIC[name], "left out: its data is not in the folder", "")
            continue
        values = [run.value for run in runs]
        single = f" ({', '.join(f'{value:.4f}' for value in values)})" if len(runs) > 1 else ""
        seconds = statistics.median(run.seconds for run in runs)
        yield row(f"`{name}`", METRIC[name], f"{statistics.median(values):.4f}{single}", f"{seconds:.1f}")


def measure(name: str, data: Path, folder: Path, seed: int) -> Run | None:
    """Fit and evaluate one config with one seed; None where its data is missing."""
    link = folder / "data"
    if not link.exists():
        link.symlink_to(data)
        (folder / "configs").mkdir()
    spec = folder / "configs" / f"{name}.yaml"
    spec.write_bytes((ROOT / "configs" / f"{name}.yaml").read_bytes())
    model = folder / f"{name}.npz"
    begun = time.perf_counter()
    fitted = command("fit", str(spec), "--out", str(model), "--set", f"seed={seed}", "--quiet")
    seconds = time.perf_counter() - begun
    if fitted.returncode == 3 and "no such file" in fitted.stderr:
        return None
    fitted.check_returncode()
    evaluated = command("eval", str(model), "--json")
    evaluated.check_returncode()
    return Run(json.loads(evaluated.stdout)["metrics"][METRIC[name]], seconds)


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run mlptrain with the interpreter that runs this script."""
    return subprocess.run([sys.executable, "-m", "mlptrain", *arguments], capture_output=True, text=True, check=False)


if __name__ == "__main__":
    main()
