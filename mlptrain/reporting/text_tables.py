"""Tables and numbers as aligned text: what the results of several commands have in common."""

from collections.abc import Mapping, Sequence

from mlptrain.figures import format_figure
from mlptrain.reporting.text import escape_text

REFIT = "train: the refit on all rows; validation: the network before it, which had not seen these rows"
"""What the metrics of a refitted network are of."""


def align_rows(rows: Sequence[Sequence[str]], indent: str = "  ") -> str:
    """Rows as columns, the first one left, the others right."""
    widths = [max(len(row[position]) for row in rows) for position in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if not k else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append((indent + "  ".join(cells)).rstrip())
    return "\n".join(lines)


def format_metrics(parts: Mapping[str, Mapping[str, float | None]]) -> str:
    """Metrics as rows, parts as columns."""
    names = list(next(iter(parts.values())))
    return align_rows(
        [["", *parts], *([name, *(format_figure(values[name]) for values in parts.values())] for name in names)]
    )


def escape_and_indent_text(text: str) -> str:
    """Lines of a user's text, safe for a terminal and indented."""
    return "\n".join(f"  {escape_text(line, 2000)}" for line in text.splitlines())


def format_size(size: int) -> str:
    """A number of bytes for people.

    >>> [format_size(size) for size in (900, 12_345, 123_456_789)]
    ['900 bytes', '12.1 KiB', '117.7 MiB']
    """
    for factor, unit in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if size >= factor:
            return f"{size / factor:,.1f} {unit}"
    return f"{size} bytes"
