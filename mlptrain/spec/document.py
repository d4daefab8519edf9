"""A spec before it is checked: a tree of texts, in which every node knows its place."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlptrain.errors import SpecError
from mlptrain.plain import KeyPath
from mlptrain.spec.words import ALIASES

DEEPEST = 20
MOST_NODES = 10_000
NONE = frozenset(["", "null", "~", "none"])


@dataclass(frozen=True)
class Place:
    """Where a node stands: "run.yaml:4" or "--set optimizer.lr"."""

    text: str
    line: int = 0


@dataclass
class Document:
    """A spec as text: nested dicts and lists of strings, and the place of every node."""

    name: str
    tree: Any
    places: dict[KeyPath, Place] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)

    def place(self, path: KeyPath) -> str:
        """The place of the node, or of the nearest one above it."""
        return self.nearest(path).text

    def nearest(self, path: KeyPath) -> Place:
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Place(self.name))


Planting = Callable[[Document, KeyPath], Any]
"""Makes the tree at a path of a document, and puts the places of its nodes into the document."""


def set_key(document: Document, key: str, here: Place, plant: Planting) -> None:
    """Set one key of a document in its long form; sections that are not there yet are made."""
    *parents, last = key.split(".")
    section, path = find_or_create_section(document, parents, here)
    step = resolve_key_alias(document, section, last, here)
    path = (*path, step)
    planted = Document(here.text, None, {path: here})
    before = section.get(step)
    section[step] = plant(planted, path)
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


def require_no_surrogates(text: str, place: Place) -> str:
    """A text without lone surrogates, which UTF-8 cannot encode."""
    if half := next((sign for sign in text if "\ud800" <= sign <= "\udfff"), ""):
        raise SpecError(f"{place.text}: \\u{ord(half):x} is half a character; write the whole one")
    return text
