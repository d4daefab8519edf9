"""The reference of the spec as Markdown: every section with its keys, every component with its formula.

All of it is found by walking the types from `Spec`; only examples and the meaning of letters are written by hand.
"""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from typing import Any, get_args, get_origin

from mlptrain.annotations import (
    find_required_fields,
    find_value_shape,
    list_component_names,
    list_union_members,
    read_field_docs,
    read_field_types,
    split_annotation,
    strip_annotation,
)
from mlptrain.engine.metrics import Metric
from mlptrain.plain import to_plain
from mlptrain.spec.examples import EXAMPLES, LETTERS
from mlptrain.spec.fields import Spec
from mlptrain.spec.recipes import list_recipes, load_recipe
from mlptrain.spec.schema import ABOUT_RECIPES, make_bound_schema
from mlptrain.spec.words import SHORT_FORMS

SIGNS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
NOT_FOR_USERS = ("∂", "dx =", "dz =")
"""Paragraphs with these signs are about derivatives; they stay in the code."""
WORDS: Mapping[Any, str] = {int: "whole number", float: "number", str: "text", bool: "`true`, `false`"}
RECIPES = """\
A component of another name (`optimizer: sgd`) replaces the recipe's whole, one without a name \
(`optimizer: {learning_rate: 0.1}`) is the recipe's. `mlptrain check` prints what the recipe has become for the rows \
at hand; a model holds that, and knows no recipe."""


@dataclass(frozen=True)
class Section:
    """A part of a spec: the keys of one dataclass, or a family of components, one of which is chosen."""

    kinds: tuple[type, ...]
    places: tuple[str, ...]
    """The keys that lead to where it stands, the shortest first."""

    @property
    def path(self) -> str:
        """Its name."""
        return self.places[0]

    @property
    def is_family(self) -> bool:
        return bool(list_component_names(self.kinds[0]))

    @property
    def link(self) -> str:
        """A Markdown link to it."""
        return f"[{self.path}](#{self.path.replace('.', '')})"


def make_reference() -> str:
    """The whole reference."""
    sections = find_sections()
    parts = [(section.path, [*describe_section(section, sections)]) for section in sections]
    parts.insert(1, ("recipe", [*tabulate_recipes()]))
    parts.append(("training.monitor", [*tabulate_metrics()]))
    lines = ["# The spec", "", "Made by `mlptrain schema --markdown` from the code.", ""]
    lines += [f"* [{path}](#{path.replace('.', '')})" for path, _ in parts]
    for path, content in parts:
        example = ["", "```yaml", *EXAMPLES[path].splitlines(), "```", ""]
        lines += ["", f"## {path}", "", *content[:1], *example, *content[1:]]
    return "\n".join(lines).rstrip() + "\n"


# Finding the sections.


def find_sections() -> list[Section]:
    """All sections in the order in which a walk from `Spec` reaches them; a part of a family is no other family."""
    places: dict[tuple[type, ...], list[str]] = {}
    for path, kinds in walk_sections(Spec, "", ()):
        whole = next((known for known in places if set(known) >= set(kinds)), kinds)
        places.setdefault(whole, []).append(path)
    return [
        Section(kinds, tuple(sorted(dict.fromkeys(paths), key=lambda path: path.count("."))))
        for kinds, paths in places.items()
    ]


def walk_sections(kind: type, path: str, above: tuple[type, ...]) -> Iterator[tuple[str, tuple[type, ...]]]:
    """The path and the dataclasses of a section, of those below it, and of the families of their components."""
    if not list_component_names(kind):
        yield path or "spec", (kind,)
    for name, hint in read_field_types(kind).items():
        below = f"{path}.{name}".removeprefix(".")
        dataclasses = list_direct_dataclasses(hint)
        if components := tuple(each for each in dataclasses if list_component_names(each)):
            yield below, components
        for each in dataclasses:
            if each not in above:
                yield from walk_sections(each, below, (*above, kind))


def list_direct_dataclasses(kind: Any) -> list[type]:
    """The dataclasses that a key's value may be, or that a list or a map in its place may hold."""
    kind = strip_annotation(kind)
    if is_dataclass(kind):
        return [kind]  # type: ignore[list-item]
    found = [each for part in get_args(kind) if not isinstance(part, str) for each in list_direct_dataclasses(part)]
    return list(dict.fromkeys(found))


# Writing them.


def describe_section(section: Section, sections: Sequence[Section]) -> Iterator[str]:
    """What a section is, and its tables."""
    if section.is_family:
        yield from describe_family(section, sections)
    else:
        (kind,) = section.kinds
        yield format_table_cell(inspect.getdoc(kind) or "")
        yield from tabulate_keys(kind, fields(kind), sections)


def describe_family(section: Section, sections: Sequence[Section]) -> Iterator[str]:
    """What may be chosen, each with its formula; then the keys of each."""
    places = ", ".join(f"`{place}`" for place in section.places[1:])
    others = f" Also at {places}." if places else ""
    yield f"{LETTERS[section.path]}{others}"
    yield "| name | meaning |"
    yield "|---|---|"
    for kind in section.kinds:
        names = ", ".join(f"`{name}`" for name in list_component_names(kind))
        yield f"| {names} | {describe_component(kind)} |"
    shared = find_shared_keys(section.kinds)
    if shared:
        yield from tabulate_shared_keys(section, shared, sections)
    yield from tabulate_own_keys(section, shared, sections)


def tabulate_shared_keys(section: Section, shared: Mapping[str, Any], sections: Sequence[Section]) -> Iterator[str]:
    """The keys that the components of a family have in common."""
    having = [kind for kind in section.kinds if shared.keys() <= read_field_types(kind).keys()]
    but = "".join(f" but `{list_component_names(kind)[0]}`" for kind in section.kinds if kind not in having)
    yield from ["", f"Keys of every one{but}:", ""]
    yield from tabulate_keys(having[0], [each for each in fields(having[0]) if each.name in shared], sections)


def tabulate_own_keys(section: Section, shared: Mapping[str, Any], sections: Sequence[Section]) -> Iterator[str]:
    """The keys that each component of a family has for itself, or with a default of its own."""
    rows = [
        f"| `{list_component_names(kind)[0]}` {format_key_row(each, kind, sections)}"
        for kind in section.kinds
        for each in fields(kind)
        if each.name != "name" and (each.name not in shared or find_default(each) != shared[each.name])
    ]
    if rows:
        yield from ["", "| name | key | default | allowed | meaning |", "|---|---|---|---|---|", *rows]


def find_shared_keys(kinds: Sequence[type]) -> dict[str, Any]:
    """The keys that components inherit from bases that are not components, with their defaults."""
    bases = {
        base for kind in kinds for base in kind.__mro__[1:] if is_dataclass(base) and not list_component_names(base)
    }
    return {each.name: find_default(each) for base in bases for each in fields(base)}


def tabulate_keys(kind: type, keys: Sequence[Field[Any]], sections: Sequence[Section]) -> Iterator[str]:
    """A table of keys of a dataclass."""
    yield "| key | default | allowed | meaning |"
    yield "|---|---|---|---|"
    for each in keys:
        yield format_key_row(each, kind, sections)


def format_key_row(key: Field[Any], kind: type, sections: Sequence[Section]) -> str:
    """One row of a table."""
    meaning = format_table_cell(read_field_docs(kind).get(key.name, ""))
    allowed = describe_allowed_values(read_field_types(kind)[key.name], sections)
    default = (
        "required" if key.name in find_required_fields(kind) else format_default_value(find_default(key), sections)
    )
    return f"| `{key.name}` | {default} | {allowed} | {meaning} |"


def find_default(key: Field[Any]) -> Any:
    return key.default if key.default_factory is MISSING else key.default_factory()


def format_default_value(default: Any, sections: Sequence[Section]) -> str:
    """A default as a spec has it; the empty text for an empty one, and for a section with keys of its own."""
    empty = default is None or default == "" or default == {} or default == ()
    if empty or any(type(default) in section.kinds for section in sections if not section.is_family):
        return ""
    return f"`{format_plain_value(to_plain(default))}`"


def format_plain_value(default: Any) -> str:
    """A plain value as a spec has it; a component by its name."""
    if isinstance(default, dict):
        return str(default["name"])
    if isinstance(default, list):
        return "[" + ", ".join(map(format_plain_value, default)) + "]"
    if default is None or isinstance(default, bool):
        return {None: "none", True: "true", False: "false"}[default]
    return f"{default:g}" if isinstance(default, float) else str(default)


def describe_allowed_values(kind: Any, sections: Sequence[Section]) -> str:
    """What may stand at a key: a link to its section, a kind of value with its bounds, or a choice of these."""
    members = [member for member in list_union_members(kind) if find_value_shape(member) != "nothing"]
    components = {member for member in members if list_component_names(member)}
    said = ["number" for component in SHORT_FORMS if component in components]
    said += [section.link for section in sections if components and set(section.kinds) >= components][:1]
    said += [describe_union_member(member, sections) for member in members if member not in components]
    return " or ".join(said)


def describe_union_member(kind: Any, sections: Sequence[Section]) -> str:
    kind, bounds = split_annotation(kind)
    if is_dataclass(kind):
        return next(section.link for section in sections if kind in section.kinds)
    shape = find_value_shape(kind)
    if shape == "word":
        return ", ".join(f"`{word}`" if word else "nothing" for word in get_args(kind))
    if shape in ("list", "map"):
        inner = describe_allowed_values(get_args(kind)[-1 if get_origin(kind) is Mapping else 0], sections)
        return f"{shape} of {inner}"
    limits = (
        f"{SIGNS[key]} {limit:,}" for each in bounds for key, limit in make_bound_schema(each).items() if key in SIGNS
    )
    return " ".join([WORDS[kind], *limits])


def describe_component(kind: type) -> str:
    """The formula of a component and its description, without the derivatives."""
    first, *others = (inspect.getdoc(kind) or "").split("\n\n")
    kept = [paragraph for paragraph in others if not any(sign in paragraph for sign in NOT_FOR_USERS)]
    return format_table_cell(" ".join([first, *kept]))


def tabulate_recipes() -> Iterator[str]:
    """What `recipe` means, and a table of the recipes."""
    yield f"`recipe: NAME`, beside the other keys: {ABOUT_RECIPES[0].lower()}{ABOUT_RECIPES[1:]} {RECIPES}"
    yield "| recipe | meaning |"
    yield "|---|---|"
    for name in list_recipes():
        yield f"| `{name}` | {load_recipe(name).about} |"


def tabulate_metrics() -> Iterator[str]:
    """What can be watched."""
    yield f"The loss, or a metric. {LETTERS['training.monitor']}"
    yield "| name | target | better | meaning |"
    yield "|---|---|---|---|"
    for kind in get_args(Metric):
        target = "classes" if kind.of_classes else "numbers"
        better = "larger" if kind.larger_is_better else "smaller"
        yield f"| `{list_component_names(kind)[0]}` | {target} | {better} | {describe_component(kind)} |"


def format_table_cell(text: str) -> str:
    """A text on one line of a table."""
    return " ".join(text.split()).replace("|", "\\|")
