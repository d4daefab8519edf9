"""Parts of dates as nodes: the calendar of the years 1 to 9999."""

import numpy as np
import pytest

from mlptrain.data.dates import compute_cycle_phases
from mlptrain.export.onnx_dates import DAY, find_phases
from tests.support.onnx_graphs import run_formula


@pytest.mark.integration
def test_phases_are_those_of_the_calendar():
    first, last = (int(np.datetime64(day, "D").astype(np.int64)) for day in ("0001-01-01", "9999-12-31"))
    days = np.array([first, last, *range(first, last, 37)], float)
    years = np.arange("0001", "9999", dtype="datetime64[Y]").astype("datetime64[D]").astype(float)
    fractions = np.array([0, -0.25, -1e-4, 1, 86399.75])
    t = (np.concatenate([days, years]) * DAY)[:, None] + fractions
    t = np.maximum(t, first * DAY)
    found = run_formula(t, find_phases)
    for cycle, phases in compute_cycle_phases(t.ravel()).items():
        np.testing.assert_allclose(found[cycle].ravel(), phases, rtol=0, atol=1e-15)
