"""YAML as a tree of texts with places; nothing is guessed, and what a spec has no use for is refused."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from mlptrain.errors import SpecError
from mlptrain.spec.words import ALIASES

LARGEST_FILE = 256 * 1024
DEEPEST = 20
MOST_NODES = 10_000
NONE = frozenset(["", "null", "~", "none"])

Path_ = tuple[str | int, ...]
"""The keys and positions that lead to a node."""


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
    places: dict[Path_, Place] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)

    def place(self, path: Path_) -> str:
        """The place of the node, or of the nearest one above it."""
        return self.nearest(path).text

    def nearest(self, path: Path_) -> Place:
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Place(self.name))


def read_text(path: str) -> str:
    """The text of a spec file."""
    file = Path(path)
    try:
        if file.exists() and not file.is_file():
            raise SpecError(
                f"{path}: this is {'a folder' if file.is_dir() else 'not a regular file'}; name a YAML file"
            )
        if file.stat().st_size > LARGEST_FILE:
            raise SpecError(f"{path}: {file.stat().st_size} bytes are too many for a spec (at most {LARGEST_FILE})")
        return file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise SpecError(f"{path}: no such file{nearest_spec(file)}") from None
    except OSError as problem:
        raise SpecError(f"{path}: cannot be read: {problem.strerror}") from None
    except UnicodeDecodeError as problem:
        raise SpecError(f"{path}: byte {problem.start + 1} is not UTF-8; save the spec as UTF-8") from None


def nearest_spec(file: Path) -> str:
    folder = file.parent
    names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    close = get_close_matches(file.name, names, n=1, cutoff=0.5)
    return f"; did you mean {str(folder / close[0])!r}?" if close else ""


def compose(text: str, name: str) -> Document:
    """The tree of texts of a YAML document, with places; what YAML has beyond maps, lists and scalars is refused."""
    try:
        refuse_extras(text, name)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        line = 1 if mark is None else mark.line + 1
        raise SpecError(f"{name}:{line}: {yaml_words(problem)}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        raise SpecError(f"{name}: this is not YAML: {str(problem).splitlines()[0]}") from None
    if not isinstance(node, yaml.MappingNode):
        what = "empty" if node is None else "not a map of keys"
        raise SpecError(f"{name}:1: the spec is {what}; it begins with 'data:'")
    document = Document(name, None)
    document.tree = plant(
        document, node, (), lambda node: Place(f"{name}:{node.start_mark.line + 1}", node.start_mark.line)
    )
    return document


def yaml_words(problem: yaml.MarkedYAMLError) -> str:
    words = problem.problem or "this is not YAML"
    if "'\\t'" in words:
        return "tabs are not allowed for indentation in YAML; use spaces"
    return f"{words}{f' ({problem.context})' if problem.context else ''}"


def refuse_extras(text: str, name: str) -> None:
    """Anchors, aliases, tags, several documents, depth and size beyond reason: refused before anything is built."""
    depth, documents = 0, 0
    for nodes, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
        mark: Any = event.start_mark
        line = f"{name}:{mark.line + 1}"
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise SpecError(f"{line}: anchors and aliases are not allowed in a spec; write the value out")
        if isinstance(event, yaml.NodeEvent) and getattr(event, "tag", None):
            raise SpecError(f"{line}: tags such as {event.tag} are not allowed in a spec; write plain values")  # type: ignore[attr-defined]
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if documents > 1:
            raise SpecError(f"{line}: a second document begins here; a spec is one document")
        if depth > DEEPEST or nodes > MOST_NODES:
            raise SpecError(f"{line}: the spec is nested too deeply or too long")


def plant(document: Document, node: yaml.Node, path: Path_, place: Callable[[yaml.Node], Place]) -> Any:
    """The tree below a node; `places` gets the place of each key."""
    document.places.setdefault(path, place(node))
    if isinstance(node, yaml.ScalarNode):
        return node.value
    if isinstance(node, yaml.SequenceNode):
        return [plant(document, child, (*path, position), place) for position, child in enumerate(node.value)]
    tree: dict[str, Any] = {}
    for key, child in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise SpecError(f"{place(key).text}: a key must be plain text, not a list or a map")
        if key.value in tree:
            first = document.places[(*path, key.value)].text
            raise SpecError(f"{place(key).text}: {key.value!r} is given twice (first at {first})")
        document.places[(*path, key.value)] = place(key)
        tree[key.value] = plant(document, child, (*path, key.value), place)
    return tree


def apply_override(document: Document, override: str) -> None:
    """Set one key: "optimizer.learning_rate=0.01"; a component in its short form is opened first."""
    key, equals, value = override.partition("=")
    if not equals or not key.strip("."):
        raise SpecError(f"--set {override}: write KEY=VALUE, for example optimizer.learning_rate=0.01")
    *parents, last = (ALIASES.get(step, step) for step in key.split("."))
    tree, path = document.tree, Path_()
    for parent in parents:
        child = tree.get(parent)
        if isinstance(child, str):
            child = {} if child in NONE else {"name": child}
        tree[parent] = tree = {} if child is None else child
        path = (*path, parent)
        if not isinstance(tree, dict):
            raise SpecError(f"--set {key}: {'.'.join(parents)} is a list; give the whole list")
    here = Place(f"--set {key}")
    sub = Document(here.text, None)
    try:
        node = yaml.compose(value, Loader=yaml.SafeLoader) or yaml.ScalarNode("", "")
        refuse_extras(value, here.text)
    except yaml.YAMLError as problem:
        raise SpecError(f"--set {override}: the value is not YAML: {str(problem).splitlines()[0]}") from None
    path = (*path, last)
    tree[last] = plant(sub, node, path, lambda _: here)
    document.places = {place: at for place, at in document.places.items() if place[: len(path)] != path} | sub.places


def read_stdin() -> str:
    """A spec from standard input."""
    return sys.stdin.buffer.read(LARGEST_FILE + 1).decode("utf-8-sig", "replace")
