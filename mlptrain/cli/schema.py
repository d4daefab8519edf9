"""`mlptrain schema`."""

from typing import Annotated

import typer

from mlptrain.cli.options import for_programs


def schema(
    markdown: Annotated[bool, typer.Option("--markdown", help="The reference of the spec for people instead.")] = False,
) -> None:
    """Print the JSON Schema of the spec, for editors."""
    if markdown:
        from mlptrain.spec.reference import reference

        print(reference(), end="", file=for_programs())
        return
    import json

    from mlptrain.spec.schema import json_schema

    print(json.dumps(json_schema(), indent=2, ensure_ascii=False), file=for_programs())
