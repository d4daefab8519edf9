"""Fitted columns as plans, and the cells of a row that they are made of."""

from collections.abc import Callable, Iterable, Sequence
from functools import singledispatch
from itertools import product
from math import isfinite

import numpy as np

from mlptrain.data.blanks import strip_blanks
from mlptrain.data.category_column import CategoryColumn
from mlptrain.data.date_column import DateColumn
from mlptrain.data.date_recognition import MISSING_DATES
from mlptrain.data.encodings import LevelCodes, OneHot, ScaledOneHot
from mlptrain.data.features import FeatureColumn
from mlptrain.data.grammar import NumberGrammar
from mlptrain.data.levels import NONE, LevelFinder
from mlptrain.data.meanings import TRUTHS, Meaning, NumberMeaning, TruthMeaning, trim_text
from mlptrain.data.number_column import NumberColumn
from mlptrain.data.number_reading import BOOLEANS, TRUE, normalise_boolean
from mlptrain.data.number_texts import MISSING_NUMBERS, parse_missing_numbers
from mlptrain.export.plan import (
    Array,
    CodePlan,
    Codes,
    ColumnPlan,
    DateInput,
    DatePlan,
    Input,
    LevelPlan,
    NotExportable,
    NumberInput,
    NumberPlan,
    OneHotPlan,
    TextInput,
)
from mlptrain.spec.fields import Data

FALSE_CODE, TRUE_CODE, MISSING_CODE = 0, 1, 2
"""The codes of truth values."""


@singledispatch
def plan_column(column: FeatureColumn, data: Data) -> ColumnPlan:
    """What a fitted column makes of the cell that `plan_input` describes."""
    raise NotExportable(f"column {column.name!r}: a {type(column).__name__} has no form in an export")


@singledispatch
def plan_input(column: FeatureColumn, data: Data) -> Input:
    """What a row has for a fitted column."""
    raise NotExportable(f"column {column.name!r}: a {type(column).__name__} has no form in an export")


def plan_inputs(columns: Sequence[FeatureColumn], data: Data) -> tuple[Input, ...]:
    """What a row has for the columns of all networks, each of them once; two of one name must be alike."""
    found: dict[str, Input] = {}
    for column in columns:
        planned = plan_input(column, data)
        if found.setdefault(column.name, planned) != planned:
            raise NotExportable(f"column {column.name!r}: the networks of the model read it in different ways")
    return tuple(found.values())


# Numbers and truth values


@plan_input.register
def plan_number_input(column: NumberColumn, data: Data) -> Input:
    return TextInput(name=column.name) if column.boolean else read_number_settings(column, data)


def read_number_settings(column: NumberColumn, data: Data) -> NumberInput:
    """The numbers that a spec replaces, or that mean missing, and the texts that do: a replaced one may be missing."""
    grammar, missing = data.grammar, parse_missing_numbers(column.missing, data.grammar)
    gaps = MISSING_NUMBERS.union(column.missing)

    def read(text: str) -> float | None:
        is_gap = text in gaps or strip_blanks(text) in gaps or not grammar.reads(text)
        number = None if is_gap else grammar.read_number(text)
        return None if number in missing else number

    marks: dict[float, float | None] = dict.fromkeys(missing)
    marks |= {
        number: read(new) for word, new in data.replace.items() if (number := grammar.read_mark(word)) is not None
    }
    return NumberInput(name=column.name, replaced=tuple(marks.items()), missing=tuple(sorted(gaps)))


@plan_column.register
def plan_number_column(column: NumberColumn, data: Data) -> ColumnPlan:
    if column.boolean:
        return plan_truth_values(column, data)
    return NumberPlan(input=column.name, fill=column.fill, scaling=column.scaling, indicator=column.indicator)


def plan_truth_values(column: NumberColumn, data: Data) -> LevelPlan:
    """Truth values by their codes: false, true, missing."""
    scaled = column.scaling(np.array([0.0, 1.0, column.fill]))
    values = np.stack([scaled, [0.0, 0.0, 1.0]], axis=1) if column.indicator else scaled[:, None]
    return LevelPlan(input=column.name, codes=code_truth_values(column.missing, data), values=values)


def code_truth_values(missing: Sequence[str], data: Data) -> Codes:
    """The codes of truth values in any capitals, of what means missing, and of what a spec replaces by them."""
    grammar, words = data.grammar, {word for pair in BOOLEANS for word in pair}
    gaps = {trim_text(text) for text in MISSING_NUMBERS.union(missing)}
    replace_text = make_replacer(data, NumberMeaning(grammar))

    def code(text: str) -> int | None:
        text = replace_text(text)
        if trim_text(text) in gaps:
            return MISSING_CODE
        word = normalise_boolean(text, grammar)
        return int(word in TRUE) if word in words else None

    texts = [*sorted(gaps), *data.replace, *(text for word in sorted(words) for text in vary_capitals(word))]
    numbers = (float(FALSE_CODE), float(TRUE_CODE))
    return tabulate_codes(texts, numbers, code, grammar, other=MISSING_CODE, refuses_others=True)


def tabulate_codes(
    texts: Iterable[str],
    numbers: Sequence[float],
    code: Callable[[str], int | None],
    grammar: NumberGrammar,
    *,
    other: int,
    refuses_others: bool = False,
) -> Codes:
    """The codes of texts in all spellings, and of numbers; what has none is left out."""
    written = [grammar.write(text) for number in numbers for text in write_number(number)]
    of_texts = {trim_text(each): code(each) for text in [*written, *texts] for each in [text, *vary_truth(text)]}
    of_numbers = {number: code(grammar.write(str(number))) for number in numbers}
    return Codes(
        texts={text: found for text, found in of_texts.items() if found is not None},
        numbers=tuple((number, found) for number, found in of_numbers.items() if found is not None),
        grammar=grammar,
        other=other,
        refuses_others=refuses_others,
    )


def make_replacer(data: Data, meaning: Meaning) -> Callable[[str], str]:
    """A function that reads texts as `data.replace` says, in a column whose texts have a meaning: the very text goes
    before, and true and false have one meaning everywhere.
    """
    words = data.replace
    by_truth = {TruthMeaning().find_key(word): new for word, new in words.items()}
    by_meaning = {meaning.find_key(word): new for word, new in words.items()}

    def replace_text(text: str) -> str:
        if text in words:
            return words[text]
        if trim_text(text).lower() in TRUTHS:
            return by_truth.get(TruthMeaning().find_key(text), text)
        return by_meaning.get(meaning.find_key(text), text)

    return replace_text


def vary_truth(text: str) -> Sequence[str]:
    """True and false in every mixture of capitals; nothing of other texts."""
    word = trim_text(text)
    return vary_capitals(word) if word.lower() in TRUTHS else ()


def vary_capitals(word: str) -> list[str]:
    """A word in every mixture of capitals.

    >>> vary_capitals("no")
    ['no', 'nO', 'No', 'NO']
    """
    return sorted(
        {"".join(letters) for letters in product(*zip(word.lower(), word.upper(), strict=True))}, reverse=True
    )


# Dates


@plan_input.register
def plan_date_input(column: DateColumn, data: Data) -> Input:
    missing = tuple(sorted(MISSING_DATES.union(column.missing)))
    return DateInput(name=column.name, format=column.format, clock=column.clock, missing=missing)


@plan_column.register
def plan_date_column(column: DateColumn, data: Data) -> ColumnPlan:
    return DatePlan(input=column.name, parts=column.parts, indicator=column.indicator)


# Categories


@plan_input.register
def plan_category_input(column: CategoryColumn, data: Data) -> Input:
    return TextInput(name=column.name)


@plan_column.register
def plan_category_column(column: CategoryColumn, data: Data) -> ColumnPlan:
    codes = code_levels(column, data)
    if isinstance(column.encoding, LevelCodes):
        return CodePlan(input=column.name, codes=codes)
    if isinstance(column.encoding, OneHot | ScaledOneHot):
        on, off = list_marks(column.encoding)
        return OneHotPlan(input=column.name, codes=codes, on=on, off=off)
    return LevelPlan(input=column.name, codes=codes, values=tabulate_encoding(column))


def list_marks(encoding: OneHot | ScaledOneHot) -> tuple[Array, Array]:
    """What each column of the matrix has where the row is of its level, and where it is not (W,)."""
    if isinstance(encoding, OneHot):
        return np.ones(encoding.width), np.zeros(encoding.width)
    return np.array(encoding.on), np.array(encoding.off)


def tabulate_encoding(column: CategoryColumn) -> Array:
    """What the encoding makes of each code, in double precision (L + 1, W)."""
    values = np.empty((len(column.levels) + 1, column.width))
    column.encoding.encode(np.arange(len(values)), values)
    return values


def code_levels(column: CategoryColumn, data: Data) -> Codes:
    """The codes of the texts that mean a level or missing, and of those that a spec replaces by such texts."""
    finder, other = LevelFinder(column.levels, {"", *column.missing}, data.grammar), len(column.levels)
    replace_text = make_replacer(data, finder.meaning)

    def code(text: str) -> int:
        found = finder.find_code(replace_text(text))
        return other if found == NONE else found

    known = [*data.replace, "", *column.missing, *column.levels]
    numbers: Sequence[float] = ()
    if isinstance(finder.meaning, NumberMeaning):
        read = (read_level_number(text, data.grammar) for text in known)
        numbers = list(dict.fromkeys(number for number in read if number is not None))
    return tabulate_codes(known, numbers, code, data.grammar, other=other)


def read_level_number(text: str, grammar: NumberGrammar) -> float | None:
    """The number that a text means, if it is a finite one."""
    number = grammar.read_mark(trim_text(text))
    return number if number is not None and isfinite(number) else None


def write_number(number: float) -> Sequence[str]:
    """A number as programs write it: a whole one with and without .0.

    >>> write_number(1.0), write_number(2.5)
    (['1.0', '1'], ['2.5'])
    """
    return [str(number), str(int(number))] if number == int(number) and abs(number) < 1e15 else [str(number)]
