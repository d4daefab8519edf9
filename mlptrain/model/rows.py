"""Rows before they are encoded: a table, or images with their labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.images import read_images, read_labels
from mlptrain.data.table import Table, read_table
from mlptrain.errors import DataError, SpecError
from mlptrain.spec.fields import Data, Images, Source


@dataclass(frozen=True)
class Rows:
    """Inputs that are read but not encoded: a table, or images with their labels."""

    name: str
    table: Table | None = None
    images: NDArray[np.uint8] | None = None
    labels: Table | None = None

    @property
    def count(self) -> int:
        if self.images is not None:
            return len(self.images)
        assert self.table is not None
        return self.table.rows

    def take(self, rows: NDArray[np.int64]) -> "Rows":
        """Some of the rows."""
        if self.images is not None:
            return Rows(self.name, None, self.images[rows], None if self.labels is None else self.labels.take(rows))
        assert self.table is not None
        return Rows(self.name, self.table.take(rows))

    @property
    def answers(self) -> Table:
        """The table of the target: of images their labels."""
        found = self.labels if self.images is not None else self.table
        if found is None:
            raise SpecError(f"{self.name}: these images have no labels; name their file: {{images: …, labels: …}}")
        return found


def read_rows(source: Source, data: Data, folder: Path, *, texts: Sequence[str] = ()) -> Rows:
    """The rows of files, or of a pair of image files; paths are relative to `folder`."""
    if isinstance(source, Images):
        images = read_images(located(source.images, folder))
        labels = None if source.labels is None else read_labels(located(source.labels, folder), len(images))
        return Rows(source.images, None, images, labels)
    files = [located(path, folder) for path in ([source] if isinstance(source, str) else source)]
    table = read_table(files, data, texts={*texts, *text_columns(data)})
    return Rows(table.name, table)


def text_columns(data: Data) -> list[str]:
    """The columns of which the spec says that their texts matter."""
    named = [name for name, own in data.rules.columns.items() if own.type in ("category", "boolean", "date")]
    return [*named, *([data.split.column] if data.split.column else [])]


def located(path: str, folder: Path) -> str:
    """A path of the spec, as the process sees it; "-" is standard input."""
    return path if path == "-" else str(folder / path)


def blank_lines(rows: Rows) -> list[str]:
    """A notice of blank lines between the rows."""
    lines = 0 if rows.table is None else rows.table.inner_blank_lines
    return [f"{rows.name}: {lines} blank line{'s' * (lines > 1)} between the rows left out"] if lines else []


def some(rows: Rows, chosen: NDArray[np.bool_]) -> Rows:
    """The chosen rows; there must be any."""
    if not chosen.any():
        raise DataError(f"{rows.name}: no row is left; all of them lack a cell that is needed")
    return rows.take(np.flatnonzero(chosen))
