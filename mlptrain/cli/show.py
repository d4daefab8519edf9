"""`mlptrain show`."""

import sys

from mlptrain.cli.options import (
    AnyModel,
    AsJson,
    PrintSpec,
    Verbose,
    prepare_stdout,
    print_notice,
    set_blas_threads,
)
from mlptrain.loading import load_modules


def show_command(
    model: AnyModel = None, print_spec: PrintSpec = False, as_json: AsJson = False, verbose: Verbose = False
) -> None:
    """Show what a model file holds: metrics, columns, history, sizes, spec."""
    set_blas_threads(1)
    with load_modules():
        from mlptrain.commands.latest_model import choose_model
        from mlptrain.commands.show import show_file
        from mlptrain.reporting import json_document, show_results
        from mlptrain.reporting.glyphs import choose_glyphs
        from mlptrain.reporting.terminal import find_terminal

    named = choose_model(model)
    if named.notice:
        print_notice(named.notice)
    result = show_file(named.model)
    if as_json:
        print(json_document.format_json(show_results.build_description_document(result)), file=prepare_stdout())
    elif print_spec:
        print(show_results.format_stored_spec(result), file=prepare_stdout())
    else:
        terminal, glyphs = find_terminal(sys.stdout), choose_glyphs(sys.stdout.encoding)
        print(show_results.format_description(result, terminal, glyphs=glyphs, verbose=verbose))
