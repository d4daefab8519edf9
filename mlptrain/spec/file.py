"""A spec file, with overrides, to a Spec; or every problem at once."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property

from pydantic import ValidationError

from mlptrain.errors import SpecError
from mlptrain.spec.fields import Spec
from mlptrain.spec.merging import merged, overridden
from mlptrain.spec.problems import problem, shown, suggestion
from mlptrain.spec.recipes import Facts, Recipe, opened_over, recipe, recipe_names
from mlptrain.spec.rules import contradictions
from mlptrain.spec.schema import validator
from mlptrain.spec.yaml_text import NONE, Document, apply_override, compose, read_text


@dataclass(frozen=True, kw_only=True)
class Expansion:
    """What a recipe has become under a user's own keys."""

    recipe: Recipe
    facts: Facts
    overridden: tuple[str, ...]
    """The recipe's keys of which the user says something else."""
    choice: str = ""
    """What a trial has decided, or would decide first, in words."""


@dataclass(frozen=True)
class Draft:
    """A spec as it was given. If it names a recipe, the rows decide what exactly it says."""

    document: Document
    """The user's own keys, as they stand in the file, but for `recipe`."""
    overrides: Sequence[str]
    recipe: Recipe | None

    def own(self, below: Document | None) -> Document:
        """The user's keys with the overrides, in their long form, to be laid over `below`."""
        document = opened_over(below, replace(self.document, tree=deepcopy(self.document.tree)))
        for override in self.overrides:
            apply_override(document, override)
            document = opened_over(below, document)
        return document

    def completed(self, facts: Facts, choice: int = 0) -> tuple[Spec, Expansion | None]:
        """The spec for these rows and this choice, and what became of its recipe; every problem in one error."""
        if self.recipe is None:
            return validated(self.own(None)), None
        below = self.recipe.below(facts, self.own(self.recipe.spec), choice)
        own = self.own(below)
        changed = tuple(overridden(below.tree, own.tree))
        spec = checked(merged(below, own))
        if isinstance(spec, Spec):
            about = self.recipe.choices[choice].about if self.recipe.choices else ""
            return spec, Expansion(recipe=self.recipe, facts=facts, overridden=changed, choice=about)
        raise SpecError(*(self.blamed(said) for said in spec))

    def blamed(self, said: str) -> str:
        """A problem that the user's keys would not have alone, with the name of the recipe."""
        assert self.recipe is not None
        alone = checked(self.own(None))
        theirs = said.startswith(f"{self.recipe.spec.name}:") or (not isinstance(alone, Spec) and said in alone)
        return said if theirs else f"{said} (with recipe {self.recipe.name})"

    @cached_property
    def spec(self) -> Spec:
        """The spec as far as it is known without the rows: all of its data section, and the loss if it is decided.

        What is wrong whatever the rows are is an error.
        """
        if self.recipe is None:
            return self.completed(Facts(target="classes", rows=1))[0]
        spec = self.first
        loss = merged(self.recipe.spec, self.own(self.recipe.spec)).tree.get("loss")
        decided = isinstance(loss, dict) and "name" in loss
        return spec if decided else replace(spec, loss=None)

    @property
    def first(self) -> Spec:
        """The spec of the first rows under which nothing is wrong."""
        assert self.recipe is not None
        problems: SpecError | None = None
        for facts in self.recipe.worlds():
            try:
                return self.completed(facts)[0]
            except SpecError as found:
                problems = problems or found
        assert problems is not None
        raise problems

    @property
    def notices(self) -> list[str]:
        """What was read under another name."""
        return self.own(None if self.recipe is None else self.recipe.spec).notices


def load_draft(path: str, overrides: Sequence[str] = (), text: str | None = None) -> Draft:
    """The spec in a file, with `KEY=VALUE` overrides, before its rows are known."""
    document = compose(read_text(path) if text is None else text, path)
    for override in overrides:
        if is_of_recipe(override):
            apply_override(document, override)
    rest = [override for override in overrides if not is_of_recipe(override)]
    name = document.tree.pop("recipe", None)
    if name is None or (isinstance(name, str) and name.lower() in NONE):
        return Draft(document, rest, None)
    if name in recipe_names():
        return Draft(document, rest, recipe(name))
    raise SpecError(*unknown_recipe(document, rest, name))


def is_of_recipe(override: str) -> bool:
    return override.partition("=")[0].partition(".")[0] == "recipe"


def unknown_recipe(document: Document, overrides: Sequence[str], name: object) -> list[str]:
    """What is wrong with the name of a recipe, and with the rest if it is clear which recipe is meant."""
    names = recipe_names()
    meant = [each for each in names if suggestion(str(name), names).endswith(f"{each!r}?")]
    said = f"{shown(name)} is not one of {', '.join(names)}{suggestion(str(name), names)}"
    problems = [f"{document.place(('recipe',))}: recipe: {said}"]
    try:
        for each in meant:
            _ = Draft(document, overrides, recipe(each)).spec
    except SpecError as found:
        problems += found.problems
    return problems


def load_spec(path: str, overrides: Sequence[str] = (), text: str | None = None) -> tuple[Spec, list[str]]:
    """The spec in a file, with `KEY=VALUE` overrides, and notices of what was read under another name.

    All problems are in one SpecError. With a recipe, it is the spec as far as it is known without the rows.
    """
    draft = load_draft(path, overrides, text)
    return draft.spec, draft.notices


def validated(document: Document) -> Spec:
    """The Spec of a document in its long form; every problem in one error."""
    spec = checked(document)
    if isinstance(spec, Spec):
        return spec
    raise SpecError(*spec)


def checked(document: Document) -> Spec | list[str]:
    """The Spec of a document in its long form, or every problem."""
    try:
        spec: Spec = validator().validate_python(document.tree)
    except ValidationError as found:
        problems = [problem(document, error) for error in found.errors(include_url=False)]
        return list(dict.fromkeys(said for _, said in sorted(problems)))
    found_together = sorted(contradictions(spec), key=lambda found: document.nearest(found[0]).line)
    said = [f"{document.place(path)}: {'.'.join(path)}: {said}" for path, said in found_together]
    return said or spec
