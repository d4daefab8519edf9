"""What `init` takes for missing: odd texts among numbers and dates."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from mlptrain.data.blanks import strip_blanks
from mlptrain.data.dates import looks_like_dates
from mlptrain.data.grammar import NumberGrammar
from mlptrain.data.number_forms import find_number_forms, find_odd_number_texts
from mlptrain.data.number_reading import describe_number_forms
from mlptrain.data.number_texts import MISSING_NUMBERS, find_words
from mlptrain.data.table import Table
from mlptrain.data.truth_values import look_at_truth_values

MARKS_OF_MISSING = frozenset(
    ["na", "n/a", "n.a.", "#n/a", "nan", "-", "--", ".", "?", "none", "null", "missing", "unknown"]
)
"""Texts, in lower case, that often mean missing among numbers and dates: too common to be told column by column."""


def means_missing(text: str) -> bool:
    """Whether a text commonly means missing."""
    return strip_blanks(text).lower() in MARKS_OF_MISSING or strip_blanks(text) in MISSING_NUMBERS


def find_common_missing_marks(table: Table, target: str) -> tuple[str, ...]:
    """What means missing in all columns: texts among numbers and dates, but for those that are labels of the target."""
    labels = table.column(target).kept_texts.counts
    are_labels = not are_numbers_but_for_odd({text: count for text, count in labels.items() if text}, table.grammar)
    return tuple(mark for mark in find_missing_marks(table) if not (are_labels and mark in labels))


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
            found |= dict.fromkeys(mark for mark in marks if strip_blanks(mark) not in MISSING_NUMBERS)
    return tuple(found)


def are_numbers_but_for_odd(counts: Mapping[str, int], grammar: NumberGrammar) -> bool:
    """Whether texts are numbers, but for odd ones that may be gaps."""
    return bool(find_odd_number_texts(counts, grammar)) or len(grammar.read(counts)) == len(counts)


def find_odd_texts_of_columns(table: Table, marks: Collection[str], target: str) -> dict[str, dict[str, int]]:
    """The odd texts in columns of numbers beside the `marks` of all columns, each with its number of cells; and those
    in columns of truth values, but for the target, of which they are classes.
    """
    found = {}
    for name, cells in table.columns.items():
        counts, grammar = cells.kept_texts.counts, table.grammar_of(name)
        words = find_words(counts, marks, grammar)
        known = {text: counts[text] for text in counts if text in words or grammar.reads(text)}
        odd = {word: counts[word] for word in words} if cells.is_numeric else find_odd_number_texts(known, grammar)
        if not odd and name != target:
            odd = find_stray_texts({text: count for text, count in counts.items() if text not in {"", *marks}})
        if odd and not table.type_of(name).has_values:
            found[name] = odd
    return found


def find_stray_texts(counts: Mapping[str, int]) -> dict[str, int]:
    """The few texts in a column of truth values that are none, each with its number of cells."""
    seen = look_at_truth_values(counts)
    return {} if seen is None else seen.strays


def describe_odd_texts(table: Table, own: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """Notices of the cells that the spec takes for missing since they are no numbers (truth values), as others are."""
    for name, odd in own.items():
        shown = ", ".join(f"{text!r} ({count:,})" for text, count in list(odd.items())[:5])
        more = f" and {len(odd) - 5:,} more" if len(odd) > 5 else ""
        now = table.grammar_of(name)
        forms = find_number_forms(list(odd), now)
        ways = f"; but to read them as numbers, give {describe_number_forms(forms, now)}" if forms else ""
        what = "truth values" if look_at_truth_values(table.columns[name].kept_texts.counts) else "numbers"
        yield f'column "{name}": its cells are {what} but for {shown}{more}, which are taken for missing{ways}'


def list_missing_target_marks(table: Table, target: str, marks: Sequence[str]) -> Collection[str]:
    """What means a missing target: where labels are numbers, also what means it in columns of numbers."""
    cells = table.column(target)
    if cells.is_numeric:
        return MISSING_NUMBERS.union(marks)
    labels = [value for value in cells.kept_texts.counts if value not in MISSING_NUMBERS.union(marks)]
    return MISSING_NUMBERS.union(marks) if all(map(table.grammar_of(target).reads, labels)) else {"", *marks}
