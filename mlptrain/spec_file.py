"""YAML and `--set` to a Spec, every problem at once as file:line, and the JSON Schema for editors.

YAML gives the text of every scalar and its place (`yaml.compose`); nothing is guessed. The schema, made by pydantic from
the dataclasses of `spec` and of the engine, asks for numbers and truth values, which go through our own grammar.
"""

import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import SchemaValidator, core_schema

from mlptrain.data.grammar import is_number
from mlptrain.errors import SpecError
from mlptrain.spec import Spec, members, names_of, unwrapped
from mlptrain.spec_words import ALIASES, MEANT, NAME_ALIASES, SHORT_FORMS

LARGEST_FILE = 256 * 1024
DEEPEST = 20
MOST_NODES = 10_000
NONE = frozenset(["", "null", "~", "none"])

Path_ = tuple[str | int, ...]


@dataclass(frozen=True)
class Place:
    """Where a node stands: "run.yaml:4" or "--set optimizer.lr"."""

    text: str


@dataclass
class Document:
    """A spec as text: nested dicts and lists of strings, and the place of every node."""

    name: str
    tree: Any
    places: dict[Path_, Place] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)

    def place(self, path: Path_) -> str:
        """The place of the node, or of the nearest one above it."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places[path].text if path in self.places else self.name


def load_spec(path: str, overrides: Sequence[str] = (), text: str | None = None) -> tuple[Spec, list[str]]:
    """The spec in a file, with `KEY=VALUE` overrides, and notices of what was read under another name.

    All problems are in one SpecError.
    """
    document = compose(read_text(path) if text is None else text, path)
    expand(document)
    for override in overrides:
        apply_override(document, override)
    expand(document)
    return validated(document), document.notices


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
        raise SpecError(f"{name}:{mark.line + 1 if mark else 1}: {yaml_words(problem)}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        raise SpecError(f"{name}: this is not YAML: {str(problem).splitlines()[0]}") from None
    if not isinstance(node, yaml.MappingNode):
        what = "empty" if node is None else "not a map of keys"
        raise SpecError(f"{name}:1: the spec is {what}; it begins with 'data:'")
    document = Document(name, None)
    document.tree = plant(document, node, (), lambda node: Place(f"{name}:{node.start_mark.line + 1}"))
    return document


def yaml_words(problem: yaml.MarkedYAMLError) -> str:
    words = problem.problem or "this is not YAML"
    if "'\\t'" in words:
        return "tabs are not allowed for indentation in YAML; use spaces"
    return f"{words}{f' ({problem.context})' if problem.context else ''}"


def refuse_extras(text: str, name: str) -> None:
    """Anchors, aliases, tags, several documents, depth and size beyond reason: refused before anything is built."""
    depth, nodes, documents = 0, 0, 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = f"{name}:{event.start_mark.line + 1}"
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise SpecError(f"{line}: anchors and aliases are not allowed in a spec; write the value out")
        if isinstance(event, yaml.NodeEvent) and getattr(event, "tag", None):
            raise SpecError(f"{line}: tags such as {event.tag} are not allowed in a spec; write plain values")  # type: ignore[attr-defined]
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        nodes += 1
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
    tree, path = document.tree, ()
    for parent in parents:
        child = tree.get(parent)
        if isinstance(child, str):
            child = {} if child in NONE else {"name": child}
        tree[parent] = tree = {} if child is None else child
        path = (*path, parent)
        if not isinstance(tree, dict):
            raise SpecError(f"--set {key}: {'.'.join(path)} is a list; give the whole list")
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


def expand(document: Document) -> None:
    """Read aliases under our names, each with a notice, and open short forms: "relu" is {name: relu}."""
    document.tree = opened(document, Spec, document.tree, ())


def opened(document: Document, kind: Any, value: Any, path: Path_) -> Any:
    """The value in its long form, as `kind` wants it."""
    kind = unwrapped(kind)
    if get_origin(kind) in (Union, UnionType):
        return opened_union(document, members(kind), value, path)
    if get_origin(kind) is tuple and isinstance(value, list):
        inner = get_args(kind)[0]
        return [opened(document, inner, child, (*path, position)) for position, child in enumerate(value)]
    if is_dataclass(kind) and isinstance(value, dict):
        value = renamed(document, kind, value, path)
        hints = get_type_hints(kind, include_extras=True)
        return {
            key: opened(document, hints[key], child, (*path, key)) if key in hints else child
            for key, child in value.items()
        }
    return value


def opened_union(document: Document, kinds: Sequence[Any], value: Any, path: Path_) -> Any:
    components = [kind for kind in kinds if names_of(kind)]
    if isinstance(value, list):
        wanted = next((kind for kind in kinds if get_origin(kind) is tuple), None)
        return value if wanted is None else opened(document, wanted, value, path)
    if isinstance(value, str) and components:
        if NoneType in kinds and value.lower() in NONE and value != "none":
            return None
        if value == "none" and not any("none" in names_of(kind) for kind in components):
            return None
        short = next((short for kind, short in SHORT_FORMS.items() if kind in components and is_number(value)), None)
        value = {short[0]: short[1], short[2]: value} if short else {"name": value}
        document.places.setdefault((*path, "name"), Place(document.place(path)))
    elif isinstance(value, str) and NoneType in kinds and value.lower() in NONE:
        return None
    if isinstance(value, dict) and components:
        value = meant_name(document, value, path)
        chosen = next((kind for kind in components if value.get("name") in names_of(kind)), None)
    else:
        chosen = next((kind for kind in kinds if is_dataclass(kind)), None) if isinstance(value, dict) else None
    return value if chosen is None else opened(document, chosen, value, path)


def meant_name(document: Document, value: dict[str, Any], path: Path_) -> dict[str, Any]:
    """The component with its name in our words: "swish" is silu; sgd with a momentum is momentum."""
    name = value.get("name")
    if isinstance(name, str) and name in NAME_ALIASES:
        document.notices.append(f"{document.place(path)}: {name!r} is read as {NAME_ALIASES[name]!r}")
        value = value | {"name": NAME_ALIASES[name]}
    for meant in MEANT:
        if (better := meant(value)) is not None:
            document.notices.append(
                f"{document.place(path)}: {value['name']!r} with these keys is read as {better['name']!r}"
            )
            return better
    return value


def renamed(document: Document, kind: type, value: dict[str, Any], path: Path_) -> dict[str, Any]:
    """The keys of a section in our words."""
    known = {each.name for each in fields(kind)}
    result: dict[str, Any] = {}
    for key, child in value.items():
        ours = (
            ALIASES.get(key, key)
            if key not in known and ALIASES.get(key) in known and ALIASES[key] not in value
            else key
        )
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


def validated(document: Document) -> Spec:
    """The Spec of a document in its long form; every problem in one error."""
    try:
        spec: Spec = validator().validate_python(document.tree)
    except ValidationError as found:
        problems = [problem(document, error) for error in found.errors(include_url=False)]
        raise SpecError(*dict.fromkeys(problems)) from None
    return spec


def whole_number(text: Any) -> int:
    if isinstance(text, str) and re.fullmatch(r"[-+]?(0|[1-9][0-9]{0,17})", text, re.ASCII):
        return int(text)
    raise ValueError("write a whole number such as 64")


def real_number(text: Any) -> float:
    if isinstance(text, str) and is_number(text) and not re.match(r"[-+]?0[0-9]", text):
        return float(text)
    raise ValueError("write a number such as 0.001 or 1e-3")


def truth_value(text: Any) -> bool:
    if text in ("true", "false"):
        return bool(text == "true")
    raise ValueError("write true or false")


def plain_text(text: Any) -> str:
    if isinstance(text, str):
        return text
    raise ValueError("write a text")


GRAMMAR: Mapping[str, Callable[[Any], Any]] = {
    "int": whole_number,
    "float": real_number,
    "bool": truth_value,
    "str": plain_text,
}


@cache
def adapter() -> TypeAdapter[Any]:
    Spec.__pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[attr-defined]
    return TypeAdapter(Spec)


@cache
def validator() -> SchemaValidator:
    """pydantic's validator of a Spec, with our own grammar of scalars and our own choice among the members of a union."""
    schema = adapter().core_schema
    definitions = {each["ref"]: each for each in schema.get("definitions", [])}  # type: ignore[attr-defined]
    return SchemaValidator(Rewriter(definitions)(schema))


SHAPES = {"dataclass": "map", "dict": "map", "tuple": "list", "int": "number", "float": "number", "literal": "word"}


@dataclass(frozen=True)
class Rewriter:
    """A core schema in which scalars are parsed from text, and a union takes the member that its text is written as."""

    definitions: Mapping[str, Any]

    def __call__(self, schema: Any) -> Any:
        if isinstance(schema, list | tuple):
            return type(schema)(map(self, schema))
        if not isinstance(schema, dict):
            return schema
        if schema.get("type") == "union":
            return self.union([choice[0] if isinstance(choice, tuple) else choice for choice in schema["choices"]])
        kept = ("metadata", "cls", "config")
        inner = {key: value if key in kept else self(value) for key, value in schema.items()}
        parse = GRAMMAR.get(schema.get("type", ""))
        return core_schema.no_info_before_validator_function(parse, inner) if parse else inner  # type: ignore[arg-type]

    def resolved(self, schema: Any) -> Any:
        return self.definitions[schema["schema_ref"]] if schema["type"] == "definition-ref" else schema

    def union(self, choices: Sequence[Any]) -> Any:
        """One wrong value is one problem: the member is chosen by shape and name before anything is checked."""
        named: dict[str, Any] = {}
        shapes: dict[str, Any] = {}
        for choice in choices:
            whole = self.resolved(choice)
            names = names_of(whole.get("cls"))
            named |= dict.fromkeys(names, self(choice))
            if not names:
                shapes[SHAPES.get(whole["type"], "text")] = self(choice)
        if named:
            shapes["map"] = core_schema.tagged_union_schema(named, "name")
        if len(shapes) == 1:
            return next(iter(shapes.values()))
        tagged = {f"({shape})": choice for shape, choice in shapes.items()}
        return core_schema.tagged_union_schema(tagged, lambda value: f"({written_as(value, shapes)})")


def written_as(value: Any, shapes: Collection[str]) -> str:
    """The shape a value is written in, or the first allowed one if there is none like it."""
    if isinstance(value, dict | list):
        order = ["map" if isinstance(value, dict) else "list"]
    else:
        order = ["number"] if is_number(str(value)) else []
        order += ["word", "text", "number"]
    return next((shape for shape in [*order, *shapes] if shape in shapes), "text")


def problem(document: Document, error: Any) -> str:
    """One problem in our words: place: path: what is wrong and what is meant."""
    path, kind = walked(error["loc"])
    said = words(error, path, kind)
    dotted = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
    return f"{document.place(path)}: {dotted}: {said}" if dotted else f"{document.place(path)}: {said}"


def walked(loc: Sequence[str | int]) -> tuple[Path_, Any]:
    """The path in the document of pydantic's location (which also names the members of unions), and the type there."""
    kind: Any = Spec
    path: list[str | int] = []
    parent: Any = Spec
    for step in loc:
        kind = unwrapped(kind)
        if isinstance(step, str) and step.startswith("("):
            continue
        if get_origin(kind) in (Union, UnionType):
            named = [each for each in members(kind) if step in names_of(each)]
            if named:
                kind = named[0]
                continue
            wanted = tuple if isinstance(step, int) else None
            kind = next(
                (
                    each
                    for each in members(kind)
                    if (get_origin(each) is tuple) == bool(wanted) and (wanted or is_dataclass(each))
                ),
                None,
            )
        path.append(step)
        parent = kind
        if get_origin(kind) is tuple:
            kind = get_args(kind)[0]
        elif is_dataclass(kind):
            kind = get_type_hints(kind, include_extras=True).get(str(step))
        else:
            kind = None
    return tuple(path), parent


BOUNDS = {
    "greater_than": ("gt", "greater than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}


def words(error: Any, path: Path_, parent: Any) -> str:
    """What is wrong and what is allowed."""
    kind, context, given = error["type"], error.get("ctx", {}), error["input"]
    if kind == "unexpected_keyword_argument":
        known = [each.name for each in fields(parent)] if is_dataclass(parent) else []
        return f"unknown key {path[-1]!r}{suggestion(str(path[-1]), known)}"
    if kind == "missing":
        return f"{path[-1]!r} is missing"
    if kind in BOUNDS:
        key, relation = BOUNDS[kind]
        return f"{shown(given)} must be {relation} {context[key]:g}"
    if kind == "union_tag_invalid":
        names = [name.strip("'") for name in context["expected_tags"].split(", ")]
        return f"{context['tag']!r} is not one of {', '.join(sorted(names))}{suggestion(context['tag'], names)}"
    if kind == "union_tag_not_found":
        return "'name' is missing: which one is it?"
    if kind == "literal_error":
        names = re.findall(r"'([^']*)'", context["expected"])
        return f"{shown(given)} is not one of {', '.join(names)}{suggestion(str(given), names)}"
    if kind == "value_error":
        return f"{shown(given)}: {context['error']}"
    return OTHER_WORDS.get(kind, lambda: error["msg"])() + f" (got {shown(given)})"


OTHER_WORDS: Mapping[str, Callable[[], str]] = {
    "dataclass_type": lambda: "write a map of keys here",
    "tuple_type": lambda: "write a list such as [64, 64] here",
    "mapping_type": lambda: "write a map such as {column: category} here",
    "dict_type": lambda: "write a map such as {column: category} here",
    "string_too_long": lambda: "write one character",
    "string_too_short": lambda: "write one character",
    "too_long": lambda: "write one character",
    "too_short": lambda: "write one character",
}


def shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a map"
    return "a list" if isinstance(value, list) else repr(value[:80] if isinstance(value, str) else value)


def suggestion(word: str, names: Sequence[str]) -> str:
    """The nearest known name, or all of them if none is near and they are few."""
    close = get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; the keys are {', '.join(names)}" if names and len(names) <= 25 else ""


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a spec, for editors: bounds, names, descriptions, short forms."""
    schema = adapter().json_schema()
    for definition in [schema, *schema["$defs"].values()]:
        allow_short_forms(definition, schema["$defs"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "mlptrain spec"} | schema


def allow_short_forms(definition: dict[str, Any], definitions: Mapping[str, Any]) -> None:
    """Wherever a component may stand, its name alone may stand, and a number where that is its short form."""
    for choice in choices_in(definition.get("properties", {})):
        parts = [part["$ref"].rpartition("/")[2] for part in choice["anyOf"] if "$ref" in part]
        names = sorted(name for part in parts for name in component_names(definitions[part]))
        if any(short[1] in names for short in SHORT_FORMS.values()):
            choice["anyOf"].insert(0, {"type": "number"})
        if names:
            choice["anyOf"].insert(0, {"enum": names})


def component_names(definition: Mapping[str, Any]) -> Sequence[str]:
    """The names that a component's schema allows."""
    name = definition["properties"].get("name", {})
    return [name["const"]] if "const" in name else name.get("enum", [])


def choices_in(schema: Any) -> Iterator[dict[str, Any]]:
    """The parts of a schema that are a choice."""
    if isinstance(schema, dict):
        if "anyOf" in schema:
            yield schema
        for value in list(schema.values()):
            yield from choices_in(value)
    elif isinstance(schema, list):
        for value in list(schema):
            yield from choices_in(value)


def read_stdin() -> str:
    """A spec from standard input."""
    return sys.stdin.buffer.read(LARGEST_FILE + 1).decode("utf-8-sig", "replace")
