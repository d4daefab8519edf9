"""`mlptrain import`."""

from pathlib import Path
from typing import Annotated

import typer

from mlptrain.cli.options import AsJson, prepare_stdout, print_notice, set_blas_threads
from mlptrain.loading import load_modules

ModelPath = Annotated[str, typer.Argument(metavar="MODEL", help="A model (.npz).")]
WeightsPath = Annotated[
    Path, typer.Argument(metavar="WEIGHTS", help="An .npz of its arrays, as np.savez writes them: parameters.….")
]
Out = Annotated[Path, typer.Option(metavar="NEW.npz", help="Where to.")]


def import_command(*, model: ModelPath, weights: WeightsPath, out: Out, as_json: AsJson = False) -> None:
    """Write a model with other weights, which another program has trained further."""
    set_blas_threads(1)
    with load_modules():
        from mlptrain.commands.import_weights import import_weights
        from mlptrain.reporting.import_results import build_import_document, format_imported
        from mlptrain.reporting.json_document import format_json

    result = import_weights(model, weights, out, print_notice)
    print(format_json(build_import_document(result)) if as_json else format_imported(result), file=prepare_stdout())
