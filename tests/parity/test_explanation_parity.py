"""Integrated gradients and Shapley values beside those of Captum and shap on the same networks, as stored numbers.

`explanations.json` says how it was made and with which versions; `make_explanations.py` makes it anew.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from mlptrain.engine.input_gradient import embed_inputs
from mlptrain.explain.gradients import Route, integrate_gradients
from mlptrain.explain.row_question import RowsInNetwork
from mlptrain.explain.shapley import compute_shapley_values, make_game
from tests.parity.explanation_cases import CASES, ROWS, USUAL
from tests.parity.parity_cases import INPUTS

STORED = json.loads(Path(__file__).with_name("explanations.json").read_text(encoding="utf-8"))
COLUMNS = np.arange(INPUTS)


def test_every_case_is_stored():
    names = {case.name for case in CASES}
    assert STORED["integrated_gradients"].keys() == STORED["shapley"].keys() == names


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_integrated_gradients_are_captums(case):
    """As near as is asked for where the network has kinks."""
    routes = [
        Route(network, ROWS, embed_inputs(network, USUAL).mean(axis=-2, keepdims=True), COLUMNS)
        for network in case.make_networks()
    ]
    found = integrate_gradients(routes, np.array(case.weights), case.make_answer(), INPUTS, miss=1e-6)
    np.testing.assert_allclose(found.effects, STORED["integrated_gradients"][case.name], atol=1e-5)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_shapley_values_are_those_of_shaps_exact_explainer(case):
    seen = [RowsInNetwork(None, network, ROWS, USUAL) for network in case.make_networks()]
    owners, weights = [COLUMNS] * len(seen), np.array(case.weights)
    for row, expected in enumerate(STORED["shapley"][case.name]):
        game = make_game(seen, owners, weights, case.make_answer(), row)
        np.testing.assert_allclose(compute_shapley_values(game, INPUTS), expected, atol=1e-12)
