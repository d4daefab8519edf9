"""`--set` of `predict` and `eval`: what a user may say about how an input is written, and what messages propose."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from mlptrain.data.cell_cures import FORMATS, SETTING, list_date_formats, list_number_ways
from mlptrain.data.number_forms import NumberNeeds
from mlptrain.errors import CellFault, DataError, SpecError
from mlptrain.model.fitted_network import FittedNetwork
from mlptrain.model.input_format import write_settings
from mlptrain.model.model import Model
from mlptrain.model.reading_settings import FORMAT_KEYS, quote_key, read_features_as, write_option
from mlptrain.spec.fields import Data

OWN_KEYS = ("missing_values", "missing_target")
IN_ONE_UNIT = re.compile(r"give (?P<what>plain numbers in one unit \([^)]*\))")
OF_A_COLUMN = re.compile(r"data\.columns\..+\.(format|missing_values)")


def set_input_format(model: Model, settings: Sequence[str]) -> Model:
    """The model, which reads its input as `--set` says; other keys than those of reading are refused."""
    if not settings:
        return model
    if model.reads_images:
        raise SpecError("--set: the model reads images, which are written in one way only")
    for setting in settings:
        require_reading_key(setting)
    from mlptrain.spec.file import make_draft_from_spec  # YAML and the checks of specs: slow to load, seldom needed

    return read_as(model, make_draft_from_spec(model.spec, settings).spec.data)


def require_reading_key(setting: str) -> None:
    """An error unless a setting is one of how the input is written."""
    key = setting.partition("=")[0].strip()
    if not is_reading_key(key) and not OF_A_COLUMN.fullmatch(key):
        known = ", ".join(f"data.{name}" for name in (*FORMAT_KEYS, *OWN_KEYS))
        why = "the model is trained; only how its input is written can be set here"
        raise SpecError(f"--set {key}: {why}: {known}, data.columns.NAME.format, data.columns.NAME.missing_values")


def is_reading_key(key: str) -> bool:
    """Whether a key of the spec says how a whole input is written."""
    return key.startswith("data.") and key.removeprefix("data.") in (*FORMAT_KEYS, *OWN_KEYS)


def read_as(model: Model, data: Data) -> Model:
    """The model that reads its input as a data section says."""
    return replace(model, networks=tuple(read_network_as(each, data) for each in model.networks))


def read_network_as(network: FittedNetwork, data: Data) -> FittedNetwork:
    """The network with another data section, and columns that read their cells as it says."""
    features = read_features_as(network.features, network.spec.data, data)
    return replace(network, spec=replace(network.spec, data=data), features=features)


def advise_setting(problem: DataError, command: str, data: Data, needs: NumberNeeds | None = None) -> DataError:
    """A problem whose message names keys of the spec, with the options that set them for this file: of numbers all that
    the columns are known to need.
    """
    if isinstance(problem, CellFault) and problem.cure:
        mixed = IN_ONE_UNIT.search(problem.cure)
        ways = [] if mixed else [*describe_cell_options(problem, data, needs or NumberNeeds(data.grammar))]
        without = problem.cure if "data." not in problem.cure else "mend it"
        without = f"give {mixed['what']}" if mixed else without
        cure = f"mend it, or for this file: {command} … {' or '.join(ways)}" if ways else without
        return DataError(f"{problem.said}; {cure}")
    said = str(problem)
    if "--set" in said:
        return problem
    options = dict.fromkeys(describe_options(said))
    return DataError(f"{said} (for this file: {command} … {' '.join(options)})") if options else problem


def describe_cell_options(problem: CellFault, data: Data, needs: NumberNeeds) -> Iterator[str]:
    """The options by which a cell would be what its column wants; as missing, if there is no other."""
    key, of_numbers = f"data.columns.{quote_key(problem.column)}.format", needs.grammar != data.grammar
    if of_numbers and (needs.grammar.reads(problem.text) or problem.text in needs.words):
        ways = [write_settings(needs.grammar, data.grammar)]
        yield " ".join([*ways, describe_missing(needs.words, data)] if needs.words else ways)
        return
    ways = [" ".join(describe_options(way)) for way in list_number_ways(problem.cure)]
    forms = list_date_formats(problem.cure)
    ways += [write_option(key, json.dumps(form) if "%" in form else form) for form in forms]
    if not ways and problem.text and "data.missing_values" in problem.cure:
        words = needs.words if problem.text in needs.words else ()
        ways = [describe_missing([*dict.fromkeys([problem.text, *words])], data)]
        ways += [write_option(key, "…")] * bool(FORMATS.search(problem.cure))
    yield from ways


def describe_missing(words: Sequence[str], data: Data) -> str:
    """The option by which words mean missing, beside those that do so already."""
    marks = json.dumps([*dict.fromkeys([*data.missing_values, *words])], ensure_ascii=False)
    return f"{write_option('data.missing_values', marks)} if {'it means' if len(words) == 1 else 'they mean'} missing"


def describe_options(said: str) -> Iterator[str]:
    """The options for the keys that a message names."""
    for found in SETTING.finditer(said):
        key, value = found["key"], found["value"] or "…"
        if key in (*FORMAT_KEYS, *OWN_KEYS):
            yield write_option(f"data.{key}", value) if found["value"] else f"--set data.{key}={value}"
    if "data.columns: {" in said and "format" in said:
        yield "--set data.columns.NAME.format=…"
