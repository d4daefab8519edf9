"""How a file for a model is written: as `--set` says, as the training file, or where that does not fit, as it looks."""

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import fields, replace
from typing import Any

from mlptrain.data.date_column import DateColumn
from mlptrain.data.features import FeatureColumn, Features
from mlptrain.data.files import is_idx, is_parquet, is_zip, match_files
from mlptrain.data.grammar import NumberGrammar
from mlptrain.data.number_column import NumberColumn
from mlptrain.data.number_forms import NumberForm, find_number_forms
from mlptrain.data.number_texts import MISSING_NUMBERS
from mlptrain.data.sniffing import read_beginning, sniff_format
from mlptrain.data.table import Reading
from mlptrain.data.table_format import TableFormat
from mlptrain.errors import DataError, SpecError
from mlptrain.model.fitted_network import FittedNetwork
from mlptrain.model.model import Model
from mlptrain.model.rows import AnyFeatures
from mlptrain.spec.fields import Data, Spec

OWN_KEYS = ("missing_values", "missing_target")
FORMAT_KEYS = tuple(each.name for each in fields(TableFormat))
GRAMMAR_KEYS = tuple(each.name for each in fields(NumberGrammar) if each.name in FORMAT_KEYS)
SNIFFED = ("delimiter", "encoding", "skip_rows", "skip_after_names", "skip_footer", "skip_initial_space")
OF_A_COLUMN = re.compile(r"data\.columns\..+\.(format|missing_values)")
SETTING = re.compile(r"\bdata\.(?P<key>\w+)(?:: (?P<value>\"[^\"]*\"|[^\s;,()]+))?")
FEWEST_TEXTS = 2
"""Different texts that make marks of thousands a way of writing."""
MOST_TEXTS = 100_000
"""Different texts of a column from which the way to write numbers is told."""


def set_input_format(model: Model, settings: Sequence[str]) -> Model:
    """The model, which reads its input as `--set` says; other keys than those of reading are refused."""
    if not settings:
        return model
    if model.reads_images:
        raise SpecError("--set: the model reads images, which are written in one way only")
    for setting in settings:
        require_reading_key(setting)
    from mlptrain.spec.file import make_draft_from_spec  # YAML and the checks of specs: slow to load, seldom needed

    spec = make_draft_from_spec(model.spec, list(map(quote_mark, settings))).spec
    return replace(model, networks=tuple(read_network_as(each, spec) for each in model.networks))


def quote_mark(setting: str) -> str:
    """A setting whose value is a mark, in quotes: a shell takes those away that the user wrote."""
    key, equals, value = setting.partition("=")
    mark = {"\\t": "\t"}.get(value, value)
    bare = key in ("data.delimiter", "data.decimal", "data.thousands") and len(mark) == 1
    return f"{key}={json.dumps(mark)}" if equals and bare else setting


def require_reading_key(setting: str) -> None:
    """An error unless a setting is one of how the input is written."""
    key = setting.partition("=")[0].strip()
    if key.removeprefix("data.") in (*FORMAT_KEYS, *OWN_KEYS) and key.startswith("data."):
        return
    if not OF_A_COLUMN.fullmatch(key):
        known = ", ".join(f"data.{name}" for name in (*FORMAT_KEYS, *OWN_KEYS))
        why = "the model is trained; only how its input is written can be set here"
        raise SpecError(f"--set {key}: {why}: {known}, data.columns.NAME.format, data.columns.NAME.missing_values")


def read_network_as(network: FittedNetwork, spec: Spec) -> FittedNetwork:
    """The network with the data section of another spec, and columns that read their cells as it says."""
    features: AnyFeatures = network.features
    if isinstance(features, Features):
        columns = tuple(read_column_as(column, network.spec.data, spec.data) for column in features.columns)
        features = replace(features, columns=columns)
    return replace(network, spec=replace(network.spec, data=spec.data), features=features)


def read_column_as(column: FeatureColumn, before: Data, now: Data) -> FeatureColumn:
    """The fitted column with the marks of missing cells and the format of dates that are set anew."""
    name = column.name
    if before.rules.missing(name) != now.rules.missing(name):
        column = replace(column, missing=tuple(now.rules.missing(name)))
    form = now.rules.of(name).format
    if isinstance(column, DateColumn) and form and form != before.rules.of(name).format:
        column = replace(column, format=form)
    return column


class InputFormat:
    """How one input of a model is written; asked again where the first reading fails."""

    def __init__(self, model: Model, path: str, others: Collection[str], settings: Sequence[str], command: str) -> None:
        self.model, self.path, self.command = model, path, command
        self.needed = dict.fromkeys([*model.columns(), *others])
        self.given = {setting.partition("=")[0].removeprefix("data.").strip() for setting in settings}
        self.data = model.spec.data
        self.notices: list[str] = []
        self.tried = False
        if self.may_mislead() and (found := self.adapt()):
            self.data = found

    def may_mislead(self) -> bool:
        """Whether the model's own way may seem to fit where it does not: lines are left out unseen, or UTF-8 is read
        as one byte a character.
        """
        data = self.data
        if not self.is_text():
            return False
        if (data.skip_after_names or data.skip_footer) and not self.given & {"skip_after_names", "skip_footer"}:
            return True
        if "encoding" in self.given or data.encoding.lower().replace("-", "") in ("utf8", "utf16", "utf8sig"):
            return False
        return holds_utf8(read_beginning(match_files(self.path)[0]))

    def is_text(self) -> bool:
        """Whether the input is delimited text."""
        first = match_files(self.path)[0]
        return not self.model.reads_images and not (is_typed(first) or is_idx(first))

    def adapt(self) -> Data | None:
        """Another way to read the input that fits the model; None if there is none. It is looked for once."""
        if self.tried or not self.is_text():
            return None
        self.tried = True
        data, first = self.data, match_files(self.path)[0]
        names = self.needed if data.has_header else ()
        found = sniff_format(first, names, self.only_given())
        sniffed = {key: getattr(found, key) for key in SNIFFED if key not in self.given}
        if not data.has_header:
            sniffed = {key: sniffed[key] for key in ("delimiter", "encoding") if key in sniffed}
        if not self.is_delimiter_new(found, sniffed):
            sniffed.pop("delimiter", None)
        data = replace(data, **sniffed)
        try:
            reading = Reading(first, data, self.needed)
        except DataError:
            return None
        if data.has_header and not self.needed.keys() <= set(reading.names):
            return None
        data = self.choose_grammar(reading, data)
        if data == self.data:
            return None
        self.notices.append(self.describe_change(data))
        self.data = data
        return data

    def only_given(self) -> TableFormat:
        """The settings that the user gave, which stand."""
        own = {key: getattr(self.data, key) for key in FORMAT_KEYS if key in self.given}
        return TableFormat(**own)

    def is_delimiter_new(self, found: TableFormat, sniffed: Collection[str]) -> bool:
        """Whether the delimiter that was found is another one than the model's."""
        return "delimiter" in sniffed and (found.delimiter or ",") != (self.data.delimiter or ",")

    def choose_grammar(self, reading: Reading, data: Data) -> Data:
        """The format with the one way to write numbers by which the columns of numbers are numbers."""
        if self.given & {"decimal", "thousands", "loose_signs", "units"}:
            return data
        texts, now = self.read_number_texts(reading), data.grammar
        forms = [found for column in texts.values() if (found := find_number_forms(column, now))]
        if not forms:
            return data
        common = [form for form in forms[0] if all(reads_best(form.grammar, others) for others in forms)]
        common = [form for form in common if differs_in_marks_only(form.grammar, now)]
        common = [form for form in common if all(reads_as_well(form.grammar, now, each) for each in texts.values())]
        if len(common) > 1:
            ways = " or ".join(write_settings(form.grammar, data.grammar) for form in common)
            shown = next(iter(sorted(common[0].read - data.grammar.read(common[0].read))), "")
            raise DataError(f"{self.path}: numbers such as {shown!r} can be read in two ways; say which: {ways}")
        if not common or is_one_odd_cell(common[0], now):
            return data
        return replace(data, **{name: getattr(common[0].grammar, name) for name in GRAMMAR_KEYS})

    def read_number_texts(self, reading: Reading) -> dict[str, set[str]]:
        """The different texts in the columns of numbers, but for those that mean missing."""
        columns = {name: column for name, column in self.model.columns().items() if isinstance(column, NumberColumn)}
        numeric = [name for name, column in columns.items() if not column.boolean]
        if not self.model.head.has_classes:
            numeric += [name for name in self.model.head.names if name in reading.names]
        found: dict[str, set[str]] = {name: set() for name in numeric}
        for table in reading.chunks(texts=numeric, unread=set(reading.names).difference(numeric)):
            for name, texts in found.items():
                gaps = {*MISSING_NUMBERS, *self.data.rules.missing(name)}
                if len(texts) < MOST_TEXTS:
                    texts.update(text for text in table.coded(name).values if text and text.strip(" ") not in gaps)
        return found

    def describe_change(self, data: Data) -> str:
        """The notice of what is read otherwise than the training file."""
        changed = [key for key in FORMAT_KEYS if getattr(data, key) != getattr(self.data, key)]
        words = ", ".join(f"{key}: {write_value(data, key)}" for key in changed)
        name = "standard input" if self.path == "-" else self.path
        return f"{name}: not written as the training file; read with {words}"

    def advise(self, problem: DataError) -> DataError:
        """The problem, with the way to say how this file is written."""
        return advise_setting(problem, self.command)


def reads_best(grammar: NumberGrammar, forms: Sequence[NumberForm]) -> bool:
    return any(form.grammar == grammar or len(grammar.read(form.read)) == len(form.read) for form in forms)


def differs_in_marks_only(grammar: NumberGrammar, now: NumberGrammar) -> bool:
    """Whether two ways to write numbers differ in their marks; units and odd signs are for the user to name."""
    return (grammar.units, grammar.loose_signs) == (now.units, now.loose_signs)


def is_one_odd_cell(form: NumberForm, now: NumberGrammar) -> bool:
    """Whether a way to write numbers rests on marks of thousands in one text alone, which is more likely a mistake."""
    return form.grammar.decimal == now.decimal and len(form.read - now.read(form.read)) < FEWEST_TEXTS


def reads_as_well(grammar: NumberGrammar, now: NumberGrammar, texts: Collection[str]) -> bool:
    """Whether a grammar reads as many of some texts as another one."""
    return len(grammar.read(texts)) >= len(now.read(texts))


def write_settings(grammar: NumberGrammar, now: NumberGrammar) -> str:
    """The options that set a way to write numbers."""
    changed = [name for name in GRAMMAR_KEYS if getattr(grammar, name) != getattr(now, name)]
    return " ".join(f"--set data.{name}={json.dumps(getattr(grammar, name), ensure_ascii=False)}" for name in changed)


def write_value(data: TableFormat, key: str) -> str:
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


def advise_setting(problem: DataError, command: str) -> DataError:
    """A problem whose message names keys of the spec, with the option that sets them for this file."""
    said = str(problem)
    if "--set" in said:
        return problem
    ways = dict.fromkeys(describe_options(said))
    return DataError(f"{said} (for this file: {command} … {' '.join(ways)})") if ways else problem


def describe_options(said: str) -> Iterator[str]:
    """The options for the keys that a message names."""
    for found in SETTING.finditer(said):
        key, value = found["key"], found["value"] or "…"
        if key in (*FORMAT_KEYS, *OWN_KEYS):
            yield f"--set data.{key}={value}"
    if "give the column's format" in said or ("data.columns: {" in said and "format" in said):
        yield "--set data.columns.NAME.format=…"
