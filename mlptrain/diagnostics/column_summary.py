"""The columns: what each is to the model, how its cells lie, and which were left out and why."""

from dataclasses import dataclass

from mlptrain.model.evaluation import JudgedRows
from mlptrain.model.layer_history import Histogram
from mlptrain.model.model import Model


@dataclass(frozen=True, kw_only=True)
class LevelCount:
    """How many of the judged rows have a value."""

    level: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class ColumnSummary:
    """A column of the training table."""

    name: str
    kind: str
    """number, category … or "ignore"."""
    inputs: int
    """The inputs of the network that it becomes."""
    left_out: str = ""
    """Why it is not used; empty if it is."""
    missing: int | None = None
    """Cells of the judged rows; None without any."""
    unseen: int | None = None
    beyond: int | None = None
    different: int | None = None
    """Different values, missing apart."""
    lowest: str = ""
    highest: str = ""
    """The range of numbers and dates as texts; empty of other kinds."""
    levels: tuple[LevelCount, ...] = ()
    """Of categories and truth values, the most frequent first."""
    others: int = 0
    """The rows of all levels that are not listed."""
    histogram: Histogram | None = None
    """Of numbers, and of dates in seconds since 1970."""
    below: int = 0
    above: int = 0
    """The rows that are less than the first edge of the histogram, or more than the last."""


def summarize_columns(model: Model, judged: JudgedRows | None) -> tuple[ColumnSummary, ...]:
    """The columns of a model, those that it uses first."""
    odd = None if judged is None else judged.evaluation.odd_cells
    used = [
        ColumnSummary(
            name=name,
            kind=column.kind,
            inputs=column.width,
            missing=None if odd is None else odd.filled.get(name, 0),
            unseen=None if odd is None else odd.unseen.get(name, 0),
            beyond=None if odd is None else odd.beyond.get(name, 0),
        )
        for name, column in model.columns().items()
    ]
    ignored = {name: why for each in model.networks for name, why in find_ignored(each.features)}
    left_out = [ColumnSummary(name=name, kind="ignore", inputs=0, left_out=why) for name, why in ignored.items()]
    return (*used, *left_out)


def find_ignored(features: object) -> list[tuple[str, str]]:
    """The columns that features leave out, and why."""
    return list(getattr(features, "ignored", {}).items())
