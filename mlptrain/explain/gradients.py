"""Integrated gradients (Sundararajan, Taly, Yan, 2017): how an answer f comes about between a baseline and a row.

IGᵢ = (hᵢ − h⁰ᵢ) ∫₀¹ ∂f/∂hᵢ(h⁰ + t (h − h⁰)) dt sums to f(h) − f(h⁰). h is what the embedding of the inputs makes of a
row, as codes have no straight path, and h⁰ its mean over usual rows; its columns are summed to the table's columns. All
networks of a model go along their paths together, since f is of their mean prediction.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.table import format_row_count
from mlptrain.engine.arrays import Floats
from mlptrain.engine.input_gradient import embed_inputs, find_input_embedding, run_with_way_back
from mlptrain.engine.network import Network
from mlptrain.explain.answers import Answer
from mlptrain.explain.row_choice import RowsAsked
from mlptrain.explain.row_effects import CLOSE, RowEffects, find_mean_size
from mlptrain.explain.row_question import RowQuestion, RowsInNetwork, ask_about_rows
from mlptrain.model.model import Model
from mlptrain.model.rows import Rows

Doubles = NDArray[np.float64]
Numbers = NDArray[np.int64]

POINTS = 20
"""Points of Gauss and Legendre's rule on each part of the path: the whole one, halved where there are kinks."""
MOST_HALVINGS = 14
AT_ONCE = 512
"""Rows whose paths begin at once."""
MOST_USUAL = 5000
"""Rows that the baseline is the mean of; of more, as many are drawn."""


@dataclass(frozen=True)
class Path:
    """The ways of rows through one network: from h⁰ (…, 1, D) to h (…, B, D)."""

    network: Network
    start: Floats
    end: Floats
    owners: Numbers
    """The column of the table that each column of h belongs to (D,)."""

    def points(self, t: Doubles) -> Floats:
        """h⁰ + t (h − h⁰) at the points t (B, P) of each row, one below the other (…, B·P, D)."""
        way = self.start[..., None, :] + t[..., None] * (self.end - self.start)[..., None, :]
        return way.reshape(*way.shape[:-3], -1, way.shape[-1])

    def sum_effects(self, slopes: Floats, shares: Doubles, columns: int) -> Doubles:
        """Σ share · ∂f/∂h over the points, times h − h⁰, summed to the table's columns (B, C)."""
        each = slopes.reshape(*slopes.shape[:-2], *shares.shape, slopes.shape[-1])
        moved = np.einsum("...bpd,bp->...bd", each, shares) * (self.end - self.start)
        effects = np.zeros((columns, len(shares)))
        np.add.at(effects, self.owners, moved.reshape(-1, *moved.shape[-2:]).sum(axis=0).T)
        return effects.T


@dataclass(frozen=True)
class Route:
    """Rows x (B, I) that a network is to reach from h⁰."""

    network: Network
    x: Floats
    start: Floats
    owners: Numbers

    def lead(self, rows: Numbers) -> Path:
        """The ways to some of the rows."""
        return Path(self.network, self.start, embed_inputs(self.network, self.x[rows]), self.owners)


@dataclass(frozen=True)
class Integral:
    """The effects (N, C) along some ways, and f where they begin and end (N,)."""

    effects: Doubles
    score: Doubles
    baseline: Doubles

    @property
    def gaps(self) -> Doubles:
        """How far the effects miss the difference of f."""
        return np.asarray(np.abs(self.effects.sum(axis=1) - (self.score - self.baseline)))


@dataclass(frozen=True)
class Parts:
    """Parts of ways: from t = start to t = stop of the way to each row (N,)."""

    rows: Numbers
    start: Doubles
    stop: Doubles

    def take(self, places: Numbers) -> "Parts":
        """Some of them."""
        return Parts(self.rows[places], self.start[places], self.stop[places])

    def halve(self) -> "Parts":
        """Both halves of each."""
        middle = (self.start + self.stop) / 2
        return Parts(np.tile(self.rows, 2), np.append(self.start, middle), np.append(middle, self.stop))

    def points(self) -> tuple[Doubles, Doubles]:
        """t (N, P), and the shares of ∂f/∂h there: both ends, which have none, and the points of the rule between."""
        nodes, shares = np.polynomial.legendre.leggauss(POINTS)
        width = (self.stop - self.start)[:, None]
        t = self.start[:, None] + width * np.concatenate([[0], (nodes + 1) / 2, [1]])
        return t, width * np.concatenate([[0], shares / 2, [0]])


def integrate_gradients(
    routes: Sequence[Route], weights: Doubles, answer: Answer, columns: int, *, miss: float = CLOSE
) -> Integral:
    """The effects of the table's columns on rows.

    While those of a row miss its difference by more than `miss` of the mean difference, the parts of its way that miss
    their own by more than c √width are halved: a kink costs the width of its part, and a smooth function nothing.
    """
    count = len(routes[0].x)
    parts, effects = Parts(np.arange(count), np.zeros(count), np.ones(count)), np.zeros((count, columns))
    found = whole = integrate_parts(routes, weights, answer, parts, columns)
    differences = whole.score - whole.baseline
    close = miss * find_mean_size(differences)
    for halvings in range(MOST_HALVINGS + 1):
        total = effects.copy()
        np.add.at(total, parts.rows, found.effects)
        is_row_open = (np.abs(total.sum(axis=1) - differences) > close) & (halvings < MOST_HALVINGS)
        is_open = is_row_open[parts.rows] & (found.gaps > close / 4 * 2 ** (-halvings / 2))
        np.add.at(effects, parts.rows[~is_open], found.effects[~is_open])
        if not is_open.any():
            break
        parts = parts.take(np.flatnonzero(is_open)).halve()
        found = integrate_parts(routes, weights, answer, parts, columns)
    return Integral(effects, whole.score, whole.baseline)


def integrate_parts(routes: Sequence[Route], weights: Doubles, answer: Answer, parts: Parts, columns: int) -> Integral:
    """The effects along parts of ways, some parts at a time."""
    places = slice_rows(np.arange(len(parts.rows)), AT_ONCE // (POINTS + 2))
    found = [integrate_some_parts(routes, weights, answer, parts.take(some), columns) for some in places]
    effects = np.concatenate([np.empty((0, columns)), *(each.effects for each in found)])
    ends = ([np.empty(0), *(getattr(each, name) for each in found)] for name in ("score", "baseline"))
    return Integral(effects, *map(np.concatenate, ends))


def integrate_some_parts(
    routes: Sequence[Route], weights: Doubles, answer: Answer, parts: Parts, columns: int
) -> Integral:
    """The effects along parts of ways: all points forward together, and back."""
    t, shares = parts.points()
    paths = [route.lead(parts.rows) for route in routes]
    passes = [run_with_way_back(path.network, path.points(t), embedded=True) for path in paths]
    outputs = [logits for logits, _ in passes]
    f, slopes = answer.take(np.repeat(parts.rows, t.shape[1])).measure(stack_voters(outputs), weights)
    ways = zip(paths, passes, split_voters(slopes, outputs), strict=True)
    effects = [path.sum_effects(go_back(own), shares, columns) for path, (_, go_back), own in ways]
    f = f.reshape(t.shape)
    return Integral(np.sum(effects, axis=0), f[:, -1], f[:, 0])


def slice_rows(rows: Numbers, at_once: int) -> Iterator[Numbers]:
    """The rows, some at a time."""
    return (rows[first : first + at_once] for first in range(0, len(rows), at_once))


def stack_voters(logits: Sequence[Floats]) -> Floats:
    """The logits of all members of all networks (V, B, K)."""
    return np.concatenate([each.reshape(-1, *each.shape[-2:]) for each in logits])


def split_voters(slopes: Floats, like: Sequence[Floats]) -> list[Floats]:
    """What belongs to each network, of the shapes of their logits."""
    stops = np.cumsum([each.size // (each.shape[-1] * each.shape[-2]) for each in like])[:-1]
    parts = np.split(slopes, stops)
    return [np.ascontiguousarray(part).reshape(each.shape) for part, each in zip(parts, like, strict=True)]


def make_route(seen: RowsInNetwork, owners: Numbers) -> Route:
    """The route of one network to the rows, from the mean of usual ones."""
    parts = [embed_inputs(seen.network, seen.usual[some]).sum(axis=-2, keepdims=True)
             for some in slice_rows(np.arange(len(seen.usual)), AT_ONCE)]  # fmt: skip
    return Route(seen.network, seen.x, sum(parts) / len(seen.usual), owners)


def find_embedded_owners(question: RowQuestion, seen: RowsInNetwork) -> Numbers:
    """The column of the table that each column of h belongs to (D,)."""
    embedding = find_input_embedding(seen.network)
    return question.find_owners(seen.fitted, seen.runs if embedding is None else embedding.runs)


@dataclass(frozen=True, kw_only=True)
class Gradients:
    """What each column adds to the answer for a row on the way from what is usual: integrated gradients."""

    name: Literal["gradients"] = "gradients"
    rows: RowsAsked = 5
    """The first so many rows, `all`, or their numbers: "1,5,7"."""
    class_label: str | None = None
    """The class, or one of several targets."""
    needs_targets: ClassVar[bool] = False
    of_images: ClassVar[bool] = False

    @np.errstate(all="ignore")  # what is too large for the network's numbers is seen in the effects
    def explain(self, model: Model, rows: Rows, usual: Rows | None = None) -> RowEffects:
        """The effects on the rows that are asked for, from the mean of usual ones."""
        question = ask_about_rows(model, rows, usual, asked=self.rows, of=self.class_label, most_usual=MOST_USUAL)
        routes = [make_route(each, find_embedded_owners(question, each)) for each in question.encode()]
        found = integrate_gradients(routes, question.weights, question.explained.answer, len(question.columns))
        usual_words = f"the mean of {format_row_count(question.usual.count)}"
        return question.answer(self.name, usual_words, found.effects, (found.score, found.baseline))
