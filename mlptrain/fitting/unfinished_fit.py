"""What is said of an unfinished fit that is in the way: where it stands, what has changed since, what can be done."""

from collections.abc import Callable
from pathlib import Path

from mlptrain.errors import ModelFileError
from mlptrain.fitting.checkpoint_file import Checkpoint, load_newest_checkpoint
from mlptrain.fitting.spec_changes import describe_change, find_asked_change, write_undoing_override
from mlptrain.preparation.fingerprint import (
    VALIDATION,
    Input,
    describe_difference,
    describe_other_inputs,
    list_used_columns,
    take_fingerprint,
)
from mlptrain.preparation.material import TrainingData
from mlptrain.spec.file import Draft

ReadData = Callable[[], TrainingData]


def describe_unfinished_fit(model: Path, draft: Draft | None, read_data: ReadData | None) -> str:
    """That an unfinished fit is in the way: where it stands, what has changed since, and what can be done."""
    try:
        found = load_newest_checkpoint(model, str)
    except ModelFileError:
        return "an unfinished fit is here, but its checkpoint is damaged; --restart forgets it"
    assert found is not None
    undo = "--restart forgets it; to go on with it, undo the change{how}; to keep both, name another --out"
    if (change := find_asked_change(found.spec, draft) if draft is not None else None) is not None:
        cure = undo.format(how=write_undoing_override(*change[:2]))
        return f"an unfinished fit of another spec is here ({found.place}; {describe_change(*change)}); {cure}"
    if difference := describe_changed_data(found, read_data()) if read_data is not None else "":
        return f"an unfinished fit on other data is here ({found.place}; {difference}); {undo.format(how='')}"
    if found.diverged:
        cure = "--finish writes the model of its best epoch, --restart forgets it"
        return f"an unfinished fit is here ({found.place}, then it diverged); {cure}"
    cure = "--resume goes on, --finish writes the model of its best epoch, --restart forgets it"
    return f"an unfinished fit is here ({found.place}); {cure}"


def describe_changed_data(found: Checkpoint, data: TrainingData) -> str:
    """The first difference between the training rows of a fit and those of now; empty if there is none.

    Nothing is encoded yet: validation rows in a file of their own, and what was fitted, are not compared.
    """
    then = {what: digest for what, digest in found.data.items() if what != VALIDATION}
    return describe_difference(then, take_fingerprint(data, None)) or describe_other_order(found, data)


def describe_other_order(found: Checkpoint, data: TrainingData) -> str:
    """That the columns of the inputs stand in another order, in words; empty if they do not."""
    now = list_used_columns(data)
    then = [each.name for each in found.inputs if each.name in now]
    orders = [[Input(name, "", "") for name in names] for names in (then, [name for name in now if name in then])]
    return describe_other_inputs(*orders)
