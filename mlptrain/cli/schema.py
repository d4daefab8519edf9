"""`mlptrain schema`."""


def schema() -> None:
    """Print the JSON Schema of the spec, for editors."""
    import json

    from mlptrain.spec_file import json_schema

    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
