"""What the cure of a faulty cell proposes: ways to write numbers, formats of dates. A cure is worded for a spec; others
who have none to mend read it here.
"""

import re
from collections.abc import Sequence

SETTING = re.compile(r"\bdata\.(?P<key>\w+)(?:: (?P<value>\"[^\"]*\"|\[[^\]]*\]|[^\s;,()]+))?")
"""A key of the spec in a message, and its value if there is one."""
FORMATS = re.compile(r"give the column's format(?: \((?P<forms>.*)\))?$")
NUMBER_WAYS = re.compile(r"give (?P<ways>data\..*?)(?: \(with U\+[^)]*\))?; or ")


def list_number_ways(cure: str) -> Sequence[str]:
    """The ways to write numbers that a cure proposes."""
    found = NUMBER_WAYS.search(cure)
    return found["ways"].split(" or ") if found else ()


def list_date_formats(cure: str) -> Sequence[str]:
    """The formats of dates that a cure proposes."""
    found = FORMATS.search(cure)
    return found["forms"].split(" or ") if found and found["forms"] else ()
