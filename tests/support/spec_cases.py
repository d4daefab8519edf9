"""What the spec room's tests share: every place of a spec, one valid value of every type, drawn specs.

All of it is read off the dataclasses: a new field or component is tested before its author writes a test.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
import yaml
from annotated_types import Ge, Gt, Le, Len, Lt
from hypothesis import settings
from hypothesis import strategies as st

from mlptrain.annotations import list_component_names, list_union_members, strip_annotation
from mlptrain.data.column_rules import ColumnRules
from mlptrain.data.grammar import is_number
from mlptrain.engine.lbfgs import LBFGS
from mlptrain.engine.members import Networks
from mlptrain.engine.norms import BatchNorm
from mlptrain.errors import SpecError
from mlptrain.spec.document import NONE
from mlptrain.spec.fields import Data, Images, InitialWeights, LayerSpec, Spec, Split
from mlptrain.spec.file import load_spec, read_spec_fields
from mlptrain.spec.forms import expand_document
from mlptrain.spec.rules import find_contradictions
from mlptrain.spec.yaml_text import parse_document

drawn = settings(derandomize=True, deadline=None, database=None)
"""The same examples on every run, however slow the machine."""

DATA = "data: {train: a.csv, target: y}\n"
Plain = dict[str, Any]


def load(text: str, *overrides: str) -> Spec:
    """The spec of a text, called s.yaml."""
    return load_spec("s.yaml", overrides, text)[0]


def notices(text: str, *overrides: str) -> list[str]:
    """What was read under another name."""
    return load_spec("s.yaml", overrides, text)[1]


def problems(text: str, *overrides: str) -> list[str]:
    """What is wrong with a text; it is an error if nothing is."""
    with pytest.raises(SpecError) as error:
        load_spec("s.yaml", overrides, text)
    assert str(error.value).splitlines() == list(error.value.problems)
    return list(error.value.problems)


def unruled(text: str) -> Spec:
    """The spec of a text, whether or not its parts contradict each other."""
    document = parse_document(text, "s.yaml")
    expand_document(document)
    spec, found = read_spec_fields(document)
    assert not found, found
    assert isinstance(spec, Spec)
    return spec


def dumped(plain: Any) -> str:
    """Plain values as YAML, one key a line; numbers in the shortest form, which YAML 1.1 would take for texts."""
    return yaml.dump(plain, Dumper=Shortest, sort_keys=False, default_flow_style=False)


class Shortest(yaml.SafeDumper):
    """Writes 1e-3 as 1e-3."""


def shortest(dumper: Shortest, value: float) -> yaml.ScalarNode:
    return dumper.represent_scalar(dumper.resolve(yaml.ScalarNode, repr(value), (True, False)), repr(value))


Shortest.add_representer(float, shortest)


def flow(value: Any) -> str:
    """A plain value as YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}'" if value in (",", ".") else str(value)


# Every place of a spec.


@dataclass(frozen=True)
class Site:
    """A field of a spec: where it stands, its type, and a document that has a value there."""

    path: tuple[str | int, ...]
    owner: type
    kind: Any
    place: Callable[[Any], Plain]

    @property
    def dotted(self) -> str:
        return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path).lstrip(".")

    @property
    def components(self) -> list[type]:
        """The components that may stand here."""
        return [kind for kind in choices(self.kind) if list_component_names(kind)]

    def text(self, value: str) -> tuple[str, int]:
        """A spec with some YAML at this place, on a line of its own, and the number of that line."""
        text = dumped(self.place("@@@")).replace("'@@@'", "@@@")
        line = next(number for number, line in enumerate(text.splitlines(), 1) if "@@@" in line)
        return text.replace("@@@", value), line


def choices(kind: Any) -> list[Any]:
    """The types a value may have."""
    return [strip_annotation(member) for member in list_union_members(strip_annotation(kind))]


def required(kind: type) -> Plain:
    """The keys that a section cannot do without."""
    if kind is Spec:
        return {"data": {"train": "a.csv", "target": "y"}}
    if kind is Data:
        return {"train": "a.csv", "target": "y"}
    if kind is LayerSpec:
        return {"units": 3}
    if kind is Images:
        return {"images": "i", "labels": "l"}
    if kind is InitialWeights:
        return {"file": "m.npz"}
    name = list_component_names(kind)
    assert all(each.default is not MISSING or each.default_factory is not MISSING for each in fields(kind))
    return {"name": name[0]} if name else {}


def sites(
    kind: type = Spec, place: Callable[[Plain], Plain] = dict, path: tuple[str | int, ...] = ()
) -> Iterator[Site]:
    """Every field of a section and of the sections below it."""
    for name, hint in get_type_hints(kind, include_extras=True).items():
        if name not in {each.name for each in fields(kind)}:
            continue

        def here(value: Any, name: str = name) -> Plain:
            return place({**required(kind), name: value})

        yield Site((*path, name), kind, hint, here)
        for member in choices(hint):
            if is_dataclass(member):
                yield from below(member, here, (*path, name))
            elif get_origin(member) is tuple:
                for inner in filter(is_dataclass, choices(get_args(member)[0])):
                    yield from below(inner, lambda value, here=here: here([value]), (*path, name, 0))
            elif get_origin(member) is Mapping:
                for inner in filter(is_dataclass, choices(get_args(member)[1])):
                    yield from below(inner, lambda value, here=here: here({"q": value}), (*path, name, "q"))


def below(kind: Any, place: Callable[[Any], Plain], path: tuple[str | int, ...]) -> Iterator[Site]:
    yield from sites(kind, lambda value: place({**required(kind), **value}), path)


SITES = list(sites())


def once(sites: Iterator[Site] | list[Site]) -> list[Site]:
    """Every field of every section and component once, at its deepest place; component names are another matter."""
    by_depth = sorted(sites, key=lambda site: len(site.path))
    return [
        site for site in {(site.owner, site.path[-1]): site for site in by_depth}.values() if site.path[-1] != "name"
    ]


FIELDS = once(SITES)
COMPONENTS = [(site, kind) for site in SITES for kind in site.components]


def label(site: Site) -> str:
    return f"{site.dotted}-{site.owner.__name__}"


# One valid value of every type, as plain values.


def one(kind: Any) -> Any:
    """A plain value of a type."""
    low = max(
        (each.ge if isinstance(each, Ge) else each.gt for each in bounds_of(kind) if isinstance(each, Ge | Gt)),
        default=0,
    )
    kind = strip_annotation(kind)
    if get_origin(kind) in (Union, UnionType):
        return one(next(each for each in list_union_members(kind) if each is not NoneType))
    if get_origin(kind) is Literal:
        return get_args(kind)[-1]
    if get_origin(kind) is tuple:
        return [one(get_args(kind)[0])]
    if is_dataclass(kind):
        return required(kind)
    return {int: low + 6, float: low + 0.25, bool: True, str: "x"}.get(kind, {})


def bounds_of(kind: Any) -> list[Any]:
    """The bounds that a type is annotated with."""
    return list(getattr(kind, "__metadata__", ()))


# Drawn specs.

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=5) | st.sampled_from(
    [
        "no",
        "null",
        "~",
        "1e-3",
        "017",
        "0x1F",
        "1:30",
        "yes",
        "=",
        "<<",
        "a: b",
        "- a",
        "#a",
        "'",
        '"',
        " x ",
        "\n",
        "\t",
        "é",
    ]
)


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a type: every member of every union, numbers within their bounds."""
    bounds = bounds_of(kind)
    kind = strip_annotation(kind)
    if get_origin(kind) in (Union, UnionType):
        return st.one_of(*(in_union(member, choices(kind)) for member in get_args(kind)))
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind))
    if get_origin(kind) is tuple:
        return st.lists(values(get_args(kind)[0]), max_size=3).map(tuple)
    if get_origin(kind) is Mapping or kind is Mapping:
        return st.dictionaries(words, values(get_args(kind)[1]), max_size=2)
    if kind is NoneType:
        return st.none()
    if is_dataclass(kind):
        hints = get_type_hints(kind, include_extras=True)
        return st.builds(kind, **{each.name: values(hints[each.name]) for each in fields(kind)})
    if kind is str:
        length = next((each for each in bounds if isinstance(each, Len)), None)
        return words if length is None else st.characters(exclude_categories=["Cs"])
    return st.booleans() if kind is bool else numbers_within(kind, bounds)


def in_union(kind: Any, others: list[Any]) -> st.SearchStrategy[Any]:
    """Values that the union's other members cannot be taken for: YAML writes a text and a number alike."""
    if strip_annotation(kind) is not str:
        return values(kind)
    numeric, optional = {int, float} & set(others), NoneType in others
    return values(kind).filter(
        lambda text: not (numeric and is_number(text)) and not (optional and text.lower() in NONE)
    )


def numbers_within(kind: type, bounds: list[Any]) -> st.SearchStrategy[Any]:
    least: Any = -(10**17) if kind is int else -1e300
    most: Any = 10**17 if kind is int else 1e300
    exclude = {"exclude_min": False, "exclude_max": False}
    for bound in bounds:
        match bound:
            case Ge(ge=value):
                least = value
            case Gt(gt=value):
                least, exclude["exclude_min"] = value, True
            case Le(le=value):
                most = value
            case Lt(lt=value):
                most, exclude["exclude_max"] = value, True
    if kind is int:
        return st.integers(least + exclude["exclude_min"], most - exclude["exclude_max"])
    return st.floats(least, most, allow_nan=False, **exclude)


def consistent(spec: Spec) -> Spec:
    """The spec with what its parts contradict mended."""
    data, model, training, schedules = spec.data, spec.model, spec.training, spec.schedules
    if isinstance(data.train, Images):
        data = replace(data, train=Images(images=data.train.images, labels="l"))
    data = replace(
        data,
        target="y" if isinstance(data.target, str) else ("y", "z"),
        columns={name: consistent_rules(own) for name, own in data.columns.items() if name not in ("y", "z")},
        sample_weight=None if data.sample_weight in ("y", "z") else data.sample_weight,
        delimiter=None if data.delimiter in ('"', "\r", "\n", "\0", " ") else data.delimiter,
        encoding="cp1252" if data.skip_initial_space else "utf-8",
        thousands="" if data.thousands == data.decimal else data.thousands,
        split=consistent_split(data.split, on_images=isinstance(data.train, Images)),
        train=data.train or "t",
        test=data.test or None,
    )
    layers = len(model.hidden if model.layers is None else model.layers)
    if isinstance(model.dropout, tuple):
        model = replace(model, dropout=(model.dropout * layers)[:layers] if model.dropout else None)
    units = model.hidden if model.layers is None else [layer.units for layer in model.layers]
    blocks = layers > 1 and len(set(units)) == 1
    model = replace(model, residual=layers - 1 if blocks and model.residual else None)
    refit = training.refit and data.split.folds is None and data.split.repeats == 1
    refit = refit and isinstance(data.split.validation, float) and schedules.learning_rate is None
    limit = None if training.time_limit is None else "90s"
    training = replace(training, refit=refit, time_limit=limit)
    if isinstance(spec.optimizer, LBFGS):
        training = replace(training, batch_size="full")
    elif isinstance(model.norm, BatchNorm) or model.layers:
        training = replace(training, batch_size=2)
    if not hasattr(spec.optimizer, "momentum"):
        schedules = replace(schedules, momentum=None)
    networks = spec.members if layers else Networks(count=spec.members.count)
    networks = Networks() if isinstance(spec.optimizer, LBFGS) else networks
    spec = replace(spec, data=data, model=model, training=training, schedules=schedules, members=networks)
    training = replace(spec.training, freeze=tuple(dict.fromkeys(spec.training.freeze)))
    spec = replace(spec, training=training)
    idle = {path[1]: None for path, _ in find_contradictions(spec) if path[0] == "schedules"}
    return replace(spec, schedules=replace(schedules, **idle))


def consistent_rules(own: str | ColumnRules) -> str | ColumnRules:
    """What is said about one column, with contradictions mended."""
    if isinstance(own, str):
        return own
    return replace(
        own,
        scaling=own.scaling if own.type in (None, "number") else None,
        encoding=own.encoding if own.type in (None, "category") else None,
        min_frequency=own.min_frequency if own.type in (None, "category") else None,
        levels=tuple(dict.fromkeys(own.levels)) if own.levels and own.type in (None, "category") else None,
        format="%Y-%m-%d" if own.format is not None and own.type in (None, "date") else None,
    )


def consistent_split(split: Split, *, on_images: bool) -> Split:
    """A split with validation rows, of shares that leave some for training."""
    kind = "random" if on_images and split.type in ("group", "time", "column") else split.type
    split = replace(split, type=kind, column="part" if kind in ("group", "time", "column") else None)
    split = replace(split, test=min(split.test, 0.5), repeats=1 if kind in ("time", "column") else split.repeats)
    if kind == "column":
        return replace(split, validation=0.0, test=0.0, folds=None)
    if split.folds is not None:
        return replace(split, validation=0.0)
    if not split.validation or isinstance(split.validation, float):
        return replace(split, validation=0.25)
    return replace(split, repeats=1)


specs = values(Spec).map(consistent)
