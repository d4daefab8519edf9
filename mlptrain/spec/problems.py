"""What pydantic found wrong, in our words: place: path: what is wrong, what is allowed, what was probably meant."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from mlptrain.spec.fields import Spec
from mlptrain.spec.plain import members, names_of, unwrapped
from mlptrain.spec.yaml_text import Document, Path_


def problem(document: Document, error: Any) -> tuple[int, str]:
    """The line of a problem, and the problem in our words: place: path: what is wrong and what is meant."""
    path, kind = walked(error["loc"])
    said = words(error, path, kind)
    dotted = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
    place = document.nearest(path)
    return place.line, f"{place.text}: {dotted}: {said}" if dotted else f"{place.text}: {said}"


def walked(loc: Sequence[str | int]) -> tuple[Path_, Any]:
    """The path in the document of pydantic's location (which also names the members of unions), and the type there."""
    kind: Any = Spec
    path: list[str | int] = []
    parent: Any = Spec
    for step in loc:
        kind = unwrapped(kind)
        if isinstance(step, str) and step.startswith("("):
            continue
        if get_origin(kind) in (Union, UnionType):
            named = [each for each in members(kind) if step in names_of(each)]
            if named:
                kind = named[0]
                continue
            wanted = tuple if isinstance(step, int) else None
            kind = next(
                (
                    each
                    for each in members(kind)
                    if (get_origin(each) is tuple) == bool(wanted) and (wanted or is_dataclass(each))
                ),
                None,
            )
        path.append(step)
        parent = kind
        if get_origin(kind) is tuple:
            kind = get_args(kind)[0]
        elif is_dataclass(kind):
            kind = get_type_hints(kind, include_extras=True).get(str(step))
        else:
            kind = None
    return tuple(path), parent


BOUNDS = {
    "greater_than": ("gt", "greater than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}


def words(error: Any, path: Path_, parent: Any) -> str:
    """What is wrong and what is allowed."""
    kind, context, given = error["type"], error.get("ctx", {}), error["input"]
    if kind == "unexpected_keyword_argument":
        known = [each.name for each in fields(parent)] if is_dataclass(parent) else []
        return f"unknown key {path[-1]!r}{suggestion(str(path[-1]), known)}"
    if kind == "missing":
        return f"{path[-1]!r} is missing"
    if kind in BOUNDS:
        key, relation = BOUNDS[kind]
        return f"{shown(given)} must be {relation} {context[key]:g}"
    if kind == "union_tag_invalid":
        names = [name.strip("'") for name in context["expected_tags"].split(", ")]
        return f"{context['tag']!r} is not one of {', '.join(sorted(names))}{suggestion(context['tag'], names)}"
    if kind == "union_tag_not_found":
        return "'name' is missing: which one is it?"
    if kind == "literal_error":
        names = re.findall(r"'([^']*)'", context["expected"])
        return f"{shown(given)} is not one of {', '.join(names)}{suggestion(str(given), names)}"
    if kind == "value_error":
        return f"{shown(given)}: {context['error']}"
    return f"{OTHER_WORDS.get(kind, error['msg'])} (got {shown(given)})"


OTHER_WORDS: Mapping[str, str] = {
    "dataclass_type": "write a map of keys here",
    "tuple_type": "write a list such as [64, 64] here",
    "mapping_type": "write a map such as {column: category} here",
    "dict_type": "write a map such as {column: category} here",
    "string_too_long": "write one character",
    "string_too_short": "write one character",
    "too_long": "write one character",
    "too_short": "write one character",
}


def shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a map"
    return "a list" if isinstance(value, list) else repr(value[:80] if isinstance(value, str) else value)


def suggestion(word: str, names: Sequence[str]) -> str:
    """The nearest known name, or all of them if none is near and they are few."""
    close = get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; the keys are {', '.join(names)}" if names and len(names) <= 25 else ""
