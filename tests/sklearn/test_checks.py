"""The checks that scikit-learn makes of every estimator."""

import pytest
from sklearn.utils.estimator_checks import check_sample_weight_equivalence_on_dense_data, parametrize_with_checks

from mlptrain.sklearn import MLPTrainClassifier, MLPTrainRegressor
from tests.support.estimators import make_small

DOUBLE = {"model": {"dtype": "float64"}}
WEIGHTS = "check_sample_weight_equivalence_on_dense_data"
BATCHES = "rows of another number make other batches, and scaling statistics know no weights"
ORDERS = ("check_methods_subset_invariance", "check_methods_sample_order_invariance")


@pytest.mark.filterwarnings("ignore::mlptrain.notices.Notice")
@parametrize_with_checks(make_small(spec=DOUBLE), expected_failed_checks=lambda _: {WEIGHTS: BATCHES})
def test_scikit_learns_checks_hold(estimator, check):
    check(estimator)


@pytest.mark.integration
@pytest.mark.filterwarnings("ignore::mlptrain.notices.Notice")
@parametrize_with_checks(make_small(), expected_failed_checks=lambda _: {WEIGHTS: BATCHES})
def test_scikit_learns_checks_hold_in_single_precision(estimator, check):
    """But for the last bit of a product of float32, which depends on how many rows are in it, and on the processor."""
    try:
        check(estimator)
    except AssertionError:
        if getattr(check, "func", check).__name__ not in ORDERS:
            raise
        pytest.xfail("the last bit of a product of float32 depends on how many rows are in it")


FULL_BATCH = {
    "data": {"scaling": "none", "scale_target": False},
    "training": {"batch_size": "full", "shuffle": False},
    **DOUBLE,
}


@pytest.mark.parametrize("kind", [MLPTrainClassifier, MLPTrainRegressor])
def test_a_weight_is_as_many_rows_where_all_rows_are_one_batch(kind):
    check_sample_weight_equivalence_on_dense_data(
        kind.__name__, kind(recipe=None, hidden=(8,), epochs=20, spec=FULL_BATCH)
    )
