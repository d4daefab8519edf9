"""Shapley values (Lundberg, Lee, 2017, the interventional ones): the fair share of each column in an answer f.

v(S) is the mean of f over usual rows whose cells in the columns S are those of the row; φⱼ is the mean over all orders
of the columns of v(S ∪ j) − v(S), S the columns before j. They sum to f(row) − mean f(usual rows). All 2^d sets are
measured where that is less work than random orders, each with its mirror image (Castro, Gómez, Tejada, 2009; Mitchell
et al., 2022), which cancels all interactions of two columns.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge
from numpy.random import BitGenerator
from numpy.typing import NDArray

from mlptrain.data.table import format_row_count
from mlptrain.engine.arrays import Floats
from mlptrain.engine.network import Network
from mlptrain.explain.answers import Answer
from mlptrain.explain.gradients import stack_voters
from mlptrain.explain.row_choice import RowsAsked
from mlptrain.explain.row_effects import RowEffects
from mlptrain.explain.row_question import RowsInNetwork, ask_about_rows
from mlptrain.model.model import Model
from mlptrain.model.rows import Rows
from mlptrain.randomness import permutation, stream

Doubles = NDArray[np.float64]
Numbers = NDArray[np.int64]
Sets = NDArray[np.bool_]
"""Sets of columns (S, d): which columns are in each."""
Game = Callable[[Sets], Doubles]
"""v of sets (S,)."""

NUMBERS_AT_ONCE = 1 << 22
"""Numbers of an input matrix that is made at once."""


def list_sets(columns: int) -> Sets:
    """All 2^d sets, the one of number i having column j where bit j of i is 1."""
    return (np.arange(1 << columns)[:, None] >> np.arange(columns) & 1).astype(bool)


def compute_shapley_values(game: Game, columns: int) -> Doubles:
    """φ (d,) by the formula φⱼ = Σ |S|! (d − |S| − 1)! / d! · (v(S ∪ j) − v(S)) over the sets S without j."""
    sets = list_sets(columns)
    values, sizes = game(sets), sets.sum(axis=1)
    found = np.empty(columns)
    for j in range(columns):
        without = np.flatnonzero(~sets[:, j])
        weights = [1 / (columns * comb(columns - 1, size)) for size in range(columns)]
        found[j] = np.asarray(weights)[sizes[without]] @ (values[without + (1 << j)] - values[without])
    return found


def estimate_shapley_values(game: Game, columns: int, pairs: int, bits: BitGenerator) -> tuple[Doubles, Doubles]:
    """φ (d,) as the mean over pairs of a random order and its mirror image, and the standard errors of the means."""
    orders = [permutation(bits, columns) for _ in range(pairs)]
    both = np.concatenate([orders, [order[::-1] for order in orders]])
    values = game(np.concatenate([list_first_columns(order) for order in both])).reshape(len(both), columns + 1)
    gains = np.empty((len(both), columns))
    np.put_along_axis(gains, both, np.diff(values, axis=1), axis=1)
    halves = (gains[:pairs] + gains[pairs:]) / 2
    errors = halves.std(axis=0, ddof=1) / np.sqrt(pairs) if pairs > 1 else np.full(columns, np.nan)
    return halves.mean(axis=0), errors


def list_first_columns(order: NDArray[np.int64]) -> Sets:
    """The sets of the first 0, 1 … d columns of an order (d + 1, d)."""
    ranks = np.empty_like(order)
    ranks[order] = np.arange(len(order))
    return np.asarray(ranks < np.arange(len(order) + 1)[:, None])


def make_game(
    seen: Sequence[RowsInNetwork], owners: Sequence[Numbers], weights: Doubles, answer: Answer, row: int
) -> Game:
    """v of one row; `owners` are, for each network, the columns of the table that its inputs belong to."""
    usual = len(seen[0].usual)
    at_once = max(NUMBERS_AT_ONCE // (usual * max(each.x.shape[1] for each in seen)), 1)

    def measure(sets: Sets) -> Doubles:
        mixed = (mix_rows(each, own, row, sets) for each, own in zip(seen, owners, strict=True))
        z = stack_voters([join_logits(each.network, x) for each, x in zip(seen, mixed, strict=True)])
        f, _ = answer.take(np.full(len(sets) * usual, row)).measure(z, weights)
        return np.asarray(f.reshape(len(sets), usual).mean(axis=1))

    return lambda sets: np.concatenate(
        [measure(sets[first : first + at_once]) for first in range(0, len(sets), at_once)]
    )


def mix_rows(seen: RowsInNetwork, owners: Numbers, row: int, sets: Sets) -> Doubles:
    """Usual rows with the row's cells in the columns of each set (S·U, I)."""
    mixed = np.where(sets[:, owners][:, None, :], seen.x[row], seen.usual)
    return mixed.reshape(-1, mixed.shape[-1])


def join_logits(network: Network, x: Floats) -> Floats:
    """The logits of all rows (…, B, K)."""
    return np.concatenate([chunk.copy() for chunk in network.logits(x)], axis=-2)


@dataclass(frozen=True, kw_only=True)
class Shapley:
    """The fair share of each column in the answer for a row, against usual rows."""

    name: Literal["shapley"] = "shapley"
    rows: RowsAsked = 5
    """The first so many rows, `all`, or their numbers: "1,5,7"."""
    class_label: str | None = None
    """The class, or one of several targets."""
    orders: Annotated[int, Ge(2)] = 10
    """Random orders of the columns, each with its mirror image, where not all sets of columns are measured."""
    usual_rows: Annotated[int, Ge(1)] = 100
    """Rows that stand for usual ones; of more, as many are drawn."""
    needs_targets: ClassVar[bool] = False
    of_images: ClassVar[bool] = False

    @np.errstate(all="ignore")  # what is too large for the network's numbers is seen in the effects
    def explain(self, model: Model, rows: Rows, usual: Rows | None = None) -> RowEffects:
        """The shares on the rows that are asked for, against usual ones."""
        question = ask_about_rows(model, rows, usual, asked=self.rows, of=self.class_label, most_usual=self.usual_rows)
        seen, columns = question.encode(), len(question.columns)
        owners = [question.find_owners(each.fitted, each.runs) for each in seen]
        nothing_and_all = np.array([[False] * columns, [True] * columns])
        found = []
        for row, number in enumerate(question.rows.numbers.tolist()):
            game = make_game(seen, owners, question.weights, question.explained.answer, row)
            found.append(
                (*self.share(game, stream(model.spec.seed, "shapley", number), columns), game(nothing_and_all))
            )
        shares, errors, ends = (np.array(each) for each in zip(*found, strict=True))
        usual_words = f"the mean answer for {format_row_count(question.usual.count)}"
        return question.answer(self.name, usual_words, shares, (ends[:, 1], ends[:, 0]), errors)

    def share(self, game: Game, bits: BitGenerator, columns: int) -> tuple[Doubles, Doubles]:
        """The shares of the columns and their standard errors: 0 where all sets are measured."""
        if 2**columns <= 2 * self.orders * (columns + 1):
            return compute_shapley_values(game, columns), np.zeros(columns)
        return estimate_shapley_values(game, columns, self.orders, bits)
