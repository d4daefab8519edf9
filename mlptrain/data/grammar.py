"""The project's own grammar of numbers, for tables and for specs: ASCII digits, one point, an exponent.

No inf, no nan, no 1_000, no 0x10, no digits of other scripts: what Python's `float()` takes beyond this is a mistake
more often than a number.
"""

import re

NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", re.ASCII)


def is_number(text: str) -> bool:
    """Whether a text is a number.

    >>> [is_number(text) for text in ("1e-3", ".5", "1_000", "inf", "")]
    [True, True, False, False, False]
    """
    return NUMBER.fullmatch(text) is not None
