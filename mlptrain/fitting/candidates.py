"""The candidates of a spec for some rows: one where it names no recipe, else one for each choice of the recipe."""

from dataclasses import dataclass, replace
from pathlib import Path

from mlptrain.data.files import match_files, open_file
from mlptrain.errors import DataError, MissingFile
from mlptrain.model.rows import Rows, drop_rows_without_target, list_source_names, locate_file
from mlptrain.preparation.material import TrainingData, make_training_data, read_training_rows
from mlptrain.preparation.resolution import explain_target_kind, has_class_target
from mlptrain.spec.fields import Spec
from mlptrain.spec.file import Draft, Expansion
from mlptrain.spec.recipes import Facts

TEST = ("data", "test")


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A spec with nothing left open for some rows, and what became of its recipe."""

    data: TrainingData
    expansion: Expansion | None


def read_rows_of_draft(draft: Draft, folder: Path) -> Rows:
    """All rows of the training file that a draft names; that it is not there is told with the place of its name."""
    with draft.name_place_of_file("data", "train"):
        return read_training_rows(draft.spec, folder)


def describe_absent_test_files(draft: Draft, folder: Path) -> list[str]:
    """Notices of test files that are not there, each with the place of its name: else only `eval` would find out."""
    test = draft.spec.data.test
    absent = [why for name in list_source_names(test or ()) if (why := find_absence(locate_file(name, folder)))]
    return [f"{draft.name_place(why, TEST)} (`mlptrain eval` needs it, or DATA)" for why in absent]


def find_absence(path: str) -> MissingFile | None:
    """The problem that a file, or any that a pattern matches, is not there; None if it is."""
    try:
        for each in match_files(path) if path != "-" else ():
            open_file(each).close()
    except MissingFile as problem:
        return problem
    except DataError:  # what is wrong with a file that is there, `eval` says
        return None
    return None


def list_spec_candidates(draft: Draft, rows: Rows, folder: Path) -> list[Candidate]:
    """What a spec may mean for these rows: choices of a recipe that differ; the first one is the recipe's own."""
    with draft.name_places():
        return understand_candidates(draft, rows, folder)


def understand_candidates(draft: Draft, rows: Rows, folder: Path) -> list[Candidate]:
    """As `list_spec_candidates`; a problem that the rows bring to light names its key, not the key's place."""
    if draft.recipe is None:
        return [Candidate(data=make_training_data(draft.spec, rows, folder), expansion=None)]
    facts = find_recipe_facts(draft, rows)
    found = [draft.complete_spec(facts, choice) for choice in range(max(len(draft.recipe.choices), 1))]
    if all(spec == found[0][0] for spec, _ in found):
        found = found[:1]
    return [
        Candidate(data=explain_target(draft.spec, make_training_data(spec, rows, folder)), expansion=expansion)
        for spec, expansion in found
    ]


def explain_target(given: Spec, data: TrainingData) -> TrainingData:
    """The rows with the reason that the user's own keys give for the kind of the target: a recipe's loss is none."""
    if given.loss is not None:
        return data
    return replace(data, target_reason=explain_target_kind(replace(data.spec, loss=None), data.classes))


def find_recipe_facts(draft: Draft, rows: Rows) -> Facts:
    """What a recipe must know of the rows."""
    answered, _ = drop_rows_without_target(draft.spec.data, rows)
    classes = has_class_target(draft.spec, answered)
    return Facts(target="classes" if classes else "numbers", rows=answered.count)
