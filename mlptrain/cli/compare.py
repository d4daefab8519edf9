"""`mlptrain compare`."""

import sys
from typing import Annotated

import typer

from mlptrain.cli.options import (
    AsJson,
    SetInput,
    Threads,
    Verbose,
    prepare_stdout,
    print_notice,
    set_blas_threads,
)
from mlptrain.loading import load_modules

Models = Annotated[
    list[str],
    typer.Argument(metavar="MODEL", help="Models (.npz), their specs, or folders of models.", show_default=False),
]
Data = Annotated[
    str | None, typer.Option(metavar="DATA", help="A table or images; by default the test part that all have.")
]
Labels = Annotated[str | None, typer.Option(metavar="FILE", help="The labels of images.")]


def compare_command(
    models: Models,
    data: Data = None,
    labels: Labels = None,
    settings: SetInput = None,
    threads: Threads = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Compare models on the same rows: which is better, and whether that is decided."""
    set_blas_threads(threads)
    with load_modules():
        from mlptrain.commands.compare import compare_files
        from mlptrain.reporting import compare_results, json_document
        from mlptrain.reporting.terminal import find_terminal

    result = compare_files(models, data, labels=labels, settings=settings or ())
    for message in result.notices:
        print_notice(message)
    if as_json:
        print(json_document.format_json(compare_results.build_compared_files_document(result)), file=prepare_stdout())
    else:
        print(compare_results.format_comparison(result, find_terminal(sys.stdout), verbose=verbose))
