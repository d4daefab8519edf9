"""Columns understood, and fitted on the training rows: what each is, and what becomes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.column import ONE_VALUE, REASONS, ColumnLook, Doubles, Understood
from mlptrain.data.column_names import format_quoted_names
from mlptrain.data.column_rules import FeatureRules
from mlptrain.data.date_column import DateColumn
from mlptrain.data.date_recognition import explain_number_dates
from mlptrain.data.features import CLASS_OF, COLUMN_CLASSES, FeatureColumn, Features
from mlptrain.data.number_column import FEW_NUMBERS, NumberColumn
from mlptrain.data.number_recognition import INDEX_NAME, RUNNING_NUMBER
from mlptrain.data.number_texts import are_whole_numbers
from mlptrain.data.table import Table
from mlptrain.data.truth_values import look_at_truth_values
from mlptrain.data.typed_kinds import infer_kind_from_type
from mlptrain.data.yaml_keys import quote_yaml_key
from mlptrain.errors import DataError

AS_DECLARED = "as declared"
IDENTIFIER = "identifier"
"""What the note of numbers says that name the rows; dates may look so, too."""
NOTHING_SAID = ("constant", "all cells are missing")
"""What cells say that may not even have been read."""


def decide_column_kinds(table: Table, names: Sequence[str], rules: FeatureRules) -> dict[str, Understood]:
    """The kind of each of the columns: the spec's, or what its cells say.

    A running number is an identifier, unless there is nothing else to learn from.
    """
    found = {name: decide_column_kind(table, name, rules) for name in names}
    if all(each.kind == "ignore" for each in found.values()):
        return {name: Understood("number") if each == RUNNING_NUMBER else each for name, each in found.items()}
    used = [name for name, each in found.items() if each.kind != "ignore"]
    if len(used) == 1 and found[used[0]].declared and IDENTIFIER in found[used[0]].note:  # a curve over its numbers
        return found | {used[0]: replace(found[used[0]], note=AS_DECLARED, notice=False)}
    return found


def decide_column_kind(table: Table, name: str, rules: FeatureRules) -> Understood:
    """The kind of one column: the spec's, or what its cells say."""
    declared, missing = rules.of(name).kind, {"", *rules.missing(name)}
    if declared is not None:
        return explain_declared_kind(table, name, missing, declared)
    return infer_column_kind(table, name, missing)


def explain_declared_kind(table: Table, name: str, missing: set[str], declared: str) -> Understood:
    """A kind that the spec declares, and what the cells say where that differs, or if numbers name the rows or
    are shown in per cent.
    """
    if table.type_of(name).unreadable or table.type_of(name).is_index:
        said = f"{AS_DECLARED}; the index of the stored data frame" if declared not in ("ignore", "category") else ""
        return Understood(declared, said or AS_DECLARED, declared=True, notice=bool(said))
    try:
        found = infer_column_kind(table, name, missing)
    except DataError:  # words among numbers or truth values
        are_truths = look_at_truth_values(ColumnLook(table, name, missing).counts) is not None
        kind = "boolean" if are_truths else "number"
        found = Understood(kind, f"most of its cells are {REASONS[kind]}")
    if declared == "number" and (said := find_identifier(name, found) or table.type_of(name).reading):
        return Understood(declared, said, declared=True, notice=True)
    agrees = found.kind == declared or (declared == "date" and found.notice) or found.note in NOTHING_SAID
    note = AS_DECLARED if agrees else f"{AS_DECLARED}; {found.reason.partition('; to ')[0]}"
    hides = declared in ("category", "ignore") and hides_numbers(table, name, found)
    return Understood(declared, note, declared=True, hides_numbers=hides)


def find_identifier(name: str, found: Understood) -> str:
    """What a notice says of declared numbers whose cells name the rows; empty if they do not."""
    cure = f"to leave it out, set data.columns: {{{quote_yaml_key(name)}: ignore}}"
    if found == RUNNING_NUMBER:
        return f"a running number: probably an identifier; {cure}"
    if INDEX_NAME.fullmatch(name) and found.kind == "ignore" and found.notice:
        return f"{found.note.partition('; to ')[0]}: probably an identifier; {cure}"
    return found.note if found.kind == "number" and IDENTIFIER in found.note else ""


def hides_numbers(table: Table, name: str, found: Understood) -> bool:
    """Whether a column that is declared to be none holds numbers: no identifiers, codes or few whole numbers."""
    if found.kind == "number":
        return not (found.notice and "identifier" in found.note) and has_many_numbers(table, name)
    return found.notice and "like numbers" in found.note


def has_many_numbers(table: Table, name: str) -> bool:
    """Whether a column has fractions, or more different whole numbers than there are codes, which are of one length."""
    cells = table.column(name)
    texts = {text.strip() for text in cells.kept_texts.counts} - {""}
    if cells.is_numeric or not are_whole_numbers(texts):
        return True
    return len(texts) > FEW_NUMBERS and len(set(map(len, texts))) > 1


def infer_column_kind(table: Table, name: str, missing: set[str]) -> Understood:
    """The kind of a column that the spec does not declare: by its type in memory, else by its cells."""
    of = table.type_of(name)
    if of.unreadable:
        return Understood("ignore", f"of type {of.unreadable}, of which no inputs can be made", notice=True)
    if of.is_index:
        cure = f"to use it, set data.columns: {{{quote_yaml_key(name)}: {of.kind}}}"
        where = f" in {of.only_index_in}, though not in all files" if of.only_index_in else ""
        return Understood("ignore", f"the index of the stored data frame{where}; {cure}", notice=True)
    found = infer_kind_from_type(table, name, missing) or infer_kind_from_cells(table, name, missing)
    return Understood("number", of.reading, notice=True) if of.reading and found == Understood("number") else found


def infer_kind_from_cells(table: Table, name: str, missing: set[str]) -> Understood:
    """The kind of a column, from all of its cells."""
    look = ColumnLook(table, name, missing)
    if not look.cells.is_numeric and (dates := DateColumn.recognise(look)) is not None:
        return dates  # before numbers: figures with a month's name beside them are no amounts in a unit
    found = next(found for column in COLUMN_CLASSES if (found := column.recognise(look)) is not None)
    if INDEX_NAME.fullmatch(name) and found.kind == "category":
        cure = f"to use them, set data.columns: {{{quote_yaml_key(name)}: category}}"
        return Understood("ignore", f"the row names of the data frame that was saved; {cure}", notice=True)
    is_number = found in (Understood("number"), RUNNING_NUMBER) or (found.kind == "number" and IDENTIFIER in found.note)
    if is_number and (said := explain_number_dates(name, look)):
        return Understood("number", said, notice=True)
    is_text = found.kind in ("category", "ignore") and (not found.notice or IDENTIFIER in found.note)
    return look_for_odd_dates(look, found) if is_text else found


def look_for_odd_dates(look: ColumnLook, found: Understood) -> Understood:
    """What was found of a column of texts, with a notice if they look like dates that no format reads."""
    from mlptrain.data.odd_dates import explain_odd_dates  # predictions need it never

    said = explain_odd_dates(look.counts)
    return Understood(found.kind, said, notice=True) if said else found


def fit_features(
    table: Table,
    understood: Mapping[str, Understood],
    rules: FeatureRules,
    *,
    targets: Doubles,
    notices: list[str] | None = None,
) -> Features:
    """Fit the columns on the training rows, whose `targets` (n, K) serve target encodings."""
    columns: list[FeatureColumn] = []
    ignored = {}
    for name, found in understood.items():
        if found.kind == "ignore":
            ignored[name] = AS_DECLARED if found.declared else found.note  # the same however the rows are kept
            continue
        kind, asked = CLASS_OF[found.kind], rules.settle(name, found.kind)
        column = kind.fit(table, asked, targets)
        if column is None:
            ignored[name] = kind.explain_unfit(asked)
            continue
        columns.append(column)
        if notices is not None:
            notices += column.describe_outliers(table)
    if not columns:
        left_out = f"left out: {format_quoted_names(ignored)}" if ignored else "there is none beside the target"
        raise DataError(f"{table.name}: no column is left to learn from; {left_out}")
    return Features(columns=tuple(columns), ignored=ignored)


def list_far_numbers(table: Table, understood: Mapping[str, Understood], rules: FeatureRules) -> list[str]:
    """Notices of cells of all rows that are out of all proportion to the others in their column of numbers."""
    settings = [rules.settle(name, found.kind) for name, found in understood.items() if found.kind == "number"]
    columns = [NumberColumn.fit(table, each, np.empty((table.rows, 0))) for each in settings]
    return [said for column in columns if column is not None for said in column.describe_outliers(table)]


def find_incomplete_rows(table: Table, understood: Mapping[str, Understood], rules: FeatureRules) -> NDArray[np.bool_]:
    """The rows to be dropped because they lack a cell of a column whose incomplete rows the spec leaves out.

    A column that tells nothing but which cells are missing drops none.
    """
    dropped = np.zeros(table.rows, bool)
    for name, found in understood.items():
        if found.kind != "ignore" and found.note != ONE_VALUE and rules.drops_incomplete_rows(name):
            dropped |= CLASS_OF[found.kind].find_gaps(table, rules.settle(name, found.kind))
    return dropped
