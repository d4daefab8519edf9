"""`mlptrain show`."""

from mlptrain.cli.options import AsJson, ModelPath, prepare_stdout, set_blas_threads


def show_command(model: ModelPath, as_json: AsJson = False) -> None:
    """Show what a model file holds: spec, columns, metrics, history, sizes."""
    set_blas_threads(1)
    from mlptrain.commands.show import show_file
    from mlptrain.reporting import json_document, show_results

    result = show_file(model)
    if as_json:
        print(json_document.format_json(result), file=prepare_stdout())
    else:
        print(show_results.format_description(result))
