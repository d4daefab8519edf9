"""The spec of a command, from its file to its rows: what a recipe says is known when they have been read, once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlptrain.spec.fields import Spec
from mlptrain.training.material import (
    Material,
    check_target,
    read_material,
    read_training_rows,
    target_has_classes,
    understood_material,
)

if TYPE_CHECKING:
    from mlptrain.spec.file import Draft, Expansion


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

    def read(self) -> tuple[Material, "Expansion | None"]:
        """The rows, understood as the whole spec says, and what became of its recipe."""
        if self.draft.recipe is None:
            return read_material(self.spec, self.folder), None
        from mlptrain.spec.recipes import Facts

        rows = read_training_rows(self.spec, self.folder)
        answered, _ = check_target(self.spec, rows)
        classes = target_has_classes(self.spec, answered)
        facts = Facts(target="classes" if classes else "numbers", rows=answered.count)
        spec, expansion = self.draft.completed(facts)
        return understood_material(spec, self.folder, rows), expansion


def given_spec(path: str, overrides: Sequence[str] = ()) -> Given:
    """The spec of a file ("-": standard input); what is wrong with it whatever the rows are is an error."""
    from mlptrain.spec.file import load_draft
    from mlptrain.spec.yaml_text import read_stdin

    standard = path == "-"
    draft = load_draft("standard input" if standard else path, overrides, read_stdin() if standard else None)
    given = Given(draft=draft, folder=Path() if standard else Path(path).parent)
    _ = given.spec
    return given
