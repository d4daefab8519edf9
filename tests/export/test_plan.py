"""The plan: every member of every union has one or is refused by name, and it says what the model does."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest

from mlptrain.annotations import list_union_members
from mlptrain.data.encodings import Encoding, FittedEncoding
from mlptrain.data.features import FeatureColumn
from mlptrain.data.scaling import FittedScaling, Scaling
from mlptrain.data.targets import Target
from mlptrain.engine.activations import Activation
from mlptrain.engine.dropout import AnyDropout
from mlptrain.engine.embeddings import NumericEmbedding
from mlptrain.engine.losses import Loss
from mlptrain.engine.members import Members
from mlptrain.engine.network import AnyLayer
from mlptrain.engine.norms import Norm
from mlptrain.engine.units import AnyActivation
from mlptrain.export.plan import (
    ColumnPlan,
    Input,
    Link,
    NumericEmbeddingPlan,
    Operation,
    Plan,
)
from mlptrain.export.python import pack_plan
from mlptrain.export.standalone_network import predict_inputs, predict_row, turn_weights
from mlptrain.export.standalone_rows import unpack_arrays
from tests.support.export_cases import (
    CASES,
    CASES_TO_RUN,
    FEW_CASES,
    GENERATED,
    assert_same_predictions,
    bound_differences,
    make_export_case,
)

ASKED = (Scaling, Encoding, NumericEmbedding, AnyActivation, Norm, Members, Loss, AnyDropout)
FITTED = (FittedScaling, FittedEncoding, FeatureColumn, Target, AnyLayer, Activation)
PLANNED = (Input, ColumnPlan, Operation, NumericEmbeddingPlan, Link, FittedScaling, Activation)


def predict_with_plan(plan: Plan, cells: Any, rows: range) -> np.ndarray:
    """What the plan says of some rows, in double precision."""
    model = turn_weights(unpack_arrays(pack_plan(plan)))
    if "pixels" in cells:
        inputs = (cells["pixels"][row] / 255 for row in rows)
        return np.array([predict_inputs(x.tolist(), model["networks"][0]) for x in inputs])
    plain = {name: values if isinstance(values, list) else values.tolist() for name, values in cells.items()}
    return np.array([predict_row({name: values[row] for name, values in plain.items()}, model) for row in rows])


def walk_parts(value: Any) -> Iterator[Any]:
    """A value, and what it is made of."""
    yield value
    if is_dataclass(value):
        value = [getattr(value, each.name) for each in fields(value)]
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
        yield from walk_parts(each)


def walk_networks(name: str) -> Iterator[Any]:
    """What the networks of a case are made of."""
    for fitted in make_export_case(name).model.networks:
        yield from walk_parts([list(fitted.features.columns), fitted.head.target])
        yield from walk_parts([layer for _, layer, _ in fitted.network.walk()])


@pytest.mark.parametrize("union", ASKED)
def test_the_few_cases_have_every_member_of_what_a_spec_may_ask_for(union):
    found = {type(each) for name in FEW_CASES if name in GENERATED for each in walk_parts(GENERATED[name])}
    assert set(list_union_members(union)) - found == set()


def test_the_few_cases_have_every_member_of_what_is_fitted_and_planned():
    assert len(CASES) >= 40
    fitted = {type(each) for name in FEW_CASES for each in walk_networks(name)}
    planned = {type(each) for name in FEW_CASES for each in walk_parts(make_export_case(name).plan)}
    for found, unions in ((fitted, FITTED), (planned, PLANNED)):
        assert {member for union in unions for member in list_union_members(union)} - found == set()


@pytest.mark.parametrize("name", CASES_TO_RUN)
def test_the_plan_says_what_the_model_does(name):
    case = make_export_case(name)
    found = predict_with_plan(case.plan, case.cells, range(len(case.expected)))
    assert_same_predictions(found, case.expected, case.plan)
    if case.plan.dtype == "float64":
        assert (np.abs(found - case.expected) <= 1e-4 * bound_differences(case.expected, case.plan)).all()
