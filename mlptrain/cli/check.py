"""`mlptrain check`."""

import sys

from mlptrain.cli.options import (
    AsJson,
    PrintSpec,
    Set,
    SpecPath,
    SpillDir,
    Threads,
    Verbose,
    prepare_stdout,
    print_notice,
    set_blas_threads,
)
from mlptrain.loading import load_modules


def check_command(
    spec: SpecPath,
    overrides: Set = None,
    threads: Threads = None,
    spill_dir: SpillDir = None,
    print_spec: PrintSpec = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Show the columns and why, the model and its memory, and check the gradient of this very spec."""
    set_blas_threads(threads)
    with load_modules():
        from mlptrain.commands.check import check_files
        from mlptrain.reporting import check_results, json_document, spec_text
        from mlptrain.reporting.terminal import find_terminal

    result = check_files(spec, overrides=overrides or (), threads=threads, spill_dir=spill_dir)
    listed = () if as_json or print_spec else result.column_notices
    for message in result.notices:
        if message not in listed:
            print_notice(message)
    if as_json:
        print(json_document.format_json(check_results.build_check_document(result)), file=prepare_stdout())
    elif print_spec:
        print(spec_text.format_marked_spec(result.spec), file=prepare_stdout())
    else:
        print(check_results.format_check(result, find_terminal(sys.stdout), verbose=verbose))
    if not all(parameter.right for parameter in result.gradient):
        sys.exit(1)
