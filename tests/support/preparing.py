"""The rows of a spec, for tests that look at them: as the spec's file says, and those of its first training."""

from collections.abc import Sequence
from pathlib import Path

from mlptrain.commands.fit import read_checked_draft
from mlptrain.fitting.candidates import Candidate, list_spec_candidates
from mlptrain.preparation.material import TrainingData, read_training_data, read_training_rows
from mlptrain.preparation.partitions import divide_rows
from mlptrain.preparation.preparation import EncodedData, fit_and_encode_parts
from mlptrain.spec.fields import Spec


def prepare(spec: Spec, folder: Path) -> EncodedData:
    """Files to encoded rows."""
    material = read_training_data(spec, folder)
    return fit_and_encode_parts(material, divide_rows(material)[0])


def read_spec(path: str | Path, overrides: Sequence[str] = ()) -> Spec:
    """The spec of a file, as far as it is known without the rows."""
    return read_checked_draft(str(path), overrides)[0].spec


def read_candidate(path: str | Path, overrides: Sequence[str] = ()) -> Candidate:
    """What the spec of a file means for its rows; of a recipe with choices the first one."""
    draft, folder = read_checked_draft(str(path), overrides)
    return list_spec_candidates(draft, read_training_rows(draft.spec, folder), folder)[0]


def read_data(path: str | Path, overrides: Sequence[str] = ()) -> TrainingData:
    """The rows of a spec's file, understood as the whole spec says."""
    return read_candidate(path, overrides).data
