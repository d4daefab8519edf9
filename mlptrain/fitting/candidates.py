"""The candidates of a spec for some rows: one where it names no recipe, else one for each choice of the recipe."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mlptrain.data.files import match_files, open_file
from mlptrain.errors import DataError, MissingFile, SpecError
from mlptrain.fitting.host import Host
from mlptrain.fitting.store_choice import choose_store
from mlptrain.fitting.training import make_course
from mlptrain.model.initial_weights import LoadedWeights, load_initial_weights
from mlptrain.model.rows import Rows, drop_rows_without_target, list_source_names, locate_file
from mlptrain.preparation.initial_columns import note_start, require_as_many_networks
from mlptrain.preparation.material import TrainingData, describe_seen_rows, make_training_data, read_training_rows
from mlptrain.preparation.partitions import divide_rows
from mlptrain.preparation.preparation import fit_and_encode_parts
from mlptrain.preparation.resolution import explain_target_kind, has_class_target
from mlptrain.preparation.shuffle_resolution import resolve_shuffle
from mlptrain.spec.fields import Spec
from mlptrain.spec.file import Draft, Expansion
from mlptrain.spec.recipes import Facts

TEST = ("data", "test")


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A spec with nothing left open for some rows, and what became of its recipe."""

    data: TrainingData
    expansion: Expansion | None


def read_rows_of_draft(draft: Draft, folder: Path, host: Host) -> Rows:
    """All rows of the training file that a draft names; that it is not there is told with the place of its name."""
    with draft.name_place_of_file("data", "train"):
        return read_training_rows(draft.spec, folder, store=choose_store(draft.spec.data, folder, host))


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
    weights = load_weights_of_draft(draft, folder)
    if draft.recipe is None:
        return [Candidate(data=make_started_data(draft.spec, rows, folder, weights), expansion=None)]
    facts = find_recipe_facts(draft, rows)
    found = [draft.complete_spec(facts, choice) for choice in range(max(len(draft.recipe.choices), 1))]
    if all(spec == found[0][0] for spec, _ in found):
        found = found[:1]
    candidates = [
        Candidate(data=explain_target(draft.spec, make_started_data(spec, rows, folder, weights)), expansion=expansion)
        for spec, expansion in found
    ]
    return candidates if weights is None or len(found) == 1 else [find_fitting_candidate(candidates, weights)]


def find_fitting_candidate(candidates: Sequence[Candidate], weights: LoadedWeights) -> Candidate:
    """The first candidate whose network can start from the weights; the error of the first one if none can."""
    problems: list[SpecError] = []
    for each in candidates:
        try:
            make_course(fit_and_encode_parts(each.data, divide_rows(each.data)[0]))
        except SpecError as problem:
            problems.append(problem)
            continue
        about = "" if each.expansion is None else each.expansion.choice
        notice = f"taken: {about}, as {weights.name} has it"
        return replace(each, data=replace(each.data, notices=[notice, *each.data.notices]))
    raise problems[0]


def load_weights_of_draft(draft: Draft, folder: Path) -> LoadedWeights | None:
    """The weights that a draft names for the networks to start from; None where they are drawn."""
    start = draft.spec.start
    return None if start is None else load_initial_weights(start, folder, draft.weights)


def make_started_data(spec: Spec, rows: Rows, folder: Path, weights: LoadedWeights | None) -> TrainingData:
    """The rows as a spec understands them whose networks may start from weights; it notes the digest of these."""
    if weights is not None:
        require_as_many_networks(spec, weights)
    data = resolve_shuffle(make_training_data(note_start(spec, weights), rows, folder, weights=weights))
    seen = describe_seen_rows(data)
    return replace(data, notices=[*data.notices, seen]) if seen else data


def explain_target(given: Spec, data: TrainingData) -> TrainingData:
    """The rows with the reason that the user's own keys give for the kind of the target: a recipe's loss is none."""
    if given.loss is not None or data.weights is not None:
        return data
    return replace(data, target_reason=explain_target_kind(replace(data.spec, loss=None), data.classes))


def find_recipe_facts(draft: Draft, rows: Rows) -> Facts:
    """What a recipe must know of the rows."""
    answered, _ = drop_rows_without_target(draft.spec.data, rows)
    classes = has_class_target(draft.spec, answered)
    return Facts(target="classes" if classes else "numbers", rows=answered.count)
