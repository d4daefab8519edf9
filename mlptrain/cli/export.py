"""`mlptrain export`."""

from pathlib import Path
from typing import Annotated

import typer

from mlptrain.cli.options import AnyModel, print_notice, set_blas_threads
from mlptrain.loading import load_modules

FormatName = Annotated[str, typer.Option("--format", metavar="FORMAT", help="What to write: `python` or `c`.")]
Out = Annotated[Path | None, typer.Option(metavar="FILE", help="By default the model's name with another ending.")]


def export_command(*, model: AnyModel = None, format_name: FormatName, out: Out = None) -> None:
    """Write a model in another language, to predict without mlptrain."""
    set_blas_threads(1)
    with load_modules():
        from mlptrain.commands.export import export_file
        from mlptrain.commands.latest_model import choose_model
        from mlptrain.reporting.export_results import format_exported

    named = choose_model(model)
    if named.notice:
        print_notice(named.notice)
    print_notice(format_exported(export_file(named.model, format_name, out)))
