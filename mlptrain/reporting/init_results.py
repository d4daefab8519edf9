"""The result of `init`, for programs."""

from typing import Any

from mlptrain.commands.init import Starter
from mlptrain.plain import to_plain


def build_init_document(made: Starter, path: str | None) -> dict[str, Any]:
    """What `init` found and wrote to `path`, with the keys that `check` has; None if it wrote no file."""
    return {
        "path": path,
        "rows": made.rows,
        "columns": [dict(zip(("name", "kind", "why"), row, strict=True)) for row in made.columns],
        "target": [{"name": made.target_name, "what": made.target}],
        "format": None if made.layout is None else to_plain(made.layout),
        "notices": list(made.notices),
        "text": made.text,
    }
