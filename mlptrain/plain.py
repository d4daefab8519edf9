"""Dataclasses as JSON's types and back, by their annotations.

`Reader` makes a value of a type from maps, lists and scalars. How scalars are written, and the words for what is wrong,
are a `Notation`: JSON's types are here, the texts of a spec are in `spec/problems.py`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import Field, dataclass, fields, is_dataclass, replace
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, NoReturn, Protocol, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Len, Lt

from mlptrain.annotations import (
    Shape,
    choose_union_member,
    find_required_fields,
    list_members_of_shape,
    read_field_types,
    split_annotation,
)

KeyPath = tuple[str | int, ...]
"""The keys and positions that lead to a value."""


LATER: Mapping[str, bool] = {"later": True}
"""The metadata of a field that came when files had been written without it."""
OF_A_RUN: Mapping[str, bool] = {"of_a_run": True}
"""The metadata of a field that says how a process runs, which files of its results do not keep."""


def to_plain(value: Any) -> Any:
    """Dataclasses, tuples and mappings as dicts and lists, every default written out."""
    if is_dataclass(value):
        return {each.name: to_plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {key: to_plain(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [to_plain(each) for each in value]
    return value


def to_stored(value: Any) -> Any:
    """As `to_plain`, but a field that came later is left out at its default: files stay as they were before it.

    A field that says how a process runs is always left out.
    """
    if is_dataclass(value):
        kept = (each for each in fields(value) if not (each.metadata and is_left_out(each, getattr(value, each.name))))
        return {each.name: to_stored(getattr(value, each.name)) for each in kept}
    if isinstance(value, Mapping):
        return {key: to_stored(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [to_stored(each) for each in value]
    return value


def is_left_out(each: Field[Any], value: Any) -> bool:
    """Whether files do not hold the value of a field with metadata."""
    return value == each.default or each.metadata == OF_A_RUN


def from_plain(kind: Any, value: Any) -> Any:
    """The inverse of `to_plain`: a value of `kind` from JSON's types; a ValueError names the first place that is wrong.

    >>> from_plain(tuple[int, ...], [1, 2])
    (1, 2)
    """
    return Reader(JsonNotation(), raise_fault).read(kind, value, ())


class Notation(Protocol):
    """How values are written, and the words for what is wrong with them."""

    def list_shapes(self, value: Any) -> Sequence[Shape]:
        """How a value may be understood, the likeliest first."""

    def read_scalar(self, kind: Any, value: Any) -> Any:
        """A text, a number, a truth value or None; a ValueError says what else the value is."""

    def describe_unknown_key(self, owner: type, key: str) -> str: ...

    def describe_missing_key(self, key: str) -> str: ...

    def describe_bounds(self, bounds: Sequence[Any], value: Any) -> str:
        """For a number out of its range or a text of another length."""

    def describe_word(self, allowed: Sequence[str], value: Any) -> str:
        """For a text that is not one of a few."""

    def describe_component(self, union: Sequence[Any], value: Any) -> str:
        """For a value that is none of a union's components."""

    def describe_shape(self, kind: Any, value: Any) -> str:
        """For a value that is no map or no list, as the type wants it."""

    def describe_other_forms(self, union: Any, members: Sequence[Any], value: Any) -> str:
        """The forms of a union's other members, behind what is said of a value that was taken for one of `members`."""


class Faulty:
    """In place of a value that could not be read."""


FAULTY = Faulty()


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that is not as its type wants it."""

    said: str
    path: KeyPath
    """The value that is wrong, or the key."""
    place: KeyPath
    """The value to be mended: of a component with a wrong name, the name."""
    within: KeyPath
    """The value that is wrong, or the map that has the wrong key."""


Report = Callable[[Fault], None]


@dataclass(frozen=True)
class Reader:
    """Reads values of a type; each fault is reported, and what is beside it is read nevertheless."""

    notation: Notation
    report: Report

    def read(self, kind: Any, value: Any, path: KeyPath) -> Any:
        """The value of a type, within its bounds, or FAULTY."""
        kind, bounds = split_annotation(kind)
        found = choose_reader_method(kind)(self, kind, value, path)
        if found is not FAULTY and not all(is_within_bound(bound, found) for bound in bounds):
            return self.fail(path, self.notation.describe_bounds(bounds, found))
        return found

    def fail(self, path: KeyPath, said: str, place: KeyPath | None = None) -> Faulty:
        """Report a wrong value."""
        self.report(Fault(said=said, path=path, place=path if place is None else place, within=path))
        return FAULTY

    def fail_key(self, path: KeyPath, key: str, said: str) -> None:
        """Report a wrong key of the map at a path."""
        self.report(Fault(said=said, path=(*path, key), place=(*path, key), within=path))

    def read_union(self, union: Any, value: Any, path: KeyPath) -> Any:
        shapes = self.notation.list_shapes(value)
        chosen = choose_union_member(union, value, shapes)
        if chosen is None:
            place = (*path, "name") if isinstance(value, dict) and "name" in value else path
            members = list_members_of_shape(union, shapes)
            others = self.notation.describe_other_forms(union, members, value) if is_name_alone(value) else ""
            return self.fail(path, f"{self.notation.describe_component(members, value)}{others}", place)
        if isinstance(value, dict):
            return self.read(chosen, value, path)

        def report(fault: Fault) -> None:
            others = self.notation.describe_other_forms(union, [chosen], value) if fault.path == path else ""
            self.report(replace(fault, said=f"{fault.said}{others}"))

        return replace(self, report=report).read(chosen, value, path)

    def read_dataclass(self, kind: Any, value: Any, path: KeyPath) -> Any:
        """A dataclass from a map of its fields; those that have a default may be missing."""
        if not isinstance(value, dict):
            return self.fail(path, self.notation.describe_shape(kind, value))
        known = read_field_types(kind)
        odd = [key for key in value if key not in known]
        for key in odd:
            self.fail_key(path, key, self.notation.describe_unknown_key(kind, key))
        absent = sorted(find_required_fields(kind) - value.keys())
        for key in absent:
            self.fail_key(path, key, self.notation.describe_missing_key(key))
        parts = {key: self.read(known[key], each, (*path, key)) for key, each in value.items() if key in known}
        return FAULTY if odd or absent or has_fault(parts.values()) else kind(**parts)

    def read_tuple(self, kind: Any, value: Any, path: KeyPath) -> Any:
        """A tuple from a list of values of one type; many texts or numbers at once."""
        inner = next(iter(get_args(kind)), None)
        if not isinstance(value, list) or (value and inner is None):
            return self.fail(path, self.notation.describe_shape(kind, value))
        found = set(map(type, value))
        if not value or (inner is str and found == {str}):
            return tuple(value)
        if inner is float and found <= {int, float}:
            return tuple(map(float, value))
        parts = tuple(self.read(inner, each, (*path, position)) for position, each in enumerate(value))
        return FAULTY if has_fault(parts) else parts

    def read_mapping(self, kind: Any, value: Any, path: KeyPath) -> Any:
        if not isinstance(value, dict):
            return self.fail(path, self.notation.describe_shape(kind, value))
        inner = get_args(kind)[1]
        parts = {key: self.read(inner, each, (*path, key)) for key, each in value.items()}
        return FAULTY if has_fault(parts.values()) else parts

    def read_word(self, kind: Any, value: Any, path: KeyPath) -> Any:
        allowed = get_args(kind)
        if isinstance(value, str) and value in allowed:
            return value
        return self.fail(path, self.notation.describe_word(allowed, value))

    def read_scalar(self, kind: Any, value: Any, path: KeyPath) -> Any:
        try:
            return self.notation.read_scalar(kind, value)
        except ValueError as problem:
            return self.fail(path, str(problem))


Method = Callable[[Reader, Any, Any, KeyPath], Any]
METHODS: Mapping[Any, Method] = {
    **{Union: Reader.read_union, UnionType: Reader.read_union},
    **{tuple: Reader.read_tuple, Mapping: Reader.read_mapping, Literal: Reader.read_word},
}


@cache
def choose_reader_method(kind: Any) -> Method:
    """The method of `Reader` that reads values of a type."""
    if is_dataclass(kind):
        return Reader.read_dataclass
    return METHODS.get(get_origin(kind), Reader.read_scalar)


def is_name_alone(value: Any) -> bool:
    """Whether a value may have been written as one word: the name of a component, in its long form or not."""
    return not isinstance(value, dict) or value.keys() == {"name"}


def has_fault(parts: Iterable[Any]) -> bool:
    return any(part is FAULTY for part in parts)


def is_within_bound(bound: Any, value: Any) -> bool:
    """Whether a number is in its range, or a text of its length; a TypeError for a bound of an unknown kind."""
    match bound:
        case Ge(ge=least):
            return bool(value >= least)
        case Gt(gt=least):
            return bool(value > least)
        case Le(le=most):
            return bool(value <= most)
        case Lt(lt=most):
            return bool(value < most)
        case Len(min_length=least, max_length=most):
            return least <= len(value) <= (len(value) if most is None else most)
    raise TypeError(f"{bound} is no bound that is known here")


# JSON's types.

WORDS: Mapping[Any, str] = {
    **{str: "a text", int: "a whole number", float: "a number", bool: "true or false", NoneType: "null"},
    **{dict: "a map", list: "a list"},
}
SHAPES: Mapping[type, Sequence[Shape]] = {
    **{dict: ["map"], list: ["list"], str: ["text", "word"], bool: ["truth value"]},
    **{int: ["number"], float: ["number"], NoneType: ["nothing"]},
}


class JsonNotation:
    """Values in JSON's types, and strictly so: true is no number."""

    def list_shapes(self, value: Any) -> Sequence[Shape]:
        return SHAPES.get(type(value), ())

    def read_scalar(self, kind: Any, value: Any) -> Any:
        if type(value) is kind:
            return value
        if kind is float and type(value) is int:
            return float(value)
        raise ValueError(f"{describe_json(value)} is not {WORDS[kind]}")

    def describe_unknown_key(self, owner: type, key: str) -> str:
        return f"{describe_json(key)} is no key of {owner.__name__}"

    def describe_missing_key(self, key: str) -> str:
        return f"{key!r} is missing"

    def describe_bounds(self, bounds: Sequence[Any], value: Any) -> str:
        return f"{describe_json(value)} is out of range"

    def describe_word(self, allowed: Sequence[str], value: Any) -> str:
        return f"{describe_json(value)} is not one of {', '.join(allowed)}"

    def describe_component(self, union: Sequence[Any], value: Any) -> str:
        return f"{describe_json(value)} is not of any kind that is known here"

    def describe_shape(self, kind: Any, value: Any) -> str:
        if get_origin(kind) is tuple and isinstance(value, list):
            return "a list is not empty"
        return f"{describe_json(value)} is not {WORDS[list if get_origin(kind) is tuple else dict]}"

    def describe_other_forms(self, union: Any, members: Sequence[Any], value: Any) -> str:
        return ""


def describe_json(value: Any) -> str:
    """A value of JSON's types for a message."""
    return WORDS[type(value)] if isinstance(value, dict | list) else repr(value)[:80]


def raise_fault(fault: Fault) -> NoReturn:
    """Raise a ValueError that says what is wrong, after the keys that lead to it."""
    raise ValueError(": ".join([*(step[:80] for step in fault.within if isinstance(step, str)), fault.said]))
