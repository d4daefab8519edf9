"""The JSON Schema of a spec, for editors: what may stand where, with bounds, names, descriptions and short forms."""

import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Len, Lt

from mlptrain.annotations import (
    find_nested_dataclasses,
    find_required_fields,
    is_union,
    list_component_names,
    list_union_members,
    read_field_docs,
    read_field_types,
    split_annotation,
)
from mlptrain.plain import to_plain
from mlptrain.spec.fields import Spec
from mlptrain.spec.recipes import list_recipes
from mlptrain.spec.words import SHORT_FORMS

Schema = dict[str, Any]
ABOUT_RECIPES = "A packaged spec that lies below the rest of this one: every key can be said otherwise."
TYPES: Mapping[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null"}


def format_json_schema() -> str:
    """The JSON Schema as indented JSON."""
    return json.dumps(make_json_schema(), indent=2, ensure_ascii=False)


def make_json_schema() -> Schema:
    """The JSON Schema of a spec."""
    kinds = sorted(set(find_nested_dataclasses(Spec)) - {Spec}, key=lambda kind: kind.__name__)
    schema = make_dataclass_schema(Spec) | {"title": "mlptrain spec"}
    recipe = {"enum": list_recipes(), "description": ABOUT_RECIPES}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "properties": {"recipe": recipe, **schema["properties"]},
        "$defs": {kind.__name__: make_dataclass_schema(kind) for kind in kinds},
    }


def make_dataclass_schema(kind: type) -> Schema:
    """The schema of a section or a component: its keys, and no others."""
    hints, docs = read_field_types(kind), read_field_docs(kind)
    required = [name for name in hints if name in find_required_fields(kind)]
    return {
        "title": kind.__name__,
        "description": inspect.getdoc(kind),
        "type": "object",
        "properties": {each.name: make_field_schema(each, hints[each.name], docs) for each in fields(kind)},
        "additionalProperties": False,
        **({"required": required} if required else {}),
    }


def make_field_schema(field: Field[Any], kind: Any, docs: Mapping[str, str]) -> Schema:
    """The schema of one key. A section has a title of its own."""
    section = [each for each in list_union_members(kind) if each is not NoneType]
    titled = len(section) > 1 or not is_dataclass(section[0])
    return {
        **({"title": field.name.replace("_", " ").title()} if titled else {}),
        **({"description": docs[field.name]} if field.name in docs else {}),
        **make_type_schema(kind),
        **({} if field.default is MISSING else {"default": to_plain(field.default)}),
    }


def make_type_schema(kind: Any) -> Schema:
    """The schema of a type's values, short forms included."""
    if is_union(kind):
        members = list_union_members(kind)
        return {"anyOf": [*make_short_form_schemas(members), *map(make_type_schema, members)]}
    kind, bounds = split_annotation(kind)
    if is_dataclass(kind):
        return {"$ref": f"#/$defs/{kind.__name__}"}  # type: ignore[union-attr]
    if get_origin(kind) is tuple:
        return {"type": "array", "items": make_type_schema(get_args(kind)[0])}
    if get_origin(kind) is Mapping:
        return {"type": "object", "additionalProperties": make_type_schema(get_args(kind)[1])}
    if get_origin(kind) is Literal:
        words = list(get_args(kind))
        return {"type": "string", **({"const": words[0]} if len(words) == 1 else {"enum": words})}
    limits = (make_bound_schema(bound) for bound in bounds)
    return {"type": TYPES[kind], **{key: limit for each in limits for key, limit in each.items()}}


def make_short_form_schemas(members: Sequence[Any]) -> Iterator[Schema]:
    """Where a component may stand, its name alone may stand, and a number where that is its short form."""
    if names := sorted(name for member in members for name in list_component_names(member)):
        yield {"enum": names}
    for member, (_, _, key) in SHORT_FORMS.items():
        if member in members:
            yield make_type_schema(read_field_types(member)[key])


def make_bound_schema(bound: Any) -> Schema:
    """A bound in the words of JSON Schema."""
    match bound:
        case Ge(ge=limit):
            return {"minimum": limit}
        case Gt(gt=limit):
            return {"exclusiveMinimum": limit}
        case Le(le=limit):
            return {"maximum": limit}
        case Lt(lt=limit):
            return {"exclusiveMaximum": limit}
        case Len(min_length=least, max_length=most):
            return {"minLength": least, "maxLength": most}
    raise TypeError(f"{bound} is no bound that is known here")
