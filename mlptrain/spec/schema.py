"""The schema of a spec, made by pydantic from the dataclasses: to validate the tree of texts, and as JSON Schema."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import isfinite
from typing import Any

from pydantic import ConfigDict, TypeAdapter
from pydantic_core import SchemaValidator, core_schema

from mlptrain.data.grammar import is_number
from mlptrain.spec.fields import Spec
from mlptrain.spec.plain import dataclasses_in, field_docs, names_of
from mlptrain.spec.recipes import recipe_names
from mlptrain.spec.words import SHORT_FORMS


def whole_number(text: Any) -> int:
    if isinstance(text, str) and re.fullmatch(r"[-+]?(0|[1-9][0-9]{0,99})", text, re.ASCII):
        return int(text)
    raise ValueError("write a whole number such as 64")


def real_number(text: Any) -> float:
    if isinstance(text, str) and is_number(text) and not re.match(r"[-+]?0[0-9]", text) and isfinite(float(text)):
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
    """pydantic's validator of a Spec, with our own grammar of scalars and our own choice of a union's member."""
    schema = adapter().core_schema
    definitions = {each["ref"]: each for each in schema.get("definitions", [])}
    return SchemaValidator(Rewriter(definitions)(schema))


SHAPES = {"dataclass": "map", "dict": "map", "tuple": "list", "int": "number", "float": "number", "literal": "word"}


@dataclass(frozen=True)
class Rewriter:
    """A core schema in which scalars are parsed from text, and a union takes the member the text is written as."""

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
        return core_schema.no_info_before_validator_function(parse, inner) if parse else inner

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


ABOUT_RECIPES = "A packaged spec that lies below the rest of this one: every key can be said otherwise."


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a spec, for editors: bounds, names, descriptions, short forms."""
    schema = adapter().json_schema()
    definitions = {Spec.__name__: schema, **schema["$defs"]}
    for definition in definitions.values():
        allow_short_forms(definition, schema["$defs"])
    for kind in dataclasses_in(Spec):
        for name, text in field_docs(kind).items():
            definitions[kind.__name__]["properties"][name]["description"] = text
    schema["properties"] = {"recipe": {"enum": recipe_names(), "description": ABOUT_RECIPES}} | schema["properties"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema | {"title": "mlptrain spec"}


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
