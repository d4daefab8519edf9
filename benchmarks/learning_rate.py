"""What `mlptrain find-lr` is worth: its suggestion, and the other rule in use, beside the default rate, as Markdown.

    pip install -e .
    python benchmarks/learning_rate.py --tables FOLDER [--only abalone,magic] [--out benchmarks/LEARNING_RATE.md]

FOLDER holds NAME/train.csv and NAME/meta.json (`target`). A network of 64 and 32 units is trained for 15 epochs in
batches of 128 rows with each optimizer at its default rate, at the suggestion, and at the rate of the steepest descent.
The value is the log loss (of numbers, the RMSE) of the validation rows, a fifth, at the best epoch, divided by that at
the default rate.
"""

import argparse
import json
import math
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from measuring import heading, machine, row, versions

TABLES = "abalone,german_credit,phoneme,winequality_white,cpu_act,bike_hour,magic,diamonds"
OPTIMIZERS = ("adam", "adamw", "sgd", "momentum")
WINDOW = 5
"""Steps to each side, over which a slope is taken."""
WORST = 9.0
"""What a training counts as that diverges, or comes to more."""


def find_steepest(curve: dict[str, Any], low: int) -> float:
    """The rate at which the smoothed loss falls fastest over the logarithm of the rate, before its least value."""
    smoothed = curve["smoothed"]
    lowest = min(range(low, len(smoothed)), key=smoothed.__getitem__)

    def find_slope(step: int) -> float:
        end = min(step + WINDOW, lowest)
        return float((smoothed[end] - smoothed[step - WINDOW]) / (end - step + WINDOW))

    return float(f"{curve['rate'][min(range(low, lowest + 1), key=find_slope)]:.1e}")


def measure_rates(table: Path, optimizer: str, folder: Path) -> dict[str, tuple[float, float]]:
    """The default rate, the suggestion and the steepest, each with what it comes to."""
    import mlptrain
    from mlptrain.commands.find_lr import find_learning_rate

    target = json.loads((table / "meta.json").read_text(encoding="utf-8"))["target"]
    spec = {
        "data": {"train": str((table / "train.csv").resolve()), "target": target, "split": {"validation": 0.2}},
        "model": {"hidden": [64, 32]},
        "optimizer": {"name": optimizer},
        "training": {"epochs": 15, "batch_size": 128},
        "seed": 1,
    }
    path = folder / "spec.yaml"
    path.write_text(json.dumps(spec), encoding="utf-8")
    found = find_learning_rate(str(path))
    curve = {name: [getattr(each, name) for each in found.steps] for name in ("rate", "smoothed")}
    rates = {"default": found.rate, "suggestion": found.suggestion.rate or found.rate}
    rates["steepest"] = find_steepest(curve, found.rates.opening)
    values = {}
    for name, rate in rates.items():
        try:
            fit = mlptrain.fit(path, overrides={"optimizer.learning_rate": rate})
        except mlptrain.errors.Diverged:
            values[name] = rate, math.inf
        else:
            metrics = fit.metrics["validation"]
            values[name] = rate, metrics["log_loss"] if metrics.get("log_loss") is not None else metrics["rmse"]
    return values


def list_lines(tables: Sequence[Path], folder: Path) -> Iterator[str]:
    """The page's table, and the means of its ratios."""
    yield from heading("table", "optimizer", "default rate", "suggestion", "ratio", "steepest", "ratio")
    ratios: dict[str, list[float]] = {"suggestion": [], "steepest": []}
    for optimizer in OPTIMIZERS:
        for table in tables:
            found = measure_rates(table, optimizer, folder)
            default = found["default"]
            cells = [table.name, optimizer, f"{default[0]:g}"]
            for name, all_ratios in ratios.items():
                rate, value = found[name]
                all_ratios.append(min(value / default[1], WORST))
                cells += [f"{rate:g}", f"{all_ratios[-1]:.3f}"]
            yield row(*cells)
    yield ""
    for name, found_ratios in ratios.items():
        mean = math.exp(sum(map(math.log, found_ratios)) / len(found_ratios))
        better = sum(each < 1 for each in found_ratios)
        ends = f"from {min(found_ratios):.3f} to {max(found_ratios):.3f}"
        wins = f"better than the default in {better} of {len(found_ratios)}"
        yield f"* *{name}*: {wins}; geometric mean of the ratios {mean:.3f}, {ends}"


def main() -> None:
    """Measure, and print or write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--only", default=TABLES)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # what the notices of the tables say is not asked here
    tables = [options.tables / name for name in options.only.split(",")]
    begun = f"{machine()}; {versions()}."
    with tempfile.TemporaryDirectory() as folder:
        text = "\n".join([TITLE, "", INTRODUCTION, begun, "", *list_lines(tables, Path(folder))])
    if options.out is None:
        print(text)
    else:
        options.out.write_text(f"{text}\n", encoding="utf-8")


TITLE = "# Learning rates that `find-lr` suggests"
INTRODUCTION = """\
The validation loss (log loss, of numbers the RMSE) at the best of 15 epochs, divided by that at the default rate of the
optimizer: below 1 is better. *suggestion* is what `mlptrain find-lr` says (a tenth of the rate of the least smoothed
loss), *steepest* the other rule in use: the rate at which the smoothed loss falls fastest. One seed, a network of 64
and 32 units, batches of 128 rows. A training that diverges counts as 9. The rule, its smoothing and its number of steps
were chosen on these very tables.
"""

if __name__ == "__main__":
    main()
