"""Merging two documents key by key; where both have a key, the upper one counts."""

from collections.abc import Iterator, Mapping
from typing import Any

from mlptrain.plain import KeyPath
from mlptrain.spec.document import Document

GIVES_WAY: Mapping[KeyPath, Mapping[str, str | None]] = {
    ("data", "split", "validation"): {"folds": None, "type": "column"},
    ("data", "split", "folds"): {"validation": None, "type": "column"},
    ("data", "split", "test"): {"type": "column"},
    ("model", "hidden"): {"layers": None},
    ("model", "layers"): {"hidden": None},
}
"""Keys of the lower document that a key of the upper one replaces: if it has any value (None), or this one."""


def merge_documents(below: Document, above: Document) -> Document:
    """`above` over `below`, both in their long form; places and notices follow the keys.

    Maps are merged key by key, except that a component of another name replaces the whole one below it.
    """
    replaced: list[KeyPath] = []
    tree = merge_trees(below.tree, above.tree, (), replaced)
    kept = {at: place for at, place in below.places.items() if not any(at[: len(path)] == path for path in replaced)}
    return Document(above.name, tree, kept | above.places, above.notices)


def merge_trees(below: Any, above: Any, path: KeyPath, replaced: list[KeyPath]) -> Any:
    """The tree of `above` over `below`. Paths below which nothing of `below` remains are added to `replaced`."""
    if not is_mergeable(below, above):
        replaced.append(path)
        return above
    fallen = [key for key in below if is_key_displaced((*path, key), above)]
    replaced += [(*path, key) for key in fallen]
    kept = {key: child for key, child in below.items() if key not in fallen}
    return kept | {
        key: merge_trees(kept[key], child, (*path, key), replaced) if key in kept else child
        for key, child in above.items()
    }


def is_mergeable(below: Any, above: Any) -> bool:
    """Whether both are maps, and of components of one name."""
    both = isinstance(below, dict) and isinstance(above, dict)
    return both and below.get("name") == above.get("name", below.get("name"))


def is_key_displaced(path: KeyPath, above: Mapping[str, Any]) -> bool:
    """Whether a key of the lower document is replaced by another key of the upper one."""
    rivals = GIVES_WAY.get(path, {})
    return path[-1] not in above and any(
        above.get(key) is not None and value in (None, above[key]) for key, value in rivals.items()
    )


def list_overridden(below: Any, above: Any, path: KeyPath = ()) -> Iterator[str]:
    """The dotted keys of `below` to which `above` gives another value: `optimizer.learning_rate`."""
    if not is_mergeable(below, above):
        if below != above:
            yield ".".join(map(str, path))
        return
    for key, child in below.items():
        if key in above:
            yield from list_overridden(child, above[key], (*path, key))
        elif is_key_displaced((*path, key), above):
            yield ".".join(map(str, (*path, key)))
