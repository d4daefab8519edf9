"""Bars drawn with characters, by eighths of a cell where the encoding has the signs."""

EIGHTHS = "▏▎▍▌▋▊▉█"
"""A bar's last cell, filled by eighths."""
BAR_WIDTH = 10


def choose_bar_signs(encoding: str | None) -> str:
    """The signs of bars: eighths of a block, or # where an encoding has no blocks."""
    try:
        EIGHTHS.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return "#"
    return EIGHTHS


def draw_bar(share: float, signs: str = EIGHTHS, width: int = BAR_WIDTH) -> str:
    """A bar of a share of its width; at least the thinnest sign of what is above 0.

    >>> draw_bar(0.5, width=3), draw_bar(0.5, "#", width=3), draw_bar(1e-9, width=3), draw_bar(-1, width=3)
    ('█▌ ', '## ', '▏  ', '   ')
    """
    units = round(min(max(share, 0), 1) * width * len(signs))
    whole, rest = divmod(max(units, share > 0), len(signs))
    return (signs[-1] * whole + signs[rest - 1] * (rest > 0)).ljust(width)
