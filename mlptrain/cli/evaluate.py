"""`mlptrain eval`."""

from typing import Annotated

import typer

from mlptrain.cli.options import AsJson, ModelPath, Threads, for_programs, notice, use_threads


def evaluate(
    model: ModelPath,
    data: Annotated[
        str | None, typer.Argument(metavar="[DATA]", help="A table or images; by default the spec's test part.")
    ] = None,
    labels: Annotated[str | None, typer.Option(metavar="FILE", help="The labels of images.")] = None,
    by: Annotated[str | None, typer.Option(metavar="COLUMN", help="Also measure each value of this column.")] = None,
    bootstrap: Annotated[
        int | None,
        typer.Option(min=0, max=100_000, help="Samples for the 95 % intervals; 0 for none. [default: 100 to 1000]"),
    ] = None,
    threads: Threads = None,
    as_json: AsJson = False,
) -> None:
    """Measure a model on a file."""
    use_threads(threads)
    from mlptrain.commands import evaluate as evaluation
    from mlptrain.reporting.results import evaluation_document, evaluation_text, json_text

    result = evaluation.evaluate(model, data, labels, by=by, resamples=bootstrap)
    for message in result.notices:
        notice(message)
    if as_json:
        for name, why in result.undefined.items():
            notice(f"{name} is undefined: {why}")
        print(json_text(evaluation_document(result)), file=for_programs())
    else:
        print(evaluation_text(result))
