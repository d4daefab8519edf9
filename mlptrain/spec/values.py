"""A spec as Python values, dicts, lists, numbers, texts: the same tree of texts that YAML gives."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from math import inf
from numbers import Integral, Real
from typing import Any

from mlptrain.errors import SpecError
from mlptrain.plain import KeyPath
from mlptrain.spec.document import DEEPEST, MOST_NODES, Document, Place, conceal_urls_of_tree, require_no_surrogates
from mlptrain.spec.overriding import set_key, split_key
from mlptrain.spec.problems import describe_path


def make_document_from_values(values: Mapping[str, Any], name: str = "spec") -> Document:
    """The document of a spec in Python values; what is no value of a spec is refused with its key.

    >>> make_document_from_values({"seed": 1, "training": {"shuffle": True}}).tree
    {'seed': '1', 'training': {'shuffle': 'true'}}
    """
    document = Document(name, None)
    document.tree = build_value_tree(document, values, (), name, count())
    return document


@dataclass(frozen=True)
class ValueOverride:
    """One key of a spec, set to a Python value."""

    key: str
    value: Any
    origin: str = "overrides"
    """What the messages call the place where the value was given."""

    def __str__(self) -> str:
        return f"the override {self.key!r}"

    def apply(self, document: Document) -> None:
        """Set the key in a document in its long form."""
        if not all(split_key(self.key)):
            raise SpecError(f"overrides: {self.key!r} is no key, such as optimizer.learning_rate")
        here = Place(self.origin)

        def plant(document: Document, path: KeyPath) -> Any:
            return conceal_urls_of_tree(build_value_tree(document, self.value, path, here.text, count()))

        set_key(document, self.key, here, plant)


def build_value_tree(document: Document, value: Any, path: KeyPath, name: str, nodes: Iterator[int]) -> Any:
    """The tree of texts below a value; `document.places` gets the place of each key, in their order."""
    value = value.tolist() if hasattr(value, "tolist") else value  # NumPy's arrays and scalars
    place = Place(name, next(nodes))
    document.places.setdefault(path, place)
    if len(path) > DEEPEST or place.line > MOST_NODES:
        raise SpecError(f"{name}: the spec is nested too deeply or too long")
    if isinstance(value, Mapping):
        return {
            require_text_key(key, path, place): build_value_tree(document, child, (*path, key), name, nodes)
            for key, child in value.items()
        }
    if isinstance(value, list | tuple | range):
        return [
            build_value_tree(document, child, (*path, position), name, nodes) for position, child in enumerate(value)
        ]
    return require_no_surrogates(format_scalar_as_yaml(value, path, place), place)


def require_text_key(key: Any, path: KeyPath, place: Place) -> str:
    """A key of a map, which is a text."""
    if isinstance(key, str):
        return require_no_surrogates(key, place)
    raise SpecError(f"{describe_place(path, place)}: the key {str(key)[:80]} is no text; put it in quotes")


def format_scalar_as_yaml(value: Any, path: KeyPath, place: Place) -> str:
    """A scalar as YAML has it: true, 3, 0.01, null."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str | os.PathLike):
        return str(value)
    if isinstance(value, Integral):
        return str(int(value)) if abs(int(value)) < 10**400 else repr(inf)  # Python writes no longer ones
    if isinstance(value, Real):
        return repr(float(value))
    kind = type(value).__name__
    raise SpecError(
        f"{describe_place(path, place)}: {kind} is no value of a spec; write a text, a number, True or False"
    )


def describe_place(path: KeyPath, place: Place) -> str:
    """Where a value stands: "spec: optimizer.learning_rate"."""
    return ": ".join(filter(None, [place.text, describe_path(path)]))
