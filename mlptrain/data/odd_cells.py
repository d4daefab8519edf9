"""Counts of the cells that a fitted column cannot take as they are: missing, unseen, or far out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

BEYOND = 1e3
"""A scaled number beyond this is worth counting: training saw nothing like it."""


@dataclass
class OddCells:
    """Counts by column: missing cells that were filled, values that training did not see, numbers far out."""

    filled: dict[str, int] = field(default_factory=dict)
    unseen: dict[str, int] = field(default_factory=dict)
    beyond: dict[str, int] = field(default_factory=dict)

    def words(self) -> str:
        """The counts as a notice; empty if there are none."""
        kinds = (
            ("missing cells filled", self.filled),
            ("values that training did not see", self.unseen),
            (f"numbers more than {BEYOND:g} scales away from the training rows", self.beyond),
        )
        return "; ".join(f"{what}: {format_column_counts(counts)}" for what, counts in kinds if counts)

    def add(self, other: "OddCells") -> None:
        """Add the counts of more rows."""
        pairs = ((self.filled, other.filled), (self.unseen, other.unseen), (self.beyond, other.beyond))
        for mine, theirs in pairs:
            for name, count in theirs.items():
                mine[name] = mine.get(name, 0) + count


def format_column_counts(counts: Mapping[str, int], most: int = 20) -> str:
    """Counts by column, for a message."""
    shown = ", ".join(f"{name} {count:,}" for name, count in list(counts.items())[:most])
    return shown + (f" and {len(counts) - most} more columns" if len(counts) > most else "")
