"""The grammar of a spec's scalars: each text is read as the type that its key wants; nothing is guessed."""

import re
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from types import NoneType
from typing import Any

from mlptrain.annotations import Shape
from mlptrain.data.grammar import is_number


def parse_whole_number(text: Any) -> int:
    if isinstance(text, str) and re.fullmatch(r"[-+]?(0|[1-9][0-9]{0,99})", text, re.ASCII):
        return int(text)
    raise ValueError("write a whole number such as 64")


def parse_real_number(text: Any) -> float:
    if isinstance(text, str) and is_number(text) and not re.match(r"[-+]?0[0-9]", text) and isfinite(float(text)):
        return float(text)
    raise ValueError("write a number such as 0.001 or 1e-3")


def parse_truth_value(text: Any) -> bool:
    if text in ("true", "false"):
        return bool(text == "true")
    raise ValueError("write true or false")


def require_text(text: Any) -> str:
    if isinstance(text, str):
        return text
    raise ValueError("write a text")


def require_nothing(value: Any) -> None:
    """None; `spec/forms.py` has already put None where a text means nothing."""
    if value is not None:
        raise ValueError("write none")


GRAMMAR: Mapping[Any, Callable[[Any], Any]] = {
    **{int: parse_whole_number, float: parse_real_number, bool: parse_truth_value},
    **{str: require_text, NoneType: require_nothing},
}


def list_possible_shapes(value: Any) -> Sequence[Shape]:
    """How a part of a spec may be understood, the likeliest first; a text that is a number is one where it may be."""
    if value is None:
        return ["nothing"]
    if isinstance(value, dict | list):
        return ["map"] if isinstance(value, dict) else ["list"]
    as_text: list[Shape] = ["word", "text", "number"]
    return ["number", *as_text] if is_number(value) else as_text
