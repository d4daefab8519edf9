"""What is asked of annotations: names, shapes, and which member of a union a value is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import pytest
from annotated_types import Ge

from mlptrain.annotations import (
    choose_union_member,
    find_nested_dataclasses,
    find_required_fields,
    find_value_shape,
    group_members_by_shape,
    list_component_names,
    list_discriminators,
    list_union_members,
    read_field_docs,
    split_annotation,
    strip_annotation,
)


@dataclass(frozen=True, kw_only=True)
class Red:
    """A component."""

    name: Literal["red", "rouge"] = "red"
    shade: float = 0.5
    """How dark."""


@dataclass(frozen=True, kw_only=True)
class Blue(Red):
    """Another one, with a field of the first."""

    name: Literal["blue"] = "blue"  # type: ignore[assignment]
    depth: int = 1
    """In metres,
    below the surface."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """No component."""

    left: str
    right: str | None = None


@dataclass(frozen=True, kw_only=True)
class Triple:
    """No component either."""

    one: int
    two: int = 2


Count = Annotated[int, Ge(1)]
Anything = Red | Blue | tuple[Red, ...] | Count | Literal["whole"] | None


def test_annotations_are_taken_off():
    assert split_annotation(Count) == (int, [Ge(1)])
    assert strip_annotation(Count) is strip_annotation(int) is int
    assert split_annotation(str) == (str, ())


def test_members_are_those_of_unions_within_too():
    assert list_union_members(Anything | Pair) == (
        Red,
        Blue,
        tuple[Red, ...],
        Count,
        Literal["whole"],
        type(None),
        Pair,
    )
    assert list_union_members(int) == (int,)


def test_names_are_those_of_components():
    assert list_component_names(Red) == ("red", "rouge")
    assert list_component_names(Pair) == list_component_names(int) == ()
    assert list_discriminators(Blue) == [("name", ("blue",))]
    assert find_required_fields(Pair) == {"left"}


def test_docs_of_fields_are_inherited():
    assert read_field_docs(Blue) == {"shade": "How dark.", "depth": "In metres,\nbelow the surface."}
    assert list(find_nested_dataclasses(Mapping[str, Pair | tuple[Red, ...]])) == [Pair, Red]


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        *((Red, "map"), (Mapping[str, int], "map"), (tuple[int, ...], "list"), (Count, "number"), (float, "number")),
        *((bool, "truth value"), (Literal["a", "b"], "word"), (str, "text"), (type(None), "nothing")),
    ],
)
def test_every_type_has_a_shape(kind, shape):
    assert find_value_shape(kind) == shape


@pytest.mark.parametrize(
    ("value", "shapes", "member"),
    [
        ({"name": "red"}, ["map"], Red),
        ({"name": "rouge", "depth": 1}, ["map"], Red),
        ({"name": "blue"}, ["map"], Blue),
        ({"name": "green"}, ["map"], None),
        ({"name": ["red"]}, ["map"], None),
        ({}, ["map"], None),
        ([], ["list"], tuple[Red, ...]),
        (3, ["number"], Count),
        ("3", ["number", "word", "text"], Count),
        ("full", ["word", "text"], Literal["full"]),
        ("empty", ["word", "text"], Literal["full"]),
        (None, ["nothing"], type(None)),
        (True, ["truth value"], Count),
    ],
)
def test_a_member_is_chosen_by_shape_and_then_by_name(value, shapes, member):
    """A value of a shape that no member has is taken for the first that is no component: one fault, not many."""
    union = Count | Literal["full"] | tuple[Red, ...] | Red | Blue | None
    assert choose_union_member(union, value, shapes) == member


def test_dataclasses_without_names_are_told_apart_by_their_keys():
    assert choose_union_member(Pair | Triple, {"left": 1}, ["map"]) is Pair
    assert choose_union_member(Pair | Triple, {"two": 1}, ["map"]) is Triple
    assert choose_union_member(Pair | Triple, {"left": 1, "two": 1}, ["map"]) is None
    assert choose_union_member(Pair | None, {"no such key": 1}, ["map"]) is Pair


def test_a_text_may_be_any_word():
    assert group_members_by_shape(Literal["auto"] | str).keys() == {"text"}
    assert choose_union_member(Literal["auto"] | str, "x", ["word", "text"]) is str
