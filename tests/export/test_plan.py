"""The plan: every member of every union has one or is refused by name, and it says what the model does."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
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
from mlptrain.engine.layer import LayerState
from mlptrain.engine.losses import Loss
from mlptrain.engine.members import Members, Shared
from mlptrain.engine.network import AnyLayer
from mlptrain.engine.norms import Norm
from mlptrain.engine.residual import Residual
from mlptrain.engine.units import AnyActivation
from mlptrain.errors import SpecError
from mlptrain.export.columns import plan_column, plan_input, plan_inputs
from mlptrain.export.layers import plan_layer, plan_numeric_embedding
from mlptrain.export.outputs import find_precision, plan_link
from mlptrain.export.plan import (
    ColumnPlan,
    Input,
    Link,
    NotExportable,
    NumericEmbeddingPlan,
    Operation,
    Plan,
)
from mlptrain.export.python import pack_plan
from mlptrain.export.standalone_network import predict_inputs, predict_row, turn_weights
from mlptrain.export.standalone_rows import unpack_arrays
from mlptrain.spec.fields import Data
from tests.support.export_cases import (
    AXES,
    CASES,
    CASES_TO_RUN,
    FEW_CASES,
    GENERATED,
    TARGETS_OF,
    assert_same_predictions,
    compare_predictions,
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


def test_the_few_cases_have_every_value_of_every_setting():
    few = [GENERATED[name] for name in FEW_CASES if name in GENERATED]
    both = {"first_activation", "second_activation"}
    for name, values in AXES.items():
        found = {str(each[key]) for each in few for key in (both if name in both else [name])}
        assert {str(each) for each in values} == found
    for targets in TARGETS_OF.values():
        assert [target for target in targets if not any(target.items() <= each.items() for each in few)] == []


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
        assert compare_predictions(found, case.expected, case.plan).largest < 1e-9


# No parameter is forgotten


def list_parameters(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """The arrays and numbers with fractions in dataclasses, each with its path and the dataclass."""
    if isinstance(value, tuple):
        for step, each in enumerate(value):
            yield from list_parameters(each, (*path, step))
    for field in fields(value) if is_dataclass(value) else ():
        each = getattr(value, field.name)
        if isinstance(each[0] if isinstance(each, tuple) and each else each, float | np.ndarray):
            yield (*path, field.name), value
        else:
            yield from list_parameters(each, (*path, field.name))


def change_part(value: Any, path: tuple[str | int, ...]) -> Any:
    """A value with another number, or other ones in an array, at a path."""
    if not path:
        return tuple(map(change_number, value)) if isinstance(value, tuple) else change_number(value)
    step, *rest = path
    if isinstance(value, tuple):
        return (*value[:step], change_part(value[step], tuple(rest)), *value[step + 1 :])
    return replace(value, **{step: change_part(getattr(value, step), tuple(rest))})


def change_number(number: Any) -> Any:
    """A number that is smaller where it is large, and above 0."""
    return (
        (np.abs(number) * 0.5 + 0.3).astype(number.dtype) if isinstance(number, np.ndarray) else abs(number) / 2 + 0.3
    )


def list_kinds_of_parameters() -> dict[str, list[tuple[str, tuple[str | int, ...]]]]:
    """Each parameter of each part of a network: a path where it is in each case that has it."""
    found: dict[str, dict[str, tuple[str | int, ...]]] = {}
    for name in FEW_CASES:
        for path, owner in list_parameters(make_export_case(name).plan.networks):
            found.setdefault(f"{type(owner).__name__}.{path[-1]}", {}).setdefault(name, path)
    return {kind: list(places.items()) for kind, places in found.items()}


def changes_predictions(name: str, path: tuple[str | int, ...]) -> bool:
    """Whether another number at a path makes other predictions of a case."""
    case, rows = make_export_case(name), range(20)
    changed = replace(case.plan, networks=change_part(case.plan.networks, path))
    before, after = (predict_with_plan(each, case.cells, rows) for each in (case.plan, changed))
    return not np.array_equal(before, after)


def test_every_number_of_a_plan_counts():
    """But for the ceiling of an exponential, which is far above what is predicted here."""
    kinds = list_kinds_of_parameters()
    assert len(kinds) > 30
    idle = [kind for kind, places in kinds.items() if not any(changes_predictions(*place) for place in places)]
    assert idle == ["Exponential.ceiling"]


# What has no plan is refused by name


@dataclass(frozen=True, kw_only=True)
class Untold:
    """A layer, an embedding, a loss and a column that no plan knows."""

    name: str = "untold"
    kind: str = "untold"


def find_head(name: str) -> Any:
    """The head of a case."""
    return make_export_case(name).model.head


@pytest.mark.parametrize(
    "plan",
    [
        lambda: plan_layer(Untold(), LayerState({}, {}, {})),
        lambda: plan_layer(Shared(layer=Untold()), LayerState({}, {}, {})),
        lambda: plan_layer(Residual(layers=(("inner", Untold()),)), LayerState({}, {}, {})),
        lambda: plan_numeric_embedding(Untold(), LayerState({}, {}, {})),
        lambda: plan_link(Untold(), find_head("linear")),
        lambda: plan_input(Untold(), Data(train="t")),
        lambda: plan_column(Untold(), Data(train="t")),
    ],
)
def test_what_no_plan_knows_is_refused_by_name(plan):
    with pytest.raises(NotExportable, match=r"[Uu]ntold"):
        plan()
    assert issubclass(NotExportable, SpecError)


def test_networks_that_read_a_column_in_different_ways_are_refused():
    column = next(each for each in make_export_case("linear").model.networks[0].features.columns if each.name == "size")
    other = replace(column, missing=(*column.missing, "0"))
    assert len(plan_inputs([column, column], Data(train="t"))) == 1
    with pytest.raises(NotExportable, match="column 'size': the networks of the model read it in different ways"):
        plan_inputs([column, other], Data(train="t"))


def test_networks_of_several_precisions_are_refused():
    single, double = (
        next(each for each in map(make_export_case, FEW_CASES) if each.plan.dtype == dtype)
        for dtype in ("float32", "float64")
    )
    networks = [*single.model.networks, *double.model.networks]
    assert find_precision(single.model.networks) == "float32"
    with pytest.raises(NotExportable, match="compute in float32 and float64; train all in one"):
        find_precision(networks)
