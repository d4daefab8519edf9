"""`mlptrain schema`."""

from typing import Annotated

import typer

from mlptrain.cli.options import prepare_stdout


def schema_command(
    markdown: Annotated[bool, typer.Option("--markdown", help="The reference of the spec for people instead.")] = False,
) -> None:
    """Print the JSON Schema of the spec, for editors."""
    from mlptrain.spec import reference, schema

    if markdown:
        print(reference.make_reference(), end="", file=prepare_stdout())
    else:
        print(schema.format_json_schema(), file=prepare_stdout())
