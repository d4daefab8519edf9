"""Blanks of any kind around a text, which mean nothing: not around a level, nor around a number or a date."""

SPACES = (*range(9, 14), *range(28, 33), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F)
"""What Python takes for blanks, but for U+3000: tabs, ends of lines, no-break and thin ones."""
ZERO_WIDTH = (
    0xAD,
    0x34F,
    0x61C,
    0x180E,
    *range(0x200B, 0x2010),
    *range(0x202A, 0x202F),
    *range(0x2060, 0x2070),
    0xFEFF,
)
"""Blanks, hyphens and marks of direction that have no width, which Python takes for letters."""
BLANKS = "".join(map(chr, (*SPACES, 0x3000, *ZERO_WIDTH)))


def strip_blanks(text: str) -> str:
    r"""The text without blanks of any kind around it, its letters as they are written.

    >>> strip_blanks("\u00a0\u200b 0.37\t\u200e")
    '0.37'
    """
    return text.strip() if text.isascii() else text.strip(BLANKS)


def is_blank(text: str) -> bool:
    """Whether a text has nothing but blanks of any kind."""
    return not strip_blanks(text)
