"""Dataclasses ↔ JSON's types: a round trip, strict types and bounds, and every fault where it is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pytest
from annotated_types import Ge, Gt, Le, Len, Lt
from hypothesis import given, settings
from hypothesis import strategies as st

from mlptrain.plain import FAULTY, JsonNotation, Reader, from_plain, to_plain

drawn = settings(derandomize=True, deadline=None, database=None)


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """A leaf."""

    name: Literal["leaf"] = "leaf"
    weight: Annotated[float, Gt(0), Lt(10)] = 1.0


@dataclass(frozen=True, kw_only=True)
class Branch:
    """A branch."""

    name: Literal["branch"] = "branch"
    leaves: tuple[Leaf, ...] = ()
    count: Annotated[int, Ge(0), Le(9)] | None = None


@dataclass(frozen=True, kw_only=True)
class Tree:
    """A tree."""

    parts: Mapping[str, Leaf | Branch]
    sizes: tuple[float, ...] = ()
    words: tuple[str, ...] = ()
    nothing: tuple[()] = ()
    letter: Annotated[str, Len(1, 1)] = "a"
    green: bool = True
    crown: Leaf = field(default_factory=Leaf)


numbers = st.floats(0, 10, exclude_min=True, exclude_max=True)
leaves = st.builds(Leaf, weight=numbers)
branches = st.builds(Branch, leaves=st.lists(leaves, max_size=3).map(tuple), count=st.none() | st.integers(0, 9))
trees = st.builds(
    Tree,
    parts=st.dictionaries(st.text(max_size=3), leaves | branches, max_size=3),
    sizes=st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=3).map(tuple),
    words=st.lists(st.text(max_size=3), max_size=3).map(tuple),
    letter=st.text(min_size=1, max_size=1),
    green=st.booleans(),
    crown=leaves,
)


@drawn
@given(trees)
def test_what_was_made_plain_is_read_back(tree):
    plain = to_plain(tree)
    assert from_plain(Tree, plain) == tree
    assert from_plain(Tree, json.loads(json.dumps(plain))) == tree
    assert to_plain(from_plain(Tree, plain)) == plain


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *((int, True), (int, 2.0), (int, "2"), (float, True), (float, "2"), (bool, 1), (str, 1), (str, None)),
        *((tuple[int, ...], (1, 2)), (tuple[float, ...], [1.0, True]), (tuple[str, ...], ["a", 1]), (tuple[()], [1])),
        *((Literal["a"], "b"), (Literal["a"], ["a"]), (Mapping[str, int], [1]), (Mapping[str, int], {"a": "1"})),
        *((int | None, "x"), (Leaf | Branch, {"name": "root"}), (Leaf | Branch, {}), (Leaf | Branch, "leaf")),
        *((Leaf, {"weight": 0}), (Leaf, {"weight": 10}), (Leaf, {"colour": 1}), (Leaf, "leaf"), (Tree, {})),
        *((Annotated[str, Len(1, 1)], ""), (Annotated[str, Len(1, 1)], "ab"), (int, 2**70 * 1.0)),
    ],
)
def test_a_value_of_another_type_is_refused(kind, value):
    with pytest.raises(ValueError, match="is"):
        from_plain(kind, value)


def test_whole_numbers_are_numbers():
    assert from_plain(float, 2) == 2.0
    assert type(from_plain(float, 2)) is float
    assert from_plain(tuple[float, ...], [1, 2.5]) == (1.0, 2.5)
    assert from_plain(Branch, {"count": None}) == Branch()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"parts": {"p": {"name": "branch", "leaves": [{"weight": 99}]}}}, "parts: p: leaves: weight: 99.0 is out of"),
        ({"parts": {"p": {"name": "root"}}}, "parts: p: a map is not of any kind that is known here"),
        ({"crown": {"colour": 1}}, "crown: 'colour' is no key of Leaf"),
        ({"k" * 500: 1}, "'kkk"),
        ({"parts": {"k" * 500: 1}}, f"parts: {'k' * 80}: 1 is not"),
    ],
)
def test_a_refusal_says_where(change, said):
    with pytest.raises(ValueError, match="is") as error:
        from_plain(Tree, {"parts": {}} | change)
    assert str(error.value).startswith(said)
    assert len(str(error.value)) < 250


def read(kind: Any, value: Any) -> tuple[Any, list[tuple[Any, ...]]]:
    """The value, and the paths of its faults."""
    faults: list[tuple[Any, ...]] = []
    return Reader(JsonNotation(), lambda fault: faults.append(fault.path)).read(kind, value, ()), faults


FAULTS = {
    ("parts", "p", "weight"): {"parts": {"p": {"name": "leaf", "weight": -1}}},
    ("parts", "q", "leaves", 1, "weight"): {"parts": {"q": {"name": "branch", "leaves": [{}, {"weight": "x"}]}}},
    ("sizes", 1): {"sizes": [1.0, "x"]},
    ("words",): {"words": "x"},
    ("letter",): {"letter": ""},
    ("green",): {"green": 1},
    ("crown", "colour"): {"crown": {"colour": 1}},
    ("twig",): {"twig": 1},
}


@drawn
@given(st.sets(st.sampled_from(list(FAULTS))))
def test_every_fault_is_reported_and_none_else(paths):
    plain: dict[str, Any] = {"parts": {}}
    for path in paths:
        for key, value in FAULTS[path].items():
            plain[key] = plain[key] | value if key == "parts" else value
    found, faults = read(Tree, plain)
    assert set(faults) == set(paths)
    assert len(faults) == len(paths)
    assert (found is FAULTY) == bool(paths)


def test_a_missing_key_is_a_fault_of_the_map():
    assert read(Tree, {}) == (FAULTY, [("parts",)])
