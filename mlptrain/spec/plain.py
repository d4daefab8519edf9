"""Dataclasses as JSON's types and back, and what can be asked of their annotations and their source."""

import ast
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from itertools import pairwise
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NoReturn, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Len, Lt


def to_plain(value: Any) -> Any:
    """Dataclasses, tuples and mappings as dicts and lists, every default written out."""
    if is_dataclass(value):
        return {each.name: to_plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {key: to_plain(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [to_plain(each) for each in value]
    return value


def from_plain(kind: Any, value: Any) -> Any:
    """What `to_plain` made plain, as `kind` again; a ValueError says where it is something else.

    >>> from_plain(tuple[int, ...], [1, 2])
    (1, 2)
    """
    kind, bounds = annotated(kind)
    if is_dataclass(kind):
        made = dataclass_from(kind, value)
    elif get_origin(kind) is tuple:
        made = tuple_from(get_args(kind), value)
    elif get_origin(kind) is Mapping:
        made = {key: within(key, from_plain, get_args(kind)[1], each) for key, each in typed(dict, value).items()}
    elif is_union(kind):
        made = from_plain(next((each for each in choices(kind) if fits(each, value)), None), value)
    elif fits(kind, value):
        made = float(value) if kind is float else value
    else:
        raise ValueError(f"{shown(value)} is not {word(kind)}")
    for bound in bounds:
        require_bound(bound, made)
    return made


def annotated(kind: Any) -> tuple[Any, Sequence[Any]]:
    """A type without its annotations, and the annotations."""
    if get_origin(kind) is not Annotated:
        return kind, ()
    inner, *bounds = get_args(kind)
    return inner, bounds


def dataclass_from(kind: Any, value: Any) -> Any:
    """A dataclass from a map of its fields; those that have a default may be missing."""
    known, needed = fields_of(kind)
    for key in typed(dict, value):
        if key not in known:
            raise ValueError(f"{shown(key)} is no key of {kind.__name__}")
    if absent := needed - value.keys():
        raise ValueError(f"{min(absent)!r} is missing")
    return kind(**{key: within(key, from_plain, known[key], each) for key, each in value.items()})


@cache
def fields_of(kind: Any) -> tuple[Mapping[str, Any], Set[str]]:
    """The types of a dataclass's fields, and which of them have no default."""
    known, hints = fields(kind), type_hints(kind)
    needed = {each.name for each in known if each.default is MISSING and each.default_factory is MISSING}
    return {each.name: hints[each.name] for each in known}, needed


def tuple_from(kinds: Sequence[Any], value: Any) -> tuple[Any, ...]:
    """A tuple from a list, whose members are all of one type; many texts or numbers at once."""
    found = set(map(type, typed(list, value)))
    if not value or (kinds and kinds[0] is str and found == {str}):
        return tuple(value)
    if not kinds:
        raise ValueError(f"{shown(value)} is not empty")
    if kinds[0] is float and found <= {int, float}:
        return tuple(map(float, value))
    return tuple(from_plain(kinds[0], each) for each in value)


def within(name: str, convert: Callable[..., Any], *arguments: Any) -> Any:
    """A part, whose name is said where something is wrong with it."""
    try:
        return convert(*arguments)
    except ValueError as problem:
        raise ValueError(f"{name[:80]}: {problem}") from None


def typed(kind: Any, value: Any) -> Any:
    """A value of a type."""
    return value if isinstance(value, kind) else refuse(f"{shown(value)} is not {word(kind)}")


def refuse(why: str) -> NoReturn:
    raise ValueError(why)


def require_bound(bound: Any, value: Any) -> None:
    """Refuse a number out of its range, or a text of another length."""
    ranges = {
        Ge: lambda: value >= bound.ge,
        Gt: lambda: value > bound.gt,
        Le: lambda: value <= bound.le,
        Lt: lambda: value < bound.lt,
        Len: lambda: bound.min_length <= len(value) <= (bound.max_length or len(value)),
    }
    if not ranges[type(bound)]():
        raise ValueError(f"{shown(value)} is out of range")


WORDS: Mapping[Any, str] = {
    **{str: "a text", int: "a whole number", float: "a number", bool: "true or false"},
    **{dict: "a map", list: "a list", None: "of any kind that is known here", NoneType: "null"},
}


def word(kind: Any) -> str:
    """What values of a type are called."""
    return WORDS.get(kind) or "one of " + ", ".join(map(str, get_args(kind)))


def shown(value: Any) -> str:
    """A plain value for a message."""
    return WORDS[type(value)] if isinstance(value, dict | list) else repr(value)[:80]


@cache
def type_hints(kind: type) -> Mapping[str, Any]:
    """The annotations of a dataclass's fields."""
    return get_type_hints(kind, include_extras=True)


@cache
def unwrapped(kind: Any) -> Any:
    """A type without its annotations."""
    return unwrapped(get_args(kind)[0]) if get_origin(kind) is Annotated else kind


def is_union(kind: Any) -> bool:
    return get_origin(kind) in (Union, UnionType)


@cache
def members(union: Any) -> tuple[Any, ...]:
    """The types of a union, nested ones included, without annotations."""
    kinds = [unwrapped(each) for each in get_args(union)]
    return tuple(inner for kind in kinds for inner in (members(kind) if is_union(kind) else (kind,)))


@cache
def names_of(kind: Any, tag: str = "name") -> tuple[str, ...]:
    """The names a component goes by; empty for a dataclass without one."""
    hint = unwrapped(type_hints(kind).get(tag)) if is_dataclass(kind) else None  # type: ignore[arg-type]
    return get_args(hint) if get_origin(hint) is Literal else ()


def choices(union: Any) -> Iterator[Any]:
    """The types of a union, nested ones included, with their annotations."""
    for each in get_args(union):
        if is_union(each):
            yield from choices(each)
        else:
            yield each


def fits(kind: Any, value: Any) -> bool:
    """Whether a plain value is of a type, as far as it takes to choose a union's member."""
    kind = unwrapped(kind)
    if is_dataclass(kind):
        tags = tags_of(kind)  # type: ignore[arg-type]
        return isinstance(value, dict) and (
            all(value.get(tag) in names for tag, names in tags) if tags else value.keys() <= type_hints(kind).keys()  # type: ignore[arg-type]
        )
    if get_origin(kind) is Literal:
        return isinstance(value, str) and value in get_args(kind)
    if get_origin(kind) in (tuple, Mapping):
        return isinstance(value, list if get_origin(kind) is tuple else dict)
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, SCALARS.get(kind, ()))


@cache
def tags_of(kind: Any) -> Sequence[tuple[str, Sequence[str]]]:
    """The fields that say which dataclass it is, and what they say."""
    return [(tag, names) for tag in ("name", "kind") if (names := names_of(kind, tag))]


SCALARS: Mapping[Any, Any] = {str: str, int: int, float: (int, float), NoneType: NoneType}
"""How the scalars are written in JSON."""


def dataclasses_in(kind: Any) -> Iterator[type]:
    """The dataclasses that a type is made of, itself included."""
    kind = unwrapped(kind)
    if is_dataclass(kind):
        yield kind  # type: ignore[misc]
    for part in type_hints(kind).values() if is_dataclass(kind) else get_args(kind):  # type: ignore[arg-type]
        yield from dataclasses_in(part)


def field_docs(kind: type) -> dict[str, str]:
    """The text below each field of a dataclass, inherited fields included."""
    docs: dict[str, str] = {}
    for base in reversed(kind.__mro__[:-1]):
        for field, below in pairwise(class_bodies(base.__module__)[base.__name__]):
            match field, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    docs[name] = inspect.cleandoc(text)
    return docs


@cache
def class_bodies(module: str) -> Mapping[str, list[ast.stmt]]:
    """The statements of each class of a module."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: node.body for node in tree.body if isinstance(node, ast.ClassDef)}
