"""Which rows are explained: those that count, of classes that the model knows, not more than are asked for."""

import numpy as np

from mlptrain.data.table import format_row_count
from mlptrain.model.model import Model
from mlptrain.model.rows import Rows, take_chosen_rows
from mlptrain.randomness import permutation, stream


def choose_rows(rows: Rows, most: int, seed: int) -> Rows:
    """At most so many of the rows, drawn without replacement, in their order."""
    if rows.count <= most:
        return rows
    return rows.take(np.sort(permutation(stream(seed, "explain rows"), rows.count)[:most]))


def drop_unknown_classes(model: Model, rows: Rows) -> tuple[Rows, list[str]]:
    """The rows of classes that the model knows, and a notice of the others: what they cost, no column can change."""
    known = model.head.find_known(model.head.read_truth(model.spec.data, rows, unknown=True))
    if known.all():
        return rows, []
    count = format_row_count(int((~known).sum()))
    notices = [*model.head.describe_unknown(rows), f"{count} of classes that the model does not know left out"]
    return take_chosen_rows(rows, known), notices
