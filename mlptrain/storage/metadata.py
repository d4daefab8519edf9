"""The JSON of a model file: read strictly, and in an amount of memory that is known before it is read.

What a text becomes in Python is many times its size (`[]` is 64 bytes), so the text is weighed first: its signs are
counted outside of its strings, and each stands for the most that it can become.
"""

import json
import re
from collections.abc import Iterable
from itertools import accumulate
from math import isfinite
from typing import Any

from mlptrain.errors import EnvironmentFailure

Json = dict[str, Any]

LARGEST, DEEPEST, MOST_DIGITS = 1 << 24, 32, 20
ROOM = 50 << 20
"""Bytes of memory that the JSON may take beside its own size; the rest of 64 MiB is for everything else."""

OBJECT, ARRAY, VALUE, ENTRY, KEY, NOT_ASCII = 225, 110, 72, 45, 190, 25
"""The most memory that {, [, a comma, a colon and a new key stand for, once the JSON has become dataclasses; and what a
text that is not ASCII takes more."""

STRING = re.compile(rb'"[^"]*"(\s*:)?')
HALF = re.compile(rb"\\u[dD][89a-fA-F]")
BRACKETS = bytes(sign for sign in range(256) if sign not in b"[]{}")


def require_readable_metadata(text: bytes) -> None:
    """Refuse to write what could not be read again."""
    try:
        check_json_limits(text)
    except ValueError as problem:
        cure = "raise data.min_frequency, or encode or ignore the columns of very many categories"
        raise EnvironmentFailure(f"the model's columns do not fit into a model file: {problem}; {cure}") from None


def check_json_limits(text: bytes) -> None:
    """Refuse a text that is too large, too deep, or would become too large in memory."""
    if len(text) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST >> 20} MiB")
    outline, keys = strip_json_strings(text)
    if estimate_json_memory(text, outline, keys) > ROOM + len(text):
        raise ValueError("it holds too many values")
    if measure_depth(outline) > DEEPEST:
        raise ValueError(f"it is nested more than {DEEPEST} levels deep")


def parse_json(text: bytes) -> Any:
    """JSON in UTF-8 without what Python's reader lets through: repeated keys, NaN, infinities, half characters."""
    check_json_limits(text)
    if HALF.search(text.replace(b"\\\\", b"__")):
        raise ValueError("it has half a character")
    return json.loads(
        text.decode(),
        object_pairs_hook=refuse_repeats,
        parse_float=parse_finite,
        parse_int=parse_whole,
        parse_constant=parse_finite,
    )


def strip_json_strings(text: bytes) -> tuple[bytes, int]:
    """What stands outside of the strings, and how many different keys there are."""
    whole = text.replace(b"\\\\", b"__").replace(b'\\"', b"__")
    outline, keys, place = bytearray(), set(), 0
    for string in STRING.finditer(whole):
        outline += whole[place : string.start()]
        place = string.end()
        if string[1]:
            outline += b":"
            keys.add(string[0])
            if len(keys) * KEY > ROOM + len(text):
                raise ValueError("it has too many different keys")
    return bytes(outline + whole[place:]), len(keys)


def estimate_json_memory(text: bytes, outline: bytes, keys: int) -> int:
    """The most memory that the text, decoded, and what it becomes can take."""
    largest = 0 if text.isascii() else max(text)
    width = 1 if largest < 0xC4 else 2 if largest < 0xF0 else 4  # bytes of a character, once it is decoded
    more = NOT_ASCII if largest else 0
    signs = OBJECT * outline.count(b"{") + ARRAY * outline.count(b"[")
    return (
        2 * width * len(text)
        + signs
        + (VALUE + more) * (outline.count(b",") + 1)
        + ENTRY * outline.count(b":")
        + (KEY + more) * keys
    )


def measure_depth(outline: bytes) -> int:
    """How deep the brackets are nested."""
    steps: Iterable[int] = (1 if sign in b"[{" else -1 for sign in outline.translate(None, BRACKETS))
    return max(accumulate(steps), default=0)


def refuse_repeats(pairs: list[tuple[str, Any]]) -> Json:
    """The JSON object of these pairs; a ValueError if a key repeats."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a key is there twice")
    return made


def parse_finite(digits: str) -> float:
    """A number that is finite."""
    if not isfinite(value := float(digits)):
        raise ValueError(f"{digits[:20]} is not a finite number")
    return value


def parse_whole(digits: str) -> int:
    """A whole number of not too many digits."""
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"{digits[:20]} has too many digits")
    return int(digits)
