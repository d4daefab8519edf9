"""`mlptrain predict`."""

from pathlib import Path
from typing import Annotated

import typer

from mlptrain.cli.options import ModelPath, Threads, prepare_stdout, print_notice, set_blas_threads
from mlptrain.errors import SpecError


def predict_command(
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
    spreadsheet_safe: Annotated[
        bool, typer.Option("--spreadsheet-safe", help="Texts that look like formulas get an apostrophe before them.")
    ] = False,
    threads: Threads = None,
) -> None:
    """Predict the rows of a file, one row out for each row in, in order."""
    set_blas_threads(threads)
    from mlptrain.commands.predict import Prediction
    from mlptrain.model.answers import AnswerOptions

    for what, path in (("input file", data), ("model", model)):
        if out is not None and is_same_file(out, Path(path)):
            raise SpecError(f"--out {out}: this is the {what}; choose another name")
    options = AnswerOptions(keep=keep or (), probabilities=probabilities, spreadsheet_safe=spreadsheet_safe)
    prediction = Prediction(model, data, options, strict=strict, threads=threads)
    if out is None:
        prediction.write(prepare_stdout())
    else:
        prediction.publish(out)
    for message in prediction.notices:
        print_notice(message)


def is_same_file(one: Path, other: Path) -> bool:
    """Whether both paths lead to the same existing file."""
    return one.exists() and other.exists() and one.samefile(other)
