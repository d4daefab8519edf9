"""A spec as YAML."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import yaml

from mlptrain.plain import to_plain
from mlptrain.reporting.text import escape_text
from mlptrain.spec.defaults import list_changed_keys
from mlptrain.spec.fields import Spec

ANY_WIDTH = 10**9
"""No line is folded, so that each key and what is said of it stand on one line."""


def format_spec_as_yaml(spec: Mapping[str, Any], changed: Collection[str] = ()) -> str:
    """A resolved spec as YAML that `fit` takes; the lines of changed keys say so in a comment.

    Where a text holds what could move a cursor, or a line break of Unicode, which YAML would fold, all is escaped.
    """
    text = "\n".join(generate_lines(spec, changed, unicode=True))
    if (
        any(escape_text(line, len(line) + 1) != line for line in text.splitlines())
        or len(text.splitlines()) != text.count("\n") + 1
    ):
        text = "\n".join(generate_lines(spec, changed, unicode=False))
    return text


def format_marked_spec(spec: Spec) -> str:
    """A resolved spec as YAML, with what differs from the defaults marked."""
    return format_spec_as_yaml(to_plain(spec), list(list_changed_keys(spec)))


def generate_lines(
    spec: Mapping[str, Any], changed: Collection[str], *, unicode: bool, above: str = "", indent: str = ""
) -> Iterator[str]:
    """A line a key; a map that has maps or lists of its own is written below its key."""
    for key, value in spec.items():
        path = f"{above}{key}"
        head = dump({key: 0}, unicode=unicode)
        if has_inner_maps(value) and "\n" not in head:  # a key that is empty or very long stands on two lines
            yield indent + head.removesuffix(" 0")
            yield from generate_lines(value, changed, unicode=unicode, above=f"{path}.", indent=f"{indent}  ")
            continue
        *lines, last = dump({key: value}, unicode=unicode).split("\n")
        yield from (indent + line for line in lines)
        yield indent + last + format_mark(path, changed)


def has_inner_maps(value: Any) -> bool:
    """Whether a value is a map that is too much for one line."""
    return isinstance(value, Mapping) and any(isinstance(each, Mapping | list) for each in value.values())


def format_mark(path: str, changed: Collection[str]) -> str:
    """The comment of a line: which of its keys are not the defaults."""
    own = [each for each in changed if each == path or each.startswith(f"{path}.")]
    inner = ", ".join(each.removeprefix(f"{path}.") for each in own if each != path)
    return "" if not own else f"  # not the default: {inner}" if inner else "  # not the default"


def dump(value: Mapping[str, Any], *, unicode: bool) -> str:
    """One key and its value; inner maps and lists of scalars are on one line."""
    [inner] = value.values()
    flow = None if isinstance(inner, Mapping | list) else False
    text = yaml.safe_dump(value, sort_keys=False, default_flow_style=flow, width=ANY_WIDTH, allow_unicode=unicode)
    return text.rstrip("\n")
