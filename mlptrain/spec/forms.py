"""Short forms and other tools' words: opened and renamed in the tree of texts, each renaming with a notice."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from mlptrain.data.grammar import is_number
from mlptrain.spec.fields import Spec
from mlptrain.spec.plain import members, names_of, unwrapped
from mlptrain.spec.words import ALIASES, MEANT, NAME_ALIASES, SHORT_FORMS
from mlptrain.spec.yaml_text import NONE, Document, Path_


def expand(document: Document, below: Any = None) -> None:
    """Read aliases under our names, each with a notice, and open short forms: "relu" is {name: relu}.

    A component without a name is the one at its place in `below`, a tree in its long form, if there is one.
    """
    document.tree = opened(document, Spec, document.tree, (), below)


def opened(document: Document, kind: Any, value: Any, path: Path_, below: Any = None) -> Any:
    """The value in its long form, as `kind` wants it."""
    kind = unwrapped(kind)
    if get_origin(kind) in (Union, UnionType):
        return opened_union(document, members(kind), value, path, below)
    if get_origin(kind) is tuple and isinstance(value, list):
        inner = get_args(kind)[0]
        return [opened(document, inner, child, (*path, position)) for position, child in enumerate(value)]
    if get_origin(kind) is Mapping and isinstance(value, dict):
        inner = get_args(kind)[1]
        return {key: opened(document, inner, child, (*path, key)) for key, child in value.items()}
    if is_dataclass(kind) and isinstance(value, dict):
        value = renamed(document, kind, value, path)
        hints = get_type_hints(kind, include_extras=True)
        under = below if isinstance(below, dict) and below.get("name") == value.get("name") else {}
        value = {key: child_named(kind, key, child, under.get(key)) for key, child in value.items()}
        return {
            key: opened(document, hints[key], child, (*path, key), under.get(key)) if key in hints else child
            for key, child in value.items()
        }
    return value


def child_named(kind: Any, key: str, child: Any, below: Any) -> Any:
    """A component without a name is the one below it, else the default one: {learning_rate: 0.01} is adam's."""
    default = next((each for each in fields(kind) if each.name == key), None)
    if not isinstance(child, dict) or "name" in child or default is None:
        return child
    names: Sequence[str] = names_of(default.default_factory) if isinstance(default.default_factory, type) else ()
    if isinstance(below, dict) and is_component(get_type_hints(kind)[key]):
        names = (below["name"],) if "name" in below else names
    return {"name": names[0], **child} if names else child


def is_component(kind: Any) -> bool:
    """Whether a value of a type has a name that says what it is."""
    kinds = members(kind) if get_origin(kind) in (Union, UnionType) else [kind]
    return any(names_of(each) for each in kinds)


def opened_union(document: Document, kinds: Sequence[Any], value: Any, path: Path_, below: Any = None) -> Any:
    components = [kind for kind in kinds if names_of(kind)]
    if isinstance(value, list):
        wanted = next((kind for kind in kinds if get_origin(kind) is tuple), None)
        return value if wanted is None else opened(document, wanted, value, path)
    if isinstance(value, str) and components:
        if NoneType in kinds and value.lower() in NONE and value != "none":
            return None
        if value == "none" and not any("none" in names_of(kind) for kind in components):
            return None
        short = short_form(components) if is_number(value) else None
        value = {short[0]: short[1], short[2]: value} if short else {"name": value}
    elif isinstance(value, str) and NoneType in kinds and value.lower() in NONE:
        return None
    if isinstance(value, dict) and components:
        if "name" not in value and (short := short_form(components)):
            value = {short[0]: short[1], **value}
        value = meant_name(document, components, value, path)
        chosen = next((kind for kind in components if value.get("name") in names_of(kind)), None)
    else:
        chosen = next((kind for kind in kinds if is_dataclass(kind)), None) if isinstance(value, dict) else None
    return value if chosen is None else opened(document, chosen, value, path, below)


def short_form(components: Sequence[Any]) -> tuple[str, str, str] | None:
    """The short form of one of the components as a number, if there is one."""
    return next((short for kind, short in SHORT_FORMS.items() if kind in components), None)


def meant_name(document: Document, components: Sequence[Any], value: dict[str, Any], path: Path_) -> dict[str, Any]:
    """The component with its name in our words: "swish" is silu; sgd with a momentum is momentum."""
    name = value.get("name")
    if isinstance(name, str) and any(NAME_ALIASES.get(name) in names_of(kind) for kind in components):
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


def renamed(document: Document, kind: Any, value: dict[str, Any], path: Path_) -> dict[str, Any]:
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
