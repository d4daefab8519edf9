"""The tables that `fit` ends with: a metric has a value, or its reason stands below."""

import pytest

from mlptrain.reporting.fit_results import format_fit_result
from tests.support.flows import fit_mixed

FITS = {
    "calibrated": {"data": {"split": {"validation": 0.3}}, "model": {"calibration": "temperature"}},
    "calibrated folds": {"data": {"split": {"folds": 2}}, "model": {"calibration": "temperature"}},
    "without probabilities": {"data": {"split": {"validation": 0.3}}, "loss": "hinge"},
    "plain": {},
}


@pytest.mark.parametrize("name", FITS)
@pytest.mark.parametrize("verbose", [False, True])
def test_a_cell_without_a_value_has_its_reason_below(tmp_path, name, verbose):
    shown = format_fit_result(fit_mixed(tmp_path, **FITS[name]), verbose=verbose)
    table = [line.split() for line in shown.splitlines() if line.startswith("  ") and "(" not in line]
    if name == "calibrated folds":
        missing = {table[0][k - len(row)] for row in table[1:] for k, cell in enumerate(row) if cell == "-"}
    else:
        missing = {row[0] for row in table if "-" in row}
    assert {metric for metric in missing if f"({metric}: " not in shown} == set()
