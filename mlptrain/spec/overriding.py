"""Setting one key of a spec, as `--set` and `overrides` do: "optimizer.learning_rate"."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import is_dataclass
from typing import Any, Literal, get_args, get_origin

from mlptrain.annotations import list_union_members, read_field_types, strip_annotation
from mlptrain.errors import SpecError
from mlptrain.plain import KeyPath
from mlptrain.spec.document import NONE, Document, Place
from mlptrain.spec.fields import Spec
from mlptrain.spec.words import ALIASES, TEXT_FORMS

STEP = re.compile(r'"([^"]*)"|([^."]+)')
"""One step of a dotted key; a name with a point in it stands in quotes."""
Planting = Callable[[Document, KeyPath], Any]
"""Makes the tree at a path of a document, and puts the places of its nodes into the document."""


def set_key(document: Document, key: str, here: Place, plant: Planting) -> None:
    """Set one key of a document in its long form; sections that are not there yet are made."""
    *parents, last = split_key(key)
    section, path = find_or_create_section(document, parents, here)
    step = resolve_key_alias(document, section, last, here)
    path = (*path, step)
    planted = Document(here.text, None, {path: here})
    before = section.get(step)
    section[step] = plant(planted, path)
    if planted.repeated:
        raise SpecError(*planted.repeated)
    if lost := list_lost_keys(document, before, section[step], path):
        document.notices.append(f"{here.text} replaces {', '.join(lost)} of {document.name}")
    kept = {at: place for at, place in document.places.items() if at[: len(path)] != path}
    document.places = kept | planted.places


def list_lost_keys(document: Document, before: Any, after: Any, path: KeyPath) -> list[str]:
    """The keys that a section was given and has no more; none if nothing is to stand there."""
    if not isinstance(before, dict) or (isinstance(after, str) and after.lower() in NONE):
        return []
    kept = after if isinstance(after, dict) else {}
    given = (key for key in before if key != "name" and (*path, key) in document.places)
    return [".".join(map(str, (*path, key))) for key in given if key not in kept]


def find_or_create_section(document: Document, parents: Sequence[str], here: Place) -> tuple[dict[str, Any], KeyPath]:
    """The section that these keys lead to, and its path."""
    section, path = document.tree, KeyPath()
    for parent in parents:
        step = resolve_key_alias(document, section, parent, here)
        child = {} if section.get(step) in (None, *NONE) else section[step]
        path = (*path, step)
        if step not in section:
            document.places[path] = here
        if isinstance(child, str):
            child = open_short_form(path, child)
        if not isinstance(child, dict):
            what = "a list" if isinstance(child, list) else "one value"
            raise SpecError(f"{here.text}: {'.'.join(map(str, path))} is {what}; set it as a whole")
        section[step] = child
        section = child
    return section, path


def resolve_key_alias(document: Document, section: Mapping[str, Any], step: str, here: Place) -> str:
    """The key that a step of an override means: our word for it, with a notice, where the spec has that key."""
    ours = ALIASES.get(step, step)
    if step in section or ours not in section:
        return step
    document.notices.append(f"{here.text}: {step!r} is read as {ours!r}")
    return ours


def split_key(key: str) -> list[str]:
    """The steps of a dotted key; an empty one where the key is none.

    >>> split_key("model.dropout"), split_key('data.columns."a.b".format'), split_key("seed..x")
    (['model', 'dropout'], ['data', 'columns', 'a.b', 'format'], [''])
    """
    if not re.fullmatch(rf"(?:{STEP.pattern})(?:\.(?:{STEP.pattern}))*", key):
        return [""]
    return [quoted or bare for quoted, bare in STEP.findall(key)]


def open_short_form(path: KeyPath, text: str) -> Any:
    """A section that is written as one text, in its long form: a column's `date` is {type: date}; else the text."""
    members = [strip_annotation(each) for each in list_union_members(find_type(path))]
    if keys := [TEXT_FORMS[each] for each in members if each in TEXT_FORMS]:
        return {keys[0]: text}
    if not any(get_origin(each) is Literal and text in get_args(each) for each in members):
        return text
    for section in filter(is_dataclass, members):
        for name, kind in read_field_types(section).items():  # type: ignore[arg-type]
            if any(get_origin(each) is Literal and text in get_args(each) for each in list_union_members(kind)):
                return {name: text}
    return text


def find_type(path: KeyPath) -> Any:
    """What the spec wants at a path; None where it has no such key."""
    kind: Any = Spec
    for step in path:
        members = [strip_annotation(each) for each in list_union_members(kind)]
        fields = (read_field_types(each).get(str(step)) for each in members if is_dataclass(each))  # type: ignore[arg-type]
        values = (get_args(each)[1] for each in members if get_origin(each) is Mapping)
        kind = next((each for each in (*fields, *values) if each is not None), None)
    return kind
