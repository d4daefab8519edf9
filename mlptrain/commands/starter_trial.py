"""Whether the spec that `init` writes can be trained: it is tried up to the first step, on the table that is there."""

from collections.abc import Callable
from pathlib import Path

from mlptrain.errors import DataError, MlptrainError, SpecError
from mlptrain.fitting.candidates import list_spec_candidates
from mlptrain.model.rows import TableRows
from mlptrain.preparation.partitions import divide_rows
from mlptrain.preparation.preparation import fit_and_encode_parts
from mlptrain.spec.file import load_draft

Lines = list[str]

MANY_ROWS = 5000
"""Of more rows than this every part has enough of each class, so that nothing need be tried."""
SPLITS = (
    "{test: 0.15}    # `mlptrain eval` measures on this share; the recipe holds out more to validate on",
    "{test: 0.15, type: random}    # random, as a class has too few rows for a share of each part",
    "{validation: 0.3, type: random}    # too few rows for a test part",
)
"""Ways to divide the rows, the best one first."""


def choose_trainable_split(write: Callable[[str], Lines], rows: TableRows, folder: Path, *, labels: int) -> Lines:
    """The lines of the spec that `write` makes of the first way to divide the rows by which they can be trained on.

    `labels` is the number of classes, 0 for numbers.
    """
    if rows.count > MANY_ROWS and labels * 10 < rows.count:
        return write(SPLITS[0])
    problems: list[MlptrainError] = []
    for split in SPLITS:
        lines = write(split)
        try:
            try_spec("\n".join(lines) + "\n", rows, folder)
        except (DataError, SpecError) as problem:
            problems.append(problem)
            continue
        return lines
    if len(set(map(str, problems))) == 1:  # however the rows are divided: it is not for want of rows
        raise problems[0]
    why = str(problems[0]).partition("; ")[0]
    raise DataError(f"{rows.name}: too few rows ({rows.count:,}) to train a network and to measure it: {why}")


def try_spec(text: str, rows: TableRows, folder: Path) -> None:
    """All that a fit does before its first step; an error says what stops it."""
    draft = load_draft("the spec", (), text)
    draft.check()
    data = list_spec_candidates(draft, rows, folder)[0].data
    fit_and_encode_parts(data, divide_rows(data)[0])
