"""Lines of styled text, and the signs in them that an encoding may lack."""

from dataclasses import dataclass
from typing import Literal

Style = Literal["", "quiet", "strong", "train", "validation", "best"]
Line = list[tuple[str, Style]]


@dataclass(frozen=True)
class Glyphs:
    """The signs that a terminal's encoding may lack."""

    best: str
    rule: str
    done: str
    left: str
    ascii: bool


UNICODE = Glyphs(best="★", rule="─", done="━", left="─", ascii=False)
ASCII = Glyphs(best="*", rule="-", done="=", left="-", ascii=True)


def choose_glyphs(encoding: str | None) -> Glyphs:
    """The signs of an encoding: those of ASCII unless it is one of Unicode's.

    >>> choose_glyphs("utf-8").best, choose_glyphs("cp1252").best, choose_glyphs(None).best
    ('★', '*', '*')
    """
    return UNICODE if (encoding or "").lower().startswith("utf") else ASCII
