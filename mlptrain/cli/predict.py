"""`mlptrain predict`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from mlptrain.cli.options import ModelPath, Threads, notice, use_threads


def predict(
    model: ModelPath,
    data: Annotated[str, typer.Argument(metavar="DATA", help="A table, or an IDX file of images; `-` is stdin.")],
    out: Annotated[
        Path | None, typer.Option(metavar="PREDICTIONS.csv", help="Where to; by default standard output.")
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Pass a column of the input through; `all` for every one."),
    ] = None,
    probabilities: Annotated[bool, typer.Option("--probabilities", help="One column of probability a class.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Missing cells or unseen categories are an error.")] = False,
    threads: Threads = None,
) -> None:
    """Predict the rows of a file, one row out for each row in, in order."""
    use_threads(threads)
    from mlptrain.data.table import write_table
    from mlptrain.errors import DataError, SpecError
    from mlptrain.workflows import prediction

    if out is not None and data != "-" and out.exists() and Path(data).exists() and out.samefile(data):
        raise SpecError(f"--out {out}: this is the input file; choose another name")
    result = prediction.predict(model, data, keep=keep or (), probabilities=probabilities)
    if result.odd_cells:
        counts = ", ".join(f"{name} {count}" for name, count in result.odd_cells.items())
        if strict:
            raise DataError(f"{data}: cells that are missing or were not seen in training: {counts} (--strict)")
        notice(f"cells that are missing or were not seen in training: {counts}")
    if out is None:
        write_table(result.columns, sys.stdout)
        sys.stdout.flush()
    else:
        prediction.write_predictions(result, out)
