"""The layout of the inputs: which columns of the input matrix are numbers, codes of categories, or neither."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Codes:
    """A column of the input matrix that holds the codes 0 … levels − 1 of a category, and how wide it becomes."""

    place: int
    levels: int
    width: int


@dataclass(frozen=True, kw_only=True)
class InputLayout:
    """What the columns of the input matrix are: numbers, codes of categories, or as they are (0/1, parts of dates)."""

    width: int
    numbers: tuple[int, ...] = ()
    codes: tuple[Codes, ...] = ()
    feature_widths: tuple[int, ...] = ()
    """How many columns each feature has, in their order; where nothing is said each column is one."""

    @property
    def owners(self) -> Sequence[int]:
        """The feature of each column."""
        if not self.feature_widths:
            return range(self.width)
        return [feature for feature, width in enumerate(self.feature_widths) for _ in range(width)]

    @property
    def kept(self) -> list[int]:
        """The columns that are no codes."""
        coded = {each.place for each in self.codes}
        return [place for place in range(self.width) if place not in coded]
