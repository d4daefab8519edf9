"""Methods and their options: a union that is the registry; what does not go together is refused by name."""

from types import SimpleNamespace

import numpy as np
import pytest

from mlptrain.annotations import list_component_names, list_union_members
from mlptrain.errors import DataError, SpecError
from mlptrain.explain.methods import METHODS, Method, choose_method, explain_rows, make_method, name_default_method
from mlptrain.model.memory_rows import make_evaluation_rows
from tests.support.clocks import Clock
from tests.support.linear import make_linear_model


def test_every_method_is_made_by_its_name():
    assert list(METHODS) == [list_component_names(kind)[0] for kind in list_union_members(Method)]
    for name, kind in METHODS.items():
        assert make_method(name, {"repeats": None}) == kind()


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("garson", {}, "method: 'garson' is not one of permutation"),
        (3, {}, "method: 3 is not one of"),
        ("permutation", {"depth": 3}, "depth: the method permutation has no such option"),
        ("permutation", {"repeats": 0}, "repeats: 0 is out of range"),
        ("permutation", {"repeats": "many"}, "repeats: 'many' is not a whole number"),
        ("permutation", {"metric": 3}, "metric: 3 is not a text"),
    ],
)
def test_what_is_no_option_is_refused(name, options, said):
    with pytest.raises(SpecError, match=said):
        make_method(name, options)


@pytest.mark.parametrize("limit", ["soon", "0s", 0, -1])
def test_what_is_no_time_is_refused(limit):
    model = make_linear_model({"a": 1.0})
    rows = make_evaluation_rows(
        {"a": np.arange(9.0), "y": np.arange(9.0)}, model.spec.data, model.columns(), model.head, []
    )
    with pytest.raises(SpecError, match="time_limit"):
        explain_rows(model, rows, make_method("permutation", {"time_limit": limit}), clock=Clock())


def test_no_rows_are_an_error():
    model = make_linear_model({"a": 1.0})
    rows = make_evaluation_rows({"a": [], "y": []}, model.spec.data, model.columns(), model.head, [])
    with pytest.raises(DataError, match="there are no rows to explain"):
        explain_rows(model, rows, make_method("permutation", {}), clock=Clock())


@pytest.mark.parametrize("images", [False, True])
def test_a_method_explains_the_models_of_its_kind_of_inputs(images):
    model = SimpleNamespace(reads_images=images)
    for name, kind in METHODS.items():
        if kind.of_images == images:
            assert choose_method(model, name, {}, has_baseline=False) == kind()
        else:
            with pytest.raises(SpecError, match=f"method: {name} does not explain a model of"):
                choose_method(model, name, {}, has_baseline=False)
    for options in ({}, {"rows": 3}):
        assert METHODS[name_default_method(model, options)].of_images == images
