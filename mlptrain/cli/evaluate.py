"""`mlptrain eval`."""

import sys
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from mlptrain.commands.evaluate import EvaluationResult
    from mlptrain.explain.permutation import Permutation

BOOTSTRAP = "Samples for 95 % intervals; by default 100 to 1000, 0 for none."
Bootstrap = Annotated[int | None, typer.Option(metavar="N", min=0, max=100_000, help=BOOTSTRAP)]
IMPORTANCE = "Also say what each column is worth: 20 s and 5,000 rows at most; `explain` has options."
ShowImportance = Annotated[bool, typer.Option("--importance", help=IMPORTANCE)]


def evaluate_command(
    model: AnyModel = None,
    data: Annotated[
        str | None, typer.Argument(metavar="[DATA]", help="A table or images; by default the spec's test part.")
    ] = None,
    labels: Annotated[str | None, typer.Option(metavar="FILE", help="The labels of images.")] = None,
    by: Annotated[str | None, typer.Option(metavar="COLUMN", help="Also measure each value of this column.")] = None,
    bootstrap: Bootstrap = None,
    importance: ShowImportance = False,
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

    named = choose_model_and_data(model, data)
    if named.notice:
        print_notice(named.notice)
    result = evaluate_files(
        named.model,
        named.data,
        labels,
        by=by,
        resamples=bootstrap,
        importance=make_permutation() if importance else None,
        settings=settings or (),
    )
    for message in result.notices:
        print_notice(message)
    print_evaluation(result, as_json=as_json, verbose=verbose)


def make_permutation() -> "Permutation":
    """How the importance of columns is found: as `explain` does unless it is told otherwise."""
    from mlptrain.explain.permutation import Permutation

    return Permutation()


def print_evaluation(result: "EvaluationResult", *, as_json: bool, verbose: bool) -> None:
    """Print what was measured, as a document or as tables."""
    from mlptrain.reporting import bars, evaluate_results, json_document
    from mlptrain.reporting.terminal import find_terminal

    if as_json:
        for name, why in result.undefined.items():
            print_notice(f"{name} is undefined: {why}")
        document = evaluate_results.build_evaluation_result_document(result)
        print(json_document.format_json(document), file=prepare_stdout())
        return
    signs = bars.choose_bar_signs(sys.stdout.encoding)
    print(evaluate_results.format_evaluation(result, find_terminal(sys.stdout), signs=signs, verbose=verbose))
