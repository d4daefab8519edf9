"""What dataclasses and their unions say of themselves: annotations, names, shapes, and the text below each field.

`choose_union_member` is the one place that decides which member of a union a value is.
"""

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from itertools import pairwise
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints


@cache
def split_annotation(kind: Any) -> tuple[Any, Sequence[Any]]:
    """A type without its annotations, and the annotations."""
    if get_origin(kind) is not Annotated:
        return kind, ()
    inner, *bounds = get_args(kind)
    return inner, bounds


def strip_annotation(kind: Any) -> Any:
    """A type without its annotations."""
    return split_annotation(kind)[0]


@cache
def read_field_types(kind: type) -> Mapping[str, Any]:
    """The annotations of a dataclass's fields."""
    hints = get_type_hints(kind, include_extras=True)
    return {each.name: hints[each.name] for each in fields(kind)}


@cache
def find_required_fields(kind: Any) -> Set[str]:
    """The fields of a dataclass that have no default."""
    return {each.name for each in fields(kind) if each.default is MISSING and each.default_factory is MISSING}


def is_union(kind: Any) -> bool:
    return get_origin(kind) in (Union, UnionType)


def list_union_members(kind: Any) -> tuple[Any, ...]:
    """The types of a union with their annotations, those of unions within it included; of another type, itself."""
    if not is_union(kind):
        return (kind,)
    return tuple(member for each in get_args(kind) for member in list_union_members(each))


@cache
def list_component_names(kind: Any, tag: str = "name") -> tuple[str, ...]:
    """The names that a component goes by; none for another type."""
    hint = strip_annotation(read_field_types(kind).get(tag)) if is_dataclass(kind) else None  # type: ignore[arg-type]
    return get_args(hint) if get_origin(hint) is Literal else ()


@cache
def list_discriminators(kind: Any) -> Sequence[tuple[str, Sequence[str]]]:
    """The fields that tell a dataclass from the others of its union, and what stands in them."""
    return [(tag, names) for tag in ("name", "kind") if (names := list_component_names(kind, tag))]


Shape = Literal["map", "list", "number", "truth value", "word", "text", "nothing"]
"""How values are written; a word is one of a few texts."""
SCALARS: Mapping[Any, Shape] = {
    **{str: "text", int: "number", float: "number"},
    **{bool: "truth value", NoneType: "nothing"},
}


@cache
def find_value_shape(kind: Any) -> Shape:
    """The shape of a type's values."""
    kind = strip_annotation(kind)
    if is_dataclass(kind) or get_origin(kind) is Mapping:
        return "map"
    if get_origin(kind) in (tuple, Literal):
        return "list" if get_origin(kind) is tuple else "word"
    return SCALARS[kind]


def group_members_by_shape(union: Any) -> Mapping[Shape, Sequence[Any]]:
    """The members of a union by shape, components last. Only dataclasses share a shape; a text may be any word."""
    return group_types_by_shape(get_args(union))


@cache
def group_types_by_shape(kinds: tuple[Any, ...]) -> Mapping[Shape, Sequence[Any]]:
    """Types by shape. (To Python, unions in another order are equal: they could not be told apart in the cache.)"""
    members = [member for kind in kinds for member in list_union_members(kind)]
    found: dict[Shape, list[Any]] = {}
    for member in sorted(members, key=lambda member: bool(list_discriminators(member))):
        found.setdefault(find_value_shape(member), []).append(member)
    if "text" in found:
        found.pop("word", None)
    return found


def list_members_of_shape(union: Any, shapes: Sequence[Shape]) -> Sequence[Any]:
    """The members of the first of these shapes; of the union's own first shape, if it has none of these."""
    members = group_members_by_shape(union)
    others = [shape for shape in members if shape != "nothing"]
    return members[next(shape for shape in (*shapes, *others) if shape in members)]


def choose_union_member(union: Any, value: Any, shapes: Sequence[Shape]) -> Any:
    """The member of a union that a value is meant for; None if its name or its keys are those of none.

    `shapes` says how the value may be understood, the likeliest first. Everything that asks which member a value is
    asks here, so that a short form, a check and a stored spec cannot disagree.
    """
    candidates = list_members_of_shape(union, shapes)
    if len(candidates) == 1 and not list_discriminators(candidates[0]):
        return candidates[0]
    return next((member for member in candidates if matches_dataclass(member, value)), None)


def matches_dataclass(kind: Any, value: Any) -> bool:
    """Whether a map is meant for this dataclass: by its name, or by its keys where the dataclass has no name."""
    if not isinstance(value, dict):
        return False
    tags = list_discriminators(kind)
    return (
        all(value.get(tag) in names for tag, names in tags) if tags else value.keys() <= read_field_types(kind).keys()
    )


def find_nested_dataclasses(kind: Any) -> Iterator[type]:
    """The dataclasses that a type is made of, itself included, as often as they occur."""
    kind = strip_annotation(kind)
    if is_dataclass(kind):
        yield kind  # type: ignore[misc]
    for part in read_field_types(kind).values() if is_dataclass(kind) else get_args(kind):  # type: ignore[arg-type]
        yield from find_nested_dataclasses(part)


def read_field_docs(kind: type) -> dict[str, str]:
    """The text below each field of a dataclass, inherited fields included."""
    docs: dict[str, str] = {}
    names = {each.name for each in fields(kind)}
    for base in reversed(kind.__mro__[:-1]):
        for field, below in pairwise(parse_classes(base.__module__)[base.__name__]):
            match field, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    docs[name] = inspect.cleandoc(text)
    return {name: text for name, text in docs.items() if name in names}


@cache
def parse_classes(module: str) -> Mapping[str, list[ast.stmt]]:
    """The statements of each class of a module."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: node.body for node in tree.body if isinstance(node, ast.ClassDef)}
