"""`init`: a commented spec to begin with, from what is found in a data file."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mlptrain.commands.latest_model import refuse_wrong_data
from mlptrain.commands.starter_columns import (
    describe_doubtful_columns,
    format_column_lines,
    require_any_column,
    understand_columns_despite_faults,
)
from mlptrain.commands.starter_format import (
    apply_best_number_grammar,
    describe_skipped_lines,
    format_table_settings,
    look_at_format,
)
from mlptrain.commands.starter_gaps import (
    describe_odd_texts,
    find_missing_marks,
    find_odd_texts_of_columns,
    list_missing_target_marks,
)
from mlptrain.commands.starter_target import (
    ask_for_target,
    describe_target,
    format_metric_hint,
    format_target_transform,
)
from mlptrain.commands.starter_yaml import format_missing_values, format_yaml_comment, format_yaml_text
from mlptrain.data.column_rules import ColumnRules, FeatureRules
from mlptrain.data.files import is_idx, match_files
from mlptrain.data.images import read_images, read_labels
from mlptrain.data.number_reading import read_numbers
from mlptrain.data.table import Table, read_table_to_describe
from mlptrain.data.table_format import TableFormat
from mlptrain.data.targets import fit_classes, mark_rows_without_target
from mlptrain.errors import DataError, SpecError
from mlptrain.model.rows import TableRows
from mlptrain.preparation.resolution import has_class_target
from mlptrain.preparation.target_doubts import list_target_doubts
from mlptrain.spec.fields import Data, Spec
from mlptrain.spec.recipes import list_recipes, load_recipe

FIRST_LOOK = "plain"
"""The recipe to begin with."""


@dataclass(frozen=True, kw_only=True)
class Starter:
    """A spec to begin with."""

    text: str
    rows: int
    columns: int
    target: str
    """What the target is, in words."""
    notices: Sequence[str] = ()
    """What the user should hear: columns that are left out or are no numbers against their look, cells left out."""


def make_starter_spec(
    data: str, target: str | None, *, labels: str | None = None, folder: Path, given: TableFormat | None = None
) -> Starter:
    """A spec for a table and its target column, or for images and their labels; its paths are relative to `folder`.

    What `given` says of the text's form stands; the rest is found.
    """
    if data == "-":
        raise SpecError("DATA: a spec names its file; save standard input to one first")
    refuse_wrong_data(data)
    if is_idx(data):
        return make_image_starter(data, labels, folder)
    if labels is not None:
        raise SpecError("--labels: this is a table; name its column with --target")
    return make_table_starter(data, target, folder, given or TableFormat())


def make_image_starter(data: str, labels: str | None, folder: Path) -> Starter:
    """A spec for images."""
    if labels is None:
        raise SpecError("--labels is missing: these are images; name the IDX file of their labels")
    images = read_images(data)
    classes = fit_classes("label", read_labels(labels, len(images)).coded(""), labels)
    count, shape = len(images), " × ".join(map(str, images.shape[1:]))
    text = [
        *format_starter_header(data, f"{count:,} images of {shape} pixels"),
        "data:",
        "  train:",
        f"    images: {format_yaml_text(make_path_relative(data, folder))}",
        f"    labels: {format_yaml_text(make_path_relative(labels, folder))}      # {len(classes.classes)} classes",
        "  # test: {images: …, labels: …}    # what `mlptrain eval` is measured on",
        "seed: 1",
    ]
    return Starter(text="\n".join(text) + "\n", rows=count, columns=0, target=f"{len(classes.classes)} classes")


@dataclass(frozen=True, kw_only=True)
class FirstLook:
    """A table of which a spec is to be written."""

    path: str
    """The first of its files."""
    layout: TableFormat
    table: Table
    target: str
    remarks: Sequence[str]
    """What the user should hear of how it is written."""


def read_table_to_start(data: str, target: str | None, given: TableFormat) -> FirstLook:
    """The table, how it is written, and the target, which must be there."""
    first = match_files(data)[0]
    layout, remarks = look_at_format(first, target, given)
    table = read_table_to_describe(data, layout)
    if target is None:
        raise SpecError(ask_for_target(data, table))
    if target not in table.columns:
        hints = remarks if layout.has_header else ["the first line looks like data, so the columns were numbered"]
        raise DataError(table.missing([target]) + "".join(f" ({hint})" for hint in hints))
    if not table.rows:
        raise DataError(f"{table.name}: there are no rows, only names")
    layout, table = apply_best_number_grammar(data, layout, table, given)
    return FirstLook(path=first, layout=layout, table=table, target=target, remarks=remarks)


def make_table_starter(data: str, target: str | None, folder: Path, given: TableFormat) -> Starter:
    """A spec for a table."""
    look = read_table_to_start(data, target, given)
    table, target = look.table, look.target
    names = [name for name in table.columns if name != target]
    marks = find_missing_marks(table)
    own = find_odd_texts_of_columns(table, marks)
    rules = {name: ColumnRules(missing_values=tuple(odd)) for name, odd in own.items()}
    found = understand_columns_despite_faults(table, names, FeatureRules(missing_values=marks, columns=rules))
    spec = Spec(data=Data(train=data, target=target, missing_values=marks, columns=rules))
    classes = has_class_target(spec, TableRows(table))
    none = list_missing_target_marks(table, target, spec.data.missing_targets)
    gaps = int(mark_rows_without_target(table, [target], none).sum())
    said = describe_target(table, target, classes=classes, missing=none)
    numbers = [] if classes else read_numbers(table, target, tuple(none)).tolist()
    require_any_column(table, found, spec.data.rules)
    text = [
        *format_starter_header(data, f"{table.rows:,} rows, {len(names) + 1:,} columns"),
        "data:",
        f"  train: {format_yaml_text(make_path_relative(data, folder))}",
        *format_table_settings(look.layout),
        *([f"  {format_missing_values(marks)}"] if marks else []),
        f"  target: {format_yaml_text(target)}    # {said}",
        *format_target_transform(numbers),
        *([f"  missing_target: drop    # {gaps:,} rows have no target"] if gaps else []),
        *format_column_lines(table, spec, found),
        "  split: {test: 0.15}    # `mlptrain eval` measures on this share; the recipe holds out more to validate on",
        *format_metric_hint(numbers),
        "seed: 1",
    ]
    doubts = list_target_doubts(spec, table, classes=classes)
    notices = [
        *look.remarks,
        *describe_skipped_lines(look.path, look.layout),
        *describe_odd_texts(own),
        *describe_doubtful_columns(found),
        *doubts,
    ]
    return Starter(text="\n".join(text) + "\n", rows=table.rows, columns=len(names) + 1, target=said, notices=notices)


def format_starter_header(data: str, what: str) -> list[str]:
    name = Path(data).name
    return [
        f"# What `mlptrain init` found in {format_yaml_comment(name)} ({what}), and a network to begin with.",
        "# Look at it with `mlptrain check`, train it with `mlptrain fit`; change what you know better.",
        *format_recipe_lines(),
    ]


def format_recipe_lines() -> list[str]:
    """The recipe to begin with, and what else there is to try."""
    abouts = {name: load_recipe(name).about for name in list_recipes()}
    first = f"recipe: {FIRST_LOOK}    # {abouts.pop(FIRST_LOOK)}; `mlptrain check` shows what it becomes for these rows"
    return [first, *(f"# recipe: {name}    # {about}" for name, about in abouts.items())]


def make_path_relative(path: str, folder: Path) -> str:
    """A path as seen from a folder."""
    try:
        return Path(os.path.relpath(Path(path).resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive
        return str(Path(path).resolve())
