"""`mlptrain init`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlptrain.cli.options import AsJson, prepare_stdout, print_notice, set_blas_threads
from mlptrain.errors import SpecError
from mlptrain.loading import load_modules

if TYPE_CHECKING:
    from mlptrain.commands.init import Starter

SkipRows = Annotated[
    int, typer.Option(min=0, metavar="N", show_default=False, help="Lines above the names; by default as it looks.")
]
Encoding = Annotated[str | None, typer.Option(metavar="NAME", help="utf-8, cp1252 and others; by default as it looks.")]
Delimiter = Annotated[str | None, typer.Option(metavar="C", help="What divides cells; by default as it looks.")]
Decimal = Annotated[str | None, typer.Option(metavar="C", help="Decimal point or comma; by default as it looks.")]
Sheet = Annotated[str | None, typer.Option(metavar="NAME", help="Of a workbook, a sheet by name or number from 1.")]


def init_command(
    data: Annotated[str, typer.Argument(metavar="DATA", help="A table, or an IDX file of images.")],
    target: Annotated[str | None, typer.Option(metavar="COLUMN", help="The column to predict.")] = None,
    labels: Annotated[str | None, typer.Option(metavar="FILE", help="The labels of images.")] = None,
    skip_rows: SkipRows = 0,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    decimal: Decimal = None,
    sheet: Sheet = None,
    out: Annotated[
        Path | None, typer.Option(metavar="SPEC.yaml", help="Where to; by default <data name>.yaml; `-` is stdout.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a commented spec to begin with, from what is found in a file."""
    set_blas_threads(1)
    with load_modules():
        from mlptrain.commands.init import make_starter_spec, require_data_files
        from mlptrain.commands.starter_format import make_given_format
        from mlptrain.storage.publishing import publish_file

    require_data_files(data)
    path = out or Path(f"{Path(data).name.partition('.')[0] or 'spec'}.yaml")
    to_stdout = str(path) == "-"
    if path.exists() and not to_stdout:
        raise SpecError(f"{path}: exists; choose another --out, or remove it first")
    given = make_given_format(skip_rows=skip_rows, encoding=encoding, delimiter=delimiter, decimal=decimal, sheet=sheet)
    made = make_starter_spec(data, target, labels=labels, given=given, folder=Path() if to_stdout else path.parent)
    for message in made.notices:
        print_notice(message)
    if not to_stdout:
        publish_file(path, lambda stream: stream.write(made.text.encode()))
    print_starter(made, None if to_stdout else str(path), as_json=as_json)


def print_starter(made: "Starter", path: str | None, *, as_json: bool) -> None:
    """Print what was written to `path`; where there is none, the spec itself."""
    from mlptrain.reporting.init_results import build_init_document
    from mlptrain.reporting.json_document import format_json
    from mlptrain.reporting.terminal import find_terminal
    from mlptrain.reporting.text import escape_text

    if as_json:
        print(format_json(build_init_document(made, path)), file=prepare_stdout())
    elif path is None:
        print(made.text, end="")
    else:
        name, rows = escape_text(path), f"{made.rows:,} row{'s' * (made.rows != 1)}"
        terminal = find_terminal(sys.stdout)
        print(terminal.wrap(f"{name}: {rows}, target {escape_text(made.target)}"))
        print(terminal.paint("next:", "best") + terminal.wrap(f" mlptrain check {name}, then mlptrain fit {name}"))
