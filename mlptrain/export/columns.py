"""Fitted columns as plans, and the cells of a row that they are made of."""

from collections.abc import Callable, Iterator, Sequence
from functools import singledispatch
from itertools import product
from math import isfinite

import numpy as np

from mlptrain.data.category_column import CategoryColumn
from mlptrain.data.date_column import DateColumn
from mlptrain.data.encodings import LevelCodes
from mlptrain.data.features import FeatureColumn
from mlptrain.data.grammar import NumberGrammar
from mlptrain.data.levels import NONE, LevelFinder
from mlptrain.data.meanings import TRUTHS, NumberMeaning, TruthMeaning, trim_text
from mlptrain.data.number_column import NumberColumn
from mlptrain.data.number_reading import BOOLEANS, TRUE
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
    """The numbers and the words that a spec replaces, or that mean missing: a replaced one may become missing."""
    grammar, missing = data.grammar, parse_missing_numbers(column.missing, data.grammar)
    gaps = {trim_text(text) for text in MISSING_NUMBERS.union(column.missing)}

    def read(word: str) -> float | None:
        number = None if trim_text(word) in gaps else grammar.read_mark(word)
        return None if number in missing else number

    words: dict[str, float | None] = dict.fromkeys(sorted(gaps))
    words |= {trim_text(word): read(new) for word, new in data.replace.items()}
    marks: dict[float, float | None] = dict.fromkeys(missing)
    marks |= {
        number: read(new) for word, new in data.replace.items() if (number := grammar.read_mark(word)) is not None
    }
    return NumberInput(name=column.name, replaced=tuple(marks.items()), words=words)


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
    """The codes of truth values, in any capitals, and of what means missing."""
    words = {word for pair in BOOLEANS for word in pair}
    texts = {spelling: code_truth_value(word) for word in sorted(words) for spelling in vary_capitals(word)}
    texts |= {"1.0": TRUE_CODE, "0.0": FALSE_CODE}
    gaps = {trim_text(text) for text in MISSING_NUMBERS.union(missing)}
    texts |= dict.fromkeys(sorted(gaps), MISSING_CODE)
    for word, new in data.replace.items():
        texts[trim_text(word)] = texts.get(trim_text(new), MISSING_CODE)
    return Codes(texts=texts, numbers=((0.0, FALSE_CODE), (1.0, TRUE_CODE)), other=MISSING_CODE, refuses_others=True)


def code_truth_value(word: str) -> int:
    return TRUE_CODE if word in TRUE else FALSE_CODE


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
    return DateInput(
        name=column.name,
        format=column.format,
        clock=column.clock,
        missing=tuple(map(trim_text, column.missing)),
        replaced=tuple((trim_text(word), new) for word, new in data.replace.items()),
    )


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
    return LevelPlan(input=column.name, codes=codes, values=tabulate_encoding(column))


def tabulate_encoding(column: CategoryColumn) -> Array:
    """What the encoding makes of each code, in double precision (L + 1, W)."""
    values = np.empty((len(column.levels) + 1, column.width))
    column.encoding.encode(np.arange(len(values)), values)
    return values


def code_levels(column: CategoryColumn, data: Data) -> Codes:
    """The codes of the texts that mean a level or missing, and of those that a spec replaces by such texts."""
    finder, other = LevelFinder(column.levels, {"", *column.missing}, data.grammar), len(column.levels)

    def code(text: str) -> int:
        return other if (found := finder.find_code(text)) == NONE else found

    known = ["", *column.missing, *column.levels]
    texts = {trim_text(text): code(text) for each in known for text in list_spellings(each, finder)}
    texts |= {trim_text(word): code(new) for word, new in data.replace.items()}
    return Codes(texts=texts, numbers=tuple(list_number_codes(known, finder, code)), other=other)


def list_spellings(text: str, finder: LevelFinder) -> Iterator[str]:
    """A level as it is, and in other writings that programs have for it and that mean the same."""
    yield text
    if isinstance(finder.meaning, TruthMeaning) and trim_text(text).lower() in TRUTHS:
        yield from vary_capitals(trim_text(text))
    if isinstance(finder.meaning, NumberMeaning):
        number = read_level_number(text, finder.meaning.grammar)
        found = finder.find_code(text)
        yield from (each for each in write_number(number) if finder.find_code(each) == found)


def read_level_number(text: str, grammar: NumberGrammar) -> float | None:
    """The number that a text means, if it is a finite one."""
    number = grammar.read_mark(trim_text(text))
    return number if number is not None and isfinite(number) else None


def write_number(number: float | None) -> Sequence[str]:
    """A number as programs write it: a whole one with and without .0.

    >>> write_number(1.0), write_number(2.5), write_number(None)
    (['1.0', '1'], ['2.5'], [])
    """
    if number is None:
        return []
    return [str(number), str(int(number))] if number == int(number) and abs(number) < 1e15 else [str(number)]


def list_number_codes(
    known: Sequence[str], finder: LevelFinder, code: Callable[[str], int]
) -> Iterator[tuple[float, int]]:
    """The codes of levels that are numbers, by the number; none where levels are texts."""
    if isinstance(finder.meaning, NumberMeaning):
        numbers = ((read_level_number(text, finder.meaning.grammar), code(text)) for text in known)
        yield from ((number, found) for number, found in dict(numbers).items() if number is not None)
