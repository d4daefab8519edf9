"""The spec of a command, from its file to its rows: what a recipe says is known when they have been read, once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlptrain.preparation.material import Material, read_material, read_training_rows, understood_material
from mlptrain.preparation.resolution import check_target, target_has_classes
from mlptrain.spec.fields import Spec

if TYPE_CHECKING:
    from mlptrain.spec.file import Draft, Expansion
    from mlptrain.spec.recipes import Trial

Decide = Callable[[Sequence[Material], "Trial"], int]
"""Which of several materials, one a choice, is the one to train on."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """A spec as the user gave it."""

    draft: "Draft"
    folder: Path
    """Its paths are relative to it."""

    @property
    def spec(self) -> Spec:
        """The spec as far as it is known without the rows."""
        return self.draft.spec

    def read(self, decide: Decide | None = None) -> tuple[Material, "Expansion | None"]:
        """The rows, understood as the whole spec says, and what became of its recipe.

        Of a recipe with choices `decide` says which one it is to be; without it, it is the first.
        """
        if self.draft.recipe is None:
            return read_material(self.spec, self.folder), None
        from mlptrain.spec.recipes import Facts

        rows = read_training_rows(self.spec, self.folder)
        answered, _ = check_target(self.spec, rows)
        classes = target_has_classes(self.spec, answered)
        facts = Facts(target="classes" if classes else "numbers", rows=answered.count)
        found = [self.draft.completed(facts, choice) for choice in range(max(len(self.draft.recipe.choices), 1))]
        if decide is None or all(spec == found[0][0] for spec, _ in found):
            found = found[:1]
        materials = [understood_material(spec, self.folder, rows) for spec, _ in found]
        trial = self.draft.recipe.trial
        chosen = 0 if trial is None or decide is None or len(found) < 2 else decide(materials, trial)
        return materials[chosen], found[chosen][1]


def given_spec(path: str, overrides: Sequence[str] = ()) -> Given:
    """The spec of a file ("-": standard input); what is wrong with it whatever the rows are is an error."""
    from mlptrain.spec.file import load_draft
    from mlptrain.spec.yaml_text import read_stdin

    standard = path == "-"
    draft = load_draft("standard input" if standard else path, overrides, read_stdin() if standard else None)
    given = Given(draft=draft, folder=Path() if standard else Path(path).parent)
    _ = given.spec
    return given
