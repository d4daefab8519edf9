"""Recipes: packaged specs that lie below the user's own; some of what they say depends on the rows.

A recipe is a file of `mlptrain/recipes`: `about` (one line), `spec` (keys of the ordinary spec) and `cases`, each with
`when` (conditions that must all hold) and `spec`, laid in their order over what is before them; and perhaps `trial`
with `choices`: short trainings of `steps` steps each decide which of them is laid over the rest. `concessions` say what
becomes of it within a time limit: the first one counts under which at least the part `epochs` of its epochs can be
done; each has keys to be laid over all the others (`spec`), perhaps of another recipe (`recipe`), and says in words
what is given up (`about`); the networks of another recipe may have a share in its predictions (`companion`: `recipe`
and `spec`). No other part of mlptrain knows the name of a recipe.
"""

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from functools import cache
from math import inf
from pathlib import Path
from typing import Any, Literal, get_args

from mlptrain.spec.document import Document
from mlptrain.spec.fields import Monitor, Training
from mlptrain.spec.forms import expand_document
from mlptrain.spec.merging import merge_documents
from mlptrain.spec.yaml_text import parse_document

FOLDER = Path(__file__).parents[1] / "recipes"

Kind = Literal["classes", "numbers"]
"""The kind of target."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The facts about the training rows on which a recipe's cases depend."""

    target: Kind
    rows: int
    """Rows that have a target."""
    metric: str = Training.monitor
    """The watched metric, as far as it is known."""


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
    """Keys that a recipe adds if all conditions hold."""

    when: tuple[Condition, ...]
    spec: Document


@dataclass(frozen=True)
class Choice:
    """One of several specs between which a trial decides."""

    about: str
    spec: Document


@dataclass(frozen=True)
class Trial:
    """Short trainings of `steps` each decide between choices; a later one must be better than the first by `margin`,
    relative to it.
    """

    steps: int
    margin: float
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Companion:
    """A recipe whose networks have a share in the predictions, and keys to be laid over all of its own."""

    recipe: str
    spec: Document


@dataclass(frozen=True)
class Concession:
    """What a recipe becomes where a time limit leaves too little of its epochs."""

    epochs: float
    """The least part of the epochs that makes it worth while."""
    about: str
    """What is given up, in words; empty for the recipe as it is."""
    spec: Document
    recipe: str | None
    """The recipe that takes the place of this one."""
    companion: Companion | None = None
    """The recipe whose networks are trained too, each with the validation rows of one of these or with others."""


@dataclass(frozen=True)
class Recipe:
    """A recipe as it stands in its file."""

    name: str
    about: str
    spec: Document
    """Its keys for all rows, in the long form."""
    cases: tuple[Case, ...]
    trial: Trial | None = None
    concessions: tuple[Concession, ...] = ()
    """What may be given up, the least first; the first is the recipe as it is."""

    def concede(self, concession: Concession | Companion) -> "Recipe":
        """The recipe with what a concession says laid over it, or the one that a companion names."""
        base = self if concession.recipe is None else load_recipe(concession.recipe)
        return replace(base, cases=(*base.cases, Case((), concession.spec)), concessions=())

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The specs between which a trial decides."""
        return () if self.trial is None else self.trial.choices

    def below(self, facts: Facts, own: Document, choice: int = 0) -> Document:
        """The document below a user's own keys: the spec, then the cases that hold in their order, then the choice."""
        found = self.spec
        for case in self.cases:
            now = replace(facts, metric=find_monitor(own.tree) or find_monitor(found.tree) or Training.monitor)
            if all(condition.holds(now) for condition in case.when):
                found = merge_documents(found, copy_expanded_document(found, case.spec))
        if not self.choices:
            return found
        return merge_documents(found, copy_expanded_document(found, self.choices[choice].spec))

    def worlds(self) -> Iterator[Facts]:
        """Facts for every combination of cases that rows can bring about."""
        within = [each for case in self.cases for each in case.when if isinstance(each, RowsWithin)]
        counts = {1, *(each.least for each in within), *(int(each.below) for each in within if each.below < inf)}
        yield from (Facts(target=kind, rows=rows) for kind in get_args(Kind) for rows in sorted(counts - {0}))


def copy_expanded_document(below: Document | None, document: Document) -> Document:
    """A copy of a document in its long form, where a component without a name is the one that lies below it."""
    opened = replace(document, places=dict(document.places), notices=list(document.notices))
    expand_document(opened, None if below is None else below.tree)
    return opened


def find_monitor(tree: Any) -> str | None:
    """The watched metric of a spec's tree, if it says one."""
    training = tree.get("training")
    found = training.get("monitor") if isinstance(training, dict) else None
    return found if isinstance(found, str) else None


def list_recipes() -> list[str]:
    """The names of all recipes."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


@cache
def load_recipe(name: str) -> Recipe:
    """The recipe of a name."""
    return parse_recipe(name, (FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))


def parse_recipe(name: str, text: str) -> Recipe:
    """A recipe from the text of its file; a fault in it is a bug of mlptrain."""
    document = parse_document(text, f"recipe {name}")
    tree = require_keys(document.tree, {"about", "spec"}, {"cases", "trial", "concessions"})
    cases = [require_keys(case, {"when", "spec"}) for case in tree.get("cases", [])]
    return Recipe(
        name=name,
        about=tree["about"],
        spec=copy_expanded_document(None, take_document_part(document, "spec")),
        cases=tuple(
            Case(parse_conditions(case["when"]), take_document_part(document, "cases", position, "spec"))
            for position, case in enumerate(cases)
        ),
        trial=parse_trial(document) if "trial" in tree else None,
        concessions=tuple(parse_concession(document, position) for position in range(len(tree.get("concessions", [])))),
    )


def parse_trial(document: Document) -> Trial:
    """The trial of a recipe's document."""
    tree = require_keys(document.tree["trial"], {"steps", "margin", "choices"})
    choices = [require_keys(choice, {"about", "spec"}) for choice in tree["choices"]]
    return Trial(
        steps=int(tree["steps"]),
        margin=float(tree["margin"]),
        choices=tuple(
            Choice(choice["about"], take_document_part(document, "trial", "choices", position, "spec"))
            for position, choice in enumerate(choices)
        ),
    )


def parse_concession(document: Document, position: int) -> Concession:
    """One of the concessions of a recipe's document."""
    path = ("concessions", position)
    tree = require_keys(document.tree["concessions"][position], {"epochs"}, {"about", "spec", "recipe", "companion"})
    if position and not tree.keys() & {"about", "recipe"}:
        raise ValueError(f"concession {position + 1} does not say what it is about")
    if (other := tree.get("recipe")) is not None:
        require_allowed_value(other, tuple(list_recipes()))
    given = take_document_part(document, *path, "spec") if "spec" in tree else None
    return Concession(
        epochs=float(tree["epochs"]),
        about=tree.get("about", ""),
        spec=given or Document(document.name, {}, {}),
        recipe=other,
        companion=parse_companion(document, *path, "companion") if "companion" in tree else None,
    )


def parse_companion(document: Document, *path: str | int) -> Companion:
    """The companion of a concession."""
    own = take_document_part(document, *path)
    tree = require_keys(own.tree, {"recipe", "spec"})
    require_allowed_value(tree["recipe"], tuple(list_recipes()))
    return Companion(recipe=tree["recipe"], spec=take_document_part(own, "spec"))


def require_keys(tree: Any, needed: Set[str], optional: Set[str] = frozenset()) -> Any:
    """A map that has the needed keys, and none beside these and the optional ones."""
    if not isinstance(tree, dict) or not needed <= tree.keys() <= needed | optional:
        raise ValueError(f"a map of {sorted(needed | optional)}, not {tree}")
    return tree


def take_document_part(document: Document, *path: str | int) -> Document:
    """A part of a document as a document of its own, with the places it has in the whole."""
    tree = document.tree
    for step in path:
        tree = tree[step]
    places = {at[len(path) :]: place for at, place in document.places.items() if at[: len(path)] == path}
    return Document(document.name, tree, places)


def parse_conditions(when: Any) -> tuple[Condition, ...]:
    """The conditions of a case."""
    return tuple(CONDITIONS[key](value) for key, value in require_keys(when, set(), set(CONDITIONS)).items())


def parse_target_condition(value: Any) -> TargetIs:
    """`target: classes`."""
    return TargetIs(require_allowed_value(value, get_args(Kind)))


def parse_metric_condition(value: Any) -> Watched:
    """`metric: auc` or `metric: [log_loss, auc]`."""
    return Watched(
        tuple(require_allowed_value(each, get_args(Monitor)) for each in ([value] if isinstance(value, str) else value))
    )


def parse_row_condition(value: Any) -> RowsWithin:
    """`rows: {from: 1000, below: 10000}`, or one of the two."""
    ends = require_keys(value, set(), {"from", "below"})
    return RowsWithin(int(ends.get("from", 0)), int(ends["below"]) if "below" in ends else inf)


CONDITIONS: Mapping[str, Callable[[Any], Condition]] = {
    "target": parse_target_condition,
    "metric": parse_metric_condition,
    "rows": parse_row_condition,
}


def require_allowed_value(value: Any, allowed: tuple[Any, ...]) -> Any:
    """A value that is allowed."""
    if value not in allowed:
        raise ValueError(f"{value!r} is not one of {allowed}")
    return value
