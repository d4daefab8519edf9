"""`mlptrain eval`."""

import sys
from typing import Annotated

import typer

from mlptrain.cli.options import (
    AnyModel,
    AsJson,
    SetInput,
    Threads,
    Verbose,
    prepare_stdout,
    print_notice,
    set_blas_threads,
)
from mlptrain.loading import load_modules

BOOTSTRAP = "Samples for 95 % intervals; by default 100 to 1000, 0 for none."
Bootstrap = Annotated[int | None, typer.Option(metavar="N", min=0, max=100_000, help=BOOTSTRAP)]


def evaluate_command(
    model: AnyModel = None,
    data: Annotated[
        str | None, typer.Argument(metavar="[DATA]", help="A table or images; by default the spec's test part.")
    ] = None,
    labels: Annotated[str | None, typer.Option(metavar="FILE", help="The labels of images.")] = None,
    by: Annotated[str | None, typer.Option(metavar="COLUMN", help="Also measure each value of this column.")] = None,
    bootstrap: Bootstrap = None,
    settings: SetInput = None,
    threads: Threads = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Measure a model on a file."""
    set_blas_threads(threads)
    with load_modules():
        from mlptrain.commands.evaluate import evaluate_files
        from mlptrain.commands.latest_model import choose_model_and_data
        from mlptrain.reporting import evaluate_results, json_document
        from mlptrain.reporting.terminal import find_terminal

    named = choose_model_and_data(model, data)
    if named.notice:
        print_notice(named.notice)
    result = evaluate_files(named.model, named.data, labels, by=by, resamples=bootstrap, settings=settings or ())
    for message in result.notices:
        print_notice(message)
    if as_json:
        for name, why in result.undefined.items():
            print_notice(f"{name} is undefined: {why}")
        document = evaluate_results.build_evaluation_document(result)
        print(json_document.format_json(document), file=prepare_stdout())
    else:
        print(evaluate_results.format_evaluation(result, find_terminal(sys.stdout), verbose=verbose))
