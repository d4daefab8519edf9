"""Recipes: packaged specs that lie below the user's own; some of what they say depends on the rows.

A recipe is a file of `mlptrain/recipes`: `about` (one line), `spec` (keys of the ordinary spec) and `cases`, each with
`when` (conditions that must all hold) and `spec`, laid in their order over what is before them; and perhaps `trial`,
`choices` of which short trainings of so many `steps` decide which one is laid over the rest. No other part of mlptrain
knows the name of a recipe.
"""

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from functools import cache
from math import inf
from pathlib import Path
from typing import Any, Literal, get_args

from mlptrain.spec.fields import Monitor, Training
from mlptrain.spec.forms import expand
from mlptrain.spec.merging import merged
from mlptrain.spec.yaml_text import Document, compose

FOLDER = Path(__file__).parents[1] / "recipes"

Kind = Literal["classes", "numbers"]
"""What a target is of."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What must be known of the training file to say what a recipe means."""

    target: Kind
    rows: int
    """Rows that have a target."""
    metric: str = Training.monitor
    """The watched one, as it is known from what is said so far."""


@dataclass(frozen=True)
class TargetIs:
    """The target is of classes, or of numbers."""

    kind: Kind

    def holds(self, facts: Facts) -> bool:
        return facts.target == self.kind

    def __str__(self) -> str:
        return f"target {self.kind}"


@dataclass(frozen=True)
class Watched:
    """The watched metric, `training.monitor`, is one of these."""

    metrics: tuple[str, ...]

    def holds(self, facts: Facts) -> bool:
        return facts.metric in self.metrics

    def __str__(self) -> str:
        return f"metric {' or '.join(self.metrics)}"


@dataclass(frozen=True)
class RowsWithin:
    """least ≤ rows < below."""

    least: int
    below: float

    def holds(self, facts: Facts) -> bool:
        return self.least <= facts.rows < self.below

    def __str__(self) -> str:
        if self.below == inf:
            return f"from {self.least:,} rows on"
        return f"{self.least:,} to {self.below - 1:,} rows" if self.least else f"fewer than {self.below:,} rows"


Condition = TargetIs | Watched | RowsWithin


@dataclass(frozen=True)
class Case:
    """What a recipe says where all its conditions hold."""

    when: tuple[Condition, ...]
    spec: Document


@dataclass(frozen=True)
class Choice:
    """One of several specs of which a trial decides."""

    about: str
    spec: Document


@dataclass(frozen=True)
class Trial:
    """Which choices there are, the steps of the short training of each, and how much better than the first, relative
    to it, a later one must be.
    """

    steps: int
    margin: float
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Recipe:
    """A recipe as it stands in its file."""

    name: str
    about: str
    spec: Document
    """What it says whatever the rows are, in the long form."""
    cases: tuple[Case, ...]
    trial: Trial | None = None

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What a trial decides of."""
        return () if self.trial is None else self.trial.choices

    def below(self, facts: Facts, own: Document, choice: int = 0) -> Document:
        """What lies below a user's own keys: the spec, over it the cases that hold, in their order, and the choice."""
        found = self.spec
        for case in self.cases:
            now = replace(facts, metric=monitor(own.tree) or monitor(found.tree) or Training.monitor)
            if all(condition.holds(now) for condition in case.when):
                found = merged(found, opened_over(found, case.spec))
        for chosen in self.choices[choice : choice + 1]:
            found = merged(found, opened_over(found, chosen.spec))
        return found

    def worlds(self) -> Iterator[Facts]:
        """Facts for every combination of cases that rows can bring about."""
        within = [each for case in self.cases for each in case.when if isinstance(each, RowsWithin)]
        counts = {1, *(each.least for each in within), *(int(each.below) for each in within if each.below < inf)}
        yield from (Facts(target=kind, rows=rows) for kind in get_args(Kind) for rows in sorted(counts - {0}))


def opened_over(below: Document | None, document: Document) -> Document:
    """A copy of a document in its long form, where a component without a name is the one that lies below it."""
    opened = replace(document, places=dict(document.places), notices=list(document.notices))
    expand(opened, None if below is None else below.tree)
    return opened


def monitor(tree: Any) -> str | None:
    """The watched metric of a spec's tree, if it says one."""
    training = tree.get("training")
    found = training.get("monitor") if isinstance(training, dict) else None
    return found if isinstance(found, str) else None


def recipe_names() -> list[str]:
    """The names of all recipes."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


@cache
def recipe(name: str) -> Recipe:
    """The recipe of a name."""
    return parsed(name, (FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))


def parsed(name: str, text: str) -> Recipe:
    """A recipe from the text of its file; what is wrong with that is a bug of mlptrain."""
    document = compose(text, f"recipe {name}")
    tree = section(document.tree, {"about", "spec"}, {"cases", "trial"})
    cases = [section(case, {"when", "spec"}) for case in tree.get("cases", [])]
    return Recipe(
        name=name,
        about=tree["about"],
        spec=opened_over(None, part(document, "spec")),
        cases=tuple(
            Case(conditions(case["when"]), part(document, "cases", position, "spec"))
            for position, case in enumerate(cases)
        ),
        trial=trial(document) if "trial" in tree else None,
    )


def trial(document: Document) -> Trial:
    """The trial of a recipe's document."""
    tree = section(document.tree["trial"], {"steps", "margin", "choices"})
    choices = [section(choice, {"about", "spec"}) for choice in tree["choices"]]
    return Trial(
        steps=int(tree["steps"]),
        margin=float(tree["margin"]),
        choices=tuple(
            Choice(choice["about"], part(document, "trial", "choices", position, "spec"))
            for position, choice in enumerate(choices)
        ),
    )


def section(tree: Any, needed: Set[str], optional: Set[str] = frozenset()) -> Any:
    """A map that has the needed keys and no others than these and the optional ones."""
    if not isinstance(tree, dict) or not needed <= tree.keys() <= needed | optional:
        raise ValueError(f"a map of {sorted(needed | optional)}, not {tree}")
    return tree


def part(document: Document, *path: str | int) -> Document:
    """A part of a document as a document of its own, with the places it has in the whole."""
    tree = document.tree
    for step in path:
        tree = tree[step]
    places = {at[len(path) :]: place for at, place in document.places.items() if at[: len(path)] == path}
    return Document(document.name, tree, places)


def conditions(when: Any) -> tuple[Condition, ...]:
    """The conditions of a case."""
    return tuple(CONDITIONS[key](value) for key, value in section(when, set(), set(CONDITIONS)).items())


def target_is(value: Any) -> TargetIs:
    """`target: classes`."""
    return TargetIs(one_of(value, get_args(Kind)))


def watched(value: Any) -> Watched:
    """`metric: auc` or `metric: [log_loss, auc]`."""
    return Watched(tuple(one_of(each, get_args(Monitor)) for each in ([value] if isinstance(value, str) else value)))


def rows_within(value: Any) -> RowsWithin:
    """`rows: {from: 1000, below: 10000}`, or one of the two."""
    ends = section(value, set(), {"from", "below"})
    return RowsWithin(int(ends.get("from", 0)), int(ends["below"]) if "below" in ends else inf)


CONDITIONS: Mapping[str, Callable[[Any], Condition]] = {
    "target": target_is,
    "metric": watched,
    "rows": rows_within,
}


def one_of(value: Any, allowed: tuple[Any, ...]) -> Any:
    """A value that is allowed."""
    if value not in allowed:
        raise ValueError(f"{value!r} is not one of {allowed}")
    return value
