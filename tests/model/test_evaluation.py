"""How a judgement is evaluated."""

import pytest

import mlptrain
from mlptrain.model import evaluation
from mlptrain.model.products import PROCESS_LIMIT, count_product_threads
from tests.support.in_memory import drop_gaps, make_columns, make_spec

COLUMNS = drop_gaps(make_columns())


def test_the_many_small_sums_of_intervals_have_one_thread(monkeypatch):
    if count_product_threads() is None:
        pytest.skip("the library of matrix products says nothing about its threads")
    seen, bootstrap = [], evaluation.bootstrap_intervals

    def bootstrap_and_count(*args, **options):
        seen.append(count_product_threads())
        return bootstrap(*args, **options)

    model = mlptrain.fit(make_spec(), COLUMNS).model
    monkeypatch.setattr(evaluation, "bootstrap_intervals", bootstrap_and_count)
    with PROCESS_LIMIT.limit_products(2):
        model.evaluate(COLUMNS, resamples=2)
        assert count_product_threads() == 2
    assert seen == [1]


def test_one_row_has_no_interval_and_two_have_one():
    model = mlptrain.fit(make_spec(), COLUMNS).model
    for rows in (1, 2):
        found = model.evaluate({name: cells[:rows] for name, cells in COLUMNS.items()}, resamples=5)
        assert bool(found.intervals) == (found.resamples > 0) == (rows > 1)
