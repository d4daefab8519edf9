"""Rows before they are encoded: `TableRows` or `ImageRows`. Both answer the same questions; nobody asks which it is."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.column import Settling, Understood
from mlptrain.data.column_names import find_near_name
from mlptrain.data.column_rules import FeatureRules
from mlptrain.data.doubtful_rows import describe_doubtful_rows
from mlptrain.data.feature_fitting import fit_features
from mlptrain.data.features import Compact, Features, PixelFeatures, Pixels
from mlptrain.data.files import name_input
from mlptrain.data.images import read_images, read_labels
from mlptrain.data.number_reading import read_numbers
from mlptrain.data.odd_cells import OddRows
from mlptrain.data.stores import MEMORY, Store
from mlptrain.data.table import Part, Table, describe_empty_rows, format_row_count, read_table
from mlptrain.data.targets import mark_rows_without_target, require_targets_present
from mlptrain.data.urls import is_url
from mlptrain.engine.arrays import Floats
from mlptrain.errors import CellFault, DataError, SpecError
from mlptrain.spec.fields import Data, Images, Source, narrow_to_images

AnyFeatures = Features | PixelFeatures
RowNumbers = NDArray[np.int64]
Doubles = NDArray[np.float64]

LONGEST_CELL = 40
"""Characters of a cell that a message shows."""


@dataclass(frozen=True)
class TableRows:
    """Rows of a table; the target is one of its columns, or several."""

    table: Table
    are_images: ClassVar[bool] = False

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def count(self) -> int:
        return self.table.rows

    @property
    def inputs(self) -> Table:
        """The table of the input columns."""
        return self.table

    @property
    def answers(self) -> Table:
        """The table of the target."""
        return self.table

    @property
    def tables(self) -> Sequence[Table]:
        """All tables that are held."""
        return (self.table,)

    @property
    def arrays(self) -> Mapping[str, NDArray[np.uint8]]:
        """The arrays that are held beside tables, by what messages call them."""
        return {}

    @property
    def numbers(self) -> RowNumbers:
        """The number of each row in its file(s), from 1, also where others were left out."""
        origin = self.table.origin
        return np.arange(1, self.count + 1) if origin is None else origin + 1

    def answer_column(self, name: str) -> str:
        """The column of `answers` that holds a target."""
        return name

    def columns_that_matter(self, names: Sequence[str]) -> Sequence[str]:
        """The columns of `answers` that a training on the columns `names` looks at."""
        return names

    def require_table(self, option: str) -> Table:
        """The table; of images, an error that names the option that needs one."""
        return self.table

    def take(self, rows: RowNumbers) -> "TableRows":
        """Some of the rows."""
        return TableRows(self.table.take(rows))

    def describe_place(self, row: int) -> str:
        """The file and line of a row."""
        return self.table.places([row])[0]

    def describe_cell(self, row: int, column: str) -> str:
        """A cell as it is written in the file."""
        return f'column "{column}", {self.table.column(column).text(row)[:LONGEST_CELL]!r}'

    def fit_features(
        self, understood: Mapping[str, Understood], rules: FeatureRules, *, targets: Doubles, notices: list[str]
    ) -> Features:
        """Fit the input columns on these rows, whose `targets` (n, K) serve target encodings."""
        return fit_features(self.table, understood, rules, targets=targets, notices=notices)

    def encode_training(
        self,
        features: AnyFeatures,
        dtype: np.dtype[Any],
        *,
        rules: Settling,
        targets: Doubles,
        seed: int,
        odd: OddRows | None = None,
    ) -> Floats | Pixels:
        """The matrix of training rows: target encodings without a row's own target, some categories hidden.

        `odd` is told which cells are filled or unseen.
        """
        return features.encode_training(self.table, dtype, rules=rules, targets=targets, seed=seed, odd=odd)

    def encode(self, features: AnyFeatures, dtype: np.dtype[Any], odd: OddRows | None = None) -> Compact | Pixels:
        """The inputs, some rows at a time; `odd` is told which cells are filled or unseen."""
        return features.compact(self.table, dtype, odd)


@dataclass(frozen=True)
class ImageRows:
    """Images (rows, height, width, …), and perhaps a table of their labels: one column without a name."""

    name: str
    images: NDArray[np.uint8]
    labels: Table | None = None
    origin: RowNumbers | None = None
    """The place of each image in its file, where others were left out."""
    are_images: ClassVar[bool] = True

    @property
    def count(self) -> int:
        return len(self.images)

    @property
    def inputs(self) -> Table:
        """A table of no columns: pixels are none."""
        part = Part(self.name, self.count, lambda rows: [row + 1 for row in rows], " image ")
        return Table(self.name, {}, self.count, [part])

    @property
    def answers(self) -> Table:
        """The labels; an error where there are none."""
        if self.labels is None:
            raise SpecError(f"{self.name}: these images have no labels; name their file: {{images: …, labels: …}}")
        return self.labels

    @property
    def tables(self) -> Sequence[Table]:
        return () if self.labels is None else (self.labels,)

    @property
    def arrays(self) -> Mapping[str, NDArray[np.uint8]]:
        return {"the images": self.images}

    @property
    def numbers(self) -> RowNumbers:
        return np.arange(1, self.count + 1) if self.origin is None else self.origin + 1

    def answer_column(self, name: str) -> str:
        return ""

    def columns_that_matter(self, names: Sequence[str]) -> Sequence[str]:
        return list(self.answers.columns)

    def require_table(self, option: str) -> Table:
        raise SpecError(f"{option}: images have no columns")

    def take(self, rows: RowNumbers) -> "ImageRows":
        labels = None if self.labels is None else self.labels.take(rows)
        return ImageRows(self.name, self.images[rows], labels, self.numbers[rows] - 1)

    def describe_place(self, row: int) -> str:
        return f"{self.name} image {self.numbers[row]}"

    def describe_cell(self, row: int, column: str) -> str:
        return f"pixel {column}"

    def fit_features(
        self, understood: Mapping[str, Understood], rules: FeatureRules, *, targets: Doubles, notices: list[str]
    ) -> PixelFeatures:
        return PixelFeatures(shape=self.images.shape[1:])

    def encode_training(
        self,
        features: AnyFeatures,
        dtype: np.dtype[Any],
        *,
        rules: Settling,
        targets: Doubles,
        seed: int,
        odd: OddRows | None = None,
    ) -> Floats | Pixels:
        return features.compact_images(self.images, dtype, self.name)

    def encode(self, features: AnyFeatures, dtype: np.dtype[Any], odd: OddRows | None = None) -> Compact | Pixels:
        return features.compact_images(self.images, dtype, self.name)


Rows = TableRows | ImageRows


def read_rows(
    source: Source,
    data: Data,
    folder: Path,
    *,
    texts: Sequence[str] = (),
    only: Collection[str] | None = None,
    store: Store = MEMORY,
) -> Rows:
    """The rows of files, or of a pair of image files; paths are relative to `folder`.

    Of tables, the cells of `only` some columns may be all that matters, beside those that the spec needs for itself;
    they live in the store.
    """
    if (images := narrow_to_images(source)) is not None:
        return read_image_rows(images, folder)
    return read_table_rows(list_files(source), data, folder, texts, only, store)


def list_files(source: Source) -> Sequence[str]:
    """The names or patterns of a table's files."""
    return [source] if isinstance(source, str) else cast(Sequence[str], source)


def list_source_names(source: Source) -> Sequence[str]:
    """The names or patterns of all files of a source: tables, or images and their labels."""
    if (images := narrow_to_images(source)) is None:
        return list_files(source)
    return [images.images] if images.labels is None else [images.images, images.labels]


def read_image_rows(source: Images, folder: Path) -> ImageRows:
    """Images and, where their file is named, labels."""
    images = read_images(locate_file(source.images, folder))
    labels = None if source.labels is None else read_labels(locate_file(source.labels, folder), len(images))
    return ImageRows(name_input(source.images), images, labels)


def read_table_rows(
    files: Sequence[str],
    data: Data,
    folder: Path,
    texts: Sequence[str],
    only: Collection[str] | None = None,
    store: Store = MEMORY,
) -> TableRows:
    """The rows of tables with the same columns."""
    paths = [locate_file(path, folder) for path in files]
    own = {*data.targets, *filter(None, (data.sample_weight, data.split.column)), *texts}
    ignored = {name for name in data.rules.columns if data.rules.of(name).kind == "ignore"}
    all_texts = {*texts, *find_text_columns(data)}
    chosen = None if only is None else {*only, *own}
    return TableRows(read_table(paths, data, texts=all_texts, unread=ignored - own, only=chosen, store=store))


def find_text_columns(data: Data) -> list[str]:
    """The columns whose texts the spec needs: declared categories, booleans and dates, and the split column."""
    named = [name for name, own in data.rules.columns.items() if own.type in ("category", "boolean", "date")]
    return [*named, *([data.split.column] if data.split.column else [])]


def locate_file(path: str, folder: Path) -> str:
    """A path of the spec, as the process sees it and messages show it; "-" is standard input, a URL stays one.

    `a/../b` is `b`, unless a link makes them two places.
    """
    if path == "-" or is_url(path):
        return path
    whole = str(folder / path)
    short = os.path.normpath(whole)
    return short if os.path.realpath(short) == os.path.realpath(whole) else whole


def describe_blank_lines(rows: Rows) -> list[str]:
    """Notices of the files: lines without any cell that were left out, between the rows and behind them; sheets."""
    lines, ends = rows.inputs.inner_blank_lines, rows.inputs.empty_rows_at_end
    between = [f"{rows.name}: {lines} blank line{'s' * (lines > 1)} between the rows left out"] if lines else []
    return [*rows.inputs.remarks, *between] + ([f"{rows.name}: {describe_empty_rows(ends)}"] if ends else [])


def find_doubtful_rows(rows: Rows) -> list[str]:
    """Notices of rows that look like none."""
    return [] if rows.are_images else describe_doubtful_rows(rows.inputs)


def take_chosen_rows(rows: Rows, chosen: NDArray[np.bool_]) -> Rows:
    """The chosen rows; there must be any."""
    if not chosen.any():
        raise DataError(f"{rows.name}: no row is left; all of them lack a cell that is needed, or have weight 0")
    return rows.take(np.flatnonzero(chosen))


def drop_uncounted_rows(data: Data, rows: Rows) -> tuple[Rows, list[str]]:
    """The rows that count, and notices of those that do not: of weight 0, or without a target."""
    rows, light = drop_rows_of_weight_zero(data, rows)
    rows, without = drop_rows_without_target(data, rows)
    return rows, [*light, *without]


def drop_rows_of_weight_zero(data: Data, rows: Rows) -> tuple[Rows, list[str]]:
    """The rows whose weight is not 0; where the column of weights is missing, all of them, with a notice."""
    name, table = data.sample_weight, rows.inputs
    if name is None or rows.are_images:
        return rows, []
    if name not in table.columns:
        near = "".join(f", but {other!r}" for other in find_near_name(name, table.columns))
        return rows, [f"there is no column {name!r} (data.sample_weight){near}: every row counts once"]
    zero = read_weight_numbers(table, name) == 0
    if not zero.any():
        return rows, []
    notice = f"{format_row_count(int(zero.sum()))} of weight 0 left out (data.sample_weight: {name})"
    return take_chosen_rows(rows, ~zero), [notice]


def read_weight_numbers(table: Table, name: str) -> Doubles:
    """The numbers of a column of weights; what is none cannot be missing or a category, so that it is to be mended."""
    try:
        return read_numbers(table, name, ())
    except CellFault as problem:
        ways = problem.cure.partition("mend it")[0]
        cure = f"{ways}mend it, or write 0 for a row that is not to count (data.sample_weight: {name})"
        raise CellFault(problem.said, cure, column=name, text=problem.text) from None


def drop_rows_without_target(data: Data, rows: Rows) -> tuple[Rows, list[str]]:
    """The rows that have a target, and notices of those that do not; an error unless the spec lets them drop."""
    names, table, missing = data.targets, rows.inputs, data.missing_targets
    if rows.are_images:
        return rows, []
    if absent := [name for name in names if name not in table.columns]:
        raise DataError(table.missing(absent))
    if data.missing_target == "error":
        require_targets_present(table, names, missing, numeric=False)
        return rows, []
    gaps = mark_rows_without_target(table, names, missing)
    if not (count := int(gaps.sum())):
        return rows, []
    notice = f"{format_row_count(count)} without a target left out (data.missing_target: drop)"
    return take_chosen_rows(rows, ~gaps), [notice]
