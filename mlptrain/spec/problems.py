"""What pydantic found wrong, in our words: place: path: what is wrong, what is allowed, what was probably meant."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from mlptrain.spec.fields import Spec
from mlptrain.spec.plain import members, names_of, unwrapped
from mlptrain.spec.words import ALIASES
from mlptrain.spec.yaml_text import Document, Path_


def problem(document: Document, error: Any) -> tuple[int, str]:
    """The line of a problem, and the problem in our words: place: path: what is wrong and what is meant."""
    path, kind = walked(error["loc"])
    said = words(error, path, kind)
    dotted = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")
    place = document.nearest((*path, "name") if error["type"] == "union_tag_invalid" else path)
    return place.line, f"{place.text}: {dotted}: {said}" if dotted else f"{place.text}: {said}"


def walked(loc: Sequence[str | int]) -> tuple[Path_, Any]:
    """The path in the document of pydantic's location, and the type there.

    The location also names the members of unions, first by shape, "(map)", where there are several shapes, then by the
    component's name: these steps are not in the document.
    """
    path: list[str | int] = []
    parent: Any = Spec
    kinds, chosen = [parent], True
    for step in loc:
        if chosen:
            parent = kinds[0]
            path.append(step)
            kinds = choices(inner(parent, step))
            chosen = len(kinds) == 1 and not names_of(kinds[0])
        elif len({shape(each) for each in kinds}) > 1:
            kinds = [each for each in kinds if f"({shape(each)})" == step]
            chosen = not names_of(kinds[0])
        else:
            kinds, chosen = [each for each in kinds if step in names_of(each)], True
    return tuple(path), parent


def choices(kind: Any) -> list[Any]:
    """The types that a value may have."""
    kind = unwrapped(kind)
    kinds = members(kind) if get_origin(kind) in (Union, UnionType) else [kind]
    return [each for each in kinds if each is not NoneType]


def inner(kind: Any, step: str | int) -> Any:
    """The type of a field, of a list's members or of a map's values."""
    if is_dataclass(kind):
        return get_type_hints(kind, include_extras=True).get(str(step))
    return (get_args(kind) or (None,))[0 if get_origin(kind) is tuple else -1]


def shape(kind: Any) -> str:
    """How a value of a type is written: as a map, a list, a number, a word of a few, or any text."""
    if is_dataclass(kind) or get_origin(kind) is Mapping:
        return "map"
    if get_origin(kind) in (tuple, Literal):
        return "list" if get_origin(kind) is tuple else "word"
    return "number" if kind in (int, float) else "text"


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
        known = [*(each.name for each in fields(parent)), *(["recipe"] if parent is Spec else [])]
        key = str(path[-1])
        if ALIASES.get(key) in known:
            return f"{key!r} means {ALIASES[key]!r}, which is given as well; keep one of them"
        keys = f"; the keys are {', '.join(known)}" if len(known) <= 25 else ""
        return f"unknown key {shown(key)}{suggestion(key, known) or keys}"
    if kind == "missing":
        return f"{path[-1]!r} is missing"
    if kind in BOUNDS:
        key, relation = BOUNDS[kind]
        bound = context[key]
        return f"{shown(given)} must be {relation} {bound if isinstance(bound, int) else f'{bound:g}'}"
    if kind == "union_tag_invalid":
        names = [name.strip("'") for name in context["expected_tags"].split(", ")]
        tag = context["tag"]
        return f"{shown(tag)} is not one of {', '.join(sorted(names))}{suggestion(tag, names)}"
    if kind == "union_tag_not_found":
        return "'name' is missing: which one is it?"
    if kind == "literal_error":
        names = re.findall(r"'([^']*)'", context["expected"])
        return f"{shown(given)} is not one of {', '.join(names)}{suggestion(str(given), names)}"
    if kind == "value_error":
        return f"{shown(given)}: {context['error']}"
    if kind == "tuple_type" and isinstance(given, str):
        return f"write a list here: [{given[:80]}]"
    return f"{OTHER_WORDS.get(kind, error['msg'])} (got {shown(given)})"


OTHER_WORDS: Mapping[str, str] = {
    "dataclass_type": "write a map of keys here",
    "model_attributes_type": "write one name, or a map with 'name'",
    "tuple_type": "write a list, such as [64, 64], here",
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
    """The nearest known name, if any is near."""
    close = get_close_matches(word, names, n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""
