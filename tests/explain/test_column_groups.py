"""Groups of columns: joined by ties, read from texts whatever the names hold, refused by name."""

import numpy as np
import pytest

from mlptrain.errors import SpecError
from mlptrain.explain.column_groups import Partner, check_groups, find_partners, join_tied_columns, parse_groups

NAMES = ["a", "b", "c", "d"]
TIES = np.array([[1, 0.8, 0.2, 0], [0.8, 1, 0.9, 0.1], [0.2, 0.9, 1, 0], [0, 0.1, 0, 1]])


def test_ties_join_also_through_others():
    assert join_tied_columns(NAMES, TIES) == [("a", "b", "c")]
    assert join_tied_columns(NAMES, np.eye(4)) == []


def test_the_order_of_the_columns_makes_no_difference():
    turned = TIES[::-1, ::-1]
    assert join_tied_columns(NAMES[::-1], turned) == join_tied_columns(NAMES, TIES)
    assert find_partners(NAMES[::-1], turned) == find_partners(NAMES, TIES)


def test_the_partner_is_the_closest_tied_column():
    assert find_partners(NAMES, TIES) == {"a": Partner("b", 0.8), "b": Partner("c", 0.9), "c": Partner("b", 0.9)}
    equal = np.array([[1, 0.8, 0.8], [0.8, 1, 0], [0.8, 0, 1]])
    assert find_partners(["x", "z", "y"], equal)["x"] == Partner("y", 0.8)
    assert find_partners(["x"], np.eye(1)) == {}


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("a+b,c", [("a", "b"), ("c",)]),
        (" a + b , c+d", [("a", "b"), ("c", "d")]),
        ("x+y+a", [("x+y", "a")]),
        ("x,z+x+y", [("x,z", "x+y")]),
    ],
)
def test_names_may_hold_the_signs(text, groups):
    assert parse_groups(text, [*NAMES, "x", "x+y", "x,z"]) == groups


@pytest.mark.parametrize("text", ["", "a+", "a,,b", "e", "a+e", "ab"])
def test_what_is_no_column_is_named(text):
    with pytest.raises(SpecError, match=r"groups: '.*' is no column of the model"):
        parse_groups(text, NAMES)


def test_groups_that_are_given():
    assert check_groups([("b", "a"), ("c",)], NAMES) == [("a", "b")]
    for groups in ([("a", "b"), ("b", "c")], [("a", "a")]):
        with pytest.raises(SpecError, match="is named twice"):
            check_groups(groups, NAMES)
    with pytest.raises(SpecError, match="'aa' is no column of the model"):
        check_groups([("aa", "b")], NAMES)
