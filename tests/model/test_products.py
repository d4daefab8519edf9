import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from mlptrain.engine.input_layout import InputLayout
from mlptrain.model.architecture import build_network
from mlptrain.model.products import SMALL, compute_largest_product_size, limit_threads
from mlptrain.spec.fields import ModelSpec

BEFORE = 2
"""Threads that the library has before, whatever the machine has."""


def count_threads():
    counts = {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}
    if not counts:
        pytest.skip("the library of matrix products says nothing about its threads")
    return counts


@pytest.mark.parametrize("rows", [1, 1 << 20], ids=["small", "large"])
@pytest.mark.parametrize("asked", [None, 1, 2])
def test_the_products_have_the_threads_that_were_asked_for_else_those_they_are_worth(asked, rows):
    network = build_network(ModelSpec(hidden=(4,)), InputLayout(width=4, numbers=(0, 1, 2, 3)), 1)
    small = compute_largest_product_size(network, rows) <= SMALL
    assert small == (rows == 1)
    with threadpool_limits(BEFORE, user_api="blas"):
        with limit_threads(network, rows, asked):
            assert count_threads() == {asked or (1 if small else BEFORE)}
        assert count_threads() == {BEFORE}
