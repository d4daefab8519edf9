"""What effects are found as: curves over the values of each column, in the column's and the target's own units."""

from dataclasses import dataclass, field
from typing import Literal

from mlptrain.data.number_texts import write_data_number
from mlptrain.data.odd_cells import OddCells
from mlptrain.display import Displayable
from mlptrain.explain.importance import write_number

Curve = Literal["ale", "partial_dependence"]


@dataclass(frozen=True, kw_only=True)
class EffectPoint:
    """The effect of one value: how far the predictions with it lie from their mean, for each output."""

    value: float | str
    """A number of the column, or the text of a cell; of a missing cell empty."""
    rows: int
    """Rows that have the value; of a curve of numbers, those from the value before (without it) up to this one."""
    effect: tuple[float, ...]

    @property
    def label(self) -> str:
        """The value as a text, a number with six significant digits."""
        return self.value if isinstance(self.value, str) else write_data_number(self.value)


@dataclass(frozen=True, kw_only=True)
class Effect:
    """The effect of one column."""

    column: str
    curve: Curve
    points: tuple[EffectPoint, ...]
    """In ascending order, those of categories in the order of their levels."""
    missing: EffectPoint | None = None
    """The effect of a missing number or date, by partial dependence; categories have it among their points."""
    ice: tuple[tuple[float, ...], ...] = ()
    """Predictions of some rows for each point of numbers, lowest row first (individual conditional expectation)."""

    has_every_value: bool = False
    """Whether the points of numbers are all values from the first to the last, not the ends of intervals."""

    def find_range(self, output: int) -> tuple[float, float]:
        """The lowest and the highest effect on an output, that of missing cells included."""
        effects = [each.effect[output] for each in self.list_points()]
        return min(effects), max(effects)

    def list_points(self) -> list[EffectPoint]:
        """All points, that of missing cells last."""
        return [*self.points, *([self.missing] if self.missing is not None else [])]


@dataclass(frozen=True, kw_only=True)
class EffectCurves(Displayable):
    """The effects of columns on what a model predicts."""

    method: str
    rows: int
    rows_given: int
    """The rows of the data, of which `rows` were drawn."""
    outputs: tuple[str, ...]
    """What is predicted: targets, or classes whose probability (or score) it is."""
    of_classes: bool
    mean: tuple[float, ...]
    """The mean prediction of each output, from which effects are counted."""
    columns: tuple[Effect, ...]
    """Those of the widest range first."""
    odd_cells: OddCells = field(default_factory=OddCells)
    """Cells that were filled, unseen or far out, counted by column."""
    seen: str = ""
    """Whether the rows are those of the training; empty if that is not known."""
    notices: tuple[str, ...] = ()

    def tabulate(self) -> tuple[dict[str, list[str]], set[str]]:
        """One row a point, as columns of texts, and which of them are numbers."""
        names = ["effect"] if len(self.outputs) == 1 else [f"effect_{output}" for output in self.outputs]
        points = [(each, point) for each in self.columns for point in each.list_points()]
        table: dict[str, list[str]] = {
            "column": [each.column for each, _ in points],
            "curve": ["partial_dependence" if point is each.missing else each.curve for each, point in points],
            "value": [write_value(point.value) for _, point in points],
            "rows": [str(point.rows) for _, point in points],
        }
        table |= {name: [write_number(point.effect[k]) for _, point in points] for k, name in enumerate(names)}
        return table, {"rows", *names}


def write_value(value: float | str) -> str:
    """A value of a column as text."""
    return value if isinstance(value, str) else f"{value:.15g}"
