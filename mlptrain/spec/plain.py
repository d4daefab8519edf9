"""Dataclasses as JSON's types and back, and what can be asked of their annotations and their source."""

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from itertools import pairwise
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints


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
    """What `to_plain` made plain, as `kind` again. It trusts its input: only for what was valid before."""
    kind = unwrapped(kind)
    if is_dataclass(kind):
        hints = type_hints(kind)  # type: ignore[arg-type]
        return kind(**{key: from_plain(hints[key], each) for key, each in value.items()})  # type: ignore[operator]
    if get_origin(kind) is tuple:
        inner = get_args(kind)
        return tuple(from_plain(inner[0], each) for each in value)
    if get_origin(kind) is Mapping:
        return {key: from_plain(get_args(kind)[1], each) for key, each in value.items()}
    if is_union(kind):
        member = next((member for member in members(kind) if fits(member, value)), kind)
        return value if member is kind else from_plain(member, value)
    return value


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


def fits(kind: Any, value: Any) -> bool:
    """Whether a plain value is of a member of a union."""
    if is_dataclass(kind):
        tags = {tag: names for tag in ("name", "kind") if (names := names_of(kind, tag))}  # type: ignore[arg-type]
        known = {each.name for each in fields(kind)}
        return isinstance(value, dict) and (
            all(value.get(tag) in names for tag, names in tags.items()) if tags else value.keys() <= known
        )
    if get_origin(kind) is tuple:
        return isinstance(value, list)
    if get_origin(kind) is Mapping:
        return isinstance(value, dict)
    return value is None if kind is NoneType else not isinstance(value, dict | list)


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
