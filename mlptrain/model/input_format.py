"""How another file of fitted columns is written: as the training file, or where that does not fit, as it looks."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mlptrain.data.blanks import strip_blanks
from mlptrain.data.column_types import TEXT
from mlptrain.data.date_column import DateColumn
from mlptrain.data.date_recognition import MISSING_DATES, find_other_format
from mlptrain.data.features import FeatureColumn
from mlptrain.data.files import is_idx, is_parquet, is_zip, match_files, name_input
from mlptrain.data.grammar import NumberGrammar
from mlptrain.data.line_of_names import find_foreign_cells
from mlptrain.data.number_column import NumberColumn
from mlptrain.data.number_forms import (
    NumberNeeds,
    find_common_forms,
    find_doubtful_number,
    find_number_needs,
    swap_marks,
)
from mlptrain.data.number_texts import MISSING_NUMBERS
from mlptrain.data.sniffing import read_beginning, sniff_format
from mlptrain.data.table import Reading
from mlptrain.data.table_format import TableFormat
from mlptrain.errors import DataError
from mlptrain.model.head import Head
from mlptrain.model.reading_settings import FORMAT_KEYS, GRAMMAR_KEYS, quote_key, set_date_formats, write_option
from mlptrain.spec.fields import Data

SNIFFED: Sequence[str] = ("delimiter", "encoding", "skip_rows", "skip_after_names", "skip_footer", "skip_initial_space")
OF_A_SHEET: Sequence[str] = ("sheet", "skip_rows", "skip_after_names", "skip_footer")
FEWEST_TEXTS = 2
"""Different texts that make marks of thousands a way of writing."""
MOST_TEXTS = 100_000
"""Different texts of a column from which the way to write numbers is told."""


class InputFormat:
    """How a table of fitted columns is written; asked again where the first reading fails.

    `data` says how it is read; of its settings those stand that `given` names.
    """

    def __init__(
        self,
        path: str,
        data: Data,
        columns: Mapping[str, FeatureColumn],
        head: Head,
        *,
        others: Collection[str],
        given: Collection[str] = (),
        cure: str = "write the file as the training file is written",
    ) -> None:
        self.path, self.data, self.columns, self.head = path, data, columns, head
        self.needed = dict.fromkeys([*columns, *others])
        self.given, self.cure = set(given), cure
        self.notices: list[str] = []
        self.tried = self.doubted = False
        self.needs: NumberNeeds | None = None
        """What it takes to read the columns of numbers, once it is known; some of it is for the user to say."""
        if self.may_mislead():
            self.adapt()

    def propose(self, options: str) -> str:
        """What the user can do where a file may be read in another way, which `options` say."""
        return self.cure.format(options=options)

    def may_mislead(self) -> bool:
        """Whether the model's own way may seem to fit where it does not: lines are left out unseen, or UTF-8 is read
        as one byte a character.
        """
        data = self.data
        if not (self.is_text() or self.is_workbook()):
            return False
        if not data.has_header and "skip_rows" not in self.given:
            return self.finds_line_of_names(data)
        if (data.skip_after_names or data.skip_footer) and not self.given & {"skip_after_names", "skip_footer"}:
            return True
        if (
            self.is_workbook()
            or "encoding" in self.given
            or data.encoding.lower().replace("-", "") in ("utf8", "utf16", "utf8sig")
        ):
            return False
        return holds_utf8(read_beginning(match_files(self.path)[0]))

    def finds_line_of_names(self, data: Data) -> bool:
        """Whether the first line of a file without names holds names: every cell is foreign to its column, and one at
        least is no number or date where there must be one. Where only levels are foreign, a notice says so.
        """
        columns = self.columns
        unreadable, unseen = find_foreign_cells(columns, match_files(self.path)[0], data)
        if len(unreadable) + len(unseen) < len(columns):
            return False
        if not unreadable:
            why = "every value in the first line is one that training did not see"
            option = write_option("data.skip_rows", str(data.skip_rows + 1))
            said = f"{self.name}: {why}; if the line holds names, {self.propose(option)}"
            self.notices += [said] * (said not in self.notices)
        return bool(unreadable)

    def is_text(self) -> bool:
        """Whether the input is delimited text."""
        first = match_files(self.path)[0]
        return not (is_typed(first) or is_idx(first))

    def is_workbook(self) -> bool:
        """Whether the input is a workbook, whose cells know their types: only its layout is looked for."""
        return is_zip(match_files(self.path)[0])

    def adapt(self) -> bool:
        """Whether there is another way to read the input that fits the model, which reads so from now on. It is looked
        for once.
        """
        if self.tried or not (self.is_text() or self.is_workbook()):
            return False
        self.tried = True
        first = match_files(self.path)[0]
        try:
            data = self.find_layout(first)
            reading = Reading(first, data, self.needed)
        except DataError:
            return False
        if data.has_header and not self.knows_more_columns(reading.names):
            return False
        if self.is_workbook():
            return self.read_from_now_on(data, {}, "")
        texts = self.read_texts(reading, data)
        numbers = {name: each for name, each in texts.items() if name not in self.dates}
        chosen = self.choose_grammar(numbers, data)
        is_doubtful = data.delimiter != self.data.delimiter and chosen.grammar == self.data.grammar
        doubt = self.describe_doubt(numbers.values()) if is_doubtful else ""
        return self.read_from_now_on(chosen, self.choose_date_formats(texts, data), doubt)

    def read_from_now_on(self, data: Data, dates: Mapping[str, str], doubt: str) -> bool:
        """Read so from now on, and say it; whether that is anything new."""
        if data == self.data and not dates:
            return False
        self.notices += filter(None, [self.describe_change(data, dates), doubt])
        self.data = set_date_formats(data, dates)
        return True

    def find_layout(self, path: str) -> Data:
        """The format with the delimiter, the encoding or the sheet, and the lines that are no rows, as a file looks."""
        names = self.needed if self.data.has_header else ()
        look: Callable[..., TableFormat]
        look, keys = (look_at_sheet, OF_A_SHEET) if self.is_workbook() else (sniff_format, SNIFFED)
        found = look(path, names, self.only_given(), usual_footer=self.data.skip_footer)
        if not self.data.has_header:
            keys = tuple(key for key in keys if key in ("delimiter", "encoding"))
        if not self.is_delimiter_new(found):
            keys = tuple(key for key in keys if key != "delimiter")
        data = replace(self.data, **{key: getattr(found, key) for key in keys if key not in self.given})
        if data.has_header or "skip_rows" in self.given or not self.finds_line_of_names(data):
            return data
        return replace(data, skip_rows=data.skip_rows + 1)

    def knows_more_columns(self, names: Collection[str]) -> bool:
        """Whether there are all columns of the model among some names, or more than there are so far."""
        wanted = self.columns.keys()
        if wanted <= set(names):
            return True
        try:
            now = Reading(match_files(self.path)[0], self.data, self.needed).names
        except DataError:
            now = []
        return len(wanted & set(names)) > len(wanted & set(now))

    def only_given(self) -> TableFormat:
        """The settings that the user gave, which stand."""
        own = {key: getattr(self.data, key) for key in FORMAT_KEYS if key in self.given}
        return TableFormat(**own)

    def is_delimiter_new(self, found: TableFormat) -> bool:
        """Whether the delimiter that was found is another one than the model's."""
        return (found.delimiter or ",") != (self.data.delimiter or ",")

    @property
    def dates(self) -> Mapping[str, DateColumn]:
        """The columns of dates whose format the user did not give."""
        columns = {name: column for name, column in self.columns.items() if isinstance(column, DateColumn)}
        return {name: each for name, each in columns.items() if f"columns.{quote_key(name)}.format" not in self.given}

    def choose_grammar(self, texts: Mapping[str, Collection[str]], data: Data) -> Data:
        """The format with the one way to write numbers by which the columns of numbers are numbers."""
        now = data.grammar
        forms = find_common_forms(texts.values(), now, self.given)
        common = [form for form in forms if differs_in_marks_only(form.grammar, now)]
        if len(common) > 1:
            ways = " or ".join(write_settings(form.grammar, now) for form in common)
            shown = next(iter(sorted(common[0].read - now.read(common[0].read))), "")
            raise DataError(f"{self.name}: numbers such as {shown!r} can be read in two ways; {self.propose(ways)}")
        self.needs = find_number_needs(texts.values(), forms[0].grammar if forms else now)
        if not common or rests_on_one_odd_cell(common[0].grammar, now, texts.values()):
            return data
        return replace(data, **{name: getattr(common[0].grammar, name) for name in GRAMMAR_KEYS})

    def choose_date_formats(self, texts: Mapping[str, Collection[str]], data: Data) -> dict[str, str]:
        """The formats of the columns of dates that are wholly written in another one, which no one can mistake."""
        found = {}
        for name, column in self.dates.items():
            gaps = {*MISSING_DATES, *data.rules.missing(name)}
            known = dict.fromkeys((text for text in texts.get(name, ()) if strip_blanks(text) not in gaps), 1)
            if known and (form := find_other_format(known, column.format)):
                found[name] = form
        return found

    def read_texts(self, reading: Reading, data: Data) -> dict[str, dict[str, None]]:
        """The different texts in the columns of numbers and dates, but for those that mean missing."""
        chosen = [name for name in dict.fromkeys([*self.numeric, *self.dates]) if name in reading.names]
        found: dict[str, dict[str, None]] = {name: {} for name in chosen}
        for name, texts in read_pieces_of_texts(reading, data, chosen):
            if len(found[name]) < MOST_TEXTS:
                found[name].update(dict.fromkeys(texts))
        return found

    @property
    def numeric(self) -> Sequence[str]:
        """The columns of numbers, and the targets that are some."""
        columns = self.columns.items()
        numeric = [name for name, each in columns if isinstance(each, NumberColumn) and not each.boolean]
        return [*numeric, *([] if self.head.has_classes else self.head.names)]

    def note_doubt(self, fractions: Collection[str]) -> None:
        """Note that numbers may have marks of thousands where they seem to have fractions: in columns that have some
        now, as the input was read, and had whole numbers only in training. Nothing is read again without such columns.
        """
        if not fractions or self.doubted or self.given & {"decimal", "thousands"}:
            return
        names = sorted(dict.fromkeys(self.numeric), key=lambda name: name not in fractions)
        self.notices += filter(None, [self.describe_doubt(self.read_columns(match_files(self.path), names))])

    def read_columns(self, paths: Sequence[str], names: Sequence[str]) -> Iterator[Collection[str]]:
        """The texts of some columns of files, piece by piece; typed cells have none."""
        for path in paths:
            reading = Reading(path, self.data, self.needed)
            there = [name for name in names if name in reading.names]
            chosen = [name for name in there if not reading.types.get(name, TEXT).has_values]
            for _, texts in read_pieces_of_texts(reading, self.data, chosen):
                yield texts

    @property
    def name(self) -> str:
        """What messages call the input."""
        return name_input(self.path)

    def describe_change(self, data: Data, dates: Mapping[str, str]) -> str:
        """The notice of what is read otherwise than the training file."""
        changed = [key for key in FORMAT_KEYS if getattr(data, key) != getattr(self.data, key)]
        words = [f"{key}: {write_value(data, key)}" for key in changed]
        words += [f"data.columns.{quote_key(name)}.format: {form}" for name, form in dates.items()]
        return f"{self.name}: not written as the training file; read with {', '.join(words)}"

    def describe_doubt(self, columns: Iterable[Collection[str]]) -> str:
        """The notice of marks that may be decimal points or stand between thousands; empty if the texts of the columns
        leave no doubt.
        """
        now = self.data.grammar
        if self.given & {"decimal", "thousands"} or not (doubt := find_doubtful_number(columns, now)):
            return ""
        self.doubted = True
        other = swap_marks(now)
        ours, theirs = (f"{float(each.normal(doubt)):.15g}" for each in (now, other))
        said = f"numbers such as {doubt!r} are read as in training, as {ours}"
        return f"{self.name}: {said}; if they mean {theirs}, {self.propose(write_settings(other, now))}"


def read_pieces_of_texts(reading: Reading, data: Data, names: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """The names of columns and their different texts, but for those that mean a missing number, piece by piece."""
    gaps = {name: {*MISSING_NUMBERS, *data.rules.missing(name)} for name in names}
    pieces = reading.chunks(texts=names, unread=set(reading.names).difference(names)) if names else ()
    for table in pieces:
        for name in names:
            values = table.code_texts(name).values
            yield name, [text for text in values if text and strip_blanks(text) not in gaps[name]]


def look_at_sheet(path: str, names: Collection[str], given: TableFormat, *, usual_footer: int) -> TableFormat:
    """How the table of a workbook is laid out."""
    from mlptrain.data.workbook_shape import look_at_workbook  # seldom needed

    return look_at_workbook(path, names, given, usual_footer=usual_footer)[0]


def differs_in_marks_only(grammar: NumberGrammar, now: NumberGrammar) -> bool:
    """Whether two ways to write numbers differ in their marks; units and odd signs are for the user to name."""
    return (grammar.units, grammar.loose_signs) == (now.units, now.loose_signs)


def rests_on_one_odd_cell(grammar: NumberGrammar, now: NumberGrammar, columns: Iterable[Collection[str]]) -> bool:
    """Whether a way to write numbers rests on marks of thousands in one text among others, more likely a mistake."""
    if grammar.decimal != now.decimal:
        return False
    new = ((len(grammar.read(texts) - now.read(texts)), len(texts)) for texts in columns)
    return not any(count >= FEWEST_TEXTS or count == all_texts > 0 for count, all_texts in new)


def write_settings(grammar: NumberGrammar, now: NumberGrammar) -> str:
    """The options that set a way to write numbers."""
    changed = [name for name in GRAMMAR_KEYS if getattr(grammar, name) != getattr(now, name)]
    return " ".join(write_option(f"data.{name}", write_value(grammar, name)) for name in changed)


def write_value(data: TableFormat | NumberGrammar, key: str) -> str:
    """The value of a key of the format as YAML writes it."""
    value: Any = getattr(data, key)
    if key == "delimiter":
        return json.dumps(value or ",")
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)


def is_typed(path: str) -> bool:
    """Whether a file knows the types of its cells."""
    return is_parquet(path) or is_zip(path)


def holds_utf8(beginning: bytes) -> bool:
    """Whether bytes are UTF-8 beyond ASCII; the last character may be cut."""
    if beginning.isascii():
        return False
    for cut in range(4):
        try:
            beginning[: len(beginning) - cut].decode()
        except UnicodeDecodeError:
            continue
        return True
    return False
