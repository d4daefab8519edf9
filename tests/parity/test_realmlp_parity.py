"""Recipes realmlp_td and realmlp_td_s do what pytabkit's RealMLPs do: rows, schedules, decay, loss, the best epoch.

`pytabkit.json` says how it was made; `make_realmlp.py` makes it anew. From the same table and the same initial values,
without dropout and with one batch an epoch, so that nothing is drawn, all steps of a training are compared.
"""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlptrain.data import category_column
from mlptrain.fitting.training import make_course
from mlptrain.model.history import EpochEnded
from mlptrain.model.network_outputs import predict_values
from mlptrain.spec.fields import Spec
from mlptrain.spec.file import load_draft
from mlptrain.spec.recipes import Facts
from mlptrain.training.course import Course
from mlptrain.training.loop import train
from mlptrain.training.state import make_initial_state
from tests.parity.realmlp_cases import (
    CASES,
    EMBEDDING,
    EPOCHS,
    FREQUENCIES,
    LEVELS,
    NUMBERS,
    ONE_HOT,
    OUTPUTS,
    WIDTHS,
    columns,
)
from tests.support.preparing import prepare

STORED = json.loads((Path(__file__).parent / "pytabkit.json").read_text(encoding="utf-8"))
TOLERANCE = 1e-3
"""Both compute in float32; at the learning rate of the regression the last digits grow over the steps."""


def spec_of(case: Any, folder: Path) -> Spec:
    """The recipe with the sizes of the cases."""
    target = "class" if case.classes else "number"
    table = columns()
    with (folder / "table.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        names = [*NUMBERS, *LEVELS, target, "part"]
        writer.writerows([names, *zip(*(table[name] for name in names), strict=True)])
    kinds = dict.fromkeys(NUMBERS, "number") | dict.fromkeys(LEVELS, "category")
    data: dict[str, Any] = {"train": "table.csv", "target": target, "columns": kinds}
    data["split"] = {"type": "column", "column": "part"}
    model: dict[str, Any] = {"hidden": WIDTHS}
    if not case.simple:
        model |= {"dropout": 0, "numeric_embedding": {"name": "pbld", "frequencies": FREQUENCIES, "outputs": OUTPUTS}}
        data["category_encoding"] = {"name": "embedding", "width": EMBEDDING, "one_hot_up_to": ONE_HOT}
    recipe = "realmlp_td_s" if case.simple else "realmlp_td"
    own = {"recipe": recipe, "data": data, "model": model, "training": {"epochs": EPOCHS}}
    facts = Facts(target="classes" if case.classes else "numbers", rows=len(table["part"]))
    return load_draft("spec.yaml", [], json.dumps(own)).complete_spec(facts)[0]


@pytest.fixture(scope="module", params=CASES, ids=str)
def trained(request, tmp_path_factory) -> tuple[Any, Course, list[EpochEnded], dict[str, Any], Any]:
    """A training from the initial values of a case: its epochs, the last parameters, the predictions of the best."""
    case, folder = request.param, tmp_path_factory.mktemp("realmlp")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(category_column, "HIDDEN", 0.0)  # ours alone: some cells train the slot for unseen values
        prepared = prepare(spec_of(case, folder), folder)
    course = make_course(prepared)
    values = course.network.parameters.values
    for name, start in case.initial().items():
        values[name][...] = start
    state, epochs, last = make_initial_state(course.network, course.spec.optimizer), [], {}
    for event in train(course, state):
        if isinstance(event, EpochEnded):
            epochs.append(event)
            last = {name: view.copy() for name, view in values.items()}
    parts = [predict_values(course.network, course.head, part.x) for part in (prepared.train, course.validation)]
    return case, course, epochs, last, np.concatenate(parts)


def test_the_parameters_are_the_same_ones(trained):
    case, course, *_ = trained
    assert course.network.parameters.shapes == case.shapes()


def test_the_losses_of_all_steps_are_pytabkits(trained):
    case, course, epochs, *_ = trained
    assert course.steps_per_epoch == 1
    np.testing.assert_allclose([epoch.train_loss for epoch in epochs], STORED[str(case)]["losses"], rtol=TOLERANCE)


def test_the_parameters_after_all_steps_are_pytabkits(trained):
    case, _, _, last, _ = trained
    for name, values in STORED[str(case)]["parameters"].items():
        np.testing.assert_allclose(last[name], values, rtol=TOLERANCE, atol=TOLERANCE, err_msg=name)


def test_the_predictions_of_the_best_epoch_are_pytabkits(trained):
    case, _, _, _, predictions = trained
    np.testing.assert_allclose(predictions, STORED[str(case)]["predictions"], rtol=TOLERANCE, atol=TOLERANCE)
