"""What counterfactuals find: changes of a row's cells that give it another answer."""

from dataclasses import dataclass, field

from mlptrain.data.odd_cells import OddCells
from mlptrain.display import Displayable
from mlptrain.explain.importance import write_number


@dataclass(frozen=True, kw_only=True)
class Change:
    """A cell that becomes another one."""

    column: str
    cell: str
    new_cell: str


@dataclass(frozen=True, kw_only=True)
class RowChange:
    """The nearest change of one row that gives it another class, if any was found."""

    row: int
    """Its number in the file, from 1."""
    prediction: str
    score: float
    """That of the class that is predicted."""
    changes: tuple[Change, ...] = ()
    """None where no change was found."""
    new_prediction: str | None = None
    new_score: float | None = None
    """That of the new class, after the change."""
    distance: float | None = None
    """Of numbers the share of rows that lie between both cells, of categories 1, summed."""


@dataclass(frozen=True, kw_only=True)
class Counterfactuals(Displayable):
    """The nearest changes of rows that give them another class."""

    method: str
    columns: tuple[str, ...]
    """Those that were allowed to change."""
    most_changes: int
    """How many of them at once."""
    rows: tuple[RowChange, ...]
    odd_cells: OddCells = field(default_factory=OddCells)
    """Cells that were filled, unseen or far out, counted by column."""
    seen: str = ""
    """Whether the rows are those of the training; empty if that is not known."""
    notices: tuple[str, ...] = ()

    def tabulate(self) -> tuple[dict[str, list[str]], set[str]]:
        """One line a row as columns of texts, and which of them are numbers: new cells are empty where none changes."""
        new = [{each.column: each.new_cell for each in row.changes} for row in self.rows]
        columns = {
            "row": [str(each.row) for each in self.rows],
            "prediction": [each.prediction for each in self.rows],
            "score": [write_number(each.score) for each in self.rows],
            "new_prediction": [each.new_prediction or "" for each in self.rows],
            "new_score": [write_number(each.new_score) for each in self.rows],
            "changes": [str(len(each.changes)) for each in self.rows],
            "distance": [write_number(each.distance) for each in self.rows],
            **{f"new_{name}": [cells.get(name, "") for cells in new] for name in self.columns},
        }
        return columns, {"row", "score", "new_score", "changes", "distance"}
