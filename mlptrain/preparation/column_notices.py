"""Which columns are not used, and which are another thing than they look like: so that none is lost in silence."""

from collections.abc import Collection, Mapping

from mlptrain.data.column import Understood
from mlptrain.data.column_names import format_quoted_names
from mlptrain.data.column_rules import FeatureRules
from mlptrain.data.levels import describe_near_levels, is_word_for_missing, merge_levels
from mlptrain.data.number_reading import extend_marks, quote_yaml_key
from mlptrain.data.table import Table

BECOMES = {"ignore": (" is left out", " are left out"), "category": (" is a category", " are categories")}
"""What becomes of one column, or of several, that are another thing than they look like."""
ONE_BY_ONE = 3
"""Findings of one kind that are said column by column; more of them are said together."""


def describe_findings(understood: Mapping[str, Understood]) -> list[str]:
    """What the findings that users should hear say, and what becomes of the columns: each by itself, or the columns of
    one finding together.
    """
    alike: dict[tuple[str, str], list[str]] = {}
    for name, found in understood.items():
        if found.notice:
            alike.setdefault((found.kind, found.note.replace(quote_yaml_key(name), "…")), []).append(name)
    said = []
    for (kind, note), names in alike.items():
        one, several = BECOMES.get(kind, ("", ""))
        if len(names) > ONE_BY_ONE:
            said.append(f"columns {format_quoted_names(names, 5)}{several}: {note}")
        else:
            said += [f'column "{name}"{one}: {understood[name].note}' for name in names]
    return said


def describe_levels_for_missing(table: Table, understood: Mapping[str, Understood], rules: FeatureRules) -> list[str]:
    """Notices of the words for a missing value that are levels of categories: columns with the same words together."""
    alike: dict[tuple[str, ...], dict[str, int]] = {}
    for name in (name for name, found in understood.items() if found.kind == "category"):
        counts = table.code_texts(name).counts
        gaps = table.gaps(name, rules.missing(name))
        words = {text: count for text, count in counts.items() if is_word_for_missing(text) and text not in gaps}
        if words:
            alike.setdefault(tuple(sorted(words)), {})[name] = sum(words.values())
    cure = "a level here; if missing is meant, set data.missing_values"
    return [
        f"{describe_columns(columns)}: {count_cells_that_say(columns, words)}, {cure}: [{marks}]"
        for words, columns in alike.items()
        for marks in [extend_marks(rules.missing_values, words)]
    ]


def describe_near_groups(table: Table, name: str, rules: FeatureRules) -> list[str]:
    """A notice of groups that may be meant alike: their rows come to lie in several parts."""
    grammar = table.grammar_of(name)
    groups = merge_levels(table.code_texts(name).counts, table.gaps(name, rules.missing(name)), grammar)
    return [*filter(None, [describe_near_levels(name, groups, grammar, what="groups")])]


def count_cells_that_say(columns: Mapping[str, int], words: Collection[str]) -> str:
    """How many cells of columns say one of some words."""
    count = sum(columns.values())
    return f"{count:,} cell{'s' * (count != 1)} say{'s' * (count == 1)} {' or '.join(map(repr, words))}"


def describe_columns(names: Collection[str]) -> str:
    """Columns as the beginning of a notice."""
    shown = format_quoted_names(names, 5)
    return f"columns {shown}" if len(names) > 1 else f'column "{next(iter(names))}"'


def list_column_notices(understood: Mapping[str, Understood], ignored: Mapping[str, str]) -> list[str]:
    """Notices of the columns that are not used, `ignored` with their reasons, though the spec does not say so.

    What a finding says by itself, with `notice`, is not said again.
    """
    told = {name for name, found in understood.items() if found.notice}
    told |= {name for name, found in understood.items() if found.declared and found.kind == "ignore"}
    others = {name: why for name, why in ignored.items() if name not in told}
    shown = "; ".join(f"{name} ({why})" for name, why in list(others.items())[:10])
    more = f" and {len(others) - 10} more" if len(others) > 10 else ""
    return [f"columns not used: {shown}{more}"] if others else []


def describe_declared_columns(understood: Mapping[str, Understood]) -> list[str]:
    """Remarks on the columns that the spec leaves out, and on those that it makes categories against their look."""
    declared = {name: found for name, found in understood.items() if found.declared}
    out = [name for name, found in declared.items() if found.kind == "ignore"]
    hidden = [name for name in out if declared[name].hides_numbers]
    levels = [name for name, found in declared.items() if found.kind != "ignore" and found.hides_numbers]
    numbers = f"; the cells of {format_quoted_names(hidden, 5)} are numbers" if hidden else ""
    count = f"{len(out)} column{'s' * (len(out) > 1)}"
    remarks = [f"left out, as data.columns says: {count} ({format_quoted_names(out, 5)}){numbers}"] if out else []
    if levels:
        remarks.append(f"categories, as data.columns says, whose cells are numbers: {format_quoted_names(levels, 5)}")
    return remarks
