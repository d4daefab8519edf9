"""`mlptrain show`."""

from mlptrain.cli.options import AnyModel, AsJson, prepare_stdout, print_notice, set_blas_threads


def show_command(model: AnyModel = None, as_json: AsJson = False) -> None:
    """Show what a model file holds: spec, columns, metrics, history, sizes."""
    set_blas_threads(1)
    from mlptrain.commands.latest_model import choose_model
    from mlptrain.commands.show import show_file
    from mlptrain.reporting import json_document, show_results

    named = choose_model(model)
    if named.notice:
        print_notice(named.notice)
    result = show_file(named.model)
    if as_json:
        print(json_document.format_json(result), file=prepare_stdout())
    else:
        print(show_results.format_description(result))
