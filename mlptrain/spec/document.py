"""A spec before it is checked: a tree of texts, in which every node knows its place."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from mlptrain.data.urls import is_url, keep_url, name_url
from mlptrain.errors import SpecError
from mlptrain.plain import KeyPath

DEEPEST = 20
MOST_NODES = 10_000
NONE = frozenset(["", "null", "~", "none"])
RESERVED = tuple("%@`")
"""Signs with which no text may begin in YAML, and nothing else that a spec may hold."""


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
    repeated: list[str] = field(default_factory=list)
    """What is wrong with keys that are given twice, of which the tree has the first; so such a document is no spec."""

    def place(self, path: KeyPath) -> str:
        """The place of the node, or of the nearest one above it."""
        return self.nearest(path).text

    def nearest(self, path: KeyPath) -> Place:
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Place(self.name))

    def list_written(self) -> Iterator[tuple[tuple[str, ...], Any]]:
        """The keys that have a place, and none below theirs, with what is written there.

        A section that was written in short (`dropout: 0.2`, `optimizer: sgd`) has one value: that one, or its name.
        """
        above = {path[:end] for path in self.places for end in range(len(path)) if isinstance(path[end], str)}
        for path in self.places:
            names = tuple(step for step in path if isinstance(step, str))
            if names and names == path and path not in above:
                value = self.find_value(names)
                yield names, shorten_section(value) if isinstance(value, dict) else value

    def find_value(self, path: tuple[str, ...]) -> Any:
        """What stands at a path; None where nothing does."""
        value = self.tree
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        return value


def shorten_section(section: dict[str, Any]) -> Any:
    """What was written in place of a section in its long form.

    >>> shorten_section({"name": "bernoulli", "rate": "0.2"}), shorten_section({"name": "sgd"})
    ('0.2', 'sgd')
    """
    return next((value for key, value in section.items() if key != "name"), section.get("name"))


def require_no_surrogates(text: str, place: Place) -> str:
    """A text without lone surrogates, which UTF-8 cannot encode."""
    if half := next((sign for sign in text if "\ud800" <= sign <= "\udfff"), ""):
        raise SpecError(f"{place.text}: \\u{ord(half):x} is half a character; write the whole one")
    return text


def conceal_urls_of_tree(tree: Any, *, given: bool = True) -> Any:
    """A tree with names in place of URLs; this process may open those that the user has `given`."""
    if isinstance(tree, dict):
        return {key: conceal_urls_of_tree(child, given=given) for key, child in tree.items()}
    if isinstance(tree, list):
        return [conceal_urls_of_tree(child, given=given) for child in tree]
    if not isinstance(tree, str) or not is_url(tree):
        return tree
    return keep_url(tree) if given else name_url(tree)
