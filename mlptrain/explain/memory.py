"""`model.explain`: rows in memory, explained."""

import time
from typing import Any

from mlptrain.arguments import require_choice
from mlptrain.explain.methods import METHODS, Explanation, explain_rows, make_method, refuse_images, require_row_method
from mlptrain.model.memory_rows import advise_conversions, make_evaluation_rows, make_prediction_rows
from mlptrain.model.model import Model, OddCellsNotice
from mlptrain.notices import warn_caller


def explain_memory(model: Model, data: Any, method: str, options: dict[str, Any]) -> Explanation:
    """What a method, with its options, finds of a model on data in memory; what there is to say is a warning."""
    require_choice(method, "method", list(METHODS))
    baseline = options.get("baseline")
    chosen = make_method(method, {name: value for name, value in options.items() if name != "baseline"})
    if baseline is not None:
        require_row_method(chosen)
    refuse_images(model)
    spec, columns = model.spec.data, model.columns()
    with advise_conversions():
        if chosen.needs_targets:
            rows = make_evaluation_rows(data, spec, columns, model.head, [])
        else:
            rows = make_prediction_rows(data, spec, columns)
        usual = None if baseline is None else make_prediction_rows(baseline, spec, columns)
        found = explain_rows(model, rows, chosen, clock=time.monotonic, usual=usual)
    for message in found.notices:
        warn_caller(OddCellsNotice(found.odd_cells) if message == found.odd_cells.words() else message)
    return found
