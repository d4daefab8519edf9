"""`mlptrain check`."""

import sys

from mlptrain.cli.options import Set, SpecPath, Threads, print_notice, set_blas_threads


def check_command(spec: SpecPath, overrides: Set = None, threads: Threads = None) -> None:
    """Show the resolved spec, the columns and the model, and check the gradient of this very spec."""
    set_blas_threads(threads)
    from mlptrain.commands.check import check_files
    from mlptrain.reporting.check_results import format_check

    result = check_files(spec, overrides=overrides or ())
    for message in result.notices:
        print_notice(message)
    print(format_check(result))
    if not all(parameter.right for parameter in result.gradient):
        sys.exit(1)
