"""What `import` has written, for people and for programs."""

from dataclasses import asdict
from typing import Any

from mlptrain.commands.import_weights import Imported
from mlptrain.reporting.text import escape_text
from mlptrain.reporting.words import format_count_with_noun


def format_imported(result: Imported) -> str:
    """What was written, and how to find out what it is worth."""
    out, model, weights = map(escape_text, (result.out, result.model, result.weights))
    networks = f"{result.networks} networks, " if result.networks > 1 else ""
    size = f"{networks}{format_count_with_noun(result.parameters, 'parameter')}"
    measured = f"`mlptrain eval {out} DATA` measures it"
    return f"model: {out} ({size}): {model} with the weights of {weights}; {measured}"


def build_import_document(result: Imported) -> dict[str, Any]:
    """The same for programs."""
    return asdict(result)
