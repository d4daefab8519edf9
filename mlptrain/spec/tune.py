"""The section `tune` of a spec: which keys a study may set, how many trials it makes, and how it chooses."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from math import isfinite
from typing import Annotated, Any, Literal

from annotated_types import Ge

from mlptrain.errors import SpecError
from mlptrain.plain import Fault, KeyPath, Reader
from mlptrain.spec.document import Document, Place
from mlptrain.spec.durations import parse_duration
from mlptrain.spec.overriding import set_key, split_key
from mlptrain.spec.problems import TextNotation
from mlptrain.spec.suggestions import suggest_name

SECTION = "tune"
FIGURES = 6
"""Digits of a number that may be any between two bounds."""
Sampler = Literal["tpe", "random", "grid", "qmc"]
Pruner = Literal["none", "median", "hyperband"]


@dataclass(frozen=True, kw_only=True)
class Tune:
    """How a study goes about it; what it searches is `search`."""

    trials: Annotated[int, Ge(1)] | None = None
    """How many trials are made; by default 50, all combinations of a grid, or as many as the time limit allows."""
    time_limit: str | None = None
    """How long the study takes at most: 90s, 10m, 2h."""
    sampler: Sampler = "tpe"
    """How values are chosen: tpe (tree-structured Parzen estimator), random, grid, or qmc (quasi-Monte Carlo)."""
    pruner: Pruner = "none"
    """Which trials end early: none, those worse than the median at the same epoch, or by hyperband."""
    seeds: Annotated[int, Ge(1)] = 1
    """How many seeds each trial is trained with; its value is their mean."""


@dataclass(frozen=True, kw_only=True)
class Range:
    """The numbers between two bounds, both of them among the values."""

    key: str
    low: float
    high: float
    step: float | None = None
    log: bool = False
    whole: bool = False
    """Whether only whole numbers are meant: the bounds are written as such."""

    @property
    def ends(self) -> tuple[float, float]:
        """The values that are tried before anything is trained: if they are allowed, so are those between them."""
        return self.low, self.high

    def write(self, value: float) -> str:
        """A value as it stands in a spec."""
        if self.whole:
            return str(round(value))
        return f"{value:.{FIGURES if self.step is None else 12}g}"

    def list_steps(self) -> list[float] | None:
        """All values, where there are so few; None where any number between the bounds will do."""
        if self.step is None and not self.whole:
            return None
        step = self.step or 1.0
        count = int((self.high - self.low) / step + 1e-9) + 1
        return [self.low + step * k for k in range(count)]


@dataclass(frozen=True, kw_only=True)
class Choices:
    """One of several values, each as the spec has it: a text, a list, a map."""

    key: str
    values: Sequence[Any]

    @property
    def ends(self) -> Sequence[int]:
        """All are tried before anything is trained."""
        return range(len(self.values))

    def list_steps(self) -> list[int]:
        """The numbers of the values."""
        return [*range(len(self.values))]


Searched = Range | Choices


@dataclass(frozen=True, kw_only=True)
class SearchedValue:
    """A value of a key that a study may set, as an override of a spec."""

    key: str
    tree: Any
    place: Place

    def __str__(self) -> str:
        return f"{self.place.text}: {self.key}"

    def apply(self, document: Document) -> None:
        """Set the key in a document in its long form."""

        def plant(planted: Document, path: KeyPath) -> Any:
            planted.places[path] = self.place
            return deepcopy(self.tree)

        set_key(document, self.key, self.place, plant)


@dataclass(frozen=True, kw_only=True)
class SearchSpace:
    """The section as it was read: the settings of the study, the keys it may set, and where they stand."""

    settings: Tune
    searched: Mapping[str, Searched]
    places: Mapping[str, Place] = field(default_factory=dict)

    def set_value(self, key: str, value: float) -> SearchedValue:
        """A value of a key as an override; of choices, `value` is the number of one."""
        searched = self.searched[key]
        tree = searched.values[int(value)] if isinstance(searched, Choices) else searched.write(value)
        return SearchedValue(key=key, tree=tree, place=self.places[key])

    def count_combinations(self) -> int | None:
        """How many combinations there are; None where a key may have any number between two."""
        steps = [each.list_steps() for each in self.searched.values()]
        total = 1
        for each in steps:
            if each is None:
                return None
            total *= len(each)
        return total


def take_tune_section(document: Document) -> Document | None:
    """Take the section out of a document, which then is a spec like others; None where it has none."""
    if not isinstance(document.tree, dict) or SECTION not in document.tree:
        return None
    apart = Document(document.name, document.tree.pop(SECTION))
    apart.places = {path[1:]: place for path, place in document.places.items() if path[:1] == (SECTION,)}
    document.places = {path: place for path, place in document.places.items() if path[:1] != (SECTION,)}
    return apart


def read_search_space(section: Document) -> SearchSpace:
    """The search space of a section; every problem in one error."""
    problems: list[tuple[int, str]] = []

    def report(path: KeyPath, said: str) -> None:
        place, key = section.nearest(path), ".".join(map(str, (SECTION, *path)))
        problems.append((place.line, f"{place.text}: {key}: {said}"))

    def report_fault(fault: Fault) -> None:
        report(fault.path, fault.said)

    tree = section.tree if isinstance(section.tree, dict) else {}
    if not tree:
        report((), "write a map of keys here: search, trials …")
    settings = Reader(TextNotation(), report_fault).read(
        Tune, {key: value for key, value in tree.items() if key != "search"}, ()
    )
    searched, places = {}, {}
    for key, (at, spec) in list_search_entries(tree, report):
        found = read_searched(key, spec, at, report)
        if found is not None:
            searched[key], places[key] = found, section.nearest(at)
    if isinstance(settings, Tune) and settings.time_limit is not None:
        try:
            parse_duration(settings.time_limit)
        except ValueError as problem:
            report(("time_limit",), str(problem))
    if isinstance(settings, Tune) and settings.sampler == "grid":
        for key in (key for key, each in searched.items() if each.list_steps() is None):
            report(("search", key), "a grid needs choices, whole numbers or a step")
    if problems:
        raise SpecError(*(said for _, said in sorted(problems)))
    return SearchSpace(settings=settings, searched=searched, places=places)


def list_search_entries(tree: Mapping[str, Any], report: Any) -> Iterator[tuple[str, tuple[KeyPath, Any]]]:
    """The keys that are searched, with their places and what is said of them."""
    search = tree.get("search")
    if not isinstance(search, dict) or not search:
        report(
            ("search",),
            "write the keys that the study may set: {optimizer.learning_rate: {low: …, high: …}}",
        )
        return
    for key, value in search.items():
        if not all(split_key(key)):
            report(("search", key), "write the key as --set does: optimizer.learning_rate")
        elif key.partition(".")[0] == "data":
            report(("search", key), "the data is the same for all trials, or their values could not be compared")
        else:
            yield key, (("search", key), value)


KEYS = ("low", "high", "step", "scale", "choices")


def read_searched(key: str, value: Any, at: KeyPath, report: Any) -> Searched | None:
    """What is searched for a key; a problem is reported, and None."""
    if not isinstance(value, dict):
        report(at, "write {low: …, high: …} or {choices: […]}")
        return None
    if odd := [each for each in value if each not in KEYS]:
        report((*at, odd[0]), f"unknown key {odd[0]!r}{suggest_name(odd[0], KEYS)}")
        return None
    if "choices" in value:
        if len(value) > 1:
            report(at, "choices stand alone, without low, high, step and scale")
        elif not isinstance(value["choices"], list) or len(value["choices"]) < 2:
            report((*at, "choices"), "write a list of two values at least")
        else:
            return Choices(key=key, values=value["choices"])
        return None
    return read_range(key, value, at, report)


def read_range(key: str, value: Mapping[str, Any], at: KeyPath, report: Any) -> Range | None:
    """The numbers between two bounds; a problem is reported, and None."""
    numbers = {name: read_number(value.get(name)) for name in ("low", "high", "step")}
    wrong = [name for name in ("low", "high") if numbers[name] is None]
    wrong += ["step"] * ("step" in value and not (numbers["step"] or 0) > 0)
    for name in wrong:
        report((*at, name) if name in value else at, f"{name}: write a number" + " above 0" * (name == "step"))
    scale = value.get("scale", "linear")
    if scale not in ("linear", "log"):
        report((*at, "scale"), f"write linear or log (got {scale!r})")
        return None
    low, high = numbers["low"], numbers["high"]
    if wrong or low is None or high is None:
        return None
    if low >= high:
        report((*at, "low"), f"low must be below high (got {value['low']} and {value['high']})")
    elif scale == "log" and (low <= 0 or "step" in value):
        report((*at, "scale"), "log needs bounds above 0, and no step")
    else:
        whole = all(is_whole(value.get(name, "1")) for name in ("low", "high", "step"))
        return Range(key=key, low=low, high=high, step=numbers["step"], log=scale == "log", whole=whole)
    return None


def read_number(text: Any) -> float | None:
    """The number that a text is; None if it is none, or not finite."""
    try:
        number = float(text)
    except (TypeError, ValueError):
        return None
    return number if isfinite(number) else None


def is_whole(text: str) -> bool:
    """Whether a text is a whole number, written as one: 64, not 64.0 or 1e2."""
    return text.strip().removeprefix("-").removeprefix("+").isdecimal()
