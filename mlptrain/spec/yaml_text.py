"""YAML as a tree of texts with places; nothing is guessed, and what a spec has no use for is refused."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mlptrain.data.near_files import suggest_file
from mlptrain.errors import SpecError
from mlptrain.plain import KeyPath
from mlptrain.spec.document import (
    DEEPEST,
    MOST_NODES,
    RESERVED,
    Document,
    Place,
    conceal_urls_of_tree,
    require_no_surrogates,
)
from mlptrain.spec.overriding import set_key, split_key
from mlptrain.spec.yaml_slips import IN_QUOTES, Fault, describe_slip

SPEC_ENDS = (".yaml", ".yml")
LARGEST_FILE = 256 * 1024

Placing = Callable[[int], Place]
"""The place of a line, counted from 0."""


def read_spec_file(path: str) -> str:
    """The text of a spec file."""
    file = Path(path)
    try:
        content = None if file.exists() and not file.is_file() else read_first_bytes(file)
    except FileNotFoundError:
        hint = suggest_file(file, SPEC_ENDS)
        cure = "" if "did you mean" in hint else "; `mlptrain init DATA --target COLUMN` writes a spec"
        raise SpecError(f"{path}: no such file{hint}{cure}") from None
    except (OSError, ValueError) as problem:  # ValueError: a NUL in the name
        raise SpecError(f"{path}: cannot be read: {getattr(problem, 'strerror', problem)}") from None
    if content is None:
        raise SpecError(f"{path}: this is {'a folder' if file.is_dir() else 'not a regular file'}; name a YAML file")
    return decode_text(content, path)


def read_first_bytes(file: Path) -> bytes:
    """The bytes of a file, of one that is too large for a spec no more than tell that."""
    with file.open("rb") as stream:
        return stream.read(LARGEST_FILE + 1)


def read_stdin() -> str:
    """A spec from standard input."""
    return decode_text(sys.stdin.buffer.read(LARGEST_FILE + 1), "standard input")


def decode_text(content: bytes, name: str) -> str:
    """The text of a spec's bytes: UTF-8, and not too long."""
    if len(content) > LARGEST_FILE:
        raise SpecError(f"{name}: more than {LARGEST_FILE} bytes are too many for a spec; is this the right file?")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        byte = f"byte {problem.start + 1} (0x{content[problem.start]:02x})"
        raise SpecError(f"{name}:{line}: {byte} is not UTF-8; save the spec as UTF-8") from None


def parse_document(text: str, name: str) -> Document:
    """The tree of texts of a YAML document, with places; what YAML has beyond maps, lists and scalars is refused."""

    def place(line: int) -> Place:
        return Place(f"{name}:{line + 1}", line)

    node = parse_node(text, place)
    if not isinstance(node, yaml.MappingNode):
        what = "not a map of keys" if node and node.value else "empty"
        raise SpecError(f"{name}:1: the spec is {what}; it begins with 'data:'")
    document = Document(name, None)
    document.tree = conceal_urls_of_tree(build_node_tree(document, node, (), place))
    return document


def parse_node(text: str, place: Placing) -> yaml.Node | None:
    """The node of the only YAML document in a text; None where there is none."""
    try:
        refuse_unsupported_yaml(text, place)
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except SpecError:  # a ValueError, too, and not one of YAML's reader
        raise
    except yaml.MarkedYAMLError as problem:
        slip = describe_slip(gather_fault(problem), text)
        raise SpecError(f"{place(slip.line).text}: {slip.words}") from None
    except yaml.reader.ReaderError as problem:
        line = text.count("\n", 0, problem.position)
        why = f"the character U+{ord(text[problem.position]):04X} is not allowed in YAML; remove it"
        raise SpecError(f"{place(line).text}: {why}") from None
    except (ValueError, OverflowError):
        line = text.count("\n", 0, text.find("\\U"))
        raise SpecError(f"{place(line).text}: \\U stands before a number that is no character; mend it") from None


def gather_fault(problem: yaml.MarkedYAMLError) -> Fault:
    """What YAML's reader says of a text, and the places it names."""
    mark = problem.problem_mark or problem.context_mark
    begun = problem.context_mark or mark
    return Fault(
        words=problem.problem or "it cannot be read",
        line=mark.line if mark else 0,
        column=mark.column if mark else 0,
        begun_line=begun.line if begun else 0,
        begun_column=begun.column if begun else 0,
    )


def refuse_unsupported_yaml(text: str, place: Placing) -> None:
    """Anchors, aliases, tags, several documents, depth and size beyond reason: refused before anything is built."""
    depth, documents = 0, 0
    for nodes, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
        mark: Any = event.start_mark
        line = place(mark.line).text
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise SpecError(f"{line}: anchors and aliases are not allowed in a spec; write the value out")
        if isinstance(event, yaml.NodeEvent) and getattr(event, "tag", None):
            raise SpecError(f"{line}: tags such as {event.tag[:80]} are not allowed in a spec; write plain values")  # type: ignore[attr-defined]
        if isinstance(event, yaml.DocumentStartEvent) and (event.version or event.tags):
            raise SpecError(f"{line}: directives such as %YAML are not allowed in a spec; remove the line")
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if documents > 1:
            raise SpecError(f"{line}: a second document begins here; a spec is one document")
        if depth > DEEPEST or nodes > MOST_NODES:
            raise SpecError(f"{line}: the spec is nested too deeply or too long; is this the right file?")


def build_node_tree(document: Document, node: yaml.Node, path: KeyPath, placing: Placing) -> Any:
    """The tree below a node; `document.places` gets the place of each key."""

    def place(node: yaml.Node) -> Place:
        return placing(node.start_mark.line)

    document.places.setdefault(path, place(node))
    if isinstance(node, yaml.ScalarNode):
        return read_scalar_text(node, place)
    if isinstance(node, yaml.SequenceNode):
        return [
            build_node_tree(document, child, (*path, position), placing) for position, child in enumerate(node.value)
        ]
    tree: dict[str, Any] = {}
    for key, child in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise SpecError(f"{place(key).text}: a key must be plain text, not a list or a map")
        read_scalar_text(key, place)
        if key.value in tree:
            first = document.places[(*path, key.value)].text
            document.repeated.append(f"{place(key).text}: {key.value!r} is given twice (first at {first})")
            continue
        document.places[(*path, key.value)] = place(key)
        tree[key.value] = build_node_tree(document, child, (*path, key.value), placing)
    return tree


def read_scalar_text(node: yaml.ScalarNode, place: Callable[[yaml.Node], Place]) -> str:
    """The text of a scalar; a block of text that has none is a sign that lacks its quotes."""
    if node.style in ("|", ">") and not node.value:
        raise SpecError(
            f"{place(node).text}: {node.style} begins a block of text in YAML, and none follows; {IN_QUOTES}"
        )
    return require_no_surrogates(node.value, place(node))


@dataclass(frozen=True)
class TextOverride:
    """One key of a spec, set to YAML: "optimizer.learning_rate=0.01"."""

    text: str

    def __str__(self) -> str:
        return f"--set {self.text}"

    @property
    def key(self) -> str:
        """The dotted key."""
        return self.text.partition("=")[0]

    def apply(self, document: Document) -> None:
        """Set the key in a document in its long form."""
        key, equals, value = self.text.partition("=")
        if not equals or not all(split_key(key)):
            raise SpecError(f"--set {self.text}: write KEY=VALUE, for example optimizer.learning_rate=0.01")
        here = Place(f"--set {key}")

        def plant(document: Document, path: KeyPath) -> Any:
            node = parse_node(quote_plain_text(value), lambda _: here)
            return "" if node is None else build_node_tree(document, node, path, lambda _: here)

        set_key(document, key, here, plant)


def quote_plain_text(value: str) -> str:
    """A text that YAML would take for something else, in quotes, which a shell takes away: %d.%m.%Y, >50K, #1, a comma.

    One sign alone is that sign. Lists, maps and texts in quotes stay as they are, and ~ is YAML's word for nothing.

    >>> quote_plain_text("%d.%m.%Y"), quote_plain_text(","), quote_plain_text("[1, 2]")
    ('"%d.%m.%Y"', '","', '[1, 2]')
    """
    value = "\t" if value == "\\t" else value
    is_sign = len(value) == 1 and not value.isalnum() and value != "~" and (value.isprintable() or value == "\t")
    is_comment = not value.startswith(OPENING) and (value.startswith("#") or " #" in value)
    is_text = is_sign or is_comment or value.startswith(UNUSED)
    return json.dumps(value, ensure_ascii=False) if is_text else value


UNUSED = (*RESERVED, ",", "|", ">")
"""Signs with which a text in the value of an option begins, as nothing else does."""
OPENING = ("[", "{", '"', "'")
"""Signs with which a list, a map and a text in quotes begin."""
