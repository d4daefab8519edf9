"""What a page is made of: sections of paragraphs, tables, drawings and listings. The template has a form for each.

All texts are as they are; the template escapes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from mlptrain.reporting.svg import Chart

MOST_ROWS = 200
"""Rows of a table; of the others it says how many they are."""

HALF = 500
"""The pixels of half of the page."""
Cell = str | Chart


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """A sentence or several."""

    kind: ClassVar[str] = "paragraph"

    text: str
    quiet: bool = False
    """Whether it only says how to read what is beside it."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of texts and small drawings; the first cell of each row names it."""

    kind: ClassVar[str] = "table"

    name: str
    """What it holds, for who hears it."""
    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    numbers: int = 1
    """The first column of numbers, which stand to the right; those before it are texts."""
    texts: Sequence[int] = ()
    """Later columns that are texts all the same."""
    prose: Sequence[int] = ()
    """Columns of sentences, which are broken into lines."""
    heading: str = ""
    """What stands above it; empty where the section says it."""
    folded: bool = False
    """Whether it is opened by a click only."""

    @property
    def shown_rows(self) -> Sequence[Sequence[Cell]]:
        """The rows that there is room for."""
        return self.rows[:MOST_ROWS]

    @property
    def left_out(self) -> int:
        """How many rows are not shown."""
        return len(self.rows) - len(self.shown_rows)

    def is_text(self, column: int) -> bool:
        """Whether a column is of texts, which stand to the left."""
        return column < self.numbers or column in self.texts


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A drawing with what it shows, and its numbers where they are nowhere else."""

    kind: ClassVar[str] = "figure"

    heading: str
    chart: Chart
    remark: str = ""
    table: Table | None = None

    @property
    def is_wide(self) -> bool:
        """Whether it takes more than half of the page."""
        return self.chart.width > HALF


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Blocks beside each other where there is room for two."""

    kind: ClassVar[str] = "grid"

    blocks: Sequence["Block"]


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Blocks below each other that are one block of a grid."""

    kind: ClassVar[str] = "stack"

    blocks: Sequence["Block"]


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Lines to be copied."""

    kind: ClassVar[str] = "listing"

    name: str
    lines: Sequence[str]
    folded: bool = False


@dataclass(frozen=True, kw_only=True)
class Fold:
    """Sections that are opened by a click only."""

    kind: ClassVar[str] = "fold"

    name: str
    sections: Sequence["Section"]


Block = Paragraph | Table | Figure | Grid | Stack | Listing | Fold


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the page, to which an address leads."""

    id: str
    title: str
    short: str
    """Its title in the row of links."""
    blocks: Sequence[Block]


@dataclass(frozen=True, kw_only=True)
class Card:
    """A number at the head of the page."""

    name: str
    value: str
    remarks: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Remark:
    """Something that stands out, and the section that shows it."""

    code: str
    title: str
    sentence: str
    section: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """A whole page."""

    title: str
    lead: str
    warnings: Sequence[str]
    """What is to be known before a number is believed."""
    cards: Sequence[Card]
    remarks: Sequence[Remark]
    muted: str
    """A sentence about remarks that were left out; empty for none."""
    sections: Sequence[Section]
    foot: str


def explain_absence(why: str) -> list[Block]:
    """The reason in place of what could not be found."""
    why = why or "this was not looked at"
    return [Paragraph(text=f"{why[:1].upper()}{why[1:]}.", quiet=True)]


def fold_numbers(headings: Sequence[str], rows: Sequence[Sequence[str]], name: str) -> Table:
    """The numbers under a drawing."""
    return Table(name=f"numbers: {name}", headings=headings, rows=rows, folded=True)
