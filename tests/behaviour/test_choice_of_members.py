"""Which member of a union a value is: the same in short forms, in reading, in stored specs and in the JSON Schema."""

import json
from typing import Any

import pytest
from hypothesis import given, settings

from mlptrain.annotations import (
    choose_union_member,
    find_value_shape,
    group_members_by_shape,
    is_union,
    list_discriminators,
    list_union_members,
)
from mlptrain.plain import JsonNotation, from_plain, to_plain
from mlptrain.spec.fields import Spec
from mlptrain.spec.file import read_spec_fields
from mlptrain.spec.forms import expand_document
from mlptrain.spec.scalars import list_possible_shapes
from mlptrain.spec.schema import make_type_schema
from mlptrain.spec.values import make_document_from_values
from mlptrain.spec.yaml_text import parse_document
from tests.spec.test_fields import with_another
from tests.spec.test_schema import SCHEMA, allows
from tests.support.spec_cases import FIELDS, drawn, dumped, label, one, specs, unruled

UNIONS = [site for site in FIELDS if is_union(site.kind)]
MEMBERS = [(site, member) for site in UNIONS for member in list_union_members(site.kind)]


def at(tree: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        tree = tree[step]
    return tree


@pytest.mark.parametrize("site", UNIONS, ids=label)
def test_members_of_one_shape_are_dataclasses_of_different_names(site):
    for members in group_members_by_shape(site.kind).values():
        names = [name for member in members for _, name in list_discriminators(member)]
        assert len(members) == 1 or len(names) == len(members)
        assert len({name for each in names for name in each}) == sum(map(len, names))


@pytest.mark.parametrize(("site", "member"), MEMBERS, ids=lambda part: getattr(part, "dotted", None) or str(part)[:30])
def test_every_member_is_the_same_one_in_every_use(site, member):
    value = None if find_value_shape(member) == "nothing" else json.loads(json.dumps(to_plain_one(member)))
    plain = site.place(value)
    document = parse_document(dumped(plain), "s.yaml")
    expand_document(document)
    opened = at(document.tree, site.path)
    assert choose_union_member(site.kind, value, JsonNotation().list_shapes(value)) == member
    assert choose_union_member(site.kind, opened, list_possible_shapes(opened)) == member
    assert unruled(dumped(plain)) == from_plain(Spec, plain)
    assert allows(make_type_schema(member), value)


def to_plain_one(member: Any) -> Any:
    """A plain value of a member; a text that no other member can be taken for."""
    return "t" if find_value_shape(member) == "text" else one(member)


PARTS = [-1, 0.5, 2, 10**20, "no such word", [], ["x"], [[]], True, None, {"no such key": 1}, {"name": "no such name"}]


def is_read(plain: Any) -> bool:
    """Whether each part of a spec in Python values is right by itself."""
    document = make_document_from_values(plain)
    expand_document(document)
    return not read_spec_fields(document)[1]


def is_stored(plain: Any) -> bool:
    try:
        from_plain(Spec, plain)
    except ValueError:
        return False
    return True


@settings(drawn, max_examples=1)
@given(specs)
def test_the_schema_allows_what_is_read_and_refuses_what_is_not(spec):
    """Of values in JSON's types: in a spec's own text, any number may be a text as well.

    Every part stands at every third place, and every place has every third part.
    """
    plain = json.loads(json.dumps(to_plain(spec)))
    for number, part in enumerate(PARTS):
        for other in with_another(plain, part)[number % 3 :: 3]:
            allowed = allows(SCHEMA, other)
            assert is_read(other) or not allowed, other
            assert allowed or not is_stored(other), other
