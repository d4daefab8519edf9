"""Copied definitions: all that is needed, nothing else, and the copy means the same."""

import ast

from mlptrain.export.definitions import collect_definitions, list_defined_names

FIRST = '''"""A module."""

import json
import math
from collections.abc import Iterable, Mapping
from functools import cache

from mlptrain.errors import SpecError

LIMIT = 3
"""The limit."""
OTHER = math.pi


def double(x):
    return 2 * x


@cache
def halve(x):
    return x / LIMIT


class Unused:
    """Nobody."""
'''
SECOND = """
import math
from collections.abc import Sequence


def halve(x: Sequence) -> float:
    return math.sqrt(double(x))


double = getattr(math, "fsum", double)
"""


def test_what_is_needed_is_there_and_nothing_else():
    text = collect_definitions([FIRST], ["halve"])
    assert list_defined_names(text) == {"halve", "LIMIT"}
    assert text.startswith("from functools import cache\n")
    assert '"""The limit."""' in text
    assert "@cache\ndef halve" in text
    assert "json" not in text


def test_of_two_definitions_the_later_part_counts():
    text = collect_definitions([FIRST, SECOND], ["halve"])
    assert list_defined_names(text) == {"halve", "double"}
    assert "LIMIT" not in text
    assert "import math\nfrom collections.abc import Sequence\n" in text


def test_what_is_ours_is_not_imported():
    assert "mlptrain" not in collect_definitions([FIRST, "def fail():\n    raise SpecError\n"], ["fail"])


def test_a_name_that_is_defined_twice_in_a_part_stays_twice():
    part = "def double(x):\n    return 2 * x\n\n\ndouble = min(double, double)\n"
    assert len(ast.parse(collect_definitions([part], ["double"])).body) == 2
