"""What is wrong with a spec, in words: place: path: what is wrong, what is allowed, what was probably meant."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_origin

from annotated_types import Ge, Gt, Le, Len, Lt

from mlptrain.annotations import (
    Shape,
    find_value_shape,
    group_members_by_shape,
    list_component_names,
    list_union_members,
    read_field_types,
    split_annotation,
    strip_annotation,
)
from mlptrain.data.grammar import is_number
from mlptrain.plain import Fault, KeyPath, Reader
from mlptrain.spec.document import NONE
from mlptrain.spec.fields import ModelSpec, OutputSpec, Spec
from mlptrain.spec.scalars import GRAMMAR, list_possible_shapes
from mlptrain.spec.suggestions import simplify_name, suggest_key, suggest_name, write_meant_number
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
            meant = write_meant_number(value) if kind is float and isinstance(value, str) else None
            raise ValueError(f"{describe_spec_value(value)}: {f'write {meant}' if meant else problem}") from None

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
        if (meant := write_meant_number(str(value["name"]))) and has_share_form(union):
            return f"{describe_spec_value(value['name'])}: write {meant}"
        return describe_choice(str(value["name"]), names)

    def describe_shape(self, kind: Any, value: Any) -> str:
        if get_origin(kind) is tuple and isinstance(value, str) and (items := propose_items(kind, value)) is not None:
            return f"write a list here: [{', '.join(items)}]"
        if kind is OutputSpec and is_activation(value):
            return f"{describe_spec_value(value)} has no place here: {ADDED_OUTPUT}"
        wanted = describe_map_of_keys(kind, value) if is_dataclass(kind) else SHAPES[get_origin(kind)]
        return f"{wanted} (got {describe_spec_value(value)})"

    def describe_other_forms(self, union: Any, members: Sequence[Any], value: Any) -> str:
        word = str(value["name"] if isinstance(value, dict) else value)
        said = [] if word.lower() in NOT_HERE or write_meant_number(word) else [*list_other_forms(union, members)]
        return f"; also allowed: {', or '.join(said)}" if said else ""


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


def list_other_forms(union: Any, members: Sequence[Any]) -> Iterator[str]:
    """How the values of a union are written that are not of the shape of these members."""
    for shape, others in group_members_by_shape(union).items():
        if shape != find_value_shape(members[0]):
            yield describe_form(shape, others)
        elif (short := find_number_short_form(others)) is not None:
            yield describe_number(read_field_types(short[0])[short[1]])


def describe_form(shape: Shape, members: Sequence[Any]) -> str:
    """The form of values of one shape, in words."""
    if shape == "number":
        return " or ".join(map(describe_number, members))
    if shape == "word":
        return ", ".join(get_args(strip_annotation(members[0])))
    if shape == "map" and (names := sorted(name for each in members for name in list_component_names(each))):
        return f"one of {', '.join(names)}"
    return FORMS[shape]


FORMS: Mapping[Shape, str] = {
    **{"map": "a map of keys", "list": "a list", "text": "a text", "truth value": "true or false", "nothing": "none"}
}


def describe_number(kind: Any) -> str:
    """A number with its bounds, in words: "a whole number from 1 to 8"."""
    inner, bounds = split_annotation(kind)
    return f"{'a whole number' if inner is int else 'a number'} {describe_range(bounds)}".strip()


def find_number_short_form(members: Sequence[Any]) -> tuple[type, str] | None:
    """The component among these that may be written as a number, and the key of that number."""
    return next(((kind, SHORT_FORMS[kind][2]) for kind in members if kind in SHORT_FORMS), None)


def has_share_form(union: Sequence[Any]) -> bool:
    """Whether one of the components may be written as a number that is no whole one."""
    short = find_number_short_form(union)
    return short is not None and strip_annotation(read_field_types(short[0])[short[1]]) is float


def describe_nameless_component(value: Mapping[str, Any], names: Sequence[str]) -> str:
    """That a map does not say which component it is."""
    meant = [key for key in value if key in names]
    if len(value) == 1 and meant:
        return f"did you mean {{name: {meant[0]}, …}}?"
    return f"'name' is missing: which one is it? One of {', '.join(names)}"


def describe_map_of_keys(kind: Any, value: Any) -> str:
    """That a map of keys is wanted, with the value at its first key, if it is a number that can stand there."""
    key, hint = next(iter(read_field_types(kind).items()))
    number = write_meant_number(str(value)) or (value if is_number(str(value)) else None)
    numeric = {strip_annotation(member) for member in list_union_members(strip_annotation(hint))} & {int, float}
    if numeric and str(value) == "true" and (default := getattr(kind, key, None)):
        number = f"{default:g}"
    return f"write a map of keys here{f': {{{key}: {number}}}' if numeric and number is not None else ''}"


def propose_items(kind: Any, text: str) -> list[str] | None:
    """The items of the list that a text was meant for: itself, or its parts between commas; None if one is no item.

    >>> propose_items(tuple[int, ...], "(64,32)"), propose_items(tuple[int, ...], "none")
    (['64', '32'], [])
    """
    inner = get_args(kind)[0]
    texts = split_texts(text) if strip_annotation(inner) is str else split_items(text)
    faults: list[Fault] = []
    reader = Reader(TextNotation(), faults.append)
    for each in texts:
        item = strip_annotation(inner)
        reader.read(inner, {fields(item)[0].name: each} if is_dataclass(item) else each, ())
    if not faults and texts:
        return [write_list_item(inner, each[:80]) for each in texts]
    return [] if text.lower() in NONE or text == "0" else None


def split_texts(text: str) -> list[str]:
    """The parts of a text between commas, as a shell gets them; a decimal comma and one before a blank are its own."""
    parts = text.split(",")
    return [text] if ", " in text or write_meant_number(text) or not all(parts) else parts


def split_items(text: str) -> list[str]:
    """The parts of a text between commas, without the brackets around them."""
    return [part for each in text.strip("()[] ").split(",") if (part := each.strip())]


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
