"""`init`: a commented spec to begin with, from what is found in a data file."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import yaml

from mlptrain.commands.latest_model import refuse_wrong_data
from mlptrain.commands.starter_format import describe_skipped_lines, find_table_format
from mlptrain.commands.starter_target import format_metric_hint, format_target_transform
from mlptrain.data.column import ColumnLook, Understood
from mlptrain.data.column_rules import ColumnRules, FeatureRules
from mlptrain.data.dates import looks_like_dates
from mlptrain.data.excel import look_at_workbook
from mlptrain.data.feature_fitting import decide_column_kinds
from mlptrain.data.features import CLASS_OF, COLUMN_CLASSES
from mlptrain.data.files import is_idx, is_parquet, is_zip, match_files
from mlptrain.data.grammar import DecimalPoint, NumberGrammar
from mlptrain.data.images import read_images, read_labels
from mlptrain.data.number_forms import choose_number_grammar, find_odd_number_texts
from mlptrain.data.number_reading import describe_range, read_numbers
from mlptrain.data.number_texts import MISSING_NUMBERS, find_words
from mlptrain.data.table import Table, format_quoted_names, read_table_to_describe
from mlptrain.data.table_format import TableFormat
from mlptrain.data.targets import fit_classes, mark_rows_without_target
from mlptrain.errors import DataError, SpecError
from mlptrain.model.rows import TableRows
from mlptrain.preparation.column_notices import describe_findings
from mlptrain.preparation.resolution import has_class_target
from mlptrain.preparation.target_doubts import describe_codes, list_target_doubts
from mlptrain.spec.fields import Data, Spec
from mlptrain.spec.recipes import list_recipes, load_recipe

WIDE = 200
"""Of more columns than this, only those are written down that are left out."""
MARKS_OF_MISSING = frozenset(
    ["na", "n/a", "n.a.", "#n/a", "nan", "-", "--", ".", "?", "none", "null", "missing", "unknown"]
)
"""Texts, in lower case, that often mean missing; in columns of texts they may mean what they say."""
LONGEST_COMMENT = 60
"""Characters of a remark; a longer one is cut between words."""
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


def read_table_to_start(data: str, target: str | None, given: TableFormat) -> tuple[str, TableFormat, Table, str]:
    """The first file's path, its format, the table and the target, which must be there."""
    first = match_files(data)[0]
    layout = look_at_format(first, target, given)
    table = read_table_to_describe(data, layout)
    if target is None:
        raise SpecError(ask_for_target(data, table))
    if target not in table.columns:
        hint = "" if layout.has_header else " (the first line looks like data, so the columns were numbered)"
        raise DataError(table.missing([target]) + hint)
    if not table.rows:
        raise DataError(f"{table.name}: there are no rows, only names")
    layout, table = apply_best_number_grammar(data, layout, table, given)
    return first, layout, table, target


def make_table_starter(data: str, target: str | None, folder: Path, given: TableFormat) -> Starter:
    """A spec for a table."""
    first, layout, table, target = read_table_to_start(data, target, given)
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
        *format_table_settings(layout),
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
        *describe_skipped_lines(first, layout),
        *describe_odd_texts(own),
        *describe_doubtful_columns(found),
        *doubts,
    ]
    return Starter(text="\n".join(text) + "\n", rows=table.rows, columns=len(names) + 1, target=said, notices=notices)


def ask_for_target(data: str, table: Table) -> str:
    """The message that the target is missing, with the columns and how to go on."""
    names = list(table.columns)
    example = names[-1] if names[-1].isidentifier() else f'"{names[-1]}"'
    which, way = f"the columns are {format_quoted_names(names)}", f"write: mlptrain init {data} --target {example}"
    return f"--target is missing: which column is to be predicted? {which}; {way}"


def require_any_column(table: Table, found: Mapping[str, Understood], rules: FeatureRules) -> None:
    """An error where all columns would be left out, so that nothing can be learned."""
    kinds = (describe_column(table, name, each, rules.missing(name))[0] for name, each in found.items())
    if all(kind == "ignore" for kind in kinds):
        why = "; ".join(f"{name}: {each.note}" for name, each in list(found.items())[:5])
        raise DataError(f"{table.name}: no column is left to learn from" + (f" ({why})" if why else ""))


def look_at_format(path: str, target: str | None, given: TableFormat) -> TableFormat:
    """How the table of a file of any kind is written: what is `given`, and what a first look tells."""
    if is_parquet(path):
        return TableFormat()
    if not is_zip(path):
        return find_table_format(path, target, given)
    found = look_at_workbook(path, [target] if target else [])
    return replace(found, skip_rows=given.skip_rows) if given.skip_rows else found


def understand_columns_despite_faults(table: Table, names: Sequence[str], rules: FeatureRules) -> dict[str, Understood]:
    """What each column is; a column with faults is left out for now, and says why."""
    try:
        return decide_column_kinds(table, names, rules)
    except DataError:
        pass
    found = {}
    for name in names:
        try:
            found[name] = decide_column_kinds(table, [name], rules)[name]
        except DataError as problem:
            found[name] = Understood("ignore", str(problem))
    return found


def apply_best_number_grammar(
    data: str, layout: TableFormat, table: Table, asked: TableFormat
) -> tuple[TableFormat, Table]:
    """The format and the table with the way to write numbers by which most columns are numbers."""
    texts = [
        {value: count for value, count in cells.counts.items() if value.strip() and not means_missing(value)}
        for cells in (
            column.kept_texts
            for name, column in table.columns.items()
            if not (column.is_numeric or table.type_of(name).has_values)
        )
        if len(cells.counts) > 1
    ]
    point: DecimalPoint = "." if layout.delimiter is None else ","  # who divides by commas writes no decimal commas
    best = choose_number_grammar(texts, table.grammar, point=point)
    if best == table.grammar:
        return layout, table
    given = {each.name: getattr(best, each.name) for each in fields(NumberGrammar) if hasattr(layout, each.name)}
    better = replace(layout, **given)
    if asked.decimal != TableFormat.decimal and better.decimal != asked.decimal:
        return layout, table
    return better, read_table_to_describe(data, better)


def means_missing(text: str) -> bool:
    """Whether a text commonly means missing."""
    return text.strip().lower() in MARKS_OF_MISSING or text.strip(" ") in MISSING_NUMBERS


def find_missing_marks(table: Table) -> tuple[str, ...]:
    """Texts that mean missing: all odd ones among numbers, and common ones among dates."""
    found: dict[str, None] = {}
    for name, cells in table.columns.items():
        counts = {value: count for value, count in cells.kept_texts.counts.items() if value}
        others = {value: count for value, count in counts.items() if not means_missing(value)}
        marks = [value for value in counts if value not in others]
        if looks_like_dates(others):
            found |= dict.fromkeys(marks)
        elif cells.is_numeric or (others and are_numbers_but_for_odd(others, table.grammar_of(name))):
            found |= dict.fromkeys(mark for mark in marks if mark.strip(" ") not in MISSING_NUMBERS)
    return tuple(found)


def are_numbers_but_for_odd(counts: Mapping[str, int], grammar: NumberGrammar) -> bool:
    """Whether texts are numbers, but for odd ones that may be gaps."""
    return bool(find_odd_number_texts(counts, grammar)) or len(grammar.read(counts)) == len(counts)


def find_odd_texts_of_columns(table: Table, marks: Collection[str]) -> dict[str, dict[str, int]]:
    """The odd texts in columns of numbers beside the `marks` of all columns, each with its number of cells."""
    found = {}
    for name, cells in table.columns.items():
        counts, grammar = cells.kept_texts.counts, table.grammar_of(name)
        words = find_words(counts, marks, grammar)
        known = {text: counts[text] for text in counts if text in words or grammar.reads(text)}
        odd = {word: counts[word] for word in words} if cells.is_numeric else find_odd_number_texts(known, grammar)
        if odd and not table.type_of(name).has_values:
            found[name] = odd
    return found


def describe_odd_texts(own: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """Notices of the cells that the spec takes for missing since they are no numbers, as the others are."""
    for name, odd in own.items():
        shown = ", ".join(f"{text!r} ({count:,})" for text, count in list(odd.items())[:5])
        more = f" and {len(odd) - 5:,} more" if len(odd) > 5 else ""
        yield f'column "{name}": its cells are numbers but for {shown}{more}, which are taken for missing'


def describe_doubtful_columns(found: Mapping[str, Understood]) -> Iterator[str]:
    """Notices of columns that are left out or are no numbers against their look, and the columns left out in all."""
    yield from describe_findings(found)
    if out := {name: each.note for name, each in found.items() if each.kind == "ignore" and not each.notice}:
        shown = "; ".join(f"{name} ({why})" for name, why in list(out.items())[:10])
        yield f"columns left out: {shown}" + (f" and {len(out) - 10} more" if len(out) > 10 else "")


def list_missing_target_marks(table: Table, target: str, marks: Sequence[str]) -> Collection[str]:
    """What means a missing target: where labels are numbers, also what means it in columns of numbers."""
    cells = table.column(target)
    if cells.is_numeric:
        return MISSING_NUMBERS.union(marks)
    labels = [value for value in cells.kept_texts.counts if value not in MISSING_NUMBERS.union(marks)]
    return MISSING_NUMBERS.union(marks) if all(map(table.grammar_of(target).reads, labels)) else {"", *marks}


def format_starter_header(data: str, what: str) -> list[str]:
    name = Path(data).name
    return [
        f"# What `mlptrain init` found in {format_yaml_comment(name)} ({what}), and a network to begin with.",
        "# Look at it with `mlptrain check`, train it with `mlptrain fit`; change what you know better.",
        *format_recipe_lines(),
    ]


def format_table_settings(layout: TableFormat) -> Iterator[str]:
    """What differs from an ordinary CSV file."""
    words = {
        "header": "the names are numbers"
        if layout.has_header
        else "the first line looks like data: the columns are column_1, column_2, …",
        "skip_rows": "lines above the names",
        "skip_after_names": "lines below the names that are no rows, such as units",
        "skip_footer": "lines at the end that are no rows, such as sums",
        "skip_initial_space": "there is a blank after each delimiter",
    }
    for each in fields(TableFormat):
        value = getattr(layout, each.name)
        if each.name != "replace" and value not in (None, each.default):
            text = format_setting(value)
            yield f"  {each.name}: {text}" + (f"    # {words[each.name]}" if each.name in words else "")


def format_setting(value: Any) -> str:
    """The value of a key as YAML on one line."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(format_quoted_yaml, value))}]"
    return str(value).lower() if isinstance(value, int) else format_quoted_yaml(str(value))


def describe_target(table: Table, target: str, *, classes: bool, missing: Collection[str]) -> str:
    """What the target is."""
    if not classes:
        codes = describe_codes(table, target)
        return f"numbers {describe_range(table, target, missing)}{codes}"
    counts = {value: count for value, count in table.coded(target).counts.items() if value and value not in missing}
    if len(counts) < 2:
        raise DataError(f'{table.name}: column "{target}": there is one class only; nothing can be learned')
    shown = ", ".join(f"{format_yaml_comment(value)} ({count:,})" for value, count in sorted(counts.items())[:6])
    return f"{len(counts)} classes: {shown}{', …' if len(counts) > 6 else ''}"


def format_column_lines(table: Table, spec: Spec, found: Mapping[str, Understood]) -> Iterator[str]:
    """Every column with what it was found to be; of very many only those that are left out or have own settings."""
    rules, target = spec.data.rules, spec.data.targets[0]
    lines = {name: format_column_line(table, name, each, rules) for name, each in found.items()}
    named = {name for name, each in found.items() if each.kind == "ignore" or rules.of(name).missing_values}
    kept = {name: line for name, line in lines.items() if line and (len(lines) <= WIDE or name in named)}
    if odd := rules.of(target).missing_values:
        kept[target] = f"{format_yaml_text(target)}: {{{format_missing_values(odd)}}}", "the target"
    if not kept:
        return
    yield "  columns:    # a line that is left out is found out anew"
    width = max(len(head) for head, _ in kept.values())
    yield from (f"    {head.ljust(width)}    # {words}".rstrip(" #") for head, words in list(kept.values())[: 2 * WIDE])


def format_column_line(table: Table, name: str, found: Understood, rules: FeatureRules) -> tuple[str, str] | None:
    """A column as the spec has it, and what was found; None if its name is too long for a key of YAML."""
    key = format_yaml_text(name)
    if len(key) > 100 or "\n" in key:
        return None
    kind, words = describe_column(table, name, found, rules.missing(name))
    own = rules.of(name).missing_values
    return f"{key}: " + (f"{{type: {kind}, {format_missing_values(own)}}}" if own else kind), words


def format_missing_values(texts: Sequence[str]) -> str:
    """The key of the texts that mean missing."""
    return f"missing_values: [{', '.join(map(format_quoted_yaml, texts))}]"


def describe_column(table: Table, name: str, found: Understood, missing: Collection[str]) -> tuple[str, str]:
    """What the spec says of a column, and the comment beside it."""
    look = ColumnLook(table, name, missing)
    kind = CLASS_OF.get(found.kind)
    if kind is None and found.notice:
        kind = next((column for column in COLUMN_CLASSES if column.is_offered(look)), None)
    return (
        ("ignore", format_yaml_comment(found.note)) if kind is None else kind.describe(look, found, format_yaml_comment)
    )


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


def format_yaml_text(text: str) -> str:
    """A text as YAML, plain where that is safe; what cannot be printed is escaped."""
    plain = yaml.safe_dump(text, allow_unicode=True, width=10**6).removesuffix("\n...\n").removesuffix("\n")
    return plain if text.isprintable() else format_quoted_yaml(text)


def format_quoted_yaml(text: str) -> str:
    """A text as YAML in double quotes, in ASCII."""
    return yaml.safe_dump(text, default_style='"', width=10**6).strip()


def format_yaml_comment(text: str) -> str:
    """A text in a comment: short, on one line, without characters that YAML forbids."""
    printable = "".join(character if character.isprintable() else "�" for character in text)
    if len(printable) <= LONGEST_COMMENT:
        return printable
    cut = printable[: LONGEST_COMMENT - 1]
    whole = cut.rpartition(" ")[0] if printable[len(cut)].isalnum() and cut[-1].isalnum() else cut
    return (whole if len(whole) > LONGEST_COMMENT // 2 else cut).rstrip(" ,;:") + "…"
