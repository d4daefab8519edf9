"""A spec, from a file, YAML text or Python values, with overrides, to a Spec; or every problem at once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

from mlptrain.data.urls import conceal_urls
from mlptrain.errors import DataError, MissingFile, SpecError
from mlptrain.plain import Fault, KeyPath, Reader, to_plain
from mlptrain.spec.document import NONE, Document, Place, conceal_urls_of_tree
from mlptrain.spec.fields import Spec
from mlptrain.spec.idle_settings import describe_file_settings, describe_idle_settings, is_given
from mlptrain.spec.merging import list_overridden, merge_documents
from mlptrain.spec.problems import TextNotation, describe_choice, describe_path
from mlptrain.spec.recipes import (
    Companion,
    Concession,
    Facts,
    Recipe,
    copy_expanded_document,
    list_recipes,
    load_recipe,
)
from mlptrain.spec.rules import find_contradictions
from mlptrain.spec.suggestions import suggest_name
from mlptrain.spec.tune import SearchedValue, take_tune_section
from mlptrain.spec.values import ValueOverride, make_document_from_values
from mlptrain.spec.words import ALIASES
from mlptrain.spec.yaml_text import TextOverride, parse_document, read_spec_file

Override = TextOverride | ValueOverride | SearchedValue


@dataclass(frozen=True, kw_only=True)
class Expansion:
    """A recipe as it was applied under a user's own keys."""

    recipe: Recipe
    facts: Facts
    overridden: tuple[str, ...]
    """The recipe's keys to which the user gives another value."""
    choice: str = ""
    """The choice that a trial made, or the first one, in words."""


@dataclass(frozen=True)
class GivenWeights:
    """The weights that a user gives beside a spec for the networks to start from: a file's name, or a model."""

    overrides: Sequence[ValueOverride] = ()
    """What they change in the spec."""
    model: bytes | None = None
    """The file of a model in memory."""


NO_WEIGHTS = GivenWeights()


@dataclass(frozen=True)
class Draft:
    """A spec as it was given. If it names a recipe, the rows decide what exactly it says."""

    document: Document
    """The user's own keys, as they stand in the file, but for `recipe`."""
    overrides: Sequence[Override]
    recipe: Recipe | None
    rows_given: bool = False
    """The training rows are in memory: `data.train` is not needed, and is the empty text unless it is given."""
    weights: bytes | None = None
    """The file of a model in memory that the networks start from; None where there is none, or a file."""

    def own(self, below: Document | None) -> Document:
        """The user's keys with the overrides, in their long form, to be laid over `below`."""
        document = copy_expanded_document(below, replace(self.document, tree=deepcopy(self.document.tree)))
        for override in self.overrides:
            override.apply(document)
            document = copy_expanded_document(below, document)
        if self.rows_given:
            fill_missing_train_path(document)
        return document

    def complete_spec(self, facts: Facts, choice: int = 0) -> tuple[Spec, Expansion | None]:
        """The spec for these rows and this choice, and what became of its recipe; every problem in one error."""
        if self.recipe is None:
            return require_valid_spec(self.own(None)), None
        below = self.recipe.below(facts, self.own(self.recipe.spec), choice)
        own = self.own(below)
        changed = tuple(list_overridden(below.tree, own.tree))
        spec = read_spec_or_problems(merge_documents(below, own))
        if isinstance(spec, Spec):
            about = self.recipe.choices[choice].about if self.recipe.choices else ""
            return spec, Expansion(recipe=self.recipe, facts=facts, overridden=changed, choice=about)
        raise SpecError(*(self.blame_recipe(said) for said in spec))

    def concede(self, concession: Concession | Companion) -> "Draft | None":
        """The draft with a concession laid over its recipe; None where the user's own keys say otherwise.

        Of a companion it is the draft of its recipe.
        """
        if self.recipe is None:
            return None
        recipe = self.recipe.concede(concession)
        given = copy_expanded_document(recipe.spec, concession.spec)
        if any(list_overridden(given.tree, self.own(recipe.spec).tree)):
            return None
        draft = replace(self, recipe=recipe)
        try:
            draft.check()
        except SpecError:
            return None
        return draft

    def blame_recipe(self, said: str) -> str:
        """A problem, with the name of the recipe if the user's keys alone would not have it."""
        assert self.recipe is not None
        alone = read_spec_or_problems(self.own(None))
        theirs = said.startswith(f"{self.recipe.spec.name}:") or (not isinstance(alone, Spec) and said in alone)
        return said if theirs else f"{said} (with recipe {self.recipe.name})"

    @contextmanager
    def name_places(self) -> Iterator[None]:
        """Put the place of the key before a problem that the rows have brought to light: KEY: what is wrong.

        So is it before the message that a file is not there, where the key that names it is known.
        """
        try:
            yield
        except SpecError as problem:
            raise SpecError(*map(self.put_place_before, problem.problems)) from None
        except MissingFile as problem:
            raise (DataError(self.name_place(problem, problem.key)) if problem.key else problem) from None
        except DataError as problem:
            names_key = "." in str(problem).partition(": ")[0]  # "data" alone is what rows in memory are called
            said = self.put_place_before(str(problem)) if names_key else str(problem)
            raise (problem if said == str(problem) else DataError(said)) from None

    def put_place_before(self, said: str) -> str:
        """A message behind the place of the key that it begins with, if it begins with one."""
        own = self.own(None)
        found = {".".join(map(str, path)): place.text for path, place in own.places.items() if path}
        key, _, rest = said.partition(": ")
        section = key.partition(".")[0]
        place = found.get(section if isinstance(own.tree.get(section), str) else key, "")
        return f"{place}: {rest}" if place.startswith("--") else ": ".join(filter(None, [place, said]))

    @contextmanager
    def name_place_of_file(self, *path: str) -> Iterator[None]:
        """Put the place and the key that names a file before the message that it is not there."""
        try:
            yield
        except MissingFile as problem:
            raise DataError(self.name_place(problem, path)) from None

    def name_place(self, problem: MissingFile, path: Sequence[str]) -> str:
        """The message that a file is not there, behind the place and the key that names it."""
        return f"{join_place_and_path(self.own(None).nearest(tuple(path)), tuple(path))}: {problem}"

    def check(self) -> None:
        """Raise a SpecError with all that is wrong whatever the rows are."""
        self.spec  # noqa: B018

    @cached_property
    def spec(self) -> Spec:
        """The spec as far as it is known without the rows: all of its data section, and the loss if it is decided.

        What is wrong whatever the rows are is an error.
        """
        if self.recipe is None:
            return self.complete_spec(Facts(target="classes", rows=1))[0]
        spec = self.first
        loss = merge_documents(self.recipe.spec, self.own(self.recipe.spec)).tree.get("loss")
        decided = isinstance(loss, dict) and "name" in loss
        return spec if decided else replace(spec, loss=None)

    @property
    def first(self) -> Spec:
        """The spec of the first rows under which nothing is wrong."""
        assert self.recipe is not None
        problems: SpecError | None = None
        for facts in self.recipe.worlds():
            try:
                return self.complete_spec(facts)[0]
            except SpecError as found:
                problems = problems or found
        assert problems is not None
        raise problems

    def decides(self, path: tuple[str, ...]) -> bool:
        """Whether the draft itself says what stands at a path: all of it, or with a recipe the user's own keys."""
        return self.recipe is None or is_given(self.own(self.recipe.spec), path)

    def gives(self, path: tuple[str, ...]) -> bool:
        """Whether the user has written what stands at a path."""
        return is_given(self.own(None if self.recipe is None else self.recipe.spec), path)

    @property
    def user_settings(self) -> dict[tuple[str, ...], Any]:
        """What the user has written, by the paths of the keys: texts, and lists of them."""
        if self.recipe is None:
            return dict(self.own(None).list_written())
        return dict(self.own(self.recipe.spec).list_written()) | {("recipe",): self.recipe.name}

    @property
    def notices(self) -> list[str]:
        """One line for each word that was read under another name, and each setting that nothing uses."""
        own = self.own(None if self.recipe is None else self.recipe.spec)
        idle = describe_idle_settings(self.spec, own, [override.key for override in self.overrides])
        idle += describe_file_settings(self.spec, own) if self.rows_given else []
        return [*own.notices, *describe_repeated_overrides(self.overrides), *idle]


def fill_missing_train_path(document: Document) -> None:
    """Put an empty text where the training file would be named: the rows are in memory."""
    data = document.tree.setdefault("data", {})
    if isinstance(data, dict):
        data.setdefault("train", "")


def make_draft_from_spec(
    spec: str | Path | Mapping[str, Any] | Spec,
    overrides: str | Sequence[str] | Mapping[str, Any] = (),
    *,
    weights: GivenWeights = NO_WEIGHTS,
    rows_given: bool = False,
) -> Draft:
    """A spec in Python values, as YAML text, or in a file; a text of several lines, or with "KEY: VALUE", is YAML.

    >>> make_draft_from_spec({"data": {"train": "iris.csv", "target": "species"}, "seed": 3}).spec.seed
    3
    >>> make_draft_from_spec("{data: {target: species}}", {"training.epochs": 5}, rows_given=True).spec.training.epochs
    5
    """
    document, given = make_document_from_spec(spec), make_overrides(overrides)
    return make_draft_from_document(document, given, weights=weights, rows_given=rows_given)


def make_document_from_spec(spec: str | Path | Mapping[str, Any] | Spec) -> Document:
    """The document of a spec in any form."""
    if isinstance(spec, Spec):  # perhaps that of a model: it opens no URL
        document = make_document_from_values(to_plain(spec))
        return replace(document, tree=conceal_urls_of_tree(document.tree, given=False))
    if isinstance(spec, Mapping):
        document = make_document_from_values(spec)
        return replace(document, tree=conceal_urls_of_tree(document.tree))
    if not isinstance(spec, str | Path):
        raise SpecError(f"spec: a value of type {type(spec).__name__} is no spec; give a path, a dict or YAML text")
    if is_yaml_text(spec):
        return parse_document(str(spec), "spec")
    return parse_document(read_spec_file(str(spec)), str(spec))


def is_yaml_text(spec: str | Path) -> bool:
    """Whether a text is a spec itself, not the path of one."""
    return isinstance(spec, str) and ("\n" in spec or ": " in spec) and not is_existing_path(spec)


def find_spec_folder(spec: str | Path | Mapping[str, Any] | Spec) -> Path:
    """The folder that a spec's paths are relative to: that of its file, else the working directory."""
    return Path(spec).parent if isinstance(spec, str | Path) and not is_yaml_text(spec) else Path()


def is_existing_path(name: str) -> bool:
    try:
        return Path(name).exists()
    except (OSError, ValueError):  # a name that is too long; a NUL in it
        return False


def make_overrides(overrides: str | Sequence[str] | Mapping[str, Any]) -> list[Override]:
    """Overrides as texts, KEY=VALUE, or as a map of keys to Python values."""
    if not isinstance(overrides, Iterable):
        raise SpecError(f"overrides: {overrides!r:.80} is no dict of keys; leave it out for none")
    given = [overrides] if isinstance(overrides, str) else list(overrides)
    if odd := [each for each in given if not isinstance(each, str)]:
        raise SpecError(f"overrides: {odd[0]!r:.80} is no text; give a dict of keys, or texts such as 'seed=1'")
    if isinstance(overrides, Mapping):
        return [ValueOverride(key, value) for key, value in overrides.items()]
    return [TextOverride(conceal_urls(text)) for text in given]


def load_draft(
    path: str, overrides: Sequence[str] = (), text: str | None = None, *, weights: GivenWeights = NO_WEIGHTS
) -> Draft:
    """The spec in a file, with `KEY=VALUE` overrides, before its rows are known."""
    document = parse_document(read_spec_file(path) if text is None else text, path)
    return make_draft_from_document(document, make_overrides(overrides), weights=weights)


def make_draft_from_document(
    document: Document,
    overrides: Sequence[Override],
    *,
    weights: GivenWeights = NO_WEIGHTS,
    rows_given: bool = False,
) -> Draft:
    """The draft of a document, with the recipe that it or an override names; no key of it may be given twice."""
    overrides = [*weights.overrides, *overrides]
    if (section := take_tune_section(document)) is not None:
        document.notices.append(f"{section.place(())}: tune: only `mlptrain tune` searches; the rest is as it stands")
    refuse_undone_overrides(overrides)
    for override in overrides:
        if is_recipe_override(override):
            override.apply(document)
    rest = [override for override in overrides if not is_recipe_override(override)]
    name = document.tree.pop("recipe", None)
    draft = Draft(document, rest, None, rows_given, weights.model)
    if name in list_recipes():
        draft = replace(draft, recipe=load_recipe(name))
    elif name is not None and not (isinstance(name, str) and name.lower() in NONE):
        raise SpecError(*document.repeated, *describe_unknown_recipe(draft, name))
    if document.repeated:
        raise SpecError(*document.repeated, *list_problems(draft))
    return draft


def list_problems(draft: Draft) -> list[str]:
    """All that is wrong with a draft whatever the rows are."""
    try:
        draft.check()
    except SpecError as found:
        return list(found.problems)
    return []


def refuse_undone_overrides(overrides: Sequence[Override]) -> None:
    """Refuse an override of a key within a section that a later one replaces."""
    for earlier, later in combinations(overrides, 2):
        if translate_key(earlier.key).startswith(f"{translate_key(later.key)}."):
            raise SpecError(f"{earlier} is undone by {later}, which stands behind it; give {later} first")


def describe_repeated_overrides(overrides: Sequence[Override]) -> list[str]:
    """One notice for each override of a key that a later one sets anew, as scripts do that append their own."""
    pairs = combinations(overrides, 2)
    return [f"{one} is undone by {other}" for one, other in pairs if translate_key(one.key) == translate_key(other.key)]


def translate_key(key: str) -> str:
    """A dotted key in our words."""
    return ".".join(ALIASES.get(step, step) for step in key.split("."))


def is_recipe_override(override: Override) -> bool:
    return override.key.partition(".")[0] == "recipe"


def describe_unknown_recipe(draft: Draft, name: object) -> list[str]:
    """The problem of an unknown recipe's name, and those of the rest if it is clear which recipe is meant."""
    names = list_recipes()
    place = join_place_and_path(draft.document.nearest(("recipe",)), ("recipe",))
    problems = [f"{place}: {describe_choice(name, names)}"]
    near = suggest_name(name, names) if isinstance(name, str) else ""
    meant = [each for each in names if near.endswith(f"{each!r}?")]
    return problems + [said for each in meant for said in list_problems(replace(draft, recipe=load_recipe(each)))]


def load_spec(path: str, overrides: Sequence[str] = (), text: str | None = None) -> tuple[Spec, list[str]]:
    """The spec in a file, with `KEY=VALUE` overrides, and notices of what was read under another name.

    All problems are in one SpecError. With a recipe, it is the spec as far as it is known without the rows.
    """
    draft = load_draft(path, overrides, text)
    return draft.spec, draft.notices


def require_valid_spec(document: Document) -> Spec:
    """The Spec of a document in its long form; every problem in one error."""
    spec = read_spec_or_problems(document)
    if isinstance(spec, Spec):
        return spec
    raise SpecError(*spec)


def read_spec_or_problems(document: Document) -> Spec | list[str]:
    """The Spec of a document in its long form, or every problem, in the order of their lines."""
    spec, problems = read_spec_fields(document)
    if problems:
        return problems
    found_together = sorted(find_contradictions(spec), key=lambda found: document.nearest(found[0]).line)
    return [f"{join_place_and_path(document.nearest(path), path)}: {said}" for path, said in found_together] or spec


def join_place_and_path(place: Place, path: KeyPath) -> str:
    """Where something stands, and its key, which is not said twice: "run.yaml:4: model.hidden", "--set seed"."""
    key = describe_path(path)
    return (
        place.text
        if place.text in (f"--set {key}", "--initial-weights")
        else ": ".join(filter(None, [place.text, key]))
    )


def read_spec_fields(document: Document) -> tuple[Any, list[str]]:
    """The Spec of a document, and the faults of its parts; contradictions between parts are not looked for."""
    problems: list[tuple[int, str]] = []

    def report(fault: Fault) -> None:
        place = document.nearest(fault.place)
        problems.append((place.line, f"{join_place_and_path(place, fault.path)}: {fault.said}"))

    spec = Reader(TextNotation(), report).read(Spec, document.tree, ())
    return spec, list(dict.fromkeys(said for _, said in sorted(problems)))
