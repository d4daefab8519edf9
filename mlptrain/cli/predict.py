"""`mlptrain predict`."""

from pathlib import Path
from typing import Annotated

import typer

from mlptrain.cli.options import ModelPath, Threads, for_programs, notice, use_threads


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

    for what, path in (("input file", data), ("model", model)):
        if out is not None and same_file(out, Path(path)):
            raise SpecError(f"--out {out}: this is the {what}; choose another name")
    result = prediction.predict(model, data, keep=keep or (), probabilities=probabilities)
    if result.odd_cells:
        counts = ", ".join(f"{name} {count}" for name, count in result.odd_cells.items())
        if strict:
            raise DataError(f"{data}: cells that are missing or were not seen in training: {counts} (--strict)")
        notice(f"cells that are missing or were not seen in training: {counts}")
    if out is None:
        write_table(result.columns, for_programs())
    else:
        prediction.write_predictions(result, out)


def same_file(one: Path, other: Path) -> bool:
    """Whether both paths lead to one file that exists."""
    return one.exists() and other.exists() and one.samefile(other)
