"""The plan: what a model computes, from cells to predictions, as plain data that every exporter is written from.

A row's cells are numbers, texts or moments, by name. Columns make the input matrix (B, I) of each network, its
operations make outputs of it (M, B, K) for M members (1 without any), the link makes predictions of these (B, C). The
model's prediction is their weighted mean over the networks. Parameters have a leading axis of members, M or 1 long.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.dates import DateParts
from mlptrain.data.grammar import NUMBERS, NumberGrammar
from mlptrain.data.scaling import FittedScaling
from mlptrain.data.table_format import TableFormat
from mlptrain.data.targets import Transform
from mlptrain.engine.activations import Activation
from mlptrain.errors import SpecError

Array = NDArray[Any]


class NotExportable(SpecError):
    """A part of a model has no form in what is to be written."""


# What a row has


@dataclass(frozen=True, kw_only=True)
class NumberInput:
    """A number, NaN where missing; one of `replaced` counts as another number, or as missing (None).

    `missing` are texts that count as missing, for those who read cells as texts, and replace them by `Plan.table`.
    """

    kind: Literal["number"] = "number"
    name: str
    replaced: tuple[tuple[float, float | None], ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TextInput:
    """A text without blanks around it, in Unicode's composed form; the empty one is missing."""

    kind: Literal["text"] = "text"
    name: str


@dataclass(frozen=True, kw_only=True)
class DateInput:
    """A moment: seconds since 1970-01-01 UTC (of the `local` clock: as the clock shows), NaN where missing."""

    kind: Literal["date"] = "date"
    name: str
    format: str
    clock: Literal["utc", "local"] = "utc"
    missing: tuple[str, ...] = ()
    """Texts that count as missing, for those who read cells as texts, and replace them by `Plan.table`."""


Input = NumberInput | TextInput | DateInput


# What columns of the matrix are made of it


@dataclass(frozen=True, kw_only=True)
class Codes:
    """Texts as codes 0 … L: `texts`, else by the number that a text is, if it is in `numbers`, else `other`.

    Numbers are written in `grammar`; those of levels also as most files write them.
    """

    texts: Mapping[str, int]
    numbers: tuple[tuple[float, int], ...] = ()
    grammar: NumberGrammar = NUMBERS
    other: int
    refuses_others: bool = False
    """Whether any other text is a fault, as it is among truth values, where an exporter can say so."""


@dataclass(frozen=True, kw_only=True)
class NumberPlan:
    """scaling(x), a missing x being `fill`; with `indicator` a second column, 1 where x is missing."""

    name: Literal["number"] = "number"
    input: str
    fill: float
    scaling: FittedScaling
    indicator: bool

    @property
    def width(self) -> int:
        return 1 + self.indicator


@dataclass(frozen=True, kw_only=True)
class DatePlan:
    """The parts of a moment; with `indicator` one more column, 1 where it is missing."""

    name: Literal["date"] = "date"
    input: str
    parts: DateParts
    indicator: bool

    @property
    def width(self) -> int:
        return self.parts.width + self.indicator


@dataclass(frozen=True, kw_only=True, eq=False)
class LevelPlan:
    """values[code], a row of W numbers for each code: values (L + 1, W)."""

    name: Literal["levels"] = "levels"
    input: str
    codes: Codes
    values: Array

    @property
    def width(self) -> int:
        return int(self.values.shape[1])


@dataclass(frozen=True, kw_only=True, eq=False)
class OneHotPlan:
    """on[k] in column k where the code is k, off[j] in the other columns j.   on, off (W,); a code may be W or more."""

    name: Literal["one_hot"] = "one_hot"
    input: str
    codes: Codes
    on: Array
    off: Array

    @property
    def width(self) -> int:
        return len(self.on)

    @property
    def values(self) -> Array:
        """The same as a table, a row for each code (L + 1, W)."""
        values = np.repeat(self.off[None], self.codes.other + 1, axis=0)
        np.fill_diagonal(values, self.on)
        return values


@dataclass(frozen=True, kw_only=True)
class CodePlan:
    """The code itself, for which the network has an embedding."""

    name: Literal["codes"] = "codes"
    input: str
    codes: Codes

    @property
    def width(self) -> int:
        return 1


TextPlan = LevelPlan | OneHotPlan | CodePlan
"""What is made of texts."""
ColumnPlan = NumberPlan | DatePlan | TextPlan


# What the network does with the matrix: x (M, B, I) → y (M, B, O), M of x being 1 as long as members see the same


@dataclass(frozen=True, kw_only=True, eq=False)
class Linear:
    """y = x W + b.   W (M, I, O)   b (M, O), None for 0."""

    name: Literal["linear"] = "linear"
    weight: Array
    bias: Array | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Affine:
    """y = x ⊙ factor + shift.   factor (M, I)   shift (M, I), None for 0."""

    name: Literal["affine"] = "affine"
    factor: Array
    shift: Array | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Normalize:
    """y = scale ⊙ (x − μ) / √(v + ε) + shift, with mean and biased variance over the units of a row."""

    name: Literal["normalize"] = "normalize"
    scale: Array
    shift: Array
    epsilon: float


@dataclass(frozen=True, kw_only=True)
class Curve:
    """y = σ(x)."""

    name: Literal["curve"] = "curve"
    activation: Activation


@dataclass(frozen=True, kw_only=True, eq=False)
class BlendedCurve:
    """y = x + slope ⊙ (σ(x) − x).   slope (M, I)."""

    name: Literal["blended_curve"] = "blended_curve"
    activation: Activation
    slope: Array


@dataclass(frozen=True, kw_only=True, eq=False)
class Leaky:
    """y = max(x, 0) + slope ⊙ min(x, 0).   slope (M, I) or (M, 1)."""

    name: Literal["leaky"] = "leaky"
    slope: Array


@dataclass(frozen=True, kw_only=True)
class LargestPiece:
    """y_j = max over k of x_kj; x has the first pieces of all units, then the second ones …"""

    name: Literal["largest_piece"] = "largest_piece"
    pieces: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Waves:
    """θ = w x + b of each embedded number (H values), e = Vᵀ f(θ) + c (K values), f cos, or cos and then sin.

    w, b (M, F, H), the 2π of the formulas in them; b None for 0; V (M, F, H or 2H, K); c (M, F, K). With `relu`
    max(e, 0).
    """

    name: Literal["waves"] = "waves"
    frequency: Array
    phase: Array | None
    sines: bool
    weight: Array
    bias: Array
    relu: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Pieces:
    """e = s x + b + Σₜ Vₜ pₜ, pₜ = (x − startₜ) / widthₜ cut to lowestₜ … highestₜ (infinite where it is not cut).

    start, width, lowest, highest (M, F, T); s, b (M, F, K); V (M, F, T, K). A piece that a number lacks has V 0.
    """

    name: Literal["pieces"] = "pieces"
    start: Array
    width: Array
    lowest: Array
    highest: Array
    slope: Array
    weight: Array
    bias: Array


NumericEmbeddingPlan = Waves | Pieces


@dataclass(frozen=True, kw_only=True, eq=False)
class EmbeddingTable:
    """T[code], the code being in column `place` of the matrix.   T (M, L + 1, K)."""

    place: int
    table: Array


@dataclass(frozen=True, kw_only=True, eq=False)
class Embed:
    """[ E, number by number | the columns `kept` as they are | T[code], table by table ]."""

    name: Literal["embed"] = "embed"
    numbers: tuple[int, ...]
    """The columns that are embedded by `numeric`; none where that is None."""
    numeric: NumericEmbeddingPlan | None
    kept: tuple[int, ...]
    tables: tuple[EmbeddingTable, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class AddedBack:
    """y = x + f(x), f the operations in a row."""

    name: Literal["added_back"] = "added_back"
    operations: "tuple[Operation, ...]"


Operation = Linear | Affine | Normalize | Curve | BlendedCurve | Leaky | LargestPiece | Embed | AddedBack


# What its outputs z (M, B, K) mean


@dataclass(frozen=True, kw_only=True)
class Softmax:
    """p = the mean over members of softmax(z)."""

    name: Literal["softmax"] = "softmax"


@dataclass(frozen=True, kw_only=True)
class Logistic:
    """(1 − p, p) with p = the mean over members of 1 / (1 + e⁻ᶻ)."""

    name: Literal["logistic"] = "logistic"


@dataclass(frozen=True, kw_only=True)
class Average:
    """v = the mean over members of z; of one output for two classes (1 − v, v)."""

    name: Literal["average"] = "average"
    is_pair: bool


@dataclass(frozen=True, kw_only=True)
class Exponential:
    """v = eᶻ of z = log of the mean over members of eᶻ, above `ceiling` the tangent; of two classes (1 − v, v)."""

    name: Literal["exponential"] = "exponential"
    is_pair: bool
    ceiling: float


Link = Softmax | Logistic | Average | Exponential


@dataclass(frozen=True, kw_only=True)
class Units:
    """y = f(v · scale + center) in double precision, cut to lowest … highest; f the identity, eˣ or eˣ − 1."""

    scale: tuple[float, ...]
    center: tuple[float, ...]
    transform: Transform
    lowest: tuple[float, ...]
    highest: tuple[float, ...]
    """Empty for no bounds."""


@dataclass(frozen=True, kw_only=True, eq=False)
class NetworkPlan:
    """One network: its columns or pixels, its operations, what its outputs mean, its share of the prediction."""

    share: float
    """Its weight among all networks, whose sum is 1."""
    columns: tuple[ColumnPlan, ...]
    pixels: int | None
    """Images have no columns: their inputs are so many bytes / 255."""
    operations: tuple[Operation, ...]
    members: int
    link: Link
    units: Units | None
    """None for scores of classes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """A model: what a row has, its networks, and what is predicted."""

    inputs: tuple[Input, ...]
    networks: tuple[NetworkPlan, ...]
    dtype: str
    """Of the networks' arrays; cells are scaled in double precision."""
    targets: tuple[str, ...]
    """The predicted columns."""
    classes: tuple[str, ...]
    """The labels in the order of the scores; none where numbers are predicted."""
    are_probabilities: bool
    """Whether the scores of the classes are probabilities."""
    table: TableFormat
    """How the training table was written, for those who read cells as texts."""
    origin: Mapping[str, str]
    """Where it comes from: `model` (its name), `sha256` of its file, `mlptrain` (the version), `spec` (YAML)."""
