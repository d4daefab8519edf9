"""One document laid over another: key by key, the upper one's word first."""

from collections.abc import Iterator, Mapping
from typing import Any

from mlptrain.spec.yaml_text import Document, Path_

GIVES_WAY: Mapping[Path_, Mapping[str, str | None]] = {
    ("data", "split", "validation"): {"folds": None, "type": "column"},
    ("data", "split", "folds"): {"validation": None, "type": "column"},
    ("data", "split", "test"): {"type": "column"},
    ("model", "hidden"): {"layers": None},
    ("model", "layers"): {"hidden": None},
}
"""Keys below that fall away where a neighbour above says the same thing in another way: with any value, or with one."""


def merged(below: Document, above: Document) -> Document:
    """`above` over `below`, both in their long form; places and notices follow the keys.

    Maps are merged key by key, except that a component of another name replaces the whole one below it.
    """
    replaced: list[Path_] = []
    tree = laid(below.tree, above.tree, (), replaced)
    kept = {at: place for at, place in below.places.items() if not any(at[: len(path)] == path for path in replaced)}
    return Document(above.name, tree, kept | above.places, above.notices)


def laid(below: Any, above: Any, path: Path_, replaced: list[Path_]) -> Any:
    """The tree of `above` over `below`; where nothing is left of what was below, the path goes to `replaced`."""
    if not mergeable(below, above):
        replaced.append(path)
        return above
    fallen = [key for key in below if falls_away((*path, key), above)]
    replaced += [(*path, key) for key in fallen]
    kept = {key: child for key, child in below.items() if key not in fallen}
    return kept | {
        key: laid(kept[key], child, (*path, key), replaced) if key in kept else child for key, child in above.items()
    }


def mergeable(below: Any, above: Any) -> bool:
    """Whether both are maps, and of components of one name."""
    both = isinstance(below, dict) and isinstance(above, dict)
    return both and below.get("name") == above.get("name", below.get("name"))


def falls_away(path: Path_, above: Mapping[str, Any]) -> bool:
    """Whether a key below means nothing any more beside what is above."""
    rivals = GIVES_WAY.get(path, {})
    return path[-1] not in above and any(
        above.get(key) is not None and value in (None, above[key]) for key, value in rivals.items()
    )


def overridden(below: Any, above: Any, path: Path_ = ()) -> Iterator[str]:
    """The keys below of which `above` says something else: `optimizer.learning_rate`."""
    if not mergeable(below, above):
        if below != above:
            yield ".".join(map(str, path))
        return
    for key, child in below.items():
        if key in above:
            yield from overridden(child, above[key], (*path, key))
        elif falls_away((*path, key), above):
            yield ".".join(map(str, (*path, key)))
