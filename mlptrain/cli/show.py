"""`mlptrain show`."""

from mlptrain.cli.options import AsJson, ModelPath, for_programs, use_threads


def show(model: ModelPath, as_json: AsJson = False) -> None:
    """Show what a model file holds: spec, columns, metrics, history, sizes."""
    use_threads(1)
    from mlptrain.commands import show as description
    from mlptrain.reporting.results import description_text, json_text

    result = description.describe(model)
    if as_json:
        print(json_text(result), file=for_programs())
    else:
        print(description_text(result))
