"""What a spec says about columns: kinds, missing values, scaling, filling, encoding; for all and one by one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import Ge, Le

from mlptrain.data.column import ColumnSettings
from mlptrain.data.date_column import Clock
from mlptrain.data.encodings import Encoding, OneHotEncoding
from mlptrain.data.features import CLASS_OF, COLUMN_CLASSES, Kind
from mlptrain.data.imputing import Imputing
from mlptrain.data.scaling import Scaling, StandardScaling


@dataclass(frozen=True, kw_only=True)
class ColumnRules:
    """The settings of one column, where they differ from those of `data`."""

    type: Kind | None = None
    """number, category, boolean, date (elapsed time and cycles) or ignore; by default what its cells say."""
    scaling: Scaling | None = None
    """In place of `data.scaling`, for a number."""
    imputing: Imputing | None = None
    """In place of `data.imputing`, for a number."""
    encoding: Encoding | None = None
    """In place of `data.category_encoding`, for a category."""
    min_frequency: Annotated[int, Ge(1), Le(10**9)] | None = None
    """In place of `data.min_frequency`, for a category."""
    levels: tuple[str, ...] | None = None
    """The levels of a category in their order, for the ordinal encoding; other values share the slot for unseen. They
    are compared by what they mean: where all are numbers, 1 and 1.0 are one."""
    format: str | None = None
    """How dates are written: DD/MM/YYYY, MM/DD/YYYY, %d %B %Y and the like, %H:%M for times of the day, epoch or
    epoch_ms for seconds or milliseconds since 1970, excel for the days that spreadsheets count (45292 is 2024-01-01);
    by default it is found out."""
    clock: Clock | None = None
    """`utc` (the default) takes times with a zone at their moment, and those without one as UTC; `local` takes what the
    clock shows, whatever the zone, so that the hour of the day is the local one."""
    missing_values: tuple[str, ...] = ()
    """Texts that mean missing in this column, beside those of `data`."""

    @property
    def needs_texts(self) -> bool:
        """Whether the declared type is one whose cells are read as texts."""
        return self.type is not None and self.type in CLASS_OF and CLASS_OF[self.type].needs_texts_of(self.type)

    @property
    def kind(self) -> str | None:
        """The type; else the kind that alone takes one of the keys that are given; None if nothing tells."""
        if self.type is not None:
            return self.type
        keys = (key for column in COLUMN_CLASSES for key in column.own_keys)
        return next((key.means for key in keys if key.means and getattr(self, key.name) is not None), None)


NO_RULES = ColumnRules()
"""What a spec says about a column that it does not name."""


@dataclass(frozen=True, kw_only=True)
class FeatureRules:
    """What a spec says about columns: kinds, missing values, scaling, filling, encoding; for all and one by one."""

    columns: Mapping[str, ColumnRules] = field(default_factory=dict)
    missing_values: tuple[str, ...] = ()
    scaling: Scaling = field(default_factory=StandardScaling)
    imputing: Imputing = field(default_factory=Imputing)
    encoding: Encoding = field(default_factory=OneHotEncoding)
    min_frequency: int = 1

    def of(self, name: str) -> ColumnRules:
        """The column's own rules."""
        return self.columns.get(name, NO_RULES)

    def drops_incomplete_rows(self, name: str) -> bool:
        """Whether rows that lack a cell of the column are left out."""
        return (self.of(name).imputing or self.imputing).strategy == "drop_row"

    def missing(self, name: str) -> tuple[str, ...]:
        """The texts that mean missing in a column, beside the empty cell."""
        return tuple(dict.fromkeys((*self.missing_values, *self.of(name).missing_values)))

    def settle(self, name: str, kind: str) -> ColumnSettings:
        """All that is said about a column of a kind: its own rules go before those of all columns."""
        own = self.of(name)
        return ColumnSettings(
            name=name,
            kind=kind,
            missing=self.missing(name),
            scaling=own.scaling or self.scaling,
            imputing=own.imputing or self.imputing,
            encoding=own.encoding or self.encoding,
            min_frequency=own.min_frequency or self.min_frequency,
            levels=own.levels,
            format=own.format,
            clock=own.clock or "utc",
        )
