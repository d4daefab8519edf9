"""What other systems score on the same tables, from a Markdown file of theirs.

The file has a table with the columns `set`, `task`, `n_train` and one a model (error of classes, RMSE of numbers), and
the same without `task` and `n_train` under headings that begin with "AUC", "Log loss" and "Fit seconds". A cell that is
no number ("–", "t/o", "(0.12)") counts as not measured.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Row = dict[str, str]
"""The cells of a row by the heads of their columns."""


@dataclass(frozen=True, kw_only=True)
class Worth:
    """What a model is worth on a table: its error or RMSE, and what else is known."""

    score: float
    log_loss: float | None = None
    auc: float | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Baselines:
    """Other systems: by model and table what they are worth, and to how many digits each table's scores are given."""

    worths: Mapping[str, Mapping[str, Worth]] = field(default_factory=dict)
    digits: Mapping[str, int] = field(default_factory=dict)

    @property
    def ranked(self) -> list[str]:
        """The models that were measured on every table."""
        return [model for model, worths in self.worths.items() if worths.keys() == self.digits.keys()]


def read_baselines(text: str) -> Baselines:
    """The baselines in a Markdown text; none where it has no table of them."""
    tables = dict(markdown_tables(text))
    scores = next((rows for rows in tables.values() if {"set", "task"} <= rows[0].keys()), [])
    log_losses, aucs, seconds = (under(tables, heading) for heading in ("Log loss", "AUC", "Fit seconds"))
    models = [name for name in (scores[0] if scores else {}) if name not in ("set", "task", "n_train")]
    worths = {
        model: {
            name: Worth(
                score=score,
                log_loss=number(log_losses.get(name, {}).get(model)),
                auc=number(aucs.get(name, {}).get(model)),
                seconds=number(seconds.get(name, {}).get(model)),
            )
            for row in scores
            if (score := number(row[model])) is not None and (name := table_name(row))
        }
        for model in models
    }
    return Baselines(worths, {table_name(row): max(map(decimals, map(row.get, models))) for row in scores})


def markdown_tables(text: str) -> Iterator[tuple[str, list[Row]]]:
    """Every table with rows, after the heading it stands under."""
    heading, lines = "", [*text.splitlines(), ""]
    table: list[Sequence[str]] = []
    for line in lines:
        if line.startswith("|"):
            table.append([cell.strip() for cell in line.strip().strip("|").split("|")])
            continue
        if len(table) > 2:
            yield heading, [dict(zip(table[0], cells, strict=True)) for cells in table[2:]]
        table = []
        if line.startswith("#"):
            heading = line.lstrip("# ")


def under(tables: Mapping[str, Sequence[Row]], beginning: str) -> dict[str, Row]:
    """The rows, by the names of their tables, under the first heading that begins so."""
    rows = next((rows for heading, rows in tables.items() if heading.startswith(beginning)), ())
    return {table_name(row): row for row in rows}


def table_name(row: Row) -> str:
    """The first word: a remark may follow, as in "diamonds (log)"."""
    return row["set"].split()[0]


def number(cell: str | None) -> float | None:
    """The number in a cell, bold or not."""
    bare = (cell or "").strip("*")
    return float(bare) if re.fullmatch(r"-?\d+(\.\d+)?", bare) else None


def decimals(cell: str | None) -> int:
    """How many digits a number has behind the point.

    >>> decimals("**0.1260**"), decimals("46766")
    (4, 0)
    """
    return len((cell or "").strip("*").partition(".")[2]) if number(cell) is not None else 0
