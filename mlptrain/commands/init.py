"""`init`: a commented spec to begin with, from what is found in a data file."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mlptrain.commands.latest_model import refuse_wrong_data
from mlptrain.commands.starter_columns import (
    describe_doubtful_columns,
    format_column_lines,
    leave_out_identifiers,
    require_any_column,
    summarize_found_columns,
    understand_columns_despite_faults,
)
from mlptrain.commands.starter_format import (
    apply_best_number_grammar,
    describe_skipped_lines,
    format_table_settings,
    look_at_format,
    propose_own_options,
)
from mlptrain.commands.starter_gaps import (
    describe_odd_texts,
    find_common_missing_marks,
    find_odd_texts_of_columns,
    list_missing_target_marks,
)
from mlptrain.commands.starter_target import (
    ask_for_target,
    describe_target,
    describe_target_transform,
    format_metric_hint,
    format_positive_class,
    format_target_transform,
    list_labels,
)
from mlptrain.commands.starter_trial import choose_trainable_split
from mlptrain.commands.starter_yaml import format_missing_values, format_yaml_comment, format_yaml_text
from mlptrain.data.column import Understood
from mlptrain.data.column_names import describe_difference, find_name_but_for_blanks
from mlptrain.data.column_rules import ColumnRules, FeatureRules
from mlptrain.data.feature_fitting import list_far_numbers
from mlptrain.data.files import is_idx, match_files, open_file
from mlptrain.data.images import read_images, read_labels
from mlptrain.data.number_reading import read_numbers
from mlptrain.data.table import Table, format_row_count, read_table_to_describe
from mlptrain.data.table_format import TableFormat
from mlptrain.data.targets import describe_doubtful_labels, fit_classes, mark_rows_without_target
from mlptrain.data.urls import is_url
from mlptrain.display import Displayable
from mlptrain.errors import DataError, SpecError
from mlptrain.model.rows import TableRows
from mlptrain.preparation.column_notices import describe_levels_for_missing
from mlptrain.preparation.resolution import has_class_target
from mlptrain.preparation.target_doubts import list_target_doubts
from mlptrain.spec.fields import Data, Spec
from mlptrain.spec.recipes import list_recipes, load_recipe

FIRST_LOOK = "plain"
"""The recipe to begin with."""


@dataclass(frozen=True, kw_only=True)
class Starter(Displayable):
    """A spec to begin with, and what it says."""

    text: str
    rows: int
    target_name: str
    target: str
    """What the target is, in words."""
    columns: Sequence[tuple[str, str, str]] = ()
    """Per input column: its name, its kind in the spec, what its cells are, or why it is left out."""
    layout: TableFormat | None = None
    """How the table is written; None for images."""
    notices: Sequence[str] = ()
    """What the user should hear: columns that are left out or are no numbers against their look, cells left out."""


def make_starter_spec(
    data: str, target: str | None, *, labels: str | None = None, folder: Path, given: TableFormat | None = None
) -> Starter:
    """A spec for a table and its target column, or for images and their labels; its paths are relative to `folder`.

    What `given` says of the text's form stands; the rest is found.
    """
    require_data_files(data)
    if is_idx(data):
        return make_image_starter(data, labels, folder)
    if labels is not None:
        raise SpecError("--labels: this is a table; name its column with --target")
    return make_table_starter(data, target, folder, given or TableFormat())


def require_data_files(data: str) -> None:
    """An error if what is named as data is standard input, a spec or a model, or not there."""
    if data == "-":
        raise SpecError("DATA: a spec names its file; save standard input to one first")
    refuse_wrong_data(data)
    for name in match_files(data):
        open_file(name).close()


def make_image_starter(data: str, labels: str | None, folder: Path) -> Starter:
    """A spec for images."""
    if labels is None:
        raise SpecError("--labels is missing: these are images; name the IDX file of their labels")
    images = read_images(data)
    classes = fit_classes("label", read_labels(labels, len(images)).code_texts(""), labels)
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
    said = f"{len(classes.classes)} classes"
    return Starter(text="\n".join(text) + "\n", rows=count, target_name="label", target=said)


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
    with propose_own_options():
        layout, remarks = look_at_format(first, target, given)
        table = read_table_to_describe(data, layout)
    if target is None:
        raise SpecError(ask_for_target(data, table))
    if target not in table.columns and (same := find_name_but_for_blanks(target, table.columns)) is not None:
        remarks = [*remarks, f"the target is the column {same!r}, whose name {describe_difference(target, same)}"]
        target = same
    if target not in table.columns:
        hints = remarks if layout.has_header else ["the first line looks like data, so the columns were numbered"]
        raise DataError(table.missing([target]) + "".join(f" ({hint})" for hint in hints))
    if not table.rows:
        raise DataError(f"{table.name}: there are no rows, only names")
    layout, table = apply_best_number_grammar(data, layout, table, given)
    return FirstLook(path=first, layout=layout, table=table, target=target, remarks=remarks)


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What a table was found to be."""

    look: FirstLook
    spec: Spec
    """Its data section, as far as it was found out."""
    columns: Mapping[str, Understood]
    """The input columns."""
    odd: Mapping[str, Mapping[str, int]]
    """The odd texts in columns of numbers, which are taken for missing."""
    rows: TableRows
    """The rows that have a target."""
    is_class: bool
    missing: Collection[str]
    """The texts that mean a missing target."""

    @cached_property
    def numbers(self) -> list[float]:
        """The numbers of the target; none of classes."""
        table, target = self.rows.table, self.look.target
        return [] if self.is_class else read_numbers(table, target, tuple(self.missing)).tolist()

    @cached_property
    def labels(self) -> Sequence[str]:
        """The classes of the target; none of numbers."""
        return list_labels(self.rows.table, self.look.target, self.missing) if self.is_class else []


def understand_table(look: FirstLook, data: str) -> Findings:
    """What the columns of a table and its target are, and what means missing in them."""
    table, target = look.table, look.target
    marks = find_common_missing_marks(table, target)
    odd = find_odd_texts_of_columns(table, marks, target)
    rules = {name: ColumnRules(missing_values=tuple(texts)) for name, texts in odd.items()}
    names = [name for name in table.columns if name != target]
    own = FeatureRules(missing_values=marks, columns=rules)
    columns = leave_out_identifiers(table, understand_columns_despite_faults(table, names, own), own)
    require_any_column(table, columns, own)
    spec = Spec(data=Data(train=data, target=target, missing_values=marks, columns=rules, missing_target="drop"))
    missing = list_missing_target_marks(table, target, spec.data.missing_targets)
    known = take_rows_with_target(table, target, missing)
    return Findings(
        look=look,
        spec=spec,
        columns=columns,
        odd=odd,
        rows=known,
        is_class=has_class_target(spec, known),
        missing=missing,
    )


def take_rows_with_target(table: Table, target: str, missing: Collection[str]) -> TableRows:
    """The rows that have a target; an error where none has."""
    gaps = mark_rows_without_target(table, [target], missing)
    if gaps.all():
        raise DataError(f'{table.name}: column "{target}": the target is missing in all rows; nothing can be learned')
    return TableRows(table) if not gaps.any() else TableRows(table.take((~gaps).nonzero()[0]))


def make_table_starter(data: str, target: str | None, folder: Path, given: TableFormat) -> Starter:
    """A spec for a table."""
    found = understand_table(read_table_to_start(data, target, given), data)
    table = found.look.table
    said = describe_target(found.rows.table, found.look.target, classes=found.is_class, missing=found.missing)
    lines = choose_trainable_split(
        lambda split: write_table_spec(found, data, folder, said=said, split=split),
        TableRows(table),
        folder,
        labels=len(found.labels),
    )
    return Starter(
        text="\n".join(lines) + "\n",
        rows=table.rows,
        target_name=found.look.target,
        target=said,
        columns=summarize_found_columns(table, found.columns, found.spec.data.rules),
        layout=found.look.layout,
        notices=list_starter_notices(found),
    )


def write_table_spec(found: Findings, data: str, folder: Path, *, said: str, split: str) -> list[str]:
    """The lines of the spec of a table, whose target is what is `said`, and whose rows are divided by `split`."""
    table, target, marks = found.look.table, found.look.target, found.spec.data.missing_values
    gaps = table.rows - found.rows.count
    return [
        *format_starter_header(data, f"{table.rows:,} rows, {len(table.columns):,} columns"),
        "data:",
        f"  train: {format_yaml_text(make_path_relative(data, folder))}",
        *format_table_settings(found.look.layout),
        *([f"  {format_missing_values(marks)}"] if marks else []),
        f"  target: {format_yaml_text(target)}    # {said}",
        *format_positive_class(found.labels),
        *format_target_transform(found.numbers),
        *([f"  missing_target: drop    # {format_row_count(gaps)} without a target"] if gaps else []),
        *format_column_lines(table, found.spec, found.columns),
        f"  split: {split}",
        *format_metric_hint(found.numbers),
        "seed: 1",
    ]


def list_starter_notices(found: Findings) -> list[str]:
    """What the user should hear: what is left out, taken for missing, or may mean something else than it seems to."""
    look, table, rules = found.look, found.rows.table, found.spec.data.rules
    gaps = look.table.rows - table.rows
    return [
        *look.remarks,
        *describe_skipped_lines(look.path, look.layout),
        *describe_odd_texts(look.table, found.odd),
        *describe_doubtful_columns(look.table, found.columns, rules),
        *list_far_numbers(look.table, found.columns, rules),
        *describe_levels_for_missing(look.table, found.columns, rules),
        *([f"{format_row_count(gaps)} without a target left out (data.missing_target: drop)"] if gaps else []),
        *describe_target_transform(found.numbers),
        *list_target_doubts(found.spec, table, classes=found.is_class),
        *(describe_label_doubts(table, look.target, rules.missing_values) if found.is_class else []),
    ]


def describe_label_doubts(table: Table, target: str, missing: Collection[str]) -> list[str]:
    """Notices of labels that may be meant alike or missing."""
    cells, grammar = table.code_texts(target), table.grammar_of(target)
    classes = fit_classes(target, cells, table.name, grammar)
    return describe_doubtful_labels(classes, cells, grammar, missing=missing)


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
    """A path as seen from a folder; a URL stays one."""
    if is_url(path):
        return path
    try:
        return Path(os.path.relpath(Path(path).resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive
        return str(Path(path).resolve())
