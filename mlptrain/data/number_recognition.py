"""Recognising columns of numbers and truth values, and those that only look like them: identifiers, codes, amounts."""

import re
from collections.abc import Collection

import numpy as np

from mlptrain.data.blanks import strip_blanks
from mlptrain.data.cells import LONGEST_DIGITS, Cells
from mlptrain.data.column import ColumnLook, Understood, explain_different_cells
from mlptrain.data.grammar import NumberGrammar, is_inexact_whole_number
from mlptrain.data.meanings import trim_text
from mlptrain.data.number_forms import LOOKED_AT, NumberLook, is_grouped_in_thousands, look_at_number_texts
from mlptrain.data.number_reading import (
    BOOLEANS,
    build_number_error,
    build_odd_texts_error,
    describe_number_forms,
    quote_texts,
    quote_yaml_key,
)
from mlptrain.data.number_texts import (
    MISSING_NUMBERS,
    Doubles,
    find_missing_number_texts,
    find_words,
    parse_missing_numbers,
)

CAPITALS = 2**4 + 2**5
"""Ways to write true and false, with and without capitals."""
NEARLY_ALL, MOST, HALF, MANY = 0.99, 0.9, 0.5, 20
"""A column with words of many kinds is one of numbers with faults, not one of codes, if nearly all of its cells are
numbers, or most of them and more than this many different ones."""
INFINITE = frozenset(["inf", "infinity", "nan"])
"""Words that other programs write for numbers; beside numbers they are always a mistake."""
RUNNING = 10
"""At least this many whole numbers, each one more than the one before, are a running number."""
INDEX_NAME = re.compile(r"Unnamed: 0(\.[0-9]+)*|__index_level_[0-9]+__")
"""What pandas calls the column of an index that was saved without a name."""
RUNNING_NUMBER = Understood("ignore", "a running number: an identifier")


def recognise_numbers(look: ColumnLook) -> Understood | None:
    """Whether a column is one of numbers or truth values; None if it is left to other kinds.

    Numbers with a few words among them are an error, which names the words.
    """
    if look.cells.is_numeric and (found := recognise_number_cells(look)):
        return found
    counts = look.counts
    if len(counts) < 2:
        return None
    if len(counts) <= CAPITALS and frozenset(trim_text(value).lower() for value in counts) in BOOLEANS:
        return Understood("boolean")
    return recognise_number_texts(look)


def recognise_number_cells(look: ColumnLook) -> Understood | None:
    """Whether cells that are kept as numbers, but for odd ones, are a column of numbers."""
    cells, odd = look.cells, look.cells.kept_texts.counts
    words = find_words(odd, look.missing, look.grammar)
    if not (words or cells.is_inexact or cells.has_leading_zeros):
        return describe_number_column(look, cells.read_numbers(look.missing, look.grammar)[0])
    if words:
        refuse_infinities_among_numbers(look, words)
        figures = count_numbers(cells, look.missing, look.grammar)
        seen = look_at_number_texts(
            {word: odd[word] for word in words} | dict.fromkeys(cells.first_texts, 1), look.grammar
        )
        refuse_words_among_numbers(look, words, seen, figures=figures, different=MANY + 1)
    return None


def recognise_number_texts(look: ColumnLook) -> Understood | None:
    """Whether texts that are neither constant nor truth values are numbers."""
    counts, grammar = look.counts, look.grammar
    figures = grammar.read(counts)
    words = {value for value in counts.keys() - figures if strip_blanks(value) not in MISSING_NUMBERS}
    if figures and not words:
        codes = explain_codes_not_numbers(figures)
        if codes and look.is_unique:
            return Understood("ignore", f"{codes}, {len(counts)} different ones: an identifier")
        if codes:
            said = look.describe_identifier(codes)
            return Understood("category", said or codes, notice=bool(said))
        return describe_number_column(look, look.texts.read_numbers(look.missing, grammar)[0])
    if figures:
        refuse_infinities_among_numbers(look, words)
    seen = look_at_number_texts({text: counts[text] for text in counts if text in figures or text in words}, grammar)
    if seen.are_mostly_plain:
        refuse_words_among_numbers(look, words, seen, figures=seen.plain, different=len(figures))
    said = describe_number_look(seen, grammar)
    if said and look.is_unique and not (seen.forms or seen.has_few_odd):
        texts = f"text with {len(look.counts)} different values in {look.present} cells"
        return Understood("ignore", f"{texts}, of which {seen.plain:,} are numbers")
    return Understood("ignore" if look.is_unique else "category", said, notice=True) if said else None


def recognise_identifier(name: str, numbers: Doubles) -> Understood | None:
    """What is said of numbers that name the rows: those of a saved data frame, running ones, and others that differ."""
    key = quote_yaml_key(name)
    if INDEX_NAME.fullmatch(name) and are_whole(numbers[~np.isnan(numbers)]):
        cure = f"to use it, set data.columns: {{{key}: number}}"
        return Understood("ignore", f"the row numbers of the data frame that was saved; {cure}", notice=True)
    if are_running_numbers(numbers):
        return RUNNING_NUMBER
    said = explain_different_cells("whole numbers", key, count_different_whole_numbers(numbers), len(numbers))
    return Understood("number", said, notice=True) if said else None


def describe_number_column(look: ColumnLook, numbers: Doubles) -> Understood:
    """A column all of whose cells are numbers: an identifier, marks of thousands read as points, or numbers."""
    if found := recognise_identifier(look.name, numbers):
        return found
    said = explain_marks_of_thousands(look, numbers)
    return Understood("number", said, notice=True) if said else Understood("number")


def explain_marks_of_thousands(look: ColumnLook, numbers: Doubles) -> str:
    """What to do if all decimal points of a column are marks of thousands; empty if they do not look so."""
    if look.table.type_of(look.name).has_values:  # which are not written in any way
        return ""
    if not is_grouped_in_thousands(look.cells.first_texts or look.counts, look.grammar):
        return ""
    if not have_three_decimals(numbers):
        return ""
    point = look.grammar.decimal
    what, other = ("points", ",") if point == "." else ("commas", ".")
    cure = f'if they are marks of thousands, set data.decimal: "{other}" and data.thousands: "{point}"'
    return f"all decimal {what} stand before exactly three digits; {cure}"


def describe_number_look(seen: NumberLook, now: NumberGrammar) -> str:
    """What a notice says of a column that looks like numbers but is none; empty if it does not look so."""
    if not seen.are_mostly_numbers:
        return ""
    odd = f"list {quote_texts(seen.odd)} in data.missing_values"
    if seen.forms:
        ways = describe_number_forms(seen.forms, now)
        more = f" and {odd}" if seen.odd else ""
        share = f"{seen.read:,} of {seen.cells:,} cells" if seen.odd else "these"
        return f"{share} look like numbers; to read them as numbers, give {ways}{more}"
    return f"{seen.plain:,} of {seen.cells:,} cells are numbers; if the others mean missing, {odd}"


def refuse_infinities_among_numbers(look: ColumnLook, words: Collection[str]) -> None:
    """An error where all words in a column with numbers are infinities, which a network cannot learn from."""
    if words and all(strip_blanks(word).strip("+-").lower() in INFINITE for word in words):
        raise build_number_error(look.table, look.name, look.cells.find_rows(words))


def refuse_words_among_numbers(
    look: ColumnLook, words: Collection[str], seen: NumberLook, *, figures: int, different: int
) -> None:
    """An error where words stand in a column of `figures` numbers, some `different` ones, if they cannot be codes."""
    counts = look.cells.kept_texts.counts
    wrong = sum(counts[word] for word in words)
    share = figures / max(figures + wrong, 1)
    if share <= HALF or not wrong:
        return
    if seen.has_few_odd or share > NEARLY_ALL or (share > MOST and different > MANY):
        odd = {word: counts[word] for word in counts if word in words}
        raise build_odd_texts_error(look.table, look.name, odd, missing=look.missing, figures=figures, forms=seen.forms)


def count_numbers(cells: Cells, missing: Collection[str], grammar: NumberGrammar) -> int:
    """How many cells are numbers and not missing."""
    counts = cells.kept_texts.counts
    gaps = {*missing, *find_missing_number_texts(counts, missing, grammar)}
    odd = sum(count for value, count in counts.items() if value not in gaps and grammar.reads(value))
    return odd + cells.count_plain_numbers(parse_missing_numbers(missing, grammar))


def explain_codes_not_numbers(values: Collection[str]) -> str:
    """Why digits are codes, not numbers: of one length with some that begin with 0, or too long to be exact."""
    values = set(map(strip_blanks, values))
    lengths = set(map(len, values))
    if len(lengths) == 1 and re.search(r"^0[0-9]+$", "\n".join(values), re.MULTILINE):
        return "codes with leading zeros"
    return (
        "whole numbers too long to be exact"
        if max(lengths) > LONGEST_DIGITS and any(map(is_inexact_whole_number, values))
        else ""
    )


def are_running_numbers(numbers: Doubles) -> bool:
    """Whether whole numbers rise by one from cell to cell."""
    if len(numbers) < RUNNING or not np.isfinite(numbers).all():
        return False
    return float(numbers[0]).is_integer() and bool((np.diff(numbers) == 1).all())


def have_three_decimals(numbers: Doubles) -> bool:
    """Whether all numbers are whole, or have three decimals at most and one to three digits before them."""
    size = np.abs(numbers[np.isfinite(numbers)])
    odd = size[size != np.floor(size)] * 1000
    return bool((odd >= 1000).all() and (odd < 1e6).all() and (np.abs(odd - np.rint(odd)) < 1e-6).all())


def are_whole(numbers: Doubles) -> bool:
    """Whether there are numbers, and all are whole."""
    first = numbers[:RUNNING]
    return bool(len(first) and np.isfinite(first).all() and (first == np.floor(first)).all()) and bool(
        np.isfinite(numbers).all() and (numbers == np.floor(numbers)).all()
    )


def count_different_whole_numbers(numbers: Doubles) -> int:
    """How many different numbers there are, if all are whole; 0 where the first ones show that they are few."""
    first = numbers[:LOOKED_AT]
    if len(np.unique(first)) < len(first) // 2 or not are_whole(numbers):
        return 0
    return len(np.unique(numbers))
