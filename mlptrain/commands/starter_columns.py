"""The columns in the spec that `init` writes: what each was found to be, and what the user should hear of them."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from mlptrain.commands.starter_yaml import align_comments, format_missing_values, format_yaml_comment, format_yaml_text
from mlptrain.data.column import ColumnLook, Understood
from mlptrain.data.column_rules import FeatureRules
from mlptrain.data.date_recognition import ID_NAMES, list_formats_of_shape, look_at_dates
from mlptrain.data.feature_fitting import decide_column_kinds
from mlptrain.data.features import CLASS_OF, COLUMN_CLASSES, FeatureColumn
from mlptrain.data.number_reading import read_numbers
from mlptrain.data.table import Table
from mlptrain.errors import DataError
from mlptrain.preparation.column_notices import describe_columns, describe_findings
from mlptrain.spec.fields import Spec

WIDE = 200
"""Of more columns than this, only those are written down that are left out."""


def require_any_column(table: Table, found: Mapping[str, Understood], rules: FeatureRules) -> None:
    """An error where all columns would be left out, so that nothing can be learned."""
    kinds = (describe_column(table, name, each, rules.missing(name))[0] for name, each in found.items())
    if all(kind == "ignore" for kind in kinds):
        why = "; ".join(f"{name}: {each.note}" for name, each in list(found.items())[:5])
        raise DataError(f"{table.name}: no column is left to learn from" + (f" ({why})" if why else ""))


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


def leave_out_identifiers(
    table: Table, found: Mapping[str, Understood], rules: FeatureRules
) -> Mapping[str, Understood]:
    """What each column is, without those that name the rows; as it was, where nothing else is left to learn from."""
    left = {
        name: Understood("ignore", each.note.partition(":")[0] + ": an identifier")
        if names_rows(table, name, each, rules.missing(name))
        else each
        for name, each in found.items()
    }
    return found if all(each.kind == "ignore" for each in left.values()) else left


def names_rows(table: Table, name: str, found: Understood, missing: Collection[str]) -> bool:
    """Whether whole numbers that are different in every row are called so, or count the rows in some order."""
    if found.kind != "number" or "different in every row" not in found.note:
        return False
    numbers = read_numbers(table, name, missing)
    return bool(ID_NAMES.search(name)) or numbers.max() - numbers.min() == table.rows - 1


def describe_doubtful_columns(table: Table, found: Mapping[str, Understood], rules: FeatureRules) -> Iterator[str]:
    """Notices of columns that are left out or are no numbers against their look, and the columns left out in all."""
    offered = [
        name
        for name, each in found.items()
        if each.notice and find_offered_kind(table, name, each, rules.missing(name))
    ]
    yield from describe_findings({name: each for name, each in found.items() if name not in offered})
    odd = {name: words for name in offered if (words := describe_words_beside_dates(table, name, rules.missing(name)))}
    for name, words in odd.items():
        yield f'column "{name}": dates but for {words}, which are taken for missing; used as data.columns says'
    if plain := [name for name in offered if name not in odd]:
        yield f"{describe_columns(plain)}: dates, used as data.columns says; to leave them out: ignore"
    if out := {name: each.note for name, each in found.items() if each.kind == "ignore" and not each.notice}:
        shown = "; ".join(f"{name} ({why})" for name, why in list(out.items())[:10])
        yield f"columns left out: {shown}" + (f" and {len(out) - 10} more" if len(out) > 10 else "")


def describe_words_beside_dates(table: Table, name: str, missing: Collection[str]) -> str:
    """The texts in a column of dates that its format does not read, each with its number of cells; empty if none."""
    counts = ColumnLook(table, name, missing).counts
    found = look_at_dates(counts)
    words = () if found is None else found.words
    shown = ", ".join(f"{word!r} ({counts[word]:,})" for word in words[:5])
    more = f" and {len(words) - 5:,} more" if len(words) > 5 else ""
    why = ", no days of the calendar" if words and all(map(list_formats_of_shape, words)) else ""
    return f"{shown}{more}{why}"


def find_offered_kind(
    table: Table, name: str, found: Understood, missing: Collection[str]
) -> type[FeatureColumn] | None:
    """The kind that the spec declares for a column that would be left out if nothing were declared; None if none."""
    if found.kind != "ignore" or not found.notice:
        return None
    look = ColumnLook(table, name, missing)
    return next((column for column in COLUMN_CLASSES if column.is_offered(look)), None)


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
    yield from align_comments(list(kept.values())[: 2 * WIDE], "    ")


def format_column_line(table: Table, name: str, found: Understood, rules: FeatureRules) -> tuple[str, str] | None:
    """A column as the spec has it, and what was found; None if its name is too long for a key of YAML."""
    key = format_yaml_text(name)
    if len(key) > 100 or "\n" in key:
        return None
    kind, words = describe_column(table, name, found, rules.missing(name))
    own = rules.of(name).missing_values
    return f"{key}: " + (f"{{type: {kind}, {format_missing_values(own)}}}" if own else kind), words


def describe_column(table: Table, name: str, found: Understood, missing: Collection[str]) -> tuple[str, str]:
    """What the spec says of a column, and the comment beside it."""
    kind = CLASS_OF.get(found.kind) or find_offered_kind(table, name, found, missing)
    if kind is None:
        return "ignore", format_yaml_comment(found.note)
    return kind.describe(ColumnLook(table, name, missing), found, format_yaml_comment)


def summarize_found_columns(
    table: Table, found: Mapping[str, Understood], rules: FeatureRules
) -> list[tuple[str, str, str]]:
    """Per column: its name, its kind in the spec, and what its cells are, or why it is left out."""
    rows = []
    for name, each in found.items():
        missing = rules.missing(name)
        kind = CLASS_OF.get(each.kind) or find_offered_kind(table, name, each, missing)
        of = each.kind if each.kind != "ignore" or kind is None else kind.kinds[0]
        why = each.note if kind is None else kind.describe(ColumnLook(table, name, missing), each, str)[1]
        rows.append((name, of, why))
    return rows
