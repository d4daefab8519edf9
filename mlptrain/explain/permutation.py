"""Permutation importance (Breiman, 2001; Fisher, Rudin, Dominici, 2019) of the columns of a table.

A repeat moves the cells of a column by a cyclic shift along a random order of the rows, so that no row keeps its own,
and measures what the model loses. Columns that say the same stand in for each other: then none is needed, while all
together are. They are also moved together, since a column moved alone makes rows that there cannot be (Hooker, Mentch,
Zhou, 2021).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge
from numpy.random import BitGenerator
from numpy.typing import NDArray

from mlptrain.data.odd_cells import OddCells
from mlptrain.engine.metrics import is_larger_better
from mlptrain.errors import DataError, SpecError
from mlptrain.explain.associations import measure_associations
from mlptrain.explain.column_groups import (
    Group,
    Ties,
    check_groups,
    find_partners,
    join_tied_columns,
    parse_groups,
)
from mlptrain.explain.encoded_rows import EncodedRows
from mlptrain.explain.importance import Estimate, GroupImportance, Importance, make_estimate, rank_columns
from mlptrain.explain.row_choice import choose_rows, drop_unknown_classes
from mlptrain.explain.scores import LOSS, Score, choose_metric, make_score
from mlptrain.model.model import Model
from mlptrain.model.rows import Rows
from mlptrain.randomness import permutation, stream
from mlptrain.spec.durations import describe_duration, parse_duration

Doubles = NDArray[np.float64]
RowNumbers = NDArray[np.int64]
Clock = Callable[[], float]

FEWEST_REPEATS = 3
"""Rounds that are made whatever the time."""


@dataclass(frozen=True, kw_only=True)
class Permutation:
    """What each column is worth: how much worse a metric gets when its cells are those of other rows."""

    name: Literal["permutation"] = "permutation"
    metric: str | None = None
    """The metric; by default the watched one if it is proper, else the log loss, of numbers RMSE."""
    groups: str | tuple[tuple[str, ...], ...] = "auto"
    """Columns that are also moved together: `auto` those that stand for each other, `none`, or names: "a+b,c"."""
    time_limit: float | str = "20s"
    """The time after which no further round begins, unless it is one of the first three."""
    repeats: Annotated[int, Ge(1)] = 10
    """Rounds over all columns."""
    rows_limit: Annotated[int, Ge(2)] = 5000
    """The most rows; of more, as many are drawn."""
    needs_targets: ClassVar[bool] = True
    of_images: ClassVar[bool] = False

    def explain(self, model: Model, rows: Rows, clock: Clock) -> Importance:
        """The importance of the columns of a model on rows whose targets are known."""
        limit = self.parse_time_limit()
        metric = choose_metric(self.metric, model.watched.name, model.head)
        given, notices = drop_unknown_classes(model, rows)
        chosen = choose_rows(given, self.rows_limit, model.spec.seed)
        names = list(model.columns())
        ties = self.find_ties(model, chosen, names)
        odd, losses = OddCells(), metric == LOSS
        encoded = EncodedRows.encode(model, chosen, odd, with_targets=True)
        intact = encoded.judge(losses=losses)
        score = make_score(metric, model.head, intact, stream(model.spec.seed, "explain samples"))
        moved = [*((name,) for name in names), *ties.groups]
        rounds = Rounds(encoded=encoded, score=score, moved=moved, seed=model.spec.seed, losses=losses)
        rounds.run(self.repeats, limit, clock)
        found = rounds.estimates()
        groups = [GroupImportance(columns=each, **vars(found[each])) for each in ties.groups]
        return Importance(
            method=self.name,
            metric=metric,
            larger_is_better=is_larger_better(metric),
            score=score.measure(intact)[0],
            rows=chosen.count,
            rows_given=rows.count,
            repeats=rounds.done,
            repeats_asked=self.repeats,
            columns=tuple(rank_columns([(name, found[name,]) for name in names], ties, groups)),
            groups=tuple(sorted(groups, key=lambda each: (-each.importance, each.columns))),
            odd_cells=odd,
            notices=(*notices, *self.describe_rounds(rounds.done, limit)),
        )

    def parse_time_limit(self) -> float:
        """The seconds of the time limit."""
        try:
            seconds = parse_duration(self.time_limit)
        except ValueError as problem:
            raise SpecError(f"time_limit: {problem}") from None
        if not seconds > 0:
            raise SpecError(f"time_limit: {self.time_limit} is no time; write 90s, 10m or 1.5h")
        return seconds

    def find_ties(self, model: Model, rows: Rows, names: Sequence[str]) -> Ties:
        """The partners of the columns, and the groups to be moved together."""
        if isinstance(self.groups, tuple) or self.groups not in ("auto", "none"):
            named = parse_groups(self.groups, names) if isinstance(self.groups, str) else self.groups
            own = check_groups(named, names)
        associations = measure_associations(list(model.columns().values()), rows.require_table("explain"))
        partners = find_partners(names, associations)
        if self.groups in ("auto", "none"):
            own = join_tied_columns(names, associations) if self.groups == "auto" else []
        return Ties(partners, own)

    def describe_rounds(self, done: int, limit: float) -> list[str]:
        """A notice of rounds that the time limit has cut off."""
        if done == self.repeats:
            return []
        return [f"{done} of {self.repeats} repeats, by the time limit of {describe_duration(limit)}"]


@dataclass(kw_only=True)
class Rounds:
    """Rounds over columns and groups: one repeat of each before the next, so that to stop early is fair."""

    encoded: EncodedRows
    score: Score
    moved: Sequence[Group]
    """The columns that are moved together: mostly one."""
    seed: int
    losses: bool
    """Whether the score is of the loss."""
    done: int = 0
    bits: Mapping[Group, BitGenerator] = field(init=False)
    """What the shifts of each are drawn from."""
    differences: dict[Group, list[float]] = field(default_factory=dict)
    totals: dict[Group, Doubles] = field(default_factory=dict)
    """Σ over repeats of what the standard errors are made of."""

    def __post_init__(self) -> None:
        self.bits = {names: make_shift_bits(self.seed, names) for names in self.moved}

    def run(self, repeats: int, limit: float, clock: Clock) -> None:
        """Whole rounds, up to `repeats`; none begins that would probably end after the time `limit`."""
        start = clock()
        while self.done < repeats:
            order = draw_order(self.seed, self.done, self.encoded.count)
            for each in self.moved:
                self.measure(each, shift_order(order, draw_shift(self.bits[each], len(order))))
            self.done += 1
            spent = clock() - start
            if self.done >= FEWEST_REPEATS and spent + spent / self.done > limit:
                return

    def measure(self, names: Group, donors: RowNumbers) -> None:
        """One more repeat of some columns."""
        judgement = self.encoded.judge(names, donors, losses=self.losses)
        difference, parts = self.score.find_difference(judgement, donors)
        self.differences.setdefault(names, []).append(difference)
        self.totals[names] = self.totals[names] + parts if names in self.totals else parts

    def estimates(self) -> Mapping[Group, Estimate]:
        """The importance of all that was moved."""
        return dict(self.list_estimates())

    def list_estimates(self) -> Iterator[tuple[Group, Estimate]]:
        for names, differences in self.differences.items():
            error = self.score.estimate_error(self.totals[names] / self.done)
            yield names, make_estimate(np.array(differences), error, self.encoded.count)


def draw_order(seed: int, repeat: int, count: int) -> RowNumbers:
    """The random order of the rows in a repeat."""
    if count < 2:
        raise DataError("explain: one row has no other to take cells from; give more rows")
    return permutation(stream(seed, "explain order", repeat), count)


def make_shift_bits(seed: int, names: Group) -> BitGenerator:
    """What the shifts of some columns are drawn from, one a repeat: by their names, whatever their places."""
    return stream(seed, f"explain {'+'.join(sorted(names))}")


def draw_shift(bits: BitGenerator, count: int) -> int:
    """How far columns are shifted in the next repeat, from 1 to B − 1."""
    return 1 + int(bits.random_raw()) % (count - 1)


def shift_order(order: RowNumbers, shift: int) -> RowNumbers:
    """The donor of each row: the one that is so many places further in the order, from the end on to its beginning."""
    donors = np.empty(len(order), np.int64)
    donors[order[:-shift]] = order[shift:]
    donors[order[-shift:]] = order[:shift]
    return donors
