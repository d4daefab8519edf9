"""Embeddings: numbers and codes of categories as several inputs each, learned with the rest of the network.

A numeric embedding maps X (…, F, B), F numbers of B rows, to E (…, F, K, B), K values of each number; every number has
parameters of its own. `InputEmbedding` is the layer: it takes the columns of the input matrix apart and puts
[ E, number by number | the columns themselves, but for codes | the embedded codes ] together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import pi
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt, Le
from numpy.random import BitGenerator
from numpy.typing import NDArray

from mlptrain.engine.arrays import Floats, Integers
from mlptrain.engine.initializers import Normal, Uniform, Zeros
from mlptrain.engine.input_layout import Codes, InputLayout
from mlptrain.engine.layer import Backward, ForwardContext, Layer, LayerState, Traits, sum_gradient_over_members
from mlptrain.engine.parameters import Declaration, Kind

Few = Annotated[int, Ge(1), Le(1000)]
EmbeddingVJP = Callable[[Floats, bool], Floats]
"""Takes ∂L/∂E (…, F, K, B), leaves the gradients of the parameters, and gives ∂L/∂X (…, F, B) where that is wanted."""
WayBack = Callable[[Floats, bool], Floats]
"""Takes the part of dy that belongs to some columns, and gives their dx where that is wanted."""
Flags = NDArray[np.bool_]
NUMERIC: Kind = "numeric_embedding"


class NumberEmbedding:
    """A numeric embedding without buffers; one with some overrides what differs."""

    adapts: ClassVar[bool] = False
    """Whether its buffers depend on training rows."""

    def buffers(self, numbers: int) -> dict[str, Floats]:
        """Names and initial values of what is saved but never stepped."""
        return {}

    def adapt(self, x: Floats, state: LayerState) -> None:
        """Set the buffers from the training rows X (F, B)."""


@dataclass(frozen=True, kw_only=True)
class PBLD(NumberEmbedding):
    """e = W₂ᵀ cos(2π x w₁ + b₁) + b₂, and x itself beside it (Holzmüller et al., 2024, RealMLP).

    w₁, b₁ (F, H), W₂ (F, H, K), b₂ (F, K), H frequencies. At the start w₁ ~ N(0, frequency_scale²), b₁ ~ U(−π, π),
    W₂ and b₂ ~ U(−1/√H, 1/√H).

    With c = cos θ: ∂W₂ = Σ c Gᵀ; ∂b₂ = Σ G; ∂θ = −sin θ ⊙ W₂ G; ∂b₁ = Σ ∂θ; ∂w₁ = 2π Σ x ∂θ, sums over the rows.
    """

    name: Literal["pbld"] = "pbld"
    frequencies: Few = 16
    """H, the frequencies of each number."""
    frequency_scale: Annotated[float, Gt(0)] = 0.1
    """The standard deviation of the frequencies w₁ at the start."""
    outputs: Few = 3
    """K, the values of each number."""

    def declare(self, numbers: int) -> dict[str, Declaration]:
        F, H, K = numbers, self.frequencies, self.outputs
        around_zero = Uniform(minimum=-(H**-0.5), maximum=H**-0.5)
        return {
            "frequency": declare_numeric_embedding_parameter((F, H), Normal(standard_deviation=self.frequency_scale)),
            "phase": declare_numeric_embedding_parameter((F, H), Uniform(minimum=-pi, maximum=pi)),
            "weight": declare_numeric_embedding_parameter((F, H, K), around_zero),
            "bias": declare_numeric_embedding_parameter((F, K), around_zero),
        }

    def __call__(self, x: Floats, state: LayerState, run: ForwardContext) -> tuple[Floats, EmbeddingVJP]:
        w1, b1, W2, b2 = (state.parameters[name] for name in ("frequency", "phase", "weight", "bias"))
        theta, theta_vjp = compute_angles(x, w1, b1, run)
        c = np.cos(theta, out=run.work.array(theta.shape))
        e, mix_vjp = apply_linear_per_feature(c, W2, b2, run)

        def vjp(G: Floats, wanted: bool) -> Floats:
            d = mix_vjp(G, state.gradients["weight"], state.gradients["bias"])
            np.sin(theta, out=theta)
            np.negative(theta, out=theta)
            d *= theta
            np.sum(d, axis=-1, out=state.gradients["phase"])
            return theta_vjp(d, state.gradients["frequency"], wanted)

        return e, vjp


@dataclass(frozen=True, kw_only=True)
class PLR(NumberEmbedding):
    """e = max(W₂ᵀ [cos θ, sin θ] + b₂, 0), θ = 2π x w₁, and x itself beside it (Gorishniy et al., 2022).

    w₁ (F, H/2) ~ N(0, frequency_scale²), W₂ (F, H, K) and b₂ (F, K) ~ U(−1/√H, 1/√H), H `frequencies`, sines and
    cosines together. `relu: false` leaves the bound at 0 away (PL).

    ∂θ = cos θ ⊙ (∂ of sin θ) − sin θ ⊙ (∂ of cos θ).
    """

    name: Literal["plr"] = "plr"
    frequencies: Annotated[int, Ge(2), Le(1000)] = 16
    """Sines and cosines together, an even number."""
    frequency_scale: Annotated[float, Gt(0)] = 0.1
    """The standard deviation of the frequencies w₁ at the start."""
    outputs: Few = 3
    """K, the values of each number."""
    relu: bool = True
    """Bound the values by 0 from below."""

    def declare(self, numbers: int) -> dict[str, Declaration]:
        F, H, K = numbers, 2 * (self.frequencies // 2), self.outputs
        around_zero = Uniform(minimum=-(H**-0.5), maximum=H**-0.5)
        return {
            "frequency": declare_numeric_embedding_parameter(
                (F, H // 2), Normal(standard_deviation=self.frequency_scale)
            ),
            "weight": declare_numeric_embedding_parameter((F, H, K), around_zero),
            "bias": declare_numeric_embedding_parameter((F, K), around_zero),
        }

    def __call__(self, x: Floats, state: LayerState, run: ForwardContext) -> tuple[Floats, EmbeddingVJP]:
        w1, W2, b2 = (state.parameters[name] for name in ("frequency", "weight", "bias"))
        half = w1.shape[-1]
        theta, theta_vjp = compute_angles(x, w1, None, run)
        waves = run.work.array((*theta.shape[:-2], 2 * half, theta.shape[-1]))
        c, s = waves[..., :half, :], waves[..., half:, :]
        np.cos(theta, out=c)
        np.sin(theta, out=s)
        e, mix_vjp = apply_linear_per_feature(waves, W2, b2, run)
        if self.relu:
            np.maximum(e, 0, out=e)

        def vjp(G: Floats, wanted: bool) -> Floats:
            d = mix_vjp(G * (e > 0) if self.relu else G, state.gradients["weight"], state.gradients["bias"])
            d_theta = c * d[..., half:, :]
            d_theta -= s * d[..., :half, :]
            return theta_vjp(d_theta, state.gradients["frequency"], wanted)

        return e, vjp


@dataclass(frozen=True, kw_only=True)
class PiecewiseLinear(NumberEmbedding):
    """e = x w + b + V ple(x) (Gorishniy et al., 2022; version B of TabM, 2025), and x itself beside it.

    ple(x)ₜ = (x − qₜ) / (qₜ₊₁ − qₜ), cut at 0 below (but for the first t) and at 1 above (but for the last); q are the
    quantiles of the training rows, equal ones once. w, b (F, K) ~ U(−1/√K, 1/√K), V (F, bins, K) is 0 at the start.

    ∂w = Σ x G; ∂b = Σ G; ∂V = Σ ple Gᵀ, sums over the rows. ∂x = w G + Σ (V G)ₜ / (qₜ₊₁ − qₜ) over the uncut t.
    """

    name: Literal["piecewise_linear"] = "piecewise_linear"
    bins: Few = 48
    """The pieces of each number."""
    outputs: Few = 16
    """K, the values of each number."""
    adapts: ClassVar[bool] = True

    def declare(self, numbers: int) -> dict[str, Declaration]:
        F, K = numbers, self.outputs
        around_zero = Uniform(minimum=-(K**-0.5), maximum=K**-0.5)
        return {
            "slope": declare_numeric_embedding_parameter((F, K), around_zero),
            "weight": declare_numeric_embedding_parameter((F, self.bins, K), Zeros()),
            "bias": declare_numeric_embedding_parameter((F, K), around_zero),
        }

    def buffers(self, numbers: int) -> dict[str, Floats]:
        return {"start": np.zeros((numbers, self.bins)), "width": np.zeros((numbers, self.bins))}

    def adapt(self, x: Floats, state: LayerState) -> None:
        """Fit the pieces."""
        start, width = state.buffers["start"], state.buffers["width"]
        for f, values in enumerate(x.astype(np.float64)):
            edges = np.unique(np.quantile(values, np.linspace(0, 1, self.bins + 1)).astype(x.dtype))
            pieces = max(len(edges) - 1, 0)
            start[..., f, :pieces], width[..., f, :pieces] = edges[:-1], np.diff(edges)

    def pieces(self, x: Floats, state: LayerState, run: ForwardContext) -> Floats:
        """ple(x) (…, F, bins, B); 0 where a number has fewer pieces than bins."""
        start, width = state.buffers["start"][..., None], state.buffers["width"][..., None]
        t = np.subtract(
            x[..., None, :], start, out=run.work.array(np.broadcast_shapes(x[..., None, :].shape, start.shape))
        )
        used = width > 0
        t /= np.where(used, width, 1)
        first, last = self.mark_open_pieces(used)
        np.maximum(t, 0, out=t, where=~first)
        np.minimum(t, 1, out=t, where=~last)
        t *= used
        return t

    def mark_open_pieces(self, used: Flags) -> tuple[Flags, Flags]:
        """Which pieces are not cut below, and which not above: the first one, and the last one that is used."""
        t = np.arange(self.bins)[:, None]
        return t == 0, used & (t == used.sum(axis=-2, keepdims=True) - 1)

    def slopes(self, x: Floats, state: LayerState) -> Floats:
        """∂ple(x)/∂x (…, F, bins, B); at an edge that of the piece above it."""
        start, width = state.buffers["start"][..., None], state.buffers["width"][..., None]
        used, beyond = width > 0, x[..., None, :] - start
        first, last = self.mark_open_pieces(used)
        return (used & (first | (beyond >= 0)) & (last | (beyond < width))) / np.where(used, width, 1)

    def __call__(self, x: Floats, state: LayerState, run: ForwardContext) -> tuple[Floats, EmbeddingVJP]:
        w, V, b = (state.parameters[name] for name in ("slope", "weight", "bias"))
        ple = self.pieces(x, state, run)
        e, mix_vjp = apply_linear_per_feature(ple, V, b, run)
        e += w[..., None] * x[..., None, :]

        def vjp(G: Floats, wanted: bool) -> Floats:
            np.matmul(G, x[..., None], out=state.gradients["slope"][..., None])
            d = mix_vjp(G, state.gradients["weight"], state.gradients["bias"])
            return (d * self.slopes(x, state)).sum(axis=-2) + (w[..., None] * G).sum(axis=-2) if wanted else d

        return e, vjp


NumericEmbedding = PBLD | PLR | PiecewiseLinear


def declare_numeric_embedding_parameter(shape: tuple[int, ...], initializer: Normal | Uniform | Zeros) -> Declaration:
    """A parameter of a numeric embedding."""
    return Declaration(shape=shape, kind=NUMERIC, initializer=initializer)


def compute_angles(
    x: Floats, w: Floats, b: Floats | None, run: ForwardContext
) -> tuple[Floats, Callable[[Floats, Floats, bool], Floats]]:
    """θ = 2π x w + b.   x (…, F, B)   w, b (…, F, H)   →   θ (…, F, H, B).   ∂w = 2π Σ x ∂θ; ∂x = 2π wᵀ ∂θ."""
    two_pi = x.dtype.type(2 * pi)
    w = (two_pi * w)[..., None]
    theta = np.multiply(x[..., None, :], w, out=run.work.array(np.broadcast_shapes(x[..., None, :].shape, w.shape)))
    if b is not None:
        theta += b[..., None]

    def vjp(d: Floats, dw: Floats, wanted: bool) -> Floats:
        np.matmul(d, x[..., None], out=dw[..., None])
        dw *= two_pi
        return np.matmul(w.mT, d)[..., 0, :] if wanted else d

    return theta, vjp


def apply_linear_per_feature(
    c: Floats, W: Floats, b: Floats, run: ForwardContext
) -> tuple[Floats, Callable[[Floats, Floats, Floats], Floats]]:
    """e = Wᵀ c + b for each number.   c (…, F, H, B)   W (…, F, H, K)   b (…, F, K)   →   e (…, F, K, B)."""
    e = np.matmul(W.mT, c, out=run.work.array((*c.shape[:-2], W.shape[-1], c.shape[-1])))
    e += b[..., None]

    def vjp(G: Floats, dW: Floats, db: Floats) -> Floats:
        np.matmul(c, G.mT, out=dW)
        np.sum(G, axis=-1, out=db)
        return np.matmul(W, G, out=run.work.array(c.shape))

    return e, vjp


@dataclass(frozen=True, kw_only=True)
class InputEmbedding(Layer):
    """x (…, B, D) → [ E, number by number | x without codes | T[code], category by category ] (…, B, D′).

    T (ΣL, K) holds the rows of all categories of one width K, one below the other; ∂T sums the rows of dy that belong
    to each row of T. Rows of T start from N(0, 1). dx is 0 for codes, which have no derivative.
    """

    layout: InputLayout
    numeric: NumericEmbedding | None = None

    @property
    def embedded(self) -> tuple[int, ...]:
        """The columns that get a numeric embedding."""
        return self.layout.numbers if self.numeric is not None else ()

    @property
    def widths(self) -> dict[int, list[Codes]]:
        """The categories of each width."""
        found: dict[int, list[Codes]] = {}
        for each in self.layout.codes:
            found.setdefault(each.width, []).append(each)
        return found

    @property
    def runs(self) -> tuple[tuple[int, int], ...]:
        """The outputs in their order: the number of a feature, and how many outputs of it follow."""
        owners, values = self.layout.owners, 0 if self.numeric is None else self.numeric.outputs
        numbers = ((owners[place], values) for place in self.embedded)
        kept = ((owners[place], 1) for place in self.layout.kept)
        codes = ((owners[each.place], each.width) for columns in self.widths.values() for each in columns)
        return (*numbers, *kept, *codes)

    def declare(self, inputs: int) -> dict[str, Declaration]:
        declared: dict[str, Declaration] = {}
        if self.numeric is not None and self.embedded:
            declared |= self.numeric.declare(len(self.embedded))
        for width, columns in self.widths.items():
            rows = sum(each.levels for each in columns)
            start = Normal(standard_deviation=1.0)
            declared[f"categories_{width}"] = Declaration(shape=(rows, width), kind="embedding", initializer=start)
        return declared

    def buffers(self, inputs: int) -> dict[str, Floats]:
        return self.numeric.buffers(len(self.embedded)) if self.numeric is not None and self.embedded else {}

    def outputs(self, inputs: int) -> int:
        values = 0 if self.numeric is None else len(self.embedded) * self.numeric.outputs
        return values + len(self.layout.kept) + sum(each.width for each in self.layout.codes)

    @property
    def traits(self) -> Traits:
        return Traits(adapts=self.numeric is not None and self.numeric.adapts and bool(self.embedded))

    def adapt(self, x: Floats, state: LayerState, bits: Sequence[BitGenerator]) -> None:
        if self.numeric is not None and self.embedded:
            self.numeric.adapt(np.ascontiguousarray(x[..., self.embedded].mT), state)

    def __call__(self, x: Floats, state: LayerState, run: ForwardContext) -> tuple[Floats, Backward]:
        parts: list[Floats] = []
        ways_back: list[tuple[Sequence[int], WayBack]] = []
        if self.numeric is not None and self.embedded:
            e, vjp = self.numeric(np.ascontiguousarray(x[..., list(self.embedded)].mT), state, run)
            parts.append(e.reshape(*e.shape[:-3], -1, e.shape[-1]).mT)
            ways_back.append((self.embedded, make_numeric_embedding_vjp(vjp, e.shape)))
        parts.append(x[..., self.layout.kept])
        ways_back.append((self.layout.kept, lambda dy, wanted: dy))
        for width, columns in self.widths.items():
            name, rows = f"categories_{width}", convert_codes_to_rows(x, columns)
            parts.append(look_up_rows(state.parameters[name], rows))
            ways_back.append(((), make_category_embedding_vjp(state.gradients[name], rows)))
        members = np.broadcast_shapes(*(part.shape[:-2] for part in parts))
        stops = np.cumsum([part.shape[-1] for part in parts]).tolist()
        places = [slice(start, stop) for start, stop in pairwise([0, *stops])]
        y = run.work.array((*members, x.shape[-2], stops[-1]))
        for place, part in zip(places, parts, strict=True):
            y[..., place] = part

        def backward(dy: Floats, wanted: bool) -> Floats:
            dx = np.zeros_like(x) if wanted else dy
            for place, (columns, way_back) in zip(places, ways_back, strict=True):
                d = way_back(dy[..., place], wanted)
                if wanted and columns:
                    dx[..., columns] += sum_gradient_over_members(d, x)
            return dx

        return y, backward


def make_numeric_embedding_vjp(vjp: EmbeddingVJP, shape: tuple[int, ...]) -> WayBack:
    """From the part (…, B, F K) of dy that belongs to E (…, F, K, B)."""
    return lambda dy, wanted: vjp(np.ascontiguousarray(dy.mT).reshape(shape), wanted).mT


def convert_codes_to_rows(x: Floats, columns: Sequence[Codes]) -> Integers:
    """Which rows of T the codes mean (…, B, columns)."""
    before = np.cumsum([0, *(each.levels for each in columns[:-1])])
    rows: Integers = x[..., [each.place for each in columns]].astype(np.int64) + before
    return rows


def look_up_rows(T: Floats, rows: Integers) -> Floats:
    """T[rows] (…, B, columns · K), of each member from its own T."""
    own = (np.arange(len(T))[:, None, None],) if T.ndim > 2 else ()
    found = T[(*own, rows)]
    flat: Floats = found.reshape(*found.shape[:-2], -1)
    return flat


def make_category_embedding_vjp(dT: Floats, rows: Integers) -> WayBack:
    """From the part (…, B, columns · K) of dy that belongs to T[rows]: sums over equal rows, by sorting."""

    def way_back(dy: Floats, wanted: bool) -> Floats:
        K = dT.shape[-1]
        dT[...] = 0
        if dT.ndim == 2:
            store_sums_by_row(dT, rows.reshape(-1), dy.reshape(-1, K))
            return dy
        for m, table in enumerate(dT):
            store_sums_by_row(table, (rows[m] if rows.ndim == 3 else rows).reshape(-1), dy[m].reshape(-1, K))
        return dy

    return way_back


def store_sums_by_row(table: Floats, rows: Integers, values: Floats) -> None:
    """table[r] ← Σ of the values (n, K) whose row is r; the others stay as they are."""
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    table[ordered[starts]] = np.add.reduceat(values[order], starts, axis=0)
