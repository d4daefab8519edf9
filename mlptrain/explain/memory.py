"""`model.explain`: rows in memory, explained."""

import time
from typing import Any

from mlptrain.explain.methods import Explanation, choose_method, explain_rows
from mlptrain.model.memory_rows import (
    advise_conversions,
    make_evaluation_rows,
    make_image_rows,
    make_prediction_rows,
)
from mlptrain.model.model import Model
from mlptrain.model.prediction_notices import OddCellsNotice
from mlptrain.model.rows import Rows
from mlptrain.notices import warn_caller


def explain_memory(model: Model, data: Any, method: str | None, options: dict[str, Any]) -> Explanation:
    """What a method, with its options, finds of a model on data in memory; what there is to say is a warning."""
    baseline = options.get("baseline")
    own = {name: value for name, value in options.items() if name != "baseline"}
    chosen = choose_method(model, method, own, has_baseline=baseline is not None)
    with advise_conversions():
        if chosen.needs_targets:
            rows: Rows = make_evaluation_rows(data, model.spec.data, model.columns(), model.head, [])
        else:
            rows = make_input_rows(model, data)
        usual = None if baseline is None else make_input_rows(model, baseline)
        found = explain_rows(model, rows, chosen, clock=time.monotonic, usual=usual)
    for message in found.notices:
        warn_caller(OddCellsNotice(found.odd_cells) if message == found.odd_cells.words() else message)
    return found


def make_input_rows(model: Model, data: Any) -> Rows:
    """The columns that the model reads, or images, of data in memory."""
    if model.reads_images:
        return make_image_rows(data)
    return make_prediction_rows(data, model.spec.data, model.columns())
