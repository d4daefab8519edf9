"""Tables and numbers as aligned text: what the results of several commands have in common."""

from collections.abc import Mapping, Sequence

from mlptrain.figures import format_figure
from mlptrain.reporting.terminal import ANYWHERE, Paint, Terminal, measure_width
from mlptrain.reporting.text import escape_text

REFIT = "train: the refit on all rows; validation: the network before it, which had not seen these rows"
"""What the metrics of a refitted network are of."""
GAP = 2
"""Spaces between two columns."""
TABLE_WIDTH = 80
"""The width that tables of many metrics keep to where lines may be of any length."""
Rows = Sequence[Sequence[str]]


def align_rows(
    rows: Rows, indent: str = "  ", *, terminal: Terminal = ANYWHERE, paints: Sequence[Paint] = (), left: int = 1
) -> str:
    """Rows as columns, the first `left` to the left, the others to the right; columns in their paints."""
    widths = measure_columns(rows)
    painted = [*paints, *[""] * len(widths)]
    lines = []
    for row in rows:
        cells = [
            terminal.paint(pad_cell(cell, width, left=position < left), painted[position])  # type: ignore[arg-type]
            for position, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append((indent + (" " * GAP).join(cells)).rstrip())
    return "\n".join(lines)


def pad_cell(cell: str, width: int, *, left: bool) -> str:
    """A cell with spaces up to the width of its column."""
    room = " " * (width - measure_width(cell))
    return cell + room if left else room + cell


def measure_columns(rows: Rows) -> list[int]:
    """The width of each column."""
    return [max(measure_width(row[position]) for row in rows) for position in range(len(rows[0]))]


def drop_columns(
    rows: Rows, terminal: Terminal, *, keep: int = 2, indent: int = 2
) -> tuple[list[Sequence[str]], list[str]]:
    """The rows without the columns that the terminal has no room for, and the headings of those.

    The last columns go first; the first `keep` always stay.
    """
    widths = measure_columns(rows)
    count = len(widths)
    while count > keep and not terminal.has_room(indent + sum(widths[:count]) + GAP * (count - 1)):
        count -= 1
    return [row[:count] for row in rows], list(rows[0][count:])


def describe_dropped_columns(names: Sequence[str], terminal: Terminal) -> list[str]:
    """A line that says which columns a narrow terminal does not show, if any."""
    return [terminal.wrap(f"  (no room for {', '.join(names)}; --json has all)", "   ")] if names else []


def format_metrics(
    parts: Mapping[str, Mapping[str, float | None]], names: Sequence[str] = (), *, terminal: Terminal = ANYWHERE
) -> str:
    """Metrics as rows, parts as columns; `names` says which of them, in order, all by default."""
    paints: list[Paint] = ["", *(PART_PAINTS.get(part, "") for part in parts)]
    shown, dropped = drop_columns(tabulate_metrics(parts, names), terminal)
    return "\n".join(
        [align_rows(shown, terminal=terminal, paints=paints), *describe_dropped_columns(dropped, terminal)]
    )


def tabulate_metrics(parts: Mapping[str, Mapping[str, float | None]], names: Sequence[str] = ()) -> list[list[str]]:
    """Metrics as rows, all or those of the names, below a row of the parts."""
    names = names or list(next(iter(parts.values())))
    return [["", *parts], *([name, *(format_figure(values[name]) for values in parts.values())] for name in names)]


PART_PAINTS: Mapping[str, Paint] = {"train": "train", "validation": "validation"}
"""The colours of the parts, those of the live picture."""


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
