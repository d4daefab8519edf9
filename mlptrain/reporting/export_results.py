"""What `export` has written, in a sentence."""

from mlptrain.commands.export import Exported


def format_exported(result: Exported) -> str:
    """Where the export is, and how large."""
    return f"wrote {result.path} ({result.format}, {result.size / 1024:,.0f} KiB)"
