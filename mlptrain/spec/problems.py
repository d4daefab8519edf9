"""What is wrong with a spec, in words: place: path: what is wrong, what is allowed, what was probably meant."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from typing import Any, get_origin

from annotated_types import Ge, Gt, Le, Lt

from mlptrain.annotations import Shape, list_component_names
from mlptrain.plain import KeyPath
from mlptrain.spec.fields import Spec
from mlptrain.spec.scalars import GRAMMAR, list_possible_shapes
from mlptrain.spec.words import ALIASES

MOST_KEYS = 25
"""More keys than this are not listed in a message."""


class TextNotation:
    """A spec's tree of texts: the grammar of its scalars, and the words for what is wrong with it."""

    def list_shapes(self, value: Any) -> Sequence[Shape]:
        return list_possible_shapes(value)

    def read_scalar(self, kind: Any, value: Any) -> Any:
        try:
            return GRAMMAR[kind](value)
        except ValueError as problem:
            raise ValueError(f"{describe_spec_value(value)}: {problem}") from None

    def describe_unknown_key(self, owner: type, key: str) -> str:
        known = [*(each.name for each in fields(owner)), *(["recipe"] if owner is Spec else [])]
        if ALIASES.get(key) in known:
            return f"{key!r} means {ALIASES[key]!r}, which is given as well; keep one of them"
        keys = f"; the keys are {', '.join(known)}" if len(known) <= MOST_KEYS else ""
        return f"unknown key {describe_spec_value(key)}{suggest_name(key, known) or keys}"

    def describe_missing_key(self, key: str) -> str:
        return f"{key!r} is missing"

    def describe_bound(self, bound: Any, value: Any) -> str:
        match bound:
            case Ge(ge=limit):
                relation = "at least"
            case Gt(gt=limit):
                relation = "greater than"
            case Le(le=limit):
                relation = "at most"
            case Lt(lt=limit):
                relation = "less than"
            case _:
                return f"write one character (got {describe_spec_value(value)})"
        return f"{describe_spec_value(value)} must be {relation} {limit if isinstance(limit, int) else f'{limit:g}'}"

    def describe_word(self, allowed: Sequence[str], value: Any) -> str:
        words = ", ".join(word if any(map(str.isalnum, word)) else repr(word) for word in allowed)
        return f"{describe_spec_value(value)} is not one of {words}{suggest_name(str(value), allowed)}"

    def describe_component(self, union: Sequence[Any], value: Any) -> str:
        if not isinstance(value, dict):
            return f"write one name, or a map with 'name' (got {describe_spec_value(value)})"
        if "name" not in value:
            return "'name' is missing: which one is it?"
        names = sorted(name for member in union for name in list_component_names(member))
        name = str(value["name"])
        return f"{describe_spec_value(name)} is not one of {', '.join(names)}{suggest_name(name, names)}"

    def describe_shape(self, kind: Any, value: Any) -> str:
        if get_origin(kind) is tuple and isinstance(value, str):
            return f"write a list here: [{value[:80]}]"
        wanted = "write a map of keys here" if is_dataclass(kind) else SHAPES[get_origin(kind)]
        return f"{wanted} (got {describe_spec_value(value)})"


SHAPES: Mapping[Any, str] = {
    tuple: "write a list, such as [64, 64], here",
    Mapping: "write a map such as {column: category} here",
}


def describe_spec_value(value: Any) -> str:
    """A part of a spec for a message."""
    if isinstance(value, dict):
        return "a map"
    return "a list" if isinstance(value, list) else repr(value[:80] if isinstance(value, str) else value)


def describe_path(path: KeyPath) -> str:
    """A path as it is written in a message: model.layers[0].units."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def suggest_name(word: str, names: Sequence[str]) -> str:
    """The nearest known name, if any is near."""
    close = get_close_matches(word, names, n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""
