"""A spec as YAML."""

from collections.abc import Mapping
from typing import Any

import yaml


def format_spec_as_yaml(spec: Mapping[str, Any]) -> str:
    """A resolved spec as YAML; where a text holds a line break of Unicode, which YAML would fold, all is escaped."""
    layout: dict[str, Any] = {"sort_keys": False, "default_flow_style": None, "width": 100}
    text = yaml.safe_dump(spec, allow_unicode=True, **layout)
    folded = any(mark in text for mark in "\x85\u2028\u2029")
    return (yaml.safe_dump(spec, **layout) if folded else text).rstrip()
