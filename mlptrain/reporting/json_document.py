"""A result as one JSON document."""

import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from math import isfinite
from typing import Any

from mlptrain.reporting.text import escape_json_document


def format_json(result: Any) -> str:
    """One JSON document; numbers that are not finite are null."""
    plain_values = replace_non_finite(asdict(result) if is_dataclass(result) else result)  # type: ignore[arg-type]
    return escape_json_document(json.dumps(plain_values, indent=2, ensure_ascii=False))


def replace_non_finite(value: Any) -> Any:
    """The same value with None for each number that is not finite: JSON has no word for it."""
    if isinstance(value, Mapping):
        return {key: replace_non_finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [replace_non_finite(each) for each in value]
    return None if isinstance(value, float) and not isfinite(value) else value
