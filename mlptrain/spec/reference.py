"""The reference of the spec as Markdown: sections with their keys, components with their formulas."""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, get_args

from mlptrain.data.column_rules import ColumnRules, Imputing
from mlptrain.data.encodings import Encoding
from mlptrain.data.scaling import Scaling
from mlptrain.engine.activations import Activation
from mlptrain.engine.initializers import Initializer
from mlptrain.engine.layers import AnyDropout, Maxout, PReLU
from mlptrain.engine.losses import Loss
from mlptrain.engine.members import Members
from mlptrain.engine.norms import Norm
from mlptrain.engine.optimizers import FirstOrder, Optimizer
from mlptrain.engine.penalties import Penalty
from mlptrain.engine.schedules import Schedule
from mlptrain.spec.fields import Data, EarlyStopping, Images, LayerSpec, ModelSpec, Schedules, Spec, Split, Training
from mlptrain.spec.plain import names_of, to_plain
from mlptrain.spec.recipes import recipe
from mlptrain.spec.schema import json_schema

SECTIONS: Mapping[str, type] = {
    "the spec": Spec,
    "data": Data,
    "data.split": Split,
    "data.columns": ColumnRules,
    "data.imputing": Imputing,
    "images": Images,
    "model": ModelSpec,
    "model.layers": LayerSpec,
    "regularization": Penalty,
    "schedules": Schedules,
    "training": Training,
    "training.early_stopping": EarlyStopping,
}
FAMILIES: Mapping[str, tuple[type, ...]] = {
    "activations": (*get_args(Activation), PReLU, Maxout),
    "losses": get_args(Loss),
    "optimizers": get_args(Optimizer),
    "schedules": get_args(Schedule),
    "initialisers": get_args(Initializer),
    "normalisations": get_args(Norm),
    "dropout": get_args(AnyDropout),
    "members": get_args(Members),
    "scaling": get_args(Scaling),
    "encoding": get_args(Encoding),
}


def reference() -> str:
    """The whole reference."""
    schema = json_schema()
    lines = ["# The spec", "", "Made by `mlptrain schema --markdown` from the code.", ""]
    for title, section in SECTIONS.items():
        definition = schema["$defs"].get(section.__name__, schema)
        lines += [f"## {title}", "", definition["description"], "", *keys(section, definition["properties"]), ""]
        lines += recipes(definition["properties"]["recipe"]) if section is Spec else []
    lines += ["## every optimizer but lbfgs", "", *keys(FirstOrder, schema["$defs"]["SGD"]["properties"]), ""]
    for title, kinds in FAMILIES.items():
        lines += [f"## {title}", "", *components(schema, kinds), ""]
    return "\n".join(lines).rstrip() + "\n"


def recipes(key: Mapping[str, Any]) -> list[str]:
    """What `recipe` means, and a table of the recipes."""
    text = f"`recipe: NAME`, beside these keys: {key['description'][0].lower()}{key['description'][1:]} {RECIPES}"
    table = [f"| `{name}` | {recipe(name).about} |" for name in key["enum"]]
    return ["## recipe", "", text, "", "| recipe | |", "|---|---|", *table, ""]


RECIPES = """A component of another name (`optimizer: sgd`) replaces the recipe's whole, one without a name \
(`optimizer: {learning_rate: 0.1}`) is the recipe's. `mlptrain check` prints what the recipe has become for the rows \
at hand; a model holds that, and knows no recipe."""


def keys(section: type, properties: Mapping[str, Any]) -> Iterator[str]:
    """A table of the keys of a section."""
    yield "| key | default | what may stand there | |"
    yield "|---|---|---|---|"
    for each in fields(section):
        value = properties[each.name]
        meaning = one_line(value.get("description", ""))
        yield f"| `{each.name}` | {default_of(each)} | {allowed(value)} | {meaning} |"


def default_of(key: Field[Any]) -> str:
    """The default of a key; nothing where it is none, or a section of its own."""
    if key.default is MISSING and key.default_factory is MISSING:
        return "required"
    default = key.default if key.default_factory is MISSING else key.default_factory()
    if default is None or default == "" or type(default) in SECTIONS.values():
        return ""
    return f"`{shown(to_plain(default))}`"


def shown(default: Any) -> str:
    """A default as a spec has it; a component by its name."""
    if isinstance(default, dict):
        return str(default.get("name", "{}"))
    if isinstance(default, list):
        return "[" + ", ".join(map(shown, default)) + "]"
    if default is None or isinstance(default, bool):
        return {None: "none", True: "true", False: "false"}[default]
    return f"{default:g}" if isinstance(default, float) else str(default)


def allowed(value: Mapping[str, Any]) -> str:
    """What a key allows: a name, a kind of value with its bounds, or a choice of these."""
    if "anyOf" in value:
        parts = dict.fromkeys(allowed(part) for part in value["anyOf"] if part.get("type") != "null")
        return " or ".join(part for part in parts if part)
    if "oneOf" in value:
        return ""
    if "enum" in value:
        return ", ".join(f"`{each}`" for each in value["enum"])
    if "const" in value:
        return f"`{value['const']}`"
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        titles = {section.__name__: title for title, section in SECTIONS.items()}
        return f"see [{titles[name]}](#{titles[name].replace('.', '')})" if name in titles else ""
    kind = {"integer": "whole number", "string": "text", "boolean": "`true`, `false`", "array": "list", "object": "map"}
    words = kind.get(value.get("type", ""), value.get("type", ""))
    return " ".join([words, *bounds(value)]).strip()


def bounds(value: Mapping[str, Any]) -> Iterator[str]:
    """The range of a number."""
    marks = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    return (f"{mark} {value[key]:g}" for key, mark in marks.items() if key in value)


def components(schema: Mapping[str, Any], kinds: tuple[type, ...]) -> Iterator[str]:
    """A table of the components of a family."""
    yield "| name | options | |"
    yield "|---|---|---|"
    for kind in kinds:
        definition = schema["$defs"][kind.__name__]
        shared = {"name": kind.__dict__.get("name")}
        shared |= {key.name: key.default for key in fields(FirstOrder)} if issubclass(kind, FirstOrder) else {}
        options = ", ".join(
            f"`{key.name}: {shown(to_plain(key.default))}`"
            for key in fields(kind)
            if key.default is not MISSING and key.default != shared.get(key.name, MISSING)
        )
        names = ", ".join(f"`{name}`" for name in names_of(kind))
        yield f"| {names} | {options} | {one_line(definition['description'])} |"


def one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
