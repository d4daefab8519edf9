"""The report by class is scikit-learn's."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from mlptrain.engine.class_report import report_classes
from mlptrain.engine.comparisons import compare_classes
from tests.support.comparing import draw_labels, draw_weights
from tests.support.drawing import drawn


@drawn
@given(seed=st.integers(0, 10**6), rows=st.integers(1, 40), classes=st.integers(2, 6), weighted=st.booleans())
def test_the_report_by_class_is_that_of_scikit_learn(seed, rows, classes, weighted):
    """NaN included: where nothing is predicted, occurs, or both."""
    p, truth = draw_labels(seed, rows, classes, 1000)
    w = draw_weights(seed, rows, weighted)
    w = np.ones(rows) if w is None else w
    ours = report_classes(compare_classes(p, truth).weigh(w).confusion)
    theirs = sk.precision_recall_fscore_support(
        truth, p.argmax(axis=1), labels=range(classes), sample_weight=w, zero_division=np.nan
    )
    for one, other in zip((ours.precision, ours.recall, ours.f1, ours.support), theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_a_class_has_no_value_where_there_is_nothing_to_divide_by():
    """The first class is right once, the second only predicted, the third missed, the fourth neither."""
    report = report_classes(np.array([[1.0, 1, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]))
    np.testing.assert_array_equal(report.precision, [0.5, 0, np.nan, np.nan])
    np.testing.assert_array_equal(report.recall, [0.5, np.nan, 0, np.nan])
    np.testing.assert_array_equal(report.f1, [0.5, 0, 0, np.nan])
    np.testing.assert_array_equal(report.support, [2, 0, 1, 0])
