"""What workers save: whole processes with two workers and with one, in turn, as Markdown.

    pip install -e .[fast,tune]
    python benchmarks/workers.py [--rounds 3] [--rows 30000] [--epochs 14] [--only "six folds",…] [--out workers.md]

A generated table (large_tables.py), recipe `plain`, one thread of products in each process. Both runs of a pair must
write the same bytes. The ratio is that of wall seconds, two workers / one, of each round.
"""

import argparse
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from large_tables import write_table
from measuring import head, heading, interleaved, mlptrain, publish, row, say, spread

os.environ["OPENBLAS_NUM_THREADS"] = "1"
GRID = "{sampler: grid, search: {optimizer.learning_rate: %s, model.dropout: %s}}"
RATES, RATES_OF_DROPOUT = "{choices: [0.001, 0.002, 0.004, 0.008, 0.016]}", "{choices: [0, 0.1, 0.2, 0.3]}"


@dataclass(frozen=True)
class Work:
    """A command that can have workers: its verb, the split of its spec, and what the ratio is to be at most."""

    name: str
    verb: str
    split: str
    bar: float | None
    share_of_epochs: float = 1.0

    def write_spec(self, folder: Path, table: Path, epochs: int) -> Path:
        """The spec of the work."""
        path = folder / f"{self.name.replace(' ', '_')}.yaml"
        lines = [
            "recipe: plain",
            f"data: {{train: {table}, target: y, split: {self.split}}}",
            f"training: {{epochs: {max(1, round(epochs * self.share_of_epochs))}}}",
        ]
        path.write_text(
            "\n".join([*lines, f"tune: {GRID % (RATES, RATES_OF_DROPOUT)}"] if self.verb == "tune" else lines)
        )
        return path


WORKS = (
    Work("six folds", "fit", "{folds: 6}", 0.58),
    Work("five folds", "fit", "{folds: 5}", 0.66),
    Work("20 trials of a grid", "tune", "{validation: 0.2}", 0.6, 0.3),
)


def measure_work(work: Work, folder: Path, table: Path, epochs: int, rounds: int) -> list[str]:
    """The line of a work: seconds with one worker and with two, and their ratio."""
    say(f"workers: {work.name}")
    spec, outs = work.write_spec(folder, table, epochs), [folder / f"{count}.npz" for count in (1, 2)]
    again = ["--restart"] if work.verb == "tune" else []
    commands = {
        str(count): mlptrain(work.verb, str(spec), "-q", "--workers", str(count), "--out", str(out), *again)
        for count, out in zip((1, 2), outs, strict=True)
    }
    found = interleaved(commands, rounds)
    if outs[0].read_bytes() != outs[1].read_bytes():
        raise RuntimeError(f"{work.name}: two workers wrote another model")
    one, two = ([each.seconds for each in found[count]] for count in ("1", "2"))
    ratios = [b / a for a, b in zip(one, two, strict=True)]
    return [work.name, spread(one, ".1f", " s"), spread(two, ".1f", " s"), spread(ratios), f"≤ {work.bar}", "the same"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the works that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=30_000)
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--only", type=lambda text: text.split(","), default=[work.name for work in WORKS])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    lines = [*head(), "", *heading("work", "one worker", "two workers", "two / one", "bar", "models")]
    with tempfile.TemporaryDirectory() as name:
        (table,) = write_table(Path(name), options.rows, "csv")
        chosen = [work for work in WORKS if work.name in options.only]
        found = [measure_work(work, Path(name), table, options.epochs, options.rounds) for work in chosen]
    lines += [row(*cells) for cells in found]
    size = f"{options.rows:,} rows of 19 columns, {options.epochs} epochs, {options.rounds} rounds"
    lines += ["", f"{size}; medians and quartiles of wall seconds."]
    publish(lines, options.out)


if __name__ == "__main__":
    main()
