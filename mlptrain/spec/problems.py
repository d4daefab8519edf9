"""What is wrong with a spec, in words: place: path: what is wrong, what is allowed, what was probably meant."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_origin

from annotated_types import Ge, Gt, Le, Len, Lt

from mlptrain.annotations import Shape, list_component_names, list_union_members, read_field_types, strip_annotation
from mlptrain.data.grammar import is_number
from mlptrain.plain import KeyPath
from mlptrain.spec.fields import ModelSpec, OutputSpec, Spec
from mlptrain.spec.scalars import GRAMMAR, list_possible_shapes
from mlptrain.spec.suggestions import simplify_name, suggest_key, suggest_name, write_share_of_percent
from mlptrain.spec.words import ADDED_OUTPUT, ALIASES, NAME_ALIASES, NO_KEYS, NO_KEYS_OF, NOT_HERE, SHORT_FORMS

PLAIN = re.compile(r"[-+.]?\w[\w.+-]*( [\w.+-]+)*")
"""A text that needs no quotes in a list of YAML."""
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
            share = write_share_of_percent(value) if kind is float and isinstance(value, str) else None
            raise ValueError(f"{describe_spec_value(value)}: {f'write {share}' if share else problem}") from None

    def describe_unknown_key(self, owner: type, key: str) -> str:
        known = [*(each.name for each in fields(owner)), *(["recipe"] if owner is Spec else [])]
        if ALIASES.get(key) in known:
            return f"{key!r} means {ALIASES[key]!r}, which is given as well; keep one of them"
        if why := explain_needless_key(owner, key):
            return f"{key!r} has no place here: {why}"
        keys = f"; the keys are {', '.join(known)}" if len(known) <= MOST_KEYS else ""
        return f"unknown key {describe_spec_value(key)}{suggest_key(owner, key) or keys}"

    def describe_missing_key(self, key: str) -> str:
        return f"{key!r} is missing"

    def describe_bounds(self, bounds: Sequence[Any], value: Any) -> str:
        if any(isinstance(bound, Len) for bound in bounds):
            return f"write one character (got {describe_spec_value(value)})"
        number = "a whole number" if isinstance(value, int) else "a number"
        said = f"{value:.15g}" if isinstance(value, float) else value
        return f"{said} is out of range; write {number} {describe_range(bounds)}"

    def describe_word(self, allowed: Sequence[str], value: Any) -> str:
        return describe_choice(value, [word if any(map(str.isalnum, word)) else json.dumps(word) for word in allowed])

    def describe_component(self, union: Sequence[Any], value: Any) -> str:
        names = sorted(name for member in union for name in list_component_names(member))
        if not isinstance(value, dict):
            return f"write one name, or a map with 'name' (got {describe_spec_value(value)})"
        if "name" not in value:
            return describe_nameless_component(value, names)
        if why := NOT_HERE.get(str(value["name"]).lower()):
            return f"{describe_spec_value(value['name'])} has no place here: {why}"
        if (share := write_share_of_percent(str(value["name"]))) and has_share_form(union):
            return f"{describe_spec_value(value['name'])}: write {share}"
        return describe_choice(str(value["name"]), names)

    def describe_shape(self, kind: Any, value: Any) -> str:
        if get_origin(kind) is tuple and isinstance(value, str):
            return f"write a list here: [{write_list_item(get_args(kind)[0], value[:80])}]"
        if kind is OutputSpec and is_activation(value):
            return f"{describe_spec_value(value)} has no place here: {ADDED_OUTPUT}"
        wanted = describe_map_of_keys(kind, value) if is_dataclass(kind) else SHAPES[get_origin(kind)]
        return f"{wanted} (got {describe_spec_value(value)})"


def explain_needless_key(owner: type, key: str) -> str:
    """Why there is no key like one of another tool, at this place of the spec; empty if nothing is known."""
    word = simplify_name(key)
    if word in NO_KEYS_OF.get(owner, {}):
        return NO_KEYS_OF[owner][word]
    return NO_KEYS.get(f"output{word}" if owner is OutputSpec else word, "")


def is_activation(value: Any) -> bool:
    """Whether a text names an activation, be it one that has no place here."""
    union = list_union_members(strip_annotation(read_field_types(ModelSpec)["activation"]))
    known = {name for member in union for name in list_component_names(member)}
    return isinstance(value, str) and (value.lower() in NOT_HERE or NAME_ALIASES.get(value, value) in known)


def describe_range(bounds: Sequence[Any]) -> str:
    """The bounds of a number in words: "from 0 to below 1"."""
    least = "".join(f"from {format_limit(bound.ge)}" for bound in bounds if isinstance(bound, Ge))
    least += "".join(f"above {format_limit(bound.gt)}" for bound in bounds if isinstance(bound, Gt))
    most = "".join(
        f"{'to' if least else 'up to'} {format_limit(bound.le)}" for bound in bounds if isinstance(bound, Le)
    )
    most += "".join(f"{'to ' * bool(least)}below {format_limit(bound.lt)}" for bound in bounds if isinstance(bound, Lt))
    return f"{least} {most}".strip()


def format_limit(limit: Any) -> str:
    """A bound of a number for a message."""
    return str(limit) if isinstance(limit, int) else f"{limit:g}"


def describe_choice(value: Any, allowed: Sequence[str]) -> str:
    """That a word is none of those that are allowed; what was probably meant stands before their list."""
    said, words = describe_spec_value(value), ", ".join(allowed)
    near = suggest_name(value, allowed) if isinstance(value, str) else ""
    return f"{said} is not known here{near} Allowed: {words}" if near else f"{said} is not one of {words}"


def has_share_form(union: Sequence[Any]) -> bool:
    """Whether one of the components may be written as a number that is no whole one."""
    keys = [(kind, SHORT_FORMS[kind][2]) for kind in union if kind in SHORT_FORMS]
    return any(strip_annotation(read_field_types(kind)[key]) is float for kind, key in keys)


def describe_nameless_component(value: Mapping[str, Any], names: Sequence[str]) -> str:
    """That a map does not say which component it is."""
    meant = [key for key in value if key in names]
    if len(value) == 1 and meant:
        return f"did you mean {{name: {meant[0]}, …}}?"
    return f"'name' is missing: which one is it? One of {', '.join(names)}"


def describe_map_of_keys(kind: Any, value: Any) -> str:
    """That a map of keys is wanted, with the value at its first key, if it is a number that can stand there."""
    key, hint = next(iter(read_field_types(kind).items()))
    number = write_share_of_percent(str(value)) or (value if is_number(str(value)) else None)
    numeric = {strip_annotation(member) for member in list_union_members(strip_annotation(hint))} & {int, float}
    if numeric and str(value) == "true" and (default := getattr(kind, key, None)):
        number = f"{default:g}"
    return f"write a map of keys here{f': {{{key}: {number}}}' if numeric and number is not None else ''}"


def write_list_item(kind: Any, text: str) -> str:
    """A text as an item of a list: where maps are wanted, as the value of their first key."""
    if not is_dataclass(item := strip_annotation(kind)):
        return text if PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)
    return f"{{{fields(item)[0].name}: {text}}}"


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
