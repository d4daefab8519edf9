"""`mlptrain check`."""

import sys

from mlptrain.cli.options import Set, SpecPath, Threads, notice, use_threads


def check(spec: SpecPath, overrides: Set = None, threads: Threads = None) -> None:
    """Show the resolved spec, the columns and the model, and check the gradient of this very spec."""
    use_threads(threads)
    from mlptrain.commands import check as checking
    from mlptrain.reporting.results import check_text

    result = checking.check(spec, overrides=overrides or ())
    for message in result.notices:
        notice(message)
    print(check_text(result))
    if not all(parameter.right for parameter in result.gradient):
        sys.exit(1)
