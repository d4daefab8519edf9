"""Dates as texts, YYYY-MM-DD, read by the graph itself: a text of any other form is missing."""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from mlptrain.data.meanings import trim_text
from mlptrain.data.moments import ISO
from mlptrain.export.onnx_dates import CYCLE_DAYS, DAY, DAYS_BEFORE_1970, YEAR_STARTS
from mlptrain.export.onnx_graph import DOUBLE, INTEGER, TEXT, TRUTH, Graph, Tensor, concatenate
from mlptrain.export.plan import DateInput, DatePlan, NetworkPlan, NotExportable

PATTERN = (
    "([0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"  # a year, but not 0000
    "-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
)
ANY_DATE = "1970-01-01"
LENGTHS = np.array([[31, 28 + leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] for leap in range(2)])
"""Days of the months, of a year without and one with a leap day."""
STARTS = np.cumsum(LENGTHS, axis=1) - LENGTHS
"""Days of the year before them."""


def declare_date_texts(graph: Graph, dates: Sequence[DateInput], words: Mapping[str, str]) -> dict[str, Tensor]:
    """Inputs of texts for dates, as moments (N, 1), NaN where missing; `words` are read as other texts."""
    said = f"A date as {ISO}, without a time; missing = the empty text, or any other."
    texts = [replace_words(graph.add_input(each.name, TEXT, 1, said), each, words) for each in dates]
    moments = read_dates(concatenate(texts)) if texts else None
    return {each.name: moments.take([place], axis=1) for place, each in enumerate(dates) if moments is not None}


def require_plain_dates(dates: Sequence[DateInput], networks: Sequence[NetworkPlan]) -> None:
    """Refuse dates in other forms, or with times of the day."""
    timed = {
        each.input
        for network in networks
        for each in network.columns
        if isinstance(each, DatePlan) and "day" in each.parts.cycles
    }
    for each in dates:
        if each.format != ISO or each.name in timed:
            has = "times of the day" if each.format == ISO else f"dates of the form {each.format}"
            why = f"only dates of the form {ISO} can be texts; leave --dates out, and give seconds"
            raise NotExportable(f"--dates text: column {each.name!r} has {has}, and {why}")


def replace_words(texts: Tensor, source: DateInput, words: Mapping[str, str]) -> Tensor:
    """Texts that count as others, none of them twice, then those that count as missing; of either only dates matter."""
    replaced = texts
    for word, new in ((trim_text(word), trim_text(new)) for word, new in words.items()):
        if re.fullmatch(PATTERN, word) or re.fullmatch(PATTERN, new):
            replaced = texts.equals(word).choose(new, replaced)
    for word in source.missing:
        if re.fullmatch(PATTERN, word):
            replaced = replaced.equals(word).choose("", replaced)
    return replaced


def read_dates(texts: Tensor) -> Tensor:
    """The moments of dates (N, D); NaN for a text of another form, and for a day that the month does not have."""
    is_date = texts.apply("RegexFullMatch", dtype=TRUTH, pattern=PATTERN)
    numbers = is_date.choose(texts, ANY_DATE).split_texts("-").cast(INTEGER)
    year, month, day = (numbers.take(place, axis=-1) for place in range(3))
    place = (year - 1) % 400
    row = place.look_up((np.diff(YEAR_STARTS) - 365) * 12, INTEGER) + month - 1
    before = (year - 1) / 400 * CYCLE_DAYS + place.look_up(YEAR_STARTS, INTEGER) + row.look_up(STARTS.ravel(), INTEGER)
    seconds = (before + day - (1 + DAYS_BEFORE_1970)).cast(DOUBLE) * DAY
    return (is_date & (day <= row.look_up(LENGTHS.ravel(), INTEGER))).choose(seconds, np.nan)
