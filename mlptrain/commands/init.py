"""`init`: a commented spec to begin with, from what is found in a data file."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import yaml

from mlptrain.data.cells import NumberCells
from mlptrain.data.column_rules import FeatureRules
from mlptrain.data.columns import MISSING_NUMBERS, OTHER_GRAMMARS, Understood, numbers, rows_of
from mlptrain.data.dates import date_format, looks_like_dates
from mlptrain.data.delimited import TableFormat
from mlptrain.data.feature_fitting import understand_columns
from mlptrain.data.files import is_idx, is_parquet, matched
from mlptrain.data.grammar import NUMBERS
from mlptrain.data.images import read_images, read_labels
from mlptrain.data.sniffing import sniff
from mlptrain.data.table import Table, read_table
from mlptrain.data.targets import fit_classes, missing_targets
from mlptrain.errors import DataError, SpecError
from mlptrain.model.rows import Rows
from mlptrain.preparation.resolution import target_has_classes
from mlptrain.spec.fields import Data, Spec
from mlptrain.spec.recipes import recipe, recipe_names

WIDE = 200
"""Of more columns than this, only those are written down that are left out."""
MANY_LEVELS = 255
"""A category of more levels than this is encoded by the target."""
MARKS_OF_MISSING = frozenset(
    ["na", "n/a", "n.a.", "#n/a", "nan", "-", "--", ".", "?", "none", "null", "missing", "unknown"]
)
"""Texts, in lower case, that often mean missing; in columns of texts they may mean what they say."""
FEW_NUMBERS = 20
"""Whole numbers of no more than so many different values may be codes."""
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


def starter(data: str, target: str | None, *, labels: str | None = None, folder: Path) -> Starter:
    """A spec for a table and its target column, or for images and their labels; its paths are relative to `folder`."""
    if data == "-":
        raise SpecError("DATA: a spec names its file; save standard input to one first")
    if is_idx(data):
        return images_starter(data, labels, folder)
    if labels is not None:
        raise SpecError("--labels: this is a table; name its column with --target")
    if target is None:
        raise SpecError("--target is missing: which column is to be predicted?")
    return table_starter(data, target, folder)


def images_starter(data: str, labels: str | None, folder: Path) -> Starter:
    """A spec for images."""
    if labels is None:
        raise SpecError("--labels is missing: these are images; name the IDX file of their labels")
    images = read_images(data)
    classes = fit_classes("label", read_labels(labels, len(images)).coded(""), labels)
    count, shape = len(images), " × ".join(map(str, images.shape[1:]))
    text = [
        *opening(data, f"{count:,} images of {shape} pixels"),
        "data:",
        "  train:",
        f"    images: {scalar(relative(data, folder))}",
        f"    labels: {scalar(relative(labels, folder))}      # {len(classes.classes)} classes",
        "  # test: {images: …, labels: …}    # what `mlptrain eval` is measured on",
        "seed: 1",
    ]
    return Starter(text="\n".join(text) + "\n", rows=count, columns=0, target=f"{len(classes.classes)} classes")


def table_starter(data: str, target: str, folder: Path) -> Starter:
    """A spec for a table."""
    first = matched(data)[0]
    layout = TableFormat() if is_parquet(first) else sniff(first, [target])
    table = read_table(data, layout)
    if target not in table.columns:
        hint = "" if layout.header else " (the first line looks like data, so the columns were numbered)"
        raise DataError(table.missing([target]) + hint)
    if not table.rows:
        raise DataError(f"{table.name}: there are no rows, only names")
    layout, table = with_grammar(data, layout, table)
    names = [name for name in table.columns if name != target]
    marks = missing_marks(table)
    found = understood_columns(table, names, FeatureRules(missing_values=marks))
    spec = Spec(data=Data(train=data, target=target, missing_values=marks))
    classes = target_has_classes(spec, Rows(table.name, table))
    none = target_marks(table, target, marks)
    gaps = int(missing_targets(table, [target], none).sum())
    said = target_words(table, target, classes=classes, missing=none)
    text = [
        *opening(data, f"{table.rows:,} rows, {len(names) + 1:,} columns"),
        "data:",
        f"  train: {scalar(relative(data, folder))}",
        *format_lines(layout),
        *([f"  missing_values: [{', '.join(map(quoted, marks))}]"] if marks else []),
        f"  target: {scalar(target)}    # {said}",
        *([f"  missing_target: drop    # {gaps:,} rows have no target"] if gaps else []),
        *column_lines(table, found, marks),
        "  split: {test: 0.15}    # `mlptrain eval` measures on this share; the recipe holds out more to validate on",
        "seed: 1",
    ]
    return Starter(text="\n".join(text) + "\n", rows=table.rows, columns=len(names) + 1, target=said)


def understood_columns(table: Table, names: Sequence[str], rules: FeatureRules) -> dict[str, Understood]:
    """What each column is; a column with faults is left out for now, and says why."""
    try:
        return understand_columns(table, names, rules)
    except DataError:
        pass
    found = {}
    for name in names:
        try:
            found[name] = understand_columns(table, [name], rules)[name]
        except DataError as problem:
            found[name] = Understood("ignore", str(problem))
    return found


def with_grammar(data: str, layout: TableFormat, table: Table) -> tuple[TableFormat, Table]:
    """The format and the table with the way to write numbers by which most columns are numbers."""
    texts = [
        [value for value in cells.counts if value]
        for cells in table.columns.values()
        if not isinstance(cells, NumberCells) and len(cells.counts) > 1
    ]
    others = [grammar for grammar, _ in OTHER_GRAMMARS]
    point = "." if layout.delimiter is None else ","  # who writes commas between columns writes no decimal commas
    grammars = [NUMBERS, *sorted(others, key=lambda grammar: grammar.decimal != point)]
    best = max(grammars, key=lambda grammar: sum(all(map(grammar.reads, values)) for values in texts))
    if best == NUMBERS:
        return layout, table
    better = replace(layout, decimal=best.decimal, thousands=best.thousands)
    return better, read_table(data, better)


def missing_marks(table: Table) -> tuple[str, ...]:
    """Texts that commonly mean missing, where nothing else keeps a column from being numbers or dates."""
    found: dict[str, None] = {}
    for cells in table.columns.values():
        counts = (cells.odd if isinstance(cells, NumberCells) else cells).counts
        marks = [value for value in counts if value.strip().lower() in MARKS_OF_MISSING]
        others = [value for value in counts if value and value not in marks]
        rest = (
            others if isinstance(cells, NumberCells) else [value for value in others if not table.grammar.reads(value)]
        )
        if marks and (isinstance(cells, NumberCells) or others) and (not rest or looks_like_dates(rest)):
            found |= dict.fromkeys(mark for mark in marks if mark not in MISSING_NUMBERS or looks_like_dates(rest))
    return tuple(found)


def target_marks(table: Table, target: str, marks: Sequence[str]) -> Collection[str]:
    """What means a missing target: where labels are numbers, also what means it in columns of numbers."""
    cells = table.column(target)
    if isinstance(cells, NumberCells):
        return MISSING_NUMBERS.union(marks)
    labels = [value for value in cells.counts if value not in MISSING_NUMBERS.union(marks)]
    return MISSING_NUMBERS.union(marks) if all(map(table.grammar.reads, labels)) else {"", *marks}


def opening(data: str, what: str) -> list[str]:
    name = Path(data).name
    return [
        f"# What `mlptrain init` found in {comment(name)} ({what}), and a network to begin with.",
        "# Look at it with `mlptrain check`, train it with `mlptrain fit`; change what you know better.",
        *recipe_lines(),
    ]


def format_lines(layout: TableFormat) -> Iterator[str]:
    """What differs from an ordinary CSV file."""
    words = {
        "header": "the first line looks like data: the columns are column_1, column_2, …",
        "skip_initial_space": "there is a blank after each delimiter",
    }
    for each in fields(TableFormat):
        value = getattr(layout, each.name)
        if each.name != "replace" and value != each.default:
            text = str(value).lower() if isinstance(value, bool) else quoted(str(value))
            yield f"  {each.name}: {text}" + (f"    # {words[each.name]}" if each.name in words else "")


def target_words(table: Table, target: str, *, classes: bool, missing: Collection[str]) -> str:
    """What the target is."""
    if not classes:
        cells = table.columns[target]
        counts = {} if isinstance(cells, NumberCells) else cells.counts
        few = 0 < len(counts) <= 2 * FEW_NUMBERS and whole(counts)
        codes = f", {len(counts)} different ones; if they are classes, set loss: cross_entropy" if few else ""
        return f"numbers {range_words(table, target, missing)}{codes}"
    counts = {value: count for value, count in table.coded(target).counts.items() if value and value not in missing}
    if len(counts) < 2:
        raise DataError(f'{table.name}: column "{target}": there is one class only; nothing can be learned')
    shown = ", ".join(f"{comment(value)} ({count:,})" for value, count in sorted(counts.items())[:6])
    return f"{len(counts)} classes: {shown}{', …' if len(counts) > 6 else ''}"


def range_words(table: Table, name: str, missing: Collection[str]) -> str:
    """The range of a column of numbers."""
    values = numbers(table, name, missing)
    known = values[~np.isnan(values)]
    return f"from {known.min():g} to {known.max():g}" if known.size else "(none)"


def column_lines(table: Table, found: Mapping[str, Understood], missing: Collection[str]) -> Iterator[str]:
    """Every column with what it was found to be; of very many only those that are left out."""
    lines = {name: column_line(table, name, each, missing) for name, each in found.items()}
    kept = {name: line for name, line in lines.items() if line and (len(lines) <= WIDE or found[name].kind == "ignore")}
    if not kept:
        return
    yield "  columns:    # a line that is left out is found out anew"
    width = max(len(head) for head, _ in kept.values())
    yield from (f"    {head.ljust(width)}    # {words}".rstrip(" #") for head, words in list(kept.values())[: 2 * WIDE])


def column_line(table: Table, name: str, found: Understood, missing: Collection[str]) -> tuple[str, str] | None:
    """A column as the spec has it, and what was found; None if its name is too long for a key of YAML."""
    key = scalar(name)
    if len(key) > 100 or "\n" in key:
        return None
    kind, words = described(table, name, found, missing)
    return f"{key}: {kind}", words


def described(table: Table, name: str, found: Understood, missing: Collection[str]) -> tuple[str, str]:
    """What the spec says of a column, and the comment beside it."""
    cells = table.columns[name]
    gaps = missing_words(table, name, MISSING_NUMBERS.union(missing) if found.kind == "number" else missing)
    if found.kind == "number":
        words = range_words(table, name, missing)
        if not isinstance(cells, NumberCells) and len(cells.counts) <= FEW_NUMBERS and whole(cells.counts):
            words += f", {len([value for value in cells.counts if value])} different ones; if they are codes: category"
        return "number", words + gaps
    if found.kind == "boolean":
        pair = [comment(value) for value in table.coded(name).counts if value not in {"", *missing}]
        return "boolean", ", ".join(pair) + gaps
    if found.kind == "category":
        levels = [value for value in table.coded(name).counts if value not in {"", *missing}]
        shown = ", ".join(map(comment, levels[:6])) + (", …" if len(levels) > 6 else "")
        many = len(levels) > MANY_LEVELS
        note = f"{found.note}; " if found.note else ""
        return (
            "{type: category, encoding: target}" if many else "category",
            f"{note}{len(levels)} levels: {shown}{gaps}",
        )
    if found.notice and is_date(table, name, missing):
        return "date", "elapsed time, and cycles of the year, the week and the day" + gaps
    return "ignore", comment(found.note)


def whole(values: Mapping[str, int]) -> bool:
    return all(value.lstrip("+-").isdecimal() for value in values if value)


def is_date(table: Table, name: str, missing: Collection[str]) -> bool:
    """Whether a column can be read as dates without being told how they are written."""
    values = [value for value in table.coded(name).counts if value not in {"", *missing}]
    try:
        return looks_like_dates(values) and date_format(values) is not None
    except ValueError:
        return False


def missing_words(table: Table, name: str, missing: Collection[str]) -> str:
    """How many cells of a column are empty."""
    gaps = len(rows_of(table.column(name), {"", *missing}))
    return f"; {gaps:,} missing ({gaps / table.rows:.1%})" if gaps else ""


def recipe_lines() -> list[str]:
    """The recipe to begin with, and what else there is to try."""
    abouts = {name: recipe(name).about for name in recipe_names()}
    first = f"recipe: {FIRST_LOOK}    # {abouts.pop(FIRST_LOOK)}; `mlptrain check` shows what it becomes for these rows"
    return [first, *(f"# recipe: {name}    # {about}" for name, about in abouts.items())]


def relative(path: str, folder: Path) -> str:
    """A path as seen from a folder."""
    try:
        return Path(os.path.relpath(Path(path).resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive
        return str(Path(path).resolve())


def scalar(text: str) -> str:
    """A text as YAML, plain where that is safe; what cannot be printed is escaped."""
    if not text.isprintable():
        return quoted(text)
    return yaml.safe_dump(text, allow_unicode=True, width=10**6).removesuffix("\n...\n").removesuffix("\n")


def quoted(text: str) -> str:
    """A text as YAML in double quotes, in ASCII."""
    return yaml.safe_dump(text, default_style='"', width=10**6).strip()


def comment(text: str) -> str:
    """A text in a comment: short, on one line, without characters that YAML forbids."""
    printable = "".join(character if character.isprintable() else "�" for character in text)
    return printable if len(printable) <= 60 else printable[:59] + "…"
