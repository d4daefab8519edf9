"""`mlptrain predict`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlptrain.cli.options import AnyModel, SetInput, Threads, prepare_stdout, print_notice, set_blas_threads
from mlptrain.errors import SpecError, make_interruption
from mlptrain.loading import load_modules

if TYPE_CHECKING:
    from mlptrain.commands.predict import Prediction
    from mlptrain.commands.predict_output import OutputOptions

Data = Annotated[
    list[str] | None,
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


Workers = Annotated[int, typer.Option(metavar="N", min=1, help="Processes that predict at a time.")]
OutDir = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Predict several files, each to one of its name in this folder.")
]


def predict_command(
    model: AnyModel = None,
    data: Data = None,
    out: Out = None,
    out_dir: OutDir = None,
    keep: Keep = None,
    probabilities: Probabilities = False,
    scores: Scores = False,
    strict: Strict = False,
    spreadsheet_safe: SpreadsheetSafe = False,
    like_input: LikeInput = False,
    settings: SetInput = None,
    digits: Digits = None,
    threads: Threads = None,
    workers: Workers = 1,
) -> None:
    """Predict the rows of a file, one row out for each row in, in order; with --out-dir those of several files."""
    set_blas_threads(threads)
    with load_modules():
        from mlptrain.commands.predict import Prediction  # noqa: F401 (loaded once, at a time when nothing is collected)
        from mlptrain.commands.predict_output import OutputOptions
        from mlptrain.model.answers import AnswerOptions

    wanted: dict[str, Any] = {
        "options": AnswerOptions(
            keep=keep or (), probabilities=probabilities, scores=scores, spreadsheet_safe=spreadsheet_safe
        ),
        "settings": settings or (),
        "strict": strict,
        "threads": threads,
    }
    output = OutputOptions(like_input=like_input, digits=digits)
    if out_dir is not None:
        predict_to_folder(model, data or [], out, out_dir, output, workers, wanted)
    elif workers > 1:
        predict_side_by_side(model, data or [], out, output, workers, wanted)
    else:
        predict_one_file(model, data or [], out, output, wanted)


def predict_side_by_side(
    model: str | None,
    data: Sequence[str],
    out: Path | None,
    output: "OutputOptions",
    workers: int,
    wanted: Mapping[str, Any],
) -> None:
    """Predict a file with several processes, which start while it is opened."""
    with load_modules():
        from mlptrain.commands.predict_pieces import AnswerJob
        from mlptrain.workers.choice import choose_executor

    executor = choose_executor(workers, threads=wanted["threads"] or 0)
    with executor.prepare(AnswerJob, executor.workers):
        predict_one_file(model, data, out, output, {**wanted, "executor": executor})


def predict_one_file(
    model: str | None,
    data: Sequence[str],
    out: Path | None,
    output: "OutputOptions",
    wanted: Mapping[str, Any],
) -> None:
    """Predict a file, to standard output or to another file."""
    with load_modules():
        from mlptrain.commands.latest_model import choose_model_and_data
        from mlptrain.commands.predict import Prediction

    if len(data) > 1:
        raise SpecError(f"{data[1]}: a second file; --out-dir DIR predicts several, each to one of its name there")
    named = choose_model_and_data(model, *data)
    if named.data is None:
        raise SpecError(f"DATA is missing: mlptrain predict {named.model} DATA")
    if named.notice:
        print_notice(named.notice)
    prediction = Prediction(named.model, named.data, **wanted)
    if out is None or out == Path("-"):
        write_to_stdout(prediction, output)
    else:
        prediction.publish(out, output)
    for message in prediction.notices:
        print_notice(message)


def predict_to_folder(
    model: str | None,
    data: Sequence[str],
    out: Path | None,
    folder: Path,
    output: "OutputOptions",
    workers: int,
    wanted: Mapping[str, Any],
) -> None:
    """Predict files, each to one of its name in a folder."""
    with load_modules():
        from mlptrain.commands.latest_model import choose_model
        from mlptrain.commands.predict_files import FileJob, predict_files
        from mlptrain.workers.choice import choose_executor

    if out is not None:
        raise SpecError("--out and --out-dir contradict each other; give one of them")
    if model is None or not data:
        raise SpecError("DATA is missing: mlptrain predict MODEL DATA... --out-dir DIR")
    named = choose_model(model)
    if named.notice:
        print_notice(named.notice)
    job = FileJob(model=named.model, output=output, **wanted)
    executor = choose_executor(workers, threads=wanted["threads"] or 0)
    for done in predict_files(job, data, folder, executor):
        print_notice(f"{done.data}: {done.rows:,} rows, predictions in {done.out}")
        for message in done.notices:
            print_notice(message if message.startswith(done.data) else f"{done.data}: {message}")


def write_to_stdout(prediction: "Prediction", output: "OutputOptions") -> None:
    """Write the predictions to standard output; whoever stops it is told what is there."""
    try:
        prediction.write(prepare_stdout().buffer, output)
    except KeyboardInterrupt as stop:
        if not (rows := prediction.counts.rows):
            raise
        raise make_interruption(stop, f"stopped; at most the first {rows:,} rows were written") from None
