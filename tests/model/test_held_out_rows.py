"""Rows that are judged by the networks that had held them out."""

import numpy as np
import pytest

import mlptrain
from mlptrain.model.held_out_rows import make_held_out_model
from mlptrain.model.memory_rows import make_evaluation_rows
from tests.support.in_memory import make_columns, make_spec

COLUMNS = make_columns()
HELD_OUT = [np.array(rows) for rows in ([0, 1, 2, 30, 31], [3, 1, 40], [50, 2, 1, 4])]
"""The rows of each network: some of two or three, in any order, and most of none."""


@pytest.mark.parametrize("target", ["label", "price", ["price", "height"]], ids=str)
def test_each_row_is_judged_by_the_mean_of_its_own_networks(target):
    spec = make_spec(target, data={"split": {"folds": 3}, "sample_weight": "weight"})
    del spec["data"]["columns"]["weight"]
    model = mlptrain.fit(spec, COLUMNS).model
    rows = make_evaluation_rows(COLUMNS, model.spec.data, model.columns(), model.head, [])
    held_out, numbers = make_held_out_model(model, HELD_OUT)
    judged = held_out.judge_and_evaluate(rows.take(numbers), resamples=0)
    assert numbers.tolist() == sorted({row for each in HELD_OUT for row in each.tolist()})
    alone = [each.judge(rows) for each in model.networks]
    for place, row in enumerate(numbers.tolist()):
        own = [each for each, held in zip(alone, HELD_OUT, strict=True) if row in held]
        found = judged.judgement
        np.testing.assert_allclose(
            found.predictions[place], np.mean([each.predictions[row] for each in own], axis=0), rtol=1e-5
        )
        assert found.losses[place] == pytest.approx(np.mean([each.losses[row] for each in own]), rel=1e-4, abs=1e-6)
        assert (found.truth[place] == alone[0].truth[row]).all()
        assert found.weights[place] == alone[0].weights[row] == COLUMNS["weight"][row]
    assert judged.evaluation.rows == len(numbers)
    assert judged.evaluation.odd_cells.filled == model.evaluate_rows(rows.take(numbers), resamples=0).odd_cells.filled
