"""`mlptrain predict`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlptrain.cli.options import AnyModel, SetInput, Threads, prepare_stdout, print_notice, set_blas_threads
from mlptrain.errors import SpecError, make_interruption
from mlptrain.loading import load_modules

if TYPE_CHECKING:
    from mlptrain.commands.predict import Prediction
    from mlptrain.commands.predict_output import OutputOptions

Data = Annotated[
    str | None,
    typer.Argument(metavar="DATA", help="A table, or IDX images; `-` is standard input.", show_default=False),
]
Out = Annotated[
    Path | None,
    typer.Option(metavar="PREDICTIONS.csv", help="By default standard output; also .csv.gz, .tsv, .parquet, .xlsx."),
]
Keep = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help="Pass a column of the input through; `all` for every one."),
]
Probabilities = Annotated[bool, typer.Option("--probabilities", help="One column of probability a class.")]
Scores = Annotated[
    bool, typer.Option("--scores", help="The network's own outputs (logits), as columns score_<class or target>.")
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="Cells that would be noted (missing, unseen, far out) and predictions that are not finite are errors.",
    ),
]
SpreadsheetSafe = Annotated[
    bool, typer.Option("--spreadsheet-safe", help="Texts that look like formulas get an apostrophe before them.")
]
LikeInput = Annotated[
    bool, typer.Option("--like-input", help="Write as DATA is written: delimiter, decimal mark, encoding.")
]
Digits = Annotated[
    int | None, typer.Option(min=1, max=17, metavar="N", help="Significant digits of numbers; by default all.")
]


def predict_command(
    model: AnyModel = None,
    data: Data = None,
    out: Out = None,
    keep: Keep = None,
    probabilities: Probabilities = False,
    scores: Scores = False,
    strict: Strict = False,
    spreadsheet_safe: SpreadsheetSafe = False,
    like_input: LikeInput = False,
    settings: SetInput = None,
    digits: Digits = None,
    threads: Threads = None,
) -> None:
    """Predict the rows of a file, one row out for each row in, in order."""
    set_blas_threads(threads)
    with load_modules():
        from mlptrain.commands.latest_model import choose_model_and_data
        from mlptrain.commands.predict import Prediction
        from mlptrain.commands.predict_output import OutputOptions
        from mlptrain.model.answers import AnswerOptions

    options = AnswerOptions(
        keep=keep or (), probabilities=probabilities, scores=scores, spreadsheet_safe=spreadsheet_safe
    )
    named = choose_model_and_data(model, data)
    if named.data is None:
        raise SpecError(f"DATA is missing: mlptrain predict {named.model} DATA")
    if named.notice:
        print_notice(named.notice)
    prediction = Prediction(named.model, named.data, options, settings=settings or (), strict=strict, threads=threads)
    output = OutputOptions(like_input=like_input, digits=digits)
    if out is None or out == Path("-"):
        write_to_stdout(prediction, output)
    else:
        prediction.publish(out, output)
    for message in prediction.notices:
        print_notice(message)


def write_to_stdout(prediction: "Prediction", output: "OutputOptions") -> None:
    """Write the predictions to standard output; whoever stops it is told what is there."""
    try:
        prediction.write(prepare_stdout().buffer, output)
    except KeyboardInterrupt as stop:
        if not (rows := prediction.counts.rows):
            raise
        raise make_interruption(stop, f"stopped; at most the first {rows:,} rows were written") from None
