"""Cells that a fitted column cannot take as they are, missing, unseen or far out: which they are, and their counts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.table import Table
from mlptrain.errors import DataError

Flags = NDArray[np.bool_]

BEYOND = 1000
"""A number is far out if it lies so many training standard deviations beyond all training numbers."""
FAR_OUT = f"more than {BEYOND} standard deviations below or above all of training"

KINDS = {
    "filled": "is missing",
    "unseen": "is no value that training saw",
    "beyond": f"is {FAR_OUT}",
    "with_zone": "has a zone, and no time of training had one",
    "without_zone": "has no zone, and all times of training had one",
}
"""What can be odd about a cell, and what is said of it: the fields of `OddRows` and `OddCells`."""


@dataclass
class OddRows:
    """By column, which rows have an odd cell as one network sees them; a column without any is left out."""

    columns: Collection[str] = ()
    """The columns that the network looks at."""
    filled: dict[str, Flags] = field(default_factory=dict)
    unseen: dict[str, Flags] = field(default_factory=dict)
    beyond: dict[str, Flags] = field(default_factory=dict)
    with_zone: dict[str, Flags] = field(default_factory=dict)
    without_zone: dict[str, Flags] = field(default_factory=dict)
    hints: dict[str, str] = field(default_factory=dict)
    """What an unseen value of a column may have been meant as."""
    fractions: set[str] = field(default_factory=set)
    """The columns with fractions, targets among them, that had whole numbers only in training."""


@dataclass
class OddCells:
    """Counts by column: missing cells that were filled, values that training did not see, numbers far out."""

    filled: dict[str, int] = field(default_factory=dict)
    unseen: dict[str, int] = field(default_factory=dict)
    beyond: dict[str, int] = field(default_factory=dict)
    with_zone: dict[str, int] = field(default_factory=dict)
    """Times with a zone, where training had none."""
    without_zone: dict[str, int] = field(default_factory=dict)
    """Times without a zone, where training had one."""
    hints: dict[str, str] = field(default_factory=dict, compare=False)
    """What an unseen value of a column may have been meant as."""
    fractions: set[str] = field(default_factory=set, compare=False)
    """The columns with fractions, targets among them, that had whole numbers only in training."""
    first: tuple[int, str, str] | None = field(default=None, compare=False)
    """The first odd cell, of those rows that first had one: row, column, and what it is."""

    def words(self) -> str:
        """The counts as a notice; empty if there are none."""
        kinds = (
            ("missing cells filled", format_column_counts(self.filled)),
            ("values that training did not see", format_column_counts(self.unseen, self.hints)),
            (f"numbers or dates {FAR_OUT}", format_column_counts(self.beyond)),
            (
                "times with a zone, which training had none of (clock: local of data.columns takes both)",
                format_column_counts(self.with_zone),
            ),
            (
                "times without a zone, read as UTC, where training had zones (clock: local of data.columns takes both)",
                format_column_counts(self.without_zone),
            ),
        )
        return "; ".join(f"{what}: {counted}" for what, counted in kinds if counted)

    @property
    def columns(self) -> set[str]:
        """The columns with an odd cell."""
        return set[str]().union(*(getattr(self, kind) for kind in KINDS))

    def add(self, rows: OddRows) -> None:
        """Add the cells of more rows."""
        for kind in KINDS:
            counts: dict[str, int] = getattr(self, kind)
            for name, odd in getattr(rows, kind).items():
                counts[name] = counts.get(name, 0) + int(odd.sum())
        self.hints = rows.hints | self.hints
        self.fractions |= rows.fractions
        self.first = self.first or find_first_odd(rows)

    def merge(self, other: "OddCells") -> None:
        """Add the cells of later rows, which were counted apart."""
        for kind in KINDS:
            counts: dict[str, int] = getattr(self, kind)
            for name, count in getattr(other, kind).items():
                counts[name] = counts.get(name, 0) + count
        self.hints = other.hints | self.hints
        self.fractions |= other.fractions
        self.first = self.first or other.first

    def build_error(self, table: Table) -> DataError:
        """The error that names the first odd cell; it is one of the table's."""
        assert self.first is not None
        row, name, what = self.first
        return table.fault(row, name, f"{table.columns[name].text(row)!r} {what}")


def find_first_odd(rows: OddRows) -> tuple[int, str, str] | None:
    """The first odd cell: its row, its column, and what it is."""
    kinds = ((getattr(rows, kind), what) for kind, what in KINDS.items())
    return min(((int(odd.argmax()), name, what) for flags, what in kinds for name, odd in flags.items()), default=None)


def join_odd_rows(networks: Sequence[OddRows]) -> OddRows:
    """The cells that are odd to every one of the networks that look at their column: what one saw is not unseen."""
    if len(networks) == 1:
        return networks[0]
    joined = OddRows(columns=dict.fromkeys(name for each in networks for name in each.columns))
    joined.fractions = {
        name
        for name in set[str]().union(*(each.fractions for each in networks))
        if all(name in each.fractions for each in networks if name in each.columns)
    }
    for name in joined.columns:
        lookers = [each for each in networks if name in each.columns]
        for kind in KINDS:
            flags = [getattr(each, kind)[name] for each in lookers if name in getattr(each, kind)]
            if len(flags) == len(lookers) and (common := reduce(np.logical_and, flags)).any():
                getattr(joined, kind)[name] = common
        if name in joined.unseen and (hints := [each.hints[name] for each in lookers if name in each.hints]):
            joined.hints[name] = hints[0]
    return joined


def format_column_counts(counts: Mapping[str, int], hints: Mapping[str, str] | None = None, most: int = 20) -> str:
    """Counts by column, for a message, each with its hint if there is one."""
    hints = hints or {}
    parts = (
        f"{name} {count:,}" + (f" ({hints[name]})" if name in hints else "")
        for name, count in list(counts.items())[:most]
    )
    return ", ".join(parts) + (f" and {len(counts) - most} more columns" if len(counts) > most else "")
