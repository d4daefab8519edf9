"""`mlptrain show`."""

from mlptrain.cli.options import AsJson, ModelPath, use_threads


def show(model: ModelPath, as_json: AsJson = False) -> None:
    """Show what a model file holds: spec, columns, metrics, history, sizes."""
    use_threads(1)
    from mlptrain.reporting.results import description_text, json_text
    from mlptrain.workflows import description

    result = description.describe(model)
    print(json_text(result) if as_json else description_text(result))
