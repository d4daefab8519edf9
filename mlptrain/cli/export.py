"""`mlptrain export`."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from mlptrain.cli.options import AnyModel, AsJson, SetInput, prepare_stdout, print_notice, set_blas_threads
from mlptrain.errors import SpecError
from mlptrain.loading import load_modules

FORMATS = ("onnx", "python", "c", "pytorch", "keras", "mlflow")
"""The names of the formats, here too: help and completion load nothing heavy to find them."""


def complete_format(incomplete: str) -> list[str]:
    """The names that begin so, for a shell."""
    return [name for name in FORMATS if name.startswith(incomplete)]


FormatName = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help=f"What to write: {', '.join(f'`{name}`' for name in FORMATS)}.",
        autocompletion=complete_format,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="By default the model's name with the format's ending; `-` is standard output."),
]
Check = Annotated[
    str | None,
    typer.Option(metavar="DATA", help="Predict DATA with both, and write nothing if they differ; `-` is stdin."),
]
Guards = Annotated[
    bool, typer.Option("--guards", help="ONNX: add an output that counts the missing and unknown cells of each row.")
]
Dates = Annotated[
    Literal["seconds", "text"] | None,
    typer.Option(metavar="seconds|text", help="ONNX: dates as seconds since 1970, or as texts YYYY-MM-DD."),
]

Enums = Annotated[
    bool, typer.Option("--enums", help="C: texts are values of enumerations, for programs that have no texts.")
]


def export_command(
    *,
    model: AnyModel = None,
    format_name: FormatName,
    out: Out = None,
    check: Check = None,
    settings: SetInput = None,
    guards: Guards = False,
    enums: Enums = False,
    dates: Dates = None,
    as_json: AsJson = False,
) -> None:
    """Write a model in another language, to predict without mlptrain."""
    set_blas_threads(1)
    with load_modules():
        from mlptrain.commands.export import export_file
        from mlptrain.commands.latest_model import choose_model
        from mlptrain.reporting.export_results import build_export_document, format_exported
        from mlptrain.reporting.json_document import format_json
        from mlptrain.reporting.terminal import find_terminal

    if as_json and out == Path("-"):
        raise SpecError("--out -: --json writes to stdout already; name a file")
    named = choose_model(model)
    if named.notice:
        print_notice(named.notice)
    options = {"guards": guards, "enums": enums, "dates": dates}
    result = export_file(named.model, format_name, out, check=check, settings=settings or (), **options)
    for message in result.notices:
        print_notice(message)
    if as_json:
        print(format_json(build_export_document(result)), file=prepare_stdout())
    elif out == Path("-"):
        sys.stdout.buffer.write(result.files[""])
        for line in format_exported(result):
            print_notice(line)
    else:
        print(*map(find_terminal(sys.stdout).wrap, format_exported(result)), sep="\n")
