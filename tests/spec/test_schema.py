"""The JSON Schema for editors: every field with its description, and what it allows is what is read."""

import ast
import inspect
import json
import re
from dataclasses import fields
from itertools import pairwise

import pytest
import yaml
from hypothesis import given, settings

from mlptrain.annotations import find_nested_dataclasses, list_component_names, read_field_docs
from mlptrain.data.table_format import TableFormat
from mlptrain.engine.metrics import METRICS
from mlptrain.plain import to_plain
from mlptrain.spec.fields import Data, Spec
from mlptrain.spec.recipes import list_recipes
from mlptrain.spec.schema import make_json_schema
from tests.support.spec_cases import COMPONENTS, DATA, FIELDS, drawn, dumped, label, one, specs, unruled

SCHEMA = make_json_schema()
KEYWORDS = {
    *("$ref", "type", "enum", "const", "anyOf", "properties", "required", "additionalProperties", "items"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength"),
}
SAID = {"title", "description", "default", "$defs", "$schema"}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def test_what_can_be_watched_is_the_loss_or_a_metric():
    assert SCHEMA["$defs"]["Training"]["properties"]["monitor"]["enum"] == ["loss", *METRICS]


def allows(schema, value) -> bool:
    """Whether a schema allows a value: the part of JSON Schema that ours needs."""
    assert schema.keys() <= KEYWORDS | SAID, schema.keys()
    if "$ref" in schema:
        return allows(SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")], value)
    return all(RULES[key](rule, value, schema) for key, rule in schema.items() if key in RULES)


def is_number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_of_type(name, value) -> bool:
    if name in ("number", "integer"):
        return is_number(value) and (name == "number" or value == int(value))
    return isinstance(value, TYPES[name])


RULES = {
    "type": lambda rule, value, schema: is_of_type(rule, value),
    "enum": lambda rule, value, schema: value in rule,
    "const": lambda rule, value, schema: value == rule,
    "anyOf": lambda rule, value, schema: any(allows(each, value) for each in rule),
    "required": lambda rule, value, schema: not isinstance(value, dict) or value.keys() >= set(rule),
    "properties": lambda rule, value, schema: (
        not isinstance(value, dict) or all(allows(each, value[key]) for key, each in rule.items() if key in value)
    ),
    "additionalProperties": lambda rule, value, schema: (
        not isinstance(value, dict)
        or all(
            rule is not False and allows(rule, each)
            for key, each in value.items()
            if key not in schema.get("properties", ())
        )
    ),
    "items": lambda rule, value, schema: not isinstance(value, list) or all(allows(rule, each) for each in value),
    "minimum": lambda rule, value, schema: not is_number(value) or value >= rule,
    "maximum": lambda rule, value, schema: not is_number(value) or value <= rule,
    "exclusiveMinimum": lambda rule, value, schema: not is_number(value) or value > rule,
    "exclusiveMaximum": lambda rule, value, schema: not is_number(value) or value < rule,
    "minLength": lambda rule, value, schema: not isinstance(value, str) or len(value) >= rule,
    "maxLength": lambda rule, value, schema: not isinstance(value, str) or len(value) <= rule,
}


def test_it_is_json_with_a_dialect_and_a_title():
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["title"] == "mlptrain spec"
    assert SCHEMA["required"] == ["data"]
    assert make_json_schema() == SCHEMA


def test_only_standard_keywords_are_used():
    def walk(schema):
        if isinstance(schema, dict):
            for key, value in schema.items():
                assert key in KEYWORDS | SAID
                for inner in value.values() if key in ("properties", "$defs") else [value]:
                    walk(inner) if key not in ("default", "const", "enum") else None
        elif isinstance(schema, list):
            for each in schema:
                walk(each)

    walk(SCHEMA)


def definition(kind):
    return SCHEMA if kind is Spec else SCHEMA["$defs"][kind.__name__]


AT_THE_TOP = ["recipe"]
"""A key of the file that no spec has any more once it is read."""
KINDS = sorted(set(find_nested_dataclasses(Spec)), key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_field_is_there_and_no_other_key_is_allowed(kind):
    found = definition(kind)
    assert list(found["properties"]) == [*AT_THE_TOP[: kind is Spec], *(each.name for each in fields(kind))]
    assert found["additionalProperties"] is False
    assert found["description"] == inspect.getdoc(kind)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_docstring_of_a_field_is_its_description(kind):
    """The docstrings are looked for in the source by lines: whatever stands in quotes right below a field."""
    wanted = {}
    for base in reversed(kind.__mro__[:-1]):
        lines = inspect.getsource(base).splitlines()
        for line, below in pairwise(lines):
            field = re.match(r"    (\w+): ", line)
            if field and "ClassVar" not in line and below.startswith('    """') and below.strip() != '"""':
                wanted[field[1]] = below.strip().strip('"')
    found = definition(kind)["properties"]
    for name, text in wanted.items():
        assert found[name]["description"].startswith(text)
    described = {name for name, each in found.items() if "description" in each}
    assert described == {*AT_THE_TOP[: kind is Spec], *wanted}


def test_inherited_fields_are_described():
    assert read_field_docs(Data).items() >= read_field_docs(TableFormat).items() > set()
    assert definition(Data)["properties"]["delimiter"]["description"].startswith("One character; by default a comma")
    assert all(isinstance(node, ast.ClassDef) for node in ast.parse(inspect.getsource(TableFormat)).body)


@settings(drawn, max_examples=60)
@given(specs)
def test_every_spec_in_its_long_form_is_allowed(spec):
    assert allows(SCHEMA, json.loads(json.dumps(to_plain(spec))))


@pytest.mark.parametrize("site", FIELDS, ids=label)
def test_a_field_allows_what_is_read_and_refuses_what_is_not(site):
    assert allows(SCHEMA, site.place(one(site.kind)))
    assert not allows(SCHEMA, site.place([[["x"]]]))
    unknown = site.place("x")
    section = unknown
    for step in site.path[:-1]:
        section = section[step]
    section["(qq"] = 1
    assert not allows(SCHEMA, unknown)


@pytest.mark.parametrize(("site", "kind"), COMPONENTS, ids=lambda part: getattr(part, "dotted", None) or part.__name__)
def test_every_component_is_allowed_in_its_long_and_its_short_form(site, kind):
    for name in list_component_names(kind):
        assert allows(SCHEMA, site.place({"name": name}))
        assert allows(SCHEMA, site.place(name))
    assert not allows(SCHEMA, site.place("no such name"))
    assert not allows(SCHEMA, site.place({"name": "no such name"}))


@pytest.mark.parametrize(
    "text",
    [
        "model: {dropout: 0.5, input_dropout: 0.1}",
        "model: {dropout: [0.5, bernoulli, {name: gaussian, rate: 0.1}]}",
        "model: {layers: [{units: 3, activation: relu, norm: batch, dropout: 0.5}]}",
        "training: {batch_size: full, class_weight: balanced}",
        "training: {class_weight: {a: 1, b: 2.5}}",
        "optimizer: {learning_rate: 0.5}",
    ],
)
def test_short_forms_are_allowed(text):
    assert unruled(DATA + text)
    assert allows(SCHEMA, yaml.safe_load(DATA + text))


@pytest.mark.parametrize(
    "text",
    [
        "seed: -1",
        "seed: x",
        "model: {hidden: [0]}",
        "model: {hidden: 64}",
        "optimizer: {learning_rate: 0}",
        "sede: 1",
        "optimizer: {name: adam, beta_1: 1}",
        "training: {monitor: los}",
        "training: {shuffle: 1}",
        "data: {target: y}",
        "loss: relu",
    ],
)
def test_what_is_refused_is_not_allowed(text):
    assert not allows(SCHEMA, yaml.safe_load(text if "data" in text else DATA + text))


def test_it_knows_the_recipes():
    for name in list_recipes():
        assert allows(SCHEMA, yaml.safe_load(f"recipe: {name}\n{DATA}"))
    assert not allows(SCHEMA, yaml.safe_load(f"recipe: nosuch\n{DATA}"))


def test_the_schema_and_the_reader_agree_on_the_smallest_spec():
    assert allows(SCHEMA, yaml.safe_load(DATA))
    assert unruled(dumped(yaml.safe_load(DATA))) == unruled(DATA)
