"""Short forms and other tools' words: opened and renamed in the tree of texts, each renaming with a notice."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_origin

from mlptrain.annotations import (
    choose_union_member,
    group_members_by_shape,
    is_union,
    list_component_names,
    list_union_members,
    read_field_types,
    strip_annotation,
)
from mlptrain.data.grammar import is_number
from mlptrain.plain import KeyPath
from mlptrain.spec.document import NONE, Document
from mlptrain.spec.fields import Spec
from mlptrain.spec.scalars import list_possible_shapes
from mlptrain.spec.words import ALIASES, MEANT, NAME_ALIASES, SHORT_FORMS


def expand_document(document: Document, below: Any = None) -> None:
    """Read aliases under our names, each with a notice, and open short forms: "relu" is {name: relu}.

    A component without a name is the one at its place in `below`, a tree in its long form, if there is one.
    """
    document.tree = expand_value(document, Spec, document.tree, (), below)


def expand_value(document: Document, kind: Any, value: Any, path: KeyPath, below: Any = None) -> Any:
    """The value in its long form, as `kind` wants it."""
    kind = strip_annotation(kind)
    if is_union(kind):
        return expand_union_value(document, kind, value, path, below)
    if get_origin(kind) is tuple and isinstance(value, list):
        inner = get_args(kind)[0]
        return [expand_value(document, inner, child, (*path, position)) for position, child in enumerate(value)]
    if get_origin(kind) is Mapping and isinstance(value, dict):
        inner = get_args(kind)[1]
        return {key: expand_value(document, inner, child, (*path, key)) for key, child in value.items()}
    if is_dataclass(kind) and isinstance(value, dict):
        return expand_section(document, kind, value, path, below)
    return value


def expand_section(document: Document, kind: Any, value: dict[str, Any], path: KeyPath, below: Any) -> dict[str, Any]:
    """A section or a component with its keys in our words, and each of their values in its long form."""
    hints = read_field_types(kind)
    under = below if isinstance(below, dict) and below.get("name") == value.get("name") else {}
    renamed = replace_key_aliases(document, kind, value, path)
    named = {key: fill_component_name(kind, key, child, under.get(key)) for key, child in renamed.items()}
    return {
        key: expand_value(document, hints[key], child, (*path, key), under.get(key)) if key in hints else child
        for key, child in named.items()
    }


def fill_component_name(kind: Any, key: str, child: Any, below: Any) -> Any:
    """A component without a name is the one below it, else the default one: {learning_rate: 0.01} is adam's."""
    default = next((each for each in fields(kind) if each.name == key), None)
    if not isinstance(child, dict) or "name" in child or default is None:
        return child
    names: Sequence[str] = (
        list_component_names(default.default_factory) if isinstance(default.default_factory, type) else ()
    )
    if isinstance(below, dict) and is_component_type(read_field_types(kind)[key]):
        names = (below["name"],) if "name" in below else names
    return {"name": names[0], **child} if names else child


def is_component_type(kind: Any) -> bool:
    """Whether a value of a type has a name that says what it is."""
    return any(list_component_names(member) for member in list_union_members(kind))


def expand_union_value(document: Document, union: Any, value: Any, path: KeyPath, below: Any = None) -> Any:
    """The value in the long form of the member that it is meant for."""
    components = [member for member in list_union_members(union) if list_component_names(member)]
    if isinstance(value, str):
        value = expand_text_value(union, components, value)
    if isinstance(value, dict) and components:
        if "name" not in value and (short := find_number_short_form(components)):
            value = {short[0]: short[1], **value}
        value = replace_component_alias(document, components, value, path)
    chosen = choose_union_member(union, value, list_possible_shapes(value))
    return value if chosen is None else expand_value(document, chosen, value, path, below)


def expand_text_value(union: Any, components: Sequence[Any], text: str) -> Any:
    """A text that stands for nothing, for a component by its name, or for one by its number; else the text."""
    optional = "nothing" in group_members_by_shape(union)
    named = any("none" in list_component_names(member) for member in components)
    if optional and text.lower() in NONE and not (components and text == "none"):
        return None
    if not components:
        return text
    if text == "none" and not named:
        return None
    short = find_number_short_form(components) if is_number(text) else None
    return {short[0]: short[1], short[2]: text} if short else {"name": text}


def find_number_short_form(components: Sequence[Any]) -> tuple[str, str, str] | None:
    """The short form of one of the components as a number, if there is one."""
    return next((short for kind, short in SHORT_FORMS.items() if kind in components), None)


def replace_component_alias(
    document: Document, components: Sequence[Any], value: dict[str, Any], path: KeyPath
) -> dict[str, Any]:
    """The component with its name in our words: "swish" is silu; sgd with a momentum is momentum."""
    name = value.get("name")
    if isinstance(name, str) and any(NAME_ALIASES.get(name) in list_component_names(kind) for kind in components):
        document.notices.append(f"{document.place(path)}: {name!r} is read as {NAME_ALIASES[name]!r}")
        value = value | {"name": NAME_ALIASES[name]}
    for meant in MEANT:
        if (better := meant(value)) is not None:
            if better["name"] != value["name"]:
                document.notices.append(
                    f"{document.place(path)}: {value['name']!r} with these keys is read as {better['name']!r}"
                )
            return better
    return value


def replace_key_aliases(document: Document, kind: Any, value: dict[str, Any], path: KeyPath) -> dict[str, Any]:
    """The keys of a section in our words."""
    known = {each.name for each in fields(kind)}
    result: dict[str, Any] = {}
    for key, child in value.items():
        ours = ALIASES.get(key, key)
        if key in known or ours not in known or ours in value or ours in result:
            ours = key
        if ours != key:
            document.notices.append(f"{document.place((*path, key))}: {key!r} is read as {ours!r}")
            moved = {
                (*path, ours, *at[len(path) + 1 :]): place
                for at, place in document.places.items()
                if at[: len(path) + 1] == (*path, key)
            }
            document.places |= moved
        result[ours] = child
    return result
