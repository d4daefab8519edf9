"""What saving costs: a model beside the disk's own fsync, and checkpoints at every epoch's end, as Markdown.

    pip install -e .[fast,bench]
    python benchmarks/saving.py [--quick] [--rounds 30] [--folder DIR] [--out saving.md]

DIR is a folder on the disk to measure; by default the system's one for temporary files.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import tables
from measuring import Part, Section, heading, row, say, spread

MODEL = "data: {train: rows.csv, target: y}\nmodel: {hidden: [480, 480]}\ntraining: {epochs: 1}\n"
TABULAR = """
data: {train: rows.csv, target: y}
model: {hidden: [256, 256, 256], dropout: 0.1}
training: {epochs: EPOCHS, batch_size: 256}
"""
"""The network of the work `tabular`: 100-256-256-256, batches of 256, Adam, dropout 0.1."""


def timed(action: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def written_by_hand(data: bytes, path: Path) -> None:
    """Write, fsync, rename, fsync the folder: the least that a file costs that survives a power cut."""
    temporary = path.with_suffix(".tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    os.write(descriptor, data)
    os.fsync(descriptor)
    os.close(descriptor)
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def models(folder: Path, rounds: int) -> Iterator[str]:
    """Saving a model of 1 MB, in turn with the same bytes written by hand."""
    from mlptrain.commands.fit import fit_files
    from mlptrain.model.model import Model

    (folder / "model.yaml").write_text(MODEL, encoding="utf-8")
    tables.digits(folder / "rows.csv", 2000, 60)
    path = folder / "model.npz"
    fit_files(str(folder / "model.yaml"), out=path)
    model, data = Model.load(path), path.read_bytes()
    theta = model.networks[0].network.parameters.theta
    ours, bare = [], []
    for number in range(rounds):
        theta[0] = number  # another model, so that it is written, and the one before is kept
        ours.append(1000 * timed(lambda: model.save(path)))
        bare.append(1000 * timed(lambda: written_by_hand(data, folder / "bare")))
    beside = [a - b for a, b in zip(ours, bare, strict=True)]
    yield from heading("a model of", "saved, ms", "the same bytes with fsync, ms", "beside that, ms")
    yield row(f"{len(data) / 1e6:.2f} MB", spread(ours, ".1f"), spread(bare, ".1f"), spread(beside, ".1f"))


def checkpoints(folder: Path, rows: int, epochs: int, rounds: int) -> Iterator[str]:
    """Training with a checkpoint at every epoch's end: the share of the time that they take."""
    from mlptrain.commands.fit import fit_files
    from mlptrain.fitting import checkpoints as keeper
    from mlptrain.fitting.checkpoints import Plan

    (folder / "tabular.yaml").write_text(TABULAR.replace("EPOCHS", str(epochs)), encoding="utf-8")
    tables.digits(folder / "rows.csv", rows, 100)
    save, spent, shares, each = keeper.save_checkpoint, [0.0], [], []

    def counted(*arguments: Any) -> None:
        spent[0] += timed(lambda: save(*arguments))

    keeper.save_checkpoint = counted
    try:
        for _ in range(rounds):
            spent[0] = 0.0
            seconds = fit_files(str(folder / "tabular.yaml"), out=folder / "t.npz", plan=Plan(when="epochs")).seconds
            shares.append(100 * spent[0] / (seconds - spent[0]))
            each.append(1000 * spent[0] / epochs)
    finally:
        keeper.save_checkpoint = save
    yield from heading("tabular", "a checkpoint, ms", "share of the training, %")
    yield row(f"{rows:,} rows, {epochs} epochs", spread(each, ".1f"), spread(shares))


def report(options: argparse.Namespace) -> Section:
    """The section of this part."""
    rounds = options.rounds or (5 if options.quick else 30)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        lines = [*models(folder, rounds), ""]
        lines += checkpoints(folder, 20_000 if options.quick else 100_000, 3 if options.quick else 10, 1 + rounds // 10)
    say("saving: done")
    note = "Medians (quartiles). Each file is read back before it takes the place of the one before, which is kept."
    return Section("saving: models and checkpoints", [*lines, "", note])


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, help="30 (quick: 5)")
    parser.add_argument("--folder", type=Path, help="a folder on the disk to measure")


PART = Part(__doc__, report, add_options)

if __name__ == "__main__":
    PART.run_alone()
